"""Gradients: clipped, accumulated, penalised, asked for."""

from __future__ import annotations

from typing import Any

import tinygrad_nn as tg
from tests.compiler.steps.common import XY, entering
from tests.compiler.steps.scene import Scene, batches, step
from tests.compiler.steps.training import mlp
from tinygrad_nn import func, optim
from tinygrad_nn.nn import functional as F
from tinygrad_nn.nn.utils import clip_grad_norm_, clip_grad_value_
from tinygrad_nn.utils.checkpoint import checkpoint


@entering("gradients/clip-norm", opt=lambda p: optim.Adam(p, 0.01))
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    norm = clip_grad_norm_(net.parameters(), 0.1)
    opt.step()
    return loss, norm


@entering("gradients/clip-value")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    clip_grad_value_(net.parameters(), 0.05)
    opt.step()
    return loss


@entering("gradients/clamp-data")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    for p in net.parameters():
        p.grad.data.clamp_(-0.02, 0.02)
    opt.step()
    return loss


@entering("gradients/clamp")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    with tg.no_grad():
        for p in net.parameters():
            p.grad.clamp_(-0.02, 0.02)
            p.grad /= 2
    opt.step()
    return loss


@entering("gradients/replaced")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    for p in net.parameters():
        p.grad = p.grad.sign() * 0.1
    opt.step()
    return loss


@entering("gradients/noise")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    for p in net.parameters():
        p.grad += 0.01 * tg.randn_like(p.grad)
    opt.step()
    return loss


@entering("gradients/set-to-zero")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad(set_to_none=False)
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    opt.step()
    return loss


@entering("gradients/zero-grad-last")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    opt.step()
    opt.zero_grad()
    return loss


@entering("gradients/zero-grad-last-to-zero")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    opt.step()
    opt.zero_grad(set_to_none=False)
    return loss


@entering("gradients/norms-returned")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    opt.step()
    return loss, [p.grad.norm() for p in net.parameters()]


@entering("gradients/two-losses")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    logits = net(x)
    F.cross_entropy(logits, y).backward(retain_graph=True)
    second = logits.square().mean()
    second.backward()
    opt.step()
    return second


for micro in (2, 4):

    @entering(f"gradients/micro-batches-{micro}", opt=lambda p: optim.Adam(p, 0.01))
    def _(net: Any, opt: Any, x: Any, y: Any, micro: int = micro) -> Any:
        opt.zero_grad()
        total: Any = 0.0
        for part, answer in zip(x.chunk(micro), y.chunk(micro)):
            loss = F.cross_entropy(net(part), answer) / micro
            loss.backward()
            total = total + loss.detach()
        opt.step()
        return total


@entering("gradients/micro-batches-sliced")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    for k in range(0, 4, 2):
        loss = F.cross_entropy(net(x[k : k + 2]), y[k : k + 2])
        loss.backward()
    opt.step()
    return loss


@step("gradients/accumulated-over-calls")
def _(compile: Any) -> Scene:
    net = mlp()
    opt = optim.SGD(net.parameters(), lr=0.1)

    @compile
    def add(x: Any, y: Any) -> Any:
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        return loss

    def call(x: Any, y: Any) -> Any:
        add(x, y)
        loss = add(y[:, None].float() * x, y)
        opt.step()
        opt.zero_grad()
        return loss

    return Scene(call, batches(*XY), [net, opt])


@step("gradients/step-outside")
def _(compile: Any) -> Scene:
    net = mlp()
    opt = optim.Adam(net.parameters(), lr=0.01)

    @compile
    def slopes(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        return loss

    def call(x: Any, y: Any) -> Any:
        loss = slopes(x, y)
        clip_grad_norm_(net.parameters(), 0.5)
        opt.step()
        return loss

    return Scene(call, batches(*XY), [net, opt])


@entering("gradients/penalty", opt=lambda p: optim.Adam(p, 0.01))
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    x = x.clone().requires_grad_()
    out = net(x)
    (slope,) = tg.autograd.grad(out.sum(), x, create_graph=True)
    loss = F.cross_entropy(out, y) + 0.1 * ((slope.norm(dim=1) - 1) ** 2).mean()
    loss.backward()
    opt.step()
    return loss


@entering("gradients/hessian-vector")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    loss = F.cross_entropy(net(x), y)
    slopes = tg.autograd.grad(loss, list(net.parameters()), create_graph=True)
    total = sum((s * s.detach()).sum() for s in slopes)
    total.backward()
    opt.step()
    return total


@entering("gradients/autograd-grad-update")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    loss = F.cross_entropy(net(x), y)
    slopes = tg.autograd.grad(loss, list(net.parameters()))
    with tg.no_grad():
        for p, s in zip(net.parameters(), slopes):
            p -= 0.1 * s
    return loss


@entering("gradients/func-grad")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    slope = func.grad(lambda x: net(x).square().sum())(x)
    opt.zero_grad()
    loss = F.cross_entropy(net(x + 0.1 * slope.sign()), y)
    loss.backward()
    opt.step()
    return loss, slope


@entering("gradients/func-grad-of-parameters")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    params = dict(net.named_parameters())

    def loss_of(params: Any) -> Any:
        return F.cross_entropy(func.functional_call(net, params, (x,)), y)

    slopes, loss = func.grad_and_value(loss_of)(params)
    with tg.no_grad():
        for name, p in params.items():
            p.sub_(0.1 * slopes[name])
    return loss


@entering("gradients/jacobian", data=((5,), ("class", ())))
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    return func.jacrev(lambda x: net(x).tanh())(x)


@entering("gradients/vjp-jvp", data=((5,), ("class", ())))
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    out, pull = func.vjp(lambda x: net(x).tanh(), x)
    return pull(out)[0], func.jvp(lambda x: net(x).tanh(), (x,), (x,))[1]


@entering("gradients/checkpoint")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    loss = F.cross_entropy(net[2](checkpoint(lambda x: net[1](net[0](x)), x, use_reentrant=False)), y)
    loss.backward()
    opt.step()
    return loss


@entering("gradients/sam")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    F.cross_entropy(net(x), y).backward()
    with tg.no_grad():
        steps = [0.05 * p.grad / (p.grad.norm() + 1e-6) for p in net.parameters()]
        for p, e in zip(net.parameters(), steps):
            p.add_(e)
    opt.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    with tg.no_grad():
        for p, e in zip(net.parameters(), steps):
            p.sub_(e)
    opt.step()
    return loss
