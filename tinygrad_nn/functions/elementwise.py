"""Elementwise functions of several tensors, and the change of element type.

Those of one tensor stand in `unary`, those of two in `binary`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.dtypes import as_dtype, as_numpy_dtype, convertible, result_dtype
from tinygrad_nn.errors import DTypeError, OperandError, message
from tinygrad_nn.functions.checks import array_of, floating, number, same_dtype, scalar, tensors
from tinygrad_nn.functions.single import in_single
from tinygrad_nn.ops import elementwise as ops
from tinygrad_nn.ops.shape import in_order
from tinygrad_nn.order import order_of
from tinygrad_nn.primitive import TYPES, lasting, wrap
from tinygrad_nn.tape import local
from tinygrad_nn.views import has_base

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

Number = float | int | bool


def to_dtype(x: Any, dtype: object) -> Any:
    """`x` with elements of another type; `x` itself if they are already. No gradient passes through integers.

    The history of a view is not asked for there: a write may have spoiled it (`views.Origin`).
    """
    kind = as_numpy_dtype(dtype)
    if x.dtype == kind:
        return x
    if kind.kind in "iub" and (x.node is not None or (has_base(x) and x._view.base.node is not None)):
        return ops.cast(x.detach(), kind)
    return ops.cast(x, kind)


# -- choices ---------------------------------------------------------------------------------------


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """`input` where `condition` is true, else `other`; of a condition alone, the indices of its true places.

    Gradients reach only the side that was chosen: NaN in the other side stays there. Raises
    RuntimeError if the condition is not a bool tensor, or shapes do not broadcast.

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([-1.0, 2.0])
    >>> tg.where(x > 0, x, 0.0).tolist(), tg.where(x > 0)[0].tolist()
    ([0.0, 2.0], [1])
    """
    tensors("where", condition=condition)
    if input is None and other is None:
        if local.mode.tracer is not None:
            local.mode.tracer.read(condition)
        return tuple(wrap(np.stack(np.nonzero(np.atleast_1d(array_of(condition))))))
    if input is None or other is None:
        raise DTypeError(message("where: both sides are needed, or neither", fix="where(condition, input, other)"))
    kind = as_dtype(condition.dtype).name
    if kind == "uint8":
        condition = ops.ne(condition, 0)
    elif kind != "bool":
        raise OperandError(
            message("where: expected condition to be a boolean tensor", got=f"dtype {kind}", fix="compare first: x > 0")
        )
    for argument, side in (("input", input), ("other", other)):
        if isinstance(side, complex):
            number("where", **{argument: side})
    common = result_dtype(array_of(input), array_of(other))
    if common.kind in "iu":
        for side in (input, other):
            if isinstance(side, int):
                convertible(side, common, "where")
    return ops.where(condition, of_kind(input, common), of_kind(other, common))


def where_method(input: Any, condition: Any, other: Any) -> Any:
    """x.where(condition, other): x where the condition is true, else `other`."""
    return where(condition, input, other)


def of_kind(value: Any, kind: Any) -> Any:
    """A tensor, an array or a number with elements of the type `kind`."""
    return to_dtype(value, kind) if type(value) in TYPES else np.asarray(value).astype(kind)


def clamp(input: Any, min: Any = None, max: Any = None) -> Tensor:
    """`input` limited to [min, max]: both numbers or both tensors, either may be None. Where min > max, max.

    The gradient passes where the input is within the limits, and goes to the limit elsewhere.
    Raises RuntimeError if both limits are None, TypeError for a number beside a tensor.

    >>> import tinygrad_nn as tg
    >>> tg.clamp(tg.tensor([-1.0, 0.5, 3.0]), 0, 1).tolist()
    [0.0, 0.5, 1.0]
    """
    tensors("clamp", input=input)
    if min is None and max is None:
        raise OperandError(message("clamp: At least one of 'min' or 'max' must not be None", fix="give a limit"))
    limits = {name: limit for name, limit in (("min", min), ("max", max)) if limit is not None}
    if any(type(limit) in TYPES for limit in limits.values()):
        tensors("clamp", **limits)
        return _clamp_to_tensors(input, min, max)  # type: ignore[no-any-return]
    number("clamp", **limits)
    kind = result_dtype(array_of(input), *limits.values())
    if kind.kind == "b":
        raise OperandError(message("clamp: not defined for bool", fix="x.int()"))
    if kind.kind in "iu":  # a limit below what the dtype holds limits nothing; PyTorch wraps -1 to 255
        lowest = int(np.iinfo(kind).min)
        limits = {
            name: lowest if kind.kind == "u" and limit < 0 else convertible(limit, kind, "clamp")
            for name, limit in limits.items()
        }
    return ops.clamp(to_dtype(input, kind), limits.get("min"), limits.get("max"))  # type: ignore[no-any-return]


def _clamp_to_tensors(input: Any, low: Any, high: Any) -> Any:
    kind = result_dtype(*[array_of(value) for value in (input, low, high) if value is not None])
    if kind.kind == "b" and low is not None and high is not None:
        raise OperandError(message("clamp: not defined for bool", fix="x.int()"))
    result = to_dtype(input, kind)
    given = [result]
    if low is not None:
        given.append(to_dtype(low, kind))
        result = ops.where(ops.lt(result, given[-1]), given[-1], result)
    if high is not None:
        given.append(to_dtype(high, kind))
        result = ops.where(ops.gt(result, given[-1]), given[-1], result)
    if kind.kind not in "fV":
        return result
    unordered = ops.isnan(given[0])  # NaN of any of the three is the result, and nothing flows back
    for one in given[1:]:
        unordered = ops.logical_or(unordered, ops.isnan(one))
    clamped = ops.where(unordered, kind.type(np.nan), result)
    return in_order(clamped, order_of(*[one.array for one in given]))


# -- three operands --------------------------------------------------------------------------------


_lerp_by_number = lasting(ops.lerp)


@in_single
def lerp(input: Any, end: Any, weight: Any) -> Tensor:
    """input + weight * (end - input): `weight` a number or a tensor. One dtype, floating (RuntimeError).

    >>> import tinygrad_nn as tg
    >>> tg.lerp(tg.tensor([0.0, 10.0]), tg.tensor([4.0, 20.0]), 0.25).tolist()
    [1.0, 12.5]
    """
    tensors("lerp", input=input, end=end)
    same_dtype("lerp", input=input, end=end)
    if type(weight) not in TYPES:
        weight = scalar("lerp", "weight", weight)
    elif weight.array.ndim:
        same_dtype("lerp", input=input, end=end, weight=weight)
    elif input.dtype != weight.dtype:
        kind = result_dtype(array_of(input), array_of(end), weight.array)
        input, end, weight = to_dtype(input, kind), to_dtype(end, kind), to_dtype(weight, kind)
    floating("lerp", input)
    return (ops.lerp if type(weight) in TYPES else _lerp_by_number)(input, end, weight)  # type: ignore[no-any-return]


@in_single
def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: Number = 1) -> Tensor:
    """input + value * tensor1 * tensor2.

    >>> import tinygrad_nn as tg
    >>> tg.addcmul(tg.tensor([1, 2]), tg.tensor([3, 4]), tg.tensor([5, 6]), value=2).tolist()
    [31, 50]
    """
    tensors("addcmul", input=input, tensor1=tensor1, tensor2=tensor2)
    value = scalar("addcmul", "value", value)
    common = result_dtype(array_of(input), array_of(tensor1), array_of(tensor2))
    input, tensor1, tensor2 = [to_dtype(one, common) for one in (input, tensor1, tensor2)]
    if common.kind == "b":
        raise OperandError(message("addcmul: not defined for bool", fix="x.int()"))
    product = ops.mul(tensor1, tensor2)
    return ops.add(input, product if value == 1 else ops.mul(product, _factor("addcmul", value, common)))  # type: ignore[no-any-return]


def _factor(name: str, value: Number, kind: Any) -> Number:
    """`value` as a number of the type `kind`. RuntimeError for a fraction or too large a number beside integers."""
    if kind.kind not in "iu":
        return value
    if value != int(value):
        raise OperandError(
            message(
                f"{name}: For integral input tensors, argument value must not be a floating point number.",
                got=f"value={value}",
                fix="x.float(), or a whole value",
            )
        )
    return int(convertible(int(value), kind, name))


@in_single
def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: Number = 1) -> Tensor:
    """input + value * tensor1 / tensor2. Integers are refused (RuntimeError).

    >>> import tinygrad_nn as tg
    >>> tg.addcdiv(tg.tensor([1.0]), tg.tensor([3.0]), tg.tensor([4.0]), value=2).tolist()
    [2.5]
    """
    tensors("addcdiv", input=input, tensor1=tensor1, tensor2=tensor2)
    value = scalar("addcdiv", "value", value)
    if result_dtype(array_of(tensor1), array_of(tensor2)).kind in "iub":
        raise OperandError(
            message(
                "addcdiv: Integer division with addcdiv is not supported",
                got=f"{as_dtype(tensor1.dtype)} and {as_dtype(tensor2.dtype)}",
                fix="(input + value * tensor1 / tensor2), or convert to floats first",
            )
        )
    quotient = ops.div(tensor1, tensor2)
    return ops.add(input, quotient if value == 1 else ops.mul(quotient, value))  # type: ignore[no-any-return]
