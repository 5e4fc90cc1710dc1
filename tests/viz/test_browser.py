"""The page in a real browser: stepping, closing modules, clicking, keys, touch; no errors, no requests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tinygrad_nn as tg
from tests.browsing import needs_chromium, opened
from tests.viz.nets import classifier
from tinygrad_nn import nn, viz

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright, which drives the browser, is not installed")
pytestmark = needs_chromium


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier's page; the hidden layer is used twice, so that gradients add."""
    net, x, target = classifier()
    with viz.record() as tape:
        h = net.encoder(x)
        loss = nn.functional.cross_entropy(net.head(h * h + h), target)
    assert tape.entries
    return viz.page(loss, tmp_path_factory.mktemp("page") / "graph.html", params=net)


@pytest.fixture
def page(browser: Any, file: Path) -> Iterator[Any]:
    """The page, opened; whatever it says to the console, throws or asks for fails the test."""
    yield from opened(browser, file)


def box(tab: Any, name: str) -> Any:
    return tab.locator(f'.box[aria-label="{name}"]')


def caption(tab: Any) -> str:
    return str(tab.inner_text("#caption"))


def classes(element: Any) -> set[str]:
    return set(element.get_attribute("class").split())


# -- stepping ------------------------------------------------------------------------------------


def test_steps_go_forward_through_the_operations_and_then_backward(page: Any) -> None:
    total = int(page.get_attribute("#slider", "max"))
    seen = []
    for _ in range(total):
        page.keyboard.press("ArrowRight")
        current = page.locator(".current-forward.box, .current-backward.box")
        assert current.count() == 1
        seen.append(("back " if "current-backward" in classes(current) else "") + current.get_attribute("aria-label"))
    assert seen == ["linear", "tanh", "mul", "add", "linear", "class_indices", "cross_entropy",
                    "back cross_entropy", "back linear", "back add", "back mul", "back tanh",
                    "back linear"]  # fmt: skip
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#count") == f"{total} / {total}"


def test_what_has_not_run_yet_is_faint_and_values_appear_as_they_are_made(page: Any) -> None:
    assert page.locator(".box.ahead").count() == 0
    page.keyboard.press("ArrowRight")
    assert "ahead" in classes(box(page, "tanh"))
    assert box(page, "tanh").locator(".second").text_content() == "5 × 6"
    page.keyboard.press("ArrowRight")
    assert "ahead" not in classes(box(page, "tanh"))
    assert box(page, "tanh").locator(".second").text_content().startswith("= ")
    page.keyboard.press("ArrowLeft")
    assert "ahead" in classes(box(page, "tanh"))


def test_the_backward_caption_shows_the_product_and_the_gradients_that_add(page: Any) -> None:
    page.keyboard.press("End")
    for _ in range(2):
        page.keyboard.press("ArrowLeft")  # at mul
    words = caption(page)
    assert "Backward" in words
    assert "g · y" in words
    assert words.count("+=") == 2  # after the share that add gave
    assert "share 2 of 3" in words
    assert "share 3 of 3" in words
    assert page.locator("#caption .product .frac").count() >= 4
    assert box(page, "tanh").locator(".badge").get_attribute("display") == "inline"
    assert box(page, "tanh").locator(".badge text").text_content() == "+3"
    page.keyboard.press("ArrowLeft")
    assert box(page, "tanh").locator(".badge").get_attribute("display") == "none"  # one share alone adds to nothing
    assert page.locator(".arrow.has-gradient").count() > 0


