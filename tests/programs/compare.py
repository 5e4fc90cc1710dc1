"""The first difference between two runs of one program, and of what kind it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .run import Run, Snapshot

__all__ = ["KINDS", "SILENT", "Difference", "first_difference"]

SILENT = ("value", "gradient", "second gradient", "flag", "dtype", "shape")
"""Kinds that nobody would notice."""
KINDS = (*SILENT, "refused", "accepted", "error class", "stride")

TOLERANCE = {"float64": 1e-9, "float32": 2e-5}
BUILTINS = (IndexError, NameError, AttributeError, TypeError, ValueError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs first: `line` counts from 0, and is the number of lines for the end of the program."""

    kind: str
    line: int
    text: str
    size: float = np.inf
    """The largest relative error, where numbers differ."""


def error_class(error: BaseException | None) -> str:
    """The builtin class that an `except` clause would name."""
    return "" if error is None else next((kind.__name__ for kind in BUILTINS if isinstance(error, kind)), "Exception")


def first_difference(mine: Run, theirs: Run, *, strides: bool = False, coarse: bool = False) -> Difference | None:
    """Compare our run with the oracle's, line by line."""
    for k, (got, expected) in enumerate(zip(mine.errors, theirs.errors, strict=True)):
        ours, right = error_class(got), error_class(expected)
        if ours != right:
            kind = "accepted" if got is None else "refused" if expected is None else "error class"
            text = f"here {ours or 'no error'}: {got}; there {right or 'no error'}: {expected}".replace("\n", " / ")
            return Difference(kind, k, text)
        for name, there in theirs.touched[k].items():
            if name not in mine.touched[k]:
                return Difference("flag", k, f"{name} is missing here")
            for found in _differences(mine.touched[k][name], there, name, k, strides, coarse):
                return found
        for name in mine.touched[k]:
            if name not in theirs.touched[k]:
                return Difference("flag", k, f"{name} is only here")
    return None


def _kind_of(name: str) -> str:
    return "second gradient" if name[0] == "h" else "gradient" if name[0] == "g" or "grad" in name else "value"


def _differences(mine: Any, there: Any, name: str, k: int, strides: bool, coarse: bool) -> Iterator[Difference]:
    kind = _kind_of(name)
    if isinstance(there, list) and isinstance(mine, list):
        if len(mine) != len(there):
            yield Difference("shape", k, f"{name}: {len(mine)} items, right {len(there)}")
        for place, (one, other) in enumerate(zip(mine, there)):
            yield from _differences(one, other, f"{name}[{place}]", k, strides, coarse)
    elif isinstance(there, Snapshot) and isinstance(mine, Snapshot):
        if mine.values.shape != there.values.shape:
            yield Difference("shape", k, f"{name}: {mine.values.shape}, right {there.values.shape}")
        elif mine.dtype != there.dtype:
            yield Difference("dtype", k, f"{name}: {mine.dtype}, right {there.dtype}")
        elif (size := _distance(mine.values, there.values, coarse)) > 0:
            yield Difference(kind, k, f"{name}: {mine.values.tolist()}, right {there.values.tolist()}", size)
        elif (
            kind == "value"
            and there.is_leaf is not None
            and (mine.requires_grad, mine.is_leaf) != (there.requires_grad, there.is_leaf)
        ):
            yield Difference(
                "flag",
                k,
                f"{name}: (requires_grad, is_leaf) {mine.requires_grad, mine.is_leaf}, "
                f"right {there.requires_grad, there.is_leaf}",
            )
        elif strides and kind == "value" and _steps(mine) != _steps(there):
            yield Difference("stride", k, f"{name}: {mine.stride}, right {there.stride} for {there.values.shape}")
    elif (mine is None) != (there is None):  # an absent gradient stands for zeros
        one = there if mine is None else mine
        if not isinstance(one, Snapshot) or kind == "value" or np.any(one.values != 0):
            yield Difference(kind, k, f"{name}: {'none' if mine is None else 'one'} here, right {_text(there)}")
    elif mine is not None and not isinstance(there, Snapshot) and mine != there:
        yield Difference(kind, k, f"{name}: {mine!r}, right {there!r}")


def _text(value: Any) -> Any:
    return value.values.tolist() if isinstance(value, Snapshot) else value


def _steps(one: Snapshot) -> tuple[int, ...]:
    """The strides that say something: not those of dimensions of size one, nor of nothing."""
    if not one.values.size:
        return ()
    return tuple(step for size, step in zip(one.values.shape, one.stride) if size != 1)


def _distance(mine: Any, theirs: Any, coarse: bool) -> float:
    """The largest error, relative to the entry or the array's largest; 0 if within tolerance."""
    if theirs.dtype.kind != "f":
        return 0.0 if np.array_equal(mine, theirs) else np.inf
    tolerance = max(TOLERANCE.get(theirs.dtype.name, 2e-2), TOLERANCE["float32"] if coarse else 0)
    a, b = mine.astype(np.float64), theirs.astype(np.float64)
    finite = np.isfinite(b)
    if not np.array_equal(finite, np.isfinite(a)) or not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return np.inf
    if not finite.any():
        return 0.0
    scale = max(1.0, float(np.abs(b[finite]).max()))
    worst = float(np.abs(a[finite] - b[finite]).max()) / scale
    return worst if worst > tolerance else 0.0
