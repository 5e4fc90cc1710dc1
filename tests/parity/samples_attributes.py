"""Samples of attributes, conversions, printing, copying, and of the bridge to NumPy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .sample import DTYPES, INTEGERS, SHAPES, Draw, Sample, Shape, operation, sample, write

INF, NAN = float("inf"), float("nan")


def everywhere(d: Draw, *texts: str) -> Iterator[Sample]:
    """A text on every shape and layout, and on some dtypes."""
    for text in texts:
        for shape in SHAPES:
            yield sample(text, d.real(*shape))
        for x in d.laid():
            yield sample(text, x)
        for dtype in ("int64", "int32", "int8", "uint8", "bool", "float16", "float64"):
            yield sample(text, d.typed(dtype, 2, 3))


PLAIN = {
    "shape": ("x.shape", "x.detach().shape"), "size": ("x.size()", "x.size(dim=None)"), "dim": ("x.dim()",), "ndim": ("x.ndim",),
    "numel": ("x.numel()", "lib.numel(x)"), "nelement": ("x.nelement()",), "dtype": ("x.dtype", "(x + x).dtype"), "device": ("x.device", "str(x.device)"),
    "data": ("x.data", "x.data.requires_grad"), "real": ("x.real",), "is_contiguous": ("x.is_contiguous()", "x.contiguous().is_contiguous()"),
    "stride": ("x.stride()",), "element_size": ("x.element_size()",), "tolist": ("x.tolist()",), "detach": ("x.detach()", "x.detach().is_leaf"),
    "contiguous": ("x.contiguous()", "x.contiguous().stride()"), "clone": ("x.clone()", "lib.clone(x)", "x.clone().stride()"), "cpu": ("x.cpu()", "x.cpu() is x"),
    "is_leaf": ("x.is_leaf", "x.clone().is_leaf", "x.detach().is_leaf"), "requires_grad": ("x.requires_grad", "x.clone().requires_grad"),
    "grad": ("x.grad",), "grad_fn": ("x.clone().grad_fn is None", "x.detach().grad_fn"), "retains_grad": ("x.retains_grad", "x.clone().retains_grad"),
    "data_ptr": ("x.data_ptr() == x.detach().data_ptr()", "x.clone().data_ptr() == x.data_ptr() if x.numel() else True"),
    "storage": ("x.untyped_storage().data_ptr() == x.detach().untyped_storage().data_ptr()", "x.untyped_storage().nbytes()", "x.storage_offset()"),
    "numpy": ("x.detach().numpy()", "x.numpy(force=True)"), "type": ("x.type()",), "__array__": ("np.asarray(x.detach())", "x.detach().__array__()"),
    "repr": ("repr(x)", "str(x)"),
}  # fmt: skip
MORE: dict[str, tuple[str, ...]] = {
    "size": ("x.size(0)", "x.size(-1)", "x.size(dim=1)", "type(x.size()).__name__"),
    "stride": ("x.stride(0)", "x.stride(-1)", "x.stride(dim=1)"),
    "data": ("x.data.mul_(2); x", "y = x.data; y[0] = 5; x.data", "x.data = x.data * 2; x.data", "x.data.is_leaf"),
    "grad": ("(x * x).sum().backward(); x.grad", "(x * x).sum().backward(); (x * x).sum().backward(); x.grad",
             "x.sum().backward(); x.grad = None; x.grad", "x.grad = lib.ones_like(x.data); x.grad", "x.sum().backward(); x.grad.zero_(); x.grad",
             "x.sum().backward(); x.grad.requires_grad", "y = x * 2; y.retain_grad(); y.sum().backward(); y.grad"),
    "grad_fn": ("(x * 2).grad_fn is not None", "x.grad_fn", "with lib.no_grad(): return (x * 2).grad_fn"),
    "is_leaf": ("(x * 2).is_leaf", "(x * 2).detach().is_leaf", "with lib.no_grad(): return (x * 2).is_leaf"),
    "requires_grad": ("(x * 2).requires_grad", "(x > 0).requires_grad", "x.requires_grad = False; x.requires_grad", "x.detach().requires_grad_().requires_grad", "x.requires_grad_(False).requires_grad"),
    "retains_grad": ("y = x * 2; y.retain_grad(); y.retains_grad", "x.retain_grad(); x.retains_grad"),
    "detach": ("x.detach().requires_grad", "y = x.detach(); y[0] = 5; x", "(x.detach() * x)"),
    "contiguous": ("x.contiguous() is x", "x.t().contiguous().stride()", "x.t().contiguous().data_ptr() == x.data_ptr()", "x.contiguous(memory_format=lib.contiguous_format)"),
    "is_contiguous": ("x.t().is_contiguous()", "x[:, :1].is_contiguous()", "x[1:].is_contiguous()", "x.is_contiguous(memory_format=lib.contiguous_format)"),
    "clone": ("y = x.clone(); y[0] = 5; x", "x.clone(memory_format=lib.preserve_format)", "x.t().clone().is_contiguous()"),
    "data_ptr": ("x[1].data_ptr() - x.data_ptr()", "x.view(-1).data_ptr() == x.data_ptr()", "x.t().data_ptr() == x.data_ptr()", "x[0, 1].data_ptr() - x.data_ptr()"),
    "storage": ("x[1].storage_offset()", "x[1].untyped_storage().nbytes()", "len(x.storage())", "x.storage().tolist()", "x.t().storage().tolist()", "x.storage().data_ptr() == x.data_ptr()", "x.storage().size()"),
    "numpy": ("a = x.detach().numpy(); a[0] = 5; x.detach()", "a = x.detach().numpy(); x.data[0] = 7; a", "x.detach().t().numpy().strides", "x.detach().clone().numpy().flags.writeable"),
    "tolist": ("x[0].tolist()", "x.detach()[0, 0].tolist()", "(x > 0).tolist()"),
    "__array__": ("np.array(x.detach())", "np.asarray(x.detach(), dtype=np.float32)", "np.asarray(x.detach()).sum()", "np.array([float(one) for one in x.detach()[0]])", "np.shares_memory(np.asarray(x.detach()), x.detach().numpy())"),
    "real": ("x.real * 2", "lib.is_complex(x)"),
    "element_size": ("x.element_size() * x.nelement()", "x.nbytes", "x.itemsize"),
    "dtype": ("x.dtype == x.dtype", "x.dtype.is_floating_point", "x.is_floating_point()", "lib.is_floating_point(x)"),
    "device": ("x.device.type", "x.is_cuda", "x.get_device()", "x.to(x.device) is x"),
    "cpu": ("x.cpu() + 1",), "shape": ("x.shape[0]", "x.shape[-1]", "x.shape.numel()", "tuple(x.shape)"),
    "numel": ("x.t().numel()",), "dim": ("x[0].dim()", "x[None].dim()"), "ndim": ("x[0].ndim", "x.sum().ndim"), "nelement": ("x[0].nelement()",),
}  # fmt: skip


@operation(*PLAIN)
def attributes(d: Draw) -> Iterator[Sample]:
    yield from everywhere(d, *PLAIN[d.op])
    for text in MORE.get(d.op, ()):
        yield sample(text, d.real(2, 3), differentiable=False)


@operation("T", "mT")
def transposes(d: Draw) -> Iterator[Sample]:
    shapes = ((2, 3), (1, 1), (0, 3), (3, 0), (4, 2)) + (((2, 3, 2), (2, 0, 3), (1, 2, 2, 3)) if d.op == "mT" else ())
    for shape in shapes:
        yield sample(f"x.{d.op}", d.real(*shape))
        if 0 not in shape:
            yield sample(f"x.{d.op}.stride()", d.real(*shape))
        yield sample(f"x.{d.op} @ x", d.real(*shape))
    for layout in ("transposed", "step", "expanded", "offset"):
        yield sample(f"x.{d.op}", d.real(3, 2, layout=layout))
    for dtype in DTYPES:
        yield sample(f"x.{d.op}", d.typed(dtype, 2, 3))
    yield write(f"x.{d.op}[0] = 5; x", d.real(2, 3))
    if d.op == "T":
        yield sample("x.T", d.real(3))
        yield sample("x.T", d.real())


@operation("item")
def item(d: Draw) -> Iterator[Sample]:
    shapes: tuple[Shape, ...] = ((), (1,), (1, 1))
    for dtype in DTYPES:
        for shape in shapes:
            yield sample("x.item()", d.typed(dtype, *shape))
    for shape in shapes:
        yield sample("x.item()", d.real(*shape))
        yield sample("type(x.item()).__name__", d.real(*shape))
    yield sample("x.sum().item()", d.real(3))
    yield sample("x[0].item()", d.const([NAN]))
    yield sample("x[1].item()", d.real(3))


CASTS = {
    "float": "float32", "double": "float64", "half": "float16", "long": "int64", "int": "int32", "bool": "bool", "byte": "uint8", "short": "int16", "char": "int8", "bfloat16": "bfloat16",
}  # fmt: skip


@operation(*(f"cast_{one}" for one in CASTS))
def casts(d: Draw) -> Iterator[Sample]:
    op = d.op.removeprefix("cast_")
    for dtype in DTYPES:
        yield sample(f"x.{op}()", d.typed(dtype, 2, 3, low=0))
        yield sample(f"x.{op}().dtype", d.typed(dtype, 2, low=0))
    for shape in ((), (0,), (3,)):
        yield sample(f"x.{op}()", d.const(np.full(shape, 1.75)))
    yield sample(f"x.{op}() is x", d.typed(CASTS[op], 2))
    yield sample(f"x.{op}().stride()", d.real(3, 2, layout="transposed"))
    yield sample(
        f"x.{op}()",
        d.real(3, 2, of=lambda rng, shape: rng.uniform(0, 3, shape), layout="transposed"),
    )
    yield sample(f"x.{op}()", d.const([0.5, 1.5, 2.999]))


@operation("to", "type_as")
def to(d: Draw) -> Iterator[Sample]:
    if d.op == "type_as":
        for one in DTYPES:
            for two in ("float32", "int64", "bool", "float64"):
                yield sample("x.type_as(y)", d.typed(one, 2, low=0), d.typed(two, 1))
        yield sample("x.type_as(x) is x", d.real(2))
        yield sample("x.type_as(other=y)", d.real(2), d.typed("float64", 1))
        return
    for one in DTYPES:
        yield sample(f"x.to(lib.{one})", d.typed("float32", 2, 3, low=0))
        yield sample(f"x.to(dtype=lib.{one})", d.typed("int64", 3, low=0))
        yield sample(f"x.to(lib.{one}) is x", d.typed(one, 2))
    for text in ("x.to('cpu')", "x.to('cpu') is x", "x.to(device='cpu')", "x.to(lib.device('cpu'))", "x.to('cpu', lib.float64)", "x.to(lib.float64, copy=True)", "x.to(x.dtype, copy=True) is x",
                 "x.to('cpu', dtype=lib.float16)", "x.to('cpu', non_blocking=True)", "x.to(lib.ones(1, dtype=lib.float64))", "x.to(lib.float64).to(lib.float32) * x"):  # fmt: skip
        yield sample(text, d.real(3))
    yield sample("x.to(lib.float64).stride()", d.typed("float32", 3, 2, layout="transposed"))


@operation("type_argument")
def type_argument(d: Draw) -> Iterator[Sample]:
    """``x.type(dtype)`` converts; ``x.type()`` names the class."""
    for dtype in DTYPES:
        yield sample(f"x.type(lib.{dtype})", d.typed("float32", 3, low=0))
        yield sample("x.type()", d.typed(dtype, 2))
    yield sample("x.type(lib.float64).type()", d.real(2))
    yield sample("x.type(dtype=lib.int64)", d.typed("float32", 2))
    yield sample("x.type(lib.FloatTensor)", d.typed("int64", 2))
    yield sample("x.type(lib.LongTensor).dtype", d.typed("float32", 2))


@operation("copies_of_tensors")
def copies(d: Draw) -> Iterator[Sample]:
    """deepcopy, copy and pickle of leaves; in-place fills and copies."""
    for text in ("copy.deepcopy(x)", "copy.deepcopy(x).is_leaf", "copy.deepcopy(x).data_ptr() == x.data_ptr()", "copy.copy(x)", "pickle.loads(pickle.dumps(x))",
                 "pickle.loads(pickle.dumps(x)).requires_grad", "copy.deepcopy([x, x])[0].shape", "r = copy.deepcopy([x, x]); r[0] is r[1]", "copy.deepcopy({'a': x})['a']",
                 "x.sum().backward(); copy.deepcopy(x).grad"):  # fmt: skip
        yield sample(text, d.real(2, 3), differentiable=False)
    for dtype in DTYPES:
        yield sample("pickle.loads(pickle.dumps(x))", d.typed(dtype, 2, 2), differentiable=False)
        yield sample("copy.deepcopy(x)", d.typed(dtype, 2), differentiable=False)
    yield sample("pickle.loads(pickle.dumps(x.detach().t())).stride()", d.real(2, 3))
    yield sample("copy.deepcopy(x.detach()[1:]).storage_offset()", d.real(3))
    for text in (
        "x.fill_(2)",
        "x.fill_(1.5)",
        "x.zero_()",
        "x.copy_(y)",
        "x[0].copy_(y); x",
        "x.fill_(y.sum())",
        "x[:, 1].zero_(); x",
        "x.copy_(y[:1])",
    ):
        yield write(text, d.real(2, 3), d.real(3))
    yield write("x.copy_(y)", d.real(2, 3, layout="transposed"), d.typed("int64", 3))


@operation("dlpack")
def dlpack(d: Draw) -> Iterator[Sample]:
    """DLPack both ways, without a copy."""
    for shape in ((), (3,), (2, 3), (0,), (2, 1, 3)):
        yield sample("np.from_dlpack(x.detach())", d.real(*shape))
        yield sample("lib.from_dlpack(x.detach().numpy())", d.real(*shape))
        yield sample("lib.from_dlpack(x.detach())", d.real(*shape))
    for dtype in (*INTEGERS, "bool"):
        yield sample("np.from_dlpack(x)", d.typed(dtype, 3))
        yield sample("lib.from_dlpack(x.numpy())", d.typed(dtype, 3))
    yield sample("r = np.from_dlpack(x.detach()); x.data[0] = 5; r", d.real(3))
    yield sample("a = np.ones(3); r = lib.from_dlpack(a); a[0] = 5; r")
    yield sample("lib.utils.dlpack.from_dlpack(x.detach().numpy())", d.real(3))
    yield sample("x.detach().__dlpack_device__()[0] == 1", d.real(3))
    yield sample("np.from_dlpack(x.detach()).strides", d.real(3, 2, layout="transposed"))


NUMPY = (
    ("lib.exp(x)", "np.exp(x)"), ("lib.sin(x)", "np.sin(x)"), ("lib.tanh(x)", "np.tanh(x)"), ("lib.abs(x)", "np.abs(x)"), ("lib.square(x)", "np.square(x)"), ("-x", "np.negative(x)"),
    ("x + y", "np.add(x, y)"), ("x * y", "np.multiply(x, y)"), ("x - y", "np.subtract(x, y)"), ("x / (y * y + 1)", "np.divide(x, y * y + 1)"), ("lib.maximum(x, y)", "np.maximum(x, y)"), ("x @ y.T", "np.matmul(x, y.T)"),
    ("lib.cat([x, y])", "np.concatenate([x, y])"), ("lib.stack([x, y])", "np.stack([x, y])"), ("lib.where(x > 0, y, 0)", "np.where(x > 0, y, 0)"), ("x.sum()", "np.sum(x)"), ("x.sum(dim=1)", "np.sum(x, axis=1)"),
    ("x.mean()", "np.mean(x)"), ("x.mean(dim=0, keepdim=True)", "np.mean(x, axis=0, keepdims=True)"), ("x.reshape(-1)", "np.reshape(x, -1)"), ("x.T", "np.transpose(x)"), ("lib.log1p(x * x)", "np.log1p(x * x)"),
    ("lib.sqrt(x * x + 1)", "np.sqrt(x * x + 1)"), ("x > y", "np.greater(x, y)"), ("x.amax()", "np.max(x)"), ("lib.vstack([x, y])", "np.vstack([x, y])"), ("lib.einsum('ij,ij->i', x, y)", "np.einsum('ij,ij->i', x, y)"),
    ("lib.clip(x, -1, 1)", "np.clip(x, -1, 1)"), ("x.cumsum(0)", "np.cumsum(x, axis=0)"), ("lib.tensordot(x, y, ([1], [1]))", "np.tensordot(x, y, axes=([1], [1]))"),
    ("lib.outer(x[0], y[0])", "np.outer(x[0], y[0])"), ("x.std(correction=0)", "np.std(x)"), ("x.prod()", "np.prod(x)"), ("x.flip(0)", "np.flip(x, 0)"), ("lib.squeeze(x[None])", "np.squeeze(x[None])"),
)  # fmt: skip


@operation("numpy_functions")
def numpy_functions(d: Draw) -> Iterator[Sample]:
    """NumPy's functions given tensors stay on the tape, and give what PyTorch's own give."""
    for theirs, mine in NUMPY:
        yield sample(theirs, d.real(2, 3), d.real(2, 3), ours=mine)


PRINTS = (
    "3", "2.5", "True", "[]", "[1, 2, 3]", "[1.0, 2.0]", "[1.5, -2.25]", "[True, False]", "[[1, -20], [300, 4]]", "[1e-8, 1.0]", "[1e10, 1.0]", "[123456.0, 1.5]", "[1e5]", "[0.1, 0.22, 0.333]",
    "[math.nan, math.inf, -math.inf, 1.5]", "[math.nan]", "[[], []]", "[[[1.0, 2.0]], [[3.0, 4.0]]]", "[0.0001, 0.001]", "[0.0]", "[-0.0, 0.0]", "[1000.0, 0.001]", "[99999.5, 2.0]", "[1e-4]", "1e-20", "123456789.0", "[1.0, math.inf]",
    "list(range(1001))", "[[i * 1.5 for i in range(40)]]", "[[float(i * j) for i in range(12)] for j in range(3)]", "[[[i] * 30 for i in range(3)]] * 2", "[16777217.0]",
)  # fmt: skip


@operation("printing")
def printing(d: Draw) -> Iterator[Sample]:
    """``repr`` and ``str`` to the letter, the library's name aside."""
    for data in PRINTS:
        yield sample(f"repr(lib.tensor({data}))")
    for dtype in DTYPES:
        yield sample(f"repr(lib.tensor([[0, 1], [2, 3]], dtype=lib.{dtype}))")
        yield sample(f"str(lib.tensor([], dtype=lib.{dtype}))")
    yield sample("repr(lib.zeros(2, 0))")
    yield sample("repr(lib.zeros(2, 0, dtype=lib.int64))")
    yield sample("repr(lib.ones(30, 40))")
    yield sample("repr(lib.arange(2000.0).reshape(2, 10, 100))")
    yield sample("repr(lib.tensor([1.0, 2.0], requires_grad=True))")
    yield sample("repr(lib.tensor([[1.5]], dtype=lib.float64, requires_grad=True))")
    yield sample("repr(lib.tensor([1, 2]).t())")
    yield sample("repr(x.clone())", d.real(2, 2))
    yield sample("f'{lib.tensor(2.5)}'")
    yield sample("f'{lib.tensor(2.5):.3f}'")
    yield sample("f'{lib.tensor([1.0])}'")
    yield sample("str([lib.tensor(1), lib.tensor([2.0])])")
    yield sample("print(lib.tensor([1.0]), end='', file=open('/dev/null', 'w'))")
