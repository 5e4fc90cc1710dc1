"""Nested containers as a tree of JSON and a flat dict of arrays, and back.

What JSON has (None, bool, str, int, finite float, list) stands for itself. Everything else is an
object with one key, which names the type:

    {"tuple": [...]}   {"dict": [[key, value], ...]}   {"OrderedDict": [[key, value], ...]}
    {"float": "nan"}   {"int": "0x..."}   {"complex": [re, im]}   {"bytes": "<base64>"}
    {"ndarray": ref}   {"scalar": ref}   {"Tensor": [ref, requires_grad]}
    {"Size": [2, 3]}   {"dtype": "float32"}   {"device": "cpu"}

A ref is the name of an array, or [name, how] where the format has no such dtype: `how` is "npy"
(the array's bytes are a whole .npy file) or the name of an extension type whose bits are kept as
integers. Two values over the same memory get the same ref, so what was tied is tied again after
loading; and [ref, "view", offset, shape, strides], in bytes, is a part of an array's memory (`sharing`).

This file knows no file formats and no Tensors: those are `Leaf`s, made and undone by two hooks.
"""

from __future__ import annotations

import base64
import io
import json
import math
import re
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinygrad_nn.dtypes import as_dtype, dtype
from tinygrad_nn.errors import ArgumentError, DeviceError, MissingPackage, message
from tinygrad_nn.placement import Size, device
from tinygrad_nn.serialization.files import bad_file
from tinygrad_nn.serialization.sharing import Memory, same_memory, seen_as

__all__ = [
    "MAX_DEPTH",
    "FromLeaf",
    "Leaf",
    "ToLeaf",
    "decode",
    "encode",
    "extension_dtype",
    "read_npy",
]

Array: TypeAlias = "NDArray[Any]"
Json: TypeAlias = Any

MAX_DEPTH = 100
EXTENSIONS = (
    "bfloat16",
    "float8_e4m3fn",
    "float8_e4m3fnuz",
    "float8_e5m2",
    "float8_e5m2fnuz",
    "float8_e8m0fnu",
)
KEYS = (type(None), bool, int, float, complex, str, bytes, tuple, np.generic)
HEADER = "tinygrad_nn 1"
TEXTS: dict[str, Callable[[str], Any]] = {
    "float": float,
    "int": lambda text: int(text, 16),
    "bytes": lambda text: base64.b64decode(text, validate=True),
    "dtype": as_dtype,
    "device": device,
}


@dataclass(frozen=True, eq=False)
class Leaf:
    """A tensor as files know it; `kind` is "Tensor" or "Parameter"."""

    array: Array
    kind: str = "Tensor"
    requires_grad: bool = False


ToLeaf: TypeAlias = Callable[[object], Leaf | None]
FromLeaf: TypeAlias = Callable[[Leaf], Any]


def encode(obj: object, holds: Callable[[np.dtype[Any]], bool], to_leaf: ToLeaf) -> tuple[str, dict[str, Array]]:
    """`obj` as one line of text and named arrays, whose dtypes all satisfy `holds`.

    to_leaf: the `Leaf` of a tensor, None for anything else.
    Raises TypeError for a value that cannot be saved safely, naming its place (`state['a'][3]`);
    ValueError for containers nested deeper than 100 levels, or that contain themselves.

    >>> text, arrays = encode({"w": np.ones(2), "step": 3}, lambda dtype: True, lambda obj: None)
    >>> text[23:]
    '{"dict": [["w", {"ndarray": "w"}], ["step", 3]]}'
    >>> arrays
    {'w': array([1., 1.])}
    """
    finder = _Finder(holds, to_leaf)
    finder.node(obj, ())
    encoder = _Encoder(holds, to_leaf, Memory(finder.found))
    tree = json.dumps(encoder.node(obj, ()))
    return f"{HEADER} {_checksum(tree, encoder.arrays):08x} {tree}", encoder.arrays


def decode(text: str, arrays: Mapping[str, Array], from_leaf: FromLeaf, source: str) -> Any:
    """The object that `encode` turned into `text` and `arrays`.

    Raises DataError, naming the file `source`, if text and arrays are not as they were written.

    >>> saved = encode([1.5, (np.int8(2), None)], lambda dtype: True, lambda obj: None)
    >>> decode(*saved, lambda leaf: leaf.array, "memory")
    [1.5, (np.int8(2), None)]
    """
    header, tree = text[: len(HEADER)], text[len(HEADER) + 10 :]
    if header != HEADER:
        raise bad_file(source, f"a structure in the form {HEADER!r}", repr(text[:40]), "update tinygrad_nn")
    written, found = text[len(HEADER) + 1 : len(HEADER) + 9], f"{_checksum(tree, arrays):08x}"
    if written != found:
        raise bad_file(
            source,
            f"content with checksum {written}",
            f"checksum {found}: it is corrupt",
            "copy or save it again",
        )
    try:
        parsed = json.loads(tree)
    except (ValueError, OverflowError, RecursionError) as error:
        raise bad_file(source, "a structure in JSON", str(error)) from None
    return _Decoder(arrays, from_leaf, source).node(parsed, 0)


