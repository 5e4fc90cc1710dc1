"""Plots of learning and its results: curves, confusion matrices, images, weights.

Each function gives a matplotlib Figure (a notebook shows it); `save` writes one to a file and
`animation` several to a GIF, whole or not at all. matplotlib is imported only here, and only when a
plot is made.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, MissingPackage, message
from tinygrad_nn.nn.module import Module
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.serialization.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "animation",
    "confusion_matrix",
    "curves",
    "figure_svg",
    "histograms",
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


def curves(history: Any, *, x_label: str = "") -> Figure:
    """Lines by name, one panel per quantity: "loss" and "validation loss" share one.

    history: a `History`, or any dict of name: values, over the epochs; or a `Recorder`, over its steps.
    The quantity is the last word of a name; percentages are drawn for names that end in "accuracy".

    Raises ValueError for an empty history.

    >>> drawn = curves({"loss": [2.0, 1.0], "validation loss": [2.5, 1.5], "accuracy": [0.5, 0.75]})
    >>> [(ax.get_ylabel(), len(ax.lines)) for ax in drawn.axes]
    [('loss', 2), ('accuracy (%)', 1)]
    """
    history = getattr(history, "curves", history)
    if not isinstance(history, Mapping) and not (hasattr(history, "keys") and hasattr(history, "values")):
        raise TypeError(
            message(
                "curves: takes a History, or a dict of names and values",
                got=type(history).__name__,
                fix='curves({"loss": losses})',
            )
        )
    panels: dict[str, list[str]] = {}
    for name in history:
        panels.setdefault(name.split()[-1], []).append(name)
    if not any(len(values) for values in history.values()):
        raise ArgumentError(
            message("curves: there is nothing to draw", got="an empty history", fix="train for an epoch first")
        )
    by_step = any(hasattr(values, "steps") for values in history.values())
    made, axes = figure(4.6 * len(panels), 3.4, 1, len(panels))
    for ax, (quantity, names) in zip(axes[0], panels.items(), strict=True):
        for name, color in zip(names, COLORS * (1 + len(names) // len(COLORS)), strict=False):
            steps, values = _line_of(history[name])
            ax.plot(steps, values * (100 if quantity == "accuracy" else 1), color=color, label=name, linewidth=1.8,
                    marker="o" if len(values) <= 40 else "", markersize=3)  # fmt: skip
        ax.xaxis.get_major_locator().set_params(integer=True)
        _plain(ax, x_label or ("step" if by_step else "epoch"), quantity + (" (%)" if quantity == "accuracy" else ""))
        if quantity == "loss" and all(np.nanmin(_line_of(history[name])[1], initial=0) >= 0 for name in names):
            ax.set_ylim(bottom=0)
        ax.legend(frameon=False)
    return made


def _line_of(curve: Any) -> tuple[Any, Any]:
    """Where and what: of a recorder's series its steps, of plain values the epochs 1, 2, ..."""
    if hasattr(curve, "steps"):
        return np.asarray(curve.steps, float), np.asarray(curve.values, float)
    try:
        values = np.asarray(curve, float).reshape(-1)
    except (TypeError, ValueError):
        raise ArgumentError(message("curves: a curve is a list of numbers", got=repr(curve)[:60])) from None
    return np.arange(1.0, len(values) + 1), values


