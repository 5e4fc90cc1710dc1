"""Flags: arguments that are True or False. Anything else, such as the string "no", is a mistake and not true.

Where PyTorch's C++ takes a flag, it takes a bool alone: `flags`. Where its Python code does, anything
that has a truth value will do, and here anything but a string: `switches`, and the names in `LOOSE`. Both
read the annotations: a parameter of type `bool` is a flag, one of `bool | None` may be None, too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import unwrap
from typing import Any, TypeVar

from tinygrad_nn.errors import DTypeError, message

__all__ = ["exact", "flags", "is_flag", "named_flags", "refuse_word", "refused_flag", "switches"]

F = TypeVar("F", bound=Callable[..., Any])

LOOSE = frozenset(("inplace", "return_indices", "size_average", "reduce"))
"""Flags that PyTorch reads in Python, beside others of the same function that it does not."""
OR_NONE = frozenset(("requires_grad", "pin_memory"))
"""Flags that may be None whatever their type says."""


def flags(function: F) -> F:
    """The function, which raises TypeError for a flag that is no bool.

    >>> @flags
    ... def count(n: int, upwards: bool = True) -> list[int]:
    ...     return list(range(n)) if upwards else list(range(n))[::-1]
    >>> count(3, upwards="no")
    Traceback (most recent call last):
    ...
    tinygrad_nn.errors.DTypeError: count(): argument 'upwards' must be bool, not str
      got: 'no'
      fix: upwards=True or upwards=False
    """
    return _checked(function, is_flag)


def is_flag(name: str, value: Any, optional: bool) -> bool:
    """Whether the flag `name` of a function under `flags` may have this value."""
    if value is True or value is False or (optional and value is None):
        return True
    return name in LOOSE and not isinstance(value, (str, bytes))


def switches(function: F) -> F:
    """The function, which raises TypeError for a flag that is a string."""
    return _checked(function, lambda name, value, optional: not isinstance(value, (str, bytes)))


def named_flags(function: Callable[..., Any]) -> dict[str, tuple[int, bool]]:
    """A function's flags by name: where each stands among the arguments, and whether it may be None."""
    function = unwrap(function)
    code = function.__code__
    found = {}
    for place, name in enumerate(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]):
        kind = function.__annotations__.get(name)
        if kind in ("bool", "bool | None", "Flag"):
            found[name] = (place if place < code.co_argcount else 10_000, kind != "bool" or name in OR_NONE)
    return found


def _checked(function: F, passes: Callable[[str, Any, bool], bool]) -> F:
    places = named_flags(function)
    first = min([place for place, _ in places.values()], default=10_000)

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            for name, value in kwargs.items():
                if (
                    name in places
                    and value is not True
                    and value is not False
                    and not passes(name, value, places[name][1])
                ):
                    raise refused_flag(function.__name__, name, value)
        if len(args) > first:
            for name, (place, optional) in places.items():
                if place < len(args):
                    value = args[place]
                    if value is not False and value is not True and not passes(name, value, optional):
                        raise refused_flag(function.__name__, name, value)
        return function(*args, **kwargs)

    return wrapper  # type: ignore[return-value]


def refused_flag(function: str, name: str, value: Any) -> DTypeError:
    """What is raised for a flag that is none."""
    return DTypeError(
        message(
            f"{function}(): argument '{name}' must be bool, not {type(value).__name__}",
            got=repr(value)[:60],
            fix=f"{name}=True or {name}=False",
        )
    )


def exact(function: str, **given: Any) -> None:
    """TypeError unless each flag is a bool: what `flags` does, for a function whose warnings count its callers."""
    for name, value in given.items():
        if value is not True and value is not False:
            raise refused_flag(function, name, value)


def refuse_word(function: str, name: str, value: Any) -> None:
    """TypeError for a flag that is a string."""
    if isinstance(value, (str, bytes)):
        raise refused_flag(function, name, value)
