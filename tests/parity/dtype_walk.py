"""The dtype table: every function with operands of every dtype and rank, and with Python numbers.

A case is the text of a call and a description of its operands; ``outcome`` runs it in one library
and keeps the result's dtypes and values, or the exception. What a case means is not written down
anywhere: PyTorch is asked. ``python -m tests.parity.dtype_walk [WORD ...]`` prints what differs.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .refusals import ACCEPTED, family_of, first_line
from .runner import call_of, name_of

__all__ = ["EXPLAINED", "Case", "cases", "checked", "difference", "plain"]

DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64")
NUMBERS = (True, 3, -2, 2.5)
FIRST = {"bool": [True, False, True, False], "uint8": [0, 3, 7, 200], "float": [-2.5, 0.0, 0.75, 3.0]}
SECOND = {"bool": [True, True, True, True], "uint8": [1, 2, 5, 250], "float": [-1.5, 2.0, 0.25, 3.0]}
INTEGERS = ([-3, 0, 2, 100], [2, -1, 3, 100])
UNIT = {"bool": [True, False, True, False], "uint8": [0, 1, 1, 0], "float": [0.25, 0.5, 0.75, 1.0]}


@dataclass(frozen=True, slots=True)
class Case:
    """A call over ``lib``, ``x``, ``y``, ``z``; each operand is (dtype, "vector" or "0-d" ...) or a number."""

    text: str
    operands: tuple[Any, ...]

    def __str__(self) -> str:
        return self.text + " | " + ", ".join(map(_described, self.operands))


def _described(operand: Any) -> str:
    return f"{operand[0]} {operand[1]}" if isinstance(operand, tuple) else repr(operand)


# -- operands ---------------------------------------------------------------------------------------


def values_of(dtype: str, form: str) -> NDArray[np.generic]:
    """Values that are exact in every dtype of their kind; a second operand has no zeros, so that all divide."""
    family = "float" if "float" in dtype else dtype if dtype in ("bool", "uint8") else "integer"
    if form.startswith("unit"):
        listed = UNIT.get(family, UNIT["uint8"])
    else:
        first = form.startswith(("vector", "0-d", "matrix"))
        listed = (FIRST if first else SECOND).get(family) or INTEGERS[0 if first else 1]
    stored = "float32" if dtype == "bfloat16" else dtype
    array = np.array(listed, stored)
    if "0-d" in form:
        return array[1:2].reshape(()) if form == "0-d" and family == "bool" else array[2].reshape(())
    return array.reshape(2, 2) if "matrix" in form else array


class Pool:
    """A library's operands, made once. Calls that write get copies."""

    def __init__(self, lib: Any) -> None:
        self.lib, self.made = lib, dict[tuple[str, str], Any]()

    def __call__(self, operand: Any, copied: bool) -> Any:
        if not isinstance(operand, tuple):
            return operand
        if operand not in self.made:
            dtype, form = operand
            self.made[operand] = self.lib.tensor(values_of(dtype, form), dtype=getattr(self.lib, dtype))
        return self.made[operand].clone() if copied else self.made[operand]


# -- outcomes ---------------------------------------------------------------------------------------


def outcome(pool: Pool, case: Case) -> Any:
    """Plain data of the result: for a tensor (dtype, values)."""
    copied = "_(" in case.text or "]" in case.text or "=" in case.text
    operands = [pool(one, copied) for one in case.operands]
    try:
        result = call_of(case.text, len(operands))(pool.lib, *operands)
    except Exception as error:
        return error
    return plain(pool.lib, result)


def plain(lib: Any, value: Any) -> Any:
    if isinstance(value, lib.Tensor):
        kind = name_of(value.dtype)
        value = value.detach()
        return kind, np.array((value.float() if kind == "bfloat16" else value).numpy())
    if isinstance(value, (list, tuple)):
        return [plain(lib, one) for one in value]
    return name_of(value) if isinstance(value, type(lib.float32)) else value


TOLERANCE = {"float64": 1e-7, "float32": 1e-5, "float16": 4e-3, "bfloat16": 3e-2}
"""For the values; how exact they can be is another table's matter."""


