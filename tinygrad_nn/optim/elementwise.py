"""Optimizers that treat each element alone, given as a pure update of one parameter.

A family's file defines `update(g, p, state, *, lr, ...) -> (new p, new state)` in operators and
primitives, so that it computes on arrays, is recorded on Tensors, and serves three ways of running:

- one by one: the update on the arrays of each parameter, as it reads. The first step goes this way,
  and every step in which something has changed.
- together: `cohort.py` runs the same update, recorded as a `Program`, over many parameters at once.
  Same primitives on same values: same bits.
- traced: on Tensors, while something listens (`compile`; `recorded.py`) or with `differentiable=True`.

Numbers that depend on the step count are computed in float64 and cast to the parameter's dtype in
one place, `narrow`. Parameters of 16 bits, and their state, are kept in 16 bits; each update is
computed in float32, one by one, and rounded once.
"""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import numpy as np

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.dtypes import default_float
from tinygrad_nn.errors import AutogradError, ShapeError, message
from tinygrad_nn.half import SINGLE, is_half, widen
from tinygrad_nn.ops.elementwise import cast
from tinygrad_nn.optim.cohort import Plan
from tinygrad_nn.optim.optimizer import Closure, Group, Optimizer, Params, evaluate, is_tensor
from tinygrad_nn.optim.program import Update
from tinygrad_nn.optim.recorded import step_recorded
from tinygrad_nn.primitive import wrap
from tinygrad_nn.tape import local
from tinygrad_nn.tensor import Tensor
from tinygrad_nn.versions import stamp_all
from tinygrad_nn.views import write

__all__ = ["Elementwise", "narrow", "wide"]


def wide(step: Any) -> Any:
    """A step count (0-d array or Tensor) in float64: bias corrections of late steps need it."""
    return cast(step, np.float64)


def narrow(number: Any, p: Any) -> Any:
    """A number that a vector is to be combined with, in the vector's dtype. Python's are taken as they are."""
    return number if isinstance(number, (int, float)) and not isinstance(number, np.generic) else cast(number, p.dtype)


