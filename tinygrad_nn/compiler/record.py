"""Recording: a tracer that writes down what a step does while it does it.

The walk runs on Tensors while a tracer listens, so the backward pass arrives here as primitives
like the forward; the optimizer's update does too, and ends in writes.

A value is known by its array: whoever wraps the same array again (`.data`, `detach()`, a rule) means the
same value. An array that no instruction made is either from outside (it was there before the step began:
`outside.py`), and read afresh at each run, or was made inside from constants, and is made afresh if
the step writes to it.

What cannot be written down is refused where it happens (`refuse`): the step then goes on as it is,
and what it records is thrown away; or, with `strict`, it ends with the error.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_nn.compiler.number import Number
from tinygrad_nn.compiler.outside import Outside, owner_of
from tinygrad_nn.compiler.program import Instruction, Program, Value
from tinygrad_nn.errors import AutogradError, message
from tinygrad_nn.primitive import TYPES, Primitive
from tinygrad_nn.tape import Node, Tracer, local
from tinygrad_nn.versions import user_line

__all__ = ["FRESH", "Recorder", "RecordingError"]


KEPT = {"cross_entropy": "probabilities", "max_pool": "winners", "layer_norm": "moments", "batch_norm": "moments"}
"""What a forward keeps for its rule, by the primitive's name: what its value is called."""

FRESH = Primitive("fresh", lambda x: np.array(x), (), arity=1)
"""A copy of a constant, for each run anew: where the step writes into what it made itself."""

SIZED = {"nonzero", "unique", "masked_select"}


class RecordingError(AutogradError):
    """The step does something that a straight-line program cannot."""


