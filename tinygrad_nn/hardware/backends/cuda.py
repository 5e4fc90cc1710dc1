"""CUDA's libraries: not here. The switches are kept, and change nothing."""

from __future__ import annotations


class _Switches:
    """Attributes that scripts set."""

    allow_tf32: bool = False
    allow_fp16_reduced_precision_reduction: bool = False
    fp32_precision: str = "ieee"


matmul = _Switches()


def is_built() -> bool:
    """False."""
    return False
