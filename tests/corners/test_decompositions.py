"""Decompositions where values repeat, matrices are singular, or numbers are not finite.

Expected gradients come from finite differences of the function of the matrix itself (which is smooth there),
or from formulas; where no gradient exists, or the rule cannot know it, it is NaN or an error: never a quiet 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg

NAN, INF = float("nan"), float("inf")
EYE = np.eye(3)
MIX = np.array([[0.3, -1.2, 0.7], [0.9, 0.4, -0.5], [-0.8, 1.1, 0.2]])
WIDE = np.array([[0.3, -1.2], [0.9, 0.4], [-0.8, 1.1]])


def leaf(values: Any, dtype: Any = tg.float64) -> Any:
    return tg.tensor(np.asarray(values), dtype=dtype, requires_grad=True)


def gradients(function: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    """The gradient, and the gradient of its product with MIX."""
    at = leaf(x)
    (first,) = tg.autograd.grad(function(at), at, create_graph=True)
    weight = MIX[: first.shape[-2], : first.shape[-1]]
    (second,) = tg.autograd.grad((first * tg.tensor(weight)).sum(), at, allow_unused=True)
    return first.detach().numpy(), np.zeros_like(np.asarray(x)) if second is None else second.numpy()


def slope(function: Callable[[Any], Any], x: Any, symmetric: bool = False) -> Any:
    """Central differences; of a symmetric matrix along symmetric directions."""
    x = np.asarray(x, np.float64)
    out = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[place] += 0.5e-4
        if symmetric:
            step[place[::-1]] += 0.5e-4
        out[place] = (function(x + step) - function(x - step)) / (np.sum(step) * 2)
    return out


def weighted(matrix: Any) -> Any:
    weight = MIX[: matrix.shape[-2], : matrix.shape[-1]]
    return (matrix * (tg.tensor(weight) if isinstance(matrix, tg.Tensor) else weight)).sum()


# -- repeated eigenvalues and singular values ------------------------------------------------------------


def root_of(x: Any) -> Any:
    values, vectors = tg.linalg.eigh(x)
    return ((vectors * values.rsqrt()) @ vectors.mT).sum()


def plane_of(x: Any) -> Any:
    """The projector on the two largest eigenvalues' space."""
    vectors = tg.linalg.eigh(x).eigenvectors[:, 1:]
    return weighted(vectors @ vectors.mT)


def numpy_plane(x: Any) -> Any:
    vectors = np.linalg.eigh(x)[1][:, 1:]
    return weighted(vectors @ vectors.T)


def polar_of(x: Any) -> Any:
    u, _, vh = tg.linalg.svd(x, full_matrices=False)
    return weighted(u @ vh)


def numpy_polar(x: Any) -> Any:
    u, _, vh = np.linalg.svd(x, full_matrices=False)
    return weighted(u @ vh)


def rebuilt(x: Any) -> Any:
    u, s, vh = tg.linalg.svd(x, full_matrices=False)
    return ((u * s) @ vh).sum()


def rebuilt_symmetric(x: Any) -> Any:
    values, vectors = tg.linalg.eigh(x)
    return ((vectors * values) @ vectors.mT).sum()


@pytest.mark.parametrize(
    "function, x",
    [
        (root_of, EYE), (root_of, np.diag([1.0, 2.0, 2.0])), (rebuilt_symmetric, np.zeros((3, 3))),
        (rebuilt_symmetric, EYE), (rebuilt, EYE), (rebuilt, np.zeros((3, 3))), (rebuilt, np.eye(3, 2)),
        (rebuilt, np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]])),
        (lambda x: tg.linalg.eigh(x).eigenvectors[0].sum(), EYE),
        (lambda x: tg.linalg.svd(x).U[0].sum(), EYE),
    ],
)  # fmt: skip
def test_what_values_and_vectors_do_not_determine_is_nan(function: Any, x: Any) -> None:
    at = leaf(x)
    function(at).backward()
    assert np.isnan(at.grad.numpy()).any()


