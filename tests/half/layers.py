"""Every configuration of the module tables as a case of the 16-bit walk."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.half.measure import Ran, complaints, found, usual_errors
from tests.nn.compare import both, flat
from tests.nn.configurations import ROWS, Data, Row

ROWS_OF: dict[str, list[Row]] = {}
for one in ROWS:
    ROWS_OF.setdefault(one.name, []).append(one)

FLOATING = np.floating | np.ndarray


def rounded(torch: Any, value: Any, kind: str) -> Any:
    """An input with numbers that a 16-bit type holds; integers as they are."""
    if isinstance(value, tuple):
        return tuple([rounded(torch, part, kind) for part in value])
    if isinstance(value, Data):
        return Data(rounded(torch, value.array, kind))
    if isinstance(value, FLOATING) and np.asarray(value).dtype.kind == "f":
        return np.array(torch.tensor(np.asarray(value, np.float64)).to(getattr(torch, kind)).double().numpy())
    return value


def tensors(library: Any, value: Any, real: str) -> Any:
    """An input as tensors of a library in the float dtype `real`; what is not `Data` requires grad."""
    if isinstance(value, tuple):
        return tuple([tensors(library, part, real) for part in value])
    if isinstance(value, Data):
        made = library.tensor(np.array(value.array))
        return made.to(getattr(library, real)) if made.is_floating_point() else made
    if isinstance(value, FLOATING):
        return library.tensor(np.array(value, np.float64)).to(getattr(library, real)).requires_grad_()
    return value


def run(library: Any, module: Any, row: Row, given: list[Any], real: str, kind: str) -> Ran:
    """A module's outputs, and all gradients from cotangents that the 16-bit type `kind` holds."""
    library.manual_seed(5)
    inputs = [tensors(library, x, real) for x in given]
    first = [library.nn.functional.log_softmax(inputs[0], -1)] if row.log_softmax else inputs[:1]
    outputs = flat(module(*first, *inputs[1:], **{k: _option(library, v, real) for k, v in row.call.items()}))
    ran = Ran([found(library, out) for out in outputs])
    rng = np.random.default_rng(3)
    live, cotangents = [], []
    for out in outputs:
        weight = library.tensor(rng.standard_normal(tuple(out.shape))).to(getattr(library, kind))
        if out.requires_grad:
            live.append(out)
            cotangents.append(weight.to(out.dtype))
    if live:
        library.autograd.backward(live, cotangents)
    named = {f"gradient of input {k}": t.grad for k, t in enumerate(flat(inputs)) if t.grad is not None}
    named.update({f"gradient of {name}": p.grad for name, p in module.named_parameters() if p.grad is not None})
    ran.grads = {name: found(library, g) for name, g in named.items()}
    ran.outputs += [found(library, b) for b in module.buffers()]
    return ran


def _option(library: Any, value: Any, real: str) -> Any:
    return tensors(library, value, real) if isinstance(value, (Data, np.ndarray)) else value


def check(
    name: str, kind: str, torch: Any, lib: Any, most: int | None = None, times: float = 2.0
) -> tuple[int, dict[str, list[str]]]:
    """How many configurations of a module ran in a 16-bit type, in each mode, and what is wrong with which.

    What PyTorch cannot run in that type does not count. `most`: only the first configurations.
    """
    expected: dict[str, tuple[Row, str, Any, Ran, Ran]] = {}
    for row in ROWS_OF[name][:most]:
        for mode in row.modes:
            theirs, exact = modules(row, mode, kind, torch, lib)[1:]
            given = [rounded(torch, x, kind) for x in row.inputs]
            try:
                pair = run(torch, theirs, row, given, kind, kind), run(torch, exact, row, given, "float64", kind)
            except Exception:
                continue
            expected[f"{row} {mode}"] = row, mode, given, *pair
    usual = usual_errors([(theirs, exact) for _, _, _, theirs, exact in expected.values()])
    wrong = {}
    for title, (row, mode, given, theirs, exact) in expected.items():
        try:
            mine = run(lib, modules(row, mode, kind, torch, lib)[0], row, given, kind, kind)
            lines = complaints(mine, theirs, exact, usual, times)
        except Exception as error:
            lines = [f"raises {type(error).__name__}: {error}"]
        if lines:
            wrong[title] = lines
    return len(expected), wrong


def modules(row: Row, mode: str, kind: str, torch: Any, lib: Any) -> list[Any]:
    """The module here and there in a 16-bit type, and in float64, all with the same (rounded) weights."""
    ours, theirs = both(torch, row)
    exact = both(torch, row)[1].double()
    theirs.to(getattr(torch, kind))
    exact.load_state_dict(theirs.state_dict())
    ours.to(getattr(lib, kind))
    ours.load_state_dict({name: _ported(lib, value) for name, value in theirs.state_dict().items()})
    for module in (ours, theirs, exact):
        getattr(module, mode)()
    return [ours, theirs, exact]


def _ported(lib: Any, value: Any) -> Any:
    if value.is_floating_point():
        return lib.tensor(value.double().numpy()).to(getattr(lib, str(value.dtype).rsplit(".", 1)[-1]))
    return lib.tensor(value.numpy())


__all__ = ["ROWS_OF", "check"]
