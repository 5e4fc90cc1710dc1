"""The dict behind `_parameters`, `_buffers` and `_modules`: what is entered there is also an attribute."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["Registry"]


class Registry(dict[str, Any]):
    """A dict that writes each entry through to its owner's attributes.

    Reading `module.weight` is then an ordinary attribute access, which matters in a small network;
    and code that edits `module._parameters` directly finds the attribute changed as well.
    """

    __slots__ = ("_owner",)

    def __init__(self, owner: Any, entries: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self._owner = weakref.ref(owner)
        if entries:
            self.update(entries)

    def _attributes(self) -> dict[str, Any]:
        owner = self._owner()
        return {} if owner is None else owner.__dict__

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self._attributes()[name] = value

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self._attributes().pop(name, None)

    def pop(self, name: str, *default: Any) -> Any:
        """As dict's."""
        if name in self:
            self._attributes().pop(name, None)
        return super().pop(name, *default)

    def popitem(self) -> tuple[str, Any]:
        """As dict's."""
        name, value = super().popitem()
        self._attributes().pop(name, None)
        return name, value

    def clear(self) -> None:
        """As dict's."""
        for name in tuple(self):
            del self[name]

    def setdefault(self, name: str, default: Any = None) -> Any:
        """As dict's."""
        if name not in self:
            self[name] = default
        return self[name]

    def update(self, entries: Mapping[str, Any] | Iterable[tuple[str, Any]] = (), **named: Any) -> None:  # type: ignore[override]
        """As dict's."""
        for name, value in dict(entries, **named).items():
            self[name] = value

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return self.__reduce__()
