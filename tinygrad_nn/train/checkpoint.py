"""Checkpoints: everything that the rest of training depends on, in one file, to go on as if nothing had happened.

A checkpoint is written between two steps. It has the model (buffers that a `state_dict` leaves out,
too), the optimizer, the scheduler, all random generators as they are and as they were when the epoch
began, how many batches of it are done, the sums of its loss and metrics, the history, and the
callbacks. To go on, the loader is started as it was started then, the batches that are done are
passed over, and the generators are set to where they were. The file takes its place as a whole, so a
process killed at any moment leaves the checkpoint before or this one, never half of one.

Reading one is all or nothing too: a file that does not fit leaves model, optimizer and all else as
they were.
"""

from __future__ import annotations

import os
from collections import Counter
from copy import deepcopy
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.serialization import load, save
from tinygrad_nn.train.callbacks import copy_of, put_back
from tinygrad_nn.train.conditions import differences

if TYPE_CHECKING:
    from tinygrad_nn.train.loop import Training

__all__ = ["read_checkpoint", "write_checkpoint"]

FORM = "tinygrad_nn training 2"


def write_checkpoint(training: Training, path: str | os.PathLike[str]) -> None:
    """All of it into the file `path`, at once."""
    state = {"form": FORM, "run": _run(training), "conditions": training.conditions}
    state.update(_state(training))
    save({**state, "seal": _seal(state)}, path)


def read_checkpoint(training: Training, path: str | os.PathLike[str]) -> list[str]:
    """Bring `training` to where the file's stood, or leave it as it is and say why.

    Returns what is other now than when the file was written, of what the last bits of results depend on.

    Raises ValueError for a file that is no checkpoint, is that of other training, or has been changed.
    """
    found = load(path)
    if not isinstance(found, dict) or repr(found.get("form")) != repr(FORM):
        raise ArgumentError(
            message("fit: this file is no checkpoint of training", got=str(path), fix="give another name, or remove it")
        )
    seal = found.pop("seal", None)
    if not isinstance(seal, str) or seal != _seal(found):
        raise ArgumentError(
            message(
                f"fit: the checkpoint {os.fspath(path)} is not as it was written",
                got="its parts do not agree with its seal",
                fix='copy it again; or load(path)["model"] to use a part of it, and fit(..., resume=False)',
            )
        )
    _check_run(found.get("run"), _run(training), path)
    before = deepcopy(_state(training))
    try:
        _put_in(training, found)
        return differences(found["conditions"], training.conditions)
    except BaseException as error:
        _put_in(training, before)
        if not isinstance(error, Exception):
            raise
        raise ArgumentError(
            message(
                f"fit: the checkpoint {os.fspath(path)} does not fit; everything is as it was before",
                got=f"{type(error).__name__}: {error}".splitlines()[0],
                fix="fit(..., resume=False) starts anew and replaces it; or give another name",
            )
        ) from error


def _state(training: Training) -> dict[str, Any]:
    """Where every part of training stands. The tensors of `model` and `optimizer` are the live ones."""
    return {
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
    }


def _put_in(training: Training, state: dict[str, Any]) -> None:
    """Put every part where `_state` found it."""
    training.model.load_state_dict(state["model"])
    put_back(training.model, state["tensors"])
    training.optimizer.load_state_dict(state["optimizer"])
    if training.scheduler is not None and state["scheduler"] is not None:
        training.scheduler.load_state_dict(_with_counters(state["scheduler"], training.scheduler.state_dict()))
    training.go_to(state["position"], state["began"], state["now"])
    for metric, kept in zip(training.metrics, state["metrics"], strict=True):
        metric.load_state_dict(kept)
    training.history.load_state_dict(state["history"])
    for callback, kept in zip(training.callbacks, state["callbacks"], strict=True):
        callback.load_state_dict(kept)


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


# -- does the file belong here? --------------------------------------------------------------------

SMALL = 2**16  # bytes: larger arrays are covered by the file's own checksum alone


def _seal(state: Any) -> str:
    """A digest of the structure, of every plain value, and of every small array (where generators stand)."""
    digest = sha256()
    _digest(state, digest)
    return digest.hexdigest()


def _digest(value: Any, digest: Any) -> None:
    if isinstance(value, dict):
        digest.update(b"{%d" % len(value))
        for key, item in value.items():
            digest.update(repr(key).encode())
            _digest(item, digest)
    elif isinstance(value, (list, tuple)):
        digest.update(f"{type(value).__name__} {len(value)}".encode())
        for item in value:
            _digest(item, digest)
    elif type(value) in TYPES or isinstance(value, (np.ndarray, np.generic)):
        array = value.array if type(value) in TYPES else np.asarray(value)
        digest.update(f"{array.dtype.name} {array.shape}".encode())
        digest.update(array.tobytes() if array.nbytes <= SMALL else b"")
    else:
        digest.update(f"{type(value).__name__} {value!r}".encode())


def _run(training: Training) -> dict[str, Any]:
    """What must be the same for a checkpoint to fit, in words."""
    data = training.data
    return {
        "model": type(training.model).__name__,
        "parameters": {name: str(list(p.shape)) for name, p in training.model.named_parameters()},
        "loss": getattr(training.loss, "__name__", type(training.loss).__name__),
        "optimizer": type(training.optimizer).__name__,
        "scheduler": type(training.scheduler).__name__,
        "metrics": [metric.name for metric in training.metrics],
        "callbacks": [type(callback).__name__ for callback in training.callbacks],
        "batch size": getattr(data, "batch_size", None),
        "order of samples": type(getattr(data, "sampler", None)).__name__,
        "number of batches": training.batches_per_epoch(),
        "set of random generators": list(training.randomness.sources),
    }


def _check_run(there: Any, here: dict[str, Any], path: str | os.PathLike[str]) -> None:
    known = there if isinstance(there, dict) else {}
    for what, now in here.items():
        then = known.get(what, "unknown")
        if repr(now) == repr(then):
            continue
        if what == "parameters" and isinstance(then, dict):
            name = next(n for n in (*now, *then) if repr(now.get(n)) != repr(then.get(n)))
            what, then, now = f"parameter {name}", then.get(name, "none"), now.get(name, "none")
        raise ArgumentError(
            message(
                f"fit: the checkpoint {os.fspath(path)} belongs to other training: another {what}",
                got=f"{then} in the file, {now} here",
                fix="fit(..., resume=False) starts anew and replaces it; or give another name",
            )
        )
