"""Every optimizer with every option that changes what it computes: the table that the tests of this folder share."""

from __future__ import annotations

from typing import Any

OPTIONS: dict[str, list[dict[str, Any]]] = {
    "SGD": [
        {},
        {"lr": 0.1},
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.3},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True},
        {"lr": 0.1, "weight_decay": 0.2},
        {"lr": 0.1, "momentum": 0.5, "weight_decay": 0.2, "maximize": True, "dampening": 0.1},
        {"lr": 0.1, "momentum": 0.5, "nesterov": True, "weight_decay": 0.2, "foreach": True},
    ],
    "Adam": [
        {},
        {"lr": 0.05},
        {"betas": (0.5, 0.9), "eps": 1e-3},
        {"betas": (0.0, 0.0)},
        {"weight_decay": 0.1},
        {"weight_decay": 0.1, "decoupled_weight_decay": True},
        {"amsgrad": True, "betas": (0.9, 0.6)},
        {"amsgrad": True, "weight_decay": 0.1, "maximize": True},
        {"maximize": True},
        {"foreach": True},
        {"fused": True},
    ],
    "AdamW": [
        {},
        {"lr": 0.05, "weight_decay": 0.3},
        {"weight_decay": 0},
        {"amsgrad": True, "betas": (0.9, 0.6)},
        {"maximize": True, "eps": 1e-2},
        {"foreach": True},
        {"fused": True},
    ],
    "RMSprop": [
        {},
        {"alpha": 0.5, "eps": 1e-3},
        {"momentum": 0.9},
        {"centered": True},
        {"centered": True, "momentum": 0.7, "weight_decay": 0.1},
        {"weight_decay": 0.1, "maximize": True},
        {"foreach": True},
    ],
    "Adagrad": [
        {},
        {"lr": 0.1, "lr_decay": 0.2},
        {"initial_accumulator_value": 0.5, "eps": 1e-3},
        {"weight_decay": 0.1},
        {"maximize": True, "lr_decay": 0.1},
        {"foreach": True},
        {"fused": True},
    ],
    "Adadelta": [
        {},
        {"lr": 0.3, "rho": 0.6},
        {"rho": 1.0},
        {"eps": 1e-2, "weight_decay": 0.1},
        {"maximize": True},
        {"foreach": True},
    ],
    "Adamax": [
        {},
        {"lr": 0.05, "betas": (0.5, 0.8)},
        {"eps": 1e-2, "weight_decay": 0.1},
        {"maximize": True},
        {"foreach": True},
    ],
    "NAdam": [
        {},
        {"lr": 0.05, "betas": (0.5, 0.9)},
        {"momentum_decay": 0.1},
        {"momentum_decay": 0.0},
        {"weight_decay": 0.1},
        {"weight_decay": 0.1, "decoupled_weight_decay": True},
        {"maximize": True, "eps": 1e-3},
        {"foreach": True},
    ],
    "RAdam": [
        {},
        {"lr": 0.05, "betas": (0.5, 0.9)},
        {"betas": (0.9, 0.6)},
        {"weight_decay": 0.1},
        {"weight_decay": 0.1, "decoupled_weight_decay": True},
        {"maximize": True, "eps": 1e-3},
        {"foreach": True},
    ],
}

CASES = [(name, options) for name, table in OPTIONS.items() for options in table]
"""(optimizer's name, its options)"""

OWN_CASES = [(name, options) for name, options in CASES if not {"foreach", "fused"} & options.keys()]
"""The cases without those that only differ in PyTorch's choice among its implementations."""


def case_id(value: Any) -> str:
    """How a case is called in the report."""
    return value if isinstance(value, str) else ",".join(f"{key}={item}" for key, item in value.items()) or "defaults"


SHAPES = [(4, 5), (5,), (3, 2, 2), (1,), (), (2, 3)]
