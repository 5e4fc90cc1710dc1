"""Single use: results that one later instruction reads, and that can be written in its place.

`t = d_weight * 0.1` and `weight[...] = weight - t` are then one line, `weight[...] = weight - d_weight * 0.1`:
the same operations in the same order of data, so the same bits. Results with a name of their own stay.
"""

from __future__ import annotations

import re
from collections import Counter

from tinygrad_nn.compiler.passes.memory import bases
from tinygrad_nn.compiler.program import Instruction, Program, Value

__all__ = ["single_use"]


def single_use(program: Program) -> dict[Value, Instruction]:
    """The instruction that makes it, for each such result.

    Between its making and its use nothing may write to memory that it was computed from.
    """
    base = bases(program)
    uses = Counter(value for instruction in program.instructions for value in instruction.reads())
    uses.update(program.results() * 2)
    uses.update([i.target for i in program.instructions if i.target is not None] * 2)
    maker = {
        i.result: (k, i)
        for k, i in enumerate(program.instructions)
        if i.result is not None and not (i.others or i.saved)
    }
    written = [base[i.target] if i.target is not None else None for i in program.instructions]
    sources: dict[Value, set[Value]] = {}  # the memory that a result is computed from, through inlined ones too
    found = {}
    for place, instruction in enumerate(program.instructions):
        reads = {base[value] for value in instruction.reads()}
        for value in instruction.reads():
            if value in maker and uses[value] == 1 and _nameless(value, maker[value][1], instruction):
                made = maker[value][0]
                if not sources[value] & {memory for memory in written[made:place] if memory is not None}:
                    found[value] = maker[value][1]
                    reads |= sources[value]
        if instruction.result is not None:
            sources[instruction.result] = reads
    return found


def _nameless(value: Value, maker: Instruction, user: Instruction) -> bool:
    """Whether a result says nothing by its name: a step of a rule, a transpose, what is written at once."""
    transposed = maker.primitive is not None and maker.primitive.name == "permute" and maker.args[1] == (1, 0)
    step = maker.part == user.part != "forward" and re.fullmatch(r"t(_\d+)?", value.name) is not None
    return transposed or step or (user.primitive is None and value.name.startswith("new_"))
