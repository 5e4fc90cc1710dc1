"""Losses over classes: cross entropy and its relatives.

C classes in dimension 1 of the input, (N, C, d1, ...), or (C,) for one sample; the target holds
class indices, (N, d1, ...) integers, or (cross_entropy alone) class probabilities of the input's shape.
"""

from __future__ import annotations

from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.dtypes import result_dtype
from tinygrad_nn.errors import ArgumentError, IndexingError, OperandError, ShapeError, message
from tinygrad_nn.functions.autocast import RUNNING, in_float32, raised
from tinygrad_nn.functions.dims import whole
from tinygrad_nn.functions.elementwise import to_dtype
from tinygrad_nn.functions.single import in_single
from tinygrad_nn.nn.functional.common import checked, here, reduced, reduction_of, tensor_operands
from tinygrad_nn.ops import elementwise as ops
from tinygrad_nn.ops import fused, loss
from tinygrad_nn.ops.index import pick_at
from tinygrad_nn.ops.reduce import log_softmax, sum
from tinygrad_nn.ops.shape import permute, reshape
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.tape import local

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

INT64, UINT64, UINT8 = np.dtype(np.int64), np.dtype(np.uint64), np.dtype(np.uint8)

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "cross_entropy", "nll_loss"]


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log softmax(input)[target], the negative log likelihood of the true class.

    input:  (N, C), (C,) or (N, C, d1, ...) logits, floating
    target: class indices (N,), () or (N, d1, ...); or probabilities of the input's shape, floating
    weight: (C,) one factor per class; a "mean" is divided by the sum of the targets' weights
    ignore_index: a target that counts for nothing. label_smoothing: mixes each target with the
    uniform distribution (Szegedy et al., 2015)

    Raises IndexError for a class outside [0, C), RuntimeError for float class indices or shapes
    that do not fit, ValueError for batches of different size.

    >>> import tinygrad_nn as tg
    >>> cross_entropy(tg.tensor([[0.0, 0.0]]), tg.tensor([1]))
    tensor(0.6931)
    """
    if RUNNING:
        input, target, weight = raised(input, target, weight)
    if size_average is not None or reduce is not None or reduction not in ("mean", "none", "sum"):
        reduction = reduction_of(size_average, reduce, reduction)
    if type(ignore_index) is not int:
        ignore_index = whole(ignore_index, "cross_entropy", "ignore_index")
    if weight is None and label_smoothing == 0.0 and _is_plain(input, target, ignore_index):
        if local.mode.tracer is not None:  # a recorded program meets other targets than these
            target = fused.class_indices(target, input.array.shape[1])
        return fused.cross_entropy(input, target, reduction)  # type: ignore[no-any-return]
    if not 0.0 <= label_smoothing <= 1.0:
        raise ArgumentError(message("label_smoothing must be between 0.0 and 1.0", got=label_smoothing))
    tensor_operands("cross_entropy", input=input, target=target)
    _check_logits("cross_entropy", input)
    if target.array.dtype.kind not in "iu" and tuple(target.shape) == tuple(input.shape):
        if ignore_index >= 0:
            raise OperandError(
                message(
                    f"cross_entropy{here()}: ignore_index is not supported for floating point target",
                    got=f"ignore_index={ignore_index}, target {tuple(target.shape)} {target.dtype}",
                    fix="leave it out, or give class indices: target.argmax(1)",
                )
            )
        return _of_probabilities(input, target, weight, reduction, label_smoothing)  # type: ignore[no-any-return]
    mask = _checked_classes("cross_entropy", input, target, ignore_index)
    target = checked(target, partial(_check_range, f"cross_entropy{here()}", _classes(input), ignore_index))
    x, classes, shape = _rows(input, target)
    if weight is None and label_smoothing == 0.0:
        if mask is None:
            result: Any = fused.cross_entropy(x, classes, reduction)
            return reshape(result, shape) if reduction == "none" and len(shape) != 1 else result  # type: ignore[no-any-return]
        mask = reshape(mask, (-1,))
        nll = ops.where(mask, fused.cross_entropy(x, _safe(classes, mask), "none"), 0.0)
        return _over_weights(nll, ops.cast(mask, x.array.dtype), shape, reduction)  # type: ignore[no-any-return]
    return _smoothed(log_softmax(x, 1), classes, mask, weight, label_smoothing, shape, reduction)  # type: ignore[no-any-return]


@in_float32
@in_single
def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-input[target] for log probabilities; shapes, weights and errors as in `cross_entropy`."""
    reduction = reduction_of(size_average, reduce, reduction)
    tensor_operands("nll_loss", input=input, target=target)
    ignore_index = whole(ignore_index, "nll_loss", "ignore_index")
    _check_logits("nll_loss", input)
    mask = _checked_classes("nll_loss", input, target, ignore_index)
    target = checked(target, partial(_check_range, f"nll_loss{here()}", _classes(input), ignore_index))
    x, classes, shape = _rows(input, target)
    return _smoothed(x, classes, mask, weight, 0.0, shape, reduction)  # type: ignore[no-any-return]


