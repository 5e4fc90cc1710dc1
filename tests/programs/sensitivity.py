"""Is a difference rounding? The oracle against itself, its leaves moved by a little more than their last digit."""

from __future__ import annotations

import random
import re
from typing import Any

from .compare import Difference, first_difference
from .run import Run, run

__all__ = ["is_noise", "is_unstable", "moved"]


def is_noise(lines: tuple[str, ...], found: Difference, mine: Run, oracle: Any, watch: bool, strides: bool) -> bool:
    """Whether PyTorch differs from itself as much, once its leaves are moved by parts in 1e13."""
    if found.kind not in ("value", "gradient", "second gradient", "shape") or (
        found.size > 1e-3 and found.kind == "gradient"
    ):
        return False
    return is_unstable(lines, found, oracle, watch, strides)


def is_unstable(lines: tuple[str, ...], found: Difference, oracle: Any, watch: bool, strides: bool) -> bool:
    """Whether PyTorch differs from itself, there or before, once its leaves are moved by parts in 1e13."""
    base = run(lines, oracle, watch=watch)
    for k in (1, 2, 3):
        near = run([moved(line, k) for line in lines], oracle, watch=watch, spread=k * 1e-13)
        other = first_difference(near, base, strides=strides)
        if other is not None and other.line <= found.line:
            return True
    return False


def moved(line: str, k: int, by: float = 1e-13) -> str:
    """The line that makes a leaf, its numbers moved by parts of them."""
    if not re.match(r"v\d+ = lib\.tensor\(", line):
        return line
    chance = random.Random(k)
    return re.sub(r"(-?\d+\.\d+)", lambda m: repr(float(m[1]) * (1 + chance.uniform(-by, by))), line)
