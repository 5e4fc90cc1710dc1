"""What all tests share: one thread for each process, no leak of modes from one test to the next, one browser."""

from __future__ import annotations

import os
import signal

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run side by side, a process per core

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browsing import CHROMIUM, QUIET
from tinygrad_nn.dtypes import float32, get_default_dtype, set_default_dtype
from tinygrad_nn.tape import local

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job begins with Ctrl-C ignored


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


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A running headless Chromium; Playwright allows one at a time in a process."""
    reason = "Playwright, which drives the browser, is not installed"
    playwright = pytest.importorskip("playwright.sync_api", reason=reason)
    with playwright.sync_playwright() as p:
        running = p.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield running
        running.close()
