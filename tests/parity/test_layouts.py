"""Results, their gradients and their random streams lie in memory as PyTorch's do, whatever the inputs' layout.

Compared: `stride()`, `is_contiguous()`, and the values. The stride of a dimension of size one, and those of an
empty tensor, say nothing about the data. A sample of the table is run at every time; all of it is slow.
"""

from __future__ import annotations

import importlib
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from .layouts import BINARY, BY_RANK, LAYOUTS, RANDOM, SHAPES, VALUES_DIFFER, laid

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
lib = importlib.import_module("tinygrad_nn")

VALUES = np.random.default_rng(0).uniform(0.05, 0.95, 3000)
STREAMS: dict[int, tuple[int, ...]] = {1: (40,), 2: (5, 7), 3: (2, 4, 6), 4: (2, 4, 3, 5)}
"""Fewer and more than 16 elements: PyTorch draws normals in another way from there."""


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# -- what is seen of a result ----------------------------------------------------------------------


def tensors_in(library: Any, value: Any) -> Iterator[Any]:
    if isinstance(value, library.Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from tensors_in(library, item)


def layout_of(tensor: Any) -> tuple[Any, ...]:
    shape, steps = tuple(tensor.shape), tensor.stride()
    told = None if 0 in shape else tuple(step for n, step in zip(shape, steps, strict=True) if n > 1)
    return shape, told, bool(tensor.is_contiguous())


def array_of(tensor: Any) -> Any:
    return None if tensor is None else np.array(tensor.detach().numpy())


def seen(library: Any, text: str, inputs: dict[str, Any], grad: bool) -> tuple[Any, ...]:
    """Layouts and values of all tensors in the result, and of the leaves' gradients; or the refusal."""
    library.manual_seed(0)
    leaves = list(inputs.values())
    if grad:
        for leaf in leaves:
            leaf.requires_grad_()
    scope = {"lib": library, "F": library.nn.functional, "nn": library.nn, **inputs}
    try:
        found = list(tensors_in(library, eval(text, scope)))
    except Exception as error:
        return ("raises", error)
    out = [layout_of(one) for one in found], [array_of(one) for one in found]
    traced = [one for one in found if one.requires_grad]
    if not grad or not traced:
        return (*out, [], [])
    total = 0
    for one in traced:
        weight = np.cos(np.arange(one.numel())).reshape(tuple(one.shape))
        total = total + (one * library.tensor(weight, dtype=one.dtype)).sum()
    try:
        total.backward()
    except Exception as error:
        return (*out, ["raises", error], [])
    return (*out, [None if leaf.grad is None else layout_of(leaf.grad) for leaf in leaves],
            [array_of(leaf.grad) for leaf in leaves])  # fmt: skip


def close(ours: Any, theirs: Any, single: bool) -> bool:
    """Whether two arrays are equal to rounding; `single` if some of the computation was in float32."""
    if ours is None or theirs is None:
        return True  # an absent gradient stands for zeros
    if ours.dtype != theirs.dtype or ours.shape != theirs.shape:
        return False
    kind = "float32" if single and ours.dtype.kind == "f" else ours.dtype.name
    relative, absolute = {"float64": (1e-9, 1e-11), "float32": (1e-5, 1e-5), "float16": (2e-2, 2e-2)}.get(kind, (0, 0))
    return bool(np.allclose(ours.astype(float), theirs.astype(float), relative, absolute, equal_nan=True))


def difference(text: str, layouts: str, make: Any, grad: bool) -> str | None:
    """What differs between the two libraries in one case."""
    inputs = make(lib)
    kinds = [one.dtype for one in inputs.values()]
    theirs, ours = seen(torch, text, make(torch), grad), seen(lib, text, inputs, grad)
    if theirs[0] == "raises":
        return None
    if ours[0] == "raises":
        return f"raises {ours[1]}"
    if ours[0] != theirs[0]:
        return f"result lies as {ours[0]}, PyTorch's as {theirs[0]}"
    if theirs[2][:1] != ["raises"]:
        if ours[2][:1] == ["raises"]:
            return f"gradient raises {ours[2][1]}"
        pairs = [(mine, other) for mine, other in zip(ours[2], theirs[2], strict=True) if mine and other]
        if any(mine != other for mine, other in pairs):
            return f"gradient lies as {ours[2]}, PyTorch's as {theirs[2]}"
    if "empty" in text or any(start in text and kind in layouts for start, kind in VALUES_DIFFER):
        return None
    for what, mine, other in (("values", ours[1], theirs[1]), ("gradients", ours[3], theirs[3])):
        single = "float" in text.replace("float64", "") or lib.float32 in kinds
        if len(mine) == len(other) and not all([close(a, b, single) for a, b in zip(mine, other, strict=True)]):
            return f"{what} {mine}, PyTorch's {other}"
    return None


def wrong(cases: Iterator[tuple[str, str, Any]], grad: bool = True) -> list[str]:
    found = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for text, layouts, make in cases:
            what = difference(text, layouts, make, grad)
            if what is not None:
                found.append(f"{text} | {layouts}\n      {what[:300]}")
    return found


def chosen(key: str, share: int) -> bool:
    return zlib.crc32(key.encode()) % share == 0


# -- the walks -------------------------------------------------------------------------------------


def unary(rank: int, share: int, kind: str = "float64", shape: tuple[int, ...] | None = None) -> Iterator[Any]:
    for text in BY_RANK[rank]:
        for name, layout in LAYOUTS[rank].items():
            if chosen(text + name, share):
                size = shape or SHAPES[rank]
                yield (
                    text,
                    name,
                    lambda library, layout=layout, size=size: {
                        "x": laid(library, VALUES, layout, getattr(library, kind), size)
                    },
                )


def binary(rank: int, share: int) -> Iterator[Any]:
    for text in BINARY:
        for one, first in LAYOUTS[rank].items():
            for other, second in LAYOUTS[rank].items():
                if chosen(text + one + other, share):
                    yield text, f"{one} and {other}", lambda library, first=first, second=second: {
                        "x": laid(library, VALUES, first, library.float64, SHAPES[rank]),
                        "y": laid(library, VALUES[7:], second, library.float64, SHAPES[rank]),
                    }  # fmt: skip


def told(found: list[str]) -> str:
    return f"{len(found)} differ:\n" + "\n".join(found[:40])


@pytest.mark.parametrize("rank", BY_RANK)
def test_a_sample_of_results_lies_as_pytorchs(rank: int) -> None:
    found = wrong(unary(rank, 12))
    assert not found, told(found)


@pytest.mark.parametrize("rank", (2, 3, 4))
def test_a_sample_of_pairs_of_layouts_lies_as_pytorchs(rank: int) -> None:
    found = wrong(binary(rank, 40))
    assert not found, told(found)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ("float64", "float32"))
