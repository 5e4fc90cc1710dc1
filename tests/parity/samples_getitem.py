"""Samples of ``x[...]`` and ``x[...] = v``: ints, slices, None, Ellipsis, masks, integer arrays."""

from __future__ import annotations

from collections.abc import Iterator

from .sample import INTEGERS, Draw, Sample, operation, sample, write

BASIC = (
    "0", "-1", "1:", ":2", "::2", "1:3", "-2:", "...", "None", ":", "0:0", "5:9", "2:1", "1:100",
    "0, 1", "-1, -1", "0, :", ":, 1", ":, ::2", "..., 0", "0, ...", "None, 0", ":, None", "..., None",
    ":, None, 1:", "1:, 1:", "0, None, 1", "..., ::2, 1", "None, ..., None", "True", "False", "()",
    "slice(1, 3)", "slice(None), 0", "slice(0, 4, 2), slice(1, None)", "np.int64(1)", "lib.tensor(1)",
    "lib.tensor(1), 0", "::2, ::3",
)  # fmt: skip
ADVANCED = (
    "[0, 2]", "[0, 0, 1]", "[-1, 0]", "lib.tensor([0, 2, 2])", "lib.tensor([[0, 1], [2, 3]])", "lib.tensor([], dtype=lib.int64)",
    "[0, 1], [1, 2]", "[[0], [1]], [1, 2]", "lib.tensor([0, 1]), 1", "1, lib.tensor([0, 2])", ":, lib.tensor([0, 0, 2])", ":, [2, 1]",
    "lib.tensor([0, 1]), :", "lib.tensor([0, 1]), 1:", "1:, lib.tensor([0, 2])", "..., lib.tensor([0, 1])", "lib.tensor([0, 1]), None", "None, lib.tensor([0, 1])",
    "[True, False, True, False]", "lib.tensor([True, False, True, True])", ":, lib.tensor([True, False, True])", "lib.tensor([False] * 4)",
    "x > 0", "x > 100", "(x > 0) & (x < 1)", "np.array([0, 2])", "np.array([True, False, True, False])", "lib.tensor([0, 1], dtype=lib.int32)",
    "lib.tensor([True, True, False, False]), lib.tensor([0, 1])", "lib.tensor([0, 1]), lib.tensor([True, False, True])", "lib.tensor([[0, 1]]), lib.tensor([[1], [2]])",
    "lib.tensor([-1, -2])", "lib.tensor([3]), [0]", "range(2)", "lib.tensor(True)", "(lib.tensor([0, 1]),)",
)  # fmt: skip
DEEP = (
    "0, :, lib.tensor([0, 1])", "lib.tensor([0, 1]), :, lib.tensor([0, 1])", ":, 0, lib.tensor([0, 1])", "lib.tensor([0, 1]), 0, :", "..., lib.tensor([1, 0]), :",
    ":, lib.tensor([0, 1]), lib.tensor([1, 0])", "lib.tensor([0, 1]), ..., lib.tensor([1, 0])", "lib.tensor([1, 0]), None, :, 1:", "lib.tensor([0, 1]), None, lib.tensor([0, 1])",
    ":, x[0] > 0", "x[:, :, 0] > 0", "x[:, 0, 0] > -9, 1", "..., 0", "0, ..., 0", "1:, ..., ::2", "..., None, 0, :", "[0, 1], ..., 1", "[[0, 1], [1, 0]], [[0, 0], [1, 2]]",
)  # fmt: skip


@operation("getitem")
def getitem(d: Draw) -> Iterator[Sample]:
    for index in (*BASIC, *ADVANCED):
        yield sample(f"x[{index}]", d.real(4, 3))
    for index in DEEP:
        yield sample(f"x[{index}]", d.real(2, 3, 4))
    for index in (
        "...",
        "None",
        "()",
        "True",
        "False",
        "lib.tensor(True)",
        "None, ..., None",
        "..., None",
    ):
        yield sample(f"x[{index}]", d.real())
    for index in ("0", "[0, 1, 1]", "1:", "x > 0", "lib.tensor([1, 0])"):
        for layout in ("transposed", "step", "expanded", "offset"):
            yield sample(f"x[{index}]", d.real(3, 2, layout=layout))
    for index in ("0:0", "[]", ":, 0", "..., None", "x > 0"):
        yield sample(f"x[{index}]", d.real(0, 3))
    for dtype in (*INTEGERS, "bool", "float16", "bfloat16"):
        yield sample("x[1:, [0, 0]]", d.typed(dtype, 3, 2))
    for index in BASIC[:34]:
        if index in {"0:0", "5:9", "2:1"}:
            continue  # where an empty slice starts is no one's business
        yield sample(f"r = x[{index}]; (r.stride(), r.storage_offset())", d.real(4, 3))
    yield sample("x[y]", d.real(5), d.index(5, 7))
    yield sample("x[y, z]", d.real(4, 3), d.index(4, 2, 1), d.index(3, 3))
    yield sample("x[0][1][...]", d.real(2, 3))
    yield sample("x[lib.tensor([1, 0, 1], dtype=lib.uint8)]", d.real(3))


