"""The page, as a file: what it contains, how large it is, and that nothing in it can run or call out."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import json
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.viz.nets import Deep, classifier
from tinygrad_nn import nn, viz
from tinygrad_nn.primitive import REGISTRY
from tinygrad_nn.viz.formulas import FORMULAS, forward_text, operand_name, rule_text
from tinygrad_nn.viz.picture import facts


def data_of(path: Path) -> dict[str, Any]:
    found = re.search(
        r'<script type="application/json" id="data">(.*?)</script>', path.read_text(encoding="utf-8"), re.S
    )
    assert found is not None
    return json.loads(found[1])  # type: ignore[no-any-return]


def boxes(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {box.get("label") or box["title"]: box for box in data["boxes"]}


def test_a_page_of_a_three_layer_net_is_below_300_kilobytes(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    x, target = tg.rand(64, 784), tg.randint(0, 10, (64,))
    with viz.record() as tape:
        loss = nn.functional.cross_entropy(net(x), target)
        loss.backward()
    path = viz.page(loss, tmp_path / "graph.html")
    assert path.stat().st_size < 300_000
    assert len(tape.entries) > 5
    assert all(box["value"] is not None for box in data_of(path)["boxes"])


def test_a_page_tells_values_gradients_formulas_modules_and_lines(tmp_path: Path) -> None:
    net, x, target = classifier()
    with viz.record() as tape:
        logits = net(x)
        loss = nn.functional.cross_entropy(logits, target)
    data = data_of(viz.page(loss, tmp_path / "a.html"))
    box = boxes(data)["logits"]
    np.testing.assert_allclose(np.array(box["value"]["full"], float), logits.detach().numpy(), rtol=1e-3)
    (gradient,) = tg.autograd.grad(loss, logits)
    np.testing.assert_allclose(np.array(box["gradient"]["full"], float), gradient.numpy(), rtol=1e-3)
    assert box["path"] == "Classifier › head"
    assert box["line"]["file"] == "nets.py"  # the innermost line that is not the package's: the model's own
    assert box["line"]["code"] == "return self.head(self.encoder(x))"
    assert box["forward"] == "x @ weightᵀ + bias"
    assert [(o["as"], o["is"], o["rule"]) for o in box["operands"]] == [
        ("x", "tanh", "g @ weight"), ("weight", "head.weight", "gᵀ @ x"),
        ("bias", "head.bias", "g, added up over the batch"),
    ]  # fmt: skip
    assert sum(boxes(data)["tanh"]["value"]["histogram"]) == 30
    assert tape.number >= 0


def test_the_links_of_an_arrow_are_its_shares(tmp_path: Path) -> None:
    x = tg.tensor(3.0, requires_grad=True)
    data = data_of(viz.page(lambda: x * x + x, tmp_path / "a.html"))
    links = {(a["head"], link["as"]): link["share"] for a in data["arrows"] for link in a["links"]}
    ids = {name: box["id"] for name, box in boxes(data).items()}
    assert links == {(ids["mul"], "x"): "3", (ids["mul"], "y"): "3", (ids["add"], "x"): "1", (ids["add"], "y"): "1"}
    assert boxes(data)["x"]["gradientBrief"] == "7"


def test_a_page_of_a_plain_tensor_shows_what_the_tape_has(tmp_path: Path) -> None:
    x = tg.tensor([0.5, 1.0], requires_grad=True)
    data = data_of(viz.page((x + 1).tanh().sum(), tmp_path / "a.html"))
    found = boxes(data)
    assert found["add"]["value"] is None
    assert found["tanh"]["value"]["full"] == ["0.9051", "0.964"]
    assert found["add"]["gradient"]["full"] == ["0.1807", "0.07065"]


def test_large_graphs_are_folded(tmp_path: Path) -> None:
    data = data_of(viz.page(Deep(600)(tg.ones(1, 3)).sum(), tmp_path / "a.html"))
    assert len(data["boxes"]) < 30
    assert any("× 600" in cluster["kind"] for cluster in data["clusters"])


def test_the_default_name_and_an_unknown_zoom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    x = tg.ones(2, requires_grad=True)
    assert viz.page((x * x).sum()).resolve() == (tmp_path / "graph.html").resolve()
    assert viz.page(lambda t: t * t, x).name == "graph.html"
    with pytest.raises(ValueError, match=r"(?s)zoom.*got: 'modules'"):
        viz.page((x * x).sum(), "a.html", zoom="modules")
    with pytest.raises(RuntimeError, match="no graph to draw"):
        viz.page(tg.ones(2))
    with pytest.raises(OSError, match=r"(?s)cannot write a.html.*got: the folder"):
        viz.page((x * x).sum(), "graph.html/a.html")


# -- nothing runs, nothing is fetched ------------------------------------------------------------


NASTY = "</script><script>alert(1)</script><img src=x onerror=alert(1)>{{script}}\u2028\"'&\\"


class Tags(html.parser.HTMLParser):
    """Collects the elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_names_from_the_user_stay_data(tmp_path: Path) -> None:
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    path = viz.page((w * w).sum(), tmp_path / "a.html", params={NASTY: w}, title=NASTY)
    text = path.read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(text)
    assert [attributes.get("type") for tag, attributes in tags.found if tag == "script"] == ["application/json", None]
    assert "img" not in [tag for tag, _ in tags.found]
    assert not any(name.startswith("on") for _, attributes in tags.found for name in attributes)
    data = data_of(path)
    assert data["title"] == NASTY
    assert NASTY in [box.get("name") for box in data["boxes"]]


