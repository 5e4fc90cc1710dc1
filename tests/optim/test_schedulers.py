"""Schedulers set PyTorch's learning rates (and momenta), step after step, through saving and loading."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import optim
from tinygrad_nn.optim import lr_scheduler

STEPS = 60
TOLERANCE = 1e-12


class Warmup:
    """A callable object with state that is saved."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def __call__(self, t: float) -> float:
        return min(1.0, (t + 1) / self.steps)


Make = Callable[[Any, Any], Any]

TABLE: dict[str, Make] = {
    "StepLR": lambda m, o: m.StepLR(o, 7),
    "StepLR-gamma": lambda m, o: m.StepLR(o, 3, gamma=0.9),
    "MultiStepLR": lambda m, o: m.MultiStepLR(o, [5, 20, 20, 45]),
    "MultiStepLR-gamma": lambda m, o: m.MultiStepLR(o, [1, 2, 59], gamma=0.7),
    "ConstantLR": lambda m, o: m.ConstantLR(o),
    "ConstantLR-all": lambda m, o: m.ConstantLR(o, factor=0.7, total_iters=30),
    "LinearLR": lambda m, o: m.LinearLR(o),
    "LinearLR-down": lambda m, o: m.LinearLR(o, start_factor=1.0, end_factor=0.1, total_iters=40),
    "ExponentialLR": lambda m, o: m.ExponentialLR(o, gamma=0.93),
    "PolynomialLR": lambda m, o: m.PolynomialLR(o),
    "PolynomialLR-power": lambda m, o: m.PolynomialLR(o, total_iters=50, power=2.5),
    "CosineAnnealingLR": lambda m, o: m.CosineAnnealingLR(o, T_max=20),
    "CosineAnnealingLR-min": lambda m, o: m.CosineAnnealingLR(o, T_max=7, eta_min=0.01),
    "CosineAnnealingWarmRestarts": lambda m, o: m.CosineAnnealingWarmRestarts(o, T_0=7),
    "CosineAnnealingWarmRestarts-mult": lambda m, o: m.CosineAnnealingWarmRestarts(o, T_0=3, T_mult=2, eta_min=0.01),
    "LambdaLR": lambda m, o: m.LambdaLR(o, lambda t: 0.95**t),
    "LambdaLR-each": lambda m, o: m.LambdaLR(o, [Warmup(10), lambda t: 1 / (1 + t)]),
    "MultiplicativeLR": lambda m, o: m.MultiplicativeLR(o, lambda t: 0.95 if t % 2 else 1.01),
    "OneCycleLR": lambda m, o: m.OneCycleLR(o, max_lr=0.5, total_steps=STEPS + 2),
    "OneCycleLR-linear": lambda m, o: m.OneCycleLR(
        o, max_lr=[0.5, 1.0], epochs=7, steps_per_epoch=10, pct_start=0.1, anneal_strategy="linear"
    ),
    "OneCycleLR-three": lambda m, o: m.OneCycleLR(
        o, 0.5, 70, three_phase=True, base_momentum=0.5, max_momentum=0.8, div_factor=5.0, final_div_factor=20.0
    ),
    "OneCycleLR-rate-only": lambda m, o: m.OneCycleLR(o, max_lr=0.5, total_steps=100, cycle_momentum=False),
    "CyclicLR": lambda m, o: m.CyclicLR(o, base_lr=0.01, max_lr=0.1, step_size_up=7),
    "CyclicLR-each": lambda m, o: m.CyclicLR(
        o, [0.01, 0.02], [0.1, 0.3], 5, 9, mode="triangular2", base_momentum=[0.3, 0.4], max_momentum=0.95
    ),
    "CyclicLR-exp": lambda m, o: m.CyclicLR(o, 0.01, 0.1, step_size_up=4, mode="exp_range", gamma=0.97),
    "CyclicLR-custom": lambda m, o: m.CyclicLR(
        o, 0.01, 0.1, step_size_up=4, scale_fn=lambda x: 1 / (1 + x), scale_mode="iterations", cycle_momentum=False
    ),
    "SequentialLR": lambda m, o: m.SequentialLR(
        o, [m.ConstantLR(o, 0.1, 5), m.ExponentialLR(o, 0.9), m.CosineAnnealingLR(o, 10)], [8, 30]
    ),
    "SequentialLR-warmup": lambda m, o: m.SequentialLR(
        o, [m.LinearLR(o, 0.01, total_iters=10), m.CosineAnnealingLR(o, 50)], [10]
    ),
    "SequentialLR-nested": lambda m, o: m.SequentialLR(
        o, [m.SequentialLR(o, [m.LinearLR(o), m.StepLR(o, 3)], [6]), m.PolynomialLR(o, 20)], [25]
    ),
    "ChainedScheduler": lambda m, o: m.ChainedScheduler(
        [m.ConstantLR(o, 0.1, 20), m.ExponentialLR(o, 0.9)], optimizer=o
    ),
    "ChainedScheduler-three": lambda m, o: m.ChainedScheduler(
        [m.LinearLR(o), m.StepLR(o, 4), m.MultiplicativeLR(o, lambda t: 1.05)]
    ),
}

