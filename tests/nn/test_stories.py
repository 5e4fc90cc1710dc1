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
    if isinstance(expected, list) and isinstance(found, list):
        for k, (mine, other) in enumerate(zip(found, expected, strict=True)):
            assert mine == pytest.approx(other, rel=1e-4, abs=2e-5) if _numbers(other) else mine == other, f"item {k}"
    else:
        assert found == expected


def _numbers(value: Any) -> bool:
    """Whether it is a flat list of numbers (or one), which may differ in the last rounded digit."""
    items = value if isinstance(value, list) else [value]
    return bool(items) and all(isinstance(item, float) for item in items)
