"""The page of a training run in a real browser: the slider, keys, tabs, touch, themes; no errors, no requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.browsing import needs_chromium, opened
from tinygrad_nn import nn, optim, viz

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright, which drives the browser, is not installed")
pytestmark = needs_chromium


@pytest.fixture(scope="module")
def recorder() -> viz.Recorder:
    """Thirty steps over two classes of points; a ReLU layer dies at the end of them."""
    tg.manual_seed(0)
    x = tg.from_numpy(np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32))
    y = (x[:, 0] * x[:, 1] > 0).long()
    net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 2))
    optimizer = optim.Adam(net.parameters(), lr=0.05)
    made = viz.Recorder(net, (x, y), optimizer=optimizer, loss=nn.CrossEntropyLoss(), classes=["odd", "even"],
                        every=3, share=1e9)  # fmt: skip
    for step in range(30):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        if step == 26:
            with tg.no_grad():
                net[0].bias.fill_(-90.0)
        made.step(loss=loss, accuracy=0.5 + step / 100)
    return made


@pytest.fixture(scope="module")
def file(recorder: viz.Recorder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its page."""
    return recorder.page(tmp_path_factory.mktemp("run") / "run.html")


@pytest.fixture
def page(browser: Any, file: Path) -> Iterator[Any]:
    """The page, opened; whatever it says to the console, throws or asks for fails the test."""
    yield from opened(browser, file)


def number_after(word: str, text: str) -> float:
    found = re.search(rf"{word} ([−\d.e]+)", text)
    assert found is not None, text
    return float(found[1].replace("−", "-"))


def pixels(tab: Any, selector: str) -> Any:
    """What a canvas shows, scaled to (120, 120, 4)."""
    script = """(s) => {
        const small = document.createElement("canvas"), context = small.getContext("2d", { willReadFrequently: true });
        small.width = small.height = 120;
        context.drawImage(document.querySelector(s), 0, 0, 120, 120);
        return Array.from(context.getImageData(0, 0, 120, 120).data);
    }"""
    return np.array(tab.evaluate(script, selector)).reshape(120, 120, 4)


# -- the slider ----------------------------------------------------------------------------------


def test_it_opens_at_the_end_and_keys_go_through_the_moments(page: Any, recorder: viz.Recorder) -> None:
    assert page.inner_text("#count") == "30 / 30"
    page.keyboard.press("Home")
    assert page.inner_text("#count") == "0 / 30"
    assert "loss" not in page.inner_text("#caption")  # none was known before the first step
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert page.inner_text("#count") == "3 / 30"
    loss = recorder.curves["loss"]
    assert number_after("loss", page.inner_text("#caption")) == pytest.approx(
        loss.values[loss.steps.index(3)], rel=1e-3
    )
    page.keyboard.press("End")
    assert page.inner_text("#count") == "30 / 30"
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#count") == "30 / 30"


def test_slider_buttons_and_play(page: Any) -> None:
    page.locator("#slider").fill("2")
    assert page.inner_text("#count") == "6 / 30"
    page.click("#next")
    page.click("#back")
    page.click("#back")
    assert page.inner_text("#count") == "3 / 30"
    page.clock.install()  # from here on, time passes when the test says so
    page.click("#slider")
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    assert "Pause" in page.inner_text("#play")
    assert page.inner_text("#count") == "0 / 30"
    page.clock.run_for(500)
    assert page.inner_text("#count") == "3 / 30"
    page.click("#play")
    assert "Play" in page.inner_text("#play")
    page.clock.run_for(5000)
    assert page.inner_text("#count") == "3 / 30"
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.click("#play")
    page.clock.run_for(500)
    assert page.inner_text("#count") == "30 / 30"
    page.clock.run_for(500)
    assert "Play" in page.inner_text("#play")  # it stops at the end


def test_a_click_on_a_curve_goes_to_that_moment(page: Any) -> None:
    box = page.locator(".plot svg").first.bounding_box()
    page.mouse.click(box["x"] + 46 + 0.5 * (box["width"] - 54), box["y"] + 60)
    assert page.inner_text("#count") == "15 / 30"


# -- what is shown -------------------------------------------------------------------------------


