"""Random numbers into tensors: the in-place samplers, and those that take a tensor of parameters.

Every draw goes through the primitive `draw`. A tensor is filled in the order of its memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinygrad_nn.errors import DTypeError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.functions.fill import operand
from tinygrad_nn.generator import Generator, default_generator
from tinygrad_nn.generator.recipes import memory_order
from tinygrad_nn.ops.elementwise import where
from tinygrad_nn.ops.sample import draw
from tinygrad_nn.primitive import TYPES, node_of
from tinygrad_nn.views import refuse_leaf, write

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = [
    "bernoulli", "bernoulli_", "cauchy_", "drawn", "exponential_", "geometric_", "log_normal_", "multinomial", "normal",
    "normal_", "poisson", "random_", "uniform_",
]  # fmt: skip


def drawn(generator: Any, method: str, *operands: Any, order: tuple[int, ...] | None = None, **options: Any) -> Tensor:
    """A sample by the method of `generator` (the default one if None), as a tensor."""
    if generator is None:
        generator = default_generator
    elif not isinstance(generator, Generator):
        raise DTypeError(
            message(
                f"{method}: generator must be a Generator",
                got=type(generator).__name__,
                fix="Generator().manual_seed(0)",
            )
        )
    return draw(generator, method, operands, options, order)  # type: ignore[no-any-return]


def _fill(self: Any, method: str, generator: Any, *operands: Any, **options: Any) -> Any:
    """Write a sample over `self`."""
    array = operand(self, f"{method}_")
    refuse_leaf(self, f"{method}_")  # before anything is drawn
    sample = drawn(
        generator, method, *operands, shape=array.shape, dtype=array.dtype, order=memory_order(array), **options
    )
    return write(self, sample, f"{method}_")


def uniform_(self: Any, from_: float = 0.0, to: float = 1.0, *, generator: Any = None, **named: float) -> Tensor:
    """Fill with numbers uniform in [from, to). Floating tensors only."""
    low = named.pop("from", from_)
    if named:
        raise DTypeError(message("uniform_: unknown argument", got=", ".join(named), fix="uniform_(a, b, generator=g)"))
    return _fill(self, "uniform", generator, low=low, high=to)  # type: ignore[no-any-return]


def normal_(self: Any, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with normal numbers. Floating tensors only; RuntimeError for a negative std."""
    whole = operand(self, "normal_").flags.c_contiguous
    return _fill(self, "normal", generator, mean=mean, std=std, contiguous=whole)  # type: ignore[no-any-return]


def log_normal_(self: Any, mean: float = 1.0, std: float = 2.0, *, generator: Any = None) -> Tensor:
    """Fill with exponentials of normal numbers."""
    return _fill(self, "log_normal", generator, mean=mean, std=std)  # type: ignore[no-any-return]


def exponential_(self: Any, lambd: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with numbers of density lambd * exp(-lambd * x)."""
    return _fill(self, "exponential", generator, rate=lambd)  # type: ignore[no-any-return]


def cauchy_(self: Any, median: float = 0.0, sigma: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with numbers of the Cauchy distribution."""
    return _fill(self, "cauchy", generator, median=median, sigma=sigma)  # type: ignore[no-any-return]


def geometric_(self: Any, p: float, *, generator: Any = None) -> Tensor:
    """Fill with the number of tosses up to the first success of probability p."""
    return _fill(self, "geometric", generator, p=p)  # type: ignore[no-any-return]


def random_(
    self: Any, from_: int | None = None, to: int | None = None, *, generator: Any = None, **named: int
) -> Tensor:
    """Fill with integers of [from, to); random_(n) of [0, n); random_() of the dtype's whole range."""
    low = named.pop("from", from_)
    if named:
        raise DTypeError(
            message("random_: unknown argument", got=", ".join(named), fix="random_(low, high, generator=g)")
        )
    if low is None and to is None:
        return _fill(self, "random_", generator)  # type: ignore[no-any-return]
    low, high = (0, low) if to is None else (0 if low is None else low, to)
    return _fill(self, "randint", generator, low=low, high=high)  # type: ignore[no-any-return]


def bernoulli_(self: Any, p: Any = 0.5, *, generator: Any = None) -> Tensor:
    """Fill with ones, each with probability p (a number, or a tensor of them), and zeros."""
    return _fill(self, "bernoulli", generator, p)  # type: ignore[no-any-return]


# -- parameters in tensors ---------------------------------------------------------------------------


def bernoulli(input: Any, p: float | None = None, *, generator: Any = None) -> Tensor:
    """1 with the probability that `input` holds at that place (or p everywhere), else 0.

    Raises RuntimeError for a probability outside [0, 1].

    >>> import tinygrad_nn as tg
    >>> tg.bernoulli(tg.tensor([0.0, 1.0, 1.0]))
    tensor([0., 1., 1.])
    """
    array = operand(input, "bernoulli")
    if p is None:
        return _flat(drawn(generator, "bernoulli", input), input)  # type: ignore[no-any-return]
    return _flat(drawn(generator, "bernoulli", p, shape=array.shape, dtype=array.dtype), input)  # type: ignore[no-any-return]


def _flat(sample: Any, *parameters: Any) -> Any:
    """The sample, with a zero gradient to its parameters, as PyTorch has it."""
    for parameter in parameters:
        if type(parameter) in TYPES and node_of(parameter) is not None:
            sample = where(True, sample, parameter)
    return sample


def normal(mean: Any, std: Any, generator: Any = None) -> Tensor:
    """One normal number for each element of `mean` and `std`, of which one is a tensor at least."""
    return _flat(drawn(generator, "normal", None, mean, std), mean, std)  # type: ignore[no-any-return]


@flags
def multinomial(input: Any, num_samples: int, replacement: bool = False, *, generator: Any = None) -> Tensor:
    """`num_samples` category numbers for each row of weights: (C,) to (n,), or (rows, C) to (rows, n).

    Raises RuntimeError for negative or infinite weights, rows without mass, and more draws than
    categories without replacement.

    >>> import tinygrad_nn as tg
    >>> tg.multinomial(tg.tensor([0.0, 1.0]), 3, replacement=True)
    tensor([1, 1, 1])
    """
    operand(input, "multinomial")
    return drawn(generator, "multinomial", input, num_samples, replacement)


def poisson(input: Any, generator: Any = None) -> Tensor:
    """A Poisson count for each rate."""
    operand(input, "poisson")
    return _flat(drawn(generator, "poisson", input), input)  # type: ignore[no-any-return]
