"""The step as a user of PyTorch writes it. `lib` is `torch` or `tinygrad_nn`: the code is one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.nets import Net, batch, first_weights, rows

__all__ = ["addition", "backward_through_chain", "forward_chain", "loader_epoch", "training_step"]


def model_of(lib: Any, net: Net) -> Any:
    """The net as a `Sequential`, with the weights that all contenders begin with."""
    layers: list[Any] = []
    for n, m in zip(net.sizes, net.sizes[1:]):
        layers += [lib.nn.Linear(n, m), getattr(lib.nn, net.activation)()]
    model = lib.nn.Sequential(*layers[:-1])
    for layer, (weight, bias) in zip(layers[::2], first_weights(net), strict=True):
        layer.load_state_dict({"weight": lib.from_numpy(weight), "bias": lib.from_numpy(bias)})
    return model


def training_step(lib: Any, net: Net, size: int | None = None) -> tuple[Callable[[Any, Any], Any], Any, Any]:
    """(step, x, y): `step(x, y)` updates the model once and gives the loss before the update."""
    model = model_of(lib, net)
    loss_of = getattr(lib.nn, net.loss)()
    rule = getattr(lib.optim, net.optimizer)
    optimizer = rule(model.parameters(), lr=net.lr, **({"momentum": net.momentum} if net.momentum else {}))

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        optimizer.step()
        return loss

    inputs, targets = batch(net, size)
    return step, lib.from_numpy(inputs), lib.from_numpy(targets)


def addition(lib: Any) -> Callable[[], Any]:
    """a + b of 4×4 float32, recorded for the backward pass."""
    a = lib.from_numpy(np.ones((4, 4), np.float32)).requires_grad_()
    b = lib.from_numpy(np.ones((4, 4), np.float32)).requires_grad_()
    return lambda: a + b


def _chain(x: Any, length: int) -> Any:
    for _ in range(length):
        x = x + 1.0
    return x


def forward_chain(lib: Any, length: int) -> Callable[[], Any]:
    """A chain of `length` additions, recorded."""
    x = lib.from_numpy(np.ones(4, np.float32)).requires_grad_()
    return lambda: _chain(x, length)


def backward_through_chain(lib: Any, length: int) -> Callable[[], Any]:
    """The walk back along one such chain, again and again (the additions save nothing that is freed)."""
    x = lib.from_numpy(np.ones(4, np.float32)).requires_grad_()
    end = _chain(x, length).sum()
    return lambda: end.backward(retain_graph=True)


def loader_epoch(lib: Any, data: Any, samples: int, features: int) -> Callable[[], Any]:
    """One epoch of shuffled batches of 64 of data in memory. `data` is the library's `utils.data`."""
    x, y = (lib.from_numpy(part) for part in rows(samples, features))
    loader = data.DataLoader(data.TensorDataset(x, y), batch_size=64, shuffle=True)

    def epoch() -> int:
        return sum(len(targets) for _, targets in loader)

    return epoch