@pytest.mark.parametrize("x", [np.diag([1.0, 2.0, 2.0]), np.diag([-1.0, 0.0, 0.0]) + 5 * EYE])
def test_a_projector_on_repeated_eigenvalues_has_its_gradient(x: Any) -> None:
    np.testing.assert_allclose(gradients(plane_of, x)[0], slope(numpy_plane, x, symmetric=True), atol=1e-6)


@pytest.mark.parametrize("x", [EYE, 2 * EYE[[1, 2, 0]], np.diag([3.0, 3.0, 1.0]), np.eye(3, 2) * 2])
def test_a_polar_factor_at_repeated_singular_values_has_its_gradient(x: Any) -> None:
    np.testing.assert_allclose(gradients(polar_of, x)[0], slope(numpy_polar, x), atol=1e-6)


@pytest.mark.parametrize(
    "function, expected",
    [
        (lambda x: tg.linalg.eigvalsh(x).sum(), EYE),
        (lambda x: tg.linalg.eigvalsh(x).square().sum(), 4 * EYE),
        (lambda x: tg.linalg.eigvalsh(x).prod(), 4 * EYE),
        (lambda x: tg.linalg.svdvals(x).square().sum(), 4 * EYE),
        (lambda x: tg.linalg.matrix_norm(x, "nuc"), EYE),
    ],
)  # fmt: skip
def test_symmetric_functions_of_repeated_values_are_exact(function: Any, expected: Any) -> None:
    np.testing.assert_allclose(gradients(function, 2 * EYE)[0], expected, atol=1e-12)


def test_what_is_not_looked_at_may_repeat() -> None:
    """The first vector of three, where the others' eigenvalues are equal."""

    def first(x: Any) -> Any:
        values, vectors = tg.linalg.eigh(x)
        return weighted(values[0] * vectors[:, :1] @ vectors[:, :1].mT)

    def of_numpy(x: Any) -> Any:
        values, vectors = np.linalg.eigh(x)
        return weighted(values[0] * vectors[:, :1] @ vectors[:, :1].T)

    x = np.diag([1.0, 2.0, 2.0])
    np.testing.assert_allclose(gradients(first, x)[0], slope(of_numpy, x, symmetric=True), atol=1e-6)


@pytest.mark.parametrize(
    "function, x",
    [
        (lambda x: tg.linalg.eigvalsh(x).square().sum(), EYE),
        (lambda x: tg.linalg.eigvalsh(x)[2], EYE),
        (lambda x: tg.linalg.svdvals(x).sum(), np.zeros((2, 2))),
        (lambda x: tg.linalg.svdvals(x).square().sum(), np.zeros((2, 2))),
        (lambda x: tg.linalg.svdvals(x).square().sum(), EYE),
        (polar_of, EYE),
    ],
)  # fmt: skip
def test_second_derivatives_at_repeated_values_are_not_a_quiet_zero(function: Any, x: Any) -> None:
    assert np.isnan(gradients(function, x)[1]).any()


def test_the_trace_has_second_derivative_zero_at_repeated_eigenvalues_too() -> None:
    np.testing.assert_array_equal(gradients(lambda x: tg.linalg.eigvalsh(x).sum(), EYE)[1], np.zeros((3, 3)))


# -- determinants, inverses ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "x",
    [
        [[1.0, 2.0], [2.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]], [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 9.0]],
        [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [3.0, 6.0, 9.0]], np.zeros((3, 3)), MIX,
    ],
)  # fmt: skip
def test_determinants_have_both_derivatives_at_singular_matrices(x: Any) -> None:
    def cofactors(y: Any) -> Any:
        n = len(y)
        minors = [[np.delete(np.delete(y, i, 0), j, 1) for j in range(n)] for i in range(n)]
        return np.array([[(-1) ** (i + j) * np.linalg.det(minors[i][j]) for j in range(n)] for i in range(n)])

    first, second = gradients(tg.linalg.det, x)
    np.testing.assert_allclose(first, cofactors(np.asarray(x)), atol=1e-12)
    np.testing.assert_allclose(second, slope(lambda y: weighted(cofactors(y)), x), atol=1e-6)


