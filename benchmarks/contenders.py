"""Who takes part: this project, what it compiles, PyTorch where it imports, NumPy by hand."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import tinygrad_nn
import tinygrad_nn.nn
import tinygrad_nn.optim
import tinygrad_nn.utils.data
from benchmarks import by_hand, libraries
from benchmarks.nets import Net
from tinygrad_nn import settings
from tinygrad_nn.compiler import compile

__all__ = [
    "COMPILED", "HAND", "OURS", "PYTORCH", "Calls", "addition", "chain", "loader", "missing", "set_library_threads",
    "torch", "training",
]  # fmt: skip

OURS, COMPILED, HAND, PYTORCH = "tinygrad_nn", "tinygrad_nn compiled", "NumPy by hand", "PyTorch"

Calls = dict[str, Callable[[], Any]]


def _optional(name: str) -> Any:
    """The module, or None where it is not installed."""
    return import_module(name) if find_spec(name) is not None else None


torch = _optional("torch")


def set_library_threads(threads: int | None) -> None:
    """The thread counts that are set by a call rather than by the environment."""
    if threads is not None:
        if torch is not None:
            torch.set_num_threads(threads)
        settings.set_num_threads(threads)


def training(net: Net, size: int | None = None) -> Calls:
    """One training step of `net`; of a batch of another `size`, if given."""
    step, x, y = libraries.training_step(tinygrad_nn, net, size)
    calls: Calls = {OURS: partial(step, x, y)}
    step, x, y = libraries.training_step(tinygrad_nn, net, size)
    calls[COMPILED] = partial(compile(step), x, y)
    hand, inputs, targets = by_hand.training_step(net, size)
    calls[HAND] = partial(hand, inputs, targets)
    if torch is not None:
        step, x, y = libraries.training_step(torch, net, size)
        calls[PYTORCH] = partial(step, x, y)
    return calls


def addition() -> Calls:
    """One a + b of 4×4 with its gradient recorded (by hand: not recorded)."""
    calls: Calls = {OURS: libraries.addition(tinygrad_nn), HAND: by_hand.addition()}
    if torch is not None:
        calls[PYTORCH] = libraries.addition(torch)
    return calls


def chain(direction: Callable[[Any, int], Callable[[], Any]], length: int) -> Calls:
    """A chain of operations, forward or backward."""
    calls: Calls = {OURS: direction(tinygrad_nn, length)}
    if torch is not None:
        calls[PYTORCH] = direction(torch, length)
    return calls


def loader(samples: int, features: int) -> Calls:
    """One epoch of shuffled batches of data in memory."""
    calls: Calls = {OURS: libraries.loader_epoch(tinygrad_nn, tinygrad_nn.utils.data, samples, features)}
    calls[HAND] = by_hand.loader_epoch(samples, features)
    if torch is not None:
        calls[PYTORCH] = libraries.loader_epoch(torch, torch.utils.data, samples, features)
    return calls


def missing() -> list[str]:
    """Lines about contenders that are not here."""
    lines = [] if torch is not None else ["PyTorch is not installed: its column is left out (pip install torch)"]
    if find_spec("sklearn") is None:
        lines.append("scikit-learn is not installed: no case for it (pip install scikit-learn)")
    if "OMP_NUM_THREADS" not in os.environ:
        lines.append("thread counts are the libraries' own (--threads N sets them alike)")
    return lines
