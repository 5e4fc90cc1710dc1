"""What an operation costs in multiply-accumulates: the matrix products and convolutions.

One entry a primitive, so a product counts wherever it stands, in a layer or in a user's own forward.
Elementwise work, pooling, normalisation and the addition of biases are not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

__all__ = ["RULES", "cost"]


def _matmul(args: tuple[Any, ...], out: Any) -> int:
    return int(out.size * args[0].shape[-1])


def _linear(args: tuple[Any, ...], out: Any) -> int:
    return int(out.size * args[1].shape[1])


def _einsum(args: tuple[Any, ...], out: Any) -> int:
    """One multiply-add for each combination of the letters' values, as the sum is written."""
    operands, equation = args
    sizes: dict[str, int] = {}
    for letters, operand in zip(equation.split("->")[0].split(","), operands, strict=True):
        sizes.update(zip(letters, operand.shape, strict=True))
    return prod(sizes.values()) if len(operands) > 1 else 0


def _conv(args: tuple[Any, ...], out: Any) -> int:
    return int(out.size * prod(args[1].shape[1:]))  # each result reads C / groups channels under the kernel


def _conv_input(args: tuple[Any, ...], out: Any) -> int:
    return int(args[0].size * prod(args[1].shape[1:]))  # transposed: each element of y is spread


def _recurrent(args: tuple[Any, ...], out: Any) -> int:
    return int(args[0].shape[0] * args[1].size)  # rows are steps times sequences; W_ih x is a linear of its own


def _lstm(args: tuple[Any, ...], out: Any) -> int:
    rows, projection = args[0].shape[0], args[4]
    return _recurrent(args, out) + (0 if projection is None else int(rows * projection.size))


RULES: dict[str, Callable[[tuple[Any, ...], Any], int]] = {
    "matmul": _matmul,
    "linear": _linear,
    "einsum": _einsum,
    "conv": _conv,
    "conv_input": _conv_input,
    "rnn": _recurrent,
    "gru": _recurrent,
    "lstm": _lstm,
}
"""By the primitive's name: its cost, from its arguments (arrays) and its result."""


def cost(name: str, args: tuple[Any, ...], out: Any) -> int:
    """The multiply-accumulates of one call; 0 for an operation without a rule.

    >>> import numpy as np
    >>> cost("matmul", (np.ones((2, 3)), np.ones((3, 5))), np.ones((2, 5)))
    30
    """
    rule = RULES.get(name)
    return 0 if rule is None else rule(args, out)
