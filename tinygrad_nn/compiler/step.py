"""`compile(train_step)`: run it once, record it once, check the program once, then run the program."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from functools import partial, update_wrapper
from typing import Any, overload
from weakref import WeakSet

from tinygrad_nn.compiler.check import differs
from tinygrad_nn.compiler.heap import keep_freed_memory
from tinygrad_nn.compiler.program import Program
from tinygrad_nn.compiler.record import Recorder, RecordingError
from tinygrad_nn.compiler.runner import Runner
from tinygrad_nn.compiler.watch import Watcher
from tinygrad_nn.dtypes import default_float
from tinygrad_nn.errors import ArgumentError, DTypeError, message
from tinygrad_nn.flags import refuse_word
from tinygrad_nn.nn.module import Module
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.tape import local

__all__ = ["CompileWarning", "CompiledStep", "compile"]

PROGRAMS = 16
"""How many kinds of arguments one function has programs for; what comes after runs eagerly."""
VARIANTS = 4
"""How many programs for one kind of arguments: in training and evaluation mode, say."""
TRIES = 3
"""How often a step may change what Python remembers before that is taken for its way (a cache fills once)."""
IN_VAIN = 8
"""How many programs may be recorded that are hardly used before one gives up."""


class CompileWarning(UserWarning):
    """A step, or a part of its calls, runs eagerly instead of as a program."""


@overload
def compile(function: Callable[..., Any], *, fullgraph: bool = False) -> Any: ...
@overload
def compile(function: None = None, *, fullgraph: bool = False) -> Callable[[Callable[..., Any]], Any]: ...
def compile(function: Any = None, *, fullgraph: bool = False) -> Any:
    """A training step (forward, `backward()`, optimizer update) as a compiled function.

    The first call with tensors of given shapes and dtypes runs the step as it is, the next runs and
    records it, the third compares the recorded program with the step, and later ones run the program,
    written out as NumPy. Results equal those of the step itself bit for bit. What the step reads besides
    its arguments is watched, and a change records again: options, modes, attributes, global variables.
    `step.source` is the text, `step.program` the instructions.

    function:  a function, a method, or a module, whose `forward` is then compiled (and whose attributes
               are those of the result)
    fullgraph: an error where a step cannot be a program; else it runs eagerly, and a warning says why

    What goes in are tensors, and hashable values, which become part of the program; what comes out are
    tensors as values: what is to be differentiated is differentiated inside. Tuples, lists and dicts of both.
    Raises RuntimeError, with `fullgraph`, where the step looks at the value of a tensor, has an effect
    besides computing (`print`, `append`), or takes or gives something else.

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
    refuse_word("compile", "fullgraph", fullgraph)
    if function is None:
        return partial(compile, fullgraph=fullgraph)
    if not callable(function):
        raise DTypeError(
            message("compile: takes a function or a module", got=repr(function)[:60], fix="step = compile(train_step)")
        )
    if isinstance(function, Module):
        return CompiledModule(function, fullgraph)
    return CompiledStep(function, fullgraph)


