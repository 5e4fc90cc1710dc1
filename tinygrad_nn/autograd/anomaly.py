"""Anomaly mode: stop at the first operation that makes a NaN or an Inf, forward or backward, and say all about it.

While it is on, a tracer sees every primitive; the walk then runs on Tensors, so it sees the rules' too.
"""

from __future__ import annotations

from contextlib import ContextDecorator
from typing import Any

import numpy as np

from tinygrad_nn.errors import AnomalyError, message
from tinygrad_nn.flags import flags, switches
from tinygrad_nn.primitive import TYPES, Primitive
from tinygrad_nn.tape import Node, Tracer, local, watch
from tinygrad_nn.versions import user_line

__all__ = ["AnomalyTracer", "detect_anomaly", "is_anomaly_enabled", "set_detect_anomaly", "statistics"]


def statistics(array: Any) -> str:
    """Shape, range, mean and the count of what is not finite, in one line.

    >>> statistics(np.array([1.0, np.nan, 3.0]))
    'shape (3,), finite values in [1, 3], mean 2, 1 NaN'
    """
    if array.dtype.kind != "f":
        return f"shape {array.shape}, dtype {array.dtype}"
    finite = array[np.isfinite(array)]
    parts = [f"shape {array.shape}"]
    parts.append(
        f"finite values in [{finite.min():.4g}, {finite.max():.4g}], mean {finite.mean():.4g}"
        if finite.size
        else "nothing finite"
    )
    nans, infs = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    parts += [f"{nans} NaN"] * bool(nans) + [f"{infs} Inf"] * bool(infs)
    return ", ".join(parts)


class AnomalyTracer(Tracer):
    """Looks at every result. `check_nan=False` only keeps the lines for the other messages."""

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        self.running: Node | None = None

    def saw(self, primitive: Primitive, args: tuple[Any, ...], result: Any) -> None:
        results = result if isinstance(result, tuple) else (result,)
        line = user_line()
        for tensor in results:
            if tensor.node is not None:
                watch(tensor.node).line = line
            if self.check_nan and tensor.array.dtype.kind == "f" and not np.isfinite(tensor.array).all():
                self._judge(primitive, args, tensor, line)

    def _judge(self, primitive: Primitive, args: tuple[Any, ...], result: Any, line: tuple[str, int]) -> None:
        """Is this operation the culprit, or did it only pass on an Inf that it was given?"""
        operands = [a for arg in args for a in (arg if isinstance(arg, (tuple, list)) else (arg,))]
        values = [
            a.array if type(a) in TYPES else np.asarray(a)
            for a in operands
            if type(a) in TYPES or isinstance(a, (float, np.ndarray))
        ]
        values = [v for v in values if v.dtype.kind == "f"]
        nan = bool(np.isnan(result.array).any())
        if any(np.isnan(v).any() for v in values) or (not nan and any(np.isinf(v).any() for v in values)):
            if not nan or self.running is not None:
                return
            raise AnomalyError(
                self._text(primitive, values, result, line, "was given a NaN that no operation made: look at the data")
            )
        raise AnomalyError(self._text(primitive, values, result, line, f"produced the first {'NaN' if nan else 'Inf'}"))

    def _text(self, primitive: Primitive, values: list[Any], result: Any, line: tuple[str, int], what: str) -> str:
        scope = local.mode.scope
        place = f" in {scope}" if scope is not None else ""
        where = f"forward, at {line[0]}:{line[1]}"
        if self.running is not None:
            node = self.running
            made = node.watch.line if node.watch is not None else None
            where = f"backward, in the gradient of `{node.name}`" + (f" made at {made[0]}:{made[1]}" if made else "")
            place = f" in {node.scope}" if node.scope is not None else place
        operands = "\n".join(f"       operand {k}: {statistics(v)}" for k, v in enumerate(values))
        return message(
            f"anomaly: `{primitive.name}`{place} {what} ({where})", got=f"result: {statistics(result.array)}"
        ) + ("\n" + operands if operands else "")

    def enters(self, node: Node) -> None:
        """The walk is about to run this node's rules."""
        self.running = node

    def finished(self) -> None:
        """The walk is over; operations are the forward's again."""
        self.running = None


class detect_anomaly(ContextDecorator):  # noqa: N801 - PyTorch's name
    """Inside, the first operation whose result is NaN or Inf raises AnomalyError (a RuntimeError).

    The message names the operation, forward or backward, its operands' statistics, its module, and
    the line of the user's code. Slow: for finding a fault, not for training.

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([0.0, 1.0], requires_grad=True)
    >>> with tg.autograd.detect_anomaly():  # doctest: +ELLIPSIS
    ...     x.log()
    Traceback (most recent call last):
    tinygrad_nn.errors.AnomalyError: anomaly: `log` produced the first Inf (forward, at ...)
      got: result: shape (2,), finite values in [0, 0], mean 0, 1 Inf
           operand 0: shape (2,), finite values in [0, 1], mean 0.5
    """

    @switches
    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        self._before: list[Any] = []

    def __enter__(self) -> None:
        self._before.append(local.mode.tracer)
        if local.mode.tracer is not None:
            local.mode.tracer.refuse("another listener takes the recording's place", fix="begin anomaly mode outside")
        local.mode.tracer = AnomalyTracer(self.check_nan)

    def __exit__(self, *_: object) -> None:
        local.mode.tracer = self._before.pop()


class set_detect_anomaly(detect_anomaly):  # noqa: N801 - PyTorch's name
    """Anomaly mode on or off: at once as a call, and for a block as a context manager."""

    @flags
    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(check_nan)
        self._before.append(local.mode.tracer)
        if local.mode.tracer is not None:
            local.mode.tracer.refuse("another listener takes the recording's place", fix="begin anomaly mode outside")
        local.mode.tracer = AnomalyTracer(check_nan) if mode else None

    def __enter__(self) -> None:
        """Already on."""


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on in this thread."""
    return isinstance(local.mode.tracer, AnomalyTracer)
