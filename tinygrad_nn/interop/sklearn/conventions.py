"""scikit-learn's base classes; where it is not installed, making an estimator says how to get it."""

from __future__ import annotations

from typing import Any

from tinygrad_nn.errors import MissingPackage

__all__ = ["BaseEstimator", "ClassifierMixin", "RegressorMixin", "keep"]

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
except ImportError:

    class BaseEstimator:  # type: ignore[no-redef]
        """Stands where scikit-learn's class would."""

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            raise MissingPackage(f'{cls.__name__} needs scikit-learn: pip install "tinygrad_nn[sklearn]"')

    class ClassifierMixin:  # type: ignore[no-redef]
        """Stands where scikit-learn's class would."""

    class RegressorMixin:  # type: ignore[no-redef]
        """Stands where scikit-learn's class would."""


def keep(estimator: Any, arguments: dict[str, Any]) -> None:
    """Set the arguments of `__init__` as attributes of the same names, unchanged: scikit-learn's convention."""
    vars(estimator).update({name: value for name, value in arguments.items() if name not in ("self", "__class__")})
