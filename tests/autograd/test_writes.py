"""Every primitive, and every way to write in place: the right gradient or an error, never a third thing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.autograd.writes import WRITERS, after_a_step, differences, floats, projected
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
        found += differences(call, leaves, ["mul_", "setitem"], shares=REGISTRY[name].view)
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
