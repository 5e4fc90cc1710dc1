"""Averages of the weights (EMA)."""

from __future__ import annotations

import copy
from typing import Any

import tinygrad_nn as tg
from tests.compiler.steps.common import XY
from tests.compiler.steps.scene import Scene, batches, step
from tests.compiler.steps.training import mlp
from tinygrad_nn import optim
from tinygrad_nn.nn import functional as F


def averaged(name: str, update: Any) -> None:
    @step(name)
    def build(compile: Any) -> Scene:
        net = mlp()
        shadow = copy.deepcopy(net)
        for p in shadow.parameters():
            p.requires_grad_(False)
        opt = optim.SGD(net.parameters(), lr=0.1)

        @compile
        def run(x: Any, y: Any) -> Any:
            opt.zero_grad()
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            opt.step()
            with tg.no_grad():
                for e, p in zip(shadow.parameters(), net.parameters()):
                    update(e, p)
            return loss

        return Scene(run, batches(*XY), [net, shadow, opt])


averaged("average/mul-add", lambda e, p: e.mul_(0.9).add_(p, alpha=0.1))
averaged("average/lerp", lambda e, p: e.lerp_(p, 0.1))
averaged("average/copy", lambda e, p: e.copy_(0.9 * e + 0.1 * p))
averaged("average/data-mul", lambda e, p: e.data.mul_(0.9).add_(p.data, alpha=0.1))
averaged("average/data-assigned", lambda e, p: setattr(e, "data", 0.9 * e.data + 0.1 * p.data))
averaged("average/detach-copy", lambda e, p: e.detach().copy_(p.detach()))
averaged("average/setitem", lambda e, p: e.__setitem__(slice(None), e * 0.5 + p * 0.5))
