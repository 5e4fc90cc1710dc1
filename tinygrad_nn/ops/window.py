"""Convolution: sliding windows unfolded into the columns of a matrix, and one matrix product.

The three primitives are the three ways to leave out one factor of the same sum,

    sum over n, o, c, i, k of  y[n, o, i] * weight[o, c, k] * x[n, c, i * stride + k * dilation - padding]

so each is the others' derivative, and the family is closed: `conv` gives y's place, `conv_input` x's (it
is the transposed convolution), `conv_weight` the weight's. `columns` and `add_columns` are the unfolding
and its transpose by themselves (nn.Unfold, nn.Fold).

A *geometry* is the tuple (size, kernel, counts, stride, padding, dilation, groups): spatial sizes of x,
of the kernel, and of y; padding as (before, after) of each dimension.

What makes it fast: columns are made for a few samples at a time, so they are still in the cache when
BLAS reads them; and with stride 1 a column is one contiguous run over the flattened image (the runs
cross the image's edge: those few columns are computed for nothing and left out), so unfolding is a
handful of long copies, and folding back a handful of long additions.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tinygrad_nn.ops.reduce import sum
from tinygrad_nn.ops.sums import Total, add_rows
from tinygrad_nn.order import channels_last, has_channels_last, in_rows
from tinygrad_nn.primitive import primitive

Array = Any
Sizes = tuple[int, ...]
Geometry = tuple[Sizes, Sizes, Sizes, Sizes, tuple[tuple[int, int], ...], Sizes, int]

CACHE = 256 * 1024
"""Bytes of columns to make at a time: they and the product's result stay in a core's second-level cache."""


class Plan:
    """What follows from a geometry: the padded sizes, and how columns lie over the padded image."""

    def __init__(self, geometry: Geometry) -> None:
        size, self.kernel, self.counts, self.stride, self.padding, self.dilation, self.groups = geometry
        self.size = size
        self.padded = tuple([n + a + b for n, (a, b) in zip(size, self.padding, strict=True)])
        self.flat = all([s == 1 for s in self.stride])
        """Stride 1: columns are runs over the flattened image, rows as wide as the image's."""
        self.grid = (self.counts[0], *self.padded[1:]) if self.flat else self.counts
        steps = _steps(self.grid)
        self.length = 1 + _dot([n - 1 for n in self.counts], steps) if all(self.counts) else 0
        self.exact = self.grid == self.counts
        """No column is computed for nothing."""
        self.plain = self.flat and self.exact and prod(self.kernel) == 1
        """A kernel of one element: the image is its own columns."""
        self.inside = tuple([slice(a, a + n) for n, (a, _) in zip(size, self.padding, strict=True)])
        self.crop = tuple([slice(0, n) for n in self.counts])
        self.taps = list(product(*[range(n) for n in self.kernel]))

    def block(self, channels: int, filters: int, itemsize: int) -> int:
        """How many samples to unfold at a time."""
        return max(1, CACHE // max(1, (channels * len(self.taps) + filters) * prod(self.grid) * itemsize))

    def pad(self, x: Array) -> Array:
        """x with zeros around it; x itself, in rows, where there is no padding."""
        if self.padded == self.size:
            return np.ascontiguousarray(x)
        out = np.zeros((*x.shape[:2], *self.padded), x.dtype)
        out[(slice(None), slice(None), *self.inside)] = x
        return out

    def windows(self, padded: Array) -> Array:
        """A view of the padded image: (N, C, *kernel, length), or for larger strides (N, C, *kernel, *counts)."""
        outer, steps = padded.strides[:2], padded.strides[2:]
        taps = tuple([d * s for d, s in zip(self.dilation, steps, strict=True)])
        if self.flat:
            return as_strided(
                padded,
                (*padded.shape[:2], *self.kernel, self.length),
                (*outer, *taps, padded.itemsize),
                writeable=False,
            )
        moves = tuple([n * s for n, s in zip(self.stride, steps, strict=True)])
        return as_strided(
            padded, (*padded.shape[:2], *self.kernel, *self.counts), (*outer, *taps, *moves), writeable=False
        )

    def gather(self, windows: Array, first: int, last: int, out: Array) -> Array:
        """The columns of samples first..last, (n, groups, K, length), copied into `out` where they must be."""
        part = windows[first:last]
        if not self.plain:
            columns = out[: last - first]
            np.copyto(columns.reshape(part.shape), part)
            return columns
        return part.reshape(last - first, *out.shape[1:])

    def columns_like(self, block: int, channels: int, dtype: Any) -> Array:
        """Room for the columns of a block of samples."""
        taps = len(self.taps)
        return np.empty((0 if self.plain else block, self.groups, channels // self.groups * taps, self.length), dtype)

    def scatter(self, columns: Array, out: Array) -> None:
        """Add the columns of some samples, (n, groups, K, length), to their padded images."""
        n, channels = out.shape[:2]
        if self.flat:
            runs = out.reshape(n, channels, -1)
            columns = columns.reshape(n, channels, len(self.taps), self.length)
            steps = _steps(self.padded)
            for k, tap in enumerate(self.taps):
                start = _dot([i * d for i, d in zip(tap, self.dilation, strict=True)], steps)
                runs[:, :, start : start + self.length] += columns[:, :, k]
            return
        columns = columns.reshape(n, channels, len(self.taps), *self.counts)
        for k, tap in enumerate(self.taps):
            out[(slice(None), slice(None), *self.place(tap))] += columns[:, :, k]

    def place(self, tap: Sizes) -> tuple[slice, ...]:
        """Where one element of the kernel meets the padded image."""
        starts = [i * d for i, d in zip(tap, self.dilation, strict=True)]
        return tuple(
            [slice(a, a + s * (n - 1) + 1, s) for a, s, n in zip(starts, self.stride, self.counts, strict=True)]
        )

    def rows_of(self, y: Array, first: int, last: int, room: Array) -> Array:
        """y of samples first..last as (n, groups, filters, length), zeros at the columns computed for nothing."""
        part = y[first:last]
        n, filters = part.shape[:2]
        shape = (n, self.groups, filters // self.groups, -1)
        if self.exact:
            return part.reshape(shape)
        rows = room[:n]
        rows[(slice(None), slice(None), *self.crop)] = part
        return rows.reshape(shape)[..., : self.length]


@lru_cache(maxsize=512)
def plan_of(geometry: Geometry) -> Plan:
    """The plan, made once for each geometry."""
    return Plan(geometry)


def _steps(sizes: Sizes) -> list[int]:
    """How far apart neighbours of each dimension lie in a flattened array."""
    return [prod(sizes[k + 1 :]) for k in range(len(sizes))]


def _dot(a: list[int], b: list[int]) -> int:
    total = 0
    for m, n in zip(a, b, strict=True):
        total += m * n
    return total


def _blocks(count: int, size: int) -> list[tuple[int, int]]:
    return [(first, min(first + size, count)) for first in range(0, count, size)]


# -- the three products ------------------------------------------------------------------------------


def _conv(x: Array, weight: Array, bias: Array | None, geometry: Geometry) -> Array:
    plan = plan_of(geometry)
    batch, channels = x.shape[:2]
    filters, groups = weight.shape[0], plan.groups
    out = np.empty((batch, filters, *plan.counts), x.dtype)
    if not out.size:
        return out
    kernels = weight.reshape(groups, filters // groups, -1)
    windows = plan.windows(plan.pad(x))
    block = plan.block(channels, filters, x.itemsize)
    room = plan.columns_like(block, channels, x.dtype)
    offset = None if bias is None else bias.reshape(-1, *(1,) * len(plan.size))
    straight = out.reshape(batch, groups, filters // groups, -1) if plan.exact else None
    wide = None if plan.exact else np.empty((block, filters, *plan.grid), x.dtype)
    for first, last in _blocks(batch, block):
        columns = plan.gather(windows, first, last, room)
        if straight is not None:
            np.matmul(kernels, columns, out=straight[first:last])
            if offset is not None:
                out[first:last] += offset
            continue
        assert wide is not None
        n = last - first
        np.matmul(kernels, columns, out=wide[:n].reshape(n, groups, filters // groups, -1)[..., : plan.length])
        kept = wide[(slice(0, n), slice(None), *plan.crop)]
        if offset is None:
            out[first:last] = kept
        else:
            np.add(kept, offset, out=out[first:last])
    return out


def _conv_input(y: Array, weight: Array, geometry: Geometry) -> Array:
    plan = plan_of(geometry)
    batch, filters = y.shape[:2]
    groups, channels = plan.groups, weight.shape[1] * plan.groups
    out = np.zeros((batch, channels, *plan.padded), y.dtype)
    if y.size and out.size:
        kernels = weight.reshape(groups, filters // groups, -1).swapaxes(1, 2)
        block = plan.block(channels, filters, y.itemsize)
        columns = np.empty((block, groups, kernels.shape[1], plan.length), y.dtype)
        room = np.zeros((0 if plan.exact else block, filters, *plan.grid), y.dtype)
        for first, last in _blocks(batch, block):
            part = columns[: last - first]
            np.matmul(kernels, plan.rows_of(y, first, last, room), out=part)
            plan.scatter(part, out[first:last])
    out = out[(slice(None), slice(None), *plan.inside)]
    return np.ascontiguousarray(out)


def _conv_weight(y: Array, x: Array, geometry: Geometry) -> Array:
    plan = plan_of(geometry)
    batch, channels = x.shape[:2]
    filters, groups = y.shape[1], plan.groups
    taps = len(plan.taps)
    total = Total()
    if y.size and x.size:
        windows = plan.windows(plan.pad(x))
        block = plan.block(channels, filters, x.itemsize)
        columns = plan.columns_like(block, channels, x.dtype)
        room = np.zeros((0 if plan.exact else block, filters, *plan.grid), y.dtype)
        for first, last in _blocks(batch, block):
            rows = plan.rows_of(y, first, last, room)
            part = np.matmul(rows, plan.gather(windows, first, last, columns).swapaxes(2, 3))
            total.add(part[0] if last - first == 1 else add_rows(part))
    size = (groups, filters // groups, channels // groups * taps)
    return total.value(size, y.dtype).reshape(filters, channels // groups, *plan.kernel)


def _maps(out: Array, x: Array, weight: Array, *rest: Any) -> Array:
    """With channels last if the images or the kernels have them so (volumes in float64 never); else row by row."""
    if (has_channels_last(x) or has_channels_last(weight)) and (out.ndim == 4 or out.dtype.itemsize < 8):
        return channels_last(out)
    return in_rows(out)


conv = primitive(
    "conv", _conv,
    lambda g, weight, geometry: conv_input(g, weight, geometry),
    lambda g, x, geometry: conv_weight(g, x, geometry),
    lambda g: sum(g, (0, *range(2, g.ndim)), False), layout=_maps,
)  # fmt: skip
"""x: (N, C, *size), weight: (O, C / groups, *kernel), bias: (O,) or None, to y: (N, O, *counts)."""

conv_input = primitive(
    "conv_input", _conv_input,
    lambda g, weight, geometry: conv(g, weight, None, geometry),
    lambda g, y, geometry: conv_weight(y, g, geometry), layout=_maps,
)  # fmt: skip
"""y: (N, O, *counts), weight: (O, C / groups, *kernel), to x: (N, C, *size)."""

conv_weight = primitive(
    "conv_weight", _conv_weight,
    lambda g, x, geometry: conv(x, g, None, geometry),
    lambda g, y, geometry: conv_input(y, g, geometry),
)  # fmt: skip
"""y: (N, O, *counts), x: (N, C, *size), to weight: (O, C / groups, *kernel)."""


# -- the unfolding by itself -------------------------------------------------------------------------


def _columns(x: Array, geometry: Geometry) -> Array:
    plan = plan_of(geometry)
    padded = plan.pad(x)
    out = np.empty((*x.shape[:2], len(plan.taps), *plan.counts), x.dtype)
    for k, tap in enumerate(plan.taps):
        out[:, :, k] = padded[(slice(None), slice(None), *plan.place(tap))]
    return out.reshape(x.shape[0], x.shape[1] * len(plan.taps), prod(plan.counts))


def _add_columns(y: Array, geometry: Geometry) -> Array:
    plan = plan_of(geometry)
    taps = len(plan.taps)
    out = np.zeros((y.shape[0], y.shape[1] // taps, *plan.padded), y.dtype)
    columns = y.reshape(y.shape[0], y.shape[1] // taps, taps, *plan.counts)
    for k, tap in enumerate(plan.taps):
        out[(slice(None), slice(None), *plan.place(tap))] += columns[:, :, k]
    return np.ascontiguousarray(out[(slice(None), slice(None), *plan.inside)])


columns = primitive("columns", _columns, lambda g, geometry: add_columns(g, geometry))
"""Every window as a column: x: (N, C, *size) to (N, C * taps, windows)."""
add_columns = primitive("add_columns", _add_columns, lambda g, geometry: columns(g, geometry))
"""The transpose: columns added up where their windows lay."""
