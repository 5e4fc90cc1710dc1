"""What looking may cost: a share of the time that training takes, kept to by looking less often."""

from __future__ import annotations

import math
import time

__all__ = ["Budget", "Clock", "seconds"]

seconds = time.thread_time if time.get_clock_info("thread_time").resolution < 1e-6 else time.perf_counter
"""The time that this thread has worked, wherever that is told finely enough: other programs do not count in it."""

_CALL = 3e-7  # seconds: what a call costs in which nothing is done
_LONG = 10  # what takes this many times as long as usual was a pause: of the user's, or of the machine's


class Clock:
    """The time that training takes between the calls, without what is spent inside them.

    A pause (a notebook's user who thinks) counts as no more than ten steps.
    """

    def __init__(self) -> None:
        self.training = 0.0
        self.calls = 0
        self._steps = 0
        self._left: float | None = None

    def enter(self, now: float, step: int) -> None:
        """A call begins at `now` (seconds), after `step` steps."""
        if self._left is not None and step > self._steps:
            gap, steps = now - self._left, step - self._steps
            usual = self.step_time
            self.training += gap if usual is None else min(gap, _LONG * steps * usual)
            self.calls += steps
            self._steps = step

    def leave(self, now: float, step: int) -> None:
        """The call ends."""
        self._left, self._steps = now, step

    @property
    def step_time(self) -> float | None:
        """Seconds a step, on average; None before the second."""
        return self.training / self.calls if self.calls else None


class Budget:
    """A share of the clock's time, and what has been spent of it.

    share: of the time of training
    """

    def __init__(self, share: float) -> None:
        self.share = share
        self.spent = 0.0
        self.usual = 0.0

    def pay(self, seconds: float) -> None:
        """One piece of work has taken so long; the next is thought to take as long as usual."""
        if self.usual:
            seconds = min(seconds, _LONG * self.usual)
        self.spent += seconds
        self.usual = 0.8 * self.usual + 0.2 * seconds if self.usual else seconds

    def affords(self, clock: Clock) -> bool:
        """Whether another piece of work is paid for by now."""
        return self.spent + self.usual <= self.share * (clock.training - _CALL * clock.calls)

    def wait(self, clock: Clock) -> int:
        """Steps from now on until another piece is paid for, if they take as long as so far."""
        step_time = clock.step_time
        if step_time is None or self.affords(clock):
            return 1
        left = (self.spent + self.usual) / self.share - clock.training
        return max(1, min(math.ceil(left / max(step_time - _CALL, 1e-9)), 1_000_000))
