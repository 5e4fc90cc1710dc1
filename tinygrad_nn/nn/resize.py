"""Layers that change an image's size or lay it out anew: Upsample, PixelShuffle, Fold and Unfold."""

from __future__ import annotations

from typing import Any

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.nn import functional as F
from tinygrad_nn.nn.arguments import number, sizes
from tinygrad_nn.nn.arguments import size as checked
from tinygrad_nn.nn.module import Module
from tinygrad_nn.tensor import Tensor

__all__ = ["Fold", "PixelShuffle", "PixelUnshuffle", "Unfold", "Upsample"]

MODES = ("nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area")


class Upsample(Module):
    """(N, C, L), (N, C, H, W) or (N, C, D, H, W) resampled to `size`, or by `scale_factor`: see `F.interpolate`.

    mode: "nearest", "linear", "bilinear", "bicubic" or "trilinear".
    Raises ValueError for an unknown mode.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.Upsample(scale_factor=2)(tg.tensor([[[1.0, 2.0]]]))
    tensor([[[1., 1., 2., 2.]]])
    """

    @switches
    def __init__(
        self, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        if mode not in MODES:
            raise ArgumentError(message(f"Upsample: unknown mode {mode!r}", fix=", ".join(MODES)))
        self.name = type(self).__name__
        self.size, self.mode = size, mode
        for factor in scale_factor if isinstance(scale_factor, tuple) else (scale_factor,):
            if factor is not None:
                number("Upsample", "scale_factor", factor, above=0)
        if isinstance(scale_factor, tuple):
            self.scale_factor: Any = tuple([float(factor) for factor in scale_factor])
        else:
            self.scale_factor = float(scale_factor) if scale_factor else None
        self.align_corners, self.recompute_scale_factor = align_corners, recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        """The resampled image."""
        return F.interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )

    def extra_repr(self) -> str:
        """The new size, and the mode."""
        what = f"scale_factor={self.scale_factor!r}" if self.scale_factor is not None else f"size={self.size!r}"
        return f"{what}, mode={self.mode!r}"


class PixelShuffle(Module):
    """Channels spread over finer pixels: (..., C * r^2, H, W) to (..., C, H * r, W * r). (Shi et al., 2016)

    Raises TypeError or ValueError for a factor that is not a positive integer.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.PixelShuffle(2)(tg.arange(4.0).reshape(4, 1, 1))
    tensor([[[0., 1.],
             [2., 3.]]])
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = checked("PixelShuffle", "upscale_factor", upscale_factor)

    def forward(self, input: Tensor) -> Tensor:
        """The finer image."""
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        """The factor."""
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """The reverse of PixelShuffle: (..., C, H * r, W * r) to (..., C * r^2, H, W)."""

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = checked("PixelUnshuffle", "downscale_factor", downscale_factor)

    def forward(self, input: Tensor) -> Tensor:
        """The coarser image."""
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        """The factor."""
        return f"downscale_factor={self.downscale_factor}"


def _check(layer: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> None:
    for name, value, least in (
        ("kernel_size", kernel_size, 1),
        ("dilation", dilation, 1),
        ("padding", padding, 0),
        ("stride", stride, 1),
    ):
        sizes(layer, name, value, 2, least)


class Unfold(Module):
    """Every window as a column: (N, C, H, W) or (C, H, W) to (N, C * KH * KW, windows).

    Raises TypeError or ValueError for sizes that are not positive integers.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.Unfold(2)(tg.ones(1, 3, 4, 5)).shape == (1, 12, 12)
    True
    """

    def __init__(self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> None:
        super().__init__()
        _check("Unfold", kernel_size, dilation, padding, stride)
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input: Tensor) -> Tensor:
        """The columns."""
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """The settings."""
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"


class Fold(Module):
    """Columns added up where their windows lie: (N, C * KH * KW, windows) to (N, C, *output_size); Unfold's transpose.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.Fold((1, 3), (1, 2))(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[[1., 5., 4.]]])
    """

    def __init__(
        self, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
    ) -> None:
        super().__init__()
        sizes("Fold", "output_size", output_size, 2)
        _check("Fold", kernel_size, dilation, padding, stride)
        self.output_size = output_size
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, input: Tensor) -> Tensor:
        """The image."""
        return F.fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, dilation={self.dilation}, "
            f"padding={self.padding}, stride={self.stride}"
        )
