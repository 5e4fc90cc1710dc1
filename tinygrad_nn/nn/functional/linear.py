"""Products with weights, and what else maps vectors to vectors: one_hot, normalize, distances."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.dtypes import get_default_dtype
from tinygrad_nn.errors import AutogradError, OperandError, ShapeError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.functions.autocast import RUNNING, lowered
from tinygrad_nn.functions.broadcast import broadcast_tensors
from tinygrad_nn.functions.dims import axis, whole
from tinygrad_nn.functions.elementwise import to_dtype
from tinygrad_nn.functions.single import in_single
from tinygrad_nn.nn.functional.common import checked, here, tensor_operands
from tinygrad_nn.ops import elementwise as ops
from tinygrad_nn.ops import fused
from tinygrad_nn.ops.linalg import einsum
from tinygrad_nn.ops.reduce import sum
from tinygrad_nn.tape import local

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = ["bilinear", "cosine_similarity", "linear", "normalize", "one_hot", "pairwise_distance", "rbf"]


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x @ weight.T + bias for x: (..., in_features), weight: (out_features, in_features), bias: (out_features,).

    Raises RuntimeError, naming the layer, where the sizes or dtypes differ.

    >>> import tinygrad_nn as tg
    >>> linear(tg.tensor([[1.0, 2.0]]), tg.tensor([[3.0, 4.0]]), tg.tensor([0.5]))
    tensor([[11.5000]])
    """
    if RUNNING:
        input, weight, bias = lowered(input, weight, bias)
    x: Any = input
    try:
        if x.array.dtype is not weight.array.dtype and x.array.dtype != weight.array.dtype:
            raise _other_dtype(x, weight)
        if bias is not None and bias.array.dtype is not x.array.dtype and bias.array.dtype.kind not in "fV":
            raise _other_dtype(x, bias, "bias")
        if weight.array.ndim == 1:  # a single row: (..., in) to (...)
            product: Any = fused.linear(x, weight.reshape((1, -1)), None)
            return product.reshape(tuple(x.shape[:-1])) if bias is None else product.reshape(tuple(x.shape[:-1])) + bias  # type: ignore[no-any-return]
        return fused.linear(x, weight, bias)  # type: ignore[no-any-return]
    except AttributeError:
        tensor_operands("linear", input=x, weight=weight, **({} if bias is None else {"bias": bias}))
        raise


def _other_dtype(x: Any, weight: Any, word: str = "weight") -> OperandError:
    return OperandError(
        message(
            f"linear{here()}: mat1 and mat2 must have the same dtype",
            got=f"input {x.dtype}, {word} {weight.dtype}",
            fix="convert the input: x.to(weight.dtype), or the module: module.double()",
        )
    )


@in_single
def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """y_o = sum over i, j of x1_i * weight_oij * x2_j + bias_o.

    input1: (..., I), input2: (..., J), weight: (O, I, J), bias: (O,); result: (..., O).
    Raises RuntimeError where the sizes differ.
    """
    tensor_operands("bilinear", input1=input1, input2=input2, weight=weight)
    lead = tuple(input1.shape[:-1])
    if lead != tuple(input2.shape[:-1]) or (input1.shape[-1], input2.shape[-1]) != tuple(weight.shape[1:]):
        raise ShapeError(
            message(
                f"bilinear{here()}: the inputs need equal leading dimensions, and the weight's sizes last",
                got=f"input1 {tuple(input1.shape)}, input2 {tuple(input2.shape)}, weight {tuple(weight.shape)}",
                fix=f"input1 (..., {weight.shape[1]}) and input2 (..., {weight.shape[2]})",
            )
        )
    if len({input1.dtype, input2.dtype, weight.dtype}) > 1:
        raise OperandError(
            message(
                f"bilinear{here()}: all tensors must have the same dtype",
                got=f"input1 {input1.dtype}, input2 {input2.dtype}, weight {weight.dtype}",
                fix="convert the inputs: x.to(weight.dtype), or the module: module.double()",
            )
        )
    x, y = input1.reshape((-1, input1.shape[-1])), input2.reshape((-1, input2.shape[-1]))
    out: Any = einsum((x, weight, y), "ni,oij,nj->no")
    out = out.reshape((*lead, weight.shape[0]))
    return out if bias is None else out + bias  # type: ignore[no-any-return]


