"""Copies of a tensor as an object: `copy.copy` (the same memory), `copy.deepcopy` and pickle (memory of their own).

What tensors shared before, they share after a deep copy: a view of x becomes a view of x's copy.
"""

from __future__ import annotations

from copy import deepcopy as deep
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.errors import AutogradError, message
from tinygrad_nn.functions.attributes import storage_offset
from tinygrad_nn.storage import memory_of
from tinygrad_nn.versions import root_of
from tinygrad_nn.views import detached

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

Array = np.ndarray[Any, Any]


def rebuilt(kind: type, array: Array, requires_grad: bool) -> Tensor:
    """A leaf of class `kind` around `array`: what pickle calls to load a tensor."""
    made: Any = object.__new__(kind)
    made.array, made.node, made._grad, made._view, made._written = array, None, None, None, 0
    if requires_grad:
        made.requires_grad_()
    return made  # type: ignore[no-any-return]


def reduced(self: Any, protocol: Any = None) -> tuple[Any, ...]:
    """For pickle: the class, the elements, whether a gradient is required, and attributes that were set."""
    return rebuilt, (type(self), self.array, self.requires_grad), self.__dict__ or None


def copy(self: Any) -> Tensor:
    """A new tensor with the same memory, outside the graph; a leaf that requires grad if this one does."""
    made: Any = rebuilt(type(self), self.array, self.requires_grad)
    detached(self, made).__dict__.update(self.__dict__)
    return made  # type: ignore[no-any-return]


def deepcopy(self: Any, memo: dict[int, Any]) -> Tensor:
    """A new leaf with memory of its own, and a copy of `.grad`. RuntimeError for results of operations."""
    if id(self) in memo:
        return memo[id(self)]  # type: ignore[no-any-return]
    if not self.is_leaf:
        raise AutogradError(
            message(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol",
                got=f"a result of {self.grad_fn}",
                fix="x.detach().clone()",
            )
        )
    array, whole = _memory(self, memo)
    made: Any = rebuilt(type(self), array, self.requires_grad)
    if whole is not None:
        detached(whole, made)
    memo[id(self)] = made
    if self._grad is not None:
        made._grad = deep(self._grad, memo)
    made.__dict__.update(deep(self.__dict__, memo))
    return made  # type: ignore[no-any-return]


def _memory(self: Any, memo: dict[int, Any]) -> tuple[Array, Any]:
    """The copied elements; for a view, as a view of the copy of its root, which is returned with them."""
    root = root_of(self)
    if root is not self and root.is_leaf:
        whole = deep(root, memo)
        if whole.array.strides == root.array.strides and whole.array.dtype == self.array.dtype:
            start = storage_offset(self) * self.array.itemsize
            return np.ndarray(
                self.array.shape, self.array.dtype, memory_of(whole.array), start, self.array.strides
            ), whole
    return np.array(self.array, order="K"), None
