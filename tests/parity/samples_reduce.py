"""Samples of the reductions and the cumulative operations."""

from __future__ import annotations

from collections.abc import Iterator

from .sample import (
    INTEGERS,
    SHAPES,
    Domain,
    Draw,
    Sample,
    anywhere,
    distinct,
    operation,
    sample,
    write,
)

INF, NAN = float("inf"), float("nan")
DIMS = ("0", "1", "-1", "2", "-3")
TUPLES = ("(0, 1)", "(0, -1)", "[1]", "(0, 1, 2)", "(-1, -2)")
HALVES = ("float16", "bfloat16")


def method_of(op: str) -> str:
    """The method's spelling up to its arguments; ``var_mean`` is a function only."""
    return "lib.var_mean(x, " if op == "var_mean" else f"x.{op}("


def grid(d: Draw, of: Domain, *, tuples: bool) -> Iterator[Sample]:
    """Every dim with and without keepdim, in function and method form, named and by position."""
    op, method = d.op, method_of(d.op)
    for dim in DIMS + (TUPLES if tuples else ()):
        yield sample(f"lib.{op}(x, dim={dim})", d.real(2, 3, 4, of=of))
        yield sample(f"{method}{dim}, keepdim=True)", d.real(2, 3, 4, of=of))
    yield sample(f"lib.{op}(input=x, dim=1, keepdim=False)", d.real(2, 3, of=of))
    for x in d.laid(of):
        yield sample(f"{method}dim=-1)", x)
        if op != "median" or x.layout != "expanded":  # PyTorch 2.13 returns uninitialised memory
            yield sample(f"{method}dim=0, keepdim=True)", x)
    yield sample(f"lib.{op}(x, dim=0)", d.real(of=of))
    yield sample(f"lib.{op}(x, dim=-1, keepdim=True)", d.real(of=of))
    yield sample(f"lib.{op}(x, dim=1)", d.real(0, 3, of=of))
    yield sample(f"lib.{op}(x, dim=0)", d.real(1, 3, of=of))


def whole(d: Draw, of: Domain, *, empty: bool, dtypes: tuple[str, ...] = (*INTEGERS, "bool")) -> Iterator[Sample]:
    """Over all entries, and over each dtype."""
    op = d.op
    for shape in SHAPES:
        if empty or 0 not in shape:
            yield sample(f"lib.{op}(x)", d.real(*shape, of=of))
    for x in d.laid(of):
        yield sample(f"{method_of(op)})", x)
    for dtype in dtypes:
        yield sample(f"lib.{op}(x)", d.typed(dtype, 2, 3))
    yield sample(f"lib.{op}(x)", d.real(3, of=of, grad=False))


@operation("sum", "mean", "prod")
def sums(d: Draw) -> Iterator[Sample]:
    op = d.op
    integers = () if op == "mean" else (*INTEGERS, "bool")
    yield from whole(d, anywhere, empty=True, dtypes=(*integers, *HALVES))
    yield from grid(d, anywhere, tuples=op != "prod")
    for dtype in integers:
        yield sample(f"x.{op}(dim=1)", d.typed(dtype, 2, 3))
    for dtype in ("float64", "float32", "int64"):
        if op != "mean" or "float" in dtype:
            yield sample(f"lib.{op}(x, dtype=lib.{dtype})", d.typed("int32", 2, 3))
            x = d.typed("float32", 2, 3)
            yield sample(f"lib.{op}(x.detach(), 1, dtype=lib.{dtype})", x)
    yield sample(f"lib.{op}(x, 0)", d.real(0, 3))
    yield sample(f"lib.{op}(x)", d.const([1.0, NAN, 2.0]))
    yield sample(f"lib.{op}(x)", d.const([1.0, INF, -2.0]))
    if op == "prod":
        for zeros in (
            [2.0, 0.0, 3.0],
            [0.0, 0.0, 3.0],
            [0.0],
            [0.0, 0.0, 0.0, 0.0],
            [[0.0, 2.0], [3.0, 4.0]],
        ):
            yield sample("lib.prod(x)", d.const(zeros))
            yield sample("lib.prod(x, dim=-1)", d.const(zeros))
    else:
        yield sample(f"lib.{op}(x, dim=None)", d.real(2, 3))
        yield sample(f"lib.{op}(x, dim=None, keepdim=True)", d.real(2, 3))
        yield sample(f"lib.{op}(x, dim=())", d.real(2, 3))


