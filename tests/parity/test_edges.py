"""Programs at the edges end as PyTorch's do: with the same values, dtypes and shapes, or refused."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import pytest

from .dtype_walk import difference, plain
from .edges import EDGES, OTHERWISE
from .runner import call_of

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
lib = importlib.import_module("tinygrad_nn")
for name in ("nn", "optim"):
    importlib.import_module(f"tinygrad_nn.{name}")


def outcome(library: Any, text: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return plain(library, call_of(f"nn, F = lib.nn, lib.nn.functional; {text}", 0)(library))
        except Exception as error:
            return error


@pytest.mark.parametrize("kind", EDGES)
def test_edges(kind: str) -> None:
    found = {text: difference(outcome(torch, text), outcome(lib, text)) for text in EDGES[kind]}
    wrong = [f"{text}\n      {what}" for text, what in found.items() if what and text not in OTHERWISE]
    assert not wrong, f"{len(wrong)} of {len(found)} programs:\n" + "\n".join(wrong)
    agreed = [text for text, what in found.items() if text in OTHERWISE and not what]
    assert not agreed, f"these agree now, take them out of OTHERWISE: {agreed}"


def test_the_exceptions_are_programs_of_the_table() -> None:
    assert OTHERWISE.keys() <= {text for texts in EDGES.values() for text in texts}
    assert all(len(reason) > 20 for reason in OTHERWISE.values())
