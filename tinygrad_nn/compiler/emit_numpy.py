"""A program as the text of a NumPy function: the training step that one would have written by hand.

Each primitive has a template that computes the same bits as its forward (a test holds the two
together); one without a template is called by name.
"""

from __future__ import annotations

import ast
import textwrap
from math import prod
from types import SimpleNamespace
from typing import Any

import numpy as np

from tinygrad_nn.compiler.passes import single_use
from tinygrad_nn.compiler.passes.memory import bases
from tinygrad_nn.compiler.program import Instruction, Program, Value
from tinygrad_nn.dtypes import default_float, result_dtype
from tinygrad_nn.ops.sums import LONG, RUN

__all__ = ["TEMPLATES", "emit"]

WIDTH = 66
"""How long a line may get by writing results into the place where they are used."""

TEMPLATES = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "div": "{0} / {1}",
    "neg": "-{0}",
    "eq": "{0} == {1}",
    "ne": "{0} != {1}",
    "lt": "{0} < {1}",
    "le": "{0} <= {1}",
    "gt": "{0} > {1}",
    "ge": "{0} >= {1}",
    "relu": "np.maximum({0}, 0)",
    "sigmoid": "1 / (1 + np.exp(-{0}))",
    "reshape": "{0}.reshape({1})",
    "permute": "{0}.transpose({1})",
    "expand": "np.broadcast_to({0}, {1})",
    "matmul": "{0} @ {1}",
    "cast": "{0}.astype({1})",
    "cat": "np.concatenate({0}, {1})",
    "slice_at": "{0}[{1}]",
    "where": "np.where({0}, {1}, {2})",
    "sum": "np.add.reduce({0}, {1}, keepdims={2})",
    "leaky_relu": "np.where({0} > 0, {0}, {0} * {1})",
    "one_hot": "{0}[..., None] == np.arange({1})",
    "power": "{0} ** {1}",
}
"""How an instruction reads. Braces take the operands in order, each in parentheses where it needs them."""

FUNCTIONS = {
    "exp",
    "log",
    "tanh",
    "sqrt",
    "square",
    "abs",
    "sin",
    "cos",
    "log1p",
    "expm1",
    "maximum",
    "minimum",
    "reciprocal",
}
"""Primitives that are one NumPy function, under NumPy's own name (`abs` is absolute)."""


def emit(program: Program) -> tuple[str, dict[str, Any]]:
    """The source of the program as a function of (arguments, captured arrays), and the names it needs besides."""
    writer = _Writer(program)
    return writer.source(), writer.namespace