@pytest.mark.parametrize("rank", BY_RANK)
def test_all_results_lie_as_pytorchs(rank: int, kind: str) -> None:
    found = wrong(unary(rank, 1, kind), kind == "float64")
    assert not found, told(found)


@pytest.mark.slow
@pytest.mark.parametrize("rank", (2, 3, 4))
def test_all_pairs_of_layouts_lie_as_pytorchs(rank: int) -> None:
    found = wrong(binary(rank, 1))
    assert not found, told(found)


# -- streams: how the mask of a dropout falls follows from the layout --------------------------------


@pytest.mark.parametrize("rank", STREAMS)
def test_random_numbers_fill_memory_in_pytorchs_order(rank: int) -> None:
    def cases() -> Iterator[Any]:
        for text in RANDOM:
            for name, layout in LAYOUTS[rank].items():
                if "expanded" in name and "_(" in text and "clone" not in text:
                    continue  # refused: elements share memory
                if name == "windows" and "_(" in text and not text.startswith("x.clone"):
                    continue  # refused, too
                if rank > 1 or name != "expanded":
                    yield (f"({text}, x)", name, lambda library, layout=layout: {
                        "x": laid(library, VALUES, layout, library.float64, STREAMS[rank])
                    })  # fmt: skip

    found = wrong(cases(), False)
    assert not found, told(found)


# -- memory formats --------------------------------------------------------------------------------

