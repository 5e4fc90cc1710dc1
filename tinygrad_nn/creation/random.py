"""Random tensors, in PyTorch's own streams, and the state of the default generator.

Every draw goes through the primitive `draw`; `generator=None` means the default generator.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygrad_nn.dtypes import wanted_dtype
from tinygrad_nn.errors import DTypeError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.functions import sampling
from tinygrad_nn.functions.data import numpy_kind
from tinygrad_nn.functions.fill import like, made, operand, size_of
from tinygrad_nn.functions.sampling import drawn
from tinygrad_nn.generator import Generator, default_generator
from tinygrad_nn.generator.recipes import memory_order
from tinygrad_nn.placement import cpu_only
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.tensor import Tensor

__all__ = [
    "fork_rng",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "normal",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
    "seed",
    "set_rng_state",
]


def _finished(sample: Tensor, device: object, requires_grad: bool) -> Tensor:
    cpu_only(device)
    return sample.requires_grad_() if requires_grad else sample


# -- by size -----------------------------------------------------------------------------------------


@flags
def rand(
    *shape: Any, size: Any = None, generator: Generator | None = None, dtype: object = None, layout: object = None,
    device: object = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Uniform numbers in [0, 1).

    >>> _ = manual_seed(42)
    >>> rand(3)
    tensor([0.8823, 0.9150, 0.3829])
    """
    dims = size_of(shape, "rand", size)
    return _finished(drawn(generator, "uniform", shape=dims, dtype=numpy_kind(dtype)), device, requires_grad)


