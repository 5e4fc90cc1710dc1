"""Where everything stands on a page: Graphviz lays the boxes out, and its answer is read back as numbers."""

from __future__ import annotations

import json
from typing import Any

import graphviz

from tinygrad_nn.viz.dot import clean, frame_title, weight_of
from tinygrad_nn.viz.fold import View
from tinygrad_nn.viz.render import render

__all__ = ["Layout", "lay_out"]

Point = tuple[float, float]


class Layout:
    """Centres and frames in points, y downwards; `curves` are cubic Bézier points of each arrow, in order."""

    def __init__(self) -> None:
        self.width = self.height = 0.0
        self.boxes: dict[str, Point] = {}
        self.frames: dict[str, tuple[float, float, float, float]] = {}  # left, top, width, height
        self.curves: list[list[Point]] = []


def lay_out(view: View, sizes: dict[str, tuple[float, float]], rankdir: str = "TB") -> Layout:
    """Place boxes of the given sizes (width, height in points)."""
    graph = graphviz.Digraph("layout")
    graph.attr("graph", rankdir=rankdir, ranksep="0.42", nodesep="0.3", fontsize="13", fontname="Helvetica")
    graph.attr("node", shape="box", fixedsize="true", label="")
    _place(view, sizes, None, graph)
    for k, arrow in enumerate(view.arrows):
        graph.edge(arrow.tail, arrow.head, id=str(k), weight=weight_of(arrow, view))
    return _read(json.loads(render(graph.source, "json")))


def _place(view: View, sizes: dict[str, tuple[float, float]], parent: str | None, graph: graphviz.Digraph) -> None:
    for box in view.boxes:
        if box.cluster == parent:
            width, height = sizes[box.name]
            graph.node(box.name, width=f"{width / 72:.4f}", height=f"{height / 72:.4f}")
    for cluster in view.clusters:
        if cluster.parent == parent:
            with graph.subgraph(name=cluster.name) as inner:
                title = " ".join(word for word in frame_title(cluster) if word)
                inner.attr("graph", label=f"<{clean(title)}>", labeljust="l", margin="12")
                _place(view, sizes, cluster.name, inner)


def _read(drawn: dict[str, Any]) -> Layout:
    found = Layout()
    _, _, found.width, found.height = _numbers(drawn["bb"])
    names = {}
    for thing in drawn.get("objects", ()):
        names[thing["_gvid"]] = thing["name"]
        if "pos" in thing:
            x, y = _numbers(thing["pos"])
            found.boxes[thing["name"]] = (x, found.height - y)
        elif "bb" in thing:
            left, bottom, right, top = _numbers(thing["bb"])
            found.frames[thing["name"]] = (left, found.height - top, right - left, top - bottom)
    edges = sorted(drawn.get("edges", ()), key=lambda edge: int(edge["id"]))
    found.curves = [_curve(edge["pos"], found.height) for edge in edges]
    return found


def _curve(text: str, height: float) -> list[Point]:
    """Graphviz's "e,tip p0 p1 p2 p3 ..." as the points p0 p1 p2 p3 ..., the last moved to the tip."""
    tip = None
    points = []
    for part in text.split():
        if part.startswith("e,"):
            tip = _numbers(part[2:])
        elif not part.startswith("s,"):
            x, y = _numbers(part)
            points.append((x, height - y))
    if tip is not None:
        points[-1] = (tip[0], height - tip[1])
    return points


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]
