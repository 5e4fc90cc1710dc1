"""What one optimizer saved, loaded into another: taken where PyTorch then steps, else refused at the load."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_nn as tg
from tinygrad_nn import optim

NAMES = ("SGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta", "LBFGS")
KIN = {"Adam", "AdamW", "RAdam"}
"""Those whose options and state have the same names: PyTorch takes any of them for any."""


def after_one_step(name: str) -> tuple[Any, Any]:
    p = tg.ones(3, requires_grad=True)
    optimizer = getattr(optim, name)([p], lr=0.1, **({"momentum": 0.9} if name == "SGD" else {}))

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return optimizer, closure


@pytest.mark.parametrize("saved", NAMES)
@pytest.mark.parametrize("loaded", NAMES)
def test_another_optimizers_state_is_refused(saved: str, loaded: str) -> None:
    state = after_one_step(saved)[0].state_dict()
    optimizer, closure = after_one_step(loaded)
    if saved == loaded or {saved, loaded} <= KIN:
        optimizer.load_state_dict(state)
        optimizer.step(closure)
        return
    before = optimizer.state_dict()
    with pytest.raises(
        ValueError,
        match=rf"(?s){loaded}: the loaded state is another optimizer's.*got: .*fix: load what a {loaded} saved",
    ):
        optimizer.load_state_dict(state)
    assert optimizer.state_dict()["param_groups"] == before["param_groups"]
    optimizer.step(closure)


def test_an_old_file_may_lack_flags() -> None:
    optimizer, closure = after_one_step("Adam")
    state = optimizer.state_dict()
    for flag in ("amsgrad", "maximize", "foreach", "capturable", "differentiable", "fused", "decoupled_weight_decay"):
        state["param_groups"][0].pop(flag, None)
    optimizer.load_state_dict(state)
    optimizer.step(closure)
    assert optimizer.param_groups[0]["amsgrad"] is False
