"""Compositions that are one operation: of 16-bit operands, computed in float32 as a whole and rounded once.

A primitive does that by itself (`half`). A function made of several would round after each of them, as
PyTorch does where it has several kernels, too; but where PyTorch has one, so does `in_single`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from tinygrad_nn.half import SINGLE, is_half
from tinygrad_nn.ops.elementwise import cast
from tinygrad_nn.primitive import TYPES

__all__ = ["as_first", "in_single"]

F = TypeVar("F", bound=Callable[..., Any])


def in_single(function: F) -> F:
    """`function`, whose 16-bit operands (all of one type) it sees in float32, and whose float32 results are rounded."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if args and type(args[0]) in TYPES and args[0].array.dtype is SINGLE:
            return function(*args, **kwargs)
        kinds = {t.array.dtype for t in (*args, *kwargs.values()) if type(t) in TYPES and t.array.dtype.kind in "fV"}
        if len(kinds) != 1 or (kind := kinds.pop()).itemsize != 2:
            return function(*args, **kwargs)
        wide = function(*[_wide(a) for a in args], **{name: _wide(a) for name, a in kwargs.items()})
        return _narrow(wide, kind)

    return call  # type: ignore[return-value]


def as_first(function: F) -> F:
    """`function` in float32, if its first operand is of 16 bits, whose type the result has: its other operands may be
    float32, as a normalisation's parameters under autocast are."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        kind = args[0].array.dtype
        if kind.itemsize != 2:
            return function(*args, **kwargs)
        return _narrow(function(*[_wide(a) for a in args], **{name: _wide(a) for name, a in kwargs.items()}), kind)

    return call  # type: ignore[return-value]


def _wide(value: Any) -> Any:
    return cast(value, SINGLE) if type(value) in TYPES and is_half(value.array) else value


def _narrow(result: Any, kind: Any) -> Any:
    if type(result) is tuple:
        return tuple([_narrow(part, kind) for part in result])
    return cast(result, kind) if type(result) in TYPES and result.array.dtype == SINGLE else result
