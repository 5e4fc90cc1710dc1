"""Checkpoints: everything that the rest of training depends on, in one file, to go on as if nothing had happened.

A checkpoint is written between two steps. It has the model (buffers that a `state_dict` leaves out,
too), the optimizer, the scheduler, all random generators as they are and as they were when the epoch
began, how many batches of it are done, the sums of its loss and metrics, the history, and the
callbacks. To go on, the loader is started as it was started then, the batches that are done are
passed over, and the generators are set to where they were. The file takes its place as a whole, so a
process killed at any moment leaves the checkpoint before or this one, never half of one.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.serialization import load, save
from tinygrad_nn.train.callbacks import copy_of, put_back

if TYPE_CHECKING:
    from tinygrad_nn.train.loop import Training

__all__ = ["read_checkpoint", "remove_leftovers", "write_checkpoint"]

FORM = "tinygrad_nn training 1"
STALE = 60.0  # seconds without a write after which a temporary file is one of a dead process


def write_checkpoint(training: Training, path: str | os.PathLike[str]) -> None:
    """All of it into the file `path`, at once."""
    save(
        {
            "form": FORM,
            "run": _run(training),
            "model": training.model.state_dict(),
            "tensors": copy_of(training.model),
            "optimizer": training.optimizer.state_dict(),
            "scheduler": None if training.scheduler is None else _without_counters(training.scheduler.state_dict()),
            "began": training.began,
            "now": training.randomness.state(),
            "position": training.position(),
            "metrics": [metric.state_dict() for metric in training.metrics],
            "history": training.history.state_dict(),
            "callbacks": [callback.state_dict() for callback in training.callbacks],
        },
        path,
    )


def read_checkpoint(training: Training, path: str | os.PathLike[str]) -> None:
    """Bring `training` to where the file's stood.

    Raises ValueError for a file that is no checkpoint or is that of other training; RuntimeError
    if the model's parts have other names or shapes.
    """
    found = load(path)
    if not isinstance(found, dict) or found.get("form") != FORM:
        raise ArgumentError(
            message("fit: this file is no checkpoint of training", got=str(path), fix="give another name, or remove it")
        )
    _check_run(found["run"], _run(training), path)
    training.model.load_state_dict(found["model"])
    put_back(training.model, found["tensors"])
    training.optimizer.load_state_dict(found["optimizer"])
    if training.scheduler is not None and found["scheduler"] is not None:
        training.scheduler.load_state_dict(_with_counters(found["scheduler"], training.scheduler.state_dict()))
    training.go_to(found["position"], found["began"], found["now"])
    for metric, state in zip(training.metrics, found["metrics"], strict=True):
        metric.load_state_dict(state)
    training.history.load_state_dict(found["history"])
    for callback, state in zip(training.callbacks, found["callbacks"], strict=True):
        callback.load_state_dict(state)


def _without_counters(state: Any) -> Any:
    """MultiStepLR keeps its milestones in a Counter, as PyTorch's does; files have dicts."""
    if isinstance(state, dict):
        return {key: _without_counters(value) for key, value in state.items()}
    return [_without_counters(value) for value in state] if isinstance(state, list) else state


def _with_counters(state: Any, like: Any) -> Any:
    """Counters again where `like`, the state of a scheduler of the same kind, has them."""
    if isinstance(like, Counter):
        return Counter(state)
    if isinstance(like, dict) and isinstance(state, dict):
        return {key: _with_counters(value, like.get(key)) for key, value in state.items()}
    if isinstance(like, list) and isinstance(state, list) and len(like) == len(state):
        return [_with_counters(value, other) for value, other in zip(state, like, strict=True)]
    return state


def _run(training: Training) -> dict[str, Any]:
    """What must be the same for a checkpoint to fit, in words."""
    return {
        "model": type(training.model).__name__,
        "parameters": {name: str(list(p.shape)) for name, p in training.model.named_parameters()},
        "optimizer": type(training.optimizer).__name__,
        "scheduler": type(training.scheduler).__name__,
        "metrics": [metric.name for metric in training.metrics],
        "callbacks": [type(callback).__name__ for callback in training.callbacks],
        "batches": training.batches_per_epoch(),
    }


def _check_run(there: dict[str, Any], here: dict[str, Any], path: str | os.PathLike[str]) -> None:
    for what, now in here.items():
        then = there[what]
        if now == then:
            continue
        if what == "parameters":
            name = next(n for n in (*now, *then) if now.get(n) != then.get(n))
            what, then, now = f"parameter {name}", then.get(name, "none"), now.get(name, "none")
        raise ArgumentError(
            message(
                f"fit: the checkpoint {os.fspath(path)} belongs to other training: another {what}",
                got=f"{then} in the file, {now} here",
                fix="fit(..., resume=False) starts anew and replaces it; or give another name",
            )
        )


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Temporary files in the folder of `path` that a killed process left half-written."""
    for part in Path(os.path.realpath(path)).parent.glob(".tinygrad_nn-*.tmp"):
        try:
            if time.time() - part.stat().st_mtime > STALE:
                part.unlink()
        except OSError:  # somebody else was faster
            continue
