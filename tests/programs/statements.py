"""Statements that make a new variable: operations by family. A statement is drawn as one line of text.

Each drawer returns the right side of an assignment, or None where the program has no operand for it.
"""

from __future__ import annotations

from collections.abc import Callable

from .draw import Draw, product

__all__ = ["EXPRESSIONS"]

Drawer = Callable[[Draw], str | None]

ANYWHERE = [
    "{x}.sin()", "{x}.cos()", "{x}.tanh()", "{x}.sigmoid()", "{x}.erf()", "{x}.atan()", "{x}.square()", "{x}.abs()",
    "-{x}", "{x}.relu()", "{x}.sign()", "{x}.floor()", "{x}.trunc()", "{x}.round()", "{x}.frac()", "{x}.clamp(max=1.0).exp()",
    "{x}.clamp(max=1).expm1()", "{x}.clamp(-1, 1).sinh()", "{x}.clamp(-1.5, 1.5).cosh()", "{x}.clone()", "{x}.contiguous()",
    "{x}.clamp(-0.5, 1)", "{x}.clamp(min=0.1)", "{x}.nan_to_num()", "{x}.pow(2)", "{x} ** 3", "{x}.pow(1)", "{x} ** 0",
    "{x}.clamp(-0.9, 0.9).tan()", "{x}.tanh().mul(0.9).asin()", "{x}.tanh().mul(0.9).acos()", "{x}.tanh().mul(0.9).erfinv()",
    "2 ** {x}.clamp(max=2)", "{x}.clamp(max=2).exp2()", "1 - {x}", "{x} * 1.0", "{x}.neg().exp().clamp(max=50)",
]  # fmt: skip
POSITIVE = [
    "{p}.log()", "{p}.sqrt()", "{p}.rsqrt()", "{p}.reciprocal()", "{p}.log1p()", "{p}.log2()", "{p}.log10()",
    "{p}.pow(0.5)", "{p} ** -1", "{p}.pow(-1.5)", "1 / {p}", "{p}.pow(2.5)",
]  # fmt: skip
ACTIVATIONS = [
    "F.gelu({x})", "F.gelu({x}, approximate='tanh')", "F.silu({x})", "F.elu({x})", "F.elu({x}, 0.7)", "F.celu({x}, 0.5)",
    "F.selu({x})", "F.mish({x})", "F.softplus({x})", "F.softplus({x}, beta=2)", "F.leaky_relu({x}, 0.2)", "F.hardtanh({x})",
    "F.hardswish({x})", "F.softsign({x})", "F.tanhshrink({x})", "F.softshrink({x})",
    "F.hardshrink({x}, 0.3)", "F.logsigmoid({x})", "F.relu6({x})", "F.threshold({x}, 0.1, 0.5)", "F.normalize({x}, dim=-1)",
    "F.relu({x})", "F.dropout({x}, 0.5, False)",
]  # fmt: skip
ALONG = [
    "F.softmax({x}, {d})", "F.log_softmax({x}, {d})", "{x}.softmax({d})", "{x}.cumsum({d})", "{x}.clamp(-2, 2).cumprod({d})",
    "F.softmin({x}, {d})", "{x}.sort({d}).values", "{x}.sort({d}, descending=True)[0]", "{x}.flip({d})", "{x}.roll(1, {d})",
    "{x}.cummax({d})[0]", "{x}.unsqueeze({d})", "{x}.argsort({d})", "lib.repeat_interleave({x}, 2, {d})",
]  # fmt: skip
REDUCING = [
    "sum", "mean", "prod", "amax", "amin", "var", "std", "logsumexp", "norm", "max", "min", "median", "all", "argmax",
    "argmin", "var0", "std0", "norm1", "norm3", "norminf", "mode", "count_nonzero",
]  # fmt: skip
BINARY = [
    "{x} + {y}", "{x} - {y}", "{x} * {y}", "{x} / ({y}.abs() + 0.5)", "lib.maximum({x}, {y})", "lib.minimum({x}, {y})",
    "lib.atan2({x}, {y})", "lib.logaddexp({x}, {y})", "lib.lerp({x}, {y}, 0.3)", "{x}.remainder({y}.abs() + 0.5)",
    "{x}.fmod({y}.abs() + 0.5)", "({x}.abs() + 0.3) ** {y}.clamp(-2, 2)", "{x} > {y}", "{x}.round() == {y}.round()", "{x}.sub({y}, alpha=2)",
    "{x}.add({y}, alpha=0.5)", "lib.where({x} > {y}, {x}, {y})", "lib.where({x} > 0, {y}, 0.5)", "F.mse_loss({x}.expand_as({x} + {y}), {y}.expand_as({x} + {y}))",
    "{x}.div({y}.abs() + 1, rounding_mode='floor')", "{x}.detach() // ({y}.detach().abs() + 1)", "{x} % ({y}.abs() + 1)", "lib.rsub({x}, {y})",
    "lib.addcmul({x}, {y}, {x})", "lib.addcdiv({x}, {x}, {y}.abs() + 1)", "{x} * {y}.detach()", "lib.isclose({x}, {y})",
    "lib.broadcast_tensors({x}, {y})[0]", "{x}.clamp({y} - 1, {y})", "Both.apply({x}, {y}, 2)[0]", "Both.apply({x}, {y}, 3)[1]",
]  # fmt: skip
LOSSES = [
    "F.l1_loss({x}, {y})", "F.smooth_l1_loss({x}, {y})", "F.huber_loss({x}, {y}, reduction='sum')", "F.mse_loss({x}, {y}, reduction='none')",
    "F.binary_cross_entropy({x}.sigmoid(), {y}.sigmoid())", "F.binary_cross_entropy_with_logits({x}, {y}.sigmoid())",
    "F.kl_div({x}.sigmoid().log(), {y}.sigmoid(), reduction='sum')", "F.poisson_nll_loss({x}.clamp(max=2), {y}.abs())",
    "F.soft_margin_loss({x}, ({y} > 0.12).double() * 2 - 1)", "F.cosine_similarity({x}, {y}, dim=-1)", "F.pairwise_distance({x}, {y})",
    "F.gaussian_nll_loss({x}, {y}, {x}.abs() + 0.5)", "F.hinge_embedding_loss({x}, ({y} > 0.12) * 2.0 - 1)",
    "F.margin_ranking_loss({x}, {y}, ({x} > 0.12) * 2.0 - 1, margin=0.1)", "F.cross_entropy({x}, {y}.softmax(0 if {y}.ndim == 1 else 1))",
]  # fmt: skip


