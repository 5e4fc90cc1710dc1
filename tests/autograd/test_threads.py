"""Several threads: each has its modes, and what they add to one gradient is all there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn


@pytest.fixture(autouse=True)
def frequent_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("size", [3, 200_000])
def test_nothing_that_threads_add_to_a_gradient_is_lost(size: int) -> None:
    """Whole numbers, whose sum float32 holds exactly in any order; large arrays are added without Python's lock."""
    w = tg.zeros(size, requires_grad=True)

    def one(k: int) -> None:
        for _ in range(20):
            (w * float(k)).sum().backward()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(1, 9)))
    assert w.grad is not None
    assert w.grad.unique().tolist() == [20.0 * sum(range(1, 9))]


def test_nothing_is_lost_through_a_module_and_retained_gradients() -> None:
    model = nn.Linear(300, 300, bias=False)
    with tg.no_grad():
        model.weight.fill_(1.0)
    x = tg.ones(1, 300)

    def one(_: int) -> None:
        for _ in range(10):
            model(x).sum().backward()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(one, range(6)))
    assert model.weight.grad is not None
    assert model.weight.grad.unique().tolist() == [60.0]


def test_a_hook_may_walk_back_itself() -> None:
    w = tg.ones(2, requires_grad=True)
    other = tg.ones(2, requires_grad=True)
    w.register_post_accumulate_grad_hook(lambda _: (other * 2).sum().backward())
    (w * 3).sum().backward()
    assert other.grad is not None
    assert other.grad.tolist() == [2.0, 2.0]


def test_modes_belong_to_their_thread() -> None:
    def recorded(on: Any) -> bool:
        with tg.set_grad_enabled(on):
            return all((tg.ones(2, requires_grad=True) * 2).requires_grad is on for _ in range(300))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(recorded, [True, False] * 8))
    assert tg.is_grad_enabled()
