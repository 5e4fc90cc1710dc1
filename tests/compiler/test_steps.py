"""The table of steps (tests/compiler/steps): each is equal to eager as a program, or runs eagerly and says why."""

from __future__ import annotations

import re
import sys
import warnings
from typing import Any

import pytest

import tinygrad_nn as tg
from tests.compiler.steps import STEPS, judge
from tests.compiler.steps.scene import compiled
from tinygrad_nn.compiler import CompileWarning

LOOKS = r"(?s)looks at the value of a tensor\n  got: .* at .*\.py:\d+\n  fix: return the tensor"
CHANGES = r"(?s)changes what Python remembers\n  got: .*\n  fix: return"
SIZES = r"(?s)a size depends on the values of a tensor\n  got: `pick_at` with a mask, at .*data\.py:\d+\n  fix: keep"
GRAPH = r"returns a result to be differentiated, but a program gives values only"
OFTEN = r"(?s)records too often\n  got: .*\n  fix: give what changes as a tensor"
ITERATOR = r"takes from an iterator"

EAGER: dict[str, str] = {
    **dict.fromkeys(["data/masked-positions", "data/masked-mean", "data/masked-select"], SIZES),
    **dict.fromkeys(
        [
            "data/where-positions", "data/nonzero", "data/bincount", "data/unique", "data/one-hot-without-classes",
            "predict/item", "predict/to-numpy", "effect/append-item", "effect/print-loss", "effect/format-loss",
            "effect/numpy-loss", "effect/bool-of-loss", "effect/isfinite", "form/lbfgs", "form/plateau-inside",
        ],
        LOOKS,
    ),
    "predict/numpy-argument": r"(?s)takes tensors, hashable values.*got: ndarray\n  fix: .*from_numpy\(x\)",
    **dict.fromkeys(
        ["module/ordinary-loop", "module/used-in-a-compiled-step", "forward-only/loss-outside", "form/forward-method"], GRAPH
    ),
    **dict.fromkeys(
        [
            "changed/closure-cell", "changed/closure-of-a-helper", "argument/many-sizes", "argument/a-float-each-time",
            "argument/a-float-looked-at", "argument/an-int-each-time", "argument/a-list-written",
        ],
        OFTEN,
    ),
    **dict.fromkeys(
        [
            "effect/append", "effect/append-number", "effect/dict-tensor", "effect/counter", "effect/counter-as-factor",
            "effect/object-counter", "effect/object-append", "effect/module-attribute", "effect/module-last-output",
            "effect/deque", "effect/set", "effect/pop", "effect/set-global", "effect/numpy-array-written",
        ],
        CHANGES,
    ),
    **dict.fromkeys(["effect/next", "effect/next-tensor", "effect/generator", "effect/for-over-iterator"], ITERATOR),
    "effect/print": r"(?s)the step prints\n  got: print\(\) at .*effects\.py:\d+",
    "effect/random": r"draws random numbers of Python",
    "effect/random-choice": r"draws random numbers of Python",
    "effect/random-generator": r"(?s)random numbers that are not a Generator's\n  got: Random",
    "effect/numpy-random": r"(?s)draws random numbers of NumPy\n.*fix: use tg.rand",
    "effect/numpy-random-noise": r"draws random numbers of NumPy",
    "effect/numpy-generator": r"(?s)random numbers that are not a Generator's\n  got: Generator",
    "effect/clock": r"(?s)reads the clock\n  got: time\(\) at",
    "effect/seed": r"(?s)seeds a generator\n  got: manual_seed\(\) at",
    "effect/file": r"(?s)opens a file\n  got: open\(\) at",
}  # fmt: skip
"""The steps that are no program, with what the warning says."""

FEW = sorted({*list(STEPS)[::25], *[name for name in EAGER if name.startswith(("data/m", "effect/p", "form/"))]})
"""A sample for every day; the whole walk is slow."""


def agree(name: str) -> None:
    outcome = judge(name)
    if name in EAGER:
        assert outcome.kind == "refused", outcome
        assert re.search(EAGER[name], outcome.text), outcome.text
    else:
        assert outcome.kind == "equal", outcome


@pytest.mark.parametrize("name", FEW)
def test_a_compiled_step_is_equal_to_the_step_or_says_why_it_is_none(name: str) -> None:
    agree(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in STEPS if name not in FEW])
def test_every_compiled_step_is_equal_to_the_step_or_says_why_it_is_none(name: str) -> None:
    agree(name)


def test_the_reasons_are_of_steps_in_the_table() -> None:
    assert set(EAGER) <= set(STEPS)
    assert len(STEPS) > 600


def test_a_step_that_cannot_be_a_program_runs_eagerly_and_warns_once_with_the_line() -> None:
    step = compiled(lambda x: x * 2 if x.sum() > 0 else x)
    step(tg.ones(2))
    with pytest.warns(CompileWarning, match=r"(?s)looks at the value.*test_steps\.py:\d+.*<lambda> runs eagerly"):
        step(tg.ones(2))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [step(tg.tensor([k, 1.0])).tolist() for k in (1.0, -3.0)] == [[2, 2], [-3, 1]]


@pytest.mark.parametrize("name", ["effect/print", "effect/append", "data/masked-mean", "effect/random", "predict/item"])
def test_with_fullgraph_it_is_an_error(name: str) -> None:
    with pytest.raises(RuntimeError, match=EAGER[name]):
        scene = STEPS[name](lambda function: compiled(function, fullgraph=True))
        for batch in scene.batches[:6]:
            scene.step(*batch)


def test_a_program_that_is_not_the_step_is_thrown_away() -> None:
    """What nobody watches, here a setting of the interpreter, is seen at the first run of the program."""
    run = compiled(lambda x: x * (sys.getrecursionlimit() - limit))
    limit = sys.getrecursionlimit()
    x = tg.ones(2)
    try:
        results = [run(x).tolist() for _ in range(2)]
        sys.setrecursionlimit(limit + 3)
        with pytest.warns(CompileWarning, match=r"(?s)gives something else than the step\n  got: the result of shape"):
            results += [run(x).tolist() for _ in range(2)]
    finally:
        sys.setrecursionlimit(limit)
    assert results == [[0, 0], [0, 0], [3, 3], [3, 3]]


def test_a_schedule_records_twice_and_then_no_more() -> None:
    net = tg.nn.Linear(3, 1)
    optimizer = tg.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    schedule = tg.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, 100)

    @compiled
    def step(x: Any) -> Any:
        optimizer.zero_grad()
        loss = net(x).square().mean()
        loss.backward()
        optimizer.step()
        return loss

    for _ in range(30):
        step(tg.ones(2, 3))
        schedule.step()
    assert sum(len(programs) for programs in step.runners.values()) <= 3
    assert "lr  " in step.source and "momentum" in step.source


def test_two_gradients_are_never_one_array() -> None:
    a, b = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)

    @compiled
    def step(x: Any) -> Any:
        a.grad = b.grad = None
        ((a + b) * x).sum().backward()

    for _ in range(5):
        step(tg.ones(2))
        a.grad.mul_(5)
        assert (a.grad.tolist(), b.grad.tolist()) == ([5, 5], [1, 1])
