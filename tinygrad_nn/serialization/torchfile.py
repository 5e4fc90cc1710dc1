"""PyTorch's .pt files (the zip format of torch.save since 1.6), read and written without PyTorch.

    archive/data.pkl      the containers, as a pickle; a tensor is a call of `_rebuild_tensor_v2`
                          on a storage, an offset, sizes and strides
    archive/data/<key>    the bytes of one storage; several tensors may be views of it
    archive/byteorder     "little" or "big"; archive/version "3"

Nothing in the file is run: `pickles.read_pickle` calls only what `NAMES` lists.

Source: `torch/_utils.py` and `torch/serialization.py` of PyTorch 2, for the names and arguments.
"""

from __future__ import annotations

import reprlib
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinygrad_nn.dtypes import as_dtype
from tinygrad_nn.placement import Size, device
from tinygrad_nn.serialization.container import (
    EXTENSIONS,
    MAX_DEPTH,
    FromLeaf,
    Leaf,
    extension_dtype,
)
from tinygrad_nn.serialization.files import bad_file
from tinygrad_nn.serialization.formats import member_bytes, zip_archive
from tinygrad_nn.serialization.pickles import Named, read_pickle

__all__ = ["STORAGES", "read_pt"]

Array: TypeAlias = "NDArray[Any]"

STORAGES = {
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}
DTYPES = (*STORAGES.values(), "uint16", "uint32", "uint64", *EXTENSIONS[1:])


@dataclass(frozen=True)
class Dtype:
    """An element type by PyTorch's name; NumPy's is made when needed (bfloat16 needs a package)."""

    name: str

    def numpy(self) -> np.dtype[Any]:
        return extension_dtype(self.name) if self.name in EXTENSIONS else np.dtype(self.name)


class Storage:
    """A stretch of memory in the file, and its element type unless it is untyped."""

    def __init__(self, content: bytes, swapped: bool, dtype: Dtype | None) -> None:
        self.content = content
        self.swapped = swapped
        self.dtype = dtype
        self.typed: dict[Dtype, Array] = {}

    def bytes_of(self, dtype: Dtype) -> Array:
        """All of it in this machine's byte order; the same memory each time."""
        if dtype not in self.typed:
            kind = dtype.numpy()
            raw = np.frombuffer(bytearray(self.content), np.uint8)
            if self.swapped:
                unit = kind.itemsize // (2 if kind.kind == "c" else 1)
                raw = raw.view(f"u{unit}").byteswap().view(np.uint8)
            self.typed[dtype] = raw
        return self.typed[dtype]


# -- what a pickle may name -------------------------------------------------------------------


def _tensor(storage: Storage, offset: int, size: Any, stride: Any, dtype: Dtype) -> Array:
    """A view of the storage; every element that it can reach lies inside (checked)."""
    kind, raw = dtype.numpy(), storage.bytes_of(dtype)
    count, size, stride = raw.size // kind.itemsize, tuple(size), tuple(stride)
    numbers = all(type(n) is int and n >= 0 for n in (offset, *size, *stride))
    if len(size) != len(stride) or not numbers:
        raise ValueError(
            "a tensor at offset {} of size {} and stride {}".format(*map(reprlib.repr, (offset, size, stride)))
        )
    if 0 in size:
        return np.empty(size, kind)
    last = offset + sum((n - 1) * step for n, step in zip(size, stride, strict=True))
    if last >= count:
        raise ValueError(f"a tensor that reaches element {last} of a storage of {count}")
    strides = tuple(step * kind.itemsize for step in stride)
    return np.ndarray(size, kind, raw, offset * kind.itemsize, strides)


def _rebuild_v2(
    storage: Any,
    offset: int,
    size: Any,
    stride: Any,
    requires_grad: Any,
    hooks: Any,
    metadata: Any = None,
) -> Leaf:
    if not isinstance(storage, Storage) or storage.dtype is None:
        raise TypeError("a tensor without a typed storage")
    return _leaf(_tensor(storage, offset, size, stride, storage.dtype), requires_grad, metadata)


