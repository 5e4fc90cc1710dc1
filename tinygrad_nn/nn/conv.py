"""Convolution layers: weight and bias, and one call of `nn.functional`."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_nn.errors import ArgumentError, DTypeError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.nn import functional as F
from tinygrad_nn.nn import init
from tinygrad_nn.nn.arguments import new_parameter, size, sizes
from tinygrad_nn.nn.functional.window import padding_of
from tinygrad_nn.nn.module import Module
from tinygrad_nn.nn.parameter import Parameter
from tinygrad_nn.tensor import Tensor

__all__ = ["Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]

Number = int | tuple[int, ...]
MODES = ("zeros", "reflect", "replicate", "circular")


class _Conv(Module):
    """What all share. `rank` is the number of dimensions that the kernel slides over."""

    rank: int
    transposed = False
    bias: Parameter | None

    @switches
    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Number, stride: Number, padding: Number | str,
        output_padding: Number, dilation: Number, groups: int, bias: bool, padding_mode: str, device: object, dtype: object,
    ) -> None:  # fmt: skip
        super().__init__()
        layer = type(self).__name__
        self.in_channels, self.out_channels = (
            size(layer, "in_channels", in_channels),
            size(layer, "out_channels", out_channels),
        )
        self.kernel_size = sizes(layer, "kernel_size", kernel_size, self.rank)
        self.stride = sizes(layer, "stride", stride, self.rank)
        self.dilation = sizes(layer, "dilation", dilation, self.rank)
        self.padding: tuple[int, ...] | str = self._checked_padding(layer, padding)
        self.output_padding = sizes(layer, "output_padding", output_padding, self.rank, 0)
        self.groups = size(layer, "groups", groups)
        for name, channels in (("in_channels", self.in_channels), ("out_channels", self.out_channels)):
            if channels % self.groups:
                raise ArgumentError(
                    message(f"{layer}: {name} must be divisible by groups", got=f"{name}={channels}, groups={groups}")
                )
        if padding_mode not in (MODES[:1] if self.transposed else MODES):
            words = ("'zeros'",) if self.transposed else tuple(map(repr, MODES))
            raise ArgumentError(
                message(
                    f"{layer}: padding_mode must be one of {', '.join(words)}", got=f"padding_mode={padding_mode!r}"
                )
            )
        self.padding_mode = padding_mode
        ends = (self.in_channels, self.out_channels) if self.transposed else (self.out_channels, self.in_channels)
        self.weight = new_parameter(ends[0], ends[1] // self.groups, *self.kernel_size, device=device, dtype=dtype)
        self.register_parameter("bias", new_parameter(self.out_channels, device=device, dtype=dtype) if bias else None)
        self.reset_parameters()

    def _checked_padding(self, layer: str, padding: Any) -> tuple[int, ...] | str:
        if not isinstance(padding, str):
            return sizes(layer, "padding", padding, self.rank, 0)
        if padding not in ("same", "valid") or self.transposed:
            fix = "a number" if self.transposed else "'same', 'valid' or a number"
            kind = DTypeError if self.transposed else ArgumentError
            raise kind(message(f"{layer}: Invalid padding string", got=f"padding={padding!r}", fix=fix))
        if padding == "same" and any([s != 1 for s in self.stride]):
            raise ArgumentError(
                message(
                    f"{layer}: padding='same' is not supported for strided convolutions", got=f"stride={self.stride}"
                )
            )
        return padding

    def reset_parameters(self) -> None:
        """Draw weight and bias anew: uniform in [-k, k], k = 1 / sqrt(fan_in)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in = math.prod(self.weight.shape[1:])
            bound = 1 / math.sqrt(fan_in) if fan_in else 0
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        """Channels, kernel, and what is not the default."""
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * self.rank:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * self.rank:
            text += f", dilation={self.dilation}"
        if any(self.output_padding):
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


class _Straight(_Conv):
    @switches
    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Number, stride: Number = 1, padding: Number | str = 0,
        dilation: Number = 1, groups: int = 1, bias: bool = True, padding_mode: str = "zeros", device: object = None,
        dtype: object = None,
    ) -> None:  # fmt: skip
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            0,
            dilation,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Tensor) -> Tensor:
        """The sliding products."""
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            pads = padding_of(type(self).__name__, padding, self.kernel_size, self.dilation, self.stride)
            input = F.pad(input, [n for pair in reversed(pads) for n in pair], self.padding_mode)
            padding = 0
        convolve = getattr(F, f"conv{self.rank}d")
        return convolve(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)  # type: ignore[no-any-return]


