"""Elementwise functions of two tensors, or of a tensor and a number, which broadcast against each other.

The result's dtype follows `dtypes.result_dtype`: a Python number yields to a tensor of its kind or a
higher one. Shapes that do not broadcast raise RuntimeError. What the operators `+ - * / // % **`
spell is the primitive itself; here stand the functions, with PyTorch's argument names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.dtypes import as_dtype, convertible, float64, result_dtype
from tinygrad_nn.errors import DTypeError, OperandError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.functions.checks import array_of, floating, scalar, tensors
from tinygrad_nn.functions.elementwise import of_kind, to_dtype
from tinygrad_nn.ops import elementwise as ops
from tinygrad_nn.ops import reduce as reductions
from tinygrad_nn.primitive import TYPES, lasting, wrap

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

Number = float | int | bool
Binary = Callable[[Any, Any], "Tensor"]


def _function(
    primitive: Callable[..., Any], formula: str, at: str, gives: str, *, tensors_only: bool = False
) -> Binary:
    """The primitive as users call it: with the arguments' names, and its documentation."""

    def function(input: Any, other: Any) -> Tensor:
        if tensors_only:
            tensors(primitive.__name__, input=input, other=other)
        return primitive(input, other)  # type: ignore[no-any-return]

    function.__name__ = function.__qualname__ = primitive.__name__
    refused = "an operand is not a tensor" if tensors_only else "an operand is neither a tensor nor a number"
    function.__doc__ = (
        f"{formula}\n\n    Raises TypeError if {refused}.\n\n    >>> import tinygrad_nn as tg\n"
        f"    >>> tg.{primitive.__name__}({at}).tolist()\n    {gives}\n    "
    )
    return function


def _floats_only(primitive: Callable[..., Any]) -> Callable[..., Any]:
    """The primitive without its reading of integers as floats, which PyTorch lacks there."""

    def checked(input: Any, other: Any) -> Any:
        if result_dtype(array_of(input), array_of(other)).kind in "iub":
            floating(primitive.__name__, input)
        return primitive(input, other)

    checked.__name__ = primitive.__name__
    return checked


def _tensor_first(primitive: Callable[..., Any]) -> Callable[..., Any]:
    """The primitive, refused for a number as its first operand, as PyTorch has it."""

    def checked(input: Any, other: Any) -> Any:
        tensors(primitive.__name__, input=input)
        return primitive(input, other)

    checked.__name__ = primitive.__name__
    return checked


def _of_numbers(primitive: Callable[..., Any]) -> Callable[..., Any]:
    """The primitive, defined for two numbers as well: the result is a 0-d tensor."""

    def checked(input: Any, other: Any) -> Any:
        return primitive(_lifted(primitive, input, other) if type(input) in NUMBERS else input, other)

    checked.__name__ = primitive.__name__
    return checked


NUMBERS = frozenset((bool, int, float))


def _lifted(primitive: Callable[..., Any], input: Any, other: Any) -> Any:
    """The number `input`: as a 0-d tensor if `other` is a number, too."""
    if not isinstance(other, (bool, int, float, np.generic)):
        return input
    refuses = primitive.primitive.refuses  # type: ignore[attr-defined]
    if refuses is not None:
        refuses(input, other)
    return wrap(np.asarray(input, result_dtype(input, other)))


# -- comparisons and logic: results are bools ------------------------------------------------------

PAIR = "tg.tensor([1, 2, 3]), tg.tensor([2, 2, 2])"
MASKS = "tg.tensor([True, True, False]), tg.tensor([True, False, False])"