def _checksum(tree: str, arrays: Mapping[str, Array]) -> int:
    """CRC-32 of the structure, and of each array's name, dtype, shape and bytes."""
    total = zlib.crc32(tree.encode())
    for name in sorted(arrays):
        array = arrays[name]
        total = zlib.crc32(f"{name} {array.dtype.name} {array.shape}".encode(), total)
        total = zlib.crc32(array.tobytes(), total)
    return total


def extension_dtype(name: str) -> np.dtype[Any]:
    """NumPy's dtype for bfloat16 and the 8-bit floats, which the package `ml_dtypes` brings."""
    try:
        import ml_dtypes
    except ImportError:
        raise MissingPackage(f'{name} needs a package: pip install "tinygrad_nn[bfloat16]"') from None
    kind: np.dtype[Any] = np.dtype(getattr(ml_dtypes, name))
    return kind


def write_npy(array: Array) -> Array:
    """The bytes of a .npy file that holds `array`; ValueError if it would not come back."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, allow_pickle=False)
    read_npy(io.BytesIO(stream.getvalue()))
    return np.frombuffer(stream.getvalue(), np.uint8)


PLAIN_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00..\{'descr': '([<>|=][biufc]\d+)', 'fortran_order': (False|True), "
    rb"'shape': \(((?:\d+, )*\d+,?|)\), \} *\n",
    re.DOTALL,
)
"""The header that NumPy writes for an array of numbers, read here: NumPy's own way leaves reference cycles behind."""


def _read_plain(stream: Any, start: bytes) -> Array | None:
    """The array, if the header in `start` (the stream's first 10 bytes and all of the header) is a plain one."""
    found = PLAIN_HEADER.fullmatch(start)
    if found is None:
        return None
    try:
        kind = np.dtype(found[1].decode())
    except TypeError:  # there is no "<b8"
        raise ValueError(f"an array of {found[1].decode()}") from None
    shape = tuple([int(n) for n in found[3].split(b",") if n])
    if math.prod([n or 1 for n in shape]) * kind.itemsize >= 2**62:
        raise ValueError(f"an array of shape {shape}"[:80])
    array = np.empty(shape, kind, "F" if found[2] == b"True" else "C")
    memory = (array if array.flags.c_contiguous else array.T).reshape(-1).view(np.uint8)
    filled = 0
    while filled < memory.size:
        part = stream.read(min(2**18, memory.size - filled))
        if not part:
            raise ValueError(f"{filled} bytes of {memory.size}")
        memory[filled : filled + len(part)] = np.frombuffer(part, np.uint8)
        filled += len(part)
    return array


def read_npy(stream: Any) -> Array:
    """The array in a stream that is one .npy file to its end; ValueError if it is anything else."""
    start = stream.read(10)
    start += stream.read(int.from_bytes(start[8:10], "little"))
    try:
        array = _read_plain(stream, start)
        if array is None:
            stream.seek(0)
            array = _read_by_numpy(stream)
    except MemoryError as error:
        raise ValueError(f"a .npy header that claims too much ({error})") from None
    if stream.read(1):
        raise ValueError("bytes after the end of the array")
    return array


def _read_by_numpy(stream: Any) -> Array:
    try:
        array: Array = np.lib.format.read_array(stream, allow_pickle=False)
    except ValueError:
        raise
    except Exception as error:  # its parser of headers runs Python's tokenizer and parser, and what they raise
        raise ValueError(f"a .npy header that NumPy cannot follow ({error})") from None
    return array


def check_depth(path: tuple[object, ...]) -> None:
    """ValueError if `path` is deeper than any honest container."""
    if len(path) > MAX_DEPTH:
        raise ArgumentError(
            message(
                f"save: containers nested deeper than {MAX_DEPTH} levels",
                got=_spell(path[:3]) + "...",
                fix="flatten them; a container that contains itself cannot be saved",
            )
        )


def check_key(key: object, path: tuple[object, ...]) -> None:
    """TypeError unless `key` is a plain value."""
    if not isinstance(key, KEYS):
        raise unsafe(path, key, "use str or int keys", what="a key of ")


def _spell(path: tuple[object, ...]) -> str:
    return "state" + "".join(f"[{part!r}]" for part in path)


def unsafe(path: tuple[object, ...], obj: object, fix: str, what: str = "") -> TypeError:
    """The error for a value that files cannot hold: its place, its type and what to do."""
    kind = type(obj)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return TypeError(message(f"save: {_spell(path)} cannot be saved safely", got=what + name, fix=fix))


