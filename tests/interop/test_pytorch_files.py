"""PyTorch's .pt files: read without PyTorch, never run, and written so that PyTorch reads them."""

from __future__ import annotations

import io
import os
import pickle
import struct
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_nn import dtypes
from tinygrad_nn.errors import DataError
from tinygrad_nn.placement import Size, device
from tinygrad_nn.serialization.archive import read, write
from tinygrad_nn.serialization.container import Leaf

ORACLE = "PyTorch is the oracle here"


def load(content: bytes | Path) -> Any:
    return read(io.BytesIO(content) if isinstance(content, bytes) else content, lambda leaf: leaf)


def saved(obj: object) -> bytes:
    stream = io.BytesIO()
    write(obj, stream, lambda o: o if isinstance(o, Leaf) else None, "pt")
    return stream.getvalue()


def archive(pickled: bytes, members: dict[str, bytes] | None = None, root: str = "archive/") -> bytes:
    """A .pt file by hand."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        file.writestr(root + "data.pkl", pickled)
        for name, content in (members or {}).items():
            file.writestr(root + name, content)
    return stream.getvalue()


def named(name: str) -> bytes:
    module, attribute = name.rsplit(".", 1)
    return f"c{module}\n{attribute}\n".encode()


def value(obj: object) -> bytes:
    """The instructions for a plain value."""
    return pickle.dumps(obj, 2)[2:-1]


def tensor(
    storage: str = "torch.FloatStorage",
    key: str = "0",
    count: int = 4,
    offset: Any = 0,
    size: Any = (4,),
    stride: Any = (1,),
) -> bytes:
    identity = b"(" + value("storage") + named(storage) + value(key) + value("cpu") + value(count) + b"tQ"
    rest = value(offset) + value(size) + value(stride) + value(False) + named("collections.OrderedDict") + b")R"
    return named("torch._utils._rebuild_tensor_v2") + b"(" + identity + rest + b"tR"


FLOATS = struct.pack("<4f", 1, 2, 3, 4)


def one(**options: Any) -> Any:
    return load(archive(b"\x80\x02" + tensor(**options) + b".", {"data/0": FLOATS, "byteorder": b"little"}))


# -- files from PyTorch -----------------------------------------------------------------------


def check(ours: Any, theirs: Any) -> None:
    """Our leaf holds the tensor that PyTorch has."""
    torch = pytest.importorskip("torch", reason=ORACLE)
    assert isinstance(ours, Leaf)
    assert ours.kind == ("Parameter" if isinstance(theirs, torch.nn.Parameter) else "Tensor")
    assert ours.requires_grad == theirs.requires_grad
    assert ours.array.shape == tuple(theirs.shape)
    assert ours.array.dtype.name == str(theirs.dtype).removeprefix("torch.")
    exact = torch.complex128 if theirs.is_complex() else torch.float64 if theirs.is_floating_point() else theirs.dtype
    np.testing.assert_array_equal(
        ours.array.astype(str(exact).removeprefix("torch.")),
        theirs.detach().to(exact).resolve_conj().numpy(),
    )


def from_torch(obj: object, **options: Any) -> Any:
    torch = pytest.importorskip("torch", reason=ORACLE)
    stream = io.BytesIO()
    torch.save(obj, stream, **options)
    return load(stream.getvalue())


DTYPES = (
    *(
        "float64",
        "float32",
        "float16",
        "bfloat16",
        "int64",
        "int32",
        "int16",
        "int8",
        "uint8",
        "bool",
        "complex64",
    ),
    *("complex128", "uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2"),
)


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype(name: str) -> None:
    torch = pytest.importorskip("torch", reason=ORACLE)
    if name.startswith(("bf", "float8")):
        pytest.importorskip("ml_dtypes", reason="it brings the small floats")
    base = torch.tensor([[1.0, 0.0, 3.0], [0.5, 2.0, 8.0]]).to(getattr(torch, name))
    for each in (base, base.T, base[1], base[0, 2], base[:, ::2], base[:0], base.reshape(1, 1, 6)):
        check(from_torch([each])[0], each)


def test_views_and_shared_storages() -> None:
    torch = pytest.importorskip("torch", reason=ORACLE)
    base = torch.arange(24.0).reshape(4, 6)
    state = {
        "base": base,
        "row": base[2],
        "wide": base[:1].expand(5, 6),
        "t": base.t()[1::2],
        "again": base,
    }
    loaded = from_torch(state)
    for name, theirs in state.items():
        check(loaded[name], theirs)
    assert loaded["again"] is loaded["base"]
    loaded["base"].array[2, 3] = -1
    assert loaded["row"].array[3] == -1
    assert loaded["t"].array[1, 2] == -1
    assert loaded["base"].array.flags.writeable


def test_parameters_buffers_and_attributes() -> None:
    torch = pytest.importorskip("torch", reason=ORACLE)
    tagged, owned = torch.ones(2), torch.nn.Parameter(torch.zeros(3))
    tagged.note, owned.note = "x", "y"
    wanted = torch.ones(2, requires_grad=True)
    frozen = torch.nn.Parameter(torch.ones(2), requires_grad=False)
    conjugate = torch.tensor([1 + 2j]).conj()
    tensors = [tagged, owned, wanted, frozen, conjugate, torch.nn.Buffer(torch.ones(2))]
    for ours, theirs in zip(from_torch(tensors), tensors, strict=True):
        check(ours, theirs)
    assert conjugate.imag.is_neg(), "PyTorch negates it when it is read"
    check(from_torch([conjugate.imag])[0], conjugate.imag.resolve_neg())


def test_state_dicts_of_modules_and_optimizers() -> None:
    torch = pytest.importorskip("torch", reason=ORACLE)
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Linear(4, 2))
    optimizer = torch.optim.Adam(net.parameters(), amsgrad=True)
    net(torch.randn(2, 1, 6, 6)).sum().backward()
    optimizer.step()
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    state = {
        "net": net.state_dict(),
        "opt": optimizer.state_dict(),
        "lr": schedule.state_dict(),
        "epoch": 3,
    }
    loaded = from_torch(state)

    def walk(ours: Any, theirs: Any) -> None:
        if isinstance(theirs, torch.Tensor):
            check(ours, theirs)
        elif isinstance(theirs, dict):
            assert type(ours) is type(theirs)
            assert list(ours) == list(theirs)
            [walk(ours[key], theirs[key]) for key in theirs]
        elif isinstance(theirs, (list, tuple)):
            assert type(ours) is type(theirs)
            [walk(*pair) for pair in zip(ours, theirs, strict=True)]
        else:
            assert type(ours) is type(theirs)
            assert ours == theirs

    walk(loaded, state)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_values_in_every_protocol(protocol: int) -> None:
    torch = pytest.importorskip("torch", reason=ORACLE)
    plain = [
        None,
        True,
        0,
        255,
        65536,
        -1,
        2**31,
        2**70,
        -(2**70),
        0.1,
        float("inf"),
        "",
        "naïve",
        "x" * 300,
        b"\x00\xff",
    ]
    state = {
        "plain": plain,
        "nested": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [[]], {}),
        3: {1, 2},
        (1, "a"): b"",
        "c": 1j,
    }
    assert from_torch(state, pickle_protocol=protocol) == state
    if protocol == 2:
        others = from_torch([torch.Size([2, 3]), torch.device("cpu"), torch.float32, OrderedDict(b=1, a=2)])
        assert others == [Size([2, 3]), device("cpu"), dtypes.float32, OrderedDict(b=1, a=2)]
        assert type(others[0]) is Size
        assert from_torch(torch.device("cuda", 1)) == device("cuda:1")


def test_real_paths_and_names(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason=ORACLE)
    torch.save({"w": torch.ones(2)}, tmp_path / "my model.bin")
    assert load(tmp_path / "my model.bin")["w"].array.tolist() == [1, 1]


# -- files by hand ----------------------------------------------------------------------------


def test_a_tensor_is_a_view_of_its_storage() -> None:
    assert one().array.tolist() == [1, 2, 3, 4]
    assert one(offset=1, size=(3,)).array.tolist() == [2, 3, 4]
    assert one(size=(2, 2), stride=(1, 2)).array.tolist() == [[1, 3], [2, 4]]
    assert one(offset=2, size=(), stride=()).array.tolist() == 3
    assert one(size=(0, 5), stride=(5, 1)).array.shape == (0, 5)


def test_byte_order_of_the_file_is_respected() -> None:
    big = {"data/0": struct.pack(">4f", 1, 2, 3, 4), "byteorder": b"big"}
    assert load(archive(b"\x80\x02" + tensor() + b".", big)).array.tolist() == [1, 2, 3, 4]
    pair = {"data/0": struct.pack(">4f", 1, 2, 3, 4), "byteorder": b"big"}
    complexes = tensor("torch.ComplexFloatStorage", count=2, size=(2,))
    assert load(archive(b"\x80\x02" + complexes + b".", pair)).array.tolist() == [1 + 2j, 3 + 4j]
    with pytest.raises(DataError, match=r"byte order little or big\n  got: 'middle'"):
        load(archive(b"\x80\x02N.", {"byteorder": b"middle"}))


BAD_TENSORS = [
    ({"size": (5,)}, "reaches element 4 of a storage of 4"),
    ({"offset": 1}, "reaches element 4"),
    ({"size": (2,), "stride": (2**40,)}, "reaches element 1099511627776"),
    ({"stride": (-1,)}, r"offset 0 of size \(4,\) and stride \(-1,\)"),
    ({"offset": -1}, "offset -1"),
    ({"size": (2, 2)}, r"size \(2, 2\) and stride \(1,\)"),
    ({"size": "four"}, "size"),
    ({"size": (1.0,)}, r"size \(1.0,\)"),
    ({"size": (2**62, 2**62), "stride": (0, 0)}, "corrupt"),
    ({"count": 3}, "12 bytes in 'archive/data/0'\n  got: 16 bytes"),
    ({"count": -1}, "without key and size"),
    ({"key": "1"}, "a member 'archive/data/1'\n  got: none: it is incomplete"),
    ({"key": 0}, "without key and size"),
    ({"storage": "torch.Size"}, "no storage"),
    ({"storage": "torch.storage.UntypedStorage", "count": 16}, "without a typed storage"),
]


@pytest.mark.parametrize(("options", "text"), BAD_TENSORS, ids=[str(i) for i in range(len(BAD_TENSORS))])
def test_tensors_that_lie_about_their_storage(options: dict[str, Any], text: str) -> None:
    with pytest.raises(DataError, match=text):
        one(**options)


# -- malice -----------------------------------------------------------------------------------


class Run:
    """Pickles as a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


