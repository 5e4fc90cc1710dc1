"""L-BFGS takes PyTorch's steps, finds minima, and says what it needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import optim
from tinygrad_nn.optim.line_search import strong_wolfe

RNG = np.random.default_rng(0)
A = RNG.standard_normal((6, 6))
A = A @ A.T / 6 + np.eye(6)
B = RNG.standard_normal(6)


OPTIONS: list[dict[str, Any]] = [
    {"lr": 0.5, "max_iter": 4},
    {"lr": 0.3, "max_iter": 3, "history_size": 2},
    {"max_iter": 4, "line_search_fn": "strong_wolfe"},
    {"max_iter": 10, "max_eval": 4, "line_search_fn": "strong_wolfe", "history_size": 3},
    {"lr": 5.0, "max_iter": 3, "line_search_fn": "strong_wolfe"},
    {"lr": 0.01, "max_iter": 2, "max_eval": 30, "line_search_fn": "strong_wolfe"},
]


def problem(package: Any) -> tuple[list[Any], Any]:
    """Two parameters, and their loss: a quartic well around a quadratic bowl, not convex."""

    def constant(values: Any) -> Any:
        return package.tensor(values, dtype=package.float64)

    x = package.tensor(np.linspace(-1, 1.5, 6), dtype=package.float64, requires_grad=True)
    y = package.tensor([[0.5, -2.0]], dtype=package.float64, requires_grad=True)
    a, b = constant(A), constant(B)

    def loss() -> Any:
        bowl = ((x.reshape((1, 6)) @ a).reshape((6,)) * x).sum() * 0.5 - (b * x).sum()
        well = ((y * y - 1) * (y * y - 1)).sum() + (y * x[:2]).sum() * 0.1
        return bowl + well

    return [x, y], loss


def run(module: Any, package: Any, options: dict[str, Any], steps: int) -> tuple[Any, list[Any], list[float]]:
    params, loss = problem(package)
    optimizer = module.LBFGS(params, **options)

    def closure() -> Any:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    losses = [optimizer.step(closure).item() for _ in range(steps)]
    return optimizer, params, losses


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_steps_are_pytorchs(options: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    for steps in (1, 2, 4, 60):
        ours, ps, losses = run(optim, tg, options, steps)
        theirs, qs, expected = run(torch.optim, torch, options, steps)
        np.testing.assert_allclose(losses, expected, rtol=1e-12, atol=1e-12)
        for p, q in zip(ps, qs, strict=True):
            np.testing.assert_allclose(p.array, q.detach().numpy(), rtol=1e-9 if steps == 60 else 1e-12)
        (mine,), (other,) = ours.state.values(), theirs.state.values()
        assert mine["n_iter"] == other["n_iter"]
        assert mine["func_evals"] == other["func_evals"]
        assert mine.keys() == other.keys()
        assert len(mine["old_dirs"]) == len(other["old_dirs"])


@pytest.mark.parametrize("options", [{}, {"line_search_fn": "strong_wolfe"}], ids=str)
def test_a_quadratic_is_solved(options: dict[str, Any]) -> None:
    x = tg.tensor(np.zeros(6), dtype=tg.float64, requires_grad=True)
    a, b = tg.from_numpy(A), tg.from_numpy(B)
    optimizer = optim.LBFGS([x], lr=0.5 if not options else 1, max_iter=200, tolerance_change=1e-14, **options)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = 0.5 * ((x.reshape((1, 6)) @ a).reshape((6,)) * x).sum() - (b * x).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    np.testing.assert_allclose(x.array, np.linalg.solve(A, B), atol=1e-6)


def test_state_goes_to_pytorch_and_back() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    options = OPTIONS[2]

    def there(value: Any) -> Any:
        if isinstance(value, list):
            return [there(item) for item in value]
        return torch.from_numpy(value.array.copy()) if isinstance(value, tg.Tensor) else value

    ours, params, _ = run(optim, tg, options, 2)
    saved = ours.state_dict()
    theirs = torch.optim.LBFGS([torch.tensor(p.array.copy(), requires_grad=True) for p in params], **options)
    theirs.load_state_dict(
        {"state": {0: {k: there(v) for k, v in saved["state"][0].items()}}, "param_groups": saved["param_groups"]}
    )
    fresh = [tg.from_numpy(p.array.copy()).requires_grad_() for p in params]
    resumed = optim.LBFGS(fresh, **options)
    resumed.load_state_dict(saved)
    qs = theirs.param_groups[0]["params"]
    for optimizer, those in ((ours, params), (resumed, fresh), (theirs, qs)):

        def closure(optimizer: Any = optimizer, those: Any = those) -> Any:
            optimizer.zero_grad()
            loss = sum(((p * p - 1) * (p * p - 1)).sum() for p in those)
            loss.backward()
            return loss

        optimizer.step(closure)
    for p, q, r in zip(params, fresh, qs, strict=True):
        assert p.array.tobytes() == q.array.tobytes()
        np.testing.assert_allclose(p.array, r.detach().numpy(), rtol=1e-10)


def test_what_it_needs() -> None:
    x = tg.tensor([1.0], requires_grad=True)
    with pytest.raises(RuntimeError, match=r"LBFGS.step needs a closure"):
        optim.LBFGS([x]).step()
    with pytest.raises(
        ValueError, match=r"LBFGS doesn't support per-parameter options \(parameter groups\)\n  got: 2 groups"
    ):
        optim.LBFGS([{"params": [x]}, {"params": [tg.ones(1)]}])
    with pytest.raises(RuntimeError, match="LBFGS: only 'strong_wolfe' is supported\n  got: 'armijo'"):
        optim.LBFGS([x], line_search_fn="armijo").step(lambda: 0)


def test_at_a_minimum_it_stays() -> None:
    x = tg.tensor([0.0], requires_grad=True)
    optimizer = optim.LBFGS([x])
    x.grad = tg.tensor([0.0])
    assert optimizer.step(lambda: 3.0) == 3.0
    assert x.tolist() == [0.0]


def test_parameters_without_gradient_stay() -> None:
    x, y = tg.tensor([3.0], requires_grad=True), tg.tensor([5.0], requires_grad=True)
    optimizer = optim.LBFGS([x, y], line_search_fn="strong_wolfe")

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (x * x).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    assert abs(x.item()) < 1e-6
    assert y.item() == 5.0


def wells(a: float, b: float, x: float) -> tuple[float, float]:
    """A wavy valley with a steep wall, and its slope."""
    return (
        float(np.cosh(x - 3) / 50 + a * np.sin(b * x) + 0.1 * (x - 4) ** 4),
        float(np.sinh(x - 3) / 50 + a * b * np.cos(b * x) + 0.4 * (x - 4) ** 3),
    )


@pytest.mark.parametrize("a, b", [(0.0, 1.0), (0.5, 3.0), (3.0, 2.0), (0.2, 9.0), (0.0, 0.0), (1.0, 15.0), (3.0, 5.0)])
def test_line_search_is_pytorchs(a: float, b: float) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    oracle = __import__("torch.optim.lbfgs", fromlist=["_strong_wolfe"])._strong_wolfe
    d = np.array([1.0])
    f, slope = wells(a, b, 0.0)
    if slope > 0:
        d, slope = -d, -slope
    searched = set()
    for t in (1e-3, 0.03, 0.4, 1.0, 2.5, 5.0, 7.0, 30.0, 80.0):
        for most in (0, 2, 25):

            def at(t: float) -> tuple[float, Any]:
                value, derivative = wells(a, b, t * d[0])
                return value, np.array([derivative])

            def there(x: Any, t: Any, direction: Any) -> tuple[float, Any]:
                value, derivative = at(float(t))
                return value, torch.from_numpy(derivative)

            g = at(0.0)[1]
            mine = strong_wolfe(at, t, d, f, g, slope, most=most)
            start = torch.from_numpy(g)
            other = oracle(
                there, None, t, torch.from_numpy(d), f, start, torch.tensor(slope, dtype=torch.float64), max_ls=most
            )
            np.testing.assert_allclose(
                [mine[0], mine[1][0], mine[2]], [other[0], other[1].item(), float(other[2])], rtol=1e-9
            )
            assert mine[3] == other[3]
            searched.add(mine[3])
    assert len(searched) > 2
