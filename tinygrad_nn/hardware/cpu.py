"""The CPU: the one device there is."""

from __future__ import annotations

from typing import Any

from tinygrad_nn.hardware import cpu_amp as amp
from tinygrad_nn.hardware.absent import Stream

__all__ = ["Stream", "amp", "current_device", "device_count", "is_available", "set_device", "stream", "synchronize"]


def is_available() -> bool:
    """True."""
    return True


def device_count() -> int:
    """1."""
    return 1


def current_device() -> str:
    """cpu."""
    return "cpu"


def set_device(device: object) -> None:
    """Nothing: there is one."""


def synchronize(device: object = None) -> None:
    """Nothing: all work is done already."""


def stream(stream: Any) -> Stream:
    """A context that does nothing."""
    return stream if isinstance(stream, Stream) else Stream()
