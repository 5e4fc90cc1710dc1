"""Function transforms against PyTorch's, nested in several orders; Function, checkpoint, anomaly mode."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import func
from tinygrad_nn.autograd import Function, gradcheck, gradgradcheck
from tinygrad_nn.errors import AnomalyError
from tinygrad_nn.utils.checkpoint import checkpoint, checkpoint_sequential

X = np.random.default_rng(0).standard_normal(3)
V = np.random.default_rng(1).standard_normal(3)


def scalar(x: Any) -> Any:
    return (x.sin() * x * x).sum()


def pair(x: Any) -> Any:
    return x.exp() * x.sum(), x[:2] * x[1]


def same(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, (tuple, list)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            same(a, b)
    else:
        assert not ours.requires_grad
        np.testing.assert_allclose(ours.array, theirs.detach().numpy(), rtol=1e-10, atol=1e-14)


TRANSFORMS = {
    "grad": lambda f, x: f.grad(scalar)(x),
    "grad_and_value": lambda f, x: f.grad_and_value(scalar)(x),
    "hessian": lambda f, x: f.hessian(scalar)(x),
    "jacrev": lambda f, x: f.jacrev(pair)(x),
    "jacfwd": lambda f, x: f.jacfwd(pair)(x),
    "jacrev of jacfwd of grad": lambda f, x: f.jacrev(f.jacfwd(f.grad(scalar)))(x),
    "jacfwd of jacrev": lambda f, x: f.jacfwd(f.jacrev(lambda x: pair(x)[0]))(x),
    "grad of grad": lambda f, x: f.grad(lambda x: f.grad(scalar)(x).sum())(x),
    "two arguments": lambda f, x: f.jacrev(lambda a, b: a * b.sin(), argnums=(0, 1))(x, x),
    "aux": lambda f, x: f.grad(lambda x: (scalar(x), x * 2), has_aux=True)(x),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms_agree_with_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    same(TRANSFORMS[name](func, tg.tensor(X)), TRANSFORMS[name](torch.func, torch.tensor(X)))


def test_jvp_and_vjp_agree_with_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    same(
        func.jvp(pair, (tg.tensor(X),), (tg.tensor(V),)),
        torch.func.jvp(pair, (torch.tensor(X),), (torch.tensor(V),)),
    )
    ours, theirs = func.vjp(pair, tg.tensor(X)), torch.func.vjp(pair, torch.tensor(X))
    same(ours[0], theirs[0])
    same(ours[1]((tg.tensor(V), tg.tensor(V[:2]))), theirs[1]((torch.tensor(V), torch.tensor(V[:2]))))


def test_a_transform_keeps_the_outer_graph() -> None:
    w = tg.tensor(X, requires_grad=True)
    slope = func.grad(lambda x: (x * x * w).sum())(tg.tensor(V))
    slope.sum().backward()
    np.testing.assert_allclose(w.grad.array, 2 * V)


def test_grad_wants_a_scalar() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)must return a scalar.*shape \(3,\)"):
        func.grad(lambda x: x * 2)(tg.tensor(X))


class Cube(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        y = x * x * x
        ctx.save_for_backward(x, y)
        return y, x * 2

    @staticmethod
    def backward(ctx: Any, g: Any, h: Any) -> Any:
        x, y = ctx.saved_tensors
        return g * 3 * y / x + 2 * h


def test_a_function_has_derivatives_of_all_orders() -> None:
    x = tg.tensor(X, requires_grad=True)
    gradcheck(lambda x: Cube.apply(x), x)
    gradgradcheck(lambda x: Cube.apply(x), x)
    assert repr(Cube.apply(x)[0].grad_fn) == "<CubeBackward0 object>"


def test_a_function_that_returns_too_many_gradients() -> None:
    class Wrong(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g, g

    with pytest.raises(RuntimeError, match=r"(?s)WrongBackward returned an incorrect number of gradients.*2, for 1"):
        Wrong.apply(tg.tensor(X, requires_grad=True)).sum().backward()


def test_an_in_place_write_to_a_saved_output_is_noticed() -> None:
    y, _ = Cube.apply(tg.tensor(X, requires_grad=True))
    y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_once_differentiable_refuses_the_second_time() -> None:
    from tinygrad_nn.autograd import grad, once_differentiable

    class Once(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, g: Any) -> Any:
            return 2 * g * ctx.saved_tensors[0]

    x = tg.tensor(X, requires_grad=True)
    (slope,) = grad(Once.apply(x).sum(), x, create_graph=True)
    np.testing.assert_allclose(slope.detach().array, 2 * X)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


def test_checkpoint_gives_the_same_gradients_to_inputs_and_parameters() -> None:
    w = tg.tensor(V, requires_grad=True)

    def piece(x: Any) -> Any:
        return (x * w).tanh() * w

    gradcheck(lambda x, w_: checkpoint(lambda x: (x * w_).tanh() * w_, x), [tg.tensor(X, requires_grad=True), w])
    gradgradcheck(lambda x: checkpoint(piece, x), tg.tensor(X, requires_grad=True))


@pytest.mark.parametrize("of", ["x", "[x]", "{'a': x}"])
@pytest.mark.parametrize("when", ["inside", "after", "a view, after", "constant"])
def test_checkpoint_refuses_arguments_written_since(when: str, of: str) -> None:
    """The second run would read what was written: another gradient, in silence."""
    x = tg.tensor(X, requires_grad=True)
    a, c = x * 1, tg.tensor(V)

    def piece(given: Any, c: Any) -> Any:
        t = given if isinstance(given, tg.Tensor) else next(iter(given.values() if isinstance(given, dict) else given))
        return (t.exp_() if when == "inside" else t.exp()) * t * c

    y = checkpoint(piece, eval(of, {"x": a}), c)
    if when == "constant":
        c.zero_()
    elif when != "inside":
        (a[0] if "view" in when else a).mul_(2)
    with pytest.raises(RuntimeError, match="that a checkpoint's second run needs, written by"):
        y.sum().backward()


def test_checkpoint_refuses_parameters_written_between_the_passes() -> None:
    w = tg.tensor(V, requires_grad=True)
    y = checkpoint(lambda x: (x * w).tanh(), tg.tensor(X, requires_grad=True))
    with tg.no_grad():
        w.mul_(2)
    with pytest.raises(RuntimeError, match="that a checkpoint's second run needs, written by `mul_`"):
        y.sum().backward()


def test_checkpoint_allows_a_function_that_limits_its_parameter_each_time() -> None:
    layer = tg.nn.Embedding(4, 3, max_norm=0.5)
    y = checkpoint(lambda s: layer(tg.tensor([0, 2])) * s, tg.ones(3, requires_grad=True))
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    assert layer.weight.grad.tolist() == [[2.0] * 3, [0.0] * 3, [2.0] * 3, [0.0] * 3]


def test_checkpoint_sequential_equals_the_chain() -> None:
    steps = [lambda x: x.sin(), lambda x: x * x, lambda x: x.exp(), lambda x: x + 1]
    x, y = tg.tensor(X, requires_grad=True), tg.tensor(X, requires_grad=True)
    checkpoint_sequential(steps, 2, x).sum().backward()
    ((y.sin() ** 2).exp() + 1).sum().backward()
    np.testing.assert_allclose(x.grad.array, y.grad.array)


def test_anomaly_mode_names_the_first_nan_forward() -> None:
    x = tg.tensor([1.0, -1.0], requires_grad=True)
    with pytest.raises(AnomalyError) as caught, tg.autograd.detect_anomaly():
        (x * 2).sqrt().exp().sum()
    text = str(caught.value)
    assert "`sqrt` produced the first NaN" in text and "test_func.py:" in text
    assert "1 NaN" in text and "finite values in [-2, 2]" in text


def test_anomaly_mode_names_the_gradient_that_went_wrong() -> None:
    x = tg.tensor([0.0, 4.0], requires_grad=True)
    with (
        pytest.raises(AnomalyError, match=r"(?s)backward, in the gradient of `sqrt` made at .*test_func.py"),
        tg.autograd.detect_anomaly(),
    ):
        x.sqrt().sum().backward()


def test_anomaly_mode_lets_a_given_infinity_pass() -> None:
    with tg.autograd.detect_anomaly():
        masked = tg.where(tg.tensor([True, False]), tg.zeros(2), float("-inf"))
        assert masked.exp().tolist() == [1.0, 0.0]
