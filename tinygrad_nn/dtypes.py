"""Element types: the names users write (`float32`, `long`), and PyTorch's rules for mixing them.

NumPy stores the elements; this file says which type a result has. NumPy's own promotion differs
from PyTorch's in three places, and only those are spelt out here: an integer with a float gives
the *float's* type (never a silent float64), a 0-d tensor yields to a tensor with dimensions, and
a Python scalar yields to any tensor of its own kind or a higher one.

Source: "Type promotion", PyTorch's documentation of tensor attributes.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tinygrad_nn.errors import ArgumentError, DTypeError, MissingPackage, OperandError, message

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

__all__ = [
    "as_dtype",
    "as_numpy_dtype",
    "bfloat16",
    "bool_",
    "can_cast",
    "category",
    "convertible",
    "default_float",
    "dtype",
    "finfo",
    "float16",
    "float32",
    "float64",
    "get_default_dtype",
    "iinfo",
    "int8",
    "int16",
    "int32",
    "int64",
    "promote_types",
    "set_default_dtype",
    "uint8",
    "wanted_dtype",
]

BOOL, INTEGER, FLOAT = 0, 1, 2


class dtype:  # noqa: N801 - PyTorch's name
    """An element type. `numpy` holds NumPy's own; NumPy accepts this object wherever it takes a dtype.

    >>> float32, float32.itemsize, float32.is_floating_point
    (tinygrad_nn.float32, 4, True)
    >>> import numpy as np
    >>> np.zeros(2, dtype=int64).dtype
    dtype('int64')
    """

    __slots__ = ("category", "dtype", "is_complex", "is_floating_point", "is_signed", "itemsize", "name")

    of: ClassVar[dict[np.dtype[Any], dtype]] = {}

    def __init__(self, name: str, numpy: DTypeLike, category: int) -> None:
        self.name = name
        self.dtype: np.dtype[Any] = np.dtype(numpy)
        self.category = category
        self.itemsize = self.dtype.itemsize
        self.is_floating_point = category == FLOAT
        self.is_complex = False
        self.is_signed = name not in ("bool", "uint8")
        dtype.of[self.dtype] = self

    def __repr__(self) -> str:
        return f"tinygrad_nn.{self.name}"

    def __reduce__(self) -> str | tuple[Any, ...]:
        return (as_dtype, (self.name,))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, dtype):
            return self is other
        if isinstance(other, (np.dtype, type)):
            try:
                return self.dtype == np.dtype(other)
            except TypeError:
                return False
        return False

    def __hash__(self) -> int:
        return hash(self.dtype)


bool_ = dtype("bool", np.bool_, BOOL)
uint8 = dtype("uint8", np.uint8, INTEGER)
int8 = dtype("int8", np.int8, INTEGER)
int16 = dtype("int16", np.int16, INTEGER)
int32 = dtype("int32", np.int32, INTEGER)
int64 = dtype("int64", np.int64, INTEGER)
float16 = dtype("float16", np.float16, FLOAT)
float32 = dtype("float32", np.float32, FLOAT)
float64 = dtype("float64", np.float64, FLOAT)


class _BrainFloat(dtype):
    """bfloat16: NumPy takes its arithmetic from the package `ml_dtypes`, asked for at first use."""

    __slots__ = ()

    def __init__(self) -> None:
        self.name, self.category, self.itemsize = "bfloat16", FLOAT, 2
        self.is_floating_point, self.is_complex, self.is_signed = True, False, True

    @property
    def dtype(self) -> np.dtype[Any]:  # type: ignore[override]
        """NumPy's own type; ImportError without `ml_dtypes`."""
        try:
            from ml_dtypes import bfloat16 as kind
        except ImportError:
            raise MissingPackage('bfloat16 needs a package: pip install "tinygrad_nn[bfloat16]"') from None
        found: np.dtype[Any] = np.dtype(kind)
        dtype.of[found] = self
        return found

    def __hash__(self) -> int:  # a table with bfloat16 in it must not need the package
        return hash("bfloat16")


