"""Long sums: right to a few units in the last place along every axis, in every layout, wherever one is taken."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, permutations
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
import tinygrad_nn.nn.functional as F
from tinygrad_nn.ops.sums import Total, add_rows, add_up, inner, product

SHAPES = [(100,), (65, 3), (3, 70), (40, 5, 9), (5, 200, 3), (3, 1, 80, 2), (0, 70, 3), (70, 0), (1, 100), (100, 1)]
ULP = 2.0**-23


def layouts(shape: tuple[int, ...]) -> list[np.ndarray[Any, Any]]:
    base = np.random.default_rng(0).random(shape)
    found = []
    for order in permutations(range(len(shape))):
        x = base.transpose(order)
        found += [x, x[::-1], x[::2], np.ascontiguousarray(x), np.broadcast_to(x[:1], x.shape) if x.size else x]
    return found


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_every_axis_of_every_layout(shape: tuple[int, ...]) -> None:
    """The values, shape and type of NumPy's sum in float64, where a sum in another order makes no difference to see."""
    for x in layouts(shape):
        for count in range(len(shape) + 1):
            for axes in combinations(range(len(shape)), count):
                for keepdims in (False, True):
                    got, right = add_up(x, axes, None, None, keepdims), np.add.reduce(x, axes, None, None, keepdims)
                    assert type(got) is type(right) and np.shape(got) == np.shape(right)
                    np.testing.assert_allclose(got, right, rtol=1e-13)
        np.testing.assert_allclose(add_up(x), np.sum(x), rtol=1e-13)
        np.testing.assert_allclose(add_rows(x), np.sum(x, 0), rtol=1e-13)


@pytest.mark.parametrize("rows", [63, 64, 100, 512, 1000, 4096, 65_537, 1_000_000])
@pytest.mark.parametrize("width", [1, 2, 10])
def test_a_column_is_as_right_as_a_row(rows: int, width: int) -> None:
    x = np.random.default_rng(1).random((rows, width), np.float32)
    right = x.sum(0, dtype=np.float64)
    for got in (add_up(x, 0), add_rows(x), add_up(x, (0,), None, None, True)[0], add_up(np.asfortranarray(x), 0)):
        assert np.max(np.abs(got - right) / right) < 4 * ULP


def test_sixteen_bits_add_in_the_dtype_that_is_asked_for() -> None:
    assert add_up(np.ones((100_000, 2), np.float16), 0, np.float32).tolist() == [100_000, 100_000]


