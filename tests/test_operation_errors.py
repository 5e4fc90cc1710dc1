"""What an operation says when it is called wrongly: what happened, what it got, how to mend it."""

from __future__ import annotations

import re
from typing import Any

import pytest

import tinygrad_nn as tg
from tinygrad_nn.tape import local


def refused(text: str) -> Exception:
    """The exception that evaluating `text` raises."""
    with pytest.raises((RuntimeError, TypeError, ValueError, IndexError)) as caught:
        eval(text, {"tg": tg, "ones": tg.ones, "nan": float("nan")})
    return caught.value


INNER = "they must be equal: transpose one (x.mT), or reshape"

TEXTS: dict[str, tuple[type[Exception], str]] = {
    "ones(2, 3) @ ones(4, 5)": (
        RuntimeError,
        f"""matmul: the inner sizes differ
  got: (2, 3) @ (4, 5)
           ^     ^ 3 columns and 4 rows
  fix: {INNER}""",
    ),
    "ones(7, 2, 13) @ ones(12, 7)": (
        RuntimeError,
        f"""matmul: the inner sizes differ
  got: (7, 2, 13) @ (12, 7)
               ^      ^ 13 columns and 12 rows
  fix: {INNER}""",
    ),
    "ones(3) @ ones(2, 4, 5)": (
        RuntimeError,
        f"""matmul: the inner sizes differ
  got: (3,) @ (2, 4, 5)
        ^         ^ 3 columns and 4 rows
  fix: {INNER}""",
    ),
    "tg.mv(ones(4, 5), ones(3))": (
        RuntimeError,
        f"""mv: the inner sizes differ
  got: (4, 5) @ (3,)
           ^     ^ 5 columns and 3 rows
  fix: {INNER}""",
    ),
    "ones(2, 3) @ ones(3, 2).double()": (
        RuntimeError,
        """matmul: operands must have the same dtype
  got: tinygrad_nn.float32 and tinygrad_nn.float64
  fix: convert one: x.to(y.dtype)""",
    ),
    "tg.mm(ones(2, 3), ones(3))": (
        RuntimeError,
        """mm: mat2 must be a matrix, but got a 1-D tensor
  got: shapes (2, 3) and (3,)
  fix: matmul takes every combination""",
    ),
    "tg.bmm(ones(2, 2, 3), ones(3, 3, 2))": (
        RuntimeError,
        """bmm: the batches must have one size (nothing broadcasts)
  got: (2, 2, 3) and (3, 3, 2): 2 and 3
  fix: matmul broadcasts""",
    ),
    "tg.einsum('ij,jk->ik', ones(2, 3), ones(4, 5))": (
        RuntimeError,
        """einsum(): subscript j has size 4 for operand 1 which does not broadcast with previously seen size 3
  got: 'ij,jk->ik' with shapes (2, 3) (operand 0) and (4, 5) (operand 1)
  fix: both dimensions named j must be equal, or one of them 1""",
    ),
    "tg.einsum('...i,...i->...', ones(2, 3), ones(4, 3))": (
        RuntimeError,
        """einsum(): the dimensions of the ellipsis do not broadcast in '...i,...i->...'
  got: (2,)
       (4,)
        ^ dimension -1: 2 and 4
  fix: sizes must be equal, or one of them 1""",
    ),
    "tg.einsum('i', ones(2, 3))": (
        RuntimeError,
        """einsum(): the number of subscripts (1) does not match the number of dimensions (2) for operand 0 """
        """and no ellipsis was given
  got: 'i' for shape (2, 3)
  fix: write '...i' to let the leading dimensions broadcast""",
    ),
    "tg.einsum('i->j', ones(3))": (RuntimeError, "output subscript j does not appear in the equation for any input"),
    "tg.einsum('ii', ones(2, 3))": (RuntimeError, "i is repeated for operand 0 but the sizes don't match, 3 != 2"),
    "tg.einsum('i1', ones(2, 3))": (RuntimeError, "invalid subscript '1': subscripts must be in [a-zA-Z]"),
    "tg.einsum('i,i', ones(3))": (RuntimeError, "fewer operands were provided than specified in the equation"),
    "tg.where(ones(3) > 0, ones(2), ones(2, 3))": (
        RuntimeError,
        """where: shapes do not broadcast
  got: (3,)
       (2,)
        ^ dimension -1: 3 and 2
  fix: sizes must be equal, or one of them 1""",
    ),
    "tg.maximum(ones(5, 1, 4), ones(3, 2))": (
        RuntimeError,
        """maximum: shapes do not broadcast
  got: (5, 1, 4)
          (3, 2)
              ^ dimension -1: 4 and 2
  fix: sizes must be equal, or one of them 1""",
    ),
    "tg.tensordot(ones(2, 3), ones(4, 5), 1)": (
        RuntimeError,
        "first has size 3 in dim 1 and second has size 4 in dim 0\n  got: (2, 3) and (4, 5)",
    ),
    "tg.addmm(ones(7), ones(2, 3), ones(3, 4))": (RuntimeError, "got: input (7,), product (2, 4)"),
    "tg.cdist(ones(2, 3), ones(2, 4))": (RuntimeError, "same number of columns. X1: 3 X2: 4"),
    "-(ones(2) > 0)": (
        RuntimeError,
        """neg: not defined for these element types
  got: tinygrad_nn.bool
  fix: ~x or logical_not(x) inverts a mask""",
    ),
    "(ones(2) > 0) - (ones(2) > 0)": (RuntimeError, "fix: a ^ b or logical_xor(a, b) for masks"),
    "ones(2) & ones(2)": (RuntimeError, "bitwise_and: not defined for these element types"),
    "tg.tensor([1]) // 0": (RuntimeError, "floor_divide: ZeroDivisionError\n  got: an integer divided by zero"),
    "tg.tensor([2]) ** -1": (RuntimeError, "negative integer powers are not allowed.\n  fix: x.float() ** y"),
    "tg.div(ones(1), 2, rounding_mode='up')": (RuntimeError, "got: rounding_mode='up'"),
    "tg.add(tg.tensor([1]), 2, alpha=0.5)": (RuntimeError, "argument alpha must not be a floating point number"),
    "tg.addcdiv(tg.tensor([1]), tg.tensor([1]), tg.tensor([1]))": (RuntimeError, "Integer division with addcdiv"),
    "tg.lerp(ones(2), ones(2).double(), 0.5)": (
        RuntimeError,
        "lerp: operands must have the same dtype\n  got: input: tinygrad_nn.float32, end: tinygrad_nn.float64",
    ),
    "tg.clamp(ones(2))": (RuntimeError, "At least one of 'min' or 'max' must not be None"),
    "tg.where(ones(2), ones(2), ones(2))": (RuntimeError, "got: dtype float32\n  fix: compare first: x > 0"),
    "tg.isclose(ones(2), ones(2), rtol=-1)": (RuntimeError, "rtol must be greater than or equal to zero\n  got: -1"),
    "ones(2) + 'a'": (TypeError, "add: an operand is neither a tensor nor a number\n  got: str"),
    "ones(2) < None": (TypeError, "lt: an operand is neither a tensor nor a number"),
    "ones(2) @ 2": (TypeError, "matmul(): argument 'other' must be Tensor, not int"),
    "tg.atan2(ones(2), 1.0)": (TypeError, "must be Tensor, not float\n  got: 1.0\n  fix: wrap it: tensor(1.0)"),
    "tg.exp(1.0)": (TypeError, "exp: operands must be tensors"),
    "tg.tensor([1, 2]).mean()": (RuntimeError, "got: dtype tinygrad_nn.int64\n  fix: convert first: x.float().mean()"),
    "tg.tensor([1, 2]).std()": (RuntimeError, "std: only floating point tensors are supported"),
    "ones(3).var(unbiased=True, correction=1)": (TypeError, "`unbiased` and `correction` say the same"),
    "ones(2, 3).sum(dim=0, axis=0)": (TypeError, "dim and axis"),
    "ones(2, 3).sum(2)": (IndexError, "expected to be in range of [-2, 1], but got 2"),
    "ones(2, 3).sum((0, -2))": (RuntimeError, "a dim appears multiple times in the list of dims"),
    "ones(0).max()": (RuntimeError, "Expected reduction dim to be specified for input.numel() == 0"),
    "ones(0, 3).max(0)": (IndexError, "max(): Expected reduction dim 0 to have non-zero size\n  got: shape (0, 3)"),
    "ones(0).argmax()": (IndexError, "argmax(): Expected reduction dim"),
    "(ones(2) > 0).argmax()": (RuntimeError, "does not support bool input"),
    "ones(2, 3).prod((0, 1))": (TypeError, "prod: dim must be an integer"),
    "tg.histc(ones(2), 3, 2, 1)": (RuntimeError, "max must be larger than min\n  got: min=2, max=1"),
    "tg.histc(ones(2) / 0)": (RuntimeError, "is not finite"),
    "tg.bincount(tg.tensor([-1]))": (RuntimeError, "1-d non-negative integral inputs\n  got: -1 among them"),
    "tg.linalg.inv(ones(2, 3))": (RuntimeError, "batches of square matrices, but they are 2 by 3 matrices"),
    "tg.linalg.inv(ones(3))": (RuntimeError, "must have at least 2 dimensions.\n  got: shape (3,)"),
    "tg.linalg.det(tg.tensor([[1]]))": (RuntimeError, "linalg.det: Expected a floating point tensor as input"),
    "tg.linalg.inv(ones(2, 2).half())": (RuntimeError, "Low precision dtypes not supported"),
    "tg.linalg.solve(ones(2, 2), ones(3, 2))": (RuntimeError, "AX = B\n  got: A (2, 2), B (3, 2)\n  fix: B must have"),
    "tg.linalg.qr(ones(2, 2), 'full')": (RuntimeError, "unrecognized mode 'full'"),
    "tg.linalg.eigh(ones(2, 2), 'x')": (RuntimeError, "Expected UPLO argument to be 'L' or 'U'\n  got: 'x'"),
    "tg.linalg.norm(ones(2, 2), 'x')": (RuntimeError, "Order x not supported.\n  fix: one of 'fro', 'nuc', 1, -1"),
    "tg.linalg.norm(ones(2, 2, 2), 2)": (RuntimeError, "must be 1D or 2D. Got 3D.\n  fix: name the dimensions"),
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_the_message_names_the_operation_the_shapes_and_the_remedy(text: str) -> None:
    kind, expected = TEXTS[text]
    error = refused(text)
    assert isinstance(error, kind)
    assert expected in str(error), str(error)


FAILURES = {
    "tg.linalg.inv(ones(2, 2))": "linalg.inv: the input matrix is singular.*fix: linalg.pinv",
    "tg.linalg.inv(tg.stack([tg.eye(2), ones(2, 2)]))": r"\(Batch element 1\): the input matrix is singular",
    "tg.linalg.solve(ones(2, 2), ones(2))": "linalg.solve: the input matrix is singular",
    "tg.linalg.cholesky(-tg.eye(2))": "not positive-definite.*got: shape \\(2, 2\\).*add a small multiple",
    "tg.linalg.svd(ones(2, 2) * nan)": "failed to converge because the input matrix contained non-finite values",
    "tg.linalg.eigh(ones(2, 2) * nan)": "failed to converge because the input matrix contained non-finite values",
}


@pytest.mark.parametrize("text", FAILURES)
def test_a_matrix_that_has_no_such_factor_raises_linalgerror(text: str) -> None:
    error = refused(text)
    assert isinstance(error, tg.linalg.LinAlgError)
    assert isinstance(error, RuntimeError)
    assert re.search(FAILURES[text], str(error), re.DOTALL), str(error)


def test_the_complete_qr_of_a_tall_matrix_has_values_but_no_gradient() -> None:
    x = tg.tensor([[3.0], [4.0]], requires_grad=True)
    q, _ = tg.linalg.qr(x, "complete")
    assert q.shape == (2, 2)
    with pytest.raises(RuntimeError, match="not differentiable when mode='complete' and nrows > ncols"):
        q.sum().backward()


@pytest.mark.parametrize(
    "call",
    [
        lambda: tg.ones(2, 3) @ tg.ones(2, 3),
        lambda: tg.mm(tg.ones(2, 3), tg.ones(2, 3)),
        lambda: tg.mm(tg.ones(2, 3), tg.ones(3)),
        lambda: tg.einsum("ij,jk", tg.ones(2, 3), tg.ones(2, 3)),
        lambda: tg.einsum("i", tg.ones(2, 3)),
        lambda: tg.ones(2) + tg.ones(3),
        lambda: tg.where(tg.ones(2) > 0, tg.ones(3), tg.ones(3)),
    ],
)
def test_a_shape_error_names_the_module_whose_forward_runs(call: Any) -> None:
    before, local.mode.scope = local.mode.scope, "encoder.2.linear"
    try:
        with pytest.raises(RuntimeError, match=r"in encoder\.2\.linear"):
            call()
    finally:
        local.mode.scope = before
