"""No result is further from the mathematics than twice PyTorch's: the table of docs/accuracy.md, with fewer numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.accuracy import CASES, EXCEPTIONS, Case, Row, measure, table, within

pytest.importorskip("mpmath", reason="the oracle of elementary functions")
SIZE = 0.03


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is what we are held to")


@pytest.mark.parametrize("case", [case for case in CASES if case.name not in EXCEPTIONS], ids=lambda case: case.name)
def test_never_more_than_twice_as_far_off_as_pytorch(torch: Any, case: Case) -> None:
    for row in measure(case, torch, SIZE):
        assert within(row), row


def test_exact_values_of_logarithms_and_powers() -> None:
    import tinygrad_nn as tg

    powers = np.arange(-126, 128)
    for dtype in (np.float32, np.float64):
        two, ten = 2.0**powers, 10.0 ** np.arange(0, 23 if dtype is np.float64 else 11)
        assert tg.tensor(two.astype(dtype)).log2().tolist() == powers.tolist()
        assert tg.tensor(powers.astype(dtype)).exp2().tolist() == two.tolist()
        assert tg.tensor(ten.astype(dtype)).log10().tolist() == list(range(len(ten)))
        small = np.arange(1, 20).astype(dtype)
        for n in (2, 3, 4, 5):
            assert (tg.tensor(small) ** n).tolist() == [float(int(v) ** n) for v in small]


def test_the_measure_sees_an_error() -> None:
    class Wrong:
        """NumPy, with results that are 8 units off."""

        @staticmethod
        def from_numpy(x: Any) -> Any:
            return x

    class Answer:
        def __init__(self, x: Any) -> None:
            self.x = x

        def detach(self) -> Answer:
            return self

        def numpy(self) -> Any:
            return self.x

    case = Case("test", lambda lib, x: Answer(x * (1 + 2**-20 * (lib is Wrong))), _inputs, lambda x: x)
    (row,) = measure(case, Wrong)  # type: ignore[arg-type]
    assert row.ours == 0 and 7 < row.theirs < 17
    assert within(row) and not within(Row("test", "ordinary", row.theirs, row.ours))
    assert "**8.00**" in table([Row("test", "ordinary", 8.0, 1.0)])


def _inputs(rng: np.random.Generator, size: float) -> dict[str, tuple[Any, ...]]:
    return {"ordinary": (rng.uniform(1, 2, 100),)}
