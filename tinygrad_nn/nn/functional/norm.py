"""Normalisations: over the batch, over each sample's features, groups of channels or single maps."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.dtypes import finfo, float32
from tinygrad_nn.errors import ArgumentError, AutogradError, OperandError, ShapeError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.functions.single import as_first
from tinygrad_nn.nn.functional.common import here, tensor_operands
from tinygrad_nn.ops import norm as ops
from tinygrad_nn.ops.elementwise import rsqrt
from tinygrad_nn.ops.index import slice_at
from tinygrad_nn.ops.reduce import sum
from tinygrad_nn.ops.shape import in_order, reshape
from tinygrad_nn.order import CHANNELS_LAST, has_channels_last
from tinygrad_nn.views import write

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "rms_norm"]


@flags
def batch_norm(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None, weight: Tensor | None = None,
    bias: Tensor | None = None, training: bool = False, momentum: Any = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """(x - mean) / sqrt(var + eps) * weight + bias, each channel of (N, C, ...) by itself.

    training: with the batch's mean and variance (biased), and the running ones moved towards them,
    running += momentum * (batch - running), the variance unbiased. Otherwise with the running ones.
    Raises ValueError for one value per channel or an eps of 0 in training, RuntimeError for shapes that do not fit.
    (Ioffe and Szegedy, 2015)

    >>> import tinygrad_nn as tg
    >>> batch_norm(tg.tensor([[1.0], [3.0]]), None, None, training=True, eps=1e-9)
    tensor([[-1.],
            [ 1.]])
    """
    x = _floating("batch_norm", input)
    if x.ndim < 2:
        raise ShapeError(message(f"batch_norm{here()}: the input must be (N, C, ...)", got=f"input {tuple(x.shape)}"))
    channels = x.array.shape[1]
    _check_channels("batch_norm", x, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if eps < 0 or (training and eps == 0):
        raise ArgumentError(
            message(
                f"batch_norm{here()}: eps must be {'positive during training' if training else 'non-negative'}",
                got=f"eps={eps}",
                fix="eps=1e-5",
            )
        )
    if not training:
        if running_mean is None or running_var is None:
            raise AutogradError(
                message(f"batch_norm{here()}: Expected running_mean and running_var to be defined when training=False")
            )
        return _with_running(x, running_mean, running_var, weight, bias, eps)  # type: ignore[no-any-return]
    count = x.array.size // max(channels, 1)
    if not x.array.size:  # no sample: nothing to standardise, and the running statistics stay
        return _scaled(x, weight, bias)  # type: ignore[no-any-return]
    if count <= 1:
        raise ArgumentError(
            message(
                f"batch_norm{here()}: Expected more than 1 value per channel when training",
                got=f"input size {list(x.shape)}",
                fix="a larger batch, or module.eval()",
            )
        )
    moments: Any = ops.channel_moments(x)
    with no_grad():
        _moved(running_mean, moments, 0, 1.0, momentum)
        _moved(running_var, moments, 1, count / (count - 1), momentum)
    return ops.batch_norm(x, weight, bias, moments, float(eps))  # type: ignore[no-any-return]


def _moved(running: Any, moments: Any, row: int, factor: float, momentum: Any) -> None:
    if running is not None:
        new: Any = slice_at(moments, (row,)) * factor
        write(running, running + (new - running) * momentum, "batch_norm")


@as_first
def _with_running(x: Any, mean: Any, var: Any, weight: Any, bias: Any, eps: float) -> Any:
    scale: Any = rsqrt(var + eps)
    if weight is not None:
        scale = scale * weight
    shift: Any = -(mean * scale) if bias is None else bias - mean * scale
    shape = (-1, *(1,) * (x.ndim - 2))
    return _as_channels(x * reshape(scale, shape) + reshape(shift, shape), x)


def _as_channels(result: Any, x: Any) -> Any:
    """The result with channels last if x has them so, else row by row."""
    return in_order(result, CHANNELS_LAST[x.ndim] if has_channels_last(x.array) else "C")


def _floating(name: str, input: Any) -> Any:
    tensor_operands(name, input=input)
    if input.array.dtype.kind not in "fV":
        raise OperandError(
            message(f"{name}{here()}: the input must be floating", got=f"dtype {input.dtype}", fix="input.float()")
        )
    return input


def _check_dtype(name: str, x: Any, word: str, part: Any) -> None:
    """RuntimeError for a parameter of another float than the input's; half-precision inputs may meet float32."""
    if part.array.dtype != x.array.dtype and not (x.array.dtype.itemsize == 2 and part.array.dtype == np.float32):
        raise OperandError(
            message(
                f"{name}{here()}: input and {word} must have the same dtype",
                got=f"input {x.dtype}, {word} {part.dtype}",
                fix=f"convert the input: x.to({word}.dtype), or the module: module.double()",
            )
        )


