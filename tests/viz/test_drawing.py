"""DOT text against golden files, pictures in every format, and names that could break them."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.viz.nets import Deep, classifier
from tinygrad_nn import nn, viz
from tinygrad_nn.viz import render as rendering
from tinygrad_nn.viz.palette import OKABE_ITO, gradient_colour, gradient_range

GOLDEN = Path(__file__).parent / "golden"
NASTY = 'a"b<script>alert(1)</script>&\\N\\n{|}\n</text>]]>'


# -- golden files --------------------------------------------------------------------------------


def drawings() -> dict[str, Any]:
    """Every kind of picture, of computations that are the same each time."""
    net, x, target = classifier(np.float64)  # four digits are the same on every machine

    def loss(x: Any) -> Any:
        return nn.functional.cross_entropy(net(x), target)

    w = tg.tensor(3.0, requires_grad=True)
    small = nn.Sequential(nn.Linear(2, 1), nn.Tanh())
    for p in small.parameters():
        p.data = tg.full(p.shape, 0.5)
    one = tg.tensor([[1.0, -2.0]])
    return {
        "plain": viz.graph((w * w + 2 * w).tanh()),
        "values": viz.graph(loss, x, params=net, values=True, gradients=True, dtypes=True, bytes=True),
        "backward": viz.graph(loss, x, params=net, direction="backward", gradients=True, rankdir="LR"),
        "both": viz.graph(loss, x, params=net, direction="both", color="gradient"),
        "modules": viz.graph(net, x, zoom="modules"),
        "depth": viz.graph(net, x, depth=1, legend=True),
        "rolled": viz.graph(Deep(12), tg.ones(2, 3)),
        "scalars": viz.graph(small, one, zoom="scalars"),
        "network": viz.network(net),
        "activations": viz.network(net, x, max_neurons=4),
    }


@pytest.mark.parametrize("name", list(drawings()))
def test_dot_and_text_are_as_they_were(name: str, request: pytest.FixtureRequest) -> None:
    drawn = drawings()[name]
    for suffix, text in ((".dot", drawn.source), (".txt", drawn.text)):
        path = GOLDEN / (name + suffix)
        text = text.rstrip("\n") + "\n"
        if request.config.getoption("--update-golden"):
            path.write_text(text, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == text, (
            f"{path.name} changed: pytest --update-golden, then look at the diff"
        )


def test_dot_is_the_same_in_another_process() -> None:
    code = "from tests.viz.test_drawing import drawings; print(''.join(d.source for d in drawings().values()), end='')"
    runs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True,
                       env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": "."},
                       cwd=GOLDEN.parents[2]).stdout for seed in ("1", "2")
    }  # fmt: skip
    assert runs == {"".join(d.source for d in drawings().values()).encode()}


# -- formats -------------------------------------------------------------------------------------


def drawn() -> viz.Graph:
    w = tg.tensor(3.0, requires_grad=True)
    return viz.graph(w * w)


@pytest.mark.parametrize(
    "name, start",
    [
        ("a.svg", b"<?xml"),
        ("a.png", b"\x89PNG"),
        ("a.pdf", b"%PDF"),
        ("a.dot", b"digraph"),
        ("a.txt", "graph\n└─ #1 mul".encode()),
    ],
)
def test_each_format_is_written(tmp_path: Path, name: str, start: bytes) -> None:
    path = drawn().save_as(tmp_path / "new" / name)
    assert path.read_bytes().startswith(start)
    assert [p.name for p in path.parent.iterdir()] == [name]  # nothing temporary is left


def test_a_notebook_is_shown_the_svg() -> None:
    assert "<svg" in drawn()._repr_svg_()
    shown = drawn()._repr_mimebundle_()
    assert list(shown) == ["image/svg+xml"]


def test_svg_says_what_the_boxes_say() -> None:
    svg = ElementTree.fromstring(viz.graph(lambda: tg.ones(2, 3) * 2, values=True, dtypes=True).pipe("svg"))
    words = {" ".join("".join(text.itertext()).split()) for text in svg.iter("{http://www.w3.org/2000/svg}text")}
    assert {"input", "mul", "2 × 3 float32"} <= words


def test_an_unknown_ending_and_an_unwritable_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"(?s)ending says what to draw.*got: .*a\.doc.*\.svg"):
        drawn().save_as(tmp_path / "a.doc")
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"(?s)viz: cannot write a\.dot: .*got: the folder .*file"):
        drawn().save_as(tmp_path / "file" / "a.dot")
    (tmp_path / "b.dot").mkdir()
    with pytest.raises(OSError, match=r"viz: cannot write b\.dot: it is a folder"):
        drawn().save_as(tmp_path / "b.dot")
    with pytest.raises(ValueError, match=r"(?s)cannot be drawn.*got: 'bmp'"):
        rendering.render("digraph {}", "bmp")


def test_without_any_graphviz_one_line_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering.shutil, "which", lambda name: None)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(ImportError) as caught:
        drawn().pipe("svg")
    assert str(caught.value).count("\n") == 0
    assert 'pip install "tinygrad_nn[viz]"' in str(caught.value)
    assert drawn().text.startswith("graph")  # text and DOT need none
    assert drawn().source.startswith("digraph")


def test_the_program_dot_is_preferred_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "dot"
    fake.write_text('#!/bin/sh\ncat > /dev/null\nprintf \'drawn by %s %s\' "$1" "$2"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert rendering.render("digraph {}", "svg") == b"drawn by -Kdot -Tsvg"


# -- names, and numbers that are none ------------------------------------------------------------


def test_names_that_could_break_dot_or_svg_are_only_text() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(2, 2)

        def forward(self, x: Any) -> Any:
            return self.inner(x)

    Odd.__name__ = NASTY
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    net = Odd()
    picture = viz.graph(lambda: (net(w) * w).sum(), params={NASTY: w})
    svg = picture.pipe("svg", encoding="utf-8")
    root = ElementTree.fromstring(svg)
    assert "<script" not in svg
    words = "".join("".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text"))
    assert 'a"b<script>alert(1)</script>&\\N\\n{|} </text>]]>' in words
    assert len([g for g in root.iter("{http://www.w3.org/2000/svg}g") if g.get("class") == "node"]) == len(
        picture.view_.boxes
    )


def test_not_a_number_and_infinity_are_named() -> None:
    x = tg.tensor([0.0, -1.0, 2.0, 3.0, 4.0], requires_grad=True)
    picture = viz.graph(lambda: x.log().sum(), values=True, gradients=True, color="gradient")
    assert "1 NaN, 1 Inf" in picture.source
    assert picture.pipe("svg").startswith(b"<?xml")
    assert "NaN" in picture.text


def test_empty_tensors_are_drawn() -> None:
    picture = viz.graph(
        lambda: tg.ones(0, 3, requires_grad=True) * 2, values=True, gradients=True, color="gradient", bytes=True
    )
    assert "0 × 3" in picture.source
    assert "0 B" in picture.source


# -- colour --------------------------------------------------------------------------------------


def lightness(colour: str) -> float:
    """CIE L* of an sRGB colour (IEC 61966-2-1, CIE 15)."""
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    y = float(np.dot(linear, [0.2126, 0.7152, 0.0722]))
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def test_larger_gradients_are_darker_evenly_and_their_text_can_be_read() -> None:
    low, high = gradient_range([1e-4, 1.0, 0.0, float("nan")])
    assert (low, high) == (pytest.approx(-4), 0)
    steps = [gradient_colour(10.0**e, low, high) for e in np.linspace(-4, 0, 21)]
    light = [lightness(fill) for fill, _ in steps]
    assert all(np.diff(light) < 0)
    for fill, ink in steps:
        a, b = sorted(((c / 100 + 0.16) / 1.16) ** 3 for c in (lightness(fill), lightness(ink)))
        assert (b + 0.05) / (a + 0.05) >= 4.5, (fill, ink)  # WCAG 2 level AA


def test_the_palette_is_okabe_and_itos() -> None:
    assert list(OKABE_ITO.values()) == [
        "#000000",
        "#E69F00",
        "#56B4E9",
        "#009E73",
        "#F0E442",
        "#0072B2",
        "#D55E00",
        "#CC79A7",
    ]


# -- in words ------------------------------------------------------------------------------------


def test_in_a_terminal_a_graph_is_its_tree() -> None:
    w = tg.tensor(3.0, requires_grad=True)
    assert repr(viz.graph(lambda: w * w)) == "graph\n└─ #1 mul ← w  (scalar)"


def test_a_recording_lists_its_operations_with_module_shape_and_line() -> None:
    net, x, _ = classifier()
    with viz.record() as tape:
        out = net(x).sum()
    assert out.ndim == 0
    first, linear, *_, last = str(tape).splitlines()
    assert first == "<Recording of 4 operations and 0 backward passes>"
    assert linear.split()[:5] == ["linear", "5", "×", "6", "encoder.0"]
    assert last.startswith("sum")
    assert "test_drawing.py:" in last
    assert tape._repr_html_().count("<tr>") == 5


def test_a_long_recording_is_cut_short() -> None:
    with viz.record() as tape:
        x = tg.ones(1)
        for _ in range(150):
            x = x + 1
    assert str(tape).splitlines()[-1].startswith("and ")
    assert len(str(tape).splitlines()) == 102


def test_remarks_about_fonts_are_left_out_and_all_else_is_passed_on(capfd: pytest.CaptureFixture[str]) -> None:
    with rendering._without_font_remarks():
        os.write(2, b"Fontconfig warning: line 6\nsomething else\n")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "something else\nafter\n"


def test_drawing_says_nothing_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    assert b"<svg" in rendering.render("digraph { a [label=<<b>x</b>> fontname=Nowhere] }")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "name", ["<x>a</x>", "<<>>", "<b", "a\ud800b", "\\N", "a\nb", "\x00", "]]>", "&amp;", "\\", "é", "{|}", "a" * 5000]
)
def test_any_name_can_be_drawn(name: str, tmp_path: Path) -> None:
    """A name that looks like Graphviz's own HTML, or that no file can hold, is a name like any other."""
    x = tg.ones(2, requires_grad=True)
    viz.graph((x * 2).sum(), params={name: x}).save_as(tmp_path / "graph.svg")
    ElementTree.parse(tmp_path / "graph.svg")
    viz.page((x * 2).sum(), tmp_path / "page.html", params={name: x}, title=name)
    assert (tmp_path / "page.html").read_text(encoding="utf-8").rstrip().endswith("</html>")
