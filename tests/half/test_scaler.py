"""GradScaler("cpu"): scales, gradients, skipped steps and errors are PyTorch's, iteration by iteration."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")

OPTIONS = [
    {},
    {"init_scale": 8.0, "growth_interval": 2},
    {"init_scale": 1024.0, "growth_factor": 4.0, "backoff_factor": 0.25, "growth_interval": 3},
    {"init_scale": 2.0**126, "growth_interval": 1},
]


def trained(library: Any, options: dict[str, Any], way: str) -> list[Any]:
    """Twenty iterations, of which some overflow: weights, scale and state after each."""
    rng = np.random.default_rng(0)
    w = library.tensor(np.array([0.5, -1.5, 2.0], np.float32)).requires_grad_()
    v = library.tensor(np.array([3.0], np.float32)).requires_grad_()
    first, second = library.optim.SGD([w], lr=0.1, momentum=0.9), library.optim.Adam([v], lr=0.1)
    scaler = library.amp.GradScaler("cpu", **options)
    seen = []
    for k in range(20):
        first.zero_grad()
        second.zero_grad()
        size = {3: float("inf"), 9: float("nan"), 10: 3e38}.get(k, 1.0)
        x = library.tensor(rng.standard_normal(3).astype(np.float32))
        loss = (w * x).sum() ** 2 * size + (v * v).sum()
        if way == "list":
            for part in scaler.scale([loss, (v * x).sum()]):
                part.backward()
        else:
            scaler.scale(loss).backward()
        if way == "unscale":
            scaler.unscale_(first)
            seen.append(w.grad.tolist())
        scaler.step(first)
        scaler.step(second)
        scaler.update(7.5 if way == "by hand" and k == 6 else None)
        seen += [w.tolist(), v.tolist(), scaler.get_scale(), scaler.state_dict()]
    return seen


@pytest.mark.parametrize("way", ["plain", "unscale", "list", "by hand"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_training(options: dict[str, Any], way: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mine, theirs = trained(tg, options, way), trained(torch, options, way)
    assert len(mine) == len(theirs)
    for a, b in zip(mine, theirs, strict=True):
        if isinstance(b, (dict, float)):
            assert a == b
        else:
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_state_moves_to_pytorch_and_back() -> None:
    options = {"init_scale": 64.0, "growth_interval": 5}
    ours, theirs = tg.amp.GradScaler("cpu", **options), torch.amp.GradScaler("cpu")
    w = tg.ones(2, requires_grad=True)
    for _ in range(3):
        ours.scale(w.sum()).backward()
        ours.step(tg.optim.SGD([w]))
        ours.update()
    theirs.load_state_dict(ours.state_dict())
    assert theirs.state_dict() == ours.state_dict()
    again = tg.amp.GradScaler("cpu")
    again.load_state_dict(theirs.state_dict())
    assert again.state_dict() == ours.state_dict()
    assert pickle.loads(pickle.dumps(again)).state_dict() == ours.state_dict()
    setters = {"growth_factor": 3.0, "backoff_factor": 0.1, "growth_interval": 9}
    for name, value in setters.items():
        getattr(again, f"set_{name}")(value)
        assert getattr(again, f"get_{name}")() == value


def prepared(library: Any) -> tuple[Any, Any, Any]:
    w = library.ones(2).requires_grad_()
    return library.amp.GradScaler("cpu", init_scale=4.0), library.optim.SGD([w], lr=0.1), w


def half_gradients(library: Any, scaler: Any, optimizer: Any, w: Any) -> None:
    v = library.ones(2).to(library.float16).requires_grad_()
    scaler.scale(v.sum()).backward()
    scaler.step(library.optim.SGD([v]))


def twice(method: str) -> Any:
    def calls(library: Any, scaler: Any, optimizer: Any, w: Any) -> None:
        scaler.scale(w.sum()).backward()
        getattr(scaler, method)(optimizer)
        getattr(scaler, method)(optimizer)

    return calls


def unscaled_after_step(library: Any, scaler: Any, optimizer: Any, w: Any) -> None:
    scaler.scale(w.sum()).backward()
    scaler.step(optimizer)
    scaler.unscale_(optimizer)


def no_step(library: Any, scaler: Any, optimizer: Any, w: Any) -> None:
    scaler.scale(w.sum())
    scaler.update()


def without_gradient(library: Any, scaler: Any, optimizer: Any, w: Any) -> None:
    scaler.scale(w.sum())
    scaler.step(optimizer)


WRONG: dict[str, tuple[Any, str]] = {
    "step first": (lambda lib, s, o, w: s.step(o), "Attempted step but _scale is None"),
    "update first": (lambda lib, s, o, w: s.update(), "Attempted update but _scale is None"),
    "unscale first": (lambda lib, s, o, w: s.unscale_(o), "Attempted unscale_ but _scale is None"),
    "unscale twice": (twice("unscale_"), "has already been called on this optimizer since the last update"),
    "step twice": (twice("step"), "step.. has already been called since the last update"),
    "unscale after step": (unscaled_after_step, "unscale_.. is being called after step"),
    "update without a step": (no_step, "No inf checks were recorded prior to update"),
    "no gradients": (without_gradient, "No inf checks were recorded for this optimizer"),
    "closure": (lambda lib, s, o, w: s.step(o, closure=len), "Closure use is not currently supported"),
    "float16 gradients": (half_gradients, "Attempting to unscale FP16 gradients"),
    "no tensor": (lambda lib, s, o, w: s.scale(3.0), "outputs must be a Tensor or an iterable of Tensors"),
    "growth": (lambda lib, s, o, w: lib.amp.GradScaler("cpu", growth_factor=1.0), "growth factor must be > 1.0"),
    "backoff": (lambda lib, s, o, w: lib.amp.GradScaler("cpu", backoff_factor=1.0), "backoff factor must be < 1.0"),
    "empty state": (lambda lib, s, o, w: s.load_state_dict({}), "The source state dict is empty"),
    "two scales": (lambda lib, s, o, w: (s.scale(w.sum()), s.update(lib.ones(2))), "should be a float or a 1-element"),
}


@pytest.mark.parametrize("calls, text", WRONG.values(), ids=WRONG)
def test_calls_in_the_wrong_order_are_refused_as_in_pytorch(calls: Any, text: str) -> None:
    with pytest.raises(Exception, match=text) as theirs:
        calls(torch, *prepared(torch))
    with pytest.raises(theirs.type, match=text):
        calls(tg, *prepared(tg))
