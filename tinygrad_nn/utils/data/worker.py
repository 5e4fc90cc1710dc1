"""Worker processes for slow data sets.

The parent hands out batches of indices; each worker loads and collates what it is given and sends
it back. Batches arrive in the order asked for. A worker that raises sends its traceback, and one
that dies is noticed: both end the epoch in the parent with an error, never a hang.
"""

from __future__ import annotations

import multiprocessing
import queue
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tinygrad_nn.errors import message
from tinygrad_nn.generator import default_generator

__all__ = ["WorkerInfo", "get_worker_info", "load_in_workers"]

POLL = 0.5  # seconds between looks at whether a silent worker still lives


@dataclass(frozen=True)
class WorkerInfo:
    """What a data set can ask inside a worker: which one it is, of how many, and its seed."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """The worker this code runs in; None in the parent."""
    return _info


@dataclass
class _Failure:
    """An exception of a worker, as text, with its class where that can travel."""

    kind: type[BaseException]
    text: str


def load_in_workers(
    dataset: Any, fetch: Callable[[Any, Any], Any], jobs: Iterator[Any], *, workers: int, seed: int, prefetch: int,
    timeout: float, init: Callable[[int], None] | None, context: Any, stream: bool,
) -> Iterator[Any]:  # fmt: skip
    """fetch(dataset, job) for each job, in order, computed by `workers` processes.

    For a `stream` there are no jobs: each worker iterates its own copy of the data set, and their
    batches are taken in turn until all are exhausted.
    """
    make = multiprocessing.get_context(context) if isinstance(context, str) or context is None else context
    inboxes = [make.Queue() for _ in range(workers)]
    outbox = make.Queue()
    processes = [
        make.Process(target=_work, args=(dataset, fetch, k, workers, seed + k, init, inboxes[k], outbox), daemon=True)
        for k in range(workers)
    ]
    for process in processes:
        process.start()
    try:
        yield from _gather(jobs, inboxes, outbox, processes, prefetch, timeout, stream)
    finally:
        for inbox in inboxes:
            inbox.put(None)
            inbox.cancel_join_thread()
        outbox.cancel_join_thread()
        for process in processes:
            process.join(timeout=2)
            if process.is_alive():
                process.terminate()
                process.join()
        for channel in (*inboxes, outbox):
            channel.close()


def _gather(
    jobs: Iterator[Any], inboxes: list[Any], outbox: Any, processes: list[Any], prefetch: int, timeout: float, stream: bool
) -> Iterator[Any]:
    """Keep `prefetch` jobs with each worker; hand results on in the order of the jobs."""
    arrived: dict[int, Any] = {}
    live = list(range(len(inboxes)))
    sent = wanted = 0
    owner: dict[int, int] = {}

    def send() -> bool:
        nonlocal sent
        if not live:
            return False
        try:
            job = None if stream else next(jobs)
        except StopIteration:
            return False
        owner[sent] = live[sent % len(live)]
        inboxes[owner[sent]].put((sent, job))
        sent += 1
        return True

    for _ in range(prefetch * len(inboxes)):
        if not send():
            break
    while wanted < sent:
        while wanted not in arrived:
            number, result = _receive(outbox, processes, timeout)
            arrived[number] = result
        result = arrived.pop(wanted)
        if isinstance(result, _Failure):
            raise _as_error(result, owner[wanted])
        if result is _END:
            worker = owner[wanted]
            if worker in live:
                live.remove(worker)
        wanted += 1
        if result is not _END:
            send()
            yield result


class _End:
    """A stream's end, which travels between processes as a name."""

    def __reduce__(self) -> str:
        return "_END"


_END = _End()


def _receive(outbox: Any, processes: list[Any], timeout: float) -> tuple[int, Any]:
    """The next result; an error if a worker has died, or nothing came for `timeout` seconds."""
    waited = 0.0
    while True:
        try:
            received: tuple[int, Any] = outbox.get(timeout=POLL)
            return received
        except queue.Empty:
            waited += POLL
        dead = [k for k, process in enumerate(processes) if not process.is_alive()]
        if dead:
            code = processes[dead[0]].exitcode
            raise RuntimeError(
                message(
                    f"DataLoader worker {dead[0]} (pid {processes[dead[0]].pid}) exited unexpectedly",
                    got=f"exit code {code}" + (" (killed by a signal)" if code is not None and code < 0 else ""),
                    fix="run with num_workers=0 to see its error here",
                )
            )
        if timeout and waited >= timeout:
            raise RuntimeError(message(f"DataLoader timed out after {timeout} seconds", fix="raise timeout=, or look at the data set"))


def _as_error(failure: _Failure, worker: int) -> BaseException:
    text = f"Caught {failure.kind.__name__} in DataLoader worker process {worker}.\nOriginal {failure.text}"
    try:
        return failure.kind(text)
    except Exception:  # a class that does not take one string
        return RuntimeError(text)


def _work(
    dataset: Any, fetch: Callable[[Any, Any], Any], k: int, workers: int, seed: int, init: Callable[[int], None] | None, inbox: Any, outbox: Any
) -> None:
    """A worker's life: seed, initialise, then load what is asked until None comes."""
    global _info
    _info = WorkerInfo(k, workers, seed, dataset)
    default_generator.manual_seed(seed)
    failure: _Failure | None = None
    try:
        if init is not None:
            init(k)
        source = dataset
    except BaseException as error:
        failure = _failed(error)
    while True:
        request = inbox.get()
        if request is None:
            return
        number, job = request
        if failure is None:
            try:
                result = fetch(source, job)
            except StopIteration:
                result = _END
            except BaseException as error:
                result = _failed(error)
        outbox.put((number, failure or result))


def _failed(error: BaseException) -> _Failure:
    kind = type(error) if type(error).__module__ == "builtins" else RuntimeError
    return _Failure(kind, "".join(traceback.format_exception(error)))
