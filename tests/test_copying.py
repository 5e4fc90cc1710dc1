"""Copies and shared memory: deepcopy, pickle, DLPack, storage."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import tinygrad_nn as tg


def test_tensors_that_share_memory_share_it_after_a_deep_copy() -> None:
    x = tg.arange(6.0).reshape(2, 3).contiguous()
    parts = copy.deepcopy({"whole": x, "row": x[1], "again": x})
    parts["whole"][1, 0] = 50
    assert parts["row"].tolist() == [50, 4, 5]
    assert parts["again"] is parts["whole"]
    assert x[1, 0].item() == 3


def test_a_deep_copy_keeps_gradient_class_and_attributes() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    x.label = "weights"
    (x * x).sum().backward()
    twin = copy.deepcopy(x)
    assert (twin.requires_grad, twin.is_leaf, twin.grad.tolist(), twin.label) == (True, True, [2, 4], "weights")
    twin.grad.zero_()
    assert x.grad.tolist() == [2, 4]


def test_a_result_has_no_deep_copy() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)Only Tensors created explicitly by the user.*detach\(\)\.clone\(\)"):
        copy.deepcopy(tg.ones(2, requires_grad=True) * 2)


def test_a_shallow_copy_shares_memory_and_its_writes_are_noticed() -> None:
    x = tg.tensor([1.0, 2.0])
    y = copy.copy(x)
    y[0] = 7
    assert x.tolist() == [7, 2]


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickle_keeps_elements_type_order_and_requires_grad(protocol: int) -> None:
    for x in (
        tg.arange(6).reshape(2, 3).t(),
        tg.tensor(1.5, dtype=tg.float64, requires_grad=True),
        tg.zeros(0, 2, dtype=tg.bool),
    ):
        back = pickle.loads(pickle.dumps(x, protocol))
        assert (back.dtype, back.shape, back.tolist(), back.requires_grad) == (
            x.dtype,
            x.shape,
            x.tolist(),
            x.requires_grad,
        )
        assert back.stride() == x.stride()


def test_dlpack_shares_memory_both_ways_with_numpy_and_pytorch() -> None:
    x = tg.zeros(3)
    array = np.from_dlpack(x)
    array[0] = 1
    assert x.tolist() == [1, 0, 0]
    back = tg.from_dlpack(array)
    back[1] = 2
    assert x.tolist() == [1, 2, 0]
    torch = pytest.importorskip("torch", reason="PyTorch shares its memory here")
    theirs = torch.zeros(2, 3)
    mine = tg.from_dlpack(theirs.t())
    mine[2, 0] = 5
    assert theirs[0, 2] == 5
    torch.from_dlpack(x)[2] = 3
    assert x.tolist() == [1, 2, 3]
    assert tg.utils.dlpack.from_dlpack(torch.utils.dlpack.to_dlpack(theirs)).shape == (2, 3)
    assert torch.utils.dlpack.from_dlpack(tg.utils.dlpack.to_dlpack(x)).tolist() == [1, 2, 3]


def test_dlpack_refuses_gradients_and_strangers() -> None:
    with pytest.raises(BufferError, match=r"(?s)Can't export tensors that require gradient.*detach"):
        np.from_dlpack(tg.ones(2, requires_grad=True))
    with pytest.raises(TypeError, match=r"(?s)does not speak DLPack.*list"):
        tg.from_dlpack([1, 2])


def test_storage_is_the_memory_of_the_root() -> None:
    x = tg.arange(6.0).reshape(2, 3).clone()
    row = x[1]
    assert row.storage_offset() == 3
    assert row.untyped_storage().nbytes() == 24
    assert x.t().storage().tolist() == [0, 1, 2, 3, 4, 5]
    assert row.data_ptr() - x.data_ptr() == 12


def test_numpy_has_no_bfloat16() -> None:
    pytest.importorskip("ml_dtypes", reason="bfloat16 comes from there")
    with pytest.raises(TypeError, match=r"(?s)no bfloat16.*float\(\)\.numpy\(\)"):
        tg.ones(2, dtype=tg.bfloat16).numpy()
