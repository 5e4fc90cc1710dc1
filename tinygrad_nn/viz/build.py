"""From the tape, or from a recording of it, to a `Model`.

The tape alone gives the structure, and those values that rules had kept. A recording gives all values,
constant data and lines too. Either way the gradients come from walking back once more, without a trace,
while the graph still has what the walk needs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_nn.errors import AutogradError, message
from tinygrad_nn.primitive import PICK, TYPES, Primitive, node_of
from tinygrad_nn.tape import FREED, Node
from tinygrad_nn.versions import Overwritten, root_of
from tinygrad_nn.viz.model import Edge, Group, Item, Model
from tinygrad_nn.viz.names import Names
from tinygrad_nn.viz.record import Entry, Recording, Shares, backward_of, freed, real

__all__ = ["Assembly", "Step", "assemble", "build"]


class Step:
    """An operation on its way into a model. `operands` are (place, Step | leaf Node | data Tensor)."""

    def __init__(self, name: str, detail: str, scope: Any) -> None:
        self.name, self.detail, self.scope = name, detail, scope
        self.operands: list[tuple[int, Any]] = []
        self.shapes: tuple[tuple[int, ...], ...] = ()
        self.dtypes: tuple[str, ...] = ()
        self.value: Any = None
        self.node: Node | None = None
        self.keys: list[Any] = []  # what the result may be known by: its tensors, its node
        self.line: tuple[str, int] | None = None
        self.failed: str | None = None
        self.entry: Entry | None = None  # where it was recorded


def build(
    roots: list[Any], *, recording: Recording | None = None, names: Names | None = None, gradients: bool = False,
    entries: list[Entry] | None = None,
) -> Model:  # fmt: skip
    """The model of how `roots` (tensors) came about; with `entries`, of these of the recording's operations.

    Raises RuntimeError if no root has a graph.
    """
    return assemble(roots, recording=recording, names=names, entries=entries).model(gradients)


def assemble(
    roots: list[Any],
    *,
    recording: Recording | None = None,
    names: Names | None = None,
    entries: list[Entry] | None = None,
) -> Assembly:
    """The steps behind `roots`, numbered and grouped; see `build`."""
    names = names or Names()
    if recording is not None:
        makers = [entry for entry in (recording.entry_of(t) for t in roots) if entry is not None]
        steps = _recorded(recording, recording.behind(makers) if entries is None else entries)
    else:
        steps = _taped(roots)
    if not steps:
        shapes = ", ".join(str(tuple(t.array.shape)) for t in roots) or "nothing"
        raise AutogradError(
            message(
                "viz: there is no graph to draw: no operation on this tensor was recorded",
                got=f"a tensor of shape {shapes}",
                fix="make its inputs with requires_grad=True, outside no_grad(); or run it inside viz.record()",
            )
        )
    for module in {getattr(step.scope, "root", None): None for step in steps}:
        names.add(module)
    return Assembly(roots, steps, names, recording)


# -- from the tape alone ---------------------------------------------------------------------------


def _taped(roots: list[Any]) -> list[Step]:
    nodes = _reachable([node for node in (real(node_of(t)) for t in roots) if node is not None])
    made: dict[Node, Step] = {}
    for node in nodes:
        if node.primitive is not None:
            made[node] = _step_of(node, made)
    known = {node_of(t): t.array for t in roots}
    for node, step in made.items():
        step.value = known.get(node, step.value)
    _values_kept_by_consumers(made)
    return list(made.values())


def _reachable(starts: list[Node]) -> list[Node]:
    seen: set[Node] = set()
    stack = list(starts)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend(parent for parent in (real(p) for p in node.parents) if parent is not None)
    return sorted(seen, key=lambda node: node.order)


def _step_of(node: Node, made: dict[Node, Step]) -> Step:
    primitive: Any = node.primitive
    args = _args(node)
    step = Step(node.name, _detail(primitive, args), node.scope)
    step.node, step.keys = node, [node]
    step.line = node.watch.line if node.watch is not None else None
    step.shapes, step.dtypes = _outputs(node)
    if node.out is not None and type(node.out) is not Overwritten and not primitive.multi:
        step.value = node.out
    listed = args[0] if primitive.variadic and args else args
    for place, parent in enumerate(node.parents):
        source = real(parent)
        saved = listed[place] if listed is not None and place < len(listed) else None
        if source is not None:
            step.operands.append((place, made.get(source, source)))
        elif type(saved) in TYPES:
            step.operands.append((place, saved))
    if not primitive.variadic:  # data without gradient that a rule reads: class indices, positions
        step.operands += [(k, arg) for k, arg in enumerate(args) if k >= len(node.parents) and type(arg) in TYPES]
    return step


def _args(node: Node) -> tuple[Any, ...]:
    """The operands and settings that a node has kept, in the order of its primitive's parameters."""
    if node.args is FREED or node.primitive is None:
        return ()
    return node.args[1:] if node.primitive.residual else node.args


