"""What the samplers take: shapes, element types, ranges. The rest is refused here, in words."""

from __future__ import annotations

import math
import operator
import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, DTypeError, RandomError, message
from tinygrad_nn.generator.discrete import DIGITS
from tinygrad_nn.generator.rounding import narrow

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Shape", "above_zero", "floating", "integer", "integer_range", "numeric", "permutation_length",
    "probability", "sized", "uniform_range", "weights",
]  # fmt: skip

Shape = int | tuple[int, ...] | list[int]

LARGEST = {"float16": 65504.0, "bfloat16": 3.3895313892515355e38, "float32": 3.4028234663852886e38}
LARGEST["float64"] = 1.7976931348623157e308
NEAR = 32752.0  # bounds within it, and their difference, fit every floating type
INT64 = (-(2**63), 2**63 - 1)


def integer(what: str, value: object) -> int:
    """A Python integer that fits 64 bits."""
    if isinstance(value, (bool, np.bool_)) or not hasattr(value, "__index__"):
        raise DTypeError(message(f"{what} must be an integer", got=repr(value), fix="pass an int"))
    number = operator.index(value)
    if not INT64[0] <= number <= INT64[1]:
        raise ArgumentError(message(f"{what} does not fit a 64-bit integer", got=number, fix="-2**63 .. 2**63 - 1"))
    return number


def sized(shape: Shape) -> tuple[tuple[int, ...], int]:
    """The shape as a tuple, and its number of elements."""
    given = shape if isinstance(shape, (tuple, list)) else (shape,)
    dims = tuple(map(operator.index, given))
    if dims and min(dims) < 0:
        what = "a shape cannot have a negative dimension"
        raise RandomError(message(what, got=dims, fix="use sizes of 0 or more"))
    return dims, math.prod(dims)


@lru_cache(maxsize=256)
def floating(name: str, dtype: object) -> np.dtype[Any]:
    """A floating element type; others are NotImplementedError, as in PyTorch."""
    kind: np.dtype[Any] = np.dtype(dtype)  # type: ignore[call-overload]
    if kind.name not in DIGITS:
        what = f"{name}: the distribution is continuous"
        got = f"dtype {kind.name}"
        raise NotImplementedError(message(what, got=got, fix="use a floating dtype"))
    return kind


@lru_cache(maxsize=256)
def numeric(name: str, dtype: object, *, boolean: bool = True) -> np.dtype[Any]:
    """A real element type, bool among them or not."""
    kind: np.dtype[Any] = np.dtype(dtype)  # type: ignore[call-overload]
    if kind.name not in DIGITS and kind.kind not in ("iub" if boolean else "iu"):
        raise NotImplementedError(
            message(f"{name}: no numbers of this type", got=f"dtype {kind.name}", fix="use int64")
        )
    return kind


def above_zero(name: str, argument: str, value: float) -> None:
    """A scale or a rate: value > 0 (and no NaN)."""
    if not value > 0:
        raise RandomError(message(f"{name}: {argument} must be above 0", got=f"{argument}={value}"))


def probability(name: str, p: Any, *, ends: bool = True) -> None:
    """p in [0, 1], or in (0, 1); a number or each element of an array."""
    inside = (p >= 0) & (p <= 1) if ends else (p > 0) & (p < 1)
    if inside if isinstance(inside, bool) else inside.all():
        return
    worst = p[~inside].flat[0] if isinstance(p, np.ndarray) else p
    raise RandomError(message(f"{name}: p must be in {'[0, 1]' if ends else '(0, 1)'}", got=f"p={worst}"))


def uniform_range(low: float, high: float, dtype: np.dtype[Any]) -> None:
    """low <= high, both finite in `dtype`, and so their difference."""
    if -NEAR <= low <= high <= NEAR:
        return
    largest = LARGEST[dtype.name]
    got = f"low={low}, high={high}, dtype {dtype.name}"
    if not (-largest <= low <= largest and -largest <= high <= largest and high - low <= largest):
        what = "uniform: a bound, or high - low, is out of bounds for the dtype"
        raise RandomError(message(what, got=got, fix=f"stay within {largest:g}"))
    if low > high:
        raise RandomError(message("uniform: the range is empty", got=got, fix="swap low and high"))


