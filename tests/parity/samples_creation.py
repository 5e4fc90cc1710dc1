"""Samples of the ways to make a tensor from data, sizes and other tensors."""

from __future__ import annotations

from collections.abc import Iterator

from .sample import DTYPES, Draw, Sample, operation, sample

DATA = (
    "3", "2.5", "True", "[]", "[1, 2]", "[1.0, 2]", "[True, False]", "[[1, 2], [3, 4]]", "[[1.5], [2]]", "[[], []]", "(1, 2)", "((1, 2), [3, 4])",
    "[True, 2]", "[True, 2.5]", "np.array([1, 2])", "np.array([1.5, 2])", "np.float32(2)", "np.int16(3)", "np.arange(6).reshape(2, 3).T",
    "np.array([1, 2], dtype=np.uint8)", "np.array([True])", "np.array([1.5], dtype=np.float16)", "range(3)", "[np.float64(1), 2]", "[lib.tensor(1), lib.tensor(2)]",
    "[lib.tensor(1.5), 2.0]", "[[[1]]]", "math.inf", "-3", "[math.nan, 1]", "np.zeros((0, 3))", "[np.array([1, 2]), np.array([3, 4])]", "np.arange(6)[::-1].copy()", "[2**40]",
)  # fmt: skip


@operation("tensor", "as_tensor")
def tensor(d: Draw) -> Iterator[Sample]:
    for data in DATA:
        yield sample(f"lib.{d.op}({data})")
    for dtype in DTYPES:
        yield sample(f"lib.{d.op}([0, 1, 2], dtype=lib.{dtype})")
        yield sample(f"lib.{d.op}(np.array([0.5, 2.5]), dtype=lib.{dtype})")
    yield sample(f"lib.{d.op}(data=[1, 2], dtype=lib.float64, device='cpu')")
    yield sample(f"lib.{d.op}([1.5, -2.5, 300], dtype=lib.int64)")
    yield sample(f"lib.{d.op}(x)", d.real(2, 3, grad=False))
    if d.op == "tensor":
        yield sample("r = lib.tensor([1.0], requires_grad=True); (r, r.is_leaf)")
        yield sample("lib.tensor([1.0], pin_memory=False)")
        yield sample("a = np.ones(2); r = lib.tensor(a); a[0] = 5; r")
        yield sample("lib.tensor(x.detach(), dtype=lib.int64)", d.real(3))
    else:
        yield sample("a = np.ones(2); r = lib.as_tensor(a); a[0] = 5; r")
        yield sample("lib.as_tensor(x) is x", d.real(3))
        yield sample("lib.as_tensor(x, dtype=lib.float32)", d.real(3))
        yield sample("lib.asarray([1, 2])")


@operation("from_numpy")
def from_numpy(d: Draw) -> Iterator[Sample]:
    for dtype in (
        "float16",
        "float32",
        "float64",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "bool",
    ):
        yield sample(f"lib.from_numpy(np.ones((2, 3), dtype=np.{dtype}))")
    for array in ("np.zeros(())", "np.zeros((1, 3))", "np.arange(6.0).reshape(2, 3).T", "np.arange(6.0)[::2]", "np.arange(24).reshape(2, 3, 4)[:, 1]",
                  "np.broadcast_to(np.arange(3.0), (2, 3)).copy()", "np.asfortranarray(np.arange(6.0).reshape(2, 3))"):  # fmt: skip
        yield sample(f"r = lib.from_numpy({array}); (r, r.stride(), r.is_contiguous())")
    yield sample("a = np.ones(3); r = lib.from_numpy(a); a[1] = 4; r")
    yield sample("a = np.ones(3); r = lib.from_numpy(a); r[1] = 4; a")
    yield sample("a = np.ones(3); r = lib.from_numpy(a); r.mul_(2); a")
    yield sample("lib.from_numpy(np.zeros((0, 3)))")
    yield sample("lib.from_numpy(np.ones(3)).requires_grad")
    yield sample("lib.from_numpy(np.ones(3)).requires_grad_()")


