"""Sequences of different lengths in one batch: padded to the longest, or packed step by step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tinygrad_nn.errors import ArgumentError, AutogradError, DTypeError, ShapeError, message
from tinygrad_nn.functions.elementwise import to_dtype
from tinygrad_nn.ops.elementwise import where
from tinygrad_nn.ops.index import index_put, pick_at
from tinygrad_nn.ops.shape import pad, permute, reshape, stack
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.tape import local

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence",
    "unpack_sequence", "unpad_sequence",
]  # fmt: skip


class _Packed(NamedTuple):
    data: Any
    batch_sizes: Any
    sorted_indices: Any
    unsorted_indices: Any


class PackedSequence(_Packed):
    """Sequences without padding: all first steps, then all second steps, ... Recurrent layers take and give it.

    data: (sum of lengths, ...); batch_sizes: (T,) int64, how many sequences have a step t, never growing;
    sorted_indices: which sequence of the batch stands where (None if they were sorted), and its inverse.
    Made by `pack_padded_sequence` and `pack_sequence`, not by hand.
    """

    __slots__ = ()

    def __new__(
        cls, data: Any, batch_sizes: Any = None, sorted_indices: Any = None, unsorted_indices: Any = None
    ) -> PackedSequence:
        if batch_sizes is None:
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same with `data.to(...)`."""
        return self._replace(data=self.data.to(*args, **kwargs))

    def double(self) -> PackedSequence:
        """The same with float64 data."""
        return self._replace(data=self.data.double())

    def float(self) -> PackedSequence:
        """The same with float32 data."""
        return self._replace(data=self.data.float())

    def cpu(self) -> PackedSequence:
        """Itself: everything is there already."""
        return self

    is_cuda = False


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes this one; None for None.

    >>> import tinygrad_nn as tg
    >>> invert_permutation(tg.tensor([2, 0, 1]))
    tensor([1, 2, 0])
    """
    if permutation is None:
        return None
    places = wrap(np.arange(permutation.array.size))
    return index_put(places, places, (permutation,), False)  # type: ignore[no-any-return]


def _lengths(lengths: Any, batch: int) -> Any:
    """The lengths as an array. RuntimeError unless they are positive, one for each sequence."""
    if type(lengths) in TYPES:
        if local.mode.tracer is not None:
            local.mode.tracer.read(lengths)
        lengths = lengths.array
    found = np.asarray([int(n) for n in lengths], np.int64)
    if found.shape != (batch,):
        raise ShapeError(
            message(
                "pack_padded_sequence: Expected `len(lengths)` to be equal to batch_size",
                got=f"{len(found)} lengths, {batch} sequences",
            )
        )
    if batch and found.min() <= 0:
        raise AutogradError(
            message(
                "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0",
                got=found.tolist(),
            )
        )
    return found


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Leave out the padding of (T, N, ...), or (N, T, ...) with batch_first.

    lengths: (N,), how many steps of each sequence count. They must not grow along the batch (RuntimeError),
    unless enforce_sorted is False: then the sequences are sorted first.

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([[1, 2, 0], [3, 0, 0], [4, 5, 6]])
    >>> packed = pack_padded_sequence(x, [2, 1, 3], batch_first=True, enforce_sorted=False)
    >>> packed.data, packed.batch_sizes
    (tensor([4, 1, 3, 5, 2, 6]), tensor([3, 2, 1]))
    """
    if input.ndim < 2:
        raise ShapeError(
            message("pack_padded_sequence: the input must be (T, N, ...) or (N, T, ...)", got=f"{tuple(input.shape)}")
        )
    shape = tuple(input.array.shape)
    batch, steps = (shape[0], shape[1]) if batch_first else (shape[1], shape[0])
    count = _lengths(lengths, batch)
    if count.size and count.max() > steps:
        raise AutogradError(
            message(
                "pack_padded_sequence: Expected no length to be larger than the padded sequences",
                got=f"{int(count.max())} of {steps} steps",
            )
        )
    order = None
    if not enforce_sorted:
        order = np.argsort(-count, kind="stable")
        count = count[order]
    elif np.any(np.diff(count) > 0):
        raise AutogradError(
            message(
                "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True",
                got=count.tolist(),
                fix="pass enforce_sorted=False",
            )
        )
    step, sequence = np.nonzero(np.arange(count[0] if batch else 0)[:, None] < count)
    sizes = np.bincount(step, minlength=0)
    sequence = sequence if order is None else order[sequence]
    rows = sequence * steps + step if batch_first else step * batch + sequence
    data = pick_at(reshape(input, (batch * steps, *shape[2:])), (rows,))
    return PackedSequence(data, wrap(sizes.astype(np.int64)), None if order is None else wrap(order))


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """The reverse of `pack_padded_sequence`: (T, N, ...) or (N, T, ...), and the lengths (N,).

    total_length: pad to this many steps; ValueError if that is less than the longest sequence has.
    """
    if not isinstance(sequence, PackedSequence):
        raise AutogradError(message("pad_packed_sequence: a PackedSequence is needed", got=type(sequence).__name__))
    sizes = sequence.batch_sizes.array
    steps = len(sizes) if total_length is None else total_length
    if steps < len(sizes):
        raise ArgumentError(
            message(
                "Expected total_length to be at least the length of the longest sequence in input",
                got=f"total_length={total_length} and max sequence length being {len(sizes)}",
            )
        )
    batch = int(sizes[0])
    counts = np.sum(np.arange(batch) < sizes[:, None], 0)
    place = np.arange(batch) if sequence.unsorted_indices is None else sequence.unsorted_indices.array
    starts = np.append(np.cumsum(sizes) - sizes, [0] * (steps - len(sizes)))
    held = np.arange(steps)[:, None] < counts[place]  # (T, N)
    rows = np.where(held, starts[:, None] + place, 0)
    if batch_first:
        held, rows = held.T, rows.T
    padded = pick_at(sequence.data, (np.ascontiguousarray(rows, np.int64),))
    mask = held.reshape(*held.shape, *(1,) * (sequence.data.ndim - 1))
    return where(mask, padded, padding_value), wrap(counts[place].astype(np.int64))


