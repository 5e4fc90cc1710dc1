"""OpenMP: NumPy's library has threads of its own."""

from __future__ import annotations

enabled = False


def is_available() -> bool:
    """False."""
    return False
