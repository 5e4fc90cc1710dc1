"""Shape functions in PyTorch's signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinygrad_nn.functions.dims import axis, sizes
from tinygrad_nn.ops import shape as ops

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor


def reshape(input: Any, *shape: Any) -> Tensor:
    """The same elements in another shape (one size may be -1): a view where memory allows, else a copy."""
    return ops.reshape(input, sizes(shape))  # type: ignore[no-any-return]


def permute(input: Any, *dims: Any) -> Tensor:
    """A view with the dimensions in another order."""
    return ops.permute(input, tuple([axis(d, input.ndim, "permute") for d in sizes(dims)]))  # type: ignore[no-any-return]


def transpose(input: Any, dim0: int, dim1: int) -> Tensor:
    """A view with two dimensions exchanged."""
    order = list(range(input.ndim))
    i, j = axis(dim0, input.ndim, "transpose"), axis(dim1, input.ndim, "transpose")
    if order:
        order[i], order[j] = order[j], order[i]
    return ops.permute(input, tuple(order))  # type: ignore[no-any-return]


def t(input: Any) -> Tensor:
    """The transpose of a matrix."""
    return transpose(input, 0, 1) if input.ndim == 2 else input  # type: ignore[no-any-return]


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Dimensions start_dim..end_dim made one."""
    shape = tuple(input.shape)
    first, last = axis(start_dim, len(shape), "flatten"), axis(end_dim, len(shape), "flatten")
    return ops.reshape(input, (*shape[:first], -1, *shape[last + 1 :]))  # type: ignore[no-any-return]


def unsqueeze(input: Any, dim: int) -> Tensor:
    """A view with a new dimension of size one at `dim`."""
    k = axis(dim, input.ndim + 1, "unsqueeze")
    shape = tuple(input.shape)
    return ops.reshape(input, (*shape[:k], 1, *shape[k:]))  # type: ignore[no-any-return]


def stack(tensors: Any, dim: int = 0) -> Tensor:
    """Tensors of one shape along a new dimension."""
    tensors = tuple(tensors)
    return ops.stack(tensors, axis(dim, tensors[0].ndim + 1, "stack"))  # type: ignore[no-any-return]


def cat(tensors: Any, dim: int = 0) -> Tensor:
    """Tensors one after the other along a dimension."""
    tensors = tuple(tensors)
    k = axis(dim, tensors[0].ndim, "cat")
    offsets = [0]
    for tensor in tensors:
        offsets.append(offsets[-1] + tensor.shape[k])
    return ops.cat(tensors, k, tuple(offsets))  # type: ignore[no-any-return]
