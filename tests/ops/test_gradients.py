"""Every primitive's rules against finite differences, to second order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_nn.ops
from tests.ops.table import GRADIENTS, IN_PLACE_ONLY, NO_GRADIENT, SYMMETRIC
from tinygrad_nn.autograd import gradcheck, gradgradcheck
from tinygrad_nn.primitive import REGISTRY, apply, wrap


def leaf(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.float64)) and value.dtype == np.float64:
        return wrap(np.array(value)).requires_grad_()
    return value


def test_every_primitive_has_an_entry() -> None:
    listed = {*GRADIENTS, *NO_GRADIENT, *IN_PLACE_ONLY}
    assert set(REGISTRY) == listed
    differentiable = {name for name, p in REGISTRY.items() if any(p.rules) or p.joint}
    assert differentiable - IN_PLACE_ONLY == set(GRADIENTS)


@pytest.mark.parametrize("name", GRADIENTS)
def test_rules_agree_with_finite_differences_to_second_order(name: str) -> None:
    primitive = REGISTRY[name]
    for args in GRADIENTS[name]:
        if primitive.variadic:
            leaves = [leaf(a) for a in args[0]]
            rest = args[1:]

            def call(*xs: Any, rest: Any = rest) -> Any:
                return apply(primitive, (list(xs), *rest))

        else:
            leaves = [leaf(a) for a in args[: primitive.arity]]
            rest = args[primitive.arity :]

            def call(*xs: Any, rest: Any = rest) -> Any:
                return apply(primitive, (*xs, *rest)) if rest or primitive.arity > 2 else _public(primitive)(*xs)

        if name in SYMMETRIC:
            plain = call

            def call(x: Any, plain: Any = plain) -> Any:
                return plain((x + x.swapaxes(-1, -2)) * 0.5)

        gradcheck(call, leaves)
        gradgradcheck(call, leaves, atol=1e-4)


def _public(primitive: Any) -> Any:
    """The function that users' operators reach, with its flat calling path."""
    for family in vars(tinygrad_nn.ops).values():
        made = getattr(family, primitive.name, None)
        if getattr(made, "primitive", None) is primitive:
            return made
    raise AssertionError(primitive.name)


@pytest.mark.parametrize("name", NO_GRADIENT)
def test_primitives_without_gradient_compute_what_numpy_does(name: str) -> None:
    args, expected = NO_GRADIENT[name]
    tensors = [wrap(a) if isinstance(a, np.ndarray) else a for a in args]
    result = (
        apply(REGISTRY[name], tuple(tensors))
        if not isinstance(args[0], tuple)
        else apply(REGISTRY[name], ((wrap(args[0][0]),), *args[1:]))
    )
    np.testing.assert_array_equal(result.array, expected(*args))
    assert not result.requires_grad
