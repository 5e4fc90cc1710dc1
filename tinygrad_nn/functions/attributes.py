"""What a tensor is and how it lies in memory, and its conversion to other dtypes, orders and libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.dtypes import bfloat16 as brain
from tinygrad_nn.dtypes import bool_, dtype, float16, float32, float64, int8, int16, int32, int64, uint8, wanted_dtype
from tinygrad_nn.errors import DTypeError, ShapeError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.functions.dims import axis
from tinygrad_nn.functions.elementwise import to_dtype
from tinygrad_nn.functions.fill import operand
from tinygrad_nn.functions.formats import RANKS, order_for
from tinygrad_nn.ops.shape import clone as copied
from tinygrad_nn.order import CHANNELS_LAST, has_channels_last, strides
from tinygrad_nn.placement import CPU, Size, contiguous_format, cpu_only, device, preserve_format
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.storage import TypedStorage, UntypedStorage
from tinygrad_nn.versions import root_of

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

Array = np.ndarray[Any, Any]


# -- sizes and memory --------------------------------------------------------------------------------


def size(input: Any, dim: int | None = None) -> Any:
    """The shape, or the size of one dimension."""
    shape = input.array.shape
    return Size(shape) if dim is None else shape[_existing(dim, len(shape), "size")]


def _existing(dim: int, ndim: int, name: str) -> int:
    k = axis(dim, ndim, name)
    if not ndim:
        raise IndexError(f"{name}: Dimension specified as {dim} but tensor has no dimensions")
    return k


def numel(input: Any) -> int:
    """The number of elements."""
    return operand(input, "numel").size


def stride(input: Any, dim: int | None = None) -> Any:
    """How many elements lie between neighbours along each dimension, or along one."""
    steps = strides(input.array)
    return steps if dim is None else steps[_existing(dim, len(steps), "stride")]


def is_contiguous(input: Any, *, memory_format: Any = contiguous_format) -> bool:
    """Whether elements lie in memory row by row, without gaps; or in the order of a memory format.

    >>> import tinygrad_nn as tg
    >>> x = tg.zeros(2, 3, 4, 5).to(memory_format=tg.channels_last)
    >>> x.is_contiguous(), x.is_contiguous(memory_format=tg.channels_last)
    (False, True)
    """
    array = input.array
    if memory_format is contiguous_format or memory_format is preserve_format:
        return bool(array.flags.c_contiguous)
    if type(memory_format) is type(contiguous_format) and RANKS[memory_format.name] != array.ndim:
        return False
    return _is_in(array, order_for(memory_format, array.ndim, "is_contiguous"))


def _is_in(array: Array, order: Any) -> bool:
    return bool(array.transpose(order).flags.c_contiguous)


def contiguous(input: Any, *, memory_format: Any = contiguous_format) -> Tensor:
    """The tensor itself if it is contiguous (in the order of the memory format), else a copy that is.

    Raises RuntimeError for a format that is for another rank.
    """
    array = input.array
    if memory_format is contiguous_format:
        return input if array.flags.c_contiguous else copied(input, "C")  # type: ignore[no-any-return]
    order = order_for(memory_format, array.ndim, "contiguous")
    if order is None:
        if array.flags.c_contiguous:
            return input  # type: ignore[no-any-return]
        raise ShapeError(message("preserve memory format is unsupported by the contiguous operator", fix="clone()"))
    return input if _is_in(array, order) else copied(input, order)  # type: ignore[no-any-return]


def clone(input: Any, *, memory_format: Any = None) -> Tensor:
    """A copy on the tape, in the same order in memory, or in that of a memory format.

    >>> import tinygrad_nn as tg
    >>> x = tg.ones(2, requires_grad=True)
    >>> x.clone()
    tensor([1., 1.], grad_fn=<CloneBackward0>)
    """
    array = operand(input, "clone")
    order = None if memory_format is None else order_for(memory_format, array.ndim, "clone")
    return copied(input, "K" if order is None else order)  # type: ignore[no-any-return]


def detach(input: Any) -> Tensor:
    """The same memory outside the graph: `Tensor.detach`."""
    operand(input, "detach")
    return input.detach()  # type: ignore[no-any-return]


def data_ptr(input: Any) -> int:
    """The address of the first element; 0 for an empty tensor."""
    array = input.array
    return int(array.__array_interface__["data"][0]) if array.size else 0


def storage_offset(input: Any) -> int:
    """How many elements into its storage the tensor begins."""
    root = root_of(input).array
    return (data_ptr(input) - int(root.__array_interface__["data"][0])) // root.itemsize if input.array.size else 0


def untyped_storage(input: Any) -> UntypedStorage:
    """The memory that the tensor and its views share, as bytes."""
    return UntypedStorage(root_of(input).array)


def storage(input: Any) -> TypedStorage:
    """The memory that the tensor and its views share, as elements."""
    return TypedStorage(root_of(input).array)


# -- dtypes and devices ------------------------------------------------------------------------------


@flags
def to(
    input: Any, *target: Any, dtype: object = None, device: object = None, other: Any = None,
    non_blocking: bool = False, copy: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """The tensor with another dtype: to(dtype), to("cpu"), to("cpu", dtype), to(other); itself, if nothing changes.

    memory_format: also in that order in memory. Raises RuntimeError for a device other than the CPU, and for a
    format that is for another rank.

    >>> import tinygrad_nn as tg
    >>> tg.tensor([1, 2]).to(tg.float64)
    tensor([1., 2.], dtype=tinygrad_nn.float64)
    """
    flags = []
    if not target and dtype is None and device is None and other is None and not copy and memory_format is None:
        return input  # type: ignore[no-any-return]
    for k, item in enumerate(target):
        if k and isinstance(item, bool):
            flags.append(item)
        elif (dtype is not None and k) or (device is not None and (isinstance(item, str) or hasattr(item, "index"))):
            raise DTypeError(
                message(
                    "to: takes a dtype, a device, a device and a dtype, or a tensor",
                    got=f"{target!r:.80}",
                    fix='x.to("cpu", float64)',
                )
            )
        elif type(item) in TYPES and not k:
            dtype = item.dtype
        elif isinstance(item, str) or hasattr(item, "index"):
            device = item
        elif item is not None:
            dtype = item
    if len(flags) > 1:
        copy = flags[1]
    if other is not None:
        dtype = other.dtype
    cpu_only(device)
    result = input if dtype is None else to_dtype(input, wanted_dtype(dtype))
    if memory_format is not None:
        return _in_format(input, result, memory_format, copy)
    return clone(input) if copy and result is input else result


def _in_format(input: Any, result: Any, format: Any, copy: bool = False) -> Tensor:
    """The converted tensor in a memory format; `input` itself if nothing was converted and its format is that."""
    order = order_for(format, input.ndim, "to")
    found = CHANNELS_LAST[input.ndim] if has_channels_last(result.array) else tuple(range(input.ndim))
    if result is input:
        if not copy and order in (None, found):
            return input  # type: ignore[no-any-return]
    elif order is None or (order == found and _is_in(result.array, order)):
        return result  # type: ignore[no-any-return]
    return copied(result, "K" if order is None else order)  # type: ignore[no-any-return]


def type_as(input: Any, other: Any) -> Tensor:
    """The tensor in the dtype of `other`."""
    operand(other, "type_as")
    return to_dtype(input, other.dtype)  # type: ignore[no-any-return]


CLASSES = {
    bool_: "BoolTensor", uint8: "ByteTensor", int8: "CharTensor", int16: "ShortTensor", int32: "IntTensor",
    int64: "LongTensor", float16: "HalfTensor", brain: "BFloat16Tensor", float32: "FloatTensor",
    float64: "DoubleTensor",
}  # fmt: skip
"""PyTorch's old names of tensors, by dtype."""


