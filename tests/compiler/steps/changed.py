"""What Python remembers, changed between two calls: closures, globals, attributes, options, hooks, state."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

import tinygrad_nn as tg
from tests.compiler.steps.scene import Scene, batches, step
from tests.compiler.steps.training import mlp
from tinygrad_nn import nn, optim
from tinygrad_nn.nn import functional as F

XY = ((4, 5), ("class", (4,)))

FACTOR: Any = 1.0
TABLE: dict[str, Any] = {"factor": 1.0}
WEIGHTS: list[Any] = [1.0, 1.0]
TENSOR: Any = None
NUMBERS = np.ones(4, np.float32)


@dataclass
class Options:
    """A mutable bag of options."""

    factor: float = 1.0
    smooth: bool = False


OPTIONS = Options()


def changing(name: str, reset: Any, read: Any, change: Any) -> None:
    """A loss times `read(x)`, which `change(k)` changes before some calls."""

    @step(f"changed/{name}")
    def build(compile: Any) -> Scene:
        reset()
        net = mlp()
        opt = optim.SGD(net.parameters(), 0.1)

        @compile
        def run(x: Any, y: Any) -> Any:
            opt.zero_grad()
            loss = F.cross_entropy(net(x), y) * read(x)
            loss.backward()
            opt.step()
            return loss

        return Scene(run, batches(*XY), [net, opt], lambda k: change(k) if k in (7, 8, 13) else None)


def _put(name: str, value: Any) -> None:
    globals()[name] = value


def _helper(x: Any) -> Any:
    return FACTOR + x.mean() * 0


changing("global", lambda: _put("FACTOR", 1.0), lambda x: FACTOR, lambda k: _put("FACTOR", k / 2))
changing("global-in-a-helper", lambda: _put("FACTOR", 1.0), _helper, lambda k: _put("FACTOR", k / 2))
changing(
    "global-dict", lambda: TABLE.update(factor=1.0), lambda x: TABLE["factor"], lambda k: TABLE.update(factor=k / 2)
)
changing(
    "global-list", lambda: WEIGHTS.__setitem__(0, 1.0), lambda x: sum(WEIGHTS), lambda k: WEIGHTS.__setitem__(0, k)
)
changing(
    "global-tensor",
    lambda: _put("TENSOR", tg.tensor(1.0)),
    lambda x: TENSOR,
    lambda k: _put("TENSOR", tg.tensor(k / 2)),
)
changing(
    "global-tensor-written", lambda: _put("TENSOR", tg.tensor(1.0)), lambda x: TENSOR, lambda k: TENSOR.fill_(k / 2)
)
changing(
    "global-tensor-data", lambda: _put("TENSOR", tg.tensor(1.0)), lambda x: TENSOR,
    lambda k: setattr(TENSOR, "data", tg.tensor(k / 2)),
)  # fmt: skip
changing("options", lambda: setattr(OPTIONS, "factor", 1.0), lambda x: OPTIONS.factor,
         lambda k: setattr(OPTIONS, "factor", k / 2))  # fmt: skip
changing("global-flag", lambda: setattr(OPTIONS, "smooth", False), lambda x: 2.0 if OPTIONS.smooth else 1.0,
         lambda k: setattr(OPTIONS, "smooth", k < 10))  # fmt: skip
changing("numpy-array", lambda: NUMBERS.fill(1), lambda x: (tg.tensor(NUMBERS) * x[:, 0]).mean(),
         lambda k: NUMBERS.fill(k))  # fmt: skip
changing(
    "numpy-array-as-operand", lambda: NUMBERS.fill(1), lambda x: (x[:, 0] * NUMBERS).mean(), lambda k: NUMBERS.fill(k)
)
changing("numpy-element", lambda: NUMBERS.fill(1), lambda x: float(NUMBERS[0]), lambda k: NUMBERS.fill(k))
changing("tensor-from-list", lambda: WEIGHTS.__setitem__(0, 1.0), lambda x: tg.tensor(WEIGHTS).sum(),
         lambda k: WEIGHTS.__setitem__(0, float(k)))  # fmt: skip
changing("tensor-from-nested-dict", lambda: TABLE.update(factor={"a": [1.0]}), lambda x: TABLE["factor"]["a"][0],
         lambda k: TABLE["factor"]["a"].__setitem__(0, k))  # fmt: skip


def _with_model(name: str, make: Any, forward: Any, change: Any, loss: Any = None) -> None:
    @step(f"changed/{name}")
    def build(compile: Any) -> Scene:
        net = make()
        opt = optim.SGD(net.parameters(), 0.1)
        criterion = loss() if loss is not None else nn.CrossEntropyLoss()

        @compile
        def run(x: Any, y: Any) -> Any:
            opt.zero_grad()
            value = criterion(forward(net, x), y)
            value.backward()
            opt.step()
            return value

        def between(k: int) -> None:
            if k in (7, 8, 13):
                change(net, k, opt, criterion)

        return Scene(run, batches(*XY), [net, opt], between)


class _Scaled(nn.Module):
    ALPHA: Any = 0.5

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(5, 3)
        self.scale = 1.0
        self.sizes = [1.0, 2.0]
        self.table = {"a": 1.0}
        self.options = Options()
        self.shift = tg.zeros(3)
        self.activation: Any = tg.tanh
        self.register_buffer("extra", tg.zeros(3))

    def forward(self, x: Any) -> Any:
        x = self.activation(self.layer(x)) * self.scale + self.shift + self.extra
        return x * self.sizes[0] * self.table["a"] * self.options.factor * self.ALPHA


def _drop() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 8), nn.Dropout(0.2), nn.LeakyReLU(0.1), nn.BatchNorm1d(8), nn.Linear(8, 3))


def _call(net: Any, x: Any) -> Any:
    return net(x)


for key, change in {
    "attribute": lambda n, k, *_: setattr(n, "scale", k / 5),
    "attribute-list": lambda n, k, *_: n.sizes.__setitem__(0, k / 5),
    "attribute-dict": lambda n, k, *_: n.table.update(a=k / 5),
    "attribute-of-attribute": lambda n, k, *_: setattr(n.options, "factor", k / 5),
    "attribute-tensor": lambda n, k, *_: setattr(n, "shift", tg.ones(3) * k),
    "attribute-function": lambda n, k, *_: setattr(n, "activation", tg.relu if k == 7 else tg.sigmoid),
    "class-attribute": lambda n, k, *_: setattr(type(n), "ALPHA", k / 5),
    "buffer-replaced": lambda n, k, *_: setattr(n, "extra", tg.ones(3) * k),
    "buffer-written": lambda n, k, *_: n.extra.fill_(k),
    "forward-replaced": lambda n, k, *_: setattr(n, "forward", lambda x: n.layer(x) * k),
    "training": lambda n, k, *_: n.train(k == 8),
}.items():

    def _fresh() -> nn.Module:
        _Scaled.ALPHA = 0.5
        return _Scaled()

    _with_model(key, _fresh, _call, change)

for key, change in {
    "dropout-p": lambda n, k, *_: setattr(n[1], "p", k / 20),
    "slope": lambda n, k, *_: setattr(n[2], "negative_slope", k / 20),
    "norm-eps": lambda n, k, *_: setattr(n[3], "eps", k / 20),
    "norm-momentum": lambda n, k, *_: setattr(n[3], "momentum", k / 20),
    "running-mean": lambda n, k, *_: n[3].running_mean.fill_(k),
    "eval-of-a-layer": lambda n, k, *_: n[3].eval() if k == 7 else n[1].eval(),
    "layer-replaced": lambda n, k, *_: n.__setitem__(2, nn.Tanh()),
    "layer-added": lambda n, k, *_: n.insert(2, nn.Tanh()),
    "parameter-replaced": lambda n, k, *_: setattr(n[4], "bias", nn.Parameter(tg.ones(3) * k)),
    "parameter-data": lambda n, k, *_: setattr(n[4].bias, "data", tg.ones(3) * k),
    "parameter-frozen": lambda n, k, *_: n[4].bias.requires_grad_(k == 8),
    "loaded": lambda n, k, *_: n.load_state_dict({name: t * 0.5 if t.is_floating_point() else t
                                                 for name, t in n.state_dict().items()}),
    "forward-hook": lambda n, k, *_: n[2].register_forward_hook(lambda m, i, o: o * 0.5) and None,
    "forward-pre-hook": lambda n, k, *_: n[2].register_forward_pre_hook(lambda m, i: (i[0] * 0.5,)) and None,
    "backward-hook": lambda n, k, *_: n[2].register_full_backward_hook(lambda m, gi, go: (gi[0] * 0.5,)) and None,
    "tensor-hook": lambda n, k, *_: n[4].bias.register_hook(lambda g: g * 0.5) and None,
    "accumulate-hook": lambda n, k, *_: n[4].bias.register_post_accumulate_grad_hook(
        lambda p: p.grad.mul_(0.5) and None) and None,
    "optimizer-hook": lambda n, k, opt, _: opt.register_step_pre_hook(
        lambda o, a, kw: [g.update(lr=0.01) for g in o.param_groups] and None) and None,
    "learning-rate": lambda n, k, opt, _: opt.param_groups[0].update(lr=k / 100),
    "weight-decay": lambda n, k, opt, _: opt.param_groups[0].update(weight_decay=k / 100),
    "momentum": lambda n, k, opt, _: opt.param_groups[0].update(momentum=0.5 if k == 7 else 0.9),
    "maximize": lambda n, k, opt, _: opt.param_groups[0].update(maximize=k == 7),
    "label-smoothing": lambda n, k, opt, loss: setattr(loss, "label_smoothing", k / 50),
    "reduction": lambda n, k, opt, loss: setattr(loss, "reduction", "sum" if k == 7 else "mean"),
    "ignore-index": lambda n, k, opt, loss: setattr(loss, "ignore_index", 0 if k == 7 else 1),
    "class-weight": lambda n, k, opt, loss: setattr(loss, "weight", tg.tensor([1.0, k, 2.0])),
    "default-dtype-noise": lambda n, k, *_: None,
}.items():  # fmt: skip
    _with_model(key, _drop, _call, change)


def _adam(name: str, change: Any) -> None:
    @step(f"changed/{name}")
    def build(compile: Any) -> Scene:
        net = mlp()
        opt = optim.Adam(net.parameters(), 0.01)

        @compile
        def run(x: Any, y: Any) -> Any:
            opt.zero_grad()
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            opt.step()
            return loss

        return Scene(run, batches(*XY), [net, opt], lambda k: change(net, opt, k) if k in (7, 8, 13) else None)


def _state(opt: Any, net: Any) -> Any:
    return opt.state[net[0].weight]


_adam("adam-state-cleared", lambda n, o, k: o.state.clear())
_adam("adam-state-of-one-cleared", lambda n, o, k: o.state.pop(n[0].weight))
_adam("adam-average-zeroed", lambda n, o, k: _state(o, n)["exp_avg"].zero_() and None)
_adam("adam-average-replaced", lambda n, o, k: _state(o, n).update(exp_avg=tg.ones(7, 5)))
_adam("adam-average-data", lambda n, o, k: setattr(_state(o, n)["exp_avg"], "data", tg.ones(7, 5)))
_adam("adam-step-replaced", lambda n, o, k: _state(o, n).update(step=tg.tensor(1.0)))
_adam("adam-step-written", lambda n, o, k: _state(o, n)["step"].fill_(1.0) and None)
_adam("adam-steps-all-written", lambda n, o, k: [s["step"].fill_(1.0) for s in o.state.values()] and None)
_adam("adam-loaded", lambda n, o, k: o.load_state_dict(o.state_dict()))
_adam("adam-betas", lambda n, o, k: o.param_groups[0].update(betas=(0.5, 0.9)))
_adam("adam-group-added", lambda n, o, k: o.add_param_group({"params": [nn.Parameter(tg.ones(2))]}))
_adam("adam-parameter-data", lambda n, o, k: setattr(n[0].weight, "data", n[0].weight.data * 0.5))
_adam("adam-parameter-frozen", lambda n, o, k: n[0].weight.requires_grad_(k == 8) and None)
_adam("adam-eager-step-between", lambda n, o, k: o.step())
_adam("adam-parameters-scaled", lambda n, o, k: [p.data.mul_(0.9) for p in n.parameters()] and None)


@step("changed/closure-cell")
def _(compile: Any) -> Scene:
    factor = 1.0
    net = mlp()

    @compile
    @tg.no_grad()
    def run(x: Any) -> Any:
        return net(x) * factor

    def between(k: int) -> None:
        nonlocal factor
        factor = 1.0 if k < 7 else k

    return Scene(run, batches((4, 5)), [], between)


@step("changed/closure-tensor")
def _(compile: Any) -> Scene:
    shift = tg.zeros(3)

    def run(x: Any) -> Any:
        return x + shift

    compiled = compile(run)

    def between(k: int) -> None:
        nonlocal shift
        if k in (5, 6):
            shift = tg.ones(3) * k

    return Scene(compiled, batches((4, 3)), [], between)


@step("changed/closure-of-a-helper")
def _(compile: Any) -> Scene:
    factor = 1.0

    def helper(x: Any) -> Any:
        return x * factor

    def between(k: int) -> None:
        nonlocal factor
        factor = 1.0 if k < 7 else k

    return Scene(compile(lambda x: helper(x) + 1), batches((4, 5)), [], between)


@step("changed/model-rebound")
def _(compile: Any) -> Scene:
    net = mlp()
    run = compile(tg.no_grad()(lambda x: net(x)))

    def between(k: int) -> None:
        nonlocal net
        if k == 9:
            net = mlp()

    return Scene(run, batches((4, 5)), [], between)


@step("changed/optimizer-rebound")
def _(compile: Any) -> Scene:
    net = mlp()
    opt: Any = optim.SGD(net.parameters(), 0.1)

    @compile
    def run(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        opt.step()
        return loss

    def between(k: int) -> None:
        nonlocal opt
        if k == 9:
            opt = optim.Adam(net.parameters(), 0.01)

    return Scene(run, batches(*XY), [net], between)


@step("changed/partial")
def _(compile: Any) -> Scene:
    table = {"factor": 1.0}

    def scaled(table: Any, x: Any) -> Any:
        return x * table["factor"]

    return Scene(compile(partial(scaled, table)), batches((4, 5)), [], lambda k: table.update(factor=k // 5 + 1.0))


@step("changed/default-argument")
def _(compile: Any) -> Scene:
    def run(x: Any, factors: Any = [1.0]) -> Any:  # noqa: B006
        return x * factors[0]

    return Scene(compile(run), batches((4, 5)), [], lambda k: run.__defaults__[0].__setitem__(0, k // 5 + 1.0))  # type: ignore[index]


@step("changed/grad-mode")
def _(compile: Any) -> Scene:
    w = tg.randn(3, requires_grad=True)

    @compile
    def run(x: Any) -> Any:
        y = w * x
        if y.requires_grad:
            w.grad = None
            y.sum().backward()
        return y.detach() * 2

    def call(x: Any, k: int) -> Any:
        with tg.set_grad_enabled(k % 2 == 0):
            return run(x)

    return Scene(call, [(x, k) for k, (x,) in enumerate(batches((3,)))], [w])


@step("changed/default-dtype")
def _(compile: Any) -> Scene:
    run = compile(lambda x: x.sum() + tg.ones(3) + tg.rand(3))

    def call(x: Any, k: int) -> Any:
        tg.set_default_dtype(tg.float64 if 6 < k < 12 else tg.float32)
        try:
            return run(x)
        finally:
            tg.set_default_dtype(tg.float32)

    return Scene(call, [(tg.arange(3) * k, k) for k in range(20)], [])


@step("changed/seed")
def _(compile: Any) -> Scene:
    return Scene(compile(lambda x: x + tg.rand(3)), batches((3,)), [], lambda k: tg.manual_seed(k % 3) and None)


@step("changed/own-generator")
def _(compile: Any) -> Scene:
    generator = tg.Generator().manual_seed(3)
    run = compile(lambda x: x + tg.rand(3, generator=generator))
    return Scene(run, batches((3,)), [], lambda k: generator.manual_seed(k) and None if k == 9 else None)


@step("changed/anomaly-mode")
def _(compile: Any) -> Scene:
    w = tg.ones(3, requires_grad=True)

    @compile
    def run(x: Any) -> Any:
        w.grad = None
        loss = (w * x).sqrt().sum()
        loss.backward()
        return loss

    def call(x: Any, k: int) -> Any:
        if k < 15:
            return run(x.abs())
        with tg.autograd.detect_anomaly():
            return run(-x.abs())

    return Scene(call, [(x, k) for k, (x,) in enumerate(batches((3,)))], [w])
