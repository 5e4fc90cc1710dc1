"""Timing several callables against each other, in turns, so that a machine's moods hit all alike."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median, quantiles
from time import perf_counter
from typing import Any

__all__ = ["Spread", "interleaved", "ratio", "spread"]

WARM_UP = 4
"""Calls before anything is timed: the first ones set up state, and record a program where there is one."""


@dataclass(frozen=True)
class Spread:
    """A median and the quartiles around it."""

    low: float
    middle: float
    high: float


def spread(values: list[float]) -> Spread:
    """Median and quartiles.

    >>> spread([1.0, 2.0, 3.0, 4.0, 5.0])
    Spread(low=2.0, middle=3.0, high=4.0)
    """
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, _, high = quantiles(values, n=4, method="inclusive")
    return Spread(low, median(values), high)


def ratio(ours: list[float], theirs: list[float]) -> Spread:
    """The ratio of the medians, with the quartiles of the ratios of samples taken in the same round.

    >>> ratio([1.0, 2.0, 3.0], [2.0, 4.0, 4.0])
    Spread(low=0.5, middle=0.5, high=0.625)
    """
    rounds = spread([a / b for a, b in zip(ours, theirs, strict=True)])
    middle = median(ours) / median(theirs)
    return Spread(min(rounds.low, middle), middle, max(rounds.high, middle))


def interleaved(
    calls: Mapping[str, Callable[[], Any]], *, rounds: int, sample: float, clock: Callable[[], float] = perf_counter
) -> dict[str, list[float]]:
    """Seconds per call of each, `rounds` samples of at least `sample` seconds, one contender after the other.

    Each round begins with another contender. The garbage collector rests while a sample is taken.
    """
    repeats = {name: _repeats(call, sample, clock) for name, call in calls.items()}
    times: dict[str, list[float]] = {name: [] for name in calls}
    names = list(calls)
    for k in range(rounds):
        first = k % len(names)
        for name in names[first:] + names[:first]:
            times[name].append(_sample(calls[name], repeats[name], clock))
    return times


def _repeats(call: Callable[[], Any], sample: float, clock: Callable[[], float]) -> int:
    """How many calls last at least `sample` seconds. Warms the contender up, too."""
    for _ in range(WARM_UP):
        call()
    n = 1
    while _sample(call, n, clock) * n < sample:
        n *= 2
    return n


def _sample(call: Callable[[], Any], n: int, clock: Callable[[], float]) -> float:
    gc.collect()
    gc.disable()
    try:
        start = clock()
        for _ in range(n):
            call()
        return (clock() - start) / n
    finally:
        gc.enable()
