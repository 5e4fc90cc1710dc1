"""Inverses, determinants and factorisations of the last two axes; leading axes are batches.

The rules follow M. Giles, "An extended collection of matrix derivative results for forward and
reverse mode algorithmic differentiation" (2008), with K = the cotangent brought into the factors'
own basis.

Where singular values (eigenvalues) coincide, the vectors are any basis of their space, and what the rule is
told, the cotangents of values and vectors, does not determine the gradient in general: of the trace and of the
sum of all elements, each written as a function of the decomposition of a zero matrix, they are the same.
So it is NaN there, except where they do say enough:

    values alone were used       exact for a symmetric function of them, else (the largest, say) a subgradient
    vectors alone were used      exact if the function does not depend on the choice of basis, else NaN
    neither, of these places     exact: a function of the first few vectors, say
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_nn.errors import LinAlgError, OperandError, message
from tinygrad_nn.ops.elementwise import cast, le, logical_and, unsloped, where, zeros_like
from tinygrad_nn.ops.linalg import mT
from tinygrad_nn.ops.reduce import amax, sum
from tinygrad_nn.ops.shape import cat, tril, triu
from tinygrad_nn.order import columns, columns_of
from tinygrad_nn.primitive import primitive

Array = Any
Factors = tuple[Array, ...]
DOUBLE = np.dtype(np.float64)


# -- failures --------------------------------------------------------------------------------------


def _explained(name: str, x: Array, fails: Callable[[Array], bool], what: str, fix: str) -> LinAlgError:
    """The error for the first matrix of a batch that fails, which it names."""
    place = ""
    if x.ndim > 2:
        flat = x.reshape(-1, *x.shape[-2:])
        place = f"(Batch element {next(k for k in range(len(flat)) if fails(flat[k]))}): "
    return LinAlgError(message(f"linalg.{name}: {place}{what}", got=f"shape {tuple(x.shape)}", fix=fix))


def _raises(function: Callable[[Array], Any]) -> Callable[[Array], bool]:
    def fails(x: Array) -> bool:
        try:
            function(x)
        except np.linalg.LinAlgError:
            return True
        return False

    return fails


SINGULAR = (
    "the input matrix is singular, so it has no inverse",
    "linalg.pinv, or add a small multiple of the identity",
)
INDEFINITE = (
    "The factorization could not be completed because the input is not positive-definite",
    "add a small multiple of the identity, or check that the matrix is symmetric",
)
DIVERGED = (
    "The algorithm failed to converge because the input matrix contained non-finite values",
    "look for the first NaN or infinity: isfinite(x).all()",
)


# -- inverses and determinants ---------------------------------------------------------------------


def _poisoned(out: Array, x: Array) -> Array:
    """The result, all of it NaN where a matrix has a NaN: LAPACK may leave some of it out."""
    nan = np.isnan(x).any((-2, -1), keepdims=True)
    return np.where(nan, x.dtype.type(np.nan), out) if nan.any() else out


def _inv(x: Array) -> Array:
    try:
        return _poisoned(np.linalg.inv(x), x)
    except np.linalg.LinAlgError:
        raise _explained("inv", x, _raises(np.linalg.inv), *SINGULAR) from None


def _solve(x: Array, y: Array) -> Array:
    try:
        return _poisoned(np.linalg.solve(x, y), x)
    except np.linalg.LinAlgError:
        raise _explained("solve", x, _raises(np.linalg.inv), *SINGULAR) from None


inv = primitive("inv", _inv, lambda g, out: -(mT(out) @ g @ mT(out)), layout=columns)


def _solve_x(g: Array, x: Array, out: Array) -> Array:
    return -(solve(mT(x), g) @ mT(out))


def _solve_y(g: Array, x: Array) -> Array:
    return solve(mT(x), g)


solve = primitive("solve", _solve, _solve_x, _solve_y, layout=columns)
"""The Y with x Y = y, for matrices."""


def _square(g: Array) -> Array:
    """A cotangent of scalars, one per matrix, to be multiplied with the matrices."""
    return g[..., None, None]


def _exclusive(s: Array) -> Array:
    """At each place of the last axis the product of all the others."""
    ones = np.ones_like(s[..., :1])
    before = np.cumprod(np.concatenate((ones, s[..., :-1]), -1), -1)
    after = np.cumprod(np.concatenate((ones, s[..., :0:-1]), -1), -1)[..., ::-1]
    return before * after


def _decomposed(x: Array) -> tuple[Array, Array, Array, Array]:
    """U, s, V^T and the sign of det U V: NaN, where there is NaN or an infinity in x."""
    finite = np.isfinite(x).all((-2, -1), keepdims=True)
    u, s, vh = np.linalg.svd(np.where(finite, x, 0))
    sign = np.round(np.linalg.det(u) * np.linalg.det(vh))
    return u, s, vh, np.where(finite, sign[..., None, None], np.nan)


def _cofactor(x: Array) -> Array:
    """det(x) inv(x)^T, also where x is singular: sign * U diag(product of the other singular values) Vh."""
    if not x.size:
        return np.zeros_like(x)
    u, s, vh, sign = _decomposed(x)
    return ((u * _exclusive(s)[..., None, :]) @ vh * sign).astype(x.dtype, copy=False)


def _cofactor_slope(x: Array, g: Array) -> Array:
    """The derivative of the cofactors in direction g, a polynomial too.

    In the basis of the singular vectors, with P_ij the product of all singular values but s_i and s_j:
    diagonal elements give the others P_ij, an element ij takes P_ij from ji.
    """
    if not x.size:
        return np.zeros_like(x)
    u, s, vh, sign = _decomposed(x)
    turned = mT(u) @ g @ mT(vh)
    n = s.shape[-1]
    left = np.broadcast_to(s[..., None, :], (*s.shape, n)).copy()
    left[..., np.arange(n), np.arange(n)] = 1
    pairs = _exclusive(left)
    pairs[..., np.arange(n), np.arange(n)] = 0
    core = -mT(turned) * pairs
    core[..., np.arange(n), np.arange(n)] = (pairs @ np.diagonal(turned, 0, -2, -1)[..., None])[..., 0]
    return (u @ core @ vh * sign).astype(x.dtype, copy=False)


def _inner(x: Array, y: Array) -> Array:
    return sum(x * y, (x.ndim - 2, x.ndim - 1), True)


def _cofactor_slope_x(g: Array, x: Array, y: Array, out: Array) -> Array:
    """From C' = (<C, y> C - C y^T C) / det: needs a determinant, and is NaN or infinite without one."""
    c = cofactor(x)
    both = _inner(g, c) * y + _inner(y, c) * g - g @ mT(c) @ y - y @ mT(c) @ g
    return (cofactor_slope(x, both) - _inner(g, out) * c) / _square(det(x))


