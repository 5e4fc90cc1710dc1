"""What a step reads besides tensors: closures, global variables, attributes, containers, NumPy arrays.

A program does not run Python, so whatever Python looks up must be as it was. Where to look is known from
the code: the names that the step's functions mention, followed from the step's closure, globals, object
and arguments. A profile function sees which other functions run, and which of C's have an effect.

What is reached is noted when it is first met. If the step itself changes it, the step has an effect that a
program would not repeat, and is refused; else it is what a program takes for granted (`guards`).
"""

from __future__ import annotations

import dis
import gc
import io
import os
import random
import sys
import sysconfig
from collections import deque
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

import tinygrad_nn
from tinygrad_nn.compiler.guards import MISSING, Guards
from tinygrad_nn.compiler.record import RecordingError
from tinygrad_nn.errors import message
from tinygrad_nn.generator import Generator
from tinygrad_nn.nn.module import Module
from tinygrad_nn.optim import Optimizer
from tinygrad_nn.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from tinygrad_nn.primitive import TYPES

__all__ = ["Watcher"]

_PACKAGE = os.path.dirname(os.path.abspath(tinygrad_nn.__file__)) + os.sep
_LIBRARIES = tuple({os.path.realpath(sysconfig.get_paths()[k]) + os.sep for k in ("stdlib", "purelib", "platlib")})
_LIBRARIES += tuple({sysconfig.get_paths()[k] + os.sep for k in ("stdlib", "purelib", "platlib")})
_PLAIN = (int, float, complex, str, bytes, bool, type(None), np.generic, np.dtype, range, slice)
_DENIED: dict[Any, str] = {print: "prints", input: "asks the user", open: "opens a file"}
_OWN = {"_parameters", "_buffers", "_modules", "_hooks", "_state_hooks", "_non_persistent_buffers_set", "training"}
_DENIED_CODES: dict[CodeType, str] = {
    **{getattr(Generator, name).__code__: "seeds a generator" for name in ("manual_seed", "seed", "set_state")},
    type(os.environ).__getitem__.__code__: "reads the environment",
}
LARGE = 1 << 16
"""Bytes of a NumPy array up to which it is compared at each call."""
MANY = 2000
"""Elements of a container up to which each is watched."""


