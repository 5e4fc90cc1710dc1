"""The memory behind a tensor and its views, seen as one row of elements or of bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

__all__ = ["TypedStorage", "UntypedStorage", "memory_of"]

Array = np.ndarray[Any, Any]


def memory_of(array: Array) -> Array:
    """The elements in the order of memory, as a flat view (a copy where the memory has gaps)."""
    return array.transpose(np.argsort([-stride for stride in array.strides], kind="stable")).reshape(-1)


class TypedStorage:
    """The elements in the order of memory: length, indexing, `tolist()`, `data_ptr()`."""

    def __init__(self, array: Array) -> None:
        self.array = memory_of(array)

    def data_ptr(self) -> int:
        """The address of the first element."""
        return int(self.array.__array_interface__["data"][0]) if self.array.size else 0

    def nbytes(self) -> int:
        """The length in bytes."""
        return self.array.nbytes

    def size(self) -> int:
        """The length in elements."""
        return len(self)

    def element_size(self) -> int:
        """Bytes per element."""
        return self.array.itemsize

    def untyped(self) -> UntypedStorage:
        """The same memory as bytes."""
        return UntypedStorage(self.array)

    def tolist(self) -> list[Any]:
        """The elements as a list."""
        found: list[Any] = self.array.tolist()
        return found

    def __len__(self) -> int:
        return self.array.size

    def __getitem__(self, place: Any) -> Any:
        found = self.array[place]
        return found.tolist()

    def __setitem__(self, place: Any, value: Any) -> None:
        self.array[place] = value

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, TypedStorage) and self.data_ptr() == other.data_ptr() and self.nbytes() == other.nbytes()
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        rows = "".join(f" {value}\n" for value in self.tolist())
        return f"{rows}[{type(self).__name__}(dtype={self.array.dtype}, device=cpu) of size {len(self)}]"


class UntypedStorage(TypedStorage):
    """The memory as bytes."""

    def __init__(self, array: Array) -> None:
        self.array = memory_of(array).view(np.uint8)
