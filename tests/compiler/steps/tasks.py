"""Physics, control, transfer, meta-learning."""

from __future__ import annotations

import copy
from typing import Any

import tinygrad_nn as tg
from tests.compiler.steps.common import XY, entering
from tests.compiler.steps.scene import Scene, batches, step
from tests.compiler.steps.training import mlp
from tinygrad_nn import distributions, func, nn, optim
from tinygrad_nn.nn import functional as F
from tinygrad_nn.nn.utils import clip_grad_norm_


@entering("physics/pinn", make=lambda: nn.Sequential(nn.Linear(1, 6), nn.Tanh(), nn.Linear(6, 1)), data=((8, 1),),
          opt=lambda p: optim.Adam(p, 0.01))  # fmt: skip
def _(net: Any, opt: Any, t: Any) -> Any:
    t = t.detach().requires_grad_()
    u = net(t)
    du = tg.autograd.grad(u, t, tg.ones_like(u), create_graph=True)[0]
    ddu = tg.autograd.grad(du, t, tg.ones_like(du), create_graph=True)[0]
    loss = (ddu + u).square().mean() + (net(tg.zeros(1, 1)) - 1).square().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss


@entering("physics/pinn-two-inputs", make=lambda: nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 1)),
          data=((8, 1), (8, 1)))  # fmt: skip
def _(net: Any, opt: Any, x: Any, t: Any) -> Any:
    x, t = x.clone().requires_grad_(True), t.clone().requires_grad_(True)
    u = net(tg.cat([x, t], 1))
    ux, ut = tg.autograd.grad(u.sum(), [x, t], create_graph=True)
    uxx = tg.autograd.grad(ux.sum(), x, create_graph=True)[0]
    loss = (ut - 0.1 * uxx).square().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss


@entering("physics/euler-rollout", make=lambda: nn.Linear(3, 3), data=((4, 3), (4, 3)))
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    for _ in range(5):
        x = x + 0.1 * net(x).tanh()
    loss = F.mse_loss(x, y)
    loss.backward()
    opt.step()
    return loss


@entering("control/reinforce", data=((4, 5), ("class", (4,)), (4,)))
def _(net: Any, opt: Any, x: Any, actions: Any, reward: Any) -> Any:
    log_p = F.log_softmax(net(x), 1).gather(1, actions[:, None])[:, 0]
    loss = -(log_p * (reward - reward.mean())).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss


@entering("control/reinforce-sampled", data=((4, 5), (4,)))
def _(net: Any, opt: Any, x: Any, reward: Any) -> Any:
    dist = distributions.Categorical(logits=net(x))
    action = dist.sample()
    loss = -(dist.log_prob(action) * reward).mean() - 0.01 * dist.entropy().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss, action


@entering("control/ppo", data=((4, 5), ("class", (4,)), (4,), (4,)))
def _(net: Any, opt: Any, x: Any, actions: Any, advantage: Any, old: Any) -> Any:
    log_p = F.log_softmax(net(x), 1).gather(1, actions[:, None]).squeeze(1)
    ratio = (log_p - old).exp()
    loss = -tg.min(ratio * advantage, ratio.clamp(0.8, 1.2) * advantage).mean()
    opt.zero_grad()
    loss.backward()
    clip_grad_norm_(net.parameters(), 0.5)
    opt.step()
    return loss


@step("control/dqn")
def _(compile: Any) -> Scene:
    net = mlp()
    target = copy.deepcopy(net)
    opt = optim.Adam(net.parameters(), 0.01)

    @compile
    def run(s: Any, a: Any, r: Any, s2: Any) -> Any:
        q = net(s).gather(1, a[:, None]).squeeze(1)
        with tg.no_grad():
            goal = r + 0.9 * target(s2).max(1).values
        loss = F.smooth_l1_loss(q, goal)
        opt.zero_grad()
        loss.backward()
        opt.step()
        return loss

    def between(k: int) -> None:
        if k % 5 == 4:
            target.load_state_dict(net.state_dict())

    return Scene(run, batches((4, 5), ("class", (4,)), (4,), (4, 5)), [net, target, opt], between)


@step("control/actor-critic")
def _(compile: Any) -> Scene:
    actor, critic = mlp(), nn.Linear(5, 1)
    oa, oc = optim.Adam(actor.parameters(), 0.01), optim.Adam(critic.parameters(), 0.02)

    @compile
    def run(s: Any, a: Any, r: Any) -> Any:
        value = critic(s).squeeze(1)
        advantage = r - value
        loss_c = advantage.pow(2).mean()
        loss_a = -(F.log_softmax(actor(s), 1).gather(1, a[:, None]).squeeze(1) * advantage.detach()).mean()
        oa.zero_grad()
        oc.zero_grad()
        (loss_a + loss_c).backward()
        oa.step()
        oc.step()
        return loss_a, loss_c

    return Scene(run, batches((4, 5), ("class", (4,)), (4,)), [actor, critic, oa, oc])


