"""One recorded program, ready to run: what it takes for granted, and how its effects become visible."""

from __future__ import annotations

import builtins
import linecache
import re
from operator import is_
from typing import Any

import numpy as np

from tinygrad_nn.compiler.emit_numpy import emit
from tinygrad_nn.compiler.outside import GradOf, owner_of
from tinygrad_nn.compiler.passes import remove_dead_code, share_constants
from tinygrad_nn.compiler.program import Program
from tinygrad_nn.compiler.record import Recorder, RecordingError, parts_of
from tinygrad_nn.compiler.watch import Watcher
from tinygrad_nn.errors import message
from tinygrad_nn.optim.optimizer import Optimizer
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.tape import edits
from tinygrad_nn.versions import stamp_all

__all__ = ["Runner"]

PLAIN = (int, float, str, bool, type(None))


class Runner:
    """See the module's docstring."""

    def __init__(self, recorder: Recorder, result: Any, given: list[Any], watcher: Watcher) -> None:
        self.uses = 0
        self.checked = False
        program = recorder.program
        found: list[Any] = []
        self.form = _form(result, found)
        for optimizer, parts in recorder.optimizers.items():
            now = parts_of(optimizer)
            if len(now) != len(parts) or any(a[0] is not b[0] or a[2] is not b[2] for a, b in zip(now, parts)):
                raise RecordingError(
                    message("compile: the step sets up the state of an optimizer", fix="call it again")
                )
        if not recorder.walked and any([item.requires_grad for item in found]):
            raise RecordingError(
                message(
                    "compile: the step returns a result to be differentiated, but a program gives values only",
                    got=f"{program.name}() without backward()",
                    fix="call backward() inside the step; or compute under no_grad(), to predict",
                )
            )
        program.outputs = [recorder.operand(item) for item in found]
        self._note_effects(recorder, given)
        self.program = share_constants(remove_dead_code(program))
        self.program.check()
        self.text, namespace = emit(self.program)
        filename = self.filename = f"<compiled {program.name} {id(self)}>"
        linecache.cache[filename] = (len(self.text), None, self.text.splitlines(True), filename)
        namespace["__name__"] = "tinygrad_nn.compiler.emitted"
        exec(builtins.compile(self.text, filename, "exec"), namespace)
        self.function = namespace[program.name]
        self.captured = [value.source for value in self.program.captured]
        self.count = len(program.outputs)
        self.itself = self._handed_through(found, given)
        self._note_writes(given)
        self._note_guards(recorder, watcher)

    # -- from the recording ------------------------------------------------------------------------------

    def _note_effects(self, recorder: Recorder, given: list[Any]) -> None:
        """Which `.grad` and which memory the step leaves behind."""
        place = {id(tensor): k for k, tensor in enumerate(given)}
        self.receivers: list[tuple[int | None, Any, bool]] = []
        self.forgotten: list[Any] = []  # whose .grad the step drops
        self.assigned: list[tuple[Any, Any]] = []  # whose .grad becomes another tensor from outside
        outside = recorder.outside
        for tensor in [*recorder.touched]:
            if not outside.has(tensor):
                continue
            grad = tensor._grad
            if grad is None:
                if id(tensor) in place:
                    raise RecordingError(
                        message("compile: the step drops the .grad of an argument", fix="do so outside")
                    )
                self.forgotten.append(tensor)
            elif outside.has(grad):
                if outside.grads.get(id(grad)) is not tensor:
                    self.assigned.append((tensor, grad))
            else:
                recorder.program.gradients.append((tensor, recorder.operand(grad)))
                self.receivers.append((place.get(id(tensor)), tensor, tensor not in recorder.dropped))
        for tensor in recorder.rebound:
            if outside.has(tensor):
                if id(tensor) in place:
                    raise RecordingError(
                        message("compile: the step sets the .data of an argument", fix="do so outside")
                    )
                recorder.program.rebound.append((tensor, recorder.operand(tensor)))
        self.rebound = [tensor for tensor, _ in recorder.program.rebound]
        self.effects = recorder.effects

    def _handed_through(self, found: list[Any], given: list[Any]) -> list[tuple[int, Any]]:
        """Results that are an argument, or a tensor from outside: these themselves are returned."""
        same = []
        for k, (item, value) in enumerate(zip(found, self.program.outputs, strict=True)):
            place = next((j for j, tensor in enumerate(given) if tensor is item), None)
            if place is not None:
                same.append((k, place))
            elif value.kind == "captured" and value.source is item:
                same.append((k, item))
        return same

    def _note_writes(self, given: list[Any]) -> None:
        program = self.program
        targets = {i.target for i in program.instructions if i.target is not None}
        memory = {value.memory or value for value in targets}
        held = [value for value in program.captured if value.kind == "captured"]
        self.written = [value.source for value in held if value in targets and type(value.source) in TYPES]
        self.kept = [v.source for v in held if (v.memory or v) in memory]  # what a run may write to
        self.writes_arguments = any((value.memory or value) in memory for value in program.arguments)
        self.owners = {id(owner_of(value.source.array)) for value in held}
        self.layouts = [tensor.array.strides for tensor in given]
        self.pattern = _pattern(given)
        self.generators = {id(g): g for g in _generators(program)}

    def _note_guards(self, recorder: Recorder, watcher: Watcher) -> None:
        tensors = [source for source in self.captured if type(source) in TYPES]
        self.no_grad = list(recorder.needs_no_grad)
        self.has_grad = [source.tensor for source in self.captured if type(source) is GradOf]
        for optimizer in recorder.optimizers:
            for group in optimizer.param_groups:
                for p in group["params"]:
                    if p not in recorder.touched:
                        (self.no_grad if p._grad is None else self.has_grad).append(p)
        tables: list[Any] = [t for m in recorder.modules for t in (m._parameters, m._buffers, m._modules)]
        for optimizer in recorder.optimizers:
            tables += [optimizer.state, *optimizer.state.values()]
        self.tables = [(table, list(table.values())) for table in tables if table]
        self.tables += [
            (group["params"], list(group["params"])) for o in recorder.optimizers for group in o.param_groups
        ]
        moving = set(recorder.numbers)
        self.options = [(group, key, value) for group, key, value in recorder.options if (id(group), key) not in moving]
        self.option_keys = recorder.option_keys
        self.places = [(o, o.state, o.param_groups) for o in recorder.optimizers]
        self.options_were = {(id(g), key): (g, key, value) for g, key, value in self.options}
        self.looks = recorder.guards
        self.state = watcher.guards()
        self.stamp = edits.count
        states = [
            t for o in recorder.optimizers for kept in o.state.values() for t in kept.values() if type(t) in TYPES
        ]
        self.arrays = [(t, t.array) for t in states]
        self.forms = [(t, t.array.shape, t.array.dtype, t.node is None, _hooks(t)) for t in tensors]
        self.same = [(a, b) for a, b in recorder.same_array if type(b) in TYPES]
        self.hooked = [(o, *[tuple(h.items()) for h in _step_hooks(o)]) for o in recorder.optimizers]
        self.modules = [(m, m.training, m._hooks, _all_hooks(m._hooks)) for m in recorder.modules]
        self.attributes = watcher.attributes(recorder.modules)

    # -- whether it may run ------------------------------------------------------------------------------

    def holds(self) -> bool:
        """Whether what the program took for granted is still so."""
        for table, parts in self.tables:  # has a layer, a parameter, or a piece of state been replaced?
            if len(table) != len(parts) or not all(
                map(is_, table.values() if type(table) is not list else table, parts)
            ):
                return False
        for table, key, value in self.options:
            if table.get(key) is not value and not _same_value(table.get(key), value):
                return False
        for tensor in self.no_grad:
            if tensor._grad is not None:
                return False
        for tensor in self.has_grad:
            if tensor._grad is None:
                return False
        for optimizer, state, groups in self.places:
            if optimizer.state is not state or optimizer.param_groups is not groups:
                return False
        for look, seen in self.looks:
            if look() != seen:
                return False
        if not self.state.hold():
            return False
        if edits.count != self.stamp:
            if not self._holds_in_detail():
                return False
            self.stamp = edits.count
        return True

    def _holds_in_detail(self) -> bool:
        """The same for what is counted when it is changed (`tape.edits`): looked at only after such a change."""
        return (
            all(
                [
                    m.training is mode and m._hooks is hooks and _all_hooks(hooks) == seen
                    for m, mode, hooks, seen in self.modules
                ]
            )
            and all([t.array is array for t, array in self.arrays])
            and all([a.array is b.array for a, b in self.same])
            and all(
                [
                    t.array.shape == shape
                    and t.array.dtype == dtype
                    and (t.node is None) is plain
                    and _hooks(t) == hooks
                    for t, shape, dtype, plain, hooks in self.forms
                ]
            )
            and all([tuple(tuple(h.items()) for h in _step_hooks(o)) == tuple(seen) for o, *seen in self.hooked])
            and self.attributes.hold()
        )

    def moved(self) -> set[Any]:
        """The numbers among the options that have changed since."""
        return {
            identity
            for identity in self.option_keys
            if identity in self.options_were
            and not _same_value(self.options_were[identity][0].get(identity[1]), self.options_were[identity][2])
        }

    def fits(self, given: list[Any]) -> bool:
        """Whether the arguments are apart from what the program reads besides, and from each other as they were."""
        owners = self.owners
        for tensor in given:
            array = tensor.array
            if id(array if array.base is None else owner_of(array)) in owners:
                return False
        if len(given) > 1 and _pattern(given) != self.pattern:
            return False
        if not self.writes_arguments:
            return True
        if [tensor.array.strides for tensor in given] != self.layouts:
            return False
        arrays = {id(tensor.array): tensor.array for tensor in given}
        return len({id(owner_of(array)) for array in arrays.values()}) == len(arrays)

    def has_written(self, error: BaseException) -> bool:
        """Whether the program has left a trace before the line that raised `error`."""
        line = _line_in(self.filename, error)
        return not line or any(map(_WRITES.search, self.text.splitlines()[:line]))

    # -- running -----------------------------------------------------------------------------------------

    def run(self, given: list[Any]) -> Any:
        """The emitted function on these tensors and what it captured; its effects made visible."""
        results = self.function(*[arg.array for arg in given], *[source.array for source in self.captured])
        if self.written:
            stamp_all(self.written, self.program.name)
        made: list[Any] = [wrap(array) for array in results]
        count = self.count
        for (place, tensor, adds), grad in zip(self.receivers, made[count:]):
            if place is not None:
                tensor = given[place]
                if adds and tensor._grad is not None:
                    tensor._grad.array += grad.array
                    continue
            tensor._grad = grad
        if self.rebound:
            for tensor, value in zip(self.rebound, made[count + len(self.receivers) :], strict=True):
                tensor.array = value.array
            stamp_all(self.rebound, self.program.name)
        for tensor in self.forgotten:
            tensor._grad = None
        for tensor, grad in self.assigned:
            tensor._grad = grad
        for k, itself in self.itself:
            made[k] = given[itself] if type(itself) is int else itself
        for act in self.effects:
            act()
        return _built(self.form, made)


