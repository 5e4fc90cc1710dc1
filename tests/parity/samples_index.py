"""Samples of the named operations on indices: gather, scatter, sort, searches and the like."""

from __future__ import annotations

from collections.abc import Iterator

from .sample import INTEGERS, Draw, Sample, Shape, distinct, operation, sample, write

INF, NAN = float("inf"), float("nan")


@operation("index_put", "index_put_")
def index_put(d: Draw) -> Iterator[Sample]:
    op = d.op
    make = write if op.endswith("_") else sample
    for indices, values in (
        ("(lib.tensor([0, 2]),)", (2, 3)), ("[lib.tensor([1]), lib.tensor([2])]", (1,)), ("(lib.tensor([0, 1]), lib.tensor([1, 2]))", (2,)),
        ("(lib.tensor([0, 2]),)", (3,)), ("(lib.tensor([0, 2]),)", ()), ("(lib.tensor([True, False, True, False]),)", (2, 3)),
        ("(lib.tensor([[0], [1]]), lib.tensor([1, 2]))", (2, 2)), ("(lib.tensor([-1]),)", (3,)), ("(x > 0,)", ()),
    ):  # fmt: skip
        yield make(f"x.{op}({indices}, y)", d.real(4, 3), d.real(*values))
        yield make(f"x.{op}({indices}, y, accumulate=True)", d.real(4, 3), d.real(*values))
    for repeated in ("[0, 0, 1]", "[2, 2, 2]"):
        yield make(f"x.{op}((lib.tensor({repeated}),), y, accumulate=True)", d.real(4, 3), d.real(3, 3))
        yield make(f"x.{op}((lib.tensor({repeated}),), y, True)", d.real(4), d.real())
    for layout in ("transposed", "step"):
        yield make(f"x.{op}((lib.tensor([0, 1]),), y)", d.real(3, 2, layout=layout), d.real(2))
        yield make(f"x.{op}((lib.tensor([0, 1]),), values=y)", d.real(3, 2), d.real(2, 2, layout=layout))
    yield make(f"x.{op}(indices=(lib.tensor([0]),), values=y, accumulate=False)", d.real(3), d.real(1))
    yield make(
        f"x.{op}((lib.tensor([0, 0]),), y, accumulate=True)",
        d.typed("int64", 3),
        d.typed("int64", 2),
    )
    if op == "index_put":
        yield sample("lib.index_put(x, (lib.tensor([0]),), y)", d.real(3), d.real(1))


@operation("gather")
def gather(d: Draw) -> Iterator[Sample]:
    for shape, dim, index in (
        ((3, 4), 0, (2, 4)), ((3, 4), 1, (3, 2)), ((3, 4), -1, (2, 6)), ((3, 4), 0, (5, 2)), ((4,), 0, (6,)), ((2, 3, 4), 1, (2, 2, 4)),
        ((2, 3, 4), 2, (1, 2, 3)), ((2, 3, 4), -3, (3, 1, 1)), ((3,), 0, (0,)), ((3, 4), 1, (0, 2)), ((), 0, ()), ((1, 1), 0, (3, 1)),
    ):  # fmt: skip
        size = shape[dim] if shape else 1
        yield sample(f"lib.gather(x, {dim}, y)", d.real(*shape), d.index(size, *index))
        yield sample(f"x.gather(dim={dim}, index=y)", d.real(*shape), d.index(size, *index))
    for layout in ("transposed", "step", "expanded", "offset"):
        yield sample("x.gather(1, y)", d.real(3, 2, layout=layout), d.index(2, 3, 2))
        yield sample(
            "x.gather(0, y)",
            d.real(3, 2),
            d.index(3, 3, 2, layout=layout if layout != "expanded" else "plain"),
        )
    for dtype in (*INTEGERS, "bool"):
        yield sample("x.gather(1, y)", d.typed(dtype, 3, 2), d.index(2, 3, 2))
    yield sample("x.gather(1, y)", d.real(3, 2), d.index(2, 3, 2, dtype="int32"))


