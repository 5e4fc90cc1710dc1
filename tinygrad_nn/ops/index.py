"""Primitives that choose elements by place, and their transposes, which put them back.

An index is a tuple as NumPy takes it: integers, slices, None, Ellipsis, boolean masks and integer
arrays. `gather`, `scatter`, `embedding` and the like are compositions: they only build the tuple.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from tinygrad_nn.ops.elementwise import where
from tinygrad_nn.ops.sums import add_rows
from tinygrad_nn.order import in_rows, merged
from tinygrad_nn.primitive import primitive

Array = Any
Index = tuple[Any, ...]


def _slice(x: Array, key: Index) -> Array:
    """x[key]: a view even where NumPy would give a scalar, which is a copy."""
    out = x[key]
    return x[(*key, ...)] if isinstance(out, np.generic) else out


slice_at = primitive("slice_at", _slice, lambda g, shape, key: put_at(g, shape, key), view=True, half="moves")
"""Basic indexing: integers, slices, None, Ellipsis. A view."""


def _pick(x: Array, index: Index) -> Array:
    """x[index], row by row in memory."""
    last = index[-1] if index else None
    if type(last) is np.ndarray and last.dtype.kind in "iu" and x.flags.c_contiguous and _lone(index):
        return x.take(last, len(index) - 1)  # several times faster than the general way
    out = x[index]
    return out if out.flags.c_contiguous else out.copy()


def _lone(index: Index) -> bool:
    """Whether all but the last are full slices."""
    return all([type(item) is slice and item == slice(None) for item in index[:-1]])


pick_at = primitive("pick_at", _pick, lambda g, shape, index: put_at(g, shape, index), half="rules")
"""Indexing with masks or integer arrays, repeats included. A copy."""


def _put_at(x: Array, size: tuple[int, ...], index: Index) -> Array:
    out = np.zeros(size, x.dtype)
    if any([type(item) is np.ndarray and item.dtype.kind != "b" for item in index]):
        add_at(out, index, x)
    else:
        out[index] = x  # no place twice
    return out


MANY = 256
"""From how many values on a place may receive so many that their sum wants care."""


def add_at(out: Array, index: Index, value: Array) -> None:
    """out[index] += value, where a repeated place receives each of its values."""
    arrays = [item for item in index if isinstance(item, np.ndarray)]
    if all(item.dtype.kind == "b" for item in arrays):
        out[index] += value  # no place twice
    elif len(index) == 1 and out.ndim == 2 and arrays[0].size > 32:
        value = np.broadcast_to(value, (*arrays[0].shape, out.shape[1]))
        _add_rows(out, arrays[0].reshape(-1), value.reshape(-1, out.shape[1]))
    elif max(value.size, *[item.size for item in arrays]) > MANY and out.flags.c_contiguous:
        if out.ndim == len(arrays) == 1:
            places: Any = arrays[0]
        elif len(index) == out.ndim == len(arrays) and _integers(arrays):
            places = np.ravel_multi_index(index, out.shape, mode="wrap")
        else:
            places = np.arange(out.size).reshape(out.shape)[index]
        _add_flat(out.reshape(-1), places.reshape(-1), np.broadcast_to(value, places.shape).reshape(-1))
    else:
        np.add.at(out, index, value)


def _integers(arrays: list[Array]) -> bool:
    return all([item.dtype.kind != "b" for item in arrays])


def _add_flat(out: Array, places: Array, value: Array) -> None:
    """Where a place receives many (8 on average), in float64: a running sum in float32 loses digits as it grows."""
    if out.dtype.kind in "iub" or places.size < 8 * out.size:
        np.add.at(out, places, value)
        return
    sums = out.astype(np.float64)
    np.add.at(sums, places, value.astype(np.float64))
    out[...] = sums


def _add_rows(out: Array, rows: Array, value: Array) -> None:
    """Sort by row and add each run in one pass: the way of an embedding table's gradient."""
    order = np.argsort(rows % len(out), kind="stable")
    ordered, value = rows[order] % len(out), value[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    sums = np.add.reduceat(value, starts, axis=0)
    ends = np.append(starts[1:], len(ordered))
    for k in np.flatnonzero(ends - starts > MANY):
        sums[k] = add_rows(value[starts[k] : ends[k]])
    out[ordered[starts]] += sums


put_at: Callable[..., Any] = primitive("put_at", _put_at, lambda g, index: g[index], arity=1)
"""Zeros of `size` with x added at `index`: the transpose of both kinds of indexing."""


def _index_put(x: Array, value: Array, index: Index, accumulate: bool) -> Array:
    out = np.array(x, order="C")
    if accumulate:
        add_at(out, index, value)
    else:
        out[index] = value
    return out


index_put = primitive(
    "index_put", _index_put,
    lambda g, shape, index, accumulate: g if accumulate else where(touched(index, shape), 0.0, g),
    lambda g, index: g[index],
)  # fmt: skip
"""A copy of x with `value` written at (or with accumulate, added to) `index`."""


def _touched(index: Index, size: tuple[int, ...]) -> Array:
    mask = np.zeros(size, bool)
    mask[index] = True
    return mask


touched: Callable[..., Any] = primitive("touched", _touched)
"""True at the places that an index of an array of that size chooses."""


def _written_value(g: Array, positions: Array) -> Array:
    return g.reshape((-1,))[(positions,)]


def _written_base(g: Array, shape: tuple[int, ...], positions: Array) -> Array:
    mask = touched((positions.reshape((-1,)),), (prod(shape),))
    return where(mask.reshape(shape), 0.0, g)


written = primitive("written", lambda base, value, positions: base, _written_base, _written_value, half="rules")
"""`base`, after `value` has been written through a view that covers these flat positions (views.py)."""


def _argsort(x: Array, dim: int, descending: bool, stable: bool) -> Array:
    """Indices that sort; equal elements keep their order, NaN is the largest (both as PyTorch has it)."""
    if not descending:
        return np.argsort(x, axis=dim, kind="stable")
    n = x.shape[dim]
    return n - 1 - np.flip(np.argsort(np.flip(x, dim), axis=dim, kind="stable"), dim)


argsort = primitive("argsort", _argsort, arity=1, layout=merged)


def _argtop(x: Array, k: int, dim: int, largest: bool) -> Array:
    """Indices of the k largest (or smallest) elements, the best first. NaN is the largest."""
    n = x.shape[dim]
    if k >= n // 8 or not k:
        return _argsort(x, dim, largest, True)[(slice(None),) * dim + (slice(0, k),)]
    if largest:
        found = np.argpartition(x, n - k, dim)[(slice(None),) * dim + (slice(n - k, None),)]
    else:
        found = np.argpartition(x, k, dim)[(slice(None),) * dim + (slice(0, k),)]
    order = _argsort(np.take_along_axis(x, found, dim), dim, largest, True)
    return np.take_along_axis(found, order, dim)


argtop = primitive("argtop", _argtop, arity=1, layout=in_rows)
"""A partition instead of a sort: ten times faster for a few of a thousand."""


def _multiply_at(x: Array, value: Array, index: Index) -> Array:
    out = np.array(x, order="C")
    np.multiply.at(out, index, value)
    return out


multiply_at = primitive("multiply_at", _multiply_at, arity=2)
"""x with each value multiplied to the element at its place, repeats included; no gradient."""


def _searchsorted(x: Array, values: Array, right: bool) -> Array:
    """Where `values` would go into x, sorted along its last axis; each row of x takes its row of values."""
    side: Any = "right" if right else "left"
    if x.ndim == 1:
        return np.searchsorted(x, values, side)
    rows, wanted = x.reshape(-1, x.shape[-1]), values.reshape(-1, values.shape[-1])
    found = [np.searchsorted(row, value, side) for row, value in zip(rows, wanted, strict=True)]
    return np.array(found, np.int64).reshape(values.shape)


searchsorted = primitive("searchsorted", _searchsorted, arity=2)
