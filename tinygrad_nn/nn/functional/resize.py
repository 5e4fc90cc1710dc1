"""Images of another size: interpolation, pixel shuffling, and windows as columns."""

from __future__ import annotations

from functools import lru_cache
from math import floor, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, AutogradError, DTypeError, ShapeError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.nn.functional.common import here, of_its_own, tensor_operands
from tinygrad_nn.nn.functional.pool import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from tinygrad_nn.nn.functional.tables import Table, table
from tinygrad_nn.nn.functional.window import batched, each, unbatched
from tinygrad_nn.ops import window
from tinygrad_nn.ops.pool import resample
from tinygrad_nn.ops.shape import in_order, permute, reshape
from tinygrad_nn.order import CHANNELS_LAST, has_channels_last

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = ["fold", "interpolate", "pixel_shuffle", "pixel_unshuffle", "unfold", "upsample"]

# -- interpolation -------------------------------------------------------------------------------------

_RANKS = {
    "nearest": (1, 2, 3),
    "nearest-exact": (1, 2, 3),
    "area": (1, 2, 3),
    "linear": (1,),
    "bilinear": (2,),
    "bicubic": (2,),
    "trilinear": (3,),
}
_CORNERS = ("linear", "bilinear", "bicubic", "trilinear")


@flags
def interpolate(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None, antialias: bool = False,
) -> Tensor:  # fmt: skip
    """(N, C, L), (N, C, H, W) or (N, C, D, H, W) resampled to another size.

    size or scale_factor (one of them; a number or one for each dimension); new size floor(size * factor).
    mode: "nearest", "nearest-exact", "linear" (3-d), "bilinear", "bicubic" (4-d), "trilinear" (5-d), "area".
    align_corners: the outer elements' centres stay where they are; else their outer edges do.
    antialias: for bilinear and bicubic, wider filters when an image shrinks.
    Raises ValueError for arguments that contradict each other, NotImplementedError for a mode that the
    input's rank does not have.

    >>> import tinygrad_nn as tg
    >>> interpolate(tg.tensor([[[1.0, 3.0]]]), size=4, mode="linear")
    tensor([[[1.0000, 1.5000, 2.5000, 3.0000]]])
    """
    tensor_operands("interpolate", input=input)
    _check_mode(input, mode, align_corners, antialias)
    x: Any = input
    rank = x.ndim - 2
    sizes, factors = _target(x, size, scale_factor, recompute_scale_factor)
    if mode == "area":
        pools = {1: adaptive_avg_pool1d, 2: adaptive_avg_pool2d, 3: adaptive_avg_pool3d}
        return pools[rank](x, sizes)
    for k in range(rank - 1, -1, -1):
        n = int(x.array.shape[k + 2])
        if n != sizes[k] or not mode.startswith("nearest"):
            x = resample(x, k + 2, *_interpolation(mode, n, sizes[k], factors[k], bool(align_corners), antialias))
    return _as_images(x, input)  # type: ignore[no-any-return]


@flags
def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Tensor:
    """The old name of `interpolate`."""
    return interpolate(input, size, scale_factor, mode, align_corners)


def _check_mode(input: Any, mode: str, align_corners: bool | None, antialias: bool) -> None:
    if mode not in _RANKS:
        raise NotImplementedError(message(f"interpolate: unknown mode {mode!r}", fix=", ".join(_RANKS)))
    if align_corners is not None and mode not in _CORNERS:
        raise ArgumentError(
            message(
                "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | trilinear",
                got=f"mode={mode!r}",
            )
        )
    if input.ndim - 2 not in _RANKS[mode]:
        raise NotImplementedError(
            message(
                f"interpolate{here()}: mode {mode!r} needs an input of {' or '.join(str(r + 2) for r in _RANKS[mode])} dimensions",
                got=f"input {tuple(input.shape)}",
            )
        )
    if antialias and mode not in ("bilinear", "bicubic"):
        raise ArgumentError(
            message("Anti-alias option is restricted to bilinear and bicubic modes", got=f"mode={mode!r}")
        )
    if input.array.dtype.kind not in "fV" and not mode.startswith("nearest"):
        raise AutogradError(
            message(
                f"interpolate{here()}: mode {mode!r} is for floating tensors",
                got=f"dtype {input.dtype}",
                fix="input.float()",
            )
        )