def test_the_regions_change_with_the_moment_and_show_the_points(page: Any, recorder: viz.Recorder) -> None:
    page.locator("#slider").fill("8")  # step 24, before the layer dies
    late = pixels(page, ".stage canvas")
    share = recorder.film().looks[8]
    assert share is not None
    assert page.inner_text('[aria-label="The regions of the classes"] .now') == f"{100 * share['right']:.1f} % right"
    page.keyboard.press("Home")
    early = pixels(page, ".stage canvas")
    assert (late != early).any(2).mean() > 0.2
    assert page.inner_text(".names").split() == ["odd", "even"]
    blue = (np.abs(early[..., :3] - [0, 114, 178]).sum(2) < 40).sum()
    assert blue > 20  # the points of the first class


def test_curves_have_a_cursor_and_the_values_there(page: Any) -> None:
    page.locator("#slider").fill("3")
    first = page.locator(".plot .cursor").first.get_attribute("x1")
    assert page.inner_text(".plot .key >> nth=1") == "accuracy 58.0 %"
    page.keyboard.press("ArrowRight")
    assert float(page.locator(".plot .cursor").first.get_attribute("x1")) > float(first)
    assert page.locator(".plot path.line").count() == 3  # loss, accuracy, lr


def test_the_doctor_speaks_of_the_moment(page: Any) -> None:
    doctor = '[aria-label="The doctor"]'
    assert "dead ReLU" in page.inner_text(f"{doctor} .finding.present")
    assert page.locator(f"{doctor} .when i").count() >= 11
    page.keyboard.press("Home")
    assert "Nothing to complain about at step 0" in page.inner_text(doctor)
    assert page.locator(f"{doctor} .finding.present").count() == 0


def test_tabs_show_weights_gradients_activations_and_updates(page: Any) -> None:
    names = {"Weights": 4, "Gradients": 4, "Activations": 3}
    for tab, count in names.items():
        page.click(f'.tabs button:has-text("{tab}")')
        assert page.locator(".row").count() == count
        assert page.locator('.tabs button[aria-selected="true"]').inner_text() == tab
    page.click('.tabs button:has-text("Weights")')
    heat = pixels(page, ".row .heat canvas")
    assert len(np.unique(heat.reshape(-1, 4), axis=0)) > 5
    left = page.locator(".needle").first.evaluate("(e) => parseFloat(e.style.left)")
    page.keyboard.press("Home")
    assert page.locator(".needle").first.evaluate("(e) => parseFloat(e.style.left)") < left
    page.click('.tabs button:has-text("Updates")')
    assert page.locator('[aria-label="Over time"] path.line').count() == 4


# -- looks ---------------------------------------------------------------------------------------


def test_light_dark_and_large_type(page: Any) -> None:
    def paper() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    light, before = paper(), pixels(page, ".stage canvas")
    page.keyboard.press("d")
    assert paper() != light
    assert (pixels(page, ".stage canvas") != before).any()  # what is pale is dark now
    size = page.evaluate("getComputedStyle(document.getElementById('caption')).fontSize")
    page.click("#large")
    grown = page.evaluate("getComputedStyle(document.getElementById('caption')).fontSize")
    assert float(grown[:-2]) > 1.3 * float(size[:-2])
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#keys").is_visible()


def test_small_touch_screens_and_the_system_s_dark_mode(browser: Any, file: Path) -> None:
    for tab in opened(browser, file, color_scheme="dark", has_touch=True):
        assert tab.evaluate("document.documentElement.dataset.theme") == "dark"
        tab.set_viewport_size({"width": 400, "height": 780})
        tab.locator("#first").tap()
        tab.locator("#next").tap()
        assert tab.inner_text("#count") == "3 / 30"
        assert tab.evaluate("document.documentElement.scrollWidth") <= 400
        assert tab.evaluate("document.getElementById('cards').scrollWidth") <= 400
        tab.locator('.tabs button:has-text("Gradients")').tap()
        assert tab.locator(".row").count() == 4


# -- every kind of scene, and what must not happen -----------------------------------------------


