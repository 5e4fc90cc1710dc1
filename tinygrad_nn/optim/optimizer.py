"""What every optimizer has: parameter groups, state per parameter, hooks, saving and loading.

How a step is computed is not told here: `elementwise.py` runs the pure updates, `lbfgs.py` its own.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from copy import deepcopy
from difflib import get_close_matches
from functools import wraps
from typing import Any, ClassVar, TypeAlias

import numpy as np

from tinygrad_nn.autograd import RemovableHandle, enable_grad, no_grad
from tinygrad_nn.dtypes import default_float
from tinygrad_nn.errors import ArgumentError, DTypeError, message
from tinygrad_nn.primitive import TYPES, node_of, wrap
from tinygrad_nn.tape import Tracer, local
from tinygrad_nn.tensor import Tensor
from tinygrad_nn.views import write

__all__ = [
    "Optimizer",
    "Params",
    "is_tensor",
    "register_optimizer_step_post_hook",
    "register_optimizer_step_pre_hook",
]

Group: TypeAlias = dict[str, Any]
Params: TypeAlias = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]
Closure: TypeAlias = Callable[[], Any]

_before_any: OrderedDict[int, Any] = OrderedDict()
_after_any: OrderedDict[int, Any] = OrderedDict()


def is_tensor(value: object) -> bool:
    """Whether `value` is a Tensor (or Parameter)."""
    return type(value) in TYPES


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(optimizer, args, kwargs)` before the step of every optimizer; it may return new (args, kwargs)."""
    return _added(_before_any, hook)


def register_optimizer_step_post_hook(hook: Callable[..., None]) -> RemovableHandle:
    """Call `hook(optimizer, args, kwargs)` after the step of every optimizer."""
    return _added(_after_any, hook)


