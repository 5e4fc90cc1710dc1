"""Elementwise operations, reductions and linear algebra where formulas, NumPy and PyTorch's documentation say
more than samples against PyTorch do (those stand in tests/parity)."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_nn as tg
from tinygrad_nn.autograd import gradcheck, gradgradcheck

rng = np.random.default_rng(5)


def leaf(values: Any) -> Any:
    return tg.tensor(values, dtype=tg.float64, requires_grad=True)


def gradient(function: Any, *leaves: Any) -> Any:
    return tg.autograd.grad(function(*leaves).sum(), leaves)


# -- comparisons -----------------------------------------------------------------------------------


def test_equality_with_what_is_no_tensor_or_number_is_identity() -> None:
    x = tg.ones(2)
    assert (x == None) is False  # noqa: E711
    assert (x != None) is True  # noqa: E711
    assert (x == "a") is False
    assert (x == x).tolist() == [True, True]
    assert x in [None, x]
    with pytest.raises(TypeError):
        tg.eq(x, None)


def test_a_comparison_written_in_place_leaves_a_slope_of_zero() -> None:
    x, y = leaf([1.0, 2.0]), leaf([1.0, 3.0])
    z = x * 1
    z.eq_(y)
    assert z.tolist() == [1.0, 0.0]
    assert z.requires_grad
    assert gradient(lambda x: z, x)[0].tolist() == [0.0, 0.0]


# -- gradients at awkward places -------------------------------------------------------------------


def test_nan_in_the_branch_not_taken_stays_there() -> None:
    x, y = leaf([-1.0, 4.0]), leaf([2.0, float("nan")])
    grads = gradient(lambda x, y: tg.where(x > 0, x * 3, y * 5), x, y)
    assert [g.tolist() for g in grads] == [[0.0, 3.0], [5.0, 0.0]]


def test_equal_elements_share_the_gradient_of_a_maximum_over_all() -> None:
    assert gradient(lambda x: x.max(), leaf([2.0, 1.0, 2.0]))[0].tolist() == [0.5, 0.0, 0.5]
    assert gradient(lambda x: x.max(0).values, leaf([2.0, 1.0, 2.0]))[0].tolist() == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("values", [[2.0, 0.0, 3.0], [0.0, 0.0, 3.0], [0.0, 5.0, 0.0, 0.0, 2.0], [1.5, -2.0]])
def test_products_with_zeros_have_the_gradient_of_the_definition(values: list[float]) -> None:
    """d prod / d x_j is the product of the others; of cumprod, summed over the products that hold x_j."""
    n = len(values)
    others = [np.prod([v for k, v in enumerate(values) if k != j]) for j in range(n)]
    assert gradient(tg.prod, leaf(values))[0].tolist() == pytest.approx(others)
    expected = [sum(np.prod([values[k] for k in range(i + 1) if k != j]) for i in range(j, n)) for j in range(n)]
    assert gradient(lambda x: tg.cumprod(x, 0), leaf(values))[0].tolist() == pytest.approx(expected)
    gradgradcheck(lambda x: tg.cumprod(x, 0), leaf(values))
    gradgradcheck(tg.prod, leaf(values))


def test_the_determinant_of_a_singular_matrix_has_its_cofactors_for_a_gradient() -> None:
    x = leaf([[1.0, 2.0], [2.0, 4.0]])
    np.testing.assert_allclose(gradient(tg.linalg.det, x)[0].numpy(), [[4.0, -2.0], [-2.0, 1.0]], atol=1e-12)


def test_the_determinant_of_the_identity_has_a_second_derivative() -> None:
    """Singular values that coincide are no obstacle: det is a polynomial."""
    gradgradcheck(tg.linalg.det, leaf(np.eye(3)))


@pytest.mark.parametrize("order", [0.5, 1, 2, 3, float("inf"), -1])
def test_a_norm_of_zeros_has_a_gradient_of_zeros(order: float) -> None:
    assert gradient(lambda x: tg.linalg.vector_norm(x, order), leaf([0.0, 0.0]))[0].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("order", [0.5, 1, 2, 3, 2.5, -1, float("inf"), -float("inf")])
def test_vector_norms_to_second_order(order: float) -> None:
    x = leaf([[0.5, -1.2, 2.0], [1.0, 0.3, -0.7]])
    gradcheck(lambda x: tg.linalg.vector_norm(x, order, dim=1), x)
    gradgradcheck(lambda x: tg.linalg.vector_norm(x, order, dim=1), x)


@pytest.mark.parametrize("order", ["fro", "nuc", 1, -1, 2, -2, float("inf"), -float("inf")])
def test_matrix_norms_to_second_order(order: Any) -> None:
    x = leaf(rng.standard_normal((2, 3, 2)))
    np.testing.assert_allclose(
        tg.linalg.matrix_norm(x, order).detach().numpy(), [np.linalg.norm(one, order) for one in x.detach().numpy()]
    )
    gradcheck(lambda x: tg.linalg.matrix_norm(x, order), x)
    gradgradcheck(lambda x: tg.linalg.matrix_norm(x, order), x)


@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 3.0, float("inf")])
def test_distances_to_second_order(p: float) -> None:
    x, y = leaf(rng.standard_normal((3, 2))), leaf(rng.standard_normal((2, 2)))
    gradcheck(lambda x, y: tg.cdist(x, y, p), [x, y])
    gradgradcheck(lambda x, y: tg.cdist(x, y, p), [x, y])


def test_a_sum_of_equal_singular_values_is_differentiable() -> None:
    """d nuc / d x = U Vh, whichever basis is chosen within the equal ones."""
    np.testing.assert_allclose(
        gradient(lambda x: tg.linalg.matrix_norm(x, "nuc"), leaf(np.eye(3)))[0].numpy(), np.eye(3)
    )


# -- precision -------------------------------------------------------------------------------------


def test_half_precision_averages_in_single() -> None:
    x = tg.tensor(np.full(3000, 60.0), dtype=tg.float16)
    assert x.mean().item() == 60.0  # the sum, 180000, does not fit
    assert x.var().item() == 0.0
    assert x.mean().dtype is tg.float16


def test_cdist_of_close_points_far_from_the_origin_does_not_cancel() -> None:
    x = tg.tensor([[10000.0, 0.0]])
    assert tg.cdist(x, x + tg.tensor([[0.0, 0.01]])).item() == pytest.approx(0.01, rel=1e-6)


def test_truncated_division_of_large_integers_is_exact() -> None:
    big = 2**62 + 1
    assert tg.div(tg.tensor([-big, big]), 2, rounding_mode="trunc").tolist() == [-(2**61), 2**61]


def test_a_running_product_costs_a_linear_number_of_steps() -> None:
    """Its gradient, formerly a square of the length, for 20,000 factors: it would not fit into memory."""
    x = tg.ones(20000).requires_grad_()
    (g,) = gradient(lambda x: tg.cumprod(x, 0), x)
    assert g[0].item() == 20000.0
    assert g[-1].item() == 1.0


# -- einsum ----------------------------------------------------------------------------------------

SIZES = {"a": 2, "b": 3, "c": 1, "d": 4}


@st.composite
def equations(draw: Any) -> tuple[str, list[str]]:
    """One to four operands over the letters a to d, each letter at most once in one of them, and an output."""
    terms = draw(
        st.lists(
            st.text("abcd", min_size=1, max_size=3).map(lambda t: "".join(dict.fromkeys(t))), min_size=1, max_size=4
        )
    )
    letters = sorted(set("".join(terms)))
    output = draw(st.permutations(letters).flatmap(lambda p: st.integers(0, len(p)).map(lambda n: "".join(p[:n]))))
    return f"{','.join(terms)}->{output}", terms


@given(equations())
@settings(max_examples=60, deadline=None)
def test_einsum_is_the_sum_of_products(case: tuple[str, list[str]]) -> None:
    equation, terms = case
    operands = [rng.standard_normal([SIZES[c] for c in term]) for term in terms]
    expected = np.einsum(equation, *operands)
    found = tg.einsum(equation, *[tg.tensor(x) for x in operands])
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-12)
    leaves = [leaf(x) for x in operands]
    gradcheck(lambda *xs: tg.einsum(equation, *xs), leaves, directions=1)


def test_einsum_of_a_definition_written_out() -> None:
    x, y = rng.standard_normal((2, 3)), rng.standard_normal((3, 4))
    found = tg.einsum("ij,jk->ik", tg.tensor(x), tg.tensor(y)).numpy()
    for i, k in product(range(2), range(4)):
        assert found[i, k] == pytest.approx(sum(x[i, j] * y[j, k] for j in range(3)))


def test_einsum_with_repeated_letters_to_second_order() -> None:
    x = leaf(rng.standard_normal((2, 3, 3)))
    y = leaf(rng.standard_normal((3, 3)))
    gradgradcheck(lambda x, y: tg.einsum("...ii,ii->...", x, y), [x, y])


# -- factorisations --------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4), (2, 3, 3), (0, 3), (3, 0)])
def test_factors_multiply_to_the_matrix(shape: tuple[int, ...]) -> None:
    x = tg.tensor(rng.standard_normal(shape))
    for full in (False, True):
        u, s, vh = tg.linalg.svd(x, full_matrices=full)
        k = s.shape[-1]
        np.testing.assert_allclose((u[..., :k] * s[..., None, :] @ vh[..., :k, :]).numpy(), x.numpy(), atol=1e-12)
    for mode in ("reduced", "complete"):
        q, r = tg.linalg.qr(x, mode)
        np.testing.assert_allclose((q @ r).numpy(), x.numpy(), atol=1e-12)
    pinv = tg.linalg.pinv(x)
    np.testing.assert_allclose((x @ pinv @ x).numpy(), x.numpy(), atol=1e-12)


def test_solve_takes_vectors_matrices_and_either_side() -> None:
    a, b = tg.tensor(rng.standard_normal((2, 3, 3))), tg.tensor(rng.standard_normal((2, 3)))
    np.testing.assert_allclose((a @ tg.linalg.solve(a, b)[..., None])[..., 0].numpy(), b.numpy(), atol=1e-12)
    c = tg.tensor(rng.standard_normal((4, 3)))
    np.testing.assert_allclose(
        (tg.linalg.solve(a, c, left=False) @ a).numpy(), np.broadcast_to(c.numpy(), (2, 4, 3)), atol=1e-12
    )