eq = _function(_tensor_first(ops.eq), "input == other.", PAIR, "[False, True, False]")
ne = _function(_tensor_first(ops.ne), "input != other.", PAIR, "[True, False, True]")
lt = _function(_tensor_first(ops.lt), "input < other.", PAIR, "[True, False, False]")
le = _function(_tensor_first(ops.le), "input <= other.", PAIR, "[True, True, False]")
gt = _function(_tensor_first(ops.gt), "input > other.", PAIR, "[False, False, True]")
ge = _function(_tensor_first(ops.ge), "input >= other.", PAIR, "[False, True, True]")
logical_and = _function(ops.logical_and, "Whether both are non-zero.", MASKS, "[True, False, False]", tensors_only=True)
logical_or = _function(ops.logical_or, "Whether one is non-zero.", MASKS, "[True, True, False]", tensors_only=True)
logical_xor = _function(
    ops.logical_xor, "Whether exactly one is non-zero.", MASKS, "[False, True, False]", tensors_only=True
)
bitwise_and = _function(ops.bitwise_and, "Bits that both have; integers and bools (RuntimeError).", PAIR, "[0, 2, 2]")
bitwise_or = _function(ops.bitwise_or, "Bits that one has; integers and bools (RuntimeError).", PAIR, "[3, 2, 3]")
bitwise_xor = _function(
    ops.bitwise_xor, "Bits in which they differ; integers and bools (RuntimeError).", PAIR, "[3, 0, 1]"
)
bitwise_left_shift = _function(ops.bitwise_left_shift, "input * 2^other, in integers.", PAIR, "[4, 8, 12]")
bitwise_right_shift = _function(ops.bitwise_right_shift, "input / 2^other, rounded down.", PAIR, "[0, 0, 0]")


def written(primitive: Callable[..., Any]) -> Callable[..., Any]:
    """What the in-place form of a comparison writes: numbers of the target's dtype, of slope 0 if it is floating."""

    def function(input: Any, *other: Any) -> Any:
        mask = primitive(input, *other)
        if not as_dtype(input.dtype).is_floating_point:
            return mask
        return ops.where(ALWAYS, to_dtype(mask, input.dtype), input)

    function.__name__ = function.__qualname__ = primitive.__name__
    return function


ALWAYS = np.array(True)


def equals(input: Any, other: Any) -> Any:
    """The operator `==`: of something that is no tensor or number, False, as Python's identity has it."""
    try:
        return ops.eq(input, other)
    except DTypeError:
        return NotImplemented


def differs(input: Any, other: Any) -> Any:
    """The operator `!=`."""
    try:
        return ops.ne(input, other)
    except DTypeError:
        return NotImplemented


# -- arithmetic ------------------------------------------------------------------------------------

mul = _function(_of_numbers(ops.mul), "input * other.", PAIR, "[2, 4, 6]")
floor_divide = _function(
    _of_numbers(ops.floor_divide),
    "input / other, rounded down. An integer by zero raises RuntimeError.",
    "tg.tensor([-7, 7]), 2",
    "[-4, 3]",
)
remainder = _function(
    ops.remainder, "input - other * floor(input / other): the sign is the divisor's.", "tg.tensor([-7, 7]), 3", "[2, 1]"
)
fmod = _function(
    _tensor_first(ops.fmod),
    "input - other * trunc(input / other): the sign is the dividend's.",
    "tg.tensor([-7, 7]), 3",
    "[-1, 1]",
)
maximum = _function(
    ops.maximum, "The larger; NaN if one is. Equal operands share the gradient.", PAIR, "[2, 2, 3]", tensors_only=True
)
minimum = _function(
    ops.minimum, "The smaller; NaN if one is. Equal operands share the gradient.", PAIR, "[1, 2, 2]", tensors_only=True
)
atan2 = _function(
    ops.atan2,
    "The angle of the point (other, input), in radians.",
    "tg.tensor([0.0]), tg.tensor([1.0])",
    "[0.0]",
    tensors_only=True,
)
logaddexp = _function(
    _floats_only(ops.logaddexp), "log(e^input + e^other), without overflow. Floating tensors only (RuntimeError).",
    "tg.tensor([900.0]), tg.tensor([0.0])", "[900.0]", tensors_only=True,
)  # fmt: skip