FORMATS = (
    "y.is_contiguous(memory_format=lib.channels_last)", "x.is_contiguous(memory_format=lib.preserve_format)",
    "x.is_contiguous(memory_format=lib.channels_last_3d)", "z.is_contiguous(memory_format=lib.channels_last)",
    "x.contiguous(memory_format=lib.preserve_format)", "y.contiguous(memory_format=lib.channels_last)",
    "y.clone(memory_format=lib.channels_last)", "y.to(memory_format=lib.channels_last)",
    "y.to(lib.float64, memory_format=lib.channels_last)", "lib.empty(2, 3, memory_format=lib.channels_last)",
    "lib.zeros(2, 3, 4, 5, memory_format=lib.channels_last)", "lib.zeros_like(y, memory_format=lib.channels_last)",
    "lib.empty(2, 3, 4, 5, memory_format=lib.preserve_format)", "lib.rand_like(y, memory_format=lib.channels_last)",
    "lib.empty(2, 3, 4, 5, memory_format=lib.contiguous_format)", "lib.empty(2, 3, 4, 5, memory_format=lib.channels_last)",
    "x.contiguous(memory_format='channels_last')", "x.contiguous(memory_format=3)", "x.contiguous(memory_format=None)",
    "x.clone(memory_format=None)", "x.contiguous(lib.channels_last)", "x.is_contiguous(lib.channels_last)",
    "x.to(memory_format=None)", "x.float(memory_format=lib.channels_last)", "x.cpu(memory_format=lib.channels_last)",
    "x.double(memory_format=lib.channels_last)", "x.to('cpu', lib.float32, False, False, memory_format=lib.channels_last)",
    "lib.clone(x, memory_format=lib.channels_last)", "lib.empty_like(x, memory_format=3)",
    "x.to(memory_format=lib.channels_last).to(memory_format=lib.contiguous_format)",
    "x[:, :1].to(memory_format=lib.channels_last)", "nn.Linear(2, 3).to(memory_format=lib.channels_last).weight",
    "nn.Conv3d(2, 3, 1).to(memory_format=lib.channels_last)", "nn.Conv2d(2, 3, 2).to(memory_format=lib.channels_last_3d)",
    "nn.Conv3d(2, 3, 2).to(memory_format=lib.channels_last_3d).weight",
    "nn.Conv2d(2, 3, 2).to(memory_format=lib.preserve_format).weight",
    "nn.Conv2d(2, 3, 2).to(lib.float64, memory_format=lib.channels_last).weight",
    "nn.Conv1d(2, 3, 2).to(memory_format=lib.channels_last).weight",
    "F.conv2d(x[:, :1].to(memory_format=lib.channels_last), lib.ones(4, 1, 2, 2))",
    "F.conv2d(x[:, :1].to(memory_format=lib.channels_last).float(), lib.ones(4, 1, 2, 2))",
    "F.conv2d(F.conv2d(z, lib.ones(1, 3, 2, 2)), lib.ones(4, 1, 2, 2))",
)  # fmt: skip


@pytest.mark.parametrize("text", FORMATS)
def test_memory_formats_do_what_pytorchs_do(text: str) -> None:
    def outcome(library: Any) -> Any:
        x = library.zeros(2, 3, 4, 5)
        scope = {"x": x, "y": library.zeros(2, 3), "z": x.to(memory_format=library.channels_last)}
        try:
            result = eval(text, {"lib": library, "F": library.nn.functional, "nn": library.nn, **scope})
        except Exception as error:
            return [base.__name__ for base in type(error).__mro__ if base in (RuntimeError, TypeError, ValueError)]
        return (layout_of(result), result.dtype.itemsize) if isinstance(result, library.Tensor) else result

    assert outcome(lib) == outcome(torch)


def test_a_layer_keeps_its_memory_format_through_a_step() -> None:
    def weights(library: Any) -> list[Any]:
        library.manual_seed(0)
        layer = library.nn.Conv2d(3, 4, 2).to(memory_format=library.channels_last)
        optimizer = library.optim.SGD(layer.parameters(), 0.1, momentum=0.9)
        for _ in range(2):
            optimizer.zero_grad()
            layer(library.ones(2, 3, 4, 4)).square().sum().backward()
            optimizer.step()
        return [layout_of(layer.weight), layout_of(layer.weight.grad), *layer.weight.detach().flatten().tolist()]

    ours, theirs = weights(lib), weights(torch)
    assert ours[:2] == theirs[:2]
    np.testing.assert_allclose(ours[2:], theirs[2:], rtol=1e-5)
