"""60 steps of every optimizer with every option are those of PyTorch, in float64; and its state fits into PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.optim.table import CASES, OPTIONS, SHAPES, case_id
from tinygrad_nn import optim

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")

TOLERANCE = 1e-12
STEPS = 60


class Pair:
    """The same parameters here and there, in two groups, the second with another learning rate."""

    def __init__(self, name: str, options: dict[str, Any], seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        values = [self.rng.standard_normal(shape) for shape in SHAPES]
        self.ours = [tg.tensor(value, requires_grad=True) for value in values]
        self.theirs = [torch.tensor(value, requires_grad=True) for value in values]
        self.optimizer = getattr(optim, name)(self._groups(self.ours), **options)
        self.oracle = getattr(torch.optim, name)(self._groups(self.theirs), **options)

    @staticmethod
    def _groups(params: list[Any]) -> list[dict[str, Any]]:
        return [{"params": params[:4]}, {"params": params[4:], "lr": 0.03}]

    def gradients(self, without: tuple[int, ...] = ()) -> None:
        """A gradient that depends on where the parameter stands, so that errors would add up."""
        for k, (ours, theirs) in enumerate(zip(self.ours, self.theirs, strict=True)):
            noise = self.rng.standard_normal(ours.shape)
            ours.grad = None if k in without else tg.tensor(np.sin(ours.array) + noise, dtype=tg.float64)
            theirs.grad = None if k in without else torch.sin(theirs.detach()) + torch.from_numpy(np.array(noise))

    def step(self, without: tuple[int, ...] = ()) -> None:
        self.gradients(without)
        self.optimizer.step()
        self.oracle.step()

    def compare(self) -> None:
        for ours, theirs in zip(self.ours, self.theirs, strict=True):
            np.testing.assert_allclose(ours.array, theirs.detach().numpy(), rtol=TOLERANCE, atol=TOLERANCE)
        ours, theirs = self.optimizer.state_dict(), self.oracle.state_dict()
        assert ours["state"].keys() == theirs["state"].keys()
        for number, state in theirs["state"].items():
            state = {key: value for key, value in state.items() if value is not None}
            assert list(ours["state"][number]) == list(state)
            for key, value in state.items():
                assert str(ours["state"][number][key].dtype).split(".")[1] == str(value.dtype).split(".")[1]
                np.testing.assert_allclose(ours["state"][number][key].array, value.numpy(), rtol=TOLERANCE, atol=1e-14)


@pytest.mark.parametrize("name, options", CASES, ids=case_id)
def test_trajectory(name: str, options: dict[str, Any]) -> None:
    pair = Pair(name, options)
    for _ in range(STEPS):
        pair.step()
    pair.compare()


@pytest.mark.parametrize("name", OPTIONS)
def test_trajectory_where_gradients_are_missing_now_and_then(name: str) -> None:
    pair = Pair(name, OPTIONS[name][-1])
    for k in range(STEPS):
        pair.step(without=() if k % 7 < 3 else (k % 3, 5))
    pair.compare()


@pytest.mark.parametrize("name", OPTIONS)
def test_trajectory_where_the_learning_rate_and_other_options_change(name: str) -> None:
    pair = Pair(name, {"lr": 0.02})
    for k in range(STEPS):
        for optimizer in (pair.optimizer, pair.oracle):
            for group in optimizer.param_groups:
                group["lr"] = 0.02 / (1 + k)
                if k in (20, 22, 40) and "weight_decay" in group:
                    group["weight_decay"] = {20: 0.1, 22: 0.2, 40: 0}[k]
                if k in (10, 11) and "betas" in group:
                    group["betas"] = (0.5 + k / 100, 0.99)
                if k in (15, 30) and name == "SGD":
                    group["momentum"] = {15: 0.9, 30: 0.5}[k]
        pair.step()
    pair.compare()


@pytest.mark.parametrize("name, options", CASES, ids=case_id)
def test_state_moves_to_pytorch_and_back_in_mid_run(name: str, options: dict[str, Any]) -> None:
    pair = Pair(name, options)
    for _ in range(20):
        pair.step()
    ours, theirs = pair.optimizer.state_dict(), pair.oracle.state_dict()
    moved_here = {
        "state": {
            k: {key: tg.from_numpy(value.numpy().copy()) for key, value in state.items() if value is not None}
            for k, state in theirs["state"].items()
        },
        "param_groups": theirs["param_groups"],
    }
    moved_there = {
        "state": {
            k: {key: torch.from_numpy(value.array.copy()) for key, value in state.items()}
            for k, state in ours["state"].items()
        },
        "param_groups": ours["param_groups"],
    }
    assert ours["param_groups"] == theirs["param_groups"]
    pair.optimizer = getattr(optim, name)(Pair._groups(pair.ours), **options)
    pair.oracle = getattr(torch.optim, name)(Pair._groups(pair.theirs), **options)
    pair.optimizer.load_state_dict(moved_here)
    pair.oracle.load_state_dict(moved_there)
    for _ in range(20):
        pair.step()
    pair.compare()


@pytest.mark.parametrize("name", OPTIONS)
def test_learning_rate_as_a_tensor(name: str) -> None:
    ours, theirs = (
        tg.tensor([1.0, 2.0], dtype=tg.float64, requires_grad=True),
        torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True),
    )
    rate, oracle_rate = tg.tensor(0.125, dtype=tg.float64), torch.tensor(0.125, dtype=torch.float64)
    optimizer, oracle = (
        getattr(optim, name)([ours], lr=rate),
        getattr(torch.optim, name)([theirs], lr=oracle_rate, foreach=False),
    )
    for k in range(10):
        rate.array[...] = oracle_rate.numpy()[...] = 0.5**k
        ours.grad, theirs.grad = (
            tg.tensor([0.3, -0.7 + k], dtype=tg.float64),
            torch.tensor([0.3, -0.7 + k], dtype=torch.float64),
        )
        optimizer.step()
        oracle.step()
    np.testing.assert_allclose(ours.array, theirs.detach().numpy(), rtol=TOLERANCE)


@pytest.mark.parametrize("name", OPTIONS)
def test_float32_stays_close(name: str) -> None:
    value = np.linspace(-2, 2, 50, dtype=np.float32)
    ours, theirs = tg.tensor(value, requires_grad=True), torch.tensor(value, requires_grad=True)
    optimizer, oracle = getattr(optim, name)([ours], lr=0.01), getattr(torch.optim, name)([theirs], lr=0.01)
    for _ in range(STEPS):
        ours.grad = tg.from_numpy(np.sin(3 * ours.array))
        theirs.grad = torch.from_numpy(np.sin(3 * theirs.detach().numpy()))
        optimizer.step()
        oracle.step()
    np.testing.assert_allclose(ours.array, theirs.detach().numpy(), rtol=2e-5, atol=2e-6)