def trained(net: nn.Module, steps: int = 3, **options: Any) -> viz.Recorder:
    """A recorder that has seen weights change a little."""
    made = viz.Recorder(net, every=1, share=1e9, **options)
    for _ in range(steps):
        with tg.no_grad():
            for p in net.parameters():
                p.add_(0.1)
        made.step(loss=1.0)
    return made


def scenes() -> dict[str, viz.Recorder]:
    tg.manual_seed(0)
    rng = np.random.default_rng(0)
    x2 = tg.from_numpy(rng.normal(size=(40, 2)).astype(np.float32))
    x1, images = tg.linspace(-1, 1, 30).reshape(-1, 1), tg.from_numpy(rng.random((20, 64)).astype(np.float32))
    coordinates = tg.from_numpy(np.stack(np.meshgrid(np.arange(7.0), np.arange(9.0)), -1).reshape(-1, 2).astype(np.float32))  # fmt: skip
    return {
        "surface": trained(nn.Linear(2, 1), data=(x2, x2.sum(1))),
        "line": trained(nn.Linear(1, 1), data=(x1, x1 * x1)),
        "grey": trained(nn.Linear(2, 1), picture=lambda net: net(coordinates).reshape(9, 7)),
        "colour": trained(nn.Linear(2, 3), picture=lambda net: net(coordinates).sigmoid().reshape(9, 7, 3)),
        "samples": trained(nn.Linear(64, 3), data=(images, tg.arange(20) % 3)),
        "scatter": trained(nn.Linear(5, 1), data=(tg.randn(30, 5), tg.randn(30))),
        "nothing": trained(nn.Linear(2, 2)),
    }


@pytest.mark.parametrize("name", ["surface", "line", "grey", "colour", "samples", "scatter", "nothing"])
def test_every_kind_of_picture_is_drawn_and_changes(browser: Any, tmp_path: Path, name: str) -> None:
    file = scenes()[name].page(tmp_path / "run.html")
    for tab in opened(browser, file):
        seen = []
        for key in ("Home", "End"):
            tab.keyboard.press(key)
            first = tab.locator(".stack").first
            canvases = tab.evaluate("[...document.querySelectorAll('.stage canvas')].map((c) => c.toDataURL()).join()")
            seen.append(first.inner_html() + canvases)
        assert seen[0] != seen[1]
        expected = {"surface": ".stage canvas", "line": ".plot path.line", "grey": ".stage canvas",
                    "colour": ".stage canvas", "samples": ".sample canvas", "scatter": ".plot circle",
                    "nothing": ".plot path.line"}  # fmt: skip
        assert tab.locator(expected[name]).count() >= 1


def test_markup_in_names_is_text(browser: Any, tmp_path: Path) -> None:
    nasty = "</script><img src=x onerror=\"document.title='broken'\">"
    net = nn.Module()
    net.inner = nn.Linear(2, 2)
    net.inner.register_parameter("<b>&'\"", nn.Parameter(tg.ones(2)))
    recorder = viz.Recorder(net, every=1, classes=[nasty, nasty])
    recorder.step({nasty: 1.0})
    file = recorder.page(tmp_path / "run.html", title=nasty)
    for tab in opened(browser, file):
        assert tab.title() == nasty
        assert tab.inner_text("#title") == nasty
        assert tab.locator("img").count() == 0
        assert nasty in tab.inner_text(".plot .key")
        assert "inner.<b>&'\"" in tab.inner_text('[aria-label="Over time"]')


def test_nan_and_infinity_survive(browser: Any, tmp_path: Path) -> None:
    net = nn.Linear(2, 2)
    x, y = tg.randn(20, 2), tg.arange(20) % 2
    recorder = viz.Recorder(net, (x, y), every=1, share=1e9)
    for loss in (1.0, float("inf"), 0.5, float("nan")):
        with tg.no_grad():
            net.weight.fill_(loss)
        recorder.step(loss=loss)
    file = recorder.page(tmp_path / "run.html")
    for tab in opened(browser, file):
        assert "loss NaN" in tab.inner_text("#caption")
        assert tab.locator(".plot .lost").count() == 2
        assert "4 not finite" in tab.inner_text(".row .bad")
        tab.keyboard.press("ArrowLeft")
        tab.keyboard.press("ArrowLeft")
        assert "loss Inf" in tab.inner_text("#caption")