def _check_channels(name: str, x: Any, **parts: Any) -> None:
    channels = x.array.shape[1]
    for word, part in parts.items():
        if part is not None:
            _check_dtype(name, x, word, part)
        if part is not None and tuple(part.shape) != (channels,):
            raise ShapeError(
                message(
                    f"{name}{here()}: {word} should contain {channels} elements, one for each channel",
                    got=f"{word} {tuple(part.shape)}, input {tuple(x.shape)}",
                    fix=f"make the layer for {channels} channels, or move the channels to dimension 1",
                )
            )


def layer_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """(x - mean) / sqrt(var + eps) * weight + bias over the last dimensions, whose shape is `normalized_shape`.

    weight, bias: of that shape. Raises RuntimeError where the input does not end in it.
    (Ba, Kiros and Hinton, 2016)

    >>> import tinygrad_nn as tg
    >>> layer_norm(tg.tensor([[1.0, 3.0]]), (2,), eps=0.0)
    tensor([[-1.,  1.]])
    """
    shape = _ending("layer_norm", input, normalized_shape, weight=weight, bias=bias)
    return ops.layer_norm(input, weight, bias, len(shape), True, float(eps))  # type: ignore[no-any-return]


def rms_norm(input: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    """x / sqrt(mean(x^2) + eps) * weight over the last dimensions; eps: the epsilon of the dtype if None (of float32, for a 16-bit one).

    Raises RuntimeError where the input does not end in `normalized_shape`. (Zhang and Sennrich, 2019)

    >>> import tinygrad_nn as tg
    >>> rms_norm(tg.tensor([[3.0, 3.0]]), (2,))
    tensor([[1., 1.]])
    """
    shape = _ending("rms_norm", input, normalized_shape, weight=weight)
    return ops.layer_norm(input, weight, None, len(shape), False, _epsilon(input) if eps is None else float(eps))  # type: ignore[no-any-return]


def _epsilon(x: Any) -> float:
    """The epsilon of the type in which x is computed: float32 for the 16-bit types."""
    return finfo(x.dtype if x.dtype.itemsize > 2 else float32).eps


def _ending(name: str, input: Any, normalized_shape: Any, **parts: Any) -> tuple[int, ...]:
    """The normalised shape as a tuple; RuntimeError unless the input ends in it, and the parts have it."""
    _floating(name, input)
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    if not shape:
        raise AutogradError(message(f"{name}{here()}: normalized_shape needs at least one dimension", got="()"))
    if tuple(input.array.shape[-len(shape) :]) != shape:
        raise ShapeError(
            message(
                f"{name}{here()}: Given normalized_shape={list(shape)}, expected input with shape [*, {', '.join(map(str, shape))}]",
                got=f"input {tuple(input.shape)}",
                fix=f"make the layer for {list(input.shape[-len(shape) :])}, or move the features last",
            )
        )
    for word, part in parts.items():
        if part is not None and part.array.dtype != input.array.dtype:
            _check_dtype(name, input, word, part)
        if part is not None and tuple(part.shape) != shape:
            raise ShapeError(
                message(
                    f"{name}{here()}: Expected {word} to be of same shape as normalized_shape",
                    got=f"{tuple(part.shape)} and {shape}",
                )
            )
    return shape


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """Each sample's channels (N, C, ...), in `num_groups` equal groups, standardised group by group.

    weight, bias: (C,). Raises RuntimeError where the groups do not divide the channels. (Wu and He, 2018)
    """
    x = _floating("group_norm", input)
    if x.ndim < 2:
        raise ShapeError(
            message(
                f"group_norm{here()}: Expected at least 2 dimensions for input tensor", got=f"input {tuple(x.shape)}"
            )
        )
    shape = tuple(x.array.shape)
    if num_groups < 1 or shape[1] % num_groups:
        raise AutogradError(
            message(
                f"group_norm{here()}: Expected number of channels in input to be divisible by num_groups",
                got=f"input {shape}, num_groups={num_groups}",
            )
        )
    _check_channels("group_norm", x, weight=weight, bias=bias)
    return _by_groups(x, num_groups, weight, bias, float(eps))  # type: ignore[no-any-return]


@as_first
def _by_groups(x: Any, groups: int, weight: Any, bias: Any, eps: float) -> Any:
    shape = tuple(x.array.shape)
    rows = reshape(x, (shape[0], groups, prod(shape[1:]) // groups))
    return _as_channels(_scaled(reshape(ops.layer_norm(rows, None, None, 1, True, eps), shape), weight, bias), x)


def _scaled(x: Any, weight: Any, bias: Any) -> Any:
    """x times a weight per channel, plus a bias."""
    shape = (-1, *(1,) * (x.ndim - 2))
    if weight is not None:
        x = x * reshape(weight, shape)
    return x if bias is None else x + reshape(bias, shape)


@flags
def instance_norm(
    input: Tensor, running_mean: Tensor | None = None, running_var: Tensor | None = None, weight: Tensor | None = None,
    bias: Tensor | None = None, use_input_stats: bool = True, momentum: Any = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Each map of (N, C, ...) standardised by itself; else as `batch_norm`.

    use_input_stats: with each map's mean and variance, and the running ones moved towards their
    averages over the batch. Otherwise with the running ones.
    Raises ValueError for maps of one element. (Ulyanov, Vedaldi and Lempitsky, 2016)
    """
    x = _floating("instance_norm", input)
    if x.ndim < 3:
        raise ShapeError(
            message(f"instance_norm{here()}: the input must be (N, C, L) or more", got=f"input {tuple(x.shape)}")
        )
    _check_channels("instance_norm", x, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias)
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise AutogradError(
                message(
                    f"instance_norm{here()}: Expected running_mean and running_var to be defined when use_input_stats is false"
                )
            )
        return _with_running(x, running_mean, running_var, weight, bias, eps)  # type: ignore[no-any-return]
    count = prod(x.array.shape[2:])
    if count == 1:
        raise ArgumentError(
            message(
                f"instance_norm{here()}: Expected more than 1 spatial element when training",
                got=f"input size {list(x.shape)}",
            )
        )
    if running_mean is not None or running_var is not None:
        with no_grad():
            batch, channels = x.array.shape[:2]
            maps: Any = ops.channel_moments(reshape(x, (1, batch * channels, count)))
            means: Any = sum(reshape(maps, (2, batch, channels)), (1,), False) * (1.0 / batch)
            _moved(running_mean, means, 0, 1.0, momentum)
            _moved(running_var, means, 1, count / (count - 1), momentum)
    return _by_maps(x, weight, bias, float(eps))  # type: ignore[no-any-return]


@as_first
def _by_maps(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    return _scaled(ops.layer_norm(x, None, None, x.ndim - 2, True, eps), weight, bias)