METRIC: dict[str, Make] = {
    "min": lambda m, o: m.ReduceLROnPlateau(o, patience=2),
    "max-abs": lambda m, o: m.ReduceLROnPlateau(
        o, mode="max", factor=0.7, patience=1, threshold=0.3, threshold_mode="abs"
    ),
    "max-rel": lambda m, o: m.ReduceLROnPlateau(o, mode="max", factor=0.7, patience=0, threshold=0.3),
    "cooldown": lambda m, o: m.ReduceLROnPlateau(
        o, factor=0.5, patience=1, cooldown=3, threshold_mode="abs", threshold=0.2
    ),
    "least": lambda m, o: m.ReduceLROnPlateau(o, factor=0.5, patience=0, min_lr=[0.01, 0.001], eps=1e-3),
}


def optimizers(name: str = "SGD", **options: Any) -> tuple[Any, Any, Any, Any]:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    made = []
    for package, module in ((tg, optim), (torch, torch.optim)):
        groups = [
            {"params": [package.ones(1, requires_grad=True)]},
            {"params": [package.ones(1, requires_grad=True)], "lr": 0.03},
        ]
        made.append(
            getattr(module, name)(groups, **({"lr": 0.2, "momentum": 0.5} if name == "SGD" else {"lr": 0.2}), **options)
        )
    return made[0], made[1], lr_scheduler, torch.optim.lr_scheduler


def compare(ours: Any, theirs: Any) -> None:
    for mine, other in zip(ours.param_groups, theirs.param_groups, strict=True):
        for key in ("lr", "momentum", "initial_lr"):
            if key in other:
                np.testing.assert_allclose(mine[key], other[key], rtol=TOLERANCE, atol=1e-15)
        if "betas" in other:
            np.testing.assert_allclose(mine["betas"], other["betas"], rtol=TOLERANCE)


def same_state(mine: Any, other: Any) -> None:
    """State dicts with PyTorch's keys and, but for functions, its values."""
    if isinstance(other, dict):
        assert {key for key in mine if key != "_anneal_func_type"} == {
            key for key in other if key != "_anneal_func_type"
        }
        for key in other:
            same_state(mine[key], other[key])
    elif isinstance(other, list):
        for a, b in zip(mine, other, strict=True):
            same_state(a, b)
    elif isinstance(other, float):
        np.testing.assert_allclose(mine, other, rtol=TOLERANCE, atol=1e-15)
    elif other is None or isinstance(other, (int, str, bool)):
        assert mine == other


def step(*pairs: tuple[Any, Any]) -> None:
    for optimizer, scheduler in pairs:
        optimizer.step()
        scheduler.step()


@pytest.mark.filterwarnings("ignore:Detected call of")  # a part of a nested SequentialLR begins with two steps
@pytest.mark.parametrize(
    "case, optimizer", [*[(case, "SGD") for case in TABLE], *[(case, "Adam") for case in TABLE if "Cycl" in case]]
)
def test_rates_are_pytorchs(case: str, optimizer: str) -> None:
    ours, theirs, here, there = optimizers(optimizer)
    mine, other = TABLE[case](here, ours), TABLE[case](there, theirs)
    compare(ours, theirs)
    for _ in range(STEPS):
        step((ours, mine), (theirs, other))
        compare(ours, theirs)
        np.testing.assert_allclose(mine.get_last_lr(), other.get_last_lr(), rtol=TOLERANCE, atol=1e-15)
    same_state(mine.state_dict(), other.state_dict())


