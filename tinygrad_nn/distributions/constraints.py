"""What a parameter may be, and what a distribution's values are: predicates with a name.

`check` looks at arrays, so it is never part of a graph or of a compiled step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_nn.creation import as_tensor

__all__ = [
    "Constraint",
    "boolean",
    "integer_interval",
    "interval",
    "positive",
    "real",
    "real_vector",
    "simplex",
    "unit_interval",
]


class Constraint:
    """A condition on values; those of `event_dim` 1 look at vectors along the last dimension.

    >>> import tinygrad_nn as tg
    >>> positive.check(tg.tensor([1.0, -1.0])), simplex.check(tg.tensor([0.5, 0.5]))
    (tensor([ True, False]), tensor(True))
    """

    def __init__(
        self, name: str, holds: Callable[[Any], Any], *, event_dim: int = 0, is_discrete: bool = False
    ) -> None:
        self.name, self.holds, self.event_dim, self.is_discrete = name, holds, event_dim, is_discrete

    def allows(self, array: Any) -> Any:
        """True for each value (or vector) of an array that meets it."""
        if self.event_dim and np.ndim(array) < self.event_dim:
            return np.asarray(False)
        return np.asarray(self.holds(array))

    def check(self, value: Any) -> Any:
        """True for each value (or vector) of a tensor that meets it, as a tensor."""
        return as_tensor(self.allows(value.array))

    def __repr__(self) -> str:
        return self.name


def _on_simplex(p: Any) -> Any:
    return (p >= 0).all(-1) & (abs(p.sum(-1) - 1) < 1e-6)


real = Constraint("Real()", lambda x: x == x)
"""Any number but NaN."""
positive = Constraint("GreaterThan(lower_bound=0.0)", lambda x: x > 0)
"""Above zero."""
unit_interval = Constraint("Interval(lower_bound=0.0, upper_bound=1.0)", lambda x: (x >= 0) & (x <= 1))
"""A probability."""
boolean = Constraint("Boolean()", lambda x: (x == 0) | (x == 1), is_discrete=True)
"""0 or 1."""
simplex = Constraint("Simplex()", _on_simplex, event_dim=1)
"""Vectors of numbers from 0 that add up to 1."""
real_vector = Constraint("IndependentConstraint(Real(), 1)", lambda x: (x == x).all(-1), event_dim=1)
"""Vectors without NaN."""


def interval(low: Any, high: Any) -> Constraint:
    """From `low` to `high`, both included; numbers or tensors."""
    a, b = getattr(low, "array", low), getattr(high, "array", high)
    return Constraint(f"Interval(lower_bound={low}, upper_bound={high})", lambda x: (x >= a) & (x <= b))


def integer_interval(low: int, high: int) -> Constraint:
    """Whole numbers from `low` to `high`, both included."""
    name = f"IntegerInterval(lower_bound={low}, upper_bound={high})"
    return Constraint(name, lambda x: (x % 1 == 0) & (x >= low) & (x <= high), is_discrete=True)
