"""Every source of random numbers that training may draw from, to be noted and put back together."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.generator import Generator, default_generator

__all__ = ["Randomness"]


class Randomness:
    """The default generator, Python's and NumPy's global ones, and those that `owners` hold.

    owners: loaders, data sets, models; what they and their samplers keep in attributes is found
        (`Generator`, `numpy.random.Generator`, `RandomState`, `random.Random`)

    >>> import tinygrad_nn as tg
    >>> sources = Randomness([])
    >>> before = sources.state()
    >>> first = tg.rand(2), random.random()
    >>> sources.restore(before)
    >>> bool((tg.rand(2) == first[0]).all()), random.random() == first[1]
    (True, True)
    """

    def __init__(self, owners: Iterable[Any]) -> None:
        self.sources: list[Any] = [default_generator]
        for owner in owners:
            self._search(owner, 3)

    def _search(self, owner: Any, depth: int) -> None:
        """Generators in the attributes of `owner`, and of the samplers, data sets and modules among them."""
        for value in list(getattr(owner, "__dict__", {}).values()):
            if isinstance(value, Generator | np.random.Generator | np.random.RandomState | random.Random):
                if not any(value is known for known in self.sources):
                    self.sources.append(value)
            elif depth and (hasattr(value, "__iter__") or hasattr(value, "__getitem__")) and hasattr(value, "__dict__"):
                self._search(value, depth - 1)
        for part in owner.children() if depth and hasattr(owner, "children") else ():
            self._search(part, depth)

    def state(self) -> dict[str, Any]:
        """Where all of them stand, in a form that `save` takes."""
        return {
            "sources": [_state(source) for source in self.sources],
            "python": _python_state(random.getstate()),
            "numpy": np.random.get_state(legacy=False),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put all of them back to where they stood.

        Raises ValueError if there were more or fewer of them.
        """
        if len(state["sources"]) != len(self.sources):
            raise ArgumentError(
                message(
                    "checkpoint: it was written with another number of random generators",
                    got=f"{len(state['sources'])} in the file, {len(self.sources)} here",
                    fix="build model and data as before, with the same generator= arguments",
                )
            )
        for source, kept in zip(self.sources, state["sources"], strict=True):
            _restore(source, kept)
        random.setstate(_as_python_state(state["python"]))
        np.random.set_state(state["numpy"])


def _state(source: Any) -> Any:
    if isinstance(source, Generator):
        return source.get_state()
    if isinstance(source, random.Random):
        return _python_state(source.getstate())
    return source.get_state(legacy=False) if isinstance(source, np.random.RandomState) else source.bit_generator.state


def _restore(source: Any, state: Any) -> None:
    if isinstance(source, Generator):
        source.set_state(state)
    elif isinstance(source, random.Random):
        source.setstate(_as_python_state(state))
    elif isinstance(source, np.random.RandomState):
        source.set_state(state)
    else:
        source.bit_generator.state = state


def _python_state(state: Any) -> dict[str, Any]:
    version, words, spare = state
    return {"version": version, "words": np.array(words, np.int64), "spare": spare}


def _as_python_state(state: dict[str, Any]) -> Any:
    return state["version"], tuple(np.asarray(state["words"]).tolist()), state["spare"]
