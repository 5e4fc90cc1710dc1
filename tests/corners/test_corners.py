"""Values, gradients and second gradients at special values, against PyTorch; and what is better here, against mpmath."""

from __future__ import annotations

import importlib
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from .exceptions import EXCEPTIONS
from .functions import cases
from .walk import Case, Difference, walk

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
lib = importlib.import_module("tinygrad_nn")
F = importlib.import_module("tinygrad_nn.nn.functional")

INF, NAN = float("inf"), float("nan")


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def walked() -> tuple[int, list[Difference]]:
    total, found = 0, []
    for case in cases():
        for dtype in ("float32", "float64"):
            count, differences = walk(torch, lib, case, dtype)
            total += count
            found += differences
    return total, found


def excuses(one: Difference) -> list[tuple[int, str]]:
    """The entries that explain a difference, each with the kind."""
    return [
        (k, one.kind)
        for k, (_, call, what, kinds) in enumerate(EXCEPTIONS)
        if one.kind in kinds.split() and re.search(call, one.case) and re.match(what, one.what)
    ]


def test_corners_are_pytorchs_or_explained(walked: tuple[int, list[Difference]]) -> None:
    total, found = walked
    assert total > 800_000
    left = defaultdict(list)
    for one in found:
        if not excuses(one):
            left[f"{one.case} {one.what} {one.kind}"].append(f"{one.dtype} {one.sample}")
    lines = [f"{name}: {len(samples)}, as {samples[-1]}" for name, samples in left.items()]
    assert not left, f"{len(lines)} kinds of difference:\n" + "\n".join(lines[:60])


def test_no_exception_is_idle(walked: tuple[int, list[Difference]]) -> None:
    used = {excuse for one in walked[1] for excuse in excuses(one)}
    idle = [
        (call, what, kind)
        for k, (_, call, what, kinds) in enumerate(EXCEPTIONS)
        for kind in kinds.split()
        if (k, kind) not in used
    ]
    assert not idle
    assert all(len(reason) > 20 for reason, *_ in EXCEPTIONS)


def test_the_walk_notices_a_wrong_rule() -> None:
    """A mask that multiplies, and a slope off by a part in 1e4."""
    points = np.array([-1.0, 2.0])
    assert not walk(torch, lib, Case("F.relu(x)", (points,)), "float64")[1]
    wrong = walk(
        torch, lib, Case("x * (x.detach() > 0) if lib.__name__ == 'torch' else F.relu(x)", (points,)), "float64"
    )[1]
    assert {one.what for one in wrong} == {"grad x at inf", "grad x at nan"}
    wrong = walk(torch, lib, Case("x * (1.0001 if lib.__name__ == 'torch' else 1.0)", (points,)), "float32")[1]
    assert {one.what for one in wrong} >= {"value", "grad x"}


# -- where PyTorch is no oracle ----------------------------------------------------------------------------

SMOOTH = {
    "gelu_tanh": (lambda x: F.gelu(x, approximate="tanh"), "x/2*(1+tanh(sqrt(2/pi)*(x+mpf('0.044715')*x**3)))"),
    "silu": (F.silu, "x/(1+exp(-x))"),
    "mish": (F.mish, "x*tanh(log1p(exp(x)))"),
    "logsigmoid": (F.logsigmoid, "-log1p(exp(-x))"),
    "softplus": (lambda x: F.softplus(x, threshold=1000.0), "log1p(exp(x))"),
    "softsign": (F.softsign, "x/(1+abs(x))"),
    "bce_with_logits": (
        lambda x: F.binary_cross_entropy_with_logits(x, lib.ones_like(x), reduction="none"), "log1p(exp(-x))",
    ),
    "elu": (F.elu, "x if x>0 else expm1(x)"),
    "logaddexp": (lambda x: lib.logaddexp(x, lib.zeros_like(x)), "log1p(exp(x))"),
}  # fmt: skip


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize(("dtype", "tolerance"), [(lib.float32, 3e-5), (lib.float64, 1e-12)])
def test_smooth_functions_keep_their_digits_far_out(name: str, dtype: Any, tolerance: float) -> None:
    """Value, slope and curvature relative to themselves."""
    mp = importlib.import_module("mpmath")
    function, text = SMOOTH[name]
    points = [-30.0, -20.0, -9.0, -6.0, -3.0, -1.0, -0.1, 0.1, 1.0, 3.0, 6.0, 9.0, 20.0, 30.0]
    x = lib.tensor(points, dtype=dtype, requires_grad=True)
    y = function(x)
    (first,) = lib.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = lib.autograd.grad(first.sum(), x)
    with mp.workdps(400):
        exact = lambda p: eval(text, {**vars(mp), "x": p})  # noqa: E731
        wanted = [[float(mp.diff(exact, mp.mpf(float(p)), n)) for p in x.detach().tolist()] for n in range(3)]
    for got, expected, order in zip((y, first, second), wanted, range(3), strict=True):
        want = np.array(expected)
        error = np.abs(got.detach().numpy().astype(float) - want)
        floor = 1e-45 if dtype is lib.float32 else 0.0
        bad = error > tolerance * np.abs(want) + floor
        assert not bad.any(), (order, np.array(points)[bad], got.detach().numpy()[bad], want[bad])


