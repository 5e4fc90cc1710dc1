"""Keeping what happens: every operation's result, every share of the backward pass, every line of the user's.

Nodes of the tape keep only what their rules read. A `Recording` listens as the tape's tracer and keeps the
rest, for the pictures. It computes nothing and changes nothing; it costs the memory of all results.
"""

from __future__ import annotations

import os
import weakref
from html import escape
from itertools import count
from typing import Any

from tinygrad_nn.autograd.walk import walk
from tinygrad_nn.primitive import PICK, TYPES, Primitive, node_of, wrap
from tinygrad_nn.tape import FREED, Node, Tracer, local
from tinygrad_nn.versions import root_of, user_line
from tinygrad_nn.viz.summary import shape_text

__all__ = ["Entry", "Recording", "Share", "Shares", "backward_of", "freed", "found_in", "real", "record"]

_SHOWN = 100  # operations in the text of a recording


class Entry:
    """One operation that ran: its operands, what it gave, in which module and on which line of the user's."""

    __slots__ = ("args", "error", "line", "node", "primitive", "results", "scope", "values")

    def __init__(
        self, primitive: Primitive, args: tuple[Any, ...], results: tuple[Any, ...], scope: Any, line: tuple[str, int]
    ) -> None:
        self.primitive = primitive
        self.args = args
        self.results = results
        self.values = [t.array for t in results]
        self.node = real(results[0].node) if results else None
        self.scope = scope
        self.line = line
        self.error: Exception | None = None

    def operands(self) -> list[tuple[int, Any]]:
        """The tensors among the arguments, in lists too, each with its place."""
        if self.primitive.variadic:
            return [(k, item) for k, item in enumerate(self.args[0]) if type(item) in TYPES]
        found = []
        for k, arg in enumerate(self.args):
            for item in arg if isinstance(arg, (tuple, list)) else (arg,):
                if type(item) in TYPES:
                    found.append((k, item))
        return found


class Share:
    """What one rule handed on: from the cotangent of `node`, the part that belongs to `parent`."""

    __slots__ = ("array", "node", "parent")

    def __init__(self, node: Node, parent: Node, array: Any) -> None:
        self.node, self.parent, self.array = node, parent, array


class Shares(Tracer):
    """A tracer that only notes what the rules of one walk give."""

    def __init__(self) -> None:
        self.given: list[Share] = []
        self.first: Node | None = None

    def enters(self, node: Node) -> None:
        """The walk is about to run this node's rules."""
        self.first = self.first or node

    def rule_gave(self, node: Node, parent: Node, share: Any) -> None:
        """A share is ready."""
        self.given.append(Share(node, parent, share.array if type(share) in TYPES else share))


