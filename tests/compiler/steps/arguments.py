"""Arguments: shared, overlapping, of many sizes and kinds."""

from __future__ import annotations

from typing import Any

import tinygrad_nn as tg
from tests.compiler.steps.changed import Options
from tests.compiler.steps.common import XY
from tests.compiler.steps.scene import Scene, batches, step
from tests.compiler.steps.training import mlp
from tinygrad_nn import optim
from tinygrad_nn.nn import functional as F


@step("argument/same-twice-then-two")
def _(compile: Any) -> Scene:
    run = compile(lambda x, y: x * 2 - y)
    a, b = tg.randn(3), tg.randn(3)
    return Scene(run, [(a, a)] * 4 + [(a, b)] * 4 + [(b, a), (b, b)], [])


@step("argument/two-then-same-written")
def _(compile: Any) -> Scene:
    def run(x: Any, y: Any) -> Any:
        x.add_(1.0)
        return x * y

    a, b = tg.randn(3), tg.randn(3)
    return Scene(compile(run), [(a, b)] * 4 + [(a, a)] * 4, [a, b])


@step("argument/a-view-of-the-other")
def _(compile: Any) -> Scene:
    def run(x: Any, y: Any) -> Any:
        t = y * 2
        x.mul_(0.5)
        return t + y

    a, b = tg.randn(3, 3), tg.randn(3)
    return Scene(compile(run), [(a, b)] * 4 + [(a, a[1])] * 4, [a, b])


@step("argument/the-parameter-itself")
def _(compile: Any) -> Scene:
    w = tg.randn(3)

    @compile
    def run(x: Any) -> Any:
        return x * 2 + w

    return Scene(run, [(w,)] * 4 + [(tg.ones(3),)] * 4 + [(w,)] * 2, [w])


@step("argument/a-view-of-what-is-written")
def _(compile: Any) -> Scene:
    w = tg.randn(3, 3)

    @compile
    def run(x: Any) -> Any:
        t = x * 3
        w.add_(1.0)
        return x + t, w.sum()

    return Scene(run, [(tg.ones(3),)] * 4 + [(w[0],)] * 6, [w])


@step("argument/needs-grad")
def _(compile: Any) -> Scene:
    @compile
    def run(x: Any) -> Any:
        loss = (x * x).sum()
        loss.backward()
        return loss

    xs = [(t.requires_grad_(),) for (t,) in batches((3,))]
    return Scene(run, xs, [xs])


@step("argument/grad-sometimes")
def _(compile: Any) -> Scene:
    w = tg.randn(3, requires_grad=True)

    @compile
    def run(x: Any) -> Any:
        w.grad = None
        (x * w).sum().backward()
        return w.grad * 1

    xs = [(t.requires_grad_(k % 2 == 1),) for k, (t,) in enumerate(batches((3,)))]
    return Scene(run, xs, [xs])


@step("argument/sizes")
def _(compile: Any) -> Scene:
    net = mlp()
    opt = optim.SGD(net.parameters(), 0.1)

    @compile
    def run(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        opt.step()
        return loss

    return Scene(run, [(x[: k % 3 + 2], y[: k % 3 + 2]) for k, (x, y) in enumerate(batches(*XY))], [net])


@step("argument/many-sizes")
def _(compile: Any) -> Scene:
    run = compile(lambda x: (x * 2).sum())
    return Scene(run, [(tg.ones(k % 19 + 1),) for k in range(20)], [])


@step("argument/dtypes")
def _(compile: Any) -> Scene:
    run = compile(lambda x: x / 2 + 1)
    kinds = [tg.float32, tg.float64, tg.int64]
    return Scene(run, [(x.to(kinds[k % 3]),) for k, (x,) in enumerate(batches((3,)))], [])


@step("argument/transposed")
def _(compile: Any) -> Scene:
    run = compile(lambda x: (x @ x).sum(0) + x.reshape(-1)[:3])
    return Scene(run, [(x if k % 2 else x.T,) for k, (x,) in enumerate(batches((3, 3)))], [])


@step("argument/transposed-view-written")
def _(compile: Any) -> Scene:
    def run(x: Any) -> Any:
        y = x.reshape(-1)
        x.add_(1.0)
        return y * 1

    return Scene(compile(run), [(x if k % 2 else x.T,) for k, (x,) in enumerate(batches((3, 3)))], [])


@step("argument/a-float")
def _(compile: Any) -> Scene:
    net = mlp()
    opt = optim.SGD(net.parameters(), 0.1)

    @compile
    def run(x: Any, y: Any, weight: float) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(net(x), y) * weight
        loss.backward()
        opt.step()
        return loss

    return Scene(run, [(x, y, 0.5 + k % 3) for k, (x, y) in enumerate(batches(*XY))], [net])


@step("argument/a-float-each-time")
def _(compile: Any) -> Scene:
    net = mlp()
    opt = optim.Adam(net.parameters(), 0.01)

    @compile
    def run(x: Any, y: Any, beta: float) -> Any:
        opt.zero_grad()
        out = net(x)
        loss = F.cross_entropy(out, y) + beta * out.square().mean() + (1 - beta) * out.mean()
        loss.backward()
        opt.step()
        return loss

    return Scene(run, [(x, y, k / 19) for k, (x, y) in enumerate(batches(*XY))], [net, opt])


@step("argument/a-float-looked-at")
def _(compile: Any) -> Scene:
    def run(x: Any, beta: float) -> Any:
        return x * beta if beta > 0.5 else x - beta

    return Scene(compile(run), [(x, k / 19) for k, (x,) in enumerate(batches((3,)))], [])


@step("argument/an-int")
def _(compile: Any) -> Scene:
    run = compile(lambda x, k: x.roll(k, 0) * k)
    return Scene(run, [(x, k % 3) for k, (x,) in enumerate(batches((3,)))], [])


@step("argument/an-int-each-time")
def _(compile: Any) -> Scene:
    run = compile(lambda x, k: x * k)
    return Scene(run, [(x, k) for k, (x,) in enumerate(batches((3,)))], [])


@step("argument/a-flag-and-a-word")
def _(compile: Any) -> Scene:
    def run(x: Any, flag: bool, word: str) -> Any:
        return getattr(x, word)() if flag else x

    return Scene(
        compile(run), [(x, k % 2 == 0, ("exp", "tanh")[k % 3 > 0]) for k, (x,) in enumerate(batches((3,)))], []
    )


@step("argument/one-and-true")
def _(compile: Any) -> Scene:
    run = compile(lambda x, k: x * k)
    return Scene(run, [(tg.arange(3), (1, 1.0, True)[k % 3]) for k in range(20)], [])


@step("argument/nested")
def _(compile: Any) -> Scene:
    run = compile(lambda batch, pair: batch["x"] * pair[0] - pair[1][0] + batch["k"])
    return Scene(run, [({"x": a, "k": k % 2}, (b, [c])) for k, (a, b, c) in enumerate(batches((3,), (3,), (3,)))], [])


@step("argument/an-object")
def _(compile: Any) -> Scene:
    options = Options()
    options_type = type("Fixed", (), {"factor": 1.0})
    fixed = options_type()
    run = compile(lambda x, o: x * o.factor)
    del options
    return Scene(run, [(x, fixed) for (x,) in batches((3,))], [], lambda k: setattr(fixed, "factor", 1.0 + k // 7))


@step("argument/a-list-written")
def _(compile: Any) -> Scene:
    def run(x: Any, out: Any) -> Any:
        out.append(x * 2)
        return x

    out: list[Any] = []
    return Scene(compile(run), [(x, out) for (x,) in batches((3,))], [out])
