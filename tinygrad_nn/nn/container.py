"""Containers of modules: Sequential, ModuleList, ModuleDict. (Those of parameters: `parameter_container`.)"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from itertools import chain
from operator import index as as_index
from typing import Any, TypeVar

from tinygrad_nn.errors import ArgumentError, DTypeError, IndexingError, message
from tinygrad_nn.nn.describe import indented
from tinygrad_nn.nn.module import Module

__all__ = ["ModuleDict", "ModuleList", "Sequential", "pairs_of", "position"]

S = TypeVar("S", bound="Sequential")
L = TypeVar("L", bound="ModuleList")


def position(container: Any, k: Any) -> int:
    """`k` as a position of the container, counted from its end if negative. IndexError outside."""
    place = as_index(k)
    if not -len(container) <= place < len(container):
        raise IndexingError(f"{type(container).__name__}: index {place} is out of range for {len(container)} entries")
    return place % len(container)


def pairs_of(container: Any, entries: Any) -> Iterator[tuple[str, Any]]:
    """(name, value) pairs from a mapping, a container with `items`, or an iterable of pairs."""
    title = type(container).__name__
    if isinstance(entries, Mapping) or hasattr(entries, "items"):
        yield from entries.items()
        return
    if not isinstance(entries, Iterable):
        raise DTypeError(
            message(f"{title}.update should be called with an iterable of key/value pairs", got=type(entries).__name__)
        )
    for k, pair in enumerate(entries):
        if not isinstance(pair, Iterable):
            raise DTypeError(
                message(f"{title} update sequence element #{k} should be Iterable", got=type(pair).__name__)
            )
        items = tuple(pair)
        if len(items) != 2:
            raise ArgumentError(f"{title} update sequence element #{k} has length {len(items)}; 2 is required")
        yield items


class _Numbered(Module):
    """Modules named "0", "1", ...: what Sequential and ModuleList have in common."""

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __delitem__(self, k: int | slice) -> None:
        names = list(self._modules)
        for name in names[k] if isinstance(k, slice) else [names[position(self, k)]]:
            del self._modules[name]
        self._renumber(list(self._modules.values()))

    def _renumber(self, modules: list[Module]) -> None:
        self._modules.clear()
        for k, module in enumerate(modules):
            self._modules[str(k)] = module

    def pop(self, key: int | slice) -> Any:
        """Take out and return one module (or a slice of them)."""
        found = self[key]  # type: ignore[index]
        del self[key]
        return found

    def append(self: Any, module: Module) -> Any:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def _insert(self, index: int, module: Module) -> None:
        if not isinstance(module, Module):
            raise DTypeError(
                message(f"{type(self).__name__}.insert: module should be an nn.Module", got=type(module).__name__)
            )
        modules = list(self._modules.values())
        modules.insert(index, module)
        self._renumber(modules)


class Sequential(_Numbered):
    """Modules called one after the other, each on the result of the one before.

    Takes modules, or one OrderedDict of names and modules.

    >>> from tinygrad_nn import nn
    >>> model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    >>> model[1:]
    Sequential(
      (1): ReLU()
      (2): Linear(in_features=3, out_features=2, bias=True)
    )
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            for name, module in args[0].items():
                self.add_module(name, module)
            return
        if len(args) == 1 and isinstance(args[0], (list, tuple)):
            raise DTypeError(
                message(
                    f"{type(args[0]).__name__} is not a Module subclass",
                    got=f"Sequential of a {type(args[0]).__name__}",
                    fix="Sequential(*layers)",
                )
            )
        for k, module in enumerate(args):
            self.add_module(str(k), module)

    def forward(self, input: Any) -> Any:
        """The last module's result."""
        for module in self._modules.values():
            input = module(input)
        return input

    def __getitem__(self, k: int | slice) -> Any:
        if isinstance(k, slice):
            return type(self)(OrderedDict(list(self._modules.items())[k]))
        return list(self._modules.values())[position(self, k)]

    def __setitem__(self, k: int, module: Module) -> None:
        setattr(self, list(self._modules)[position(self, k)], module)

    def __add__(self, other: Sequential) -> Sequential:
        self._check_other("+", other)
        return Sequential(*self, *other)

    def __iadd__(self: S, other: Sequential) -> S:
        self._check_other("+", other)
        return self.extend(other)

    def _check_other(self, sign: str, other: Any) -> None:
        if not isinstance(other, Sequential):
            raise ArgumentError(
                message("add operator supports only objects of Sequential class", got=type(other).__name__)
            )

    def __mul__(self, times: int) -> Sequential:
        self._check_times(times)
        return Sequential(*(list(self) * times))

    __rmul__ = __mul__

    def __imul__(self: S, times: int) -> S:
        self._check_times(times)
        return self.extend(list(self) * (times - 1))

    def _check_times(self, times: Any) -> None:
        if not isinstance(times, int):
            raise DTypeError(f"unsupported operand type(s) for *: {type(self)} and {type(times)}")
        if times <= 0:
            raise ArgumentError(f"Non-positive multiplication factor {times} for {type(self)}")

    def insert(self: S, index: int, module: Module) -> S:
        """Put a module before position `index`; IndexError outside [-len, len]."""
        if not -len(self) <= index <= len(self):
            raise IndexingError(f"Index out of range: {index}")
        self._insert(index, module)
        return self

    def extend(self: S, sequential: Iterable[Module]) -> S:
        """Append the modules of another Sequential, or of any iterable."""
        for module in list(sequential):
            self.append(module)
        return self


