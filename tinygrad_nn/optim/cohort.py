"""Parameters that are updated together: many small ones in one pass, large ones where they stand.

Small tensors cost by the call, not by the element. So the small parameters of a cohort are gathered
into one flat vector, with their gradients, and their state lives in flat vectors of the same order
(the state tensors are views of these). Large parameters are updated in place, in stretches that
stay in the cache.

A cohort holds arrays, not meanings: whenever one of them was exchanged (`p.data = ...`, a state dict
loaded, a gradient missing) it gives no `gradients`, and a new plan is made. Cohorts are made only
where nobody can notice: not of parameters that share memory, nor of state whose array somebody
else holds.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise
from operator import is_
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.array_utils import byte_bounds

from tinygrad_nn.half import is_half
from tinygrad_nn.optim.optimizer import is_tensor
from tinygrad_nn.optim.program import G, Program, Update
from tinygrad_nn.tensor import Tensor

__all__ = ["Plan"]

Array: TypeAlias = Any

BLOCK = 32768
"""Elements in one stretch: what an update reads and writes of them stays in the cache. Of parameters
larger than that, copying to and fro costs more than the calls that it saves."""
FEW = 3
"""An update of so few calls is not worth gathering for."""


class Plan:
    """How the parameters of one group are updated: in `cohorts`, or one by one if there are none."""

    def __init__(
        self,
        update: Update,
        params: Sequence[Tensor],
        scalars: frozenset[str],
        names: Sequence[str],
        options: list[Any],
    ) -> None:
        self.update = update
        self.names = names
        self.params = list(params)
        self.active = [p for p in params if p.grad is not None]
        self.silent = [p for p in params if p.grad is None]
        self.scalars = scalars
        self.options = options
        self.cohorts: list[Cohort] = []

    def repeats(self, before: Plan | None) -> bool:
        """Whether the step before was of the same kind for the same parameters: then laying out memory pays."""
        return (
            before is not None
            and _same(self.params, before.params)
            and _same(self.active, before.active)
            and not self._differs(before.options)
        )

    def _differs(self, options: list[Any]) -> bool:
        """Whether an option went from or to nothing (0, False): then the update may ask for other state."""
        return any([bool(mine) != bool(other) for mine, other in zip(self.options, options)])

    def lay_out(self, states: list[dict[str, Any]]) -> None:
        """Make the cohorts: parameters of one dtype, with one kind of state and equal step counts. None, if not safe.

        It is not if parameters share memory (each must see what the others' updates wrote), or if
        somebody else holds an array of the state, which is about to move.
        """
        if any([is_tensor(option) for option in self.options]):  # its value may change at any time
            return
        if any([is_half(p.array) for p in self.active]):  # computed in float32, one by one
            return
        if not _apart([p.array for p in self.active]) or not _apart(
            [value.array for state in states for value in state.values()]
        ):
            return
        together: dict[Any, list[int]] = {}
        for k, (p, state) in enumerate(zip(self.active, states)):
            for name, value in state.items():
                own = name in self.scalars
                if value.array.shape != (() if own else p.array.shape) or not (
                    own or value.array.dtype == p.array.dtype
                ):
                    return
                if sys.getrefcount(value.array) > 2:
                    return
            numbers = [(state[name].array.dtype, state[name].array.item()) for name in state if name in self.scalars]
            together.setdefault((p.array.dtype, *state, *numbers), []).append(k)
        for those in together.values():
            cohort = Cohort([self.active[k] for k in those], [states[k] for k in those], self.scalars)
            cohort.lay_out(self._program(cohort))
            self.cohorts.append(cohort)

    def _program(self, cohort: Cohort) -> Program:
        scalars = {name: values.dtype for name, values in cohort.scalars.items()}
        return Program(self.update, cohort.dtype, cohort.vectors, scalars, dict(zip(self.names, self.options)))

    def gradients(self, params: Sequence[Tensor], options: list[Any], state: Any) -> list[list[Array]] | None:
        """Each cohort's gradients, if these are still the same parameters with the same arrays; else None.

        state: the optimizer's, by parameter.

        Where numbers among the group's options have changed, the update is recorded anew.
        """
        if not self.cohorts or not _same(self.params, params) or any([p._grad is not None for p in self.silent]):
            return None
        if options != self.options:
            if self._differs(options) or any([is_tensor(option) for option in options]):
                return None
            self.options = options
            for cohort in self.cohorts:
                cohort.use(self._program(cohort))
        found = []
        for cohort in self.cohorts:
            gradients = cohort.gradients(state)
            if gradients is None:
                return None
            found.append(gradients)
        return found


class Cohort:
    """Parameters of one dtype, all with gradients and equal step counts."""

    program: Program

    def __init__(self, params: list[Tensor], states: list[dict[str, Any]], scalars: frozenset[str]) -> None:
        self.params = params
        self.arrays = [p.array for p in params]
        self.states = states
        self.dtype = params[0].array.dtype
        self.names = tuple(states[0])
        self.vectors = tuple(name for name in self.names if name not in scalars)
        self.scalars = {name: _packed([state[name] for state in states]) for name in self.names if name in scalars}

    def lay_out(self, program: Program) -> None:
        """Decide who is gathered, and move the state of those into flat vectors."""
        few = len(program.each) <= FEW
        self.alone = [k for k, a in enumerate(self.arrays) if (few if a.size <= BLOCK else a.flags.c_contiguous)]
        self.together = [k for k in range(len(self.arrays)) if k not in self.alone]
        small = [self.arrays[k] for k in self.together]
        self.size = sum(a.size for a in small)
        self.flat_g, self.flat_p = np.empty(self.size, self.dtype), np.empty(self.size, self.dtype)
        self.values = list(zip(small, _views(self.flat_p, small)))
        self.flat_state = [_flat([self.states[k][name] for k in self.together], self.dtype) for name in self.vectors]
        self.rows = [
            (p, array, array.shape, state, [(name, state[name].array) for name in self.names])
            for p, array, state in zip(self.params, self.arrays, self.states)
        ]
        self.use(program)

    def use(self, program: Program) -> None:
        """Fill the program's slots with this cohort's memory."""
        self.program = program
        longest = max([self.size] + [min(self.arrays[k].size, BLOCK) for k in self.alone])
        self.scratch = {slot: np.empty(longest, dtype) for slot, dtype in program.scratch}
        self.lanes = [self._stretches(k) for k in self.alone]
        self.slots = program.filled(
            self.flat_p, self.flat_state, {slot: room[: self.size] for slot, room in self.scratch.items()}
        )
        self.slots[G] = self.flat_g

    def _stretches(self, k: int) -> list[tuple[Any, list[Array]]]:
        """A parameter that is updated where it stands, in pieces: (which elements, slots) of each.

        If it is one piece, the elements are not counted: None.
        """
        p, state = self.arrays[k], [self.states[k][name].array for name in self.vectors]
        if p.size <= BLOCK:
            scratch = {slot: room[: p.size].reshape(p.shape) for slot, room in self.scratch.items()}
            return [(None, self.program.filled(p, state, scratch))]
        flat, state = p.reshape(-1), [value.reshape(-1) for value in state]
        pieces = []
        for start in range(0, p.size, BLOCK):
            those = slice(start, min(start + BLOCK, p.size))
            scratch = {slot: room[: those.stop - start] for slot, room in self.scratch.items()}
            pieces.append((those, self.program.filled(flat[those], [value[those] for value in state], scratch)))
        return pieces

    def gradients(self, states: Any) -> list[Array] | None:
        """The gradients of the parameters, if all have one and no array was exchanged; else None."""
        found = []
        dtype = self.dtype
        for p, array, shape, state, kept in self.rows:
            if (
                p.array is not array
                or p._grad is None
                or len(state) != len(kept)
                or (kept and states.get(p) is not state)
            ):
                return None
            for name, value in kept:
                if name not in state or state[name].array is not value:
                    return None
            g = p._grad.array
            if g.shape != shape or g.dtype is not dtype:
                return None
            found.append(g)
        for values in self.scalars.values():
            first, *others = values.tolist()
            if others.count(first) < len(others):
                return None
        return found

    def run(self, lr: float, gradients: list[Array]) -> None:
        """One step: parameters and state in place."""
        program = self.program
        program.start(lr, {name: values[0] for name, values in self.scalars.items()})
        for name, values in self.scalars.items():
            values[...] = program.results[name]
        for k, lanes in zip(self.alone, self.lanes):
            g = gradients[k]
            for those, slots in lanes:
                slots[G] = g if those is None else g.reshape(-1)[those]
                program.run(slots)
                slots[G] = None
        if self.together:
            np.concatenate([gradients[k].reshape(-1) for k in self.together], out=self.flat_g)
            np.concatenate([array.reshape(-1) for array, _ in self.values], out=self.flat_p)
            program.run(self.slots)
            for array, value in self.values:
                array[...] = value


def _views(flat: Array, like: list[Array]) -> list[Array]:
    """Views of `flat`, one after the other, in the shapes of `like`."""
    ends = np.cumsum([a.size for a in like]).tolist()
    return [flat[end - a.size : end].reshape(a.shape) for end, a in zip(ends, like)]


def _flat(owners: list[Tensor], dtype: Any) -> Array:
    """The elements of the tensors in one vector; the tensors become views of it."""
    arrays = [owner.array for owner in owners]
    flat = np.concatenate([np.empty(0, dtype), *[a.reshape(-1) for a in arrays]])
    for owner, view in zip(owners, _views(flat, arrays)):
        owner.array = view
    return flat


def _packed(owners: list[Tensor]) -> Array:
    """`_flat`, for tensors of one element."""
    return _flat(owners, owners[0].array.dtype)


def _apart(arrays: list[Array]) -> bool:
    """Whether no two arrays share memory."""
    bounds = sorted(byte_bounds(a) for a in arrays if a.size)
    return all(before[1] <= after[0] for before, after in pairwise(bounds))


def _same(a: Sequence[Tensor], b: Sequence[Tensor]) -> bool:
    """Whether these are the same tensors (not: tensors with equal elements)."""
    return len(a) == len(b) and all(map(is_, a, b))
