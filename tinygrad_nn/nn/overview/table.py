"""The rows of a summary, their sums, and how they look in a terminal and in a notebook."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Row", "Summary", "bytes_text", "shapes_text"]

HEAD = ("layer", "class", "output", "parameters", "MACs", "memory")


@dataclass
class Row:
    """One module: `path` from the model ("" for the model itself), and what was seen of it.

    outputs:    (name, shape) of each tensor of its last output; names are "" outside of dicts
    calls:      how often its forward ran
    parameters: number of elements of its own parameters (its submodules have rows of their own)
    trainable:  how many of them require a gradient
    shared:     elements of parameters that an earlier row has counted, so this one does not
    macs:       multiply-accumulates of its own operations, over all calls
    memory:     bytes of its outputs, over all calls; views of its inputs take none
    leaf:       it ran no other module, so its outputs count for the model's sum
    same_as:    the path under which this very module has its row, if it stands at several
    """

    path: str
    kind: str
    outputs: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    calls: int = 0
    parameters: int = 0
    trainable: int = 0
    shared: int = 0
    macs: int = 0
    memory: int = 0
    leaf: bool = True
    same_as: str | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as text, a cell for each word of the head."""
        if self.same_as is not None:
            return (self.path, self.kind, f"the same as {self.same_as or 'the model'}", "", "", "")
        times = f"  ({self.calls} calls)" if self.calls > 1 else ""
        return (
            self.path,
            self.kind,
            shapes_text(self.outputs) + times,
            self._count(),
            f"{self.macs:,}" if self.macs else "",
            bytes_text(self.memory) if self.leaf and (self.calls or self.memory) else "",
        )

    def _count(self) -> str:
        frozen = self.parameters - self.trainable
        notes = [f"{self.shared:,} shared"] * bool(self.shared)
        if frozen:
            notes.append("frozen" if frozen == self.parameters else f"{frozen:,} frozen")
        if not self.parameters and not notes:
            return ""
        return f"{self.parameters:,}" + (f" ({', '.join(notes)})" if notes else "")


class Summary(Sequence[Row]):
    """A model's rows, in the order of `named_modules`, and their sums.

    parameters, trainable: numbers of elements, each parameter once, however many modules share it
    parameter_memory:      their bytes (buffers not included)
    macs:                  multiply-accumulates of the forward pass that was run
    memory:                bytes of the outputs of all modules that run no other
    `print` gives a table, a notebook an HTML one.
    """

    def __init__(self, rows: list[Row], parameter_memory: int) -> None:
        self.rows = rows
        self.parameter_memory = parameter_memory
        self.parameters = sum(row.parameters for row in rows)
        self.trainable = sum(row.trainable for row in rows)
        self.macs = sum(row.macs for row in rows)
        self.memory = sum(row.memory for row in rows if row.leaf)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: Any) -> Any:
        """A row by number, or by its module's path. KeyError for a path that is not there."""
        if not isinstance(place, str):
            return self.rows[place]
        for row in self.rows:
            if row.path == place:
                return row
        raise KeyError(f"no module {place!r} among the rows")

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    @property
    def totals(self) -> list[tuple[str, str]]:
        """The sums, as (what, text)."""
        frozen = self.parameters - self.trainable
        kinds = "all trainable" if not frozen else f"{self.trainable:,} trainable, {frozen:,} frozen"
        lines = [("parameters", f"{self.parameters:,} ({kinds}), {bytes_text(self.parameter_memory)}")]
        if any(row.calls for row in self.rows):
            lines.append(("MACs", f"{self.macs:,}"))
            lines.append(("outputs", bytes_text(self.memory)))
        return lines

    def __str__(self) -> str:
        cells = [HEAD, *(row.cells for row in self.rows)]
        used = [k for k in range(len(HEAD)) if k < 2 or any(line[k] for line in cells[1:])]
        widths = {k: max(len(line[k]) for line in cells) for k in used}
        lines = [
            "  ".join(line[k].rjust(widths[k]) if k > 2 else line[k].ljust(widths[k]) for k in used).rstrip()
            for line in cells
        ]
        rule = "-" * max(map(len, lines))
        sums = [f"{what + ':':<12}{text}" for what, text in self.totals]
        return "\n".join([lines[0], rule, *lines[1:], rule, *sums])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """The table for a notebook."""
        right = ' style="text-align:right"'
        left = ' style="text-align:left"'

        def line(cells: tuple[str, ...], tag: str) -> str:
            parts = [f"<{tag}{right if k > 2 else left}>{html.escape(cell)}</{tag}>" for k, cell in enumerate(cells)]
            return f"<tr>{''.join(parts)}</tr>"

        body = "\n".join(line(row.cells, "td") for row in self.rows)
        sums = "<br>".join(f"<b>{what}</b>: {html.escape(text)}" for what, text in self.totals)
        return (
            f"<table>\n<thead>{line(HEAD, 'th')}</thead>\n<tbody>\n{body}\n</tbody>\n"
            f'<tfoot><tr><td colspan="{len(HEAD)}"{left}>{sums}</td></tr></tfoot>\n</table>'
        )


def shapes_text(outputs: list[tuple[str, tuple[int, ...]]]) -> str:
    """The shapes of an output's tensors, with their names in a dict.

    >>> shapes_text([("", (5, 3)), ("", (1, 3))]), shapes_text([("loss", ())])
    ('(5, 3), (1, 3)', 'loss ()')
    """
    return ", ".join(f"{name} {shape}".strip() for name, shape in outputs)


def bytes_text(count: int) -> str:
    """A number of bytes in the unit that keeps it short.

    >>> bytes_text(0), bytes_text(2048), bytes_text(5_000_000)
    ('0 B', '2.0 KiB', '4.8 MiB')
    """
    if count < 1024:
        return f"{count} B"
    size, unit = count / 1024, "KiB"
    for larger in ("MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.1f} {unit}"