SIZES = (
    "()",
    "3",
    "2, 3",
    "(2, 3)",
    "[2, 3]",
    "0",
    "2, 0, 3",
    "lib.Size([2, 1])",
    "size=(2, 2)",
    "1, 1, 1",
)


def see(op: str, call: str) -> str:
    """What ``empty`` holds is no one's business."""
    return f"r = {call}; (r.shape, r.dtype, r.requires_grad, r.stride())" if "empty" in op else call


@operation("zeros", "ones", "empty")
def zeros(d: Draw) -> Iterator[Sample]:
    for size in SIZES:
        yield sample(see(d.op, f"lib.{d.op}({size})"))
    for dtype in DTYPES:
        yield sample(see(d.op, f"lib.{d.op}(2, dtype=lib.{dtype})"))
    yield sample(see(d.op, f"lib.{d.op}(2, requires_grad=True)"))
    yield sample(see(d.op, f"lib.{d.op}((2,), device='cpu')"))
    yield sample(see(d.op, f"lib.{d.op}(2, 2, device=lib.device('cpu'), dtype=lib.float64)"))
    yield sample(see(d.op, f"lib.{d.op}(*x.shape)"), d.real(2, 3))


@operation("full")
def full(d: Draw) -> Iterator[Sample]:
    for size in ("()", "(3,)", "[2, 3]", "(0,)", "(2, 0)", "lib.Size([2])"):
        for value in ("2", "1.5", "True"):
            yield sample(f"lib.full({size}, {value})")
    for dtype in DTYPES:
        yield sample(f"lib.full((2,), 1, dtype=lib.{dtype})")
    yield sample("lib.full(size=(2,), fill_value=-math.inf)")
    yield sample("lib.full((2,), 1.5, requires_grad=True)")
    yield sample("lib.full((2,), lib.tensor(3))")


LIKES = {"zeros_like": "", "ones_like": "", "empty_like": "", "full_like": ", 3", "rand_like": "", "randn_like": "", "randint_like": ", 7"}  # fmt: skip


@operation(*LIKES)
def likes(d: Draw) -> Iterator[Sample]:
    op, more = d.op, LIKES[d.op]
    seed = "lib.manual_seed(5); " if op.startswith("rand") else ""
    for shape in ((), (3,), (2, 3), (2, 1, 3), (0,), (2, 0, 3)):
        yield sample(seed + see(op, f"lib.{op}(x{more})"), d.real(*shape))
    for x in d.laid():
        yield sample(seed + see(op, f"lib.{op}(x{more})"), x)
        yield sample(f"{seed}lib.{op}(x{more}).stride()", x)
    floats = ("float32", "float64", "float16", "bfloat16")
    for dtype in (
        floats
        if op in {"rand_like", "randn_like"}
        else ("float32", "float64", "float16", "int64", "int32", "uint8", "int8")
    ):
        yield sample(seed + see(op, f"lib.{op}(x{more})"), d.typed(dtype, 2))
        yield sample(seed + see(op, f"lib.{op}(x{more}, dtype=lib.{dtype})"), d.typed("int64", 2))
    yield sample(seed + see(op, f"lib.{op}(x{more}, requires_grad=True)"), d.real(3))
    yield sample(
        seed
        + see(
            op,
            f"lib.{op}(input=x{', fill_value=2' if op == 'full_like' else more.replace(', 7', ', high=7')})",
        ),
        d.real(3),
    )
    if op == "randint_like":
        yield sample("lib.manual_seed(5); lib.randint_like(x, 2, 9)", d.real(4))


NEWS = {"new_tensor": "[1, 2]", "new_zeros": "2, 3", "new_ones": "2, 3", "new_full": "(2, 3), 4", "new_empty": "2, 3"}  # fmt: skip


