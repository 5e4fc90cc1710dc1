"""Which random generators a thing can draw from: all that can be reached from it, each with the way there.

A transform's generator may stand one object away from the data set, in a list, a slot, a closure, a partial, a
bound method, or among the globals that a function of the user's reads. So this follows every reference that
Python itself knows of (`gc.get_referents` where there is no name to follow), passes each object once, and
leaves alone what holds no generators: numbers, texts, arrays, and the code of installed packages.
"""

from __future__ import annotations

import gc
import random
import sys
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import (
    BuiltinFunctionType,
    CodeType,
    FrameType,
    FunctionType,
    MethodType,
    ModuleType,
    TracebackType,
    WrapperDescriptorType,
)
from typing import Any

import numpy as np

from tinygrad_nn.generator import Generator
from tinygrad_nn.primitive import TYPES

__all__ = ["SOURCES", "reachable", "strangers"]

SOURCES = (Generator, np.random.Generator, np.random.RandomState, np.random.BitGenerator, random.Random)
"""The classes that give random numbers."""

ATOMS = frozenset(
    {
        int, float, complex, bool, str, bytes, bytearray, range, slice, type(None), type(Ellipsis), type(NotImplemented),
        WrapperDescriptorType, CodeType, FrameType, TracebackType, ModuleType, weakref.ref, memoryview,
    }
)  # fmt: skip
"""Classes whose objects lead nowhere."""

INSTALLED = tuple({str(Path(np.__file__).parents[1]), str(Path(random.__file__).parent)})
"""Where packages and the standard library lie: their functions keep no generator of the user's in globals."""


def reachable(**roots: Any) -> dict[str, Any]:
    """Every generator that can be reached from `roots`, by the way to it, in the same order in every process.

    Two generators that share their bits (`np.random.Generator(bits)` twice) are both given.

    >>> class Noise:
    ...     def __init__(self, rng):
    ...         self.draw = [lambda: rng.random()]
    >>> list(reachable(data=Noise(random.Random(0))))
    ['data.draw[0].rng']
    """
    found: dict[str, Any] = {}
    seen: dict[int, Any] = {}
    waiting = deque((name, "", root) for name, root in roots.items())
    while waiting:
        before, step, thing = waiting.popleft()
        way = f"{before}{step}"
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing  # kept alive, so that its number is not given to another
        if isinstance(thing, SOURCES):
            found[way if way not in found else f"{way}#{len(found)}"] = thing
            if type(thing) in SOURCES:
                continue
        waiting.extend((way, step, value) for step, value in _steps(thing) if not _leads_nowhere(value))
    return found


def _leads_nowhere(value: Any) -> bool:
    """Whether nothing can be reached from `value`: quick, since a data set may hold millions of them."""
    kind = type(value)
    if kind in ATOMS:
        return True
    if kind is tuple or kind is list:
        return len(value) < 16 and all([type(item) in ATOMS or _is_plain_array(item) for item in value])
    return _is_plain_array(value)


def _is_plain_array(value: Any) -> bool:
    return (isinstance(value, np.ndarray) and not value.dtype.hasobject) or isinstance(value, np.generic)


def _steps(thing: Any) -> Iterator[tuple[str, Any]]:
    """What `thing` refers to, each with how one writes the step to it."""
    kind = type(thing)
    if kind in TYPES:  # a tensor's history is no part of it; its hooks are
        watch = thing.node.watch if thing.node is not None and thing.node.primitive is None else None
        yield from ((f".{name}", value) for name, value in vars(thing).items())
        yield from () if watch is None else ((".hooks", watch.hooks), (".hooks", watch.after))
    elif isinstance(thing, FunctionType):
        yield from _of_function(thing)
    elif isinstance(thing, MethodType):
        yield from ((".__self__", thing.__self__), ("", thing.__func__))
    elif isinstance(thing, BuiltinFunctionType):  # a bound method of a class in C: `rng.random`
        yield ".__self__", thing.__self__
    elif isinstance(thing, partial):
        yield from ((".func", thing.func), (".args", thing.args), (".keywords", thing.keywords))
    elif isinstance(thing, type):
        if not _installed(sys.modules.get(thing.__module__)):
            yield from ((f".{name}", value) for name, value in list(vars(thing).items()))
            yield from (("", base) for base in thing.__bases__)
    elif isinstance(thing, np.ndarray):
        yield from ((f"[{k}]", value) for k, value in enumerate(thing.flat))
    else:
        yield from _of_object(thing, kind)


