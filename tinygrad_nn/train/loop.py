"""`fit` and `evaluate`: the loop that one would write, with what one would forget.

Without ceremony the loop is

    for epoch in range(epochs):
        model.train()
        for x, y in loader:
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            optimizer.step()
        scheduler.step()

and `Training.run` is that, between checkpoints and callbacks. How a batch is made is told in
`batches`, what ends training early in `guard` and `interrupt`.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.compiler import compile as compiled
from tinygrad_nn.errors import ArgumentError, ShapeError, message
from tinygrad_nn.generator import default_generator
from tinygrad_nn.nn import Module
from tinygrad_nn.nn.utils import clip_grad_norm_, clip_grad_value_
from tinygrad_nn.optim import LBFGS, Optimizer
from tinygrad_nn.optim.lr_scheduler import CyclicLR, OneCycleLR, ReduceLROnPlateau
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.serialization import remove_leftovers
from tinygrad_nn.train import guard
from tinygrad_nn.train.arguments import (
    check_checkpoint,
    check_loss,
    check_model,
    check_options,
    check_parts,
    check_scheduler,
)
from tinygrad_nn.train.batches import as_batches, parts, size_of
from tinygrad_nn.train.callbacks import Callback, EarlyStopping, as_callback
from tinygrad_nn.train.checkpoint import read_checkpoint, write_checkpoint
from tinygrad_nn.train.conditions import conditions
from tinygrad_nn.train.history import History
from tinygrad_nn.train.interrupt import Interrupt
from tinygrad_nn.train.metrics import Metric, as_metrics
from tinygrad_nn.train.progress import Progress
from tinygrad_nn.train.randomness import Randomness

__all__ = ["Training", "evaluate", "fit"]

UPDATE = "loss and gradients were finite: the optimizer's update overflowed"


def fit(
    model: Module, data: Any, loss: Callable[..., Any], optimizer: Optimizer, *, epochs: int = 10, validation: Any = None,
    metrics: Any = None, scheduler: Any = None, schedule: str | None = None, batch_size: int = 32, shuffle: bool = True,
    clip_norm: float | None = None, clip_value: float | None = None, early_stopping: int | EarlyStopping | None = None,
    callbacks: Any = (), checkpoint: str | os.PathLike[str] | None = None, checkpoint_every: int | None = None,
    resume: bool = True, compile: bool = False, progress: bool | None = None,
) -> History:  # fmt: skip
    """Train `model`: for each batch (inputs..., target) of `data`, a step against loss(model(*inputs), target).

    data, validation: a DataLoader, a data set, a tuple of tensors (x, y), or a list of batches
    metrics:     names ("accuracy", "top-5", "f1", "r2", "mae", "rmse", "confusion matrix") or Metrics;
        those of training are taken on the way, before each update
    scheduler:   stepped after each epoch (`schedule="epoch"`), or after each batch ("batch": the rule
        of OneCycleLR and CyclicLR); ReduceLROnPlateau gets the validation loss
    batch_size, shuffle: for data that is no loader yet
    clip_norm, clip_value: limits of the gradient: its whole norm, each element
    early_stopping: how many epochs without a better validation loss to wait, or an `EarlyStopping`;
        the best weights are put back however training ends
    callbacks:   `Callback` objects, or functions called with the training after each epoch; one or several
    checkpoint:  a file to go on from: written after each epoch and every `checkpoint_every` steps. If
        it is there (and `resume`), training goes on from it, bit for bit as if never interrupted where
        the threads, the CPU's vector units and NumPy are the same; where they are not, a line says so
    compile:     run steps through `tinygrad_nn.compile`: the same bits, sooner
    progress:    True for bars, False for nothing, None for bars in terminals and notebooks, else lines

    Ctrl-C ends training after the running step, and the history says so; pressed twice it ends at once.

    Returns the `History`. Raises Diverged (a RuntimeError) if the loss or a gradient is NaN or
    infinite, naming the step and the first operation that made it so; ValueError and TypeError for
    options and batches that do not fit.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn, optim
    >>> _ = tg.manual_seed(0)
    >>> x = tg.rand(256, 2)
    >>> y = (x[:, 0] > x[:, 1]).long()
    >>> model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    >>> optimizer = optim.Adam(model.parameters(), lr=0.05)
    >>> history = fit(model, (x, y), nn.CrossEntropyLoss(), optimizer, epochs=5, metrics="accuracy", progress=False)
    >>> history["accuracy"][-1] > 0.9
    True
    """
    training = Training(
        model, data, loss, optimizer, epochs=epochs, validation=validation, metrics=metrics, scheduler=scheduler,
        schedule=schedule, batch_size=batch_size, shuffle=shuffle, clip_norm=clip_norm, clip_value=clip_value,
        early_stopping=early_stopping, callbacks=callbacks, checkpoint=checkpoint, checkpoint_every=checkpoint_every,
        resume=resume, compile=compile, progress=progress,
    )  # fmt: skip
    return training.run()


@no_grad()
def evaluate(
    model: Module, data: Any, loss: Callable[..., Any] | None = None, metrics: Any = None, *, batch_size: int = 256
) -> dict[str, Any]:
    """The mean loss and the metrics of `model` over `data`, in evaluation mode and without recording.

    Each module's training mode is put back afterwards. Arguments as in `fit`.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> x, y = tg.eye(3), tg.tensor([0, 1, 1])
    >>> evaluate(nn.Identity(), (x, y), metrics=["accuracy", "f1"])["accuracy"]
    0.6666666666666666
    """
    check_model("evaluate", model)
    if loss is not None:
        check_loss("evaluate", loss)
    measured = as_metrics(metrics)
    for metric in measured:
        metric.reset()
    modes = [(module, module.training) for module in model.modules()]
    total, seen = 0.0, 0
    model.eval()
    try:
        for batch in as_batches("evaluate", data, batch_size, shuffle=False):
            inputs, target = parts("evaluate", batch)
            output = model(*inputs)
            count = size_of(target, inputs)
            if loss is not None:
                total += _number("evaluate", loss(output, target)) * count
            seen += count
            for metric in measured:
                metric.update(output, target)
    finally:
        for module, mode in modes:
            module.training = mode
    if not seen:
        raise ArgumentError(message("evaluate: the data gave no batch", fix="is the data set empty?"))
    mean = {} if loss is None else {"loss": total / seen}
    return {**mean, **{metric.name: metric.compute() for metric in measured}}


def _number(name: str, value: Any) -> float:
    """The value of a loss, which must be one number."""
    if type(value) not in TYPES or value.array.size != 1:
        got = f"shape {tuple(value.shape)}" if type(value) in TYPES else type(value).__name__
        raise ShapeError(message(f"{name}: the loss must be one number, in a tensor", got=got, fix='reduction="mean"'))
    return float(value.array.reshape(()))


class Training:
    """One run of `fit`: its parts, and where it stands. Callbacks get it; arguments as in `fit`.

    epoch, step:  the running epoch, from 1; the steps done since the beginning
    loss_value:   the loss of the last step
    row:          the numbers of the epoch that ends
    resumed:      whether it goes on from a checkpoint
    """

    def __init__(
        self, model: Module, data: Any, loss: Callable[..., Any], optimizer: Optimizer, *, epochs: int, validation: Any,
        metrics: Any, scheduler: Any, schedule: str | None, batch_size: int, shuffle: bool, clip_norm: float | None,
        clip_value: float | None, early_stopping: int | EarlyStopping | None, callbacks: Any,
        checkpoint: str | os.PathLike[str] | None, checkpoint_every: int | None, resume: bool, compile: bool,
        progress: bool | None,
    ) -> None:  # fmt: skip
        check_parts("fit", model, loss, optimizer)
        check_options(epochs, schedule, clip_norm, clip_value, progress)
        check_scheduler(scheduler, optimizer)
        check_checkpoint(checkpoint, checkpoint_every)
        if compile and isinstance(optimizer, LBFGS):
            fix = "compile=False"
            raise ArgumentError(
                message("fit: LBFGS computes the loss several times a step, which cannot be compiled", fix=fix)
            )
        self.model, self.loss, self.optimizer, self.scheduler = model, loss, optimizer, scheduler
        self.data = as_batches("fit", data, batch_size, shuffle)
        self.validation = (
            None if validation is None else as_batches("fit: validation", validation, max(batch_size, 256), False)
        )
        self.metrics: list[Metric] = as_metrics(metrics)
        self.by_batch = schedule == "batch" or (schedule is None and isinstance(scheduler, OneCycleLR | CyclicLR))
        self.clip_norm, self.clip_value = clip_norm, clip_value
        if early_stopping is not None and not isinstance(early_stopping, EarlyStopping):
            early_stopping = EarlyStopping(patience=early_stopping)
        several = callbacks if isinstance(callbacks, Iterable) else (callbacks,)
        self.callbacks: list[Callback] = [as_callback(callback) for callback in several]
        self.callbacks += [early_stopping] if early_stopping is not None else []
        self.checkpoint, self.checkpoint_every, self.resume = checkpoint, checkpoint_every, resume
        self.epochs = epochs
        self.history = History()
        self.progress = Progress(progress, epochs)
        self.randomness = Randomness(
            data=self.data, validation=self.validation, model=model, loss=loss, optimizer=optimizer,
            scheduler=scheduler, metrics=self.metrics, callbacks=self.callbacks,
        )  # fmt: skip
        self.rewind = guard.Rewind(model, optimizer, self.randomness) if compile else None
        self.run_step = compiled(self._whole_step) if compile else None
        self.conditions = {} if checkpoint is None else conditions(compile)
        self.resumed = False
        self.epoch, self.step, self.done = 1, 0, 0  # done: batches of this epoch
        self.total, self.seen = 0.0, 0
        self.seconds = 0.0
        self.loss_value = math.nan
        self.row: dict[str, Any] = {}
        self.why = ""
        self.began: dict[str, Any] | None = None
        self._now: dict[str, Any] | None = None
        self._draws = False  # does a step draw random numbers?
        self._before: Any = None  # the default generator before the step, if so

    # -- what callbacks use ------------------------------------------------------------------------

    def stop(self, why: str) -> None:
        """End training after this epoch (from `on_batch_end`: after this batch)."""
        self.why = self.why or why

    # -- the run -----------------------------------------------------------------------------------

    def run(self) -> History:
        """All epochs, from where a checkpoint left off if there is one."""
        if self.checkpoint is not None:
            self.randomness.check()
            remove_leftovers(self.checkpoint)
            if self.resume and Path(self.checkpoint).exists():
                self._go_on(self.checkpoint)
        try:
            with Interrupt() as self.interrupt:
                self._epochs()
        except KeyboardInterrupt:
            self.why = "Ctrl-C"
            self.progress.note("Stopped by Ctrl-C.")
        except guard.Diverged as error:
            self.why = str(error).splitlines()[0].removeprefix("fit: ")
            raise
        except BaseException as error:
            self.why = f"{type(error).__name__}: {error}".splitlines()[0]
            raise
        finally:
            self.history.stopped = self.why or f"all {self.epochs} epochs done"
            self.progress.close()
            self.run_step = None  # it holds this object, which held it: nothing is left for the garbage collector
            for callback in reversed(self.callbacks):  # early stopping first: the others see the best weights
                callback.on_fit_end(self)
        return self.history

    def _go_on(self, checkpoint: str | os.PathLike[str]) -> None:
        """Stand where the checkpoint stood, and say so."""
        others = read_checkpoint(self, checkpoint)
        self.resumed = True
        self.progress.note(f"going on from {os.fspath(checkpoint)}: epoch {self.epoch}, {self.done} batches done")
        if others:
            self.progress.note(f"the last bits may differ from an uninterrupted run ({'; '.join(others)})")

    def _epochs(self) -> None:
        if self.epoch > self.epochs:  # the checkpoint is that of finished training
            return
        for callback in self.callbacks:
            callback.on_fit_begin(self)
        if self._now is not None:  # whatever they drew
            self.randomness.restore(self._now)
        while self.epoch <= self.epochs and not self.why:
            self._run_epoch()
            if self.done:  # stopped, or interrupted, in the middle of it
                return

    def _run_epoch(self) -> None:
        start = time.perf_counter()
        self.model.train()
        self.progress.begin(self.epoch, self.batches_per_epoch(), self.done)
        if not self.done:
            self.total, self.seen, self.seconds = 0.0, 0, 0.0
            for metric in self.metrics:
                metric.reset()
            for callback in self.callbacks:
                callback.on_epoch_begin(self)
        earlier = self.seconds
        for batch in self._remaining_batches():
            self._run_batch(batch)
            self.seconds = earlier + time.perf_counter() - start
            for callback in self.callbacks:
                callback.on_batch_end(self)
            if self.checkpoint_every and self.step % self.checkpoint_every == 0:
                self._save()
            if self.interrupt.asked:
                self._save()
                raise KeyboardInterrupt
            if self.why:
                self._save()
                return
        self._end_epoch(time.perf_counter() - start + earlier)

    def _remaining_batches(self) -> Iterator[Any]:
        """The batches of this epoch that are still to come, in the order in which they would have come."""
        if self.done:
            assert self.began is not None
            self.randomness.restore(self.began)
        elif self.checkpoint is not None:
            self.began = self.randomness.state()
        batches = iter(self.data)
        for _ in range(self.done):
            next(batches)
        if self.done and self._now is not None:
            self.randomness.restore(self._now)
        self._now = None
        return batches

    def _end_epoch(self, seconds: float) -> None:
        if not self.seen:
            raise ArgumentError(
                message(
                    "fit: the data gave no batch", fix="is the data set empty, or smaller than a batch with drop_last?"
                )
            )
        self._check_weights()
        row: dict[str, Any] = {"epoch": self.epoch, "loss": self.total / self.seen}
        row.update({metric.name: metric.compute() for metric in self.metrics})
        if self.validation is not None:
            found = evaluate(self.model, self.validation, self.loss, [_fresh(metric) for metric in self.metrics])
            row.update({f"validation {name}": value for name, value in found.items()})
        row["lr"] = float(self.optimizer.param_groups[0]["lr"])
        row["seconds"] = seconds
        self.row = row
        for callback in self.callbacks:
            callback.on_epoch_end(self)
        self._step_scheduler_of_epochs()
        self.history.add(row)
        self.progress.end(row)
        self.epoch, self.done = self.epoch + 1, 0
        self._save()
        if self.interrupt.asked:
            raise KeyboardInterrupt

    def _step_scheduler_of_epochs(self) -> None:
        if self.scheduler is None or self.by_batch:
            return
        if isinstance(self.scheduler, ReduceLROnPlateau):
            self.scheduler.step(self.row.get("validation loss", self.row["loss"]))
        else:
            self.scheduler.step()

    # -- one batch ---------------------------------------------------------------------------------

    def _run_batch(self, batch: Any) -> None:
        inputs, target = parts("fit", batch)
        place = self.epoch, self.step + 1, self.done + 1
        if self.run_step is not None and self.rewind is not None:
            self.rewind.keep((*inputs, target), place)
            loss, output = self.run_step(*inputs, target)
            self.loss_value = _number("fit", loss)
            if not math.isfinite(self.loss_value):
                self._replay()
                raise guard.diverged(*place, f"the loss became {self.loss_value}", guard.ONCE)
        else:
            output = self._careful_step(inputs, target, place)
        count = size_of(target, inputs)
        self.total += self.loss_value * count
        self.seen += count
        self.step += 1
        self.done += 1
        self.history.steps.append(self.loss_value)
        with no_grad():
            for metric in self.metrics:
                metric.update(output.detach() if type(output) in TYPES else output, target)
        if self.scheduler is not None and self.by_batch:
            self.scheduler.step()
        self.progress.step(self.total, self.seen)

    def _whole_step(self, *batch: Any) -> Any:
        """What is compiled: nothing in it looks at a value."""
        self.optimizer.zero_grad()
        output = self.model(*batch[:-1])
        loss = self.loss(output, batch[-1])
        loss.backward()
        self._clip()
        self.optimizer.step()
        return loss, output

    def _careful_step(self, inputs: tuple[Any, ...], target: Any, place: tuple[int, int, int]) -> Any:
        """The same, with a look at loss and gradients before anything is changed."""
        outputs: list[Any] = []
        looks = self._draws or self.done == 0
        self._before = default_generator.get_state() if looks else None

        def compute() -> Any:
            outputs.append(self.model(*inputs))
            return self.loss(outputs[-1], target)

        def closure() -> Any:
            self.optimizer.zero_grad()
            loss = compute()
            value = _number("fit", loss)
            if not math.isfinite(value):
                self._diverged(f"the loss became {value}", compute, place, (*inputs, target))
            loss.backward()
            self._clip()
            spoiled = guard.first_not_finite((n, p.grad) for n, p in self._named if p.grad is not None)
            if spoiled is not None:
                self._diverged(f"the gradient of {spoiled} became NaN or infinite", compute, place, (*inputs, target))
            return loss

        self._named = list(self.model.named_parameters())
        if isinstance(self.optimizer, LBFGS):
            self.loss_value = _number("fit", self.optimizer.step(closure))
        else:
            self.loss_value = _number("fit", closure())
            self.optimizer.step()
        if looks and not self._draws:  # random numbers are drawn in a step (dropout): note them from now on
            self._draws = not np.array_equal(self._before, default_generator.get_state())
        return outputs[0]

    def _clip(self) -> None:
        if self.clip_value is not None:
            clip_grad_value_(self.model.parameters(), self.clip_value)
        if self.clip_norm is not None:
            clip_grad_norm_(self.model.parameters(), self.clip_norm)

    # -- when the numbers go wrong -----------------------------------------------------------------

    def _diverged(self, what: str, compute: Callable[[], Any], place: tuple[int, int, int], batch: Any) -> None:
        if self._before is not None:
            default_generator.set_state(self._before)
        why = guard.reason(self.model, compute)
        self.optimizer.zero_grad()
        error = guard.diverged(*place, what, why)
        error.batch, error.history = batch, self.history
        raise error

    def _replay(self) -> None:
        """Run the last compiled steps again, one operation at a time, to the one that went wrong."""
        if self.rewind is not None:
            for batch, place in self.rewind.back():
                self._careful_step(batch[:-1], batch[-1], place)

    def _check_weights(self) -> None:
        """After the last step of an epoch nobody has seen what it did to the weights."""
        spoiled = guard.first_not_finite(self.model.named_parameters())
        if spoiled is not None:
            self._replay()
            error = guard.diverged(self.epoch, self.step, self.done, f"{spoiled} became NaN or infinite", UPDATE)
            error.history = self.history
            raise error

    # -- checkpoints -------------------------------------------------------------------------------

    def _save(self) -> None:
        if self.checkpoint is not None:
            self.randomness.warn_of_strangers()
            write_checkpoint(self, self.checkpoint)

    def position(self) -> dict[str, Any]:
        """Where training stands, in plain numbers."""
        names = ("epoch", "step", "done", "total", "seen", "seconds", "loss_value", "why")
        return {name: getattr(self, name) for name in names}

    def go_to(self, position: dict[str, Any], began: Any, now: Any) -> None:
        """Stand where a checkpoint stood."""
        vars(self).update(position)
        self.began, self._now = began, now
        self.randomness.restore(now)

    def batches_per_epoch(self) -> int | None:
        """How many, where the data knows."""
        try:
            return len(self.data)  # type: ignore[arg-type]
        except (TypeError, NotImplementedError):
            return None


def _fresh(metric: Metric) -> Metric:
    """A metric of the same kind that has seen nothing."""
    other: Metric = object.__new__(type(metric))
    vars(other).update(vars(metric))
    other.reset()
    return other
