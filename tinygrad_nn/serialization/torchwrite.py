"""Writing PyTorch's .pt files, so that `torch.load(path)` reads them with its safe defaults.

The pickle is put together here instruction by instruction, since Python's pickler would want to
import the modules that it names. Tensors that share memory share a storage (`sharing`); any other is
written in C order.
"""

from __future__ import annotations

import struct
import sys
import zipfile
from collections import OrderedDict
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinygrad_nn.dtypes import dtype
from tinygrad_nn.placement import Size, device
from tinygrad_nn.serialization.container import (
    Leaf,
    ToLeaf,
    check_depth,
    check_key,
    unsafe,
)
from tinygrad_nn.serialization.sharing import Memory, same_memory
from tinygrad_nn.serialization.torchfile import DTYPES, STORAGES

__all__ = ["write_pt"]

Array: TypeAlias = "NDArray[Any]"
Path: TypeAlias = tuple[object, ...]

STORAGE_OF = {name: storage for storage, name in STORAGES.items()}


def write_pt(stream: BinaryIO, obj: object, to_leaf: ToLeaf) -> None:
    """`obj` as a .pt file; NumPy arrays become tensors, NumPy scalars Python numbers.

    Raises TypeError for what such a file cannot hold safely, naming its place (`state['a'][3]`).
    """
    finder = _Finder(to_leaf)
    finder.put(obj, ())
    pickler = _Pickler(to_leaf, Memory(finder.found))
    pickler.put(obj, ())
    members = {
        "data.pkl": b"\x80\x02" + bytes(pickler.out) + b".",
        "byteorder": sys.byteorder.encode(),
    }
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(f"archive/{name}"), content)
        for key, array in enumerate(pickler.storages):
            archive.writestr(zipfile.ZipInfo(f"archive/data/{key}"), array.tobytes())
        archive.writestr(zipfile.ZipInfo("archive/version"), b"3\n")


