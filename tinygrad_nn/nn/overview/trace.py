"""One forward pass, watched: which module ran, what it gave, and what its operations cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.errors import OperandError, message
from tinygrad_nn.generator import Generator, default_generator
from tinygrad_nn.nn.module import Module
from tinygrad_nn.nn.overview.macs import RULES, cost
from tinygrad_nn.nn.overview.table import Row
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.tape import Tracer, local

__all__ = ["run", "tensors_of"]


def run(model: Module, rows: dict[Module, Row], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Run the forward in evaluation mode, write into `rows` what was seen, and leave the model as it was.

    Raises RuntimeError, naming the module by its path, where the forward fails.
    """
    watch = _Watch(rows)
    before = local.mode.tracer
    if before is not None:
        before.refuse("another listener takes the recording's place", fix="look at the model outside the step")
    with no_grad(), _as_it_was(model), watch.hooked():
        local.mode.tracer = watch
        try:
            model(*args, **kwargs)
        except Exception as error:
            raise _failure(watch, model, args, error) from error
        finally:
            local.mode.tracer = before


def _failure(watch: _Watch, model: Module, args: tuple[Any, ...], error: Exception) -> OperandError:
    """Which module failed, with which of the shapes that went in."""
    module, given = watch.under_way[-1] if watch.under_way else (model, args)
    path = watch.rows[module].path
    what = f"the forward of '{path}' ({type(module).__name__})" if path else f"the forward of {type(module).__name__}"
    shapes = ", ".join(str(tuple(t.shape)) for _, t in tensors_of(given)) or "no tensors"
    reason = str(error).splitlines()[0] if str(error) else "no message"
    return OperandError(
        message(
            f"summary: {what} failed",
            got=f"{type(error).__name__}: {reason}\n       its inputs: {shapes}",
            fix="give what the model's forward takes, tensors or whole shapes: summary(model, (64, 784)); "
            "dtype=int64 fills shapes with integers",
        )
    )


class _Watch(Tracer):
    """Sees every module's call and every operation."""

    def __init__(self, rows: dict[Module, Row]) -> None:
        self.rows = rows
        self.under_way: list[tuple[Module, Any]] = []

    def saw(self, primitive: Any, args: tuple[Any, ...], result: Any) -> None:
        """Add the operation's cost to the module whose forward runs."""
        if primitive.name not in RULES:
            return
        scope = local.mode.scope
        while scope is not None and scope.module not in self.rows:  # made in a forward, registered nowhere
            scope = scope.parent
        if scope is not None:
            self.rows[scope.module].macs += cost(primitive.name, tuple(map(_array, args)), _array(result))

    @contextmanager
    def hooked(self) -> Iterator[None]:
        """Every module of the model tells of its calls, for a while."""
        hooks = {module: module._hooks for module in self.rows}
        handles = []
        try:
            for module in self.rows:
                handles.append(module.register_forward_pre_hook(self._enters, prepend=True, with_kwargs=True))
                handles.append(module.register_forward_hook(self._leaves, with_kwargs=True))
            yield
        finally:
            for handle in handles:
                handle.remove()
            for module, own in hooks.items():
                if own is None:
                    module.__dict__["_hooks"] = None  # a call without hooks is quicker

    def _enters(self, module: Module, args: Any, kwargs: dict[str, Any]) -> None:
        if self.under_way:
            self.rows[self.under_way[-1][0]].leaf = False
        self.under_way.append((module, (args, kwargs)))

    def _leaves(self, module: Module, args: Any, kwargs: dict[str, Any], output: Any) -> None:
        while self.under_way.pop()[0] is not module:  # those above failed, and the forward went on
            pass
        row = self.rows[module]
        found = tensors_of(output)
        row.calls += 1
        row.outputs = [(name, tuple(t.shape)) for name, t in found]
        given = [t.array for _, t in tensors_of((args, kwargs))]
        for _, t in found:
            if not any(np.may_share_memory(t.array, array) for array in given):
                row.memory += t.array.nbytes


def _array(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return tuple([_array(part) for part in value])
    return value.array if type(value) in TYPES else value


def tensors_of(value: Any, name: str = "") -> list[tuple[str, Any]]:
    """The tensors of nested tuples, lists, dicts and objects with fields, in order, with their names in the dicts."""
    if type(value) in TYPES:
        return [(name, value)]
    if isinstance(value, dict):
        return [found for key, part in value.items() for found in tensors_of(part, f"{name}.{key}".strip("."))]
    if isinstance(value, tuple | list):
        return [found for part in value for found in tensors_of(part, name)]
    if hasattr(value, "__dataclass_fields__"):
        return tensors_of({field: getattr(value, field) for field in value.__dataclass_fields__}, name)
    return []


@contextmanager
def _as_it_was(model: Module) -> Iterator[None]:
    """In evaluation mode for a while; then flags, buffers and random generators are put back."""
    modules = list(model.modules())
    flags = [module.training for module in modules]
    buffers = [(buffer, np.array(buffer.array)) for buffer in model.buffers()]
    generators = [default_generator]
    generators += [value for module in modules for value in vars(module).values() if isinstance(value, Generator)]
    states = [generator.get_state() for generator in generators]
    model.eval()
    try:
        yield
    finally:
        for module, flag in zip(modules, flags, strict=True):
            module.training = flag
        for buffer, values in buffers:
            if not np.array_equal(buffer.array, values, equal_nan=values.dtype.kind == "f"):
                buffer.array[...] = values
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)
