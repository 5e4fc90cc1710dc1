"""Where corners differ from PyTorch on purpose: by call, quantity and kind of difference, each with its reason.

A kind is "ours<PyTorch's", each of 0, fin (another finite number), inf and nan. The test holds the table
to be minimal: every kind of every entry occurs.
"""

from __future__ import annotations

__all__ = ["EXCEPTIONS"]

LEFT_OUT = (
    "where another branch was taken (or the slope at a corner is defined as 0) the cotangent is left out; PyTorch "
    "multiplies it by 0, which is NaN for an infinite one"
)
ONE_PRODUCT = "the slope is one number, times the cotangent; PyTorch adds terms, and inf - inf is NaN"
ZERO_POWER = (
    "0^y and its derivatives are constant for y > 0, 0^0, 0^1 and 0^2 are smooth in the base; PyTorch forms 0 * inf"
)
AT_ORIGIN = "at the origin the gradient is 0 on both sides, and so is its derivative here; PyTorch's is NaN"
FAR_OUT = "far out, where the slope is constant, its derivative is 0 or as small as it is; PyTorch's formula ends in inf - inf or 0 * inf"
DIGITS = (
    "the slope of a sigmoid falls off as e^-|x|, and is formed from that; PyTorch takes it from a number that has "
    "rounded to 1 (test_corners compares ours with mpmath)"
)
EPSILON = "PyTorch's small constants are float32 numbers (1/6, 1e-12) or are added where the definition has none"
THRESHOLD = "at the threshold itself the second derivative is the smooth side's, as the value is; PyTorch's is 0"
KINK = "at the kink the slope is that of the side x <= 0, as the value is; PyTorch's second derivative takes the other"
CANCELS = "terms that cancel to all digits: what is left is rounding on both sides"
OVERFLOW = "1 / x of a denormal x overflows, and inf - inf is NaN; PyTorch flushes to 0"
SCALED = "alpha * other overflows before the sum; PyTorch's fused product does not round in between"
NO_SLOPE = "t log t has no slope at 0: NaN on both sides, whose derivatives differ; NaN for t < 0 is kept where PyTorch has g log t = 0 for g = 0"
STIRLING = "Stirling's term counts for targets above 1 alone; PyTorch takes its slope everywhere and multiplies by 0"
SOFTPLUS = "log(1 + e^-z) is formed without overflow; PyTorch's loss is infinite and its gradient NaN from z = -89 on"
LIMITED_LOG = (
    "the loss limits its logarithms to -100, and the target's gradient is the limited one; PyTorch's is unlimited"
)
EQUAL_LIMITS = "where both limits are equal the result is the limit, whose gradient PyTorch drops"
OTHERS = "the gradient is the product of the other factors, and of NaN or infinite ones NaN; PyTorch divides by x, or drops them"
SPREAD = "PyTorch's mean of huge or infinite numbers is another: the mean of [inf, 1, 2] is inf here, NaN there"
AT_ZERO_SPREAD = (
    "the gradient where all elements are equal is 0 on both sides; its derivative is 0 here, NaN in PyTorch"
)
ZERO_DIVISOR = "the sum of squares underflows before it is divided by 0"
NO_NORM = "the gradient at a vector of zeros, and at a zero among infinities or NaN, is 0 here, and so are its derivatives; PyTorch's are NaN"
NAN_NORM = "NaN is the largest, and what its gradient goes to cannot be told: NaN; PyTorch's is 0"
ONE_ULP = "three equal numbers near the largest of all: their mean is one ulp off, and that is the whole deviation"
SIGNED_ZERO = "max(-0, 0) is 0 here, -0 in PyTorch, and 1 / -0 is -inf"
CDIST = "PyTorch's cdist passes over NaN, gives every tie the whole gradient, and multiplies by 0 where here is nothing to multiply"
HUGE = "numbers of 1e20 and more, or denormal ones, of which one of the two formulas leaves no digits"

