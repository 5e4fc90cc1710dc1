"""Wherever a random generator lives, training goes on exactly from a checkpoint, or somebody says that it cannot."""

from __future__ import annotations

import random
import sys
import types
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.train.nets import columns, parts, problem, weights
from tinygrad_nn import nn, train
from tinygrad_nn.train.reach import reachable
from tinygrad_nn.utils import data

KINDS: dict[str, tuple[Callable[[], Any], Callable[[Any], float]]] = {
    "ours": (lambda: tg.Generator().manual_seed(3), lambda g: float(tg.rand((), generator=g))),
    "numpy": (lambda: np.random.default_rng(3), lambda g: g.random()),
    "numpy, old": (lambda: np.random.RandomState(3), lambda g: g.rand()),
    "python": (lambda: random.Random(3), lambda g: g.random()),
    "bits": (lambda: np.random.PCG64(3), lambda g: np.random.Generator(g).random()),
}
"""A fresh generator of each kind, and one number from it."""

HERE: dict[str, Any] = {}
"""What the functions below find among their globals."""


class Noise:
    """A transform: calls what it holds, wherever it holds it."""

    def __init__(self, draw: Callable[[], float]) -> None:
        self.draw = draw

    def __call__(self, x: Any) -> Any:
        return x + self.draw()


class Slotted:
    __slots__ = ("__private", "rng", "then")

    def __init__(self, rng: Any, draw: Any) -> None:
        self.rng, self.then = None, draw
        self.__private = rng

    def __call__(self) -> float:
        return self.then(self.__private)  # type: ignore[no-any-return]


class Pair(NamedTuple):
    rng: Any
    draw: Any

    def __call__(self) -> float:
        return self.draw(self.rng)  # type: ignore[no-any-return]


@dataclass
class Record:
    rng: Any
    draw: Any

    def __call__(self) -> float:
        return self.draw(self.rng)  # type: ignore[no-any-return]


class Table(dict):  # type: ignore[type-arg]
    def __call__(self) -> float:
        return self["draw"](self["rng"])  # type: ignore[no-any-return]


class Tricky:
    """Attributes behind a property and `__getattr__`, and a cycle."""

    def __init__(self, rng: Any, draw: Any) -> None:
        self.__dict__["hidden"] = {"deep": [(rng, draw)]}
        self.me = self

    @property
    def pair(self) -> Any:
        return self.hidden["deep"][0]

    def __getattr__(self, name: str) -> Any:
        return self.__dict__["hidden"][name]

    def __call__(self) -> float:
        rng, draw = self.pair
        return draw(rng)  # type: ignore[no-any-return]


def in_objects(rng: Any, draw: Any) -> Any:
    array = np.empty(2, object)
    array[:] = [rng, draw]
    return Record(array, lambda held: held[1](held[0]))


def in_class(rng: Any, draw: Any) -> Any:
    return type("Held", (), {"rng": rng, "__call__": lambda self: draw(type(self).rng)})()


def in_module(rng: Any, draw: Any) -> Any:
    module = types.ModuleType("a_users_module")
    module.__file__ = "/home/somebody/a_users_module.py"
    sys.modules[module.__name__] = module
    exec("def noise():\n    return draw(rng)", vars(module))
    module.rng, module.draw = rng, draw  # type: ignore[attr-defined]
    scope = {"a_users_module": module, "__name__": "__main__"}
    exec("def call():\n    return a_users_module.draw(a_users_module.rng)", scope)
    return scope["call"]


def in_global(rng: Any, draw: Any) -> Any:
    HERE["rng"], HERE["draw"] = rng, draw
    return lambda: HERE["draw"](HERE["rng"])


def with_default(rng: Any, draw: Any) -> Any:
    def drawn(rng: Any = rng) -> float:
        return draw(rng)  # type: ignore[no-any-return]

    return drawn


def with_keyword(rng: Any, draw: Any) -> Any:
    def drawn(*, rng: Any = rng) -> float:
        return draw(rng)  # type: ignore[no-any-return]

    return drawn


