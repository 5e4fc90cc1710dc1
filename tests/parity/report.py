"""Run operations' samples on both libraries and count; the tests and the command share this."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
import traceback
import warnings
from dataclasses import dataclass
from typing import Any

from .compare import differences
from .exceptions import EXCEPTIONS
from .invalid import INVALID
from .refusals import complaint, family_of, refusal
from .runner import run
from .sample import FLOATS, Sample
from .samples import OPERATIONS, samples_of

__all__ = ["Verdict", "check_operation", "main"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One sample in one float dtype: what differs (nothing, if it agrees)."""

    op: str
    name: str
    real: str
    found: tuple[str, ...]

    @property
    def excused(self) -> bool:
        return f"{self.op}: {self.name}" in EXCEPTIONS


def runs_of(one: Sample) -> tuple[str, ...]:
    """A sample whose inputs all have fixed dtypes runs once."""
    follows = not one.inputs or any(given.dtype == "real" for given in one.inputs)
    return ("float64", "float32") if one.inputs and follows else ("float32",)


def check_sample(one: Sample, real: str, torch: Any, lib: Any) -> tuple[str, ...]:
    """The differences between the library and PyTorch on one sample."""
    second = real == "float64"
    try:
        expected = run(one, torch, real, second=second)
    except Exception as error:
        return (f"not a valid sample, PyTorch raises {type(error).__name__}: {error}",)
    try:
        got = run(one, lib, real, ours=lib is not torch, second=second)
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}"
        return (f"raises {type(error).__name__}: {error} ({where})",)
    dtypes = {real if given.dtype == "real" else given.dtype for given in one.inputs}
    return tuple(differences(got, expected, real, [*dtypes.intersection(FLOATS), real]))


def check_operation(op: str, torch: Any, lib: Any) -> list[Verdict]:
    """Every sample of an operation, in float64 (with second gradients) and in float32."""
    verdicts = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, one in samples_of(op).items():
            for real in runs_of(one):
                verdicts.append(Verdict(op, name, real, check_sample(one, real, torch, lib)))
    return verdicts


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=__doc__)
    parser.add_argument("words", nargs="*", help="only operations whose name contains a word")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the differences")
    parser.add_argument("-x", "--exact", action="store_true", help="the words are whole names")
    parser.add_argument("--failing", action="store_true", help="only operations that differ")
    parser.add_argument("--invalid", action="store_true", help="calls to refuse, not samples")
    parser.add_argument("--oracle", action="store_true", help="PyTorch against itself")
    options = parser.parse_args(arguments)

    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    lib = torch if options.oracle else importlib.import_module("tinygrad_nn")

    if options.invalid:
        return report_refusals(torch, lib, options)
    passed = total = 0
    start = time.perf_counter()
    for op in OPERATIONS:
        if not chosen(op, options):
            continue
        verdicts = check_operation(op, torch, lib)
        good = sum(not one.found for one in verdicts)
        passed, total = passed + good, total + len(verdicts)
        if good < len(verdicts) or not options.failing:
            print(f"{op:28} {good:5} / {len(verdicts):<5}{'' if good == len(verdicts) else '  <--'}")
        if options.verbose:
            show(verdicts)
    share = 100 * passed / max(total, 1)
    seconds = time.perf_counter() - start
    print(f"{'all':28} {passed:5} / {total:<5}  {share:.2f} %  in {seconds:.1f} s")
    return 0 if passed == total else 1


def show(verdicts: list[Verdict]) -> None:
    for one in verdicts:
        for line in one.found:
            mark = "excused" if one.excused else one.real
            print(f"    [{mark}] {one.name}\n        {line[:400]}", file=sys.stdout)


def chosen(op: str, options: argparse.Namespace) -> bool:
    if options.exact:
        return op in options.words
    return not options.words or any(word in op for word in options.words)


def report_refusals(torch: Any, lib: Any, options: argparse.Namespace) -> int:
    """Invalid calls refused and total; and how often the exception is of another family."""
    wrong = total = other = 0
    for op, texts in INVALID.items():
        if not chosen(op, options):
            continue
        lines = []
        for text in texts:
            theirs, mine = refusal(torch, text), refusal(lib, text)
            found = complaint(theirs, mine)
            if found:
                lines.append(f"    {text}\n        {found}")
            elif theirs is not None and mine is not None:
                other += family_of(theirs) is not family_of(mine)
        wrong, total = wrong + len(lines), total + len(texts)
        if lines or not options.failing:
            print(f"{op:28} {len(texts) - len(lines):5} / {len(texts):<5}{'  <--' if lines else ''}")
        if options.verbose and lines:
            print("\n".join(lines))
    share = 100 * (total - wrong) / max(total, 1)
    print(f"{'refused':28} {total - wrong:5} / {total:<5}  {share:.2f} %, another family: {other}")
    return 1 if wrong else 0
