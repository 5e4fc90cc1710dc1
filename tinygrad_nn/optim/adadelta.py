"""Adadelta: steps in the proportion of past steps to past gradients; no step size to choose."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.ops.elementwise import sqrt
from tinygrad_nn.optim import checks
from tinygrad_nn.optim.elementwise import Elementwise, narrow, number, zeros
from tinygrad_nn.optim.optimizer import Group, Params

__all__ = ["Adadelta", "adadelta"]

State = dict[str, Any]


def adadelta(
    g: Any, p: Any, state: State, *, lr: Any, rho: float, eps: float, weight_decay: float, maximize: bool
) -> tuple[Any, State]:
    """One step of Adadelta.

    v <- rho v + (1 - rho) g²
    d = sqrt(u + eps) / sqrt(v + eps) g
    u <- rho u + (1 - rho) d²
    p <- p - lr d
    """
    if maximize:
        g = -g
    if weight_decay != 0:
        g = g + weight_decay * p
    v = rho * state["square_avg"] + (1 - rho) * (g * g)
    d = sqrt(state["acc_delta"] + eps) / sqrt(v + eps) * g
    u = rho * state["acc_delta"] + (1 - rho) * (d * d)
    return p - narrow(lr, p) * d, {"step": state["step"] + 1, "square_avg": v, "acc_delta": u}


class Adadelta(Elementwise):
    """Adadelta: p <- p - lr sqrt(u + eps) / sqrt(v + eps) g, with running averages u of past steps², v of g².

    lr:           a factor of the steps
    rho:          how much of the averages each step keeps, in [0, 1]
    eps:          keeps the roots from zero, and sets the size of the first steps
    weight_decay: added to the gradient, times p
    maximize:     ascend

    `foreach` and `capturable` are accepted, as in `Adam`. Raises ValueError for options out of range.

    Source: Zeiler, "ADADELTA: An Adaptive Learning Rate Method" (2012).

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([3.0], requires_grad=True)
    >>> optimizer = Adadelta([x], rho=0.75, eps=1 / 16)
    >>> x.grad = tg.tensor([1.0])
    >>> optimizer.step()
    >>> round(x.item(), 5)  # 3 - sqrt(1/16) / sqrt(1/4 + 1/16)
    2.55279
    """

    update = staticmethod(adadelta)
    scalars = frozenset({"step"})

    @switches
    def __init__(
        self, params: Params, lr: Any = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0,
        foreach: bool | None = None, *, capturable: bool = False, maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        checks.learning_rate("Adadelta", lr)
        if not 0 <= rho <= 1:
            raise ArgumentError(message(f"Adadelta: Invalid rho value: {rho}", fix="a number in [0, 1]"))
        checks.at_least_zero("Adadelta", epsilon=eps, weight_decay=weight_decay)
        options = {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, options)

    def begin(self, p: np.ndarray[Any, Any], group: Group) -> State:
        return {**number(step=0), **zeros(p, "square_avg", "acc_delta")}
