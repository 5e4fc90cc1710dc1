"""Elementwise functions of one tensor. Each keeps the shape; `Tensor` has them as methods.

The functions with float results take integers and bools as the default float. Outside a
function's domain the result is NaN or infinite, as IEEE arithmetic has it, never an error.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tinygrad_nn.dtypes import as_dtype, finfo
from tinygrad_nn.errors import OperandError, message
from tinygrad_nn.functions.checks import tensors
from tinygrad_nn.functions.dims import whole
from tinygrad_nn.ops import elementwise as ops

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor


def _function(primitive: Callable[..., Any], formula: str, at: str, gives: str) -> Callable[[Any], Tensor]:
    """The primitive as users call it: with `input` as the argument's name, and its documentation."""

    def function(input: Any) -> Tensor:
        return primitive(input)  # type: ignore[no-any-return]

    function.__name__ = function.__qualname__ = primitive.__name__
    function.__doc__ = (
        f"{formula}\n\n    Raises TypeError if `input` is not a tensor.\n\n    >>> import tinygrad_nn as tg\n"
        f"    >>> tg.{primitive.__name__}(tg.tensor({at})).tolist()\n    {gives}\n    "
    )
    return function


# -- parts and signs -------------------------------------------------------------------------------

abs = _function(ops.abs, "|x|. The gradient at 0 is 0. Bools are refused (RuntimeError).", "[-2, 3]", "[2, 3]")
neg = _function(ops.neg, "-x. Bools are refused (RuntimeError).", "[-2, 3]", "[2, -3]")
sign = _function(ops.sign, "-1, 0 or 1; the gradient is 0.", "[-2.5, 0.0, 3.0]", "[-1.0, 0.0, 1.0]")
square = _function(ops.square, "x^2.", "[-2, 3]", "[4, 9]")
ceil = _function(ops.ceil, "The smallest integer >= x; the gradient is 0.", "[-1.5, 1.2]", "[-1.0, 2.0]")
floor = _function(ops.floor, "The largest integer <= x; the gradient is 0.", "[-1.5, 1.2]", "[-2.0, 1.0]")
trunc = _function(ops.trunc, "x without its fraction; the gradient is 0.", "[-1.5, 1.2]", "[-1.0, 1.0]")
isnan = _function(ops.isnan, "Whether x is NaN.", "[1.0, float('nan')]", "[False, True]")
isinf = _function(ops.isinf, "Whether x is infinite, of either sign.", "[1.0, float('-inf')]", "[False, True]")
isfinite = _function(ops.isfinite, "Whether x is neither infinite nor NaN.", "[1.0, float('inf')]", "[True, False]")
logical_not = _function(ops.logical_not, "Whether x is zero.", "[0, 2]", "[True, False]")
bitwise_not = _function(
    ops.bitwise_not, "All bits inverted; integers and bools only (RuntimeError).", "[0, 2]", "[-1, -3]"
)

# -- powers, exponentials, logarithms --------------------------------------------------------------

sqrt = _function(ops.sqrt, "The square root.", "[4.0, 9.0]", "[2.0, 3.0]")
rsqrt = _function(ops.rsqrt, "1 / sqrt(x).", "[4.0, 0.25]", "[0.5, 2.0]")
reciprocal = _function(ops.reciprocal, "1 / x.", "[4.0, 0.25]", "[0.25, 4.0]")
exp = _function(ops.exp, "e^x.", "[0.0]", "[1.0]")
exp2 = _function(ops.exp2, "2^x.", "[3.0, -1.0]", "[8.0, 0.5]")
expm1 = _function(ops.expm1, "e^x - 1, accurate near 0.", "[0.0]", "[0.0]")
log = _function(ops.log, "The natural logarithm.", "[1.0, 0.0]", "[0.0, -inf]")
log2 = _function(ops.log2, "The logarithm to base 2.", "[8.0, 0.5]", "[3.0, -1.0]")
log10 = _function(ops.log10, "The logarithm to base 10.", "[100.0]", "[2.0]")
log1p = _function(ops.log1p, "log(1 + x), accurate near 0.", "[0.0]", "[0.0]")

# -- trigonometric, hyperbolic, and the bell curve -------------------------------------------------

