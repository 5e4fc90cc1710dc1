"""Packed sequences: packing, unpacking, and recurrent layers over them, against PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn
from tinygrad_nn.autograd import gradcheck, gradgradcheck
from tinygrad_nn.nn.utils import rnn

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")

rng = np.random.default_rng(1)
padded = rng.standard_normal((5, 4, 3))  # (T, N, F)
SORTED, UNSORTED = [5, 3, 3, 1], [2, 5, 1, 4]


def same(ours: Any, theirs: Any) -> None:
    if theirs is None:
        assert ours is None
        return
    np.testing.assert_allclose(np.asarray(ours.detach()), np.asarray(theirs.detach()), rtol=1e-10, atol=1e-12)


def filled(lib: Any, layer: Any) -> Any:
    """The layer, with the same numbers as parameters here and there."""
    with lib.no_grad():
        for k, parameter in enumerate(layer.parameters()):
            numbers = np.random.default_rng(k).uniform(-0.7, 0.7, tuple(parameter.shape))
            parameter.copy_(lib.tensor(numbers))
    return layer


@pytest.mark.parametrize("lengths", [SORTED, UNSORTED])
@pytest.mark.parametrize("batch_first", [False, True])
def test_packing_and_unpacking(lengths: list[int], batch_first: bool) -> None:
    results = []
    for lib, module in ((tg, rnn), (torch, torch.nn.utils.rnn)):
        x = lib.tensor(padded.swapaxes(0, 1).copy() if batch_first else padded).requires_grad_()
        packed = module.pack_padded_sequence(x, lengths, batch_first, enforce_sorted=lengths == SORTED)
        again, counts = module.pad_packed_sequence(packed, batch_first, padding_value=-7.0, total_length=6)
        weight = lib.tensor(np.arange(again.numel(), dtype=float).reshape(tuple(again.shape)))
        (again * weight).sum().backward()
        results.append([*packed, again, counts, x.grad])
    for ours, theirs in zip(*results, strict=True):
        same(ours, theirs)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("lengths", [SORTED, UNSORTED])
@pytest.mark.parametrize(
    "options", [{}, {"num_layers": 2, "bidirectional": True}, {"bidirectional": True, "bias": False}]
)
def test_layers_over_packed_sequences(kind: str, lengths: list[int], options: dict[str, Any]) -> None:
    results = []
    for lib, module in ((tg, rnn), (torch, torch.nn.utils.rnn)):
        lib.manual_seed(4)
        layer = filled(lib, getattr(lib.nn, kind)(3, 2, **options).double())
        x = lib.tensor(padded).requires_grad_()
        packed = module.pack_padded_sequence(x, lengths, enforce_sorted=False)
        count = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
        start = lib.tensor(np.random.default_rng(2).standard_normal((count, 4, 2))).requires_grad_()
        out, state = layer(packed, (start, start * 2) if kind == "LSTM" else start)
        parts = [out.data, *(state if kind == "LSTM" else (state,))]
        total: Any = 0.0
        for k, part in enumerate(parts):
            weight = np.random.default_rng(k).standard_normal(tuple(part.shape))
            total = total + (part * lib.tensor(weight)).sum()
        total.backward()
        results.append([*parts, out.batch_sizes, x.grad, start.grad, *[p.grad for p in layer.parameters()]])
    for ours, theirs in zip(*results, strict=True):
        same(ours, theirs)


@pytest.mark.parametrize("options", [{}, {"bidirectional": True, "num_layers": 2}])
def test_projected_lstm_over_packed_sequences(options: dict[str, Any]) -> None:
    results = []
    for lib, module in ((tg, rnn), (torch, torch.nn.utils.rnn)):
        lib.manual_seed(4)
        layer = filled(lib, lib.nn.LSTM(3, 4, proj_size=2, **options).double())
        out, (h, c) = layer(module.pack_padded_sequence(lib.tensor(padded), UNSORTED, enforce_sorted=False))
        (out.data.sum() + 2 * h.sum() + (c * c).sum()).backward()
        results.append([out.data, h, c, *[p.grad for p in layer.parameters()]])
    for ours, theirs in zip(*results, strict=True):
        same(ours, theirs)


def test_sequences_of_different_length() -> None:
    parts = [rng.standard_normal((n, 2)) for n in (3, 5, 1)]
    for options in ({}, {"batch_first": True}, {"padding_value": 2.5}, {"padding_side": "left"}):
        ours = rnn.pad_sequence([tg.tensor(p) for p in parts], **options)
        same(ours, torch.nn.utils.rnn.pad_sequence([torch.tensor(p) for p in parts], **options))
    packed = rnn.pack_sequence([tg.tensor(p) for p in parts], enforce_sorted=False)
    theirs = torch.nn.utils.rnn.pack_sequence([torch.tensor(p) for p in parts], enforce_sorted=False)
    for mine, other in zip(packed, theirs, strict=True):
        same(mine, other)
    for mine, part in zip(rnn.unpack_sequence(packed), parts, strict=True):
        np.testing.assert_array_equal(mine.numpy(), part)


def test_a_sequence_is_the_same_step_by_step() -> None:
    tg.manual_seed(0)
    cell = nn.LSTMCell(3, 2).double()
    layer = nn.LSTM(3, 2).double()
    layer.load_state_dict({f"{name}_l0": value for name, value in cell.state_dict().items()})
    x = tg.tensor(padded)
    out, (_h, c) = layer(x)
    state = None
    for t in range(5):
        state = cell(x[t], state)
        np.testing.assert_allclose(out[t].detach().numpy(), state[0].detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(c[0].detach().numpy(), state[1].detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_gradients_to_second_order(kind: str) -> None:
    tg.manual_seed(0)
    layer = getattr(nn, kind)(2, 2, bidirectional=True).double()

    def call(x: Any) -> Any:
        return layer(rnn.pack_padded_sequence(x, [3, 2]))[0].data

    x = tg.tensor(rng.standard_normal((3, 2, 2))).requires_grad_()
    assert gradcheck(call, (x,))
    assert gradgradcheck(call, (x,))
