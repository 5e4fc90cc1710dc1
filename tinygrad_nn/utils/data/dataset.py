"""Data sets: what has a length and gives samples by index, and what is made of several of them.

A loader asks a data set in three ways, best first:

- ``__getbatch__(indices)``: the batch, whole: one fancy index per tensor. It answers what
  ``default_collate([dataset[i] for i in indices])`` would, or None where it cannot. In-memory data
  sets have it; a subclass with its own ``__getitem__`` is asked for samples instead.
- ``__getitems__(indices)``: a list of samples, as in PyTorch.
- ``__getitem__(index)``: one sample.

Loading, sampling and collating are not here.
"""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from tinygrad_nn.creation import as_tensor
from tinygrad_nn.errors import ArgumentError, IndexingError, message
from tinygrad_nn.generator import Generator, default_generator
from tinygrad_nn.primitive import TYPES, node_of, wrap

__all__ = [
    "ChainDataset",
    "ConcatDataset",
    "Dataset",
    "IterableDataset",
    "StackDataset",
    "Subset",
    "TensorDataset",
    "random_split",
]

T_co = TypeVar("T_co", covariant=True)


class Rows(Protocol):
    """What a TensorDataset holds: a Tensor, or an array."""

    @property
    def shape(self) -> Sequence[int]: ...
    def __getitem__(self, index: Any, /) -> Any: ...


class Dataset(Generic[T_co]):
    """The base class of data sets that give a sample for an index.

    A subclass defines ``__getitem__(index)`` and, for most samplers, ``__len__()``.
    ``first + second`` is `ConcatDataset`.

    >>> class Squares(Dataset[int]):
    ...     def __getitem__(self, index):
    ...         return index * index
    ...     def __len__(self):
    ...         return 5
    >>> Squares()[3], len(Squares() + Squares())
    (9, 10)
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError(
            message(
                f"{type(self).__name__}: a Dataset must give a sample for an index",
                got=f"no method __getitem__ in {type(self).__name__}",
                fix="define __getitem__(self, index) and __len__(self)",
            )
        )

    def __add__(self, other: Dataset[T_co]) -> Dataset[T_co]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co]):
    """The base class of data sets that are a stream: a subclass defines ``__iter__()``.

    With worker processes, each one has a copy of the data set: ``get_worker_info()`` in
    ``__iter__`` tells which part to give. ``first + second`` is `ChainDataset`.

    >>> class Count(IterableDataset[int]):
    ...     def __iter__(self):
    ...         return iter(range(3))
    >>> list(Count() + Count())
    [0, 1, 2, 0, 1, 2]
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(
            message(
                f"{type(self).__name__}: an IterableDataset must give its samples in turn",
                got=f"no method __iter__ in {type(self).__name__}",
                fix="define __iter__(self)",
            )
        )

    def __add__(self, other: Dataset[T_co]) -> Dataset[T_co]:
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Any, ...]]):
    """Samples that are the rows of tensors: sample i is ``(tensors[0][i], tensors[1][i], ...)``.

    Args:
        tensors: one or more, all of the same size in dimension 0.

    Raises:
        AssertionError: their sizes differ (as in PyTorch).
        ArgumentError: there is none, or one of them has no dimension.

    >>> import numpy as np
    >>> data = TensorDataset(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0, 1]))
    >>> len(data), data[1][0].tolist()
    (2, [3.0, 4.0])
    """

    tensors: tuple[Any, ...]

    def __init__(self, *tensors: Rows) -> None:
        plain = [tensor for tensor in tensors if not hasattr(tensor, "shape")]
        if plain:
            raise TypeError(
                message(
                    "TensorDataset: takes tensors or arrays, whose rows are the samples",
                    got=f"{type(plain[0]).__name__} {plain[0]!r:.60}",
                    fix="tensor(rows) for a list; a list of samples is a data set by itself",
                )
            )
        if not tensors or any(len(tensor.shape) == 0 for tensor in tensors):
            raise ArgumentError(
                message(
                    "TensorDataset: each tensor needs a dimension 0, along which the samples lie",
                    got=f"shapes {[tuple(tensor.shape) for tensor in tensors]}",
                    fix="pass tensors (N, ...), as TensorDataset(inputs, labels)",
                )
            )
        if any(tensor.shape[0] != tensors[0].shape[0] for tensor in tensors):
            raise AssertionError(
                message(
                    "TensorDataset: the tensors differ in size in dimension 0",
                    got=f"shapes {[tuple(tensor.shape) for tensor in tensors]}",
                    fix="give as many labels as inputs",
                )
            )
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __getbatch__(self, indices: NDArray[np.int64]) -> list[Any] | None:
        if type(self).__getitem__ is not TensorDataset.__getitem__:
            return None
        return [_rows(tensor, indices) for tensor in self.tensors]

    def __len__(self) -> int:
        return int(self.tensors[0].shape[0])


def _rows(tensor: Any, indices: NDArray[np.int64]) -> Any:
    """tensor[indices] as a Tensor, the short way where nothing is recorded."""
    if type(tensor) in TYPES and node_of(tensor) is None:
        return wrap(tensor.array.take(indices, 0))
    rows = tensor[indices]
    return as_tensor(rows) if isinstance(rows, np.ndarray) else rows