def unary(d: Draw) -> str | None:
    x = d.pick(empty=d.chance(0.3))
    return x and d.any_of(*ANYWHERE).format(x=x)


def positive(d: Draw) -> str | None:
    x = d.pick()
    p = d.any_of(f"({x}.abs() + 0.5)", f"({x}.square() + 0.3)", f"{x}.exp().clamp(max=20)")
    return x and d.any_of(*POSITIVE).format(p=p)


def activation(d: Draw) -> str | None:
    x = d.pick()
    return x and d.any_of(*ACTIVATIONS).format(x=x)


def along(d: Draw) -> str | None:
    x = d.pick()
    return x and d.any_of(*ALONG).format(x=x, d=d.dim(len(d.shape(x))))


def reducing(d: Draw) -> str | None:
    x = d.pick(empty=d.chance(0.1))
    if x is None:
        return None
    how, rank = d.any_of(*REDUCING), len(d.shape(x))
    keep = d.any_of("", ", keepdim=True")
    if how in ("norm1", "norm3", "norminf"):
        return (
            f"{x}.norm({how[4:] if how[4:] != 'inf' else 'float(chr(105) + chr(110) + chr(102))'}, {d.dim(rank)}{keep})"
        )
    if how in ("var0", "std0"):
        return f"{x}.{how[:-1]}({d.dim(rank)}, correction=0{keep})"
    if how in ("max", "min", "median", "mode"):
        if how != "mode" and d.chance(0.3):
            return f"{x}.{how}()"
        dense = (
            ".contiguous()" if how == "median" else ""
        )  # of an expanded tensor, PyTorch's median reads foreign memory
        return f"{x}{dense}.{how}({d.dim(rank)}{keep})[0]"
    if how in ("prod", "all", "argmax", "argmin", "count_nonzero"):
        return f"{x}.{how}({d.dim(rank)}{'' if how == 'count_nonzero' else keep})"
    if how == "norm" or (how not in ("logsumexp", "amax") and d.chance(0.35)):
        return f"{x}.{how}()"
    if rank > 1 and d.chance(0.3):
        return f"{x}.{how}({tuple(d.r.sample(range(rank), 2))}{keep})"
    return f"{x}.{how}({d.dim(rank)}{keep})"


