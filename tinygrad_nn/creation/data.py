"""Tensors from data: Python's numbers and lists, NumPy's arrays, pandas' frames, DLPack's capsules."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.dtypes import as_dtype
from tinygrad_nn.errors import ArgumentError, DTypeError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.functions.attributes import to
from tinygrad_nn.functions.data import array_of, storable
from tinygrad_nn.functions.fill import made
from tinygrad_nn.placement import cpu_only
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.tensor import Tensor

__all__ = ["as_tensor", "asarray", "from_dlpack", "from_numpy", "scalar_tensor", "tensor"]


@flags
def tensor(
    data: Any, *, dtype: object = None, device: object = None, requires_grad: bool = False, pin_memory: bool = False
) -> Tensor:
    """A new tensor with a copy of `data`: a number, nested lists, an array, a pandas frame, a tensor.

    dtype: that of an array or NumPy scalar; of Python's data bool, int64 or the default float.
    Raises ValueError for ragged lists, TypeError for what is no number, RuntimeError for integers
    that require grad.

    >>> tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    >>> tensor([1.5, 2], requires_grad=True)
    tensor([1.5000, 2.0000], requires_grad=True)
    """
    return made(array_of(data, dtype), device, requires_grad)


def as_tensor(data: Any, dtype: object = None, device: object = None) -> Tensor:
    """`data` as a tensor, without a copy where its dtype is right: a tensor stays itself, an array lends its memory."""
    cpu_only(device)
    if type(data) in TYPES:
        return to(data, dtype) if dtype is not None else data
    return made(array_of(data, dtype, "as_tensor", copy=False))


@flags
def asarray(
    obj: Any, *, dtype: object = None, device: object = None, copy: bool | None = None, requires_grad: bool = False
) -> Tensor:
    """As `as_tensor`; copy=True always copies, copy=False refuses to (ValueError)."""
    if copy:
        return made(array_of(obj, dtype, "asarray"), device, requires_grad)
    result = as_tensor(obj, dtype, device)
    if copy is False and not (result is obj or (isinstance(obj, np.ndarray) and np.shares_memory(result.array, obj))):
        raise ArgumentError(
            message("asarray: this cannot be done without a copy", got=type(obj).__name__, fix="leave copy=None")
        )
    return result.requires_grad_() if requires_grad else result


@flags
def scalar_tensor(s: Any, *, dtype: object = None, device: object = None, requires_grad: bool = False) -> Tensor:
    """A 0-d tensor, of the default float unless `dtype` says otherwise."""
    kind = tensor(0.0).dtype if dtype is None else dtype
    return tensor(s, dtype=kind, device=device, requires_grad=requires_grad)


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor that shares the array's memory: writes to one are seen in the other.

    Raises TypeError for anything but an array, and for strings, objects and complex numbers;
    ValueError for negative strides, foreign byte order, and unsigned types without a dtype here.

    >>> a = np.zeros(2)
    >>> t = from_numpy(a)
    >>> a[0] = 1
    >>> t
    tensor([1., 0.], dtype=tinygrad_nn.float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise DTypeError(
            message(
                "from_numpy: expected np.ndarray",
                got=type(ndarray).__name__,
                fix="tensor(data) takes lists and numbers",
            )
        )
    if any(stride < 0 for stride in ndarray.strides):
        raise ArgumentError(
            message(
                "from_numpy: a stride of the array is negative", got=f"strides {ndarray.strides}", fix="array.copy()"
            )
        )
    array = np.asarray(ndarray)
    if array.dtype.kind in "iufb" and storable(array, "from_numpy") is not array:
        raise ArgumentError(
            message(
                "from_numpy: memory of this type cannot be shared",
                got=f"dtype {array.dtype}",
                fix="tensor(array) copies and converts",
            )
        )
    return made(storable(array, "from_numpy"))


class _Exporter:
    """A bare DLPack capsule as an object that NumPy can take it from."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **_: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)


@flags
def from_dlpack(ext_tensor: Any, *, device: object = None, copy: bool | None = None) -> Tensor:
    """A tensor that shares memory with another library's array, through the DLPack protocol.

    ext_tensor: anything with `__dlpack__` (arrays of NumPy, PyTorch, CuPy on the CPU), or a capsule.

    >>> from_dlpack(np.arange(3))
    tensor([0, 1, 2])
    """
    cpu_only(device)
    if type(ext_tensor) in TYPES:
        ext_tensor = ext_tensor.detach().array
    elif not hasattr(ext_tensor, "__dlpack__"):
        if type(ext_tensor).__name__ != "PyCapsule":
            raise DTypeError(
                message(
                    "from_dlpack: the object does not speak DLPack",
                    got=type(ext_tensor).__name__,
                    fix="tensor(data) copies",
                )
            )
        ext_tensor = _Exporter(ext_tensor)
    array = ext_tensor if isinstance(ext_tensor, np.ndarray) else np.from_dlpack(ext_tensor)
    as_dtype(array.dtype)
    return made(np.array(array, copy=copy or None))
