"""Distributions against PyTorch (values, gradients, seeded samples, shapes) and SciPy (formulas)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import distributions as D

rng = np.random.default_rng(5)

PARAMETERS: dict[str, list[dict[str, Any]]] = {
    "Normal": [
        {"loc": 0.5, "scale": 2.0},
        {"loc": rng.normal(size=(3, 1)), "scale": rng.uniform(0.2, 3.0, (4,))},
        {"loc": rng.normal(size=6).astype(np.float32), "scale": np.float32(0.7) * np.ones((2, 6), np.float32)},
        {"loc": np.zeros((0, 2)), "scale": 1.0},
    ],
    "Uniform": [
        {"low": -1.0, "high": 3.0},
        {"low": rng.normal(size=(3, 1)), "high": 5.0 + rng.normal(size=(4,))},
        {"low": np.zeros(5, np.float32), "high": np.linspace(1, 2, 5, dtype=np.float32)},
    ],
    "Bernoulli": [
        {"probs": 0.3},
        {"logits": 0.3},
        {"probs": rng.uniform(0, 1, (2, 5))},
        {"logits": rng.normal(0, 5, (2, 5)).astype(np.float32)},
        {"probs": np.array([0.0, 1.0, 0.5])},
    ],
    "Categorical": [
        {"probs": np.array([1.0, 2.0, 5.0])},
        {"logits": rng.normal(0, 3, (4, 3))},
        {"probs": rng.uniform(0, 1, (2, 3, 6)).astype(np.float32)},
        {"probs": np.array([[0.0, 1.0], [0.5, 0.5]])},
        {"logits": np.zeros((5, 1))},
    ],
}
CASES = [(name, given) for name, table in PARAMETERS.items() for given in table]
each_case = pytest.mark.parametrize("name, given", CASES, ids=lambda v: v if isinstance(v, str) else ",".join(v))


def made(library: Any, name: str, given: dict[str, Any], grad: bool = False) -> tuple[Any, list[Any]]:
    """The distribution in a library, and its parameters."""
    values = {
        word: library.tensor(value).requires_grad_(grad) if isinstance(value, np.ndarray) else value
        for word, value in given.items()
    }
    return getattr(library.distributions, name)(**values), [v for v in values.values() if not isinstance(v, float)]


def array(value: Any) -> Any:
    return value.detach().numpy()


def same(mine: Any, other: Any, rtol: float | None = None) -> None:
    assert tuple(mine.shape) == tuple(other.shape)
    assert str(mine.dtype).split(".")[-1] == str(other.dtype).split(".")[-1]
    rtol = rtol if rtol is not None else 1e-12 if "64" in str(mine.dtype) else 2e-6
    np.testing.assert_allclose(array(mine), array(other), rtol=rtol, atol=rtol)


@each_case
def test_properties_are_pytorchs(name: str, given: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    (mine, _), (other, _) = made(tg, name, given), made(torch, name, given)
    assert tuple(mine.batch_shape) == tuple(other.batch_shape)
    assert tuple(mine.event_shape) == tuple(other.event_shape)
    assert (mine.has_rsample, mine.has_enumerate_support) == (other.has_rsample, other.has_enumerate_support)
    assert repr(mine) == repr(other)
    for word in ("mean", "variance", "stddev", "mode"):
        same(getattr(mine, word), getattr(other, word))
    same(mine.entropy(), other.entropy())
    same(mine.perplexity(), other.perplexity())
    if mine.has_enumerate_support:
        assert tuple(mine.param_shape) == tuple(other.param_shape)
        same(mine.probs, other.probs)
        same(mine.logits, other.logits)
        for expand in (True, False):
            same(mine.enumerate_support(expand), other.enumerate_support(expand))


@each_case
@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 7), (40,)], ids=str)
def test_seeded_samples_are_pytorchs(name: str, given: dict[str, Any], shape: Any) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    (mine, _), (other, _) = made(tg, name, given, grad=True), made(torch, name, given, grad=True)
    for method in ("sample", "rsample") if mine.has_rsample else ("sample",):
        tg.manual_seed(9)
        torch.manual_seed(9)
        drawn, expected = getattr(mine, method)(shape), getattr(other, method)(torch.Size(shape))
        assert drawn.requires_grad == expected.requires_grad
        if drawn.dtype == tg.float64:  # NumPy's log, sin and cos may differ by the last digits from the C library's
            same(drawn, expected, 1e-14)
        else:
            same(drawn, expected)
        np.testing.assert_array_equal(tg.get_rng_state().numpy(), torch.get_rng_state().numpy())


def test_no_draws_at_all() -> None:
    assert D.Normal(tg.zeros(3), 1.0).sample((0,)).shape == (0, 3)
    with pytest.raises(RuntimeError, match="multinomial: n must be above 0"):  # as PyTorch has it
        D.Categorical(tg.ones(3)).sample((0,))


@each_case
def test_log_prob_and_gradients_are_pytorchs(name: str, given: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    torch.manual_seed(1)
    values = made(torch, name, given)[0].sample((3,)).numpy()
    found = []
    for library in (tg, torch):
        one, parameters = made(library, name, given, grad=True)
        score = one.log_prob(library.tensor(values))
        entropy = one.entropy()
        total = score.sum() + 0.3 * (entropy * entropy).sum()
        if parameters:
            total.backward()
        found.append([score, entropy, *(p.grad for p in parameters)])
    for mine, other in zip(*found, strict=True):
        if other is None:
            assert mine is None
        else:
            same(mine, other, 1e-11 if "64" in str(mine.dtype) else 1e-5)


@pytest.mark.parametrize("name", ["Normal", "Uniform"])
def test_reparametrised_samples_have_pytorchs_gradients(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    found = []
    for library in (tg, torch):
        library.manual_seed(4)
        one, parameters = made(library, name, PARAMETERS[name][1], grad=True)
        (one.rsample((6,)) ** 2).sum().backward()
        found.append([p.grad for p in parameters])
    for mine, other in zip(*found, strict=True):
        same(mine, other, 1e-12)


@pytest.mark.parametrize("name", ["Normal", "Uniform"])
def test_cdf_and_its_inverse(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    (mine, _), (other, _) = made(tg, name, PARAMETERS[name][1]), made(torch, name, PARAMETERS[name][1])
    p = rng.uniform(0.05, 0.95, (5, 3, 4))
    same(mine.icdf(tg.tensor(p)), other.icdf(torch.tensor(p)), 1e-9)
    same(mine.cdf(mine.icdf(tg.tensor(p))), torch.tensor(p), 1e-9)
    same(mine.cdf(mine.mean), other.cdf(other.mean))


def test_formulas_are_scipys() -> None:
    stats = pytest.importorskip("scipy.stats", reason="SciPy is the oracle here")
    x = np.linspace(-2, 3.1, 11)  # not 2.5 itself: SciPy's interval is closed
    t = tg.tensor(x)
    normal = D.Normal(tg.tensor(0.3, dtype=tg.float64), 1.7)
    np.testing.assert_allclose(array(normal.log_prob(t)), stats.norm(0.3, 1.7).logpdf(x), rtol=1e-13)
    np.testing.assert_allclose(array(normal.cdf(t)), stats.norm(0.3, 1.7).cdf(x), rtol=1e-12)
    np.testing.assert_allclose(array(normal.entropy()), stats.norm(0.3, 1.7).entropy(), rtol=1e-14)
    uniform = D.Uniform(tg.tensor(-1.0, dtype=tg.float64), 2.5, validate_args=False)
    np.testing.assert_allclose(array(uniform.log_prob(t)), stats.uniform(-1, 3.5).logpdf(x))
    np.testing.assert_allclose(array(uniform.cdf(t)), stats.uniform(-1, 3.5).cdf(x), rtol=1e-14)
    p = np.array([0.1, 0.2, 0.7])
    wheel = D.Categorical(tg.tensor(p))
    np.testing.assert_allclose(array(wheel.entropy()), stats.entropy(p), rtol=1e-14)
    np.testing.assert_allclose(array(wheel.log_prob(tg.arange(3))), np.log(p), rtol=1e-14)
    coin = D.Bernoulli(tg.tensor(p))
    np.testing.assert_allclose(array(coin.log_prob(tg.ones(3))), stats.bernoulli(p).logpmf(1), rtol=1e-14)
    np.testing.assert_allclose(array(coin.entropy()), stats.bernoulli(p).entropy(), rtol=1e-13)


def test_expand_repeats_the_batch_without_copying() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    for name, given in CASES:
        (mine, _), (other, _) = made(tg, name, given), made(torch, name, given)
        shape = (2, 3, *mine.batch_shape)
        wide, expected = mine.expand(shape), other.expand(shape)
        assert tuple(wide.batch_shape) == shape and type(wide) is type(mine)
        assert tuple(mine.batch_shape) == tuple(other.batch_shape)
        same(wide.mean, expected.mean)
        same(wide.entropy(), expected.entropy())
        tg.manual_seed(2)
        torch.manual_seed(2)
        same(wide.sample((2,)), expected.sample((2,)), 1e-6)
    with pytest.raises(RuntimeError, match="expand"):
        D.Normal(tg.zeros(3), 1.0).expand((2, 4))


class Wide(D.Normal):
    """A user's own kind of normal."""

    def __init__(self, width: float) -> None:
        super().__init__(0.0, width)
        self.width = width


