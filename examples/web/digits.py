"""From a picture to a digit as MNIST has them. `normalise.js` does the same in the browser.

MNIST's digits were made so (LeCun et al., "Gradient-based learning applied to document recognition", 1998, section
III.A): the bounding box scaled into 20 x 20 with its proportions kept, grey from antialiasing, and the centre of mass
moved to the middle of 28 x 28.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

BOX, SIDE, CENTRE = 20, 28, 14
FAINT = 0.1  # of the darkest ink: less than this is not part of the digit
LARGEST = 2048  # pixels along a side


class BadImageError(ValueError):
    """What was sent is no picture of a digit; the message says why."""


def normalise(ink: NDArray[Any]) -> NDArray[np.uint8]:
    """(H, W) of ink, 0 where there is none, to (28, 28): each pixel the mean of the ink below it, the darkest 255.

    Raises BadImageError where there is no ink.

    >>> paper = np.zeros((60, 90))
    >>> paper[10:50, 70:74] = 0.8  # a 1, drawn aside
    >>> digit = normalise(paper)
    >>> np.argwhere(digit).min(0).tolist(), np.argwhere(digit).max(0).tolist(), digit.max().item()
    ([5, 14], [24, 15], 255)
    """
    if not ink.max() > 0:
        raise BadImageError("nothing is drawn in the picture")
    rows, cols = (np.flatnonzero((ink > FAINT * ink.max()).any(axis)) for axis in (1, 0))
    top, bottom, left, right = rows[0], rows[-1] + 1, cols[0], cols[-1] + 1
    longer = max(bottom - top, right - left)
    h, w = (max(1, _round(BOX * n / longer)) for n in (bottom - top, right - left))
    small = _shares(bottom - top, h) @ ink[top:bottom, left:right] @ _shares(right - left, w).T  # (h, w)

    mass = small.sum()
    row, col = (small.sum(1) @ np.arange(h)) / mass, (small.sum(0) @ np.arange(w)) / mass
    y, x = (min(max(_round(CENTRE - m), 0), SIDE - n) for m, n in ((row, h), (col, w)))
    digit = np.zeros((SIDE, SIDE), np.uint8)
    digit[y : y + h, x : x + w] = np.floor(255 * small / small.max() + 0.5)
    return digit


def _round(value: float) -> int:
    return int(np.floor(value + 0.5))


def _shares(size: int, n: int) -> NDArray[np.float64]:
    """(n, size): how much of each of `size` pixels lies under each of n equal cells; rows sum to 1."""
    edges = size * np.arange(n + 1) / n
    low, high = edges[:-1, None], edges[1:, None]
    k = np.arange(size)
    return np.clip(np.minimum(high, k + 1) - np.maximum(low, k), 0, None) / (high - low)


def from_list(pixels: object) -> NDArray[np.float64]:
    """Rows of numbers in 0..255, white ink on black as in MNIST, as an array.

    Raises BadImageError for anything else, and for fewer than 28 or more than 2048 rows or columns.
    """
    if not isinstance(pixels, list) or not all(isinstance(row, list) for row in pixels):
        raise BadImageError("pixels must be a list of rows, each a list of numbers")
    if len({len(row) for row in pixels}) != 1:
        raise BadImageError("the rows of pixels must be equally long, and at least one")
    if not all(type(value) in (int, float) for row in pixels for value in row):
        raise BadImageError("pixels must be numbers")
    _check_size(len(pixels), len(pixels[0]))
    ink = np.array([[_bounded(value) for value in row] for row in pixels])
    return ink


def _bounded(value: float) -> float:
    if not 0 <= value <= 255:  # NaN, too, is not
        raise BadImageError(f"pixels must be within 0..255, not {value if abs(value) < 1e9 else 'that large'}")
    return float(value)


def from_file(content: bytes) -> NDArray[np.float64]:
    """The ink in a PNG or JPEG file: dark on light or light on dark, by what its border is.

    Raises BadImageError for what is no such file or too small or too large, and ImportError without Pillow.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise ImportError('pictures need Pillow: pip install "tinygrad_nn[examples]"') from error

    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG")) as file:
            _check_size(file.height, file.width)  # before its pixels are unpacked
            turned = ImageOps.exif_transpose(file).convert("RGBA")
    except BadImageError:
        raise
    except Image.DecompressionBombError as error:  # Pillow's own limit comes first
        raise BadImageError(f"a picture must have {SIDE} to {LARGEST} rows and columns, not that many") from error
    except Exception as error:  # Pillow raises many kinds for broken files
        raise BadImageError("the file is not a PNG or JPEG picture, or it is broken") from error
    paper = Image.new("RGBA", turned.size, "white")
    grey = np.asarray(Image.alpha_composite(paper, turned).convert("L"), np.float64)
    return _ink(grey)


def _ink(grey: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far each pixel is from the paper, which is what most of the border is; the paper's own grain is left out."""
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = np.median(border)
    ink = paper - grey if paper > 127 else grey - paper
    contrast = ink.max()
    if contrast < 25:  # of 255
        raise BadImageError("nothing is drawn in the picture")
    return np.where(ink > 0.3 * contrast, ink, 0.0)


def _check_size(height: int, width: int) -> None:
    if not (SIDE <= height <= LARGEST and SIDE <= width <= LARGEST):
        raise BadImageError(f"a picture must have {SIDE} to {LARGEST} rows and columns, not {height} x {width}")
