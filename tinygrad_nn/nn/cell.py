"""Recurrent cells: one step of an RNN, an LSTM or a GRU, for loops of your own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, AutogradError, OperandError, ShapeError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.functions.autocast import RUNNING, lowered
from tinygrad_nn.nn import functional as F
from tinygrad_nn.nn import init
from tinygrad_nn.nn.arguments import new_parameter, size
from tinygrad_nn.nn.functional.common import here, tensor_operands
from tinygrad_nn.nn.module import Module
from tinygrad_nn.nn.parameter import Parameter
from tinygrad_nn.ops import recurrent as ops
from tinygrad_nn.ops.elementwise import cast
from tinygrad_nn.ops.index import slice_at
from tinygrad_nn.ops.shape import reshape
from tinygrad_nn.primitive import wrap
from tinygrad_nn.tensor import Tensor

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]


class RNNCellBase(Module):
    """What the cells share: weights and biases, uniform in [-k, k], k = 1 / sqrt(hidden_size)."""

    bias_ih: Parameter | None
    bias_hh: Parameter | None

    @switches
    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: object = None,
        dtype: object = None,
    ) -> None:
        super().__init__()
        layer = type(self).__name__
        self.input_size, self.hidden_size = (
            size(layer, "input_size", input_size),
            size(layer, "hidden_size", hidden_size),
        )
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = new_parameter(rows, input_size, device=device, dtype=dtype)
        self.weight_hh = new_parameter(rows, hidden_size, device=device, dtype=dtype)
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, new_parameter(rows, device=device, dtype=dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def extra_repr(self) -> str:
        """The sizes, and what is not the default."""
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text

    def _batch(self, input: Any, states: tuple[Any, ...] | None, parts: int) -> tuple[Any, list[Any], bool]:
        """The input (N, F), the parts of the state (N, H), and whether there was no batch."""
        name = type(self).__name__
        tensor_operands(name, input=input)
        if input.ndim not in (1, 2):
            raise ArgumentError(
                message(
                    f"{name}{here()}: Expected input to be 1D or 2D, got {input.ndim}D instead",
                    got=f"input {tuple(input.shape)}",
                )
            )
        if input.array.shape[-1] != self.input_size:
            raise ShapeError(
                message(
                    f"{name}{here()}: input has inconsistent input_size: got {input.array.shape[-1]} expected {self.input_size}",
                    got=f"input {tuple(input.shape)}",
                )
            )
        single = input.ndim == 1
        x = reshape(input, (1, -1)) if single else input
        batch = x.array.shape[0]
        if states is None:
            zeros = wrap(np.zeros((batch, self.hidden_size), x.array.dtype))
            return x, [zeros] * parts, single
        made = []
        for k, state in enumerate(states):
            word = "hidden" if parts == 1 else f"hx[{k}]"
            if state.ndim not in (1, 2):
                raise ArgumentError(
                    message(f"{name}{here()}: Expected {word} to be 1D or 2D, got {state.ndim}D instead")
                )
            wide = reshape(state, (1, -1)) if single else state
            if tuple(wide.array.shape) != (batch, self.hidden_size):
                raise ShapeError(
                    message(
                        f"{name}{here()}: {word} must be {(batch, self.hidden_size)}",
                        got=f"{word} {tuple(state.shape)}, input {tuple(input.shape)}",
                    )
                )
            if wide.array.dtype != x.array.dtype:
                raise OperandError(
                    message(
                        f"{name}{here()}: input and {word} must have the same dtype",
                        got=f"input {x.dtype}, {word} {state.dtype}",
                        fix=f"{word}.to({x.dtype})",
                    )
                )
            made.append(wide)
        return x, made, single

    def _given(self, x: Any) -> Any:
        """W_ih x and both biases."""
        return F.linear(x, self.weight_ih, None if self.bias_ih is None else self.bias_ih + self.bias_hh)


def _of(kind: Any, state: Any) -> Any:
    """The state in the input's dtype, in which PyTorch's LSTMCell and GRUCell end under autocast."""
    return state if state.array.dtype == kind else cast(state, kind)


def _unbatched(state: Any, single: bool) -> Any:
    return reshape(state, tuple(state.shape[1:])) if single else state


class RNNCell(RNNCellBase):
    """h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu. x: (N, input_size) or (input_size,); h: (N, hidden_size).

    Raises TypeError or ValueError for sizes that are not positive integers; RuntimeError for an unknown
    nonlinearity, and at the call for shapes that do not fit.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.RNNCell(3, 4)(tg.ones(2, 3)).shape == (2, 4)
    True
    """

    @switches
    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", device: object = None,
        dtype: object = None,
    ) -> None:  # fmt: skip
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        if nonlinearity not in ("tanh", "relu"):
            raise AutogradError(message(f"RNNCell: Unknown nonlinearity: {nonlinearity}", fix="'tanh' or 'relu'"))
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The next state; from zeros if hx is None."""
        input, hx, weight = lowered(input, hx, self.weight_hh) if RUNNING else (input, hx, self.weight_hh)
        x, (h,), single = self._batch(input, None if hx is None else (hx,), 1)
        new = ops.rnn(self._given(x), weight, h, (x.array.shape[0],), False, self.nonlinearity == "relu")
        return _unbatched(new, single)  # type: ignore[no-any-return]


class LSTMCell(RNNCellBase):
    """i, f, o = sigmoid(W x + U h + b), g = tanh(...), c' = f c + i g, h' = o tanh(c'). Else as RNNCell.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> h, c = nn.LSTMCell(3, 4)(tg.ones(2, 3))
    >>> h.shape == c.shape == (2, 4)
    True
    """

    @switches
    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: object = None, dtype: object = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """The next (h, c); from zeros if hx is None."""
        kind = input.array.dtype
        input, hx, weight = lowered(input, hx, self.weight_hh) if RUNNING else (input, hx, self.weight_hh)
        x, (h, c), single = self._batch(input, hx, 2)
        batch = x.array.shape[0]
        both = _of(kind, ops.lstm(self._given(x), weight, h, c, None, (batch,), False))
        return _unbatched(slice_at(both, (slice(0, batch),)), single), _unbatched(
            slice_at(both, (slice(batch, None),)), single
        )


class GRUCell(RNNCellBase):
    """r, z = sigmoid(W x + U h + b), n = tanh(W x + b + r (U h + b)), h' = (1 - z) n + z h. Else as RNNCell.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.GRUCell(3, 4)(tg.ones(3)).shape == (4,)
    True
    """

    @switches
    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: object = None, dtype: object = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The next state; from zeros if hx is None."""
        kind, weights = input.array.dtype, (self.weight_hh, self.bias_hh)
        input, hx, weights = lowered(input, hx, weights) if RUNNING else (input, hx, weights)
        x, (h,), single = self._batch(input, None if hx is None else (hx,), 1)
        given = F.linear(x, self.weight_ih, self.bias_ih)
        new = ops.gru(given, *weights, h, (x.array.shape[0],), False)
        return _unbatched(_of(kind, new), single)  # type: ignore[no-any-return]