def integer_range(name: str, low: int, high: int, dtype: np.dtype[Any]) -> tuple[int, int]:
    """low < high, all of [low, high) within `dtype`. For floats the ends move inward to floats."""
    if dtype == np.int64 and low < high:
        return low, high
    got = f"low={low}, high={high}, dtype {dtype.name}"
    if low >= high:
        what = f"{name}: the range [low, high) is empty"
        raise RandomError(message(what, got=got, fix="make high larger than low"))
    if dtype.name in DIGITS:
        low, high = _inward(low, high, dtype)
        least, most = -LARGEST[dtype.name], LARGEST[dtype.name]
        _warn_of_gaps(name, low, high, dtype)
    elif dtype.kind == "b":
        least, most = 0, 1
    else:
        least, most = int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)
    if low >= high or low < least or high - 1 > most:
        what = f"{name}: the range is out of bounds for the dtype"
        fix = f"stay within {least:.17g} .. {most:.17g}, or use a wider dtype"
        raise RandomError(message(what, got=got, fix=fix))
    return low, high


def _warn_of_gaps(name: str, low: int, high: int, dtype: np.dtype[Any]) -> None:
    """Beyond 2**digits a floating type skips integers."""
    limit = 2 ** DIGITS[dtype.name]
    if not (-limit <= low and high - 1 <= limit):
        what = f"{name}: {dtype.name} holds every integer only within +-{limit}"
        warnings.warn(what, UserWarning, stacklevel=4)


def _inward(low: int, high: int, dtype: np.dtype[Any]) -> tuple[int, int]:
    """The ends, moved so that no integer of [low, high) is rounded out of it by `dtype`."""

    def rounded(number: int) -> int:
        value = float(narrow(np.array([number], np.int64), dtype)[0])
        return int(value) if math.isfinite(value) else number

    def spacing(number: int) -> int:
        return 1 << max(abs(number).bit_length() - DIGITS[dtype.name], 0)

    if (above := rounded(low + 1)) < low:
        low = above + spacing(low + 1)
    if (below := rounded(high - 1)) >= high:
        high = below - spacing(high - 1)
    return low, high


def permutation_length(n: object, dtype: np.dtype[Any]) -> int:
    """n >= 0, with n - 1 a value of `dtype`."""
    count = integer("randperm: n", n)
    if count < 0:
        raise RandomError(message("randperm: n must not be negative", got=f"n={count}"))
    most = 2 ** DIGITS[dtype.name] + 1 if dtype.name in DIGITS else int(np.iinfo(dtype).max) + 1
    if count > most:
        raise RandomError(
            message(
                "randperm: n is too large for the dtype",
                got=f"n={count}, dtype {dtype.name}",
                fix="use int64",
            )
        )
    return count


def weights(p: object, n: int, replacement: bool) -> NDArray[Any]:
    """`multinomial`'s weights, (categories,) or (rows, categories): floats >= 0, mass in each."""
    array = np.asarray(p)
    got = f"weights {array.dtype.name} {array.shape}, n={n}, replacement={replacement}"
    problem = fix = None
    if array.ndim not in (1, 2):
        problem, fix = "weights have one or two dimensions", "reshape to (rows, categories)"
    elif array.dtype.name not in DIGITS:
        problem, fix = "weights are floats", "convert to float32"
    elif n <= 0:
        problem, fix = "n must be above 0", "draw at least one"
    elif not replacement and n > array.shape[-1]:
        problem, fix = (
            "more draws than categories, without replacement",
            "draw fewer or pass replacement=True",
        )
    elif array.size:
        wide = array.astype(np.float64)
        if not (np.isfinite(wide).all() and (wide >= 0).all()):
            problem, fix = "a weight is negative, infinite or NaN", "clean the weights first"
        elif (wide.sum(axis=-1) == 0).any():
            problem, fix = "the weights of a row sum to zero", "give each row some mass"
    elif array.shape[-1] == 0 and array.ndim == 1:
        problem, fix = "there are no categories", "pass at least one weight"
    if problem is not None:
        raise RandomError(message(f"multinomial: {problem}", got=got, fix=fix))
    return array