def test_a_users_subclass_expands_and_finds_its_divergence() -> None:
    wide = Wide(2.0).expand((4,))
    assert isinstance(wide, Wide) and wide.width == 2.0 and wide.sample().shape == (4,)
    same(D.kl_divergence(Wide(2.0), D.Normal(0.0, 1.0)), D.kl_divergence(D.Normal(0.0, 2.0), D.Normal(0.0, 1.0)))


PAIRS: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    *((name, one, name, other) for name, table in PARAMETERS.items() for one, other in zip(table, table, strict=True)),
    ("Normal", {"loc": 0.0, "scale": 1.0}, "Normal", {"loc": rng.normal(size=4), "scale": 3.0}),
    ("Uniform", {"low": 0.0, "high": 1.0}, "Uniform", {"low": np.array([-1.0, 0.5]), "high": 2.0}),
    ("Bernoulli", {"probs": np.array([0.0, 0.2, 1.0, 0.4])}, "Bernoulli", {"probs": np.array([0.5, 0.0, 1.0, 0.9])}),
    ("Bernoulli", {"logits": rng.normal(size=5)}, "Bernoulli", {"probs": rng.uniform(0, 1, 5)}),
    (
        "Categorical",
        {"probs": np.array([0.0, 0.3, 0.7])},
        "Categorical",
        {"probs": np.array([[0.2, 0.8, 0.0], [1, 1, 1]])},
    ),
    ("Uniform", {"low": -1.0, "high": 2.0}, "Normal", {"loc": rng.normal(size=4), "scale": 1.5}),
    ("Normal", {"loc": np.zeros(3), "scale": 2.0}, "Uniform", {"low": 0.0, "high": np.ones(3)}),
]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda v: f"{v[0]}-{v[2]}")
def test_divergences_are_pytorchs(pair: Any) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    found = []
    for library in (tg, torch):
        (p, some), (q, others) = made(library, *pair[:2], grad=True), made(library, *pair[2:], grad=True)
        value = library.distributions.kl_divergence(p, q)
        if value.requires_grad and np.isfinite(array(value)).all():
            value.sum().backward()
        found.append([value, *(t.grad for t in (*some, *others))])
    for mine, other in zip(*found, strict=True):
        if other is None:
            assert mine is None
        else:
            same(mine, other, 1e-11 if "64" in str(mine.dtype) else 1e-5)


