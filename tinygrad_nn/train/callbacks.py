"""What can be hung into training: the base class, early stopping, weights kept in files."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.nn import Module
from tinygrad_nn.primitive import wrap
from tinygrad_nn.serialization import check_writable, save
from tinygrad_nn.train.arguments import check_callback

if TYPE_CHECKING:
    from tinygrad_nn.train.loop import Training

__all__ = ["Callback", "EarlyStopping", "KeepWeights", "as_callback", "copy_of"]


class Callback:
    """The base class: override what is needed. `training` has the model, the optimizer, `epoch`, `step`,
    `history`, `row` (this epoch's numbers), and `stop(why)`.

    A plain function is a callback too: it is called at the end of each epoch.

    >>> class Shout(Callback):
    ...     def on_epoch_end(self, training):
    ...         print(f"epoch {training.epoch}!")
    """

    def on_fit_begin(self, training: Training) -> None:
        """Before the first epoch (of this process, where training goes on from a checkpoint)."""

    def on_epoch_begin(self, training: Training) -> None:
        """Before the first batch of an epoch."""

    def on_batch_end(self, training: Training) -> None:
        """After each step; `training.loss_value` is its loss."""

    def on_epoch_end(self, training: Training) -> None:
        """After validation; what is written into `training.row` becomes a column of the history."""

    def on_fit_end(self, training: Training) -> None:
        """However training ended."""

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint must keep of this callback."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""


class _AtEpochEnd(Callback):
    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function

    def on_epoch_end(self, training: Training) -> None:
        self.function(training)


def as_callback(given: Any) -> Callback:
    """A callback from one, or from a function. Raises TypeError for anything else."""
    if isinstance(given, Callback):
        return given
    if callable(given) and not isinstance(given, type):
        check_callback(given)
        return _AtEpochEnd(given)
    raise TypeError(
        message(
            "fit: a callback is a Callback or a function of the training",
            got=repr(given),
            fix="make the object: MyCallback()" if isinstance(given, type) else None,
        )
    )


class Watching(Callback):
    """The base class of those who watch a number for its best value so far.

    monitor:   a column of the history; "validation loss" (without validation: "loss") unless given
    mode:      "min" if less is better, "max" if more is; unless given, "min" for losses and errors
    min_delta: what counts as improvement: by more than this

    Raises ValueError for a negative min_delta, an unknown mode; at the first epoch for an unknown column.
    """

    def __init__(self, monitor: str | None, mode: str | None, min_delta: float) -> None:
        name = type(self).__name__
        if monitor is not None and not isinstance(monitor, str):
            raise TypeError(
                message(f"{name}: monitor is the name of a column", got=repr(monitor), fix='"validation loss"')
            )
        if not min_delta >= 0:
            raise ArgumentError(message(f"{name}: min_delta must not be negative", got=min_delta))
        if mode not in ("min", "max", None):
            raise ArgumentError(message(f"{name}: unknown mode", got=repr(mode), fix='"min" or "max"'))
        less = monitor is None or any(word in monitor.lower() for word in ("loss", "error"))
        self.monitor = monitor
        self.mode = mode or ("min" if less else "max")
        self.min_delta = min_delta
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.best = math.inf if self.mode == "min" else -math.inf
        self.best_epoch: int | None = None

    def on_fit_begin(self, training: Training) -> None:
        if not training.resumed:
            self.forget()

    def column(self, training: Training) -> str:
        """The name of what is watched. ValueError if the epoch has no such number."""
        name = self.monitor or ("validation loss" if "validation loss" in training.row else "loss")
        if name not in training.row:
            known = ", ".join(repr(column) for column in training.row)
            raise ArgumentError(
                message(f"{type(self).__name__}: no such column", got=repr(name), fix=f"one of {known}")
            )
        return name

    def improved(self, training: Training) -> bool:
        """Whether this epoch is the best so far, which is noted; a NaN never is."""
        value = float(training.row[self.column(training)])
        gain = self.best - value if self.mode == "min" else value - self.best
        if not gain > self.min_delta:
            return False
        self.best, self.best_epoch = value, training.epoch
        return True


class EarlyStopping(Watching):
    """Stop when a number has not improved for `patience` epochs, and put the best weights back.

    They are put back however training ended: at the last epoch, by Ctrl-C, by an exception.

    monitor:      a column of the history; "validation loss" (without validation: "loss") unless given
    mode:         "min" if less is better, "max" if more is; unless given, "min" for losses and errors
    patience:     epochs without improvement after which to stop
    min_delta:    what counts as improvement: by more than this
    restore_best: False leaves the last weights

    Raises ValueError for a patience below 1, a negative min_delta, an unknown mode; at the first
    epoch for an unknown column.

    >>> EarlyStopping("validation accuracy", patience=3).mode
    'max'
    """

    def __init__(
        self, monitor: str | None = None, *, patience: int = 5, mode: str | None = None, min_delta: float = 0.0,
        restore_best: bool = True,
    ) -> None:  # fmt: skip
        if not isinstance(patience, int) or isinstance(patience, bool) or patience < 1:
            raise ArgumentError(message("EarlyStopping: patience is a positive number of epochs", got=repr(patience)))
        self.patience, self.restore_best = patience, restore_best
        super().__init__(monitor, mode, min_delta)

    def forget(self) -> None:
        super().forget()
        self.waited = 0
        self.weights: dict[str, Any] | None = None

    def on_epoch_end(self, training: Training) -> None:
        if self.improved(training):
            self.waited = 0
            self.weights = copy_of(training.model) if self.restore_best else None
        else:
            self.waited += 1
            if self.waited >= self.patience:
                training.stop(f"{self.column(training)} has not improved for {self.waited} epochs")

    def on_fit_end(self, training: Training) -> None:
        if self.weights is not None:
            put_back(training.model, self.weights)
            training.history.best_epoch = self.best_epoch

    def state_dict(self) -> dict[str, Any]:
        """The best value and its weights, and how long ago that was."""
        keys = ("best", "best_epoch", "waited", "weights")
        return {key: getattr(self, key) for key in keys}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        vars(self).update(state)


class KeepWeights(Watching):
    """Write the model's `state_dict` into a file of its own: of the best epoch so far, or of the last n epochs.

    path:      with `{epoch}` in it, a file for each epoch; without, one file, rewritten at each improvement
    last:      how many epochs' files to keep; the older ones that this training wrote are removed (None: all stay)
    monitor, mode, min_delta: what the best epoch is, as for `EarlyStopping`

    The form of the file is that of `save`: the ending says which.

    Raises ValueError for `last` below 1 or without `{epoch}`, a negative min_delta, an unknown mode; OSError
    where the file cannot be written, before the first epoch.

    >>> KeepWeights("best.safetensors").mode
    'min'
    >>> KeepWeights("epoch-{epoch:03}.npz", last=3).file(7)
    'epoch-007.npz'
    """

    def __init__(
        self, path: str | os.PathLike[str], *, last: int | None = None, monitor: str | None = None,
        mode: str | None = None, min_delta: float = 0.0,
    ) -> None:  # fmt: skip
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(message("KeepWeights: path is the path of a file", got=repr(path), fix='"best.npz"'))
        self.path = os.fspath(path)
        self.each = self.file(1) != self.path
        if last is not None and (not isinstance(last, int) or isinstance(last, bool) or last < 1 or not self.each):
            fix = 'KeepWeights("epoch-{epoch}.npz", last=3)'
            raise ArgumentError(
                message("KeepWeights: last is a number of epochs, beside a path with {epoch}", got=repr(last), fix=fix)
            )
        self.last = last
        super().__init__(monitor, mode, min_delta)

    def file(self, epoch: int) -> str:
        """The file for an epoch. ValueError for a path with other fields than `{epoch}`."""
        try:
            return self.path.format(epoch=epoch)
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            raise ArgumentError(
                message(f"KeepWeights: a path has no field but {{epoch}} ({error})", got=repr(self.path))
            ) from None

    def forget(self) -> None:
        super().forget()
        self.written: list[str] = []

    def on_fit_begin(self, training: Training) -> None:
        check_writable(self.file(1))
        super().on_fit_begin(training)

    def on_epoch_end(self, training: Training) -> None:
        if self.each:
            path = self.file(training.epoch)
            save(training.model.state_dict(), path)
            self.written = [*[old for old in self.written if old != path], path]
            while self.last is not None and len(self.written) > self.last:
                Path(self.written.pop(0)).unlink(missing_ok=True)
        elif self.improved(training):
            save(training.model.state_dict(), self.path)

    def state_dict(self) -> dict[str, Any]:
        """The best value, and which files there are."""
        return {"best": self.best, "best_epoch": self.best_epoch, "written": list(self.written)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        vars(self).update(state)


def copy_of(model: Module) -> dict[str, Any]:
    """All parameters and buffers by name, as copies."""
    return {name: wrap(np.array(t.array)) for name, t in (*model.named_parameters(), *model.named_buffers())}


def put_back(model: Module, tensors: dict[str, Any]) -> None:
    """Write the tensors that `copy_of` gave over those of the model."""
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        tensor.data.copy_(tensors[name])
