"""NAdam: Adam with Nesterov's look ahead."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.flags import switches
from tinygrad_nn.ops.elementwise import pow, sqrt
from tinygrad_nn.optim import checks
from tinygrad_nn.optim.elementwise import Elementwise, narrow, number, wide, zeros
from tinygrad_nn.optim.optimizer import Group, Params

__all__ = ["NAdam", "nadam"]

State = dict[str, Any]


def nadam(
    g: Any, p: Any, state: State, *, lr: Any, betas: tuple[float, float], eps: float, weight_decay: float,
    momentum_decay: float, decoupled_weight_decay: bool, maximize: bool,
) -> tuple[Any, State]:  # fmt: skip
    """One step of NAdam.

    mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2),  M_t = mu_1 ... mu_t,  m and v as in Adam
    p <- p - lr ((1 - mu_t) / (1 - M_t) g + mu_{t+1} / (1 - M_{t+1}) m) / (sqrt(v / (1 - beta2^t)) + eps)

    The correction of v is folded into the other factors, as in `adam`.
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
    mu = beta1 * (1 - 0.5 * pow(0.96, t * momentum_decay))
    mu_next = beta1 * (1 - 0.5 * pow(0.96, (t + 1) * momentum_decay))
    product = state["mu_product"] * narrow(mu, state["mu_product"])
    so_far = wide(product)
    c = sqrt(1 - pow(beta2, t))
    of_g = lr * c * (1 - mu) / (1 - so_far)
    of_m = lr * c * mu_next / (1 - so_far * mu_next)
    direction = (narrow(of_g, p) * g + narrow(of_m, p) * m) / (sqrt(v) + narrow(c * eps, p))
    return p - direction, {"step": step, "mu_product": product, "exp_avg": m, "exp_avg_sq": v}


class NAdam(Elementwise):
    """NAdam: Adam, stepping along the average that the next step would see.

    lr:             step size
    betas:          how much of the averages of g and g² each step keeps, two numbers in [0, 1)
    eps:            keeps the denominator from zero
    weight_decay:   added to the gradient, times p; with `decoupled_weight_decay` p shrinks by lr times it instead
    momentum_decay: how fast the share of the look ahead grows
    maximize:       ascend

    `foreach` and `capturable` are accepted, as in `Adam`. Raises ValueError for options out of range.

    Source: Dozat, "Incorporating Nesterov Momentum into Adam" (2016).

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([1.0], requires_grad=True)
    >>> optimizer = NAdam([x], lr=0.5, betas=(0.0, 0.0))
    >>> x.grad = tg.tensor([3.0])
    >>> optimizer.step()
    >>> x.tolist()  # without averages: a step of lr against the sign
    [0.5]
    """

    update = staticmethod(nadam)
    scalars = frozenset({"step", "mu_product"})

    @switches
    def __init__(
        self, params: Params, lr: Any = 2e-3, betas: tuple[Any, Any] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, momentum_decay: float = 4e-3, decoupled_weight_decay: bool = False, *,
        foreach: bool | None = None, maximize: bool = False, capturable: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        checks.learning_rate("NAdam", lr)
        betas = checks.betas_below_one("NAdam", betas)
        checks.at_least_zero("NAdam", epsilon=eps, weight_decay=weight_decay, momentum_decay=momentum_decay)
        options = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, options)

    def begin(self, p: np.ndarray[Any, Any], group: Group) -> State:
        return {**number(step=0, mu_product=1), **zeros(p, "exp_avg", "exp_avg_sq")}
