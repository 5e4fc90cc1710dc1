"""Making tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.dtypes import as_numpy_dtype, default_float
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.tensor import Tensor


def tensor(data: Any, *, dtype: object = None, device: object = None, requires_grad: bool = False) -> Tensor:
    """A new tensor with a copy of `data`."""
    source = data.array if type(data) in TYPES else data
    if dtype is not None:
        array = np.array(source, as_numpy_dtype(dtype))
    else:
        array = np.array(source)
        if array.dtype == np.float64 and not isinstance(source, (np.ndarray, np.generic)):
            array = array.astype(default_float())
    result: Tensor = wrap(array)
    return result.requires_grad_() if requires_grad else result


def from_numpy(array: np.ndarray[Any, Any]) -> Tensor:
    """A tensor that shares the array's memory."""
    return wrap(array)  # type: ignore[no-any-return]


def ones(*size: Any, dtype: object = None, requires_grad: bool = False) -> Tensor:
    """Ones."""
    result: Tensor = wrap(np.ones(size, default_float()))
    return result.requires_grad_() if requires_grad else result
