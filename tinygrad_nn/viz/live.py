"""Curves while training runs: redrawn in place in a terminal and in a notebook, or into a PNG file."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from html import escape
from typing import Any, TextIO

from tinygrad_nn.train.progress import in_notebook
from tinygrad_nn.viz.chart import chart
from tinygrad_nn.viz.plots import curves as drawn_curves
from tinygrad_nn.viz.plots import figure_svg, save
from tinygrad_nn.viz.summary import number

__all__ = ["Live", "html_of"]


class Live:
    """Shows curves again and again: in a notebook as a picture that changes, in a terminal as text that is
    written over, elsewhere (a file, a pipe) as one line each time.

    path:   a PNG to draw into instead
    stream: where text goes: stderr, as progress bars do
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, stream: TextIO | None = None) -> None:
        self.path, self.stream = path, stream
        self._lines = 0
        self._display: Any = None

    def show(self, curves: Mapping[str, Any], title: str, *, last: bool = False) -> None:
        """The curves as they are now; `last` says that nothing will follow."""
        if self.path is not None:
            save(drawn_curves(curves), self.path)
        elif self.stream is None and in_notebook():
            self._in_notebook(curves, title)
        else:
            stream = self.stream or sys.stderr
            if stream.isatty():
                self._in_terminal(curves, title, stream)
            else:
                values = ", ".join(f"{name} {number(series.last)}" for name, series in curves.items())
                print(f"{title}: {values}", file=stream, flush=True)

    def _in_terminal(self, curves: Mapping[str, Any], title: str, stream: TextIO) -> None:
        columns, lines = shutil.get_terminal_size()
        wide = max(8, min(72, columns - 18 - max(map(len, curves))))
        rows = max(2, min(6, (lines - 2) // max(len(curves), 1) - 3))
        text = chart(curves, columns=wide, rows=rows).splitlines()[: max(lines - 2, 1)]
        back = f"\x1b[{self._lines}F" if self._lines else ""
        stream.write(back + "".join(f"\x1b[2K{line}\n" for line in [title, *text]) + "\x1b[0J")
        stream.flush()
        self._lines = 1 + len(text)

    def _in_notebook(self, curves: Mapping[str, Any], title: str) -> None:
        from IPython.display import HTML, display

        shown = HTML(html_of(curves, title))
        if self._display is None:
            self._display = display(shown, display_id=True)
        else:
            self._display.update(shown)


def html_of(curves: Mapping[str, Any], title: str) -> str:
    """The curves as SVG under a line of text."""
    drawn = figure_svg(drawn_curves(curves)) if curves else ""
    return f"<div><p>{escape(title)}</p>{drawn}</div>"
