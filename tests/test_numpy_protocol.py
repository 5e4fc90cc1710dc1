"""NumPy's functions on tensors: values and gradients are those of PyTorch or NumPy, and the tape is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.numpy_protocol import FUNCTIONS, UFUNCS

rng = np.random.default_rng(0)
A, B = rng.uniform(0.2, 0.8, (3, 3)), rng.uniform(0.2, 0.8, (3, 3))
S = A @ A.T + 3 * np.eye(3)

BINARY = {np.add, np.subtract, np.multiply, np.divide, np.power, np.float_power, np.matmul, np.arctan2, np.maximum, np.minimum,
          np.logaddexp, np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal, np.floor_divide,
          np.remainder, np.fmod}  # fmt: skip
ON_BOOLS = {
    np.logical_and,
    np.logical_or,
    np.logical_xor,
    np.bitwise_and,
    np.bitwise_or,
    np.bitwise_xor,
    np.logical_not,
    np.invert,
}


@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda ufunc: ufunc.__name__)
def test_each_ufunc_gives_what_it_gives_for_arrays(ufunc: Any) -> None:
    arrays = (A > 0.5, B > 0.5) if ufunc in ON_BOOLS else (A, B)
    arrays = arrays[: ufunc.nin]
    result = ufunc(*[tg.tensor(one) for one in arrays])
    assert isinstance(result, tg.Tensor)
    np.testing.assert_allclose(result.numpy(), ufunc(*arrays), rtol=1e-12)


ONE = {"axis=None": {}, "axis=1": {"axis": 1}, "kept": {"axis": 0, "keepdims": True}}
CALLS: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = [
    *[(f, (A,), options) for f in (np.sum, np.prod, np.mean, np.std, np.var, np.max, np.min, np.all, np.any) for options in ONE.values()],
    (np.sum, (A, 0), {}), (np.std, (A,), {"ddof": 1}), (np.mean, (A,), {"keepdims": True}), (np.prod, (A,), {"axis": (0, 1)}),
    (np.amax, (A, 1), {}), (np.amin, (A,), {}), (np.argmax, (A,), {}), (np.argmin, (A, 1), {}), (np.cumsum, (A,), {}),
    (np.cumsum, (A, 1), {}), (np.cumprod, (A,), {"axis": 0}), (np.count_nonzero, (A > 0.5,), {}),
    (np.concatenate, ([A, B],), {}), (np.concatenate, ((A, B), 1), {}), (np.stack, ([A, B],), {"axis": -1}),
    (np.hstack, ([A, B],), {}), (np.vstack, ((A, B),), {}), (np.column_stack, ([A[0], B[0]],), {}),
    (np.split, (A, 3), {}), (np.split, (A, [1, 2], 1), {}), (np.reshape, (A, (9,)), {}), (np.reshape, (A, -1), {}),
    (np.transpose, (A,), {}), (np.transpose, (A, (1, 0)), {}), (np.swapaxes, (A, 0, 1), {}), (np.moveaxis, (A, 0, 1), {}),
    (np.ravel, (A,), {}), (np.squeeze, (A[None],), {}), (np.squeeze, (A[None], 0), {}), (np.expand_dims, (A, 1), {}),
    (np.expand_dims, (A, (0, 2)), {}), (np.broadcast_to, (A[0], (2, 3)), {}), (np.atleast_1d, (A,), {}),
    (np.atleast_2d, (A[0],), {}), (np.tile, (A, 2), {}), (np.tile, (A, (2, 1)), {}), (np.repeat, (A, 2), {}),
    (np.repeat, (A, [1, 0, 2], 1), {}), (np.roll, (A, 1), {}), (np.roll, (A, 1, 0), {}), (np.flip, (A,), {}), (np.flip, (A, 1), {}),
    (np.fliplr, (A,), {}), (np.flipud, (A,), {}), (np.tril, (A,), {"k": -1}), (np.triu, (A, 1), {}), (np.diag, (A[0],), {}),
    (np.diag, (A, 1), {}), (np.diagonal, (A,), {"offset": 1}), (np.trace, (A,), {}), (np.meshgrid, (A[0], B[0]), {}),
    (np.einsum, ("ij,jk->ik", A, B), {}), (np.tensordot, (A, B), {"axes": 1}), (np.dot, (A, B), {}), (np.dot, (A[0], B[0]), {}),
    (np.inner, (A, B), {}), (np.outer, (A, B), {}), (np.vdot, (A, B), {}), (np.where, (A > 0.5, A, B), {}), (np.where, (A > 0.5,), {}),
    (np.clip, (A, 0.3, 0.6), {}), (np.clip, (A, None, 0.6), {}), (np.nan_to_num, (np.where(A > 0.5, np.inf, np.nan),), {"posinf": 2.0}), (np.round, (A, 1), {}),
    (np.around, (A,), {}), (np.isclose, (A, B), {"atol": 0.1}), (np.take, (A, [0, 4]), {}), (np.take, (A, np.array([2, 0]), 1), {}),
    (np.take_along_axis, (A, A.argsort(1), 1), {}), (np.sort, (A,), {}), (np.sort, (A, None), {}), (np.argsort, (A, 0), {}),
    (np.argsort, (A, None), {}), (np.nonzero, (A > 0.5,), {}), (np.argwhere, (A > 0.5,), {}), (np.searchsorted, (A[0].cumsum(), B[0]), {}),
    (np.zeros_like, (A,), {}), (np.ones_like, (A,), {"dtype": np.int64}), (np.full_like, (A, 3.0), {}), (np.copy, (A,), {}),
    (np.broadcast_arrays, (A[:1], A), {}), (np.linalg.norm, (A,), {}), (np.linalg.norm, (A,), {"axis": 1}), (np.linalg.inv, (S,), {}),
    (np.linalg.det, (S,), {}), (np.linalg.slogdet, (S,), {}), (np.linalg.solve, (S, A), {}), (np.linalg.cholesky, (S,), {}),
    (np.linalg.eigvalsh, (S,), {}), (np.linalg.pinv, (A,), {}), (np.linalg.matrix_rank, (A,), {}),
]  # fmt: skip


def tensors(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return tg.tensor(value)
    return type(value)(tensors(one) for one in value) if isinstance(value, (list, tuple)) else value


def arrays(value: Any) -> Any:
    return [arrays(one) for one in value] if isinstance(value, (list, tuple)) else np.asarray(value)


@pytest.mark.parametrize(("function", "args", "options"), CALLS, ids=lambda value: getattr(value, "__name__", ""))
def test_each_function_gives_what_it_gives_for_arrays(function: Any, args: Any, options: Any) -> None:
    with np.errstate(all="ignore"):
        result, expected = arrays(function(*tensors(args), **options)), arrays(function(*args, **options))
    for mine, theirs in zip(
        *([result], [expected]) if not isinstance(expected, list) else (result, expected), strict=True
    ):
        assert mine.shape == theirs.shape
        np.testing.assert_allclose(mine, theirs, rtol=1e-9)


def test_every_function_of_the_table_is_called_above_or_here() -> None:
    t = tg.tensor(A)
    assert np.shape(t) == (3, 3)
    assert (np.ndim(t), np.size(t), np.size(t, 1)) == (2, 9, 3)
    assert np.allclose(t, A)
    assert not np.array_equal(t, B)
    assert np.empty_like(t).shape == (3, 3)
    for made in (np.linalg.qr(t), np.linalg.svd(t), np.linalg.eigh(tg.tensor(S))):
        assert isinstance(made[0], tg.Tensor)
    here = {
        np.shape,
        np.ndim,
        np.size,
        np.allclose,
        np.array_equal,
        np.empty_like,
        np.linalg.qr,
        np.linalg.svd,
        np.linalg.eigh,
    }
    assert set(FUNCTIONS) == here | {function for function, _, _ in CALLS}


def test_the_tape_is_kept() -> None:
    x = tg.tensor(A, requires_grad=True)
    loss = np.sum(np.exp(x) * np.where(A > 0.5, x, 0.0)) + np.mean(np.concatenate([x, B]))
    loss.backward()
    expected = np.exp(A) * np.where(A > 0.5, A, 0) + np.exp(A) * (A > 0.5) + 1 / 18
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("call", [lambda a, t: a + t, lambda a, t: a @ t, lambda a, t: np.float64(2) * t])
def test_an_array_on_the_left_leaves_the_operation_to_the_tensor(call: Any) -> None:
    t = tg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    result = call(np.ones((2, 2), np.float32), t)
    assert isinstance(result, tg.Tensor)
    assert result.requires_grad
    assert result.dtype is tg.float32


def test_asarray_of_a_tensor_that_requires_grad_raises() -> None:
    x = tg.ones(2, requires_grad=True)
    with pytest.raises(
        RuntimeError, match=r"(?s)Can't call numpy\(\) on Tensor that requires grad.*detach\(\)\.numpy\(\)"
    ):
        np.asarray(x)
    assert np.asarray(x.detach()) is x.detach().numpy() or np.shares_memory(np.asarray(x.detach()), x.array)


def test_functions_without_counterpart_take_arrays_or_say_what_to_do() -> None:
    x = tg.tensor([1.0, 2.0, 4.0])
    assert np.histogram(x, bins=2)[0].tolist() == [2, 1]
    assert np.percentile(x, 50) == 2
    assert isinstance(np.cbrt(x), tg.Tensor)
    x.requires_grad_()
    with pytest.raises(
        TypeError,
        match=r"(?s)np\.histogram: tinygrad_nn has no gradient for it.*np\.histogram\(t\.detach\(\)\.numpy\(\)\)",
    ):
        np.histogram(x)
    with pytest.raises(TypeError, match=r"(?s)np\.cbrt: tinygrad_nn has no gradient for it.*detach"):
        np.cbrt(x)
    with pytest.raises(TypeError, match=r"(?s)np\.sum: an argument that a tensor does not take.*'initial'"):
        np.sum(x, initial=3.0)


def test_out_takes_arrays_and_tensors() -> None:
    x, a = tg.ones(2), np.zeros(2, np.float32)
    a += x
    assert type(a) is np.ndarray
    assert a.tolist() == [1, 1]
    t = tg.zeros(2)
    assert np.add(x, x, out=t) is t
    assert t.tolist() == [2, 2]
    with pytest.raises(TypeError, match=r"(?s)np\.add: out= cannot be a tensor.*add_"):
        np.add(x, x, out=tg.ones(2), where=np.array([True, False]))


def test_out_is_a_write_like_any_other() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    square = (y * y).sum()
    np.multiply(y, x, out=y)
    y.sum().backward()
    assert x.grad.tolist() == [6, 12]
    with pytest.raises(RuntimeError, match=r"(?s)modified by an inplace operation.*written by `np\.multiply`"):
        square.backward()
    with pytest.raises(RuntimeError, match=r"np\.add: a leaf Variable that requires grad"):
        np.add(x, 1, out=x)


@pytest.mark.parametrize(
    "write",
    [
        lambda t: np.copyto(t, 0.0),
        lambda t: np.put(t, [0], 5.0),
        lambda t: np.putmask(t, np.array([True, False]), 5.0),
        lambda t: np.place(t, np.array([True, False]), 5.0),
        lambda t: np.put_along_axis(t, np.array([0]), 5.0, 0),
        lambda t: np.add.at(t, [0], 5.0),
        lambda t: np.fill_diagonal(t.view(1, 2), 5.0),
    ],
)
def test_what_numpy_writes_is_noticed(write: Any) -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = x * 3
    square = (y * y).sum()
    write(y.detach())
    with pytest.raises(RuntimeError, match=r"(?s)modified by an inplace operation.*written by `np\."):
        square.backward()


def test_reductions_of_ufuncs() -> None:
    x = tg.tensor(A)
    np.testing.assert_allclose(np.add.reduce(x).numpy(), np.add.reduce(A))
    np.testing.assert_allclose(np.maximum.reduce(x, axis=1).numpy(), A.max(1))
