"""What shape and index operations refuse: PyTorch's exception class, and words that name the operation and the sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import tinygrad_nn as tg

X = tg.arange(24.0).reshape(2, 3, 4)
M, V, S = tg.ones(2, 3), tg.arange(3.0), tg.tensor(1.0)
I = tg.tensor([0, 1])  # noqa: E741

REFUSED: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: X.reshape(5, 5), RuntimeError, r"reshape: \(2, 3, 4\) has 24 elements, which do not fill \(5, 5\)"),
    (lambda: X.reshape(-1, -1), RuntimeError, r"reshape: only one dimension can be inferred"),
    (lambda: X.transpose(0, 2).view(24), RuntimeError, r"(?s)view: size is not compatible.*Use \.reshape"),
    (lambda: X.permute(0, 1), RuntimeError, r"(?s)permute: as many dims.*\(0, 1\) for shape \(2, 3, 4\)"),
    (lambda: X.permute(0, 0, 1), RuntimeError, r"permute: duplicate dims are not allowed"),
    (lambda: X.transpose(0, 3), IndexError, r"transpose: Dimension out of range \(expected to be in range of \[-3, 2\], but got 3\)"),
    (lambda: X.t(), RuntimeError, r"(?s)t: expects a tensor with <= 2 dimensions.*\(2, 3, 4\).*x\.mT"),
    (lambda: X.expand(2, 3, 5), RuntimeError, r"(?s)expand: The expanded size \(5\) must match the existing size \(4\) at non-singleton dimension 2"),
    (lambda: V.expand(-1, 3), RuntimeError, r"expand: -1 isn't allowed in a leading, non-existing dimension"),
    (lambda: X.flatten(2, 1), RuntimeError, r"flatten: start_dim cannot come after end_dim"),
    (lambda: X.unflatten(0, (3,)), RuntimeError, r"(?s)unflatten: sizes don't multiply up.*size 2 of \(2, 3, 4\)"),
    (lambda: X.squeeze((0, 0)), RuntimeError, r"squeeze: a dim appears multiple times"),
    (lambda: X.unsqueeze(5), IndexError, r"unsqueeze: Dimension out of range"),
    (lambda: tg.stack([]), RuntimeError, r"stack: expects a non-empty list"),
    (lambda: tg.stack([V, M]), RuntimeError, r"(?s)stack: expects each tensor to be equal size.*\(3,\) at entry 0 and \(2, 3\) at entry 1"),
    (lambda: tg.cat([]), ValueError, r"cat: expected a non-empty list of Tensors"),
    (lambda: tg.cat([M, tg.ones(2, 4)]), RuntimeError, r"(?s)cat: Sizes of tensors must match except in dimension 0: expected size 3 but got size 4 in dimension 1.*number 1"),
    (lambda: tg.cat([M, 1]), TypeError, r"cat: expected Tensor as element 1"),
    (lambda: X.split([1, 2]), RuntimeError, r"split: sizes must sum exactly to 2"),
    (lambda: S.split(1), RuntimeError, r"split: expects at least a 1-dimensional tensor"),
    (lambda: X.chunk(0), RuntimeError, r"chunk: expects `chunks` to be greater than 0"),
    (lambda: M.repeat(2), RuntimeError, r"repeat: Number of dimensions of repeat dims can not be smaller"),
    (lambda: M.repeat_interleave(tg.tensor([1, 2, 3]), dim=0), RuntimeError, r"repeat_interleave: repeats must have the same size"),
    (lambda: X.roll((1, 2), (0,)), RuntimeError, r"roll: shifts and dimensions must align"),
    (lambda: X.flip(0, 0), RuntimeError, r"flip: a dim appears multiple times"),
    (lambda: X.movedim((0, 1), (0,)), RuntimeError, r"movedim: source and destination must contain the same number"),
    (lambda: X.narrow(0, 1, 2), RuntimeError, r"narrow: start \(1\) \+ length \(2\) exceeds dimension size \(2\)"),
    (lambda: X.select(0, 2), IndexError, r"select: index 2 out of range for tensor of size \(2, 3, 4\) at dimension 0"),
    (lambda: V.tril(), RuntimeError, r"tril: input tensor must have at least 2 dimensions"),
    (lambda: X.diag(), RuntimeError, r"diag: supports vectors and matrices"),
    (lambda: X.diagonal(0, 1, 1), RuntimeError, r"diagonal: dimensions cannot be identical"),
    (lambda: X.unfold(0, 3, 1), RuntimeError, r"unfold: maximum size for tensor at dimension 0 is 2 but size is 3"),
    (lambda: tg.meshgrid(V, M, indexing="ij"), RuntimeError, r"meshgrid: expected 0D or 1D tensors"),
    (lambda: tg.broadcast_tensors(M, tg.ones(4)), RuntimeError, r"broadcast: shapes do not broadcast"),
    (lambda: M[5], IndexError, r"index 5 is out of bounds"),
    (lambda: M[0, 0, 0], IndexError, r"too many indices"),
    (lambda: M[[0], 0, 0], IndexError, r"too many indices for tensor of dimension 2 \(got 3\)"),
    (lambda: M[1.5], IndexError, r"(?s)only integers, slices.*1\.5 \(float\)"),
    (lambda: M[V], IndexError, r"(?s)tensors used as indices must be long.*index\.long\(\)"),
    (lambda: M[::-1], ValueError, r"(?s)step must be greater than zero.*flip"),
    (lambda: M[tg.tensor([True, False, True])], IndexError, r"(?s)shape of the mask does not match.*mask \(3,\) at dimension 0 of \(2, 3\)"),
    (lambda: S[0], IndexError, r"(?s)invalid index of a 0-dim tensor.*item\(\)"),
    (lambda: M.__setitem__(0, [1, 2, 3]), TypeError, r"setitem: can't assign a list to a tensor"),
    (lambda: M.clone().__setitem__(0, tg.ones(2)), RuntimeError, r"(?s)setitem: .*shape \(2,\)"),
    (lambda: M.clone().__setitem__([0, 1], tg.tensor(1)), RuntimeError, r"setitem: Index put requires the source and destination dtypes match"),
    (lambda: V.expand(2, 3).__setitem__(slice(None), M), RuntimeError, r"(?s)setitem: .*more than one element.*single memory.*clone"),
    (lambda: tg.ones(2, requires_grad=True).__setitem__(0, 1.0), RuntimeError, r"setitem: a leaf Variable that requires grad"),
    (lambda: M.gather(0, tg.tensor([[4]])), RuntimeError, r"gather: index 4 is out of bounds for dimension 0 with size 2"),
    (lambda: M.gather(0, tg.tensor([[-1]])), RuntimeError, r"gather: index -1 is out of bounds"),
    (lambda: M.gather(0, I), RuntimeError, r"gather: Index tensor must have the same number of dimensions"),
    (lambda: M.gather(0, tg.ones(1, 1)), RuntimeError, r"gather: Expected dtype int64/int32 for index"),
    (lambda: M.scatter(0, tg.tensor([[0]]), tg.tensor([[1]])), RuntimeError, r"scatter: Expected self\.dtype to be equal to src\.dtype"),
    (lambda: tg.ones(2, requires_grad=True).scatter(0, I, 2.0, reduce="multiply"), RuntimeError, r"scatter: reduce='multiply' is not differentiable"),
    (lambda: M.index_select(0, tg.tensor([2])), IndexError, r"index_select: index 2 is out of bounds for dimension 0 with size 2"),
    (lambda: M.index_add(0, tg.tensor([0]), tg.ones(2, 3)), RuntimeError, r"index_add: Number of indices \(1\) should be equal to source\.size\(dim\)"),
    (lambda: M.index_copy(0, tg.tensor([0]), tg.ones(1, 3, dtype=tg.int64)), RuntimeError, r"index_copy: self and source must have the same dtype"),
    (lambda: M.masked_fill(tg.ones(3), 1), RuntimeError, r"(?s)masked_fill: only supports boolean masks.*mask\.bool\(\)"),
    (lambda: M.masked_select(V), RuntimeError, r"masked_select: expected BoolTensor for mask"),
    (lambda: M.take(tg.tensor([6])), IndexError, r"take: index 6 is out of bounds"),
    (lambda: M.topk(4), RuntimeError, r"(?s)topk: selected index k out of range.*k=4, size 3"),
    (lambda: tg.searchsorted(V, V, side="x"), RuntimeError, r"searchsorted: side can only be 'left' or 'right'"),
    (lambda: tg.bucketize(V, M), RuntimeError, r"bucketize: boundaries tensor must be 1 dimension"),
    (lambda: M.index_put((I,), 1.0), TypeError, r"index_put\(\): argument 'values' must be Tensor"),
    (lambda: M.clone().fill_(V), RuntimeError, r"fill_: only supports a 0-dimensional value tensor"),
    (lambda: M.data.__class__.data.fset(M, 3), TypeError, r"data: expected a Tensor"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "words"), REFUSED, ids=[words[:40] for _, _, words in REFUSED])
def test_it_is_refused_in_words(call: Callable[[], Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        call()


def test_an_index_before_an_array_is_taken_first_as_pytorch_does() -> None:
    assert X[0, :, I].shape == (3, 2)
    assert X[:, 0, I].shape == (2, 2)
    assert X[I, :, I].shape == (2, 3)


def test_writes_through_views_reach_the_gradients_of_both_sides() -> None:
    base = tg.ones(3, 2, requires_grad=True)
    v = tg.tensor([5.0, 7.0], requires_grad=True)
    x = base * 2
    x[1:].t()[0] = v  # the first column of rows 1 and 2
    x[x > 6] *= 3
    (x * x).sum().backward()
    assert x.tolist() == [[2, 2], [5, 2], [21, 2]]
    assert v.grad.tolist() == [2 * 5, 2 * 21 * 3]
    assert base.grad.tolist() == [[8, 8], [0, 8], [0, 8]]


def test_a_repeated_index_receives_each_gradient_and_the_last_write() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    picked = x[[0, 0, 1]]
    picked.sum().backward()
    assert x.grad.tolist() == [2, 1]
    y = tg.zeros(2)
    y[[0, 0]] = tg.tensor([1.0, 2.0])
    assert y.tolist() == [2, 0]