def test_divergence_of_a_pair_without_formula() -> None:
    assert D.kl_divergence(D.Normal(0.0, 1.0), D.Uniform(tg.zeros(3), 1.0)).tolist() == [math.inf] * 3
    with pytest.raises(
        NotImplementedError, match=r"no formula for this pair\n  got: Normal, Bernoulli\n  fix: @register_kl"
    ):
        D.kl_divergence(D.Normal(0.0, 1.0), D.Bernoulli(0.5))
    with pytest.raises(TypeError, match="register_kl: Expected type_q to be a Distribution subclass\n  got: 3"):
        D.register_kl(D.Normal, 3)  # type: ignore[arg-type]


def test_the_most_specific_divergence_wins_and_a_tie_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(D.kl, "_FORMULAS", dict(D.kl._FORMULAS))

    class A(D.Normal):
        pass

    class B(A):
        pass

    D.register_kl(A, D.Normal)(lambda p, q: "left")
    assert D.kl_divergence(B(0.0, 1.0), A(0.0, 1.0)) == "left"  # type: ignore[comparison-overlap]
    D.register_kl(D.Normal, A)(lambda p, q: "right")
    with pytest.warns(RuntimeWarning, match=r"Ambiguous kl_divergence\(B, A\). Please register_kl\(A, A\)"):
        assert D.kl_divergence(B(0.0, 1.0), A(0.0, 1.0)) == "left"  # type: ignore[comparison-overlap]
    D.register_kl(A, A)(lambda p, q: "both")
    assert D.kl_divergence(B(0.0, 1.0), A(0.0, 1.0)) == "both"  # type: ignore[comparison-overlap]


