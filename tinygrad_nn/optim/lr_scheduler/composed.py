"""Schedulers made of schedulers: one after the other, or all at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from tinygrad_nn.errors import ArgumentError, DTypeError, message
from tinygrad_nn.optim.lr_scheduler.base import LRScheduler, copied, heard, set_lr
from tinygrad_nn.optim.lr_scheduler.plateau import ReduceLROnPlateau
from tinygrad_nn.optim.optimizer import Optimizer

__all__ = ["ChainedScheduler", "SequentialLR"]


class _Composed(LRScheduler):
    """What both share: checks, and state that contains the states of the parts."""

    _schedulers: Sequence[LRScheduler]

    def _check(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None) -> None:
        name = type(self).__name__
        for k, scheduler in enumerate(schedulers):
            if not hasattr(scheduler, "optimizer"):
                raise DTypeError(
                    message(
                        f"{name} at index {k} should have `optimizer` as its attribute", got=type(scheduler).__name__
                    )
                )
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ArgumentError(
                    message(
                        f"{name} does not support `ReduceLROnPlateau` scheduler as it requires additional kwargs "
                        "to be specified when calling `step`",
                        got=f"one at index {k}",
                        fix="step it by itself",
                    )
                )
            if optimizer is not scheduler.optimizer:
                raise ArgumentError(
                    message(
                        f"{name} expects all schedulers to belong to the same optimizer",
                        got=f"{type(scheduler).__name__} at index {k} belongs to another",
                    )
                )

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer, with the states of the parts under "_schedulers"."""
        return {**super().state_dict(), "_schedulers": [scheduler.state_dict() for scheduler in self._schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict()` gave."""
        super().load_state_dict({name: value for name, value in state_dict.items() if name != "_schedulers"})
        for scheduler, kept in zip(self._schedulers, state_dict["_schedulers"], strict=True):
            scheduler.load_state_dict(kept)


class SequentialLR(_Composed):
    """One scheduler up to the first milestone, the next from there on, and so on; each begins at its own step 0.

    Raises ValueError for no schedulers, those of another optimizer, and another number of milestones
    than schedulers less one.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import optim
    >>> from tinygrad_nn.optim.lr_scheduler import ConstantLR, ExponentialLR
    >>> optimizer = optim.SGD([tg.ones(1, requires_grad=True)], lr=1.0)
    >>> parts = [ConstantLR(optimizer, factor=0.5, total_iters=2), ExponentialLR(optimizer, gamma=0.5)]
    >>> scheduler = SequentialLR(optimizer, parts, milestones=[2])
    >>> rates = []
    >>> for _ in range(4):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.5, 0.5, 1.0, 0.5]
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: list[LRScheduler], milestones: list[int], last_epoch: int = -1
    ) -> None:
        if not schedulers:
            raise ArgumentError(message("SequentialLR expects at least one scheduler, but got no scheduler."))
        self._check(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ArgumentError(
                message(
                    "Sequential Schedulers expects number of schedulers provided to be one more than "
                    "the number of milestone points",
                    got=f"{len(schedulers)} schedulers and {len(milestones)} milestones",
                )
            )
        self._schedulers = schedulers
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        for group in optimizer.param_groups:  # each part set the rate when it was made: begin again
            set_lr(group, group["initial_lr"])
        self.recursive_undo()
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def recursive_undo(self, sched: Any = None) -> None:
        """Take back the step that every part made when it was made."""
        scheduler = self if sched is None else sched
        if hasattr(scheduler, "_schedulers"):
            for part in scheduler._schedulers:
                self.recursive_undo(part)
        elif hasattr(scheduler, "last_epoch"):
            scheduler.last_epoch -= 1

    @heard
    def step(self) -> None:
        """Step the scheduler whose turn it is."""
        self.last_epoch += 1
        turn = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[turn]
        if turn > 0 and self._milestones[turn - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


class ChainedScheduler(_Composed):
    """Several schedulers at once: each multiplies what the others have set.

    Raises ValueError for no schedulers and for those of another optimizer.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import optim
    >>> from tinygrad_nn.optim.lr_scheduler import ExponentialLR, StepLR
    >>> optimizer = optim.SGD([tg.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = ChainedScheduler([ExponentialLR(optimizer, gamma=0.5), StepLR(optimizer, step_size=2, gamma=0.5)])
    >>> rates = []
    >>> for _ in range(3):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [1.0, 0.5, 0.125]
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        if len(schedulers) < 1:
            raise ArgumentError(
                message("ChainedScheduler expects at least one scheduler to be chained, but got no scheduler.")
            )
        self._check(schedulers, optimizer or getattr(schedulers[0], "optimizer", None))
        self._schedulers = schedulers
        self.optimizer = schedulers[0].optimizer
        self._last_lr = copied(self.optimizer, "lr")

    @heard
    def step(self) -> None:
        """Step all of them, in order."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = copied(self.optimizer, "lr")
