"""`compile`: a training step, recorded once, as a readable NumPy function.

record.py        a tracer that turns every primitive call and every write into an instruction
program.py       the straight-line program: it prints and checks itself
passes/          what tidies it, a pass a file
emit_numpy.py    the program as Python source
step.py          `compile` itself: when to record, and how to run what was emitted
"""

from tinygrad_nn.compiler.step import CompiledStep, compile

__all__ = ["CompiledStep", "compile"]
