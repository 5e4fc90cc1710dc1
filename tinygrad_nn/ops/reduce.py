"""Reductions and scans. `dim` is a tuple of non-negative axes, or None for all of them.

A reduction's rule gives its cotangent with the reduced axes as size one; the walk broadcasts it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod as prod_of
from typing import Any

import numpy as np

from tinygrad_nn.ops.elementwise import eq, exp, isfinite, isnan, logical_or, where
from tinygrad_nn.ops.shape import roll
from tinygrad_nn.ops.sums import add_up, plain
from tinygrad_nn.order import in_rows
from tinygrad_nn.primitive import primitive

Array = Any
Dims = tuple[int, ...] | None
Call = Callable[..., Any]

multiply_up: Call = np.multiply.reduce
largest: Call = np.maximum.reduce
smallest: Call = np.minimum.reduce
all_of: Call = np.logical_and.reduce
any_of: Call = np.logical_or.reduce

cumsum: Call  # rules name what stands below them
reverse_cumsum: Call


def kept(g: Array, shape: tuple[int, ...], dim: Dims) -> Array:
    """`g` with the reduced axes of `shape` back in place, as size one."""
    if dim is None:
        return g.reshape((1,) * len(shape))
    return g.reshape(tuple([1 if k in dim else n for k, n in enumerate(shape)]))


def _sum(x: Array, dim: Dims, keepdim: bool) -> Array:
    kind = x.dtype.kind
    if kind == "f" and x.dtype.itemsize > 2:
        return add_up(x, dim, None, None, keepdim)
    wide = np.float32 if kind in "fV" else np.int64  # half precision adds in single, integers in int64
    out = add_up(x, dim, wide, None, keepdim)
    return out.astype(x.dtype) if kind in "fV" else out


sum = primitive("sum", _sum, lambda g, shape, dim: kept(g, shape, dim), layout=in_rows)
prod = primitive(
    "prod",
    lambda x, dim, keepdim: _prod(x, dim, keepdim),
    lambda g, x, shape, dim: kept(g, shape, dim) * _prod_of_others(x, dim),
    layout=in_rows,
)


def _prod(x: Array, dim: Dims, keepdim: bool) -> Array:
    out = multiply_up(x, dim, _wide(x), None, keepdim)
    return out if x.dtype.kind in "iub" else out.astype(x.dtype, copy=False)


def _wide(x: Array) -> Any:
    """What goes from one element to the next is kept in int64, or in float64."""
    return np.int64 if x.dtype.kind in "iub" else np.float64


def _scan(ufunc: Call, x: Array, dim: int) -> Array:
    out = ufunc(x, axis=dim, dtype=_wide(x))
    return out if x.dtype.kind in "iub" else out.astype(x.dtype, copy=False)


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
        out[tuple(tail)] = np.cumprod(y[tuple(head)], axis=dim, dtype=_wide(x))
    return np.flip(out, dim) if reverse else out


def _linear_scan(x: Array, factor: Array, dim: int, reverse: bool) -> Array:
    out = np.empty(np.broadcast_shapes(x.shape, factor.shape), x.dtype)
    rows, factors, terms = (np.moveaxis(array, dim, 0) for array in (out, factor, x))
    places = range(len(rows) - 1, -1, -1) if reverse else range(len(rows))
    before: Array | None = None
    for k in places:
        rows[k] = terms[k] if before is None else factors[k] * before + terms[k]
        before = rows[k]
    return out


def _shifted(x: Array, dim: int, reverse: bool) -> Array:
    """At each place its predecessor in the scan's direction; 0 at the first."""
    n = x.shape[dim]
    first = (np.arange(n) == (n - 1 if reverse else 0)).reshape((n,) + (1,) * (x.ndim - dim - 1))
    return where(first, 0.0, roll(x, -1 if reverse else 1, dim))


def _linear_scan_rule(g: Array, factor: Array, out: Array, dim: int, reverse: bool) -> tuple[Array, Array]:
    cots = linear_scan(g, roll(factor, 1 if reverse else -1, dim), dim, not reverse)
    return cots, cots * _shifted(out, dim, reverse)


linear_scan = primitive("linear_scan", _linear_scan, arity=2, joint=_linear_scan_rule)
"""out_i = x_i + factor_i out_(i-1), along `dim` (with reverse, out_(i+1)); the first factor does not count."""


def _exclusive_cumprod_rule(g: Array, x: Array, dim: int, reverse: bool) -> Array:
    """For out_i = prod of x_j over j < i: g_j = prod_{k<j} x_k times T_j = g_(j+1) + x_(j+1) T_(j+1).

    Nothing is divided by, so zeros cost nothing in accuracy; and the work is linear.
    """
    after = linear_scan(_shifted(g, dim, not reverse), roll(x, 1 if reverse else -1, dim), dim, not reverse)
    return exclusive_cumprod(x, dim, reverse) * after


