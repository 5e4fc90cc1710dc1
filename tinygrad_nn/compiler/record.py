"""Recording: a tracer that writes down what a step does while it does it.

The walk runs on Tensors while a tracer listens, so the backward pass arrives here as primitives
like the forward; the optimizer's update does too, and ends in writes. What cannot be written down
is refused where it happens: Python looking at a value.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_nn.compiler.program import Instruction, Program, Value
from tinygrad_nn.errors import AutogradError, message
from tinygrad_nn.primitive import TYPES, Primitive
from tinygrad_nn.tape import Node, Tracer, local
from tinygrad_nn.versions import root_of, user_line

__all__ = ["Recorder", "RecordingError"]


KEPT = {"cross_entropy": "probabilities", "max_pool": "winners"}
"""What a forward keeps for its rule, by the primitive's name: what its value is called."""


class RecordingError(AutogradError):
    """The step does something that a straight-line program cannot."""


class Recorder(Tracer):
    """See the module's docstring. `arguments` are the step's tensors by parameter name."""

    def __init__(self, name: str, arguments: dict[str, Any]) -> None:
        self.program = Program(name)
        self.values: dict[Any, Value] = {}  # by Tensor, which hashes by identity
        self.constants: dict[int, tuple[Any, Value]] = {}
        self.taken: dict[str, int] = {"np": 1, "ops": 1, name: 1, **dict.fromkeys(keyword.kwlist, 1)}
        self.part = "forward"
        self.made_by: dict[Node, Value] = {}
        self.guards: list[tuple[Callable[[], Any], Any]] = []
        self.residuals: dict[int, tuple[Any, Value]] = {}  # by the id of an array that a forward keeps for its rule
        self.modules: dict[Any, None] = {}
        self.dropped: set[Any] = set()  # tensors whose .grad the step has replaced
        self.titles: dict[Any, tuple[str, Any]] = {}  # of an optimizer's state: its name, and the parameter if one
        for word, tensor in arguments.items():
            value = self._value(word, tensor, "argument", word)
            self.values[tensor] = value
            self.program.arguments.append(value)

    # -- the tracer's protocol -----------------------------------------------------------------------

    def saw(self, primitive: Primitive, args: tuple[Any, ...], result: Any) -> None:
        """One primitive call becomes one instruction (one per part, where it gives several)."""
        scope = local.mode.scope
        if scope is not None:
            self._meet_modules(scope)
        operands = tuple([self._operand(arg) for arg in args])
        if isinstance(result, tuple):
            raise RecordingError(
                message(f"compile: `{primitive.name}` gives several results", fix="keep it outside the compiled step")
            )
        value = self._value(self._title(primitive), result, "made")
        self.values[result] = value
        if result.node is not None:
            self.made_by[result.node] = value
        path = str(scope) if scope is not None else None
        saved = self._residual(primitive, result.node) if primitive.residual else None
        self.program.instructions.append(Instruction(primitive, operands, value, self.part, path, saved=saved))

    def wrote(self, target: Any, value: Any, name: str) -> None:
        """An in-place write. What is written is named after where it goes."""
        source, place = self._operand(value), self._operand(target)
        if isinstance(source, Value) and source.kind == "made" and re.fullmatch(r"t(_\d+)?", source.name):
            source.name = self._fresh("new_" + place.name)
        self.program.instructions.append(Instruction(None, (source,), None, self.part, None, place))

    def read(self, tensor: Any) -> None:
        """Python wants a value: it would be that of the recording for ever."""
        path, line = user_line()
        raise RecordingError(
            message(
                "compile: the step looks at the value of a tensor",
                got=f"item(), bool() or tolist() of shape {tuple(tensor.shape)} at {path}:{line}",
                fix="return the tensor and look at it outside, or choose with where(condition, a, b)",
            )
        )

    def enters(self, node: Node) -> None:
        """The walk runs the rules of `node`."""
        self.part = "backward"

    def rule_gave(self, node: Node, parent: Node, share: Any) -> None:
        """A cotangent is named after what it is the cotangent of."""
        made = self.values.get(share)
        if made is None or made.kind != "made" or made.name.startswith("d_"):
            return
        of = self.made_by.get(parent)
        tensor = parent.watch.tensor() if of is None and parent.watch is not None else None
        if tensor is not None:
            of = self._operand(tensor)
        if of is not None:
            made.name = self._fresh("d_" + of.name)

    def finished(self) -> None:
        """The walk is over: what follows is the update."""
        self.part = "update"

    def accumulates(self, tensor: Any) -> None:
        """`backward` sets a gradient, which holds for later runs if there is none; or it adds to the step's own."""
        if tensor._grad is None:
            known = self.values.get(tensor)
            if tensor not in self.dropped and (known is None or known.kind == "captured"):
                self.guard(lambda: tensor._grad is None)
        elif tensor._grad not in self.values:
            raise RecordingError(
                message(
                    "compile: the step adds to gradients of an earlier one",
                    got=f"a parameter of shape {tuple(tensor.shape)} whose .grad was set before the step",
                    fix="call optimizer.zero_grad() inside the step, before backward()",
                )
            )

    def replaces_grad(self, tensor: Any) -> None:
        """From here on it does not matter what `tensor.grad` was before the step."""
        self.dropped.add(tensor)

    def constant(self, tensor: Any, word: str) -> None:
        """A tensor that the engine made, the same at each run: the 1 that a walk starts from."""
        value = Value(self._fresh(word), tensor.array.shape, tensor.array.dtype, "constant", tensor.array)
        self.values[tensor] = value
        self.program.constants.append(value)

    def guard(self, look: Callable[[], Any]) -> None:
        """The program holds as long as `look()` gives what it gives now."""
        self.guards.append((look, look()))

    def belongs(self, tensor: Any, name: str, parameter: Any) -> None:
        """An optimizer's state: exp_avg_weight_0 for a parameter, exp_avg for several together."""
        made = self.values.get(tensor)
        if made is not None and made.kind == "made":
            made.name = self._fresh(name)
        self.titles[tensor] = (name, parameter)

    # -- values and their names ------------------------------------------------------------------------

    def _operand(self, arg: Any) -> Any:
        if type(arg) in TYPES:
            value = self.values.get(arg)
            if value is None:
                value = self._captured(arg)
            return value
        if isinstance(arg, np.ndarray):
            return self._constant(arg)
        if isinstance(arg, (tuple, list)):
            return tuple([self._operand(item) for item in arg])
        return arg

    def _captured(self, tensor: Any) -> Value:
        """A tensor from outside; one that shares an argument's memory (detach, data) is that argument."""
        if id(tensor.array) in self.residuals:
            return self.residuals[id(tensor.array)][1]
        made = self.made_by.get(tensor.node)
        if made is not None:  # the walk wraps a saved result anew
            return made
        root = root_of(tensor)
        if root is not tensor and root in self.values and tensor.array is root.array:
            return self.values[root]
        value = self._value(self._title_of(tensor), tensor, "captured", tensor)
        self.values[tensor] = value
        self.program.captured.append(value)
        return value

    def _residual(self, primitive: Primitive, node: Node | None) -> Value | None:
        """The value that a primitive keeps for its rule, if that is one array."""
        kept = node.args[0] if node is not None else None
        if not isinstance(kept, np.ndarray):
            return None
        value = Value(self._fresh(KEPT.get(primitive.name, "saved")), kept.shape, kept.dtype, "made")
        self.residuals[id(kept)] = (kept, value)
        return value

    def _constant(self, array: Any) -> Value:
        if id(array) not in self.constants:
            value = Value(self._fresh("constant"), array.shape, array.dtype, "constant", array)
            self.constants[id(array)] = (array, value)
            self.program.constants.append(value)
        return self.constants[id(array)][1]

    def _value(self, word: str, tensor: Any, kind: str, source: Any = None) -> Value:
        return Value(self._fresh(word), tensor.array.shape, tensor.array.dtype, kind, source)

    def _title(self, primitive: Primitive) -> str:
        return primitive.name if self.part == "forward" else "t"

    def _fresh(self, word: str) -> str:
        """A Python name that is not taken: word, word_2, word_3, ..."""
        word = re.sub(r"\W", "_", word)
        if word[:1].isdigit():  # "0.weight" of a Sequential: weight_0
            head, _, tail = word.partition("_")
            word = f"{tail}_{head}" if tail else f"layer_{head}"
        self.taken[word] = self.taken.get(word, 0) + 1
        name = word if self.taken[word] == 1 else f"{word}_{self.taken[word]}"
        return name if name == word or name not in self.taken else self._fresh(name)

    def _title_of(self, tensor: Any) -> str:
        """A parameter's or buffer's path, or what an optimizer keeps for which parameter."""
        if tensor in self.titles:
            name, parameter = self.titles[tensor]
            return name if parameter is None else f"{name}_{self._operand(parameter).name}"
        return self._path_of(tensor) or ("p" if tensor.requires_grad else "state")

    def _meet_modules(self, scope: Any) -> None:
        while scope is not None:
            self.modules.setdefault(scope[1])
            scope = scope[0]

    def _path_of(self, tensor: Any) -> str | None:
        """The name of a parameter or buffer in the outermost module met so far that has it."""
        scope = local.mode.scope
        while scope is not None and scope[0] is not None:
            scope = scope[0]
        for module in ([scope[1]] if scope is not None else []) + list(self.modules):
            for name, candidate in (*module.named_parameters(), *module.named_buffers()):
                if candidate is tensor:
                    return str(name)
        return None
