"""The recorder: what it gathers, what that costs, and that training never notices."""

from __future__ import annotations

import copy
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn, optim, train, viz
from tinygrad_nn.viz import recorder as recorder_module
from tinygrad_nn.viz.budget import Budget, Clock
from tinygrad_nn.viz.snapshots import Series, Snapshot, Snapshots


def points(count: int = 64) -> tuple[Any, Any]:
    """Two classes, parted by a line."""
    x = np.random.default_rng(0).normal(size=(count, 2)).astype(np.float32)
    return tg.from_numpy(x), tg.from_numpy((x[:, 0] > x[:, 1]).astype(np.int64))


def small_net() -> nn.Module:
    """With everything that could be disturbed: dropout draws numbers, batch norm has buffers."""
    tg.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Dropout(0.1), nn.Linear(8, 2))


def loop(net: nn.Module, recorder: viz.Recorder | None, steps: int = 40) -> list[float]:
    """Training as one writes it."""
    x, y = points()
    optimizer = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if recorder is not None:
            recorder.step(loss=loss)
    return losses


# -- what it gathers -------------------------------------------------------------------------------


def test_every_loss_of_slow_steps_is_noted_in_order() -> None:
    net = small_net()
    recorder = viz.Recorder(net, share=1e9)
    losses = loop(net, recorder)
    assert recorder.curves["loss"].steps == list(range(1, 41))
    assert recorder.curves["loss"].values == losses


def test_the_copies_are_the_weights_of_their_steps() -> None:
    net = small_net()
    recorder = viz.Recorder(net, every=1, snapshots=50)
    kept = {0: net[0].weight.detach().numpy().copy()}
    x, y = points()
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    for step in range(1, 11):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
        recorder.step()
        kept[step] = net[0].weight.detach().numpy().copy()
    assert [s.step for s in recorder.snapshots] == list(range(11))
    for snapshot in recorder.snapshots:
        np.testing.assert_array_equal(snapshot.arrays["0.weight"], kept[snapshot.step])
        assert "1.running_mean" in snapshot.arrays
    film = recorder.film()
    for step in range(1, 11):  # |w_t - w_(t-1)| / |w_(t-1)|
        expected = np.linalg.norm(kept[step] - kept[step - 1]) / np.linalg.norm(kept[step - 1])
        assert film.updates["0.weight"][step] == pytest.approx(expected, rel=1e-5)
    assert math.isnan(film.updates["0.weight"][0])


def test_the_update_is_known_between_copies_that_are_far_apart() -> None:
    net = small_net()
    recorder = viz.Recorder(net, every=5)
    loop(net, recorder, 20)
    assert [s.step for s in recorder.snapshots] == [0, 5, 10, 15, 20]
    assert [math.isfinite(ratio) for ratio in recorder.film().updates["4.weight"]] == [False, True, True, True, True]


def test_gradients_are_those_of_the_step() -> None:
    net = small_net()
    recorder = viz.Recorder(net, every=1)
    loop(net, recorder, 3)
    np.testing.assert_array_equal(recorder.snapshots.kept[-1].gradients["4.bias"], net[4].bias.grad.numpy())
    assert recorder.snapshots.kept[0].gradients == {}


def test_fit_fills_the_curves_and_the_epochs() -> None:
    net, (x, y) = small_net(), points()
    recorder = viz.Recorder(net, (x, y), share=1e9)
    optimizer = optim.Adam(net.parameters(), lr=0.01)
    history = train.fit(
        net, (x, y), nn.CrossEntropyLoss(), optimizer, epochs=3, batch_size=16, validation=(x, y), metrics="accuracy",
        callbacks=[recorder], progress=False,
    )  # fmt: skip
    assert recorder.curves["loss"].values == history.steps
    assert recorder.curves["validation loss"].values == history["validation loss"]
    assert recorder.curves["validation accuracy"].steps == [4, 8, 12]
    assert recorder.curves["lr"].last == 0.01
    assert recorder.epochs == [4, 8, 12]
    assert recorder.snapshots.kept[-1].step == 12
    assert isinstance(recorder.loss, nn.CrossEntropyLoss)


def test_a_compiled_fit_is_recorded_too() -> None:
    net, (x, y) = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2)), points()
    recorder = viz.Recorder(net, (x, y), every=1)
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    train.fit(net, (x, y), nn.CrossEntropyLoss(), optimizer, epochs=2, batch_size=32, callbacks=[recorder],
              compile=True, progress=False)  # fmt: skip
    first, *_, last = recorder.snapshots
    assert not np.array_equal(first.arrays["0.weight"], last.arrays["0.weight"])
    np.testing.assert_array_equal(last.arrays["0.weight"], net[0].weight.detach().numpy())


