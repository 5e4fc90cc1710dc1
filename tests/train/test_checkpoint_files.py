"""A checkpoint that does not fit is refused in one line, and nothing is changed; one that cannot be written is found out early."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.train.nets import columns, parts, problem, weights
from tinygrad_nn import optim, train
from tinygrad_nn.train import checkpoint as files


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


def training(path: Path, epochs: int = 2, **options: Any) -> train.Training:
    model, loader, loss, optimizer = parts()
    schedule = optim.lr_scheduler.MultiStepLR(optimizer, [1, 2], 0.5)
    return train.Training(
        model, loader, loss, optimizer, epochs=epochs, validation=problem(20), metrics=["accuracy", "f1"],
        scheduler=schedule, schedule=None, batch_size=8, shuffle=True, clip_norm=None, clip_value=None, early_stopping=5,
        callbacks=(), checkpoint=path, checkpoint_every=4, compile=False, progress=False, **{"resume": True, **options},
    )  # fmt: skip


def everything(run: train.Training) -> str:
    """All that reading a checkpoint may change, as text."""
    np.set_printoptions(threshold=sys.maxsize)
    try:
        state = files._state(run)
        return repr([(name, _plain(part)) for name, part in state.items()])
    finally:
        np.set_printoptions(threshold=1000)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return [(key, _plain(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return np.asarray(value.array if isinstance(value, tg.Tensor) else value).tobytes() if _is_array(value) else value


def _is_array(value: Any) -> bool:
    return isinstance(value, (tg.Tensor, np.ndarray, np.generic))


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every way into nested containers."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    return [way, *[inner for key, item in items for inner in places(item, (*way, key))]]


MUTATIONS: list[Any] = [
    None, "x", -1, 10**30, 1.5, float("nan"), [], {}, (), np.zeros((3, 1)), tg.ones(7), tg.ones(2, 3).long(), True, b"\0", "DELETE",
]  # fmt: skip


def mutated(value: Any, way: tuple[Any, ...], new: Any) -> Any:
    """A copy of nested containers with one place replaced, or deleted."""
    if not way:
        return new
    key, *rest = way
    if isinstance(value, dict):
        copy = dict(value)
        if not rest and isinstance(new, str) and new == "DELETE":
            del copy[key]
        else:
            copy[key] = mutated(value[key], tuple(rest), new)
        return copy
    items = list(value)
    if not rest and isinstance(new, str) and new == "DELETE":
        del items[key]
    else:
        items[key] = mutated(items[key], tuple(rest), new)
    return type(value)(items) if type(value) in (list, tuple) else items


@pytest.mark.parametrize("sealed", [False, True])
def test_a_mutated_checkpoint_is_refused_and_changes_nothing(sealed: bool, tmp_path: Path) -> None:
    """`sealed`: by somebody who makes a new seal too, so that only reading it can show what is wrong."""
    _mutate(sealed, 150, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("sealed", [False, True])
def test_many_mutated_checkpoints(sealed: bool, tmp_path: Path) -> None:
    _mutate(sealed, 2000, tmp_path)


def refusal(run: train.Training, path: Path) -> str:
    """The text of the ValueError with which a checkpoint is refused; nothing if it is taken."""
    try:
        files.read_checkpoint(run, path)
    except ValueError as error:
        return str(error)
    return ""


def _mutate(sealed: bool, count: int, folder: Path) -> None:
    path, other = folder / "c", folder / "mutated"
    training(path).run()
    state = tg.load(path)
    rng = random.Random(count)
    ways = [way for way in places(state) if way]
    refused = tried = 0
    run = training(other)
    before = everything(run)
    for _ in range(count):
        changed = mutated(state, rng.choice(ways), rng.choice(MUTATIONS))
        if sealed and isinstance(changed, dict):
            changed["seal"] = files._seal({key: item for key, item in changed.items() if key != "seal"})
        elif _plain(changed) == _plain(state):
            continue
        tg.save(changed, other)
        tried += 1
        complaint = refusal(run, other)
        if complaint:
            assert complaint.startswith("fit:")
            assert everything(run) == before
            refused += 1
        else:
            assert sealed, "a change was not seen"
            run = training(other)
            before = everything(run)
    assert refused == tried if not sealed else refused > tried // 3


def test_an_interrupted_reading_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c"
    training(path).run()
    run = training(path)
    before = everything(run)
    once = [KeyboardInterrupt()]
    whole = train.History.load_state_dict

    def load(self: train.History, state: dict[str, Any]) -> None:
        if once:
            raise once.pop()
        whole(self, state)

    monkeypatch.setattr(train.History, "load_state_dict", load)
    with pytest.raises(KeyboardInterrupt):
        files.read_checkpoint(run, path)
    assert everything(run) == before


def test_other_conditions_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    path = tmp_path / "c"
    training(path, epochs=1).run()
    monkeypatch.setattr(train.conditions, "get_num_threads", lambda: 77)
    run = training(path, epochs=2)
    run.progress = type(run.progress)(None, 2)
    run.run()
    told = capsys.readouterr().err
    assert "the last bits may differ from an uninterrupted run (threads: " in told
    assert "77 now" in told


# -- places where nothing can be written ----------------------------------------------------------


def test_a_folder_that_takes_no_files_is_named_before_the_first_step(tmp_path: Path, monkeypatch: Any) -> None:
    def denied(*args: Any, **kwargs: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    model, loader, loss, optimizer = parts()
    before = weights(model)
    monkeypatch.setattr("tinygrad_nn.serialization.files._temporary", denied)
    with pytest.raises(
        PermissionError, match=r"no file can be written into the folder of .*c\n  got: Permission denied"
    ):
        train.fit(model, loader, loss, optimizer, epochs=1, checkpoint=tmp_path / "c", progress=False)
    assert weights(model) == before


FULL = """
import resource, signal, sys
import tinygrad_nn as tg
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = sys.argv[1]
tg.save({"w": tg.zeros(10)}, path)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    tg.save({"w": tg.zeros(100_000)}, path)
except OSError as error:
    print(error)
