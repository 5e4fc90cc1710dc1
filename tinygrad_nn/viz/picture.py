"""What a page says about an array: statistics, a histogram, a small array in full, and a picture where it is one.

Everything here becomes JSON: numbers as short text (NaN included), pixels as base64 of one byte each.
"""

from __future__ import annotations

from base64 import b64encode
from math import isqrt
from typing import Any

import numpy as np

from tinygrad_nn.viz.summary import data_size, magnitude, number, shape_text, statistics

__all__ = ["facts", "pixels", "reduced", "square_side"]

_BINS, _FULL, _TILES = 24, 64, 12


def facts(array: Any, *, side: int = 40, tiles_of: int | None = None) -> dict[str, Any] | None:
    """All that a page shows of `array`; None for None.

    side:     heat maps are averaged down to at most side × side
    tiles_of: the width of the square images that the rows of a matrix are, if they are
    """
    if array is None:
        return None
    array = np.asarray(array)
    values = array.astype(np.float64)
    s = statistics(array)
    size = magnitude(array)
    told: dict[str, Any] = {
        "shape": shape_text((tuple(array.shape),)),
        "dtype": str(array.dtype),
        "bytes": data_size(array.nbytes),
        "rms": None if size is None else number(size),
        "bad": " and ".join(
            part for part in (f"{s['nan']} NaN" * bool(s["nan"]), f"{s['inf']} Inf" * bool(s["inf"])) if part
        ),
        "zeros": s["zero"],
        "size": s["size"],
    }
    for name in ("mean", "std", "min", "max"):
        told[name] = number(s[name]) if name in s else "none"
    if array.size <= _FULL:
        told["full"] = _texts(array)
    if s["finite"] > 1 and s["min"] < s["max"]:
        told["histogram"] = _histogram(values[np.isfinite(values)])
    picture = _picture(values, side, tiles_of)
    if picture is not None:
        told["picture"] = picture
    return told


def _texts(array: Any) -> Any:
    return number(array[()]) if array.ndim == 0 else [_texts(part) for part in array]


def _histogram(finite: Any) -> list[int]:
    """Counts in equal bins from the smallest to the largest element."""
    low, high = float(finite.min()), float(finite.max())
    scale = max(abs(low), abs(high))
    counts, _ = np.histogram(finite / scale, _BINS, (low / scale, high / scale))
    return [int(n) for n in counts]


# -- pictures ----------------------------------------------------------------------------------------


def _picture(values: Any, side: int, tiles_of: int | None) -> dict[str, Any] | None:
    """Images as tiles; any other matrix as a heat map; a long vector as a strip."""
    if values.size < 8:
        return None
    shape = values.shape
    if values.ndim == 2 and tiles_of is not None and shape[1] == tiles_of**2:
        return _tiles(values.reshape(-1, tiles_of, tiles_of), False, side)
    if values.ndim == 4 and shape[1] in (1, 3) and min(shape[2:]) >= 4:
        colour = shape[1] == 3
        return _tiles(np.moveaxis(values, 1, -1) if colour else values[:, 0], colour, side)
    if values.ndim >= 3 and min(shape[-2:]) >= 3:
        return _tiles(values.reshape(-1, *shape[-2:]), False, side)
    if values.ndim > 2:
        values = values.reshape(-1, shape[-1])
    matrix = values if values.ndim == 2 else values.reshape(1, -1)
    return _tiles(matrix[None], False, side)


def _tiles(images: Any, colour: bool, side: int) -> dict[str, Any]:
    """The first images of a stack (N, H, W) or (N, H, W, 3), on one scale."""
    shown = images[:_TILES]
    if len(shown) > 1:
        side = min(side, 28)
    small = np.stack([reduced(image, side) for image in shown])
    return {
        "tiles": len(shown),
        "of": len(images),
        "height": small.shape[1],
        "width": small.shape[2],
        **pixels(small, colour),
    }


def reduced(image: Any, side: int) -> Any:
    """An image averaged down to at most side × side, in blocks of equal size as far as it goes."""
    for axis in (0, 1):
        n = image.shape[axis]
        if n > side:
            starts = np.arange(side) * n // side
            widths = np.diff(np.append(starts, n))
            image = np.add.reduceat(image, starts, axis) / np.expand_dims(
                widths, tuple(k for k in range(image.ndim) if k != axis)
            )
    return image


def pixels(values: Any, colour: bool) -> dict[str, Any]:
    """One byte an element: 0 is not finite, 1..255 are low..high; `signed` scales put zero at 128.

    >>> pixels(np.array([0.0, 2.0, np.nan]), False)["data"]
    'Af8A'
    """
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    signed = low < 0
    if signed:
        high = max(-low, high)
        low = -high
    span = high - low
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = np.rint((values / span - low / span) * 254) + 1 if span > 0 else np.full(values.shape, 128.0)
    bytes_ = np.where(np.isfinite(values), np.clip(np.nan_to_num(scaled), 1, 255), 0).astype(np.uint8)
    mode = "rgb" if colour else "signed" if signed else "plain"
    return {"mode": mode, "low": number(low), "high": number(high), "data": b64encode(bytes_.tobytes()).decode("ascii")}


def square_side(columns: int) -> int | None:
    """The side of a square image with so many pixels, if it is one worth showing (8 × 8 and up).

    >>> square_side(784), square_side(100), square_side(10)
    (28, 10, None)
    """
    side = isqrt(columns)
    return side if side >= 8 and side * side == columns else None
