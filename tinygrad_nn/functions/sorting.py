"""Order and search: sort, topk, unique, nonzero, searchsorted, bucketize."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.dtypes import as_dtype
from tinygrad_nn.errors import AutogradError, DTypeError, OperandError, ShapeError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.functions.attributes import clone
from tinygrad_nn.functions.checks import number, tensors
from tinygrad_nn.functions.data import read
from tinygrad_nn.functions.dims import axis, whole
from tinygrad_nn.functions.elementwise import to_dtype
from tinygrad_nn.functions.places import along, gather
from tinygrad_nn.functions.results import ValuesIndices
from tinygrad_nn.ops import index as ops
from tinygrad_nn.ops.shape import in_order
from tinygrad_nn.order import order_of
from tinygrad_nn.primitive import TYPES, Primitive, node_of, wrap
from tinygrad_nn.tape import Node, local

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor


# -- order -------------------------------------------------------------------------------------------


@flags
def sort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> ValuesIndices:
    """The elements in order along `dim`, and where they stood. NaN counts as the largest; equals keep their order.

    >>> import tinygrad_nn as tg
    >>> values, indices = tg.sort(tg.tensor([3, 1, 2]))
    >>> values, indices
    (tensor([1, 2, 3]), tensor([1, 2, 0]))
    """
    indices = argsort(input, dim, descending, stable)
    if not input.ndim:
        return ValuesIndices(clone(input), indices)
    return ValuesIndices(in_order(along(input, dim % input.ndim, indices), order_of(input.array)), indices)


@flags
def argsort(input: Any, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The indices that sort along `dim`."""
    tensors("argsort", input=input)
    k = axis(dim, input.ndim, "sort")
    if not input.ndim:
        return wrap(np.zeros((), np.int64))  # type: ignore[no-any-return]
    return ops.argsort(input, k, bool(descending), bool(stable))  # type: ignore[no-any-return]


def msort(input: Any) -> Tensor:
    """The elements in order along the first dimension."""
    return sort(input, 0).values


