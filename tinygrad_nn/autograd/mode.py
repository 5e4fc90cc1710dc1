"""Switches for the running thread: whether operations are recorded.

Each is a context manager and a decorator, restores what it found (under exceptions too), and
touches no other thread.
"""

from __future__ import annotations

from contextlib import ContextDecorator
from types import TracebackType

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

    def __init__(self) -> None:
        self._before: list[tuple[bool, bool]] = []

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

    def __init__(self, mode: bool = True) -> None:
        super().__init__()
        self.grad, self.inference = not mode, mode

    def __new__(cls, mode: object = True) -> inference_mode:
        if callable(mode):  # used as a bare decorator: @inference_mode
            return cls()(mode)  # type: ignore[return-value]
        return super().__new__(cls)


class set_grad_enabled(_Switch):  # noqa: N801 - PyTorch's name
    """Recording on or off: at once as a call, and for a block as a context manager."""

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self._before.append((local.mode.grad, local.mode.inference))
        self.grad = bool(mode)
        local.mode.grad = self.grad

    def __enter__(self) -> None:
        local.mode.grad = bool(self.grad)


def is_grad_enabled() -> bool:
    """Whether operations are recorded now, in this thread."""
    return local.mode.grad


def is_inference_mode_enabled() -> bool:
    """Whether this thread is inside `inference_mode`."""
    return local.mode.inference
