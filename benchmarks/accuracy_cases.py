"""What `python -m benchmarks.accuracy` measures: each operation, its inputs, and how the right answer is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["CASES", "Case"]

Array = Any
Call = Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """`call(lib, *tensors)`, a tensor, and the right answer for the same numbers.

    `truth` takes mpmath numbers where `elementwise`, else float64 arrays; without it PyTorch computes in float64.
    `inputs(rng, size)` gives the arrays of each situation, "ordinary" and "extreme".
    """

    name: str
    call: Call
    inputs: Callable[[np.random.Generator, float], dict[str, tuple[Array, ...]]]
    truth: Call | None = None
    elementwise: bool = False
    dtype: type = np.float32


# -- functions of numbers --------------------------------------------------------------------------


def _functions() -> Iterator[Case]:
    try:
        import mpmath as m
    except ImportError:
        return

    def both(x: Array) -> Array:
        return np.concatenate((x, -x))

    def spread(low: float, high: float) -> Call:
        return lambda rng, n: np.exp(rng.uniform(np.log(low), np.log(high), n))

    def line(low: float, high: float) -> Call:
        return lambda rng, n: rng.uniform(low, high, n)

    tiny = spread(1e-30, 0.9)
    near_one: Call = lambda rng, n: 1 + both(spread(1e-7, 0.3)(rng, n // 2))  # noqa: E731
    two = m.mpf(2)
    bell: Call = lambda x: x * m.erfc(-x / m.sqrt(2)) / 2  # noqa: E731
    slope = m.sqrt(2 / m.pi)
    wide: Call = lambda rng, n: rng.uniform(-87, 40, n)  # noqa: E731
    rows: list[tuple[str, Call, Call, Call]] = [
        ("exp", m.exp, line(-20, 20), line(-87, 88)),
        ("exp2", lambda x: two**x, line(-20, 20), lambda rng, n: np.arange(-126.0, 128)),
        ("expm1", m.expm1, line(-3, 20), lambda rng, n: both(tiny(rng, n))),
        ("log", m.log, spread(0.01, 100), near_one),
        ("log2", lambda x: m.log(x) / m.log(2), spread(0.01, 100), lambda rng, n: 2.0 ** np.arange(-126, 128)),
        ("log10", m.log10, spread(0.01, 100), lambda rng, n: 10.0 ** np.arange(-37, 39)),
        ("log1p", m.log1p, spread(0.01, 100), lambda rng, n: both(tiny(rng, n))),
        ("sqrt", m.sqrt, spread(0.01, 100), spread(1e-37, 1e37)),
        ("rsqrt", lambda x: 1 / m.sqrt(x), spread(0.01, 100), spread(1e-37, 1e37)),
        ("sin", m.sin, line(-10, 10), spread(1, 1e6)),
        ("cos", m.cos, line(-10, 10), spread(1, 1e6)),
        ("tan", m.tan, line(-1.5, 1.5), spread(1e-10, 1e5)),
        ("asin", m.asin, line(-1, 1), lambda rng, n: 1 - spread(1e-7, 1e-2)(rng, n)),
        ("acos", m.acos, line(-1, 1), lambda rng, n: 1 - spread(1e-7, 1e-2)(rng, n)),
        ("atan", m.atan, line(-3, 3), spread(1e-20, 1e20)),
        ("sinh", m.sinh, line(-5, 5), lambda rng, n: both(tiny(rng, n))),
        ("cosh", m.cosh, line(-5, 5), line(-88, 88)),
        ("tanh", m.tanh, line(-3, 3), spread(1e-20, 12)),
        ("sigmoid", lambda x: 1 / (1 + m.exp(-x)), line(-8, 8), wide),
        ("erf", m.erf, line(-3, 3), spread(1e-20, 6)),
        ("erfinv", m.erfinv, line(-0.95, 0.95), lambda rng, n: both(1 - spread(1e-7, 0.05)(rng, n))),
        ("gelu", bell, line(-4, 4), line(-12, 12)),
        ("gelu tanh", lambda x: x / (1 + m.exp(-2 * slope * (x + m.mpf("0.044715") * x**3))), line(-3, 3), line(-9, 9)),
        ("silu", lambda x: x / (1 + m.exp(-x)), line(-8, 8), wide),
        ("mish", lambda x: x * m.tanh(m.log1p(m.exp(x))), line(-8, 8), line(-40, 40)),
        ("softplus", lambda x: m.log1p(m.exp(x)), line(-8, 8), line(-80, 20)),
        ("logsigmoid", lambda x: -m.log1p(m.exp(-x)), line(-8, 8), line(-80, 80)),
        ("elu", lambda x: x if x > 0 else m.expm1(x), line(-4, 4), lambda rng, n: -tiny(rng, n)),
        ("softsign", lambda x: x / (1 + abs(x)), line(-4, 4), spread(1e-20, 1e20)),
    ]
    for dtype in (np.float32, np.float64):
        for name, truth, ordinary, extreme in rows:
            if dtype is np.float64 and name not in ("log10", "erf", "erfinv", "gelu"):
                continue
            yield Case(
                name if dtype is np.float32 else f"{name} (float64)",
                _function(name),
                lambda rng, size, a=ordinary, b=extreme: {  # type: ignore[misc]
                    "ordinary": (a(rng, int(400 * size)),),
                    "extreme": (b(rng, int(400 * size)),),
                },
                truth,
                True,
                dtype,
            )
    pairs: list[tuple[str, Call, Call, Call, Call, Call]] = [
        ("pow", lambda x, y: x**y, spread(0.1, 10), line(-5, 5), spread(1e-3, 1e3), line(-12, 12)),
        ("pow of whole numbers", lambda x, y: x**y, *_whole(1, 20, 0, 5), *_whole(1, 10, -9, 20)),
        ("atan2", m.atan2, line(-3, 3), line(-3, 3), spread(1e-15, 1e15), spread(1e-15, 1e15)),
        ("logaddexp", lambda x, y: m.log(m.exp(x) + m.exp(y)), line(0, 5), line(0, 5), line(-80, 80), line(-80, 80)),
    ]
    for name, truth, *four in pairs:
        yield Case(
            name,
            _function(name.split()[0]),
            lambda rng, size, f=four: {  # type: ignore[misc]
                "ordinary": (f[0](rng, int(400 * size)), f[1](rng, int(400 * size))),
                "extreme": (f[2](rng, int(400 * size)), f[3](rng, int(400 * size))),
            },
            truth,
            True,
        )


def _whole(low: int, high: int, lowest: int, highest: int) -> tuple[Call, Call]:
    return (
        lambda rng, n: rng.integers(low, high, n).astype(np.float64),
        lambda rng, n: rng.integers(lowest, highest, n).astype(np.float64),
    )


def _function(name: str) -> Call:
    word, _, form = name.partition(" ")

    def call(lib: Any, *x: Any) -> Any:
        if form:
            return lib.nn.functional.gelu(*x, approximate=form)
        return getattr(lib, word)(*x) if hasattr(lib, word) else getattr(lib.nn.functional, word)(*x)

    return call


# -- sums, losses, layers, gradients -----------------------------------------------------------------


def _matrix(rows: int, columns: int, extreme: Call | None = None) -> Call:
    """Uniform numbers; extreme: what `extreme` makes of a normal array of that shape."""

    def inputs(rng: np.random.Generator, size: float) -> dict[str, tuple[Array, ...]]:
        shape = (max(100, int(rows * size)), columns)
        found = {"ordinary": (rng.random(shape, np.float32),)}
        if extreme is not None:
            found["extreme"] = (extreme(rng.standard_normal(shape)).astype(np.float32),)
        return found

    return inputs


def _offset(z: Array) -> Array:
    """Mean 1e4, deviation 0.1."""
    return 1e4 + 0.1 * z


def _uneven(z: Array) -> Array:
    """Positive numbers over eight powers of ten."""
    return np.exp(4 * z)


def _gradient(f: Call) -> Call:
    """The gradient in x of a weighted sum of f(lib, x): the weights vary, so that nothing cancels by symmetry."""

    def call(lib: Any, x: Any, *others: Any) -> Any:
        x = x.requires_grad_()
        out = f(lib, x, *others)
        weights = lib.linspace(0.5, 1.5, out.numel(), dtype=x.dtype).reshape(out.shape)
        (out * weights).sum().backward()
        return x.grad

    return call


def _parameters(layer: Call, which: str) -> Call:
    """The gradient of one parameter of a layer, for a varying cotangent."""

    def call(lib: Any, x: Any) -> Any:
        lib.manual_seed(0)
        net = layer(lib).to(x.dtype)
        (net(x) * x[..., :1]).sum().backward()
        return getattr(net, which).grad

    return call


def _moments(lib: Any, x: Any) -> Any:
    net = lib.nn.BatchNorm1d(x.shape[1], momentum=1.0).to(x.dtype)
    net(x)
    return lib.cat((net.running_mean, net.running_var))


def _bce_slope(x: Array) -> Array:
    """Of -log sigmoid(x), in a form that keeps its digits."""
    return -np.exp(-x) / (1 + np.exp(-x)) / x.size


def _bce(lib: Any, x: Any) -> Any:
    x = x.requires_grad_()
    lib.nn.functional.binary_cross_entropy_with_logits(x, lib.ones_like(x)).backward()
    return x.grad


def _bicubic(lib: Any, x: Any) -> Any:
    x = x.reshape(1, 1, -1, 30)
    return lib.nn.functional.interpolate(x, scale_factor=1.7, mode="bicubic")


def _attention(lib: Any, x: Any) -> Any:
    x = x.reshape(1, -1, 3, 16)
    return lib.nn.functional.scaled_dot_product_attention(x[:, :, 0], x[:, :, 1], x[:, :, 2])


def _var_slope(x: Array) -> Array:
    weights = np.linspace(0.5, 1.5, x.shape[1])
    return 2 * (x - x.mean(0)) / (len(x) - 1) * weights


def _places(lib: Any, x: Any) -> Any:
    return lib.from_numpy(np.arange(x.shape[0]) % 7)


def _embedding(lib: Any, x: Any) -> Any:
    weight = lib.zeros(7, x.shape[1], dtype=x.dtype).requires_grad_()
    (lib.nn.functional.embedding(_places(lib, x), weight) * x).sum().backward()
    return weight.grad


def _convolution(lib: Any, x: Any) -> Any:
    weight = lib.ones(2, 1, 3, dtype=x.dtype).requires_grad_()
    (lib.nn.functional.conv1d(x[:, None], weight) * x[:, None, 1:-1]).sum().backward()
    return weight.grad


F: Call = lambda lib: lib.nn.functional  # noqa: E731

LARGE: list[Case] = [
    Case("sum(0)", lambda lib, x: x.sum(0), _matrix(100_000, 10, _uneven)),
    Case("sum(0) of ones", lambda lib, x: (x * 0 + 1).sum(0), _matrix(17_000_000, 2)),
    Case("sum(1)", lambda lib, x: x.T.contiguous().sum(1), _matrix(100_000, 10, _uneven)),
    Case("sum()", lambda lib, x: x.sum(), _matrix(100_000, 10, _uneven)),
    Case("mean(0)", lambda lib, x: x.mean(0), _matrix(100_000, 10, _offset)),
    Case("var(0)", lambda lib, x: x.var(0), _matrix(100_000, 10, _offset), lambda x: x.var(0, ddof=1)),
    Case("std()", lambda lib, x: x.std(), _matrix(100_000, 10, _offset), lambda x: x.std(ddof=1)),
    Case("std() gradient", _gradient(lambda lib, x: x.std()), _matrix(1000, 10, _offset)),
    Case("norm", lambda lib, x: x.norm(), _matrix(1_000_000, 10, _uneven)),
    Case("cumsum", lambda lib, x: x.cumsum(0), _matrix(1_000_000, 1, _uneven)),
    Case("cumprod", lambda lib, x: (x / 64 + 1).cumprod(0), _matrix(1000, 3), lambda x: (x / 64 + 1).cumprod(0)),
    Case("prod", lambda lib, x: (x + 0.5).prod(0), _matrix(200, 3)),
    Case("logsumexp", lambda lib, x: x.logsumexp(0), _matrix(100_000, 3, lambda z: 30 * z)),
    Case("softmax", lambda lib, x: x.softmax(0), _matrix(20_000, 3, lambda z: 10 * z)),
    Case("log_softmax", lambda lib, x: x.log_softmax(1), _matrix(1000, 20, lambda z: 30 * z)),
    Case("dot", lambda lib, x: lib.dot(x[:, 0], x[:, 1]), _matrix(5_000_000, 2, _uneven)),
    Case("matmul, tall", lambda lib, x: x.T @ x, _matrix(300_000, 4, _uneven)),
    Case("matmul, wide", lambda lib, x: x @ x.T, _matrix(100, 1000)),
    Case(
        "index_add", lambda lib, x: lib.zeros(7, 3, dtype=x.dtype).index_add(0, _places(lib, x), x), _matrix(100_000, 3)
    ),
    Case("embedding gradient", _embedding, _matrix(100_000, 3)),
    Case("linear bias gradient", _parameters(lambda lib: lib.nn.Linear(4, 3), "bias"), _matrix(100_000, 4)),
    Case("linear weight gradient", _parameters(lambda lib: lib.nn.Linear(4, 3), "weight"), _matrix(300_000, 4)),
    Case(
        "BatchNorm1d moments", _moments, _matrix(100_000, 3, lambda z: 10 + z), lambda x: (x.mean(0), x.var(0, ddof=1))
    ),
    Case(
        "BatchNorm1d",
        lambda lib, x: F(lib).batch_norm(x, None, None, training=True),
        _matrix(10_000, 3, lambda z: 10 + z),
    ),
    Case("BatchNorm1d gradient", _parameters(lambda lib: lib.nn.BatchNorm1d(4), "weight"), _matrix(100_000, 4)),
    Case("layer_norm", lambda lib, x: F(lib).layer_norm(x, (64,)), _matrix(200, 64, lambda z: 100 + z)),
    Case("layer_norm gradient", _gradient(lambda lib, x: F(lib).layer_norm(x, (64,))), _matrix(200, 64)),
    Case("layer_norm weight gradient", _parameters(lambda lib: lib.nn.LayerNorm(8), "weight"), _matrix(30_000, 8)),
    Case("group_norm", lambda lib, x: F(lib).group_norm(x, 4), _matrix(200, 64, lambda z: 100 + z)),
    Case("conv1d weight gradient", _convolution, _matrix(10_000, 30)),
    Case("instance_norm", lambda lib, x: F(lib).instance_norm(x[None]), _matrix(300, 64, lambda z: 100 + z)),
    Case("rms_norm", lambda lib, x: F(lib).rms_norm(x, (64,)), _matrix(200, 64, _uneven)),
    Case("normalize", lambda lib, x: F(lib).normalize(x, dim=0), _matrix(10_000, 5, _uneven)),
    Case("cosine_similarity", lambda lib, x: F(lib).cosine_similarity(x, x.flip(0), 0), _matrix(10_000, 5, _uneven)),
    Case("attention", _attention, _matrix(200, 48, lambda z: 3 * z)),
    Case("attention gradient", _gradient(_attention), _matrix(200, 48, lambda z: 3 * z)),
    Case("avg_pool1d", lambda lib, x: F(lib).avg_pool1d(x.T.contiguous()[None], 100), _matrix(10_000, 4, _uneven)),
    Case(
        "bilinear",
        lambda lib, x: F(lib).interpolate(x.reshape(1, 1, -1, 30), scale_factor=1.7, mode="bilinear"),
        _matrix(40, 30),
    ),
    Case("smooth_l1_loss", lambda lib, x: F(lib).smooth_l1_loss(x, x.flip(0)), _matrix(300_000, 3, _uneven)),
    Case(
        "kl_div",
        lambda lib, x: F(lib).kl_div((3 * x).log_softmax(1), x.softmax(1), reduction="batchmean"),
        _matrix(10_000, 7),
    ),
    Case("cumsum gradient", _gradient(lambda lib, x: x.cumsum(0)), _matrix(100_000, 2)),
    Case("logsumexp gradient", _gradient(lambda lib, x: x.logsumexp(0)), _matrix(1000, 3, lambda z: 10 * z)),
    Case("softmax gradient", _gradient(lambda lib, x: x.softmax(1)), _matrix(300, 20, lambda z: 5 * z)),
    Case("norm gradient", _gradient(lambda lib, x: x.norm()), _matrix(100_000, 3, _uneven)),
    Case("var gradient", _gradient(lambda lib, x: x.var(0)), _matrix(10_000, 3, _offset), _var_slope),
    Case("mse_loss", lambda lib, x: F(lib).mse_loss(x, x * 0), _matrix(1_000_000, 3, _uneven)),
    Case(
        "cross_entropy", lambda lib, x: F(lib).cross_entropy(x, _places(lib, x)), _matrix(100_000, 7, lambda z: 10 * z)
    ),
    Case(
        "cross_entropy gradient",
        _gradient(lambda lib, x: F(lib).cross_entropy(x, _places(lib, x), reduction="none")),
        _matrix(1000, 7, lambda z: 10 * z),
    ),
    Case("BCE-with-logits gradient", _bce, _matrix(100, 1, lambda z: np.abs(z) * 10), _bce_slope),
    Case("bicubic", _bicubic, _matrix(40, 30, lambda z: 100 + z)),
    Case("bicubic gradient", _gradient(_bicubic), _matrix(40, 30)),
]

CASES: list[Case] = [*_functions(), *LARGE]
