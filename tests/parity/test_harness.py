"""The parity harness itself: it must see each kind of difference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from .report import check_sample
from .sample import In, Sample, sample, write

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")


class Altered:
    """PyTorch with some names replaced."""

    def __init__(self, **replaced: Any) -> None:
        self.__dict__.update(replaced)

    def __getattr__(self, name: str) -> Any:
        return getattr(torch, name)


X = In(np.array([[0.3, -1.2, 0.7], [1.1, 0.4, -0.6]]))


def differing(one: Sample, **replaced: Any) -> str:
    return " ".join(check_sample(one, "float64", torch, Altered(**replaced)))


def wrong_gradient(x: Any) -> Any:
    """The values of the sine, 1.001 times its gradient."""
    return x.sin() + 0.001 * (x - x.detach()) * x.cos()


def wrong_second_gradient(x: Any) -> Any:
    """The values of the sine and its gradient, but a gradient that is a constant."""
    return x.detach().sin() + (x - x.detach()) * x.detach().cos()


def test_agreement_is_silent() -> None:
    assert differing(sample("lib.sin(x)", X)) == ""
    assert differing(write("x.sin_()", X)) == ""


def test_sees_wrong_values() -> None:
    assert "output[0]: " in differing(sample("lib.sin(x)", X), sin=lambda x: x.sin() + 1e-7)


def test_sees_wrong_dtype() -> None:
    assert "dtype float32" in differing(sample("lib.sin(x)", X), sin=lambda x: x.sin().float())


def test_sees_wrong_shape() -> None:
    assert "shape (1, 2, 3)" in differing(sample("lib.sin(x)", X), sin=lambda x: x.sin()[None])


def test_sees_detached_result() -> None:
    found = differing(sample("lib.sin(x)", X), sin=lambda x: x.detach().sin())
    assert "requires_grad False" in found
    assert "gradient of input 0: none here" in found


def test_sees_wrong_gradient() -> None:
    assert "gradient of input 0" in differing(sample("lib.sin(x)", X), sin=wrong_gradient)


def test_sees_wrong_second_gradient() -> None:
    found = differing(sample("lib.sin(x)", X), sin=wrong_second_gradient)
    assert found.startswith("second gradient of ")


def test_sees_write_that_did_not_happen() -> None:
    assert "output[1]" in differing(write("lib.relu_(x)", X), relu_=torch.relu)


def test_sees_wrong_container() -> None:
    found = differing(sample("lib.unbind(x)", X), unbind=lambda x: list(x.unbind()))
    assert "list, expected tuple" in found


def test_sees_exception() -> None:
    def refuse(x: Any) -> None:
        raise RuntimeError("no such thing")

    assert "raises RuntimeError: no such thing" in differing(sample("lib.sin(x)", X), sin=refuse)


def test_nan_and_infinity_are_compared() -> None:
    bad = In(np.array([0.0, -1.0, np.inf]))
    assert differing(sample("lib.log(x)", bad)) == ""
    assert "output" in differing(sample("lib.log(x)", bad), log=lambda x: x.log().nan_to_num())