@pytest.mark.parametrize(
    ("function", "at", "slope"),
    [
        (lambda x: x.relu().sqrt(), -1.0, 0.0), (lambda x: x.clamp(0.0).sqrt(), -1.0, 0.0), (lambda x: lib.maximum(x, lib.zeros_like(x)).sqrt(), -1.0, 0.0),
        (lambda x: F.softshrink(x).abs().log(), 0.25, 0.0), (lambda x: F.hardshrink(x).abs().log(), 0.25, 0.0), (lambda x: F.hardtanh(x).sub(1.0).log(), 3.0, 0.0),
        (lambda x: F.threshold(x, 0.0, 0.0).sqrt(), -1.0, 0.0), (lambda x: F.relu6(x).sqrt(), -1.0, 0.0), (lambda x: F.dropout(x, 1.0).sqrt(), 2.0, 0.0),
        (lambda x: lib.stack([x, lib.zeros_like(x)]).amax(0).sqrt(), -1.0, 0.0), (lambda x: lib.cat([x, lib.zeros_like(x)]).max().sqrt(), -1.0, 0.0),
        (lambda x: F.max_pool1d(lib.cat([x, lib.zeros_like(x)])[None], 2).sqrt(), -1.0, 0.0), (lambda x: F.hardsigmoid(x).sqrt(), -5.0, 0.0), (lambda x: F.hardswish(x).sqrt(), -5.0, 0.0),
        (lambda x: x.nan_to_num(0.0).sqrt(), NAN, 0.0), (F.elu, -20.0, 2.061153618190204e-09), (lambda x: lib.logaddexp(x, x), 1e7, 1.0), (lambda x: 1e-10 / x, 1e-30, -1e50),
        (lambda x: 3e38 / x, 1e20, -0.03), (lambda x: F.cosine_similarity(lib.cat([x, x * 0.5]), lib.tensor([1.0, 1.0]), 0), 1e20, 0.0),
        (lambda x: lib.cat([x, -x]).std(), 1e20, 1.4142135), (lambda x: F.dropout(x, 1.0), INF, 0.0), (lambda x: x.var(correction=2), 1.0, 0.0),
    ],
)  # fmt: skip
def test_slopes_that_the_issue_of_corners_named(function: Any, at: float, slope: float) -> None:
    x = lib.tensor([at], requires_grad=True)
    function(x).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.float32(slope), rtol=2e-6, atol=1e-12)


@pytest.mark.parametrize("zero_infinity", [False, True])
def test_ctc_of_an_unreachable_target(zero_infinity: bool) -> None:
    """Three labels in two steps: the loss is infinite (or 0), and so is what PyTorch gives back."""
    found = []
    for one in (lib, torch):
        logits = one.tensor(np.cos(np.arange(24.0)).reshape(2, 3, 4), dtype=one.float64, requires_grad=True)
        loss = one.nn.functional.ctc_loss(
            logits.log_softmax(2), one.tensor([[1, 2, 3], [1, 2, 1], [2, 0, 0]]), one.tensor([2, 2, 2]),
            one.tensor([3, 3, 1]), reduction="none", zero_infinity=zero_infinity,
        )  # fmt: skip
        loss.sum().backward()
        found.append((np.asarray(loss.detach()), np.asarray(logits.grad)))
    for mine, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-6, atol=1e-9)
