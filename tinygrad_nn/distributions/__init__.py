"""Probability distributions over tensors: draw, score, and differentiate both.

Reading order: `constraints` (what a parameter or a value may be), `distribution` (the base class),
`normal`, `uniform`, `bernoulli`, `categorical`, `kl`. Equal seeds give PyTorch's samples.

>>> import tinygrad_nn as tg
>>> from tinygrad_nn.distributions import Categorical
>>> policy = Categorical(logits=tg.tensor([0.0, 1.0, 2.0], requires_grad=True))
>>> action = policy.sample()
>>> loss = -policy.log_prob(action) * 3.0  # REINFORCE: a reward of 3
>>> loss.backward()
"""

from tinygrad_nn.distributions import constraints, kl
from tinygrad_nn.distributions.bernoulli import Bernoulli
from tinygrad_nn.distributions.categorical import Categorical
from tinygrad_nn.distributions.distribution import Distribution
from tinygrad_nn.distributions.kl import kl_divergence, register_kl
from tinygrad_nn.distributions.normal import Normal
from tinygrad_nn.distributions.uniform import Uniform

__all__ = [
    "Bernoulli",
    "Categorical",
    "Distribution",
    "Normal",
    "Uniform",
    "constraints",
    "kl",
    "kl_divergence",
    "register_kl",
]