SCATTERED: tuple[tuple[Shape, int, str, Shape], ...] = (
    ((3, 4), 0, "[[0, 1, 2, 0], [1, 2, 0, 1]]", (2, 4)), ((3, 4), 1, "[[0, 3], [1, 2], [2, 0]]", (3, 2)), ((4,), 0, "[3, 0]", (2,)), ((4,), -1, "[1, 2, 3]", (5,)),
    ((3, 2), 0, "[[2, 1]]", (2, 2)), ((2, 2, 3), 2, "[[[0, 2]], [[1, 0]]]", (2, 2, 3)), ((3,), 0, "[]", (3,)), ((2, 3), -2, "[[1, 0, 1]]", (1, 3)),
)  # fmt: skip


@operation("scatter", "scatter_", "scatter_add")
def scatter(d: Draw) -> Iterator[Sample]:
    op = d.op
    make = write if op.endswith("_") else sample
    for shape, dim, index, source in SCATTERED:
        index = f"lib.tensor({index}, dtype=lib.int64)"
        yield make(f"x.{op}({dim}, {index}, y)", d.real(*shape), d.real(*source))
        yield make(f"x.{op}(dim={dim}, index={index}, src=y)", d.real(*shape), d.real(*source))
        if op != "scatter_add":
            yield make(f"x.{op}({dim}, {index}, 2.5)", d.real(*shape))
            yield make(f"x.{op}({dim}, {index}, value=-1)", d.real(*shape))
            yield make(
                f"x.{op}({dim}, {index}, y, reduce='add')",
                d.real(*shape, grad=False),
                d.real(*source, grad=False),
            )
            yield make(f"x.{op}({dim}, {index}, 3.0, reduce='multiply')", d.real(*shape, grad=False))
    for layout in ("transposed", "step"):
        yield make(
            f"x.{op}(1, lib.tensor([[0, 1], [1, 0]]), y)",
            d.real(2, 2, layout=layout),
            d.real(2, 2, layout=layout),
        )
    for dtype in ("int64", "uint8", "float16"):
        yield make(f"x.{op}(0, lib.tensor([1, 0]), y)", d.typed(dtype, 3), d.typed(dtype, 2))
    if op == "scatter_add":
        for index in ("[0, 0, 1]", "[2, 2, 2]", "[1, 0, 1]"):
            yield sample(f"lib.scatter_add(x, 0, lib.tensor({index}), y)", d.real(3), d.real(3))
            yield write(f"x.scatter_add_(0, lib.tensor({index}), y)", d.real(3), d.real(3))
        yield write("x.scatter_add_(1, lib.tensor([[0, 0], [1, 1]]), y)", d.real(2, 2), d.real(2, 2))
    elif op == "scatter":
        yield sample("lib.scatter(x, 0, lib.tensor([1, 0]), y)", d.real(3), d.real(2))
        yield sample("lib.scatter(x, 0, lib.tensor([1, 0]), 4)", d.typed("int64", 3))


@operation("index_select")
def index_select(d: Draw) -> Iterator[Sample]:
    for shape, dim in (
        ((4,), 0),
        ((3, 4), 0),
        ((3, 4), 1),
        ((3, 4), -1),
        ((2, 3, 4), 1),
        ((2, 3, 4), -3),
        ((1, 3), 0),
    ):
        for count in (0, 1, 5):
            yield sample(f"lib.index_select(x, {dim}, y)", d.real(*shape), d.index(shape[dim], count))
        yield sample(
            f"x.index_select(dim={dim}, index=y)",
            d.real(*shape),
            d.index(shape[dim], 3, dtype="int32"),
        )
    for layout in ("transposed", "step", "expanded", "offset"):
        yield sample("x.index_select(0, y)", d.real(3, 2, layout=layout), d.index(3, 4))
    for dtype in (*INTEGERS, "bool"):
        yield sample("x.index_select(1, y)", d.typed(dtype, 2, 3), d.index(3, 4))
    yield sample("x.index_select(0, lib.tensor(1))", d.real(3, 2))
    yield sample("x.index_select(0, lib.tensor([0]))", d.real())


