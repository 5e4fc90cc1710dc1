"""Tensors of given values: sizes and options as users give them, `full`, and the `_like` and `new_` forms.

The functions that make a tensor from nothing (`zeros`, `arange`, `rand`) are in `creation`.
"""

from __future__ import annotations

from math import prod
from operator import index as as_index
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.dtypes import convertible, default_float, wanted_dtype
from tinygrad_nn.errors import AutogradError, DTypeError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.functions.data import array_of
from tinygrad_nn.functions.formats import order_for
from tinygrad_nn.order import like as laid_like
from tinygrad_nn.placement import cpu_only
from tinygrad_nn.primitive import TYPES, wrap

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = [
    "empty_like", "fill_kind", "full_like", "made", "new_empty", "new_full", "new_ones", "new_tensor", "new_zeros",
    "number", "ones_like", "operand", "size_of", "zeros_like",
]  # fmt: skip

Array = np.ndarray[Any, Any]


def made(array: Array, device: object = None, requires_grad: bool = False) -> Tensor:
    """A new leaf around `array`, which nothing else holds. RuntimeError for integers that require grad."""
    if device is not None:
        cpu_only(device)
    t: Tensor = wrap(array)
    return t.requires_grad_() if requires_grad else t


LARGEST = 2**45
"""More elements than any machine holds; fewer than that may end in NumPy's MemoryError."""


def size_of(given: tuple[Any, ...], name: str, size: Any = None) -> tuple[int, ...]:
    """Sizes given as integers, as one tuple or list, or as `size=`. TypeError for anything else; none negative.

    >>> size_of((2, 3), "zeros"), size_of(([2, 3],), "zeros"), size_of((), "zeros", size=(1,))
    ((2, 3), (2, 3), (1,))
    """
    if size is not None:
        given = tuple(size) if isinstance(size, (tuple, list)) else (size,)
    elif len(given) == 1 and isinstance(given[0], (tuple, list)):
        given = tuple(given[0])
    elif not given:
        raise DTypeError(
            message(f"{name}: the size is missing", fix=f"{name}(()) makes a 0-d tensor, {name}(3) three elements")
        )
    try:
        dims = tuple([n if type(n) is int else _size(n) for n in given])
    except TypeError:
        raise DTypeError(
            message(f"{name}: sizes must be integers", got=given, fix=f"{name}(2, 3) or {name}((2, 3))")
        ) from None
    if len(dims) and prod(dims) > LARGEST:
        raise AutogradError(
            message(f"{name}: can't allocate memory for so many elements", got=f"{prod(dims):,} elements, shape {dims}")
        )
    if dims and min(dims) < 0:
        raise AutogradError(
            message(f"{name}: Trying to create tensor with negative dimension", got=dims, fix="use sizes of 0 or more")
        )
    return dims


def _size(n: Any) -> int:
    if isinstance(n, (bool, np.bool_)):
        raise TypeError
    return as_index(n)


def number(value: Any, name: str) -> Any:
    """A Python number from a number, a NumPy scalar or a tensor with one element. TypeError for the rest."""
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, np.generic) or (type(value) in TYPES and value.array.ndim == 0):
        return value.item()
    raise DTypeError(message(f"{name} must be a number", got=f"{value!r:.60}"))


def operand(input: Any, name: str) -> Array:
    """The array of the tensor `input`. TypeError for anything else."""
    if type(input) not in TYPES:
        raise DTypeError(
            message(f"{name}: the input must be a Tensor", got=type(input).__name__, fix="tensor(...) makes one")
        )
    array: Array = input.array
    return array


def fill_kind(value: Any) -> np.dtype[Any]:
    """The dtype of a tensor full of `value`: bool, int64, or the default float."""
    if isinstance(value, bool):
        return np.dtype(np.bool_)
    return np.dtype(np.int64) if isinstance(value, int) else default_float()


# -- like another tensor -----------------------------------------------------------------------------


def like(array: Array, dtype: object, memory_format: Any = None, name: str = "empty_like") -> Array:
    """An uninitialised array of the same shape, and order in memory (or in that of a memory format)."""
    kind = array.dtype if dtype is None else wanted_dtype(dtype).dtype
    order = None if memory_format is None else order_for(memory_format, array.ndim, name)
    return laid_like(array, kind, order)


