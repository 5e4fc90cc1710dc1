"""Real digits as somebody would draw them: the middle lines of MNIST's images followed, then what is thicker filled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
INK = 127


def thinned(image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """The middle lines of a (28, 28) digit: T. Y. Zhang and C. Y. Suen, "A fast parallel algorithm for thinning digital
    patterns", Communications of the ACM 27 (1984).
    """
    ink = np.pad(image > INK, 1)
    while True:
        before = ink.sum()
        for first in (True, False):
            n, ne, e, se, s, sw, w, nw = _neighbours(ink)
            ring = np.stack([n, ne, e, se, s, sw, w, nw, n]).astype(int)
            count = ring[:-1].sum(0)
            rises = ((ring[:-1] == 0) & (ring[1:] == 1)).sum(0)
            sides = ~(n & e & s) & ~(e & s & w) if first else ~(n & e & w) & ~(n & s & w)
            ink = ink & ~((count >= 2) & (count <= 6) & (rises == 1) & sides)
        if ink.sum() == before:
            return ink[1:-1, 1:-1]


def _neighbours(ink: NDArray[np.bool_]) -> list[Any]:
    """The eight neighbours of each pixel, from above and clockwise."""
    return [
        np.roll(ink, (dy, dx), (0, 1))
        for dy, dx in [(1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1)]
    ]


def strokes(image: NDArray[np.uint8]) -> list[list[Point]]:
    """Lines, each a list of (x, y) in pixels: through the thinned digit, then to and fro where the ink is thicker."""
    return _followed(image) + _filled(image)


def _filled(image: NDArray[np.uint8]) -> list[list[Point]]:
    """The runs of pixels with ink on all four sides: there a pen is within the ink, and the thinned line is not enough."""
    ink = np.pad(image > INK, 1)
    n, _, e, _, s, _, w, _ = _neighbours(ink)
    lines: list[list[Point]] = []
    for y, row in enumerate((ink & n & e & s & w)[1:-1]):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], row, [0]]).astype(int)))
        lines += [[(float(a), float(y)), (float(b - 1), float(y))] for a, b in edges.reshape(-1, 2)]
    return lines


def _followed(image: NDArray[np.uint8]) -> list[list[Point]]:
    """Lines through the thinned digit: each from a loose end on, and straight on where it can."""
    left = {(int(x), int(y)) for y, x in np.argwhere(thinned(image))}
    every = set(left)
    lines: list[list[Point]] = []
    while left:
        start = min(left, key=lambda p: (len(_near(p, every)) != 1, p[1], p[0]))
        drawn = list(_near(start, every - left))[:1]  # joined to what is there
        line = [*drawn, start]
        left.remove(start)
        while near := _near(line[-1], left):
            line.append(min(near, key=lambda p: _bend(line, p)))
            left.remove(line[-1])
        closing = [p for p in _near(line[-1], every) if p not in line[-4:]]
        lines.append(_smooth([*line, *closing[:1]]))
    return lines


def _smooth(line: list[tuple[int, int]]) -> list[Point]:
    """A hand draws no steps: each point but the ends is the mean of the three about it."""
    points = np.array(line, float)
    middle = range(len(points))
    reach = [min(1, k, len(points) - 1 - k) for k in middle]
    return [(float(x), float(y)) for x, y in (points[k - r : k + r + 1].mean(0) for k, r in zip(middle, reach))]


def _near(point: tuple[int, int], among: set[tuple[int, int]]) -> list[tuple[int, int]]:
    x, y = point
    steps = [(0, -1), (1, 0), (0, 1), (-1, 0), (1, -1), (1, 1), (-1, 1), (-1, -1)]
    return [(x + dx, y + dy) for dx, dy in steps if (x + dx, y + dy) in among]


def _bend(line: list[tuple[int, int]], point: tuple[int, int]) -> float:
    """How far going to `point` is from going straight on; side neighbours before corners."""
    (x, y), (px, py) = line[-1], point
    bend = 0.0
    if len(line) > 1:
        bx, by = line[max(0, len(line) - 4)]
        bend = -((x - bx) * (px - x) + (y - by) * (py - y)) / np.hypot(x - bx, y - by) / np.hypot(px - x, py - y)
    return bend + 0.3 * (abs(px - x) + abs(py - y) > 1)
