"""Intel's matrix products: NumPy chooses its own library."""

from __future__ import annotations

enabled = False


def is_available() -> bool:
    """False."""
    return False
