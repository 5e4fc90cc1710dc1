"""One step of a copy of the model, with everything that the checks want to look at written down.

The copy is made of model, optimizer and loss together, and random generators are put back: nothing
of the user's is touched.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_nn.autograd import enable_grad, grad, no_grad
from tinygrad_nn.nn import Module
from tinygrad_nn.nn import functional as F
from tinygrad_nn.optim import Optimizer
from tinygrad_nn.primitive import TYPES, node_of, wrap
from tinygrad_nn.tape import Tracer, local
from tinygrad_nn.train.copies import copied
from tinygrad_nn.train.randomness import Randomness

__all__ = ["Activation", "Probe", "probe"]

WATCHED = ("relu", "sigmoid", "tanh")


@dataclass(frozen=True)
class Activation:
    """One call of an activation: which, in which module, what came out, and along which dimension its units lie."""

    kind: str
    where: str
    values: Any
    units: int
    is_output: bool


@dataclass
class Probe:
    """What was seen. `error` says why there is no loss; gradients and updates are None then.

    layers:    the gradient at each layer's output, in the order of the calls: (path, norm)
    gradients: of each trainable parameter, None where none arrived
    updates:   what the optimizer would add to each parameter; None without an optimizer
    outputs:   the outputs in evaluation mode
    shifted:   labels were too large by one, and the loss is that of the corrected ones
    """

    inputs: list[Any]
    target: Any
    outputs: Any
    weights: dict[str, Any]
    missing: list[str]
    strangers: int
    loss_name: str
    value: float = math.nan
    error: str = ""
    shifted: bool = False
    activations: list[Activation] = field(default_factory=list)
    layers: list[tuple[str, float]] = field(default_factory=list)
    gradients: dict[str, Any] | None = None
    updates: dict[str, Any] | None = None

    @property
    def samples(self) -> int:
        """How many samples were looked at."""
        return int(self.inputs[0].shape[0]) if self.inputs and self.inputs[0].ndim else 1

    @property
    def classes(self) -> int:
        """The number of classes, where the target is of class numbers; else 0."""
        out, target = self.outputs, self.target
        if out is None or target is None or target.dtype.kind not in "iu" or out.ndim != target.ndim + 1:
            return 0
        return int(out.shape[1]) if out.ndim > 1 and out.shape[0] == target.shape[0] else 0


def probe(
    model: Module, inputs: tuple[Any, ...], target: Any, loss: Callable[..., Any] | None, optimizer: Optimizer | None
) -> Probe:
    """Run the step and look. Raises ValueError for a model that cannot be copied."""
    randomness = Randomness(model=model)
    before = randomness.state()
    try:
        with enable_grad():
            return _probe(model, inputs, target, loss, optimizer)
    finally:
        randomness.restore(before)


def _probe(
    model: Module, inputs: tuple[Any, ...], target: Any, loss: Callable[..., Any] | None, optimizer: Optimizer | None
) -> Probe:
    missing, strangers = _strangers(model, optimizer)
    model, optimizer, loss = copied("diagnose", model, optimizer, loss)
    inputs = tuple([_own(part) for part in inputs])
    target = _own(target)
    seen = Probe(
        inputs=[part.array for part in inputs if type(part) in TYPES],
        target=target.array if type(target) in TYPES else None,
        outputs=_evaluated(model, inputs),
        weights={name: np.array(p.array) for name, p in model.named_parameters() if p.requires_grad},
        missing=missing,
        strangers=strangers,
        loss_name=getattr(loss, "__name__", type(loss).__name__) if loss is not None else "",
    )
    model.train()
    _step(seen, model, inputs, target, loss, optimizer)
    return seen


def _own(value: Any) -> Any:
    """A copy of a tensor, outside any graph."""
    return wrap(np.array(value.array)) if type(value) in TYPES else deepcopy(value)


def _strangers(model: Module, optimizer: Optimizer | None) -> tuple[list[str], int]:
    """Trainable parameters that the optimizer does not have, and how many it has that are not the model's."""
    if optimizer is None:
        return [], 0
    steered = {id(p) for group in optimizer.param_groups for p in group["params"]}
    known = {id(p) for p in model.parameters()}
    missing = [name for name, p in model.named_parameters() if p.requires_grad and id(p) not in steered]
    return missing, len(steered - known)


@no_grad()
def _evaluated(model: Module, inputs: tuple[Any, ...]) -> Any:
    """The output in evaluation mode, from another copy (statistics are not to be updated)."""
    output = _first(deepcopy(model).eval()(*[_own(part) for part in inputs]))
    return None if output is None else output.array


