"""What a model makes of some data, as one picture that can be drawn again at every moment of training.

The kind follows from the data: regions or a surface over two features, a curve over one, an image from a
function of the user's, samples with the chances of their classes, predictions against truth.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.nn import Module
from tinygrad_nn.primitive import wrap
from tinygrad_nn.viz.picture import pixels, reduced, square_side
from tinygrad_nn.viz.plots import BLUE, GREY, ORANGE, array_of, figure, side_by_side
from tinygrad_nn.viz.regions import classes_of, decision_regions, extent_of, grid_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Scene", "run", "scene_of"]

PROBE = 256  # samples for activations and the doctor
_GRID, _LINE, _POINTS, _SIDE, _TILES = 64, 200, 800, 72, 12

Look = dict[str, Any]


class Scene:
    """Nothing but the samples to look at: `inputs` and `target` (arrays), both empty without data.

    look:   what there is to see of the model now, as arrays
    figure: the model's picture as it is now, drawn
    told:   all looks (None where there is none), as the page wants them
    """

    kind = "none"

    def __init__(self, inputs: tuple[Any, ...] = (), target: Any = None) -> None:
        self.inputs, self.target = inputs, target

    def look(self, model: Module) -> Look:
        """Nothing to see."""
        return {}

    def figure(self, model: Module, title: str, size: int) -> Figure:
        """Refused: there is nothing to draw."""
        raise ArgumentError(
            message("Recorder.frames: there is no picture to draw", fix="viz.Recorder(net, (x, y)), or picture=...")
        )

    def told(self, looks: list[Look | None]) -> dict[str, Any]:
        """The kind alone."""
        return {"kind": self.kind, "frames": []}


def scene_of(
    model: Module, data: Any, picture: Callable[[Module], Any] | None, classes: Sequence[str] | None, threshold: float
) -> Scene:
    """The scene that suits the data, or the user's picture. Raises ValueError for data of another form."""
    inputs, target = _parts(model, data)
    if picture is not None:
        return Picture(inputs, target, picture)
    if target is None:
        return Scene()
    x = inputs[0]
    if len(inputs) > 1 or not x.ndim or len(x) != len(target):
        return Scene(inputs, target)
    whole = target.dtype.kind in "iub" or bool(np.isin(target, (0, 1)).all())
    if target.ndim > 1 and target.shape[1] > 1:
        return Scene(inputs, target)
    if x.ndim == 2 and x.shape[1] == 2 and x.dtype.kind == "f":
        return Regions(x, target, classes, threshold) if whole else Surface(x, target)
    if x.ndim in (1, 2) and x.size == len(x) and not whole:
        return Line(x, target)
    return Samples(x, target, classes) if target.dtype.kind in "iub" else Scatter(x, target)


def _parts(model: Module, data: Any) -> tuple[tuple[Any, ...], Any]:
    if data is None:
        return (), None
    if not isinstance(data, tuple | list) or len(data) < 2:
        got = f"shape {tuple(data.shape)}" if hasattr(data, "shape") else type(data).__name__
        fix = "viz.Recorder(net, (x, y)); of a loader: next(iter(loader))"
        raise ArgumentError(message("Recorder: data must be (x, y)", got=got, fix=fix))
    like = next((p.array.dtype for p in model.parameters()), np.dtype(np.float32))
    *inputs, target = [array_of(part) for part in data]
    if not target.size:
        raise ArgumentError(message("Recorder: data must be (x, y)", got="no samples", fix="give some"))
    return tuple([x.astype(like) if x.dtype.kind == "f" else x for x in inputs]), target


@no_grad()
def run(model: Module, *inputs: Any) -> Any:
    """What the model (a copy, in eval mode) gives for arrays, as an array."""
    return array_of(model(*[wrap(x) for x in inputs]))


# -- over one and two features ---------------------------------------------------------------------


