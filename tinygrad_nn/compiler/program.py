"""A straight-line program of primitives: what a recorded step is, before it is text.

A value is an array with a name. An instruction computes one value from others, or writes one over
another. Instructions run in order and writes happen in place, so whatever shared memory while the
step was recorded shares it when the program runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tinygrad_nn.primitive import Primitive

__all__ = ["Instruction", "Program", "Value"]


@dataclass(eq=False)
class Value:
    """One array of the program. `source` says where it comes from, if no instruction makes it.

    kind: "argument" (of the step), "captured" (a tensor that lives outside: a parameter, a buffer, an
    optimizer's state), "number" (an option that is a float, or what is computed of such), "constant" (an
    array fixed at recording), "made" (by an instruction)
    memory: the first value that was met in the same memory; None if this is it
    """

    name: str
    shape: tuple[int, ...]
    dtype: Any
    kind: str
    source: Any = None
    memory: Value | None = None

    def __repr__(self) -> str:
        sizes = "×".join(str(n) for n in self.shape) or "scalar"
        return f"{self.name}: {self.dtype.name}[{sizes}]"


@dataclass(eq=False)
class Instruction:
    """`result, *others = primitive(*args)`; or, without a primitive, `target[...] = args[0]`.

    part:  "forward", "backward" or "update": what was running when it was recorded
    scope: the module whose forward was running, as a path
    saved: what the primitive gives besides its result, for its rule
    """

    primitive: Primitive | None
    args: tuple[Any, ...]
    result: Value | None
    part: str
    scope: str | None = None
    target: Value | None = None
    saved: Value | None = None
    others: tuple[Value, ...] = ()

    def makes(self) -> list[Value]:
        """The values that it gives."""
        return [value for value in (self.result, *self.others, self.saved) if value is not None]

    def reads(self) -> list[Value]:
        """The values among the arguments, those inside tuples included."""
        found = []
        for arg in self.args:
            for item in arg if isinstance(arg, (tuple, list)) else (arg,):
                if isinstance(item, Value):
                    found.append(item)
        return found


@dataclass
class Program:
    """Instructions, what goes in, and what comes out."""

    name: str
    arguments: list[Value] = field(default_factory=list)
    captured: list[Value] = field(default_factory=list)
    constants: list[Value] = field(default_factory=list)
    instructions: list[Instruction] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    gradients: list[tuple[Any, Value]] = field(default_factory=list)
    rebound: list[tuple[Any, Value]] = field(default_factory=list)

    def results(self) -> list[Value]:
        """All that comes out: what the step returns, gradients, and the new memory of tensors whose .data was set."""
        return [*self.outputs, *[value for _, value in (*self.gradients, *self.rebound)]]

    def check(self) -> None:
        """Raise AssertionError unless every value is made before it is read, and once."""
        known = {*self.arguments, *self.captured, *self.constants}
        names = [value.name for value in known]
        for instruction in self.instructions:
            for value in instruction.reads():
                assert value in known, f"{value.name} is read before it is made"
            if instruction.result is not None:
                assert instruction.result not in known, f"{instruction.result.name} is made twice"
                for value in instruction.makes():
                    known.add(value)
                    names.append(value.name)
            else:
                assert instruction.target in known, "a write goes to an unknown value"
        for value in self.results():
            assert value in known, f"the output {value.name} is never made"
        assert len(set(names)) == len(names), "two values have one name"

    def __str__(self) -> str:
        lines = [f"program {self.name}({', '.join(map(repr, self.arguments))})"]
        lines += [f"  captured {value!r}" for value in self.captured]
        part = None
        for instruction in self.instructions:
            if instruction.part != part:
                part = instruction.part
                lines.append(f"  -- {part}")
            args = ", ".join(_shown(arg) for arg in instruction.args)
            if instruction.primitive is None:
                assert instruction.target is not None
                lines.append(f"  {instruction.target.name} <- {args}")
            else:
                made = ", ".join(map(repr, instruction.makes()))
                lines.append(f"  {made} = {instruction.primitive.name}({args})")
        return "\n".join([*lines, f"  return {', '.join(value.name for value in self.outputs)}"])


def _shown(arg: Any) -> str:
    if isinstance(arg, Value):
        return arg.name
    if isinstance(arg, (tuple, list)):
        return "(" + ", ".join(_shown(item) for item in arg) + ")"
    return repr(arg) if isinstance(arg, (int, float, str, bool, type(None), slice)) else f"<{type(arg).__name__}>"
