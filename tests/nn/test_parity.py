"""Every module against PyTorch: repr, state_dict, seeded start, forward, gradients, buffers, both modes."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.nn.compare import both, gradients, inputs
from tests.nn.configurations import ROWS, Row
from tests.oracle import assert_same_draws, promised_bits
from tinygrad_nn import nn

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")

each_row = pytest.mark.parametrize("row", ROWS, ids=str)


@each_row
def test_start(row: Row) -> None:
    """The same text, the same names and shapes, and after the same seed the same numbers."""
    ours, theirs = both(torch, row)
    assert repr(ours).replace("tinygrad_nn.", "torch.") == repr(theirs)
    mine, other = ours.state_dict(), theirs.state_dict()
    assert list(mine) == list(other)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    for name, value in other.items():
        assert tuple(mine[name].shape) == tuple(value.shape), name
        assert str(mine[name].dtype).split(".")[1] == str(value.dtype).split(".")[1], name
        if row.exact_start:
            assert_same_draws(torch, mine[name].numpy(), value.numpy(), name)


@each_row
def test_forward_and_gradients(row: Row) -> None:
    """Outputs, gradients of inputs and parameters, and buffers, in float64."""
    ours, theirs = both(torch, row)
    ours.double()
    theirs.double()
    ours.load_state_dict({name: tg.tensor(value.numpy()) for name, value in theirs.state_dict().items()})
    for mode in row.modes:
        getattr(ours, mode)()
        getattr(theirs, mode)()
        ours.zero_grad()
        theirs.zero_grad()
        found, expected = _run(tg, ours, row), _run(torch, theirs, row)
        assert len(found[0]) == len(expected[0])
        for mine, other in zip(found[0], expected[0], strict=True):
            _same(row, mine, other, f"output in {mode}")
        assert found[1].keys() == expected[1].keys()
        for name, other in expected[1].items():
            _same(row, found[1][name], other, f"gradient of {name} in {mode}")
        for name, buffer in theirs.named_buffers():
            _same(row, ours.get_buffer(name).numpy(), buffer.numpy(), f"{name} after {mode}")


def _run(library: Any, module: Any, row: Row) -> Any:
    library.manual_seed(5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return gradients(library, module, inputs(library, row), row)


def _same(row: Row, mine: Any, other: Any, what: str) -> None:
    if other is None:
        assert mine is None or not np.any(mine), what
        return
    assert mine is not None, what
    assert mine.shape == other.shape, what
    assert mine.dtype == other.dtype, what
    np.testing.assert_allclose(mine, other, rtol=row.rtol, atol=row.atol, err_msg=what)


LAZY = [
    ({"out_features": 3}, (4, 5)),
    ({"out_features": 2, "bias": False}, (5,)),
    ({"out_features": 1}, (2, 3, 4)),
    ({"out_features": 6}, (0, 2)),
    ({"out_features": 4}, (2, 2, 2, 1)),
]


@pytest.mark.parametrize("options, shape", LAZY, ids=str)
def test_a_lazy_layer_before_and_after_its_first_call(options: dict[str, Any], shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    seen = []
    for library in (tg, torch):
        library.manual_seed(11)
        layer = library.nn.LazyLinear(**options)
        before = [repr(layer), list(layer.state_dict()), [name for name, _ in layer.named_parameters()]]
        layer(library.tensor(x))
        layer.double()
        given = library.tensor(x).double().requires_grad_()
        out, named = gradients(library, layer, [given], Row("LazyLinear", (), {}, []))
        after = [repr(layer), type(layer).__name__, list(layer.state_dict())]
        start = {name: value.numpy() for name, value in layer.state_dict().items()}
        seen.append((before, after, {**start, **{f"gradient of {k}": v for k, v in named.items()}, "out": out[0]}))
    (before, after, numbers), (other_before, other_after, other_numbers) = seen
    assert before == other_before and after == other_after
    for name, value in other_numbers.items():
        exact = 1.0 if promised_bits(torch) else 1e7
        np.testing.assert_allclose(numbers[name], value, rtol=1e-12 * exact, atol=1e-13 * exact, err_msg=name)


def test_every_module_has_at_least_five_configurations() -> None:
    counts = Counter(row.name for row in ROWS) + Counter(LazyLinear=len(LAZY))
    kinds = {name: kind for name, kind in vars(nn).items() if isinstance(kind, type) and issubclass(kind, nn.Module)}
    shared = {name for name in kinds if hasattr(torch.nn, name)} - {"Module", "RNNBase", "RNNCellBase"}
    assert {name: counts[name] for name in shared if counts[name] < 5} == {}
