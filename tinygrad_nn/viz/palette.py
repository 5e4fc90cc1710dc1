"""Colours that colour-blind people can tell apart, one place for all pictures.

Source: M. Okabe and K. Ito, "Color Universal Design" (2008), eight colours; the tints are theirs, mixed with white.
"""

from __future__ import annotations

from math import isfinite, log10

__all__ = ["OKABE_ITO", "STYLE", "gradient_colour", "gradient_range", "mix", "signed_colour"]

OKABE_ITO = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "purple": "#CC79A7",
}


def mix(a: str, b: str, t: float) -> str:
    """The colour at `t` of the way from `a` to `b`.

    >>> mix("#000000", "#ffffff", 0.5)
    '#808080'
    """
    parts = [round(int(a[k : k + 2], 16) * (1 - t) + int(b[k : k + 2], 16) * t) for k in (1, 3, 5)]
    return "#" + "".join(f"{p:02x}" for p in parts)


def _tint(name: str, strength: float = 0.22) -> str:
    return mix("#ffffff", OKABE_ITO[name], strength)


STYLE = {  # kind -> (fill, border)
    "operation": ("#ffffff", "#7b8794"),
    "parameter": (_tint("orange"), OKABE_ITO["orange"]),
    "input": (_tint("sky"), OKABE_ITO["sky"]),
    "output": (_tint("green"), OKABE_ITO["green"]),
    "module": (_tint("blue", 0.1), OKABE_ITO["blue"]),
    "failed": (_tint("vermillion", 0.3), OKABE_ITO["vermillion"]),
}

_SCALE = ("#fdf3d8", "#f9d48a", "#f0a63c", "#d9691c", "#a33a17", "#5e1c14")  # light to dark in even steps of lightness


def gradient_range(sizes: list[float]) -> tuple[float, float]:
    """The decades that the finite, non-zero `sizes` span: (low, high) exponents of ten."""
    logs = [log10(s) for s in sizes if s > 0 and isfinite(s)]
    if not logs:
        return (-1.0, 0.0)
    low, high = min(logs), max(logs)
    return (low, high) if high - low > 0.3 else (low - 0.5, high + 0.5)


def gradient_colour(size: float, low: float, high: float) -> tuple[str, str]:
    """Fill and text colour for a gradient of this size, dark for large; black for what is not finite."""
    if not isfinite(size):
        return "#000000", "#ffffff"
    if size == 0:
        return "#ffffff", "#1f2933"
    place = min(max((log10(size) - low) / (high - low), 0.0), 1.0) * (len(_SCALE) - 1)
    place = round(place, 2)  # the same colour on every CPU, whatever the last bits of the size
    k = min(int(place), len(_SCALE) - 2)
    fill = mix(_SCALE[k], _SCALE[k + 1], place - k)
    return fill, "#ffffff" if _luminance(fill) < 0.18 else "#000000"


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2): black text can be read above 0.18, white text below."""
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def signed_colour(value: float, scale: float) -> str:
    """Blue for negative, vermillion for positive, pale near zero; black for what is not finite."""
    if not isfinite(value):
        return "#000000"
    part = round(min(abs(value) / scale, 1.0), 2) if scale else 0.0
    return mix("#d5dae0", OKABE_ITO["vermillion" if value > 0 else "blue"], part)
