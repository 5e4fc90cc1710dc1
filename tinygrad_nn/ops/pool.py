"""Poolings: the largest element, or the sum, of each window.

Both go one dimension after the other (the maximum of a window is the maximum of its rows' maxima), so a
window of k by k costs 2k passes, not k * k. A *geometry* is that of `window`; groups do not count.

The maximum's rule needs the winners: for each window the number of the element that was taken, the
first in reading order among equals. `max_chosen` and `max_spread` read and write at these places, are
linear, and each other's transpose.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tinygrad_nn.ops.window import Geometry, plan_of
from tinygrad_nn.order import arranged, channels, has_channels_last, in_rows, strides
from tinygrad_nn.primitive import primitive

Array = Any


def _along(axis: int, start: int, step: int, count: int) -> tuple[slice, ...]:
    """The index of `count` places along one axis."""
    return (slice(None),) * axis + (slice(start, start + step * (count - 1) + 1, step),)


def _padded(x: Array, geometry: Geometry, value: float) -> Array:
    plan = plan_of(geometry)
    if plan.padded == plan.size:
        return x
    out = np.full((*x.shape[:2], *plan.padded), value, x.dtype)
    out[(slice(None), slice(None), *plan.inside)] = x
    return out


def _pooled(out: Array, x: Array, *rest: Any) -> Array:
    """As the images: see `order.channels`. PyTorch pools (N, C, L) as images of one row, and takes them for such."""
    if x.ndim > 3:
        return channels(out, x)
    return arranged(out, (0, 2, 1)) if channels_are_last(x) else in_rows(out)


def channels_are_last(x: Array) -> bool:
    """Whether (N, C, L), as an image of one row, has its channels last."""
    n, c, step = strides(x)
    size, unit = x.shape[2], x.itemsize
    image = as_strided(x, (*x.shape[:2], 1, size), (n * unit, c * unit, size * step * unit, step * unit))
    return has_channels_last(image)


def _averaged(out: Array, x: Array, *rest: Any) -> Array:
    """The same; volumes always row by row."""
    return in_rows(out) if x.ndim == 5 else _pooled(out, x)


# -- the largest -------------------------------------------------------------------------------------


def _max_pool(x: Array, geometry: Geometry) -> tuple[Array, Array]:
    """The maxima and, as the residual, the winners."""
    least = -np.inf if x.dtype.kind in "fV" else np.iinfo(x.dtype).min
    padded = _padded(x, geometry, least)
    best, winner = _best(padded, geometry, False)
    if best.size and x.dtype.kind in "fV" and np.isnan(np.maximum.reduce(best, None)):
        best, winner = _best(padded, geometry, True)
    if padded is not x:  # the padding is never the winner, not even beside elements as small
        tie = best == least
        if tie.any():
            np.copyto(winner, _first_inside(geometry), where=tie, casting="unsafe")
    return best, winner


def _first_inside(geometry: Geometry) -> Array:
    """For each window the number of its first element that is not padding."""
    _, kernel, counts, stride, padding, dilation, _ = geometry
    number: Array = 0
    for k, n in enumerate(kernel):
        before = np.maximum(padding[k][0] - np.arange(counts[k]) * stride[k], 0)
        number = number * n + (-(-before // dilation[k])).reshape((-1,) + (1,) * (len(kernel) - 1 - k))
    return number


def _best(x: Array, geometry: Geometry, nan: bool) -> tuple[Array, Array]:
    _, kernel, counts, stride, _, dilation, _ = geometry
    best, winner, scale = x, None, 1
    kind = np.uint8 if np.prod(kernel) <= 256 else np.int32
    for k in range(len(kernel) - 1, -1, -1):
        places = [_along(k + 2, i * dilation[k], stride[k], counts[k]) for i in range(kernel[k])]
        rows, numbers = best, winner
        best = np.array(rows[places[0]])
        winner = np.zeros(best.shape, kind) if numbers is None else np.array(numbers[places[0]])
        for i, place in enumerate(places[1:], 1):
            candidate = rows[place]
            better = candidate > best
            if nan:
                better |= np.isnan(candidate)
            np.maximum(best, candidate, out=best)
            chosen = better.view(np.uint8)  # arithmetic on bytes is several times faster than a masked copy
            if numbers is None:
                np.maximum(winner, chosen * kind(i), out=winner)
            else:
                winner += chosen * (numbers[place] + kind(i * scale) - winner)
        scale *= kernel[k]
    return best, winner


_BITS = {1: np.dtype(np.int8), 2: np.dtype(np.int16), 4: np.dtype(np.int32), 8: np.dtype(np.int64)}


def _max_spread(y: Array, index: Array, geometry: Geometry) -> Array:
    plan = plan_of(geometry)
    out = np.zeros((*y.shape[:2], *plan.padded), y.dtype)
    bits = y.view(_BITS[y.dtype.itemsize])  # bits times 0 or 1 are a choice: an infinity stays where it belongs
    apart = all([s >= d * (k - 1) + 1 for s, d, k in zip(plan.stride, plan.dilation, plan.kernel, strict=True)])
    for number, tap in enumerate(plan.taps):
        place = out[(slice(None), slice(None), *plan.place(tap))]
        if apart:
            np.multiply(bits, index == number, out=place.view(bits.dtype))
        else:
            place += (bits * (index == number)).view(y.dtype)
    return np.ascontiguousarray(out[(slice(None), slice(None), *plan.inside)])


def _max_chosen(x: Array, index: Array, geometry: Geometry) -> Array:
    plan = plan_of(geometry)
    padded = _padded(x, geometry, 0)
    out = np.zeros(index.shape, x.dtype)
    for number, tap in enumerate(plan.taps):
        np.copyto(out, padded[(slice(None), slice(None), *plan.place(tap))], where=index == number)
    return out


def _max_position(index: Array, geometry: Geometry) -> Array:
    """Where each winner stands in the flattened image: what `return_indices` gives."""
    size, kernel, counts, stride, padding, dilation, _ = geometry
    taps = np.unravel_index(index, kernel)
    total: Array = 0
    for k, tap in enumerate(taps):
        first = np.arange(counts[k]) * stride[k] - padding[k][0]
        total = total * size[k] + first.reshape((-1,) + (1,) * (len(kernel) - 1 - k)) + tap * dilation[k]
    return total.astype(np.int64)


def _last_nan_or_largest(x: Array) -> Array:
    """Where along the last axis PyTorch's adaptive pooling finds the maximum: the last NaN, else the first maximum."""
    place = np.argmax(x, -1)
    if x.dtype.kind not in "fV":
        return place
    nan = np.isnan(x)
    if not nan.any():
        return place
    return np.where(nan.any(-1), x.shape[-1] - 1 - np.argmax(nan[..., ::-1], -1), place)