EXCEPTIONS: list[tuple[str, str, str, str]] = [
    # reason, call, quantity, kinds
    (LEFT_OUT, r"nan_to_num|amax|amin|\*\* [xy]$|atan2", r"grad . at", "0<nan"),
    (LEFT_OUT, r"norm\(x, (?!1,)|pairwise", r"grad . at", "0<nan"),
    (
        ONE_PRODUCT,
        r"softsign|gelu|cross_entropy|soft_margin|normalize\(x, p=inf|cosine_similarity",
        r"grad . at inf",
        "inf<nan",
    ),
    (ZERO_POWER, r"\*\* [xy]$", r"second", "0<nan fin<nan"),
    (AT_ORIGIN, r"atan2", r"second [xy]", "0<nan"),
    (OVERFLOW, r"atan2", r"grad . at inf", "nan<inf"),
    (OVERFLOW, r"atan2", r"second g", "nan<0"),
    (FAR_OUT, r"softsign", r"grad x|second", "0<nan fin<0 fin<fin"),
    (FAR_OUT, r"gelu|mish|logaddexp", r"second", "0<nan"),
    (FAR_OUT, r"addcdiv", r"second x", "0<nan inf<nan"),
    (DIGITS, r"gelu", r"value|grad x$|second [gx]", "fin<0 fin<fin"),
    (DIGITS, r"logsigmoid|silu|with_logits", r"grad x$|second x", "fin<0 fin<fin"),
    (DIGITS, r"mish", r"second x", "fin<0"),
    (CANCELS, r"logaddexp", r"second", "0<fin"),
    (CANCELS, r"addcdiv", r"second g", "0<fin"),
    (EPSILON, r"hardsigmoid", r"grad", "fin<fin"),
    (EPSILON, r"binary_cross_entropy\(|cosine_embedding", r"second", "fin<fin"),
    (EPSILON, r"binary_cross_entropy\(", r"second x", "0<fin"),
    (THRESHOLD, r"softplus", r"second x", "fin<0"),
    (KINK, r"prelu", r"second g", "0<fin"),
    (SCALED, r"alpha=2.0", r"value", "nan<inf"),
    (NO_SLOPE, r"kl_div", r"grad y$", "nan<0"),
    (NO_SLOPE, r"kl_div", r"second g", "0<nan fin<nan inf<nan nan<0 nan<fin nan<inf"),
    (STIRLING, r"poisson.*full", r"grad y|second y", "0<nan fin<nan inf<nan"),
    (SOFTPLUS, r"soft_margin", r"value|grad x$|second", "fin<inf 0<nan fin<nan"),
    (LIMITED_LOG, r"binary_cross_entropy\(", r"grad y|second", "0<nan fin<inf"),
    (EQUAL_LIMITS, r"clamp\(x, y, y\)", r"grad y|second g", "fin<0 inf<0 nan<0"),
    (OTHERS, r"prod\(", r"grad|second", "0<nan 0<fin fin<nan inf<nan nan<0 nan<fin nan<inf"),
    (SPREAD, r"var|std", r"value1|grad x|second", "inf<fin inf<nan nan<inf 0<fin fin<fin fin<inf fin<nan"),
    (AT_ZERO_SPREAD, r"std", r"second g", "0<nan"),
    (ZERO_DIVISOR, r"correction=[34]", r"value", "nan<inf"),
    (NO_NORM, r"norm\(|normalize|cosine_similarity", r"grad .$|second", "0<nan"),
    (NO_NORM, r"cosine_similarity", r"second", "fin<nan inf<nan"),
    (NAN_NORM, r"norm\(x, -?inf|distance\(x, y, inf", r"grad", "nan<0"),
    (HUGE, r"norm\(x, (1.5|2.5|3|0.5|-1|-2),", r"second", "0<fin fin<fin fin<0 nan<0 inf<nan"),
    (ONE_ULP, r"layer_norm|group_norm", r"value", "fin<0"),
    (SIGNED_ZERO, r"clamp\(0\)", r"grad|second", "inf<inf inf<nan"),
    (CDIST, r"cdist", r"value|grad", "0<nan fin<fin fin<nan nan<0 nan<fin inf<nan nan<inf"),
    (HUGE, r"gaussian", r"second", "fin<inf fin<fin"),
    (HUGE, r"triplet", r"value|second", "fin<0 fin<nan 0<fin"),
    (HUGE, r"cross_entropy\(x, y", r"second x", "0<fin fin<fin"),
]
