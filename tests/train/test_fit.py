"""`fit` does what the loop that one writes by hand does, and what that loop forgets."""

from __future__ import annotations

import math
import os
import signal
import sys
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.train.nets import columns, net, parts, problem, weights
from tinygrad_nn import nn, optim, train
from tinygrad_nn.nn.utils import clip_grad_norm_
from tinygrad_nn.utils.data import DataLoader, IterableDataset, TensorDataset

QUIET: dict[str, Any] = dict(progress=False)

# -- the loop ------------------------------------------------------------------------------------


def by_hand(
    model: Any, loader: Any, loss_fn: Any, optimizer: Any, epochs: int, clip: float | None = None, scheduler: Any = None
) -> Any:
    """The loop in twenty lines."""
    means, accuracies = [], []
    for _ in range(epochs):
        model.train()
        total, right, seen = 0.0, 0, 0
        for x, y in loader:
            optimizer.zero_grad()
            output = model(x)
            loss = loss_fn(output, y)
            loss.backward()
            if clip is not None:
                clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            total += loss.item() * len(y)
            right += int((output.argmax(1) == y).sum())
            seen += len(y)
        if scheduler is not None:
            scheduler.step()
        means.append(total / seen)
        accuracies.append(right / seen)
    return means, accuracies


@pytest.mark.parametrize("compile", [False, True], ids=["eager", "compiled"])
def test_fit_is_the_loop_by_hand_bit_for_bit(compile: bool) -> None:
    model, loader, loss, optimizer = parts(norm=not compile)
    scheduler = optim.lr_scheduler.ExponentialLR(optimizer, 0.7)
    means, accuracies = by_hand(model, loader, loss, optimizer, 3, 0.5, scheduler)
    mine, loader, loss, optimizer = parts(norm=not compile)
    scheduler = optim.lr_scheduler.ExponentialLR(optimizer, 0.7)
    history = train.fit(
        mine,
        loader,
        loss,
        optimizer,
        epochs=3,
        metrics="accuracy",
        scheduler=scheduler,
        clip_norm=0.5,
        compile=compile,
        **QUIET,
    )
    assert weights(mine) == weights(model)
    assert history["loss"] == means
    assert history["accuracy"] == accuracies
    assert history["epoch"] == [1, 2, 3]
    assert history["lr"] == pytest.approx([0.02, 0.014, 0.0098])
    assert len(history.steps) == 18
    assert history.stopped == "all 3 epochs done"


def test_clip_value_limits_each_element() -> None:
    model = nn.Linear(2, 1)
    start = model.weight.detach().numpy().copy()
    data = [(tg.tensor([[100.0, 200.0]]), tg.tensor([[1e4]]))]
    train.fit(model, data, nn.MSELoss(), optim.SGD(model.parameters(), lr=1.0), epochs=1, clip_value=0.25, **QUIET)
    np.testing.assert_allclose(model.weight.detach().numpy() - start, 0.25, rtol=1e-6)


@pytest.mark.parametrize("compile", [False, True], ids=["eager", "compiled"])
def test_schedules_of_batches(compile: bool) -> None:
    rates = []
    for by_fit in (False, True):
        model, loader, loss, optimizer = parts(norm=not compile)
        scheduler = optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=12)
        if by_fit:
            train.fit(model, loader, loss, optimizer, epochs=2, scheduler=scheduler, compile=compile, **QUIET)
        else:
            for _ in range(2):
                for x, y in loader:
                    optimizer.zero_grad()
                    loss(model(x), y).backward()
                    optimizer.step()
                    scheduler.step()
        rates.append((optimizer.param_groups[0]["lr"], weights(model)))
    assert rates[0] == rates[1]


def test_a_schedule_can_be_chosen() -> None:
    model, loader, loss, optimizer = parts()
    scheduler = optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    train.fit(model, loader, loss, optimizer, epochs=1, scheduler=scheduler, schedule="batch", **QUIET)
    assert optimizer.param_groups[0]["lr"] == 0.02 * 0.5**6


