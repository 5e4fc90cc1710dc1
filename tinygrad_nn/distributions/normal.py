"""The normal distribution."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.creation import empty, normal
from tinygrad_nn.distributions import constraints
from tinygrad_nn.distributions.constraints import Constraint
from tinygrad_nn.distributions.distribution import Distribution, broadcast_all, number_or_tensor
from tinygrad_nn.tensor import Tensor

__all__ = ["Normal"]


class Normal(Distribution):
    """Normal (Gaussian): density exp(-((x - loc) / scale)^2 / 2) / (scale sqrt(2 pi)).

    loc: mean, scale: standard deviation; numbers or tensors that broadcast, (...).
    Raises ValueError for a scale that is not positive, RuntimeError for shapes that do not broadcast.

    >>> import tinygrad_nn as tg
    >>> _ = tg.manual_seed(0)
    >>> unit = Normal(0.0, 1.0)
    >>> unit.sample(), unit.log_prob(tg.tensor(0.0))
    (tensor(1.5410), tensor(-0.9189))
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    parameters = ("loc", "scale")
    has_rsample = True

    def __init__(self, loc: Tensor | float, scale: Tensor | float, validate_args: bool | None = None) -> None:
        number_or_tensor("Normal", loc=loc, scale=scale)
        self.loc: Any
        self.scale: Any
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def support(self) -> Constraint:
        """All numbers."""
        return constraints.real

    @property
    def mean(self) -> Tensor:
        """loc"""
        return self.loc  # type: ignore[no-any-return]

    @property
    def mode(self) -> Tensor:
        """loc"""
        return self.loc  # type: ignore[no-any-return]

    @property
    def stddev(self) -> Tensor:
        """scale"""
        return self.scale  # type: ignore[no-any-return]

    @property
    def variance(self) -> Tensor:
        """scale^2"""
        return self.scale**2  # type: ignore[no-any-return]

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws of shape sample_shape + batch_shape, without a gradient."""
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return normal(self.loc.expand(shape), self.scale.expand(shape))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """loc + scale * noise, with noise from the standard normal."""
        shape = self._extended_shape(sample_shape)
        noise = empty(shape, dtype=self.loc.dtype).normal_()
        return self.loc + noise * self.scale  # type: ignore[no-any-return]

    def log_prob(self, value: Tensor) -> Tensor:
        """-((value - loc) / scale)^2 / 2 - log(scale) - log(2 pi) / 2"""
        if self._validate_args:
            self._validate_sample(value)
        squared: Any = (value - self.loc) ** 2
        return -squared / (2 * self.scale**2) - self.scale.log() - math.log(math.sqrt(2 * math.pi))  # type: ignore[no-any-return]

    def cdf(self, value: Tensor) -> Tensor:
        """(1 + erf((value - loc) / (scale sqrt 2))) / 2"""
        if self._validate_args:
            self._validate_sample(value)
        standard: Any = (value - self.loc) * self.scale.reciprocal() / math.sqrt(2)
        return 0.5 * (1 + standard.erf())  # type: ignore[no-any-return]

    def icdf(self, value: Tensor) -> Tensor:
        """loc + scale sqrt(2) erfinv(2 value - 1)"""
        doubled: Any = 2 * value - 1
        return self.loc + self.scale * doubled.erfinv() * math.sqrt(2)  # type: ignore[no-any-return]

    def entropy(self) -> Tensor:
        """(1 + log(2 pi)) / 2 + log(scale)"""
        return 0.5 + 0.5 * math.log(2 * math.pi) + self.scale.log()  # type: ignore[no-any-return]
