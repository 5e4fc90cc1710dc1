"""no_grad, enable_grad, inference_mode and set_grad_enabled as decorators, of generators too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import tinygrad_nn as tg

MODES = {
    "no_grad": (tg.no_grad, False),
    "enable_grad": (tg.enable_grad, True),
    "inference_mode": (tg.inference_mode, False),
    "set_grad_enabled": (lambda: tg.set_grad_enabled(False), False),
}


@pytest.fixture(autouse=True)
def _recording_again() -> Iterator[None]:
    yield
    tg.set_grad_enabled(True)


@pytest.mark.parametrize("name", MODES)
def test_a_decorated_function_may_be_called_often_and_by_itself(name: str) -> None:
    make, inside = MODES[name]

    @make()
    def depth(n: int) -> list[bool]:
        return [tg.is_grad_enabled(), *(depth(n - 1) if n else [])]

    assert tg.is_grad_enabled()
    for _ in range(2):
        assert depth(2) == [inside] * 3
        assert tg.is_grad_enabled()


@pytest.mark.parametrize("name", MODES)
def test_a_generators_steps_run_in_the_mode_and_what_is_between_does_not(name: str) -> None:
    make, inside = MODES[name]
    seen: list[Any] = []

    @make()
    def steps() -> Any:
        try:
            try:
                seen.append((yield tg.is_grad_enabled()))
            except ValueError as error:
                seen.append(str(error))
            seen.append((yield tg.is_grad_enabled()))
            return "end"
        finally:
            seen.append(tg.is_grad_enabled())

    with tg.set_grad_enabled(not inside):
        running = steps()
        assert [next(running), tg.is_grad_enabled()] == [inside, not inside]
        assert [running.throw(ValueError("thrown")), tg.is_grad_enabled()] == [inside, not inside]
        with pytest.raises(StopIteration) as stop:
            running.send("sent")
        assert stop.value.value == "end" and tg.is_grad_enabled() is not inside
        assert seen == ["thrown", "sent", inside]
        running = steps()
        next(running)
        running.close()
        assert seen[3:] == [inside] and tg.is_grad_enabled() is not inside


def test_one_set_grad_enabled_may_be_entered_twice() -> None:
    switch = tg.set_grad_enabled(False)
    for _ in range(2):
        with switch:
            assert not tg.is_grad_enabled()
        assert tg.is_grad_enabled()
