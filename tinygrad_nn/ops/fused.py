"""Compositions made one primitive because they are on every hot path, each with its measured reason.

linear: one pass and one node instead of three (transpose, product, bias).
cross_entropy: exp and log in one place, and a backward pass of one subtraction.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.errors import ShapeError
from tinygrad_nn.ops.reduce import softmax
from tinygrad_nn.primitive import primitive

Array = Any


def _linear(x: Array, weight: Array, bias: Array | None) -> Array:
    if x.ndim == 0 or x.shape[-1] != weight.shape[-1]:
        raise ShapeError(
            f"linear: the input's last dimension must be in_features={weight.shape[-1]}\n"
            f"  got: input {tuple(x.shape)}, weight {tuple(weight.shape)}\n"
            f"  fix: flatten the input, or make the layer Linear({x.shape[-1] if x.ndim else 1}, {weight.shape[0]})"
        )
    if x.ndim > 2:  # one large product instead of a small one per batch
        out = (x.reshape(-1, x.shape[-1]) @ weight.T).reshape(*x.shape[:-1], weight.shape[0])
    else:
        out = x @ weight.T
    if bias is not None:
        out += bias
    return out


def _linear_weight(g: Array, x: Array) -> Array:
    if x.ndim != 2:
        x, g = x.reshape((-1, x.shape[-1])), g.reshape((-1, g.shape[-1]))
    return g.T @ x


linear = primitive("linear", _linear, lambda g, weight: g @ weight, _linear_weight, lambda g: g)
"""x @ weight.T + bias, for x: (..., in), weight: (out, in), bias: (out,) or None."""


def _nll(logits: Array, target: Array) -> Array:
    shifted = logits - np.maximum.reduce(logits, 1, None, None, True)
    return np.log(np.add.reduce(np.exp(shifted), 1)) - shifted[np.arange(len(target)), target]


one_hot = primitive("one_hot", lambda index, classes: np.expand_dims(index, -1) == np.arange(classes), arity=1)
"""True at place index[...] of a new last axis of size `classes`."""

softmax_nll = primitive(
    "softmax_nll", _nll,
    lambda g, logits, target, shape: g[:, None] * (softmax(logits, 1) - one_hot(target, shape[1])),
    arity=1,
)  # fmt: skip
"""-log softmax(logits)[target] for each row: (N, C) and (N,) integers to (N,)."""
