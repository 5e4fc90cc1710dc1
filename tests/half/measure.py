"""How exact a 16-bit result is: its distance from a float64 run of the same inputs, beside PyTorch's distance.

A *case* is run three times: here and in PyTorch in a 16-bit type, and in PyTorch in float64 with the same
(rounded) inputs and the same (rounded) cotangents. A tensor is right if its dtype is PyTorch's and its error
at every place is at most twice PyTorch's, and one unit in the last place. PyTorch's error is its largest in
that tensor or, if that is larger, its usual one: the median over the cases of the same operation of the
largest error, in units of the largest element's last place. (Of two elements both may be right by luck.)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

HALVES = ("float16", "bfloat16")
DIGITS = {"float16": (11, -24), "bfloat16": (8, -133), "float32": (24, -149), "float64": (53, -1074)}
"""Bits of the mantissa, and the exponent of the smallest number."""

Array = NDArray[np.float64]


@dataclass
class Found:
    """One tensor of a run: float64 values and the name of its dtype."""

    values: Array
    dtype: str


@dataclass
class Ran:
    """What a run gave: its outputs, and gradients by name."""

    outputs: list[Found] = field(default_factory=list)
    grads: dict[str, Found] = field(default_factory=dict)


def found(lib: Any, tensor: Any) -> Found:
    """A tensor's values in float64 (exact for every dtype but int64 beyond 2^53), and its dtype's name."""
    plain = tensor.detach()
    return Found(np.array(plain.to(lib.float64).numpy()), str(tensor.dtype).rsplit(".", 1)[-1])


def unit(values: Array, dtype: str) -> Array:
    """One unit in the last place of each value, in a floating dtype."""
    bits, smallest = DIGITS[dtype]
    _, exponents = np.frexp(np.where(np.isfinite(values), values, 0.0))
    return np.asarray(np.exp2(np.maximum(exponents - bits, smallest).astype(np.float64)))


def ratio(mine: Found, theirs: Found, exact: Array, largest: float, usual: float = 0.0) -> float:
    """The largest error beyond one unit in the last place, as a multiple of PyTorch's; 0 if none is beyond."""
    error, other = _errors(mine.values, exact, largest), _errors(theirs.values, exact, largest)
    if np.any(np.isnan(error) & ~np.isnan(other)):
        return float("inf")
    here = ~np.isnan(error) & ~np.isnan(other)  # where PyTorch is not finite and should be, anything is as good
    beyond = float(np.max(error - unit(exact, mine.dtype), initial=0.0, where=here))
    worst = max(_worst(other), usual * _unit_of_all(exact, mine.dtype, largest))
    return 0.0 if beyond <= 0 else beyond / worst if worst else float("inf")


def _worst(error: Array) -> float:
    return float(np.max(error, initial=0.0, where=~np.isnan(error)))


def _unit_of_all(exact: Array, dtype: str, largest: float) -> float:
    """One unit in the last place of the largest number that the type can hold."""
    sizes = np.abs(exact)
    return float(unit(np.max(sizes, initial=0.0, where=sizes <= largest), dtype))


def usual_errors(runs: list[tuple[Ran, Ran]]) -> dict[str, float]:
    """PyTorch's usual error of outputs and of gradients, in units in the last place: see the module's docstring."""
    seen: dict[str, list[float]] = {"output": [], "gradient": []}
    for theirs, exact in runs:
        pairs = [("output", *two) for two in zip(theirs.outputs, exact.outputs)]
        pairs += [("gradient", theirs.grads[name], exact.grads[name]) for name in theirs.grads if name in exact.grads]
        for kind, one, right in pairs:
            if one.dtype in LARGEST and one.values.shape == right.values.shape and one.values.size:
                largest = LARGEST[one.dtype]
                step = _unit_of_all(right.values, one.dtype, largest)
                seen[kind].append(_worst(_errors(one.values, right.values, largest)) / step)
    return {kind: float(np.median(errors)) if errors else 0.0 for kind, errors in seen.items()}


def _errors(values: Array, exact: Array, largest: float) -> Array:
    """Distances; 0 where both are the same infinity or NaN, or the exact value is beyond the type's range."""
    beyond = np.abs(exact) > largest
    same = (np.isnan(values) & np.isnan(exact)) | (values == exact)
    same |= beyond & ((values == np.copysign(np.inf, exact)) | (np.abs(values) == largest))
    with np.errstate(invalid="ignore", over="ignore"):
        gaps = np.abs(values - exact)
    gaps = np.where(np.isfinite(gaps), gaps, np.nan)
    return np.asarray(np.where(same, 0.0, gaps))


LARGEST = {"float16": 65504.0, "bfloat16": 3.3895313892515355e38}


def complaints(mine: Ran, theirs: Ran, exact: Ran, usual: dict[str, float], most: float = 2.0) -> list[str]:
    """What is wrong with a run here: a line for each tensor of another dtype, shape or precision."""
    lines = []
    if len(mine.outputs) != len(theirs.outputs):
        return [f"{len(mine.outputs)} outputs, expected {len(theirs.outputs)}"]
    pairs = [(f"output {k}", *three) for k, three in enumerate(zip(mine.outputs, theirs.outputs, exact.outputs))]
    for name, expected in theirs.grads.items():
        if name not in mine.grads:
            if np.any(expected.values != 0):
                lines.append(f"{name}: none here")
        elif name in exact.grads:
            pairs.append((name, mine.grads[name], expected, exact.grads[name]))
    for name, ours, other, right in pairs:
        if ours.dtype != other.dtype:
            lines.append(f"{name}: {ours.dtype}, expected {other.dtype}")
        elif ours.values.shape != other.values.shape:
            lines.append(f"{name}: shape {ours.values.shape}, expected {other.values.shape}")
        elif ours.dtype not in DIGITS:
            if not np.array_equal(ours.values, other.values):
                lines.append(f"{name}: {ours.values.tolist()}, expected {other.values.tolist()}")
        elif right.values.shape == ours.values.shape:
            times = ratio(ours, other, right.values, LARGEST.get(ours.dtype, np.inf), usual[name.split()[0]])
            if times > most:
                lines.append(
                    f"{name}: error {times:.3g} times PyTorch's: {_short(ours)}, there {_short(other)}, "
                    f"exact {_short(right)}"
                )
    return lines


def _short(tensor: Found) -> str:
    return np.array2string(tensor.values.reshape(-1)[:6], precision=5, separator=",")
