"""What each operation computes and what its rules hand back, as a reader would write it.

`g` is the gradient that arrives at the result `out`; x, y, ... are the operands, by the names that the
primitive gives them. Only for reading: the rules themselves stand beside their primitives, in `ops`.
"""

from __future__ import annotations

from tinygrad_nn.primitive import REGISTRY

__all__ = ["FORMULAS", "forward_text", "operand_name", "rule_text"]

_SAME = "g"
_NONE = "0: a step has no slope where it has one"
_ELSEWHERE = "see the rule of this operation in tinygrad_nn/ops"

FORMULAS: dict[str, tuple[str, ...]] = {
    # name: (forward, rule of operand 0, rule of operand 1, ...)
    "add": ("x + y", _SAME, _SAME),
    "sub": ("x − y", _SAME, "−g"),
    "mul": ("x · y", "g · y", "g · x"),
    "div": ("x / y", "g / y", "−g · x / y²"),
    "neg": ("−x", "−g"),
    "abs": ("|x|", "g · sign(x)"),
    "square": ("x²", "g · 2x"),
    "reciprocal": ("1 / x", "−g · out²"),
    "sqrt": ("√x", "g / (2 · out)"),
    "rsqrt": ("1 / √x", "−½ · g · out³"),
    "where": (
        "x where the condition holds, else y",
        "none",
        "g where the condition holds, else 0",
        "0 where the condition holds, else g",
    ),
    "cast": ("x as another type", "g, cast back"),
    "pow": ("xʸ", "g · y · xʸ⁻¹", "g · out · ln x"),
    "sign": ("sign(x)", _NONE),
    "floor": ("⌊x⌋", _NONE),
    "ceil": ("⌈x⌉", _NONE),
    "trunc": ("x without its fraction", _NONE),
    "round": ("x to the nearest integer", _NONE),
    "floor_divide": ("⌊x / y⌋", _NONE, _NONE),
    "remainder": ("x − y · ⌊x / y⌋", _SAME, "−g · ⌊x / y⌋"),
    "fmod": ("x − y · trunc(x / y)", _SAME, "−g · trunc(x / y)"),
    "maximum": ("max(x, y)", "g where x > y, g/2 where equal", "g where y > x, g/2 where equal"),
    "minimum": ("min(x, y)", "g where x < y, g/2 where equal", "g where y < x, g/2 where equal"),
    "clamp": ("x kept between low and high", "g where low ≤ x ≤ high, else 0"),
    "exp": ("eˣ", "g · out"),
    "exp2": ("2ˣ", "g · out · ln 2"),
    "expm1": ("eˣ − 1", "g · (out + 1)"),
    "log": ("ln x", "g / x"),
    "log2": ("log₂ x", "g / (x · ln 2)"),
    "log10": ("log₁₀ x", "g / (x · ln 10)"),
    "log1p": ("ln(1 + x)", "g / (1 + x)"),
    "logaddexp": ("ln(eˣ + eʸ)", "g · eˣ⁻ᵒᵘᵗ", "g · eʸ⁻ᵒᵘᵗ"),
    "sin": ("sin x", "g · cos x"),
    "cos": ("cos x", "−g · sin x"),
    "tan": ("tan x", "g · (1 + out²)"),
    "asin": ("arcsin x", "g / √(1 − x²)"),
    "acos": ("arccos x", "−g / √(1 − x²)"),
    "atan": ("arctan x", "g / (1 + x²)"),
    "atan2": ("arctan(x / y), by quadrant", "g · y / (x² + y²)", "−g · x / (x² + y²)"),
    "sinh": ("sinh x", "g · cosh x"),
    "cosh": ("cosh x", "g · sinh x"),
    "tanh": ("tanh x", "g · (1 − out²)"),
    "erf": ("erf x", "g · 2/√π · exp(−x²)"),
    "erfinv": ("erf⁻¹ y", "g · √π/2 · exp(out²)"),
    "sigmoid": ("1 / (1 + e⁻ˣ)", "g · out · (1 − out)"),
    "relu": ("max(x, 0)", "g where out > 0, else 0"),
    "leaky_relu": ("x where x > 0, else slope · x", "g where x > 0, else slope · g"),
    "log_sigmoid": ("ln σ(x)", "g · σ(−x)"),
    "logistic": ("1 / (1 + e⁻ˣ)", "g · σ(x) · σ(−x)"),
    "hardtanh": ("x kept between low and high", "g where low < x < high, else 0"),
    "hardsigmoid": ("x/6 + ½ kept between 0 and 1", "g/6 where −3 < x < 3, else 0"),
    "hardswish": ("x · (x/6 + ½ kept between 0 and 1)", "0 below −3, g above 3, g · (x/3 + ½) between"),
    "softshrink": ("x moved by `by` towards 0", "g where |x| > by, else 0"),
    "hardshrink": ("x where |x| > by, else 0", "g where |x| > by, else 0"),
    "elu": (
        "scale · x where x > 0, else height · (e^(rate·x) − 1)",
        "g · scale where x > 0, else g · height · rate · e^(rate·x)",
    ),
    "silu": ("x · σ(x)", "g · σ(x) · (1 + x · σ(−x))"),
    "mish_gate": ("tanh(ln(1 + eˣ))", "g · 4pq² / (1 + q²)², q = σ(−x) = 1 − p"),
    "mish": ("x · tanh(ln(1 + eˣ))", "g · (tanh(ln(1 + eˣ)) + x times its slope)"),
    "gelu_tanh": ("x · σ(2u), u = √(2/π) · (x + 0.044715 · x³)", "g · (σ(2u) + x times its slope)"),
    "softsign": ("x / (1 + |x|)", "g / (1 + |x|)²"),
    "unless_zero": ("x where y ≠ 0, else 0", "g where y ≠ 0, else 0", "none"),
    "dropped": ("x · mask, 0 where the mask is 0", "g · mask, 0 where the mask is 0", "none"),
    "raised": ("max(x, low)", "g"),
    "trunc_divide": ("x / y without its fraction", _NONE, _NONE),
    "lerp": ("x + weight · (end − x)", "g · (1 − weight)", "g · weight", "g · (end − x)"),
    "bce_with_logits": (
        "−(weight · y · ln σ(x) + (1 − y) · ln σ(−x))",
        "g · (σ(x) − y) for weight 1",
        "−g · (x + (weight − 1) · ln σ(x))",
        "−g · y · ln σ(x)",
    ),
    "smooth_l1": ("x² / (2 beta) where |x| < beta, else |x| − beta/2", "g · (x / beta kept between −1 and 1)"),
    "huber": ("x²/2 where |x| ≤ delta, else delta · (|x| − delta/2)", "g · (x kept between −delta and delta)"),
    "norm": ("√Σx²", "g · x / out, 0 where out is 0"),
    "variance": ("Σ(x − mean)² / freedom", "g · 2 · (x − mean) / freedom"),
    "deviation": ("√(Σ(x − mean)² / freedom)", "g · (x − mean) / (freedom · out), 0 where out is 0"),
    "gelu": ("x · Φ(x)", "g · (Φ(x) + x · φ(x))"),
    "matmul": ("x @ y", "g @ yᵀ", "xᵀ @ g"),
    "einsum": ("einsum(equation, operands)", "einsum of g with the other operands"),
    "linear": ("x @ weightᵀ + bias", "g @ weight", "gᵀ @ x", "g, added up over the batch"),
    "rnn": ("hₜ = σ(xₜ + W hₜ₋₁), all steps", "back through time: δₜ", "Σ δₜ hₜ₋₁ᵀ", "Wᵀ δ₁"),
    "lstm": (
        "cₜ = f·cₜ₋₁ + i·g, hₜ = o·tanh cₜ, all steps",
        "back through time: δₜ",
        "Σ δₜ hₜ₋₁ᵀ",
        "Wᵀ δ₁",
        "f₁ · ∂c₁",
        "Σ ∂hₜ oₜᵀ",
    ),
    "gru": ("hₜ = (1 − z)·n + z·hₜ₋₁, all steps", "back through time: δₜ", "Σ δₜ hₜ₋₁ᵀ", "Σ δₜ", "Wᵀ δ₁"),
    "cross_entropy": (
        "−ln softmax(logits)[target]",
        "g · (softmax(logits) − one_hot(target)), divided by the batch for the mean",
    ),
    "minus_one_hot": ("p − one_hot(target)", "g"),
    "binary_cross_entropy": (
        "−(y · ln x + (1 − y) · ln(1 − x))",
        "g · (x − y) / (x · (1 − x))",
        "g · (ln(1 − x) − ln x)",
    ),
    "sum": ("Σ x", "g, spread over what was added up"),
    "prod": ("Π x", "g · the product of all the other factors"),
    "exclusive_cumprod": ("product of the elements before each", "Σ over later i of gᵢ · the product without xⱼ"),
    "cumprod": ("running product", "Σ over i ≥ j of gᵢ · the product without xⱼ"),
    "cumsum": ("running sum", "running sum of g from the end"),
    "reverse_cumsum": ("running sum from the end", "running sum of g"),
    "amax": ("largest element", "g at the largest, shared among equals"),
    "amin": ("smallest element", "g at the smallest, shared among equals"),
    "max": ("largest element", "g at the largest, shared among equals"),
    "min": ("smallest element", "g at the smallest, shared among equals"),
    "median": ("the middle element", "g at the element that was chosen"),
    "logsumexp": ("ln Σ eˣ", "g · eˣ⁻ᵒᵘᵗ"),
    "softmax": ("eˣ / Σ eˣ", "out · (g − Σ g · out)"),
    "log_softmax": ("x − ln Σ eˣ", "g − e^out · Σ g"),
    "reshape": ("x in another shape", "g in the shape of x"),
    "clone": ("a copy of x", _SAME),
    "permute": ("x with its axes in another order", "g with its axes put back"),
    "expand": ("x, broadcast", "g, added up over the copies"),
    "flip": ("x, reversed", "g, reversed"),
    "roll": ("x, shifted around", "g, shifted back"),
    "cat": ("the operands, joined", "the part of g that this operand filled"),
    "stack": ("the operands, on a new axis", "the slice of g that this operand filled"),
    "pad": ("x with a border", "g without the border"),
    "tril": ("lower triangle of x", "lower triangle of g"),
    "triu": ("upper triangle of x", "upper triangle of g"),
    "diagonal": ("a diagonal of x", "g on that diagonal, 0 elsewhere"),
    "onto_diagonal": ("x on a diagonal of zeros", "that diagonal of g"),
    "windows": ("sliding windows over x", "g, each place adding up its windows"),
    "add_windows": ("windows added up into one row", "sliding windows over g"),
    "slice_at": ("x[key]", "g at [key], 0 elsewhere"),
    "pick_at": ("x[index]", "g added in at [index], 0 elsewhere"),
    "put_at": ("x added into zeros at [index]", "g[index]"),
    "index_put": ("x with value at [index]", "g, 0 where x was written over", "g[index]"),
    "written": ("base with value at the written places", "g, 0 where base was written over", "g at the written places"),
    "inv": ("x⁻¹", "−outᵀ @ g @ outᵀ"),
    "solve": ("x⁻¹ @ y", "−x⁻ᵀ @ g @ outᵀ", "x⁻ᵀ @ g"),
    "+": ("the sum of the operands", _SAME),  # of single numbers: the scalar zoom
    "×": ("x · y", "g · y", "g · x"),
    "det": ("det x", "g · the cofactors of x"),
    "cofactor": ("the cofactors of x", "the second derivatives of det x, times g"),
    "cofactor_slope": ("the derivative of the cofactors of x in direction y", _ELSEWHERE, "the same, in direction g"),
    "unsloped": ("0", "none is known: NaN"),
    "slogdet": ("sign and logarithm of |det x|", "g of the logarithm · x⁻ᵀ"),
    "pinv": ("pseudo-inverse x⁺", "−out · g · out, and two terms for what x maps to nothing"),
    "cholesky": ("L with L Lᵀ = x", "L⁻ᵀ Φ(Lᵀ g) L⁻¹, symmetrised; Φ takes the lower triangle with half the diagonal"),
    "qr": ("Q R = x", "(g_Q + Q · symmetrised(R g_Rᵀ − g_Qᵀ Q)) R⁻ᵀ"),
    "svd": ("U diag(s) Vᵀ = x", "U (diag(g_s) + what g_U and g_V add by the gaps between the s) Vᵀ"),
    "eigh": ("V diag(w) Vᵀ = x", "V (diag(g_w) + Vᵀ g_V by the gaps between the w) Vᵀ"),
    "nan_to_num": ("x with numbers for NaN and infinities", "g where x is finite, else 0"),
    "linear_scan": (
        "outᵢ = factorᵢ · outᵢ₋₁ + xᵢ",
        "the same scan over g, from the end",
        "its result · the out before it",
    ),
    "embedding": ("weight[index], row by row", "g added in at the rows that were read"),
    "layer_norm": (
        "(x − mean) / √(var + eps) · weight + bias, over the last axes",
        "(ĝ − mean(ĝ) − x̂ · mean(ĝ · x̂)) / σ, with ĝ = g · weight",
        "Σ g · x̂ over the rows",
        "Σ g over the rows",
    ),
    "batch_norm": (
        "(x − mean) / √(var + eps) · weight + bias, over batch and places",
        "(ĝ − mean(ĝ) − x̂ · mean(ĝ · x̂)) / σ, with ĝ = g · weight",
        "Σ g · x̂ over batch and places",
        "Σ g over batch and places",
    ),
    "conv": (
        "x ⋆ weight + bias",
        "g, convolved with the kernel turned round",
        "x ⋆ g: each window of x times the g it made",
        "Σ g over batch and places",
    ),
    "conv_input": ("y, convolved with the kernel turned round", "g ⋆ weight", "g ⋆ y"),
    "conv_weight": ("x ⋆ y", "x ⋆ g", "y, convolved with g turned round"),
    "columns": ("each window of x as a column", "each place of g added up from its windows"),
    "add_columns": ("columns added up into an image", "each window of g as a column"),
    "max_pool": ("the largest of each window", "g at the largest of each window, 0 elsewhere"),
    "max_chosen": ("the chosen element of each window", "g at the chosen elements"),
    "max_spread": ("y at the chosen elements, 0 elsewhere", "the chosen elements of g"),
    "box_sum": ("Σ of each window", "g of each window, at all of its elements"),
    "box_spread": ("y of each window, at all of its elements", "Σ of g over each window"),
    "resample": ("weighted sums of x along an axis", "g through the same weights, the other way"),
}


