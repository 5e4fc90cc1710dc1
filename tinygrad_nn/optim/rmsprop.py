"""RMSprop: steps divided by a running root mean square of the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.flags import switches
from tinygrad_nn.ops.elementwise import sqrt
from tinygrad_nn.optim import checks
from tinygrad_nn.optim.elementwise import Elementwise, narrow, number, zeros
from tinygrad_nn.optim.optimizer import Group, Params

__all__ = ["RMSprop", "rmsprop"]

State = dict[str, Any]


def rmsprop(
    g: Any, p: Any, state: State, *, lr: Any, alpha: float, eps: float, weight_decay: float, momentum: float,
    centered: bool, maximize: bool,
) -> tuple[Any, State]:  # fmt: skip
    """One step of RMSprop.

    v <- alpha v + (1 - alpha) g²
    p <- p - lr g / (sqrt(v) + eps)    (centered: v minus the square of the gradient's running mean)
    """
    if maximize:
        g = -g
    if weight_decay != 0:
        g = g + weight_decay * p
    v = alpha * state["square_avg"] + (1 - alpha) * (g * g)
    new = {"step": state["step"] + 1, "square_avg": v}
    if centered:
        mean = new["grad_avg"] = alpha * state["grad_avg"] + (1 - alpha) * g
        v = v - mean * mean
    direction = g / (sqrt(v) + eps)
    if momentum > 0:
        direction = new["momentum_buffer"] = momentum * state["momentum_buffer"] + direction
    return p - narrow(lr, p) * direction, new


class RMSprop(Elementwise):
    """RMSprop: p <- p - lr g / (sqrt(v) + eps), with v a running average of g².

    lr:           step size
    alpha:        how much of the average each step keeps
    eps:          keeps the denominator from zero
    weight_decay: added to the gradient, times p
    momentum:     share of the last direction that is kept
    centered:     divide by the standard deviation: v is less the square of the gradient's mean
    maximize:     ascend

    `foreach` and `capturable` are accepted, as in `Adam`. Raises ValueError for negative options.

    Source: Tieleman and Hinton, lecture 6.5 of "Neural Networks for Machine Learning" (2012); Graves,
    "Generating Sequences With Recurrent Neural Networks" (2013) for the centered form.

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([3.0], requires_grad=True)
    >>> optimizer = RMSprop([x], lr=0.25, alpha=0.75)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.tolist()  # the first step has the size lr / sqrt(1 - alpha)
    [2.5]
    """

    update = staticmethod(rmsprop)
    scalars = frozenset({"step"})

    @switches
    def __init__(
        self, params: Params, lr: Any = 1e-2, alpha: float = 0.99, eps: float = 1e-8, weight_decay: float = 0,
        momentum: float = 0, centered: bool = False, capturable: bool = False, foreach: bool | None = None,
        maximize: bool = False, differentiable: bool = False,
    ) -> None:  # fmt: skip
        checks.learning_rate("RMSprop", lr)
        checks.at_least_zero("RMSprop", epsilon=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        options = {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, options)

    def begin(self, p: np.ndarray[Any, Any], group: Group) -> State:
        averages = ["square_avg"]
        if group["momentum"] > 0:
            averages.append("momentum_buffer")
        if group["centered"]:
            averages.append("grad_avg")
        return {**number(step=0), **zeros(p, *averages)}
