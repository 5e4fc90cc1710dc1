"""Compositions made one primitive because they are on every hot path, each with its measured reason.

linear: one pass and one node instead of three (transpose, product, bias).
cross_entropy: exp and log in one place, and a backward pass of one subtraction.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.errors import ShapeError
from tinygrad_nn.ops.linalg import matmul, rows
from tinygrad_nn.ops.reduce import along, largest, softmax
from tinygrad_nn.ops.sums import TALL, add_up, product
from tinygrad_nn.order import in_rows
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
        out = product(rows(x), weight.T).reshape(*x.shape[:-1], weight.shape[0])
    else:
        out = x @ weight.T if x.shape[-1] < TALL else product(x, weight.T)
    if bias is not None:
        out += bias
    return out


def _linear_weight(g: Array, x: Array) -> Array:
    if x.ndim != 2:
        x, g = rows(x), rows(g)
    return g.T @ x if x.shape[0] < TALL else matmul(g.T, x)


linear = primitive("linear", _linear, lambda g, weight: g @ weight, _linear_weight, lambda g: g)
"""x @ weight.T + bias, for x: (..., in), weight: (out, in), bias: (out,) or None."""


one_hot = primitive("one_hot", lambda index, classes: index[..., None] == np.arange(classes), arity=1, layout=in_rows)
"""True at place index[...] of a new last axis of size `classes`."""


def _class_indices(target: Array, classes: int) -> Array:
    if target.size and not 0 <= target.min() <= target.max() < classes:
        raise IndexError(f"target holds a class outside 0..{classes - 1}: from {target.min()} to {target.max()}")
    return target


class_indices = primitive("class_indices", _class_indices)
"""The target itself, once it is seen to name classes: keeps the check in a recorded program."""


def _own(target: Array, classes: int) -> Array:
    """Where each row's own class stands in the flattened (N, classes): faster than a pair of indices."""
    return np.arange(0, len(target) * classes, classes) + target


def _minus_one_hot(p: Array, target: Array) -> Array:
    out = np.array(p, order="C")
    out.reshape(-1)[_own(target, p.shape[1])] -= 1
    return out


minus_one_hot = primitive("minus_one_hot", _minus_one_hot, lambda g: g)
"""p less 1 at each row's own class: of softmax(logits), the slope of the cross entropy in the logits."""


def _cross_entropy(logits: Array, target: Array, reduction: str) -> tuple[Array, Array]:
    """The loss and, as the residual, the probabilities."""
    shifted = logits - along(largest, logits, 1)
    p = np.exp(shifted)
    total = along(add_up, p, 1)
    loss = np.log(total[:, 0]) - shifted.take(_own(target, logits.shape[1]))
    p /= total
    if reduction != "none":
        loss = np.add.reduce(loss)
        if reduction == "mean":
            loss = loss / len(target)
    return loss, p


def _cross_entropy_rule(g: Array, residual: Array | None, logits: Array, target: Array, reduction: str) -> Array:
    if reduction == "none":
        g = g[:, None]
    elif reduction == "mean":
        g = g / logits.shape[0]
    p = softmax(logits, 1) if residual is None else residual
    return g * minus_one_hot(p, target)


cross_entropy = primitive("cross_entropy", _cross_entropy, _cross_entropy_rule, arity=1, spares=("logits",))
"""-log softmax(logits)[target] for each row, (N, C) and (N,) integers to (N,); their sum; or their mean."""
