"""Worker processes: the same batches in the same order, and an error instead of a hang when one fails."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, get_worker_info

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the tests' workers are forked")


class Squares(Dataset[Any]):
    """Samples k * k; `act` happens at sample `at`."""

    def __init__(self, n: int = 12, at: int = -1, act: Any = None) -> None:
        self.n, self.at, self.act = n, at, act

    def __getitem__(self, index: int) -> Any:
        if index == self.at:
            self.act()
        return np.float32(index * index), index

    def __len__(self) -> int:
        return self.n


def loader(dataset: Any, **options: Any) -> DataLoader:
    return DataLoader(dataset, **{"batch_size": 2, "num_workers": 2, "multiprocessing_context": "fork", **options})


def lists(batches: Any) -> list[Any]:
    return [[part.tolist() for part in batch] for batch in batches]


def nobody_is_left() -> bool:
    """Whether all workers have ended."""
    return not multiprocessing.active_children()


# -- what arrives --------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_batches_come_in_order(workers: int) -> None:
    wanted = lists(DataLoader(Squares(13), batch_size=2))
    assert lists(loader(Squares(13), num_workers=workers)) == wanted
    assert nobody_is_left()


def test_a_slow_worker_does_not_change_the_order() -> None:
    dataset = Squares(12, at=0, act=lambda: time.sleep(0.3))
    assert [y for _, y in lists(loader(dataset))] == [[k, k + 1] for k in range(0, 12, 2)]


def test_shuffled_batches_are_those_without_workers() -> None:
    rows = TensorDataset(tg.arange(50))
    orders = []
    for workers in (0, 2):
        tg.manual_seed(4)
        options: dict[str, Any] = dict(batch_size=8, shuffle=True, num_workers=workers)
        orders.append(lists(DataLoader(rows, multiprocessing_context="fork" if workers else None, **options)))
        orders.append(np.asarray(tg.get_rng_state()).tolist())
    assert orders[0] == orders[2]
    assert orders[1] == orders[3]


def test_spawned_workers() -> None:
    rows = TensorDataset(tg.arange(6), tg.arange(6) * 2)
    batches = loader(rows, num_workers=1, multiprocessing_context="spawn")
    assert lists(batches) == [[[0, 1], [0, 2]], [[2, 3], [4, 6]], [[4, 5], [8, 10]]]


def test_two_loaders_at_once_and_one_left_early() -> None:
    first, second = iter(loader(Squares())), iter(loader(Squares()))
    assert lists([next(first), next(second), next(first)])[2] == [[4.0, 9.0], [2, 3]]
    workers = first.processes
    del first
    assert [process.exitcode for process in workers] == [0, 0]  # nobody had to be killed for keeping its pipes open
    assert len(list(second)) == 5
    del second
    assert nobody_is_left()


def test_large_batches_travel() -> None:
    class Big(Squares):
        def __getitem__(self, index: int) -> Any:
            return np.full(300_000, index, np.float32)

    batches = list(loader(Big(6), prefetch_factor=3))
    assert [float(batch.mean()) for batch in batches] == [0.5, 2.5, 4.5]


# -- inside a worker -----------------------------------------------------------------------------


class Asked(Squares):
    def __getitem__(self, index: int) -> Any:
        info = get_worker_info()
        assert info is not None
        return info.id, info.num_workers, info.seed, info.dataset is self


def test_get_worker_info() -> None:
    assert get_worker_info() is None
    tg.manual_seed(0)
    columns = [[part.tolist() for part in batch] for batch in loader(Asked(4), batch_size=1)]
    assert [c[0] for c in columns] == [[0], [1], [0], [1]]
    assert all(c[1] == [2] and c[3] == [True] for c in columns)
    assert [c[2][0] - columns[0][2][0] for c in columns] == [0, 1, 0, 1]
    tg.manual_seed(0)
    assert columns[0][2][0] == int(tg.Generator().manual_seed(0).random_())  # PyTorch's base seed


def test_each_worker_draws_its_own_numbers() -> None:
    class Draws(Squares):
        def __getitem__(self, index: int) -> Any:
            return float(tg.rand(())), random.random(), float(np.random.rand())

    def drawn(seed: int) -> Any:
        tg.manual_seed(seed)
        return [[float(part) for part in batch] for batch in loader(Draws(2), batch_size=1)]

    one, again, other = drawn(1), drawn(1), drawn(2)
    assert one == again
    for kind in range(3):
        assert len({row[kind] for row in one + other}) == 4


def test_worker_init_fn() -> None:
    class Set(Squares):
        base = 0

        def __getitem__(self, index: int) -> Any:
            return self.base + index

    dataset = Set(4)

    def init(k: int) -> None:
        info = get_worker_info()
        assert info is not None
        info.dataset.base = 100 * (k + 1)

    assert [b.tolist() for b in loader(dataset, worker_init_fn=init)] == [[100, 101], [202, 203]]
    assert dataset.base == 0


# -- streams -------------------------------------------------------------------------------------


class Shards(IterableDataset[int]):
    """Worker k gives k * 100, k * 100 + 1, ...: `sizes[k]` of them."""

    def __init__(self, *sizes: int) -> None:
        self.sizes = sizes

    def __iter__(self) -> Any:
        info = get_worker_info()
        k = 0 if info is None else info.id
        return iter(range(k * 100, k * 100 + self.sizes[k]))


def test_streams_take_turns_until_all_are_exhausted() -> None:
    assert [b.tolist() for b in loader(Shards(5, 2))] == [[0, 1], [100, 101], [2, 3], [4]]
    batches = [b.tolist() for b in loader(Shards(2, 4, 1), num_workers=3)]
    assert batches == [[0, 1], [100, 101], [200], [102, 103]]
    assert [b.tolist() for b in loader(Shards(5, 2), drop_last=True)] == [[0, 1], [100, 101], [2, 3]]
    assert nobody_is_left()


def test_streams_without_batches() -> None:
    assert list(loader(Shards(2, 3), batch_size=None)) == [0, 100, 1, 101, 102]


# -- what goes wrong -----------------------------------------------------------------------------


def boom() -> None:
    raise ValueError("sample 5 is broken")


class Own(Exception):
    """An exception that takes two arguments."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(a, b)