@flags
def randn(
    *shape: Any, size: Any = None, generator: Generator | None = None, dtype: object = None, layout: object = None,
    device: object = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Normal numbers with mean 0 and standard deviation 1.

    >>> _ = manual_seed(0)
    >>> randn(2)
    tensor([ 1.5410, -0.2934])
    """
    dims = size_of(shape, "randn", size)
    return _finished(drawn(generator, "normal", shape=dims, dtype=numpy_kind(dtype)), device, requires_grad)


@flags
def randint(
    *bounds: Any, low: Any = None, high: Any = None, size: Any = None, generator: Generator | None = None,
    dtype: object = None, layout: object = None, device: object = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Integers in [low, high): randint(high, size), randint(low, high, size); int64 unless `dtype` says otherwise.

    Raises RuntimeError where low >= high.

    >>> _ = manual_seed(0)
    >>> randint(10, (5,))
    tensor([4, 9, 3, 0, 3])
    """
    given = list(bounds)
    if size is None and given and isinstance(given[-1], (tuple, list)):
        size = given.pop()
    if not isinstance(size, (tuple, list)):
        raise DTypeError(
            message("randint: the size must be a tuple of integers", got=f"{size!r}", fix="randint(high, (n,))")
        )
    if len(given) == 2:
        low, high = given
    elif given:
        low, high = (low, given[0]) if high is None else (given[0], high)
    dims = size_of((size,), "randint")
    kind = np.dtype(np.int64) if dtype is None else wanted_dtype(dtype).dtype
    sample = drawn(
        generator, "randint", low=_integer(0 if low is None else low), high=_integer(high), shape=dims, dtype=kind
    )
    return _finished(sample, device, requires_grad)


def _integer(bound: Any) -> Any:
    return bound.item() if type(bound) in TYPES and bound.array.ndim == 0 else bound


@flags
def randperm(
    n: int, *, generator: Generator | None = None, dtype: object = None, layout: object = None, device: object = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A random permutation of 0 .. n - 1.

    >>> _ = manual_seed(42)
    >>> randperm(5)
    tensor([2, 4, 3, 0, 1])
    """
    kind = np.dtype(np.int64) if dtype is None else wanted_dtype(dtype).dtype
    return _finished(drawn(generator, "randperm", n, dtype=kind), device, requires_grad)


@flags
def normal(
    mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None, dtype: object = None,
    layout: object = None, device: object = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Normal numbers: of `size`, or one for each element of `mean` and `std` (of which one is a tensor).

    Raises RuntimeError for a negative std and for shapes that do not broadcast.

    >>> import tinygrad_nn as tg
    >>> normal(tg.tensor([1.0, 2.0]), 0.0)
    tensor([1., 2.])
    """
    if type(mean) in TYPES or type(std) in TYPES:
        if size is not None:
            raise DTypeError(message("normal: tensors of means or deviations set the size", fix="leave `size` out"))
        return sampling.normal(mean, std, generator)
    if not isinstance(size, (tuple, list)):
        raise DTypeError(
            message("normal: numbers as mean and std need a size", got=repr(size), fix="normal(0.0, 1.0, (2, 3))")
        )
    dims = size_of((size,), "normal")
    return _finished(
        drawn(generator, "normal", shape=dims, mean=mean, std=std, dtype=numpy_kind(dtype)), device, requires_grad
    )


# -- like another tensor -----------------------------------------------------------------------------


def _like(input: Any, method: str, name: str, dtype: object, memory_format: object, **options: Any) -> Tensor:
    """A sample of the tensor's shape, in its order in memory."""
    array = like(operand(input, name), dtype, memory_format, name)
    if method == "normal":
        options["contiguous"] = array.flags.c_contiguous
    return drawn(
        options.pop("generator", None),
        method,
        shape=array.shape,
        dtype=array.dtype,
        order=memory_order(array),
        **options,
    )


@flags
def rand_like(
    input: Any, *, generator: Generator | None = None, dtype: object = None, layout: object = None,
    device: object = None, requires_grad: bool = False, memory_format: object = None,
) -> Tensor:  # fmt: skip
    """Uniform numbers in [0, 1), in the shape and dtype of `input`."""
    return _finished(
        _like(input, "uniform", "rand_like", dtype, memory_format, generator=generator), device, requires_grad
    )


@flags
def randn_like(
    input: Any, *, generator: Generator | None = None, dtype: object = None, layout: object = None,
    device: object = None, requires_grad: bool = False, memory_format: object = None,
) -> Tensor:  # fmt: skip
    """Normal numbers, in the shape and dtype of `input`."""
    return _finished(
        _like(input, "normal", "randn_like", dtype, memory_format, generator=generator), device, requires_grad
    )


@flags
def randint_like(
    input: Any, *bounds: int, low: int | None = None, high: int | None = None, generator: Generator | None = None,
    dtype: object = None, layout: object = None, device: object = None, requires_grad: bool = False,
    memory_format: object = None,
) -> Tensor:  # fmt: skip
    """Integers in [low, high), in the shape and dtype of `input`: randint_like(x, high), randint_like(x, low, high)."""
    if len(bounds) == 2:
        low, high = bounds
    elif bounds:
        low, high = (low, bounds[0]) if high is None else (bounds[0], high)
    options = {"low": _integer(0 if low is None else low), "high": _integer(high), "generator": generator}
    return _finished(_like(input, "randint", "randint_like", dtype, memory_format, **options), device, requires_grad)


# -- the default generator ---------------------------------------------------------------------------


def manual_seed(seed: int) -> Generator:
    """Start the default generator's stream anew; returns the generator. The numbers are PyTorch's.

    Raises RuntimeError or ValueError for what is no 64-bit integer.
    """
    return default_generator.manual_seed(seed)


def seed() -> int:
    """Seed the default generator from the operating system's randomness; returns the seed."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed with which the default generator's stream began."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The default generator's place in its stream: a tensor of bytes.

    >>> state = get_rng_state()
    >>> a = rand(2)
    >>> set_rng_state(state)
    >>> bool((a == rand(2)).all())
    True
    """
    return made(default_generator.get_state())


def set_rng_state(new_state: Any) -> None:
    """Go to a place in the stream that `get_rng_state` (this one or PyTorch's) gave. TypeError for no bytes."""
    default_generator.set_state(new_state)


@flags
@contextmanager
def fork_rng(devices: object = None, enabled: bool = True) -> Iterator[None]:
    """Draws inside do not move the default generator on."""
    state = default_generator.get_state()
    try:
        yield
    finally:
        if enabled:
            default_generator.set_state(state)
