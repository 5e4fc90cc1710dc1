"""The networks of the benchmark: their sizes, and the data and first weights that all contenders share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

__all__ = ["NETS", "Net", "batch", "first_weights", "rows"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Net:
    """A multi-layer perceptron and how it is trained. The last layer has no activation."""

    name: str
    sizes: tuple[int, ...]
    activation: Literal["Sigmoid", "Tanh", "ReLU"]
    loss: Literal["CrossEntropyLoss", "MSELoss"]
    optimizer: Literal["SGD", "Adam"]
    lr: float
    batch: int
    momentum: float = 0.0
    aims: tuple[tuple[str, str, float], ...] = ()

    def __str__(self) -> str:
        layers = "-".join(str(n) for n in self.sizes)
        rule = f"{self.optimizer} with momentum" if self.momentum else self.optimizer
        return f"{layers} {self.activation.lower()}, batch {self.batch:,}, {rule}"


NETS = (
    Net(
        "small", (784, 15, 10), "Sigmoid", "CrossEntropyLoss", "SGD", 0.1, 10,
        aims=(("tinygrad_nn", "PyTorch", 0.35), ("tinygrad_nn compiled", "tinygrad_nn", 0.8)),
    ),
    Net("regression", (8, 64, 64, 1), "ReLU", "MSELoss", "SGD", 0.01, 32, momentum=0.9),
    Net(
        "deep", (784, 25, 20, 15, 10), "ReLU", "CrossEntropyLoss", "Adam", 1e-3, 64,
        aims=(("tinygrad_nn", "PyTorch", 0.5),),
    ),
    Net("fullbatch", (784, 16, 16, 10), "Sigmoid", "CrossEntropyLoss", "SGD", 0.8, 30_000),
    Net("image", (2, 50, 50, 50, 3), "Tanh", "MSELoss", "Adam", 1e-3, 40_000),
)  # fmt: skip


def first_weights(net: Net) -> list[tuple[Array, Array]]:
    """(weight, bias) of each layer, weight (out, in), by Xavier's rule."""
    rng = np.random.default_rng(0)
    layers = []
    for n, m in zip(net.sizes, net.sizes[1:]):
        scale = (2 / (n + m)) ** 0.5
        layers.append(((scale * rng.standard_normal((m, n))).astype(np.float32), np.zeros(m, np.float32)))
    return layers


def batch(net: Net, size: int | None = None) -> tuple[Array, Array]:
    """Inputs (N, in) in [0, 1), and targets: class numbers (N,), or values (N, out) for the squared error."""
    rng = np.random.default_rng(1)
    size = size or net.batch
    x = rng.random((size, net.sizes[0]), np.float32)
    if net.loss == "CrossEntropyLoss":
        return x, rng.integers(0, net.sizes[-1], size)
    return x, rng.random((size, net.sizes[-1]), np.float32)


def rows(samples: int, features: int) -> tuple[Array, Array]:
    """A data set in memory. Not of zeros: an array that was never written costs no memory traffic to read."""
    rng = np.random.default_rng(0)
    return rng.random((samples, features), np.float32), rng.integers(0, 10, samples)
