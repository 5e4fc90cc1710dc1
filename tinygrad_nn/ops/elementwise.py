"""Elementwise primitives: one number in (or two), one number out, at every place of an array.

To add one is two lines, rule included; the second derivative follows, because rules are made of
primitives. A rule for each operand, in order.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import copysign, pi
from math import log as ln
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
logistic: Call


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
        kind = (x if isinstance(x, (np.ndarray, np.generic)) else y).dtype.kind
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
div = smooth("div", np.true_divide, lambda g, y: g / y, lambda g, x, y: -g * (x / y / y))
neg = unary("neg", np.negative, lambda g: -g)
abs = unary("abs", _not_of_masks(np.absolute), lambda g, x: g * sign(x))
square = unary(
    "square", lambda x: np.square(x if x.dtype.kind != "b" else x.astype(np.int64)), lambda g, x: g * (2 * x)
)
reciprocal = smooth("reciprocal", np.reciprocal, lambda g, out: -g * out * out)
sqrt = smooth("sqrt", np.sqrt, lambda g, out: g / (2 * out))
rsqrt = smooth("rsqrt", lambda x: 1 / np.sqrt(x), lambda g, out: -0.5 * g * out * out * out)


def _where(condition: Array, x: Array, y: Array) -> Array:
    """np.where; of a large array and 0.0 as a product of bits, five times faster on mixed conditions."""
    if type(y) is float and y == 0 and _is_large(condition, x) and copysign(1, y) > 0:
        return np.multiply(x.view(_BITS[x.dtype.itemsize]), condition).view(x.dtype)
    if type(x) is float and x == 0 and _is_large(condition, y) and copysign(1, x) > 0:
        return np.multiply(y.view(_BITS[y.dtype.itemsize]), np.logical_not(condition)).view(y.dtype)
    return np.where(condition, x, y)


def _is_large(condition: Array, x: Array) -> bool:
    return (
        type(x) is type(condition) is np.ndarray
        and x.size > 4096
        and x.dtype.kind == "f"
        and condition.shape == x.shape
        and condition.dtype.kind == "b"
    )


_BITS = {2: np.dtype(np.int16), 4: np.dtype(np.int32), 8: np.dtype(np.int64)}

where = primitive(
    "where", _where,
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
    if (x if isinstance(x, (np.ndarray, np.generic)) else y).dtype.kind in "iub":
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


def _power_x(g: Array, x: Array, y: Array) -> Array:
    """y x^(y - 1), which is 0 where y is."""
    if _is_number(y):
        return g * (y * pow(x, y - 1)) if y != 0 else zeros_like(g)
    none = eq(y, 0)
    return where(none, 0.0, g * where(none, 0.0, y * pow(x, where(none, 1.0, y - 1))))


def _power_y(g: Array, x: Array, y: Array, out: Array) -> Array:
    """x^y log x, which is 0 for x = 0 and y >= 0, as 0^y = 0 (and 0^0 = 1) is taken to be constant."""
    if _is_number(x):
        if x > 0:
            return g * (out * ln(x))
        return where(ge(y, 0), 0.0, g * where(ge(y, 0), 0.0, out * float("-inf"))) if x == 0 else g * out * float("nan")
    constant = logical_and(eq(x, 0), y >= 0)
    return where(constant, 0.0, g * (out * log(where(constant, 1.0, x))))


pow = unary("pow", _power, _power_x, _power_y, refuses=_negative_power, layout=False)


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
trunc_divide = unary(
    "trunc_divide", lambda x, y: np.trunc(np.true_divide(x, y)), lambda g: zeros_like(g), lambda g: zeros_like(g)
)
"""x / y without its fraction, of floats."""
remainder = unary("remainder", _division(np.remainder), lambda g: g, lambda g, x, y: -g * floor_divide(x, y))
fmod = unary("fmod", _division(np.fmod), lambda g: g, lambda g, x, y: -g * trunc_divide(x, y))


# -- the larger and the smaller: equal operands share the gradient ---------------------------------


def _share(g: Array, loses: Array, ties: Array) -> Array:
    return where(loses, 0.0, where(ties, g * 0.5, g))


maximum = unary(
    "maximum", np.maximum, lambda g, x, y: _share(g, lt(x, y), eq(x, y)), lambda g, x, y: _share(g, lt(y, x), eq(x, y))
)
minimum = unary(
    "minimum", np.minimum, lambda g, x, y: _share(g, gt(x, y), eq(x, y)), lambda g, x, y: _share(g, gt(y, x), eq(x, y))
)


def _unless_zero(x: Array, y: Array) -> Array:
    """Bits times 0 or 1 are a choice, at the speed of a product; np.where is five times slower on mixed signs."""
    bits = _BITS[x.dtype.itemsize]
    return np.multiply(x.view(bits), np.not_equal(y, 0)).view(x.dtype)


unless_zero = unary("unless_zero", _unless_zero, lambda g, y: unless_zero(g, y), None)
"""x, and 0 where y is 0 (not x * 0, which is NaN for an infinite x). Floats; x has the result's shape."""
clamp = primitive(
    "clamp",
    lambda x, low, high: np.clip(x, low, high).astype(x.dtype, copy=False),
    lambda g, x, low, high: where(_inside(x, low, high), g, 0.0),
    layout=merged,
)


