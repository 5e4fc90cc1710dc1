"""What `fit`, `evaluate`, `find_lr` and `diagnose` refuse before they begin, and in which words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tinygrad_nn as tg
from tests.train.nets import parts, problem
from tinygrad_nn import nn, optim, train

X, Y = problem()
CE = nn.CrossEntropyLoss()


def net() -> Any:
    return nn.Linear(2, 3)


def fitted(model: Any = None, optimizer: Any = None, **options: Any) -> train.History:
    model = net() if model is None else model
    optimizer = optim.SGD(model.parameters(), lr=0.1) if optimizer is None else optimizer
    return train.fit(model, (X, Y), CE, optimizer, **{"epochs": 1, "progress": False, **options})


def of_another() -> optim.Optimizer:
    return optim.SGD(net().parameters(), lr=0.1)


def swept(**changes: Any) -> train.LRCurve:
    model = net()
    given = {"model": model, "data": (X, Y), "loss": CE, "optimizer": optim.SGD(model.parameters(), lr=0.1), **changes}
    return train.find_lr(given.pop("model"), given.pop("data"), given.pop("loss"), given.pop("optimizer"), **given)


REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: fitted(optimizer=optim.SGD), TypeError, r"fit: optimizer is not an Optimizer\n  got: the class SGD\n  fix: optim\.Adam"),
    (lambda: fitted(optimizer=of_another()), ValueError, r"fit: the optimizer has none of the model's trainable parameters\n  got: SGD of 2 others"),
    (lambda: fitted(net().requires_grad_(False), of_another()), ValueError, r"fit: the model has no parameter to train\n  got: Linear\n  fix: model\.requires_grad_"),
    (lambda: fitted(scheduler=optim.lr_scheduler.StepLR), TypeError, r"fit: scheduler is not a learning-rate scheduler\n  got: the class StepLR"),
    (lambda: fitted(scheduler=3), TypeError, r"fit: scheduler is not a learning-rate scheduler\n  got: int"),
    (lambda: fitted(scheduler=optim.lr_scheduler.StepLR(of_another(), 1)), ValueError, r"fit: the scheduler steers another optimizer\n  got: StepLR of another SGD"),
    (lambda: fitted(clip_norm="1"), ValueError, "fit: clip_norm must be positive\n  got: '1'"),
    (lambda: fitted(progress="yes"), ValueError, "fit: progress is True, False or None\n  got: 'yes'"),
    (lambda: fitted(metrics=3), TypeError, "metrics: neither a name nor a Metric\n  got: int"),
    (lambda: fitted(callbacks=3), TypeError, "fit: a callback is a Callback or a function of the training\n  got: 3"),
    (lambda: train.evaluate(3, (X, Y)), TypeError, r"evaluate: model is not an nn\.Module\n  got: int"),  # type: ignore[arg-type]
    (lambda: train.evaluate(net(), (X, Y), nn.MSELoss), TypeError, "evaluate: loss is a class\n  got: MSELoss"),
    (lambda: swept(model=3), TypeError, r"find_lr: model is not an nn\.Module\n  got: int"),
    (lambda: swept(loss=nn.MSELoss), TypeError, r"find_lr: loss is a class\n  got: MSELoss\n  fix: make the object: MSELoss\(\)"),
    (lambda: swept(optimizer=None), TypeError, "find_lr: optimizer is not an Optimizer\n  got: NoneType"),
    (lambda: swept(optimizer=of_another()), ValueError, "find_lr: the optimizer has none of the model's trainable parameters"),
    (lambda: swept(low="a"), ValueError, "find_lr: rates must rise from above 0\n  got: low='a', high=10.0"),
    (lambda: swept(low=1.0, high=0.1), ValueError, "find_lr: rates must rise from above 0\n  got: low=1.0, high=0.1"),
    (lambda: swept(steps=3), ValueError, "find_lr: too few steps to see anything\n  got: 3\n  fix: 100"),
    (lambda: train.diagnose(net(), (X, Y), CE, optim.SGD), TypeError, "diagnose: optimizer is not an Optimizer\n  got: the class SGD"),  # type: ignore[arg-type]
]  # fmt: skip


@pytest.mark.parametrize("call, kind, text", REFUSED, ids=lambda v: v[:40] if isinstance(v, str) else "")
def test_refused_with_a_reason(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call()


def test_a_place_where_no_checkpoint_can_be_written_is_refused_before_the_first_step(tmp_path: Path) -> None:
    model = net()
    before = model.weight.tolist()
    with pytest.raises(FileNotFoundError, match=r"fit: the checkpoint's folder does not exist(.|\n)*fix: os\.makedirs"):
        fitted(model, checkpoint=tmp_path / "none" / "run.ckpt")
    with pytest.raises(IsADirectoryError, match=r"fit: checkpoint is a folder(.|\n)*fix: a file in it"):
        fitted(model, checkpoint=tmp_path)
    assert model.weight.tolist() == before


def test_a_loss_with_parameters_of_its_own_may_be_what_is_trained() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(tg.ones(()))

        def forward(self, out: Any, target: Any) -> Any:
            return CE(out * self.scale, target)

    model, loss = net().requires_grad_(False), Scaled()
    train.fit(model, (X, Y), loss, optim.SGD(loss.parameters(), lr=0.1), epochs=1, progress=False)
    assert loss.scale.item() != 1.0


def test_one_callback_and_one_metric_need_no_list() -> None:
    model, loader, loss, optimizer = parts()
    seen: list[int] = []
    history = train.fit(
        model, loader, loss, optimizer, epochs=2, progress=False,
        callbacks=lambda training: seen.append(training.epoch), metrics=train.metrics.Accuracy,
    )  # fmt: skip
    assert seen == [1, 2] and len(history["accuracy"]) == 2
