"""Checks of constructors' arguments, in PyTorch's words: ValueError, and TypeError for what is no number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, DTypeError, message
from tinygrad_nn.primitive import TYPES

__all__ = ["at_least_zero", "betas_below_one", "learning_rate", "not_both"]


def _number(value: Any) -> float:
    """The number that `value` is or, a tensor, holds. TypeError for anything else."""
    if type(value) in TYPES:
        return value.array.item()  # type: ignore[no-any-return]
    if not isinstance(value, int | float | np.number):
        raise DTypeError(message("optimizer: an option must be a number", got=repr(value), fix="lr=0.01"))
    return value  # type: ignore[return-value]


def learning_rate(optimizer: str, lr: Any) -> None:
    """`lr` is a number >= 0, or a tensor of one element that holds one."""
    if type(lr) in TYPES and lr.array.size != 1:
        raise ArgumentError(message(f"{optimizer}: Tensor lr must be 1-element", got=f"shape {tuple(lr.shape)}"))
    if not _number(lr) >= 0:
        raise ArgumentError(message(f"{optimizer}: Invalid learning rate: {lr}", fix="a number >= 0"))


def at_least_zero(optimizer: str, **named: Any) -> None:
    """Each argument, under the words that name it, is a number >= 0 (NaN is not)."""
    for words, value in named.items():
        if not _number(value) >= 0:
            raise ArgumentError(
                message(f"{optimizer}: Invalid {words.replace('__', ' ')} value: {value}", fix="a number >= 0")
            )


def betas_below_one(optimizer: str, betas: Sequence[Any]) -> tuple[float, float]:
    """`betas` are two numbers in [0, 1); given as tensors, their values are taken."""
    if not isinstance(betas, Sequence):
        raise DTypeError(message(f"{optimizer}: betas are two numbers", got=repr(betas), fix="betas=(0.9, 0.999)"))
    if len(betas) != 2:
        raise ArgumentError(
            message(f"{optimizer}: betas are two numbers", got=f"{len(betas)}", fix="betas=(0.9, 0.999)")
        )
    for k, beta in enumerate(betas):
        if type(beta) in TYPES and beta.array.size != 1:
            raise ArgumentError(
                message(f"{optimizer}: Tensor betas[{k}] must be 1-element", got=f"shape {tuple(beta.shape)}")
            )
        if not 0 <= _number(beta) < 1:
            raise ArgumentError(
                message(f"{optimizer}: Invalid beta parameter at index {k}: {beta}", fix="a number in [0, 1)")
            )
    return _number(betas[0]), _number(betas[1])


def not_both(optimizer: str, *, fused: bool | None, foreach: bool | None, differentiable: bool) -> None:
    """PyTorch's switches between implementations: here there is one, but they must not contradict each other.

    Raises RuntimeError, as PyTorch does.
    """
    if fused and differentiable:
        raise RuntimeError(message(f"{optimizer}: `fused` does not support `differentiable`", fix="leave one out"))
    if fused and foreach:
        raise RuntimeError(
            message(f"{optimizer}: `fused` and `foreach` cannot be `True` together.", fix="leave one out")
        )
