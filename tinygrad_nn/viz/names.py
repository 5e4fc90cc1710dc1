"""What to call a tensor: its name in a module, else the name given, else the user's variable."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from types import CellType, FrameType
from typing import Any

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.primitive import TYPES, node_of

__all__ = ["Names", "is_module", "is_ours"]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


_EMPTY = CellType()


def is_module(value: Any) -> bool:
    """Whether `value` is a module: it names its parameters and its parts."""
    return hasattr(value, "named_parameters") and hasattr(value, "named_modules")


def is_ours(frame: FrameType) -> bool:
    """Whether a running function is this package's own."""
    return frame.f_code.co_filename.startswith(_PACKAGE)


class Names:
    """Names by tensor and by node. What is entered first stays."""

    def __init__(self) -> None:
        self.known: dict[Any, str] = {}
        self.variables: dict[Any, str] = {}

    def add(self, params: Any) -> None:
        """Names from a module, from pairs, or from a dict of tensors (or of modules, whose name goes in front)."""
        if params is None:
            return
        for name, value in _pairs(params):
            if type(value) in TYPES:
                self.known.setdefault(value, name)
                if (node := node_of(value)) is not None:
                    self.known.setdefault(node, name)
            elif is_module(value):
                self.add({f"{name}.{key}": tensor for key, tensor in _pairs(value)})
            else:
                raise ArgumentError(
                    message(
                        "viz: params= gives tensors their names",
                        got=f"{name}: {type(value).__name__}",
                        fix="pass a module, or a dict of name: tensor",
                    )
                )

    def add_callers(self) -> None:
        """The variables of the innermost function outside this package (where nothing better is known)."""
        frame: Any = sys._getframe(1)
        while frame.f_back is not None and is_ours(frame):
            frame = frame.f_back
        self.add_frame(frame)

    def add_frame(self, frame: FrameType) -> None:
        """The variables of a running function that hold tensors."""
        self.add_variables(frame.f_locals)

    def add_closure(self, function: Any) -> None:
        """The variables that a function has from where it was defined."""
        cells = getattr(function, "__closure__", None) or ()
        self.add_variables(
            {name: cell.cell_contents for name, cell in zip(function.__code__.co_freevars, cells) if cell != _EMPTY}
            if cells
            else {}
        )

    def add_variables(self, variables: Mapping[str, Any]) -> None:
        """Variables by name, those that hold tensors."""
        for name, value in list(variables.items()):
            if type(value) in TYPES and not name.startswith("_"):
                node = node_of(value)
                self.variables.setdefault(value, name)
                if node is not None:
                    self.variables.setdefault(node, name)

    def of(self, *keys: Any) -> str:
        """The name of a tensor or node, by the first of `keys` that has one; "" if none has."""
        for table in (self.known, self.variables):
            for key in keys:
                if key is not None and key in table:
                    return table[key]
        return ""

    def is_variable(self, key: Any) -> bool:
        """Whether a tensor is the caller's own, not some module's."""
        return key not in self.known and key in self.variables


def _pairs(params: Any) -> Iterable[tuple[str, Any]]:
    if is_module(params):
        buffers = params.named_buffers() if hasattr(params, "named_buffers") else ()
        return [*params.named_parameters(), *buffers]
    if isinstance(params, Mapping):
        return [(str(name), value) for name, value in params.items()]
    try:
        return [(str(name), value) for name, value in params]
    except (TypeError, ValueError):
        raise ArgumentError(
            message(
                "viz: params= gives tensors their names",
                got=type(params).__name__,
                fix="pass a module, or a dict of name: tensor",
            )
        ) from None
