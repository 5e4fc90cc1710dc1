"""A checkpoint goes on exactly: after any interruption the numbers are those of the uninterrupted training."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.train.nets import columns, parts, problem, weights
from tinygrad_nn import nn, optim, serialization, train
from tinygrad_nn.utils import data

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a power cut would do is not tested here."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


class Stop(Exception):
    """The accident."""


class At(train.Callback):
    def __init__(self, step: int | None) -> None:
        self.step = step

    def on_batch_end(self, training: train.Training) -> None:
        if training.step == self.step:
            raise Stop


def fresh(make: Any, seed: int = 0) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
    """What a script has before it calls fit. A generator that was somewhere else before must not matter."""
    random.seed(seed)
    np.random.seed(seed)
    return make()  # type: ignore[no-any-return]


def run(make: Any, path: Path | None, stop: int | None, every: int) -> tuple[Any, Any] | None:
    model, loader, loss, optimizer, options = fresh(make)
    callbacks = [*options.pop("callbacks", []), At(stop)]
    saving: dict[str, Any] = {} if path is None else dict(checkpoint=path, checkpoint_every=every)
    try:
        history = train.fit(
            model, loader, loss, optimizer, epochs=3, callbacks=callbacks, progress=False, **saving, **options
        )
    except Stop:
        return None
    return columns(history), weights(model)


@cache
def uninterrupted(make: Any) -> Any:
    return run(make, None, None, 1)


def plain(**options: Any) -> Any:
    return (*parts(**options), dict(metrics=["accuracy"], validation=problem(20)))


def own_generator() -> Any:
    return plain(generator=tg.Generator().manual_seed(9))


def with_sampler(sampler: Any) -> Any:
    def make() -> Any:
        tg.manual_seed(0)
        return plain(shuffle=None, sampler=sampler())

    return make


class Augmented(data.Dataset[Any]):
    """Samples with noise of every kind, drawn when they are asked for."""

    def __init__(self) -> None:
        self.x, self.y = problem()
        self.rng, self.old, self.py = np.random.default_rng(4), np.random.RandomState(5), random.Random(6)
        self.generator = tg.Generator().manual_seed(7)

    def __getitem__(self, k: int) -> Any:
        noise = random.random() + np.random.rand() + self.rng.random() + self.old.rand() + self.py.random()
        return self.x[k] + tg.rand(2) * noise + tg.rand(2, generator=self.generator), self.y[k]

    def __len__(self) -> int:
        return len(self.y)


def augmented(**options: Any) -> Any:
    model, _, loss, optimizer = parts()
    return model, data.DataLoader(Augmented(), batch_size=8, shuffle=True, **options), loss, optimizer, {}


class Stream(data.IterableDataset[Any]):
    def __iter__(self) -> Any:
        x, y = problem()
        return ((x[k] + tg.rand(2), y[k]) for k in range(len(y)))


def stream() -> Any:
    model, _, loss, optimizer = parts()
    return model, data.DataLoader(Stream(), batch_size=8), loss, optimizer, {}


def weighted() -> Any:
    return data.WeightedRandomSampler(np.arange(1.0, 49.0), 48)


def replacing() -> Any:
    return data.RandomSampler(range(48), replacement=True, num_samples=48, generator=tg.Generator().manual_seed(3))


LOADERS: dict[str, Any] = {
    "default generator": plain,
    "own generator": own_generator,
    "weighted": with_sampler(weighted),
    "with replacement": with_sampler(replacing),
    "subset": with_sampler(lambda: data.SubsetRandomSampler(range(40), tg.Generator().manual_seed(1))),
    "noise of every kind": augmented,
    "workers": lambda: augmented(num_workers=2, multiprocessing_context="fork"),
    "stream": stream,
    "list": lambda: (*[p if k != 1 else [tuple(problem())] * 6 for k, p in enumerate(parts())], {}),
    "compiled": lambda: (*parts(norm=False), dict(compile=True, metrics=["accuracy"])),
    "early stopping": lambda: (*parts(), dict(early_stopping=1, validation=problem(20))),
}


@pytest.mark.parametrize(("stop", "every"), [(8, 3), (12, 6), (13, 5)])
@pytest.mark.parametrize("make", LOADERS.values(), ids=LOADERS.keys())
def test_training_goes_on_exactly(make: Any, stop: int, every: int, tmp_path: Path) -> None:
    whole = uninterrupted(make)
    path = tmp_path / "run.ckpt"
    assert run(make, path, stop, every) is None
    tg.manual_seed(12345)  # what happened in between does not matter
    random.seed(1)
    np.random.seed(1)
    assert run(make, path, None, every) == whole
    assert [p.name for p in tmp_path.iterdir()] == ["run.ckpt"]


def optimizers() -> dict[str, Any]:
    def of(cls: Any, **options: Any) -> Any:
        def make() -> Any:
            model, loader, loss, _ = parts()
            return model, loader, loss, cls(model.parameters(), **options), {}

        return make

    found = {
        name: of(getattr(optim, name), lr=0.01) for name in optim.__all__ if name[0].isupper() and name != "Optimizer"
    }
    found["SGD with momentum"] = of(optim.SGD, lr=0.01, momentum=0.9, nesterov=True)
    found["Adam, amsgrad"] = of(optim.Adam, lr=0.01, amsgrad=True)
    found["LBFGS, strong Wolfe"] = of(optim.LBFGS, line_search_fn="strong_wolfe")
    return found


OPTIMIZERS = optimizers()


@pytest.mark.parametrize("make", OPTIMIZERS.values(), ids=OPTIMIZERS.keys())
def test_every_optimizer_goes_on_exactly(make: Any, tmp_path: Path) -> None:
    whole = run(make, None, None, 4)
    assert run(make, tmp_path / "run.ckpt", 9, 4) is None
    assert run(make, tmp_path / "run.ckpt", None, 4) == whole


LR = optim.lr_scheduler
SCHEDULERS: dict[str, Any] = {
    "StepLR": lambda o: LR.StepLR(o, 1, 0.5),
    "MultiStepLR": lambda o: LR.MultiStepLR(o, [1, 2], 0.5),
    "ExponentialLR": lambda o: LR.ExponentialLR(o, 0.5),
    "CosineAnnealingLR": lambda o: LR.CosineAnnealingLR(o, 3),
    "CosineAnnealingWarmRestarts": lambda o: LR.CosineAnnealingWarmRestarts(o, 2),
    "OneCycleLR": lambda o: LR.OneCycleLR(o, 0.1, total_steps=18),
    "CyclicLR": lambda o: LR.CyclicLR(o, 0.01, 0.1, 4, cycle_momentum=False),
    "LinearLR": lambda o: LR.LinearLR(o, 0.1, 1.0, 3),
    "ConstantLR": lambda o: LR.ConstantLR(o, 0.5, 2),
    "LambdaLR": lambda o: LR.LambdaLR(o, lambda k: 0.9**k),
    "MultiplicativeLR": lambda o: LR.MultiplicativeLR(o, lambda k: 0.9),
    "PolynomialLR": lambda o: LR.PolynomialLR(o, 3),
    "ReduceLROnPlateau": lambda o: LR.ReduceLROnPlateau(o, patience=0, factor=0.5),
    "SequentialLR": lambda o: LR.SequentialLR(o, [LR.ConstantLR(o, 0.1, 1), LR.ExponentialLR(o, 0.5)], [1]),
    "ChainedScheduler": lambda o: LR.ChainedScheduler([LR.ConstantLR(o, 0.1, 1), LR.ExponentialLR(o, 0.5)], o),
}


SCHEDULES = [
    (name, by) for name in SCHEDULERS for by in ("epoch", "batch") if (name, by) != ("ReduceLROnPlateau", "batch")
]


@pytest.mark.parametrize(("scheduler", "schedule"), SCHEDULES)
@pytest.mark.filterwarnings("ignore:.*lr_scheduler.step.*before")
def test_every_scheduler_goes_on_exactly(scheduler: str, schedule: str, tmp_path: Path) -> None:
    def make() -> Any:
        model, loader, loss, optimizer = parts()
        made = SCHEDULERS[scheduler](optimizer)
        return model, loader, loss, optimizer, dict(scheduler=made, schedule=schedule)

    whole = run(make, None, None, 4)
    assert run(make, tmp_path / "run.ckpt", 9, 4) is None
    assert run(make, tmp_path / "run.ckpt", None, 4) == whole


def test_buffers_outside_the_state_dict_and_callbacks_are_kept(tmp_path: Path) -> None:
    class Net(nn.Linear):
        def __init__(self) -> None:
            super().__init__(2, 3)
            self.register_buffer("calls", tg.zeros(()), persistent=False)

        def forward(self, x: Any) -> Any:
            self.calls.add_(1)
            return super().forward(x) / self.calls

    class Sum(train.Callback):
        total = 0.0

        def on_batch_end(self, training: Any) -> None:
            self.total += training.loss_value

        def on_epoch_end(self, training: Any) -> None:
            training.row["sum"] = self.total

        def state_dict(self) -> dict[str, Any]:
            return {"total": self.total}

        def load_state_dict(self, state: dict[str, Any]) -> None:
            self.total = state["total"]

    def make() -> Any:
        tg.manual_seed(0)
        model = Net()
        _, loader, loss, _ = parts()
        return model, loader, loss, optim.SGD(model.parameters(), lr=0.1), dict(callbacks=[Sum()])

    whole = run(make, None, None, 4)
    assert run(make, tmp_path / "c", 9, 4) is None
    assert run(make, tmp_path / "c", None, 4) == whole


def test_ctrl_c_loses_nothing(tmp_path: Path) -> None:
    """The checkpoint is written where Ctrl-C came, not only at the epoch's end."""
    whole = run(plain, None, None, 1)
    model, loader, loss, optimizer, options = fresh(plain)

    class Press(train.Callback):
        def on_batch_end(self, training: Any) -> None:
            if training.step == 8:
                training.interrupt.asked = True

    path = tmp_path / "run.ckpt"
    history = train.fit(
        model, loader, loss, optimizer, epochs=3, callbacks=[Press()], checkpoint=path, progress=False, **options
    )
    assert history.stopped == "Ctrl-C"
    assert len(history.steps) == 8
    model, loader, loss, optimizer, options = fresh(plain)
    history = train.fit(
        model, loader, loss, optimizer, epochs=3, callbacks=[Press()], checkpoint=path, progress=False, **options
    )
    assert (columns(history), weights(model)) == whole


