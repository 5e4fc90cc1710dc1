"""Sums that stay right however long they are, along whichever axis.

NumPy adds the numbers of the innermost axis in pairs of pairs, but whole rows one by one: a column of
2e7 ones sums to 16,777,216 in float32, and the error of n numbers grows with the root of n. Here rows
are folded, 16 onto one, until few are left: no number passes through more than 16 additions a level,
and there are log16(n) levels. It is faster, too, because several short rows fold as one long row.

Nothing but additions of rows in an order that follows from the shape: the bits are those of every CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

Array = Any

LONG = 64
"""Fewer numbers than these are added as NumPy adds them: there are no long sums among them."""
FEW = 256
"""Fewer rows than these are added one by one: the error of so short a sum is below a unit in the last place, and
a batch's bias gradient takes no longer than NumPy's own sum."""
FOLD = 16
WIDE = 1024
"""How many numbers side by side keep NumPy's inner loop at full speed: so many rows of a narrow array fold as one."""
SHORT = 512
"""Up to how many rows two levels do."""

plain: Callable[..., Any] = np.add.reduce


def add_up(
    x: Array, dim: tuple[int, ...] | int | None = None, dtype: Any = None, out: None = None, keepdims: bool = False
) -> Array:
    """The sum over `dim` (None: over all), added in `dtype`: as np.add.reduce, and with its signature.

    >>> ones = np.broadcast_to(np.float32(1), (20_000_000, 2))
    >>> np.add.reduce(ones, 0).tolist(), add_up(ones, 0).tolist()
    ([16777216.0, 16777216.0], [20000000.0, 20000000.0])
    """
    if x.size < LONG or type(x) is not np.ndarray:
        return plain(x, dim, dtype, None, keepdims)
    shape, flags = x.shape, x.flags
    rank = len(shape)
    if dim is None:
        if flags.forc:  # one run of memory: NumPy adds it in pairs of pairs
            return plain(x, None, dtype, None, keepdims)
        axes: tuple[int, ...] = tuple(range(rank))
    else:
        if isinstance(dim, int):
            dim = (dim,)
        if len(dim) == 1 and shape[dim[0]] < LONG:
            return plain(x, dim, dtype, None, keepdims)
        axes = tuple([k % rank for k in dim])
    if x.dtype.kind in "iub" or prod([shape[k] for k in axes]) < LONG:
        return plain(x, dim, dtype, None, keepdims)
    if flags.c_contiguous:
        if not axes or min(axes) + len(axes) == rank:  # the last axes: again one run of memory, for each sum
            return plain(x, dim, dtype, None, keepdims)
        if dtype is None and not keepdims:
            if axes == (0,):
                return add_rows(x)
            if axes == (0, *range(2, rank)):  # all but the channels
                return add_rows(plain(x.reshape(shape[0], shape[1], -1), 2))
    elif len(axes) == rank and flags.f_contiguous:
        return plain(x, dim, dtype, None, keepdims)
    return _in_memory_order(x, axes, dtype, keepdims)