def _is_plain(input: Any, target: Any, ignore_index: int) -> bool:
    """Whether nothing needs care: (N, C) floats, (N,) int64 classes in range, none of them to be ignored.

    This is every step of most training runs, so it takes 3 microseconds. Under a tracer an
    `ignore_index` of the user's own counts as needing care: another batch may have it.
    """
    if type(input) not in TYPES or type(target) not in TYPES:
        return False
    x, classes = input.array, target.array
    if x.ndim != 2 or classes.ndim != 1 or x.dtype.kind != "f" or classes.dtype is not INT64:
        return False
    if len(x) != len(classes) or not len(x) or 0 <= ignore_index < x.shape[1]:
        return False
    if ignore_index != -100 and local.mode.tracer is not None:
        return False
    return bool(np.maximum.reduce(classes.view(UINT64)) < x.shape[1])  # a negative class is a huge one


# -- shapes and classes ----------------------------------------------------------------------------


def _check_logits(name: str, input: Any) -> None:
    if input.array.dtype.kind not in "fV":
        raise OperandError(
            message(f"{name}{here()}: the input must be floating", got=f"dtype {input.dtype}", fix="input.float()")
        )
    if input.array.ndim == 0:
        raise ShapeError(
            message(f"{name}{here()}: the input needs a dimension of classes", got="shape ()", fix="(C,) or (N, C)")
        )


def _checked_classes(name: str, input: Any, target: Any, ignore_index: int) -> Any:
    """Refuse a target that does not name classes. Gives the mask of those that count; None if all do."""
    shape, array = tuple(input.shape), target.array
    if array.dtype is not INT64 and array.dtype not in (INT64, UINT8):
        raise OperandError(
            message(
                f"{name}{here()}: expected scalar type Long for class indices but found {target.dtype}",
                got=f"target {tuple(target.shape)} {target.dtype}, input {shape}",
                fix="target.long() for class indices, or probabilities of the input's shape",
            )
        )
    wanted = () if len(shape) == 1 else (shape[0], *shape[2:])
    if array.shape != wanted:
        raise _misfit(name, shape, array.shape, wanted)
    classes = shape[0] if len(shape) == 1 else shape[1]
    if not array.size:
        return None
    in_range = array.min() >= 0 and array.max() < classes
    if in_range and (local.mode.tracer is None or ignore_index == -100) and not 0 <= ignore_index < classes:
        return None
    _check_range(f"{name}{here()}", classes, ignore_index, array)
    return ops.ne(target, ignore_index)


def _classes(input: Any) -> int:
    """How many classes there are, by the shape of the logits."""
    return int(input.array.shape[0 if input.array.ndim == 1 else 1])


