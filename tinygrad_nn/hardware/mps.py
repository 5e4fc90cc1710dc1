"""Apple's GPUs: none."""

from __future__ import annotations

__all__ = ["device_count", "empty_cache", "is_available", "manual_seed", "synchronize"]


def is_available() -> bool:
    """False: everything is computed on the CPU."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """Nothing: there is no generator of a GPU."""


def empty_cache() -> None:
    """Nothing."""


def synchronize() -> None:
    """Nothing: all work is done already."""
