"""Schedules that rise and fall, of the rate and, against it, of the momentum."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, floor, log, pi
from typing import Any

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.optim.lr_scheduler.base import (
    LRScheduler,
    checked_optimizer,
    for_each_group,
    heard,
    positive,
    set_lr,
    without_code,
)
from tinygrad_nn.optim.optimizer import Group, Optimizer

__all__ = ["CosineAnnealingWarmRestarts", "CyclicLR", "OneCycleLR"]


class _WithMomentum(LRScheduler):
    """A schedule that may also set the groups' momentum (their first beta, where they have betas)."""

    cycle_momentum: bool
    use_beta1: bool

    def _begin_momentum(self, base: Any, most: Any, begins: bool) -> tuple[list[float], list[float]]:
        name, optimizer = type(self).__name__, self.optimizer
        self.use_beta1 = "betas" in optimizer.defaults
        if not self.use_beta1 and "momentum" not in optimizer.defaults:
            raise ArgumentError(
                message(
                    f"{name}: optimizer must support momentum or beta1 with `cycle_momentum` option enabled",
                    got=type(optimizer).__name__,
                    fix="cycle_momentum=False",
                )
            )
        bases = for_each_group("base_momentum", optimizer, base)
        mosts = for_each_group("max_momentum", optimizer, most)
        if begins:
            for group, low, high in zip(optimizer.param_groups, bases, mosts, strict=True):
                self._set_momentum(group, high)
                group["max_momentum"], group["base_momentum"] = high, low
        return bases, mosts

    def _set_momentum(self, group: Group, value: float) -> None:
        if self.use_beta1:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group["momentum"] = value


