"""Every public name below ``nn`` exists where PyTorch has it: function, method, in-place method."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

from .names import AUTOGRAD, SECTIONS, TENSOR_NAMES, sampled_as
from .samples import OPERATIONS, samples_of

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
lib = importlib.import_module("tinygrad_nn")

OWN = {"__array_ufunc__", "__array_function__"}
"""NumPy's protocols, beyond what PyTorch has."""


def has(root: Any, dotted: str) -> bool:
    for part in dotted.split("."):
        if not hasattr(root, part):
            return False
        root = getattr(root, part)
    return True


def missing_of(name: str) -> list[str]:
    """Where PyTorch has the name and this project has not."""
    absent = [name] if has(torch, name) and not has(lib, name) else []
    for method in (name, f"{name}_"):
        if hasattr(torch.Tensor, method) and not hasattr(lib.Tensor, method):
            absent.append(f"Tensor.{method}")
    return absent


@pytest.mark.parametrize("section", SECTIONS)
def test_section_is_whole(section: str) -> None:
    names = SECTIONS[section]
    unknown = [one for one in names if not has(torch, one) and not hasattr(torch.Tensor, one)]
    assert not unknown, f"PyTorch has no such names: {unknown}"
    missing = [absent for name in names for absent in missing_of(name)]
    assert not missing, f"{len(missing)} names of {section} are missing: {' '.join(missing)}"


def test_operators_and_autograd_methods_exist() -> None:
    missing = [one for one in TENSOR_NAMES if not hasattr(lib.Tensor, one)]
    foreign = [one for one in TENSOR_NAMES if not hasattr(torch.Tensor, one) and one not in OWN]
    assert not foreign
    assert not missing, f"missing on Tensor: {' '.join(missing)}"


def test_autograd_names_exist() -> None:
    importlib.import_module("torch.utils.checkpoint")
    assert all(has(torch, one) for one in AUTOGRAD)
    missing = [one for one in AUTOGRAD if not has(lib, one)]
    assert not missing, f"missing: {' '.join(missing)}"


@pytest.mark.parametrize("section", SECTIONS)
def test_every_name_is_sampled(section: str) -> None:
    bare = [one for one in SECTIONS[section] if sampled_as(section, one) not in OPERATIONS]
    assert not bare, f"no samples of {bare}"


def test_every_operation_has_twenty_samples() -> None:
    few = {op: count for op in OPERATIONS if (count := len(samples_of(op))) < 20}
    assert not few
