"""What is kept of training: numbers over the steps, and copies of the weights, each no more than fits.

Both thin themselves out: when they are full every second entry goes, and from then on new ones are
taken half as often. What is kept is spread evenly over training, however long it becomes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_nn.nn import Module

__all__ = ["Series", "Snapshot", "Snapshots", "sample", "samples_of", "take"]

_POINTS = 2000  # of a curve
_ELEMENTS = 4096  # of an array, for its histogram


class Series:
    """One number over the steps: `steps` and `values`, of equal length; the last one is always there."""

    def __init__(self, limit: int = _POINTS) -> None:
        self._steps: list[int] = []
        self._values: list[float] = []
        self._limit, self._gap = limit, 0.0
        self._last: tuple[int, float] | None = None

    def add(self, step: int, value: float) -> None:
        """The value at a step. A second one at the same step takes the place of the first."""
        if self._steps and step < self._steps[-1] + self._gap:
            self._last = (step, value)
            return
        self._last = None
        if self._steps and self._steps[-1] == step:
            self._values[-1] = value
            return
        if len(self._steps) >= self._limit:
            self._gap = 2 * (self._steps[-1] - self._steps[0]) / (len(self._steps) - 1)
            del self._steps[1::2], self._values[1::2]
        self._steps.append(step)
        self._values.append(value)

    @property
    def steps(self) -> list[int]:
        """The steps."""
        return self._steps + ([self._last[0]] if self._last else [])

    @property
    def values(self) -> list[float]:
        """The values at these steps."""
        return self._values + ([self._last[1]] if self._last else [])

    @property
    def last(self) -> float:
        """The newest value."""
        return self._last[1] if self._last else self._values[-1]

    def __len__(self) -> int:
        return len(self._steps) + (self._last is not None)


@dataclass
class Snapshot:
    """The model after `step` steps.

    arrays:    parameters and buffers by name, whole; empty where a model is too large for that
    samples:   of each parameter at most 4,096 elements, evenly spread: where the arrays are not whole
    gradients: such samples of the gradients that were there
    before:    such samples of the parameters one step earlier, where they are known
    names:     of the parameters
    """

    step: int
    names: tuple[str, ...] = ()
    arrays: dict[str, Any] = field(default_factory=dict)
    samples: dict[str, Any] = field(default_factory=dict)
    gradients: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)

    def weights(self) -> dict[str, Any]:
        """Samples of the parameters, by name."""
        return self.samples or {name: sample(self.arrays[name]) for name in self.names}

    def updates(self) -> dict[str, float]:
        """By how much of its size the last step changed each parameter, where that is known."""
        after = self.weights()
        return {n: _change(b, after[n]) for n, b in self.before.items() if n in after and b.shape == after[n].shape}


class Snapshots:
    """At most `limit` snapshots, evenly spread."""

    def __init__(self, limit: int) -> None:
        self.limit, self.gap = limit, 1.0
        self.kept: list[Snapshot] = []

    @property
    def next_step(self) -> int:
        """The step after which another one is due."""
        return round(self.kept[-1].step + self.gap) if self.kept else 0

    def add(self, snapshot: Snapshot) -> None:
        """Keep it; one of the same step is replaced."""
        if self.kept and self.kept[-1].step == snapshot.step:
            snapshot.before = snapshot.before or self.kept[-1].before
            self.kept.pop()
        if len(self.kept) >= self.limit:
            self.gap = 2 * (self.kept[-1].step - self.kept[0].step) / (len(self.kept) - 1)
            del self.kept[1::2]
        self.kept.append(snapshot)

    def __iter__(self) -> Iterator[Snapshot]:
        return iter(self.kept)

    def __len__(self) -> int:
        return len(self.kept)


def take(model: Module, step: int, before: dict[str, Any], *, whole: bool) -> Snapshot:
    """A snapshot of the model as it is. `before` holds `samples_of` it one step earlier, or nothing."""
    parameters = list(model.named_parameters())
    made = Snapshot(step, tuple([name for name, _ in parameters]), before=before)
    for name, p in parameters:
        if whole:
            made.arrays[name] = p.array.copy()
        else:
            made.samples[name] = sample(p.array)
        if p.grad is not None:
            made.gradients[name] = sample(p.grad.array)
    if whole:
        for name, b in model.named_buffers():
            made.arrays[name] = b.array.copy()
    return made


def samples_of(model: Module) -> dict[str, Any]:
    """A `sample` of each parameter, by name."""
    return {name: sample(p.array) for name, p in model.named_parameters()}


def sample(array: Any) -> Any:
    """A copy of at most 4,096 elements, every k-th; k is odd, so that it does not run along one column.

    >>> sample(np.arange(6).reshape(2, 3)), sample(np.zeros((100, 100))).shape
    (array([0, 1, 2, 3, 4, 5]), (3334,))
    """
    return array.reshape(-1)[:: _stride(array.size)].copy()


def _stride(size: int) -> int:
    return 1 if size <= _ELEMENTS else -(-size // _ELEMENTS) | 1


def _change(before: Any, after: Any) -> float:
    """|after − before| / |before|, NaN for nothing."""
    change, size = after - before, before.astype(np.float64)
    rms = float(np.sqrt(np.dot(size, size)))
    return float(np.sqrt(np.dot(change, change))) / rms if rms else float("nan")
