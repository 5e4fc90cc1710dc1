"""Random streams: the same numbers and the same state as PyTorch's CPU generator, call by call."""

from __future__ import annotations

import copy
import hashlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.oracle import promised_bits
from tinygrad_nn.generator import Generator, default_generator, discrete
from tinygrad_nn.generator.engine import Engine

SEEDS = (0, 42, -1, 2**32 + 7)
SIZES = (0, 1, 5, 15, 16, 17, 31, 32, 100, 1000, 70000)
FLOATS = ("float16", "bfloat16", "float32", "float64")
INTEGERS = ("uint8", "int8", "int16", "int32", "int64")


def numpy_dtype(name: str) -> np.dtype[Any]:
    if name == "bfloat16":
        reason = "NumPy takes bfloat16 from ml_dtypes"
        name = pytest.importorskip("ml_dtypes", reason=reason).bfloat16
    return np.dtype(name)


@pytest.fixture(scope="module")
def torch() -> Any:
    module = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    if not promised_bits(module):
        pytest.skip("without AVX2, PyTorch's own numbers have other last bits")
    return module


def assert_same(ours: np.ndarray[Any, Any], theirs: Any, ours_from: Generator, theirs_from: Any) -> None:
    """Equal dtype, shape, values to the last bit, and state."""
    assert ours.dtype.name == str(theirs.dtype).removeprefix("torch.")
    if theirs.dtype.is_floating_point:
        expected, got = theirs.double().numpy(), ours.astype(np.float64)
    else:
        expected, got = theirs.numpy(), ours
    assert got.shape == expected.shape
    np.testing.assert_array_equal(got, expected)
    np.testing.assert_array_equal(ours_from.get_state(), theirs_from.get_state().numpy())


# Sampler name -> (ours, theirs): each a function of (generator, n, dtype).
CONTINUOUS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "uniform": (
        lambda g, n, d: g.uniform(n, 0, 1, d),
        lambda e, g: e.uniform_(generator=g),
    ),
    "uniform symmetric": (
        lambda g, n, d: g.uniform(n, -0.0883, 0.0883, d),
        lambda e, g: e.uniform_(-0.0883, 0.0883, generator=g),
    ),
    "uniform narrow": (
        lambda g, n, d: g.uniform(n, 1000, 1000.1, d),
        lambda e, g: e.uniform_(1000, 1000.1, generator=g),
    ),
    "normal": (lambda g, n, d: g.normal(n, dtype=d), lambda e, g: e.normal_(generator=g)),
    "normal scaled": (
        lambda g, n, d: g.normal(n, 0.3, 0.02, d),
        lambda e, g: e.normal_(0.3, 0.02, generator=g),
    ),
    "normal shifted": (
        lambda g, n, d: g.normal(n, -7.1, 1.0, d),
        lambda e, g: e.normal_(-7.1, 1.0, generator=g),
    ),
    "log_normal": (
        lambda g, n, d: g.log_normal(n, 0.3, 0.52, d),
        lambda e, g: e.log_normal_(0.3, 0.52, generator=g),
    ),
    "exponential": (
        lambda g, n, d: g.exponential(n, 0.3, d),
        lambda e, g: e.exponential_(0.3, generator=g),
    ),
    "cauchy": (
        lambda g, n, d: g.cauchy(n, 0.3, 1.7, d),
        lambda e, g: e.cauchy_(0.3, 1.7, generator=g),
    ),
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", CONTINUOUS)
def test_continuous_samplers_give_pytorchs_numbers(torch: Any, name: str, dtype: str) -> None:
    ours, theirs = CONTINUOUS[name]
    for seed in SEEDS:
        g, h = Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
        for n in SIZES:  # one stream through all sizes: the state has to agree in between
            drawn = ours(g, n, numpy_dtype(dtype))
            assert_same(drawn, theirs(torch.empty(n, dtype=getattr(torch, dtype)), h), g, h)


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS, "bool"])
def test_integer_samplers_give_pytorchs_numbers(torch: Any, dtype: str) -> None:
    kind, theirs = numpy_dtype(dtype), getattr(torch, dtype)
    for seed in SEEDS:
        g, h = Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
        for n in SIZES:
            assert_same(g.random_(n, dtype=kind), torch.empty(n, dtype=theirs).random_(generator=h), g, h)
            assert_same(g.randint(0, 2, n, kind), torch.randint(0, 2, (n,), dtype=theirs, generator=h), g, h)
            tossed = torch.empty(n, dtype=theirs).bernoulli_(0.3, generator=h)
            assert_same(g.bernoulli(0.3, n, kind), tossed, g, h)
            if dtype != "bool":
                waited = torch.empty(n, dtype=theirs).geometric_(0.3, generator=h)
                assert_same(g.geometric(0.3, n, kind), waited, g, h)


