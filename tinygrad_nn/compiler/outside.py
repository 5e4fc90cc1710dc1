"""What was there before the step began: the tensors whose values a program reads afresh at each run."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np

from tinygrad_nn.primitive import TYPES

__all__ = ["GradOf", "Outside", "owner_of"]


def owner_of(array: Any) -> Any:
    """The array (or other object) that owns the memory."""
    while isinstance(array, np.ndarray) and array.base is not None:
        array = array.base
    return array


class GradOf:
    """The place `tensor.grad`, whichever tensor stands there when a program runs."""

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor

    @property
    def array(self) -> Any:
        """The elements of the gradient as it is now."""
        return self.tensor._grad.array


class _Alias:
    """An array that shares the memory of a tensor outside without being its array (a view of it)."""

    def __init__(self, tensor: Any, array: Any) -> None:
        self.tensor, self.array = tensor, array


class _Holders:
    """Tensors by an array that they have. The array is not held (an optimizer moves memory that is its own alone),
    but one that has come to its place in the meantime is not taken for it."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Any, Any]] = {}

    def add(self, array: Any, tensor: Any) -> None:
        """Note the first tensor that has the array; a leaf that requires grad before others, which may be anybody's."""
        if id(array) not in self.known or (tensor.node is not None and tensor.node.primitive is None):
            reference = weakref.ref(array) if isinstance(array, np.ndarray) else lambda: array
            self.known[id(array)] = reference, tensor

    def get(self, array: Any) -> Any:
        """The tensor that has the array; None if nobody had."""
        reference, tensor = self.known.get(id(array), (lambda: None, None))
        return tensor if reference() is array else None


class Outside:
    """All tensors of the process at one moment, by the arrays that they have."""

    def __init__(self) -> None:
        self.tensors: dict[int, Any] = {}  # by id
        self.arrays = _Holders()
        self.owners = _Holders()  # by the array that owns the memory
        self.grads: dict[int, Any] = {}  # whose .grad it is, by the id of the gradient
        self.memory: dict[int, Any] = {}  # arrays that were said to be outside
        for thing in gc.get_objects():
            if type(thing) in TYPES:
                array = getattr(thing, "array", None)
                if array is None:
                    continue
                self.tensors[id(thing)] = thing
                self.arrays.add(array, thing)
                self.owners.add(owner_of(array), thing)
                if thing._grad is not None:
                    self.grads[id(thing._grad)] = thing

    def has(self, tensor: Any) -> bool:
        """Whether the tensor was there."""
        return id(tensor) in self.tensors

    def find(self, tensor: Any) -> Any:
        """Where to read, at each run, what this tensor has; None if it was made inside the step."""
        array = tensor.array
        found = tensor if id(tensor) in self.tensors else self.arrays.get(array)
        if found is None:
            holder = self.owners.get(owner_of(array))
            return tensor if holder is not None or id(owner_of(array)) in self.memory else None
        owner = self.grads.get(id(found))
        return found if owner is None else GradOf(owner)
