"""With `differentiable=True` the step is on the tape: its derivative is that of finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.optim.table import OWN_CASES, case_id
from tinygrad_nn import optim

START = np.array([0.5, -1.0, 2.0])


def after_three_steps(name: str, options: dict[str, Any], leaf: Any) -> Any:
    p = leaf * 1.0
    optimizer = getattr(optim, name)([p], **{"lr": 0.1, **options}, differentiable=True)
    for _ in range(3):
        here = p + 0.0  # what follows keeps it, and p is written over
        p.grad = here * here * 0.3 + here * 0.1
        optimizer.step()
    return (p * p).sum()


@pytest.mark.parametrize("name, options", OWN_CASES, ids=case_id)
def test_gradient_of_three_steps(name: str, options: dict[str, Any]) -> None:
    leaf = tg.tensor(START, dtype=tg.float64, requires_grad=True)
    after_three_steps(name, options, leaf).backward()
    size = 1e-6
    for k in range(3):
        shift = size * np.eye(3)[k]
        ahead, behind = (
            after_three_steps(name, options, tg.tensor(START + s, dtype=tg.float64, requires_grad=True)).item()
            for s in (shift, -shift)
        )
        np.testing.assert_allclose(leaf.grad.array[k], (ahead - behind) / (2 * size), rtol=1e-5, atol=1e-7)


def test_a_learning_rate_can_be_learned() -> None:
    """p = 3 - lr * 4, so d(p)/d(lr) = -4."""
    lr = tg.tensor(0.5, dtype=tg.float64, requires_grad=True)
    p = tg.tensor([3.0], dtype=tg.float64, requires_grad=True) * 1.0
    optimizer = optim.SGD([p], lr=lr, differentiable=True)
    p.grad = tg.tensor([4.0], dtype=tg.float64)
    optimizer.step()
    p.sum().backward()
    assert (p.item(), lr.grad.item()) == (1.0, -4.0)


def test_a_leaf_is_refused_as_by_any_in_place_operation() -> None:
    p = tg.tensor([3.0], requires_grad=True)
    optimizer = optim.SGD([p], lr=0.1, differentiable=True)
    p.grad = tg.tensor([1.0])
    with pytest.raises(
        RuntimeError, match=r"SGD.step: a leaf Variable that requires grad is being used in an in-place operation"
    ):
        optimizer.step()
