"""`viz.page`: the graph, its forward and its backward pass, as one HTML file that needs nothing else.

Python decides what there is to know and where it stands; the script in `assets` shows it. What comes from
the user (names, lines, messages) travels as JSON and is put on the page as text, never as markup; the
page's own policy allows no script but ours, and no request at all.
"""

from __future__ import annotations

import linecache
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.primitive import REGISTRY
from tinygrad_nn.viz.dot import frame_title, label_of
from tinygrad_nn.viz.fold import Arrow, Box, View, fold
from tinygrad_nn.viz.formulas import forward_text, operand_name, rule_text
from tinygrad_nn.viz.graph import model_of
from tinygrad_nn.viz.layout import Layout, lay_out
from tinygrad_nn.viz.model import Edge, Item, Model
from tinygrad_nn.viz.offline import document
from tinygrad_nn.viz.picture import facts, square_side
from tinygrad_nn.viz.render import write
from tinygrad_nn.viz.summary import brief, data_size, magnitude, number, shape_text, short

__all__ = ["page", "page_of", "save_page"]

_BOXES = 240  # drawn at most


def page(
    target: Any, *where: Any, params: Any = None, title: str = "", depth: int | None = None, zoom: str = "operations"
) -> Path:
    """Write `target` (as `viz.graph` takes it) to one offline HTML file: `viz.page(loss, "graph.html")`,
    or with example inputs `viz.page(model, x, "graph.html")`. Returns the path.

    The page steps forward operation by operation and then backward, with the chain rule's product as it is
    formed; a click shows an operation's value, gradient, local derivatives, module and line. All values and
    lines are there if the computation ran inside `viz.record()` or is run here, from inputs; otherwise
    those that the tape has kept.

    Raises RuntimeError for a tensor without a graph, OSError where the file cannot be written, ImportError
    (naming the pip command) without Graphviz.

    >>> import tempfile, tinygrad_nn as tg
    >>> from tinygrad_nn import viz
    >>> w = tg.tensor(3.0, requires_grad=True)
    >>> with viz.record() as tape:
    ...     loss = (w * 2 - 1).tanh()
    >>> viz.page(loss, tempfile.mkdtemp() + "/graph.html").name
    'graph.html'
    """
    *inputs, path = where or ("graph.html",)
    if not isinstance(path, (str, os.PathLike)):
        inputs, path = [*inputs, path], "graph.html"
    if zoom not in ("operations", "scalars"):
        raise ArgumentError(
            message("viz.page: zoom is not one of its choices", got=repr(zoom), fix="'operations' or 'scalars'")
        )
    model = model_of(target, *inputs, params=params, gradients=True, near=zoom == "scalars")
    return save_page(model, path, title=title, depth=depth)


def save_page(model: Model, path: str | os.PathLike[str], *, title: str = "", depth: int | None = None) -> Path:
    """A model's page, written to `path`."""
    return write(path, page_of(model, title=title or Path(path).stem, depth=depth))


def page_of(model: Model, *, title: str = "graph", depth: int | None = None) -> str:
    """A model's page, as text."""
    view = fold(model, depth=depth, limit=_BOXES)
    return document("page", _data(view, title), title)


# -- what the page knows -----------------------------------------------------------------------------


def _data(view: View, title: str) -> dict[str, Any]:
    model = view.model
    faces = {box.name: _face(box, view) for box in view.boxes}
    layout = lay_out(view, {name: (face["w"], face["h"]) for name, face in faces.items()})
    for name, face in faces.items():
        face["x"], face["y"] = map(_rounded, layout.boxes[name])
    side = 40 if len(view.boxes) <= 60 else 20
    for box in view.boxes:
        faces[box.name].update(_knowledge(box, view, side))
    return {
        "title": title,
        "notes": list(model.notes),
        "width": _rounded(layout.width),
        "height": _rounded(layout.height),
        "boxes": [faces[box.name] for box in sorted(view.boxes, key=lambda box: box.members[-1])],
        "arrows": [_arrow(arrow, view, curve) for arrow, curve in zip(view.arrows, layout.curves)],
        "clusters": _clusters(view, layout),
        "roots": list(dict.fromkeys(view.box_of[k] for k in model.roots)),
    }


def _rounded(value: float) -> float:
    return round(value, 1)


def _face(box: Box, view: View) -> dict[str, Any]:
    """What stands in the box, and how large it must be for that (8 points a letter are enough)."""
    title, aside = label_of(box, view)
    if box.times > 1:
        title += f" × {box.times}"
    items = [view.model.items[k] for k in box.members]
    if box.item is not None:
        second = shape_text(box.item.shapes) if box.item.failed is None else _misfit(box.item, view.model)
        kind = "output" if box.item.key in view.model.roots and box.item.kind == "operation" else box.item.kind
    else:
        count = sum(i.kind == "operation" for i in items)
        second = f"{count} operation{'s' * (count != 1)}"
        kind = "module"
    if any(i.failed is not None for i in items):
        kind = "failed"
    title, aside = _cut(title, 26), _cut(aside, 22)
    width = max(len(title) * 7.6 + (len(aside) * 6.0 + 8 if aside else 0), len(second) * 6.2, 104) + 22
    return {
        "id": box.name,
        "kind": kind,
        "title": title,
        "aside": aside,
        "second": second,
        "w": _rounded(width),
        "h": 42,
        "cluster": box.cluster,
    }


