"""`viz.network`: the picture that everyone draws. Neurons in columns, weights as lines between them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.viz.dot import FAINT, FONT, INK, clean
from tinygrad_nn.viz.graph import run
from tinygrad_nn.viz.names import is_module
from tinygrad_nn.viz.palette import mix, signed_colour
from tinygrad_nn.viz.record import Entry, Recording
from tinygrad_nn.viz.render import Drawing
from tinygrad_nn.viz.summary import number

__all__ = ["Network", "network"]

ELLIPSIS = -1


class Layer:
    """A column: its neurons' biases and activations, and the weights that lead into it (rows are its neurons)."""

    def __init__(self, title: str, width: int, weight: Any = None, bias: Any = None) -> None:
        self.title, self.width, self.weight, self.bias = title, width, weight, bias
        self.activation: Any = None

    def shown(self, most: int) -> list[int]:
        """The neurons drawn: all, or the first and last, with ELLIPSIS between."""
        if self.width <= most:
            return list(range(self.width))
        ahead = (most + 1) // 2
        return [*range(ahead), ELLIPSIS, *range(self.width - (most - ahead), self.width)]


class Network(Drawing):
    """A drawn network; `text` says its layers in a line each."""

    layers: list[Layer]

    @property
    def text(self) -> str:
        """One line for each layer."""
        rows = []
        for layer in self.layers:
            row = f"{layer.title}: {layer.width}"
            if layer.activation is not None:
                row += "  " + "".join(_shade(v, _scale([layer.activation])) for v in layer.activation[:64])
            rows.append(row)
        return "\n".join(rows)


def network(model: Any, x: Any = None, *, max_neurons: int = 12, sample: int = 0) -> Network:
    """The fully connected layers of `model`: neurons in columns, edges coloured (blue negative, vermillion
    positive) and as thick as their weight is large, biases on the neurons' rims, wide layers shortened by an ellipsis.

    x:           an input, (features,) or (N, features): lights up the activations of its row `sample`
    max_neurons: drawn in each column, at most

    Raises ValueError for a model without fully connected layers, or whose layers do not form one line.

    >>> from tinygrad_nn import nn, viz
    >>> drawn = viz.network(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)))
    >>> print(drawn.text)
    input: 3
    0 Linear: 4
    2 Linear: 1
    """
    if not is_module(model):
        raise ArgumentError(
            message(
                "viz.network draws a module",
                got=type(model).__name__,
                fix="viz.network(model) or viz.network(model, x)",
            )
        )
    if max_neurons < 2:
        raise ArgumentError(
            message("viz.network: a column needs at least two neurons", got=f"max_neurons={max_neurons}")
        )
    layers = _from_modules(model) if x is None else _from_run(model, x, sample)
    drawn = Network("network")
    drawn.layers = layers
    _draw(drawn, layers, max_neurons)
    return drawn


# -- which layers ----------------------------------------------------------------------------------


def _from_modules(model: Any) -> list[Layer]:
    """The linear layers as they are registered."""
    found = [(name, m) for name, m in model.named_modules() if _is_linear(m)]
    return _chained([_layer(name or type(m).__name__, m.weight, m.bias) for name, m in found], model)


def _is_linear(module: Any) -> bool:
    weight = getattr(module, "weight", None)
    return hasattr(module, "in_features") and weight is not None and len(weight.array.shape) == 2


def _layer(name: str, weight: Any, bias: Any) -> Layer:
    return Layer(name, weight.array.shape[0], weight.array, None if bias is None else bias.array)


def _chained(layers: list[Layer], model: Any) -> list[Layer]:
    """The layers with a column of inputs before them; each must feed the next."""
    if not layers:
        raise ArgumentError(
            message(
                "viz.network draws fully connected layers, and this model has none",
                got=type(model).__name__,
                fix="viz.graph(model, x) draws any model",
            )
        )
    for one, other in zip(layers, layers[1:]):
        if other.weight.shape[1] != one.width:
            raise ArgumentError(
                message(
                    "viz.network: the layers do not form one line",
                    got=f"{one.title} gives {one.width} features, {other.title} takes {other.weight.shape[1]}",
                    fix="give an input, for the order in which they run; viz.graph(model, x) draws any model",
                )
            )
    for layer in layers:
        layer.title = f"{layer.title} Linear" if layer.title != "Linear" else layer.title
    return [Layer("input", layers[0].weight.shape[1]), *layers]


def _from_run(model: Any, x: Any, sample: int) -> list[Layer]:
    """The linear layers as they run on `x`, with what goes into each and comes out of the last."""
    recording, result = run(model, (x,))
    entries = [entry for entry in recording.entries if entry.primitive.name == "linear"]
    names = {p: name.rsplit(".", 1)[0] if "." in name else type(model).__name__ for name, p in model.named_parameters()}
    layers = _chained(
        [_layer(names.get(entry.args[1], "layer"), entry.args[1], entry.args[2]) for entry in entries], model
    )
    for layer, entry in zip(layers, entries):
        layer.activation = _row(_value(entry.args[0], recording), sample)
    last = _row(result.array, sample) if hasattr(result, "array") else None
    layers[-1].activation = (
        last if last is not None and last.size == layers[-1].width else _row(entries[-1].values[0], sample)
    )
    return layers


def _value(tensor: Any, recording: Recording) -> Any:
    maker: Entry | None = recording.entry_of(tensor)
    return recording.leaves.get(tensor, tensor.array) if maker is None else maker.values[0]


