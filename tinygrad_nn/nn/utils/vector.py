"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tinygrad_nn.errors import DTypeError, ShapeError, message
from tinygrad_nn.functions.joining import cat
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.tensor import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The parameters' elements one after the other, on the tape.

    >>> import tinygrad_nn as tg
    >>> parameters_to_vector([tg.tensor([[1.0, 2.0]]), tg.tensor([3.0])])
    tensor([1., 2., 3.])
    """
    if not isinstance(parameters, Iterable):
        raise DTypeError(
            message("parameters_to_vector: takes tensors", got=type(parameters).__name__, fix="model.parameters()")
        )
    return cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Give each parameter its slice of `vec` as data (a view of it, as in PyTorch).

    Raises TypeError if `vec` is no tensor, RuntimeError if it is too short.
    """
    if type(vec) not in TYPES:
        raise DTypeError(message("vector_to_parameters: the vector must be a tensor", got=type(vec).__name__))
    given = list(parameters)
    total = sum(p.array.size for p in given)
    if vec.array.size < total:
        raise ShapeError(
            message(
                "vector_to_parameters: the vector is too short",
                got=f"{vec.array.size} elements for {total} in the parameters",
            )
        )
    start = 0
    for parameter in given:
        stop = start + parameter.array.size
        piece: Any = vec.detach()[start:stop]
        parameter.data = piece.reshape(tuple(parameter.shape)).data
        start = stop
