"""The same script, here and in PyTorch, sees the same."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest

import tinygrad_nn as tg
import tinygrad_nn.nn
from tests.nn.stories import STORIES
from tests.nn.stories_utils import UTILS

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")


@pytest.mark.parametrize("story", [*STORIES, *UTILS], ids=lambda story: story.__name__)
def test_the_same_script_sees_the_same(story: Callable[[Any], Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected, found = story(torch), story(tg)
    assert_same(found, expected, "")


def assert_same(found: Any, expected: Any, place: str) -> None:
    """Equal, but for the last rounded digit of numbers, in lists of lists too."""
    if isinstance(expected, list) and isinstance(found, list):
        assert len(found) == len(expected), place
        for k, (mine, other) in enumerate(zip(found, expected, strict=True)):
            assert_same(mine, other, f"{place}[{k}]")
    elif isinstance(expected, float) and isinstance(found, float):
        assert found == pytest.approx(expected, rel=1e-4, abs=2e-5, nan_ok=True), place
    else:
        assert found == expected, place
