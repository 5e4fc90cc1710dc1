"""Parameters that are numbers (`alpha`, `value`, ...) may be tensors without dimensions, or NumPy's, as in PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.nn import functional as F

X = np.array([[-1.5, 2.0], [0.5, -0.25]])

CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda x, n: tg.add(x, x, alpha=n),
    "sub": lambda x, n: x.sub(x, alpha=n),
    "add_": lambda x, n: x.clone().add_(x, alpha=n),
    "addcmul": lambda x, n: tg.addcmul(x, x, x, value=n),
    "addcdiv": lambda x, n: x.addcdiv(x, x + 9, value=n),
    "addmm": lambda x, n: tg.addmm(x, x, x, beta=n, alpha=n),
    "baddbmm": lambda x, n: tg.baddbmm(x[None], x[None], x[None], beta=n, alpha=n),
    "lerp": lambda x, n: tg.lerp(x, 2 * x, n),
    "norm": lambda x, n: x.norm(n, dim=0),
    "vector_norm": lambda x, n: tg.linalg.vector_norm(x, n, dim=0),
    "normalize": lambda x, n: F.normalize(x, n),
    "leaky_relu": lambda x, n: F.leaky_relu(x, n),
    "threshold": lambda x, n: F.threshold(x, n, n),
}
EXPECTED: dict[str, Any] = {
    "add": 3 * X,
    "sub": -X,
    "add_": 3 * X,
    "addcmul": X + 2 * X * X,
    "addcdiv": X + 2 * X / (X + 9),
    "addmm": 2 * X + 2 * X @ X,
    "baddbmm": 2 * X[None] + 2 * (X @ X)[None],
    "lerp": 3 * X,
    "norm": np.sqrt((X**2).sum(0)),
    "vector_norm": np.sqrt((X**2).sum(0)),
    "normalize": X / np.sqrt((X**2).sum(1, keepdims=True)),
    "leaky_relu": np.where(X > 0, X, 2 * X),
    "threshold": np.full((2, 2), 2.0),
}
TWO = [
    tg.tensor(2), tg.tensor(2.0), tg.tensor(2.0, dtype=tg.bfloat16), tg.tensor(2, dtype=tg.uint8), np.float32(2), np.int64(2), 2,
]  # fmt: skip


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("name", CALLS)
def test_a_number_may_be_a_tensor_without_dimensions(name: str, kind: str) -> None:
    x = tg.tensor(X, dtype=getattr(tg, kind))
    for two in TWO:
        if name == "lerp" and isinstance(two, tg.Tensor):
            continue  # whose weight is a tensor by right, and takes part in promotion
        y = CALLS[name](x, two)
        assert y.dtype == x.dtype, (two, y.dtype)
        np.testing.assert_allclose(y.double().numpy(), EXPECTED[name], rtol=2e-2 if x.dtype.itemsize == 2 else 1e-6)


@pytest.mark.parametrize("name", [name for name in CALLS if name not in ("norm", "normalize", "lerp")])
@pytest.mark.parametrize("wrong", [tg.tensor([2.0]), tg.tensor(2.0, requires_grad=True), "2", 2j, None])
def test_what_is_no_number_is_refused(name: str, wrong: Any) -> None:
    with pytest.raises(TypeError, match="must be Number, not "):
        CALLS[name](tg.tensor(X), wrong)


def test_where_drops_no_imaginary_part() -> None:
    x = tg.tensor(X)
    for sides in ((x, 1 + 2j), (1 + 2j, x)):
        with pytest.raises(TypeError, match="must be Number, not complex"):
            tg.where(x > 0, *sides)
