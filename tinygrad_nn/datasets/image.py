"""A picture as a regression problem: from the place (x, y) to the colour there."""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinygrad_nn.errors import ArgumentError, DataError, MissingPackage, message

__all__ = ["image_regression"]


MAX_PIXELS = 2**24


def image_regression(
    image: str | os.PathLike[str] | ArrayLike,
    *,
    max_pixels: int = MAX_PIXELS,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The pixels of `image` as pairs (x, y) -> (r, g, b).

    The longer side spans [-1, 1], the other one less in proportion, and pixels are squares whose
    centres are taken: ``x = (2 j + 1 - W) / max(H, W)``, ``y = (2 i + 1 - H) / max(H, W)`` for
    row i (from the top) and column j. Rows follow one another, so a prediction for all places is
    a picture again by ``reshape(H, W, 3)``.

    Args:
        image: a file (read by Pillow), a Pillow image, or an array (H, W) grey, (H, W, 1) grey,
            (H, W, 3) RGB or (H, W, 4) RGBA (its alpha is dropped); integers in 0..255, floats in
            0..1.
        max_pixels: the largest picture to read from a file: a few hundred bytes can claim to be gigabytes.

    Returns:
        places (H * W, 2) float32 in [-1, 1] and colours (H * W, 3) float32 in [0, 1].

    Raises:
        ArgumentError: another shape, or values outside the range.
        DataError: the file is not a picture, or a larger one than `max_pixels` (16.8 million).
        MissingPackage: a file was given, and Pillow is not installed.

    >>> places, colours = image_regression([[0, 255]])
    >>> places.tolist(), colours.tolist()
    ([[-0.5, 0.0], [0.5, 0.0]], [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    """
    if isinstance(image, (str, os.PathLike)):
        pixels = _read_picture(image, max_pixels)
    elif hasattr(image, "convert") and hasattr(image, "getbands"):  # a Pillow image
        pixels = np.asarray(image.convert("RGB"))
    else:
        pixels = np.asarray(image)
    colours = _unit_colours(pixels)
    height, width = colours.shape[:2]
    longer = max(height, width)
    x = (2 * np.arange(width) + 1 - width) / longer
    y = (2 * np.arange(height) + 1 - height) / longer
    places = np.stack(np.meshgrid(x, y), axis=-1)  # (H, W, 2)
    return places.reshape(-1, 2).astype(np.float32), colours.reshape(-1, 3)


def _unit_colours(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """(H, W, 3) in [0, 1], whatever way the pixels were given."""
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3, 4) or pixels.size == 0:
        raise ArgumentError(
            message(
                "image_regression: image must have the shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)",
                got=f"shape {pixels.shape}",
                fix="for channels first, transpose with np.moveaxis(image, 0, -1)",
            )
        )
    highest = 1 if pixels.dtype.kind in "fb" else 255
    if pixels.dtype.kind not in "fbiu" or not (pixels.min() >= 0 and pixels.max() <= highest):
        low_high = f"{pixels.min()}..{pixels.max()}" if pixels.dtype.kind in "fbiu" else "no numbers"
        raise ArgumentError(
            message(
                "image_regression: integers must lie in 0..255, floats in 0..1",
                got=f"{pixels.dtype}, {low_high}",
                fix="divide floats by 255, or clip the image",
            )
        )
    colours = (pixels[:, :, :3] / np.float32(highest)).astype(np.float32)
    return np.ascontiguousarray(np.broadcast_to(colours, (*colours.shape[:2], 3)))


def _read_picture(path: str | os.PathLike[str], max_pixels: int) -> NDArray[np.uint8]:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as absence:
        raise MissingPackage(
            'image_regression: reading a file needs Pillow, which comes with matplotlib: pip install "tinygrad_nn[viz]"'
        ) from absence
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                width, height = picture.size
                if width * height > max_pixels:
                    raise DataError(
                        message(
                            f"{os.fspath(path)}: the picture is larger than {max_pixels:,} pixels",
                            got=f"{width} x {height}",
                            fix="make it smaller, or raise max_pixels if you trust the file",
                        )
                    )
                return np.asarray(picture.convert("RGB"))
    except FileNotFoundError:
        raise FileNotFoundError(message(f"{os.fspath(path)}: there is no such picture", got=os.getcwd())) from None
    except DataError:
        raise
    except (
        UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, OverflowError,
        MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning,
    ) as damage:  # fmt: skip
        raise DataError(
            message(
                f"{os.fspath(path)}: expected a picture that Pillow can read",
                got=str(damage),
                fix="give a whole PNG or JPEG file",
            )
        ) from damage
