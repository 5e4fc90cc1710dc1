"""A recorded update writes over its inputs only when nobody reads them any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_nn.ops.elementwise import maximum, sqrt, where
from tinygrad_nn.optim.elementwise import narrow, wide
from tinygrad_nn.optim.program import Program

State = dict[str, Any]


def old_value_read_late(g: Any, p: Any, s: State, *, lr: Any) -> tuple[Any, State]:
    a = s["a"] + g
    return p - s["a"] * a, {**s, "a": a, "n": s["n"] + 1}


def exchanged(g: Any, p: Any, s: State, *, lr: Any) -> tuple[Any, State]:
    return s["b"] + 1, {"a": s["b"], "b": s["a"], "n": s["n"]}


def parameter_read_after_it_is_known(g: Any, p: Any, s: State, *, lr: Any) -> tuple[Any, State]:
    new = p - narrow(lr, p) * g
    return new, {"a": new - p, "b": new * new, "n": s["n"] + 2}


def gradient_kept(g: Any, p: Any, s: State, *, lr: Any) -> tuple[Any, State]:
    return p, {"a": g, "b": g, "n": s["n"]}


def one_result_twice(g: Any, p: Any, s: State, *, lr: Any) -> tuple[Any, State]:
    both = maximum(s["a"], s["b"]) * g
    return p + both, {"a": both, "b": both, "n": s["n"] * 3}


def many_temporaries(g: Any, p: Any, s: State, *, lr: Any) -> tuple[Any, State]:
    t = wide(s["n"]) + 1
    chosen = where(t > 2, sqrt(p * p + 1), 2.0)
    x = (g + 1) * (p - 2) + (s["a"] * 3) / (chosen + s["b"] * s["b"])
    y = x * x - (g * 5 + x) * narrow(lr / t, p)
    return y + x * s["a"], {"a": y - x, "b": s["b"] + y, "n": s["n"] + 1}


UPDATES = [
    old_value_read_late,
    exchanged,
    parameter_read_after_it_is_known,
    gradient_kept,
    one_result_twice,
    many_temporaries,
]


@pytest.mark.parametrize("update", UPDATES)
def test_the_program_is_the_update(update: Callable[..., Any]) -> None:
    rng = np.random.default_rng(0)
    p = rng.standard_normal(5).astype(np.float32)
    state: State = {"a": rng.standard_normal(5).astype(np.float32), "b": rng.random(5).astype(np.float32)}
    state["n"] = np.zeros((), np.float32)
    program = Program(update, p.dtype, ("a", "b"), {"n": p.dtype}, {})
    in_place, mine = p.copy(), {name: value.copy() for name, value in state.items()}
    slots = program.filled(
        in_place, [mine["a"], mine["b"]], {slot: np.full(5, np.nan, dtype) for slot, dtype in program.scratch}
    )
    for k in range(5):
        g = rng.standard_normal(5).astype(np.float32)
        kept = g.copy()
        p, state = update(g, p, state, lr=0.5**k)
        program.start(0.5**k, {"n": mine["n"]})
        slots[0] = g
        program.run(slots)
        mine["n"][...] = program.results["n"]
        np.testing.assert_array_equal(in_place, p)
        for name, value in state.items():
            np.testing.assert_array_equal(mine[name], value)
        np.testing.assert_array_equal(g, kept)


def test_temporaries_share_few_buffers() -> None:
    program = Program(many_temporaries, np.dtype(np.float64), ("a", "b"), {"n": np.dtype(np.float32)}, {})
    assert len(program.scratch) <= 4
    assert len(program.each) > 12


def test_a_branch_on_a_value_is_refused() -> None:
    def branches(g: Any, p: Any, s: State, *, lr: Any) -> tuple[Any, State]:
        return (p if (g.sum() > 0) else p - g), s

    with pytest.raises(
        RuntimeError, match=r"an update must not look at the values of tensors\n  got: a branch\n  fix: use where"
    ):
        Program(branches, np.dtype(np.float32), (), {}, {})