class StackDataset(Dataset[Any]):
    """Data sets side by side: sample i is the tuple (or dict) of their samples i.

    Args:
        args: data sets of the same length, for samples that are tuples; or
        kwargs: for samples that are dicts.

    Raises:
        ArgumentError: both were given, or none, or their lengths differ.

    >>> stack = StackDataset(image=[10, 20], text=["ten", "twenty"])
    >>> stack[1]
    {'image': 20, 'text': 'twenty'}
    """

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if bool(args) == bool(kwargs):
            raise ArgumentError(
                message(
                    "StackDataset: takes data sets by position (samples are tuples) or by name (samples are dicts)",
                    got="both" if args else "none",
                    fix="StackDataset(images, texts) or StackDataset(image=images, text=texts)",
                )
            )
        lengths = [len(dataset) for dataset in args or kwargs.values()]
        if any(length != lengths[0] for length in lengths):
            raise ArgumentError(
                message(
                    "StackDataset: the data sets differ in length",
                    got=f"lengths {lengths}",
                    fix="cut them to one length with Subset",
                )
            )
        self.datasets = args or kwargs

    def __getitem__(self, index: Any) -> Any:
        return self._stacked([dataset[index] for dataset in self._parts()])

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        if type(self).__getitem__ is not StackDataset.__getitem__:
            return [self[index] for index in indices]
        columns = [_samples(dataset, indices) for dataset in self._parts()]
        return [self._stacked(list(sample)) for sample in zip(*columns, strict=True)]

    def __getbatch__(self, indices: NDArray[np.int64]) -> Any | None:
        if type(self).__getitem__ is not StackDataset.__getitem__:
            return None
        batches = [_batch(dataset, indices) for dataset in self._parts()]
        if any(batch is None for batch in batches):
            return None
        return self._stacked(batches) if isinstance(self.datasets, dict) else batches

    def __len__(self) -> int:
        return len(self._parts()[0])

    def _parts(self) -> Sequence[Any]:
        return list(self.datasets.values()) if isinstance(self.datasets, dict) else self.datasets

    def _stacked(self, parts: list[Any]) -> Any:
        if isinstance(self.datasets, dict):
            return dict(zip(self.datasets, parts, strict=True))
        return tuple(parts)


class ConcatDataset(Dataset[T_co]):
    """Data sets one after the other.

    Args:
        datasets: at least one, none of them a stream.

    Raises:
        AssertionError: there is none, or one is an IterableDataset (as in PyTorch).

    >>> both = ConcatDataset([range(3), range(10, 12)])
    >>> both[3], both[-1], both.cumulative_sizes
    (10, 11, [3, 5])
    """

    datasets: list[Any]
    cumulative_sizes: list[int]

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        streams = [type(d).__name__ for d in self.datasets if isinstance(d, IterableDataset)]
        if not self.datasets or streams:
            raise AssertionError(
                message(
                    "ConcatDataset: needs one data set or more, each with samples by index",
                    got=f"the stream {streams[0]}" if streams else "an empty list",
                    fix="for streams, use ChainDataset" if streams else "pass [first, second]",
                )
            )
        self.cumulative_sizes = list(itertools.accumulate(len(d) for d in self.datasets))

    def __getitem__(self, index: int) -> T_co:
        which, place = self._locate(index)
        return cast(T_co, self.datasets[which][place])

    def __getitems__(self, indices: Sequence[int]) -> list[T_co]:
        if type(self).__getitem__ is not ConcatDataset.__getitem__:
            return [self[index] for index in indices]
        located = [self._locate(index) for index in indices]
        samples: list[Any] = [None] * len(located)
        for which, dataset in enumerate(self.datasets):
            rows = [row for row, (owner, _) in enumerate(located) if owner == which]
            for row, sample in zip(rows, _samples(dataset, [located[row][1] for row in rows]), strict=True):
                samples[row] = sample
        return samples

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def _locate(self, index: int) -> tuple[int, int]:
        """Which data set sample `index` is in, and where in it."""
        if not -len(self) <= index < len(self):
            raise (ArgumentError if index < 0 else IndexingError)(
                message(
                    "ConcatDataset: index out of range",
                    got=f"index {index}, {len(self)} samples",
                    fix=f"use an index in {-len(self)}..{len(self) - 1}",
                )
            )
        index %= len(self)
        which = bisect.bisect_right(self.cumulative_sizes, index)
        return which, index - (self.cumulative_sizes[which - 1] if which else 0)


