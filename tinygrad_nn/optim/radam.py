"""RAdam: Adam that waits until its average of squares can be trusted."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.flags import switches
from tinygrad_nn.ops.elementwise import pow, sqrt, where
from tinygrad_nn.optim import checks
from tinygrad_nn.optim.elementwise import Elementwise, narrow, number, wide, zeros
from tinygrad_nn.optim.optimizer import Group, Params

__all__ = ["RAdam", "radam"]

State = dict[str, Any]


def radam(
    g: Any, p: Any, state: State, *, lr: Any, betas: tuple[float, float], eps: float, weight_decay: float,
    decoupled_weight_decay: bool, maximize: bool,
) -> tuple[Any, State]:  # fmt: skip
    """One step of RAdam.

    m and v as in Adam; rho = R - 2 t beta2^t / (1 - beta2^t), with R = 2 / (1 - beta2) - 1
    p <- p - lr m̂                                                                        while rho <= 5
    p <- p - lr m̂ sqrt(1 - beta2^t) / (sqrt(v) + eps)
           sqrt((rho - 4) (rho - 2) R / ((R - 4) (R - 2) rho))                            afterwards
    """
    beta1, beta2 = betas
    if maximize:
        g = -g
    if weight_decay != 0 and decoupled_weight_decay:
        p = p * narrow(1 - lr * weight_decay, p)
    elif weight_decay != 0:
        g = g + weight_decay * p
    m = beta1 * state["exp_avg"] + (1 - beta1) * g
    v = beta2 * state["exp_avg_sq"] + (1 - beta2) * (g * g)
    step = state["step"] + 1
    t = wide(step)
    power = pow(beta2, t)
    longest = 2 / (1 - beta2) - 1
    rho = longest - 2 * t * power / (1 - power)
    trusted = rho > 5
    rectified = (rho - 4) * (rho - 2) * longest / ((longest - 4) * (longest - 2) * rho)
    factor = where(trusted, sqrt(where(trusted, rectified, 1.0) * (1 - power)), 1.0)
    size = lr / (1 - pow(beta1, t)) * factor
    direction = m / where(trusted, sqrt(v) + eps, 1.0)
    return p - narrow(size, p) * direction, {"step": step, "exp_avg": m, "exp_avg_sq": v}


class RAdam(Elementwise):
    """RAdam: Adam whose first steps are those of momentum, until the average of g² has seen enough.

    lr:           step size
    betas:        how much of the averages of g and g² each step keeps, two numbers in [0, 1)
    eps:          keeps the denominator from zero
    weight_decay: added to the gradient, times p; with `decoupled_weight_decay` p shrinks by lr times it instead
    maximize:     ascend

    `foreach` and `capturable` are accepted, as in `Adam`. Raises ValueError for options out of range.

    Source: Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond" (2019).

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([3.0], requires_grad=True)
    >>> optimizer = RAdam([x], lr=0.25)
    >>> x.grad = tg.tensor([4.0])
    >>> optimizer.step()
    >>> x.tolist()  # the first step is plain: 3 - 0.25 * 4
    [2.0]
    """

    update = staticmethod(radam)
    scalars = frozenset({"step"})

    @switches
    def __init__(
        self, params: Params, lr: Any = 1e-3, betas: tuple[Any, Any] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, decoupled_weight_decay: bool = False, *, foreach: bool | None = None,
        maximize: bool = False, capturable: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        checks.learning_rate("RAdam", lr)
        betas = checks.betas_below_one("RAdam", betas)
        checks.at_least_zero("RAdam", epsilon=eps, weight_decay=weight_decay)
        options = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "foreach": foreach, "capturable": capturable, "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, options)

    def begin(self, p: np.ndarray[Any, Any], group: Group) -> State:
        return {**number(step=0), **zeros(p, "exp_avg", "exp_avg_sq")}
