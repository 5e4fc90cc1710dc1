"""Gradients against finite differences, along random directions.

For a function f of tensors x, a random direction u and a random weighting v of the outputs,

    v . (f(x + eps u) - f(x - eps u)) / (2 eps)   must equal   u . vjp(v).

One direction tests all entries of the Jacobian at once; a few make an accidental agreement
impossible in practice. The second order is the same test of the first order's gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.autograd.backward import grad
from tinygrad_nn.errors import AutogradError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.tape import Node, local

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A derivative disagrees with finite differences."""


@switches
def gradcheck(
    func: Callable[..., Any], inputs: Tensor | Sequence[Any], *,
    eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3,
    raise_exception: bool = True, directions: int = 3, seed: int = 0,
) -> bool:  # fmt: skip
    """Whether `func`'s gradients for each float64 input that requires grad agree with finite differences.

    Raises GradcheckError (a RuntimeError) with both numbers where they do not, or gives False with
    `raise_exception=False`.

    >>> import tinygrad_nn as tg
    >>> gradcheck(lambda x: x.tanh(), tg.tensor([0.3, -1.2], dtype=tg.float64, requires_grad=True))
    True
    """
    given = _listed(inputs)
    places = [k for k, t in enumerate(given) if type(t) in TYPES and t.requires_grad]
    if not places:
        raise AutogradError(message("gradcheck: no input requires grad", fix="make one with requires_grad=True"))
    for k in places:
        if given[k].array.dtype != np.float64:
            raise AutogradError(
                message("gradcheck needs float64 inputs", got=f"input {k}: {given[k].dtype}", fix="x.double()")
            )
    rng = np.random.default_rng(seed)
    try:
        for _ in range(directions):
            _check_direction(func, given, places, rng, eps, atol, rtol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


@switches
def gradgradcheck(
    func: Callable[..., Any], inputs: Tensor | Sequence[Any], *,
    eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3,
    raise_exception: bool = True, seed: int = 0,
) -> bool:  # fmt: skip
    """`gradcheck` of the gradient: the second derivatives of `func` against finite differences of the first."""
    given = _listed(inputs)
    places = [k for k, t in enumerate(given) if type(t) in TYPES and t.requires_grad]
    rng = np.random.default_rng(seed + 1)
    weights = [_leaf(rng.standard_normal(out.array.shape)) for out in _outputs(func(*given))]

    def first_order(*args: Any) -> Any:
        xs, vs = args[: len(given)], args[len(given) :]
        outs = [out for out in _outputs(func(*xs)) if out.requires_grad]
        chosen = [v for v, out in zip(vs, _outputs(func(*xs)), strict=True) if out.requires_grad]
        wanted = [xs[k] for k in places]
        found = grad(outs, wanted, chosen, create_graph=True, materialize_grads=True)
        return tuple(g for g in found if g is not None and g.requires_grad)

    if not first_order(*given, *weights):
        return True  # the function is linear in all that could be differentiated again
    return gradcheck(
        first_order, [*given, *weights], eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception, seed=seed
    )


def _listed(inputs: Any) -> list[Any]:
    return [inputs] if type(inputs) in TYPES else list(inputs)


def _leaf(array: Any) -> Any:
    t = wrap(np.asarray(array))
    t.requires_grad_()
    return t


def _outputs(result: Any) -> list[Any]:
    items = [result] if type(result) in TYPES else list(result)
    return [item for item in items if type(item) in TYPES and item.array.dtype.kind == "f"]


def _check_direction(
    func: Callable[..., Any], given: list[Any], places: list[int], rng: Any, eps: float, atol: float, rtol: float
) -> None:
    outputs = _outputs(func(*given))
    weights = [rng.standard_normal(out.array.shape) for out in outputs]
    pairs = [(out, wrap(v)) for out, v in zip(outputs, weights, strict=True) if out.requires_grad]
    if pairs:
        outs, vs = zip(*pairs, strict=True)
        found = grad(outs, [given[k] for k in places], vs, materialize_grads=True)
    else:
        found = tuple(wrap(np.zeros_like(given[k].array)) for k in places)

    def weighted(moved: list[Any]) -> float:
        return float(sum(np.sum(v * out.array) for v, out in zip(weights, _outputs(func(*moved)), strict=True)))

    for k, derivative in zip(places, found, strict=True):
        assert derivative is not None
        step = rng.standard_normal(given[k].array.shape)
        ahead, behind = list(given), list(given)
        ahead[k], behind[k] = (_leaf(given[k].array + sign * eps * step) for sign in (1, -1))
        expected = (weighted(ahead) - weighted(behind)) / (2 * eps)
        got = float(np.sum(step * derivative.array))
        if not abs(got - expected) <= atol + rtol * abs(expected):
            raise GradcheckError(
                message(
                    f"gradcheck: the gradient of input {k} is wrong",
                    got=f"{got:.9g} along a random direction, where finite differences give {expected:.9g}",
                    fix=f"check the rule of `{_last_operation(outputs)}` for that operand",
                )
            )


def _last_operation(outputs: list[Any]) -> str:
    nodes: list[Node] = [out.node for out in outputs if out.node is not None]
    return nodes[0].name if nodes else ("nothing recorded" if local.mode.grad else "no_grad")