def own() -> None:
    raise Own(1, 2)


@pytest.mark.parametrize(
    "act, kind, text",
    [
        (boom, ValueError, r"(?s)^Caught ValueError in.* process 0\.\nOriginal.*in boom\n.*sample 5 is broken"),
        (own, RuntimeError, r"(?s)Caught RuntimeError in DataLoader worker process 0.*Own: \(1, 2\)"),
        (lambda: {}["key"], KeyError, r"(?s)Caught KeyError in.* process 0\.\nOriginal.*KeyError: 'key'"),
        (lambda: next(iter(())), RuntimeError, r"(?s)Caught RuntimeError in.* process 0.*StopIteration"),
    ],
    ids=["builtin", "own class", "key", "StopIteration"],
)
def test_a_raising_worker_gives_its_traceback(act: Any, kind: type[Exception], text: str) -> None:
    iterator = iter(loader(Squares(12, at=5, act=act)))
    assert lists([next(iterator), next(iterator)]) == [[[0, 1], [0, 1]], [[4, 9], [2, 3]]]
    with pytest.raises(kind, match=text):
        next(iterator)
    assert nobody_is_left()
    with pytest.raises(StopIteration):
        next(iterator)


@pytest.mark.parametrize(
    "act, code",
    [
        (lambda: os._exit(7), "exit code 7"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), r"exit code -9 \(killed by signal 9\)"),
        (lambda: exit(3), "exit code 3"),
    ],
    ids=["os._exit", "kill", "exit"],
)
def test_a_dying_worker_is_an_error(act: Any, code: str) -> None:
    text = rf"DataLoader worker 1 \(pid \d+\) exited unexpectedly\n  got: {code}\n  fix: run with num_workers=0"
    with pytest.raises(RuntimeError, match=text):
        list(loader(Squares(12, at=7, act=act)))
    assert nobody_is_left()


def test_a_worker_killed_while_it_sends_is_an_error() -> None:
    """Half a batch is in the pipe: nothing may wait for the other half."""

    class Huge(Squares):
        def __getitem__(self, index: int) -> Any:
            return np.zeros(4_000_000, np.float32)

    iterator = iter(loader(Huge(8), batch_size=1))
    time.sleep(0.5)  # the workers are stuck in the middle of a batch that nobody reads
    os.kill(iterator.processes[0].pid, signal.SIGKILL)
    with pytest.raises(RuntimeError, match="exited unexpectedly"):
        list(iterator)
    assert nobody_is_left()


def test_a_failing_init_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"(?s)Caught ValueError in DataLoader worker process 0.*sample 5 is broken"):
        list(loader(Squares(), worker_init_fn=lambda k: boom()))


def test_a_batch_that_cannot_travel_is_an_error() -> None:
    with pytest.raises(Exception, match=r"(?s)in DataLoader worker process 0.*pickle"):
        list(loader(Squares(), collate_fn=lambda samples: lambda: samples))


def test_a_failing_collate_is_an_error() -> None:
    def collate(samples: Any) -> Any:
        raise TypeError("cannot be stacked")

    with pytest.raises(TypeError, match=r"(?s)Caught TypeError.*cannot be stacked"):
        list(loader(Squares(), collate_fn=collate))


def test_a_worker_that_takes_too_long_is_an_error() -> None:
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0.2 seconds\n  fix: raise timeout="):
        list(loader(Squares(4, at=0, act=lambda: time.sleep(3600)), timeout=0.2, num_workers=1))
    assert nobody_is_left()


def test_workers_end_with_their_parent() -> None:
    """A parent that is killed leaves nobody behind."""
    reader, writer = multiprocessing.Pipe(duplex=False)

    def parent() -> None:
        iterator = iter(loader(Squares(1000)))
        next(iterator)
        writer.send([process.pid for process in iterator.processes])
        time.sleep(60)

    process = multiprocessing.get_context("fork").Process(target=parent)
    process.start()
    pids = reader.recv()
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    deadline = time.perf_counter() + 60
    while any(_lives(pid) for pid in pids) and time.perf_counter() < deadline:
        time.sleep(0.02)
    assert not [pid for pid in pids if _lives(pid)]


def _lives(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
