"""Whatever accelerator there is: none."""

from __future__ import annotations

from typing import NoReturn

from tinygrad_nn.hardware.absent import refuse
from tinygrad_nn.placement import device

__all__ = [
    "current_accelerator",
    "current_device_index",
    "device_count",
    "is_available",
    "set_device_index",
    "synchronize",
]


def is_available() -> bool:
    """False: everything is computed on the CPU."""
    return False


def device_count() -> int:
    """0."""
    return 0


def current_accelerator(check_available: bool = False) -> device | None:
    """None."""
    return None


def current_device_index() -> NoReturn:
    """RuntimeError: no accelerator."""
    refuse("cuda")


def set_device_index(device: object) -> NoReturn:
    """RuntimeError: no accelerator."""
    refuse("cuda")


def synchronize(device: object = None) -> None:
    """Nothing: all work is done already."""
