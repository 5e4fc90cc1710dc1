"""The dtype table agrees with PyTorch: result dtypes, values, and what is refused."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from .dtype_walk import EXPLAINED, Case, cases, checked, difference

pytest.importorskip("torch", reason="PyTorch is the oracle here")

TOTAL = sum(1 for _ in cases())
CHOSEN = frozenset(random.Random(2026).sample(range(TOTAL), 4000))


def differing(chosen: Any) -> dict[str, str]:
    return {str(case): what for case, what in checked(chosen) if what is not None}


def test_a_sample_of_the_table() -> None:
    numbers = iter(range(TOTAL))
    found = differing(lambda case: next(numbers) in CHOSEN or str(case) in EXPLAINED)
    assert found.keys() - EXPLAINED.keys() == set(), found
    assert EXPLAINED.keys() - found.keys() == set(), "these agree now: take them out of EXPLAINED"


@pytest.mark.slow
def test_the_whole_table() -> None:
    found = differing(lambda case: True)
    unexplained = [f"{name}\n      {what}" for name, what in found.items() if name not in EXPLAINED]
    assert not unexplained, f"{len(unexplained)} of {TOTAL} differ:\n" + "\n".join(unexplained[:100])
    assert found.keys() == EXPLAINED.keys()


def test_the_table_is_large_and_its_exceptions_few() -> None:
    names = {str(case) for case in cases()}
    assert len(names) > 34_000
    assert len(EXPLAINED) <= 50
    assert EXPLAINED.keys() <= names
    assert all(len(reason) > 20 for reason in EXPLAINED.values())


def test_every_dtype_stands_on_either_side() -> None:
    pairs = {
        (case.operands[0][0], case.operands[1][0])
        for case in cases()
        if len(case.operands) == 2 and all(isinstance(one, tuple) for one in case.operands)
    }
    assert len(pairs) == 100


@pytest.mark.parametrize(
    "theirs, mine, said",
    [
        (("int8", np.ones(2, np.int8)), ("int64", np.ones(2, np.int64)), "dtype int64, PyTorch int8"),
        (("int8", np.ones(2, np.int8)), ("int8", np.zeros(2, np.int8)), "int8 [0, 0], PyTorch [1, 1]"),
        (("int8", np.ones(2, np.int8)), ("int8", np.ones(1, np.int8)), "shape (1,), PyTorch (2,)"),
        (("float32", np.ones(1)), ("float32", np.ones(1) + 1e-4), "float32 [1.0001], PyTorch [1.0]"),
        (RuntimeError("no"), ("int8", np.ones(1, np.int8)), "accepted as int8 [1], PyTorch raises RuntimeError: no"),
        (("int8", np.ones(1, np.int8)), TypeError("no"), "raises TypeError: no, PyTorch gives int8 [1]"),
        (RuntimeError("no"), KeyError("no"), "raises KeyError: 'no', PyTorch RuntimeError"),
        ([1, 2], [1, 3], "3, PyTorch 2"),
        (True, 1, "1, PyTorch True"),
    ],
)
def test_each_kind_of_difference_is_seen(theirs: Any, mine: Any, said: str) -> None:
    assert difference(theirs, mine) == said
    assert difference(theirs, theirs) is None


def test_a_case_reads_as_a_call() -> None:
    assert str(Case("lib.add(x, y)", (("int8", "vector"), 3))) == "lib.add(x, y) | int8 vector, 3"
