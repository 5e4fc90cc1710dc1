"""Adamax: Adam with the largest gradient of late in the place of the mean square."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.flags import switches
from tinygrad_nn.ops.elementwise import abs, maximum, pow
from tinygrad_nn.optim import checks
from tinygrad_nn.optim.elementwise import Elementwise, narrow, number, wide, zeros
from tinygrad_nn.optim.optimizer import Group, Params

__all__ = ["Adamax", "adamax"]

State = dict[str, Any]


def adamax(
    g: Any,
    p: Any,
    state: State,
    *,
    lr: Any,
    betas: tuple[float, float],
    eps: float,
    weight_decay: float,
    maximize: bool,
) -> tuple[Any, State]:
    """One step of Adamax.

    m <- beta1 m + (1 - beta1) g,  u <- max(beta2 u, |g| + eps)
    p <- p - lr / (1 - beta1^t) m / u
    """
    beta1, beta2 = betas
    if maximize:
        g = -g
    if weight_decay != 0:
        g = g + weight_decay * p
    m = beta1 * state["exp_avg"] + (1 - beta1) * g
    u = maximum(beta2 * state["exp_inf"], abs(g) + eps)
    step = state["step"] + 1
    size = lr / (1 - pow(beta1, wide(step)))
    return p - narrow(size, p) * (m / u), {"step": step, "exp_avg": m, "exp_inf": u}


class Adamax(Elementwise):
    """Adamax: p <- p - lr m̂ / u, with m a running average of g and u the largest |g|, which fades.

    lr:           step size
    betas:        how much of m and of u each step keeps, two numbers in [0, 1)
    eps:          keeps u from zero
    weight_decay: added to the gradient, times p
    maximize:     ascend

    `foreach` and `capturable` are accepted, as in `Adam`. Raises ValueError for options out of range.

    Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2014), section 7.1.

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([3.0], requires_grad=True)
    >>> optimizer = Adamax([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.tolist()  # the first step has the size of lr
    [2.5]
    """

    update = staticmethod(adamax)
    scalars = frozenset({"step"})

    @switches
    def __init__(
        self, params: Params, lr: Any = 2e-3, betas: tuple[Any, Any] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, foreach: bool | None = None, *, maximize: bool = False, differentiable: bool = False,
        capturable: bool = False,
    ) -> None:  # fmt: skip
        checks.learning_rate("Adamax", lr)
        betas = checks.betas_below_one("Adamax", betas)
        checks.at_least_zero("Adamax", epsilon=eps, weight_decay=weight_decay)
        options = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, options)

    def begin(self, p: np.ndarray[Any, Any], group: Group) -> State:
        return {**number(step=0), **zeros(p, "exp_avg", "exp_inf")}
