"""Losses whose gradient needs more care than the composition of their parts has."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.errors import OperandError
from tinygrad_nn.ops.elementwise import clamp, log, log1p
from tinygrad_nn.order import arranged, order_of
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


binary_cross_entropy = primitive(
    "binary_cross_entropy", _binary_cross_entropy,
    lambda g, x, y: g * (x - y) / clamp(x * (1 - x), 1e-12, None),
    lambda g, x: g * (clamp(log1p(-x), -100.0, None) - clamp(log(x), -100.0, None)),
    layout=lambda out, x, y: arranged(out, order_of(x)),
)  # fmt: skip
"""-(y log x + (1 - y) log(1 - x)), logarithms at least -100; at x = 0 and 1 the slope is large, not NaN."""
