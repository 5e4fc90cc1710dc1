"""Small two-dimensional problems of classification, each made from a seed.

All give places ``x (n, 2) float32`` and classes ``y (n,) int64`` in mixed order; the same
arguments give the same numbers. `n` samples are dealt to the classes as evenly as it goes, the
first classes getting one more.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_nn.errors import ArgumentError, message

__all__ = ["circles", "clusters_within_clusters", "moons", "spiral_on_background", "spirals", "xor"]

Points = tuple[NDArray[np.float32], NDArray[np.int64]]


def clusters_within_clusters(
    n: int = 1000, classes: int = 2, *, width: float = 0.5, noise: float = 0.0, seed: int = 0
) -> Points:
    """One cluster in the middle, and every further class a ring around those before it.

    Class k fills the ring of radius ``k - width / 2 .. k + width / 2`` (class 0 the disc of radius
    ``width / 2``), evenly by area; then Gaussian noise is added. Divided by ``classes - 1 / 2``,
    all lies about within the unit circle. With ``width < 1`` and no noise, a gap of ``1 - width``
    ring distances parts the classes.

    Args:
        n: how many samples, at least `classes`.
        classes: how many classes, at least 2.
        width: of a ring, as a part of the distance between rings, in (0, 1].
        noise: standard deviation of what is added, in ring distances.
        seed: of the generator.

    >>> x, y = clusters_within_clusters(6, classes=3)
    >>> x.shape, np.bincount(y).tolist()
    ((6, 2), [2, 2, 2])
    """
    _check("clusters_within_clusters", n, classes, noise, seed)
    _require("clusters_within_clusters", 0 < width <= 1, f"width={width}", "0 < width <= 1")
    rng = np.random.default_rng(seed)

    def ring(k: int, count: int) -> NDArray[np.float64]:
        inner, outer = max(k - width / 2, 0.0), k + width / 2
        radius = np.sqrt(rng.uniform(inner**2, outer**2, count))  # even by area
        points = _polar(radius, rng.uniform(0, 2 * math.pi, count))
        return points + noise * rng.standard_normal((count, 2))

    x, y = _deal(n, classes, ring, rng)
    return x / np.float32(classes - 0.5), y


def spirals(n: int = 1000, classes: int = 2, *, turns: float = 1.75, noise: float = 0.0, seed: int = 0) -> Points:
    """Arms that wind around one another: ``r = t``, ``angle = 2 pi (turns t + k / classes)``.

    ``t`` goes in even steps of arc-like density (``t = sqrt(u)``, u evenly from 1/100 to 1), so the
    outer turns are as dense as the inner ones.

    Args:
        n: how many samples, at least `classes`.
        classes: how many arms.
        turns: how often an arm winds around the middle.
        noise: standard deviation of what is added; the arms are ``1 / (turns * classes)`` apart.
        seed: of the generator.

    Source: the two-spirals problem, K. Lang and M. Witbrock, "Learning to tell two spirals apart",
    1988 Connectionist Models Summer School; there: 97 points an arm, 3 turns.

    >>> x, y = spirals(194, turns=3)
    >>> bool(np.hypot(*x.T).max() <= 1), np.bincount(y).tolist()
    (True, [97, 97])
    """
    _check("spirals", n, classes, noise, seed)
    _require("spirals", turns > 0, f"turns={turns}", "turns > 0")
    rng = np.random.default_rng(seed)

    def arm(k: int, count: int) -> NDArray[np.float64]:
        t = np.sqrt(np.linspace(0.01, 1.0, count))
        points = _polar(t, 2 * math.pi * (turns * t + k / classes))
        return points + noise * rng.standard_normal((count, 2))

    return _deal(n, classes, arm, rng)


def spiral_on_background(
    n: int = 1000,
    *,
    turns: float = 2.5,
    margin: float = 0.3,
    noise: float = 0.0,
    seed: int = 0,
) -> Points:
    """A spiral of class 1 on a square of class 0, which keeps clear of it.

    The spiral is ``r = t``, ``angle = 2 pi turns t``, ``t`` in [0.1, 1]; the background is even on
    the square [-1.1, 1.1]^2 less all that is within ``margin / turns`` of the spiral (its windings
    are ``1 / turns`` apart, so ``margin < 1 / 2`` leaves background between them).

    Args:
        n: how many samples, at least 2, half of them on the spiral.
        turns: how often it winds.
        margin: the clear strip at each side, as a part of the distance of the windings, in
            [0, 1/2).
        noise: standard deviation of what is added to the spiral's points.
        seed: of the generator.

    >>> x, y = spiral_on_background(100)
    >>> bool(abs(x).max() <= 1.1), np.bincount(y).tolist()
    (True, [50, 50])
    """
    _check("spiral_on_background", n, 2, noise, seed)
    _require("spiral_on_background", turns > 0, f"turns={turns}", "turns > 0")
    _require("spiral_on_background", 0 <= margin < 0.5, f"margin={margin}", "0 <= margin < 0.5")
    rng = np.random.default_rng(seed)

    def points_of(k: int, count: int) -> NDArray[np.float64]:
        if k == 0:
            return _background(rng, count, turns, margin / turns)
        t = np.sqrt(np.linspace(0.01, 1.0, count))
        spiral = _polar(t, 2 * math.pi * turns * t)
        return spiral + noise * rng.standard_normal((count, 2))

    return _deal(n, 2, points_of, rng)


def _background(rng: np.random.Generator, count: int, turns: float, clear: float) -> NDArray[np.float64]:
    """`count` even points of the square, none within `clear` of the spiral (tried, not computed).

    The spiral is compared as a row of points, so dense that its own gaps change no distance by more
    than a thousandth of a winding.
    """
    steps = math.ceil(64 * turns * (1 + turns))
    t = np.linspace(0.1, 1.0, steps)
    spiral = _polar(t, 2 * math.pi * turns * t)
    kept: list[NDArray[np.float64]] = []
    while sum(map(len, kept)) < count:
        tried = rng.uniform(-1.1, 1.1, (256, 2))
        apart = np.hypot(*(tried[:, None, :] - spiral).transpose(2, 0, 1)).min(axis=1)
        kept.append(tried[apart > clear])
    return np.concatenate(kept)[:count]


def moons(n: int = 1000, *, noise: float = 0.0, seed: int = 0) -> Points:
    """Two interleaving half circles: ``(cos t, sin t)`` and ``(1 - cos t, 1/2 - sin t)``.

    ``t`` goes evenly from 0 to pi. The same points as scikit-learn's ``make_moons``.

    Args:
        n: how many samples, at least 2.
        noise: standard deviation of what is added.
        seed: of the generator.

    >>> x, y = moons(4)
    >>> x[np.lexsort((x[:, 0], y))].round(6).tolist()
    [[-1.0, 0.0], [1.0, 0.0], [0.0, 0.5], [2.0, 0.5]]
    """
    _check("moons", n, 2, noise, seed)
    rng = np.random.default_rng(seed)

    def moon(k: int, count: int) -> NDArray[np.float64]:
        t = np.linspace(0.0, math.pi, count)
        outer = _polar(np.ones(count), t)
        points = outer if k == 0 else np.array([1.0, 0.5]) - outer
        return points + noise * rng.standard_normal((count, 2))

    return _deal(n, 2, moon, rng)


def circles(n: int = 1000, *, factor: float = 0.5, noise: float = 0.0, seed: int = 0) -> Points:
    """A circle of radius 1 (class 0) around one of radius `factor` (class 1).

    The angles go evenly around. The same points as scikit-learn's ``make_circles``.

    Args:
        n: how many samples, at least 2.
        factor: radius of the inner circle, in [0, 1).
        noise: standard deviation of what is added.
        seed: of the generator.

    >>> x, y = circles(10)
    >>> np.hypot(*x[y == 1].T).round(6).tolist()
    [0.5, 0.5, 0.5, 0.5, 0.5]
    """
    _check("circles", n, 2, noise, seed)
    _require("circles", 0 <= factor < 1, f"factor={factor}", "0 <= factor < 1")
    rng = np.random.default_rng(seed)

    def circle(k: int, count: int) -> NDArray[np.float64]:
        angle = np.linspace(0.0, 2 * math.pi, count, endpoint=False)
        points = _polar(np.full(count, 1.0 if k == 0 else factor), angle)
        return points + noise * rng.standard_normal((count, 2))

    return _deal(n, 2, circle, rng)


def xor(n: int = 1000, *, noise: float = 0.0, seed: int = 0) -> Points:
    """Points of the square [-1, 1]^2; class 1 where just one of x and y is positive.

    The noise moves the points after they have got their class.

    Args:
        n: how many samples, at least 2.
        noise: standard deviation of what is added.
        seed: of the generator.

    >>> x, y = xor(100)
    >>> bool(((x[:, 0] > 0) ^ (x[:, 1] > 0) == y).all())
    True
    """
    _check("xor", n, 2, noise, seed)
    rng = np.random.default_rng(seed)

    def quadrants(k: int, count: int) -> NDArray[np.float64]:
        size = rng.uniform(0.0, 1.0, (count, 2))
        sign = np.where(rng.random(count) < 0.5, -1.0, 1.0)
        other = sign if k == 0 else -sign
        points: NDArray[np.float64] = size * np.stack((sign, other), axis=1)
        return points + noise * rng.standard_normal((count, 2))

    return _deal(n, 2, quadrants, rng)


def _deal(
    n: int,
    classes: int,
    points_of: Callable[[int, int], NDArray[np.float64]],
    rng: np.random.Generator,
) -> Points:
    """Call ``points_of(k, count)`` for each class, and mix."""
    counts = [n // classes + (k < n % classes) for k in range(classes)]
    x = np.concatenate([points_of(k, count) for k, count in enumerate(counts)])
    y = np.repeat(np.arange(classes, dtype=np.int64), counts)
    order = rng.permutation(n)
    return x[order].astype(np.float32), y[order]


def _polar(radius: NDArray[np.float64], angle: NDArray[np.float64]) -> NDArray[np.float64]:
    points: NDArray[np.float64] = np.stack((np.cos(angle), np.sin(angle)), axis=1)
    return radius[:, None] * points


def _check(operation: str, n: int, classes: int, noise: float, seed: Any) -> None:
    if not isinstance(seed, (int, np.integer, np.random.Generator, np.random.SeedSequence, type(None))):
        raise TypeError(message(f"{operation}: seed is a whole number", got=repr(seed)[:60], fix="seed=0"))
    for word, value, kinds in (("n", n, (int, np.integer)), ("classes", classes, (int, np.integer)),
                               ("noise", noise, (int, float, np.number))):  # fmt: skip
        if not isinstance(value, kinds) or isinstance(value, bool):
            kind = "a number" if float in kinds else "a whole number"
            raise TypeError(message(f"{operation}: {word} is {kind}", got=repr(value)[:60], fix=f"{operation}(1000)"))
    _require(operation, classes >= 2, f"classes={classes}", "at least 2 classes")
    _require(operation, n >= classes, f"n={n}", f"n >= {classes}, one sample for each class")
    _require(operation, noise >= 0, f"noise={noise}", "noise >= 0")


def _require(operation: str, holds: bool, got: str, needed: str) -> None:
    if not holds:
        raise ArgumentError(message(f"{operation}: the argument is out of range", got=got, fix=needed))
