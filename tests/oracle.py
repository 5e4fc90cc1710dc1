"""PyTorch as the oracle of random streams: where its own numbers have the last bits that we promise."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["assert_same_draws", "promised_bits"]


def promised_bits(torch: Any) -> bool:
    """Whether PyTorch runs its AVX2 or AVX-512 kernels; its plain ones draw numbers of other last bits."""
    return bool(torch.backends.cpu.get_cpu_capability().startswith("AVX"))


def assert_same_draws(torch: Any, ours: Any, theirs: Any, name: str = "") -> None:
    """Equal arrays; to the last digits of float32, where PyTorch's kernels are not those."""
    if promised_bits(torch):
        np.testing.assert_array_equal(ours, theirs, err_msg=name)
    else:
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-6, err_msg=name)
