"""Reductions that choose an element: its value, and where it stands. And counting: histograms, bins.

Of equal elements `max` and `min` along a dimension name the first, and the gradient goes to the
named one; over all dimensions equal elements share the gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.dtypes import as_dtype, float32, float64
from tinygrad_nn.errors import DTypeError, IndexingError, OperandError, ShapeError, message
from tinygrad_nn.functions.checks import floating, tensors
from tinygrad_nn.functions.dims import axis, numpy_spelling
from tinygrad_nn.functions.elementwise import to_dtype
from tinygrad_nn.functions.reduce import refuse_empty
from tinygrad_nn.functions.results import ValuesIndices
from tinygrad_nn.ops import elementwise as elements
from tinygrad_nn.ops import index as indexing
from tinygrad_nn.ops import select as ops
from tinygrad_nn.ops import shape as shapes
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.tape import local

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor


def take_along(x: Any, index: Any, dim: int) -> Any:
    """x at `index` along `dim`; the other dimensions run in step. `index` has as many dimensions as `x`."""
    key = []
    for k, n in enumerate(index.shape):
        shape = [1] * len(index.shape)
        shape[k] = n
        key.append(index if k == dim else np.arange(n).reshape(shape))
    return indexing.pick_at(x, tuple(key))


def _chosen(name: str, places: Callable[..., Any], x: Any, dim: Any, keepdim: bool) -> ValuesIndices:
    """The elements at the places (along `dim`, kept as size one) that a primitive finds."""
    k = axis(dim, x.ndim, name)
    if not x.ndim:
        return ValuesIndices(shapes.clone(x, "K"), shapes.reshape(places(shapes.reshape(x, (1,)), 0, True), ()))
    refuse_empty(name, x, (k,))
    index = places(x, k, True)
    values = take_along(x, index, k)
    if keepdim:
        return ValuesIndices(values, index)
    shape = (*x.shape[:k], *x.shape[k + 1 :])
    return ValuesIndices(_owned(shapes.reshape(values, shape)), _owned(shapes.reshape(index, shape)))


def _owned(t: Any) -> Any:
    """A view of memory that nobody else holds is no view to the user."""
    if type(t) in TYPES:
        t._view = None
    return t


# -- the largest, the smallest ---------------------------------------------------------------------


@numpy_spelling
def max(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The largest element; with `dim`, `(values, indices)` along it; with a tensor, `maximum(input, other)`.

    Raises RuntimeError (IndexError with `dim`) for a tensor without elements.

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([[1, 5], [7, 2]])
    >>> tg.max(x).item(), tg.max(x, dim=1).indices.tolist()
    (7, [1, 0])
    """
    return _extreme("max", (ops.max, ops.argmax, elements.maximum), input, dim, keepdim, other)


