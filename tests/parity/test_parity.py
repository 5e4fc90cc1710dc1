"""Values, dtypes, shapes, first and second gradients agree with PyTorch, operation by operation.

One test per operation: ``pytest tests/parity -k cumsum``. The whole table, with percentages:
``python -m tests.parity``.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest

from .exceptions import EXCEPTIONS
from .report import check_operation
from .samples import OPERATIONS, samples_of

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
lib = importlib.import_module("tinygrad_nn")


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Tiny tensors: threads of PyTorch's own only cost."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("op", OPERATIONS)
def test_operation(op: str) -> None:
    verdicts = check_operation(op, torch, lib)
    wrong = [one for one in verdicts if one.found and not one.excused]
    lines = [f"[{one.real}] {one.name}\n      {one.found[0][:300]}" for one in wrong]
    assert not wrong, f"{len(wrong)} of {len(verdicts)} samples differ:\n" + "\n".join(lines)
    differing = {one.name for one in verdicts if one.found}
    agreed = {one.name for one in verdicts if one.excused} - differing
    assert not agreed, f"these agree now, take them out of exceptions.py: {sorted(agreed)}"


def test_exceptions_are_few_and_name_samples() -> None:
    names = {f"{op}: {name}" for op in OPERATIONS for name in samples_of(op)}
    assert set(EXCEPTIONS) <= names, sorted(set(EXCEPTIONS) - names)
    assert len(EXCEPTIONS) < len(names) / 100
    assert all(len(reason) > 20 for reason in EXCEPTIONS.values())
