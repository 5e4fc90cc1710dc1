"""The project's exceptions, and the one helper that lays a message out as what / got / fix.

Each class derives from the builtin that PyTorch raises in the same place, so a caller's
``except RuntimeError`` keeps working.
"""

from __future__ import annotations

__all__ = [
    "AnomalyError",
    "ArgumentError",
    "AutogradError",
    "DTypeError",
    "DataError",
    "DeviceError",
    "IndexingError",
    "LinAlgError",
    "MissingKey",
    "MissingPackage",
    "OperandError",
    "RandomError",
    "ShapeError",
    "message",
]


class ShapeError(RuntimeError):
    """Shapes that do not fit the operation."""


class AutogradError(RuntimeError):
    """A rule of automatic differentiation was broken: freed graph, in-place write, no graph."""


class AnomalyError(RuntimeError):
    """Anomaly mode met the first NaN or Inf."""


class DeviceError(RuntimeError):
    """A device was asked for that does not exist here."""


class LinAlgError(RuntimeError):
    """A matrix is singular, or not positive definite, or an iteration did not converge."""


class OperandError(RuntimeError):
    """An operation is not defined for these operands: their element types, or their values."""


class DTypeError(TypeError):
    """An operation does not take tensors of this dtype."""


class ArgumentError(ValueError):
    """An argument is outside what the operation is defined for."""


class IndexingError(IndexError):
    """An index or a dimension is out of range."""


class MissingKey(KeyError):
    """A name is not where it should be. Its text is shown as it is, not quoted as KeyError does."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class DataError(ValueError):
    """A file is truncated, corrupt or not of the format it should have."""


class RandomError(RuntimeError):
    """A sampler was asked for a distribution that does not exist, or given a broken state."""


class MissingPackage(ImportError):
    """An optional package is not installed; the message names the pip command."""


def message(what: str, *, got: object = None, fix: str | None = None) -> str:
    """Lay out an error message: what happened, what was given, how to mend it.

    >>> print(message("matmul: inner sizes differ", got="(2, 3) @ (4, 5)", fix="transpose one"))
    matmul: inner sizes differ
      got: (2, 3) @ (4, 5)
      fix: transpose one
    """
    lines = [what]
    if got is not None:
        lines.append(f"  got: {got}")
    if fix is not None:
        lines.append(f"  fix: {fix}")
    return "\n".join(lines)