def _first(output: Any) -> Any:
    """The first tensor of an output."""
    if type(output) in TYPES:
        return output
    parts = output.values() if isinstance(output, dict) else output if isinstance(output, tuple | list) else ()
    return next((found for found in map(_first, parts) if found is not None), None)


def _step(
    seen: Probe, model: Module, inputs: tuple[Any, ...], target: Any, loss: Callable[..., Any] | None,
    optimizer: Optimizer | None,
) -> None:  # fmt: skip
    layers: list[tuple[str, Any]] = []
    names = {module: name or type(module).__name__ for name, module in model.named_modules()}
    handles = [
        module.register_forward_hook(lambda module, args, out: layers.append((names[module], _first(out))))
        for module in names
        if any(p is not None for p in module._parameters.values())
    ]
    listener = _Listener()
    before, local.mode.tracer = local.mode.tracer, listener
    if before is not None:
        before.refuse("another listener takes the recording's place", fix="look at the model outside the step")
    try:
        output = model(*inputs)
    finally:
        local.mode.tracer = before
        for handle in handles:
            handle.remove()
    seen.activations = listener.activations(_first(output))
    value = _loss(seen, output, target, loss)
    if value is None:
        return
    _gradients(seen, model, layers, value)
    if optimizer is not None and seen.gradients is not None:
        _update(seen, model, optimizer, value)


def _loss(seen: Probe, output: Any, target: Any, loss: Callable[..., Any] | None) -> Any:
    """The loss as a tensor; None, with the reason noted, if there is none."""
    if loss is None:
        loss = F.cross_entropy if seen.classes else F.mse_loss
        seen.loss_name = loss.__name__
    if seen.classes and target.array.size and target.array.max() == seen.classes and target.array.min() >= 1:
        seen.shifted = True
        target = wrap(target.array - 1)
    try:
        value = loss(output, target)
        seen.value = float(value.array.reshape(()))
    except Exception as error:
        seen.error = f"{type(error).__name__}: {error}"
        return None
    if node_of(value) is None:
        seen.error = "the loss depends on no parameter: is something detached, or under no_grad()?"
        return None
    return value


def _gradients(seen: Probe, model: Module, layers: list[tuple[str, Any]], value: Any) -> None:
    parameters = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    reached = [(name, out) for name, out in layers if out is not None and node_of(out) is not None]
    found = grad(value, [p for _, p in parameters] + [out for _, out in reached], retain_graph=True, allow_unused=True)
    seen.gradients = {
        name: None if g is None else np.array(g.array) for (name, _), g in zip(parameters, found, strict=False)
    }
    at_layers = zip(reached, found[len(parameters) :], strict=True)
    seen.layers = [(name, float(np.linalg.norm(g.array))) for (name, _), g in at_layers if g is not None]


def _update(seen: Probe, model: Module, optimizer: Optimizer, value: Any) -> None:
    """What one step of the optimizer's copy adds to the copy's parameters."""
    assert seen.gradients is not None
    for name, p in model.named_parameters():
        g = seen.gradients.get(name)
        p.grad = None if g is None else wrap(np.array(g))
    try:
        optimizer.step(lambda: value.detach())
    except Exception as error:
        seen.error = f"{type(optimizer).__name__}.step: {type(error).__name__}: {error}"
        return
    seen.updates = {name: p.array - seen.weights[name] for name, p in model.named_parameters() if name in seen.weights}


class _Listener(Tracer):
    """Sees every operation of the forward pass; keeps the activations."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str, Any, int]] = []

    def saw(self, primitive: Any, args: tuple[Any, ...], result: Any) -> None:
        """Note an activation's result, under the path of the running module."""
        if primitive.name not in WATCHED:
            return
        maker = args[0].node.primitive if type(args[0]) in TYPES and args[0].node is not None else None
        channels_first = result.ndim >= 4 or (maker is not None and maker.name.startswith("conv"))
        where = str(local.mode.scope) if local.mode.scope is not None else primitive.name
        self.found.append((primitive.name, where, result, 1 if channels_first and result.ndim > 2 else -1))

    def activations(self, output: Any) -> list[Activation]:
        """All of them, those of one kind in one module numbered."""
        counts: dict[tuple[str, str], int] = {}
        totals = [(kind, where) for kind, where, _, _ in self.found]
        made = []
        for kind, where, result, units in self.found:
            counts[kind, where] = counts.get((kind, where), 0) + 1
            title = f"{where}, {kind} {counts[kind, where]}" if totals.count((kind, where)) > 1 else where
            is_output = output is not None and np.may_share_memory(result.array, output.array)
            made.append(Activation(kind, title, result.array, units, is_output))
        return made
