"""One layer of a recurrent network over a whole sequence: a primitive instead of a dozen nodes for every step.

The rows of x are the steps of all sequences, step by step: step t has the rows of the sizes[t] sequences
that are still running (the longest come first), so sizes never grow. The state is always that of all N
sequences, of which a step changes the first sizes[t]: run forward, sequences end one after the other; run
in reverse, they begin one after the other.

Forward and rule are loops over the steps in operators, for arrays and for Tensors alike. What a step
computed on the way is the residual; given Tensors the rule makes it again.
"""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np

from tinygrad_nn.ops.elementwise import gt, relu, sigmoid, tanh, zeros_like
from tinygrad_nn.ops.reduce import sum
from tinygrad_nn.ops.shape import cat
from tinygrad_nn.ops.sums import product
from tinygrad_nn.primitive import primitive

Array = Any
Sizes = tuple[int, ...]
Steps = list[tuple[Any, ...]]


def _order(sizes: Sizes, reverse: bool) -> list[tuple[int, int]]:
    """(first row, number of rows) of each step, in the order in which they run."""
    steps = list(zip(accumulate((0, *sizes[:-1])), sizes, strict=True))
    return steps[::-1] if reverse else steps


def _joined(parts: list[Array], dim: int = 0) -> Array:
    offsets = (0, *accumulate([part.shape[dim] for part in parts]))
    return parts[0] if len(parts) == 1 else cat(tuple(parts), dim, offsets)


def _changed(state: Array, new: Array, n: int) -> Array:
    """The state with its first n rows replaced."""
    return new if n == state.shape[0] else _joined([new, state[n:]])


def _in_time(parts: list[Array], reverse: bool) -> Array:
    """Results of the steps, in the order they ran, as rows in the order of time."""
    return _joined(parts[::-1] if reverse else parts)


# -- h' = f(x + W h) -----------------------------------------------------------------------------------


def _rnn_steps(x: Array, weight: Array, h: Array, sizes: Sizes, reverse: bool, rectified: bool) -> tuple[Steps, Array]:
    steps: Steps = []
    for first, n in _order(sizes, reverse):
        total = x[first : first + n] + h[:n] @ weight.T
        new = relu(total) if rectified else tanh(total)
        steps.append((new, h[:n]))
        h = _changed(h, new, n)
    return steps, h


def _rnn(x: Array, weight: Array, h: Array, sizes: Sizes, reverse: bool, rectified: bool) -> tuple[Array, Steps]:
    steps, _ = _rnn_steps(x, weight, h, sizes, reverse, rectified)
    return _in_time([new for new, _ in steps], reverse), steps


def _rnn_rule(
    g: Array, residual: Steps | None, x: Array, weight: Array, h: Array, sizes: Sizes, reverse: bool, rectified: bool
) -> tuple[Array, Array, Array]:
    steps = residual if residual is not None else _rnn_steps(x, weight, h, sizes, reverse, rectified)[0]
    state = zeros_like(h)
    slopes = []
    for (first, n), (new, _) in zip(_order(sizes, reverse)[::-1], steps[::-1], strict=True):
        arriving = g[first : first + n] + state[:n]
        slope = arriving * gt(new, 0) if rectified else arriving * (1 - new * new)
        slopes.append(slope)
        state = _changed(state, slope @ weight, n)
    slopes_in_time = _in_time(slopes, not reverse)
    return slopes_in_time, product(slopes_in_time.T, _in_time([before for _, before in steps], reverse)), state


rnn = primitive("rnn", _rnn, arity=3, joint=_rnn_rule)
"""x: (rows, H), weight: (H, H), h: (N, H), to the states of all steps (rows, H): h' = tanh(x + W h), or relu."""


# -- LSTM ----------------------------------------------------------------------------------------------


def _lstm_steps(
    x: Array, weight: Array, h: Array, c: Array, project: Array | None, sizes: Sizes, reverse: bool
) -> tuple[Steps, Array]:
    """(input, forget, candidate, output, tanh of the cell, state before, cell before, new state) of each step; the last cell."""
    width = c.shape[1]
    steps: Steps = []
    for first, n in _order(sizes, reverse):
        gates = x[first : first + n] + h[:n] @ weight.T
        both = sigmoid(gates[:, : 2 * width])
        i, f = both[:, :width], both[:, width:]
        candidate, o = tanh(gates[:, 2 * width : 3 * width]), sigmoid(gates[:, 3 * width :])
        cell = f * c[:n] + i * candidate
        shown = tanh(cell)
        new = o * shown if project is None else (o * shown) @ project.T
        steps.append((i, f, candidate, o, shown, h[:n], c[:n], new))
        h, c = _changed(h, new, n), _changed(c, cell, n)
    return steps, c


