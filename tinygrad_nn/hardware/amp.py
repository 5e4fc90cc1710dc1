"""Mixed precision: on the CPU every operation keeps the dtype of its tensors, so these change nothing."""

from __future__ import annotations

import warnings
from contextlib import ContextDecorator
from types import TracebackType
from typing import Any

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]


class autocast(ContextDecorator):  # noqa: N801 - PyTorch's name
    """A context, or decorator, in which PyTorch would choose lower precision; here dtypes stay as they are.

    >>> import tinygrad_nn as tg
    >>> with tg.autocast(device_type="cuda", dtype=tg.float16):
    ...     (tg.ones(2) * 2).dtype
    tinygrad_nn.float32
    """

    def __init__(
        self, device_type: str = "cuda", dtype: object = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        self.device, self.dtype, self.enabled = device_type, dtype, enabled

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: TracebackType | None) -> None:
        return None


def is_autocast_available(device_type: str) -> bool:
    """False: no operation changes its dtype."""
    return False


class GradScaler:
    """Scales losses against underflow in float16. There is no such arithmetic here: losses pass as they are.

    Enabled it warns, as PyTorch does without a GPU, and disables itself.

    >>> import tinygrad_nn as tg
    >>> tg.amp.GradScaler(enabled=False).scale(tg.tensor(2.0))
    tensor(2.)
    """

    def __init__(
        self, device: str = "cuda", init_scale: float = 65536.0, growth_factor: float = 2.0,
        backoff_factor: float = 0.5,        growth_interval: int = 2000, enabled: bool = True,
    ) -> None:  # fmt: skip
        if enabled:
            warnings.warn("GradScaler is enabled, but there is no GPU. Disabling.", UserWarning, stacklevel=2)

    def scale(self, outputs: Any) -> Any:
        """The losses as they are."""
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """Nothing: gradients are not scaled."""

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """`optimizer.step()`."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: object = None) -> None:
        """Nothing."""

    def get_scale(self) -> float:
        """1.0."""
        return 1.0

    def is_enabled(self) -> bool:
        """False."""
        return False

    def state_dict(self) -> dict[str, Any]:
        """Nothing to save."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Nothing to load."""


def custom_fwd(fwd: Any = None, **_: Any) -> Any:
    """The function as it is: there is no autocast to prepare for."""
    return (lambda function: function) if fwd is None else fwd


def custom_bwd(bwd: Any = None, **_: Any) -> Any:
    """The function as it is: there is no autocast to prepare for."""
    return (lambda function: function) if bwd is None else bwd
