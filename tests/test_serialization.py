"""Saving and loading at the level of arrays: values, formats, broken files, interrupted writes."""

from __future__ import annotations

import io
import itertools
import json
import math
import os
import random
import re
import stat
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.errors import ArgumentError, DataError, MissingPackage
from tinygrad_nn.placement import Size, device
from tinygrad_nn.serialization import formats, load_arrays
from tinygrad_nn.serialization import load as tg_load
from tinygrad_nn.serialization import save as tg_save
from tinygrad_nn.serialization.archive import read, write
from tinygrad_nn.serialization.container import Leaf
from tinygrad_nn.serialization.files import replacing

FORMATS = ["safetensors", "npz"]
every_format = pytest.mark.parametrize("format", FORMATS)


@pytest.fixture(autouse=True)
def _needs_safetensors(request: pytest.FixtureRequest) -> None:
    if "format" in request.fixturenames and request.getfixturevalue("format") == "safetensors":
        pytest.importorskip("safetensors", reason="the package writes safetensors")


def to_leaf(obj: object) -> Leaf | None:
    return obj if isinstance(obj, Leaf) else None


def keep(leaf: Leaf) -> Leaf:
    return leaf


def save(obj: object, file: Any, format: str | None = None) -> None:
    write(obj, file, to_leaf, format)


def saved(obj: object, format: str) -> bytes:
    stream = io.BytesIO()
    save(obj, stream, format)
    return stream.getvalue()


def load(content: bytes | Path) -> Any:
    return read(io.BytesIO(content) if isinstance(content, bytes) else content, keep)


