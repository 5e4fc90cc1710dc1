"""Effects besides computing: counters, lists, prints, clocks, random numbers."""

from __future__ import annotations

import random
import time
from collections import deque
from typing import Any

import numpy as np

import tinygrad_nn as tg
from tests.compiler.steps.common import XY
from tests.compiler.steps.scene import Scene, batches, step
from tests.compiler.steps.training import mlp
from tinygrad_nn import optim
from tinygrad_nn.nn import functional as F

FACTOR: Any = 1.0


def effect(name: str, act: Any, kept: Any = None) -> None:
    """A step that does something besides computing: `act(box, loss, net)` with a fresh `box = kept()`."""

    @step(f"effect/{name}")
    def build(compile: Any) -> Scene:
        random.seed(5)
        net = mlp()
        opt = optim.SGD(net.parameters(), 0.1)
        box = kept() if kept is not None else None

        @compile
        def run(x: Any, y: Any) -> Any:
            opt.zero_grad()
            loss = F.cross_entropy(net(x), y)
            more = act(box, loss, net)
            if isinstance(more, (tg.Tensor, float, int)):
                loss = loss * more
            loss.backward()
            opt.step()
            return loss

        return Scene(run, batches(*XY), [net, box if isinstance(box, (list, dict)) else None])


def _counted(box: Any, *_: Any) -> None:
    box["n"] += 1


def _numbered(box: Any, *_: Any) -> Any:
    box["n"] += 1
    return 1.0 / box["n"]


class _Counter:
    def __init__(self) -> None:
        self.n = 0
        self.history: list[Any] = []


def _attribute(box: Any, loss: Any, net: Any) -> Any:
    net.calls = getattr(net, "calls", 0) + 1
    return 1.0 / net.calls


def _set_global(box: Any, *_: Any) -> Any:
    global FACTOR
    FACTOR = FACTOR + 1 if FACTOR < 50 else 1.0
    return 1.0


effect("append", lambda box, loss, net: box.append(loss.detach()), list)
effect("append-number", lambda box, loss, net: box.append(1), list)
effect("append-item", lambda box, loss, net: box.append(loss.item()), list)
effect("dict-tensor", lambda box, loss, net: box.update(last=loss.detach()), dict)
effect("counter", _counted, lambda: {"n": 0})
effect("counter-as-factor", _numbered, lambda: {"n": 0})
effect("object-counter", lambda box, *_: setattr(box, "n", box.n + 1) or 1.0 / box.n, _Counter)
effect("object-append", lambda box, loss, _: box.history.append(loss.detach()), _Counter)
effect("module-attribute", _attribute)
effect("module-last-output", lambda box, loss, net: setattr(net, "last", loss.detach()))
effect("deque", lambda box, loss, net: box.append(loss.detach()), lambda: deque(maxlen=4))
effect("set", lambda box, loss, net: box.add(len(box)), set)
effect("print", lambda *_: print(end=""))
effect("print-loss", lambda box, loss, net: print(f"{loss:.3f}"[:0], end=""))
effect("next", lambda box, *_: next(box), lambda: iter(np.linspace(0, 1, 50).tolist()))
effect("next-tensor", lambda box, *_: next(box), lambda: iter([tg.tensor(float(k)) for k in range(50)]))
effect("generator", lambda box, *_: next(box), lambda: (k / 10 for k in range(99)))
effect(
    "for-over-iterator",
    lambda box, *_: next(v for v, _ in zip(box, range(1))),
    lambda: iter(np.linspace(0, 1, 99).tolist()),
)
effect("pop", lambda box, *_: box.pop(), lambda: [k / 10 for k in range(99)])
effect("random", lambda *_: random.random())
effect("random-choice", lambda *_: random.choice([0.5, 1.0, 2.0]))
effect("random-generator", lambda box, *_: box.random(), lambda: random.Random(3))
effect("numpy-random", lambda *_: float(np.random.rand()))
effect("numpy-random-noise", lambda *_: tg.tensor(np.random.randn(3).astype(np.float32)).mean())
effect("numpy-generator", lambda box, *_: float(box.random()), lambda: np.random.default_rng(3))
effect("clock", lambda *_: 0.0 * time.time())
effect("set-global", _set_global)
effect("format-loss", lambda box, loss, net: box.append(f"{loss.item():.3f}"), list)
effect("numpy-loss", lambda box, loss, net: box.append(loss.detach().numpy().copy()), list)
effect("bool-of-loss", lambda box, loss, net: 1.0 if loss > 0.5 else 2.0)
effect("isfinite", lambda box, loss, net: None if tg.isfinite(loss).all() else 0.0)
effect("len-of-tensor", lambda box, loss, net: float(len(net[0].weight)))
effect("requires-grad-read", lambda box, loss, net: 2.0 if loss.requires_grad else 1.0)
effect("seed", lambda *_: tg.manual_seed(3) and None)
effect("numpy-noise-constant", lambda *_: tg.tensor(np.linspace(0, 1, 3).astype(np.float32)).mean())
effect("file", lambda box, *_: open("/dev/null").close())
effect("numpy-array-written", lambda box, loss, net: box.__iadd__(1) is None, lambda: np.zeros(3))
