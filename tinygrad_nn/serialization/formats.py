"""The two formats that named arrays and one line of text are kept in: safetensors and npz.

Neither can hold code. A safetensors file is eight bytes (the header's length, little-endian), a
JSON header, and the arrays' bytes; an npz file is a zip archive of .npy files. The text stands in
safetensors' metadata, in npz as one more member. Files of other programs have none, and are read
too.

Sources: https://github.com/huggingface/safetensors#format, NumPy's `numpy.lib.format`.
"""

from __future__ import annotations

import json
import math
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tinygrad_nn.errors import DataError, MissingPackage
from tinygrad_nn.serialization.container import extension_dtype, read_npy
from tinygrad_nn.serialization.files import allowed_bytes, bad_file

__all__ = ["FORMATS", "Format", "detect", "member_bytes", "safetensors_installed", "zip_archive"]

Array: TypeAlias = "NDArray[Any]"

TEXT = "tinygrad_nn"
MARK = "tinygrad_nn "
ORDINARY = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "U16": "uint16",
    "I16": "int16",
    "U32": "uint32",
    "I32": "int32",
    "U64": "uint64",
    "I64": "int64",
    "F16": "float16",
    "F32": "float32",
    "F64": "float64",
    "C64": "complex64",
}
EXTENSION = {
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2": "float8_e5m2",
    "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "F8_E8M0": "float8_e8m0fnu",
}
NPZ_DTYPES = {*ORDINARY.values(), "complex128"}
SAFETENSORS_DTYPES = {*ORDINARY.values(), *EXTENSION.values()}


@dataclass(frozen=True)
class Format:
    """One file format: the dtypes it holds as they are, how it is written, and how it is read."""

    holds: Callable[[np.dtype[Any]], bool]
    write: Callable[[BinaryIO, str, Mapping[str, Array]], None]
    read: Callable[[BinaryIO, str, int | None], tuple[str | None, dict[str, Array]]]


# -- safetensors ------------------------------------------------------------------------------


def safetensors_installed() -> bool:
    """Whether the package that writes safetensors can be imported."""
    try:
        import safetensors.numpy  # noqa: F401
    except ImportError:
        return False
    return True


def _write_safetensors(stream: BinaryIO, text: str, arrays: Mapping[str, Array]) -> None:
    try:
        from safetensors.numpy import save
    except ImportError:
        raise MissingPackage('writing safetensors needs a package: pip install "tinygrad_nn[safetensors]"') from None
    stream.write(save({name: np.asarray(a, order="C") for name, a in arrays.items()}, {TEXT: text}))


def _read_safetensors(stream: BinaryIO, source: str, limit: int | None) -> tuple[str | None, dict[str, Array]]:
    """Needs no package: what one machine wrote, every other can read."""
    header, start = _safetensors_header(stream, source)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise bad_file(source, "safetensors metadata of strings", f"{metadata!r:.80}")
    text = metadata.get(TEXT)
    if text is None and any(value.startswith(MARK) for value in metadata.values()):
        raise bad_file(source, f"the structure under {TEXT!r}", sorted(metadata), "the header is corrupt")
    spans = {name: _span(name, entry, source) for name, entry in header.items()}
    end = 0
    for name, (_, _, begin, stop) in sorted(spans.items(), key=lambda item: item[1][2:]):
        if begin != end:
            raise bad_file(source, f"tensor {name!r} at byte {end} of the data", f"byte {begin}")
        end = stop
    size = stream.seek(0, 2) - start
    if size != end:
        raise bad_file(
            source,
            f"{end} bytes of data",
            f"{size} bytes: it is {'truncated' if size < end else 'too long'}",
        )
    return text, {
        name: _fill(stream, start + begin, kind, shape, source) for name, (kind, shape, begin, _) in spans.items()
    }


