"""A pure update as a straight-line program that writes into given memory.

An update such as `adam` is written in operators and allocates an array for every one of them. Here
it is recorded once, on tensors of two elements, and what the tracer saw becomes a list of ufunc
calls with `out=`: the same ufuncs on the same values, so the same bits, without allocation.

What does not depend on the elements (the step count, bias corrections) runs once a step: `start`.
The rest runs for each stretch of elements: `run`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.errors import message
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.tape import Tracer, local

__all__ = ["Program", "Update"]

Array: TypeAlias = Any
Update: TypeAlias = Callable[..., tuple[Any, dict[str, Any]]]
"""(g, p, state, *, lr, options) -> (new p, new state)"""

G, P = 0, 1


class Recorder(Tracer):
    """The tracer: notes every primitive call."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, tuple[Any, ...], Any]] = []

    def saw(self, primitive: Any, args: tuple[Any, ...], result: Any) -> None:
        """One call of a primitive."""
        self.calls.append((primitive, args, result))

    def read(self, tensor: Any) -> None:
        """A branch on a value cannot be part of a straight line."""
        raise RuntimeError(
            message(
                "an update must not look at the values of tensors", got="a branch", fix="use where(condition, a, b)"
            )
        )


class Program:
    """`update`, recorded for parameters of one dtype and fixed options.

    Slot 0 is the gradient, slot 1 the parameter, then come the state arrays that are shaped like
    the parameter (`vectors`), in order. `lr` and the state that is one number (`scalars`, with
    their dtypes) are inputs too, in `numbers`.
    """

    def __init__(
        self,
        update: Update,
        dtype: Any,
        vectors: tuple[str, ...],
        scalars: Mapping[str, Any],
        options: Mapping[str, Any],
    ) -> None:
        self.vectors = vectors
        self.slots: list[Any] = [None] * (2 + len(vectors))
        self.scratch: list[tuple[int, Any]] = []  # (slot, dtype) of each temporary vector
        self.once: list[Callable[[], Any]] = []
        self.each: list[tuple[Callable[..., Any], int, int, int]] = []
        self._place: dict[int, int] = {}  # id of a recorded tensor -> slot
        self._free: dict[Any, list[int]] = {}

        inputs: dict[str, Any] = {}
        for k, name in enumerate(("g", "p", *vectors)):
            inputs[name] = wrap(np.ones(2, dtype))
            self._place[id(inputs[name])] = k
        self.numbers = {name: np.ones((), kind) for name, kind in (*scalars.items(), ("lr", np.float64))}
        for name, number in self.numbers.items():
            inputs[name] = wrap(number)
            self._place[id(inputs[name])] = self._slot(number)

        recorder = Recorder()
        before = local.mode.tracer
        local.mode.tracer = recorder
        try:
            with no_grad():
                state = {name: inputs[name] for name in (*vectors, *scalars)}
                new_p, new_state = update(inputs["g"], inputs["p"], state, lr=inputs["lr"], **options)
        finally:
            local.mode.tracer = before
        outputs = {"p": new_p, **new_state}
        self._lay_out(recorder.calls, inputs, outputs)
        self.results = {name: self.slots[self._place[id(outputs[name])]] for name in scalars}

    # -- running -----------------------------------------------------------------------------------

    def start(self, lr: float, scalars: Mapping[str, Any]) -> None:
        """Set the numbers, and compute what depends on numbers only; `results` has their new values."""
        self.numbers["lr"][...] = lr
        for name, value in scalars.items():
            self.numbers[name][...] = value
        for call in self.once:
            call()

    def run(self, slots: list[Array]) -> None:
        """Update one stretch: its arrays in place."""
        for f, x, y, out in self.each:
            if x >= 0:
                f(slots[x], slots[y], slots[out])
            else:
                f(slots)

    def filled(self, p: Array, state: list[Array], scratch: Mapping[int, Array]) -> list[Array]:
        """The slots for one stretch of elements; the gradient's is left to be set."""
        slots = list(self.slots)
        slots[P] = p
        slots[P + 1 : P + 1 + len(state)] = state
        for slot, room in scratch.items():
            slots[slot] = room
        return slots

    # -- from calls to instructions ------------------------------------------------------------------

    def _lay_out(self, calls: list[Any], inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
        """Give each result a place: its input's, as soon as nobody reads that any more, or scratch."""
        last = {id(arg): k for k, (_, args, _) in enumerate(calls) for arg in args}
        for name, out in outputs.items():
            if out is not inputs[name]:
                last[id(out)] = len(calls)
        home = {id(out): name for name, out in outputs.items()}
        for k, (primitive, args, result) in enumerate(calls):
            operands = [self._operand(arg, args, primitive) for arg in args]
            if result.array.ndim == 0:
                out = self._place[id(result)] = self._slot(np.zeros_like(result.array))
                self.once.append(_on_numbers(primitive, [self.slots[operand] for operand in operands], self.slots[out]))
                continue
            self._release([arg for arg in args if last.get(id(arg)) == k])
            own = home.get(id(result))
            if own is not None and last.get(id(inputs[own]), -1) <= k:
                out = self._place[id(inputs[own])]
            else:
                out = self._temporary(result.array.dtype)
            self._place[id(result)] = out
            self.each.append(_on_vectors(primitive, operands, out))
        self._bring_home({name: self._place[id(out)] for name, out in outputs.items() if out.array.ndim}, inputs)

    def _bring_home(self, results: dict[str, int], inputs: dict[str, Any]) -> None:
        """Copy the results that are elsewhere to their inputs' places; first those that stand in another's way."""
        homes = {name: self._place[id(inputs[name])] for name in results}
        astray = {name: slot for name, slot in results.items() if slot != homes[name]}
        for name, slot in astray.items():
            if slot in homes.values():
                astray[name] = self._temporary(inputs[name].array.dtype)
                self.each.append(_on_vectors(None, [slot], astray[name]))
        for name, slot in astray.items():
            self.each.append(_on_vectors(None, [slot], homes[name]))

    def _operand(self, arg: Any, args: tuple[Any, ...], primitive: Any) -> int:
        """The slot of an argument; beside a tensor, a number becomes a 0-d array of its dtype."""
        if type(arg) in TYPES:
            return self._place[id(arg)]
        if isinstance(primitive.forward, np.ufunc):
            return self._slot(np.asarray(arg, next(other.array.dtype for other in args if type(other) in TYPES)))
        return self._slot(arg)

    def _slot(self, content: Any) -> int:
        self.slots.append(content)
        return len(self.slots) - 1

    def _temporary(self, dtype: Any) -> int:
        free = self._free.setdefault(dtype, [])
        if free:
            return free.pop()
        self.scratch.append((self._slot(None), dtype))
        return self.scratch[-1][0]

    def _release(self, dead: list[Any]) -> None:
        temporary = dict(self.scratch)
        for slot in {self._place[id(arg)] for arg in dead if type(arg) in TYPES}:
            if slot in temporary:
                self._free[temporary[slot]].append(slot)


def _on_numbers(primitive: Any, operands: list[Any], out: Array) -> Callable[[], Any]:
    """The call that computes one number into `out`."""
    if isinstance(primitive.forward, np.ufunc):
        return partial(primitive.forward, *operands, out=out)
    if primitive.name == "cast":
        return partial(out.__setitem__, ..., operands[0])
    if primitive.name == "pow" and isinstance(operands[1], np.ndarray):
        return partial(np.power, np.asarray(operands[0], out.dtype), operands[1], out)
    return lambda: np.copyto(out, primitive.forward(*operands))


def _on_vectors(primitive: Any, operands: list[int], out: int) -> tuple[Callable[..., Any], int, int, int]:
    """The instruction that computes one vector into slot `out`."""
    if primitive is None:
        (x,) = operands
        return (lambda slots: np.copyto(slots[out], slots[x])), -1, -1, out
    forward = primitive.forward
    if not isinstance(forward, np.ufunc):
        return (lambda slots: np.copyto(slots[out], forward(*[slots[k] for k in operands]))), -1, -1, out
    if len(operands) == 1 or forward in (np.maximum, np.minimum):  # of these, NumPy wants `out` by name
        return (lambda slots: forward(*[slots[k] for k in operands], out=slots[out])), -1, -1, out
    return forward, operands[0], operands[1], out
