"""Every primitive, and every way to write in place: the right gradient or an error, never a third thing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.autograd.writes import WRITERS, after_a_step, differences, floats, projected
from tests.nn.configurations import ROWS, Data
from tests.ops.table import GRADIENTS, SYMMETRIC
from tinygrad_nn.errors import AutogradError
from tinygrad_nn.primitive import REGISTRY, apply, wrap


def programs(name: str) -> list[tuple[Callable[..., Any], list[Any]]]:
    """The calls of a primitive in the table of gradient tests, with every array (data, too) as a tensor."""
    primitive = REGISTRY[name]
    made = []
    for args in GRADIENTS[name]:
        leaves: list[Any] = []
        shape = _taken(args, leaves, primitive.arity if not primitive.variadic else 1, primitive.parameters)

        def call(*tensors: Any, shape: Any = shape) -> Any:
            if name in SYMMETRIC:
                tensors = tuple((t + t.swapaxes(-1, -2)) * 0.5 if t.is_floating_point() else t for t in tensors)
            return apply(primitive, _filled(shape, iter(tensors)))

        made.append((call, leaves))
    return made


def _taken(args: Any, leaves: list[Any], arity: int, names: tuple[str, ...]) -> Any:
    """The arguments with a mark for each tensor, which is added to `leaves`."""
    shape: list[Any] = []
    for k, (arg, word) in enumerate(zip(args, names)):
        if isinstance(arg, (np.ndarray, np.float64)) and (k < arity or word in ("target", "positions")):
            leaves.append(wrap(np.array(arg)))
            if arg.dtype == np.float64:
                leaves[-1].requires_grad_()
            shape.append(MARK)
        elif isinstance(arg, (list, tuple)) and (k < arity or word == "index"):
            shape.append(tuple(_taken(arg, leaves, len(arg), ("",) * len(arg))))
        else:
            shape.append(arg)
    return tuple(shape)


MARK = object()
FEW = ("itself", "a view", "detached")


def _filled(shape: Any, tensors: Any) -> Any:
    return tuple(
        next(tensors) if s is MARK else _filled(s, tensors) if isinstance(s, tuple) and _marked(s) else s for s in shape
    )


def _marked(shape: Any) -> bool:
    return any(s is MARK or (isinstance(s, tuple) and _marked(s)) for s in shape)


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_write_leaves_right_gradients_or_an_error(name: str) -> None:
    found = []
    for call, leaves in programs(name)[:1]:
        found += differences(call, leaves, ["mul_"], shares=REGISTRY[name].view, aliases=FEW)
    assert not found, "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", GRADIENTS)
def test_every_writer_leaves_right_gradients_of_both_orders_or_an_error(name: str) -> None:
    found = []
    for call, leaves in programs(name):
        found += differences(call, leaves, list(WRITERS), (1, 2), shares=REGISTRY[name].view)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_step_of_an_optimizer_is_a_write(name: str) -> None:
    for call, leaves in programs(name):
        wanted = [leaf for leaf in leaves if leaf.requires_grad]
        right = tg.autograd.grad(projected(floats(call(*leaves))), wanted, allow_unused=True, materialize_grads=True)
        try:
            got = after_a_step(call, leaves)
        except AutogradError as error:
            if "modified by an inplace operation" not in str(error):
                raise
            continue
        for a, b in zip(got, right, strict=True):
            np.testing.assert_allclose(a, b.array, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", REGISTRY)
def test_only_views_share_memory_with_an_operand(name: str) -> None:
    """A result that shared memory unseen would let writes pass unseen, too; so would a residual, where the
    operand is not among what the rule reads (and is checked)."""
    primitive = REGISTRY[name]
    if primitive.view or name not in GRADIENTS:
        return
    for args in GRADIENTS[name]:
        out = primitive.forward(*args)
        result, residual = out if primitive.residual else (out, None)
        for k, arg in enumerate(args):
            for operand in _arrays(arg):
                assert not any(np.shares_memory(array, operand) for array in _arrays(result))
                if not primitive.saves[k] or k in primitive.spares:
                    assert not any(np.shares_memory(array, operand) for array in _arrays(residual))


def _arrays(value: Any) -> list[Any]:
    if isinstance(value, (tuple, list)):
        return [a for part in value for a in _arrays(part)]
    return [value] if isinstance(value, np.ndarray) else []


# -- layers, and compositions around them ------------------------------------------------------------


def layers() -> list[Any]:
    """One row of each kind of layer, and those that compute without weights: what they give is what they keep."""
    found, met = [], set()
    for row in ROWS:
        plain = row.kwargs.get("affine") is False or row.kwargs.get("elementwise_affine") is False
        if row.modes and not row.kwargs.get("inplace") and (plain or row.name not in met):
            met.add(row.name)
            found.append(row)
    return found


def layer(row: Any) -> tuple[Callable[..., Any], list[Any]]:
    """A layer as a call of tensors: its floating inputs, and then its parameters."""
    tg.manual_seed(11)
    module = getattr(tg.nn, row.name)(*[_made(a) for a in row.args], **{k: _made(v) for k, v in row.kwargs.items()})
    getattr(module.double(), row.modes[0])()
    leaves: list[Any] = []
    shape = tuple(_marked_input(x, leaves) for x in row.inputs)
    names = [name for name, _ in module.named_parameters()]
    leaves += [p.detach().clone().requires_grad_() for p in module.parameters()]

    def call(*tensors: Any) -> Any:
        tg.manual_seed(5)
        given = iter(tensors)
        inputs = list(_filled(shape, given))
        if row.log_softmax:
            inputs[0] = tg.nn.functional.log_softmax(inputs[0], -1)
        return tg.func.functional_call(module, dict(zip(names, given, strict=True)), tuple(inputs), row.call)

    return call, leaves


def gives_a_view(call: Callable[..., Any], leaves: list[Any]) -> bool:
    """Whether a layer hands on its input's memory: Identity, Flatten."""
    return any(np.shares_memory(t.array, leaves[0].array) for t in floats(call(*leaves)))


