"""Elementwise primitives: one number in (or two), one number out, at every place of an array.

To add one is two lines, rule included; the second derivative follows, because rules are made of
primitives. A rule for each operand, in order.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import log as ln
from math import pi
from typing import Any

import numpy as np

from tinygrad_nn.dtypes import as_dtype, convertible
from tinygrad_nn.errors import OperandError, message
from tinygrad_nn.ops import special
from tinygrad_nn.order import converted, in_rows, merged
from tinygrad_nn.primitive import primitive

unary = partial(primitive, elementwise=True)
"""Keeps the dtype; of integers too."""
smooth = partial(primitive, elementwise=True, floats=True)
"""A function with float results: integers are taken as the default float."""

Array = Any
Call = Callable[..., Any]

where: Call  # rules name what stands below them
sign: Call
pow: Call
log: Call
cos: Call
cosh: Call


# -- no gradient: comparisons, logic, classification ---------------------------------------------

eq = unary("eq", np.equal)
ne = unary("ne", np.not_equal)
lt = unary("lt", np.less)
le = unary("le", np.less_equal)
gt = unary("gt", np.greater)
ge = unary("ge", np.greater_equal)
logical_and = unary("logical_and", np.logical_and)
logical_or = unary("logical_or", np.logical_or)
logical_xor = unary("logical_xor", np.logical_xor)
logical_not = unary("logical_not", np.logical_not)
bitwise_and = unary("bitwise_and", np.bitwise_and)
bitwise_or = unary("bitwise_or", np.bitwise_or)
bitwise_xor = unary("bitwise_xor", np.bitwise_xor)
bitwise_not = unary("bitwise_not", np.invert)


def _shift(ufunc: Callable[..., Any]) -> Callable[..., Any]:
    """A shift, refused for two bools, which NumPy takes as integers."""

    def checked(x: Array, y: Array) -> Array:
        if np.result_type(x, y).kind == "b":
            raise TypeError("not defined for bool")
        return ufunc(x, y)

    return checked


bitwise_left_shift = unary("bitwise_left_shift", _shift(np.left_shift))
bitwise_right_shift = unary("bitwise_right_shift", _shift(np.right_shift))
isnan = unary("isnan", lambda x: np.isnan(x))
isinf = unary("isinf", lambda x: np.isinf(x))
isfinite = unary("isfinite", lambda x: np.isfinite(x))
zeros_like = unary("zeros_like", lambda x: np.zeros_like(x))


# -- arithmetic ----------------------------------------------------------------------------------


def _not_of_masks(forward: Callable[..., Any]) -> Callable[..., Any]:
    """`forward` of one operand, refused for bools, for which NumPy has a loop and PyTorch has none."""

    def checked(x: Array) -> Array:
        if x.dtype.kind == "b":
            raise TypeError("not defined for bool")
        return forward(x)

    return checked


def _division(ufunc: Callable[..., Any]) -> Callable[..., Any]:
    """A division that rounds: refused for two bools, and for integers by zero."""

    def checked(x: Array, y: Array) -> Array:
        kind = (x if isinstance(x, np.ndarray) else y).dtype.kind
        if kind == "b":
            raise TypeError("not defined for bool")
        if kind in "iu" and not np.all(y):
            raise OperandError(f"{ufunc.__name__}: ZeroDivisionError\n  got: an integer divided by zero")
        return ufunc(x, y)

    return checked


def _subtracts_masks(x: Array, y: Array) -> None:
    for operand in (x, y):
        if operand.dtype.kind == "b" if isinstance(operand, np.ndarray) else isinstance(operand, bool):
            raise OperandError(
                message(
                    "sub: Subtraction, the `-` operator, with a bool tensor is not supported",
                    got=" and ".join(str(as_dtype(o.dtype)) if isinstance(o, np.ndarray) else repr(o) for o in (x, y)),
                    fix="a ^ b or logical_xor(a, b) for masks; ~x or logical_not(x) inverts one; x.int() for numbers",
                )
            )


add = unary("add", np.add, lambda g: g, lambda g: g)
sub = unary("sub", np.subtract, lambda g: g, lambda g: -g, refuses=_subtracts_masks)
mul = unary("mul", np.multiply, lambda g, y: g * y, lambda g, x: g * x)
div = smooth("div", np.true_divide, lambda g, y: g / y, lambda g, x, y: -g * x / (y * y))
neg = unary("neg", np.negative, lambda g: -g)
abs = unary("abs", _not_of_masks(np.absolute), lambda g, x: g * sign(x))
square = unary(
    "square", lambda x: np.square(x if x.dtype.kind != "b" else x.astype(np.int64)), lambda g, x: g * (2 * x)
)
reciprocal = smooth("reciprocal", np.reciprocal, lambda g, out: -g * out * out)
sqrt = smooth("sqrt", np.sqrt, lambda g, out: g / (2 * out))
root = smooth("root", np.sqrt, lambda g, out: where(eq(out, 0), 0.0, g / (2 * where(eq(out, 0), 1.0, out))))
"""The square root with slope 0 at 0: PyTorch's choice for norms and standard deviations."""
rsqrt = smooth("rsqrt", lambda x: 1 / np.sqrt(x), lambda g, out: -0.5 * g * out * out * out)

