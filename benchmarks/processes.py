"""What is measured in an interpreter of its own: memory over many steps, and the cost of an import."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

__all__ = ["import_seconds", "memory_growth"]

ROOT = Path(__file__).resolve().parent.parent

MEMORY = """
import gc, tracemalloc
gc.disable()
import tinygrad_nn
from benchmarks.libraries import training_step
from benchmarks.nets import NETS
step, x, y = training_step(tinygrad_nn, NETS[0])
for _ in range(50):
    step(x, y)
tracemalloc.start()
step(x, y)
before, _ = tracemalloc.get_traced_memory()
for _ in range({steps}):
    step(x, y)
after, peak = tracemalloc.get_traced_memory()
print(after - before, peak - before)
"""

IMPORT = """
import time, numpy
start = time.perf_counter()
import {name}
print(time.perf_counter() - start)
"""


def _run(code: str, bytecode: str | None = None) -> str:
    """What `code` prints; compiled files are kept in the folder `bytecode`, as an installation has them."""
    command = [sys.executable, *(["-X", f"pycache_prefix={bytecode}"] if bytecode else []), "-c", code]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"a measuring process failed:\n{done.stderr}")
    return done.stdout


def memory_growth(steps: int) -> tuple[int, int]:
    """Bytes that `steps` training steps leave behind with the garbage collector off, and their peak."""
    grown, peak = _run(MEMORY.format(steps=steps)).split()
    return int(grown), int(peak)


def import_seconds(rounds: int) -> dict[str, list[float]]:
    """Seconds that importing takes once NumPy is there, in turns, each in a fresh interpreter."""
    names = [name for name in ("tinygrad_nn", "torch") if find_spec(name) is not None]
    times: dict[str, list[float]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as bytecode:
        for name in names:
            _run(IMPORT.format(name=name), bytecode)  # compiles, and fills the file system's caches
        for _ in range(rounds):
            for name in names:
                times[name].append(float(_run(IMPORT.format(name=name), bytecode)))
    return times
