"""The house rules that a reader relies on, checked on the source itself."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeGuard

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "tinygrad_nn"
SOURCES = sorted(PACKAGE.rglob("*.py"))
HEAVY = {
    "IPython", "PIL", "flask", "graphviz", "matplotlib", "ml_dtypes", "mlxtend", "mpi4py", "numba", "onnx",
    "pandas", "pygraphviz", "safetensors", "scipy", "sklearn", "torch", "tqdm",
}  # fmt: skip


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# -- the layers ----------------------------------------------------------------------------------


def test_imports_follow_the_layers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    cli = pytest.importorskip("importlinter.cli", reason="import-linter is not installed")
    monkeypatch.chdir(ROOT)
    failed = cli.lint_imports(no_cache=True)
    assert failed == 0, capsys.readouterr().out


# -- imports inside functions --------------------------------------------------------------------


def late_imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Imports of our own package that wait for a function to be called."""
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    for function in functions:
        for node in ast.walk(function):
            if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").split(".")[0] == "tinygrad_nn"):
                yield node.lineno, node.module or "."
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name.split(".")[0] == "tinygrad_nn":
                        yield node.lineno, alias.name


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_import_of_our_own_waits_inside_a_function(path: Path) -> None:
    assert list(late_imports(ast.parse(path.read_text(encoding="utf-8")))) == []


def test_a_late_import_would_be_found() -> None:
    tree = ast.parse(
        "def f():\n    if True:\n        from tinygrad_nn.tensor import Tensor\n    import tinygrad_nn.nn as nn\n"
    )
    assert sorted(late_imports(tree)) == [(3, "tinygrad_nn.tensor"), (4, "tinygrad_nn.nn")]
    assert list(late_imports(ast.parse("import tinygrad_nn\ndef f():\n    import matplotlib\n"))) == []


# -- what a class can do stands in its body ------------------------------------------------------


def is_call_of_setattr(node: ast.AST) -> TypeGuard[ast.Call]:
    return (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "setattr" and bool(node.args)
    )


def foreign_assignments(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Attributes set, by `=` or `setattr`, on a class that this file imports rather than defines."""
    foreign = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if (alias.asname or alias.name)[:1].isupper()
    }

    def is_foreign(value: ast.expr) -> bool:
        if isinstance(value, ast.Attribute):  # module.Class
            return isinstance(value.value, ast.Name) and value.attr[:1].isupper() and value.value.id != "self"
        return isinstance(value, ast.Name) and value.id in foreign

    for node in ast.walk(tree):
        targets: list[Any] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            targets = [node.target]
        elif is_call_of_setattr(node) and is_foreign(node.args[0]):
            yield node.lineno, ast.unparse(node.args[0])
        for target in targets:
            for leaf in ast.walk(target):
                if isinstance(leaf, ast.Attribute) and is_foreign(leaf.value):
                    yield node.lineno, ast.unparse(leaf)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_class_is_patched_from_another_file(path: Path) -> None:
    assert list(foreign_assignments(ast.parse(path.read_text(encoding="utf-8")))) == []


def test_a_patched_class_would_be_found() -> None:
    tree = ast.parse(
        "from tinygrad_nn.tensor import Tensor\n"
        "from tinygrad_nn import tensor\n"
        "Tensor.relu = 1\n"
        "setattr(Tensor, 'relu', 1)\n"
        "tensor.Tensor.relu = 1\n"
        "class Own: pass\n"
        "Own.table = {}\n"
        "x.shape = 1\n"
    )
    assert sorted(line for line, _ in foreign_assignments(tree)) == [3, 4, 5]


# -- what an import costs ------------------------------------------------------------------------


def run(code: str) -> str:
    """What a fresh interpreter prints."""
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_import_pulls_in_nothing_heavy() -> None:
    loaded = set(run("import sys, tinygrad_nn; print(*{name.split('.')[0] for name in sys.modules})").split())
    assert "tinygrad_nn" in loaded
    assert loaded & HEAVY == set()


def test_import_needs_no_optional_package() -> None:
    blocked = "import sys; sys.modules.update(dict.fromkeys({!r})); ".format(sorted(HEAVY - {"graphviz", "tqdm"}))
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in SOURCES]
    run(blocked + f"import {', '.join(modules)}")


def test_import_adds_few_modules_to_numpy() -> None:
    """The time itself is measured by `python -m benchmarks --only import`: a count does not depend on the machine."""
    before = "import sys, numpy; before = set(sys.modules); import tinygrad_nn; "
    added = run(before + "print(*[name for name in set(sys.modules) - before if not name.startswith('tinygrad_nn')])")
    assert len(added.split()) <= 100, added


STATE = "(list(warnings.filters), np.geterr(), np.random.get_state()[1].tolist(), random.getstate())"


def test_import_leaves_the_process_as_it_was_but_for_one_filter() -> None:
    """The filter silences NumPy's warnings about values where they arise in our own files."""
    added = run(
        f"import warnings, random, numpy as np; before = {STATE}; import tinygrad_nn; after = {STATE}; "
        "assert before[1:] == after[1:]; print([f for f in after[0] if f not in before[0]])"
    )
    assert added.count("re.compile") == 1
    assert added.count("RuntimeWarning") == 1


def test_numpys_warnings_stay_on_outside_the_package() -> None:
    run(
        "import warnings; warnings.simplefilter('always'); import numpy as np, tinygrad_nn as tg\n"
        "with warnings.catch_warnings(record=True) as seen:\n"
        "    tg.tensor([0.0]).log(), tg.tensor([1.0]) / tg.tensor([0.0]), tg.tensor([1e30]) * 1e30\n"
        "    assert not seen, [str(w.message) for w in seen]\n"
        "    np.log(np.zeros(1))\n"
        "    assert len(seen) == 1\n"
    )
