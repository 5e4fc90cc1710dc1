"""Parameter and Buffer: tensors that a module finds by themselves when they are assigned to it."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.errors import DTypeError, message
from tinygrad_nn.flags import flags, switches
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.tensor import Tensor
from tinygrad_nn.views import take_over

__all__ = ["Buffer", "Parameter"]


def _array_of(data: Any, name: str) -> np.ndarray[Any, Any]:
    if data is None:
        return Tensor().array
    if type(data) not in TYPES:
        raise DTypeError(
            message(f"{name}: the data must be a tensor", got=type(data).__name__, fix=f"{name}(tensor(data))")
        )
    array: np.ndarray[Any, Any] = data.array
    return array


class Parameter(Tensor):
    """A tensor that a module trains: assigned to one, it is among its `parameters()`.

    It shares the memory of `data` (as PyTorch's does) and requires a gradient unless told not to.
    Raises TypeError if `data` is not a tensor, RuntimeError if it cannot have a gradient.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.Parameter(tg.tensor([1.0, 2.0])).requires_grad
    True
    """

    __slots__ = ()

    @flags
    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Parameter:
        made: Any = object.__new__(cls)
        made.array, made.node, made._grad, made._view, made._written = _array_of(data, "Parameter"), None, None, None, 0
        if data is not None:
            take_over(made, data)
        made.requires_grad_(requires_grad)
        return made  # type: ignore[no-any-return]

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            memo[id(self)] = type(self)(wrap(self.array.copy()), self.requires_grad)  # without .grad, as PyTorch
        return memo[id(self)]  # type: ignore[no-any-return]

    def __reduce_ex__(self, protocol: Any = 4) -> tuple[Any, ...]:
        return _parameter, (type(self), self.array, self.requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Buffer(Tensor):
    """A tensor that belongs to a module's state but is not trained: running means, positions, masks.

    persistent: whether it is part of the module's `state_dict`.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> m = nn.Module()
    >>> m.count = nn.Buffer(tg.tensor([0.0]))
    >>> list(m.state_dict())
    ['count']
    """

    __slots__ = ()

    persistent: bool

    @switches
    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Buffer:
        made: Any = object.__new__(cls)
        made.array, made.node, made._grad, made._view, made._written = _array_of(data, "Buffer"), None, None, None, 0
        made.persistent = persistent
        if data is not None:
            take_over(made, data)
        return made  # type: ignore[no-any-return]

    def __deepcopy__(self, memo: dict[int, Any]) -> Buffer:
        if id(self) not in memo:
            memo[id(self)] = type(self)(wrap(self.array.copy()), persistent=self.persistent)
        return memo[id(self)]  # type: ignore[no-any-return]

    def __reduce_ex__(self, protocol: Any = 4) -> tuple[Any, ...]:
        return _buffer, (type(self), self.array, self.persistent)

    def __repr__(self) -> str:
        return f"Buffer containing:\n{super().__repr__()}"


def _parameter(cls: type[Parameter], array: Any, requires_grad: bool) -> Parameter:
    return cls(wrap(array), requires_grad)


def _buffer(cls: type[Buffer], array: Any, persistent: bool) -> Buffer:
    return cls(wrap(array), persistent=persistent)
