"""How a tensor prints: PyTorch's form to the letter, and the options that change it.

All elements share one format: integers with a point, four decimals, or the scientific form where
the largest is more than 1000 times the smallest, above 1e8 or below 1e-4. Above `threshold`
elements only the edges of each dimension are shown.
"""

from __future__ import annotations

from html import escape
from math import ceil, inf, isfinite
from typing import Any

import numpy as np

from tinygrad_nn.dtypes import as_dtype, bool_, get_default_dtype, int64
from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.primitive import PICK, node_of
from tinygrad_nn.tape import local

__all__ = ["html", "set_printoptions", "text"]

Array = np.ndarray[Any, Any]


class _Options:
    """What `set_printoptions` set."""

    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


PROFILES: dict[str, tuple[int, float, int, int]] = {
    "default": (4, 1000, 3, 80),
    "short": (2, 1000, 2, 80),
    "full": (4, inf, 3, 80),
}


@switches
def set_printoptions(
    precision: int | None = None, threshold: float | None = None, edgeitems: int | None = None,
    linewidth: int | None = None,    profile: str | None = None, sci_mode: bool | None = None,
) -> None:  # fmt: skip
    """How tensors print from now on; what is left out stays, except `sci_mode`.

    precision: decimals (4)
    threshold: elements above which only edges are shown (1000)
    edgeitems: how many at each edge (3)
    linewidth: characters per line (80)
    profile:   "default", "short" or "full", before the others
    sci_mode:  True or False for always or never the scientific form; None decides by the values

    Raises ValueError for an unknown profile.
    """
    if profile is not None:
        if profile not in PROFILES:
            raise ArgumentError(
                message("set_printoptions: unknown profile", got=repr(profile), fix="default, short or full")
            )
        _Options.precision, _Options.threshold, _Options.edgeitems, _Options.linewidth = PROFILES[profile]
    for name, value in (
        ("precision", precision),
        ("threshold", threshold),
        ("edgeitems", edgeitems),
        ("linewidth", linewidth),
    ):
        if value is not None:
            setattr(_Options, name, value)
    _Options.sci_mode = sci_mode


def text(t: Any) -> str:
    """The repr of a tensor.

    >>> import tinygrad_nn as tg
    >>> tg.tensor([[1.0, -2.5], [1e-3, 4.0]])
    tensor([[ 1.0000e+00, -2.5000e+00],
            [ 1.0000e-03,  4.0000e+00]])
    >>> tg.tensor([1, 2], dtype=tg.int32), tg.zeros(2, 0)
    (tensor([1, 2], dtype=tinygrad_nn.int32), tensor([], size=(2, 0)))
    """
    if local.mode.tracer is not None:
        local.mode.tracer.read(t)
    array, prefix = t.array, "tensor("
    return _with_suffixes(prefix + body(array, len(prefix)), _suffixes(t), len(prefix))


def html(t: Any) -> str:
    """What a notebook shows: the repr, and beneath it the shape, the element type, the range and the maker.

    >>> import tinygrad_nn as tg
    >>> "3 elements · float32 · 0 … 2" in html(tg.tensor([0.0, 1.0, 2.0]))
    True
    """
    array, node = t.array, node_of(t)
    facts = [" × ".join(map(str, array.shape)) if array.ndim > 1 else f"{array.size} element{'s' * (array.size != 1)}"]
    facts.append(as_dtype(array.dtype).name)
    if array.size and array.dtype.kind in "fiu":
        finite = array[np.isfinite(array)]
        facts += [f"{finite.min():.4g} … {finite.max():.4g}"] * bool(finite.size)
        facts += [f"<b>{array.size - finite.size} not finite</b>"] * (finite.size < array.size)
    if node is not None:
        facts.append("requires grad" if node.primitive is None else f"made by {escape(node.name)}")
    return f'<pre style="margin:0">{escape(repr(t))}</pre><small style="opacity:.7">{" · ".join(facts)}</small>'


