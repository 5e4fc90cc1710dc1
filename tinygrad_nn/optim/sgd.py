"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from typing import Any

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.optim import checks
from tinygrad_nn.optim.elementwise import Elementwise, narrow
from tinygrad_nn.optim.optimizer import Params

__all__ = ["SGD", "sgd"]

State = dict[str, Any]


def sgd(
    g: Any, p: Any, state: State, *, lr: Any, momentum: float, dampening: float, weight_decay: float, nesterov: bool,
    maximize: bool,
) -> tuple[Any, State]:  # fmt: skip
    """One step of gradient descent.

    b <- momentum b + (1 - dampening) g    (b <- g in the first step)
    p <- p - lr b                          (p <- p - lr (g + momentum b) with nesterov)
    """
    if maximize:
        g = -g
    if weight_decay != 0:
        g = g + weight_decay * p
    if momentum == 0:
        return p - narrow(lr, p) * g, state
    b = momentum * state["momentum_buffer"] + (1 - dampening) * g if "momentum_buffer" in state else g
    return p - narrow(lr, p) * (g + momentum * b if nesterov else b), {"momentum_buffer": b}


class SGD(Elementwise):
    """Gradient descent: p <- p - lr g, with momentum, Nesterov's variant, and weight decay.

    lr:           step size
    momentum:     share of the last step's direction that is kept
    dampening:    share of the gradient that is left out of the direction
    weight_decay: added to the gradient, times p (L2 penalty)
    nesterov:     look ahead along the direction; needs momentum and no dampening
    maximize:     ascend

    `foreach` and `fused` choose among PyTorch's implementations; here there is one, and they are
    accepted. With `differentiable` the step itself is recorded.

    Raises ValueError for negative options, and for nesterov without momentum or with dampening.

    Source: Sutskever et al., "On the importance of initialization and momentum in deep learning" (2013).

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([3.0], requires_grad=True)
    >>> optimizer = SGD([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x.tolist()  # 3 - 0.1 * 6
    [2.4000000953674316]
    """

    update = staticmethod(sgd)

    @switches
    def __init__(
        self, params: Params, lr: Any = 1e-3, momentum: float = 0, dampening: float = 0, weight_decay: Any = 0,
        nesterov: bool = False, *, maximize: bool = False, foreach: bool | None = None, differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:  # fmt: skip
        checks.learning_rate("SGD", lr)
        checks.at_least_zero("SGD", momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ArgumentError(
                message(
                    "SGD: Nesterov momentum requires a momentum and zero dampening",
                    got=f"momentum={momentum}, dampening={dampening}",
                )
            )
        checks.not_both("SGD", fused=fused, foreach=foreach, differentiable=differentiable)
        options = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov,
            "maximize": maximize, "foreach": foreach, "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, options)
