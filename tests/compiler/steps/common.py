"""Steps that do everything themselves, given a network and an optimizer."""

from __future__ import annotations

from typing import Any

from tests.compiler.steps.scene import Scene, batches, step
from tests.compiler.steps.training import mlp
from tinygrad_nn import optim

XY = ((4, 5), ("class", (4,)))


def simple(name: str, body: Any, data: Any = None, make: Any = mlp, opt: Any = None) -> None:
    """A step `body(net, optimizer, x, ...)` that does everything itself."""

    @step(name)
    def build(compile: Any) -> Scene:
        net = make()
        optimizer = (opt or (lambda p: optim.SGD(p, lr=0.05)))(net.parameters())

        def run(*args: Any) -> Any:
            return body(net, optimizer, *args)

        return Scene(compile(run), batches(*(data or XY)), [net, optimizer])


def entering(name: str, **options: Any) -> Any:
    """`simple` as a decorator."""

    def enter(body: Any) -> Any:
        simple(name, body, **options)
        return body

    return enter
