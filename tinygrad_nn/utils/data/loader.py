"""DataLoader: batches of a data set, in a random order or not, here or in worker processes.

Data in memory is not looped over: a batch is one fancy index per tensor (`Dataset.__getbatch__`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, IndexingError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.generator import Generator
from tinygrad_nn.generator.recipes import base_seed
from tinygrad_nn.utils.data.collate import default_collate, default_convert
from tinygrad_nn.utils.data.dataset import Dataset, IterableDataset
from tinygrad_nn.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler
from tinygrad_nn.utils.data.worker import Workers

__all__ = ["DataLoader"]

_FIXED = {"batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"}
"""What a loader was built from: to set it later would change nothing."""


class DataLoader:
    """Iterate over a data set in batches; a new pass at each `for`.

    dataset:     samples by index (or an IterableDataset)
    batch_size:  samples per batch; None gives single samples
    shuffle:     a new random order each pass, PyTorch's own for the same seed
    drop_last:   leave out a last batch that is shorter
    sampler, batch_sampler, collate_fn, generator, num_workers, timeout (seconds), worker_init_fn,
    prefetch_factor, multiprocessing_context: as in PyTorch
    pin_memory, persistent_workers, pin_memory_device, in_order: taken, without effect here

    Raises ValueError for options that exclude each other or are out of range.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn.utils.data import TensorDataset
    >>> data = TensorDataset(tg.arange(5), tg.arange(5) * 10)
    >>> [y.tolist() for x, y in DataLoader(data, batch_size=2)]
    [[0, 10], [20, 30], [40]]
    """

    @switches
    def __init__(
        self, dataset: Dataset[Any] | Any, batch_size: int | None = 1, shuffle: bool | None = None,
        sampler: Sampler[int] | Iterable[int] | None = None, batch_sampler: Iterable[list[int]] | None = None,
        num_workers: int = 0, collate_fn: Callable[[list[Any]], Any] | None = None, pin_memory: bool = False,
        drop_last: bool = False, timeout: float = 0, worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None, generator: Any = None, *, prefetch_factor: int | None = None,
        persistent_workers: bool = False, pin_memory_device: str = "", in_order: bool = True,
    ) -> None:  # fmt: skip
        stream = isinstance(dataset, IterableDataset)
        _check(
            dataset,
            batch_size,
            shuffle,
            sampler,
            batch_sampler,
            num_workers,
            drop_last,
            timeout,
            prefetch_factor,
            stream,
        )
        if persistent_workers and num_workers == 0:
            raise ArgumentError("persistent_workers option needs num_workers > 0")
        if collate_fn is not None and not callable(collate_fn):
            raise TypeError(
                message("DataLoader: collate_fn is a function of a list of samples", got=repr(collate_fn)[:60])
            )
        if generator is not None and not isinstance(generator, Generator):
            fix = "tinygrad_nn.Generator().manual_seed(0)"
            raise TypeError(message("DataLoader: generator is a Generator", got=repr(generator)[:60], fix=fix))
        self.dataset: Any = dataset
        self.num_workers = num_workers
        self.prefetch_factor = prefetch_factor if prefetch_factor is not None or not num_workers else 2
        self.pin_memory = pin_memory
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.persistent_workers = persistent_workers
        self.generator = generator
        self.drop_last = drop_last
        self.batch_size = None if batch_sampler is not None else batch_size
        self.sampler: Any = sampler
        if sampler is None and not stream:
            self.sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        self.batch_sampler: Any = batch_sampler
        if batch_sampler is None and batch_size is not None and not stream:
            self.batch_sampler = BatchSampler(self.sampler, batch_size, drop_last)
        batched = self.batch_sampler is not None or (stream and batch_size is not None)
        self.collate_fn: Callable[[Any], Any] = collate_fn or (default_collate if batched else default_convert)
        self._ready = True

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and "_ready" in self.__dict__:
            raise ArgumentError(
                message(
                    f"{name} attribute should not be set after DataLoader is initialized",
                    got=f"{name} = {value!r:.60}", fix=f"make another: DataLoader(dataset, {name}=...)",
                )
            )  # fmt: skip
        super().__setattr__(name, value)

    def __len__(self) -> int:
        if self.batch_sampler is not None:
            return len(self.batch_sampler)
        if self.batch_size is not None:  # a stream that knows its length
            count = len(self.dataset)
            return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
        return len(self.sampler) if self.sampler is not None else len(self.dataset)

    def __iter__(self) -> Iterator[Any]:
        seed = base_seed(self.generator)
        stream = isinstance(self.dataset, IterableDataset)
        if self.num_workers:
            fetch: Any = _Fetch(self._batched(), self.collate_fn)
            if stream:
                fetch = _StreamFetch(self.batch_size, self.drop_last, self.collate_fn)
            jobs = iter(()) if stream else iter(self.batch_sampler if self._batched() else self.sampler)
            return Workers(
                self.dataset, fetch, jobs, workers=self.num_workers, seed=seed, prefetch=self.prefetch_factor or 2,
                timeout=self.timeout, init=self.worker_init_fn, context=self.multiprocessing_context, stream=stream,
            )  # fmt: skip
        if stream:
            return self._streamed()
        if not self._batched():
            return (self.collate_fn(self.dataset[index]) for index in self.sampler)
        whole = hasattr(self.dataset, "__getbatch__") and self.collate_fn is default_collate
        if whole and type(self.batch_sampler) is BatchSampler:
            return self._vectorised(self.batch_sampler)
        return (_fetched(self.dataset, indices, self.collate_fn) for indices in self.batch_sampler)

    def _batched(self) -> bool:
        return self.batch_sampler is not None

    def _streamed(self) -> Iterator[Any]:
        fetch = _StreamFetch(self.batch_size, self.drop_last, self.collate_fn)
        while True:
            try:
                batch = fetch(self.dataset, None)
            except StopIteration:
                return
            yield batch

    def _vectorised(self, batches: BatchSampler) -> Iterator[Any]:
        """Batches by fancy index."""
        for indices in _index_batches(batches):
            batch = self.dataset.__getbatch__(indices)
            yield batch if batch is not None else _fetched(self.dataset, indices.tolist(), self.collate_fn)


def _index_batches(batches: BatchSampler) -> Iterator[Any]:
    """The indices of each batch as an array, without a Python loop over them where the sampler has arrays."""
    sampler: Any = batches.sampler
    size = batches.batch_size
    blocks = sampler.blocks() if type(sampler) in (SequentialSampler, RandomSampler) else _blocks(iter(sampler), size)
    rest = np.empty(0, np.int64)
    for block in blocks:
        block = np.concatenate([rest, block]) if rest.size else block
        whole = len(block) - len(block) % size
        for start in range(0, whole, size):
            yield block[start : start + size]
        rest = block[whole:]
    if rest.size and not batches.drop_last:
        yield rest


def _blocks(indices: Iterator[int], size: int) -> Iterator[Any]:
    """The indices of any sampler, which may be endless, `size` at a time."""
    while (block := np.fromiter(islice(indices, size), np.int64)).size:
        yield block


def _check_range(dataset: Any, indices: list[int]) -> None:
    """IndexError for a sampler's index beyond the data set."""
    count = len(dataset)
    wrong = next((k for k in indices if not -count <= k < count), None)
    if wrong is not None:
        raise IndexingError(
            message("DataLoader: the sampler gives an index that is out of range", got=f"{wrong} of {count} samples")
        )


