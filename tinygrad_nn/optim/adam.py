"""Adam, and AdamW: steps scaled by running averages of the gradient and of its square."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.ops.elementwise import maximum, pow, sqrt
from tinygrad_nn.optim import checks
from tinygrad_nn.optim.elementwise import Elementwise, narrow, number, wide, zeros
from tinygrad_nn.optim.optimizer import Group, Params, is_tensor

__all__ = ["Adam", "AdamW", "adam"]

State = dict[str, Any]


def adam(
    g: Any, p: Any, state: State, *, lr: Any, betas: tuple[float, float], eps: float, weight_decay: float,
    amsgrad: bool, maximize: bool, decoupled_weight_decay: bool,
) -> tuple[Any, State]:  # fmt: skip
    """One step of Adam.

    m <- beta1 m + (1 - beta1) g,  v <- beta2 v + (1 - beta2) g²
    p <- p - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)

    The two corrections are folded into the step size and eps (Kingma and Ba, end of section 2): with
    c = sqrt(1 - beta2^t),  p <- p - (lr c / (1 - beta1^t)) m / (sqrt(v) + c eps)
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
    new = {"step": step, "exp_avg": m, "exp_avg_sq": v}
    if amsgrad:
        v = new["max_exp_avg_sq"] = maximum(state["max_exp_avg_sq"], v)
    t = wide(step)
    c = sqrt(1 - pow(beta2, t))
    size = lr * c / (1 - pow(beta1, t))
    return p - narrow(size, p) * (m / (sqrt(v) + narrow(c * eps, p))), new


class Adam(Elementwise):
    """Adam: p <- p - lr m̂ / (sqrt(v̂) + eps), with m and v running averages of g and g², hats their bias corrections.

    lr:           step size
    betas:        how much of the averages m and v each step keeps, two numbers in [0, 1)
    eps:          keeps the denominator from zero
    weight_decay: added to the gradient, times p; with `decoupled_weight_decay` p shrinks by lr times it instead
    amsgrad:      divide by the largest v so far
    maximize:     ascend

    `foreach`, `fused` and `capturable` choose among PyTorch's implementations; here there is one,
    and they are accepted. With `differentiable` the step itself is recorded.

    Raises ValueError for negative options and for betas outside [0, 1).

    Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2014); Reddi et al., "On the
    Convergence of Adam and Beyond" (2018) for amsgrad.

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([3.0], requires_grad=True)
    >>> optimizer = Adam([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.tolist()  # the first step has the size of lr
    [2.5]
    """

    update = staticmethod(adam)
    scalars = frozenset({"step"})

    @switches
    def __init__(
        self, params: Params, lr: Any = 1e-3, betas: tuple[Any, Any] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0, amsgrad: bool = False, *, foreach: bool | None = None, maximize: bool = False,
        capturable: bool = False, differentiable: bool = False, fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:  # fmt: skip
        name = type(self).__name__
        if is_tensor(lr) and foreach and not capturable:
            raise ArgumentError(
                message(
                    f"{name}: lr as a Tensor is not supported for capturable=False and foreach=True",
                    fix="leave foreach out",
                )
            )
        checks.learning_rate(name, lr)
        checks.at_least_zero(name, epsilon=eps)
        betas = checks.betas_below_one(name, betas)
        checks.at_least_zero(name, weight_decay=weight_decay)
        checks.not_both(name, fused=fused, foreach=foreach, differentiable=differentiable)
        options = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
            "maximize": maximize, "foreach": foreach, "capturable": capturable, "differentiable": differentiable,
            "fused": fused, "decoupled_weight_decay": decoupled_weight_decay,
        }  # fmt: skip
        super().__init__(params, options)

    def begin(self, p: np.ndarray[Any, Any], group: Group) -> State:
        averages = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if group["amsgrad"] else ("exp_avg", "exp_avg_sq")
        return {**number(step=0), **zeros(p, *averages)}


class AdamW(Adam):
    """Adam with weight decay apart from the gradient: p <- (1 - lr weight_decay) p, then Adam's step.

    The arguments are those of `Adam`, with weight_decay=0.01.

    Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2017).

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([1.0], requires_grad=True)
    >>> optimizer = AdamW([x], lr=0.5, weight_decay=0.5)
    >>> (0 * x).sum().backward()
    >>> optimizer.step()
    >>> x.tolist()  # no gradient: only the decay, 1 - 0.5 * 0.5
    [0.75]
    """

    @switches
    def __init__(
        self, params: Params, lr: Any = 1e-3, betas: tuple[Any, Any] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 1e-2, amsgrad: bool = False, *, maximize: bool = False, foreach: bool | None = None,
        capturable: bool = False, differentiable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, foreach=foreach, maximize=maximize, capturable=capturable,
            differentiable=differentiable, fused=fused, decoupled_weight_decay=True,
        )  # fmt: skip

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True