def _safetensors_header(stream: BinaryIO, source: str) -> tuple[dict[str, Any], int]:
    """The parsed header, and where the data starts."""
    size = stream.seek(0, 2)
    stream.seek(0)
    length = int.from_bytes(stream.read(8), "little")
    if length > size - 8:
        raise bad_file(
            source,
            f"a safetensors header of {length} bytes",
            f"{size - 8} bytes: it is truncated or corrupt",
        )
    try:
        header = json.loads(stream.read(length).decode(), object_pairs_hook=_no_duplicates)
    except (ValueError, OverflowError, RecursionError) as error:
        raise bad_file(source, "a safetensors header in JSON", str(error)) from None
    if not isinstance(header, dict):
        raise bad_file(source, "a safetensors header that is a JSON object", type(header).__name__)
    return header, 8 + length


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("the same name twice")
    return dict(pairs)


def _span(name: str, entry: Any, source: str) -> tuple[np.dtype[Any], tuple[int, ...], int, int]:
    """dtype, shape, first byte and end of one tensor, checked against each other."""

    def numbers(value: Any) -> bool:
        return isinstance(value, list) and all(type(n) is int and 0 <= n < 2**63 for n in value)

    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise bad_file(source, f"dtype, shape and data_offsets of tensor {name!r}", f"{entry!r:.80}")
    shape, offsets = entry["shape"], entry["data_offsets"]
    if not numbers(shape) or not numbers(offsets) or len(offsets) != 2:
        raise bad_file(source, f"a shape and two offsets for tensor {name!r}", f"{entry!r:.80}")
    kind = _safetensors_dtype(entry["dtype"], name, source)
    if offsets[1] - offsets[0] != math.prod(shape) * kind.itemsize:
        raise bad_file(
            source,
            f"{math.prod(shape) * kind.itemsize} bytes for tensor {name!r}",
            f"{entry!r:.80}",
        )
    return kind, tuple(shape), offsets[0], offsets[1]


def _safetensors_dtype(code: Any, name: str, source: str) -> np.dtype[Any]:
    if isinstance(code, str) and code in ORDINARY:
        return np.dtype(ORDINARY[code])
    if isinstance(code, str) and code in EXTENSION:
        return extension_dtype(EXTENSION[code])
    known = ", ".join([*ORDINARY, *EXTENSION])
    raise bad_file(source, f"one of the dtypes {known} for tensor {name!r}", f"{code!r:.40}")


def _fill(stream: BinaryIO, begin: int, kind: np.dtype[Any], shape: tuple[int, ...], source: str) -> Array:
    """One tensor, read straight into its own memory."""
    try:
        array: Array = np.empty(shape, kind.newbyteorder("<"))
    except ValueError as error:  # too many dimensions
        raise bad_file(source, "a shape that NumPy can hold", error) from None
    stream.seek(begin)
    stream.readinto(array.reshape(-1).view(np.uint8))  # type: ignore[attr-defined]
    return array.astype(kind, copy=False)


# -- npz --------------------------------------------------------------------------------------


def _write_npz(stream: BinaryIO, text: str, arrays: Mapping[str, Array]) -> None:
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(TEXT + ".txt"), text)
        for name, array in arrays.items():
            info = zipfile.ZipInfo(name + ".npy")
            info.comment = MARK.strip().encode()  # so that a lost structure is noticed
            with archive.open(info, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asarray(array, order="C"), allow_pickle=False)


def _read_npz(stream: BinaryIO, source: str, limit: int | None) -> tuple[str | None, dict[str, Array]]:
    text: str | None = None
    arrays: dict[str, Array] = {}
    with zip_archive(stream, source, limit) as archive:
        ours = any(info.comment == MARK.strip().encode() for info in archive.infolist())
        for name in archive.namelist():
            if name == TEXT + ".txt":
                text = member_bytes(archive, name).decode()
            elif name.endswith(".npy") and name[:-4] not in arrays:
                arrays[name[:-4]] = _member(archive, name, source)
            else:
                raise bad_file(source, "a zip archive of .npy arrays (npz)", f"a member named {name!r}")
    if ours and text is None:
        raise bad_file(source, f"the structure in {TEXT + '.txt'!r}", "none: it is incomplete", "copy or save it again")
    return text, arrays