def _lstm(
    x: Array, weight: Array, h: Array, c: Array, project: Array | None, sizes: Sizes, reverse: bool
) -> tuple[Array, Steps]:
    steps, last = _lstm_steps(x, weight, h, c, project, sizes, reverse)
    states = _in_time([step[-1] for step in steps], reverse)
    wider = c.shape[1] - states.shape[1]
    if wider:
        states = np.pad(states, ((0, 0), (0, wider)))
    return np.concatenate([states, last]), steps


def _lstm_rule(
    g: Array,
    residual: Steps | None,
    x: Array,
    weight: Array,
    h: Array,
    c: Array,
    project: Array | None,
    sizes: Sizes,
    reverse: bool,
) -> tuple[Array, Array, Array, Array, Array | None]:
    steps = residual if residual is not None else _lstm_steps(x, weight, h, c, project, sizes, reverse)[0]
    rows, width = x.shape[0], h.shape[1]
    state, cell = zeros_like(h), g[rows:]
    slopes, shares = [], []
    for (first, n), (i, f, candidate, o, shown, _, c_before, _) in zip(
        _order(sizes, reverse)[::-1], steps[::-1], strict=True
    ):
        arriving = g[first : first + n, :width] + state[:n]
        hidden = arriving if project is None else arriving @ project
        into = cell[:n] + hidden * o * (1 - shown * shown)
        slope = _joined(
            [
                into * candidate * i * (1 - i),
                into * c_before * f * (1 - f),
                into * i * (1 - candidate * candidate),
                hidden * shown * o * (1 - o),
            ],
            1,
        )
        slopes.append(slope)
        shares.append(arriving)
        state, cell = _changed(state, slope @ weight, n), _changed(cell, into * f, n)
    along = _in_time(slopes, not reverse)
    d_weight = product(along.T, _in_time([step[5] for step in steps], reverse))
    if project is None:
        return along, d_weight, state, cell, None
    outputs = _in_time([step[3] * step[4] for step in steps], reverse)
    return along, d_weight, state, cell, product(_in_time(shares, not reverse).T, outputs)


lstm = primitive("lstm", _lstm, arity=5, joint=_lstm_rule)
"""x: (rows, 4H), weight: (4H, P), h: (N, P), c: (N, H), project: (P, H) or None (then P = H), to (rows + N, H).

The result's first rows are the states of all steps (with a projection, in the first P columns), its last
N the cells at the end. (Hochreiter and Schmidhuber, 1997; Gers et al., 2000; Sak et al., 2014)
"""


# -- GRU -----------------------------------------------------------------------------------------------


def _gru_steps(x: Array, weight: Array, bias: Array | None, h: Array, sizes: Sizes, reverse: bool) -> Steps:
    """(reset, update, candidate, what the candidate got from the state, state before, new state) of each step."""
    width = h.shape[1]
    steps: Steps = []
    for first, n in _order(sizes, reverse):
        given, own = x[first : first + n], h[:n] @ weight.T
        if bias is not None:
            own = own + bias
        both = sigmoid(given[:, : 2 * width] + own[:, : 2 * width])
        r, z = both[:, :width], both[:, width:]
        kept = own[:, 2 * width :]
        candidate = tanh(given[:, 2 * width :] + r * kept)
        new = candidate + z * (h[:n] - candidate)
        steps.append((r, z, candidate, kept, h[:n], new))
        h = _changed(h, new, n)
    return steps


def _gru(x: Array, weight: Array, bias: Array | None, h: Array, sizes: Sizes, reverse: bool) -> tuple[Array, Steps]:
    steps = _gru_steps(x, weight, bias, h, sizes, reverse)
    return _in_time([step[-1] for step in steps], reverse), steps


def _gru_rule(
    g: Array, residual: Steps | None, x: Array, weight: Array, bias: Array | None, h: Array, sizes: Sizes, reverse: bool
) -> tuple[Array, Array, Array | None, Array]:
    steps = residual if residual is not None else _gru_steps(x, weight, bias, h, sizes, reverse)
    state = zeros_like(h)
    inner, outer = [], []
    for (first, n), (r, z, candidate, kept, before, _) in zip(_order(sizes, reverse)[::-1], steps[::-1], strict=True):
        arriving = g[first : first + n] + state[:n]
        into = arriving * (1 - z) * (1 - candidate * candidate)
        reset = into * kept * r * (1 - r)
        update = arriving * (before - candidate) * z * (1 - z)
        outer.append(_joined([reset, update, into], 1))
        inner.append(_joined([reset, update, into * r], 1))
        state = _changed(state, arriving * z + inner[-1] @ weight, n)
    along = _in_time(inner, not reverse)
    d_weight = product(along.T, _in_time([step[4] for step in steps], reverse))
    return _in_time(outer, not reverse), d_weight, None if bias is None else sum(along, (0,), False), state


gru = primitive("gru", _gru, arity=4, joint=_gru_rule, spares=("bias",))
"""x: (rows, 3H), weight: (3H, H), bias: (3H,) or None, h: (N, H), to the states of all steps (rows, H). (Cho et al., 2014)"""