def add_rows(x: Array) -> Array:
    """`add_up` over the first axis, by the shortest way.

    >>> add_rows(np.ones((128, 3))).tolist()
    [128.0, 128.0, 128.0]
    """
    shape = x.shape
    n = shape[0]
    if n < FEW or type(x) is not np.ndarray or len(shape) == 1:
        return plain(x, 0)
    if not x.flags.c_contiguous:
        return _in_memory_order(x, (0,), None, False)
    if n <= SHORT and not n % FOLD:
        return plain(plain(x.reshape(FOLD, n // FOLD, *shape[1:]), 0), 0)
    return _folded(x.reshape(1, n, -1), None).reshape(shape[1:])


def _in_memory_order(x: Array, axes: tuple[int, ...], dtype: Any, keepdims: bool) -> Array:
    """One axis after the other, the fastest in memory first."""
    strides, shape = x.strides, x.shape
    order = sorted(range(x.ndim), key=lambda k: -abs(strides[k]))
    y = x.transpose(order)
    merged = y.flags.c_contiguous
    sizes: list[int] = []
    summed: list[bool] = []
    for k in order:
        if shape[k] == 1:
            continue
        if merged and summed and summed[-1] == (k in axes):
            sizes[-1] *= shape[k]
        else:
            sizes.append(shape[k])
            summed.append(k in axes)
    y = y.reshape(sizes)
    for place in range(len(sizes) - 1, -1, -1):
        if summed[place]:
            y = plain(y, place, dtype) if place == y.ndim - 1 else _fold(y, place, dtype)
            dtype = None
    kept = [k for k in order if k not in axes]
    y = y.reshape([shape[k] for k in kept]).transpose([kept.index(k) for k in sorted(kept)])
    return np.expand_dims(y, axes) if keepdims else y[()]


def _fold(y: Array, place: int, dtype: Any) -> Array:
    """The sum over one axis that is not the last."""
    shape = y.shape
    if shape[place] < 2 * FOLD:
        return plain(y, place, dtype)
    lead, tail = shape[:place], shape[place + 1 :]
    if y.flags.c_contiguous:
        return _folded(y.reshape(prod(lead), shape[place], prod(tail)), dtype).reshape(lead + tail)
    left = shape[place] % FOLD
    ahead = (slice(None),) * place
    whole = y[(*ahead, slice(left, None))].reshape(*lead, shape[place] // FOLD, FOLD, *tail)
    sums = plain(whole, place + 1, dtype)
    if left:
        sums = np.concatenate((sums, plain(y[(*ahead, slice(0, left))], place, dtype, None, True)), place)
    return _fold(sums, place, None)


def _folded(y: Array, dtype: Any) -> Array:
    """(A, n, D) in C order to (A, D)."""
    stack, n, width = y.shape
    while n >= 2 * FOLD:
        together = min(n // FOLD, max(1, WIDE // max(1, width)))
        folds = n // (FOLD * together)
        left = n - folds * FOLD * together
        sums = plain(y[:, left:].reshape(stack, folds, FOLD, together * width), 2, dtype)
        sums = sums.reshape(stack, folds * together, width)
        if left:
            sums = np.concatenate((sums, _fold(y[:, :left], 1, dtype)[:, None]), 1)
        y, dtype, n = sums, None, sums.shape[1]
    return plain(y, 1, dtype)


# -- sums of products ------------------------------------------------------------------------------

RUN = 2048
"""So many products BLAS may add in its own way; more are cut into runs of that length, whose sums are added here."""
TALL = 65536
"""From how many products on those of a matrix are."""


def inner(x: Array, y: Array) -> Array:
    """The sum of x times y over the last axis, of the same size in both.

    >>> inner(np.ones((2, 5000), np.float32), np.ones(5000, np.float32)).tolist()
    [5000.0, 5000.0]
    """
    n = x.shape[-1]
    if n <= 2 * RUN:
        return np.vecdot(x, y)
    left = n % RUN
    runs = np.vecdot(x[..., left:].reshape(*x.shape[:-1], -1, RUN), y[..., left:].reshape(*y.shape[:-1], -1, RUN))
    total = add_up(runs, -1)
    return total + np.vecdot(x[..., :left], y[..., :left]) if left else total


def product(x: Array, y: Array) -> Array:
    """x @ y, in pieces where many products are added: BLAS adds the sums of its blocks one by one.

    >>> product(np.ones((1, 70_000), np.float32), np.ones((70_000, 1), np.float32)).tolist()
    [[70000.0]]
    """
    n = x.shape[-1]
    if n <= 2 * RUN or type(x) is not np.ndarray or x.dtype.kind != "f":
        return np.matmul(x, y)
    if x.ndim == 1 and y.ndim == 1:
        return inner(x, y)
    if n < TALL:
        return np.matmul(x, y)
    if x.ndim == 1:
        return product(x[None], y)[..., 0, :]
    if y.ndim == 1:
        return product(x, y[:, None])[..., 0]
    run = 4 * RUN
    left = n % run
    pieces = np.matmul(  # (..., m, n / run, run) -> (..., n / run, m, run), times (..., n / run, run, k)
        x[..., left:].reshape(*x.shape[:-1], -1, run).swapaxes(-2, -3),
        y[..., left:, :].reshape(*y.shape[:-2], -1, run, y.shape[-1]),
    )
    total = add_up(pieces, (-3,))
    return total + np.matmul(x[..., :left], y[..., :left, :]) if left else total


# -- a sum of arrays that come one after the other ------------------------------------------------------


class Total:
    """Arrays added in pairs of pairs as they come. What is given to `add` is written on.

    >>> total = Total()
    >>> for k in range(5):
    ...     total.add(np.full(2, float(k)))
    >>> total.value((2,), np.dtype(float)).tolist()
    [10.0, 10.0]
    """

    __slots__ = ("count", "parts")

    def __init__(self) -> None:
        self.count = 0
        self.parts: list[Array] = []

    def add(self, part: Array) -> None:
        pairs = self.count
        while pairs & 1:  # as many parts wait as the count has ones in binary
            part += self.parts.pop()
            pairs >>= 1
        self.parts.append(part)
        self.count += 1

    def value(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """The sum; zeros of that shape, if nothing was added."""
        if not self.parts:
            return np.zeros(shape, dtype)
        total = self.parts.pop()
        while self.parts:
            total += self.parts.pop()
        return total
