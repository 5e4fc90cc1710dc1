"""Where data may lie on this machine: `root=`, then `$TINYGRAD_NN_DATA`, then the user's cache."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["ENVIRONMENT", "cache_folder", "download_folder", "folders"]

ENVIRONMENT = "TINYGRAD_NN_DATA"


def cache_folder() -> Path:
    """The folder for files that can be fetched again, by the custom of the operating system.

    ``$XDG_CACHE_HOME/tinygrad_nn`` or ``~/.cache/tinygrad_nn``; on macOS
    ``~/Library/Caches/tinygrad_nn``; on Windows ``%LOCALAPPDATA%\\tinygrad_nn\\Cache``.
    It is not created here.

    Source: XDG Base Directory Specification 0.8 (a relative path in it is to be ignored).

    >>> cache_folder().is_absolute()
    True
    """
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "tinygrad_nn"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "tinygrad_nn/Cache"
    stated = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(stated) if os.path.isabs(stated) else Path.home() / ".cache") / "tinygrad_nn"


def folders(
    names: tuple[str, ...], root: str | os.PathLike[str] | None, extra: tuple[str, ...] = (), *, only_root: bool = False
) -> Iterator[Path]:
    """The folders in which the files of a data set are looked for, best first.

    In `root` and in ``$TINYGRAD_NN_DATA``, the sub-folders `names` come before the folder itself;
    then the user's cache, then the places in `extra` (a distribution's own packages). `only_root`: in
    `root` alone, for who named a folder and wants no other.

    >>> [folder.as_posix() for folder in folders(("mnist", "MNIST/raw"), "data")][:3]
    ['data/mnist', 'data/MNIST/raw', 'data']
    """
    for parent in (root, None if only_root else os.environ.get(ENVIRONMENT) or None):
        if parent is not None:
            home = Path(parent).expanduser()
            yield from (home / name for name in names)
            yield home
    if not only_root:
        yield cache_folder() / names[0]
        yield from map(Path, extra)


def download_folder(name: str, root: str | os.PathLike[str] | None) -> Path:
    """Where a download goes: under `root` if one was given, else under the user's cache.

    >>> download_folder("mnist", "data").as_posix()
    'data/mnist'
    """
    return (cache_folder() if root is None else Path(root).expanduser()) / name
