"""Samples of the operators without a named function, of conversions, and of NumPy's spelling."""

from __future__ import annotations

from collections.abc import Iterator

from .sample import INTEGERS, Draw, Sample, operation, sample, write

BITWISE = {"operator_and": "&", "operator_or": "|", "operator_xor": "^"}
SHIFTS = {"operator_lshift": "<<", "operator_rshift": ">>"}


@operation(*BITWISE, *SHIFTS)
def bitwise(d: Draw) -> Iterator[Sample]:
    sign = {**BITWISE, **SHIFTS}[d.op]
    dtypes = INTEGERS if d.op in SHIFTS else (*INTEGERS, "bool")
    for dtype in dtypes:
        yield sample(f"x {sign} y", d.typed(dtype, 2, 3, low=0), d.typed(dtype, 3, low=0))
        yield sample(f"x {sign} y", d.typed(dtype, low=0), d.typed(dtype, 2, low=0))
        yield sample(f"x {sign} 1", d.typed(dtype, 4, low=0))
        yield sample(f"2 {sign} x", d.typed("int64", 3, low=0))
        yield write(f"x {sign}= y; x", d.typed(dtype, 2, 3, low=0), d.typed(dtype, 3, low=0))
    yield sample(f"x {sign} y", d.typed("uint8", 3, low=0), d.typed("int64", 3, low=0))
    if d.op in BITWISE:
        yield sample(f"(x > 0) {sign} (y > 0)", d.real(4), d.real(4))
        yield sample(f"x {sign} True", d.typed("bool", 4))


@operation("operator_invert")
def invert(d: Draw) -> Iterator[Sample]:
    for dtype in (*INTEGERS, "bool"):
        for shape in ((), (3,), (2, 0), (2, 3)):
            yield sample("~x", d.typed(dtype, *shape))
    yield sample("~(x > 0)", d.real(4))
    yield sample("~x", d.typed("bool", 2, 3, layout="transposed"))


@operation("operator_conversion")
def conversion(d: Draw) -> Iterator[Sample]:
    """float(x), int(x), bool(x), len(x), iteration, ``in``, use as an index, truth, formats."""
    for text in ("float(x)", "int(x)", "bool(x)", "f'{x:.3f}'", "x in [x]", "round(float(x), 2)"):
        yield sample(text, d.const(1.75), differentiable=False)
        yield sample(text, d.const(1.75, grad=False))
    for text in ("float(x)", "int(x)", "bool(x)", "list(range(5))[x]", "range(x)[-1]", "f'{x:d}'",
                 "[0] * x", "hash(x) == hash(x)", "'abc'[x]", "x.__index__()"):  # fmt: skip
        yield sample(text, d.const(2, "int64"))
    for text in ("float(x)", "int(x)", "bool(x)", "x.item()"):
        yield sample(text, d.const([[3.0]], grad=False))
        yield sample(text, d.const(True, "bool"))
    for shape in ((1,), (3,), (2, 3), (0,), (2, 1, 3)):
        yield sample("len(x)", d.real(*shape))
        yield sample("list(x)", d.real(*shape))
        yield sample("[row for row in x]", d.real(*shape))
    yield sample("a, b = x; a * b", d.real(2, 3))
    yield sample("2 in x", d.const([1, 2], "int64"))
    yield sample("5.0 in x", d.const([1.0, 2.0]))
    yield sample("list(reversed(x))", d.real(3))
    yield sample("if x: return 1\nelse: return 2", d.const([0.0], grad=False))


@operation("axis_keepdims")
def axis_keepdims(d: Draw) -> Iterator[Sample]:
    """NumPy's spelling, accepted beside PyTorch's."""
    for op in ("sum", "mean", "prod", "amax", "amin", "all", "any", "argmax", "argmin",
               "cumsum", "cumprod", "std", "var", "logsumexp", "max", "min", "median", "norm",
               "count_nonzero", "softmax"):  # fmt: skip
        if op in {"cumsum", "cumprod", "count_nonzero", "softmax"}:
            theirs, mine = f"lib.{op}(x, dim=1)", f"lib.{op}(x, axis=1)"
        elif op == "norm":
            theirs, mine = "lib.norm(x, dim=1, keepdim=True)", "lib.norm(x, axis=1, keepdims=True)"
        else:
            theirs, mine = (f"lib.{op}(x, dim=1, keepdim=True)",
                            f"lib.{op}(x, axis=1, keepdims=True)")  # fmt: skip
        if op != "softmax":
            yield sample(theirs, d.real(2, 3), ours=mine)
    for theirs, mine in (
        ("x.sum(dim=0)", "x.sum(axis=0)"), ("x.mean(dim=(0, 1))", "x.mean(axis=(0, 1))"),
        ("lib.cat([x, x], dim=1)", "lib.cat([x, x], axis=1)"),
        ("lib.stack([x, x], dim=1)", "lib.stack([x, x], axis=1)"),
        ("x.amax(dim=-1)", "x.amax(axis=-1)"),
    ):  # fmt: skip
        yield sample(theirs, d.real(2, 3), ours=mine)
