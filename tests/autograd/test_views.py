"""Views and in-place writes: shared memory, shared histories, and stale saved tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.autograd import gradcheck


def leaf(*values: float) -> Any:
    return tg.tensor(list(values), dtype=tg.float64, requires_grad=True)


def test_a_write_through_a_view_reaches_the_base_and_its_gradient() -> None:
    x = leaf(1.0, 2.0, 3.0, 4.0)
    base = x * 1
    view = base[1:3]
    view.mul_(10)
    assert base.tolist() == [1.0, 20.0, 30.0, 4.0]
    (base * base).sum().backward()
    np.testing.assert_allclose(x.grad.array, [2.0, 400.0, 600.0, 8.0])


def test_a_write_to_the_base_reaches_its_views() -> None:
    x = leaf(1.0, 2.0)
    base = x * 1
    view = base.view(2, 1)
    base.mul_(3)
    (view * view).sum().backward()
    np.testing.assert_allclose(x.grad.array, [18.0, 36.0])


@pytest.mark.parametrize(
    "write",
    [
        lambda x, v: x.__setitem__(0, v[0]),
        lambda x, v: x[1:].add_(v[1:]),
        lambda x, v: x.view(-1).__setitem__(3, v[0, 1]),
        lambda x, v: x.t()[1].mul_(v[0]),
        lambda x, v: x.__setitem__(tg.tensor([[True, False], [False, True]]), v[0]),
        lambda x, v: x[0][1:].copy_(v[1, :1]),
        lambda x, v: x.transpose(0, 1).view(2, 2, 1)[0].sub_(v[0, 0]),
        lambda x, v: x.diagonal().mul_(v[0]),
        lambda x, v: x.__setitem__((slice(None), tg.tensor([1, 0])), v),
    ],
)
def test_gradients_of_in_place_writes(write: Any) -> None:
    def f(x: Any, v: Any) -> Any:
        y = x.sin()
        before = y[1] * 1
        write(y, v)
        return (y * y.sin()).sum() + before.exp().sum()

    rng = np.random.default_rng(3)
    x = tg.tensor(rng.standard_normal((2, 2)), requires_grad=True)
    v = tg.tensor(rng.standard_normal((2, 2)), requires_grad=True)
    gradcheck(f, [x, v], directions=2)


def test_writing_a_tensor_that_needs_grad_into_one_that_does_not() -> None:
    out = tg.zeros(3, dtype=tg.float64)
    view = out[1:]
    x = leaf(5.0)
    out[1:2] = x * 2
    assert out.requires_grad and view.requires_grad
    (view * 3).sum().backward()
    assert x.grad.tolist() == [6.0]


def test_a_view_made_under_no_grad_stays_out_of_the_graph() -> None:
    w = leaf(1.0, 2.0)
    with tg.no_grad():
        view = w[0:1]
        w.add_(1)
    assert not (view * 2).requires_grad


def test_a_leaf_cannot_be_written_while_recording() -> None:
    w = leaf(1.0, 2.0)
    with pytest.raises(
        RuntimeError, match=r"add_: a leaf Variable that requires grad is being used in an in-place operation"
    ):
        w.add_(1)
    with pytest.raises(RuntimeError, match=r"mul_: a view of a leaf Variable"):
        w[0].mul_(2)
    with tg.no_grad():
        w.add_(1)
    assert w.tolist() == [2.0, 3.0]


def test_a_stale_saved_tensor_names_both_operations_and_the_line() -> None:
    x = leaf(1.0, 2.0)
    y = x * 1
    z = y * y
    y.add_(1)
    with pytest.raises(RuntimeError, match=r"modified by an inplace operation") as caught:
        z.sum().backward()
    text = str(caught.value)
    assert "saved by `mul`" in text and "written by `add_`" in text and "test_views.py:" in text


def test_a_stale_result_is_noticed_too() -> None:
    x = leaf(1.0, 2.0)
    y = x.exp()
    z = y.sum()
    y[0] = 0
    y2 = y.detach()
    assert y2.tolist()[0] == 0
    with pytest.raises(RuntimeError, match=r"(?s)saved by `exp`.*test_views"):
        z.backward()


def test_a_write_through_detach_is_noticed_and_one_through_data_is_not() -> None:
    x = leaf(1.0, 2.0)
    y = x * 1
    z = (y * y).sum()
    y.detach().zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()
    y = x * 1
    z = (y * y).sum()
    y.data.fill_(7)
    z.backward()
    assert x.grad.tolist() == [14.0, 14.0]


def test_an_operand_that_was_not_saved_may_be_written() -> None:
    x = leaf(1.0, 2.0)
    y = x * 1
    z = (y + 1).sum()
    y.mul_(2)
    z.backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_versions_count_writes() -> None:
    x = tg.zeros(3)
    assert x._version == 0
    x.add_(1)
    x[0] = 5
    assert x._version == 2 and x[1:]._version == 2


def test_an_expanded_tensor_cannot_be_written() -> None:
    with pytest.raises(
        RuntimeError, match="more than one element of the written-to tensor refers to a single memory location"
    ):
        tg.zeros(1).expand(3).add_(1)


def test_a_float_result_does_not_go_into_an_integer_tensor() -> None:
    with pytest.raises(RuntimeError, match=r"can't be cast"):
        tg.tensor([1, 2]).mul_(1.5)


def test_in_place_with_itself() -> None:
    x = leaf(3.0)
    y = x * 1
    y.mul_(y)
    y.sum().backward()
    assert x.grad.tolist() == [6.0]


class DoubleAndTriple(tg.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any, y: Any) -> Any:
        x.mul_(2)
        y.mul_(3)
        ctx.mark_dirty(x, y)
        return x, y

    @staticmethod
    def backward(ctx: Any, g: Any, h: Any) -> Any:
        return g * 2, h * 3


def test_a_function_of_several_outputs_does_not_write_to_views() -> None:
    rows = leaf(1.0, 2.0).expand(2, 2) * 1
    with pytest.raises(
        RuntimeError, match=r"DoubleAndTriple: a Function that writes in place to a view.*\n.*2 outputs"
    ):
        DoubleAndTriple.apply(rows[0], rows[1])
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    a, b = DoubleAndTriple.apply(x * 1, y * 1)
    gx, gy = tg.autograd.grad((a + b).sum(), [x, y])
    assert gx.tolist() == [2.0, 2.0]
    assert gy.tolist() == [3.0, 3.0]
