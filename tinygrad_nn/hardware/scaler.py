"""GradScaler: a loss that is multiplied so that its float16 gradients do not vanish, and a step that undoes it."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, AutogradError, message
from tinygrad_nn.half import widen
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.views import stamp

__all__ = ["GradScaler"]

READY, UNSCALED, STEPPED = "ready", "unscaled", "stepped"


class GradScaler:
    """Scales a loss, takes the scale out of the gradients again, and leaves out the steps that overflowed.

        scaler.scale(loss).backward()
        scaler.step(optimizer)      # gradients / scale; no step if one of them is infinite or NaN
        scaler.update()             # a smaller scale after such a step, a larger one after many good ones

    device:          "cpu"; for "cuda" it warns and disables itself, as PyTorch does without a GPU
    init_scale:      the first scale
    growth_factor:   by which the scale grows after `growth_interval` steps without an overflow; > 1
    backoff_factor:  by which it shrinks after one; < 1
    enabled:         False makes every method pass its argument on, and `step` the optimizer's own

    Raises AssertionError for factors on the wrong side of 1, and where the order of calls is not the above;
    RuntimeError for a second `unscale_` or `step` before `update`; ValueError for float16 gradients (float32
    parameters have float32 gradients, also under autocast).

    Source: Micikevicius et al., "Mixed precision training" (2018).

    >>> import tinygrad_nn as tg
    >>> w = tg.tensor([3.0], requires_grad=True)
    >>> optimizer, scaler = tg.optim.SGD([w], lr=0.5), tg.amp.GradScaler("cpu", init_scale=8.0)
    >>> scaler.scale((w * w).sum()).backward()
    >>> w.grad.item()
    48.0
    >>> scaler.step(optimizer)
    >>> scaler.update()
    >>> w.item()
    0.0
    """

    def __init__(
        self, device: str = "cuda", init_scale: float = 65536.0, growth_factor: float = 2.0,
        backoff_factor: float = 0.5, growth_interval: int = 2000, enabled: bool = True,
    ) -> None:  # fmt: skip
        if enabled and device != "cpu":
            warnings.warn("GradScaler is enabled, but there is no GPU. Disabling.", UserWarning, stacklevel=2)
            enabled = False
        self._device, self._enabled = device, enabled
        if not enabled:
            return
        if growth_factor <= 1.0:
            raise AssertionError(message("GradScaler: The growth factor must be > 1.0.", got=growth_factor))
        if backoff_factor >= 1.0:
            raise AssertionError(message("GradScaler: The backoff factor must be < 1.0.", got=backoff_factor))
        self._init_scale, self._init_growth_tracker = init_scale, 0
        self._scale: np.float32 | None = None  # in float32, as PyTorch's tensor; None before the first `scale`
        self._growth_tracker = 0
        self._growth_factor, self._backoff_factor = growth_factor, backoff_factor
        self._growth_interval = growth_interval
        self._stages: dict[
            int, tuple[str, bool]
        ] = {}  # by id of an optimizer: how far it is, and whether it overflowed

    def scale(self, outputs: Any) -> Any:
        """A loss, or each of several, times the scale. Raises ValueError for what is no tensor."""
        if not self._enabled:
            return outputs
        if self._scale is None:
            self._scale, self._growth_tracker = np.float32(self._init_scale), self._init_growth_tracker
        if type(outputs) in TYPES:
            return outputs * wrap(np.array(self._scale))
        if isinstance(outputs, Iterable):
            scaled = map(self.scale, outputs)
            return type(outputs)(scaled) if isinstance(outputs, (list, tuple)) else scaled
        raise ArgumentError(
            message("outputs must be a Tensor or an iterable of Tensors", got=type(outputs).__name__, fix="scale(loss)")
        )

    def unscale_(self, optimizer: Any) -> None:
        """Divide the optimizer's gradients by the scale, in place: to clip or look at them before `step`."""
        if not self._enabled:
            return
        scale = self._known("unscale_")
        stage, _ = self._stages.get(id(optimizer), (READY, False))
        if stage == UNSCALED:
            raise AutogradError(
                message(
                    "unscale_() has already been called on this optimizer since the last update().",
                    fix="call it once between backward() and step(), and update() after the step",
                )
            )
        if stage == STEPPED:
            raise AutogradError(message("unscale_() is being called after step().", fix="call it before step()"))
        gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        for g in gradients:
            if g.array.dtype == np.float16:
                raise ArgumentError(
                    message(
                        "Attempting to unscale FP16 gradients.",
                        got="a parameter of dtype float16",
                        fix="keep the parameters in float32, and run the forward under autocast",
                    )
                )
        inverse = np.float32(1.0 / np.float64(scale))
        overflowed = False
        for g in gradients:
            overflowed = overflowed or not bool(np.isfinite(widen(g.array)).all())
            np.copyto(g.array, widen(g.array) * g.array.dtype.type(inverse) if g.array.itemsize > 2 else
                      widen(g.array) * inverse, casting="unsafe")  # fmt: skip
            stamp(g, "GradScaler.unscale_")
        if not gradients:
            raise AssertionError(
                message("No inf checks were recorded for this optimizer.", fix="call scale(loss).backward() first")
            )
        self._stages[id(optimizer)] = UNSCALED, overflowed

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """`optimizer.step()` with unscaled gradients; nothing (None) where one of them is infinite or NaN."""
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise AutogradError(
                message(
                    "Closure use is not currently supported if GradScaler is enabled.",
                    fix="call scale(loss).backward() before step(optimizer)",
                )
            )
        self._known("step")
        if self._stages.get(id(optimizer), (READY, False))[0] == STEPPED:
            raise AutogradError(
                message("step() has already been called since the last update().", fix="call update() after each step")
            )
        if id(optimizer) not in self._stages:
            self.unscale_(optimizer)
        overflowed = self._stages[id(optimizer)][1]
        result = None if overflowed else optimizer.step(*args, **kwargs)
        self._stages[id(optimizer)] = STEPPED, overflowed
        return result

    def update(self, new_scale: Any = None) -> None:
        """The scale for the next iteration, once all optimizers have stepped; or a new one by hand (a number, a tensor)."""
        if not self._enabled:
            return
        scale = self._known("update")
        if new_scale is not None:
            if type(new_scale) in TYPES and (new_scale.array.size != 1 or new_scale.requires_grad):
                raise AssertionError(
                    message(
                        "new_scale should be a float or a 1-element tensor with requires_grad=False.",
                        got=f"shape {tuple(new_scale.shape)}, requires_grad={new_scale.requires_grad}",
                    )
                )
            self._scale = np.float32(new_scale.item() if type(new_scale) in TYPES else new_scale)
        else:
            if not self._stages:
                raise AssertionError(
                    message("No inf checks were recorded prior to update.", fix="call step(optimizer) first")
                )
            self._move(scale, any(overflowed for _, overflowed in self._stages.values()))
        self._stages = {}

    def _move(self, scale: np.float32, overflowed: bool) -> None:
        """Back off after an overflow; grow after so many steps without one, unless that is beyond float32."""
        if overflowed:
            self._scale, self._growth_tracker = np.float32(scale * self._backoff_factor), 0
            return
        self._growth_tracker += 1
        if self._growth_tracker == self._growth_interval:
            with np.errstate(over="ignore"):
                grown = np.float32(scale * np.float32(self._growth_factor))
            self._scale = grown if np.isfinite(grown) else scale
            self._growth_tracker = 0

    def _known(self, name: str) -> np.float32:
        """The scale; AssertionError before the first `scale`."""
        if self._scale is None:
            raise AssertionError(
                message(
                    f"Attempted {name} but _scale is None.",
                    fix="call scaler.scale(loss or outputs) earlier in the iteration",
                )
            )
        return self._scale

    def get_scale(self) -> float:
        """The scale; 1.0 if disabled."""
        return 1.0 if not self._enabled else float(self._init_scale if self._scale is None else self._scale)

    def get_growth_factor(self) -> float:
        """By which the scale grows."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Change by which the scale grows."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """By which the scale shrinks."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Change by which the scale shrinks."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """After how many good steps the scale grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Change after how many good steps the scale grows."""
        self._growth_interval = new_interval

    def is_enabled(self) -> bool:
        """Whether it scales."""
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """What PyTorch's has: scale, growth_factor, backoff_factor, growth_interval, _growth_tracker; {} if disabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._init_growth_tracker if self._scale is None else self._growth_tracker,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a `state_dict`; nothing if disabled. Raises RuntimeError for that of a disabled scaler."""
        if not self._enabled:
            return
        if not state_dict:
            raise AutogradError(
                message(
                    "The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler."
                )
            )
        self._init_scale, self._init_growth_tracker = state_dict["scale"], state_dict["_growth_tracker"]
        if self._scale is not None:
            self._scale, self._growth_tracker = np.float32(self._init_scale), self._init_growth_tracker
        self._growth_factor, self._backoff_factor = state_dict["growth_factor"], state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]

    def __getstate__(self) -> dict[str, Any]:
        if self._enabled and self._stages:
            raise AssertionError(
                message(
                    "A GradScaler instance may only be pickled at the beginning of an iteration, or at the end after scaler.update()."
                )
            )
        return dict(self.__dict__)
