"""`compile`: a training step, recorded once, as a readable NumPy function.

record.py        a tracer that turns every primitive call and every write into an instruction
number.py        an option that changes from call to call, while the step is recorded
outside.py       which tensors were there before the step began
watch.py         what the step reads besides tensors; guards.py: looking at it again
program.py       the straight-line program: it prints and checks itself
passes/          what tidies it, a pass a file
emit_numpy.py    the program as Python source
runner.py        a program, ready to run: guards, arguments, effects
check.py         the first run of a program, compared with the step
step.py          `compile` itself: when to record, and when to run what
"""

from tinygrad_nn.compiler.step import CompiledModule, CompiledStep, CompileWarning, compile

__all__ = ["CompileWarning", "CompiledModule", "CompiledStep", "compile"]
