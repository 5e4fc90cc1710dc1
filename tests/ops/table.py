"""One entry per primitive: calls that together reach every branch of its rules.

The keys are those of the registry; `test_gradients.py` fails for a primitive without an entry.
An entry is a list of `case(...)`: float64 arrays become leaves that require grad, the rest is
passed as it is. Primitives without rules are listed in NO_GRADIENT with a call and NumPy's answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_nn.generator import Generator

rng = np.random.default_rng(20)


def real(*shape: int) -> Any:
    """Normal numbers, none within 0.1 of zero or of each other's magnitude by chance."""
    x = rng.standard_normal(shape)
    return x + 0.1 * np.sign(x)


def positive(*shape: int) -> Any:
    return rng.uniform(0.5, 2.0, shape)


def unit(*shape: int) -> Any:
    return rng.uniform(-0.8, 0.8, shape)


def distinct(*shape: int) -> Any:
    """All elements at least 0.3 apart, in random order."""
    n = int(np.prod(shape))
    return (rng.permutation(n) * 0.3 - 0.15 * n + 0.05).reshape(shape)


def matrix(*shape: int) -> Any:
    """Well conditioned square matrices."""
    return rng.standard_normal(shape) + 3 * np.eye(shape[-1])


def definite(*shape: int) -> Any:
    """Symmetric, positive definite, eigenvalues apart."""
    noise = rng.uniform(-0.3, 0.3, shape)
    return noise + noise.swapaxes(-1, -2) + np.diag(np.arange(shape[-1]) + 1.5)


def spread(*shape: int) -> Any:
    """Singular values apart from each other and from zero."""
    return rng.uniform(-0.4, 0.4, shape) + np.eye(*shape[-2:]) * (np.arange(shape[-1]) + 1.5)


def case(*args: Any) -> tuple[Any, ...]:
    return args


TWO = [
    case(real(3, 4), real(3, 4)),
    case(real(2, 1, 4), real(3, 1)),
    case(real(), real(2)),
    case(real(3), 1.7),
    case(-0.6, real(3)),
]
ONE = [case(real(3, 4)), case(real()), case(real(0, 2))]
POSITIVE = [case(positive(3, 4)), case(positive())]
UNIT = [case(unit(3, 4)), case(unit())]
INDEX = np.array([[0, 2], [2, 2]])
FLAT = (
    (4, 3),
    (2, 2),
    (4, 2),
    (1, 1),
    ((1, 0), (0, 0)),
    (1, 1),
    1,
)  # size, kernel, counts, stride, padding, dilation, groups
BATCH = real(2, 3, 2)
MOMENTS = np.array([BATCH.mean((0, 2)), BATCH.var((0, 2))])
TILES = ((4, 4), (2, 2), (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1), 1)
WINNERS = np.array([[[[0, 3], [1, 2]], [[1, 1], [2, 0]]]], np.uint8)
AVERAGES = (
    (np.array([[0, 0], [0, 2]]), np.array([[1.0, 0.0], [0.25, 0.75]])),
    (np.array([[0, 1], [0, 0], [1, 1]]), np.array([[1.0, 0.25], [0.0, 0.0], [0.75, 0.0]])),
)
STRIDED = ((5,), (2,), (3,), (2,), ((1, 1),), (2,), 2)
POINTS = ((2, 2), (1, 1), (2, 2), (1, 1), ((0, 0), (0, 0)), (1, 1), 2)

