"""Arrays that share memory: which stretch of it to store once, and how each array is a view of that stretch.

`save({"a": x, "b": x[:2]})` is one stretch and two views; an expanded array is a view of the few elements that
it repeats. Arrays that merely lie between one another (two columns of a table) share nothing and stay apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Memory", "Stretch", "View", "same_memory", "seen_as"]

Array: TypeAlias = "NDArray[Any]"
Path: TypeAlias = tuple[object, ...]

CERTAIN = 1000  # candidates that NumPy may try to find out whether two arrays share an element; else they do


def same_memory(array: Array) -> tuple[Any, ...]:
    """Equal for two arrays exactly if they are the same elements in the same places."""
    return (array.__array_interface__["data"][0], array.shape, array.strides, array.dtype)


@dataclass(frozen=True, eq=False)
class Stretch:
    """Memory to store: as one of the arrays over it that holds all of it, or else flat."""

    array: Array
    path: Path
    start: int  # its address


@dataclass(frozen=True)
class View:
    """An array as a part of a stretch. offset and strides in bytes."""

    stretch: Stretch
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def is_whole(self) -> bool:
        """Whether it is the array that the stretch is stored as."""
        whole = self.stretch.array
        return self.offset == 0 and (self.shape, self.strides) == (whole.shape, whole.strides)


class Memory:
    """The stretches behind `arrays`, each with its path in what is saved.

    >>> x = np.arange(6.0)
    >>> memory = Memory([(x[:2], ("a",)), (x, ("b",)), (np.ones(2), ("c",))])
    >>> view = memory.view(x[:2])
    >>> view.stretch.path, view.offset, view.shape, memory.view(np.ones(2))
    (('b',), 0, (2,), None)
    """

    def __init__(self, arrays: Iterable[tuple[Array, Path]]) -> None:
        first: dict[tuple[Any, ...], tuple[Array, Path]] = {}
        for array, path in arrays:
            if array.size and not array.dtype.hasobject:
                first.setdefault(same_memory(array), (array, path))
        self.stretches: dict[tuple[Any, ...], Stretch] = {}
        for group in _overlapping(list(first.values())):
            stretch = _stretch(group)
            if stretch is not None:
                self.stretches.update({same_memory(array): stretch for array, _ in group})

    def view(self, array: Array) -> View | None:
        """How `array` is a view of a stretch that others share or that it repeats; None if it is best stored alone."""
        stretch = self.stretches.get(same_memory(array)) if array.size else None
        if stretch is None:
            return None
        address = array.__array_interface__["data"][0]
        return View(stretch, address - stretch.start, array.shape, array.strides)


def _overlapping(arrays: list[tuple[Array, Path]]) -> list[list[tuple[Array, Path]]]:
    """Groups of arrays of one dtype that share elements, directly or through others."""
    groups: list[list[tuple[Array, Path]]] = []
    open_until: dict[Any, tuple[int, list[list[tuple[Array, Path]]]]] = {}
    for item in sorted(arrays, key=lambda item: np.lib.array_utils.byte_bounds(item[0])[0]):
        low, high = np.lib.array_utils.byte_bounds(item[0])
        end, near = open_until.get(item[0].dtype, (0, []))
        if low >= end:  # nothing that came before reaches so far
            groups += near
            near = []
        touched = [group for group in near if any(_share(item[0], other) for other, _ in group)]
        near = [group for group in near if not any(group is other for other in touched)]
        near.append([*[member for group in touched for member in group], item])
        open_until[item[0].dtype] = (max(end, high), near)
    return [*groups, *[group for _, near in open_until.values() for group in near]]


def _share(a: Array, b: Array) -> bool:
    try:
        work: Any = CERTAIN
        return np.shares_memory(a, b, max_work=work)
    except np.exceptions.TooHardError:
        return True


def _stretch(group: Sequence[tuple[Array, Path]]) -> Stretch | None:
    """What to store for arrays that share memory; None for a lone one whose elements lie apart or side by side."""
    bounds = [np.lib.array_utils.byte_bounds(array) for array, _ in group]
    low, high = min(bound[0] for bound in bounds), max(bound[1] for bound in bounds)
    if len(group) == 1 and high - low >= group[0][0].nbytes:
        return None
    for array, path in group:
        if array.flags.c_contiguous and array.nbytes == high - low:
            return Stretch(array, path, low)
    array, path = next(item for item, bound in zip(group, bounds, strict=True) if bound[0] == low)
    corner = array[tuple([slice(-1, None) if step < 0 else slice(0, 1) for step in array.strides])]
    flat = np.lib.stride_tricks.as_strided(
        corner, ((high - low) // array.itemsize,), (array.itemsize,), writeable=False
    )
    return Stretch(flat, (*path, "~memory") if len(group) > 1 else path, low)


def seen_as(stretch: Array, offset: int, shape: Sequence[int], strides: Sequence[int]) -> Array:
    """The view of a loaded stretch: offset and strides in bytes, which may be negative.

    Raises ValueError for a view that reaches outside of the stretch.

    >>> seen_as(np.arange(6.0), 8, (2, 2), (16, 8))
    array([[1., 2.],
           [3., 4.]])
    """
    flat = stretch.reshape(-1)
    one = flat.dtype.itemsize
    if len(shape) != len(strides) or any(step % one for step in (offset, *strides)) or any(n < 0 for n in shape):
        raise ValueError(f"a view of shape {list(shape)!r:.60} with other strides")
    if 0 in shape:
        return np.empty(shape, flat.dtype)
    ends = [(n - 1) * step for n, step in zip(shape, strides, strict=True)]
    low, high = offset + sum(e for e in ends if e < 0), offset + sum(e for e in ends if e > 0)
    if low < 0 or high + one > flat.nbytes or math.prod(shape) >= 2**60:
        raise ValueError(f"a view that reaches bytes {low} to {high + one} of {flat.nbytes}")
    return np.ndarray(shape, flat.dtype, flat, offset, strides)