class Regions(Scene):
    """Points of two features and their classes, over the regions of the model's."""

    kind = "regions"

    def __init__(self, x: Any, y: Any, classes: Sequence[str] | None, threshold: float) -> None:
        super().__init__((x,), y)
        self.truth = y.reshape(-1).astype(int)
        self.classes, self.threshold = classes, threshold
        self.grid = grid_of(x, _GRID).astype(x.dtype)

    def look(self, model: Module) -> Look:
        """The class at each point of the grid, how sure that is, and the share of the data that is right."""
        winner, sure = classes_of(run(model, self.grid), self.threshold)
        guess, _ = classes_of(run(model, self.inputs[0]), self.threshold)
        return {"winner": winner, "sure": sure, "right": float((guess == self.truth).mean())}

    def figure(self, model: Module, title: str, size: int) -> Figure:
        """`decision_regions`."""
        return decision_regions(
            model, self.inputs[0], self.truth, classes=self.classes, steps=size, threshold=self.threshold,
            title=title,
        )  # fmt: skip

    def told(self, looks: list[Look | None]) -> dict[str, Any]:
        """Cells of one byte: class * 25 + sureness in 24 parts, the rows from the bottom."""
        chosen = _some(len(self.truth))
        return {
            "kind": self.kind, "side": _GRID, "extent": extent_of(self.inputs[0]), "points": self.inputs[0][chosen].tolist(),
            "truth": (self.truth[chosen] % 10).tolist(), "classes": _names(self.classes, self.truth),
            "frames": [None if look is None else {"cells": _cells(look), "right": look["right"]} for look in looks],
        }  # fmt: skip


def _cells(look: Look) -> str:
    sure = np.clip(np.nan_to_num(look["sure"]), 0, 1)
    return _bytes(look["winner"] % 10 * 25 + np.rint(24 * sure).astype(int))


class Surface(Scene):
    """A function of two features, as colours; the points of the data in the same colours over it."""

    kind = "surface"

    def __init__(self, x: Any, y: Any) -> None:
        super().__init__((x,), y)
        self.grid = grid_of(x, _GRID).astype(x.dtype)

    def look(self, model: Module) -> Look:
        """The model's first output over the grid, (64, 64), from the bottom."""
        return {"values": run(model, self.grid).reshape(len(self.grid), -1)[:, 0].reshape(_GRID, _GRID)}

    def figure(self, model: Module, title: str, size: int) -> Figure:
        """The surface and the points."""
        made, axes = figure(4.8, 4.4)
        y = self.target.reshape(-1)
        scale = {"vmin": float(y.min()), "vmax": float(y.max()), "cmap": "cividis"}
        extent = extent_of(self.inputs[0])
        axes[0][0].imshow(self.look(model)["values"], origin="lower", extent=extent, aspect="auto", **scale)
        axes[0][0].scatter(*self.inputs[0].T, c=y, s=12, edgecolors="white", linewidths=0.4, **scale)
        axes[0][0].set_title(title, fontsize=10)
        return made

    def told(self, looks: list[Look | None]) -> dict[str, Any]:
        """Values on the scale of the data's."""
        y, chosen = self.target.reshape(-1).astype(float), _some(len(self.target))
        scale = float(y.min()), float(y.max())
        return {
            "kind": self.kind, "side": _GRID, "extent": extent_of(self.inputs[0]), "points": self.inputs[0][chosen].tolist(),
            "values": y[chosen].tolist(), "scale": scale,
            "frames": [None if look is None else {"cells": _bytes(_scaled(look["values"], *scale))} for look in looks],
        }  # fmt: skip


