"""What PyTorch refuses is refused here too, with an exception of a builtin family it uses."""

from __future__ import annotations

import importlib

import pytest

from .invalid import INVALID
from .refusals import complaint, refusal
from .samples import OPERATIONS

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
lib = importlib.import_module("tinygrad_nn")

NO_COUNTERPART = {"numpy_functions"}
"""NumPy's own functions given tensors: what they refuse is not PyTorch's to say."""


@pytest.mark.parametrize("op", INVALID)
def test_refused(op: str) -> None:
    found = {text: complaint(refusal(torch, text), refusal(lib, text)) for text in INVALID[op]}
    wrong = [f"{text}\n      {what}" for text, what in found.items() if what]
    assert not wrong, f"{len(wrong)} of {len(found)} invalid calls:\n" + "\n".join(wrong)


def test_every_operation_has_three_invalid_calls() -> None:
    few = {op for op in OPERATIONS if len(INVALID.get(op, ())) < 3}
    assert few == NO_COUNTERPART
