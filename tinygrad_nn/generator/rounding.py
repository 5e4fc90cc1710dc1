"""Arithmetic to the last bit: fused multiply-add, and PyTorch's float32 logarithm, sine, cosine.

NumPy has no fused multiply-add, and its float32 `log` and `cos` differ from PyTorch's in the last
bit, as do its float64 functions on some CPUs. Equal streams need equal bits, so all three are spelt
out here. Nothing in this file is random.

Source: S. Moshier's Cephes library (`logf`, `sinf`, `cosf`), in the order of operations that
PyTorch's vectorised normal kernel has when it is compiled for AVX2 with contraction to FMA.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["box_muller32", "c_library", "fma32", "fma64", "log32", "narrow", "sincos32"]

F32: TypeAlias = "NDArray[np.float32]"
F64: TypeAlias = "NDArray[np.float64]"

PAIRS = 1 << 13  # of normals in one pass: the temporaries stay in cache

SQRT_HALF = np.float32(0.707106781186547524)
LOG_POLYNOMIAL = (
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
    -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
)  # fmt: skip
LN2_HIGH, LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)

FOUR_OVER_PI = np.float32(1.27323954473516)
MINUS_QUARTER_PI = (-0.78515625, -2.4187564849853515625e-4, -3.77489497744594108e-8)
COSINE_POLYNOMIAL = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
SINE_POLYNOMIAL = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)

HALF, ONE, MINUS_TWO, TWO_PI = (
    np.float32(0.5),
    np.float32(1),
    np.float32(-2),
    np.float32(2 * math.pi),
)


def narrow(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """`values` as `dtype`, as C++ casts: a 16-bit float is reached through float32."""
    if values.dtype == dtype:
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        if dtype.itemsize == 2 and dtype.kind not in "iu":
            values = values.astype(np.float32, copy=False)
        return values.astype(dtype, copy=False)


def c_library(function: Callable[[float], float], values: NDArray[Any]) -> F64:
    """`function` of Python's `math` number by number: what PyTorch's scalar loops call, whatever the CPU.

    NumPy's own float64 functions are vectorised with AVX-512, and have other last bits there.

    >>> c_library(math.log, np.array([[1.0, 2.0]]))
    array([[0.        , 0.69314718]])
    """
    numbers = map(function, values.ravel().tolist())
    return np.fromiter(numbers, np.float64, values.size).reshape(values.shape)


def fma32(a: NDArray[Any], b: Any, c: Any) -> F32:
    """a * b + c in float32, rounded once.

    The product of two float32 is exact in float64. Only a sum that float64 rounds onto the middle
    between two float32 goes astray: less than once in 10**8.

    >>> tenth, hundredth = np.float32(0.1), np.float32(0.01)
    >>> exact = np.float32(float(tenth) * float(tenth) - float(hundredth))
    >>> bool(fma32(np.array([tenth]), tenth, -hundredth)[0] == exact)
    True
    """
    wide: F64 = np.multiply(a, b, dtype=np.float64)
    wide += c
    return wide.astype(np.float32)


def fma64(a: F64, b: float, c: float) -> F64:
    """a * b + c in float64, rounded once (barring overflow in between).

    The product's rounding error is found by Dekker's splitting, and the three terms are added with
    one rounding to odd (S. Boldo, G. Melquiond, "Emulation of FMA", IEEE TC 57, 2008).

    >>> x = np.array([1 + 2.0**-30])
    >>> float(fma64(x, 1 + 2.0**-30, -1.0)[0]) == 2.0**-29 + 2.0**-60
    True
    """
    if c == 0:
        return a * b
    if b == 1:
        return a + c
    product, product_error = _two_product(a, b)
    low, lowest = _two_sum(np.full_like(a, c), product_error)
    high, middle = _two_sum(product, low)
    rest, error = _two_sum(middle, lowest)
    even = (rest.view(np.int64) & 1) == 0
    toward = np.where(error > 0, math.inf, -math.inf)
    rest = np.where((error != 0) & even, np.nextafter(rest, toward), rest)
    result: F64 = high + rest
    return result


def _two_sum(a: F64, b: F64) -> tuple[F64, F64]:
    """The sum as rounded, and what rounding lost (D. Knuth)."""
    total = a + b
    virtual = total - a
    return total, (a - (total - virtual)) + (b - virtual)


def _two_product(a: F64, b: float) -> tuple[F64, F64]:
    """The product as rounded, and what rounding lost (T. Dekker)."""
    splitter = 134217729.0  # 2**27 + 1
    scaled = splitter * a
    a_high = scaled - (scaled - a)
    b_high = splitter * b - (splitter * b - b)
    a_low, b_low = a - a_high, b - b_high
    product = a * b
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def _horner32(coefficients: tuple[float, ...], x: F32) -> F32:
    """A polynomial by Horner's rule, one float32 rounding per step."""
    wide_x = x.astype(np.float64)
    step = np.empty_like(wide_x)
    value = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        np.multiply(value, wide_x, out=step)
        step += float(np.float32(coefficient))
        value[...] = step
    return value


