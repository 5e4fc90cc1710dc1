"""Who is right where gradients differ: finite differences of what the program computes, in the oracle."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from .compare import Difference
from .run import Session, quiet

__all__ = ["finite_differences", "verdict"]

STEP = 1e-6


def verdict(lines: tuple[str, ...], found: Difference, oracle: Any) -> str:
    """The finite differences that belong to a gradient that differs, as text; "" where there is no such gradient."""
    slopes = finite_differences(lines, found, oracle)
    return "" if slopes is None else f"finite differences: {np.round(slopes, 6).tolist()}"


def finite_differences(lines: tuple[str, ...], found: Difference, oracle: Any) -> Any:
    """The slopes that belong to a gradient that differs. (They look through `detach` and `no_grad`, and
    at a kink they give the mean of both sides.) None where there is no such gradient."""
    if found.line >= len(lines):
        return None
    line = lines[found.line]
    asked = re.match(r"[gh]\d+ = (first|second)\((\w+), \[(.*)\]\)", line)
    place = re.match(r"\w+\[(\d+)\]", found.text)
    if not asked or not place:
        return None
    leaf = asked[3].split(", ")[int(place[1])]
    born = next((k for k, text in enumerate(lines) if text.startswith(f"{leaf} = ")), None)
    if born is None:
        return None

    def value(index: tuple[int, ...], step: float) -> float:
        session = Session(oracle)
        for k, text in enumerate(lines[: found.line]):
            session.do(text)
            if k == born:
                with oracle.no_grad():
                    session.space[leaf].data[index] += step
        return float(eval(_aim(asked[1], asked[2]), session.space))

    with quiet(oracle):
        probe = Session(oracle)
        for text in lines[: born + 1]:
            probe.do(text)
        shape = tuple(probe.space[leaf].shape)
        slopes = [(value(i, STEP) - value(i, -STEP)) / (2 * STEP) for i in np.ndindex(shape)]
    return np.array(slopes).reshape(shape)


def _aim(call: str, name: str) -> str:
    """The number whose slope the gradient is."""
    if call == "first":
        return f"total({name})"
    return f"sum(total(g, k + 1) for k, g in enumerate({name}) if g is not None)"
