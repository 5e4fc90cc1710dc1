"""When training ends, by scikit-learn's rules, as callbacks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.interop.sklearn.objective import Batches, Objective
from tinygrad_nn.interop.sklearn.solver import ITERATIONS
from tinygrad_nn.train import Callback
from tinygrad_nn.train.callbacks import copy_of, put_back

__all__ = ["Convergence", "InverseScaling", "LBFGSEnd", "Validation"]


class Validation(Callback):
    """After each epoch, the loss and the score of samples held out, as columns of the history."""

    def __init__(self, objective: Objective, held_out: Batches, score: Callable[[], float]) -> None:
        self.objective, self.held_out, self.score = objective, held_out, score

    def on_epoch_end(self, training: Any) -> None:
        self.objective.eval()
        with no_grad():
            losses = [float(self.objective(*batch).array) * len(batch[0]) for batch in self.held_out]
            training.row["validation loss"] = sum(losses) / len(self.held_out.arrays[1])
            training.row["validation score"] = self.score()


class Convergence(Callback):
    """Stop after more than `patience` epochs whose value is not better than the best one by `tol`.

    column:  of the history: "validation score" (more is better; its best weights are put back), or "loss"
    divides: SGD with an adaptive rate divides it by 5 instead, until it is below 1e-6
    """

    def __init__(self, column: str, tol: float, patience: float, divides: bool) -> None:
        self.column, self.tol, self.patience, self.divides = column, tol, patience, divides
        self.sign = -1.0 if column == "loss" else 1.0
        self.best, self.waited = -math.inf, 0
        self.weights: dict[str, Any] | None = None
        self.converged = False

    def on_epoch_end(self, training: Any) -> None:
        value = self.sign * float(training.row[self.column])
        self.waited = 0 if value >= self.best + self.tol else self.waited + 1
        if value > self.best:
            self.best = value
            self.weights = None if self.column == "loss" else copy_of(training.model)
        if self.waited > self.patience:
            self.give_up(training)

    def give_up(self, training: Any) -> None:
        """Divide the learning rate, or end."""
        if self.divides and training.optimizer.param_groups[0]["lr"] > 1e-6:
            for group in training.optimizer.param_groups:
                group["lr"] /= 5
            self.waited = 0
            return
        self.converged = True
        training.stop(f"{self.column} has not improved by {self.tol} for {self.waited} epochs")

    def on_fit_end(self, training: Any) -> None:
        if self.weights is not None:
            put_back(training.model, self.weights)


class InverseScaling(Callback):
    """The learning rate at the end of an epoch: rate / (samples seen + 1)^power."""

    def __init__(self, rate: float, power: float, samples: int, seen: int) -> None:
        self.rate, self.power, self.samples, self.seen = rate, power, samples, seen

    def on_epoch_end(self, training: Any) -> None:
        self.seen += self.samples
        for group in training.optimizer.param_groups:
            group["lr"] = self.rate / (self.seen + 1) ** self.power


class LBFGSEnd(Callback):
    """Stop when L-BFGS has, or when it has computed the loss `max_fun` times."""

    def __init__(self, max_fun: int) -> None:
        self.max_fun, self.before, self.converged = max_fun, 0, False

    def on_epoch_end(self, training: Any) -> None:
        state = next(iter(training.optimizer.state.values()))
        if state["n_iter"] - self.before < ITERATIONS:
            self.converged = True
            training.stop("L-BFGS has converged")
        elif state["func_evals"] >= self.max_fun:
            training.stop(f"the loss was computed {state['func_evals']} times")
        self.before = state["n_iter"]