class Recorder(Tracer):
    """See the module's docstring. `arguments` are the step's tensors by parameter name."""

    whole_rules = True

    def __init__(
        self, name: str, arguments: dict[str, Any], strict: bool = True, moving: frozenset[Any] = frozenset()
    ) -> None:
        self.program = Program(name)
        self.strict = strict
        self.refusal: RecordingError | None = None
        self.moving = moving  # the numbers that have changed before: they are inputs
        self.outside = Outside()
        self.values: dict[int, tuple[Any, Value]] = {}  # by the id of the array
        self.owners: dict[int, Value] = {}  # who has this memory, by the id of the array that owns it
        self.numbers: dict[Any, Number] = {}
        self.taken: dict[str, int] = {"np": 1, "ops": 1, name: 1, **dict.fromkeys(keyword.kwlist, 1)}
        self.part = "forward"
        self.walked = False  # has there been a backward pass?
        self.made_by: dict[Node, Value] = {}
        self.guards: list[tuple[Callable[[], Any], Any]] = []
        self.option_keys: set[Any] = set()  # the options that could be inputs
        self.same_array: list[tuple[Any, Any]] = []  # two tensors outside that have one array
        self.residuals: dict[int, tuple[Any, Value]] = {}  # by the id of what a forward keeps for its rule
        self.modules: dict[Any, None] = {}
        self.optimizers: dict[Any, Any] = {}  # with the parts of their state
        self.options: list[tuple[dict[str, Any], str, Any]] = []  # of all groups, as the step reads them
        self.touched: dict[Any, None] = {}  # tensors whose .grad the step sets or drops
        self.dropped: dict[Any, None] = {}  # tensors whose .grad the step has replaced or dropped
        self.needs_no_grad: dict[Any, None] = {}  # tensors whose .grad must be None before the step
        self.rebound: dict[Any, None] = {}  # tensors whose .data the step has exchanged
        self.effects: list[Callable[[], Any]] = []  # to be called after each run: scheduler.step
        self.titles: dict[Any, tuple[str, Any]] = {}  # of an optimizer's state: its name, and the parameter if one
        for word, tensor in arguments.items():
            value = self._enter(Value(self._fresh(word), *_form(tensor.array), "argument", word), tensor.array)
            self.program.arguments.append(value)

    def refuse(self, what: str, got: object = None, fix: str | None = None) -> None:
        """The step cannot be a program: raise if `strict`, else remember why."""
        if got is None:
            got = "at {}:{}".format(*user_line())
        error = RecordingError(message(f"compile: {what}", got=got, fix=fix))
        if self.strict:
            raise error
        if self.refusal is None:
            self.refusal = error

    # -- the tracer's protocol -----------------------------------------------------------------------

    def saw(self, primitive: Primitive, args: tuple[Any, ...], result: Any) -> None:
        """One primitive call becomes one instruction."""
        if self.refusal is not None:
            return
        if _sized_by_data(primitive, args):
            path, line = user_line()
            self.refuse(
                "a size depends on the values of a tensor",
                got=f"`{primitive.name}` with a mask, at {path}:{line}",
                fix="keep the size: where(mask, x, 0.0), or multiply by mask.float()",
            )
            return
        scope = local.mode.scope
        if scope is not None:
            self._meet_modules(scope)
        if self.part == "update" and getattr(result, "node", None) is not None:
            self.part = "forward"  # of another loss
        operands = tuple([self.operand(arg) for arg in args])
        results = result if isinstance(result, tuple) else (result,)
        made = []
        for part in results:
            if part is None:
                made.append(Value(self._fresh("unused"), (), np.dtype(np.float32), "made"))
                continue
            value = self._enter(Value(self._fresh(self._title(primitive)), *_form(part.array), "made"), part.array)
            if part.node is not None:
                self.made_by[part.node] = value
            made.append(value)
        path_of = str(scope) if scope is not None else None
        node = next((part.node for part in results if part is not None and part.node is not None), None)
        if node is not None and isinstance(result, tuple):
            node = node.parents[0] if node.parents else None
        saved = self._residual(primitive, node) if primitive.residual else None
        self.program.instructions.append(
            Instruction(primitive, operands, made[0] if made else None, self.part, path_of, saved=saved,
                        others=tuple(made[1:]))
        )  # fmt: skip

    def wrote(self, target: Any, value: Any, name: str) -> None:
        """An in-place write. What is written is named after where it goes."""
        if self.refusal is not None:
            return
        source, place = self.operand(value), self.operand(target)
        if place.kind == "constant":
            self.refuse("the step writes into a tensor that it does not own", got=f"`{name}`", fix="clone() it first")
            return
        if isinstance(source, Value) and source.kind == "made" and re.fullmatch(r"t(_\d+)?", source.name):
            source.name = self._fresh("new_" + place.name)
        self.program.instructions.append(Instruction(None, (source,), None, self.part, None, place))

    def read(self, tensor: Any) -> None:
        """Python wants a value: it would be that of the recording for ever."""
        path, line = user_line()
        self.refuse(
            "the step looks at the value of a tensor",
            got=f"item(), bool() or tolist() of shape {tuple(tensor.shape)} at {path}:{line}",
            fix="return the tensor and look at it outside, or choose with where(condition, a, b)",
        )

    def rebinds(self, tensor: Any, value: Any) -> None:
        """`tensor.data` is about to become that of `value`."""
        if self.refusal is None:
            self.operand(value)
            self.rebound[tensor] = None

    def effect(self, act: Callable[[], Any]) -> None:
        """Something besides computing happens, which can be done again after each run."""
        self.effects.append(act)

    def enters(self, node: Node) -> None:
        """The walk runs the rules of `node`."""
        self.part = "backward"

    def rule_gave(self, node: Node, parent: Node, share: Any) -> None:
        """A cotangent is named after what it is the cotangent of."""
        if self.refusal is not None:
            return
        made = self._known(share.array)
        if made is None or made.kind != "made" or made.name.startswith("d_"):
            return
        of = self.made_by.get(parent)
        tensor = parent.watch.tensor() if of is None and parent.watch is not None else None
        if tensor is not None:
            of = self.operand(tensor)
        if of is not None:
            made.name = self._fresh("d_" + of.name)

    def finished(self) -> None:
        """The walk is over: what follows is the update."""
        self.part, self.walked = "update", True

    def accumulates(self, tensor: Any) -> None:
        """`backward` sets a gradient where there is none, or adds to it in place."""
        self.touched[tensor] = None
        if tensor._grad is None and tensor not in self.dropped and self.outside.has(tensor):
            known = self._known(tensor.array)
            if known is None or known.kind != "argument":
                self.needs_no_grad[tensor] = None

    def replaces_grad(self, tensor: Any) -> None:
        """From here on it does not matter what `tensor.grad` was before the step."""
        self.touched[tensor] = self.dropped[tensor] = None

    def optimizer(self, optimizer: Any) -> None:
        """An optimizer's step begins: its options and its state are part of what is taken for granted."""
        if optimizer not in self.optimizers:
            self.optimizers[optimizer] = parts_of(optimizer)
            for group in optimizer.param_groups:
                self.options += [
                    (group, key, value) for key, value in group.items() if key not in ("params", "initial_lr")
                ]

    def constant(self, tensor: Any, word: str) -> None:
        """A tensor that the engine made, the same at each run: the 1 that a walk starts from."""
        if self.refusal is None:
            self._constant(tensor.array, word)

    def guard(self, look: Callable[[], Any]) -> None:
        """The program holds as long as `look()` gives what it gives now."""
        self.guards.append((look, look()))

    def option(self, table: dict[str, Any], key: str) -> Any:
        """An option that is a number: an input once it has changed, until then a constant that is watched."""
        value = table[key]
        if type(value) in TYPES:
            return value
        identity = (id(table), key)
        if identity in self.numbers:
            return self.numbers[identity]
        if self.effects:
            self.refuse(
                "a schedule goes on before the optimizer reads its options",
                got=f"scheduler.step() before optimizer.step(), which reads {key}",
                fix="call scheduler.step() last",
            )
        if type(value) not in (float, tuple):
            return value
        self.option_keys.add(identity)
        if identity not in self.moving:
            return value
        if type(value) is tuple:
            made: Any = tuple([self._number(f"{key}_{k}", table, key, k, item) for k, item in enumerate(value)])
        else:
            made = self._number(key, table, key, None, value)
        self.numbers[identity] = made
        return made

    def _number(self, name: str, table: dict[str, Any], key: str, place: int | None, now: float) -> Number:
        source = _Option(table, key, place)
        value = Value(self._fresh(name), (), np.dtype(np.float64), "number", source)
        self.program.captured.append(value)
        return Number.of(now, value, self)

    def on_numbers(self, name: str, args: tuple[Any, ...], now: float) -> Number:
        """Arithmetic of numbers among themselves is part of the program, too."""
        from_registry = _SCALARS[name]
        value = Value(self._fresh("n"), (), np.dtype(np.float64), "number")
        operands = tuple([arg.value if type(arg) is Number else float(arg) for arg in args])
        self.program.instructions.append(Instruction(from_registry, operands, value, self.part))
        return Number.of(now, value, self)

    def belongs(self, tensor: Any, name: str, parameter: Any) -> None:
        """An optimizer's state: exp_avg_weight_0 for a parameter, exp_avg for several together."""
        made = self._known(tensor.array)
        if made is None and parameter is None:  # memory that was laid out in this very step
            self.outside.memory[id(owner_of(tensor.array))] = tensor.array
        elif made is not None and made.kind == "made":
            made.name = self._fresh(name)
        self.titles[tensor] = (name, parameter)  # the tensor, not its array: its memory may yet be moved

    # -- values and their names ------------------------------------------------------------------------

    def operand(self, arg: Any) -> Any:
        """What stands for an argument in an instruction: a value, or the argument itself if it is no array."""
        if type(arg) in TYPES:
            known = self._known(arg.array)
            return known if known is not None and self._is_still(arg, known) else self._met(arg)
        if type(arg) is Number:
            return arg.value
        kept = self.residuals.get(id(arg))
        if kept is not None:
            return kept[1]
        if isinstance(arg, np.ndarray):
            known = self._known(arg)
            return known if known is not None else self._constant(arg, "constant")
        if isinstance(arg, (tuple, list)):
            return tuple([self.operand(item) for item in arg])
        return arg

    def _known(self, array: Any) -> Value | None:
        found = self.values.get(id(array))
        return None if found is None else found[1]

    def _is_still(self, tensor: Any, value: Value) -> bool:
        """A second tensor from outside with the same array: they must go on sharing it."""
        if value.kind == "captured" and value.source is not tensor and self.outside.has(tensor):
            self.same_array.append((tensor, value.source))
        return True

    def _enter(self, value: Value, array: Any) -> Value:
        self.values[id(array)] = (array, value)
        owner = owner_of(array)
        value.memory = self.owners.setdefault(id(owner), value)
        if value.memory is value:
            value.memory = None
        return value

    def _met(self, tensor: Any) -> Value:
        """A tensor that no instruction made."""
        array = tensor.array
        if id(array) in self.residuals:
            return self.residuals[id(array)][1]
        made = self.made_by.get(tensor.node)
        if made is not None and made.shape == array.shape:  # the walk wraps a saved result anew
            return made
        source = self.outside.find(tensor)
        if source is not None:
            value = self._enter(Value(self._fresh(self._title_of(tensor)), *_form(array), "captured", source), array)
            self.program.captured.append(value)
            return value
        if id(owner_of(array)) in self.owners:
            path, line = user_line()
            self.refuse(
                "a tensor shares memory with a result of the step in a way that is not recorded",
                got=f"shape {array.shape} at {path}:{line}",
                fix="clone() it",
            )
            return self._constant(array, "constant")
        constant = Value(self._fresh("constant"), *_form(array), "constant", np.array(array))
        self.program.constants.append(constant)
        value = self._enter(Value(self._fresh("made"), *_form(array), "made"), array)
        self.program.instructions.append(Instruction(FRESH, (constant,), value, self.part))
        return value

    def _residual(self, primitive: Primitive, node: Node | None) -> Value | None:
        """The value of what a primitive keeps for its rule."""
        kept = node.args[0] if node is not None and node.args else None
        if kept is None or isinstance(kept, (int, float, bool)):
            return None
        if isinstance(kept, np.ndarray):
            value = Value(self._fresh(KEPT.get(primitive.name, "saved")), *_form(kept), "made")
            self._enter(value, kept)
        else:
            value = Value(self._fresh(KEPT.get(primitive.name, "saved")), (), np.dtype(object), "made")
        self.residuals[id(kept)] = (kept, value)
        return value

    def _constant(self, array: Any, word: str) -> Value:
        known = self._known(array)
        if known is not None:
            return known
        value = self._enter(Value(self._fresh(word), *_form(array), "constant", array), array)
        self.program.constants.append(value)
        return value

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
        if name != word and name in self.taken:
            return self._fresh(word)
        self.taken.setdefault(name, 1)
        return name

    def _title_of(self, tensor: Any) -> str:
        """A parameter's or buffer's path, or what an optimizer keeps for which parameter."""
        title = self.titles.get(tensor)
        if title is None:
            title = next((title for t, title in self.titles.items() if t.array is tensor.array), None)
        if title is not None:
            name, parameter = title
            return name if parameter is None else f"{name}_{self.operand(parameter).name}"
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
                if candidate is tensor or candidate.array is tensor.array:
                    return str(name)
        return None


