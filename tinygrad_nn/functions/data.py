"""From Python's and NumPy's data to an array: which shape nested lists have, and which dtype.

Arrays and NumPy's scalars keep their dtype; Python's floats become the default float, integers
int64. In a list each leaf is a scalar: a number, a NumPy scalar, or a tensor of one element.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.dtypes import (
    as_dtype,
    bool_,
    default_float,
    dtype,
    get_default_dtype,
    int64,
    promote_types,
    wanted_dtype,
)
from tinygrad_nn.errors import ArgumentError, AutogradError, DTypeError, message
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.tape import local

__all__ = ["array_of", "numpy_kind", "storable"]

Array = np.ndarray[Any, Any]

PYTHON = {int: int64, bool: bool_}


def numpy_kind(wanted: object) -> np.dtype[Any]:
    """NumPy's dtype of what a caller gave as `dtype=`; the default float for None."""
    return default_float() if wanted is None else wanted_dtype(wanted).dtype


def array_of(data: Any, wanted: object = None, name: str = "tensor", copy: bool = True) -> Array:
    """`data` as an array of the dtype `wanted`, or of the one that its elements have.

    Raises ValueError for ragged lists, TypeError for elements that are no numbers.
    """
    kind = None if wanted is None else wanted_dtype(wanted).dtype
    if type(data) in TYPES:
        array: Any = read(data)
    elif isinstance(data, (np.ndarray, np.generic)) or _speaks_numpy(data):
        array = storable(np.asarray(data), name)
    else:
        return _of_python(data, kind, name)
    return np.array(array, kind or array.dtype, copy=copy or None)


def read(t: Any) -> Array:
    """A tensor's elements, read as data: a tracer hears of it."""
    if local.mode.tracer is not None:
        local.mode.tracer.read(t)
    array: Array = t.array
    return array


def _speaks_numpy(data: Any) -> bool:
    """pandas' and scikit-learn's objects and their like, which know how to become an array."""
    return hasattr(data, "__array__") or (hasattr(data, "__array_interface__") and not isinstance(data, (list, tuple)))


def storable(array: Array, name: str) -> Array:
    """The array, if a tensor can hold it: numbers in native byte order (others are converted).

    Raises TypeError for strings, objects and complex numbers.
    """
    if array.dtype.kind == "O":
        array = _of_numbers(array, name)
    if array.dtype.kind in "iufbV" and not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype in dtype.of:
        return array
    if array.dtype.kind == "u" and array.dtype.itemsize in (2, 4, 8):
        return _wider(array, name)
    if array.dtype.name == "bfloat16":
        return array.astype(as_dtype(array.dtype).dtype, copy=False)
    fix = (
        "give the real and the imaginary part each a tensor" if array.dtype.kind == "c" else "convert to numbers first"
    )
    raise DTypeError(
        message(
            f"{name}: can't convert an array of type {array.dtype} to a tensor", got=f"shape {array.shape}", fix=fix
        )
    )


def _of_numbers(array: Array, name: str) -> Array:
    """An object array whose elements are all numbers (a pandas frame of mixed columns)."""
    kinds = set(map(type, array.reshape(-1).tolist()))
    if not kinds or (
        not kinds <= {int, float, bool} and not all(issubclass(kind, (np.number, int, float)) for kind in kinds)
    ):
        found = ", ".join(sorted(kind.__name__ for kind in kinds)) or "no elements"
        raise DTypeError(
            message(
                f"{name}: can't convert an array of Python objects",
                got=found,
                fix="convert the columns to numbers first",
            )
        )
    return np.array(array.tolist())


def _wider(array: Array, name: str) -> Array:
    """uint16, uint32 and uint64 have no dtype of their own here: the next signed one holds them."""
    kind = np.dtype(f"int{min(array.dtype.itemsize * 16, 64)}")
    if array.size and array.max() > np.iinfo(kind).max:
        raise DTypeError(
            message(f"{name}: a value exceeds int64", got=f"{array.max()} of type {array.dtype}", fix="use float64")
        )
    return array.astype(kind)


# -- nested lists ------------------------------------------------------------------------------------


def _of_python(data: Any, kind: np.dtype[Any] | None, name: str) -> Array:
    if data is None:
        raise AutogradError(message(f"{name}: Could not infer dtype of NoneType", fix="pass numbers, lists or arrays"))
    shape = _shape_of(data, name)
    leaves = set[type]()
    plain = _check(data, shape, 0, leaves, name)
    if not plain:
        data = _flattened(data, len(shape))
    kinds = {_kind_of_leaf(leaf, name) for leaf in leaves} if plain else {_kind_of_value(value) for value in data}
    if kind is None:
        found = get_default_dtype()
        if kinds:
            found = kinds.pop()
            for other in kinds:
                found = promote_types(found, other)
        kind = found.dtype
    if not plain:
        data = [read(value).item() if type(value) in TYPES else value for value in data]
    return _filled(data, kind, name).reshape(shape)


