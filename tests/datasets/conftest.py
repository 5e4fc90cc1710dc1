"""A clean home for each test, small IDX sets with known content, and servers on this machine."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from tinygrad_nn.datasets import sources
from tinygrad_nn.datasets.sources import FILES, MNIST_DIGITS, Source

REAL_DATA = os.environ.get("TINYGRAD_NN_DATA")

Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No data of this machine's user is seen, no failure is remembered, no proxy is asked."""
    monkeypatch.delenv("TINYGRAD_NN_DATA", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(sources, "_offline", {})
    return tmp_path


@pytest.fixture
def real_data() -> Path:
    if REAL_DATA is None:
        pytest.skip("needs the real files: set TINYGRAD_NN_DATA to their folder")
    return Path(REAL_DATA)


def idx(array: np.ndarray) -> bytes:
    """The IDX file of an array of uint8, written from the format's definition."""
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(np.uint8).tobytes()


class SmallSet:
    """Four IDX files: 30 images to train, 20 to test."""

    def __init__(self) -> None:
        rng = np.random.default_rng(7)
        self.images = {
            True: rng.integers(0, 256, (30, 28, 28)),
            False: rng.integers(0, 256, (20, 28, 28)),
        }
        self.labels = {True: np.arange(30) % 10, False: np.arange(20) % 10}
        arrays = (self.images[True], self.labels[True], self.images[False], self.labels[False])
        self.files = {name: idx(array) for name, array in zip(FILES, arrays, strict=True)}
        self.packed = {f"{name}.gz": gzip.compress(data) for name, data in self.files.items()}

    def write(self, folder: Path, *, packed: bool = True) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in (self.packed if packed else self.files).items():
            (folder / name).write_bytes(data)
        return folder

    def source(self, *mirrors: str) -> Source:
        sums = tuple(hashlib.sha256(data).hexdigest() for data in self.files.values())
        return replace(MNIST_DIGITS, mirrors=mirrors, sums=sums)


@pytest.fixture(scope="session")
def small() -> SmallSet:
    return SmallSet()


class Server:
    """An HTTP server on a free port; `answer` decides what it does with a request."""

    def __init__(self, answer: Answer) -> None:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests.append(self.path.rsplit("/", 1)[-1])
                with contextlib.suppress(OSError):
                    answer(self)

            def log_message(self, *args: object) -> None:
                pass

        self.requests: list[str] = []
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}/set/"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], Server]]:
    servers: list[Server] = []

    def start(answer: Answer) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


class Answers:
    """What a mirror can do, well or ill. Whatever waits is let go when the test ends."""

    def __init__(self) -> None:
        self.released = threading.Event()

    def files(self, files: dict[str, bytes]) -> Answer:
        def answer(request: BaseHTTPRequestHandler) -> None:
            data = files.get(request.path.rsplit("/", 1)[-1])
            if data is None:
                request.send_error(404)
                return
            self._head(request, len(data))
            request.wfile.write(data)

        return answer

    def status(self, code: int) -> Answer:
        return lambda request: request.send_error(code)

    def silence(self) -> Answer:
        return lambda request: void(self.released.wait(20))

    def half(self, files: dict[str, bytes], *, then: str) -> Answer:
        """Half of the file; then 'stall', 'close', or 'close' without having stated a length."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            data = files[request.path.rsplit("/", 1)[-1]]
            self._head(request, None if then == "close unstated" else len(data))
            request.wfile.write(data[: len(data) // 2])
            request.wfile.flush()
            if then == "stall":
                self.released.wait(20)

        return answer

    def slow(self, files: dict[str, bytes]) -> Answer:
        """Half of the file, a pause, the other half."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            data = files[request.path.rsplit("/", 1)[-1]]
            self._head(request, len(data))
            for part in (data[: len(data) // 2], data[len(data) // 2 :]):
                request.wfile.write(part)
                request.wfile.flush()
                self.released.wait(0.15)

        return answer

    def trickle(self) -> Answer:
        """A byte now and then: a limit on the single wait never strikes."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            self._head(request, 10_000)
            while not self.released.wait(0.05):
                request.wfile.write(b"x")
                request.wfile.flush()

        return answer

    def _head(self, request: BaseHTTPRequestHandler, length: int | None) -> None:
        request.send_response(200)
        if length is not None:
            request.send_header("Content-Length", str(length))
        request.end_headers()


def void(_: object) -> None:
    return None


@pytest.fixture
def answers() -> Iterator[Answers]:
    made = Answers()
    yield made
    made.released.set()