MALICE = [
    (Run(os.system, "touch {}"), f"{os.name}.system"),
    (Run(eval, "open('{}', 'w')"), "eval"),
    (Run(exec, "open('{}', 'w')"), "exec"),
    (Run(__import__, "os"), "__import__"),
    (Run(open, "{}", "w"), "open"),
    ({"weights": [1, {"deep": (Run(os.system, "touch {}"),)}]}, f"{os.name}.system"),
    (OrderedDict(a=Run(Run, print, 1)), "Run"),
    (Run(Path, "{}"), "pathlib"),
]


def fill(obj: Any, path: str) -> Any:
    if isinstance(obj, Run):
        obj.call = (
            obj.call[0],
            tuple(a.format(path) if isinstance(a, str) else a for a in obj.call[1]),
        )
    elif isinstance(obj, dict):
        [fill(item, path) for item in obj.values()]
    elif isinstance(obj, (list, tuple)):
        [fill(item, path) for item in obj]
    return obj


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(("evil", "name"), MALICE, ids=[str(i) for i in range(len(MALICE))])
def test_malicious_pickles_are_refused_by_name_and_not_run(evil: Any, name: str, protocol: int, tmp_path: Path) -> None:
    target = tmp_path / "ran"
    pickled = pickle.dumps(fill(evil, str(target)), protocol)
    file = tmp_path / "model.pt"
    file.write_bytes(archive(pickled))
    with pytest.raises(
        DataError,
        match=f"refused, its pickle .*\n  got: the name '.*{name}.*'\n  fix: save model.state",
    ) as caught:
        load(file)
    assert str(file) in str(caught.value)
    assert not target.exists()


