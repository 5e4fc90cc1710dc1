"""The training doctor: look at one step of a model, and say in plain words what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.nn import Module
from tinygrad_nn.optim import Optimizer
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.train.arguments import check_loss, check_model, check_optimizer
from tinygrad_nn.train.batches import as_batches, parts
from tinygrad_nn.train.doctor.checks import CHECKS
from tinygrad_nn.train.doctor.probe import probe
from tinygrad_nn.train.doctor.report import Finding, Report
from tinygrad_nn.train.randomness import Randomness
from tinygrad_nn.utils.data import DataLoader, Dataset

__all__ = ["Finding", "Report", "diagnose"]

SAMPLES, BATCHES = 256, 16  # of a loader, so many are looked at


def diagnose(
    model: Module, batch: Any, loss: Callable[..., Any] | None = None, optimizer: Optimizer | None = None
) -> Report:
    """What is wrong with a model, a batch, a loss and an optimizer, before or in the middle of training.

    batch:     (inputs..., target); or a DataLoader or data set, of which about 256 samples are taken
    loss:      loss(output, target); without it cross-entropy for class numbers, else the squared error
    optimizer: with it, its next update is looked at, too

    It finds dead ReLUs, saturated sigmoids and tanhs, vanishing and exploding gradients, updates out of
    proportion to their weights, an initial loss far above ln(classes), outputs that do not depend on the
    input, labels off by one or out of range, unnormalised inputs and targets, NaN in the data,
    parameters without gradient or without optimizer, a softmax before the cross-entropy.

    Everything happens on a copy: model, gradients, buffers, optimizer and random generators stay as they
    are. Raises ValueError for a model that `copy.deepcopy` cannot copy, TypeError for what is no batch.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> _ = tg.manual_seed(0)
    >>> model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 3))
    >>> x, y = tg.randn(64, 4), tg.randint(0, 3, (64,))
    >>> print(diagnose(model, (x, y)))
    Sequential, looked at with 64 samples: nothing to complain about.
    >>> with tg.no_grad():
    ...     _ = model[0].bias.fill_(-50.0)
    >>> print(diagnose(model, (x, y))[0])
    dead ReLU (1): 100 % of its 32 units give 0 for all samples, and can no longer learn
       try: a smaller lr, He initialisation with bias 0, normalised inputs, or LeakyReLU
    """
    check_model("diagnose", model)
    if loss is not None:
        check_loss("diagnose", loss)
    if optimizer is not None:
        check_optimizer("diagnose", optimizer)
    inputs, target = _samples(batch) if isinstance(batch, DataLoader | Dataset) else parts("diagnose", batch)
    seen = probe(model, inputs, target, loss, optimizer)
    findings = [finding for check in CHECKS for finding in check(seen)]
    return Report(type(model).__name__, seen.samples, findings)


def _samples(data: Any) -> tuple[tuple[Any, ...], Any]:
    """The first batches of a loader, put together where they fit; its generators are put back."""
    batches = as_batches("diagnose", data, 64, shuffle=True)
    randomness = Randomness(data=batches)
    before = randomness.state()
    taken: list[tuple[Any, ...]] = []
    count = 0
    try:
        for batch in batches:
            inputs, target = parts("diagnose", batch)
            taken.append((*inputs, target))
            count += len(target) if type(target) in TYPES and target.ndim else 1
            if count >= SAMPLES or len(taken) == BATCHES:
                break
    finally:
        randomness.restore(before)
    if not taken:
        raise ArgumentError(message("diagnose: the data gave no batch", fix="is the data set empty?"))
    *columns, last = [_together(column) for column in zip(*taken, strict=True)]
    if len({len(column) for column in (*columns, last) if type(column) in TYPES and column.ndim}) != 1:
        *columns, last = taken[0]
    return tuple(columns), last


def _together(column: tuple[Any, ...]) -> Any:
    """Tensors of one shape but for their length, one after the other; else the first."""
    if all(type(part) in TYPES and part.ndim and part.shape[1:] == column[0].shape[1:] for part in column):
        return wrap(np.concatenate([part.array for part in column]))
    return column[0]
