"""From a list of samples to a batch: nested structures of the same form, tensors at the ends."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from copy import copy
from typing import Any

import numpy as np

from tinygrad_nn.creation import as_tensor, tensor
from tinygrad_nn.dtypes import float64
from tinygrad_nn.errors import DTypeError, MissingKey, ShapeError, message
from tinygrad_nn.functions.joining import stack
from tinygrad_nn.primitive import TYPES

__all__ = ["default_collate", "default_convert"]


def default_collate(batch: Sequence[Any]) -> Any:
    """Samples side by side: tensors and arrays stacked, numbers in a tensor, strings in a list,
    and inside dicts, tuples, named tuples and lists the same again.

    Raises TypeError for what cannot be stacked, RuntimeError for shapes or lengths that differ.

    >>> default_collate([(1.0, "a"), (2.0, "b")])
    [tensor([1., 2.], dtype=tinygrad_nn.float64), ('a', 'b')]
    """
    first = batch[0]
    if type(first) in TYPES:
        return stack(batch, 0)
    if isinstance(first, (np.ndarray, np.generic)):
        if first.dtype.kind in "SUO":
            raise _no_batch(f"an array of {first.dtype}")
        return stack([as_tensor(np.asarray(sample)) for sample in batch], 0)
    if isinstance(first, float):
        return tensor(list(batch), dtype=float64)
    if isinstance(first, int):
        return tensor(list(batch))
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        for k, sample in enumerate(batch):
            if not isinstance(sample, Mapping) or any(key not in sample for key in first):
                found = list(sample) if isinstance(sample, Mapping) else type(sample).__name__
                raise MissingKey(
                    message(
                        "default_collate: the samples of a batch have other keys",
                        got=f"{list(first)} in sample 0, {found} in sample {k}",
                        fix="give each sample all keys, or pass a collate_fn=",
                    )
                )
        return _mapping(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*[default_collate(column) for column in zip(*batch, strict=True)])
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            lengths = [len(sample) for sample in batch][:8]
            raise ShapeError(
                message(
                    "default_collate: each element in list of batch should be of equal size",
                    got=f"lengths {lengths}", fix="pass a collate_fn= that pads",
                )
            )  # fmt: skip
        columns = [default_collate(column) for column in zip(*batch, strict=True)]
        return columns if isinstance(first, tuple) else _sequence(first, columns)
    raise _no_batch(f"samples of type {type(first).__name__}")


def _no_batch(got: str) -> DTypeError:
    return DTypeError(
        message(
            "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists",
            got=got, fix="pass a collate_fn= that makes a batch of a list of samples",
        )
    )  # fmt: skip


def _mapping(like: Mapping[Any, Any], values: dict[Any, Any]) -> Any:
    """`values` in a mapping of the kind of `like`, or in a dict if that cannot be made."""
    if type(like) is dict:
        return values
    try:
        if isinstance(like, MutableMapping):
            made = copy(like)
            made.update(values)
            return made
        return type(like)(values)  # type: ignore[call-arg]
    except TypeError:
        return values


def _sequence(like: Sequence[Any], values: list[Any]) -> Any:
    """`values` in a sequence of the kind of `like`, or in a list if that cannot be made."""
    if type(like) in (list, tuple):
        return type(like)(values)  # type: ignore[call-arg]
    try:
        return type(like)(values)  # type: ignore[call-arg]
    except TypeError:  # a range
        return values


def default_convert(data: Any) -> Any:
    """One sample, arrays in it as tensors (what a loader without batching gives).

    >>> default_convert({"x": np.zeros(2), "name": "a"})
    {'x': tensor([0., 0.], dtype=tinygrad_nn.float64), 'name': 'a'}
    """
    if isinstance(data, (np.ndarray, np.generic)) and data.dtype.kind not in "SUO":
        return as_tensor(np.asarray(data))
    if isinstance(data, Mapping):
        return _mapping(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*[default_convert(item) for item in data])
    if isinstance(data, tuple):
        return [default_convert(item) for item in data]
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _sequence(data, [default_convert(item) for item in data])
    return data
