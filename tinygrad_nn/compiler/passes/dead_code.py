"""Dead code: instructions whose results nobody reads.

Recording keeps everything that was computed; the gradient of the input, say, or a metric that was
thrown away. A write is kept if it can be seen: its target comes from outside, shares memory with
something that does, or is read.
"""

from __future__ import annotations

from dataclasses import replace

from tinygrad_nn.compiler.passes.memory import bases
from tinygrad_nn.compiler.program import Program, Value

__all__ = ["remove_dead_code"]


def remove_dead_code(program: Program) -> Program:
    """The program with only those instructions on which an output, a gradient or an outer write depends."""
    base = bases(program)
    outside = {*program.arguments, *program.captured, *program.constants}
    needed: set[Value] = {*program.results()}
    needed_memory = {base[value] for value in needed}
    kept = []
    for instruction in reversed(program.instructions):
        if instruction.result is not None:
            live = any(value in needed for value in instruction.makes()) or _draws(instruction)
            if instruction.saved not in needed:
                instruction = replace(instruction, saved=None)
        else:
            target = base[instruction.target]  # type: ignore[index]
            live = target in outside or target in needed_memory
        if live:
            kept.append(instruction)
            for value in (*instruction.reads(), *([instruction.target] if instruction.target else [])):
                needed.add(value)
                needed_memory.add(base[value])
    instructions = kept[::-1]
    read = {value for i in instructions for value in (*i.reads(), i.target) if value is not None}
    read |= {*program.results()}
    return replace(
        program,
        instructions=instructions,
        captured=[value for value in program.captured if value in read],
        constants=[value for value in program.constants if value in read],
    )


def _draws(instruction: object) -> bool:
    """A random draw moves its generator on, whether its numbers are used or not."""
    return getattr(getattr(instruction, "primitive", None), "arity", 1) == 0
