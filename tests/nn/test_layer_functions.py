"""Functional forms beyond what the layers of the table reach, and what is promised about memory and state."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn
from tinygrad_nn.autograd import gradcheck, gradgradcheck
from tinygrad_nn.nn import functional as F

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
TF = torch.nn.functional
rng = np.random.default_rng(5)


def both(name: str, *arrays: Any, **options: Any) -> tuple[list[Any], list[Any]]:
    """[output, gradients of the floating arrays] here and there."""
    found = []
    for lib, functional in ((tg, F), (torch, TF)):
        given = [None if a is None else lib.tensor(a) for a in arrays]
        leaves = [
            t.requires_grad_() for t, a in zip(given, arrays, strict=True) if a is not None and a.dtype.kind == "f"
        ]
        converted = {k: lib.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
        out = getattr(functional, name)(*given, **converted)
        weight = np.random.default_rng(0).standard_normal(tuple(out.shape))
        (out * lib.tensor(weight.astype(str(out.dtype).split(".")[1]))).sum().backward()
        found.append([np.asarray(out.detach()), *[np.asarray(t.grad) for t in leaves]])
    return found[0], found[1]


def agree(name: str, *arrays: Any, rtol: float = 1e-9, **options: Any) -> None:
    for ours, theirs in zip(*both(name, *arrays, **options), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=1e-11)


def real(*shape: int) -> Any:
    return rng.standard_normal(shape)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"is_causal": True},
        {"scale": 0.3},
        {"attn_mask": rng.random((4, 5)) > 0.3},
        {"attn_mask": rng.standard_normal((2, 1, 4, 5))},
        {"attn_mask": np.array([[True] * 5, [False] * 5, [True, False] * 2 + [True], [True] * 5])},
    ],
)
def test_scaled_dot_product_attention(options: dict[str, Any]) -> None:
    agree("scaled_dot_product_attention", real(2, 3, 4, 6), real(2, 3, 5, 6), real(2, 3, 5, 2), **options)


def test_attention_with_shared_heads() -> None:
    agree("scaled_dot_product_attention", real(2, 6, 4, 3), real(2, 2, 5, 3), real(2, 2, 5, 3), enable_gqa=True)


def test_a_query_without_keys_gets_zeros_and_no_nan() -> None:
    q = tg.tensor(real(3, 2)).requires_grad_()
    mask = tg.tensor([[True, True], [False, False], [True, False]])
    out = F.scaled_dot_product_attention(q, tg.tensor(real(2, 2)), tg.tensor(real(2, 2)), mask)
    out.sum().backward()
    assert out[1].tolist() == [0.0, 0.0]
    assert np.isfinite(q.grad.numpy()).all()


def test_attention_weights_are_dropped_as_pytorch_drops_them() -> None:
    tg.manual_seed(3)
    torch.manual_seed(3)
    agree("scaled_dot_product_attention", real(2, 2, 4, 3), real(2, 2, 4, 3), real(2, 2, 4, 3), dropout_p=0.4)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(3, 4), (9, 5), (6, 17)])
def test_antialiased_interpolation(mode: str, size: tuple[int, int]) -> None:
    agree("interpolate", real(2, 2, 9, 11), size=size, mode=mode, antialias=True)


def test_nearest_rounds_as_pytorch_does() -> None:
    for size, out in ((7, 3), (10, 4), (11, 23), (100, 77), (31, 97)):
        for mode in ("nearest", "nearest-exact"):
            agree("interpolate", real(1, 1, size), size=out, mode=mode)


@pytest.mark.parametrize("pad", [(1, 2), (1, 2, 0, 3), (1, 0, 0, 0, 2, 1), (-1, 2, 1, -1), (0, 0, 0, 0, 0, 0, 1, 1)])
def test_constant_padding_of_any_dimension(pad: tuple[int, ...]) -> None:
    agree("pad", real(2, 3, 4, 3), pad=pad, value=1.5)


def test_convolution_in_single_and_half_precision() -> None:
    x, w, b = (a.astype(np.float32) for a in (real(2, 3, 9, 8), real(4, 3, 3, 3), real(4)))
    agree("conv2d", x, w, b, padding=1, rtol=2e-4)
    half = F.conv2d(*[tg.tensor(a.astype(np.float16)) for a in (x, w, b)], padding=1)
    assert half.dtype == tg.float16
    exact = TF.conv2d(*[torch.tensor(a) for a in (x, w, b)], padding=1).numpy()
    np.testing.assert_allclose(half.numpy(), exact, atol=0.03)


def test_a_large_batch_in_blocks_is_the_same_convolution() -> None:
    agree("conv2d", real(70, 8, 14, 14), real(16, 8, 3, 3), real(16), padding=1)
    agree("conv_transpose2d", real(70, 8, 14, 14), real(8, 16, 3, 3), real(16), stride=2, padding=1)


def test_maxima_pass_nan_on() -> None:
    x = np.array([[1.0, np.nan, 3.0, 2.0, 5.0, 4.0]])
    values, places = F.max_pool1d(tg.tensor(x), 2, return_indices=True)
    other, there = TF.max_pool1d(torch.tensor(x), 2, return_indices=True)
    np.testing.assert_array_equal(values.numpy(), other.numpy())
    np.testing.assert_array_equal(places.numpy(), there.numpy())


def test_maxima_of_integers() -> None:
    x = rng.integers(-9, 9, (1, 2, 6, 6))
    np.testing.assert_array_equal(
        F.max_pool2d(tg.tensor(x), 3, 2, 1).numpy(), TF.max_pool2d(torch.tensor(x), 3, 2, 1).numpy()
    )


def test_gradients_divided_by_how_often_a_row_occurs() -> None:
    """PyTorch's embedding_bag divides by the count of another row here; the documented rule is this."""
    numbers = np.array([0, 2, 2, 2, 1, 1])
    table = tg.tensor(real(3, 2)).requires_grad_()
    F.embedding_bag(tg.tensor(numbers), table, tg.tensor([0, 4]), mode="sum", scale_grad_by_freq=True).sum().backward()
    np.testing.assert_allclose(table.grad.numpy(), np.ones((3, 2)))