where = primitive(
    "where", lambda condition, x, y: np.where(condition, x, y),
    None, lambda g, condition: where(condition, g, 0.0), lambda g, condition: where(condition, 0.0, g),
    layout=merged,
)  # fmt: skip
cast = primitive(
    "cast", lambda x, kind: x.astype(kind), lambda g: g, half="moves", layout=converted
)  # the walk casts back


def _negative_power(x: Array, y: Array) -> None:
    """Integers to a negative number are refused; to negative integers in a tensor they are 0, 1 or -1."""
    if not isinstance(y, int) or x.dtype.kind not in "iub":
        return
    if x.dtype.kind != "b":
        convertible(y, x.dtype, "pow")
    if y < 0:
        raise OperandError("pow: Integers to negative integer powers are not allowed.\n  fix: x.float() ** y")


def _integer_power(x: Array, y: Array) -> Array:
    """x to the power y in integers: for negative y the whole part of the quotient, 0 but for x of 1 and -1."""
    if x.dtype.kind == "b":
        raise TypeError("not defined for bool")
    below = np.less(y, 0)
    if not np.any(below):
        return np.power(x, y)
    units = np.where(x == 1, x, np.where((x == -1) & (x.dtype.kind == "i"), np.where(y % 2, x, -x), 0 * x))
    return np.where(below, units, np.power(x, np.where(below, 0, y))).astype(x.dtype)


def _power(x: Array, y: Array) -> Array:
    """x to the power y."""
    if (x if isinstance(x, np.ndarray) else y).dtype.kind in "iub":
        return _integer_power(np.asarray(x), np.asarray(y))
    if type(y) in (int, float) and x.dtype.kind == "f":  # NumPy's own loops for these are far faster
        if y == 2:
            return np.square(x)
        if y == 3:
            return x * x * x
        if y == 0.5:
            return np.sqrt(x)
        if y == -0.5:
            return 1 / np.sqrt(x)
    return np.power(x, y) if isinstance(x, np.ndarray) else np.power(x, y, order="C")  # PyTorch: rows, of a number


pow = unary(
    "pow", _power,
    lambda g, x, y: g * where(y == 0, 0.0, y * pow(x, where(y == 0, 1.0, y - 1))) if not _is_number(y)
    else (g * (y * pow(x, y - 1)) if y != 0 else zeros_like(g)),
    lambda g, x, y, out: _exponent_of_number(g, x, y, out) if _is_number(x)
    else g * where(logical_and(x == 0, y >= 0), 0.0, out * log(where(eq(x, 0), 1.0, x))),
    refuses=_negative_power,
)  # fmt: skip


def _exponent_of_number(g: Array, x: float, y: Array, out: Array) -> Array:
    if x > 0:
        return g * (out * ln(x))
    return g * where(ge(y, 0), 0.0, out * float("-inf")) if x == 0 else g * out * float("nan")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float))


# -- steps: the derivative is zero where there is one ----------------------------------------------


def _step(name: str, forward: Callable[..., Any]) -> Callable[..., Any]:
    return unary(name, forward, lambda g: zeros_like(g))


def _keep_integers(ufunc: Callable[..., Any]) -> Callable[..., Any]:
    return _not_of_masks(lambda x: ufunc(x) if x.dtype.kind not in "iu" else x.copy())


def _signs(x: Array) -> Array:
    """-1, 0 or 1; 0 for NaN, as PyTorch has it."""
    out = np.sign(x)
    if x.dtype.kind in "fV":
        out = np.where(np.isnan(out), x.dtype.type(0), out)
    return out


sign = _step("sign", lambda x: _signs(x) if x.dtype.kind != "b" else x.copy())
floor = _step("floor", _keep_integers(np.floor))
ceil = _step("ceil", _keep_integers(np.ceil))
trunc = _step("trunc", _keep_integers(np.trunc))
round = _step("round", _keep_integers(np.rint))


floor_divide = unary("floor_divide", _division(np.floor_divide), lambda g: zeros_like(g), lambda g: zeros_like(g))
remainder = unary("remainder", _division(np.remainder), lambda g: g, lambda g, x, y: -g * floor(x / y))
fmod = unary("fmod", _division(np.fmod), lambda g: g, lambda g, x, y: -g * trunc(x / y))


# -- the larger and the smaller: equal operands share the gradient ---------------------------------


def _share(g: Array, loses: Array, ties: Array) -> Array:
    return g * where(ties, 0.5, where(loses, 0.0, 1.0))


maximum = unary(
    "maximum", np.maximum, lambda g, x, y: _share(g, lt(x, y), eq(x, y)), lambda g, x, y: _share(g, lt(y, x), eq(x, y))
)
minimum = unary(
    "minimum", np.minimum, lambda g, x, y: _share(g, gt(x, y), eq(x, y)), lambda g, x, y: _share(g, gt(y, x), eq(x, y))
)
clamp = primitive(
    "clamp",
    lambda x, low, high: np.clip(x, low, high).astype(x.dtype, copy=False),
    lambda g, x, low, high: where(_inside(x, low, high), g, 0.0),
)