def test_plateau_watches_the_validation_loss() -> None:
    model, loader, loss, optimizer = parts()
    scheduler = optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, patience=0, factor=0.5, threshold=10, threshold_mode="abs"
    )
    x, y = problem()
    history = train.fit(model, loader, loss, optimizer, epochs=3, validation=(x, y), scheduler=scheduler, **QUIET)
    assert history["lr"] == [0.02, 0.02, 0.01]


def test_lbfgs_gets_its_closure() -> None:
    tg.manual_seed(0)
    x = tg.randn(32, 3)
    y = x @ tg.tensor([[1.0], [-2.0], [0.5]])
    model = nn.Linear(3, 1)
    history = train.fit(model, [(x, y)], nn.MSELoss(), optim.LBFGS(model.parameters(), lr=1), epochs=3, **QUIET)
    assert history["loss"][-1] < 1e-8
    np.testing.assert_allclose(model.weight.detach().numpy(), [[1.0, -2.0, 0.5]], atol=1e-4)


# -- data ----------------------------------------------------------------------------------------


def test_data_in_every_form_gives_the_same() -> None:
    x, y = problem()

    class Stream(IterableDataset[Any]):
        def __iter__(self) -> Any:
            return iter(zip(x, y))

    forms = [
        (x, y),
        (x.numpy(), y.numpy()),
        TensorDataset(x, y),
        DataLoader(TensorDataset(x, y), batch_size=8),
        [(x[k : k + 8], y[k : k + 8]) for k in range(0, 48, 8)],
        Stream(),
    ]
    found = []
    for form in forms:
        model, _, loss, optimizer = parts(dropout=False)
        train.fit(model, form, loss, optimizer, epochs=2, batch_size=8, shuffle=False, **QUIET)
        found.append(weights(model))
    assert all(each == found[0] for each in found)


def test_several_inputs() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(1, 1)

        def forward(self, x: Any, scale: Any) -> Any:
            return self.a(x) * scale

    model = Two()
    x = tg.ones(4, 1)
    history = train.fit(model, (x, x, x), nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1), epochs=2, **QUIET)
    assert history["loss"][1] < history["loss"][0]


def test_a_loss_is_weighted_by_its_batch() -> None:
    model = nn.Identity()
    data = [(tg.tensor([1.0, 1.0, 1.0]), tg.zeros(3)), (tg.tensor([3.0]), tg.zeros(1))]
    assert train.evaluate(model, data, nn.MSELoss())["loss"] == (3 * 1 + 9) / 4


# -- validation ----------------------------------------------------------------------------------


def test_validation_and_evaluate_agree() -> None:
    model, loader, loss, optimizer = parts()
    held_out = problem(30)
    history = train.fit(
        model, loader, loss, optimizer, epochs=2, validation=held_out, metrics=["accuracy", "f1"], **QUIET
    )
    found = train.evaluate(model, held_out, loss, ["accuracy", "f1"])
    assert history.last["validation loss"] == found["loss"]
    assert history.last["validation F1"] == found["F1"]
    x, y = held_out
    model.eval()
    assert found["accuracy"] == float((model(x).argmax(1) == y).float().mean())
    assert found["loss"] == pytest.approx(loss(model(x), y).item(), rel=1e-6)


def test_evaluate_puts_modes_back_and_records_nothing() -> None:
    model = net()
    model[1].eval()
    seen = []
    model.register_forward_hook(lambda module, args, out: seen.append((module.training, out.requires_grad)))
    train.evaluate(model, problem(), nn.CrossEntropyLoss())
    assert seen == [(False, False)]
    assert model.training
    assert not model[1].training


def test_a_metric_of_training_is_taken_before_the_update() -> None:
    model, loader, loss, optimizer = parts(dropout=False, batch_size=48, shuffle=False)
    x, y = problem()
    before = float((model(x).argmax(1) == y).float().mean())
    model, loader, loss, optimizer = parts(dropout=False, batch_size=48, shuffle=False)
    assert train.fit(model, loader, loss, optimizer, epochs=1, metrics="accuracy", **QUIET)[
        "accuracy"
    ] == pytest.approx([before])


# -- early stopping ------------------------------------------------------------------------------


