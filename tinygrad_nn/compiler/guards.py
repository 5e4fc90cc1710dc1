"""Guards: places in Python's memory, and what was found there. To look again is quick."""

from __future__ import annotations

from operator import is_
from typing import Any

__all__ = ["MISSING", "Guards"]

MISSING: Any = type("Missing", (), {"__repr__": lambda self: "nothing"})()

_PLAIN = {int, float, str, bytes, bool, complex}


class Guards:
    """Names in tables, cells, containers, arrays and slots, with what they held."""

    def __init__(self) -> None:
        self.names: list[list[Any]] = []  # [table, name, value, where]
        self.cells: list[list[Any]] = []  # [cell, value, name]
        self.lists: list[list[Any]] = []  # [container, elements]
        self.dicts: list[list[Any]] = []  # [container, keys, values]
        self.sets: list[tuple[Any, frozenset[Any]]] = []
        self.arrays: list[tuple[Any, bytes]] = []
        self.slots: list[tuple[Any, str, Any]] = []
        self._known: set[Any] = set()

    # -- noting --------------------------------------------------------------------------------------------

    def name(self, table: Any, name: str, value: Any, where: str) -> None:
        """`table[name]` is `value`."""
        key = (id(table) if isinstance(table, dict) else where, name)
        if key not in self._known:
            self._known.add(key)
            self.names.append([table, name, value, where])

    def cell(self, cell: Any, value: Any, name: str) -> None:
        """A variable of an enclosing function."""
        if id(cell) not in self._known:
            self._known.add(id(cell))
            self.cells.append([cell, value, name])

    def container(self, thing: Any) -> None:
        """The elements of a list, deque, dict or set."""
        if isinstance(thing, dict):
            self.dicts.append([thing, list(thing), list(thing.values())])
        elif isinstance(thing, set):
            self.sets.append((thing, frozenset(thing)))
        else:
            self.lists.append([thing, list(thing)])

    def array(self, array: Any) -> None:
        """The elements of a NumPy array."""
        self.arrays.append((array, array.tobytes()))

    def slot(self, thing: Any, name: str, value: Any) -> None:
        """An attribute that stands in a slot."""
        if (id(thing), name) not in self._known:
            self._known.add((id(thing), name))
            self.slots.append((thing, name, value))

    # -- looking -------------------------------------------------------------------------------------------

    def hold(self) -> bool:
        """Whether all is as it was."""
        for entry in self.names:
            if entry[0].get(entry[1], MISSING) is not entry[2] and not _still(
                entry, 2, entry[0].get(entry[1], MISSING)
            ):
                return False
        for entry in self.cells:
            if entry[0].cell_contents is not entry[1] and not _still(entry, 1, entry[0].cell_contents):
                return False
        for thing, parts in self.lists:
            if len(thing) != len(parts) or not (all(map(is_, thing, parts)) or _alike(thing, parts)):
                return False
        for thing, keys, parts in self.dicts:
            if len(thing) != len(parts) or not (
                (all(map(is_, thing.values(), parts)) or _alike(thing.values(), parts)) and list(thing) == keys
            ):
                return False
        return not (self.sets or self.arrays or self.slots) or self._hold_others()

    def _hold_others(self) -> bool:
        return (
            all([thing == parts for thing, parts in self.sets])
            and all([array.tobytes() == elements for array, elements in self.arrays])
            and all([getattr(thing, name, MISSING) is value for thing, name, value in self.slots])
        )

    def broken(self) -> str | None:
        """What is not as it was, in words."""
        for table, name, value, where in self.names:
            if not _alike([table.get(name, MISSING)], [value]):
                return f"`{name}` of {where}"
        for cell, value, name in self.cells:
            if not _alike([cell.cell_contents], [value]):
                return f"the variable `{name}`"
        for thing, parts in self.lists:
            if not _alike(thing, parts):
                return f"a {type(thing).__name__} of {len(parts)} elements"
        for thing, keys, parts in self.dicts:
            if list(thing) != keys or not _alike(thing.values(), parts):
                return f"a {type(thing).__name__} with the keys {keys}"[:120]
        if not self._hold_others():
            return "a set, a NumPy array, or an attribute in a slot"
        return None


def _still(entry: list[Any], place: int, now: Any) -> bool:
    """Another object, but an equal plain value: from now on it is this one."""
    if not _alike([now], [entry[place]]):
        return False
    entry[place] = now
    return True


def _alike(now: Any, before: Any) -> bool:
    now = list(now)
    return len(now) == len(before) and all(
        [a is b or (type(a) is type(b) and type(a) in _PLAIN and repr(a) == repr(b)) for a, b in zip(now, before)]
    )