def _target(
    x: Any, size: Any, scale_factor: Any, recompute: bool | None
) -> tuple[tuple[int, ...], tuple[float | None, ...]]:
    """The new sizes, and the factors that the places are computed with (None: the sizes' own ratio)."""
    rank = x.ndim - 2
    old = [int(n) for n in x.array.shape[2:]]
    if (size is None) == (scale_factor is None):
        what = (
            "only one of size or scale_factor should be defined"
            if size is not None
            else "either size or scale_factor should be defined"
        )
        raise ArgumentError(message(what, got=f"size={size}, scale_factor={scale_factor}"))
    if size is not None:
        if recompute:
            raise ArgumentError(
                message("recompute_scale_factor is not meaningful with an explicit size.", got=f"size={size}")
            )
        given = tuple(size) if isinstance(size, (tuple, list)) else (size,) * rank
        sizes = each("interpolate", "size", given, rank) if len(given) == rank else ()
        factors: tuple[float | None, ...] = (None,) * rank
    else:
        given = tuple(scale_factor) if isinstance(scale_factor, (tuple, list)) else (scale_factor,) * rank
        if any([isinstance(f, bool) or not isinstance(f, (int, float)) for f in given]):
            raise DTypeError(message("interpolate: scale_factor must be numbers", got=f"scale_factor={scale_factor!r}"))
        sizes = tuple([floor(n * float(f)) for n, f in zip(old, given, strict=False)])
        factors = (None,) * rank if recompute else tuple([float(f) for f in given])
    if len(given) != rank:
        raise ArgumentError(
            message(
                f"interpolate{here()}: one number or {rank} are needed for {rank} spatial dimensions",
                got=f"{given}, input {tuple(x.shape)}",
            )
        )
    if min(sizes) < 1 or min(old) < 1:
        raise AutogradError(
            message(
                f"interpolate{here()}: Input and output sizes should be greater than 0",
                got=f"input {tuple(x.shape)}, output {sizes}",
            )
        )
    return sizes, factors


@lru_cache(maxsize=128)
def _interpolation(mode: str, size: int, out: int, factor: float | None, corners: bool, antialias: bool) -> Table:
    """Which elements each new one is made of, along one dimension."""
    at = np.arange(out)
    if mode.startswith("nearest"):  # PyTorch rounds here in single precision
        step = np.float32(1.0 / factor) if factor else np.float32(size) / np.float32(out)
        shifted = at.astype(np.float32) + np.float32(0.5 if mode == "nearest-exact" else 0.0)
        places = np.minimum(np.floor(shifted * step).astype(np.int64), size - 1)
        return table(places[:, None], np.ones((out, 1)), size)  # type: ignore[arg-type]
    step = 1.0 / factor if factor else size / out  # type: ignore[assignment]
    if corners:
        step = (size - 1) / (out - 1) if out > 1 else 0.0  # type: ignore[assignment]
    if antialias:
        return _filtered(size, out, step, cubic=mode == "bicubic", corners=corners)  # type: ignore[arg-type]
    source = at * step if corners else (at + 0.5) * step - 0.5
    if mode == "bicubic":
        first = np.floor(source).astype(np.int64)
        gap = source - first
        weights = np.stack(
            [_cubic(gap + 1, -0.75), _cubic(gap, -0.75), _cubic(1 - gap, -0.75), _cubic(2 - gap, -0.75)], 1
        )
        return table(np.clip(first[:, None] + np.arange(-1, 3), 0, size - 1), weights, size)  # type: ignore[arg-type]
    source = np.maximum(source, 0.0)
    first = np.minimum(source.astype(np.int64), size - 1)
    gap = source - first
    return table(np.stack([first, np.minimum(first + 1, size - 1)], 1), np.stack([1 - gap, gap], 1), size)  # type: ignore[arg-type]


def _cubic(x: Any, a: float) -> Any:
    """The cubic convolution kernel (Keys, 1981)."""
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def _filtered(size: int, out: int, step: float, cubic: bool, corners: bool) -> Table:
    """A filter as wide as the image shrinks, so that every element counts."""
    stretch = max(step, 1.0)
    reach = (2.0 if cubic else 1.0) * stretch
    places, weights = [], []
    for i in range(out):
        centre = step * (i + 0.5)
        window = np.arange(max(int(centre - reach + 0.5), 0), min(int(centre + reach + 0.5), size))
        x = (window - centre + 0.5) / stretch
        weight = _cubic(x, -0.5) if cubic else np.maximum(0.0, 1 - np.abs(x))
        places.append(window)
        weights.append(weight / weight.sum())
    return table(places, weights, size)


