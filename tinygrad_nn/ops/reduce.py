"""Reductions and scans. `dim` is a tuple of non-negative axes, or None for all of them.

A reduction's rule gives its cotangent with the reduced axes as size one; the walk broadcasts it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.ops.elementwise import eq, exp, where
from tinygrad_nn.primitive import primitive

Array = Any
Dims = tuple[int, ...] | None


def kept(g: Array, shape: tuple[int, ...], dim: Dims) -> Array:
    """`g` with the reduced axes of `shape` back in place, as size one."""
    if dim is None:
        return g.reshape((1,) * len(shape))
    return g.reshape(tuple([1 if k in dim else n for k, n in enumerate(shape)]))


def _sum(x: Array, dim: Dims, keepdim: bool) -> Array:
    kind = x.dtype.kind
    if kind == "f" and x.dtype.itemsize > 2:
        return np.add.reduce(x, dim, None, None, keepdim)
    wide = np.float32 if kind in "fV" else np.int64  # half precision adds in single, integers in int64
    out = np.add.reduce(x, dim, wide, None, keepdim)
    return out.astype(x.dtype) if kind in "fV" else out


sum = primitive("sum", _sum, lambda g, shape, dim: kept(g, shape, dim))
prod = primitive("prod", lambda x, dim, keepdim: _prod(x, dim, keepdim), lambda g, x, shape, dim: kept(g, shape, dim) * _prod_of_others(x, dim))


def _prod(x: Array, dim: Dims, keepdim: bool) -> Array:
    return np.multiply.reduce(x, dim, np.int64 if x.dtype.kind in "iub" else None, None, keepdim)


def _prod_of_others(x: Array, dim: Dims) -> Array:
    """At each place the product of all the others: exact where zeros make a division impossible."""
    ahead = x.ndim if dim is None else 1
    if ahead == 0:
        return where(eq(x, x), 1.0, 1.0)
    shape = x.shape
    if dim is None:
        row, axis = x.reshape((-1,)), 0
    else:
        row, axis = x, dim[0]
    before = exclusive_cumprod(row, axis, False)
    after = exclusive_cumprod(row, axis, True)
    return (before * after).reshape(shape)


def _exclusive_cumprod(x: Array, dim: int, reverse: bool) -> Array:
    y = np.flip(x, dim) if reverse else x
    out = np.ones_like(y)
    if y.shape[dim] > 1:
        head = [slice(None)] * y.ndim
        tail = list(head)
        head[dim], tail[dim] = slice(None, -1), slice(1, None)
        out[tuple(tail)] = np.cumprod(y[tuple(head)], axis=dim)
    return np.flip(out, dim) if reverse else out


def _exclusive_cumprod_rule(g: Array, x: Array, dim: int, reverse: bool) -> Array:
    return _scan_rule(g, x, dim, reverse, exclusive=True)


def _scan_rule(g: Array, x: Array, dim: int, reverse: bool, exclusive: bool) -> Array:
    """For a product scan out_i = prod of x_j over j <= i (j < i if exclusive): g_j = sum_i g_i prod_{k != j} x_k.

    Written as a product over a square of x: entry [i, j] is the row's product without x_j, so
    zeros cost nothing in accuracy. Quadratic in the length of the scan.
    """
    n = x.shape[dim]
    rows = x.swapaxes(dim, -1)  # (..., n)
    cots = g.swapaxes(dim, -1)
    inside = np.tri(n, n, -1 if exclusive else 0, dtype=bool)  # [i, j]: x_j is a factor of out_i
    if reverse:
        inside = inside.T
    square = where(inside, rows.reshape((*rows.shape[:-1], 1, n)), 1.0)
    others = exclusive_cumprod(square, square.ndim - 1, False) * exclusive_cumprod(square, square.ndim - 1, True)
    terms = where(inside, others, 0.0) * cots.reshape((*cots.shape, 1))
    return sum(terms, (terms.ndim - 2,), False).swapaxes(dim, -1)


exclusive_cumprod = primitive("exclusive_cumprod", _exclusive_cumprod, _exclusive_cumprod_rule, arity=1)
cumprod = primitive(
    "cumprod",
    lambda x, dim: np.cumprod(x, axis=dim, dtype=np.int64 if x.dtype.kind in "iub" else x.dtype),
    lambda g, x, dim: _scan_rule(g, x, dim, False, exclusive=False),
)
cumsum = primitive(
    "cumsum",
    lambda x, dim: np.cumsum(x, axis=dim, dtype=np.int64 if x.dtype.kind in "iub" else x.dtype),
    lambda g, dim: reverse_cumsum(g, dim),
)
reverse_cumsum = primitive(
    "reverse_cumsum", lambda x, dim: np.flip(np.cumsum(np.flip(x, dim), axis=dim, dtype=x.dtype), dim), lambda g, dim: cumsum(g, dim)
)


# -- extremes: ties share the gradient evenly ------------------------------------------------------


def _extreme_rule(g: Array, x: Array, out: Array, shape: tuple[int, ...], dim: Dims, keepdim: bool) -> Array:
    winners = eq(x, kept(out, shape, dim))
    share = where(winners, 1.0, 0.0)
    return kept(g, shape, dim) * share / sum(share, dim, True)


amax = primitive("amax", lambda x, dim, keepdim: np.maximum.reduce(x, dim, None, None, keepdim), _extreme_rule)
amin = primitive("amin", lambda x, dim, keepdim: np.minimum.reduce(x, dim, None, None, keepdim), _extreme_rule)


def _first_of(pick: Any) -> Any:
    def forward(x: Array, dim: int | None, keepdim: bool) -> Array:
        return pick(x, axis=dim, keepdims=keepdim) if dim is not None or not keepdim else pick(x).reshape((1,) * x.ndim)

    return forward


argmax = primitive("argmax", _first_of(np.argmax))
argmin = primitive("argmin", _first_of(np.argmin))
all = primitive("all", lambda x, dim, keepdim: np.logical_and.reduce(x, dim, None, None, keepdim))
any = primitive("any", lambda x, dim, keepdim: np.logical_or.reduce(x, dim, None, None, keepdim))


# -- exponentials summed without overflow ----------------------------------------------------------


def _peak(x: Array, dim: Dims) -> Array:
    peak = np.maximum.reduce(x, dim, None, None, True)
    return np.where(np.isfinite(peak), peak, 0).astype(x.dtype, copy=False)


def _logsumexp(x: Array, dim: Dims, keepdim: bool) -> Array:
    peak = _peak(x, dim)
    total = np.log(np.add.reduce(np.exp(x - peak), dim, None, None, True)) + peak
    return total if keepdim else total.reshape(np.add.reduce(x, dim).shape) if dim is None else np.squeeze(total, dim)


def _softmax(x: Array, dim: int) -> Array:
    out = np.exp(x - np.maximum.reduce(x, dim, None, None, True))
    out /= np.add.reduce(out, dim, None, None, True)
    return out


def _log_softmax(x: Array, dim: int) -> Array:
    shifted = x - np.maximum.reduce(x, dim, None, None, True)
    shifted -= np.log(np.add.reduce(np.exp(shifted), dim, None, None, True))
    return shifted


logsumexp = primitive(
    "logsumexp", _logsumexp, lambda g, x, out, shape, dim: kept(g, shape, dim) * exp(x - kept(out, shape, dim))
)
softmax = primitive("softmax", _softmax, lambda g, out, dim: out * (g - sum(g * out, (dim,), True)))
log_softmax = primitive("log_softmax", _log_softmax, lambda g, out, dim: g - exp(out) * sum(g, (dim,), True))
