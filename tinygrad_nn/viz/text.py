"""A folded model as a tree for the terminal: modules as branches, operations in the order they ran."""

from __future__ import annotations

from tinygrad_nn.viz.dot import Show, frame_title, label_of
from tinygrad_nn.viz.fold import Box, Cluster, View
from tinygrad_nn.viz.summary import brief, data_size, shape_text

__all__ = ["tree"]


def tree(view: View, show: Show) -> str:
    """One line for each box: its number, name, operands (by number) and shape; frames are indented.

    Parameters and data stand only where they are read, by name.
    """
    lines: list[str] = []
    if not view.clusters or any(c.parent is None for c in view.clusters) or any(b.cluster is None for b in view.boxes):
        lines.append("graph")
    _branch(view, show, None, "", lines)
    lines += [f"note: {note}" for note in view.model.notes]
    return "\n".join(lines)


def _branch(view: View, show: Show, parent: str | None, margin: str, lines: list[str]) -> None:
    first = {c.name: _first(view, c) for c in view.clusters}
    here: list[Box | Cluster] = [b for b in view.boxes if b.cluster == parent and _own_line(b)]
    here += [c for c in view.clusters if c.parent == parent]
    here.sort(key=lambda part: first[part.name] if isinstance(part, Cluster) else part.members[0])
    for k, part in enumerate(here):
        last = k == len(here) - 1
        stem, deeper = ("└─ ", "   ") if last else ("├─ ", "│  ")
        if isinstance(part, Cluster):
            lines.append(f"{margin}{stem}{' '.join(word for word in frame_title(part) if word)}")
            _branch(view, show, part.name, margin + deeper, lines)
        else:
            lines.append(f"{margin}{stem}{_line(view, show, part)}")


def _first(view: View, cluster: Cluster) -> int:
    inside = {cluster.name}
    for c in view.clusters:  # frames come after the ones around them
        if c.parent in inside:
            inside.add(c.name)
    return min(box.members[0] for box in view.boxes if box.cluster in inside)


def _own_line(box: Box) -> bool:
    return box.item is None or box.item.kind == "operation"


def _line(view: View, show: Show, box: Box) -> str:
    names = {b.name: b for b in view.boxes}
    operands = [_reference(view, names[arrow.tail]) for arrow in view.arrows if arrow.head == box.name]
    title, aside = label_of(box, view)
    text = f"{_number(box)} {title}" + (f" × {box.times}" if box.times > 1 else "") + (f" {aside}" if aside else "")
    if operands:
        text += f" ← {', '.join(operands)}"
    item = box.item
    if item is None:
        return text
    facts = [f"({shape_text(item.shapes)})"] if show.shapes else []
    facts += [", ".join(dict.fromkeys(item.dtypes))] * show.dtypes + [data_size(item.nbytes)] * show.bytes
    if show.values and item.value is not None:
        facts.append(f"= {brief(item.value)}")
    if show.gradients and item.gradient is not None:
        facts.append(f"∇ {brief(item.gradient)}")
    if item.failed is not None:
        facts.append("FAILED: " + " ".join(item.failed.split()))
    return "  ".join([text, *facts])


def _number(box: Box) -> str:
    return f"#{box.members[0]}"


def _reference(view: View, box: Box) -> str:
    return _number(box) if _own_line(box) else label_of(box, view)[0]
