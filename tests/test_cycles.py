"""Nothing is left for the garbage collector: memory is given back the moment that its last user is done with it."""

from __future__ import annotations

import gc
import io
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn, optim, train, viz
from tinygrad_nn.utils.checkpoint import checkpoint
from tinygrad_nn.utils.data import DataLoader, TensorDataset

X, Y = tg.rand(16, 4), tg.randint(0, 2, (16,))


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.1), nn.Linear(8, 2))


def step() -> None:
    model = net()
    optimizer = optim.Adam(model.parameters())
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    nn.functional.cross_entropy(model(X), Y).backward()
    optimizer.step()
    schedule.step()


def fit(**options: Any) -> None:
    model = net()
    optimizer = optim.Adam(model.parameters())
    train.fit(model, (X, Y), nn.CrossEntropyLoss(), optimizer, epochs=2, progress=False, **options)


def saved_and_loaded(form: str) -> None:
    file = io.BytesIO()
    tg.save(net().state_dict(), file, format=form)
    tg.load(io.BytesIO(file.getvalue()))


def recurrent() -> None:
    out, _ = nn.LSTM(4, 5)(tg.rand(3, 2, 4))
    out.sum().backward()


def hooked() -> None:
    model = net()
    handle = model.register_full_backward_hook(lambda *_: None)
    model(X).sum().backward()
    handle.remove()


def recomputed() -> None:
    w = tg.ones(3, requires_grad=True)
    checkpoint(lambda a: (a * a).sum(), w).backward()


def twice() -> None:
    w = tg.ones(3, requires_grad=True)
    (slope,) = tg.autograd.grad((w**3).sum(), w, create_graph=True)
    assert slope is not None
    slope.sum().backward()


def written() -> None:
    view = tg.ones(3, 4, requires_grad=True) * 2
    view[0].mul_(3)
    view.detach()[1] = 5
    view.relu_()
    view.sum().backward()


def watched() -> None:
    with tg.autograd.detect_anomaly(), viz.record():
        (tg.ones(3, requires_grad=True) * 2).sum().backward()


def drawn() -> None:
    viz.graph((X * tg.ones(4, requires_grad=True)).sum(), values=True, gradients=True)


def failed() -> None:
    with pytest.raises(RuntimeError):
        net()(tg.ones(2, 3))


SCENES: dict[str, Callable[[], Any]] = {
    "a step": step, "fit": fit, "npz": lambda: saved_and_loaded("npz"), "pt": lambda: saved_and_loaded("pt"),
    "LSTM": recurrent, "hooks": hooked, "checkpoint": recomputed, "twice": twice, "written": written, "watched": watched,
    "drawn": drawn, "failed": failed, "loader": lambda: list(DataLoader(TensorDataset(X, Y), 4, shuffle=True)),
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


def left_by(scene: Callable[[], Any]) -> Counter[str]:
    """The kinds of objects that only the collector could free, after the scene has been played before."""
    for _ in range(2):
        scene()
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    scene()
    gc.collect()
    return Counter(type(thing).__name__ for thing in gc.garbage)


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES.keys())
def test_no_cycles_are_left(scene: Callable[[], Any]) -> None:
    assert left_by(scene) == Counter()


def test_no_cycles_are_left_by_checkpoints(tmp_path: Path) -> None:
    assert left_by(lambda: fit(checkpoint=tmp_path / "run.ckpt")) == Counter()
