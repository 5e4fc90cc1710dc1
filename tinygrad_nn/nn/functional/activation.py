"""Activations as functions: x is a floating tensor of any shape; each keeps shape and dtype.

`inplace=True` writes the result over the input, as in PyTorch. At a kink the derivative is
PyTorch's (0 for relu at 0).
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from tinygrad_nn.dtypes import convertible
from tinygrad_nn.errors import ArgumentError, AutogradError, OperandError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.functions.autocast import in_lower
from tinygrad_nn.functions.checks import scalar
from tinygrad_nn.functions.dims import axis
from tinygrad_nn.functions.elementwise import to_dtype
from tinygrad_nn.functions.sampling import drawn
from tinygrad_nn.functions.single import in_single
from tinygrad_nn.nn.functional.common import here, maybe_inplace, tensor_operands
from tinygrad_nn.ops import activation as own
from tinygrad_nn.ops import elementwise as ops
from tinygrad_nn.ops import reduce
from tinygrad_nn.ops.fused import one_hot as at_class
from tinygrad_nn.ops.select import argmax
from tinygrad_nn.ops.shape import permute, reshape

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = [
    "celu",
    "celu_",
    "elu",
    "elu_",
    "gelu",
    "glu",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "leaky_relu",
    "leaky_relu_",
    "log_softmax",
    "logsigmoid",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "relu_",
    "selu",
    "selu_",
    "sigmoid",
    "silu",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "threshold_",
]


# -- rectifiers ------------------------------------------------------------------------------------


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0).

    >>> import tinygrad_nn as tg
    >>> relu(tg.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return maybe_inplace(ops.relu, inplace, "relu", input)  # type: ignore[no-any-return]


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6). (Krizhevsky, "Convolutional deep belief networks on CIFAR-10", 2010)"""
    _numbers("relu6", input)
    return maybe_inplace(own.hardtanh, inplace, "relu6", input, *_limits("relu6", input, 0.0, 6.0))  # type: ignore[no-any-return]


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x > 0, else negative_slope * x. (Maas et al., 2013)

    >>> import tinygrad_nn as tg
    >>> leaky_relu(tg.tensor([-1.0, 2.0]), 0.5)
    tensor([-0.5000,  2.0000])
    """
    _floating("leaky_relu", input)
    slope = scalar("leaky_relu", "negative_slope", negative_slope)
    return maybe_inplace(ops.leaky_relu, inplace, "leaky_relu", input, slope)  # type: ignore[no-any-return]


@in_lower
@in_single
def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """x where x > 0, else weight * x, with a learned weight: one, or one per channel (dimension 1).

    input: (N, C, ...), (L) or () (one channel); weight: (C,) or (1,). (He et al., 2015)
    Raises RuntimeError where the channels differ.
    """
    _floating("prelu", input)
    tensor_operands("prelu", weight=weight)
    if weight.dtype != input.dtype:
        raise OperandError(
            message(
                f"prelu{here()}: the weight must have the input's dtype",
                got=f"input {input.dtype}, weight {weight.dtype}",
                fix="weight.to(input.dtype)",
            )
        )
    channels = input.shape[1] if input.ndim > 1 else 1
    if weight.ndim > 1 or weight.array.size not in (1, channels):
        raise OperandError(
            message(
                f"prelu{here()}: the weight needs one element, or one per channel of the input",
                got=f"input {tuple(input.shape)} of {channels} channels, weight {tuple(weight.shape)}",
                fix=f"PReLU(num_parameters={channels})",
            )
        )
    slope: Any = reshape(weight, tuple([-1 if k == min(1, input.ndim - 1) else 1 for k in range(input.ndim)]))
    return ops.where(ops.gt(input, 0), input, slope * input)  # type: ignore[no-any-return]


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where x > threshold, else value."""
    return _thresholded(input, threshold, value, inplace)


def _thresholded(input: Any, threshold: float, value: float, inplace: bool) -> Tensor:
    _numbers("threshold", input)
    threshold, value = scalar("threshold", "threshold", threshold), scalar("threshold", "value", value)
    kind = input.array.dtype
    if kind.kind in "iu":
        threshold, value = convertible(threshold, kind, "threshold"), convertible(value, kind, "threshold")
    return maybe_inplace(_threshold, inplace, "threshold", input, threshold, value)  # type: ignore[no-any-return]


@in_single
def _threshold(x: Any, threshold: float, value: float) -> Any:
    return ops.where(ops.le(x, threshold), value, x)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x limited to [min_val, max_val]. Raises ValueError if min_val > max_val."""
    if min_val > max_val:
        raise ArgumentError(
            message("hardtanh: min_val cannot be greater than max_val", got=f"min_val={min_val}, max_val={max_val}")
        )
    _numbers("hardtanh", input)
    return maybe_inplace(own.hardtanh, inplace, "hardtanh", input, *_limits("hardtanh", input, min_val, max_val))  # type: ignore[no-any-return]


def _limits(name: str, x: Any, *limits: float) -> list[Any]:
    """The limits as numbers of the input's dtype; unsigned integers have no negative ones (RuntimeError)."""
    kind = x.array.dtype
    if kind.kind == "u" and min(limits) < 0:
        raise OperandError(
            message(f"{name}{here()}: cannot do {name} on an unsigned type with negative limits", got=f"{limits}")
        )
    return [convertible(limit, kind, name) for limit in limits] if kind.kind in "iu" else list(limits)