last_nan_or_largest = primitive("last_nan_or_largest", _last_nan_or_largest)
max_winner = primitive("max_winner", lambda x, geometry: _max_pool(x, geometry)[1], layout=_pooled)
"""The number of each window's largest element, in reading order within the window."""
max_position = primitive("max_position", _max_position, layout=_pooled)
max_pool = primitive(
    "max_pool", _max_pool,
    lambda g, residual, x, geometry: max_spread(g, max_winner(x, geometry) if residual is None else residual, geometry),
    layout=_pooled,
)  # fmt: skip
"""The largest element of each window: x: (N, C, *size) to (N, C, *counts)."""
max_chosen = primitive(
    "max_chosen", _max_chosen, lambda g, index, geometry: max_spread(g, index, geometry), arity=1, layout=_pooled
)
max_spread = primitive("max_spread", _max_spread, lambda g, index, geometry: max_chosen(g, index, geometry), arity=1)


# -- the sum -----------------------------------------------------------------------------------------


def _box_sum(x: Array, geometry: Geometry) -> Array:
    _, kernel, counts, stride, _, dilation, _ = geometry
    total = _padded(x, geometry, 0)
    for k in range(len(kernel) - 1, -1, -1):
        rows = total
        total = np.array(rows[_along(k + 2, 0, stride[k], counts[k])])
        for i in range(1, kernel[k]):
            total += rows[_along(k + 2, i * dilation[k], stride[k], counts[k])]
    return total


def _box_spread(y: Array, geometry: Geometry) -> Array:
    plan = plan_of(geometry)
    rows = y
    for k, size in enumerate(plan.padded):
        wide = np.zeros((*rows.shape[: k + 2], size, *rows.shape[k + 3 :]), y.dtype)
        for i in range(plan.kernel[k]):
            wide[_along(k + 2, i * plan.dilation[k], plan.stride[k], plan.counts[k])] += rows
        rows = wide
    return np.ascontiguousarray(rows[(slice(None), slice(None), *plan.inside)])


box_sum = primitive("box_sum", _box_sum, lambda g, geometry: box_spread(g, geometry), layout=_averaged)
"""The sum of each window: x: (N, C, *size) to (N, C, *counts)."""
box_spread = primitive("box_spread", _box_spread, lambda g, geometry: box_sum(g, geometry))
"""The transpose: every sum's share to all elements of its window."""


# -- weighted sums of chosen places along one axis ----------------------------------------------------


def _resample(x: Array, dim: int, there: tuple[Array, Array], back: tuple[Array, Array]) -> Array:
    index, weight = there
    lead = (slice(None),) + (None,) * (x.ndim - 1 - dim)
    out: Array = None
    for k in range(index.shape[1]):
        part = x.take(index[:, k], dim)
        factor = weight[:, k]
        if not np.all(factor == 1):
            part *= factor.astype(x.dtype)[lead]
            if not np.all(factor):  # not taken, whatever it is
                part[(slice(None),) * dim + (factor == 0,)] = 0
        out = part if out is None else np.add(out, part, out=out)
    return out


resample = primitive(
    "resample", _resample, lambda g, dim, there, back: resample(g, dim, back, there), arity=1, layout=channels
)
"""out_i = sum over k of weight[i, k] * x[index[i, k]] along `dim`: interpolation, padding by copies, averages.

`there` and `back` are the (index, weight) tables of this map and of its transpose.
"""
