"""Choosing and writing elements by place: gather, scatter, take and the index_ functions.

Masks, and writes over the whole tensor, stand in `overwrite`.
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.errors import AutogradError, DTypeError, IndexingError, ShapeError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.functions.attributes import clone
from tinygrad_nn.functions.autocast import in_widest
from tinygrad_nn.functions.broadcast import broadcast_shapes, expand
from tinygrad_nn.functions.checks import number, tensors
from tinygrad_nn.functions.dims import axis
from tinygrad_nn.functions.overwrite import scalar
from tinygrad_nn.ops import index as ops
from tinygrad_nn.ops.elementwise import mul, where
from tinygrad_nn.ops.shape import in_order, reshape
from tinygrad_nn.order import order_of
from tinygrad_nn.primitive import TYPES, node_of, wrap
from tinygrad_nn.tape import local
from tinygrad_nn.views import inplace

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

ALL = slice(None)
INT64, INT32 = np.dtype(np.int64), np.dtype(np.int32)


# -- checks ------------------------------------------------------------------------------------------


def _integers(
    index: Any, name: str, error: type[Exception] = AutogradError, kinds: tuple[Any, ...] = (INT64, INT32)
) -> Any:
    """The array of an index tensor. TypeError for no tensor, `error` for another dtype."""
    tensors(name, index=index)
    if index.array.dtype not in kinds:
        raise error(
            message(
                f"{name}: Expected dtype {'/'.join(map(str, kinds))} for index",
                got=f"dtype {index.dtype}",
                fix="index.long()",
            )
        )
    return index.array


def _bounded(array: Any, n: int, dim: int, name: str, error: type[Exception], low: int = 0) -> None:
    """Every index within low .. n - 1."""
    if not array.size or (low == 0 and array.dtype == np.int64 and int(array.view(np.uint64).max()) < n):
        return  # one pass: read without sign, negative numbers are the largest
    least, most = int(array.min()), int(array.max())
    if least < low or most >= n:
        raise error(
            f"{name}: index {least if least < low else most} is out of bounds for dimension {dim} with size {n}"
        )


def _as_vector(input: Any) -> Any:
    return reshape(input, (1,)) if not input.array.ndim else input


# -- one index per element of the result -------------------------------------------------------------


def _grid(index: Any, dim: int) -> tuple[Any, ...]:
    """The index of out[i, j, k] = x[i, index[i, j, k], k]."""
    shape = index.array.shape
    last = len(shape) - 1
    return tuple([index if d == dim else _steps(n, last - d) for d, n in enumerate(shape)])


@lru_cache(maxsize=256)
def _steps(n: int, behind: int) -> Any:
    """0 .. n - 1 along a dimension with `behind` dimensions behind it."""
    steps = np.arange(n).reshape((n,) + (1,) * behind)
    steps.flags.writeable = False
    return steps


def along(x: Any, dim: int, places: Any) -> Tensor:
    """x[i, places[i, j, k], k] for dim 1, and so on: `gather` without its checks."""
    return ops.pick_at(x, _grid(places, dim))  # type: ignore[no-any-return]


@flags
def gather(input: Any, dim: int, index: Any, *, sparse_grad: bool = False) -> Tensor:
    """out[i, j] = input[index[i, j], j] for dim 0, input[i, index[i, j]] for dim 1; in the shape of `index`.

    Raises RuntimeError for an index out of range or of another number of dimensions.

    >>> import tinygrad_nn as tg
    >>> tg.gather(tg.tensor([[1, 2], [3, 4]]), 1, tg.tensor([[0], [1]]))
    tensor([[1],
            [4]])
    """
    tensors("gather", input=input)
    array = _integers(index, "gather")
    if array.shape == (0,):
        axis(dim, input.ndim, "gather")
        return ops.pick_at(reshape(input, (prod(input.shape),)), (index,))  # type: ignore[no-any-return]
    x, places = _as_vector(input), _as_vector(index)
    k = axis(dim, x.ndim, "gather")
    _check_places(places.array.shape, x.array.shape, k, "gather")
    _bounded(array, x.array.shape[k], k, "gather", AutogradError)
    result = ops.pick_at(x, _grid(places, k))
    return result if array.ndim else reshape(result, ())  # type: ignore[no-any-return]


def _check_places(
    index: tuple[int, ...], shape: tuple[int, ...], dim: int, name: str, source: tuple[int, ...] | None = None
) -> None:
    if len(index) != len(shape) or (source is not None and len(source) != len(shape)):
        raise ShapeError(
            message(
                f"{name}: Index tensor must have the same number of dimensions as input tensor (and source)",
                got=f"index {index}, input {shape}" + (f", source {source}" if source is not None else ""),
            )
        )
    for d, n in enumerate(index):
        if (d != dim and n > shape[d]) or (source is not None and n > source[d]):
            bound = f"{shape} apart from dimension {dim}" + ("" if source is None else f", and than source {source}")
            raise ShapeError(f"{name}: Expected index {index} to be no larger than input {bound}")


def scatter(
    input: Any, dim: int, index: Any, src: Any = None, value: Any = None, *, reduce: str | None = None
) -> Tensor:
    """A copy of `input` with out[index[i, j], j] = src[i, j] for dim 0, and so on; the inverse of `gather`.

    src: a tensor at least as large as `index`, or a number
    reduce: None writes; "add" and "multiply" combine with what is there (without gradient)

    >>> import tinygrad_nn as tg
    >>> tg.zeros(3).scatter(0, tg.tensor([2, 0]), tg.tensor([5.0, 6.0]))
    tensor([6., 0., 5.])
    """
    tensors("scatter", input=input)
    source = value if src is None else src
    array = _integers(index, "scatter")
    if type(source) in TYPES:
        if source.array.dtype != input.array.dtype:
            raise AutogradError(
                message(
                    "scatter: Expected self.dtype to be equal to src.dtype",
                    got=f"{input.dtype} and {source.dtype}",
                    fix="src.type_as(x)",
                )
            )
    else:
        number("scatter", src=source)
    if reduce not in (None, "add", "multiply"):
        raise AutogradError(message("scatter: reduce argument must be either add or multiply", got=repr(reduce)))
    if reduce is not None and local.mode.grad and (node_of(input) is not None or node_of(source) is not None):
        raise AutogradError(
            message(f"scatter: reduce='{reduce}' is not differentiable", fix="scatter_add, or detach() the tensors")
        )
    return _scattered(input, dim, index, array, source, reduce, "scatter")


def _scattered(input: Any, dim: int, index: Any, array: Any, source: Any, reduce: str | None, name: str) -> Tensor:
    k = axis(dim, input.ndim, name)
    if not array.size:
        return clone(input)
    x, places = _as_vector(input), _as_vector(index)
    if type(source) in TYPES:
        source = _as_vector(source)
    _check_places(places.array.shape, x.array.shape, k, name, source.array.shape if type(source) in TYPES else None)
    _bounded(array, x.array.shape[k], k, name, AutogradError)
    if type(source) in TYPES:
        if source.array.shape != places.array.shape:
            source = ops.slice_at(source, tuple([slice(0, n) for n in places.array.shape]))
    else:
        source = wrap(np.asarray(source).astype(x.array.dtype))
    if reduce == "multiply":
        result = ops.multiply_at(x, source, _grid(places, k))
    else:
        result = ops.index_put(x, source, _grid(places, k), reduce == "add")
    return result if input.ndim else reshape(result, ())  # type: ignore[no-any-return]


def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Tensor:
    """A copy of `input` with src[i, j] added at out[index[i, j], j] for dim 0, and so on; repeats add up.

    >>> import tinygrad_nn as tg
    >>> tg.zeros(2).scatter_add(0, tg.tensor([0, 0, 1]), tg.tensor([1.0, 2.0, 3.0]))
    tensor([3., 3.])
    """
    tensors("scatter_add", input=input, src=src)
    array = _integers(index, "scatter_add")
    if src.array.dtype != input.array.dtype:
        raise AutogradError(
            message("scatter_add: Expected self.dtype to be equal to src.dtype", got=f"{input.dtype} and {src.dtype}")
        )
    return _scattered(input, dim, index, array, src, "add", "scatter_add")


def take(input: Any, index: Any) -> Tensor:
    """The elements at flat positions, in the shape of `index`.

    >>> import tinygrad_nn as tg
    >>> tg.tensor([[1, 2], [3, 4]]).take(tg.tensor([3, 0]))
    tensor([4, 1])
    """
    tensors("take", input=input)
    array = _integers(index, "take", kinds=(INT64,))
    n = input.array.size
    _bounded(array, n, 0, "take", IndexingError, -n)
    return ops.pick_at(reshape(input, (n,)), (index,))  # type: ignore[no-any-return]


def take_along_dim(input: Any, indices: Any, dim: int | None = None) -> Tensor:
    """`gather`, with the other dimensions of both broadcast; flat without `dim`."""
    tensors("take_along_dim", input=input)
    array = _integers(indices, "take_along_dim", kinds=(INT64,))
    if dim is None:
        flat = reshape(indices, (array.size,))
        return take(input, flat)
    if input.ndim != indices.ndim:
        raise ShapeError(
            message(
                "take_along_dim: input and indices should have the same number of dimensions",
                got=f"{tuple(input.shape)} and {array.shape}",
            )
        )
    k = axis(dim, input.ndim, "take_along_dim")
    n = input.array.shape[k]
    _bounded(array, n, k, "take_along_dim", IndexingError, -n)
    mine, theirs = list(input.array.shape), list(array.shape)
    mine[k] = theirs[k] = 1
    shape = list(broadcast_shapes(mine, theirs))
    x = expand(input, (*shape[:k], n, *shape[k + 1 :]))
    return ops.pick_at(x, _grid(expand(indices, (*shape[:k], array.shape[k], *shape[k + 1 :])), k))  # type: ignore[no-any-return]


# -- rows by number ----------------------------------------------------------------------------------


def _row_key(
    input: Any, dim: int, index: Any, name: str, error: type[Exception], negative: bool = False
) -> tuple[Any, int, tuple[Any, ...]]:
    """The tensor (a 0-d one as a vector), the axis, and the key that chooses the rows."""
    x = _as_vector(input)
    k = axis(dim, input.ndim, name)
    rows = _as_vector(index)
    if rows.array.ndim != 1:
        raise IndexingError(message(f"{name}: Index is supposed to be a vector", got=f"shape {rows.array.shape}"))
    n = x.array.shape[k]
    _bounded(rows.array, n, k, name, error, -n if negative else 0)
    return x, k, (ALL,) * k + (rows,)


def index_select(input: Any, dim: int, index: Any) -> Tensor:
    """The rows (along `dim`) of the given numbers, in their order, repeats allowed.

    Raises IndexError for a number out of range or negative.

    >>> import tinygrad_nn as tg
    >>> tg.tensor([[1, 2], [3, 4]]).index_select(0, tg.tensor([1, 1]))
    tensor([[3, 4],
            [3, 4]])
    """
    tensors("index_select", input=input)
    _integers(index, "index_select")
    x, _, key = _row_key(input, dim, index, "index_select", IndexingError)
    result = ops.pick_at(x, key)
    return result if input.ndim else reshape(result, ())  # type: ignore[no-any-return]


def _rows_written(
    input: Any, dim: int, index: Any, source: Any, accumulate: bool, name: str, error: type[Exception]
) -> Tensor:
    tensors(name, input=input, source=source)
    _integers(index, name)
    if source.array.dtype != input.array.dtype:
        raise AutogradError(
            message(f"{name}: self and source must have the same dtype", got=f"{input.dtype} and {source.dtype}")
        )
    x, k, key = _row_key(input, dim, index, name, AutogradError if accumulate else IndexingError)
    given = _as_vector(source)
    expected = (*x.array.shape[:k], key[-1].array.size, *x.array.shape[k + 1 :])
    if given.array.ndim == len(expected) and given.array.shape[k] != expected[k]:
        raise error(
            f"{name}: Number of indices ({expected[k]}) should be equal to source.size(dim): "
            f"({given.array.shape[k]}), for dim: {k}"
        )
    if given.array.shape != expected:
        raise ShapeError(
            message(
                f"{name}: source tensor shape must match self tensor shape, excluding the specified dimension",
                got=f"self {x.array.shape}, source {given.array.shape}, {expected[k]} indices of dim {k}",
            )
        )
    result = ops.index_put(x, given, key, accumulate)
    return result if input.ndim else reshape(result, ())  # type: ignore[no-any-return]


def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Tensor:
    """A copy of `input` with alpha * source added to the rows of the given numbers; repeats add up."""
    tensors("index_add", source=source)
    return _rows_written(input, dim, index, source if alpha == 1 else mul(source, alpha), True, "index_add", ShapeError)


@in_widest
def index_copy(input: Any, dim: int, index: Any, source: Any) -> Tensor:
    """A copy of `input` with the rows of the given numbers replaced by those of `source`."""
    return _rows_written(input, dim, index, source, False, "index_copy", IndexingError)


def index_fill(input: Any, dim: int, index: Any, value: Any) -> Tensor:
    """A copy of `input` with `value` (a number or 0-d tensor) in the rows of the given numbers."""
    tensors("index_fill", input=input)
    _integers(index, "index_fill", IndexingError, (INT64,))
    x, _, key = _row_key(input, dim, index, "index_fill", IndexingError, negative=True)
    result = where(ops.touched(key, x.array.shape), scalar(value, input.array.dtype, "index_fill"), x)
    result = in_order(result, order_of(x.array))
    return result if input.ndim else reshape(result, ())  # type: ignore[no-any-return]


@flags
def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Tensor:
    """A copy of `input` with `values` written at input[indices], or with `accumulate` added (repeats add up).

    indices: a tuple of integer tensors and masks, one for each leading dimension
    values: a tensor of input's dtype that broadcasts to input[indices]

    >>> import tinygrad_nn as tg
    >>> tg.zeros(3).index_put((tg.tensor([0, 0]),), tg.tensor(1.0), accumulate=True)
    tensor([2., 0., 0.])
    """
    tensors("index_put", input=input, values=values)
    if not isinstance(indices, (tuple, list)):
        raise DTypeError(
            message(
                "index_put: indices must be a tuple of Tensors",
                got=type(indices).__name__,
                fix="x.index_put((index,), values)",
            )
        )
    if values.array.dtype != input.array.dtype:
        raise AutogradError(
            message(
                "index_put: requires the source and destination dtypes match",
                got=f"{input.dtype} and {values.dtype}",
                fix="values.type_as(x)",
            )
        )
    key = _index_tuple(indices, input)
    shape = np.empty(input.array.shape, np.bool_)[tuple([item.array for item in key])].shape
    given = values
    while given.array.ndim > len(shape) and given.array.shape[0] == 1:
        given = reshape(given, given.array.shape[1:])
    try:
        fits = np.broadcast_shapes(given.array.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            message(
                "index_put: shape mismatch: values cannot be broadcast to the indexing result",
                got=f"values {values.array.shape}, result {shape}",
            )
        )
    return in_order(ops.index_put(input, given, key, bool(accumulate)), order_of(input.array))  # type: ignore[no-any-return]


def _index_tuple(indices: Any, input: Any) -> tuple[Any, ...]:
    """The tensors of an index, checked."""
    used = 0
    for k, item in enumerate(indices):
        if type(item) not in TYPES:
            raise DTypeError(message(f"index_put: expected Tensor as element {k} of indices", got=type(item).__name__))
        if item.array.dtype.name not in ("int64", "int32", "bool", "uint8"):
            raise IndexingError(
                message(
                    "tensors used as indices must be long, int, byte or bool tensors",
                    got=f"dtype {item.dtype}",
                    fix="index.long()",
                )
            )
        if item.array.dtype.kind != "b" and used < input.ndim:
            n = input.array.shape[used]
            _bounded(item.array, n, used, "index_put", IndexingError, -n)
        used += item.array.ndim if item.array.dtype.kind == "b" else 1
    if used > input.ndim:
        raise IndexingError(f"index_put: too many indices for tensor of dimension {input.ndim} (got {used})")
    return tuple(indices)


index_put_ = inplace(index_put)