class _Option:
    """Where a number comes from: an option of an optimizer's group."""

    def __init__(self, table: dict[str, Any], key: str, place: int | None) -> None:
        self.table, self.key, self.place = table, key, place

    @property
    def array(self) -> Any:
        """The number as it is now."""
        value = self.table[self.key]
        return value if self.place is None else value[self.place]


def parts_of(optimizer: Any) -> list[Any]:
    """What an optimizer's state is made of, to see whether it grows."""
    return [(p, name, value) for p, kept in optimizer.state.items() for name, value in kept.items()]


def _form(array: Any) -> tuple[Any, Any]:
    return array.shape, array.dtype


_SCALARS: dict[str, Any] = {
    "add": Primitive("add", lambda x, y: x + y, (), arity=2, elementwise=True),
    "sub": Primitive("sub", lambda x, y: x - y, (), arity=2, elementwise=True),
    "mul": Primitive("mul", lambda x, y: x * y, (), arity=2, elementwise=True),
    "div": Primitive("div", lambda x, y: x / y, (), arity=2, elementwise=True),
    "power": Primitive("power", lambda x, y: x**y, (), arity=2, elementwise=True),
    "neg": Primitive("neg", lambda x: -x, (), arity=1, elementwise=True),
}
"""Arithmetic of numbers, by the names that the templates have."""


def _sized_by_data(primitive: Primitive, args: tuple[Any, ...]) -> bool:
    """Whether the shape of the result depends on values: an index with a mask in it."""
    if primitive.name in SIZED:
        return True
    if primitive.name == "index_put":  # (x, values, index, accumulate): as many values as there are places
        if args[1].array.size == 1 if type(args[1]) in TYPES else True:
            return False
        key = args[2]
    elif primitive.name == "pick_at":
        key = args[1]
    else:
        return False
    items = key if isinstance(key, (tuple, list)) else (key,)
    return any([getattr(item.array if type(item) in TYPES else item, "dtype", None) == np.bool_ for item in items])
