"""Special functions that NumPy lacks, to the last digits of float64.

erf: up to 1.5 polynomials that add a small number to a large one, interpolated by mpmath; beyond, 1 less
the complement, by rational minimax approximations (W. J. Cody, "Rational Chebyshev approximations for
the error function", Math. Comp. 23, 1969). erfinv: the central and tail
polynomials of M. Giles ("Approximating the erfinv function", 2012), then Newton's method on erf.
"""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np

Array = Any

_SMALL = (  # erf(x) / x - 1 for |x| <= 0.866, in x^2: what is added to x is small, and so is its error
    6.67520361438513e-11, -1.1733314521892249e-09, 1.4739341935657164e-08, -1.6360449390246477e-07,
    1.6461822990527387e-06, -1.4925639519833559e-05, 0.0001205533270529517, -0.0008548327018718468,
    0.0052239776253901506, -0.026866170645127845, 0.11283791670955114, -0.37612638903183754, 0.1283791670955126,
)  # fmt: skip
_SHOULDER = (  # erf(1.1875 + t) - 0.90625 for 0.86 <= 1.1875 + t <= 1.5, in t
    7.225044656414357e-07, 6.206742035100605e-07, -7.456375760892967e-06, 3.5481358297313653e-06,
    5.567326050726209e-05, -9.842509084557719e-05, -0.0002672639696585049, 0.0009987100569996295,
    0.00031553690302320677, -0.00603928119162301, 0.006573406138740294, 0.01907640579285156, -0.05479218403809279,
    0.009795626458561498, 0.16713087156759404, -0.32708874435546303, 0.2754431531414426, 0.0006717197816864893,
)  # fmt: skip
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
    return _erf(z).reshape(x.shape).astype(x.dtype, copy=False)


def _erf(z: Array) -> Array:
    size = np.abs(z)
    out = np.ones_like(z)
    small = size <= 0.8660254
    near = z[small]
    out[small] = near + near * np.polyval(_SMALL, near * near)
    middle = (size > 0.8660254) & (size <= 1.5)
    out[middle] = 0.90625 + np.polyval(_SHOULDER, size[middle] - 1.1875)
    large = (size > 1.5) & (size < 6)  # beyond 6 the complement is below half a unit in the last place
    out[large] = 1 - _beyond(size[large])
    out[~small] = np.copysign(out[~small], z[~small])
    out[np.isnan(z)] = np.nan
    return out


def _erfc(z: Array) -> Array:
    """1 - erf(z), to the last digits where that is small."""
    far = np.abs(z) > 0.46875
    out = np.empty_like(z)
    out[~far] = 1 - _erf(z[~far])
    tail = _beyond(np.abs(z[far]))
    out[far] = np.where(z[far] > 0, tail, 2 - tail)
    return out


def _beyond(m: Array) -> Array:
    """1 - erf(m) for m > 0.46875: exp(-m^2), whose exponent is cut in two that its rounding does not count, times R(m)."""
    head = np.floor(np.minimum(m, 32.0) * 16) / 16  # beyond 27 nothing is left of it
    rest = np.minimum(m, 32.0) - head
    scale = np.exp(-head * head) * np.exp(-rest * (rest + 2 * head))
    out = np.empty_like(m)
    middle = m <= 4
    part = m[middle]
    out[middle] = scale[middle] * _ratio(part, _MIDDLE)
    part = np.minimum(m[~middle], 32.0)
    w = 1 / (part * part)
    out[~middle] = scale[~middle] / part * (1 / pi**0.5 - w * _ratio(w, _LARGE))
    return out


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
        error = _miss(x, z) * (pi**0.5 / 2) * np.exp(x * x)
        step = error / (1 + x * error)
        x = x - np.where(np.isfinite(step), step, 0)
    x = np.where(np.abs(z) == 1, np.copysign(np.inf, z), x)
    return np.asarray(x).astype(y.dtype, copy=False)


def _miss(x: Array, z: Array) -> Array:
    """erf(x) - z; near -1 and 1 by the complements, which keep their digits there."""
    far = np.abs(z) > 0.9
    tails = np.sign(z) * ((1 - np.abs(z)) - _erfc(np.abs(x)))
    return np.where(far, tails, _erf(x) - z)


def gelu(x: Array) -> Array:
    """x times the normal distribution's cumulative probability at x (Hendrycks and Gimpel, 2016)."""
    z = np.atleast_1d(x).astype(np.float64)
    return (0.5 * z * _erfc(z * -(0.5**0.5))).reshape(x.shape).astype(x.dtype, copy=False)
