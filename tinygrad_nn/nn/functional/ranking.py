"""Losses of similarity and order: pairs that should be near or far, scores that should be ranked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tinygrad_nn.errors import ArgumentError, AutogradError, OperandError, ShapeError, message
from tinygrad_nn.flags import exact, switches
from tinygrad_nn.functions.autocast import in_float32
from tinygrad_nn.functions.elementwise import to_dtype
from tinygrad_nn.functions.single import in_single
from tinygrad_nn.nn.functional.common import here, reduced, reduction_of, tensor_operands
from tinygrad_nn.nn.functional.linear import pairwise_distance
from tinygrad_nn.ops import elementwise as ops
from tinygrad_nn.ops.reduce import sum
from tinygrad_nn.ops.shape import in_order
from tinygrad_nn.order import order_of

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]


def _at_least_zero(x: Any) -> Any:
    return ops.clamp(x, 0.0, None)


@in_float32
@in_single
def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """x where the target is 1, max(0, margin - x) where it is -1. (Hadsell et al., 2006)"""
    reduction = reduction_of(size_average, reduce, reduction)
    tensor_operands("hinge_embedding_loss", input=input, target=target)
    x: Any = input
    apart = ops.where(ops.ne(target, 1), _at_least_zero(margin - x), 0.0)
    near = ops.where(ops.ne(target, -1), x, 0.0)
    return reduced(apart + near, reduction)  # type: ignore[no-any-return]


@in_float32
@in_single
def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, -t (x1 - x2) + margin): t = 1 if x1 should be the larger, else -1.

    Raises RuntimeError unless the three have the same number of dimensions.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    tensor_operands("margin_ranking_loss", input1=input1, input2=input2, target=target)
    if not input1.ndim == input2.ndim == target.ndim:
        raise ShapeError(
            message(
                f"margin_ranking_loss{here()}: all input tensors should have the same dimension",
                got=f"input1 {tuple(input1.shape)}, input2 {tuple(input2.shape)}, target {tuple(target.shape)}",
            )
        )
    gap: Any = input1 - input2
    return reduced(_at_least_zero(-target * gap + margin), reduction)  # type: ignore[no-any-return]


@in_float32
@in_single
def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
) -> Tensor:
    """log(1 + exp(-t x)) for targets 1 and -1. Raises RuntimeError for a target that does not fit the input's shape."""
    reduction = reduction_of(size_average, reduce, reduction)
    tensor_operands("soft_margin_loss", input=input, target=target)
    product: Any = target * input
    if tuple(product.shape) != tuple(input.shape):
        raise ShapeError(
            message(
                f"soft_margin_loss{here()}: the target does not fit the input's shape",
                got=f"input {tuple(input.shape)}, target {tuple(target.shape)}",
                fix=f"a target {tuple(input.shape)} of 1 and -1",
            )
        )
    if input.array.dtype.kind not in "fV":
        raise OperandError(
            message(f"soft_margin_loss{here()}: the input must be floating", got=f"{input.dtype}", fix="input.float()")
        )
    each = in_order(-ops.log_sigmoid(product), order_of(product.array))
    return reduced(to_dtype(each, input.dtype), reduction)  # type: ignore[no-any-return]


@in_float32
@in_single
def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - cos(x1, x2) where the target is 1, max(0, cos - margin) where it is -1.

    x1, x2: (N, D) or (D,); target: (N,) or (). Raises RuntimeError for other shapes.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    tensor_operands("cosine_embedding_loss", input1=input1, input2=input2, target=target)
    fits = (target.ndim, input1.ndim, input2.ndim) in ((0, 1, 1), (1, 2, 2))
    if not fits:
        raise ShapeError(
            message(
                f"cosine_embedding_loss{here()}: {target.ndim}D target tensor expects {target.ndim + 1}D input tensors",
                got=f"input1 {tuple(input1.shape)}, input2 {tuple(input2.shape)}, target {tuple(target.shape)}",
                fix="(N, D), (N, D) and (N,)",
            )
        )
    a: Any = input1
    b: Any = input2
    last = (a.ndim - 1,)
    eps = 1e-12
    cosine = sum(a * b, last, False) / ops.sqrt((sum(a * a, last, False) + eps) * (sum(b * b, last, False) + eps))
    alike = ops.where(ops.eq(target, 1), 1.0 - cosine, 0.0)
    unlike = ops.where(ops.eq(target, -1), _at_least_zero(cosine - margin), 0.0)
    return reduced(alike + unlike, reduction)  # type: ignore[no-any-return]


@in_float32
@in_single
def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), d(x, y) = |x - y + eps|_p along the last dimension.

    swap: takes d(positive, negative) instead where it is smaller. (Balntas et al., 2016)
    Raises ValueError unless margin > 0, RuntimeError for different numbers of dimensions.
    """
    reduction = reduction_of(size_average, reduce, reduction)
    exact("triplet_margin_loss", swap=swap)
    result: Tensor = _triplet(
        lambda x, y: pairwise_distance(x, y, p, eps),
        anchor,
        positive,
        negative,
        margin,
        swap,
        reduction,
        "triplet_margin_loss",
    )
    return result


@switches
def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """`triplet_margin_loss` with a distance of the caller's own."""
    reduction = reduction_of(None, None, reduction)
    distance = pairwise_distance if distance_function is None else distance_function
    return _triplet(distance, anchor, positive, negative, margin, swap, reduction, "triplet_margin_with_distance_loss")  # type: ignore[no-any-return]


def _triplet(
    distance: Callable[..., Any],
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float,
    swap: bool,
    reduction: str,
    name: str,
) -> Any:
    tensor_operands(name, anchor=anchor, positive=positive, negative=negative)
    if margin <= 0:
        raise ArgumentError(message(f"{name}: margin must be greater than 0", got=f"margin={margin}"))
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise AutogradError(
            message(
                f"{name}{here()}: the anchor, positive, and negative tensors are expected to have the same "
                "number of dimensions",
                got=f"anchor {anchor.ndim}D, positive {positive.ndim}D, and negative {negative.ndim}D inputs",
            )
        )
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = ops.minimum(far, distance(positive, negative))
    return reduced(_at_least_zero(near - far + margin), reduction)