def _inside(x: Array, low: float | None, high: float | None) -> Array:
    if low is None:
        return le(x, high)
    return ge(x, low) if high is None else logical_and(ge(x, low), le(x, high))


def _nan_to_num(x: Array, nan: float, posinf: float | None, neginf: float | None) -> Array:
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


nan_to_num = primitive("nan_to_num", _nan_to_num, lambda g, x: g * isfinite(x), layout=merged)


# -- exponentials and logarithms -------------------------------------------------------------------


def precise(ufunc: Callable[..., Any]) -> Callable[..., Any]:
    """`ufunc`, of float32 computed in float64 and rounded: the nearest number, on every CPU.

    NumPy's float32 kernels are 1 to 4 units in the last place off, each CPU's in its own way: with AVX-512
    log10(1000) is not 3. The functions that training lives on (exp, tanh, and those within softmax, sigmoid and
    the losses) and sin and cos, off by 2 at most, stay with them.
    """

    def forward(x: Array) -> Array:
        if type(x) is not np.ndarray or x.dtype != np.float32:
            return ufunc(x)
        return ufunc(x, out=np.empty_like(x), dtype=np.float64, casting="same_kind")

    return forward


exp = smooth("exp", np.exp, lambda g, out: g * out)
exp2 = smooth("exp2", precise(np.exp2), lambda g, out: g * out * ln(2))
expm1 = smooth("expm1", precise(np.expm1), lambda g, out: g * (out + 1))
log = smooth("log", precise(np.log), lambda g, x: g / x)
log2 = smooth("log2", precise(np.log2), lambda g, x: g / (x * ln(2)))
log10 = smooth("log10", precise(np.log10), lambda g, x: g / (x * ln(10)))
log1p = smooth("log1p", np.log1p, lambda g, x: g / (x + 1))
logaddexp = smooth("logaddexp", np.logaddexp, lambda g, x, out: g * exp(x - out), lambda g, y, out: g * exp(y - out))


# -- trigonometric and hyperbolic ------------------------------------------------------------------

sin = smooth("sin", np.sin, lambda g, x: g * cos(x))
cos = smooth("cos", np.cos, lambda g, x: -g * sin(x))
tan = smooth("tan", np.tan, lambda g, out: g * (1 + out * out))
asin = smooth("asin", precise(np.arcsin), lambda g, x: g / sqrt(1 - x * x))
acos = smooth("acos", precise(np.arccos), lambda g, x: -g / sqrt(1 - x * x))
atan = smooth("atan", np.arctan, lambda g, x: g / (1 + x * x))


def _atan2(x: Array, y: Array) -> Array:
    out = np.arctan2(x, y, dtype=np.float64 if np.result_type(x, y) == np.float32 else None)
    return out.astype(np.result_type(x, y), copy=False)


atan2 = smooth("atan2", _atan2, lambda g, x, y: g * y / (x * x + y * y), lambda g, x, y: -g * x / (x * x + y * y))
sinh = smooth("sinh", precise(np.sinh), lambda g, x: g * cosh(x))
cosh = smooth("cosh", precise(np.cosh), lambda g, x: g * sinh(x))
tanh = smooth("tanh", np.tanh, lambda g, out: g * (1 - out * out))


# -- the bell curve --------------------------------------------------------------------------------

erf = smooth("erf", special.erf, lambda g, x: g * (2 / pi**0.5) * exp(-x * x), layout=merged)
erfinv = smooth("erfinv", special.erfinv, lambda g, y: g * (pi**0.5 / 2) * exp(erfinv(y) * erfinv(y)), layout=merged)


# -- activations: one primitive where a composition would make several passes ----------------------


def _sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), in place; exp may overflow to infinity, and 1 / infinity is the 0 that is meant."""
    out = np.negative(x)
    if type(out) is not np.ndarray:
        return 1 / (1 + np.exp(out))
    np.exp(out, out)
    np.add(out, 1, out)
    return np.divide(1, out, out)


def _softplus(x: Array) -> Array:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


sigmoid = smooth("sigmoid", _sigmoid, lambda g, out: g * out * (1 - out))
relu = unary("relu", _not_of_masks(lambda x: np.maximum(x, 0)), lambda g, out: g * gt(out, 0))
leaky_relu = primitive(
    "leaky_relu", lambda x, slope: np.where(x > 0, x, x * slope), lambda g, x, slope: where(gt(x, 0), g, g * slope)
)
log_sigmoid = smooth("log_sigmoid", lambda x: -_softplus(-x), lambda g, x: g * sigmoid(-x), layout=in_rows)
gelu = smooth(
    "gelu",
    special.gelu,
    lambda g, x: g * (0.5 * (1 + erf(x * 0.5**0.5)) + x * exp(-0.5 * x * x) * (2 * pi) ** -0.5),
    layout=merged,
)
