"""A compiled step as a model: its instructions, by the part of the step and the module that they come from."""

from __future__ import annotations

from typing import Any

from tinygrad_nn.viz.model import Edge, Group, Item, Model

__all__ = ["is_compiled", "of_program"]

_LEAVES = {"argument": "input", "captured": "parameter", "constant": "input"}


def is_compiled(value: Any) -> bool:
    """Whether `value` is a compiled step: it has a program of instructions."""
    return hasattr(type(value), "program") and hasattr(type(value), "source")


def of_program(program: Any) -> Model:
    """The model of a recorded program: forward, backward and update as groups, with the modules' paths inside."""
    return _Reading(program).model


class _Reading:
    """Goes through the instructions once."""

    def __init__(self, program: Any) -> None:
        self.items: list[Item] = []
        self.edges: list[Edge] = []
        self.groups: list[Group] = []
        self.now: dict[Any, int] = {}  # value -> the item that holds it at this point
        self.open: dict[tuple[str | None, ...], int] = {}
        for instruction in program.instructions:
            self._read(instruction)
        roots = tuple(self.now[value] for value in program.outputs if value in self.now)
        self.model = Model(
            tuple(self.items), tuple(self.edges), tuple(self.groups), roots, ("a compiled step, after its passes",)
        )

    def _read(self, instruction: Any) -> None:
        group = self._group(instruction.part, instruction.scope)
        sources = [self._source(value, group) for value in instruction.reads()]
        key = len(self.items)
        written = instruction.primitive is None
        value = instruction.target if written else instruction.result
        name = "write" if written else instruction.primitive.name
        self.items.append(
            Item(key, "operation", name, value.name, (tuple(value.shape),), (str(value.dtype),), "", group)
        )
        self.edges += [Edge(source, key, k) for k, source in enumerate(sources)]
        self.now.update(dict.fromkeys([value, *instruction.makes()], key))

    def _source(self, value: Any, group: int | None) -> int:
        if value not in self.now:
            self.now[value] = len(self.items)
            kind = _LEAVES.get(value.kind, "input")
            self.items.append(
                Item(
                    len(self.items),
                    kind,
                    value.name,
                    "",
                    (tuple(value.shape),),
                    (str(value.dtype),),
                    "",
                    None,
                    flows=kind == "parameter",
                )
            )
        return self.now[value]

    def _group(self, part: str, scope: str | None) -> int | None:
        """The group of a part of the step; inside, that of a module's path."""
        outer = self._opened((part,), part, "part of the step", None)
        return outer if scope is None else self._opened((part, str(scope)), str(scope), "", outer)

    def _opened(self, key: tuple[str | None, ...], name: str, kind: str, parent: int | None) -> int:
        if key not in self.open:
            self.open[key] = len(self.groups)
            self.groups.append(Group(len(self.groups), name, ".".join(str(part) for part in key), kind, parent))
        return self.open[key]
