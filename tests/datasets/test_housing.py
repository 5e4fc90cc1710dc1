"""California housing: the features of the raw file, known facts of the set, and damaged files."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from tinygrad_nn.datasets import CaliforniaHousing, housing, places
from tinygrad_nn.datasets.download import Remote
from tinygrad_nn.errors import DataError

ROWS = 20640


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    """As many rows as the real file, within its limits."""
    rng = np.random.default_rng(5)
    low = [-124.0, 32.5, 1.0, 10.0, 5.0, 3.0, 1.0, 0.5, 15000.0]
    high = [-114.5, 41.9, 52.0, 9000.0, 2000.0, 5000.0, 900.0, 15.0, 500000.0]
    return rng.uniform(low, high, (ROWS, 9)).round(2)


@pytest.fixture(scope="module")
def content(table: np.ndarray) -> bytes:
    return "\n".join(",".join(map(repr, row)) for row in table.tolist()).encode()


@pytest.mark.parametrize("folder", ["", "california"])
@pytest.mark.parametrize(("suffix", "pack"), [("", bytes), (".gz", gzip.compress)])
def test_features_and_target(home: Path, table, content, folder, suffix, pack) -> None:
    (home / "california").mkdir()
    (home / folder / f"cal_housing.data{suffix}").write_bytes(pack(content))
    dataset = CaliforniaHousing(home, download=False)
    assert dataset.origin == str(home / folder)
    columns = dict(zip(housing.RAW_COLUMNS, table.T, strict=True))
    expected = {
        "MedInc": columns["medianIncome"],
        "HouseAge": columns["housingMedianAge"],
        "AveRooms": columns["totalRooms"] / columns["households"],
        "AveBedrms": columns["totalBedrooms"] / columns["households"],
        "Population": columns["population"],
        "AveOccup": columns["population"] / columns["households"],
        "Latitude": columns["latitude"],
        "Longitude": columns["longitude"],
    }
    data = dataset.data.numpy()
    assert data.dtype == np.float64
    assert dataset.feature_names == tuple(expected)
    np.testing.assert_array_equal(data, np.stack(list(expected.values()), axis=1))
    np.testing.assert_array_equal(dataset.targets.numpy(), columns["medianHouseValue"] / 100000)


def test_samples_are_standardised_and_the_target_has_a_column(home, content) -> None:
    (home / "cal_housing.data").write_bytes(content)
    dataset = CaliforniaHousing(home)
    features, target = dataset.tensors
    assert (features.numpy().dtype, target.numpy().dtype) == (np.float32, np.float32)
    assert (tuple(features.shape), tuple(target.shape)) == ((ROWS, 8), (ROWS, 1))
    np.testing.assert_allclose(features.numpy().mean(axis=0, dtype=np.float64), 0, atol=1e-6)
    np.testing.assert_allclose(features.numpy().std(axis=0, dtype=np.float64), 1, rtol=1e-6)
    again = features.numpy() * dataset.std + dataset.mean
    np.testing.assert_allclose(again, dataset.data.numpy(), rtol=1e-4, atol=1e-3)
    x, y = dataset[7]
    assert (tuple(x.shape), tuple(y.shape)) == ((8,), (1,))
    plain = CaliforniaHousing(home, normalize=False)
    np.testing.assert_array_equal(plain.tensors[0].numpy(), plain.data.numpy().astype(np.float32))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda text: text[:-2000], r"expected 20,640 rows of 9 numbers\n  got: "),
        (lambda text: b"", r"expected 20,640 rows of 9 numbers\n  got: "),
        (
            lambda text: text.replace(b",", b";"),
            r"expected 20,640 rows of 9 numbers\n  got: could not",
        ),
        (
            lambda text: text.rpartition(b"\n")[0],
            r"expected 20,640 rows of 9 numbers\n  got: 20,639 rows of 9",
        ),
        (
            lambda text: b"-1" + text[1:],
            r"expected every longitude in -125..-114\n  got: -11\d\d.* in row 0 ",
        ),
        (lambda text: text + b"\n1,2", r"expected 20,640 rows of 9 numbers\n  got: .*from 9 to 2"),
    ],
)
def test_a_damaged_file_is_named(home, content, damage, words: str) -> None:
    path = home / "cal_housing.data"
    path.write_bytes(damage(content))
    with pytest.raises(DataError, match=f"{path}: not the California housing file; {words}"):
        CaliforniaHousing(home)


def test_no_household_is_refused_not_divided_by(home, table) -> None:
    rows = table.copy()
    rows[41, 6] = 0
    path = home / "cal_housing.data"
    np.savetxt(path, rows, delimiter=",")
    with pytest.raises(DataError, match=r"every households in 1..inf\n  got: 0 in row 41 \(counted from 0"):
        CaliforniaHousing(home)


def test_damaged_gzip(home, content) -> None:
    (home / "cal_housing.data.gz").write_bytes(gzip.compress(content)[:-500])
    with pytest.raises(DataError, match=r"data.gz: the gzip stream is truncated or corrupt\n  got: [\d,]+ bytes;"):
        CaliforniaHousing(home)


@pytest.fixture
def archive(content) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("CaliforniaHousing/cal_housing.data")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def remote(url: str, archive: bytes) -> Remote:
    digest = hashlib.sha256(archive).hexdigest()
    return Remote("cal_housing.tgz", (url + "cal_housing.tgz",), digest, unpacked=False)


def test_a_download_fills_the_cache_once(home, table, archive, serve, answers, monkeypatch) -> None:
    server = serve(answers.files({"cal_housing.tgz": archive}))
    monkeypatch.setattr(housing, "_ARCHIVE", remote(server.url, archive))
    for _ in range(2):
        dataset = CaliforniaHousing()
        np.testing.assert_array_equal(dataset.targets.numpy(), table[:, 8] / 100000)
    assert server.requests == ["cal_housing.tgz"]
    folder = places.cache_folder() / "california"
    assert [path.name for path in folder.iterdir()] == ["cal_housing.data.gz"]


def test_a_corrupt_download_leaves_nothing(home, archive, serve, answers, monkeypatch) -> None:
    server = serve(answers.files({"cal_housing.tgz": archive[:-1]}))
    monkeypatch.setattr(housing, "_ARCHIVE", remote(server.url, archive))
    with pytest.raises(DataError, match=r"cal_housing\.tgz: not the file that is expected"):
        CaliforniaHousing()
    assert list((places.cache_folder() / "california").iterdir()) == []


def test_not_found_and_no_network(home, serve, answers, monkeypatch) -> None:
    monkeypatch.setattr(housing, "_ARCHIVE", remote(serve(answers.status(404)).url, b""))
    with pytest.raises(
        FileNotFoundError,
        match=rf"CaliforniaHousing: no file found in {home}/d/california, {home}/d, [\s\S]*"
        r"got: no network \(.*HTTP 404\)\n  fix: connect to a network, or put cal_housing.data or",
    ):
        CaliforniaHousing(home / "d")
    with pytest.raises(FileNotFoundError, match=r"got: download=False\n  fix: pass download=True, or"):
        CaliforniaHousing(download=False)


def test_the_real_file_against_published_facts(real_data: Path) -> None:
    """Means and limits as scikit-learn's user guide and its example of this set state them."""
    dataset = CaliforniaHousing(real_data, download=False)
    data, target = dataset.data.numpy(), dataset.targets.numpy()
    assert data.shape == (20640, 8)
    means = [3.870671, 28.639486, 5.429000, 1.096675, 1425.476744, 3.070655, 35.631861, -119.569704]
    np.testing.assert_allclose(data.mean(axis=0), means, atol=5e-7)
    lowest = [0.499900, 1.000000, 0.846154, 0.333333, 3.000000, 0.692308, 32.540000, -124.350000]
    highest = [15.0001, 52.0, 141.909091, 34.066667, 35682.0, 1243.333333, 41.95, -114.31]
    np.testing.assert_allclose(data.min(axis=0), lowest, atol=5e-7)
    np.testing.assert_allclose(data.max(axis=0), highest, atol=5e-7)
    assert (target.min(), target.max()) == (0.14999, 5.00001)
    first = [8.3252, 41.0, 6.98412698, 1.02380952, 322.0, 2.55555556, 37.88, -122.23]
    np.testing.assert_allclose(data[0], first, atol=5e-9)
    assert target[:3].tolist() == [4.526, 3.585, 3.521]
