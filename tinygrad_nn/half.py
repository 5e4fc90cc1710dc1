"""The 16-bit types, float16 and bfloat16: they are stored in 16 bits and computed in 32.

A primitive never sees a 16-bit number. Its operands are widened to float32, forward or rule computes as
for any float32 array, and each result is rounded once: what PyTorch's kernels for the CPU do, so that a
sum of thousands of terms, a softmax or a variance is as exact as 16 bits can say. That happens in one
place for all forwards and all rules: a primitive that meets a 16-bit operand is replaced by its *twin*,
which is made here at the first such call and wraps both. float32 and float64 never come here.

How a primitive takes 16-bit operands stands in its definition (`half=`):

    "wide"   computes: forward and rules in float32, rounded once (the default)
    "rules"  only moves elements, but its rules add up: they alone are wide
    "moves"  only moves elements, forward and back: 16-bit arrays pass as they are
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from tinygrad_nn.tape import TYPES

if TYPE_CHECKING:
    from tinygrad_nn.primitive import Primitive

__all__ = ["is_half", "narrow", "twin", "widen"]

SINGLE = np.dtype(np.float32)

SCALED_EXACTLY = {"mul", "div", "floor_divide"}
"""The elementwise primitives that take a Python number in float32; the others round it to 16 bits first, as PyTorch's do."""


def is_half(array: Any) -> bool:
    """Whether an array's elements are float16 or bfloat16.

    >>> is_half(np.ones(2, np.float16)), is_half(np.ones(2, np.int16))
    (True, False)
    """
    return array.itemsize == 2 and array.dtype.kind in "fV"


def widen(value: Any) -> Any:
    """A 16-bit array in float32, also inside a tuple or list; anything else as it is."""
    if type(value) is ndarray:
        return value.astype(SINGLE) if value.itemsize == 2 and value.dtype.kind in "fV" else value
    if type(value) is tuple or type(value) is list:
        return tuple([widen(item) for item in value])
    return value


def narrow(value: Any, kind: np.dtype[Any]) -> Any:
    """A float32 array (or each of a tuple's) rounded to a 16-bit type; beyond its range, infinity."""
    if type(value) is tuple:
        return tuple([narrow(item, kind) for item in value])
    array = np.asarray(value)
    if array.dtype != SINGLE:
        return array
    return array.astype(kind)


def _half_kind(args: Any) -> Any:
    """The 16-bit type of the first operand that has one."""
    for arg in args:
        if type(arg) is tuple or type(arg) is list:
            kind = _half_kind(arg)
            if kind is not None:
                return kind
        elif type(arg) is ndarray and is_half(arg):
            return arg.dtype
    return None


def twin(p: Primitive, cast: Callable[[Any, Any], Any]) -> Primitive:
    """The primitive `p` for 16-bit operands; `cast` changes a Tensor's dtype (for rules that are recorded)."""
    made = copy(p)
    if p.half == "wide":
        made.forward = _wide_forward(p)
    made.rules = tuple([None if rule is None else _wide_rule(rule, cast) for rule in p.rules])
    made.joint = None if p.joint is None else _wide_rule(p.joint, cast)
    made.half = "moves"  # from here on everything is as it has to be
    made.twin = made
    return made


def _wide_forward(p: Primitive) -> Callable[..., Any]:
    forward, residual = p.forward, p.residual
    rounds = p.elementwise and p.name not in SCALED_EXACTLY
    refuses = None if p.elementwise else p.refuses  # of an elementwise primitive, the promotion has asked

    def wide(*args: Any) -> Any:
        kind = _half_kind(args)
        if refuses is not None:
            refuses(*args[:2])
        if rounds:
            args = tuple(
                [float(np.array(arg, kind)) if type(arg) is float or type(arg) is int else arg for arg in args]
            )
        out = forward(*[widen(arg) for arg in args])
        return (narrow(out[0], kind), out[1]) if residual else narrow(out, kind)

    return wide


def _wide_rule(rule: Callable[..., Any], cast: Callable[[Any, Any], Any]) -> Callable[[Any, list[Any]], Any]:
    """The bound rule f(g, env) in float32: the walk rounds its result to the operand's dtype."""

    def widened(value: Any) -> Any:
        if type(value) in TYPES:
            return cast(value, SINGLE) if is_half(value.array) else value
        if type(value) is tuple or type(value) is list:
            return tuple([widened(item) for item in value])
        return widen(value)

    def wide(g: Any, env: list[Any]) -> Any:
        env[0] = widened(env[0])
        for k in range(4, len(env)):
            env[k] = widened(env[k])
        return rule(widened(g), env)

    return wide
