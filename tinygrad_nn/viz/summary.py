"""An array in a few words, or a few numbers: what fits into a box, and what a page shows of it."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["brief", "data_size", "magnitude", "number", "shape_text", "short", "statistics"]


def number(value: Any) -> str:
    """A number in at most four digits, NaN and infinities by name.

    >>> number(0.123456), number(3.0), number(float("nan")), number(-float("inf"))
    ('0.1235', '3', 'NaN', '-Inf')
    """
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    value = float(value)
    if value != value:
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Inf" if value > 0 else "-Inf"
    return f"{value:.4g}" if value else "0"


def shape_text(shapes: tuple[tuple[int, ...], ...]) -> str:
    """Shapes as a person writes them: "64 × 10", "scalar"; several are parted by a comma.

    >>> shape_text(((64, 10),)), shape_text(((),)), shape_text(((3,), (3,)))
    ('64 × 10', 'scalar', '3, 3')
    """
    return ", ".join(" × ".join(map(str, shape)) if shape else "scalar" for shape in shapes)


def data_size(count: int) -> str:
    """Bytes in a unit that keeps the number short.

    >>> data_size(40), data_size(31360), data_size(5_000_000)
    ('40 B', '30.6 KB', '4.77 MB')
    """
    size, units = float(count), ["B", "KB", "MB", "GB", "TB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        units.pop(0)
    return f"{size:.3g} {units[0]}"


def _floats(array: Any) -> Any:
    array = np.asarray(array)
    return array.astype(np.float64) if array.dtype.kind != "f" or array.dtype.itemsize < 8 else array


def brief(array: Any, limit: int = 4) -> str:
    """A few numbers in full; of many, their mean, spread and range, and whatever is not finite.

    >>> brief(np.array([1.0, 2.5])), brief(np.array(3)), brief(np.array([np.nan, 1, 1, 1, 1]))
    ('[1, 2.5]', '3', 'mean 1, 1 … 1, 1 NaN')
    """
    array = np.asarray(array)
    if array.ndim == 0:
        return number(array[()])
    if array.size <= limit and array.ndim == 1:
        return "[" + ", ".join(number(v) for v in array) + "]"
    if array.size <= limit:
        return "[" + ", ".join(brief(row, limit) for row in array) + "]"
    s = statistics(array)
    parts = [f"mean {number(_mean(s))}", f"{number(s['min'])} … {number(s['max'])}"] if s["finite"] else []
    parts += [f"{s['nan']} NaN"] * bool(s["nan"]) + [f"{s['inf']} Inf"] * bool(s["inf"])
    return ", ".join(parts) or "empty"


def short(array: Any) -> str:
    """As much as a small box holds: up to two numbers in full, else mean ± standard deviation.

    >>> short(np.array(0.5)), short(np.array([1.0, 2.0])), short(np.array([0.0, 1.0, 2.0]))
    ('0.5', '[1, 2]', '1 ± 0.82')
    """
    array = np.asarray(array)
    if array.size <= 2:
        return brief(array)
    s = statistics(array)
    if s["nan"] or s["inf"]:
        return ", ".join([f"{s['nan']} NaN"] * bool(s["nan"]) + [f"{s['inf']} Inf"] * bool(s["inf"]))
    return f"{_mean(s):.2g} ± {s['std']:.2g}"


def _mean(s: dict[str, Any]) -> float:
    """The mean; 0 where what is left of it is rounding beside the spread."""
    return 0.0 if abs(s["mean"]) < 1e-6 * s["std"] else float(s["mean"])


def statistics(array: Any) -> dict[str, Any]:
    """Mean, standard deviation, smallest and largest of the finite elements, and counts of NaN, Inf and zeros.

    >>> s = statistics(np.array([0.0, 4.0, np.inf]))
    >>> s["mean"], s["std"], s["max"], s["inf"], s["zero"]
    (2.0, 2.0, 4.0, 1, 1)
    """
    values = _floats(array).reshape(-1)
    finite = values[np.isfinite(values)]
    found: dict[str, Any] = {
        "size": int(values.size),
        "finite": int(finite.size),
        "nan": int(np.isnan(values).sum()),
        "inf": int(np.isinf(values).sum()),
        "zero": int((values == 0).sum()),
    }
    if finite.size:
        scale = max(float(np.abs(finite).max()), 1e-300)  # of float64's largest numbers, the sum would overflow
        found["mean"] = float((finite / scale).mean() * scale)
        found["std"] = float((finite / scale).std() * scale)
        found["min"], found["max"] = float(finite.min()), float(finite.max())
    return found


def magnitude(array: Any) -> float | None:
    """The root mean square; NaN if an element is; None for an empty array.

    >>> magnitude(np.array([3.0, -4.0]))
    3.5355339059327378
    """
    values = _floats(array).reshape(-1)
    if not values.size:
        return None
    peak = float(np.abs(values).max())
    if peak == 0 or not np.isfinite(peak):
        return peak
    return float(np.sqrt(np.square(values / peak).mean()) * peak)
