"""Embeddings: rows of a table by number, one by one or summed up in bags."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.errors import ArgumentError, DTypeError, IndexingError, OperandError, ShapeError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.nn.functional.common import checked, here, tensor_operands
from tinygrad_nn.ops import elementwise as ops
from tinygrad_nn.ops.embedding import embedding as rows_of
from tinygrad_nn.ops.index import index_put, pick_at, put_at, searchsorted
from tinygrad_nn.ops.select import argmax, bincount
from tinygrad_nn.ops.shape import reshape
from tinygrad_nn.primitive import wrap
from tinygrad_nn.tape import local
from tinygrad_nn.views import write

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = ["embedding", "embedding_bag"]


@flags
def embedding(
    input: Tensor, weight: Tensor, padding_idx: int | None = None, max_norm: float | None = None, norm_type: float = 2.0,
    scale_grad_by_freq: bool = False, sparse: bool = False,
) -> Tensor:  # fmt: skip
    """weight[input]: (...) integers in [0, V) and (V, D) to (..., D).

    padding_idx: a row without gradient. max_norm: rows in use are first scaled down, in place, to that
    norm. scale_grad_by_freq: gradients are divided by how often a row occurs. sparse: accepted; the
    gradient is dense all the same.
    Raises IndexError for a number outside the table, RuntimeError for numbers that are not integers.

    >>> import tinygrad_nn as tg
    >>> embedding(tg.tensor([1, 0]), tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[3., 4.],
            [1., 2.]])
    """
    tensor_operands("embedding", input=input, weight=weight)
    if weight.ndim != 2:
        raise ShapeError(message(f"embedding{here()}: 'weight' must be 2-D", got=f"weight {tuple(weight.shape)}"))
    _check_kind("embedding", input)
    input = checked(input, partial(_check_range, f"embedding{here()}", weight.array.shape[0]))
    padding = padding_row(padding_idx, weight.array.shape[0])
    if max_norm is not None:
        _renormalise(weight, input, max_norm, norm_type)
    return rows_of(weight, input, padding, scale_grad_by_freq)  # type: ignore[no-any-return]


def padding_row(padding_idx: int | None, rows: int) -> int | None:
    """The row as a number from 0. AssertionError, as PyTorch has it, for one outside the table."""
    if padding_idx is None:
        return None
    if isinstance(padding_idx, bool) or not isinstance(padding_idx, int | np.integer):
        raise DTypeError(message("padding_idx must be an integer or None", got=f"padding_idx={padding_idx!r}"))
    if not -rows <= padding_idx < rows:
        raise AssertionError(
            message("Padding_idx must be within num_embeddings", got=f"padding_idx={padding_idx} of {rows} rows")
        )
    return padding_idx % rows


def _check_kind(name: str, input: Any) -> None:
    if input.array.dtype.name not in ("int64", "int32"):
        raise OperandError(
            message(
                f"{name}{here()}: Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int",
                got=f"dtype {input.dtype}",
                fix="input.long()",
            )
        )


def _check_range(name: str, rows: int, array: Any) -> None:
    if array.size and (array.min() < 0 or array.max() >= rows):
        outside = int(array.min()) if array.min() < 0 else int(array.max())
        raise IndexingError(
            message(
                f"{name}: index out of range in self",
                got=f"{outside}, for {rows} rows 0..{rows - 1}",
                fix="a larger num_embeddings" if outside > 0 else None,
            )
        )


def _renormalise(weight: Any, input: Any, max_norm: float, norm_type: float) -> None:
    """Scale the rows in use down to `max_norm`, in place."""
    with no_grad():
        numbers = reshape(input, (-1,))
        rows: Any = pick_at(weight, (numbers,))
        norms: Any = rows.norm(norm_type, 1, True)
        factor = ops.where(ops.gt(norms, max_norm), max_norm / (norms + 1e-7), 1.0)
        write(weight, index_put(weight, rows * factor, (numbers,), False), "embedding_renorm_")


@flags
def embedding_bag(
    input: Tensor, weight: Tensor, offsets: Tensor | None = None, max_norm: float | None = None, norm_type: float = 2,
    scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False, per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False, padding_idx: int | None = None,
) -> Tensor:  # fmt: skip
    """Sums, means or maxima of the rows in each bag, (B, D). An empty bag gives zeros.

    input: (B, L) integers, a bag in each row; or (M,) with `offsets` (B,), where each bag begins
    (with include_last_offset, one more: where the last one ends).
    per_sample_weights: of input's shape, a factor for each row, for mode="sum" only.
    padding_idx: a row that counts for nothing. Other arguments as in `embedding`.
    Raises ValueError for arguments that do not fit, IndexError for a number outside the table.

    >>> import tinygrad_nn as tg
    >>> embedding_bag(tg.tensor([0, 1, 1]), tg.tensor([[1.0], [3.0]]), tg.tensor([0, 2]), mode="sum")
    tensor([[4.],
            [3.]])
    """
    tensor_operands("embedding_bag", input=input, weight=weight)
    _check_bag(input, weight, offsets, per_sample_weights, mode, scale_grad_by_freq)
    _check_kind("embedding_bag", input)
    input = checked(input, partial(_check_range, f"embedding_bag{here()}", weight.array.shape[0]))
    padding = padding_row(padding_idx, weight.array.shape[0])
    if input.ndim == 2:
        bags, each = input.array.shape
        owner: Any = np.repeat(np.arange(bags), each)
    else:
        assert offsets is not None
        _check_offsets(offsets, input, include_last_offset)
        bags = offsets.array.shape[0] - bool(include_last_offset)
        starts: Any = ops.cast(offsets, np.dtype(np.int64))
        owner = (
            searchsorted(
                starts if not include_last_offset else starts[:bags], wrap(np.arange(input.array.shape[0])), True
            )
            - 1
        )
    numbers = reshape(input, (-1,))
    if max_norm is not None:
        _renormalise(weight, numbers, max_norm, norm_type)
    rows: Any = rows_of(weight, numbers, padding, scale_grad_by_freq)
    counts: Any = None if padding is None else ops.ne(numbers, padding)
    if mode == "max":
        return _largest(rows, owner, counts, bags)  # type: ignore[no-any-return]
    if per_sample_weights is not None:
        rows = rows * reshape(per_sample_weights, (-1, 1))
    if counts is not None:
        rows = ops.where(reshape(counts, (-1, 1)), rows, 0.0)
    total: Any = put_at(rows, (bags, weight.array.shape[1]), (owner,))
    if mode == "sum":
        return total  # type: ignore[no-any-return]
    kind = weight.array.dtype
    held = wrap(np.ones(numbers.array.shape[0], kind)) if counts is None else ops.cast(counts, kind)
    size: Any = bincount(owner if hasattr(owner, "array") else wrap(owner), held, bags)
    return total / reshape(ops.maximum(size, 1.0), (-1, 1))  # type: ignore[no-any-return]


def _largest(rows: Any, owner: Any, counts: Any, bags: int) -> Any:
    """The maximum of each bag, feature by feature; the first of equals takes the gradient."""
    tracer = local.mode.tracer
    for tensor in (owner, counts):
        if tracer is not None and hasattr(tensor, "array"):
            tracer.read(tensor)
    bag = owner.array if hasattr(owner, "array") else owner
    held = np.ones(len(bag), bool) if counts is None else counts.array
    kept = np.flatnonzero(held)
    bag = bag[kept]
    size = np.bincount(bag, minlength=bags)
    longest = int(size.max(initial=0))
    if longest == 0:
        return rows[:0].sum() + wrap(np.zeros((bags, rows.array.shape[1]), rows.array.dtype))
    starts = np.cumsum(size) - size
    place = (
        np.minimum(np.arange(longest), np.maximum(size - 1, 0)[:, None]) + starts[:, None]
    )  # short bags repeat their last
    table: Any = pick_at(rows, (kept[np.minimum(place, len(kept) - 1)],))  # (bags, longest, D)
    best = argmax(table, 1, False)
    chosen = pick_at(table, (np.arange(bags)[:, None], best, np.arange(rows.array.shape[1])))
    return ops.where((size > 0)[:, None], chosen, 0.0)


def _check_bag(
    input: Any, weight: Any, offsets: Any, per_sample_weights: Any, mode: str, scale_grad_by_freq: bool
) -> None:
    given = f"input {tuple(input.shape)}, weight {tuple(weight.shape)}"
    if mode not in ("sum", "mean", "max"):
        raise ArgumentError(message("embedding_bag: mode has to be one of sum, mean or max", got=f"mode={mode!r}"))
    if weight.ndim != 2:
        raise ArgumentError(message(f"embedding_bag{here()}: weight has to be a 2D Tensor", got=given))
    if input.ndim not in (1, 2):
        raise ArgumentError(message(f"embedding_bag{here()}: input has to be 1D or 2D Tensor", got=given))
    if input.ndim == 2 and offsets is not None:
        raise ArgumentError(message(f"embedding_bag{here()}: if input is 2D, then offsets has to be None", got=given))
    if input.ndim == 1 and (offsets is None or offsets.ndim != 1):
        raise ArgumentError(
            message(
                f"embedding_bag{here()}: offsets has to be a 1D Tensor",
                got="None" if offsets is None else f"{tuple(offsets.shape)}",
            )
        )
    if mode == "max" and scale_grad_by_freq:
        raise ArgumentError(message("embedding_bag: max mode does not support scaling the gradient by the frequency"))
    if per_sample_weights is not None:
        if tuple(per_sample_weights.shape) != tuple(input.shape):
            raise ArgumentError(
                message(
                    f"embedding_bag{here()}: per_sample_weights must have the same shape as the input",
                    got=f"{tuple(per_sample_weights.shape)}, {given}",
                )
            )
        if mode != "sum":
            raise NotImplementedError(
                message("embedding_bag: per_sample_weights is only supported for mode='sum'", got=f"mode={mode!r}")
            )


def _check_offsets(offsets: Any, input: Any, include_last_offset: bool) -> None:
    places = offsets.array
    if places.dtype.kind not in "iu":
        raise OperandError(
            message(
                f"embedding_bag{here()}: offsets must be integers", got=f"dtype {offsets.dtype}", fix="offsets.long()"
            )
        )
    if include_last_offset and not places.size:
        raise ArgumentError(message("embedding_bag: include_last_offset: number of offset should be at least 1"))
    if places.size and (places[0] != 0 or places.max() > input.array.shape[0] or np.any(np.diff(places) < 0)):
        raise OperandError(
            message(
                f"embedding_bag{here()}: offsets must begin with 0 and not decrease or leave the input",
                got=f"offsets {places.tolist()[:8]}, input of length {input.array.shape[0]}",
            )
        )
