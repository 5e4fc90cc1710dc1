"""Worker processes for slow data sets.

Each worker has one pipe to the parent. Requests go out, and batches come back; they are handed on in
the order asked for. A worker that raises sends its traceback. One that dies closes its pipe, even in
the middle of a batch: both end the epoch in the parent with an error, never a hang. A worker whose
parent has died ends, too.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import random
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from typing import Any

import numpy as np

from tinygrad_nn.errors import message
from tinygrad_nn.flags import switches
from tinygrad_nn.generator import default_generator

__all__ = ["WorkerInfo", "Workers", "get_worker_info"]

PATIENCE = 2.0  # seconds that a worker has to end by itself

_ends: set[Connection] = set()
"""The parent's ends of all pipes. A forked worker closes its copies, which would outlive the parent."""


@dataclass(frozen=True)
class WorkerInfo:
    """What a data set can ask inside a worker: which one it is, of how many, and its seed."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """The worker this code runs in; None in the parent.

    >>> get_worker_info() is None
    True
    """
    return _info


@dataclass(frozen=True)
class Failure:
    """An exception of a worker, as text, with its class where that can travel."""

    kind: type[BaseException]
    text: str

    def as_error(self, worker: int) -> BaseException:
        """The exception to raise in the parent."""
        text = f"Caught {self.kind.__name__} in DataLoader worker process {worker}.\nOriginal {self.text}"
        if self.kind is KeyError:  # whose message is shown as a repr, in one line
            return KeyError(_Lines(text))
        try:
            return self.kind(text)
        except Exception:  # a class that does not take one string
            return RuntimeError(text)


class _Lines(str):
    """A text that keeps its line breaks where its repr is shown."""

    def __repr__(self) -> str:
        return str(self)


class End:
    """A stream's end."""


# -- the parent ----------------------------------------------------------------------------------


class Workers(Iterator[Any]):
    """fetch(dataset, job) for each job, in order, computed by `workers` processes.

    For a `stream` there are no jobs: each worker iterates its own copy of the data set, and their
    batches are taken in turn until all are exhausted.

    workers:  how many; worker k draws from seed + k
    prefetch: how many jobs each worker has in hand
    timeout:  seconds to wait for a batch, 0 for ever
    init:     called in each worker with its number
    context:  of multiprocessing, or the name of a start method

    Raises RuntimeError if a worker dies or nothing came in time; what a worker raised, with its
    traceback in the message.
    """

    @switches
    def __init__(
        self, dataset: Any, fetch: Callable[[Any, Any], Any], jobs: Iterator[Any], *, workers: int, seed: int,
        prefetch: int, timeout: float, init: Callable[[int], None] | None, context: Any, stream: bool,
    ) -> None:  # fmt: skip
        self.jobs, self.timeout, self.stream = jobs, timeout, stream
        self.pid = os.getpid()
        self.pipes: list[Connection] = []
        self.processes: list[Any] = []
        self.live = set(range(workers))
        self.turn = cycle(range(workers))
        self.owner: dict[int, int] = {}  # of each job that was sent: its worker
        self.arrived: dict[int, Any] = {}
        self.sent = self.wanted = 0
        make: Any = multiprocessing.get_context(context) if isinstance(context, str) or context is None else context
        try:
            for k in range(workers):
                ours, theirs = make.Pipe()
                self.pipes.append(ours)
                _ends.add(ours)
                info = WorkerInfo(k, workers, seed + k, None)
                process = make.Process(target=_work, args=(dataset, fetch, info, init, theirs, stream), daemon=True)
                process.start()
                theirs.close()  # only the worker holds its end, which closes when it dies
                self.processes.append(process)
            for _ in range(prefetch * workers):
                self._send()
        except BaseException:
            self.close()
            raise

    def __next__(self) -> Any:
        try:
            while self.processes and self.wanted < self.sent:
                result = self._take()
                if isinstance(result, Failure):
                    raise result.as_error(self.owner[self.wanted])
                worker = self.owner.pop(self.wanted)
                self.wanted += 1
                if isinstance(result, End):
                    self.live.discard(worker)
                self._send()
                if not isinstance(result, End):
                    return result
        except BaseException:
            self.close()
            raise
        self.close()
        raise StopIteration

    def _send(self) -> None:
        """The next job to the worker whose turn it is."""
        if not self.live or not self.processes:
            return
        try:
            job = None if self.stream else next(self.jobs)
        except StopIteration:
            return
        worker = next(k for k in self.turn if k in self.live)
        self.owner[self.sent] = worker
        try:
            self.pipes[worker].send((self.sent, job))
        except (BrokenPipeError, ConnectionResetError):
            raise self._death(worker) from None
        self.sent += 1

    def _take(self) -> Any:
        """The result of the job `wanted`; others that come before it are put aside."""
        while self.wanted not in self.arrived:
            ready: list[Any] = wait(self.pipes, self.timeout or None)
            if not ready:
                fix = "raise timeout=, or look at the data set"
                raise RuntimeError(message(f"DataLoader timed out after {self.timeout} seconds", fix=fix))
            for pipe in ready:
                try:
                    number, result = pipe.recv()
                except (EOFError, OSError):  # closed, perhaps in the middle of a batch
                    raise self._death(self.pipes.index(pipe)) from None
                self.arrived[number] = result
        return self.arrived.pop(self.wanted)

    def _death(self, worker: int) -> RuntimeError:
        process = self.processes[worker]
        process.join(PATIENCE)
        code = process.exitcode
        return RuntimeError(
            message(
                f"DataLoader worker {worker} (pid {process.pid}) exited unexpectedly",
                got=f"exit code {code}" + (f" (killed by signal {-code})" if code is not None and code < 0 else ""),
                fix="run with num_workers=0 to see its error here",
            )
        )

    def close(self) -> None:
        """End the workers."""
        if os.getpid() != self.pid:  # a copy in a forked process
            return
        for pipe in self.pipes:
            pipe.close()  # which a worker sees at its next look
            _ends.discard(pipe)
        for process in self.processes:
            process.join(PATIENCE)
            if process.is_alive():
                process.kill()
                process.join()
        self.pipes, self.processes, self.live = [], [], set()

    def __del__(self) -> None:
        if self.__dict__.get("processes"):
            self.close()