@pytest.mark.filterwarnings("ignore:Detected call of")
@pytest.mark.parametrize("case", TABLE)
def test_saved_in_mid_run(case: str) -> None:
    ours, theirs, here, there = optimizers()
    mine, other = TABLE[case](here, ours), TABLE[case](there, theirs)
    for _ in range(25):
        step((ours, mine), (theirs, other))
    saved = copy.deepcopy([ours.state_dict(), mine.state_dict()])
    ours, _, _, _ = optimizers()
    mine = TABLE[case](here, ours)
    mine.load_state_dict(saved[1])
    ours.load_state_dict(saved[0])
    for _ in range(25):
        step((ours, mine), (theirs, other))
        compare(ours, theirs)


@pytest.mark.parametrize(
    "case", [case for case in TABLE if not case.startswith(("OneCycle", "Cyclic", "Sequential", "Chained"))]
)
def test_resumed_by_last_epoch(case: str) -> None:
    """The other way to resume: a fresh scheduler that is told the step."""
    ours, theirs, here, there = optimizers()
    for optimizer, module in ((ours, here), (theirs, there)):
        for group in optimizer.param_groups:
            group["initial_lr"] = 0.5
        factory = TABLE[case]

        class Resumed:
            """The module, with last_epoch=10 added to each scheduler's arguments."""

            def __getattr__(self, name: str, module: Any = module) -> Any:
                return lambda *args, **kwargs: getattr(module, name)(*args, **kwargs, last_epoch=10)

        scheduler = factory(Resumed(), optimizer)
        for _ in range(20):
            optimizer.step()
            scheduler.step()
    compare(ours, theirs)


@pytest.mark.parametrize(
    "case",
    [
        "StepLR",
        "MultiStepLR",
        "ConstantLR",
        "LinearLR",
        "ExponentialLR",
        "PolynomialLR",
        "CosineAnnealingLR",
        "LambdaLR",
    ],
)
def test_jumps_to_an_epoch(case: str) -> None:
    ours, theirs, here, there = optimizers()
    mine, other = TABLE[case](here, ours), TABLE[case](there, theirs)
    for epoch in (3, 4, 30, 17):
        for optimizer, scheduler in ((ours, mine), (theirs, other)):
            optimizer.step()
            with pytest.warns(UserWarning, match=r"The epoch parameter in `scheduler.step\(\)` was not necessary"):
                scheduler.step(epoch)
        compare(ours, theirs)


@pytest.mark.parametrize("case", ["CosineAnnealingWarmRestarts", "CosineAnnealingWarmRestarts-mult"])
def test_warm_restarts_take_fractions_of_epochs(case: str) -> None:
    ours, theirs, here, there = optimizers()
    mine, other = TABLE[case](here, ours), TABLE[case](there, theirs)
    for epoch in (0.25, 2.9, 3.0, 8.5, 40.75, 5.5):
        mine.step(epoch)
        other.step(epoch)
        compare(ours, theirs)
    with pytest.raises(ValueError, match="Expected non-negative epoch, but got -1"):
        mine.step(-1)


@pytest.mark.parametrize("case", METRIC)
def test_plateau(case: str) -> None:
    ours, theirs, here, there = optimizers()
    mine, other = METRIC[case](here, ours), METRIC[case](there, theirs)
    rng = np.random.default_rng(0)
    for k in range(STEPS):
        metric = float(np.cos(k / 9) + 0.1 * rng.standard_normal())
        mine.step(tg.tensor(metric, dtype=tg.float64) if k % 2 else metric)
        other.step(metric)
        compare(ours, theirs)
        if k == 30:
            saved = copy.deepcopy(mine.state_dict())
            mine = METRIC[case](here, ours)
            mine.load_state_dict(saved)
    same_state(mine.state_dict(), other.state_dict())


