"""Plots of learning and its results: curves, confusion matrices, decision regions, images, weights.

Each function gives a matplotlib Figure (a notebook shows it); `save` writes one to a file and
`animation` several to a GIF, whole or not at all. matplotlib is imported only here, and only when a
plot is made.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.errors import ArgumentError, MissingPackage, message
from tinygrad_nn.nn.module import Module
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.serialization.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "animation",
    "confusion_matrix",
    "curves",
    "decision_regions",
    "misclassified",
    "save",
    "side_by_side",
    "weights",
]

BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#6b7280"  # Okabe and Ito's palette
COLORS = (BLUE, ORANGE, GREEN, "#cc79a7", "#e69f00", "#56b4e9")
CLASSES = (*COLORS, "#b8a90a", "#7b4ea3", "#8c564b", "#4d4d4d")
"""Ten classes; further ones begin again."""


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
        raise ArgumentError(
            message("curves: there is nothing to draw", got="an empty history", fix="train for an epoch first")
        )
    made, axes = figure(4.6 * len(panels), 3.4, 1, len(panels))
    for ax, (quantity, names) in zip(axes[0], panels.items(), strict=True):
        for name, color in zip(names, COLORS * (1 + len(names) // len(COLORS)), strict=False):
            values = np.asarray(history[name], float) * (100 if quantity == "accuracy" else 1)
            ax.plot(range(1, len(values) + 1), values, color=color, label=name, linewidth=1.8,
                    marker="o" if len(values) <= 40 else "", markersize=3)  # fmt: skip
        ax.xaxis.get_major_locator().set_params(integer=True)
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
    ax.set_title(
        f"{100 * accuracy:.2f} % right, {matrix.sum() - np.trace(matrix)} of {matrix.sum()} wrong", fontsize=10
    )
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
    made.suptitle(
        f"{len(wrong)} of {len(t)} misclassified: prediction, not truth" if len(wrong) else "nothing misclassified",
        fontsize=10,
    )
    return made


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
    points, truth = _array(x).astype(np.float32), _array(y).reshape(-1).astype(int)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) != len(truth) or not len(points):
        raise ArgumentError(
            message(
                "decision_regions: x must be (N, 2) and y (N,)",
                got=f"{points.shape} and {_array(y).shape}",
                fix="choose two features",
            )
        )
    middle, reach = (points.max(0) + points.min(0)) / 2, 0.54 * (points.max(0) - points.min(0)) + 1e-6
    (left, bottom), (right, top) = middle - reach, middle + reach
    grid = np.stack(np.meshgrid(np.linspace(left, right, steps), np.linspace(bottom, top, steps)), -1).astype(
        np.float32
    )
    winner, sure = _classes_of(_answer(model, grid.reshape(-1, 2)), threshold)
    guess, _ = _classes_of(_answer(model, points), threshold)

    made, axes = figure(4.8, 4.8 * float(np.clip((top - bottom) / (right - left), 0.4, 1.6)) + 0.3)
    ax = axes[0][0]
    colors = _rgb(CLASSES)
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


def side_by_side(
    images: Iterable[Any], titles: Sequence[str] | None = None, *, columns: int | None = None, size: float | None = None
) -> Figure:
    """Images next to one another, each (H, W) grey or (H, W, 3) RGB, in rows of `columns`.

    Integers are taken from 0..255; floats from 0..1, cut there if RGB, stretched from the smallest to
    the largest if grey. `size` is the width of each in inches.

    Raises ValueError for no image, one of another shape, or another number of titles.
    """
    pictures = [_array(image) for image in images]
    if not pictures:
        raise ArgumentError(message("side_by_side: there is nothing to draw", got="no images"))
    for picture in pictures:
        if picture.ndim != 2 and not (picture.ndim == 3 and picture.shape[2] == 3):
            raise ArgumentError(
                message(
                    "side_by_side: an image must be (H, W) or (H, W, 3)",
                    got=f"shape {picture.shape}",
                    fix="for channels first: image.permute(1, 2, 0); for one channel: image[0]",
                )
            )
    if titles is not None and len(titles) != len(pictures):
        raise ArgumentError(
            message("side_by_side: one title for each image", got=f"{len(titles)} titles, {len(pictures)} images")
        )
    columns = columns or min(len(pictures), 8)
    size = size or (3.2 if len(pictures) < 4 else 1.1)
    return _sheet(pictures, titles, columns, size, cmap="gray_r")


def weights(
    layer: Module, *, shape: tuple[int, int] | None = None, columns: int = 8, titles: Sequence[str] | None = None
) -> Figure:
    """The weights of each unit of a layer as an image: blue below zero, red above, the same scale for all.

    A Linear layer's rows are laid out as `shape` (height, width), a square if that is left out; a
    Conv2d's filters are drawn channel by channel.

    Raises ValueError for a layer without such a weight, or a shape that does not fit.

    >>> from tinygrad_nn import nn
    >>> len(weights(nn.Linear(784, 16)).axes)
    16
    """
    weight = getattr(layer, "weight", None)
    if weight is None or weight.ndim not in (2, 4):
        raise ArgumentError(
            message(
                "weights: the layer must have a weight of 2 or 4 dimensions",
                got=repr(layer),
                fix="pass a Linear or Conv2d layer",
            )
        )
    array = weight.array
    if array.ndim == 4:
        shape, array = array.shape[2:], array.reshape(-1, array.shape[2] * array.shape[3])
    side = round(array.shape[1] ** 0.5)
    height, width = shape or (side, side)
    if height * width != array.shape[1]:
        raise ArgumentError(
            message(
                f"weights: {array.shape[1]} inputs do not fill an image",
                got=f"shape {(height, width)}",
                fix="pass shape=(height, width)",
            )
        )
    limit = float(np.abs(array).max()) or 1.0
    return _sheet(
        list(array.reshape(-1, height, width)),
        titles,
        min(columns, len(array)),
        1.1,
        cmap="RdBu_r",
        vmin=-limit,
        vmax=limit,
    )


def animation(frames: Iterable[Any], path: str | os.PathLike[str], *, seconds: float = 0.12, last: float = 2.0) -> Path:
    """Write an animated GIF; folders are made. Returns the path.

    Args:
        frames: figures, all of one size, or images (H, W, 3) uint8. Each is drawn as it comes, so a
            generator needs memory for pixels only.
        seconds: how long a frame stands; `last`: the last one.

    Raises ValueError for no frames or frames of different sizes, ImportError without Pillow.
    """
    try:
        from PIL import Image
    except ImportError:
        raise MissingPackage('animations need Pillow: pip install "tinygrad_nn[viz]"') from None
    drawn = [_pixels(frame) for frame in frames]
    sizes = {frame.shape for frame in drawn}
    if len(sizes) != 1:
        raise ArgumentError(
            message("animation: the frames must be images of one size", got=sorted(sizes) or "no frames")
        )
    # one palette for all frames, of the last one: colours do not flicker
    palette = Image.fromarray(drawn[-1]).quantize(255)
    first, *rest = [Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in drawn]
    stand = [round(1000 * seconds)] * len(rest) + [round(1000 * last)]
    packed = io.BytesIO()
    first.save(packed, "GIF", save_all=True, append_images=rest, duration=stand, loop=0, optimize=False)
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as stream:
        stream.write(packed.getvalue())
    return target


def _pixels(frame: Any) -> Any:
    """A figure or image as (H, W, 3) uint8."""
    if hasattr(frame, "savefig"):
        drawn = io.BytesIO()
        frame.savefig(drawn, format="rgba", dpi=80)
        width, height = (int(n * 80) for n in frame.get_size_inches())
        return np.frombuffer(drawn.getvalue(), np.uint8).reshape(height, width, 4)[..., :3].copy()
    image = _array(frame)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ArgumentError(
            message(
                "animation: a frame must be a figure or an image (H, W, 3) uint8", got=f"{image.dtype} {image.shape}"
            )
        )
    return image


def _answer(model: Module | Callable[[Any], Any], points: Any) -> Any:
    """What the model gives for points (M, 2), as an array; its mode is left as it was."""
    if not isinstance(model, Module):
        with no_grad():
            return _array(model(wrap(points)))
    like = next((p.array.dtype for p in model.parameters()), points.dtype)
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        with no_grad():
            return _array(model(wrap(points.astype(like))))
    finally:
        for part, training in modes:
            part.training = training


def _classes_of(answer: Any, threshold: float) -> tuple[Any, Any]:
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


def _sheet(pictures: Sequence[Any], titles: Sequence[str] | None, columns: int, size: float, **shown: Any) -> Figure:
    """Images in rows of `columns`, each `size` inches wide."""
    rows = -(-len(pictures) // columns)
    tall = size * pictures[0].shape[0] / pictures[0].shape[1] + (0.25 if titles is not None else 0.05)
    made, axes = figure(size * columns, tall * rows, rows, columns)
    for k, ax in enumerate(axes.ravel()):
        ax.axis("off")
        if k < len(pictures):
            picture = pictures[k]
            ax.imshow(np.clip(picture, 0, 1) if picture.ndim == 3 and picture.dtype.kind == "f" else picture, **shown)
            if titles is not None:
                ax.set_title(titles[k], fontsize=9)
        else:
            ax.remove()
    return made


def _rgb(names: Sequence[str]) -> Any:
    """(n, 3) floats from "#rrggbb"."""
    return np.array([[int(name[k : k + 2], 16) / 255 for k in (1, 3, 5)] for name in names])


def _array(values: Any) -> Any:
    return values.array if type(values) in TYPES else np.asarray(values)


def _plain(ax: Axes, x_label: str, y_label: str) -> None:
    """Axes without a box, with a light grid."""
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    ax.grid(alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)
