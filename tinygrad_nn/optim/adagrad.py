"""Adagrad: steps divided by the root of the sum of all squared gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.flags import switches
from tinygrad_nn.ops.elementwise import sqrt
from tinygrad_nn.optim import checks
from tinygrad_nn.optim.elementwise import Elementwise, narrow, number, wide
from tinygrad_nn.optim.optimizer import Group, Params

__all__ = ["Adagrad", "adagrad"]

State = dict[str, Any]


def adagrad(
    g: Any, p: Any, state: State, *, lr: Any, lr_decay: float, weight_decay: float, eps: float, maximize: bool
) -> tuple[Any, State]:
    """One step of Adagrad.

    s <- s + g²
    p <- p - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)
    """
    if maximize:
        g = -g
    if weight_decay != 0:
        g = g + weight_decay * p
    step = state["step"] + 1
    s = state["sum"] + g * g
    size = lr / (1 + (wide(step) - 1) * lr_decay)
    return p - narrow(size, p) * (g / (sqrt(s) + eps)), {"step": step, "sum": s}


class Adagrad(Elementwise):
    """Adagrad: p <- p - lr g / (sqrt(s) + eps), with s the sum of all g² so far.

    lr:                        step size
    lr_decay:                  the step size is divided by 1 + (t - 1) lr_decay
    weight_decay:              added to the gradient, times p
    initial_accumulator_value: s at first
    eps:                       keeps the denominator from zero
    maximize:                  ascend

    `foreach` and `fused` are accepted, as in `Adam`. Raises ValueError for negative options.

    Source: Duchi, Hazan and Singer, "Adaptive Subgradient Methods" (2011).

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([3.0], requires_grad=True)
    >>> optimizer = Adagrad([x], lr=0.5)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.tolist()  # the first step has the size of lr
    [2.5]
    """

    update = staticmethod(adagrad)
    scalars = frozenset({"step"})

    @switches
    def __init__(
        self, params: Params, lr: Any = 1e-2, lr_decay: float = 0, weight_decay: float = 0,
        initial_accumulator_value: float = 0, eps: float = 1e-10, foreach: bool | None = None, *,
        maximize: bool = False, differentiable: bool = False, fused: bool | None = None,
    ) -> None:  # fmt: skip
        checks.learning_rate("Adagrad", lr)
        checks.at_least_zero(
            "Adagrad",
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            epsilon=eps,
        )
        checks.not_both("Adagrad", fused=fused, foreach=foreach, differentiable=differentiable)
        options = {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize,
            "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, options)
        for group in self.param_groups:  # as in PyTorch, the sums are there before the first step
            for p in group["params"]:
                self._begun(p, group)

    def begin(self, p: np.ndarray[Any, Any], group: Group) -> State:
        return {**number(step=0), "sum": np.full_like(p, group["initial_accumulator_value"], subok=False)}