class ModuleList(_Numbered):
    """A list of modules that the module it is assigned to knows about. It has no forward.

    >>> from tinygrad_nn import nn
    >>> nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.Tanh()])
    ModuleList(
      (0-1): 2 x ReLU()
      (2): Tanh()
    )
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __getitem__(self, k: int | slice) -> Any:
        if isinstance(k, slice):
            return type(self)(list(self._modules.values())[k])
        return self._modules[str(position(self, k))]

    def __setitem__(self, k: int, module: Module) -> None:
        setattr(self, str(position(self, k)), module)

    def __iadd__(self: L, modules: Iterable[Module]) -> L:
        return self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList(chain(self, other))

    def insert(self, index: int, module: Module) -> None:
        """Put a module before position `index`."""
        self._insert(index, module)

    def extend(self: L, modules: Iterable[Module]) -> L:
        """Append the modules of an iterable. TypeError for anything else."""
        if not isinstance(modules, Iterable):
            raise DTypeError(message("ModuleList.extend should be called with an iterable", got=type(modules).__name__))
        for module in list(modules):
            self.append(module)
        return self

    def __repr__(self) -> str:
        blocks: list[tuple[int, int, str]] = []  # first and last position, and what stands there
        for k, module in enumerate(self):
            text = repr(module)
            if blocks and blocks[-1][2] == text:
                blocks[-1] = (blocks[-1][0], k, text)
            else:
                blocks.append((k, k, text))
        if not blocks:
            return f"{self._get_name()}()"
        lines = [f"({a}): {text}" if a == b else f"({a}-{b}): {b - a + 1} x {text}" for a, b, text in blocks]
        return f"{self._get_name()}(\n  " + "\n  ".join(indented(line) for line in lines) + "\n)"


class ModuleDict(Module):
    """A dict of modules that the module it is assigned to knows about; keeps the order of insertion.

    >>> from tinygrad_nn import nn
    >>> nn.ModuleDict({"act": nn.ReLU()})["act"]
    ReLU()
    """

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Module:
        found: Module = self._modules[key]
        return found

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: object) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Take all modules out."""
        self._modules.clear()

    def pop(self, key: str) -> Module:
        """Take out and return one module."""
        found = self[key]
        del self[key]
        return found

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._modules.keys()

    def items(self) -> ItemsView[str, Module]:
        """Names and modules."""
        return self._modules.items()

    def values(self) -> ValuesView[Module]:
        """The modules."""
        return self._modules.values()

    def update(self, modules: Any) -> None:
        """Add the modules of a mapping, or of an iterable of pairs."""
        for key, module in pairs_of(self, modules):
            self[key] = module
