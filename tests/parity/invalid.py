"""Calls that PyTorch refuses: at least three per operation, each a text over ``lib``.

This project must refuse them too, with an exception of the same builtin family.
"""

from __future__ import annotations

from collections.abc import Iterator

from .invalid_tables import CREATION, INDEXING, LINALG, OTHER, SHAPE
from .samples_attributes import CASTS, PLAIN
from .samples_elementwise import (
    BINARY,
    COMPARISONS,
    NO_WRITE,
    REFUSED,
    TENSOR_ONLY_INPLACE,
    UNARY,
)

__all__ = ["INVALID"]


def unary() -> Iterator[tuple[str, str]]:
    keeps_dtype = {"abs", "neg", "sign", "ceil", "floor", "round", "trunc", "square",
                   "nan_to_num", "logical_not", "frac"}  # fmt: skip
    for op in UNARY:
        yield op, f"lib.{op}()"
        if op != "nan_to_num":
            yield op, f"lib.{op}([1.0, 2.0])"
        yield op, f"lib.{op}('a')"
        yield op, f"lib.{op}(lib.ones(2), 1, 2, 3, 4, 5)"
        yield op, f"lib.{op}(lib.ones(2), wrong=1)"
        yield (
            op,
            f"lib.{op}(None)" if op != "nan_to_num" else "lib.nan_to_num(lib.ones(2), nan='a')",
        )
        for dtype in REFUSED.get(op, ()):
            yield op, f"lib.{op}(lib.ones(2, dtype=lib.{dtype}))"
        if op not in NO_WRITE:
            if op != "logical_not":  # it has no gradient to lose
                yield op, f"lib.ones(2, requires_grad=True).{op}_()"
            yield op, f"lib.ones(1).expand(3).{op}_()"
            if op not in keeps_dtype:
                yield op, f"lib.ones(2, dtype=lib.int64).{op}_()"


def binary() -> Iterator[tuple[str, str]]:
    for op in BINARY:
        yield op, f"lib.{op}(lib.ones(2), lib.ones(3))"
        yield op, f"lib.{op}(lib.ones(2, 3), lib.ones(2))"
        yield op, f"lib.{op}(lib.ones(2))"
        yield op, f"lib.{op}(lib.ones(2), 'a')"
        yield op, f"lib.{op}(lib.ones(2), None)"
        yield op, f"lib.{op}(lib.ones(2), [1.0, 2.0])"
        yield op, f"lib.{op}(lib.ones(2), lib.ones(2), wrong=1)"
        if op not in TENSOR_ONLY_INPLACE:
            yield op, f"lib.ones(3).{op}_(lib.ones(2, 3))"
            if not op.startswith("logical"):  # they have no gradient to lose
                yield op, f"lib.ones(2, requires_grad=True).{op}_(lib.ones(2))"
            if op not in COMPARISONS and not op.startswith("logical"):
                yield op, f"lib.ones(2, dtype=lib.int64).{op}_(lib.ones(2))"
                yield op, f"lib.ones(1).expand(3).{op}_(lib.ones(3))"
    for op in ("sub",):
        yield op, "lib.ones(2, dtype=lib.bool) - lib.ones(2, dtype=lib.bool)"
        yield op, "-lib.ones(2, dtype=lib.bool)"
    yield "add", "lib.ones(2, dtype=lib.int64).add(lib.ones(2, dtype=lib.int64), alpha=0.5)"
    yield "add", "lib.ones(2) + 'a'"
    yield "add", "'a' + lib.ones(2)"
    yield "add", "lib.ones(2) + None"
    yield "sub", "lib.ones(2, dtype=lib.int64).sub(lib.ones(2, dtype=lib.int64), alpha=0.5)"
    yield "div", "lib.div(lib.ones(2), lib.ones(2), rounding_mode='up')"
    yield "div", "lib.ones(2, dtype=lib.int64).div_(2)"
    yield "div", "x = lib.ones(2, dtype=lib.int64); x /= 2"
    yield "pow", "lib.tensor([2, 3]) ** -1"
    yield "pow", "lib.pow(lib.tensor([2]), lib.tensor([1, 2, 3, 4]).reshape(2, 2), 3)"
    yield "floor_divide", "lib.tensor([1]) // lib.tensor([0])"
    yield "floor_divide", "lib.tensor([1]) // 0"
    yield "remainder", "lib.tensor([1]) % lib.tensor([0])"
    yield "fmod", "lib.fmod(lib.tensor([1]), lib.tensor([0]))"
    yield "isclose", "lib.isclose(lib.ones(2), lib.ones(2), rtol=-1.0)"
    yield "isclose", "lib.isclose(lib.ones(2), lib.ones(2, dtype=lib.float64))"
    yield "lt", "lib.ones(2) < 'a'"
    yield "lt", "lib.ones(2) < None"
    yield "logaddexp", "lib.logaddexp(lib.ones(2, dtype=lib.int64), lib.ones(2, dtype=lib.int64))"
    yield "maximum", "lib.maximum(lib.ones(2), 1.0)"
    yield "minimum", "lib.minimum(lib.ones(2), 1.0)"


