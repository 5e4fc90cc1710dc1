"""When the numbers stop being numbers: which step it was, and which operation made the first NaN."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygrad_nn.autograd import detect_anomaly
from tinygrad_nn.errors import AnomalyError, AutogradError, message
from tinygrad_nn.nn import Module
from tinygrad_nn.optim import Optimizer
from tinygrad_nn.primitive import wrap
from tinygrad_nn.train.callbacks import copy_of, put_back
from tinygrad_nn.train.history import History
from tinygrad_nn.train.randomness import Randomness

__all__ = ["Diverged", "Rewind", "first_not_finite", "reason"]

EVERY = 32  # steps between two snapshots of a compiled training
ROOM = 64 * 2**20  # or as many bytes of batches
ONCE = "it did not happen again when the batch was computed once more"


class Diverged(AutogradError):
    """The loss or a gradient became NaN or infinite. `step`, `epoch`, `batch` and `history` say when.

    The model has the weights from before that step (the best ones, with early stopping).
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.step = self.epoch = 0
        self.batch: Any = None
        self.history = History()


def first_not_finite(tensors: Iterable[tuple[str, Any]]) -> str | None:
    """The name of the first tensor that holds a NaN or an infinity.

    >>> import tinygrad_nn as tg
    >>> first_not_finite([("a", tg.ones(2)), ("b", tg.tensor([1.0, float("nan")]))])
    'b'
    """
    for name, tensor in tensors:
        flat = tensor.array.reshape(-1)
        # The sum of squares is one fast call, and finite only if all elements are.
        if flat.dtype.kind == "f" and not math.isfinite(np.dot(flat, flat)) and not np.isfinite(flat).all():
            return name
    return None


def reason(model: Module, compute: Callable[[], Any]) -> str:
    """Why `compute`, which gives the loss, leads to a NaN: the first operation that made one, forward or backward."""
    spoiled = first_not_finite((*model.named_parameters(), *model.named_buffers()))
    if spoiled is not None:
        return f"{spoiled} itself holds a NaN or an infinity: the update before this step overflowed, or it began so"
    try:
        with detect_anomaly():
            compute().backward()
    except AnomalyError as error:
        return str(error)
    return ONCE


def diverged(epoch: int, step: int, batch_number: int, what: str, why: str) -> Diverged:
    """The error that ends training."""
    error = Diverged(
        message(
            f"fit: {what} in epoch {epoch}, batch {batch_number} (step {step} of the training)",
            got=why,
            fix="a smaller lr, clip_norm=1.0, or look for the cause: print(train.diagnose(model, error.batch, loss=...))",
        )
    )
    error.epoch, error.step = epoch, step
    return error


class Rewind:
    """The last steps of a compiled training, kept so that they can be run again one by one.

    A compiled step has updated the weights before anybody sees its loss. So every 32 steps (or 64
    MiB of batches) model, optimizer and generators are copied, and the batches since are kept.
    """

    def __init__(self, model: Module, optimizer: Optimizer, randomness: Randomness) -> None:
        self.model, self.optimizer, self.randomness = model, optimizer, randomness
        self.batches: deque[tuple[Any, list[dict[str, Any]], tuple[int, int, int]]] = deque()
        self.full = True

    def keep(self, batch: Any, place: tuple[int, int, int]) -> None:
        """Note that the next step is of `batch`; called before it."""
        if self.full:
            self._snapshot()
        options = [
            {key: value for key, value in group.items() if key != "params"} for group in self.optimizer.param_groups
        ]
        self.batches.append((batch, options, place))
        self.bytes += sum(getattr(part, "nbytes", 0) for part in batch)
        self.full = len(self.batches) >= EVERY or self.bytes > ROOM

    def _snapshot(self) -> None:
        self.batches.clear()
        self.bytes = 0
        self.full = False
        self.tensors = copy_of(self.model)
        self.state = _copied(self.optimizer.state_dict())
        self.random = self.randomness.state()

    def back(self) -> Iterable[tuple[Any, tuple[int, int, int]]]:
        """Go back to the snapshot, and give the batches since, each with the options of its step set."""
        put_back(self.model, self.tensors)
        self.optimizer.load_state_dict(self.state)
        self.randomness.restore(self.random)
        for batch, options, place in list(self.batches):
            for group, kept in zip(self.optimizer.param_groups, options, strict=True):
                group.update(kept)
            yield batch, place


def _copied(value: Any) -> Any:
    """Nested containers with copies of the tensors in them."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item) for item in value]
    return wrap(np.array(value.array)) if hasattr(value, "array") else value