def with_attribute(rng: Any, draw: Any) -> Any:
    def drawn() -> float:
        return draw(drawn.rng)  # type: ignore[no-any-return, attr-defined]

    drawn.rng = rng  # type: ignore[attr-defined]
    return drawn


HOLDERS: dict[str, Callable[[Any, Any], Any]] = {
    "closure": lambda rng, draw: lambda: draw(rng),
    "closure of a closure": lambda rng, draw: (lambda inner: lambda: inner())(lambda: draw(rng)),
    "partial": lambda rng, draw: partial(draw, rng),
    "partial, by name": lambda rng, draw: partial(lambda rng: draw(rng), rng=rng),
    "bound method": lambda rng, draw: Record(rng, draw).__call__,
    "default": with_default,
    "default by name": with_keyword,
    "attribute of a function": with_attribute,
    "attribute of an object": Record,
    "slots": Slotted,
    "named tuple": Pair,
    "subclass of dict": lambda rng, draw: Table(rng=rng, draw=draw),
    "property and cycle": Tricky,
    "class attribute": in_class,
    "global of a function": in_global,
    "a module of the user's": in_module,
    "object array": in_objects,
    "list": lambda rng, draw: Noise(Record([[rng]], lambda held: draw(held[0][0]))).draw,
    "dict key": lambda rng, draw: Record({rng: 1}, lambda held: draw(next(iter(held)))),
    "deque": lambda rng, draw: Record(deque([rng]), lambda held: draw(held[0])),
    "iterator": lambda rng, draw: partial(next, (draw(g) for g in iter(lambda: rng, None))),
    "map": lambda rng, draw: partial(next, map(draw, iter(lambda: rng, None))),
}
"""Ways to keep a generator: each gives a function without arguments that draws a number from it."""


class Samples(data.Dataset[Any]):
    def __init__(self, transform: Any = None) -> None:
        self.x, self.y = problem(16)
        self.transform = transform

    def __getitem__(self, k: int) -> Any:
        x = self.x[k]
        return (x if self.transform is None else self.transform(x)), self.y[k]

    def __len__(self) -> int:
        return len(self.y)


class Noisy(nn.Module):
    """A layer with a plain object that draws."""

    def __init__(self, draw: Any) -> None:
        super().__init__()
        self.noise = draw

    def forward(self, x: Any) -> Any:
        return x + self.noise()


def in_transform(draw: Any) -> dict[str, Any]:
    return {"loader": data.DataLoader(Samples(Noise(draw)), 4, shuffle=True)}


def in_list_of_transforms(draw: Any) -> dict[str, Any]:
    several = [Noise(lambda: 0.0), {"noise": Noise(draw)}]
    return {"loader": data.DataLoader(Samples(lambda x: several[1]["noise"](several[0](x))), 4, shuffle=True)}  # type: ignore[index, operator]


def in_collate(draw: Any) -> dict[str, Any]:
    def collate(samples: Any) -> Any:
        x, y = data.default_collate(samples)
        return x + draw(), y

    return {"loader": data.DataLoader(Samples(), 4, shuffle=True, collate_fn=collate)}


def in_loss(draw: Any) -> dict[str, Any]:
    base = nn.CrossEntropyLoss()
    return {"loss": lambda output, target: base(output, target) * (1 + draw())}


def in_hook(draw: Any) -> dict[str, Any]:
    model = parts()[0]
    model[0].weight.register_hook(lambda g: g * (1 + draw()))
    return {"model": model}


def in_callback(draw: Any) -> dict[str, Any]:
    class Shake(train.Callback):
        def on_batch_end(self, training: Any) -> None:
            with tg.no_grad():
                training.model[0].weight.add_(draw() * 0.01)

    return {"callbacks": [Shake()]}


OWNERS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "transform": in_transform,
    "list of transforms": in_list_of_transforms,
    "collate_fn": in_collate,
    "module": lambda draw: {"model": nn.Sequential(*parts()[0], Noisy(draw))},
    "loss": in_loss,
    "gradient hook": in_hook,
    "callback": in_callback,
}
"""Parts of a training that draw."""


