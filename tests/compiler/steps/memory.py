"""Memory: views, what is outside the graph, writes in place, tensors made inside, gradients as arrays."""

from __future__ import annotations

from typing import Any

import tinygrad_nn as tg
from tests.compiler.steps.common import entering
from tests.compiler.steps.scene import Scene, batches, step
from tests.compiler.steps.training import mlp
from tinygrad_nn import nn, optim
from tinygrad_nn.nn import functional as F

OUTSIDE: dict[str, Any] = {
    "data": lambda t: t.data,
    "detach": lambda t: t.detach(),
    "data-of-view": lambda t: t.view(-1).data[:4],
    "data-of-slice": lambda t: t[:, :2].data,
    "data-of-transpose": lambda t: t.T.data,
    "data-of-split": lambda t: t.split(2, 1)[0].data,
    "data-of-chunk": lambda t: t.chunk(2, 0)[1].data,
    "data-of-unbind": lambda t: t.unbind(0)[1].data,
    "data-of-max": lambda t: t.max(1)[0].data,
    "data-of-expand": lambda t: t[:, :1].expand(4, 3).data,
    "detach-of-view": lambda t: t.reshape(-1).detach()[1:5],
    "detach-of-slice": lambda t: t[1:3].detach(),
    "detach-of-split": lambda t: t.split([1, 2], 1)[1].detach(),
    "detach-of-squeeze": lambda t: t.unsqueeze(0).detach().squeeze(0),
    "data-of-data": lambda t: t.data.data[0].data,
    "data-of-relu": lambda t: t.relu().data,
    "data-of-diagonal": lambda t: t.diagonal().data,
    "data-of-sum": lambda t: t.sum(1, keepdim=True).data,
    "data-of-mean": lambda t: t.mean().data,
    "detach-clone": lambda t: t.detach().clone(),
    "data-of-sort": lambda t: t.sort(1).values.data,
    "data-of-topk": lambda t: t.topk(2, 1)[0].data,
    "data-of-matmul": lambda t: (t @ t.T).data,
    "data-of-index": lambda t: t[tg.tensor([0, 2])].data,
    "data-of-std-mean": lambda t: tg.stack((t.std(), t.mean())).data,
}
for key, outside in OUTSIDE.items():

    @entering(f"frozen/{key}")
    def _(net: Any, opt: Any, x: Any, y: Any, outside: Any = outside) -> Any:
        opt.zero_grad()
        out = net(x)
        kept = outside(out)
        loss = F.cross_entropy(out, y) + (kept * kept).mean() * out.mean()
        loss.backward()
        opt.step()
        return loss, kept


MADE: dict[str, Any] = {
    "scatter": lambda x, y: tg.zeros(4, 3).scatter_(1, y[:, None], 1.0),
    "add": lambda x, y: _added(tg.zeros(()), x),
    "fill": lambda x, y: tg.zeros(4, 3).fill_(0.5) * x[:, :3],
    "setitem": lambda x, y: _set(tg.zeros(4, 3), x),
    "setitem-tensor": lambda x, y: _set(tg.zeros_like(x), x),
    "slice-add": lambda x, y: _sliced(tg.ones(4, 3), x),
    "index-put": lambda x, y: tg.zeros(4, 3).index_put_((tg.arange(4), y), tg.ones(4)),
    "index-add": lambda x, y: tg.zeros(3, 5).index_add_(0, y, x),
    "scatter-add": lambda x, y: tg.zeros(3, 5).scatter_add_(0, y[:, None].expand(4, 5), x),
    "copy": lambda x, y: tg.empty(4, 5).copy_(x),
    "masked-fill": lambda x, y: tg.ones(4, 5).masked_fill_(x > 0, 3.0),
    "zeros-like-add": lambda x, y: tg.zeros_like(x).add_(x),
    "full-mul": lambda x, y: tg.full((4, 5), 2.0).mul_(x),
    "tensor-list": lambda x, y: tg.tensor([1.0, 2.0, 3.0, 4.0, 5.0]).mul_(x[0]),
    "arange-add": lambda x, y: tg.arange(5).float().add_(x.mean(0)),
    "eye": lambda x, y: tg.eye(5).sub_(x.T @ x),
    "new-zeros": lambda x, y: x.new_zeros(4, 5).add_(x, alpha=2),
    "normal": lambda x, y: tg.empty(4, 5).normal_() * x,
    "uniform": lambda x, y: tg.empty(4, 5).uniform_(-1, 1) * x,
    "bernoulli": lambda x, y: tg.bernoulli(tg.full((4, 5), 0.4)) * x,
    "triu": lambda x, y: (x.T @ x).triu_(),
    "clone-write": lambda x, y: _set(x.clone(), x),
    "zero": lambda x, y: _zeroed(x.clone()),
    "loop-sum": lambda x, y: _loop(x),
    "loop-rows": lambda x, y: _rows(x),
    "list-of-lists": lambda x, y: tg.tensor([[0.0] * 5] * 4).copy_(x),
    "unsqueeze": lambda x, y: tg.zeros(4).unsqueeze_(1).add_(x[:, :1]),
    "view-write": lambda x, y: _view_write(x),
    "as-tensor": lambda x, y: tg.as_tensor([1.0, 2.0, 3.0, 4.0, 5.0]) * x,
    "one-hot": lambda x, y: F.one_hot(y, 3).float(),
}