def test_the_score_function_trains_a_policy() -> None:
    tg.manual_seed(0)
    logits = tg.zeros(3, requires_grad=True)
    for _ in range(200):
        policy = D.Categorical(logits=logits)
        action = policy.sample((16,))
        reward = (action == 2).float()
        loss = -(policy.log_prob(action) * (reward - reward.mean())).mean()
        (g,) = tg.autograd.grad(loss, [logits])
        with tg.no_grad():
            logits -= 0.5 * g
    assert D.Categorical(logits=logits).probs[2].item() > 0.9


BAD: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: D.Normal(0.0, -1.0), ValueError, r"Expected parameter scale \(Tensor of shape \(\)\) of distribution Normal\("
     r"loc: 0\.0, scale: -1\.0\) to satisfy the constraint GreaterThan\(lower_bound=0\.0\)(.|\n)*fix: make it positive"),
    (lambda: D.Normal(math.nan, 1.0), ValueError, r"parameter loc .* constraint Real\(\)(.|\n)*is there a NaN"),
    (lambda: D.Normal([0.0], 1.0), ValueError, r"Normal: Input arguments must all be instances of Number(.|\n)*fix: loc=tensor\(loc\)"),  # type: ignore[arg-type]
    (lambda: D.Normal(tg.zeros(2), tg.ones(3)), RuntimeError, "broadcast"),
    (lambda: D.Uniform(1.0, 1.0), ValueError, r"Uniform is not defined when low >= high\n  got: low=1\.0, high=1\.0"),
    (lambda: D.Bernoulli(), ValueError, "Bernoulli: Either `probs` or `logits` must be specified, but not both.\n  got: neither"),
    (lambda: D.Bernoulli(0.5, 0.5), ValueError, "but not both.\n  got: both"),
    (lambda: D.Bernoulli(tg.tensor([0.5, 1.5])), ValueError, r"Interval\(lower_bound=0\.0, upper_bound=1\.0\)(.|\n)*fix: pass logits=x"),
    (lambda: D.Categorical(tg.tensor(0.5)), ValueError, r"at least one-dimensional.\n  got: a scalar"),
    (lambda: D.Categorical([0.5, 0.5]), ValueError, "at least one-dimensional.\n  got: list\n  fix: a tensor"),  # type: ignore[arg-type]
    (lambda: D.Categorical(tg.tensor([-1.0, 2.0])), ValueError, r"constraint Simplex\(\)(.|\n)*fix: probabilities are not negative"),
    (lambda: D.Categorical(logits=tg.tensor([1.0, math.nan])), ValueError, r"IndependentConstraint\(Real\(\), 1\)"),
    (lambda: D.Normal(0.0, 1.0).log_prob(0.0), ValueError, "The value argument to log_prob must be a Tensor\n  got: float"),  # type: ignore[arg-type]
    (lambda: D.Normal(tg.zeros(3), 1.0).log_prob(tg.zeros(2)), ValueError,
     r"Value is not broadcastable with batch_shape\+event_shape\n  got: \(2,\) vs \(3,\)"),
    (lambda: D.Bernoulli(0.5).log_prob(tg.tensor(0.5)), ValueError, r"within the support \(Boolean\(\)\)"),
    (lambda: D.Categorical(tg.ones(3)).log_prob(tg.tensor(3)), ValueError,
     r"within the support \(IntegerInterval\(lower_bound=0, upper_bound=2\)\)"),
    (lambda: D.Uniform(0.0, 1.0).log_prob(tg.tensor(2.0)), ValueError, r"within the support \(Interval\(lower_bound=0\.0"),
    (lambda: D.Normal(0.0, 1.0).sample(3), TypeError, r"sample_shape must be a tuple of integers\n  got: 3\n  fix: \(3,\)"),
    (lambda: D.Bernoulli(0.5).rsample(), NotImplementedError, r"Bernoulli has no rsample\n  fix: sample\(\).*REINFORCE"),
    (lambda: D.Categorical(tg.ones(2)).cdf(tg.ones(1)), NotImplementedError, "Categorical has no cdf"),
    (lambda: D.Normal(0.0, 1.0).enumerate_support(), NotImplementedError, "Normal has no enumerate_support"),
    (lambda: D.Distribution.set_default_validate_args(2), ValueError, "set_default_validate_args: True or False"),  # type: ignore[arg-type]
]  # fmt: skip


