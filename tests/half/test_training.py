"""Training in 16 bits: a compiled step has the bits of an eager one, optimizers keep PyTorch's dtypes and are as exact."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.half.measure import HALVES, unit
from tests.optim.table import OPTIONS
from tinygrad_nn import nn

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")

STEPS = 6


@pytest.mark.parametrize("kind, optimizer", itertools.product(HALVES, ("SGD", "Adam")))
def test_a_compiled_step_has_the_bits_of_an_eager_one(kind: str, optimizer: str) -> None:
    def made() -> tuple[Any, Any]:
        tg.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.GELU(), nn.Linear(8, 3)).to(getattr(tg, kind))
        chosen = getattr(tg.optim, optimizer)(model.parameters(), lr=0.05)

        def step(x: Any, y: Any) -> Any:
            chosen.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            chosen.step()
            return loss

        return model, step

    x, y = tg.randn(6, 4).to(getattr(tg, kind)), tg.tensor([0, 1, 2, 0, 1, 2])
    (eager, step), (other, plain) = made(), made()
    compiled = tg.compile(plain)
    for _ in range(6):
        assert step(x, y).item() == compiled(x, y).item()
    for p, q in zip(eager.parameters(), other.parameters(), strict=True):
        assert p.dtype is getattr(tg, kind)
        assert tg.equal(p, q)


CASES = [(name, options, kind) for name, table in OPTIONS.items() for options in table for kind in HALVES]


@pytest.mark.parametrize("name, options, kind", CASES, ids=str)
def test_an_optimizer(name: str, options: dict[str, Any], kind: str) -> None:
    """Parameters and state: PyTorch's dtypes; as near to a float64 run as PyTorch's own, and a few units."""
    start = torch.tensor(np.random.default_rng(0).uniform(0.5, 1.5, (4, 5))).to(getattr(torch, kind)).double()
    runs: list[tuple[Any, dict[str, Any]]] = []
    for library, real in ((tg, kind), (torch, kind), (torch, "float64")):
        p = library.tensor(start.numpy()).to(getattr(library, real)).requires_grad_()
        optimizer = getattr(library.optim, name)([p], **options)
        rng = np.random.default_rng(1)
        for _ in range(STEPS):
            g = torch.tensor(rng.uniform(0.5, 1.5, (4, 5))).to(getattr(torch, kind)).double().numpy()
            p.grad = library.tensor(g).to(getattr(library, real))
            optimizer.step()
        runs.append((p, optimizer.state_dict()["state"].get(0, {})))
    (ours, mine), (theirs, other), (right, _) = runs
    assert _name(ours) == _name(theirs)
    assert {key: _name(value) for key, value in mine.items()} == {
        key: _name(value) for key, value in other.items() if value is not None
    }
    exact = right.detach().numpy()
    error, allowed = (np.abs(p.detach().double().numpy() - exact) for p in (ours, theirs))
    units = STEPS * unit(exact, kind).max()  # each step's result is rounded
    assert error.max() <= 2 * allowed.max() + units


def _name(tensor: Any) -> str:
    return str(tensor.dtype).rsplit(".", 1)[-1]


def test_large_float16_gradients_are_clipped_not_erased() -> None:
    """Their squares are beyond float16; the norm is taken in float32."""
    w = tg.ones(4, dtype=tg.float16, requires_grad=True)
    w.grad = tg.full((4,), 30000.0, dtype=tg.float16)
    total = nn.utils.clip_grad_norm_([w], 1.0)
    assert (total.item(), total.dtype) == (60000.0, tg.float16)
    assert w.grad.tolist() == [0.5] * 4
    w.grad = tg.full((4,), 60000.0, dtype=tg.float16)
    assert nn.utils.clip_grad_norm_([w], 1.0).item() == float(
        "inf"
    )  # 120000 is beyond float16: the answer, not the step
    assert w.grad.tolist() == [0.5] * 4
    assert nn.utils.get_total_norm([w.grad, tg.ones(1, dtype=tg.bfloat16)]).dtype is tg.float32