sin = _function(ops.sin, "The sine, x in radians.", "[0.0]", "[0.0]")
cos = _function(ops.cos, "The cosine, x in radians.", "[0.0]", "[1.0]")
tan = _function(ops.tan, "The tangent, x in radians.", "[0.0]", "[0.0]")
asin = _function(ops.asin, "The angle in [-pi/2, pi/2] whose sine is x.", "[0.0, 2.0]", "[0.0, nan]")
acos = _function(ops.acos, "The angle in [0, pi] whose cosine is x.", "[1.0, 2.0]", "[0.0, nan]")
atan = _function(ops.atan, "The angle in [-pi/2, pi/2] whose tangent is x.", "[0.0]", "[0.0]")
sinh = _function(ops.sinh, "(e^x - e^-x) / 2.", "[0.0]", "[0.0]")
cosh = _function(ops.cosh, "(e^x + e^-x) / 2.", "[0.0]", "[1.0]")
tanh = _function(ops.tanh, "sinh(x) / cosh(x).", "[0.0, 100.0]", "[0.0, 1.0]")
sigmoid = _function(ops.sigmoid, "1 / (1 + e^-x).", "[0.0, -200.0]", "[0.5, 0.0]")
erf = _function(ops.erf, "2/sqrt(pi) times the integral of e^(-t^2) from 0 to x.", "[0.0, 9.0]", "[0.0, 1.0]")
erfinv = _function(ops.erfinv, "The x whose erf is the input; infinite at -1 and 1.", "[0.0, 1.0]", "[0.0, inf]")
relu = _function(ops.relu, "max(x, 0).", "[-1.0, 2.0]", "[0.0, 2.0]")


# -- those with more to say ------------------------------------------------------------------------


def positive(input: Any) -> Tensor:
    """The tensor itself: the operator `+x`. Bools are refused (RuntimeError).

    >>> import tinygrad_nn as tg
    >>> tg.positive(tg.tensor([-1, 2])).tolist()
    [-1, 2]
    """
    tensors("positive", input=input)
    if as_dtype(input.dtype).name == "bool":
        raise OperandError(message("positive: not defined for bool", fix="x.int()"))
    return input  # type: ignore[no-any-return]


def round(input: Any, *, decimals: int = 0) -> Tensor:
    """The nearest number with that many decimals, ties to the even one; the gradient is 0.

    Integers stay as they are; with `decimals` they are refused (RuntimeError), as are bools.

    >>> import tinygrad_nn as tg
    >>> tg.round(tg.tensor([0.5, 1.5, 2.5])).tolist(), tg.round(tg.tensor([127.0]), decimals=-1).tolist()
    ([0.0, 2.0, 2.0], [130.0])
    """
    if type(decimals) is not int:
        decimals = whole(decimals, "round", "decimals")
    if decimals == 0:
        return ops.round(input)  # type: ignore[no-any-return]
    tensors("round", input=input)
    if not as_dtype(input.dtype).is_floating_point:
        raise OperandError(message("round: decimals are for floating tensors", got=f"dtype {as_dtype(input.dtype)}"))
    scale = 10.0 ** math.fabs(decimals)
    if decimals > 0:
        return ops.div(ops.round(ops.mul(input, scale)), scale)  # type: ignore[no-any-return]
    return ops.mul(ops.round(ops.div(input, scale)), scale)  # type: ignore[no-any-return]


def frac(input: Any) -> Tensor:
    """x - trunc(x), with the gradient of x. Floating tensors only (RuntimeError).

    >>> import tinygrad_nn as tg
    >>> tg.frac(tg.tensor([1.5, -2.25])).tolist()
    [0.5, -0.25]
    """
    tensors("frac", input=input)
    if not as_dtype(input.dtype).is_floating_point:
        raise OperandError(
            message("frac: not defined for these element types", got=f"dtype {as_dtype(input.dtype)}", fix="x.float()")
        )
    return ops.sub(input, ops.trunc(input))  # type: ignore[no-any-return]


def nan_to_num(input: Any, nan: float | None = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """NaN and the infinities replaced: by `nan`, and (where None) by the dtype's largest and lowest number.

    No gradient flows to replaced elements.

    >>> import tinygrad_nn as tg
    >>> tg.nan_to_num(tg.tensor([float("nan"), float("inf"), 1.0]), nan=2.0, posinf=9.0).tolist()
    [2.0, 9.0, 1.0]
    """
    tensors("nan_to_num", input=input)
    kind = as_dtype(input.dtype)
    if not kind.is_floating_point:
        return ops.cast(input, kind.dtype)  # type: ignore[no-any-return]
    limits = finfo(kind)
    high = limits.max if posinf is None else posinf
    low = limits.min if neginf is None else neginf
    return ops.nan_to_num(input, 0.0 if nan is None else nan, high, low)  # type: ignore[no-any-return]
