"""A learning rate to begin with: the loss over steps whose rate grows from far too small to far too large.

Source: L. N. Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017, section 3.3.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.nn import Module
from tinygrad_nn.optim import LBFGS, Optimizer
from tinygrad_nn.train.arguments import check_parts
from tinygrad_nn.train.batches import as_batches, parts
from tinygrad_nn.train.copies import copied
from tinygrad_nn.train.history import number
from tinygrad_nn.train.randomness import Randomness

__all__ = ["LRCurve", "find_lr"]

SMOOTHING = 0.9
TOO_MUCH = 4.0  # times the least loss: there is nothing more to see


class LRCurve:
    """rates, losses: of each step; smooth: the losses without their noise; suggestion: where they fall fastest.

    >>> curve = LRCurve([1e-3, 1e-2, 1e-1, 1.0], [2.0, 1.9, 1.0, 5.0])
    >>> curve.suggestion
    0.01
    """

    def __init__(self, rates: list[float], losses: list[float]) -> None:
        self.rates, self.losses = rates, losses
        self.smooth: list[float] = []
        mean = 0.0
        for k, loss in enumerate(losses, 1):
            mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
            self.smooth.append(mean / (1 - SMOOTHING**k))
        self.suggestion = self._steepest()

    def _steepest(self) -> float:
        """The rate before the least loss at which the loss falls fastest over the rate's logarithm."""
        end = int(np.argmin(self.smooth)) + 1
        if end < 2:
            return self.rates[0]
        reach = max(1, min(len(self.rates) // 8, end - 1))  # from one step to the next there is mostly noise
        falls = np.subtract(self.smooth[reach:end], self.smooth[: end - reach])
        return self.rates[int(np.argmin(falls)) + reach // 2]

    def __str__(self) -> str:
        return (
            f"learning rates {number(self.rates[0])} to {number(self.rates[-1])}, loss {number(self.losses[0])} to "
            f"{number(min(self.losses))}: try lr={self.suggestion:.2g}"
        )

    def __repr__(self) -> str:
        return f"<LRCurve of {len(self.rates)} steps, suggestion {self.suggestion:.2g}>"

    def _repr_html_(self) -> str:
        """The curve as a picture, its suggestion marked, for a notebook."""
        width, height = 420, 180
        x = np.log10(self.rates)
        low, high = min(self.smooth), min(max(self.smooth), TOO_MUCH * max(self.smooth[0], 1e-12))
        across = (width - 20) / max(x[-1] - x[0], 1e-12)
        down = (height - 50) / max(high - low, 1e-12)

        def place(rate: float, loss: float) -> str:
            return f"{10 + (rate - x[0]) * across:.1f},{height - 25 - (min(loss, high) - low) * down:.1f}"

        points = " ".join(place(rate, loss) for rate, loss in zip(x, self.smooth, strict=True))
        mark = 10 + (math.log10(self.suggestion) - x[0]) * across
        style = 'font-size="11" font-family="sans-serif"'
        return (
            f'<svg role="img" aria-label="loss over learning rate" width="{width}" height="{height}">'
            f'<polyline points="{points}" fill="none" stroke="#0072b2" stroke-width="1.5"/>'
            f'<line x1="{mark:.1f}" x2="{mark:.1f}" y1="18" y2="{height - 20}" stroke="#d55e00" stroke-dasharray="3"/>'
            f'<text x="{mark + 4:.1f}" y="16" fill="#d55e00" {style}>lr={self.suggestion:.2g}</text>'
            f'<text x="8" y="{height - 6}" {style}>{self.rates[0]:.0e}</text>'
            f'<text x="{width - 44}" y="{height - 6}" {style}>{self.rates[-1]:.0e}</text></svg>'
        )


def find_lr(
    model: Module, data: Any, loss: Callable[..., Any], optimizer: Optimizer, *, low: float = 1e-6, high: float = 10.0,
    steps: int = 100, batch_size: int = 32,
) -> LRCurve:  # fmt: skip
    """Train a copy of the model with a rate that grows from `low` to `high`, to see where its loss falls fastest.

    data, loss, batch_size: as in `fit`
    Model, optimizer, data and random generators are left as they are. Groups keep the ratio of their
    rates. Ends early where the loss is no longer finite, or four times its least value.

    Raises TypeError for parts that are none, ValueError unless 0 < low < high and steps >= 10; for LBFGS, which chooses its own steps.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn, optim
    >>> _ = tg.manual_seed(0)
    >>> x = tg.randn(64, 3)
    >>> y = x.sum(1, keepdim=True)
    >>> model = nn.Linear(3, 1)
    >>> curve = find_lr(model, (x, y), nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1))
    >>> 1e-3 < curve.suggestion < 1
    True
    """
    check_parts("find_lr", model, loss, optimizer)
    if any(isinstance(rate, str) for rate in (low, high)) or not 0 < low < high:
        raise ArgumentError(message("find_lr: rates must rise from above 0", got=f"low={low!r}, high={high!r}"))
    if not isinstance(steps, int) or steps < 10:
        raise ArgumentError(message("find_lr: too few steps to see anything", got=steps, fix="100"))
    if isinstance(optimizer, LBFGS):
        raise ArgumentError(
            message("find_lr: LBFGS searches for its own step lengths", fix="an optimizer such as SGD or Adam")
        )
    batches = as_batches("find_lr", data, batch_size, shuffle=True)
    randomness = Randomness(data=batches, model=model, loss=loss)
    before = randomness.state()
    try:
        return _swept(model, batches, loss, optimizer, [low * (high / low) ** (k / (steps - 1)) for k in range(steps)])
    finally:
        randomness.restore(before)


def _swept(model: Module, batches: Any, loss: Callable[..., Any], optimizer: Optimizer, rates: list[float]) -> LRCurve:
    model, optimizer, loss = copied("find_lr", model, optimizer, loss)
    model.train()
    bases = [float(group["lr"]) for group in optimizer.param_groups]
    shares = [base / (bases[0] or 1.0) for base in bases]
    used: list[float] = []
    losses: list[float] = []
    for rate, batch in zip(rates, _endless(batches), strict=False):
        inputs, target = parts("find_lr", batch)
        for group, share in zip(optimizer.param_groups, shares, strict=True):
            group["lr"] = rate * share
        optimizer.zero_grad()
        value = loss(model(*inputs), target)
        if not math.isfinite(value.item()):
            break
        used.append(rate)
        losses.append(value.item())
        if len(losses) > 10 and losses[-1] > TOO_MUCH * min(losses):
            break
        value.backward()
        optimizer.step()
    if not losses:
        raise ArgumentError(
            message("find_lr: the loss is not finite from the beginning", fix="print(train.diagnose(model, batch))")
        )
    return LRCurve(used, losses)


def _endless(batches: Any) -> Iterator[Any]:
    """Pass after pass."""
    while True:
        empty = True
        for batch in batches:
            empty = False
            yield batch
        if empty:
            raise ArgumentError(message("find_lr: the data gave no batch", fix="is the data set empty?"))
