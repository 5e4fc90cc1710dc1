"""The uniform distribution on an interval."""

from __future__ import annotations

from typing import Any

from tinygrad_nn.creation import rand
from tinygrad_nn.distributions import constraints
from tinygrad_nn.distributions.constraints import Constraint
from tinygrad_nn.distributions.distribution import Distribution, broadcast_all, number_or_tensor
from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.tensor import Tensor

__all__ = ["Uniform"]


class Uniform(Distribution):
    """Uniform on [low, high): density 1 / (high - low).

    low, high: numbers or tensors that broadcast, (...).
    Raises ValueError where low >= high, RuntimeError for shapes that do not broadcast.

    >>> import tinygrad_nn as tg
    >>> die = Uniform(0.0, 6.0)
    >>> die.mean, die.log_prob(tg.tensor(2.0)).exp()
    (tensor(3.), tensor(0.1667))
    """

    arg_constraints = {"low": constraints.real, "high": constraints.real}
    parameters = ("low", "high")
    has_rsample = True

    def __init__(self, low: Tensor | float, high: Tensor | float, validate_args: bool | None = None) -> None:
        number_or_tensor("Uniform", low=low, high=high)
        self.low: Any
        self.high: Any
        self.low, self.high = broadcast_all(low, high)
        super().__init__(self.low.shape, validate_args=validate_args)
        if self._validate_args and not (self.low.array < self.high.array).all():
            raise ArgumentError(
                message("Uniform is not defined when low >= high", got=f"low={self.low}, high={self.high}")
            )

    @property
    def support(self) -> Constraint:
        """From low to high."""
        return constraints.interval(self.low, self.high)

    @property
    def mean(self) -> Tensor:
        """(low + high) / 2"""
        return (self.high + self.low) / 2  # type: ignore[no-any-return]

    @property
    def mode(self) -> Tensor:
        """NaN: no value is likelier than another."""
        return float("nan") * self.high  # type: ignore[no-any-return]

    @property
    def stddev(self) -> Tensor:
        """(high - low) / sqrt(12)"""
        return (self.high - self.low) / 12**0.5  # type: ignore[no-any-return]

    @property
    def variance(self) -> Tensor:
        """(high - low)^2 / 12"""
        return (self.high - self.low) ** 2 / 12  # type: ignore[no-any-return]

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """low + u (high - low), with u uniform on [0, 1)."""
        u = rand(self._extended_shape(sample_shape), dtype=self.low.dtype)
        return self.low + u * (self.high - self.low)  # type: ignore[no-any-return]

    def log_prob(self, value: Tensor) -> Tensor:
        """-log(high - low) in [low, high), else -inf."""
        if self._validate_args:
            self._validate_sample(value)
        inside = (self.low <= value).to(self.low.dtype) * (self.high > value).to(self.low.dtype)
        return inside.log() - (self.high - self.low).log()  # type: ignore[no-any-return]

    def cdf(self, value: Tensor) -> Tensor:
        """(value - low) / (high - low), from 0 to 1."""
        if self._validate_args:
            self._validate_sample(value)
        return ((value - self.low) / (self.high - self.low)).clamp(min=0, max=1)  # type: ignore[no-any-return]

    def icdf(self, value: Tensor) -> Tensor:
        """low + value (high - low)"""
        return value * (self.high - self.low) + self.low  # type: ignore[no-any-return]

    def entropy(self) -> Tensor:
        """log(high - low)"""
        return (self.high - self.low).log()  # type: ignore[no-any-return]
