"""The table: what is timed, against whom, and the ratio aimed at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from benchmarks import contenders, estimators, libraries
from benchmarks.contenders import COMPILED, OURS, PYTORCH, Calls
from benchmarks.nets import NETS, Net

__all__ = ["CASES", "Aim", "Case"]

Aim = tuple[str, str, float]
"""(ours, whose, at most this ratio)"""


@dataclass(frozen=True)
class Case:
    """One line of the table. `calls(smoke)` makes the contenders; in a smoke run, on little data."""

    name: str
    about: str
    calls: Callable[[bool], Calls]
    aims: tuple[Aim, ...] = ()


def _step(net: Net, smoke: bool) -> Calls:
    return contenders.training(net, min(net.batch, 64) if smoke else None)


def _chain(direction: Callable[..., Callable[[], object]], smoke: bool) -> Calls:
    return contenders.chain(direction, 1_000 if smoke else 50_000)


def _loader(smoke: bool) -> Calls:
    return contenders.loader(640 if smoke else 60_000, 784)


ESTIMATORS = (
    Case(
        "sklearn-digits",
        "MLPClassifier, 1,500 digits of 8×8, 40 epochs",
        partial(estimators.fits, estimators.small_digits, 40),
        ((OURS, estimators.SKLEARN, 1.0),),
    ),
    Case(
        "sklearn-mnist",
        "MLPClassifier, 60,000 digits of 28×28, 2 epochs",
        partial(estimators.fits, estimators.whole_mnist, 2),
        ((OURS, estimators.SKLEARN, 1.0),),
    ),
)

CASES = (
    Case("add", "a + b, 4×4 float32, recorded", lambda smoke: contenders.addition(), ((OURS, PYTORCH, 0.7),)),
    *[Case(f"step-{net.name}", f"training step, {net}", partial(_step, net), net.aims) for net in NETS],
    Case("chain-forward", "50,000 additions in a chain, forward", partial(_chain, libraries.forward_chain)),
    Case("chain-backward", "the same chain, backward", partial(_chain, libraries.backward_through_chain)),
    *(ESTIMATORS if estimators.installed() else ()),
    Case("loader", "one shuffled epoch of 60,000×784 in batches of 64", _loader, ((OURS, PYTORCH, 0.05),)),
)

assert all(ours in (OURS, COMPILED) for case in CASES for ours, _, _ in case.aims)