@pytest.mark.parametrize("size", [1, 4096, 4097, 6000, 1_000_000])
def test_inner(size: int) -> None:
    x, y = np.random.default_rng(2).random((2, 2, size), np.float32)
    right = (x.astype(np.float64) * y).sum(-1)
    assert np.max(np.abs(inner(x, y) - right) / right) < 6 * ULP


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ((70_000,), (70_000,)),
        ((70_000,), (70_000, 3)),
        ((2, 70_000), (70_000,)),
        ((2, 70_000), (70_000, 3)),
        ((2, 1, 2, 70_000), (3, 70_000, 2)),
        ((65_536,), (2, 65_536, 2)),
    ],
    ids=str,
)
def test_product_of_many(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    rng = np.random.default_rng(3)
    x, y = rng.random(left, np.float32), rng.random(right, np.float32)
    wide = np.matmul(x.astype(np.float64), y.astype(np.float64))
    got = product(x, y)
    assert got.dtype == np.float32 and np.shape(got) == wide.shape
    assert np.max(np.abs(got - wide) / wide) < 6 * ULP


def test_total_of_arrays_that_come_one_by_one() -> None:
    parts = np.random.default_rng(4).random((1000, 3), np.float32)
    total = Total()
    for part in parts:
        total.add(part.copy())
    right = parts.sum(0, dtype=np.float64)
    assert np.max(np.abs(total.value((3,), np.dtype(np.float32)) - right) / right) < 4 * ULP
    assert Total().value((2,), np.dtype(np.float32)).tolist() == [0, 0]


# -- wherever a sum is taken -----------------------------------------------------------------------

MANY = 17_000_000
"""More ones than a running sum in float32 can count."""
N = 200_000


def _ones(*shape: int) -> Any:
    return tg.tensor(np.broadcast_to(np.float32(1), shape))


def test_ones_are_counted_to_the_end() -> None:
    x = _ones(MANY, 2)
    assert x.sum(0).tolist() == [MANY, MANY] and x.mean(0).tolist() == [1, 1]
    w, b = tg.ones(1, 2, requires_grad=True), tg.zeros(1, requires_grad=True)
    F.linear(x, w, b).sum().backward()
    assert b.grad.tolist() == [MANY] and w.grad.tolist() == [[MANY, MANY]]
    assert tg.zeros(1).index_add(0, tg.zeros(MANY, dtype=tg.int64), x[:, 0]).item() == MANY


X = np.random.default_rng(5).random((N, 3), np.float32)
WIDE = X.astype(np.float64)
PLACES = np.random.default_rng(6).integers(0, 3, N)


def _gradient(f: Callable[..., Any], *shapes: tuple[int, ...]) -> Callable[[Any], Any]:
    """The gradients of parameters of ones, joined."""

    def of(x: Any) -> Any:
        parameters = [tg.ones(*shape, dtype=x.dtype, requires_grad=True) for shape in shapes]
        return tg.cat([g.flatten() for g in tg.autograd.grad((f(x, *parameters) * x[:, :1]).sum(), parameters)])

    return of


def _moments(x: Any) -> Any:
    norm = tg.nn.BatchNorm1d(3, momentum=1.0, dtype=x.dtype)
    norm(x)
    return tg.cat((norm.running_mean, norm.running_var))


SUMS: dict[str, Callable[[Any], Any]] = {
    "sum of columns": lambda x: x.sum(0),
    "sum of a transposed array's rows": lambda x: x.T.contiguous().T.sum(0),
    "sum of every second column": lambda x: x[:, ::2].sum(0),
    "sum over two axes of three": lambda x: x.reshape(-1, 4, 3).sum((0, 1)),
    "sum over the outer axes": lambda x: x.reshape(400, 3, -1).sum((0, 2)),
    "mean": lambda x: x.mean(0),
    "var": lambda x: x.var(0),
    "std at an offset": lambda x: (x + 4096).std(0),
    "norm": lambda x: x.norm(dim=0),
    "logsumexp": lambda x: x.logsumexp(0),
    "softmax": lambda x: x.softmax(0),
    "log_softmax": lambda x: x.log_softmax(0),
    "prod": lambda x: (0.5 + x[:100]).prod(0),
    "cumsum": lambda x: x.cumsum(0),
    "cumprod": lambda x: (1 + ((x * 1024).floor() - 512) / 2**20).cumprod(0),  # exact factors
    "dot": lambda x: tg.dot(x[:, 0], x[:, 1]),
    "inner": lambda x: tg.inner(x.T, x.T),
    "matmul": lambda x: x.T @ x,
    "einsum of one": lambda x: tg.einsum("ij->j", x),
    "einsum of two": lambda x: tg.einsum("ij,ik->j", x, x[:, :1]),
    "trace": lambda x: tg.trace(x[:2000, :1] * x[:2000, 1]),
    "mse_loss": lambda x: F.mse_loss(x, 1 - x),
    "cross_entropy": lambda x: F.cross_entropy(x, tg.tensor(PLACES)),
    "index_add": lambda x: tg.zeros(3, 3, dtype=x.dtype).index_add(0, tg.tensor(PLACES), x),
    "index_add along the last": lambda x: tg.zeros(3, 3, dtype=x.dtype).index_add(1, tg.tensor(PLACES), x.T),
    "scatter_add": lambda x: tg.zeros(3, dtype=x.dtype).scatter_add(0, tg.tensor(PLACES), x[:, 0]),
    "index_put": lambda x: tg.zeros(3, dtype=x.dtype).index_put((tg.tensor(PLACES),), x[:, 0], accumulate=True),
    "batch_norm's moments": _moments,
    "gradients of linear": _gradient(lambda x, w, b: F.linear(x, w, b), (2, 3), (2,)),
    "gradients of linear on sequences": _gradient(lambda x, w, b: F.linear(x[:, None], w, b)[:, 0], (2, 3), (2,)),
    "gradients of batch_norm": _gradient(lambda x, w, b: F.batch_norm(x, None, None, w, b, True), (3,), (3,)),
    "gradients of layer_norm": _gradient(lambda x, w, b: F.layer_norm(x, (3,), w, b), (3,), (3,)),
    "gradients of conv1d": _gradient(
        lambda x, w, b: F.conv1d(x.reshape(-1, 1, 3), w, b, padding=1)[:, 0], (1, 1, 3), (1,)
    ),
    "gradient of embedding": _gradient(lambda x, w: F.embedding(tg.tensor(PLACES), w), (3, 2)),
    "gradient of a broadcast column": _gradient(lambda x, w: x * w, (1, 3)),
    "gradient of an expanded number": _gradient(lambda x, w: x * w.expand(N, 1), (1, 1)),
}


@pytest.mark.parametrize("name", SUMS)
def test_float32_agrees_with_float64(name: str) -> None:
    """The same computation on the same numbers in float64: 20 times the rounding of one float32, of the largest."""
    got, right = SUMS[name](tg.tensor(X)).numpy(), SUMS[name](tg.tensor(WIDE)).numpy()
    assert got.dtype == np.float32 and right.dtype == np.float64
    bound = (
        20 * ULP * (np.abs(right) if name in ("softmax", "log_softmax", "cumsum", "cumprod") else np.max(np.abs(right)))
    )
    assert np.all(np.abs(got - right) <= bound), np.max(np.abs(got - right) / np.abs(right))