def log32(x: F32) -> F32:
    """Natural logarithm of normal float32 x > 0, with the bits of PyTorch's vectorised one.

    x = m * 2**e with sqrt(1/2) <= m < sqrt(2); log x = e ln 2 + log m, log m by a polynomial.

    >>> log32(np.array([1, 0.5], np.float32))
    array([ 0.       , -0.6931472], dtype=float32)
    """
    bits = x.view(np.int32)
    exponent = ((bits >> 23) - 126).astype(np.float32)
    m = ((bits & np.int32(0x007FFFFF)) | np.int32(0x3F000000)).view(np.float32)  # [1/2, 1)
    small = m < SQRT_HALF
    exponent -= small
    m = (m - ONE) + m * small
    square = m * m
    y = _horner32(LOG_POLYNOMIAL, m) * m
    y = fma32(y, square, exponent * LN2_LOW)
    y = fma32(square, -HALF, y)
    return fma32(exponent, LN2_HIGH, m + y)


def sincos32(x: F32) -> tuple[F32, F32]:
    """Sine and cosine of float32 x in [0, 8192), with the bits of PyTorch's vectorised ones.

    x is brought to [-pi/4, pi/4] by subtracting j * pi/4 in three parts, j even; each of the two
    polynomials then serves one of the two functions.
    """
    octant = ((x * FOUR_OVER_PI).astype(np.int32) + 1) & ~np.int32(1)
    multiple = octant.astype(np.float32)
    for part in MINUS_QUARTER_PI:
        x = fma32(multiple, np.float32(part), x)
    square = x * x
    cosine = _horner32(COSINE_POLYNOMIAL, square) * square
    cosine = fma32(cosine, square, -(square * HALF)) + ONE
    sine = fma32(_horner32(SINE_POLYNOMIAL, square) * square, x, x)
    straight = (octant & 2) == 0
    sin = np.where(straight, sine, cosine)
    cos = np.where(straight, cosine, sine)
    sin_bits, cos_bits = sin.view(np.int32), cos.view(np.int32)
    sin_bits ^= (octant & 4) << 29  # flips the sign in octants 4 to 7
    cos_bits ^= (~(octant - 2) & 4) << 29  # and here in octants 2 to 5
    return sin, cos


def box_muller32(uniforms: F32, mean: float, std: float) -> F32:
    """Normals from float32 uniforms; their number is a multiple of 16.

    In each block of 16, u1 (the first 8) gives the radius and u2 (the last 8) the angle:
    sqrt(-2 ln(1 - u1)) times cos(2 pi u2) for the first 8 results, times sin for the last 8.
    """
    out = np.empty_like(uniforms)
    for start in range(0, uniforms.size, 2 * PAIRS):
        u = uniforms[start : start + 2 * PAIRS].reshape(-1, 2, 8)
        radius = np.sqrt(MINUS_TWO * log32(ONE - u[:, 0]))
        sin, cos = sincos32(TWO_PI * u[:, 1])
        block = out[start : start + 2 * PAIRS].reshape(-1, 2, 8)
        block[:, 0], block[:, 1] = radius * cos, radius * sin
    if mean == 0:
        out *= np.float32(std)
        out += np.float32(0)  # a fused multiply-add leaves no negative zero
        return out
    return fma32(out, np.float32(std), np.float32(mean))