WIDE = 2**28
RANGES = [
    ("int64", -7, 100), ("int64", 0, WIDE - 1), ("int64", 0, WIDE), ("int64", -5, 2**32 + 1),
    ("int64", -(2**63), 2**63 - 1), ("int64", -(2**62) - 3, 2**62), ("int32", -(2**31), 2**31),
    ("int32", 0, WIDE), ("uint8", 0, 256), ("int8", -128, 128), ("float64", 0, 2**40),
    ("float32", -50, 2**24), ("float16", -7, 100), ("bfloat16", 0, 100),
]  # fmt: skip


@pytest.mark.parametrize(("dtype", "low", "high"), RANGES)
def test_randint_over_narrow_and_wide_ranges(torch: Any, dtype: str, low: int, high: int) -> None:
    g, h = Generator().manual_seed(1), torch.Generator().manual_seed(1)
    for n in SIZES:
        theirs = torch.randint(low, high, (n,), dtype=getattr(torch, dtype), generator=h)
        assert_same(g.randint(low, high, n, numpy_dtype(dtype)), theirs, g, h)


@pytest.mark.filterwarnings("ignore:.*(out of bounds|holds every integer)")
@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        ("float16", 0, 65504), ("float16", -65000, 2049), ("float16", -2049, 2050),
        ("float16", 4097, 6000), ("float16", -4103, 0),
        ("bfloat16", 0, 1003), ("bfloat16", -513, 600), ("float32", 2**24 - 3, 2**24 + 2),
        ("float32", -(2**30) - 1, 2**30 + 1), ("float64", -(2**53) - 1, 2**53 + 3),
    ],
)  # fmt: skip
def test_randint_moves_bounds_inward_to_floats(torch: Any, dtype: str, low: int, high: int) -> None:
    g, h = Generator().manual_seed(1), torch.Generator().manual_seed(1)
    theirs = torch.randint(low, high, (3000,), dtype=getattr(torch, dtype), generator=h)
    assert_same(g.randint(low, high, 3000, numpy_dtype(dtype)), theirs, g, h)


def test_randint_warns_of_integers_that_a_float_skips() -> None:
    with pytest.warns(UserWarning, match=r"float16 holds every integer only within \+-2048"):
        Generator().randint(0, 5000, 3, np.float16)


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS, "bool"])
@pytest.mark.parametrize("low", [0, 1, -100])
def test_random_from_a_bound_to_the_top_of_the_type(torch: Any, dtype: str, low: int) -> None:
    if low < 0 and dtype in ("uint8", "bool"):
        pytest.skip("the type has no negative numbers")
    g, h = Generator().manual_seed(2), torch.Generator().manual_seed(2)
    theirs = torch.empty(500, dtype=getattr(torch, dtype)).random_(low, None, generator=h)
    assert_same(g.random_(500, low, numpy_dtype(dtype)), theirs, g, h)


@pytest.mark.parametrize("dtype", ["int64", "float64", "float32", "bfloat16"])
def test_random_over_all_64_bits(torch: Any, dtype: str) -> None:
    g, h = Generator().manual_seed(3), torch.Generator().manual_seed(3)
    theirs = torch.empty(500, dtype=getattr(torch, dtype)).random_(-(2**63), None, generator=h)
    assert_same(g.random_(500, -(2**63), numpy_dtype(dtype)), theirs, g, h)


@pytest.mark.parametrize("n", [*SIZES, 2, 999, 1001, 4096])
def test_randperm(torch: Any, n: int) -> None:
    for seed in SEEDS:
        g, h = Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
        assert_same(g.randperm(n), torch.randperm(n, generator=h), g, h)


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS])
def test_randperm_of_every_type(torch: Any, dtype: str) -> None:
    g, h = Generator().manual_seed(4), torch.Generator().manual_seed(4)
    theirs = torch.randperm(120, dtype=getattr(torch, dtype), generator=h)
    assert_same(g.randperm(120, numpy_dtype(dtype)), theirs, g, h)