class Line(Scene):
    """A function of one feature, as a curve through the points."""

    kind = "line"

    def __init__(self, x: Any, y: Any) -> None:
        super().__init__((x,), y)
        flat = x.reshape(-1).astype(float)
        air = 0.05 * (flat.max() - flat.min() or 1.0)
        self.grid = np.linspace(flat.min() - air, flat.max() + air, _LINE)

    def look(self, model: Module) -> Look:
        """The model's first output along the grid."""
        x = self.inputs[0]
        values = run(model, self.grid.astype(x.dtype).reshape(-1, *x.shape[1:]))
        return {"values": values.reshape(_LINE, -1)[:, 0].astype(float)}

    def figure(self, model: Module, title: str, size: int) -> Figure:
        """The curve over the points."""
        made, axes = figure(4.8, 3.6)
        y = self.target.reshape(-1)
        axes[0][0].scatter(self.inputs[0].reshape(-1), y, s=10, color=GREY)
        axes[0][0].plot(self.grid, self.look(model)["values"], color=ORANGE, linewidth=2)
        air = 0.15 * float(y.max() - y.min() or 1)
        axes[0][0].set_ylim(float(y.min()) - air, float(y.max()) + air)
        axes[0][0].set_title(title, fontsize=10)
        return made

    def told(self, looks: list[Look | None]) -> dict[str, Any]:
        """The points, and the values along the grid."""
        chosen = _some(len(self.target))
        points = np.stack([self.inputs[0].reshape(-1), self.target.reshape(-1)], 1).astype(float)[chosen]
        return {
            "kind": self.kind, "points": points.tolist(), "grid": self.grid.tolist(),
            "frames": [None if look is None else {"values": look["values"].tolist()} for look in looks],
        }  # fmt: skip


# -- images and samples ----------------------------------------------------------------------------


class Picture(Scene):
    """The image that the user's function draws of the model."""

    kind = "image"

    def __init__(self, inputs: tuple[Any, ...], target: Any, picture: Callable[[Module], Any]) -> None:
        super().__init__(inputs, target)
        self.picture = picture

    def look(self, model: Module) -> Look:
        """The image, (H, W) or (H, W, 3). Raises ValueError for another shape."""
        with no_grad():
            image = array_of(self.picture(model))
        if image.ndim != 2 and not (image.ndim == 3 and image.shape[2] == 3):
            got = f"shape {image.shape}"
            raise ArgumentError(
                message("Recorder: picture must give (H, W) or (H, W, 3)", got=got, fix="result.reshape(H, W)")
            )
        return {"image": image}

    def figure(self, model: Module, title: str, size: int) -> Figure:
        """The image, with its title."""
        return side_by_side([self.look(model)["image"]], [title], size=4.0)

    def told(self, looks: list[Look | None]) -> dict[str, Any]:
        """All images on one scale, averaged down to 72 × 72 where they are larger."""
        images = [None if look is None else reduced(look["image"].astype(float), _SIDE) for look in looks]
        seen = np.concatenate([image.reshape(-1) for image in images if image is not None])
        low, high = _range(seen)
        if next(image for image in images if image is not None).ndim == 3:
            low, high = (0.0, 255.0) if high > 2 else (0.0, 1.0)
        shapes = [None if image is None else image.shape for image in images]
        return {
            "kind": self.kind, "scale": (low, high),
            "frames": [None if image is None or shape is None else
                       {"height": shape[0], "width": shape[1], "colour": len(shape) == 3, "cells": _bytes(_scaled(image, low, high))}
                       for image, shape in zip(images, shapes, strict=True)],
        }  # fmt: skip