def _det_rule(g: Array, x: Array) -> Array:
    return _square(g) * cofactor(x)


def _unknown(x: Array, out: Array) -> Array:
    """Where a determinant is NaN: LAPACK takes a NaN pivot for none, and says 0."""
    return np.isnan(x).any((-2, -1)) | (out == 0) & np.isinf(x).any((-2, -1))


def _det(x: Array) -> Array:
    with np.errstate(invalid="ignore"):
        out = np.linalg.det(x)
    return np.where(_unknown(x, out), out.dtype.type(np.nan), out)[()]


def _slogdet(x: Array) -> tuple[Array, Array]:
    with np.errstate(invalid="ignore"):
        sign, logabsdet = np.linalg.slogdet(x)
    unknown, nan = _unknown(x, sign), logabsdet.dtype.type(np.nan)
    return np.where(unknown, nan, sign)[()], np.where(unknown, nan, logabsdet)[()]


det = primitive("det", lambda x: _det(x), _det_rule)
cofactor = primitive("cofactor", _cofactor, lambda g, x: cofactor_slope(x, g))
cofactor_slope = primitive(
    "cofactor_slope", lambda x, y: _cofactor_slope(x, y), _cofactor_slope_x, lambda g, x: cofactor_slope(x, g)
)
slogdet = primitive("slogdet", lambda x: _slogdet(x), lambda g, x: _square(g[1]) * mT(inv(x)), multi=True)
"""The sign of the determinant, and the logarithm of its absolute value (-inf if singular)."""


def _pinv_rule(g: Array, x: Array, out: Array, atol: Array | float, rtol: Array | float) -> Array:
    """d pinv = -P dx P + P P^T dx^T (1 - x P) + (1 - P x) dx^T P^T P, with P = pinv(x), transposed.

    Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems
    whose variables separate" (1973), equation 4.12. Valid where the rank does not change.
    """
    if x.dtype != DOUBLE:  # what cancels is as large as the square of the condition
        x, g = cast(x, DOUBLE), cast(g, DOUBLE)
        out = pinv(x, atol, rtol)
    gt, pt = mT(g), mT(out)
    left = gt @ out @ pt  # G^T P P^T
    right = pt @ out @ gt  # P^T P G^T
    return left - x @ (out @ left) + right - (right @ out) @ x - pt @ g @ pt


