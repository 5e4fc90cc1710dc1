"""The first run of a program, beside the step itself: do both do the same?

The program runs first; what it changed is noted and put back; then the step runs as it is, and is
what counts. Whatever a recording froze that is not the same at this call is seen here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_nn.compiler.runner import Runner
from tinygrad_nn.primitive import TYPES

__all__ = ["differs"]


def differs(runner: Runner, given: list[Any], step: Callable[[], Any]) -> tuple[Any, str | None]:
    """The step's result, and where the program's differs from it (None: nowhere, to the bit)."""
    holders = [*[tensor for tensor in given if runner.writes_arguments], *runner.kept]
    arrays = {id(a): a for a in [holder.array for holder in holders]}
    touched = list(
        {id(t): t for t in [*_receivers(runner, given), *runner.forgotten, *[t for t, _ in runner.assigned]]}.values()
    )
    before = _Moment(arrays, touched, runner.rebound, runner.generators)
    acts, runner.effects = runner.effects, []
    mine: Any = None
    error: Exception | None = None
    try:
        mine = _copied(runner.run(given))
    except Exception as raised:
        error = raised
    finally:
        runner.effects = acts
    after = _Moment(arrays, touched, runner.rebound, runner.generators)
    before.restore()
    result = step()
    if error is not None:
        return result, f"{type(error).__name__}: {error}"
    now = _Moment(arrays, touched, runner.rebound, runner.generators)
    where = _unequal(mine, _copied(result), "the result") or after.unlike(now)
    return result, where


def _receivers(runner: Runner, given: list[Any]) -> list[Any]:
    return [tensor if place is None else given[place] for place, tensor, _ in runner.receivers]


class _Moment:
    """What some memory, gradients and generators are like now."""

    def __init__(
        self, arrays: dict[int, Any], touched: list[Any], rebound: list[Any], generators: dict[int, Any]
    ) -> None:
        self.arrays = [(array, array.copy()) for array in arrays.values()]
        self.grads = [(t, t._grad, None if t._grad is None else t._grad.array.copy()) for t in touched]
        self.rebound = [(t, t.array, t.array.copy()) for t in rebound]
        self.generators = [(g, g.get_state()) for g in generators.values()]

    def restore(self) -> None:
        """Put everything back."""
        for tensor, array, _ in self.rebound:
            tensor.array = array
        for tensor, grad, elements in self.grads:
            tensor._grad = grad
            if grad is not None and elements is not None and grad.array.flags.writeable:
                grad.array[...] = elements
        for array, elements in self.arrays:
            array[...] = elements
        for generator, state in self.generators:
            generator.set_state(state)

    def unlike(self, other: _Moment) -> str | None:
        """Where another moment differs."""
        for name, mine, theirs in [
            ("what it writes", [a for _, a in self.arrays], [a for _, a in other.arrays]),
            ("a gradient", [g for _, _, g in self.grads], [g for _, _, g in other.grads]),
            ("a tensor whose .data it sets", [a for *_, a in self.rebound], [a for *_, a in other.rebound]),
            ("the random numbers", [s for _, s in self.generators], [s for _, s in other.generators]),
        ]:
            where = _unequal(mine, theirs, name)
            if where is not None:
                return where
        return None


def _copied(result: Any) -> Any:
    if type(result) in TYPES:
        return result.array.copy()
    if isinstance(result, (tuple, list)):
        return [_copied(item) for item in result]
    if isinstance(result, dict):
        return {key: _copied(item) for key, item in result.items()}
    return result


def _unequal(mine: Any, theirs: Any, name: str) -> str | None:
    if isinstance(theirs, (list, dict)):
        if type(mine) is not type(theirs) or len(mine) != len(theirs):
            return f"{name} has another form"
        pairs = zip(dict(mine).values(), theirs.values()) if isinstance(theirs, dict) else zip(mine, theirs)
        return next((where for a, b in pairs if (where := _unequal(a, b, name)) is not None), None)
    a, b = np.asarray(mine), np.asarray(theirs)
    if a.shape != b.shape or a.dtype != b.dtype:
        return f"{name} is {a.dtype} {a.shape} instead of {b.dtype} {b.shape}"
    if a.tobytes() == b.tobytes() or (a.dtype.kind == "f" and np.array_equal(a, b, equal_nan=True)):
        return None
    return f"{name} of shape {a.shape} has other numbers"