# -- runs that are over --------------------------------------------------------------------------


def test_a_finished_training_is_not_done_again_and_can_be_prolonged(tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    batches = []

    class Note(train.Callback):
        def on_batch_end(self, training: train.Training) -> None:
            batches.append(training.step)

    def trained(epochs: int, checkpoint: Path | None = path, **options: Any) -> tuple[Any, Any]:
        model, loader, loss, optimizer = parts()
        history = train.fit(
            model, loader, loss, optimizer, epochs=epochs, checkpoint=checkpoint, progress=False,
            callbacks=[Note()], **options,
        )  # fmt: skip
        return columns(history), weights(model)

    two = trained(2)
    done = len(batches)
    assert trained(2) == two
    assert len(batches) == done > 0
    assert trained(4) == trained(4, None)
    assert trained(1, resume=False) == trained(1, None)


def test_early_stopping_stays_stopped(tmp_path: Path) -> None:
    class Judge(train.Callback):
        def on_epoch_end(self, training: Any) -> None:
            training.row["judged"] = training.epoch

    def trained() -> Any:
        model, loader, loss, optimizer = parts()
        stopping = train.EarlyStopping("judged", mode="min", patience=2)
        history = train.fit(
            model, loader, loss, optimizer, epochs=9, callbacks=[Judge()], early_stopping=stopping,
            checkpoint=tmp_path / "run.ckpt", progress=False,
        )  # fmt: skip
        return history.epochs, history.best_epoch, history.stopped, weights(model)

    first = trained()
    assert first[:3] == (3, 1, "judged has not improved for 2 epochs")
    assert trained() == first


# -- files ---------------------------------------------------------------------------------------


def test_a_line_says_that_training_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(plain, tmp_path / "run.ckpt", 8, 1) is None
    model, loader, loss, optimizer, options = fresh(plain)
    train.fit(
        model, loader, loss, optimizer, epochs=3, callbacks=[At(None)], checkpoint=tmp_path / "run.ckpt", checkpoint_every=1, **options
    )  # fmt: skip
    assert f"going on from {tmp_path}/run.ckpt: epoch 2, 1 batches done" in capsys.readouterr().err


def test_leftovers_of_dead_processes_are_removed_and_only_they(tmp_path: Path) -> None:
    """A leftover is a temporary file of this checkpoint that nobody holds open; another file's is not ours to judge."""
    path = tmp_path / "run.ckpt"
    with serialization.replacing(path) as living:  # another process is writing just now
        living.write(b"half a checkpoint")
        (held,) = tmp_path.iterdir()
        dead = held.with_name(held.name.replace(held.stem[-4:], "dead"))
        dead.write_bytes(b"half a checkpoint")
        others = [tmp_path / ".tinygrad_nn-0-0.tmp", tmp_path / ".other.tmp"]
        for other in others:
            other.touch()
        run(plain, path, None, 4)
        assert sorted(tmp_path.iterdir()) == sorted([held, path, *others])
    assert sorted(tmp_path.iterdir()) == sorted([path, *others])


def changed(**changes: Any) -> Any:
    """A training that the checkpoint of `plain` does not belong to."""

    def make() -> Any:
        model, loader, loss, optimizer, options = plain()
        model = changes.get("model", lambda: model)()
        optimizer = changes.get("optimizer", optim.Adam)(model.parameters(), lr=0.1)
        options.update(changes.get("options", {}))
        return model, changes.get("loader", lambda: loader)(), loss, optimizer, options

    return make


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (changed(model=lambda: nn.Linear(2, 3)), "another model\n  got: Sequential in the file, Linear here\n  fix: fit(..., resume=False)"),
        (changed(model=lambda: nn.Sequential(nn.Linear(2, 3))), r"another parameter 0.weight\n  got: \[8, 2\] in the file, \[3, 2\] here"),
        (changed(optimizer=optim.SGD), "another optimizer\n  got: Adam in the file, SGD here"),
        (changed(options=dict(metrics=["f1"])), r"another metrics\n  got: \['accuracy'\] in the file, \['F1'\] here"),
        (changed(options=dict(early_stopping=3)), "another callbacks"),
        (changed(loader=lambda: parts(batch_size=4)[1]), "another batch size\n  got: 8 in the file, 4 here"),
        (changed(loader=lambda: parts(generator=tg.Generator())[1]), r"another set of random generators\n  got: \['default'\] in the file, \['default', 'data.generator'\] here"),
    ],
)  # fmt: skip
def test_a_checkpoint_of_other_training_is_refused(make: Any, text: str, tmp_path: Path) -> None:
    path = tmp_path / "run.ckpt"
    assert run(plain, path, 8, 1) is None
    with pytest.raises(ValueError, match=text.replace("(...", r"\(\.\.\.").replace("False)", r"False\)")):
        run(make, path, None, 1)


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    tg.save({"w": tg.ones(2)}, path)
    with pytest.raises(
        ValueError,
        match="fit: this file is no checkpoint of training\n  got: .*weights.npz\n  fix: give another name",  # noqa: RUF043
    ):
        run(plain, path, None, 1)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"load: .*weights.npz"):
        run(plain, path, None, 1)


# -- kill -9 -------------------------------------------------------------------------------------


def killed(folder: Path, kills: int, seed: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.train.kill_driver", str(folder), str(kills), str(seed)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the driver forks")
def test_kill_9_at_random_moments(tmp_path: Path) -> None:
    found = killed(tmp_path, 3, 0)
    assert min(found["killed"], found["resumed"]) >= 3


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the driver forks")
def test_kill_9_at_twenty_random_moments(tmp_path: Path) -> None:
    found = killed(tmp_path, 20, 1)
    assert min(found["killed"], found["resumed"]) >= 20