def _pinv(x: Array, atol: Array | float, rtol: Array | float) -> Array:
    """V diag(1/s) U^T over the singular values above the tolerance."""
    u, s, vh = _svd(x.astype(DOUBLE, copy=False), False)
    keep = s > np.maximum(atol, np.asarray(rtol) * np.max(s, -1, initial=0))[..., None]
    inverse = np.divide(1, s, out=np.zeros_like(s), where=keep)
    return (mT(vh) @ (inverse[..., None] * mT(u))).astype(x.dtype, copy=False)


pinv = primitive("pinv", _pinv, _pinv_rule, arity=1)


# -- triangular factors ----------------------------------------------------------------------------


def _finite_cholesky(x: Array) -> Array:
    out = np.linalg.cholesky(x)
    if np.isnan(out).any():  # LAPACK calls a matrix with NaN neither definite nor not
        raise np.linalg.LinAlgError
    return out


def _cholesky(x: Array) -> Array:
    try:
        return _finite_cholesky(x)
    except np.linalg.LinAlgError:
        raise _explained("cholesky", x, _raises(_finite_cholesky), *INDEFINITE) from None


def _halved(x: Array) -> Array:
    """The lower triangle, half of the diagonal."""
    return (tril(x, 0) + tril(x, -1)) * 0.5


def _cholesky_rule(g: Array, out: Array) -> Array:
    """L^-T (the lower triangle of L^T g, half its diagonal) L^-1, made symmetric."""
    inner = solve(mT(out), mT(solve(mT(out), mT(_halved(mT(out) @ g)))))
    return (inner + mT(inner)) * 0.5


cholesky = primitive("cholesky", _cholesky, _cholesky_rule, layout=columns)
"""The lower L with L L^T = x; reads the lower triangle of x only."""


def _qr(x: Array, mode: str) -> Factors:
    return tuple([columns_of(factor) for factor in np.linalg.qr(x, mode)])


def _qr_square(gq: Array, gr: Array, q: Array, r: Array) -> Array:
    """For square R: (gQ + Q (the lower triangle of M, mirrored)) R^-T with M = R gR^T - gQ^T Q."""
    m = r @ mT(gr) - mT(gq) @ q
    lower = tril(m, 0) + mT(tril(m, -1))
    return mT(solve(r, mT(gq + q @ lower)))


def _qr_rule(g: Factors, out: Factors, shape: tuple[int, ...]) -> Array:
    """Columns beyond the rows, x = [X Y], are Y = Q V: they depend on Q, which depends on X alone."""
    (gq, gr), (q, r) = g, out
    rows, columns = shape[-2:]
    if q.shape[-1] > columns:
        raise OperandError(
            "linalg.qr: The QR decomposition is not differentiable when mode='complete' and nrows > ncols: "
            f"the columns beyond the rank are not unique\n  got: shape {shape}\n  fix: mode='reduced'"
        )
    if columns <= rows:
        return _qr_square(gq, gr, q, r)
    beyond = gr[..., rows:]
    first = _qr_square(gq + q @ (r[..., rows:] @ mT(beyond)), triu(gr[..., :rows], 0), q, r[..., :rows])
    return cat((first, q @ beyond), len(shape) - 1, (0, rows, columns))


qr = primitive("qr", _qr, _qr_rule, multi=True, arity=1)


# -- spectral factors ------------------------------------------------------------------------------


def _eye(like: Array) -> Array:
    return np.eye(like.shape[-1], dtype=bool)


def _close_pairs(values: Array) -> Array:
    """Which values agree to rounding, as a matrix of pairs."""
    limit = 4 * np.finfo(values.dtype).eps * np.max(np.abs(values), -1, initial=0)
    return np.abs(values[..., None, :] - values[..., None]) <= limit[..., None, None]


def _negligible(x: Array, beside: Array) -> Array:
    """Which elements of a matrix are rounding beside the largest of another."""
    largest = np.max(np.abs(beside), (-2, -1), initial=0, keepdims=True)
    return np.abs(x) <= 16 * np.finfo(x.dtype).eps * largest


def _silent(values: Array, vectors: Array) -> Array:
    """Which places of a spectrum a function ignores: neither the value nor the vector (a row) has a cotangent."""
    return (values == 0) & np.all(vectors == 0, -1)


close_pairs = primitive("close_pairs", _close_pairs)
negligible = primitive("negligible", _negligible, arity=2)
silent = primitive("silent", _silent, arity=2)


