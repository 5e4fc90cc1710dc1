"""`torch.cuda.amp`: the older names of `amp`, whose signatures do not name the device."""

from __future__ import annotations

from tinygrad_nn.dtypes import float16
from tinygrad_nn.hardware import amp
from tinygrad_nn.hardware.amp import custom_bwd, custom_fwd

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd"]


class autocast(amp.autocast):  # noqa: N801 - PyTorch's name
    """`amp.autocast("cuda")`, for NVIDIA's GPUs: it warns and changes nothing."""

    def __init__(self, enabled: bool = True, dtype: object = float16, cache_enabled: bool = True) -> None:
        super().__init__("cuda", dtype, enabled, cache_enabled)


class GradScaler(amp.GradScaler):
    """`amp.GradScaler("cuda")`."""

    def __init__(
        self, init_scale: float = 65536.0, growth_factor: float = 2.0, backoff_factor: float = 0.5,
        growth_interval: int = 2000, enabled: bool = True,
    ) -> None:  # fmt: skip
        super().__init__("cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled)
