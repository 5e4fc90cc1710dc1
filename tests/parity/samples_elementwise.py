"""Samples of the elementwise operations and of the operators."""

from __future__ import annotations

from collections.abc import Iterator

from .sample import (
    INTEGERS,
    SHAPES,
    Domain,
    Draw,
    Sample,
    anywhere,
    nonzero,
    off_grid,
    operation,
    positive,
    sample,
    unit,
    write,
)

INF, NAN = float("inf"), float("nan")
AWKWARD = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, 1e-30, -1e-30, 88.0, -88.0]

UNARY: dict[str, Domain] = {
    "abs": nonzero, "neg": anywhere, "sign": nonzero, "exp": anywhere, "exp2": anywhere,
    "expm1": anywhere, "log": positive, "log2": positive, "log10": positive, "log1p": positive,
    "sqrt": positive, "rsqrt": positive, "square": anywhere, "reciprocal": nonzero,
    "sin": anywhere, "cos": anywhere, "tan": unit, "asin": unit, "acos": unit, "atan": anywhere,
    "sinh": anywhere, "cosh": anywhere, "tanh": anywhere, "sigmoid": anywhere, "erf": anywhere,
    "ceil": off_grid, "floor": off_grid, "round": off_grid, "trunc": off_grid, "frac": off_grid,
    "nan_to_num": anywhere, "logical_not": anywhere,
    "isnan": anywhere, "isinf": anywhere, "isfinite": anywhere,
}  # fmt: skip
REFUSED = {
    "abs": ("bool",), "neg": ("bool",), "ceil": ("bool",), "floor": ("bool",),
    "round": ("bool",), "trunc": ("bool",), "frac": (*INTEGERS, "bool"), "square": (),
}  # fmt: skip
"""Dtypes that PyTorch refuses."""
NO_WRITE = {"isnan", "isinf", "isfinite"}
EXTRA = {
    "round": ("lib.round(x, decimals=1)", "x.round(decimals=2)", "lib.round(100 * x, decimals=-1)"),
    "nan_to_num": (
        "lib.nan_to_num(x / 0, nan=2.0)", "lib.nan_to_num(x / 0, 0.0, 3.0, -4.0)",
        "(x / 0).nan_to_num(posinf=1.5)", "lib.nan_to_num(x / 0, neginf=-7.0)",
        "lib.nan_to_num((x - x) / 0, nan=1.0)",
    ),
    "abs": ("abs(x)", "x.absolute()", "lib.absolute(x)"),
    "neg": ("-x", "x.negative()", "lib.negative(x)"),
    "asin": ("lib.arcsin(x)", "x.arcsin()"),
    "acos": ("lib.arccos(x)", "x.arccos()"),
    "atan": ("lib.arctan(x)", "x.arctan()"),
    "trunc": ("lib.fix(x)", "x.fix()"),
}  # fmt: skip


@operation(*UNARY)
def unary(d: Draw) -> Iterator[Sample]:
    op, of = d.op, UNARY[d.op]
    for shape in SHAPES:
        yield sample(f"lib.{op}(x)", d.real(*shape, of=of))
    for x in d.laid(of):
        yield sample(f"x.{op}()", x)
    yield sample(f"lib.{op}(input=x)", d.real(3, of=of))
    yield sample(f"lib.{op}(x)", d.real(2, 2, of=of, grad=False))
    yield sample(f"lib.{op}(x)", d.const(AWKWARD))
    yield sample(f"lib.{op}(x)", d.const([0.0, -0.0, 0.5, -0.5, 1.5, 2.5, 1.0]))
    for dtype in (*INTEGERS, "bool"):
        if dtype not in REFUSED.get(op, ()):
            yield sample(f"lib.{op}(x)", d.typed(dtype, 2, 3))
    for text in EXTRA.get(op, ()):
        yield sample(text, d.real(2, 3, of=of))
    if op not in NO_WRITE:
        smooth = op != "logical_not"  # see in_place
        yield write(f"x.{op}_()", d.real(2, 3, of=of), differentiable=smooth)
        yield write(f"x.{op}_()", d.real(of=of), differentiable=smooth)
        yield write(f"x.{op}_()", d.real(3, 2, of=of, layout="transposed"), differentiable=smooth)
        yield write(f"x.{op}_()", d.real(2, 3, of=of, layout="step"), differentiable=smooth)
        yield write(f"x[0].{op}_(); x", d.real(2, 3, of=of), differentiable=smooth)
    yield sample(f"lib.{op}(x * 1).requires_grad", d.real(2, of=of))