@operation("index_add", "index_copy")
def index_add(d: Draw) -> Iterator[Sample]:
    op = d.op
    for shape, dim, index, source in (
        ((4,), 0, "[0, 2]", (2,)), ((3, 4), 0, "[2, 0]", (2, 4)), ((3, 4), 1, "[3, 1, 0]", (3, 3)), ((3, 4), -1, "[0]", (3, 1)),
        ((2, 3, 2), 1, "[1, 2]", (2, 2, 2)), ((3,), 0, "[]", (0,)), ((2, 2), -2, "[1]", (1, 2)),
    ):  # fmt: skip
        index = f"lib.tensor({index}, dtype=lib.int64)"
        yield sample(f"lib.{op}(x, {dim}, {index}, y)", d.real(*shape), d.real(*source))
        yield sample(f"x.{op}(dim={dim}, index={index}, source=y)", d.real(*shape), d.real(*source))
        yield write(f"x.{op}_({dim}, {index}, y)", d.real(*shape), d.real(*source))
    for layout in ("transposed", "step"):
        yield sample(
            f"x.{op}(0, lib.tensor([1, 0]), y)",
            d.real(2, 3, layout=layout),
            d.real(2, 3, layout=layout),
        )
    for dtype in ("int64", "uint8", "float16"):
        yield sample(f"x.{op}(0, lib.tensor([1, 0]), y)", d.typed(dtype, 3), d.typed(dtype, 2))
    if op == "index_add":
        for index in ("[0, 0, 1]", "[2, 2, 2]"):
            yield sample(f"x.index_add(0, lib.tensor({index}), y)", d.real(3, 2), d.real(3, 2))
            yield sample(f"x.index_add(0, lib.tensor({index}), y, alpha=-2)", d.real(3), d.real(3))
            yield write(f"x.index_add_(0, lib.tensor({index}), y, alpha=0.5)", d.real(3), d.real(3))


@operation("index_fill")
def index_fill(d: Draw) -> Iterator[Sample]:
    for shape, dim, index in (
        ((4,), 0, "[0, 2]"),
        ((3, 4), 0, "[2, 0]"),
        ((3, 4), 1, "[3, 3]"),
        ((3, 4), -1, "[0]"),
        ((2, 3, 2), 1, "[1]"),
        ((3,), 0, "[]"),
    ):
        index = f"lib.tensor({index}, dtype=lib.int64)"
        yield sample(f"lib.index_fill(x, {dim}, {index}, 2.5)", d.real(*shape))
        yield sample(f"x.index_fill({dim}, {index}, y)", d.real(*shape), d.real())
        yield sample(f"x.index_fill(dim={dim}, index={index}, value=-1)", d.real(*shape))
        yield write(f"x.index_fill_({dim}, {index}, 7)", d.real(*shape))
    for dtype in ("int64", "uint8", "bool"):
        yield sample("x.index_fill(0, lib.tensor([1]), 1)", d.typed(dtype, 3))
    yield write("x.index_fill_(0, lib.tensor([0]), y)", d.real(2, 3, layout="transposed"), d.real())


