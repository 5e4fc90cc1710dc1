"""NVIDIA's library of layers: not here. The switches are kept, and change nothing."""

from __future__ import annotations

enabled = False
benchmark = False
benchmark_limit: int | None = None
deterministic = True
allow_tf32 = False


def is_available() -> bool:
    """False."""
    return False


def version() -> None:
    """None."""
    return None