# -- two tensors --------------------------------------------------------------------------------

PAIRS = (
    ((), ()), ((3,), (3,)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((0, 3), (1, 3)), ((2, 3), ()),
    ((), (2, 3)), ((2, 1, 3), (4, 1)), ((1,), (2, 2)), ((2, 0), (2, 1)),
)  # fmt: skip
BINARY: dict[str, tuple[Domain, Domain]] = {
    "add": (anywhere, anywhere), "sub": (anywhere, anywhere), "mul": (anywhere, anywhere),
    "div": (anywhere, nonzero), "remainder": (off_grid, positive), "fmod": (off_grid, positive),
    "floor_divide": (off_grid, nonzero), "atan2": (nonzero, nonzero),
    "maximum": (anywhere, anywhere), "minimum": (anywhere, anywhere),
    "logaddexp": (anywhere, anywhere), "pow": (positive, anywhere),
    "logical_and": (anywhere, anywhere), "logical_or": (anywhere, anywhere),
    "logical_xor": (anywhere, anywhere),
    "eq": (anywhere, anywhere), "ne": (anywhere, anywhere), "lt": (anywhere, anywhere),
    "le": (anywhere, anywhere), "gt": (anywhere, anywhere), "ge": (anywhere, anywhere),
    "isclose": (anywhere, anywhere),
}  # fmt: skip
OPERATORS = {
    "add": "+", "sub": "-", "mul": "*", "div": "/", "remainder": "%", "floor_divide": "//",
    "pow": "**", "eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
}  # fmt: skip
NO_SCALAR = {"atan2", "maximum", "minimum", "logaddexp", "isclose", *(
    "logical_and", "logical_or", "logical_xor",
)}  # fmt: skip
TENSOR_ONLY_INPLACE = {"maximum", "minimum", "logaddexp", "isclose"}
COMPARISONS = {"eq", "ne", "lt", "le", "gt", "ge"}
NO_BOOL = {"sub", "remainder", "fmod", "floor_divide", "pow"}
BINARY_EXTRA = {
    "add": ("lib.add(x, y, alpha=2)", "x.add(y, alpha=-0.5)", "lib.add(x, 3, alpha=2)",
            "+x", "x.__add__(y)", "x.__radd__(y)", "sum([x, y, y])"),
    "sub": ("lib.sub(x, y, alpha=2)", "x.sub(y, alpha=-0.5)", "lib.rsub(x, y)",
            "lib.subtract(x, y)", "x.subtract(y)"),
    "mul": ("lib.multiply(x, y)", "x.multiply(y)", "lib.mul(x, x)", "x * x * x"),
    "div": ("lib.div(x, y, rounding_mode='floor')", "lib.div(x, y, rounding_mode='trunc')",
            "x.div(y, rounding_mode=None)", "lib.divide(x, y)", "lib.true_divide(x, y)",
            "lib.div(x, 0.7, rounding_mode='floor')", "lib.div(x, y - y)"),
    "isclose": ("lib.isclose(x, x + 1e-3, rtol=1e-2)", "lib.isclose(x, x + 1e-3, atol=1e-2)",
                "lib.isclose(x / 0, x / 0)", "lib.isclose(x * math.nan, x * math.nan)",
                "lib.isclose(x * math.nan, x * math.nan, equal_nan=True)",
                "x.isclose(y, 1e-2, 1e-2)"),
    "eq": ("lib.eq(x, x)",), "ne": ("lib.not_equal(x, x)",), "lt": ("lib.less(x, y)",),
    "le": ("lib.less_equal(x, y)",), "gt": ("lib.greater(x, y)",),
    "ge": ("lib.greater_equal(x, y)",), "atan2": ("lib.arctan2(x, y)",),
    "maximum": ("lib.maximum(x, x)", "lib.maximum(x, y * math.nan)", "lib.max(x, y)", "x.max(y)"),
    "minimum": ("lib.minimum(x, x)", "lib.minimum(x, y * math.nan)", "lib.min(x, y)", "x.min(y)"),
    "logaddexp": ("lib.logaddexp(x, x)", "lib.logaddexp(x - math.inf, y - math.inf)",
                  "lib.logaddexp(x + 500, y - 500)"),
}  # fmt: skip


@operation(*BINARY)
def binary(d: Draw) -> Iterator[Sample]:
    op, (of_x, of_y) = d.op, BINARY[d.op]
    for one, two in PAIRS:
        yield sample(f"lib.{op}(x, y)", d.real(*one, of=of_x), d.real(*two, of=of_y))
    for x in d.laid(of_x):
        yield sample(f"x.{op}(y)", x, d.real(x.array.shape[-1], of=of_y))
    for y in d.laid(of_y):
        yield sample(f"lib.{op}(x, y)", d.real(*y.array.shape, of=of_x), y)
    yield sample(f"lib.{op}(input=x, other=y)" if op != "pow" else "lib.pow(input=x, exponent=y)",
                 d.real(2, of=of_x), d.real(2, of=of_y))  # fmt: skip
    yield sample(f"lib.{op}(x, y)", d.real(2, of=of_x, grad=False), d.real(2, of=of_y))
    yield sample(f"lib.{op}(x, y)", d.real(2, of=of_x), d.real(2, of=of_y, grad=False))
    for text in BINARY_EXTRA.get(op, ()):
        yield sample(text, d.real(2, 3, of=of_x), d.real(2, 3, of=of_y))
    if op in OPERATORS:
        yield from operators(d, OPERATORS[op], of_x, of_y)
    if op not in NO_SCALAR:
        yield from scalars(d, of_x)
    if op != "isclose":
        yield from promotions(d)
    if op not in TENSOR_ONLY_INPLACE:
        yield from in_place(d, of_x, of_y)


def operators(d: Draw, sign: str, of_x: Domain, of_y: Domain) -> Iterator[Sample]:
    yield sample(f"x {sign} y", d.real(2, 3, of=of_x), d.real(3, of=of_y))
    yield sample(f"x {sign} y", d.typed("int64", 2, low=1), d.real(2, of=of_y))
    yield sample(f"x {sign} y", d.real(2, of=of_x), d.typed("int64", 2, low=1))
    for left in ("2", "1.5"):
        yield sample(f"{left} {sign} x", d.real(2, 3, of=of_y))
        yield sample(f"{left} {sign} x", d.typed("int64", 2, 3, low=1))
        yield sample(f"x {sign} {left}", d.real(2, 3, of=of_x))
        yield sample(f"x {sign} {left}", d.typed("int32", 2, 3, low=1))
    if d.op not in NO_BOOL:
        yield sample(f"True {sign} x", d.real(2, of=of_y))
        yield sample(f"x {sign} True", d.typed("bool", 3))
    if d.op not in COMPARISONS:
        yield write(f"x {sign}= y; x", d.real(2, 3, of=of_x), d.real(3, of=of_y))
        yield write(f"x {sign}= 2; x", d.real(2, 3, of=of_x))
        yield write(f"x[1] {sign}= y; x", d.real(2, 3, of=of_x), d.real(3, of=of_y))
        yield (
            write(f"x {sign}= 2; x", d.typed("int64", 3, low=1))
            if d.op != "div"
            else write("x /= 2; x", d.typed("float32", 3))
        )


def scalars(d: Draw, of_x: Domain) -> Iterator[Sample]:
    """A Python scalar is weak: only its kind counts."""
    for scalar in ("2", "1.5", "-3", "0.5"):
        yield sample(f"lib.{d.op}(x, {scalar})", d.real(2, 3, of=of_x))
    for dtype in ("float16", "bfloat16", "int64", "uint8"):
        for scalar in ("2", "1.5"):
            yield sample(f"x.{d.op}({scalar})", d.typed(dtype, 3, low=1))
    if d.op not in NO_BOOL:
        yield sample(f"x.{d.op}(2)", d.typed("bool", 3))
        yield sample(f"x.{d.op}(0.5)", d.typed("bool", 3))
        yield sample(f"lib.{d.op}(x, True)", d.typed("int32", 3))


PROMOTED = (
    ("int64", "float32"), ("float32", "int64"), ("int32", "int64"), ("uint8", "int8"),
    ("uint8", "int32"), ("float16", "float32"), ("float32", "float64"), ("float16", "bfloat16"),
    ("bfloat16", "int64"), ("int16", "int8"), ("float64", "uint8"), ("uint8", "uint8"),
)  # fmt: skip
BOOL_PROMOTED = (("bool", "int64"), ("float32", "bool"), ("bool", "bool"), ("uint8", "bool"))
FLOAT_ONLY = {"logaddexp"}
EVERY_PAIR = {"add", "mul", "div", "eq", "maximum"}
EVERY = ("float16", "bfloat16", "float32", "float64", "int64", "int32", "int8", "uint8", "bool")


def promotions(d: Draw) -> Iterator[Sample]:
    """Dtypes against dtypes, and a 0-d tensor, which yields to a tensor of its own kind."""
    floats = {"float16", "bfloat16", "float32", "float64"}
    pairs: tuple[tuple[str, str], ...] = PROMOTED if d.op in NO_BOOL else PROMOTED + BOOL_PROMOTED
    if d.op in EVERY_PAIR:
        pairs = tuple((one, two) for one in EVERY for two in EVERY)
    for one, two in pairs:
        if d.op in FLOAT_ONLY and not {one, two} <= floats:
            continue
        yield sample(f"lib.{d.op}(x, y)", d.typed(one, 3, low=1), d.typed(two, 3, low=1))
    for one, two in (("float32", "float64"), ("int32", "int64"), ("int64", "float64"),
                     ("float16", "float32"), ("uint8", "int64"), ("bfloat16", "int64")):  # fmt: skip
        if d.op in FLOAT_ONLY and not {one, two} <= floats:
            continue
        yield sample(f"lib.{d.op}(x, y)", d.typed(one, 2, 2, low=1), d.typed(two, low=1))
        yield sample(f"lib.{d.op}(x, y)", d.typed(two, low=1), d.typed(one, 2, low=1))


def in_place(d: Draw, of_x: Domain, of_y: Domain) -> Iterator[Sample]:
    """A logical write has no gradient: PyTorch hands on that of the value it has overwritten."""
    op, smooth = d.op, not d.op.startswith("logical")
    for text, x, y in (
        (f"x.{op}_(y)", d.real(2, 3, of=of_x), d.real(2, 3, of=of_y)),
        (f"x.{op}_(y)", d.real(2, 3, of=of_x), d.real(1, 3, of=of_y)),
        (f"x.{op}_(y)", d.real(2, 3, of=of_x, layout="transposed"), d.real(3, of=of_y)),
        (f"x.{op}_(y)", d.real(2, 3, of=of_x, layout="step"), d.real(of=of_y)),
        (f"x[:, 1].{op}_(y); x", d.real(2, 3, of=of_x), d.real(2, of=of_y)),
        (f"x.{op}_(y)", d.real(of=of_x), d.real(of=of_y)),
        (f"x.{op}_(y)", d.real(2, of=of_x), d.typed("int64", 2, low=1)),
    ):
        yield write(text, x, y, differentiable=smooth)
    if op not in NO_SCALAR:
        yield write(f"x.{op}_(2)", d.real(2, 3, of=of_x))


@operation("remainder_signs")
def remainder_signs(d: Draw) -> Iterator[Sample]:
    """remainder takes the divisor's sign, fmod the dividend's; both at exact multiples too."""
    dividends, divisors = [7, -7, 7, -7, 6, -6, 0], [3, 3, -3, -3, 3, -3, 5]
    for op in ("remainder", "fmod", "floor_divide"):
        for dtype in ("int64", "int32", "float32", "float64"):
            yield sample(f"lib.{op}(x, y)", d.const(dividends, dtype), d.const(divisors, dtype))
        yield sample(f"lib.{op}(x, -3)", d.const(dividends, "int64"))
        yield sample(f"lib.{op}(x, 2.5)", d.const(dividends, "int64"))
    for text in ("-7 % x", "7 // x", "2.5 % x", "2 / x", "2 - x", "2 ** x"):
        yield sample(text, d.const(divisors, "float64"))


@operation("pow_awkward")
def pow_awkward(d: Draw) -> Iterator[Sample]:
    """pow at 0, of negative bases, of integers, and exponents with a rule of their own."""
    base = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0]
    for exponent in ("0", "1", "2", "3", "-1", "-2", "0.5", "-0.5", "1.5", "0.0", "2.0"):
        yield sample(f"lib.pow(x, {exponent})", d.const(base))
        yield sample(f"x ** {exponent}", d.const([0.5, 1.5]))
    for scalar in ("0", "0.0", "2", "1.0", "-2.0"):
        yield sample(f"lib.pow({scalar}, x)", d.const([0.0, 1.0, 2.0, -1.0]))
        yield sample(f"{scalar} ** x", d.const([0.0, 3.0]))
    yield sample("x ** y", d.const([0.0, 0.0, 0.0, 2.0]), d.const([0.0, 1.0, 2.0, 0.0]))
    yield sample("x ** y", d.const([-2.0, -2.0]), d.const([2.0, 3.0]))
    yield sample("x ** y", d.const([2, 3, 0], "int64"), d.const([3, 2, 0], "int64"))
    yield sample("x ** 2", d.const([2, -3, 0], "int64"))
    yield sample("2 ** x", d.const([2, 3, 0], "int64"))
    yield sample("x ** 0.5", d.const([4, 9], "int64"))
    yield sample("2.5 ** x", d.const([2, 3], "int64"))
    yield sample("x.pow(exponent=3)", d.const([2.0]))


