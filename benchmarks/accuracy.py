"""How far our float32 results and PyTorch's are from the mathematics, in units in the last place.

    python -m benchmarks.accuracy                # the whole table, as Markdown
    python -m benchmarks.accuracy --only sum     # operations whose name contains "sum"
    python -m benchmarks.accuracy --write docs/accuracy.md

Functions of one number are held to mpmath. Sums, losses, layers and gradients are held to the same
numbers in float64 (NumPy's formula, or else PyTorch's float64), which is right to seven digits more than
is asked for here. The unit is the distance between neighbouring float32 at the right result (in arrays at
a tenth of the largest entry, for entries below that): 0.5 is the nearest number, the best that there is.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import tinygrad_nn
from benchmarks.accuracy_cases import CASES, Case

__all__ = ["CASES", "EXCEPTIONS", "Case", "Row", "measure", "table", "within"]

Array = Any

SLACK = 2.5
"""What is so many units off counts as right, whatever PyTorch has: NumPy promises its float32 exp to 2.52."""
EXCEPTIONS = {
    "matmul, wide": "the BLAS that NumPy is built with adds a thousand products one after the other",
}
"""What is worse, and why."""
BEGIN, END = "<!-- the table begins -->", "<!-- the table ends -->"


@dataclass(frozen=True)
class Row:
    """One line of the table: the largest errors."""

    name: str
    situation: str
    ours: float
    theirs: float


def within(row: Row) -> bool:
    """Never worse than PyTorch by more than a factor 2, or right to `SLACK` units."""
    return row.ours <= max(2 * row.theirs, SLACK)


def measure(case: Case, torch: ModuleType, size: float = 1.0) -> Iterator[Row]:
    """Both errors in each situation; `size` scales the number of elements."""
    for situation, arrays in case.inputs(np.random.default_rng(0), size).items():
        given = [a.astype(case.dtype) if a.dtype.kind == "f" else a for a in arrays]
        right = _truth(case, given, torch)
        errors = []
        for lib in (tinygrad_nn, torch):
            got = case.call(lib, *[lib.from_numpy(np.array(a)) for a in given]).detach().numpy()
            assert got.dtype == case.dtype, (case.name, got.dtype)
            errors.append(_units(got.reshape(-1), right, case))
        yield Row(case.name, situation, *errors)


def _truth(case: Case, given: list[Array], torch: ModuleType) -> list[Any]:
    if case.elementwise:
        import mpmath

        mpmath.mp.prec = 300
        assert case.truth is not None
        return [case.truth(*[mpmath.mpf(float(v)) for v in point]) for point in zip(*given, strict=True)]
    wide = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in given]
    if case.truth is not None:
        return [*np.ravel(case.truth(*wide))]
    return [*case.call(torch, *[torch.from_numpy(a) for a in wide]).detach().numpy().ravel()]


def _units(got: Array, right: list[Any], case: Case) -> float:
    info = np.finfo(case.dtype)
    largest = 0.0 if case.elementwise else max(abs(float(r)) for r in right)
    worst = 0.0
    for value, answer in zip(got.tolist(), right, strict=True):
        near = case.dtype(float(answer))
        if not np.isfinite(near) or not np.isfinite(value):
            if value != near and not (np.isnan(near) and np.isnan(value)):
                return float("inf")
            continue
        scale = max(abs(float(answer)), largest / 10, float(info.tiny))
        worst = max(worst, float(abs(answer - value)) / float(np.spacing(case.dtype(scale))))
    return worst


# -- the table ---------------------------------------------------------------------------------------


def _text(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:.1e}"


def table(rows: list[Row]) -> str:
    """The rows as Markdown, both situations of an operation on one line; bold where the factor 2 does not hold."""
    lines = ["| operation | ours, ordinary | PyTorch | ours, extreme | PyTorch |", "|---|---:|---:|---:|---:|"]
    for name in dict.fromkeys(row.name for row in rows):
        cells = [f"`{name}`"]
        for situation in ("ordinary", "extreme"):
            found = [row for row in rows if row.name == name and row.situation == situation]
            if not found:
                cells += ["", ""]
                continue
            ours = _text(found[0].ours)
            cells += [ours if within(found[0]) else f"**{ours}**", _text(found[0].theirs)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description="Errors beside PyTorch's.")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="operations whose name contains NAME"
    )
    parser.add_argument("--size", type=float, default=1.0, help="scales the number of elements (1)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table into FILE, between its two marks")
    options = parser.parse_args(arguments)
    try:
        import mpmath
        import torch
    except ImportError as error:
        print(f"{error.name} is not installed: pip install torch mpmath")
        return 2
    rows: list[Row] = []
    for case in CASES:
        if not options.only or any(part in case.name for part in options.only):
            print(case.name, file=sys.stderr)
            rows += measure(case, torch, options.size)
    text = (
        f"{table(rows)}\n\nNumPy {np.__version__}, PyTorch {torch.__version__} "
        f"({torch.backends.cpu.get_cpu_capability()}), mpmath {mpmath.__version__}, {platform.machine()}.\n"
    )
    print(text)
    if options.write is not None:
        page = options.write.read_text(encoding="utf-8")
        before, after = page.split(BEGIN)[0], page.split(END)[1]
        options.write.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}", encoding="utf-8")
    worse = [row for row in rows if not within(row)]
    print(f"{len(worse)} of {len(rows)} are off by more than twice PyTorch's error and {SLACK:g} units")
    return 1 if worse else 0


if __name__ == "__main__":
    raise SystemExit(main())