class Stop(Exception):
    pass


class At(train.Callback):
    def __init__(self, step: int | None) -> None:
        self.step = step

    def on_batch_end(self, training: Any) -> None:
        if training.step == self.step:
            raise Stop


def run(owner: str, holder: str, kind: str, path: Path | None, stop: int | None = None) -> Any:
    fresh, draw = KINDS[kind]
    tg.manual_seed(0)
    changed = OWNERS[owner](HOLDERS[holder](fresh(), draw))
    model, _, loss, optimizer = parts()
    model = changed.get("model", model)
    optimizer = type(optimizer)(model.parameters(), lr=0.02)
    loader = changed.get("loader") or data.DataLoader(Samples(), 4, shuffle=True)
    saving: dict[str, Any] = {} if path is None else dict(checkpoint=path, checkpoint_every=3)
    history = train.fit(
        model, loader, changed.get("loss", loss), optimizer, epochs=2, progress=False,
        callbacks=[*changed.get("callbacks", []), At(stop)], **saving,
    )  # fmt: skip
    return columns(history), weights(model)


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


PLACES = [
    *[(owner, "closure", kind) for owner in OWNERS for kind in KINDS],
    *[("transform", holder, kind) for holder in HOLDERS for kind in ("numpy", "python")],
    *[("module", holder, "ours") for holder in HOLDERS],
]


@pytest.mark.parametrize(("owner", "holder", "kind"), PLACES)
@pytest.mark.filterwarnings("error:fit. a checkpoint cannot go on exactly")
def test_a_generator_is_found_wherever_it_lives(owner: str, holder: str, kind: str, tmp_path: Path) -> None:
    whole = run(owner, holder, kind, None)
    assert whole != run(owner, holder, "ours" if kind != "ours" else "numpy", None)  # it does matter
    with pytest.raises(Stop):
        run(owner, holder, kind, tmp_path / "c", 7)
    assert run(owner, holder, kind, tmp_path / "c") == whole


def test_a_bound_method_in_c_leads_to_its_generator() -> None:
    rng, old = np.random.default_rng(0), random.Random(0)
    assert list(reachable(a=rng.random, b=old.random).values()) == [rng, old]


def test_big_data_take_no_time_and_lead_nowhere() -> None:
    assert reachable(data=[(k, float(k), "name", np.ones(3)) for k in range(1000)], x=np.ones(10**6)) == {}


# -- what cannot be put back ----------------------------------------------------------------------


def test_a_source_without_state_is_refused_before_training(tmp_path: Path) -> None:
    system = random.SystemRandom()
    model, _, loss, optimizer = parts()
    before = weights(model)
    loader = data.DataLoader(Samples(Noise(system.random)), 4)
    with pytest.raises(ValueError, match=r"this source of random numbers has no state\n  got: .*SystemRandom at data"):
        train.fit(model, loader, loss, optimizer, epochs=1, checkpoint=tmp_path / "c", progress=False)
    assert weights(model) == before
    train.fit(model, loader, loss, optimizer, epochs=1, progress=False)  # without a checkpoint nobody minds


def test_a_generator_that_nothing_leads_to_is_named_at_the_first_checkpoint(tmp_path: Path) -> None:
    far_away = np.random.default_rng(1)
    far_away_too = np.random.default_rng(1)  # which does not draw
    sys.modules["far_away"] = types.SimpleNamespace(rng=far_away, other=far_away_too)  # type: ignore[assignment]
    try:
        model, _, loss, optimizer = parts()
        loader = data.DataLoader(Samples(Noise(lambda: sys.modules["far_" + "away"].rng.random())), 4)
        with pytest.warns(UserWarning, match=r"cannot go on exactly(.|\n)*got: numpy.*Generator `.*rng`") as caught:
            train.fit(model, loader, loss, optimizer, epochs=2, checkpoint=tmp_path / "c", progress=False)
        assert len([w for w in caught if "cannot go on exactly" in str(w.message)]) == 1
    finally:
        del sys.modules["far_away"]