ODDITIES = [
    (
        named("torch._utils._rebuild_sparse_tensor"),
        "the name 'torch._utils._rebuild_sparse_tensor'",
    ),
    (
        named("torch.nn.modules.linear.Linear") + b")\x81",
        "the name 'torch.nn.modules.linear.Linear'",
    ),
    (named("collections.OrderedDict") + b")\x81", "the instruction NEWOBJ"),
    (b"(S'ls'\nios\nsystem\n", "the instruction STRING"),
    (b"(ios\nsystem\n", "the instruction INST"),
    (b"(" + named("collections.OrderedDict") + b"o", "the instruction OBJ"),
    (b"\x82\x01", "the instruction EXT1"),
    (b"Pabc\n", "the instruction PERSID"),
    (named("torch.FloatStorage") + b")R", "a call of 'torch FloatStorage'"),
    (value("torch") + b")R", "a call of 'torch'"),
    (named("torch.Size") + value({"__defaults__": ()}) + b"b", "to set attributes of a Named"),
    (tensor() + value({"array": 1}) + b"b", "to set attributes of a Leaf"),
    (
        value("torch") + value("serialization._legacy_load") + b"\x93",
        "the name 'torch.serialization._legacy_load'",
    ),
    (value("collections\nOrderedDict") + value("x") + b"\x93", "the name"),
]