def test_curves_go_through_a_checkpoint(tmp_path: Path) -> None:
    def run(epochs: int) -> viz.Recorder:
        net, (x, y) = small_net(), points()
        recorder = viz.Recorder(net, share=1e9)
        train.fit(net, (x, y), nn.CrossEntropyLoss(), optim.SGD(net.parameters(), lr=0.1), epochs=epochs,
                  batch_size=32, callbacks=[recorder], checkpoint=tmp_path / "run.ckpt", progress=False)  # fmt: skip
        return recorder

    before, after = run(2), run(4)
    assert after.curves["loss"].values[:4] == before.curves["loss"].values
    assert after.curves["loss"].steps == list(range(1, 9))
    assert after.epochs == [2, 4, 6, 8]
    assert after.snapshots.kept[0].step == 4


def test_numbers_come_as_tensors_arrays_and_names_with_underscores() -> None:
    recorder = viz.Recorder(nn.Linear(1, 1))
    recorder.step({"train loss": np.float32(2.0)}, accuracy=tg.tensor([0.5]))
    recorder.log(validation_loss=3)
    assert {name: series.last for name, series in recorder.curves.items()} == {
        "accuracy": 0.5, "train loss": 2.0, "validation loss": 3.0,
    }  # fmt: skip


# -- training never notices ------------------------------------------------------------------------


def state_of_everything(net: nn.Module) -> list[Any]:
    """Weights, buffers, and where the generators stand."""
    arrays = [t.detach().numpy().tolist() for t in (*net.parameters(), *net.buffers())]
    drawn = [np.random.get_state()[1].tolist(), random.getstate(), tg.get_rng_state().tolist()]
    return [arrays, drawn]


@pytest.mark.parametrize("live", [False, "curves.png"])
def test_numbers_of_training_and_generators_stay_as_they_are(live: bool | str, tmp_path: Path) -> None:
    def trained(watched: bool) -> list[Any]:
        net = small_net()
        np.random.seed(0)
        random.seed(0)
        x, y = points()
        where = tmp_path / live if isinstance(live, str) else live
        recorder = viz.Recorder(net, (x, y), every=3, loss=nn.CrossEntropyLoss(), live=where) if watched else None
        losses = loop(net, recorder, 20)
        if recorder is not None:  # in the middle of training
            recorder.page(tmp_path / "run.html")
            next(recorder.frames(size=20))
        losses += loop(net, recorder, 20)
        return [losses, *state_of_everything(net)]

    assert trained(True) == trained(False)


def test_a_picture_that_draws_numbers_takes_none_from_training(tmp_path: Path) -> None:
    net = small_net()
    tg.manual_seed(3)
    expected = tg.rand(4).tolist()
    tg.manual_seed(3)
    recorder = viz.Recorder(net, picture=lambda model: model(tg.randn(12, 2)).reshape(4, 6), every=1)
    recorder.step()
    recorder.page(tmp_path / "run.html")
    assert tg.rand(4).tolist() == expected


def test_modes_and_buffers_stay_as_they_are(tmp_path: Path) -> None:
    net = small_net()
    recorder = viz.Recorder(net, points(), every=1)
    loop(net, recorder, 5)
    buffers = {name: b.numpy().copy() for name, b in net.named_buffers()}
    net[3].eval()
    recorder.page(tmp_path / "run.html")
    assert [m.training for m in net] == [True, True, True, False, True]
    assert all(np.array_equal(b.numpy(), buffers[name]) for name, b in net.named_buffers())
    assert net[0].weight.grad is not None


# -- what it costs ---------------------------------------------------------------------------------


def clocked(step_time: float, cost: float, share: float, steps: int) -> tuple[Budget, int]:
    """A simulated run: work that costs `cost` seconds, done whenever the budget affords it."""
    clock, budget, now, due, done = Clock(), Budget(share), 0.0, 1, 0
    for step in range(1, steps + 1):
        now += step_time
        if step < due:
            continue
        clock.enter(now, step)
        if budget.affords(clock):
            now += cost
            budget.pay(cost)
            done += 1
        due = step + budget.wait(clock)
        clock.leave(now, step)
    clock.enter(now, steps)
    assert clock.training == pytest.approx(step_time * steps, rel=0.01)
    return budget, done


