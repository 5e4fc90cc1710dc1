"""Normalisation: to mean 0 and variance 1, then scaled and shifted.

One primitive each instead of the nine of the composition: a third of the passes over memory, and the
rule in closed form. With u the standardised input, h the cotangent times the weight and means over what
was normalised together, the input's cotangent is

    (h - mean(h) - u * mean(h * u)) / sqrt(variance + eps)

(Ioffe and Szegedy, 2015; Ba, Kiros and Hinton, 2016; without the centring, Zhang and Sennrich, 2019).
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from tinygrad_nn.ops.elementwise import lt, rsqrt, where
from tinygrad_nn.ops.reduce import scale_along, sum
from tinygrad_nn.ops.sums import add_rows, add_up, inner
from tinygrad_nn.order import channels, in_rows
from tinygrad_nn.primitive import primitive

Array = Any


# -- over the last axes of each sample -----------------------------------------------------------------


def _layer_norm(
    x: Array, weight: Array | None, bias: Array | None, rank: int, centred: bool, eps: float
) -> tuple[Array, Any]:
    """The result and, as the residual, the standardised input and one over its deviation."""
    lead = x.shape[: x.ndim - rank]
    rows = x.reshape(prod(lead), prod(x.shape[x.ndim - rank :]))
    count = max(1, rows.shape[1])
    rows = rows - add_up(rows, 1, None, None, True) / x.dtype.type(count) if centred else rows
    scale = 1 / np.sqrt(inner(rows, rows)[:, None] / x.dtype.type(count) + x.dtype.type(eps))
    if not scale.all():  # squares have overflowed
        wide = rows.astype(np.float64)
        scale = (1 / np.sqrt(inner(wide, wide)[:, None] / count + eps)).astype(x.dtype)
    unit = (rows * scale).reshape(x.shape)
    out = unit if weight is None else unit * weight
    if bias is not None:
        out = out + bias
    return out, (unit, scale.reshape(*lead, *(1,) * rank))


def _standardised(x: Array, axes: tuple[int, ...], centred: bool, eps: float) -> tuple[Array, Array]:
    """The same, in primitives: for the gradient of the gradient."""
    share = 1.0 / prod([x.shape[k] for k in axes])
    size = scale_along(x, axes)
    size = where(lt(size, 1.0), 1.0, size)  # large numbers are made small, so that squares do not overflow
    x = x / size
    if centred:
        x = x - sum(x, axes, True) * share
    scale = rsqrt(sum(x * x, axes, True) * share + eps / size / size)
    return x * scale, scale / size


def _layer_norm_rule(
    g: Array, residual: Any, x: Array, weight: Array | None, bias: Array | None, rank: int, centred: bool, eps: float
) -> tuple[Array, Array | None, Array | None]:
    if residual is not None:
        return _layer_norm_slopes(g, *residual, weight, bias, rank, centred)
    axes = tuple(range(x.ndim - rank, x.ndim))
    lead = tuple(range(x.ndim - rank))
    unit, scale = _standardised(x, axes, centred, eps)
    share = 1.0 / max(1, prod([x.shape[k] for k in axes]))
    h = g if weight is None else g * weight
    slope = h - unit * (sum(h * unit, axes, True) * share)
    if centred:
        slope = slope - sum(h, axes, True) * share
    return (
        slope * scale,
        None if weight is None else sum(g * unit, lead, False),
        None if bias is None else sum(g, lead, False),
    )


def _layer_norm_slopes(
    g: Array, unit: Array, scale: Array, weight: Array | None, bias: Array | None, rank: int, centred: bool
) -> tuple[Array, Array | None, Array | None]:
    """The rule on arrays: two new ones, everything else in place."""
    shape, ending = g.shape, g.shape[g.ndim - rank :]
    count = max(1, prod(ending))
    flat = (prod(shape[: g.ndim - rank]), prod(ending))
    g, unit, scale = g.reshape(flat), unit.reshape(flat), scale.reshape(flat[0], 1)
    slope = g.astype(unit.dtype) if weight is None else g * weight.reshape(-1)
    part = unit * (inner(slope, unit)[:, None] * unit.dtype.type(1 / count))
    if centred:
        part += add_up(slope, 1, None, None, True) * unit.dtype.type(1 / count)
    slope -= part
    slope *= scale
    return (
        slope.reshape(shape),
        None if weight is None else add_rows(np.multiply(g, unit, out=part)).reshape(ending),
        None if bias is None else add_rows(g).reshape(ending),
    )


layer_norm = primitive(
    "layer_norm", _layer_norm, arity=3, joint=_layer_norm_rule, spares=("bias",),
    layout=lambda out, x, weight, bias, rank, centred, eps: in_rows(out) if centred else channels(out, x),
)  # fmt: skip
"""(x - mean) / sqrt(var + eps) * weight + bias over the last `rank` axes.

