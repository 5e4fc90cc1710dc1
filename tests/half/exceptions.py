"""Where a 16-bit result may differ from PyTorch's, or be further from the exact one, and why.

The keys are `operation: sample`, as in tests/parity/exceptions.py (whose exceptions hold here as well).
"""

from __future__ import annotations

from tests.parity.exceptions import EXCEPTIONS as PARITY

REFUSED = (
    "linear algebra is refused in 16 bits here as there; PyTorch lets matrices without elements pass, before it looks"
)
EMPTY_MATRICES = ("linalg.det", "linalg.eigh", "linalg.eigvalsh", "linalg.solve", "linalg.svd")
"""Operations of which every difference is of that kind."""

EXCEPTIONS = {
    **PARITY,
    "pow: x.pow_(y) | x=real(2,3) step, y=real()": (
        "the exponent's gradient is a sum of six terms of both signs, of a result that was rounded, here and there; "
        "PyTorch's errors happen to cancel"
    ),
}

TIMES = {"Transformer": 5.0, "TransformerDecoder": 2.5, "TransformerEncoder": 2.5, "LSTM": 2.5}
"""How many times PyTorch's error a network of many layers may have in one tensor of three or four elements.

Dozens of roundings add up there, in another order; over 60 draws of the inputs the root mean square of all
gradients' errors is 0.93 to 1.03 times PyTorch's.
"""
