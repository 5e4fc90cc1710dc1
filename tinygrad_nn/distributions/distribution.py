"""Distribution: batch and event shapes, checks of parameters and values, and what all have in common."""

from __future__ import annotations

from copy import copy
from typing import Any, NoReturn, TypeVar

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.creation import tensor
from tinygrad_nn.distributions.constraints import Constraint
from tinygrad_nn.dtypes import get_default_dtype
from tinygrad_nn.errors import ArgumentError, DTypeError, message
from tinygrad_nn.functions.broadcast import broadcast_tensors
from tinygrad_nn.placement import Size
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.tensor import Tensor

__all__ = ["Distribution", "broadcast_all", "number_or_tensor"]

Self = TypeVar("Self", bound="Distribution")


class Distribution:
    """Base class of all distributions.

    batch_shape: the shape of the parameters: so many distributions side by side
    event_shape: the shape of one draw of one of them
    arg_constraints: by parameter, what it may be; support: what a value may be
    validate_args: check parameters and values (ValueError for those that do not fit); if None, as
        `set_default_validate_args` says (at first: yes, unless Python runs with -O)

    To make one: set the parameters as attributes (all broadcast to one shape), name them in `parameters`,
    call `super().__init__(batch_shape, event_shape, validate_args)`, and write `sample` or `rsample`, and
    `log_prob`.
    """

    has_rsample = False
    has_enumerate_support = False
    arg_constraints: dict[str, Constraint] = {}
    parameters: tuple[str, ...] = ()
    """The attributes that have the batch's shape (and the event's behind it, for those in `over_events`)."""
    over_events: tuple[str, ...] = ()
    _validate_args: bool = __debug__

    def __init__(
        self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None
    ) -> None:  # fmt: skip
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            for name, constraint in self.arg_constraints.items():
                if name in self.__dict__:
                    self._check_parameter(name, constraint)

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether distributions made from now on check their parameters and values."""
        if value not in (True, False):
            raise ArgumentError(message("set_default_validate_args: True or False", got=repr(value)))
        Distribution._validate_args = value

    def _check_parameter(self, name: str, constraint: Constraint) -> None:
        value = getattr(self, name)
        if not constraint.allows(value.array).all():
            raise ArgumentError(
                f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution "
                + message(
                    f"{self!r} to satisfy the constraint {constraint!r}, but found invalid values:\n{value}",
                    fix=_FIXES.get(constraint.name, "look at what computed them: is there a NaN?"),
                )
            )

    # -- shapes ------------------------------------------------------------------------------------

    @property
    def batch_shape(self) -> Size:
        """How many distributions there are side by side."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one draw of one of them."""
        return self._event_shape

    def expand(self: Self, batch_shape: Any, _instance: Any = None) -> Self:
        """The same distribution, repeated to a larger batch; no memory is copied.

        Raises RuntimeError where the batch does not expand to `batch_shape`.
        """
        new = copy(self) if _instance is None else _instance
        new._batch_shape = self._shape_of(batch_shape, "expand: batch_shape")
        for name in self.parameters:
            if name in self.__dict__:
                tail = tuple(getattr(self, name).shape[-1:]) if name in self.over_events else ()
                new.__dict__[name] = getattr(self, name).expand((*new._batch_shape, *tail))
        return new

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        """The shape of `sample(sample_shape)`."""
        return Size((*self._shape_of(sample_shape, "sample_shape"), *self._batch_shape, *self._event_shape))

    def _shape_of(self, shape: Any, what: str) -> Size:
        try:
            return Size(tuple(shape))
        except TypeError:
            raise DTypeError(
                message(
                    f"{type(self).__name__}: {what} must be a tuple of integers", got=repr(shape), fix=f"({shape},)"
                )
            ) from None

    # -- what a distribution has -------------------------------------------------------------------

    @property
    def support(self) -> Constraint:
        """What its values may be."""
        self._has_no("support")

    @property
    def mean(self) -> Tensor:
        """The mean, of the batch's shape."""
        self._has_no("mean")

    @property
    def mode(self) -> Tensor:
        """The likeliest value."""
        self._has_no("mode")

    @property
    def variance(self) -> Tensor:
        """The variance, of the batch's shape."""
        self._has_no("variance")

    @property
    def stddev(self) -> Tensor:
        """The standard deviation: the square root of the variance."""
        return self.variance.sqrt()  # type: ignore[no-any-return]

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws of shape sample_shape + batch_shape + event_shape, without a gradient."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws as a differentiable function of the parameters and of noise (the reparametrisation trick)."""
        self._has_no(
            "rsample", "sample(), and the gradient of log_prob(value) times what is to be minimised (REINFORCE)"
        )

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability, or of its density, at `value`."""
        self._has_no("log_prob")

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of a draw of at most `value`."""
        self._has_no("cdf")

    def icdf(self, value: Tensor) -> Tensor:
        """The quantile: where `cdf` reaches `value`."""
        self._has_no("icdf")

    def entropy(self) -> Tensor:
        """The entropy in nats, of the batch's shape."""
        self._has_no("entropy")

    def perplexity(self) -> Tensor:
        """exp of the entropy."""
        return self.entropy().exp()  # type: ignore[no-any-return]

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values that a discrete distribution may take, (values, *batch_shape); with expand=False ones for the batch."""
        self._has_no("enumerate_support")

    def _has_no(self, name: str, fix: str | None = None) -> NoReturn:
        raise NotImplementedError(message(f"{type(self).__name__} has no {name}", fix=fix))

    # -- values ------------------------------------------------------------------------------------

    def _validate_sample(self, value: Any) -> None:
        """ValueError unless `value` is a tensor that broadcasts with the batch, of values in the support."""
        name = type(self).__name__
        if type(value) not in TYPES:
            raise ArgumentError(
                message(
                    f"{name}: The value argument to log_prob must be a Tensor",
                    got=type(value).__name__,
                    fix="tensor(value)",
                )
            )
        expected = (*self._batch_shape, *self._event_shape)
        for a, b in zip(reversed(value.shape), reversed(expected)):
            if a != b and 1 not in (a, b):
                raise ArgumentError(
                    message(
                        f"{name}: Value is not broadcastable with batch_shape+event_shape",
                        got=f"{tuple(value.shape)} vs {expected}",
                        fix="values of sample_shape + batch_shape",
                    )
                )
        if not self.support.allows(value.array).all():
            raise ArgumentError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) to be within the support "
                + message(
                    f"({self.support!r}) of the distribution {self!r}, but found invalid values:\n{value}",
                    fix="validate_args=False gives what the formula gives there",
                )
            )

    def __repr__(self) -> str:
        shown = [name for name in self.arg_constraints if name in self.__dict__]
        parts = [f"{name}: {_brief(getattr(self, name))}" for name in shown]
        return f"{type(self).__name__}({', '.join(parts)})"


_FIXES = {
    "GreaterThan(lower_bound=0.0)": "make it positive: x.exp(), or F.softplus(x)",
    "Interval(lower_bound=0.0, upper_bound=1.0)": "pass logits=x for what a network gives, or probs=x.sigmoid()",
    "Simplex()": "probabilities are not negative; pass logits=x for what a network gives, or probs=x.softmax(-1)",
}


def _brief(value: Any) -> str:
    """A number, or the shape of many."""
    return f"{value}" if value.numel() == 1 else f"torch.Size({list(value.shape)})"


def number_or_tensor(name: str, **values: Any) -> None:
    """ValueError unless each is a number or a tensor."""
    for word, value in values.items():
        if type(value) not in TYPES and not isinstance(value, bool | int | float):
            raise ArgumentError(
                message(
                    f"{name}: Input arguments must all be instances of Number or Tensor",
                    got=f"{word}: {type(value).__name__}",
                    fix=f"{word}=tensor({word})",
                )
            )


def broadcast_all(*values: Any) -> tuple[Any, ...]:
    """Numbers and tensors as tensors of one shape; numbers take the first tensor's dtype (or the default one)."""
    dtype = next((value.dtype for value in values if type(value) in TYPES), get_default_dtype())
    given = [value if type(value) in TYPES else tensor(value, dtype=dtype) for value in values]
    return broadcast_tensors(*given)
