"""What can be hung into training: the base class, and early stopping."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.nn import Module
from tinygrad_nn.primitive import wrap

if TYPE_CHECKING:
    from tinygrad_nn.train.loop import Training

__all__ = ["Callback", "EarlyStopping", "as_callback", "copy_of"]


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
        return _AtEpochEnd(given)
    raise TypeError(
        message(
            "fit: a callback is a Callback or a function of the training",
            got=repr(given),
            fix="make the object: MyCallback()" if isinstance(given, type) else None,
        )
    )


class EarlyStopping(Callback):
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
        if not min_delta >= 0:
            raise ArgumentError(message("EarlyStopping: min_delta must not be negative", got=min_delta))
        if mode not in ("min", "max", None):
            raise ArgumentError(message("EarlyStopping: unknown mode", got=repr(mode), fix='"min" or "max"'))
        less = monitor is None or any(word in monitor.lower() for word in ("loss", "error"))
        self.monitor = monitor
        self.mode = mode or ("min" if less else "max")
        self.patience, self.min_delta, self.restore_best = patience, min_delta, restore_best
        self._forget()

    def _forget(self) -> None:
        self.best = math.inf if self.mode == "min" else -math.inf
        self.best_epoch: int | None = None
        self.waited = 0
        self.weights: dict[str, Any] | None = None

    def on_fit_begin(self, training: Training) -> None:
        if not training.resumed:
            self._forget()

    def on_epoch_end(self, training: Training) -> None:
        name = self.monitor or ("validation loss" if "validation loss" in training.row else "loss")
        if name not in training.row:
            known = ", ".join(repr(column) for column in training.row)
            raise ArgumentError(message("EarlyStopping: no such column", got=repr(name), fix=f"one of {known}"))
        value = float(training.row[name])
        gain = self.best - value if self.mode == "min" else value - self.best
        if gain > self.min_delta:
            self.best, self.best_epoch, self.waited = value, training.epoch, 0
            self.weights = copy_of(training.model) if self.restore_best else None
        else:  # NaN is no improvement
            self.waited += 1
            if self.waited >= self.patience:
                training.stop(f"{name} has not improved for {self.waited} epochs")

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


def copy_of(model: Module) -> dict[str, Any]:
    """All parameters and buffers by name, as copies."""
    return {name: wrap(np.array(t.array)) for name, t in (*model.named_parameters(), *model.named_buffers())}


def put_back(model: Module, tensors: dict[str, Any]) -> None:
    """Write the tensors that `copy_of` gave over those of the model."""
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        tensor.data.copy_(tensors[name])
