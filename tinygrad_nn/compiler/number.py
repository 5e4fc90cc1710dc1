"""A number that is an input of the program: what an optimizer computes with it is recorded.

It is a float, so whatever takes a float takes it; arithmetic with it gives such a number again, and
a comparison makes its outcome part of what the program takes for granted.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

__all__ = ["Number"]


def _arithmetic(name: str, function: Callable[[Any, Any], Any], swapped: bool) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        if type(other) not in (float, int, Number):
            return NotImplemented
        args = (other, self) if swapped else (self, other)
        return self.recorder.on_numbers(name, args, function(float(args[0]), float(args[1])))

    return method


def _comparison(function: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        if not isinstance(other, (float, int)):
            return NotImplemented
        if type(other) is Number or self.value.source is None:
            self.recorder.refuse("a branch on a number that is computed", got="a comparison", fix="use where")
            return function(float(self), float(other))
        self.recorder.guard(lambda: function(float(self.value.source.array), other))
        return function(float(self), other)

    return method


def _both(name: str, function: Callable[[Any, Any], Any]) -> tuple[Any, Any]:
    """The operator with the number on its left, and on its right."""
    return _arithmetic(name, function, False), _arithmetic(name, function, True)


class Number(float):
    """A float with the program's value that stands for it."""

    __slots__ = ("recorder", "value")

    value: Any
    recorder: Any

    @classmethod
    def of(cls, now: float, value: Any, recorder: Any) -> Number:
        """The number `now`, which `value` gives when the program runs."""
        made = cls(now)
        made.value, made.recorder = value, recorder
        return made

    __add__, __radd__ = _both("add", operator.add)
    __sub__, __rsub__ = _both("sub", operator.sub)
    __mul__, __rmul__ = _both("mul", operator.mul)
    __truediv__, __rtruediv__ = _both("div", operator.truediv)
    __pow__, __rpow__ = _both("power", operator.pow)
    __lt__, __le__ = _comparison(operator.lt), _comparison(operator.le)
    __gt__, __ge__ = _comparison(operator.gt), _comparison(operator.ge)
    __eq__, __ne__ = _comparison(operator.eq), _comparison(operator.ne)
    __hash__ = float.__hash__

    def __neg__(self) -> Any:
        return self.recorder.on_numbers("neg", (self,), -float(self))

    def __bool__(self) -> bool:
        return bool(_comparison(operator.ne)(self, 0))

    def __reduce__(self) -> Any:
        return float, (float(self),)
