"""California housing as a data set of tensors."""

from __future__ import annotations

import os
from typing import ClassVar

import numpy as np

from tinygrad_nn.creation import from_numpy
from tinygrad_nn.datasets.housing import FEATURE_NAMES, load_housing
from tinygrad_nn.tensor import Tensor
from tinygrad_nn.utils.data.dataset import TensorDataset

__all__ = ["CaliforniaHousing"]


class CaliforniaHousing(TensorDataset):
    """What a house costs in 20,640 block groups of the Californian census of 1990.

    A sample is ``(features (8,), target (1,))``, float32: the target has the shape of a network's
    output, so that a loss never broadcasts. As they come: ``.data`` (20640, 8) and ``.targets``
    (20640,) in $100,000, float64, the same numbers as scikit-learn's
    ``fetch_california_housing``.

    The file ``cal_housing.data``, plain or gzipped, is looked for in `root` and
    ``$TINYGRAD_NN_DATA`` (the folder ``california`` in them, then the folder itself), then in the
    user's cache; otherwise it is downloaded.

    Args:
        root: the first folder to look in, and to download to.
        download: fetch the file where it is not found.
        normalize: the features of ``.tensors`` have mean 0 and standard deviation 1 over the whole
            set (``.mean`` and ``.std``, (8,) float64, tell what was taken away).
        progress: show a bar for the download.

    Raises:
        DataError: the file is damaged or another one.
        FileNotFoundError: it was not found and could not be downloaded.

    Source: R. K. Pace and R. Barry, "Sparse Spatial Autoregressions", Statistics and Probability
    Letters 33 (1997), 291-297.

    >>> CaliforniaHousing.feature_names[:3]
    ('MedInc', 'HouseAge', 'AveRooms')
    """

    feature_names: ClassVar[tuple[str, ...]] = FEATURE_NAMES
    target_name: ClassVar[str] = "MedHouseVal"

    data: Tensor  # (20640, 8) float64
    targets: Tensor  # (20640,) float64
    origin: str  # the folder the file was read from

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        download: bool = True,
        *,
        normalize: bool = True,
        progress: bool = True,
    ) -> None:
        features, target, self.origin = load_housing(root, download=download, progress=progress)
        self.data = from_numpy(features)
        self.targets = from_numpy(target)
        self.mean = features.mean(axis=0)
        self.std = features.std(axis=0)
        scaled = (features - self.mean) / self.std if normalize else features
        super().__init__(
            from_numpy(scaled.astype(np.float32)),
            from_numpy(target.astype(np.float32)[:, None]),
        )