@pytest.mark.parametrize("n", [1, 2, 7, 70, 1500])
def test_swapping_at_once_is_swapping_one_by_one(n: int) -> None:
    rng = np.random.default_rng(n)
    partners = np.array([rng.integers(i, n) for i in range(n)])
    one_by_one = np.arange(n)
    for i, j in enumerate(partners):
        one_by_one[[i, j]] = one_by_one[[j, i]]
    np.testing.assert_array_equal(discrete._swapped_at_once(partners), one_by_one)


def test_a_large_permutation_is_shuffled_inside_out() -> None:
    # PyTorch does so from 214748364 elements on. The algorithm by itself, from the wide words:
    n = 100_000
    words = Engine(9).wide(n).tolist()
    expected: list[int] = []
    for i, word in enumerate(words):
        j = word % (i + 1)
        expected.append(i)
        expected[i], expected[j] = expected[j], i
    got = discrete.permutation(Engine(9), n, np.dtype(np.int64), large=n)
    np.testing.assert_array_equal(got, expected)
    assert discrete.LARGE_PERMUTATION == 214748364


@pytest.mark.parametrize("dtype", FLOATS)
def test_bernoulli_with_a_probability_each(torch: Any, dtype: str) -> None:
    g, h = Generator().manual_seed(5), torch.Generator().manual_seed(5)
    for n in SIZES:
        p = torch.linspace(0, 1, n, dtype=torch.float64).to(getattr(torch, dtype))
        ours = p.double().numpy().astype(numpy_dtype(dtype))
        assert_same(g.bernoulli(ours), torch.bernoulli(p, generator=h), g, h)
        cells = torch.empty(3, n, dtype=torch.int64).bernoulli_(p, generator=h)
        assert_same(g.bernoulli(ours, (3, n), np.int64), cells, g, h)


@pytest.mark.parametrize("p", [0.0, 1.0, 1e-300, 0.1, 0.5, np.nextafter(1, 0)])
def test_bernoulli_of_extreme_probabilities(torch: Any, p: float) -> None:
    g, h = Generator().manual_seed(6), torch.Generator().manual_seed(6)
    theirs = torch.empty(40, 50).bernoulli_(p, generator=h)
    assert_same(g.bernoulli(p, (40, 50)), theirs, g, h)


MEANS_AND_DEVIATIONS = [
    ((5, 1), "float32", (1, 7), "float32"), ((20,), "float32", (20,), "float64"),
    ((20,), "float64", (20,), "float32"), ((3, 4), "float32", (), "float64"),
    ((), "float32", (3, 6), "float32"), ((), "float64", (), "float64"),
    ((40,), "float16", (40,), "float16"), ((40,), "bfloat16", (1,), "bfloat16"),
    ((0,), "float32", (0,), "float32"),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "dtype", "std_shape", "std_dtype"), MEANS_AND_DEVIATIONS)
def test_normal_with_a_mean_and_deviation_each(
    torch: Any, shape: Any, dtype: str, std_shape: Any, std_dtype: str
) -> None:
    g, h = Generator().manual_seed(7), torch.Generator().manual_seed(7)
    mean = torch.randn(shape, generator=h).to(getattr(torch, dtype))
    std = torch.rand(std_shape, generator=h).to(getattr(torch, std_dtype))
    g.set_state(h.get_state())
    ours_mean = np.asarray(mean.double().numpy()).astype(numpy_dtype(dtype))
    ours_std = np.asarray(std.double().numpy()).astype(numpy_dtype(std_dtype))
    assert_same(g.normal(None, ours_mean, ours_std), torch.normal(mean, std, generator=h), g, h)
    assert_same(g.normal(None, ours_mean, 0.7), torch.normal(mean, 0.7, generator=h), g, h)
    assert_same(g.normal(None, 0.3, ours_std), torch.normal(0.3, std, generator=h), g, h)


def test_a_non_contiguous_normal_is_drawn_one_by_one(torch: Any) -> None:
    g, h = Generator().manual_seed(8), torch.Generator().manual_seed(8)
    theirs = torch.empty(9, 7)[:, ::2].normal_(1.5, 0.2, generator=h)
    assert_same(g.normal((9, 4), 1.5, 0.2, contiguous=False), theirs, g, h)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(1,), (12,), (3, 50), (4, 1000)])
