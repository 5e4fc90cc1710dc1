"""Running the cases and printing what came out."""

from __future__ import annotations

import json
import os
import platform
from typing import Any

import numpy as np

from benchmarks.cases import CASES, Aim, Case
from benchmarks.contenders import COMPILED, HAND, OURS, PYTORCH, missing, set_library_threads, torch
from benchmarks.options import Options
from benchmarks.processes import import_seconds, memory_growth
from benchmarks.timing import Spread, interleaved, ratio, spread

__all__ = ["main"]

Times = dict[str, list[float]]
PEERS = (PYTORCH, HAND)
MEMORY, IMPORT = "memory", "import"
UNITS = (("s ", 1.0), ("ms", 1e-3), ("µs", 1e-6))


def main(options: Options) -> int:
    """Run what was asked for, print it, and give the exit status."""
    names = [case.name for case in CASES] + [MEMORY, IMPORT]
    if options.list:
        print(*names, sep="\n")
        return 0
    if not any(options.wants(name) for name in names):
        print(f"no case has {' or '.join(options.only)} in its name; there are: {', '.join(names)}")
        return 2
    set_library_threads(options.threads)
    print(machine())
    for line in missing():
        print(line)
    if options.smoke:
        print("smoke run: the figures mean nothing")
    results: dict[str, Any] = {}
    for case in CASES:
        if options.wants(case.name):
            results[case.name] = timed(case, options)
    if options.wants(MEMORY):
        results[MEMORY] = memory(100 if options.smoke else 10_000)
    if options.wants(IMPORT):
        results[IMPORT] = imports(1 if options.smoke else 7)
    if options.json is not None:
        options.json.write_text(
            json.dumps({"machine": machine(), "seconds": results}, indent=1) + "\n", encoding="utf-8"
        )
        print(f"\nevery sample is in {options.json}")
    return 0


def machine() -> str:
    """What was measured on what: versions and cores."""
    parts = [f"Python {platform.python_version()}", f"NumPy {np.__version__}"]
    if torch is not None:
        parts.append(f"PyTorch {torch.__version__}")
    threads = os.environ.get("OMP_NUM_THREADS")
    parts.append(f"{os.cpu_count()} cores" + (f", {threads} threads" if threads else ""))
    return " · ".join(parts)


def timed(case: Case, options: Options) -> Times:
    """Time one case and print its lines."""
    print(f"\n{case.name}: {case.about}", flush=True)
    times = interleaved(case.calls(options.smoke), rounds=options.rounds, sample=options.sample)
    for name, samples in times.items():
        print(f"  {name:21} {duration(spread(samples))}")
    for line in ratios(times, case.aims):
        print(f"  {line}")
    return times


def ratios(times: Times, aims: tuple[Aim, ...]) -> list[str]:
    """A line for each of our contenders against each peer, and for every other aim."""
    pairs = [(ours, peer) for ours in (OURS, COMPILED) for peer in PEERS]
    pairs += [(ours, whose) for ours, whose, _ in aims if (ours, whose) not in pairs]
    limits = {(ours, whose): limit for ours, whose, limit in aims}
    lines = []
    for ours, whose in pairs:
        if ours in times and whose in times:
            found = ratio(times[ours], times[whose])
            text = f"{ours} / {whose}: {found.middle:.3g} ({found.low:.3g} to {found.high:.3g})"
            limit = limits.get((ours, whose))
            if limit is not None:
                text += f", aim at most {limit:g}: {'reached' if found.middle <= limit else 'NOT REACHED'}"
            lines.append(text)
    return lines


def memory(steps: int) -> dict[str, int]:
    """Measure and print what many steps leave behind."""
    grown, peak = memory_growth(steps)
    print(f"\n{MEMORY}: {steps:,} training steps with the garbage collector off")
    print(f"  left behind {grown / 1024:,.1f} KiB ({grown / steps:.2f} bytes a step), peak {peak / 1024:,.1f} KiB")
    return {"steps": steps, "grown": grown, "peak": peak}


def imports(rounds: int) -> Times:
    """Measure and print the cost of an import."""
    times = import_seconds(rounds)
    print(f"\n{IMPORT}: the import, over that of NumPy")
    for name, samples in times.items():
        print(f"  {name:21} {duration(spread(samples))}")
    aim = spread(times[OURS]).middle
    print(f"  {OURS}: aim at most 50 ms: {'reached' if aim <= 0.05 else 'NOT REACHED'}")
    return times


def duration(seconds: Spread) -> str:
    """A spread in the unit that suits it.

    >>> duration(Spread(1.1e-6, 1.2e-6, 1.5e-6))
    '    1.20 µs (1.10 to 1.50)'
    """
    unit, size = next((pair for pair in UNITS if seconds.middle >= pair[1]), UNITS[-1])
    low, middle, high = (digits(value / size) for value in (seconds.low, seconds.middle, seconds.high))
    return f"{middle:>8} {unit} ({low} to {high})"


def digits(value: float) -> str:
    """Two decimals below a hundred, whole numbers above.

    >>> digits(3.14159), digits(1234.5)
    ('3.14', '1,234')
    """
    return f"{value:.2f}" if value < 99.995 else f"{value:,.0f}"
