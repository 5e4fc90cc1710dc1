"""Curves in text, for a terminal: each quantity a small chart of braille dots."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygrad_nn.viz.summary import number

__all__ = ["chart"]

_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a braille cell: row, column
_COLUMNS, _ROWS = 60, 6


def chart(curves: Mapping[str, Any], *, columns: int = _COLUMNS, rows: int = _ROWS) -> str:
    """A chart for each of `curves` (name: something with `steps` and `values`), one under the other.

    A column is the mean of its steps; where a value is not finite, an exclamation mark stands on the axis.

    >>> from tinygrad_nn.viz.snapshots import Series
    >>> loss = Series()
    >>> for step in range(1, 9):
    ...     loss.add(step, 8.0 / step)
    >>> print(chart({"loss": loss}, columns=8, rows=2))
    loss  1
         8 ┤⠱⡀⠀⠀⠀⠀⠀⠀
         1 ┤⠀⠑⠢⠤⠤⣀⣀⣀
           └────────
            1      8
    """
    return "\n".join(_one(name, curve.steps, curve.values, columns, rows) for name, curve in curves.items())


def _one(name: str, steps: list[int], values: list[float], columns: int, rows: int) -> str:
    x, y = np.array(steps, float), np.array(values, float)
    good = np.isfinite(y)
    low, high = (float(y[good].min()), float(y[good].max())) if good.any() else (0.0, 1.0)
    left, right = int(x[0]), int(x[-1])
    cells = _dots(x[good], y[good], (left, right), (low, high), columns, rows)
    place = np.clip((x[~good] - left) / max(right - left, 1) * (columns - 1), 0, columns - 1).astype(int)
    axis = "".join("!" if k in set(place.tolist()) else "─" for k in range(columns))
    labels = [number(high), *[""] * (rows - 2), number(low)] if rows > 1 else [number(high)]
    wide = max(len(name), *map(len, labels))
    lines = [f"{name.ljust(wide)}  {number(values[-1])}"]
    for label, row in zip(labels, cells, strict=True):
        lines.append(f"{label.rjust(wide + 2)} {'┤' if label else '│'}" + "".join(chr(0x2800 + cell) for cell in row))
    lines.append(" " * (wide + 3) + "└" + axis)
    lines.append(" " * (wide + 4) + str(left) + str(right).rjust(columns - len(str(left))))
    return "\n".join(lines)


def _dots(x: Any, y: Any, across: tuple[int, int], up: tuple[float, float], columns: int, rows: int) -> Any:
    """The cells of a line through the means of each dot column, (rows, columns) of braille bits."""
    cells = np.zeros((rows, columns), int)
    if not len(x):
        return cells
    wide, tall = 2 * columns, 4 * rows
    at = np.clip(((x - across[0]) / max(across[1] - across[0], 1) * (wide - 1)).round(), 0, wide - 1).astype(int)
    sums, counts = np.bincount(at, y, wide), np.bincount(at, minlength=wide)
    known = np.flatnonzero(counts)
    means = np.interp(range(wide), known, sums[known] / counts[known])
    span = (up[1] - up[0]) or math.inf
    heights = ((up[1] - means) / span * (tall - 1)).round().astype(int)
    for column in range(known[0], known[-1] + 1):
        nearby = heights[max(column - 1, 0)], heights[column]
        start, end = min(nearby), max(nearby)
        if nearby[0] != nearby[1]:  # the column before has drawn its own dot
            start, end = (start + 1, end) if nearby[1] == end else (start, end - 1)
        for row in range(start, end + 1):
            cells[row // 4, column // 2] |= _DOTS[row % 4][column % 2]
    return cells
