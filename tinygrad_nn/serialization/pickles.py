"""A pickle read as data: not by Python's unpickler, and without calling what the file names.

A pickle is a program for a small stack machine. This machine knows the instructions that build
numbers, strings and containers; a name from a module is looked up in a table that the caller gives,
and only what stands in the table can be called. Anything else ends the reading with an error that
says what the file asked for.

Source: the instruction set as `pickletools` documents it.
"""

from __future__ import annotations

import pickletools
import reprlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tinygrad_nn.errors import DataError, DeviceError, message
from tinygrad_nn.serialization.files import bad_file

__all__ = ["Named", "read_pickle"]


@dataclass(frozen=True, eq=False)
class Named:
    """What a name in a pickle stands for: a value, or a function that builds one from arguments."""

    name: str
    value: object = None
    build: Callable[..., Any] | None = None


def read_pickle(data: bytes, names: Mapping[str, Named], persistent: Callable[[Any], Any], source: str) -> Any:
    """The object that the pickle `data` describes.

    names: "module name" -> what it stands for; every other name is refused
    persistent: the object behind a persistent id (PyTorch's storages)
    Raises DataError, naming the file `source`, for a broken pickle and for one that asks for more.

    >>> import pickle
    >>> read_pickle(pickle.dumps({"a": [1, (2.0, None)]}, 2), {}, lambda key: key, "a.pt")
    {'a': [1, (2.0, None)]}
    """
    machine = _Machine(names, persistent, source)
    position, name = 0, "its start"
    try:
        for opcode, argument, at in pickletools.genops(data):
            position, name = at or 0, opcode.name
            if name == "STOP":
                return machine.pop()
            machine.step(name, argument)
    except DataError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, DeviceError) as error:
        raise bad_file(source, "an intact pickle", f"{error!r} at byte {position} ({name}): it is corrupt") from None
    raise bad_file(source, "a pickle that ends with STOP", name)


WEIGHT = 100_000
"""How many values a tuple may hold at all depths, counting a shared one each time: what hashing or comparing it costs."""
WORK = 10_000_000
"""How much of that one file may cause."""


class _Mark:
    """Where a run of items starts on the stack."""


CONSTANTS: dict[str, object] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
NUMBERS = ("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT")
TEXTS = ("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8")
LITERALS = {*NUMBERS, *TEXTS, "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"}
EMPTY: dict[str, Callable[[], Any]] = {
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_SET": set,
    "MARK": _Mark,
}


