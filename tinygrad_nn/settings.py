"""Settings of the computation: threads of matrix products; precision and determinism, which are fixed."""

from __future__ import annotations

import os
from functools import cache
from operator import index as as_index
from typing import Any

from tinygrad_nn.errors import ArgumentError, AutogradError, DTypeError, message

__all__ = [
    "are_deterministic_algorithms_enabled",
    "get_float32_matmul_precision",
    "get_num_interop_threads",
    "get_num_threads",
    "set_float32_matmul_precision",
    "set_num_interop_threads",
    "set_num_threads",
    "use_deterministic_algorithms",
]

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class _Threads:
    """What was asked for; None before the first call."""

    asked: int | None = None
    between: int = 1


def _controller() -> Any:
    """threadpoolctl's hold on the libraries under NumPy; None where it is not installed."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    return ThreadpoolController()


@cache
def _known() -> Any:
    """The same, found once: looking through the loaded libraries takes a millisecond."""
    return _controller()


def set_num_threads(number: int) -> None:
    """Let matrix products run on `number` threads (through threadpoolctl, where it is installed).

    Without it the environment variables are set, which reaches only processes started from here;
    set OMP_NUM_THREADS before the program starts, or: pip install threadpoolctl.
    Raises RuntimeError for less than one thread, TypeError for what is no integer.
    """
    count = _positive(number, "set_num_threads")
    _Threads.asked = count
    for variable in VARIABLES:
        os.environ[variable] = str(count)
    controller = _controller()
    if controller is not None:
        controller.limit(limits=count)


def get_num_threads() -> int:
    """The number of threads of matrix products, as set here, else as the libraries report it."""
    if _Threads.asked is not None:
        return _Threads.asked
    controller = _known()
    pools = [] if controller is None else [pool["num_threads"] for pool in controller.info()]
    return max(pools, default=0) or int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)


def set_num_interop_threads(number: int) -> None:
    """Noted only: operations run one after the other."""
    _Threads.between = _positive(number, "set_num_interop_threads")


def get_num_interop_threads() -> int:
    """The number that `set_num_interop_threads` noted."""
    return _Threads.between


def _positive(number: Any, name: str) -> int:
    try:
        if isinstance(number, bool):
            raise TypeError
        count = as_index(number)
    except TypeError:
        raise DTypeError(message(f"{name}: expects an int", got=repr(number))) from None
    if count < 1:
        raise AutogradError(message(f"{name}: expects a positive integer", got=count))
    return count


def set_float32_matmul_precision(precision: str) -> None:
    """Accepted and without effect: products of float32 are exact to float32. ValueError for an unknown word."""
    if precision not in ("highest", "high", "medium"):
        raise ArgumentError(
            message(
                "set_float32_matmul_precision: unknown precision", got=repr(precision), fix="highest, high or medium"
            )
        )


def get_float32_matmul_precision() -> str:
    """highest: products of float32 are exact to float32."""
    return "highest"


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Accepted and without effect: equal calls give equal numbers always."""


def are_deterministic_algorithms_enabled() -> bool:
    """True."""
    return True