@step("transfer/frozen-body")
def _(compile: Any) -> Scene:
    body, head = nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6), nn.ReLU()), nn.Linear(6, 3)
    for p in body.parameters():
        p.requires_grad_(False)
    opt = optim.Adam(head.parameters(), 0.01)

    @compile
    def run(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(head(body(x)), y)
        loss.backward()
        opt.step()
        return loss

    return Scene(run, batches(*XY), [body, head, opt])


@step("transfer/body-without-grad")
def _(compile: Any) -> Scene:
    body, head = nn.Sequential(nn.Linear(5, 6), nn.ReLU()), nn.Linear(6, 3)
    opt = optim.SGD(head.parameters(), 0.1)
    body.eval()

    @compile
    def run(x: Any, y: Any) -> Any:
        with tg.no_grad():
            features = body(x)
        opt.zero_grad()
        loss = F.cross_entropy(head(features), y)
        loss.backward()
        opt.step()
        return loss

    return Scene(run, batches(*XY), [body, head, opt])


@step("transfer/unfrozen-later")
def _(compile: Any) -> Scene:
    body, head = nn.Linear(5, 6), nn.Linear(6, 3)
    body.requires_grad_(False)
    opt = optim.SGD([*body.parameters(), *head.parameters()], 0.1, momentum=0.9)

    @compile
    def run(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(head(body(x).relu()), y)
        loss.backward()
        opt.step()
        return loss

    return Scene(run, batches(*XY), [body, head, opt], lambda k: body.requires_grad_(k >= 8) and None)


@step("transfer/two-learning-rates")
def _(compile: Any) -> Scene:
    body, head = nn.Linear(5, 6), nn.Linear(6, 3)
    opt = optim.AdamW([{"params": body.parameters(), "lr": 1e-3}, {"params": head.parameters()}], lr=0.01)

    @compile
    def run(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(head(body(x).relu()), y)
        loss.backward()
        opt.step()
        return loss

    return Scene(run, batches(*XY), [body, head, opt])


@step("transfer/distillation")
def _(compile: Any) -> Scene:
    teacher, student = mlp(), mlp()
    teacher.eval()
    opt = optim.Adam(student.parameters(), 0.01)

    @compile
    def run(x: Any, y: Any) -> Any:
        with tg.no_grad():
            soft = F.softmax(teacher(x) / 2, 1)
        out = student(x)
        loss = F.cross_entropy(out, y) + F.kl_div(F.log_softmax(out / 2, 1), soft, reduction="batchmean") * 4
        opt.zero_grad()
        loss.backward()
        opt.step()
        return loss

    return Scene(run, batches(*XY), [teacher, student, opt])


@step("transfer/byol")
def _(compile: Any) -> Scene:
    online, predictor = mlp(), nn.Linear(3, 3)
    target = copy.deepcopy(online)
    opt = optim.SGD([*online.parameters(), *predictor.parameters()], 0.1)

    @compile
    def run(a: Any, b: Any) -> Any:
        p = F.normalize(predictor(online(a)))
        with tg.no_grad():
            z = F.normalize(target(b))
        loss = (2 - 2 * (p * z).sum(1)).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        with tg.no_grad():
            for t, o in zip(target.parameters(), online.parameters()):
                t.data = 0.9 * t.data + 0.1 * o.data
        return loss

    return Scene(run, batches((4, 5), (4, 5)), [online, predictor, target])


@step("transfer/simsiam")
def _(compile: Any) -> Scene:
    f, h = mlp(), nn.Linear(3, 3)
    opt = optim.SGD([*f.parameters(), *h.parameters()], 0.1)

    @compile
    def run(a: Any, b: Any) -> Any:
        za, zb = f(a), f(b)
        loss = -(F.cosine_similarity(h(za), zb.detach()) + F.cosine_similarity(h(zb), za.detach())).mean() / 2
        opt.zero_grad()
        loss.backward()
        opt.step()
        return loss

    return Scene(run, batches((4, 5), (4, 5)), [f, h])


@step("transfer/moco-queue")
def _(compile: Any) -> Scene:
    net = mlp()
    queue = F.normalize(tg.randn(8, 3))
    opt = optim.SGD(net.parameters(), 0.1)

    @compile
    def run(a: Any, b: Any) -> Any:
        q, k = F.normalize(net(a)), F.normalize(net(b)).detach()
        logits = tg.cat([(q * k).sum(1, keepdim=True), q @ queue.T], 1) / 0.2
        loss = F.cross_entropy(logits, tg.zeros(4, dtype=tg.int64))
        opt.zero_grad()
        loss.backward()
        opt.step()
        queue.copy_(tg.cat([k, queue[:4]]))
        return loss

    return Scene(run, batches((4, 5), (4, 5)), [net, queue])


@entering("meta/maml")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    params = dict(net.named_parameters())
    inner = F.cross_entropy(func.functional_call(net, params, (x[:2],)), y[:2])
    slopes = tg.autograd.grad(inner, list(params.values()), create_graph=True)
    fast = {name: p - 0.1 * s for (name, p), s in zip(params.items(), slopes)}
    outer = F.cross_entropy(func.functional_call(net, fast, (x[2:],)), y[2:])
    opt.zero_grad()
    outer.backward()
    opt.step()
    return outer


@step("meta/deq")
def _(compile: Any) -> Scene:
    cell = nn.Linear(6, 3)
    opt = optim.SGD(cell.parameters(), 0.1)

    @compile
    def run(x: Any) -> Any:
        z = tg.zeros(4, 3)
        with tg.no_grad():
            for _ in range(5):
                z = cell(tg.cat([z, x], 1)).tanh()
        z = cell(tg.cat([z, x], 1)).tanh()
        loss = (z - 0.5).square().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        return loss

    return Scene(run, batches((4, 3)), [cell])