_WRITES = re.compile(r"^    [\w]+(\[\.\.\.\] =| -=| \+=)|ops\.draw\(")
"""Lines of a program that leave a trace."""


def _line_in(filename: str, error: BaseException) -> int:
    """The line of a file that raised, 0 if none of it is in the traceback."""
    trace, line = error.__traceback__, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == filename:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _form(result: Any, found: list[Any]) -> Any:
    """A result as a form to fill: tensors are counted (and appended to `found`), plain values stand for themselves."""
    if type(result) in TYPES:
        known = next((k for k, tensor in enumerate(found) if tensor is result), None)
        if known is None:
            found.append(result)
            known = len(found) - 1
        return known
    if type(result) in (tuple, list):
        return type(result), [_form(item, found) for item in result]
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        kind: Any = type(result)
        return kind._make, [_form(item, found) for item in result]
    if type(result) is dict:
        return dict, list(result), [_form(item, found) for item in result.values()]
    if type(result) in PLAIN:
        return None, result
    raise RecordingError(
        message(
            "compile: a step returns tensors, numbers and words, and tuples, lists and dicts of them",
            got=type(result).__name__,
            fix="return loss, or (loss, logits)",
        )
    )


def _built(form: Any, made: list[Any]) -> Any:
    if type(form) is int:
        return made[form]
    if form[0] is None:
        return form[1]
    if form[0] is dict:
        return dict(zip(form[1], [_built(part, made) for part in form[2]], strict=True))
    return form[0]([_built(part, made) for part in form[1]])