def difference(theirs: Any, mine: Any) -> str | None:
    """What differs between two outcomes, PyTorch's first; None where they agree."""
    if isinstance(theirs, Exception) or isinstance(mine, Exception):
        return _refusals(theirs, mine)
    if isinstance(theirs, list) and isinstance(mine, list):
        found = [difference(*pair) for pair in zip(theirs, mine, strict=True)]
        return next((one for one in found if one), None)
    if not isinstance(theirs, tuple) or not isinstance(mine, tuple):
        return None if theirs == mine and type(theirs) is type(mine) else f"{mine!r}, PyTorch {theirs!r}"
    if theirs[0] != mine[0]:
        return f"dtype {mine[0]}, PyTorch {theirs[0]}"
    if theirs[1].shape != mine[1].shape:
        return f"shape {mine[1].shape}, PyTorch {theirs[1].shape}"
    allowed = TOLERANCE.get(theirs[0], 0)
    if theirs[1].dtype.kind != "f":
        same = np.array_equal(theirs[1], mine[1])
    else:
        same = np.allclose(
            mine[1].astype(np.float64), theirs[1].astype(np.float64), rtol=allowed, atol=allowed, equal_nan=True
        )
    return None if same else f"{theirs[0]} {mine[1].tolist()}, PyTorch {theirs[1].tolist()}"


def _refusals(theirs: Any, mine: Any) -> str | None:
    if not isinstance(mine, Exception):
        return f"accepted as {_short(mine)}, PyTorch raises {type(theirs).__name__}: {first_line(theirs)}"
    if not isinstance(theirs, Exception):
        return f"raises {type(mine).__name__}: {first_line(mine)}, PyTorch gives {_short(theirs)}"
    if family_of(mine) not in ACCEPTED:
        return f"raises {type(mine).__name__}: {first_line(mine)}, PyTorch {type(theirs).__name__}"
    return None


def _short(given: Any) -> str:
    return f"{given[0]} {given[1].tolist()}" if isinstance(given, tuple) else repr(given)[:80]


# -- the functions ----------------------------------------------------------------------------------

UNARY = [
    "abs",
    "neg",
    "sign",
    "square",
    "sqrt",
    "rsqrt",
    "reciprocal",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "sigmoid",
    "erf",
    "erfinv",
    "relu",
    "ceil",
    "floor",
    "trunc",
    "round",
    "frac",
    "logical_not",
    "bitwise_not",
    "nan_to_num",
]
UNARY_ONLY = ["isnan", "isinf", "isfinite", "positive", "zeros_like", "ones_like", "count_nonzero", "clone", "nonzero"]
ACTIVATIONS = [
    "relu",
    "relu6",
    "gelu",
    "silu",
    "mish",
    "elu",
    "selu",
    "celu",
    "leaky_relu",
    "softplus",
    "softsign",
    "tanhshrink",
    "hardtanh",
    "hardswish",
    "hardsigmoid",
    "hardshrink",
    "softshrink",
    "logsigmoid",
    "sigmoid",
    "tanh",
]
IN_PLACE_ACTIVATIONS = ["relu", "elu", "selu", "celu", "leaky_relu", "hardtanh"]
BINARY = [
    "add",
    "sub",
    "mul",
    "div",
    "floor_divide",
    "remainder",
    "fmod",
    "pow",
    "maximum",
    "minimum",
    "atan2",
    "logaddexp",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "logical_and",
    "logical_or",
    "logical_xor",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "bitwise_left_shift",
    "bitwise_right_shift",
]
BINARY_METHODS = [one for one in BINARY if one not in ("maximum", "minimum", "logaddexp")]
OPERATORS = ("+", "-", "*", "/", "//", "%", "**", "<", "==", "&", "|", "^", "<<", ">>")
REDUCTIONS = [
    "sum(x)",
    "prod(x)",
    "mean(x)",
    "var(x)",
    "std(x)",
    "amax(x)",
    "amin(x)",
    "max(x)",
    "min(x)",
    "argmax(x)",
    "argmin(x)",
    "all(x)",
    "any(x)",
    "median(x)",
    "mode(x)",
    "cumsum(x,0)",
    "cumprod(x,0)",
    "cummax(x,0)",
    "logsumexp(x,0)",
    "softmax(x,0)",
    "log_softmax(x,0)",
    "norm(x)",
    "count_nonzero(x)",
    "sum(x,0)",
    "prod(x,0)",
    "mean(x,0)",
    "var(x,0)",
    "amax(x,0)",
    "max(x,0)",
    "min(x,0)",
    "median(x,0)",
    "argmax(x,0)",
    "all(x,0)",
    "any(x,0)",
    "sort(x)",
    "argsort(x)",
    "topk(x,1)",
    "unique(x)",
    "bincount(x)",
    "histc(x,4)",
    "var_mean(x)",
    "std(x,0)",
    "linalg.norm(x)",
    "linalg.vector_norm(x)",
    "norm(x,1)",
    "flip(x,(0,))",
    "roll(x,1)",
    "cumsum(x,-1)",
]
WITH_DTYPE = [
    "sum(x,dtype=D)",
    "prod(x,dtype=D)",
    "mean(x,dtype=D)",
    "cumsum(x,0,dtype=D)",
    "cumprod(x,0,dtype=D)",
    "softmax(x,0,dtype=D)",
    "log_softmax(x,0,dtype=D)",
    "sum(x,0,dtype=D)",
    "prod(x,0,dtype=D)",
    "mean(x,0,dtype=D)",
    "zeros_like(x,dtype=D)",
    "ones_like(x,dtype=D)",
    "full_like(x,3,dtype=D)",
    "full_like(x,2.5,dtype=D)",
    "norm(x,dtype=D)",
    "linalg.vector_norm(x,dtype=D)",
]
LOSSES = [
    "mse_loss",
    "l1_loss",
    "smooth_l1_loss",
    "huber_loss",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "kl_div",
    "poisson_nll_loss",
    "soft_margin_loss",
]
MATRICES = [
    "matmul(x,y)",
    "mm(x,y)",
    "dot(x[0],y[0])",
    "mv(x,y[0])",
    "outer(x[0],y[0])",
    "inner(x,y)",
    "einsum('ij,jk',x,y)",
]
PAIRS = [
    "cat([x,y])",
    "stack([x,y])",
    "hstack([x,y])",
    "isclose(x,y)",
    "equal(x,y)",
    "allclose(x,y)",
    "result_type(x,y)",
    "where(y>0,x,y)",
    "clamp(x,y)",
    "clamp(x,max=y)",
    "clamp(x,y,y)",
    "lerp(x,y,0.5)",
    "nn.functional.prelu(x,y)",
    "index_select(x,0,y>9)",
    "take(x,y)",
    "masked_select(x,y)",
]