@flags
def type_(input: Any, dtype: Any = None, non_blocking: bool = False) -> Any:
    """Without argument, the name of the tensor's old class; with a dtype (or such a name or class), the tensor in it.

    >>> import tinygrad_nn as tg
    >>> tg.tensor([1]).type(), tg.tensor([1]).type(tg.float32)
    ('tinygrad_nn.LongTensor', tensor([1.]))
    """
    if dtype is None:
        return f"tinygrad_nn.{CLASSES[input.dtype]}"
    if isinstance(dtype, str):
        named = {name: kind for kind, name in CLASSES.items()}
        dtype = named.get(dtype.rsplit(".", 1)[-1], dtype)
    return to_dtype(input, getattr(dtype, "dtype", dtype))


def _converter(kind: dtype) -> Any:
    def convert(input: Any, memory_format: Any = None) -> Tensor:
        result = to_dtype(input, kind)
        return result if memory_format is None else _in_format(input, result, memory_format)

    convert.__doc__ = f"The tensor in {kind.name}; itself, if it is already."
    convert.__name__ = convert.__qualname__ = f"to_{kind.name}"
    return convert


to_bool, to_uint8, to_int8, to_int16, to_int32, to_int64 = map(_converter, (bool_, uint8, int8, int16, int32, int64))
to_float16, to_bfloat16, to_float32, to_float64 = map(_converter, (float16, brain, float32, float64))


