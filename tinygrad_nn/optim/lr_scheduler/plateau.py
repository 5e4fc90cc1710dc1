"""The schedule that watches: lower the rate when a measure no longer gets better."""

from __future__ import annotations

from math import inf
from typing import Any, SupportsFloat
from warnings import warn

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.optim.lr_scheduler.base import EPOCH_WARNING, LRScheduler, checked_optimizer, copied, heard, set_lr
from tinygrad_nn.optim.optimizer import Optimizer

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(LRScheduler):
    """The rate falls by `factor` when the measure given to `step` has not improved for `patience` steps.

    mode:           "min" if less is better (a loss), "max" if more is (an accuracy)
    threshold:      what counts as better: by this share ("rel") or amount ("abs", threshold_mode)
    cooldown:       steps to wait after a fall before counting again
    min_lr:         the lowest rate, for all groups or a list of one for each
    eps:            a fall by less than this is left out

    Raises ValueError for a factor of 1 or more, an unknown mode, and another number of `min_lr` than groups.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import optim
    >>> optimizer = optim.SGD([tg.ones(1, requires_grad=True)], lr=1.0)
    >>> scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in [3.0, 2.0, 2.0, 2.0]:
    ...     scheduler.step(loss)
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, mode: str = "min", factor: float = 0.1, patience: int = 10, threshold: float = 1e-4,
        threshold_mode: str = "rel", cooldown: int = 0, min_lr: Any = 0, eps: float = 1e-8,
    ) -> None:  # fmt: skip
        if factor >= 1.0:
            raise ArgumentError(message("ReduceLROnPlateau: Factor should be < 1.0.", got=factor))
        if mode not in ("min", "max"):
            raise ArgumentError(message(f"ReduceLROnPlateau: mode {mode} is unknown!", fix="min or max"))
        if threshold_mode not in ("rel", "abs"):
            raise ArgumentError(
                message(f"ReduceLROnPlateau: threshold mode {threshold_mode} is unknown!", fix="rel or abs")
            )
        self.factor = factor
        self.optimizer = checked_optimizer(optimizer)
        groups = len(optimizer.param_groups)
        if isinstance(min_lr, (list, tuple)):
            if len(min_lr) != groups:
                raise ArgumentError(message(f"ReduceLROnPlateau: expected {groups} min_lrs, got {len(min_lr)}"))
            self.default_min_lr = None
            self.min_lrs = list(min_lr)
        else:
            self.default_min_lr = min_lr
            self.min_lrs = [min_lr] * groups
        self.patience = patience
        self.cooldown = cooldown
        self.eps = eps
        self.last_epoch = 0
        self._last_lr = copied(optimizer, "lr")
        self.mode = mode
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.mode_worse = inf if mode == "min" else -inf
        self._reset()

    def _reset(self) -> None:
        """Forget the measures seen so far."""
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    @heard
    def step(self, metrics: SupportsFloat, epoch: int | None = None) -> None:
        """Take the measure of this step into account."""
        if epoch is not None:
            warn(EPOCH_WARNING, UserWarning, stacklevel=3)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        current = float(metrics)
        if self._is_better(current, self.best):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce_lr()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = copied(self.optimizer, "lr")

    def _reduce_lr(self) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            if self.default_min_lr is None:
                raise RuntimeError(
                    message(
                        "ReduceLROnPlateau: The number of param groups in the `optimizer` differs from when "
                        "`ReduceLROnPlateau` was initialized",
                        got=f"{len(groups)} groups, {len(self.min_lrs)} min_lrs",
                        fix="set `min_lrs` to a list of one for each group",
                    )
                )
            self.min_lrs = [self.default_min_lr] * len(groups)
        for group, least in zip(groups, self.min_lrs, strict=True):
            before = float(group["lr"])
            after = max(before * self.factor, least)
            if before - after > self.eps:
                set_lr(group, after)

    @property
    def in_cooldown(self) -> bool:
        """Whether a fall was so recent that steps are not counted."""
        return self.cooldown_counter > 0

    def _is_better(self, a: float, best: float) -> bool:
        if self.threshold_mode == "rel":
            return a < best * (1.0 - self.threshold) if self.mode == "min" else a > best * (1.0 + self.threshold)
        return a < best - self.threshold if self.mode == "min" else a > best + self.threshold
