"""Fetch files from public mirrors: bounded waiting, a progress bar, checked before they are kept.

Every file goes to a folder of temporary name beside its target, is compared with the SHA-256 it
must have, and only when *all* files of the set have passed are they moved into place: a cache is
whole or empty, whatever is interrupted, and two processes that fetch at once cannot disturb one
another (a move replaces a file in one step).

A network that is not there must not cost a newcomer minutes. The socket's own time limit does not
bound the look-up of a name, several addresses, or a server that sends a byte now and then;
so a thread receives, and the caller waits for it no longer than a patience that runs down while
nothing comes and is refilled by what does.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import queue
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn, TypeAlias

from tinygrad_nn.datasets.idx import open_plain_or_gzip
from tinygrad_nn.errors import DataError, message

__all__ = ["PATIENCE", "NoNetworkError", "Remote", "fetch_together"]

PATIENCE = 4.5  # seconds of waiting for nothing, over all mirrors of a file; 5 with all around it
SLOWEST = 32 * 1024  # bytes per second: at this rate or above, waiting costs no patience
LARGEST = 256 * 1024 * 1024  # bytes: no file fetched here is near this; an endless answer ends
_CHUNK = 64 * 1024
_TEMPORARY = ".incoming-"
_Item: TypeAlias = bytes | int | Exception | None  # what the receiving thread hands over
_STALE = 24 * 3600  # seconds after which a temporary folder belongs to a process that was killed


class NoNetworkError(ConnectionError):
    """No mirror delivered the file: refused, no answer, broken off, or an HTTP error."""


class Remote(NamedTuple):
    """A file to fetch: the name it gets, where it lies, and the SHA-256 it must have."""

    name: str
    urls: tuple[str, ...]
    sha256: str
    unpacked: bool = True  # the sum is of the content after gunzip, else of the file as it comes


def fetch_together(
    files: Sequence[Remote],
    folder: str | os.PathLike[str],
    *,
    patience: float = PATIENCE,
    progress: bool = True,
) -> None:
    """Fetch those of `files` that `folder` lacks; all of them take their place, or none does.

    Args:
        files: what to fetch, each with its mirrors in order of preference.
        folder: where they go; made if it is not there.
        patience: seconds to wait, over all mirrors of a file, while nothing (or next to nothing,
            under 32 KiB/s) arrives.
        progress: show a bar per file on stderr.

    Raises:
        NoNetworkError: no mirror delivered a file; the message says what each one did.
        DataError: a mirror delivered, but not the file that is expected.
        OSError: the folder cannot be written.
    """
    place = Path(folder)
    missing = [file for file in files if not (place / file.name).exists()]
    with _temporary_folder(place) as temporary:
        unhelpful: set[str] = set()
        for file in missing:
            _fetch_one(file, temporary / file.name, unhelpful, patience, progress)
        for file in missing:
            _move_into_place(temporary / file.name, place / file.name)


@contextlib.contextmanager
def _temporary_folder(place: Path) -> Iterator[Path]:
    """A fresh folder inside `place`, gone afterwards; those that killed processes left go too."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=place))
    except OSError as refusal:
        raise type(refusal)(
            message(
                f"{place}: this folder for downloads cannot be written",
                got=f"{type(refusal).__name__}: {refusal.strerror}",
                fix="pass root= with a folder that can be written",
            )
        ) from refusal
    try:
        for old in place.glob(_TEMPORARY + "*"):
            with contextlib.suppress(OSError):
                if time.time() - old.stat().st_mtime > _STALE:
                    shutil.rmtree(old, ignore_errors=True)
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _move_into_place(temporary: Path, target: Path) -> None:
    try:
        os.replace(temporary, target)
    except PermissionError:  # Windows, while another process reads the same file, fetched just now
        if not target.exists():
            raise


class _Patience:
    """Seconds that run down while nothing arrives, and are refilled by what does."""

    def __init__(self, seconds: float) -> None:
        self.full = self.left = seconds

    def next(self, arriving: queue.SimpleQueue[_Item]) -> _Item:
        """The next item; raises queue.Empty when patience ends first."""
        began = time.monotonic()
        try:
            item = arriving.get(timeout=max(self.left, 0.0))
        finally:
            self.left = max(self.left - (time.monotonic() - began), 0.0)
        if isinstance(item, bytes):
            self.left = min(self.left + len(item) / SLOWEST, self.full)
        return item


