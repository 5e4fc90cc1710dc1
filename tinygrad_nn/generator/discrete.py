"""Flat arrays of integers, permutations, coin tosses, categories and counts from an engine.

As in `continuous`: PyTorch's words, PyTorch's arithmetic, arguments already checked.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.generator import continuous
from tinygrad_nn.generator.engine import Engine
from tinygrad_nn.generator.rounding import narrow
from tinygrad_nn.order import order_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "DIGITS", "any_int64", "any_integer", "bernoulli", "bernoulli_each", "categories", "geometric",
    "integers", "permutation", "poisson", "top_categories",
]  # fmt: skip

DIGITS = {"float16": 11, "bfloat16": 8, "float32": 24, "float64": 53}  # bits of a mantissa

WIDE_RANGE = 1 << 28  # from here on an integer takes two words, so that "word mod range" stays fair
LARGE_PERMUTATION = (2**32 - 1) // 20  # from here on a permutation does

LOOP_LIMIT = 1000  # shorter permutations are swapped one by one


def integers(engine: Engine, n: int, low: int, high: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """low + word mod (high - low): one word each, two where the range is 2**28 or more."""
    span = high - low
    if span >= WIDE_RANGE:
        residues = engine.wide(n) % np.uint64(span)
    else:
        residues = (engine.words(n).astype(np.uint32) % np.uint32(span)).astype(np.uint64)
    return narrow((residues + np.uint64(low % 2**64)).view(np.int64), dtype)


def any_integer(engine: Engine, n: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """0 .. the largest value of an integer type, 0 .. 2**digits of a floating one, or a bool."""
    draw = engine.wide if dtype.name in ("int64", "float64") else engine.words
    if dtype.kind == "b":
        count = 2
    elif dtype.kind in "iu":
        count = int(np.iinfo(dtype).max) + 1
    else:
        count = 2 ** DIGITS[dtype.name] + 1
    return narrow((draw(n) % np.uint64(count)).view(np.int64), dtype)


def any_int64(engine: Engine, n: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """-2**63 .. 2**63 - 1: both words as they are."""
    return narrow(engine.wide(n).view(np.int64), dtype)


def permutation(engine: Engine, n: int, dtype: np.dtype[Any], large: int = LARGE_PERMUTATION) -> NDArray[Any]:
    """A shuffle of 0 .. n-1 (Fisher-Yates): forward, or inside-out from `large` elements on."""
    if n < large:
        return _shuffled_forward(engine, n).astype(dtype)
    out = np.empty(n, dtype)
    block = 1 << 16
    for start in range(0, n, block):
        bounds = np.arange(start + 1, min(start + block, n) + 1, dtype=np.uint64)
        for i, j in enumerate((engine.wide(bounds.size) % bounds).tolist(), start):
            out[i] = out[j]  # of no consequence where j == i
            out[j] = i
    return out


def _shuffled_forward(engine: Engine, n: int) -> NDArray[np.int64]:
    """Swap place i with place i + word mod (n - i), for i = 0 .. n-2."""
    steps = max(n - 1, 0)
    places = np.arange(steps, dtype=np.uint32)
    partners = (engine.words(steps).astype(np.uint32) % (np.uint32(n) - places)) + places
    if n >= LOOP_LIMIT:
        return _swapped_at_once(np.append(partners.astype(np.int64), n - 1))
    order = list(range(n))
    for i, j in enumerate(partners.tolist()):
        order[i], order[j] = order[j], order[i]
    return np.array(order, np.int64)


def _swapped_at_once(partners: NDArray[np.int64]) -> NDArray[np.int64]:
    """The result of swapping place i with place partners[i] >= i for i = 0, 1, .., without a loop.

    Place i is final after step i, which brings there what stood at its partner; that was put there
    by the last step before i with the same partner, and was then what stood at that step's place.
    """
    n = partners.size
    each = np.arange(n)
    keys = np.sort(partners << 32 | each)  # the steps, grouped by partner, in order of time
    step, partner = keys & 0xFFFFFFFF, keys >> 32
    before = np.empty(n, np.int64)  # the last step before i that had i's partner, or -1
    before[step[0]] = -1
    before[step[1:]] = np.where(partner[1:] == partner[:-1], step[:-1], -1)
    wrote = each.copy()  # the last step before i that had partner i; i itself where there is none
    wrote[partner] = step  # of several writes to one place the last one stays
    own = (partners == each) & (before >= 0)  # the last was step i itself: take the one before
    wrote[own] = before[own]
    while not np.array_equal(further := wrote[wrote], wrote):
        wrote = further
    # Now wrote[i] is what stands at place i when its step comes.
    return np.where(before >= 0, wrote[before], partners)


def bernoulli(engine: Engine, n: int, p: float) -> NDArray[np.bool_]:
    """u < p with a float64 uniform each, compared as 53-bit integers (exact)."""
    return engine.mantissas(n) < np.uint64(math.ceil(p * 2.0**53))


def bernoulli_each(engine: Engine, p: NDArray[Any]) -> NDArray[np.bool_]:
    """u < p, a flat array of them: float64 uniforms where p is float64, else float32 ones."""
    if p.dtype.itemsize == 8:
        return engine.doubles(p.size) < p
    return engine.floats(p.size) < p.astype(np.float32)


def geometric(engine: Engine, n: int, p: float, dtype: np.dtype[Any]) -> NDArray[Any]:
    """ceil(ln u / ln(1 - p)), in float64: the number of tosses up to the first success."""
    with np.errstate(divide="ignore"):
        values = np.ceil(np.log(engine.doubles(n)) / math.log1p(-p))
    return narrow(values, dtype)


def categories(engine: Engine, weights: NDArray[Any], n: int) -> NDArray[np.int64]:
    """n categories of each row of `weights`, with replacement, by inverting the running sums.

    weights: (rows, categories). The sums run, and are divided by the total, in the type of the
    weights (float32 for 16 bits).
    """
    sums = np.cumsum(weights.astype(np.float32) if weights.dtype.itemsize == 2 else weights, axis=1)
    sums /= sums[:, -1:].copy()
    out = np.empty((weights.shape[0], n), np.int64)
    for row, cumulative in zip(out, sums, strict=True):
        row[:] = np.searchsorted(cumulative, engine.doubles(n), side="left")
    return out


def top_categories(engine: Engine, weights: NDArray[Any], n: int) -> NDArray[np.int64]:
    """n different categories of each row: those with the largest weight / Exp(1), largest first.

    Source: the Gumbel-top-k trick, W. Kool et al., "Stochastic Beams", ICML 2019.
    """
    noise = np.empty(weights.shape, weights.dtype, "F" if order_of(weights) == (1, 0) else "C")  # in weights' order
    noise.reshape(-1, order="A")[...] = continuous.exponential(engine, weights.size, 1.0, weights.dtype)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        scores = weights / noise
    if n == 1:
        best: NDArray[np.int64] = np.argmax(scores, axis=1, keepdims=True)
    else:
        best = np.argsort(-scores, axis=1, kind="stable")[:, :n]
    return best


class _Tape:
    """Float64 uniforms one at a time, drawn ahead in blocks; `finish` gives back those not used."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.before, self.used = engine.state(), 0
        self.ready: list[float] = []

    def __call__(self) -> float:
        if not self.ready:
            self.ready = self.engine.doubles(min(64 + self.used, 1 << 14))[::-1].tolist()
        self.used += 1
        return self.ready.pop()

    def finish(self) -> None:
        self.engine.restore(self.before)
        self.engine.words(2 * self.used)