WITH_DIM = {
    "sum": "dim=", "mean": "dim=", "prod": "dim=", "std": "dim=", "var": "dim=", "var_mean": "dim=",
    "logsumexp": "dim=", "cumsum": "dim=", "cumprod": "dim=", "cummax": "dim=", "amax": "dim=",
    "amin": "dim=", "max": "dim=", "min": "dim=", "argmax": "dim=", "argmin": "dim=",
    "median": "dim=", "mode": "dim=", "all": "dim=", "any": "dim=", "norm": "dim=",
    "count_nonzero": "dim=",
}  # fmt: skip
TAKES_TUPLE = {"sum", "mean", "std", "var", "var_mean", "logsumexp", "amax", "amin", "norm",
               "count_nonzero", "all", "any"}  # fmt: skip
TAKES_EMPTY = {"sum", "mean", "prod", "std", "var", "var_mean", "logsumexp", "cumsum", "cumprod",
               "all", "any", "norm", "count_nonzero"}  # fmt: skip


def reductions() -> Iterator[tuple[str, str]]:
    for op in WITH_DIM:
        yield op, f"lib.{op}(lib.ones(2, 3), dim=2)"
        yield op, f"lib.{op}(lib.ones(2, 3), dim=-3)"
        yield op, f"lib.{op}(lib.ones(()), dim=1)"
        yield op, f"lib.{op}(lib.ones(2, 3), dim='a')"
        yield op, f"lib.{op}(lib.ones(2, 3), dim=0.5)"
        yield op, f"lib.{op}(lib.ones(2, 3), dim=0, wrong=1)"
        yield op, f"lib.{op}()"
        if op != "norm":
            yield op, f"lib.{op}('a', dim=0)"
            yield op, f"lib.{op}([1.0], dim=0)"
        if op in TAKES_TUPLE:
            yield op, f"lib.{op}(lib.ones(2, 3), dim=(0, 0))"
            yield op, f"lib.{op}(lib.ones(2, 3), dim=(0, -2))"
            yield op, f"lib.{op}(lib.ones(2, 3), dim=(0, 2))"
        else:
            yield op, f"lib.{op}(lib.ones(2, 3), dim=(0, 1))"
        if op not in TAKES_EMPTY and op not in {"cummax", "mode", "median"}:
            yield (
                op,
                f"lib.{op}(lib.ones(0))" if op not in {"amax", "amin"} else f"lib.{op}(lib.ones(0), dim=0)",
            )
            yield op, f"lib.{op}(lib.ones(2, 0), dim=1)"
    for op in ("median", "mode"):
        yield op, f"lib.{op}(lib.ones(2, 0), dim=1)"
    for op in ("mean", "std", "var", "var_mean", "norm"):
        yield op, f"lib.{op}(lib.ones(2, dtype=lib.int64))"
    for op in ("mean", "std", "var", "var_mean", "median", "norm"):
        yield op, f"lib.{op}(lib.ones(2, dtype=lib.bool))"
    for op in ("cumsum", "cumprod", "cummax"):
        yield op, f"lib.{op}(lib.ones(2))"
    yield "cumsum", "lib.ones(2, requires_grad=True).cumsum_(0)"
    yield "cumprod", "lib.ones(2, requires_grad=True).cumprod_(0)"
    yield "mean", "lib.mean(lib.ones(2), dtype=lib.int64)"
    yield "histc", "lib.histc(lib.ones(2), bins=0)"
    yield "histc", "lib.histc(lib.ones(2), bins=-1)"
    yield "histc", "lib.histc(lib.ones(2), bins=2, min=3, max=1)"
    yield "histc", "lib.histc(lib.tensor([math.nan, 1.0]))"
    yield "histc", "lib.histc(lib.tensor([math.inf, 1.0]))"
    yield "bincount", "lib.bincount(lib.ones(2))"
    yield "bincount", "lib.bincount(lib.tensor([-1, 2]))"
    yield "bincount", "lib.bincount(lib.tensor([[1, 2]]))"
    yield "bincount", "lib.bincount(lib.tensor([1, 2]), weights=lib.ones(3))"
    yield "bincount", "lib.bincount(lib.tensor([1, 2]), minlength=-1)"


