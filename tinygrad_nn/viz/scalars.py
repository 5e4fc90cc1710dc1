"""The nearest zoom: every number a box, the arithmetic of single neurons laid open. For tiny nets.

Operations that only move elements are run on arrays of `Scalar`, as are products and sums of matrices
(NumPy's `@` calls `*` and `+` on whatever it finds): so a neuron shows its products and its sum. Operations
on each element become one box an element; any other, one box for each result, fed by all of its operands.
"""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.viz.build import Assembly, Step
from tinygrad_nn.viz.model import Edge, Group, Item, Model

__all__ = ["scalars"]

_MOST = 800
_SIGNS = {"add": "+", "mul": "×"}
_MOVES = {
    "reshape",
    "permute",
    "expand",
    "flip",
    "roll",
    "cat",
    "stack",
    "slice_at",
    "pick_at",
    "diagonal",
    "windows",
    "clone",
    "cast",
}
_EACH = {"where", "leaky_relu", "clamp"}


class Scalar:
    """A number on its way into a picture. `*` and `+` make the next ones; a sum of sums is one sum."""

    _next = count().__next__

    def __init__(self, kind: str, name: str, operands: tuple[Scalar, ...] = (), value: Any = None) -> None:
        self.order = Scalar._next()
        self.kind, self.name, self.operands, self.value = kind, name, operands, value
        self.label = ""
        self.detail = ""
        self.gradient: Any = None
        self.shares: list[Any] = [None] * len(operands)
        self.step: Step | None = None
        self.neuron: tuple[Step, tuple[int, ...]] | None = None

    def __mul__(self, other: Scalar) -> Scalar:
        return Scalar("operation", "×", (self, other), self.value * other.value)

    def __add__(self, other: Any) -> Scalar:
        if not isinstance(other, Scalar):
            return self
        parts = self.operands if self._is_fresh_sum() else (self,)
        return Scalar("operation", "+", (*parts, other), self.value + other.value)

    __radd__ = __add__  # sum() begins with 0

    def _is_fresh_sum(self) -> bool:
        return self.name == "+" and self.step is None


def scalars(assembly: Assembly) -> Model:
    """The model of single numbers behind the roots of a recorded computation.

    Raises ValueError if that would be more than 800 numbers, or if nothing was recorded.
    """
    if assembly.recording is None:
        raise ArgumentError(
            message("viz: the scalar zoom needs the values of all operations", got="a graph that was not recorded",
                    fix="viz.graph(model, x, zoom=\"scalars\"), or compute inside `with viz.record() as tape:`")
        )  # fmt: skip
    return _Opening(assembly).model()


