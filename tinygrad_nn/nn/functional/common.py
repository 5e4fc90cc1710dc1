"""What the functional forms share: where an error happened, in-place forms, reductions of a loss."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from tinygrad_nn.errors import ArgumentError, DTypeError, message
from tinygrad_nn.flags import refuse_word
from tinygrad_nn.functions.reduce import mean, sum
from tinygrad_nn.ops.shape import clone
from tinygrad_nn.primitive import TYPES, Primitive, recorded
from tinygrad_nn.tape import local
from tinygrad_nn.versions import user_line
from tinygrad_nn.views import inplace as written_over

__all__ = ["checked", "here", "maybe_inplace", "of_its_own", "reduced", "reduction_of", "tensor_operands", "warn"]


def here() -> str:
    """ " in encoder.2.linear" while a module's forward runs, else "": for error messages."""
    scope = local.mode.scope
    return "" if scope is None else f" in {scope}"


def warn(text: str) -> None:
    """A UserWarning that points at the caller's line, through however many functions of our own."""
    warnings.warn_explicit(text, UserWarning, *user_line())


CHECKED = Primitive("checked", lambda x, look: (look(x), x)[1], (lambda g: g,), arity=1)
"""Not an operation of its own: x, once its values have been looked at."""


def checked(tensor: Any, look: Callable[[Any], None]) -> Any:
    """`tensor`, whose array `look` refuses if its values are wrong. A recorded program looks at its own values, too."""
    look(tensor.array)
    return tensor if local.mode.tracer is None else recorded(CHECKED, (tensor, look), tensor.array)


def tensor_operands(name: str, **operands: Any) -> None:
    """TypeError unless each operand is a tensor."""
    for word, value in operands.items():
        if type(value) not in TYPES:
            raise DTypeError(
                message(
                    f"{name}{here()}: argument '{word}' must be a Tensor",
                    got=type(value).__name__,
                    fix="tensor(data) makes one",
                )
            )


def maybe_inplace(function: Callable[..., Any], inplace: bool, name: str, input: Any, *args: Any) -> Any:
    """function(input, *args), written over `input` if `inplace`."""
    if not inplace:
        return function(input, *args)
    refuse_word(name, "inplace", inplace)
    return written_over(function, name)(input, *args)


def of_its_own(result: Any, input: Any) -> Any:
    """`result`, copied where it would be the input itself or a view: PyTorch's function gives new memory."""
    return clone(result, "K") if result is input or result._view is not None else result


_REDUCTIONS = ("none", "mean", "sum")


def reduction_of(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction, with PyTorch's old pair of flags (and its warning) if one of them is given.

    Raises ValueError unless it is "none", "mean" or "sum".
    """
    if size_average is not None or reduce is not None:
        reduction = "none" if reduce is False else "sum" if size_average is False else "mean"
        warn(
            f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.",
        )
    if reduction not in _REDUCTIONS:
        raise ArgumentError(
            message(
                f"{reduction!r} is not a valid value for reduction", got=repr(reduction), fix="'none', 'mean' or 'sum'"
            )
        )
    return reduction


def reduced(loss: Any, reduction: str) -> Any:
    """The elements' losses, their mean, or their sum. Raises ValueError for another word."""
    if reduction == "mean":
        return mean(loss)
    if reduction == "sum":
        return sum(loss)
    if reduction != "none":
        reduction_of(None, None, reduction)
    return loss
