"""The same step in plain NumPy, backward pass derived on paper: what an author without a library writes.

All parameters live in one flat array, and so do their gradients, so that the optimizer is a few
passes over one array. What is fast is taken; nothing is taken that makes it hard to read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.nets import Net, batch, first_weights, rows

__all__ = ["addition", "loader_epoch", "training_step"]

Array = np.ndarray[Any, Any]
Layers = list[tuple[Array, Array]]


def flat_layers(layers: Layers) -> tuple[Array, Layers]:
    """One array for all, and each layer's (weight (in, out), bias) as views of it."""
    flat = np.empty(sum(w.size + b.size for w, b in layers), np.float32)
    views = []
    start = 0
    for weight, bias in layers:
        m, n = weight.shape
        w = flat[start : start + m * n].reshape(n, m)
        b = flat[start + m * n : start + m * n + m]
        w[...], b[...] = weight.T, bias
        views.append((w, b))
        start += m * n + m
    return flat, views


# -- activations, over their argument; and their slope from their value --------------------------


def sigmoid(z: Array) -> Array:
    np.negative(z, out=z)
    np.exp(z, out=z)
    z += 1
    return np.reciprocal(z, out=z)


def tanh(z: Array) -> Array:
    return np.tanh(z, out=z)


def relu(z: Array) -> Array:
    return np.maximum(z, 0, out=z)


ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "Sigmoid": (sigmoid, lambda a: a * (1 - a)),
    "Tanh": (tanh, lambda a: 1 - a * a),
    "ReLU": (relu, lambda a: a > 0),
}


# -- losses: the value, and its gradient for the output ------------------------------------------


def cross_entropy(z: Array, y: Array) -> tuple[float, Array]:
    rows = np.arange(len(z))
    z -= z.max(axis=1, keepdims=True)
    p = np.exp(z)
    total = p.sum(axis=1, keepdims=True)
    loss = float(np.log(total).mean() - z[rows, y].mean())
    p /= total
    p[rows, y] -= 1
    p /= len(z)
    return loss, p


def squared_error(z: Array, y: Array) -> tuple[float, Array]:
    d = z - y
    loss = float(np.vdot(d, d) / d.size)
    d *= 2 / d.size
    return loss, d


LOSSES: dict[str, Callable[[Array, Array], tuple[float, Array]]] = {
    "CrossEntropyLoss": cross_entropy,
    "MSELoss": squared_error,
}


# -- updates of the flat parameters --------------------------------------------------------------


def sgd(p: Array, g: Array, net: Net) -> Callable[[], None]:
    velocity = np.zeros_like(p)

    def plain() -> None:
        np.multiply(g, net.lr, out=velocity)
        np.subtract(p, velocity, out=p)

    def with_momentum() -> None:
        np.multiply(velocity, net.momentum, out=velocity)
        np.add(velocity, g, out=velocity)
        np.subtract(p, net.lr * velocity, out=p)

    return with_momentum if net.momentum else plain


def adam(p: Array, g: Array, net: Net) -> Callable[[], None]:
    m, v, scratch = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p)
    t = 0

    def update() -> None:
        nonlocal t
        t += 1
        np.multiply(m, 0.9, out=m)
        np.add(m, np.multiply(g, 0.1, out=scratch), out=m)
        np.multiply(v, 0.999, out=v)
        np.multiply(g, g, out=scratch)
        np.multiply(scratch, 0.001, out=scratch)
        np.add(v, scratch, out=v)
        np.sqrt(v, out=scratch)
        np.divide(scratch, (1 - 0.999**t) ** 0.5, out=scratch)
        np.add(scratch, 1e-8, out=scratch)
        np.divide(m, scratch, out=scratch)
        np.multiply(scratch, net.lr / (1 - 0.9**t), out=scratch)
        np.subtract(p, scratch, out=p)

    return update


# -- the contenders ------------------------------------------------------------------------------


def training_step(net: Net, size: int | None = None) -> tuple[Callable[[Array, Array], float], Array, Array]:
    """(step, x, y), as `libraries.training_step` gives."""
    parameters, layers = flat_layers(first_weights(net))
    gradients, slopes = flat_layers(first_weights(net))
    activation, slope = ACTIVATIONS[net.activation]
    loss_of = LOSSES[net.loss]
    update = (sgd if net.optimizer == "SGD" else adam)(parameters, gradients, net)
    last = len(layers) - 1

    def step(x: Array, y: Array) -> float:
        values = [x]
        for k, (w, b) in enumerate(layers):
            z = values[-1] @ w
            z += b
            values.append(z if k == last else activation(z))
        loss, d = loss_of(values[-1], y)
        for k in range(last, -1, -1):
            gw, gb = slopes[k]
            np.matmul(values[k].T, d, out=gw)
            d.sum(axis=0, out=gb)
            if k:
                d = d @ layers[k][0].T
                d *= slope(values[k])
        update()
        return loss

    return step, *batch(net, size)


def addition() -> Callable[[], Any]:
    """a + b of 4×4 float32."""
    a, b = np.ones((4, 4), np.float32), np.ones((4, 4), np.float32)
    return lambda: a + b


def loader_epoch(samples: int, features: int) -> Callable[[], int]:
    """One epoch of shuffled batches of 64, each one fancy index."""
    x, y = rows(samples, features)
    rng = np.random.default_rng(0)

    def epoch() -> int:
        order = rng.permutation(samples)
        seen = 0
        for start in range(0, samples, 64):
            chosen = order[start : start + 64]
            _, targets = x[chosen], y[chosen]
            seen += len(targets)
        return seen

    return epoch
