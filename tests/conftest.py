"""What all tests share: the same thread count everywhere, and no leak of modes from one test to the next."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run side by side, a process per core

from collections.abc import Iterator

import pytest

from tinygrad_nn.dtypes import float32, get_default_dtype, set_default_dtype
from tinygrad_nn.tape import local


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


@pytest.fixture(autouse=True)
def modes_are_restored() -> Iterator[None]:
    """A test that leaves recording off, a tracer on, or another default dtype would spoil its successors."""
    yield
    mode = local.mode
    found = (mode.grad, mode.inference, mode.scope, mode.tracer, get_default_dtype())
    mode.grad, mode.inference, mode.scope, mode.tracer = True, False, None, None
    set_default_dtype(float32)
    assert found == (True, False, None, None, float32), f"the test left the mode at {found}"
