"""autocast("cpu") casts what PyTorch's casts: every sample of the parity tables and every module, run inside it."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.half import layers, operations
from tests.half.measure import Found
from tests.nn.compare import flat
from tests.parity.exceptions import EXCEPTIONS
from tests.parity.sample import Sample
from tinygrad_nn.utils.checkpoint import checkpoint

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
lib: Any = tg


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
    torch.set_num_threads(before)


def differences(mine: list[Found], theirs: list[Found], kind: str) -> list[str]:
    """Other dtypes, or values further apart than a few 16-bit units."""
    if len(mine) != len(theirs):
        return [f"{len(mine)} outputs, expected {len(theirs)}"]
    lines = []
    for k, (a, b) in enumerate(zip(mine, theirs, strict=True)):
        if a.dtype != b.dtype:
            lines.append(f"output {k}: {a.dtype}, expected {b.dtype}")
        elif a.values.shape == b.values.shape:
            scale = float(np.max(np.abs(b.values[np.isfinite(b.values)]), initial=1.0))
            off = {"float16": 4e-3, "bfloat16": 3e-2}[kind]
            if not np.allclose(a.values, b.values, rtol=off, atol=off * scale, equal_nan=True):
                lines.append(f"output {k}: {a.values.tolist()}, expected {b.values.tolist()}")
    return lines


def inside(one: Sample, library: Any, real: str, kind: str, ours: bool) -> list[Found]:
    with library.autocast("cpu", dtype=getattr(library, kind)):
        return operations.run(one, library, real, kind, ours).outputs


FACTOR_APART = "lib.einsum('ijk,ilm,njm,nlk,abc->'"
"""A factor that shares no letter: PyTorch multiplies by its sum, which it does not cast."""

CAST = (
    "matmul",
    "mm",
    "einsum",
    "inner",
    "cat",
    "prod",
    "trace",
    "cdist",
    "linalg.qr",
    "exp",
    "add",
    "sum",
    "logsumexp",
)
"""Operations of every kind: cast down, up, to the widest, and left alone. The others are marked slow."""

OTHERS = [pytest.param(op, marks=pytest.mark.slow) for op in operations.OPERATIONS if op not in CAST]


@pytest.mark.parametrize("real, kind", [("float32", "bfloat16"), ("bfloat16", "bfloat16"), ("float32", "float16")])
@pytest.mark.parametrize("op", [*CAST, *OTHERS])
def test_operation(op: str, real: str, kind: str) -> None:
    wrong = {}
    for name, one in operations.cases(op):
        if one.writes or f"{op}: {name}" in EXCEPTIONS or name.startswith(FACTOR_APART):
            continue
        fitted = operations.rounded(torch, one, kind)
        try:
            theirs = inside(fitted, torch, real, kind, False)
        except Exception:
            continue
        try:
            lines = differences(inside(fitted, lib, real, kind, True), theirs, kind)
        except Exception as error:
            lines = [f"raises {type(error).__name__}: {error}"]
        if lines:
            wrong[name] = lines
    if op in ("linalg.det", "histc"):  # no 16-bit det, empty ones too; an element on the border of two bins
        return
    assert not wrong, "\n".join(f"{name}\n      {lines}" for name, lines in wrong.items())


SOME = (
    "Linear",
    "Conv2d",
    "LSTM",
    "GRU",
    "RNN",
    "GRUCell",
    "MultiheadAttention",
    "BatchNorm2d",
    "GroupNorm",
    "MSELoss",
)


@pytest.mark.parametrize("real", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    "name", [*SOME, *[pytest.param(name, marks=pytest.mark.slow) for name in layers.ROWS_OF if name not in SOME]]
)
def test_module(name: str, real: str) -> None:
    """float32 weights, inputs of either type, outputs and gradients: PyTorch's dtypes."""
    wrong = {}
    for row in layers.ROWS_OF[name][:3]:
        ours, theirs, _ = layers.modules(row, "eval", "float32", torch, lib)
        given = [layers.rounded(torch, x, "bfloat16") for x in row.inputs]
        found = []
        for library, module in ((torch, theirs), (lib, ours)):
            try:
                inputs = [layers.tensors(library, x, real) for x in given]
                with library.autocast("cpu"):
                    first = [library.nn.functional.log_softmax(inputs[0], -1)] if row.log_softmax else inputs[:1]
                    outputs = flat(
                        module(
                            *first, *inputs[1:], **{k: layers._option(library, v, real) for k, v in row.call.items()}
                        )
                    )
                total = sum([out.to(library.float32).sum() for out in outputs if out.requires_grad])
                if outputs and isinstance(total, library.Tensor) and total.requires_grad:
                    total.backward()
                grads = [t.grad for t in (*flat(inputs), *module.parameters()) if t.grad is not None]
                found.append(
                    [operations.found(library, t) for t in outputs] + [operations.found(library, g) for g in grads]
                )
            except Exception as error:
                found.append(error)
        if isinstance(found[0], Exception):
            continue
        if isinstance(found[1], Exception):
            wrong[str(row)] = [repr(found[1])]
        elif lines := differences(found[1], found[0], "bfloat16"):
            wrong[str(row)] = lines
    assert not wrong, "\n".join(f"{name}\n      {lines}" for name, lines in wrong.items())


