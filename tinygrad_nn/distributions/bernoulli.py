"""The Bernoulli distribution: a toss of a coin."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from tinygrad_nn.autograd import enable_grad, no_grad
from tinygrad_nn.creation import arange
from tinygrad_nn.distributions import constraints
from tinygrad_nn.distributions.constraints import Constraint
from tinygrad_nn.distributions.distribution import Distribution, broadcast_all, number_or_tensor
from tinygrad_nn.dtypes import finfo
from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.functions.sampling import bernoulli
from tinygrad_nn.ops.elementwise import log_sigmoid
from tinygrad_nn.tensor import Tensor

__all__ = ["Bernoulli", "clamped", "log_loss", "one_of"]


def one_of(name: str, probs: Any, logits: Any) -> None:
    """ValueError unless exactly one of `probs` and `logits` is given."""
    if (probs is None) == (logits is None):
        raise ArgumentError(
            message(
                f"{name}: Either `probs` or `logits` must be specified, but not both.",
                got="neither" if probs is None else "both",
            )
        )


def clamped(probs: Any) -> Any:
    """Probabilities kept so far from 0 and 1 that their logits are finite."""
    eps = finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def log_loss(logits: Any, target: Any) -> Any:
    """-target log(sigmoid(logits)) - (1 - target) log(1 - sigmoid(logits)), without overflow."""
    return (1 - target) * logits - log_sigmoid(logits)


class Bernoulli(Distribution):
    """1 with probability probs = sigmoid(logits), else 0.

    probs or logits: a number or a tensor (...). Raises ValueError for probabilities outside [0, 1], and
    unless exactly one of the two is given.

    >>> import tinygrad_nn as tg
    >>> coin = Bernoulli(tg.tensor([0.25, 0.5]))
    >>> coin.mean, coin.variance
    (tensor([0.2500, 0.5000]), tensor([0.1875, 0.2500]))
    >>> coin.log_prob(tg.tensor([1.0, 0.0])).exp()
    tensor([0.2500, 0.5000])
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    parameters = ("probs", "logits")
    has_enumerate_support = True

    def __init__(
        self, probs: Tensor | float | None = None, logits: Tensor | float | None = None, validate_args: bool | None = None
    ) -> None:  # fmt: skip
        one_of("Bernoulli", probs, logits)
        word, given = ("probs", probs) if probs is not None else ("logits", logits)
        number_or_tensor("Bernoulli", **{word: given})
        (self.__dict__[word],) = broadcast_all(given)
        super().__init__(self.__dict__[word].shape, validate_args=validate_args)

    @cached_property
    def logits(self) -> Any:
        """log(probs / (1 - probs)), of probabilities kept away from 0 and 1."""
        with enable_grad():
            probs = clamped(self.probs)
            return probs.log() - (-probs).log1p()

    @cached_property
    def probs(self) -> Any:
        """The probability of 1."""
        with enable_grad():
            return self.logits.sigmoid()

    @property
    def param_shape(self) -> Any:
        """The shape of the parameter."""
        return self.batch_shape

    @property
    def support(self) -> Constraint:
        """0 and 1."""
        return constraints.boolean

    @property
    def mean(self) -> Tensor:
        """probs"""
        return self.probs  # type: ignore[no-any-return]

    @property
    def mode(self) -> Tensor:
        """1 where probs > 1/2, 0 where less, NaN where neither is likelier."""
        probs = self.probs.detach()
        return (probs >= 0.5).to(probs.dtype).masked_fill(probs == 0.5, float("nan"))  # type: ignore[no-any-return]

    @property
    def variance(self) -> Tensor:
        """probs (1 - probs)"""
        return self.probs * (1 - self.probs)  # type: ignore[no-any-return]

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Zeros and ones of shape sample_shape + batch_shape, without a gradient."""
        with no_grad():
            return bernoulli(self.probs.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        """value log(probs) + (1 - value) log(1 - probs)"""
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return -log_loss(logits, value)  # type: ignore[no-any-return]

    def entropy(self) -> Tensor:
        """-probs log(probs) - (1 - probs) log(1 - probs)"""
        return log_loss(self.logits, self.probs)  # type: ignore[no-any-return]

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """0 and 1, (2, *batch_shape)."""
        values = arange(2, dtype=self.probs.dtype).reshape((2, *(1,) * len(self.batch_shape)))
        return values.expand((2, *self.batch_shape)) if expand else values