@operation("std", "var", "var_mean")
def spread(d: Draw) -> Iterator[Sample]:
    op = d.op
    yield from whole(d, anywhere, empty=True, dtypes=HALVES if op != "var_mean" else ())
    yield from grid(d, anywhere, tuples=True)
    for text in ("unbiased=False", "unbiased=True", "correction=0", "correction=2",
                 "dim=1, correction=0", "dim=(0, 1), correction=1, keepdim=True",
                 "dim=0, unbiased=False", "1, False", "1, True, True", "dim=None, correction=0",
                 "dim=1, correction=0.5"):  # fmt: skip
        yield sample(f"{method_of(op)}{text})", d.real(3, 4))
    yield sample(f"lib.{op}(x, dim=1, correction=0)", d.real(3, 1))
    yield sample(f"lib.{op}(x)", d.const([2.0, 2.0, 2.0]), differentiable=op == "var")


@operation("logsumexp")
def logsumexp(d: Draw) -> Iterator[Sample]:
    yield from grid(d, anywhere, tuples=True)
    yield sample("lib.logsumexp(x, 0)", d.const([1000.0, 999.0]))
    yield sample("lib.logsumexp(x, 0)", d.const([-INF, -INF]))
    yield sample("lib.logsumexp(x, 0)", d.const([-INF, 2.0]))
    yield sample("lib.logsumexp(x, 0)", d.const([INF, 2.0]))
    yield sample("lib.logsumexp(x, 0)", d.real(0, 3))
    yield sample("lib.logsumexp(x, 0)", d.typed("int64", 3))


@operation("cumsum", "cumprod")
def cumulative(d: Draw) -> Iterator[Sample]:
    op = d.op
    for dim in DIMS:
        yield sample(f"lib.{op}(x, {dim})", d.real(2, 3, 4))
        yield sample(f"x.{op}(dim={dim})", d.real(2, 3, 4))
    for x in d.laid():
        yield sample(f"x.{op}(-1)", x)
        yield sample(f"x.{op}(0)", x)
    for shape in ((), (1,), (0,), (2, 0, 3), (0, 2)):
        yield sample(f"lib.{op}(x, dim=0)", d.real(*shape))
        yield sample(f"lib.{op}(x, dim=-1)", d.real(*shape))
    for dtype in (*INTEGERS, "bool", *HALVES):
        yield sample(f"lib.{op}(x, 1)", d.typed(dtype, 2, 3))
    for dtype in ("float64", "int64", "float32"):
        yield sample(f"lib.{op}(x, 0, dtype=lib.{dtype})", d.typed("int32", 4))
        yield sample(f"x.detach().{op}(0, dtype=lib.{dtype})", d.typed("float32", 4))
    for zeros in (
        [2.0, 0.0, 3.0, 4.0],
        [0.0, 0.0, 3.0],
        [1.0, 2.0, 0.0],
        [0.0],
        [[0.0, 2.0], [3.0, 0.0]],
    ):
        yield sample(f"lib.{op}(x, dim=-1)", d.const(zeros))
    yield write(f"x.{op}_(0)", d.real(3, 2))
    yield write(f"x.{op}_(dim=-1)", d.real(2, 3, layout="transposed"))


@operation("cummax")
def cummax(d: Draw) -> Iterator[Sample]:
    for dim in DIMS:
        yield sample(f"lib.cummax(x, {dim})", d.real(2, 3, 4, of=distinct))
        yield sample(f"x.cummax(dim={dim}).values", d.real(2, 3, 4, of=distinct))
    for x in d.laid(distinct):
        yield sample("x.cummax(-1)", x)
        yield sample("x.cummax(0).indices", x)
    for shape in ((), (1,), (0,), (2, 0, 3)):
        yield sample("lib.cummax(x, dim=0)", d.real(*shape))
    for dtype in (*INTEGERS, "bool"):
        yield sample("lib.cummax(x, 1)", d.typed(dtype, 2, 4))
    yield sample("lib.cummax(x, 0)", d.const([1.0, 1.0, 0.0, 1.0, 2.0, 2.0]))
    yield sample("lib.cummax(x, 0)", d.const([1.0, NAN, 3.0]))