bfloat16 = _BrainFloat()

_ALIASES = {
    "half": "float16",
    "float": "float32",
    "double": "float64",
    "short": "int16",
    "int": "int32",
    "long": "int64",
}
_PYTHON = {bool: bool_, int: int64, float: float64}
_WIDER = {"uint16": int32, "uint32": int64, "uint64": int64}


def as_dtype(given: object) -> dtype:
    """The `dtype` that `given` names: one of ours, NumPy's, Python's `int`/`float`/`bool`, or a name.

    >>> import numpy as np
    >>> as_dtype(np.float64), as_dtype("long"), as_dtype(int)
    (tinygrad_nn.float64, tinygrad_nn.int64, tinygrad_nn.int64)
    """
    if isinstance(given, dtype):
        return given
    if isinstance(given, type) and given in _PYTHON:
        return _PYTHON[given]
    if isinstance(given, str):
        name = given.rsplit(".", 1)[-1]
        if name == "bfloat16":
            return bfloat16
        given = _ALIASES.get(name, name)
    try:
        kind = np.dtype(given)  # type: ignore[call-overload]
    except TypeError:
        kind = None
    if kind is not None and kind.byteorder not in "=|":
        kind = kind.newbyteorder("=")
    if kind not in dtype.of:
        if kind is not None and kind.name == "bfloat16":
            return dtype.of.setdefault(kind, bfloat16)
        fix = "convert to float64 or take the real part first" if kind is not None and kind.kind == "c" else None
        raise DTypeError(
            message(
                "this element type is not supported",
                got=repr(given),
                fix=fix or "use one of " + ", ".join(sorted(d.name for d in dtype.of.values())),
            )
        )
    return dtype.of[kind]


def wanted_dtype(given: object) -> dtype:
    """The dtype of an argument `dtype=`: anything that `as_dtype` takes but names, as in PyTorch (TypeError)."""
    if isinstance(given, str):
        raise DTypeError(
            message("argument 'dtype' must be a dtype, not str", got=repr(given), fix="write the dtype itself: float32")
        )
    return as_dtype(given)


def as_numpy_dtype(given: object) -> np.dtype[Any]:
    """NumPy's dtype for anything that `as_dtype` takes."""
    return as_dtype(given).dtype


class _Default:
    """The floating type of new tensors, and of results of float functions on integers."""

    dtype = float32


def set_default_dtype(d: object) -> None:
    """Make `d` the type of new floating tensors; floats only (TypeError otherwise)."""
    wanted = wanted_dtype(d)
    if not wanted.is_floating_point:
        raise DTypeError(message("the default dtype is a floating type", got=wanted, fix="float32 or float64"))
    _Default.dtype = wanted


def get_default_dtype() -> dtype:
    """The type of new floating tensors: float32 unless `set_default_dtype` changed it."""
    return _Default.dtype


def default_float() -> np.dtype[Any]:
    """NumPy's dtype of the default floating type."""
    return _Default.dtype.dtype


def category(kind: np.dtype[Any]) -> int:
    """0 for bool, 1 for integers, 2 for floats."""
    return as_dtype(kind).category


def promote_types(a: object, b: object) -> dtype:
    """The type that holds both, by PyTorch's rules.

    >>> promote_types(int64, float16), promote_types(uint8, int8), promote_types(float32, float64)
    (tinygrad_nn.float16, tinygrad_nn.int16, tinygrad_nn.float64)
    """
    x, y = as_dtype(a), as_dtype(b)
    if x is y:
        return x
    if x.category != y.category:
        return x if x.category > y.category else y
    if {x.name, y.name} == {"float16", "bfloat16"}:
        return float32
    return as_dtype(np.promote_types(x.dtype, y.dtype))


def can_cast(from_: object, to: object) -> bool:
    """Whether an element of the first type may be written into a tensor of the second in place.

    >>> can_cast(int64, float32), can_cast(float32, int64)
    (True, False)
    """
    return as_dtype(from_).category <= as_dtype(to).category


