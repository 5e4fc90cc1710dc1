"""The walk: accumulation, freeing, hooks, retained gradients, cost, and what it refuses."""

from __future__ import annotations

import gc
import time
import tracemalloc
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.autograd import grad
from tinygrad_nn.errors import AutogradError


def leaf(*values: float) -> Any:
    return tg.tensor(list(values), dtype=tg.float64, requires_grad=True)


def test_gradients_accumulate_over_walks() -> None:
    x = leaf(1.0, 2.0)
    for _ in range(3):
        (x * x).sum().backward()
    np.testing.assert_array_equal(x.grad.array, [6.0, 12.0])


def test_a_leaf_used_twice_receives_both_shares() -> None:
    x = leaf(3.0)
    (x * x + x + x).sum().backward()
    assert x.grad.tolist() == [8.0]


def test_grads_of_two_leaves_never_share_memory() -> None:
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    (x + y).backward(tg.tensor([1.0, 1.0], dtype=tg.float64))
    x.grad.array[0] = 99
    assert y.grad.tolist() == [1.0, 1.0]


def test_the_given_cotangent_is_not_aliased() -> None:
    x, v = leaf(1.0, 2.0), tg.tensor([5.0, 6.0], dtype=tg.float64)
    (x + 0).backward(v)
    v.array[0] = 0
    assert x.grad.tolist() == [5.0, 6.0]


def test_broadcasting_is_undone() -> None:
    x, y = tg.ones(3, 1, requires_grad=True), tg.ones(2, 1, 4, requires_grad=True)
    (x * y).sum().backward()
    np.testing.assert_array_equal(x.grad.array, np.full((3, 1), 8.0))
    np.testing.assert_array_equal(y.grad.array, np.full((2, 1, 4), 3.0))


def test_promotion_is_undone() -> None:
    x = tg.tensor([1.0, 2.0], dtype=tg.float32, requires_grad=True)
    y = leaf(3.0, 4.0)
    (x * y).sum().backward()
    assert x.grad.dtype is tg.float32 and y.grad.dtype is tg.float64


def test_a_second_walk_names_the_tensor_made_outside_the_loop() -> None:
    w = leaf(1.0, 2.0)
    hidden = (w * 2).exp()
    with pytest.raises(AutogradError, match=r"second time") as caught:
        for _ in range(2):
            (hidden * w).sum().backward()
    text = str(caught.value)
    assert "`exp`" in text and "`hidden`" in text and "retain_graph=True" in text


def test_retain_graph_allows_a_second_walk() -> None:
    x = leaf(2.0)
    loss = (x * x).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    assert x.grad.tolist() == [8.0]


def test_a_graph_that_saved_nothing_can_be_walked_twice() -> None:
    x = leaf(2.0)
    loss = (x + 1).sum()
    loss.backward()
    loss.backward()
    assert x.grad.tolist() == [2.0]


def test_a_non_scalar_needs_a_cotangent() -> None:
    with pytest.raises(RuntimeError, match=r"only for scalar outputs(.|\n)*shape \(2,\)(.|\n)*y.backward\(v\)"):
        (leaf(1.0, 2.0) * 2).backward()


def test_a_cotangent_of_another_shape_is_refused() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)Mismatch in shape.*\(3,\).*\(2,\)"):
        (leaf(1.0, 2.0) * 2).backward(tg.ones(3))


def test_a_tensor_without_graph_is_refused() -> None:
    with pytest.raises(RuntimeError, match="does not require grad and does not have a grad_fn"):
        tg.ones(()).backward()


def test_integers_cannot_require_gradients() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)floating point dtype can require gradients.*int64"):
        tg.tensor([1, 2], requires_grad=True)


def test_grad_leaves_the_leaves_alone_and_names_unused_inputs() -> None:
    x, y = leaf(2.0), leaf(5.0)
    (slope,) = grad((x**3).sum(), x)
    assert slope.tolist() == [12.0] and x.grad is None
    with pytest.raises(RuntimeError, match="not have been used in the graph"):
        grad((x * 2).sum(), [x, y])
    assert grad((x * 2).sum(), [x, y], allow_unused=True)[1] is None
    assert grad((x * 2).sum(), [x, y], materialize_grads=True)[1].tolist() == [0.0]


def test_grad_of_an_intermediate_result() -> None:
    x = leaf(2.0)
    y = x * 3
    assert grad((y * y).sum(), y)[0].tolist() == [12.0]