def _misfit(item: Item, model: Model) -> str:
    """The shapes that an operation failed on."""
    return " with ".join(shape_text(model.items[edge.source].shapes) for edge in model.into[item.key]) or "failed"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _knowledge(box: Box, view: View, side: int) -> dict[str, Any]:
    """What the panel shows of a box."""
    model = view.model
    item = box.item
    if item is None:
        return _module_knowledge(box, view)
    tiles = _image_side(item, model)
    told: dict[str, Any] = {
        "name": item.name,
        "label": item.label,
        "detail": item.detail,
        "operation": item.kind == "operation",
        "flows": item.flows and item.gradient is not None,
        "path": " › ".join(model.groups[g].name for g in model.ancestry(item.group)),
        "module": model.groups[item.group].kind if item.group is not None else "",
        "shapes": shape_text(item.shapes),
        "dtype": ", ".join(dict.fromkeys(item.dtypes)),
        "bytes": data_size(item.nbytes) if item.shapes else "",
        "line": _line(item.line),
        "failed": item.failed,
        "brief": None if item.value is None else brief(item.value),
        "gradientBrief": None if item.gradient is None else brief(item.gradient),
        "short": None if item.value is None else short(item.value),
        "gradientShort": None if item.gradient is None else short(item.gradient),
        "value": facts(item.value, side=side, tiles_of=tiles),
        "gradient": facts(item.gradient, side=side, tiles_of=tiles),
    }
    if item.kind == "operation" and (item.shapes or item.name in REGISTRY):
        told["forward"] = forward_text(item.name)
        told["operands"] = [_operand(edge.position, edge.source, item, model) for edge in model.into[item.key]]
    return told


def _operand(place: int, source: int, item: Item, model: Model) -> dict[str, Any]:
    other = model.items[source]
    return {"as": operand_name(item.name, place), "is": other.title, "key": source, "shape": shape_text(other.shapes),
            "rule": rule_text(item.name, place) if other.flows and item.flows else ""}  # fmt: skip


def _module_knowledge(box: Box, view: View) -> dict[str, Any]:
    items = [view.model.items[k] for k in box.members]
    parameters = [i for i in items if i.kind == "parameter"]
    sizes = [s for s in (magnitude(i.gradient) for i in parameters if i.gradient is not None) if s is not None]
    kinds = list(dict.fromkeys(i.name for i in items if i.kind == "operation"))
    group = box.group
    return {
        "name": group.name if group is not None else box.name,
        "path": group.path if group is not None else "",
        "module": group.kind if group is not None else "",
        "operation": True,
        "flows": any(i.gradient is not None and i.flows for i in items),
        "times": box.times,
        "operations": kinds,
        "parameters": [
            {
                "name": i.name,
                "shape": shape_text(i.shapes),
                "gradient": None if i.gradient is None else brief(i.gradient),
            }
            for i in parameters[:40]
        ],
        "gradientShort": f"rms {number(max(sizes))}" if sizes else None,
        "failed": next((i.failed for i in items if i.failed is not None), None),
        "line": _line(next((i.line for i in items if i.line is not None), None)),
    }


def _image_side(item: Item, model: Model) -> int | None:
    """The side of the images in the rows of a matrix: of a matrix of data, or of weights that multiply it."""
    if item.kind == "operation" or len(item.shapes[0]) != 2:
        return None
    side = square_side(item.shapes[0][1])
    if item.kind == "input" or side is None:
        return side
    beside = (model.items[e.source] for out in model.out_of[item.key] for e in model.into[out.target])
    return (
        side if any(other.kind == "input" and other.shapes[0][-1:] == item.shapes[0][1:] for other in beside) else None
    )


def _line(line: tuple[str, int] | None) -> dict[str, Any] | None:
    if line is None:
        return None
    path, number_ = line
    return {"file": Path(path).name, "path": path, "number": number_, "code": linecache.getline(path, number_).strip()}


def _arrow(arrow: Arrow, view: View, curve: list[tuple[float, float]]) -> dict[str, Any]:
    model = view.model
    source = model.items[arrow.source]
    return {
        "tail": arrow.tail,
        "head": arrow.head,
        "points": [_rounded(c) for point in curve for c in point],
        "shape": shape_text(source.shapes),
        "links": [link for link in (_link(edge, model) for edge in arrow.edges[:8]) if link is not None],
    }


def _link(edge: Edge, model: Model) -> dict[str, Any] | None:
    """What the backward pass does along one edge; None if no gradient passes."""
    source, target = model.items[edge.source], model.items[edge.target]
    if not (source.flows and target.flows) or (edge.share is None and source.gradient is None):
        return None
    return {
        "as": operand_name(target.name, edge.position),
        "rule": rule_text(target.name, edge.position),
        "share": None if edge.share is None else brief(edge.share) if edge.share.size <= 4 else short(edge.share),
    }


def _clusters(view: View, layout: Layout) -> Iterable[dict[str, Any]]:
    counts = _operation_counts(view)
    told = []
    for cluster in view.clusters:
        if cluster.name not in layout.frames:
            continue
        left, top, width, height = map(_rounded, layout.frames[cluster.name])
        name, kind = frame_title(cluster)
        path = cluster.group.path if cluster.group is not None else ""
        told.append(
            {
                "id": cluster.name,
                "name": name,
                "kind": kind,
                "path": path,
                "count": counts[cluster.name],
                "parent": cluster.parent,
                "x": left,
                "y": top,
                "w": width,
                "h": height,
            }
        )
    return told


def _operation_counts(view: View) -> dict[str, int]:
    """How many operations each frame holds, inner frames included."""
    counts = {cluster.name: 0 for cluster in view.clusters}
    parents = {cluster.name: cluster.parent for cluster in view.clusters}
    for box in view.boxes:
        inside = sum(view.model.items[k].kind == "operation" for k in box.members)
        name = box.cluster
        while name is not None:
            counts[name] += inside
            name = parents[name]
    return counts
