"""Whatever is in a file: it is read, or refused with an error of ours, soon and in little memory; nothing in it is run."""

from __future__ import annotations

import gzip
import importlib.util
import io
import json
import pickle
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.datasets.idx import read_idx
from tinygrad_nn.datasets.image import image_regression
from tinygrad_nn.datasets.kaggle import kaggle_csv
from tinygrad_nn.errors import DataError
from tinygrad_nn.interop.json_export import from_json

pytest.importorskip("resource", reason="limits are set by the system's own calls")

ROOT = Path(__file__).resolve().parents[1]
NAMES = [
    "safetensors", "npz", "compressed npz", "pt", "idx", "idx, gzipped", "kaggle", "kaggle, gzipped", "housing",
    "housing, gzipped", "png", "jpeg", "json",
]  # fmt: skip
NEEDS = {"safetensors": "safetensors", "png": "PIL", "jpeg": "PIL"}


def fuzzed(name: str, count: int, seed: int) -> None:
    if name in NEEDS and importlib.util.find_spec(NEEDS[name]) is None:
        pytest.skip(f"{NEEDS[name]} writes the sample")
    command = [sys.executable, "-W", "ignore", "-m", "tests.hostile_files", name, str(count), str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["faults"] == []
    assert found["read"] == count
    assert found["refused"] > count // 10


@pytest.mark.parametrize("name", NAMES)
def test_mutated_files(name: str) -> None:
    fuzzed(name, 200, 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_many_mutated_files(name: str) -> None:
    fuzzed(name, 2000, 1000)


# -- bombs ----------------------------------------------------------------------------------------


def bomb(names: list[str], size: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            with archive.open(name, "w") as member:
                for _ in range(size // 2**20):
                    member.write(bytes(2**20))
    return stream.getvalue()


@pytest.mark.parametrize("names", [["archive/data.pkl", "archive/data/0"], ["a.npy", "b.npy"]])
def test_a_file_that_claims_to_unpack_to_far_more_than_it_is_is_refused(names: list[str]) -> None:
    with pytest.raises(DataError, match=r"expected at most 67,108,864 bytes when unpacked\n  got: 104,857,600 bytes"):
        tg.load(io.BytesIO(bomb(names, 50 * 2**20)))


def test_who_trusts_a_file_can_raise_the_limit(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "zeros.npz", w=np.zeros(10_000_000))
    with pytest.raises(DataError, match=r"load\(file, limit=80000\d+\)"):
        tg.load(tmp_path / "zeros.npz")
    assert tg.load(tmp_path / "zeros.npz", limit=10**8)["w"].shape == (10_000_000,)


def test_other_ways_of_packing_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a.npy", b"")
    with pytest.raises(DataError, match=r"expected members stored or deflated\n  got: method 12"):
        tg.load(tmp_path / "x.npz")


@pytest.mark.parametrize("read", [read_idx, kaggle_csv])
def test_a_gzip_stream_without_end_is_refused(read: Any, tmp_path: Path) -> None:
    start = {read_idx: bytes([0, 0, 8, 1, 4, 0, 0, 0]), kaggle_csv: b"label" + b",p" * 784 + b"\n"}[read]
    (tmp_path / "x").write_bytes(gzip.compress(start + b"0" * (70 * 2**20)))
    with pytest.raises(DataError, match="unpacks to more than 67,108,864 bytes"):
        read(tmp_path / "x")


def test_a_picture_that_claims_to_be_huge_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: Any) -> None:
    image = pytest.importorskip("PIL.Image")
    image.new("1", (5_000, 4_000)).save(tmp_path / "x.png")
    with pytest.raises(
        DataError, match=r"larger than 16,777,216 pixels\n  got: 5000 x 4000\n  fix: make it smaller, or"
    ):
        image_regression(tmp_path / "x.png")
    image.new("1", (30, 20)).save(tmp_path / "y.png")
    with pytest.raises(DataError, match=r"larger than 599 pixels"):
        image_regression(tmp_path / "y.png", max_pixels=599)
    assert image_regression(tmp_path / "y.png", max_pixels=600)[0].shape == (600, 2)
    for most in (100, 400):  # Pillow's own limits, an error and a warning
        monkeypatch.setattr(image, "MAX_IMAGE_PIXELS", most)
        with pytest.raises(DataError, match="expected a picture that Pillow can read"):
            image_regression(tmp_path / "y.png")


# -- tuples that hold one another many times over --------------------------------------------------


def nested(levels: int, use: str) -> bytes:
    """A pickle of a tuple of twice the same tuple of twice the same tuple ..., used where it is hashed or shown."""
    code = b"\x80\x02K\x01K\x01\x86q\x00"
    for k in range(levels):
        code += b"h%ch%c\x86q%c0" % (k, k, k + 1)
    last = b"h" + bytes([levels])
    return {
        "key": code + b"}" + last + b"K\x01s.",
        "item of a set": code + b"\x8f(" + last + b"\x90.",
        "frozenset": code + b"(" + last + b"\x91.",
        "argument": code + b"cbuiltins\nset\n(" + last + b"\x85tR.",
        "name": code + last + b"X\x01\x00\x00\x00a\x93.",
        "call": code + last + b")R.",
        "size": code + b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
        b"X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x01tQK\x00" + last + last + b"\x89N tR.".replace(b" ", b""),
    }[use]


def as_pt(code: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("archive/data.pkl", code)
        archive.writestr("archive/data/0", bytes(4))
    return stream.getvalue()


@pytest.mark.parametrize("use", ["key", "item of a set", "frozenset", "argument", "name", "call", "size"])
def test_tuples_that_hold_one_another_many_times_over_do_not_hang(use: str, tmp_path: Path) -> None:
    (tmp_path / "x.pt").write_bytes(as_pt(nested(60, use)))
    program = f"import tinygrad_nn as tg\ntry:\n    tg.load({str(tmp_path / 'x.pt')!r})\nexcept ValueError as e:\n    print(e)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=False)
    assert done.stdout.startswith("load: "), done.stderr[-500:]
    assert len(done.stdout) < 2000


def test_honest_tuples_that_share_parts_are_read() -> None:
    part = (1, 2, (3, 4))
    value = {(part, part): [part] * 1000, "sizes": [(part,) * 50] * 20}
    assert tg.load(io.BytesIO(as_pt(pickle.dumps(value, 2)))) == value


# -- one by one -----------------------------------------------------------------------------------


def test_a_file_of_ours_without_its_structure_says_so(tmp_path: Path) -> None:
    tg.save({"a": {"b": tg.ones(2)}}, tmp_path / "x.npz")
    with zipfile.ZipFile(tmp_path / "x.npz") as old, zipfile.ZipFile(tmp_path / "y.npz", "w") as new:
        for info in old.infolist():
            if info.filename.endswith(".npy"):
                new.writestr(info, old.read(info))
    with pytest.raises(DataError, match=r"expected the structure in 'tinygrad_nn.txt'\n  got: none: it is incomplete"):
        tg.load(tmp_path / "y.npz")


def test_integers_that_require_a_gradient_name_the_file(tmp_path: Path) -> None:
    tree = '{"Tensor": ["value", true]}'
    value = np.arange(3)
    total = zlib.crc32(value.tobytes(), zlib.crc32(b"value int64 (3,)", zlib.crc32(tree.encode())))
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("tinygrad_nn.txt", f"tinygrad_nn 1 {total:08x} {tree}")
        stream = io.BytesIO()
        np.save(stream, value)
        archive.writestr("value.npy", stream.getvalue())
    with pytest.raises(DataError, match=r"load: .*x.npz: (.|\n)*floating point dtype"):
        tg.load(tmp_path / "x.npz")


@pytest.mark.parametrize("sizes", [[0, 2**32 - 1, 2**32 - 1], [1] * 65, [2**32 - 1] * 3])
def test_idx_headers_that_numpy_cannot_follow(sizes: list[int], tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes([0, 0, 8, len(sizes)]) + b"".join(n.to_bytes(4, "big") for n in sizes))
    with pytest.raises(DataError, match=r"the IDX header states|at most 64 dimensions"):
        read_idx(tmp_path / "x")


def test_a_field_of_thousands_of_digits_is_named(tmp_path: Path) -> None:
    header = b"label," + b",".join(b"pixel%d" % k for k in range(784))
    (tmp_path / "x").write_bytes(header + b"\n" + b"9" * 6000 + b",0" * 784)
    with pytest.raises(DataError, match=r"expected integers in 0..255\n  got: '9{59} in line 2, column 0"):
        kaggle_csv(tmp_path / "x")


@pytest.mark.parametrize(
    "weight",
    ["[[1e400]]", "[[NaN]]", "[[true]]", '[["1.5"]]', "[[null]]", "[1]", "5", "[[1e39]]", "[[[1]]]", "{}", "[[]]"],
)
def test_numbers_of_a_network_that_are_none_are_refused(weight: str) -> None:
    with pytest.raises(DataError, match=r"from_json: (layer 0 \(linear\) is amiss|the text is not JSON)"):
        from_json('{"layers": [{"type": "linear", "bias": [0], "weight": ' + weight + "}]}")


@pytest.mark.parametrize(
    "layer",
    [
        '{"type": "elu", "alpha": "x"}', '{"type": "gelu", "approximate": true}', '{"type": "softmax", "dim": 1.5}',
        '{"type": "maxpool2d", "kernel_size": [1, 2, 3]}', '{"type": ["linear"]}', '{"type": "leaky_relu", "negative_slope": 1e400}',
        '{"type": "flatten", "start_dim": true}', "[" * 100_000,
    ],
)  # fmt: skip
def test_settings_that_are_none_are_refused(layer: str) -> None:
    with pytest.raises(DataError, match="from_json: "):
        from_json('{"layers": [' + layer + "]}")


@pytest.mark.parametrize("wrong", [None, 5, ["{}"]])
def test_what_is_no_text_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"from_json: takes the text\n  got: (NoneType|int|list)"):
        from_json(wrong)
