"""Joining tensors and cutting them: cat, stack, split and their relatives."""

from __future__ import annotations

from itertools import accumulate, pairwise
from operator import index as as_index
from typing import TYPE_CHECKING, Any

from tinygrad_nn.dtypes import result_dtype
from tinygrad_nn.errors import ArgumentError, DTypeError, IndexingError, ShapeError, message
from tinygrad_nn.functions.autocast import in_widest
from tinygrad_nn.functions.checks import tensors as checked
from tinygrad_nn.functions.dims import axis, whole
from tinygrad_nn.functions.elementwise import to_dtype
from tinygrad_nn.functions.shape import atleast_1d, atleast_2d
from tinygrad_nn.ops import shape as ops
from tinygrad_nn.ops.index import slice_at
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.views import of_several

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor


def _given(tensors: Any, name: str) -> list[Any]:
    """The tensors of a tuple or list. TypeError for anything else among them."""
    if type(tensors) in TYPES or not isinstance(tensors, (tuple, list)):
        raise DTypeError(
            message(
                f"{name}(): argument 'tensors' must be a tuple of Tensors",
                got=type(tensors).__name__,
                fix=f"{name}([a, b])",
            )
        )
    for k, one in enumerate(tensors):
        if type(one) not in TYPES:
            raise DTypeError(
                message(f"{name}: expected Tensor as element {k}", got=type(one).__name__, fix="tensor(...) makes one")
            )
    return list(tensors)


def _of_one_type(tensors: list[Any]) -> tuple[Any, ...]:
    """The tensors in the dtype that all of them promote to."""
    first = tensors[0].array.dtype
    if all(one.array.dtype == first for one in tensors):
        return tuple(tensors)
    kind = result_dtype(*[one.array for one in tensors])
    return tuple([to_dtype(one, kind) for one in tensors])


@in_widest
def cat(tensors: Any, dim: int = 0, **named: Any) -> Tensor:
    """Tensors one after the other along a dimension; their other sizes must agree (1-d empty ones are skipped).

    Raises ValueError for an empty list, RuntimeError where sizes disagree.

    >>> import tinygrad_nn as tg
    >>> tg.cat([tg.tensor([1, 2]), tg.tensor([3])])
    tensor([1, 2, 3])
    """
    dim = _axis_keyword(dim, named, "cat")
    given = _given(tensors, "cat")
    if not given:
        raise ArgumentError(message("cat: expected a non-empty list of Tensors", got="[]"))
    for k, one in enumerate(given):
        if not one.array.ndim:
            raise ShapeError(
                message(
                    f"cat: zero-dimensional tensor (at position {k}) cannot be concatenated",
                    fix="stack() joins scalars",
                )
            )
    given = list(_of_one_type(given))
    joined = [one for one in given if one.array.shape != (0,)] or given[:1]
    k = axis(dim, joined[0].array.ndim, "cat")
    _check_sizes([one.array.shape for one in joined], k)
    return ops.cat(tuple(joined), k, (0, *accumulate([one.array.shape[k] for one in joined])))  # type: ignore[no-any-return]


def _axis_keyword(dim: int, named: dict[str, Any], name: str) -> int:
    if not named:
        return dim
    if named.keys() - {"axis", "out"}:
        raise DTypeError(message(f"{name}: unexpected arguments", got=", ".join(named)))
    return named.get("axis", dim)  # type: ignore[no-any-return]


def _check_sizes(shapes: list[tuple[int, ...]], dim: int) -> None:
    first = shapes[0]
    for k, shape in enumerate(shapes):
        if len(shape) != len(first):
            raise ShapeError(
                message("cat: Tensors must have same number of dimensions", got=f"{first} and {shape} (number {k})")
            )
        for d, (m, n) in enumerate(zip(first, shape, strict=True)):
            if m != n and d != dim:
                raise ShapeError(
                    message(
                        f"cat: Sizes of tensors must match except in dimension {dim}: "
                        f"expected size {m} but got size {n} in dimension {d}",
                        got=f"{first} and {shape} (number {k})",
                    )
                )


