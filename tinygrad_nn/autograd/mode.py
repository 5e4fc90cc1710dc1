"""Switches for the running thread: whether operations are recorded.

Each is a context manager and a decorator, restores what it found (under exceptions too), and
touches no other thread.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ContextDecorator
from functools import partial, wraps
from inspect import isgeneratorfunction
from types import TracebackType
from typing import Any

from tinygrad_nn.errors import DTypeError, message
from tinygrad_nn.flags import flags, switches
from tinygrad_nn.tape import local

__all__ = [
    "enable_grad",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_grad_enabled",
]


class _Switch(ContextDecorator):
    """Sets (grad, inference) inside, and what was there before again outside; may be nested and reused."""

    grad: bool | None = None
    inference: bool | None = None

    def __new__(cls, *given: Any, **named: Any) -> Any:
        """The switch; for a bare decorator (`@no_grad`), the function with the switch around it."""
        if not given or cls.takes_a_mode:
            return super().__new__(cls)
        if len(given) == 1 and callable(given[0]):
            return cls()(given[0])
        raise DTypeError(
            message(
                f"{cls.__name__}: takes nothing, or the function that it decorates",
                got=repr(given[0])[:60],
                fix=f"with {cls.__name__}(): ...; or set_grad_enabled(mode)",
            )
        )

    takes_a_mode = False

    def __init__(self) -> None:
        self._before: list[tuple[bool, bool]] = []

    def __call__(self, func: Callable[..., Any]) -> Any:
        """The function in this mode; of a generator, each of its steps, not what runs in between."""
        if not isgeneratorfunction(func):
            return super().__call__(func)

        @wraps(func)
        def steps(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            running = func(*args, **kwargs)
            step = partial(next, running)
            while True:
                try:
                    with self:
                        given = step()
                except StopIteration as end:
                    return end.value
                try:
                    step = partial(running.send, (yield given))
                except GeneratorExit:
                    with self:
                        running.close()
                    raise
                except BaseException as error:
                    step = partial(running.throw, error)

        return steps

    def __enter__(self) -> None:
        mode = local.mode
        self._before.append((mode.grad, mode.inference))
        if self.grad is not None:
            mode.grad = self.grad
        if self.inference is not None:
            mode.inference = self.inference

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        local.mode.grad, local.mode.inference = self._before.pop()


class no_grad(_Switch):  # noqa: N801 - PyTorch's name
    """Operations inside are not recorded.

    >>> import tinygrad_nn as tg
    >>> x = tg.ones(2, requires_grad=True)
    >>> with tg.no_grad():
    ...     (x * 2).requires_grad
    False
    """

    grad = False


class enable_grad(_Switch):  # noqa: N801 - PyTorch's name
    """Operations inside are recorded, even within `no_grad`."""

    grad = True


class inference_mode(_Switch):  # noqa: N801 - PyTorch's name
    """Like `no_grad`; with `inference_mode(False)`, recording as usual."""

    takes_a_mode = True

    @switches
    def __init__(self, mode: bool = True) -> None:
        super().__init__()
        self.grad, self.inference = not mode, mode

    def __new__(cls, mode: object = True) -> inference_mode:
        if callable(mode):  # used as a bare decorator: @inference_mode
            return cls()(mode)  # type: ignore[no-any-return]
        return super().__new__(cls)  # type: ignore[no-any-return]


class set_grad_enabled(_Switch):  # noqa: N801 - PyTorch's name
    """Recording on or off: at once as a call, and for a block as a context manager."""

    takes_a_mode = True

    @flags
    def __init__(self, mode: bool) -> None:
        super().__init__()
        self._outside = local.mode.grad, local.mode.inference
        self.grad = bool(mode)
        local.mode.grad = self.grad

    def __call__(self, func: Callable[..., Any]) -> Any:
        """The function in this mode; nothing changes outside of it."""
        local.mode.grad, local.mode.inference = self._outside
        return (enable_grad if self.grad else no_grad)()(func)

    def __enter__(self) -> None:
        local.mode.grad = bool(self.grad)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        local.mode.grad, local.mode.inference = self._outside


def is_grad_enabled() -> bool:
    """Whether operations are recorded now, in this thread."""
    return local.mode.grad


def is_inference_mode_enabled() -> bool:
    """Whether this thread is inside `inference_mode`."""
    return local.mode.inference