def test_plateau_of_a_group_that_came_later() -> None:
    optimizer = optim.SGD([tg.ones(1, requires_grad=True)], lr=1.0)
    scheduler, strict = (lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, min_lr=least) for least in (0, [0]))
    optimizer.add_param_group({"params": [tg.ones(1, requires_grad=True)], "lr": 2.0})
    for _ in range(2):
        scheduler.step(1.0)
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.2]
    strict.step(1.0)
    with pytest.raises(
        RuntimeError, match=r"number of param groups in the `optimizer` differs .*\n  got: 2 groups, 1 min_lrs"
    ):
        strict.step(1.0)


def test_a_rate_that_is_a_tensor_is_written_over() -> None:
    rate = tg.tensor(0.5)
    optimizer = optim.SGD([tg.ones(1, requires_grad=True)], lr=rate)
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.5)
    before = scheduler.get_last_lr()[0]
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] is rate
    assert (rate.item(), before.item(), scheduler.get_last_lr()[0].item()) == (0.25, 0.5, 0.25)


# -- warnings and refusals -----------------------------------------------------------------------------


def one() -> Any:
    return optim.SGD([tg.ones(1, requires_grad=True)], lr=1.0)


def test_a_scheduler_that_steps_first_warns() -> None:
    with pytest.warns(
        UserWarning, match=r"Detected call of `lr_scheduler.step\(\)` before `optimizer.step\(\)`"
    ) as caught:
        lr_scheduler.StepLR(one(), 3).step()
    assert caught[0].filename == __file__


