"""Curves while training runs: in terminals, pipes, notebooks and PNG files; and as text."""

from __future__ import annotations

import io
import sys
import types
from pathlib import Path
from typing import Any

import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn, optim, train, viz
from tinygrad_nn.viz import live as module
from tinygrad_nn.viz.chart import chart
from tinygrad_nn.viz.live import Live
from tinygrad_nn.viz.snapshots import Series

pytest.importorskip("matplotlib", reason="matplotlib, which draws, is not installed")


def series(*values: float) -> Series:
    made = Series()
    for step, value in enumerate(values, 1):
        made.add(step, value)
    return made


class Terminal(io.StringIO):
    """A stream that somebody watches."""

    def isatty(self) -> bool:
        return True


# -- as text -------------------------------------------------------------------------------------


def dots(text: str) -> list[str]:
    """The drawn rows alone."""
    return [line.split("┤")[-1].split("│")[-1] for line in text.splitlines() if "┤" in line or "│" in line]


def height(text: str, column: int) -> float:
    """The mean row of the dots in one column of cells, 0 at the top, in dots."""
    bits = {0: 0x01 | 0x08, 1: 0x02 | 0x10, 2: 0x04 | 0x20, 3: 0x40 | 0x80}
    rows = [4 * k + r for k, row in enumerate(dots(text)) for r, bit in bits.items() if ord(row[column]) - 0x2800 & bit]
    return sum(rows) / len(rows)


def test_a_falling_line_falls_evenly() -> None:
    text = chart({"loss": series(*range(100, 0, -1))}, columns=20, rows=6)
    heights = [height(text, column) for column in range(20)]
    expected = [23 * (2 * column + 0.5) / 39 for column in range(20)]  # two dots a column, 24 dots down
    assert heights == pytest.approx(expected, abs=1.01)
    assert text.splitlines()[0].split() == ["loss", "1"]
    assert "100 ┤" in text


def test_one_value_constant_values_and_values_that_are_not_finite() -> None:
    assert len(dots(chart({"a": series(2.0)}))) == 6
    assert len(set(dots(chart({"a": series(2.0, 2.0, 2.0)}, rows=2)))) == 2
    text = chart({"a": series(1.0, float("nan"), 2.0, float("inf"))}, columns=10)
    assert text.count("!") == 2
    assert text.splitlines()[0].split() == ["a", "Inf"]
    assert "!" in chart({"a": series(float("nan"))})


def test_a_recorder_and_its_notebook_form_show_the_curves() -> None:
    recorder = viz.Recorder(nn.Linear(2, 2), share=1e9)
    assert str(recorder) == repr(recorder)
    for step in range(5):
        recorder.step({"<b>loss</b>": 5.0 - step})
    assert "<b>loss</b>  1" in str(recorder)
    shown = recorder._repr_html_()
    assert "<svg" in shown
    assert "<b>" not in shown
    assert "Recorder of Linear, step 5" in shown


# -- where it is shown ---------------------------------------------------------------------------


def test_a_terminal_is_written_over_in_place() -> None:
    terminal = Terminal()
    live = Live(stream=terminal)
    live.show({"loss": series(3.0, 2.0)}, "Net, step 2")
    first = terminal.getvalue()
    lines = first.count("\n")
    live.show({"loss": series(3.0, 2.0, 1.0)}, "Net, step 3")
    second = terminal.getvalue()[len(first) :]
    assert not first.startswith("\x1b[2F")
    assert second.startswith(f"\x1b[{lines}F")
    assert second.count("\n") == lines
    assert "Net, step 3" in second


def test_a_pipe_gets_a_line_each_time_and_no_control_characters() -> None:
    pipe = io.StringIO()
    live = Live(stream=pipe)
    live.show({"loss": series(3.0, 2.5), "validation loss": series(4.0)}, "Net, step 2")
    assert pipe.getvalue() == "Net, step 2: loss 2.5, validation loss 4\n"


def test_a_notebook_s_display_is_updated(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[str, str]] = []

    class Handle:
        def update(self, thing: Any) -> None:
            shown.append(("update", thing))

    def display(thing: Any, display_id: bool) -> Handle:
        shown.append(("display", thing))
        return Handle()

    fake = types.ModuleType("IPython.display")
    fake.HTML, fake.display = str, display  # type: ignore[attr-defined]
    parent = types.ModuleType("IPython")
    parent.get_ipython, parent.version_info = lambda: None, (8, 0)  # type: ignore[attr-defined]  # matplotlib asks
    monkeypatch.setitem(sys.modules, "IPython", parent)
    monkeypatch.setitem(sys.modules, "IPython.display", fake)
    monkeypatch.setattr(module, "in_notebook", lambda: True)
    live = Live()
    live.show({"loss": series(2.0, 1.0)}, "a")
    live.show({"loss": series(2.0, 1.0, 0.5)}, "b")
    assert [kind for kind, _ in shown] == ["display", "update"]
    assert "<svg" in shown[1][1]


def test_a_png_is_drawn_again_and_left_complete(tmp_path: Path) -> None:
    net = nn.Linear(2, 1)
    recorder = viz.Recorder(net, live=tmp_path / "out" / "curves.png", share=1e9)
    for step in range(3):
        recorder.step(loss=1.0 / (step + 1))
    recorder.finish()
    assert (tmp_path / "out" / "curves.png").read_bytes()[:4] == b"\x89PNG"
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["curves.png"]


def test_fit_shows_the_curves_and_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    x = tg.randn(40, 2)
    net = nn.Linear(2, 2)
    recorder = viz.Recorder(net, live=True)
    train.fit(net, (x, (x[:, 0] > 0).long()), nn.CrossEntropyLoss(), optim.SGD(net.parameters(), lr=0.1), epochs=2,
              callbacks=[recorder])  # fmt: skip
    text = terminal.getvalue()
    assert "Linear, step 4, epoch 2" in text
    assert "┤" in text
    assert "batch" not in text  # tqdm's word