assert tg.load(path)["w"].tolist() == [0.0] * 10
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of file sizes there")
@pytest.mark.parametrize("ending", ["npz", "safetensors", "pt"])
def test_a_full_disk_is_named_and_the_file_before_stays(ending: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / f"w.{ending}")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"save: there is no room for {tmp_path}/w.{ending}, which is as it was before" in done.stdout
    assert "MB free in the folder\n  fix: free some space" in done.stdout
    assert [p.name for p in tmp_path.iterdir()] == [f"w.{ending}"]


@pytest.mark.parametrize("wrong", [5, b"run.ckpt", ["run.ckpt"], True])
def test_a_checkpoint_that_is_no_path_is_refused(wrong: Any) -> None:
    model, loader, loss, optimizer = parts()
    with pytest.raises(TypeError, match="fit: checkpoint is the path of a file"):
        train.fit(model, loader, loss, optimizer, checkpoint=wrong)


def test_columns_of_a_finished_run_come_back(tmp_path: Path) -> None:
    first = training(tmp_path / "c").run()
    assert columns(training(tmp_path / "c").run()) == columns(first)


# -- weights in files of their own ----------------------------------------------------------------


class Judge(train.Callback):
    """Writes a number that the test chose into each epoch's row."""

    def __init__(self, *numbers: float) -> None:
        self.numbers = numbers

    def on_epoch_end(self, training: Any) -> None:
        training.row["judged"] = self.numbers[training.epoch - 1]


class Copies(train.Callback):
    """The weights after each epoch."""

    def __init__(self) -> None:
        self.weights: dict[int, Any] = {}

    def on_epoch_end(self, training: Any) -> None:
        self.weights[training.epoch] = weights(training.model)


def kept(path: Path) -> Any:
    return {name: tensor.numpy().tobytes() for name, tensor in tg.load(path).items()}


def fitted(epochs: int, *callbacks: Any, **options: Any) -> Any:
    model, loader, loss, optimizer = parts()
    return train.fit(model, loader, loss, optimizer, epochs=epochs, callbacks=callbacks, progress=False, **options)


@pytest.mark.parametrize(("mode", "best"), [("min", 2), ("max", 4)])
def test_the_best_epochs_weights_are_kept_in_a_file(mode: str, best: int, tmp_path: Path) -> None:
    copies = Copies()
    keep = train.KeepWeights(tmp_path / "best.safetensors", monitor="judged", mode=mode)
    fitted(5, Judge(3, 1, float("nan"), 5, 5), copies, keep)
    assert kept(tmp_path / "best.safetensors") == copies.weights[best]
    assert keep.best_epoch == best


def test_the_last_epochs_weights_are_kept_also_over_a_resume(tmp_path: Path) -> None:
    copies = Copies()
    path = tmp_path / "c"
    stranger = tmp_path / "epoch-7.npz"
    stranger.write_bytes(b"not ours")

    def keep() -> Any:
        return train.KeepWeights(tmp_path / "epoch-{epoch}.npz", last=2)

    fitted(3, copies, keep(), checkpoint=path)
    assert sorted(p.name for p in tmp_path.glob("epoch*")) == ["epoch-2.npz", "epoch-3.npz", "epoch-7.npz"]
    fitted(5, copies, keep(), checkpoint=path)
    assert sorted(p.name for p in tmp_path.glob("epoch*")) == ["epoch-4.npz", "epoch-5.npz", "epoch-7.npz"]
    assert [kept(tmp_path / f"epoch-{k}.npz") for k in (4, 5)] == [copies.weights[4], copies.weights[5]]
    assert stranger.read_bytes() == b"not ours"


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "text"),
    [
        (("best.npz",), dict(last=2), ValueError, "last is a number of epochs, beside a path with {epoch}"),
        (("{epoch}.npz",), dict(last=0), ValueError, "last is a number of epochs"),
        (("{step}.npz",), {}, ValueError, "a path has no field but {epoch}"),
        ((5,), {}, TypeError, "path is the path of a file"),
        (("b.npz",), dict(mode="less"), ValueError, "KeepWeights: unknown mode"),
        (("b.npz",), dict(monitor=5), TypeError, "KeepWeights: monitor is the name of a column"),
        (("b.npz",), dict(min_delta=-1), ValueError, "KeepWeights: min_delta must not be negative"),
    ],
)  # fmt: skip
def test_keep_weights_refuses(arguments: Any, options: Any, kind: Any, text: str) -> None:
    with pytest.raises(kind, match=text.replace("{", r"\{")):
        train.KeepWeights(*arguments, **options)


def test_keep_weights_refuses_an_unknown_column_and_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="KeepWeights: no such column\n  got: 'accuracy'"):
        fitted(1, train.KeepWeights(tmp_path / "b.npz", monitor="accuracy"))
    with pytest.raises(OSError, match="no file can be written into the folder of"):
        fitted(1, train.KeepWeights(tmp_path / "none" / "b.npz"))
