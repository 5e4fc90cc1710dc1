"""Elementwise functions whose signature says more than the primitive's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.dtypes import as_numpy_dtype, result_dtype
from tinygrad_nn.errors import ArgumentError, AutogradError, message
from tinygrad_nn.ops import elementwise as ops
from tinygrad_nn.primitive import TYPES, wrap

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

Number = float | int | bool


def to_dtype(x: Any, dtype: object) -> Any:
    """`x` with elements of another type; `x` itself if they are already."""
    kind = as_numpy_dtype(dtype)
    if (x.array if type(x) in TYPES else x).dtype == kind:
        return x
    if kind.kind in "iub":  # no gradient passes through integers
        return wrap(x.array.astype(kind)) if type(x) in TYPES and x.node is None else _truncated(x, kind)
    return ops.cast(x, kind)


def _truncated(x: Any, kind: Any) -> Any:
    return ops.cast(x.detach(), kind) if type(x) in TYPES else x.astype(kind)


def add(input: Any, other: Any, *, alpha: Number = 1) -> Tensor:
    """input + alpha * other."""
    return ops.add(input, other if alpha == 1 else ops.mul(other, alpha) if type(other) in TYPES else other * alpha)  # type: ignore[no-any-return]


def sub(input: Any, other: Any, *, alpha: Number = 1) -> Tensor:
    """input - alpha * other."""
    return ops.sub(input, other if alpha == 1 else ops.mul(other, alpha) if type(other) in TYPES else other * alpha)  # type: ignore[no-any-return]


def rsub(input: Any, other: Any) -> Tensor:
    """other - input."""
    return ops.sub(other, input)  # type: ignore[no-any-return]


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """input / other: true division, or rounded toward zero ("trunc") or down ("floor").

    Integers divide to the default float, unless rounded. Raises RuntimeError for another mode.
    """
    if rounding_mode is None:
        return ops.div(input, other)  # type: ignore[no-any-return]
    if rounding_mode == "floor":
        return ops.floor_divide(input, other)  # type: ignore[no-any-return]
    if rounding_mode == "trunc":
        return _truncated_division(input, other)
    raise AutogradError(
        message("div: rounding_mode must be None, 'trunc' or 'floor'", got=repr(rounding_mode))
    )


def _truncated_division(input: Any, other: Any) -> Tensor:
    quotient = ops.trunc(ops.div(input, other))
    kinds = [value.array if type(value) in TYPES else value for value in (input, other)]
    return to_dtype(quotient, result_dtype(*kinds))  # type: ignore[no-any-return]


def rdiv(input: Any, other: Any) -> Tensor:
    """other / input."""
    return ops.div(other, input)  # type: ignore[no-any-return]


def rpow(input: Any, other: Any) -> Tensor:
    """other ** input."""
    return ops.pow(other, input)  # type: ignore[no-any-return]


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """`input` where `condition` is true, else `other`; of a condition alone, the indices of its true places.

    Gradients reach only the side that was chosen: NaN in the other side stays there.
    """
    if input is None and other is None:
        return tuple([wrap(index) for index in np.nonzero(np.atleast_1d(condition.array))])
    mask = condition.array if type(condition) in TYPES else condition
    if getattr(mask, "dtype", None) != np.bool_:
        raise AutogradError(
            message("where: the condition must be a bool tensor", got=getattr(mask, "dtype", type(mask).__name__), fix="compare first: x > 0")
        )
    kind = result_dtype(*[value.array if type(value) in TYPES else value for value in (input, other)])
    return ops.where(condition, _of_kind(input, kind), _of_kind(other, kind))


def _of_kind(value: Any, kind: Any) -> Any:
    return to_dtype(value, kind) if type(value) in TYPES else np.asarray(value, kind)


def clamp(input: Any, min: Any = None, max: Any = None) -> Tensor:
    """`input` limited to [min, max]; each limit a number, a tensor, or None.

    Raises RuntimeError if both limits are None.
    """
    if min is None and max is None:
        raise AutogradError(message("clamp: At least one of 'min' or 'max' must not be None", fix="give a limit"))
    if type(min) in TYPES or type(max) in TYPES:
        result = input if min is None else ops.where(ops.lt(input, min), ops.add(min, ops.zeros_like(input)), input)
        return result if max is None else ops.where(ops.gt(result, max), ops.add(max, ops.zeros_like(result)), result)  # type: ignore[no-any-return]
    if input.dtype.category < 2 and (isinstance(min, float) or isinstance(max, float)):
        input = to_dtype(input, result_dtype(input.array, 0.5))
    return ops.clamp(input, min, max)  # type: ignore[no-any-return]


def lerp(input: Any, end: Any, weight: Any) -> Tensor:
    """input + weight * (end - input)."""
    return input + weight * (end - input)  # type: ignore[no-any-return]


def checked_probability(p: float, name: str) -> float:
    """`p`, if it is one (ValueError otherwise)."""
    if not 0 <= p <= 1:
        raise ArgumentError(message(f"{name}: dropout probability has to be between 0 and 1", got=p))
    return p