def _fetched(dataset: Any, indices: list[int], collate: Callable[[Any], Any]) -> Any:
    """The samples at `indices`, collated."""
    if collate is default_collate and hasattr(dataset, "__getbatch__"):
        _check_range(dataset, indices)
        batch = dataset.__getbatch__(np.asarray(indices, np.int64))
        if batch is not None:
            return batch
    if hasattr(dataset, "__getitems__"):
        return collate(dataset.__getitems__(list(indices)))
    return collate([dataset[index] for index in indices])


class _Fetch:
    """What a worker does with a job: a batch of indices, or one index."""

    @switches
    def __init__(self, batched: bool, collate: Callable[[Any], Any]) -> None:
        self.batched = batched
        self.collate = collate

    def __call__(self, dataset: Any, job: Any) -> Any:
        return _fetched(dataset, job, self.collate) if self.batched else self.collate(dataset[job])


class _StreamFetch:
    """The next batch of a stream; StopIteration at its end."""

    @switches
    def __init__(self, batch_size: int | None, drop_last: bool, collate: Callable[[Any], Any]) -> None:
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.collate = collate
        self.iterator: Iterator[Any] | None = None

    def __call__(self, dataset: Any, job: None) -> Any:
        if self.iterator is None:
            self.iterator = iter(dataset)
        if self.batch_size is None:
            return self.collate(next(self.iterator))
        samples = list(islice(self.iterator, self.batch_size))
        if not samples or (self.drop_last and len(samples) < self.batch_size):
            raise StopIteration
        return self.collate(samples)


def _check(
    dataset: Any, batch_size: Any, shuffle: Any, sampler: Any, batch_sampler: Any, workers: Any, drop_last: bool,
    timeout: float, prefetch: Any, stream: bool,
) -> None:  # fmt: skip
    """Refuse options that are out of range or exclude each other."""
    if shuffle not in (True, False, None):
        raise ArgumentError(message("DataLoader: shuffle is True or False", got=repr(shuffle)))
    if not isinstance(workers, int) or workers < 0:
        raise ArgumentError(
            message("num_workers option should be non-negative", got=workers, fix="num_workers=0 loads in this process")
        )
    if timeout < 0:
        raise ArgumentError(message("timeout option should be non-negative", got=timeout))
    if workers == 0 and prefetch is not None:
        raise ArgumentError(
            message("prefetch_factor could only be specified with workers", got=prefetch, fix="set num_workers > 0")
        )
    if prefetch is not None and prefetch < 1:
        raise ArgumentError(message("prefetch_factor must be positive", got=prefetch))
    if stream and shuffle:
        raise ArgumentError(
            message("DataLoader with IterableDataset: expected unspecified shuffle option", got=shuffle)
        )
    if stream and (sampler is not None or batch_sampler is not None):
        raise ArgumentError(
            message(
                "DataLoader with IterableDataset: expected unspecified sampler option", got=sampler or batch_sampler
            )
        )
    if sampler is not None and shuffle:
        raise ArgumentError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise ArgumentError(
            "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last"
        )
    if batch_size is None and batch_sampler is None and drop_last:
        raise ArgumentError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")
    if batch_size is not None and (not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0):
        raise ArgumentError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
    if not stream and not hasattr(dataset, "__getitem__"):
        raise ArgumentError(
            message(
                "DataLoader: the data set gives no samples by index",
                got=type(dataset).__name__,
                fix="define __getitem__ and __len__",
            )
        )
    if shuffle and not len(dataset):
        raise ArgumentError(
            message("num_samples should be a positive integer value", got="num_samples=0", fix="the data set is empty")
        )
