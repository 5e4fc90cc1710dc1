"""The page to draw on, in a real browser: real digits drawn again, and the numbers compared with Python's."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from web.app import create_app, network_in
from web.digits import normalise

import tinygrad_nn as tg
from tests.browsing import needs_chromium
from tests.examples.strokes import Point, strokes
from tinygrad_nn import datasets, nn
from tinygrad_nn.interop.json_export import ACTIVATIONS, from_json, to_json

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright, which drives the browser, is not installed")
pytest.importorskip("flask", reason="the server needs Flask")

pytestmark = needs_chromium

WEB = Path(__file__).parents[2] / "examples" / "web"
FILES = ("index.html", "style.css", "network.js", "forward.js", "normalise.js", "digit.js")
STATIC = (WEB / "index.html").as_uri()
Line = list[Point]
SEVEN: list[Line] = [
    [(6.0, 5.0), (13.0, 5.0), (20.0, 5.0), (17.0, 12.0), (14.0, 18.0), (11.0, 24.0)]
]  # in pixels of 28

REPLAY = """(lines) => {
  const pad = document.getElementById("pad"), clear = document.getElementById("clear");
  if (!clear.disabled) clear.click();
  const send = (type, [x, y]) => pad.dispatchEvent(
    new PointerEvent(type, { pointerId: 1, pointerType: "mouse", isPrimary: true, clientX: x, clientY: y, bubbles: true }));
  for (const line of lines) {
    send("pointerdown", line[0]);
    for (const spot of line.slice(1)) send("pointermove", spot);
    send("pointerup", line[line.length - 1]);
  }
  return new Promise((done) => {
    const look = () => (document.getElementById("answer").ariaBusy === "false" ? done(Draw) : setTimeout(look, 2));
    look();
  });
}"""  # pointer 1 is the mouse, which must have been over the page


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The Flask app on a free port of this machine."""
    from werkzeug.serving import make_server

    running = make_server("127.0.0.1", 0, create_app(), threaded=True)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_port}/"
    running.shutdown()
    thread.join(10)


class Page:
    """The page in one tab; whatever it says to the console, throws or asks others for is trouble."""

    def __init__(self, browser: Any, address: str, **context: Any) -> None:
        self.tab = browser.new_context(**{"viewport": {"width": 1100, "height": 900}, **context}).new_page()
        self.trouble: list[str] = []
        own = [address.replace("index.html", "") + name for name in (*FILES, "predict", "")]
        self.tab.on("console", lambda message: self.trouble.append(f"{message.type}: {message.text}"))
        self.tab.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.tab.on("request", lambda r: None if r.url in own or r.url[:5] == "data:" else self.trouble.append(r.url))
        self.tab.goto(address)

    def spots(self, lines: list[Line], scale: float = 1.0, right: float = 0.0, down: float = 0.0) -> list[Line]:
        """Pixels of 28, the paper's side, enlarged and moved: the places on the screen."""
        box = self.tab.locator("#pad").bounding_box()
        side, left, top = box["width"] / 28, box["x"], box["y"]
        return [
            [(left + side * (scale * x + right), top + side * (scale * y + down)) for x, y in line] for line in lines
        ]

    def drawn(self, lines: list[Line], **place: float) -> dict[str, Any]:
        """What the page knows after a drawing with the mouse, pixel by pixel."""
        for first, *rest in self.spots(lines, **place):
            self.tab.mouse.move(*first)
            self.tab.mouse.down()
            for spot in rest:
                self.tab.mouse.move(*spot)
            self.tab.mouse.up()
        return self.known()

    def replayed(self, lines: list[Line], **place: float) -> dict[str, Any]:
        """As `drawn`, on a paper that is cleared first, with the pointer's events sent at once rather than at a hand's pace."""
        known: dict[str, Any] = self.tab.evaluate(REPLAY, self.spots(lines, **place))
        return known

    def known(self) -> dict[str, Any]:
        """{"pixels": 784 numbers, "probabilities": 10 numbers} when the answer is that to the drawing."""
        self.tab.wait_for_selector('#answer[aria-busy="false"]')
        known: dict[str, Any] = self.tab.evaluate("Draw")
        return known

    def digit(self) -> str:
        return str(self.tab.inner_text("#digit"))


@pytest.fixture(scope="module")
def static_page(browser: Any) -> Iterator[Page]:
    page = Page(browser, STATIC)
    yield page
    page.tab.context.close()


@pytest.fixture
def page(static_page: Page) -> Iterator[Page]:
    """The page without a server, its paper clear."""
    static_page.replayed([])
    yield static_page
    assert static_page.trouble == []


@pytest.fixture
def served(browser: Any, server: str) -> Iterator[Page]:
    yield from opened(Page(browser, server))


def opened(page: Page) -> Iterator[Page]:
    yield page
    page.tab.context.close()
    assert page.trouble == []


@pytest.fixture(scope="module")
def model() -> tg.nn.Sequential:
    return from_json(network_in(WEB / "network.js"))


