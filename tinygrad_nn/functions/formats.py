"""The argument `memory_format`, as the order of dimensions that it asks for."""

from __future__ import annotations

from typing import Any

from tinygrad_nn.errors import DTypeError, ShapeError, message
from tinygrad_nn.order import CHANNELS_LAST
from tinygrad_nn.placement import channels_last, channels_last_3d, contiguous_format, memory_format, preserve_format

__all__ = ["RANKS", "order_for"]

RANKS = {channels_last.name: 4, channels_last_3d.name: 5}


def order_for(format: Any, ndim: int, name: str) -> tuple[int, ...] | None:
    """The order that `format` asks for; None for `preserve_format`, which asks for the one that is there.

    Raises TypeError for what is no memory format, RuntimeError for a tensor of another rank than it is for.

    >>> order_for(channels_last, 4, "contiguous"), order_for(contiguous_format, 2, "contiguous")
    ((0, 2, 3, 1), (0, 1))
    """
    if type(format) is not memory_format:
        raise DTypeError(
            message(
                f"{name}: memory_format must be a memory_format", got=repr(format), fix="memory_format=channels_last"
            )
        )
    if format.name == preserve_format.name:
        return None
    if format.name == contiguous_format.name:
        return tuple(range(ndim))
    if ndim != RANKS[format.name]:
        raise ShapeError(
            message(
                f"{name}: required rank {RANKS[format.name]} tensor to use {format.name} format",
                got=f"{ndim} dimension(s)",
            )
        )
    return CHANNELS_LAST[ndim]