class Samples(Scene):
    """Some samples, as images if they are some, and the chances that the model gives to their classes."""

    kind = "samples"

    def __init__(self, x: Any, y: Any, classes: Sequence[str] | None) -> None:
        super().__init__((x,), y)
        self.truth, self.classes = y.reshape(-1).astype(int), classes

    def look(self, model: Module) -> Look:
        """Chances (12, C), and the share of all that is right."""
        answer = run(model, self.inputs[0]).astype(float)
        if answer.ndim != 2 or len(answer) != len(self.truth) or answer.shape[1] < 2:
            return {"chances": np.zeros((0, 0)), "right": float("nan")}
        top = answer.max(1, keepdims=True)
        logits = answer.min() < 0 or not np.allclose(answer.sum(1), 1, atol=1e-3)
        chances = np.exp(answer - top) / np.exp(answer - top).sum(1, keepdims=True) if logits else answer
        return {"chances": chances[:_TILES], "right": float((answer.argmax(1) == self.truth).mean())}

    def figure(self, model: Module, title: str, size: int) -> Figure:
        """Bars of the chances of each sample, its own class in blue."""
        look = self.look(model)
        rows = len(look["chances"])
        made, axes = figure(7.2, 0.42 * max(rows, 1) + 0.6, max(rows, 1), 1)
        for k, chances in enumerate(look["chances"]):
            colors = [BLUE if c == self.truth[k] else ORANGE for c in range(len(chances))]
            axes[k][0].bar(range(len(chances)), chances, color=colors)
            axes[k][0].set_ylim(0, 1)
            axes[k][0].axis("off")
        made.suptitle(f"{title}: {100 * look['right']:.2f} % right", fontsize=10)
        return made

    def told(self, looks: list[Look | None]) -> dict[str, Any]:
        """The samples' images once; the chances at each moment."""
        return {
            "kind": self.kind, "truth": self.truth[:_TILES].tolist(), "classes": _names(self.classes, self.truth),
            "tiles": self._tiles(),
            "frames": [None if look is None else {"chances": look["chances"].tolist(), "right": look["right"]} for look in looks],
        }  # fmt: skip

    def _tiles(self) -> dict[str, Any] | None:
        x = self.inputs[0][:_TILES].astype(float)
        side = square_side(x.shape[1]) if x.ndim == 2 else None
        if side is not None:
            x = x.reshape(-1, side, side)
        elif x.ndim == 4 and x.shape[1] in (1, 3):
            x = x.mean(1)
        if x.ndim != 3:
            return None
        small = np.stack([reduced(image, 28) for image in x])
        return {"count": len(small), "height": small.shape[1], "width": small.shape[2], **pixels(small, False)}


class Scatter(Scene):
    """Predicted against true values."""

    kind = "scatter"

    def __init__(self, x: Any, y: Any) -> None:
        super().__init__((x,), y)
        self.chosen = _some(len(y))

    def look(self, model: Module) -> Look:
        """The predictions for the chosen samples."""
        return {"values": run(model, self.inputs[0][self.chosen]).reshape(len(self.chosen), -1)[:, 0].astype(float)}

    def figure(self, model: Module, title: str, size: int) -> Figure:
        """The points, and the diagonal."""
        made, axes = figure(4.4, 4.4)
        y = self.target.reshape(-1)[self.chosen]
        axes[0][0].scatter(y, self.look(model)["values"], s=6, color=BLUE, alpha=0.6)
        axes[0][0].axline((float(y.min()),) * 2, slope=1, color=ORANGE)
        axes[0][0].set_xlabel("truth")
        axes[0][0].set_ylabel("prediction")
        axes[0][0].set_title(title, fontsize=10)
        return made

    def told(self, looks: list[Look | None]) -> dict[str, Any]:
        """The truth once, the predictions at each moment."""
        return {
            "kind": self.kind, "truth": self.target.reshape(-1)[self.chosen].astype(float).tolist(),
            "frames": [None if look is None else {"values": look["values"].tolist()} for look in looks],
        }  # fmt: skip


# -- numbers for the page --------------------------------------------------------------------------


def _some(count: int) -> Any:
    """At most 800 places, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, _POINTS)).astype(int))


def _names(classes: Sequence[str] | None, truth: Any) -> list[str]:
    return [str(name) for name in classes] if classes is not None else [str(k) for k in range(int(truth.max()) + 1)]


def _range(values: Any) -> tuple[float, float]:
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)


def _scaled(values: Any, low: float, high: float) -> Any:
    """1..255 from low to high, 0 for what is not finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        part = np.clip((values - low) / ((high - low) or 1.0), 0, 1)
    return np.where(np.isfinite(values), np.rint(254 * np.nan_to_num(part)) + 1, 0)


def _bytes(values: Any) -> str:
    return b64encode(np.ascontiguousarray(values, dtype=np.uint8).tobytes()).decode("ascii")
