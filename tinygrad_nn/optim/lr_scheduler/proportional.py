"""Schedules that multiply: each step's rate is the last one's times a number."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from math import cos, pi
from typing import Any

from tinygrad_nn.errors import ArgumentError, DTypeError, message
from tinygrad_nn.optim.lr_scheduler.base import (
    LRScheduler,
    Proportional,
    checked_optimizer,
    copied,
    positive,
    without_code,
)
from tinygrad_nn.optim.optimizer import Optimizer

__all__ = [
    "ConstantLR",
    "CosineAnnealingLR",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "PolynomialLR",
    "StepLR",
]


class StepLR(Proportional):
    """The rate falls by the factor `gamma` every `step_size` steps: base gamma^floor(t / step_size).

    Raises ValueError for a `step_size` that is not positive.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import optim
    >>> optimizer = optim.SGD([tg.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = StepLR(optimizer, step_size=2, gamma=0.5)
    >>> rates = []
    >>> for _ in range(5):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        positive("StepLR", step_size=step_size)
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def ratio(self, t: int) -> float:
        """gamma at multiples of step_size."""
        return self.gamma if t != 0 and t % self.step_size == 0 else 1

    def factor(self, t: int) -> float:
        """gamma^floor(t / step_size)."""
        return float(self.gamma ** (t // self.step_size))


class MultiStepLR(Proportional):
    """The rate falls by the factor `gamma` at each of the `milestones` (twice at one that is listed twice).

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import optim
    >>> optimizer = optim.SGD([tg.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = MultiStepLR(optimizer, milestones=[1, 3], gamma=0.5)
    >>> rates = []
    >>> for _ in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.5, 0.5, 0.25]
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones = _milestones("MultiStepLR", milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def ratio(self, t: int) -> float:
        """gamma, to the power of how often t is a milestone."""
        return float(self.gamma ** self.milestones.get(t, 0))

    def factor(self, t: int) -> float:
        """gamma, to the power of the milestones passed."""
        return float(self.gamma ** bisect_right(sorted(self.milestones.elements()), t))


def _milestones(name: str, given: Any) -> Counter[int]:
    """How often each step is listed. TypeError for what is no list of whole numbers."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise DTypeError(message(f"{name}: milestones is a list of steps", got=repr(given), fix="milestones=[30, 80]"))
    listed = list(given)
    if not all(isinstance(step, (int, float)) for step in listed):
        raise DTypeError(message(f"{name}: milestones are whole numbers", got=repr(listed)[:80], fix="[30, 80]"))
    return Counter(listed)


class ConstantLR(Proportional):
    """The rate is `factor` times the base for `total_iters` steps, then the base.

    Raises ValueError for a factor outside [0, 1].

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import optim
    >>> optimizer = optim.SGD([tg.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = ConstantLR(optimizer, factor=0.5, total_iters=2)
    >>> rates = []
    >>> for _ in range(3):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.5, 0.5, 1.0]
    """

    factor: Any  # PyTorch's name for the argument; the closed form is below

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        if not 0 <= factor <= 1:
            raise ArgumentError(
                message("ConstantLR: Constant multiplicative factor expected to be between 0 and 1.", got=factor)
            )
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def ratio(self, t: int) -> float:
        """The factor at first, its inverse at the end."""
        if t == 0:
            return self.factor  # type: ignore[no-any-return]
        return 1.0 / self.factor if t == self.total_iters else 1

    def _get_closed_form_lr(self) -> list[Any]:
        return [base * (1 if self.last_epoch >= self.total_iters else self.factor) for base in self.base_lrs]


class LinearLR(Proportional):
    """The rate goes in a straight line from `start_factor` to `end_factor` times the base, over `total_iters` steps.

    Raises ValueError for a start_factor outside (0, 1] or an end_factor outside [0, 1].

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import optim
    >>> optimizer = optim.SGD([tg.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> rates = []
    >>> for _ in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.5, 0.75, 1.0, 1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1:
            raise ArgumentError(
                message(
                    "LinearLR: Starting multiplicative factor expected to be greater than 0 and less or equal to 1.",
                    got=start_factor,
                )
            )
        if not 0 <= end_factor <= 1:
            raise ArgumentError(
                message("LinearLR: Ending multiplicative factor expected to be between 0 and 1.", got=end_factor)
            )
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def ratio(self, t: int) -> float:
        """f(t) / f(t - 1), with f the line."""
        if t == 0:
            return self.start_factor
        if self._is_initial or t > self.total_iters:
            return 1
        rise = self.end_factor - self.start_factor
        return 1.0 + rise / (self.total_iters * self.start_factor + (t - 1) * rise)

    def factor(self, t: int) -> float:
        """The line."""
        return self.start_factor + (self.end_factor - self.start_factor) * min(self.total_iters, t) / self.total_iters


class ExponentialLR(Proportional):
    """The rate falls by the factor `gamma` every step: base gamma^t.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import optim
    >>> optimizer = optim.SGD([tg.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = ExponentialLR(optimizer, gamma=0.5)
    >>> rates = []
    >>> for _ in range(3):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.5, 0.25]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def ratio(self, t: int) -> float:
        """gamma."""
        return 1 if self._is_initial else self.gamma

    def factor(self, t: int) -> float:
        """gamma^t."""
        return self.gamma**t


class PolynomialLR(Proportional):
    """The rate falls to zero over `total_iters` steps: base (1 - t / total_iters)^power.

    Raises ValueError for a `total_iters` that is not positive.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import optim
    >>> optimizer = optim.SGD([tg.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = PolynomialLR(optimizer, total_iters=2)
    >>> rates = []
    >>> for _ in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.5, 0.0, 0.0]
    """

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        positive("PolynomialLR", total_iters=total_iters)
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def ratio(self, t: int) -> float:
        """f(t) / f(t - 1), with f the polynomial."""
        if self._is_initial or t > self.total_iters:
            return 1
        return ((1.0 - t / self.total_iters) / (1.0 - (t - 1) / self.total_iters)) ** self.power  # type: ignore[no-any-return]

    def factor(self, t: int) -> float:
        """The polynomial."""
        return (1.0 - min(self.total_iters, t) / self.total_iters) ** self.power  # type: ignore[no-any-return]


class CosineAnnealingLR(LRScheduler):
    """The rate goes from the base to `eta_min` along half a cosine, over `T_max` steps, and back.

    lr_t = eta_min + (base - eta_min) (1 + cos(pi t / T_max)) / 2

    Raises ValueError for a `T_max` that is not positive.

    Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2016), without restarts.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import optim
    >>> optimizer = optim.SGD([tg.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = CosineAnnealingLR(optimizer, T_max=2)
    >>> rates = []
    >>> for _ in range(3):
    ...     rates += [round(lr, 6) for lr in scheduler.get_last_lr()]
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.5, 0.0]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        positive("CosineAnnealingLR", T_max=T_max)
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def _height(self, t: float) -> float:
        return (1 + cos(pi * t / self.T_max)) / 2

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        t = self.last_epoch
        if self._is_initial:
            return copied(self.optimizer, "lr")
        if self._step_count == 1 and t > 0:  # a scheduler that a SequentialLR has begun anew
            return self._get_closed_form_lr()
        if (t - 1 - self.T_max) % (2 * self.T_max) == 0:  # the step before was the lowest point: nothing to multiply
            return [
                group["lr"] + (base - self.eta_min) * (1 - cos(pi / self.T_max)) / 2
                for base, group in zip(self.base_lrs, self.optimizer.param_groups, strict=True)
            ]
        ratio = self._height(t) / self._height(t - 1)
        return [ratio * (group["lr"] - self.eta_min) + self.eta_min for group in self.optimizer.param_groups]

    def _get_closed_form_lr(self) -> list[Any]:
        return [self.eta_min + (base - self.eta_min) * self._height(self.last_epoch) for base in self.base_lrs]


class _WithFunctions(LRScheduler):
    """A schedule given by the user's functions, one for all groups or one for each."""

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        name = type(self).__name__
        groups = len(checked_optimizer(optimizer).param_groups)
        functions: list[Any] = list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * groups
        if len(functions) != groups:
            raise ArgumentError(
                message(f"{name}: Expected {groups} lr_lambdas, but got {len(functions)}", fix="one for each group")
            )
        for function in functions:
            if not callable(function):
                raise DTypeError(message(f"{name}: lr_lambda should be a function, but got {type(function).__name__}"))
        self.lr_lambdas = functions
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer and the functions; of callable objects, their attributes."""
        return {**super().state_dict(), "lr_lambdas": without_code(self.lr_lambdas)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict()` gave; the functions stay those of this scheduler."""
        self.__dict__.update({name: value for name, value in state_dict.items() if name != "lr_lambdas"})
        for function, kept in zip(self.lr_lambdas, state_dict["lr_lambdas"], strict=True):
            if kept is not None:
                function.__dict__.update(kept)


class LambdaLR(_WithFunctions):
    """The rate is the base times a function of the step: base lr_lambda(t).

    Raises ValueError for another number of functions than groups, TypeError for what is no function.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import optim
    >>> optimizer = optim.SGD([tg.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = LambdaLR(optimizer, lambda t: 1 / (1 + t))
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        return [base * function(self.last_epoch) for function, base in zip(self.lr_lambdas, self.base_lrs, strict=True)]


class MultiplicativeLR(_WithFunctions):
    """The rate is the last step's times a function of the step: lr_t = lr_{t-1} lr_lambda(t).

    Raises ValueError for another number of functions than groups, TypeError for what is no function.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import optim
    >>> optimizer = optim.SGD([tg.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = MultiplicativeLR(optimizer, lambda t: 0.5)
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        if self._is_initial:
            return copied(self.optimizer, "lr")
        return [
            group["lr"] * function(self.last_epoch)
            for function, group in zip(self.lr_lambdas, self.optimizer.param_groups, strict=True)
        ]