def _check_range(name: str, classes: int, ignore_index: int, array: Any) -> None:
    outside = ((array < 0) | (array >= classes)) & (array != ignore_index)
    if outside.any():
        place = tuple(int(k) for k in np.argwhere(outside)[0]) if array.ndim else ()
        raise IndexingError(
            message(
                f"{name}: Target {int(array[place])} is out of bounds",
                got=f"class {int(array[place])} at {list(place)}, for {classes} classes 0..{classes - 1}",
                fix=f"classes count from 0: target - {int(array.min())}"
                if array.min() > 0
                else f"make the input (N, {int(array.max()) + 1})"
                if array.max() >= classes
                else f"ignore_index={int(array[place])} leaves such targets out",
            )
        )


def _misfit(name: str, shape: tuple[int, ...], got: tuple[int, ...], wanted: tuple[int, ...]) -> Exception:
    given = f"input {shape}, target {got}"
    if got == shape:
        return OperandError(
            message(
                f"{name}{here()}: Expected floating point type for target with class probabilities",
                got=f"integers, {given}",
                fix="target.argmax(1) for class indices, target.float() for probabilities",
            )
        )
    if got and wanted and got[0] != wanted[0]:
        return ArgumentError(
            message(
                f"{name}{here()}: Expected input batch_size ({wanted[0]}) to match target batch_size ({got[0]}).",
                got=given,
            )
        )
    squeeze = prod(got) == prod(wanted) and 1 in got
    return ShapeError(
        message(
            f"{name}{here()}: the target must hold one class index for each row, {wanted}",
            got=given,
            fix=f"target.squeeze({got.index(1, 1) if 1 in got[1:] else 0})" if squeeze else None,
        )
    )


def _rows(input: Any, target: Any) -> tuple[Any, Any, tuple[int, ...]]:
    """(M, C) logits and (M,) classes, and the shape that the M losses have."""
    shape = tuple(target.shape)
    if input.ndim == 2:
        return input, target, shape
    if input.ndim == 1:
        return reshape(input, (1, -1)), reshape(target, (1,)), ()
    last = permute(input, (0, *range(2, input.ndim), 1))  # (N, C, d1, ...) -> (N, d1, ..., C)
    return reshape(last, (prod(shape), input.shape[1])), reshape(target, (prod(shape),)), shape


def _safe(classes: Any, mask: Any) -> Any:
    """Class 0 in the place of ignored ones."""
    return ops.where(mask, classes, 0)


# -- weighted and smoothed -------------------------------------------------------------------------


def _over_weights(each: Any, weight: Any, shape: tuple[int, ...], reduction: str) -> Any:
    """The losses as asked for; their mean is over the sum of the weights (their number, if None)."""
    if reduction == "none":
        return reshape(each, shape)
    if reduction == "sum" or weight is None:
        return reduced(each, reduction)
    return sum(each, None, False) / sum(weight, None, False)


def _smoothed(
    logp: Any, classes: Any, mask: Any, weight: Any, smoothing: float, shape: tuple[int, ...], reduction: str
) -> Any:
    """The loss of log probabilities (M, C): (1 - s) nll + s / C * sum over classes of -w logp."""
    rows, count = int(logp.shape[0]), int(logp.shape[1])
    _check_weight(weight, count)
    if mask is not None:
        mask = reshape(mask, (-1,))
        classes = _safe(classes, mask)
    each = -pick_at(logp, (np.arange(rows), classes))
    factor = None if weight is None else pick_at(weight, (classes,))
    if factor is not None:
        each = each * factor
    if smoothing > 0.0:
        spread = -sum(logp if weight is None else logp * weight, (1,), False)
        each = each * (1 - smoothing) + spread * (smoothing / count)
    if mask is not None:  # where, not a product: an ignored row's gradient is 0 even over a mean of none
        each = ops.where(mask, each, 0.0)
        factor = ops.cast(mask, logp.array.dtype) if factor is None else ops.where(mask, factor, 0.0)
    return _over_weights(each, factor, shape, reduction)


def _check_weight(weight: Any, classes: int) -> None:
    if weight is not None and tuple(weight.shape) != (classes,):
        raise ShapeError(
            message(
                f"weight tensor should be defined either for all {classes} classes or no classes{here()}",
                got=f"weight {tuple(weight.shape)}",
                fix=f"one weight per class: ({classes},)",
            )
        )