class Falling(train.Callback):
    """Writes the given numbers into the history, and notes the weights of each epoch."""

    def __init__(self, *values: float) -> None:
        self.values, self.seen = values, []  # type: ignore[var-annotated]

    def on_epoch_end(self, training: train.Training) -> None:
        training.row["judged"] = self.values[training.epoch - 1]
        self.seen.append(weights(training.model))


def test_early_stopping_waits_and_puts_the_best_weights_back() -> None:
    model, loader, loss, optimizer = parts()
    judge = Falling(3, 1, 2, 1, 1.5, 0)
    stopping = train.EarlyStopping("judged", mode="min", patience=3)
    history = train.fit(model, loader, loss, optimizer, epochs=6, callbacks=[judge], early_stopping=stopping, **QUIET)
    assert history["judged"] == [3, 1, 2, 1, 1.5]
    assert history.best_epoch == 2
    assert history.stopped == "judged has not improved for 3 epochs"
    assert weights(model) == judge.seen[1]


def test_modes_and_what_counts_as_better() -> None:
    def epochs(values: list[float], **options: Any) -> tuple[int, int | None]:
        model, loader, loss, optimizer = parts()
        stopping = train.EarlyStopping("judged", **options)
        history = train.fit(
            model,
            loader,
            loss,
            optimizer,
            epochs=len(values),
            callbacks=[Falling(*values)],
            early_stopping=stopping,
            **QUIET,
        )
        return history.epochs, history.best_epoch

    assert epochs([1, 2, 3, 2, 1, 0], patience=2, mode="max") == (5, 3)
    assert epochs([1, 0.95, 0.9, 0.5], patience=2, min_delta=0.2, mode="min") == (3, 1)
    assert epochs([math.nan, 2, math.nan, math.nan], patience=2, mode="min") == (4, 2)


def test_early_stopping_without_restoring() -> None:
    model, loader, loss, optimizer = parts()
    judge = Falling(1, 2, 3)
    stopping = train.EarlyStopping("judged", mode="min", patience=2, restore_best=False)
    train.fit(model, loader, loss, optimizer, epochs=3, callbacks=[judge], early_stopping=stopping, **QUIET)
    assert weights(model) == judge.seen[2]


class At(train.Callback):
    """Does something at a step."""

    def __init__(self, step: int, act: Any) -> None:
        self.step, self.act = step, act

    def on_batch_end(self, training: train.Training) -> None:
        if training.step == self.step:
            self.act()


def fail() -> None:
    raise OSError("the disk is full")


@pytest.mark.parametrize(
    "how",
    ["ctrl-c", "exception", "kill -INT", "NaN"],
)
def test_the_best_weights_come_back_however_training_ends(how: str) -> None:
    model, loader, loss, optimizer = parts()
    judge = Falling(1, 5, 5, 5)
    act = {
        "ctrl-c": lambda: (_ for _ in ()).throw(KeyboardInterrupt),
        "exception": fail,
        "kill -INT": lambda: os.kill(os.getpid(), signal.SIGINT),
        "NaN": lambda: model[0].weight.data.fill_(math.nan),
    }[how]

    def run() -> Any:
        callbacks: list[Any] = [judge, At(15, act if how != "ctrl-c" else interrupt)]
        stopping = train.EarlyStopping("judged", mode="min")
        return train.fit(
            model, loader, loss, optimizer, epochs=4, callbacks=callbacks, early_stopping=stopping, **QUIET
        )

    if how == "exception":
        with pytest.raises(OSError, match="the disk is full"):
            run()
    elif how == "NaN":
        with pytest.raises(train.Diverged, match="epoch 3, batch 4 .step 16 of the training."):  # noqa: RUF043
            run()
    else:
        assert run().stopped == "Ctrl-C"
    assert len(judge.seen) == 2
    assert weights(model) == judge.seen[0]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def interrupt() -> None:
    raise KeyboardInterrupt


