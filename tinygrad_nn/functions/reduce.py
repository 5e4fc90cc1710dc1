"""Reductions in PyTorch's signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinygrad_nn.errors import AutogradError, message
from tinygrad_nn.functions.dims import axes, axis, numpy_spelling
from tinygrad_nn.functions.elementwise import to_dtype
from tinygrad_nn.ops import reduce as ops

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor


@numpy_spelling
def sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: object = None) -> Tensor:
    """The sum over `dim` (all dimensions if None); integers and bools add in int64."""
    x = input if dtype is None else to_dtype(input, dtype)
    return ops.sum(x, axes(dim, x.ndim, "sum"), keepdim)  # type: ignore[no-any-return]


@numpy_spelling
def mean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: object = None) -> Tensor:
    """The mean over `dim`; floating tensors only (RuntimeError otherwise)."""
    x = input if dtype is None else to_dtype(input, dtype)
    if not x.dtype.is_floating_point:
        raise AutogradError(
            message("mean: the input must be floating", got=f"dtype {x.dtype}", fix="convert first: x.float().mean()")
        )
    over = axes(dim, x.ndim, "mean")
    count = 1
    for k in range(x.ndim) if over is None else over:
        count *= x.array.shape[k]
    total = ops.sum(x, over, keepdim)
    return total / (count if count else float("nan"))  # type: ignore[no-any-return]


@numpy_spelling
def softmax(input: Any, dim: int | None = None, *, dtype: object = None) -> Tensor:
    """exp(x) / sum of exp(x) along `dim`."""
    x = input if dtype is None else to_dtype(input, dtype)
    return ops.softmax(x, axis(dim, x.ndim, "softmax"))  # type: ignore[no-any-return]


@numpy_spelling
def log_softmax(input: Any, dim: int | None = None, *, dtype: object = None) -> Tensor:
    """log(softmax(x, dim)), without its overflow."""
    x = input if dtype is None else to_dtype(input, dtype)
    return ops.log_softmax(x, axis(dim, x.ndim, "log_softmax"))  # type: ignore[no-any-return]


@numpy_spelling
def argmax(input: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the largest element (of the flattened tensor if `dim` is None), the first among equals."""
    return ops.argmax(input, None if dim is None else axis(dim, input.ndim, "argmax"), keepdim)  # type: ignore[no-any-return]