class _Writer:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.namespace: dict[str, Any] = {"np": np, "ops": SimpleNamespace()}
        for value in program.constants:
            self.namespace[value.name] = value.source
        self.inlined = single_use(program)
        base = bases(program)
        written = {base[i.target] for i in program.instructions if i.target is not None}
        self.written = {value for value in base if base[value] in written}
        self._settle()

    def _settle(self) -> None:
        """Leave only those results in their users' lines that keep these short."""
        for instruction in self.program.instructions:
            inside = [value for value in instruction.reads() if value in self.inlined]
            while inside and len(self._statement(instruction)) > WIDTH:
                del self.inlined[max(inside, key=lambda value: len(self._text(value)))]
                inside = [value for value in inside if value in self.inlined]

    def source(self) -> str:
        program = self.program
        width = max([len(value.name) for value in (*program.arguments, *program.captured)], default=0)
        names = ", ".join(value.name for value in (*program.arguments, *program.captured))
        lines = textwrap.wrap(f"def {program.name}({names}):", 100, subsequent_indent=" " * (len(program.name) + 5))
        lines.append('    """' + "One recorded step. Shapes and dtypes of what comes in:")
        lines.append("")
        for value in (*program.arguments, *program.captured):
            lines.append(f"    {value.name.ljust(width)}  {_kind(value)}")
        lines.append('    """')
        lines += self._body()
        results = [value.name for value in program.results()]
        if len(results) == 1:
            lines.append(f"    return {results[0]},")
        else:
            text = ", ".join(results)
            lines += _wrapped(f"    return {text}" if 0 < len(text) < 90 else f"    return ({text})")
        return "\n".join(lines) + "\n"

    def _body(self) -> list[str]:
        lines = []
        part = scope = None
        rows: list[tuple[str, str]] = []
        for instruction in self.program.instructions:
            if instruction.result in self.inlined:
                continue
            if instruction.part != part:
                part, scope = instruction.part, None
                rows.append((f"\n    # {part}", ""))
            if instruction.part == "forward" and instruction.scope != scope:
                scope = instruction.scope
            rows.append((f"    {self._statement(instruction)}", self._comment(instruction)))
        for text, comment in rows:
            *before, last = _wrapped(text)
            lines += [*before, f"{last.ljust(72)}  # {comment}" if comment else last]
        return lines

    def _comment(self, instruction: Instruction) -> str:
        values = instruction.makes() if instruction.target is None else [instruction.target]
        sizes = ", ".join(
            "×".join(str(n) for n in value.shape) or "scalar" for value in values if value.dtype != object
        )
        return sizes + (f"  {instruction.scope}" if instruction.part == "forward" and instruction.scope else "")

    def _statement(self, instruction: Instruction) -> str:
        if instruction.primitive is None:
            assert instruction.target is not None
            return self._write(instruction.target, instruction.args[0])
        assert instruction.result is not None
        names = instruction.result.name
        if instruction.primitive.multi:
            names = ", ".join(value.name for value in (instruction.result, *instruction.others))
            names = names if instruction.others else f"{names},"
        if instruction.saved is not None:
            names = (
                f"({names}), {instruction.saved.name}"
                if instruction.primitive.multi
                else f"{names}, {instruction.saved.name}"
            )
        text = _tidy(self._expression(instruction))
        if instruction.result in self.written and not instruction.result.shape and not instruction.primitive.multi:
            text = f"np.asarray({text})"  # a place to write to, where NumPy gives a number
        return f"{names} = {text}"

    def _write(self, target: Value, value: Any) -> str:
        """`target[...] = value`; where the value is the target less or plus something, in place."""
        made = self.inlined.get(value) if isinstance(value, Value) else None
        if (
            made is not None
            and made.primitive is not None
            and made.primitive.name in ("add", "sub")
            and not _is_twin(made)
        ):
            first = made.args[0]
            if first is target and value.dtype == target.dtype and value.shape == target.shape:
                text = self._promoted(made)[1]
                return f"{target.name} {'+' if made.primitive.name == 'add' else '-'}= {_tidy(text)}"
        return f"{target.name}[...] = {_tidy(self._text(value))}"

    def _expression(self, instruction: Instruction) -> str:
        primitive = instruction.primitive
        assert primitive is not None
        if _is_twin(instruction):
            return self._call(instruction, [self._text(arg) for arg in instruction.args])
        operands = (
            self._promoted(instruction) if primitive.elementwise else [self._text(arg) for arg in instruction.args]
        )
        name = primitive.name
        if name in ("sum", "linear", "matmul") and _long(instruction):
            return self._call(instruction, operands)
        if name == "linear":
            x, weight, bias = operands
            product = f"{x} @ {weight}.T" if len(instruction.args[0].shape) <= 2 else f"np.matmul({x}, {weight}.T)"
            if len(instruction.args[0].shape) <= 2:
                return product if instruction.args[2] is None else f"{product} + {bias}"
        if name == "sum" and not _plain_float(instruction.args[0]):
            return self._call(instruction, operands)
        if name == "clone" and instruction.args[1] == "K":
            return f"np.array({operands[0]})"
        if name == "fresh":
            return self._made_anew(instruction.args[0])
        if name == "cast" and isinstance(instruction.args[0], Value) and instruction.args[0].kind == "number":
            return f"np.{np.dtype(instruction.args[1]).name}({operands[0]})"
        if name == "cast":
            kind = np.dtype(instruction.args[1])
            operands[1] = f"np.{kind.name}"
            if kind.kind == "V":  # bfloat16, which NumPy knows by no name of its own
                operands[1], self.namespace[kind.name] = kind.name, kind
        if name == "reshape" and instruction.args[1]:
            operands[1] = operands[1].strip("(,)")
        if name == "slice_at":
            operands[1] = _index(
                instruction.args[1], whole=instruction.result is not None and not instruction.result.shape
            )
        if name == "sum" and instruction.args[2] is False:
            return f"np.add.reduce({operands[0]}, {operands[1]})"
        if name == "permute" and instruction.args[1] == (1, 0):
            return f"{operands[0]}.T"
        if name in FUNCTIONS and isinstance(primitive.forward, np.ufunc):
            return f"np.{primitive.forward.__name__}({', '.join(operands)})"
        if name in TEMPLATES:
            return TEMPLATES[name].format(*operands)
        return self._call(instruction, operands)

    def _made_anew(self, constant: Value) -> str:
        """A constant that is written to: zeros, ones, or a copy."""
        array = constant.source
        for number, word in ((0, "zeros"), (1, "ones")):
            same = array.size and array.dtype.kind in "fiub" and (array == number).all() and array.flags.c_contiguous
            if same and not (array.dtype.kind == "f" and np.signbit(array).any()):
                return f"np.{word}({tuple(array.shape)}, np.{array.dtype.name})"
        return f"np.array({self._text(constant)})"

    def _call(self, instruction: Instruction, operands: list[str]) -> str:
        """The primitive's own forward, by its name."""
        primitive = instruction.primitive
        assert primitive is not None
        name = primitive.name + "_in_16_bits" * _is_twin(instruction)
        setattr(self.namespace["ops"], name, primitive.forward)
        text = f"ops.{name}({', '.join(operands)})"
        return text + "[0]" if primitive.residual and instruction.saved is None else text

    def _promoted(self, instruction: Instruction) -> list[str]:
        """The operands, cast where PyTorch's promotion differs from NumPy's."""
        args, primitive = instruction.args, instruction.primitive
        assert primitive is not None
        samples = [
            0.5 if _is_number(arg) else np.zeros((1,) * len(arg.shape), arg.dtype) if isinstance(arg, Value) else arg
            for arg in args
        ]
        kind = result_dtype(*samples)
        if primitive.floats and kind.kind in "iub":
            kind = default_float()
        texts = [self._text(arg) for arg in args]
        if all(_is_number(arg) or not isinstance(arg, Value) for arg in args):
            return texts
        natural = np.result_type(*samples)
        if natural == kind:
            return texts
        return [
            f"{text}.astype(np.{kind.name})"
            if isinstance(arg, Value) and not _is_number(arg) and arg.dtype != kind
            else text
            for text, arg in zip(texts, args, strict=True)
        ]

    def _text(self, arg: Any) -> str:
        if isinstance(arg, Value):
            return _in_place(self._expression(self.inlined[arg])) if arg in self.inlined else arg.name
        if isinstance(arg, (tuple, list)):
            inner = ", ".join(self._text(item) for item in arg)
            return f"({inner},)" if len(arg) == 1 else f"({inner})"
        if isinstance(arg, (bool, int, str, type(None))) or (isinstance(arg, float) and np.isfinite(arg)):
            return repr(arg)
        if isinstance(arg, slice) or arg is Ellipsis:
            return repr(arg)
        name = (
            f"{type(arg).__name__.lower()}_{sum(k.startswith(type(arg).__name__.lower()) for k in self.namespace) + 1}"
        )
        known = next((k for k, v in self.namespace.items() if v is arg), name)
        self.namespace[known] = arg
        return known


