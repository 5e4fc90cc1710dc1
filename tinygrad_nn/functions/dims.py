"""Dimensions as users give them: negative, in tuples, or by NumPy's names `axis` and `keepdims`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from operator import index
from typing import Any, TypeVar

import numpy as np

from tinygrad_nn.errors import AutogradError, DTypeError, IndexingError, message
from tinygrad_nn.flags import is_flag, named_flags, refused_flag

__all__ = ["axes", "axis", "numpy_spelling", "sizes"]

F = TypeVar("F", bound=Callable[..., Any])


def whole(value: Any, name: str, word: str) -> int:
    """`value` as an integer. TypeError for a float, a bool, a string."""
    try:
        if not isinstance(value, (bool, np.bool_)):
            return index(value)
    except TypeError:
        pass
    raise DTypeError(message(f"{name}: {word} must be an integer", got=f"{value!r:.60}"))


def axis(dim: Any, ndim: int, name: str) -> int:
    """`dim` as a non-negative axis of an array with `ndim` axes (a 0-d array counts as having one).

    >>> axis(-1, 3, "sum")
    2
    """
    k = dim if type(dim) is int else whole(dim, name, "dim")
    reach = max(ndim, 1)
    if not -reach <= k < reach:
        raise IndexingError(
            f"{name}: Dimension out of range (expected to be in range of [{-reach}, {reach - 1}], but got {k})"
        )
    return k % reach


def axes(dim: Any, ndim: int, name: str) -> tuple[int, ...] | None:
    """`dim` as a tuple of distinct axes in order; None (all of them) for None and, as in PyTorch, for ()."""
    if dim is None:
        return None
    if not isinstance(dim, (tuple, list)):
        k = axis(dim, ndim, name)
        return (k,) if ndim else None
    found = [axis(d, ndim, name) for d in dim]
    if len(set(found)) != len(found):
        raise AutogradError(message(f"{name}: a dim appears multiple times in the list of dims", got=tuple(dim)))
    return tuple(sorted(found)) if found and ndim else None


def sizes(given: tuple[Any, ...]) -> tuple[int, ...]:
    """Sizes given as separate integers or as one tuple.

    >>> sizes((2, 3)), sizes(((2, 3),))
    ((2, 3), (2, 3))
    """
    if len(given) == 1 and isinstance(given[0], (tuple, list)):
        given = tuple(given[0])
    try:
        if given and isinstance(given[0], (bool, np.bool_)):
            raise TypeError
        return tuple([index(n) for n in given])
    except TypeError:
        raise DTypeError(message("sizes must be integers", got=given)) from None


def numpy_spelling(function: F) -> F:
    """Let callers write NumPy's `axis=` and `keepdims=` for `dim=` and `keepdim=`; refuse flags that are no bools."""
    places = named_flags(function)
    first = min([place for place, _ in places.values()], default=10_000)

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if len(args) > first:
            for name, (place, optional) in places.items():
                if place < len(args) and not is_flag(name, args[place], optional):
                    raise refused_flag(function.__name__, name, args[place])
        if kwargs:
            if ("axis" in kwargs and "dim" in kwargs) or ("keepdims" in kwargs and "keepdim" in kwargs):
                raise DTypeError(f"{function.__name__}(): dim and axis (keepdim and keepdims) say the same: give one")
            if "axis" in kwargs:
                kwargs["dim"] = kwargs.pop("axis")
            if "keepdims" in kwargs:
                kwargs["keepdim"] = kwargs.pop("keepdims")
            for name, value in kwargs.items():
                if name in places and not is_flag(name, value, places[name][1]):
                    raise refused_flag(function.__name__, name, value)
        return function(*args, **kwargs)

    return wrapper  # type: ignore[return-value]
