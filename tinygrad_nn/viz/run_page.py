"""The page of a training run: what the film shows, in the form that `assets/run.js` draws."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tinygrad_nn.viz.film import BINS, Film, Histograms
from tinygrad_nn.viz.offline import document
from tinygrad_nn.viz.plots import CLASSES
from tinygrad_nn.viz.snapshots import Series
from tinygrad_nn.viz.summary import number

__all__ = ["run_page"]

_ROWS = 24  # arrays shown of each kind


def run_page(film: Film, curves: Mapping[str, Series], title: str, epochs: Sequence[int], cost: float) -> str:
    """The page, as text."""
    notes = list(film.notes)
    shown: dict[str, list[dict[str, Any]]] = {}
    for kind in ("weights", "gradients", "activations"):
        rows: list[Histograms] = getattr(film, kind)
        if len(rows) > _ROWS:
            notes.append(f"Of {len(rows)} {kind} the first and last {_ROWS // 2} are shown.")
            rows = rows[: _ROWS // 2] + rows[-_ROWS // 2 :]
        shown[kind] = [_row(one) for one in rows]
    data = {
        "title": title,
        "notes": notes,
        "cost": f"{100 * cost:.1f} %",
        "palette": list(CLASSES),
        "steps": film.steps,
        "epochs": list(epochs),
        "curves": [_curve(name, series.steps, series.values) for name, series in curves.items()],
        "scene": _short(film.scene.told(film.looks)),
        **shown,
        "bins": BINS,
        "updates": [{"name": n, "values": _short(v)} for n, v in list(film.updates.items())[:_ROWS] if _any(v)],
        "images": _images(film.images),
        "visits": film.visits,
        "findings": [
            {"kind": f.kind, "where": f.where, "text": f.text, "advice": f.advice, "steps": steps}
            for f, steps in film.findings
        ],
    }
    return document("run", data, title)


def _curve(name: str, steps: list[int], values: list[float]) -> dict[str, Any]:
    return {"name": name, "steps": steps, "values": _short(values)}


def _any(values: list[float]) -> bool:
    return any(value == value for value in values)


def _row(one: Histograms) -> dict[str, Any]:
    """Counts as a byte each, the square root of their share of the moment's largest."""
    share = one.counts / np.maximum(one.counts.max(1, keepdims=True), 1)
    return {
        "name": one.name, "low": f"{one.low:.2g}", "high": f"{one.high:.2g}", "zero": -one.low / (one.high - one.low),
        "spread": [[_word(mean), _word(std)] for mean, std in one.spread], "bad": one.bad,
        "counts": _bytes(np.rint(255 * np.sqrt(share))),
    }  # fmt: skip


def _word(value: float) -> str:
    return number(float(f"{value:.3g}"))


def _images(images: Any) -> dict[str, Any] | None:
    """Weights as bytes: 1 is the most negative, 128 zero, 255 the most positive of all moments; 0 is not finite."""
    if images is None:
        return None
    finite = np.isfinite(images)
    limit = float(np.abs(images[finite]).max()) if finite.any() else 1.0
    scaled = np.where(finite, np.rint(128 + 127 * np.nan_to_num(images) / (limit or 1.0)), 0)
    return {
        "count": images.shape[1], "height": images.shape[2], "width": images.shape[3], "limit": number(limit),
        "frames": [_bytes(frame) for frame in scaled],
    }  # fmt: skip


def _bytes(values: Any) -> str:
    return b64encode(np.ascontiguousarray(values, dtype=np.uint8).tobytes()).decode("ascii")


def _short(value: Any) -> Any:
    """Floats in five digits, which no eye tells from all of them."""
    if isinstance(value, dict):
        return {key: _short(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_short(part) for part in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value
