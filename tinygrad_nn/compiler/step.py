"""`compile(train_step)`: record at the first call, run the emitted function at the others."""

from __future__ import annotations

import builtins
import inspect
import linecache
from collections.abc import Callable, Iterator
from functools import update_wrapper
from operator import is_
from typing import Any

from tinygrad_nn.compiler.emit_numpy import emit
from tinygrad_nn.compiler.heap import keep_freed_memory
from tinygrad_nn.compiler.passes import remove_dead_code
from tinygrad_nn.compiler.program import Program, Value
from tinygrad_nn.compiler.record import Recorder, RecordingError
from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.tape import local
from tinygrad_nn.versions import stamp_all

__all__ = ["CompiledStep", "compile"]


def compile(function: Callable[..., Any]) -> CompiledStep:
    """A training step (forward, `backward()`, optimizer update) as a compiled function.

    The very first call runs the step as it is. After that, the first call with tensors of given
    shapes and dtypes runs the step and records it, and later ones run the recorded program,
    written out as NumPy. Results equal those of the step
    itself bit for bit. A change of shapes, of `train()`/`eval()`, of `requires_grad` or of an
    optimizer's hyperparameters records again. `step.source` is the text, `step.program` the instructions.

    The step takes tensors, tuples, lists and dicts of them, and hashable values, which become part of
    the program; it returns a tensor or a tuple of them, as values: what is to be differentiated is differentiated inside.
    Raises RuntimeError where it looks at a value of a tensor, and for other arguments or results.

    >>> import tinygrad_nn as tg
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> @compile
    ... def slope(x):
    ...     w.grad = None
    ...     loss = (w * x).sum()
    ...     loss.backward()
    ...     return loss
    >>> [slope(tg.tensor([k, 4.0])).item() for k in (1.0, 2.0, 3.0)]
    [9.0, 10.0, 11.0]
    >>> w.grad
    tensor([3., 4.])
    """
    return CompiledStep(function)


