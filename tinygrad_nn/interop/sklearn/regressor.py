"""Regressors: one target or several."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.interop.sklearn.conventions import RegressorMixin, keep
from tinygrad_nn.interop.sklearn.estimator import NetworkEstimator
from tinygrad_nn.interop.sklearn.objective import Loss, loss_named, per_sample
from tinygrad_nn.interop.sklearn.perceptron import ModulePart, PerceptronPart

__all__ = ["MLPRegressor", "ModuleRegressor"]


class NetworkRegressor(RegressorMixin, NetworkEstimator):  # type: ignore[misc]
    """Targets as columns; the network itself is the subclass's."""

    _count: int

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train on X (N, features), dense, sparse or a DataFrame, and targets y (N,) or (N, outputs).

        With `warm_start` training goes on from where it was. Raises ValueError for data, weights or
        parameters that do not fit, Diverged (a RuntimeError) if the loss becomes NaN. Returns self.
        """
        return self._learn(X, y, sample_weight, incremental=False)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """One pass over X and y, going on from the passes before."""
        return self._learn(X, y, sample_weight, incremental=True)

    def _learn(self, X: Any, y: Any, sample_weight: Any, *, incremental: bool) -> Any:
        from sklearn.utils import column_or_1d

        self._check_options()
        goes_on = hasattr(self, "module_") and (incremental or self.warm_start)
        if np.asarray(y).dtype.kind in "US":
            raise ArgumentError(
                message(
                    f"{type(self).__name__}: the targets are texts, but a regressor learns numbers",
                    got=repr(np.asarray(y).reshape(-1)[:3].tolist()),
                    fix="MLPClassifier for classes; y.astype(float) for numbers that came as texts",
                )
            )
        X, y = self._checked(X, y, reset=not (goes_on and incremental), multi_output=True, y_numeric=True)
        y = column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
        targets = y.reshape(len(y), -1)
        if goes_on and targets.shape[1] != self.n_outputs_:
            raise ArgumentError(
                message("y: another number of targets than before", got=f"{targets.shape[1]}, not {self.n_outputs_}")
            )
        self._flat, self._count = y.ndim == 1, targets.shape[1]
        self._fit(X, targets, self._weights(sample_weight, X.shape[0]), incremental=incremental)
        return self

    def _units(self) -> int:
        return self._count

    def _targets(self, y: Any) -> Any:
        return y.astype(self.dtype_)

    def _meet(self, columns: int) -> Loss:
        if columns != self._count:
            raise ArgumentError(
                message(
                    f"{type(self).__name__}: the module's outputs do not fit the targets",
                    got=f"{columns} outputs for {self._count} targets",
                    fix=f"nn.Linear(..., {self._count}) as its last layer",
                )
            )
        self.out_activation_ = self._activation()
        return self._criterion()

    def _activation(self) -> str:
        return "identity"

    def _criterion(self) -> Loss:
        raise NotImplementedError

    def _score_of(self, outputs: Any, y: Any, weights: Any) -> float:
        from sklearn.metrics import r2_score

        return float(r2_score(y, self._given(outputs), sample_weight=weights))

    def _given(self, outputs: Any) -> Any:
        """The prediction: with the Poisson loss the network gives its logarithm."""
        return np.exp(outputs) if self.out_activation_ == "exp" else outputs

    def predict(self, X: Any) -> Any:
        """The prediction for each sample: (N,), or (N, outputs) if it was trained so."""
        outputs = self._given(self._predicted(X))
        return outputs[:, 0] if self._flat else outputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


class MLPRegressor(PerceptronPart, NetworkRegressor):
    """A multi-layer perceptron that predicts numbers; scikit-learn's, and more.

    It minimises the weighted mean of the loss, plus alpha / 2 sum W^2 / batch size.

    loss: "squared_error" (half of it, as in scikit-learn), "absolute_error", "huber" (delta 1), "poisson"
        (targets of 0 and more; the network gives the logarithm of the mean). Several targets: their sum

    Other parameters and attributes as in `MLPClassifier`.

    >>> import numpy as np
    >>> X = np.linspace(-1, 1, 200)[:, None]
    >>> net = MLPRegressor("huber", 32, "silu", solver="lbfgs", random_state=0)
    >>> net.fit(X, np.sin(3 * X[:, 0])).score(X, np.sin(3 * X[:, 0])) > 0.98
    True
    """

    def __init__(
        self, loss: str = "squared_error", hidden_layer_sizes: Any = (100,), activation: Any = "relu", *,
        solver: Any = "adam", alpha: float = 0.0001, batch_size: int | str = "auto", learning_rate: str = "constant",
        learning_rate_init: float = 0.001, power_t: float = 0.5, max_iter: int = 200, shuffle: bool = True,
        random_state: Any = None, tol: float = 1e-4, verbose: bool = False, warm_start: bool = False,
        momentum: float = 0.9, nesterovs_momentum: bool = True, early_stopping: bool = False,
        validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
        n_iter_no_change: float = 10, max_fun: int = 15000, dropout: Any = 0.0, callbacks: Iterable[Any] = (),
        clip_norm: float | None = None, compile: bool = False, dtype: str = "auto",
    ) -> None:  # fmt: skip
        keep(self, locals())

    def _criterion(self) -> Loss:
        return loss_named(self.loss)

    def _activation(self) -> str:
        return "exp" if self.loss == "poisson" else "identity"


class ModuleRegressor(ModulePart, NetworkRegressor):
    """Any Module as a scikit-learn regressor.

    module:        a function (n_features, n_outputs, **module_params) -> Module that gives (N, outputs), or (N,)
        for one; or a Module, which is copied. X may have more dimensions: n_features is then a sample's shape
    criterion:     a name as in `MLPRegressor`'s loss, or (output, target) -> a loss for each sample, such as
        nn.SmoothL1Loss(reduction="none")
    module_params: more arguments for the function, for a grid search to vary

    Other parameters and attributes as in `MLPClassifier`; alpha is 0 and is for parameters of two
    and more dimensions. Raises ValueError at `fit` for a module whose outputs do not fit the targets.

    >>> import numpy as np
    >>> from tinygrad_nn import nn
    >>> X = np.linspace(-1, 1, 100)[:, None]
    >>> net = ModuleRegressor(nn.Sequential(nn.RBF(1, 12), nn.Linear(12, 1)), solver="lbfgs", random_state=0)
    >>> net.fit(X, X[:, 0] ** 2).score(X, X[:, 0] ** 2) > 0.98
    True
    """

    allow_nd = True

    def __init__(
        self, module: Any, criterion: str | Callable[..., Any] = "squared_error", *,
        module_params: dict[str, Any] | None = None, solver: Any = "adam", alpha: float = 0.0,
        batch_size: int | str = "auto", learning_rate: str = "constant", learning_rate_init: float = 0.001,
        power_t: float = 0.5, max_iter: int = 200, shuffle: bool = True, random_state: Any = None, tol: float = 1e-4,
        verbose: bool = False, warm_start: bool = False, momentum: float = 0.9, nesterovs_momentum: bool = True,
        early_stopping: bool = False, validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-8, n_iter_no_change: float = 10, max_fun: int = 15000, callbacks: Iterable[Any] = (),
        clip_norm: float | None = None, compile: bool = False, dtype: str = "auto",
    ) -> None:  # fmt: skip
        keep(self, locals())

    def _criterion(self) -> Loss:
        return loss_named(self.criterion) if isinstance(self.criterion, str) else per_sample(self.criterion)

    def _activation(self) -> str:
        return "exp" if isinstance(self.criterion, str) and self.criterion == "poisson" else "identity"