def _suffixes(t: Any) -> list[str]:
    array, kind = t.array, as_dtype(t.array.dtype)
    found = []
    if not array.size and array.ndim != 1:
        found.append(f"size={tuple(array.shape)}")
    if kind is not get_default_dtype() and (not array.size or kind not in (int64, bool_)):
        found.append(f"dtype={kind}")
    node = node_of(t)
    if node is not None and node.primitive is PICK:
        node = node.parents[0]
    if node is not None:
        found.append("requires_grad=True" if node.primitive is None else f"grad_fn={node!r}".replace(" object", ""))
    return found


def _with_suffixes(body: str, suffixes: list[str], indent: int) -> str:
    """The suffixes behind the last line, each on a new one where it does not fit."""
    parts = [body]
    length = len(body) - body.rfind("\n") + 1
    for suffix in suffixes:
        if length + len(suffix) + 2 > _Options.linewidth:
            parts.append(",\n" + " " * indent + suffix)
            length = indent + len(suffix)
        else:
            parts.append(", " + suffix)
            length += len(suffix) + 2
    return "".join(parts) + ")"


def body(array: Array, indent: int) -> str:
    """The elements in nested brackets; continued lines are indented."""
    if not array.size:
        return "[]"
    if not _Options.edgeitems:
        return "..."
    short = array.size > _Options.threshold
    if array.dtype.itemsize == 2 and array.dtype.kind in "fV":
        array = array.astype(np.float32)
    return _nested(array, indent, short, _Format(_edges(array) if short else array))


def _edges(array: Array) -> Array:
    """The elements that are shown of a long tensor."""
    edge = _Options.edgeitems
    for k, n in enumerate(array.shape):
        if n > 2 * edge:
            array = array.take([*range(edge), *range(n - edge, n)], k)
    return array


class _Format:
    """One format for all elements."""

    def __init__(self, array: Array) -> None:
        self.floating = array.dtype.kind == "f"
        self.whole, self.scientific, self.width = True, False, 1
        if not self.floating:
            self.width = max(len(str(value)) for value in array.reshape(-1).tolist())
            return
        values = [value for value in array.reshape(-1).tolist() if isfinite(value) and value != 0]
        if not values:
            return
        sizes = [abs(value) for value in values]
        largest, smallest = max(sizes), min(sizes)
        self.whole = all(value == ceil(value) for value in values)
        self.scientific = largest / smallest > 1000 or largest > 1e8 or (not self.whole and smallest < 1e-4)
        if _Options.sci_mode is not None:
            self.scientific = _Options.sci_mode
        shown = f".{_Options.precision}e" if self.scientific else ".0f" if self.whole else f".{_Options.precision}f"
        point = int(self.whole and not self.scientific)
        self.width = max(len(format(value, shown)) + point for value in values)

    def __call__(self, value: Any) -> str:
        if not self.floating:
            return str(value).rjust(self.width)
        if self.scientific:
            return format(value, f"{self.width}.{_Options.precision}e").rjust(self.width)
        if self.whole:
            return (format(value, ".0f") + ("." if isfinite(value) else "")).rjust(self.width)
        return format(value, f".{_Options.precision}f").rjust(self.width)


def _nested(array: Array, indent: int, short: bool, form: _Format) -> str:
    if array.ndim == 0:
        return form(array.item())
    if array.ndim == 1:
        return _row(array, indent, short, form)
    edge, n = _Options.edgeitems, len(array)
    if short and n > 2 * edge:
        parts = [_nested(array[k], indent + 1, short, form) for k in range(edge)]
        parts += ["...", *[_nested(array[k], indent + 1, short, form) for k in range(n - edge, n)]]
    else:
        parts = [_nested(part, indent + 1, short, form) for part in array]
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(parts) + "]"


def _row(array: Array, indent: int, short: bool, form: _Format) -> str:
    edge = _Options.edgeitems
    if short and len(array) > 2 * edge:
        cells = [*map(form, array[:edge].tolist()), " ...", *map(form, array[-edge:].tolist())]
    else:
        cells = [form(value) for value in array.tolist()]
    per_line = max(1, (_Options.linewidth - indent) // (form.width + 2))
    lines = [", ".join(cells[k : k + per_line]) for k in range(0, len(cells), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