def test_the_slider_the_buttons_and_play_step_too(page: Any) -> None:
    page.locator("#slider").fill("3")
    assert page.inner_text("#count").startswith("3 /")
    page.click("#next")
    page.click("#next")
    page.click("#back")
    assert page.inner_text("#count").startswith("4 /")
    page.click("#last")
    assert page.inner_text("#count") == "13 / 13"
    page.click("#first")
    assert page.inner_text("#count").startswith("0 /")
    page.clock.install()  # from here on, time passes when the test says so
    page.click("#play")
    page.clock.run_for(1200)
    assert page.inner_text("#count") == "1 / 13"
    page.click("#play")
    assert "Play" in page.inner_text("#play")
    page.keyboard.press("Home")
    page.keyboard.press("End")
    assert page.inner_text("#count") == "13 / 13"


# -- clicking ------------------------------------------------------------------------------------


def test_a_click_shows_value_gradient_formula_module_and_line(page: Any) -> None:
    box(page, "tanh").click()
    panel = page.inner_text("#panel")
    assert "encoder › 1" in panel.replace("Sequential › 1", "encoder › 1")
    assert "out = tanh x" in panel
    assert "g · (1 − out²)" in panel
    assert "test_browser.py" in panel
    assert "h = net.encoder(x)" in panel
    assert "3 shares added" in panel.lower()
    for part in ("value", "gradient"):
        assert page.locator(f"#panel .{part} table tr").count() == 5
        assert page.locator(f"#panel .{part} .histogram rect").count() == 24
        assert page.locator(f"#panel .{part} canvas").count() == 1
    assert "selected" in classes(box(page, "tanh"))
    page.locator("#panel .link").first.click()
    assert "selected" not in classes(box(page, "tanh"))
    page.keyboard.press("Escape")
    assert page.locator(".box.selected").count() == 0


def test_a_click_on_nothing_and_the_close_button_end_the_selection(page: Any) -> None:
    box(page, "tanh").click()
    page.mouse.click(12, 120)
    assert page.locator(".box.selected").count() == 0
    box(page, "add").click()
    page.click("#panel .close")
    assert page.locator(".box.selected").count() == 0


def test_the_keyboard_reaches_and_opens_boxes(page: Any) -> None:
    box(page, "mul").focus()
    page.keyboard.press("Enter")
    assert "selected" in classes(box(page, "mul"))
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "mul"
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#count").startswith("1 /")


# -- modules -------------------------------------------------------------------------------------


def test_modules_close_and_open(page: Any) -> None:
    before = page.locator(".box").count()
    frames = page.locator(".frame").count()
    page.locator(".frame", has_text="0  Linear").locator(".grip").first.click()
    assert page.locator(".box").count() == before - 2  # weight, bias and the operation are one box
    assert page.locator(".frame").count() == frames - 1
    closed = box(page, "0")
    assert closed.locator(".second").text_content() == "1 operation"
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert "current-forward" in classes(closed)  # the step shows where it happens
    closed.click()
    assert page.locator(".box").count() == before
    page.keyboard.press("c")
    assert page.locator(".frame").count() == 0
    assert page.inner_text("#fold") == "Open modules"
    page.click("#fold")
    assert page.locator(".frame").count() == frames


def test_closing_leaves_no_gap_and_no_overlap(page: Any) -> None:
    tall = page.evaluate("document.querySelector('#graph > g').getBBox().height")
    page.keyboard.press("c")
    assert page.evaluate("document.querySelector('#graph > g').getBBox().height") < tall
    places = page.evaluate(
        "[...document.querySelectorAll('.box > rect')].map((r) => r.getBBox())"
        ".map((b) => [b.x, b.y, b.x + b.width, b.y + b.height])"
    )
    down = sorted((top, bottom) for _, top, _, bottom in places)
    reached = [max(bottom for _, bottom in down[: k + 1]) for k in range(len(down))]
    assert max(top - end for (top, _), end in zip(down[1:], reached)) <= 34.5  # what stood between has closed up
    for k, a in enumerate(places):
        for b in places[k + 1 :]:
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


# -- searching, looking --------------------------------------------------------------------------


