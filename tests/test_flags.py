"""A flag is True or False: no function, layer, loss, optimizer or loader takes a string for one."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn, optim
from tinygrad_nn.flags import flags, named_flags, switches
from tinygrad_nn.utils import data

F = nn.functional
ROOMS = {
    "": tg, "nn.functional": F, "nn": nn, "nn.utils": nn.utils, "optim": optim, "optim.lr_scheduler": optim.lr_scheduler, "utils.data": data,
    "linalg": tg.linalg, "Tensor": tg.Tensor, "autograd": tg.autograd, "func": tg.func, "nn.Module": nn.Module,
}  # fmt: skip
x, y, n = tg.rand(2, 3), tg.rand(2, 3), tg.tensor([0, 1])
CALLS: dict[str, Any] = {
    "nn.functional.kl_div": lambda **flag: F.kl_div(x, y, **flag),
    "nn.functional.poisson_nll_loss": lambda **flag: F.poisson_nll_loss(x, y, **flag),
    "nn.functional.triplet_margin_loss": lambda **flag: F.triplet_margin_loss(x, x, y, **flag),
    **{f"nn.functional.{name}": lambda name=name, **flag: getattr(F, name)(x, **flag) for name in
       ("celu", "elu", "hardsigmoid", "hardswish", "hardtanh", "leaky_relu", "mish", "relu", "relu6", "selu", "silu")},
    "nn.functional.threshold": lambda **flag: F.threshold(x, 0.5, 0.0, **flag),
    "index_put_": lambda **flag: tg.index_put_(x.clone(), (n,), y, **flag),
    "Tensor.index_put_": lambda **flag: x.clone().index_put_((n,), y, **flag),
    "Tensor.backward": lambda **flag: tg.ones(2, requires_grad=True).sum().backward(**flag),
    "autograd.backward": lambda **flag: tg.autograd.backward(tg.ones(2, requires_grad=True).sum(), **flag),
    "Tensor.requires_grad_": lambda **flag: x.clone().requires_grad_(**flag),
}  # fmt: skip
"""Functions that look at their flags only once they have their operands."""
ELSEWHERE = {
    "autograd.FunctionCtx": "an attribute, no argument",
    "nn.Module.train": "refuses with PyTorch's ValueError",
    "use_deterministic_algorithms": "without effect",
    "nn.RNN": "refused by the layer's own check", "nn.LSTM": "as RNN", "nn.GRU": "as RNN", "nn.RNNBase": "as RNN",
}  # fmt: skip


def flagged() -> Iterator[tuple[str, Any, str]]:
    for room, module in ROOMS.items():
        for name in sorted(vars(module) if inspect.isclass(module) else dir(module)):
            made = getattr(module, name)
            if name.startswith("_") or not callable(made) or inspect.ismodule(made):
                continue
            function = inspect.unwrap(made.__init__ if inspect.isclass(made) else made)
            title = f"{room}.{name}".lstrip(".")
            if not inspect.isfunction(function) or title in ELSEWHERE:
                continue
            for flag in named_flags(function):
                yield title, made, flag


FLAGGED = [*flagged()]
OLD = {"size_average", "reduce"}
"""Two flags that PyTorch has given up, and warns of."""


def test_there_are_many() -> None:
    assert len(FLAGGED) > 350
    assert {title for title, _, _ in FLAGGED} >= CALLS.keys()


@pytest.mark.parametrize("room", ROOMS)
def test_a_string_is_no_flag(room: str) -> None:
    wrong = []
    for title, made, flag in FLAGGED:
        if title.rpartition(".")[0] != room or flag in OLD:
            continue
        try:
            CALLS.get(title, made)(**{flag: "no"})
        except TypeError as error:
            if f"argument '{flag}' must be bool, not str" not in str(error):
                wrong.append(f"{title}({flag}=): {error}")
        except Exception as error:
            wrong.append(f"{title}({flag}=): {type(error).__name__}: {error}")
        else:
            wrong.append(f"{title}({flag}=) accepts it")
    assert not wrong, f"{len(wrong)}:\n" + "\n".join(wrong)


STRICT = {
    "sum": lambda v: x.sum(0, keepdim=v), "sum, by place": lambda v: x.sum(0, v), "zeros": lambda v: tg.zeros(2, requires_grad=v),
    "requires_grad_": lambda v: x.clone().requires_grad_(v), "sort": lambda v: x.sort(0, v), "topk": lambda v: x.topk(1, 0, v),
    "isclose": lambda v: tg.isclose(x, y, equal_nan=v), "multinomial": lambda v: tg.multinomial(x, 1, v), "unique": lambda v: x.unique(v),
    "searchsorted": lambda v: tg.searchsorted(x[0], y[0], right=v), "dropout": lambda v: F.dropout(x, 0.5, v), "cholesky": lambda v: tg.linalg.cholesky(tg.eye(2), upper=v),
    "max_pool2d": lambda v: F.max_pool2d(x[None], 1, ceil_mode=v), "batch_norm": lambda v: F.batch_norm(x, tg.zeros(3), tg.ones(3), training=v),
    "attention": lambda v: F.scaled_dot_product_attention(x, x, x, is_causal=v), "kl_div": lambda v: F.kl_div(x, y, log_target=v),
    "set_grad_enabled": lambda v: tg.set_grad_enabled(v), "numpy": lambda v: x.numpy(force=v), "to": lambda v: x.to(tg.float64, copy=v),
    "argmax": lambda v: x.argmax(0, v), "amax": lambda v: x.amax(0, v), "norm": lambda v: x.norm(2, 0, v), "Parameter": lambda v: nn.Parameter(x, v),
    "Module.requires_grad_": lambda v: nn.Linear(1, 1).requires_grad_(v), "embedding": lambda v: F.embedding(n, x, scale_grad_by_freq=v),
}  # fmt: skip


@pytest.mark.parametrize("name", STRICT)
@pytest.mark.parametrize("value", [1, 0, 1.0, "yes", tg.tensor(True)], ids=repr)
def test_where_pytorch_takes_a_bool_alone_so_do_we(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=r"(?s)must be bool, not .*got: .*fix: .*=True or .*=False"):
        STRICT[name](value)


def test_where_pytorch_asks_for_truth_numbers_do() -> None:
    assert nn.Linear(2, 2, bias=0).bias is None
    assert F.relu(tg.tensor([-1.0]), inplace=1).tolist() == [0.0]
    assert optim.Adam([x.clone().requires_grad_()], amsgrad=1).param_groups[0]["amsgrad"] == 1


def test_positions_and_optional_flags() -> None:
    @flags
    def one(a: int, on: bool = True, *, off: bool | None = None) -> tuple[Any, ...]:
        return a, on, off

    @switches
    def two(a: int, on: bool = True) -> tuple[Any, ...]:
        return a, on

    assert one(1) == (1, True, None)
    assert one(1, False, off=None) == (1, False, None)
    assert two(1, 2) == (1, 2)
    for call in (lambda: one(1, 2), lambda: one(1, on=None), lambda: one(1, off=3), lambda: two(1, "on")):
        with pytest.raises(TypeError, match="must be bool"):
            call()


DATA = tg.rand(2, 3)


@pytest.mark.parametrize("name", [name for name in dir(nn) if name.endswith("Loss")])
@pytest.mark.parametrize("arguments", [(DATA, n), (DATA, DATA, n), (DATA.numpy(), n)], ids=["two", "three", "arrays"])
def test_a_loss_is_made_first_and_called_second(name: str, arguments: Any) -> None:
    with pytest.raises(
        RuntimeError,
        match=rf"(?s){name}: a loss is made first, without data, and then called with it\n  got: \w+=a tensor of shape .*"
        rf"fix: criterion = nn\.{name}\(\); loss = criterion\(output, target\)",
    ):
        getattr(nn, name)(*arguments)


def test_weights_are_no_data() -> None:
    assert nn.CrossEntropyLoss(tg.ones(3)).weight.tolist() == [1, 1, 1]
    assert nn.BCEWithLogitsLoss(pos_weight=tg.ones(3)).pos_weight.tolist() == [1, 1, 1]
    assert nn.BCELoss(tg.ones(2, 3)).weight.shape == (2, 3)
    with pytest.raises(RuntimeError, match="a loss is made first"):
        nn.NLLLoss(DATA)