def is_floating_point(input: Any) -> bool:
    """Whether the dtype is a floating one."""
    return input.dtype.is_floating_point  # type: ignore[no-any-return]


def is_complex(input: Any) -> bool:
    """Whether the dtype is complex: there is none such here."""
    operand(input, "is_complex")
    return False


def is_signed(input: Any) -> bool:
    """Whether the dtype holds negative numbers."""
    return input.dtype.is_signed  # type: ignore[no-any-return]


def real(input: Any) -> Tensor:
    """The real part: the tensor itself."""
    operand(input, "real")
    return input  # type: ignore[no-any-return]


def cpu(input: Any, memory_format: Any = None) -> Tensor:
    """The tensor on the CPU: itself (in another memory format, a copy)."""
    return input if memory_format is None else _in_format(input, input, memory_format)


@flags
def cuda(input: Any, device: object = None, non_blocking: bool = False, memory_format: object = None) -> Tensor:
    """Refused in one line: there is no GPU here."""
    cpu_only("cuda" if device is None else device)
    return input  # type: ignore[no-any-return]


def same(input: Any, device: object = None) -> Tensor:
    """The tensor itself: memory needs no pinning, and is shared by threads anyway."""
    return input  # type: ignore[no-any-return]


def no(input: Any, device: object = None) -> bool:
    """False: memory is neither pinned nor shared between processes."""
    return False


def where_it_is(input: Any) -> device:
    """The device: the CPU."""
    return CPU


def get_device(input: Any) -> int:
    """The number of the GPU that holds the tensor; -1 for the CPU."""
    return -1


# -- DLPack --------------------------------------------------------------------------------


@flags
def dlpack(
    self: Any, *, stream: Any = None, max_version: Any = None, dl_device: Any = None, copy: bool | None = None
) -> Any:
    """The tensor's memory as a DLPack capsule, for other libraries. BufferError if it requires grad."""
    if self.requires_grad:
        raise BufferError(message("Can't export tensors that require gradient", fix="use tensor.detach()"))
    if self.dtype is brain:
        raise DTypeError(message("__dlpack__: NumPy exports no bfloat16", fix="x.float()"))
    return self.array.__dlpack__(max_version=max_version, dl_device=dl_device, copy=copy)


def dlpack_device(self: Any) -> tuple[int, int]:
    """DLPack's name for the CPU."""
    return (1, 0)