class _Machine:
    def __init__(self, names: Mapping[str, Named], persistent: Callable[[Any], Any], source: str) -> None:
        self.names = names
        self.persistent = persistent
        self.source = source
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.weights: dict[int, tuple[int, Any]] = {}  # of tuples and frozensets by id, which they keep taken
        self.work = 0

    def step(self, name: str, argument: Any) -> None:
        if name in LITERALS:
            self.stack.append(argument)
        elif name in CONSTANTS:
            self.stack.append(CONSTANTS[name])
        elif name in EMPTY:
            self.stack.append(EMPTY[name]())
        elif name in INSTRUCTIONS:
            INSTRUCTIONS[name](self, argument)
        else:
            raise self.refused(f"the instruction {name}")

    def refused(self, what: str) -> DataError:
        return DataError(
            message(
                f"load: {self.source}: refused, its pickle wants more than tensors and containers",
                got=what,
                fix="save model.state_dict(), not the model; distrust a file that others made",
            )
        )

    # -- the stack ----------------------------------------------------------------------------

    def pop(self) -> Any:
        value = self.stack.pop()
        if isinstance(value, _Mark):
            raise ValueError("a mark in place of a value")
        return value

    def items(self) -> list[Any]:
        """What lies above the latest mark, which goes too."""
        start = next(i for i in reversed(range(len(self.stack) + 1)) if i == 0 or isinstance(self.stack[i - 1], _Mark))
        if start == 0:
            raise ValueError("no mark on the stack")
        taken = self.stack[start:]
        del self.stack[start - 1 :]
        return taken

    def top(self, kind: type | tuple[type, ...]) -> Any:
        if not isinstance(self.stack[-1], kind):
            raise TypeError(f"items for a {type(self.stack[-1]).__name__}")
        return self.stack[-1]

    # -- the instructions ---------------------------------------------------------------------

    def put(self, key: int | None) -> None:
        self.memo[len(self.memo) if key is None else key] = self.stack[-1]

    def get(self, key: int) -> None:
        self.stack.append(self.memo[key])

    def duplicate(self, _: None) -> None:
        self.stack.append(self.stack[-1])

    def drop(self, _: None) -> None:
        self.stack.pop()

    def drop_items(self, _: None) -> None:
        self.items()

    def weigh(self, value: Any) -> int:
        """The number of values in a tuple or frozenset, at all depths."""
        return self.weights[id(value)][0] if id(value) in self.weights else 1

    def push_frozen(self, value: Any) -> None:
        """Put a tuple or frozenset on the stack. ValueError for one that would take ages to hash."""
        weight = 1 + sum([self.weigh(item) for item in value])
        if weight > WEIGHT:
            raise ValueError(f"a tuple that holds over {WEIGHT} values, since it holds others many times over")
        self.weights[id(value)] = weight, value
        self.stack.append(value)

    def hashed(self, values: Any) -> Any:
        """`values`, which are about to become keys or items of a set; ValueError if all that hashing took ages."""
        self.work += sum([self.weigh(value) for value in values])
        if self.work > WORK:
            raise ValueError("keys and items of sets that take too long to hash")
        return values

    def tuple_of(self, count: int) -> None:
        self.push_frozen(tuple([self.pop() for _ in range(count)][::-1]))

    def make(self, build: Callable[[list[Any]], Any]) -> None:
        self.stack.append(build(self.items()))

    def extend(self, items: list[Any]) -> None:
        self.top(list).extend(items)

    def update(self, items: list[Any]) -> None:
        self.top(dict).update(_pairs(items, self))

    def add(self, items: list[Any]) -> None:
        self.top(set).update(self.hashed(items))

    def name(self, spelled: str | None) -> None:
        """GLOBAL has the name in it, STACK_GLOBAL takes its parts from the stack."""
        if spelled is None:
            attribute, module = self.pop(), self.pop()
            if not isinstance(attribute, str) or not isinstance(module, str):
                raise TypeError("a name that is no text")
            spelled = f"{module} {attribute}"
        if spelled not in self.names:
            raise self.refused(f"the name {spelled.replace(' ', '.')!r}")
        self.stack.append(self.names[spelled])

    def call(self, _: None) -> None:
        arguments, function = self.pop(), self.pop()
        if not isinstance(function, Named) or function.build is None:
            called = function.name if isinstance(function, Named) else function
            raise self.refused(f"a call of {reprlib.repr(called)}")
        if not isinstance(arguments, tuple):
            raise TypeError("arguments that are no tuple")
        built = function.build(*[self.hashed(part) if type(part) in (list, tuple) else part for part in arguments])
        self.stack.append(built)

    def set_state(self, _: None) -> None:
        """Attributes of an OrderedDict (a state dict's `_metadata`) are dropped; others refused."""
        self.pop()
        if not isinstance(self.stack[-1], OrderedDict):
            raise self.refused(f"to set attributes of a {type(self.stack[-1]).__name__}")

    def external(self, _: None) -> None:
        self.stack.append(self.persistent(self.pop()))


def _pairs(items: list[Any], machine: _Machine) -> list[tuple[Any, Any]]:
    if len(items) % 2:
        raise ValueError("a key without a value")
    return list(zip(machine.hashed(items[::2]), items[1::2], strict=True))


def _last(count: int, method: Callable[[_Machine, list[Any]], None]) -> Callable[[_Machine, Any], None]:
    """An instruction that hands the last `count` values to `method`."""

    def instruction(machine: _Machine, _: Any) -> None:
        method(machine, [machine.pop() for _ in range(count)][::-1])

    return instruction


INSTRUCTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": lambda machine, _: None,
    "FRAME": lambda machine, _: None,
    "PUT": _Machine.put,
    "BINPUT": _Machine.put,
    "LONG_BINPUT": _Machine.put,
    "MEMOIZE": _Machine.put,
    "GET": _Machine.get,
    "BINGET": _Machine.get,
    "LONG_BINGET": _Machine.get,
    "DUP": _Machine.duplicate,
    "POP": _Machine.drop,
    "POP_MARK": _Machine.drop_items,
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "TUPLE": lambda machine, _: machine.push_frozen(tuple(machine.items())),
    "LIST": lambda machine, _: machine.make(list),
    "DICT": lambda machine, _: machine.make(lambda items: dict(_pairs(items, machine))),
    "FROZENSET": lambda machine, _: machine.push_frozen(frozenset(machine.hashed(machine.items()))),
    "APPEND": _last(1, _Machine.extend),
    "APPENDS": lambda machine, _: machine.extend(machine.items()),
    "SETITEM": _last(2, _Machine.update),
    "SETITEMS": lambda machine, _: machine.update(machine.items()),
    "ADDITEMS": lambda machine, _: machine.add(machine.items()),
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.name,
    "REDUCE": _Machine.call,
    "BUILD": _Machine.set_state,
    "BINPERSID": _Machine.external,
}
