"""Is a difference rounding? The oracle against itself, its leaves moved by a little more than their last digit."""

from __future__ import annotations

import random
import re
from typing import Any

from .compare import Difference, first_difference
from .run import Run, run

__all__ = ["is_noise"]


def is_noise(lines: tuple[str, ...], found: Difference, mine: Run, oracle: Any, watch: bool, strides: bool) -> bool:
    """Whether PyTorch differs from itself as much, once its leaves are moved by parts in 1e13."""
    if found.kind not in ("value", "gradient", "second gradient", "shape") or (
        found.size > 1e-3 and found.kind == "gradient"
    ):
        return False
    base = run(lines, oracle, watch=watch)
    for k in (1, 2, 3):
        moved = run([_moved(line, k) for line in lines], oracle, watch=watch, spread=k * 1e-13)
        other = first_difference(moved, base, strides=strides)
        if other is not None and other.line <= found.line:
            return True
    return False


def _moved(line: str, k: int) -> str:
    if not re.match(r"v\d+ = lib\.tensor\(", line):
        return line
    chance = random.Random(k)
    return re.sub(r"(-?\d+\.\d+)", lambda m: repr(float(m[1]) * (1 + chance.uniform(-1e-13, 1e-13))), line)
