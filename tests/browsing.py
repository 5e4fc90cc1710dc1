"""A real Chromium for the pages' tests: whatever a page says to the console, throws or asks for is a failure."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
QUIET = "--headless --no-sandbox --disable-gpu --no-first-run --disable-sync"
QUIET += " --disable-background-networking --disable-component-update"
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH to open the page in")


def opened(browser: Any, file: Path, **context: Any) -> Iterator[Any]:
    tab = browser.new_context(viewport={"width": 1200, "height": 800}, **context).new_page()
    trouble: list[str] = []
    tab.on("console", lambda message: trouble.append(f"{message.type}: {message.text}"))
    tab.on("pageerror", lambda error: trouble.append(str(error)))
    tab.on(
        "request",
        lambda request: (
            None if request.url == file.as_uri() or request.url.startswith("data:") else trouble.append(request.url)
        ),
    )
    tab.goto(file.as_uri())
    yield tab
    tab.context.close()
    assert trouble == []
