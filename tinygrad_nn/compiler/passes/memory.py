"""Which values share memory: a view and what it views."""

from __future__ import annotations

from tinygrad_nn.compiler.program import Program, Value

__all__ = ["bases"]


def bases(program: Program) -> dict[Value, Value]:
    """For each value the one whose memory it views (itself, if it is no view)."""
    base: dict[Value, Value] = {}

    def settle(value: Value, viewed: Value | None = None) -> None:
        if viewed is None and value.memory is not None and value.memory in base:
            viewed = value.memory  # so it was when the step was recorded
        base[value] = value if viewed is None else base[viewed]

    for value in (*program.arguments, *program.captured, *program.constants):
        settle(value)
    for instruction in program.instructions:
        source = instruction.args[0] if instruction.args else None
        views = instruction.primitive is not None and instruction.primitive.view
        for value in instruction.makes():
            settle(value, source if views and isinstance(source, Value) else None)
    return base
