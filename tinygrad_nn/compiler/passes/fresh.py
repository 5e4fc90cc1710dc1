"""Constants: what the step makes from nothing is copied for each run only if somebody can write into it.

`zeros(3)` inside a step is recorded as a copy of an array of zeros. Unless the program writes into that
memory, or hands it out, the array itself will do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tinygrad_nn.compiler.passes.memory import bases
from tinygrad_nn.compiler.program import Instruction, Program, Value

__all__ = ["share_constants"]


def share_constants(program: Program) -> Program:
    """The program without the copies of constants that nobody writes to."""
    base = bases(program)
    exposed = {base[i.target] for i in program.instructions if i.target is not None}
    exposed |= {base[value] for value in program.results()}
    same: dict[Value, Value] = {}
    kept: list[Instruction] = []
    for instruction in program.instructions:
        primitive, result = instruction.primitive, instruction.result
        if primitive is not None and primitive.name == "fresh" and result is not None and base[result] not in exposed:
            (constant,) = instruction.args
            constant.name, same[result] = result.name, constant
            continue
        kept.append(replace(instruction, args=tuple([_with(same, arg) for arg in instruction.args])))
    return replace(program, instructions=kept)


def _with(same: dict[Value, Value], arg: Any) -> Any:
    if isinstance(arg, Value):
        return same.get(arg, arg)
    if isinstance(arg, (tuple, list)):
        return tuple([_with(same, item) for item in arg])
    return arg