# -- the context -------------------------------------------------------------------------------------


def product(library: Any, kind: str = "float32") -> str:
    x = library.ones(2, 2).to(getattr(library, kind))
    return str((x @ x).dtype).rsplit(".", 1)[-1]


def nested(library: Any) -> list[str]:
    """What a product gives inside, inside of an inside, and again outside."""
    seen = [product(library)]
    with library.autocast("cpu"):
        seen.append(product(library))
        with library.autocast("cpu", dtype=library.float16):
            seen.append(product(library))
            with library.autocast("cpu", enabled=False):
                seen.append(product(library))
            seen.append(product(library))
        seen += [product(library), product(library, "float16"), product(library, "float64")]
        seen.append(str(library.get_autocast_dtype("cpu")).rsplit(".", 1)[-1])
        seen.append(str(library.is_autocast_enabled("cpu")))
    return [*seen, product(library), str(library.is_autocast_enabled("cpu"))]


def test_contexts_nest() -> None:
    assert nested(lib) == nested(torch)


def test_an_exception_ends_the_context() -> None:
    with pytest.raises(KeyError), tg.autocast("cpu"):
        raise KeyError
    assert product(tg) == "float32"
    with tg.autocast("cpu"):
        with pytest.raises(RuntimeError, match="sizes differ"):
            tg.ones(2, 3) @ tg.ones(2, 3)
        with pytest.raises(RuntimeError, match="sizes differ"):
            tg.mm(tg.ones(2, 3), tg.ones(2, 3))
        assert product(tg) == "bfloat16"
    assert product(tg) == "float32"


def test_a_context_belongs_to_its_thread() -> None:
    seen = []
    with tg.autocast("cpu"):
        worker = threading.Thread(target=lambda: seen.append(product(tg)))
        worker.start()
        worker.join()
        assert product(tg) == "bfloat16"
    assert seen == ["float32"]


def test_a_decorated_function_may_call_itself() -> None:
    @tg.autocast("cpu", dtype=tg.float16)
    def deep(n: int) -> str:
        return product(tg) if n == 0 else deep(n - 1)

    assert deep(3) == "float16"
    assert product(tg) == "float32"
    with pytest.raises(TypeError, match="requires a callable, but got int"):
        tg.autocast("cpu")(3)


def test_what_cannot_be_cast_to_is_refused_or_warned_of() -> None:
    with pytest.warns(UserWarning, match="CPU Autocast only supports dtypes of bfloat16, float16"):
        context = tg.autocast("cpu", dtype=tg.float32)
    with context:
        assert product(tg) == "float32"
    with pytest.warns(UserWarning, match="cuda is not available. Disabling autocast."):
        context = tg.autocast("cuda")
    with context:
        assert product(tg) == "float32"
    with pytest.raises(RuntimeError, match="unsupported autocast device_type 'tpu'"):
        tg.autocast("tpu")
    with pytest.raises(ValueError, match="Expected `device_type` of type `str`"):
        tg.autocast(0)