@operation(*NEWS)
def news(d: Draw) -> Iterator[Sample]:
    op, more = d.op, NEWS[d.op]
    for dtype in DTYPES:
        yield sample(see(op, f"x.{op}({more})"), d.typed(dtype, 3))
        yield sample(see(op, f"x.{op}({more}, dtype=lib.{dtype})"), d.typed("int64", 3))
    yield sample(see(op, f"x.{op}({more}, requires_grad=True)"), d.real(3))
    yield sample(see(op, f"x.{op}({more}, device='cpu')"), d.real(3))
    if op == "new_tensor":
        yield sample("x.new_tensor([1.5, 2])", d.typed("int64", 3))
        yield sample("x.new_tensor(np.ones(2))", d.typed("float32", 3))
        yield sample("x.new_tensor(3)", d.real(2))
    elif op == "new_full":
        yield sample("x.new_full((), 2.5)", d.real(2))
        yield sample("x.new_full(size=[2], fill_value=1)", d.real(2))
    else:
        for size in ("()", "(2, 3)", "[2]", "0", "lib.Size([1, 2])", "size=(2,)"):
            yield sample(see(op, f"x.{op}({size})"), d.real(2))


@operation("arange")
def arange(d: Draw) -> Iterator[Sample]:
    for text in ("5", "0", "2, 7", "7, 2, -1", "0, 1, 0.25", "5.0", "1, 2.5, 0.5", "-3, 3", "0, 10, 3", "2.5", "start=1, end=4", "end=4", "1, 4, step=2", "0, -5, -2",
                 "start=0, end=1, step=0.1", "3, 3", "0, 1, 0.3", "np.int64(4)", "lib.tensor(4)", "1, 0, -0.25", "0.1, 0.5, 0.1", "10, 0, -3"):  # fmt: skip
        yield sample(f"lib.arange({text})")
    for dtype in ("float32", "float64", "int32", "int64", "uint8", "float16", "bfloat16"):
        yield sample(f"lib.arange(6, dtype=lib.{dtype})")
        yield sample(
            f"lib.arange(1, 4, 0.5, dtype=lib.{dtype})"
            if "float" in dtype
            else f"lib.arange(1, 8, 2, dtype=lib.{dtype})"
        )
    yield sample("lib.arange(3.0, requires_grad=True)")
    yield sample("lib.arange(3, device='cpu')")


@operation("linspace", "logspace")
def linspace(d: Draw) -> Iterator[Sample]:
    for text in (
        "0, 1, 5",
        "0, 1, 1",
        "0, 1, 0",
        "-2, 2, 9",
        "2, -2, 4",
        "1, 1, 3",
        "0.5, 0.75, steps=6",
        "start=0, end=3, steps=4",
        "0, 3, 2",
        "0, 2, 11",
        "-1.5, 0, 7",
        "0, 1, 3",
    ):
        yield sample(f"lib.{d.op}({text})")
        yield sample(f"lib.{d.op}({text}, dtype=lib.float64)")
    for dtype in ("int64", "int32", "float16"):
        yield sample(f"lib.{d.op}(0, 4, 5, dtype=lib.{dtype})")
    yield sample(f"lib.{d.op}(0, 1, 3, requires_grad=True)")
    if d.op == "logspace":
        yield sample("lib.logspace(0, 3, 4, base=2)")
        yield sample("lib.logspace(0, 3, 4, 2.0)")
    else:
        yield sample("lib.linspace(lib.tensor(0.0), lib.tensor(1.0), 4)")


@operation("eye")
def eye(d: Draw) -> Iterator[Sample]:
    for text in ("3", "0", "1", "2, 3", "3, 2", "0, 2", "n=2", "n=2, m=4", "2, m=1", "4"):
        yield sample(f"lib.eye({text})")
    for dtype in DTYPES:
        yield sample(f"lib.eye(2, dtype=lib.{dtype})")
    yield sample("lib.eye(2, requires_grad=True)")
    yield sample("lib.eye(2, 3, device='cpu', dtype=lib.float64)")
