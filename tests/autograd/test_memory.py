"""Whose memory a result, a gradient, a copy is: PyTorch's answer, for every function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
import tinygrad_nn.versions
from tests.nn.compare import both, flat, inputs
from tests.nn.configurations import ROWS
from tests.parity import samples  # noqa: F401 - fills OPERATIONS
from tests.parity.runner import call_of, make_leaf, view_of
from tests.parity.sample import OPERATIONS, samples_of

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")


# -- results -----------------------------------------------------------------------------------------


def tensors_of(library: Any, value: Any) -> list[Any]:
    if isinstance(value, library.Tensor):
        return [value]
    if isinstance(value, (list, tuple)):
        return [t for part in value for t in tensors_of(library, part)]
    return []


def shared(library: Any, one: Any, text: str) -> list[tuple[int, int, str]] | None:
    """Which results of a sample are which input, or see its memory (or another result's)."""
    leaves = [make_leaf(library, given, "float64") for given in one.inputs]
    views = [view_of(leaf, given) for leaf, given in zip(leaves, one.inputs, strict=True)]
    library.manual_seed(0)
    try:
        results = tensors_of(library, call_of(text, len(views))(library, *views))
    except Exception:
        return None
    found = []
    for k, result in enumerate(results):
        for j, other in enumerate([*views, *results[:k]]):
            if result is other:
                found.append((k, j, "is"))
            elif _overlap(library, result, other):
                found.append((k, j, "shares"))
    return found


def _overlap(library: Any, a: Any, b: Any) -> bool:
    if not a.numel() or not b.numel():
        return False
    if library is torch:
        return bool(a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr())
    return bool(np.may_share_memory(a.array, b.array)) or tg.versions.root_of(a) is tg.versions.root_of(b)


def differing(op: str, wanted: Callable[[Any], bool], at_most: int | None) -> list[str]:
    chosen = {name: one for name, one in samples_of(op).items() if not one.writes and wanted(one)}
    wrong = []
    for name, one in list(chosen.items())[:at_most]:
        theirs = shared(torch, one, one.text)
        ours = shared(tg, one, one.ours or one.text)
        if theirs is not None and ours is not None and ours != theirs:
            wrong.append(f"{name}: {ours}, in PyTorch {theirs}")
    return wrong


def telling(one: Any) -> bool:
    """Where a function is most likely to hand out what it got: of one element, or oddly laid out."""
    return any(x.array.size == 1 or x.layout in ("step", "transposed") for x in one.inputs)


@pytest.mark.parametrize("op", OPERATIONS)
def test_results_share_memory_where_pytorchs_do(op: str) -> None:
    assert not differing(op, telling, 3)


@pytest.mark.slow
@pytest.mark.parametrize("op", OPERATIONS)
def test_results_of_every_sample_share_memory_where_pytorchs_do(op: str) -> None:
    assert not differing(op, lambda one: True, None)


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_outputs_of_layers_share_memory_where_pytorchs_do(row: Any) -> None:
    for mode in row.modes:
        found = []
        for library, module in zip((tg, torch), both(torch, row), strict=True):
            getattr(module.double(), mode)()
            given = inputs(library, row)
            result = flat(module(*given, **row.call))
            found.append(
                [(k, j) for k, t in enumerate(result) for j, x in enumerate(flat(given)) if _overlap(library, t, x)]
            )
        assert found[0] == found[1]


FUNCTIONAL = [
    ("interpolate", (2, 2, 4), {"scale_factor": 1}), ("interpolate", (2, 2, 4), {"size": 4, "mode": "linear"}),
    ("interpolate", (2, 2, 4, 3), {"scale_factor": 1.0, "mode": "bicubic"}),
    ("interpolate", (2, 2, 4, 3), {"scale_factor": 1.0, "mode": "nearest-exact"}),
    ("pad", (2, 3), {"pad": (0, 0)}), ("pad", (2, 3), {"pad": (0, 0), "mode": "replicate"}),
    ("dropout", (2, 3), {"training": False}), ("dropout", (2, 3), {"p": 0.0}), ("alpha_dropout", (2, 3), {"training": False}),
    ("dropout2d", (2, 3, 2), {"p": 0.0}), ("relu", (3,), {}), ("relu6", (3,), {}), ("threshold", (3,), {"threshold": -9.0, "value": 0.0}),
    ("hardtanh", (3,), {"min_val": -9.0, "max_val": 9.0}), ("leaky_relu", (3,), {"negative_slope": 1.0}),
    ("rrelu", (3,), {"training": False}), ("celu", (3,), {}), ("softmax", (1,), {"dim": 0}),
    ("avg_pool1d", (1, 2, 4), {"kernel_size": 1}), ("max_pool1d", (1, 2, 4), {"kernel_size": 1}),
    ("avg_pool2d", (1, 2, 4, 4), {"kernel_size": 1}), ("max_pool2d", (1, 2, 4, 4), {"kernel_size": 1}),
    ("adaptive_avg_pool1d", (1, 2, 4), {"output_size": 4}), ("adaptive_avg_pool2d", (1, 2, 4, 3), {"output_size": (4, 3)}),
    ("adaptive_max_pool1d", (1, 2, 4), {"output_size": 4}), ("normalize", (2, 3), {}), ("local_response_norm", (1, 2, 4), {"size": 1}),
    ("pixel_shuffle", (1, 4, 2, 2), {"upscale_factor": 1}), ("channel_shuffle", (1, 4, 2, 2), {"groups": 1}),
    ("unfold", (1, 2, 3, 3), {"kernel_size": 1}), ("glu", (2, 4), {}),
]  # fmt: skip


@pytest.mark.parametrize("name, shape, options", FUNCTIONAL)
def test_functions_of_layers_share_memory_where_pytorchs_do(name: str, shape: Any, options: Any) -> None:
    found = []
    for library in (tg, torch):
        if not hasattr(library.nn.functional, name):
            pytest.skip("not here")
        x = library.ones(shape)
        out = getattr(library.nn.functional, name)(x, **options)
        found.append("is" if out is x else _overlap(library, out, x))
    assert found[0] == found[1]


# -- gradients ---------------------------------------------------------------------------------------


def apart(*tensors: Any) -> bool:
    return not any(np.shares_memory(a.array, b.array) for k, a in enumerate(tensors) for b in tensors[:k])


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_gradient_is_nobody_elses_memory(create_graph: bool) -> None:
    def leaf() -> Any:
        return tg.ones(3, requires_grad=True)

    a, b = leaf(), leaf()
    (a + b).sum().backward(create_graph=create_graph)
    assert apart(a.grad, b.grad)

    a, given = leaf(), tg.ones(3)
    (a * 1).backward(given, create_graph=create_graph)
    b.backward(given, create_graph=create_graph)
    assert apart(a.grad, b.grad, given)

    a, other, seen = leaf(), tg.ones(3), []
    a.register_hook(seen.append)
    a.register_hook(lambda g: other)
    (a * 2).sum().backward(create_graph=create_graph)
    assert apart(a.grad, other, *seen)

    a, seen = leaf(), []
    y = a * 2
    z = y.view(-1) + 0
    for t in (y, z):
        t.retain_grad()
    y.register_hook(seen.append)
    z.sum().backward(create_graph=create_graph)
    assert apart(a.grad, y.grad, z.grad, *seen)


def test_two_biases_of_an_lstm_have_two_gradients() -> None:
    cell = tg.nn.LSTM(2, 3)
    cell(tg.ones(4, 1, 2))[0].sum().backward()
    assert apart(*[p.grad for p in cell.parameters()])


def test_adding_to_a_gradient_is_a_write() -> None:
    x, w = tg.ones(3, requires_grad=True), tg.ones(3, requires_grad=True)
    x.sum().backward()
    g = x.grad
    z = (g * w).sum()
    x.sum().backward()
    assert g is x.grad
    with pytest.raises(RuntimeError, match=r"(?s)modified by an inplace operation.*written by `backward`"):
        z.backward()


# -- versions of shared memory -----------------------------------------------------------------------


@pytest.mark.parametrize("make", [tg.nn.Parameter, tg.nn.Buffer, tg.Tensor, lambda t: t.detach()])
def test_what_is_made_of_a_tensor_shares_its_versions(make: Any) -> None:
    for source in (tg.ones(3), tg.ones(4)[1:], tg.ones(3, requires_grad=True) * 1):
        made = make(source)
        w = tg.ones(3, requires_grad=True)
        z = (made * w).sum()
        with tg.no_grad():
            source.mul_(2)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            z.backward()
        z = (source.detach() * w).sum()
        with tg.no_grad():
            made.mul_(2)
        assert made._version == source._version == 2
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            z.backward()
