"""What the samplers refuse, and in which words; PyTorch refuses each of them too.

One case a line, however long: the table is to be read down its columns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_nn.errors import ArgumentError, DTypeError, RandomError
from tinygrad_nn.generator import Generator

NAN, INF = float("nan"), float("inf")

# What is called -> (our call, PyTorch's call or None, class, text). PyTorch must refuse it too,
# with the builtin that our class derives from.
REFUSALS: list[tuple[Callable[[Generator], Any], str | None, type[Exception], str]] = [
    (lambda g: g.uniform(3, 2, 1), "e.uniform_(2, 1)", RandomError, "uniform: the range is empty\n  got: low=2, high=1"),
    (lambda g: g.uniform(0, 2, 1), "torch.empty(0).uniform_(2, 1)", RandomError, "range is empty"),
    (lambda g: g.uniform(3, NAN, 1), "e.uniform_(float('nan'), 1)", RandomError, "out of bounds.*\n  got: low=nan"),
    (lambda g: g.uniform(3, 0, INF), "e.uniform_(0, float('inf'))", RandomError, "out of bounds"),
    (lambda g: g.uniform(3, 0, 1e6, np.float16), "e.half().uniform_(0, 1e6)", RandomError, "stay within 65504"),
    (lambda g: g.uniform(3, -3e38, 3e38), "e.uniform_(-3e38, 3e38)", RandomError, "high - low"),
    (lambda g: g.uniform(-3), "torch.rand(-3)", RandomError, r"negative dimension\n  got: \(-3,\)"),
    (lambda g: g.uniform(3, dtype=np.int64), "torch.rand(3, dtype=torch.int64)", NotImplementedError, "uniform: .*continuous"),
    (lambda g: g.normal(3, dtype=int), "torch.randn(3, dtype=torch.int64)", NotImplementedError, "normal: .*\n  got: dtype int64"),
    (lambda g: g.normal(3, 0, -1), "e.normal_(0, -1)", RandomError, "std must not be negative\n  got: std=-1"),
    (lambda g: g.normal(3, 0, NAN), "e.normal_(0, float('nan'))", RandomError, "std=nan"),
    (lambda g: g.normal(None, np.zeros(3), -np.ones(3)), "torch.normal(torch.zeros(3), -torch.ones(3))", RandomError, "no std may be negative"),
    (lambda g: g.normal(None, np.zeros(3), np.ones(2)), "torch.normal(torch.zeros(3), torch.ones(2))", RandomError, r"do not broadcast\n  got: mean \(3,\), std \(2,\)"),
    (lambda g: g.normal(3, np.zeros(3)), None, ArgumentError, "sets shape and dtype"),
    (lambda g: g.log_normal(3, 0, 0), "e.log_normal_(0, 0)", RandomError, "std must be above 0"),
    (lambda g: g.exponential(3, 0), "e.exponential_(0)", RandomError, "rate must be above 0\n  got: rate=0"),
    (lambda g: g.exponential(3, -1), "e.exponential_(-1)", RandomError, "rate must be above 0"),
    (lambda g: g.cauchy(3, 0, -1), "e.cauchy_(0, -1)", RandomError, "sigma must be above 0"),
    (lambda g: g.randint(5, 5, 3), "torch.randint(5, 5, (3,))", RandomError, r"randint: the range \[low, high\) is empty\n  got: low=5, high=5"),
    (lambda g: g.randint(5, 5, 0), "torch.randint(5, 5, (0,))", RandomError, "is empty"),
    (lambda g: g.randint(0, 300, 3, np.uint8), "torch.randint(0, 300, (3,), dtype=torch.uint8)", RandomError, "out of bounds for the dtype.*\n.*\n  fix: stay within 0 .. 255"),
    (lambda g: g.randint(-1, 3, 3, np.uint8), "torch.randint(-1, 3, (3,), dtype=torch.uint8)", RandomError, "out of bounds"),
    (lambda g: g.randint(0, 3, 3, bool), "torch.randint(0, 3, (3,), dtype=torch.bool)", RandomError, "stay within 0 .. 1"),
    (lambda g: g.randint(0, 2**63, 3), "torch.randint(0, 2**63, (3,))", ArgumentError, "does not fit a 64-bit integer"),
    (lambda g: g.randint(0, 1.5, 3), "torch.randint(0, 1.5, (3,))", DTypeError, "randint: high must be an integer\n  got: 1.5"),  # type: ignore[arg-type]
    (lambda g: g.random_(3, 256, np.uint8), "torch.empty(3, dtype=torch.uint8).random_(256, None)", RandomError, "random_: the range"),
    (lambda g: g.random_(3, -(2**63), np.int32), "torch.empty(3, dtype=torch.int32).random_(-(2**63), None)", RandomError, "no 64-bit range"),
    (lambda g: g.randperm(-1), "torch.randperm(-1)", RandomError, "n must not be negative\n  got: n=-1"),
    (lambda g: g.randperm(2.5), "torch.randperm(2.5)", DTypeError, "randperm: n must be an integer"),  # type: ignore[arg-type]
    (lambda g: g.randperm(3, bool), "torch.randperm(3, dtype=torch.bool)", NotImplementedError, "randperm: no numbers of this type"),
    (lambda g: g.randperm(257, np.uint8), "torch.randperm(257, dtype=torch.uint8)", RandomError, "too large for the dtype"),
    (lambda g: g.randperm(2050, np.float16), "torch.randperm(2050, dtype=torch.float16)", RandomError, "n=2050, dtype float16"),
    (lambda g: g.bernoulli(1.5, 3), "e.bernoulli_(1.5)", RandomError, r"p must be in \[0, 1\]\n  got: p=1.5"),
    (lambda g: g.bernoulli(NAN, 3), "e.bernoulli_(float('nan'))", RandomError, "p=nan"),
    (lambda g: g.bernoulli(np.array([0.5, -0.1])), "torch.bernoulli(torch.tensor([0.5, -0.1]))", RandomError, "p=-0.1"),
    (lambda g: g.bernoulli(np.array([1, 0])), "torch.bernoulli(torch.tensor([1, 0]))", NotImplementedError, "bernoulli: p"),
    (lambda g: g.bernoulli(np.array([0.5, 0.5]), 3), "e.bernoulli_(torch.tensor([0.5, 0.5]))", RandomError, r"p does not broadcast.*\n  got: p \(2,\), shape \(3,\)"),
    (lambda g: g.dropout_mask(3, 1.5), "torch.nn.functional.dropout(e, 1.5)", ArgumentError, r"dropout: p must be in \[0, 1\]"),
    (lambda g: g.dropout_mask(3, -0.5), "torch.nn.functional.dropout(e, -0.5)", ArgumentError, "p=-0.5"),
    (lambda g: g.geometric(0, 3), "e.geometric_(0)", RandomError, r"geometric: p must be in \(0, 1\)"),
    (lambda g: g.geometric(1, 3), "e.geometric_(1)", RandomError, "p=1"),
    (lambda g: g.geometric(0.5, 3, bool), "e.bool().geometric_(0.5)", NotImplementedError, "geometric: no numbers"),
    (lambda g: g.multinomial(np.zeros(3), 1), "torch.multinomial(torch.zeros(3), 1)", RandomError, "weights of a row sum to zero"),
    (lambda g: g.multinomial(np.zeros(3), 2, True), "torch.multinomial(torch.zeros(3), 2, True)", RandomError, "sum to zero"),
    (lambda g: g.multinomial(np.ones(3), 4), "torch.multinomial(torch.ones(3), 4)", RandomError, "more draws than categories, without replacement\n  got: weights float64 \\(3,\\), n=4"),
    (lambda g: g.multinomial(np.ones(3), 0), "torch.multinomial(torch.ones(3), 0)", RandomError, "n must be above 0"),
    (lambda g: g.multinomial(np.array([1.0, -1.0]), 1), "torch.multinomial(torch.tensor([1.0, -1.0]), 1)", RandomError, "negative, infinite or NaN"),
    (lambda g: g.multinomial(np.array([1.0, INF]), 3, True), "torch.multinomial(torch.tensor([1.0, float('inf')]), 3, True)", RandomError, "infinite"),
    (lambda g: g.multinomial(np.array([1.0, NAN]), 1), "torch.multinomial(torch.tensor([1.0, float('nan')]), 1)", RandomError, "NaN"),
    (lambda g: g.multinomial(np.array([1, 2]), 1), "torch.multinomial(torch.tensor([1, 2]), 1)", RandomError, "weights are floats"),
    (lambda g: g.multinomial(np.ones((2, 2, 2)), 1), "torch.multinomial(torch.ones(2, 2, 2), 1)", RandomError, "one or two dimensions"),
    (lambda g: g.multinomial(np.ones(()), 1), "torch.multinomial(torch.tensor(1.0), 1)", RandomError, "one or two dimensions"),
    (lambda g: g.multinomial(np.ones(0), 1), "torch.multinomial(torch.ones(0), 1)", RandomError, "more draws than categories"),
    (lambda g: g.poisson(np.array([1.0, -1.0])), "torch.poisson(torch.tensor([1.0, -1.0]))", RandomError, "rate must not be negative\n  got: smallest rate -1.0"),
    (lambda g: g.poisson(np.array([NAN])), "torch.poisson(torch.tensor([float('nan')]))", RandomError, "negative"),
    (lambda g: g.poisson(np.array([1])), "torch.poisson(torch.tensor([1]))", NotImplementedError, "poisson"),
    (lambda g: g.manual_seed(1.5), "torch.Generator().manual_seed(1.5)", RandomError, "a seed is an integer\n  got: 1.5"),  # type: ignore[arg-type]
    (lambda g: g.manual_seed(True), "torch.Generator().manual_seed(True)", RandomError, "a seed is an integer"),
    (lambda g: g.manual_seed(2**64), "torch.Generator().manual_seed(2**64)", ArgumentError, "seed is out of range"),
    (lambda g: g.manual_seed(-(2**63) - 1), "torch.Generator().manual_seed(-2**63 - 1)", ArgumentError, "out of range"),
    (lambda g: g.set_state(np.zeros(3, np.uint8)), "torch.Generator().set_state(torch.zeros(3, dtype=torch.uint8))", RandomError, "a state has 5056 bytes\n  got: 3 bytes"),
    (lambda g: g.set_state(np.zeros(5056, np.uint8)), "torch.Generator().set_state(torch.zeros(5056, dtype=torch.uint8))", RandomError, "not a state of the Mersenne Twister"),
    (lambda g: g.set_state(np.zeros(5056)), "torch.Generator().set_state(torch.zeros(5056))", DTypeError, "made of bytes"),
    (lambda g: Generator("cuda"), "torch.Generator('nonsense')", RandomError, "only the CPU draws numbers here\n  got: device cuda"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(REFUSALS)), ids=lambda i: str(REFUSALS[i][1] or i))
def test_refusals(case: int) -> None:
    call, _, kind, text = REFUSALS[case]
    g = Generator().manual_seed(1)
    before = g.get_state()
    with pytest.raises(kind, match=text):
        call(g)
    np.testing.assert_array_equal(g.get_state(), before)  # nothing was drawn


@pytest.mark.parametrize("case", range(len(REFUSALS)), ids=lambda i: str(REFUSALS[i][1] or i))
def test_pytorch_refuses_the_same_with_the_same_builtin(case: int) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    _, theirs, kind, _ = REFUSALS[case]
    if theirs is None:
        pytest.skip("the call has no counterpart in PyTorch")
    builtin = next(c for c in kind.__mro__ if c.__module__ == "builtins")
    with pytest.raises(builtin):
        eval(theirs, {"torch": torch, "e": torch.empty(3)})