def _numbers(name: str, input: Any) -> None:
    """RuntimeError for bools."""
    tensor_operands(name, input=input)
    if input.array.dtype.kind == "b":
        raise OperandError(message(f"{name}{here()}: Bool inputs not supported", got="dtype bool", fix="x.float()"))


def _floating(name: str, input: Any) -> None:
    """RuntimeError unless the input is floating."""
    tensor_operands(name, input=input)
    if input.array.dtype.kind not in "fV":
        raise OperandError(
            message(f"{name}{here()}: not implemented for {input.dtype}", got=f"dtype {input.dtype}", fix="x.float()")
        )


# -- exponential units -----------------------------------------------------------------------------


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, else alpha * (exp(x) - 1). (Clevert et al., 2015)"""
    _floating("elu", input)
    return maybe_inplace(own.elu, inplace, "elu", input, float(alpha), 1.0, 1.0)  # type: ignore[no-any-return]


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """max(0, x) + min(0, alpha * (exp(x / alpha) - 1)). (Barron, 2017). Raises RuntimeError for alpha = 0."""
    if alpha == 0:
        raise AutogradError(message("celu: ZeroDivisionError: alpha cannot be 0 for CELU", got="alpha=0"))
    _floating("celu", input)
    return maybe_inplace(own.elu, inplace, "celu", input, float(alpha), 1.0, 1.0 / alpha)  # type: ignore[no-any-return]


SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """scale * (max(0, x) + min(0, alpha * (exp(x) - 1))), which keeps mean 0 and variance 1.

    (Klambauer et al., "Self-normalizing neural networks", 2017)
    """
    _floating("selu", input)
    return maybe_inplace(own.elu, inplace, "selu", input, SELU_ALPHA * SELU_SCALE, SELU_SCALE, 1.0)  # type: ignore[no-any-return]


# -- smooth gates ----------------------------------------------------------------------------------


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + exp(-x))."""
    return ops.sigmoid(input)  # type: ignore[no-any-return]


def logsigmoid(input: Tensor) -> Tensor:
    """log(1 / (1 + exp(-x))), without overflow."""
    _floating("logsigmoid", input)
    return ops.log_sigmoid(input)  # type: ignore[no-any-return]


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return ops.tanh(input)  # type: ignore[no-any-return]


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """x * Phi(x), Phi the normal distribution function; or with approximate="tanh"

    0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). (Hendrycks and Gimpel, 2016)
    Raises RuntimeError for another `approximate`.
    """
    _floating("gelu", input)
    if approximate == "none":
        return ops.gelu(input)  # type: ignore[no-any-return]
    if approximate != "tanh":
        raise AutogradError(message("gelu: approximate argument must be either none or tanh", got=repr(approximate)))
    return own.gelu_tanh(input)  # type: ignore[no-any-return]


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x * sigmoid(x), also called swish. (Elfwing et al., 2017)"""
    _floating("silu", input)
    return maybe_inplace(own.silu, inplace, "silu", input)  # type: ignore[no-any-return]


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * tanh(softplus(x)). (Misra, 2019)"""
    _floating("mish", input)
    return maybe_inplace(own.mish, inplace, "mish", input)  # type: ignore[no-any-return]


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """0 below -3, 1 above 3, x / 6 + 1/2 between."""
    _floating("hardsigmoid", input)
    return maybe_inplace(own.hardsigmoid, inplace, "hardsigmoid", input)  # type: ignore[no-any-return]


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """0 below -3, x above 3, x (x + 3) / 6 between. (Howard et al., 2019)"""
    _floating("hardswish", input)
    return maybe_inplace(own.hardswish, inplace, "hardswish", input)  # type: ignore[no-any-return]


@in_single
def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """log(1 + exp(beta x)) / beta; x itself where beta x > threshold."""
    _floating("softplus", input)
    x: Any = input
    scaled = x if beta == 1 else x * beta
    smooth = -ops.log_sigmoid(-scaled)
    return ops.where(ops.gt(scaled, threshold), x, smooth if beta == 1 else smooth / beta)  # type: ignore[no-any-return]


@in_single
def softsign(input: Tensor) -> Tensor:
    """x / (1 + |x|)."""
    _numbers("softsign", input)
    return own.softsign(input)  # type: ignore[no-any-return]


@in_single
def tanhshrink(input: Tensor) -> Tensor:
    """x - tanh(x)."""
    x: Any = input
    return x - ops.tanh(x)  # type: ignore[no-any-return]


