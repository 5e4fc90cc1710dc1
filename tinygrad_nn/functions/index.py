"""`x[...]` and `x[...] = v` in all forms.

An index is taken apart, as PyTorch does it, into a basic part (integers, slices, None, Ellipsis),
which gives a view, and an advanced part (masks, integer tensors), which then copies from the view.
Where NumPy counts an integer beside an index array among the arrays, PyTorch takes it first: so
`x[0, :, index]` has the dimensions (rest, index) here.

The named operations on indices (`gather`, `scatter`, `index_add`) stand in `places`.
"""

from __future__ import annotations

from operator import index as as_index
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tinygrad_nn.dtypes import convertible
from tinygrad_nn.errors import ArgumentError, AutogradError, DTypeError, IndexingError, ShapeError, message
from tinygrad_nn.functions.data import array_of
from tinygrad_nn.functions.elementwise import to_dtype
from tinygrad_nn.ops import index as ops
from tinygrad_nn.ops.elementwise import ne
from tinygrad_nn.ops.shape import in_order, reshape
from tinygrad_nn.order import order_of
from tinygrad_nn.primitive import TYPES, node_of, wrap
from tinygrad_nn.tape import local
from tinygrad_nn.versions import stamp
from tinygrad_nn.views import refuse_leaf, refuse_overlap, write

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = ["getitem", "setitem"]

Key = tuple[Any, ...]
ALL = slice(None)
INTEGERS = (np.dtype(np.int64), np.dtype(np.int32), np.dtype(np.uint8))


def getitem(input: Any, index: Any) -> Tensor:
    """input[index]: a view for integers, slices, None and Ellipsis; a copy for masks and index tensors.

    Raises IndexError for an index out of range, too many indices, a mask of another shape, an index
    that is no integer; ValueError for a negative step.

    >>> import tinygrad_nn as tg
    >>> x = tg.arange(6).reshape(2, 3)
    >>> x[:, 1], x[x > 2], x[0, [2, 0]]
    (tensor([1, 4]), tensor([3, 4, 5]), tensor([2, 0]))
    """
    kind = type(index)
    if kind is int and input.array.ndim:
        return ops.slice_at(input, (index,))  # type: ignore[no-any-return]
    if kind in TYPES and index.array.ndim and index.array.dtype == np.int64 and input.array.ndim:
        return _picked(input, (index,))
    basic, advanced = parsed(index, input.array)
    if basic is not None or advanced is None:
        input = ops.slice_at(input, basic or ())
    return input if advanced is None else _picked(input, advanced)


def _picked(input: Any, key: Key) -> Tensor:
    """input[key] for an advanced key: what stays of the input's dimensions keeps its order in memory."""
    result = ops.pick_at(input, key)
    array = input.array
    if array.flags.c_contiguous or result.array.ndim < 2:
        return result  # type: ignore[no-any-return]
    places = [item.array if type(item) in TYPES else item for item in key]
    dim = 0
    kept: list[int] = []  # strides of the dimensions that stay
    chosen: list[int] = []  # where in them the chosen ones go
    for item in places:
        if type(item) is slice:
            kept.append(array.strides[dim])
        else:
            chosen.append(len(kept))
        dim += item.ndim if type(item) is not slice and item.dtype.kind == "b" else 1
    kept += array.strides[dim:]
    at = chosen[0] if chosen[0] == chosen[-1] else 0
    new = result.array.ndim - len(kept)
    probe = as_strided(array, result.array.shape, (*kept[:at], *[0] * new, *kept[at:]))
    return in_order(result, order_of(probe))  # type: ignore[no-any-return]


# -- taking an index apart ---------------------------------------------------------------------------


def parsed(index: Any, array: Any) -> tuple[Key | None, Key | None]:
    """The basic part and the advanced part of an index into `array`; None for a part that does nothing."""
    if type(index) in TYPES and index.array.dtype == np.bool_ and index.array.ndim and index.array.shape == array.shape:
        return None, (index,)
    items = index if type(index) is tuple else (index,)
    if type(index) is list and _stands_for_tuple(index):
        items = tuple(index)
    dots = False
    for item in items:
        kind = type(item)
        if kind is slice:
            if item.step is not None:
                _check_step(item)
        elif kind is not int and item is not None:
            if item is not Ellipsis or dots:
                return _taken_apart(items, array)
            dots = True
    if array.ndim == 0 and any([type(item) is int or type(item) is slice for item in items]):
        _check_count(1, 0)
    return items, None


def _stands_for_tuple(items: list[Any]) -> bool:
    """A list with sequences, slices or None in it means what the tuple means."""
    return len(items) < 32 and any(
        [
            isinstance(i, (list, tuple, slice, range, np.ndarray)) or i is None or i is Ellipsis or type(i) in TYPES
            for i in items
        ]
    )


