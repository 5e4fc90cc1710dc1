"""Gradient clipping, in place, between `backward()` and the optimizer's step."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from functools import reduce
from types import GeneratorType
from typing import Any

import numpy as np

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.dtypes import promote_types
from tinygrad_nn.errors import AutogradError, DTypeError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.half import SINGLE, is_half
from tinygrad_nn.ops import elementwise as ops
from tinygrad_nn.ops.reduce import amax, amin, sum
from tinygrad_nn.ops.shape import stack
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.tensor import Tensor
from tinygrad_nn.views import inplace, write

__all__ = ["clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]

Parameters = Tensor | Iterable[Tensor]


def _listed(given: Any) -> list[Any]:
    if type(given) in TYPES:
        return [given]
    if not isinstance(given, Iterable) or isinstance(given, (str, dict)):
        fix = "model.parameters()" if hasattr(given, "parameters") else "a list of tensors"
        raise DTypeError(message("clipping takes tensors", got=type(given).__name__, fix=fix))
    listed = list(given)
    for item in listed:
        if type(item) not in TYPES:
            raise DTypeError(
                message("clipping takes tensors", got=f"one of them is {item!r:.60}", fix="model.parameters()")
            )
    return listed


def _number(word: str, value: Any) -> float:
    if type(value) in TYPES and value.array.size == 1:
        return float(value.array.item())
    if not isinstance(value, (int, float, np.number)) and value not in ("inf", "-inf"):
        raise DTypeError(message(f"clipping: {word} is a number", got=repr(value)[:60], fix=f"{word}=1.0"))
    return float(value)


def _norm(x: Any, order: float) -> Any:
    """(sum of |x|^order)^(1/order); the largest (smallest) |x| for order inf (-inf); the nonzeros for 0.

    Of 16-bit numbers in float32: their squares are soon beyond float16.
    """
    x = _single(x)
    if order == 2.0:
        return ops.sqrt(sum(ops.square(x), None, False))
    size = ops.abs(x)
    if np.isinf(order):
        return (amax if order > 0 else amin)(size, None, False)
    if order == 0.0:
        return ops.cast(sum(ops.ne(x, 0), None, False), x.array.dtype)
    if order == 1.0:
        return sum(size, None, False)
    return ops.pow(sum(ops.pow(size, order), None, False), 1.0 / order)


@switches
@no_grad()
def get_total_norm(
    tensors: Parameters, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """The norm of all tensors taken as one vector; 0 for none.

    Raises RuntimeError for a NaN or infinite norm if `error_if_nonfinite`.
    """
    given = _listed(tensors)
    total = _total(given, norm_type, error_if_nonfinite)
    return _rounded(total, given)  # type: ignore[no-any-return]


def _rounded(total: Any, given: list[Any]) -> Any:
    """The total norm in the dtype of the tensors."""
    if not given:
        return total
    kind = reduce(promote_types, [t.dtype for t in given]).dtype
    return total if total.array.dtype == kind else ops.cast(total, kind)


def _total(given: list[Any], norm_type: float, error_if_nonfinite: bool) -> Any:
    """The total norm, in float32 at least."""
    order = _number("norm_type", norm_type)
    if not given:
        return wrap(np.zeros((), np.float32))
    norms = [_norm(t.detach(), order) for t in given]
    total: Any = norms[0] if len(norms) == 1 else _norm(stack(_alike(norms), 0), order)
    if error_if_nonfinite and not np.isfinite(total.item()):
        raise AutogradError(
            message(
                f"The total norm of order {order} for gradients from `parameters` is non-finite, so it cannot "
                "be clipped",
                got=f"norm {total.item()}",
                fix="find where it arises with autograd.detect_anomaly(), or set error_if_nonfinite=False",
            )
        )
    return total


def _single(x: Any) -> Any:
    return ops.cast(x, SINGLE) if is_half(x.array) else x


def _alike(norms: list[Any]) -> tuple[Any, ...]:
    """The norms in one dtype, the widest."""
    kind = max((n.array.dtype for n in norms), key=lambda d: d.itemsize)
    return tuple([n if n.array.dtype == kind else ops.cast(n, kind) for n in norms])


@switches
@no_grad()
def clip_grads_with_norm_(
    parameters: Parameters, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Multiply all gradients by min(1, max_norm / (total_norm + 1e-6))."""
    limit = max_norm if type(max_norm) in TYPES else _number("max_norm", max_norm)
    factor = ops.clamp(limit / (_single(total_norm) + 1e-6), None, 1.0)
    for parameter in _listed(parameters):
        if parameter.grad is not None:
            if is_half(parameter.grad.array):  # the product in float32, rounded where it is written
                write(parameter.grad, _single(parameter.grad) * factor, "clip_grad_norm_")
            else:
                _mul_(parameter.grad, factor)


_mul_ = inplace(ops.mul, "mul")


@switches
@no_grad()
def clip_grad_norm_(
    parameters: Parameters,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients together so that their total norm is at most `max_norm`; gives the norm before.

    norm_type: the order of the norm, which may be float("inf").
    Raises RuntimeError for a NaN or infinite norm if `error_if_nonfinite`. (Pascanu et al., 2013)

    >>> import tinygrad_nn as tg
    >>> w = tg.tensor([3.0, 4.0], requires_grad=True)
    >>> (w * w / 2).sum().backward()
    >>> clip_grad_norm_([w], 1.0)
    tensor(5.)
    >>> w.grad
    tensor([0.6000, 0.8000])
    """
    given = _listed(parameters)
    if isinstance(parameters, GeneratorType) and not given:
        warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=4)
    gradients = [p.grad for p in given if p.grad is not None]
    total = _total(gradients, norm_type, error_if_nonfinite)
    clip_grads_with_norm_(given, max_norm, total)
    return _rounded(total, gradients)  # type: ignore[no-any-return]


@switches
@no_grad()
def clip_grad_value_(parameters: Parameters, clip_value: float, foreach: bool | None = None) -> None:
    """Limit each element of the gradients to [-clip_value, clip_value]."""
    limit = _number("clip_value", clip_value)
    for parameter in _listed(parameters):
        if parameter.grad is not None:
            _clamp_(parameter.grad, -limit, limit)


_clamp_ = inplace(ops.clamp, "clamp")