class _Encoder:
    """Walks the object, gathering arrays on the way."""

    def __init__(self, holds: Callable[[np.dtype[Any]], bool], to_leaf: ToLeaf, memory: Memory | None = None) -> None:
        self.holds = holds
        self.to_leaf = to_leaf
        self.memory = memory or Memory([])
        self.arrays: dict[str, Array] = {}
        self.refs: dict[tuple[Any, ...], Json] = {}
        self.alive: list[Array] = []  # addresses in `refs` stay taken while encoding

    def node(self, obj: Any, path: tuple[object, ...]) -> Json:
        kind = type(obj)
        check_depth(path)
        if obj is None or kind in (bool, str):
            return obj
        if kind is int:
            return obj if -(2**63) <= obj < 2**63 else {"int": hex(obj)}
        if kind is float:
            return obj if math.isfinite(obj) else {"float": repr(obj)}
        if kind is complex:
            return {"complex": [self.node(obj.real, path), self.node(obj.imag, path)]}
        if kind is bytes:
            return {"bytes": base64.b64encode(obj).decode()}
        if kind in (list, tuple, Size):
            items = [self.node(item, (*path, i)) for i, item in enumerate(obj)]
            return items if kind is list else {kind.__name__: items}
        if kind is dict or isinstance(obj, OrderedDict):  # a module's state_dict is an OrderedDict with notes
            pairs = [[self.key(key, path), self.node(value, (*path, key))] for key, value in obj.items()]
            return {"dict" if kind is dict else "OrderedDict": pairs}
        return self.leaf(obj, path)

    def key(self, key: object, path: tuple[object, ...]) -> Json:
        check_key(key, path)
        return self.node(key, (*path, key))

    def leaf(self, obj: Any, path: tuple[object, ...]) -> Json:
        if isinstance(obj, np.generic):
            return {"scalar": self.array(np.asarray(obj), path)}
        if type(obj) in (np.ndarray, np.memmap):
            return {"ndarray": self.array(obj, path)}
        if isinstance(obj, dtype):
            return {"dtype": obj.name}
        if isinstance(obj, device):
            return {"device": str(obj)}
        leaf = self.to_leaf(obj)
        if leaf is None:
            raise unsafe(path, obj, "save its state_dict(), or plain numbers, strings, arrays and containers")
        return {leaf.kind: [self.array(leaf.array, path), leaf.requires_grad]}

    def array(self, array: Array, path: tuple[object, ...]) -> Json:
        """The ref of `array`, which is stored unless the same memory already is."""
        place = same_memory(array)
        if array.size and place in self.refs:
            return self.refs[place]
        view = self.memory.view(array)
        if view is not None and not view.is_whole:
            base = self.array(view.stretch.array, view.stretch.path)
            return [base, "view", view.offset, list(view.shape), list(view.strides)]
        path = path if view is None else view.stretch.path
        self.alive.append(array)
        name = self.name(path)
        ref: Json = name
        stored = array
        if not self.holds(array.dtype):
            stored, how = self.lower(array, path)
            ref = [name, how]
        self.arrays[name] = stored
        self.refs[place] = ref
        return ref

    def lower(self, array: Array, path: tuple[object, ...]) -> tuple[Array, str]:
        """An array of a dtype that the format holds, and how to get the given one back from it."""
        if array.dtype.name in EXTENSIONS:
            return array.view(f"u{array.dtype.itemsize}"), array.dtype.name
        if array.dtype.hasobject or array.dtype.isbuiltin == 2:
            raise unsafe(
                path,
                array,
                "convert it to a numeric or fixed-width string dtype",
                what=f"dtype {array.dtype} in ",
            )
        try:
            return write_npy(array), "npy"
        except ValueError:
            raise unsafe(path, array, "give its dtype fewer fields", what=f"dtype {array.dtype!s:.60} in ") from None

    def name(self, path: tuple[object, ...]) -> str:
        """The path with dots, as `state_dict` names things; a suffix where that is taken."""
        dotted = ".".join(str(part) for part in path) or "value"
        printable = "".join(c if c.isprintable() and c != "\\" else "_" for c in dotted)
        name, count = printable, 1
        while name in self.arrays or name == "__metadata__":
            count += 1
            name = f"{printable}~{count}"
        return name


class _Finder(_Encoder):
    """Walks the object as the encoder will, and only notes the arrays."""

    def __init__(self, holds: Callable[[np.dtype[Any]], bool], to_leaf: ToLeaf) -> None:
        super().__init__(holds, to_leaf)
        self.found: list[tuple[Array, tuple[object, ...]]] = []

    def array(self, array: Array, path: tuple[object, ...]) -> Json:
        self.found.append((array, path))