def test_multinomial(torch: Any, dtype: str, shape: tuple[int, ...]) -> None:
    g, h = Generator().manual_seed(9), torch.Generator().manual_seed(9)
    weights = torch.rand(shape, generator=h, dtype=torch.float64).to(getattr(torch, dtype))
    g.set_state(h.get_state())
    ours = weights.double().numpy().astype(numpy_dtype(dtype))
    for n, replacement in [(1, False), (1, True), (60, True), (5, False)]:
        if not replacement and n > shape[-1]:
            continue
        if dtype == "bfloat16" and n == 5:
            continue  # its scores have ties, whose order PyTorch leaves open
        if dtype == "float16" and n == 5 and shape[-1] == 1000:
            continue  # likewise
        theirs = torch.multinomial(weights, n, replacement, generator=h)
        assert_same(g.multinomial(ours, n, replacement), theirs, g, h)


def test_multinomial_without_rows(torch: Any) -> None:
    assert Generator().multinomial(np.ones((0, 3)), 2).shape == (0, 2)


class _Fixed:
    """An engine that gives chosen uniforms."""

    def __init__(self, values: list[float]) -> None:
        self.values = np.array(values)

    def doubles(self, n: int) -> np.ndarray[Any, Any]:
        return self.values[:n]

    def mantissas(self, n: int) -> np.ndarray[Any, Any]:
        return np.array(self.values[:n] * 2.0**53, np.uint64)


def test_a_uniform_on_a_boundary_falls_below_it() -> None:
    engine: Any = _Fixed([0.0, 0.25, 0.5, 0.75])
    assert discrete.categories(engine, np.array([[1.0, 1, 2]]), 4).tolist() == [[0, 0, 1, 2]]
    smallest: Any = _Fixed([0.0, 2.0**-53, 2.0**-52])
    assert discrete.bernoulli(smallest, 3, 1.5 * 2.0**-53).tolist() == [True, True, False]
    assert discrete.bernoulli(smallest, 3, 2.0**-53).tolist() == [True, False, False]


@pytest.mark.parametrize("dtype", FLOATS)
def test_poisson(torch: Any, dtype: str) -> None:
    g, h = Generator().manual_seed(10), torch.Generator().manual_seed(10)
    for n, most in [(0, 1), (1, 5), (300, 8), (300, 300), (300, 0)]:
        rates = (torch.rand(n, generator=h) * most).to(getattr(torch, dtype))
        g.set_state(h.get_state())
        ours = rates.double().numpy().astype(numpy_dtype(dtype))
        assert_same(g.poisson(ours), torch.poisson(rates, generator=h), g, h)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.73, 1.0])
def test_dropout_mask_is_what_dropout_multiplies_by(torch: Any, dtype: str, p: float) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(11)
        g = Generator().manual_seed(11)
        for shape in [(0,), (7,), (30, 40)]:
            ones = torch.ones(shape, dtype=getattr(torch, dtype))
            theirs = torch.nn.functional.dropout(ones, p)
            assert_same(g.dropout_mask(shape, p, numpy_dtype(dtype)), theirs, g, torch.default_generator)


def test_a_mixed_sequence_stays_in_step(torch: Any) -> None:
    rng = np.random.default_rng(0)
    g, h = Generator().manual_seed(12), torch.Generator().manual_seed(12)
    calls: list[tuple[Callable[[int], Any], Callable[[int], Any]]] = [
        (lambda n: g.uniform(n), lambda n: torch.rand(n, generator=h)),
        (lambda n: g.normal(n), lambda n: torch.randn(n, generator=h)),
        (
            lambda n: g.normal(n, dtype=np.float64),
            lambda n: torch.randn(n, generator=h, dtype=torch.float64),
        ),
        (lambda n: g.randperm(n), lambda n: torch.randperm(n, generator=h)),
        (lambda n: g.randint(0, 9, n), lambda n: torch.randint(0, 9, (n,), generator=h)),
        (lambda n: g.bernoulli(0.4, n), lambda n: torch.empty(n).bernoulli_(0.4, generator=h)),
        (lambda n: g.log_normal(n), lambda n: torch.empty(n).log_normal_(generator=h)),
    ]
    for which, n in zip(rng.integers(0, len(calls), 300), rng.integers(0, 40, 300), strict=True):
        ours, theirs = calls[which]
        assert_same(ours(int(n)), theirs(int(n)), g, h)


