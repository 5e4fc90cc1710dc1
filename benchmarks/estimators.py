"""Whole fits of scikit-learn's MLP and of the estimator here: the same parameters, data, dtype and epochs."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.contenders import COMPILED, OURS, Calls
from tinygrad_nn.datasets import MNIST
from tinygrad_nn.interop.sklearn import MLPClassifier

__all__ = ["SKLEARN", "fits", "installed", "small_digits", "whole_mnist"]

SKLEARN = "scikit-learn"

Array = np.ndarray[Any, Any]


def installed() -> bool:
    """Whether scikit-learn is here."""
    return find_spec("sklearn") is not None


def small_digits(smoke: bool) -> tuple[Array, Array]:
    """scikit-learn's 1,797 digits of 8×8 pixels, in float32."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    rows = 300 if smoke else 1500
    return (x[:rows] / 16).astype(np.float32), y[:rows]


def whole_mnist(smoke: bool) -> tuple[Array, Array]:
    """MNIST's 60,000 digits of 28×28 pixels, in float32; random ones in a smoke run, which looks for no file."""
    if smoke:
        rng = np.random.default_rng(0)
        return rng.random((600, 784), np.float32), rng.integers(0, 10, 600)
    x, y = (tensor.numpy() for tensor in MNIST(train=True, flatten=True).tensors)
    return x, y


def fits(data: Callable[[bool], tuple[Array, Array]], epochs: int, smoke: bool) -> Calls:
    """Fits of a net with 100 hidden units, as both make it unless told otherwise: ReLU, Adam, batches of 200."""
    from sklearn.neural_network import MLPClassifier as Theirs

    x, y = data(smoke)
    options: dict[str, Any] = {
        "max_iter": 1 if smoke else epochs,
        "tol": 0,
        "n_iter_no_change": 10**6,
        "random_state": 0,
    }

    def fit(estimator: Any) -> Callable[[], Any]:
        def call() -> Any:
            with warnings.catch_warnings():  # that so many epochs are few
                warnings.simplefilter("ignore")
                return estimator.fit(x, y)

        return call

    return {
        OURS: fit(MLPClassifier(**options)),
        COMPILED: fit(MLPClassifier(compile=True, **options)),
        SKLEARN: fit(Theirs(**options)),
    }
