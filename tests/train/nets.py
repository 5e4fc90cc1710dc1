"""A small problem that every test here trains on, and what is compared between two trainings."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_nn as tg
from tinygrad_nn import nn, optim
from tinygrad_nn.utils.data import DataLoader, TensorDataset


def problem(n: int = 48) -> tuple[Any, Any]:
    """Three classes in the plane."""
    rng = np.random.default_rng(7)
    y = rng.integers(0, 3, n)
    x = rng.normal(size=(n, 2)) * 0.4 + np.array([[0.0, 1.5], [1.5, -1.0], [-1.5, -1.0]])[y]
    return tg.tensor(x.astype(np.float32)), tg.tensor(y)


def net(dropout: bool = True, norm: bool = True) -> nn.Sequential:
    """A net with parameters, a buffer that changes, and random numbers in its forward pass."""
    layers: list[nn.Module] = [nn.Linear(2, 8), *[nn.BatchNorm1d(8)] * norm, nn.Tanh()]
    return nn.Sequential(*layers, *[nn.Dropout(0.25)] * dropout, nn.Linear(8, 3))


def parts(
    seed: int = 0, dropout: bool = True, norm: bool = True, lr: float = 0.02, **options: Any
) -> tuple[Any, Any, Any, Any]:
    """Model, loader, loss and optimizer, the same for the same seed."""
    tg.manual_seed(seed)
    model = net(dropout, norm)
    loader = DataLoader(TensorDataset(*problem()), **{"batch_size": 8, "shuffle": True, **options})
    return model, loader, nn.CrossEntropyLoss(), optim.Adam(model.parameters(), lr=lr)


def weights(model: Any) -> dict[str, bytes]:
    """Every bit of a model."""
    return {name: tensor.numpy().tobytes() for name, tensor in model.state_dict().items()}


def columns(history: Any) -> dict[str, Any]:
    """Everything in a history but how long it took; NaN compares equal to itself."""
    kept = {name: [repr(value) for value in history[name]] for name in history if name != "seconds"}
    return {**kept, "steps": history.steps}
