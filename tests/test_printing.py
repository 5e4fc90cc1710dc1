"""How tensors print, where the parity suite does not reach: the tape's names, long suffixes, `_repr_`."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg


def test_the_suffix_names_the_operation_as_pytorch_does() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    assert repr(x) == "tensor([1., 2.], requires_grad=True)"
    assert repr(x * 2) == "tensor([2., 4.], grad_fn=<MulBackward0>)"
    assert repr(x.sum()) == "tensor(3., grad_fn=<SumBackward0>)"
    assert repr(x.double()[0]).endswith("Backward0>)")
    assert "dtype=tinygrad_nn.float64" in repr(x.double())


def one_line_suffix(text: str) -> str:
    """The longer name may push the dtype to a line of its own."""
    return re.sub(r",\s+dtype=", ", dtype=", text)


def test_random_tensors_print_as_pytorchs() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    rng = np.random.default_rng(1)
    for _ in range(300):
        shape = tuple(int(n) for n in rng.integers(0, 9, rng.integers(0, 4)))
        values = rng.standard_normal(shape) * 10.0 ** rng.integers(-9, 9)
        values = [values, np.round(values), np.where(rng.random(shape) < 0.2, np.nan, values)][rng.integers(3)]
        kind = ["float32", "float64", "float16"][rng.integers(3)]
        with np.errstate(over="ignore"):
            array = np.asarray(values).astype(kind)
        theirs = repr(torch.tensor(array)).replace("torch.", "tinygrad_nn.")
        assert one_line_suffix(repr(tg.tensor(array))) == one_line_suffix(theirs), array


def test_options_stay_until_they_are_changed(request: pytest.FixtureRequest) -> None:
    request.addfinalizer(lambda: tg.set_printoptions(profile="default"))
    tg.set_printoptions(precision=2)
    assert repr(tg.tensor([1.005, 2.5])) == "tensor([1.00, 2.50])"
    tg.set_printoptions(sci_mode=True)
    assert repr(tg.tensor([1.5])) == "tensor([1.50e+00])"
    with pytest.raises(ValueError, match=r"(?s)unknown profile.*default, short or full"):
        tg.set_printoptions(profile="tiny")


@pytest.mark.parametrize(("value", "spec", "text"), [(2.5, ".3f", "2.500"), (3, "05d", "00003"), (2.5, "", "2.5")])
def test_a_scalar_tensor_takes_a_format(value: Any, spec: str, text: str) -> None:
    assert format(tg.tensor(value), spec) == text


def test_a_tensor_with_elements_takes_no_format() -> None:
    with pytest.raises(TypeError, match="unsupported format string"):
        format(tg.ones(2), ".3f")


def test_named_results_print_each_part_on_lines_of_its_own() -> None:
    found = tg.tensor([[3.0, 1.0], [2.0, 5.0]]).sort()
    assert repr(found) == (
        "ValuesIndices(\nvalues=tensor([[1., 3.],\n        [2., 5.]]),\nindices=tensor([[1, 0],\n        [0, 1]]))"
    )