def vector(dtype: str) -> tuple[str, str]:
    return dtype, "vector"


def ranks(first: str, second: str) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """Two tensors: of one rank, and with a 0-d tensor on either side."""
    yield (first, "vector"), (second, "second")
    yield (first, "vector"), (second, "second 0-d")
    yield (first, "0-d"), (second, "second")


def unary() -> Iterator[Case]:
    for dtype in DTYPES:
        for form in ("vector", "0-d"):
            x = (dtype, form)
            for name in (*UNARY, *UNARY_ONLY):
                yield Case(f"lib.{name}(x)", (x,))
            for name in ACTIVATIONS:
                yield Case(f"lib.nn.functional.{name}(x)", (x,))
            for name in UNARY:
                yield Case(f"x.{name}_()", (x,))
            for text in (
                "-x",
                "+x",
                "~x",
                "abs(x)",
                "x.item()",
                "x.requires_grad_()",
                "x.round(decimals=1)",
                "x.tolist()",
            ):
                yield Case(text, (x,))
            for name in IN_PLACE_ACTIVATIONS:
                yield Case(f"lib.nn.functional.{name}_(x)", (x,))


def binary() -> Iterator[Case]:
    for first in DTYPES:
        for second in DTYPES:
            for x, y in ranks(first, second):
                for name in BINARY:
                    yield Case(f"lib.{name}(x, y)", (x, y))
                for name in BINARY_METHODS:
                    yield Case(f"x.{name}_(y)", (x, y))
                for mode in ("floor", "trunc"):
                    yield Case(f"lib.div(x, y, rounding_mode='{mode}')", (x, y))
                for text in ("lib.add(x, y, alpha=2)", "lib.sub(x, y, alpha=2)", "lib.add(x, y, alpha=0.5)"):
                    yield Case(text, (x, y))


