"""Classifiers: two classes, several, or several labels at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.interop.sklearn.conventions import ClassifierMixin, keep
from tinygrad_nn.interop.sklearn.estimator import NetworkEstimator
from tinygrad_nn.interop.sklearn.objective import Loss, log_loss, per_sample
from tinygrad_nn.interop.sklearn.perceptron import ModulePart, PerceptronPart

__all__ = ["MLPClassifier", "ModuleClassifier"]


class NetworkClassifier(ClassifierMixin, NetworkEstimator):  # type: ignore[misc]
    """Labels to numbers and back; the network itself is the subclass's."""

    class_weight: Any

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train on X (N, features), dense, sparse or a DataFrame, and labels y (N,), or (N, labels) of 0 and 1.

        With `warm_start` training goes on from where it was. Raises ValueError for data, weights or
        parameters that do not fit, Diverged (a RuntimeError) if the loss becomes NaN. Returns self.
        """
        self._check_options()
        known = self.classes_ if self.warm_start and hasattr(self, "module_") else None
        return self._learn(X, y, sample_weight, known, incremental=False)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Any:
        """One pass over X and y, going on from the passes before. The first call needs `classes`: all that there are."""
        self._check_options()
        begun = hasattr(self, "module_")
        if classes is None and not begun and np.ndim(y) < 2:
            raise ArgumentError(
                message(
                    "partial_fit: the first call needs all classes", fix="partial_fit(X, y, classes=np.unique(y_all))"
                )
            )
        given = np.unique(classes) if classes is not None and not _is_indicator(y) else None
        if begun and given is not None and not np.array_equal(given, self.classes_):
            raise ArgumentError(
                message("partial_fit: `classes` differs from the first call", got=given, fix=f"{self.classes_}")
            )
        if isinstance(self.class_weight, str):
            raise ArgumentError(
                message(
                    "partial_fit: class_weight='balanced' needs all samples at once",
                    fix="class_weight={class: weight}, from sklearn.utils.class_weight.compute_class_weight",
                )
            )
        return self._learn(X, y, sample_weight, self.classes_ if begun else given, incremental=True)

    def _learn(self, X: Any, y: Any, sample_weight: Any, known: Any, *, incremental: bool) -> Any:
        from sklearn.utils.class_weight import compute_sample_weight

        reset = not (incremental and hasattr(self, "module_"))
        X, y = self._checked(X, y, reset=reset, multi_output=True)
        weights = self._weights(sample_weight, X.shape[0])
        encoded = self._encode(y, known)
        if self.class_weight is not None:
            weights = weights * compute_sample_weight(self.class_weight, y)
        self._fit(X, encoded, weights, incremental=incremental)
        return self

    def _encode(self, y: Any, known: Any) -> Any:
        """Class numbers (N,) int64, or (N, labels) of 0 and 1; sets `classes_`."""
        from sklearn.utils import column_or_1d
        from sklearn.utils.multiclass import check_classification_targets

        y = y.toarray() if hasattr(y, "toarray") else y
        check_classification_targets(y)
        self.multilabel_ = _is_indicator(y)
        if self.multilabel_:
            if known is not None and len(known) != y.shape[1]:
                raise ArgumentError(
                    message("y: another number of labels than before", got=f"{y.shape[1]}, not {len(known)}")
                )
            self.classes_ = np.arange(y.shape[1])
            return y
        y = column_or_1d(y, warn=True)
        found, encoded = np.unique(y, return_inverse=True)
        if known is None:
            self.classes_ = found
            return encoded
        strange = np.setdiff1d(found, known)
        if len(strange):
            raise ArgumentError(message("y: classes that were not there before", got=strange, fix=f"known are {known}"))
        self.classes_ = np.asarray(known)
        return np.searchsorted(self.classes_, y)

    def _targets(self, y: Any) -> Any:
        if self.out_activation_ == "softmax":
            return y.astype(np.int64)
        return y.reshape(len(y), -1).astype(self.dtype_)

    def _meet(self, columns: int) -> Loss:
        count = len(self.classes_)
        if columns == count:
            self.out_activation_ = "logistic" if self.multilabel_ else "softmax"
        elif columns == 1 and count == 2 and not self.multilabel_:
            self.out_activation_ = "logistic"
        else:
            raise ArgumentError(
                message(
                    f"{type(self).__name__}: the module's outputs do not fit the classes",
                    got=f"{columns} outputs for {count} " + ("labels" if self.multilabel_ else "classes"),
                    fix=f"nn.Linear(..., {count}) as its last layer, giving logits",
                )
            )
        return self._criterion()

    def _criterion(self) -> Loss:
        return log_loss(self.out_activation_)

    def _strata(self, y: Any) -> Any:
        return None if self.multilabel_ else y

    def _score_of(self, outputs: Any, y: Any, weights: Any) -> float:
        if self.multilabel_:
            right = ((outputs > 0) == (y > 0)).all(1)
        else:
            right = (outputs.argmax(1) if outputs.shape[1] > 1 else outputs[:, 0] > 0) == y
        return float(np.average(right, weights=weights))

    def predict(self, X: Any) -> Any:
        """The likeliest class of each sample (N,); (N, labels) of 0 and 1 if it was trained so."""
        outputs = self._predicted(X)
        if self.multilabel_:
            return (outputs > 0).astype(np.int64)
        if outputs.shape[1] == 1 and len(self.classes_) == 2:
            return self.classes_[(outputs[:, 0] > 0).astype(np.int64)]
        return self.classes_[outputs.argmax(1)]

    def predict_proba(self, X: Any) -> Any:
        """The probability of each class (N, classes), in the order of `classes_`; of each label if there are several."""
        outputs = self._predicted(X)
        if self.out_activation_ == "softmax":
            shares = np.exp(outputs - outputs.max(1, keepdims=True))
            return shares / shares.sum(1, keepdims=True)
        yes = 1 / (1 + np.exp(-np.clip(outputs, -80, None)))
        return yes if self.multilabel_ else np.hstack([1 - yes, yes])

    def predict_log_proba(self, X: Any) -> Any:
        """The logarithm of `predict_proba`, without its loss of digits near 0."""
        outputs = self._predicted(X)
        if self.out_activation_ == "softmax":
            away = outputs - outputs.max(1, keepdims=True)
            return away - np.log(np.exp(away).sum(1, keepdims=True))
        yes = -np.logaddexp(0, -outputs)
        return yes if self.multilabel_ else np.hstack([-np.logaddexp(0, outputs), yes])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags


def _is_indicator(y: Any) -> bool:
    """Whether y is (N, labels) of 0 and 1. Raises ValueError for several columns of anything else."""
    from sklearn.utils.multiclass import type_of_target

    kind = type_of_target(y)
    if kind == "multiclass-multioutput":
        raise ArgumentError(
            message(
                "y: several labels at once are columns of 0 and 1",
                got=kind,
                fix="sklearn.preprocessing.MultiLabelBinarizer, or MultiOutputClassifier around this estimator",
            )
        )
    return bool(kind == "multilabel-indicator")


class MLPClassifier(PerceptronPart, NetworkClassifier):
    """A multi-layer perceptron that classifies; scikit-learn's, and more.

    It minimises the weighted mean of -log p(class), plus alpha / 2 sum W^2 / batch size, where p is
    the softmax of the last layer (the logistic sigmoid for two classes, or for several labels).

    Beyond scikit-learn's own parameters:
    activation:   a name (identity, logistic, tanh, relu, leaky_relu, elu, selu, gelu, silu, mish,
        softplus, softsign, hardswish), a module or a class of modules; or a list with one for each hidden layer
    dropout:      the share of hidden units dropped in training, or a list with one for each layer
    solver:       also a class from `optim`, such as optim.NAdam
    class_weight: {class: weight} or "balanced"
    callbacks:    `train.Callback` objects or functions of the training, as in `train.fit`
    clip_norm:    the limit of the gradient's norm
    compile:      run steps through `tinygrad_nn.compile`
    dtype:        "auto" computes in the dtype of X, as scikit-learn does; "float32" is faster

    After `fit`: `module_` (the network), `coefs_`, `intercepts_`, `classes_`, `loss_curve_`,
    `validation_scores_` and `validation_loss_curve_` (with early_stopping), `history_` (a table of
    all of it), `n_iter_`, `t_`, `n_features_in_`, `feature_names_in_`. The loss curve is the loss alone;
    with "lbfgs" it has the penalty in it, and a point every 10 iterations.

    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> net = MLPClassifier((32, 16), ["tanh", "relu"], dropout=0.1, learning_rate_init=0.01, early_stopping=True, random_state=0)
    >>> net.fit(X[:1000] / 16, y[:1000]).score(X[1000:] / 16, y[1000:]) > 0.85
    True
    """

    def __init__(
        self, hidden_layer_sizes: Any = (100,), activation: Any = "relu", *, solver: Any = "adam", alpha: float = 0.0001,
        batch_size: int | str = "auto", learning_rate: str = "constant", learning_rate_init: float = 0.001,
        power_t: float = 0.5, max_iter: int = 200, shuffle: bool = True, random_state: Any = None, tol: float = 1e-4,
        verbose: bool = False, warm_start: bool = False, momentum: float = 0.9, nesterovs_momentum: bool = True,
        early_stopping: bool = False, validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-8, n_iter_no_change: float = 10, max_fun: int = 15000, dropout: Any = 0.0,
        class_weight: Any = None, callbacks: Iterable[Any] = (), clip_norm: float | None = None, compile: bool = False,
        dtype: str = "auto",
    ) -> None:  # fmt: skip
        keep(self, locals())

    def _units(self) -> int:
        return 1 if len(self.classes_) == 2 and not self.multilabel_ else len(self.classes_)


class ModuleClassifier(ModulePart, NetworkClassifier):
    """Any Module as a scikit-learn classifier.

    module:        a function (n_features, n_classes, **module_params) -> Module that gives logits (N, classes);
        or a Module, which is copied. For two classes (N, 1) or (N,) is taken, too. X may have more dimensions
        (images): n_features is then the shape of a sample
    criterion:     (logits, targets) -> a loss for each sample, such as nn.CrossEntropyLoss(reduction="none");
        -log p(class) unless given
    module_params: more arguments for the function, for a grid search to vary

    Other parameters and attributes as in `MLPClassifier`; alpha is 0 and is for parameters of two
    and more dimensions. Raises ValueError at `fit` for a module whose outputs do not fit the classes.

    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_val_score
    >>> from tinygrad_nn import nn
    >>> def build(n_features, n_classes, width=16):
    ...     return nn.Sequential(nn.LayerNorm(n_features), nn.Linear(n_features, width), nn.Tanh(), nn.Linear(width, n_classes))
    >>> net = ModuleClassifier(build, learning_rate_init=0.02, max_iter=100, tol=0.01, random_state=0)
    >>> bool(cross_val_score(net, *load_iris(return_X_y=True)).mean() > 0.9)
    True
    """

    allow_nd = True

    def __init__(
        self, module: Any, criterion: Callable[..., Any] | None = None, *, module_params: dict[str, Any] | None = None,
        solver: Any = "adam", alpha: float = 0.0, batch_size: int | str = "auto", learning_rate: str = "constant",
        learning_rate_init: float = 0.001, power_t: float = 0.5, max_iter: int = 200, shuffle: bool = True,
        random_state: Any = None, tol: float = 1e-4, verbose: bool = False, warm_start: bool = False,
        momentum: float = 0.9, nesterovs_momentum: bool = True, early_stopping: bool = False,
        validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
        n_iter_no_change: float = 10, max_fun: int = 15000, class_weight: Any = None, callbacks: Iterable[Any] = (),
        clip_norm: float | None = None, compile: bool = False, dtype: str = "auto",
    ) -> None:  # fmt: skip
        keep(self, locals())

    def _units(self) -> int:
        return len(self.classes_)

    def _criterion(self) -> Loss:
        return super()._criterion() if self.criterion is None else per_sample(self.criterion)
