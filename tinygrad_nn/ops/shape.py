"""Primitives that move elements and change none: most give a view of their operand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_nn.errors import ShapeError
from tinygrad_nn.order import (
    CHANNELS_LAST,
    arranged,
    channels,
    channels_last,
    converted,
    has_channels_last,
    in_rows,
    like,
    merged,
)  # fmt: skip
from tinygrad_nn.primitive import primitive

Array = Any
Shape = tuple[int, ...]


def _reshape(x: Array, size: Shape) -> Array:
    try:
        return x.reshape(size)
    except ValueError:
        raise ShapeError(f"reshape: {tuple(x.shape)} has {x.size} elements, which do not fill {tuple(size)}") from None


reshape = primitive("reshape", _reshape, lambda g, shape: g.reshape(shape), view=True, half="moves")


def _clone(x: Array, order: str | Shape) -> Array:
    if order == "C" or (x.flags.c_contiguous and order == "K"):
        return converted(np.array(x, order="C", copy=True), x) if order == "K" else np.array(x, order="C", copy=True)
    out = like(x, x.dtype, order if type(order) is tuple else None)
    np.copyto(out, x)
    return out


clone = primitive("clone", _clone, lambda g: g, half="moves")
"""A copy in the order of x's memory ("K"), row by row ("C"), or in an order of its own (see `order`)."""


def in_order(x: Any, order: str | Shape) -> Any:
    """The tensor `x`, or a copy if its memory is not in that order ("C": row by row)."""
    array = x.array if order == "C" else x.array.transpose(order)
    return x if array.flags.c_contiguous else clone(x, order)


permute = primitive(
    "permute", lambda x, dims: x.transpose(dims), lambda g, dims: permute(g, _inverse(dims)),
    view=True, half="moves",
)  # fmt: skip
expand = primitive("expand", lambda x, size: _expand(x, size), lambda g: g, view=True, half="moves")


def _expand(x: Array, size: Shape) -> Array:
    out = np.broadcast_to(x, size)
    out.flags.writeable = x.flags.writeable  # views.py refuses writes where elements share memory, and no others
    return out


def _rolled(out: Array, x: Array, shifts: int | Shape, dims: int | Shape | None) -> Array:
    """As two pieces joined along each dimension: see `_joined`; an empty piece has no channels last."""
    pairs = zip(shifts, dims, strict=True) if isinstance(shifts, tuple) and isinstance(dims, tuple) else ()
    whole = not x.size or dims is None or not all([n % x.shape[k] for n, k in pairs])
    return in_rows(out) if whole else channels(out, x)


flip = primitive(
    "flip", lambda x, dims: np.flip(x, dims).copy(), lambda g, dims: flip(g, dims), half="moves", layout=merged
)
roll = primitive(
    "roll", lambda x, shifts, dims: np.roll(x, shifts, dims), lambda g, shifts, dims: roll(g, _negated(shifts), dims),
    half="moves", layout=_rolled,
)  # fmt: skip


def _inverse(dims: Shape) -> Shape:
    return tuple(sorted(range(len(dims)), key=dims.__getitem__))


def _negated(shifts: int | Shape) -> int | Shape:
    return -shifts if isinstance(shifts, int) else tuple([-n for n in shifts])


# -- pieces and their reunion ----------------------------------------------------------------------


def along(dim: int, start: int, stop: int) -> tuple[slice, ...]:
    """The index of positions start..stop of one axis."""
    return (slice(None),) * dim + (slice(start, stop),)


def _joined(out: Array, tensors: Sequence[Array], *rest: Any) -> Array:
    """With channels last if all have them so; else row by row."""
    return channels_last(out) if all([has_channels_last(one) for one in tensors]) else in_rows(out)


def _stacked(out: Array, tensors: Sequence[Array], dim: int) -> Array:
    """As `_joined` along `dim`, which is then two: so PyTorch stacks, except at the end."""
    if dim < out.ndim - 1 and all([has_channels_last(one) for one in tensors]):
        order = [k + (k >= dim) for k in CHANNELS_LAST[out.ndim - 1]]
        order.insert(order.index(dim + 1), dim)
        return arranged(out, tuple(order))
    return in_rows(out)


cat = primitive(
    "cat", lambda tensors, dim, offsets: np.concatenate(tensors, dim),
    lambda g, position, dim, offsets: g[along(dim, offsets[position], offsets[position + 1])],
    variadic=True, half="moves", layout=_joined,
)  # fmt: skip
"""Joined along `dim`; operand k fills offsets[k]..offsets[k+1]."""

stack = primitive(
    "stack",
    lambda tensors, dim: np.stack(tensors, dim),
    lambda g, position, dim: g[(slice(None),) * dim + (position,)],
    variadic=True,
    half="moves",
    layout=_stacked,
)


def _pad(x: Array, widths: Sequence[tuple[int, int]], value: float) -> Array:
    return np.pad(x, widths, constant_values=value)


pad = primitive(
    "pad", _pad, lambda g, shape, widths: g[tuple([slice(a, a + n) for (a, _), n in zip(widths, shape, strict=True)])],
    half="moves", layout=channels,
)  # fmt: skip


# -- triangles and diagonals -----------------------------------------------------------------------

tril = primitive(
    "tril",
    lambda x, diagonal: np.tril(x, diagonal),
    lambda g, diagonal: tril(g, diagonal),
    half="moves",
    layout=in_rows,
)
triu = primitive(
    "triu",
    lambda x, diagonal: np.triu(x, diagonal),
    lambda g, diagonal: triu(g, diagonal),
    half="moves",
    layout=in_rows,
)


def _diagonal(x: Array, offset: int, dim1: int, dim2: int) -> Array:
    out = np.diagonal(x, offset, dim1, dim2)
    out.flags.writeable = x.flags.writeable  # NumPy's diagonal is read-only; PyTorch's is a view like any other
    return out


def _onto_diagonal(x: Array, size: Shape, offset: int, dim1: int, dim2: int) -> Array:
    out = np.zeros(size, x.dtype)
    _diagonal(out, offset, dim1, dim2)[...] = x
    return out


diagonal = primitive(
    "diagonal", _diagonal, lambda g, shape, offset, dim1, dim2: onto_diagonal(g, shape, offset, dim1, dim2),
    view=True, half="moves",
)  # fmt: skip
onto_diagonal = primitive(
    "onto_diagonal", _onto_diagonal, lambda g, offset, dim1, dim2: diagonal(g, offset, dim1, dim2),
    half="moves",
)  # fmt: skip
"""Zeros of the given size with x on one diagonal: the transpose of `diagonal`."""


# -- sliding windows -------------------------------------------------------------------------------


def _windows(x: Array, dim: int, size: int, step: int) -> Array:
    return np.moveaxis(np.lib.stride_tricks.sliding_window_view(x, size, dim, writeable=True), dim, dim)[
        (slice(None),) * dim + (slice(None, None, step),)
    ]


def _add_windows(x: Array, shape_of: Shape, dim: int, size: int, step: int) -> Array:
    out = np.zeros(shape_of, x.dtype)
    spread = _windows(out, dim, size, step)
    for k in range(x.shape[dim]):  # windows overlap: one after the other
        at = (slice(None),) * dim + (k,)
        spread[at] += x[at]
    return out


windows = primitive(
    "windows", _windows, lambda g, shape, dim, size, step: add_windows(g, shape, dim, size, step),
    view=True, half="rules",
)  # fmt: skip
"""Slices of `size` along `dim`, `step` apart, as a new last axis (Tensor.unfold)."""
add_windows = primitive("add_windows", _add_windows, lambda g, dim, size, step: windows(g, dim, size, step))
