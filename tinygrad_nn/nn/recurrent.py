"""Recurrent layers over sequences: RNN, LSTM and GRU, of several layers and in both directions."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, AutogradError, DTypeError, OperandError, ShapeError, message
from tinygrad_nn.functions.autocast import RUNNING, lowered, target
from tinygrad_nn.nn import functional as F
from tinygrad_nn.nn import init
from tinygrad_nn.nn.arguments import new_parameter, size
from tinygrad_nn.nn.functional.common import here, tensor_operands
from tinygrad_nn.nn.module import Module
from tinygrad_nn.nn.utils.rnn import PackedSequence
from tinygrad_nn.ops import recurrent as ops
from tinygrad_nn.ops.elementwise import cast
from tinygrad_nn.ops.index import pick_at, slice_at
from tinygrad_nn.ops.shape import cat, permute, reshape, stack
from tinygrad_nn.primitive import wrap
from tinygrad_nn.tensor import Tensor

__all__ = ["GRU", "LSTM", "RNN", "RNNBase"]


class RNNBase(Module):
    """What RNN, LSTM and GRU share: the parameters of each layer and direction, and the order in which they run."""

    gates = 1
    """How many blocks of hidden_size rows the weights have."""
    parts = 1
    """How many tensors the state is made of."""

    def __init__(
        self, mode: str, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0, device: object = None, dtype: object = None,
    ) -> None:  # fmt: skip
        super().__init__()
        layer = type(self).__name__
        self.mode = mode
        self.input_size, self.hidden_size = (
            size(layer, "input_size", input_size),
            size(layer, "hidden_size", hidden_size),
        )
        self.num_layers = size(layer, "num_layers", num_layers)
        for word, flag in (("bias", bias), ("batch_first", batch_first)):
            if not isinstance(flag, bool):
                raise DTypeError(message(f"{layer}: {word} should be of type bool", got=f"{word}={flag!r}"))
        if isinstance(dropout, bool) or not isinstance(dropout, (int, float)) or not 0 <= dropout <= 1:
            raise ArgumentError(
                message(
                    f"{layer}: dropout should be a number in range [0, 1] representing the probability of an element being zeroed",
                    got=f"dropout={dropout!r}",
                )
            )
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers greater "
                f"than 1, but got dropout={dropout} and num_layers={num_layers}",
                stacklevel=3,
            )
        self.proj_size = size(layer, "proj_size", proj_size, 0)
        if proj_size >= hidden_size:
            raise ArgumentError(
                message(f"{layer}: proj_size has to be smaller than hidden_size", got=f"{proj_size} and {hidden_size}")
            )
        self.bias, self.batch_first, self.dropout, self.bidirectional = bias, batch_first, float(dropout), bidirectional
        self._all_weights: list[list[str]] = []
        for level in range(self.num_layers):
            for direction in range(self.directions):
                self._add_weights(level, direction, device, dtype)
        self.reset_parameters()

    @property
    def directions(self) -> int:
        """2 if bidirectional, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def _state_size(self) -> int:
        return self.proj_size or self.hidden_size

    def _add_weights(self, level: int, direction: int, device: object, dtype: object) -> None:
        rows, ending = self.gates * self.hidden_size, f"_l{level}{'_reverse' if direction else ''}"
        width = self.input_size if level == 0 else self._state_size * self.directions
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, width), "weight_hh": (rows, self._state_size)}
        if self.bias:
            shapes.update(bias_ih=(rows,), bias_hh=(rows,))
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        for name, shape in shapes.items():
            setattr(self, name + ending, new_parameter(*shape, device=device, dtype=dtype))
        self._all_weights.append([name + ending for name in shapes])

    def reset_parameters(self) -> None:
        """Draw all parameters anew: uniform in [-k, k], k = 1 / sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def flatten_parameters(self) -> None:
        """Nothing: it tunes PyTorch's kernels."""

    @property
    def all_weights(self) -> list[list[Any]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def extra_repr(self) -> str:
        """The sizes, and what is not the default."""
        text = f"{self.input_size}, {self.hidden_size}"
        if self.proj_size:
            text += f", proj_size={self.proj_size}"
        if self.num_layers != 1:
            text += f", num_layers={self.num_layers}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if self.batch_first is not False:
            text += f", batch_first={self.batch_first}"
        if self.dropout != 0:
            text += f", dropout={self.dropout}"
        if self.bidirectional is not False:
            text += f", bidirectional={self.bidirectional}"
        return text

    # -- running -----------------------------------------------------------------------------------

    def _run(self, input: Any, hx: Any) -> tuple[Any, tuple[Any, ...]]:
        """The output in the input's form, and the parts of the state at the end, (layers * directions, N, ...) each."""
        packed = input if isinstance(input, PackedSequence) else None
        if packed is not None:
            self._check_input(packed.data, 2)
            sizes = tuple(packed.batch_sizes.array.tolist())
            rows, single = packed.data, False
        else:
            rows, sizes, single = self._rows(input)
        given = rows.array.dtype
        if RUNNING:
            rows, hx = lowered(rows, hx)
        state = self._state(hx, sizes[0], single, rows)
        if packed is not None:
            state = tuple([_reordered(part, packed.sorted_indices) for part in state])
        out, state = self._layers(rows, sizes, state)
        if self.mode == "GRU" and out.array.dtype != given:  # autocast: PyTorch's GRU ends in the input's type
            out, state = cast(out, given), tuple([cast(part, given) for part in state])
        if packed is not None:
            state = tuple([_reordered(part, packed.unsorted_indices) for part in state])
            return PackedSequence(out, *packed[1:]), state
        out = reshape(out, (len(sizes), sizes[0], out.array.shape[-1]))  # (T * N, F) -> (T, N, F)
        if single:
            return reshape(out, tuple(out.shape[::2])), tuple([reshape(part, tuple(part.shape[::2])) for part in state])
        return (permute(out, (1, 0, 2)) if self.batch_first else out), state

    def _rows(self, input: Any) -> tuple[Any, tuple[int, ...], bool]:
        """The steps of all sequences as rows (T * N, F), the sizes of the steps, and whether there was no batch."""
        tensor_operands(type(self).__name__, input=input)
        if input.ndim not in (2, 3):
            raise ArgumentError(
                message(
                    f"{type(self).__name__}{here()}: Expected input to be 2D or 3D, got {input.ndim}D instead",
                    got=f"input {tuple(input.shape)}",
                    fix="(T, N, F), or (N, T, F) with batch_first, or (T, F)",
                )
            )
        self._check_input(input, input.ndim)
        shape = tuple(input.array.shape)
        if input.ndim == 2:
            return input, (1,) * shape[0], True
        if self.batch_first:
            input, shape = permute(input, (1, 0, 2)), (shape[1], shape[0], shape[2])
        if shape[0] < 1 or shape[2] < 1:
            raise ShapeError(
                message(
                    f"{type(self).__name__}{here()}: Expected sequence length to be larger than 0", got=f"input {shape}"
                )
            )
        return reshape(input, (shape[0] * shape[1], shape[2])), (shape[1],) * shape[0], False

    def _check_input(self, input: Any, rank: int) -> None:
        weight = getattr(self, self._all_weights[0][0])
        if input.array.dtype != weight.array.dtype and not (RUNNING and target() is not None):
            raise ArgumentError(
                message(
                    f"{type(self).__name__}{here()}: RNN input dtype ({input.dtype}) does not match weight dtype ({weight.dtype})",
                    fix=f"convert the input: input.to({weight.dtype}), or the model: model.to({input.dtype})",
                )
            )
        if input.ndim != rank or input.array.shape[-1] != self.input_size:
            raise ShapeError(
                message(
                    f"{type(self).__name__}{here()}: input.size(-1) must be equal to input_size. "
                    f"Expected {self.input_size}, got {input.array.shape[-1]}",
                    got=f"input {tuple(input.shape)}",
                    fix=f"make the layer with input_size={input.array.shape[-1]}",
                )
            )

    def _state(self, hx: Any, batch: int, single: bool, rows: Any) -> tuple[Any, ...]:
        """The parts of the initial state, zeros if None was given, each (layers * directions, N, ...)."""
        widths = (self._state_size, self.hidden_size)[: self.parts]
        count = self.num_layers * self.directions
        if hx is None:
            return tuple([wrap(np.zeros((count, batch, width), rows.array.dtype)) for width in widths])
        given = hx if self.parts > 1 else (hx,)
        parts = []
        for k, (part, width) in enumerate(zip(given, widths, strict=True)):
            name = "hx" if self.parts == 1 else f"hx[{k}]"
            if part.ndim != (2 if single else 3):
                raise AutogradError(
                    message(
                        f"{type(self).__name__}{here()}: For {'unbatched 2-D' if single else 'batched 3-D'} input, {name} should "
                        f"also be {2 if single else 3}-D but got {part.ndim}-D tensor"
                    )
                )
            wide = reshape(part, (part.shape[0], 1, part.shape[1])) if single else part
            if tuple(wide.array.shape) != (count, batch, width):
                raise ShapeError(
                    message(
                        f"{type(self).__name__}{here()}: Expected hidden size {(count, batch, width)}, got {list(wide.shape)}",
                        fix="(num_layers * directions, batch, hidden_size), also with batch_first",
                    )
                )
            if wide.array.dtype != rows.array.dtype:
                raise OperandError(
                    message(
                        f"{type(self).__name__}{here()}: input and {name} must have the same dtype",
                        got=f"input {rows.dtype}, {name} {wide.dtype}",
                        fix=f"{name}.to({rows.dtype})",
                    )
                )
            parts.append(wide)
        return tuple(parts)

    def _layers(self, rows: Any, sizes: tuple[int, ...], state: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
        ends: list[tuple[Any, ...]] = []
        for level in range(self.num_layers):
            outs = []
            for direction in range(self.directions):
                k = level * self.directions + direction
                start = tuple([slice_at(part, (k,)) for part in state])
                weights = self.all_weights[k]
                if RUNNING:
                    weights = list(lowered(*weights))
                out, end = self._direction(rows, weights, start, sizes, direction == 1)
                outs.append(out)
                ends.append(end)
            width = self._state_size
            rows = outs[0] if len(outs) == 1 else cat(tuple(outs), 1, (0, width, 2 * width))
            if self.dropout and self.training and level < self.num_layers - 1:
                rows = F.dropout(rows, self.dropout)
        return rows, tuple([stack(part, 0) for part in zip(*ends, strict=True)])

    def _direction(
        self, rows: Any, weights: list[Any], start: tuple[Any, ...], sizes: tuple[int, ...], reverse: bool
    ) -> tuple[Any, tuple[Any, ...]]:
        """One layer in one direction: the states of all steps, and the state at the end."""
        raise NotImplementedError

    def _biases(self, weights: list[Any]) -> tuple[Any, Any]:
        return (weights[2], weights[3]) if self.bias else (None, None)


def _reordered(part: Any, order: Any) -> Any:
    return part if order is None else pick_at(part, (slice(None), order))


def _last(states: Any, sizes: tuple[int, ...], reverse: bool) -> Any:
    """Each sequence's state when it has run: after its last step, or in reverse after its first."""
    batch, rows = sizes[0], states.array.shape[0]
    if reverse:
        return slice_at(states, (slice(0, batch),))
    if sizes[-1] == batch:
        return slice_at(states, (slice(rows - batch, rows),))
    starts = np.cumsum((0, *sizes[:-1]))
    length = np.sum(np.arange(batch) < np.array(sizes)[:, None], 0)
    return pick_at(states, (starts[length - 1] + np.arange(batch),))


class RNN(RNNBase):
    """h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh), or relu; each layer reads the one below. (Elman, 1990)

    input: (T, N, input_size), (N, T, input_size) with batch_first, (T, input_size), or a PackedSequence.
    hx: (num_layers * directions, N, hidden_size), zeros if None. Gives the last layer's states
    (T, N, directions * hidden_size) and the states at the end, of hx's shape. dropout: between layers,
    in training. weight_ih_l0: (hidden_size, input_size), ..., all uniform in [-k, k], k = 1 / sqrt(hidden_size).
    Raises TypeError or ValueError for arguments out of range; RuntimeError or ValueError at the call for an
    input or a state that does not fit.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> out, h = nn.RNN(3, 4, num_layers=2, bidirectional=True)(tg.ones(5, 2, 3))
    >>> out.shape == (5, 2, 8), h.shape == (4, 2, 4)
    (True, True)
    """

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh", bias: bool = True,
        batch_first: bool = False, dropout: float = 0.0, bidirectional: bool = False, device: object = None,
        dtype: object = None,
    ) -> None:  # fmt: skip
        if nonlinearity not in ("tanh", "relu"):
            raise ArgumentError(message(f"RNN: Unknown nonlinearity '{nonlinearity}'", fix="'tanh' or 'relu'"))
        self.__dict__["nonlinearity"] = nonlinearity
        super().__init__(
            f"RNN_{nonlinearity.upper()}", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, 0,
            device, dtype,
        )  # fmt: skip

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        """The states of all steps, and those at the end."""
        out, (h,) = self._run(input, hx)
        return out, h

    def _direction(
        self, rows: Any, weights: list[Any], start: tuple[Any, ...], sizes: tuple[int, ...], reverse: bool
    ) -> tuple[Any, tuple[Any, ...]]:
        first, second = self._biases(weights)
        x = F.linear(rows, weights[0], None if first is None else first + second)
        states = ops.rnn(x, weights[1], start[0], sizes, reverse, self.mode == "RNN_RELU")
        return states, (_last(states, sizes, reverse),)


class LSTM(RNNBase):
    """Long short-term memory: gates i, f, o = sigmoid(W x + U h + b), g = tanh(...), c' = f c + i g, h' = o tanh(c').

    As RNN, with a state (h, c); c: (num_layers * directions, N, hidden_size). proj_size: h' is multiplied by
    a further matrix and has this size. (Hochreiter and Schmidhuber, 1997; Sak et al., 2014)

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> out, (h, c) = nn.LSTM(3, 4, batch_first=True)(tg.ones(2, 5, 3))
    >>> out.shape == (2, 5, 4), h.shape == c.shape == (1, 2, 4)
    (True, True)
    """

    gates = 4
    parts = 2

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, proj_size: int = 0, device: object = None, dtype: object = None,
    ) -> None:  # fmt: skip
        super().__init__(
            "LSTM",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
            device,
            dtype,
        )

    def forward(self, input: Any, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Any, tuple[Tensor, Tensor]]:
        """The states of all steps, and (h, c) at the end."""
        out, (h, c) = self._run(input, hx)
        return out, (h, c)

    def _direction(
        self, rows: Any, weights: list[Any], start: tuple[Any, ...], sizes: tuple[int, ...], reverse: bool
    ) -> tuple[Any, tuple[Any, ...]]:
        first, second = self._biases(weights)
        x = F.linear(rows, weights[0], None if first is None else first + second)
        both: Any = ops.lstm(x, weights[1], *start, weights[-1] if self.proj_size else None, sizes, reverse)
        count = x.array.shape[0]
        states = slice_at(both, (slice(0, count), slice(0, self._state_size)))
        return states, (_last(states, sizes, reverse), slice_at(both, (slice(count, None),)))


class GRU(RNNBase):
    """Gated recurrent units: r, z = sigmoid(W x + U h + b), n = tanh(W x + b + r (U h + b)), h' = (1 - z) n + z h.

    As RNN. (Cho et al., 2014)

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> out, h = nn.GRU(3, 4)(tg.ones(5, 2, 3))
    >>> out.shape == (5, 2, 4), h.shape == (1, 2, 4)
    (True, True)
    """

    gates = 3

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, bias: bool = True, batch_first: bool = False,
        dropout: float = 0.0, bidirectional: bool = False, device: object = None, dtype: object = None,
    ) -> None:  # fmt: skip
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, 0, device, dtype
        )

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        """The states of all steps, and those at the end."""
        out, (h,) = self._run(input, hx)
        return out, h

    def _direction(
        self, rows: Any, weights: list[Any], start: tuple[Any, ...], sizes: tuple[int, ...], reverse: bool
    ) -> tuple[Any, tuple[Any, ...]]:
        first, second = self._biases(weights)
        states = ops.gru(F.linear(rows, weights[0], first), weights[1], second, start[0], sizes, reverse)
        return states, (_last(states, sizes, reverse),)
