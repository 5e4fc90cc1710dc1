"""Poolings: the largest or the mean element of each window, sliding or as many windows as are asked for."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.errors import AutogradError, DTypeError, ShapeError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.functions.autocast import RUNNING, in_float32, raised
from tinygrad_nn.functions.single import in_single
from tinygrad_nn.nn.functional.common import here
from tinygrad_nn.nn.functional.tables import Table, table
from tinygrad_nn.nn.functional.window import batched, each, pooled_size, unbatched
from tinygrad_nn.ops import pool as ops
from tinygrad_nn.ops.index import pick_at
from tinygrad_nn.ops.reduce import sum
from tinygrad_nn.ops.shape import in_order, reshape
from tinygrad_nn.order import CHANNELS_LAST, has_channels_last
from tinygrad_nn.primitive import wrap

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "adaptive_max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "max_pool1d", "max_pool2d", "max_pool3d",
]  # fmt: skip

Number = int | tuple[int, ...]


# -- the largest -------------------------------------------------------------------------------------


@flags
def max_pool1d(
    input: Tensor, kernel_size: Number, stride: Number | None = None, padding: Number = 0, dilation: Number = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """The largest element of each window: (N, C, L) or (C, L) to (N, C, L').

    L' = (L + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1, rounded up with `ceil_mode`.
    stride: kernel_size if None. Padding counts as minus infinity.
    return_indices: also where the elements stand along L (int64).
    Raises RuntimeError for an input that no window fits into, or more padding than half a window.

    >>> import tinygrad_nn as tg
    >>> max_pool1d(tg.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[3., 2.]])
    """
    return _max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@flags
def max_pool2d(
    input: Tensor, kernel_size: Number, stride: Number | None = None, padding: Number = 0, dilation: Number = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """As `max_pool1d`, over (N, C, H, W) or (C, H, W); indices count through the flattened H * W."""
    return _max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


@flags
def max_pool3d(
    input: Tensor, kernel_size: Number, stride: Number | None = None, padding: Number = 0, dilation: Number = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Any:  # fmt: skip
    """As `max_pool1d`, over (N, C, D, H, W) or (C, D, H, W)."""
    if RUNNING and not return_indices:
        (input,) = raised(input)
    return _max_pool("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def _max_pool(
    name: str,
    rank: int,
    input: Any,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    x, single = batched(name, input, rank)
    _check_sizes(name, x, 2 if single and name.startswith("adaptive") else 1)
    geometry = _geometry(name, x, kernel_size, stride, padding, dilation, ceil_mode)
    if not return_indices:
        result: Any = ops.max_pool(x, geometry)
        if name == "max_pool1d" and result.node is None:  # where PyTorch records no gradient, another kernel runs
            result = in_order(result, "C")
        return unbatched(result, single)
    winner: Any = ops.max_winner(x, geometry)
    places: Any = ops.max_position(winner, geometry)
    return unbatched(ops.max_chosen(x, winner, geometry), single), unbatched(places, single)


def _check_sizes(name: str, x: Any, least: int = 1) -> None:
    """Only the batch may be empty (and what else stands before dimension `least`)."""
    if 0 in x.array.shape[least:]:
        raise ShapeError(
            message(f"{name}{here()}: channels and dimensions must not be empty", got=f"input {tuple(x.shape)}")
        )


def _geometry(name: str, x: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool) -> Any:
    rank = x.ndim - 2
    kernel = each(name, "kernel_size", kernel_size, rank)
    steps = kernel if stride is None or stride == () else each(name, "stride", stride, rank)
    pads, gaps = each(name, "padding", padding, rank, 0), each(name, "dilation", dilation, rank)
    size = tuple(x.array.shape[2:])
    if any([2 * p > d * (k - 1) + 1 for p, d, k in zip(pads, gaps, kernel, strict=True)]):
        raise AutogradError(
            message(
                f"{name}{here()}: pad should be at most half of effective kernel size",
                got=f"padding={pads}, kernel_size={kernel}, dilation={gaps}",
            )
        )
    counts = tuple(
        [pooled_size(n, k, s, p, d, ceil_mode) for n, k, s, p, d in zip(size, kernel, steps, pads, gaps, strict=True)]
    )
    if min(counts) < 1:
        raise ShapeError(
            message(
                f"{name}{here()}: Output size is too small",
                got=f"input {tuple(x.shape)}, kernel_size={kernel}: {counts} windows",
                fix="pool less often, or use a smaller kernel",
            )
        )
    reach = [(n - 1) * s + d * (k - 1) + 1 for n, s, d, k in zip(counts, steps, gaps, kernel, strict=True)]
    both = tuple([(p, max(p, r - n - p)) for p, r, n in zip(pads, reach, size, strict=True)])
    return (size, kernel, counts, steps, both, gaps, 1)


# -- the mean ----------------------------------------------------------------------------------------


@flags
def avg_pool1d(
    input: Tensor, kernel_size: Number, stride: Number | None = None, padding: Number = 0, ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:  # fmt: skip
    """The mean of each window: (N, C, L) or (C, L) to (N, C, L').

    Padding counts as zeros, and among the elements that the sum is divided by unless
    `count_include_pad` is False. Raises RuntimeError as `max_pool1d` does.

    >>> import tinygrad_nn as tg
    >>> avg_pool1d(tg.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
    tensor([[2., 1.]])
    """
    return _avg_pool("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)  # type: ignore[no-any-return]


@flags
def avg_pool2d(
    input: Tensor, kernel_size: Number, stride: Number | None = None, padding: Number = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """As `avg_pool1d`, over (N, C, H, W) or (C, H, W). divisor_override: what to divide every sum by."""
    return _avg_pool(  # type: ignore[no-any-return]
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


@flags
@in_float32
def avg_pool3d(
    input: Tensor, kernel_size: Number, stride: Number | None = None, padding: Number = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """As `avg_pool2d`, over (N, C, D, H, W) or (C, D, H, W)."""
    return _avg_pool(  # type: ignore[no-any-return]
        "avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


@in_single
def _avg_pool(
    name: str, rank: int, input: Any, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool, count_include_pad: bool,
    divisor: int | None,
) -> Any:  # fmt: skip
    x, single = batched(name, input, rank)
    if divisor == 0:
        raise AutogradError(message(f"{name}{here()}: divisor must be not zero", got="divisor_override=0"))
    _check_sizes(name, x, 2 if name.startswith("adaptive") else 1)
    geometry = _geometry(name, x, kernel_size, stride, padding, 1, ceil_mode)
    if divisor is None:
        share = _shares(geometry, each(name, "padding", padding, rank, 0), count_include_pad)
        factor: Any = share if isinstance(share, float) else share.astype(x.array.dtype)
    else:
        factor = 1.0 / divisor
    return unbatched(ops.box_sum(x, geometry) * factor, single)


@lru_cache(maxsize=128)
def _shares(geometry: Any, padding: tuple[int, ...], count_include_pad: bool) -> Any:
    """One over the number of elements in each window: one number if they are equal."""
    size, kernel, counts, stride, _, _, _ = geometry
    total = np.ones(())
    for n, k, count, s, p in zip(size, kernel, counts, stride, padding, strict=True):
        first = np.arange(count) * s - p
        last = np.minimum(first + k, n + p)
        if not count_include_pad:
            first, last = np.maximum(first, 0), np.minimum(last, n)
        total = total[..., None] * (last - first)
    share = 1.0 / total
    return float(share.flat[0]) if np.all(share == share.flat[0]) else share


# -- as many windows as are asked for -----------------------------------------------------------------


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """Means of `output_size` windows that cover the input: (N, C, L) or (C, L) to (N, C, output_size).

    Window i reaches from floor(i * L / out) to ceil((i + 1) * L / out). None keeps a dimension.

    >>> import tinygrad_nn as tg
    >>> adaptive_avg_pool1d(tg.tensor([[1.0, 2.0, 6.0]]), 2)
    tensor([[1.5000, 4.0000]])
    """
    return _adaptive_avg("adaptive_avg_pool1d", 1, input, output_size)  # type: ignore[no-any-return]


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """As `adaptive_avg_pool1d`, over (N, C, H, W) or (C, H, W); output_size: a number or (rows, columns)."""
    return _adaptive_avg("adaptive_avg_pool2d", 2, input, output_size)  # type: ignore[no-any-return]


@in_float32
def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """As `adaptive_avg_pool1d`, over (N, C, D, H, W) or (C, D, H, W)."""
    return _adaptive_avg("adaptive_avg_pool3d", 3, input, output_size)  # type: ignore[no-any-return]


@in_single
def _adaptive_avg(name: str, rank: int, input: Any, output_size: Any) -> Any:
    x, single = batched(name, input, rank)
    out = _wanted(name, x, output_size)
    size = tuple(x.array.shape[2:])
    if all([n == 1 for n in out]):
        means = sum(x, tuple(range(2, x.ndim)), True) * (1.0 / float(np.prod(size)))
        return unbatched(means, single)
    if all([n % o == 0 for n, o in zip(size, out, strict=True)]):
        tile = tuple([n // o for n, o in zip(size, out, strict=True)])
        return _avg_pool(name, rank, input, tile, None, 0, False, True, None)
    given = x.array
    for k, (n, o) in enumerate(zip(size, out, strict=True)):
        if n != o:
            x = ops.resample(x, k + 2, *_mean_table(n, o))
    return unbatched(_as_images(x, given), single)


@lru_cache(maxsize=128)
def _mean_table(size: int, out: int) -> Table:
    places = _windows(size, out)
    weights = [np.full(len(window), 1 / len(window)) for window in places]
    return table(places, weights, size)


def _windows(size: int, out: int) -> list[Any]:
    """The places in each of `out` windows over `size` places."""
    return [np.arange(i * size // out, -((-(i + 1) * size) // out)) for i in range(out)]


def _wanted(name: str, x: Any, output_size: Any) -> tuple[int, ...]:
    rank = x.ndim - 2
    given = tuple(output_size) if isinstance(output_size, (tuple, list)) else (output_size,) * rank
    if len(given) != rank:
        raise AutogradError(
            message(f"{name}{here()}: output_size must be one number or {rank}", got=f"output_size={output_size!r}")
        )
    try:
        sizes = tuple([x.array.shape[k + 2] if n is None else index(n) for k, n in enumerate(given)])
    except TypeError:
        raise DTypeError(
            message(f"{name}: output_size must be integers or None", got=f"output_size={output_size!r}")
        ) from None
    if min(sizes) < 1 or min(x.array.shape[2:]) < 1:
        raise ShapeError(
            message(
                f"{name}{here()}: sizes must be at least 1", got=f"output_size={output_size!r}, input {tuple(x.shape)}"
            )
        )
    return sizes


@flags
def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest of each of `output_size` windows, which lie as in `adaptive_avg_pool1d`."""
    return _adaptive_max("adaptive_max_pool1d", 1, input, output_size, return_indices)


@flags
def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """As `adaptive_max_pool1d`, over (N, C, H, W) or (C, H, W)."""
    return _adaptive_max("adaptive_max_pool2d", 2, input, output_size, return_indices)


@flags
@in_float32
def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """As `adaptive_max_pool1d`, over (N, C, D, H, W) or (C, D, H, W)."""
    return _adaptive_max("adaptive_max_pool3d", 3, input, output_size, return_indices)


def _adaptive_max(name: str, rank: int, input: Any, output_size: Any, return_indices: bool) -> Any:
    x, single = batched(name, input, rank)
    _check_sizes(name, x, 2 if single else 1)
    out = _wanted(name, x, output_size)
    size = tuple(x.array.shape[2:])
    if all([n % o == 0 for n, o in zip(size, out, strict=True)]):
        tile = tuple([n // o for n, o in zip(size, out, strict=True)])
        found = _max_pool(name, rank, input, tile, None, 0, 1, False, return_indices)
        if rank == 3:  # PyTorch has channels last in `max_pool3d`, but not here
            return tuple([in_order(one, "C") for one in found]) if return_indices else in_order(found, "C")
        return found
    batch, channels = x.array.shape[:2]
    flat = reshape(x, (batch, channels, prod(size)))
    places = _window_places(size, out)  # (windows, taps)
    windows: Any = pick_at(flat, (slice(None), slice(None), places))
    best = ops.last_nan_or_largest(windows)
    where: Any = pick_at(wrap(places), (np.arange(len(places)), best))
    rows, columns = np.arange(batch)[:, None, None], np.arange(channels)[:, None]
    values: Any = _as_images(reshape(pick_at(flat, (rows, columns, where)), (batch, channels, *out)), x.array)
    if not return_indices:
        return unbatched(values, single)
    return unbatched(values, single), unbatched(_as_images(reshape(where, (batch, channels, *out)), x.array), single)


def _as_images(result: Any, x: Any) -> Any:
    """The result with channels last if `x`, images or vectors of them, has them so; else, and volumes, row by row."""
    if x.ndim == 3:
        return in_order(result, (0, 2, 1) if ops.channels_are_last(x) else "C")
    return in_order(result, CHANNELS_LAST[4] if x.ndim == 4 and has_channels_last(x) else "C")


@lru_cache(maxsize=128)
def _window_places(size: tuple[int, ...], out: tuple[int, ...]) -> Any:
    """For each window its places in the flattened image, in reading order; short windows repeat their last one."""
    flat = np.zeros((1, 1), np.int64)
    for n, o in zip(size, out, strict=True):
        windows = _windows(n, o)
        longest = max(map(len, windows))
        line = np.array([np.pad(w, (0, longest - len(w)), mode="edge") for w in windows])  # (o, taps)
        flat = flat[:, None, :, None] * n + line[None, :, None, :]
        flat = flat.reshape(flat.shape[0] * o, -1)
    return flat