def test_the_right_order_does_not_warn() -> None:
    optimizer = one()
    scheduler = lr_scheduler.StepLR(optimizer, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            optimizer.step()
            scheduler.step()


def test_a_replaced_step_warns() -> None:
    optimizer = one()
    scheduler = lr_scheduler.StepLR(optimizer, 3)
    optimizer.step = lambda: None
    with pytest.warns(UserWarning, match=r"Seems like `optimizer.step\(\)` has been overridden"):
        scheduler.step()


def test_get_lr_outside_a_step_warns() -> None:
    with pytest.warns(UserWarning, match=r"please use `get_last_lr\(\)`"):
        lr_scheduler.ExponentialLR(one(), 0.5).get_lr()


REFUSED: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda o: lr_scheduler.StepLR("o", 3), TypeError, "str is not an Optimizer"),  # type: ignore[arg-type]
    (lambda o: lr_scheduler.OneCycleLR("o", 3), TypeError, "str is not an Optimizer"),  # type: ignore[arg-type]
    (lambda o: lr_scheduler.ReduceLROnPlateau("o"), TypeError, "str is not an Optimizer"),  # type: ignore[arg-type]
    (lambda o: lr_scheduler.StepLR(o, 0), ValueError, "StepLR: step_size must be a positive number"),
    (
        lambda o: lr_scheduler.StepLR(o, 3, last_epoch=4),
        KeyError,
        r"param 'initial_lr' is not specified in param_groups\[0\]",
    ),
    (
        lambda o: lr_scheduler.ConstantLR(o, 1.5),
        ValueError,
        "ConstantLR: Constant multiplicative factor expected to be between 0 and 1",
    ),
    (
        lambda o: lr_scheduler.LinearLR(o, 0),
        ValueError,
        "LinearLR: Starting multiplicative factor expected to be greater than 0",
    ),
    (
        lambda o: lr_scheduler.LinearLR(o, 1, 2),
        ValueError,
        "LinearLR: Ending multiplicative factor expected to be between 0 and 1",
    ),
    (lambda o: lr_scheduler.PolynomialLR(o, 0), ValueError, "PolynomialLR: total_iters must be a positive number"),
    (lambda o: lr_scheduler.CosineAnnealingLR(o, 0), ValueError, "CosineAnnealingLR: T_max must be a positive number"),
    (lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 0), ValueError, "Expected positive integer T_0, but got 0"),
    (
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 1, 0),
        ValueError,
        "Expected integer T_mult >= 1, but got 0",
    ),
    (
        lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 1, 1, "x"),
        ValueError,
        "Expected float or int eta_min, but got x of type str",
    ),  # type: ignore[arg-type]
    (lambda o: lr_scheduler.LambdaLR(o, [abs, abs]), ValueError, "LambdaLR: Expected 1 lr_lambdas, but got 2"),
    (
        lambda o: lr_scheduler.MultiplicativeLR(o, 0.5),
        TypeError,
        "MultiplicativeLR: lr_lambda should be a function, but got float",
    ),  # type: ignore[arg-type]
    (
        lambda o: lr_scheduler.OneCycleLR(o, 1.0),
        ValueError,
        r"You must define either total_steps OR \(epochs AND steps_per_epoch\)",
    ),
    (lambda o: lr_scheduler.OneCycleLR(o, 1.0, 0), ValueError, "Expected positive integer total_steps, but got 0"),
    (
        lambda o: lr_scheduler.OneCycleLR(o, 1.0, epochs=2, steps_per_epoch=-1),
        ValueError,
        "Expected positive integer steps_per_epoch, but got -1",
    ),
    (
        lambda o: lr_scheduler.OneCycleLR(o, 1.0, 10, pct_start=2.0),
        ValueError,
        "Expected float between 0 and 1 pct_start",
    ),
    (
        lambda o: lr_scheduler.OneCycleLR(o, 1.0, 10, anneal_strategy="x"),
        ValueError,
        "anneal_strategy must be one of 'cos' or 'linear'",
    ),
    (
        lambda o: lr_scheduler.OneCycleLR(optim.Adagrad([tg.ones(1)]), 1.0, 10),
        ValueError,
        "OneCycleLR: optimizer must support momentum or beta1",
    ),
    (
        lambda o: lr_scheduler.OneCycleLR(o, [1.0, 2.0], 10),
        ValueError,
        "max_lr must have the same length as optimizer.param_groups",
    ),
    (
        lambda o: lr_scheduler.CyclicLR(o, 0.1, 1.0, mode="x"),
        ValueError,
        "CyclicLR: mode is invalid and scale_fn is None\n  got: 'x'",
    ),
    (lambda o: lr_scheduler.CyclicLR(o, 0.1, 1.0, 0), ValueError, "CyclicLR: step_size_up must be a positive number"),
    (
        lambda o: lr_scheduler.CyclicLR(optim.Adagrad([tg.ones(1)]), 0.1, 1.0),
        ValueError,
        "CyclicLR: optimizer must support momentum or beta1",
    ),
    (lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=1.0), ValueError, r"Factor should be < 1.0."),
    (lambda o: lr_scheduler.ReduceLROnPlateau(o, "x"), ValueError, "mode x is unknown!"),
    (lambda o: lr_scheduler.ReduceLROnPlateau(o, threshold_mode="x"), ValueError, "threshold mode x is unknown!"),
    (lambda o: lr_scheduler.ReduceLROnPlateau(o, min_lr=[1, 2]), ValueError, "expected 1 min_lrs, got 2"),
    (lambda o: lr_scheduler.SequentialLR(o, [], []), ValueError, "SequentialLR expects at least one scheduler"),
    (
        lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.StepLR(o, 3)], [3]),
        ValueError,
        "one more than the number of milestone points\n  got: 1 schedulers and 1",
    ),
    (
        lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.StepLR(one(), 3)], []),
        ValueError,
        "SequentialLR expects all schedulers to belong to the same optimizer",
    ),
    (
        lambda o: lr_scheduler.SequentialLR(o, [3], []),
        TypeError,
        "SequentialLR at index 0 should have `optimizer` as its attribute",
    ),  # type: ignore[list-item]
    (lambda o: lr_scheduler.ChainedScheduler([]), ValueError, "ChainedScheduler expects at least one scheduler"),
    (
        lambda o: lr_scheduler.ChainedScheduler([lr_scheduler.ReduceLROnPlateau(o)]),
        ValueError,
        "ChainedScheduler does not support `ReduceLROnPlateau`",
    ),
]


@pytest.mark.parametrize("make, kind, text", REFUSED, ids=[text for _, _, text in REFUSED])
def test_arguments_out_of_range_are_refused(make: Callable[[Any], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        make(one())


def test_one_cycle_ends() -> None:
    optimizer = one()
    scheduler = lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=3)
    for _ in range(3):
        optimizer.step()
        scheduler.step()
    with pytest.raises(ValueError, match=r"Tried to step 4 times. The specified number of total steps is 3"):
        scheduler.step()
