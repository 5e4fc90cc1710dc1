"""Primitives that choose elements by comparing them, and those that only count.

Where the choice is a place (an index), nothing flows back through it: the value is then taken by
indexing, whose rule is known. Where it is a value over all elements, equal elements share evenly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.errors import OperandError
from tinygrad_nn.ops.elementwise import eq, isnan, logical_and, logical_or, where
from tinygrad_nn.ops.reduce import sum
from tinygrad_nn.order import in_rows
from tinygrad_nn.primitive import primitive

Array = Any


# -- over all elements -------------------------------------------------------------------------------


def _shared(g: Array, x: Array, out: Array) -> Array:
    """The cotangent, divided among all elements that are the chosen value (NaN is NaN here)."""
    chosen = logical_or(eq(x, out), logical_and(isnan(x), isnan(out)))
    return where(chosen, g / sum(where(chosen, 1.0, 0.0), None, False), 0.0)


def _median(x: Array) -> Array:
    if not x.size:
        return np.array(np.nan if x.dtype.kind in "fV" else np.iinfo(x.dtype).min, x.dtype)
    flat = x.reshape(-1)
    return flat[_median_place(flat, 0, False)]


max = primitive("max", lambda x: np.maximum.reduce(x, None), _shared)
min = primitive("min", lambda x: np.minimum.reduce(x, None), _shared)
median = primitive("median", _median, _shared)


# -- places along an axis ----------------------------------------------------------------------------


def _first_of(pick: Any) -> Any:
    def forward(x: Array, dim: int | None, keepdim: bool) -> Array:
        return pick(x, axis=dim, keepdims=keepdim) if dim is not None or not keepdim else pick(x).reshape((1,) * x.ndim)

    return forward


argmax = primitive("argmax", _first_of(np.argmax))
argmin = primitive("argmin", _first_of(np.argmin))


def _median_place(x: Array, dim: int, keepdim: bool) -> Array:
    """Where the middle element (of two, the lower) stands; the first NaN, if there is one.

    Of equal elements the one that a stable sort puts there: argpartition's differs from CPU to CPU.
    """
    middle = (x.shape[dim] - 1) // 2
    value = np.take(np.partition(x, middle, axis=dim), [middle], axis=dim)
    smaller = np.count_nonzero(x < value, axis=dim, keepdims=True)
    place = (np.cumsum(x == value, axis=dim) > middle - smaller).argmax(axis=dim, keepdims=True)
    if x.dtype.kind in "fV":
        nan = np.isnan(x)
        place = np.where(nan.any(axis=dim, keepdims=True), nan.argmax(axis=dim, keepdims=True), place)
    return place if keepdim else np.squeeze(place, dim)


def _inserted(row: Array) -> list[int]:
    """The order that an insertion sort leaves, which stops at a NaN: PyTorch's, for up to 16 elements."""
    order: list[int] = []
    for k, value in enumerate(row):
        place = 0 if order and value < row[order[0]] else len(order)
        while place and value < row[order[place - 1]]:
            place -= 1
        order.insert(place, k)
    return order


def _mode_place(x: Array, dim: int, keepdim: bool) -> Array:
    """The last place of the most frequent element, the smallest of several: the end of the longest run, once sorted."""
    rows = np.moveaxis(x, dim, -1)
    order = np.argsort(rows, axis=-1, kind="stable")
    if x.dtype.kind in "fV":
        for row in np.argwhere(np.isnan(rows).any(-1)):
            order[tuple(row)] = _inserted(rows[tuple(row)])
    ordered = np.take_along_axis(rows, order, -1)
    at = np.arange(rows.shape[-1])
    starts = np.concatenate([np.ones_like(ordered[..., :1], bool), ordered[..., 1:] != ordered[..., :-1]], -1)
    run = at - np.maximum.accumulate(np.where(starts, at, 0), axis=-1)
    place = np.take_along_axis(order, run.argmax(-1, keepdims=True), -1)
    place = np.moveaxis(place, -1, dim)
    return place if keepdim else np.squeeze(place, dim)


def _cummax_place(x: Array, dim: int) -> Array:
    """For each place, where the largest element so far stands; the last among equals, NaN once met."""
    if not x.size:
        return np.zeros(x.shape, np.int64)
    record = x >= np.maximum.accumulate(x, axis=dim)
    if x.dtype.kind in "fV":
        record |= np.isnan(x)
    at = np.arange(x.shape[dim]).reshape((-1,) + (1,) * (x.ndim - dim - 1))
    return np.maximum.accumulate(np.where(record, at, 0), axis=dim)


median_place = primitive("median_place", _median_place)
mode_place = primitive("mode_place", _mode_place)
cummax_place = primitive("cummax_place", _cummax_place, layout=in_rows)


# -- counting ----------------------------------------------------------------------------------------


def _histc(x: Array, bins: int, low: float, high: float) -> Array:
    if low == high and x.size:
        low, high = float(np.min(x)), float(np.max(x))
    if not (np.isfinite(low) and np.isfinite(high)):
        raise OperandError(f"histc: the range [{low}, {high}] is not finite\n  fix: give min and max")
    if low == high:
        low, high = low - 1, high + 1
    return np.histogram(x[np.isfinite(x)], bins, (low, high))[0].astype(x.dtype)


def _bincount(x: Array, weights: Array | None, minlength: int) -> Array:
    if not x.size:
        return np.zeros(minlength, np.int64)
    if x.min() < 0:
        raise OperandError(f"bincount only supports 1-d non-negative integral inputs\n  got: {x.min()} among them")
    counts = np.bincount(x, weights, minlength)
    return counts if weights is None else counts.astype(weights.dtype, copy=False)


histc = primitive("histc", _histc)
bincount = primitive("bincount", _bincount, arity=2)
