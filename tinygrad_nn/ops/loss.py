"""Losses whose gradient needs more care than the composition of their parts has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_nn.errors import OperandError
from tinygrad_nn.ops.activation import hardtanh
from tinygrad_nn.ops.elementwise import clamp, eq, gt, log, log1p, log_sigmoid, logistic, where
from tinygrad_nn.order import arranged, merged, order_of
from tinygrad_nn.primitive import primitive

Array = Any


def _binary_cross_entropy(x: Array, y: Array) -> Array:
    if x.size and not (np.min(x) >= 0 and np.max(x) <= 1):
        raise OperandError(
            "binary_cross_entropy: all elements of input should be between 0 and 1\n"
            f"  got: values from {np.min(x)} to {np.max(x)}\n"
            "  fix: apply sigmoid first, or use binary_cross_entropy_with_logits"
        )
    return -(y * np.maximum(np.log(x), -100) + (1 - y) * np.maximum(np.log1p(-x), -100))


def _limited_log(zero: Array, logarithm: Callable[[Array], Array], x: Array) -> Array:
    """The logarithm, at least -100; where `zero` is 0 it is not even formed, as its slope is infinite there."""
    none = eq(zero, 0)
    return clamp(
        where(none, -100.0, logarithm(where(none, -0.5, x) if logarithm is log1p else where(none, 1.0, x))),
        -100.0,
        None,
    )


binary_cross_entropy = primitive(
    "binary_cross_entropy", _binary_cross_entropy,
    lambda g, x, y: g * (x - y) / clamp(x * (1 - x), 1e-12, None),
    lambda g, x: g * (_limited_log(1 - x, log1p, -x) - _limited_log(x, log, x)),
    layout=lambda out, x, y: arranged(out, order_of(x)),
)  # fmt: skip
"""-(y log x + (1 - y) log(1 - x)), logarithms at least -100; at x = 0 and 1 the slope is large, not NaN."""


def _with_logits(x: Array, y: Array, weight: Array | None) -> Array:
    """(1 - y) x - (1 + (weight - 1) y) log sigmoid(x)."""
    log_p = log_sigmoid(x)
    return (1 - y) * x - (log_p if weight is None else (1 + (weight - 1) * y) * log_p)


def _with_logits_x(g: Array, x: Array, y: Array, weight: Array | None) -> Array:
    """sigmoid(x) - y for weight 1: from the side on which the sigmoid is small, so that it keeps its digits."""
    if weight is None:
        return g * where(gt(x, 0), 1 - y - logistic(-x), logistic(x) - y)
    factor = 1 + (weight - 1) * y
    return g * where(gt(x, 0), 1 - y - factor * logistic(-x), factor * logistic(x) - weight * y)


def _with_logits_y(g: Array, x: Array, weight: Array | None) -> Array:
    return -g * (x if weight is None else x + (weight - 1) * log_sigmoid(x))


bce_with_logits = primitive(
    "bce_with_logits",
    _with_logits,
    _with_logits_x,
    _with_logits_y,
    lambda g, x, y: -g * y * log_sigmoid(x),
    layout=lambda out, x, y, weight: arranged(out, order_of(y)),  # PyTorch begins with 1 - y
)
"""-(weight y log sigmoid(x) + (1 - y) log(1 - sigmoid(x))), weight 1 if None."""


def _smooth_l1(x: Array, beta: float) -> Array:
    size = np.abs(x)
    return np.where(size < beta, np.square(x) * x.dtype.type(0.5 / beta), size - x.dtype.type(0.5 * beta))


def _huber(x: Array, delta: float) -> Array:
    size, delta = np.abs(x), x.dtype.type(delta)
    return np.where(size <= delta, np.square(x) * x.dtype.type(0.5), (size - x.dtype.type(0.5) * delta) * delta)


smooth_l1 = primitive("smooth_l1", _smooth_l1, lambda g, x, beta: g * hardtanh(x / beta, -1.0, 1.0), layout=merged)
huber = primitive("huber", _huber, lambda g, x, delta: g * hardtanh(x, -delta, delta), layout=merged)