@flags
def topk(input: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> ValuesIndices:
    """The k largest (or smallest) elements along `dim`, the best first, and where they stand.

    Raises RuntimeError for a k beyond the size of the dimension.

    >>> import tinygrad_nn as tg
    >>> tg.topk(tg.tensor([1.0, 3.0, 2.0]), 2).indices
    tensor([1, 2])
    """
    tensors("topk", input=input)
    if input.array.dtype.kind == "b":
        raise OperandError(message("topk: does not support bool", fix="x.int()"))
    count = whole(k, "topk", "k")
    place = axis(dim, input.ndim, "topk")
    n = input.array.shape[place] if input.ndim else 1
    if not 0 <= count <= n:
        raise ShapeError(message("topk: selected index k out of range", got=f"k={count}, size {n} of dim {dim}"))
    if not input.ndim:
        if count == 0:
            return ValuesIndices(gather(input, 0, wrap(np.zeros(0, np.int64))), wrap(np.zeros(0, np.int64)))
        return ValuesIndices(clone(input), wrap(np.zeros((), np.int64)))
    indices = ops.argtop(input, count, place, bool(largest))
    return ValuesIndices(along(input, place, indices), indices)


# -- what is there -----------------------------------------------------------------------------------


@flags
def unique(
    input: Any, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The different elements in order (the different slices along `dim`). A gradient through them is refused.

    Also, if asked for, the place of each element among them, and how often each occurs.

    >>> import tinygrad_nn as tg
    >>> tg.unique(tg.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    tensors("unique", input=input)
    k = None if dim is None else axis(dim, input.ndim, "unique")
    array = read(input)
    values, inverse, counts = np.unique(array, return_inverse=True, return_counts=True, axis=k, equal_nan=False)
    places = inverse.reshape(array.shape if k is None else -1)
    return _found(input, values, places, counts, return_inverse, return_counts)


def _no_derivative(g: Any) -> Any:
    raise OperandError(message("unique: the derivative is not implemented", fix="x.detach().unique()"))


UNIQUE = Primitive("unique", lambda x: x, (_no_derivative,), arity=1)
"""What stands on the tape for values that were picked by what they are: a gradient asked through them is refused."""


def _found(x: Any, values: Any, inverse: Any, counts: Any, return_inverse: bool, return_counts: bool) -> Any:
    values = np.ascontiguousarray(values) if values.ndim else values
    parent = node_of(x) if local.mode.grad else None
    node = None if parent is None else Node(UNIQUE, (parent,), (), None, values.shape, values.dtype, local.mode.scope)
    parts = [wrap(values, node)]
    if return_inverse:
        parts.append(wrap(inverse.astype(np.int64, copy=False)))
    if return_counts:
        parts.append(wrap(counts.astype(np.int64, copy=False)))
    return parts[0] if len(parts) == 1 else tuple(parts)


@flags
def unique_consecutive(
    input: Any, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """Runs of equal elements (of equal slices along `dim`), each once."""
    tensors("unique_consecutive", input=input)
    array = read(input)
    rows = array.reshape(-1, 1) if dim is None else np.moveaxis(array, axis(dim, input.ndim, "unique_consecutive"), 0)
    flat = rows.reshape(len(rows), -1)
    starts = np.ones(len(rows), np.bool_)
    if len(rows):
        starts[1:] = (flat[1:] != flat[:-1]).any(1)
    first = np.flatnonzero(starts)
    values = (
        array.reshape(-1)[first]
        if dim is None
        else np.moveaxis(rows[first], 0, axis(dim, input.ndim, "unique_consecutive"))
    )
    inverse = np.cumsum(starts) - 1
    counts = np.diff(np.append(first, len(rows)))
    places = inverse.reshape(array.shape if dim is None else -1)
    return _found(input, values, places, counts, return_inverse, return_counts)


@flags
def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """The places of the elements that are not zero: (n, ndim), or a tuple with a vector for each dimension.

    >>> import tinygrad_nn as tg
    >>> tg.nonzero(tg.tensor([0, 5, 7]))
    tensor([[1],
            [2]])
    """
    tensors("nonzero", input=input)
    if not isinstance(as_tuple, (bool, np.bool_)):
        raise DTypeError(message("nonzero: as_tuple must be a bool", got=repr(as_tuple)))
    array = read(input)
    if as_tuple:
        return tuple(wrap(np.stack(np.nonzero(np.atleast_1d(array)))))
    return wrap(np.argwhere(array).astype(np.int64, copy=False))


def argwhere(input: Any) -> Tensor:
    """`nonzero`, by NumPy's name."""
    return nonzero(input)  # type: ignore[no-any-return]


@flags
def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element is among `test_elements`."""
    left, right = [read(one) if type(one) in TYPES else np.asarray(one) for one in (elements, test_elements)]
    return wrap(np.asarray(np.isin(left, right, assume_unique=assume_unique, invert=invert)))  # type: ignore[no-any-return]


# -- search ------------------------------------------------------------------------------------------


@flags
def searchsorted(
    sorted_sequence: Any,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Any = None,
) -> Tensor:
    """Where each value of `input` would go into the sorted last dimension of `sorted_sequence`.

    right=False: the first i with sequence[i] >= value; right=True: with sequence[i] > value.
    A sequence of several dimensions takes as many rows of values.

    >>> import tinygrad_nn as tg
    >>> tg.searchsorted(tg.tensor([1, 3, 5]), tg.tensor([3, 6]))
    tensor([1, 3])
    """
    tensors("searchsorted", sorted_sequence=sorted_sequence)
    edges = sorted_sequence
    if type(input) not in TYPES:
        number("searchsorted", input=input)
        input = wrap(np.asarray(input))
    if side is not None:
        if side not in ("left", "right"):
            raise AutogradError(message("searchsorted: side can only be 'left' or 'right'", got=repr(side)))
        if right and side == "left":
            raise AutogradError(
                message("searchsorted: side and right can't be set to opposites", got="side='left', right=True")
            )
        right = side == "right"
    if not edges.ndim:
        raise ShapeError("searchsorted: the sorted sequence should have one dimension at least")
    if edges.ndim > 1 and tuple(edges.shape)[:-1] != tuple(input.shape)[:-1]:
        raise ShapeError(
            message(
                "searchsorted: the first dimensions of sequence and values must match",
                got=f"{tuple(edges.shape)} and {tuple(input.shape)}",
            )
        )
    if sorter is not None:
        if tuple(sorter.shape) != tuple(edges.shape):
            raise ShapeError(
                message(
                    "searchsorted: sequence and sorter must have the same size",
                    got=f"{tuple(edges.shape)} and {tuple(sorter.shape)}",
                )
            )
        edges = gather(edges, -1, sorter)
    return _placed(edges, input, right, out_int32)


def _placed(edges: Any, values: Any, right: bool, out_int32: bool) -> Tensor:
    found = ops.searchsorted(edges, values, bool(right))
    return to_dtype(found, as_dtype("int32" if out_int32 else "int64"))  # type: ignore[no-any-return]


@flags
def bucketize(input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """The number of the bucket of each value, where `boundaries` (a sorted vector) separate buckets.

    >>> import tinygrad_nn as tg
    >>> tg.bucketize(tg.tensor([0, 3, 9]), tg.tensor([1, 3, 5]))
    tensor([0, 1, 3])
    """
    tensors("bucketize", boundaries=boundaries)
    if boundaries.ndim != 1:
        raise ShapeError(
            message("bucketize: boundaries tensor must be 1 dimension", got=f"shape {tuple(boundaries.shape)}")
        )
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)
