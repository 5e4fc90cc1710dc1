"""Which functions a running `autocast` runs in another precision, and how: PyTorch's lists for the CPU.

    in_lower    products and convolutions: operands in the autocast type
    in_float32  losses, decompositions and a few poolings: operands in float32
    in_widest   `cat` and `stack`: in float32 if one operand is

All others compute in what they are given. float64 is never cast, nor are integers. The context itself is
`hardware.amp.autocast`; while none runs anywhere, a function of these asks one empty list and goes on.

Source: "Autocast Op Reference" in PyTorch's documentation of torch.amp, the part on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from tinygrad_nn.half import SINGLE
from tinygrad_nn.ops.elementwise import cast
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.tape import local

__all__ = ["RUNNING", "in_float32", "in_lower", "in_widest", "lowered", "raised", "resumed", "target"]

RUNNING: list[object] = []
"""The autocast contexts that are entered, of all threads: if there is none, nobody needs to look further."""

F = TypeVar("F", bound=Callable[..., Any])


def target() -> np.dtype[Any] | None:
    """The type to which the running thread's autocast casts; None if it has none."""
    kind: np.dtype[Any] | None = local.mode.autocast
    return kind


@contextmanager
def resumed(kind: np.dtype[Any] | None) -> Iterator[None]:
    """Cast as where `target()` was `kind`: for what runs a second time, somewhere else (a checkpoint)."""
    before, local.mode.autocast = local.mode.autocast, kind
    mark = object()
    RUNNING.append(mark)
    try:
        yield
    finally:
        RUNNING.remove(mark)
        local.mode.autocast = before


def _as(value: Any, kind: np.dtype[Any]) -> Any:
    """A floating tensor (not of float64) in another type, also inside a tuple or list; anything else as it is."""
    if type(value) in TYPES:
        own = value.array.dtype
        return cast(value, kind) if own != kind and own.kind in "fV" and own.itemsize < 8 else value
    if type(value) is tuple or type(value) is list:
        return type(value)([_as(item, kind) for item in value])
    return value


def lowered(*operands: Any) -> Any:
    """The operands in the autocast type, if one is wanted in this thread."""
    kind = target()
    return operands if kind is None else tuple([_as(value, kind) for value in operands])


def raised(*operands: Any) -> Any:
    """The operands in float32, if autocast runs in this thread."""
    return operands if target() is None else tuple([_as(value, SINGLE) for value in operands])


def _policy(choose: Callable[[np.dtype[Any], tuple[Any, ...]], np.dtype[Any]]) -> Callable[[F], F]:
    """A decorator: while autocast runs, the operands are cast to what `choose` says, and nothing is cast inside."""

    def decorate(function: F) -> F:
        @wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if not RUNNING or (kind := target()) is None:
                return function(*args, **kwargs)
            to = choose(kind, (*args, *kwargs.values()))
            local.mode.autocast = None
            try:
                return function(*[_as(a, to) for a in args], **{name: _as(a, to) for name, a in kwargs.items()})
            finally:
                local.mode.autocast = kind

        return call  # type: ignore[return-value]

    return decorate


def _widest(kind: np.dtype[Any], operands: tuple[Any, ...]) -> np.dtype[Any]:
    for value in operands:
        if type(value) is tuple or type(value) is list:
            if _widest(kind, tuple(value)) == SINGLE:
                return SINGLE
        elif type(value) in TYPES and value.array.dtype == SINGLE:
            return SINGLE
    return kind


in_lower = _policy(lambda kind, operands: kind)
in_float32 = _policy(lambda kind, operands: SINGLE)
in_widest = _policy(_widest)
