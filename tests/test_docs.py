"""What the README and the documentation show is run, and what it prints is what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tinygrad_nn
from tinygrad_nn.primitive import REGISTRY

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "walkthrough").glob("*.md")),
]
RUN_WHOLE = {"README.md", "docs/index.md", "docs/differences.md"}
"""Pages whose blocks without a prompt are run, too; elsewhere they quote the sources."""

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(text: str) -> Iterator[tuple[int, str]]:
    """The line at which each Python block begins, and its text."""
    for found in BLOCK.finditer(text):
        yield text.count("\n", 0, found.start(1)), found.group(1)


def run_page(page: Path, names: dict[str, Any], *, whole: bool) -> tuple[int, list[str]]:
    """How many blocks ran, and what was wrong."""
    problems: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    ran = 0
    for line, block in blocks(page.read_text(encoding="utf-8")):
        if ">>> " in block:
            test = doctest.DocTestParser().get_doctest(block, names, page.name, str(page), line)
            runner.run(test, out=problems.append, clear_globs=False)
            names.update(test.globs)
            ran += 1
        elif whole:
            exec(compile("\n" * line + block, str(page), "exec"), names)
            ran += 1
    return ran, problems


@pytest.fixture
def registry_is_restored() -> Iterator[None]:
    """A page may define a primitive."""
    before = set(REGISTRY)
    yield
    for name in set(REGISTRY) - before:
        del REGISTRY[name]


@pytest.mark.usefixtures("registry_is_restored")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_what_a_page_shows_is_what_happens(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    whole = page.relative_to(ROOT).as_posix() in RUN_WHOLE
    _, problems = run_page(page, {"__name__": page.stem}, whole=whole)
    assert not problems, "\n".join(problems)


def test_pages_have_blocks_that_run_and_a_wrong_one_is_found(tmp_path: Path) -> None:
    page = tmp_path / "index.md"
    page.write_text("text\n\n```python\nx = 2\n```\n\n```python\n>>> x + 1\n3\n>>> x + 2\n5\n```\n", encoding="utf-8")
    ran, problems = run_page(page, {}, whole=True)
    assert ran == 2
    assert "Expected:\n    5\nGot:\n    4\n" in "".join(problems)
    assert "line 10" in "".join(problems)


# -- the reference leaves nothing out ------------------------------------------------------------

ENTRY = re.compile(r"^```\{reference\} (\S+)\n(?::from: (.*)\n)?```$", re.MULTILINE)
ENTRIES = [
    (namespace, homes.split())
    for path in sorted((ROOT / "docs" / "api").glob("*.md"))
    for namespace, homes in ENTRY.findall(path.read_text(encoding="utf-8"))
]
SHOWN_ELSEWHERE = {
    "complaint": "errors",
    "creation": "tinygrad_nn", "dtypes": "tinygrad_nn", "functions": "tinygrad_nn", "generator": "tinygrad_nn",
    "placement": "tinygrad_nn", "serialization": "tinygrad_nn", "settings": "tinygrad_nn", "tensor": "tinygrad_nn",
    "ops": "the table of primitives", "printing": "Tensor's repr", "numpy_protocol": "NumPy's own functions",
    "hardware": "tinygrad_nn", "storage": "Tensor.untyped_storage", "order": "Tensor.stride",
    "versions": "Tensor._version", "flags": "errors",
}  # fmt: skip


@pytest.fixture
def reference(monkeypatch: pytest.MonkeyPatch) -> Any:
    pytest.importorskip("sphinx", reason="Sphinx is not installed")
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "_ext"))
    return importlib.import_module("reference")


def test_every_part_of_the_package_has_its_place_in_the_reference() -> None:
    parts = {found.name for found in pkgutil.iter_modules(tinygrad_nn.__path__)}
    shown = {namespace.split(".")[1] for namespace, _ in ENTRIES if "." in namespace}
    assert parts - shown - set(SHOWN_ELSEWHERE) == set()


def test_every_public_function_has_its_section(reference: Any) -> None:
    sections = [homes for namespace, homes in ENTRIES if namespace == "tinygrad_nn"]
    homes = [
        *(home for section in sections for home in section),
        *(namespace for namespace, _ in ENTRIES if "." in namespace),
    ]
    listed = {name for name, _ in reference.chosen(tinygrad_nn, homes)}
    assert set(reference.public_names(tinygrad_nn)) - listed == set()


@pytest.mark.parametrize(("namespace", "homes"), ENTRIES, ids=lambda value: str(value))
def test_every_entry_names_something(namespace: str, homes: list[str], reference: Any) -> None:
    module = importlib.import_module(namespace)
    for home in homes:
        importlib.import_module(home)
    assert list(reference.chosen(module, homes))