Without `centred`, x / sqrt(mean(x^2) + eps).
"""


# -- over the batch, channel by channel ----------------------------------------------------------------


def _channel_moments(x: Array) -> Array:
    rows = x.reshape(x.shape[0], x.shape[1], -1)
    if x.dtype.itemsize == 2:
        rows = rows.astype(np.float32)
    count = rows.dtype.type(rows.shape[0] * rows.shape[2])
    out = np.empty((2, x.shape[1]), rows.dtype)
    out[0] = add_rows(add_up(rows, 2)) / count
    gaps = rows - out[0][:, None]
    out[1] = add_rows(inner(gaps, gaps)) / count
    return out


channel_moments = primitive("channel_moments", _channel_moments, half="moves")
"""Mean and (biased) variance of each channel: (N, C, ...) to (2, C). A measurement: no gradient, and of
16-bit numbers in float32."""


def _batch_norm(
    x: Array, weight: Array | None, bias: Array | None, moments: Array | None, eps: float
) -> tuple[Array, Any]:
    if moments is None:
        moments = _channel_moments(x)
    mean, scale = moments[0], 1 / np.sqrt(moments[1] + moments.dtype.type(eps))
    factor = scale if weight is None else scale * weight
    shift = -mean * factor if bias is None else bias - mean * factor
    shape = (-1, *(1,) * (x.ndim - 2))
    out = x * factor.reshape(shape)
    out += shift.reshape(shape)
    return out, (mean, scale)


def _batch_norm_rule(
    g: Array, residual: Any, x: Array, weight: Array | None, bias: Array | None, eps: float
) -> tuple[Array, Array | None, Array | None]:
    if residual is not None:
        return _batch_norm_slopes(g, x, *residual, weight)
    axes = (0, *range(2, x.ndim))
    wide = (1, -1, *(1,) * (x.ndim - 2))
    share = 1.0 / prod([x.shape[k] for k in axes])
    gaps = x - sum(x, axes, True) * share
    scale = rsqrt(sum(gaps * gaps, axes, True) * share + eps)
    total, along = sum(g, axes, True), sum(g * gaps, axes, True) * scale
    factor = scale if weight is None else scale * weight.reshape(wide)
    return (
        g * factor - gaps * (factor * scale * along * share) - factor * total * share,
        None if weight is None else along.reshape((-1,)),
        None if bias is None else total.reshape((-1,)),
    )


def _batch_norm_slopes(
    g: Array, x: Array, mean: Array, scale: Array, weight: Array | None
) -> tuple[Array, Array, Array]:
    """The rule on arrays: two new ones, everything else in place."""
    shape = x.shape
    g, x = g.reshape(*shape[:2], -1), x.reshape(*shape[:2], -1)
    share = mean.dtype.type(1 / max(1, g.shape[0] * g.shape[2]))
    gaps = x - mean[:, None]
    total = add_rows(add_up(g, 2))
    along = add_rows(inner(g, gaps)) * scale
    factor = scale if weight is None else scale * weight
    gaps *= (factor * scale * along * share)[:, None]
    gaps += (factor * total * share)[:, None]
    slope = g * factor[:, None]
    slope -= gaps
    return slope.reshape(shape), along, total


batch_norm = primitive("batch_norm", _batch_norm, arity=3, joint=_batch_norm_rule, spares=("bias",), layout=channels)
"""x: (N, C, ...) standardised with its own `channel_moments`, weight, bias: (C,) or None.

`moments`: those moments, if they are known already; they count as functions of x, not as constants."""
