"""A folded model as DOT text: what each box says, and in which colour.

Names never enter the text unescaped, and never serve as identifiers: `n3` is item 3, whatever its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from math import isfinite

import graphviz

from tinygrad_nn.viz.fold import Arrow, Box, Cluster, View
from tinygrad_nn.viz.model import Item
from tinygrad_nn.viz.palette import OKABE_ITO, STYLE, gradient_colour, gradient_range
from tinygrad_nn.viz.summary import brief, data_size, magnitude, number, shape_text

__all__ = ["Show", "clean", "draw", "label_of"]

FONT = "Helvetica,Arial,sans-serif"
INK, FAINT = "#1f2933", "#52606d"


@dataclass(frozen=True)
class Show:
    """What a picture shows beside names."""

    values: bool = False
    gradients: bool = False
    shapes: bool = True
    dtypes: bool = False
    bytes: bool = False
    direction: str = "forward"
    colour: str = "kind"
    legend: bool = False
    rankdir: str = "TB"


def clean(text: str) -> str:
    """Text for an HTML-like label: escaped, on one line, without characters that XML has no place for."""
    kept = "".join(c if c.isprintable() else "�" if c not in "\n\r\t" else " " for c in text)
    return escape(kept, quote=True)


def draw(view: View, show: Show, graph: graphviz.Digraph) -> None:
    """Write the view into `graph`."""
    graph.attr(
        "graph",
        rankdir=show.rankdir,
        bgcolor="white",
        fontname=FONT,
        fontsize="12",
        fontcolor=FAINT,
        ranksep="0.35",
        nodesep="0.25",
        pad="0.2",
    )
    graph.attr(
        "node",
        shape="box",
        style="rounded,filled",
        fontname=FONT,
        fontsize="12",
        fontcolor=INK,
        margin="0.12,0.06",
        height="0.3",
        penwidth="1.2",
    )
    graph.attr("edge", fontname=FONT, fontsize="10", fontcolor=FAINT, color="#7b8794", arrowsize="0.6", penwidth="1.1")
    if view.model.notes:
        graph.attr(
            "graph", label="<" + "<br/>".join(f"<i>{clean(note)}</i>" for note in view.model.notes) + ">", labelloc="b"
        )
    painter = _Painter(view, show)
    _frames(view, None, graph, painter)
    for arrow in view.arrows:
        painter.arrow(arrow, graph)
    if show.legend:
        graph.node("legend", painter.legend(), shape="plain", style="", margin="0")


def _frames(view: View, parent: str | None, graph: graphviz.Digraph, painter: _Painter) -> None:
    """The boxes directly inside `parent`, then the frames there, each with its contents."""
    for box in view.boxes:
        if box.cluster == parent:
            painter.box(box, graph)
    for cluster in view.clusters:
        if cluster.parent == parent:
            with graph.subgraph(name=cluster.name) as inner:
                inner.attr(
                    "graph",
                    label=_frame_label(cluster),
                    labeljust="l",
                    labelloc="t",
                    style="rounded,filled",
                    fillcolor=_shade(view, cluster),
                    color="#c3cbd4",
                    penwidth="1",
                )
                _frames(view, cluster.name, inner, painter)


def _shade(view: View, cluster: Cluster) -> str:
    """Deeper frames are a little darker, so that nesting shows."""
    level = 0
    parents = {c.name: c.parent for c in view.clusters}
    name = cluster.parent
    while name is not None:
        level, name = level + 1, parents[name]
    return ("#f7f9fb", "#eef2f6", "#e6ecf2", "#dde5ed")[min(level, 3)]


def _frame_label(cluster: Cluster) -> str:
    times = f" <b>× {cluster.times}</b>" if cluster.times > 1 else ""
    if cluster.group is None:
        return f"<repeated{times}>"
    name, kind = clean(cluster.group.name), clean(cluster.group.kind)
    return f"<<b>{name}</b>{times}>" if name == kind else f"<<b>{name}</b> {kind}{times}>"


def label_of(box: Box, view: View) -> tuple[str, str]:
    """The box's title and what stands beside it in small print, as plain text."""
    if box.item is not None:
        item = box.item
        module = "" if box.group is None else " ".join(filter(None, dict.fromkeys((box.group.name, box.group.kind))))
        result = f"→ {item.label}" if item.label not in ("", item.name) and item.kind == "operation" else ""
        return item.name, " ".join(part for part in (module, item.detail, result) if part)
    if box.group is not None:
        return (box.group.name, "" if box.group.name == box.group.kind else box.group.kind)
    operations = [view.model.items[k].name for k in box.members if view.model.items[k].kind == "operation"]
    kinds = list(dict.fromkeys(operations))
    shown = ", ".join(kinds[:4]) + (", …" if len(kinds) > 4 else "")
    return f"{len(operations)} operations", shown


