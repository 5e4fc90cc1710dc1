"""`Generator`: every sampler of PyTorch's CPU generator, on NumPy arrays, number for number.

Equal seeds and equal calls give the numbers, and leave the state, of `torch.Generator` in PyTorch
2.13 on a CPU with AVX2. float32 and integers agree to the last bit; float64 does where NumPy's
`log`, `sin` and `cos` are the C library's (else within 4 units in the last place).

A method here checks its arguments, draws a flat array in `continuous` or `discrete`, and shapes it.
Draws fill an array in C order; for an array in another order see `recipes.memory_order`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tinygrad_nn.errors import ArgumentError, DTypeError, RandomError, message
from tinygrad_nn.generator import checks, continuous, discrete
from tinygrad_nn.generator.checks import Shape, floating, numeric, sized
from tinygrad_nn.generator.engine import DEFAULT_SEED, STATE_BYTES, Engine
from tinygrad_nn.generator.rounding import narrow

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Generator", "default_generator"]

Array: TypeAlias = "NDArray[Any]"


class Generator:
    """A source of random numbers: a Mersenne Twister with its seed and its place in the stream.

    A new generator has PyTorch's default seed 67280421310721. Raises RuntimeError for a device
    other than "cpu".

    >>> Generator().manual_seed(42).uniform(3)
    array([0.88226926, 0.91500396, 0.38286376], dtype=float32)
    >>> Generator().manual_seed(42).randperm(5)
    array([2, 4, 3, 0, 1])
    """

    __slots__ = ("__weakref__", "_engine", "device")

    def __init__(self, device: object = "cpu") -> None:
        name = str(getattr(device, "type", device)).partition(":")[0]
        if name != "cpu":
            raise RandomError(
                message(
                    "Generator: only the CPU draws numbers here",
                    got=f"device {device}",
                    fix='"cpu"',
                )
            )
        self.device = name
        self._engine = Engine(DEFAULT_SEED)

    # -- seed and state ------------------------------------------------------------------------

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream of `seed`, -2**63 .. 2**64 - 1 (a negative one counts from 2**64 down).

        The twister takes the seed's low 32 bits only. Returns the generator.
        Raises RuntimeError for what is not an integer, ValueError outside the range.
        """
        if isinstance(seed, (bool, np.bool_)) or not isinstance(seed, (int, np.integer)):
            raise RandomError(message("manual_seed: a seed is an integer", got=repr(seed), fix="pass int(seed)"))
        number = int(seed)
        if not -(2**63) <= number < 2**64:
            raise ArgumentError(message("manual_seed: the seed is out of range", got=number, fix="-2**63 .. 2**64 - 1"))
        self._engine.reseed(number % 2**64)
        return self

    def seed(self) -> int:
        """Seed from the operating system's randomness; returns the seed."""
        self._engine.reseed(int.from_bytes(os.urandom(8), "little"))
        return self._engine.seed

    def initial_seed(self) -> int:
        """The seed that the stream began with, 0 .. 2**64 - 1."""
        return self._engine.seed

    def get_state(self) -> NDArray[np.uint8]:
        """The place in the stream, as the 5056 bytes that `torch.Generator.get_state` gives."""
        return self._engine.state()

    def set_state(self, state: object) -> Generator:
        """Go to the place in the stream that `get_state` (this one or PyTorch's) gave.

        Raises TypeError where `state` is not of bytes, RuntimeError where it is not a state.
        """
        array = np.asarray(state)
        if array.dtype != np.uint8:
            raise DTypeError(message("set_state: a state is made of bytes", got=f"dtype {array.dtype}", fix="uint8"))
        if array.size != STATE_BYTES:
            raise RandomError(message(f"set_state: a state has {STATE_BYTES} bytes", got=f"{array.size} bytes"))
        self._engine.restore(array)
        return self

    def clone_state(self) -> Generator:
        """A generator of its own at the same place in the stream."""
        return Generator(self.device).set_state(self.get_state())

    __copy__ = clone_state

    def __deepcopy__(self, memo: dict[int, Any]) -> Generator:
        return self.clone_state()

    def __reduce__(self) -> tuple[Any, ...]:
        return (_restored, (self.device, self.get_state()))

    def __repr__(self) -> str:
        return f"<Generator device='{self.device}' initial_seed={self.initial_seed()}>"

    # -- continuous ----------------------------------------------------------------------------

    def random(self, shape: Shape = (), dtype: object = np.float32) -> Array:
        """Uniform in [0, 1): `torch.rand`."""
        return self.uniform(shape, 0.0, 1.0, dtype)

    def uniform(self, shape: Shape = (), low: float = 0.0, high: float = 1.0, dtype: object = np.float32) -> Array:
        """Uniform in [low, high): `Tensor.uniform_`.

        Raises RuntimeError where low > high or a bound exceeds the dtype, NotImplementedError for
        a dtype without fractions.

        >>> Generator().manual_seed(0).uniform((2, 2), -1, 1)
        array([[-0.00748682,  0.5364436 ],
               [-0.82304513, -0.735939  ]], dtype=float32)
        """
        kind = floating("uniform", dtype)
        checks.uniform_range(low, high, kind)
        dims, n = sized(shape)
        return continuous.uniform(self._engine, n, low, high, kind).reshape(dims)

    def normal(
        self,
        shape: Shape | None = None,
        mean: float | Array = 0.0,
        std: float | Array = 1.0,
        dtype: object = None,
        *,
        contiguous: bool = True,
    ) -> Array:
        """Normal with `mean` and standard deviation `std`: `torch.randn`, `Tensor.normal_`.

        Where `mean` or `std` is an array, one normal for each element of the two broadcast, as
        `torch.normal(mean, std)` draws it; `shape` and `dtype` are then theirs (mean's dtype first)
        and must be left out. `contiguous=False` draws as PyTorch fills a non-contiguous tensor: one
        value after the other, however many.

        Raises RuntimeError where std < 0 or shapes do not broadcast.

        >>> Generator().manual_seed(0).normal(2)
        array([ 1.5409961, -0.2934289], dtype=float32)
        >>> Generator().manual_seed(0).normal(mean=np.array([10.0, 20.0]), std=0.0)
        array([10., 20.])
        """
        if isinstance(mean, np.ndarray) or isinstance(std, np.ndarray):
            if shape is not None or dtype is not None:
                raise ArgumentError(
                    message(
                        "normal: an array of means or deviations sets shape and dtype",
                        fix="leave them out",
                    )
                )
            return self._normal_each(mean, std)
        kind = floating("normal", np.float32 if dtype is None else dtype)
        if not std >= 0:
            raise RandomError(message("normal: std must not be negative", got=f"std={std}"))
        dims, n = sized(() if shape is None else shape)
        if contiguous:
            return continuous.normal(self._engine, n, mean, std, kind).reshape(dims)
        return narrow(continuous.normal_in_sequence(self._engine, n, mean, std), kind).reshape(dims)

    def _normal_each(self, mean: float | Array, std: float | Array) -> Array:
        kind = floating("normal", (mean if isinstance(mean, np.ndarray) else np.asarray(std)).dtype)
        try:
            shape = np.broadcast_shapes(np.shape(mean), np.shape(std))
        except ValueError:
            got = f"mean {np.shape(mean)}, std {np.shape(std)}"
            raise RandomError(message("normal: mean and std do not broadcast", got=got)) from None
        if np.size(std) and not np.min(std) >= 0:
            raise RandomError(message("normal: no std may be negative", got=f"smallest std {np.min(std)}"))
        scale = 1.0 if isinstance(std, np.ndarray) else std
        out = self.normal(shape, 0.0, scale, kind)
        if isinstance(std, np.ndarray):
            out = _in_place(np.multiply, out, std)
        return _in_place(np.add, out, np.asarray(mean, None if isinstance(mean, np.ndarray) else kind))

    def log_normal(self, shape: Shape = (), mean: float = 1.0, std: float = 2.0, dtype: object = np.float32) -> Array:
        """exp of a normal: `Tensor.log_normal_`. Raises RuntimeError unless std > 0."""
        kind = floating("log_normal", dtype)
        checks.above_zero("log_normal", "std", std)
        dims, n = sized(shape)
        return continuous.log_normal(self._engine, n, mean, std, kind).reshape(dims)

    def exponential(self, shape: Shape = (), rate: float = 1.0, dtype: object = np.float32) -> Array:
        """Exponential, density rate exp(-rate x): `Tensor.exponential_`.

        Raises RuntimeError unless rate > 0.
        """
        kind = floating("exponential", dtype)
        checks.above_zero("exponential", "rate", rate)
        dims, n = sized(shape)
        return continuous.exponential(self._engine, n, rate, kind).reshape(dims)

    def cauchy(self, shape: Shape = (), median: float = 0.0, sigma: float = 1.0, dtype: object = np.float32) -> Array:
        """Cauchy about `median` with half-width `sigma`: `Tensor.cauchy_`.

        Raises RuntimeError unless sigma > 0.
        """
        kind = floating("cauchy", dtype)
        checks.above_zero("cauchy", "sigma", sigma)
        dims, n = sized(shape)
        return continuous.cauchy(self._engine, n, median, sigma, kind).reshape(dims)

    # -- discrete ------------------------------------------------------------------------------

    def randint(self, low: int, high: int, shape: Shape = (), dtype: object = np.int64) -> Array:
        """Integers low .. high - 1: `torch.randint`, `Tensor.random_(low, high)`.

        Raises RuntimeError where low >= high or the dtype does not hold the range, TypeError where
        a bound is no integer, ValueError where it exceeds 64 bits.

        >>> Generator().manual_seed(0).randint(0, 10, 5)
        array([4, 9, 3, 0, 3])
        """
        kind = numeric("randint", dtype)
        first, end = checks.integer("randint: low", low), checks.integer("randint: high", high)
        first, end = checks.integer_range("randint", first, end, kind)
        dims, n = sized(shape)
        return discrete.integers(self._engine, n, first, end, kind).reshape(dims)

    def random_(self, shape: Shape = (), low: int | None = None, dtype: object = np.int64) -> Array:
        """Integers over the whole of a type: `Tensor.random_()`.

        Without `low`: 0 .. the largest value of an integer dtype, 0 .. 2**digits of a floating one.
        With `low`: low .. that largest value; low = -2**63 takes all 64 bits (int64 and floats).
        """
        kind = numeric("random_", dtype)
        dims, n = sized(shape)
        if low is None:
            return discrete.any_integer(self._engine, n, kind).reshape(dims)
        if checks.integer("random_: low", low) == -(2**63):
            if kind.name not in ("int64", "float64", "float32", "bfloat16"):
                raise RandomError(
                    message(
                        "random_: the dtype has no 64-bit range",
                        got=f"dtype {kind.name}",
                        fix="int64",
                    )
                )
            return discrete.any_int64(self._engine, n, kind).reshape(dims)
        if kind.kind == "b":
            most = 1
        else:
            most = 2 ** discrete.DIGITS[kind.name] if kind.name in discrete.DIGITS else int(np.iinfo(kind).max)
        first, end = checks.integer_range("random_", low, most + 1, kind)
        return discrete.integers(self._engine, n, first, end, kind).reshape(dims)

    def randperm(self, n: int, dtype: object = np.int64) -> Array:
        """A permutation of 0 .. n - 1: `torch.randperm`.

        Raises RuntimeError where n < 0 or the dtype cannot count so far, TypeError where n is no
        integer.
        """
        kind = numeric("randperm", dtype, boolean=False)
        return discrete.permutation(self._engine, checks.permutation_length(n, kind), kind)

    def bernoulli(self, p: float | Array, shape: Shape | None = None, dtype: object = None) -> Array:
        """1 with probability p, else 0.

        p a number: `torch.empty(shape).bernoulli_(p)` (float32 unless `dtype` says otherwise).
        p an array of floats: one toss each, `torch.bernoulli(p)` (p's dtype), broadcast to `shape`
        where given, as in `torch.empty(shape).bernoulli_(p)`.

        Raises RuntimeError where a p is outside [0, 1] or does not broadcast.

        >>> Generator().manual_seed(0).bernoulli(0.5, 5)
        array([0., 0., 1., 0., 0.], dtype=float32)
        """
        if not isinstance(p, np.ndarray):
            kind = numeric("bernoulli", np.float32 if dtype is None else dtype)
            checks.probability("bernoulli", p)
            dims, n = sized(() if shape is None else shape)
            return discrete.bernoulli(self._engine, n, p).astype(kind).reshape(dims)
        floating("bernoulli: p", p.dtype)
        kind = numeric("bernoulli", p.dtype if dtype is None else dtype)
        checks.probability("bernoulli", p)
        dims, _ = sized(p.shape if shape is None else shape)
        try:
            each = np.broadcast_to(p, dims)
        except ValueError:
            got = f"p {p.shape}, shape {dims}"
            raise RandomError(message("bernoulli: p does not broadcast to the shape", got=got)) from None
        return discrete.bernoulli_each(self._engine, each.reshape(-1)).astype(kind).reshape(dims)

    def dropout_mask(self, shape: Shape, p: float, dtype: object = np.float32) -> Array:
        """What `F.dropout(x, p)` multiplies x by: 0 with probability p, else 1 / (1 - p).

        PyTorch's CPU kernel draws `bernoulli_(1 - p)` and divides it by 1 - p. It draws nothing for
        p = 0 and p = 1. Raises ValueError where p is outside [0, 1].

        >>> Generator().manual_seed(0).dropout_mask(5, 0.5)
        array([0., 0., 2., 0., 0.], dtype=float32)
        """
        kind = floating("dropout", dtype)
        dims, n = sized(shape)
        if not 0 <= p <= 1:
            raise ArgumentError(message("dropout: p must be in [0, 1]", got=f"p={p}"))
        if p in (0, 1):
            return np.full(dims, 1 - p, kind)
        kept = narrow(np.array(1 / np.float32(1 - p) if kind.itemsize < 8 else 1 / (1 - p)), kind)
        return np.where(discrete.bernoulli(self._engine, n, 1 - p), kept, kind.type(0)).reshape(dims)

    def geometric(self, p: float, shape: Shape = (), dtype: object = np.float32) -> Array:
        """Tosses up to the first success: `Tensor.geometric_`. RuntimeError unless 0 < p < 1."""
        kind = numeric("geometric", dtype, boolean=False)
        checks.probability("geometric", p, ends=False)
        dims, n = sized(shape)
        return discrete.geometric(self._engine, n, p, kind).reshape(dims)

    def multinomial(self, p: Array, n: int, replacement: bool = False) -> NDArray[np.int64]:
        """n category numbers for each row of weights p: `torch.multinomial`.

        p: (categories,) or (rows, categories), not negative, need not sum to one. Result: (n,) or
        (rows, n). One draw, or draws without replacement, take the largest of weight / Exp(1); more
        draws with replacement invert the cumulative sums.

        Raises RuntimeError for zero mass, for a weight that is negative or not finite, and for more
        draws than categories without replacement. Without replacement, equal scores (categories
        without any weight; roundings of 16-bit weights) come in order; PyTorch leaves it open.

        >>> Generator().manual_seed(0).multinomial(np.array([0.0, 3.0, 1.0]), 4, replacement=True)
        array([2, 1, 1, 2])
        """
        array = checks.weights(p, n, replacement)
        rows = array.reshape(-1, array.shape[-1])
        if not rows.size:
            out = np.empty((rows.shape[0], n), np.int64)
        elif replacement and n > 1:
            out = discrete.categories(self._engine, rows, n)
        else:
            out = discrete.top_categories(self._engine, rows, n)
        return np.ascontiguousarray(out).reshape((*array.shape[:-1], n))

    def poisson(self, rate: Array) -> Array:
        """A Poisson count for each rate, in the rates' dtype: `torch.poisson`.

        Raises RuntimeError for a rate < 0.
        """
        rates = np.asarray(rate)
        kind = floating("poisson", rates.dtype)
        if not (rates >= 0).all():
            raise RandomError(message("poisson: a rate must not be negative", got=f"smallest rate {rates.min()}"))
        return narrow(discrete.poisson(self._engine, rates.reshape(-1).astype(np.float64)), kind).reshape(rates.shape)


def _in_place(ufunc: np.ufunc, out: Array, other: Array) -> Array:
    """`out.op_(other)` as PyTorch does it: in the wider of the two types (a 0-d one yields)."""
    common = out.dtype if other.ndim == 0 and out.ndim else np.result_type(out.dtype, other.dtype)
    result = ufunc(out.astype(common, copy=False), other.astype(common, copy=False))
    return narrow(np.asarray(result), out.dtype)


def _restored(device: str, state: NDArray[np.uint8]) -> Generator:
    return Generator(device).set_state(state)


default_generator = Generator()
"""The generator behind `manual_seed` and every draw that names none; seeded at random."""
default_generator.seed()