@pytest.mark.parametrize("call, kind, text", BAD, ids=lambda v: v[:30] if isinstance(v, str) else "")
def test_bad_input(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call()


def test_a_uniform_has_its_lower_end_and_not_its_upper_one() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    ends = [0.0, 2.0]
    mine = D.Uniform(0.0, 2.0).log_prob(tg.tensor(ends))
    same(mine, torch.distributions.Uniform(0.0, 2.0).log_prob(torch.tensor(ends)))
    assert mine.tolist()[1] == -math.inf


def test_validation_can_be_switched_off() -> None:
    free = D.Uniform(0.0, 1.0, validate_args=False)
    assert free.log_prob(tg.tensor([2.0, -1.0])).tolist() == [-math.inf, -math.inf]
    assert D.Normal(0.0, -1.0, validate_args=False).scale.item() == -1.0
    try:
        D.Distribution.set_default_validate_args(False)
        D.Normal(0.0, -1.0)
    finally:
        D.Distribution.set_default_validate_args(True)
    with pytest.raises(ValueError, match="constraint"):
        D.Normal(0.0, -1.0)


def test_what_validation_refuses_pytorch_refuses_too() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    for name, given in [
        ("Normal", {"loc": 0.0, "scale": 0.0}),
        ("Uniform", {"low": 2.0, "high": 1.0}),
        ("Bernoulli", {"probs": np.array([-0.1])}),
        ("Categorical", {"probs": np.array([0.0, 0.0])}),
    ]:
        for library in (tg, torch):
            with pytest.raises(ValueError):
                made(library, name, given)


def test_constraints_tell_element_by_element() -> None:
    x = tg.tensor([-1.0, 0.0, 0.5, 1.0, math.nan])
    assert D.constraints.positive.check(x).tolist() == [False, False, True, True, False]
    assert D.constraints.unit_interval.check(x).tolist() == [False, True, True, True, False]
    assert D.constraints.boolean.check(x).tolist() == [False, True, False, True, False]
    assert D.constraints.real.check(x).tolist() == [True, True, True, True, False]
    assert D.constraints.simplex.check(tg.tensor([[0.5, 0.5], [0.5, 0.6]])).tolist() == [True, False]
    assert D.constraints.simplex.check(tg.tensor(1.0)).item() is False
    assert D.constraints.integer_interval(0, 2).check(tg.tensor([0.5, 2.0, 3.0])).tolist() == [False, True, False]
