"""The same elements in another shape: views, wherever memory allows.

Joining and cutting stand in `joining`; what copies elements to other places in `rearrange`.
"""

from __future__ import annotations

from math import prod
from operator import index as as_index
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.dtypes import as_dtype, dtype
from tinygrad_nn.errors import DTypeError, IndexingError, ShapeError, message
from tinygrad_nn.functions.checks import tensors
from tinygrad_nn.functions.dims import axis, sizes, whole
from tinygrad_nn.ops import shape as ops
from tinygrad_nn.ops.index import slice_at
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.views import detached

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor


# -- other sizes -------------------------------------------------------------------------------------


def reshape(input: Any, *shape: Any, **named: Any) -> Tensor:
    """The same elements in another shape (one size may be -1): a view where memory allows, else a copy.

    Raises RuntimeError if the elements do not fill the shape.

    >>> import tinygrad_nn as tg
    >>> tg.arange(6).reshape(2, -1)
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    return ops.reshape(input, _wanted(input, shape, named, "reshape", "shape"))  # type: ignore[no-any-return]


def _wanted(input: Any, given: tuple[Any, ...], named: dict[str, Any], name: str, keyword: str) -> tuple[int, ...]:
    """The shape asked for, with a size for -1."""
    if named:
        given = by_name(given, named, name, keyword)
    if type(input) not in TYPES:
        tensors(name, input=input)
    if not given:
        raise DTypeError(message(f"{name}: the shape is missing", fix=f"{name}(-1) flattens"))
    size = sizes(given)
    if -1 in size or (size and min(size) < 0):
        return _inferred(tuple(input.shape), size, name)
    return size


def by_name(given: tuple[Any, ...], named: dict[str, Any], name: str, keyword: str) -> tuple[Any, ...]:
    unknown = named.keys() - {keyword}
    if given or unknown:
        raise DTypeError(
            message(
                f"{name}: unexpected arguments",
                got=", ".join(sorted(unknown or named)),
                fix=f"{name}({keyword}=(2, 3))",
            )
        )
    return (tuple(named[keyword]) if isinstance(named[keyword], (tuple, list)) else named[keyword],)


def _inferred(shape: tuple[int, ...], size: tuple[int, ...], name: str) -> tuple[int, ...]:
    if min(size) < -1:
        raise ShapeError(
            message(
                f"{name}: invalid shape dimension {min(size)}", got=size, fix="only -1 stands for a size to be inferred"
            )
        )
    if size.count(-1) > 1:
        raise ShapeError(message(f"{name}: only one dimension can be inferred", got=size))
    known = prod(n for n in size if n != -1)
    count = prod(shape)
    if known == 0:
        raise ShapeError(
            message(
                f"{name}: the size -1 is ambiguous beside a size of 0",
                got=f"{shape} to {size}",
                fix="write the size out",
            )
        )
    if count % known:
        raise ShapeError(f"{name}: {shape} has {count} elements, which do not fill {size}")
    return tuple([count // known if n == -1 else n for n in size])


def view(input: Any, *shape: Any, **named: Any) -> Tensor:
    """A view in another shape; never a copy. view(dtype) reads the same bytes as another dtype.

    Raises RuntimeError if the elements do not fill the shape, or no view of it exists.
    """
    if len(shape) == 1 and isinstance(shape[0], (dtype, np.dtype, type)):
        return _other_type(input, as_dtype(shape[0]))
    size = _wanted(input, shape, named, "view", "size")
    result = ops.reshape(input, size)
    if result._view is None and not np.may_share_memory(result.array, input.array) and result.array.size:
        raise ShapeError(
            message(
                "view: size is not compatible with input tensor's size and stride "
                "(it spans across two contiguous subspaces)",
                got=f"shape {tuple(input.shape)}, strides {input.stride()}, view{size}",
                fix="Use .reshape(...) instead, or .contiguous() before",
            )
        )
    return result  # type: ignore[no-any-return]


def _other_type(input: Any, kind: dtype) -> Tensor:
    try:
        result: Any = wrap(input.array.view(kind.dtype))
    except (ValueError, TypeError) as error:
        raise ShapeError(
            message(f"view: {input.dtype} cannot be read as {kind}", got=f"shape {tuple(input.shape)}: {error}")
        ) from None
    return detached(input, result)  # type: ignore[no-any-return]


def view_as(input: Any, other: Any) -> Tensor:
    """A view in the shape of `other`."""
    tensors("view_as", other=other)
    return view(input, tuple(other.shape))


def reshape_as(input: Any, other: Any) -> Tensor:
    """The same elements in the shape of `other`."""
    tensors("reshape_as", other=other)
    return ops.reshape(input, tuple(other.shape))  # type: ignore[no-any-return]


def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Dimensions start_dim..end_dim made one.

    >>> import tinygrad_nn as tg
    >>> tg.zeros(2, 3, 4).flatten(1).shape
    tinygrad_nn.Size([2, 12])
    """
    tensors("flatten", input=input)
    shape = tuple(input.shape)
    first, last = axis(start_dim, len(shape), "flatten"), axis(end_dim, len(shape), "flatten")
    if first > last:
        raise ShapeError(
            message("flatten: start_dim cannot come after end_dim", got=f"start_dim={start_dim}, end_dim={end_dim}")
        )
    if shape and first == last:
        return input  # type: ignore[no-any-return]
    return ops.reshape(input, (*shape[:first], prod(shape[first : last + 1]), *shape[last + 1 :]))  # type: ignore[no-any-return]