class _Decoder:
    """Walks the tree; whatever it does not know is an error, for a file may come from anywhere."""

    def __init__(self, arrays: Mapping[str, Array], from_leaf: FromLeaf, source: str) -> None:
        self.arrays = arrays
        self.from_leaf = from_leaf
        self.source = source
        self.raised: dict[str, Array] = {}

    def need(self, condition: bool, found: object) -> None:
        if not condition:
            raise bad_file(self.source, "a structure written by save", f"{found!r:.80}")

    def node(self, tree: Json, depth: int) -> Any:
        self.need(depth <= MAX_DEPTH + 2, f"nesting deeper than {MAX_DEPTH}")
        if tree is None or isinstance(tree, (bool, str, int, float)):
            return tree
        if isinstance(tree, list):
            return [self.node(item, depth + 1) for item in tree]
        self.need(isinstance(tree, dict) and len(tree) == 1, tree)
        ((tag, value),) = tree.items()
        if tag in TEXTS:
            return self.text(tag, value)
        self.need(isinstance(value, list) or tag in ("ndarray", "scalar"), tree)
        if tag == "tuple":
            return tuple(self.node(item, depth + 1) for item in value)
        if tag == "Size":
            self.need(all(type(n) is int for n in value), tree)
            return Size(value)
        if tag in ("dict", "OrderedDict"):
            return self.mapping(tag, value, depth)
        if tag == "complex":
            parts = [self.node(item, depth + 1) for item in value]
            self.need(len(parts) == 2 and all(isinstance(part, float) for part in parts), tree)
            return complex(*parts)
        return self.leaf(tag, value)

    def text(self, tag: str, value: Json) -> Any:
        self.need(isinstance(value, str), value)
        try:
            return TEXTS[tag](value)
        except (ValueError, TypeError, DeviceError):
            raise bad_file(self.source, f"a {tag} in the structure", f"{value!r:.80}") from None

    def mapping(self, tag: str, pairs: list[Json], depth: int) -> dict[Any, Any]:
        result: dict[Any, Any] = OrderedDict() if tag == "OrderedDict" else {}
        for pair in pairs:
            self.need(isinstance(pair, list) and len(pair) == 2, pair)
            key = self.node(pair[0], depth + 1)
            try:
                hash(key)
            except TypeError:
                raise bad_file(self.source, "a dict key", f"{pair[0]!r:.80}") from None
            result[key] = self.node(pair[1], depth + 1)
        return result

    def leaf(self, tag: str, value: Json) -> Any:
        if tag == "ndarray":
            return self.array(value)
        if tag == "scalar":
            array = self.array(value)
            self.need(array.ndim == 0, f"a scalar of shape {array.shape}")
            return array[()]
        self.need(tag in ("Tensor", "Parameter"), tag)
        self.need(len(value) == 2 and isinstance(value[1], bool), value)
        return self.from_leaf(Leaf(self.array(value[0]), tag, value[1]))

    def array(self, ref: Json) -> Array:
        """The array of a ref; the same one for the same ref."""
        key = json.dumps(ref)
        if key not in self.raised:
            self.raised[key] = self.part(ref) if isinstance(ref, list) and len(ref) == 5 else self.whole(ref)
        return self.raised[key]

    def whole(self, ref: Json) -> Array:
        pair = (ref, "") if isinstance(ref, str) else tuple(ref) if isinstance(ref, list) else ()
        self.need(len(pair) == 2 and all(isinstance(part, str) for part in pair), ref)
        name, how = pair
        self.need(name in self.arrays, f"no array named {name!r}")
        return self.raise_back(self.arrays[name], how)

    def part(self, ref: list[Json]) -> Array:
        base, word, offset, shape, strides = ref
        self.need(word == "view" and isinstance(shape, list) and isinstance(strides, list), ref)
        self.need(all(type(n) is int and abs(n) < 2**62 for n in (offset, *shape, *strides)), ref)
        self.need(isinstance(base, str) or (isinstance(base, list) and len(base) == 2), ref)
        try:
            return seen_as(self.array(base), offset, shape, strides)
        except ValueError as error:
            raise bad_file(self.source, "a view inside its array", str(error)) from None

    def raise_back(self, array: Array, how: str) -> Array:
        """Undo `_Encoder.lower`."""
        if not how:
            return array
        if how == "npy":
            try:
                return read_npy(io.BytesIO(array.tobytes()))
            except ValueError as error:
                raise bad_file(self.source, "an array in NumPy's form", str(error)) from None
        self.need(how in EXTENSIONS, how)
        kind = extension_dtype(how)
        self.need(array.dtype == np.dtype(f"u{kind.itemsize}"), array.dtype)
        return array.view(kind)
