"""Primitives that move elements and change none: most give a view of their operand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_nn.errors import ShapeError
from tinygrad_nn.primitive import primitive

Array = Any
Shape = tuple[int, ...]


def _reshape(x: Array, size: Shape) -> Array:
    try:
        return x.reshape(size)
    except ValueError:
        raise ShapeError(f"reshape: {tuple(x.shape)} has {x.size} elements, which do not fill {tuple(size)}") from None


reshape = primitive("reshape", _reshape, lambda g, shape: g.reshape(shape), view=True, half="moves")
clone = primitive("clone", lambda x, order: np.array(x, order=order, copy=True), lambda g: g, half="moves")
"""A copy in the order of x's memory ("K") or row by row ("C")."""
permute = primitive(
    "permute", lambda x, dims: x.transpose(dims), lambda g, dims: permute(g, _inverse(dims)),
    view=True, half="moves",
)  # fmt: skip
expand = primitive("expand", lambda x, size: _expand(x, size), lambda g: g, view=True, half="moves")
flip = primitive("flip", lambda x, dims: np.flip(x, dims).copy(), lambda g, dims: flip(g, dims), half="moves")
roll = primitive(
    "roll", lambda x, shifts, dims: np.roll(x, shifts, dims), lambda g, shifts, dims: roll(g, _negated(shifts), dims),
    half="moves",
)  # fmt: skip


def _expand(x: Array, size: Shape) -> Array:
    out = np.broadcast_to(x, size)
    out.flags.writeable = x.flags.writeable  # views.py refuses writes where elements share memory, and no others
    return out


def _inverse(dims: Shape) -> Shape:
    return tuple(sorted(range(len(dims)), key=dims.__getitem__))


def _negated(shifts: int | Shape) -> int | Shape:
    return -shifts if isinstance(shifts, int) else tuple([-n for n in shifts])


# -- pieces and their reunion ----------------------------------------------------------------------


def along(dim: int, start: int, stop: int) -> tuple[slice, ...]:
    """The index of positions start..stop of one axis."""
    return (slice(None),) * dim + (slice(start, stop),)


cat = primitive(
    "cat", lambda tensors, dim, offsets: np.concatenate(tensors, dim),
    lambda g, position, dim, offsets: g[along(dim, offsets[position], offsets[position + 1])],
    variadic=True, half="moves",
)  # fmt: skip
"""Joined along `dim`; operand k fills offsets[k]..offsets[k+1]."""

stack = primitive(
    "stack",
    lambda tensors, dim: np.stack(tensors, dim),
    lambda g, position, dim: g[(slice(None),) * dim + (position,)],
    variadic=True,
    half="moves",
)


def _pad(x: Array, widths: Sequence[tuple[int, int]], value: float) -> Array:
    return np.pad(x, widths, constant_values=value)


pad = primitive(
    "pad", _pad, lambda g, shape, widths: g[tuple([slice(a, a + n) for (a, _), n in zip(widths, shape, strict=True)])],
    half="moves",
)  # fmt: skip


# -- triangles and diagonals -----------------------------------------------------------------------

tril = primitive("tril", lambda x, diagonal: np.tril(x, diagonal), lambda g, diagonal: tril(g, diagonal), half="moves")
triu = primitive("triu", lambda x, diagonal: np.triu(x, diagonal), lambda g, diagonal: triu(g, diagonal), half="moves")


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
