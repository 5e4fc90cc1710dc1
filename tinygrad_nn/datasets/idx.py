"""The IDX format of MNIST's files: a four-byte magic, the sizes, then the elements, big-endian.

``00 00 TT DD``: ``TT`` is the element type (0x08 is uint8), ``DD`` the number of dimensions; then
``DD`` sizes as 32-bit integers, then the elements in C order. Nothing is believed that the length
of the file does not bear out, so a damaged header never asks for a terabyte.

Source: LeCun, Cortes and Burges, "The MNIST database", the section on file formats.
"""

from __future__ import annotations

import gzip
import io
import math
import os
import struct
import zlib
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_nn.errors import DataError, message
from tinygrad_nn.serialization import allowed_bytes

__all__ = ["open_plain_or_gzip", "read_idx"]

_ELEMENT = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_FIX = "delete the file and fetch it again"
_GZIP_MAGIC = b"\x1f\x8b"
_MAX_DIMENSIONS = 64  # NumPy's


def read_idx(path: str | os.PathLike[str], *, magic: int | None = None) -> NDArray[Any]:
    """Read an IDX file, plain or gzipped (told by its first bytes, not by its name).

    Args:
        path: the file.
        magic: the number that the file must begin with: 2051 (uint8, 3 dimensions) for images,
            2049 (uint8, 1 dimension) for labels; any IDX file where it is None.

    Returns:
        An array of the shape and element type that the header states, in native byte order.

    Raises:
        DataError: the file is not IDX, ends early, goes on too long, or its gzip stream is damaged.
        FileNotFoundError: there is no such file.

    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "labels-idx1-ubyte"
    >>> _ = file.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1]))
    >>> read_idx(file)
    array([7, 2, 1], dtype=uint8)
    """
    with open_plain_or_gzip(path) as stream:
        dtype, shape = _read_header(stream, path, magic)
        values = _read_elements(stream, path, dtype, shape)
    return values.astype(dtype.newbyteorder("="), copy=False).reshape(shape)


def open_plain_or_gzip(path: str | os.PathLike[str]) -> IO[bytes]:
    """Open a file for reading bytes; a gzipped one is unpacked on the way.

    Reading raises DataError where the gzip stream is damaged, and where it unpacks to more than
    `allowed_bytes` of the file's size.

    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "x.gz"
    >>> _ = file.write_bytes(gzip.compress(b"digits"))
    >>> open_plain_or_gzip(file).read()
    b'digits'
    """
    with open(path, "rb") as plain:
        packed = plain.read(2) == _GZIP_MAGIC
    return io.BufferedReader(_Unpacked(path)) if packed else open(path, "rb")


class _Unpacked(io.RawIOBase):
    """The content of a gzip file, whose damage and excess are DataErrors that name it."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path
        self.size = os.path.getsize(path)
        self.left = allowed_bytes(self.size)
        self.stream = gzip.open(path, "rb")  # noqa: SIM115 - closed with this

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self.stream.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        try:
            content = self.stream.read(len(buffer))
        except (EOFError, gzip.BadGzipFile, zlib.error) as damage:
            raise DataError(
                message(
                    f"{os.fspath(self.path)}: the gzip stream is truncated or corrupt",
                    got=f"{self.size:,} bytes; {damage}",
                    fix=_FIX,
                )
            ) from damage
        self.left -= len(content)
        if self.left < 0:
            raise DataError(
                message(
                    f"{os.fspath(self.path)}: unpacks to more than {allowed_bytes(self.size):,} bytes",
                    got=f"{self.size:,} bytes of gzip",
                    fix="if you trust the file, unpack it first (gunzip)",
                )
            )
        buffer[: len(content)] = content
        return len(content)


def _read_header(
    stream: IO[bytes], path: str | os.PathLike[str], magic: int | None
) -> tuple[np.dtype[Any], tuple[int, ...]]:
    first = stream.read(4)
    is_idx = len(first) == 4 and first[:2] == b"\0\0" and first[2] in _ELEMENT and first[3] > 0
    if not is_idx or magic not in (None, int.from_bytes(first, "big")):
        wanted = "00 00, a type (08, 09, 0b, 0c, 0d or 0e), the number of dimensions"
        if magic is not None:
            wanted = f"{magic.to_bytes(4, 'big').hex(' ')} ({magic})"
        raise DataError(
            message(
                f"{os.fspath(path)}: not the IDX file it should be; expected the magic {wanted}",
                got=f"first bytes {first.hex(' ') or '(the file is empty)'}",
                fix=_FIX,
            )
        )
    ndim = first[3]
    if ndim > _MAX_DIMENSIONS:
        what = f"{os.fspath(path)}: not the IDX file it should be; expected at most {_MAX_DIMENSIONS} dimensions"
        raise DataError(message(what, got=f"{ndim} dimensions", fix=_FIX))
    sizes = stream.read(4 * ndim)
    if len(sizes) < 4 * ndim:
        raise DataError(
            message(
                f"{os.fspath(path)}: the IDX header is truncated; expected {4 * ndim} bytes of "
                f"sizes after the magic ({ndim} dimensions)",
                got=f"{len(sizes)} bytes",
                fix=_FIX,
            )
        )
    return np.dtype(_ELEMENT[first[2]]), struct.unpack(f">{ndim}I", sizes)


def _read_elements(
    stream: IO[bytes],
    path: str | os.PathLike[str],
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
) -> NDArray[Any]:
    expected = math.prod(shape) * dtype.itemsize  # Python integers: no overflow to be fooled by
    nominal = math.prod([size or 1 for size in shape]) * dtype.itemsize  # so NumPy counts where a size is 0
    if expected > allowed_bytes(os.path.getsize(path)) or nominal >= 2**63:
        raise _wrong_length(path, dtype, shape, expected, f"a file of {os.path.getsize(path):,}")
    buffer = np.empty(expected, np.uint8)
    view, filled = buffer.data, 0
    while filled < expected:
        count = stream.readinto(view[filled:])  # type: ignore[attr-defined]
        if not count:
            raise _wrong_length(path, dtype, shape, expected, f"{filled:,}")
        filled += count
    if stream.read(1):  # also reaches the end of a gzip stream, where its checksum is compared
        raise _wrong_length(path, dtype, shape, expected, "more")
    return buffer.view(dtype)


def _wrong_length(
    path: str | os.PathLike[str],
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
    expected: int,
    found: str,
) -> DataError:
    return DataError(
        message(
            f"{os.fspath(path)}: the IDX header states {' x '.join(map(str, shape))} {dtype.name}, "
            f"so expected {expected:,} bytes of elements",
            got=f"{found} bytes",
            fix=_FIX,
        )
    )
