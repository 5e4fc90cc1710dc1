"""Mixed precision: products in 16 bits, what needs more in float32, and a loss scaled against underflow.

`autocast("cpu")` works as in PyTorch: the functions of its lists cast their operands (`functions.autocast`
says which, and how). There is no GPU here, so `autocast("cuda")` warns and changes nothing, as PyTorch does
on such a machine; the same holds for `GradScaler("cuda")`, while `GradScaler("cpu")` scales.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial, wraps
from types import TracebackType
from typing import Any, TypeVar

from tinygrad_nn.dtypes import as_dtype, bfloat16, float16, wanted_dtype
from tinygrad_nn.errors import ArgumentError, AutogradError, DTypeError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.functions.autocast import RUNNING, _as, target
from tinygrad_nn.hardware.scaler import GradScaler
from tinygrad_nn.tape import local

__all__ = [
    "GradScaler",
    "autocast",
    "custom_bwd",
    "custom_fwd",
    "get_autocast_dtype",
    "is_autocast_available",
    "is_autocast_enabled",
]

F = TypeVar("F", bound=Callable[..., Any])

_DEFAULTS = {"cpu": bfloat16, "cuda": float16, "mps": float16, "xpu": float16}


class autocast:  # noqa: N801 - PyTorch's name
    """A context, or decorator, in which products and convolutions run in lower precision, and losses in float32.

    device_type:   "cpu"; for a device that is not here it warns and changes nothing
    dtype:         bfloat16 (the CPU's default) or float16; another one warns and changes nothing
    enabled:       False switches casting off inside
    cache_enabled: accepted; casts are not kept, since that would change no result

    Contexts nest, belong to the running thread, and end under exceptions too. Parameters stay float32, and so
    do their gradients. float64 is never cast. Raises ValueError for a `device_type` that is not a name, RuntimeError
    for one that does not exist.

    >>> import tinygrad_nn as tg
    >>> x, w = tg.ones(2, 3), tg.ones(4, 3, requires_grad=True)
    >>> with tg.autocast("cpu"):
    ...     y = tg.nn.functional.linear(x, w)
    ...     loss = tg.nn.functional.mse_loss(y, tg.zeros(2, 4))
    >>> y.dtype, loss.dtype
    (tinygrad_nn.bfloat16, tinygrad_nn.float32)
    >>> loss.backward()
    >>> w.grad.dtype
    tinygrad_nn.float32
    """

    @switches
    def __init__(
        self, device_type: str, dtype: object = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        if not isinstance(device_type, str):
            raise ArgumentError(
                message(f"Expected `device_type` of type `str`, got: `{type(device_type)}`", fix='autocast("cpu")')
            )
        if device_type not in _DEFAULTS:
            raise AutogradError(
                message(f"User specified an unsupported autocast device_type '{device_type}'", fix='autocast("cpu")')
            )
        self.device = device_type
        self.fast_dtype = _DEFAULTS[device_type] if dtype is None else wanted_dtype(dtype)
        if enabled and device_type != "cpu":
            warnings.warn(f"{device_type} is not available. Disabling autocast.", UserWarning, stacklevel=2)
            enabled = False
        elif enabled and self.fast_dtype not in (bfloat16, float16):
            warnings.warn(
                "In CPU autocast, but the target dtype is not supported. Disabling autocast.\n"
                "CPU Autocast only supports dtypes of bfloat16, float16 currently.",
                UserWarning,
                stacklevel=2,
            )
            enabled = False
        self._enabled = enabled
        self._before: list[Any] = []

    def __enter__(self) -> autocast:
        self._before.append(local.mode.autocast)
        if self.device == "cpu":
            local.mode.autocast = self.fast_dtype.dtype if self._enabled else None
        RUNNING.append(self)
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: TracebackType | None) -> None:
        RUNNING.remove(self)
        local.mode.autocast = self._before.pop()

    def __call__(self, function: F) -> F:
        """The function, which runs in this context."""
        if not callable(function):
            raise DTypeError(
                message(
                    f"autocast()(func) requires a callable, but got {type(function).__name__}",
                    fix="with autocast(...): output = model(input)",
                )
            )

        @wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return inside  # type: ignore[return-value]


def is_autocast_available(device_type: str) -> bool:
    """Whether `autocast` knows the device: "cpu", and the accelerators for which it warns.

    >>> is_autocast_available("cpu"), is_autocast_available("meta")
    (True, False)
    """
    return device_type in _DEFAULTS


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether the running thread's autocast casts, on a device.

    >>> import tinygrad_nn as tg
    >>> with tg.autocast("cpu"):
    ...     tg.is_autocast_enabled("cpu"), tg.is_autocast_enabled("cuda")
    (True, False)
    """
    return device_type == "cpu" and target() is not None


def get_autocast_dtype(device_type: str) -> Any:
    """The type to which autocast casts on a device, or would.

    >>> import tinygrad_nn as tg
    >>> tg.get_autocast_dtype("cpu")
    tinygrad_nn.bfloat16
    """
    if device_type not in _DEFAULTS:
        raise AutogradError(message(f"unsupported autocast device_type '{device_type}'", fix='"cpu"'))
    kind = target() if device_type == "cpu" else None
    return _DEFAULTS[device_type] if kind is None else as_dtype(kind)


def custom_fwd(fwd: Any = None, *, device_type: str = "cuda", cast_inputs: object = None) -> Any:
    """Decorates the forward of an `autograd.Function` for autocast on `device_type`.

    cast_inputs: while autocast runs, floating tensors come in this type, and nothing is cast inside. Without
    it the forward runs as the code around it, and a backward with `custom_bwd` runs in the same state.

    >>> import tinygrad_nn as tg
    >>> class Product(tg.autograd.Function):
    ...     @staticmethod
    ...     @tg.amp.custom_fwd(device_type="cpu", cast_inputs=tg.float32)
    ...     def forward(ctx, a, b):
    ...         return a @ b
    >>> with tg.autocast("cpu"):
    ...     Product.apply(tg.ones(2, 2), tg.ones(2, 2)).dtype
    tinygrad_nn.float32
    """
    if fwd is None:
        return partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @wraps(fwd)
    def forward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        running = is_autocast_enabled(device_type)
        ctx._autocast = get_autocast_dtype(device_type) if running and cast_inputs is None else None
        if cast_inputs is None or not running:
            return fwd(ctx, *args, **kwargs)
        kind = wanted_dtype(cast_inputs).dtype
        with autocast(device_type, enabled=False):
            return fwd(ctx, *[_as(a, kind) for a in args], **{name: _as(a, kind) for name, a in kwargs.items()})

    return forward


def custom_bwd(bwd: Any = None, *, device_type: str = "cuda") -> Any:
    """Decorates the backward of an `autograd.Function` whose forward has `custom_fwd`: it runs in the same state.

    >>> custom_bwd(device_type="cpu").keywords
    {'device_type': 'cpu'}
    """
    if bwd is None:
        return partial(custom_bwd, device_type=device_type)

    @wraps(bwd)
    def backward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        kind = getattr(ctx, "_autocast", None)
        if device_type != "cpu":
            return bwd(ctx, *args, **kwargs)
        with autocast(device_type, kind, enabled=kind is not None):
            return bwd(ctx, *args, **kwargs)

    return backward
