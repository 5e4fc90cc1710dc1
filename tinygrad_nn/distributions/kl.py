"""The Kullback-Leibler divergence, by a table of pairs of distributions that the user may extend."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from tinygrad_nn.distributions.bernoulli import Bernoulli
from tinygrad_nn.distributions.categorical import Categorical
from tinygrad_nn.distributions.distribution import Distribution
from tinygrad_nn.distributions.normal import Normal
from tinygrad_nn.distributions.uniform import Uniform
from tinygrad_nn.errors import DTypeError, message
from tinygrad_nn.functions.fill import full_like
from tinygrad_nn.ops.elementwise import log_sigmoid
from tinygrad_nn.tensor import Tensor

__all__ = ["kl_divergence", "register_kl"]

Formula = TypeVar("Formula", bound=Callable[[Any, Any], Any])

_FORMULAS: dict[tuple[type, type], Callable[[Any, Any], Any]] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Formula], Formula]:
    """Say by which function `kl_divergence` of these two classes (and their subclasses) is computed.

    The most specific pair wins; where two are equally specific, that of the left class (with a RuntimeWarning).
    Raises TypeError for what is not a class of distributions.

    >>> class Point(Normal):
    ...     pass
    >>> @register_kl(Point, Normal)
    ... def _(p, q):
    ...     return -q.log_prob(p.loc)
    >>> kl_divergence(Point(0.0, 1.0), Normal(0.0, 1.0))
    tensor(0.9189)
    """
    for word, given in (("type_p", type_p), ("type_q", type_q)):
        if not (isinstance(given, type) and issubclass(given, Distribution)):
            raise DTypeError(message(f"register_kl: Expected {word} to be a Distribution subclass", got=repr(given)))

    def decorator(formula: Formula) -> Formula:
        _FORMULAS[type_p, type_q] = formula
        return formula

    return decorator


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """KL(p || q), the integral of p log(p / q), of the batches' common shape.

    Differentiable in the parameters of both; infinite where p has values that q has not.
    Raises NotImplementedError for a pair without a formula. (Kullback and Leibler, 1951)

    >>> kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0))
    tensor(0.5000)
    """
    found: Tensor = _formula(type(p), type(q))(p, q)
    return found


def _formula(p: type, q: type) -> Callable[[Any, Any], Any]:
    """The formula of the most specific pair of classes that these two belong to."""
    pairs = [pair for pair in _FORMULAS if issubclass(p, pair[0]) and issubclass(q, pair[1])]
    if not pairs:
        raise NotImplementedError(
            message(
                "kl_divergence: there is no formula for this pair",
                got=f"{p.__name__}, {q.__name__}",
                fix=f"@register_kl({p.__name__}, {q.__name__}), or an estimate: (p.log_prob(x) - q.log_prob(x)).mean() "
                "over x = p.sample((1000,))",
            )
        )
    distance = {(a, b): (p.__mro__.index(a), q.__mro__.index(b)) for a, b in pairs}
    left = min(pairs, key=lambda pair: distance[pair])
    right = min(pairs, key=lambda pair: distance[pair][::-1])
    if _FORMULAS[left] is not _FORMULAS[right]:
        warnings.warn(
            f"Ambiguous kl_divergence({p.__name__}, {q.__name__}). Please register_kl({left[0].__name__}, "
            f"{right[1].__name__})",
            RuntimeWarning,
            stacklevel=3,
        )
    return _FORMULAS[left]


@register_kl(Normal, Normal)
def _normal_normal(p: Normal, q: Normal) -> Any:
    """((s_p / s_q)^2 + ((m_p - m_q) / s_q)^2 - 1) / 2 - log(s_p / s_q)"""
    ratio = (p.scale / q.scale) ** 2
    shift = ((p.loc - q.loc) / q.scale) ** 2
    return 0.5 * (ratio + shift - 1 - ratio.log())


@register_kl(Uniform, Uniform)
def _uniform_uniform(p: Uniform, q: Uniform) -> Any:
    """log of the ratio of the widths; infinite unless q covers p."""
    ratio = ((q.high - q.low) / (p.high - p.low)).log()
    return ratio.masked_fill((q.low > p.low) | (q.high < p.high), math.inf)


@register_kl(Bernoulli, Bernoulli)
def _bernoulli_bernoulli(p: Bernoulli, q: Bernoulli) -> Any:
    """The two terms P log(P / Q), of 1 and of 0."""
    ones = _term(p.probs, p.logits, q.probs, q.logits)
    return ones + _term(1 - p.probs, -p.logits, 1 - q.probs, -q.logits)


def _term(p: Any, p_logits: Any, q: Any, q_logits: Any) -> Any:
    """p log(p / q): 0 for p = 0, infinite for q = 0 beside it."""
    term = p * (log_sigmoid(p_logits) - log_sigmoid(q_logits))
    return term.masked_fill(q == 0, math.inf).masked_fill(p == 0, 0.0)


@register_kl(Categorical, Categorical)
def _categorical_categorical(p: Categorical, q: Categorical) -> Any:
    """The sum over classes of P log(P / Q)."""
    terms = p.probs * (p.logits - q.logits)
    return terms.masked_fill(q.probs == 0, math.inf).masked_fill(p.probs == 0, 0.0).sum(-1)


@register_kl(Normal, Uniform)
def _normal_uniform(p: Normal, q: Uniform) -> Any:
    """Infinite: a normal has values everywhere."""
    return full_like(p.loc + q.low, math.inf)


@register_kl(Uniform, Normal)
def _uniform_normal(p: Uniform, q: Normal) -> Any:
    """-entropy of p + log(s_q sqrt(2 pi)) + E[(x - m_q)^2] / (2 s_q^2)"""
    width = p.high - p.low
    second = (width**2 / 12 + ((p.high + p.low) / 2 - q.loc) ** 2) / (2 * q.scale**2)
    return (q.scale * math.sqrt(2 * math.pi) / width).log() + second
