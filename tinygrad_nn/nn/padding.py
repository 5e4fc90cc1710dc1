"""Padding layers: a border, of a constant or of copies of what is inside."""

from __future__ import annotations

from typing import Any

from tinygrad_nn.errors import ArgumentError, DTypeError, message
from tinygrad_nn.nn import functional as F
from tinygrad_nn.nn.module import Module
from tinygrad_nn.tensor import Tensor

__all__ = [
    "CircularPad1d", "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d", "ReflectionPad1d",
    "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d", "ZeroPad1d", "ZeroPad2d",
    "ZeroPad3d",
]  # fmt: skip


class _Pad(Module):
    """padding: one number for every side, or (left, right, top, bottom, ...); negative numbers cut off.

    Raises TypeError for what is not an integer, ValueError for a wrong count of numbers.
    """

    rank: int
    mode = "constant"
    value: float | None = None

    def __init__(self, padding: Any) -> None:
        super().__init__()
        sides = 2 * self.rank
        given = tuple(padding) if isinstance(padding, (tuple, list)) else (padding,) * sides
        if any([isinstance(n, bool) or not isinstance(n, int) for n in given]):
            raise DTypeError(
                message(
                    f"{type(self).__name__}: padding must be an integer or {sides} of them", got=f"padding={padding!r}"
                )
            )
        if len(given) != sides:
            raise ArgumentError(
                message(f"{type(self).__name__}: padding must be one integer or {sides}", got=f"padding={padding!r}")
            )
        self.padding = given

    def forward(self, input: Tensor) -> Tensor:
        """x with its border."""
        return F.pad(input, self.padding, self.mode, self.value)

    def extra_repr(self) -> str:
        """The border."""
        return f"{self.padding}"


class _ConstantPad(_Pad):
    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def extra_repr(self) -> str:
        """The border and what it holds."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPad):
    """A border of `value` around the last dimension: a number, or (left, right); negative numbers cut off.

    Raises TypeError or ValueError for other paddings.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.ConstantPad1d((1, 2), 9.0)(tg.tensor([[1.0, 2.0]]))
    tensor([[9., 1., 2., 9., 9.]])
    """

    rank = 1


class ConstantPad2d(_ConstantPad):
    """As ConstantPad1d, around the last two dimensions: a number, or (left, right, top, bottom)."""

    rank = 2


class ConstantPad3d(_ConstantPad):
    """As ConstantPad1d, around the last three dimensions."""

    rank = 3


class _ZeroPad(_Pad):
    value = 0.0


class ZeroPad1d(_ZeroPad):
    """A border of zeros around the last dimension; arguments as for ConstantPad1d."""

    rank = 1


class ZeroPad2d(_ZeroPad):
    """A border of zeros around the last two dimensions: a number, or (left, right, top, bottom).

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.ZeroPad2d((1, 0, 0, 1))(tg.ones(1, 1, 2))
    tensor([[[0., 1., 1.],
             [0., 0., 0.]]])
    """

    rank = 2


class ZeroPad3d(_ZeroPad):
    """A border of zeros around the last three dimensions."""

    rank = 3


class ReflectionPad1d(_Pad):
    """(N, C, L) or (C, L) mirrored at its outer elements, which are not repeated; arguments as for ConstantPad1d.

    Raises RuntimeError at the call for a border as wide as the input.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.ReflectionPad1d((2, 1))(tg.tensor([[1.0, 2.0, 3.0]]))
    tensor([[3., 2., 1., 2., 3., 2.]])
    """

    rank, mode = 1, "reflect"


class ReflectionPad2d(_Pad):
    """As ReflectionPad1d, for (N, C, H, W) or (C, H, W)."""

    rank, mode = 2, "reflect"


class ReflectionPad3d(_Pad):
    """As ReflectionPad1d, for (N, C, D, H, W) or (C, D, H, W)."""

    rank, mode = 3, "reflect"


class ReplicationPad1d(_Pad):
    """(N, C, L) or (C, L) with its outer elements repeated; arguments as for ConstantPad1d."""

    rank, mode = 1, "replicate"


class ReplicationPad2d(_Pad):
    """As ReplicationPad1d, for (N, C, H, W) or (C, H, W).

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.ReplicationPad2d((1, 0, 1, 0))(tg.tensor([[[1.0, 2.0]]]))
    tensor([[[1., 1., 2.],
             [1., 1., 2.]]])
    """

    rank, mode = 2, "replicate"


class ReplicationPad3d(_Pad):
    """As ReplicationPad1d, for (N, C, D, H, W) or (C, D, H, W)."""

    rank, mode = 3, "replicate"


class CircularPad1d(_Pad):
    """(N, C, L) or (C, L) continued from its other side; arguments as for ConstantPad1d."""

    rank, mode = 1, "circular"


class CircularPad2d(_Pad):
    """As CircularPad1d, for (N, C, H, W) or (C, H, W)."""

    rank, mode = 2, "circular"


class CircularPad3d(_Pad):
    """As CircularPad1d, for (N, C, D, H, W) or (C, D, H, W)."""

    rank, mode = 3, "circular"
