"""NumPy speaks Tensor: `np.exp(t)`, `np.concatenate([t, u])`, `np.where(m, t, 0)` stay on the tape.

NumPy hands a call that has a tensor among its operands to the tensor (NEP 13 for ufuncs, NEP 18 for
the other functions). The two tables say which operation each NumPy function means; signatures and
meaning are NumPy's (`np.std` divides by n, `np.split` takes a number of sections).

Where nothing is on the tape, NumPy computes the rest itself: lists, mixed dtypes and all of its options
mean what they mean there, and a function of the tables gives tensors. What may be a view of a tensor's
memory is always made by the table, so that later writes are noticed.

A function outside the tables has no gradient here. It gets the arrays where no tensor requires one
(so `np.histogram(t)` and plotting work, as with PyTorch); else a TypeError says what to do.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_nn.errors import DTypeError, message
from tinygrad_nn.numpy_protocol.operands import on_tape, operand, operands, plain, refuse_graph, tensors, wrapped
from tinygrad_nn.numpy_protocol.table import FUNCTIONS, REDUCTIONS, UFUNCS, VIEWS, Call, over
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.versions import stamp
from tinygrad_nn.views import written_over

__all__ = ["FUNCTIONS", "UFUNCS", "array_function", "array_ufunc"]

_KEYWORDS = {"shape": "shape_", "newshape": "shape_"}


def array_ufunc(self: Any, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
    """A ufunc that has a tensor among its operands."""
    name = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
    if not options and method == "__call__" and ufunc in UFUNCS:
        return UFUNCS[ufunc](*[operand(one) for one in inputs])
    if method == "reduce" and ufunc in REDUCTIONS and options.keys() <= {"axis", "keepdims"} and len(inputs) == 1:
        axis = options.get("axis", 0)
        return over(REDUCTIONS[ufunc])(inputs[0], axis, keepdims=options.get("keepdims", False))
    out = options.get("out", ())
    if (
        method == "__call__"
        and ufunc in UFUNCS
        and options.keys() == {"out"}
        and len(out) == 1
        and type(out[0]) in TYPES
    ):
        return written_over(out[0], UFUNCS[ufunc], tuple([operand(one) for one in inputs]), name)
    refuse_graph(name, inputs, f"tinygrad_nn has no gradient for it{' with these options' if options else ''}")
    if any([type(one) in TYPES for one in options.get("out", ())]):
        raise DTypeError(message(f"{name}: out= cannot be a tensor", fix="use the in-place form, such as x.add_(y)"))
    found = getattr(ufunc, method)(
        *[plain(one) for one in inputs], **{key: plain(value) for key, value in options.items()}
    )
    if method == "at":
        _note_write(inputs[0], name)
    return wrap(np.asarray(found)) if isinstance(found, (np.ndarray, np.generic)) and "out" not in options else found


def array_function(self: Any, func: Call, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Any other NumPy function that has a tensor among its arguments."""
    name = f"np.{'linalg.' if 'linalg' in func.__module__ else ''}{func.__name__}"
    meant = FUNCTIONS.get(func)
    if meant is not None and func not in VIEWS and not on_tape(func, (*args, *kwargs.values())):
        found = wrapped(func(*[plain(one) for one in args], **{key: plain(value) for key, value in kwargs.items()}))
        _note_write(kwargs.get("out"), name)
        return found
    if meant is not None:
        if "out" in kwargs and kwargs["out"] is None:
            kwargs = {key: value for key, value in kwargs.items() if key != "out"}
        try:
            return meant(
                *[tensors(one) for one in operands(func, args)],
                **{_KEYWORDS.get(key, key): tensors(value) for key, value in kwargs.items()},
            )
        except TypeError as error:
            if "unexpected keyword" not in str(error) and "positional argument" not in str(error):
                raise
            raise DTypeError(
                message(
                    f"{name}: an argument that a tensor does not take",
                    got=str(error).split(") ", 1)[-1],
                    fix="leave it out, or pass t.detach().numpy()",
                )
            ) from None
    refuse_graph(name, (*args, *kwargs.values()), "tinygrad_nn has no gradient for it")
    found = func(*[plain(one) for one in args], **{key: plain(value) for key, value in kwargs.items()})
    if func in WRITERS:
        _note_write(args[0] if args else kwargs.get(WRITERS[func]), name)
    _note_write(kwargs.get("out"), name)
    return found


WRITERS: dict[Any, str] = {
    np.copyto: "dst", np.put: "a", np.place: "arr", np.putmask: "a", np.fill_diagonal: "a", np.put_along_axis: "arr",
}  # fmt: skip
"""NumPy's functions that write into an array, and the name of that argument."""


def _note_write(target: Any, name: str) -> None:
    if type(target) in TYPES:
        stamp(target, name)
