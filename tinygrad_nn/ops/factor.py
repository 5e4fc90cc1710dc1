"""Inverses, determinants and factorisations of the last two axes; leading axes are batches.

The rules follow M. Giles, "An extended collection of matrix derivative results for forward and
reverse mode algorithmic differentiation" (2008), with K = the cotangent brought into the factors'
own basis. Where singular values (eigenvalues) coincide, their vectors have no derivative: a
cotangent that asks for it gives infinities, one that does not (a sum of singular values) is exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_nn.errors import LinAlgError, OperandError, message
from tinygrad_nn.ops.elementwise import eq, logical_and, where
from tinygrad_nn.ops.linalg import mT
from tinygrad_nn.ops.reduce import sum
from tinygrad_nn.ops.shape import cat, tril, triu
from tinygrad_nn.order import columns, columns_of
from tinygrad_nn.primitive import primitive

Array = Any
Factors = tuple[Array, ...]


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


def _inv(x: Array) -> Array:
    try:
        return np.linalg.inv(x)
    except np.linalg.LinAlgError:
        raise _explained("inv", x, _raises(np.linalg.inv), *SINGULAR) from None


def _solve(x: Array, y: Array) -> Array:
    try:
        return np.linalg.solve(x, y)
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


def _cofactor(x: Array) -> Array:
    """det(x) inv(x)^T, also where x is singular: sign * U diag(product of the other singular values) Vh."""
    u, s, vh = np.linalg.svd(x)
    others = np.ones_like(s)
    for k in range(s.shape[-1]):
        others[..., k] = np.prod(np.delete(s, k, -1), -1)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return ((u * others[..., None, :]) @ vh * np.round(sign)[..., None, None]).astype(x.dtype, copy=False)


def _cofactor_rule(g: Array, x: Array, out: Array) -> Array:
    inner = sum(g * out, (x.ndim - 2, x.ndim - 1), True)
    return (inner * out - out @ mT(g) @ out) / _square(det(x))


def _det_rule(g: Array, x: Array) -> Array:
    return _square(g) * cofactor(x)


det = primitive("det", lambda x: np.linalg.det(x), _det_rule)
cofactor = primitive("cofactor", _cofactor, _cofactor_rule)
slogdet = primitive(
    "slogdet", lambda x: tuple(np.linalg.slogdet(x)), lambda g, x: _square(g[1]) * mT(inv(x)), multi=True
)
"""The sign of the determinant, and the logarithm of its absolute value (-inf if singular)."""


def _pinv_rule(g: Array, x: Array, out: Array) -> Array:
    """d pinv = -P dx P + P P^T dx^T (1 - x P) + (1 - P x) dx^T P^T P, with P = pinv(x), transposed.

    Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems
    whose variables separate" (1973), equation 4.12. Valid where the rank does not change.
    """
    gt, pt = mT(g), mT(out)
    left = gt @ out @ pt  # G^T P P^T
    right = pt @ out @ gt  # P^T P G^T
    return left - x @ (out @ left) + right - (right @ out) @ x - pt @ g @ pt


def _pinv(x: Array, atol: Array | float, rtol: Array | float) -> Array:
    """V diag(1/s) U^T over the singular values above the tolerance."""
    u, s, vh = _svd(x, False)
    keep = s > np.maximum(atol, np.asarray(rtol) * np.max(s, -1, initial=0))[..., None]
    inverse = np.divide(1, s, out=np.zeros_like(s), where=keep)
    return mT(vh) @ (inverse[..., None] * mT(u))


pinv = primitive("pinv", _pinv, _pinv_rule, arity=1)


# -- triangular factors ----------------------------------------------------------------------------


def _cholesky(x: Array) -> Array:
    try:
        return np.linalg.cholesky(x)
    except np.linalg.LinAlgError:
        raise _explained("cholesky", x, _raises(np.linalg.cholesky), *INDEFINITE) from None


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


def _over_gaps(numerator: Array, values: Array, mirrored: bool) -> Array:
    """numerator_ij / (values_j - values_i), or of the squares; 0 where both are 0 (the diagonal)."""
    v = values * values if mirrored else values
    gaps = v[..., None, :] - v[..., None]
    return numerator / where(logical_and(eq(gaps, 0), eq(numerator, 0)), 1.0, gaps)


def _svd(x: Array, full: bool) -> Factors:
    try:
        u, s, vh = np.linalg.svd(x, full_matrices=full)
        return columns_of(u), s, columns_of(vh)
    except np.linalg.LinAlgError:
        raise _explained("svd", x, _raises(np.linalg.svd), *DIVERGED) from None


def _svd_rule(g: Factors, out: Factors) -> Array:
    """U (skew(U^T gU)/E S + S skew(V^T gV)/E + gS) V^T, plus what leaves the span of U or of V; E = s_j^2 - s_i^2."""
    (gu, gs, gvh), (u, s, vh) = g, out
    rank = s.shape[-1]
    u, gu, vh, gvh = u[..., :rank], gu[..., :rank], vh[..., :rank, :], gvh[..., :rank, :]
    uu, vv = mT(u) @ gu, vh @ mT(gvh)
    wide, tall = s[..., None, :], s[..., None]
    core = (
        _over_gaps(uu - mT(uu), s, True) * wide
        + tall * _over_gaps(vv - mT(vv), s, True)
        + where(_eye(s), gs[..., None], 0.0)
    )
    result = u @ core @ vh
    if u.shape[-2] > rank:
        result = result + ((gu - u @ uu) / wide) @ vh
    if vh.shape[-1] > rank:
        result = result + u @ ((gvh - mT(vv) @ vh) / tall)
    return result


svd = primitive("svd", _svd, _svd_rule, multi=True, arity=1)
"""U, S, Vh. Of full matrices, the columns beyond the rank's size receive no gradient (they are not unique)."""


def _eigh(x: Array, triangle: str) -> Factors:
    if not np.all(np.isfinite(x)):
        raise _explained("eigh", x, lambda one: not np.all(np.isfinite(one)), *DIVERGED)
    values, vectors = np.linalg.eigh(x, triangle)
    return values, columns_of(vectors)


def _eigh_rule(g: Factors, out: Factors) -> Array:
    """Q (gL + skew(Q^T gQ) / E) Q^T with E = l_j - l_i."""
    (gl, gq), (values, q) = g, out
    turned = mT(q) @ gq
    skew = (turned - mT(turned)) * 0.5
    return q @ (_over_gaps(skew, values, False) + where(_eye(values), gl[..., None], 0.0)) @ mT(q)


eigh = primitive("eigh", _eigh, _eigh_rule, multi=True, arity=1)
"""L, Q of a symmetric x, of which one triangle is read ("L" or "U")."""
