"""What an operation takes: tensors, of one dtype, floating. Each check names the operation and the argument."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.dtypes import as_dtype
from tinygrad_nn.errors import DTypeError, OperandError, message
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.tape import local

__all__ = ["array_of", "floating", "number", "same_dtype", "scalar", "tensors", "within"]


def array_of(value: Any) -> Any:
    """The ndarray behind a Tensor; anything else as it is."""
    return value.array if type(value) in TYPES else value


def within() -> str:
    """ " in encoder.2", while that module's forward runs: errors say where they arose."""
    scope = local.mode.scope
    return "" if scope is None else f" in {scope}"


def tensors(name: str, **operands: Any) -> None:
    """TypeError unless each operand is a tensor (or an array)."""
    for argument, operand in operands.items():
        if type(operand) not in TYPES and not isinstance(operand, np.ndarray):
            raise DTypeError(
                message(
                    f"{name}(): argument '{argument}' must be Tensor, not {type(operand).__name__}",
                    got=repr(operand)[:80],
                    fix=f"wrap it: tensor({repr(operand)[:40]})" if isinstance(operand, (bool, int, float)) else None,
                )
            )


def number(name: str, **arguments: Any) -> None:
    """TypeError unless each argument is a Python (or NumPy) number."""
    for argument, value in arguments.items():
        if not isinstance(value, (bool, int, float, np.number, np.bool_)):
            raise DTypeError(f"{name}(): argument '{argument}' must be Number, not {type(value).__name__}")


def scalar(name: str, argument: str, value: Any) -> Any:
    """A parameter as Python's number: PyTorch takes a tensor without dimensions for one, too; TypeError otherwise.

    NumPy's numbers lose their type by it, which would take part in promotion.
    """
    if type(value) in (float, int, bool):
        return value
    if type(value) in TYPES and not value.array.ndim and value.node is None:
        if local.mode.tracer is not None:
            local.mode.tracer.read(value)
        return value.array.astype(np.float64).item() if value.array.dtype.kind == "V" else value.array.item()
    number(name, **{argument: value})
    return value.item() if isinstance(value, np.generic) else value


def floating(name: str, x: Any) -> None:
    """RuntimeError unless `x` is floating."""
    kind = as_dtype(x.dtype)
    if not kind.is_floating_point:
        raise OperandError(
            message(
                f"{name}: Expected a floating point tensor as input",
                got=f"dtype {kind}",
                fix="convert first: x.float()",
            )
        )


def same_dtype(name: str, **operands: Any) -> None:
    """RuntimeError unless all operands have one dtype."""
    kinds = {argument: as_dtype(operand.dtype) for argument, operand in operands.items()}
    if len(set(kinds.values())) > 1:
        raise OperandError(
            message(
                f"{name}: operands must have the same dtype",
                got=", ".join(f"{argument}: {kind}" for argument, kind in kinds.items()),
                fix="convert one: x.to(y.dtype)",
            )
        )