def pad_sequence(
    sequences: Any, batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Sequences (L, ...) of different length as one tensor, (T, N, ...) or with batch_first (N, T, ...).

    padding_side: "right" or "left". Raises RuntimeError for no sequences, or other differences of shape.

    >>> import tinygrad_nn as tg
    >>> pad_sequence([tg.tensor([1, 2, 3]), tg.tensor([4])], batch_first=True)
    tensor([[1, 2, 3],
            [4, 0, 0]])
    """
    if not isinstance(sequences, Iterable):
        raise AutogradError(
            message("pad_sequence: Expected iterable for input sequences", got=type(sequences).__name__)
        )
    if padding_side not in ("right", "left"):
        raise AutogradError(message("pad_sequence: padding_side must be 'left' or 'right'", got=repr(padding_side)))
    given: list[Any] = list(sequences)
    if not given:
        raise AutogradError(message("pad_sequence: received an empty list of sequences"))
    for one in given:
        if type(one) not in TYPES:
            raise DTypeError(message("pad_sequence: sequences are tensors", got=repr(one)[:60], fix="tensor(sequence)"))
    endings = {tuple(one.shape[1:]) for one in given}
    if len(endings) > 1 or any(one.ndim == 0 for one in given):
        raise ShapeError(
            message(
                "pad_sequence: the sequences must agree in all but their first dimension",
                got=[tuple(one.shape) for one in given],
            )
        )
    longest = max(int(one.shape[0]) for one in given)
    kind = given[0].dtype
    parts = []
    for one in given:
        missing = longest - int(one.shape[0])
        ends = (0, missing) if padding_side == "right" else (missing, 0)
        parts.append(
            pad(to_dtype(one, kind), (ends, *((0, 0),) * (one.ndim - 1)), padding_value)
            if missing
            else to_dtype(one, kind)
        )
    return stack(tuple(parts), 0 if batch_first else 1)  # type: ignore[no-any-return]


def unpad_sequence(padded_sequences: Tensor, lengths: Any, batch_first: bool = False) -> list[Tensor]:
    """The sequences of a padded batch, each cut to its length."""
    x: Any = padded_sequences
    if not batch_first:
        x = permute(x, (1, 0, *range(2, x.ndim)))
    return [x[k, :n] for k, n in enumerate(_lengths(lengths, int(x.shape[0])).tolist())]


def pack_sequence(sequences: list[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences (L, ...) of different length: `pad_sequence`, then `pack_padded_sequence`.

    >>> import tinygrad_nn as tg
    >>> pack_sequence([tg.tensor([1, 2, 3]), tg.tensor([4, 5])]).data
    tensor([1, 4, 2, 5, 3])
    """
    return pack_padded_sequence(
        pad_sequence(sequences), [int(one.shape[0]) for one in sequences], False, enforce_sorted
    )


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences again, in their original order."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