def binary(d: Draw) -> str | None:
    x = d.pick()
    y = x and d.partner(x)
    return y and d.any_of(*BINARY).format(x=x, y=y)


def loss(d: Draw) -> str | None:
    x = d.pick(lambda v: v.ndim > 0)
    return x and d.any_of(*LOSSES).format(x=x, y=d.tensor(d.shape(x)))


def scalar_binary(d: Draw) -> str | None:
    x = d.pick()
    return x and d.any_of(
        "{x} * {n}", "{x} + {n}", "{n} - {x}", "{x} / 2", "{x}.mul({n})", "{x} - {n}", "{n} * {x}"
    ).format(x=x, n=d.number())


def product_of(d: Draw) -> str | None:
    """Matrix products in all forms."""
    x = d.pick(lambda v: 0 < v.ndim < 5)
    if x is None:
        return None
    shape = d.shape(x)
    n = d.any_of(*d.sizes)
    if len(shape) == 1:
        y = d.tensor(d.any_of(shape, (shape[0], n)))
        return d.any_of(
            f"{x} @ {y}", f"lib.outer({x}, {d.tensor((n,))})", f"lib.einsum('i,j->ij', {x}, {d.tensor((n,))})"
        )
    last = shape[-1]
    forms = [
        f"{x} @ {d.tensor((last, n))}", f"{x} @ {d.tensor((last,))}", f"{x} @ {x}.mT", f"{x}.mT @ {x}",
        f"lib.matmul({x}, {d.tensor((*shape[:-2], last, n))})", f"F.linear({x}, {d.tensor((n, last))}, {d.tensor((n,))})",
        f"F.linear({x}, {d.tensor((n, last))})", f"lib.inner({x}, {d.tensor((last,))})",
        f"lib.einsum('...i,ij->...j', {x}, {d.tensor((last, n))})", f"lib.tensordot({x}, {d.tensor((last, n))}, 1)",
        f"lib.einsum('...i->...', {x})",
    ]  # fmt: skip
    if len(shape) == 2:
        forms += [
            f"{x}.mm({d.tensor((last, n))})", f"lib.addmm({d.tensor((n,))}, {x}, {d.tensor((last, n))}, beta=0.5, alpha=2)",
            f"lib.einsum('ij,kj->ik', {x}, {d.tensor((n, last))})", f"lib.einsum('ij->ji', {x})", f"{x}.mv({d.tensor((last,))})",
            f"lib.einsum('ij,ij->', {x}, {d.tensor(shape)})",
        ]  # fmt: skip
        if shape[0] == last:
            forms += [f"lib.einsum('ii->i', {x})", f"{x}.trace()", f"lib.linalg.det({x})", f"{x} + {x}.T",
                      f"lib.linalg.inv({x} @ {x}.T + 2 * lib.eye({last}))", f"lib.linalg.cholesky({x} @ {x}.T + lib.eye({last}))",
                      f"lib.linalg.solve({x} @ {x}.T + 2 * lib.eye({last}), {d.tensor((last, n))})"]  # fmt: skip
    if len(shape) == 3:
        forms += [
            f"lib.bmm({x}, {d.tensor((shape[0], last, n))})", f"lib.baddbmm({d.tensor((shape[1], n))}, {x}, {d.tensor((shape[0], last, n))})",
            f"lib.einsum('bij,bkj->bik', {x}, {d.tensor((shape[0], n, last))})", f"F.scaled_dot_product_attention({x}, {d.tensor(shape)}, {d.tensor(shape)})",
            f"F.bilinear({x}, {d.tensor(shape)}, {d.tensor((2, last, last))})",
        ]  # fmt: skip
    return str(d.any_of(*forms))


def joining(d: Draw) -> str | None:
    x = d.pick(lambda v: v.numel() < 80)
    if x is None:
        return None
    shape = d.shape(x)
    others = [d.tensor(shape) for _ in range(d.any_of(1, 1, 2))]
    both = ", ".join([x, *others])
    if not shape:
        return d.any_of(f"lib.stack([{both}])", f"lib.hstack(({both}))", f"lib.vstack(({both}))")
    k = d.dim(len(shape))
    return str(
        d.any_of(
            f"lib.cat([{both}], {k})", f"lib.stack(({both}), {k})", f"lib.vstack([{both}])", f"lib.hstack([{both}])",
            f"{x}.repeat({', '.join(['2'] + ['1'] * (len(shape) - 1))})", f"{x}.tile(2)", f"lib.cat([{both}])",
        )
    )  # fmt: skip