def _added(hooks: OrderedDict[int, Any], hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


class Optimizer:
    """Parameters in groups, the options of each group, and the state kept for each parameter.

    params:   tensors, (name, tensor) pairs, or dicts `{"params": [...], "lr": ...}`, one for each group
    defaults: the options of groups that do not set them

    `param_groups` is the list of groups, `state` maps each parameter to its dict of state tensors;
    both are PyTorch's, and so is `state_dict()`. An optimizer of your own derives from this class
    and defines `step(closure=None)`; hooks run around it by themselves.

    Raises TypeError for parameters that are not tensors or have no order, ValueError for an empty
    list, a result of an operation, or a parameter that is given twice.

    >>> import tinygrad_nn as tg
    >>> class Sign(Optimizer):
    ...     def step(self, closure=None):
    ...         with tg.no_grad():
    ...             for group in self.param_groups:
    ...                 for p in group["params"]:
    ...                     p.add_(p.grad.sign(), alpha=-group["lr"])
    >>> x = tg.tensor([1.0, -2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> Sign([x], {"lr": 0.5}).step()
    >>> x.tolist()
    [0.5, -1.5]
    """

    def __init__(self, params: Params, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[Group] = []
        self._prepare_hooks()
        name = type(self).__name__
        if is_tensor(params) or not hasattr(params, "__iter__"):
            raise DTypeError(
                message(
                    f"{name}: params argument given to the optimizer should be an iterable of Tensors or dicts",
                    got="one Tensor" if is_tensor(params) else type(params).__name__,
                    fix="give a list: [tensor]" if is_tensor(params) else "model.parameters()",
                )
            )
        given: list[Any] = list(params)
        if not given:
            raise ArgumentError(
                message(
                    f"{name}: optimizer got an empty parameter list",
                    fix="is an iterator used up already? are layers kept in a plain list (use ModuleList)?",
                )
            )
        for group in given if isinstance(given[0], dict) else [{"params": given}]:
            self.add_param_group(group)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = _with_hooks(cls.__dict__["step"])  # type: ignore[method-assign]

    def step(self, closure: Closure | None = None) -> Any:
        """Update the parameters from their `.grad`; `closure`, if given, computes the loss (returned) first."""
        raise NotImplementedError(
            message(f"{type(self).__name__}: an optimizer defines step()", fix="write its step(closure=None)")
        )

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients; with `set_to_none=False` fill them with zeros instead."""
        watched = local.mode.tracer is not None
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none and not watched:
                    p._grad = None
                elif set_to_none:
                    p.grad = None
                elif p.grad is not None:
                    if p.grad.requires_grad:
                        p.grad = p.grad.detach()
                    with no_grad():
                        write(p.grad, np.zeros_like(p.grad.array), "zero_grad")

    # -- groups ------------------------------------------------------------------------------------

    def add_param_group(self, param_group: Group) -> None:
        """Add a group of parameters (`{"params": [...], option: value, ...}`), to unfreeze layers for example.

        Raises TypeError for what is no dict, no tensors, or a set; ValueError for results of
        operations and for parameters that are given twice.
        """
        name = type(self).__name__
        if not isinstance(param_group, dict):
            raise DTypeError(
                message(f"{name}: param_group must be a dict", got=type(param_group).__name__, fix='{"params": [...]}')
            )
        if "params" not in param_group:
            close = get_close_matches("params", [str(key) for key in param_group], 1)
            raise ArgumentError(
                message(
                    f"{name}: a parameter group has no 'params'" + (f"; it has {close[0]!r}" if close else ""),
                    got=f"keys {list(param_group)}",
                    fix='{"params": model.parameters(), "lr": 0.01}',
                )
            )
        params, names = _named(name, param_group["params"])
        param_group["params"] = params
        if names:
            param_group["param_names"] = names
        for p in params:
            self._check_parameter(p)
        for option, value in self.defaults.items():
            param_group.setdefault(option, value)
        self._check_repeats(params)
        if self.param_groups and ("param_names" in param_group) != ("param_names" in self.param_groups[0]):
            raise ArgumentError(
                message(f"{name}: all optimizer param groups should be with/without names", fix="name all or none")
            )
        self.param_groups.append(param_group)

    def _check_parameter(self, p: Any) -> None:
        name = type(self).__name__
        if not is_tensor(p):
            raise DTypeError(
                message(f"{name}: optimizer can only optimize Tensors", got=f"one of the params is {type(p).__name__}")
            )
        node = node_of(p)
        if self.defaults.get("differentiable") or node is None or node.primitive is None:
            return
        if node.watch is not None and node.watch.tensor() is p:  # it retains its gradient
            return
        raise ArgumentError(
            message(
                f"{name}: can't optimize a non-leaf Tensor",
                got=f"a result of `{node.name}`, shape {tuple(p.shape)}",
                fix="give the tensor that it was computed from, or detach() it and set requires_grad",
            )
        )

    def _check_repeats(self, params: list[Tensor]) -> None:
        name = type(self).__name__
        if len(set(params)) < len(params):
            raise ArgumentError(
                message(
                    f"{name}: a parameter group holds the same parameter twice",
                    got=f"{len(params)} parameters, {len(set(params))} of them distinct",
                    fix="list each once: list(dict.fromkeys(params))",
                )
            )
        known = {p for group in self.param_groups for p in group["params"]}
        shared = [p for p in params if p in known]
        if shared:
            raise ArgumentError(
                message(
                    f"{name}: some parameters appear in more than one parameter group",
                    got=", ".join(f"shape {tuple(p.shape)}" for p in shared),
                    fix="leave them out of one group",
                )
            )

    def hyperparameters(self, without: tuple[str, ...] = ()) -> tuple[Hashable, ...]:
        """Everything but arrays that a step depends on: each group's options, which state and gradients exist.

        Cheap and hashable. A compiled step compares it with the one it was recorded with. Options in
        `without` are left out (those that the caller makes inputs of its program, such as "lr").
        """
        found: list[Hashable] = []
        for group in self.param_groups:
            for option, value in group.items():
                if option == "params":
                    found.extend(
                        [(p.grad is None, *self.state[p]) if p in self.state else p.grad is None for p in value]
                    )
                elif option not in without:
                    found.append(tuple(value) if type(value) is list else value)
        return tuple(found)

    def _tell(self, tracer: Tracer) -> None:
        """What a recording needs to know: that this optimizer steps, and the names of its state."""
        tracer.optimizer(self)
        for p, state in self.state.items():
            for name, value in state.items():
                if is_tensor(value):
                    tracer.belongs(value, name, p)

    # -- saving and loading ------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """`{"state": {k: {...}}, "param_groups": [...]}`: parameters by number, in the order of the groups.

        The layout is PyTorch's. The tensors are the live ones; copy them to keep what they are now.
        """
        for before in self._state_dict_pre_hooks.values():
            before(self)
        number = {p: k for k, p in enumerate(p for group in self.param_groups for p in group["params"])}
        groups = [
            {
                **{option: value for option, value in group.items() if option != "params"},
                "params": [number[p] for p in group["params"]],
            }
            for group in self.param_groups
        ]
        state: dict[Any, Any] = {number[p] if is_tensor(p) else p: kept for p, kept in self.state.items()}
        result: dict[str, Any] = {"state": state, "param_groups": groups}
        for after in self._state_dict_post_hooks.values():
            replaced = after(self, result)
            result = result if replaced is None else replaced
        return result

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over the state and the options that `state_dict()` gave (of this class or of PyTorch's, as tensors).

        Tensors are copied, and cast to their parameter's dtype (`step` keeps its own). Raises
        ValueError if the number of groups, or of parameters in a group, is another one, or if another
        optimizer saved it: if options or state that this one needs are missing.
        """
        if not isinstance(state_dict, Mapping):
            raise DTypeError(
                message(
                    f"{type(self).__name__}: load_state_dict takes what an optimizer's state_dict() gave",
                    got=type(state_dict).__name__,
                    fix="optimizer.load_state_dict(load(path)['optimizer'])",
                )
            )
        state_dict = dict(state_dict)
        for before in self._load_state_dict_pre_hooks.values():
            replaced = before(self, state_dict)
            state_dict = state_dict if replaced is None else replaced
        missing = [key for key in ("state", "param_groups") if key not in state_dict]
        if missing:
            raise ArgumentError(
                message(
                    f"{type(self).__name__}: load_state_dict takes what an optimizer's state_dict() gave",
                    got=f"a dict without {' and '.join(map(repr, missing))}: keys {list(state_dict)[:8]}",
                    fix="optimizer.load_state_dict(load(path)['optimizer'])",
                )
            )
        saved = [{option: deepcopy(value) for option, value in group.items()} for group in state_dict["param_groups"]]
        self._check_loaded(saved)
        owner = {
            number: p
            for group, old in zip(self.param_groups, saved, strict=True)
            for number, p in zip(old["params"], group["params"], strict=True)
        }
        self._check_state(state_dict["state"], owner, saved)
        state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        for number, kept in state_dict["state"].items():
            if number in owner:
                state[owner[number]] = _loaded(kept, owner[number], "")
            else:
                state[number] = kept
        for group, old in zip(self.param_groups, saved, strict=True):
            old["params"] = group["params"]
            if "param_names" in group:
                old.setdefault("param_names", group["param_names"])
        self.__setstate__({"state": state, "param_groups": saved})
        for after in self._load_state_dict_post_hooks.values():
            after(self)

    def _check_loaded(self, saved: list[Group]) -> None:
        name = type(self).__name__
        if len(saved) != len(self.param_groups):
            raise ArgumentError(
                message(
                    f"{name}: loaded state dict has a different number of parameter groups",
                    got=f"{len(saved)} groups for {len(self.param_groups)}",
                )
            )
        for k, (group, old) in enumerate(zip(self.param_groups, saved, strict=True)):
            if len(group["params"]) != len(old["params"]):
                raise ArgumentError(
                    message(
                        f"{name}: loaded state dict contains a parameter group that doesn't match "
                        "the size of optimizer's group",
                        got=f"{len(old['params'])} parameters for {len(group['params'])}, in group {k}",
                    )
                )
            missing = [option for option in self.defaults if option not in old and self._is_number(option)]
            if missing:
                foreign = [option for option in old if option not in self.defaults and option != "params"]
                raise self._of_another(f"options {', '.join(foreign) or 'none'}, and none named {', '.join(missing)}")

    def _is_number(self, option: str) -> bool:
        """Whether an option is a number, or several: flags were added by and by, so old files lack some."""
        value = self.defaults[option]
        return not isinstance(value, bool) and value is not None

    def _check_state(self, state: Mapping[Any, Any], owner: dict[Any, Tensor], saved: list[Group]) -> None:
        """Refuse the state of another optimizer; `begin` says what this one's parameters have."""
        groups = {number: old for old in saved for number in old["params"]}
        for number, kept in state.items():
            if kept and number in owner:
                needed = self.begin(np.zeros((), owner[number].array.dtype), {**self.defaults, **groups[number]})
                missing = [name for name in needed if name not in kept]
                odd = [name for name, value in kept.items() if is_tensor(value) and not value.array.ndim]
                odd = [name for name in odd if name not in self.scalars and owner[number].array.ndim]
                if missing or (needed and odd):
                    raise self._of_another(f"state {', '.join(kept)}; this one has {', '.join(needed)}")

    def begin(self, p: np.ndarray[Any, Any], group: Group) -> dict[str, Any]:
        """The state of a parameter before its first step, as arrays."""
        return {}

    def _of_another(self, found: str) -> ArgumentError:
        name = type(self).__name__
        return ArgumentError(
            message(
                f"{name}: the loaded state is another optimizer's",
                got=found,
                fix=f"load what a {name} saved, or begin without it",
            )
        )

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if "_step_pre_hooks" not in self.__dict__:
            self._prepare_hooks()
        self.defaults.setdefault("differentiable", False)
        for group in self.param_groups:
            for option, value in self.defaults.items():
                group.setdefault(option, value)
            for p in group["params"]:
                for name, value in self.state.get(p, {}).items():
                    if name in self.scalars and not is_tensor(value):  # files of old versions keep a number
                        self.state[p][name] = wrap(np.array(value, default_float()))

    scalars: ClassVar[frozenset[str]] = frozenset()
    """State that is one number for each parameter, kept as a 0-d tensor."""

    # -- hooks -------------------------------------------------------------------------------------

    def _prepare_hooks(self) -> None:
        self._step_pre_hooks: OrderedDict[int, Any] = OrderedDict()
        self._step_post_hooks: OrderedDict[int, Any] = OrderedDict()
        self._state_dict_pre_hooks: OrderedDict[int, Any] = OrderedDict()
        self._state_dict_post_hooks: OrderedDict[int, Any] = OrderedDict()
        self._load_state_dict_pre_hooks: OrderedDict[int, Any] = OrderedDict()
        self._load_state_dict_post_hooks: OrderedDict[int, Any] = OrderedDict()
        self._hooked = False  # are we inside a step whose hooks run?
        self._opt_called = False  # has step() run? schedulers warn if it has not

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` before each step; it may return new (args, kwargs)."""
        return _added(self._step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` after each step."""
        return _added(self._step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., None], prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer)` before `state_dict()` collects."""
        return _added(self._state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` on the result of `state_dict()`; it may return another."""
        return _added(self._state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` before loading; it may return another state dict."""
        return _added(self._load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(self, hook: Callable[..., None], prepend: bool = False) -> RemovableHandle:
        """Call `hook(optimizer)` after loading."""
        return _added(self._load_state_dict_post_hooks, hook, prepend)

    def __repr__(self) -> str:
        groups = []
        for k, group in enumerate(self.param_groups):
            options = [f"    {option}: {group[option]}" for option in sorted(group) if option != "params"]
            groups.append("\n".join([f"Parameter Group {k}", *options]))
        return f"{type(self).__name__} (\n" + "\n\n".join(groups) + "\n)"


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """`step`, with the hooks before and after it. The outermost of overriding steps runs them."""

    @wraps(step)
    def hooked(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        self._opt_called = True
        if local.mode.tracer is not None:
            self._tell(local.mode.tracer)
        if self._hooked or not (self._step_pre_hooks or self._step_post_hooks or _before_any or _after_any):
            return step(self, *args, **kwargs)
        for hook in (*_before_any.values(), *self._step_pre_hooks.values()):
            replaced = hook(self, args, kwargs)
            if replaced is not None:
                if not (isinstance(replaced, tuple) and len(replaced) == 2):
                    raise RuntimeError(
                        message(
                            f"{type(self).__name__}.step: a pre-hook must return None or (new_args, new_kwargs)",
                            got=repr(replaced),
                        )
                    )
                args, kwargs = replaced
        self._hooked = True
        try:
            result = step(self, *args, **kwargs)
        finally:
            self._hooked = False
        for hook in (*self._step_post_hooks.values(), *_after_any.values()):
            hook(self, args, kwargs)
        return result

    hooked.runs_hooks = True  # type: ignore[attr-defined]
    return hooked


def evaluate(closure: Closure | None) -> Any:
    """The loss that `closure` computes, with recording on; None without a closure."""
    if closure is None:
        return None
    if not callable(closure):
        raise DTypeError(
            message(
                "step: takes nothing, or a function that computes the loss anew and returns it",
                got=repr(closure)[:60],
                fix="loss.backward(); optimizer.step()",
            )
        )
    with enable_grad():
        return closure()


def _named(optimizer: str, params: Any) -> tuple[list[Any], list[str]]:
    """The tensors of a group, and their names if it came as (name, tensor) pairs."""
    if is_tensor(params):
        return [params], []
    if isinstance(params, (set, frozenset)):
        raise DTypeError(
            message(
                f"{optimizer}: optimizer parameters need to be organized in ordered collections",
                got="a set, whose order changes between runs",
                fix="use a list",
            )
        )
    given = list(params)
    names = [item[0] for item in given if isinstance(item, tuple)]
    if names and len(names) < len(given):
        raise ArgumentError(
            message(
                f"{optimizer}: all optimizer params should be with/without names",
                got=f"{len(names)} names for {len(given)} parameters",
            )
        )
    return [item[1] if isinstance(item, tuple) else item for item in given], names


def _loaded(value: Any, p: Tensor, name: str) -> Any:
    """A copy of one piece of saved state, in the dtype of its parameter."""
    if isinstance(value, np.ndarray):
        value = wrap(value)
    if is_tensor(value):
        keeps = name == "step" or value.array.dtype.kind not in "fV" or p.array.dtype.kind not in "fV"
        return wrap(np.array(value.array, value.array.dtype if keeps else p.array.dtype))
    if isinstance(value, dict):
        return {key: _loaded(item, p, key) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_loaded(item, p, "") for item in value)
    return value
