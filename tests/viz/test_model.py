"""What a model knows of a computation: structure, names, values, gradients, lines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.viz.nets import classifier
from tinygrad_nn import nn, viz
from tinygrad_nn.viz.graph import model_of
from tinygrad_nn.viz.model import Item, Model
from tinygrad_nn.viz.record import Recording


def by_name(model: Model) -> dict[str, Item]:
    return {item.title: item for item in model.items}


def wires(model: Model) -> set[tuple[str, str]]:
    return {(model.items[e.source].title, model.items[e.target].title) for e in model.edges}


# -- structure -----------------------------------------------------------------------------------


def test_operations_come_after_their_operands_and_leaves_before_their_first_use() -> None:
    a, b = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)
    c = a * b
    model = model_of((c + a).exp().sum())
    assert [item.title for item in model.items] == ["a", "b", "c", "add", "exp", "sum"]
    assert [item.key for item in model.items] == list(range(6))
    assert wires(model) == {("a", "c"), ("b", "c"), ("c", "add"), ("a", "add"), ("add", "exp"), ("exp", "sum")}
    assert all(edge.source < edge.target for edge in model.edges)
    assert model.roots == (5,)


def test_names_come_from_the_callers_variables_the_module_and_params() -> None:
    model, x, target = classifier()
    loss = nn.functional.cross_entropy(model(x), target)
    names = [item.name for item in model_of(loss).items]
    assert {"x", "target", "encoder.0.weight", "encoder.0.bias", "head.weight", "head.bias"} <= set(names)
    w = tg.ones(2, requires_grad=True)
    assert "given" in by_name(model_of((w * 2).sum(), params={"given": w}))
    assert "m.head.weight" in by_name(model_of(model(x).sum(), params={"m": model}))


def test_several_outputs_of_one_operation_are_one_item() -> None:
    x = tg.tensor([[2.0, 1.0], [1.0, 3.0]], requires_grad=True)
    values, vectors = tg.linalg.eigh(x)
    model = model_of(values.sum() + vectors.sum())
    (eigh,) = [item for item in model.items if item.name == "eigh"]
    assert eigh.shapes == ((2,), (2, 2))
    assert "pick" not in {item.name for item in model.items}


def test_groups_follow_the_calls_of_modules() -> None:
    net, x, _ = classifier()
    model = model_of(net(x).sum())
    paths = {item.name: model.groups[item.group].path for item in model.items if item.group is not None}
    assert paths == {"encoder.0.weight": "encoder.0", "encoder.0.bias": "encoder.0", "linear": "head",
                     "tanh": "encoder.1", "head.weight": "head", "head.bias": "head"}  # fmt: skip
    assert [(g.name, g.kind, g.parent) for g in model.groups] == [
        ("Classifier", "Classifier", None), ("encoder", "Sequential", 0), ("0", "Linear", 1), ("1", "Tanh", 1),
        ("head", "Linear", 0),
    ]  # fmt: skip


def test_a_module_called_twice_is_two_groups_and_its_parameters_stand_outside_both() -> None:
    shared = nn.Linear(3, 3)
    x = tg.ones(1, 3)
    model = model_of(shared(shared(x)).sum())
    operations = [item for item in model.items if item.name == "linear"]
    assert operations[0].group != operations[1].group
    assert by_name(model)["weight"].group is None


def test_data_without_gradient_is_drawn_where_a_rule_keeps_it() -> None:
    x, w = tg.ones(2), tg.ones(2, requires_grad=True)
    item = by_name(model_of((w * x).sum()))["x"]
    assert (item.kind, item.flows) == ("input", False)


# -- values and lines ----------------------------------------------------------------------------


def test_a_recording_keeps_every_value_operand_and_line() -> None:
    x = tg.tensor([1.0, -2.0])
    with viz.record() as tape:
        y = x * 3 + 1
        loss = y.relu().sum()
    items = by_name(model_of(loss))
    np.testing.assert_array_equal(items["mul"].value, [3.0, -6.0])
    np.testing.assert_array_equal(items["y"].value, [4.0, -5.0])
    np.testing.assert_array_equal(items["relu"].value, [4.0, 0.0])
    assert (items["mul"].detail, items["y"].detail) == ("3", "1")
    assert items["loss"].line is not None
    assert items["loss"].line[0] == __file__
    assert items["loss"].line[1] == items["mul"].line[1] + 1  # type: ignore[index]
    assert isinstance(tape, Recording)


def test_a_value_written_over_later_is_shown_as_it_was() -> None:
    x = tg.tensor([1.0, 2.0])
    with viz.record():
        pass
    with viz.record() as tape:
        y = x * 2
        z = y + 1
        with tg.no_grad():
            y.mul_(100)
            x.zero_()
    items = by_name(model_of(tape))
    np.testing.assert_array_equal(items["x"].value, [1.0, 2.0])
    first = next(item for item in model_of(tape).items if item.name == "mul")
    np.testing.assert_array_equal(first.value, [2.0, 4.0])
    assert z.tolist() == [3.0, 5.0]


def test_a_parameter_initialised_inside_the_recording_is_a_parameter_still() -> None:
    with viz.record() as tape:
        layer = nn.Linear(2, 1)
        out = layer(tg.ones(1, 2))
    kinds = {item.name: item.kind for item in model_of(out).items}
    assert kinds["weight"] == kinds["bias"] == "parameter"
    assert "draw" not in kinds
    assert tape.entries


def test_without_a_recording_values_that_rules_keep_are_known_and_others_are_not_guessed() -> None:
    x = tg.tensor([0.5], requires_grad=True)
    items = by_name(model_of(((x + 1).tanh() + 2).sum()))
    np.testing.assert_allclose(items["tanh"].value, np.tanh([1.5]), rtol=1e-6)
    assert items["add"].value is None
    np.testing.assert_allclose(items["sum"].value, np.tanh(1.5) + 2, rtol=1e-6)


# -- gradients -----------------------------------------------------------------------------------


def test_gradients_and_shares_are_those_of_the_chain_rule() -> None:
    x = tg.tensor(2.0, requires_grad=True)
    a = x * x
    b = a * 3
    items = by_name(model_of(a * b))  # 3 x^4
    assert items["x"].gradient == pytest.approx(12 * 2**3)
    assert items["b"].gradient == pytest.approx(4)
    assert items["a"].gradient == pytest.approx(2 * 3 * 4)
    model = model_of(a * b)
    shares = {
        (model.items[e.source].title, model.items[e.target].title, e.position): float(e.share) for e in model.edges
    }
    assert shares == {
        ("x", "a", 0): 48.0,
        ("x", "a", 1): 48.0,
        ("a", "b", 0): 12.0,
        ("a", "mul", 0): 12.0,
        ("b", "mul", 1): 4.0,
    }


def test_looking_changes_nothing() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    y.retain_grad()
    called: list[Any] = []
    y.register_hook(called.append)
    loss = y.sum()
    model_of(loss)
    assert x.grad is None
    assert y.grad is None
    assert called == []
    loss.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2.0, 4.0]
    assert len(called) == 1


def test_a_backward_pass_inside_a_recording_is_remembered_after_the_graph_is_freed() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    with viz.record() as tape:
        y = x.exp()
        loss = (y * y).sum()
        loss.backward()
    item = by_name(model_of(loss))["y"]
    np.testing.assert_allclose(item.gradient, 2 * np.exp([1.0, 2.0]), rtol=1e-6)
    assert tape.walks


def test_a_freed_graph_is_drawn_with_its_structure_a_note_and_the_gradients_of_leaves() -> None:
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    loss = x.exp().sum()
    loss.backward()
    model = model_of(loss)
    assert [item.title for item in model.items] == ["x", "exp", "loss"]
    assert by_name(model)["exp"].gradient is None
    np.testing.assert_allclose(by_name(model)["x"].gradient, np.exp([1.0, 2.0]), rtol=1e-6)
    assert any("freed" in note for note in model.notes)
    assert any("gone" in note for note in model.notes)


def test_a_result_that_is_not_a_scalar_has_the_gradients_of_its_sum() -> None:
    x = tg.tensor([1.0, 3.0], requires_grad=True)
    model = model_of(x * x)
    np.testing.assert_array_equal(by_name(model)["x"].gradient, [2.0, 6.0])
    assert model.notes == ("gradients are those of the sum of the outputs",)


# -- running a module or function ----------------------------------------------------------------


def test_drawing_a_module_leaves_its_state_and_the_random_stream_alone() -> None:
    class Counting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("calls", tg.zeros(1))

        def forward(self, x: Any) -> Any:
            with tg.no_grad():
                self.calls.add_(1)
            return nn.functional.dropout(x, 0.5, True).sum()

    net = Counting()
    tg.manual_seed(1)
    expected = tg.rand(3).tolist()
    tg.manual_seed(1)
    viz.graph(net, tg.ones(4))
    assert tg.rand(3).tolist() == expected
    assert net.calls.tolist() == [0.0]


def test_a_function_with_arrays_and_several_results_is_drawn() -> None:
    model = model_of(lambda x: {"a": x + 1, "b": (x * 2, 5)}, np.ones(3, np.float32))
    assert [item.name for item in model.items] == ["input", "add", "mul"]
    assert len(model.roots) == 2


# -- bad input -----------------------------------------------------------------------------------


def test_a_tensor_without_a_graph_is_refused_in_clear_words() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)no graph to draw.*got: a tensor of shape \(2,\).*requires_grad=True"):
        viz.graph(tg.ones(2))
    with tg.no_grad():
        y = tg.ones(2, requires_grad=True) * 2
    with pytest.raises(RuntimeError, match=r"no_grad\(\)"):
        viz.graph(y)


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match=r"(?s)of a tensor, or of a module.*got: int.*viz.graph\(loss\)"):
        viz.graph(3)
    with pytest.raises(ValueError, match=r"(?s)example inputs.*got: Linear alone.*viz.graph\(model, x\)"):
        viz.graph(nn.Linear(2, 2))
    with pytest.raises(ValueError, match="gave no tensor"):
        viz.graph(lambda: 3)
    with pytest.raises(ValueError, match=r"(?s)params= gives tensors their names.*w: int"):
        viz.graph(tg.ones(2, requires_grad=True) * 2, params={"w": 3})
    with pytest.raises(ValueError, match=r"(?s)params= gives tensors their names.*got: int"):
        viz.graph(tg.ones(2, requires_grad=True) * 2, params=3)


def test_an_unknown_option_is_refused_with_its_choices() -> None:
    y = tg.ones(2, requires_grad=True) * 2
    with pytest.raises(ValueError, match=r"(?s)direction.*got: 'up'.*'forward', 'backward', 'both'"):
        viz.graph(y, direction="up")
    with pytest.raises(ValueError, match=r"(?s)zoom.*'scalars'"):
        viz.graph(y, zoom="atoms")


def test_a_model_whose_forward_fails_raises_its_own_error() -> None:
    with pytest.raises(RuntimeError, match="in_features=4") as caught:
        viz.graph(classifier()[0], tg.ones(2, 3))
    if hasattr(caught.value, "__notes__"):
        assert "viz.on_error" in caught.value.__notes__[0]
