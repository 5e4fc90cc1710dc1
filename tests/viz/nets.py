"""Small computations that several of these tests draw."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_nn as tg
from tinygrad_nn import nn


def classifier(kind: type = np.float32) -> tuple[nn.Module, Any, Any]:
    """A small net of nested modules with its data, the same every time."""
    rng = np.random.default_rng(0)
    model = Classifier()
    for p in model.parameters():
        p.data = tg.from_numpy(rng.normal(size=p.shape).astype(kind))
    return model, tg.from_numpy(rng.normal(size=(5, 4)).astype(kind)), tg.tensor([0, 1, 2, 0, 1])


class Classifier(nn.Module):
    """4 features, 6 hidden, 3 classes."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(4, 6), nn.Tanh())
        self.head = nn.Linear(6, 3)

    def forward(self, x: Any) -> Any:
        """Logits."""
        return self.head(self.encoder(x))


class Deep(nn.Module):
    """Equal layers one after the other."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.layers = nn.Sequential(*[nn.Sequential(nn.Linear(4, 4), nn.ReLU()) for _ in range(depth)])

    def forward(self, x: Any) -> Any:
        """The last layer's result."""
        return self.layers(self.first(x))