def _outputs(node: Node) -> tuple[tuple[tuple[int, ...], ...], tuple[str, ...]]:
    if node.primitive is not None and node.primitive.multi:
        return tuple(tuple(s) for s in node.shape), tuple(str(d) for d in node.dtype)
    return (tuple(node.shape),), (str(node.dtype),)


def _values_kept_by_consumers(made: dict[Node, Step]) -> None:
    """A result that a later rule reads is still there, in that node's args."""
    for node in made:
        args = _args(node)
        operands = args[0] if args and node.primitive is not None and node.primitive.variadic else args
        for place, parent in enumerate(node.parents):
            saved: Any = operands[place] if operands is not None and place < len(operands) else None
            if parent in made and made[parent].value is None and type(saved) in TYPES:
                fresh = root_of(saved)._written <= node.order
                made[parent].value = saved.array if fresh else None


# -- from a recording ------------------------------------------------------------------------------


def _recorded(recording: Recording, entries: list[Entry]) -> list[Step]:
    made: dict[Entry, Step] = {}
    nodes: dict[Node, Step] = {}
    for entry in entries:
        step = Step(entry.primitive.name, _detail(entry.primitive, entry.args), entry.scope)
        step.shapes = tuple(tuple(t.array.shape) for t in entry.results)
        step.dtypes = tuple(str(t.array.dtype) for t in entry.results)
        step.value = entry.values[0] if entry.values else None
        step.entry, step.node, step.line = entry, entry.node, entry.line
        step.keys = [*entry.results, entry.node]
        step.failed = None if entry.error is None else str(entry.error)
        for place, tensor in entry.operands():
            step.operands.append((place, _source(tensor, entry, recording, made, nodes)))
        made[entry] = step
        if entry.node is not None:
            nodes[entry.node] = step
    return list(made.values())


def _source(tensor: Any, reader: Entry, recording: Recording, made: dict[Entry, Step], nodes: dict[Node, Step]) -> Any:
    """Where an operand of `reader` came from: a step, a leaf's node, or the tensor itself."""
    maker = recording.entry_of(tensor)
    if maker is not None and maker is not reader and maker in made:
        return made[maker]
    node = real(node_of(tensor))
    if node is not None and node in nodes:
        return nodes[node]
    return node if node is not None and node.primitive is None else tensor


# -- settings as text ------------------------------------------------------------------------------


def _detail(primitive: Primitive, args: tuple[Any, ...]) -> str:
    """What was passed beside tensors, where it is short: "dim=(1,)", "slope=0.01", "2"."""
    if primitive.elementwise:
        return " ".join(_short(arg) for arg in args if isinstance(arg, (int, float)) and not isinstance(arg, bool))
    found = []
    for name, arg in list(zip(primitive.parameters, args))[1 if primitive.variadic else 0 :]:
        if arg is None or arg is False or type(arg) in TYPES:
            continue
        text = _short(arg)
        if text:
            found.append(f"{name}={text}")
    return " ".join(found)


