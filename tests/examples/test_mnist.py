"""The main job, as a user starts it: files, repeatability, Ctrl-C, and a loss that is not a number."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinygrad_nn import load

pytest.importorskip("matplotlib", reason="the example draws")

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "examples" / "mnist.py"
FILES = ["confusion.png", "curves.png", "graph.svg", "misclassified.png", "weights.npz"]


def write_idx(path: Path, array: np.ndarray) -> None:
    """An IDX file: magic number, sizes, bytes (http://yann.lecun.com/exdb/mnist describes it)."""
    path.write_bytes(struct.pack(f">I{array.ndim}I", 0x800 | array.ndim, *array.shape) + array.tobytes())


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small MNIST folder: ten patterns, each with noise, 600 to learn from and 100 held out."""
    folder = tmp_path_factory.mktemp("mnist")
    rng = np.random.default_rng(0)
    patterns = rng.integers(0, 2, (10, 28, 28)) * 200
    for part, count in (("train", 600), ("t10k", 100)):
        labels = (np.arange(count) % 10).astype(np.uint8)
        images = (patterns[labels] + rng.integers(0, 50, (count, 28, 28))).astype(np.uint8)
        write_idx(folder / f"{part}-images-idx3-ubyte", images)
        write_idx(folder / f"{part}-labels-idx1-ubyte", labels)
    return folder


def command(folder: Path, out: Path, *more: str) -> list[str]:
    return [
        sys.executable,
        str(SCRIPT),
        "--data",
        str(folder),
        "--out",
        str(out),
        "--hidden",
        "16",
        "--batch-size",
        "20",
        *more,
    ]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def run(folder: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(folder, out, *more), env=environment(), capture_output=True, text=True, timeout=120, check=False
    )


def test_it_learns_writes_its_files_and_ends_with_the_number(digits: Path, tmp_path: Path) -> None:
    first, second = run(digits, tmp_path / "a", "--epochs", "3"), run(digits, tmp_path / "b", "--epochs", "3")
    assert first.returncode == 0, first.stderr
    last = first.stdout.strip().splitlines()[-1]
    assert last.startswith("Test accuracy 100.00 % after 3 epochs"), last
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == FILES
    assert (tmp_path / "a" / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert "0.weight" in (tmp_path / "a" / "graph.svg").read_text()
    for name, value in load(tmp_path / "a" / FILES[-1]).items():  # the same seed gives the same numbers
        np.testing.assert_array_equal(value.array, load(tmp_path / "b" / FILES[-1])[name].array)
    assert second.returncode == 0


def test_ctrl_c_saves_what_was_learned(digits: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        command(digits, tmp_path, "--epochs", "100000"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a runner in the background ignores it
    )
    assert process.stdout is not None
    seen = ""
    while "epoch 2/" not in seen:
        seen += process.stdout.read(1)
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=120)
    assert process.returncode == 0, rest[-2000:]
    assert "Stopped. Saving what was learned so far." in rest
    assert sorted(path.name for path in tmp_path.iterdir()) == FILES


def test_a_loss_that_is_not_finite_names_the_step_and_the_operation(digits: Path, tmp_path: Path) -> None:
    done = run(digits, tmp_path, "--optimizer", "sgd", "--lr", "1e30", "--epochs", "3")
    assert done.returncode != 0
    assert "became NaN or infinite at epoch" in done.stderr
    assert "step" in done.stderr
    assert "Try a smaller --lr" in done.stderr
    assert "anomaly: `" in done.stderr


def test_bad_flags_are_refused(digits: Path, tmp_path: Path) -> None:
    assert "must be positive" in run(digits, tmp_path, "--epochs", "0").stderr
    assert "invalid choice" in run(digits, tmp_path, "--activation", "magic").stderr
