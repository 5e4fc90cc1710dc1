"""Whole little programs at the edges: empty tensors, missing dimensions, masks of two kinds, arguments just inside or outside.

Each is a text over ``lib``, ``F`` and ``nn``; its last expression is compared with PyTorch's, values,
dtypes and shapes, or both refuse it.
"""

from __future__ import annotations

__all__ = ["EDGES", "OTHERWISE"]


def products() -> list[str]:
    """Forward and backward of every product with each size 0 in turn."""
    found = []
    shapes = {
        "a @ b": ("0,3|3,4", "2,0|0,4", "2,3|3,0", "5,2,0|0,4", "0,2,3|3,4", "5,0,3|3,4", "5,2,3|3,0", "0,2,3|3", "2,0|0", "3|3,0", "0|0", "0|0,3", "0,2,3|0,3,4", "4,2,0|4,0,3", "1,2,0|4,0,3"),
        "lib.inner(a, b)": ("2,0|3,0", "0,3|4,3", "2,0,3|4,3", "0|0", "3,0|0"), "lib.dot(a, b)": ("0|0",), "lib.outer(a, b)": ("0|3", "3|0"),
        "lib.mv(a, b)": ("2,0|0", "0,3|3"), "lib.mm(a, b)": ("2,0|0,3", "0,2|2,0"), "lib.bmm(a, b)": ("0,2,3|0,3,4", "2,0,3|2,3,4", "2,3,0|2,0,4"),
        "lib.einsum('ij,jk->ik', a, b)": ("2,0|0,3", "0,2|2,3"), "lib.tensordot(a, b, 1)": ("2,0|0,3", "0,2|2,3", "2,3,0|0,2"),
        "F.linear(a, b)": ("0,3|2,3", "2,0,3|2,3", "2,0|2,0", "2,3|0,3", "4,2,0|2,0", "3|0,3", "0|2,0", "0,0|0,0"),
        "F.bilinear(a, b, lib.ones(3, 4, 5))": ("0,4|0,5",), "lib.cdist(a, b)": ("0,3|2,3", "2,3|0,3"),
    }  # fmt: skip
    for call, pairs in shapes.items():
        for pair in pairs:
            a, b = pair.split("|")
            made = [f"{name} = lib.ones(({sizes},), requires_grad=True)" for name, sizes in (("a", a), ("b", b))]
            found.append("; ".join((*made, f"out = {call}", "out.sum().backward()", "(out, a.grad, b.grad)")))
    return found