def _check_step(item: slice) -> None:
    step = as_index(item.step)
    if step == 0:
        raise ArgumentError("slice step cannot be zero")
    if step < 0:
        raise ArgumentError(message("indexing: step must be greater than zero", got=item, fix="x.flip(0) reverses"))


def _check_count(used: int, ndim: int) -> None:
    if used > ndim:
        if ndim == 0:
            raise IndexingError(message("invalid index of a 0-dim tensor", fix="tensor.item() gives the number"))
        raise IndexingError(f"too many indices for tensor of dimension {ndim} (got {used})")


def _taken_apart(items: Key, array: Any) -> tuple[Key | None, Key | None]:
    parts = [_part(item) for item in items]
    used = sum([_consumed(part) for part in parts])
    _check_count(used, array.ndim)
    basic: list[Any] = []
    advanced: list[Any] = []
    dim = 0
    _check_dots(parts, array.ndim - used)
    for part in parts:
        if part is Ellipsis:
            skipped = array.ndim - used
            basic += [ALL] * skipped
            advanced += [ALL] * skipped
            dim += skipped
            used = array.ndim
        elif type(part) is int:
            basic.append(part)
            dim += 1
        elif type(part) is slice:
            basic.append(part)
            advanced.append(ALL)
            dim += 1
        elif part is None:
            basic.append(None)
            advanced.append(ALL)
        elif type(part) is bool:  # a mask without dimensions: a new one, of size one or zero
            basic.append(None)
            advanced.append(np.zeros(int(part), np.int64))
        else:
            consumed = _consumed(part)
            _check_mask(part, array, dim)
            basic += [ALL] * consumed
            advanced.append(part)
            dim += consumed
    return _tidy(basic), _tidy(advanced)


def _check_dots(parts: list[Any], skipped: int) -> None:
    """A second ellipsis stands for nothing, and only at the end of an index."""
    dots = [k for k, part in enumerate(parts) if part is Ellipsis]
    if len(dots) > 1 and skipped and not all([_is_all(part) for part in parts[dots[1] :]]):
        raise IndexingError(
            message(
                "indexing: nothing is left to index after a second ellipsis",
                got=f"{len(dots)} ellipses, {len(parts)} items",
                fix="leave the second `...` out",
            )
        )


def _is_all(part: Any) -> bool:
    return part is Ellipsis or (type(part) is slice and part == ALL)


def _tidy(key: list[Any]) -> Key | None:
    """Without full slices at the end; None if nothing is left."""
    while key and type(key[-1]) is slice and key[-1] == ALL:
        key.pop()
    trivial = all([type(item) is slice and item == ALL for item in key])
    return None if trivial else tuple(key)


def _part(item: Any) -> Any:
    """One item of an index as int, slice, None, Ellipsis, bool, or an array or tensor of integers or bools."""
    if item is None or item is Ellipsis or type(item) is int or type(item) is bool:
        return item
    if isinstance(item, slice):
        if item.step is not None:
            _check_step(item)
        return slice(*[None if part is None else as_index(part) for part in (item.start, item.stop, item.step)])
    if isinstance(item, np.integer):
        return int(item)
    if isinstance(item, np.bool_):
        return bool(item)
    array = item.array if type(item) in TYPES else _listed(item)
    kind = array.dtype
    if kind.kind == "b":
        if array.ndim == 0:
            return bool(item)
        return item if type(item) in TYPES else array
    if kind not in INTEGERS:
        raise IndexingError(
            message(
                "tensors used as indices must be long, int, byte or bool tensors",
                got=f"dtype {kind}",
                fix="index.long()",
            )
        )
    if kind == np.uint8 and array.ndim:  # an old kind of mask
        return ne(item, 0) if type(item) in TYPES else array != 0
    if array.ndim == 0 and local.mode.tracer is None:
        return int(array)
    return item if type(item) in TYPES else array


def _listed(item: Any) -> Any:
    """A list, range or array as an index array."""
    if not isinstance(item, (list, tuple, range, np.ndarray)) and not (
        hasattr(item, "__array__") and not isinstance(item, np.generic)
    ):
        raise IndexingError(
            message(
                "only integers, slices (`:`), ellipsis (`...`), None and long or byte tensors are valid indices",
                got=f"{item!r:.60} ({type(item).__name__})",
            )
        )
    array = array_of(item, name="indexing", copy=False)
    if not array.size and array.dtype.kind == "f":
        return array.astype(np.int64)
    return array.astype(np.int64) if array.dtype.kind == "i" and isinstance(item, np.ndarray) else array