def indexing(d: Draw) -> str | None:
    x = d.pick(lambda v: v.ndim > 0)
    if x is None:
        return None
    shape = d.shape(x)
    k = d.dim(len(shape))
    size = shape[k] if -len(shape) <= k < len(shape) else 1
    index_shape = tuple(max(1, n - d.any_of(0, 1)) for n in shape)
    count = d.any_of(1, 2, 4)
    same = d.tensor(index_shape)
    row = tuple(count if j == k % len(shape) else n for j, n in enumerate(shape))
    places = d.index((count,), size)
    return str(
        d.any_of(
            f"{x}[{d.key(shape, advanced=True)}]", f"{x}[{d.key(shape, advanced=True)}]", f"{x}.gather({k}, {d.index(index_shape, size)})",
            f"{x}.index_select({k}, {places})", f"{x}.take({d.index(d.any_of((2,), (2, 2)), product(shape))})",
            f"{x}.masked_fill({d.mask(shape)}, {d.number()})", f"{x}.masked_select({d.mask(shape)})",
            f"{x}.scatter({k}, {d.index(index_shape, size)}, {same})", f"{x}.scatter_add({k}, {d.index(index_shape, size)}, {same})",
            f"{x}.index_add({k}, {places}, {d.tensor(row)})", f"{x}.index_fill({k}, {places}, {d.number()})",
            f"{x}.topk({d.any_of(1, size)}, {k})[0]",
            f"lib.take_along_dim({x}, {x}.argsort({k}), {k})", f"F.embedding({d.index((2, 2), shape[0])}, {d.tensor((shape[0], 3))})",
            f"{x}.scatter({k}, {d.index(index_shape, size)}, {d.number()})", f"{x}.tril()", f"{x}.triu(1)", f"{x}.diag()",
            f"lib.diag_embed({x})", f"{x}.round().detach().unique()",
        )
    )  # fmt: skip


def normalizing(d: Draw) -> str | None:
    x = d.pick()
    if x is None:
        return None
    y = d.tensor((2, 4, 3)) if d.chance(0.5) else d.molded(x, (2, 4, 3))
    w, b = d.tensor((4,)), d.tensor((4,))
    return str(
        d.any_of(
            f"F.layer_norm({y}, (3,))", f"F.layer_norm({y}, (4, 3), {d.tensor((4, 3))}, {d.tensor((4, 3))})", f"F.rms_norm({y}, (3,), eps=1e-5)",
            f"F.group_norm({y}, 2)", f"F.group_norm({y}, 2, {w}, {b})", f"F.instance_norm({y})",
            f"F.batch_norm({y}, None, None, {w}, {b}, True)", f"F.batch_norm({y}, lib.zeros(4), lib.ones(4), {w}, {b}, False)",
            f"F.layer_norm({x}, {d.shape(x)[-1:]})" if d.shape(x) else f"F.batch_norm({y}, None, None, training=True)",
            f"F.glu({y}, 1)", f"F.normalize({y}, dim=1)", f"F.cross_entropy({y}, {d.index((2, 3), 4)})",
            f"F.nll_loss({y}.log_softmax(1), {d.index((2, 3), 4)})", f"F.prelu({y}, {w})",
        )
    )  # fmt: skip


