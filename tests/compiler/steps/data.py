"""Data: mixed, masked, drawn, sorted, sizes that depend on it."""

from __future__ import annotations

from typing import Any

import tinygrad_nn as tg
from tests.compiler.steps.common import entering
from tinygrad_nn import nn
from tinygrad_nn.nn import functional as F


@entering("data/mixup")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    t = tg.rand(())
    order = tg.randperm(4)
    out = net(t * x + (1 - t) * x[order])
    loss = t * F.cross_entropy(out, y) + (1 - t) * F.cross_entropy(out, y[order])
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss


@entering("data/noise-and-flip")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    x = tg.where(tg.rand(4, 1) < 0.5, x, x.flip(1)) + 0.01 * tg.randn(4, 5)
    opt.zero_grad()
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    opt.step()
    return loss


@entering("data/masked-positions")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    loss = net(x)[y > 0].square().sum()
    loss.backward()
    opt.step()
    return loss


@entering("data/masked-mean")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    loss = net(x)[x[:, :3] > 0].square().mean()
    loss.backward()
    opt.step()
    return loss


@entering("data/masked-select")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    out = net(x)
    loss = tg.masked_select(out, out > 0).square().sum()
    loss.backward()
    opt.step()
    return loss


@entering("data/where-positions")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    (rows,) = tg.where(y > 0)
    loss = net(x)[rows].square().sum()
    loss.backward()
    opt.step()
    return loss


@entering("data/nonzero")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    loss = net(x)[(y > 0).nonzero()[:, 0]].square().sum()
    loss.backward()
    opt.step()
    return loss


@entering("data/bincount")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    counts = tg.bincount(y)
    loss = F.cross_entropy(net(x), y) * counts.shape[0]
    loss.backward()
    opt.step()
    return loss


@entering("data/bincount-minlength")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    weight = 1 / (tg.bincount(y, minlength=3).float() + 1)
    loss = F.cross_entropy(net(x), y, weight)
    loss.backward()
    opt.step()
    return loss


@entering("data/unique")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    loss = F.cross_entropy(net(x), y) * len(y.unique())
    loss.backward()
    opt.step()
    return loss


@entering("data/one-hot-without-classes")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    hot = F.one_hot(y).float()
    loss = (net(x)[:, : hot.shape[1]] - hot).square().mean()
    loss.backward()
    opt.step()
    return loss


@entering("data/masked-fill")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    loss = F.cross_entropy(net(x.masked_fill(x > 1, 0.0)), y)
    loss.backward()
    opt.step()
    return loss


@entering("data/mask-assigned")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    x = x.clone()
    x[x > 1] = 0.0
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    opt.step()
    return loss


@entering("data/hard-examples")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    loss = F.cross_entropy(net(x), y, reduction="none").topk(2).values.mean()
    loss.backward()
    opt.step()
    return loss


@entering("data/sorted")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    each, order = F.cross_entropy(net(x), y, reduction="none").sort()
    loss = (each * tg.arange(4)).mean() + 0 * order.float().mean()
    loss.backward()
    opt.step()
    return loss


@entering("data/max-and-min")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    out = net(x)
    best, where = out.max(1)
    loss = F.cross_entropy(out, y) + best.mean() - out.min(0)[0].mean() + out.median() + 0 * where.float().sum()
    loss.backward()
    opt.step()
    return loss


@entering("data/unbind-stack")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    out = tg.stack([row.tanh() for row in net(x).unbind(0)])
    loss = F.cross_entropy(out, y) + sum(c.mean() for c in out.split([1, 2], 1))
    loss.backward()
    opt.step()
    return loss


@entering("data/einsum")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    out = tg.einsum("ni,nj->nij", net(x), x)
    loss = out.square().mean() + out.diagonal(dim1=1, dim2=2).sum()
    loss.backward()
    opt.step()
    return loss


@entering("data/cumulative")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    out = net(x).cumsum(1).tril().roll(1, 0)
    loss = (out - tg.linspace(0, 1, 3)).square().mean() + out.cumprod(1).mean()
    loss.backward()
    opt.step()
    return loss


@entering("data/linalg", make=lambda: nn.Linear(5, 4))
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    a = net(x)
    a = a @ a.T + tg.eye(4)
    loss = a.inverse().square().mean() + a.logdet() + tg.linalg.slogdet(a)[1]
    loss.backward()
    opt.step()
    return loss


@entering("data/svd", make=lambda: nn.Linear(5, 3))
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    u, s, v = tg.linalg.svd(net(x), full_matrices=False)
    loss = s.sum() + (u @ v).square().mean()
    loss.backward()
    opt.step()
    return loss
