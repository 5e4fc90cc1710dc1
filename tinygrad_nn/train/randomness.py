"""Every source of random numbers that training may draw from, to be noted and put back together."""

from __future__ import annotations

import gc
import random
import warnings
from typing import Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.generator import Generator, default_generator
from tinygrad_nn.train.reach import reachable, strangers

__all__ = ["Randomness"]


class Randomness:
    """The default generator, Python's and NumPy's global ones, and all that can be reached from `parts`.

    parts: whatever draws, by name: loaders, data sets, models, losses, callbacks. What they hold at any depth is
        found (`Generator`, `numpy.random.Generator`, `RandomState`, bit generators, `random.Random`): see `reach`

    >>> import tinygrad_nn as tg
    >>> sources = Randomness()
    >>> before = sources.state()
    >>> first = tg.rand(2), random.random()
    >>> sources.restore(before)
    >>> bool((tg.rand(2) == first[0]).all()), random.random() == first[1]
    (True, True)
    """

    def __init__(self, **parts: Any) -> None:
        globally = (default_generator, np.random.mtrand._rand, random._inst)
        found = {way: source for way, source in reachable(**parts).items() if not any(source is g for g in globally)}
        self.stateless = {way: source for way, source in found.items() if isinstance(source, random.SystemRandom)}
        self.sources: dict[str, Any] = {"default": default_generator}
        self.sources.update({way: source for way, source in found.items() if way not in self.stateless})
        self._known = (*globally, *found.values())
        self._strangers: list[tuple[Any, Any]] = []

    def state(self) -> dict[str, Any]:
        """Where all of them stand, in a form that `save` takes."""
        return {
            "sources": {way: _state(source) for way, source in self.sources.items()},
            "python": _python_state(random.getstate()),
            "numpy": np.random.get_state(legacy=False),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put all of them back to where they stood.

        Raises ValueError if there were others.
        """
        there, here = set(state["sources"]), set(self.sources)
        if there != here:
            raise ArgumentError(
                message(
                    "checkpoint: it was written with other random generators",
                    got=f"only in the file: {_listed(there - here)}; only here: {_listed(here - there)}",
                    fix="build model, data and loss as before, with the same generators in the same places",
                )
            )
        for way, source in self.sources.items():
            _restore(source, state["sources"][way])
        random.setstate(_as_python_state(state["python"]))
        np.random.set_state(state["numpy"])

    # -- what cannot be put back -------------------------------------------------------------------

    def check(self) -> None:
        """ValueError for a source that has no state to note; and from now on strangers are watched."""
        for way in self.stateless:
            raise ArgumentError(
                message(
                    "fit: a checkpoint cannot go on exactly: this source of random numbers has no state",
                    got=f"random.SystemRandom at {way}",
                    fix="random.Random(seed)",
                )
            )
        self._strangers = [
            (other, _state(other)) for other in strangers(self._known) if not isinstance(other, random.SystemRandom)
        ]

    def warn_of_strangers(self) -> None:
        """A warning for each generator that has drawn since `check` although nothing here leads to it."""
        watched, self._strangers = self._strangers, []
        for other, before in watched:
            if not _same(before, _state(other)):
                warnings.warn(
                    message(
                        "fit: a checkpoint cannot go on exactly: a random generator drew during training that cannot "
                        "be reached from model, data, loss, optimizer, scheduler, metrics or callbacks",
                        got=f"{type(other).__module__}.{type(other).__qualname__}{_name_of(other)}",
                        fix="keep it in an attribute of what draws from it",
                    ),
                    stacklevel=2,
                )


def _listed(ways: set[str]) -> str:
    return ", ".join(sorted(ways)) or "none"


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return all(_same(a[key], b[key]) for key in a)
    return bool(np.array_equal(a, b))


def _name_of(source: Any) -> str:
    """The names under which somebody keeps `source`."""
    keepers = [keeper for keeper in gc.get_referrers(source) if type(keeper) is dict]
    names = sorted({str(name) for keeper in keepers for name, value in keeper.items() if value is source})
    return f" `{', '.join(names)}`" if names else ""


def _state(source: Any) -> Any:
    if isinstance(source, Generator):
        return source.get_state()
    if isinstance(source, random.Random):
        return _python_state(source.getstate())
    if isinstance(source, np.random.RandomState):
        return source.get_state(legacy=False)
    return source.state if isinstance(source, np.random.BitGenerator) else source.bit_generator.state


def _restore(source: Any, state: Any) -> None:
    if isinstance(source, Generator):
        source.set_state(state)
    elif isinstance(source, random.Random):
        source.setstate(_as_python_state(state))
    elif isinstance(source, np.random.RandomState):
        source.set_state(state)
    elif isinstance(source, np.random.BitGenerator):
        source.state = state
    else:
        source.bit_generator.state = state


def _python_state(state: Any) -> dict[str, Any]:
    version, words, spare = state
    return {"version": version, "words": np.array(words, np.int64), "spare": spare}


def _as_python_state(state: dict[str, Any]) -> Any:
    return state["version"], tuple(np.asarray(state["words"]).tolist()), state["spare"]