def python_says(model: tg.nn.Sequential, pixels: list[int]) -> NDArray[np.float32]:
    """The ten probabilities of 784 pixels in 0..255."""
    with tg.no_grad():
        x = tg.from_numpy(np.array(pixels, np.float32).reshape(1, 1, 28, 28) / np.float32(255))
        return np.asarray(model(x).numpy()[0])


# -- recognition -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["page", "served"])
@pytest.mark.parametrize("count", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_real_digits_drawn_again_are_recognised_and_the_numbers_are_pythons(
    kind: str, count: int, request: pytest.FixtureRequest, model: tg.nn.Sequential
) -> None:
    try:
        test = datasets.MNIST(train=False, download=False)
    except FileNotFoundError:
        pytest.skip("needs the real MNIST: set TINYGRAD_NN_DATA to its folder")
    page: Page = request.getfixturevalue(kind)
    page.tab.hover("#pad")
    right, apart = 0, 0.0
    for image, label in zip(test.data.numpy()[:count], test.targets.tolist()):
        known = page.replayed(strokes(image))
        right += int(np.argmax(known["probabilities"])) == label
        apart = max(apart, float(abs(python_says(model, known["pixels"]) - known["probabilities"]).max()))
    assert right >= 0.95 * count
    assert apart < 1e-5


def test_a_digit_drawn_with_the_mouse(page: Page, model: tg.nn.Sequential) -> None:
    known = page.drawn(SEVEN)
    assert page.digit() == "7"
    assert "This is a 7" in page.tab.inner_text("#said")
    shares = page.tab.locator("#bars .share").all_inner_texts()
    assert shares[7].endswith(" %")
    assert sum(float(share.strip("> %")) for share in shares) == pytest.approx(100, abs=0.5)  # as rounded
    np.testing.assert_allclose(known["probabilities"], python_says(model, known["pixels"]), rtol=0, atol=1e-5)
    assert sum(known["probabilities"]) == pytest.approx(1)


@pytest.mark.parametrize("scale", [0.25, 0.5, 1.0])
@pytest.mark.parametrize("corner", [(0, 0), (1, 0), (0, 1), (1, 1)])
def test_a_seven_is_a_seven_wherever_and_however_small(page: Page, scale: float, corner: tuple[int, int]) -> None:
    page.tab.hover("#pad")
    usual = page.replayed(SEVEN)
    right, down = ((28 * (1 - scale)) * at for at in corner)
    known = page.replayed(SEVEN, scale=scale, right=right, down=down)
    assert page.digit() == "7"
    assert max(abs(a - b) for a, b in zip(known["pixels"], usual["pixels"])) <= 64  # but for the screen's grid


def test_what_the_network_sees_is_as_mnist_made_it(page: Page) -> None:
    page.tab.hover("#pad")
    seen = np.array(page.replayed(SEVEN, scale=0.4, right=3, down=12)["pixels"], float).reshape(28, 28)
    rows, columns = (np.flatnonzero(seen.any(axis)) for axis in (1, 0))
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20  # the box
    assert seen.max() == 255
    assert (seen.sum(1) @ np.arange(28)) / seen.sum() == pytest.approx(14, abs=0.51)  # the centre of mass
    assert (seen.sum(0) @ np.arange(28)) / seen.sum() == pytest.approx(14, abs=0.51)


def test_the_page_and_python_normalise_alike(page: Page) -> None:
    rng = np.random.default_rng(0)
    for height, width in ((28, 28), (60, 90), (200, 31)):
        ink = np.zeros((height, width))
        top, left = rng.integers(0, 10, 2)
        ink[top : top + height // 2, left : left + width // 2] = rng.integers(0, 256, (height // 2, width // 2))
        theirs = page.tab.evaluate(
            "([ink, h, w]) => [...Normalise.digit(ink, w, h)]", [ink.ravel().tolist(), height, width]
        )
        assert abs(np.array(theirs).reshape(28, 28) - normalise(ink).astype(int)).max() <= 1


def test_the_pages_forward_pass_is_pythons_for_every_kind_of_layer(page: Page) -> None:
    tg.manual_seed(0)
    x = tg.randn(1, 2, 9, 9)
    front = [nn.Conv2d(2, 4, (3, 2), stride=2, padding=1, groups=2), nn.MaxPool2d(2, stride=1, padding=1)]
    front += [nn.Conv2d(4, 3, 2, dilation=2), nn.Flatten(), nn.Linear(48, 8)]
    for word, (kind, _) in ACTIVATIONS.items():
        model = nn.Sequential(*front, kind(-1) if "softmax" in word else kind())
        with tg.no_grad():
            expected = model(x).numpy()[0]
        run = "([net, x]) => [...Forward.run(net, Forward.tensor([2, 9, 9], Float64Array.from(x))).at(-1).values]"
        found = page.tab.evaluate(run, [json.loads(to_json(model)), x.flatten().tolist()])
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5, err_msg=word)


# -- the paper -------------------------------------------------------------------------------------


def test_undo_takes_a_stroke_back_and_clear_all(page: Page) -> None:
    assert page.digit() == "?"
    assert page.tab.is_disabled("#undo")
    one = page.drawn(SEVEN)
    page.drawn([[(10.0, 14.0), (20.0, 14.0)]])
    page.tab.click("#undo")
    assert page.known() == one
    page.tab.click("#clear")
    assert page.known() == {"pixels": None, "probabilities": None}
    assert page.digit() == "?"
    assert page.tab.inner_text("#said") == "Nothing drawn yet."


def test_a_dot_is_no_digit(page: Page) -> None:
    assert page.drawn([[(14.0, 14.0)]])["probabilities"] is None


def test_the_keyboard_draws(page: Page) -> None:
    page.tab.focus("#theme")
    page.tab.keyboard.press("Tab")
    assert page.tab.evaluate("document.activeElement.id") == "pad"
    for _ in range(10):
        page.tab.keyboard.press("ArrowUp")
    page.tab.keyboard.press("Space")
    for _ in range(22):
        page.tab.keyboard.press("ArrowDown")
    page.tab.keyboard.press("Space")
    page.known()
    assert page.digit() == "1"
    page.tab.keyboard.press("Escape")
    page.known()
    assert page.digit() == "?"


def test_a_finger_draws_and_does_not_scroll(browser: Any) -> None:
    narrow = {"viewport": {"width": 390, "height": 640}, "has_touch": True, "is_mobile": True}
    for page in opened(Page(browser, STATIC, **narrow)):
        fingers = page.tab.context.new_cdp_session(page.tab)
        for k, (x, y) in enumerate(spots := page.spots(SEVEN)[0]):
            kind = "touchMove" if k else "touchStart"
            fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        assert len(spots) == 6
        fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        page.known()
        assert page.digit() == "7"
        assert page.tab.evaluate("scrollY") == 0
        assert page.tab.evaluate("document.documentElement.scrollWidth <= innerWidth")  # nothing is cut off


def test_light_and_dark(browser: Any) -> None:
    for page in opened(Page(browser, STATIC, color_scheme="dark")):
        ground = "getComputedStyle(document.body).backgroundColor"
        dark = page.tab.evaluate(ground)
        page.tab.click("#theme")
        assert page.tab.evaluate(ground) != dark
        assert page.tab.evaluate("document.documentElement.dataset.theme") == "light"


def test_hidden_activations_are_lit(page: Page) -> None:
    page.drawn(SEVEN)
    assert page.tab.locator("#layers figure").count() == 4  # what it sees, two convolutions, a hidden layer
    lights = page.tab.evaluate(
        "[...document.querySelectorAll('.units i')].map(i => +i.style.getPropertyValue('--light'))"
    )
    assert len(lights) == 64
    assert max(lights) == 1
    maps = page.tab.evaluate(
        "[...document.querySelectorAll('.maps canvas')].map(c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v, k) => k % 4 == 3 && v > 0))"
    )
    assert sum(maps) > len(maps) / 2


def test_a_page_without_its_network_says_what_to_do(browser: Any, tmp_path: Path) -> None:
    for name in FILES:
        if name != "network.js":
            shutil.copy(WEB / name, tmp_path)
    page = Page(browser, (tmp_path / "index.html").as_uri())
    assert "python examples/draw_digit.py writes it" in page.tab.inner_text("#trouble")
    page.tab.context.close()


def test_the_files_are_small() -> None:
    assert sum((WEB / name).stat().st_size for name in FILES) < 300_000


# -- with the server -------------------------------------------------------------------------------


def test_python_answers_the_drawing(served: Page) -> None:
    asked: list[str] = []
    served.tab.on("request", lambda request: asked.append(f"{request.method} {request.url.rsplit('/', 1)[-1]}"))
    served.drawn(SEVEN)
    assert served.digit() == "7"
    assert set(asked) == {"POST predict"}


def test_a_picture_is_opened_and_read(served: Page, tmp_path: Path) -> None:
    served.tab.set_input_files("#file", seven_on_paper(tmp_path / "seven.png"))
    playwright.expect(served.tab.locator("#digit")).not_to_have_text("?")
    served.known()
    assert served.digit() == "7"
    served.tab.click("#clear")
    served.known()
    assert served.digit() == "?"


def test_a_bad_picture_is_refused_with_its_reason(browser: Any, server: str, tmp_path: Path) -> None:
    page = Page(browser, server)
    (tmp_path / "seven.png").write_bytes(b"no picture at all")
    page.tab.set_input_files("#file", tmp_path / "seven.png")
    page.tab.wait_for_selector("#trouble:not([hidden])")
    assert "not a PNG or JPEG picture, or it is broken" in page.tab.inner_text("#trouble")
    page.drawn(SEVEN)
    assert page.tab.is_hidden("#trouble")
    page.tab.context.close()


def seven_on_paper(path: Path) -> Path:
    """A photograph, as it were: dark blue on a paper that is not quite white, off the middle."""
    drawing = pytest.importorskip("PIL.ImageDraw", reason="pictures need Pillow")
    from PIL import Image

    picture = Image.new("RGB", (300, 420), (238, 234, 225))
    drawing.Draw(picture).line([(120, 150), (240, 150), (180, 330)], fill=(30, 40, 110), width=18, joint="curve")
    picture.save(path)
    return path