# -- three tensors and the rest -----------------------------------------------------------------


@operation("lerp")
def lerp(d: Draw) -> Iterator[Sample]:
    for one, two in PAIRS:
        yield sample("lib.lerp(x, y, 0.3)", d.real(*one), d.real(*two))
        yield sample("lib.lerp(x, y, z)", d.real(*one), d.real(*two), d.real(*two))
    for x in d.laid():
        yield sample("x.lerp(y, 0.7)", x, d.real(*x.array.shape))
    yield sample("lib.lerp(input=x, end=y, weight=2.0)", d.real(2), d.real(2))
    yield sample("lib.lerp(x, y, z)", d.real(2, 3), d.real(3), d.real())
    yield sample("lib.lerp(x, y, 0.0)", d.real(3), d.real(3))
    yield sample("lib.lerp(x, y, 1)", d.real(3), d.real(3))
    yield write("x.lerp_(y, 0.3)", d.real(2, 3), d.real(3))
    yield write("x.lerp_(y, z)", d.real(2, 3), d.real(2, 3), d.real(2, 3))
    yield write("x[0].lerp_(y, 0.9); x", d.real(2, 3), d.real(3))


@operation("addcmul", "addcdiv")
def addc(d: Draw) -> Iterator[Sample]:
    op = d.op
    for one, two in PAIRS:
        yield sample(f"lib.{op}(x, y, z)", d.real(*one), d.real(*two), d.real(*two, of=nonzero))
        yield sample(f"lib.{op}(x, y, z, value=0.5)",
                     d.real(*one), d.real(*one), d.real(*two, of=nonzero))  # fmt: skip
    for x in d.laid():
        last = x.array.shape[-1]
        yield sample(f"x.{op}(y, z, value=-2)", x, d.real(last), d.real(last, of=nonzero))
    yield write(f"x.{op}_(y, z)", d.real(2, 3), d.real(3), d.real(2, 1, of=nonzero))
    yield write(f"x.{op}_(y, z, value=3)", d.real(2, 3), d.real(3), d.real(of=nonzero))
    yield write(f"x[1].{op}_(y, z); x", d.real(2, 3), d.real(3), d.real(3, of=nonzero))


