"""Tensors repeated along dimensions of size one, without a copy: expand and broadcast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.errors import DTypeError, ShapeError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.functions.checks import tensors
from tinygrad_nn.functions.dims import sizes
from tinygrad_nn.functions.shape import by_name, sequence
from tinygrad_nn.ops import shape as ops
from tinygrad_nn.primitive import TYPES

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor


@flags
def expand(input: Any, *shape: Any, implicit: bool = False, **named: Any) -> Tensor:
    """A view in which dimensions of size one are repeated to the given sizes (-1 keeps one).

    Raises RuntimeError where a size is not one and another is asked for.

    >>> import tinygrad_nn as tg
    >>> tg.tensor([[1], [2]]).expand(-1, 3)
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    tensors("expand", input=input)
    return _expanded(input, sizes(by_name(shape, named, "expand", "size") if named else shape), "expand")


def _expanded(input: Any, size: tuple[int, ...], name: str) -> Tensor:
    shape = tuple(input.shape)
    lead = len(size) - len(shape)
    if lead < 0:
        raise ShapeError(message(f"{name}: fewer sizes than the tensor has dimensions", got=f"{shape} to {size}"))
    if -1 in size[:lead]:
        raise ShapeError(
            message(f"{name}: -1 isn't allowed in a leading, non-existing dimension", got=f"{shape} to {size}")
        )
    target = (*size[:lead], *[n if m == -1 else m for m, n in zip(size[lead:], shape, strict=True)])
    for k, (m, n) in enumerate(zip(target[lead:], shape, strict=True), lead):
        if n not in (1, m) or m < 0:
            raise ShapeError(
                message(
                    f"{name}: The expanded size ({m}) must match the existing size ({n}) "
                    f"at non-singleton dimension {k}",
                    got=f"{shape} to {size}",
                )
            )
    if min(target, default=0) < 0:
        raise ShapeError(message(f"{name}: a size is negative", got=f"{shape} to {size}"))
    return ops.expand(input, target)  # type: ignore[no-any-return]


def expand_as(input: Any, other: Any) -> Tensor:
    """`expand` to the shape of `other`."""
    tensors("expand_as", other=other)
    return _expanded(input, tuple(other.shape), "expand_as")


def broadcast_to(input: Any, *size: Any, **named: Any) -> Tensor:
    """`expand` by NumPy's name."""
    tensors("broadcast_to", input=input)
    return _expanded(input, sizes(by_name(size, named, "broadcast_to", "size") if named else size), "broadcast_to")


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """All tensors expanded to one shape. RuntimeError where their shapes do not broadcast."""
    given = sequence(tensors)
    if not all(type(one) in TYPES for one in given):
        raise DTypeError(message("broadcast_tensors: expected tensors", got=[type(one).__name__ for one in given]))
    size = tuple(broadcast_shapes(*[tuple(one.shape) for one in given]))
    return tuple([one if one.array.shape == size else _expanded(one, size, "broadcast_tensors") for one in given])


def broadcast_shapes(*shapes: Any) -> tuple[int, ...]:
    """The shape to which all of `shapes` broadcast. RuntimeError if there is none."""
    try:
        return np.broadcast_shapes(*[tuple(one) if isinstance(one, (tuple, list)) else (one,) for one in shapes])
    except ValueError:
        raise ShapeError(message("broadcast: shapes do not broadcast", got=" and ".join(map(str, shapes)))) from None