def ravel(input: Any) -> Tensor:
    """All elements in one dimension: a view of a contiguous tensor, else a copy."""
    tensors("ravel", input=input)
    return ops.reshape(ops.in_order(input, "C"), (prod(input.shape),))  # type: ignore[no-any-return]


def unflatten(input: Any, dim: int, sizes: Any) -> Tensor:
    """Dimension `dim` made several, of the given sizes (one may be -1).

    >>> import tinygrad_nn as tg
    >>> tg.zeros(2, 12).unflatten(1, (3, -1)).shape
    tinygrad_nn.Size([2, 3, 4])
    """
    tensors("unflatten", input=input)
    shape, parts = tuple(input.shape), tuple([as_index(n) for n in sizes])
    k = axis(dim, len(shape), "unflatten")
    if not parts:
        raise ShapeError("unflatten: sizes must be non-empty")
    if -1 in parts and shape[k]:
        parts = _inferred((shape[k],), parts, "unflatten")
    if prod(parts) != shape[k]:
        raise ShapeError(
            message(
                f"unflatten: sizes don't multiply up to the size of dim {dim}",
                got=f"sizes {parts}, size {shape[k]} of {shape}",
            )
        )
    return view(input, (*shape[:k], *parts, *shape[k + 1 :]))


def squeeze(input: Any, dim: Any = None) -> Tensor:
    """A view without the dimensions of size one (of those in `dim`).

    >>> import tinygrad_nn as tg
    >>> tg.zeros(1, 3, 1).squeeze(0).shape
    tinygrad_nn.Size([3, 1])
    """
    tensors("squeeze", input=input)
    shape = tuple(input.shape)
    if dim is None:
        return ops.reshape(input, tuple([n for n in shape if n != 1]))  # type: ignore[no-any-return]
    asked = [axis(d, len(shape), "squeeze") for d in (dim if isinstance(dim, (tuple, list)) else (dim,))]
    if len(set(asked)) < len(asked):
        raise ShapeError(message("squeeze: a dim appears multiple times in the list of dims", got=tuple(dim)))
    return ops.reshape(input, tuple([n for k, n in enumerate(shape) if n != 1 or k not in asked]))  # type: ignore[no-any-return]


def unsqueeze(input: Any, dim: int) -> Tensor:
    """A view with a new dimension of size one at `dim`.

    >>> import tinygrad_nn as tg
    >>> tg.zeros(3).unsqueeze(-1).shape
    tinygrad_nn.Size([3, 1])
    """
    tensors("unsqueeze", input=input)
    k = axis(dim, input.ndim + 1, "unsqueeze")
    return slice_at(input, (slice(None),) * k + (None,))  # type: ignore[no-any-return]


def atleast_1d(*tensors: Any) -> Any:
    """0-d tensors with one dimension, the others as they are."""
    found = [t if t.ndim else ops.reshape(t, (1,)) for t in sequence(tensors)]
    return found[0] if len(found) == 1 and tensors[0] is not None and type(tensors[0]) in TYPES else tuple(found)