def histograms(recorder: Any, of: str = "weights", *, columns: int = 4) -> Figure:
    """How the values of each array spread over time: the darker, the more values; the line is their mean.

    recorder: a `Recorder` that has seen training
    of:       "weights", "gradients", "activations" (these with the recorder's `data` only), or "updates": by how
              much of its size one step changed each weight, on a logarithmic scale

    Raises ValueError for another name, and where nothing of the kind was recorded.
    """
    if of not in ("weights", "gradients", "activations", "updates"):
        fix = "'weights', 'gradients', 'activations' or 'updates'"
        raise ArgumentError(message("histograms: of is not one of its choices", got=repr(of), fix=fix))
    if not hasattr(recorder, "film"):
        raise TypeError(
            message(
                "histograms: takes a Recorder", got=type(recorder).__name__, fix="with viz.Recorder(net) as recorder"
            )
        )
    film = recorder.film()
    if of == "updates":
        return _updates(film)
    shown = getattr(film, of)
    if not shown:
        fix = "viz.Recorder(net, (x, y))" if of == "activations" else "call recorder.step() before zero_grad()"
        raise ArgumentError(message(f"histograms: no {of} were recorded", fix=fix))
    columns = min(columns, len(shown))
    rows = -(-len(shown) // columns)
    made, axes = figure(3.1 * columns, 2.3 * rows, rows, columns)
    for ax, one in zip(axes.ravel(), shown, strict=False):
        _over_time(ax, film.steps, one)
    for ax in axes.ravel()[len(shown) :]:
        ax.remove()
    made.suptitle(of, fontsize=10)
    return made


def _over_time(ax: Axes, steps: Sequence[int], one: Any) -> None:
    """One array's histograms, each moment a column, and its mean."""
    counts = one.counts / np.maximum(one.counts.max(1, keepdims=True), 1)
    sides = np.array([*steps, steps[-1] + (steps[-1] - steps[0]) / max(len(steps) - 1, 1) + 1e-9])
    levels = np.linspace(one.low, one.high, one.counts.shape[1] + 1)
    ax.pcolormesh(sides, levels, np.sqrt(counts).T, cmap="Blues", vmin=0, vmax=1, rasterized=True)
    ax.plot(steps, [mean for mean, _ in one.spread], color=ORANGE, linewidth=1.2)
    ax.set_title(one.name, fontsize=9)
    ax.tick_params(labelsize=7)


def _updates(film: Any) -> Figure:
    made, axes = figure(6.4, 3.6)
    ax = axes[0][0]
    for (name, ratios), color in zip(
        film.updates.items(), COLORS * (1 + len(film.updates) // len(COLORS)), strict=False
    ):
        ax.plot(film.steps, ratios, color=color, label=name, linewidth=1.4)
    ax.axhline(1e-3, color=GREY, linewidth=1, linestyle="--")
    ax.set_yscale("log")
    _plain(ax, "step", "update / weight")
    ax.legend(frameon=False, fontsize=7)
    return made


def figure_svg(figure: Figure) -> str:
    """A figure as an <svg> element, with its text as text: to be put into HTML."""
    drawn = io.StringIO()
    from matplotlib import rc_context

    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "tinygrad_nn"}):
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    text = drawn.getvalue()
    return text[text.index("<svg") :]


def confusion_matrix(truth: Any, predicted: Any, classes: Sequence[str] | None = None) -> Figure:
    """How often each class (row) was taken for each (column): counts, coloured by the share of the row.

    The diagonal, what was right, is left pale, so that the mistakes show.
    """
    t, p = _classes("truth", truth), _classes("predicted", predicted)
    if t.shape != p.shape or not t.size:
        raise ArgumentError(
            message(
                "confusion_matrix: as many predictions as true classes", got=f"{t.size} and {p.size}", fix="(N,) each"
            )
        )
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
                        color="white" if strong else "black")  # fmt: skip
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


def _classes(word: str, given: Any) -> Any:
    """Class numbers (N,)."""
    found = array_of(given)
    if found.dtype.kind not in "biu" and not (found.dtype.kind == "f" and (found == np.rint(found)).all()):
        fix = "output.argmax(1) for scores"
        raise ArgumentError(
            message(f"confusion_matrix: {word} holds no class numbers", got=f"dtype {found.dtype}", fix=fix)
        )
    if found.ndim != 1 or (found.size and found.min() < 0):
        raise ArgumentError(
            message(f"confusion_matrix: {word} is a list of class numbers from 0", got=f"shape {found.shape}")
        )
    return found.astype(int)


def misclassified(
    images: Any, truth: Any, predicted: Any, *, confidence: Any = None, rows: int = 5, columns: int = 8,
    classes: Sequence[str] | None = None,
) -> Figure:  # fmt: skip
    """A sheet of the images (N, H, W) whose prediction was wrong, the most confident mistakes first."""
    t, p = array_of(truth).astype(int), array_of(predicted).astype(int)
    pictures = array_of(images)
    wrong = np.flatnonzero(t != p)
    if confidence is not None:
        wrong = wrong[np.argsort(-array_of(confidence)[wrong], kind="stable")]
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


def side_by_side(
    images: Iterable[Any], titles: Sequence[str] | None = None, *, columns: int | None = None, size: float | None = None
) -> Figure:
    """Images next to one another, each (H, W) grey or (H, W, 3) RGB, in rows of `columns`.

    Integers are taken from 0..255; floats from 0..1, cut there if RGB, stretched from the smallest to
    the largest if grey. `size` is the width of each in inches.

    Raises ValueError for no image, one of another shape, or another number of titles.
    """
    pictures = [array_of(image) for image in images]
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
    # one palette for all frames: colours do not flicker
    some = np.concatenate([frame.reshape(-1, 3)[:: max(1, frame.size // 60_000)] for frame in drawn])
    palette = Image.fromarray(some[None]).quantize(255)
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
    image = array_of(frame)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ArgumentError(
            message(
                "animation: a frame must be a figure or an image (H, W, 3) uint8", got=f"{image.dtype} {image.shape}"
            )
        )
    return image


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


def array_of(values: Any) -> Any:
    return values.array if type(values) in TYPES else np.asarray(values)


def _plain(ax: Axes, x_label: str, y_label: str) -> None:
    """Axes without a box, with a light grid."""
    ax.set_xlabel(x_label)
    ax.set_ylabel(y_label)
    ax.grid(alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)