# -- seed and state ----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 5, -1, -(2**63), 2**32 + 5, 2**63, 2**64 - 1])
def test_seeds_of_every_size(torch: Any, seed: int) -> None:
    g, h = Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
    assert g.initial_seed() == h.initial_seed()
    assert_same(g.random(3), torch.rand(3, generator=h), g, h)


def test_a_new_generator_has_pytorchs_default_seed(torch: Any) -> None:
    assert Generator().initial_seed() == torch.Generator().initial_seed() == 67280421310721


@pytest.mark.parametrize("words", [0, 1, 7, 623, 624, 625, 1248])
def test_states_are_exchanged_with_pytorch(torch: Any, words: int) -> None:
    """At every place of the twister's block, with and without a cached normal, both ways."""
    for normals in (0, 1):
        h = torch.Generator().manual_seed(13)
        torch.rand(words, generator=h)
        torch.randn(normals, generator=h)
        g = Generator().set_state(h.get_state())
        np.testing.assert_array_equal(g.get_state(), h.get_state().numpy())
        assert g.initial_seed() == 13
        assert_same(g.normal(3), torch.randn(3, generator=h), g, h)
        g.uniform(5)
        h.set_state(torch.from_numpy(g.get_state()))
        assert_same(g.uniform(700), torch.rand(700, generator=h), g, h)


def test_a_cached_float_normal_survives_the_exchange(torch: Any) -> None:
    state = torch.Generator().get_state().numpy().copy()
    state[5048:5052] = np.frombuffer(np.float32(1.5).tobytes(), np.uint8)
    state[5052] = 1
    np.testing.assert_array_equal(Generator().set_state(state).get_state(), state)


def test_a_saved_state_repeats_the_stream() -> None:
    g = Generator().manual_seed(14)
    g.normal(5)
    saved = g.get_state()
    assert saved.dtype == np.uint8
    assert saved.shape == (5056,)
    first = [g.normal(3), g.uniform(1000), g.normal((4, 4))]
    g.set_state(saved)
    again = [g.normal(3), g.uniform(1000), g.normal((4, 4))]
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g)), Generator.clone_state],
)
def test_copies_go_their_own_way_from_the_same_place(duplicate: Callable[..., Any]) -> None:
    g = Generator().manual_seed(15)
    g.normal(3)
    twin = duplicate(g)
    np.testing.assert_array_equal(twin.get_state(), g.get_state())
    ahead = twin.uniform(4)
    np.testing.assert_array_equal(g.uniform(4), ahead)
    assert twin is not g


def test_seed_draws_from_the_system() -> None:
    g = Generator()
    seeds = {g.seed() for _ in range(3)}
    assert len(seeds) == 3
    assert g.initial_seed() in seeds
    expected = Generator().manual_seed(g.initial_seed()).uniform(3)
    np.testing.assert_array_equal(g.uniform(3), expected)


def test_reseeding_forgets_the_cached_normal() -> None:
    g = Generator().manual_seed(16)
    first = g.normal(1)
    np.testing.assert_array_equal(g.manual_seed(16).normal(1), first)


def test_importing_starts_no_twister() -> None:
    def loads_numpy_random(module: str) -> bool:
        code = f"import sys, {module}; print('numpy.random' in sys.modules)"
        paths = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        run = [sys.executable, "-c", code]
        return "True" in subprocess.run(run, env=paths, check=True, capture_output=True, text=True).stdout

    assert loads_numpy_random("numpy") == loads_numpy_random("tinygrad_nn.generator")


def test_the_default_generator_is_a_generator() -> None:
    assert isinstance(default_generator, Generator)
    assert default_generator.device == "cpu"
    assert repr(Generator()) == "<Generator device='cpu' initial_seed=67280421310721>"


# -- without PyTorch: numbers that PyTorch 2.13.0 (CPU, AVX2) printed for manual_seed(42) -------