def add(input: Any, other: Any, *, alpha: Number = 1) -> Tensor:
    """input + alpha * other. A floating `alpha` for integers raises RuntimeError.

    >>> import tinygrad_nn as tg
    >>> tg.add(tg.tensor([1, 2]), tg.tensor([10, 20]), alpha=2).tolist()
    [21, 42]
    """
    if type(input) in NUMBERS:
        input = _lifted(ops.add, input, other)
    if alpha == 1 and alpha is not True:
        return ops.add(input, other)  # type: ignore[no-any-return]
    return ops.add(input, _scaled("add", input, other, alpha))  # type: ignore[no-any-return]


def sub(input: Any, other: Any, *, alpha: Number = 1) -> Tensor:
    """input - alpha * other. Two bools, or a floating `alpha` for integers, raise RuntimeError.

    >>> import tinygrad_nn as tg
    >>> tg.sub(tg.tensor([1, 2]), 1).tolist()
    [0, 1]
    """
    if type(input) in NUMBERS:
        input = _lifted(ops.sub, input, other)
    if alpha == 1 and alpha is not True:
        return ops.sub(input, other)  # type: ignore[no-any-return]
    _check_subtraction(array_of(input), array_of(other))
    return ops.sub(input, _scaled("sub", input, other, alpha))  # type: ignore[no-any-return]


def _scaled(name: str, input: Any, other: Any, alpha: Number) -> Any:
    alpha = scalar(name, "alpha", alpha)
    kind = result_dtype(array_of(input), array_of(other))
    if isinstance(alpha, float) and kind.kind in "iub":
        raise OperandError(
            message(
                f"{name}: For integral input tensors, argument alpha must not be a floating point number.",
                got=f"alpha={alpha}",
                fix="x.float(), or a whole alpha",
            )
        )
    if kind.kind == "b":
        return ops.logical_and(of_kind(other, kind), bool(alpha))
    if isinstance(alpha, bool):
        raise OperandError(
            message(
                f"{name}: Boolean alpha only supported for Boolean results.",
                got=f"alpha={alpha} for {as_dtype(kind)}",
                fix="alpha=1",
            )
        )
    if kind.kind in "iu":
        alpha = convertible(alpha, kind, name)
    return times(to_dtype(other, kind), alpha) if type(other) in TYPES else other * alpha


times = lasting(ops.mul)


_check_subtraction = ops.sub.primitive.refuses  # type: ignore[attr-defined]


def rsub(input: Any, other: Any, *, alpha: Number = 1) -> Tensor:
    """other - alpha * input.

    >>> import tinygrad_nn as tg
    >>> tg.rsub(tg.tensor([1, 2]), 10).tolist()
    [9, 8]
    """
    if alpha == 1 and alpha is not True:
        return ops.sub(other, input)  # type: ignore[no-any-return]
    _check_subtraction(array_of(other), array_of(input))
    return ops.sub(other, _scaled("rsub", other, input, alpha))  # type: ignore[no-any-return]


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """input / other: true division, or rounded toward zero ("trunc") or down ("floor").

    Integers divide to the default float, unless rounded; a rounded quotient of integers by zero, and
    another mode, raise RuntimeError. The gradient of a rounded quotient is 0.

    >>> import tinygrad_nn as tg
    >>> tg.div(tg.tensor([-7, 7]), 2).tolist(), tg.div(tg.tensor([-7, 7]), 2, rounding_mode="trunc").tolist()
    ([-3.5, 3.5], [-3, 3])
    """
    if type(input) in NUMBERS:
        input = _lifted(ops.div, input, other)
    if rounding_mode is None:
        return ops.div(input, other)  # type: ignore[no-any-return]
    if rounding_mode == "floor":
        return ops.floor_divide(input, other)  # type: ignore[no-any-return]
    if rounding_mode != "trunc":
        raise OperandError(
            message(
                "div expected rounding_mode to be one of None, 'trunc', or 'floor'",
                got=f"rounding_mode={rounding_mode!r}",
            )
        )
    kind = result_dtype(array_of(input), array_of(other))
    if kind.kind not in "iub":
        return ops.trunc_divide(input, other)  # type: ignore[no-any-return]
    input, other = of_kind(input, kind), of_kind(other, kind)
    below = ops.floor_divide(input, other)
    inexact = ops.ne(ops.mul(below, other), input)
    return ops.add(below, ops.logical_and(inexact, ops.lt(below, 0)))  # type: ignore[no-any-return]


