"""Random programs agree with PyTorch: values, flags, gradients, second gradients, refusals.

A failure prints the program's seed; ``python -m tests.programs --seeds SEED --shrink`` its shortest form.
"""

from __future__ import annotations

import importlib
from collections import Counter

import pytest

from .compare import SILENT
from .explained import REASONS, explanation
from .found import FOUND
from .generate import generate
from .report import check
from .run import quiet, script
from .shrink import differs

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
lib = importlib.import_module("tinygrad_nn")

ALLOWED = 0.002
"""The share of programs in which one side refuses what the other accepts, each explained."""


def compare(seeds: range) -> None:
    with quiet(lib), quiet(torch):  # not once for each program
        verdicts = [check(seed, lib, torch) for seed in seeds]
    unexplained = [one for one in verdicts if one.found is not None and one.reason is None]
    lines = [f"seed {one.program.seed}: {one.found.kind}: {one.found.text[:300]}" for one in unexplained if one.found]
    assert not lines, f"{len(lines)} of {len(verdicts)} programs differ:\n" + "\n".join(lines)
    onesided = [one for one in verdicts if one.found is not None and one.found.kind not in SILENT]
    assert len(onesided) <= max(2, ALLOWED * len(verdicts)), Counter(one.reason for one in onesided)


@pytest.mark.parametrize("first", range(0, 500, 100))
def test_programs(first: int) -> None:
    compare(range(first, first + 100))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(500, 4500, 500))
def test_more_programs(first: int) -> None:
    compare(range(first, first + 500))


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


@pytest.mark.parametrize("key", REASONS)
def test_reasons_are_needed(key: str) -> None:
    """Each example still differs, and for its own reason."""
    sentence, _, lines = REASONS[key]
    found = differs(lines, lib, torch, watch=True)
    assert len(sentence) > 40
    assert found is not None, f"{key}: this agrees now, take it out"
    assert explanation(lines, found, lib, torch, True, False) == key