@in_single
def rbf(input: Tensor, centers: Tensor, log_width: Tensor) -> Tensor:
    """Gaussian bumps: exp(-|x - c_k|^2 / (2 w_k^2)), with w = exp(log_width).

    input: (..., I), centers: (K, I), log_width: (K,); result: (..., K) in (0, 1].
    (Broomhead and Lowe, "Multivariable functional interpolation and adaptive networks", 1988)
    """
    x: Any = input
    c: Any = centers
    if x.ndim == 0 or x.shape[-1] != c.shape[-1]:
        raise ShapeError(
            message(
                f"rbf{here()}: the input's last dimension must be in_features={c.shape[-1]}",
                got=f"input {tuple(x.shape)}, centers {tuple(c.shape)}",
                fix=f"RBF({x.shape[-1] if x.ndim else 1}, {c.shape[0]})",
            )
        )
    gaps = x.reshape((*x.shape[:-1], 1, x.shape[-1])) - c  # (..., K, I)
    squared = sum(gaps * gaps, (gaps.ndim - 1,), False)
    return ops.exp(squared * (ops.exp(log_width * -2.0) * -0.5))  # type: ignore[no-any-return]


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """1 at each element's class along a new last axis, else 0: (...) integers to (..., num_classes) int64.

    num_classes: -1 takes the largest class plus one.
    Raises RuntimeError for elements outside [0, num_classes), or not of int64.

    >>> import tinygrad_nn as tg
    >>> one_hot(tg.tensor([1, 0]), 3)
    tensor([[0, 1, 0],
            [1, 0, 0]])
    """
    tensor_operands("one_hot", tensor=tensor)
    array: Any = tensor.array
    if array.dtype != _INT64:
        raise OperandError(
            message("one_hot is only applicable to index tensor", got=f"dtype {tensor.dtype}", fix="tensor.long()")
        )
    num_classes = whole(num_classes, "one_hot", "num_classes")
    if num_classes == -1:
        if not array.size:
            raise AutogradError(
                message("one_hot: Can not infer total number of classes from empty tensor.", fix="pass num_classes")
            )
        if local.mode.tracer is not None:
            local.mode.tracer.read(tensor)
        num_classes = int(array.max()) + 1
    elif num_classes < 1:
        raise AutogradError(message("one_hot: num_classes should be positive", got=num_classes))
    tensor = checked(tensor, partial(_check_classes, num_classes))
    return ops.cast(fused.one_hot(tensor, num_classes), _INT64)  # type: ignore[no-any-return]


def _check_classes(num_classes: int, array: Any) -> None:
    if array.size and (array.min() < 0 or array.max() >= num_classes):
        raise OperandError(
            message(
                f"one_hot: Class values must be in [0, {num_classes - 1}]",
                got=f"values from {array.min()} to {array.max()}",
                fix=f"num_classes={int(array.max()) + 1}" if array.min() >= 0 else "classes count from 0",
            )
        )


@in_single
def normalize(input: Tensor, p: float = 2.0, dim: int | tuple[int, ...] = 1, eps: float = 1e-12) -> Tensor:
    """x / max(|x|_p, eps), with the p-norm along `dim`."""
    x: Any = input
    dims = dim if isinstance(dim, (tuple, list)) else (dim,)
    over = tuple(sorted(axis(d, x.ndim, "normalize") for d in dims))
    return x / ops.clamp(_norm(x, p, over, True), eps, None)  # type: ignore[no-any-return]


def _norm(x: Any, p: float, over: tuple[int, ...] | None, keepdim: bool) -> Any:
    """(sum of |x|^p)^(1/p), with the gradient 0 at the origin."""
    return x.norm(p, over, keepdim)


@in_single
def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x1 . x2 / (max(|x1|, eps) * max(|x2|, eps)) along `dim`; the operands broadcast."""
    tensor_operands("cosine_similarity", x1=x1, x2=x2)
    a: Any = x1
    b: Any = x2
    k = axis(dim, max(a.ndim, b.ndim), "cosine_similarity")
    if a.array.shape != b.array.shape:
        a, b = broadcast_tensors(a, b)
    a, b = (t if t.dtype.is_floating_point else to_dtype(t, get_default_dtype()) for t in (a, b))
    over = (k,) if a.ndim else None
    a, b = (t / ops.raised(_norm(t, 2.0, over, True), float(eps)) for t in (a, b))  # each first: products may overflow
    return sum(a * b, over, False)  # type: ignore[no-any-return]


@flags
@in_single
def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """|x1 - x2 + eps|_p along the last dimension; the operands broadcast."""
    gap: Any = x1 - x2 + eps
    return _norm(gap, p, (gap.ndim - 1,), keepdim)  # type: ignore[no-any-return]


_INT64 = np.dtype(np.int64)
