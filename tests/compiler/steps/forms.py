"""Forms of compile: methods, closures, own optimizers and functions."""

from __future__ import annotations

from typing import Any

import tinygrad_nn as tg
from tests.compiler.steps.common import XY
from tests.compiler.steps.scene import Scene, batches, step
from tests.compiler.steps.training import mlp
from tinygrad_nn import nn, optim
from tinygrad_nn.nn import functional as F


@step("form/parentheses")
def _(compile: Any) -> Scene:
    net = mlp()

    @compile()
    def run(x: Any) -> Any:
        with tg.no_grad():
            return net(x)

    return Scene(run, batches((4, 5)), [])


@step("form/method")
def _(compile: Any) -> Scene:
    class Trainer:
        def __init__(self) -> None:
            self.net = mlp()
            self.opt = optim.Adam(self.net.parameters(), 0.01)
            self.factor = 1.0

        @compile
        def step(self, x: Any, y: Any) -> Any:
            self.opt.zero_grad()
            loss = F.cross_entropy(self.net(x), y) * self.factor
            loss.backward()
            self.opt.step()
            return loss

    one, two = Trainer(), Trainer()
    return Scene(lambda x, y: (one.step(x, y), two.step(x, y)), batches(*XY), [one.net, two.net, one.opt],
                 lambda k: setattr(one, "factor", 1.0 + k // 8))  # fmt: skip


@step("form/bound-method")
def _(compile: Any) -> Scene:
    class Trainer:
        def __init__(self) -> None:
            self.net = mlp()
            self.opt = optim.SGD(self.net.parameters(), 0.1)
            self.seen = 0

        def step(self, x: Any, y: Any) -> Any:
            self.opt.zero_grad()
            loss = F.cross_entropy(self.net(x), y)
            loss.backward()
            self.opt.step()
            return loss

    trainer = Trainer()
    return Scene(compile(trainer.step), batches(*XY), [trainer.net], lambda k: setattr(trainer, "seen", k))


@step("form/forward-method")
def _(compile: Any) -> Scene:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(5, 3)

        @compile
        def forward(self, x: Any) -> Any:
            return self.layer(x).tanh()

    net = Net()
    opt = optim.SGD(net.parameters(), 0.1)

    def call(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        opt.step()
        return loss

    return Scene(call, batches(*XY), [net])


@step("form/inner-function")
def _(compile: Any) -> Scene:
    square = compile(lambda x: x * x + 1)
    outer = compile(lambda x: square(x).sum())
    return Scene(lambda x: (outer(x), square(x)), batches((3,)), [])


@step("form/keyword-arguments")
def _(compile: Any) -> Scene:
    run = compile(lambda x, *, y, scale=1.0: x * scale - y)
    return Scene(lambda x, y: run(y=y, x=x, scale=2.0), batches((3,), (3,)), [])


@step("form/nested-results")
def _(compile: Any) -> Scene:
    run = compile(lambda x: {"a": [x + 1, (x * 2, None)], "n": 3, "b": {"c": x.sum()}})
    return Scene(run, batches((3,)), [])


@step("form/result-is-grad")
def _(compile: Any) -> Scene:
    w = tg.randn(3, requires_grad=True)

    @compile
    def run(x: Any) -> Any:
        w.grad = None
        (w * x).sum().backward()
        return w.grad

    return Scene(run, batches((3,)), [w])


@step("form/lbfgs")
def _(compile: Any) -> Scene:
    net = mlp()
    opt = optim.LBFGS(net.parameters(), 0.1, max_iter=3)

    @compile
    def run(x: Any, y: Any) -> Any:
        def closure() -> Any:
            opt.zero_grad()
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            return loss

        return opt.step(closure)

    return Scene(run, batches(*XY), [net])


@step("form/sgd-closure")
def _(compile: Any) -> Scene:
    net = mlp()
    opt = optim.SGD(net.parameters(), 0.1)

    @compile
    def run(x: Any, y: Any) -> Any:
        def closure() -> Any:
            opt.zero_grad()
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            return loss

        return opt.step(closure)

    return Scene(run, batches(*XY), [net])


@step("form/plateau-inside")
def _(compile: Any) -> Scene:
    net = mlp()
    opt = optim.SGD(net.parameters(), 0.1)
    plateau = optim.lr_scheduler.ReduceLROnPlateau(opt, patience=1)

    @compile
    def run(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        opt.step()
        plateau.step(loss)
        return loss

    return Scene(run, batches(*XY), [net, opt])


@step("form/own-optimizer")
def _(compile: Any) -> Scene:
    class Sign(optim.Optimizer):
        def step(self, closure: Any = None) -> Any:
            with tg.no_grad():
                for group in self.param_groups:
                    for p in group["params"]:
                        p.add_(p.grad.sign(), alpha=-group["lr"])

    net = mlp()
    opt = Sign(net.parameters(), {"lr": 0.01})

    @compile
    def run(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        opt.step()
        return loss

    return Scene(run, batches(*XY), [net], lambda k: opt.param_groups[0].update(lr=0.01 * (1 + k // 5)))


@step("form/own-optimizer-with-state")
def _(compile: Any) -> Scene:
    class Lion(optim.Optimizer):
        def step(self, closure: Any = None) -> Any:
            with tg.no_grad():
                for group in self.param_groups:
                    for p in group["params"]:
                        m = self.state[p].setdefault("m", tg.zeros_like(p))
                        p.sub_(group["lr"] * (0.9 * m + 0.1 * p.grad).sign())
                        m.mul_(0.99).add_(p.grad, alpha=0.01)

    net = mlp()
    opt = Lion(net.parameters(), {"lr": 0.01})

    @compile
    def run(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        opt.step()
        return loss

    return Scene(run, batches(*XY), [net, opt])


@step("form/own-function")
def _(compile: Any) -> Scene:
    class Clip(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x.clamp(-1, 1)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return g * (x.abs() < 2).float()

    net = mlp()
    opt = optim.SGD(net.parameters(), 0.1)

    @compile
    def run(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(Clip.apply(net(x)), y)
        loss.backward()
        opt.step()
        return loss

    return Scene(run, batches(*XY), [net])


@step("form/parametrized")
def _(compile: Any) -> Scene:
    net = nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(5, 4)), nn.Tanh(), nn.Linear(4, 3))
    opt = optim.SGD(net.parameters(), 0.1)

    @compile
    def run(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        opt.step()
        return loss

    return Scene(run, batches(*XY), [net])


@step("form/spectral-norm")
def _(compile: Any) -> Scene:
    net = nn.Sequential(nn.utils.parametrizations.spectral_norm(nn.Linear(5, 4)), nn.Tanh(), nn.Linear(4, 3))
    opt = optim.SGD(net.parameters(), 0.1)

    @compile
    def run(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        opt.step()
        return loss

    return Scene(run, batches(*XY), [net])


@step("form/branch-on-shape")
def _(compile: Any) -> Scene:
    run = compile(lambda x: x.sum() if x.shape[0] > 2 else x.mean())
    return Scene(run, [(tg.ones(k % 4 + 1),) for k in range(20)], [])