@in_widest
def stack(tensors: Any, dim: int = 0, **named: Any) -> Tensor:
    """Tensors of one shape along a new dimension.

    Raises RuntimeError for an empty list and for shapes that differ.

    >>> import tinygrad_nn as tg
    >>> tg.stack([tg.tensor([1, 2]), tg.tensor([3, 4])], dim=1)
    tensor([[1, 3],
            [2, 4]])
    """
    dim = _axis_keyword(dim, named, "stack")
    given = _given(tensors, "stack")
    if not given:
        raise ShapeError("stack: expects a non-empty list of tensors")
    shape = given[0].array.shape
    for k, one in enumerate(given):
        if one.array.shape != shape:
            raise ShapeError(
                message(
                    "stack: expects each tensor to be equal size",
                    got=f"{shape} at entry 0 and {one.array.shape} at entry {k}",
                    fix="cat() joins along a dimension that is there",
                )
            )
    return ops.stack(_of_one_type(given), axis(dim, len(shape) + 1, "stack"))  # type: ignore[no-any-return]


def hstack(tensors: Any) -> Tensor:
    """`cat` along the second dimension (the only one of vectors)."""
    given = _given(tensors, "hstack")
    if not given:
        raise ShapeError("hstack: expects a non-empty list of tensors")
    rows = [atleast_1d(one) for one in given]
    return cat(rows, 0 if rows[0].ndim == 1 else 1)


def vstack(tensors: Any) -> Tensor:
    """`cat` along the first dimension; vectors count as rows."""
    given = _given(tensors, "vstack")
    if not given:
        raise ShapeError("vstack: expects a non-empty list of tensors")
    return cat([atleast_2d(one) for one in given], 0)


# -- cutting -----------------------------------------------------------------------------------------


def split(input: Any, split_size_or_sections: Any = None, dim: int = 0, **named: Any) -> tuple[Tensor, ...]:
    """Views of pieces along `dim`: of one size (the last may be smaller), or of the sizes in a list.

    Raises RuntimeError where the sizes do not add up.

    >>> import tinygrad_nn as tg
    >>> tg.arange(5).split(2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    checked("split", input=input)
    wanted = named.pop("split_size", split_size_or_sections)
    if not input.ndim:
        raise ShapeError("split: expects at least a 1-dimensional tensor")
    k = axis(_axis_keyword(dim, named, "split"), input.ndim, "split")
    n = input.shape[k]
    parts = _sections(wanted, n, k) if isinstance(wanted, (tuple, list)) else _pieces(wanted, n)
    return _cut(input, k, parts)


def _sections(wanted: Any, n: int, dim: int) -> list[int]:
    parts = [as_index(part) for part in wanted]
    if sum(parts) != n or min(parts, default=0) < 0:
        raise ShapeError(message(f"split: sizes must sum exactly to {n} (the size of dimension {dim})", got=parts))
    return parts


def _pieces(wanted: Any, n: int) -> list[int]:
    try:
        size = as_index(wanted)
    except TypeError:
        raise DTypeError(message("split: the size must be an integer, or a list of them", got=repr(wanted))) from None
    if size < 0:
        raise ShapeError(message("split: expects split_size be non-negative", got=size))
    if size == 0 and n:
        raise ShapeError(f"split: split_size can only be 0 if dimension size is 0, but got dimension size of {n}")
    return [min(size, n - start) for start in range(0, n, size)] if n else [0]


def _cut(input: Any, dim: int, parts: list[int]) -> tuple[Tensor, ...]:
    ends = list(accumulate(parts, initial=0))
    return of_several(tuple([slice_at(input, ops.along(dim, a, b)) for a, b in pairwise(ends)]))


def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of at most `chunks` pieces along `dim`, all of ceil(size / chunks) but the last.

    >>> import tinygrad_nn as tg
    >>> tg.arange(5).chunk(2)
    (tensor([0, 1, 2]), tensor([3, 4]))
    """
    checked("chunk", input=input)
    if not input.ndim:
        raise ShapeError("chunk: expects at least a 1-dimensional tensor")
    if whole(chunks, "chunk", "chunks") <= 0:
        raise ShapeError(message("chunk: expects `chunks` to be greater than 0", got=chunks))
    k = axis(dim, input.ndim, "chunk")
    n = input.shape[k]
    return _cut(input, k, _pieces(-(-n // chunks), n) if n else [0] * chunks)


def unbind(input: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Views of all positions along `dim`, without that dimension."""
    checked("unbind", input=input)
    if not input.ndim:
        raise IndexingError(f"unbind: Dimension specified as {dim} but tensor has no dimensions")
    k = axis(dim, input.ndim, "unbind")
    return of_several(tuple([slice_at(input, (slice(None),) * k + (place,)) for place in range(input.shape[k])]))