def test_pinv_keeps_its_digits_at_condition_1e5() -> None:
    rng = np.random.default_rng(3)
    u, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    v, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    x = ((u * np.logspace(0, -5, 4)) @ v.T).astype(np.float32)
    at = leaf(x, tg.float32)
    result = tg.linalg.pinv(at)
    result.sum().backward()
    inverse = np.linalg.inv(x.astype(np.float64))
    expected = -inverse.T @ np.ones((4, 4)) @ inverse.T
    assert np.max(np.abs(result.detach().numpy() - inverse)) < 1e-6 * np.max(np.abs(inverse))
    assert np.max(np.abs(at.grad.numpy() - expected)) < 1e-6 * np.max(np.abs(expected))


REFUSED = {("cholesky", NAN), ("svdvals", NAN), ("pinv", NAN), ("eigvalsh", NAN), ("eigvalsh", INF)}
FACTORS = {"svdvals": "svd", "pinv": "svd", "eigvalsh": "eigh"}


@pytest.mark.parametrize("bad", [NAN, INF])
@pytest.mark.parametrize("name", ["det", "slogdet", "inv", "solve", "qr", "cholesky", "svdvals", "eigvalsh", "pinv"])
def test_numbers_that_are_not_finite_end_in_nan_or_in_a_message(name: str, bad: float) -> None:
    """Never in finite numbers for NaN, never in NumPy's own words."""
    at = leaf([[bad, 1.0], [1.0, 2.0]])
    operands = (at, tg.ones(2, 2, dtype=tg.float64)) if name == "solve" else (at,)
    if (name, bad) in REFUSED:
        with pytest.raises(tg.linalg.LinAlgError, match=f"linalg.{FACTORS.get(name, name)}: "):
            getattr(tg.linalg, name)(*operands)
        return
    result = getattr(tg.linalg, name)(*operands)
    part = result[1] if isinstance(result, tuple) else result
    if np.isnan(bad):
        assert np.isnan(part.detach().numpy()).any()
        part.sum().backward()
        assert np.isnan(at.grad.numpy()).all()


@pytest.mark.parametrize(
    "x",
    [
        [[NAN, 1.0], [1.0, 1.0]], [[1.0, NAN], [0.0, 1.0]], [[0.0, 1.0, 2.0], [0.0, NAN, 1.0], [0.0, 2.0, 2.0]],
        [[0.0, INF], [0.0, 1.0]], [[0.0, 1.0, 2.0], [0.0, INF, 1.0], [0.0, 2.0, 2.0]],
    ],
)  # fmt: skip
def test_determinants_of_nan_are_nan_though_a_pivot_is_missing(x: Any) -> None:
    """LAPACK finds no pivot beside NaN, and calls the matrix singular: determinant 0."""
    n = len(x)
    batch = tg.tensor(np.array([x, np.eye(n)]))
    for result in (tg.linalg.det(batch), tg.linalg.slogdet(batch)[1], tg.logdet(batch)):
        assert np.isnan(result.numpy()[0]) and np.isfinite(result.numpy()[1])
    assert tg.linalg.det(tg.tensor(np.array([[INF, 1.0], [1.0, 1.0]]))).item() == INF


def test_cholesky_of_nan_is_refused_and_the_matrix_named() -> None:
    x = tg.tensor([[[2.0, 0.0], [0.0, 2.0]], [[NAN, 0.0], [0.0, 2.0]]])
    with pytest.raises(tg.linalg.LinAlgError, match=r"linalg.cholesky: \(Batch element 1\)"):
        tg.linalg.cholesky(x)


def test_topk_of_none_is_empty() -> None:
    for largest in (True, False):
        values, indices = tg.topk(tg.arange(20.0), 0, largest=largest)
        assert tuple(values.shape) == tuple(indices.shape) == (0,)
        assert indices.dtype is tg.int64