def empty_layers() -> list[str]:
    """A batch of nothing through every kind of layer, forward and backward."""
    run = "out = {call}; out.sum().backward(); (out, x.grad)"
    inputs = {
        "0, 3": ("nn.Linear(3, 2)(x)", "nn.BatchNorm1d(3)(x)", "nn.BatchNorm1d(3).eval()(x)", "nn.LayerNorm(3)(x)", "nn.GroupNorm(3, 3)(x)", "nn.PReLU()(x)", "nn.Softmax(1)(x)", "nn.RMSNorm(3)(x)"),
        "0, 3, 4": ("nn.Conv1d(3, 2, 2)(x)", "nn.ConvTranspose1d(3, 2, 2)(x)", "nn.BatchNorm1d(3)(x)", "nn.InstanceNorm1d(3)(x)", "nn.MaxPool1d(2)(x)", "nn.AvgPool1d(2)(x)", "nn.AdaptiveAvgPool1d(2)(x)", "F.interpolate(x, scale_factor=2)", "F.pad(x, (1, 1))", "F.pad(x, (1, 1), mode='reflect')"),
        "0, 4, 4, 4": ("nn.Conv2d(4, 2, 2)(x)", "nn.BatchNorm2d(4)(x)", "nn.MaxPool2d(2)(x)", "nn.AvgPool2d(2)(x)", "nn.AdaptiveAvgPool2d(2)(x)", "nn.AdaptiveMaxPool2d(2)(x)", "nn.Dropout2d(0.5)(x)", "F.unfold(x, 2)", "nn.PixelShuffle(2)(x)", "F.interpolate(x, scale_factor=2, mode='bilinear')"),
        "2, 4, 0": ("nn.InstanceNorm1d(4)(x)", "nn.GroupNorm(2, 4)(x)", "nn.BatchNorm1d(4)(x)"), "3, 0": ("F.layer_norm(x, (0,))", "nn.Softmax(1)(x)", "nn.Softmax(0)(x)"),
        "5, 0, 3": ("nn.RNN(3, 4)(x)[0]", "nn.LSTM(3, 4)(x)[0]", "nn.GRU(3, 4)(x)[0]", "nn.LSTM(3, 4, 2, bidirectional=True)(x)[1][0]", "nn.LSTM(3, 4, proj_size=2)(x)[0]", "nn.GRU(3, 4, 2, bidirectional=True)(x)[1]"),
        "3, 0, 4": ("nn.MultiheadAttention(4, 2)(x, x, x)[0]", "nn.TransformerEncoderLayer(4, 2, 8)(x)"), "0, 5, 3": ("nn.GRU(3, 4, batch_first=True)(x)[0]",),
    }  # fmt: skip
    found = []
    for shape, calls in inputs.items():
        for call in calls:
            found.append(f"x = lib.ones({shape}, requires_grad=True); {run.format(call=call)}")
    found += [
        "m = nn.BatchNorm2d(3); m(lib.ones(0, 3, 2, 2)).sum().backward(); (m.weight.grad, m.bias.grad, m.running_mean, m.running_var, m.num_batches_tracked)",
        "m = nn.LSTM(3, 4); m(lib.ones(5, 0, 3))[0].sum().backward(); [p.grad for p in m.parameters()]",
        "m = nn.GRU(3, 4); m(lib.ones(5, 0, 3), lib.ones(1, 0, 4))[1]",
        "nn.LSTMCell(3, 4)(lib.ones(0, 3))", "nn.GRUCell(3, 4)(lib.ones(0, 3))", "nn.RNNCell(3, 4)(lib.ones(0, 3))",
    ]  # fmt: skip
    return found


def masks() -> list[str]:
    """Masks of bools and of floats beside each other, in every layer that takes both."""
    causal = "nn.Transformer.generate_square_subsequent_mask(3)"
    padding = "lib.tensor([[False, False, True], [False, True, True]])"
    added = "lib.tensor([[0.0, 0.5, -math.inf], [0.0, -math.inf, -math.inf]])"
    triangle = "lib.tensor([[False, True, True], [False, False, True], [False, False, False]])"
    head = "lib.manual_seed(0); x = lib.randn(3, 2, 4); y = lib.randn(3, 2, 4); "
    calls = []
    for attn in (causal, triangle, "None"):
        for keys in (padding, added, "None"):
            calls += [
                f"nn.MultiheadAttention(4, 2)(x, x, x, key_padding_mask={keys}, attn_mask={attn})",
                f"nn.MultiheadAttention(4, 2, add_bias_kv=True, add_zero_attn=True)(x, y, y, key_padding_mask={keys}, attn_mask={attn}, need_weights=False)[0]",
                f"nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0)(x, src_mask={attn}, src_key_padding_mask={keys})",
                f"nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, norm_first=True, batch_first=True)(x.transpose(0, 1), src_mask={attn}, src_key_padding_mask={keys})",
                f"nn.TransformerDecoderLayer(4, 2, 8, dropout=0.0)(x, y, tgt_mask={attn}, tgt_key_padding_mask={keys}, memory_key_padding_mask={keys})",
                f"nn.TransformerDecoderLayer(4, 2, 8, dropout=0.0)(x, y, memory_mask={attn}, memory_key_padding_mask={keys})",
                f"nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0), 2)(x, mask={attn}, src_key_padding_mask={keys})",
                f"nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 8, dropout=0.0), 2)(x, y, tgt_mask={attn}, tgt_key_padding_mask={keys})",
                f"nn.Transformer(4, 2, 1, 1, 8, dropout=0.0)(x, y, src_mask={attn}, tgt_mask={attn}, src_key_padding_mask={keys}, tgt_key_padding_mask={keys}, memory_key_padding_mask={keys})",
            ]  # fmt: skip
    found = [head + call for call in calls]
    double = head + "m = nn.MultiheadAttention(4, 2).double(); x = x.double(); "
    found += [
        double + f"m(x, x, x, key_padding_mask={padding}, attn_mask={causal}.double())",
        double + f"m(x, x, x, key_padding_mask={padding}, attn_mask={causal})",
        head + f"nn.MultiheadAttention(4, 2)(x, x, x, attn_mask={causal}.double())",
        head + "F.scaled_dot_product_attention(x, x, x, attn_mask=lib.zeros(2, 2, dtype=lib.int64))",
        head + "F.scaled_dot_product_attention(x, x, x, attn_mask=lib.ones(2, 2, dtype=lib.uint8))",
        head + "F.scaled_dot_product_attention(x, x, x, attn_mask=lib.zeros(2, 2).double())",
    ]  # fmt: skip
    return found