def numbers() -> Iterator[Case]:
    for dtype in DTYPES:
        for form in ("vector", "0-d"):
            x, y = (dtype, form), (dtype, "second" if form == "vector" else "second 0-d")
            for number in NUMBERS:
                for name in BINARY:
                    yield Case(f"lib.{name}(x, y)", (x, number))
                    yield Case(f"lib.{name}(x, y)", (number, y))
                for name in BINARY_METHODS:
                    yield Case(f"x.{name}_(y)", (x, number))
                for mode in ("floor", "trunc"):
                    yield Case(f"lib.div(x, y, rounding_mode='{mode}')", (x, number))
                    yield Case(f"lib.div(x, y, rounding_mode='{mode}')", (number, y))
                for operator in OPERATORS:
                    yield Case(f"x {operator} y", (x, number))
                    yield Case(f"x {operator} y", (number, y))
                    if operator not in ("<", "=="):
                        yield Case(f"x {operator}= y; x", (x, number))
                for text in (
                    "lib.add(x, y, alpha=2)",
                    "lib.add(x, x, alpha=y)",
                    "lib.sub(x, x, alpha=y)",
                    "lib.rsub(x, y)",
                ):
                    yield Case(text, (x, number))


def reductions() -> Iterator[Case]:
    for dtype in DTYPES:
        for form in ("vector", "matrix", "0-d"):
            for name in REDUCTIONS:
                yield Case(f"lib.{name}", ((dtype, form),))
        for wanted in DTYPES:
            for name in WITH_DTYPE:
                yield Case(f"lib.{name.replace('D', 'lib.' + wanted)}", (vector(dtype),))
            for text in ("x.cumsum_(0, dtype=D)", "x.cumprod_(0, dtype=D)", "x.to(D)", "x.new_full((2,), 3, dtype=D)"):
                yield Case(text.replace("D", f"lib.{wanted}"), (vector(dtype),))
        yield Case("x.cumsum_(0)", (vector(dtype),))
        yield Case("x.cumprod_(0)", (vector(dtype),))


def pairs() -> Iterator[Case]:
    for first in DTYPES:
        for second in DTYPES:
            for x, y in ranks(first, second):
                for text in PAIRS:
                    yield Case(f"lib.{text}", (x, y))
                for text in ("x.copy_(y)", "x.clamp_(y)", "x.masked_fill_(x > 0, y[0] if y.ndim else y)", "x.fill_(y[0] if y.ndim else y)",
                             "x[...] = y; x", "x[x > 0] = y[0] if y.ndim else y; x", "x.type_as(y)", "lib.full_like(x, y)"):  # fmt: skip
                    yield Case(text, (x, y))
            x, y = (first, "matrix"), (second, "second matrix")
            for text in MATRICES:
                yield Case(f"lib.{text}", (x, y))
            for text in ("lib.nn.functional.linear(x, y)", "lib.addmm(x, x, y)", "lib.addmm(x, y, y)", "x @ y"):
                yield Case(text, (x, y))
            for loss in LOSSES:
                yield Case(f"lib.nn.functional.{loss}(x, y)", ((first, "unit"), (second, "unit")))
            for text in ("x.gather(0, y)", "x[y]", "lib.nn.functional.embedding(y, x.reshape(2, 2))", "lib.nn.functional.one_hot(y)",
                         "x.scatter(0, y, 1)", "lib.nn.functional.nll_loss(x.reshape(2, 2), y[:2])", "x.index_add(0, y, x)",
                         "lib.nn.functional.cross_entropy(x.reshape(2, 2), y[:2])", "x.index_fill(0, y, 1)"):  # fmt: skip
                yield Case(text, (vector(first), (second, "unit")))


def ternary() -> Iterator[Case]:
    for first in DTYPES:
        for second in DTYPES:
            for x, y in ranks(first, second):
                for text in ("lib.addcmul(x, x, y)", "lib.addcmul(x, y, y)", "lib.addcdiv(x, y, y)", "lib.addcdiv(x, x, y)", "x.addcmul_(y, y)",
                             "x.addcdiv_(y, y)", "lib.lerp(x, x, y)", "x.lerp_(y, 0.5)", "lib.lerp(x, y, y)", "lib.addcmul(x, y, y, value=2.0)",
                             "lib.addcmul(x, y, y, value=2)", "lib.addcdiv(x, y, y, value=2)"):  # fmt: skip
                    yield Case(text, (x, y))
        for number in (*NUMBERS, 300, -1.5):
            for form in ("vector", "0-d"):
                x = (first, form)
                for text in ("lib.where(x > 0, x, y)", "lib.where(x > 0, y, x)", "lib.clamp(x, y)", "lib.clamp(x, max=y)", "lib.clamp(x, 0, y)",
                             "x.clamp_(y)", "lib.full_like(x, y)", "x.masked_fill(x > 0, y)", "x.fill_(y)", "x[...] = y; x",
                             "lib.lerp(x, x, y)", "lib.result_type(x, y)", "lib.nn.functional.threshold(x, 0, y)", "x.new_full((2,), y)",
                             "lib.nn.functional.hardtanh(x, 0, y)", "lib.nn.functional.leaky_relu(x, y)", "lib.nn.functional.elu(x, y)",
                             "lib.nn.functional.pad(x.reshape(-1), (1, 1), value=y)", "lib.addcmul(x, x, x, value=y)", "lib.addcdiv(x, x, x, value=y)",
                             "lib.isclose(x, x, rtol=y)", "x.index_fill(0, lib.tensor([0]), y)", "lib.pow(x, y)", "x.clamp(min=y, max=2.5)"):  # fmt: skip
                    yield Case(text, (x, number))


