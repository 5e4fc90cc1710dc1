"""The optimizer from scikit-learn's parameters."""

from __future__ import annotations

from typing import Any

from tinygrad_nn import optim
from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.interop.sklearn.objective import Objective

__all__ = ["ITERATIONS", "is_stochastic", "make"]

ITERATIONS = 10
"""Of L-BFGS in one epoch: an epoch is what the loss curve has a point for."""


def is_stochastic(estimator: Any) -> bool:
    """Whether training goes in batches."""
    return not (isinstance(estimator.solver, str) and estimator.solver == "lbfgs")


def make(estimator: Any, objective: Objective) -> optim.Optimizer:
    """The estimator's solver over the network's parameters."""
    solver, rate = estimator.solver, estimator.learning_rate_init
    parameters = list(objective.network.parameters())
    if not parameters:
        raise ArgumentError(message("module: it has no parameters to train", got=repr(objective.network)))
    if isinstance(solver, str) and solver == "lbfgs":
        return optim.LBFGS(
            parameters,
            max_iter=ITERATIONS,
            max_eval=25 * ITERATIONS,
            tolerance_grad=estimator.tol,
            history_size=10,
            line_search_fn="strong_wolfe",
        )
    if isinstance(solver, str) and solver == "adam":
        return optim.Adam(parameters, lr=rate, betas=(estimator.beta_1, estimator.beta_2), eps=estimator.epsilon)
    if isinstance(solver, str) and solver == "sgd":
        momentum = estimator.momentum
        return optim.SGD(
            parameters, lr=rate, momentum=momentum, nesterov=bool(estimator.nesterovs_momentum and momentum > 0)
        )
    if callable(solver):
        made = solver(parameters, lr=rate)
        if isinstance(made, optim.Optimizer):
            return made
    raise ArgumentError(
        message(
            "solver: unknown",
            got=repr(solver),
            fix='"adam", "sgd", "lbfgs", or a class of tinygrad_nn.optim such as optim.NAdam',
        )
    )
