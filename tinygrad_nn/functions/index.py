"""`x[...]` and `x[...] = v` in all forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.errors import IndexingError, message
from tinygrad_nn.ops import index as ops
from tinygrad_nn.primitive import TYPES

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor


def getitem(input: Any, index: Any) -> Tensor:
    """input[index]: a view for integers, slices, None and Ellipsis; a copy for masks and index tensors."""
    key, basic = normal(index)
    return (ops.slice_at if basic else ops.pick_at)(input, key)  # type: ignore[no-any-return]


def normal(index: Any) -> tuple[tuple[Any, ...], bool]:
    """The index as a tuple for the primitives, and whether it is basic (gives a view)."""
    items = index if type(index) is tuple else (index,)
    basic = True
    key = []
    for item in items:
        if item is None or item is Ellipsis or type(item) in (int, slice):
            key.append(item)
            continue
        if type(item) in TYPES and item.array.ndim == 0 and item.array.dtype.kind in "iu":
            key.append(int(item))
            continue
        if isinstance(item, np.integer):
            key.append(int(item))
            continue
        basic = False
        key.append(_as_index(item))
    return tuple(key), basic


def _as_index(item: Any) -> Any:
    """A mask or integer array (a Tensor stays one, so that a tracer sees it)."""
    if isinstance(item, slice):
        return slice(*[None if part is None else int(part) for part in (item.start, item.stop, item.step)])
    array = item.array if type(item) in TYPES else np.asarray(item)
    if array.dtype.kind not in "iub" and array.size:
        raise IndexingError(
            message("tensors used as indices must be long, int, byte or bool tensors", got=f"dtype {array.dtype}", fix="index.long()")
        )
    if type(item) in TYPES:
        return item
    return array if array.size else array.astype(np.int64)