class Recording(Shares):
    """What `record()` gives: pass it on, or just keep it while the picture is drawn.

    entries: the operations, in order; `walks`: one `Shares` for each backward pass
    """

    _live: weakref.WeakSet[Recording] = weakref.WeakSet()
    _next = count().__next__

    def __init__(self) -> None:
        super().__init__()
        self.number = Recording._next()
        self.entries: list[Entry] = []
        self.walks: list[Shares] = []
        self.maker: dict[Any, Entry] = {}  # tensor or node -> the entry that made its present value
        self.leaves: dict[Any, Any] = {}  # tensor -> its array when it was first used
        self._before: list[Any] = []
        Recording._live.add(self)

    # -- the context manager -----------------------------------------------------------------------

    def __enter__(self) -> Recording:
        self._before.append(local.mode.tracer)
        local.mode.tracer = self
        return self

    def __exit__(self, *_: object) -> None:
        local.mode.tracer = self._before.pop()

    @property
    def _next_tracer(self) -> Any:
        return self._before[-1] if self._before else None

    # -- what the tape reports ---------------------------------------------------------------------

    def saw(self, primitive: Primitive, args: tuple[Any, ...], result: Any) -> None:
        """An operation has run."""
        results = result if isinstance(result, tuple) else (result,)
        entry = self._enter(primitive, args, results)
        for tensor in results:
            self.maker[tensor] = entry
        if entry.node is not None:
            self.maker[entry.node] = entry
        if self._next_tracer is not None:
            self._next_tracer.saw(primitive, args, result)

    def failed(self, primitive: Primitive, args: tuple[Any, ...], error: Exception) -> None:
        """An operation has raised."""
        self._enter(primitive, args, ()).error = error
        if self._next_tracer is not None:
            self._next_tracer.failed(primitive, args, error)

    def _enter(self, primitive: Primitive, args: tuple[Any, ...], results: tuple[Any, ...]) -> Entry:
        entry = Entry(primitive, args, results, local.mode.scope, user_line())
        for _, tensor in entry.operands():
            if tensor not in self.leaves and self.entry_of(tensor) is None:
                self.leaves[tensor] = tensor.array
        self.entries.append(entry)
        return entry

    def wrote(self, target: Any, value: Any, name: str) -> None:
        """A tensor is about to be written over: keep what is there, and say who made what will be."""
        memory = root_of(target).array
        for tensor, array in self.leaves.items():
            if root_of(tensor).array is memory and array is tensor.array:
                self.leaves[tensor] = array.copy()
        for entry in self.entries:
            for k, tensor in enumerate(entry.results):
                if root_of(tensor).array is memory and entry.values[k] is tensor.array:
                    entry.values[k] = tensor.array.copy()
        made = self.maker.get(value) if type(value) in TYPES else None
        if made is not None:
            self.maker[target] = made
        if self._next_tracer is not None:
            self._next_tracer.wrote(target, value, name)

    def read(self, tensor: Any) -> None:
        """Python looked at a value: allowed."""
        if self._next_tracer is not None:
            self._next_tracer.read(tensor)

    def enters(self, node: Node) -> None:
        """A backward pass goes through `node`."""
        super().enters(node)
        if self._next_tracer is not None:
            self._next_tracer.enters(node)

    def rule_gave(self, node: Node, parent: Node, share: Any) -> None:
        """A rule of a backward pass has given a share."""
        super().rule_gave(node, parent, share)
        if self._next_tracer is not None:
            self._next_tracer.rule_gave(node, parent, share)

    def finished(self) -> None:
        """A backward pass is over: put its shares aside."""
        done = Shares()
        done.given, done.first = self.given, self.first
        self.walks.append(done)
        self.given, self.first = [], None
        if self._next_tracer is not None:
            self._next_tracer.finished()

    def accumulates(self, tensor: Any) -> None:
        """`backward` adds to a gradient."""
        if self._next_tracer is not None:
            self._next_tracer.accumulates(tensor)

    def replaces_grad(self, tensor: Any) -> None:
        """A gradient is set or dropped."""
        if self._next_tracer is not None:
            self._next_tracer.replaces_grad(tensor)

    def constant(self, tensor: Any, word: str) -> None:
        """A tensor that the engine made."""
        if self._next_tracer is not None:
            self._next_tracer.constant(tensor, word)

    def guard(self, look: Any) -> None:
        """What a recorded program would depend on."""
        if self._next_tracer is not None:
            self._next_tracer.guard(look)

    def rebinds(self, tensor: Any, value: Any) -> None:
        """A tensor's memory is exchanged."""
        if self._next_tracer is not None:
            self._next_tracer.rebinds(tensor, value)

    def effect(self, act: Any) -> None:
        """A schedule goes on."""
        if self._next_tracer is not None:
            self._next_tracer.effect(act)

    def option(self, table: dict[str, Any], key: str) -> Any:
        """An optimizer's option."""
        return table[key] if self._next_tracer is None else self._next_tracer.option(table, key)

    def optimizer(self, optimizer: Any) -> None:
        """An optimizer's step begins."""
        if self._next_tracer is not None:
            self._next_tracer.optimizer(optimizer)

    def refuse(self, what: str, got: object = None, fix: str | None = None) -> None:
        """What cannot be written down."""
        if self._next_tracer is not None:
            self._next_tracer.refuse(what, got, fix)

    def belongs(self, tensor: Any, name: str, parameter: Any) -> None:
        """What an optimizer keeps for a parameter."""
        if self._next_tracer is not None:
            self._next_tracer.belongs(tensor, name, parameter)

    # -- how it looks ------------------------------------------------------------------------------

    def _rows(self) -> list[tuple[str, str, str, str]]:
        """Of each of the first 100 operations its name, the shapes of its results, its module, and the user's line."""
        return [
            (
                entry.primitive.name,
                shape_text(tuple(value.shape for value in entry.values)) or "failed",
                str(entry.scope or ""),
                f"{os.path.basename(entry.line[0])}:{entry.line[1]}",
            )
            for entry in self.entries[:_SHOWN]
        ]

    def __str__(self) -> str:
        rows = self._rows()
        widths = [max(map(len, column)) for column in zip(*rows)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
        return "\n".join([repr(self), *lines, *self._more()])

    def _more(self) -> list[str]:
        left = len(self.entries) - _SHOWN
        return [f"and {left} more"] if left > 0 else []

    def __repr__(self) -> str:
        operations, passes = len(self.entries), len(self.walks)
        return (
            f"<Recording of {operations} operation{'s' * (operations != 1)} "
            f"and {passes} backward pass{'es' * (passes != 1)}>"
        )

    def _repr_html_(self) -> str:
        """The operations as a table, for a notebook."""
        head = "".join(f"<th>{title}</th>" for title in ("operation", "shape", "module", "line"))
        rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in self._rows())
        return f"<p>{escape(repr(self))}</p><table><tr>{head}</tr>{rows}</table>{''.join(self._more())}"

    # -- asking ------------------------------------------------------------------------------------

    def entry_of(self, tensor: Any) -> Entry | None:
        """The operation that made `tensor`; None for a leaf, and if it was there before."""
        node = real(node_of(tensor))
        if node is not None and node.primitive is None:
            return None  # its first value may have been drawn here: that is not its history
        return self.maker.get(tensor) or (None if node is None else self.maker.get(node))

    def behind(self, ends: list[Entry]) -> list[Entry]:
        """These operations and all that they came from, in order."""
        places = {entry: k for k, entry in enumerate(self.entries)}
        seen: set[Entry] = set()
        stack = list(ends)
        while stack:
            entry = stack.pop()
            if entry in seen or entry not in places:
                continue
            seen.add(entry)
            makers = [self.entry_of(tensor) for _, tensor in entry.operands()]
            stack.extend(maker for maker in makers if maker is not None and places.get(maker, -1) < places[entry])
        return sorted(seen, key=places.__getitem__)


