"""Linear algebra primitives on the last one or two axes; leading axes are batches and broadcast."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.errors import DTypeError, ShapeError
from tinygrad_nn.ops.reduce import sum
from tinygrad_nn.primitive import primitive

Array = Any
Shape = tuple[int, ...]


def mT(x: Array) -> Array:
    """The transpose of the last two axes."""
    return x.swapaxes(-1, -2)


# -- products --------------------------------------------------------------------------------------


def _matmul(x: Array, y: Array) -> Array:
    if x.ndim == 0 or y.ndim == 0:
        raise ShapeError("matmul: both operands need at least one dimension")
    if x.dtype is not y.dtype and x.dtype != y.dtype:
        raise DTypeError(f"matmul: operands must have one dtype, not {x.dtype} and {y.dtype}")
    if x.shape[-1] != y.shape[max(y.ndim - 2, 0)]:
        raise ShapeError(
            f"matmul: the inner sizes differ: {tuple(x.shape)} @ {tuple(y.shape)} multiplies rows of {x.shape[-1]} "
            f"with columns of {y.shape[max(y.ndim - 2, 0)]}"
        )
    return np.matmul(x, y)


def _matmul_x(g: Array, y: Array, shape: Shape) -> Array:
    if y.ndim == 1:  # (..., n) from (..., n, k) @ (k,)
        return g[..., None] * y
    if len(shape) == 1:  # (..., m) from (k,) @ (..., k, m)
        return (y @ g[..., None])[..., 0]
    return g @ mT(y)


def _matmul_y(g: Array, x: Array, shape: Shape) -> Array:
    if x.ndim == 1:
        return g[..., None] * x if len(shape) == 1 else x[:, None] * g[..., None, :]
    if len(shape) == 1:
        return (mT(x) @ g[..., None])[..., 0]
    if len(shape) == 2 and x.ndim > 2:  # one product over all batches instead of a sum of many
        return x.reshape((-1, x.shape[-1])).T @ g.reshape((-1, g.shape[-1]))
    return mT(x) @ g


matmul = primitive("matmul", _matmul, _matmul_x, _matmul_y)


def _einsum_rule(g: Array, operands: tuple[Array, ...], position: int, equation: str, shape: Shape) -> Array:
    """The cotangent of operand i is the einsum of g with the other operands, onto operand i's letters.

    `equation` is explicit, without an ellipsis; no letter stands twice in one operand (tensor-level
    code takes diagonals first). Letters only operand i has come back by broadcasting.
    """
    inputs, output = equation.split("->")
    terms = inputs.split(",")
    others = [term for k, term in enumerate(terms) if k != position]
    known = set(output).union(*others)
    wanted = "".join(letter for letter in terms[position] if letter in known)
    rest = [operand for k, operand in enumerate(operands) if k != position]
    cot = einsum((g, *rest), ",".join([output, *others]) + "->" + wanted)
    return cot.reshape(tuple([n if letter in known else 1 for letter, n in zip(terms[position], shape, strict=True)]))


def _einsum(operands: tuple[Array, ...], equation: str) -> Array:
    return np.asarray(np.einsum(equation, *operands, optimize=len(operands) > 2 or "greedy"))


einsum = primitive("einsum", _einsum, _einsum_rule, variadic=True)


# -- inverses and factorisations -------------------------------------------------------------------

inv = primitive("inv", lambda x: np.linalg.inv(x), lambda g, out: -(mT(out) @ g @ mT(out)))


def _solve_y(g: Array, x: Array) -> Array:
    return solve(mT(x), g)


solve = primitive("solve", lambda x, y: np.linalg.solve(x, y), lambda g, x, out: -(solve(mT(x), g) @ mT(out)), _solve_y)
"""The Y with x Y = y, for matrices."""


def trace_of(x: Array) -> Array:
    """The sum of the main diagonal."""
    return sum(x * np.eye(x.shape[-1], dtype=np.int8), (x.ndim - 2, x.ndim - 1), False)