def atleast_2d(*tensors: Any) -> Any:
    """Tensors of fewer dimensions as rows, the others as they are."""
    found = [t if t.ndim > 1 else ops.reshape(t, (1, prod(t.shape))) for t in sequence(tensors)]
    return found[0] if len(found) == 1 and type(tensors[0]) in TYPES else tuple(found)


def sequence(tensors: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(tensors[0]) if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)) else tensors


# -- other order -------------------------------------------------------------------------------------


def permute(input: Any, *dims: Any, **named: Any) -> Tensor:
    """A view with the dimensions in another order.

    >>> import tinygrad_nn as tg
    >>> tg.zeros(2, 3, 4).permute(2, 0, 1).shape
    tinygrad_nn.Size([4, 2, 3])
    """
    tensors("permute", input=input)
    order = sizes(by_name(dims, named, "permute", "dims") if named else dims)
    if len(order) != input.ndim:
        raise ShapeError(
            message(
                "permute: as many dims are needed as the tensor has", got=f"dims {order} for shape {tuple(input.shape)}"
            )
        )
    places = tuple([axis(d, input.ndim, "permute") for d in order])
    if len(set(places)) < len(places):
        raise ShapeError(message("permute: duplicate dims are not allowed", got=order))
    return ops.permute(input, places)  # type: ignore[no-any-return]


def transpose(input: Any, dim0: int, dim1: int) -> Tensor:
    """A view with two dimensions exchanged.

    >>> import tinygrad_nn as tg
    >>> tg.zeros(2, 3, 4).transpose(0, -1).shape
    tinygrad_nn.Size([4, 3, 2])
    """
    ndim = input.ndim
    i, j = axis(dim0, ndim, "transpose"), axis(dim1, ndim, "transpose")
    order = list(range(ndim))
    if order:
        order[i], order[j] = j, i
    return ops.permute(input, tuple(order))  # type: ignore[no-any-return]


def swapaxes(input: Any, axis0: int, axis1: int) -> Tensor:
    """`transpose` by NumPy's name."""
    return transpose(input, axis0, axis1)


def t(input: Any) -> Tensor:
    """The transpose of a matrix; vectors and scalars stay. RuntimeError for more dimensions."""
    tensors("t", input=input)
    if input.ndim > 2:
        raise ShapeError(
            message(
                "t: expects a tensor with <= 2 dimensions",
                got=f"shape {tuple(input.shape)}",
                fix="x.mT or x.transpose(0, 1)",
            )
        )
    return ops.permute(input, tuple(range(input.ndim - 1, -1, -1)))  # type: ignore[no-any-return]


def reversed_dims(input: Any) -> Tensor:
    """The attribute T: all dimensions in reverse order."""
    return ops.permute(input, tuple(range(input.ndim - 1, -1, -1)))  # type: ignore[no-any-return]


def adjoint(input: Any) -> Tensor:
    """The attribute mT: the transpose of the last two dimensions. RuntimeError for fewer."""
    if input.ndim < 2:
        raise ShapeError(message("mT: the tensor needs two dimensions at least", got=f"shape {tuple(input.shape)}"))
    return transpose(input, -2, -1)


def movedim(input: Any, source: Any, destination: Any) -> Tensor:
    """A view with dimensions `source` at `destination`, the others in their order.

    >>> import tinygrad_nn as tg
    >>> tg.zeros(2, 3, 4).movedim(0, -1).shape
    tinygrad_nn.Size([3, 4, 2])
    """
    tensors("movedim", input=input)
    ndim = input.ndim
    origins = [axis(d, ndim, "movedim") for d in (source if isinstance(source, (tuple, list)) else (source,))]
    targets = [
        axis(d, ndim, "movedim") for d in (destination if isinstance(destination, (tuple, list)) else (destination,))
    ]
    if len(origins) != len(targets):
        raise ShapeError(
            message(
                "movedim: source and destination must contain the same number of dims",
                got=f"{source} and {destination}",
            )
        )
    if len(set(origins)) < len(origins) or len(set(targets)) < len(targets):
        raise ShapeError(message("movedim: repeated dim", got=f"{source} to {destination}"))
    rest = iter([k for k in range(ndim) if k not in origins])
    placed = dict(zip(targets, origins, strict=True))
    return ops.permute(input, tuple([placed[k] if k in placed else next(rest) for k in range(ndim)]))  # type: ignore[no-any-return]


def moveaxis(input: Any, source: Any, destination: Any) -> Tensor:
    """`movedim` by NumPy's name."""
    return movedim(input, source, destination)