class _Painter:
    """Labels and colours of one picture."""

    def __init__(self, view: View, show: Show) -> None:
        self.view, self.show = view, show
        self.sizes = {box.name: self._gradient_size(box) for box in view.boxes} if show.colour == "gradient" else {}
        self.low, self.high = gradient_range([s for s in self.sizes.values() if s is not None])

    def _gradient_size(self, box: Box) -> float | None:
        """The largest rms gradient among a box's items."""
        found = [magnitude(g) for g in (self.view.model.items[k].gradient for k in box.members) if g is not None]
        sizes = [size for size in found if size is not None]
        return (max(sizes) if all(map(isfinite, sizes)) else float("nan")) if sizes else None

    def kind(self, box: Box) -> str:
        items = self.view.model.items
        if any(items[k].failed is not None for k in box.members):
            return "failed"
        if box.item is None:
            return "module"
        return "output" if box.item.key in self.view.model.roots and box.item.kind == "operation" else box.item.kind

    def box(self, box: Box, graph: graphviz.Digraph) -> None:
        fill, border = STYLE[self.kind(box)]
        ink = INK
        size = self.sizes.get(box.name)
        if size is not None:
            fill, ink = gradient_colour(size, self.low, self.high)
        shape = {"parameter": "box", "input": "box"}.get(box.item.kind if box.item is not None else "")
        extra = {"style": "filled"} if shape else {}
        if box.item is None:
            extra["peripheries"] = "2" if box.times > 1 else "1"
        graph.node(
            box.name,
            self.label(box, ink),
            fillcolor=fill,
            color=border,
            fontcolor=ink,
            tooltip=self.tooltip(box),
            **extra,
        )

    def tooltip(self, box: Box) -> str:
        """Escaped for DOT; Graphviz escapes it again for SVG."""
        item = box.item
        text = item.title if item is not None else box.group.path if box.group is not None else "operations"
        quoted: str = graphviz.escape(_plain(text))  # of a class that says it is no HTML: keep it
        return quoted

    def label(self, box: Box, ink: str) -> str:
        title, aside = label_of(box, self.view)
        faint = ink if box.name in self.sizes and self.sizes[box.name] is not None else FAINT
        times = f" × {box.times}" if box.times > 1 else ""
        head = f"<b>{clean(title)}</b>" + (f" <b>{times.strip()}</b>" if times else "")
        if aside:
            head += f' <font point-size="10" color="{faint}">{clean(aside)}</font>'
        lines = [
            clean(line) for line in (self._item_lines(box.item) if box.item is not None else self._group_lines(box))
        ]
        small = "".join(f'<br/><font point-size="10" color="{faint}">{line}</font>' for line in lines if line)
        return f"<{head}{small}>"

    def _item_lines(self, item: Item) -> list[str]:
        show = self.show
        facts = []
        if show.shapes:
            facts.append(shape_text(item.shapes))
        if show.dtypes:
            facts.append(", ".join(dict.fromkeys(item.dtypes)))
        if show.bytes:
            facts.append(data_size(item.nbytes))
        lines = ["  ".join(fact for fact in facts if fact)]
        if item.failed is not None:
            lines += item.failed.splitlines()
        if show.values and item.value is not None:
            lines.append(f"= {brief(item.value)}")
        if show.gradients and item.gradient is not None:
            lines.append(f"∇ {brief(item.gradient)}")
        return lines

    def _group_lines(self, box: Box) -> list[str]:
        items = [self.view.model.items[k] for k in box.members]
        show, lines = self.show, []
        inside = set(box.members)
        model = self.view.model
        leaving = [
            i
            for i in items
            if i.kind == "operation"
            and (i.key in model.roots or any(edge.target not in inside for edge in model.out_of[i.key]))
        ]
        if show.shapes and leaving:
            lines.append("→ " + shape_text(leaving[-1].shapes))
        parameters = [i for i in items if i.kind == "parameter"]
        if parameters:
            count = sum(_count(i) for i in parameters)
            lines.append(f"{count:,} parameter{'s' * (count != 1)}")
        if show.bytes:
            lines.append(data_size(sum(i.nbytes for i in items)))
        if show.gradients:
            sizes = [magnitude(i.gradient) for i in parameters if i.gradient is not None]
            known = [s for s in sizes if s is not None]
            if known:
                lines.append(f"∇ rms {number(max(known))}")
        lines += [line for i in items if i.failed is not None for line in i.failed.splitlines()]
        return lines

    # -- arrows ------------------------------------------------------------------------------------

    def arrow(self, arrow: Arrow, graph: graphviz.Digraph) -> None:
        direction = self.show.direction
        flows = self.view.model.items[arrow.source].flows and self.view.model.items[arrow.target].flows
        if direction in ("forward", "both"):
            graph.edge(arrow.tail, arrow.head, weight=weight_of(arrow, self.view))
        if direction == "backward" and flows:
            graph.edge(
                arrow.tail,
                arrow.head,
                self._share(arrow) or None,
                dir="back",
                color=OKABE_ITO["vermillion"],
                fontcolor=OKABE_ITO["vermillion"],
            )
        if direction == "both" and flows:
            graph.edge(arrow.head, arrow.tail, self._share(arrow) or None, constraint="false", style="dashed",
                       color=OKABE_ITO["vermillion"], fontcolor=OKABE_ITO["vermillion"])  # fmt: skip

    def _share(self, arrow: Arrow) -> str:
        given = [edge.share for edge in arrow.edges if edge.share is not None]
        if not given or not self.show.gradients:
            return ""
        return brief(given[0]) if len(given) == 1 else f"{len(given)} shares"

    # -- the legend --------------------------------------------------------------------------------

    def legend(self) -> str:
        """A table of the colours in use, as an HTML-like label."""
        rows = []
        if self.show.colour == "gradient" and any(s is not None for s in self.sizes.values()):
            for k in range(5):
                size = 10 ** (self.low + (self.high - self.low) * k / 4)
                rows.append(
                    (
                        gradient_colour(size, self.low, self.high)[0],
                        "#7b8794",
                        f"gradient rms {number(float(f'{size:.2g}'))}",
                    )
                )
        else:
            words = {
                "input": "data",
                "parameter": "parameter",
                "operation": "operation",
                "module": "module",
                "output": "result",
                "failed": "failed",
            }
            used = {self.kind(box) for box in self.view.boxes}
            rows = [(*STYLE[kind], word) for kind, word in words.items() if kind in used]
        arrows = [("forward", "#7b8794", "→ values"), ("backward", OKABE_ITO["vermillion"], "⇢ gradients")]
        cells = "".join(
            f'<tr><td width="18" bgcolor="{fill}" color="{border}" border="1"></td><td align="left">{word}</td></tr>'
            for fill, border, word in rows
        )
        for direction, colour, word in arrows:
            if (direction == "backward" and self.show.direction == "backward") or self.show.direction == "both":
                cells += f'<tr><td></td><td align="left"><font color="{colour}">{word}</font></td></tr>'
        title = '<tr><td colspan="2" align="left"><b>Legend</b></td></tr>'
        return f'<<table border="0" cellborder="0" cellspacing="4">{title}{cells}</table>>'


def weight_of(arrow: Arrow, view: View) -> str:
    """How straight Graphviz should draw an arrow: from operation to operation, as straight as it can."""
    return "8" if view.model.items[arrow.source].kind == "operation" else "1"


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _count(item: Item) -> int:
    count = 1
    for n in item.shapes[0]:
        count *= n
    return count


def frame_title(cluster: Cluster) -> tuple[str, str]:
    """A frame's name and kind, as plain text."""
    if cluster.group is None:
        return "repeated", f"× {cluster.times}"
    times = f" × {cluster.times}" if cluster.times > 1 else ""
    kind = cluster.group.kind if cluster.group.kind != cluster.group.name else ""
    return cluster.group.name, (kind + times).strip()
