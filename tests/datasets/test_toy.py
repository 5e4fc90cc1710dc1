"""Toy problems: the same seed, the same points; and each has the geometry it states."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tinygrad_nn.datasets import toy
from tinygrad_nn.errors import ArgumentError

ALL = [
    toy.clusters_within_clusters,
    toy.spirals,
    toy.spiral_on_background,
    toy.moons,
    toy.circles,
    toy.xor,
]


@pytest.mark.parametrize("make", ALL)
def test_shapes_dtypes_and_even_classes(make) -> None:
    x, y = make(101)
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((101, 2), np.float32, (101,), np.int64)
    assert np.bincount(y).tolist() == [51, 50]
    assert 0 < (y[:20] == 1).sum() < 20  # mixed


@pytest.mark.parametrize("make", ALL)
def test_the_seed_decides(make) -> None:
    first, again, other = (make(50, noise=0.1, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


@pytest.mark.parametrize("make", ALL)
def test_noise_has_the_stated_deviation(make) -> None:
    """The same seed without noise draws otherwise: compare spreads, class by class."""
    size = 20_000 if make is not toy.spiral_on_background else 6000
    moved, kind = make(size, noise=2.0)
    still, still_kind = make(size, noise=0.0)
    scale = 1.5 if make is toy.clusters_within_clusters else 1.0  # its result is divided by this
    variance = moved[kind == 1].var(axis=0) - still[still_kind == 1].var(axis=0)
    np.testing.assert_allclose(variance, (2.0 / scale) ** 2, rtol=0.08)


@pytest.mark.parametrize(("classes", "width"), [(2, 0.5), (5, 0.5), (3, 1.0)])
def test_clusters_lie_in_rings_evenly_by_area(classes: int, width: float) -> None:
    x, y = toy.clusters_within_clusters(9000, classes, width=width)
    radius = np.hypot(*x.T.astype(np.float64)) * (classes - 0.5)
    for k in range(classes):
        inner, outer = max(k - width / 2, 0), k + width / 2
        own = radius[y == k]
        assert inner - 1e-6 <= own.min()
        assert own.max() <= outer + 1e-6
        share = (own**2 - inner**2) / (outer**2 - inner**2)  # even in 0..1 if even by area
        expected = (np.arange(len(own)) + 0.5) / len(own)
        assert np.abs(np.sort(share) - expected).max() < 2.2 / math.sqrt(len(own))  # Kolmogorov


@pytest.mark.parametrize(("classes", "turns"), [(2, 1.75), (3, 1.0), (4, 0.5)])
def test_spiral_arms_have_their_formula(classes: int, turns: float) -> None:
    x, y = toy.spirals(600, classes, turns=turns)
    radius, angle = np.hypot(*x.T), np.arctan2(x[:, 1], x[:, 0])
    off = np.angle(np.exp(1j * (angle - 2 * np.pi * (turns * radius + y / classes))))
    assert np.abs(off).max() < 1e-5
    assert (round(radius.min(), 6), round(radius.max(), 6)) == (0.1, 1.0)


@pytest.mark.parametrize(("turns", "margin"), [(2.5, 0.3), (4.0, 0.45), (1.0, 0.0)])
def test_the_background_keeps_clear_of_the_spiral(turns: float, margin: float) -> None:
    x, y = toy.spiral_on_background(2000, turns=turns, margin=margin)
    t = np.linspace(0.1, 1, 20_001)
    spiral = t * np.exp(2j * np.pi * turns * t)
    places = x[:, 0].astype(np.float64) + 1j * x[:, 1]
    on = places[y == 1]
    assert max(np.abs(spiral - place).min() for place in on) < 1e-3
    apart = np.array([np.abs(spiral - place).min() for place in places[y == 0]])
    assert apart.min() > margin / turns - 1e-3 / turns
    inside = np.abs(places[y == 0]) < 0.9  # between the windings, too, and in all directions
    assert inside.mean() > 0.1
    assert np.abs(x[y == 0]).max() <= 1.1
    quadrants = [(y == 0) & (x[:, 0] * a > 0) & (x[:, 1] * b > 0) for a in (1, -1) for b in (1, -1)]
    assert min(q.sum() for q in quadrants) > 150


def test_moons_and_circles_are_those_of_scikit_learn() -> None:
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn is the oracle here")
    for ours, theirs in (
        (toy.moons(60), datasets.make_moons(60, shuffle=False)),
        (toy.circles(60, factor=0.3), datasets.make_circles(60, shuffle=False, factor=0.3)),
    ):
        for k in (0, 1):
            mine = sorted(ours[0][ours[1] == k].round(5).tolist())
            np.testing.assert_allclose(mine, sorted(theirs[0][theirs[1] == k].round(5).tolist()), atol=2e-5)


def test_xor_classes_and_spread() -> None:
    x, y = toy.xor(8000)
    np.testing.assert_array_equal((x[:, 0] > 0) ^ (x[:, 1] > 0), y == 1)
    counts = np.histogram2d(x[:, 0], x[:, 1], bins=4, range=[[-1, 1], [-1, 1]])[0]
    assert counts.min() > 400  # 500 expected in each of 16 fields
    assert counts.max() < 600


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: toy.moons(1),
            r"moons: the argument is out of range\n  got: n=1\n  fix: n >= 2, one s",
        ),
        (
            lambda: toy.spirals(9, classes=1),
            r"spirals: .*\n  got: classes=1\n  fix: at least 2 classes",
        ),
        (lambda: toy.spirals(2, classes=3), r"spirals: .*\n  got: n=2\n  fix: n >= 3"),
        (lambda: toy.spirals(9, turns=0), r"spirals: .*\n  got: turns=0\n  fix: turns > 0"),
        (
            lambda: toy.circles(9, factor=1.0),
            r"circles: .*\n  got: factor=1.0\n  fix: 0 <= factor < 1",
        ),
        (lambda: toy.xor(9, noise=-1), r"xor: .*\n  got: noise=-1\n  fix: noise >= 0"),
        (
            lambda: toy.spiral_on_background(9, margin=0.5),
            r"spiral_on_background: .*\n  got: margin=0.5",
        ),
        (
            lambda: toy.spiral_on_background(9, turns=-1),
            r"spiral_on_background: .*\n  got: turns=-1",
        ),
        (
            lambda: toy.clusters_within_clusters(9, width=0),
            r"clusters_within_clusters: .*\n  got: width=0",
        ),
        (lambda: toy.moons(9, noise=math.nan), r"moons: .*\n  got: noise=nan"),
    ],
)
def test_arguments_out_of_range(call, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        call()
