"""What a picture of a computation is made of: items, edges, groups. Immutable, and free of drawing.

Every output (DOT, text, page) reads this and nothing else, so none of them needs to know the tape.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["Edge", "Group", "Item", "Model"]

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Item:
    """An operation that ran, or a tensor that none of the operations made.

    key:    its place in the order of execution (a parameter stands just before its first use)
    kind:   "operation", "parameter" (a leaf that requires grad) or "input" (data without gradient)
    name:   the operation, or the tensor's name
    label:  the user's variable for the result, if one is known
    shapes: one for each output; likewise dtypes
    detail: the operation's settings, as text
    value:  the (first) result; None if nothing has kept it
    gradient: of the outputs drawn, with respect to this result; None if unknown
    flows:  whether gradients pass here
    failed: the error's text, if the operation raised
    """

    key: int
    kind: str
    name: str
    label: str
    shapes: tuple[Shape, ...]
    dtypes: tuple[str, ...]
    detail: str = ""
    group: int | None = None
    value: Any = None
    gradient: Any = None
    line: tuple[str, int] | None = None
    flows: bool = True
    failed: str | None = None

    @property
    def title(self) -> str:
        """What to call it in a sentence."""
        return self.label or self.name

    @property
    def nbytes(self) -> int:
        """The size of the results in memory."""
        widths = {"bool": 1, "bfloat16": 2}
        total = 0
        for shape, dtype in zip(self.shapes, self.dtypes):
            count = 1
            for n in shape:
                count *= n
            digits = "".join(filter(str.isdigit, dtype))
            total += count * widths.get(dtype, int(digits or 64) // 8)
        return total


@dataclass(frozen=True, eq=False)
class Edge:
    """A result used as an operand; `share` is what the backward pass sends along it, the other way."""

    source: int
    target: int
    position: int
    share: Any = None


@dataclass(frozen=True)
class Group:
    """One call of a module. `path` is where the module hangs in its root ("encoder.layers.2")."""

    key: int
    name: str
    path: str
    kind: str
    parent: int | None


@dataclass(frozen=True, eq=False)
class Model:
    """A computation. `items[k].key == k`, and an operation comes after its operands."""

    items: tuple[Item, ...]
    edges: tuple[Edge, ...]
    groups: tuple[Group, ...] = ()
    roots: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    into: dict[int, list[Edge]] = field(init=False, repr=False)
    out_of: dict[int, list[Edge]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        into: dict[int, list[Edge]] = {item.key: [] for item in self.items}
        out_of: dict[int, list[Edge]] = {item.key: [] for item in self.items}
        for edge in self.edges:
            into[edge.target].append(edge)
            out_of[edge.source].append(edge)
        object.__setattr__(self, "into", into)
        object.__setattr__(self, "out_of", out_of)

    def ancestry(self, group: int | None) -> tuple[int, ...]:
        """The groups that contain `group`, outermost first, itself last."""
        chain: list[int] = []
        while group is not None:
            chain.append(group)
            group = self.groups[group].parent
        return tuple(reversed(chain))
