"""Plots of learning and its results: curves, confusion matrices, sheets of misclassified images.

Each function gives a matplotlib Figure (a notebook shows it); `save` writes one to a file, whole or
not at all. matplotlib is imported only here, and only when a plot is made.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, MissingPackage, message
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.serialization.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["confusion_matrix", "curves", "misclassified", "save"]

BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#6b7280"  # Okabe and Ito's palette
COLORS = (BLUE, ORANGE, GREEN, "#cc79a7", "#e69f00", "#56b4e9")


def figure(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, Any]:
    """An empty figure (inches) and its axes; no window, no global state. ImportError without matplotlib."""
    try:
        from matplotlib.figure import Figure as Made
    except ImportError:
        raise MissingPackage('plots need matplotlib: pip install "tinygrad_nn[viz]"') from None
    made = Made(figsize=(width, height), dpi=120, layout="constrained")
    return made, made.subplots(rows, columns, squeeze=False)


def save(figure: Figure, path: str | os.PathLike[str]) -> Path:
    """Write a figure to `path`, in the format of its ending; folders are made. Returns the path."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    drawn = io.BytesIO()
    figure.savefig(drawn, format=target.suffix[1:] or "png")
    with replacing(target) as stream:
        stream.write(drawn.getvalue())
    return target


def curves(history: Mapping[str, Sequence[float]], *, x_label: str = "epoch") -> Figure:
    """Lines of `history` by name, one panel per quantity: "loss" and "validation loss" share one.

    The quantity is the last word of a name; percentages are drawn for names that end in "accuracy".
    Raises ValueError for an empty history.
    """
    panels: dict[str, list[str]] = {}
    for name in history:
        panels.setdefault(name.split()[-1], []).append(name)
    if not any(len(values) for values in history.values()):
        raise ArgumentError(message("curves: there is nothing to draw", got="an empty history", fix="train for an epoch first"))
    made, axes = figure(4.6 * len(panels), 3.4, 1, len(panels))
    for ax, (quantity, names) in zip(axes[0], panels.items(), strict=True):
        for name, color in zip(names, COLORS * (1 + len(names) // len(COLORS)), strict=False):
            values = np.asarray(history[name], float) * (100 if quantity == "accuracy" else 1)
            ax.plot(range(1, len(values) + 1), values, color=color, label=name, marker="o", markersize=3, linewidth=1.8)
        _plain(ax, x_label, quantity + (" (%)" if quantity == "accuracy" else ""))
        if quantity == "loss":
            ax.set_ylim(bottom=0)
        ax.legend(frameon=False)
    return made


def confusion_matrix(truth: Any, predicted: Any, classes: Sequence[str] | None = None) -> Figure:
    """How often each class (row) was taken for each (column): counts, coloured by the share of the row.

    The diagonal, what was right, is left pale, so that the mistakes show.
    """
    t, p = _array(truth).astype(int), _array(predicted).astype(int)
    count = len(classes) if classes is not None else int(max(t.max(), p.max())) + 1
    matrix = np.zeros((count, count), int)
    np.add.at(matrix, (t, p), 1)
    wrong = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    np.fill_diagonal(wrong, 0)
    made, axes = figure(0.5 * count + 1.6, 0.5 * count + 1.2)
    ax = axes[0][0]
    ax.imshow(wrong, cmap="Oranges", vmin=0, vmax=max(wrong.max(), 1e-9))
    for i in range(count):
        for j in range(count):
            if matrix[i, j]:
                strong = i != j and wrong[i, j] > 0.6 * wrong.max()
                ax.text(j, i, matrix[i, j], ha="center", va="center", fontsize=8,
                        color="white" if strong else "black" if i == j else GREY)  # fmt: skip
    names = list(classes) if classes is not None else [str(k) for k in range(count)]
    ax.set_xticks(range(count), names)
    ax.set_yticks(range(count), names)
    ax.set_xlabel("predicted")
    ax.set_ylabel("truth")
    accuracy = np.trace(matrix) / max(matrix.sum(), 1)
    ax.set_title(f"{100 * accuracy:.2f} % right, {matrix.sum() - np.trace(matrix)} of {matrix.sum()} wrong", fontsize=10)
    return made


def misclassified(
    images: Any, truth: Any, predicted: Any, *, confidence: Any = None, rows: int = 5, columns: int = 8,
    classes: Sequence[str] | None = None,
) -> Figure:  # fmt: skip
    """A sheet of the images (N, H, W) whose prediction was wrong, the most confident mistakes first."""
    t, p = _array(truth).astype(int), _array(predicted).astype(int)
    pictures = _array(images)
    wrong = np.flatnonzero(t != p)
    if confidence is not None:
        wrong = wrong[np.argsort(-_array(confidence)[wrong], kind="stable")]
    shown = wrong[: rows * columns]
    rows = max(1, -(-len(shown) // columns))
    made, axes = figure(1.05 * columns, 1.3 * rows + 0.5, rows, columns)
    names = list(classes) if classes is not None else None
    for k, ax in enumerate(axes.ravel()):
        ax.axis("off")
        if k < len(shown):
            i = shown[k]
            ax.imshow(pictures[i], cmap="gray_r")
            says, is_ = (names[p[i]], names[t[i]]) if names else (p[i], t[i])
            ax.set_title(f"{says}, not {is_}", fontsize=9, color=ORANGE)
    made.suptitle(f"{len(wrong)} of {len(t)} misclassified: prediction, not truth" if len(wrong) else "nothing misclassified", fontsize=10)
    return made


def _array(values: Any) -> Any:
    return values.array if type(values) in TYPES else np.asarray(values)


def _plain(ax: Axes, x_label: str, y_label: str) -> None:
    """Axes without a box, with a light grid."""
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    ax.grid(alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)
