"""`summary(model, input)`: the table of a model's layers."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np

from tinygrad_nn.dtypes import as_numpy_dtype, default_float
from tinygrad_nn.errors import ArgumentError, DTypeError, message
from tinygrad_nn.nn.linear import UninitializedParameter
from tinygrad_nn.nn.module import Module
from tinygrad_nn.nn.overview.table import Row, Summary
from tinygrad_nn.nn.overview.trace import run
from tinygrad_nn.primitive import wrap

__all__ = ["summary"]


def summary(model: Module, *input: Any, depth: int | None = None, dtype: object = None, **kwargs: Any) -> Summary:
    """A table of the model's layers: path, class, output shape, parameters, multiply-accumulates, memory.

    input:  what the model's forward takes: tensors, or shapes (tuples of integers) for tensors of ones;
            nested in tuples, lists and dicts too. Without any, only the parameters are listed.
    depth:  modules deeper than this are added to the one above them (1: the model's children)
    dtype:  of the tensors made from shapes; by default that of the model's first floating parameter
    kwargs: keyword arguments of the forward

    The forward runs once, in evaluation mode, without gradients; training flags, buffers and random
    generators are as before afterwards (a model with lazy layers is copied first). A shared module is run
    wherever it stands, but it and shared parameters are counted once. MACs are those of matrix products
    and convolutions; memory is that of the outputs, of which views of the input take none.

    Raises TypeError for what is no Module, ValueError for a depth below 1, and RuntimeError, naming the
    module by its path, where the forward fails.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.summary(nn.Sequential(nn.Linear(784, 30), nn.Sigmoid(), nn.Linear(30, 10)), (64, 784))
    layer  class       output    parameters       MACs   memory
    -----------------------------------------------------------
           Sequential  (64, 10)
    0      Linear      (64, 30)      23,550  1,505,280  7.5 KiB
    1      Sigmoid     (64, 30)                         7.5 KiB
    2      Linear      (64, 10)         310     19,200  2.5 KiB
    -----------------------------------------------------------
    parameters: 23,860 (all trainable), 93.2 KiB
    MACs:       1,524,480
    outputs:    17.5 KiB
    """
    if not isinstance(model, Module):
        raise DTypeError(
            message(
                "summary: model is not an nn.Module", got=type(model).__name__, fix="summary(model, x), model first"
            )
        )
    if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int) or depth < 1):
        raise ArgumentError(message("summary: depth is a positive integer, or None for all", got=f"depth={depth!r}"))
    if any(isinstance(p, UninitializedParameter) for p in model.parameters()):
        model = deepcopy(model)  # the first call would give them their sizes
    kind = _dtype(model) if dtype is None else as_numpy_dtype(dtype)
    rows = {module: Row(path, type(module).__name__) for path, module in model.named_modules()}
    if input or kwargs:
        args = tuple([_made(value, kind) for value in input])
        run(model, rows, args, {name: _made(value, kind) for name, value in kwargs.items()})
        for module, row in rows.items():
            row.kind = type(module).__name__  # a lazy layer is of another class now
    size = _count_parameters(model, rows)
    listed = _with_repeated(model, rows)
    return Summary(listed if depth is None else _folded(listed, depth), size)


def _dtype(model: Module) -> Any:
    floats = (p.array.dtype for p in model.parameters() if p.array.dtype.kind in "fV")
    return next(floats, default_float())


def _made(value: Any, kind: Any) -> Any:
    """Tensors of ones for shapes; everything else as it is."""
    if isinstance(value, tuple | list):
        whole = all(isinstance(n, int | np.integer) and not isinstance(n, bool) for n in value)
        if not whole:
            return type(value)([_made(part, kind) for part in value]) if type(value) in (tuple, list) else value
        if any(n < 0 for n in value):
            raise ArgumentError(
                message(
                    "summary: a shape has no negative sizes", got=repr(tuple(value)), fix="write the batch size out"
                )
            )
        return wrap(np.ones(tuple(map(int, value)), kind))
    if isinstance(value, dict):
        return {key: _made(part, kind) for key, part in value.items()}
    return value


def _count_parameters(model: Module, rows: dict[Module, Row]) -> int:
    """Write each module's own parameters into its row, every one once; the bytes of all."""
    seen: list[Any] = []
    known: set[int] = set()
    for module, row in rows.items():
        for parameter in module._parameters.values():
            if parameter is None:
                continue
            count = 0 if isinstance(parameter, UninitializedParameter) else int(parameter.array.size)
            if id(parameter) in known:
                row.shared += count
                continue
            known.add(id(parameter))
            seen.append(parameter)
            row.parameters += count
            row.trainable += count if parameter.requires_grad else 0
    return sum(0 if isinstance(p, UninitializedParameter) else int(p.array.nbytes) for p in seen)


def _with_repeated(model: Module, rows: dict[Module, Row]) -> list[Row]:
    """The rows in the order of the modules, with a line for each further place of a shared module."""
    listed = []
    for path, module in model.named_modules(remove_duplicate=False):
        row = rows[module]
        if row.path == path:
            listed.append(row)
        elif not any(path.startswith(f"{other.path}.") for other in listed if other.same_as is not None):
            listed.append(Row(path, row.kind, same_as=row.path))
    return listed


def _folded(rows: list[Row], depth: int) -> list[Row]:
    """Rows deeper than `depth` added to the row above them that stays."""
    kept: list[Row] = []
    above: dict[str, Row] = {}
    for row in rows:
        parts = row.path.split(".") if row.path else []
        if len(parts) <= depth:
            kept.append(row)
            above[row.path] = row
            continue
        if row.same_as is None:
            _add(above[".".join(parts[:depth])], row)
    return kept


def _add(whole: Row, part: Row) -> None:
    whole.parameters += part.parameters
    whole.trainable += part.trainable
    whole.shared += part.shared
    whole.macs += part.macs
    if part.leaf and part.calls:
        if not whole.leaf:  # from now on its memory is that of what it ran
            whole.memory, whole.leaf = 0, True
        whole.memory += part.memory