def test_parameters_and_their_gradients_stay_in_float32() -> None:
    model = tg.nn.Sequential(tg.nn.Linear(4, 8), tg.nn.ReLU(), tg.nn.Linear(8, 2))
    with tg.autocast("cpu"):
        out = model(tg.ones(3, 4))
        loss = tg.nn.functional.cross_entropy(out, tg.tensor([0, 1, 0]))
    loss.backward()
    assert (out.dtype, loss.dtype) == (tg.bfloat16, tg.float32)
    assert {p.grad.dtype for p in model.parameters()} == {tg.float32}


def test_a_custom_function_chooses_its_own_state() -> None:
    def run(library: Any) -> list[str]:
        seen: list[str] = []

        class Product(library.autograd.Function):  # type: ignore[misc]
            @staticmethod
            @library.amp.custom_fwd(device_type="cpu")
            def forward(ctx: Any, a: Any) -> Any:
                ctx.save_for_backward(a)
                return (a @ a).float()

            @staticmethod
            @library.amp.custom_bwd(device_type="cpu")
            def backward(ctx: Any, g: Any) -> Any:
                (a,) = ctx.saved_tensors
                seen.append(product(library))
                return g @ a

        x = library.ones(2, 2).requires_grad_()
        with library.autocast("cpu"):
            out = Product.apply(x)
        out.sum().backward()
        return [*seen, product(library)]

    assert run(tg) == run(torch) == ["bfloat16", "float32"]


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
@pytest.mark.parametrize("inside", [True, False])
def test_a_checkpoint_runs_again_as_it_ran_first(inside: bool, kind: str) -> None:
    """Its gradients are those without a checkpoint, wherever `backward` is called."""
    values = np.linspace(-1.3, 1.7, 6)

    def gradients(kept: bool) -> list[Any]:
        x = tg.tensor(values.reshape(2, 3), dtype=tg.float32, requires_grad=True)
        w = tg.tensor(values.reshape(2, 3) / 3, dtype=tg.float32, requires_grad=True)

        def piece(x: Any) -> Any:
            return tg.nn.functional.linear(x, w).exp()

        with tg.autocast("cpu", getattr(tg, kind), enabled=inside):
            y = piece(x) if kept else checkpoint(piece, x)
        with tg.autocast("cpu", getattr(tg, kind), enabled=not inside):
            y.float().sum().backward()
            assert tg.is_autocast_enabled("cpu") is not inside
        return [x.grad.tolist(), w.grad.tolist()]

    assert gradients(False) == gradients(True)


def test_a_compiled_step_is_recorded_anew_where_autocast_differs() -> None:
    w = tg.tensor(np.linspace(0.1, 0.7, 6, dtype=np.float32).reshape(2, 3))

    @tg.compile
    def step(x: Any) -> Any:
        return x @ w

    x = tg.tensor([[1.01, 2.02]])
    outside = [step(x).tolist() for _ in range(3)][-1]
    with tg.autocast("cpu"):
        inside = [step(x) for _ in range(3)][-1]
        assert inside.tolist() == (x @ w).tolist()
        assert inside.dtype is tg.bfloat16
    assert step(x).tolist() == outside == (x @ w).tolist()


def test_the_older_names_leave_the_device_out() -> None:
    with tg.cpu.amp.autocast(True, dtype=tg.float16):
        assert product(tg) == "float16"
    with tg.cpu.amp.autocast():
        assert product(tg) == "bfloat16"
    with tg.cpu.amp.autocast(enabled=False):
        assert product(tg) == "float32"
    with pytest.warns(UserWarning, match="cuda is not available"):
        tg.cuda.amp.autocast(True)
    with pytest.warns(UserWarning, match="there is no GPU"):
        tg.cuda.amp.GradScaler(8.0)
    assert tg.cpu.amp.GradScaler(8.0).get_scale() == 8.0