def result_dtype(*operands: object) -> np.dtype[Any]:
    """The type of an operation on arrays and Python scalars.

    Arrays with dimensions rank before 0-d arrays, and those before Python scalars; a lower rank
    counts only where its kind (bool < integer < float) is higher than that of the ranks above.
    """
    ranks: list[dtype | None] = [None, None, None]
    for operand in operands:
        if isinstance(operand, np.ndarray):
            rank, kind = (0 if operand.ndim else 1), as_dtype(operand.dtype)
        else:
            kind = (
                get_default_dtype()
                if isinstance(operand, float)
                else _PYTHON[bool if isinstance(operand, bool) else int]
            )
            rank = 2
        known = ranks[rank]
        ranks[rank] = kind if known is None else promote_types(known, kind)
    result: dtype | None = None
    for candidate in ranks:
        if candidate is not None and (result is None or candidate.category > result.category):
            result = candidate
    if result is None:
        raise ArgumentError(message("an operation needs an operand", got="none"))
    return result.dtype


@lru_cache
def _largest(kind: np.dtype[Any]) -> float:
    return finfo(kind).max


def convertible(value: Any, kind: np.dtype[Any], name: str) -> Any:
    """The number `value` as an element of the type `kind`: a float loses its fraction where that is an integer.

    RuntimeError if it does not fit; NaN and infinities fit no integer. An unsigned type takes a negative
    integer modulo its size, as PyTorch has it.

    >>> import numpy as np
    >>> convertible(2.7, np.dtype(np.int8), "fill_"), convertible(-1, np.dtype(np.uint8), "fill_")
    (2, 255)
    """
    if kind.kind == "b":
        return bool(value)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        low = -int(limits.max) if kind.kind == "u" and not isinstance(value, float) else int(limits.min)
        if low <= value <= int(limits.max):  # false for NaN
            return int(value) % (int(limits.max) + 1) if kind.kind == "u" else int(value)
    elif kind.itemsize > 4 or not math.isfinite(value) or abs(value) <= _largest(kind):
        return float(value)
    raise OperandError(
        message(
            f"{name}: value cannot be converted to type {as_dtype(kind).name} without overflow",
            got=repr(value),
            fix="convert the tensor to a wider type first",
        )
    )


_RESOLUTION = {"float16": 1e-3, "bfloat16": 1e-2, "float32": 1e-6, "float64": 1e-15}
"""Of two decimal numbers of so few digits, each has a number of its own in the type."""


class finfo:  # noqa: N801 - PyTorch's name
    """Limits of a floating type: `bits eps max min tiny smallest_normal resolution dtype`.

    >>> finfo(float32).eps
    1.1920928955078125e-07
    """

    def __init__(self, type: object = None) -> None:
        kind = get_default_dtype() if type is None else as_dtype(type)
        if not kind.is_floating_point:
            raise DTypeError(message("finfo describes floating types", got=kind, fix="use iinfo for integers"))
        if kind.name == "bfloat16":
            import ml_dtypes

            info: Any = ml_dtypes.finfo(kind.dtype)
        else:
            info = np.finfo(kind.dtype)
        self.dtype = kind.name
        self.bits = int(info.bits)
        self.eps, self.max, self.min = float(info.eps), float(info.max), float(info.min)
        self.tiny = self.smallest_normal = float(info.smallest_normal)
        self.resolution = _RESOLUTION[kind.name]

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:  # noqa: N801 - PyTorch's name
    """Limits of an integer type: `bits max min dtype`.

    >>> iinfo(uint8).max
    255
    """

    def __init__(self, type: object) -> None:
        kind = as_dtype(type)
        if kind.category != INTEGER:
            raise DTypeError(message("iinfo describes integer types", got=kind, fix="use finfo for floats"))
        info = np.iinfo(kind.dtype)
        self.dtype, self.bits, self.max, self.min = kind.name, int(info.bits), int(info.max), int(info.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
