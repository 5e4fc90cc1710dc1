"""Arithmetic to the last bit, against exact fractions and the formulas."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from tinygrad_nn.generator import Generator
from tinygrad_nn.generator.rounding import fma32, fma64, log32, sincos32


def test_fma64_rounds_once() -> None:
    rng = np.random.default_rng(0)
    for b, c in [(0.3, 0.1), (-7.7, 1e-9), (1e-5, 33.3), (3.0, -2.9999999), (1.0, 0.1), (0.2, 0.0)]:
        a = rng.standard_normal(500)
        exact = [float(Fraction(x) * Fraction(b) + Fraction(c)) for x in a.tolist()]
        np.testing.assert_array_equal(fma64(a, b, c), exact)


def test_fma64_rounds_a_cancelling_sum_once() -> None:
    a = np.array([1 + 2.0**-52, 1 - 2.0**-53, 1 + 2.0**-29])
    b = 1 + 2.0**-52
    for c in (-1.0, -(1 + 2.0**-51), 2.0**-53, 2.0**-106):
        exact = [float(Fraction(x) * Fraction(b) + Fraction(c)) for x in a.tolist()]
        np.testing.assert_array_equal(fma64(a, b, c), exact)


def test_fma64_is_not_fooled_by_a_tie() -> None:
    # The product is 2**-53 less a little: just below the middle between c and the next float.
    a, b, c = 1 + 2.0**-30, 2.0**-53 * (1 - 2.0**-30), 1 + 2.0**-52
    assert float(Fraction(a) * Fraction(b) + Fraction(c)) == c
    assert fma64(np.array([a]), b, c).tolist() == [c]


def test_fma32_rounds_once() -> None:
    rng = np.random.default_rng(1)
    a, b, c = rng.standard_normal((3, 2000)).astype(np.float32)
    exact = [Fraction(float(x)) * Fraction(float(y)) + Fraction(float(z)) for x, y, z in zip(a, b, c, strict=True)]
    # Of the two neighbours of the float64 result, the nearer one to the exact value.
    got = fma32(a, b, c)
    for value, goal in zip(got, exact, strict=True):
        error = abs(Fraction(float(value)) - goal)
        for side in (-np.inf, np.inf):
            assert error <= abs(Fraction(float(np.nextafter(value, np.float32(side)))) - goal)


def test_float32_functions_are_accurate() -> None:
    x = np.linspace(2.0**-24, 1, 50_000, dtype=np.float32)
    np.testing.assert_array_max_ulp(log32(x), np.log(x.astype(np.float64)).astype(np.float32), 2)
    angle = np.linspace(0, 2 * math.pi, 50_000, dtype=np.float32)
    sin, cos = sincos32(angle)
    np.testing.assert_allclose(sin, np.sin(angle.astype(np.float64)), rtol=0, atol=1.2e-7)
    np.testing.assert_allclose(cos, np.cos(angle.astype(np.float64)), rtol=0, atol=1.2e-7)


def test_box_muller_by_its_formula() -> None:
    u = Generator().manual_seed(1).uniform(32, dtype=np.float64).reshape(2, 2, 8)
    radius, angle = np.sqrt(-2 * np.log(1 - u[:, 0])), 2 * np.pi * u[:, 1]
    expected = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).reshape(-1)
    got = Generator().manual_seed(1).normal(32, dtype=np.float64)
    np.testing.assert_allclose(got, expected, rtol=1e-14)
