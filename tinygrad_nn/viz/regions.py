"""Decision regions: which class a model gives where, with the data points over it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.nn.module import Module
from tinygrad_nn.primitive import wrap
from tinygrad_nn.viz.plots import CLASSES, array_of, figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["answer_of", "classes_of", "decision_regions", "extent_of", "grid_of"]


def decision_regions(
    model: Module | Callable[[Any], Any], x: Any, y: Any, *, classes: Sequence[str] | None = None, steps: int = 200,
    threshold: float = 0.0, title: str | None = None,
) -> Figure:  # fmt: skip
    """The points x (N, 2) of the classes y (N,) over the regions in which `model` gives each class.

    A colour is the paler the less sure the model is. `model` is a Module (run in eval mode, without
    gradients) or a function of a tensor (M, 2); it gives scores or probabilities (M, C), the largest
    one counting, or one score for each point, (M,) or (M, 1), class 1 where above `threshold`
    (0 for logits, 0.5 for probabilities), or classes, if it gives integers (M,).

    Args:
        steps: the grid has steps x steps points.
        title: above the picture, before the share of points that are right.

    Raises ValueError for x or y of another shape, and for results of another shape.

    >>> figure = decision_regions(lambda points: points[:, 0] > 0, [[-1, 0], [1, 1]], [0, 1])
    >>> figure.axes[0].get_title()
    '100.00 % right'
    """
    if not callable(model):
        raise TypeError(message("decision_regions: model is a Module or a function", got=type(model).__name__))
    points, truth = array_of(x).astype(np.float32), array_of(y).reshape(-1).astype(int)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) != len(truth) or not len(points):
        raise ArgumentError(
            message(
                "decision_regions: x must be (N, 2) and y (N,)",
                got=f"{points.shape} and {array_of(y).shape}",
                fix="choose two features",
            )
        )
    left, right, bottom, top = extent_of(points)
    grid = grid_of(points, steps)
    winner, sure = classes_of(answer_of(model, grid), threshold)
    guess, _ = classes_of(answer_of(model, points), threshold)

    made, axes = figure(4.8, 4.8 * float(np.clip((top - bottom) / (right - left), 0.4, 1.6)) + 0.3)
    ax = axes[0][0]
    colors = rgb(CLASSES)
    tint = (0.08 + 0.3 * sure)[:, None]  # white at tint 0
    ax.imshow((1 - tint + tint * colors[winner % len(colors)]).reshape(steps, steps, 3), extent=(left, right, bottom, top),
              origin="lower", aspect="auto", interpolation="bilinear")  # fmt: skip
    size = float(np.clip(9000 / len(points), 6, 24))
    for k in np.unique(truth):
        mine = points[truth == k]
        ax.scatter(*mine.T, s=size, color=CLASSES[k % len(CLASSES)], edgecolors="white", linewidths=0.2,
                   label=classes[k] if classes is not None else str(k))  # fmt: skip
    if classes is not None:
        ax.legend(frameon=True, fontsize=8, loc="upper right")
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    ax.set_title(f"{title}: " * bool(title) + f"{100 * np.mean(guess == truth):.2f} % right", fontsize=10)
    return made


def extent_of(points: Any) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of a frame with some air around points (N, 2)."""
    middle, reach = (points.max(0) + points.min(0)) / 2, 0.54 * (points.max(0) - points.min(0)) + 1e-6
    (left, bottom), (right, top) = middle - reach, middle + reach
    return float(left), float(right), float(bottom), float(top)


def grid_of(points: Any, steps: int) -> Any:
    """The points (steps², 2) of a grid over that frame, row by row from the bottom, float32."""
    left, right, bottom, top = extent_of(points)
    sides = np.meshgrid(np.linspace(left, right, steps), np.linspace(bottom, top, steps))
    return np.stack(sides, -1).astype(np.float32).reshape(-1, 2)


def answer_of(model: Module | Callable[[Any], Any], points: Any) -> Any:
    """What the model gives for points (M, 2), as an array; its mode is left as it was."""
    if not isinstance(model, Module):
        with no_grad():
            return array_of(model(wrap(points)))
    like = next((p.array.dtype for p in model.parameters()), points.dtype)
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        with no_grad():
            return array_of(model(wrap(points.astype(like))))
    finally:
        for part, training in modes:
            part.training = training


def classes_of(answer: Any, threshold: float) -> tuple[Any, Any]:
    """The class at each point, and how sure that is, 0..1."""
    if answer.ndim == 2 and answer.shape[1] > 1:
        shares = answer
        if answer.min() < 0 or not np.allclose(answer.sum(1), 1, atol=1e-3):  # not probabilities yet
            shares = np.exp(answer - answer.max(1, keepdims=True))
            shares /= shares.sum(1, keepdims=True)
        ordered = np.sort(shares, 1)
        return shares.argmax(1), ordered[:, -1] - ordered[:, -2]
    if answer.ndim not in (1, 2):
        raise ArgumentError(
            message("decision_regions: the model must give (M, C), (M, 1) or (M,)", got=f"shape {answer.shape}")
        )
    flat = answer.reshape(-1)
    if flat.dtype.kind in "iub":
        return flat.astype(int), np.ones(len(flat))
    away = np.abs(flat - threshold)
    return (flat > threshold).astype(int), away / max(float(away.max()), 1e-9)


def rgb(names: Sequence[str]) -> Any:
    """(n, 3) floats from "#rrggbb"."""
    return np.array([[int(name[k : k + 2], 16) / 255 for k in (1, 3, 5)] for name in names])
