"""Padding: a border around the last dimensions, of a constant or of copies of what is inside."""

from __future__ import annotations

from functools import lru_cache
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.dtypes import convertible
from tinygrad_nn.errors import ArgumentError, AutogradError, DTypeError, ShapeError, message
from tinygrad_nn.functions.autocast import RUNNING, raised
from tinygrad_nn.nn.functional.common import here, of_its_own, tensor_operands
from tinygrad_nn.nn.functional.tables import Table, table
from tinygrad_nn.ops import shape as ops
from tinygrad_nn.ops.index import slice_at
from tinygrad_nn.ops.pool import resample

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = ["pad"]


def pad(input: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    """A border of (before, after) elements for each dimension, the last dimension first.

    pad: (left, right), (left, right, top, bottom), ...; negative numbers cut off.
    mode: "constant" (`value`, 0 if None), "reflect" (mirrored at the outer elements), "replicate" (the outer
    elements again) or "circular" (from the other side); all but "constant" leave N and C as they are.
    Raises ValueError or RuntimeError for numbers that the input's shape does not allow, NotImplementedError
    for another mode.

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([[1.0, 2.0, 3.0]])
    >>> pad(x, (1, 1)), pad(x, (2, 0), mode="reflect")
    (tensor([[0., 1., 2., 3., 0.]]), tensor([[3., 2., 1., 2., 3.]]))
    """
    tensor_operands("pad", input=input)
    ends = _pairs(input, pad)
    if mode == "constant":
        fill = 0.0 if value is None else convertible(float(value), input.array.dtype, "pad")
        return _constant(input, ends, fill)  # type: ignore[no-any-return]
    if mode not in ("reflect", "replicate", "circular"):
        raise NotImplementedError(
            message(f"Unrecognised padding mode {mode}", fix="'constant', 'reflect', 'replicate' or 'circular'")
        )
    if value is not None:
        raise ArgumentError(message(f'Padding mode "{mode}" doesn\'t take in value argument', got=f"value={value}"))
    if input.ndim - len(ends) not in (1, 2):
        raise NotImplementedError(
            message(
                f"pad{here()}: mode {mode!r} pads the last dimensions of (N, C, ...) or (C, ...)",
                got=f"input {tuple(input.shape)}, {2 * len(ends)} numbers",
                fix=f"input of {len(ends) + 1} or {len(ends) + 2} dimensions",
            )
        )
    x: Any = input
    if RUNNING and (mode == "replicate" or (mode == "reflect" and len(ends) < 3)):
        (x,) = raised(x)
    for k, (before, after) in enumerate(ends):
        if before or after:
            dim = x.ndim - 1 - k
            _check_reach(mode, before, after, x.array.shape[dim], dim, input)
            x = resample(x, dim, *_border(mode, x.array.shape[dim], before, after))
    return ops.in_order(x, "C") if mode == "circular" else of_its_own(x, input)  # type: ignore[no-any-return]


def _pairs(input: Any, pad: Any) -> list[tuple[int, int]]:
    try:
        numbers = [index(n) for n in pad]
    except TypeError:
        raise DTypeError(message("pad(): argument 'pad' must be a tuple of ints", got=repr(pad))) from None
    if len(numbers) % 2:
        raise AutogradError(message("pad: Padding length must be divisible by 2", got=f"pad={tuple(numbers)}"))
    if len(numbers) > 2 * input.ndim:
        raise AutogradError(
            message(
                f"pad{here()}: Padding length should be less than or equal to two times the input dimension",
                got=f"pad={tuple(numbers)}, input {tuple(input.shape)}",
            )
        )
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _constant(x: Any, ends: list[tuple[int, int]], value: float) -> Any:
    shape = x.array.shape
    widths = [(0, 0)] * (x.ndim - len(ends)) + ends[::-1]
    if any([n + a + b < 0 or -a > n or -b > n for n, (a, b) in zip(shape, widths, strict=True)]):
        raise ShapeError(
            message(f"pad{here()}: the padding cuts off more than there is", got=f"pad={ends}, input {shape}")
        )
    if any([a < 0 or b < 0 for a, b in widths]):
        x = slice_at(x, tuple([slice(max(0, -a), n - max(0, -b)) for n, (a, b) in zip(shape, widths, strict=True)]))
    grown = tuple([(max(0, a), max(0, b)) for a, b in widths])
    return ops.pad(x, grown, value) if any([a or b for a, b in grown]) else ops.clone(x, "K")


def _check_reach(mode: str, before: int, after: int, size: int, dim: int, input: Any) -> None:
    given = f"padding ({before}, {after}) at dimension {dim} of input {list(input.shape)}"
    longest = max(before, after)
    if mode == "reflect" and longest >= size:
        raise AutogradError(
            message(f"pad{here()}: Padding size should be less than the corresponding input dimension", got=given)
        )
    if mode == "circular" and longest > size:
        raise AutogradError(message(f"pad{here()}: Padding value causes wrapping around more than once.", got=given))
    if size < 1 or size + before + after < 1:
        raise AutogradError(message(f"pad{here()}: nothing would be left of the dimension", got=given))


@lru_cache(maxsize=128)
def _border(mode: str, size: int, before: int, after: int) -> Table:
    """Which element stands at each place of the padded dimension."""
    places = np.arange(-before, size + after)
    if mode == "circular":  # what is cut off does not come round again
        first, last = max(0, -before), size - max(0, -after)
        places = first + (places - first) % (last - first)
    elif mode == "replicate":
        places = np.clip(places, 0, size - 1)
    else:
        places = np.abs(places)
        places = size - 1 - np.abs(size - 1 - places)
    return table(places[:, None], np.ones((len(places), 1)), size)  # type: ignore[arg-type]
