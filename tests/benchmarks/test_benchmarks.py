"""The benchmark's contenders do the same work, and its clockwork counts what it says."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import by_hand, libraries
from benchmarks.nets import NETS, Net
from benchmarks.options import parse
from benchmarks.timing import WARM_UP, Spread, interleaved, ratio, spread

ROOT = Path(__file__).resolve().parent.parent.parent
SMALL_BATCH = 24


def losses(made: tuple[Any, Any, Any], steps: int = 8) -> list[float]:
    step, x, y = made
    found = [step(x, y) for _ in range(steps)]
    return [loss if isinstance(loss, float) else loss.item() for loss in found]


@pytest.mark.parametrize("net", NETS, ids=lambda net: net.name)
def test_by_hand_and_pytorch_take_the_same_steps(net: Net) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    expected = losses(libraries.training_step(torch, net, SMALL_BATCH))
    np.testing.assert_allclose(losses(by_hand.training_step(net, SMALL_BATCH)), expected, rtol=2e-5)
    assert expected[-1] < expected[0]


@pytest.mark.parametrize("net", NETS, ids=lambda net: net.name)
def test_by_hand_and_this_project_take_the_same_steps(net: Net) -> None:
    tinygrad_nn = pytest.importorskip("tinygrad_nn")
    expected = losses(by_hand.training_step(net, SMALL_BATCH))
    np.testing.assert_allclose(losses(libraries.training_step(tinygrad_nn, net, SMALL_BATCH)), expected, rtol=2e-5)


def test_contenders_are_timed_in_turns_and_each_begins_a_round() -> None:
    order: list[str] = []
    tick = itertools.count()
    calls = {name: (lambda name=name: order.append(name)) for name in "abc"}
    times = interleaved(calls, rounds=3, sample=0.0, clock=lambda: float(next(tick)))
    assert "".join(order[-9:]) == "abcbcacab"
    assert times == {"a": [1.0] * 3, "b": [1.0] * 3, "c": [1.0] * 3}


def test_a_sample_repeats_short_calls_and_gives_the_time_of_one() -> None:
    now, calls = 0.0, 0

    def call() -> None:
        nonlocal now, calls
        calls += 1
        now += 100 if calls <= 3 else 0.25  # the first calls are not like the others

    times = interleaved({"call": call}, rounds=2, sample=2.0, clock=lambda: now)
    assert times == {"call": [0.25, 0.25]}
    assert calls == WARM_UP + (1 + 2 + 4 + 8) + 2 * 8


def test_spread_and_ratio_are_medians_with_quartiles() -> None:
    assert spread([5.0, 1.0, 2.0, 4.0, 3.0]) == Spread(2.0, 3.0, 4.0)
    assert spread([7.0]) == Spread(7.0, 7.0, 7.0)
    found = ratio([1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 2.0, 2.0, 2.0, 2.0])
    assert found == Spread(1.0, 1.5, 2.0)


def test_options_pick_cases_by_part_of_their_name() -> None:
    options = parse(["--only", "step", "--only", "add", "--threads", "2"])
    assert [options.wants(name) for name in ("step-small", "add", "chain-forward")] == [True, True, False]
    assert parse([]).wants("anything")
    with pytest.raises(SystemExit):
        parse(["--threads", "0"])


def test_an_unknown_case_is_named() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--only", "nonsense"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "no case has nonsense in its name; there are: add, step-small" in done.stdout


@pytest.mark.slow
def test_a_smoke_run_prints_every_case_and_writes_its_samples(tmp_path: Path) -> None:
    file = tmp_path / "times.json"
    command = [sys.executable, "-m", "benchmarks", "--smoke", "--json", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    listed = subprocess.run([*command[:3], "--list"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    assert [name for name in listed if f"\n{name}: " not in done.stdout] == []
    assert "smoke run: the figures mean nothing" in done.stdout
    assert list(json.loads(file.read_text())["seconds"]) == listed
