"""What every scheduler has: counting steps, writing learning rates into the groups, saving and loading."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial, wraps
from typing import Any
from warnings import warn

import numpy as np

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.errors import ArgumentError, DTypeError, message
from tinygrad_nn.optim.optimizer import Group, Optimizer, is_tensor
from tinygrad_nn.primitive import wrap
from tinygrad_nn.tape import local
from tinygrad_nn.views import write

__all__ = ["LRScheduler", "Proportional", "copied", "for_each_group", "heard", "positive", "set_lr"]

EPOCH_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please use "
    "`scheduler.step()` to step the scheduler. If epoch is different from None, the closed form is used instead of the "
    "chainable form, where there is one."
)


def copied(optimizer: Optimizer, key: str) -> list[Any]:
    """An option of every group; tensors as copies."""
    return [_copy(group[key]) for group in optimizer.param_groups]


def _copy(value: Any) -> Any:
    return wrap(value.array.copy()) if is_tensor(value) else value


def set_lr(group: Group, value: Any) -> None:
    """Set a group's learning rate; one that is a tensor is written over, so that whoever shares it sees it."""
    if is_tensor(group["lr"]):
        with no_grad():
            write(group["lr"], value if is_tensor(value) else np.asarray(value, np.float64), "lr_scheduler.step")
    else:
        group["lr"] = value.item() if is_tensor(value) else value


def for_each_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """`value` for every group, or the list of values, one for each (ValueError for another length)."""
    groups = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [_copy(value) for _ in range(groups)]
    if len(value) != groups:
        raise ArgumentError(
            message(
                f"{name} must have the same length as optimizer.param_groups",
                got=f"{name} has {len(value)} values, param_groups has {groups}",
            )
        )
    return [_copy(item) for item in value]


def positive(scheduler: str, **named: Any) -> None:
    """Each argument is a number > 0 (ValueError otherwise)."""
    for name, value in named.items():
        if not isinstance(value, (int, float)) or not value > 0:
            raise ArgumentError(message(f"{scheduler}: {name} must be a positive number", got=repr(value)))


def checked_optimizer(optimizer: Any) -> Optimizer:
    """`optimizer`, if it is one (TypeError otherwise)."""
    if not isinstance(optimizer, Optimizer):
        raise DTypeError(
            message(
                f"{type(optimizer).__name__} is not an Optimizer", fix="give the scheduler the optimizer that it steers"
            )
        )
    return optimizer


def heard(step: Callable[..., None]) -> Callable[..., None]:
    """`step`, told to whoever listens as one thing that can be done again; what it computes is not told."""

    @wraps(step)
    def method(self: LRScheduler, *args: Any, **kwargs: Any) -> None:
        tracer = local.mode.tracer
        if tracer is None or self._is_initial:
            return step(self, *args, **kwargs)
        for arg in (*args, *kwargs.values()):
            if is_tensor(arg):
                tracer.read(arg)
        tracer.effect(partial(step, self, *args, **kwargs))
        local.mode.tracer = None
        try:
            return step(self, *args, **kwargs)
        finally:
            local.mode.tracer = tracer

    return method


class LRScheduler:
    """Sets the learning rate of each group of an optimizer, step after step.

    optimizer:  whose groups' "lr" is set
    last_epoch: the step to go on from; -1 begins, and keeps each group's rate as its "initial_lr"

    Call `step()` after the optimizer's. A scheduler of your own defines `get_lr()`, which returns
    the rates of the groups for step `self.last_epoch`.

    Raises TypeError if `optimizer` is none, KeyError if there is no "initial_lr" to go on from.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import optim
    >>> class Halves(LRScheduler):
    ...     def get_lr(self):
    ...         return [base / 2**self.last_epoch for base in self.base_lrs]
    >>> optimizer = optim.SGD([tg.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = Halves(optimizer)
    >>> for _ in range(2):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = checked_optimizer(optimizer)
        for k, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", _copy(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    message(
                        f"param 'initial_lr' is not specified in param_groups[{k}] when resuming scheduler "
                        "with last_epoch >= 0",
                        fix="load the optimizer's state first, or leave last_epoch out to begin anew",
                    )
                )
        self.base_lrs: list[Any] = copied(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        """The first step, which sets the rates to begin with."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    @heard
    def step(self, epoch: int | None = None) -> None:
        """Go on to the next step (or, deprecated, to step `epoch`), and set the groups' rates."""
        if self._step_count == 1:
            self._warn_if_too_early()
        self._step_count += 1
        if epoch is not None:
            warn(EPOCH_WARNING, UserWarning, stacklevel=3)
        self._update_lr(epoch)

    def _warn_if_too_early(self) -> None:
        if not getattr(self.optimizer.step, "runs_hooks", False):
            warn(
                "Seems like `optimizer.step()` has been overridden after learning rate scheduler initialization. "
                "Please, make sure to call `optimizer.step()` before `lr_scheduler.step()`.",
                UserWarning,
                stacklevel=4,
            )
        elif not self.optimizer._opt_called:
            warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. You should call them in the "
                "opposite order: `optimizer.step()` before `lr_scheduler.step()`. Failure to do this will result "
                "in skipping the first value of the learning rate schedule.",
                UserWarning,
                stacklevel=4,
            )

    def _update_lr(self, epoch: int | None = None) -> None:
        self._get_lr_called_within_step = True
        try:
            self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
            rates = (
                self.get_lr()
                if epoch is None or not hasattr(self, "_get_closed_form_lr")
                else self._get_closed_form_lr()
            )
        finally:
            self._get_lr_called_within_step = False
        self._set(rates)

    def _set(self, rates: Iterable[Any]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            set_lr(group, rate)
        self._last_lr: list[Any] = copied(self.optimizer, "lr")

    def get_last_lr(self) -> list[Any]:
        """The rates of the groups that were set last."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """The rates of the groups for step `last_epoch`: what a scheduler defines."""
        raise NotImplementedError(message(f"{type(self).__name__}: a scheduler defines get_lr()"))

    def _warn_outside_step(self) -> None:
        if not self._get_lr_called_within_step:
            warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer."""
        return {name: value for name, value in self.__dict__.items() if name != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict()` gave."""
        self.__dict__.update(state_dict)


class Proportional(LRScheduler):
    """A schedule given by two pure functions of the step: a ratio to the step before, and a factor of the base rate.

    The ratio is what `step()` uses, so that several schedulers can work on one optimizer; the factor
    is what `step(epoch)` jumps with.
    """

    def ratio(self, t: int) -> float:
        """The rate of step t by that of step t - 1."""
        raise NotImplementedError

    def factor(self, t: int) -> float:
        """The rate of step t by the base rate."""
        raise NotImplementedError

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        ratio = self.ratio(self.last_epoch)
        return (
            copied(self.optimizer, "lr")
            if ratio == 1
            else [group["lr"] * ratio for group in self.optimizer.param_groups]
        )

    def _get_closed_form_lr(self) -> list[Any]:
        return [base * self.factor(self.last_epoch) for base in self.base_lrs]


def without_code(functions: list[Callable[..., Any]]) -> list[dict[str, Any] | None]:
    """What can be saved of functions: the attributes of callable objects; nothing of plain functions."""
    return [
        None if getattr(function, "__code__", None) else dict(getattr(function, "__dict__", {}))
        for function in functions
    ]