class ChainDataset(IterableDataset[T_co]):
    """Streams one after the other.

    Args:
        datasets: IterableDatasets; looked at only when the chain is iterated.

    Raises:
        AssertionError: on iterating, one of them is no IterableDataset (as in PyTorch).
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[T_co]:
        for dataset in self._streams():
            yield from dataset

    def __len__(self) -> int:
        return sum(len(dataset) for dataset in self._streams())

    def _streams(self) -> Iterator[Any]:
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError(
                    message(
                        "ChainDataset: chains streams, each an IterableDataset",
                        got=type(dataset).__name__,
                        fix="for data sets with samples by index, use ConcatDataset",
                    )
                )
            yield dataset


class Subset(Dataset[T_co]):
    """The samples of `dataset` at `indices`, in that order.

    Args:
        dataset: the whole.
        indices: which samples.

    >>> few = Subset(range(100, 200), [5, 1])
    >>> few[0], len(few)
    (105, 2)
    """

    dataset: Any
    indices: Sequence[int]

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        if not hasattr(indices, "__getitem__") or isinstance(indices, (str, dict)):
            raise TypeError(
                message("Subset: indices is a list of indices", got=repr(indices)[:60], fix="Subset(data, [0, 1])")
            )
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> T_co:
        if isinstance(index, list):
            return cast(T_co, self.dataset[[self.indices[i] for i in index]])
        return cast(T_co, self.dataset[self.indices[index]])

    def __getitems__(self, indices: Sequence[int]) -> list[T_co]:
        if type(self).__getitem__ is not Subset.__getitem__:
            return [self[index] for index in indices]
        return _samples(self.dataset, [self.indices[index] for index in indices])

    def __getbatch__(self, indices: NDArray[np.int64]) -> Any | None:
        if type(self).__getitem__ is not Subset.__getitem__:
            return None
        chosen = [self.indices[index] for index in indices.tolist()]
        return _batch(self.dataset, np.asarray(chosen, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.indices)


def random_split(
    dataset: Any,
    lengths: Sequence[int | float],
    generator: Generator | None = default_generator,
) -> list[Subset[Any]]:
    """Deal the samples of `dataset` at random to subsets of the given lengths.

    The order is ``randperm(len(dataset), generator=generator)``, cut into pieces: with one seed,
    the subsets are those of PyTorch. Fractions that sum to 1 are taken of the length, rounded
    down; what remains goes to the subsets one by one, the first ones first.

    Args:
        dataset: any data set with a length.
        lengths: the lengths, or fractions that sum to 1.
        generator: what is drawn from.

    Raises:
        ArgumentError: a fraction outside [0, 1], a negative length, or lengths that do not sum to
            that of the data set.

    Warns:
        UserWarning: a fraction is so small that its subset is empty.

    >>> train, held_out = random_split(range(10), [0.7, 0.3], generator=Generator().manual_seed(1))
    >>> len(train), len(held_out), sorted([*train, *held_out]) == list(range(10))
    (7, 3, True)
    """
    if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
        raise TypeError(message("random_split: a data set with a length is wanted", got=type(dataset).__name__))
    if not isinstance(lengths, Iterable) or isinstance(lengths, str):
        raise TypeError(
            message("random_split: lengths is a list of lengths or fractions", got=repr(lengths)[:60], fix="[0.8, 0.2]")
        )
    lengths = list(lengths)
    size = len(dataset)
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = _lengths_of_fractions(lengths, size)
    if sum(lengths) != size or any(length < 0 or length != int(length) for length in lengths):
        raise ArgumentError(
            message(
                f"random_split: lengths must sum to the {size} samples of the data set, or be fractions that sum to 1",
                got=f"lengths {list(lengths)} that sum to {sum(lengths)}",
                fix=f"let the last length be {size} less the others",
            )
        )
    order = (generator or default_generator).randperm(size).tolist()
    ends = itertools.accumulate(int(length) for length in lengths)
    return [Subset(dataset, order[end - int(length) : end]) for end, length in zip(ends, lengths, strict=True)]


def _lengths_of_fractions(fractions: Sequence[float], size: int) -> list[int]:
    for index, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ArgumentError(
                message(
                    "random_split: fractions must lie in 0..1",
                    got=f"{fraction} at index {index}",
                    fix="pass fractions like [0.8, 0.2], or whole lengths",
                )
            )
    lengths = [math.floor(size * fraction) for fraction in fractions]
    for extra in range(size - sum(lengths)):
        lengths[extra % len(lengths)] += 1
    for index, length in enumerate(lengths):
        if length == 0:
            warnings.warn(
                f"random_split: the subset at index {index} is empty: {fractions[index]} of {size} samples",
                stacklevel=3,
            )
    return lengths


def _samples(dataset: Any, indices: Sequence[int]) -> list[Any]:
    """The samples at `indices`, asked for at once where the data set can."""
    many = getattr(dataset, "__getitems__", None)
    if many is None:
        return [dataset[index] for index in indices]
    samples = many(indices)
    if len(samples) != len(indices):
        raise ArgumentError(
            message(
                f"{type(dataset).__name__}.__getitems__: must give one sample for each index",
                got=f"{len(samples)} samples for {len(indices)} indices",
                fix="return a list as long as the indices",
            )
        )
    return list(samples)


def _batch(dataset: Any, indices: NDArray[np.int64]) -> Any | None:
    """The batch at `indices` where the data set gives batches whole, else None."""
    whole = getattr(dataset, "__getbatch__", None)
    return None if whole is None else whole(indices)
