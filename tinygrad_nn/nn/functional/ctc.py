"""Connectionist temporal classification: the likelihood of a label sequence under all its alignments.

A. Graves et al., "Connectionist temporal classification", ICML 2006, whose names are used: the
labels l with blanks between, before and after them, l'; and the forward variable alpha_t(s), the
log probability of all paths that have emitted l'[:s + 1] by time t.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, OperandError, ShapeError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.functions.autocast import in_float32
from tinygrad_nn.functions.elementwise import to_dtype
from tinygrad_nn.functions.single import in_single
from tinygrad_nn.nn.functional.common import here, reduced, reduction_of, tensor_operands
from tinygrad_nn.ops import elementwise as ops
from tinygrad_nn.ops.index import pick_at
from tinygrad_nn.ops.reduce import sum
from tinygrad_nn.ops.shape import pad, reshape, stack
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.tape import local

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = ["ctc_loss"]

IMPOSSIBLE = -1e30
"""Stands for log 0: its exponential is 0 beside any possible path, and its differences are not NaN."""


@in_float32
@flags
def ctc_loss(
    log_probs: Tensor, targets: Tensor, input_lengths: Tensor | Sequence[int], target_lengths: Tensor | Sequence[int],
    blank: int = 0, reduction: str = "mean", zero_infinity: bool = False,
) -> Tensor:  # fmt: skip
    """-log p(targets | log_probs), summed over all alignments.

    log_probs: (T, N, C) log probabilities, or (T, C) for one sequence
    targets:   (N, S) padded, or (sum of target_lengths,) one after the other; no blanks among them
    lengths:   (N,) integers each; inputs of at most T
    reduction: "mean" divides each loss by its target's length, then averages over the batch
    zero_infinity: 0 for a target that cannot be aligned (otherwise its loss is infinite, its gradient NaN)

    Raises RuntimeError for lengths, labels or a blank out of range, and for shapes that do not fit.
    """
    reduction = reduction_of(None, None, reduction)
    tensor_operands("ctc_loss", log_probs=log_probs, targets=targets)
    lp: Any = log_probs
    single = lp.ndim == 2
    if single:
        lp = reshape(lp, (lp.shape[0], 1, lp.shape[1]))
    if lp.ndim != 3 or not lp.dtype.is_floating_point:
        raise ShapeError(
            message(
                f"ctc_loss{here()}: log_probs must be floating, (T, N, C) or (T, C)",
                got=f"{tuple(lp.shape)} {lp.dtype}",
            )
        )
    times, batch, classes = (int(n) for n in lp.shape)
    spans, sizes = _lengths("input_lengths", input_lengths, batch), _lengths("target_lengths", target_lengths, batch)
    labels = _padded(targets, sizes, batch, single)
    _check(labels, spans, sizes, times, classes, blank)
    total = _log_likelihood(lp, labels, spans, sizes, blank)
    possible = ops.gt(total, IMPOSSIBLE / 2)
    loss = ops.where(possible, -total, 0.0 if zero_infinity else ops.unsloped(sum(lp, (0, 2), False)) + inf)
    if reduction == "mean":
        loss = loss / to_dtype(ops.clamp(sizes, 1, None), lp.dtype)
    return reduced(reshape(loss, ()) if single and reduction == "none" else loss, reduction)  # type: ignore[no-any-return]


def _lengths(name: str, given: Any, batch: int) -> Any:
    """(N,) integers, as a tensor."""
    lengths = given if type(given) in TYPES else wrap(np.asarray(given, np.int64))
    if lengths.array.dtype.kind not in "iu":
        raise OperandError(
            message(f"ctc_loss: {name} must be integers", got=f"dtype {lengths.dtype}", fix=f"{name}.long()")
        )
    if lengths.array.size != batch:
        raise ShapeError(
            message(
                f"ctc_loss: {name} must have one length for each of the {batch} sequences", got=tuple(lengths.shape)
            )
        )
    return reshape(lengths, (batch,))


def _padded(targets: Any, sizes: Any, batch: int, single: bool) -> Any:
    """The labels as (N, S): what stands behind a sequence's length does not matter."""
    if targets.array.dtype.kind not in "iu":
        raise OperandError(
            message("ctc_loss: targets must be integers", got=f"dtype {targets.dtype}", fix="targets.long()")
        )
    if targets.ndim == 2 and targets.shape[0] == batch:
        return targets
    if single:
        return reshape(targets, (1, -1))
    if local.mode.tracer is not None:
        local.mode.tracer.read(sizes)
    ends = np.cumsum(sizes.array)
    if targets.ndim != 1 or (batch and targets.array.size != ends[-1]):
        raise ShapeError(
            message(
                f"ctc_loss{here()}: targets must be (N, S), or all one after the other",
                got=f"targets {tuple(targets.shape)}, N={batch}, target_lengths {sizes.tolist()}",
            )
        )
    longest = int(sizes.array.max(initial=0))
    places = (ends - sizes.array)[:, None] + np.arange(longest)
    return (
        pick_at(targets, (np.minimum(places, max(targets.array.size - 1, 0)),))
        if longest
        else reshape(targets[:0], (batch, 0))
    )