def _rebuild_v3(
    storage: Any,
    offset: int,
    size: Any,
    stride: Any,
    requires_grad: Any,
    hooks: Any,
    dtype: Any,
    metadata: Any = None,
) -> Leaf:
    if not isinstance(storage, Storage) or not isinstance(_value(dtype), Dtype):
        raise TypeError("a tensor without a storage and dtype")
    return _leaf(_tensor(storage, offset, size, stride, _value(dtype)), requires_grad, metadata)


def _leaf(array: Array, requires_grad: Any, metadata: Any) -> Leaf:
    """metadata: lazy conjugation and negation, which are done here."""
    flags = metadata if isinstance(metadata, dict) else {}
    array = np.conj(array) if flags.get("conj") else array
    return Leaf(np.negative(array) if flags.get("neg") else array, "Tensor", requires_grad is True)


def _rebuild_parameter(data: Any, requires_grad: Any, hooks: Any, state: Any = None) -> Leaf:
    if not isinstance(data, Leaf):
        raise TypeError("a parameter without a tensor")
    return replace(data, kind="Parameter", requires_grad=requires_grad is True)


def _rebuild_from_type(function: Any, kind: Any, arguments: Any, state: Any) -> Leaf:
    """A tensor with attributes: the attributes are dropped."""
    if not isinstance(function, Named) or function.build is None or not isinstance(arguments, tuple):
        raise TypeError("a tensor without a function that builds it")
    leaf = function.build(*arguments)
    if not isinstance(leaf, Leaf):
        raise TypeError("a tensor that is none")
    return leaf


def _encoded(text: Any, encoding: Any) -> bytes:
    """Bytes, as protocol 2 spells them."""
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise TypeError("bytes in an unknown encoding")
    return text.encode("latin1")


def _no_bytes() -> bytes:
    return b""


def _complex(real: float, imag: float) -> complex:
    return complex(real, imag)


BUILDERS: dict[str, Callable[..., Any]] = {
    "collections OrderedDict": OrderedDict,
    "torch._utils _rebuild_tensor_v2": _rebuild_v2,
    "torch._utils _rebuild_tensor_v3": _rebuild_v3,
    "torch._utils _rebuild_parameter": _rebuild_parameter,
    "torch._utils _rebuild_parameter_with_state": _rebuild_parameter,
    "torch._tensor _rebuild_from_type_v2": _rebuild_from_type,
    "torch Size": Size,
    "torch device": device,
    "_codecs encode": _encoded,
    "__builtin__ bytes": _no_bytes,
    "builtins bytes": _no_bytes,
    "__builtin__ complex": _complex,
    "builtins complex": _complex,
    "__builtin__ set": set,
    "builtins set": set,
}
TYPES = ("torch Tensor", "torch.nn.parameter Parameter", "torch.nn.parameter Buffer")
NAMES: dict[str, Named] = {
    **{name: Named(name, build=build) for name, build in BUILDERS.items()},
    **{name: Named(name) for name in TYPES},
    **{f"torch {name}": Named(f"torch {name}", Dtype(name)) for name in DTYPES},
    **{f"torch {name}": Named(f"torch {name}", Dtype(kind)) for name, kind in STORAGES.items()},
    "torch.storage UntypedStorage": Named("torch.storage UntypedStorage", None),
}


def _value(named: Any) -> Any:
    return named.value if isinstance(named, Named) else None


# -- the archive ------------------------------------------------------------------------------


