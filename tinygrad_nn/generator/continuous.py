"""Flat arrays of uniform, normal, log-normal, exponential and Cauchy numbers from an engine.

Each function takes exactly as many words as PyTorch's CPU kernel does and does the same arithmetic
on them, in the same precision. Arguments arrive checked; shapes are the caller's business.

float64 numbers, and whatever enters an engine's state, take the C library's functions one by one, for
their last bits: 50 ns a number. Rounding to a smaller type hides those bits (save one time in 1e9), so
its numbers take NumPy's functions.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.generator.engine import Engine
from tinygrad_nn.generator.rounding import box_muller32, c_library, fma32, fma64, narrow

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["cauchy", "exponential", "log_normal", "normal", "normal_in_sequence", "uniform"]

LARGEST_EXPONENT = math.log(sys.float_info.max)
BLOCK16 = 16  # normals that PyTorch makes at once


def uniform(engine: Engine, n: int, low: float, high: float, dtype: np.dtype[Any]) -> NDArray[Any]:
    """low + (high - low) u. A value that rounding lifted to `high` becomes `low`.

    float64 takes two words a value; float32 and the 16-bit floats (computed in float32) take one.
    """
    values: NDArray[Any] = engine.doubles(n) if dtype.itemsize == 8 else engine.floats(n)
    if low == 0 and high == 1:
        if dtype.itemsize >= 4:
            return values
    elif dtype.itemsize == 8:
        values = fma64(values, high - low, low)
    else:
        first, last = np.float32(low), np.float32(high)
        values = fma32(values, last - first, first)
    values = narrow(values, dtype)
    top = dtype.type(high)
    values[values == top] = dtype.type(low)
    return values


def normal(engine: Engine, n: int, mean: float, std: float, dtype: np.dtype[Any]) -> NDArray[Any]:
    """mean + std z for a contiguous array: in blocks of 16, or one after the other below 16.

    Where n is no multiple of 16, the last 16 values are made anew from 16 more uniforms.
    """
    if n < BLOCK16:
        return narrow(normal_in_sequence(engine, n, mean, std), dtype)
    if dtype.itemsize == 8:
        return _in_blocks(engine.doubles, _box_muller64, n, mean, std, dtype)
    return _in_blocks(engine.floats, box_muller32, n, mean, std, dtype)


def _in_blocks(
    uniforms: Callable[[int], NDArray[Any]],
    transform: Callable[[NDArray[Any], float, float], NDArray[Any]],
    n: int,
    mean: float,
    std: float,
    dtype: np.dtype[Any],
) -> NDArray[Any]:
    whole = n // BLOCK16 * BLOCK16
    # A 16-bit float is made block by block and never draws for the part that is made anew.
    drawn = uniforms(whole if dtype.itemsize == 2 else n)
    if whole == n:
        return narrow(transform(drawn, mean, std), dtype)
    out = np.empty(n, dtype)
    out[:whole] = narrow(transform(drawn[:whole], mean, std), dtype)
    out[-BLOCK16:] = narrow(transform(uniforms(BLOCK16), mean, std), dtype)
    return out


def _box_muller64(uniforms: NDArray[np.float64], mean: float, std: float) -> NDArray[np.float64]:
    """As `box_muller32`, in float64 with the C library's functions."""
    u = uniforms.reshape(-1, 2, 8)
    radius = np.sqrt(-2 * c_library(math.log, 1 - u[:, 0]))
    angle = 2 * math.pi * u[:, 1]
    pairs = np.stack((radius * c_library(math.cos, angle), radius * c_library(math.sin, angle)), axis=1)
    return fma64(pairs.reshape(-1), std, mean)


def normal_in_sequence(engine: Engine, n: int, mean: float, std: float) -> NDArray[np.float64]:
    """mean + std z, one value after the other: Box-Muller in float64, the second of a pair cached.

    u1 is the angle and u2 the radius: r = sqrt(-2 ln(1 - u2)), z = r cos(2 pi u1), then r sin.
    """
    waiting = [] if engine.cached is None or n == 0 else [engine.cached]
    pairs = (n - len(waiting) + 1) // 2
    u = engine.doubles(2 * pairs).reshape(-1, 2)
    radius = np.sqrt(-2.0 * c_library(math.log1p, -u[:, 1]))
    angle = 2 * math.pi * u[:, 0]
    both = np.stack((radius * c_library(math.cos, angle), radius * c_library(math.sin, angle)), axis=1).reshape(-1)
    if n:
        engine.cached = float(both[-1]) if len(waiting) + 2 * pairs > n else None
    if waiting:
        both = np.concatenate((waiting, both))
    return fma64(both[:n], std, mean)


def log_normal(engine: Engine, n: int, mean: float, std: float, dtype: np.dtype[Any]) -> NDArray[Any]:
    """exp(mean + std z), z in sequence whatever n is."""
    values = normal_in_sequence(engine, n, mean, std)
    return narrow(c_library(_exp, values) if dtype.itemsize == 8 else np.exp(values), dtype)


def _exp(x: float) -> float:
    """Infinite where math.exp raises OverflowError."""
    return math.inf if x > LARGEST_EXPONENT else math.exp(x)


def exponential(engine: Engine, n: int, rate: float, dtype: np.dtype[Any]) -> NDArray[Any]:
    """-ln(1 - u) / rate, in float64."""
    u = engine.doubles(n)
    return narrow(-1.0 / rate * (c_library(math.log1p, -u) if dtype.itemsize == 8 else np.log1p(-u)), dtype)


def cauchy(engine: Engine, n: int, median: float, sigma: float, dtype: np.dtype[Any]) -> NDArray[Any]:
    """median + sigma tan(pi (u - 1/2)), in float64."""
    angle = math.pi * (engine.doubles(n) - 0.5)
    slope = c_library(math.tan, angle) if dtype.itemsize == 8 else np.tan(angle)
    return narrow(fma64(slope, sigma, median), dtype)