CONSTANTS: dict[str, tuple[Callable[[Generator], Any], list[float]]] = {
    "rand(4)": (
        lambda g: g.uniform(4),
        [0.8822692632675171, 0.9150039553642273, 0.38286375999450684, 0.9593056440353394],
    ),
    "rand(2) float64": (
        lambda g: g.uniform(2, dtype=np.float64),
        [0.05815448596142969, 0.06291016742457756],
    ),
    "uniform_(-0.1, 0.1)": (
        lambda g: g.uniform(3, -0.1, 0.1),
        [0.07645385712385178, 0.0830007940530777, -0.023427248001098633],
    ),
    "randn(5)": (
        lambda g: g.normal(5),
        [
            0.33669036626815796,
            0.12880940735340118,
            0.23446236550807953,
            0.23033303022384644,
            -1.1228563785552979,
        ],
    ),
    "randn(16)": (
        lambda g: g.normal(16),
        [
            1.9269152879714966,
            1.4872840642929077,
            0.9007171988487244,
            -2.1055209636688232,
            0.6784184575080872,
            -1.2345448732376099,
            -0.04306747764348984,
            -1.6046669483184814,
            -0.7521352767944336,
            1.6487230062484741,
            -0.3924786448478699,
            -1.4036071300506592,
            -0.7278813123703003,
            -0.5594301819801331,
            -0.7688388824462891,
            0.7624453902244568,
        ],
    ),
    "randn(19)[-4:]": (
        lambda g: g.normal(19)[-4:],
        [0.859858512878418, -0.3097267746925354, -0.3957104980945587, 0.8034093379974365],
    ),
    "randn(17) float64 [::6]": (
        lambda g: g.normal(17, dtype=np.float64)[::6],
        [0.2995562877502637, -0.010085521702337353, 0.39238484373268534],
    ),
    "randn(18) float16 [-3:]": (
        lambda g: g.normal(18, dtype=np.float16)[-3:],
        [0.041748046875, -0.25146484375, 0.85986328125],
    ),
    "randint(0, 100)": (lambda g: g.randint(0, 100, 6), [42, 67, 76, 14, 26, 35]),
    "randint(0, 2**40)": (
        lambda g: g.randint(0, 2**40, 3),
        [441507790259, 395924837646, 458615280711],
    ),
    "randint(0, 2**28)": (lambda g: g.randint(0, 2**28, 2), [199900595, 250975502]),
    "random_()": (lambda g: g.random_(2), [6909045637428952499, 8314211556539077902]),
    "random_() uint8": (lambda g: g.random_(5, dtype=np.uint8), [102, 179, 92, 14, 106]),
    "randperm(10)": (lambda g: g.randperm(10), [2, 6, 1, 8, 4, 5, 0, 9, 3, 7]),
    "randperm(2000)[:5]": (lambda g: g.randperm(2000)[:5], [1542, 1486, 252, 1959, 410]),
    "bernoulli_(0.5)": (
        lambda g: g.bernoulli(0.5, 10),
        [1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0],
    ),
    "bernoulli(p)": (
        lambda g: g.bernoulli(np.full(10, 0.5, np.float32)),
        [0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0],
    ),
    "multinomial": (lambda g: g.multinomial(np.array([1, 2, 3, 4.0]), 3), [3, 1, 2]),
    "multinomial with replacement": (
        lambda g: g.multinomial(np.array([1, 2, 3, 4.0]), 6, True),
        [0, 0, 1, 0, 2, 2],
    ),
    "exponential_": (lambda g: g.exponential(2), [0.05991401523351669, 0.06497612595558167]),
    "geometric_(0.2)": (lambda g: g.geometric(0.2, 6), [13.0, 13.0, 10.0, 14.0, 3.0, 4.0]),
    "cauchy_": (lambda g: g.cauchy(2), [-5.412487506866455, -4.993700981140137]),
    "log_normal_": (lambda g: g.log_normal(2), [5.330157279968262, 3.5170366764068604]),
    "poisson": (lambda g: g.poisson(np.array([3.0, 30, 0, 11])), [1.0, 22.0, 0.0, 11.0]),
}


@pytest.mark.parametrize("name", CONSTANTS)
def test_known_numbers(name: str) -> None:
    draw, expected = CONSTANTS[name]
    got = draw(Generator().manual_seed(42))
    assert got.reshape(-1).tolist() == expected


def test_known_states() -> None:
    # sha256 of get_state() in PyTorch 2.13.0: after manual_seed(42), then after rand(1000), then
    # after randint(0, 2**40, (3,)). (A state after a normal has its last bits from the C library.)
    g = Generator().manual_seed(42)
    digests = [hashlib.sha256(g.get_state().tobytes()).hexdigest()]
    g.uniform(1000)
    digests.append(hashlib.sha256(g.get_state().tobytes()).hexdigest())
    g.randint(0, 2**40, 3)
    digests.append(hashlib.sha256(g.get_state().tobytes()).hexdigest())
    assert [d[:16] for d in digests] == ["5feb54a46230d321", "75ddb2bd810e03fd", "4dc855a4567d808e"]
