"""Compare two outcomes of one sample; a difference is a line of text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from .runner import Outcome, TensorRecord

__all__ = ["TOLERANCE", "differences"]

TOLERANCE = {"float64": 1e-9, "float32": 2e-5, "float16": 2e-3, "bfloat16": 1.6e-2}
"""Relative to the entry, and to the larger of 1 and the largest entry of its array."""


def differences(got: Outcome, expected: Outcome, real: str, dtypes: Iterable[str]) -> list[str]:
    """What differs between our outcome and the oracle's, first things first.

    ``real`` is the float dtype of the run: it sets the tolerance of Python floats. A gradient is as
    exact as the coarsest of the float ``dtypes`` it has passed through: a float64 scalar times a
    float32 matrix has a float64 gradient with float32's digits.
    """
    coarsest = max(TOLERANCE[one] for one in dtypes)
    found = list(_values(got.outputs, expected.outputs, "output", TOLERANCE[real]))
    if expected.grad_error is None:
        if got.grad_error is not None:
            found.append(f"gradient raised {type(got.grad_error).__name__}: {got.grad_error}")
        else:
            found += _gradients(got.grads, expected.grads, "gradient", coarsest)
    if expected.grad_error is None and expected.second_error is None and got.grad_error is None:
        if got.second_error is not None:
            error = got.second_error
            found.append(f"second gradient raised {type(error).__name__}: {error}")
        else:
            found += _gradients(got.second, expected.second, "second gradient", coarsest)
    return found


def _gradients(
    got: dict[str, TensorRecord], expected: dict[str, TensorRecord], what: str, coarsest: float
) -> Iterator[str]:
    """An absent gradient stands for zeros, on either side."""
    for name in sorted({*got, *expected}):
        mine, theirs = got.get(name), expected.get(name)
        where = f"{what} of {name}"
        if mine is None or theirs is None:
            there = mine or theirs
            if there is not None and np.any(there.values != 0):
                side = "none here" if mine is None else "none there"
                yield f"{where}: {side}, {there.values.tolist()} on the other side"
        else:
            yield from _tensors(mine, theirs, where, coarsest)


def _values(got: object, expected: object, where: str, loose: float) -> Iterator[str]:
    if isinstance(expected, TensorRecord) and isinstance(got, TensorRecord):
        yield from _tensors(got, expected, where)
    elif isinstance(expected, (list, tuple)) and isinstance(got, (list, tuple)):
        if isinstance(got, list) != isinstance(expected, list):
            yield f"{where}: {type(got).__name__}, expected {type(expected).__name__}"
        elif len(got) != len(expected):
            yield f"{where}: {len(got)} items, expected {len(expected)}"
        else:
            for place, (mine, theirs) in enumerate(zip(got, expected, strict=True)):
                yield from _values(mine, theirs, f"{where}[{place}]", loose)
    elif isinstance(expected, dict) and isinstance(got, dict):
        if list(got) != list(expected):
            yield f"{where}: keys {list(got)}, expected {list(expected)}"
        else:
            for key in expected:
                yield from _values(got[key], expected[key], f"{where}[{key!r}]", loose)
    elif isinstance(expected, (np.ndarray, np.generic)):
        yield from _arrays(got, expected, where)
    elif type(got) is not type(expected):
        yield f"{where}: {got!r} ({type(got).__name__}), expected {expected!r}"
    elif isinstance(expected, float):
        if not _near(np.asarray(got), np.asarray(expected), loose):
            yield f"{where}: {got!r}, expected {expected!r}"
    elif got != expected:
        yield f"{where}: {got!r}, expected {expected!r}"


def _arrays(got: object, expected: NDArray[np.generic] | np.generic, where: str) -> Iterator[str]:
    if not isinstance(got, (np.ndarray, np.generic)):
        yield f"{where}: {type(got).__name__}, expected a NumPy {type(expected).__name__}"
    elif got.dtype != expected.dtype or got.shape != expected.shape:
        yield f"{where}: {got.dtype}{got.shape}, expected {expected.dtype}{expected.shape}"
    elif not _near(np.asarray(got), np.asarray(expected), TOLERANCE.get(expected.dtype.name, 0)):
        yield f"{where}: {got.tolist()}, expected {expected.tolist()}"


def _tensors(got: TensorRecord, expected: TensorRecord, where: str, coarsest: float | None = None) -> Iterator[str]:
    """An output where ``coarsest`` is None, otherwise a gradient."""
    if got.dtype != expected.dtype:
        yield f"{where}: dtype {got.dtype}, expected {expected.dtype}"
    if got.shape != expected.shape or got.values.shape != expected.values.shape:
        yield f"{where}: shape {got.shape}, expected {expected.shape}"
        return
    if coarsest is None and got.requires_grad != expected.requires_grad:
        yield f"{where}: requires_grad {got.requires_grad}, expected {expected.requires_grad}"
    tolerance = max(TOLERANCE.get(expected.dtype, 0.0), coarsest or 0.0)
    if not _near(got.values, expected.values, tolerance):
        yield f"{where}: {got.values.tolist()}, expected {expected.values.tolist()}"


def _near(got: NDArray[np.generic], expected: NDArray[np.generic], tolerance: float) -> bool:
    if got.dtype.kind not in "fc" or expected.dtype.kind not in "fc":
        return bool(np.array_equal(got, expected))
    mine, theirs = got.astype(np.float64), expected.astype(np.float64)
    finite = np.isfinite(theirs)
    scale = max(1.0, float(np.max(np.abs(theirs[finite]), initial=0.0)))
    return bool(np.allclose(mine, theirs, rtol=tolerance, atol=tolerance * scale, equal_nan=True))