@operation("clamp", "clip")
def clamp(d: Draw) -> Iterator[Sample]:
    op = d.op
    for shape in SHAPES:
        yield sample(f"lib.{op}(x, -0.5, 0.5)", d.real(*shape))
    for x in d.laid():
        yield sample(f"x.{op}(min=-0.25)", x)
        yield sample(f"x.{op}(max=0.25)", x)
    yield sample(f"lib.{op}(x, min=0, max=1)", d.real(5))
    yield sample(f"lib.{op}(x, 1.0, -1.0)", d.real(5))
    yield sample(f"lib.{op}(x, 0.0, 1.0)", d.const([0.0, 1.0, -1.0, 2.0, 0.5, NAN, INF]))
    yield sample(f"lib.{op}(x, y, z)", d.real(2, 3), d.real(3), d.real(2, 1))
    yield sample(f"lib.{op}(x, min=y)", d.real(2, 3), d.real(3))
    yield sample(f"lib.{op}(x, max=y)", d.real(2, 3), d.real())
    yield sample(f"lib.{op}(x, y, z)", d.const([1.0, 2.0]), d.const([1.0, 3.0]), d.const([2.0, 3.0]))
    for dtype in INTEGERS:
        yield sample(f"lib.{op}(x, 1, 3)", d.typed(dtype, 5))
    yield sample(f"lib.{op}(x, 0.5, 2.5)", d.typed("int64", 5))
    yield sample(f"x.{op}(0.5)", d.typed("int32", 5))
    yield write(f"x.{op}_(-0.5, 0.5)", d.real(2, 3))
    yield write(f"x.{op}_(min=y)", d.real(2, 3), d.real(3))
    yield write(f"x[0].{op}_(max=0.0); x", d.real(2, 3))