def _of_object(thing: Any, kind: type) -> Iterator[tuple[str, Any]]:
    """Items, attributes, slots, the class's methods; and whatever else the object's own code holds."""
    named: set[int] = set()
    if isinstance(thing, (list, tuple, deque)):
        yield from ((f"[{k}]", value) for k, value in enumerate(thing) if not _leads_nowhere(value))
    elif isinstance(thing, dict):
        for k, (key, value) in enumerate(list(thing.items())):  # a key that is no text may be another in each process
            yield f"[{key if isinstance(key, str) else k}]", value
            yield f".keys()[{k}]", key
    attributes = getattr(thing, "__dict__", None)
    if isinstance(attributes, Mapping):
        named.add(id(attributes))
        for name, value in list(attributes.items()):
            named.add(id(value))
            yield f".{name}", value
    for base in kind.__mro__:
        for name in _slots(base):
            value = getattr(thing, name, None)
            named.add(id(value))
            yield f".{name}", value
    if kind not in (list, tuple, dict, deque):
        yield from (("", value) for value in gc.get_referents(thing) if id(value) not in named)


def _slots(base: type) -> Sequence[str]:
    declared = vars(base).get("__slots__", ())
    names = (declared,) if isinstance(declared, str) else tuple(declared)
    return [
        f"_{base.__name__.lstrip('_')}{name}" if name.startswith("__") and not name.endswith("__") else name
        for name in names
        if name not in ("__dict__", "__weakref__")
    ]


def _of_function(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """A function's cells, defaults and attributes; of the user's own, the globals too that it names."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            yield f".{name}", cell.cell_contents
        except ValueError:  # not yet set
            continue
    yield from ((".__defaults__", value) for value in function.__defaults__ or ())
    yield from ((f".{name}", value) for name, value in (function.__kwdefaults__ or {}).items())
    yield from ((f".{name}", value) for name, value in vars(function).items())
    if not _installed(sys.modules.get(function.__module__)):
        names = sorted(_names(function.__code__))
        for name in names:
            value = function.__globals__.get(name)
            if isinstance(value, ModuleType):
                if not _installed(value):
                    yield from ((f":{name}.{part}", vars(value)[part]) for part in names if part in vars(value))
            else:
                yield f":{name}", value


def _names(code: CodeType) -> set[str]:
    """The globals and attributes that a function's code, and that of the functions in it, names."""
    inner = [_names(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*inner)


def _installed(module: ModuleType | None) -> bool:
    """Whether a module belongs to Python, to an installed package or to this one."""
    name = getattr(module, "__name__", "__main__")
    if name == "__main__":  # a script, a notebook, or code that was made on the way
        return False
    file = getattr(module, "__file__", None)
    return file is None or name.partition(".")[0] == __name__.partition(".")[0] or file.startswith(INSTALLED)


def strangers(known: Iterable[Any]) -> list[Any]:
    """The living generators that are not among `known`, nor share their bits with one."""
    living = [
        thing
        for thing in gc.get_objects()
        if issubclass(type(thing), SOURCES) and not isinstance(thing, np.random.BitGenerator)
    ]
    numbers = {id(part) for source in known for part in (source, getattr(source, "_bit_generator", None))}
    numbers |= {id(source._engine._bits) for source in living if isinstance(source, Generator)}  # NumPy's, inside ours
    return [thing for thing in living if not numbers & {id(thing), id(getattr(thing, "_bit_generator", thing))}]