# -- parts -------------------------------------------------------------------------------------------


def _whole(value: Any, name: str, word: str) -> int:
    """An integer, or a 0-d tensor of one. TypeError for anything else, and for bools."""
    if isinstance(value, (bool, np.bool_)):
        raise DTypeError(message(f"{name}: {word} must be an integer", got=repr(value), fix=f"{word}={int(value)}"))
    if type(value) in TYPES and (value.array.ndim or value.array.dtype.kind not in "iu"):
        raise ShapeError(message(f"{name}: {word} must be a 0-dim integral Tensor", got=f"{value.dtype} {value.shape}"))
    try:
        return as_index(value)
    except TypeError:
        raise DTypeError(message(f"{name}: {word} must be an integer", got=repr(value))) from None


def narrow(input: Any, dim: int, start: Any, length: int) -> Tensor:
    """A view of positions start .. start + length - 1 along `dim`.

    >>> import tinygrad_nn as tg
    >>> tg.arange(5).narrow(0, 1, 3)
    tensor([1, 2, 3])
    """
    tensors("narrow", input=input)
    if not input.ndim:
        raise ShapeError("narrow: cannot be applied to a 0-dim tensor")
    k = axis(dim, input.ndim, "narrow")
    n, first, count = input.shape[k], _whole(start, "narrow", "start"), _whole(length, "narrow", "length")
    if count < 0:
        raise ShapeError(message("narrow: length must be non-negative", got=count))
    if not -n <= first <= n:
        raise IndexingError(message(f"narrow: start out of range (expected to be in range of [{-n}, {n}])", got=first))
    first += n if first < 0 else 0
    if first + count > n:
        raise ShapeError(f"narrow: start ({first}) + length ({count}) exceeds dimension size ({n})")
    return slice_at(input, ops.along(k, first, first + count))  # type: ignore[no-any-return]


def select(input: Any, dim: int, index: Any) -> Tensor:
    """A view of position `index` along `dim`, without that dimension.

    >>> import tinygrad_nn as tg
    >>> tg.tensor([[1, 2], [3, 4]]).select(1, 0)
    tensor([1, 3])
    """
    tensors("select", input=input)
    if not input.ndim:
        raise IndexingError("select: cannot be applied to a 0-dim tensor")
    k, place = axis(dim, input.ndim, "select"), whole(index, "select", "index")
    n = input.shape[k]
    if not -n <= place < n:
        raise IndexingError(
            f"select: index {place} out of range for tensor of size {tuple(input.shape)} at dimension {k}"
        )
    return slice_at(input, (slice(None),) * k + (place,))  # type: ignore[no-any-return]


def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A view of a diagonal of dimensions dim1 and dim2, as the last dimension.

    >>> import tinygrad_nn as tg
    >>> tg.arange(9).reshape(3, 3).diagonal(1)
    tensor([1, 5])
    """
    tensors("diagonal", input=input)
    i, j = axis(dim1, input.ndim, "diagonal"), axis(dim2, input.ndim, "diagonal")
    if i == j:
        raise ShapeError(message("diagonal: dimensions cannot be identical", got=f"dim1={dim1}, dim2={dim2}"))
    return ops.diagonal(input, whole(offset, "diagonal", "offset"), i, j)  # type: ignore[no-any-return]


def unfold(input: Any, dimension: int, size: int, step: int) -> Tensor:
    """A view of all slices of `size` along `dimension`, `step` apart, as a new last dimension.

    >>> import tinygrad_nn as tg
    >>> tg.arange(5).unfold(0, 2, 2)
    tensor([[0, 1],
            [2, 3]])
    """
    if not input.ndim:  # 0-d: the one element, or none, in a vector
        row = unfold(ops.reshape(input, (1,)), dimension, size, step)
        return ops.reshape(row, (size,))  # type: ignore[no-any-return]
    k = axis(dimension, input.ndim, "unfold")
    if step <= 0:
        raise ShapeError(message("unfold: step must be > 0", got=step))
    if size < 0:
        raise ShapeError(message("unfold: size must be >= 0", got=size))
    if size > input.shape[k]:
        raise ShapeError(f"unfold: maximum size for tensor at dimension {k} is {input.shape[k]} but size is {size}")
    return ops.windows(input, k, size, step)  # type: ignore[no-any-return]