def _wrapped(statement: str) -> list[str]:
    """A statement in lines of 100 characters at most; as it is, where it has no brackets to break in."""
    if len(statement) <= 100:
        return [statement]
    lines = textwrap.wrap(statement, 100, subsequent_indent=" " * 8, break_long_words=False, break_on_hyphens=False)
    try:
        ast.parse(textwrap.dedent("\n".join(lines)))
    except SyntaxError:
        return [statement]
    return lines


def _index(key: tuple[Any, ...], whole: bool) -> str:
    """A basic index as it is written; with an ellipsis where NumPy would take an element out of its memory."""
    texts = []
    for item in (*key, ...) if whole and ... not in key else key:
        if isinstance(item, slice):
            bounds = [item.start, item.stop] if item.step is None else [item.start, item.stop, item.step]
            texts.append(":".join("" if bound is None else str(bound) for bound in bounds))
        else:
            texts.append("..." if item is ... else str(item))
    return ", ".join(texts)


def _in_place(expression: str) -> str:
    """An expression as an operand: in parentheses, if it is more than a name or a call."""
    atom = isinstance(ast.parse(expression, mode="eval").body, (ast.Name, ast.Call, ast.Attribute, ast.Subscript))
    return expression if atom else f"({expression})"


def _tidy(expression: str) -> str:
    """Without the parentheses that Python does not need."""
    return ast.unparse(ast.parse(expression, mode="eval"))


def _is_twin(instruction: Instruction) -> bool:
    """Whether it computes on 16-bit operands (`half`), for which no template holds."""
    return instruction.primitive is not None and instruction.primitive.twin is instruction.primitive


def _long(instruction: Instruction) -> bool:
    """Whether so many numbers are added that the primitive does it in its own way (ops/sums.py)."""
    x = instruction.args[0]
    if instruction.primitive is None or not isinstance(x, Value):
        return False
    if instruction.primitive.name == "sum":
        return prod(x.shape if instruction.args[1] is None else [x.shape[k] for k in instruction.args[1]]) >= LONG
    return bool(x.shape) and x.shape[-1] > RUN


def _plain_float(arg: Any) -> bool:
    return isinstance(arg, Value) and arg.kind != "number" and arg.dtype.kind == "f" and arg.dtype.itemsize > 2


def _is_number(arg: Any) -> bool:
    return isinstance(arg, Value) and arg.kind == "number"


def _kind(value: Value) -> str:
    if value.kind == "number":
        return "float"
    return f"{value.dtype.name}[{', '.join(str(n) for n in value.shape)}]"
