"""Normalisation layers: scale, shift and running statistics, and one call of `nn.functional`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.nn import functional as F
from tinygrad_nn.nn import init
from tinygrad_nn.nn.arguments import buffer_of, new_parameter, number, size
from tinygrad_nn.nn.functional.common import here
from tinygrad_nn.nn.module import Module
from tinygrad_nn.nn.parameter import Parameter
from tinygrad_nn.primitive import wrap
from tinygrad_nn.tensor import Tensor

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "GroupNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d",
    "LayerNorm", "RMSNorm",
]  # fmt: skip


def _register_affine(module: Module, channels: int, affine: bool, bias: bool, device: object, dtype: object) -> None:
    """A scale and a shift for each channel, or None under their names."""
    for name, wanted in (("weight", affine), ("bias", affine and bias)):
        module.register_parameter(name, new_parameter(channels, device=device, dtype=dtype) if wanted else None)


class _Running(Module):
    """Scale, shift and running statistics for each of `num_features` channels."""

    _version = 2
    ranks: tuple[int, ...]
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Any

    @switches
    def __init__(
        self, num_features: int, eps: float, momentum: float | None, affine: bool, track_running_stats: bool, device: object,
        dtype: object, bias: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        layer = type(self).__name__
        self.num_features = size(layer, "num_features", num_features)
        number(layer, "eps", eps, least=0)
        if momentum is not None:
            number(layer, "momentum", momentum)
        self.eps, self.momentum, self.affine, self.track_running_stats = eps, momentum, affine, track_running_stats
        _register_affine(self, self.num_features, affine, bias, device, dtype)
        tracked = track_running_stats
        self.register_buffer("running_mean", buffer_of(np.zeros(self.num_features), dtype) if tracked else None)
        self.register_buffer("running_var", buffer_of(np.ones(self.num_features), dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", wrap(np.array(0, np.int64)) if tracked else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Mean 0, variance 1, no batches seen."""
        if self.track_running_stats:
            init.zeros_(self.running_mean)  # type: ignore[arg-type]
            init.ones_(self.running_var)  # type: ignore[arg-type]
            init.zeros_(self.num_batches_tracked)

    def reset_parameters(self) -> None:
        """Scale 1, shift 0, and the running statistics as new."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check_input(self, input: Tensor) -> None:
        if input.ndim not in self.ranks:
            raise ArgumentError(
                message(
                    f"{type(self).__name__}{here()}: expected {' or '.join(f'{rank}D' for rank in self.ranks)} input (got {input.ndim}D input)",
                    got=f"input {tuple(input.shape)}",
                )
            )

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Mapping[str, Any], strict: bool, missing_keys: list[str],
        unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        """Files of version 1 have no `num_batches_tracked`: it keeps its value then."""
        version, key = local_metadata.get("version"), prefix + "num_batches_tracked"
        if (version is None or version < 2) and self.track_running_stats and key not in state_dict:
            state_dict = {**state_dict, key: self.num_batches_tracked}
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_Running):
    @switches
    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = True,
        track_running_stats: bool = True, device: object = None, dtype: object = None, *,
        bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input: Tensor) -> Tensor:
        """The standardised batch."""
        self._check_input(input)
        momentum: Any = 0.0 if self.momentum is None else self.momentum
        if self.training and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:  # a plain average over all batches so far
                momentum = 1.0 / self.num_batches_tracked.double()
        own = self.training or (self.running_mean is None and self.running_var is None)
        keep = not self.training or self.track_running_stats
        return F.batch_norm(
            input, self.running_mean if keep else None, self.running_var if keep else None, self.weight, self.bias, own,
            momentum, self.eps,
        )  # fmt: skip


class BatchNorm1d(_BatchNorm):
    """(x - mean) / sqrt(var + eps) * weight + bias, each channel of (N, C) or (N, C, L) by itself.

    In training mode with the batch's mean and (biased) variance, and the running ones move towards them:
    running += momentum * (batch - running), the variance unbiased; momentum None averages all batches.
    In evaluation mode with the running ones, unless track_running_stats is False. weight starts as ones,
    bias as zeros; affine=False leaves them out.
    Raises ValueError for inputs of another rank, or one value per channel in training.
    (Ioffe and Szegedy, 2015)

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> norm = nn.BatchNorm1d(1)
    >>> _ = norm(tg.tensor([[0.0], [2.0]]))
    >>> norm.running_mean
    tensor([0.1000])
    """

    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """As BatchNorm1d, over (N, C, H, W)."""

    ranks = (4,)


class BatchNorm3d(_BatchNorm):
    """As BatchNorm1d, over (N, C, D, H, W)."""

    ranks = (5,)


class _InstanceNorm(_Running):
    @switches
    def __init__(
        self, num_features: int, eps: float = 1e-5, momentum: float | None = 0.1, affine: bool = False,
        track_running_stats: bool = False, device: object = None, dtype: object = None, *,
        bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias)

    def forward(self, input: Tensor) -> Tensor:
        """The standardised maps."""
        self._check_input(input)
        single = input.ndim == self.ranks[0]
        x = input.unsqueeze(0) if single else input
        if x.shape[1] != self.num_features and self.affine:
            raise ArgumentError(
                message(
                    f"{type(self).__name__}{here()}: expected input's size at dim={int(not single)} to match num_features ({self.num_features})",
                    got=f"input {tuple(input.shape)}",
                )
            )
        own = self.training or not self.track_running_stats
        out = F.instance_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, own,
            self.momentum if self.momentum is not None else 0.0, self.eps,
        )  # fmt: skip
        return out.squeeze(0) if single else out


class InstanceNorm1d(_InstanceNorm):
    """Each channel's row of (N, C, L) or (C, L) standardised by itself; else as BatchNorm1d.

    affine and track_running_stats are off unless asked for. Raises ValueError as BatchNorm1d does, and for
    rows of one element. (Ulyanov, Vedaldi and Lempitsky, 2016)

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.InstanceNorm1d(1, eps=0.0)(tg.tensor([[1.0, 3.0]]))
    tensor([[-1.,  1.]])
    """

    ranks = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """As InstanceNorm1d, over (N, C, H, W) or (C, H, W)."""

    ranks = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """As InstanceNorm1d, over (N, C, D, H, W) or (C, D, H, W)."""

    ranks = (4, 5)


def _shape(layer: str, normalized_shape: Any) -> tuple[int, ...]:
    given = tuple(normalized_shape) if isinstance(normalized_shape, (tuple, list)) else (normalized_shape,)
    if not given:
        raise ArgumentError(message(f"{layer}: normalized_shape needs at least one dimension", got="()"))
    return tuple([size(layer, "normalized_shape", n) for n in given])


class LayerNorm(Module):
    """(x - mean) / sqrt(var + eps) * weight + bias over the last dimensions, whose shape is `normalized_shape`.

    weight (ones at first) and bias (zeros) have that shape; elementwise_affine=False leaves both out,
    bias=False the bias. Raises TypeError or ValueError for sizes that are not positive integers, and
    RuntimeError for an input that does not end in them. (Ba, Kiros and Hinton, 2016)

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.LayerNorm(2, eps=0.0)(tg.tensor([[1.0, 3.0]]))
    tensor([[-1.,  1.]], grad_fn=<LayerNormBackward0>)
    """

    weight: Parameter | None
    bias: Parameter | None

    @switches
    def __init__(
        self, normalized_shape: Any, eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True,
        device: object = None, dtype: object = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.normalized_shape = _shape("LayerNorm", normalized_shape)
        number("LayerNorm", "eps", eps, least=0)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        new = [new_parameter(*self.normalized_shape, device=device, dtype=dtype) for _ in range(2)]
        self.register_parameter("weight", new[0] if elementwise_affine else None)
        self.register_parameter("bias", new[1] if elementwise_affine and bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale 1, shift 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """The standardised features."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """x / sqrt(mean(x^2) + eps) * weight over the last dimensions; eps: the dtype's epsilon if None.

    Raises as LayerNorm does. (Zhang and Sennrich, 2019)

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.RMSNorm(2, elementwise_affine=False)(tg.tensor([[3.0, 3.0]]))
    tensor([[1., 1.]])
    """

    weight: Parameter | None

    @switches
    def __init__(
        self, normalized_shape: Any, eps: float | None = None, elementwise_affine: bool = True, device: object = None,
        dtype: object = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.normalized_shape = _shape("RMSNorm", normalized_shape)
        if eps is not None:
            number("RMSNorm", "eps", eps, least=0)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        new = new_parameter(*self.normalized_shape, device=device, dtype=dtype) if elementwise_affine else None
        self.register_parameter("weight", new)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input: Tensor) -> Tensor:
        """The features, divided by their root mean square."""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class GroupNorm(Module):
    """Each sample's channels (N, C, ...), in `num_groups` equal groups, standardised group by group.

    weight (ones at first), bias (zeros): (C,), left out with affine=False.
    Raises ValueError where num_groups does not divide num_channels. (Wu and He, 2018)

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.GroupNorm(2, 6)(tg.ones(3, 6, 4, 4)).shape == (3, 6, 4, 4)
    True
    """

    weight: Parameter | None
    bias: Parameter | None

    @switches
    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, device: object = None,
        dtype: object = None, *, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.num_groups, self.num_channels = (
            size("GroupNorm", "num_groups", num_groups),
            size("GroupNorm", "num_channels", num_channels),
        )
        number("GroupNorm", "eps", eps, least=0)
        if self.num_channels % self.num_groups:
            raise ArgumentError(
                message(
                    "GroupNorm: num_channels must be divisible by num_groups",
                    got=f"num_channels={num_channels}, num_groups={num_groups}",
                )
            )
        self.eps, self.affine = eps, affine
        _register_affine(self, self.num_channels, affine, bias, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Scale 1, shift 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """The standardised groups."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, bias={self.bias is not None}"
