"""Does a library refuse a call, and with which family of exception?"""

from __future__ import annotations

import warnings
from typing import Any

from .runner import call_of

__all__ = ["complaint", "family_of", "refusal"]

ACCEPTED: tuple[type[Exception], ...] = (IndexError, ValueError, TypeError, RuntimeError)
FAMILIES = (*ACCEPTED, AttributeError, AssertionError, OverflowError, BufferError)


def refusal(lib: Any, text: str) -> Exception | None:
    """The exception of a call, or None where the library accepts it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            call_of(text, 0)(lib)
        except Exception as error:
            return error
    return None


def family_of(error: Exception) -> type[Exception]:
    """The builtin that an ``except`` clause would name."""
    return next((one for one in FAMILIES if isinstance(error, one)), type(error))


def complaint(theirs: Exception | None, mine: Exception | None) -> str | None:
    """What is wrong with our answer to a call, given PyTorch's.

    One of the four usual families will do where PyTorch uses another of them; anything else
    (an ``AttributeError`` of a name that does not exist, an ``AssertionError``) will not.
    """
    if theirs is None:
        return "PyTorch accepts it: not an invalid call"
    if mine is None:
        return f"accepted in silence, PyTorch raises {type(theirs).__name__}: {first_line(theirs)}"
    family = family_of(mine)
    if family is not family_of(theirs) and family not in ACCEPTED:
        return f"raises {type(mine).__name__}: {first_line(mine)}; PyTorch {type(theirs).__name__}"
    return None


def first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:160]
