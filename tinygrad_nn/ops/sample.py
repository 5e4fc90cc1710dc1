"""Sampling: the primitive behind every random number, so that a tracer sees each draw.

What it gives depends on a generator's place in the stream, which it moves on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tinygrad_nn.generator import Generator
from tinygrad_nn.primitive import primitive

Array = Any


def _draw(
    generator: Generator,
    method: str,
    operands: tuple[Any, ...],
    options: Mapping[str, Any],
    order: tuple[int, ...] | None,
) -> Array:
    """`generator.method(*operands, **options)`; `order` lists the result's dimensions, slowest in memory first."""
    if order is None or order == tuple(range(len(order))):
        return getattr(generator, method)(*operands, **options)
    size = options["shape"]
    operands = tuple([_turned(one, size, order) for one in operands])
    straight = getattr(generator, method)(*operands, **{**options, "shape": tuple([size[k] for k in order])})
    return straight.transpose(np.argsort(order))


def _turned(operand: Any, size: tuple[int, ...], order: tuple[int, ...]) -> Any:
    """A parameter for each element, as the elements are drawn; a number as it is."""
    return np.broadcast_to(operand, size).transpose(order) if isinstance(operand, np.ndarray) else operand


draw = primitive("draw", _draw, arity=0, half="moves")
"""draw(generator, method, operands, options, order): a sample by one of the generator's methods.

The distribution's parameters may be tensors (in `operands`): data without a gradient.
"""
