"""Folding a model until it fits on a page: modules closed to boxes, repeated layers rolled up into one (× 12).

`fold` decides what is drawn. It knows nothing about how.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tinygrad_nn.viz.model import Edge, Group, Item, Model

__all__ = ["Arrow", "Box", "Cluster", "View", "fold", "repeats"]

LIMIT = 160
"""Boxes in a picture, before `depth=None` begins to close modules."""

_LAYERS, _OPERATIONS = 3, 6  # so many repetitions are rolled up: of modules, of bare operations
_LONGEST = 24  # the longest pattern looked for, in siblings


@dataclass(frozen=True, eq=False)
class Box:
    """What is drawn as one: an item, or a closed module (`group`), or a stretch of operations (neither).

    An item with a group is a module that is one operation (an activation): it needs no frame.

    members: the keys of the items inside, those of rolled-up repetitions included
    times:   how often it is repeated, one after the other
    """

    name: str
    item: Item | None
    group: Group | None
    members: tuple[int, ...]
    cluster: str | None
    times: int = 1


@dataclass(frozen=True)
class Cluster:
    """A frame around boxes: an open module, or a pattern that was rolled up (`group` is None)."""

    name: str
    group: Group | None
    parent: str | None
    times: int = 1


@dataclass(frozen=True, eq=False)
class Arrow:
    """From box to box: every use of a result inside the one by an operation inside the other."""

    tail: str
    head: str
    edges: tuple[Edge, ...]

    @property
    def source(self) -> int:
        """The item whose result goes along here (the first, if there are several)."""
        return self.edges[0].source

    @property
    def target(self) -> int:
        """The item that it goes into."""
        return self.edges[0].target


@dataclass(frozen=True, eq=False)
class View:
    """What is to be drawn of a model: boxes in order of execution, arrows, frames."""

    model: Model
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    clusters: tuple[Cluster, ...]
    box_of: dict[int, str]


def fold(
    model: Model, *, depth: int | None = None, zoom: str = "operations", rollup: bool = True, limit: int = LIMIT
) -> View:
    """Close every module below `depth` levels (0: the outermost is one box); roll up what repeats.

    depth: None opens everything, unless that is more than `limit` boxes: then as much as fits
    zoom:  "modules" closes every module that contains no other
    """
    if depth is not None:
        return _Folding(model, depth, zoom, rollup, rollup).view()
    levels = 1 + max((len(model.ancestry(g.key)) for g in model.groups), default=0)
    for level in range(levels, -1, -1):
        for bare in (False, True) if rollup else (False,):
            view = _Folding(model, level, zoom, rollup, bare).view()
            if len(view.boxes) <= limit:
                return view
    return _in_stretches(view, limit)


def repeats(tokens: Sequence[Any], least: int = _LAYERS) -> list[tuple[int, int, int]]:
    """Where a pattern comes several times in a row: (start, length of the pattern, times), left to right.

    >>> repeats("abababxcccc")
    [(0, 2, 3), (7, 1, 4)]
    """
    found = []
    start = 0
    while start < len(tokens):
        best = (0, 0, 0)
        for length in range(1, min(_LONGEST, (len(tokens) - start) // least) + 1):
            times = 1
            while tokens[start + times * length : start + (times + 1) * length] == tokens[start : start + length]:
                times += 1
            if times >= least and times * length > best[0]:
                best = (times * length, length, times)
        if best[0]:
            found.append((start, best[1], best[2]))
        start += best[0] or 1
    return found


@dataclass(eq=False)
class _Child:
    """An item or a group, as a member of the group around it."""

    group: Group | None
    keys: list[int]


class _Folding:
    """One pass over the tree of groups, outermost first."""

    def __init__(self, model: Model, depth: int, zoom: str, rollup: bool, bare: bool) -> None:
        self.model, self.depth, self.zoom, self.rollup, self.bare = model, depth, zoom, rollup, bare
        self.boxes: list[Box] = []
        self.clusters: list[Cluster] = []
        self.box_of: dict[int, str] = {}
        self.same: dict[int, int] = {}  # an item of a repetition -> its counterpart in the first
        self.round: dict[int, tuple[tuple[int, int], ...]] = {}  # item -> ((run, repetition), ...)
        self.runs = 0
        self.ancestry = [model.ancestry(item.group) for item in model.items]
        self.has_parts = {group.parent for group in model.groups}
        self.tokens: dict[Any, int] = {}

    def view(self) -> View:
        self._open(list(range(len(self.model.items))), 0, None)
        for key in list(self.same):
            first = self.same[key]
            while first in self.same:
                first = self.same[first]
            self.box_of[key] = self.box_of[first]
        members: dict[str, list[int]] = {}
        for key in sorted(self.box_of):
            members.setdefault(self.box_of[key], []).append(key)
        boxes = tuple(replace(box, members=tuple(members[box.name])) for box in self.boxes)
        return View(self.model, boxes, tuple(self._arrows()), tuple(self.clusters), self.box_of)

    # -- the tree ----------------------------------------------------------------------------------

    def _children(self, keys: list[int], level: int) -> list[_Child]:
        """`keys`, which share their first `level` groups, parted by the group on the next level."""
        children: list[_Child] = []
        of: dict[int, _Child] = {}
        for key in keys:
            chain = self.ancestry[key]
            if len(chain) <= level:
                children.append(_Child(None, [key]))
                continue
            inner = chain[level]
            if inner not in of:
                of[inner] = _Child(self.model.groups[inner], [])
                children.append(of[inner])
            of[inner].keys.append(key)
        return sorted(children, key=lambda child: not self._feeds_modules(child, level))

    def _feeds_modules(self, child: _Child, level: int) -> bool:
        """Whether a child is a tensor that several modules read: it comes first, and parts no two layers."""
        if child.group is not None or self.model.items[child.keys[0]].kind == "operation":
            return False
        return any(len(self.ancestry[edge.target]) > level for edge in self.model.out_of[child.keys[0]])

    def _open(self, keys: list[int], level: int, cluster: str | None) -> None:
        """Draw these items, whose groups down to `level` are open."""
        children = self._children(keys, level)
        start = 0
        for begin, length, times in self._patterns(children):
            self._draw(children[start:begin], level, cluster)
            self._roll(children[begin : begin + length * times], length, times, level, cluster)
            start = begin + length * times
        self._draw(children[start:], level, cluster)

    def _draw(self, children: list[_Child], level: int, cluster: str | None, times: int = 1) -> None:
        for child in children:
            if child.group is None:
                (key,) = child.keys
                self._add(Box(f"n{key}", self.model.items[key], None, (), cluster, times), child.keys)
            elif self._closed(child.group, level):
                self._add(Box(f"m{child.group.key}", None, child.group, (), cluster, times), child.keys)
            elif len(child.keys) == 1:
                (key,) = child.keys
                self._add(Box(f"n{key}", self.model.items[key], child.group, (), cluster, times), child.keys)
            else:
                name = f"cluster_m{child.group.key}"
                self.clusters.append(Cluster(name, child.group, cluster, times))
                self._open(child.keys, level + 1, name)

    def _closed(self, group: Group, level: int) -> bool:
        return level >= self.depth or (self.zoom == "modules" and group.key not in self.has_parts)

    def _add(self, box: Box, keys: list[int]) -> None:
        self.boxes.append(box)
        for key in keys:
            self.box_of[key] = box.name

    # -- repetition --------------------------------------------------------------------------------

    def _patterns(self, children: list[_Child]) -> list[tuple[int, int, int]]:
        """The runs worth rolling up: of layers, and of bare operations if there are too many."""
        if not self.rollup or len(children) < _LAYERS:
            return []
        found = []
        for start, length, times in repeats([self._token(child) for child in children]):
            layers = any(child.group is not None for child in children[start : start + length])
            if layers or (self.bare and times >= _OPERATIONS):
                found.append((start, length, times))
        return found

    def _token(self, child: _Child) -> int:
        """A number that is equal for children of the same structure."""
        model = self.model
        place = {key: k for k, key in enumerate(child.keys)}
        parts: list[Any] = [child.group.kind if child.group is not None else ""]
        outer = len(self.ancestry[child.keys[0]]) if child.group is None else len(model.ancestry(child.group.key))
        for key in child.keys:
            item = model.items[key]
            wiring = tuple((edge.position, place.get(edge.source, -1)) for edge in model.into[key])
            inside = tuple(model.groups[g].name for g in self.ancestry[key][outer:])
            parts.append(
                (
                    item.kind,
                    item.name if item.kind == "operation" else "",
                    item.shapes,
                    item.dtypes,
                    item.detail,
                    inside,
                    wiring,
                )
            )
        return self.tokens.setdefault(tuple(parts), len(self.tokens))

    def _roll(self, children: list[_Child], length: int, times: int, level: int, cluster: str | None) -> None:
        """Draw the first repetition, and let every later item stand for its counterpart there."""
        run, self.runs = self.runs, self.runs + 1
        for k, child in enumerate(children):
            for key, first in zip(child.keys, children[k % length].keys):
                self.round[key] = (*self.round.get(key, ()), (run, k // length))
                if key != first:
                    self.same[key] = first
        if length == 1:
            self._draw(children[:1], level, cluster, times)
        else:
            name = f"cluster_r{children[0].keys[0]}"
            self.clusters.append(Cluster(name, None, cluster, times))
            self._draw(children[:length], level, name)

    # -- arrows ------------------------------------------------------------------------------------

    def _arrows(self) -> list[Arrow]:
        found: dict[tuple[str, str], Arrow] = {}
        for edge in self.model.edges:
            tail, head = self.box_of[edge.source], self.box_of[edge.target]
            if tail == head or self._between_rounds(edge.source, edge.target):
                continue
            known = found.get((tail, head))
            found[tail, head] = Arrow(tail, head, (*(known.edges if known is not None else ()), edge))
        return list(found.values())

    def _between_rounds(self, source: int, target: int) -> bool:
        """Whether an edge leads from one repetition to another one of the same run."""
        theirs = dict(self.round.get(target, ()))
        return any(theirs.get(run, turn) != turn for run, turn in self.round.get(source, ()))


def _in_stretches(view: View, limit: int) -> View:
    """The last resort: consecutive boxes, in order of execution, made one ("60 operations")."""
    size = -(-len(view.boxes) // max(limit // 2, 1))
    into: dict[str, str] = {}
    boxes = []
    ordered = sorted(view.boxes, key=lambda box: box.members[0])
    for start in range(0, len(ordered), size):
        part = ordered[start : start + size]
        members = tuple(sorted(key for box in part for key in box.members))
        boxes.append(Box(f"s{members[0]}", None, None, members, None))
        into.update({box.name: boxes[-1].name for box in part})
    arrows: dict[tuple[str, str], Arrow] = {}
    for arrow in view.arrows:
        tail, head = into[arrow.tail], into[arrow.head]
        if tail != head:
            known = arrows.get((tail, head))
            arrows[tail, head] = Arrow(tail, head, (*(known.edges if known is not None else ()), *arrow.edges))
    return View(
        view.model, tuple(boxes), tuple(arrows.values()), (), {key: into[name] for key, name in view.box_of.items()}
    )