def test_ctrl_c_ends_between_two_steps() -> None:
    """The signal comes in the middle of the forward pass: the step is done first."""
    model, loader, loss, optimizer = parts()
    calls = []

    def press(module: Any, args: Any) -> None:
        calls.append(1)
        if len(calls) == 4:
            os.kill(os.getpid(), signal.SIGINT)

    model.register_forward_pre_hook(press)
    history = train.fit(model, loader, loss, optimizer, epochs=9, **QUIET)
    assert history.stopped == "Ctrl-C"
    assert len(history.steps) == 4
    other, loader, loss, optimizer = parts()
    for _, (x, y) in zip(range(4), loader):
        optimizer.zero_grad()
        loss(other(x), y).backward()
        optimizer.step()
    assert weights(model) == weights(other)


def test_a_program_that_handles_sigint_keeps_its_handler() -> None:
    caught = []
    before = signal.signal(signal.SIGINT, lambda *_: caught.append(1))
    try:
        model, loader, loss, optimizer = parts()
        act = At(2, lambda: os.kill(os.getpid(), signal.SIGINT))
        history = train.fit(model, loader, loss, optimizer, epochs=1, callbacks=[act], **QUIET)
        assert caught == [1]
        assert history.stopped == "all 1 epochs done"
    finally:
        signal.signal(signal.SIGINT, before)


# -- callbacks -----------------------------------------------------------------------------------


def test_callbacks_are_called_in_order() -> None:
    seen: list[Any] = []

    class Notes(train.Callback):
        def on_fit_begin(self, training: Any) -> None:
            seen.append("begin")

        def on_epoch_begin(self, training: Any) -> None:
            seen.append(f"epoch {training.epoch}")

        def on_batch_end(self, training: Any) -> None:
            seen.append(training.step)
            assert training.loss_value == training.history.steps[-1]

        def on_epoch_end(self, training: Any) -> None:
            seen.append("end of epoch")

        def on_fit_end(self, training: Any) -> None:
            seen.append("end")

    model, loader, loss, optimizer = parts(batch_size=24)
    train.fit(
        model, loader, loss, optimizer, epochs=2, callbacks=[Notes(), lambda t: seen.append(t.row["epoch"])], **QUIET
    )
    assert seen == ["begin", "epoch 1", 1, 2, "end of epoch", 1, "epoch 2", 3, 4, "end of epoch", 2, "end"]


def test_a_callback_can_stop() -> None:
    class Enough(train.Callback):
        def on_batch_end(self, training: Any) -> None:
            if training.step == 8:
                training.stop("enough")

    model, loader, loss, optimizer = parts()
    history = train.fit(model, loader, loss, optimizer, epochs=5, callbacks=[Enough()], **QUIET)
    assert (len(history.steps), history.epochs, history.stopped) == (8, 1, "enough")


# -- NaN -----------------------------------------------------------------------------------------


class LogNet(nn.Module):
    """A net whose logarithm breaks where its input is 0."""

    def __init__(self) -> None:
        super().__init__()
        self.out = nn.Linear(2, 1)

    def forward(self, x: Any) -> Any:
        return self.out(x).sum() * 0 + (x.log() * self.out.weight).sum()


@pytest.mark.parametrize("compile", [False, True], ids=["eager", "compiled"])
def test_a_nan_names_the_step_and_its_operation(compile: bool) -> None:
    model = LogNet()
    target = tg.zeros(1)
    data = [(tg.ones(1, 2), target)] * 5 + [(tg.tensor([[0.0, 1.0]]), target)] + [(tg.ones(1, 2), target)] * 3
    after: dict[int, Any] = {}

    class Notes(train.Callback):
        def on_batch_end(self, training: Any) -> None:
            after[training.step] = weights(model)

    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    text = (
        r"(?s)the loss became -?(inf|nan) in epoch 2, batch 6 \(step 15 of the training\)\n"
        r"  got: anomaly: `log` in LogNet produced the first Inf.*  fix: a smaller lr"
    )
    with pytest.raises(train.Diverged, match=text) as caught:
        train.fit(
            model,
            Later(data),
            lambda out, y: out + y.sum(),
            optimizer,
            epochs=3,
            callbacks=[Notes()],
            compile=compile,
            **QUIET,
        )
    assert (caught.value.epoch, caught.value.step) == (2, 15)
    assert caught.value.batch[0].tolist() == [[0.0, 1.0]]
    assert caught.value.history.epochs == 1
    assert weights(model) == after[14]  # as before the step that went wrong