@pytest.mark.parametrize(("code", "text"), ODDITIES, ids=[str(i) for i in range(len(ODDITIES))])
def test_whatever_is_not_on_the_list_is_refused(code: bytes, text: str) -> None:
    with pytest.raises(DataError, match="refused") as caught:
        load(archive(b"\x80\x04" + code + b".", {"data/0": FLOATS}))
    assert text in str(caught.value)


def test_bare_names_and_storages_are_no_values() -> None:
    storage = b"(" + value("storage") + named("torch.FloatStorage") + value("0") + value("cpu") + value(4) + b"tQ"
    for code in (
        named("torch._utils._rebuild_tensor_v2"),
        named("torch.FloatStorage"),
        named("torch.Size"),
        storage,
    ):
        with pytest.raises(DataError, match="expected tensors and plain values"):
            load(archive(b"\x80\x02" + code + b".", {"data/0": FLOATS}))


def test_loops_and_bombs_end_quickly() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(DataError, match="one inside itself"):
        load(archive(pickle.dumps(loop, 2)))
    bomb: list[Any] = ["lol"]
    for _ in range(90):
        bomb = [bomb] * 10
    loaded = load(archive(pickle.dumps(bomb, 2)))
    assert loaded[0] is loaded[9]
    with pytest.raises(DataError, match="nested at most 100 deep"):
        load(archive(b"\x80\x02" + b"]" * 5000 + b"a" * 4999 + b"."))


def test_every_cut_and_flip_of_the_pickle_is_an_error_or_plain_data() -> None:
    torch = pytest.importorskip("torch", reason=ORACLE)
    stream = io.BytesIO()
    torch.save({"a": torch.ones(4), "b": [1, (2.0, b"x")]}, stream)
    with zipfile.ZipFile(stream) as file:
        pickled = file.read("archive/data.pkl")
    members = {"data/0": FLOATS}
    for n in range(len(pickled)):
        with pytest.raises(DataError):
            load(archive(pickled[:n], members))
        for flip in (0x01, 0x20, 0xFF):
            broken = bytearray(pickled)
            broken[n] ^= flip
            try:
                load(archive(bytes(broken), members))
            except DataError as error:
                message = str(error)
                if not message.startswith("load: the given stream: "):
                    raise


def test_every_truncation_of_a_file_is_an_error() -> None:
    content = saved({"a": np.ones(4, "f4"), "b": [1, 2]})
    for n in range(len(content)):
        with pytest.raises(DataError):
            load(content[:n])
    broken = bytearray(content)
    broken[content.index(struct.pack("<4f", 1, 1, 1, 1))] ^= 1
    with pytest.raises(DataError, match=r"intact zip archive\n  got: Bad CRC-32"):
        load(bytes(broken))


