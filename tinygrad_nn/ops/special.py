"""Special functions that NumPy lacks, to the last digits of float64.

erf: rational minimax approximations in three ranges (W. J. Cody, "Rational Chebyshev
approximations for the error function", Math. Comp. 23, 1969). erfinv: the central and tail
polynomials of M. Giles ("Approximating the erfinv function", 2012), then Newton's method on erf.
"""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

Array = Any

_SMALL = (
    (1.85777706184603153e-1, 3.16112374387056560, 113.864154151050156, 377.485237685302021, 3209.37758913846947),
    (1.0, 23.6012909523441209, 244.024637934444173, 1282.61652607737228, 2844.23683343917062),
)
_MIDDLE = (
    (2.15311535474403846e-8, 0.564188496988670089, 8.88314979438837594, 66.1191906371416295, 298.635138197400131,
     881.952221241769090, 1712.04761263407058, 2051.07837782607147, 1230.33935479799725),
    (1.0, 15.7449261107098347, 117.693950891312499, 537.181101862009858, 1621.38957456669019, 3290.79923573345963,
     4362.61909014324716, 3439.36767414372164, 1230.33935480374942),
)  # fmt: skip
_LARGE = (
    (0.0163153871373020978, 0.305326634961232344, 0.360344899949804439, 0.125781726111229246,
     0.0160837851487422766, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242, 1.87295284992346047, 0.527905102951428412, 0.0605183413124413191,
     0.00233520497626869185),
)  # fmt: skip


def _ratio(z: Array, polynomials: tuple[tuple[float, ...], tuple[float, ...]]) -> Array:
    above, below = polynomials
    return np.polyval(above, z) / np.polyval(below, z)


def erf(x: Array) -> Array:
    """2/sqrt(pi) times the integral of exp(-t^2) from 0 to x, computed in float64."""
    x = np.asarray(x)
    z = np.atleast_1d(x).astype(np.float64)
    size = np.abs(z)
    out = np.ones_like(z)
    small = size <= 0.46875
    out[small] = z[small] * _ratio(z[small] ** 2, _SMALL)
    middle = (size > 0.46875) & (size <= 4)
    m = size[middle]
    out[middle] = 1 - np.exp(-m * m) * _ratio(m, _MIDDLE)
    large = (size > 4) & (size < 6)  # beyond 6 the complement is below half a unit in the last place
    m = size[large]
    w = 1 / (m * m)
    out[large] = 1 - np.exp(-m * m) / m * (1 / pi**0.5 - w * _ratio(w, _LARGE))
    out[~small] = np.copysign(out[~small], z[~small])
    out[np.isnan(z)] = np.nan
    return out.reshape(x.shape).astype(x.dtype, copy=False)


_CENTRE = (2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503,
           -0.00417768164, 0.246640727, 1.50140941)  # fmt: skip
_TAIL = (-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
         1.00167406, 2.83297682)  # fmt: skip


def erfinv(y: Array) -> Array:
    """The x with erf(x) = y; infinite at -1 and 1, NaN outside."""
    y = np.asarray(y)
    z = y.astype(np.float64)
    w = np.minimum(-np.log((1 - z) * (1 + z)), 100.0)  # finite at -1 and 1 too, whose answer is put in below
    x = z * np.where(w < 5, np.polyval(_CENTRE, w - 2.5), np.polyval(_TAIL, np.sqrt(np.maximum(w, 5)) - 3))
    for _ in range(3):  # Halley's step: Newton's with the curvature of erf
        error = (erf(x) - z) * (pi**0.5 / 2) * np.exp(x * x)
        step = error / (1 + x * error)
        x = x - np.where(np.isfinite(step), step, 0)
    x = np.where(np.abs(z) == 1, np.copysign(np.inf, z), x)
    return np.asarray(x).astype(y.dtype, copy=False)


def gelu(x: Array) -> Array:
    """x times the normal distribution's cumulative probability at x (Hendrycks and Gimpel, 2016)."""
    return (0.5 * x * (1 + erf(x * 0.5**0.5))).astype(x.dtype, copy=False)