lerp = primitive(
    "lerp", lambda x, end, weight: np.where(np.abs(weight) < 0.5, x + weight * (end - x), end - (end - x) * (1 - weight)),
    lambda g, weight: g * (1 - weight), lambda g, weight: g * weight, lambda g, x, end: g * (end - x), layout=merged,
)  # fmt: skip
"""x at weight 0, end at weight 1, exactly."""


def _inside(x: Array, low: float | None, high: float | None) -> Array:
    if low is None:
        return le(x, high)
    return ge(x, low) if high is None else logical_and(ge(x, low), le(x, high))


raised = primitive("raised", lambda x, low: np.maximum(x, x.dtype.type(low)), lambda g: g, layout=merged)
"""max(x, low), through which the cotangent passes as if it were x."""


unsloped = unary("unsloped", lambda x: np.zeros_like(x), lambda g: where(eq(g, 0), 0.0, np.nan))
"""A 0 whose derivative does not exist, or is not known: NaN, where it is asked for."""


def _dropped(x: Array, mask: Array) -> Array:
    """The product; a sum that is not finite tells that x may not be, and then the choice is made element by element."""
    out = x * mask
    if np.isfinite(np.add.reduce(out, None)):
        return out
    return np.where(mask == 0, out.dtype.type(0), out)


dropped = unary("dropped", _dropped, lambda g, mask: dropped(g, mask), None)
"""x * mask, and 0 where the mask is 0, whatever x is there."""


def _nan_to_num(x: Array, nan: float, posinf: float | None, neginf: float | None) -> Array:
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


nan_to_num = primitive("nan_to_num", _nan_to_num, lambda g, x: where(isfinite(x), g, 0.0), layout=merged)


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
logaddexp = smooth("logaddexp", np.logaddexp, lambda g, x, y: g * logistic(x - y), lambda g, x, y: g * logistic(y - x))


# -- trigonometric and hyperbolic ------------------------------------------------------------------


def _scale(x: Array, y: Array) -> Array:
    """The larger of |x| and |y|; 1 where that is 0 or not finite."""
    size = np.maximum(np.abs(x), np.abs(y))
    return np.where((size > 0) & np.isfinite(size), size, size.dtype.type(1))


scale_of = unary("scale_of", _scale)
"""A constant to divide x and y by, so that their squares neither overflow nor vanish; no gradient."""


def _over_square(g: Array, part: Array, x: Array, y: Array) -> Array:
    """g part / (x^2 + y^2), for the part x or y; 0 at the origin."""
    scale = scale_of(x, y)
    u, v = x / scale, y / scale
    square = u * u + v * v
    none = eq(square, 0)
    return where(none, 0.0, g * (part / scale / where(none, 1.0, square)) / scale)


sin = smooth("sin", np.sin, lambda g, x: g * cos(x))
cos = smooth("cos", np.cos, lambda g, x: -g * sin(x))
tan = smooth("tan", np.tan, lambda g, out: g * (1 + out * out))
asin = smooth("asin", precise(np.arcsin), lambda g, x: g / sqrt(1 - x * x))
acos = smooth("acos", precise(np.arccos), lambda g, x: -g / sqrt(1 - x * x))
atan = smooth("atan", np.arctan, lambda g, x: g / (1 + x * x))


def _atan2(x: Array, y: Array) -> Array:
    out = np.arctan2(x, y, dtype=np.float64 if np.result_type(x, y) == np.float32 else None)
    return out.astype(np.result_type(x, y), copy=False)


atan2 = smooth("atan2", _atan2, lambda g, x, y: _over_square(g, y, x, y), lambda g, x, y: _over_square(-g, x, x, y))
sinh = smooth("sinh", precise(np.sinh), lambda g, x: g * cosh(x))
cosh = smooth("cosh", precise(np.cosh), lambda g, x: g * sinh(x))
tanh = smooth("tanh", np.tanh, lambda g, out: g * (1 - out * out))


# -- the bell curve --------------------------------------------------------------------------------

erf = smooth("erf", special.erf, lambda g, x: g * (2 / pi**0.5) * exp(-x * x))
erfinv = smooth("erfinv", special.erfinv, lambda g, y: g * (pi**0.5 / 2) * exp(erfinv(y) * erfinv(y)))


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


sigmoid = smooth("sigmoid", _sigmoid, lambda g, out: g * out * (1 - out), layout=False)
logistic = smooth("logistic", _sigmoid, lambda g, x: g * (logistic(x) * logistic(-x)))
"""The sigmoid inside the rules of others: its slope is exact where the sigmoid itself rounds to 1."""
relu = unary("relu", _not_of_masks(lambda x: np.maximum(x, 0)), lambda g, out: unless_zero(g, out), layout=False)
leaky_relu = primitive(
    "leaky_relu", lambda x, slope: np.where(x > 0, x, x * slope), lambda g, x, slope: where(gt(x, 0), g, g * slope), layout=merged
)  # fmt: skip
log_sigmoid = smooth("log_sigmoid", lambda x: -_softplus(-x), lambda g, x: g * logistic(-x), layout=in_rows)
gelu = smooth(
    "gelu", special.gelu, lambda g, x: g * (0.5 * (1 + erf(x * 0.5**0.5)) + x * exp(-0.5 * x * x) * (2 * pi) ** -0.5)
)