class Elementwise(Optimizer):
    """An optimizer given by `update`, a pure function, and by the state that a parameter begins with.

    `update`'s keyword-only parameters name the options that it reads from the parameter's group.
    """

    update: ClassVar[Update]
    reads: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        keywords = inspect.signature(cls.update).parameters.values()
        cls.reads = tuple(k.name for k in keywords if k.kind is k.KEYWORD_ONLY and k.name != "lr")

    def __init__(self, params: Params, defaults: dict[str, Any]) -> None:
        self._forget()
        super().__init__(params, defaults)

    def learning_rate(self, group: Group) -> Any:
        """The learning rate of a group, as the update gets it: the one place that reads it."""
        return group["lr"]

    def step(self, closure: Closure | None = None) -> Any:
        """Update every parameter that has a gradient.

        closure: computes the loss and its gradients first; its result is returned.
        Raises RuntimeError if a gradient has another shape or dtype than its parameter.
        """
        loss = evaluate(closure)
        traced = local.mode.tracer is not None
        for k, group in enumerate(self.param_groups):
            if traced:
                with no_grad():
                    self._step_recorded(k, group)
            elif group.get("differentiable"):
                self._step_traced(group)
            else:
                self._step_eager(k, group)
        return loss

    # -- eager -------------------------------------------------------------------------------------

    def _step_eager(self, k: int, group: Group) -> None:
        lr = self.learning_rate(group)
        if is_tensor(lr):
            lr = lr.array.item()
        plan, gradients = self._planned(k, group)
        try:
            if gradients is None:
                self._one_by_one(group, plan.active, lr)
            else:
                for cohort, those in zip(plan.cohorts, gradients):
                    cohort.run(lr, those)
        except ValueError:
            self._check_writable(plan.active)
            raise
        stamp_all(plan.active, self._title)

    def _check_writable(self, params: list[Tensor]) -> None:
        for p in params:
            if not p.array.flags.writeable:
                raise AutogradError(
                    message(
                        f"{self._title}: a parameter's memory is read-only",
                        got=f"a parameter of shape {tuple(p.shape)}",
                        fix="make it from a copy: tensor(array), not from_numpy(array)",
                    )
                )

    def _planned(self, k: int, group: Group) -> tuple[Plan, list[list[Any]] | None]:
        """The plan for this step, and each cohort's gradients; None if the parameters go one by one."""
        options = [group[name] for name in self.reads]
        plan = self._plans.get(k)
        gradients = None if plan is None else plan.gradients(group["params"], options, self.state)
        if plan is None or gradients is None:
            plan = self._plan(k, group, options)
            gradients = plan.gradients(group["params"], options, self.state)
        return plan, gradients

    def _plan(self, k: int, group: Group, options: list[Any]) -> Plan:
        """Cohorts for the parameters with gradients, if the step before was for the same ones; else none."""
        before = self._plans.pop(k, None)
        plan = self._plans[k] = Plan(type(self).update, group["params"], self.scalars, self.reads, options)
        if plan.repeats(before) and all([self._has_begun(p, group) for p in plan.active]):
            del before  # and with it its hold on the arrays of the state
            plan.lay_out([self.state.get(p, {}) for p in plan.active])
        return plan

    def _one_by_one(self, group: Group, params: list[Tensor], lr: float) -> None:
        options = {name: _value(group[name]) for name in self.reads}
        for p in params:
            self._check_gradient(p)
        for p in params:
            state = self._begun(p, group)
            arrays = {name: widen(value.array) for name, value in state.items()}
            new_p, new_state = type(self).update(widen(p.grad.array), widen(p.array), arrays, lr=lr, **options)  # type: ignore[union-attr]
            np.copyto(p.array, new_p, casting="unsafe")
            for name, value in new_state.items():
                if name in state:
                    np.copyto(state[name].array, value, casting="unsafe")
                else:
                    self.state[p][name] = wrap(np.array(value, self._kind(name, value, p)))

    # -- traced ------------------------------------------------------------------------------------

    def _step_recorded(self, k: int, group: Group) -> None:
        """A step while something listens: cohort by cohort, as an eager one, or one by one."""
        tracer = local.mode.tracer
        plan, gradients = self._planned(k, group)
        if gradients is None or tracer is None:
            self._step_traced(group)
            return
        tracer.guard(lambda: self._plans.get(k))  # as long as nothing is laid out anew
        options = {name: tracer.option(group, name) for name in self.reads}
        heard: Any = _Heard(group, tracer)
        lr = self.learning_rate(heard)
        for cohort in plan.cohorts:
            step_recorded(cohort, type(self).update, lr, options, tracer, self._title)

    def _step_traced(self, group: Group) -> None:
        """The update on Tensors: whatever listens sees every operation and every write."""
        tracer = local.mode.tracer
        heard: Any = group if tracer is None else _Heard(group, tracer)
        options = {option: heard[option] for option in self.reads}
        for p in group["params"]:
            g = p.grad
            if g is None:
                continue
            self._check_gradient(p)
            state = self._begun(p, group)
            before = wrap(p.array.copy(), p.node) if local.mode.grad else p
            new_p, new_state = type(self).update(
                _single(g), _single(before), {name: _single(value) for name, value in state.items()},
                lr=self.learning_rate(heard), **options,
            )  # fmt: skip
            for key, value in new_state.items():
                kind = self._kind(key, value.array, p)
                if local.mode.grad:
                    self.state[p][key] = (
                        value if value.array.dtype == kind else cast(value, kind)
                    )  # the graph keeps the old one
                    continue
                if key not in state:
                    self.state[p][key] = wrap(np.zeros(value.array.shape, kind))
                write(self.state[p][key], value, self._title)
            write(p, new_p, self._title)

    # -- both --------------------------------------------------------------------------------------

    def _begun(self, p: Tensor, group: Group) -> dict[str, Any]:
        """The parameter's state, with what it lacks filled in and checked against the parameter's shape."""
        state = self.state.get(p, {})
        for name in [name for name, value in state.items() if value is None]:  # old files say None for "not yet"
            del state[name]
        for name, value in self.begin(p.array, group).items():
            if name not in state:
                self.state[p][name] = wrap(value)
        state = self.state.get(p, state)
        for name, value in state.items():
            if value.array.shape != (() if name in self.scalars else p.array.shape):
                raise ShapeError(
                    message(
                        f"{self._title}: the state of a parameter has another shape than the parameter",
                        got=f"{name} {tuple(value.shape)} for a parameter {tuple(p.shape)}",
                        fix="was the state loaded for another model, or p.data exchanged? make a new optimizer",
                    )
                )
        return state

    def _kind(self, name: str, value: Any, p: Tensor) -> Any:
        """The dtype in which a state is kept: the parameter's, where a 16-bit parameter was computed in float32."""
        return p.array.dtype if name not in self.scalars and is_half(p.array) else value.dtype

    def _has_begun(self, p: Tensor, group: Group) -> bool:
        """Whether the parameter has all the state that its updates read."""
        state = self.state.get(p, {})
        return all([name in state for name in self.begin(p.array, group)])

    def _check_gradient(self, p: Tensor) -> None:
        g: Any = p.grad
        if g.array.shape != p.array.shape or g.array.dtype != p.array.dtype:
            raise ShapeError(
                message(
                    f"{self._title}: a gradient has another shape or dtype than its parameter",
                    got=f"{tuple(g.shape)} {g.dtype} for {tuple(p.shape)} {p.dtype}",
                    fix="call zero_grad() and backward() again after changing p.data",
                )
            )

    def _forget(self) -> None:
        """Drop what was laid out for earlier steps."""
        self._title = type(self).__name__ + ".step"
        self._plans: dict[int, Plan] = {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._forget()
        super().__setstate__(state)


class _Heard:
    """A group whose options a listener may take for numbers of its own."""

    def __init__(self, group: Group, tracer: Any) -> None:
        self.group, self.tracer = group, tracer

    def __getitem__(self, option: str) -> Any:
        return self.tracer.option(self.group, option)


def zeros(p: np.ndarray[Any, Any], *names: str) -> dict[str, Any]:
    """State shaped like the parameter, zero at first."""
    return {name: np.zeros_like(p, subok=False) for name in names}


def number(**named: float) -> dict[str, Any]:
    """State that is one number, in float64 if that is the default float type, else in float32, as in PyTorch."""
    kind = default_float()
    return {name: np.array(value, kind if kind.itemsize > 2 else SINGLE) for name, value in named.items()}


def _single(t: Any) -> Any:
    """A 16-bit tensor in float32, in which updates are computed."""
    return cast(t, SINGLE) if is_half(t.array) else t


def _value(option: Any) -> Any:
    return option.array.item() if is_tensor(option) else option