CUBE = "x = lib.arange(24).reshape(2, 3, 4); "

EDGES: dict[str, list[str]] = {
    "products": products(),
    "empty layers": empty_layers(),
    "masks": masks(),
    "two ellipses": [
        *[f"{CUBE}x[{index}]" for index in (
            "..., ...", "..., 0, ...", "0, ..., 1, ...", "..., ..., 1", "0, ..., ..., 1", "0, ..., 1, ..., 2", "..., 0, ..., 1, ...", "..., 0, ..., ...",
            "..., None, ...", "..., ..., None", "..., ..., :", "..., ..., True", "0, 1, 2, ..., ...", "0, 1, ..., 2, ..., None", "..., lib.tensor([0]), ...",
            "..., 0:1, ..., ...",
        )],
        CUBE + "x[..., 0, ...] = 7; x", CUBE + "x[0, ..., 1, ...] = 7; x", CUBE + "x[..., 1, ...] += 1; x", CUBE + "y = x[..., ...]; y[0] = 5; (x, y is x)",
        "x = lib.ones(2, 3, requires_grad=True); (x[..., 0, ...] * 2).sum().backward(); x.grad", "lib.tensor(4)[..., ...]",
    ],
    "narrow": [
        f"lib.ones(3).narrow({one})" for one in ("0, True, 1", "0, 0, True", "True, 0, 1", "0, lib.tensor(1), 1", "0, lib.tensor(True), 1", "0, lib.tensor(1.0), 1", "0, lib.tensor([1]), 1", "0, 1.0, 1", "0, 'a', 1", "0, -1, 1", "0, 0, 3", "0, 0, 4")
    ],
    "nothing to pool": [
        f"F.{name}{rank}d(lib.ones({shape}), {arguments})"
        for name, arguments in (("max_pool", "2"), ("avg_pool", "2"), ("adaptive_max_pool", "2"), ("adaptive_avg_pool", "2"), ("max_pool", "1, 1, 0, 1, False, True"))
        for rank, shapes in ((1, ("2, 3, 0", "0, 3, 4", "2, 0, 4", "0, 4", "3, 0")), (2, ("0, 3, 4, 4", "2, 0, 4, 4", "2, 3, 0, 4", "0, 4, 4")))
        for shape in shapes
        if not (name == "avg_pool" and shape == "2, 3, 0, 4")
    ],
    "tolerances of 0": [
        *[f"F.batch_norm(lib.ones(2, 3), lib.zeros(3), lib.ones(3), training={training}, eps={eps})" for training in (True, False) for eps in ("0", "0.0", "-1", "1e-5")],
        "nn.BatchNorm1d(3, eps=0)(lib.ones(2, 3))", "nn.BatchNorm1d(3, eps=0).eval()(lib.ones(2, 3))", "F.batch_norm(lib.ones(0, 3), None, None, training=True, eps=0)",
        "F.layer_norm(lib.arange(3.0), (3,), eps=0)", "F.group_norm(lib.arange(4.0).reshape(1, 2, 2), 1, eps=0)", "F.instance_norm(lib.arange(4.0).reshape(1, 2, 2), eps=0)",
    ],
    "probabilities": [
        *[f"F.cross_entropy(lib.ones(2, 3), lib.ones(2, 3), ignore_index={index})" for index in (1, 0, -1, -100, 5)],
        "nn.CrossEntropyLoss(ignore_index=0)(lib.ones(2, 3), lib.ones(2, 3))", "F.cross_entropy(lib.ones(2, 3), lib.tensor([0, 1]), ignore_index=1)",
    ],
    "numbers": [
        f"lib.{op}({a}, {b})" for op in ("add", "sub", "mul", "div", "true_divide", "floor_divide", "rsub", "remainder", "fmod", "pow", "eq", "lt", "maximum", "atan2", "logical_and", "bitwise_and") for a, b in ((3, 2), ("True", 2), (2.5, 2), ("True", "True"), (-7, 2), ("'a'", 2), (3, "None"), (3, "[1]"))
    ] + [f"lib.div({a}, {b}, rounding_mode='{mode}')" for mode in ("floor", "trunc") for a, b in ((3, 2), (-7, 2), (2.5, 2), ("True", "True"), (7, "lib.tensor([2, -2])"), (7, "lib.tensor([2.0, -2.0])"), (-7, "lib.tensor(3)"))],
    "0-d": [
        *[f"F.cosine_similarity(lib.tensor(2.0), lib.tensor({other}), {dim})" for other in (3.0, -3.0, 0.0) for dim in ("dim=0", "dim=-1", "dim=1")],
        "F.cosine_similarity(lib.tensor(2.0), lib.tensor([3.0, 4.0]), dim=0)", "F.cosine_similarity(lib.tensor(2.0), lib.tensor(3.0))", "F.pairwise_distance(lib.tensor(2.0), lib.tensor(3.0))",
        "x = lib.tensor(2.0, requires_grad=True); F.cosine_similarity(x, lib.tensor(3.0), dim=0).backward(); x.grad", "F.normalize(lib.tensor(2.0), dim=0)",
    ],
    "whole numbers": [
        "x = lib.tensor([[1.0, 2.0], [3.0, 4.5]]); " + call.replace("?", value)
        for call in ("x.sum(?)", "x.mean(?)", "x.argmax(?)", "x.cumsum(?)", "x.softmax(?)", "x.sort(?)", "x.topk(?)", "x.topk(1, ?)", "x.unbind(?)", "x.unsqueeze(?)", "x.flatten(?)",
                     "x.transpose(0, ?)", "lib.cat([x, x], ?)", "lib.stack([x, x], ?)", "x.chunk(?)", "x.chunk(2, ?)", "x.narrow(?, 0, 1)", "x.select(?, 0)", "x.select(0, ?)", "x.index_select(?, lib.tensor([0]))",
                     "x.gather(?, lib.tensor([[0]]))", "x.size(?)", "x.diagonal(?)", "x.view(?, -1)", "F.softmax(x, ?)", "F.one_hot(lib.tensor([0]), ?)", "x.round(decimals=?)", "F.cross_entropy(x, lib.tensor([0, 1]), ignore_index=?)",
                     "F.nll_loss(x, lib.tensor([0, 1]), ignore_index=?)", "F.linear(x, x, ?)")
        for value in ("True", "1.5", "'a'", "[1]", "math.nan", "1", "lib.tensor(1)", "np.int64(1)")
        if not (value == "[1]" and call in ("x.sum(?)", "x.mean(?)", "x.transpose(0, ?)"))
    ],
    "not a number": [
        f"lib.tensor({data}, dtype=lib.{dtype})" for data in ("[math.nan]", "math.nan", "[math.inf]", "[-math.inf]", "[1e20]", "[-1.5]", "[2.7]", "[True, math.nan]") for dtype in ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32")
    ],
}  # fmt: skip

OTHERWISE: dict[str, str] = {
    "x = lib.ones(0, 4, 4, 4, requires_grad=True); out = nn.PixelShuffle(2)(x); out.sum().backward(); (out, x.grad)": (
        "the gradient of nothing is nothing, in the input's shape; PyTorch's has the result's, and it refuses that itself"
    ),
}
"""Programs that end otherwise here, each with the reason."""
