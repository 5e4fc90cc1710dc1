"""The gallery: examples are run in their quick form, and the pictures they write are shown.

An example's docstring is plain text. Its copy for the gallery has the first sentence as its title.
"""

from __future__ import annotations

import ast
import os
import shutil
from pathlib import Path
from typing import Any

from docstrings import laid_out
from sphinx_gallery.scrapers import figure_rst

PICTURES = {".gif", ".png", ".svg"}


def prepare(examples: Path, target: Path) -> Path:
    """Copy the examples and what they import to `target`, their docstrings laid out for Sphinx, and return it."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(examples, target, ignore=shutil.ignore_patterns("__pycache__", "runs", "*.md5"))
    for path in sorted(examples.glob("*.py")):
        source = path.read_text(encoding="utf-8")
        node = ast.parse(source).body[0]
        title, *rest = docstring_of(path).splitlines()
        code = "\n".join(source.splitlines()[node.end_lineno :])
        text = "\n".join([title.rstrip("."), "=" * len(title), "", *laid_out(rest)]).replace("\\", "\\\\")
        (target / path.name).write_text(f'"""\n{text}\n"""\n{code}\n', encoding="utf-8")
    return target


def docstring_of(path: Path) -> str:
    """What the script says about itself; an error if it says nothing."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    if not text:
        raise ValueError(f"{path} needs a docstring: its first line is the title of its page")
    return text


class WrittenPictures:
    """The pictures that an example wrote below its folder `runs`, in the order of writing."""

    def __init__(self) -> None:
        self.shown: dict[Path, float] = {}

    def __repr__(self) -> str:
        return "WrittenPictures()"

    def __call__(self, block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
        written = sorted((path.stat().st_mtime, path) for path in (Path.cwd() / "runs").rglob("*"))
        pictures = []
        for moment, path in written:
            if path.suffix in PICTURES and self.shown.get(path) != moment:
                self.shown[path] = moment
                copied = Path(next(block_vars["image_path_iterator"])).with_suffix(path.suffix)
                copied.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, copied)
                pictures.append(os.fspath(copied))
        return str(figure_rst(pictures, gallery_conf["src_dir"])) if pictures else ""


class QuickForm:
    """The command line that each example is run with."""

    def __init__(self, examples: Path) -> None:
        self.examples = examples

    def __repr__(self) -> str:
        return "QuickForm()"

    def __call__(self, gallery_conf: dict[str, Any], script_vars: dict[str, Any]) -> list[str]:
        source = Path(script_vars["src_file"])
        example = self.examples / source.name
        script_vars["example_globals"].update(  # what a script knows of itself, and the gallery takes away
            __doc__=docstring_of(example), __file__=str(source.resolve())
        )
        return ["--quick"]
