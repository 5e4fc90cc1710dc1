"""Copies with elements at other places, or several times: repeat, roll, flip, triangles, diagonals, grids."""

from __future__ import annotations

import warnings
from math import prod
from operator import index as as_index
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.dtypes import as_dtype
from tinygrad_nn.errors import DTypeError, IndexingError, ShapeError, message
from tinygrad_nn.functions.attributes import clone
from tinygrad_nn.functions.broadcast import expand
from tinygrad_nn.functions.checks import tensors as checked
from tinygrad_nn.functions.dims import axis, sizes
from tinygrad_nn.functions.shape import diagonal as diagonal_of
from tinygrad_nn.ops import shape as ops
from tinygrad_nn.ops.index import pick_at
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.tape import local

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor


# -- several times -----------------------------------------------------------------------------------


def repeat(input: Any, *repeats: Any, **named: Any) -> Tensor:
    """The whole tensor so many times along each dimension; more numbers than dimensions add leading ones.

    >>> import tinygrad_nn as tg
    >>> tg.tensor([1, 2]).repeat(2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    checked("repeat", input=input)
    times = sizes((tuple(named["repeats"]),) if "repeats" in named else repeats)
    if len(times) < input.ndim:
        raise ShapeError(
            message(
                "repeat: Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor",
                got=f"{times} for shape {tuple(input.shape)}",
            )
        )
    return _tiled(input, times, "repeat")


def tile(input: Any, *dims: Any, **named: Any) -> Tensor:
    """`repeat` by NumPy's rules: missing leading numbers are ones."""
    checked("tile", input=input)
    if not dims and not named:
        raise DTypeError(message("tile: the numbers of repeats are missing", fix="x.tile(2)"))
    times = sizes((tuple(named["dims"]),) if "dims" in named else dims)
    return _tiled(input, (1,) * (input.ndim - len(times)) + times, "tile")


def _tiled(input: Any, times: tuple[int, ...], name: str) -> Tensor:
    """Each dimension beside a new one of the number of repeats: (r1, n1, r2, n2, ...), then joined."""
    if min(times, default=0) < 0:
        raise ShapeError(message(f"{name}: Trying to create tensor with negative dimension", got=f"repeats {times}"))
    shape = (1,) * (len(times) - input.ndim) + tuple(input.shape)
    spread = ops.reshape(input, tuple([m for n in shape for m in (1, n)]))
    wide = ops.expand(spread, tuple([m for pair in zip(times, shape, strict=True) for m in pair]))
    result = ops.reshape(wide, tuple([r * n for r, n in zip(times, shape, strict=True)]))
    return result if result._view is None else ops.clone(result, "C")  # type: ignore[no-any-return]