class _Pickler:
    """Emits protocol 2, which every version of torch.load reads."""

    def __init__(self, to_leaf: ToLeaf, memory: Memory | None = None) -> None:
        self.to_leaf = to_leaf
        self.memory = memory or Memory([])
        self.out = bytearray()
        self.storages: list[Array] = []
        self.keys: dict[tuple[Any, ...], int] = {}
        self.alive: list[Array] = []  # addresses in `keys` stay taken while writing

    def put(self, obj: Any, path: Path) -> None:
        check_depth(path)
        kind = type(obj)
        if isinstance(obj, np.generic):
            obj = self.scalar(obj, path)
            kind = type(obj)
        if obj is None:
            self.out += b"N"
        elif kind is bool:
            self.out += b"\x88" if obj else b"\x89"
        elif kind is int:
            self.integer(obj)
        elif kind is float:
            self.out += b"G" + struct.pack(">d", obj)
        elif kind is complex:
            self.call("__builtin__ complex", obj.real, obj.imag)
        elif kind is str:
            self.text(obj)
        elif kind is bytes:
            self.call("_codecs encode", obj.decode("latin1"), "latin1")
        elif isinstance(obj, dtype):
            self.name(f"torch {obj.name}")
        elif isinstance(obj, device):
            self.call("torch device", *[obj.type] if obj.index is None else [obj.type, obj.index])
        elif kind is Size:
            self.call("torch Size", tuple(obj))
        elif kind in (list, tuple, dict) or isinstance(obj, OrderedDict):
            self.container(obj, path)
        else:
            self.tensor(obj, path)

    def scalar(self, obj: Any, path: Path) -> Any:
        value = obj.item()
        if type(value) not in (bool, int, float, complex, str, bytes):
            raise unsafe(path, obj, "convert it to a Python number")
        return value

    # -- plain values -------------------------------------------------------------------------

    def integer(self, number: int) -> None:
        if -(2**31) <= number < 2**31:
            self.out += b"J" + struct.pack("<i", number)
            return
        content = number.to_bytes(number.bit_length() // 8 + 1, "little", signed=True)
        size = bytes([0x8A, len(content)]) if len(content) < 256 else b"\x8b" + struct.pack("<i", len(content))
        self.out += size + content

    def text(self, text: str) -> None:
        content = text.encode("utf-8", "surrogatepass")
        self.out += b"X" + struct.pack("<I", len(content)) + content

    def name(self, name: str) -> None:
        module, attribute = name.split(" ")
        self.out += f"c{module}\n{attribute}\n".encode()

    def call(self, name: str, *arguments: Any) -> None:
        self.name(name)
        self.put(arguments, ())
        self.out += b"R"

    # -- containers ---------------------------------------------------------------------------

    def container(self, obj: Any, path: Path) -> None:
        if isinstance(obj, dict):
            self.out += b"}" if type(obj) is dict else b"ccollections\nOrderedDict\n)R"
            self.out += b"("
            for key, value in obj.items():
                self.key(key, path)
                self.put(value, (*path, key))
            self.out += b"u"
            return
        self.out += b"](" if isinstance(obj, list) else b"("
        for i, item in enumerate(obj):
            self.put(item, (*path, i))
        self.out += b"e" if isinstance(obj, list) else b"t"

    def key(self, key: Any, path: Path) -> None:
        check_key(key, path)
        self.put(key, (*path, key))

    # -- tensors ------------------------------------------------------------------------------

    def tensor(self, obj: Any, path: Path) -> None:
        leaf = Leaf(obj) if type(obj) in (np.ndarray, np.memmap) else self.to_leaf(obj)
        if leaf is None:
            raise unsafe(path, obj, "save its state_dict(), or plain numbers, strings, arrays and containers")
        if leaf.array.dtype.name not in DTYPES:
            raise unsafe(
                path,
                leaf.array,
                "PyTorch has no such dtype; convert it",
                what=f"dtype {leaf.array.dtype} in ",
            )
        if leaf.kind == "Parameter":
            self.name("torch._utils _rebuild_parameter")
            self.out += b"("
            self.view(leaf, path)
            self.put(leaf.requires_grad, ())
            self.out += b"ccollections\nOrderedDict\n)RtR"
        else:
            self.view(leaf, path)

    def view(self, leaf: Leaf, path: Path) -> None:
        """A call of `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)`.

        Types without a storage class of their own go through v3, which takes the dtype last.
        """
        array, name = leaf.array, leaf.array.dtype.name
        typed = name in STORAGE_OF
        self.name(f"torch._utils _rebuild_tensor_{'v2' if typed else 'v3'}")
        self.out += b"(("
        self.text("storage")
        self.name(f"torch {STORAGE_OF[name]}" if typed else "torch.storage UntypedStorage")
        one = array.itemsize
        view = self.memory.view(array)
        if view is None:
            steps = np.cumprod([1, *array.shape[:0:-1]], dtype=np.int64)[::-1][: array.ndim]
            stored, offset, strides = array, 0, tuple(int(step) for step in steps)
        else:
            stored, offset = view.stretch.array, view.offset // one
            strides = tuple(step // one for step in view.strides)
        self.text(str(self.storage(stored)))
        self.text("cpu")
        self.integer(stored.size if typed else stored.nbytes)
        self.out += b"tQ"
        for value in (
            offset,
            array.shape,
            strides,
            leaf.requires_grad and leaf.kind == "Tensor",
        ):
            self.put(value, ())
        self.out += b"ccollections\nOrderedDict\n)R"
        if not typed:
            self.name(f"torch {name}")
        self.out += b"tR"

    def storage(self, array: Array) -> int:
        """The number of the storage that holds `array`; the same memory is stored once."""
        place = same_memory(array)
        if not array.size or place not in self.keys:
            self.keys[place] = len(self.storages)
            self.alive.append(array)
            self.storages.append(array.astype(array.dtype.newbyteorder("="), copy=False))
        return self.keys[place]


class _Finder(_Pickler):
    """Walks the object as the pickler will, and only notes the arrays that PyTorch's strides can describe."""

    def __init__(self, to_leaf: ToLeaf) -> None:
        super().__init__(to_leaf)
        self.found: list[tuple[Array, Path]] = []

    def view(self, leaf: Leaf, path: Path) -> None:
        if all(step >= 0 and step % leaf.array.itemsize == 0 for step in leaf.array.strides):
            self.found.append((leaf.array, path))