def _of_probabilities(input: Any, target: Any, weight: Any, reduction: str, smoothing: float) -> Any:
    """-sum over classes of w * p * log softmax(x); the mean is over the samples, whatever the weights."""
    k = 0 if input.ndim == 1 else 1
    classes = int(input.shape[k])
    _check_weight(weight, classes)
    p = target if smoothing == 0.0 else target * (1 - smoothing) + smoothing / classes
    terms = log_softmax(input, k) * p
    if weight is not None:
        terms = terms * reshape(weight, (-1, *(1,) * (input.ndim - 1 - k)))
    each = -sum(terms, (k,), False)
    return (
        sum(each, None, False) / (input.array.size // max(classes, 1))
        if reduction == "mean"
        else reduced(each, reduction)
    )


# -- two classes ------------------------------------------------------------------------------------


@in_float32
@in_single
def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-(t log x + (1 - t) log(1 - x)) for probabilities x, each logarithm at least -100.

    Raises ValueError unless the shapes are equal, RuntimeError for an x or a target outside [0, 1].
    """
    reduction = reduction_of(size_average, reduce, reduction)
    tensor_operands("binary_cross_entropy", input=input, target=target)
    if tuple(input.shape) != tuple(target.shape):
        raise _different_sizes("binary_cross_entropy", input, target)
    if input.array.dtype.kind not in "fV" or input.dtype != target.dtype:
        raise OperandError(
            message(
                f"binary_cross_entropy{here()}: found dtype {target.dtype} but expected {input.dtype}",
                got=f"input {input.dtype}, target {target.dtype}",
                fix="target.to(input.dtype), floating",
            )
        )
    target = checked(target, partial(_check_labels, here()))
    each: Any = loss.binary_cross_entropy(input, target)
    return reduced(each if weight is None else each * weight, reduction)  # type: ignore[no-any-return]


def _check_labels(where: str, labels: Any) -> None:
    if labels.size and not (labels.min() >= 0 and labels.max() <= 1):
        raise OperandError(
            message(
                f"binary_cross_entropy{where}: all elements of target should be between 0 and 1",
                got=f"values from {labels.min()} to {labels.max()}",
                fix="labels -1 and 1: (target + 1) / 2; class numbers: cross_entropy",
            )
        )


@in_float32
@in_single
def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """-(w t log sigmoid(x) + (1 - t) log(1 - sigmoid(x))), without overflow; w = pos_weight.

    Raises ValueError unless the shapes are equal.

    >>> import tinygrad_nn as tg
    >>> binary_cross_entropy_with_logits(tg.tensor([0.0]), tg.tensor([1.0]))
    tensor(0.6931)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    tensor_operands("binary_cross_entropy_with_logits", input=input, target=target)
    if tuple(input.shape) != tuple(target.shape):
        raise _different_sizes("binary_cross_entropy_with_logits", input, target)
    for word, operand in (("input", input), ("target", target)):
        if operand.array.dtype.kind not in "fV":
            raise OperandError(
                message(
                    f"binary_cross_entropy_with_logits{here()}: the {word} must be floating",
                    got=f"{word} of {operand.dtype}",
                    fix=f"{word}.float()",
                )
            )
    kinds = [one.array for one in (input, target, pos_weight) if one is not None]
    kind = result_dtype(*kinds)
    w: Any = None if pos_weight is None else to_dtype(pos_weight, kind)
    each: Any = to_dtype(loss.bce_with_logits(to_dtype(input, kind), to_dtype(target, kind), w), target.dtype)
    return reduced(each if weight is None else each * weight, reduction)  # type: ignore[no-any-return]


def _different_sizes(name: str, input: Any, target: Any) -> ArgumentError:
    a, b = tuple(input.shape), tuple(target.shape)
    fix = None
    if prod(a) == prod(b):
        fix = f"target.reshape({a}), or input.squeeze() where only sizes of 1 differ"
    return ArgumentError(
        message(f"{name}{here()}: Target size must be the same as input size", got=f"input {a}, target {b}", fix=fix)
    )
