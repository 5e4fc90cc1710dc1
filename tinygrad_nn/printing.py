"""How a tensor prints."""

from __future__ import annotations

from typing import Any

import numpy as np


def text(t: Any) -> str:
    """The repr of a tensor, in PyTorch's form."""
    body = np.array2string(t.array, separator=", ", prefix="tensor(", precision=4)
    return f"tensor({body})"
