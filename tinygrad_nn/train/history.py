"""What training was like: a table with a row for each epoch, and the loss of each step."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

__all__ = ["History", "row_text"]

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


class History(Mapping[str, list[Any]]):
    """Columns by name: "epoch", "loss", the metrics, "validation ..." of each, "lr", "seconds".

    steps:      the loss of each training step
    stopped:    why training ended
    best_epoch: the epoch whose weights early stopping put back; None without it

    It prints as a table, and is one in a notebook; `viz.curves(history)` draws it.

    >>> history = History()
    >>> history.add({"epoch": 1, "loss": 0.75, "accuracy": 0.5})
    >>> history.add({"epoch": 2, "loss": 0.5, "accuracy": 0.625})
    >>> history["loss"], history.last["accuracy"]
    ([0.75, 0.5], 0.625)
    >>> print(history)
    epoch    loss  accuracy
        1  0.7500    0.5000
        2  0.5000    0.6250
    """

    def __init__(self) -> None:
        self.columns: dict[str, list[Any]] = {}
        self.steps: list[float] = []
        self.stopped = ""
        self.best_epoch: int | None = None

    def __getitem__(self, name: str) -> list[Any]:
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def epochs(self) -> int:
        """How many epochs are in the table."""
        return max((len(column) for column in self.columns.values()), default=0)

    @property
    def last(self) -> dict[str, Any]:
        """The row of the last epoch."""
        return {name: column[-1] for name, column in self.columns.items()}

    def add(self, row: Mapping[str, Any]) -> None:
        """Another epoch. A column that it lacks gets NaN, one that is new is NaN before."""
        before = self.epochs
        for name in row:
            self.columns.setdefault(name, [math.nan] * before)
        for name, column in self.columns.items():
            column.append(row.get(name, math.nan))

    def state_dict(self) -> dict[str, Any]:
        """Everything, to be saved."""
        return {
            "columns": {name: list(column) for name, column in self.columns.items()},
            "steps": np.array(self.steps, np.float64),
            "stopped": self.stopped,
            "best_epoch": self.best_epoch,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.columns = {name: list(column) for name, column in state["columns"].items()}
        self.steps = [float(loss) for loss in np.asarray(state["steps"])]
        self.stopped, self.best_epoch = state["stopped"], state["best_epoch"]

    # -- how it looks ------------------------------------------------------------------------------

    def _table(self) -> tuple[list[str], list[list[str]]]:
        """Titles, and the cells of each row; columns that hold no numbers are left out."""
        shown = {name: column for name, column in self.columns.items() if not any(np.ndim(value) for value in column)}
        return list(shown), [[number(column[k]) for column in shown.values()] for k in range(self.epochs)]

    def __str__(self) -> str:
        titles, rows = self._table()
        if not titles:
            return "no epoch yet"
        widths = [max(len(text) for text in column) for column in zip(titles, *rows, strict=True)]
        lines = [
            "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in [titles, *rows]
        ]
        notes = [f"best epoch: {self.best_epoch}"] * (self.best_epoch is not None)
        return "\n".join(lines + [f"stopped: {self.stopped}"] * bool(self.stopped) + notes)

    def __repr__(self) -> str:
        return f"<History of {self.epochs} epochs: {', '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        """The table and the curves of loss and metrics, for a notebook."""
        titles, rows = self._table()
        head = "".join(f"<th>{html.escape(title)}</th>" for title in titles)
        body = "".join(self._html_row(k + 1, row) for k, row in enumerate(rows))
        panels = {title.split()[-1]: None for title in titles if title not in ("epoch", "lr", "seconds")}
        drawn = "".join(_panel(name, {t: self.columns[t] for t in titles if t.split()[-1] == name}) for name in panels)
        note = f"<p>stopped: {html.escape(self.stopped)}</p>" if self.stopped else ""
        return f"<div>{drawn}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}</div>"

    def _html_row(self, epoch: int, cells: list[str]) -> str:
        style = ' style="font-weight:bold"' if epoch == self.best_epoch else ""
        return f"<tr{style}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def number(value: Any) -> str:
    """A number as the table shows it: integers whole, others with four figures.

    >>> number(3), number(0.12345), number(12345.678), number(1e-5)
    ('3', '0.1235', '12345.7', '1e-05')
    """
    if isinstance(value, int | np.integer):
        return str(value)
    value = float(value)
    if value != value or value in (math.inf, -math.inf) or value == 0:
        return f"{value:g}"
    if 1e-3 <= abs(value) < 1000:
        return f"{value:.4f}"
    return f"{value:.6g}" if abs(value) >= 1000 else f"{value:.3g}"


def row_text(row: Mapping[str, Any]) -> str:
    """One row in one line: "loss 0.5000, accuracy 0.6250".

    >>> row_text({"loss": 0.5, "accuracy": 0.625})
    'loss 0.5000, accuracy 0.6250'
    """
    return ", ".join(f"{name} {number(value)}" for name, value in row.items() if not np.ndim(value))


def _panel(name: str, lines: dict[str, list[Any]], width: int = 260, height: int = 120) -> str:
    """A small picture of some columns over the epochs, as SVG."""
    values = [float(v) for column in lines.values() for v in column if math.isfinite(float(v))]
    count = max(len(column) for column in lines.values())
    if len(values) < 2 or count < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    drawn = []
    for k, (title, column) in enumerate(lines.items()):
        points = " ".join(
            f"{8 + (width - 16) * e / (count - 1):.1f},{height - 10 - (height - 36) * (float(v) - low) / span:.1f}"
            for e, v in enumerate(column)
            if math.isfinite(float(v))
        )
        color = COLORS[k % len(COLORS)]
        drawn.append(f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.5"/>')
        place = f'x="8" y="{12 + 12 * k}" font-size="10" font-family="sans-serif"'
        drawn.append(f'<text {place} fill="{color}">{html.escape(title)} {number(column[-1])}</text>')
    label = html.escape(f"{name} over {count} epochs")
    return f'<svg role="img" aria-label="{label}" width="{width}" height="{height}">{"".join(drawn)}</svg>'
