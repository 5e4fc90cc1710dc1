"""NVIDIA's GPUs: none."""

from __future__ import annotations

from typing import Any, NoReturn

from tinygrad_nn.hardware import cuda_amp as amp
from tinygrad_nn.hardware.absent import Stream, refuse

__all__ = [
    "Stream",
    "amp",
    "current_device",
    "device_count",
    "empty_cache",
    "get_device_capability",
    "get_device_name",
    "get_device_properties",
    "init",
    "is_available",
    "is_bf16_supported",
    "is_initialized",
    "manual_seed",
    "manual_seed_all",
    "max_memory_allocated",
    "max_memory_reserved",
    "memory_allocated",
    "memory_reserved",
    "reset_peak_memory_stats",
    "set_device",
    "stream",
    "synchronize",
]


def is_available() -> bool:
    """False: everything is computed on the CPU.

    >>> import tinygrad_nn as tg
    >>> tg.device("cuda" if tg.cuda.is_available() else "cpu")
    device(type='cpu')
    """
    return False


def is_initialized() -> bool:
    """False."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def init() -> NoReturn:
    """RuntimeError: no GPU."""
    refuse("cuda")


def current_device() -> NoReturn:
    """RuntimeError: no GPU."""
    refuse("cuda")


def set_device(device: object) -> NoReturn:
    """RuntimeError: no GPU."""
    refuse("cuda")


def get_device_name(device: object = None) -> NoReturn:
    """RuntimeError: no GPU."""
    refuse("cuda")


def get_device_properties(device: object = None) -> NoReturn:
    """RuntimeError: no GPU."""
    refuse("cuda")


def get_device_capability(device: object = None) -> NoReturn:
    """RuntimeError: no GPU."""
    refuse("cuda")


def manual_seed(seed: int) -> None:
    """Nothing: there is no generator of a GPU."""


def manual_seed_all(seed: int) -> None:
    """Nothing: there is no generator of a GPU."""


def empty_cache() -> None:
    """Nothing."""


def synchronize(device: object = None) -> None:
    """Nothing: all work is done already."""


def memory_allocated(device: object = None) -> int:
    """0 bytes."""
    return 0


def max_memory_allocated(device: object = None) -> int:
    """0 bytes."""
    return 0


def memory_reserved(device: object = None) -> int:
    """0 bytes."""
    return 0


def max_memory_reserved(device: object = None) -> int:
    """0 bytes."""
    return 0


def reset_peak_memory_stats(device: object = None) -> None:
    """Nothing."""


def stream(stream: Any) -> Stream:
    """A context that does nothing."""
    return stream if isinstance(stream, Stream) else Stream()