def test_grad_visits_only_the_path_to_what_is_asked() -> None:
    x, y = leaf(2.0), leaf(3.0)
    side = y.exp()
    loss = (x * 2 + side).sum()
    grad(loss, x)
    side.sum().backward()  # its graph was not on the path, so it was not freed
    assert y.grad is not None


def test_third_derivative() -> None:
    x = leaf(2.0)
    d = (x**4).sum()
    for _ in range(3):
        (d,) = grad(d.sum(), x, create_graph=True)
    np.testing.assert_allclose(d.detach().array, [24 * 2.0])


def test_batched_cotangents() -> None:
    x = leaf(1.0, 2.0, 3.0)
    y = x * x
    (rows,) = grad(y, x, tg.eye(3, dtype=tg.float64), is_grads_batched=True)
    np.testing.assert_array_equal(rows.array, np.diag([2.0, 4.0, 6.0]))


def test_hooks_see_and_replace_gradients() -> None:
    x = leaf(1.0, 2.0)
    y = x * 3
    seen = []
    y.register_hook(lambda g: seen.append(g.tolist()))
    handle = y.register_hook(lambda g: g * 10)
    y.sum().backward()
    assert seen == [[1.0, 1.0]] and x.grad.tolist() == [30.0, 30.0]
    handle.remove()
    x.grad = None
    x.register_hook(lambda g: g * 2)
    (x * 3).sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]


@pytest.mark.parametrize("of", ["a leaf", "a result"])
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    ("hook", "error", "text"),
    [
        (lambda g: g.t(), RuntimeError, "has changed the size of value"),
        (lambda g: g.expand(3, 2), RuntimeError, "has changed the size of value"),
        (lambda g: g.sum(), RuntimeError, "has changed the size of value"),
        (lambda g: g.float(), RuntimeError, "has changed the type of value"),
        (lambda g: g > 0, RuntimeError, "has changed the type of value"),
        (lambda g: g.tolist(), TypeError, "must return a tensor or None"),
        (lambda g: 2.0, TypeError, "must return a tensor or None"),
    ],
)
def test_a_hooks_answer_is_a_gradient_of_the_same_tensor(
    hook: Any, error: type[Exception], text: str, create_graph: bool, of: str
) -> None:
    """None of these is fitted by broadcasting or casting; PyTorch refuses them, too."""
    x = tg.ones(1, 2, dtype=tg.float64, requires_grad=True)
    y = x * 3
    (x if of == "a leaf" else y).register_hook(hook)
    with pytest.raises(error, match=text):
        y.sum().backward(create_graph=create_graph)


def test_a_leafs_hook_gets_the_total_once() -> None:
    x = leaf(1.0)
    seen = []
    x.register_hook(lambda g: seen.append(g.item()))
    (x * 2 + x * 3).sum().backward()
    assert seen == [5.0]


def test_post_accumulate_hook_runs_after_the_gradient_is_there() -> None:
    x = leaf(1.0)
    seen = []
    x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad.item()))
    (x * 2).sum().backward()
    assert seen == [2.0]
    with pytest.raises(RuntimeError, match="non-leaf"):
        (x * 2).register_post_accumulate_grad_hook(print)


def test_retain_grad_keeps_the_gradient_of_a_result() -> None:
    x = leaf(2.0)
    y = x * 3
    y.retain_grad()
    (y * y).sum().backward()
    assert y.grad.tolist() == [12.0]


def test_a_chain_of_50000_operations_does_not_recurse() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(50_000):
        y = y + 1
    y.sum().backward()
    assert x.grad.tolist() == [1.0]
    del y  # the chain is released without recursion too


def test_memory_is_flat_without_the_garbage_collector() -> None:
    w = tg.ones(4, 4, requires_grad=True)

    def step() -> None:
        loss = ((w * 2).exp() @ w).relu().sum()
        loss.backward()
        w.grad = None

    gc.collect()
    gc.disable()
    try:
        for _ in range(50):
            step()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(500):
            step()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
        gc.enable()
    assert after - before < 20_000  # 500 leaked steps would be megabytes


def test_walks_in_two_threads_do_not_disturb_each_other() -> None:
    import threading

    results: dict[int, list[float]] = {}

    def run(k: int) -> None:
        x = leaf(float(k))
        with tg.no_grad() if k % 2 else tg.enable_grad():
            time.sleep(0.01)
            recorded = (x * x).requires_grad
        (x * x).sum().backward()
        results[k] = [x.grad.item(), float(recorded)]

    threads = [threading.Thread(target=run, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {k: [2.0 * k, float(k % 2 == 0)] for k in range(4)}