def _cumprod_rule(g: Array, x: Array, dim: int) -> Array:
    """The same with x_j among the factors of out_j: T_j = g_j + x_(j+1) T_(j+1). NaN for an x_j that is not finite."""
    slope = exclusive_cumprod(x, dim, False) * linear_scan(g, roll(x, -1, dim), dim, True)
    return where(isfinite(x), slope, np.nan)


exclusive_cumprod = primitive("exclusive_cumprod", _exclusive_cumprod, _exclusive_cumprod_rule, arity=1)
cumprod = primitive(
    "cumprod",
    lambda x, dim: _scan(np.cumprod, x, dim),
    _cumprod_rule,
    layout=in_rows,
)
cumsum = primitive(
    "cumsum",
    lambda x, dim: _scan(np.cumsum, x, dim),
    lambda g, dim: reverse_cumsum(g, dim),
    layout=in_rows,
)
reverse_cumsum = primitive(
    "reverse_cumsum",
    lambda x, dim: np.flip(_scan(np.cumsum, np.flip(x, dim), dim), dim),
    lambda g, dim: cumsum(g, dim),
)


# -- roots of sums of squares ----------------------------------------------------------------------


def _scale(x: Array, dim: Dims) -> Array:
    """The power of two next to the largest |x|, with the reduced axes as size one; 1 where that is 0 or not finite."""
    size = largest(np.abs(x), dim, None, None, True, initial=0)
    return np.where(
        (size > 0) & np.isfinite(size), np.ldexp(size.dtype.type(1), np.frexp(size)[1] - 1), size.dtype.type(1)
    )


scale_along = primitive("scale_along", _scale)
"""A constant to divide by, exactly, so that squares neither overflow nor vanish; no gradient."""


def _risky(powers: Array) -> Array:
    """Where a sum of powers has left the range in which it has all digits."""
    limits = np.finfo(powers.dtype)
    return ~(np.isfinite(powers) & (powers > limits.tiny / limits.eps))


def _norm_scale(x: Array, dim: Dims, p: float) -> Array:
    """1, unless the sum of |x|^p over `dim` leaves the range in which it has all digits: then the scale."""
    total = add_up(np.power(np.abs(x), x.dtype.type(p)), dim, None, None, True)
    risky = _risky(total) | np.isinf(np.power(total, total.dtype.type(1 / p - 1)))  # the slope is of that size
    return np.where(risky, _scale(x, dim), x.dtype.type(1))


norm_scale = primitive("norm_scale", _norm_scale)
"""What to divide by before powers are taken; no gradient."""


def _norm(x: Array, dim: Dims, keepdim: bool) -> Array:
    squares = add_up(np.square(x), dim, None, None, keepdim)
    if not np.any(_risky(squares)):
        return np.sqrt(squares)
    scale = _scale(x, dim)
    return np.sqrt(add_up(np.square(x / scale), dim, None, None, keepdim)) * scale.reshape(squares.shape)


def _norm_rule(g: Array, x: Array, out: Array, shape: tuple[int, ...], dim: Dims) -> Array:
    """x over its norm, 0 where that is 0."""
    size, g = kept(out, shape, dim), kept(g, shape, dim)
    none = eq(size, 0)
    return where(none, 0.0, g * (x / where(none, 1.0, size)))


norm = primitive("norm", _norm, _norm_rule, layout=in_rows)
"""The root of the sum of squares, also of numbers whose squares overflow or vanish. Not of half precision."""


def _centred(x: Array, dim: Dims) -> Array:
    """x less its mean; what rounding left of the mean is taken off as well, so that equal elements give zeros."""
    count = _count(x, dim)
    gaps = x - sum(x, dim, True) / count
    return gaps - sum(gaps, dim, True) / count


def _count(x: Array, dim: Dims) -> int:
    return prod_of([n for k, n in enumerate(x.shape) if dim is None or k in dim])


def _spread(x: Array, dim: Dims, keepdim: bool, freedom: float) -> tuple[Array, Array]:
    """sum (x - mean)^2 / freedom of x / scale, and the scale: 1, unless squares would overflow or vanish."""
    with np.errstate(all="ignore"):
        spread = add_up(np.square(_centred(x, dim)), dim, None, None, keepdim) / x.dtype.type(max(freedom, 0))
        if not np.any(_risky(spread)) or freedom <= 0:
            return spread, x.dtype.type(1)
        scale = _scale(x, dim)
        return (
            add_up(np.square(_centred(x / scale, dim)), dim, None, None, keepdim) / x.dtype.type(freedom),
            scale.reshape(spread.shape),
        )


