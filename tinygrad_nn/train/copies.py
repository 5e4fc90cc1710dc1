"""Copies of a model to work on, while the user's own stays as it is."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.nn import Module

__all__ = ["copied"]


def copied(asker: str, model: Module, *others: Any) -> tuple[Any, ...]:
    """(model, *others), copied together and without gradients.

    asker: who works on a copy, for the message
    Raises ValueError for a model that `copy.deepcopy` cannot copy.
    """
    try:
        made: tuple[Any, ...] = deepcopy((model, *others))
    except Exception as error:
        raise ArgumentError(
            message(
                f"{asker}: works on a copy of the model, and this one cannot be copied",
                got=f"{type(error).__name__}: {error}".splitlines()[0],
                fix="copy.deepcopy(model) must work: keep results of earlier steps out of its attributes",
            )
        ) from error
    for parameter in made[0].parameters():
        parameter.grad = None
    return made