def _over_gaps(numerator: Array, gaps: Array, close: Array, known: Array) -> Array:
    """numerator / gaps; where a gap is none, 0 if that is known to be right, else NaN. 0 on the diagonal."""
    at_close = where(known, unsloped(numerator), np.nan)
    return where(_eye(gaps), 0.0, where(close, at_close, numerator / where(close, 1.0, gaps)))


def _both(each: Array) -> Array:
    return logical_and(each[..., None, :], each[..., None])


def _svd(x: Array, full: bool) -> Factors:
    try:
        u, s, vh = np.linalg.svd(x, full_matrices=full)
        return columns_of(u), s, columns_of(vh)
    except np.linalg.LinAlgError:
        raise _explained("svd", x, _raises(np.linalg.svd), *DIVERGED) from None


def _svd_rule(g: Factors, out: Factors) -> Array:
    """U core V^T, plus what leaves the span of U or of V.

    With a = skew(U^T gU) and b = skew(V^T gV), core_ij = (a + b) / 2(s_j - s_i) + (a - b) / 2(s_j + s_i): of
    a U V^T, say, only the second part is left, which repeated singular values do not harm.
    """
    (gu, gs, gvh), (u, s, vh) = g, out
    rank = s.shape[-1]
    u, vh = u[..., :rank], vh[..., :rank, :]
    if gu is None and gvh is None:
        return (u * gs[..., None, :]) @ vh
    gu = zeros_like(u) if gu is None else gu[..., :rank]
    gvh = zeros_like(vh) if gvh is None else gvh[..., :rank, :]
    uu, vv = mT(u) @ gu, vh @ mT(gvh)
    a, b = uu - mT(uu), vv - mT(vv)
    plus, minus, size = (a + b) * 0.5, (a - b) * 0.5, cat((uu, vv), s.ndim, (0, rank, 2 * rank))
    wide, tall = s[..., None, :], s[..., None]
    if gs is None:
        ignored = logical_and(silent(zeros_like(s), mT(gu)), silent(zeros_like(s), gvh))
        same, none = negligible(plus, size), logical_and(negligible(plus, size), negligible(minus, size))
    else:
        ignored = logical_and(silent(gs, mT(gu)), silent(gs, gvh))
        same = none = _both(ignored)
    zero = le(s, 4 * np.finfo(s.dtype).eps * amax(s, (s.ndim - 1,), True))
    core = _over_gaps(plus, wide - tall, close_pairs(s), same) + _over_gaps(minus, wide + tall, _both(zero), none)
    if gs is not None:
        core = core + where(_eye(s), gs[..., None], 0.0)
    result = u @ core @ vh
    if u.shape[-2] > rank:
        result = result + _over_values(gu - u @ uu, wide, zero[..., None, :], ignored[..., None, :]) @ vh
    if vh.shape[-1] > rank:
        result = result + u @ _over_values(gvh - mT(vv) @ vh, tall, zero[..., None], ignored[..., None])
    return result


def _over_values(numerator: Array, values: Array, zero: Array, ignored: Array) -> Array:
    """numerator / values; at a singular value of zero, 0 if the function ignores it, else NaN."""
    return where(zero, where(ignored, unsloped(numerator), np.nan), numerator / where(zero, 1.0, values))


svd = primitive("svd", _svd, _svd_rule, multi=True, partial=True, arity=1)
"""U, S, Vh. Of full matrices, the columns beyond the rank's size receive no gradient (they are not unique)."""


def _eigh(x: Array, triangle: str) -> Factors:
    if not np.all(np.isfinite(x)):
        raise _explained("eigh", x, lambda one: not np.all(np.isfinite(one)), *DIVERGED)
    values, vectors = np.linalg.eigh(x, triangle)
    return values, columns_of(vectors)


def _eigh_rule(g: Factors, out: Factors) -> Array:
    """Q (gL + skew(Q^T gQ) / E) Q^T with E = l_j - l_i."""
    (gl, gq), (values, q) = g, out
    if gq is None:
        return (q * gl[..., None, :]) @ mT(q)
    turned = mT(q) @ gq
    skew = (turned - mT(turned)) * 0.5
    known = negligible(skew, turned) if gl is None else _both(silent(gl, mT(gq)))
    core = _over_gaps(skew, values[..., None, :] - values[..., None], close_pairs(values), known)
    if gl is not None:
        core = core + where(_eye(values), gl[..., None], 0.0)
    return q @ core @ mT(q)


eigh = primitive("eigh", _eigh, _eigh_rule, multi=True, partial=True, arity=1)
"""L, Q of a symmetric x, of which one triangle is read ("L" or "U")."""
