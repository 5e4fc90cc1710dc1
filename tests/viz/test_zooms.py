"""The scalar zoom, the picture of a network, the graph of an error, compiled steps, and what notebooks show."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.viz.nets import classifier
from tests.viz.test_page import boxes, data_of
from tinygrad_nn import nn, optim, train, viz
from tinygrad_nn.viz.graph import model_of
from tinygrad_nn.viz.model import Item, Model

# -- scalars -------------------------------------------------------------------------------------


def scalars(target: Any, *inputs: Any) -> Model:
    return viz.graph(target, *inputs, zoom="scalars").model


def value(item: Item) -> float:
    return float(item.value)


def arithmetic_holds(model: Model) -> None:
    """Every sum and product is the sum and product of what leads into it, and so are the gradients."""
    for item in model.items:
        operands = [value(model.items[e.source]) for e in sorted(model.into[item.key], key=lambda e: e.position)]
        if item.name == "+":
            assert value(item) == pytest.approx(sum(operands) + float(item.detail or 0), abs=1e-6)
        elif item.name == "×":
            assert value(item) == pytest.approx(np.prod(operands) * float(item.detail or 1), abs=1e-6)
        elif item.name == "tanh":
            assert value(item) == pytest.approx(np.tanh(operands[0]), abs=1e-6)
        leaving = model.out_of[item.key]
        if leaving and item.flows and all(e.share is not None for e in leaving):
            assert float(item.gradient) == pytest.approx(sum(float(e.share) for e in leaving), abs=1e-6)


def test_a_neuron_is_its_products_and_their_sum() -> None:
    net = nn.Sequential(nn.Linear(3, 2), nn.Tanh(), nn.Linear(2, 1))
    x = tg.tensor([[0.5, -1.0, 2.0]])
    model = scalars(lambda x: net(x).sum(), x)
    names = [item.name for item in model.items]
    assert names.count("×") == 3 * 2 + 2
    assert names.count("tanh") == 2
    sums = [item for item in model.items if item.name == "+"]
    assert sorted(len(model.into[item.key]) for item in sums) == [1, 3, 4, 4]
    arithmetic_holds(model)
    products = [item for item in model.items if item.name == "×"]
    weights = {id(model.items[e.source]): model.items[e.source] for item in products for e in model.into[item.key]}
    assert len([w for w in weights.values() if w.kind == "parameter"]) == 8
    loss = net(x).sum()
    loss.backward()
    found = {item.name: float(item.gradient) for item in model.items if item.kind == "parameter"}
    for name, p in net.named_parameters():
        for place in np.ndindex(p.shape):
            assert found[f"{name}[{', '.join(map(str, place))}]"] == pytest.approx(p.grad.numpy()[place], abs=1e-6)  # type: ignore[union-attr]


def test_neurons_are_frames_inside_their_layer() -> None:
    layer = nn.Linear(2, 2)
    model = scalars(layer, tg.ones(1, 2))
    assert [(g.name, g.parent) for g in model.groups] == [("Linear", None), ("neuron[0, 0]", 0), ("neuron[0, 1]", 0)]


def test_moves_slices_reductions_and_losses_keep_the_arithmetic() -> None:
    a = tg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    target = tg.tensor([1])

    def function(a: Any) -> Any:
        b = (a.T.reshape(4)[1:3] * 2 + 1).reshape(1, 2)
        return nn.functional.cross_entropy(b @ a, target) + a.sum()

    model = scalars(function, a)
    arithmetic_holds(model)
    b = np.array([[3.0 * 2 + 1, 2.0 * 2 + 1]])
    logits = b @ np.array([[1.0, 2.0], [3.0, 4.0]])
    expected = np.log(np.exp(logits - logits.max()).sum()) + logits.max() - logits[0, 1] + 10
    assert value(model.items[model.roots[0]]) == pytest.approx(expected, rel=1e-6)
    assert {item.name for item in model.items} >= {"cross_entropy", "+", "×"}


def test_the_classic_example_has_its_classic_gradients() -> None:
    """a * b + c, then a product with f: the gradients by hand."""
    a, b, c, f = (tg.tensor(v, requires_grad=True) for v in (2.0, -3.0, 10.0, -2.0))
    model = scalars(lambda: (a * b + c) * f)
    found = {item.name: float(item.gradient) for item in model.items if item.kind == "parameter"}
    assert found == {"a": 6.0, "b": -4.0, "c": -2.0, "f": 4.0}


def test_large_nets_and_unrecorded_graphs_are_refused() -> None:
    with pytest.raises(ValueError, match=r"(?s)for tiny nets, of at most 800 numbers.*zoom=\"operations\""):
        scalars(nn.Linear(100, 100), tg.ones(1, 100))
    with pytest.raises(ValueError, match=r"(?s)needs the values of all operations.*viz.record\(\)"):
        scalars(tg.ones(2, requires_grad=True) * 2)


# -- networks ------------------------------------------------------------------------------------

SVG = "{http://www.w3.org/2000/svg}"


def titles(drawn: viz.Network, kind: str) -> list[Any]:
    root = ElementTree.fromstring(drawn.pipe("svg"))
    return [g for g in root.iter(f"{SVG}g") if g.get("class") == kind]


def test_a_network_has_a_circle_for_each_neuron_and_a_line_for_each_weight() -> None:
    net, x, _ = classifier()
    drawn = viz.network(net)
    circles = [g for g in titles(drawn, "node") if g.find(f".//{SVG}ellipse") is not None]
    assert len(circles) == 4 + 6 + 3
    assert len(titles(drawn, "edge")) == 4 * 6 + 6 * 3
    assert [(layer.title, layer.width) for layer in viz.network(net, x).layers] == [
        ("input", 4),
        ("encoder.0 Linear", 6),
        ("head Linear", 3),
    ]


def test_the_thickest_line_is_the_largest_weight_and_colour_is_its_sign() -> None:
    layer = nn.Linear(2, 2, bias=False)
    layer.weight.data = tg.tensor([[0.5, -2.0], [1.0, 0.0]])
    lines = {
        line.split(" [")[0].strip(): line
        for line in viz.network(layer).source.splitlines()
        if "->" in line and "weight" in line and "invis" not in line
    }
    assert "penwidth=3.2" in lines["n0_1 -> n1_0"]
    assert '"#0072b2"' in lines["n0_1 -> n1_0"]
    assert "penwidth=1.1" in lines["n0_0 -> n1_0"]  # 0.4 + 2.8 / 4
    assert "penwidth=0.4" in lines["n0_1 -> n1_1"]


def test_activations_are_those_of_the_sample() -> None:
    net, x, _ = classifier()
    layers = viz.network(net, x, sample=2).layers
    hidden = net.encoder(x).detach().numpy()[2]
    np.testing.assert_allclose(layers[0].activation, x.numpy()[2])
    np.testing.assert_allclose(layers[1].activation, hidden, rtol=1e-6)
    np.testing.assert_allclose(layers[2].activation, net(x).detach().numpy()[2], rtol=1e-6)


def test_wide_layers_are_shortened_by_an_ellipsis() -> None:
    drawn = viz.network(nn.Linear(784, 10), tg.rand(784), max_neurons=6)
    assert drawn.layers[0].shown(6) == [0, 1, 2, -1, 781, 782, 783]
    assert len(titles(drawn, "edge")) == 36
    assert drawn.source.count("⋮") == 2


def test_weights_that_are_not_finite_are_drawn() -> None:
    layer = nn.Linear(2, 1)
    layer.weight.data = tg.tensor([[float("nan"), float("inf")]])
    drawn = viz.network(layer, tg.tensor([1.0, float("nan")]))
    assert "weight [0, 0] NaN" in drawn.source
    assert drawn.pipe("svg").startswith(b"<?xml")


def test_models_that_are_no_line_of_layers_are_refused() -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(2, 3), nn.Linear(2, 4)

    with pytest.raises(ValueError, match=r"(?s)has none.*got: ReLU.*viz.graph"):
        viz.network(nn.ReLU())
    with pytest.raises(ValueError, match=r"(?s)do not form one line.*got: a gives 3 features, b takes 2"):
        viz.network(Two())
    with pytest.raises(ValueError, match=r"(?s)draws a module.*got: int"):
        viz.network(3)
    with pytest.raises(ValueError, match="sample=5 of 1"):
        viz.network(nn.Linear(2, 2), tg.ones(1, 2), sample=5)
    with pytest.raises(ValueError, match="at least two neurons"):
        viz.network(nn.Linear(2, 2), max_neurons=1)


# -- errors --------------------------------------------------------------------------------------


def test_the_graph_of_an_error_ends_at_the_operation_that_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = nn.Linear(4, 3), nn.Linear(5, 2)
    path = tmp_path / "crash.html"
    with pytest.raises(RuntimeError, match="in_features=5"), viz.on_error(path):
        second(first(tg.ones(2, 4)).tanh())
    data = data_of(path)
    (failed,) = [box for box in data["boxes"] if box["kind"] == "failed"]
    assert failed["title"] == "linear"
    assert failed["second"] == "2 × 3 with 2 × 5 with 2"
    assert "in_features=5" in failed["failed"]
    assert failed["line"]["code"] == "second(first(tg.ones(2, 4)).tanh())"
    assert {"linear", "tanh"} <= {box["title"] for box in data["boxes"]}
    assert data["title"].startswith("ShapeError: linear")
    assert capsys.readouterr().err == f"viz: the graph of this error is in {path}\n"


def test_an_error_of_the_users_own_shows_the_tensors_in_hand(tmp_path: Path) -> None:
    def check(h: Any) -> None:
        raise ValueError("<script>no</script>")

    path = tmp_path / "crash.html"
    with pytest.raises(ValueError, match="no</script>"), viz.on_error(path, quiet=True):
        check(tg.ones(2, 4) * 2)
    data = data_of(path)
    (failed,) = [box for box in data["boxes"] if box["kind"] == "failed"]
    assert (failed["title"], failed["aside"], failed["second"]) == ("ValueError", "in check()", "2 × 4")
    assert "h 2 × 4" in failed["failed"]
    assert [a["head"] for a in data["arrows"] if a["tail"] == boxes(data)["h"]["id"]] == [failed["id"]]


def test_an_error_before_any_tensor_still_makes_a_page(tmp_path: Path) -> None:
    path = tmp_path / "crash.html"
    with pytest.raises(KeyError), viz.on_error(path, quiet=True):
        {}["absent"]
    assert [box["kind"] for box in data_of(path)["boxes"]][-1] == "failed"


def test_without_an_error_nothing_is_written_and_the_tracer_is_put_back(tmp_path: Path) -> None:
    with viz.on_error(tmp_path / "crash.html"):
        tg.ones(2) * 2
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_cannot_be_written_does_not_hide_the_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RuntimeError, match="matmul"), viz.on_error(tmp_path / "file" / "crash.html"):
        tg.ones(2, 3) @ tg.ones(2, 3)
    assert "viz: the graph of this error could not be drawn: " in capsys.readouterr().err


def test_a_long_run_keeps_only_its_last_operations(tmp_path: Path) -> None:
    path = tmp_path / "crash.html"
    with pytest.raises(RuntimeError, match="matmul"), viz.on_error(path, quiet=True):
        y = tg.ones(2, 3)
        for _ in range(9000):
            y = y + 1
        y @ y
    data = data_of(path)
    assert [box["title"] for box in data["boxes"] if box["kind"] == "failed"] == ["matmul"]
    assert len(data["boxes"]) < 300


def test_recordings_nest_and_hear_each_other() -> None:
    with viz.record() as outer:
        x = tg.tensor([1.0], requires_grad=True)
        with viz.record() as inner:
            (x * 2).sum().backward()
    assert [e.primitive.name for e in outer.entries] == [e.primitive.name for e in inner.entries]
    assert len(outer.walks) == len(inner.walks) == 1
    with pytest.raises(RuntimeError, match="produced the first Inf"), tg.autograd.detect_anomaly(), viz.record():
        tg.zeros(1).log()


def test_training_that_fails_draws_the_step_that_failed(tmp_path: Path) -> None:
    path = tmp_path / "crash.html"
    net, _, _ = classifier()
    batches = [(tg.ones(2, 4), tg.tensor([0, 1])), (tg.ones(2, 5), tg.tensor([0, 1]))]
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    with pytest.raises(RuntimeError, match="in_features=4"):
        train.fit(net, batches, nn.CrossEntropyLoss(), optimizer, epochs=1, callbacks=[viz.on_error(path, quiet=True)],
                  progress=False)  # fmt: skip
    data = data_of(path)
    assert [box["title"] for box in data["boxes"] if box["operation"]] == ["linear"]  # not those of the first step
    assert [box["second"] for box in data["boxes"] if box["kind"] == "failed"] == ["2 × 5 with 6 × 4 with 6"]


def test_training_that_diverges_is_drawn_and_training_that_ends_well_is_not(tmp_path: Path) -> None:
    net, x, target = classifier()
    optimizer = optim.SGD(net.parameters(), lr=0.1)
    bad, good = tmp_path / "bad.html", tmp_path / "good.html"
    train.fit(net, (x, target), nn.CrossEntropyLoss(), optimizer, epochs=1, callbacks=[viz.on_error(good)],
              progress=False)  # fmt: skip
    assert not good.exists()
    with pytest.raises(train.Diverged):
        train.fit(net, (x * float("nan"), target), nn.CrossEntropyLoss(), optimizer, epochs=1,
                  callbacks=[viz.on_error(bad, quiet=True)], progress=False)  # fmt: skip
    assert "Diverged" in data_of(bad)["title"]


# -- compiled steps ------------------------------------------------------------------------------


def test_a_compiled_step_is_drawn_by_its_parts() -> None:
    model, x, target = classifier()
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    @tg.compile
    def step(x: Any, target: Any) -> Any:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), target)
        loss.backward()
        optimizer.step()
        return loss

    for _ in range(2):
        step(x, target)
    drawn = viz.graph(step).model
    assert {g.name for g in drawn.groups if g.parent is None} == {"forward", "backward", "update"}
    assert {item.name for item in drawn.items} >= {"x", "target", "linear", "cross_entropy", "write"}
    assert len([item for item in drawn.items if item.name == "write"]) == len(list(model.parameters()))
    assert all(edge.source < edge.target for edge in drawn.edges)
    items = {item.key: item.name for item in drawn.items}
    assert "probabilities" not in items.values()  # the cross entropy makes them: they do not come from outside
    assert ("cross_entropy", "minus_one_hot") in {(items[edge.source], items[edge.target]) for edge in drawn.edges}
    assert "cross_entropy: float32[scalar], probabilities: float32[" in str(step.program)


# -- notebooks -----------------------------------------------------------------------------------


def test_a_tensor_shows_its_text_and_facts_escaped() -> None:
    shown = tg.tensor([[1.0, float("nan")]], requires_grad=True)._repr_html_()
    assert "<pre" in shown
    assert "tensor([[1., nan]], requires_grad=True)" in shown
    assert "1 × 2 · float32 · 1 … 1 · <b>1 not finite</b> · requires grad" in shown
    made = (tg.ones(2, requires_grad=True) * 2)._repr_html_()
    assert "grad_fn=&lt;MulBackward0&gt;" in made
    assert made.endswith("made by mul</small>")
    assert "0 elements" in tg.ones(0)._repr_html_()


def test_a_module_shows_its_tree_and_counts_parameters() -> None:
    class Odd(nn.Linear):
        def extra_repr(self) -> str:
            return "<script>alert(1)</script>"

    shown = nn.Sequential(nn.Linear(3, 4), nn.Sequential(Odd(4, 2)))._repr_html_()
    root = ElementTree.fromstring(shown)
    assert "26 parameters" in shown
    assert "<script" not in shown
    assert len(list(root.iter("details"))) == 2
    assert "(0): Linear(in_features=3, out_features=4, bias=True) 16 parameters" in "".join(root.itertext())


def test_the_model_of_a_recording_is_everything_in_it() -> None:
    with viz.record() as tape:
        x = tg.ones(2) * 2
        (x + 1).sum()
        x.exp()
    assert [item.name for item in model_of(tape).items] == ["input", "mul", "add", "sum", "exp"]