def creation() -> Iterator[Case]:
    for dtype in DTYPES:
        kind = f"lib.{dtype}"
        for number in (*NUMBERS, 300, -1.5, 70000, 0):
            for text in ("lib.full((2,), x, dtype=D)", "lib.tensor([x], dtype=D)", "lib.tensor(x, dtype=D)", "lib.arange(x, dtype=D)",
                         "lib.arange(0, x, dtype=D)", "lib.linspace(0, x, 3, dtype=D)", "lib.eye(2, dtype=D)", "lib.full((2,), x)", "lib.arange(x)",
                         "lib.as_tensor(x, dtype=D)", "lib.tensor([x, 1.5], dtype=D)", "lib.logspace(0, x, 2, dtype=D)"):  # fmt: skip
                yield Case(text.replace("D", kind), (number,))
        for text in ("lib.tensor([math.nan], dtype=D)", "lib.tensor(math.inf, dtype=D)", "lib.full((1,), math.nan, dtype=D)",
                     "lib.full((1,), math.inf, dtype=D)", "lib.zeros(1, dtype=D).fill_(math.nan)", "lib.zeros(1, dtype=D).fill_(-math.inf)",
                     "lib.arange(1, 2, 0.5, dtype=D)", "lib.arange(3.0, dtype=D)", "lib.tril_indices(2, 2, dtype=D)", "lib.tensor([-1], dtype=D)",
                     "lib.tensor([256], dtype=D)", "lib.tensor([-129], dtype=D)", "lib.full((1,), -1, dtype=D)", "lib.full((1,), 256, dtype=D)",
                     "lib.full((1,), -300, dtype=D)", "lib.full((1,), 2**40, dtype=D)", "lib.zeros(1, dtype=D).fill_(256)", "lib.zeros(1, dtype=D).fill_(-1)",
                     "lib.zeros(2, dtype=D, requires_grad=True)", "lib.rand(0, dtype=D)", "lib.randint(3, (0,), dtype=D)", "lib.randperm(1, dtype=D)",
                     "lib.zeros(1, dtype=D).clamp(-1)", "lib.zeros(1, dtype=D).clamp(300)", "lib.zeros(1, dtype=D).add(300)", "lib.zeros(1, dtype=D).add(-1)",
                     "lib.ones(1, dtype=D).mul(300)", "lib.ones(1, dtype=D).clamp(max=-1)", "lib.zeros(1, dtype=D).masked_fill(lib.tensor([True]), 300)",
                     "lib.ones(1, dtype=D) * 2**40", "lib.ones(1, dtype=D) + 2**40", "lib.ones(1, dtype=D) == 300", "lib.ones(1, dtype=D) < -1",
                     "lib.ones(1, dtype=D) > 2**40", "lib.ones(1, dtype=D) // 300", "lib.ones(1, dtype=D) % 300", "lib.ones(1, dtype=D) - 300",
                     "300 - lib.ones(1, dtype=D)", "lib.full((2,), 3, dtype=D) ** 2", "lib.full((2,), 3, dtype=D) ** 300", "2 ** lib.ones(2, dtype=D)",
                     "lib.ones(1, dtype=D) & 300", "lib.ones(1, dtype=D) << 9", "lib.ones(1, dtype=D) << -1", "lib.ones(1, dtype=D) >> 70",
                     "x = lib.zeros(2, dtype=D); x[0] = 300; x", "x = lib.zeros(2, dtype=D); x[0] = -1; x", "x = lib.zeros(2, dtype=D); x[0] = math.nan; x",
                     "x = lib.zeros(2, dtype=D); x[0] = 2.7; x", "lib.zeros(2, dtype=D).sum().dtype", "lib.finfo(D).bits", "lib.iinfo(D).max"):  # fmt: skip
            yield Case(text.replace("D", kind), ())