def _short(arg: Any) -> str:
    if isinstance(arg, float):
        return f"{arg:.4g}"
    if isinstance(arg, (bool, int, str, np.integer)):
        text = str(arg)
    elif isinstance(arg, slice):
        bounds = ["" if part is None else str(part) for part in (arg.start, arg.stop, arg.step)]
        text = ":".join(bounds[:2] if arg.step is None else bounds)
    elif isinstance(arg, np.dtype):
        text = arg.name
    elif arg is None or arg is Ellipsis:
        text = "None" if arg is None else "…"
    elif isinstance(arg, (tuple, list)) and len(arg) <= 6:
        parts = [_short(item) for item in arg]
        if not all(parts):
            return ""
        text = "(" + ", ".join(parts) + ")"
    else:
        return ""
    return text if len(text) <= 32 else ""


# -- putting it together ---------------------------------------------------------------------------


class Assembly:
    """Numbers the steps and their leaves, finds their groups, and hangs values and gradients on them."""

    def __init__(self, roots: list[Any], steps: list[Step], names: Names, recording: Recording | None) -> None:
        self.roots, self.steps, self.names, self.recording = roots, steps, names, recording
        self.groups: list[Group] = []
        self.group_of: dict[Any, int] = {}
        self.paths: dict[Any, dict[Any, str]] = {}  # root -> module -> path
        self.order: list[Any] = []  # steps, leaf nodes and data tensors
        self.keys: dict[Any, int] = {}
        self.home: dict[Any, int | None] = {}  # source -> group
        for step in steps:
            home = self._group(step.scope)
            for _, source in step.operands:
                if not isinstance(source, Step):
                    self._meet(source, None if names.is_variable(source) else home)
            self._meet(step, home)

    def _meet(self, source: Any, home: int | None) -> None:
        if source not in self.keys:
            self.keys[source] = len(self.order)
            self.order.append(source)
            self.home[source] = home
        elif not isinstance(source, Step):
            self.home[source] = self._common(self.home[source], home)

    def _common(self, a: int | None, b: int | None) -> int | None:
        """The innermost group that holds both."""
        above = set()
        while a is not None:
            above.add(a)
            a = self.groups[a].parent
        while b is not None and b not in above:
            b = self.groups[b].parent
        return b

    def _group(self, scope: Any) -> int | None:
        """The group of one module call, and those around it."""
        missing = []
        while scope is not None and scope not in self.group_of:
            missing.append(scope)
            scope = getattr(scope, "parent", None)
        found = None if scope is None else self.group_of[scope]
        for scope in reversed(missing):
            outer = "" if found is None or self.groups[found].parent is None else self.groups[found].path + "."
            path = self._path(scope, found)
            name = path[len(outer) :] if path.startswith(outer) else path
            kind = type(getattr(scope, "module", scope)).__name__
            self.groups.append(Group(len(self.groups), name, path, kind, found))
            found = self.group_of[scope] = len(self.groups) - 1
        return found

    def _path(self, scope: Any, parent: int | None) -> str:
        """As `str(scope)`, which would list the root's modules again for every call."""
        root = getattr(scope, "root", None)
        if root is None or parent is None:
            return str(scope)
        if root not in self.paths:
            self.paths[root] = {module: path for path, module in root.named_modules()}
        return self.paths[root].get(scope.module) or f"{self.groups[parent].path}.{type(scope.module).__name__}"

    def model(self, gradients: bool) -> Model:
        """The model, with gradients if they are wanted (that is a walk)."""
        notes: list[str] = []
        shares = self.shares(notes) if gradients else None
        totals = self.totals(shares)
        items = tuple(self.item(source, totals, gradients) for source in self.order)
        edges = tuple(self._edges(shares))
        roots = []
        for tensor in self.roots:
            source = self.root(tensor)
            if source is not None and self.keys[source] not in roots:
                roots.append(self.keys[source])
        if self.recording is None and freed([step.node for step in self.steps if step.node is not None]):
            notes.append("backward() has freed this graph: its structure is left, not its values")
        return Model(items, edges, tuple(self.groups), tuple(roots), tuple(notes))

    def root(self, tensor: Any) -> Any:
        """The step that made `tensor`, or its own node, or None."""
        node = real(node_of(tensor))
        for step in reversed(self.steps):
            if any(key is tensor for key in step.keys) or (node is not None and step.node is node):
                return step
        return node if node in self.keys else None

    # -- gradients ---------------------------------------------------------------------------------

    def shares(self, notes: list[str]) -> Shares | None:
        """One backward pass from the roots: run again if the graph still can, else as it was recorded."""
        nodes = [step.node for step in self.steps if step.node is not None]
        starts = [real(node_of(t)) for t in self.roots]
        if not any(starts):
            return None
        if not freed(_reachable([node for node in starts if node is not None])):
            if any(t.array.size != 1 for t in self.roots):
                notes.append("gradients are those of the sum of the outputs")
            return backward_of(self.roots, nodes)
        for done in self.recording.walks if self.recording is not None else ():
            if done.first in starts:
                return done
        notes.append(
            "gradients of intermediate results are gone: draw before backward(), or run it inside viz.record()"
        )
        return None

    def totals(self, shares: Shares | None) -> dict[Any, Any]:
        """The cotangent of each node: its shares added up; ones at the roots."""
        totals: dict[Any, Any] = {}
        if shares is None:
            return totals
        for tensor in self.roots:
            node = real(node_of(tensor))
            if node is not None:
                totals[node] = np.ones_like(tensor.array)
        for share in shares.given:
            if share.parent.primitive is PICK and share.parent.args[0] != 0:
                continue
            node = real(share.parent)
            totals[node] = share.array if node not in totals else totals[node] + share.array
        return totals

    def _edges(self, shares: Shares | None) -> Iterable[Edge]:
        for step, place, source, share in self.uses(shares):
            yield Edge(self.keys[source], self.keys[step], place, share)

    def uses(self, shares: Shares | None) -> Iterable[tuple[Step, int, Any, Any]]:
        """Every operand of every step, with the share of its gradient that comes from there."""
        waiting: dict[tuple[Any, Any], list[Any]] = {}
        for share in shares.given if shares is not None else ():
            waiting.setdefault((share.node, real(share.parent)), []).append(share.array)
        for step in self.steps:
            for place, source in step.operands:
                node = source.node if isinstance(source, Step) else source
                given = waiting.get((step.node, node)) if isinstance(node, Node) else None
                yield step, place, source, given.pop(0) if given else None

    # -- items -------------------------------------------------------------------------------------

    def item(self, source: Any, totals: dict[Any, Any], gradients: bool = True) -> Item:
        """A step, a leaf's node or a tensor of data as an item."""
        key, home = self.keys[source], self.home[source]
        if isinstance(source, Step):
            return Item(
                key, "operation", source.name, self.names.of(*source.keys), source.shapes, source.dtypes,
                source.detail, home, source.value, totals.get(source.node) if source.node is not None else None,
                source.line,
                source.node is not None, source.failed,
            )  # fmt: skip
        if isinstance(source, Node):
            tensor = source.watch.tensor() if source.watch is not None else None
            name = self.names.of(source, tensor)
            gradient = totals.get(source)
            if gradient is None and gradients and tensor is not None and tensor._grad is not None:
                gradient = tensor._grad.array
            value = None if tensor is None else self._leaf_value(tensor)
            return Item(
                key,
                "parameter",
                name or "leaf",
                "",
                (tuple(source.shape),),
                (str(source.dtype),),
                "",
                home,
                value,
                gradient,
            )
        name = self.names.of(source) or "input"
        array = self._leaf_value(source)
        return Item(key, "input", name, "", (tuple(array.shape),), (str(array.dtype),), "", home, array, flows=False)

    def _leaf_value(self, tensor: Any) -> Any:
        if self.recording is None:
            return tensor.array
        return self.recording.leaves.get(tensor, tensor.array)