def _check(labels: Any, spans: Any, sizes: Any, times: int, classes: int, blank: int) -> None:
    if not 0 <= blank < classes:
        raise ArgumentError(
            message("ctc_loss: blank must be in label range", got=f"blank={blank}", fix=f"0..{classes - 1}")
        )
    for name, lengths, most in (("input_lengths", spans, times), ("target_lengths", sizes, labels.shape[1])):
        if lengths.array.size and not (lengths.array.min() >= 0 and lengths.array.max() <= most):
            raise OperandError(
                message(
                    f"ctc_loss{here()}: Expected {name} to have values from 0 to {most}", got=lengths.array.tolist()
                )
            )
    used = labels.array[np.arange(labels.shape[1]) < sizes.array[:, None]]
    if used.size and not (used.min() >= 0 and used.max() < classes):
        raise OperandError(
            message(
                f"ctc_loss{here()}: labels must be from 0 to {classes - 1}",
                got=f"labels from {used.min()} to {used.max()}",
            )
        )


@in_single
def _log_likelihood(lp: Any, labels: Any, spans: Any, sizes: Any, blank: int) -> Any:
    """log p(l) for each sequence: alpha at the last time, at the last label or the blank behind it."""
    times, batch, classes = lp.shape
    if not times:
        return to_dtype(ops.where(ops.eq(sizes, 0), 0.0, IMPOSSIBLE), lp.dtype)
    labels = ops.clamp(labels, 0, classes - 1)  # padding may hold anything
    blanks = ops.zeros_like(labels) + blank
    extended = reshape(stack((blanks, labels), 2), (batch, -1))
    extended = pad(extended, ((0, 0), (0, 1)), blank)  # (N, L), L = 2 S + 1
    length = extended.shape[1]
    rows = np.arange(batch)
    emitted = pick_at(
        lp, (np.arange(times)[:, None, None], rows[None, :, None], reshape(extended, (1, batch, length)))
    )  # (T, N, L)
    two_before = pad(extended, ((0, 0), (2, 0)), blank)[:, :length]
    skips = ops.logical_and(
        ops.ne(extended, blank), ops.ne(extended, two_before)
    )  # from one label to another, over the blank
    alpha = ops.where(np.arange(length) < 2, emitted[0], IMPOSSIBLE)
    for t in range(1, times):
        wider = pad(alpha, ((0, 0), (2, 0)), IMPOSSIBLE)
        reached = ops.logaddexp(alpha, wider[:, 1 : length + 1])
        reached = ops.logaddexp(reached, ops.where(skips, wider[:, :length], IMPOSSIBLE))
        alpha = ops.where(reshape(ops.gt(spans, t), (batch, 1)), reached + emitted[t], alpha)
    last = pick_at(alpha, (rows, sizes * 2))
    label = pick_at(alpha, (rows, ops.clamp(sizes * 2 - 1, 0, None)))
    total = ops.where(ops.gt(sizes, 0), ops.logaddexp(last, label), last)
    empty = ops.where(ops.eq(sizes, 0), 0.0, IMPOSSIBLE)  # no input at all aligns with no label only
    return ops.where(ops.gt(spans, 0), total, to_dtype(empty, lp.dtype))