def test_running_statistics_are_not_part_of_the_graph() -> None:
    norm = nn.BatchNorm1d(2)
    norm(tg.randn(4, 2)).sum().backward()
    assert not norm.running_mean.requires_grad
    assert norm.num_batches_tracked.item() == 1
    assert norm.running_mean.grad is None


def test_state_of_old_files_has_no_batch_counter() -> None:
    state = {k: v for k, v in nn.BatchNorm1d(2).state_dict().items() if k != "num_batches_tracked"}
    assert str(nn.BatchNorm1d(2).load_state_dict(state)) == "<All keys matched successfully>"


SMOOTH: list[tuple[str, Any]] = [
    ("conv2d", lambda x: F.conv2d(x, x[:1, :, :2, :2], padding=1, stride=2)),
    ("conv_transpose2d", lambda x: F.conv_transpose2d(x, x[:, :, :2, :2].transpose(0, 1), stride=2)),
    ("batch_norm", lambda x: F.batch_norm(x, None, None, training=True)),
    ("layer_norm", lambda x: F.layer_norm(x, (3, 4), x[0, 0], x[0, 1])),
    ("group_norm", lambda x: F.group_norm(x, 1)),
    ("rms_norm", lambda x: F.rms_norm(x, (4,))),
    ("max_pool2d", lambda x: F.max_pool2d(x, 2, 1) * x[:, :, :2, :3]),
    ("avg_pool2d", lambda x: F.avg_pool2d(x, 2, 1) ** 2),
    ("interpolate", lambda x: F.interpolate(x, (5, 3), mode="bicubic") ** 2),
    ("attention", lambda x: F.scaled_dot_product_attention(x, x * 2, x)),
]


@pytest.mark.parametrize("name, call", SMOOTH, ids=[name for name, _ in SMOOTH])
def test_gradients_of_functions_to_second_order(name: str, call: Any) -> None:
    x = tg.tensor(real(2, 2, 3, 4)).requires_grad_()
    assert gradcheck(call, (x,))
    assert gradgradcheck(call, (x,), atol=1e-4)


