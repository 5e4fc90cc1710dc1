"""Primitives that choose elements by place, and their transposes, which put them back.

An index is a tuple as NumPy takes it: integers, slices, None, Ellipsis, boolean masks and integer
arrays. `gather`, `scatter`, `embedding` and the like are compositions: they only build the tuple.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from tinygrad_nn.ops.elementwise import where
from tinygrad_nn.primitive import primitive

Array = Any
Index = tuple[Any, ...]

slice_at = primitive("slice_at", lambda x, key: x[key], lambda g, shape, key: put_at(g, shape, key), view=True)
"""Basic indexing: integers, slices, None, Ellipsis. A view."""
pick_at = primitive("pick_at", lambda x, index: x[index], lambda g, shape, index: put_at(g, shape, index))
"""Indexing with masks or integer arrays, repeats included. A copy."""


def _put_at(x: Array, size: tuple[int, ...], index: Index) -> Array:
    out = np.zeros(size, x.dtype)
    add_at(out, index, x)
    return out


def add_at(out: Array, index: Index, value: Array) -> None:
    """out[index] += value, where a repeated place receives each of its values."""
    arrays = [item for item in index if isinstance(item, np.ndarray)]
    if all(item.dtype.kind == "b" for item in arrays):
        out[index] += value  # no place twice
    elif len(index) == 1 and arrays and out.ndim == 2 and arrays[0].size > 32:
        _add_rows(out, arrays[0].reshape(-1), value.reshape(-1, out.shape[1]))
    else:
        np.add.at(out, index, value)


def _add_rows(out: Array, rows: Array, value: Array) -> None:
    """Sort by row and add each run in one pass: the way of an embedding table's gradient."""
    order = np.argsort(rows % len(out), kind="stable")
    ordered = rows[order] % len(out)
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    out[ordered[starts]] += np.add.reduceat(value[order], starts, axis=0)


put_at = primitive("put_at", _put_at, lambda g, index: g[index], arity=1)
"""Zeros of `size` with x added at `index`: the transpose of both kinds of indexing."""


def _index_put(x: Array, value: Array, index: Index, accumulate: bool) -> Array:
    out = x.copy()
    if accumulate:
        np.add.at(out, index, value)
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


touched = primitive("touched", _touched)
"""True at the places that an index of an array of that size chooses."""


def _written_value(g: Array, positions: Array) -> Array:
    return g.reshape((-1,))[(positions,)]


def _written_base(g: Array, shape: tuple[int, ...], positions: Array) -> Array:
    mask = touched((positions.reshape((-1,)),), (prod(shape),))
    return where(mask.reshape(shape), 0.0, g)


written = primitive("written", lambda base, value, positions: base, _written_base, _written_value)
"""`base`, after `value` has been written through a view that covers these flat positions (views.py)."""


def _argsort(x: Array, dim: int, descending: bool, stable: bool) -> Array:
    """Indices that sort; equal elements keep their order, NaN is the largest (both as PyTorch has it)."""
    if not descending:
        return np.argsort(x, axis=dim, kind="stable")
    n = x.shape[dim]
    return n - 1 - np.flip(np.argsort(np.flip(x, dim), axis=dim, kind="stable"), dim)


argsort = primitive("argsort", _argsort, arity=1)