@operation("setitem")
def setitem(d: Draw) -> Iterator[Sample]:
    for index in BASIC:
        yield write(f"x[{index}] = 5; x", d.real(4, 3))
        if index not in {"False", "0:0", "5:9", "2:1"}:
            yield write(f"x[{index}] = y; x", d.real(4, 3), d.real())
    unique = [one for one in ADVANCED if one not in {"[0, 0, 1]", "lib.tensor([0, 2, 2])", ":, lib.tensor([0, 0, 2])"}]
    for index in unique:
        yield write(f"x[{index}] = 1.5; x", d.real(4, 3))
        yield write(f"x[{index}] = y; x", d.real(4, 3), d.real())
    for index in DEEP:
        yield write(f"x[{index}] = y; x", d.real(2, 3, 4), d.real(1))
        yield write(f"x[{index}] = x[{index}] * 2; x", d.real(2, 3, 4))
    for index, shape in (("1", (3,)), (":, 1", (4,)), ("1:3", (2, 3)), ("1:3", (3,)), ("::2, 0", (2,)), ("[0, 3]", (2, 3)),
                         ("[0, 3]", (1, 3)), (":, [2, 0]", (4, 2)), ("[0, 1], [1, 2]", (2,)), ("...", (4, 3)), ("None, 0", (1, 3)),
                         ("lib.tensor([True, False, True, False])", (2, 3)), ("1", (1, 3)), ("0", (1, 1, 3))):  # fmt: skip
        yield write(f"x[{index}] = y; x", d.real(4, 3), d.real(*shape))
    for layout in ("transposed", "step", "offset"):
        yield write("x[0] = y; x", d.real(3, 2, layout=layout), d.real(2))
        yield write("x[[2, 0]] = y; x", d.real(3, 2, layout=layout), d.real(2))
        yield write("x[x > 0] = 0; x", d.real(3, 2, layout=layout))
    for sign in "+-*/":
        yield write(f"x[0] {sign}= y; x", d.real(3, 2), d.real(2))
        yield write(f"x[[0, 2]] {sign}= 2; x", d.real(3, 2))
        yield write(f"x[x > 0] {sign}= 3; x", d.real(3, 2))
    yield write("x[[0, 0, 1]] += 1; x", d.real(3))
    yield write("x[[0, 0, 1]] = x[[0, 0, 1]] * 2; x", d.real(3))
    yield write("x[0] = x[1]; x", d.real(3, 2))
    yield write("x.view(-1)[3] = 0; x", d.real(3, 2))
    yield write("x.t()[0, 1] = y; x", d.real(3, 2), d.real())
    yield write("x[0][1] = y; x", d.real(3, 2), d.real())
    yield write("x[:, 1:][0] *= 3; x", d.real(3, 2))
    yield write("z = x * 2; x[0] = 7; z * x", d.real(3))
    yield write("z = x[1]; x[1] = 3; z * 2", d.real(3))
    yield write("z = x.view(-1); x[0, 0] = y; z * z", d.real(2, 2), d.real())
    yield write("x[...] = y; x", d.real(), d.real())
    yield write("x[()] = 3; x", d.real())
    for dtype in (*INTEGERS, "bool", "float16", "bfloat16"):
        yield write("x[0] = 1; x", d.typed(dtype, 3, 2))
        yield write("x[[0, 2]] = y; x", d.typed(dtype, 3), d.typed(dtype, 2))
    yield write("x[0] = y; x", d.typed("int64", 2), d.const(2.7, "float64", grad=False))
    yield write("x[0] = 2.7; x", d.typed("int64", 2))
    yield write("x[0] = y; x", d.typed("float32", 2), d.typed("float64"))
    yield write("x[1:] = y; x", d.typed("float32", 3), d.typed("int64", 2))
    yield write("x[0] = float(np.float32(2.5)); x", d.real(3))
    yield write("x[0] = True; x", d.real(3))
    yield write("x[0:0] = y; x", d.real(3), d.real(0))
    yield write("x[x > 100] = 5; x", d.real(3))