def _added(t: Any, x: Any) -> Any:
    t += x.sum()
    t += 1
    return t


def _set(t: Any, x: Any) -> Any:
    t[0] = x[1, : t.shape[1]]
    t[1:3, 0] = 5.0
    return t


def _sliced(t: Any, x: Any) -> Any:
    t[:, 1] += x[:, 0]
    t[0].mul_(2)
    return t


def _zeroed(t: Any) -> Any:
    t[1].zero_()
    return t


def _loop(x: Any) -> Any:
    total = tg.zeros(5)
    for row in x:
        total += row
    return total


def _rows(x: Any) -> Any:
    out = tg.empty(4, 5)
    for k in range(4):
        out[k] = x[k] * k
    return out


def _view_write(x: Any) -> Any:
    t = tg.zeros(20)
    t.view(4, 5).copy_(x)
    t[3:7] *= 2
    return t


for key, made in MADE.items():

    @entering(f"made/{key}")
    def _(net: Any, opt: Any, x: Any, y: Any, made: Any = made) -> Any:
        opt.zero_grad()
        t = made(x, y)
        loss = F.cross_entropy(net(x), y) * (1 + t.square().mean())
        loss.backward()
        opt.step()
        return loss, t


@entering("made/loss-accumulated")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    total = tg.zeros(())
    for k in range(4):
        total += F.cross_entropy(net(x[k : k + 1]), y[k : k + 1])
    total.backward()
    opt.step()
    return total


@entering("made/written-with-gradient")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    out = tg.zeros(4, 3)
    out[:, :2] = net(x)[:, 1:]
    out[:, 2] += net(x)[:, 0]
    loss = F.cross_entropy(out, y)
    loss.backward()
    opt.step()
    return loss


# -- parameters that are written by hand -------------------------------------------------------------------

UPDATES: dict[str, Any] = {
    "sub": lambda p: p.sub_(0.1 * p.grad),
    "isub": lambda p: p.__isub__(0.1 * p.grad),
    "data-sub": lambda p: p.data.sub_(0.1 * p.grad),
    "data-isub": lambda p: _isub(p.data, p.grad),
    "data-assigned": lambda p: setattr(p, "data", p.data - 0.1 * p.grad),
    "data-assigned-grad-data": lambda p: setattr(p, "data", p.data - 0.1 * p.grad.data),
    "data-setitem": lambda p: p.data.__setitem__(Ellipsis, p.data - 0.1 * p.grad),
    "copy": lambda p: p.copy_(p - 0.1 * p.grad),
    "add-alpha": lambda p: p.add_(p.grad, alpha=-0.1),
    "detach-sub": lambda p: p.detach().sub_(0.1 * p.grad),
    "view-sub": lambda p: p.view(-1).sub_(0.1 * p.grad.reshape(-1)),
    "addcmul": lambda p: p.addcmul_(p.grad, p.grad.sign(), value=-0.1),
    "rows": lambda p: [p[k].sub_(0.1 * p.grad[k]) for k in range(len(p))],
}


def _isub(t: Any, g: Any) -> None:
    t -= 0.1 * g


for key, update in UPDATES.items():

    @entering(f"update/{key}")
    def _(net: Any, opt: Any, x: Any, y: Any, update: Any = update) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        with tg.no_grad():
            for p in net.parameters():
                update(p)
        return loss


@step("update/by-hand-two-weights")
def _(compile: Any) -> Scene:
    w1, b1 = (tg.randn(5, 4) * 0.3).requires_grad_(), tg.zeros(4, requires_grad=True)
    w2 = (tg.randn(4, 3) * 0.3).requires_grad_()

    @compile
    def run(x: Any, y: Any) -> Any:
        loss = F.cross_entropy((x @ w1 + b1).tanh() @ w2, y)
        loss.backward()
        with tg.no_grad():
            for p in (w1, b1, w2):
                p -= 0.1 * p.grad
                p.grad = None
        return loss

    return Scene(run, batches((4, 5), ("class", (4,))), [w1, b1, w2])


@step("update/grad-zeroed")
def _(compile: Any) -> Scene:
    w = tg.randn(5, 3, requires_grad=True)

    @compile
    def run(x: Any, y: Any) -> Any:
        loss = F.cross_entropy(x @ w, y)
        loss.backward()
        with tg.no_grad():
            w.sub_(0.1 * w.grad)
            w.grad.zero_()
        return loss

    return Scene(run, batches((4, 5), ("class", (4,))), [w])


@step("update/momentum-by-hand")
def _(compile: Any) -> Scene:
    w, v = tg.randn(5, 3, requires_grad=True), tg.zeros(5, 3)

    @compile
    def run(x: Any, y: Any) -> Any:
        w.grad = None
        loss = F.cross_entropy(x @ w, y)
        loss.backward()
        with tg.no_grad():
            v.mul_(0.9).add_(w.grad)
            w.sub_(v * 0.1)
        return loss

    return Scene(run, batches((4, 5), ("class", (4,))), [w, v])


