"""Which values share memory: a view and what it views."""

from __future__ import annotations

from tinygrad_nn.compiler.program import Program, Value

__all__ = ["bases"]


def bases(program: Program) -> dict[Value, Value]:
    """For each value the one whose memory it views (itself, if it is no view)."""
    base = {value: value for value in (*program.arguments, *program.captured, *program.constants)}
    for instruction in program.instructions:
        if instruction.result is not None:
            source = instruction.args[0] if instruction.args else None
            views = instruction.primitive is not None and instruction.primitive.view
            base[instruction.result] = base[source] if views and isinstance(source, Value) else instruction.result
        if instruction.saved is not None:
            base[instruction.saved] = instruction.saved
    return base
