"""Tensors of one value: zeros, ones, any other; uninitialised ones; the identity."""

from __future__ import annotations

from operator import index as as_index
from typing import Any

import numpy as np

from tinygrad_nn.dtypes import convertible
from tinygrad_nn.errors import AutogradError, DTypeError, ShapeError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.functions.data import numpy_kind
from tinygrad_nn.functions.fill import fill_kind, made, number, size_of
from tinygrad_nn.functions.formats import order_for
from tinygrad_nn.order import like
from tinygrad_nn.tensor import Tensor

__all__ = ["empty", "empty_strided", "eye", "full", "ones", "zeros"]


@flags
def zeros(
    *shape: Any, size: Any = None, dtype: object = None, layout: object = None, device: object = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Zeros: zeros(2, 3), zeros((2, 3)).

    Raises TypeError for sizes that are no integers, RuntimeError for negative ones.

    >>> zeros(2, 3)
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    return made(np.zeros(size_of(shape, "zeros", size), numpy_kind(dtype)), device, requires_grad)


@flags
def ones(
    *shape: Any, size: Any = None, dtype: object = None, layout: object = None, device: object = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Ones: ones(2, 3), ones((2, 3)).

    >>> ones(2, dtype=int)
    tensor([1, 1])
    """
    return made(np.ones(size_of(shape, "ones", size), numpy_kind(dtype)), device, requires_grad)


@flags
def empty(
    *shape: Any, size: Any = None, dtype: object = None, layout: object = None, device: object = None,
    requires_grad: bool = False, pin_memory: bool = False, memory_format: object = None,
) -> Tensor:  # fmt: skip
    """An uninitialised tensor: its elements are whatever the memory held."""
    array = np.empty(size_of(shape, "empty", size), numpy_kind(dtype))
    if memory_format is not None:
        order = order_for(memory_format, array.ndim, "empty")
        if order is None:
            raise ShapeError(message("empty: unsupported memory format Preserve", fix="leave memory_format out"))
        array = like(array, array.dtype, order)
    return made(array, device, requires_grad)


@flags
def empty_strided(
    size: Any, stride: Any, *, dtype: object = None, layout: object = None, device: object = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """An uninitialised tensor whose element (i, j, ...) lies i*stride[0] + j*stride[1] + ... elements in."""
    dims, steps = size_of((size,), "empty_strided"), size_of((stride,), "empty_strided")
    if len(dims) != len(steps):
        raise AutogradError(message("empty_strided: size and stride differ in length", got=f"{dims} and {steps}"))
    kind = numpy_kind(dtype)
    extent = 1 + sum((n - 1) * step for n, step in zip(dims, steps, strict=True)) if 0 not in dims else 0
    memory = np.empty(extent, kind)
    return made(np.ndarray(dims, kind, memory, 0, tuple(step * kind.itemsize for step in steps)), device, requires_grad)


@flags
def full(
    size: Any, fill_value: Any, *, dtype: object = None, layout: object = None, device: object = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`fill_value` everywhere; its kind gives the dtype (bool, int64, the default float).

    >>> full((2,), 7)
    tensor([7, 7])
    """
    if not isinstance(size, (tuple, list)):
        raise DTypeError(
            message("full: the size must be a tuple of integers", got=f"{size!r:.60}", fix="full((3,), value)")
        )
    value = number(fill_value, "full: fill_value")
    kind = fill_kind(value) if dtype is None else numpy_kind(dtype)
    return made(np.full(size_of((size,), "full"), convertible(value, kind, "full"), kind), device, requires_grad)


@flags
def eye(
    n: int, m: int | None = None, *, dtype: object = None, layout: object = None, device: object = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Ones on the main diagonal of an (n, m) matrix (m = n if left out), zeros elsewhere.

    >>> eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    try:
        rows, columns = as_index(n), as_index(n if m is None else m)
    except TypeError:
        raise DTypeError(message("eye: n and m must be integers", got=f"{n!r}, {m!r}")) from None
    if rows < 0 or columns < 0:
        raise AutogradError(message("eye: n and m must be greater or equal to 0", got=f"{rows}, {columns}"))
    return made(np.eye(rows, columns, dtype=numpy_kind(dtype)), device, requires_grad)