# -- a worker ------------------------------------------------------------------------------------


def _work(
    dataset: Any, fetch: Callable[[Any, Any], Any], info: WorkerInfo, init: Callable[[int], None] | None,
    pipe: Connection, stream: bool,
) -> None:  # fmt: skip
    """A worker's life: seed, initialise, then load what is asked until the parent closes the pipe."""
    global _info
    for end in _ends:
        end.close()
    _info = WorkerInfo(info.id, info.num_workers, info.seed, dataset)
    with contextlib.suppress(ValueError, OSError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    failure = _prepared(info.seed, init)
    outgoing: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_deliver, args=(outgoing, pipe), daemon=True).start()
    while True:
        try:
            number, job = pipe.recv()
        except (EOFError, OSError):
            return
        result = failure
        if result is None:
            result = _result(fetch, dataset, job, stream)
        try:
            outgoing.put(bytes(ForkingPickler.dumps((number, result))))
        except Exception as error:  # a batch that cannot travel
            outgoing.put(bytes(ForkingPickler.dumps((number, _failed(error)))))


def _prepared(seed: int, init: Callable[[int], None] | None) -> Failure | None:
    """Seed every common source of random numbers, so that no two workers draw the same; run `init`."""
    default_generator.manual_seed(seed)
    random.seed(seed)
    np.random.seed([seed % 2**32, seed >> 32])
    try:
        if init is not None and _info is not None:
            init(_info.id)
    except Exception as error:
        return _failed(error)
    return None


def _result(fetch: Callable[[Any, Any], Any], dataset: Any, job: Any, stream: bool) -> Any:
    try:
        return fetch(dataset, job)
    except StopIteration as error:
        return End() if stream else _failed(error)
    except Exception as error:
        return _failed(error)


def _failed(error: BaseException) -> Failure:
    builtin = type(error).__module__ == "builtins" and not isinstance(error, StopIteration)
    return Failure(type(error) if builtin else RuntimeError, "".join(traceback.format_exception(error)))


def _deliver(outgoing: queue.SimpleQueue[bytes], pipe: Connection) -> None:
    """Send what is ready, beside the loading of the next batch."""
    while True:
        try:
            pipe.send_bytes(outgoing.get())
        except (OSError, ValueError):
            return
