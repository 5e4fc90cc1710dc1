"""Networks as JSON: what is written is what comes back, and what cannot be written says why."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn
from tinygrad_nn.interop.json_export import ACTIVATIONS, from_json, to_json


def outputs(model: nn.Module, x: tg.Tensor) -> np.ndarray:
    with tg.no_grad():
        return np.asarray(model.eval()(x).numpy())


def convolutional() -> nn.Sequential:
    tg.manual_seed(0)
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(2, 4, (3, 2), stride=2, padding=1, groups=2), nn.ReLU()),
        nn.Dropout(0.5),
        nn.MaxPool2d(2, stride=1, padding=1),
        nn.Conv2d(4, 3, 2, dilation=2, bias=False),
        nn.Flatten(),
        nn.Linear(48, 5),
        nn.Softmax(1),
    )


def test_a_network_comes_back_bit_for_bit() -> None:
    model, x = convolutional(), tg.randn(3, 2, 9, 9)
    np.testing.assert_array_equal(outputs(from_json(to_json(model)), x), outputs(model, x))


def test_dropout_is_left_out_and_nested_layers_are_in_a_row() -> None:
    layers = json.loads(to_json(convolutional()))["layers"]
    assert [layer["type"] for layer in layers] == [
        "conv2d", "relu", "maxpool2d", "conv2d", "flatten", "linear", "softmax",
    ]  # fmt: skip
    assert layers[3]["bias"] == [0.0, 0.0, 0.0]


SETTINGS = {
    "leaky_relu": nn.LeakyReLU(0.3), "elu": nn.ELU(0.7), "celu": nn.CELU(1.7), "gelu": nn.GELU("tanh"),
    "softplus": nn.Softplus(2.0, 5.0), "hardtanh": nn.Hardtanh(-0.4, 0.6), "softmax": nn.Softmax(-1),
    "log_softmax": nn.LogSoftmax(-1),
}  # fmt: skip


@pytest.mark.parametrize("word", ACTIVATIONS)
def test_each_activation_comes_back_with_its_settings(word: str) -> None:
    layer, x = SETTINGS.get(word) or ACTIVATIONS[word][0](), tg.linspace(-3, 3, 12).reshape(2, 6)
    written = to_json(layer)
    assert json.loads(written)["layers"][0]["type"] == word
    np.testing.assert_array_equal(outputs(from_json(written), x), outputs(layer, x))
    assert repr(from_json(written)[0]) == repr(layer)


def test_fewer_digits_make_a_smaller_file_of_nearly_the_same_network(tmp_path: Path) -> None:
    model, x = convolutional(), tg.randn(3, 2, 9, 9)
    to_json(model, tmp_path / "short.json", digits=3)
    short = (tmp_path / "short.json").read_text()
    assert len(short) < len(to_json(model))
    np.testing.assert_allclose(outputs(from_json(short), x), outputs(model, x), atol=2e-2)
    assert [path.name for path in tmp_path.iterdir()] == ["short.json"]


@pytest.mark.parametrize(
    ("layer", "where"),
    [
        (nn.BatchNorm1d(3), "1"),
        (nn.MaxPool2d(2, ceil_mode=True), "1"),
        (nn.Conv2d(1, 1, 3, padding_mode="reflect"), "1"),
    ],
)
def test_a_layer_the_format_lacks_is_named_with_its_place(layer: nn.Module, where: str) -> None:
    with pytest.raises(TypeError, match=rf"no such layer as {where}(.|\n)*got: {type(layer).__name__}"):
        to_json(nn.Sequential(nn.ReLU(), layer))


def test_weights_that_json_cannot_say_are_refused() -> None:
    model = nn.Sequential(nn.Linear(2, 1))
    with tg.no_grad():
        model[0].bias.fill_(float("nan"))
    with pytest.raises(ValueError, match=r"0\.bias has NaN or infinite elements"):
        to_json(model)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("[]", r'expected \{"layers"'),
        ('{"layers": 3}', r'expected \{"layers"'),
        ('{"layers": [{"type": "relu"}, {"type": "magic"}]}', "layer 1 is of no known type(.|\n)*'magic'"),
        ('{"layers": ["relu"]}', "layer 0 is of no known type"),
        ('{"layers": [{"type": "linear", "weight": [[1]]}]}', r"layer 0 \(linear\) is amiss(.|\n)*bias"),
        ('{"layers": [{"type": "linear", "weight": [[1], [2, 3]], "bias": [1, 2]}]}', r"layer 0 \(linear\) is amiss"),
        ('{"layers": [{"type": "linear", "weight": [[1, 2]], "bias": [1, 2]}]}', r"weight of shape \(1, 2\)"),
    ],
)
def test_text_of_another_kind_is_refused_naming_the_layer(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        from_json(text)