@operation("where")
def where(d: Draw) -> Iterator[Sample]:
    for one, two in PAIRS:
        yield sample("lib.where(x, y, z)", d.typed("bool", *one), d.real(*one), d.real(*two))
        yield sample("lib.where(x > 0, x, y)", d.real(*one), d.real(*two))
    for x in d.laid():
        yield sample("x.where(x > 0, y)", x, d.real())
    for scalar in ("0", "1.5", "-math.inf", "math.nan"):
        yield sample(f"lib.where(x > 0, x, {scalar})", d.real(2, 3))
        yield sample(f"lib.where(x > 0, {scalar}, x)", d.real(2, 3))
        yield sample(f"lib.where(x > 0, x, {scalar})", d.typed("int64", 4))
    yield sample("lib.where(x > 0, 1, 0)", d.real(2, 3))
    yield sample("lib.where(x > 0, 1.0, 0)", d.real(2, 3))
    yield sample("lib.where(x > 0, True, False)", d.real(2, 3))
    yield sample("lib.where(x)", d.typed("bool", 2, 3))
    yield sample("lib.where(x)", d.typed("int64", 4))
    yield sample("lib.where(condition=x > 0, input=x, other=-x)", d.real(3))
    yield sample("lib.where(x > 0, lib.log(x), x)", d.const([0.0, 1.0, -1.0, 2.0]))
    yield sample("lib.where(x > 0, lib.sqrt(x), 0.0)", d.const([-1.0, 1.0, 4.0]))
    yield sample("lib.where(x > 0, x, y)", d.const([1.0, -1.0]), d.const([NAN, 2.0]))
    for left, right in (("int64", "float32"), ("float32", "float64"), ("bool", "int64"),
                        ("uint8", "int8"), ("float16", "int64")):  # fmt: skip
        mask = d.typed("bool", 3)
        yield sample("lib.where(x, y, z)", mask, d.typed(left, 3), d.typed(right, 3))
        yield sample("lib.where(x, y, z)", mask, d.typed(left, 3), d.typed(right))