class CompiledStep:
    """What `compile` returns: call it as the function; see what it became."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.signature = inspect.signature(function)
        self.runners: dict[Any, _Runner] = {}
        self._latest: _Runner | None = None
        self._warm = False
        self.__name__: str = getattr(function, "__name__", "step")
        update_wrapper(self, function)

    @property
    def source(self) -> str:
        """The text of the function that ran last (or was recorded last)."""
        return self._shown().text

    @property
    def program(self) -> Program:
        """The program that the text was written from."""
        return self._shown().program

    def _shown(self) -> _Runner:
        if self._latest is None:
            raise ArgumentError(
                message(
                    f"compile: {self.__name__} has not been recorded yet",
                    fix="call it twice: the first call only warms up",
                )
            )
        return self._latest

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        key = (local.mode.autocast, *[_kind(arg) for arg in args])
        if kwargs:
            key += tuple([(word, _kind(kwargs[word])) for word in sorted(kwargs)])
        try:
            runner = self.runners.get(key)
        except TypeError:
            raise _unfit(self.__name__, args, kwargs) from None
        if runner is not None and runner.holds():
            self._latest = runner
            return runner.run(self._tensors(args, kwargs))
        if not self._warm:  # the first step is not like the others: optimizers set up their state in it
            self._warm = True
            return self.function(*args, **kwargs)
        return self._record(key, args, kwargs)

    def _record(self, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if local.mode.tracer is not None:
            return self.function(*args, **kwargs)  # inside another recording: part of it
        tensors: dict[str, Any] = {}
        for name, tensor in self._named(args, kwargs):
            while name in tensors:  # x_0 beside a pair x
                name += "_"
            tensors[name] = tensor
        for name, tensor in tensors.items():
            if not tensor.is_leaf:
                raise RecordingError(
                    message(
                        f"compile: the argument `{name}` is the result of a recorded operation",
                        got=f"{tensor.grad_fn}, which stands outside the step",
                        fix=f"compute it inside the step, or give {name}.detach()",
                    )
                )
        recorder = Recorder(self.__name__ if self.__name__.isidentifier() else "step", tensors)  # a lambda has no name
        local.mode.tracer = recorder
        try:
            result = self.function(*args, **kwargs)
        finally:
            local.mode.tracer = None
        keep_freed_memory()
        self._latest = self.runners[key] = _Runner(recorder, result, list(tensors.values()))
        return result

    def _tensors(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """The tensors of a call, in the order of the function's parameters."""
        if kwargs or any([type(arg) not in TYPES for arg in args]):
            return [tensor for _, tensor in self._named(args, kwargs)]
        return list(args)

    def _named(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[tuple[str, Any]]:
        """The same with names: x, of a pair pair_0 and pair_1, of **options the names given."""
        for name, value in self.signature.bind(*args, **kwargs).arguments.items():
            if self.signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
                for word, item in sorted(value.items()):
                    yield from _inside(word, item)
            else:
                yield from _inside(name, value)


def _inside(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The tensors in an argument, which may be a tuple, list or dict of them."""
    if type(value) in TYPES:
        yield name, value
    elif isinstance(value, (tuple, list)):
        for k, item in enumerate(value):
            yield from _inside(f"{name}_{k}", item)
    elif isinstance(value, dict):
        for word, item in value.items():
            yield from _inside(f"{name}_{word}", item)


def _kind(arg: Any) -> Any:
    """What a program depends on in an argument: of a tensor its kind, of another value all (1 is not 1.0, nor 0.0 -0.0)."""
    if type(arg) in TYPES:
        return arg.array.shape, arg.array.dtype, arg.node is None
    if isinstance(arg, (tuple, list)):
        return type(arg), *[_kind(item) for item in arg]
    if isinstance(arg, dict):
        return type(arg), *[(word, _kind(item)) for word, item in arg.items()]
    return type(arg), repr(arg) if type(arg) is float else arg


def _unfit(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> RecordingError:
    return RecordingError(
        message(
            f"compile: {name} takes tensors, hashable values, and tuples, lists and dicts of them",
            got=", ".join(type(arg).__name__ for arg in (*args, *kwargs.values())),
            fix="give an array as from_numpy(x)",
        )
    )


class _Runner:
    """One recorded program, ready to run."""

    def __init__(self, recorder: Recorder, result: Any, given: list[Any]) -> None:
        program = recorder.program
        self.single = type(result) in TYPES
        results = [] if result is None else list(result) if isinstance(result, (tuple, list)) else [result]
        if any(type(item) not in TYPES for item in results):
            raise RecordingError(
                message(
                    "compile: a step returns tensors",
                    got=[type(item).__name__ for item in results],
                    fix="return loss, or (loss, logits)",
                )
            )
        if recorder.part == "forward" and any([item.requires_grad for item in results]):
            raise RecordingError(
                message(
                    "compile: the step returns a result to be differentiated, but a program gives values only",
                    got=f"{program.name}() without backward()",
                    fix="call backward() inside the step; or compute under no_grad(), to predict",
                )
            )
        self.nothing = result is None
        program.outputs = [recorder._operand(item) for item in results]
        program.gradients = _gradients(recorder)
        self.program = remove_dead_code(program)
        self.program.check()
        self.text, namespace = emit(self.program)
        filename = f"<compiled {program.name} {id(self)}>"
        linecache.cache[filename] = (len(self.text), None, self.text.splitlines(True), filename)
        namespace["__name__"] = "tinygrad_nn.compiler.emitted"
        exec(builtins.compile(self.text, filename, "exec"), namespace)
        self.function = namespace[program.name]
        self.captured = [value.source for value in self.program.captured]
        self.leaves = [(tensor, tensor.node is None) for tensor in self.captured]
        self.receivers = [
            (next((k for k, arg in enumerate(given) if arg is tensor), None), tensor, tensor not in recorder.dropped)
            for tensor, _ in program.gradients
        ]  # a gradient goes to the argument in this place, or to this tensor; is it added to what an argument has?
        self.written = _written(self.program)
        self.modes = [(module, module.training, module._hooks) for module in recorder.modules]
        tables = [t for module in recorder.modules for t in (module._parameters, module._buffers, module._modules)]
        self.parts = [(table, list(table.values())) for table in tables if table]
        self.guards = recorder.guards
        self.count = len(program.outputs)

    def holds(self) -> bool:
        """Whether what the program took for granted is still so."""
        for module, training, hooks in self.modes:
            if module.training is not training or module._hooks is not hooks:
                return False
        for table, parts in self.parts:  # has a layer or a parameter been replaced?
            if len(table) != len(parts) or not all(map(is_, table.values(), parts)):
                return False
        for tensor, plain in self.leaves:
            if (tensor.node is None) is not plain:
                return False
        return all([look() == seen for look, seen in self.guards])

    def run(self, given: list[Any]) -> Any:
        """The emitted function on these tensors and what it captured; its effects made visible."""
        results = self.function(*[arg.array for arg in given], *[tensor.array for tensor in self.captured])
        stamp_all(self.written, self.program.name)
        for (place, tensor, adds), array in zip(self.receivers, results[self.count :], strict=True):
            if place is not None:
                tensor = given[place]
                if adds and tensor._grad is not None:
                    array = tensor._grad.array + array
            tensor._grad = wrap(array)
        if self.nothing:
            return None
        outputs = [wrap(array) for array in results[: self.count]]
        return outputs[0] if self.single else tuple(outputs)


def _gradients(recorder: Recorder) -> list[tuple[Any, Value]]:
    """The leaves whose `.grad` the step has set, with the values."""
    found = []
    for tensor, _ in list(recorder.values.items()):
        if tensor._grad is not None and tensor._grad in recorder.values:
            found.append((tensor, recorder.values[tensor._grad]))
    return found


def _written(program: Program) -> list[Any]:
    """The captured tensors that the program writes."""
    targets = {instruction.target for instruction in program.instructions if instruction.target is not None}
    return [value.source for value in program.captured if value in targets]
