"""Samples of linear algebra.

Factors that are unique only up to a sign (singular vectors, eigenvectors) are compared in a form
that does not depend on it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .sample import Domain, Draw, In, Sample, Shape, anywhere, operation, sample, write

INTS = ("int64", "int32", "uint8")
BATCHES: tuple[Shape, ...] = ((), (2,), (0,), (1, 2))


def regular(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    """Square and well conditioned."""
    noise = rng.uniform(-1.0, 1.0, shape)
    return np.asarray(noise + 2.5 * np.eye(shape[-1]) * np.where(np.arange(shape[-1]) % 2, -1, 1))


def definite(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    """Symmetric, positive definite, eigenvalues apart."""
    noise = rng.uniform(-0.3, 0.3, shape)
    return np.asarray(noise + noise.swapaxes(-1, -2) + np.diag(np.arange(shape[-1]) + 1.5))


def symmetric(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    noise = rng.uniform(-0.4, 0.4, shape)
    return np.asarray(noise + noise.swapaxes(-1, -2) + np.diag(2.0 * np.arange(shape[-1]) - 1.3))


def spread(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    """Singular values apart and away from zero."""
    noise = rng.uniform(-0.4, 0.4, shape)
    return np.asarray(noise + np.eye(shape[-2], shape[-1]) * (np.arange(shape[-1]) + 1.5))


PRODUCTS: tuple[tuple[Shape, Shape], ...] = (
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((2, 2, 3), (2, 3, 4)),
    ((2, 3), (2, 3, 4)), ((2, 2, 3), (3, 4)), ((1, 2, 3), (2, 3, 1)), ((2, 2, 3), (3,)),
    ((3,), (2, 3, 2)), ((0, 3), (3, 2)), ((2, 0), (0, 3)), ((2, 1, 2, 3), (3, 3, 2)),
    ((1, 1), (1, 1)), ((0,), (0,)), ((0, 2, 3), (3, 1)),
)  # fmt: skip


@operation("matmul")
def matmul(d: Draw) -> Iterator[Sample]:
    for one, two in PRODUCTS:
        yield sample("lib.matmul(x, y)", d.real(*one), d.real(*two))
        yield sample("x @ y", d.real(*one), d.real(*two))
    for layout in ("transposed", "step", "expanded", "offset"):
        yield sample("x.matmul(y)", d.real(3, 3, layout=layout), d.real(3, 2))
        yield sample("lib.matmul(input=x, other=y)", d.real(2, 3), d.real(3, 3, layout=layout))
        yield sample("x @ y", d.real(2, 3, 3, layout=layout), d.real(2, 3, 3, layout=layout))
    for dtype in INTS:
        yield sample("x @ y", d.typed(dtype, 2, 3), d.typed(dtype, 3, 2))
    yield sample("x @ y", d.real(2, 3, grad=False), d.real(3))
    yield sample("x.__rmatmul__(y)", d.real(2, 3), d.real(4, 2))


@operation("mm", "bmm", "mv", "dot", "inner", "outer")
def products(d: Draw) -> Iterator[Sample]:
    shapes: dict[str, tuple[tuple[Shape, Shape], ...]] = {
        "mm": (((2, 3), (3, 4)), ((1, 1), (1, 1)), ((0, 3), (3, 2)), ((2, 0), (0, 3)), ((3, 3), (3, 3))),
        "bmm": (((2, 2, 3), (2, 3, 4)), ((1, 2, 2), (1, 2, 2)), ((0, 2, 3), (0, 3, 2)), ((2, 1, 3), (2, 3, 1)), ((3, 3, 3), (3, 3, 3))),
        "mv": (((2, 3), (3,)), ((1, 1), (1,)), ((0, 3), (3,)), ((2, 0), (0,)), ((3, 3), (3,))),
        "dot": (((3,), (3,)), ((1,), (1,)), ((0,), (0,)), ((5,), (5,)), ((2,), (2,))),
        "inner": (((3,), (3,)), ((2, 3), (4, 3)), ((2, 3), (3,)), ((), (2, 3)), ((2, 1, 3), (2, 3))),
        "outer": (((3,), (2,)), ((1,), (1,)), ((0,), (2,)), ((2,), (0,)), ((4,), (4,))),
    }  # fmt: skip
    op = d.op
    second = {
        "mm": "mat2",
        "bmm": "mat2",
        "mv": "vec",
        "dot": "tensor",
        "inner": "other",
        "outer": "vec2",
    }[op]
    for one, two in shapes[op]:
        yield sample(f"lib.{op}(x, y)", d.real(*one), d.real(*two))
        yield sample(f"x.{op}(y)", d.real(*one), d.real(*two))
        yield sample(f"lib.{op}(x, {second}=y)", d.real(*one), d.real(*two, grad=False))
        yield sample(f"x.{op}(x * 1 if x.shape == y.shape else y)", d.real(*one), d.real(*two))
    one, two = shapes[op][0]
    layouts = ("step", "transposed") if len(one) > 1 else ("step", "offset")
    for layout in layouts:
        yield sample(f"lib.{op}(x, y)", d.real(*one, layout=layout), d.real(*two))
    layouts = ("step", "transposed") if len(two) > 1 else ("step", "offset")
    for layout in layouts:
        yield sample(f"lib.{op}(x, y)", d.real(*one), d.real(*two, layout=layout))
    for dtype in INTS:
        yield sample(f"lib.{op}(x, y)", d.typed(dtype, *one), d.typed(dtype, *two))


EQUATIONS: tuple[tuple[str, tuple[Shape, ...]], ...] = (
    ("ij,jk->ik", ((2, 3), (3, 4))), ("ij,jk", ((2, 3), (3, 4))), ("bij,bjk->bik", ((2, 2, 3), (2, 3, 2))),
    ("i,i->", ((3,), (3,))), ("i,j->ij", ((3,), (2,))), ("ij->ji", ((2, 3),)), ("ij->", ((2, 3),)),
    ("ij->i", ((2, 3),)), ("ij->j", ((2, 3),)), ("ii->i", ((3, 3),)), ("ii", ((3, 3),)), ("ii->", ((3, 3),)),
    ("...ij,...jk->...ik", ((2, 2, 3), (2, 3, 2))), ("...ij,jk->...ik", ((2, 2, 3), (3, 2))),
    ("...i,...i->...", ((2, 3), (2, 3))), ("i...->...", ((2, 3),)), ("...->...", ((2, 3),)),
    ("ij,kj->ik", ((2, 3), (4, 3))), ("ijk,ilm,njm,nlk,abc->", ((2, 2, 2), (2, 2, 2), (2, 2, 2), (2, 2, 2), (2, 1, 2))),
    ("ij,jk,kl->il", ((2, 3), (3, 2), (2, 2))), ("a,b,c->abc", ((2,), (3,), (2,))),
    ("bhqd,bhkd->bhqk", ((2, 1, 2, 3), (2, 1, 3, 3))), ("ij,ij->ij", ((2, 3), (2, 3))),
    ("ij,j->ij", ((2, 3), (3,))), ("iij->ij", ((2, 2, 3),)), ("iji->j", ((2, 3, 2),)),
    ("i j , j k -> i k", ((2, 3), (3, 2))), ("Ab,bC->AC", ((2, 3), (3, 2))), ("bA,Cb", ((2, 3), (4, 2))),
    (",i->i", ((), (3,))), ("ij,jk->k", ((2, 3), (3, 4))), ("ij,kl->", ((2, 3), (2, 2))),
    ("i,ij,j->", ((2,), (2, 3), (3,))), ("ij,jk->ik", ((0, 3), (3, 2))), ("ij,jk->ik", ((2, 0), (0, 2))),
    ("b...i,bij->b...j", ((2, 2, 3), (2, 3, 2))), ("ij,jk->ik", ((2, 1), (3, 4))),
    ("...ij,...ij->...", ((2, 1, 3), (4, 1, 2, 3))), ("ij,ik->ijk", ((2, 3), (2, 2))), ("ii,ii->i", ((2, 2), (2, 2))),
)  # fmt: skip


@operation("einsum")
def einsum(d: Draw) -> Iterator[Sample]:
    names = "xyzwv"
    for equation, shapes in EQUATIONS:
        operands = ", ".join(names[: len(shapes)])
        yield sample(f"lib.einsum('{equation}', {operands})", *(d.real(*one) for one in shapes))
    yield sample("lib.einsum('ij,jk->ik', [x, y])", d.real(2, 3), d.real(3, 2))
    yield sample("lib.einsum('ij,ij->i', x, x)", d.real(2, 3))
    yield sample("lib.einsum(x, [0, 1], y, [1, 2], [0, 2])", d.real(2, 3), d.real(3, 2))
    yield sample("lib.einsum(x, [0, 1], y, [1, 2])", d.real(2, 3), d.real(3, 2))
    yield sample("lib.einsum(x, [..., 0], [0])", d.real(2, 3))
    yield sample("lib.einsum('ij,jk', x, y)", d.typed("int64", 2, 3), d.typed("int64", 3, 2))
    for layout in ("transposed", "step", "expanded"):
        yield sample("lib.einsum('ij,jk', x, y)", d.real(3, 3, layout=layout), d.real(3, 2))


@operation("addmm", "baddbmm")
def add_products(d: Draw) -> Iterator[Sample]:
    op = d.op
    batch: Shape = () if op == "addmm" else (2,)
    for bias in ((2, 4), (4,), (2, 1), (1, 4), (1,), ()):
        shape = bias if op == "addmm" or len(bias) < 2 else (1, *bias)
        yield sample(f"lib.{op}(x, y, z)", d.real(*shape), d.real(*batch, 2, 3), d.real(*batch, 3, 4))
        yield sample(f"x.{op}(y, z, beta=0.5, alpha=2)",
                     d.real(*shape), d.real(*batch, 2, 3), d.real(*batch, 3, 4))  # fmt: skip
        yield sample(f"lib.{op}(x, y, z, beta=0)",
                     d.real(*shape), d.real(*batch, 2, 3), d.real(*batch, 3, 4))  # fmt: skip
    for layout in ("transposed", "step", "expanded"):
        yield sample(f"lib.{op}(x, y, z)", d.real(*batch, 2, 2, layout=layout),
                     d.real(*batch, 2, 2, layout=layout), d.real(*batch, 2, 2, layout=layout))  # fmt: skip
    yield sample(f"lib.{op}(x, y, z, beta=0)", d.const(np.full((*batch, 2, 2), np.nan)),
                 d.real(*batch, 2, 3), d.real(*batch, 3, 2))  # fmt: skip
    yield sample(f"lib.{op}(x, y, z)", d.real(*batch, 2, 2), d.real(*batch, 2, 0), d.real(*batch, 0, 2))
    yield sample(f"lib.{op}(x, y, z)", d.typed("int64", *batch, 2, 2),
                 d.typed("int64", *batch, 2, 3), d.typed("int64", *batch, 3, 2))  # fmt: skip
    yield write(f"x.{op}_(y, z)", d.real(*batch, 2, 2), d.real(*batch, 2, 3), d.real(*batch, 3, 2))
    yield write(f"x.{op}_(y, z, beta=2, alpha=0.5)",
                d.real(*batch, 2, 2), d.real(*batch, 2, 3), d.real(*batch, 3, 2))  # fmt: skip


@operation("tensordot")
def tensordot(d: Draw) -> Iterator[Sample]:
    for dims in ("1", "0", "2"):
        for _ in range(2):
            yield sample(
                f"lib.tensordot(x, y, dims={dims})",
                d.real(2, 3, 3),
                d.real(3, 3, 2),
            )
    for one, two, dims in (
        ((2, 3), (3, 4), "([1], [0])"), ((2, 3), (4, 3), "([1], [1])"), ((2, 3, 4), (4, 3, 2), "([1, 2], [1, 0])"),
        ((2, 3), (2, 3), "([0, 1], [0, 1])"), ((2, 3), (3, 2), "([-1], [0])"), ((2, 3, 2), (2, 2), "([0], [1])"),
        ((2,), (2,), "([0], [0])"), ((2, 3), (2,), "([0], [0])"), ((0, 3), (3, 2), "([1], [0])"),
        ((2, 0), (0, 3), "([1], [0])"), ((3,), (2,), "([], [])"), ((2, 3), (3, 4), "1"),
    ):  # fmt: skip
        yield sample(f"lib.tensordot(x, y, {dims})", d.real(*one), d.real(*two))
    for layout in ("transposed", "step", "expanded"):
        yield sample("lib.tensordot(x, y, 1)", d.real(3, 3, layout=layout), d.real(3, 2))
    yield sample("lib.tensordot(a=x, b=y, dims=1)", d.real(2, 3), d.real(3, 2))
    yield sample("lib.tensordot(x, y)", d.typed("int64", 2, 3, 2), d.typed("int64", 3, 2, 2))


@operation("trace")
def trace(d: Draw) -> Iterator[Sample]:
    for shape in ((2, 2), (2, 3), (3, 2), (1, 1), (0, 0), (0, 3), (4, 4), (1, 5)):
        yield sample("lib.trace(x)", d.real(*shape))
        yield sample("x.trace()", d.real(*shape))
    for layout in ("transposed", "step", "expanded", "offset"):
        yield sample("lib.trace(x)", d.real(3, 3, layout=layout))
    for dtype in INTS:
        yield sample("lib.trace(x)", d.typed(dtype, 3, 3))


@operation("cdist")
def cdist(d: Draw) -> Iterator[Sample]:
    for p in ("2.0", "1.0", "3.0", "float('inf')", "0.0", "0.5", "1.5"):
        yield sample(f"lib.cdist(x, y, p={p})", d.real(2, 3), d.real(4, 3))
        yield sample(f"lib.cdist(x, y, {p})", d.real(2, 2, 3), d.real(2, 1, 3))
    for one, two in (
        ((0, 3), (2, 3)),
        ((2, 3), (0, 3)),
        ((1, 1), (1, 1)),
        ((2, 3, 2), (4, 2)),
        ((2, 1, 2, 2), (3, 1, 2)),
    ):
        yield sample("lib.cdist(x, y)", d.real(*one), d.real(*two))
    for layout in ("transposed", "step", "expanded"):
        yield sample("lib.cdist(x, y)", d.real(3, 2, layout=layout), d.real(2, 2))
    yield sample(
        "lib.cdist(x1=x, x2=y, p=2.0, compute_mode='donot_use_mm_for_euclid_dist')",
        d.real(2, 3),
        d.real(2, 3),
    )
    yield sample("lib.cdist(x, x, p=1.0)", d.real(3, 2))
    yield sample("lib.cdist(x, y)", d.const([[0.0, 0.0]]), d.const([[0.0, 0.0], [3.0, 4.0]]))


# -- lib.linalg ---------------------------------------------------------------------------------


def squares(d: Draw, of: Domain) -> Iterator[In]:
    """Batches, sizes and layouts of square matrices."""
    for batch in BATCHES:
        for size in (1, 2, 3):
            yield d.real(*batch, size, size, of=of)
    yield d.real(3, 3, of=of, layout="transposed")
    yield d.real(2, 3, 3, of=of, layout="transposed")
    yield d.real(3, 3, of=of, layout="step")
    yield d.real(2, 2, 2, of=of, layout="expanded")
    yield d.real(2, 2, 2, of=of, layout="offset")
    yield d.real(0, 0, of=of)
    yield d.real(2, 0, 0, of=of)
    yield d.real(2, 2, of=of, grad=False)


@operation("linalg.inv", "linalg.det", "linalg.slogdet")
def inverses(d: Draw) -> Iterator[Sample]:
    for x in squares(d, regular):
        yield sample(f"lib.{d.op}(x)", x)
    yield sample(f"lib.{d.op}(A=x)", d.real(2, 2, of=regular))
    if d.op == "linalg.det":
        yield sample("lib.det(x)", d.real(3, 3, of=regular))
        yield sample("x.det()", d.real(3, 3, of=regular))
        yield sample("lib.linalg.det(x)", d.const([[1.0, 2.0], [2.0, 4.0]]), second_order=False)
        yield sample("lib.linalg.det(x)", d.const([[0.0, 0.0], [0.0, 0.0]]), second_order=False)
    if d.op == "linalg.slogdet":
        yield sample("lib.linalg.slogdet(x).logabsdet", d.real(3, 3, of=regular))
        yield sample("lib.linalg.slogdet(x)[0]", d.real(3, 3, of=regular))
        yield sample("lib.linalg.slogdet(x)", d.const([[1.0, 2.0], [2.0, 4.0]]), differentiable=False)
        yield sample("lib.logdet(x)", d.real(3, 3, of=definite))


@operation("linalg.solve")
def solve(d: Draw) -> Iterator[Sample]:
    for one, two in (
        ((2, 2), (2,)), ((3, 3), (3, 1)), ((3, 3), (3, 2)), ((2, 3, 3), (2, 3, 2)), ((2, 3, 3), (2, 3)),
        ((2, 3, 3), (3, 2)), ((3, 3), (2, 3, 1)), ((1, 1), (1,)), ((0, 0), (0, 2)), ((0, 2, 2), (0, 2, 1)),
        ((1, 2, 2), (3, 2, 2)), ((2, 1, 2, 2), (3, 2, 1)), ((3, 3), (3, 0)), ((3, 2, 2), (1, 2, 2)),
    ):  # fmt: skip
        yield sample("lib.linalg.solve(x, y)", d.real(*one, of=regular), d.real(*two))
    for layout in ("transposed", "step"):
        yield sample("lib.linalg.solve(x, y)", d.real(3, 3, of=regular, layout=layout), d.real(3, 2))
        yield sample("lib.linalg.solve(x, y)", d.real(3, 3, of=regular), d.real(3, 2, layout=layout))
    yield sample("lib.linalg.solve(x, y, left=False)", d.real(3, 3, of=regular), d.real(2, 3))
    yield sample("lib.linalg.solve(x, y, left=False)", d.real(2, 3, 3, of=regular), d.real(2, 1, 3))
    yield sample("lib.linalg.solve(A=x, B=y)", d.real(2, 2, of=regular, grad=False), d.real(2))
    yield sample("lib.linalg.solve(x, y)", d.real(2, 2, of=regular), d.real(2, grad=False))


@operation("linalg.cholesky")
def cholesky(d: Draw) -> Iterator[Sample]:
    for x in squares(d, definite):
        yield sample("lib.linalg.cholesky(x)", x)
    for size in (1, 2, 3):
        yield sample("lib.linalg.cholesky(x, upper=True)", d.real(size, size, of=definite))
    yield sample("lib.linalg.cholesky(x @ x.mT + lib.eye(3, dtype=x.dtype))", d.real(2, 3, 3))


RECTANGLES: tuple[Shape, ...] = (
    (2, 2),
    (3, 3),
    (3, 2),
    (2, 3),
    (2, 3, 2),
    (2, 2, 3),
    (1, 1),
    (1, 3),
    (4, 2),
)


@operation("linalg.svd")
def svd(d: Draw) -> Iterator[Sample]:
    for shape in RECTANGLES:
        yield sample("lib.linalg.svd(x, full_matrices=False).S", d.real(*shape, of=spread))
        yield sample("U, S, Vh = lib.linalg.svd(x, full_matrices=False); (U.abs(), S, Vh.abs())",
                     d.real(*shape, of=spread))  # fmt: skip
        yield sample("U, S, Vh = lib.linalg.svd(x, False); U @ lib.diag_embed(S) @ Vh",
                     d.real(*shape, of=spread), second_order=False)  # fmt: skip
        yield sample("[one.shape for one in lib.linalg.svd(x)]", d.real(*shape, of=spread))
    for layout in ("transposed", "step"):
        yield sample("lib.linalg.svd(x, full_matrices=False)[1]", d.real(3, 2, of=spread, layout=layout))
    yield sample("lib.linalg.svd(A=x)[1]", d.real(3, 2, of=spread))
    yield sample("[one.shape for one in lib.linalg.svd(x)]", d.real(0, 3))
    yield sample("lib.linalg.svdvals(x)", d.real(3, 2, of=spread))


@operation("linalg.qr")
def qr(d: Draw) -> Iterator[Sample]:
    for shape in RECTANGLES:
        yield sample("lib.linalg.qr(x)", d.real(*shape, of=spread))
        yield sample("lib.linalg.qr(x, mode='r').R", d.real(*shape, of=spread), differentiable=False)
        yield sample("[one.shape for one in lib.linalg.qr(x, 'complete')]", d.real(*shape, of=spread))
    for layout in ("transposed", "step"):
        yield sample("Q, R = lib.linalg.qr(x); (Q, R)", d.real(3, 2, of=spread, layout=layout))
    yield sample("lib.linalg.qr(x, 'complete')", d.real(3, 3, of=spread))
    yield sample("lib.linalg.qr(A=x, mode='reduced').Q", d.real(3, 2, of=spread))
    yield sample("[one.shape for one in lib.linalg.qr(x)]", d.real(0, 3))


@operation("linalg.eigh", "linalg.eigvalsh")
def eigh(d: Draw) -> Iterator[Sample]:
    for x in squares(d, symmetric):
        if d.op == "linalg.eigvalsh":
            yield sample("lib.linalg.eigvalsh(x)", x)
        else:
            yield sample("L, Q = lib.linalg.eigh(x); (L, Q.abs())", x)
    if d.op == "linalg.eigvalsh":
        yield sample("lib.linalg.eigvalsh(x, UPLO='U')", d.real(3, 3, of=symmetric))
        yield sample("lib.linalg.eigvalsh(x, 'L')", d.real(3, 3, of=symmetric))
    else:
        yield sample("lib.linalg.eigh(x).eigenvalues", d.real(3, 3, of=symmetric))
        yield sample("lib.linalg.eigh(x).eigenvectors ** 2", d.real(3, 3, of=symmetric))
        yield sample("lib.linalg.eigh(x, UPLO='U')[0]", d.real(3, 3, of=symmetric))
    yield sample(f"lib.{d.op}(x)[0]", d.const([[2.0, 9.0], [0.0, 3.0]]))
    if d.op == "linalg.eigvalsh":
        yield sample("lib.linalg.eigvalsh(x, UPLO='U')", d.const([[2.0, 1.0], [0.0, 5.0]]))


@operation("linalg.pinv")
def pinv(d: Draw) -> Iterator[Sample]:
    for shape in RECTANGLES:
        yield sample("lib.linalg.pinv(x)", d.real(*shape, of=spread))
        yield sample("lib.linalg.pinv(x, rtol=1e-3)", d.real(*shape, of=spread))
    for layout in ("transposed", "step"):
        yield sample("lib.linalg.pinv(x)", d.real(3, 2, of=spread, layout=layout))
    yield sample("lib.linalg.pinv(x)", d.const([[1.0, 2.0], [2.0, 4.0]]), differentiable=False)
    yield sample("lib.linalg.pinv(x, atol=10.0)", d.real(2, 2, of=spread), differentiable=False)
    yield sample("lib.linalg.pinv(x, hermitian=True)", d.real(3, 3, of=symmetric), differentiable=False)
    yield sample("lib.pinverse(x)", d.real(3, 2, of=spread))
    yield sample("lib.linalg.pinv(x)", d.real(0, 3))


@operation("linalg.matrix_rank")
def matrix_rank(d: Draw) -> Iterator[Sample]:
    for shape in (*RECTANGLES, (0, 3), (2, 0, 3)):
        yield sample("lib.linalg.matrix_rank(x)", d.real(*shape, of=anywhere))
    for layout in ("transposed", "step", "expanded"):
        yield sample("lib.linalg.matrix_rank(x)", d.real(3, 3, layout=layout))
    yield sample("lib.linalg.matrix_rank(x)", d.const([[1.0, 2.0], [2.0, 4.0]]))
    yield sample("lib.linalg.matrix_rank(x)", d.const([[0.0, 0.0], [0.0, 0.0]]))
    for extra in ("tol=1.0", "atol=0.5", "rtol=0.1", "hermitian=True", "atol=0.1, rtol=0.1"):
        yield sample(f"lib.linalg.matrix_rank(x, {extra})", d.const([[2.0, 0.0], [0.0, 0.3]]))
    yield sample("lib.linalg.matrix_rank(input=x)", d.real(2, 2))


@operation("linalg.norm")
def linalg_norm(d: Draw) -> Iterator[Sample]:
    for shape in ((), (3,), (2, 3), (2, 1, 3), (0,), (2, 0)):
        yield sample("lib.linalg.norm(x)", d.real(*shape))
    for order in ("1", "2", "3", "0", "0.5", "float('inf')", "-float('inf')", "-1"):
        yield sample(f"lib.linalg.norm(x, {order})", d.real(4))
        yield sample(f"lib.linalg.norm(x, ord={order}, dim=1)", d.real(2, 3))
        yield sample(f"lib.linalg.norm(x, {order}, -1, True)", d.real(2, 3))
    for order in ("1", "-1", "2", "-2", "float('inf')", "-float('inf')", "'fro'", "'nuc'"):
        yield sample(f"lib.linalg.norm(x, {order})", d.real(3, 2, of=spread))
        yield sample(f"lib.linalg.norm(x, {order}, dim=(0, 2))", d.real(3, 2, 2, of=anywhere))
        yield sample(
            f"lib.linalg.norm(x, ord={order}, dim=(-2, -1), keepdim=True)",
            d.real(2, 3, 3, of=spread),
        )
    for x in d.laid():
        yield sample("lib.linalg.norm(x, dim=-1)", x)
    yield sample("lib.linalg.norm(x, dim=(0, 1))", d.real(2, 3, 2))
    yield sample("lib.linalg.norm(x)", d.const([0.0, 0.0]))
    yield sample("lib.linalg.norm(x, dtype=lib.float64)", d.typed("float32", 3))