@operation("masked_fill")
def masked_fill(d: Draw) -> Iterator[Sample]:
    for shape, mask in (
        ((), ()),
        ((4,), (4,)),
        ((2, 3), (2, 3)),
        ((2, 3), (3,)),
        ((2, 3), (2, 1)),
        ((2, 3), ()),
        ((0, 3), (3,)),
        ((2, 1, 3), (2, 3)),
    ):
        yield sample("lib.masked_fill(x, y, 0.5)", d.real(*shape), d.typed("bool", *mask))
        yield sample("x.masked_fill(y, -math.inf)", d.real(*shape), d.typed("bool", *mask))
        yield sample("x.masked_fill(mask=y, value=z)", d.real(*shape), d.typed("bool", *mask), d.real())
    yield sample("x.masked_fill(y, 1)", d.real(3), d.typed("bool", 2, 3))
    for dtype in (*INTEGERS, "bool"):
        yield sample("x.masked_fill(y, 1)", d.typed(dtype, 4), d.typed("bool", 4))
    yield sample("x.masked_fill(x != x, 0.0)", d.const([1.0, NAN, INF]))
    for layout in ("transposed", "step"):
        yield write("x.masked_fill_(y, 3)", d.real(2, 3, layout=layout), d.typed("bool", 2, 3))
        yield write("x.masked_fill_(y, z)", d.real(2, 3, layout=layout), d.typed("bool", 3), d.real())
    yield write("x[0].masked_fill_(y, 3); x", d.real(2, 3), d.typed("bool", 3))


@operation("masked_select")
def masked_select(d: Draw) -> Iterator[Sample]:
    for shape, mask in (
        ((), ()),
        ((4,), (4,)),
        ((2, 3), (2, 3)),
        ((2, 3), (3,)),
        ((2, 3), (2, 1)),
        ((3,), (2, 3)),
        ((0, 3), (3,)),
        ((2, 1, 3), (4, 1)),
    ):
        yield sample("lib.masked_select(x, y)", d.real(*shape), d.typed("bool", *mask))
        yield sample("x.masked_select(mask=y)", d.real(*shape), d.typed("bool", *mask))
    for layout in ("transposed", "step", "expanded", "offset"):
        yield sample("x.masked_select(x > 0)", d.real(3, 2, layout=layout))
    for dtype in INTEGERS:
        yield sample("x.masked_select(x > 1)", d.typed(dtype, 4))
    yield sample("x.masked_select(x > 100)", d.real(3))


@operation("take")
def take(d: Draw) -> Iterator[Sample]:
    for shape in ((4,), (2, 3), (2, 1, 3), (1,)):
        size = 1
        for one in shape:
            size *= one
        for index in ((), (3,), (2, 2), (0,)):
            yield sample("lib.take(x, y)", d.real(*shape), d.index(size, *index))
    for layout in ("transposed", "step", "expanded", "offset"):
        yield sample("x.take(index=y)", d.real(3, 2, layout=layout), d.index(6, 4))
    yield sample("x.take(lib.tensor([-1, 0, -2]))", d.real(2, 3))
    for dtype in INTEGERS:
        yield sample("x.take(y)", d.typed(dtype, 2, 3), d.index(6, 4))


@operation("take_along_dim")
def take_along_dim(d: Draw) -> Iterator[Sample]:
    for shape, dim, index in (
        ((3, 4), 0, (2, 4)),
        ((3, 4), 1, (3, 2)),
        ((3, 4), -1, (1, 2)),
        ((4,), 0, (6,)),
        ((2, 3, 4), 1, (2, 2, 4)),
        ((3, 4), 0, (2, 1)),
        ((1, 4), 1, (3, 2)),
    ):
        yield sample(f"lib.take_along_dim(x, y, {dim})", d.real(*shape), d.index(shape[dim], *index))
        yield sample(f"x.take_along_dim(y, dim={dim})", d.real(*shape), d.index(shape[dim], *index))
    yield sample("lib.take_along_dim(x, y)", d.real(2, 3), d.index(6, 4))
    yield sample("x.take_along_dim(x.argsort(dim=1), dim=1)", d.real(2, 3, of=distinct))
    yield sample("lib.take_along_dim(input=x, indices=y, dim=0)", d.real(3, 2), d.index(3, 1, 2))
    for layout in ("transposed", "step", "expanded"):
        yield sample("x.take_along_dim(y, 1)", d.real(3, 2, layout=layout), d.index(2, 3, 2))
    for dtype in INTEGERS:
        yield sample("x.take_along_dim(y, 0)", d.typed(dtype, 3, 2), d.index(3, 2, 2))