def maps(d: Draw) -> str | None:
    """Convolution, pooling, padding, resizing on small maps."""
    x = d.pick()
    if x is None:
        return None
    line, square = d.molded(x, (2, 2, 5)), d.molded(x, (1, 2, 4, 4))
    w1, w2, b = d.tensor((2, 2, 3)), d.tensor((2, 2, 3, 3)), d.tensor((2,))
    return str(
        d.any_of(
            f"F.conv1d({line}, {w1}, {b})", f"F.conv1d({line}, {w1}, None, 2, 1)", f"F.conv2d({square}, {w2}, {b}, padding=1)",
            f"F.conv2d({square}, {w2}, stride=2)", f"F.conv_transpose1d({line}, {w1})", f"F.conv_transpose2d({square}, {w2}, {b}, stride=2)",
            f"F.max_pool1d({line}, 2)", f"F.max_pool2d({square}, 2, 1)", f"F.avg_pool1d({line}, 2)", f"F.avg_pool2d({square}, 3, 2, 1)",
            f"F.adaptive_avg_pool2d({square}, 3)", f"F.adaptive_max_pool1d({line}, 2)", f"F.pad({line}, (1, 2), mode='reflect')",
            f"F.pad({square}, (1, 0, -1, 2), value=0.5)", f"F.pad({line}, (2, 1), mode='circular')", f"F.pad({line}, (1, 1), mode='replicate')",
            f"F.interpolate({square}, scale_factor=2)", f"F.interpolate({square}, size=(3, 5), mode='bilinear')",
            f"F.interpolate({line}, size=7, mode='linear', align_corners=True)", f"F.unfold({square}, 2)", f"F.pixel_unshuffle({square}, 2)",
            f"F.interpolate({square}, size=(6, 3), mode='bicubic')", f"F.interpolate({square}, size=(2, 3), mode='area')",
            f"F.max_pool2d({square}, 3, 2, padding=1)", f"F.avg_pool2d({square}, 3, 2, 1, ceil_mode=True, count_include_pad=False)",
            f"F.fold({d.molded(x, (1, 8, 9))}, (4, 4), 2)", f"F.pixel_shuffle({d.molded(x, (1, 4, 2, 3))}, 2)", f"F.max_pool1d({line}, 2, return_indices=True)[1]",
            f"F.conv3d({d.molded(x, (1, 1, 3, 3, 3))}, {d.tensor((2, 1, 2, 2, 2))})", f"F.adaptive_max_pool2d({square}, (2, 3))", f"F.avg_pool1d({line}, 3, 1, 1)",
            f"F.conv2d({square}, {d.tensor((2, 1, 3, 3))}, groups=2)", f"F.conv1d({line}, {w1}, dilation=2)",
        )
    )  # fmt: skip


def transforms(d: Draw) -> str | None:
    x = d.pick(lambda v: v.numel() < 20)
    if x is None:
        return None
    y = d.partner(x)
    return str(
        d.any_of(
            f"Cube.apply({x})", f"lib.func.grad(lambda a: (a.sin() * {y}).sum())({x})", f"lib.func.vjp(lambda a: a * {y}, {x})[0]",
            f"lib.func.jvp(lambda a: a.tanh() * {y}, ({x},), ({d.tensor(d.shape(x))},))[1]",
            f"lib.autograd.grad(({x} * {y}).sum(), {x}, create_graph=True, allow_unused=True)[0]",
            f"lib.autograd.grad(({x}.square() * {y}).sum(), {x}, retain_graph=True)[0]",
            f"lib.func.jacrev(lambda a: (a * a).sum())({x}).clone()", "Cube.apply(" + x + ".detach())", f"Tenfold.apply({x}.clone())",
        )
    )  # fmt: skip


def layers(d: Draw) -> str | None:
    """Modules with weights of their own."""
    x = d.pick()
    if x is None:
        return None
    y = d.molded(x, (2, 4, 3))
    return str(
        d.any_of(
            f"layer(lib.nn.LSTM(3, 2, batch_first=True), {y})[0]", f"layer(lib.nn.LSTM(3, 2), {y})[1][1]", f"layer(lib.nn.GRU(3, 2), {y})[0]",
            f"layer(lib.nn.GRU(3, 2, bidirectional=True), {y})[1]", f"layer(lib.nn.RNN(3, 2, 2), {y})[0]", f"layer(lib.nn.Linear(3, 2), {y})",
            f"layer(lib.nn.MultiheadAttention(3, 1), {y}, {y}, {y})[0]", f"layer(lib.nn.LSTMCell(3, 2), {d.molded(x, (4, 3))})[0]",
            f"layer(lib.nn.Sequential(lib.nn.Conv1d(4, 2, 2), lib.nn.BatchNorm1d(2), lib.nn.ReLU(inplace=True)), {y})",
            f"layer(lib.nn.Sequential(lib.nn.LayerNorm(3), lib.nn.GELU(), lib.nn.Linear(3, 3)), {y})", f"layer(lib.nn.Bilinear(3, 3, 2), {y}, {y})",
            f"layer(lib.nn.TransformerEncoderLayer(3, 1, 4, 0.0), {y})", f"layer(lib.nn.InstanceNorm1d(4, affine=True), {y})",
            f"layer(lib.nn.MultiheadAttention(3, 1, batch_first=True), {y}, {y}, {y})[1]", f"layer(lib.nn.PReLU(), {y})",
        )
    )  # fmt: skip