EMPTY = [
    (lambda lib, x: lib.nn.Softmax(1)(x), (0, 5)),
    (lambda lib, x: lib.nn.LogSoftmax(0)(x), (4, 0)),
    (lambda lib, x: lib.nn.BatchNorm1d(3)(x), (0, 3)),
    (lambda lib, x: lib.nn.BatchNorm2d(3)(x), (0, 3, 2, 2)),
    (lambda lib, x: lib.nn.AdaptiveMaxPool2d(3)(x), (0, 2, 5, 4)),
    (lambda lib, x: lib.nn.MultiheadAttention(4, 2)(x, x, x)[0], (0, 3, 4)),
    (lambda lib, x: lib.nn.Sequential(lib.nn.Linear(3, 2), lib.nn.GELU(), lib.nn.LayerNorm(2))(x), (0, 3)),
]


@pytest.mark.parametrize("run, shape", EMPTY, ids=lambda v: str(v) if isinstance(v, tuple) else "")
def test_an_empty_batch_passes_through_as_in_pytorch(run: Any, shape: tuple[int, ...]) -> None:
    mine, other = (run(lib, lib.ones(shape).requires_grad_()) for lib in (tg, torch))
    assert tuple(mine.shape) == tuple(other.shape)
    mine.sum().backward()


def test_an_empty_batch_leaves_the_running_statistics() -> None:
    norm = tg.nn.BatchNorm1d(2)
    norm(tg.ones(0, 2))
    assert norm.running_mean.tolist() == [0.0, 0.0] and norm.running_var.tolist() == [1.0, 1.0]


def test_cosine_similarity_repeats_a_size_of_one_before_it_takes_norms() -> None:
    for one, two in (((5, 1), (5, 4)), ((), (3,)), ((4,), (2, 4))):
        a, b = np.full(one, 2.0), np.arange(1.0, 1 + np.prod(two)).reshape(two)
        mine = tg.nn.functional.cosine_similarity(tg.tensor(a), tg.tensor(b), -1)
        other = torch.nn.functional.cosine_similarity(torch.tensor(a), torch.tensor(b), -1)
        np.testing.assert_allclose(mine.numpy(), other.numpy(), rtol=1e-12)
    whole = tg.nn.functional.cosine_similarity(tg.tensor([[3, 4]]), tg.tensor([[4, 3]]))
    np.testing.assert_allclose(whole.numpy(), [24 / 25], rtol=1e-6)


def test_a_users_own_error_is_not_touched() -> None:
    class Own(tg.nn.Module):
        def forward(self, x: Any) -> Any:
            return x.no_such_thing

    with pytest.raises(AttributeError, match="'list' object has no attribute 'no_such_thing'"):
        Own()([1.0])

    class Chained(tg.nn.Module):
        def forward(self, x: Any) -> Any:
            try:
                raise KeyError("first")
            except KeyError as error:
                raise ValueError("second") from error

    with pytest.raises(ValueError, match="second") as caught:
        tg.nn.Sequential(Chained())([1.0])
    assert isinstance(caught.value.__cause__, KeyError)


@pytest.mark.parametrize("classes", [4, 20])
@pytest.mark.parametrize("create_graph", [False, True])
def test_cross_entropy_of_a_transposed_input(classes: int, create_graph: bool) -> None:
    """Its slope is softmax - one_hot, wherever the numbers lie in memory."""
    values = np.random.default_rng(0).standard_normal((classes, 5))
    target = np.array([0, 3, 1, 1, 2])
    x = tg.tensor(values, requires_grad=True)
    loss = F.cross_entropy(x.T, tg.tensor(target), reduction="sum")
    (slope,) = tg.autograd.grad(loss, x, create_graph=create_graph)
    wanted = np.exp(values) / np.exp(values).sum(0) - np.eye(classes)[:, target]
    np.testing.assert_allclose(slope.detach().numpy(), wanted, rtol=1e-12)
