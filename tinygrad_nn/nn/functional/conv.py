"""Convolutions and transposed convolutions of one, two and three dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinygrad_nn.errors import AutogradError, OperandError, ShapeError, message
from tinygrad_nn.functions.autocast import in_lower
from tinygrad_nn.nn.functional.common import here, tensor_operands
from tinygrad_nn.nn.functional.window import batched, each, padding_of, unbatched
from tinygrad_nn.ops import window
from tinygrad_nn.ops.shape import reshape

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]

Number = int | tuple[int, ...]


@in_lower
def conv1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Number = 1, padding: Number | str = 0,
    dilation: Number = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """Sliding products: y[n, o, i] = bias[o] + sum over c, k of weight[o, c, k] * x[n, c, i * stride + k * dilation - padding].

    input: (N, C, L) or (C, L); weight: (O, C / groups, K); bias: (O,).
    Result: (N, O, L'), L' = (L + 2 * padding - dilation * (K - 1) - 1) // stride + 1.
    padding: a number, "same" (L' = L, for stride 1) or "valid" (none). groups: blocks of channels that do
    not see each other. Raises RuntimeError for shapes or dtypes that do not fit.

    >>> import tinygrad_nn as tg
    >>> conv1d(tg.tensor([[1.0, 2.0, 4.0]]), tg.tensor([[[1.0, -1.0]]]))
    tensor([[-1., -2.]])
    """
    return _conv("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)  # type: ignore[no-any-return]


@in_lower
def conv2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Number = 1, padding: Number | str = 0,
    dilation: Number = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """As `conv1d`, over (N, C, H, W) or (C, H, W) with weight (O, C / groups, KH, KW)."""
    return _conv("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)  # type: ignore[no-any-return]


@in_lower
def conv3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Number = 1, padding: Number | str = 0,
    dilation: Number = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """As `conv1d`, over (N, C, D, H, W) or (C, D, H, W) with weight (O, C / groups, KD, KH, KW)."""
    return _conv("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)  # type: ignore[no-any-return]


def _conv(
    name: str, rank: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    x, single = batched(name, input, rank)
    _check_weight(name, x, weight, bias, rank)
    stride, dilation = each(name, "stride", stride, rank), each(name, "dilation", dilation, rank)
    kernel = tuple(weight.array.shape[2:])
    filters, channels = weight.array.shape[:2]
    if groups < 1 or filters % groups:
        raise AutogradError(message(f"{name}{here()}: the weight's {filters} filters do not fall into {groups} groups"))
    if x.array.shape[1] != channels * groups:
        raise ShapeError(
            message(
                f"{name}{here()}: expected input{list(input.shape)} to have {channels * groups} channels, "
                f"but got {x.array.shape[1]} channels instead",
                got=f"input {tuple(input.shape)}, weight {tuple(weight.shape)}, groups={groups}",
                fix=_channels_fix(x.array.shape, channels * groups),
            )
        )
    _check_bias(name, bias, filters)
    pads = padding_of(name, padding, kernel, dilation, stride)
    size = tuple(x.array.shape[2:])
    padded = [n + a + b for n, (a, b) in zip(size, pads, strict=True)]
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True)]
    if any([n < r for n, r in zip(padded, reach, strict=True)]):
        raise ShapeError(
            message(
                f"{name}{here()}: Kernel size can't be greater than actual input size",
                got=f"kernel {_by(reach)}, input {_by(padded)} with its padding, from input {tuple(input.shape)}",
                fix="pad the input, or use a smaller kernel",
            )
        )
    counts = tuple([(n - r) // s + 1 for n, r, s in zip(padded, reach, stride, strict=True)])
    return unbatched(window.conv(x, weight, bias, (size, kernel, counts, stride, pads, dilation, groups)), single)


def _by(sizes: Any) -> str:
    return "x".join(map(str, sizes))


def _channels_fix(shape: tuple[int, ...], wanted: int) -> str:
    if shape[-1] == wanted and len(shape) > 3:
        return "the channels come second, (N, C, H, W): x.permute(0, 3, 1, 2)"
    return f"make the layer with in_channels={shape[1]}"


def _check_weight(name: str, x: Any, weight: Any, bias: Any, rank: int) -> None:
    tensor_operands(name, weight=weight)
    if weight.ndim != rank + 2:
        raise ShapeError(
            message(f"{name}{here()}: the weight must have {rank + 2} dimensions", got=f"weight {tuple(weight.shape)}")
        )
    if x.array.dtype != weight.array.dtype or (bias is not None and bias.array.dtype != weight.array.dtype):
        raise OperandError(
            message(
                f"{name}{here()}: Input type and weight type should be the same",
                got=f"input {x.dtype}, weight {weight.dtype}" + (f", bias {bias.dtype}" if bias is not None else ""),
                fix="convert the input: x.to(weight.dtype), or the module: module.double()",
            )
        )


def _check_bias(name: str, bias: Any, filters: int) -> None:
    if bias is not None and tuple(bias.shape) != (filters,):
        raise ShapeError(
            message(
                f"{name}{here()}: expected bias to be 1-dimensional with {filters} elements",
                got=f"bias {tuple(bias.shape)}",
            )
        )


@in_lower
def conv_transpose1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Number = 1, padding: Number = 0,
    output_padding: Number = 0, groups: int = 1, dilation: Number = 1,
) -> Tensor:  # fmt: skip
    """The transpose of `conv1d` as a linear map: each x[n, c, i] adds weight[c, o, k] * x at y[n, o, i * stride + k * dilation - padding].

    input: (N, C, L) or (C, L); weight: (C, O / groups, K); bias: (O,).
    Result: (N, O, L'), L' = (L - 1) * stride - 2 * padding + dilation * (K - 1) + output_padding + 1.
    Raises RuntimeError for shapes that do not fit, or an output_padding that is not smaller than
    stride or dilation.

    >>> import tinygrad_nn as tg
    >>> conv_transpose1d(tg.tensor([[1.0, 2.0]]), tg.tensor([[[1.0, 10.0]]]), stride=2)
    tensor([[ 1., 10.,  2., 20.]])
    """
    return _transposed("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation)  # type: ignore[no-any-return]


@in_lower
def conv_transpose2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Number = 1, padding: Number = 0,
    output_padding: Number = 0, groups: int = 1, dilation: Number = 1,
) -> Tensor:  # fmt: skip
    """As `conv_transpose1d`, over (N, C, H, W) or (C, H, W) with weight (C, O / groups, KH, KW)."""
    return _transposed("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation)  # type: ignore[no-any-return]


@in_lower
def conv_transpose3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Number = 1, padding: Number = 0,
    output_padding: Number = 0, groups: int = 1, dilation: Number = 1,
) -> Tensor:  # fmt: skip
    """As `conv_transpose1d`, over (N, C, D, H, W) or (C, D, H, W) with weight (C, O / groups, KD, KH, KW)."""
    return _transposed("conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation)  # type: ignore[no-any-return]


def _transposed(
    name: str, rank: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, output_padding: Any, groups: int,
    dilation: Any,
) -> Any:  # fmt: skip
    x, single = batched(name, input, rank)
    _check_weight(name, x, weight, bias, rank)
    stride, dilation = each(name, "stride", stride, rank), each(name, "dilation", dilation, rank)
    padding, extra = each(name, "padding", padding, rank, 0), each(name, "output_padding", output_padding, rank, 0)
    if any([e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)]):
        raise AutogradError(
            message(
                f"{name}{here()}: output padding must be smaller than either stride or dilation",
                got=f"output_padding={extra}, stride={stride}, dilation={dilation}",
            )
        )
    channels, counts = x.array.shape[1], tuple(x.array.shape[2:])
    if groups < 1 or channels % groups or weight.array.shape[0] != channels:
        raise ShapeError(
            message(
                f"{name}{here()}: expected input{list(input.shape)} to have {weight.array.shape[0]} channels, but got {channels} channels instead",
                got=f"input {tuple(input.shape)}, weight {tuple(weight.shape)}, groups={groups}",
                fix=f"make the layer with in_channels={channels}",
            )
        )
    kernel = tuple(weight.array.shape[2:])
    size = tuple(
        [
            (n - 1) * s - 2 * p + d * (k - 1) + e + 1
            for n, s, p, d, k, e in zip(counts, stride, padding, dilation, kernel, extra, strict=True)
        ]
    )
    if min(size) < 1:
        raise ShapeError(
            message(
                f"{name}{here()}: the output would be empty",
                got=f"size {_by(size)} from input {tuple(input.shape)}, padding={padding}",
            )
        )
    _check_bias(name, bias, weight.array.shape[1] * groups)
    pads = tuple([(p, p) for p in padding])
    out: Any = window.conv_input(x, weight, (size, kernel, counts, stride, pads, dilation, groups))
    if bias is not None:
        out = out + reshape(bias, (-1, *(1,) * rank))
    return unbatched(out, single)
