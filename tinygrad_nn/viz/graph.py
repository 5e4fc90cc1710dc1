"""`viz.graph`: a computation as a picture, and the object that holds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_nn.autograd.mode import enable_grad
from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.generator import default_generator
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.viz.build import Assembly, assemble
from tinygrad_nn.viz.dot import Show, draw
from tinygrad_nn.viz.fold import View, fold
from tinygrad_nn.viz.model import Model
from tinygrad_nn.viz.names import Names, is_module
from tinygrad_nn.viz.program import is_compiled, of_program
from tinygrad_nn.viz.record import Recording, found_in, record
from tinygrad_nn.viz.render import Drawing
from tinygrad_nn.viz.scalars import scalars
from tinygrad_nn.viz.text import tree

__all__ = ["Graph", "graph", "model_of"]


class Graph(Drawing):
    """A drawn computation: a `graphviz.Digraph`, so a notebook shows it, and `graph.source` is its DOT text.

    `save_as("graph.svg")` writes svg, png, pdf, dot or txt by the name's ending; `text` is the tree for a
    terminal; `view_` says what was folded, and `model` what was computed.
    """

    view_: View
    show: Show

    @property
    def model(self) -> Model:
        """The whole computation, before folding."""
        return self.view_.model

    @property
    def text(self) -> str:
        """The graph as a tree of lines."""
        return tree(self.view_, self.show)


def graph(
    target: Any,
    *inputs: Any,
    params: Any = None,
    values: bool = False,
    gradients: bool = False,
    shapes: bool = True,
    dtypes: bool = False,
    bytes: bool = False,
    direction: str = "forward",
    zoom: str = "operations",
    depth: int | None = None,
    rollup: bool = True,
    color: str = "kind",
    legend: bool | None = None,
    rankdir: str = "TB",
) -> Graph:
    """The computation behind `target`, drawn.

    target:    a tensor (or several), a module or function with its example `inputs`, a `viz.record()`, or a
               compiled step that has run once
    params:    names: a module, or a dict of name: tensor. The modules that ran are known without it
    values, gradients, shapes, dtypes, bytes: what each box says
    direction: "forward", "backward" (the way of the gradients), or "both"
    zoom:      "modules", "operations", or "scalars": the arithmetic of single neurons, for tiny nets
    depth:     modules nested deeper are closed boxes; None: as deep as fits on a page
    rollup:    repeated layers are drawn once (× 12)
    color:     "kind", or "gradient": dark where the gradient is large
    legend:    None: where the colours need one

    A tensor's graph knows the results that its backward pass needs; inside `viz.record()`, or given a
    function and inputs, all of them. Gradients are found by walking back once more: no `.grad` changes.

    Raises RuntimeError for a tensor without a graph, ValueError for an option that does not exist.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import viz
    >>> w = tg.tensor(3.0, requires_grad=True)
    >>> print(viz.graph(lambda: w * w + w, values=True, gradients=True).text)
    graph
    ├─ #1 mul ← w  (scalar)  = 9  ∇ 1
    └─ #2 add ← #1, w  (scalar)  = 12  ∇ 1
    """
    _check(direction=(direction, ("forward", "backward", "both")), zoom=(zoom, ("modules", "operations", "scalars")),
           color=(color, ("kind", "gradient")), rankdir=(rankdir, ("TB", "LR", "BT", "RL")))  # fmt: skip
    near = zoom == "scalars"
    model = model_of(target, *inputs, params=params, gradients=gradients or color == "gradient", near=near)
    legend = legend if legend is not None else color == "gradient" or direction == "both"
    show = Show(
        values or near, gradients or near, shapes and not near, dtypes, bytes, direction, color, legend, rankdir
    )
    return draw_model(model, show, depth=depth, zoom=zoom, rollup=rollup and not near)


def draw_model(
    model: Model, show: Show, *, depth: int | None = None, zoom: str = "operations", rollup: bool = True
) -> Graph:
    """A model folded and drawn."""
    made = Graph("computation")
    made.show = show
    made.view_ = fold(model, depth=depth, zoom=zoom, rollup=rollup)
    draw(made.view_, show, made)
    return made


def _check(**options: tuple[str, Sequence[str]]) -> None:
    for name, (given, known) in options.items():
        if given not in known:
            raise ArgumentError(
                message(
                    f"viz.graph: {name} is not one of its choices",
                    got=repr(given),
                    fix="one of " + ", ".join(map(repr, known)),
                )
            )


# -- from whatever the user has to a model -----------------------------------------------------------


def model_of(target: Any, *inputs: Any, params: Any = None, gradients: bool = True, near: bool = False) -> Model:
    """The model of a tensor's history, of a function's run on `inputs`, or of a whole recording.

    near: of single numbers
    """
    if is_compiled(target):
        return of_program(target.program)
    assembly = _assembly_of(target, inputs, params)
    return scalars(assembly) if near else assembly.model(gradients)


def _assembly_of(target: Any, inputs: tuple[Any, ...], params: Any) -> Assembly:
    names = Names()
    names.add(params)
    names.add_callers()
    if isinstance(target, Recording):
        return assemble(_results(target), recording=target, names=names, entries=target.entries)
    if callable(target) and type(target) not in TYPES:
        return _of_function(target, inputs, names)
    roots = list(_tensors(target))
    if not roots or inputs:
        raise ArgumentError(
            message(
                "viz: a graph is drawn of a tensor, or of a module or function with example inputs",
                got=", ".join(type(part).__name__ for part in (target, *inputs)),
                fix="viz.graph(loss), or viz.graph(model, x)",
            )
        )
    return assemble(roots, recording=found_in(roots), names=names)


def _of_function(function: Any, inputs: tuple[Any, ...], names: Names) -> Assembly:
    """Run the function on the inputs, with a recording, and leave its buffers as they were."""
    if not inputs and is_module(function):
        raise ArgumentError(
            message(
                "viz: a module is drawn with example inputs",
                got=f"{type(function).__name__} alone",
                fix="viz.graph(model, x)",
            )
        )
    if is_module(function):
        names.add(function)
    names.add_closure(function)
    recording, result = run(function, inputs)
    roots = list(_tensors(result))
    if not roots:
        raise ArgumentError(
            message("viz: the function gave no tensor", got=type(result).__name__, fix="return the tensor to be drawn")
        )
    return assemble(roots, recording=recording, names=names)


def run(function: Any, inputs: tuple[Any, ...]) -> tuple[Recording, Any]:
    """Call the function inside a recording. Its buffers and the random stream are left as they were."""
    given = tuple(wrap(x) if isinstance(x, np.ndarray) else x for x in inputs)
    before = [(t, t.array.copy()) for _, t in function.named_buffers()] if hasattr(function, "named_buffers") else []
    stream = default_generator.get_state()
    try:
        with record() as recording, enable_grad():
            return recording, function(*given)
    except Exception as error:
        if hasattr(error, "add_note"):
            error.add_note(
                'viz: the forward failed; `with viz.on_error("crash.html"):` around it draws the graph up to there'
            )
        raise
    finally:
        default_generator.set_state(stream)
        for tensor, array in before:
            tensor.array[...] = array


def _results(recording: Recording) -> list[Any]:
    """The results in a recording that no later operation read; where backward ran, what it started from."""
    read = {tensor for entry in recording.entries for _, tensor in entry.operands()}
    return [t for entry in recording.entries for t in entry.results if t not in read][-8:]


def _tensors(value: Any) -> Iterator[Any]:
    """The tensors in `value`: itself, or in its tuples, lists, dicts and fields."""
    if type(value) in TYPES:
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _tensors(part)
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _tensors(part)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from _tensors(getattr(value, name))