def test_the_policy_allows_this_script_alone_and_no_request(tmp_path: Path) -> None:
    w = tg.tensor([1.0, 2.0], requires_grad=True)
    text = viz.page((w * w).sum(), tmp_path / "a.html").read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    script = text.rsplit("<script>", 1)[1].rsplit("</script>", 1)[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy[1]
    assert "default-src 'none'" in policy[1]
    assert "connect-src" not in policy[1]
    assert re.findall(r"https?://[^\s\"')]*", text) == ["http://www.w3.org/2000/svg"]


# -- pictures of arrays --------------------------------------------------------------------------


def bytes_of(picture: dict[str, Any]) -> Any:
    return np.frombuffer(base64.b64decode(picture["data"]), np.uint8).reshape(
        picture["tiles"], picture["height"], picture["width"], -1
    )


def test_rows_of_square_images_are_tiles() -> None:
    images = np.zeros((20, 64))
    images[1] = np.arange(64)
    told = facts(images, tiles_of=8)
    assert told is not None
    shown = bytes_of(told["picture"])
    assert shown.shape == (12, 8, 8, 1)
    assert told["picture"]["of"] == 20
    assert (shown[0] == 1).all()
    np.testing.assert_array_equal(shown[1, :, :, 0], np.rint(np.arange(64).reshape(8, 8) / 63 * 254) + 1)


def test_signed_arrays_put_zero_in_the_middle_and_mark_what_is_not_finite() -> None:
    told = facts(np.array([[-2.0, 0.0, 1.5, np.nan]] * 3))
    assert told is not None
    assert (told["picture"]["mode"], told["picture"]["low"], told["picture"]["high"]) == ("signed", "-2", "2")
    assert bytes_of(told["picture"])[0, 0, :, 0].tolist() == [1, 128, 223, 0]  # 1 + 254 * 7/8 = 223.25
    assert told["bad"] == "3 NaN"


def test_large_matrices_are_averaged_down_in_blocks() -> None:
    rng = np.random.default_rng(1)
    matrix = rng.random((80, 120))
    told = facts(matrix, side=40)
    assert told is not None
    shown = bytes_of(told["picture"])[0, :, :, 0].astype(float)
    blocks = matrix.reshape(40, 2, 40, 3).mean((1, 3))
    expected = (blocks - blocks.min()) / np.ptp(blocks) * 254 + 1
    np.testing.assert_allclose(shown, expected, atol=0.51)


def test_colour_images_keep_their_channels() -> None:
    images = np.random.default_rng(0).random((2, 3, 8, 8))
    told = facts(images)
    assert told is not None
    assert told["picture"]["mode"] == "rgb"
    assert bytes_of(told["picture"]).shape == (2, 8, 8, 3)


def test_extreme_and_missing_numbers_are_described_without_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for array in (
            np.array([np.inf, -np.inf, np.nan] * 4),
            np.array([1e308, -1e308] * 8),
            np.zeros((0, 3)),
            np.array(True),
            np.full(9, 5e-324),
        ):
            assert json.dumps(facts(array), allow_nan=False)
    assert facts(None) is None


# -- formulas ------------------------------------------------------------------------------------

DIFFERENTIABLE = [p for p in REGISTRY.values() if any(rule is not None for rule in p.rules) or p.joint is not None]


@pytest.mark.parametrize("primitive", DIFFERENTIABLE, ids=lambda p: p.name)
def test_every_operation_with_a_gradient_has_a_formula_with_a_rule_for_each_operand(primitive: Any) -> None:
    assert primitive.name in FORMULAS, "add its row to tinygrad_nn/viz/formulas.py"
    expected = 1 if primitive.variadic else max(primitive.arity, 1)
    assert len(FORMULAS[primitive.name]) == 1 + expected


def test_the_table_has_no_row_too_many() -> None:
    assert set(FORMULAS) - set(REGISTRY) == {"+", "×"}  # which are of the scalar zoom


def test_an_operation_without_a_row_is_still_described() -> None:
    class Mine(tg.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

    picture = viz.graph(lambda x: Mine.apply(x).sum(), tg.ones(2, requires_grad=True), gradients=True)
    assert picture.model.items[0].gradient.tolist() == [2.0, 2.0]
    assert rule_text("Mine", 0) == "as its backward() says"
    assert forward_text("Mine") == "Mine(…)"
    assert operand_name("Mine", 1) == "operand 1"


@pytest.mark.parametrize(
    "name, x, rule",
    [
        ("tanh", 0.3, lambda g, x, out: g * (1 - out**2)),
        ("sigmoid", 0.3, lambda g, x, out: g * out * (1 - out)),
        ("exp", 0.3, lambda g, x, out: g * out),
        ("log", 0.3, lambda g, x, out: g / x),
        ("sqrt", 0.3, lambda g, x, out: g / (2 * out)),
        ("rsqrt", 0.3, lambda g, x, out: -0.5 * g * out**3),
        ("log1p", 0.3, lambda g, x, out: g / (1 + x)),
        ("tan", 0.3, lambda g, x, out: g * (1 + out**2)),
        ("asin", 0.3, lambda g, x, out: g / np.sqrt(1 - x**2)),
        ("atan", 0.3, lambda g, x, out: g / (1 + x**2)),
        ("erf", 0.3, lambda g, x, out: g * 2 / np.sqrt(np.pi) * np.exp(-(x**2))),
    ],
)
def test_the_formulas_that_the_table_states_are_the_derivatives(name: str, x: float, rule: Any) -> None:
    """The table is text; these are its rows typed in as code, against central differences of the forward."""
    forward, h = REGISTRY[name].forward, 1e-6
    slope = (forward(np.array(x + h)) - forward(np.array(x - h))) / (2 * h)
    assert float(slope) == pytest.approx(rule(1.0, x, float(forward(np.array(x)))), rel=1e-8)