def _filled(data: Any, kind: np.dtype[Any], name: str) -> Array:
    try:
        if kind.kind == "V" or kind == np.float16:
            with np.errstate(over="ignore"):
                return np.array(np.array(data, np.float32), kind)
        if (kind.kind in "ui" and kind.itemsize < 8) or kind.kind == "b":
            return _narrowed(np.array(data), kind, name)
        with np.errstate(over="ignore"):
            return np.array(data, kind)
    except OverflowError:
        raise ArgumentError(
            message(f"{name}: an integer does not fit 64 bits", got=f"dtype {kind}", fix="use floats")
        ) from None


def _narrowed(wide: Array, kind: np.dtype[Any], name: str) -> Array:
    """To a narrow integer type; as PyTorch refuses a value beyond its range (the integer -1 may wrap to 255)."""
    if kind.kind != "b" and wide.size:
        limits = np.iinfo(kind)
        low = -limits.max - 1 if kind.kind == "u" and wide.dtype.kind in "iu" else limits.min
        if not (low <= wide.min() and wide.max() <= limits.max):  # NaN is in no range
            raise AutogradError(
                message(
                    f"{name}: value cannot be converted to type {kind} without overflow",
                    got=f"{wide.min()} .. {wide.max()}",
                    fix="use int64",
                )
            )
    return wide.astype(kind)


def _shape_of(data: Any, name: str) -> tuple[int, ...]:
    """The lengths of the first lists at each depth."""
    shape: list[int] = []
    while _is_sequence(data):
        if isinstance(data, (np.ndarray,)):
            return (*shape, *data.shape)
        shape.append(len(data))
        if len(shape) > 64:
            raise ArgumentError(message(f"{name}: more than 64 nested lists"))
        if not len(data):
            break
        data = data[0]
    return tuple(shape)


def _is_sequence(data: Any) -> bool:
    if isinstance(data, (list, tuple, range)):
        return True
    if isinstance(data, (str, bytes, dict, set, frozenset)) or type(data) in TYPES or isinstance(data, np.generic):
        return False
    return hasattr(data, "__getitem__") and hasattr(data, "__len__")


def _check(data: Any, shape: tuple[int, ...], depth: int, leaves: set[type], name: str) -> bool:
    """Compare every list with `shape`, collect the leaves' types, and say if all are Python's own."""
    if depth == len(shape):
        leaves.add(type(data))
        return type(data) in (int, float, bool)
    if not _is_sequence(data):
        raise DTypeError(
            message(
                f"{name}: a number stands beside lists",
                got=f"{data!r} at dim {depth}",
                fix="give all entries one depth",
            )
        )
    if len(data) != shape[depth]:
        raise ArgumentError(
            message(
                f"{name}: expected sequence of length {shape[depth]} at dim {depth} (got {len(data)})",
                fix="make the rows equally long, or pad them",
            )
        )
    if depth + 1 < len(shape):
        return min([_check(row, shape, depth + 1, leaves, name) for row in data], default=True)
    kinds = set(map(type, data))
    leaves |= kinds
    if kinds <= {int, float, bool}:
        return True
    nested = [row for row in data if _is_sequence(row)]
    if nested:
        raise DTypeError(
            message(f"{name}: a list stands beside numbers", got=f"{nested[0]!r:.60}", fix="give all entries one depth")
        )
    return False


def _flattened(data: Any, depth: int) -> list[Any]:
    if depth == 0:
        return [data]
    rows = data
    for _ in range(depth - 1):
        rows = [item for row in rows for item in row]
    return list(rows)


def _kind_of_leaf(leaf: type, name: str) -> dtype:
    return PYTHON.get(leaf) or get_default_dtype()


def _kind_of_value(value: Any) -> dtype:
    """The dtype that one leaf stands for."""
    if type(value) in TYPES:
        if value.array.size != 1:
            raise ArgumentError(
                message(
                    "only one element tensors can be converted to Python scalars",
                    got=f"a tensor of shape {tuple(value.array.shape)} in a list",
                    fix="join tensors with stack()",
                )
            )
        return as_dtype(value.array.dtype)
    if isinstance(value, np.generic):
        return as_dtype(storable(np.asarray(value), "tensor").dtype)
    if isinstance(value, bool):
        return bool_
    if isinstance(value, int):
        return int64
    if isinstance(value, float):
        return get_default_dtype()
    if isinstance(value, complex):
        raise DTypeError(
            message(
                "tensor: complex numbers are not supported",
                got=repr(value),
                fix="give the real and the imaginary part each a tensor",
            )
        )
    if isinstance(value, (str, bytes)):
        raise DTypeError(
            message(
                f"tensor: invalid data type '{type(value).__name__}'",
                got=f"{value!r:.60}",
                fix="convert to numbers first",
            )
        )
    if hasattr(value, "__float__") and not hasattr(value, "__len__"):
        return get_default_dtype()  # decimal.Decimal, fractions.Fraction
    raise AutogradError(
        message(f"tensor: Could not infer dtype of {type(value).__name__}", got=f"{value!r:.60}", fix="pass numbers")
    )
