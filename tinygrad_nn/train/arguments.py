"""What `fit`, `evaluate`, `find_lr` and `diagnose` refuse before they begin, each in one line of reason."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.nn import Module
from tinygrad_nn.optim import Optimizer
from tinygrad_nn.serialization import check_writable

__all__ = [
    "check_callback",
    "check_checkpoint",
    "check_loss",
    "check_model",
    "check_optimizer",
    "check_options",
    "check_parts",
    "check_scheduler",
]


def check_model(name: str, model: Any) -> None:
    """TypeError for what is no Module."""
    if not isinstance(model, Module):
        raise TypeError(message(f"{name}: model is not an nn.Module", got=type(model).__name__))


def check_loss(name: str, loss: Any) -> None:
    """TypeError for what is no function of (output, target), and for a class instead of its object."""
    if isinstance(loss, type):
        raise TypeError(
            message(f"{name}: loss is a class", got=loss.__name__, fix=f"make the object: {loss.__name__}()")
        )
    if not callable(loss):
        raise TypeError(
            message(
                f"{name}: loss is not a function of (output, target)",
                got=type(loss).__name__,
                fix="nn.CrossEntropyLoss()",
            )
        )
    _check_takes(name, "loss", loss, 2, "(output, target)")


def _check_takes(name: str, what: str, function: Any, count: int, arguments: str) -> None:
    """TypeError for a function that cannot be called with so many arguments, where its signature is known."""
    try:
        signature = inspect.signature(function.forward if isinstance(function, Module) else function)
    except (TypeError, ValueError):  # written in C
        return
    try:
        signature.bind(*[None] * count)
    except TypeError as error:
        raise TypeError(
            message(
                f"{name}: {what} is called with {arguments}",
                got=f"{getattr(function, '__name__', type(function).__name__)}{signature}: {error}",
                fix=f"a function of {arguments}",
            )
        ) from None


def check_callback(function: Any) -> None:
    """TypeError for a function that does not take the training."""
    _check_takes("fit", "a callback", function, 1, "(training)")


def check_optimizer(name: str, optimizer: Any) -> None:
    """TypeError for what is no Optimizer."""
    if not isinstance(optimizer, Optimizer):
        got = f"the class {optimizer.__name__}" if isinstance(optimizer, type) else type(optimizer).__name__
        raise TypeError(
            message(f"{name}: optimizer is not an Optimizer", got=got, fix="optim.Adam(model.parameters())")
        )


def check_parts(name: str, model: Any, loss: Any, optimizer: Any) -> None:
    """All three, and ValueError for an optimizer that has no parameter of model or loss."""
    check_model(name, model)
    check_loss(name, loss)
    check_optimizer(name, optimizer)
    owners = [part for part in (model, loss) if isinstance(part, Module)]
    known = {id(p) for owner in owners for p in owner.parameters() if p.requires_grad}
    if not known:
        raise ArgumentError(
            message(
                f"{name}: the model has no parameter to train",
                got=type(model).__name__,
                fix="model.requires_grad_(True)",
            )
        )
    if not any(id(p) in known for group in optimizer.param_groups for p in group["params"]):
        raise ArgumentError(
            message(
                f"{name}: the optimizer has none of the model's trainable parameters",
                got=f"{type(optimizer).__name__} of {sum(len(group['params']) for group in optimizer.param_groups)} others",
                fix="make the optimizer from model.parameters(), after the model's last change",
            )
        )


def check_options(epochs: Any, schedule: Any, clip_norm: Any, clip_value: Any, progress: Any) -> None:
    """ValueError for options of `fit` that cannot be meant."""
    if not isinstance(epochs, int) or isinstance(epochs, bool) or epochs < 1:
        raise ArgumentError(message("fit: epochs is a positive integer", got=repr(epochs)))
    if schedule not in (None, "epoch", "batch"):
        raise ArgumentError(message("fit: unknown schedule", got=repr(schedule), fix='"epoch" or "batch"'))
    for name, limit in (("clip_norm", clip_norm), ("clip_value", clip_value)):
        if limit is not None and (isinstance(limit, str) or not limit > 0):
            raise ArgumentError(message(f"fit: {name} must be positive", got=repr(limit)))
    if progress not in (True, False, None):
        raise ArgumentError(message("fit: progress is True, False or None", got=repr(progress)))


def check_scheduler(scheduler: Any, optimizer: Optimizer) -> None:
    """TypeError for what is no scheduler, ValueError for that of another optimizer."""
    if scheduler is None:
        return
    if isinstance(scheduler, type) or not callable(getattr(scheduler, "step", None)):
        got = f"the class {scheduler.__name__}" if isinstance(scheduler, type) else type(scheduler).__name__
        fix = "optim.lr_scheduler.StepLR(optimizer, 10)"
        raise TypeError(message("fit: scheduler is not a learning-rate scheduler", got=got, fix=fix))
    steered = getattr(scheduler, "optimizer", optimizer)
    if steered is not optimizer:
        raise ArgumentError(
            message(
                "fit: the scheduler steers another optimizer",
                got=f"{type(scheduler).__name__} of another {type(steered).__name__}",
                fix="make both from the optimizer that fit gets",
            )
        )


def check_checkpoint(checkpoint: Any, every: Any) -> None:
    """ValueError for `checkpoint_every` without a file, TypeError for what is no path, OSError where no file can be
    written."""
    if every is not None and (not isinstance(every, int) or every < 1 or checkpoint is None):
        fix = 'checkpoint="run.ckpt", checkpoint_every=100'
        raise ArgumentError(
            message("fit: checkpoint_every is a number of steps, beside checkpoint", got=repr(every), fix=fix)
        )
    if checkpoint is None:
        return
    if not isinstance(checkpoint, (str, os.PathLike)):
        raise TypeError(
            message("fit: checkpoint is the path of a file", got=repr(checkpoint), fix='checkpoint="run.ckpt"')
        )
    path = Path(checkpoint)
    if path.is_dir():
        raise IsADirectoryError(
            message("fit: checkpoint is a folder", got=str(path), fix=f"a file in it: {path / 'run.ckpt'}")
        )
    if not path.parent.is_dir():
        raise FileNotFoundError(
            message(
                "fit: the checkpoint's folder does not exist",
                got=str(path),
                fix=f"os.makedirs({str(path.parent)!r}) first",
            )
        )
    check_writable(path)