class Conv1d(_Straight):
    """y[n, o, i] = bias[o] + sum over c, k of weight[o, c, k] * x[n, c, i * stride + k * dilation - padding].

    x: (N, C, L) or (C, L); weight: (O, C / groups, K), bias: (O,), both uniform in [-k, k] with
    k = 1 / sqrt(C * K / groups). padding: a number, "same" or "valid", filled as padding_mode says:
    "zeros", "reflect", "replicate" or "circular".
    Raises TypeError or ValueError for sizes that are not positive integers, channels that the groups do
    not divide, an unknown padding; and RuntimeError at the call for an input that does not fit.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.Conv1d(3, 8, 5, padding="same")(tg.ones(2, 3, 20)).shape == (2, 8, 20)
    True
    """

    rank = 1


class Conv2d(_Straight):
    """As Conv1d, over (N, C, H, W) or (C, H, W); kernel_size, stride, padding, dilation: a number or (vertical, horizontal).

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.Conv2d(1, 8, 3, stride=2, padding=1)(tg.ones(4, 1, 28, 28)).shape == (4, 8, 14, 14)
    True
    """

    rank = 2


class Conv3d(_Straight):
    """As Conv1d, over (N, C, D, H, W) or (C, D, H, W).

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.Conv3d(1, 2, (1, 3, 3))(tg.ones(1, 1, 4, 6, 6)).shape == (1, 2, 4, 4, 4)
    True
    """

    rank = 3


class _Transposed(_Conv):
    transposed = True

    @switches
    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Number, stride: Number = 1, padding: Number = 0,
        output_padding: Number = 0, groups: int = 1, bias: bool = True, dilation: Number = 1, padding_mode: str = "zeros",
        device: object = None, dtype: object = None,
    ) -> None:  # fmt: skip
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, output_padding, dilation, groups, bias, padding_mode,
            device, dtype,
        )  # fmt: skip

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        """The upsampled maps; `output_size` chooses among the sizes that the stride leaves open."""
        extra = self.output_padding if output_size is None else self._extra_for(input, output_size)
        convolve = getattr(F, f"conv_transpose{self.rank}d")
        return convolve(  # type: ignore[no-any-return]
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation
        )

    def _extra_for(self, input: Tensor, output_size: Any) -> tuple[int, ...]:
        """The output padding that gives this size."""
        wanted = tuple(output_size)[-self.rank :]
        assert not isinstance(self.padding, str)
        least = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                input.shape[-self.rank :], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        most = [n + s - 1 for n, s in zip(least, self.stride, strict=True)]
        if len(wanted) != self.rank or any(
            [not low <= n <= high for low, n, high in zip(least, wanted, most, strict=True)]
        ):
            raise ArgumentError(
                message(
                    f"{type(self).__name__}: output_size is not one that this layer can give",
                    got=f"output_size={tuple(output_size)} for input {tuple(input.shape)}",
                    fix=f"from {tuple(least)} to {tuple(most)}",
                )
            )
        return tuple([n - low for n, low in zip(wanted, least, strict=True)])


class ConvTranspose1d(_Transposed):
    """The transpose of Conv1d: each x[n, c, i] adds weight[c, o, k] * x at y[n, o, i * stride + k * dilation - padding].

    x: (N, C, L) or (C, L); weight: (C, O / groups, K), bias: (O,). `output_padding` adds to the end of y.
    Raises as Conv1d does.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.ConvTranspose1d(3, 2, 4, stride=2, padding=1)(tg.ones(1, 3, 10)).shape == (1, 2, 20)
    True
    """

    rank = 1


class ConvTranspose2d(_Transposed):
    """As ConvTranspose1d, over (N, C, H, W) or (C, H, W).

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> up = nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1)
    >>> up(tg.ones(1, 16, 6, 6), output_size=(12, 12)).shape == (1, 8, 12, 12)
    True
    """

    rank = 2


class ConvTranspose3d(_Transposed):
    """As ConvTranspose1d, over (N, C, D, H, W) or (C, D, H, W)."""

    rank = 3