@in_single
def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x moved toward 0 by lambd, 0 where |x| <= lambd. Raises RuntimeError for a negative lambd."""
    _floating("softshrink", input)
    if not lambd >= 0:
        raise AutogradError(message("softshrink: lambda must be greater or equal to 0", got=f"lambd={lambd}"))
    return own.softshrink(input, float(lambd))  # type: ignore[no-any-return]


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x, and 0 where |x| <= lambd."""
    _floating("hardshrink", input)
    return own.hardshrink(input, float(lambd))  # type: ignore[no-any-return]


@in_single
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """a * sigmoid(b), where a and b are the input's halves along `dim`. (Dauphin et al., 2016)

    Raises RuntimeError for a 0-d tensor or an odd size.
    """
    _floating("glu", input)
    if input.ndim == 0:
        raise AutogradError(
            message(f"glu{here()} does not support 0-dimensional tensors", fix="give it a dimension to halve")
        )
    k = axis(dim, input.ndim, "glu")
    size = input.shape[k]
    if size % 2:
        raise AutogradError(
            message(
                f"glu{here()}: Halving dimension must be even, but dimension {k} is size {size}",
                got=f"input {tuple(input.shape)}",
            )
        )
    before: tuple[Any, ...] = (slice(None),) * k
    x: Any = input
    return x[(*before, slice(None, size // 2))] * ops.sigmoid(x[(*before, slice(size // 2, None))])  # type: ignore[no-any-return]


# -- distributions over a dimension ----------------------------------------------------------------


def softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: object = None) -> Tensor:
    """exp(x) / sum of exp(x) along `dim`. Raises IndexError for a dim out of range.

    >>> import tinygrad_nn as tg
    >>> softmax(tg.tensor([0.0, 0.0]), dim=0)
    tensor([0.5000, 0.5000])
    """
    return _over("softmax", reduce.softmax, input, dim, dtype)


def log_softmax(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: object = None) -> Tensor:
    """log(softmax(x, dim)), without its overflow."""
    return _over("log_softmax", reduce.log_softmax, input, dim, dtype)


def softmin(input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: object = None) -> Tensor:
    """softmax(-x, dim)."""
    tensor_operands("softmin", input=input)
    return _over("softmin", reduce.softmax, ops.neg(input), dim, dtype)


def _over(name: str, primitive: Any, input: Any, dim: int | None, dtype: object) -> Tensor:
    tensor_operands(name, input=input)
    if dim is None:
        warnings.warn(
            f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X "
            "as an argument.",
            stacklevel=3,
        )
        dim = 0 if input.ndim in (0, 1, 3) else 1
    x = input if dtype is None else to_dtype(input, dtype)
    if not x.dtype.is_floating_point:
        raise OperandError(
            message(
                f"{name}{here()}: the input must be floating", got=f"dtype {x.dtype}", fix=f"{name}(x.float(), dim)"
            )
        )
    return primitive(x, axis(dim, x.ndim, f"{name}{here()}")) if x.ndim else primitive(x.reshape((1,)), 0).reshape(())  # type: ignore[no-any-return]


@switches
def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """softmax((logits + noise) / tau, dim) with Gumbel noise: a differentiable sample of a category.

    hard: a one-hot sample whose gradient is that of the soft one. (Jang et al., 2016; Maddison et al., 2016)
    """
    x: Any = logits
    noise = -ops.log(drawn(None, "exponential", shape=x.array.shape, dtype=x.array.dtype, rate=1.0))
    soft: Any = softmax((x + noise) / tau, dim)
    if not hard:
        return soft  # type: ignore[no-any-return]
    k = axis(dim, x.ndim, "gumbel_softmax")
    chosen = at_class(argmax(soft.detach(), k, False), x.shape[k])  # the classes last
    order = list(range(x.ndim - 1))
    order.insert(k, x.ndim - 1)
    picked = ops.cast(permute(chosen, tuple(order)), x.array.dtype)
    return picked - soft.detach() + soft  # type: ignore[no-any-return]


# -- the in-place names -----------------------------------------------------------------------------


def relu_(input: Tensor) -> Tensor:
    """`relu(input, inplace=True)`."""
    return relu(input, True)


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """`leaky_relu(input, negative_slope, inplace=True)`."""
    return leaky_relu(input, negative_slope, True)


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`elu(input, alpha, inplace=True)`."""
    return elu(input, alpha, True)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`celu(input, alpha, inplace=True)`."""
    return celu(input, alpha, True)


def selu_(input: Tensor) -> Tensor:
    """`selu(input, inplace=True)`."""
    return selu(input, True)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """`hardtanh(input, min_val, max_val, inplace=True)`."""
    return hardtanh(input, min_val, max_val, True)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """`threshold(input, threshold, value, inplace=True)`."""
    return _thresholded(input, threshold, value, True)
