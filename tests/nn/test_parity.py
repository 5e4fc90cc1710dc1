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

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")

each_row = pytest.mark.parametrize("row", ROWS, ids=str)


@each_row
def test_start(row: Row) -> None:
    """The same text, the same names and shapes, and after the same seed the same numbers."""
    ours, theirs = both(torch, row)
    assert repr(ours) == repr(theirs)
    mine, other = ours.state_dict(), theirs.state_dict()
    assert list(mine) == list(other)
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]
    for name, value in other.items():
        assert tuple(mine[name].shape) == tuple(value.shape), name
        assert str(mine[name].dtype).split(".")[1] == str(value.dtype).split(".")[1], name
        if row.exact_start:
            np.testing.assert_array_equal(mine[name].numpy(), value.numpy(), err_msg=name)


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
        return gradients(library, module, inputs(library, row), row.call)


def _same(row: Row, mine: Any, other: Any, what: str) -> None:
    if other is None:
        assert mine is None or not np.any(mine), what
        return
    assert mine is not None, what
    assert mine.shape == other.shape, what
    assert mine.dtype == other.dtype, what
    np.testing.assert_allclose(mine, other, rtol=row.rtol, atol=row.atol, err_msg=what)


def test_every_module_has_at_least_five_configurations() -> None:
    few = {name: count for name, count in Counter(row.name for row in ROWS).items() if count < 5}
    assert set(few) <= {"Dropout3d", "FeatureAlphaDropout"}  # beyond the documented list
