"""What a NumPy function is given: tensors, arrays, lists and numbers, brought to the form that it needs."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.errors import DTypeError, message
from tinygrad_nn.numpy_protocol.table import WITHOUT, Call, alike, tensor
from tinygrad_nn.primitive import TYPES, node_of, wrap
from tinygrad_nn.tape import local

__all__ = ["on_tape", "operand", "operands", "plain", "refuse_graph", "tensors", "wrapped"]

PLACES: dict[Any, tuple[int, int]] = {
    np.dot: (0, 2), np.inner: (0, 2), np.outer: (0, 2), np.vdot: (0, 2), np.tensordot: (0, 2), np.linalg.solve: (0, 2),
    np.isclose: (0, 2), np.allclose: (0, 2), np.clip: (0, 3), np.where: (1, 3), np.einsum: (1, 99),
}  # fmt: skip
"""Which arguments are operands that NumPy brings to one dtype: from, to."""
SEQUENCES = frozenset((np.concatenate, np.stack, np.hstack, np.vstack, np.column_stack))
"""Those whose first argument is a sequence of such operands."""
EACH = frozenset((np.atleast_1d, np.atleast_2d, np.meshgrid))
"""Those whose every argument is an operand of its own."""


def operands(func: Call, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments with tensors for their operands, of NumPy's common dtype where they need one."""
    if func in SEQUENCES and args:
        return (alike(args[0]), *args[1:])
    start, stop = PLACES.get(func, (0, 0))
    if args[start:stop]:
        return (*args[:start], *alike(args[start:stop]), *args[stop:])
    if func in EACH:
        return tuple([tensor(one) for one in args])
    return args


def on_tape(func: Call, given: Any) -> bool:
    """Whether the tape or a recording has to see the call, or a tensor has a dtype that is none of NumPy's."""
    if local.mode.tracer is not None:
        return True
    held = [one for one in flat(given) if type(one) in TYPES]
    return any([one.array.dtype.kind == "V" or (node_of(one) is not None and func not in WITHOUT) for one in held])


def wrapped(found: Any) -> Any:
    """NumPy's result with tensors for its arrays, which share no memory with an operand."""
    if isinstance(found, (np.ndarray, np.generic)):
        array = np.asarray(found)
        if (
            array.dtype.kind not in "biuf"
            or array.dtype.itemsize > 8
            or array.dtype.name in ("uint16", "uint32", "uint64")
        ):
            return found
        return wrap(array.copy() if array.base is not None else array)
    if isinstance(found, tuple) and hasattr(found, "_make"):
        return found._make([wrapped(one) for one in found])
    return type(found)([wrapped(one) for one in found]) if type(found) in (list, tuple) else found


def refuse_graph(name: str, given: Any, why: str) -> None:
    for one in flat(given):
        if type(one) in TYPES and node_of(one) is not None:
            raise DTypeError(
                message(
                    f"{name}: {why}",
                    got="a tensor that requires grad",
                    fix=f"{name}(t.detach().numpy()), or write it with tensor operations",
                )
            )


def flat(given: Any) -> list[Any]:
    found = []
    for one in given:
        found += flat(one) if isinstance(one, (list, tuple)) else [one]
    return found


def operand(value: Any) -> Any:
    """An operand of a ufunc: lists as arrays, NumPy's scalars as numbers."""
    if type(value) in TYPES or isinstance(value, (bool, int, float)):
        return value.item() if isinstance(value, np.generic) else value
    return value.item() if isinstance(value, np.generic) else wrap(np.asarray(value))


def tensors(value: Any) -> Any:
    """Arrays as tensors, also within lists and tuples."""
    if isinstance(value, np.ndarray):
        return wrap(value)
    if type(value) in (list, tuple) and any([isinstance(one, np.ndarray) or type(one) in TYPES for one in value]):
        return [tensors(one) for one in value]
    return value


def plain(value: Any) -> Any:
    """Tensors as arrays, also within lists and tuples. (Whether one requires grad is asked before.)"""
    if type(value) in TYPES:
        return value.array if value.array.dtype.kind != "V" else value.numpy()
    return type(value)([plain(one) for one in value]) if type(value) in (list, tuple) else value