@step("update/weights-normalised")
def _(compile: Any) -> Scene:
    net = mlp()
    opt = optim.SGD(net.parameters(), 0.1)

    @compile
    def run(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        opt.step()
        with tg.no_grad():
            net[0].weight.div_(net[0].weight.norm(dim=1, keepdim=True))
        net[2].weight.data /= net[2].weight.data.norm()
        return loss

    return Scene(run, batches((4, 5), ("class", (4,))), [net])


# -- gradients as arrays -----------------------------------------------------------------------------------


@step("shared/sum-of-two-weights")
def _(compile: Any) -> Scene:
    a, b = tg.randn(3, requires_grad=True), tg.randn(3, requires_grad=True)

    @compile
    def run(x: Any) -> Any:
        a.grad = b.grad = None
        loss = ((a + b) * x).sum()
        loss.backward()
        return loss

    def call(x: Any) -> Any:
        loss = run(x)
        with tg.no_grad():
            a.grad.mul_(2)
            a.sub_(0.1 * a.grad)
            b.sub_(0.1 * b.grad)
        return loss

    return Scene(call, batches((3,)), [a, b])


@step("shared/lstm-biases")
def _(compile: Any) -> Scene:
    net = nn.LSTM(5, 4)
    opt = optim.SGD(net.parameters(), 0.1)

    @compile
    def run(x: Any) -> Any:
        opt.zero_grad()
        loss = net(x)[0].square().mean()
        loss.backward()
        return loss

    def call(x: Any) -> Any:
        loss = run(x)
        net.bias_ih_l0.grad.mul_(2.0)
        opt.step()
        return loss

    return Scene(call, batches((3, 2, 5)), [net])


@step("shared/sum-gives-expanded")
def _(compile: Any) -> Scene:
    w = tg.randn(4, requires_grad=True)

    @compile
    def run(x: Any) -> Any:
        w.grad = None
        loss = w.sum() + x.sum()
        loss.backward()
        return loss

    def call(x: Any) -> Any:
        loss = run(x)
        w.grad[0] += 3
        with tg.no_grad():
            w.sub_(0.1 * w.grad)
        return loss

    return Scene(call, batches((4,)), [w])


@step("shared/gradient-kept-outside")
def _(compile: Any) -> Scene:
    w = tg.randn(5, 3, requires_grad=True)
    kept: list[Any] = []

    @compile
    def run(x: Any, y: Any) -> Any:
        w.grad = None
        loss = F.cross_entropy(x @ w, y)
        loss.backward()
        return loss

    def call(x: Any, y: Any) -> Any:
        loss = run(x, y)
        kept.append(w.grad)
        with tg.no_grad():
            w.sub_(0.1 * w.grad)
        return loss

    return Scene(call, batches((4, 5), ("class", (4,))), [w, kept])


@step("shared/argument-returned")
def _(compile: Any) -> Scene:
    def run(x: Any) -> Any:
        return x, x[0], x.T

    compiled = compile(run)

    def call(x: Any) -> Any:
        a, b, c = compiled(x)
        a += 1
        return a, b, c, x

    return Scene(call, batches((3, 3)), [])


@step("shared/parameter-returned")
def _(compile: Any) -> Scene:
    w = tg.randn(3, 3)

    @compile
    def run(x: Any) -> Any:
        w.add_(x)
        return w, w[0]

    return Scene(run, batches((3, 3)), [w])


@step("shared/argument-written")
def _(compile: Any) -> Scene:
    @compile
    def run(x: Any, y: Any) -> Any:
        x.add_(y)
        y[0] = 1.0
        return (x * y).sum()

    examples = batches((3, 3), (3, 3))
    return Scene(run, examples, [examples])


@step("shared/tied-weights")
def _(compile: Any) -> Scene:
    first, second = nn.Linear(5, 5, bias=False), nn.Linear(5, 5, bias=False)
    second.weight = first.weight
    opt = optim.SGD(first.parameters(), 0.1)

    @compile
    def run(x: Any) -> Any:
        opt.zero_grad()
        loss = second(first(x).tanh()).square().mean()
        loss.backward()
        opt.step()
        return loss

    return Scene(run, batches((4, 5)), [first, second])


@step("shared/two-names-of-one-memory")
def _(compile: Any) -> Scene:
    a = tg.randn(4, 4)
    b = a[1]

    @compile
    def run(x: Any) -> Any:
        t = b * 2
        a.add_(x)
        b.mul_(0.5)
        return t + b + a[1], (a * x).sum()

    return Scene(run, batches((4, 4)), [a, b])


@step("shared/state-and-its-view")
def _(compile: Any) -> Scene:
    a = tg.randn(4)
    b = tg.from_numpy(a.numpy())

    @compile
    def run(x: Any) -> Any:
        before = b * 1
        a.add_(x)
        return before, b - a, b.sum()

    return Scene(run, batches((4,)), [a, b])
