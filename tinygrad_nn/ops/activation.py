"""Activations whose rule has to be chosen with care: at kinks, far out, and for NaN and infinities.

Where the slope is 0 because another branch was taken, the cotangent is left out, not multiplied by 0 (0 * inf
would be NaN). Where a slope falls off as e^x does, it is formed from e^x, not from a result that has rounded.
"""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

from tinygrad_nn.ops.elementwise import (
    abs,
    clamp,
    exp,
    ge,
    gt,
    le,
    logical_and,
    logical_or,
    logistic,
    lt,
    smooth,
    where,
)
from tinygrad_nn.order import merged
from tinygrad_nn.primitive import primitive

Array = Any


# -- limited ---------------------------------------------------------------------------------------------


def _between(x: Array, low: float, high: float) -> Array:
    return logical_and(gt(x, low), lt(x, high))


hardtanh = primitive(
    "hardtanh",
    lambda x, low, high: np.where(x <= low, x.dtype.type(low), np.where(x >= high, x.dtype.type(high), x)),
    lambda g, x, low, high: where(_between(x, low, high), g, 0.0),
    layout=merged,
)
"""x limited to [low, high]; unlike clamp's, the slope at the limits is 0."""

hardsigmoid = smooth(
    "hardsigmoid",
    lambda x: np.clip(x + 3, 0, 6) / 6,
    lambda g, x: where(_between(x, -3.0, 3.0), g / 6, 0.0),
    layout=merged,
)
hardswish = smooth(
    "hardswish",
    lambda x: x * np.clip(x + 3, 0, 6) / 6,
    lambda g, x: where(le(x, -3.0), 0.0, where(ge(x, 3.0), g, g * (clamp(x, -3.0, 3.0) / 3 + 0.5))),
    layout=merged,
)


# -- shrunk ----------------------------------------------------------------------------------------------


def _softshrink(x: Array, by: float) -> Array:
    return np.where(x > by, x - x.dtype.type(by), np.where(x < -by, x + x.dtype.type(by), x * x.dtype.type(0)))


def _outside(x: Array, by: float) -> Array:
    return logical_or(gt(x, by), lt(x, -by))


softshrink = primitive("softshrink", _softshrink, lambda g, x, by: where(_outside(x, by), g, 0.0), layout=merged)
hardshrink = primitive(
    "hardshrink",
    lambda x, by: np.where((x >= -by) & (x <= by), x.dtype.type(0), x),
    lambda g, x, by: where(_outside(x, by), g, 0.0),
    layout=merged,
)


# -- exponential -----------------------------------------------------------------------------------------


def _elu(x: Array, height: float, scale: float, rate: float) -> Array:
    below = np.expm1(np.minimum(x, 0) * x.dtype.type(rate)) * x.dtype.type(height)
    return np.where(x > 0, x * x.dtype.type(scale), below)


def _elu_rule(g: Array, x: Array, height: float, scale: float, rate: float) -> Array:
    below = where(ge(x, 0.0), 0.0, x)  # the exponential never sees a positive number, and has no slope at 0
    return where(gt(x, 0.0), g * scale, g * (exp(below * rate) * (height * rate)))


elu = primitive("elu", _elu, _elu_rule, layout=merged)
"""scale * x where x > 0, else height * (e^(rate x) - 1)."""


# -- gated by a sigmoid ----------------------------------------------------------------------------------

silu = smooth("silu", lambda x: x * logistic(x), lambda g, x: g * (logistic(x) * (1 + x * logistic(-x))), layout=merged)


def _mish(x: Array) -> Array:
    """x n / (n + 2) with n = e^x (e^x + 2); beyond 20 the gate is 1."""
    e = np.exp(np.minimum(x, 20))
    n = e * (e + 2)
    return x * (n / (n + 2))


def _mish_gate(x: Array) -> Array:
    """tanh(softplus(x)) = (1 - q) (1 + q) / (1 + q^2), q = sigmoid(-x)."""
    q = logistic(-x)
    return logistic(x) * (1 + q) / (1 + q * q)


def _mish_gate_slope(x: Array) -> Array:
    q = logistic(-x)
    below = 1 + q * q
    return 4 * logistic(x) * q / below * q / below


mish_gate = smooth("mish_gate", _mish_gate, lambda g, x: g * _mish_gate_slope(x))


def _mish_rule(g: Array, x: Array) -> Array:
    return g * (mish_gate(x) + x * _mish_gate_slope(x))


mish = smooth("mish", _mish, _mish_rule, layout=merged)
"""x tanh(softplus(x))."""


def _steepness(x: Array) -> tuple[Array, Array]:
    """Twice the tanh's argument, and its slope; beyond 30 the gate is 0 or 1, and a cube might overflow."""
    near = clamp(x, -30.0, 30.0)
    square = near * near * 0.044715
    factor = 2 * (2 / pi) ** 0.5
    return near * (1 + square) * factor, (1 + 3 * square) * factor


def _gelu_tanh_rule(g: Array, x: Array) -> Array:
    argument, slope = _steepness(x)
    return g * (logistic(argument) * (1 + x * logistic(-argument) * slope))


gelu_tanh = smooth("gelu_tanh", lambda x: x * logistic(_steepness(x)[0]), _gelu_tanh_rule, layout=merged)
"""x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), where (1 + tanh u) / 2 is the sigmoid of 2u."""


# -- a quotient ------------------------------------------------------------------------------------------


def _softsign_rule(g: Array, x: Array) -> Array:
    size = abs(x) + 1
    return g / size / size


softsign = smooth("softsign", lambda x: x / (np.abs(x) + 1), _softsign_rule, layout=merged)
