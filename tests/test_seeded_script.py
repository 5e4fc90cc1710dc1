"""One training script, run here and in PyTorch from the same seed: the same weights, batches, masks and losses."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

import tinygrad_nn

DATA = np.random.default_rng(0)
X = DATA.standard_normal((50, 6)).astype(np.float32)
Y = DATA.integers(0, 3, 50)


def script(lib: Any) -> tuple[list[float], list[int], list[np.ndarray[Any, Any]]]:
    """What a user of PyTorch writes; only `lib` changes."""
    nn = importlib.import_module(f"{lib.__name__}.nn")
    data = importlib.import_module(f"{lib.__name__}.utils.data")
    lib.manual_seed(42)
    model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Dropout(0.25), nn.Linear(16, 3))
    optimizer = lib.optim.Adam(model.parameters(), lr=0.01)
    scheduler = lib.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    whole = data.TensorDataset(lib.tensor(X), lib.tensor(Y))
    train, held = data.random_split(whole, [40, 10])
    losses, labels = [], []
    for _ in range(3):
        for x, y in data.DataLoader(train, batch_size=16, shuffle=True):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x + 0.1 * lib.randn(x.shape)), y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
            labels.extend(y.tolist())
        scheduler.step()
    labels.extend(held[k][1].item() for k in range(10))
    return losses, labels, [p.detach().numpy() for p in model.parameters()]


def test_a_seeded_script_gives_pytorchs_numbers() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    losses, labels, weights = script(tinygrad_nn)
    expected_losses, expected_labels, expected_weights = script(torch)
    assert labels == expected_labels
    np.testing.assert_allclose(losses, expected_losses, rtol=2e-6)
    for ours, theirs in zip(weights, expected_weights):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
