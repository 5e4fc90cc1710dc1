"""Files on disk: written whole or not at all, given by path or as streams, named in errors."""

from __future__ import annotations

import errno
import io
import os
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, TypeAlias, cast

from tinygrad_nn.errors import DataError, message

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be removed anyway
    fcntl = None  # type: ignore[assignment]

__all__ = [
    "FileLike",
    "allowed_bytes",
    "bad_file",
    "check_writable",
    "reading",
    "remove_leftovers",
    "replacing",
    "writing",
]

FileLike: TypeAlias = "str | os.PathLike[str] | IO[bytes]"


def bad_file(source: str, expected: str, found: object, fix: str | None = None) -> DataError:
    """The error for a file that is not what it should be: which, what was expected, what is there.

    >>> print(bad_file("weights.npz", "a zip archive", "an empty file", "copy it again"))
    load: weights.npz: expected a zip archive
      got: an empty file
      fix: copy it again
    """
    return DataError(message(f"load: {source}: expected {expected}", got=found, fix=fix))


ROOM = 64 * 2**20
RATIO = 20


def allowed_bytes(size: int, limit: int | None = None) -> int:
    """How many bytes a compressed file of `size` bytes may unpack to: 20 times its size, or 64 MiB if that is more.

    limit: as many instead, for a file that is trusted

    >>> allowed_bytes(1000), allowed_bytes(10**8), allowed_bytes(1000, limit=10)
    (67108864, 2000000000, 10)
    """
    return max(ROOM, RATIO * size) if limit is None else limit


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A stream whose bytes become the file `path` when the block ends, all at once.

    The bytes go to a temporary name in the same folder, reach the disk (fsync), and only then take
    the place of `path`. If the block raises, `path` is as it was and the temporary file is gone.
    A symbolic link is followed; the permissions of a file that was there are kept.

    Raises FileNotFoundError if the folder does not exist, IsADirectoryError if `path` is a folder,
    OSError with the path, the space left and what to do if the disk is full.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "notes.bin"
    >>> with replacing(path) as stream:
    ...     _ = stream.write(b"whole")
    >>> path.read_bytes()
    b'whole'
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(message("save: this is a folder", got=str(path), fix="add a file name to it"))
    if not target.parent.is_dir():
        raise FileNotFoundError(
            message(
                "save: the folder does not exist",
                got=str(path),
                fix=f"os.makedirs({str(target.parent)!r}) first",
            )
        )
    if target.exists() and not target.is_file():  # a pipe or a device: nothing to replace
        with open(target, "wb") as stream:
            yield stream
        return
    fresh, temporary = _temporary(target)
    try:
        with fresh:
            yield fresh
            fresh.flush()
            os.fsync(fresh.fileno())
            if target.exists():
                os.chmod(temporary, target.stat().st_mode)
            os.replace(temporary, target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in FULL:
            raise _full(target, error) from error
        raise
    _sync_folder(target.parent)


FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
"""What the system says where there is no room for a file."""


def _full(target: Path, error: OSError) -> OSError:
    free = shutil.disk_usage(target.parent).free
    told = message(
        f"save: there is no room for {target}, which is as it was before",
        got=f"{error.strerror}; {free / 1e6:,.1f} MB free in the folder",
        fix="free some space, raise the quota, or save to another disk",
    )
    return OSError(error.errno, told)


# -- temporary files -------------------------------------------------------------------------------


def _pattern(target: Path) -> str:
    """The names of temporary files that will become `target`, with a star in place of what is random."""
    return f".tinygrad_nn-{zlib.crc32(os.fsencode(target.name)):08x}-*.tmp"


def _temporary(target: Path) -> tuple[BinaryIO, Path]:
    """A new file beside `target`, open and locked for as long as it is open: a leftover is one without lock."""
    while True:
        path = target.with_name(_pattern(target).replace("*", os.urandom(8).hex()))
        stream = open(path, "xb")  # noqa: SIM115 - closed by the caller
        try:
            _lock(stream)
            if os.fstat(stream.fileno()).st_nlink:  # else taken for a leftover before the lock was there
                return stream, path
        except OSError:  # a file system without locks
            return stream, path
        stream.close()


def _lock(stream: IO[bytes]) -> None:
    if fcntl is not None:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Remove temporary files that would have become `path`, had their processes not been killed; only those."""
    target = Path(os.path.realpath(path))
    for part in target.parent.glob(_pattern(target)):
        try:
            with open(part, "rb") as stream:
                _lock(stream)  # BlockingIOError where somebody is writing it
                part.unlink()
        except OSError:
            continue


def check_writable(path: str | os.PathLike[str]) -> None:
    """OSError, naming the folder, if no file can be made beside `path`: by making one."""
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        return
    try:
        stream, temporary = _temporary(target)
    except OSError as error:
        told = message(
            f"save: no file can be written into the folder of {path}",
            got=f"{error.strerror}: {target.parent}",
            fix="choose another folder, or change its permissions",
        )
        raise type(error)(error.errno, told) from error
    with stream:
        temporary.unlink()


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut, where the system can open folders."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def writing(file: FileLike) -> Iterator[BinaryIO]:
    """A stream to write to: `file` itself if it has `write`, else `replacing(file)`."""
    if isinstance(file, (str, os.PathLike)):
        with replacing(file) as stream:
            yield stream
    elif hasattr(file, "write"):
        if isinstance(file, io.TextIOBase):
            raise TypeError(
                message("save: the file takes text", got=repr(file)[:60], fix='open it with mode "wb", or io.BytesIO()')
            )
        yield cast(BinaryIO, file)
    else:
        raise _not_a_file("save", file, "write")


@contextmanager
def reading(file: FileLike) -> Iterator[tuple[BinaryIO, str]]:
    """A stream that can seek, and the name to use for it in errors.

    An open file is read from where it stands to its end.
    """
    if isinstance(file, (str, os.PathLike)):
        with open(file, "rb") as opened:
            yield opened, os.fspath(file)
    elif hasattr(file, "read"):
        content: Any = file.read()
        if not isinstance(content, bytes):
            raise TypeError(message("load: the file gives text", got=repr(file), fix='open it with mode "rb"'))
        yield io.BytesIO(content), str(getattr(file, "name", "the given stream"))
    else:
        raise _not_a_file("load", file, "read")


def _not_a_file(operation: str, got: object, method: str) -> TypeError:
    return TypeError(
        message(
            f"{operation}: not a file",
            got=f"{type(got).__name__} {got!r:.60}",
            fix=f"give a path or an open binary file (an object with `{method}`)",
        )
    )