def _member(archive: zipfile.ZipFile, name: str, source: str) -> Array:
    with archive.open(name) as member:
        try:
            return read_npy(member)
        except ValueError as error:
            if "allow_pickle" in str(error):
                raise bad_file(
                    source,
                    f"numbers or strings in {name!r}",
                    "pickled Python objects, which can run code",
                    "save it from a numeric array",
                ) from None
            raise bad_file(source, f"a NumPy array in {name!r}", error) from None


CHUNK = 2**18


def member_bytes(archive: zipfile.ZipFile, member: str | zipfile.ZipInfo) -> bytes:
    """A member's content, unpacked bit by bit: never more than its header claims, which is bounded before."""
    with archive.open(member) as stream:
        return b"".join(iter(lambda: stream.read(CHUNK), b""))


@contextmanager
def zip_archive(stream: BinaryIO, source: str, limit: int | None = None) -> Iterator[zipfile.ZipFile]:
    """The zip archive in `stream`; whatever zipfile raises on broken ones becomes a DataError.

    limit: how many bytes it may unpack to, if not `allowed_bytes` of its size
    """
    try:
        allowed = allowed_bytes(stream.seek(0, 2), limit)
        stream.seek(0)
        with zipfile.ZipFile(stream) as archive:
            claimed = sum(info.file_size for info in archive.infolist())
            if claimed > allowed:
                raise bad_file(
                    source,
                    f"at most {allowed:,} bytes when unpacked",
                    f"{claimed:,} bytes claimed",
                    f"if you trust the file: load(file, limit={claimed})",
                )
            for info in archive.infolist():
                if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise bad_file(source, "members stored or deflated", f"method {info.compress_type}", "pack it anew")
            yield archive
    except DataError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        RuntimeError,
        ValueError,
        KeyError,
        OverflowError,
        MemoryError,
    ) as error:
        raise bad_file(source, "an intact zip archive", f"{error}: it is truncated or corrupt") from None


def _holds(names: set[str]) -> Callable[[np.dtype[Any]], bool]:
    return lambda kind: kind.isnative and kind.name in names


FORMATS = {
    "safetensors": Format(_holds(SAFETENSORS_DTYPES), _write_safetensors, _read_safetensors),
    "npz": Format(_holds(NPZ_DTYPES), _write_npz, _read_npz),
}


# -- which one it is --------------------------------------------------------------------------

FOREIGN = {
    b"\x93NUMPY": "one .npy array: read it with numpy.load",
    b"\x1f\x8b": "gzip data: unpack it first",
    b"\x89HDF": "an HDF5 file",
    b"\x80": "a bare pickle, which can run code",
    b"version https:": "a Git LFS pointer: the file itself was not fetched (git lfs pull)",
    b"<": "a web page or XML: the download failed",
}
LEGACY_PT = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."


def detect(stream: BinaryIO, source: str, limit: int | None = None) -> str:
    """What `stream` holds, by its content: "safetensors", "npz" or "pt".

    Raises DataError for anything else, saying what it looks like.
    """
    stream.seek(0)
    head = stream.read(512)
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        with zip_archive(stream, source, limit) as archive:
            names = archive.namelist()
        if not names and head[:4] == b"PK\x03\x04":
            raise bad_file(source, "a list of members", "none, though there are members: it is corrupt")
        return "pt" if any(name.split("/")[-1] == "data.pkl" for name in names) else "npz"
    if head.startswith(LEGACY_PT) or head[257:262] == b"ustar":
        raise bad_file(
            source,
            "PyTorch's zip format",
            "its legacy format (before PyTorch 1.6), which can run code",
            "in PyTorch, once: torch.save(torch.load(old), new)",
        )
    if head[8:9] == b"{":
        return "safetensors"
    raise bad_file(source, "a safetensors, npz or PyTorch .pt file", _looks_like(head))


def _looks_like(head: bytes) -> str:
    if not head:
        return "an empty file"
    for start, name in FOREIGN.items():
        if head.startswith(start):
            return name
    return f"a file that starts with {head[:16]!r}"
