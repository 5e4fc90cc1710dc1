"""Which samples, in which order. Samplers are lazy: they draw when they are asked, as PyTorch's do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from tinygrad_nn.errors import ArgumentError, DTypeError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.generator import Generator, default_generator
from tinygrad_nn.generator.recipes import random_blocks, random_sampler
from tinygrad_nn.primitive import TYPES

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]

T_co = TypeVar("T_co", covariant=True)


class Sampler(Generic[T_co]):
    """The base class: a subclass defines `__iter__` over indices (or lists of them), and `__len__`."""

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__} must define __iter__")


class SequentialSampler(Sampler[int]):
    """0, 1, 2, ..."""

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def blocks(self) -> Iterator[Any]:
        """The same indices, as one array."""
        return iter([np.arange(len(self.data_source))])

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """A random order; with replacement, or for another number of samples, as many draws as asked.

    Raises ValueError for a number of samples that is not positive, TypeError for a flag that is no bool.

    >>> from tinygrad_nn.generator import Generator
    >>> list(RandomSampler(range(5), generator=Generator().manual_seed(42)))
    [2, 4, 3, 0, 1]
    """

    @switches
    def __init__(
        self, data_source: Any, replacement: bool = False, num_samples: int | None = None, generator: Any = None
    ) -> None:
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        if num_samples is not None and (not isinstance(num_samples, int) or num_samples <= 0):
            raise ArgumentError(f"num_samples should be a positive integer value, but got num_samples={num_samples}")
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator

    @property
    def num_samples(self) -> int:
        """How many indices one pass gives."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        return random_sampler(len(self.data_source), self.num_samples, self.replacement, self.generator)

    def blocks(self) -> Iterator[Any]:
        """The same indices, in the arrays that are drawn at once."""
        return random_blocks(len(self.data_source), self.num_samples, self.replacement, self.generator)

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order."""

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for k in (self.generator or default_generator).randperm(len(self.indices)).tolist():
            yield self.indices[k]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """`num_samples` indices, each with a probability proportional to its weight."""

    @switches
    def __init__(
        self, weights: Any, num_samples: int, replacement: bool = True, generator: Generator | None = None
    ) -> None:
        if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples <= 0:
            raise ArgumentError(f"num_samples should be a positive integer value, but got num_samples={num_samples}")
        if not isinstance(replacement, bool):
            raise ArgumentError(f"replacement should be a boolean value, but got replacement={replacement}")
        try:
            self.weights = np.asarray(weights.array if type(weights) in TYPES else list(weights), np.float64)
        except (TypeError, ValueError):
            raise DTypeError(message("weights should be a sequence of numbers", got=repr(weights)[:60])) from None
        if self.weights.ndim != 1:
            raise ArgumentError(message("weights should be a 1d sequence", got=f"shape {self.weights.shape}"))
        if not np.isfinite(self.weights).all() or (self.weights < 0).any():
            raise ArgumentError(
                message("weights should be finite and not negative", got=f"{self.weights.min()} among them")
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        drawn = (self.generator or default_generator).multinomial(self.weights, self.num_samples, self.replacement)
        return iter(drawn.tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """The indices of another sampler in lists of `batch_size`; the last, shorter one unless `drop_last`.

    >>> list(BatchSampler(range(5), 2, False))
    [[0, 1], [2, 3], [4]]
    """

    @switches
    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ArgumentError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        if not isinstance(drop_last, bool):
            raise ArgumentError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        if not hasattr(sampler, "__iter__"):
            raise DTypeError(
                message("BatchSampler: sampler gives indices", got=repr(sampler)[:60], fix="range(len(data))")
            )
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        batch: list[int] = []
        for index in self.sampler:
            batch.append(index)
            if len(batch) == self.batch_size:
                yield batch
                batch = []
        if batch and not self.drop_last:
            yield batch

    def __len__(self) -> int:
        count: int = len(self.sampler)  # type: ignore[arg-type]
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)
