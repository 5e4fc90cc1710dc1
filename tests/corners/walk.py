"""Runs one function here and in PyTorch on special values, and says where the two differ.

A *case* is a call as text, on tensors whose first axis numbers independent samples: single elements, or
rows. Of each sample the value, the gradient for each cotangent, and the gradient of that gradient (for
the inputs and for the cotangent) are compared, each number by itself and relative to itself, so that
2e-9 is not 0.

Single precision may be nearer to the truth than PyTorch's is: there the same call in PyTorch's double
precision, rounded, is as good an answer. (Double precision has no such help: see `exceptions`.)
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

__all__ = ["COTANGENTS", "Case", "Difference", "walk"]

Array = Any
INF, NAN = float("inf"), float("nan")
COTANGENTS = (1.0, -0.75, 0.0, INF, NAN)
TOLERANCE = {"float32": 4e-6, "float64": 1e-12}


@dataclass(frozen=True)
class Case:
    """One call, over `lib`, `F` and the inputs x, y, z, and the samples to put in (name, then inputs)."""

    text: str
    inputs: tuple[Array, ...]
    second: bool = True
    cotangents: tuple[float, ...] = COTANGENTS
    constant: str = ""
    loose: float = 1.0


@dataclass
class Difference:
    """Where a case differs: which quantity (value, gradient of x, ...), and there of which samples."""

    case: str
    dtype: str
    what: str
    samples: list[str] = field(default_factory=list)


def _torch_like(lib: ModuleType, array: Array, dtype: str) -> Any:
    return lib.tensor(array.tolist(), dtype=getattr(lib, dtype)).reshape(array.shape)


def _results(lib: ModuleType, F: Any, case: Case, dtype: str, cotangent: float, second: bool) -> dict[str, Array]:
    """Every quantity of a case by name, as float64 arrays with the samples first."""
    found: dict[str, Array] = {}
    given = dict(zip("xyz", case.inputs, strict=False))
    leaves = {}
    for name, array in given.items():
        if array.dtype.kind == "f" and name not in case.constant:
            leaves[name] = lib.tensor(array, dtype=getattr(lib, dtype)).requires_grad_()
        else:
            leaves[name] = (
                lib.tensor(array) if array.dtype.kind != "f" else lib.tensor(array, dtype=getattr(lib, dtype))
            )
    out = eval(case.text, {"lib": lib, "F": F, "inf": INF, "nan": NAN, **leaves})
    outs = out if isinstance(out, (tuple, list)) else (out,)
    outs = [one for one in outs if one.dtype in (lib.float32, lib.float64)]
    for k, one in enumerate(outs):
        found[f"value{k or ''}"] = _array(one)
    wanted = {name: leaf for name, leaf in leaves.items() if leaf.requires_grad}
    outs = [one for one in outs if one.requires_grad]
    if not outs or not wanted:
        return found
    weights = [lib.full_like(one.detach(), cotangent).requires_grad_(second) for one in outs]
    grads = lib.autograd.grad(outs, list(wanted.values()), weights, create_graph=second, allow_unused=True)
    live = []
    for name, grad in zip(wanted, grads, strict=True):
        if grad is not None:
            found[f"grad {name}"] = _array(grad)
            if grad.requires_grad:
                live.append(grad)
    if second and live:
        again = lib.autograd.grad(
            live, [*wanted.values(), *weights], [lib.ones_like(one.detach()) for one in live], allow_unused=True
        )
        for name, grad in zip([*wanted, *[f"g{k or ''}" for k in range(len(weights))]], again, strict=True):
            if grad is not None:
                found[f"second {name}"] = _array(grad)
    return found


def _array(t: Any) -> Array:
    return np.asarray(t.detach().tolist(), np.float64).reshape(tuple(t.shape))


def _agree(a: Array, b: Array, dtype: str, loose: float, size: Array) -> Array:
    """Close relative to the number itself; for rows (`loose` > 1), whose terms cancel, also to the row's size."""
    tiny = float(np.finfo(dtype).smallest_subnormal) * 4
    with np.errstate(all="ignore"):
        near = np.abs(a - b) <= TOLERANCE[dtype] * loose * np.maximum(np.maximum(np.abs(a), np.abs(b)), size) + tiny
    return (a == b) | (np.isnan(a) & np.isnan(b)) | (near & np.isfinite(a) & np.isfinite(b))


def walk(torch: ModuleType, lib: ModuleType, case: Case, dtype: str) -> tuple[int, list[Difference]]:
    """How many numbers were compared, and the differences."""
    import importlib

    count, found = 0, {}
    kind = np.dtype(dtype)
    rounded = tuple(a.astype(kind).astype(np.float64) if a.dtype.kind == "f" else a for a in case.inputs)
    case = Case(case.text, rounded, case.second, case.cotangents, case.constant, case.loose)
    ordinary = np.zeros(len(case.inputs[0]))
    if case.loose > 1:  # rows of ordinary numbers
        rows = np.concatenate([np.abs(one).reshape(len(one), -1) for one in case.inputs if one.dtype.kind == "f"], 1)
        with np.errstate(all="ignore"):
            ordinary = np.where((rows.max(1) > 1e-2) & (rows.max(1) < 1e3), 1.0, 0.0)
    ours_f, theirs_f = importlib.import_module("tinygrad_nn.nn.functional"), torch.nn.functional
    for g in case.cotangents:
        second = case.second and bool(np.isfinite(g))
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                theirs = _results(torch, theirs_f, case, dtype, g, second)
            except (RuntimeError, NotImplementedError):  # no second derivative there
                second = False
                theirs = _results(torch, theirs_f, case, dtype, g, second)
            mine = _results(lib, ours_f, case, dtype, g, second)
            wide = _results(torch, theirs_f, case, "float64", g, second) if dtype == "float32" else theirs
        for name in sorted({*mine, *theirs}):
            if name.startswith("value") and g != case.cotangents[0]:
                continue
            a, b, c = mine.get(name), theirs.get(name), wide.get(name)
            shape = next(one.shape for one in (a, b, c) if one is not None)
            a, b, c = (np.zeros(shape) if one is None else one for one in (a, b, c))
            if a.shape != b.shape:
                found[name] = Difference(case.text, dtype, name, [f"shape {a.shape} for {b.shape}"])
                continue
            size = ordinary.reshape((-1,) + (1,) * (a.ndim - 1)) if a.ndim and len(a) == len(ordinary) else 0.0
            with np.errstate(all="ignore"):
                c = c.astype(kind).astype(np.float64)
                nearer = np.isfinite(a) & np.isfinite(b) & np.isfinite(c) & (np.abs(a - c) <= 2 * np.abs(b - c))
            good = _agree(a, b, dtype, case.loose, size) | _agree(a, c, dtype, case.loose, size) | nearer
            count += a.size
            for place in np.argwhere(~good):
                n = place[0] if len(place) else 0
                at = ", ".join(
                    _text(one[n] if one.ndim and one.shape[0] > 1 else one.reshape(-1)[0] if one.size == 1 else one)
                    for one in case.inputs
                )
                key = name if name.startswith("value") else f"{name}, g={g:g}"
                where = tuple(place)
                found.setdefault(key, Difference(case.text, dtype, key)).samples.append(
                    f"({at}){list(map(int, place[1:])) or ''}: {a[where]:.9g}, torch {b[where]:.9g}, wide {c[where]:.9g}"
                )
    return count, list(found.values())


def _text(value: Array) -> str:
    return str(np.asarray(value).tolist()).replace(" ", "")