def _fetch_one(file: Remote, target: Path, unhelpful: set[str], patience: float, progress: bool) -> None:
    """Try the mirrors in turn, those that failed before last; each gets its share of `patience`."""
    urls = sorted(file.urls, key=lambda url: _host(url) in unhelpful)  # stable: order is kept
    reasons: list[str] = []
    wrong: DataError | None = None
    for index, url in enumerate(urls):
        share = _Patience(patience / (len(urls) - index))
        try:
            _receive(url, target, share, progress)
            _verify(target, file, url)
        except NoNetworkError as failure:
            reasons.append(f"{_host(url)}: {failure}")
        except DataError as failure:
            wrong = failure
        else:
            return
        patience -= share.full - share.left
        unhelpful.add(_host(url))
    if wrong is not None:
        raise wrong
    raise NoNetworkError("; ".join(reasons))


def _host(url: str) -> str:
    return url.split("/")[2]


def _receive(url: str, target: Path, patience: _Patience, progress: bool) -> None:
    """Write what `url` sends to `target`, with a bar from the moment that something comes."""
    from tqdm import tqdm

    received, stated = 0, None
    bar: tqdm[NoReturn] = tqdm(
        desc=target.name,
        unit="B",
        unit_scale=True,
        unit_divisor=1024,
        disable=not progress,
        delay=1e-3,  # no empty bar where nothing ever comes
    )
    with bar, open(target, "wb") as out:
        for item in _arrivals(url, patience):
            if isinstance(item, int):
                stated = bar.total = item
                continue
            received += out.write(item)
            bar.update(len(item))
            if received > LARGEST:
                raise NoNetworkError(f"sent more than {LARGEST:,} bytes")
    if stated is not None and received != stated:
        raise NoNetworkError(f"closed after {received:,} of {stated:,} bytes")


def _arrivals(url: str, patience: _Patience) -> Iterator[bytes | int]:
    """The stated length, if there is one, then the chunks; NoNetworkError when they cease to come."""
    arriving: queue.SimpleQueue[_Item] = queue.SimpleQueue()
    abandoned = threading.Event()
    pump = threading.Thread(target=_pump, args=(url, patience.left, arriving, abandoned), daemon=True, name="download")
    pump.start()
    received = 0
    try:
        while (item := patience.next(arriving)) is not None:
            if isinstance(item, Exception):
                raise NoNetworkError(_reason(item)) from item
            received += len(item) if isinstance(item, bytes) else 0
            yield item
    except queue.Empty:
        quiet = f"stalled after {received:,} bytes" if received else "no answer"
        raise NoNetworkError(f"{quiet} (waited {patience.full:.1f} s)") from None
    finally:
        abandoned.set()


def _pump(url: str, timeout: float, arriving: queue.SimpleQueue[_Item], abandoned: threading.Event) -> None:
    """The receiving thread: the stated length, chunks as they come, then None or the failure."""
    import http.client
    import urllib.request

    # The waiting is bounded by the caller; the socket's limit only ends a thread left behind.
    request = urllib.request.Request(url, headers={"User-Agent": "tinygrad_nn"})
    try:
        with urllib.request.urlopen(request, timeout=timeout + 1.0) as response:
            stated = response.headers.get("Content-Length", "")
            if stated.isdecimal():
                arriving.put(int(stated))
            while not abandoned.is_set() and (chunk := response.read1(_CHUNK)):
                arriving.put(chunk)
        arriving.put(None)
    except (OSError, http.client.HTTPException, ValueError) as failure:
        arriving.put(failure)


def _reason(failure: Exception) -> str:
    status = getattr(failure, "code", None)
    if isinstance(status, int):
        return f"HTTP {status}"
    cause = getattr(failure, "reason", failure)
    return str(getattr(cause, "strerror", None) or cause) or type(cause).__name__


def _verify(path: Path, file: Remote, url: str) -> None:
    digest = hashlib.sha256()
    try:
        with open_plain_or_gzip(path) if file.unpacked else open(path, "rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
        found = digest.hexdigest()
    except DataError as damage:
        found = f"a damaged gzip stream ({damage.__cause__ or damage})"
    if found != file.sha256:
        content = " of the unpacked content" if file.unpacked else ""
        beginning = path.read_bytes()[:16]
        raise DataError(
            message(
                f"{url}: not the file that is expected; expected SHA-256 {file.sha256}{content}",
                got=f"{found}; {path.stat().st_size:,} bytes that begin with {beginning!r}",
                fix="nothing was kept; try again, or put the file where root= can find it",
            )
        )