def _pattern(given: list[Any]) -> Any:
    """Which of the arguments are one array."""
    if len(given) == 2:
        return given[0].array is given[1].array
    ids = [id(tensor.array) for tensor in given]
    return len(set(ids)) == len(ids) or [ids.index(k) for k in ids]


def _generators(program: Program) -> list[Any]:
    """The generators that the program draws from."""
    return [i.args[0] for i in program.instructions if i.primitive is not None and i.primitive.name == "draw"]


def _same_value(a: Any, b: Any) -> bool:
    """Whether an option has the value that it had; of tensors and arrays: is it the same one."""
    if a is b:
        return True
    if type(a) is not type(b) or type(a) in TYPES or isinstance(a, np.ndarray):
        return False
    return bool(a == b) and repr(a) == repr(b)


def _hooks(tensor: Any) -> Any:
    watch = tensor.node.watch if tensor.node is not None and tensor.node.primitive is None else None
    return None if watch is None else (tuple(watch.hooks.items()), tuple(watch.after.items()))


def _all_hooks(hooks: Any) -> Any:
    if hooks is None:
        return None
    return [(name, tuple(table.items())) for name in dir(hooks) if isinstance(table := getattr(hooks, name), dict)]


def _step_hooks(optimizer: Optimizer) -> tuple[Any, Any]:
    return optimizer._step_pre_hooks, optimizer._step_post_hooks
