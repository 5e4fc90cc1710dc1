"""The loop itself: `train.fit` without checkpoints and metrics, as lean as small nets need it.

A step of a small net takes half a millisecond, so what surrounds it counts.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from typing import Any

from tinygrad_nn.compiler import compile as compiled
from tinygrad_nn.interop.sklearn.objective import Batches, Objective
from tinygrad_nn.nn import Module
from tinygrad_nn.nn.utils import clip_grad_norm_
from tinygrad_nn.optim import LBFGS, Optimizer
from tinygrad_nn.tensor import Tensor
from tinygrad_nn.train import Diverged, History
from tinygrad_nn.train.callbacks import as_callback
from tinygrad_nn.train.guard import first_not_finite, reason
from tinygrad_nn.train.progress import Progress

__all__ = ["Learning"]


class Learning:
    """One run. Callbacks get it, as they get the `Training` of `train.fit`.

    model, optimizer: what is trained, and by what
    epoch, step:      the running epoch, from 1; the steps done
    loss_value:       the loss of the last step
    row, history:     the numbers of the epoch that ends, and of those before
    """

    resumed = False

    def __init__(
        self, objective: Objective, data: Batches, optimizer: Optimizer, *, epochs: int, callbacks: Iterable[Any],
        clip_norm: float | None, compile: bool, progress: bool | None,
    ) -> None:  # fmt: skip
        self.model: Module = objective.network
        self.objective, self.data, self.optimizer = objective, data, optimizer
        self.epochs, self.clip_norm = epochs, clip_norm
        self.callbacks = [as_callback(callback) for callback in callbacks]
        self.history = History()
        self.progress = Progress(progress, epochs)
        self.run_step: Any = self._closed_step if isinstance(optimizer, LBFGS) else self._step
        self.run_step = compiled(self._step) if compile else self.run_step
        self.epoch, self.step = 1, 0
        self.loss_value = math.nan
        self.row: dict[str, Any] = {}
        self.why = ""

    def stop(self, why: str) -> None:
        """End training after this epoch (from `on_batch_end`: after this batch)."""
        self.why = self.why or why

    def run(self) -> History:
        """All epochs, or as many as callbacks and Ctrl-C let it have."""
        try:
            for callback in self.callbacks:
                callback.on_fit_begin(self)  # type: ignore[arg-type]
            for epoch in range(1, self.epochs + 1):
                self.epoch = epoch
                self._run_epoch()
                if self.why:
                    break
        except KeyboardInterrupt:
            self.why = "Ctrl-C"
        finally:
            self.history.stopped = self.why or f"all {self.epochs} epochs done"
            self.progress.close()
            for callback in reversed(self.callbacks):
                callback.on_fit_end(self)  # type: ignore[arg-type]
        return self.history

    def _run_epoch(self) -> None:
        start, total, seen = time.perf_counter(), 0.0, 0
        self.objective.train()
        self.progress.begin(self.epoch, len(self.data), 0)
        for callback in self.callbacks:
            callback.on_epoch_begin(self)  # type: ignore[arg-type]
        for batch in self.data:
            self.loss_value = float(self.run_step(*batch).array)
            if not math.isfinite(self.loss_value):
                self._diverged(batch, f"the loss became {self.loss_value}")
            self.step += 1
            seen += len(batch[1])
            total += self.loss_value * len(batch[1])
            self.history.steps.append(self.loss_value)
            self.progress.step(total, seen)
            for callback in self.callbacks:
                callback.on_batch_end(self)  # type: ignore[arg-type]
            if self.why:
                break
        spoiled = first_not_finite(self.model.named_parameters())
        if spoiled is not None:
            self._diverged(batch, f"{spoiled} became NaN or infinite")
        rate = float(self.optimizer.param_groups[0]["lr"])
        self.row = {"epoch": self.epoch, "loss": total / seen, "lr": rate, "seconds": time.perf_counter() - start}
        for callback in self.callbacks:
            callback.on_epoch_end(self)  # type: ignore[arg-type]
        self.history.add(self.row)
        self.progress.end(self.row)

    def _step(self, *batch: Tensor) -> Any:
        self.optimizer.zero_grad()
        loss = self.objective(*batch)
        loss.backward()
        self.objective.decay_gradients()
        self._clip()
        self.optimizer.step()
        return loss

    def _closed_step(self, *batch: Tensor) -> Any:
        """For L-BFGS, which computes the loss several times in a step, and wants the penalty in it."""

        def closure() -> Any:
            self.optimizer.zero_grad()
            loss = self.objective(*batch) + self.objective.penalty()
            loss.backward()
            self._clip()
            return loss

        return self.optimizer.step(closure)

    def _clip(self) -> None:
        if self.clip_norm is not None:
            clip_grad_norm_(self.model.parameters(), self.clip_norm)

    def _diverged(self, batch: tuple[Tensor, ...], what: str) -> None:
        """End with what went wrong, and the first operation that made it so."""
        why = reason(self.model, lambda: self.objective(*batch))
        error = Diverged(
            f"fit: {what} in epoch {self.epoch} (step {self.step + 1})\n  got: {why}\n"
            "  fix: scale the features (StandardScaler), a smaller learning_rate_init, or clip_norm=1.0"
        )
        error.epoch, error.step, error.batch, error.history = self.epoch, self.step + 1, batch, self.history
        raise error