@operation("allclose", "equal")
def verdicts(d: Draw) -> Iterator[Sample]:
    op = d.op
    for shape in SHAPES:
        yield sample(f"lib.{op}(x, x.clone())", d.real(*shape))
        yield sample(f"x.{op}(x + 1)", d.real(*shape))
    for x in d.laid():
        yield sample(f"lib.{op}(x, x.contiguous())", x)
    yield sample(f"lib.{op}(x, y)", d.const([1, 2], "int64"), d.const([1, 2], "int64"))
    yield sample(f"lib.{op}(x, y)", d.const([1, 2], "int64"), d.const([1, 3], "int64"))
    yield sample(f"lib.{op}(x, x)", d.const([NAN, 1.0]))
    yield sample(f"lib.{op}(x, x.clone())", d.const([INF, -INF]))
    if op == "equal":
        yield sample("lib.equal(x, y)", d.real(2, 3), d.real(3))
        yield sample("lib.equal(x, y)", d.real(0), d.real(2, 0))
    else:
        for extra in ("rtol=1e-2", "atol=1e-2", "rtol=0, atol=0", "1e-2, 1e-3", "equal_nan=True"):
            yield sample(f"lib.allclose(x, x + 1e-3, {extra})", d.real(3))
        yield sample("lib.allclose(x, x, equal_nan=True)", d.const([NAN, 1.0]))
        yield sample("lib.allclose(x, y)", d.real(2, 3), d.real(3))