def repeat_interleave(
    input: Any, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each element so many times, one after the other, along `dim` (of the flattened tensor if None).

    repeats: a number, or a tensor with one for each position. Alone, a tensor of repeats gives the
    positions: repeat_interleave([1, 2]) is [0, 1, 1].

    >>> import tinygrad_nn as tg
    >>> tg.tensor([1, 2]).repeat_interleave(2)
    tensor([1, 1, 2, 2])
    """
    checked("repeat_interleave", input=input)
    if repeats is None:
        return _interleaved(wrap(np.arange(input.array.size)), input, 0)
    if dim is None:
        input = ops.reshape(input, (prod(input.shape),))
    elif not input.ndim:
        raise IndexingError(
            message("repeat_interleave: a tensor without dimensions has none to repeat along", got=f"dim={dim}")
        )
    return _interleaved(input, repeats, axis(0 if dim is None else dim, input.ndim, "repeat_interleave"))


def _interleaved(input: Any, repeats: Any, dim: int) -> Tensor:
    if type(repeats) in TYPES:
        if local.mode.tracer is not None:
            local.mode.tracer.read(repeats)
        counts = repeats.array
    else:
        counts = np.asarray(repeats)
    n = input.shape[dim]
    if counts.dtype.kind not in "iu":
        error = NotImplementedError if type(repeats) in TYPES else DTypeError
        raise error(
            message("repeat_interleave: repeats must be integers", got=f"dtype {counts.dtype}", fix="repeats.long()")
        )
    if counts.ndim > 1 or (counts.ndim and counts.size not in (1, n)):
        raise ShapeError(
            message(
                "repeat_interleave: repeats must have the same size as input along dim",
                got=f"{counts.shape} for size {n} of dim {dim}",
            )
        )
    if counts.size and counts.min() < 0:
        raise ShapeError(message("repeat_interleave: Repeats must be non-negative", got=counts.min()))
    places = np.repeat(np.arange(n), counts if counts.ndim and counts.size == n else counts.reshape(-1))
    return pick_at(input, (slice(None),) * dim + (places,))  # type: ignore[no-any-return]


# -- elsewhere ---------------------------------------------------------------------------------------


def roll(input: Any, shifts: Any, dims: Any = None) -> Tensor:
    """Elements moved on by `shifts` along `dims` (of the flattened tensor if None), the last ones to the front.

    >>> import tinygrad_nn as tg
    >>> tg.tensor([1, 2, 3]).roll(1)
    tensor([3, 1, 2])
    """
    checked("roll", input=input)
    steps = sizes((shifts,))
    if dims is None or (isinstance(dims, (tuple, list)) and not dims):
        if len(steps) != 1:
            raise ShapeError(message("roll: shifts and dimensions must align", got=f"shifts {steps}, no dims"))
        return ops.roll(input, steps[0], None)  # type: ignore[no-any-return]
    places = tuple([axis(d, input.ndim, "roll") for d in sizes((dims,))])
    if places and not input.ndim:
        raise IndexingError(message("roll: a tensor without dimensions has none to roll along", got=f"dims {dims}"))
    if len(steps) != len(places):
        raise ShapeError(message("roll: shifts and dimensions must align", got=f"shifts {steps}, dims {dims}"))
    return ops.roll(input, steps, places)  # type: ignore[no-any-return]


def flip(input: Any, *dims: Any, **named: Any) -> Tensor:
    """The order of elements reversed along each of `dims`.

    >>> import tinygrad_nn as tg
    >>> tg.tensor([[1, 2], [3, 4]]).flip(1)
    tensor([[2, 1],
            [4, 3]])
    """
    checked("flip", input=input)
    if not dims and not named:
        raise DTypeError(message("flip: the dims are missing", fix="x.flip(0)"))
    places = tuple([axis(d, input.ndim, "flip") for d in sizes((tuple(named["dims"]),) if "dims" in named else dims)])
    if len(set(places)) < len(places):
        raise ShapeError(message("flip: a dim appears multiple times in the list of dims", got=dims))
    return ops.flip(input, places if input.ndim else ())  # type: ignore[no-any-return]


def fliplr(input: Any) -> Tensor:
    """`flip` of the second dimension."""
    if input.ndim < 2:
        raise ShapeError(
            message("fliplr: the input must have two dimensions at least", got=f"shape {tuple(input.shape)}")
        )
    return ops.flip(input, (1,))  # type: ignore[no-any-return]


def flipud(input: Any) -> Tensor:
    """`flip` of the first dimension."""
    if input.ndim < 1:
        raise ShapeError("flipud: the input must have one dimension at least")
    return ops.flip(input, (0,))  # type: ignore[no-any-return]


# -- triangles and diagonals -------------------------------------------------------------------------


def _offset(diagonal: Any, name: str) -> int:
    try:
        return as_index(diagonal)
    except TypeError:
        raise DTypeError(message(f"{name}: diagonal must be an integer", got=repr(diagonal))) from None


def tril(input: Any, diagonal: int = 0) -> Tensor:
    """The elements on and below a diagonal of the last two dimensions; zeros above."""
    checked("tril", input=input)
    if input.ndim < 2:
        raise ShapeError(
            message("tril: input tensor must have at least 2 dimensions", got=f"shape {tuple(input.shape)}")
        )
    return ops.tril(input, _offset(diagonal, "tril"))  # type: ignore[no-any-return]


def triu(input: Any, diagonal: int = 0) -> Tensor:
    """The elements on and above a diagonal of the last two dimensions; zeros below."""
    checked("triu", input=input)
    if input.ndim < 2:
        raise ShapeError(
            message("triu: input tensor must have at least 2 dimensions", got=f"shape {tuple(input.shape)}")
        )
    return ops.triu(input, _offset(diagonal, "triu"))  # type: ignore[no-any-return]


def diag(input: Any, diagonal: int = 0) -> Tensor:
    """Of a vector, the matrix with it on a diagonal; of a matrix, a copy of its diagonal.

    >>> import tinygrad_nn as tg
    >>> tg.diag(tg.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    checked("diag", input=input)
    if input.ndim == 1:
        return diag_embed(input, diagonal)
    if input.ndim != 2:
        raise ShapeError(
            message(
                "diag: supports vectors and matrices",
                got=f"shape {tuple(input.shape)}",
                fix="diagonal() takes batches of matrices",
            )
        )
    return clone(diagonal_of(input, _offset(diagonal, "diag")))


def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The last dimension laid on a diagonal of two new ones; zeros elsewhere."""
    checked("diag_embed", input=input)
    ndim = input.ndim + 1
    i, j = axis(dim1, ndim, "diag_embed"), axis(dim2, ndim, "diag_embed")
    if i == j:
        raise ShapeError(message("diag_embed: dimensions cannot be identical", got=f"dim1={dim1}, dim2={dim2}"))
    if not input.ndim:
        axis(-2, 1, "diag_embed")
    k = _offset(offset, "diag_embed")
    side = input.shape[-1] + abs(k)
    rest = iter(tuple(input.shape)[:-1])
    size = tuple([side if d in (i, j) else next(rest) for d in range(ndim)])
    return ops.onto_diagonal(input, size, k, i, j)  # type: ignore[no-any-return]


# -- grids -------------------------------------------------------------------------------------------


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Coordinates of a grid: output k holds the values of tensor k along dimension k.

    indexing: "ij" (matrix order, the default), or "xy" (the first two dimensions exchanged).

    >>> import tinygrad_nn as tg
    >>> tg.meshgrid(tg.tensor([1, 2]), tg.tensor([3, 4]), indexing="ij")[0]
    tensor([[1, 1],
            [2, 2]])
    """
    given = tuple(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors
    if not given:
        raise ShapeError("meshgrid: expects at least one tensor")
    checked("meshgrid", **{f"tensors[{k}]": one for k, one in enumerate(given)})
    if indexing is None:
        warnings.warn(
            "meshgrid: the indexing argument will be required; pass indexing='ij' or 'xy'", UserWarning, stacklevel=2
        )
    elif indexing not in ("ij", "xy"):
        raise ShapeError(message('meshgrid: indexing must be one of "xy" or "ij"', got=indexing))
    for one in given:
        if one.ndim > 1:
            raise ShapeError(message("meshgrid: expected 0D or 1D tensors", got=f"shape {tuple(one.shape)}"))
    if len({as_dtype(one.dtype) for one in given}) > 1:
        raise ShapeError(
            message("meshgrid: expects all tensors to have the same dtype", got=[str(one.dtype) for one in given])
        )
    swapped = indexing == "xy" and len(given) > 1
    order = (given[1], given[0], *given[2:]) if swapped else given
    size = tuple([prod(one.shape) for one in order])
    grids = [expand(ops.reshape(one, (size[k],) + (1,) * (len(size) - k - 1)), size) for k, one in enumerate(order)]
    return (grids[1], grids[0], *grids[2:]) if swapped else tuple(grids)
