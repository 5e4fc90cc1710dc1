"""Tables for the primitive `resample`: which places each output reads, with what weight, and the transpose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["Table", "table"]

Half = tuple[Any, Any]
Table = tuple[Half, Half]
"""(index, weight) of the map, and of its transpose; index and weight are (outputs, taps)."""


def table(places: Sequence[Any], weights: Sequence[Any], size: int) -> Table:
    """For each output the places that it reads, out of `size`, and their weights.

    >>> (index, weight), (back_index, back_weight) = table([[0], [0, 1]], [[1.0], [0.5, 0.5]], 2)
    >>> back_index.tolist(), back_weight.tolist()
    ([[0, 1], [1, 1]], [[1.0, 0.5], [0.5, 0.0]])
    """
    outputs = np.repeat(np.arange(len(places)), [len(p) for p in places])
    read = np.concatenate([np.asarray(p, np.int64) for p in places])
    weight = np.concatenate([np.asarray(w, np.float64) for w in weights])
    return _grouped(outputs, read, weight, len(places)), _grouped(read, outputs, weight, size)


def _grouped(rows: Any, columns: Any, weight: Any, count: int) -> Half:
    """The entries (row, column, weight) of a sparse matrix row by row; short rows repeat a column with weight 0."""
    order = np.argsort(rows, kind="stable")
    rows, columns, weight = rows[order], columns[order], weight[order]
    number = np.bincount(rows, minlength=count)
    starts = np.cumsum(number) - number
    taps = np.arange(max(1, int(number.max(initial=1))))
    filled = taps < number[:, None]
    at = np.where(filled, starts[:, None] + taps, np.minimum(starts, max(len(rows) - 1, 0))[:, None])
    return columns[at], np.where(filled, weight[at], 0.0)
