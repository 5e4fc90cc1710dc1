"""kaggle_csv: Kaggle's two tables; what is wrong with another file is told with its place."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from tinygrad_nn.datasets import kaggle_csv
from tinygrad_nn.errors import DataError

HEADER = "label," + ",".join(f"pixel{i}" for i in range(784))
ROW = "3" + ",7" * 784


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "train.csv"


def table(rng: np.random.Generator, n: int) -> tuple[np.ndarray, str]:
    values = np.concatenate((rng.integers(0, 10, (n, 1)), rng.integers(0, 256, (n, 784))), axis=1)
    return values, "\n".join(",".join(map(str, row)) for row in values.tolist())


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_labelled_table(file: Path, ending: str, pack) -> None:
    values, text = table(np.random.default_rng(0), 25)
    file.write_bytes(pack(f"{HEADER}\n{text}\n".replace("\n", ending).encode()))
    images, labels = kaggle_csv(file)
    assert images.dtype == np.uint8
    assert labels is not None
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(labels, values[:, 0])
    np.testing.assert_array_equal(images, values[:, 1:].reshape(25, 28, 28))


def test_table_without_labels(file: Path) -> None:
    values, text = table(np.random.default_rng(1), 3)
    lines = [line.partition(",")[2] for line in text.split("\n")]
    file.write_text("\n".join([HEADER.partition(",")[2], *lines]))
    images, labels = kaggle_csv(file)
    assert labels is None
    np.testing.assert_array_equal(images, values[:, 1:].reshape(3, 28, 28))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"expected the header label,pixel0,...,pixel783 .*\n  got: 1 columns: ''"),
        ("PassengerId,Survived\n1,0\n", r"got: 2 columns: 'PassengerId,Survived'"),
        (HEADER + ",pixel784\n" + ROW, r"785 columns, 784 without label\)\n  got: 786 columns"),
        (HEADER.replace("label", "digit") + "\n" + ROW, r"got: 785 columns: 'digit,pixel0,"),
        (HEADER + "\n", r"expected lines of 785 integers\n  got: no such line"),
        (f"{HEADER}\n{ROW}\n{ROW},1\n", r"expected 785 columns\n  got: 786 in line 3"),
        (f"{HEADER}\n{ROW}\n{ROW[:-2]}\n", r"expected 785 columns\n  got: 784 in line 3"),
        (f"{HEADER}\n{ROW[:-2]}\n{ROW[:-2]}\n", r"expected 785 columns\n  got: 784 in line 2"),
        (f"{HEADER}\n{ROW[:-1]}x\n", r"integers in 0..255\n  got: 'x' in line 2, column 784"),
        (f"{HEADER}\n{ROW[:-1]}\n", r"expected integers in 0..255\n  got: '' in line 2"),
        (f"{HEADER}\n{ROW[:-1]}0.5\n", r"expected integers in 0..255\n  got: '0.5' in line 2"),
        (f"{HEADER}\n{ROW}\n{ROW[:-1]}70000\n", r"got: '70000' in line 3, column 784"),
        (
            f"{HEADER}\n{ROW}\n{ROW[:-1]}256\n",
            r"every pixel in 0..255\n  got: 256 in row 1, column 783",
        ),
        (f"{HEADER}\n{ROW[:-1]}-1\n", r"every pixel in 0..255\n  got: -1 in row 0, column 783"),
        (f"{HEADER}\n{ROW}\n10{ROW[1:]}\n", r"every label in 0..9\n  got: 10 in row 1 \(counted"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(file: Path, text: str, words: str) -> None:
    file.write_text(text)
    with pytest.raises(DataError, match=r"train\.csv: not a table of 28 x 28 images; [\s\S]*" + words):
        kaggle_csv(file)


def test_damaged_gzip(file: Path) -> None:
    packed = gzip.compress(f"{HEADER}\n{ROW}\n".encode())
    for content in (packed[:40], packed[:-4]):
        file.write_bytes(content)
        with pytest.raises(DataError, match="the gzip stream is truncated or corrupt\n  got: "):
            kaggle_csv(file)
