"""California housing as arrays: the raw file, and the eight features derived from it.

Source: R. Kelley Pace and Ronald Barry, "Sparse Spatial Autoregressions", Statistics and
Probability Letters 33 (1997), 291-297; 1990 US census, one row per block group.
"""

from __future__ import annotations

import gzip
import os
import tarfile
import tempfile
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinygrad_nn.datasets.download import NoNetworkError, Remote, fetch_together
from tinygrad_nn.datasets.idx import open_plain_or_gzip
from tinygrad_nn.datasets.places import ENVIRONMENT, download_folder, folders
from tinygrad_nn.errors import DataError, message

__all__ = ["FEATURE_NAMES", "derive_features", "load_housing", "read_housing"]

FEATURE_NAMES = (
    "MedInc",
    "HouseAge",
    "AveRooms",
    "AveBedrms",
    "Population",
    "AveOccup",
    "Latitude",
    "Longitude",
)
RAW_COLUMNS = (
    "longitude",
    "latitude",
    "housingMedianAge",
    "totalRooms",
    "totalBedrooms",
    "population",
    "households",
    "medianIncome",
    "medianHouseValue",
)
ROWS = 20640
_FILE = "cal_housing.data"
_MEMBER = "CaliforniaHousing/cal_housing.data"
_ARCHIVE = Remote(
    name="cal_housing.tgz",
    urls=(
        "https://ndownloader.figshare.com/files/5976036",
        "https://www.dcc.fc.up.pt/~ltorgo/Regression/cal_housing.tgz",
    ),
    sha256="aaa5c9a6afe2225cc2aed2723682ae403280c4a3695a2ddda4ffb5d8215ea681",
    unpacked=False,
)


def load_housing(
    root: str | os.PathLike[str] | None = None, *, download: bool = True, progress: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
    """Features (20640, 8), target (20640,) in $100,000, and the folder they came from.

    Looks in `root`, ``$TINYGRAD_NN_DATA`` (their folder ``california``, or the folder itself) and
    the user's cache for ``cal_housing.data``, plain or gzipped; else downloads it. With ``download=False``
    and a `root`, nowhere but there.

    Raises:
        DataError: the file is damaged or another one.
        FileNotFoundError: it was not found, and could not be fetched.
    """
    looked = list(folders(("california",), root, only_root=root is not None and not download))
    for folder in looked:
        for path in (folder / _FILE, folder / f"{_FILE}.gz"):
            if path.is_file():
                return *derive_features(read_housing(path)), str(folder)
    reason = "download=False"
    if download:
        target = download_folder("california", root)
        try:
            path = _download(target, progress)
            return *derive_features(read_housing(path)), str(target)
        except NoNetworkError as failure:
            reason = f"no network ({failure})"
    raise FileNotFoundError(
        message(
            f"CaliforniaHousing: no file found in {', '.join(map(str, looked))}",
            got=reason,
            fix=f"{'connect to a network' if download else 'pass download=True'}, or put {_FILE} "
            f"or {_FILE}.gz in a folder and name it by root= or ${ENVIRONMENT}",
        )
    )


def read_housing(path: str | os.PathLike[str]) -> NDArray[np.float64]:
    """Read the raw file, plain or gzipped: (20640, 9), the columns as the file has them.

    Raises:
        DataError: damaged, not 20,640 rows of 9 numbers, or numbers that cannot be (a longitude
            east of California, no household).
    """
    try:
        with open_plain_or_gzip(path) as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "input contained no data": the shape says it below
            rows: NDArray[np.float64] = np.loadtxt(stream, delimiter=",", ndmin=2, comments=None)
    except DataError:
        raise
    except ValueError as failure:
        raise _wrong(path, f"{ROWS:,} rows of 9 numbers", str(failure)) from failure
    if rows.shape != (ROWS, len(RAW_COLUMNS)):
        found = f"{rows.shape[0]:,} rows of {rows.shape[1]}"
        raise _wrong(path, f"{ROWS:,} rows of {len(RAW_COLUMNS)} numbers", found)
    limits = {0: (-125.0, -114.0), 1: (32.0, 42.5), 6: (1.0, np.inf)}
    for column, (low, high) in limits.items():
        outside = ~((rows[:, column] >= low) & (rows[:, column] <= high))
        if outside.any():
            row = int(np.argmax(outside))
            raise _wrong(
                path,
                f"every {RAW_COLUMNS[column]} in {low:g}..{high:g}",
                f"{rows[row, column]:g} in row {row} (counted from 0)",
            )
    return rows


def derive_features(
    rows: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The eight features and the target, from the nine raw columns.

    ``AveRooms = totalRooms / households``, ``AveBedrms = totalBedrooms / households``,
    ``AveOccup = population / households``, ``target = medianHouseValue / 100000``; the others as
    they are. The order is that of `FEATURE_NAMES`.

    Args:
        rows: (N, 9), as `read_housing` gives them.

    Returns:
        features (N, 8) and target (N,), float64.

    >>> features, target = derive_features(
    ...     np.array([[-122.23, 37.88, 41.0, 880.0, 129.0, 322.0, 126.0, 8.3252, 452600.0]])
    ... )
    >>> features.round(3).tolist(), target.tolist()
    ([[8.325, 41.0, 6.984, 1.024, 322.0, 2.556, 37.88, -122.23]], [4.526])
    """
    longitude, latitude, age, rooms, bedrooms, population, households, income, value = rows.T
    features = (
        income,
        age,
        rooms / households,
        bedrooms / households,
        population,
        population / households,
        latitude,
        longitude,
    )
    return np.stack(features, axis=1), value / 100000.0


def _download(folder: Path, progress: bool) -> Path:
    """Fetch the archive, take the one file out of it, and put that in its place, gzipped."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=folder) as temporary:
        fetch_together([_ARCHIVE], temporary, progress=progress)
        with tarfile.open(Path(temporary) / _ARCHIVE.name, "r:gz") as archive:
            member = archive.extractfile(_MEMBER)
            assert member is not None, "the archive has the sum of the one that holds it"
            content = member.read()
        packed = Path(temporary) / f"{_FILE}.gz"
        packed.write_bytes(gzip.compress(content, mtime=0))
        read_housing(packed)
        os.replace(packed, folder / packed.name)
    return folder / packed.name


def _wrong(path: str | os.PathLike[str], expected: str, found: str) -> DataError:
    return DataError(
        message(
            f"{os.fspath(path)}: not the California housing file; expected {expected}",
            got=found,
            fix="delete the file and fetch it again",
        )
    )
