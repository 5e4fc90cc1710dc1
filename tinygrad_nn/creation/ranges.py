"""Tensors in steps: arange, linspace, logspace; the indices of a triangle."""

from __future__ import annotations

from math import ceil, isfinite
from operator import index as as_index
from typing import Any

import numpy as np

from tinygrad_nn.dtypes import convertible, default_float, wanted_dtype
from tinygrad_nn.errors import AutogradError, DTypeError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.functions.data import numpy_kind
from tinygrad_nn.functions.fill import made, number
from tinygrad_nn.tensor import Tensor

__all__ = ["arange", "linspace", "logspace", "tril_indices", "triu_indices"]

Array = np.ndarray[Any, Any]


@flags
def arange(
    *bounds: Any, start: Any = None, end: Any = None, step: Any = None, dtype: object = None, layout: object = None,
    device: object = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """start, start + step, ... below end: arange(end), arange(start, end), arange(start, end, step).

    Integers unless one of the three is a float. Length ceil((end - start) / step).
    Raises RuntimeError for step 0 and for a step that leads away from `end`.

    >>> arange(5), arange(1, 2.5, 0.5)
    (tensor([0, 1, 2, 3, 4]), tensor([1.0000, 1.5000, 2.0000]))
    """
    first, last, by = _bounds(bounds, start, end, step)
    kind = np.dtype(np.int64) if not any(isinstance(value, float) for value in (first, last, by)) else default_float()
    if dtype is not None:
        kind = wanted_dtype(dtype).dtype
    if kind.kind == "b":
        raise NotImplementedError(message("arange: not defined for bool", fix="arange(n) > 0"))
    if by == 0:
        raise AutogradError(message("arange: step must be nonzero", got="step=0"))
    if not (isfinite(first) and isfinite(last)):
        raise AutogradError(message("arange: unsupported range", got=f"{first} -> {last}", fix="use finite bounds"))
    if (last - first) * by < 0:
        raise AutogradError(
            message(
                "arange: upper bound and lower bound inconsistent with step sign",
                got=f"{first} -> {last}, step {by}",
                fix="change the sign of step",
            )
        )
    if kind == np.int64:  # whole numbers before the length is taken; the narrower ones after it, as PyTorch has it
        first, last, by = int(first), int(last), int(by)
        if by == 0:
            raise AutogradError(message("arange: step must be nonzero", got="a step below 1, in whole numbers"))
        return made(np.arange(first, last, by), device, requires_grad)
    count = ceil((last - first) / by)
    if kind.kind in "iu":
        return made((int(first) + int(by) * np.arange(count)).astype(kind), device, requires_grad)
    return made((first + by * np.arange(count, dtype=np.float64)).astype(kind), device, requires_grad)


def _bounds(bounds: tuple[Any, ...], start: Any, end: Any, step: Any) -> tuple[Any, Any, Any]:
    """start, end and step from positional and named arguments."""
    given = list(bounds)
    if len(given) > 3 or (not given and end is None):
        raise DTypeError(
            message(
                "arange: takes an end, a start and an end, or a start, an end and a step", got=f"{len(given)} numbers"
            )
        )
    if len(given) == 1 and end is None:
        end = given.pop()
    first = given.pop(0) if given else 0 if start is None else start
    last = given.pop(0) if given else end
    by = given.pop(0) if given else 1 if step is None else step
    return number(first, "arange: start"), number(last, "arange: end"), number(by, "arange: step")


def _steps(steps: Any, name: str) -> int:
    try:
        count = as_index(steps)
    except TypeError:
        raise DTypeError(message(f"{name}: steps must be an integer", got=repr(steps))) from None
    if count < 0:
        raise AutogradError(message(f"{name}: number of steps must be non-negative", got=count))
    return count


def _even(start: Any, end: Any, count: int, kind: np.dtype[Any]) -> Array:
    """`count` numbers from start to end, computed from the nearer end."""
    if count == 1:
        return np.full(1, start, kind)
    wide = np.dtype(np.float64) if kind.kind in "iu" else np.dtype(np.float32) if kind.itemsize == 2 else kind
    first, last = wide.type(start), wide.type(end)
    by = (last - first) / wide.type(max(count - 1, 1))
    k = np.arange(count).astype(wide)
    return np.where(k < count // 2, first + by * k, last - by * (wide.type(count - 1) - k))


@flags
def linspace(
    start: Any, end: Any, steps: Any, *, dtype: object = None, layout: object = None, device: object = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`steps` numbers, evenly spaced, from `start` to `end`, both included.

    >>> linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    kind = _floating_or_integer(dtype, "linspace")
    count = _steps(steps, "linspace")
    ends = [
        convertible(number(x, f"linspace: {word}"), kind, "linspace") for word, x in (("start", start), ("end", end))
    ]
    values = _even(ends[0], ends[1], count, kind)
    return made(values.astype(kind), device, requires_grad)


def _floating_or_integer(dtype: object, name: str) -> np.dtype[Any]:
    kind = numpy_kind(dtype)
    if kind.kind == "b":
        raise NotImplementedError(message(f"{name}: not defined for bool", fix="use an integer or a floating dtype"))
    return kind


@flags
def logspace(
    start: Any, end: Any, steps: Any, base: float = 10.0, *, dtype: object = None, layout: object = None,
    device: object = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`steps` numbers from base**start to base**end, evenly spaced on a logarithmic scale.

    >>> logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    kind = _floating_or_integer(dtype, "logspace")
    count = _steps(steps, "logspace")
    ends = [
        convertible(number(x, f"logspace: {word}"), kind, "logspace") for word, x in (("start", start), ("end", end))
    ]
    powers = _even(ends[0], ends[1], count, kind)
    return made(np.power(float(base), powers.astype(np.float64)).astype(kind), device, requires_grad)


def _of_indices(dtype: object, name: str) -> np.dtype[Any]:
    kind = np.dtype(np.int64) if dtype is None else wanted_dtype(dtype).dtype
    if kind not in (np.int32, np.int64):
        raise NotImplementedError(message(f"{name}: not defined for this dtype", got=kind, fix="int32 or int64"))
    return kind


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: object = None, device: object = None, layout: object = None
) -> Tensor:
    """The places on and below a diagonal of a (row, col) matrix: (2, n), rows first."""
    return made(
        np.stack(np.tril_indices(row, offset, col)).astype(_of_indices(dtype, "tril_indices")),
        device,
    )


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: object = None, device: object = None, layout: object = None
) -> Tensor:
    """The places on and above a diagonal of a (row, col) matrix: (2, n), rows first."""
    return made(
        np.stack(np.triu_indices(row, offset, col)).astype(_of_indices(dtype, "triu_indices")),
        device,
    )