@pytest.mark.parametrize("step_time, cost", [(1e-3, 1e-5), (1e-3, 1e-3), (1e-3, 0.3), (3e-5, 5e-6)])
def test_a_budget_is_kept_to_and_used(step_time: float, cost: float) -> None:
    budget, done = clocked(step_time, cost, 0.05, 20_000)
    assert budget.spent <= 0.05 * step_time * 20_000 * 1.001
    assert done >= 0.6 * min(20_000, 0.05 * step_time * 20_000 / cost)


def test_a_pause_is_no_training_time() -> None:
    clock = Clock()
    now = 0.0
    for step in range(1, 11):
        now += 0.01 if step != 6 else 600.0
        clock.enter(now, step)
        clock.leave(now, step)
    assert clock.training == pytest.approx(8 * 0.01 + 10 * 0.01)


def test_one_interrupted_piece_does_not_end_the_looking() -> None:
    budget = Budget(0.05)
    budget.pay(1e-4)
    budget.pay(5.0)  # the machine did something else
    assert budget.spent == pytest.approx(1.1e-3)


@pytest.mark.parametrize("work", [2e-6, 5e-5, 2e-3])
def test_the_cost_of_a_run_is_within_the_share_and_is_told(work: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a clock of the test's own: a step takes a millisecond, a copy `work` seconds, a look at the clock a third of a µs."""
    now = 0.0

    def seconds() -> float:
        nonlocal now
        now += 3e-7
        return now

    def slow(function: Any) -> Any:
        def called(*args: Any, **named: Any) -> Any:
            nonlocal now
            now += work
            return function(*args, **named)

        return called

    monkeypatch.setattr(recorder_module, "seconds", seconds)
    for name in ("take", "samples_of"):
        monkeypatch.setattr(recorder_module, name, slow(getattr(recorder_module, name)))
    recorder = viz.Recorder(nn.Linear(2, 2))
    steps = 10_000
    for _ in range(steps):
        now += 1e-3
        recorder.step(loss=1.0)
    inside = now - steps * 1e-3
    assert 0 < recorder.cost <= 0.051
    assert 2.5 * inside <= 0.055 * steps * 1e-3  # what nobody timed counts as well
    assert f"cost {100 * recorder.cost:.1f} %" in repr(recorder)
    assert len(recorder.snapshots) >= 15


# -- how much it keeps -----------------------------------------------------------------------------


def test_a_series_thins_out_and_keeps_the_last_value() -> None:
    series = Series(limit=100)
    for step in range(1, 10_001):
        series.add(step, float(step))
    assert 50 <= len(series) <= 101
    assert series.steps == [int(v) for v in series.values]
    assert series.steps[0] == 1 and series.steps[-1] == series.last == 10_000
    gaps = np.diff(series.steps[:-1])
    assert gaps.max() <= 2 * gaps.min()


def test_snapshots_thin_out_evenly() -> None:
    kept = Snapshots(10)
    step = 0
    while step < 5_000:
        kept.add(Snapshot(step))
        step = max(kept.next_step, step + 1)
    steps = [s.step for s in kept]
    assert steps[0] == 0 and 5 <= len(steps) <= 10
    assert max(np.diff(steps)) <= 2.1 * min(np.diff(steps))


def test_memory_is_bounded() -> None:
    net = nn.Linear(100, 100, bias=False)  # 40,000 bytes
    recorder = viz.Recorder(net, every=1, memory=400_000)
    for _ in range(100):
        recorder.step()
    assert 5 <= len(recorder.snapshots) <= 10
    assert sum(a.nbytes for s in recorder.snapshots for a in s.arrays.values()) <= 400_000


def test_a_model_too_large_to_be_kept_whole_still_has_histograms() -> None:
    net = nn.Sequential(nn.Linear(2, 100), nn.Tanh(), nn.Linear(100, 2))
    recorder = viz.Recorder(net, points(), every=5, memory=1000)
    loop(net, recorder, 20)
    film = recorder.film()
    assert all(not s.arrays for s in recorder.snapshots)
    assert film.weights[0].counts.sum(1).tolist() == [200] * len(film.steps)
    assert [look is not None for look in film.looks] == [False] * (len(film.steps) - 1) + [True]
    assert "too large to keep" in film.notes[0]


def test_a_lazy_model_is_recorded_from_the_step_at_which_it_has_its_shapes() -> None:
    net = nn.Sequential(nn.LazyLinear(4), nn.Tanh(), nn.Linear(4, 2))
    recorder = viz.Recorder(net, points(), every=2)
    net(points()[0])
    loop(net, recorder, 6)
    assert [look is not None for look in recorder.film().looks] == [False, True, True, True]


# -- the film --------------------------------------------------------------------------------------


def test_histograms_count_every_value_and_nan_apart() -> None:
    first, second = np.array([0.0, 1.0, 2.0, 4.0]), np.array([np.nan, np.inf, 4.0, 4.0])
    one = viz.film.Histograms("w", [first, second, None])
    assert one.counts.sum(1).tolist() == [4, 2, 0]
    assert one.bad == [0, 2, 0]
    assert one.spread[0] == (first.mean(), first.std())
    assert one.spread[1] == (4.0, 0.0)
    assert math.isnan(one.spread[2][0])
    expected, _ = np.histogram(first, 40, (one.low, one.high))
    assert one.counts[0, 1:-1].tolist() == expected[1:-1].tolist()


def test_activations_are_those_of_the_weights_at_each_moment() -> None:
    net = small_net()
    x, y = points()
    recorder = viz.Recorder(net, (x, y), every=4)
    before = copy.deepcopy(net).eval()
    loop(net, recorder, 8)
    found = {h.name: h for h in recorder.film().activations}
    assert list(found) == ["0", "1", "2", "3", "4"]
    with tg.no_grad():
        first, last = before[0](x).numpy(), net[0](x).numpy()
    assert found["0"].spread[0][0] == pytest.approx(first.mean(), rel=1e-4)
    assert found["0"].spread[-1][1] == pytest.approx(last.std(), rel=1e-4)
    assert found["3"].spread == found["2"].spread  # dropout in eval mode


def test_the_doctor_visits_the_moments() -> None:
    net = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 2))
    recorder = viz.Recorder(net, points(), every=1, loss=nn.CrossEntropyLoss())
    for step in range(4):
        if step == 2:
            with tg.no_grad():
                net[0].bias.fill_(-50.0)  # every unit dies
        recorder.step()
    film = recorder.film()
    assert film.visits == [0, 1, 2, 3, 4]
    dead = next(steps for finding, steps in film.findings if finding.kind == "dead ReLU")
    assert dead == [3, 4]