def rmul(input: Any, other: Any) -> Any:
    """other * input; of a list and an integer tensor, the list repeated (Python does that, when asked to)."""
    try:
        return ops.mul(input, other)
    except DTypeError:
        return NotImplemented


def rdiv(input: Any, other: Any) -> Tensor:
    """other / input."""
    return ops.div(other, input)  # type: ignore[no-any-return]


def rfloor_divide(input: Any, other: Any) -> Tensor:
    """other // input."""
    return ops.floor_divide(other, input)  # type: ignore[no-any-return]


def rremainder(input: Any, other: Any) -> Tensor:
    """other % input."""
    return ops.remainder(other, input)  # type: ignore[no-any-return]


def rpow(input: Any, other: Any) -> Tensor:
    """other ** input."""
    return ops.pow(other, input)  # type: ignore[no-any-return]


def rleft_shift(input: Any, other: Any) -> Tensor:
    """other << input."""
    return ops.bitwise_left_shift(other, input)  # type: ignore[no-any-return]


def rright_shift(input: Any, other: Any) -> Tensor:
    """other >> input."""
    return ops.bitwise_right_shift(other, input)  # type: ignore[no-any-return]


def pow(input: Any, exponent: Any) -> Tensor:
    """input to the power `exponent`. 0^0 is 1; at a base of 0 the gradient is finite where the function is smooth.

    Integers to a negative integer power, and bools, raise RuntimeError.

    >>> import tinygrad_nn as tg
    >>> tg.pow(tg.tensor([2.0, 3.0]), 2).tolist(), tg.pow(2, tg.tensor([3, 4])).tolist()
    ([4.0, 9.0], [8, 16])
    """
    return ops.pow(input, exponent)  # type: ignore[no-any-return]


# -- nearness --------------------------------------------------------------------------------------


@flags
def isclose(input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """Whether |input - other| <= atol + rtol * |other|, elementwise; infinities are close to themselves.

    Raises RuntimeError if the dtypes differ or a tolerance is negative.

    >>> import tinygrad_nn as tg
    >>> tg.isclose(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 2.1])).tolist()
    [True, False]
    """
    tensors("isclose", input=input, other=other)
    kind = as_dtype(input.dtype)
    if kind is not as_dtype(other.dtype):
        raise OperandError(message(f"isclose: {kind} did not match {as_dtype(other.dtype)}", fix="x.to(y.dtype)"))
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if tolerance < 0:
            raise OperandError(message(f"isclose: {name} must be greater than or equal to zero", got=tolerance))
    close = ops.eq(input, other)
    if not kind.is_floating_point:
        input, other = to_dtype(input, float64), to_dtype(other, float64)
    elif equal_nan:
        close = ops.logical_or(close, ops.logical_and(ops.isnan(input), ops.isnan(other)))
    distance = ops.abs(ops.sub(input, other))
    allowed = ops.add(ops.mul(ops.abs(other), rtol), atol)
    near = ops.logical_and(ops.isfinite(distance), ops.le(distance, allowed))
    return ops.logical_or(close, near)  # type: ignore[no-any-return]


@flags
def allclose(input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether all elements are close, as `isclose` has it.

    >>> import tinygrad_nn as tg
    >>> tg.allclose(tg.tensor([1.0]), tg.tensor([1.0 + 1e-7]))
    True
    """
    return bool(reductions.all(isclose(input, other, rtol, atol, equal_nan), None, False).item())


def equal(input: Any, other: Any) -> bool:
    """Whether both have the same shape and the same elements (NaN equals nothing).

    >>> import tinygrad_nn as tg
    >>> tg.equal(tg.tensor([1, 2]), tg.tensor([1, 2])), tg.equal(tg.tensor([1, 2]), tg.tensor([[1, 2]]))
    (True, False)
    """
    tensors("equal", input=input, other=other)
    return tuple(input.shape) == tuple(other.shape) and bool(reductions.all(ops.eq(input, other), None, False).item())