def _row(array: Any, sample: int) -> Any:
    rows = array.reshape(-1, array.shape[-1]) if array.ndim else array.reshape(1, 1)
    if not -len(rows) <= sample < len(rows):
        raise ArgumentError(message("viz.network: no such sample in the input", got=f"sample={sample} of {len(rows)}"))
    return rows[sample]


# -- drawing -----------------------------------------------------------------------------------------


def _draw(graph: Network, layers: list[Layer], most: int) -> None:
    tallest = max(len(layer.shown(most)) for layer in layers)
    graph.attr(
        "graph",
        rankdir="LR",
        splines="line",
        nodesep="0.12",
        ranksep=f"{max(1.3, 0.2 * tallest):.3g}",
        outputorder="edgesfirst",
        bgcolor="white",
        pad="0.25",
        fontname=FONT,
    )
    graph.attr("node", shape="circle", fixedsize="true", width="0.42", label="", style="filled", fillcolor="white",
               color="#8794a1", penwidth="1.5", fontname=FONT, fontsize="9", fontcolor=INK)  # fmt: skip
    graph.attr("edge", arrowhead="none")
    lit = any(layer.activation is not None for layer in layers)
    for k, layer in enumerate(layers):
        _column(graph, k, layer, most, lit)
    for k, (left, right) in enumerate(zip(layers, layers[1:])):
        _weights(graph, k, left.shown(most), right.shown(most), right.weight)


def _column(graph: Network, k: int, layer: Layer, most: int, lit: bool) -> None:
    """One layer: its title, and its neurons in order (kept so by invisible edges)."""
    with graph.subgraph(name=f"column_{k}") as column:
        column.attr(rank="same")
        title = f'<<b>{clean(layer.title)}</b><br/><font color="{FAINT}">{layer.width}</font>>'
        column.node(
            f"t{k}", title, shape="plain", style="", fillcolor="none", fixedsize="false", height="0.62", fontsize="12"
        )
        before = f"t{k}"
        scale = _scale([layer.activation])
        rim = _scale([layer.bias])
        for neuron in layer.shown(most):
            name = f"n{k}_{neuron if neuron != ELLIPSIS else 'more'}"
            if neuron == ELLIPSIS:
                column.node(
                    name,
                    "⋮",
                    shape="plain",
                    style="",
                    fillcolor="none",
                    fixedsize="false",
                    fontsize="18",
                    fontcolor=FAINT,
                )
            else:
                column.node(name, **_neuron(layer, neuron, scale, rim, lit))
            column.edge(before, name, style="invis", weight="100")
            before = name


def _neuron(layer: Layer, k: int, scale: float, rim: float, lit: bool) -> dict[str, str]:
    """Fill from the activation, rim from the bias; the numbers in the tooltip, the activation inside."""
    look: dict[str, str] = {}
    told = [f"{layer.title} [{k}]"]
    if layer.bias is not None:
        bias = float(layer.bias[k])
        look["color"] = mix("#8794a1", signed_colour(bias, rim), 0.9)
        look["penwidth"] = f"{1.5 + 2.0 * _part(bias, rim):.3g}"
        told.append(f"bias {number(bias)}")
    if lit and layer.activation is not None:
        value = float(layer.activation[k])
        look["fillcolor"] = mix("#ffffff", signed_colour(value, scale), 0.15 + 0.85 * _part(value, scale))
        look["fontcolor"] = "#ffffff" if _part(value, scale) > 0.55 or not np.isfinite(value) else INK
        look["label"] = _inside(value)
        told.append(f"activation {number(value)}")
    look["tooltip"] = clean(", ".join(told)).replace("\\", "\\\\")
    return look


def _inside(value: float) -> str:
    """A number that fits into a circle."""
    if not np.isfinite(value) or value == 0:
        return number(value)
    return (
        f"{value:.2f}"
        if 0.005 <= abs(value) < 10
        else f"{value:.0f}"
        if 10 <= abs(value) < 1000
        else f"{value:.0e}".replace("e-0", "e-").replace("e+0", "e")
    )


def _weights(graph: Network, k: int, left: list[int], right: list[int], weight: Any) -> None:
    """The lines between two columns, faint ones first so that strong ones lie on top."""
    scale = _scale([weight])
    pairs = [(i, j) for j in right if j != ELLIPSIS for i in left if i != ELLIPSIS]
    pairs.sort(key=lambda pair: (_part(float(weight[pair[1], pair[0]]), scale), pair))
    for i, j in pairs:
        w = float(weight[j, i])
        part = _part(w, scale)
        graph.edge(f"n{k}_{i}", f"n{k + 1}_{j}", color=signed_colour(w, scale), penwidth=f"{0.4 + 2.8 * part:.3g}",
                   tooltip=f"weight [{j}, {i}] {number(w)}")  # fmt: skip


def _scale(arrays: list[Any]) -> float:
    """The largest finite magnitude."""
    finite = [
        np.abs(a[np.isfinite(a)]).max(initial=0.0) for a in (np.asarray(x, float) for x in arrays if x is not None)
    ]
    return float(max(finite, default=0.0))


def _part(value: float, scale: float) -> float:
    if not np.isfinite(value):
        return 1.0
    return abs(value) / scale if scale else 0.0


def _shade(value: float, scale: float) -> str:
    """A character as dark as the value is large."""
    return " ░▒▓█"[round(4 * _part(float(value), scale))]
