"""image_regression: places and colours of pixels."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from tinygrad_nn.datasets import image_regression
from tinygrad_nn.errors import ArgumentError, DataError, MissingPackage

RGB = np.arange(24, dtype=np.uint8).reshape(2, 4, 3) * 10


def test_places_are_pixel_centres_in_proportion() -> None:
    places, colours = image_regression(RGB)
    assert (places.dtype, colours.dtype) == (np.float32, np.float32)
    xs, ys = [-0.75, -0.25, 0.25, 0.75], [-0.25, 0.25]
    assert places.tolist() == [[x, y] for y in ys for x in xs]
    np.testing.assert_array_equal(colours, (RGB.reshape(-1, 3) / np.float32(255)))


def test_a_prediction_for_all_places_is_a_picture_again() -> None:
    _, colours = image_regression(RGB)
    np.testing.assert_array_equal(np.rint(colours.reshape(2, 4, 3) * 255), RGB)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (np.array([[0, 51]], np.uint8), [[0, 0, 0], [0.2, 0.2, 0.2]]),
        (np.array([[[0], [51]]], np.uint8), [[0, 0, 0], [0.2, 0.2, 0.2]]),
        (np.array([[[0.0, 0.5, 1.0]]]), [[0.0, 0.5, 1.0]]),
        (np.array([[[0, 51, 255, 7]]], np.uint8), [[0, 0.2, 1]]),
        (np.array([[True, False]]), [[1, 1, 1], [0, 0, 0]]),
    ],
    ids=["grey", "grey with a channel", "floats", "alpha", "mask"],
)
def test_kinds_of_arrays(image: np.ndarray, expected: list) -> None:
    np.testing.assert_allclose(image_regression(image)[1], expected, rtol=1e-7)


def test_files_and_pillow_images(tmp_path: Path) -> None:
    pillow = pytest.importorskip("PIL.Image", reason="Pillow reads pictures")
    pillow.fromarray(RGB).save(tmp_path / "a.png")
    grey = pillow.fromarray(RGB).convert("L")
    for image in (tmp_path / "a.png", str(tmp_path / "a.png"), pillow.fromarray(RGB)):
        np.testing.assert_array_equal(image_regression(image)[1], image_regression(RGB)[1])
    assert image_regression(grey)[1].shape == (8, 3)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (
            np.zeros(3),
            r"must have the shape \(H, W\), .*\n  got: shape \(3,\)\n  fix: for channels first",
        ),
        (np.zeros((3, 8, 8)), r"got: shape \(3, 8, 8\)"),
        (np.zeros((0, 8, 3)), r"got: shape \(0, 8, 3\)"),
        (
            np.full((2, 2), 1.5),
            r"floats in 0..1\n  got: float64, 1.5..1.5\n  fix: divide floats by 255",
        ),
        (np.full((2, 2), np.nan), r"got: float64, nan..nan"),
        (np.full((2, 2), -1), r"integers must lie in 0..255, .*\n  got: int64, -1..-1"),
        (np.array([["a"]]), r"got: <U1, no numbers"),
    ],
)
def test_what_is_no_image(image: np.ndarray, words: str) -> None:
    with pytest.raises(ArgumentError, match=r"image_regression: [\s\S]*" + words):
        image_regression(image)


def test_a_file_that_is_no_picture(tmp_path: Path) -> None:
    pillow = pytest.importorskip("PIL.Image", reason="Pillow reads pictures")
    path = tmp_path / "a.png"
    path.write_text("no picture")
    with pytest.raises(DataError, match=f"{path}: expected a picture that Pillow can read\n  got: cannot"):
        image_regression(path)
    pillow.fromarray(np.random.default_rng(0).integers(0, 255, (50, 50, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(DataError, match="a whole PNG or JPEG file"):
        image_regression(path)
    with pytest.raises(FileNotFoundError):
        image_regression(tmp_path / "none.png")


def test_without_pillow_the_command_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingPackage, match=r'needs Pillow.*: pip install "tinygrad_nn\[viz\]"$'):
        image_regression("a.png")
