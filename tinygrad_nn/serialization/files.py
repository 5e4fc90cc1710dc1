"""Files on disk: written whole or not at all, given by path or as streams, named in errors."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, TypeAlias, cast

from tinygrad_nn.errors import DataError, message

__all__ = ["FileLike", "bad_file", "reading", "replacing", "writing"]

FileLike: TypeAlias = "str | os.PathLike[str] | IO[bytes]"


def bad_file(source: str, expected: str, found: object, fix: str | None = None) -> DataError:
    """The error for a file that is not what it should be: which, what was expected, what is there.

    >>> print(bad_file("weights.npz", "a zip archive", "an empty file", "copy it again"))
    load: weights.npz: expected a zip archive
      got: an empty file
      fix: copy it again
    """
    return DataError(message(f"load: {source}: expected {expected}", got=found, fix=fix))


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A stream whose bytes become the file `path` when the block ends, all at once.

    The bytes go to a temporary name in the same folder, reach the disk (fsync), and only then take
    the place of `path`. If the block raises, `path` is as it was and the temporary file is gone.
    A symbolic link is followed; the permissions of a file that was there are kept.

    Raises FileNotFoundError if the folder does not exist, IsADirectoryError if `path` is a folder.

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
    temporary = target.with_name(f".tinygrad_nn-{os.urandom(8).hex()}.tmp")
    try:
        with open(temporary, "xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            os.chmod(temporary, target.stat().st_mode)
        os.replace(temporary, target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


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