@flags
def empty_like(
    input: Any, *, dtype: object = None, layout: object = None, device: object = None, requires_grad: bool = False,
    memory_format: object = None,
) -> Tensor:  # fmt: skip
    """An uninitialised tensor of the same shape and dtype."""
    return made(like(operand(input, "empty_like"), dtype, memory_format), device, requires_grad)


def _filled_like(input: Any, value: Any, dtype: object, memory_format: object, name: str) -> Array:
    array = like(operand(input, name), dtype, memory_format)
    array[...] = convertible(value, array.dtype, name)
    return array


@flags
def zeros_like(
    input: Any, *, dtype: object = None, layout: object = None, device: object = None, requires_grad: bool = False,
    memory_format: object = None,
) -> Tensor:  # fmt: skip
    """Zeros of the same shape and dtype.

    >>> import tinygrad_nn as tg
    >>> tg.zeros_like(tg.tensor([1, 2]))
    tensor([0, 0])
    """
    return made(_filled_like(input, 0, dtype, memory_format, "zeros_like"), device, requires_grad)


@flags
def ones_like(
    input: Any, *, dtype: object = None, layout: object = None, device: object = None, requires_grad: bool = False,
    memory_format: object = None,
) -> Tensor:  # fmt: skip
    """Ones of the same shape and dtype."""
    return made(_filled_like(input, 1, dtype, memory_format, "ones_like"), device, requires_grad)


@flags
def full_like(
    input: Any, fill_value: Any, *, dtype: object = None, layout: object = None, device: object = None,
    requires_grad: bool = False, memory_format: object = None,
) -> Tensor:  # fmt: skip
    """`fill_value` in the same shape and dtype."""
    value = number(fill_value, "full_like: fill_value")
    return made(_filled_like(input, value, dtype, memory_format, "full_like"), device, requires_grad)


# -- methods: a new tensor of this one's dtype --------------------------------------------------------


def _kind(input: Any, dtype: object) -> np.dtype[Any]:
    return input.array.dtype if dtype is None else wanted_dtype(dtype).dtype


@flags
def new_tensor(
    input: Any, data: Any, *, dtype: object = None, device: object = None, requires_grad: bool = False, **_: object
) -> Tensor:
    """A copy of `data` in this tensor's dtype."""
    return made(array_of(data, _kind(input, dtype), "new_tensor"), device, requires_grad)


@flags
def new_zeros(
    input: Any,
    *shape: Any,
    size: Any = None,
    dtype: object = None,
    device: object = None,
    requires_grad: bool = False,
    **_: object,
) -> Tensor:
    """Zeros in this tensor's dtype."""
    return made(np.zeros(size_of(shape, "new_zeros", size), _kind(input, dtype)), device, requires_grad)


@flags
def new_ones(
    input: Any,
    *shape: Any,
    size: Any = None,
    dtype: object = None,
    device: object = None,
    requires_grad: bool = False,
    **_: object,
) -> Tensor:
    """Ones in this tensor's dtype."""
    return made(np.ones(size_of(shape, "new_ones", size), _kind(input, dtype)), device, requires_grad)


@flags
def new_empty(
    input: Any,
    *shape: Any,
    size: Any = None,
    dtype: object = None,
    device: object = None,
    requires_grad: bool = False,
    **_: object,
) -> Tensor:
    """An uninitialised tensor in this tensor's dtype."""
    return made(np.empty(size_of(shape, "new_empty", size), _kind(input, dtype)), device, requires_grad)


@flags
def new_full(
    input: Any,
    size: Any,
    fill_value: Any,
    *,
    dtype: object = None,
    device: object = None,
    requires_grad: bool = False,
    **_: object,
) -> Tensor:
    """`fill_value` in this tensor's dtype."""
    value = number(fill_value, "new_full: fill_value")
    if not isinstance(size, (tuple, list)):
        raise DTypeError(
            message(
                "new_full: the size must be a tuple of integers", got=f"{size!r:.60}", fix="x.new_full((3,), value)"
            )
        )
    kind = _kind(input, dtype)
    value = convertible(value, kind, "new_full")
    return made(np.full(size_of((size,), "new_full"), value, kind), device, requires_grad)