def _consumed(part: Any) -> int:
    """How many dimensions a part takes."""
    if part is None or part is Ellipsis or type(part) is bool:
        return 0
    if type(part) in (int, slice):
        return 1
    array = part.array if type(part) in TYPES else part
    return array.ndim if array.dtype.kind == "b" else 1


def _check_mask(part: Any, array: Any, dim: int) -> None:
    mask = part.array if type(part) in TYPES else part
    if mask.dtype.kind == "b" and mask.shape != array.shape[dim : dim + mask.ndim]:
        raise IndexingError(
            message(
                "The shape of the mask does not match the shape of the indexed tensor",
                got=f"mask {mask.shape} at dimension {dim} of {array.shape}",
            )
        )


# -- writing -----------------------------------------------------------------------------------------


def setitem(input: Any, index: Any, value: Any) -> None:
    """input[index] = value: a number or a tensor that broadcasts to the place; converted to input's dtype.

    On the tape: gradients flow to `value`, and to the elements of `input` that were kept.
    Raises RuntimeError where the shape does not fit, IndexError as reading does, TypeError for a
    value that is neither a number nor a tensor.
    """
    basic, advanced = parsed(index, input.array)
    if advanced is not None and type(value) in TYPES and value.array.dtype != input.array.dtype:
        _check_same_dtype(input, advanced, value)
    mode = local.mode
    if mode.tracer is not None or (mode.grad and (node_of(input) is not None or node_of(value) is not None)):
        _written_on_tape(input, basic, advanced, value)
        return
    refuse_leaf(input, "setitem")
    array = input.array
    if not array.flags.writeable:
        raise AutogradError(
            message(
                "setitem: the tensor's memory is read-only",
                got=f"shape {array.shape}, strides {array.strides}",
                fix="clone() the tensor before the write",
            )
        )
    new = _constant(value, array.dtype)
    try:
        if basic is not None:
            array = array[(*basic, ...)] if Ellipsis not in basic else array[basic]
        if input._view is not None:
            refuse_overlap(array, new, "setitem", advanced is not None)
        if advanced is None:
            array[...] = new
        else:
            array[tuple([item.array if type(item) in TYPES else item for item in advanced])] = new
    except IndexError as error:
        raise IndexingError(f"setitem: {error}") from None
    except ValueError as error:
        raise ShapeError(
            message(
                f"setitem: {error}",
                got=f"a value of shape {np.shape(new)} for {tuple(input.array.shape)}[{index!r:.60}]",
            )
        ) from None
    stamp(input, "setitem")


def _check_same_dtype(input: Any, advanced: Key, value: Any) -> None:
    """Only a scalar behind one mask is converted; PyTorch refuses the rest."""
    masks = [item for item in advanced if type(item) is not slice]
    if (
        value.array.ndim
        or len(masks) > 1
        or (masks[0].array if type(masks[0]) in TYPES else masks[0]).dtype.kind != "b"
    ):
        raise AutogradError(
            message(
                "setitem: Index put requires the source and destination dtypes match",
                got=f"{value.dtype} into {input.dtype}",
                fix="assign value.type_as(x)",
            )
        )


def _constant(value: Any, kind: Any) -> Any:
    """The value as an array of the written tensor's dtype."""
    if type(value) in TYPES:
        array = value.array
        if kind.kind in "iu" and not array.ndim and array.dtype.kind not in "iub":
            convertible(array.item(), kind, "setitem")
        return array if array.dtype == kind else array.astype(kind)
    if not isinstance(value, (bool, int, float, np.integer)):
        raise DTypeError(
            message(
                f"setitem: can't assign a {type(value).__name__} to a tensor",
                got=f"{value!r:.60}",
                fix="assign tensor(value)",
            )
        )
    return np.asarray(convertible(value, kind, "setitem")).astype(kind)


def _written_on_tape(input: Any, basic: Key | None, advanced: Key | None, value: Any) -> None:
    refuse_leaf(input, "setitem")
    if type(value) in TYPES:
        new = to_dtype(value, input.array.dtype)
        if new.array.ndim and new.array.shape[0] == 1:
            new = _without_leading_ones(new)
    else:
        new = wrap(_constant(value, input.array.dtype))
    target = input if basic is None else ops.slice_at(input, basic)
    if advanced is None:
        write(target, new, "setitem")
    else:
        write(target, ops.index_put(target, new, advanced, False), "setitem")


def _without_leading_ones(value: Any) -> Any:
    shape = value.array.shape
    k = 0
    while k < len(shape) and shape[k] == 1:
        k += 1
    return reshape(value, shape[k:])