def same(a: Any, b: Any) -> bool:
    """Equal in type, value, dtype, shape and order, down to the sign of zero and bits of NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (np.ndarray, np.generic)):
        equal = np.array_equal(a, b) if a.dtype.char in "gG" else a.tobytes() == b.tobytes()
        return a.dtype == b.dtype and a.shape == b.shape and equal  # (long doubles have idle bytes)
    if isinstance(a, Leaf):
        return same(a.array, b.array) and (a.kind, a.requires_grad) == (b.kind, b.requires_grad)
    if isinstance(a, dict):
        return len(a) == len(b) and all(same(*pair) for pair in zip(a.items(), b.items(), strict=True))
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and str(a) == str(b))
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    return bool(a == b)


# -- values come back -------------------------------------------------------------------------

PLAIN = [
    *(
        None,
        True,
        False,
        0,
        -1,
        2**63 - 1,
        -(2**63),
        2**63,
        -(10**5000),
        "",
        "naïve \x00 \ud800 '\"\\",
    ),
    *(0.0, -0.0, 0.1, 1e-320, 1.7976931348623157e308, math.nan, math.inf, -math.inf),
    *(2 - 0.0j, complex(math.nan, math.inf), b"", b"\x00\xff pickle", [], (), {}, OrderedDict()),
    *(Size([2, 3]), Size([]), device("cpu"), device("cuda:1"), tg.float32),
    *([1, [2, (3, [])], ()], ((1,), [1], 1), {"tuple": [1], "ndarray": "x", "": None}),
    *({1: "a", "1": "b", None: "c", 2.5: "d", (1, ("x", b"y")): "e", b"1": "f", -0.0: "g"},),
    *(
        OrderedDict([("z", 1), ("a", OrderedDict(b=2))]),
        {"lr": [{"params": [0, 1], "betas": (0.9, 1.0)}]},
    ),
]


@every_format
@pytest.mark.parametrize("value", PLAIN, ids=[str(i) for i in range(len(PLAIN))])
def test_plain_values_come_back_with_type_and_order(value: object, format: str) -> None:
    assert same(load(saved(value, format)), value)
    assert same(load(saved({"in": [value]}, format)), {"in": [value]})


DTYPES = [
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "longdouble", "complex64", "complex128", "clongdouble"),
    *(">f4", ">i8", ">c16", "datetime64[ns]", "timedelta64[D]", "U3", ">U3", "S4", "V5"),
]


def filled(dtype: Any, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """An array of this type and shape whose elements differ as far as the type can tell them."""
    kind = np.dtype(dtype)
    count = math.prod(shape)
    if kind.kind == "b":
        return (np.arange(count) % 2 == 0).reshape(shape)
    if kind.kind in "US":
        return np.array([str(i % 1000) for i in range(count)], dtype=kind).reshape(shape)
    if kind.kind == "V":
        return np.frombuffer(bytes(i % 256 for i in range(count * kind.itemsize)), kind).reshape(shape)
    return (np.arange(count) - 2).astype("i8").astype(kind).reshape(shape)


@every_format
@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_and_scalars_of_every_dtype_come_back(dtype: str, format: str) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        arrays = [filled(dtype, shape) for shape in [(), (1,), (5,), (2, 3, 4), (0,), (3, 0, 2)]]
    value = {"arrays": arrays, "scalar": arrays[2][3]}
    assert same(load(saved(value, format)), value)


@every_format
@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu"])
def test_small_floats_come_back(name: str, format: str) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes", reason="it brings bfloat16")
    array = np.array([[1.0, 2.0, 0.5]]).astype(getattr(ml_dtypes, name))
    value = [array, array[0, 1], array[:, :0], Leaf(array.reshape(3, 1)[::2])]
    loaded = load(saved(value, format))
    assert same(loaded, value)
    assert loaded[0].astype("f8").tolist() == [[1.0, 2.0, 0.5]]


@every_format
def test_structured_and_layout_variants_come_back(format: str) -> None:
    base = np.arange(24.0, dtype="f4").reshape(4, 6)
    structured = np.zeros(3, dtype=[("x", "<f4"), ("größe", ">i2", (2,))])
    structured["x"] = [1, 2, 3]
    value = [
        *(base.T, base[::-1, ::2], np.asfortranarray(base), np.broadcast_to(base[:, :1], (4, 3))),
        *(structured, structured[1], np.array([np.nan, -0.0, np.inf])),
    ]
    loaded = load(saved(value, format))
    assert same(loaded, [np.array(v) if isinstance(v, np.ndarray) else v for v in value])
    assert all(a.flags.writeable and a.flags.aligned for a in loaded if isinstance(a, np.ndarray))


@every_format
def test_leaves_keep_kind_and_requires_grad(format: str) -> None:
    value = {
        "w": Leaf(np.ones((2, 3), "f4"), "Parameter", True),
        "b": Leaf(np.array(2), "Tensor", False),
    }
    assert same(load(saved(value, format)), value)


@every_format
def test_shared_arrays_are_stored_once_and_shared_again(format: str) -> None:
    table = np.ones((100, 100))
    other = {"a": table, "b": [table, Leaf(table[:])], "row": table[0]}
    content = saved(other, format)
    assert len(content) < 1.2 * table.nbytes
    loaded = load(content)
    loaded["a"][0, 0] = 7
    assert loaded["b"][0] is loaded["a"]
    assert loaded["b"][1].array[0, 0] == 7
    assert loaded["row"][0] == 7


def random_views(rng: random.Random, dtype: str) -> list[Any]:
    """Views of two arrays in every direction, their own views, and arrays that repeat elements."""
    found: list[Any] = [filled(dtype, (4, 6)), filled(dtype, (5,))]
    for _ in range(rng.randrange(1, 8)):
        x = rng.choice(found)
        if x.ndim == 0:
            continue
        start, step = rng.randrange(x.shape[0] + 1), rng.choice([1, 2, -1])
        ways: list[Callable[[], Any]] = [
            lambda x=x, start=start: x[start:],
            lambda x=x, step=step: x[::step],
            lambda x=x: x.T,
            lambda x=x, start=start: x[..., min(start, x.shape[-1] - 1) if x.shape[-1] else slice(None)],
            lambda x=x: np.broadcast_to(x, (3, *x.shape)),
            lambda x=x: x[:1],
        ]
        found.append(rng.choice(ways)())
    rng.shuffle(found)
    return found[: rng.randrange(1, len(found) + 1)]


def shares(a: Any, b: Any) -> bool:
    return bool(a.size and b.size and np.shares_memory(a, b))


@every_format
def test_views_of_the_same_memory_are_views_again(format: str) -> None:
    rng = random.Random(1)
    for _ in range(150):
        views = random_views(rng, rng.choice(["f4", "i8", "?", "c16"]))
        content = saved({"x": views[0], "others": [Leaf(v) for v in views[1:]]}, format)
        loaded = load(content)
        again = [loaded["x"], *[leaf.array for leaf in loaded["others"]]]
        assert all(same(a, np.asarray(b)) for a, b in zip(again, views, strict=True))
        for (a, b), (c, d) in zip(itertools.combinations(views, 2), itertools.combinations(again, 2), strict=True):
            negative = any(step < 0 for step in (*a.strides, *b.strides))  # which PyTorch's format cannot say
            assert shares(a, b) == shares(c, d) or (negative and format == "pt")


@every_format
def test_what_is_repeated_is_stored_once_and_columns_apart(format: str) -> None:
    row, table = np.arange(10.0), np.ones((10_000, 50))
    assert len(saved({"wide": np.broadcast_to(row, (10_000, 10))}, format)) < 3_000
    assert len(saved([table[:, 3], table[:, 7]], format)) < 3 * 80_000


@pytest.mark.parametrize("format", ["npz", "safetensors", "pt"])
def test_tensors_that_shared_memory_share_it_after_loading(format: str) -> None:
    x = tg.arange(12.0).reshape(3, 4)
    file = io.BytesIO()
    tg.save({"first": x[:2], "x": x, "t": x.t(), "wide": tg.ones(1, 2).expand(3, 2)}, file, format=format)
    loaded = tg.load(io.BytesIO(file.getvalue()))
    with tg.no_grad():
        loaded["x"][0, 1] = 100.0
    assert loaded["first"][0, 1].item() == loaded["t"][1, 0].item() == 100.0
    assert loaded["wide"].stride() == (0, 1)


def test_pytorch_sees_what_we_shared_and_we_what_it_shared(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    x = tg.arange(12.0).reshape(3, 4)
    tg.save({"part": x[1:], "x": x, "t": x.t()}, tmp_path / "ours.pt", format="pt")
    theirs = torch.load(tmp_path / "ours.pt")
    theirs["x"][1, 0] = 100.0
    assert theirs["part"][0, 0] == theirs["t"][0, 1] == 100.0
    torch.save({"x": theirs["x"], "t": theirs["t"]}, tmp_path / "theirs.pt")
    loaded = tg.load(tmp_path / "theirs.pt")
    assert np.shares_memory(loaded["x"].numpy(), loaded["t"].numpy())


def test_other_programs_see_a_shared_array_under_its_own_name() -> None:
    x = np.arange(12.0).reshape(3, 4)
    with np.load(io.BytesIO(saved({"part": x[1:], "x": x}, "npz"))) as theirs:
        assert np.array_equal(theirs["x"], x)


@every_format
@pytest.mark.parametrize("dtype", ["float64", "complex128", "datetime64[s]", ">f4"])
def test_short_lived_arrays_are_not_taken_for_shared_ones(dtype: str, format: str) -> None:
    """Each scalar becomes an array for a moment, and a later one may get its address."""
    value = list(np.arange(300).astype(dtype))
    assert same(load(saved(value, format)), value)


@every_format
def test_names_that_collide_stay_apart(format: str) -> None:
    keys = [
        *("a.b", "__metadata__", "file", "tinygrad_nn.txt", "x/../y", "\x00", "", 1, "1"),
        *("tinygrad_nn", "\ud800", "_"),
    ]
    value: dict[Any, Any] = {key: np.full(1, float(i)) for i, key in enumerate(keys)}
    value["a"] = {"b": np.full(1, -1.0)}
    assert same(load(saved(value, format)), value)


def random_value(rng: random.Random, depth: int) -> Any:
    if depth == 0 or rng.random() < 0.3:
        shape = tuple(rng.choice([0, 1, 2, 3]) for _ in range(rng.randrange(4)))
        array = filled(rng.choice(["f4", "f8", "i8", "u1", "?", "c16", "U2", ">f8"]), shape)
        return rng.choice([*PLAIN, array, array.T, Leaf(array)])
    children = [random_value(rng, depth - 1) for _ in range(rng.randrange(4))]
    keys = [rng.choice(["w", "b", 0, 1, 2.5, None, (1, "a")]) for _ in children]
    pairs = list(zip(keys, children, strict=True))
    return rng.choice([children, tuple(children), dict(pairs), OrderedDict(pairs)])


@every_format
def test_random_containers_come_back(format: str) -> None:
    rng = random.Random(0)
    for _ in range(150):
        value = random_value(rng, 4)
        assert same(load(saved(value, format)), value)


@every_format
def test_same_value_gives_same_bytes(format: str) -> None:
    value = {"b": np.arange(3), "a": [1, {"c": np.ones(2)}]}
    assert saved(value, format) == saved(value, format)


# -- what cannot be saved ---------------------------------------------------------------------


class Custom:
    pass


class Sub(dict):  # type: ignore[type-arg]
    pass


REFUSED = [
    (
        {"optimizer": [0, 1, 2, Custom()]},
        r"state\['optimizer'\]\[3\] cannot.* safely\n  got: .*Custom",
    ),
    ([lambda: 0], r"state\[0\].*\n  got: function\n  fix: save its state_dict"),
    ({"a": {1, 2}}, r"state\['a'\].*\n  got: set"),
    (Sub(), r"state cannot.*\n  got: .*Sub"),
    (
        {"a": np.array([None])},
        r"state\['a'\].*\n  got: dtype object in numpy.ndarray\n  fix: convert it",
    ),
    ({"a": np.zeros(1, [("x", "O")])}, r"state\['a'\].*\n  got: dtype .*O.* in numpy.ndarray"),
    ({Custom(): 1}, r"state cannot.*\n  got: a key of .*Custom\n  fix: use str or int keys"),
    ((np.ma.masked_array([1], [True]),), r"state\[0\].*\n  got: numpy.ma.*MaskedArray"),
    ([bytearray(b"a")], r"got: bytearray"),
]


@every_format
@pytest.mark.parametrize(("value", "text"), REFUSED, ids=[str(i) for i in range(len(REFUSED))])
def test_unsafe_objects_name_their_place(value: object, text: str, format: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with pytest.raises(TypeError, match=text):
        save(value, path, format)
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("file", b"old")]


@every_format
def test_containers_inside_themselves_are_refused(format: str) -> None:
    loop: list[Any] = []
    loop.append({"a": loop})
    with pytest.raises(ValueError, match=r"deeper than 100 levels\n  got: state\[0\]\['a'\]\[0\]"):
        saved(loop, format)


def test_unknown_format_and_no_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"unknown format\n  got: 'hdf5'\n  fix: use \"safetensors\""):
        save({}, tmp_path / "a", "hdf5")
    with pytest.raises(TypeError, match=r"not a file\n  got: int 3\n  fix: give a path or an open"):
        save({}, 3, "npz")
    with pytest.raises(TypeError, match=r"load: not a file\n  got: NoneType"):
        read(None, keep)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r'gives text\n.*\n  fix: open it with mode "rb"'):
        read(io.StringIO("text"), keep)  # type: ignore[arg-type]


# -- the formats ------------------------------------------------------------------------------


def test_safetensors_where_installed_npz_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("safetensors", reason="one half is about having it")
    value = {"w": np.arange(3.0)}
    save(value, tmp_path / "with.pt")
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    save(value, tmp_path / "without.pt")
    assert (tmp_path / "with.pt").read_bytes()[8:9] == b"{"
    assert zipfile.is_zipfile(tmp_path / "without.pt")
    assert same(load(tmp_path / "with.pt"), value), "reading safetensors needs no package"
    assert same(load(tmp_path / "without.pt"), value)
    with pytest.raises(MissingPackage, match=r'pip install "tinygrad_nn\[safetensors\]"'):
        save(value, tmp_path / "a.safetensors")
    assert not (tmp_path / "a.safetensors").exists()


def test_ending_chooses_the_format_and_content_is_believed(tmp_path: Path) -> None:
    value = {"w": np.arange(3.0)}
    save(value, tmp_path / "a.npz")
    assert zipfile.is_zipfile(tmp_path / "a.npz")
    (tmp_path / "a.npz").rename(tmp_path / "a.safetensors")
    assert same(load(tmp_path / "a.safetensors"), value)


def test_other_programs_read_our_safetensors() -> None:
    library = pytest.importorskip("safetensors.numpy", reason="the other program")
    state = OrderedDict([("fc.weight", Leaf(np.ones((2, 3), "f4").T)), ("fc.bias", Leaf(np.arange(3)))])
    loaded = library.load(saved(state, "safetensors"))
    assert sorted(loaded) == ["fc.bias", "fc.weight"]
    assert all(same(loaded[name], np.array(leaf.array, order="C")) for name, leaf in state.items())


def test_we_read_other_programs_safetensors() -> None:
    library = pytest.importorskip("safetensors.numpy", reason="the other program")
    names = ["bool", "int8", "uint16", "int64", "float16", "float32", "float64", "complex64"]
    state = {f"{name}.w": filled(name, (2, 3)) for name in names} | {
        "empty": np.zeros((0, 2)),
        "0d": np.array(1.5),
    }
    loaded = load(library.save(state, {"format": "np", "note": "hello"}))
    assert loaded.keys() == state.keys()
    assert all(same(leaf.array, state[name]) for name, leaf in loaded.items())
    assert load(library.save({})) == {}


def test_numpy_reads_our_npz_and_we_read_numpys() -> None:
    with np.load(io.BytesIO(saved({"fc.weight": np.ones(2), "n": np.arange(3)}, "npz"))) as archive:
        assert archive["fc.weight"].tolist() == [1, 1]
        assert archive["n"].tolist() == [0, 1, 2]
    for numpy_save in (np.savez, np.savez_compressed):
        stream = io.BytesIO()
        numpy_save(stream, a=np.eye(2), f=np.asfortranarray(np.arange(6).reshape(2, 3)))
        loaded = load(stream.getvalue())
        assert loaded["a"].array.tolist() == [[1, 0], [0, 1]]
        assert loaded["f"].array.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_an_open_file_is_read_from_where_it_stands() -> None:
    stream = io.BytesIO(b"head" + saved([1, np.ones(1)], "npz"))
    stream.read(4)
    assert same(read(stream, keep), [1, np.ones(1)])


# -- broken files -----------------------------------------------------------------------------

SAMPLE = {
    "w": np.arange(4, dtype="f4").reshape(2, 2),
    "step": 7,
    "rng": np.array([1 + 2j]),
    "lr": (0.1, b"x"),
}


NAMED_FILE = re.compile(r"load: the given stream: expected .*\n  got: .")


def outcome(content: bytes) -> str:
    """ "same", "error" or "different"."""
    try:
        loaded = load(content)
    except DataError as error:
        return "error" if NAMED_FILE.match(str(error)) else "an error that does not say where"
    return "same" if same(loaded, SAMPLE) else "different"


@every_format
def test_every_truncation_is_an_error(format: str) -> None:
    content = saved(SAMPLE, format)
    assert outcome(content) == "same"
    assert {outcome(content[:n]) for n in range(len(content))} == {"error"}


@every_format
def test_no_flipped_byte_goes_unnoticed(format: str) -> None:
    """Bits that mean nothing (a date in the zip) may change; the values may not."""
    content = saved(SAMPLE, format)
    for flip in (0x01, 0x20, 0xFF):
        for place in range(len(content)):
            broken = bytearray(content)
            broken[place] ^= flip
            assert outcome(bytes(broken)) != "different", f"byte {place} ^ {flip:#x}"


@every_format
def test_other_damage_is_an_error(format: str) -> None:
    content = saved(SAMPLE, format)
    rng = random.Random(1)
    for _ in range(200):
        start, length = rng.randrange(len(content)), rng.randrange(1, 60)
        zeros = content[:start] + bytes(len(content[start : start + length])) + content[start + length :]
        gone = content[:start] + content[start + length :]
        assert outcome(zeros) != "different"
        assert outcome(gone) != "different"


FOREIGN = [
    (b"", "got: an empty file"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"\x93NUMPY\x01\x00", "one .npy array: read it with numpy.load"),
    (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
    (b"<!DOCTYPE html><html>", "a web page"),
    (b"\x80\x04\x95pickle", "a bare pickle, which can run code"),
    (b"\x1f\x8b\x08\x00", "gzip data"),
    (b"hello world, this is no model", r"starts with b'hello world, thi'"),
    (b"\xff\xff\xff\xff\xff\xff\xff\x7f{}", "it is truncated or corrupt"),
]


@pytest.mark.parametrize(("content", "text"), FOREIGN)
def test_foreign_files_are_named(content: bytes, text: str, tmp_path: Path) -> None:
    path = tmp_path / "model.weights"
    path.write_bytes(content)
    with pytest.raises(DataError, match=text) as caught:
        load(path)
    assert f"load: {path}: expected" in str(caught.value)


def safetensors_file(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(dtype: str, shape: list[Any], *offsets: Any) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": list(offsets)}


BAD_HEADERS = [
    ({"a": entry("F32", [2], 0, 4)}, b"1234", r"8 bytes for tensor 'a'"),
    ({"a": entry("F32", [1], 0, 4)}, b"123", r"4 bytes of data\n  got: 3 bytes: it is truncated"),
    ({"a": entry("F32", [1], 0, 4)}, b"12345", r"got: 5 bytes: it is too long"),
    ({"a": entry("F32", [1], 4, 8)}, b"12345678", r"'a' at byte 0 of the data\n  got: byte 4"),
    (
        {"a": entry("U8", [4], 0, 4), "b": entry("U8", [4], 2, 6)},
        b"123456",
        r"'b' at byte 4 .*\n  got: byte 2",
    ),
    ({"a": entry("F31", [1], 0, 4)}, b"1234", r"one of the dtypes BOOL, U8, .*\n  got: 'F31'"),
    ({"a": entry("F32", [-1], 0, 4)}, b"1234", r"a shape and two offsets for tensor 'a'"),
    ({"a": entry("U8", [True], 0, 1)}, b"1", r"a shape and two offsets"),
    ({"a": entry("U8", [0, 2**62, 2**62], 0, 0)}, b"", r"a shape that NumPy can hold"),
    ({"a": entry("U8", [1] * 70, 0, 1)}, b"1", r"a shape that NumPy can hold"),
    ({"a": 3}, b"", r"dtype, shape and data_offsets of tensor 'a'"),
    ({"__metadata__": 3}, b"", r"metadata of strings"),
    (b'{"a":{}, "a":{}}', b"", r"header in JSON\n  got: the same name twice"),
    (b"{" * 50_000, b"", r"header in JSON"),
    (b'{"\xff": 1}', b"", r"header in JSON"),
]


@pytest.mark.parametrize(("header", "data", "text"), BAD_HEADERS, ids=[str(i) for i in range(len(BAD_HEADERS))])
def test_bad_safetensors_headers(header: Any, data: bytes, text: str) -> None:
    with pytest.raises(DataError, match=text):
        load(safetensors_file(header, data))


def npz_file(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def test_pickled_arrays_in_npz_are_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.savez(stream, safe=np.ones(1), evil=np.array([Custom()], dtype=object))
    with pytest.raises(DataError, match=r"in 'evil.npy'\n  got: pickled Python objects, which can run code"):
        load(stream.getvalue())


def test_npz_members_that_are_no_arrays_are_refused() -> None:
    with pytest.raises(DataError, match=r"npz.*\n  got: a member named 'word/document.xml'"):
        load(npz_file({"word/document.xml": b"<x/>"}))
    with pytest.raises(DataError, match=r"a NumPy array in 'a\.npy'"):
        load(npz_file({"a.npy": b"junk"}))
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }".ljust(117) + b"\n"
    with pytest.raises(DataError, match=r"a NumPy array in 'a\.npy'"):
        load(npz_file({"a.npy": b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"12345678"}))


@pytest.mark.parametrize("kind", ["<b8", "<f3", "|c1", "=u9"])
def test_a_header_with_a_dtype_that_does_not_exist_is_refused(kind: str) -> None:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.ones(2, np.float32))
    with pytest.raises(DataError, match="got: an array of " + re.escape(kind)):
        load(npz_file({"a.npy": stream.getvalue().replace(b"<f4", kind.encode())}))


def forged(tree: str) -> bytes:
    """A file with a right checksum around a structure that save never writes."""
    import zlib

    text = f"tinygrad_nn 1 {zlib.crc32(tree.encode()):08x} {tree}"
    return safetensors_file({"__metadata__": {"tinygrad_nn": text}})


FORGED = [
    *('{"Evil": ["os.system", "ls"]}', '{"ndarray": "missing"}', '{"a": 1, "b": 2}'),
    *('{"ndarray": 3}', '{"Tensor": []}', '{"scalar": ["a", "b", "c"]}', '{"complex": [1.0]}'),
    *('{"dict": [[[], 1]]}', '{"dict": [1]}', '{"dict": 3}', '{"tuple": 3}', '{"bytes": "*"}'),
    *(
        '{"int": "x"}',
        '{"float": 1}',
        '{"float": "x"}',
        '{"Size": ["a"]}',
        '{"device": "moon"}',
        '{"dtype": "object"}',
        "{",
    ),
    *("[" * 500 + "]" * 500, "[" * 5000 + "]" * 5000),
]


@pytest.mark.parametrize("tree", FORGED, ids=[tree[:20] for tree in FORGED])
def test_forged_structures_are_errors(tree: str) -> None:
    with pytest.raises(DataError, match="load: the given stream: expected a"):
        load(forged(tree))
    assert load(forged('{"tuple": [1]}')) == (1,), "the forger itself works"


def test_files_of_a_later_version_say_so() -> None:
    content = safetensors_file({"__metadata__": {"tinygrad_nn": "tinygrad_nn 9 00000000 []"}})
    with pytest.raises(DataError, match=r"form 'tinygrad_nn 1'\n  got: 'tinygrad_nn 9 .*\n  fix: update"):
        load(content)


# -- writing in place -------------------------------------------------------------------------


@every_format
def test_a_failure_in_the_middle_leaves_the_old_file(
    format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "weights"
    save([1], path, format)
    kind = formats.FORMATS[format]

    def half(stream: Any, text: str, arrays: Any) -> None:
        whole = io.BytesIO()
        kind.write(whole, text, arrays)
        stream.write(whole.getvalue()[:100])
        stream.flush()
        raise KeyboardInterrupt

    monkeypatch.setitem(formats.FORMATS, format, formats.Format(kind.holds, half, kind.read))
    with pytest.raises(KeyboardInterrupt):
        save([2, np.ones(3)], path, format)
    assert os.listdir(tmp_path) == ["weights"]
    assert load(path) == [1]


def test_the_old_file_stands_until_the_new_one_is_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    order = []
    fsync, move = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (order.append(("fsync", path.read_bytes())), fsync(fd)))
    monkeypatch.setattr(os, "replace", lambda a, b: (order.append(("replace", Path(a).read_bytes())), move(a, b)))
    with replacing(path) as stream:
        stream.write(b"new")
        assert path.read_bytes() == b"old"
        assert [p.parent for p in tmp_path.iterdir()] == [tmp_path, tmp_path], "same folder, so same disk"
    assert order[:2] == [("fsync", b"old"), ("replace", b"new")]
    assert path.read_bytes() == b"new"


def test_a_disk_that_refuses_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file.npz"
    save([1], path)

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save([2], path)
    assert os.listdir(tmp_path) == ["file.npz"]
    assert load(path) == [1]


@pytest.mark.skipif(os.name != "posix", reason="permissions and links as POSIX has them")
def test_permissions_and_links_are_kept(tmp_path: Path) -> None:
    path, link = tmp_path / "real.npz", tmp_path / "link.npz"
    save([1], path)
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask
    path.chmod(0o640)
    link.symlink_to(path)
    save([2], link)
    assert link.is_symlink()
    assert load(path) == [2]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_missing_folder_and_folder_as_file_say_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"folder does not exist\n.*\n  fix: os.makedirs"):
        save([], tmp_path / "no" / "a.npz")
    with pytest.raises(IsADirectoryError, match=r"this is a folder\n.*\n  fix: add a file name"):
        save([], tmp_path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing.npz")


# -- Tensors ----------------------------------------------------------------------------------


@pytest.mark.parametrize("format", [*FORMATS, "pt"])
def test_tensors_come_back_as_tensors(format: str, tmp_path: Path) -> None:
    shared = np.arange(6, dtype="f4").reshape(2, 3)
    first, second = tg.from_numpy(shared), tg.from_numpy(shared)
    wanted = tg.tensor([1.0, 2.0], dtype=tg.float64, requires_grad=True)
    path = tmp_path / "state"
    tg_save(
        {"a": first, "b": second, "w": wanted, "y": wanted * 2, "n": 3, "zero": tg.tensor(1)},
        path,
        format=format,
    )
    loaded = tg_load(path)
    assert [type(v) for v in loaded.values()] == [tg.Tensor] * 4 + [int, tg.Tensor]
    assert loaded["a"].array.tolist() == shared.tolist()
    assert np.shares_memory(loaded["a"].array, loaded["b"].array)
    assert (loaded["w"].requires_grad, loaded["w"].is_leaf, loaded["a"].requires_grad) == (
        True,
        True,
        False,
    )
    assert loaded["y"].is_leaf, "the graph is not saved"
    assert loaded["zero"].shape == ()
    (loaded["w"] * loaded["w"]).sum().backward()
    assert loaded["w"].grad.tolist() == [2, 4]
    arrays = load_arrays(path)
    assert arrays["w"].tolist() == [1, 2]
    assert arrays["w"].dtype == np.float64


def test_arguments_of_pytorchs_load_are_accepted() -> None:
    content = saved({"w": 1}, "npz")
    for place in (None, "cpu", device("cpu"), {"cuda:0": "cpu"}, lambda storage, location: storage):
        assert tg_load(io.BytesIO(content), place, weights_only=False, mmap=True) == {"w": 1}
    with pytest.raises(RuntimeError, match=r"device 'cuda:0' is not available: tensors live on the CPU"):
        tg_load(io.BytesIO(content), map_location="cuda:0")


@every_format
def test_tensors_of_a_dtype_we_lack_are_offered_as_arrays(format: str, tmp_path: Path) -> None:
    save({"w": Leaf(np.array([1j]))}, tmp_path / "file", format)
    with pytest.raises(DataError, match=r"file: expected tensors of(.*\n)+  fix: serialization.load_arrays"):
        tg_load(tmp_path / "file")
    assert load_arrays(tmp_path / "file")["w"].tolist() == [1j]
