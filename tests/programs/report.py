"""Draw programs, run them in both libraries, count the differences by kind."""

from __future__ import annotations

import argparse
import importlib
import re
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from .compare import KINDS, Difference, first_difference
from .explained import explanation
from .generate import Program, generate
from .judge import verdict
from .run import quiet, run, script
from .sensitivity import is_noise
from .shrink import differs, shrink

__all__ = ["Verdict", "check", "main"]


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """One program's outcome: agreement (None), or the first difference and, where known, its reason."""

    program: Program
    found: Difference | None
    reason: str | None = None


def check(seed: int, lib: Any, oracle: Any, *, strides: bool = False) -> Verdict:
    """Draw and run the program of one seed."""
    program = generate(seed, oracle)
    mine = run(program.lines, lib, watch=program.watch)
    found = first_difference(mine, program.run, strides=strides)
    if found is None:
        return Verdict(program, None)
    if is_noise(program.lines, found, mine, oracle, program.watch, strides):
        return Verdict(program, None, "rounding")
    return Verdict(program, found, explanation(program.lines, found, lib, oracle, program.watch, strides))


def signature(kind: str, lines: tuple[str, ...]) -> str:
    """What a difference is about: the operations of its shortest program."""
    words = re.findall(r"\.([a-z]\w*)\(|\] ([-+*]?=)| ([-+*/@%]=|\*\*|//|[-+*/%@]) |(\[)", "\n".join(lines))
    plain = {next(word for word in found if word) for found in words}
    return f"{kind}: " + " ".join(sorted(plain - {"tensor", "requires_grad_", "["}))


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.programs", description=__doc__)
    parser.add_argument("--seeds", default="0:500", help="FIRST:LAST, or one seed")
    parser.add_argument("--shrink", action="store_true", help="print the shortest program for each difference")
    parser.add_argument("--strides", action="store_true", help="compare layouts, too")
    parser.add_argument("--kind", help="only this kind")
    parser.add_argument("--show", action="store_true", help="print the whole program")
    asked = parser.parse_args(arguments)
    oracle, lib = importlib.import_module("torch"), importlib.import_module("tinygrad_nn")
    begin, _, end = asked.seeds.partition(":")
    seeds = range(int(begin), int(end or int(begin) + 1))
    counts: Counter[str] = Counter()
    alike: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    started = time.perf_counter()
    for seed in seeds:
        one = check(seed, lib, oracle, strides=asked.strides)
        counts["operations"] += len(one.program.lines)
        counts["gradients"] += sum(
            line[0] == "g" and error is None for line, error in zip(one.program.lines, one.program.run.errors)
        )
        counts["second gradients"] += sum(
            line[0] == "h" and error is None for line, error in zip(one.program.lines, one.program.run.errors)
        )
        counts["errors"] += sum(error is not None for error in one.program.run.errors)
        if one.reason:
            counts["rounding" if one.found is None else "explained"] += 1
            reasons[one.reason] += 1
        if one.found is None:
            continue
        if one.reason is None:
            counts[one.found.kind] += 1
        if asked.show:
            print(script(one.program.lines))
        if one.reason is None and asked.kind in (None, one.found.kind):
            line = one.program.lines[one.found.line] if one.found.line < len(one.program.lines) else "the end"
            print(f"# seed {seed}: {one.found.kind} at `{line}`: {one.found.text[:300]}", flush=True)
            if asked.shrink:
                with quiet(oracle):
                    lines = shrink(one.program.lines, one.found.kind, lib, oracle, one.program.watch, asked.strides)
                    shortest = differs(lines, lib, oracle, one.program.watch, asked.strides)
                    print(f"# {shortest.text[:300]}\n# {verdict(lines, shortest, oracle)}" if shortest else "")
                key = signature(one.found.kind, lines)
                alike[key] += 1
                print("\n".join(lines) if alike[key] < 3 else f"as {key}", "\n", flush=True)
    seconds = time.perf_counter() - started
    print(f"{len(seeds)} programs, {counts['operations']} lines, {counts['gradients']} gradients, "
          f"{counts['second gradients']} second gradients, {counts['errors']} refusals in {seconds:.0f} s")  # fmt: skip
    print(", ".join(f"{kind}: {counts[kind]}" for kind in (*KINDS, "explained")))
    print("of these, explained:", ", ".join(f"{reason} {count}" for reason, count in reasons.most_common()) or "none")
    for key, count in alike.most_common():
        print(f"{count:5} {key}")
    return int(any(counts[kind] for kind in KINDS))