@operation("sort", "argsort")
def sort(d: Draw) -> Iterator[Sample]:
    op = d.op
    for dim in ("0", "1", "-1", "2", "-3"):
        yield sample(f"lib.{op}(x, dim={dim})", d.real(2, 3, 4, of=distinct))
        yield sample(f"x.{op}({dim}, descending=True)", d.real(2, 3, 4, of=distinct))
    for x in d.laid(distinct):
        if x.layout != "expanded":
            yield sample(f"x.{op}()", x)
            yield sample(f"x.{op}(0, True)", x)
    yield sample(f"x.{op}()", d.real(3, 2, of=distinct, layout="expanded"))
    for shape in ((), (1,), (0,), (2, 0, 3), (2, 1)):
        yield sample(f"lib.{op}(x)", d.real(*shape, of=distinct))
    for dtype in (*INTEGERS, "bool", "float16"):
        yield sample(f"lib.{op}(x, stable=True)", d.typed(dtype, 6))
        yield sample(f"lib.{op}(x, stable=True, dim=0, descending=True)", d.typed(dtype, 6))
    yield sample(f"lib.{op}(x, stable=True)", d.const([1.0, 0.0, 1.0, 0.0]))
    yield sample(f"lib.{op}(x, stable=True, descending=True)", d.const([1.0, 0.0, 1.0, 0.0]))
    yield sample(f"lib.{op}(x)", d.const([1.0, NAN, -INF, INF, 0.0]))
    yield sample(f"lib.{op}(x, descending=True)", d.const([1.0, NAN, -INF, INF, 0.0]))
    if op == "sort":
        yield sample("lib.sort(x).values", d.real(4, of=distinct))
        yield sample("values, indices = x.sort(); values * indices", d.real(4, of=distinct))
        yield sample("lib.sort(x)[0]", d.const([2.0, 2.0, 1.0]))
        yield sample("lib.msort(x)", d.real(4, 2, of=distinct))


@operation("topk")
def topk(d: Draw) -> Iterator[Sample]:
    for k in ("1", "2", "3"):
        for dim in ("0", "1", "-1"):
            yield sample(f"lib.topk(x, {k}, dim={dim})", d.real(3, 4, of=distinct))
            yield sample(f"x.topk({k}, {dim}, largest=False)", d.real(3, 4, of=distinct))
    yield sample("x.topk(2)", d.real(2, 2, 3, of=distinct))
    yield sample("x.topk(0)", d.real(3, of=distinct))
    yield sample("x.topk(1)", d.real())
    yield sample("x.topk(2, sorted=False).values.sort().values", d.real(5, of=distinct))
    yield sample(
        "values, indices = lib.topk(input=x, k=2, dim=0, largest=True, sorted=True); values",
        d.real(4, of=distinct),
    )
    for layout in ("transposed", "step", "offset"):
        yield sample("x.topk(2)", d.real(3, 2, of=distinct, layout=layout))
    for dtype in INTEGERS:
        yield sample("x.topk(2).values", d.typed(dtype, 2, 5))
    yield sample("x.topk(2)[0]", d.const([1.0, NAN, 3.0]))
    yield sample("x.topk(2).values", d.const([3.0, 3.0, 1.0]), differentiable=False)


