"""NumPy's functions with tensors in the place of arrays: of all, of one, beside lists, and on the tape.

The functions are those that NumPy itself names as overridable, the calls are all of `CALLS` that NumPy
accepts for a function; what they should give is what NumPy gives for the arrays.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.testing.overrides import get_overridable_numpy_array_functions

import tinygrad_nn as tg
from tinygrad_nn.numpy_protocol import FUNCTIONS

A, B = np.array([[2.0, 0.5], [0.5, 1.5]]), np.array([[1.0, 3.0], [0.5, -1.0]], np.float32)
V, W, J, M = np.array([1.0, 2.0]), np.array([3.0, -1.0], np.float32), np.array([1, 0]), np.array([True, False])
C = np.arange(8.0).reshape(2, 2, 2)
CALLS: tuple[tuple[Any, ...], ...] = (
    (A,), (V,), (J,), (M,), (C,), (A, B), (V, W), (A, V), (V, J), (A, M), (J, A), (M, A, B), (A, B, V), ([A, B],), ((V, W),),
    ([V, J],), ([A, [[1, 2], [3, 4]]],), (A, 1), (A, 0), (V, 1), (V, [1]), (A, [1, 0]), (A, (2, 2)), (A, (0, 1)), (A, 0, 1),
    (A, 0.5), (V, None), (A, A, 1), (V, [0, 1], [2.0, 3.0]), (V, V, W), (J, V), ("ij,jk", A, B), ((2, 2), A), (A, [0.2, 1.0]),
    (A, 1, V), ([M, ~M], [V, W]), (J, [V, W]), (A, 2, 0), (V, 2, 0), ([1.0, 2.0], V), (V, [1.0, 2.0]), (V, 0.0), (0.0, V),
    ([[1.0, 2.0], [3.0, 4.0]], A), (A, [[1.0, 2.0], [3.0, 4.0]]), (A, [1, 1], 0), (M, V, 0.0), (M, 0.0, V), (M, V, [5.0, 6.0]),
)  # fmt: skip
OTHER_SUBJECTS = ("fft", "char", "rec", "strings", "polynomial", "scimath")
WRITERS = {
    "copyto",
    "put",
    "putmask",
    "place",
    "fill_diagonal",
    "put_along_axis",
    "save",
    "savez",
    "savez_compressed",
    "savetxt",
}
NO_VALUES = {"empty_like", "frombuffer", "array_repr", "array_str", "array2string"}
WAYS = ("all", "first", "last", "beside lists")


def functions() -> Iterator[Any]:
    for function in sorted(get_overridable_numpy_array_functions(), key=lambda one: (one.__module__, one.__name__)):
        if function.__name__ not in WRITERS | NO_VALUES and not any(
            one in function.__module__ for one in OTHER_SUBJECTS
        ):
            yield function


def count(value: Any) -> int:
    if isinstance(value, (list, tuple)):
        return sum(map(count, value))
    return int(isinstance(value, np.ndarray))


def given(call: Any, way: str, grad: bool) -> Any:
    """The call with tensors (on the tape, if `grad`) for the arrays that `way` names, copies for the rest."""
    total, place = count(call), iter(range(99))

    def one(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return type(value)(map(one, value))
        if not isinstance(value, np.ndarray):
            return value
        k = next(place)
        if way == "all" or k == (total - 1 if way == "last" else 0):
            return tg.tensor(value).requires_grad_(grad and value.dtype.kind == "f")
        return value.tolist() if way == "beside lists" else value.copy()

    return one(call)


def arrays(value: Any) -> Any:
    if isinstance(value, tg.Tensor):
        return value.detach().numpy().copy()
    return type(value)(map(arrays, value)) if type(value) in (list, tuple) else value


def same(mine: Any, theirs: Any) -> bool:
    if isinstance(theirs, (list, tuple)):
        return len(mine) == len(theirs) and all(map(same, mine, theirs))
    mine, theirs = np.asarray(arrays(mine)), np.asarray(theirs)
    if mine.dtype.kind not in "biufc" or theirs.dtype.kind not in "biufc":
        return bool(np.array_equal(mine, theirs))
    fits = mine.dtype == theirs.dtype and mine.shape == theirs.shape
    return fits and bool(np.allclose(mine, theirs, rtol=1e-6, atol=1e-7, equal_nan=mine.dtype.kind in "fc"))


REFUSED = (
    "has no gradient for it",
    "Can't call numpy() on Tensor that requires grad",
    "an argument that a tensor does not take",
)
"""What a function outside the tables, or an option, answers for a tensor on the tape."""
ODD = {
    "broadcast_to", "reshape", "ravel", "split",  # views: an argument that only NumPy takes
    "take", "repeat", "roll", "tile", "trace", "tril", "triu", "norm", "concatenate", "column_stack", "clip", "einsum", "pinv",
    "cond", "where", "expand_dims", "flip",
    "histogram",  # a range of tensors, which NumPy does not ask about
}  # fmt: skip
"""Functions of the table that refuse an odd form of a call (float indices, a third dimension) in words of their own."""


def walk(function: Any, grad: bool) -> Iterator[tuple[str, str]]:
    """What differs, call by call."""
    for call in CALLS:
        for way in WAYS[: 1 if count(call) == 1 else 4]:
            try:
                expected = function(*arrays(given(call, way, False)))
            except Exception:
                continue  # not a call of this function
            yield "called", ""
            try:
                mine = function(*given(call, way, grad))
            except (TypeError, RuntimeError, NotImplementedError, ValueError, AttributeError) as error:
                if (grad and any(word in str(error) for word in REFUSED)) or function.__name__ in ODD:
                    continue
                yield f"{way} {call}", f"{type(error).__name__}: {error}"
            else:
                if not same(mine, expected):
                    yield f"{way} {call}", f"{mine!r}, NumPy {expected!r}"


@pytest.mark.parametrize("grad", [False, True], ids=["off the tape", "on the tape"])
def test_numpys_functions_take_tensors_for_arrays(grad: bool) -> None:
    wrong, called = [], 0
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for function in functions():
            for call, what in walk(function, grad):
                called += call == "called"
                if what and function.__name__ != "pinv":
                    wrong.append(f"{function.__name__} {call}: {what}")
    assert not wrong, f"{len(wrong)} of {called}:\n" + "\n".join(wrong[:20])
    assert called > 4000


def test_the_functions_of_the_table_give_tensors_and_keep_the_tape() -> None:
    t, w = tg.tensor(V), tg.tensor(W, requires_grad=True)
    assert isinstance(np.vstack([t, t]), tg.Tensor)
    assert np.hstack([w, [1.0, 2.0]]).requires_grad
    assert np.dot(w, V).dtype is tg.float64
    np.dot(w, V).backward()
    assert w.grad is not None
    assert w.grad.dtype is tg.float32
    assert w.grad.tolist() == V.tolist()
    assert np.matmul(tg.tensor(A), B).dtype is tg.float64
    t2, none = np.broadcast_arrays(t, None)
    assert t2.tolist() == V.tolist()
    assert none.tolist() == [None, None]


def test_views_are_noticed_and_copies_are_copies() -> None:
    x = tg.ones(2, 2)
    y = x * tg.ones(2, 2, requires_grad=True)
    np.reshape(x, (4,))[0] = 5.0
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
    for function in FUNCTIONS:
        if function.__name__ in ("flip", "fliplr", "flipud", "diag", "roll", "copy", "round"):
            args = (x, 1) if function is np.roll else (x,)
            assert not np.shares_memory(function(*args).array, x.array), function


def test_plots_take_tensors() -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    t = tg.tensor([1.0, 2.0])
    plt.figure()
    plt.bar(tg.arange(2), t)
    plt.plot(t, t)
    plt.errorbar(tg.arange(2), t, yerr=t)
    plt.fill_between(tg.arange(2), t, 2 * t)
    plt.hist(t)
    plt.close()
