"""Runs one call here and in PyTorch on special values, and says where the two differ.

A *case* is a call as text, on inputs whose first axis numbers independent samples: single elements, or rows.
Of each sample the value, the gradient for each cotangent, and the gradient of that gradient (for the inputs
and for the cotangent) are compared, each number by itself and relative to itself, so that 2e-9 is not 0.

In single precision PyTorch's double precision, rounded, is as good an answer as its single one, and so is
what lies at most twice as far from it as PyTorch does. In double precision there is no better PyTorch: where
ours is, `exceptions` says so, and `test_corners` compares it with mpmath.
"""

from __future__ import annotations

import importlib
import warnings
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

__all__ = ["COTANGENTS", "Case", "Difference", "kind_of", "walk"]

Array = Any
INF, NAN = float("inf"), float("nan")
COTANGENTS = (1.0, -0.75, 0.0, INF, NAN)
TOLERANCE = {"float32": 4e-6, "float64": 1e-8}


@dataclass(frozen=True)
class Case:
    """A call over `lib`, `F` and the inputs x, y; those named in `constant` have no gradient.

    rows: the samples are rows, whose terms may cancel: their gradients are also compared absolutely.
    """

    text: str
    inputs: tuple[Array, ...]
    constant: str = ""
    rows: bool = False


@dataclass(frozen=True)
class Difference:
    """One number that differs: `what` as "second x" or "grad y at inf" (of an infinite cotangent), `kind` as "0<nan"."""

    case: str
    dtype: str
    what: str
    kind: str
    sample: str


def kind_of(ours: float, theirs: float) -> str:
    """ "0<nan": ours is 0 where PyTorch's is NaN; "fin" stands for any other finite number."""
    return "<".join("nan" if np.isnan(v) else "inf" if np.isinf(v) else "fin" if v else "0" for v in (ours, theirs))


def _results(lib: ModuleType, F: Any, case: Case, dtype: str, cotangent: float, second: bool) -> dict[str, Array]:
    """Every quantity of a case by name, as float64 arrays with the samples first."""
    kind = getattr(lib, dtype)
    leaves = {name: lib.tensor(array, dtype=kind) for name, array in zip("xy", case.inputs, strict=False)}
    wanted = {name: leaf.requires_grad_() for name, leaf in leaves.items() if name not in case.constant}
    out = eval(case.text, {"lib": lib, "F": F, "inf": INF, "nan": NAN, **leaves})
    outs = [
        one for one in (out if isinstance(out, (tuple, list)) else (out,)) if one.dtype in (lib.float32, lib.float64)
    ]
    found = {f"value{k or ''}": _array(one) for k, one in enumerate(outs)}
    outs = [one for one in outs if one.requires_grad]
    if not outs:
        return found
    weights = [lib.full_like(one.detach(), cotangent).requires_grad_(second) for one in outs]
    grads = lib.autograd.grad(outs, list(wanted.values()), weights, create_graph=second, allow_unused=True)
    found |= {f"grad {name}": _array(grad) for name, grad in zip(wanted, grads, strict=True) if grad is not None}
    live = [grad for grad in grads if grad is not None and grad.requires_grad]
    if second and live:
        ones = [lib.ones_like(one.detach()) for one in live]
        again = lib.autograd.grad(live, [*wanted.values(), *weights], ones, allow_unused=True)
        names = [*wanted, *[f"g{k or ''}" for k in range(len(weights))]]
        found |= {f"second {name}": _array(one) for name, one in zip(names, again, strict=True) if one is not None}
    return found


def _array(t: Any) -> Array:
    return np.asarray(t.detach().tolist(), np.float64).reshape(tuple(t.shape))


def _agree(a: Array, b: Array, dtype: str, absolute: float) -> Array:
    with np.errstate(all="ignore"):
        allowed = (
            TOLERANCE[dtype] * np.maximum(np.abs(a), np.abs(b)) + 4 * np.finfo(dtype).smallest_subnormal + absolute
        )
        near = (np.abs(a - b) <= allowed) & np.isfinite(a) & np.isfinite(b)
    return (a == b) | (np.isnan(a) & np.isnan(b)) | near


def walk(torch: ModuleType, lib: ModuleType, case: Case, dtype: str) -> tuple[int, list[Difference]]:
    """How many numbers were compared, and the differences."""
    count, found = 0, []
    kind = np.dtype(dtype)
    case = Case(case.text, tuple(a.astype(kind).astype(np.float64) for a in case.inputs), case.constant, case.rows)
    ours, theirs = importlib.import_module(f"{lib.__name__}.nn.functional"), torch.nn.functional
    for g in COTANGENTS:
        second = bool(np.isfinite(g))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                expected = _results(torch, theirs, case, dtype, g, second)
            except RuntimeError:  # no second derivative there
                second = False
                expected = _results(torch, theirs, case, dtype, g, second)
            got = _results(lib, ours, case, dtype, g, second)
            wide = _results(torch, theirs, case, "float64", g, second) if dtype == "float32" else expected
        for name in sorted({*got, *expected}):
            if name.startswith("value") and g != COTANGENTS[0]:
                continue
            shape = next(one[name].shape for one in (got, expected) if name in one)
            a, b, c = (one.get(name, np.zeros(shape)) for one in (got, expected, wide))
            assert a.shape == b.shape, (case.text, name, a.shape, b.shape)
            absolute = 400 * np.finfo(dtype).eps if case.rows and not name.startswith("value") else 0.0
            with np.errstate(all="ignore"):
                c = c.astype(kind).astype(np.float64)
                nearer = np.isfinite(a) & np.isfinite(b) & np.isfinite(c) & (np.abs(a - c) <= 2 * np.abs(b - c))
            good = _agree(a, b, dtype, absolute) | _agree(a, c, dtype, absolute) | nearer
            count += a.size
            what = name if second or name.startswith("value") else f"{name} at {g:g}" if not np.isfinite(g) else name
            for place in map(tuple, np.argwhere(~good)):
                at = ", ".join(str(one[place[0]].tolist()) for one in case.inputs)
                sample = f"({at}){[int(k) for k in place[1:]] or ''}: {a[place]:.9g}, PyTorch {b[place]:.9g}"
                found.append(Difference(case.text, dtype, what, kind_of(a[place], b[place]), sample))
    return count, found
