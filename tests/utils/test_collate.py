"""default_collate and default_convert against PyTorch's, on every structure that samples come in."""

from __future__ import annotations

from collections import OrderedDict, UserDict, namedtuple
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.utils.data import default_collate, default_convert

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
theirs = pytest.importorskip("torch.utils.data", reason="PyTorch is the oracle here")

Point = namedtuple("Point", "x y")


class Tagged(dict):
    """A dict with something more, which a batch keeps."""

    tag = "kept"


def plain(value: Any) -> Any:
    """Structure, types, dtypes and elements, in one comparable form."""
    if isinstance(value, tg.Tensor | torch.Tensor):
        return ("tensor", str(value.dtype).split(".")[-1], tuple(value.shape), value.tolist())
    if isinstance(value, dict | UserDict | MappingProxyType):
        return (type(value).__name__, {key: plain(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return (type(value).__name__, [plain(item) for item in value])
    return value


def as_theirs(value: Any) -> Any:
    """The same samples with PyTorch's tensors."""
    if isinstance(value, tg.Tensor):
        return torch.from_numpy(value.numpy().copy())
    if isinstance(value, MappingProxyType):
        return MappingProxyType({key: as_theirs(item) for key, item in value.items()})
    if isinstance(value, dict | UserDict):
        made = type(value)()
        made.update({key: as_theirs(item) for key, item in value.items()})
        return made
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(as_theirs, value))
    if isinstance(value, list | tuple):
        return type(value)(map(as_theirs, value))
    return value


T = tg.tensor
BATCHES: dict[str, list[Any]] = {
    "tensors": [T([1.0, 2.0]), T([3.0, 4.0])],
    "0-d tensors": [T(1), T(2)],
    "tensors of two dtypes": [T([1.0]), T([2])],
    "arrays": [np.arange(3.0), np.arange(3.0) + 1],
    "float32 arrays": [np.ones((2, 2), np.float32), np.zeros((2, 2), np.float32)],
    "NumPy numbers": [np.float32(1), np.float32(2)],
    "0-d arrays": [np.array(1), np.array(2)],
    "floats": [1.5, 2.5],
    "ints": [1, 2],
    "bools": [True, False],
    "strings": ["a", "bc"],
    "bytes": [b"a", b"b"],
    "tuples": [(1, 2.0), (3, 4.0)],
    "lists": [[1, 2.0], [3, 4.0]],
    "tensor and label": [(T([1.0]), 0), (T([2.0]), 1)],
    "dicts": [{"x": 1, "y": T([1.0])}, {"x": 2, "y": T([2.0])}],
    "ordered dicts": [OrderedDict(x=1), OrderedDict(x=2)],
    "dicts of a class": [Tagged(x=1), Tagged(x=2)],
    "user dicts": [UserDict({"x": 1}), UserDict({"x": 2})],
    "named tuples": [Point(1, "a"), Point(2, "b")],
    "ranges": [range(2), range(2, 4)],
    "deep": [{"a": [(1, {"b": "s"})]}, {"a": [(2, {"b": "t"})]}],
    "strings in tuples": [(1, "a"), (2, "b")],
    "empty tuples": [(), ()],
    "one sample": [(1.0,)],
}


@pytest.mark.parametrize("samples", BATCHES.values(), ids=BATCHES.keys())
def test_collate_gives_what_pytorch_gives(samples: list[Any]) -> None:
    assert plain(default_collate(samples)) == plain(theirs.default_collate([as_theirs(sample) for sample in samples]))


def test_a_mapping_that_cannot_be_changed_keeps_its_kind() -> None:
    batch = default_collate([MappingProxyType({"x": 1}), MappingProxyType({"x": 2})])
    assert isinstance(batch, MappingProxyType)
    assert batch["x"].tolist() == [1, 2]


def test_a_dict_of_a_class_keeps_its_attributes() -> None:
    sample = Tagged(x=1)
    sample.tag = "mine"
    assert default_collate([sample, Tagged(x=2)]).tag == "mine"
    assert sample == {"x": 1}


def test_a_batch_of_tensors_is_on_the_tape() -> None:
    w = tg.ones(2, requires_grad=True)
    default_collate([w * 2, w * 3]).sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == [5.0, 5.0]


CONVERTED: dict[str, Any] = {
    "array": np.arange(2.0),
    "NumPy number": np.int64(3),
    "float": 1.5,
    "string": "abc",
    "dict": {"x": np.ones(1), "s": "t"},
    "tuple": (np.ones(1), 2),
    "list": [np.ones(1), "s"],
    "named tuple": Point(np.ones(1), 1),
    "strings as array": np.array(["a"]),
    "range": range(3),
}


@pytest.mark.parametrize("sample", CONVERTED.values(), ids=CONVERTED.keys())
def test_convert_gives_what_pytorch_gives(sample: Any) -> None:
    assert str(plain(default_convert(sample))) == str(plain(theirs.default_convert(sample)))


@pytest.mark.parametrize(
    "samples, kind, text",
    [
        ([None, None], TypeError, "must contain tensors, numpy arrays, numbers, dicts or lists\n.*NoneType"),
        ([object(), object()], TypeError, "got: samples of type object\n  fix: pass a collate_fn="),
        ([np.array(["a"]), np.array(["b"])], TypeError, "got: an array of <U1"),
        ([[1, 2], [3]], RuntimeError, "of equal size\n  got: lengths \\[2, 1\\]\n  fix: pass a collate_fn"),
        ([T([1.0]), T([1.0, 2.0])], RuntimeError, "stack"),
        ([np.ones(1), np.ones(2)], RuntimeError, "stack"),
    ],
)
def test_collate_refuses(samples: list[Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        default_collate(samples)
    with pytest.raises(kind):
        theirs.default_collate([as_theirs(sample) for sample in samples])