def test_the_doctor_is_right_about_the_place_of_the_first_dead_step() -> None:
    net = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 2))
    recorder = viz.Recorder(net, points(), every=1)
    recorder.step()
    assert recorder.film().findings == []


# -- bad input -------------------------------------------------------------------------------------


def test_bad_input_is_refused_before_training() -> None:
    net = nn.Linear(2, 2)
    with pytest.raises(TypeError, match=r"Recorder: model is not an nn.Module(.|\n)*got: function"):
        viz.Recorder(lambda x: x)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="share must be above 0"):
        viz.Recorder(net, share=0)
    with pytest.raises(ValueError, match="every is a positive number of steps"):
        viz.Recorder(net, every=0)
    with pytest.raises(ValueError, match="at least 2 snapshots"):
        viz.Recorder(net, snapshots=1)
    with pytest.raises(TypeError, match="loss is a class"):
        viz.Recorder(net, loss=nn.CrossEntropyLoss)
    with pytest.raises(ValueError, match=r"data must be \(x, y\)(.|\n)*next\(iter\(loader\)\)"):
        viz.Recorder(net, tg.ones(3, 2))
    with pytest.raises(RuntimeError, match="in_features=2"):
        viz.Recorder(net, (tg.ones(3, 5), tg.tensor([0, 1, 1])))
    with pytest.raises(ValueError, match=r"picture must give \(H, W\)"):
        viz.Recorder(net, picture=lambda model: tg.ones(3))
    recorder = viz.Recorder(net)
    with pytest.raises(ValueError, match=r"Recorder: loss is not one number(.|\n)*shape \(2,\)"):
        recorder.step(loss=tg.ones(2))
    with pytest.raises(ValueError, match="there is no picture to draw"):
        next(recorder.frames())


def test_a_model_that_cannot_be_copied_is_refused() -> None:
    net = nn.Linear(2, 2)
    net.keeper = (part for part in ())  # generators cannot be copied
    with pytest.raises(ValueError, match="this one cannot be copied"):
        viz.Recorder(net, points())


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    recorder = viz.Recorder(nn.Linear(2, 2))
    with pytest.raises(OSError, match=r"viz: cannot write run.html(.|\n)*fix:"):
        recorder.page(tmp_path / "file" / "run.html")
