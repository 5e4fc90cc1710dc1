"""Elements written by mask, and whole tensors written over: masked_fill, fill_, zero_, copy_."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.dtypes import convertible
from tinygrad_nn.errors import AutogradError, ShapeError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.functions.broadcast import broadcast_shapes, expand
from tinygrad_nn.functions.checks import number, tensors
from tinygrad_nn.functions.elementwise import to_dtype
from tinygrad_nn.ops import index as ops
from tinygrad_nn.ops.elementwise import where
from tinygrad_nn.ops.shape import in_order, reshape
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.views import handed_on, write

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor


def scalar(value: Any, kind: Any, name: str) -> Any:
    """A number, or a 0-d tensor, as a 0-d tensor of a dtype."""
    if type(value) in TYPES:
        if value.array.ndim:
            raise ShapeError(
                message(
                    f"{name}: only supports a 0-dimensional value tensor",
                    got=f"a tensor with {value.array.ndim} dimension(s)",
                )
            )
        if name != "fill_" and kind.kind in "iu" and value.array.dtype.kind not in "iub":
            convertible(value.array.item(), kind, name)
        return to_dtype(value, kind)
    number(name, value=value)
    return wrap(np.asarray(convertible(value, kind, name)).astype(kind))


# -- masks -------------------------------------------------------------------------------------------


def masked_fill(input: Any, mask: Any, value: Any) -> Tensor:
    """A copy of `input` with `value` (a number or 0-d tensor) where `mask` is true; the two broadcast.

    Raises RuntimeError if the mask is not a bool tensor.

    >>> import tinygrad_nn as tg
    >>> tg.tensor([1.0, 2.0]).masked_fill(tg.tensor([True, False]), 0)
    tensor([0., 2.])
    """
    tensors("masked_fill", input=input, mask=mask)
    if mask.array.dtype != np.bool_:
        raise AutogradError(
            message("masked_fill: only supports boolean masks", got=f"dtype {mask.dtype}", fix="mask.bool()")
        )
    return in_order(where(mask, scalar(value, input.array.dtype, "masked_fill"), input), "C")  # type: ignore[no-any-return]


def masked_select(input: Any, mask: Any) -> Tensor:
    """The elements where `mask` is true, in a vector; the two broadcast.

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([1, 2, 3])
    >>> x.masked_select(x > 1)
    tensor([2, 3])
    """
    tensors("masked_select", input=input, mask=mask)
    if mask.array.dtype != np.bool_:
        raise AutogradError(
            message("masked_select: expected BoolTensor for mask", got=f"dtype {mask.dtype}", fix="mask.bool()")
        )
    shape = broadcast_shapes(input.array.shape, mask.array.shape)
    return ops.pick_at(_vector(expand(input, shape)), (_vector(expand(mask, shape)),))  # type: ignore[no-any-return]


# -- all elements ------------------------------------------------------------------------------------


def fill_(self: Any, value: Any) -> Any:
    """Write `value` (a number or 0-d tensor) everywhere."""
    return write(self, handed_on(scalar(value, self.array.dtype, "fill_")), "fill_")


def zero_(self: Any) -> Any:
    """Write zeros everywhere."""
    return write(self, wrap(np.zeros((), self.array.dtype)), "zero_")


@flags
def copy_(self: Any, src: Any, non_blocking: bool = False) -> Any:
    """Write the elements of `src`, which is broadcast and converted to this tensor's dtype."""
    if type(src) not in TYPES:
        src = scalar(src, self.array.dtype, "copy_")
    return write(self, handed_on(to_dtype(src, self.array.dtype)), "copy_")


def _vector(input: Any) -> Any:
    """A 0-d tensor with one dimension."""
    return reshape(input, (1,)) if not input.array.ndim else input