class Watcher:
    """See the module's docstring. A context: what runs inside is watched."""

    def __init__(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.names: set[str] = set()  # that some watched function mentions
        self.codes: set[CodeType] = set()
        self.seen: dict[int, Any] = {}  # everything visited, kept alive, by id
        self.objects: list[Any] = []
        self.modules: dict[Module, None] = {}
        self.held: dict[int, Any] = {}  # tensors
        self.found = Guards()
        self.before: list[tuple[Any, dict[str, Any]]] = []  # all attributes of each object, when first met
        self.effect: tuple[str, str] | None = None
        self.chances: list[tuple[Any, Callable[[], Any], Any]] = []
        self.pending: list[Any] = [function]
        self._settle()
        self.own = self._tensors()
        self.pending = [*args, *kwargs.values()]
        self._settle()

    # -- while the step runs -----------------------------------------------------------------------------

    def __enter__(self) -> Watcher:
        self.numpy_state = _numpy_state()
        self.python_state = random.getstate()
        self.former = sys.getprofile()
        sys.setprofile(self._happens)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(self.former)

    def _happens(self, frame: Any, event: str, arg: Any) -> None:
        if event == "c_call":
            if type(arg) is BuiltinFunctionType:
                self._c_call(frame, arg)
        elif event == "call":
            code = frame.f_code
            if code not in self.codes:
                self.codes.add(code)
                if code in _DENIED_CODES:
                    self._note(_DENIED_CODES[code], code.co_name, frame)
                if is_users(code.co_filename):
                    self._met(code)

    def _c_call(self, frame: Any, function: Any) -> None:
        what = _DENIED.get(function)
        owner = getattr(function, "__self__", None)
        if what is None and isinstance(owner, io.IOBase) and function.__name__.startswith("write"):
            what = "writes to a file"
        clock = function.__module__ == "time" and function.__name__ != "sleep"
        if what is None and (clock or (isinstance(owner, type) and issubclass(owner, date))):
            what = "reads the clock" if not frame.f_code.co_filename.startswith(_PACKAGE) else None
        if what is not None:
            self._note(what, function.__name__, frame)

    def _note(self, what: str, name: str, frame: Any) -> None:
        if self.effect is None:
            while frame.f_back is not None and not is_users(frame.f_code.co_filename):
                frame = frame.f_back
            self.effect = (what, f"{name}() at {frame.f_code.co_filename}:{frame.f_lineno}")

    def _met(self, code: CodeType) -> None:
        """A user's function runs that nothing so far led to."""
        self._read(code)
        for holder in gc.get_referrers(code):
            if type(holder) is FunctionType and holder.__code__ is code:
                self.pending.append(holder)
        self._settle()

    # -- what it found -----------------------------------------------------------------------------------

    def _tensors(self) -> set[int]:
        """The ids of the tensors that the step reaches."""
        found = set(self.held)
        for module in self.modules:
            found.update([id(t) for t in (*module._parameters.values(), *module._buffers.values())])
        return found

    def changes(self) -> RecordingError | None:
        """The effect that the step had besides computing, as a refusal; None if there was none."""
        if self.effect is not None:
            what, where = self.effect
            return _refused(f"the step {what}", where, "do it outside, with what the step returns")
        for what, look, seen in self.chances:
            if look() != seen:
                return _refused("the step draws random numbers that are not a Generator's", what, "use tg.rand")
        if _numpy_state() != self.numpy_state:
            return _refused("the step draws random numbers of NumPy", "numpy.random", "use tg.rand, or draw outside")
        if random.getstate() != self.python_state:
            return _refused("the step draws random numbers of Python", "random", "use tg.rand, or draw outside")
        for thing, were in self.before:
            now = _attributes(thing)
            for name in [*were, *now]:
                if were.get(name, MISSING) is not now.get(name, MISSING) and not _equal(were.get(name), now.get(name)):
                    return _refused(
                        "the step changes what Python remembers",
                        f"the attribute `{name}` of {_called(thing)}{self._line_of(name)}",
                        "return it, and set it outside",
                    )
        broken = self.found.broken()
        if broken is not None:
            return _refused("the step changes what Python remembers", broken, "return what is new, and keep it outside")
        return None

    def _line_of(self, name: str) -> str:
        for code in self.codes:
            if name in _mentions(code)[1] and is_users(code.co_filename):
                return f", at {code.co_filename}:{code.co_firstlineno}"
        return ""

    def guards(self) -> Guards:
        """What has to be as it was, at each call."""
        return self.found

    def attributes(self, modules: Any) -> Guards:
        """The same for attributes of modules, whose changes are counted."""
        guards = Guards()
        for module in {**self.modules, **dict.fromkeys(modules)}:
            table = module.__dict__
            if _users_class(type(module)):
                for name in {*table, "forward"} & {*self.names, "forward"} - _OWN:
                    guards.name(table, name, table.get(name, MISSING), _called(module))
            else:
                for name in {*table, "forward"} - _OWN:
                    guards.name(table, name, table.get(name, MISSING), _called(module))
        return guards

    # -- following names -----------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Visit what is pending; then the attributes by all names known so far; until nothing is new."""
        known = -1
        while known != len(self.names) + len(self.objects):
            known = len(self.names) + len(self.objects)
            for thing in list(self.objects):
                self._look_at(thing)
            while self.pending:
                self._visit(self.pending.pop())

    def _visit(self, thing: Any) -> None:
        if isinstance(thing, _PLAIN) or id(thing) in self.seen:
            return
        kind = type(thing)
        if kind in TYPES:
            self.held[id(thing)] = thing
            return
        self.seen[id(thing)] = thing
        if kind is FunctionType:
            self._function(thing)
        elif kind is MethodType:
            self.pending += [thing.__func__, thing.__self__]
        elif kind is partial:
            self.pending += [thing.func, *thing.args, *thing.keywords.values()]
        elif kind is CodeType or isinstance(thing, (Generator, LRScheduler, ReduceLROnPlateau, BuiltinFunctionType)):
            return
        elif isinstance(thing, ModuleType):
            if is_users(getattr(thing, "__file__", None) or ""):
                self.objects.append(thing)
        elif isinstance(thing, (list, tuple, dict, set, frozenset, deque)):
            self._container(thing)
        elif isinstance(thing, np.ndarray):
            self._array(thing)
        elif isinstance(thing, (random.Random, np.random.RandomState, np.random.Generator)):
            self.chances.append((type(thing).__name__, partial(_chance, thing), _chance(thing)))
        elif hasattr(thing, "__next__") or isinstance(thing, io.IOBase):
            if self.effect is None:
                word = "takes from an iterator" if hasattr(thing, "__next__") else "uses a file"
                self.effect = (word, type(thing).__name__)
        elif isinstance(thing, type):
            if _users_class(thing):
                self.objects.append(thing)
        else:
            self._object(thing)

    def _object(self, thing: Any) -> None:
        function = thing.__dict__.get("function") if hasattr(thing, "__dict__") else None
        if type(thing).__name__ in ("CompiledStep", "CompiledModule") and function is not None:
            self.pending.append(function)
            return
        if isinstance(thing, Module):
            for module in thing.modules():
                if module not in self.modules:
                    self.modules[module] = None
                    self.seen[id(module)] = module
                    self._enter(module)
                    hooks = module._hooks
                    if hooks is not None:
                        self.pending += [h.function for t in vars(hooks).values() for h in t.values()]
        elif isinstance(thing, Optimizer):
            if _users_class(type(thing)):
                self.pending.append(type(thing).step)
            self.held.update({id(p): p for group in thing.param_groups for p in group["params"]})
            for hook in (*thing._step_pre_hooks.values(), *thing._step_post_hooks.values()):
                self.pending.append(hook)
        else:
            self._enter(thing)

    def _enter(self, thing: Any) -> None:
        self.objects.append(thing)
        if not isinstance(thing, type):
            self.before.append((thing, dict(_attributes(thing))))
            if _users_class(type(thing)):
                self._visit(type(thing))

    def _function(self, function: Any) -> None:
        code = function.__code__
        users = is_users(code.co_filename)
        for cell, name in zip(function.__closure__ or (), code.co_freevars):
            try:
                value = cell.cell_contents
            except ValueError:
                continue
            if users:
                self.found.cell(cell, value, name)
            self.pending.append(value)
        self.pending += [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
        if not users:
            return
        self.codes.add(code)
        self._read(code)
        table = function.__globals__
        for name in _mentions(code)[0]:
            if name in table and not _is_library(table[name]):
                self.found.name(table, name, table[name], "the module")
                self.pending.append(table[name])

    def _read(self, code: CodeType) -> None:
        self.codes.update(_nested(code))
        self.names.update(_mentions(code)[1])

    def _container(self, thing: Any) -> None:
        if type(thing) not in (tuple, frozenset):
            self.found.container(thing)
        if len(thing) <= MANY:
            self.pending += [*thing.values()] if isinstance(thing, dict) else [*thing]

    def _array(self, array: Any) -> None:
        if array.nbytes <= LARGE:
            self.found.array(array)
        elif self.effect is None:
            got = f"shape {array.shape}, {array.nbytes} bytes"
            self.effect = ("reads a large NumPy array, whose changes nobody would notice", got)

    def _look_at(self, thing: Any) -> None:
        """Attributes of an object or class by the names that are mentioned."""
        if isinstance(thing, type):
            for name in self.names & set(thing.__dict__) | {n for n in thing.__dict__ if _operator(thing, n)}:
                value = thing.__dict__[name]
                value = value.__func__ if isinstance(value, (staticmethod, classmethod)) else value
                for part in (value.fget,) if isinstance(value, property) else (value,):
                    if isinstance(part, FunctionType):
                        self.pending.append(part)
                    elif part is not None and not hasattr(part, "__set__"):
                        self.found.name(thing.__dict__, name, thing.__dict__[name], _called(thing))
                        self.pending.append(part)
            for base in thing.__bases__:
                if _users_class(base):
                    self.pending.append(base)
            return
        table = getattr(thing, "__dict__", {})
        own = isinstance(thing, Module)
        for name in self.names & set(table):
            if not own:
                self.found.name(table, name, table[name], _called(thing))
            self.pending.append(table[name])
        for name, value in _slots(thing):
            if name in self.names:
                self.found.slot(thing, name, value)
                self.pending.append(value)


def is_users(filename: str) -> bool:
    """Whether a file is the user's: neither of this package nor of a library."""
    return not filename.startswith((_PACKAGE, "<frozen", *_LIBRARIES)) and bool(filename)


def _users_class(kind: type) -> bool:
    module = sys.modules.get(kind.__module__)
    return kind.__module__ != "builtins" and is_users(getattr(module, "__file__", None) or "<unknown>")


def _is_library(value: Any) -> bool:
    return isinstance(value, ModuleType) and not is_users(getattr(value, "__file__", None) or "")


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


_MENTIONS: dict[CodeType, tuple[set[str], set[str]]] = {}


def _mentions(code: CodeType) -> tuple[set[str], set[str]]:
    """The names that code looks up among the globals, and the attributes that it reads or sets."""
    if code not in _MENTIONS:
        names: tuple[set[str], set[str]] = set(), set()
        for inner in _nested(code):
            for step in dis.get_instructions(inner):
                if step.opname in ("LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL"):
                    names[0].add(step.argval)
                elif step.opname.endswith(("_ATTR", "_METHOD")) and isinstance(step.argval, str):
                    names[1].add(step.argval)
        _MENTIONS[code] = names
    return _MENTIONS[code]


def _operator(kind: type, name: str) -> bool:
    return (
        name.startswith("__") and isinstance(kind.__dict__[name], FunctionType) and name != "__init__"
    ) or name == "forward"


def _attributes(thing: Any) -> dict[str, Any]:
    return {**getattr(thing, "__dict__", {}), **dict(_slots(thing))}


def _slots(thing: Any) -> Iterator[tuple[str, Any]]:
    for kind in type(thing).__mro__:
        if not _users_class(kind):
            continue
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(thing, name):
                yield name, getattr(thing, name)


def _called(thing: Any) -> str:
    return f"the class {thing.__name__}" if isinstance(thing, type) else f"a {type(thing).__name__}"


def _equal(a: Any, b: Any) -> bool:
    return type(a) is type(b) and isinstance(a, _PLAIN) and bool(a == b)


def _numpy_state() -> Any:
    kind, keys, *rest = np.random.get_state(legacy=True)
    return kind, keys.tobytes(), rest  # type: ignore[union-attr]


def _chance(thing: Any) -> str:
    """The place of a generator of Python or NumPy in its stream."""
    if isinstance(thing, random.Random):
        return repr(thing.getstate())
    return repr(thing.bit_generator.state if isinstance(thing, np.random.Generator) else thing.get_state())


def _refused(what: str, got: str, fix: str) -> RecordingError:
    return RecordingError(message(f"compile: {what}", got=got, fix=fix))
