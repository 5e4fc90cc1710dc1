"""The order of dimensions in memory: which one a result has, by PyTorch's rules.

An *order* lists the dimensions, slowest in memory first: (0, 1, 2) is row by row, (0, 2, 3, 1) is an image with
its channels last. NumPy's own results are nearly always in the same order; where they are not, a primitive names
one of the functions below as its `layout`, which copies its result if need be (`primitive` calls it):

    in_rows   row by row, whatever the operands are: reductions, softmax, scans, matrix products
    merged    as the operands have it, the first one where they disagree: elementwise functions
    channels  with channels last if the first operand has them so, else row by row: convolution, pooling, padding
    columns   matrices column by column: what LAPACK gives
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "CHANNELS_LAST", "arranged", "channels", "channels_last", "columns", "columns_of", "converted",
    "has_channels_last", "in_rows", "like", "merged", "order_of", "strides",
]  # fmt: skip

Array = np.ndarray[Any, Any]
Order = tuple[int, ...]

CHANNELS_LAST: dict[int, Order] = {4: (0, 2, 3, 1), 5: (0, 2, 3, 4, 1)}
"""By rank: (N, H, W, C) and (N, D, H, W, C) in memory."""


# -- orders ------------------------------------------------------------------------------------------


def order_of(*operands: Any) -> Order:
    """The order of a result that is computed element by element from operands that broadcast.

    Two dimensions stand in it as they stand in the first operand that tells: where neither is broadcast
    (has stride 0, or one element) and the strides differ. If none tells, they stand as they are written.

    >>> a, b = np.zeros((2, 3)), np.zeros((3, 2)).T
    >>> order_of(a), order_of(b), order_of(a, b), order_of(b, a)
    ((0, 1), (1, 0), (0, 1), (1, 0))
    """
    if len(operands) == 1:
        return _order(operands[0].shape, [operands[0].strides])
    arrays = [one for one in operands if isinstance(one, np.ndarray)]
    shape = np.broadcast_shapes(*[one.shape for one in arrays])
    return _order(shape, [_spread(one, len(shape)) for one in arrays])


def _spread(array: Array, ndim: int) -> tuple[int, ...]:
    """The strides once broadcast: 0 in dimensions that are repeated."""
    repeated = [0 if n == 1 else step for n, step in zip(array.shape, array.strides, strict=True)]
    return (*[0] * (ndim - array.ndim), *repeated)


def _order(shape: tuple[int, ...], strides: list[tuple[int, ...]]) -> Order:
    """Insertion sort, from the last dimension; equal strides put the larger dimension outside."""
    order = list(range(len(shape) - 1, -1, -1))
    for k in range(1, len(order)):
        at = k
        for j in range(k - 1, -1, -1):
            verdict = _compared(order[j], order[at], shape, strides)
            if verdict > 0:
                order[j], order[at] = order[at], order[j]
                at = j
            elif verdict < 0:
                break
    return tuple(reversed(order))


def _compared(a: int, b: int, shape: tuple[int, ...], strides: list[tuple[int, ...]]) -> int:
    """Below 0 if dimension `a` is faster than `b`, above 0 if slower, 0 if nobody tells."""
    if shape[a] == 1 or shape[b] == 1:
        return 0
    for steps in strides:
        one, other = steps[a], steps[b]
        if one and other:
            if one != other:
                return -1 if one < other else 1
            if shape[a] > shape[b]:
                return 1
    return 0


def has_channels_last(array: Any) -> bool:
    """Whether an image (N, C, H, W), or a volume, has its channels last in memory; no, if one cannot tell."""
    order = CHANNELS_LAST.get(array.ndim)
    shape, steps = array.shape, array.strides
    if order is None or steps[1] * shape[1] > steps[-1]:
        return False
    steps = strides(array)
    if not steps[1]:
        return False
    least = 0
    for k in reversed(order):
        if not shape[k] or steps[k] < least or (k == 0 and least == steps[1]):
            return False
        least = steps[k] * shape[k]
    return True


def strides(array: Any) -> tuple[int, ...]:
    """Strides in elements. NumPy writes 0 for dimensions of size one that an index added, and for empty
    arrays; those are given as if contiguous."""
    shape, found, one = array.shape, array.strides, array.itemsize
    steps: list[int] = []
    for k in range(len(shape) - 1, -1, -1):
        step = found[k] // one
        if step == 0 and (shape[k] == 1 or (0 in shape and not any(found))):
            step = max(shape[k + 1], 1) * steps[-1] if steps else 1
        steps.append(step)
    return tuple(reversed(steps))


# -- arrays in an order --------------------------------------------------------------------------------


def like(array: Any, kind: Any, order: Order | None = None) -> Array:
    """An uninitialised array of the same shape, in the given order (None: that of `array`)."""
    if order is None:
        if array.flags.c_contiguous:
            return np.empty(array.shape, kind)
        order = order_of(array)
    shape = array.shape
    return np.empty([shape[k] for k in order], kind).transpose(_inverse(order))


def arranged(array: Any, order: Order) -> Any:
    """The array itself if its memory is without gaps in this order, else a copy that is."""
    straight = array.transpose(order)
    return array if straight.flags.c_contiguous else straight.copy("C").transpose(_inverse(order))


def _inverse(order: Order) -> Order:
    return tuple(sorted(range(len(order)), key=order.__getitem__))


# -- layouts of results: (result, *operands) to the result as it shall lie -------------------------------


def in_rows(out: Any, *operands: Any) -> Any:
    """Row by row."""
    return out if out.flags.c_contiguous else out.copy("C")


def channels_last(out: Any) -> Any:
    """With channels last, also as far as the strides of dimensions of size one tell."""
    order = CHANNELS_LAST[out.ndim]
    straight = out.transpose(order)
    if not straight.flags.c_contiguous:
        straight = straight.copy("C")
    return straight.reshape(-1).reshape(straight.shape).transpose(_inverse(order))


def merged(out: Any, *operands: Any) -> Any:
    """As the operands: see `order_of`."""
    for operand in operands:
        if isinstance(operand, np.ndarray) and not operand.flags.c_contiguous:
            return arranged(out, order_of(*operands))
    return out


def converted(out: Any, x: Any, *others: Any) -> Any:
    """As `x`, in every stride that tells of channels last."""
    if x.flags.c_contiguous:
        return channels_last(out) if x.ndim in CHANNELS_LAST and has_channels_last(x) else out
    return arranged(out, order_of(x))


def channels(out: Any, x: Any, *others: Any) -> Any:
    """With channels last if `x` has them so; else row by row."""
    if has_channels_last(x):
        return channels_last(out)
    return out if out.flags.c_contiguous else out.copy("C")


def columns_of(out: Any) -> Any:
    """Matrices, the last two dimensions, column by column."""
    return out.swapaxes(-1, -2).copy("C").swapaxes(-1, -2)


def columns(out: Any, *operands: Any) -> Any:
    """Matrices column by column."""
    return columns_of(out)