GRADIENTS: dict[str, list[tuple[Any, ...]]] = {
    "add": TWO,
    "sub": TWO,
    "mul": TWO,
    "div": TWO,
    "neg": ONE,
    "abs": ONE,
    "square": ONE,
    "reciprocal": ONE,
    "sqrt": POSITIVE,
    "rsqrt": POSITIVE,
    "where": [case(real(3, 4) > 0, real(3, 4), real(3, 4)), case(real(3, 1) > 0, real(4), real())],
    "cast": [case(real(3), np.dtype(np.float64))],
    "pow": [case(positive(3, 4), real(3, 4)), case(real(3), 3), case(real(3), 2), case(positive(3), 0.5), case(real(3), 0),
            case(2.5, real(3)), case(real(3), -2.0), case(positive(2, 1), real(3))],
    "sign": ONE, "floor": ONE, "ceil": ONE, "trunc": ONE, "round": ONE,
    "floor_divide": [case(np.array([5.3, -4.1, 2.2]), np.array([2.0, 3.0, -1.5])), case(np.array([5.3]), 2.0)],
    "remainder": [case(np.array([5.3, -4.1, 2.2]), np.array([2.0, 3.0, -1.5]))],
    "fmod": [case(np.array([5.3, -4.1, 2.2]), np.array([2.0, 3.0, -1.5]))],
    "maximum": TWO,
    "minimum": TWO,
    "nan_to_num": [case(real(3, 4), 0.0, 1e30, -1e30)],
    "unless_zero": [case(real(3, 4), np.array([0, 1, 2, 0])), case(real(5000), np.arange(5000) % 2)],
    "dropped": [case(real(3, 4), np.array([0.0, 1.0, 2.0, 0.0], np.float32))],
    "raised": [case(positive(3, 4), 0.1)],  # below the limit the slope is no derivative: tests/corners
    "trunc_divide": [case(np.array([5.3, -4.1, 2.2]), np.array([2.0, 3.0, -1.5]))],
    "lerp": [case(real(3, 4), real(3, 4), 0.25), case(real(3), real(2, 1), 0.75), case(real(3), real(3), positive(3))],
    "clamp": [case(distinct(3, 4), -0.5, 0.71), case(distinct(4), None, 0.2), case(distinct(4), 0.2, None)],
    "exp": ONE, "exp2": ONE, "expm1": ONE, "log": POSITIVE, "log2": POSITIVE, "log10": POSITIVE, "log1p": POSITIVE,
    "logaddexp": TWO,
    "sin": ONE, "cos": ONE, "tan": UNIT, "asin": UNIT, "acos": UNIT, "atan": ONE,
    "atan2": [case(real(3, 4), real(3, 4)), case(real(2, 1), real(3))],
    "sinh": ONE, "cosh": ONE, "tanh": ONE,
    "erf": [case(np.array([-5.0, -2.0, -0.3, 0.1, 0.4, 1.0, 4.5]))],
    "erfinv": UNIT,
    "sigmoid": ONE,
    "relu": ONE,
    "leaky_relu": [case(real(3, 4), 0.01)],
    "log_sigmoid": ONE,
    "gelu": ONE,
    "logistic": ONE,
    "hardtanh": [case(distinct(3, 4), -0.5, 0.71)],
    "hardsigmoid": [case(distinct(5, 5))], "hardswish": [case(distinct(5, 5))],
    "softshrink": [case(distinct(3, 4), 0.5)], "hardshrink": [case(distinct(3, 4), 0.5)],
    "elu": [case(real(3, 4), 1.5, 1.1, 1.0), case(real(3, 4), 0.5, 1.0, 2.0)],
    "silu": ONE, "mish": ONE, "mish_gate": ONE, "gelu_tanh": ONE, "softsign": ONE,
    "bce_with_logits": [case(real(3, 4), unit(3, 4), None), case(real(3, 4), unit(3, 4), positive(4))],
    "smooth_l1": [case(distinct(3, 4), 0.4)], "huber": [case(distinct(3, 4), 0.4)],
    "norm": [case(real(3, 4), None, False), case(real(3, 4), (1,), True)],
    "variance": [case(real(3, 4), None, False, 11.0), case(real(3, 4), (1,), True, 4.0)],
    "deviation": [case(real(3, 4), None, False, 11.0), case(real(3, 4), (1,), True, 4.0)],
    "sum": [case(real(3, 4), None, False), case(real(3, 4), (1,), False), case(real(2, 3, 4), (0, 2), True), case(real(), None, True)],
    "prod": [case(real(3, 4), None, False), case(real(3, 4), (1,), True), case(np.array([1.5, 0.0, -2.0]), None, False),
             case(np.array([[1.5, 0.0, -2.0, 0.0]]), (1,), False), case(real(), None, False)],
    "linear_scan": [case(real(4), real(4), 0, False), case(real(2, 3), real(2, 3), 1, True), case(real(3, 2), real(3, 2), 0, False)],
    "exclusive_cumprod": [case(np.array([[2.0, 0.0, 3.0, 0.0]]), 1, True), case(real(3, 4), 1, False), case(real(3, 2), 0, True)],
    "cumprod": [case(real(3, 4), 1), case(np.array([1.5, 0.0, -2.0, 0.0, 3.0]), 0)],
    "cumsum": [case(real(3, 4), 1), case(real(4), 0)],
    "reverse_cumsum": [case(real(3, 4), 1)],
    "amax": [case(distinct(3, 4), None, False), case(distinct(3, 4), (0,), True), case(distinct(2, 3, 2), (0, 2), False)],
    "amin": [case(distinct(3, 4), None, False), case(distinct(3, 4), (0,), True)],
    "max": [case(distinct(3, 4)), case(real())],
    "min": [case(distinct(3, 4))],
    "median": [case(distinct(3, 3)), case(distinct(4))],
    "logsumexp": [case(real(3, 4), (1,), False), case(real(3, 4), None, False), case(real(2, 3), (0, 1), True)],
    "softmax": [case(real(3, 4), 1), case(real(3, 4), 0), case(real(2, 17), 1), case(real(2, 3, 4), 1)],
    "log_softmax": [case(real(3, 4), 1), case(real(3, 4), 0), case(real(2, 17), 1), case(real(2, 3, 4), 1)],
    "linear": [case(real(3, 4), real(2, 4), real(2)), case(real(2, 3, 4), real(5, 4), None), case(real(4), real(2, 4), real(2))],
    "cross_entropy": [case(real(4, 3), np.array([0, 2, 1, 2]), "none"), case(real(4, 3), np.array([0, 2, 1, 2]), "mean"),
                      case(real(2, 3), np.array([0, 2]), "sum"), case(real(2, 17), np.array([16, 2]), "mean"),
                      case(real(3, 4).T, np.array([0, 2, 1, 2]), "mean")],
    "minus_one_hot": [case(real(4, 3), np.array([0, 2, 1, 2])), case(real(3, 4).T, np.array([0, 2, 1, 2]))],
    "binary_cross_entropy": [case(positive(3, 4) / 2.5, positive(3, 4) / 2.5)],
    "slice_at": [case(real(3, 4), (slice(0, 2), 1)), case(real(3, 4), (Ellipsis, None, slice(None, None, 2)))],
    "pick_at": [case(real(3, 4), (INDEX,)), case(real(3, 4), (slice(None), np.array([1, 1, 3]))), case(real(3), (np.array([True, False, True]),)),
                case(real(4, 2), (np.arange(40) % 4,))],
    "put_at": [case(real(2, 2, 4), (3, 4), (INDEX,)), case(real(2), (3,), (slice(1, 3),))],
    "index_put": [case(real(3, 4), real(4), (np.array([0, 2]),), False), case(real(3, 4), real(2, 4), (np.array([1, 1]),), True),
                  case(real(3), real(), (np.array([True, False, True]),), False)],
    "matmul": [case(real(3, 4), real(4, 2)), case(real(2, 3, 4), real(4, 5)), case(real(4), real(4)), case(real(4), real(2, 4, 3)),
               case(real(2, 3, 4), real(4)), case(real(2, 1, 3, 4), real(5, 4, 2)), case(real(4), real(4, 2)), case(real(3, 4), real(4))],
    "einsum": [case([real(3, 4), real(4, 2)], "ij,jk->ik"), case([real(3, 4), real(3)], "ij,i->"), case([real(2, 3), real(3), real(2)], "ab,b,a->a")],
    "inv": [case(matrix(3, 3)), case(matrix(2, 2, 2))],
    "solve": [case(matrix(3, 3), real(3, 2)), case(matrix(2, 2, 2), real(2, 2, 1))],
    "det": [case(matrix(3, 3)), case(matrix(2, 2, 2)), case(matrix(1, 1))],
    "cofactor": [case(matrix(3, 3)), case(matrix(2, 2, 2))],
    "cofactor_slope": [case(matrix(3, 3), real(3, 3)), case(matrix(2, 2, 2), real(2, 2, 2))],
    "unsloped": [case(np.zeros((0, 2)))],  # no derivative elsewhere: tests/corners
    "slogdet": [case(matrix(3, 3)), case(-matrix(2, 3, 3))],
    "pinv": [case(real(4, 2), 0.0, 1e-12), case(real(2, 3), 0.0, 1e-12), case(real(2, 3, 3), 0.0, 1e-12)],
    "cholesky": [case(definite(3, 3)), case(definite(2, 2, 2))],
    "qr": [case(real(3, 3), "reduced"), case(real(2, 4, 2), "reduced"), case(real(2, 4), "reduced"), case(real(2, 4), "complete")],
    "svd": [case(spread(3, 3), False), case(spread(2, 4, 2), False), case(spread(2, 3), False)],
    "eigh": [case(definite(3, 3), "L"), case(definite(2, 3, 3), "U")],
    "reshape": [case(real(3, 4), (2, -1))],
    "clone": [case(real(3, 4), "K"), case(real(2, 3), "C")],
    "permute": [case(real(2, 3, 4), (2, 0, 1))],
    "expand": [case(real(3, 1), (2, 3, 4))],
    "flip": [case(real(3, 4), (1,))],
    "roll": [case(real(3, 4), (1, -2), (0, 1)), case(real(3), 1, 0)],
    "cat": [case([real(2, 3), real(1, 3)], 0, (0, 2, 3))],
    "stack": [case([real(2, 3), real(2, 3)], 1)],
    "pad": [case(real(2, 3), ((1, 0), (0, 2)), 0.0)],
    "tril": [case(real(3, 4), -1)],
    "triu": [case(real(3, 4), 1)],
    "diagonal": [case(real(3, 4), 1, 0, 1), case(real(2, 3, 3), -1, 1, 2)],
    "onto_diagonal": [case(real(3), (3, 4), 1, 0, 1)],
    "conv": [case(real(2, 2, 4, 3), real(3, 2, 2, 2), real(3), FLAT), case(real(2, 4, 5), real(2, 2, 2), None, STRIDED),
             case(real(2, 2, 2, 2), real(4, 1, 1, 1), real(4), POINTS)],
    "conv_input": [case(real(2, 3, 4, 2), real(3, 2, 2, 2), FLAT), case(real(2, 2, 3), real(2, 2, 2), STRIDED)],
    "conv_weight": [case(real(2, 3, 4, 2), real(2, 2, 4, 3), FLAT), case(real(2, 2, 3), real(2, 4, 5), STRIDED),
                    case(real(2, 4, 2, 2), real(2, 2, 2, 2), POINTS)],
    "columns": [case(real(2, 2, 4, 3), FLAT), case(real(1, 2, 5), STRIDED)],
    "add_columns": [case(real(2, 8, 8), FLAT), case(real(1, 4, 3), STRIDED)],
    "layer_norm": [case(real(3, 4), real(4), real(4), 1, True, 0.1), case(real(2, 3, 2), real(3, 2), None, 2, False, 0.1),
                   case(real(3, 4), None, None, 1, True, 0.1)],
    "batch_norm": [case(BATCH, real(3), real(3), None, 0.1), case(real(4, 2), None, None, None, 0.1)],
    "rnn": [case(real(5, 2), real(2, 2), real(3, 2), (3, 2), False, False), case(real(5, 2), real(2, 2), real(3, 2), (3, 2), True, True)],
    "lstm": [case(real(4, 8), real(8, 2), real(2, 2), real(2, 2), None, (2, 1, 1), False),
             case(real(3, 8), real(8, 1), real(2, 1), real(2, 2), real(1, 2), (2, 1), True)],
    "gru": [case(real(4, 6), real(6, 2), real(6), real(2, 2), (2, 1, 1), False), case(real(4, 6), real(6, 2), None, real(2, 2), (2, 2), True)],
    "embedding": [case(real(4, 2), INDEX, None, False)],  # its exceptions are no derivatives: tests/nn compares them
    "max_pool": [case(distinct(2, 2, 4, 3), FLAT), case(distinct(1, 2, 5), STRIDED), case(distinct(1, 2, 4, 4), TILES)],
    "max_chosen": [case(real(1, 2, 4, 4), WINNERS, TILES), case(real(1, 2, 5), WINNERS[:, :, 0, :1] + np.zeros(3, np.uint8), STRIDED)],
    "max_spread": [case(real(1, 2, 2, 2), WINNERS, TILES), case(real(1, 2, 3), WINNERS[:, :, 0, :1] + np.zeros(3, np.uint8), STRIDED)],
    "box_sum": [case(real(2, 2, 4, 3), FLAT), case(real(1, 2, 5), STRIDED)],
    "box_spread": [case(real(2, 2, 4, 2), FLAT), case(real(1, 2, 3), STRIDED)],
    "resample": [case(real(2, 3, 2), 1, *AVERAGES)],
    "windows": [case(real(2, 7), 1, 3, 2)],
    "add_windows": [case(real(2, 3, 3), (2, 7), 1, 3, 2)],
}  # fmt: skip

