"""What all estimators share: data in, training, outputs back."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.creation import fork_rng, from_numpy, manual_seed
from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.interop.sklearn import solver as solvers
from tinygrad_nn.interop.sklearn.conventions import BaseEstimator
from tinygrad_nn.interop.sklearn.learning import Learning
from tinygrad_nn.interop.sklearn.objective import Batches, Loss, Objective, dense
from tinygrad_nn.interop.sklearn.stopping import Convergence, InverseScaling, LBFGSEnd, Validation
from tinygrad_nn.nn import Module
from tinygrad_nn.train import Callback

__all__ = ["NetworkEstimator"]

ROWS = 4096  # samples that go through the network at a time when it predicts


def _positive(value: Any) -> bool:
    return not isinstance(value, bool | str) and bool(value > 0)


def _whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value > 0)


OPTIONS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "alpha": (lambda value: not isinstance(value, str) and value >= 0, "a number, 0 or more"),
    "batch_size": (lambda value: _whole(value) or (isinstance(value, str) and value == "auto"), 'a positive integer or "auto"'),
    "learning_rate": (lambda value: value in ("constant", "invscaling", "adaptive"), '"constant", "invscaling" or "adaptive"'),
    "learning_rate_init": (_positive, "a positive number"),
    "max_iter": (_whole, "a positive integer"),
    "max_fun": (_whole, "a positive integer"),
    "tol": (lambda value: not isinstance(value, str) and value >= 0, "a number, 0 or more"),
    "n_iter_no_change": (_positive, "a positive number"),
    "validation_fraction": (lambda value: _positive(value) and value < 1, "between 0 and 1"),
    "dtype": (lambda value: value in ("auto", "float32", "float64"), '"auto", "float32" or "float64"'),
}  # fmt: skip
"""What is refused at `fit`: scikit-learn wants `__init__` to check nothing."""


class NetworkEstimator(BaseEstimator):  # type: ignore[misc]
    """The parameters of training, and training itself. Subclasses say what the network and its targets are."""

    solver: Any
    alpha: float
    batch_size: Any
    learning_rate: str
    learning_rate_init: float
    power_t: float
    max_iter: int
    max_fun: int
    shuffle: bool
    random_state: Any
    tol: float
    verbose: bool
    warm_start: bool
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: float
    callbacks: Iterable[Any]
    clip_norm: float | None
    compile: bool
    dtype: str

    allow_nd = False

    # -- what subclasses say -----------------------------------------------------------------------

    def _network(self, n_inputs: Any, n_outputs: int) -> Module:
        raise NotImplementedError

    def _units(self) -> int:
        """Outputs that the network should have."""
        raise NotImplementedError

    def _meet(self, columns: int) -> Loss:
        """The network gives (N, columns): set `out_activation_`, and choose the loss."""
        raise NotImplementedError

    def _targets(self, y: Any) -> Any:
        """The encoded targets as the loss takes them."""
        raise NotImplementedError

    def _score_of(self, outputs: Any, y: Any, weights: Any) -> float:
        """Accuracy or R2 of the network's outputs."""
        raise NotImplementedError

    # -- data --------------------------------------------------------------------------------------

    def _checked(self, X: Any, *y: Any, reset: bool, **options: Any) -> Any:
        """X, or (X, y), checked by scikit-learn; X in the dtype that the network has or will have."""
        from sklearn.utils.validation import validate_data

        begun = getattr(self, "dtype_", None) if not reset else None
        wanted = begun or ((np.float64, np.float32) if self.dtype == "auto" else np.dtype(self.dtype))
        return validate_data(
            self, X, *y, dtype=wanted, accept_sparse="csr", allow_nd=self.allow_nd, reset=reset, **options
        )

    def _weights(self, given: Any, count: int) -> Any:
        """Sample weights (count,) in float64. Raises ValueError for others than numbers of which none is negative."""
        if given is None:
            return np.ones(count)
        weights = np.asarray(given, np.float64)
        weights = np.full(count, weights) if weights.ndim == 0 else weights
        if weights.shape != (count,):
            raise ArgumentError(
                message("sample_weight: one weight for each sample", got=f"shape {weights.shape} for {count} samples")
            )
        if not np.isfinite(weights).all() or weights.min(initial=0) < 0:
            raise ArgumentError(message("sample_weight: finite numbers, none of them negative", got=weights))
        if not weights.any():
            raise ArgumentError(message("sample_weight: all weights are zero: there is nothing to learn from"))
        return weights

    def _check_options(self) -> None:
        for name, (good, fix) in OPTIONS.items():
            if not good(getattr(self, name)):
                raise ArgumentError(message(f"{type(self).__name__}: {name}", got=repr(getattr(self, name)), fix=fix))

    # -- training ----------------------------------------------------------------------------------

    def _fit(self, X: Any, y: Any, weights: Any, *, incremental: bool) -> None:
        """Train on X (N, features), encoded targets y and weights (N,); one pass if `incremental`."""
        from sklearn.utils import check_random_state

        if incremental and (self.early_stopping or not solvers.is_stochastic(self)):
            reason = "early_stopping=True" if self.early_stopping else 'solver="lbfgs"'
            raise ArgumentError(message("partial_fit: it makes one pass in batches", got=reason, fix="call fit"))
        fresh = not hasattr(self, "module_") or not (self.warm_start or incremental)
        if fresh or not incremental:
            self._random = check_random_state(self.random_state)
        used = weights > 0  # a weight of 0 is as if the sample were not there
        if not used.all():
            X, y, weights = X[used], y[used], weights[used]
        with fork_rng():
            manual_seed(int(self._random.randint(2**31 - 1)))
            if fresh:
                self._begin(X)
            self._run(X.astype(self.dtype_, copy=False), y, weights, incremental)

    def _begin(self, X: Any) -> None:
        """A new network, and nothing learned."""
        network = self._network(X.shape[1] if X.ndim == 2 else X.shape[1:], self._units())
        self.dtype_ = X.dtype
        self.module_ = network.double() if X.dtype == np.float64 else network.float()
        self.loss_curve_: list[float] = []
        self.t_ = 0
        self.__dict__.pop("_optimizer", None)

    def _run(self, X: Any, y: Any, weights: Any, incremental: bool) -> None:
        columns = self._outputs(X[:2]).shape[1]
        loss, targets = self._meet(columns), self._targets(y)
        self.n_outputs_ = columns
        mean = weights.mean()
        weights = None if (weights == weights[0]).all() else weights / mean
        stochastic = solvers.is_stochastic(self)
        held_out = None
        if self.early_stopping:
            (X, held), (targets, held_y), (weights, held_w), (_, truth) = self._split(X, targets, weights, y)
            held_out = Batches(held, held_y, self._cast(held_w), ROWS, None)
        count = len(targets)
        size = count if not stochastic else min(200 if self.batch_size == "auto" else int(self.batch_size), count)
        objective = Objective(self.module_, loss, self.alpha / (size * mean))
        if not (incremental and hasattr(self, "_optimizer")):
            self._optimizer = solvers.make(self, objective)
        rng = self._random if self.shuffle and stochastic else None
        data = Batches(X, targets, self._cast(weights), size, rng)
        ends: list[Callback] = []
        if held_out is not None:
            ends.append(Validation(objective, held_out, lambda: self._score_of(self._outputs(held), truth, held_w)))
        ends += [self._schedule(count)] if self.learning_rate == "invscaling" and self.solver == "sgd" else []
        end = self._end()
        ends += [] if incremental else [end]
        epochs = self.max_iter if stochastic else -(-self.max_iter // solvers.ITERATIONS)
        training = Learning(
            objective,
            data,
            self._optimizer,
            epochs=1 if incremental else int(epochs),
            callbacks=[*ends[:1], *self.callbacks, *ends[1:]] if held_out is not None else [*self.callbacks, *ends],
            clip_norm=self.clip_norm,
            compile=bool(self.compile and stochastic and not incremental),
            progress=None if self.verbose else False,
        )
        history = training.run()
        self.module_.eval()
        self._conclude(history, end, count, incremental)

    def _cast(self, weights: Any) -> Any:
        return None if weights is None else weights.astype(self.dtype_)

    def _split(self, *arrays: Any) -> list[tuple[Any, Any]]:
        """Each array (or None) in two: to learn from, and held out. The last one is the encoded targets."""
        from sklearn.model_selection import train_test_split

        rows = np.arange(arrays[0].shape[0])
        parts = train_test_split(
            rows, test_size=self.validation_fraction, random_state=self._random, stratify=self._strata(arrays[-1])
        )
        if len(parts[1]) < 2:
            raise ArgumentError(
                message(
                    "early_stopping: fewer than 2 samples would be held out",
                    got=f"validation_fraction={self.validation_fraction} of {arrays[0].shape[0]} samples",
                    fix="a larger validation_fraction",
                )
            )
        return [(None, None) if array is None else (array[parts[0]], array[parts[1]]) for array in arrays]

    def _strata(self, y: Any) -> Any:
        """What each part gets the same share of."""
        return None

    def _schedule(self, count: int) -> Callback:
        return InverseScaling(self.learning_rate_init, self.power_t, count, self.t_)

    def _end(self) -> Convergence | LBFGSEnd:
        """The rule by which training ends."""
        if not solvers.is_stochastic(self) and not self.early_stopping:
            return LBFGSEnd(self.max_fun)
        column = "validation score" if self.early_stopping else "loss"
        divides = self.learning_rate == "adaptive" and isinstance(self.solver, str) and self.solver == "sgd"
        return Convergence(column, self.tol, self.n_iter_no_change, divides)

    def _conclude(self, history: Any, end: Convergence | LBFGSEnd, count: int, incremental: bool) -> None:
        """Set what scikit-learn's users look at after training, and warn if it was too short."""
        from sklearn.exceptions import ConvergenceWarning

        self.history_ = history
        self.loss_curve_ = [*self.loss_curve_, *history["loss"]]
        self.loss_ = self.loss_curve_[-1]
        self.n_iter_ = history.epochs if solvers.is_stochastic(self) else _iterations(self._optimizer)
        self.t_ += history.epochs * count
        self.best_loss_ = None if self.early_stopping else min(self.loss_curve_)
        self.validation_scores_ = list(history["validation score"]) if self.early_stopping else None
        self.validation_loss_curve_ = list(history["validation loss"]) if self.early_stopping else None
        self.best_validation_score_ = max(self.validation_scores_) if self.validation_scores_ else None
        if history.stopped == "Ctrl-C":
            warnings.warn("Training interrupted by user.", stacklevel=6)
        elif history.stopped.startswith("all ") and not end.converged and not incremental:
            warnings.warn(
                f"{type(self).__name__}: max_iter={self.max_iter} reached, and training has not converged yet",
                ConvergenceWarning,
                stacklevel=6,
            )

    # -- outputs -----------------------------------------------------------------------------------

    def _predicted(self, X: Any) -> Any:
        """The outputs (N, units) for the user's X."""
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        return self._outputs(self._checked(X, reset=False))

    def _outputs(self, X: Any) -> Any:
        """The network's outputs as an array (N, units)."""
        self.module_.eval()
        with no_grad():
            parts = [self.module_(from_numpy(dense(X[k : k + ROWS]))).array for k in range(0, X.shape[0], ROWS)]
        outputs = np.concatenate(parts)
        if outputs.ndim not in (1, 2) or len(outputs) != X.shape[0]:
            raise ArgumentError(
                message(
                    f"{type(self).__name__}: the module must give (N, outputs) or (N,)",
                    got=f"{tuple(outputs.shape)} for {X.shape[0]} samples",
                )
            )
        return outputs.reshape(len(outputs), -1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _iterations(optimizer: Any) -> int:
    return int(next(iter(optimizer.state.values()))["n_iter"])