@operation("amax", "amin")
def amax(d: Draw) -> Iterator[Sample]:
    op = d.op
    yield from whole(d, distinct, empty=False, dtypes=(*INTEGERS, "bool"))
    yield from grid(d, distinct, tuples=True)
    for ties in ([1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [[2.0, 2.0], [0.0, 0.0]], [3.0]):
        yield sample(f"lib.{op}(x)", d.const(ties))
        yield sample(f"lib.{op}(x, dim=-1)", d.const(ties))
    yield sample(f"lib.{op}(x, (0, 1))", d.const([[2.0, 1.0], [2.0, 1.0]]))
    yield sample(f"lib.{op}(x)", d.const([1.0, NAN, 3.0]))
    yield sample(f"lib.{op}(x, dim=())", d.real(2, 3, of=distinct))


@operation("max", "min", "median")
def extremes(d: Draw) -> Iterator[Sample]:
    op = d.op
    yield from whole(d, distinct, empty=op == "median", dtypes=INTEGERS)
    yield from grid(d, distinct, tuples=False)
    for ties in ([1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0], [[2.0, 2.0], [0.0, 0.0]]):
        yield sample(f"lib.{op}(x)", d.const(ties))
        if op != "median":
            yield sample(f"lib.{op}(x, dim=-1)", d.const(ties))
    yield sample(f"lib.{op}(x, 1).values", d.real(3, 5, of=distinct))
    yield sample(f"lib.{op}(x, 1)[1]", d.real(3, 4, of=distinct))
    yield sample(f"values, indices = x.{op}(dim=0); values * 2", d.real(3, 4, of=distinct))
    yield sample(f"x.{op}(0)._fields if hasattr(x.{op}(0), '_fields') else ('values', 'indices')",
                 d.real(3, of=distinct))  # fmt: skip
    yield sample(f"lib.{op}(x)", d.const([1.0, NAN, 3.0]))
    yield sample(f"lib.{op}(x, 0)", d.const([1.0, NAN, 3.0]))
    if op != "median":
        yield sample(f"lib.{op}(x)", d.typed("bool", 4))
        yield sample(f"lib.{op}(x, y)", d.real(2, 3), d.real(3))
        yield sample(f"x.{op}(other=y)", d.typed("int64", 3), d.real(3))
    else:
        yield sample(
            "values, indices = lib.median(x, 1); (values, x.gather(1, indices[:, None])[:, 0])",
            d.const([[1.0, 1.0, 2.0], [3.0, 0.0, 3.0]]),
            differentiable=False,
        )


@operation("argmax", "argmin")
def arguments(d: Draw) -> Iterator[Sample]:
    op = d.op
    yield from whole(d, distinct, empty=False, dtypes=INTEGERS)
    yield from grid(d, distinct, tuples=False)
    yield sample(f"lib.{op}(x, dim=None)", d.real(2, 3))
    yield sample(f"lib.{op}(x, dim=None, keepdim=True)", d.real(2, 3))
    yield sample(f"lib.{op}(x, dim=1)", d.const([[1.0, 1.0, 0.0], [0.0, 2.0, 2.0]]))
    yield sample(f"lib.{op}(x)", d.const([1.0, NAN, 3.0, NAN]))
    yield sample(f"lib.{op}(x)", d.const([2.0, 2.0, 2.0]))


@operation("mode")
def mode(d: Draw) -> Iterator[Sample]:
    """The value is defined (the smallest of the most frequent); the index is any of its places."""
    for dim in DIMS:
        yield sample(f"lib.mode(x, {dim}).values", d.typed("int64", 3, 4, 3))
        yield sample(f"x.mode(dim={dim}, keepdim=True)[0].shape", d.typed("int64", 3, 4, 3))
    for x in d.laid(distinct):
        yield sample("lib.mode(x)[0]", x, differentiable=False)
    for values in (
        [1.0, 2.0, 2.0, 0.0],
        [3.0, 3.0, 1.0, 1.0],
        [5.0],
        [[1.0, 1.0, 2.0], [0.0, 4.0, 4.0]],
    ):
        yield sample("lib.mode(x).values", d.const(values), differentiable=False)
        yield sample("v, i = lib.mode(x); x.gather(-1, i.unsqueeze(-1)).squeeze(-1)",
                     d.const(values), differentiable=False)  # fmt: skip
        yield sample("lib.mode(x, -1, True).values", d.const(values), differentiable=False)
    for dtype in INTEGERS:
        yield sample("lib.mode(x).values", d.typed(dtype, 3, 5))
    yield sample("lib.mode(x)", d.real())
    yield sample("lib.mode(x, 0).values", d.real(1, 3))


@operation("all", "any")
def truth(d: Draw) -> Iterator[Sample]:
    op = d.op
    yield from whole(d, anywhere, empty=True)
    yield from grid(d, anywhere, tuples=True)
    for shape in ((), (4,), (2, 3), (0,), (2, 0)):
        yield sample(f"x.{op}()", d.typed("bool", *shape))
        yield sample(f"lib.{op}(x, dim=-1)", d.typed("bool", *shape))
        yield sample(f"lib.{op}(x, 0, keepdim=True)", d.typed("bool", *shape))
    yield sample(f"lib.{op}(x)", d.const([NAN, 0.0]))
    yield sample(f"(x > 0).{op}().item()", d.real(3))


@operation("norm")
def norm(d: Draw) -> Iterator[Sample]:
    yield from whole(d, anywhere, empty=True, dtypes=())
    for p in ("1", "2", "3", "0", "0.5", "float('inf')", "-float('inf')", "'fro'", "2.5", "-1"):
        yield sample(f"lib.norm(x, {p})", d.real(2, 3, of=distinct))
        yield sample(f"x.norm(p={p}, dim=1)", d.real(2, 3, of=distinct))
        yield sample(f"lib.norm(x, p={p}, dim=(0, 1), keepdim=True)", d.real(2, 3, of=distinct))
        yield sample(f"lib.norm(x, p={p})", d.const([0.0, 0.0]))
        yield sample(f"lib.norm(x, {p}, 1)", d.const([[0.0, 0.0], [0.0, 2.0]]))
    for dim in DIMS:
        yield sample(f"x.norm(dim={dim})", d.real(2, 3, 4))
        yield sample(f"x.norm(2, {dim}, True)", d.real(2, 3, 4))
    yield sample("lib.norm(x, p=float('inf'))", d.const([2.0, -2.0, 1.0]))
    yield sample("lib.norm(x, p='nuc')", d.real(3, 2))
    yield sample("lib.norm(x, dtype=lib.float64)", d.typed("float32", 3))


@operation("count_nonzero")
def count_nonzero(d: Draw) -> Iterator[Sample]:
    yield from whole(d, anywhere, empty=True)
    for dim in (*DIMS, *TUPLES):
        yield sample(f"lib.count_nonzero(x, dim={dim})", d.typed("int64", 2, 3, 4))
        yield sample(f"x.count_nonzero({dim})", d.typed("bool", 2, 3, 4))
    yield sample("lib.count_nonzero(x)", d.const([0.0, NAN, -0.0, INF]))


@operation("histc")
def histc(d: Draw) -> Iterator[Sample]:
    for shape in SHAPES:
        yield sample("lib.histc(x, 5, -2, 2)", d.real(*shape, grad=False))
        yield sample("lib.histc(x, bins=4, min=-1, max=1)", d.real(*shape, grad=False))
    for x in d.laid():
        yield sample("x.detach().histc(3, -2.0, 2.0)", x)
    yield sample("lib.histc(x)", d.real(50, grad=False))
    yield sample("lib.histc(x, 6)", d.real(20, grad=False))
    yield sample("lib.histc(x, 4, 0, 0)", d.real(20, grad=False))
    yield sample("lib.histc(x, 4)", d.const([2.0, 2.0], grad=False))
    yield sample("lib.histc(x, 4, 0, 4)", d.const([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], grad=False))
    yield sample("lib.histc(x, bins=2, min=0, max=3)", d.const([1.0, 2.0, NAN], grad=False))


@operation("bincount")
def bincount(d: Draw) -> Iterator[Sample]:
    for size in (0, 1, 5, 20):
        yield sample("lib.bincount(x)", d.index(6, size))
        yield sample("x.bincount(minlength=8)", d.index(6, size))
        yield sample("lib.bincount(x, y)", d.index(6, size), d.real(size, grad=False))
        yield sample("lib.bincount(x, weights=y, minlength=9)",
                     d.index(6, size), d.real(size, grad=False))  # fmt: skip
        yield sample("lib.bincount(x, y)", d.index(6, size), d.typed("int64", size))
    for dtype in INTEGERS:
        yield sample("lib.bincount(x)", d.index(5, 8, dtype=dtype))
    yield sample("lib.bincount(x[::2])", d.index(5, 8))
