"""Where batches come from, and what is in one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np

from tinygrad_nn.creation import as_tensor
from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

__all__ = ["as_batches", "parts", "size_of"]


def as_batches(name: str, data: Any, batch_size: int, shuffle: bool) -> Iterable[Any]:
    """Something to iterate again and again: a loader as it is, data sets and (x, y) in a DataLoader of their own.

    Raises TypeError for what gives no batches, ValueError for what can be iterated only once.
    """
    if isinstance(data, DataLoader):
        return data
    if isinstance(data, tuple) and data and all(_is_rows(part) for part in data):
        return DataLoader(TensorDataset(*[as_tensor(part) for part in data]), batch_size, shuffle=shuffle)
    if isinstance(data, Dataset):
        return DataLoader(data, batch_size, shuffle=None if isinstance(data, IterableDataset) else shuffle)
    if not hasattr(data, "__iter__") or type(data) in TYPES or isinstance(data, str | dict):
        raise TypeError(
            message(
                f"{name}: the data gives no batches",
                got=type(data).__name__,
                fix="a DataLoader, a data set, a list of batches, or a tuple of tensors (x, y)",
            )
        )
    if iter(data) is data:
        raise ArgumentError(
            message(
                f"{name}: the data can be iterated only once, but each epoch is a pass over it",
                got=type(data).__name__,
                fix="make a list of it, or a data set",
            )
        )
    return cast("Iterable[Any]", data)


def _is_rows(value: Any) -> bool:
    return (type(value) in TYPES or isinstance(value, np.ndarray)) and value.ndim > 0


def parts(name: str, batch: Any) -> tuple[tuple[Any, ...], Any]:
    """The inputs of a batch and its target, which is the last of its parts.

    Raises TypeError for a batch that is not a tuple or list of two or more.
    """
    if not isinstance(batch, Sequence) or isinstance(batch, str) or len(batch) < 2:
        got = f"{type(batch).__name__} of shape {tuple(batch.shape)}" if type(batch) in TYPES else type(batch).__name__
        raise TypeError(
            message(
                f"{name}: a batch is (inputs..., target)",
                got=got + (f" of length {len(batch)}" if isinstance(batch, Sequence) else ""),
                fix="for an autoencoder, TensorDataset(x, x); for other forms, DataLoader(collate_fn=...)",
            )
        )
    *inputs, target = [as_tensor(part) if isinstance(part, np.ndarray) else part for part in batch]
    return tuple(inputs), target


def size_of(target: Any, inputs: Sequence[Any]) -> int:
    """How many samples a batch has, which its loss is weighted by in the mean of an epoch."""
    for part in (target, *inputs):
        if type(part) in TYPES and part.ndim:
            return int(part.shape[0])
    return 1