# -- channels to pixels and back -----------------------------------------------------------------------


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Channels spread over finer pixels: (..., C * r^2, H, W) to (..., C, H * r, W * r). (Shi et al., 2016)

    Raises RuntimeError where r^2 does not divide the channels.
    """
    tensor_operands("pixel_shuffle", input=input)
    r = _factor("pixel_shuffle", "upscale_factor", upscale_factor)
    shape = _image("pixel_shuffle", input)
    *lead, channels, height, width = shape
    if channels % (r * r):
        raise ShapeError(
            message(
                f"pixel_shuffle{here()}: expects its input's 'channel' dimension to be divisible by the square of upscale_factor",
                got=f"input {tuple(shape)}, upscale_factor={r}",
            )
        )
    n = len(lead)
    split: Any = reshape(input, (*lead, channels // (r * r), r, r, height, width))
    moved = permute(split, (*range(n), n, n + 3, n + 1, n + 4, n + 2))  # (..., C, r, r, H, W) -> (..., C, H, r, W, r)
    return _as_images(reshape(moved, (*lead, channels // (r * r), height * r, width * r)), input)  # type: ignore[no-any-return]


def _as_images(result: Any, input: Any) -> Any:
    """The result with channels last if the input has them so, else row by row."""
    result = in_order(result, CHANNELS_LAST[result.ndim] if has_channels_last(input.array) else "C")
    return of_its_own(result, input)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """The reverse of `pixel_shuffle`: (..., C, H * r, W * r) to (..., C * r^2, H, W).

    Raises RuntimeError where r does not divide the height and the width.
    """
    tensor_operands("pixel_unshuffle", input=input)
    r = _factor("pixel_unshuffle", "downscale_factor", downscale_factor)
    shape = _image("pixel_unshuffle", input)
    *lead, channels, height, width = shape
    if height % r or width % r:
        raise ShapeError(
            message(
                f"pixel_unshuffle{here()}: expects height and width to be divisible by downscale_factor",
                got=f"input {tuple(shape)}, downscale_factor={r}",
            )
        )
    n = len(lead)
    split: Any = reshape(input, (*lead, channels, height // r, r, width // r, r))
    moved = permute(split, (*range(n), n, n + 2, n + 4, n + 1, n + 3))  # (..., C, H, r, W, r) -> (..., C, r, r, H, W)
    return _as_images(reshape(moved, (*lead, channels * r * r, height // r, width // r)), input)  # type: ignore[no-any-return]


def _factor(name: str, word: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise DTypeError(message(f"{name}: {word} must be an integer", got=f"{word}={value!r}"))
    if value < 1:
        raise AutogradError(message(f"{name} expects a positive {word}", got=f"{word}={value}"))
    return value


def _image(name: str, input: Any) -> list[int]:
    if input.ndim < 3:
        raise ShapeError(
            message(f"{name}{here()}: expects input to have at least 3 dimensions", got=f"input {tuple(input.shape)}")
        )
    return [int(n) for n in input.array.shape]


# -- windows as columns --------------------------------------------------------------------------------


def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """Every window as a column: (N, C, H, W) or (C, H, W) to (N, C * KH * KW, windows).

    Raises RuntimeError for an input that no window fits into.

    >>> import tinygrad_nn as tg
    >>> unfold(tg.arange(6.0).reshape(1, 2, 3), (2, 2))
    tensor([[0., 1.],
            [1., 2.],
            [3., 4.],
            [4., 5.]])
    """
    x, single = batched("unfold", input, 2)
    geometry = _columns_geometry("unfold", tuple(x.array.shape[2:]), kernel_size, dilation, padding, stride)
    return unbatched(window.columns(x, geometry), single)  # type: ignore[no-any-return]


def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Columns added up where their windows lie: (N, C * KH * KW, windows) to (N, C, *output_size), the transpose of `unfold`.

    Raises RuntimeError where the columns are not those of that output size.
    """
    tensor_operands("fold", input=input)
    if input.ndim not in (2, 3):
        raise ShapeError(
            message(f"fold{here()}: Expected 2D or 3D (batch mode) tensor for input", got=f"input {tuple(input.shape)}")
        )
    geometry = _columns_geometry(
        "fold", each("fold", "output_size", output_size, 2), kernel_size, dilation, padding, stride
    )
    single = input.ndim == 2
    x: Any = reshape(input, (1, *input.shape)) if single else input
    taps, windows = prod(geometry[1]), prod(geometry[2])
    if x.array.shape[1] % taps or x.array.shape[2] != windows:
        raise ShapeError(
            message(
                f"fold{here()}: the input must be (N, C * {taps}, {windows}) for this output size",
                got=f"input {tuple(input.shape)}, output_size={geometry[0]}, kernel_size={geometry[1]}",
            )
        )
    return unbatched(window.add_columns(x, geometry), single)  # type: ignore[no-any-return]


def _columns_geometry(
    name: str, size: tuple[int, ...], kernel_size: Any, dilation: Any, padding: Any, stride: Any
) -> Any:
    kernel, steps = each(name, "kernel_size", kernel_size, 2), each(name, "stride", stride, 2)
    gaps, pads = each(name, "dilation", dilation, 2), each(name, "padding", padding, 2, 0)
    counts = tuple(
        [(n + 2 * p - d * (k - 1) - 1) // s + 1 for n, p, d, k, s in zip(size, pads, gaps, kernel, steps, strict=True)]
    )
    if min(counts) < 1:
        raise ShapeError(
            message(
                f"{name}{here()}: no window fits",
                got=f"size {size}, kernel_size={kernel}, dilation={gaps}, padding={pads}, stride={steps}",
            )
        )
    return (size, kernel, counts, steps, tuple([(p, p) for p in pads]), gaps, 1)