class Later:
    """Batches that are all like the first one in the first pass."""

    def __init__(self, data: list[Any]) -> None:
        self.data, self.begun = data, 0

    def __iter__(self) -> Any:
        for k, batch in enumerate(self.data):
            self.begun += k == 0
            yield self.data[0] if self.begun == 1 else batch


def test_a_nan_in_the_gradient_is_found_before_it_spoils_the_weights() -> None:
    model = nn.Linear(2, 2, bias=False)
    start = weights(model)

    def loss(out: Any, y: Any) -> Any:
        return (out * 0).sqrt().sum()  # 0 forward, 0 * inf backward

    with pytest.raises(
        train.Diverged, match=r"(?s)the gradient of weight became NaN.*step 1 .*backward, in the gradient of `sqrt`"
    ):
        train.fit(model, (tg.ones(2, 2), tg.ones(2, 2)), loss, optim.SGD(model.parameters(), lr=0.1), epochs=1, **QUIET)
    assert weights(model) == start


def test_a_nan_under_dropout_is_repeated_with_the_same_mask() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.drop = nn.Linear(1, 1), nn.Dropout(0.5)

        def forward(self, x: Any) -> Any:
            kept = self.drop(tg.ones(1))
            return self.fc(x).sum() + (kept * 0.5 - 1).exp().sub(1).log().sum()  # log of 0 where it is kept

    for seed in range(8):
        tg.manual_seed(seed)
        model = Net()
        data = [(tg.ones(1, 1), tg.zeros(1))] * 20
        with pytest.raises(train.Diverged, match="`log` in Net produced the first"):
            train.fit(model, data, lambda out, y: out, optim.SGD(model.parameters(), lr=0.1), epochs=1, **QUIET)


@pytest.mark.parametrize("compile", [False, True], ids=["eager", "compiled"])
def test_an_update_that_overflows(compile: bool) -> None:
    model = nn.Linear(1, 1, bias=False)
    data = [(tg.ones(1, 1), tg.zeros(1, 1))]

    def loss(out: Any, y: Any) -> Any:
        return out.sum() * 1e30

    optimizer = optim.SGD(model.parameters(), lr=1e10)
    with pytest.raises(
        train.Diverged,
        match=r"(?s)weight became NaN or infinite in epoch 1, batch 1.*the optimizer's update overflowed",
    ):
        train.fit(model, data, loss, optimizer, epochs=2, compile=compile, **QUIET)


def test_weights_that_begin_as_nan_are_named() -> None:
    model, loader, loss, optimizer = parts()
    model[4].bias.data.fill_(math.nan)
    with pytest.raises(
        train.Diverged, match=r"(?s)the loss became nan in epoch 1, batch 1.*got: 4.bias itself holds a NaN"
    ):
        train.fit(model, loader, loss, optimizer, **QUIET)


# -- what is shown -------------------------------------------------------------------------------


def test_a_line_an_epoch_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    model, loader, loss, optimizer = parts()
    history = train.fit(model, loader, loss, optimizer, epochs=2, metrics="accuracy", validation=problem())
    err = capsys.readouterr().err.splitlines()
    assert len(err) == 2
    assert err[0].startswith(
        f"epoch 1/2: loss {history['loss'][0]:.4f}, accuracy {history['accuracy'][0]:.4f}, validation loss "
    )
    assert err[0].endswith(" s)")


def test_bars(capsys: pytest.CaptureFixture[str]) -> None:
    model, loader, loss, optimizer = parts()
    history = train.fit(model, loader, loss, optimizer, epochs=2, metrics="accuracy", progress=True)
    err = capsys.readouterr().err
    assert "epoch 2/2: 100%" in err
    assert "6/6" in err
    assert f"loss {history['loss'][1]:.4f}, accuracy {history['accuracy'][1]:.4f}" in err


