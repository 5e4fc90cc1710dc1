"""What constructors check: sizes that are whole and positive, factors in their range."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from tinygrad_nn.dtypes import as_numpy_dtype, default_float
from tinygrad_nn.errors import ArgumentError, DTypeError, message
from tinygrad_nn.nn.parameter import Parameter
from tinygrad_nn.placement import cpu_only
from tinygrad_nn.primitive import wrap

__all__ = ["buffer_of", "new_parameter", "number", "size", "sizes"]


def size(layer: str, name: str, value: Any, least: int = 1) -> int:
    """`value` as an integer of at least `least`.

    Raises TypeError for what is not an integer (0.5, "3", True), ValueError for what is too small.
    """
    try:
        whole = index(value) if not isinstance(value, bool) else None
    except TypeError:
        whole = None
    if whole is None:
        raise DTypeError(
            message(f"{layer}: {name} must be an integer", got=f"{name}={value!r}", fix=f"{name}={_near(value, least)}")
        )
    if whole < least:
        raise ArgumentError(message(f"{layer}: {name} must be at least {least}", got=f"{name}={value!r}"))
    return whole


def sizes(layer: str, name: str, value: Any, rank: int, least: int = 1) -> tuple[int, ...]:
    """A whole number of at least `least` for each dimension, or one for all.

    Raises TypeError for what is not an integer, ValueError for a wrong count or what is too small.
    """
    if not isinstance(value, (tuple, list)):
        return (size(layer, name, value, least),) * rank
    if len(value) != rank:
        raise ArgumentError(message(f"{layer}: {name} must be one integer or {rank} of them", got=f"{name}={value!r}"))
    return tuple([size(layer, name, n, least) for n in value])


def _near(value: Any, least: int) -> int:
    return (
        max(least, 1, round(value))
        if isinstance(value, float) and value == value and abs(value) < 1e9
        else max(least, 1)
    )


def number(layer: str, name: str, value: Any, least: float | None = None, above: float | None = None) -> None:
    """TypeError unless `value` is a number, ValueError unless it is >= `least` (or > `above`)."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise DTypeError(message(f"{layer}: {name} must be a number", got=f"{name}={value!r}"))
    if least is not None and not value >= least:
        raise ArgumentError(message(f"{layer}: {name} must be at least {least}", got=f"{name}={value!r}"))
    if above is not None and not value > above:
        raise ArgumentError(message(f"{layer}: {name} must be greater than {above}", got=f"{name}={value!r}"))


def new_parameter(*shape: int, device: object = None, dtype: object = None) -> Parameter:
    """A parameter of zeros, to be initialised."""
    if device is not None:
        cpu_only(device)
    return Parameter(buffer_of(np.zeros(shape), dtype))


def buffer_of(array: Any, dtype: object = None) -> Any:
    """A tensor with the array's values in `dtype` (the default float if None)."""
    return wrap(np.asarray(array, default_float() if dtype is None else as_numpy_dtype(dtype)))