class _Opening:
    """Goes through the steps in order, and keeps for each result the array of its scalars."""

    def __init__(self, assembly: Assembly) -> None:
        self.assembly = assembly
        self.notes: list[str] = []
        self.shares = assembly.shares(self.notes)
        self.totals = assembly.totals(self.shares)
        self.arrays: dict[Any, Any] = {}
        self.home: dict[Scalar, int | None] = {}  # of the leaves
        self.made = 0
        uses: dict[Step, list[tuple[int, Any, Any]]] = {step: [] for step in assembly.steps}
        for step, place, source, share in assembly.uses(self.shares):
            uses[step].append((place, source, share))
        for step in assembly.steps:
            self.arrays[step] = self._open(step, uses[step])

    # -- leaves ------------------------------------------------------------------------------------

    def _of(self, source: Any) -> Any:
        """The scalars of an operand; a leaf's are made at its first use."""
        if source not in self.arrays:
            item = self.assembly.item(source, self.totals)
            self.arrays[source] = self._leaves(item)
            self.home.update(dict.fromkeys(self.arrays[source].reshape(-1), item.group))
        return self.arrays[source]

    def _leaves(self, item: Item) -> Any:
        value = np.asarray(item.value)
        self._count(value.size)
        cells: Any = np.empty(value.shape, object)
        for place in np.ndindex(value.shape):
            cells[place] = Scalar(item.kind, item.name + _index(place), (), value[place])
            if item.gradient is not None:
                cells[place].gradient = item.gradient[place]
        return cells

    def _count(self, more: int) -> None:
        self.made += more
        if self.made > _MOST:
            raise ArgumentError(
                message(f"viz: the scalar zoom is for tiny nets, of at most {_MOST} numbers",
                        got=f"more than {self.made}",
                        fix="give one sample and fewer neurons, or zoom=\"operations\"")
            )  # fmt: skip

    # -- operations --------------------------------------------------------------------------------

    def _open(self, step: Step, uses: list[tuple[int, Any, Any]]) -> Any:
        """The scalars of a step's result, with its value and gradient written on them."""
        operands = {place: self._of(source) for place, source, _ in uses}
        shape = np.asarray(step.value).shape
        entry = step.entry
        assert entry is not None
        name = step.name
        if name in _MOVES:
            args = (
                [tuple(operands[k] for k in sorted(operands)), *entry.args[1:]]
                if entry.primitive.variadic
                else [operands[0], *entry.args[1:]]
            )
            return operands[0] if name in ("clone", "cast") else np.asarray(entry.primitive.forward(*args), object)
        if name == "linear":
            cells = self._products(step, operands[0] @ operands[1].T)
            return self._finish(step, cells + operands[2] if 2 in operands else cells, own_neurons=True)
        if name == "matmul":
            return self._finish(step, self._products(step, operands[0] @ operands[1]), own_neurons=True)
        if name == "sum":
            dim, keepdim = entry.args[1], entry.args[2]
            add: Any = np.add.reduce
            return self._finish(step, np.asarray(add(operands[0], dim, object, None, keepdim), object))
        each = entry.primitive.elementwise or name in _EACH
        return self._boxes(step, shape, operands, {place: share for place, _, share in uses}, each)

    def _products(self, step: Step, cells: Any) -> Any:
        self._count(sum(len(cell.operands) for cell in np.asarray(cells, object).reshape(-1)))
        return np.asarray(cells, object)

    def _finish(self, step: Step, cells: Any, own_neurons: bool = False) -> Any:
        """Sums that belong to this step: their values and gradients are the recorded ones."""
        cells = np.asarray(cells, object).reshape(np.asarray(step.value).shape)
        self._count(cells.size)
        for place in np.ndindex(cells.shape):
            cell = cells[place]
            if cell.step is not None or cell.kind != "operation":  # a sum of one number is that number
                cell = cells[place] = Scalar("operation", "+", (cell,), cell.value)
            self._write(cell, step, place)
            for k, part in enumerate(cell.operands):
                cell.shares[k] = cell.gradient
                if own_neurons and part.step is None and part.name == "×":
                    part.gradient, part.step = cell.gradient, step
                    if cell.gradient is not None:
                        part.shares = [cell.gradient * part.operands[1].value, cell.gradient * part.operands[0].value]
                    part.neuron = (step, place)
            if own_neurons:
                cell.neuron = (step, place)
        return cells

    def _boxes(
        self, step: Step, shape: tuple[int, ...], operands: dict[int, Any], shares: dict[int, Any], each: bool
    ) -> Any:
        """One box for each result: fed by the operands' elements at the same place, or by all of them."""
        self._count(int(np.prod(shape)))
        spread: dict[int, Any] = (
            {place: np.broadcast_to(cells, shape) for place, cells in operands.items()} if each else operands
        )
        result = np.empty(shape, object)
        for place in np.ndindex(shape):
            parts: list[tuple[Scalar, Any]] = []
            for k, cells in spread.items():
                share = shares[k]
                if each:
                    parts.append((cells[place], share[place] if share is not None and share.shape == shape else None))
                else:
                    parts += [
                        (cells[at], share[at] if share is not None and result.size == 1 else None)
                        for at in np.ndindex(cells.shape)
                    ]
            cell = result[place] = Scalar(
                "operation", _SIGNS.get(step.name, step.name), tuple(part for part, _ in parts)
            )
            cell.shares = [share for _, share in parts]
            cell.detail = step.detail
            self._write(cell, step, place)
        return result

    def _write(self, cell: Scalar, step: Step, place: tuple[int, ...]) -> None:
        cell.step = step
        cell.value = np.asarray(step.value)[place]
        total = self.totals.get(step.node) if step.node is not None else None
        cell.gradient = None if total is None else np.asarray(total)[place]
        label = self.assembly.names.of(*step.keys)
        cell.label = label + _index(place) if label else ""

    # -- the model ---------------------------------------------------------------------------------

    def model(self) -> Model:
        roots = [cell for source in self._roots() for cell in self.arrays[source].reshape(-1)]
        seen: dict[Scalar, None] = {}
        stack = list(roots)
        while stack:
            cell = stack.pop()
            if cell not in seen:
                seen[cell] = None
                stack.extend(cell.operands)
        ordered = self._in_order(seen)
        keys = {cell: k for k, cell in enumerate(ordered)}
        groups = list(self.assembly.groups)
        homes = self._neurons(ordered, groups)
        items = tuple(self._item(cell, keys[cell], homes.get(cell)) for cell in ordered)
        edges = [
            Edge(keys[part], keys[cell], k, _array(share))
            for cell in ordered
            for k, (part, share) in enumerate(zip(cell.operands, cell.shares))
        ]
        return Model(items, tuple(edges), tuple(groups), tuple(keys[cell] for cell in roots), tuple(self.notes))

    def _roots(self) -> list[Any]:
        found = [self.assembly.root(tensor) for tensor in self.assembly.roots]
        return [source for source in found if source in self.arrays]

    def _in_order(self, seen: dict[Scalar, None]) -> list[Scalar]:
        """Operands before results, and each leaf just before its first use."""
        ordered: dict[Scalar, None] = {}
        for cell in sorted(seen, key=lambda cell: cell.order):
            if cell.kind != "operation":
                continue
            for part in cell.operands:
                if part.kind != "operation":
                    ordered.setdefault(part)
            ordered.setdefault(cell)
        return list(ordered) or list(seen)

    def _neurons(self, ordered: list[Scalar], groups: list[Group]) -> dict[Scalar, int | None]:
        """The group of each scalar: of its module, and within a layer of its neuron."""
        of: dict[Any, int] = {}
        homes: dict[Scalar, int | None] = {}
        for cell in ordered:
            if cell.step is None:
                homes[cell] = self.home.get(cell)
                continue
            module = self.assembly.home[cell.step]
            if cell.neuron is None:
                homes[cell] = module
                continue
            if cell.neuron not in of:
                of[cell.neuron] = len(groups)
                path = groups[module].path + "." if module is not None else ""
                name = "neuron" + _index(cell.neuron[1])
                groups.append(Group(len(groups), name, path + name, "", module))
            homes[cell] = of[cell.neuron]
        return homes

    def _item(self, cell: Scalar, key: int, group: int | None) -> Item:
        step = cell.step
        return Item(
            key, cell.kind, cell.name, cell.label, ((),), (str(np.asarray(cell.value).dtype),), cell.detail, group,
            _array(cell.value), _array(cell.gradient),
            step.line if step is not None else None, cell.gradient is not None,
        )  # fmt: skip


def _array(value: Any) -> Any:
    return None if value is None else np.asarray(value)


def _index(place: tuple[int, ...]) -> str:
    """A place as a suffix: "[0, 1]"; a leading 0 of a batch of one stays, so that names are unique."""
    return f"[{', '.join(map(str, place))}]" if place else ""