def record() -> Recording:
    """Inside, every operation's result is kept, and the shares of every backward pass: for `viz.page` and `viz.graph`.

    Costs the memory of all results, and some 10 µs per operation: for looking, not for training.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import viz
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> with viz.record() as tape:
    ...     loss = (x * x).sum()
    >>> [entry.primitive.name for entry in tape.entries]
    ['mul', 'sum']
    """
    return Recording()


def found_in(tensors: list[Any]) -> Recording | None:
    """The newest recording (still held by somebody) that saw the making of one of `tensors`."""
    seen = [r for r in Recording._live if any(r.entry_of(t) is not None for t in tensors)]
    return max(seen, key=lambda r: r.number, default=None)


# -- the backward pass, looked at without touching anything ----------------------------------------


def real(node: Node | None) -> Node | None:
    """The operation itself, where `node` only picks one of its several outputs."""
    while node is not None and node.primitive is PICK:
        node = node.parents[0]
    return node


def freed(nodes: list[Node]) -> bool:
    """Whether a backward pass has released what one of these operations had saved."""
    return any(node.args is FREED for node in nodes)


def backward_of(roots: list[Any], nodes: list[Node]) -> Shares:
    """Walk back from the sum of `roots` and note every share. No `.grad` changes, nothing is freed, no hook runs."""
    shares = Shares()
    starts = [(node_of(t), wrap(_ones(t.array))) for t in roots if node_of(t) is not None]
    hidden = [(node, node.watch) for node in nodes if node.watch is not None and node.primitive is not None]
    before = local.mode.tracer
    local.mode.tracer = shares
    try:
        for node, _ in hidden:
            node.watch = None
        walk(
            [(node, seed) for node, seed in starts if node is not None],
            wanted=None,
            create_graph=False,
            retain_graph=True,
        )
    finally:
        local.mode.tracer = before
        for node, kept in hidden:
            node.watch = kept
    return shares


def _ones(array: Any) -> Any:
    seed = array.copy()
    seed.fill(1)
    return seed