def _variance(x: Array, dim: Dims, keepdim: bool, freedom: float) -> Array:
    spread, scale = _spread(x, dim, keepdim, freedom)
    return np.asarray(spread * scale * scale)


def _deviation(x: Array, dim: Dims, keepdim: bool, freedom: float) -> Array:
    spread, scale = _spread(x, dim, keepdim, freedom)
    return np.asarray(np.sqrt(spread) * scale)


def _over(x: Array, freedom: float) -> Array:
    return x / freedom if freedom else x * np.inf


def _variance_rule(g: Array, x: Array, shape: tuple[int, ...], dim: Dims, freedom: float) -> Array:
    return kept(g, shape, dim) * _over(_centred(x, dim) * 2, freedom)


def _deviation_rule(g: Array, x: Array, out: Array, shape: tuple[int, ...], dim: Dims, freedom: float) -> Array:
    """(x - mean) / (freedom * std), 0 where the deviation is 0."""
    scale = scale_along(x, dim)
    size, g = kept(out, shape, dim) / scale, kept(g, shape, dim)
    none = eq(size, 0)
    return where(none, 0.0, g * _over(_centred(x / scale, dim) / where(none, 1.0, size), freedom))


variance = primitive("variance", _variance, _variance_rule, layout=in_rows)
"""sum (x - mean)^2 / max(freedom, 0); the slope takes a negative freedom as it is, as PyTorch's does."""
deviation = primitive("deviation", _deviation, _deviation_rule, layout=in_rows)
"""The root of the variance, also where the squares overflow or vanish. Neither is of half precision."""


# -- extremes: ties share the gradient evenly ------------------------------------------------------


def _extreme_rule(g: Array, x: Array, out: Array, shape: tuple[int, ...], dim: Dims, keepdim: bool) -> Array:
    best = kept(out, shape, dim)
    winners = eq(x, best)
    share = where(winners, 1.0, 0.0)
    share = share / sum(share, dim, True)  # of NaN, which wins nothing: NaN everywhere
    return where(logical_or(winners, isnan(best)), kept(g, shape, dim) * share, 0.0)


amax = primitive("amax", lambda x, dim, keepdim: largest(x, dim, None, None, keepdim), _extreme_rule, layout=in_rows)
amin = primitive("amin", lambda x, dim, keepdim: smallest(x, dim, None, None, keepdim), _extreme_rule, layout=in_rows)


all = primitive("all", lambda x, dim, keepdim: all_of(x, dim, None, None, keepdim), layout=in_rows)
any = primitive("any", lambda x, dim, keepdim: any_of(x, dim, None, None, keepdim), layout=in_rows)


# -- exponentials summed without overflow ----------------------------------------------------------


NARROW = 16
"""Up to how many columns a matrix is reduced along its rows as a transposed copy."""


def along(reduction: Call, x: Array, dim: int) -> Array:
    """`reduction` over one axis, which stays as size one.

    NumPy runs a loop for each row; with ten columns, one a class, a transposed copy takes a fifth of that.
    """
    if dim == 1 and x.ndim == 2 and x.shape[1] <= NARROW:
        reduction = plain if reduction is add_up else reduction  # so few are not folded
        return reduction(np.ascontiguousarray(x.T), 0)[:, None]
    return reduction(x, dim, None, None, True)


def _peak(x: Array, dim: Dims) -> Array:
    if not x.size:
        return np.zeros_like(add_up(x, dim, None, None, True))
    peak = largest(x, dim, None, None, True)
    return np.where(np.isfinite(peak), peak, 0).astype(x.dtype, copy=False)


def _logsumexp(x: Array, dim: Dims, keepdim: bool) -> Array:
    peak = _peak(x, dim)
    total = np.log(add_up(np.exp(x - peak), dim, None, None, True)) + peak
    return total if keepdim else total.reshape(add_up(x, dim).shape) if dim is None else np.squeeze(total, dim)


def _softmax(x: Array, dim: int) -> Array:
    if not x.size:
        return x.copy()
    out = np.exp(x - along(largest, x, dim))
    out /= along(add_up, out, dim)
    return out


def _log_softmax(x: Array, dim: int) -> Array:
    if not x.size:
        return x.copy()
    shifted = x - along(largest, x, dim)
    shifted -= np.log(along(add_up, np.exp(shifted), dim))
    return shifted


logsumexp = primitive(
    "logsumexp",
    _logsumexp,
    lambda g, x, out, shape, dim: kept(g, shape, dim) * exp(x - kept(out, shape, dim)),
    layout=in_rows,
)
softmax = primitive("softmax", _softmax, lambda g, out, dim: out * (g - sum(g * out, (dim,), True)), layout=in_rows)
log_softmax = primitive(
    "log_softmax", _log_softmax, lambda g, out, dim: g - exp(out) * sum(g, (dim,), True), layout=in_rows
)
