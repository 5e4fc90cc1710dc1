"""Pooling layers: settings, and one call of `nn.functional`."""

from __future__ import annotations

from typing import Any

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.nn import functional as F
from tinygrad_nn.nn.arguments import size, sizes
from tinygrad_nn.nn.module import Module
from tinygrad_nn.tensor import Tensor

__all__ = [
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d", "AvgPool1d", "AvgPool2d", "AvgPool3d", "MaxPool1d", "MaxPool2d", "MaxPool3d",
]  # fmt: skip

Number = int | tuple[int, ...]


def _checked(layer: str, rank: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any) -> None:
    """ValueError or TypeError for what no window has."""
    kernel = sizes(layer, "kernel_size", kernel_size, rank)
    if stride is not None and stride != ():
        sizes(layer, "stride", stride, rank)
    gaps, pads = sizes(layer, "dilation", dilation, rank), sizes(layer, "padding", padding, rank, 0)
    if any([2 * p > d * (k - 1) + 1 for p, d, k in zip(pads, gaps, kernel, strict=True)]):
        raise ArgumentError(
            message(
                f"{layer}: pad should be at most half of effective kernel size",
                got=f"padding={padding}, kernel_size={kernel_size}",
            )
        )


class _MaxPool(Module):
    rank: int

    @switches
    def __init__(
        self, kernel_size: Number, stride: Number | None = None, padding: Number = 0, dilation: Number = 1,
        return_indices: bool = False, ceil_mode: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        _checked(type(self).__name__, self.rank, kernel_size, stride, padding, dilation)
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input: Tensor) -> Any:
        """The maxima; with `return_indices` also their places."""
        pool = getattr(F, f"max_pool{self.rank}d")
        return pool(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The largest element of each window: (N, C, L) or (C, L) to (N, C, L').

    L' = (L + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1, rounded up with `ceil_mode`;
    stride is kernel_size unless given. Padding counts as minus infinity.
    Raises TypeError or ValueError for sizes that are not positive integers or more padding than half a window.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.MaxPool1d(2)(tg.tensor([[1.0, 3.0, 2.0, 0.0]]))
    tensor([[3., 2.]])
    """

    rank = 1


class MaxPool2d(_MaxPool):
    """As MaxPool1d, over (N, C, H, W) or (C, H, W). With `return_indices` the places too, in the flattened H * W.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.MaxPool2d(2)(tg.arange(16.0).reshape(1, 4, 4))
    tensor([[[ 5.,  7.],
             [13., 15.]]])
    """

    rank = 2


class MaxPool3d(_MaxPool):
    """As MaxPool1d, over (N, C, D, H, W) or (C, D, H, W)."""

    rank = 3


class AvgPool1d(Module):
    """The mean of each window: (N, C, L) or (C, L) to (N, C, L'); padding counts as zeros.

    count_include_pad: whether padded zeros count among the elements that the sum is divided by.
    Raises as MaxPool1d does.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.AvgPool1d(2)(tg.tensor([[1.0, 3.0, 2.0, 0.0]]))
    tensor([[2., 1.]])
    """

    @switches
    def __init__(
        self, kernel_size: Number, stride: Number | None = None, padding: Number = 0, ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        _checked("AvgPool1d", 1, kernel_size, stride, padding, 1)
        self.kernel_size = sizes("AvgPool1d", "kernel_size", kernel_size, 1)
        self.stride = self.kernel_size if stride is None else sizes("AvgPool1d", "stride", stride, 1)
        self.padding = sizes("AvgPool1d", "padding", padding, 1, 0)
        self.ceil_mode, self.count_include_pad = ceil_mode, count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """The means."""
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    def extra_repr(self) -> str:
        """The settings."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AvgPool(Module):
    rank: int

    @switches
    def __init__(
        self, kernel_size: Number, stride: Number | None = None, padding: Number = 0, ceil_mode: bool = False,
        count_include_pad: bool = True, divisor_override: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        _checked(type(self).__name__, self.rank, kernel_size, stride, padding, 1)
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = stride if stride is not None else kernel_size
        self.ceil_mode, self.count_include_pad, self.divisor_override = ceil_mode, count_include_pad, divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """The means."""
        pool = getattr(F, f"avg_pool{self.rank}d")
        return pool(  # type: ignore[no-any-return]
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self) -> str:
        """The settings."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(_AvgPool):
    """As AvgPool1d, over (N, C, H, W) or (C, H, W). divisor_override: what to divide every sum by."""

    rank = 2


class AvgPool3d(_AvgPool):
    """As AvgPool2d, over (N, C, D, H, W) or (C, D, H, W)."""

    rank = 3


class _Adaptive(Module):
    """As many windows as are asked for; None keeps a dimension's size."""

    rank: int

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        layer = type(self).__name__
        given = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * self.rank
        if len(given) != self.rank:
            raise ArgumentError(
                message(f"{layer}: output_size must be one number or {self.rank}", got=f"output_size={output_size!r}")
            )
        for n in given:
            if n is not None:
                size(layer, "output_size", n)
        self.output_size = output_size

    def extra_repr(self) -> str:
        """The number of windows."""
        return f"output_size={self.output_size}"


class _AdaptiveAvg(_Adaptive):
    def forward(self, input: Tensor) -> Tensor:
        """The means."""
        return getattr(F, f"adaptive_avg_pool{self.rank}d")(input, self.output_size)  # type: ignore[no-any-return]


class AdaptiveAvgPool1d(_AdaptiveAvg):
    """Means of `output_size` windows that cover the input: (N, C, L) or (C, L) to (N, C, output_size).

    Window i reaches from floor(i * L / out) to ceil((i + 1) * L / out).
    Raises TypeError or ValueError for an output_size that is not a positive integer.
    """

    rank = 1


class AdaptiveAvgPool2d(_AdaptiveAvg):
    """As AdaptiveAvgPool1d, over (N, C, H, W) or (C, H, W); output_size: a number or (rows, columns).

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.AdaptiveAvgPool2d(1)(tg.ones(2, 3, 5, 7)).shape == (2, 3, 1, 1)
    True
    """

    rank = 2


class AdaptiveAvgPool3d(_AdaptiveAvg):
    """As AdaptiveAvgPool1d, over (N, C, D, H, W) or (C, D, H, W)."""

    rank = 3


class _AdaptiveMax(_Adaptive):
    @switches
    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        """The maxima; with `return_indices` also their places."""
        return getattr(F, f"adaptive_max_pool{self.rank}d")(input, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMax):
    """The largest of each of `output_size` windows, which lie as in AdaptiveAvgPool1d."""

    rank = 1


class AdaptiveMaxPool2d(_AdaptiveMax):
    """As AdaptiveMaxPool1d, over (N, C, H, W) or (C, H, W)."""

    rank = 2


class AdaptiveMaxPool3d(_AdaptiveMax):
    """As AdaptiveMaxPool1d, over (N, C, D, H, W) or (C, D, H, W)."""

    rank = 3
