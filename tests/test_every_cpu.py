"""What docs/accuracy.md promises to have the same bits on every CPU, computed with all that NumPy finds and with the least."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
import tinygrad_nn.nn.functional as F

ROOT = Path(__file__).resolve().parent.parent
ROUNDED = "exp2 expm1 log log2 log10 asin acos sinh cosh erf erfinv"
ARITHMETIC = "sqrt rsqrt reciprocal square floor sign relu"
SAMPLERS = "uniform_ normal_ exponential_ cauchy_ log_normal_ random_ bernoulli_"


def digests() -> dict[str, str]:
    """A hash of the bytes of each result, and of the generator's state at the end."""
    found: dict[str, Any] = {}
    for dtype in (np.float32, np.float64):
        rng = np.random.default_rng(0)
        tg.manual_seed(3)
        x = tg.tensor(rng.random((3000, 10)).astype(dtype))
        y = tg.tensor(rng.standard_normal((3000, 10)).astype(dtype)).requires_grad_()
        places = tg.arange(3000) % 7
        results: dict[str, Any] = {name: getattr(tg, name)(x) for name in ARITHMETIC.split()}
        if dtype is np.float32:
            results |= {name: getattr(tg, name)(x) for name in ROUNDED.split()}
            results |= {"atan2": tg.atan2(y, x), "gelu": F.gelu(y)}
        for dim in (0, 1, (0, 1)):
            results |= {f"{name} {dim}": getattr(y, name)(dim) for name in ("sum", "mean", "var", "std")}
        results |= {
            "x + y": x + y, "x / y": x / y, "x ** 2": x**2, "maximum": tg.maximum(x, y), "remainder": y % x,
            "cumsum": y.cumsum(0), "cumprod": (1 + y / 1000).cumprod(0), "prod": (1 + y / 1000).prod(0),
            "index_add": tg.zeros(7, 10, dtype=y.dtype).index_add(0, places, y),
            "scatter_add": tg.zeros(7, dtype=y.dtype).scatter_add(0, places, y[:, 0]),
            "mse_loss": F.mse_loss(x, y), "sort": y.sort(0)[0], "dropout": F.dropout(x),
            "median": (x * 4).round().median(1)[1],
        }  # fmt: skip
        (F.mse_loss(x, y.relu()) + (x * y.sum(0)).mean()).backward()
        results["gradient"] = y.grad
        results |= {name: getattr(tg.empty(1000, dtype=y.dtype), name)() for name in SAMPLERS.split()}
        results |= {"multinomial": tg.multinomial(x, 3), "poisson": tg.poisson(x * 10), "randperm": tg.randperm(100)}
        results["the generator's state"] = tg.get_rng_state()
        found |= {f"{name}, {np.dtype(dtype)}": value for name, value in results.items()}
    return {
        name: sha256(np.ascontiguousarray(value.detach().numpy()).tobytes()).hexdigest()
        for name, value in found.items()
    }


def levels() -> list[str]:
    """The kinds of instructions that this NumPy has kernels for, beyond the least, and this CPU as well."""
    core = pytest.importorskip("numpy._core._multiarray_umath")
    return [name for name in core.__cpu_dispatch__ if core.__cpu_features__.get(name)]


def test_the_promised_bits_are_those_of_the_least_cpu() -> None:
    if not levels():
        pytest.skip("this CPU has nothing beyond the least")
    run = subprocess.run(
        [sys.executable, "-c", "import json; from tests.test_every_cpu import digests; print(json.dumps(digests()))"],
        capture_output=True, text=True, check=True, cwd=ROOT,
        env={**os.environ, "NPY_DISABLE_CPU_FEATURES": " ".join(levels())},
    )  # fmt: skip
    least, here = json.loads(run.stdout.splitlines()[-1]), digests()
    assert [name for name, digest in here.items() if least[name] != digest] == []
