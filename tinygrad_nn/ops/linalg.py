"""Matrix products, and their general form: sums of products over named axes. Factorisations stand in `factor`."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from tinygrad_nn.dtypes import as_dtype
from tinygrad_nn.errors import OperandError, ShapeError
from tinygrad_nn.ops.sums import RUN, add_up, product
from tinygrad_nn.order import arranged, in_rows, order_of
from tinygrad_nn.primitive import primitive

Array = Any
Shape = tuple[int, ...]


def mT(x: Array) -> Array:
    """The transpose of the last two axes."""
    return x.swapaxes(-1, -2)


def rows(x: Array) -> Array:
    """All vectors along the last axis, as one matrix. (A size of -1 would be ambiguous where one is 0.)"""
    return x.reshape((prod(x.shape[:-1]), x.shape[-1]))


# -- products --------------------------------------------------------------------------------------


def _matmul(x: Array, y: Array) -> Array:
    if x.ndim == 0 or y.ndim == 0:
        raise ShapeError(
            "matmul: both operands need at least one dimension\n"
            f"  got: {tuple(x.shape)} @ {tuple(y.shape)}\n  fix: multiply by a 0-d tensor with *"
        )
    if x.dtype is not y.dtype:
        _check_one_dtype(x, y)
    if x.shape[-1] != y.shape[max(y.ndim - 2, 0)]:
        raise ShapeError(f"matmul: the inner sizes differ\n{crossed(x.shape, y.shape)}")
    if x.dtype.kind == "b":
        raise OperandError("matmul: not defined for bool\n  fix: convert first: x.int()")
    return np.matmul(x, y) if x.shape[-1] <= RUN else product(x, y)


def _check_one_dtype(x: Array, y: Array) -> None:
    if x.dtype != y.dtype:
        raise OperandError(
            "matmul: operands must have the same dtype\n"
            f"  got: {as_dtype(x.dtype)} and {as_dtype(y.dtype)}\n  fix: convert one: x.to(y.dtype)"
        )


def crossed(a: Shape, b: Shape) -> str:
    """Two shapes that a matrix product cannot chain, with a mark below the two sizes that should agree.

    >>> print(crossed((2, 3), (4, 5)))
      got: (2, 3) @ (4, 5)
               ^     ^ 3 columns and 4 rows
      fix: they must be equal: transpose one (x.mT), or reshape
    """
    inner = max(len(b) - 2, 0)
    first, second = f"({_listed(a)})", f"({_listed(b)})"
    left = first.rindex(str(a[-1])) + len(str(a[-1])) - 1
    right = len(first) + 3 + len(_listed(b[: inner + 1]).rstrip(","))
    return (
        f"  got: {first} @ {second}\n"
        f"       {' ' * left}^{' ' * (right - left - 1)}^ {a[-1]} columns and {b[inner]} rows\n"
        "  fix: they must be equal: transpose one (x.mT), or reshape"
    )


def _listed(sizes: Shape) -> str:
    return ", ".join(str(n) for n in sizes) + ("," if len(sizes) == 1 else "")


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
        return rows(x).T @ rows(g)
    return mT(x) @ g


matmul = primitive("matmul", _matmul, _matmul_x, _matmul_y, refuses=_check_one_dtype, layout=in_rows)


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
    """Contract two operands at a time, each time as one (batched) matrix product: what BLAS is fast at."""
    inputs, output = equation.split("->")
    if len(operands) == 1:
        return _summed(operands[0], inputs, output)
    left = [*zip(inputs.split(","), operands, strict=True)]
    for i, j in _contraction_order(equation, operands):
        (a, x), (b, y) = left[i], left[j]
        left = [item for k, item in enumerate(left) if k not in (i, j)]
        left.append(_contracted(a, x, b, y, "".join((output, *[term for term, _ in left]))))
    term, x = left[0]
    return x.transpose([term.index(c) for c in output])


def _summed(x: Array, term: str, output: str) -> Array:
    """One operand onto the letters that are left of it."""
    left = [c for c in term if c in output]
    gone = tuple([k for k, c in enumerate(term) if c not in output])
    return np.array(add_up(x, gone) if gone else x).transpose([left.index(c) for c in output])


def _contraction_order(equation: str, operands: tuple[Array, ...]) -> list[tuple[int, int]]:
    """Which two places to contract next; each result goes to the end of the list."""
    if len(operands) == 2:
        return [(0, 1)]
    pairs = []
    count = len(operands)
    for step in np.einsum_path(equation, *operands, optimize="greedy")[0][1:]:
        places = sorted(step)
        while len(places) > 1:  # NumPy may name more than two at once
            pairs.append((places[0], places[1]))
            count -= 1
            places = [k - 2 for k in places[2:]]
            if places:
                places.append(count - 1)
    return pairs


def _contracted(a: str, x: Array, b: str, y: Array, wanted: str) -> tuple[str, Array]:
    """The product of x and y over the letters that nothing else wants, and the letters of the result."""
    (alone, order), (alone_y, order_y), batch, rows, summed, letters = _grouped(a, b, wanted)
    x = add_up(x, alone) if alone else x
    y = add_up(y, alone_y) if alone_y else y
    x, y = x.transpose(order), y.transpose(order_y)
    n, m = batch + rows, batch + summed
    shape = x.shape[:n] + y.shape[m:]
    x = x.reshape(prod(x.shape[:batch]), prod(x.shape[batch:n]), prod(x.shape[n:]))
    y = y.reshape(prod(y.shape[:batch]), prod(y.shape[batch:m]), prod(y.shape[m:]))
    return letters, (product(x, y) if summed else x * y).reshape(shape)


@lru_cache(maxsize=1024)
def _grouped(a: str, b: str, wanted: str) -> tuple[Any, ...]:
    """How to bring two operands to (batch, rows, summed) and (batch, summed, columns).

    For each operand the axes that are summed before (nobody else has them) and the order of the rest; how many
    letters are batch, rows and summed; and the letters of the product.
    """
    alone = tuple(k for k, c in enumerate(a) if c not in b and c not in wanted)
    alone_y = tuple(k for k, c in enumerate(b) if c not in a and c not in wanted)
    a = "".join(c for k, c in enumerate(a) if k not in alone)
    b = "".join(c for k, c in enumerate(b) if k not in alone_y)
    both = [c for c in a if c in b]
    batch, summed = [c for c in both if c in wanted], [c for c in both if c not in wanted]
    rows, columns = [c for c in a if c not in both], [c for c in b if c not in both]
    order = [a.index(c) for c in (*batch, *rows, *summed)]
    order_y = [b.index(c) for c in (*batch, *summed, *columns)]
    letters = "".join((*batch, *rows, *columns))
    return (alone, order), (alone_y, order_y), len(batch), len(rows), len(summed), letters


def _product_order(out: Array, operands: tuple[Array, ...], equation: str) -> Array:
    """As PyTorch's last product leaves it: what both operands have, then what one and what the other has alone,
    in the order that fits the output. Without a sum over both it is elementwise: see `order.order_of`.
    """
    if out.ndim < 2:
        return out
    inputs, output = equation.split("->")
    *terms, last = inputs.split(",")
    *arrays, right = operands
    a = {c for term, x in zip(terms, arrays, strict=True) for c, n in zip(term, x.shape, strict=True) if n != 1}
    b = {c for c, n in zip(last, right.shape, strict=True) if n != 1}
    if not (a & b) - set(output):
        if len(terms) > 1 or (a | b) - set(output):
            return in_rows(out)
        return arranged(
            out, order_of(*[_spread(x, term, output) for x, term in zip(operands, (*terms, last), strict=True)])
        )
    both = [c for c in output if c in a and c in b]
    alone, alone_b = [c for c in output if c in a and c not in b], [c for c in output if c not in a]
    swap = bool(alone and alone_b) and output.index(alone_b[-1]) < output.index(alone[0])
    letters = (*both, *alone_b, *alone) if swap else (*both, *alone, *alone_b)
    return arranged(out, tuple([output.index(c) for c in letters]))


def _spread(x: Array, term: str, output: str) -> Array:
    """An operand, whose other letters have size one, with the output's dimensions."""
    x = x[tuple([slice(None) if c in output else 0 for c in term])]
    kept = [c for c in term if c in output]
    x = x.transpose([kept.index(c) for c in output if c in term])
    return x[tuple([slice(None) if c in term else None for c in output])]


einsum = primitive("einsum", _einsum, _einsum_rule, variadic=True, layout=_product_order)
