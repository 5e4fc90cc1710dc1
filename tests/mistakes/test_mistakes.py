"""Every mistake of the tables is answered at once, in our words: what happened, what was given, how to mend it."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
import tinygrad_nn.nn.functional as functional
from tests.mistakes import table, table_data
from tinygrad_nn import datasets, func, nn, optim, train, viz
from tinygrad_nn.interop import json_export
from tinygrad_nn.interop.sklearn import MLPClassifier, MLPRegressor
from tinygrad_nn.utils import data
from tinygrad_nn.utils.data import TensorDataset

AREAS = {
    "optimizers": table.OPTIMIZERS, "tensors": table.TENSORS, "modules": table.MODULES, "losses": table.LOSSES,
    "data": table_data.DATA, "training": table_data.TRAINING, "estimators": table_data.ESTIMATORS,
    "pictures": table_data.PICTURES, "files": table_data.FILES,
}  # fmt: skip
ROWS = [(code, pattern) for rows in AREAS.values() for code, pattern in rows]

KINDS = (
    RuntimeError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    AttributeError,
    OSError,
    AssertionError,
    NotImplementedError,
)
"""The builtins that PyTorch raises."""


def names() -> dict[str, Any]:
    """What a line may use: fresh each time."""
    model = nn.Linear(2, 2)
    x, y = tg.tensor([[1.0, 2.0], [3.0, 4.0]]), tg.tensor([0, 1])
    w = tg.ones(2, 2, requires_grad=True)

    def fit(**options: Any) -> Any:
        net = options.pop("model", None)
        net = nn.Linear(2, 2) if net is None else net
        known = list(net.parameters()) if isinstance(net, nn.Module) else []
        optimizer = options.pop("optimizer", None) or optim.SGD(known or [w], lr=0.1)
        given = {"epochs": 1, "progress": False, **options}
        return train.fit(net, given.pop("data", (x, y)), given.pop("loss", nn.CrossEntropyLoss()), optimizer, **given)

    def read_only_step() -> None:
        rows = np.ones(3, np.float32)
        rows.flags.writeable = False
        p = nn.Parameter(tg.from_numpy(rows))
        p.sum().backward()
        optim.SGD([p], lr=0.1).step()

    def twice() -> None:
        loss = (w * w).sum()
        loss.backward()
        loss.backward()

    def if_tensor(t: Any) -> None:
        if t:
            pass

    def no_super() -> None:
        class Net(nn.Module):
            def __init__(self) -> None:
                self.layer = nn.Linear(2, 2)

        Net()

    def no_forward() -> Any:
        class Net(nn.Module):
            pass

        return Net()

    return {
        **{name: getattr(data, name) for name in data.__all__}, "tg": tg, "F": functional, "np": np, "io": io, "nn": nn,
        "datasets": datasets, "func": func, "optim": optim, "train": train, "viz": viz, "json_export": json_export,
        "MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor, "model": model, "sgd": optim.SGD(model.parameters(), lr=0.1), "x": x, "y": y, "w": w,
        "b": tg.ones(2, requires_grad=True), "other": tg.ones(2, requires_grad=True), "loss_value": (w * 2).sum(),
        "loss_of": nn.CrossEntropyLoss(), "dataset": TensorDataset(x, y), "fit": fit, "read_only_step": read_only_step,
        "twice": twice, "if_tensor": if_tensor, "no_super": no_super, "no_forward": no_forward,
        "X": np.random.default_rng(0).normal(size=(20, 2)), "labels": np.arange(20) % 2,
    }  # fmt: skip


def told(code: str) -> BaseException | None:
    try:
        exec(code, names())
    except Exception as error:
        return error
    return None


OPAQUE = re.compile(
    r"object is not (iterable|callable|subscriptable)|'(int|float|str|list|dict|tuple|NoneType)' object has no attribute|"
    r"unsupported operand|could not convert string|not supported between|invalid literal|has no len\(\)|bad operand"
)
"""What Python and NumPy say of our insides when they are handed something odd."""


def obscure(error: BaseException) -> bool:
    """Whether an error speaks of our insides, not of what the user did."""
    return not isinstance(error, KINDS) or OPAQUE.search(str(error)) is not None or "\\n" in str(error)


@pytest.mark.parametrize(("code", "pattern"), ROWS)
@pytest.mark.filterwarnings("ignore")
def test_a_mistake_is_named(code: str, pattern: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KINDS, match=pattern) as caught:
        exec(code, names())
    assert not obscure(caught.value), repr(caught.value)
