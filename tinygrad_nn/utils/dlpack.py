"""DLPack: memory shared with other libraries' arrays, without a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinygrad_nn.creation import from_dlpack

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = ["from_dlpack", "to_dlpack"]


def to_dlpack(tensor: Tensor) -> Any:
    """The tensor's memory as a DLPack capsule; the other library's `from_dlpack` takes it, once."""
    return tensor.__dlpack__()
