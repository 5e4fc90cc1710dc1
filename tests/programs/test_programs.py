"""Random programs agree with PyTorch: values, flags, gradients, second gradients, refusals.

A failure prints the program's seed; ``python -m tests.programs --seeds SEED --shrink`` its shortest form.
"""

from __future__ import annotations

import importlib

import pytest

from .explained import REASONS
from .found import FOUND
from .generate import generate
from .run import script
from .shrink import differs

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
lib = importlib.import_module("tinygrad_nn")


@pytest.mark.parametrize("name", FOUND)
def test_found(name: str) -> None:
    found = differs(FOUND[name], lib, torch, watch=True) or differs(FOUND[name], lib, torch, watch=False)
    assert found is None, f"{found.kind}: {found.text}"


def test_a_seed_gives_one_program() -> None:
    assert generate(3, torch).lines == generate(3, torch).lines


def test_a_program_stands_alone_as_a_script() -> None:
    text = script(generate(3, torch).lines, "tinygrad_nn")
    compile(text, "program", "exec")
    assert text.startswith("import tinygrad_nn as lib")


def test_reasons_are_sentences() -> None:
    assert all(len(reason) > 40 for reason, _ in REASONS.values())
