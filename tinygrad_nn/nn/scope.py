"""Which module's forward is running, as a path that errors and graphs can print."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinygrad_nn.nn.module import Module

__all__ = ["Scope"]


class Scope(tuple["Scope | None", "Module"]):
    """A link (scope of the caller, module) of the chain of running modules.

    Made at every call of a module, so it is only a pair; `str` spells the path out when asked:
    "encoder.layers.2.linear", counted from the outermost running module, or that module's class
    name for itself.
    """

    __slots__ = ()

    @property
    def parent(self) -> Scope | None:
        """The scope of the module that called this one."""
        return self[0]

    @property
    def module(self) -> Module:
        """The module whose forward runs."""
        return self[1]

    @property
    def root(self) -> Module:
        """The outermost running module."""
        link = self
        while link[0] is not None:
            link = link[0]
        return link[1]

    def __str__(self) -> str:
        module = self[1]
        if self[0] is None:
            return type(module).__name__
        for path, candidate in self.root.named_modules():
            if candidate is module and path:
                return path
        return f"{self[0]}.{type(module).__name__}"  # called by its parent, but not registered there

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    __hash__ = object.__hash__
