"""Data to learn from: real sets in memory, tables and pictures, and toy problems.

Reading order: `idx`, `kaggle` (the formats), `places`, `download` (where files come from),
`embedded`, `sources`, `housing` (the sets as arrays), `mnist`, `california` (as data sets of
tensors); `image` and `toy` stand alone.
"""

from tinygrad_nn.datasets.california import CaliforniaHousing
from tinygrad_nn.datasets.embedded import embedded_digits
from tinygrad_nn.datasets.idx import read_idx
from tinygrad_nn.datasets.image import image_regression
from tinygrad_nn.datasets.kaggle import kaggle_csv
from tinygrad_nn.datasets.mnist import MNIST, FashionMNIST
from tinygrad_nn.datasets.toy import (
    circles,
    clusters_within_clusters,
    moons,
    spiral_on_background,
    spirals,
    xor,
)

__all__ = [
    "MNIST",
    "CaliforniaHousing",
    "FashionMNIST",
    "circles",
    "clusters_within_clusters",
    "embedded_digits",
    "image_regression",
    "kaggle_csv",
    "moons",
    "read_idx",
    "spiral_on_background",
    "spirals",
    "xor",
]