def poisson(engine: Engine, rates: NDArray[Any]) -> NDArray[np.float64]:
    """A count for each rate (flat): products of uniforms below 10, rejection from there.

    Source: W. Hoermann, "The transformed rejection method for generating Poisson random variables",
    Insurance: Mathematics and Economics 12 (1993).
    """
    if not rates.size:
        return np.empty(0)
    draw = _Tape(engine)
    counts = [_poisson_by_rejection(draw, r) if r >= 10 else _poisson_by_product(draw, r) for r in rates.tolist()]
    draw.finish()
    return np.array(counts, np.float64)


def _poisson_by_product(draw: _Tape, rate: float) -> int:
    """How many uniforms can be multiplied before the product falls to exp(-rate)."""
    if rate == 0:
        return 0
    limit, product, count = math.exp(-rate), draw(), 0
    while product > limit:
        product *= draw()
        count += 1
    return count


def _poisson_by_rejection(draw: _Tape, rate: float) -> int:
    """Hoermann's PTRS: a transformed uniform, taken at once in the middle, else by the density."""
    root, log_rate = math.sqrt(rate), math.log(rate)
    b = 0.931 + 2.53 * root
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    squeeze = 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = draw() - 0.5, draw()
        distance = 0.5 - abs(u)
        if distance == 0:
            continue
        k = math.floor((2 * a / distance + b) * u + rate + 0.43)
        if distance >= 0.07 and v <= squeeze:
            return k
        if k < 0 or (distance < 0.013 and v > distance):
            continue
        height = math.log(v) if v > 0 else -math.inf
        if height + math.log(inverse_alpha) - math.log(a / (distance * distance) + b) <= (
            -rate + k * log_rate - math.lgamma(k + 1)
        ):
            return k