def test_other_formats_of_pytorch_say_what_to_do(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason=ORACLE)
    torch.save({"w": torch.ones(1)}, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(
        DataError,
        match=r"old.pt: expected PyTorch's zip .*\n  got: its legacy .*\n  fix: .*torch.save\(",
    ):
        load(tmp_path / "old.pt")
    with pytest.raises(DataError, match=r"got: a TorchScript archive, which is a program\n  fix: .*torch.jit.load"):
        load(archive(b"\x80\x02N.", {"constants.pkl": b"", "code/__torch__.py": b""}, root="net/"))
    torch.save(torch.nn.Linear(1, 1), tmp_path / "whole.pt")
    with pytest.raises(
        DataError,
        match=r"the name 'torch.nn.modules.linear.Linear'\n  fix: save model.state_dict\(\)",
    ):
        load(tmp_path / "whole.pt")


def test_reading_imports_neither_torch_nor_pickled_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    content = saved({"w": Leaf(np.ones(2), "Parameter", True)})
    monkeypatch.setitem(sys.modules, "torch", None)
    assert load(content)["w"].kind == "Parameter"
    assert "antigravity" not in sys.modules
    with pytest.raises(DataError, match="antigravity"):
        load(archive(b"\x80\x02" + named("antigravity.x") + b"."))
    assert "antigravity" not in sys.modules


# -- files for PyTorch ------------------------------------------------------------------------


@pytest.mark.parametrize("name", DTYPES)
def test_pytorch_reads_our_arrays(name: str) -> None:
    torch = pytest.importorskip("torch", reason=ORACLE)
    if name.startswith(("bf", "float8")):
        ml_dtypes = pytest.importorskip("ml_dtypes", reason="it brings the small floats")
        kind = np.dtype(getattr(ml_dtypes, name))
    else:
        kind = np.dtype(name)
    base = np.array([[1.0, 0.0, 3.0], [0.5, 2.0, 8.0]]).astype(kind)
    arrays = [
        base,
        base.T,
        base[:, ::2],
        base[0, 1:2].reshape(()),
        base[:0],
        np.broadcast_to(base[:, :1], (2, 4)),
    ]
    loaded = torch.load(io.BytesIO(saved(arrays)), weights_only=True)
    for array, theirs in zip(arrays, loaded, strict=True):
        assert not array.size or theirs.stride() == tuple(step // array.itemsize for step in array.strides)
        check(Leaf(array), theirs)
    for array, ours in zip(arrays, load(saved(arrays)), strict=True):
        np.testing.assert_array_equal(ours.array, array)
        assert ours.array.dtype == array.dtype


def test_pytorch_reads_our_containers() -> None:
    torch = pytest.importorskip("torch", reason=ORACLE)
    tied = np.arange(3.0)
    plain = [
        None,
        True,
        False,
        0,
        -1,
        2**31,
        -(2**31) - 1,
        2**70,
        -(2**2000),
        0.1,
        "",
        "naïve",
        b"\x00\xff",
        1j,
    ]
    state = {
        "net": OrderedDict(w=Leaf(tied, "Parameter", True), tied=tied, g=Leaf(np.ones(1), requires_grad=True)),
        "plain": plain,
        3: ([], (), {}, (1,)),
        "np": (np.float64(0.5), np.int8(3), np.bool_(True)),
        "dtype": dtypes.int16,
        "size": (Size([2, 3]), device("cpu"), device("cuda:1")),
        "swapped": np.array([1, 2], ">i4"),
    }
    for loaded in (torch.load(io.BytesIO(saved(state)), weights_only=True), load(saved(state))):
        assert loaded["plain"] == plain
        assert [type(v) for v in loaded["plain"]] == [type(v) for v in plain]
        assert loaded[3] == ([], (), {}, (1,))
        assert loaded["np"] == (0.5, 3, True)
        assert type(loaded["net"]) is OrderedDict
    theirs = torch.load(io.BytesIO(saved(state)), weights_only=True)
    assert isinstance(theirs["net"]["w"], torch.nn.Parameter)
    assert theirs["net"]["g"].requires_grad
    assert theirs["net"]["w"].data_ptr() == theirs["net"]["tied"].data_ptr()
    assert theirs["dtype"] is torch.int16
    assert theirs["size"] == (torch.Size([2, 3]), torch.device("cpu"), torch.device("cuda:1"))
    assert type(theirs["size"][0]) is torch.Size
    assert theirs["swapped"].tolist() == [1, 2]


def test_pytorch_maps_our_file_into_memory(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason=ORACLE)
    array = np.random.default_rng(0).normal(size=(50, 3))
    (tmp_path / "a.pt").write_bytes(saved({"w": array}))
    loaded = torch.load(tmp_path / "a.pt", weights_only=True, mmap=True)
    np.testing.assert_array_equal(loaded["w"].numpy(), array)


def test_what_pytorch_cannot_hold_is_refused() -> None:
    with pytest.raises(
        TypeError,
        match=r"state\['a'\]\[0\] cannot.*\n  got: dtype <U1 in .*\n  fix: PyTorch has no such",
    ):
        saved({"a": [np.array(["x"])]})
    with pytest.raises(TypeError, match=r"state\['a'\] cannot.*\n  got: object"):
        saved({"a": object()})
    with pytest.raises(TypeError, match=r"got: numpy.datetime64\n  fix: convert it to a Python number"):
        saved([np.datetime64("2020-01-01")])