def _made(value: Any) -> Any:
    if type(value).__name__ == "Part":
        return getattr(tg.nn, value.name)(*value.args)
    return wrap(np.array(value)) if isinstance(value, (np.ndarray, np.floating)) else value


def _marked_input(x: Any, leaves: list[Any]) -> Any:
    if isinstance(x, tuple):
        return tuple(_marked_input(part, leaves) for part in x)
    if isinstance(x, Data):
        return wrap(np.array(x.array))
    if isinstance(x, (np.ndarray, np.floating)):
        leaves.append(wrap(np.array(x, np.float64)).requires_grad_())
        return MARK
    return x


@pytest.mark.parametrize("row", layers(), ids=str)
def test_a_write_around_a_layer_leaves_right_gradients_or_an_error(row: Any) -> None:
    call, leaves = layer(row)
    shares = gives_a_view(call, leaves)
    found = differences(call, leaves[:2], ["mul_"], fixed=leaves[2:], shares=shares, aliases=FEW)
    assert not found, "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize("row", [row for row in ROWS if row.modes and not row.kwargs.get("inplace")], ids=str)
def test_every_writer_around_a_layer_leaves_right_gradients_or_an_error(row: Any) -> None:
    call, leaves = layer(row)
    found = differences(call, leaves, list(WRITERS), shares=gives_a_view(call, leaves))
    assert not found, "\n".join(found)


F = tg.nn.functional
KEEPING: dict[str, Callable[[Any], Any]] = {
    "layer_norm": lambda x: F.layer_norm(x, (4,)),
    "rms_norm": lambda x: F.rms_norm(x, (4,)),
    "group_norm": lambda x: F.group_norm(x, 1),
    "instance_norm": lambda x: F.instance_norm(x),
    "batch_norm": lambda x: F.batch_norm(x, None, None, training=True),
    "softmax": lambda x: F.softmax(x, -1),
    "sigmoid": lambda x: tg.sigmoid(x),
    "linear": lambda x: F.linear(x, x[0]),
}
IN_PLACE: dict[str, Callable[[Any], Any]] = {
    "relu": lambda y: F.relu(y, inplace=True), "relu6": lambda y: F.relu6(y, inplace=True),
    "leaky_relu": lambda y: F.leaky_relu(y, 0.1, inplace=True), "elu": lambda y: F.elu(y, inplace=True),
    "celu": lambda y: F.celu(y, inplace=True), "selu": lambda y: F.selu(y, inplace=True),
    "silu": lambda y: F.silu(y, inplace=True), "mish": lambda y: F.mish(y, inplace=True),
    "hardtanh": lambda y: F.hardtanh(y, -0.5, 0.5, inplace=True), "threshold": lambda y: F.threshold(y, 0.1, 0.0, inplace=True),
    "hardswish": lambda y: F.hardswish(y, inplace=True), "hardsigmoid": lambda y: F.hardsigmoid(y, inplace=True),
    "dropout": lambda y: F.dropout(y, 0.5, inplace=True), "alpha_dropout": lambda y: F.alpha_dropout(y, 0.5, True, inplace=True),
    "dropout1d": lambda y: F.dropout1d(y, 0.5, inplace=True), "tanh": lambda y: y.tanh_(), "clamp": lambda y: y.clamp_(-0.3, 0.4),
    "square": lambda y: y.pow_(2), "index_put": lambda y: y.index_put_((tg.tensor([0, 0]),), y.detach()[:2] * 0.5, accumulate=True),
    "index_add": lambda y: y.index_add_(0, tg.tensor([0, 0]), y.detach()[:2] * 0.5),
    "scatter": lambda y: y.scatter_(0, tg.zeros_like(y[:1], dtype=tg.int64), 0.5),
    "scatter_add": lambda y: y.scatter_add_(0, tg.zeros_like(y[:1], dtype=tg.int64), y.detach()[:1] * 2),
    "tril": lambda y: y.tril_(), "lerp": lambda y: y.lerp_(y.detach() + 1, 0.3), "addcmul": lambda y: y.addcmul_(y, y),
}  # fmt: skip


@pytest.mark.parametrize("after", IN_PLACE)
@pytest.mark.parametrize("name", KEEPING)
def test_what_is_written_after_a_function_that_keeps_its_result(name: str, after: str) -> None:
    values = np.random.default_rng(3).standard_normal((2, 3, 4))

    def slope(copy: bool) -> Any:
        tg.manual_seed(5)
        x = tg.tensor(values, requires_grad=True)
        y = KEEPING[name](x * 1)
        y = IN_PLACE[after](y.clone() if copy else y)
        projected([y]).backward()
        return x.grad.array

    try:
        got = slope(copy=False)
    except AutogradError as error:
        if "modified by an inplace operation" not in str(error) or name not in ("softmax", "sigmoid"):
            raise
        return
    np.testing.assert_allclose(got, slope(copy=True), rtol=1e-9, atol=1e-12)


def test_running_statistics_are_written_between_forward_and_backward() -> None:
    """The training step writes what the evaluating one has kept."""
    norm = tg.nn.BatchNorm1d(3).eval()
    x = tg.randn(4, 3, requires_grad=True)
    y = norm(x)
    norm.train()(tg.randn(4, 3))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
