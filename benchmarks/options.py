"""The command line. Imports nothing that reads thread counts from the environment."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Options", "parse", "set_threads"]

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Options:
    """What was asked for."""

    only: tuple[str, ...] = ()
    smoke: bool = False
    rounds: int = 31
    sample: float = 0.05  # seconds that one sample of a contender lasts at least
    threads: int | None = None
    json: Path | None = None
    list: bool = False

    def wants(self, name: str) -> bool:
        """Whether a case of this name runs."""
        return not self.only or any(part in name for part in self.only)


def parse(arguments: list[str] | None = None) -> Options:
    """The options that `arguments` (the command line, if None) spell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Times, side by side with the peers.")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="cases whose name contains NAME")
    parser.add_argument("--smoke", action="store_true", help="run everything once, briefly: figures mean nothing")
    parser.add_argument("--rounds", type=int, default=31, metavar="N", help="samples of each contender (31)")
    parser.add_argument("--threads", type=int, metavar="N", help="threads of NumPy's and PyTorch's libraries")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write every sample, in seconds")
    parser.add_argument("--list", action="store_true", help="name the cases and stop")
    given = parser.parse_args(arguments)
    if given.rounds < 1:
        parser.error(f"--rounds must be at least 1, not {given.rounds}")
    if given.threads is not None and given.threads < 1:
        parser.error(f"--threads must be at least 1, not {given.threads}")
    return Options(
        only=tuple(given.only),
        smoke=given.smoke,
        rounds=2 if given.smoke else given.rounds,
        sample=0.0 if given.smoke else 0.05,
        threads=given.threads,
        json=given.json,
        list=given.list,
    )


def set_threads(threads: int | None) -> None:
    """Tell the libraries how many threads to use; they read this when they are first imported."""
    if threads is not None:
        os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
