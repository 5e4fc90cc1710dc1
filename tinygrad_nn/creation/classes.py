"""PyTorch's old constructors, one per dtype: `LongTensor([1, 2])`, `FloatTensor(2, 3)` (uninitialised).

They are classes for `isinstance` only: what they make is a plain Tensor of their dtype.
"""

from __future__ import annotations

from operator import index as as_index
from typing import Any

import numpy as np

from tinygrad_nn.dtypes import bfloat16, bool_, dtype, float16, float32, float64, int8, int16, int32, int64, uint8
from tinygrad_nn.errors import DTypeError, message
from tinygrad_nn.functions.data import array_of
from tinygrad_nn.functions.fill import made
from tinygrad_nn.placement import Size
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.tensor import Tensor

__all__ = [
    "BFloat16Tensor", "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor",
    "IntTensor", "LongTensor", "ShortTensor",
]  # fmt: skip


class _TensorType(type):
    """The class of these classes: calling one gives a Tensor; isinstance asks for the dtype."""

    dtype: dtype

    def __call__(cls, *data: Any) -> Tensor:
        kind = cls.dtype.dtype
        if len(data) == 1 and isinstance(data[0], Size):
            return made(np.empty(data[0], kind))
        if len(data) == 1 and type(data[0]) in TYPES:
            if data[0].dtype is not cls.dtype:
                raise DTypeError(
                    message(
                        f"{cls.__name__}: the tensor has another dtype", got=data[0].dtype, fix=f"x.to({cls.dtype})"
                    )
                )
            return data[0]  # type: ignore[no-any-return]
        if len(data) == 1 and not isinstance(data[0], (int, float, np.integer)):
            return made(array_of(data[0], cls.dtype, cls.__name__))
        try:
            return made(np.empty([as_index(n) for n in data] if data else 0, kind))
        except TypeError:
            raise DTypeError(
                message(
                    f"{cls.__name__}: data must be a sequence",
                    got=f"{data!r:.60}",
                    fix=f"tensor(data, dtype={cls.dtype})",
                )
            ) from None

    def __instancecheck__(cls, instance: Any) -> bool:
        return type(instance) in TYPES and instance.dtype is cls.dtype

    def __repr__(cls) -> str:
        return f"<class 'tinygrad_nn.{cls.__name__}'>"


class FloatTensor(metaclass=_TensorType):
    """Tensors of float32."""

    dtype = float32


class DoubleTensor(metaclass=_TensorType):
    """Tensors of float64."""

    dtype = float64


class HalfTensor(metaclass=_TensorType):
    """Tensors of float16."""

    dtype = float16


class BFloat16Tensor(metaclass=_TensorType):
    """Tensors of bfloat16."""

    dtype = bfloat16


class LongTensor(metaclass=_TensorType):
    """Tensors of int64."""

    dtype = int64


class IntTensor(metaclass=_TensorType):
    """Tensors of int32."""

    dtype = int32


class ShortTensor(metaclass=_TensorType):
    """Tensors of int16."""

    dtype = int16


class CharTensor(metaclass=_TensorType):
    """Tensors of int8."""

    dtype = int8


class ByteTensor(metaclass=_TensorType):
    """Tensors of uint8."""

    dtype = uint8


class BoolTensor(metaclass=_TensorType):
    """Tensors of bool."""

    dtype = bool_
