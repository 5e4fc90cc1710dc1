"""Every operation and every module in float16 and bfloat16: PyTorch's dtype, and at least half its precision.

The normal suite runs all operations and a few configurations of each module in bfloat16; the rest is marked
slow. `python -m tests.half` prints the table of docs/half.md.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator

import numpy as np
import pytest

from tests.half import layers, operations
from tests.half.exceptions import EMPTY_MATRICES, EXCEPTIONS, REFUSED, TIMES
from tests.half.measure import Found, ratio

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
lib = importlib.import_module("tinygrad_nn")

FLOAT16 = pytest.param("float16", marks=pytest.mark.slow)
FEW = 2
"""Configurations of a module in the normal suite."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("kind", ["bfloat16", FLOAT16])
@pytest.mark.parametrize("op", operations.OPERATIONS)
def test_operation(op: str, kind: str) -> None:
    _, wrong = operations.check(op, kind, torch, lib)
    found = {name: lines for name, lines in wrong.items() if f"{op}: {name}" not in EXCEPTIONS}
    if op in EMPTY_MATRICES:
        found = {name: lines for name, lines in found.items() if "Low precision" not in lines[0]}
        assert REFUSED
    assert not found, _text(found)


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", layers.ROWS_OF)
@pytest.mark.slow
def test_every_configuration(name: str, kind: str) -> None:
    _, wrong = layers.check(name, kind, torch, lib, times=TIMES.get(name, 2.0))
    assert not wrong, _text(wrong)


@pytest.mark.parametrize("name", layers.ROWS_OF)
def test_module(name: str) -> None:
    _, wrong = layers.check(name, "bfloat16", torch, lib, most=FEW, times=TIMES.get(name, 2.0))
    assert not wrong, _text(wrong)


def _text(wrong: dict[str, list[str]]) -> str:
    return "\n".join(f"{name}\n      " + "\n      ".join(lines) for name, lines in wrong.items())


def test_exceptions_name_samples() -> None:
    names = {f"{op}: {name}" for op in operations.OPERATIONS for name in operations.samples_of(op)}
    assert set(EXCEPTIONS) <= names
    assert set(TIMES) <= set(layers.ROWS_OF)


def test_the_measure_sees_an_error() -> None:
    """Twice PyTorch's and one unit pass, more does not; nor does an infinity where the exact value is finite."""
    exact = np.array([1.0, 3.0])
    theirs = Found(exact + 2.0**-8, "bfloat16")
    for error, passes in ((2.0**-7, True), (2.0**-6, True), (2.0**-5, False), (np.inf, False)):
        assert (ratio(Found(exact + error, "bfloat16"), theirs, exact, 3e38) <= 2) is passes