def others(d: Draw) -> str | None:
    """What is called by few, on operands made to measure."""
    x = d.pick()
    if x is None:
        return None
    shape = d.shape(x)
    a, b, w = d.molded(x, (3, 3)), d.tensor((2, 3)), d.tensor((3,))
    good = f"({a} @ {a}.T + lib.diag(lib.arange(3) + 1.5))"
    return str(
        d.any_of(
            f"lib.cdist({a}, {b})", f"lib.linalg.norm({a})", f"lib.linalg.norm({x})", f"lib.linalg.eigvalsh({good})",
            f"lib.linalg.qr({good})[1]", f"lib.linalg.slogdet({good})[1]", f"lib.logdet({good})", f"lib.linalg.pinv({good})", f"lib.linalg.svdvals({a})",
            f"lib.linalg.solve({good}, {w})", f"lib.meshgrid({w}, {w}, indexing='ij')[0]", f"lib.atleast_2d({x})", f"lib.trace({a})",
            f"F.triplet_margin_loss({a}, {b}[:1], {w})", f"F.cosine_embedding_loss({a}, {a}.flip(0), lib.tensor([1, -1, 1]))",
            f"F.embedding_bag({d.index((2, 2), 3)}, {a})", f"F.ctc_loss({d.molded(x, (4, 1, 3))}.log_softmax(2), lib.tensor([[1, 2]]), (4,), (2,))",
            f"lib.var_mean({x}, 0)[1]", f"{x}.std(unbiased=False)", f"{x}.norm(dim={tuple(range(len(shape)))})" if shape else f"{x}.norm()",
            f"{x}.reshape_as({x})", f"lib.searchsorted({w}.sort()[0], {x}.detach())", f"lib.histc({x}.detach(), 4, -2, 2)", f"lib.full((2,), 1.5) * {x}.sum()",
            f"lib.linspace(0, 1, 3) * {w}", f"F.one_hot(lib.tensor([0, 2]), 3) * {w}", f"{x}.index_put((lib.tensor([0, -1]),), {d.number_tensor()}, True)" if shape else f"{x}.sum()",
            f"lib.stack([p for p in {w}.unbind(0)][::-1])", f"lib.cat({x}.chunk(2, 0))" if shape else f"{x}.abs()", f"lib.cat({x}.split(1, -1), 0)" if shape else f"{x}.neg()",
            f"{x}.unfold(-1, 1, 2)" if shape else f"{x}.sin()", f"{x}.mT.matmul({x})" if len(shape) > 1 else f"{x} * {x}",
            f"lib.inverse({good})", f"{a}.addmm({b}.mT, {b})", f"{w}.dot({w})", f"{a}.diagonal().cumsum(0)", f"lib.tril({a}) @ {w}", f"F.kl_div({w}.log_softmax(0), {w}.detach().softmax(0), reduction='batchmean')",
        )
    )  # fmt: skip


def conversion(d: Draw) -> str | None:
    x = d.pick(floating=False)
    if x and d.value(x).is_floating_point() and d.alone(x) and d.chance(0.1):
        return f"{x}.requires_grad_()"
    return x and d.any_of(
        f"{x}.detach()", f"{x}.clone()", f"{x}.double()", f"{x}.long()", f"{x}.bool()", f"{x}.to(lib.float64)", f"{x}.contiguous()",
        f"{x}.detach().clone().double().requires_grad_()", f"{x}.double().detach().requires_grad_()", f"lib.zeros_like({x})",
        f"lib.ones_like({x}).double().requires_grad_()", f"{x}.data", f"{x}.type_as({x})",
        f"{x}.isnan()", f"lib.full_like({x}, 2)", f"{x}.new_zeros(2)",
    )  # fmt: skip


EXPRESSIONS: dict[Drawer, float] = {
    unary: 4, positive: 1.5, activation: 2, along: 2, reducing: 3, binary: 7, scalar_binary: 2, product_of: 3, joining: 2,
    indexing: 4, normalizing: 1.5, maps: 1.5, layers: 0.7, others: 2, loss: 1, transforms: 1.5, conversion: 2,
}  # fmt: skip
