"""How results lie in memory: the table of operations, and the layouts of their inputs.

A case is a call over ``lib``, ``F``, ``nn`` and the tensors ``x y z``, run in both libraries on inputs of
the same layout; ``test_layouts`` compares strides, contiguity, and the strides of the gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["BINARY", "BY_RANK", "LAYOUTS", "RANDOM", "SHAPES", "VALUES_DIFFER", "laid"]

Tensor = Any
Shape = tuple[int, ...]


# -- layouts ------------------------------------------------------------------------------------


def permuted(*order: int) -> tuple[Callable[[Shape], Shape], Callable[[Tensor, Shape], Tensor]]:
    """Memory holds the dimensions in this order, slowest first."""
    back = tuple(int(k) for k in np.argsort(order))
    return (lambda shape: tuple(shape[k] for k in order)), (lambda base, size: base.permute(back))


def _all_but(dim: int, change: Callable[[int], int]) -> Callable[[Shape], Shape]:
    return lambda shape: tuple(change(n) if k == dim % len(shape) else n for k, n in enumerate(shape))


def _step(dim: int) -> Callable[[Tensor, Shape], Tensor]:
    return lambda base, size: base[(slice(None),) * (dim % base.ndim) + (slice(None, None, 2),)]


LAYOUTS: dict[int, dict[str, Any]] = {
    0: {"plain": permuted(), "element": (lambda shape: (3,), lambda base, size: base[1])},
    1: {
        "plain": permuted(0),
        "step": (_all_but(0, lambda n: 2 * n), _step(0)),
        "expanded": (lambda shape: (1,), lambda base, size: base.expand(size)),
        "offset": (_all_but(0, lambda n: n + 1), lambda base, size: base[1:]),
        "flipped": (lambda shape: shape, lambda base, size: base.flip(0)),
    },
    2: {
        "plain": permuted(0, 1),
        "transposed": permuted(1, 0),
        "step": (_all_but(-1, lambda n: 2 * n), _step(-1)),
        "rows": (_all_but(0, lambda n: 2 * n), _step(0)),
        "offset": (_all_but(0, lambda n: n + 1), lambda base, size: base[1:]),
        "inner": (_all_but(1, lambda n: n + 1), lambda base, size: base[:, 1:]),
        "expanded": (_all_but(0, lambda n: 1), lambda base, size: base.expand(size)),
        "expanded last": (_all_but(1, lambda n: 1), lambda base, size: base.expand(size)),
        "flipped": (lambda shape: shape, lambda base, size: base.flip(0, 1)),
        "stepped transposed": (lambda shape: (2 * shape[1], shape[0]), lambda base, size: base[::2].transpose(0, 1)),
        "windows": (lambda shape: (shape[0] + shape[1] - 1,), lambda base, size: base.unfold(0, size[1], 1)),
    },
    3: {
        "plain": permuted(0, 1, 2),
        "021": permuted(0, 2, 1),
        "102": permuted(1, 0, 2),
        "120": permuted(1, 2, 0),
        "201": permuted(2, 0, 1),
        "210": permuted(2, 1, 0),
        "step": (_all_but(-1, lambda n: 2 * n), _step(-1)),
        "rows": (_all_but(1, lambda n: 2 * n), _step(1)),
        "expanded": (_all_but(0, lambda n: 1), lambda base, size: base.expand(size)),
        "expanded middle": (_all_but(1, lambda n: 1), lambda base, size: base.expand(size)),
        "expanded transposed": (
            lambda shape: (1, shape[2], shape[1]),
            lambda base, size: base.transpose(1, 2).expand(size),
        ),
    },
    4: {
        "plain": permuted(0, 1, 2, 3),
        "channels last": permuted(0, 2, 3, 1),
        "0132": permuted(0, 1, 3, 2),
        "1023": permuted(1, 0, 2, 3),
        "3210": permuted(3, 2, 1, 0),
        "step": (_all_but(-1, lambda n: 2 * n), _step(-1)),
        "channels": (_all_but(1, lambda n: 2 * n), _step(1)),
        "last step": (
            lambda shape: (shape[0], shape[2], 2 * shape[3], shape[1]),
            lambda base, size: base[:, :, ::2].permute(0, 3, 1, 2),
        ),
        "expanded": (_all_but(0, lambda n: 1), lambda base, size: base.expand(size)),
        "expanded channels": (_all_but(1, lambda n: 1), lambda base, size: base.expand(size)),
    },
    5: {
        "plain": permuted(0, 1, 2, 3, 4),
        "channels last": permuted(0, 2, 3, 4, 1),
        "02134": permuted(0, 2, 1, 3, 4),
    },
}

N_VECTOR = 6
SHAPES: dict[int, Shape] = {0: (), 1: (N_VECTOR,), 2: (4, 6), 3: (2, 4, 6), 4: (2, 4, 6, 8), 5: (2, 4, 2, 4, 4)}
"""Even sizes, so that groups, windows and shuffles fit."""


def laid(lib: Any, values: Any, layout: tuple[Any, Any], dtype: Any = None, shape: Shape = ()) -> Tensor:
    """A tensor of the layout, its own leaf; its elements are drawn from ``values`` in the order of memory."""
    shape_of, view = layout
    size = shape_of(shape)
    count = int(np.prod(size))
    base = lib.tensor(np.resize(values, count), dtype=dtype).reshape(size)
    return view(base, shape).detach()


# -- operations ---------------------------------------------------------------------------------

UNARY = (
    "abs", "neg", "sign", "square", "sqrt", "rsqrt", "reciprocal", "exp", "exp2", "expm1", "log", "log2", "log10",
    "log1p", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "sigmoid", "erf", "erfinv",
    "ceil", "floor", "trunc", "round", "frac", "nan_to_num", "isnan", "isinf", "isfinite", "positive",
)  # fmt: skip

ELEMENTWISE = (
    *[f"lib.{name}(x)" for name in UNARY], "x + 1", "x * 2.5", "2 - x", "1 / x", "x ** 2", "x ** 3", "x ** 0.5",
    "x ** -0.5", "2 ** x", "x // 0.3", "x % 0.3", "-x", "x > 0", "x == x", "x != 0.5", "x.logical_not()", "~(x > 0)",
    "x.add(x)", "x.sub(x, alpha=2)", "x.fmod(0.3)", "lib.true_divide(x, 2)", "lib.floor_divide(x, 0.3)",
    "lib.div(x, 0.3, rounding_mode='trunc')", "x.clamp(0.2, 0.8)", "x.clamp(min=0.5)", "x.clamp(x * 0.5, x * 2)",
    "lib.clip(x, max=0.6)", "lib.lerp(x, x + 1, 0.3)", "lib.addcmul(x, x, x)", "lib.addcdiv(x, x, x + 1)",
    "lib.where(x > 0.5, x, x * 2)", "lib.where(x > 0.5, x, 0.)", "lib.where(x > 0.5, 1., 0.)",
    "x.masked_fill(x > 0.5, 0)", "lib.maximum(x, x * 2)", "lib.minimum(x, x * 2)", "lib.atan2(x, x)",
    "lib.logaddexp(x, x)", "lib.isclose(x, x)", "x.double()", "x.float()", "x.long()", "x.bool()", "x.half()",
    "x.to(lib.float32)", "x.to(lib.int32)", "x.to(lib.float64)", "x.to(lib.float64, copy=True)", "x.type(lib.int64)",
    "x.type_as(x.float())", "x.clone()", "x.contiguous()", "lib.clone(x)", "x.detach()", "x.detach().clone()",
    "x.clone(memory_format=lib.contiguous_format)", "x.clone(memory_format=lib.preserve_format)",
    "x.contiguous(memory_format=lib.contiguous_format)", "x.to(lib.float32, memory_format=lib.contiguous_format)",
    "x.to(lib.float32, memory_format=lib.preserve_format)", "x.to(lib.float64, memory_format=lib.preserve_format)",
    "lib.empty_like(x)", "lib.zeros_like(x)", "lib.ones_like(x)", "lib.full_like(x, 3)", "lib.rand_like(x)",
    "lib.randn_like(x)", "lib.randint_like(x, 5)", "lib.zeros_like(x, dtype=lib.int32)",
    "lib.empty_like(x, memory_format=lib.contiguous_format)", "lib.zeros_like(x, memory_format=lib.preserve_format)",
    "lib.rand_like(x, memory_format=lib.contiguous_format)", "x.new_zeros(x.shape)", "x.new_empty(x.shape)",
    "lib.bernoulli(x)", "lib.bernoulli(x, 0.5)", "x.bernoulli(0.5)", "lib.normal(x, 1.0)", "lib.normal(x, x)",
    "lib.poisson(x)", "F.relu(x)", "F.relu6(x)", "F.elu(x)", "F.selu(x)", "F.celu(x)", "F.gelu(x)",
    "F.gelu(x, approximate='tanh')", "F.silu(x)", "F.mish(x)", "F.softplus(x)", "F.softsign(x)", "F.tanhshrink(x)",
    "F.hardtanh(x)", "F.hardswish(x)", "F.hardsigmoid(x)", "F.hardshrink(x)", "F.softshrink(x)",
    "F.threshold(x, 0.5, 0.)", "F.leaky_relu(x)", "F.logsigmoid(x)", "F.sigmoid(x)", "F.dropout(x)",
    "F.dropout(x, 0.3)", "F.dropout(x, training=False)", "F.alpha_dropout(x, training=True)",
    "F.mse_loss(x, x * 2, reduction='none')", "F.l1_loss(x, x * 2, reduction='none')",
    "F.smooth_l1_loss(x, x * 2, reduction='none')", "F.huber_loss(x, x * 2, reduction='none')",
    "F.binary_cross_entropy(x, x, reduction='none')", "F.binary_cross_entropy_with_logits(x, x, reduction='none')",
    "F.kl_div(x, x, reduction='none')", "F.poisson_nll_loss(x, x, reduction='none')",
    "F.gaussian_nll_loss(x, x, x, reduction='none')", "F.soft_margin_loss(x, x, reduction='none')",
    "F.margin_ranking_loss(x, x, x, reduction='none')", "F.hinge_embedding_loss(x, x, reduction='none')",
    "x.clone().add_(1)", "lib.sum(x)", "lib.allclose(x, x)", "x.max()", "x.mean()",
)  # fmt: skip

ANY_DIM = (
    "x.flatten()", "x.ravel()", "x.reshape(-1)", "x.view(-1)", "x.unsqueeze(0)", "x.unsqueeze(-1)", "x.squeeze()",
    "x.flip(0)", "x.roll(1)", "x.roll(1, 0)", "x.sum(0)", "x.sum(-1)", "x.sum(0, keepdim=True)",
    "x.sum(-1, keepdim=True)", "x.mean(0)", "x.mean(-1, keepdim=True)", "x.prod(0)", "x.prod(-1, keepdim=True)",
    "x.amax(0)", "x.amin(-1)", "x.max(0)", "x.max(-1, keepdim=True)", "x.min(-1)", "x.argmax(0)", "x.argmin(-1)",
    "x.argmax(-1, keepdim=True)", "x.var(0)", "x.std(-1)", "x.var(-1, keepdim=True)", "lib.var_mean(x, 0)",
    "x.all(0)", "x.any(-1)", "x.logsumexp(0)", "x.logsumexp(-1, keepdim=True)", "x.norm(dim=0)",
    "x.norm(dim=-1, keepdim=True)", "x.median(0)", "x.median(-1)", "x.mode(0)", "x.mode(-1)", "x.count_nonzero(0)",
    "x.cumsum(0)", "x.cumsum(-1)", "x.cumprod(0)", "x.cumprod(-1)", "x.cummax(0)", "x.softmax(0)", "x.softmax(-1)",
    "x.log_softmax(0)", "x.log_softmax(-1)", "F.softmin(x, 0)", "F.softmin(x, -1)",
    "F.softmax(x, 0, dtype=lib.float32)", "F.gumbel_softmax(x, dim=-1)", "F.gumbel_softmax(x, dim=0)",
    "F.gumbel_softmax(x, hard=True)", "F.normalize(x, dim=0)", "F.normalize(x, dim=-1)",
    "F.cosine_similarity(x, x * 2, dim=0)", "F.cosine_similarity(x, x * 2, dim=-1)", "x.sort(0)", "x.sort(-1)",
    "x.sort(-1, descending=True)", "x.argsort(0)", "x.argsort(-1)", "x.msort()", "x.topk(2, 0)", "x.topk(2)",
    "x.topk(1, -1)", "x.unique()", "x.unique(return_inverse=True)", "lib.unique_consecutive(x)", "x.nonzero()",
    "lib.where(x > 0.5)", "lib.argwhere(x > 0.5)", "lib.cat([x, x])", "lib.cat([x, x], -1)", "lib.cat([x])",
    "lib.stack([x, x])", "lib.stack([x, x], -1)", "lib.stack([x])", "lib.hstack([x, x])", "lib.vstack([x, x])",
    "x.split(2)", "x.chunk(2, -1)", "x.unbind(0)", "x.unbind(-1)", "x.narrow(0, 1, 2)", "x.select(-1, 0)",
    "x.repeat(*[2] * x.ndim)", "x.tile(2)", "x.repeat_interleave(2)", "x.repeat_interleave(2, dim=0)",
    "x.repeat_interleave(lib.tensor([2]), dim=-1)", "x.index_select(0, lib.tensor([1, 0]))",
    "x.index_select(-1, lib.tensor([1, 0, 1]))", "x.gather(0, x.long() * 0)", "x.gather(-1, x.long() * 0)",
    "lib.take_along_dim(x, x.argsort(-1), -1)", "x.take(lib.tensor([0, 1]))", "x.scatter(0, x.long() * 0, x)",
    "x.scatter(0, x.long() * 0, 2.)", "x.scatter_add(-1, x.long() * 0, x)", "x.index_add(0, lib.tensor([0]), x[:1])",
    "x.index_fill(0, lib.tensor([0]), 1.)", "x.index_copy(0, lib.tensor([0]), x[:1])",
    "x.index_put((lib.tensor([0]),), lib.tensor(1., dtype=lib.float64))", "x.masked_select(x > 0.5)", "x[x > 0.5]",
    "x[0]", "x[..., 0]", "x[1:]", "x[::2]", "x[..., None]", "x[None]", "x[lib.tensor([1, 0])]",
    "x[..., lib.tensor([1, 0])]", "x[[0, 1]]", "x[lib.tensor([True, False] * (x.shape[0] // 2))]",
    "x.expand(2, *x.shape)", "F.pad(x, (1, 1))", "F.pad(x, (1, -1))", "F.pad(x, (0, 0))",
    "F.one_hot((x * 3).long(), 3)", "lib.searchsorted(lib.tensor([0.2, 0.5], dtype=lib.float64), x)",
    "lib.bucketize(x, lib.tensor([0.2, 0.5], dtype=lib.float64))", "lib.histc(x, 4)", "F.glu(x, -1)", "F.glu(x, 0)",
    "F.layer_norm(x, x.shape[-1:])", "F.rms_norm(x, x.shape[-1:])", "F.layer_norm(x, x.shape)",
    "F.layer_norm(x, x.shape[-1:], x.reshape(-1)[:x.shape[-1]], x.reshape(-1)[:x.shape[-1]])",
    "F.embedding((x * 2).long(), lib.ones(3, 5))", "lib.einsum('...i,...i->...', x, x)",
    "lib.einsum('...i->...i', x)", "lib.einsum('i...->...i', x)", "lib.einsum('i...->...', x)",
    "x @ lib.ones(x.shape[-1], dtype=lib.float64)", "x @ lib.ones(x.shape[-1], 3, dtype=lib.float64)",
    "F.linear(x, lib.ones(3, x.shape[-1], dtype=lib.float64))",
    "F.linear(x, lib.ones(3, x.shape[-1], dtype=lib.float64), lib.ones(3, dtype=lib.float64))",
    "lib.tensordot(x, x, 1) if x.ndim == 1 else lib.tensordot(x, x, ([-1], [-1]))",
    "lib.outer(x.flatten(), x.flatten())", "lib.diag_embed(x)", "x.unfold(-1, 2, 2)", "x.unfold(0, 2, 1)",
    "x.swapaxes(0, -1)", "x.movedim(0, -1)", "F.triplet_margin_loss(x, x + 1, x * 2, reduction='none')",
    "F.pairwise_distance(x, x * 2)", "lib.meshgrid(x.flatten(), x.flatten(), indexing='ij')",
    "x.unflatten(0, (2, -1))", "x.unflatten(-1, (-1, 2))", "lib.broadcast_to(x, x.shape)",
    "lib.nan_to_num(x).softmax(0)", "lib.multinomial(x, 1)", "x.sum(0).add(1)", "(x + 1).sum(-1)",
    "x.softmax(-1) + 1", "nn.Softmax(-1)(x)",
)  # fmt: skip

MATRICES = (
    "x.sum((0, 1))", "x.sum((0, -1), keepdim=True)", "x.mean((-2, -1))", "x.var((0, 1), keepdim=True)",
    "x.amax((0, 1), keepdim=True)", "x.amax((-2, -1))", "x.std((-1, -2))", "x.transpose(0, 1)", "x.mT",
    "x.mT.contiguous()", "x.transpose(-1, -2).reshape(-1)", "x.flatten(0, 1)", "x.flatten(-2)", "x.tril()",
    "x.triu(1)", "x.diagonal()", "x.diagonal(0, -2, -1)", "x @ x.mT", "x.mT @ x",
    "x @ lib.ones(x.shape[-1], 3, dtype=lib.float64).mT.mT",
    "lib.matmul(lib.ones(3, x.shape[-2], dtype=lib.float64), x)",
    "lib.matmul(lib.ones(x.shape[-2], dtype=lib.float64), x)", "x.roll((1, 1), (0, 1))", "x.flip(0, 1)", "x.fliplr()",
    "x.softmax(1)", "x.log_softmax(1)", "x.cumsum(1)", "x.sort(1)", "lib.stack([x, x], 1)", "lib.cat([x, x], 1)",
    "x.sum(1)", "x.max(1)", "lib.linalg.norm(x, dim=(0, 1))", "lib.linalg.vector_norm(x, dim=1)",
    "F.pad(x, (1, 1, 2, 0))", "x.view(x.shape)", "x.view(-1, x.shape[-1])", "x.view(x.shape[0], -1)",
    "x.view(x.shape[0], 2, -1)", "x.reshape(-1, x.shape[-1])", "x.reshape(x.shape[0], -1)",
    "x.reshape(x.shape[0], 2, -1)", "x.view(*x.shape[:-1], 2, -1)", "x.view(2, -1, *x.shape[1:])",
    "x.reshape(2, -1, *x.shape[1:])", "x.view(1, *x.shape)", "x.view(*x.shape, 1)", "x.view(lib.int64)",
    "F.cross_entropy(x, x.softmax(1), reduction='none')",
    "F.cross_entropy(x, lib.zeros(x.shape[0], *x.shape[2:], dtype=lib.int64), reduction='none')",
    "F.nll_loss(x, lib.zeros(x.shape[0], *x.shape[2:], dtype=lib.int64), reduction='none')",
    "F.batch_norm(x, None, None, training=True)",
    "F.batch_norm(x, None, None, lib.ones(x.shape[1], dtype=lib.float64), lib.ones(x.shape[1], dtype=lib.float64), training=True)",
    "F.group_norm(x, 2)",
    "F.group_norm(x, 2, lib.ones(x.shape[1], dtype=lib.float64), lib.ones(x.shape[1], dtype=lib.float64))",
    "F.prelu(x, lib.ones(x.shape[1], dtype=lib.float64))", "F.prelu(x, lib.ones(1, dtype=lib.float64))",
    "F.layer_norm(x, x.shape[-2:])", "F.feature_alpha_dropout(x, training=True)", "x.logsumexp((0, 1))",
    "lib.bincount((x * 3).long().flatten())", "F.softmax(x, 1).argmax(1)", "x[:, lib.tensor([1, 0])]",
    "x[lib.tensor([1, 0]), lib.tensor([1, 0])]", "x[:, 1:]", "x[:, ::2]", "x[:, None]", "x.gather(1, x.long() * 0)",
    "x.index_select(1, lib.tensor([1, 0]))", "x.repeat_interleave(2, dim=1)", "lib.cdist(x, x)", "x.unfold(1, 2, 1)",
    "x.topk(2, 1)", "x.norm(dim=(0, 1))", "x.var(1)", "x.mean(1)", "x.prod(1)", "x.argmax(1)", "x.median(1)",
    "x.any(1)",
)  # fmt: skip

ONLY_2 = (
    "x.t()", "x.T", "x.mm(x.t())", "x.t().mm(x)", "x.mv(lib.ones(x.shape[1], dtype=lib.float64))",
    "lib.addmm(lib.ones(x.shape[0], dtype=lib.float64), x, x.t())",
    "lib.addmm(x, lib.ones(4, 4, dtype=lib.float64), x)", "lib.inner(x, x)", "lib.einsum('ij->ji', x)",
    "lib.einsum('ij,kj->ik', x, x)", "lib.einsum('ij,kj->ki', x, x)", "lib.einsum('ij,ij->ij', x, x)",
    "lib.einsum('ij->j', x)", "lib.einsum('ij,kl->ikjl', x, x)", "x.diag()", "lib.linalg.svd(x, full_matrices=False)",
    "lib.linalg.qr(x)", "lib.linalg.inv(x @ x.t() + lib.eye(4, dtype=lib.float64))",
    "lib.linalg.solve(x @ x.t() + lib.eye(4, dtype=lib.float64), x)", "lib.linalg.eigh(x @ x.t())",
    "lib.linalg.cholesky(x @ x.t() + lib.eye(4, dtype=lib.float64))", "lib.linalg.pinv(x)",
    "F.cosine_embedding_loss(x, x * 2, lib.ones(4), reduction='none')",
    "F.bilinear(x, x, lib.ones(3, 6, 6, dtype=lib.float64))", "lib.multinomial(x, 2)",
    "nn.LSTMCell(6, 3).double()(x)", "nn.GRUCell(6, 3).double()(x)", "nn.RNNCell(6, 3).double()(x)",
    "nn.Linear(6, 3).double()(x)", "F.embedding((x * 3).long(), x)", "nn.BatchNorm1d(6).double()(x)",
    "x.t() @ x.sum(1)", "lib.tril_indices(3, 3)", "nn.Embedding(4, 3).double()((x * 3).long())",
    "F.embedding_bag((x * 3).long(), lib.ones(4, 3), mode='sum')",
)  # fmt: skip

ONLY_3 = (
    "x.permute(2, 0, 1)", "x.permute(2, 0, 1).reshape(-1)", "x.bmm(x.mT)", "x.mT.bmm(x)",
    "lib.baddbmm(lib.ones(2, 4, 4, dtype=lib.float64), x, x.mT)",
    "lib.baddbmm(x, lib.ones(2, 4, 4, dtype=lib.float64), x)", "lib.einsum('bij,bkj->bik', x, x)",
    "lib.einsum('bij,bkj->bki', x, x)", "lib.einsum('bij->jib', x)",
    "lib.einsum('bij,jk->bik', x, lib.ones(6, 2, dtype=lib.float64))", "lib.einsum('bij,bjk->ikb', x, x.mT)",
    "F.conv1d(x, lib.ones(2, 4, 3, dtype=lib.float64))",
    "F.conv1d(x, lib.ones(2, 4, 3, dtype=lib.float64), padding=1)",
    "F.conv_transpose1d(x, lib.ones(4, 2, 3, dtype=lib.float64))", "F.max_pool1d(x, 2)", "F.avg_pool1d(x, 2)",
    "F.adaptive_avg_pool1d(x, 3)", "F.adaptive_max_pool1d(x, 3)", "F.max_pool1d(x, 2, return_indices=True)",
    "F.interpolate(x, scale_factor=2)", "F.interpolate(x, scale_factor=2, mode='linear')", "F.instance_norm(x)",
    "nn.BatchNorm1d(4).double()(x)", "nn.InstanceNorm1d(4, affine=True).double()(x)", "F.dropout1d(x)",
    "nn.GroupNorm(2, 4).double()(x)", "nn.LayerNorm(6).double()(x)", "F.pad(x, (1, 1), mode='reflect')",
    "F.pad(x, (1, 1), mode='replicate')", "F.pad(x, (1, 1), mode='circular')",
    "F.scaled_dot_product_attention(x, x, x)", "F.scaled_dot_product_attention(x, x, x, is_causal=True)",
    "nn.MultiheadAttention(6, 2, batch_first=True).double()(x, x, x)",
    "nn.MultiheadAttention(6, 2).double()(x, x, x)",
    "nn.MultiheadAttention(6, 2).double()(x, x, x, need_weights=False)", "nn.LSTM(6, 3).double()(x)",
    "nn.LSTM(6, 3, batch_first=True).double()(x)", "nn.GRU(6, 3, bidirectional=True).double()(x)",
    "nn.RNN(6, 3, batch_first=True).double()(x)", "nn.GRU(6, 3, 2, batch_first=True).double()(x)",
    "nn.TransformerEncoderLayer(6, 2, 8, dropout=0., batch_first=True).double()(x)",
    "nn.TransformerEncoderLayer(6, 2, 8, dropout=0.).double()(x)",
    "nn.TransformerDecoderLayer(6, 2, 8, dropout=0.).double()(x, x)", "nn.Linear(6, 3).double()(x)", "x.sum((0, 2))",
    "x.mean((0, 2), keepdim=True)", "x.sum(1, keepdim=True)", "F.cross_entropy(x, x.softmax(1))",
    "lib.tensordot(x, lib.ones(6, 3, dtype=lib.float64), 1)", "lib.tensordot(x, x, ([0, 1], [0, 1]))",
    "x.diagonal(0, 0, 2)", "x.movedim(1, 0)", "x.unfold(1, 2, 1)", "nn.Flatten()(x)", "nn.Flatten(0, 1)(x)",
    "nn.Unflatten(1, (2, 2))(x)", "lib.linalg.inv(x[..., :4] + 5 * lib.eye(4, dtype=lib.float64))",
    "lib.linalg.qr(x)", "lib.linalg.svd(x, full_matrices=False)", "x[:, lib.tensor([1, 0]), lib.tensor([1, 0])]",
    "x[lib.tensor([1, 0]), :, lib.tensor([1, 0])]", "x[..., None, 0]", "x[1, :, None]",
)  # fmt: skip

WEIGHT = "lib.ones(2, 4, 3, 3, dtype=lib.float64)"
ONLY_4 = (
    "x.permute(0, 2, 3, 1)", "x.to(memory_format=lib.channels_last)", "x.contiguous(memory_format=lib.channels_last)",
    "x.clone(memory_format=lib.channels_last)", "x.to(lib.float32, memory_format=lib.channels_last)",
    "x.float(memory_format=lib.channels_last)", "lib.empty_like(x, memory_format=lib.channels_last)",
    "lib.rand_like(x, memory_format=lib.channels_last)", "lib.zeros_like(x, memory_format=lib.channels_last)",
    "lib.ones_like(x, memory_format=lib.channels_last)", "lib.full_like(x, 2, memory_format=lib.channels_last)",
    "lib.randn_like(x, memory_format=lib.channels_last)", "lib.randint_like(x, 3, memory_format=lib.channels_last)",
    "lib.empty(2, 4, 6, 8, memory_format=lib.channels_last)", "x.to(memory_format=lib.contiguous_format)",
    "x.to('cpu', memory_format=lib.channels_last)", f"F.conv2d(x, {WEIGHT})", f"F.conv2d(x, {WEIGHT}, padding=1)",
    f"F.conv2d(x, {WEIGHT}, lib.ones(2, dtype=lib.float64), stride=2)",
    f"F.conv2d(x, {WEIGHT}.to(memory_format=lib.channels_last))",
    "F.conv2d(x, lib.ones(4, 2, 3, 3, dtype=lib.float64), groups=2)",
    "F.conv2d(x, lib.ones(4, 1, 3, 3, dtype=lib.float64), groups=4)",
    "F.conv2d(x, lib.ones(3, 4, 1, 1, dtype=lib.float64))", "F.conv2d(x.float(), lib.ones(2, 4, 3, 3))",
    "F.conv2d(x.float(), lib.ones(2, 4, 3, 3), lib.ones(2), padding=1)",
    "F.conv2d(x.float(), lib.ones(4, 2, 3, 3), groups=2)", "F.conv2d(x.float(), lib.ones(4, 1, 3, 3), groups=4)",
    "F.conv2d(x.float(), lib.ones(3, 4, 1, 1))",
    "F.conv2d(x.float(), lib.ones(2, 4, 3, 3).to(memory_format=lib.channels_last))", "nn.Conv2d(4, 2, 3)(x.float())",
    "nn.Conv2d(4, 2, 3).to(memory_format=lib.channels_last)(x.float())",
    "[p for p in nn.Conv2d(4, 2, 3).to(memory_format=lib.channels_last).parameters()]",
    "F.conv_transpose2d(x, lib.ones(4, 2, 3, 3, dtype=lib.float64))",
    "F.conv_transpose2d(x.float(), lib.ones(4, 2, 3, 3), stride=2)",
    "F.conv2d(x, lib.ones(2, 4, 3, 3, dtype=lib.float64), dilation=2)", "F.max_pool2d(x, 2)",
    "F.max_pool2d(x, 2, return_indices=True)", "F.max_pool2d(x, 3, 1, 1)", "F.avg_pool2d(x, 2)",
    "F.avg_pool2d(x, 3, 2, 1)", "F.adaptive_avg_pool2d(x, 1)", "F.adaptive_avg_pool2d(x, 2)",
    "F.adaptive_avg_pool2d(x, (4, 5))", "F.adaptive_max_pool2d(x, 2)",
    "F.adaptive_max_pool2d(x, 2, return_indices=True)", "F.interpolate(x, scale_factor=2)",
    "F.interpolate(x, size=(3, 5))", "F.interpolate(x, scale_factor=2, mode='nearest-exact')",
    "F.interpolate(x, scale_factor=2, mode='bilinear')",
    "F.interpolate(x, size=(3, 4), mode='bilinear', align_corners=True)",
    "F.interpolate(x, scale_factor=2, mode='bicubic')",
    "F.interpolate(x, size=(3, 4), mode='bilinear', antialias=True)", "F.interpolate(x, size=(3, 4), mode='area')",
    "F.interpolate(x, scale_factor=1)", "F.pixel_shuffle(x, 2)", "F.pixel_shuffle(lib.cat([x, x], 1), 2)",
    "F.softmax(x, 1, dtype=lib.float32)", "F.pixel_unshuffle(x, 2)", "F.unfold(x, 2)",
    "F.fold(F.unfold(x, 2), (6, 8), 2)", "F.pad(x, (1, 1, 1, 1))", "F.pad(x, (1, 1, 1, 1, 1, 1))",
    "F.pad(x, (1, 2, 1, 0), mode='reflect')", "F.pad(x, (1, 2, 1, 0), mode='replicate')",
    "F.pad(x, (1, 2, 1, 0), mode='circular')", "F.pad(x, (-1, -1, 0, 0))", "F.instance_norm(x)",
    "nn.BatchNorm2d(4).double()(x)", "nn.BatchNorm2d(4).double().eval()(x)",
    "nn.BatchNorm2d(4, affine=False).double()(x)", "nn.GroupNorm(2, 4).double()(x)", "nn.GroupNorm(1, 4).double()(x)",
    "nn.InstanceNorm2d(4, affine=True).double()(x)", "nn.LayerNorm([4, 6, 8]).double()(x)",
    "nn.LayerNorm(8).double()(x)", "nn.Dropout2d()(x)", "F.dropout2d(x)", "F.dropout3d(x)", "x.mean((2, 3))",
    "x.mean((2, 3), keepdim=True)", "x.sum(1)", "x.sum(1, keepdim=True)", "x.sum((0, 2, 3))", "x.amax((2, 3))",
    "x.var((0, 2, 3))", "x.std((2, 3), keepdim=True)", "x.flatten(1)", "x.flatten(2)", "x.flatten(2).transpose(1, 2)",
    "x + lib.ones(4, 1, 1, dtype=lib.float64)", "x * lib.ones(2, 1, 6, 8, dtype=lib.float64)",
    "x + lib.ones(8, dtype=lib.float64)", "lib.ones(4, 1, 1, dtype=lib.float64) + x", "lib.stack([x, x], 2)",
    "lib.cat([x, x.contiguous()], 1)", "lib.cat([x.contiguous(), x], 1)", "lib.cat([x, x], 2)", "F.softmax(x, 1)",
    "F.cross_entropy(x, x.softmax(1), reduction='none')", "x @ x.mT", "lib.einsum('bchw,bcxy->bhwxy', x, x)",
    "lib.einsum('bchw->bhwc', x)", "lib.einsum('nchw,oc->nohw', x, lib.ones(3, 4, dtype=lib.float64))",
    "F.scaled_dot_product_attention(x, x, x)", "x.view(2, 4, -1)", "x.view(2, -1)", "x.view(2, 2, 2, 6, 8)",
    "x.view(8, 6, 8)", "x.reshape(2, 4, -1)", "x.reshape(2, 2, 2, 6, 8)", "x.reshape(8, 48)",
    "nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)).double()(x)",
    "x.new_empty(x.shape)", "x[:, :, 1:]", "x[:, :, ::2]", "x[:, lib.tensor([1, 0]), :, lib.tensor([1, 0])]",
    "x.index_select(2, lib.tensor([0, 1]))", "x[:, :1]", "x[:, :1].clone()", "x[:1].clone()", "x[:, :1] * 2",
    "x[:1] * 2", "x[:, :, :1, :1] * 2", "x[:, :1].contiguous(memory_format=lib.channels_last)", "x.unfold(2, 2, 2)",
    "nn.Upsample(scale_factor=2)(x)", "nn.PReLU(4).double()(x)", "nn.Softmax2d()(x)", "F.cosine_similarity(x, x * 2)",
    "F.normalize(x)", "nn.ZeroPad2d(1)(x)", "nn.ReflectionPad2d(1)(x)", "nn.AdaptiveAvgPool2d(1)(x).flatten(1)",
    "nn.Flatten()(x)",
)  # fmt: skip

ONLY_5 = (
    "x.to(memory_format=lib.channels_last_3d)", "x.contiguous(memory_format=lib.channels_last_3d)",
    "F.conv3d(x, lib.ones(2, 4, 2, 2, 2, dtype=lib.float64))", "F.conv3d(x.float(), lib.ones(2, 4, 2, 2, 2))",
    "F.conv_transpose3d(x, lib.ones(4, 2, 2, 2, 2, dtype=lib.float64))", "F.max_pool3d(x, 2)", "F.avg_pool3d(x, 2)",
    "F.adaptive_avg_pool3d(x, 2)", "F.adaptive_avg_pool3d(x, 1)", "F.adaptive_max_pool3d(x, 2)",
    "F.interpolate(x, scale_factor=2)", "F.interpolate(x, scale_factor=2, mode='trilinear')",
    "nn.BatchNorm3d(4).double()(x)", "F.instance_norm(x)", "F.group_norm(x, 2)", "F.pad(x, (1, 1, 1, 1, 1, 1))",
    "F.pad(x, (1, 1, 1, 1, 1, 1), mode='replicate')", "F.dropout3d(x)", "x + 1", "x.clone()", "F.relu(x)", "x.sum(1)",
    "x.mean((2, 3, 4), keepdim=True)", "x.flatten(2)", "lib.cat([x, x], 1)", "x.double()", "lib.empty_like(x)",
    "F.softmax(x, 1)",
)  # fmt: skip

BY_RANK: dict[int, tuple[str, ...]] = {
    0: (*ELEMENTWISE, "x.flatten()", "x.reshape(1)", "x.view(1, 1)", "x.unsqueeze(0)", "lib.stack([x, x])"),
    1: (*ELEMENTWISE, *ANY_DIM),
    2: (*ELEMENTWISE, *ANY_DIM, *MATRICES, *ONLY_2),
    3: (*ELEMENTWISE, *ANY_DIM, *MATRICES, *ONLY_3),
    4: (*ELEMENTWISE, *ANY_DIM, *MATRICES, *ONLY_4),
    5: ONLY_5,
}

BINARY = (
    "x + y", "x - y", "x * y", "x / y", "x > y", "x == y", "lib.maximum(x, y)", "lib.where(x > 0.5, x, y)",
    "lib.where(y > 0.5, x, 1.)", "x + y.float()", "x.float() * y", "x ** y", "lib.atan2(x, y)", "lib.lerp(x, y, 0.5)",
    "lib.addcmul(x, y, x)", "lib.addcmul(x, y, y)", "x.masked_fill(y > 0.5, 0)", "lib.cat([x, y])",
    "lib.cat([x, y], -1)", "lib.stack([x, y])", "F.mse_loss(x, y, reduction='none')",
    "F.smooth_l1_loss(x, y, reduction='none')", "F.binary_cross_entropy(x, y, reduction='none')",
    "F.binary_cross_entropy_with_logits(x, y, reduction='none')", "F.huber_loss(x, y, reduction='none')",
    "F.l1_loss(x, y, reduction='none')", "F.kl_div(x, y, reduction='none')", "lib.logical_and(x, y)",
    "lib.isclose(x, y)", "lib.fmod(x, y)", "lib.floor_divide(x, y)", "lib.clamp(x, y, y)", "x.clone().copy_(y)",
    "x.add(y, alpha=2)", "(x + y).sum(0)", "x.gather(0, y.long() * 0)", "x.scatter(0, y.long() * 0, y)",
    "lib.logaddexp(x, y)", "lib.remainder(x, y)", "F.gaussian_nll_loss(x, y, y, reduction='none')",
    "F.poisson_nll_loss(x, y, reduction='none')",
)  # fmt: skip

RANDOM = (
    "F.dropout(x)", "F.dropout(x + 1)", "F.dropout(x, 0.3)", "F.alpha_dropout(x, training=True)", "lib.bernoulli(x)",
    "lib.bernoulli(x, 0.3)", "lib.rand_like(x)", "lib.randn_like(x)", "lib.randint_like(x, 9)", "lib.normal(x, 1.)",
    "lib.normal(x, x)", "lib.normal(0., x)", "lib.poisson(x)", "F.gumbel_softmax(x)", "x.clone().normal_()",
    "x.normal_()", "x.uniform_()", "x.bernoulli_(0.4)", "x.bernoulli_(x.clone())", "x.exponential_()", "x.random_(9)",
    "x.random_()", "x.geometric_(0.4)", "x.log_normal_()", "x.cauchy_()", "nn.init.normal_(x)", "nn.init.uniform_(x)",
    "nn.init.xavier_uniform_(x)", "nn.init.kaiming_normal_(x)", "nn.init.trunc_normal_(x)",
    "F.dropout(x.softmax(-1))", "F.dropout(x.sum(0))", "F.dropout(lib.stack([x, x]))",
    "F.dropout(lib.cat([x, x], -1))", "F.dropout(F.layer_norm(x, x.shape[-1:]))",
    "F.feature_alpha_dropout(x, training=True)", "F.dropout2d(x)", "F.dropout1d(x)", "F.dropout3d(x)",
    "lib.rand_like(x.expand(2, *x.shape))", "lib.randn_like(x, memory_format=lib.contiguous_format)",
    "lib.multinomial(x, 2, replacement=True)", "nn.Dropout()(F.relu(x))",
)  # fmt: skip
"""Calls whose values are compared too: the stream fills memory in PyTorch's order."""

VALUES_DIFFER = (
    ("x.median(", "expanded"),  # PyTorch 2.13 reads memory that nobody wrote
    ("x.topk(", "expanded"),  # equal elements: either may come first
    ("F.hardsigmoid(", ""),  # PyTorch's derivative in float64 is 1/6 rounded to float32
    ("lib.clamp(x, y, y)", ""),  # where both limits are equal PyTorch drops the limit's gradient
    ("linalg.svd(", ""),  # vectors are unique but for their signs
    ("linalg.eigh(", ""),
    ("linalg.qr(", "expanded"),  # a matrix without full rank
    ("linalg.pinv(", "expanded"),
    ("linalg.cholesky(", "expanded"),
)
"""Calls, and words of layouts, where only the layout is compared."""
