"""One update, three ways of running it (one by one, together, traced): the same bits; and nobody notices which."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.optim.table import OPTIONS, OWN_CASES, SHAPES, case_id
from tinygrad_nn import optim
from tinygrad_nn.optim import cohort
from tinygrad_nn.optim.cohort import Plan
from tinygrad_nn.optim.optimizer import Optimizer
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.tape import Tracer, local

MORE = [*SHAPES, (50, 40)]


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """After a call of it, no cohorts are made."""
    return lambda: monkeypatch.setattr(Plan, "lay_out", lambda self, states: None)


class Run:
    """An optimizer on tensors of `MORE` shapes, fed with gradients by a generator."""

    def __init__(self, name: str, options: dict[str, Any], dtype: Any = np.float32, shapes: list[Any] = MORE) -> None:
        self.rng = np.random.default_rng(0)
        self.params = [wrap(np.asarray(self.rng.standard_normal(s), dtype)).requires_grad_() for s in shapes]
        self.optimizer: Optimizer = getattr(optim, name)(self.params, **options)

    def step(self) -> None:
        for p in self.params:
            p.grad = wrap(np.asarray(self.rng.standard_normal(p.shape), p.array.dtype))
        self.optimizer.step()

    def bits(self) -> list[bytes]:
        state = self.optimizer.state
        return [p.array.tobytes() for p in self.params] + [
            value.array.tobytes() for p in self.params for value in state.get(p, {}).values()
        ]

    def cohorts(self) -> list[Any]:
        return [c for plan in self.optimizer._plans.values() for c in plan.cohorts]  # type: ignore[attr-defined]


class Listener(Tracer):
    """A tracer that notes calls and writes as a program, to be run again on arrays."""

    def __init__(self) -> None:
        self.program: list[tuple[Any, ...]] = []

    def saw(self, primitive: Any, args: tuple[Any, ...], result: Any) -> None:
        self.program.append((primitive, args, result))

    def wrote(self, target: Any, value: Any, name: str) -> None:
        self.program.append((None, (value,), target))

    def read(self, tensor: Any) -> None:
        raise AssertionError("a value was looked at")

    def replay(self) -> None:
        """The same calls, on what the tensors that are not results hold now."""
        made: dict[int, Any] = {}

        def array(arg: Any) -> Any:
            if type(arg) is tuple:
                return tuple([array(item) for item in arg])
            return made.get(id(arg), arg.array) if type(arg) in TYPES else arg

        with np.errstate(all="ignore"):
            for primitive, args, result in self.program:
                if primitive is None:
                    result.array[...] = array(args[0])
                else:
                    made[id(result)] = np.asarray(primitive.forward(*[array(arg) for arg in args]))


def listen(step: Callable[[], None]) -> Listener:
    listener = Listener()
    local.mode.tracer = listener
    try:
        step()
    finally:
        local.mode.tracer = None
    return listener


@pytest.mark.parametrize(
    "name, options, dtype",
    [(name, options, dtype) for name, options in OWN_CASES for dtype in (np.float32, np.float64)],
    ids=lambda value: value.__name__ if isinstance(value, type) else case_id(value),
)
def test_together_is_one_by_one(name: str, options: dict[str, Any], dtype: Any, alone: Callable[[], None]) -> None:
    together = Run(name, options, dtype)
    for _ in range(12):
        together.step()
    assert together.cohorts()
    alone()
    one_by_one = Run(name, options, dtype)
    for _ in range(12):
        one_by_one.step()
    assert not one_by_one.cohorts()
    assert together.bits() == one_by_one.bits()


@pytest.mark.parametrize("name, options", OWN_CASES, ids=case_id)
def test_a_recorded_step_runs_again_as_the_eager_one(name: str, options: dict[str, Any]) -> None:
    """Nothing but the hyperparameters is baked in: not the step count, nor anything computed from it."""
    eager, traced = Run(name, options), Run(name, options)
    for _ in range(2):
        eager.step()
        listener = listen(traced.step)
        assert eager.bits() == traced.bits()
    for _ in range(10):
        eager.step()
        for p in traced.params:  # new gradients, in the tensors that were recorded
            p.grad.array[...] = traced.rng.standard_normal(p.shape).astype(np.float32)
        listener.replay()
    assert eager.bits() == traced.bits()


@pytest.mark.parametrize("block", [1, 7, 64])
def test_large_parameters_are_updated_in_stretches(
    block: int, monkeypatch: pytest.MonkeyPatch, alone: Callable[[], None]
) -> None:
    monkeypatch.setattr(cohort, "BLOCK", block)
    runs = [Run("Adam", {"weight_decay": 0.1, "amsgrad": True})]
    for _ in range(5):
        runs[0].step()
    assert any(len(lanes) > 1 for c in runs[0].cohorts() for lanes in c.lanes)
    alone()
    runs.append(Run("Adam", {"weight_decay": 0.1, "amsgrad": True}))
    for _ in range(5):
        runs[1].step()
    assert runs[0].bits() == runs[1].bits()


@pytest.mark.parametrize("name", OPTIONS)
def test_options_that_change_every_step(name: str, alone: Callable[[], None]) -> None:
    def run() -> Run:
        made = Run(name, {"lr": 0.1})
        for k in range(10):
            group = made.optimizer.param_groups[0]
            group["lr"] = 0.1 / (1 + k)
            if "betas" in group:
                group["betas"] = (0.9 - k / 100, 0.99)
            group["weight_decay"] = 0.1 * (k // 4)
            if name == "SGD":
                group["momentum"] = 0.5 + k / 100
            made.step()
        return made

    together = run()
    assert together.cohorts()
    alone()
    assert together.bits() == run().bits()


def test_parameters_of_two_dtypes_and_of_unequal_age_go_in_cohorts() -> None:
    run = Run("Adam", {})
    doubles = [wrap(np.ones(3)).requires_grad_(), wrap(np.ones((2, 2))).requires_grad_()]
    run.optimizer.param_groups[0]["params"] += doubles
    run.params += doubles
    for _ in range(3):
        run.step()
    assert [len(c.params) for c in run.cohorts()] == [len(MORE), 2]
    late = [wrap(np.ones(3, np.float32)).requires_grad_(), wrap(np.ones(4, np.float32)).requires_grad_()]
    run.optimizer.param_groups[0]["params"] += late
    run.params += late
    for _ in range(3):
        run.step()
    assert [len(c.params) for c in run.cohorts()] == [len(MORE), 2, 2]
    assert [run.optimizer.state[p]["step"].item() for p in run.params[-5:]] == [6, 6, 6, 3, 3]


# -- nobody can notice ---------------------------------------------------------------------------------


def test_views_of_parameters_made_before_see_the_steps() -> None:
    run = Run("Adam", {})
    arrays = [p.detach().numpy() for p in run.params]
    for _ in range(4):
        run.step()
    assert all(p.array is array for p, array in zip(run.params, arrays, strict=True))


def test_state_held_by_somebody_else_is_not_moved() -> None:
    run = Run("Adam", {})
    run.step()
    held = run.optimizer.state[run.params[0]]["exp_avg"].numpy()
    for _ in range(3):
        run.step()
    np.testing.assert_array_equal(held, run.optimizer.state[run.params[0]]["exp_avg"].numpy())
    assert held is run.optimizer.state[run.params[0]]["exp_avg"].array


def test_state_written_by_hand_counts() -> None:
    run = Run("SGD", {"lr": 1.0, "momentum": 0.5}, shapes=[(2,), (2,)])
    for _ in range(3):
        run.step()
    p = run.params[0]
    run.optimizer.state[p]["momentum_buffer"].array[...] = 4.0
    before = p.array.copy()
    p.grad, run.params[1].grad = tg.tensor([0.0, 0.0]), tg.tensor([0.0, 0.0])
    run.optimizer.step()
    np.testing.assert_array_equal(p.array, before - 2)
    run.optimizer.state[p]["momentum_buffer"] = tg.tensor([8.0, 8.0])
    run.optimizer.step()
    np.testing.assert_array_equal(p.array, before - 6)


def test_exchanged_data_counts() -> None:
    run = Run("SGD", {"lr": 1.0, "momentum": 0.5}, shapes=[(2,), (2,)])
    for _ in range(3):
        run.step()
    p = run.params[0]
    old = p.array
    kept = old.copy()
    p.data = tg.tensor([10.0, 10.0])
    run.step()
    np.testing.assert_array_equal(old, kept)
    assert abs(p.array - 10).max() < 10
    assert (p.array != 10).all()


def test_parameters_that_share_memory_see_each_others_updates() -> None:
    memory = np.zeros(3, np.float32)
    a, b = (wrap(memory).requires_grad_() for _ in range(2))
    optimizer = optim.SGD([a, b], lr=1.0, momentum=0.5)
    for _ in range(4):
        a.grad, b.grad = tg.ones(3), tg.ones(3)
        optimizer.step()
    np.testing.assert_array_equal(memory, -2 * (1 + 1.5 + 1.75 + 1.875))


def test_parameters_and_gradients_that_are_not_contiguous(alone: Callable[[], None]) -> None:
    def run() -> Any:
        rng = np.random.default_rng(0)
        p = wrap(rng.standard_normal((4, 6)).astype(np.float32).T[::2]).requires_grad_()
        q = wrap(rng.standard_normal((3, 2)).astype(np.float32)).requires_grad_()
        optimizer = optim.Adam([p, q])
        for _ in range(4):
            p.grad, q.grad = (
                wrap(rng.standard_normal((4, 3)).astype(np.float32).T),
                wrap(rng.standard_normal((2, 3)).astype(np.float32).T),
            )
            optimizer.step()
        return p.array.tobytes() + q.array.tobytes()

    together = run()
    alone()
    assert together == run()


def test_a_step_makes_saved_tensors_stale() -> None:
    x = tg.tensor([2.0], requires_grad=True)
    optimizer = optim.Adam([x])
    for _ in range(3):
        y = (x * x).sum()
        x.grad = tg.tensor([1.0])
        optimizer.step()
        with pytest.raises(RuntimeError, match=r"saved by `mul`, then written by `Adam.step` at .*test_ways.py"):
            y.backward()


def test_a_gradient_of_another_shape_is_refused() -> None:
    for steps in (0, 3):
        run = Run("Adam", {}, shapes=[(3, 2), (4,)])
        for _ in range(steps):
            run.step()
        p = run.params[0]
        p.grad = tg.ones(3, 2)
        p.data = tg.ones(2, 3)
        with pytest.raises(
            RuntimeError,
            match=r"Adam.step: a gradient has another shape or dtype than its parameter\n.*\(3, 2\).*\(2, 3\)",
        ):
            run.optimizer.step()


def test_a_gradient_exchanged_under_the_hand_is_refused() -> None:
    run = Run("SGD", {"momentum": 0.9}, shapes=[(2, 3), (4,)])
    for _ in range(3):
        run.step()
    assert run.cohorts()
    for p in run.params:
        p.grad = p.detach()
    run.params[0].grad.data = tg.ones(3, 2)
    with pytest.raises(RuntimeError, match=r"SGD.step: a gradient has another shape or dtype than its parameter"):
        run.optimizer.step()


def test_state_of_another_shape_is_refused() -> None:
    run = Run("Adam", {}, shapes=[(3, 2)])
    run.step()
    run.params[0].data = tg.ones(2, 3)
    run.params[0].grad = tg.ones(2, 3)
    with pytest.raises(
        RuntimeError,
        match=r"Adam.step: the state of a parameter has another shape than the parameter\n  got: exp_avg \(3, 2\)",
    ):
        run.optimizer.step()


def test_memory_is_flat_without_the_garbage_collector() -> None:
    run = Run("Adam", {})
    for _ in range(5):
        run.step()
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for _ in range(300):
            run.step()
        assert len(gc.get_objects()) - before < 50
    finally:
        gc.enable()