class CompiledStep:
    """What `compile` returns: call it as the function; see what it became."""

    def __init__(self, function: Callable[..., Any], fullgraph: bool = False) -> None:
        self.function = function
        self.fullgraph = fullgraph
        self.signature = inspect.signature(function)
        self.runners: dict[Any, list[Runner]] = {}
        self.methods: WeakSet[CompiledStep] = WeakSet()  # what it is for each object, as its method
        self._latest: Runner | None = None
        self._warm = False
        self._refused: dict[Any, int] = {}  # how often a recording was thrown away, by kind of arguments
        self._in_vain = 0
        self._moving: set[Any] = set()
        self._told: set[str] = set()
        self.__name__: str = getattr(function, "__name__", "step")
        update_wrapper(self, function)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method: one compiled step for each object."""
        if instance is None:
            return self
        steps = instance.__dict__.setdefault("_compiled_steps", {})
        if self.__name__ not in steps:
            step = steps[self.__name__] = CompiledStep(self.function.__get__(instance, owner), self.fullgraph)
            self.methods.add(step)
        return steps[self.__name__]

    @property
    def source(self) -> str:
        """The text of the function that ran last (or was recorded last)."""
        return self._shown().text

    @property
    def program(self) -> Program:
        """The program that the text was written from."""
        return self._shown().program

    def _shown(self) -> Runner:
        if self._latest is None:
            raise ArgumentError(
                message(
                    f"compile: {self.__name__} has not been recorded yet",
                    fix="call it twice: the first call only warms up",
                )
            )
        return self._latest

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        mode = local.mode
        if mode.tracer is not None:  # somebody listens (anomaly mode, a picture, another recording): let them hear
            return self.function(*args, **kwargs)
        key: Any = (mode.grad, mode.autocast, default_float(), *[_kind(arg) for arg in args])
        if kwargs:
            key += tuple([(word, _kind(kwargs[word])) for word in sorted(kwargs)])
        try:
            known = self.runners.get(key)
        except TypeError:
            return self._unfit(args, kwargs)
        if known is not None:
            for runner in known:
                if runner.holds():
                    given = self._tensors(args, kwargs)
                    if not runner.fits(given):
                        return self.function(*args, **kwargs)
                    self._latest = runner
                    runner.uses += 1
                    if not runner.checked:
                        return self._checked(key, runner, given, args, kwargs)
                    try:
                        return runner.run(given)
                    except Exception as error:
                        if runner.has_written(error):
                            raise
                    return self.function(*args, **kwargs)  # for the step's own words
        if not self._warm:  # the first step is not like the others: optimizers set up their state in it
            self._warm = True
            return self.function(*args, **kwargs)
        return self._record(key, args, kwargs)

    # -- recording ---------------------------------------------------------------------------------

    def _record(self, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._gives_up(key):
            return self.function(*args, **kwargs)
        tensors: dict[str, Any] = {}
        for name, tensor in self._named(args, kwargs):
            while name in tensors:  # x_0 beside a pair x
                name += "_"
            tensors[name] = tensor
        for runner in self.runners.get(key, ()):
            self._moving |= runner.moved()
        if any([runner.uses > 1 for runner in self.runners.get(key, ())]):
            self._refused.pop(key, None)
        watcher = Watcher(self.function, args, kwargs)
        given = list(tensors.values())
        if (why := _unlike(tensors, watcher)) is not None:
            if why.args[0]:
                self._tell(key, why, final=True)
            return self.function(*args, **kwargs)
        name = self.__name__ if self.__name__.isidentifier() else "step"  # a lambda has no name
        recorder = Recorder(name, tensors, self.fullgraph, frozenset(self._moving))
        local.mode.tracer = recorder
        try:
            with watcher:
                result = self.function(*args, **kwargs)
        finally:
            local.mode.tracer = None
        keep_freed_memory()
        refusal, passing = recorder.refusal, False
        if refusal is None:
            refusal, passing = watcher.changes(), True
        if refusal is None:
            try:
                self._latest = Runner(recorder, result, given, watcher)
            except RecordingError as error:
                refusal, passing = error, error.args[0].startswith("compile: the step sets up")
            except (AssertionError, SyntaxError, NameError, KeyError, AttributeError, TypeError) as error:
                refusal, passing = _failed(self.__name__, error), False
        if refusal is not None:
            self._tell(key, refusal, final=not passing)
            return result
        runners = self.runners.setdefault(key, [])
        assert self._latest is not None
        runners.insert(0, self._latest)
        for old in runners[VARIANTS:]:
            self._in_vain += old.uses < 2
        del runners[VARIANTS:]
        return result

    def _gives_up(self, key: Any) -> bool:
        if self._refused.get(key, 0) >= TRIES:
            return True
        if self._in_vain >= IN_VAIN:
            what = "something that it reads changes at every call"
        elif key not in self.runners and len(self.runners) + len(self._refused) >= PROGRAMS:
            what = f"it was called with more than {PROGRAMS} kinds of arguments"
        else:
            return False
        self._tell(
            key,
            RecordingError(
                message(
                    f"compile: {self.__name__} records too often",
                    got=what,
                    fix="give what changes as a tensor (tg.tensor(0.5)), and batches of few sizes",
                )
            ),
            final=True,
        )
        return True

    def _tell(self, key: Any, refusal: RecordingError, final: bool) -> None:
        """Note that a recording was thrown away; say so once, and not for what may pass (a cache that fills)."""
        self._refused[key] = TRIES if final else self._refused.get(key, 0) + 1
        if self._refused[key] < TRIES:
            return
        if self.fullgraph:
            raise refusal
        text = str(refusal)
        if text not in self._told:
            self._told.add(text)
            warnings.warn(f"{text}\n  so: {self.__name__} runs eagerly", CompileWarning, stacklevel=4)

    def _unfit(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Arguments that are no key: run eagerly, and say why."""
        refusal = RecordingError(
            message(
                f"compile: {self.__name__} takes tensors, hashable values, and tuples, lists and dicts of them",
                got=", ".join(type(arg).__name__ for arg in (*args, *kwargs.values())),
                fix="give an array as from_numpy(x)",
            )
        )
        self._tell(None, refusal, final=True)
        return self.function(*args, **kwargs)

    # -- the first run of a program ------------------------------------------------------------------

    def _checked(self, key: Any, runner: Runner, given: list[Any], args: Any, kwargs: Any) -> Any:
        """Run the program, undo it, run the step, and compare: a program that is not the step is thrown away."""
        result, where = differs(runner, given, lambda: self.function(*args, **kwargs))
        if where is None:
            runner.checked = True
            return result
        self.runners[key].remove(runner)
        self._tell(
            key,
            RecordingError(
                message(
                    f"compile: the program of {self.__name__} gives something else than the step",
                    got=where,
                    fix="give what changes from call to call as arguments; or leave the step as it is",
                )
            ),
            final=True,
        )
        return result

    # -- arguments -----------------------------------------------------------------------------------

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


class CompiledModule(CompiledStep):
    """A compiled module: called as the module, it runs its program; everything else is the module's own."""

    def __init__(self, module: Module, fullgraph: bool = False) -> None:
        super().__init__(module, fullgraph)
        self.__dict__["__name__"] = type(module).__name__

    def __getattr__(self, name: str) -> Any:
        if name == "function":
            raise AttributeError(name)
        return getattr(self.function, name)


def _unlike(tensors: dict[str, Any], watcher: Watcher) -> RecordingError | None:
    """Why a call with these tensors cannot be recorded; an empty reason if only this call cannot."""
    known = watcher.own  # what the step reaches by itself
    for name, tensor in tensors.items():
        if not tensor.is_leaf:
            return RecordingError(
                message(
                    f"compile: the argument `{name}` is the result of a recorded operation",
                    got=f"{tensor.grad_fn}, which stands outside the step",
                    fix=f"compute it inside the step, or give {name}.detach()",
                )
            )
        if id(tensor) in known or (tensor.requires_grad and tensor._grad is not None):
            return RecordingError("")
    return None


def _failed(name: str, error: Exception) -> RecordingError:
    return RecordingError(
        message(
            f"compile: the program of {name} could not be written",
            got=f"{type(error).__name__}: {error}",
            fix="report it, with the step",
        )
    )


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
