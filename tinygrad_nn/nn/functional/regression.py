"""Losses between numbers: squared, absolute, and what lies between; likelihoods of counts and noise; divergence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.complaint import aligned
from tinygrad_nn.dtypes import result_dtype
from tinygrad_nn.errors import ArgumentError, AutogradError, OperandError, ShapeError, message
from tinygrad_nn.flags import exact, switches
from tinygrad_nn.functions.autocast import RUNNING, in_float32, raised
from tinygrad_nn.functions.elementwise import to_dtype
from tinygrad_nn.functions.single import in_single
from tinygrad_nn.nn.functional.common import checked, here, reduced, reduction_of, tensor_operands, warn
from tinygrad_nn.ops import elementwise as ops
from tinygrad_nn.ops import loss as losses
from tinygrad_nn.ops.reduce import sum
from tinygrad_nn.ops.shape import in_order
from tinygrad_nn.order import order_of
from tinygrad_nn.primitive import TYPES

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = ["gaussian_nll_loss", "huber_loss", "kl_div", "l1_loss", "mse_loss", "poisson_nll_loss", "smooth_l1_loss"]


def _check_pair(name: str, input: Any, target: Any) -> tuple[Any, Any]:
    """Both, of one dtype if one of them holds bools (whose difference `sub` does not define).

    Equal shapes pass. Others are refused where they broadcast to a shape that neither has, else a warning.
    """
    tensor_operands(name, input=input, target=target)
    _check_shapes(name, input, target)
    if input.array.dtype is target.array.dtype and input.array.dtype.kind == "f":
        return input, target
    if result_dtype(input.array, target.array).kind in "iub" and name != "l1_loss":
        raise OperandError(
            message(
                f"{name}{here()}: not defined for integers",
                got=f"input {input.dtype}, target {target.dtype}",
                fix="input.float()",
            )
        )
    if name != "l1_loss" and "b" in (input.array.dtype.kind, target.array.dtype.kind):
        kind = result_dtype(input.array, target.array)
        return to_dtype(input, kind), to_dtype(target, kind)
    return input, target


def _floating_input(name: str, input: Any) -> None:
    if input.array.dtype.kind not in "fV":
        raise OperandError(
            message(f"{name}{here()}: the input must be floating", got=f"dtype {input.dtype}", fix="input.float()")
        )


def _check_shapes(name: str, input: Any, target: Any) -> None:
    a, b = input.array.shape, target.array.shape
    if a == b:
        return
    try:
        both = np.broadcast_shapes(a, b)
    except ValueError:
        raise ShapeError(f"{name}{here()}: input and target do not fit\n" + aligned(a, b)) from None
    if both not in (a, b):
        raise ShapeError(
            message(
                f"{name}{here()}: input and target broadcast to a shape that neither has, {both}: every input would be "
                "compared with every target",
                got=f"input {a}, target {b}",
                fix=_fix(a, b),
            )
        )
    warn(
        f"Using a target size ({b}) that is different to the input size ({a}). This will likely lead "
        "to incorrect results "
        "due to broadcasting. Please ensure they have the same size.",
    )


def _fix(a: tuple[int, ...], b: tuple[int, ...]) -> str:
    """How to make the two equal: drop the size of one that only one of them has."""
    for longer, shorter, name in ((a, b, "input"), (b, a, "target")):
        for k, n in enumerate(longer):
            if n == 1 and longer[:k] + longer[k + 1 :] == shorter:
                other = "target" if name == "input" else "input"
                return f"{other}.unsqueeze({k}), or {name}.squeeze({k})"
    return "reshape one of them to the other's shape"


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """(input - target)^2. With weights of the input's shape, a "mean" is divided by their sum.

    Raises RuntimeError where the operands broadcast to a shape that neither has: (N, 1) against (N,).

    >>> import tinygrad_nn as tg
    >>> mse_loss(tg.tensor([1.0, 2.0]), tg.tensor([1.0, 4.0]))
    tensor(2.)
    """
    if RUNNING:
        input, target, weight = raised(input, target, weight)
    if size_average is not None or reduce is not None:
        reduction = reduction_of(size_average, reduce, reduction)
    input, target = _check_pair("mse_loss", input, target)
    each: Any = ops.square(ops.sub(input, target))
    if weight is None:
        return reduced(each, reduction)  # type: ignore[no-any-return]
    _check_weight("mse_loss", weight, input)
    total = each * weight
    return sum(total, None, False) / sum(weight, None, False) if reduction == "mean" else reduced(total, reduction)  # type: ignore[no-any-return]


@in_float32
@in_single
def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """|input - target|; shapes, weights and errors as in `mse_loss`."""
    reduction = reduction_of(size_average, reduce, reduction)
    _check_pair("l1_loss", input, target)
    each: Any = ops.abs(ops.sub(input, target))
    if weight is None:
        return reduced(each, reduction)  # type: ignore[no-any-return]
    _check_weight("l1_loss", weight, input)
    total = each * weight
    return sum(total, None, False) / sum(weight, None, False) if reduction == "mean" else reduced(total, reduction)  # type: ignore[no-any-return]


def _check_weight(name: str, weight: Any, input: Any) -> None:
    if tuple(weight.shape) != tuple(input.shape):
        raise ArgumentError(
            message(
                f"{name}: Weights and input must have the same size.",
                got=f"weight {tuple(weight.shape)}, input {tuple(input.shape)}",
            )
        )


@in_float32
@in_single
def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """d^2 / (2 beta) where d = |input - target| < beta, else d - beta / 2. (Girshick, "Fast R-CNN", 2015)

    Raises RuntimeError for a negative beta; shapes as in `mse_loss`.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if beta < 0:
        raise AutogradError(message("smooth_l1_loss does not support negative values for beta.", got=f"beta={beta}"))
    input, target = _check_pair("smooth_l1_loss", input, target)
    gap: Any = ops.sub(input, target)
    each = ops.abs(gap) if beta == 0 else losses.smooth_l1(gap, float(beta))
    return reduced(each, reduction)  # type: ignore[no-any-return]


