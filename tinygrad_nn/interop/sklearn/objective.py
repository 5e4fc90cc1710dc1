"""What is made small: a loss for each sample, its mean, and the batches it is taken over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import tinygrad_nn.nn.functional as F
from tinygrad_nn.autograd import no_grad
from tinygrad_nn.creation import from_numpy
from tinygrad_nn.errors import ArgumentError, ShapeError, message
from tinygrad_nn.nn import Module
from tinygrad_nn.tensor import Tensor

__all__ = ["LOSSES", "Batches", "Objective", "dense", "log_loss", "loss_named", "per_sample"]

Loss = Callable[[Tensor, Tensor], Any]


def _squared(output: Tensor, target: Tensor) -> Any:
    error = output - target
    return (error * error).sum(1) * 0.5


def _absolute(output: Tensor, target: Tensor) -> Any:
    return (output - target).abs().sum(1)


def _huber(output: Tensor, target: Tensor) -> Any:
    return F.huber_loss(output, target, reduction="none").sum(1)


def _poisson(output: Tensor, target: Tensor) -> Any:
    return (output.exp() - target * output).sum(1)


LOSSES: dict[str, Loss] = {
    "squared_error": _squared,  # half of it, as in scikit-learn
    "absolute_error": _absolute,
    "huber": _huber,
    "poisson": _poisson,  # the output is the logarithm of the mean
}
"""Of regressors, by name: outputs and targets (N, outputs) -> (N,)."""


def softmax_loss(output: Tensor, target: Tensor, reduction: str = "none") -> Tensor:
    """-log softmax(output) at the class target (N,) int64; also its mean, which is one operation."""
    return F.cross_entropy(output, target, reduction=reduction)


def log_loss(kind: str) -> Loss:
    """-log of the probability of the truth: "softmax" with targets (N,) int64, "logistic" with (N, outputs)."""
    if kind == "softmax":
        return softmax_loss
    return lambda output, target: F.binary_cross_entropy_with_logits(output, target, reduction="none").sum(1)


def per_sample(loss: Loss) -> Loss:
    """`loss`, checked to give one number for each sample; several (N, ...) are averaged."""

    def checked(output: Tensor, target: Tensor) -> Any:
        losses = loss(output, target)
        if losses.ndim == 0 or losses.shape[0] != output.shape[0]:
            raise ShapeError(
                message(
                    "criterion: it must give a loss for each sample, so that samples can have weights",
                    got=f"shape {tuple(losses.shape)} for {output.shape[0]} samples",
                    fix='reduction="none"',
                )
            )
        return losses if losses.ndim == 1 else losses.flatten(1).mean(1)

    return checked


class Objective(Module):
    """The network and its loss in one: (x, y) -> the mean loss; (x, y, weights) -> the mean of w l.

    The weights have the mean 1 over all samples, so a batch's gradient is without bias.

    network: what is trained
    loss:    of each sample
    decay:   alpha / batch size: (decay / 2) * sum of W^2 is added to the loss by `penalty`, and
        decay * W to the gradients by `decay_gradients`, which needs no graph
    """

    def __init__(self, network: Module, loss: Loss, decay: float = 0.0) -> None:
        super().__init__()
        self.network = network
        self.loss, self.decay = loss, decay

    def forward(self, x: Tensor, y: Tensor, weights: Tensor | None = None) -> Any:
        """The mean loss."""
        output = self.network(x)
        output = output.unsqueeze(1) if output.ndim == 1 else output
        if weights is not None:
            return (self.loss(output, y) * weights).mean()
        return softmax_loss(output, y, "mean") if self.loss is softmax_loss else self.loss(output, y).mean()

    def decayed(self) -> list[Any]:
        """The parameters that the penalty is for: weights, not biases; none if it is 0."""
        return [parameter for parameter in self.network.parameters() if parameter.ndim > 1] if self.decay else []

    def penalty(self) -> Any:
        """(decay / 2) * sum of W^2."""
        return sum([(weight * weight).sum() * (0.5 * self.decay) for weight in self.decayed()], 0.0)

    @no_grad()
    def decay_gradients(self) -> None:
        """The penalty's gradient added to those that are there."""
        for weight in self.decayed():
            if weight.grad is not None:
                weight.grad.add_(weight, alpha=self.decay)


class Batches:
    """Batches (x, y) or (x, y, weights) of arrays, or of a sparse matrix x, in a new random order at each pass.

    rng: None for the order in which the samples stand
    """

    def __init__(self, x: Any, y: Any, weights: Any, size: int, rng: np.random.RandomState | None) -> None:
        self.arrays = (x, y) if weights is None else (x, y, weights)
        self.size, self.rng = size, rng

    def __len__(self) -> int:
        return -(-len(self.arrays[1]) // self.size)

    def __iter__(self) -> Iterator[tuple[Tensor, ...]]:
        count = len(self.arrays[1])
        order = None if self.rng is None else self.rng.permutation(count)
        for start in range(0, count, self.size):
            rows = slice(start, start + self.size)
            chosen = rows if order is None else order[rows]
            yield tuple([from_numpy(dense(array[chosen])) for array in self.arrays])


def dense(rows: Any) -> Any:
    """Rows as an array that may be written to, also those of a sparse matrix."""
    found = rows.toarray() if hasattr(rows, "toarray") else rows
    return found if found.flags.writeable else found.copy()


def loss_named(name: Any) -> Loss:
    """A regressor's loss. Raises ValueError for an unknown name."""
    if name not in LOSSES:
        raise ArgumentError(message("loss: unknown name", got=repr(name), fix="one of " + ", ".join(LOSSES)))
    return LOSSES[name]