def cases() -> Iterator[Case]:
    """The whole walk, in a fixed order."""
    for family in (unary, binary, numbers, reductions, pairs, ternary, creation):
        yield from family()


def checked(chosen: Callable[[Case], bool] = lambda case: True) -> Iterator[tuple[Case, str | None]]:
    """Each chosen case with what differs."""
    torch, lib = importlib.import_module("torch"), importlib.import_module("tinygrad_nn")
    theirs, mine = Pool(torch), Pool(lib)
    for case in cases():
        if chosen(case):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield case, difference(outcome(theirs, case), outcome(mine, case))


# -- what differs on purpose ------------------------------------------------------------------------

FRACTION = (
    "PyTorch's documentation asks for a whole `value` beside integers; its code drops the fraction in silence, "
    "here the call is refused"
)
WRAPPED = "a negative limit limits no unsigned number from below, and all of them from above; PyTorch takes -2 for 254"
MASK_TO_THE_TRUE = (
    "a power of masks is not defined; PyTorch copies the mask where the exponent is the Python number True"
)
OVERFLOWN = "2**40 does not fit float16 and is refused, as 70000 is on both sides; PyTorch gives inf"
MIXED_LIST = "a negative number beside a fraction in a list does not fit uint8; PyTorch wraps it to 254"
OR_OF_ANDS = "a matrix of bools times another is their composition as relations; PyTorch has no kernel for it"

WIDER = "16-bit logits beside a wider target are computed in the wider type; PyTorch rounds log(sigmoid) to 16 bits on the way"

INTEGERS_ONLY = ("uint8", "int8", "int16", "int32", "int64")

EXPLAINED: dict[str, str] = {
    **{
        f"lib.addcmul(x, x, x, value=y) | {dtype} {form}, {value}": FRACTION
        for dtype in INTEGERS_ONLY
        for form in ("vector", "0-d")
        for value in (2.5, -1.5)
        if (dtype, value) != ("uint8", -1.5)
    },
    **{
        f"{text} | uint8 {form}, -2": WRAPPED
        for text in ("lib.clamp(x, y)", "lib.clamp(x, max=y)", "lib.clamp(x, 0, y)", "x.clamp_(y)")
        for form in ("vector", "0-d")
    },
    "lib.zeros(1, dtype=lib.uint8).clamp(-1) | ": WRAPPED,
    "lib.ones(1, dtype=lib.uint8).clamp(max=-1) | ": WRAPPED,
    **{
        f"{text} | bool {form}, True": MASK_TO_THE_TRUE
        for text in ("lib.pow(x, y)", "x.pow_(y)", "x ** y", "x **= y; x")
        for form in ("vector", "0-d")
    },
    **{
        f"lib.nn.functional.binary_cross_entropy_with_logits(x, y) | {half} unit, {wide} unit": WIDER
        for half in ("float16", "bfloat16")
        for wide in ("float32", "float64")
    },
    "lib.full((1,), 2**40, dtype=lib.float16) | ": OVERFLOWN,
    "lib.tensor([x, 1.5], dtype=lib.uint8) | -2": MIXED_LIST,
    "lib.nn.functional.linear(x, y) | bool matrix, bool second matrix": OR_OF_ANDS,
}
"""Each case that differs, with the reason. A test keeps it honest: all of these differ, and nothing else."""


def main(words: list[str]) -> None:
    """Print what differs, grouped by the text of the call."""
    total, found, groups = 0, 0, Counter[str]()
    shown: dict[str, list[str]] = {}
    for case, what in checked(lambda case: all(word in str(case) for word in words)):
        total += 1
        if what is not None:
            found += 1
            groups[case.text] += 1
            mark = " (explained)" if str(case) in EXPLAINED else ""
            shown.setdefault(case.text, []).append(f"    {str(case).partition(' | ')[2]}{mark}\n        {what}")
    for text, count in groups.most_common():
        print(f"{count:5} {text}")
        print("\n".join(shown[text][:: max(1, len(shown[text]) // 6)]))
    print(f"{found} of {total} differ")


if __name__ == "__main__":
    main(sys.argv[1:])