@in_float32
@in_single
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """d^2 / 2 where d = |input - target| <= delta, else delta * (d - delta / 2). (Huber, 1964)

    Raises RuntimeError unless delta > 0; shapes as in `mse_loss`.
    """
    if not delta > 0:
        raise AutogradError(message("huber_loss does not support non-positive values for delta.", got=f"delta={delta}"))
    tensor_operands("huber_loss", input=input)
    _floating_input("huber_loss", input)
    input, target = _check_pair("huber_loss", input, target)
    gap: Any = ops.sub(input, target)
    each = to_dtype(losses.huber(gap, float(delta)), input.dtype)
    if each.array.shape == input.array.shape:
        each = in_order(each, order_of(input.array))
    if weight is not None:
        _check_weight("huber_loss", weight, input)
        each = each * weight
    return reduced(each, reduction)  # type: ignore[no-any-return]


@in_float32
def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """exp(x) - t x, for the logarithm x of a Poisson rate; x - t log(x + eps) if not `log_input`.

    full: adds Stirling's approximation of log t!, t log t - t + log(2 pi t) / 2, where t > 1.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    tensor_operands("poisson_nll_loss", input=input, target=target)
    exact("poisson_nll_loss", log_input=log_input, full=full)
    each = in_single(_poisson) if input.array.dtype.kind in "fV" else _poisson  # exp of whole numbers is float32
    return reduced(each(input, target, log_input, full, eps), reduction)  # type: ignore[no-any-return]


def _poisson(x: Any, t: Any, log_input: bool, full: bool, eps: float) -> Any:
    """The loss of each element."""
    each = ops.exp(x) - t * x if log_input else x - t * ops.log(x + eps)
    if full:
        large = ops.gt(t, 1.0)
        safe = ops.where(large, t, 1.0)
        each = each + ops.where(large, safe * ops.log(safe) - safe + ops.log(safe * (2 * math.pi)) * 0.5, 0.0)
    return each


@switches
@in_single
def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Tensor | float, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """(log v + (input - target)^2 / v) / 2 with v = max(var, eps); `full` adds log(2 pi) / 2.

    var: the input's shape, or without its last dimension, or with a 1 in one place, or a number.
    The gradient passes through the limit eps. Raises ValueError for a negative variance or another shape.
    """
    tensor_operands("gaussian_nll_loss", input=input, target=target)
    if reduction not in ("none", "mean", "sum"):
        raise ArgumentError(message(f"{reduction} is not valid", got=repr(reduction), fix="'none', 'mean' or 'sum'"))
    v = _variance(input, var)
    v = ops.raised(v, float(eps))
    gap: Any = input - target
    each = (ops.log(v) + gap * gap / v) * 0.5
    return reduced(each + 0.5 * math.log(2 * math.pi) if full else each, reduction)  # type: ignore[no-any-return]


def _check_variance(array: Any) -> None:
    if np.any(array < 0):
        raise ArgumentError(message("gaussian_nll_loss: var has negative entry/entries", got=f"smallest {array.min()}"))


def _variance(input: Any, var: Any) -> Any:
    shape = tuple(input.shape)
    if type(var) not in TYPES:
        v = ops.zeros_like(input) + float(var)
    else:
        v = var
    v = checked(v, _check_variance)
    size = tuple(v.shape)
    if size == shape:
        return v
    if size == shape[:-1]:
        return v.reshape((*size, 1))
    if len(size) == len(shape) and np.sum([n for m, n in zip(shape, size, strict=True) if m != n]) == 1:
        return v
    raise ArgumentError(
        message(
            "gaussian_nll_loss: var is of incorrect size",
            got=f"var {size}, input {shape}",
            fix=f"var {shape} or {(*shape[:-1], 1)}",
        )
    )


@in_float32
@in_single
def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """t (log t - x), the Kullback-Leibler divergence from log probabilities x to probabilities t.

    log_target: the target holds log t. reduction "batchmean" divides the sum by the batch size.
    """
    tensor_operands("kl_div", input=input, target=target)
    exact("kl_div", log_target=log_target)
    if size_average is not None or reduce is not None:
        reduction = reduction_of(size_average, reduce, reduction)
    elif reduction == "mean":
        warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size. "
            "'batchmean' divides only "
            "by the batch size, and aligns with the KL div math definition.",
        )
    for word, operand in (("input", input), ("target", target)):
        if operand.array.dtype.kind not in "fV":
            raise OperandError(
                message(
                    "kl_div: Integral inputs not supported.", got=f"{word} of {operand.dtype}", fix=f"{word}.float()"
                )
            )
    x: Any = input
    t: Any = target
    if log_target:
        each = ops.exp(t) * (t - x)
    else:
        each = ops.where(ops.eq(t, 0.0), 0.0, t * ops.log(t)) - t * x  # slope at t = 0: NaN, as it is -inf from above
    if reduction != "batchmean":
        return reduced(each, reduction)  # type: ignore[no-any-return]
    total = sum(each, None, False)
    return total / x.shape[0] if x.ndim else total  # type: ignore[no-any-return]
