"""A cohort's step on Tensors: what a listener (`compile`) writes down.

The small parameters are gathered into one vector here as in an eager step, so the recorded program
has the update once, not once for each parameter.
"""

from __future__ import annotations

from functools import partial
from itertools import accumulate
from typing import Any

from tinygrad_nn.ops.index import slice_at
from tinygrad_nn.ops.shape import cat, expand, reshape
from tinygrad_nn.optim.cohort import Cohort
from tinygrad_nn.optim.program import Update
from tinygrad_nn.primitive import wrap
from tinygrad_nn.tape import Tracer
from tinygrad_nn.tensor import Tensor
from tinygrad_nn.views import write

__all__ = ["step_recorded"]


def _kinds(values: Any) -> int:
    return len(set(values.tolist()))


def step_recorded(cohort: Cohort, update: Update, lr: Any, options: dict[str, Any], tracer: Tracer, title: str) -> None:
    """Update the cohort's parameters and their state, in place and before the listener's eyes."""
    counts = {name: _known(tracer, values, name) for name, values in cohort.scalars.items()}
    for values in cohort.scalars.values():
        tracer.guard(partial(_kinds, values))  # the parameters have taken equally many steps
    numbers = {name: slice_at(count, (0,)) for name, count in counts.items()}
    new: dict[str, Any] = {}
    for k in cohort.alone:
        p, state = cohort.params[k], {name: cohort.states[k][name] for name in cohort.vectors}
        new_p, new = update(p.grad, p, {**state, **numbers}, lr=lr, **options)
        _write(state, new, title)
        write(p, new_p, title)
    if cohort.together:
        params = [cohort.params[k] for k in cohort.together]
        state = {name: _known(tracer, flat, name) for name, flat in zip(cohort.vectors, cohort.flat_state, strict=True)}
        g, joined = _joined([p.grad for p in params]), _joined(params)
        new_p, new = update(g, joined, {**state, **numbers}, lr=lr, **options)
        for name, tensor in (("gradients", g), ("parameters", joined), ("new_parameters", new_p)):
            tracer.belongs(tensor, name, None)
        _write(state, new, title)
        end = 0
        for p in params:
            start, end = end, end + p.array.size
            part = slice_at(new_p, (slice(start, end),))
            write(p, part if p.array.ndim == 1 else reshape(part, p.array.shape), title)
    for name, count in counts.items():
        write(count, expand(new[name], count.array.shape), title)


def _known(tracer: Tracer, array: Any, name: str) -> Tensor:
    """The memory of several parameters' state as one tensor, introduced by the name of that state."""
    tensor: Tensor = wrap(array)
    tracer.belongs(tensor, name, None)
    return tensor


def _write(state: dict[str, Any], new: dict[str, Any], title: str) -> None:
    for name, tensor in state.items():
        write(tensor, new[name], title)


def _joined(tensors: list[Any]) -> Any:
    """Their elements, one after the other."""
    sizes = [tensor.array.size for tensor in tensors]
    flat = [tensor if tensor.array.ndim == 1 else reshape(tensor, (-1,)) for tensor in tensors]
    return cat(tuple(flat), 0, (0, *accumulate(sizes)))