def ternary() -> Iterator[tuple[str, str]]:
    yield "lerp", "lib.lerp(lib.ones(2), lib.ones(3), 0.5)"
    yield "lerp", "lib.lerp(lib.ones(2), lib.ones(2))"
    yield "lerp", "lib.lerp(lib.ones(2), lib.ones(2, dtype=lib.float64), 0.5)"
    yield "lerp", "lib.lerp(lib.ones(2), 1.0, 0.5)"
    yield "lerp", "lib.lerp(lib.ones(2), lib.ones(2), 'a')"
    for op in ("addcmul", "addcdiv"):
        yield op, f"lib.{op}(lib.ones(2), lib.ones(3), lib.ones(2))"
        yield op, f"lib.{op}(lib.ones(2), lib.ones(2))"
        yield op, f"lib.{op}(lib.ones(2), lib.ones(2), 'a')"
        yield op, f"lib.ones(2).{op}_(lib.ones(2, 2), lib.ones(2))"
        yield op, f"lib.ones(2, requires_grad=True).{op}_(lib.ones(2), lib.ones(2))"
    yield "addcdiv", "lib.addcdiv(lib.tensor([1]), lib.tensor([1]), lib.tensor([1]))"
    for op in ("clamp", "clip"):
        yield op, f"lib.{op}(lib.ones(2))"
        yield op, f"lib.{op}(lib.ones(2), 'a')"
        yield op, f"lib.{op}(lib.ones(2), min=lib.ones(3))"
        yield op, f"lib.{op}(lib.ones(2), lib.zeros(2), 1.0)"
        yield op, f"lib.{op}(lib.ones(2), minimum=0)"
        yield op, f"lib.ones(2, requires_grad=True).{op}_(0, 1)"
    yield "where", "lib.where(lib.ones(2), lib.ones(2), lib.ones(2))"
    yield "where", "lib.where(lib.ones(2) > 0, lib.ones(3), lib.ones(2))"
    yield "where", "lib.where(lib.ones(2) > 0, lib.ones(2))"
    yield "where", "lib.where(True, lib.ones(2), lib.ones(2))"
    yield "where", "lib.where(lib.ones(2) > 0, 'a', lib.ones(2))"
    for op in ("allclose", "equal"):
        yield op, f"lib.{op}(lib.ones(2))"
        yield op, f"lib.{op}(lib.ones(2), 'a')"
        yield op, f"lib.{op}(lib.ones(2), [1.0, 1.0])"
        yield op, f"lib.{op}(lib.ones(2), 1.0)"
    yield "allclose", "lib.allclose(lib.ones(2), lib.ones(3))"
    yield "allclose", "lib.allclose(lib.ones(2), lib.ones(2, dtype=lib.float64))"
    yield "allclose", "lib.allclose(lib.ones(2), lib.ones(2), atol=-1.0)"
    for op, sign in (("operator_and", "&"), ("operator_or", "|"), ("operator_xor", "^")):
        yield op, f"lib.ones(2) {sign} lib.ones(2)"
        yield op, f"lib.tensor([1, 2]) {sign} lib.tensor([1, 2, 3])"
        yield op, f"lib.tensor([1, 2]) {sign} 'a'"
        yield op, f"lib.tensor([1, 2]) {sign} 1.5"
    for op, sign in (("operator_lshift", "<<"), ("operator_rshift", ">>")):
        yield op, f"lib.tensor([1, 2]) {sign} lib.tensor([1, 2, 3])"
        yield op, f"lib.tensor([1, 2]) {sign} 'a'"
        yield op, f"lib.tensor([True]) {sign} lib.tensor([True])"
    yield "operator_invert", "~lib.ones(2)"
    yield "operator_invert", "~lib.ones((), dtype=lib.float64)"
    yield "operator_invert", "~lib.ones(2, dtype=lib.float16)"


def attributes() -> Iterator[tuple[str, str]]:
    """Attributes cannot be called or written; methods refuse arguments they do not have."""
    fields = {"shape", "ndim", "dtype", "device", "is_leaf", "grad_fn", "retains_grad", "T", "mT"}
    for name in sorted(fields):
        yield name, f"lib.ones(2, 3).{name}(1)"
        yield name, f"lib.ones(2, 3).{name}_wrong"
        yield name, f"lib.ones(2, 3).{name}('a', 2)"
    methods = set(PLAIN) - fields - {"data", "grad", "requires_grad", "real", "repr", "__array__"}
    for name in sorted(methods):
        if name in {"storage", "contiguous", "type"}:
            continue
        yield name, f"lib.ones(2, 3).{name}(wrong=1)"
        yield name, f"lib.ones(2, 3).{name}('a', 'b', 'c')"
        yield name, f"lib.Tensor.{name}()"
    for name in CASTS:
        yield f"cast_{name}", f"lib.ones(2).{name}(wrong=1)"
        yield f"cast_{name}", f"lib.ones(2).{name}(1, 2, 3)"
        yield f"cast_{name}", f"lib.Tensor.{name}()"
    for op in ("median",):
        yield op, f"lib.{op}(lib.ones(2), 'a')"


def collect() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for family in (unary(), binary(), reductions(), ternary(), attributes()):
        for op, text in family:
            found.setdefault(op, []).append(text)
    for table in (LINALG, SHAPE, INDEXING, CREATION, OTHER):
        for op, texts in table.items():
            found.setdefault(op, []).extend(texts)
    return {op: tuple(dict.fromkeys(texts)) for op, texts in found.items()}


INVALID = collect()
"""Operation to the calls that it must refuse."""
