"""read_idx: every element type, plain and gzipped; damaged and foreign files are named."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from tinygrad_nn.datasets import read_idx
from tinygrad_nn.errors import DataError

DIGITS = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "some-idx2-ubyte"


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_reads_plain_and_gzip_by_content(file: Path, pack) -> None:
    file.write_bytes(pack(DIGITS))
    array = read_idx(file)
    assert array.dtype == np.uint8
    assert array.tolist() == [[1, 2, 3], [4, 5, 6]]
    array[0, 0] = 9  # the caller's own


@pytest.mark.parametrize(
    ("code", "letter", "dtype"),
    [
        (0x08, "B", "uint8"),
        (0x09, "b", "int8"),
        (0x0B, "h", "int16"),
        (0x0C, "i", "int32"),
        (0x0D, "f", "float32"),
        (0x0E, "d", "float64"),
    ],
)
def test_element_types_are_big_endian(file: Path, code: int, letter: str, dtype: str) -> None:
    values = [1, 2, 100]
    file.write_bytes(bytes([0, 0, code, 1, 0, 0, 0, 3]) + struct.pack(f">3{letter}", *values))
    array = read_idx(file)
    assert array.dtype == np.dtype(dtype)
    assert array.dtype.isnative
    assert array.tolist() == values


def test_empty_dimension(file: Path) -> None:
    file.write_bytes(bytes([0, 0, 8, 2, 0, 0, 0, 0, 0, 0, 0, 3]))
    assert read_idx(file).shape == (0, 3)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", r"expected the magic 00 00, a type .*\n  got: first bytes \(the file is empty\)"),
        (b"\0\0", r"got: first bytes 00 00\n"),
        (b"PK\x03\x04", r"not the IDX file it should be; .*\n  got: first bytes 50 4b 03 04"),
        (b"\0\0\x07\x01", r"got: first bytes 00 00 07 01"),
        (b"\0\0\x08\x00", r"got: first bytes 00 00 08 00"),
        (DIGITS[:9], r"header is truncated; expected 8 bytes of sizes .*\n  got: 5 bytes"),
        (DIGITS[:-1], r"states 2 x 3 uint8, so expected 6 bytes of elements\n  got: 5 bytes"),
        (DIGITS + b"x", r"expected 6 bytes of elements\n  got: more bytes"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_damage_is_named(file: Path, content: bytes, text: str, pack) -> None:
    file.write_bytes(pack(content))
    with pytest.raises(DataError, match=r"some-idx2-ubyte: [\s\S]*" + text):
        read_idx(file)


def test_damage_names_the_fix(file: Path) -> None:
    file.write_bytes(b"<htm")
    with pytest.raises(DataError, match="fix: delete the file and fetch it again"):
        read_idx(file)


def test_another_magic_than_asked_for(file: Path) -> None:
    file.write_bytes(DIGITS)
    with pytest.raises(
        DataError,
        match=r"expected the magic 00 00 08 03 \(2051\)\n  got: first bytes 00 00 08 02",
    ):
        read_idx(file, magic=2051)


def test_truncated_gzip(file: Path) -> None:
    file.write_bytes(gzip.compress(np.random.default_rng(0).bytes(1000))[:-300])
    with pytest.raises(DataError, match=r"not the IDX file|truncated or corrupt"):
        read_idx(file)
    whole = gzip.compress(DIGITS + bytes(0))
    file.write_bytes(whole[:-6])
    with pytest.raises(DataError, match=r"gzip stream is truncated or corrupt\n  got: \d+ bytes;"):
        read_idx(file)


def test_one_flipped_bit_in_gzip(file: Path) -> None:
    whole = bytearray(gzip.compress(DIGITS, compresslevel=0))
    whole[-12] ^= 1  # an element: only the checksum at the end tells
    file.write_bytes(whole)
    with pytest.raises(DataError, match="CRC check failed"):
        read_idx(file)


def test_a_header_that_states_terabytes_allocates_nothing(file: Path) -> None:
    header = bytes([0, 0, 14, 3]) + b"\xff" * 12
    for content in (header, gzip.compress(header)):
        file.write_bytes(content)
        with pytest.raises(DataError, match=r"so expected 633,825,\d+,.* bytes"):
            read_idx(file)


def test_missing_file_is_the_builtin_error(file: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_idx(file)
