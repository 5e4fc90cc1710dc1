"""The categorical distribution: one of K classes."""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

from tinygrad_nn.autograd import enable_grad, no_grad
from tinygrad_nn.creation import arange, full
from tinygrad_nn.distributions import constraints
from tinygrad_nn.distributions.bernoulli import clamped, one_of
from tinygrad_nn.distributions.constraints import Constraint
from tinygrad_nn.distributions.distribution import Distribution
from tinygrad_nn.dtypes import finfo
from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.functions.broadcast import broadcast_tensors
from tinygrad_nn.functions.sampling import multinomial
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.tensor import Tensor

__all__ = ["Categorical"]


class Categorical(Distribution):
    """Class k of 0 .. K - 1 with probability probs[..., k] = softmax(logits)[..., k].

    probs: (..., K), not negative; they are divided by their sum. logits: (..., K). Values are int64.
    Raises ValueError for probabilities that are negative or add up to 0, for a scalar, and unless exactly
    one of the two is given.

    >>> import tinygrad_nn as tg
    >>> wheel = Categorical(tg.tensor([1.0, 1.0, 2.0]))
    >>> wheel.probs, wheel.entropy() / math.log(2)
    (tensor([0.2500, 0.2500, 0.5000]), tensor(1.5000))
    >>> wheel.log_prob(tg.tensor(2)).exp()
    tensor(0.5000)
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    parameters = over_events = ("probs", "logits")
    has_enumerate_support = True

    def __init__(
        self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None
    ) -> None:  # fmt: skip
        one_of("Categorical", probs, logits)
        word, given = ("probs", probs) if probs is not None else ("logits", logits)
        if type(given) not in TYPES or given.ndim < 1:  # type: ignore[union-attr]
            raise ArgumentError(
                message(
                    f"Categorical: `{word}` parameter must be at least one-dimensional.",
                    got="a scalar" if type(given) in TYPES else type(given).__name__,
                    fix=f"a tensor of K {word} last: (..., K)",
                )
            )
        x: Any = given
        self.__dict__[word] = x / x.sum(-1, keepdim=True) if word == "probs" else x - x.logsumexp(-1, keepdim=True)
        self._num_events = int(x.shape[-1])
        super().__init__(tuple(x.shape[:-1]), validate_args=validate_args)

    @cached_property
    def logits(self) -> Any:
        """log(probs), of probabilities kept away from 0."""
        with enable_grad():
            return clamped(self.probs).log()

    @cached_property
    def probs(self) -> Any:
        """The probabilities, which add up to 1 along the last dimension."""
        with enable_grad():
            return self.logits.softmax(-1)

    @property
    def param_shape(self) -> Any:
        """The shape of the parameter, (*batch_shape, K)."""
        return type(self.batch_shape)((*self.batch_shape, self._num_events))

    @property
    def support(self) -> Constraint:
        """0 .. K - 1"""
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def mean(self) -> Tensor:
        """NaN: classes have no mean."""
        return full(self._extended_shape(), math.nan, dtype=self.probs.dtype)

    @property
    def variance(self) -> Tensor:
        """NaN: classes have no variance."""
        return full(self._extended_shape(), math.nan, dtype=self.probs.dtype)

    @property
    def mode(self) -> Tensor:
        """The likeliest class."""
        return self.probs.argmax(-1)  # type: ignore[no-any-return]

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Classes, int64 of shape sample_shape + batch_shape."""
        shape = self._extended_shape(sample_shape)
        rows = self.probs.detach().reshape((-1, self._num_events))
        count = math.prod(shape[: len(shape) - len(self.batch_shape)])
        with no_grad():
            return multinomial(rows, count, True).T.reshape(shape)  # type: ignore[no-any-return]

    def log_prob(self, value: Tensor) -> Tensor:
        """log(probs[value])"""
        if self._validate_args:
            self._validate_sample(value)
        places, logits = broadcast_tensors(value.long().unsqueeze(-1), self.logits)
        return logits.gather(-1, places[..., :1]).squeeze(-1)

    def entropy(self) -> Tensor:
        """-sum over k of probs_k log(probs_k)"""
        logits = self.logits.clamp(min=finfo(self.logits.dtype).min)  # 0 log(0) is 0
        return -(logits * self.probs).sum(-1)  # type: ignore[no-any-return]

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """0 .. K - 1, (K, *batch_shape)."""
        values = arange(self._num_events).reshape((-1, *(1,) * len(self.batch_shape)))
        return values.expand((-1, *self.batch_shape)) if expand else values
