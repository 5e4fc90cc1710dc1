"""From a list of samples to a batch: nested structures of the same form, tensors at the ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_nn.creation import tensor
from tinygrad_nn.errors import DTypeError, message
from tinygrad_nn.functions.joining import stack
from tinygrad_nn.primitive import TYPES, wrap

__all__ = ["default_collate", "default_convert"]


def default_collate(batch: Sequence[Any]) -> Any:
    """Samples side by side: tensors and arrays stacked, numbers in a tensor, strings in a list,
    and inside dicts, tuples, named tuples and lists the same again.

    Raises TypeError for what cannot be stacked, RuntimeError for lists of different lengths.

    >>> default_collate([(1.0, "a"), (2.0, "b")])
    [tensor([1., 2.], dtype=tinygrad_nn.float64), ('a', 'b')]
    """
    first = batch[0]
    if type(first) in TYPES:
        return stack(batch, 0)
    if isinstance(first, (np.ndarray, np.generic)):
        if first.dtype.kind in "SUO":
            raise DTypeError(message("default_collate: batch must contain tensors, numbers, dicts or lists", got=f"array of {first.dtype}"))
        return wrap(np.stack(batch))
    if isinstance(first, float):
        return tensor(list(batch), dtype="float64")
    if isinstance(first, int):
        return tensor(list(batch))
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return {key: default_collate([sample[key] for sample in batch]) for key in first}
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*[default_collate(column) for column in zip(*batch, strict=True)])
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError(message("each element in list of batch should be of equal size", got=[len(s) for s in batch][:8]))
        return [default_collate(column) for column in zip(*batch, strict=True)]
    raise DTypeError(
        message("default_collate: batch must contain tensors, numbers, dicts or lists", got=type(first).__name__, fix="pass collate_fn=")
    )


def default_convert(data: Any) -> Any:
    """One sample, arrays in it as tensors (what a loader without batching gives)."""
    if isinstance(data, (np.ndarray, np.generic)) and data.dtype.kind not in "SUO":
        return wrap(np.asarray(data))
    if isinstance(data, Mapping):
        return {key: default_convert(value) for key, value in data.items()}
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*[default_convert(item) for item in data])
    if isinstance(data, (list, tuple)):
        return [default_convert(item) for item in data]
    return data
