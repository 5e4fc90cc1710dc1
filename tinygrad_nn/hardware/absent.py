"""What all accelerators that are not here have in common."""

from __future__ import annotations

from types import TracebackType
from typing import Any, NoReturn

from tinygrad_nn.placement import cpu_only

__all__ = ["Stream", "refuse"]


def refuse(kind: str) -> NoReturn:
    """Raise the one line (RuntimeError) about a device that is not here."""
    cpu_only(kind)
    raise AssertionError("the CPU is here")


class Stream:
    """A queue of work on a device: as a context manager it does nothing, since work is done at once."""

    def __init__(self, device: object = None, priority: int = 0) -> None:
        self.device = device

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: TracebackType | None) -> None:
        return None

    def synchronize(self) -> None:
        """All work is done already."""

    def wait_stream(self, stream: Stream) -> None:
        """All work is done already."""