@operation("unique")
def unique(d: Draw) -> Iterator[Sample]:
    for shape in ((5,), (3, 4), (), (0,), (2, 2, 3)):
        yield sample("lib.unique(x)", d.typed("int64", *shape))
        yield sample("x.unique(return_inverse=True)", d.typed("int64", *shape))
        yield sample("x.unique(return_counts=True)", d.typed("int64", *shape))
        yield sample(
            "lib.unique(x, sorted=True, return_inverse=True, return_counts=True)",
            d.typed("int64", *shape),
        )
    for dim in ("0", "1", "-1"):
        yield sample(f"lib.unique(x, dim={dim})", d.typed("int64", 4, 3, high=0))
        yield sample(
            f"x.unique(dim={dim}, return_inverse=True, return_counts=True)",
            d.const([[1, 2, 1], [1, 2, 1], [0, 3, 0]], "int64"),
        )
    for dtype in (*INTEGERS, "bool"):
        yield sample("lib.unique(x)", d.typed(dtype, 8))
    for layout in ("transposed", "step", "expanded"):
        yield sample("x.unique()", d.typed("int64", 3, 2, layout=layout))
    yield sample("lib.unique(x.detach())", d.const([2.0, 1.0, 2.0, -1.0]))
    yield sample("lib.unique_consecutive(x)", d.const([1, 1, 2, 2, 1], "int64"))
    yield sample(
        "x.unique_consecutive(return_inverse=True, return_counts=True)",
        d.const([1, 1, 2, 2, 1], "int64"),
    )


@operation("nonzero")
def nonzero(d: Draw) -> Iterator[Sample]:
    for shape in ((), (4,), (2, 3), (2, 1, 3), (0,), (2, 0)):
        yield sample("lib.nonzero(x)", d.typed("int64", *shape))
        yield sample("x.nonzero(as_tuple=True)", d.typed("int64", *shape))
        yield sample("lib.nonzero(x, as_tuple=False)", d.typed("bool", *shape))
    for layout in ("transposed", "step", "expanded"):
        yield sample("x.nonzero()", d.typed("int64", 3, 2, layout=layout))
    yield sample("lib.nonzero(x)", d.const([0.0, NAN, -0.0, 1.0]))
    yield sample("(x > 0).nonzero()", d.real(2, 3))
    yield sample("(x > 0).nonzero(as_tuple=True)[0]", d.real(2, 3))
    yield sample("lib.argwhere(x)", d.typed("int64", 2, 3))


@operation("searchsorted", "bucketize")
def searchsorted(d: Draw) -> Iterator[Sample]:
    edges = d.const([-1.0, 0.0, 0.0, 1.0, 2.0], grad=False)
    first = ("lib.searchsorted(x, y", "lib.bucketize(y, x")[d.op == "bucketize"]
    for shape in ((), (1,), (4,), (2, 3), (0,), (2, 0)):
        yield sample(f"{first})", edges, d.real(*shape, grad=False))
        yield sample(f"{first}, right=True)", edges, d.real(*shape, grad=False))
        yield sample(f"{first}, out_int32=True)", edges, d.real(*shape, grad=False))
    for dtype in INTEGERS:
        yield sample(f"{first})", d.const([0, 1, 3], dtype), d.typed(dtype, 5))
    yield sample(f"{first})", edges, d.const([-1.0, 0.0, 2.0, 3.0], grad=False))
    yield sample(f"{first}, right=True)", edges, d.const([-1.0, 0.0, 2.0, 3.0], grad=False))
    yield sample(f"{first})", edges, d.const([NAN, INF, -INF], grad=False))
    yield sample(f"{first.replace('y', '0.5', 1)})", edges)
    yield sample(f"{first})", edges, d.real(3, 2, grad=False, layout="transposed"))
    if d.op == "searchsorted":
        rows = d.const([[0.0, 1.0, 2.0], [5.0, 6.0, 7.0]], grad=False)
        yield sample("lib.searchsorted(x, y)", rows, d.const([[1.0, 0.5], [6.5, 9.0]], grad=False))
        yield sample("lib.searchsorted(x, y, side='right')", rows, d.const([[1.0], [6.0]], grad=False))
        yield sample("lib.searchsorted(x, y, side='left')", rows, d.const([[1.0], [6.0]], grad=False))
        yield sample(
            "lib.searchsorted(x, y, sorter=lib.argsort(x))",
            d.const([2.0, 0.0, 1.0], grad=False),
            d.const([0.5, 1.0], grad=False),
        )