def read_pt(stream: BinaryIO, source: str, from_leaf: FromLeaf, limit: int | None = None) -> Any:
    """The object in a .pt file, its tensors made by `from_leaf`.

    Raises DataError, naming the file `source`: for a broken file, a TorchScript archive, and a
    pickle that asks for anything but tensors and plain containers.
    """
    with zip_archive(stream, source, limit) as archive:
        prefix = _prefix(archive, source)
        order = _member(archive, prefix + "byteorder", source, optional=b"little").decode()
        if order not in ("little", "big"):
            raise bad_file(source, "the byte order little or big", repr(order))
        storages: dict[tuple[str, str], Storage] = {}

        def storage(identity: Any) -> Storage:
            named, key, dtype, size = _identity(identity)
            if (key, named) not in storages:
                content = _member(archive, f"{prefix}data/{key}", source, size=size)
                storages[key, named] = Storage(content, order != sys.byteorder, dtype)
            return storages[key, named]

        pickle = _member(archive, prefix + "data.pkl", source)
        described = read_pickle(pickle, NAMES, storage, source)
    return _Finish(from_leaf, source).value(described, 0)


def _prefix(archive: zipfile.ZipFile, source: str) -> str:
    names = archive.namelist()
    prefix = min((name for name in names if name.split("/")[-1] == "data.pkl"), key=len)[: -len("data.pkl")]
    if prefix + "constants.pkl" in names or any(name.startswith(prefix + "code/") for name in names):
        raise bad_file(
            source,
            "tensors saved by torch.save",
            "a TorchScript archive, which is a program",
            "in PyTorch: torch.save(torch.jit.load(path).state_dict(), new_path)",
        )
    return prefix


def _identity(identity: Any) -> tuple[str, str, Dtype | None, int]:
    """A storage's type name, key, dtype (None: untyped) and size in bytes."""
    word, named, key, _, count = identity
    if word != "storage" or not isinstance(named, Named) or not named.name.endswith("Storage"):
        raise ValueError("a persistent id that is no storage")
    if not isinstance(key, str) or type(count) is not int or count < 0:
        raise ValueError("a storage without key and size")
    dtype = _value(named)
    return named.name, key, dtype, count * (dtype.numpy().itemsize if dtype is not None else 1)


def _member(
    archive: zipfile.ZipFile,
    name: str,
    source: str,
    size: int | None = None,
    optional: bytes | None = None,
) -> bytes:
    try:
        info = archive.getinfo(name)
    except KeyError:
        if optional is not None:
            return optional
        raise bad_file(source, f"a member {name!r}", "none: it is incomplete") from None
    if size is not None and info.file_size != size:
        raise bad_file(source, f"{size} bytes in {name!r}", f"{info.file_size} bytes")
    return member_bytes(archive, info)


class _Finish:
    """Turns leaves into tensors throughout; what was one object in the pickle stays one."""

    def __init__(self, from_leaf: FromLeaf, source: str) -> None:
        self.from_leaf = from_leaf
        self.source = source
        self.done: dict[int, Any] = {}  # by id; the description stays alive meanwhile

    def value(self, obj: Any, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise bad_file(
                self.source,
                f"containers nested at most {MAX_DEPTH} deep",
                "deeper ones, or one inside itself",
            )
        if not isinstance(obj, (Leaf, dict, list, tuple, set, frozenset, Storage, Named)):
            return obj
        if id(obj) not in self.done:
            self.done[id(obj)] = self.build(obj, depth + 1)
        return self.done[id(obj)]

    def build(self, obj: Any, depth: int) -> Any:
        if isinstance(obj, Leaf):
            return self.from_leaf(obj)
        if isinstance(obj, dict):
            pairs = [(self.value(key, depth), self.value(value, depth)) for key, value in obj.items()]
            return type(obj)(pairs)
        if isinstance(obj, (Storage, Named)):
            return self.bare(obj)
        return type(obj)(self.value(item, depth) for item in obj)

    def bare(self, obj: Storage | Named) -> Any:
        """A dtype by itself is a value; other names make sense only inside a tensor."""
        if isinstance(obj, Named) and isinstance(obj.value, Dtype) and obj.value.name in obj.name:
            return as_dtype(obj.value.name)
        name = obj.name.replace(" ", ".") if isinstance(obj, Named) else "a bare storage"
        raise bad_file(self.source, "tensors and plain values", name, "save tensors")
