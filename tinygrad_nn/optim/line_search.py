"""A step length that satisfies the strong Wolfe conditions: bracket one, then zoom in on it.

Source: Nocedal and Wright, "Numerical Optimization" (2006), algorithms 3.5 and 3.6, with the cubic
interpolation and safeguards of Schmidt's minFunc.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any, NamedTuple, TypeAlias

import numpy as np

__all__ = ["strong_wolfe"]

Array: TypeAlias = Any

C1, C2 = 1e-4, 0.9
"""Sufficient decrease: f(t) <= f(0) + C1 t f'(0). Curvature: |f'(t)| <= -C2 f'(0)."""


class Point(NamedTuple):
    """A step length, with the loss, the gradient, and the slope along the direction there."""

    t: float
    f: float
    g: Array
    slope: float


def strong_wolfe(
    at: Callable[[float], tuple[float, Array]], t: float, d: Array, f: float, g: Array, slope: float, *, most: int,
    tolerance_change: float = 1e-9,
) -> tuple[float, Array, float, int]:  # fmt: skip
    """(loss, gradient, step length, evaluations) at a point along `d` that satisfies the conditions.

    at:      loss and gradient at a step length
    t:       the first guess
    f, g, slope: loss, gradient and g·d where we stand
    most:    evaluations beyond the first, at most; then the best point so far is returned
    """

    def point(t: float) -> Point:
        f, g = at(t)
        return Point(t, f, g, float(g @ d))

    here = Point(0, f, g, slope)
    bracket, done, used = _bracketed(point, here, t, most)
    if done:
        best = bracket[0]
    else:
        best, used = _zoomed(point, here, bracket, used, most, tolerance_change / float(np.abs(d).max()))
    return best.f, best.g, best.t, used + 1


def _bracketed(point: Callable[[float], Point], here: Point, t: float, most: int) -> tuple[list[Point], bool, int]:
    """Go on until the conditions hold (one point, True), or an interval must contain such a point."""
    before, now = here, point(t)
    used = 0
    while used < most:
        if now.f > here.f + C1 * now.t * here.slope or (used > 1 and now.f >= before.f):
            return [before, now], False, used
        if abs(now.slope) <= -C2 * here.slope:
            return [now], True, used
        if now.slope >= 0:
            return [before, now], False, used
        t = _interpolated(before, now, now.t + 0.01 * (now.t - before.t), now.t * 10)
        before, now = now, point(t)
        used += 1
    return [here, now], False, used


def _zoomed(
    point: Callable[[float], Point], here: Point, bracket: list[Point], used: int, most: int, least: float
) -> tuple[Point, int]:
    """Shrink the interval between the two points, and return the lower of them."""
    stuck = False
    low, high = (0, 1) if bracket[0].f <= bracket[1].f else (1, 0)
    while used < most and abs(bracket[1].t - bracket[0].t) >= least:
        ends = sorted((bracket[0].t, bracket[1].t))
        t = _interpolated(bracket[0], bracket[1], *ends)
        margin = 0.1 * (ends[1] - ends[0])
        close = min(ends[1] - t, t - ends[0]) < margin
        if close and (stuck or t >= ends[1] or t <= ends[0]):  # too close to an end, for the second time
            t = ends[1] - margin if abs(t - ends[1]) < abs(t - ends[0]) else ends[0] + margin
            close = False
        stuck = close
        new = point(t)
        used += 1
        if new.f > here.f + C1 * t * here.slope or new.f >= bracket[low].f:
            bracket[high] = new
            low, high = (0, 1) if bracket[0].f <= bracket[1].f else (1, 0)
            continue
        found = abs(new.slope) <= -C2 * here.slope
        if not found and new.slope * (bracket[high].t - bracket[low].t) >= 0:
            bracket[high] = bracket[low]
        bracket[low] = new
        if found:
            break
    return bracket[low], used


def _interpolated(a: Point, b: Point, least: float, most: float) -> float:
    """The minimum of the cubic through two points with their slopes, within [least, most] (equation 3.59)."""
    if a.t > b.t:
        a, b = b, a
    middle = (least + most) / 2
    if a.t == b.t:
        return middle
    d1 = a.slope + b.slope - 3 * (a.f - b.f) / (a.t - b.t)
    square = d1 * d1 - a.slope * b.slope
    d2 = sqrt(square) if square >= 0 else 0.0
    if not square >= 0 or b.slope - a.slope + 2 * d2 == 0:  # no minimum, or not a number
        return middle
    t = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    return min(max(t, least), most)
