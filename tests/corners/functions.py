"""The functions, and the special values that they are given."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from .walk import Case

INF, NAN = float("inf"), float("nan")

POINTS = [
    0.0,
    -0.0,
    INF,
    -INF,
    NAN,
    1.0,
    -1.0,
    2.0,
    -2.0,
    0.5,
    -0.5,
    0.3,
    -0.7,
    2.5,
    3.0,
    -3.0,
    6.0,
    -6.0,
    1e-30,
    -1e-30,
    1e-42,
    -1e-42,
    1e-8,
    -1e-8,
    1e-3,
    -1e-3,
    1e20,
    -1e20,
    3e38,
    -3e38,
    9.0,
    -9.0,
    20.0,
    -20.0,
    88.0,
    -88.0,
    104.0,
    -104.0,
    1000.0,
    -1000.0,
    4.0,
    -15.0,
    30.0,
]
PAIR = [0.0, -0.0, INF, -INF, NAN, 1.0, -1.0, 2.0, 0.5, -3.0, 1e-30, -1e-42, 1e20, -3e38, 1e7, 700.0, -20.0]

UNARY = [
    *[f"lib.{name}(x)" for name in ["abs", "neg", "sign", "square", "sqrt", "rsqrt", "reciprocal", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "sigmoid", "erf", "erfinv", "relu", "ceil", "floor", "trunc", "round", "frac", "nan_to_num", "positive", "isnan"]],
    "lib.nan_to_num(x, 1.0, 2.0, 3.0)", "lib.round(x, decimals=1)",
    "lib.clamp(x, -1.0, 1.0)", "lib.clamp(x, 0.0)", "lib.clamp(x, max=0.5)", "lib.clamp(x, 2.0, 1.0)", "lib.clamp(x, nan, 1.0)",
    *[f"x ** {p}" for p in ("0", "1", "2", "3", "4", "0.5", "-0.5", "1.5", "2.5", "-1", "-2", "0.0", "1.0", "2.0", "-1.5", "inf", "nan")],
    *[f"{b} ** x" for b in ("0.0", "1.0", "2.0", "0.5", "(-2.0)", "inf", "nan")],
    "x * 2.0", "x * 0.0", "2.0 / x", "x / 2.0", "x / 0.0", "0.0 / x", "x + 1.0", "1.0 - x", "x % 2.0", "x % -0.5", "lib.fmod(x, 2.0)",
    "-x", "x * x", "x / x", "x - x", "x + x",
]  # fmt: skip
ACTIVATIONS = [
    "F.relu(x)", "F.relu6(x)", "F.leaky_relu(x)", "F.leaky_relu(x, 0.0)", "F.leaky_relu(x, -0.5)", "F.hardtanh(x)", "F.hardtanh(x, -2.0, 0.5)",
    "F.threshold(x, 0.5, 7.0)", "F.threshold(x, 0.0, -inf)", "F.elu(x)", "F.elu(x, 0.5)", "F.elu(x, 2.0)", "F.celu(x)", "F.celu(x, 0.5)", "F.celu(x, 2.0)", "F.celu(x, -1.0)", "F.selu(x)",
    "F.sigmoid(x)", "F.logsigmoid(x)", "F.tanh(x)", "F.gelu(x)", "F.gelu(x, approximate='tanh')", "F.silu(x)", "F.mish(x)",
    "F.hardsigmoid(x)", "F.hardswish(x)", "F.softplus(x)", "F.softplus(x, 2.0)", "F.softplus(x, 0.5, 3.0)", "F.softsign(x)", "F.tanhshrink(x)",
    "F.softshrink(x)", "F.softshrink(x, 0.0)", "F.softshrink(x, 2.0)", "F.hardshrink(x)", "F.hardshrink(x, 0.0)", "F.hardshrink(x, 2.0)",
]  # fmt: skip
BINARY = [
    "x + y", "x - y", "x * y", "x / y", "x ** y", "lib.maximum(x, y)", "lib.minimum(x, y)", "lib.atan2(x, y)", "lib.logaddexp(x, y)", "lib.fmod(x, y)",
    "x % y", "lib.where(x > 0, x, y)", "lib.where(x == y, x, y)", "lib.clamp(x, min=y)", "lib.clamp(x, max=y)", "lib.lerp(x, y, 0.25)", "lib.lerp(x, y, 0.75)",
    "lib.addcmul(x, x, y)", "lib.addcdiv(x, y, x)", "lib.div(x, y, rounding_mode='trunc')", "x.masked_fill(y > 0, 2.0)", "lib.max(x, y)",
    "lib.add(x, y, alpha=2.0)", "lib.stack([x, y], 1).amax(1)", "lib.stack([x, y], 1).logsumexp(1)",
]  # fmt: skip
LOSSES = [
    "F.mse_loss(x, y, reduction='none')", "F.l1_loss(x, y, reduction='none')", "F.smooth_l1_loss(x, y, reduction='none')",
    "F.smooth_l1_loss(x, y, reduction='none', beta=0.5)", "F.smooth_l1_loss(x, y, reduction='none', beta=0.0)",
    "F.huber_loss(x, y, reduction='none')", "F.huber_loss(x, y, reduction='none', delta=0.5)",
    "F.kl_div(x, y, reduction='none')", "F.kl_div(x, y, reduction='none', log_target=True)", "F.poisson_nll_loss(x, y, reduction='none')",
    "F.poisson_nll_loss(x, y, reduction='none', log_input=False)", "F.poisson_nll_loss(x, y, reduction='none', full=True)",
    "F.binary_cross_entropy_with_logits(x, y, reduction='none')",
]  # fmt: skip
UNIT = [0.0, 1.0, 0.5, 1e-30, 1e-8, 1e-42, 0.9999999, 0.25]
SIGNED = [
    "F.hinge_embedding_loss(x, y, reduction='none')",
    "F.hinge_embedding_loss(x, y, 0.0, reduction='none')",
    "F.soft_margin_loss(x, y, reduction='none')",
]

ROWS = [
    [0.0, 0.0, 0.0], [1.0, 1.0, 1.0], [1.0, 2.0, 3.0], [-1.0, -1.0, 0.5], [0.0, -0.0, 0.0], [INF, 1.0, 2.0], [-INF, 1.0, 2.0], [INF, -INF, 0.0],
    [INF, INF, 1.0], [-INF, -INF, -INF], [NAN, 1.0, 0.0], [1.0, NAN, 2.0], [0.0, 2.0, NAN], [NAN, NAN, NAN], [1e20, -1e20, 1e20], [1e-40, 1e20, -1e20], [1e-30, 2e-30, -1e-30],
    [1e-42, 0.0, 1e-42], [3e38, 3e38, 3e38], [0.0, 0.0, 2.0], [2.0, 0.0, 3.0], [1000.0, -1000.0, 999.0], [1e7, 1e7, 1e7], [88.0, 89.0, -104.0], [3.0, 4.0, 0.0], [0.0, -INF, 0.0], [INF, 0.0, 2.0], [0.0, 3.0, INF],
    [NAN, 2.0, 3.0], [INF, 2.0, 3.0], [2.0, INF, 3.0], [2.0, 3.0, NAN],
]  # fmt: skip
REDUCTIONS = [
    *[f"x.{name}(-1)" for name in ["sum", "mean", "prod", "amax", "amin", "logsumexp", "softmax", "log_softmax", "cumsum", "cumprod", "std", "var"]],
    *[f"lib.{name}(x, -1)" for name in ["max", "min", "median", "mode", "sort", "cummax"]], "lib.sort(x, -1, descending=True)", "lib.topk(x, 2, -1)", "lib.topk(x, 2, -1, largest=False)",
    "lib.std(x, -1, correction=0)", "lib.var(x, -1, correction=0)", "lib.var(x, -1, correction=2)", "lib.std(x, -1, correction=2)", "lib.var(x, -1, correction=3)", "lib.std(x, -1, correction=3)",
    "lib.var(x, -1, correction=4)", "lib.var_mean(x, -1)", "lib.var(x[:, :1], -1)", "lib.var(x[:, :1], -1, correction=2)", "lib.std(x[:, :1], -1, correction=2)",
    *[f"lib.linalg.vector_norm(x, {p}, -1)" for p in ("0", "0.5", "1", "1.5", "2", "2.5", "3", "inf", "-inf", "-1", "-2")],
    "F.softmin(x, -1)", "F.normalize(x, dim=-1)", "F.normalize(x, p=1.0, dim=-1)", "F.normalize(x, p=inf, dim=-1)", "F.glu(lib.cat([x, x], 1), -1)",
    "F.layer_norm(x, (3,))", "F.rms_norm(x, (3,))", "F.rms_norm(x, (3,), eps=1e-6)", "F.group_norm(x, 1)",
    "F.max_pool1d(x[:, None], 2)", "F.max_pool1d(x[:, None], 2, 1)", "F.max_pool1d(x[:, None], 3, 1, 1)", "F.max_pool1d(x[:, None], 2, 2, 1)", "F.max_pool1d(x[:, None], 3, 2, 1, return_indices=True)",
    "F.max_pool2d(x[:, None, None], (1, 2), 1)", "F.max_pool2d(x[:, None, None], (1, 3), 1, (0, 1))", "F.avg_pool1d(x[:, None], 2, 1, 1)", "F.adaptive_max_pool1d(x[:, None], 2)", "F.adaptive_avg_pool1d(x[:, None], 2)",
    "F.cross_entropy(x, lib.zeros(len(x), dtype=lib.int64), reduction='none')", "F.cross_entropy(x, lib.zeros(len(x), dtype=lib.int64), reduction='none', label_smoothing=0.1)",
    "F.nll_loss(x, lib.zeros(len(x), dtype=lib.int64), reduction='none')", "F.nll_loss(x, lib.ones(len(x), dtype=lib.int64) * -100, reduction='none')",
    "F.cross_entropy(x, lib.ones(len(x), dtype=lib.int64) * -100, reduction='none')",
    "x.abs().sum(-1)", "x.relu().sqrt().sum(-1)", "x.clamp(0).sqrt().sum(-1)", "F.hardshrink(x).abs().sqrt().sum(-1)", "x.nan_to_num().sum(-1)",
]  # fmt: skip
ROW_PAIRS = [
    "F.cosine_similarity(x, y, -1)", "F.pairwise_distance(x, y)", "F.pairwise_distance(x, y, 1.0)", "F.pairwise_distance(x, y, inf)", "lib.cdist(x[:, None], y[:, None])", "lib.cdist(x[:, None], y[:, None], p=1.0)",
    "lib.cdist(x[:, None], y[:, None], p=3.0)", "lib.cdist(x[:, None], y[:, None], p=inf)", "lib.cdist(x[:, None], y[:, None], p=0.0)",
    "F.cosine_embedding_loss(x, y, lib.ones(len(x)), reduction='none')", "F.cosine_embedding_loss(x, y, -lib.ones(len(x)), reduction='none')", "F.triplet_margin_loss(x, y, x, reduction='none')",
    "F.triplet_margin_loss(x, y, y * 2, reduction='none')", "F.triplet_margin_loss(x, y, y * 2, reduction='none', swap=True)", "F.cross_entropy(x, y, reduction='none')",
]  # fmt: skip
PAIR_ROWS = [ROWS[k] for k in (0, 1, 2, 3, 5, 7, 10, 14, 16, 17, 24)]


def _grid(first: list[Any], second: list[Any]) -> tuple[Any, Any]:
    pairs = list(product(first, second))
    return np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])


def cases() -> Iterator[Case]:
    points = np.array(POINTS)
    for text in (*UNARY, *ACTIVATIONS):
        yield Case(text, (points,))
    for text in (*BINARY, *LOSSES):
        yield Case(text, _grid(PAIR, PAIR), rows="logsumexp" in text)
    for text in SIGNED:
        yield Case(text, _grid(POINTS, [1.0, -1.0]), constant="y")
    yield Case("F.binary_cross_entropy(x, y, reduction='none')", _grid(UNIT, UNIT))
    yield Case("F.binary_cross_entropy_with_logits(x, y, reduction='none')", _grid(POINTS, UNIT))
    yield Case(
        "F.binary_cross_entropy_with_logits(x, y, reduction='none', pos_weight=lib.tensor(3.0, dtype=x.dtype))",
        _grid(POINTS, UNIT),
    )
    yield Case("F.margin_ranking_loss(x, y, lib.ones_like(x), reduction='none')", _grid(PAIR, PAIR))
    yield Case("F.margin_ranking_loss(x, y, -lib.ones_like(x), 0.5, reduction='none')", _grid(PAIR, PAIR))
    x, y = _grid(PAIR, [0.0, 0.25, -1.0, INF, NAN, 1e-30])
    yield Case("F.prelu(x[:, None], y.detach()[:1]).reshape(-1)", (x, y))
    yield Case("lib.where(x > 0, x, y * x)", (x, y))
    x, y = _grid(PAIR, [0.0, 1.0, 1e-30, 1e-8, 2.0, 1e20, INF, NAN])
    yield Case("F.gaussian_nll_loss(x, lib.zeros_like(x), y, reduction='none')", (x, y))
    x, y = _grid(PAIR, [0.0, 1.0, 2.0, NAN])
    yield Case("lib.clamp(x, y, y)", (x, y))
    yield Case("lib.clamp(x, lib.zeros_like(y), y)", (x, y))
    rows = np.array(ROWS)
    for text in REDUCTIONS:
        yield Case(text, (rows,), rows=True)
    for text in ROW_PAIRS:
        yield Case(text, _grid(PAIR_ROWS, PAIR_ROWS), rows=True)
