"""What an operation says when its operands do not fit: NumPy's complaint in this project's words.

The operation, the shapes under each other with the dimension that disagrees, the element types, and
the module whose forward was running.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

from tinygrad_nn.dtypes import as_dtype
from tinygrad_nn.errors import DTypeError, OperandError, ShapeError, message
from tinygrad_nn.tape import TYPES, local

if TYPE_CHECKING:
    from tinygrad_nn.primitive import Primitive

__all__ = ["aligned", "explained"]


def explained(p: Primitive, args: tuple[Any, ...], error: Exception) -> Exception:
    """NumPy's complaint in our words: the operation, the shapes one under the other, the module."""
    where = f" in {local.mode.scope}" if local.mode.scope is not None else ""
    operands = args[0] if p.variadic else args
    shapes = [tuple(operand.shape) for operand in operands if type(operand) in TYPES]
    failed = type(error)
    if local.mode.tracer is not None:
        local.mode.tracer.failed(p, args, error)
    if isinstance(error, ValueError) and "could not be broadcast" in str(error):
        for a, b in combinations(shapes, 2):
            if not _broadcast(a, b):
                return ShapeError(f"{p.name}{where}: shapes do not broadcast\n" + aligned(a, b))
    if isinstance(error, (ShapeError, DTypeError)):
        return type(error)(str(error).replace(p.name, p.name + where, 1))
    if isinstance(error, TypeError) and p.elementwise:  # NumPy has no loop for these element types
        kinds = " and ".join(str(as_dtype(o.array.dtype)) if type(o) in TYPES else repr(o) for o in operands)
        return OperandError(
            message(f"{p.name}{where}: not defined for these element types", got=kinds, fix=_FIXES.get(p.name))
        )
    if isinstance(error, ValueError) and len(shapes) > 0:
        failed = ShapeError
    got = " and ".join(str(shape) for shape in shapes) or "no tensors"
    return failed(message(f"{p.name}{where}: {error}", got=got))


def _broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return all(m == n or 1 in (m, n) for m, n in zip(reversed(a), reversed(b), strict=False))


_FIXES = {
    "neg": "~x or logical_not(x) inverts a mask",
    "sub": "a ^ b or logical_xor(a, b) for masks; ~x or logical_not(x) inverts one",
}


def aligned(a: tuple[int, ...], b: tuple[int, ...]) -> str:
    """Two shapes under each other from the right, with a mark below each pair that disagrees.

    >>> print(aligned((8, 3, 4), (2, 4)))
      got: (8, 3, 4)
              (2, 4)
               ^ dimension -2: 3 and 2
      fix: sizes must be equal, or one of them 1
    """
    rank = max(len(a), len(b))
    first = [""] * (rank - len(a)) + [str(n) for n in a]
    second = [""] * (rank - len(b)) + [str(n) for n in b]
    widths = [max(len(m), len(n)) for m, n in zip(first, second, strict=True)]
    bad = [k for k in range(-1, -min(len(a), len(b)) - 1, -1) if a[k] != b[k] and 1 not in (a[k], b[k])]

    def line(cells: list[str], shape: tuple[int, ...]) -> str:
        text = ", ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True))
        skip = len(text) - len(", ".join(c.rjust(w) for c, w in zip(cells, widths, strict=True) if c)) if shape else 0
        return " " * skip + "(" + text[skip:] + (",)" if len(shape) == 1 else ")")

    place = 1 + sum(width + 2 for width in widths[: bad[0]]) + widths[bad[0]] - 1 if bad else 0
    mark = f"{' ' * (7 + place)}^ dimension {bad[0]}: {a[bad[0]]} and {b[bad[0]]}\n" if bad else ""
    return f"  got: {line(first, a)}\n       {line(second, b)}\n{mark}  fix: sizes must be equal, or one of them 1"