def test_search_marks_what_it_finds(page: Any) -> None:
    page.keyboard.press("/")
    page.keyboard.type("weight")
    assert page.inner_text("#found") == "2 found"
    assert page.locator(".box.matched").count() == 2
    page.keyboard.press("Enter")
    assert page.locator(".box.selected").count() == 1
    page.fill("#search", "no such thing")
    assert page.inner_text("#found") == "0 found"
    page.fill("#search", "")
    assert page.locator(".box.matched").count() == 0


def test_wheel_keys_and_dragging_move_the_view(page: Any) -> None:
    def view() -> str:
        return str(page.get_attribute("#graph > g", "transform"))

    start = view()
    page.mouse.move(300, 300)
    page.mouse.wheel(0, -240)
    page.wait_for_function(
        "(before) => document.querySelector('#graph > g').getAttribute('transform') !== before", arg=start
    )
    zoomed = view()
    page.mouse.down()
    page.mouse.move(360, 340, steps=4)
    page.mouse.up()
    assert view() != zoomed
    assert page.locator(".box.selected").count() == 0  # a drag is no click
    page.keyboard.press("0")
    assert view() == start
    page.keyboard.press("+")
    assert view() != start


def test_light_dark_and_large_type(page: Any) -> None:
    def paper() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    light = paper()
    page.keyboard.press("d")
    assert paper() != light
    size = page.evaluate("getComputedStyle(document.getElementById('caption')).fontSize")
    page.click("#large")
    assert float(page.evaluate("getComputedStyle(document.getElementById('caption')).fontSize")[:-2]) > 1.3 * float(
        size[:-2]
    )
    assert page.get_attribute("#large", "aria-pressed") == "true"
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#keys").is_visible()


def test_the_system_s_dark_mode_is_followed_and_small_touch_screens_work(browser: Any, file: Path) -> None:
    for tab in opened(browser, file, color_scheme="dark", has_touch=True):
        assert tab.evaluate("document.documentElement.dataset.theme") == "dark"
        tab.set_viewport_size({"width": 420, "height": 780})
        tab.locator("#fit").tap()
        box(tab, "tanh").tap()
        assert "out = tanh x" in tab.inner_text("#panel")
        tab.locator("#next").tap()
        assert tab.inner_text("#count").startswith("1 /")
        assert tab.evaluate("document.documentElement.scrollWidth") <= 420


# -- what must not happen ------------------------------------------------------------------------


def test_markup_in_names_is_text(browser: Any, tmp_path: Path) -> None:
    nasty = "</script><img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>"
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    file = viz.page((w * w).sum(), tmp_path / "a.html", params={nasty: w}, title=nasty)
    for tab in opened(browser, file):
        assert tab.title() == nasty
        assert tab.inner_text("#title") == nasty
        tab.locator(".box").first.click()
        for _ in range(4):
            tab.keyboard.press("ArrowRight")
        assert tab.locator("img").count() == 0
        assert nasty[:20] in caption(tab)


def test_the_page_of_an_error_opens_at_the_failure(browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "crash.html"
    with pytest.raises(RuntimeError, match="in_features"), viz.on_error(file, quiet=True):
        classifier()[0](tg.ones(2, 7))
    for tab in opened(browser, file):
        assert "Failed" in caption(tab)
        assert "in_features=4" in caption(tab)
        red = tab.evaluate("getComputedStyle(document.querySelector('.box.failed rect')).stroke")
        assert red == "rgb(196, 82, 0)"
        assert "current-forward" in classes(tab.locator(".box.failed"))


def test_nan_and_scalars_are_shown(browser: Any, tmp_path: Path) -> None:
    x = tg.tensor([-1.0, 1.0], requires_grad=True)
    file = viz.page(lambda: (x.log() * 2).sum(), tmp_path / "a.html", zoom="scalars")
    for tab in opened(browser, file):
        box(tab, "log").first.click()
        assert "NaN" in tab.inner_text("#panel")
        tab.keyboard.press("End")
        assert tab.locator(".second.has-gradient").count() > 3