SYMMETRIC = {"cholesky", "eigh"}
"""Read one triangle only, and give the gradient of a symmetric matrix: their operand is made symmetric first."""

IN_PLACE_ONLY = {"written"}
"""Made by writes through views, and tested with them in tests/test_views.py."""

a, b = real(3, 4), real(3, 4)
m, n = a > 0, b > 0
i, j = np.array([6, 3, -4]), np.array([3, 2, 3])


def _multiplied(x: Any, v: Any) -> Any:
    out = x.copy()
    for place, factor in zip([(1, 2), (1, 2), (0, 0), (2, 0)], v, strict=True):
        out[place] *= factor
    return out


NO_GRADIENT: dict[str, tuple[tuple[Any, ...], Callable[..., Any]]] = {
    "eq": ((i, j), lambda x, y: x == y),
    "ne": ((i, j), lambda x, y: x != y),
    "lt": ((a, b), lambda x, y: x < y),
    "le": ((a, b), lambda x, y: x <= y),
    "gt": ((a, b), lambda x, y: x > y),
    "ge": ((a, b), lambda x, y: x >= y),
    "logical_and": ((m, n), lambda x, y: x & y),
    "logical_or": ((m, n), lambda x, y: x | y),
    "logical_xor": ((m, n), lambda x, y: x ^ y),
    "logical_not": ((m,), lambda x: ~x),
    "bitwise_and": ((i, j), lambda x, y: x & y),
    "bitwise_or": ((i, j), lambda x, y: x | y),
    "bitwise_xor": ((i, j), lambda x, y: x ^ y),
    "bitwise_not": ((i,), lambda x: -x - 1),
    "isnan": ((np.array([1.0, np.nan]),), lambda x: np.array([False, True])),
    "isinf": ((np.array([1.0, -np.inf]),), lambda x: np.array([False, True])),
    "isfinite": ((np.array([1.0, -np.inf]),), lambda x: np.array([True, False])),
    "zeros_like": ((a,), lambda x: 0 * x),
    "bitwise_left_shift": ((i, j), lambda x, y: x * 2**y),
    "bitwise_right_shift": ((i, j), lambda x, y: np.array([0, 0, -1])),
    "close_pairs": ((np.array([1.0, 1.0, 2.0]),), lambda x: x[:, None] == x),
    "negligible": ((np.array([[0.0, 1e-17], [0.1, 1.0]]), np.ones((2, 2))), lambda x, _: x < 1e-16),
    "silent": ((np.array([0.0, 0.0, 1.0]), np.array([[0.0], [1.0], [0.0]])), lambda *_: np.array([True, False, False])),
    "scale_of": ((np.array([3.0, 0.0, np.inf]), np.array([-4.0, 0.0, 1.0])), lambda *_: np.array([4.0, 1.0, 1.0])),
    "norm_scale": ((np.array([[3.0, 4.0], [1e-200, 0.0]]), (1,), 3.0), lambda x, *_: np.exp2([[0.0], [-665.0]])),
    "scale_along": ((np.array([[3.0, -5.0], [0.0, 0.0]]), (1,)), lambda *_: np.array([[4.0], [1.0]])),
    "last_nan_or_largest": (
        (np.array([[1.0, 3.0, 3.0], [np.nan, np.nan, 1.0]]),),
        lambda *_: np.array([1, 1]),
    ),
    "median_place": ((np.array([[3.0, 1.0, 2.0], [1.0, np.nan, 0.0]]), 1, False), lambda *_: np.array([2, 1])),
    "mode_place": ((np.array([[3, 1, 3, 1], [2, 2, 1, 0]]), 1, True), lambda *_: np.array([[3], [1]])),
    "channel_moments": ((BATCH,), lambda x: MOMENTS),
    "max_winner": (
        (np.array([[[1.0, 3.0, 3.0, 2.0, np.nan]]]), ((5,), (3,), (2,), (2,), ((0, 0),), (1,), 1)),
        lambda *_: np.array([[[1, 2]]]),
    ),
    "max_position": (
        (np.array([[[1, 2]]]), ((5,), (3,), (2,), (2,), ((1, 0),), (1,), 1)),
        lambda *_: np.array([[[0, 3]]]),
    ),
    "cummax_place": ((np.array([1.0, 3.0, 2.0, 3.0, np.nan, 9.0]), 0), lambda *_: np.array([0, 1, 1, 3, 4, 4])),
    "histc": ((np.array([0.0, 1.0, 2.5, 3.0, 9.0]), 3, 0.0, 3.0), lambda *_: np.array([1.0, 1.0, 2.0])),
    "bincount": ((np.array([1, 1, 3]), np.array([0.5, 1.0, 2.0]), 0), lambda *_: np.array([0.0, 1.5, 0.0, 2.0])),
    "argmax": ((a, 1, False), lambda x, *_: x.argmax(1)),
    "argmin": ((a, 1, True), lambda x, *_: x.argmin(1)[:, None]),
    "all": ((m, (1,), False), lambda x, *_: x.all(1)),
    "any": ((m, None, False), lambda x, *_: x.any()),
    "argsort": ((a, 1, False, False), lambda x, *_: x.argsort(1)),
    "argtop": ((a, 2, 1, True), lambda x, *_: x.argsort(1)[:, :1:-1]),
    "multiply_at": ((a, b[0], (np.array([1, 1, 0, 2]), np.array([2, 2, 0, 0]))), lambda x, v, _: _multiplied(x, v)),
    "searchsorted": ((np.array([1.0, 2.0, 2.0]), np.array([2.0, 0.0]), True), lambda *_: np.array([3, 0])),
    "one_hot": ((np.array([1, 0]), 3), lambda *_: np.array([[False, True, False], [True, False, False]])),
    "draw": (
        (Generator().manual_seed(0), "bernoulli", (np.array([0.0, 1.0]),), {}, None),
        lambda *_: np.array([0.0, 1.0]),
    ),
    "class_indices": ((np.array([1, 0]), 3), lambda x, _: x),
    "touched": (((np.array([2]),), (4,)), lambda *_: np.array([False, False, True, False])),
}