class CyclicLR(_WithMomentum):
    """The rate goes up from `base_lr` to `max_lr` in `step_size_up` steps, down in `step_size_down`, and so on.

    mode:  "triangular"; "triangular2" halves the height every cycle; "exp_range" multiplies it by gamma^t
    scale_fn, scale_mode: the height by a function of your own, of the "cycle" or of the "iterations"
    cycle_momentum: let the momentum go down from max_momentum to base_momentum while the rate goes up

    Raises ValueError for an unknown mode, and where the optimizer has no momentum to cycle.

    Source: Smith, "Cyclical Learning Rates for Training Neural Networks" (2015).

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import optim
    >>> optimizer = optim.SGD([tg.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = CyclicLR(optimizer, base_lr=1.0, max_lr=3.0, step_size_up=2, cycle_momentum=False)
    >>> rates = []
    >>> for _ in range(5):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 2.0, 3.0, 2.0, 1.0]
    """

    @switches
    def __init__(
        self, optimizer: Optimizer, base_lr: Any, max_lr: Any, step_size_up: int = 2000,
        step_size_down: int | None = None, mode: str = "triangular", gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None, scale_mode: str = "cycle", cycle_momentum: bool = True,
        base_momentum: Any = 0.8, max_momentum: Any = 0.9, last_epoch: int = -1,
    ) -> None:  # fmt: skip
        self.optimizer = checked_optimizer(optimizer)
        positive("CyclicLR", step_size_up=step_size_up)
        base_lrs = for_each_group("base_lr", optimizer, base_lr)
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, base_lrs, strict=True):
                set_lr(group, rate)
        self.max_lrs = for_each_group("max_lr", optimizer, max_lr)
        down = float(step_size_up if step_size_down is None else step_size_down)
        self.total_size = step_size_up + down
        self.step_ratio = step_size_up / self.total_size
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ArgumentError(
                message(
                    "CyclicLR: mode is invalid and scale_fn is None",
                    got=repr(mode),
                    fix="triangular, triangular2 or exp_range",
                )
            )
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.base_momentums, self.max_momentums = self._begin_momentum(
                base_momentum, max_momentum, last_epoch == -1
            )
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """The height of the triangle, by the number of the cycle or of the step."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular2":
            return 0.5 ** (x - 1)  # type: ignore[no-any-return]
        return self.gamma**x if self.mode == "exp_range" else 1.0

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        cycle = floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle  # how far into the cycle, in [0, 1)
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        height *= self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for group, low, high in zip(
                self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True
            ):
                self._set_momentum(group, high - (high - low) * height)
        return [low + (high - low) * height for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer and a scale_fn of your own (of a callable object, its attributes)."""
        custom = self._scale_fn_custom
        return {**super().state_dict(), "_scale_fn_custom": None if custom is None else without_code([custom])[0]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict()` gave; a scale_fn of your own stays that of this scheduler."""
        super().load_state_dict({name: value for name, value in state_dict.items() if name != "_scale_fn_custom"})
        if state_dict["_scale_fn_custom"] is not None and self._scale_fn_custom is not None:
            self._scale_fn_custom.__dict__.update(state_dict["_scale_fn_custom"])


class OneCycleLR(_WithMomentum):
    """One rise of the rate to `max_lr` and one long fall, over all of the training; the momentum goes the other way.

    It begins at max_lr / div_factor and ends at that / final_div_factor. `total_steps` is given, or
    `epochs` and `steps_per_epoch`; `pct_start` is the share of the rise; each way is a "cos" or
    "linear". With `three_phase` it falls back to the beginning first, then on to the end. Call
    `step()` after every batch.

    Raises ValueError for options out of range, and at a step beyond the last.

    Source: Smith and Topin, "Super-Convergence" (2017).

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import optim
    >>> optimizer = optim.SGD([tg.ones(1, requires_grad=True)], lr=1.0)
    >>> options = {"pct_start": 0.6, "div_factor": 5.0, "anneal_strategy": "linear"}
    >>> scheduler = OneCycleLR(optimizer, max_lr=5.0, total_steps=5, **options)
    >>> rates = []
    >>> for _ in range(4):
    ...     rates += [round(lr, 3) for lr in scheduler.get_last_lr()]
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 3.0, 5.0, 2.5]
    """

    @switches
    def __init__(
        self, optimizer: Optimizer, max_lr: Any, total_steps: int | None = None, epochs: int | None = None,
        steps_per_epoch: int | None = None, pct_start: float = 0.3, anneal_strategy: str = "cos",
        cycle_momentum: bool = True, base_momentum: Any = 0.85, max_momentum: Any = 0.95, div_factor: float = 25.0,
        final_div_factor: float = 1e4, three_phase: bool = False, last_epoch: int = -1,
    ) -> None:  # fmt: skip
        self.optimizer = checked_optimizer(optimizer)
        self.total_steps = _total_steps(total_steps, epochs, steps_per_epoch)
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ArgumentError(message("OneCycleLR: Expected float between 0 and 1 pct_start", got=repr(pct_start)))
        if anneal_strategy not in ("cos", "linear"):
            raise ArgumentError(
                message("OneCycleLR: anneal_strategy must be one of 'cos' or 'linear'", got=repr(anneal_strategy))
            )
        self._anneal_func_type = anneal_strategy
        self._schedule_phases = _phases(pct_start * self.total_steps, self.total_steps - 1, three_phase)
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, for_each_group("max_lr", optimizer, max_lr), strict=True):
                group["initial_lr"] = rate / div_factor
                group["max_lr"] = rate
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._begin_momentum(base_momentum, max_momentum, last_epoch == -1)
        super().__init__(optimizer, last_epoch)

    def _between(self, start: Any, end: Any, part: float) -> Any:
        if self._anneal_func_type == "cos":
            return end + (start - end) / 2.0 * (cos(pi * part) + 1)
        return start + (end - start) * part

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        t = self.last_epoch
        if t > self.total_steps:
            raise ArgumentError(
                message(
                    f"OneCycleLR: Tried to step {t} times. The specified number of total steps is {self.total_steps}",
                    fix="give the number of batches of the whole training",
                )
            )
        begun = 0.0
        for phase in self._schedule_phases:
            if t <= phase["end_step"] or phase is self._schedule_phases[-1]:
                break
            begun = phase["end_step"]
        part = (t - begun) / (phase["end_step"] - begun)
        groups = self.optimizer.param_groups
        if self.cycle_momentum:
            for group in groups:
                self._set_momentum(
                    group, self._between(group[phase["start_momentum"]], group[phase["end_momentum"]], part)
                )
        return [self._between(group[phase["start_lr"]], group[phase["end_lr"]], part) for group in groups]


def _total_steps(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    given = (
        {"total_steps": total_steps}
        if total_steps is not None
        else {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
    )
    product = 1
    for name, value in given.items():
        if value is None:
            raise ArgumentError(
                message("OneCycleLR: You must define either total_steps OR (epochs AND steps_per_epoch)")
            )
        if not isinstance(value, int) or value <= 0:
            raise ArgumentError(message(f"OneCycleLR: Expected positive integer {name}, but got {value}"))
        product *= value
    return product


def _phases(rise: float, last: int, three: bool) -> list[dict[str, Any]]:
    """Where each phase ends, and between which of the group's options it leads."""
    up = ("initial_lr", "max_lr", "max_momentum", "base_momentum")
    back = ("max_lr", "initial_lr", "base_momentum", "max_momentum")
    down = ("max_lr", "min_lr", "base_momentum", "max_momentum")
    out = ("initial_lr", "min_lr", "max_momentum", "max_momentum")
    ways = [(rise - 1, up), (2 * rise - 2, back), (last, out)] if three else [(rise - 1, up), (last, down)]
    keys = ("start_lr", "end_lr", "start_momentum", "end_momentum")
    return [{"end_step": end, **dict(zip(keys, way, strict=True))} for end, way in ways]


class CosineAnnealingWarmRestarts(LRScheduler):
    """The rate falls from the base to `eta_min` along half a cosine, starts again, and each time takes longer.

    The first fall takes `T_0` steps, each next one `T_mult` times as many. `step(epoch)` takes
    fractions of epochs.

    Raises ValueError for a T_0 or T_mult that is not a positive integer.

    Source: Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2016).

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import optim
    >>> optimizer = optim.SGD([tg.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = CosineAnnealingWarmRestarts(optimizer, T_0=2)
    >>> rates = []
    >>> for _ in range(4):
    ...     rates += [round(lr, 6) for lr in scheduler.get_last_lr()]
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.5, 1.0, 0.5]
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        name = "CosineAnnealingWarmRestarts"
        if not isinstance(T_0, int) or T_0 <= 0:
            raise ArgumentError(message(f"{name}: Expected positive integer T_0, but got {T_0}"))
        if not isinstance(T_mult, int) or T_mult < 1:
            raise ArgumentError(message(f"{name}: Expected integer T_mult >= 1, but got {T_mult}"))
        if not isinstance(eta_min, (float, int)):
            raise ArgumentError(
                message(f"{name}: Expected float or int eta_min, but got {eta_min} of type {type(eta_min).__name__}")
            )
        self.T_0 = T_0
        self.T_i = T_0  # the length of the present fall
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch  # how far into it
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        height = (1 + cos(pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * height for base in self.base_lrs]

    @heard
    def step(self, epoch: float | None = None) -> None:
        """Go on by one step, or to `epoch`, which may be a fraction: epoch + batch / batches."""
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            self._jump(epoch)
        self.last_epoch = floor(epoch)
        self._get_lr_called_within_step = True
        try:
            rates = self.get_lr()
        finally:
            self._get_lr_called_within_step = False
        self._set(rates)

    def _jump(self, epoch: float) -> None:
        if epoch < 0:
            raise ArgumentError(message(f"CosineAnnealingWarmRestarts: Expected non-negative epoch, but got {epoch}"))
        if epoch < self.T_0:
            self.T_i, self.T_cur = self.T_0, epoch
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:
            restarts = int(log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
            self.T_cur = epoch - self.T_0 * (self.T_mult**restarts - 1) / (self.T_mult - 1)
            self.T_i = self.T_0 * self.T_mult**restarts
