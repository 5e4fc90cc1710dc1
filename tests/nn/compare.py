"""One row of the table, run here and in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_nn as tg
from tests.nn.configurations import Data, Part, Row
from tinygrad_nn import nn


def both(torch: Any, row: Row) -> tuple[Any, Any]:
    """The module here and there, made after the same seed."""
    tg.manual_seed(11)
    torch.manual_seed(11)
    ours = getattr(nn, row.name)(
        *[_argument(tg, a) for a in row.args], **{k: _argument(tg, v) for k, v in row.kwargs.items()}
    )
    theirs = getattr(torch.nn, row.name)(
        *[_argument(torch, a) for a in row.args], **{k: _argument(torch, v) for k, v in row.kwargs.items()}
    )
    return ours, theirs


def _argument(library: Any, value: Any) -> Any:
    if isinstance(value, Part):
        return getattr(library.nn, value.name)(*value.args)
    if isinstance(value, list):
        return [_argument(library, part) for part in value]
    if isinstance(value, dict):
        return {name: _argument(library, part) for name, part in value.items()}
    return library.tensor(value) if isinstance(value, (np.ndarray, np.floating)) else value


def inputs(library: Any, row: Row) -> list[Any]:
    """The row's inputs as tensors of a library; floats are leaves that require grad."""
    return [_input(library, x) for x in row.inputs]


def _input(library: Any, x: Any) -> Any:
    if isinstance(x, tuple):
        return tuple([_input(library, part) for part in x])
    if isinstance(x, Data):
        return library.tensor(np.array(x.array))
    if isinstance(x, (np.ndarray, np.floating)):
        return library.tensor(np.array(x, np.float64)).requires_grad_()
    return x


def flat(result: Any) -> list[Any]:
    """All tensors of a nested result, in order."""
    if isinstance(result, (tuple, list)):
        return [t for part in result for t in flat(part)]
    if isinstance(result, dict):
        return [t for part in result.values() for t in flat(part)]
    return [result] if hasattr(result, "dtype") else []


def array(t: Any) -> Any:
    return np.asarray(t.detach())


def gradients(library: Any, module: Any, given: list[Any], row: Row) -> tuple[list[Any], dict[str, Any]]:
    """The outputs, and all gradients after a backward from fixed random weightings of them."""
    first = [library.nn.functional.log_softmax(given[0], -1)] if row.log_softmax else given[:1]
    outputs = flat(module(*first, *given[1:], **row.call))
    rng = np.random.default_rng(3)
    total: Any = None
    for out in outputs:
        if out.requires_grad:
            term = (out * library.tensor(rng.standard_normal(tuple(out.shape)))).sum()
            total = term if total is None else total + term
    if total is not None:
        total.backward()
    named = {f"input {k}": t.grad for k, t in enumerate(flat(given)) if hasattr(t, "grad")}
    named.update({name: p.grad for name, p in module.named_parameters()})
    return [array(out) for out in outputs], {name: None if g is None else array(g) for name, g in named.items()}