@numpy_spelling
def min(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The smallest element: see `max`.

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([[1, 5], [7, 2]])
    >>> tg.min(x).item(), tg.min(x, dim=1).values.tolist()
    (1, [1, 2])
    """
    return _extreme("min", (ops.min, ops.argmin, elements.minimum), input, dim, keepdim, other)


def _extreme(name: str, forms: tuple[Any, Any, Any], input: Any, dim: Any, keepdim: bool, other: Any) -> Any:
    of_all, places, of_two = forms
    tensors(name, input=input)
    if other is None and (type(dim) in TYPES or isinstance(dim, np.ndarray)):
        dim, other = None, dim
    if other is not None:
        tensors(name, other=other)
        return of_two(input, other)
    if dim is not None:
        return _chosen(name, places, input, dim, keepdim)
    if keepdim:
        raise DTypeError(message(f"{name}: keepdim needs a dim", fix=f"a{name}(x, keepdim=True)"))
    refuse_empty(name, input, None)
    return of_all(input)


@numpy_spelling
def argmax(input: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the largest element (of the flattened tensor if `dim` is None), the first among equals.

    >>> import tinygrad_nn as tg
    >>> tg.argmax(tg.tensor([[1, 5], [7, 2]]), dim=1).tolist()
    [1, 0]
    """
    return _place("argmax", ops.argmax, input, dim, keepdim)  # type: ignore[no-any-return]


@numpy_spelling
def argmin(input: Any, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """The index of the smallest element (of the flattened tensor if `dim` is None), the first among equals.

    >>> import tinygrad_nn as tg
    >>> tg.argmin(tg.tensor([[1, 5], [7, 2]]), dim=1).tolist()
    [0, 1]
    """
    return _place("argmin", ops.argmin, input, dim, keepdim)  # type: ignore[no-any-return]


def _place(name: str, primitive: Callable[..., Any], input: Any, dim: int | None, keepdim: bool) -> Any:
    tensors(name, input=input)
    if as_dtype(input.dtype).name == "bool":
        raise OperandError(message(f"{name}(): does not support bool input", fix="x.int()"))
    k = None if dim is None else axis(dim, input.ndim, name)
    refuse_empty(name, input, None if k is None or not input.ndim else (k,), IndexingError)
    return primitive(input, k if input.ndim else None, keepdim)


# -- the middle, the most frequent, the largest so far -----------------------------------------------


@numpy_spelling
def median(input: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """The middle element (of two, the lower); with `dim`, `(values, indices)` along it. NaN if one is, or of nothing.

    Raises RuntimeError for bools.

    >>> import tinygrad_nn as tg
    >>> tg.median(tg.tensor([3, 1, 4, 2])).item(), tg.median(tg.tensor([[1.0, 9.0, 4.0]]), dim=1).values.tolist()
    (2, [4.0])
    """
    tensors("median", input=input)
    if as_dtype(input.dtype).name == "bool":
        raise OperandError(message("median: not defined for bool", fix="x.int()"))
    if dim is not None:
        return _chosen("median", ops.median_place, input, dim, keepdim)
    if keepdim:
        raise DTypeError(message("median: keepdim needs a dim"))
    return ops.median(input)


@numpy_spelling
def mode(input: Any, dim: int = -1, keepdim: bool = False) -> ValuesIndices:
    """`(values, indices)` of the most frequent element along `dim`: of several, the smallest; its last place.

    >>> import tinygrad_nn as tg
    >>> tg.mode(tg.tensor([5, 1, 5, 1, 2])).values.item()
    1
    """
    tensors("mode", input=input)
    return _chosen("mode", ops.mode_place, input, dim, keepdim)


@numpy_spelling
def cummax(input: Any, dim: int) -> ValuesIndices:
    """`(values, indices)` of the largest element up to and with each place; the last among equals, NaN once met.

    >>> import tinygrad_nn as tg
    >>> values, indices = tg.cummax(tg.tensor([1, 3, 2, 3]), dim=0)
    >>> values.tolist(), indices.tolist()
    ([1, 3, 3, 3], [0, 1, 1, 3])
    """
    tensors("cummax", input=input)
    k = axis(dim, input.ndim, "cummax")
    x = input if input.ndim else shapes.reshape(input, (1,))
    index = ops.cummax_place(x, k)
    shape = tuple(input.shape)
    return ValuesIndices(shapes.reshape(take_along(x, index, k), shape), shapes.reshape(index, shape))


# -- counting --------------------------------------------------------------------------------------


def histc(input: Any, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """How many elements fall in each of `bins` equal parts of [min, max] (the data's range if both are equal).

    The last part includes its end; elements outside and NaN count nowhere. The result has the input's
    dtype. Raises RuntimeError for integers, bins < 1, max < min, or an infinite range.

    >>> import tinygrad_nn as tg
    >>> tg.histc(tg.tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3).tolist()
    [0.0, 2.0, 1.0, 0.0]
    """
    tensors("histc", input=input)
    floating("histc", input)
    if bins < 1:
        raise OperandError(message("histc: bins must be > 0", got=bins))
    if max < min:
        raise OperandError(message("histc: max must be larger than min", got=f"min={min}, max={max}"))
    return ops.histc(input, bins, float(min), float(max))  # type: ignore[no-any-return]


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Tensor:
    """How often each of 0, 1, ... occurs (or the sum of its weights), for at least `minlength` values.

    input: (N,) non-negative integers; weights: (N,). RuntimeError otherwise.

    >>> import tinygrad_nn as tg
    >>> tg.bincount(tg.tensor([1, 1, 3])).tolist()
    [0, 2, 0, 1]
    """
    tensors("bincount", input=input)
    if not as_dtype(input.dtype).category == 1 or input.ndim != 1:
        raise OperandError(
            message(
                "bincount only supports 1-d non-negative integral inputs",
                got=f"{as_dtype(input.dtype)} of shape {tuple(input.shape)}",
            )
        )
    if minlength < 0:
        raise OperandError(message("bincount: minlength should be >= 0", got=minlength))
    if local.mode.tracer is not None and (minlength == 0 or (input.array.size and input.array.max() >= minlength)):
        local.mode.tracer.read(input)  # how many values there are depends on the largest
    if weights is None:
        return ops.bincount(input, None, minlength)  # type: ignore[no-any-return]
    tensors("bincount", weights=weights)
    if tuple(weights.shape) != tuple(input.shape):
        raise ShapeError(
            message(
                "bincount: weights should be 1-d and have the same length as input",
                got=f"input {tuple(input.shape)}, weights {tuple(weights.shape)}",
            )
        )
    kind = float32 if as_dtype(weights.dtype) is float32 else float64
    return ops.bincount(input, to_dtype(weights, kind), minlength)  # type: ignore[no-any-return]
