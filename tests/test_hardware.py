"""Names of hardware that is not here: scripts that ask pass through, scripts that insist get one line."""

from __future__ import annotations

import importlib
import warnings

import pytest

import tinygrad_nn as tg


def test_questions_are_answered() -> None:
    assert not tg.cuda.is_available()
    assert tg.cuda.device_count() == 0
    assert not tg.accelerator.is_available()
    assert tg.accelerator.current_accelerator() is None
    assert not tg.backends.mps.is_available()
    assert not tg.mps.is_available()
    assert not tg.xpu.is_available()
    tg.cuda.manual_seed_all(0)
    tg.cuda.empty_cache()
    tg.cuda.synchronize()


@pytest.mark.parametrize(
    "call",
    [
        lambda: tg.ones(2).cuda(),
        lambda: tg.ones(2).to("cuda"),
        lambda: tg.ones(2).to(tg.device("cuda", 0)),
        lambda: tg.zeros(2, device="mps"),
        lambda: tg.cuda.get_device_name(0),
        lambda: tg.cuda.set_device(0),
        lambda: tg.accelerator.set_device_index(0),
    ],
)
def test_a_request_raises_one_line(call: object) -> None:
    with pytest.raises(
        RuntimeError, match=r"^device '\w+(:\d)?' is not available: tensors live on the CPU; use 'cpu'[^\n]*$"
    ):
        call()  # type: ignore[operator]


@pytest.mark.parametrize("place", ["backends.cudnn", "backends.mps", "cuda", "cuda.amp", "amp", "accelerator", "mps"])
def test_they_are_imported_from_pytorchs_places(place: str) -> None:
    importlib.import_module(f"tinygrad_nn.{place}")


def test_switches_are_kept() -> None:
    cudnn = tg.backends.cudnn
    before = cudnn.benchmark
    cudnn.benchmark = True
    assert tg.backends.cudnn.benchmark is True
    cudnn.benchmark = before
    tg.use_deterministic_algorithms(True)
    tg.set_float32_matmul_precision("high")
    with pytest.raises(ValueError, match="highest, high or medium"):
        tg.set_float32_matmul_precision("low")


def test_mixed_precision_for_a_gpu_changes_nothing() -> None:
    class Optimizer:
        steps = 0

        def step(self) -> None:
            self.steps += 1

    optimizer = Optimizer()
    scaler = tg.amp.GradScaler("cuda", enabled=False)
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    with pytest.warns(UserWarning, match="cuda is not available"):
        context = tg.autocast(device_type="cuda", dtype=tg.float16)
    with context:
        loss = (w * w).sum()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    assert w.grad.tolist() == [2, 4]
    assert (optimizer.steps, scaler.get_scale(), scaler.is_enabled(), scaler.state_dict()) == (1, 1.0, False, {})
    with pytest.warns(UserWarning, match=r"GradScaler is enabled, but there is no GPU\. Disabling\."):
        tg.cuda.amp.GradScaler()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tg.amp.GradScaler(enabled=False)


def test_devices_have_pytorchs_names() -> None:
    assert repr(tg.device("cuda:1")) == "device(type='cuda', index=1)"
    assert tg.device("cpu") == tg.ones(1).device
    assert tg.ones(1).pin_memory().is_cuda is False
    with pytest.raises(RuntimeError, match=r"Invalid device string: 'gpu'"):
        tg.device("gpu")
    with tg.device("cpu"):
        assert tg.zeros(1).device.type == "cpu"