def forward_text(name: str) -> str:
    """What operation `name` computes.

    >>> forward_text("tanh")
    'tanh x'
    """
    if name in FORMULAS:
        return FORMULAS[name][0]
    known = REGISTRY.get(name)
    return f"{name}({', '.join(known.parameters)})" if known is not None else f"{name}(…)"


def rule_text(name: str, place: int) -> str:
    """What operation `name` hands to its operand number `place`, given g.

    >>> rule_text("mul", 0), rule_text("cat", 3)
    ('g · y', 'the part of g that this operand filled')
    """
    if name not in FORMULAS:
        return _ELSEWHERE if name in REGISTRY else "as its backward() says"
    rules = FORMULAS[name][1:]
    known = REGISTRY.get(name)
    if name == "+" or (known is not None and known.variadic):
        return rules[0]
    return rules[place] if place < len(rules) else "none"


def operand_name(name: str, place: int) -> str:
    """What the primitive calls its operand number `place`: x, weight, ...

    >>> operand_name("linear", 1), operand_name("cat", 1)
    ('weight', 'tensors[1]')
    """
    known = REGISTRY.get(name)
    if known is None:
        return "xy"[place] if name == "×" and place < 2 else f"operand {place}"
    if known.variadic:
        return f"{known.parameters[0]}[{place}]"
    return known.parameters[place] if place < len(known.parameters) else f"operand {place}"