def test_a_terminal_gets_bars(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    model, loader, loss, optimizer = parts()
    train.fit(model, loader, loss, optimizer, epochs=1)
    assert "100%" in capsys.readouterr().err


def test_silence(capsys: pytest.CaptureFixture[str]) -> None:
    model, loader, loss, optimizer = parts()
    train.fit(model, loader, loss, optimizer, epochs=1, progress=False)
    assert capsys.readouterr() == ("", "")


# -- what is refused -----------------------------------------------------------------------------


def refused(**changes: Any) -> Any:
    model, loader, loss, optimizer = parts()
    options = {"model": model, "data": loader, "loss": loss, "optimizer": optimizer, "epochs": 1, **QUIET, **changes}
    return train.fit(
        options.pop("model"), options.pop("data"), options.pop("loss"), options.pop("optimizer"), **options
    )


X, Y = problem()
BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    (dict(model=3), TypeError, "fit: model is not an nn.Module\n  got: int"),
    (dict(loss=nn.MSELoss), TypeError, r"fit: loss is a class\n  got: MSELoss\n  fix: make the object: MSELoss\(\)"),
    (dict(loss="mse"), TypeError, "fit: loss is not a function of .output, target.\n  got: str"),
    (dict(optimizer="adam"), TypeError, "fit: optimizer is not an Optimizer\n  got: str"),
    (dict(epochs=0), ValueError, "fit: epochs is a positive integer\n  got: 0"),
    (dict(epochs=1.5), ValueError, "fit: epochs is a positive integer\n  got: 1.5"),
    (dict(schedule="step"), ValueError, "fit: unknown schedule\n  got: 'step'\n  fix: \"epoch\" or \"batch\""),
    (dict(clip_norm=0), ValueError, "fit: clip_norm must be positive\n  got: 0"),
    (dict(clip_value=-1.0), ValueError, "fit: clip_value must be positive\n  got: -1.0"),
    (dict(checkpoint_every=3), ValueError, "fit: checkpoint_every is a number of steps, beside checkpoint\n  got: 3"),
    (dict(data=X), TypeError, "fit: the data gives no batches\n  got: Tensor\n  fix: a DataLoader"),
    (dict(data=iter([(X, Y)])), ValueError, "fit: the data can be iterated only once"),
    (dict(data=[X]), TypeError, r"fit: a batch is \(inputs..., target\)\n  got: Tensor of shape \(48, 2\)\n  fix: for an autoencoder"),
    (dict(data=[(X,)]), TypeError, r"fit: a batch is \(inputs..., target\)\n  got: tuple of length 1"),
    (dict(data=[]), ValueError, "fit: the data gave no batch"),
    (dict(loss=nn.CrossEntropyLoss(reduction="none")), RuntimeError, r"fit: the loss must be one number.*\n  got: shape \(8,\)\n  fix: reduction"),
    (dict(metrics="acc"), ValueError, "metrics: unknown name\n  got: 'acc'"),
    (dict(callbacks=[train.Callback]), TypeError, r"fit: a callback is a Callback or a function"),
    (dict(early_stopping=0), ValueError, "EarlyStopping: patience is a positive number of epochs\n  got: 0"),
    (dict(early_stopping=train.EarlyStopping("acc")), ValueError, "EarlyStopping: no such column\n  got: 'acc'\n  fix: one of 'epoch', 'loss'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "kind", "text"), BAD, ids=[f"{k}, {', '.join(c)}" for k, (c, _, _) in enumerate(BAD)]
)
def test_what_is_refused(changes: dict[str, Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        refused(**changes)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (dict(mode="least"), "EarlyStopping: unknown mode\n  got: 'least'"),
        (dict(min_delta=-1), "min_delta must not be negative\n  got: -1"),
    ],
)
def test_early_stopping_refuses(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        train.EarlyStopping(**options)


def test_lbfgs_cannot_be_compiled() -> None:
    model = nn.Linear(2, 3)
    with pytest.raises(ValueError, match="LBFGS computes the loss several times a step"):
        refused(model=model, optimizer=optim.LBFGS(model.parameters()), compile=True)


def test_evaluating_nothing() -> None:
    with pytest.raises(ValueError, match="evaluate: the data gave no batch"):
        train.evaluate(nn.Identity(), [])


def test_columns_compare_nan() -> None:
    history = train.History()
    history.add({"loss": math.nan})
    assert columns(history) == columns(history)
