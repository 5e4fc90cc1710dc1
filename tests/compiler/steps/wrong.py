"""Values that must be refused as the eager step refuses them."""

from __future__ import annotations

from functools import partial
from typing import Any

import tinygrad_nn as tg
from tests.compiler.steps.scene import Scene, step
from tinygrad_nn import nn
from tinygrad_nn.nn import functional as F


def wrong(name: str, make: Any, good: Any, bad: Any) -> None:
    """Good arguments, and from call 15 on some that must be refused as the eager step refuses them."""

    @step(f"wrong/{name}")
    def build(compile: Any) -> Scene:
        run = compile(tg.no_grad()(make()))
        return Scene(run, [good()] * 15 + [bad()] * 5, [])


wrong(
    "bce-target",
    lambda: lambda y, t: F.binary_cross_entropy(y, t),
    lambda: (tg.full((3,), 0.5), tg.ones(3)),
    lambda: (tg.full((3,), 0.5), tg.ones(3) * 2),
)
wrong(
    "bce-input",
    lambda: lambda y, t: F.binary_cross_entropy(y, t),
    lambda: (tg.full((3,), 0.5), tg.ones(3)),
    lambda: (tg.full((3,), 1.5), tg.ones(3)),
)
wrong("embedding", lambda: nn.Embedding(3, 2), lambda: (tg.tensor([0, 2]),), lambda: (tg.tensor([0, 3]),))
wrong("embedding-negative", lambda: nn.Embedding(3, 2), lambda: (tg.tensor([0, 2]),), lambda: (tg.tensor([0, -1]),))
wrong(
    "cross-entropy",
    lambda: F.cross_entropy,
    lambda: (tg.ones(2, 3), tg.tensor([0, 2])),
    lambda: (tg.ones(2, 3), tg.tensor([0, 3])),
)
wrong(
    "cross-entropy-images",
    lambda: F.cross_entropy,
    lambda: (tg.ones(2, 3, 2), tg.tensor([[0, 2]] * 2)),
    lambda: (tg.ones(2, 3, 2), tg.tensor([[0, 3]] * 2)),
)
wrong(
    "cross-entropy-smoothed",
    lambda: partial(F.cross_entropy, label_smoothing=0.1),
    lambda: (tg.ones(2, 3), tg.tensor([0, 2])),
    lambda: (tg.ones(2, 3), tg.tensor([0, 3])),
)
wrong(
    "nll", lambda: F.nll_loss, lambda: (tg.ones(2, 3), tg.tensor([0, 2])), lambda: (tg.ones(2, 3), tg.tensor([0, -1]))
)
wrong("one-hot", lambda: lambda t: F.one_hot(t, 3), lambda: (tg.tensor([0, 2]),), lambda: (tg.tensor([0, 3]),))
wrong(
    "gather",
    lambda: lambda x, i: x.gather(0, i),
    lambda: (tg.ones(3), tg.tensor([0, 2])),
    lambda: (tg.ones(3), tg.tensor([0, 3])),
)
wrong(
    "index", lambda: lambda x, i: x[i], lambda: (tg.ones(3), tg.tensor([0, 2])), lambda: (tg.ones(3), tg.tensor([0, 3]))
)
wrong(
    "index-negative",
    lambda: lambda x, i: x[i],
    lambda: (tg.ones(3), tg.tensor([0, -2])),
    lambda: (tg.ones(3), tg.tensor([0, -4])),
)
wrong(
    "gaussian-variance",
    lambda: F.gaussian_nll_loss,
    lambda: (tg.ones(3), tg.ones(3), tg.ones(3)),
    lambda: (tg.ones(3), tg.ones(3), -tg.ones(3)),
)
wrong(
    "bincount",
    lambda: lambda t: tg.bincount(t, minlength=3),
    lambda: (tg.tensor([0, 2]),),
    lambda: (tg.tensor([0, -1]),),
)
wrong("cholesky", lambda: tg.linalg.cholesky, lambda: (tg.eye(2),), lambda: (-tg.eye(2),))
wrong("inverse", lambda: tg.linalg.inv, lambda: (tg.eye(2),), lambda: (tg.zeros(2, 2),))
wrong("multinomial", lambda: lambda p: tg.multinomial(p, 2), lambda: (tg.ones(3),), lambda: (-tg.ones(3),))
wrong("bernoulli", lambda: tg.bernoulli, lambda: (tg.ones(3),), lambda: (tg.ones(3) * 2,))
wrong("normal", lambda: lambda s: tg.normal(0.0, s), lambda: (tg.ones(3),), lambda: (-tg.ones(3),))
