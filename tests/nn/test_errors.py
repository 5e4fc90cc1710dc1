"""What layers, losses, containers and utilities refuse, and in which words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn
from tinygrad_nn.nn import functional as F
from tinygrad_nn.nn import init, utils

x = tg.ones(4, 3)
classes = tg.tensor([0, 1, 2, 1])

CASES: list[tuple[Callable[[], Any], type[Exception], str]] = [
    # -- constructors ------------------------------------------------------------------------------
    (lambda: nn.Linear(0.5, 3), TypeError, "Linear: in_features must be an integer\n  got: in_features=0.5\n  fix: in_features=1"),
    (lambda: nn.Linear(3, "2"), TypeError, "Linear: out_features must be an integer\n  got: out_features='2'"),
    (lambda: nn.Linear(True, 2), TypeError, "in_features must be an integer\n  got: in_features=True"),
    (lambda: nn.Linear(-1, 2), ValueError, "Linear: in_features must be at least 0\n  got: in_features=-1"),
    (lambda: nn.Linear(2, 2, device="cuda"), RuntimeError, "device 'cuda' is not available"),
    (lambda: nn.Bilinear(0, 2, 2), ValueError, "Bilinear: in1_features must be at least 1"),
    (lambda: nn.LazyLinear(2.5), TypeError, "LazyLinear: out_features must be an integer"),
    (lambda: nn.RBF(2, 0), ValueError, "RBF: num_centers must be at least 1"),
    (lambda: nn.RBF(2, 3, width=0), ValueError, "RBF: width must be greater than 0\n  got: width=0"),
    (lambda: nn.PReLU(0), ValueError, "PReLU: num_parameters must be at least 1"),
    (lambda: nn.Dropout(-0.1), ValueError, "dropout probability has to be between 0 and 1\n  got: -0.1"),
    (lambda: nn.AlphaDropout(1.5), ValueError, "dropout probability has to be between 0 and 1\n  got: 1.5"),
    (lambda: nn.Dropout("half"), TypeError, "dropout probability has to be a number\n  got: 'half'"),
    (lambda: F.dropout(x, 2.0), ValueError, "between 0 and 1\n  got: 2.0"),
    (lambda: nn.LeakyReLU("0.1"), TypeError, "LeakyReLU: negative_slope must be a number"),
    (lambda: nn.ELU(None), TypeError, "ELU: alpha must be a number"),
    (lambda: nn.Hardtanh(1.0, 1.0), ValueError, "Hardtanh: max_val must be greater than min_val"),
    (lambda: nn.GELU("erf"), ValueError, "approximate argument must be either none or tanh\n  got: 'erf'"),
    (lambda: nn.Softshrink(-1), ValueError, "Softshrink: lambd must be at least 0"),
    (lambda: nn.Unflatten(1, (2, 2.0)), TypeError, "unflattened_size must be tuple of ints\n  got: float at position 1"),
    (lambda: nn.MSELoss(reduction="average"), ValueError, "'average' is not a valid value for reduction\n  got: 'average'\n  fix: 'none', 'mean' or 'sum'"),
    (lambda: nn.MSELoss(reduction="batchmean"), ValueError, "'batchmean' is not a valid value"),
    (lambda: nn.CrossEntropyLoss(label_smoothing=1.5), ValueError, "label_smoothing must be between 0.0 and 1.0\n  got: 1.5"),
    (lambda: nn.SmoothL1Loss(beta=-1), ValueError, "SmoothL1Loss: beta must be at least 0"),
    (lambda: nn.HuberLoss(delta=0), ValueError, "HuberLoss: delta must be greater than 0"),
    (lambda: nn.TripletMarginLoss(margin=0), ValueError, "TripletMarginLoss: margin must be greater than 0"),
    # -- forwards ----------------------------------------------------------------------------------
    (lambda: nn.Linear(4, 2)(x), RuntimeError, "linear in Linear: the input's last dimension must be in_features=4\n  got: input (4, 3), weight (2, 4)\n  fix: flatten the input, or make the layer Linear(3, 2)"),
    (lambda: nn.Linear(3, 2)(x.double()), RuntimeError, "linear in Linear: mat1 and mat2 must have the same dtype\n  got: input tinygrad_nn.float64, weight tinygrad_nn.float32"),
    (lambda: nn.Linear(3, 2)([1.0, 2.0, 3.0]), TypeError, "linear in Linear: argument 'input' must be a Tensor\n  got: list"),
    (lambda: nn.Bilinear(3, 4, 2)(x, x), RuntimeError, "bilinear in Bilinear: the inputs need equal leading dimensions"),
    (lambda: nn.RBF(2, 3)(x), RuntimeError, "rbf in RBF: the input's last dimension must be in_features=2\n  got: input (4, 3), centers (3, 2)\n  fix: RBF(3, 3)"),
    (lambda: nn.PReLU(2)(x), RuntimeError, "prelu in PReLU: the weight needs one element, or one per channel of the input\n  got: input (4, 3) of 3 channels, weight (2,)\n  fix: PReLU(num_parameters=3)"),
    (lambda: nn.GLU()(x), RuntimeError, "glu in GLU: Halving dimension must be even, but dimension 1 is size 3"),
    (lambda: nn.GLU()(tg.tensor(1.0)), RuntimeError, "does not support 0-dimensional tensors"),
    (lambda: nn.CELU(0.0)(x), RuntimeError, "alpha cannot be 0 for CELU"),
    (lambda: nn.Softmax(2)(x), IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 2)"),
    (lambda: F.softmax(classes, 0), RuntimeError, "softmax: the input must be floating\n  got: dtype tinygrad_nn.int64"),
    (lambda: nn.Softmax2d()(x), ValueError, "Softmax2d: expected input to be 3D or 4D, got 2D instead"),
    (lambda: F.gelu(x, approximate="x"), RuntimeError, "approximate argument must be either none or tanh"),
    (lambda: F.hardtanh(x, 2, 1), ValueError, "min_val cannot be greater than max_val"),
    (lambda: F.softshrink(x, -1), RuntimeError, "lambda must be greater or equal to 0"),
    (lambda: F.dropout2d(tg.ones(3)), RuntimeError, "Feature dropout requires at least 2 dimensions in the input"),
    (lambda: F.one_hot(x), RuntimeError, "one_hot is only applicable to index tensor\n  got: dtype tinygrad_nn.float32\n  fix: tensor.long()"),
    (lambda: F.one_hot(classes, 2), RuntimeError, "Class values must be in [0, 1]\n  got: values from 0 to 2\n  fix: num_classes=3"),
    (lambda: F.one_hot(tg.tensor([-1]), 2), RuntimeError, "got: values from -1 to -1\n  fix: classes count from 0"),
    (lambda: F.one_hot(classes, 0), RuntimeError, "num_classes should be positive"),
    (lambda: F.one_hot(classes[:0]), RuntimeError, "Can not infer total number of classes from empty tensor."),
    (lambda: nn.Module()(x), NotImplementedError, 'Module [Module] is missing the required "forward" function'),
    # -- losses ------------------------------------------------------------------------------------
    (lambda: F.cross_entropy(x, tg.tensor([0, 1, 3, 1])), IndexError, "cross_entropy: Target 3 is out of bounds\n  got: class 3 at [2], for 3 classes 0..2\n  fix: make the input (N, 4)"),
    (lambda: F.cross_entropy(x, tg.tensor([1, 2, 3, 1])), IndexError, "Target 3 is out of bounds\n  got: class 3 at [2], for 3 classes 0..2\n  fix: classes count from 0: target - 1"),
    (lambda: F.cross_entropy(x, tg.tensor([0, -1, 2, 1])), IndexError, "Target -1 is out of bounds\n  got: class -1 at [1], for 3 classes 0..2\n  fix: ignore_index=-1 leaves such targets out"),
    (lambda: F.nll_loss(x, tg.tensor([0, 5, 2, -100])), IndexError, "nll_loss: Target 5 is out of bounds"),
    (lambda: F.cross_entropy(x, classes.float()), RuntimeError, "cross_entropy: expected scalar type Long for class indices but found tinygrad_nn.float32\n  got: target (4,) tinygrad_nn.float32, input (4, 3)\n  fix: target.long()"),
    (lambda: F.cross_entropy(x, classes.reshape(4, 1)), RuntimeError, "the target must hold one class index for each row, (4,)\n  got: input (4, 3), target (4, 1)\n  fix: target.squeeze(1)"),
    (lambda: F.cross_entropy(x, F.one_hot(classes, 3)), RuntimeError, "Expected floating point type for target with class probabilities\n  got: integers, input (4, 3), target (4, 3)\n  fix: target.argmax(1) for class indices"),
    (lambda: F.cross_entropy(x, classes[:3]), ValueError, "Expected input batch_size (4) to match target batch_size (3)."),
    (lambda: F.cross_entropy(classes.reshape(2, 2), classes[:2]), RuntimeError, "cross_entropy: the input must be floating\n  got: dtype tinygrad_nn.int64"),
    (lambda: F.cross_entropy(tg.tensor(1.0), tg.tensor(0)), RuntimeError, "the input needs a dimension of classes"),
    (lambda: F.cross_entropy(x, classes, weight=tg.ones(2)), RuntimeError, "weight tensor should be defined either for all 3 classes or no classes\n  got: weight (2,)"),
    (lambda: F.cross_entropy(x, [0, 1, 2, 1]), TypeError, "cross_entropy: argument 'target' must be a Tensor\n  got: list"),
    (lambda: nn.MSELoss()(tg.ones(4, 1), tg.ones(4)), RuntimeError, "mse_loss in MSELoss: input and target broadcast to a shape that neither has, (4, 4): every input would be compared with every target\n  got: input (4, 1), target (4,)\n  fix: target.unsqueeze(1), or input.squeeze(1)"),
    (lambda: nn.L1Loss()(tg.ones(4), tg.ones(4, 1)), RuntimeError, "l1_loss in L1Loss: input and target broadcast to a shape that neither has, (4, 4)"),
    (lambda: F.smooth_l1_loss(tg.ones(4), tg.ones(4, 1)), RuntimeError, "fix: input.unsqueeze(1), or target.squeeze(1)"),
    (lambda: F.huber_loss(tg.ones(2, 1), tg.ones(1, 3)), RuntimeError, "fix: reshape one of them to the other's shape"),
    (lambda: F.mse_loss(tg.ones(4), tg.ones(3)), RuntimeError, "mse_loss: input and target do not fit"),
    (lambda: F.mse_loss(x, x, weight=tg.ones(3)), ValueError, "Weights and input must have the same size."),
    (lambda: F.mse_loss(x, x, reduction="avg"), ValueError, "'avg' is not a valid value for reduction"),
    (lambda: F.smooth_l1_loss(x, x, beta=-1.0), RuntimeError, "does not support negative values for beta"),
    (lambda: F.huber_loss(x, x, delta=0.0), RuntimeError, "does not support non-positive values for delta"),
    (lambda: F.binary_cross_entropy(x * 2, x), RuntimeError, "all elements of input should be between 0 and 1\n  got: values from 2.0 to 2.0\n  fix: apply sigmoid first, or use binary_cross_entropy_with_logits"),
    (lambda: F.binary_cross_entropy(x, tg.ones(4)), ValueError, "binary_cross_entropy: Target size must be the same as input size\n  got: input (4, 3), target (4,)"),
    (lambda: F.binary_cross_entropy_with_logits(tg.ones(4, 1), tg.ones(4)), ValueError, "Target size must be the same as input size\n  got: input (4, 1), target (4,)\n  fix: target.reshape((4, 1))"),
    (lambda: F.gaussian_nll_loss(x, x, tg.ones(2)), ValueError, "var is of incorrect size\n  got: var (2,), input (4, 3)\n  fix: var (4, 3) or (4, 1)"),
    (lambda: F.gaussian_nll_loss(x, x, -x), ValueError, "var has negative entry/entries\n  got: smallest -1.0"),
    (lambda: F.gaussian_nll_loss(x, x, x, reduction="avg"), ValueError, "avg is not valid"),
    (lambda: F.margin_ranking_loss(x, x, tg.ones(4)), RuntimeError, "all input tensors should have the same dimension"),
    (lambda: F.cosine_embedding_loss(x, x, x), RuntimeError, "2D target tensor expects 3D input tensors"),
    (lambda: F.triplet_margin_loss(x, x, x, margin=-1), ValueError, "margin must be greater than 0\n  got: margin=-1"),
    (lambda: F.triplet_margin_loss(x, x, tg.ones(3)), RuntimeError, "are expected to have the same number of dimensions\n  got: anchor 2D, positive 2D, and negative 1D inputs"),
    (lambda: F.ctc_loss(x, classes, (4,), (9,)), RuntimeError, "Expected target_lengths to have values from 0 to 4\n  got: [9]"),
    (lambda: F.ctc_loss(x, classes, (5,), (4,)), RuntimeError, "Expected input_lengths to have values from 0 to 4"),
    (lambda: F.ctc_loss(x, classes, (4,), (4,), blank=3), ValueError, "blank must be in label range\n  got: blank=3\n  fix: 0..2"),
    (lambda: F.ctc_loss(x, classes + 7, (4,), (4,)), RuntimeError, "labels must be from 0 to 2\n  got: labels from 7 to 9"),
    (lambda: F.ctc_loss(x, x, (4,), (4,)), RuntimeError, "targets must be integers"),
    (lambda: F.ctc_loss(x, classes, (4, 4), (4,)), RuntimeError, "input_lengths must have one length for each of the 1 sequences"),
    (lambda: F.ctc_loss(x.reshape(2, 2, 3), classes, (2, 2), (2, 1)), RuntimeError, "targets must be (N, S), or all one after the other"),
    (lambda: F.ctc_loss(tg.ones(3), classes, (4,), (4,)), RuntimeError, "log_probs must be floating, (T, N, C) or (T, C)"),
    # -- parameters, containers ----------------------------------------------------------------------
    (lambda: nn.Parameter([1.0]), TypeError, "Parameter: the data must be a tensor\n  got: list\n  fix: Parameter(tensor(data))"),
    (lambda: nn.Parameter(classes), RuntimeError, "only Tensors of floating point dtype can require gradients"),
    (lambda: nn.Sequential([nn.ReLU()]), TypeError, "list is not a Module subclass\n  got: Sequential of a list\n  fix: Sequential(*layers)"),
    (lambda: nn.Sequential(nn.ReLU, nn.Linear(2, 2)), TypeError, "type is not a Module subclass"),
    (lambda: nn.Sequential(nn.ReLU())[1], IndexError, "Sequential: index 1 is out of range for 1 entries"),
    (lambda: nn.Sequential(nn.ReLU()) + [nn.ReLU()], ValueError, "add operator supports only objects of Sequential class\n  got: list"),
    (lambda: nn.Sequential(nn.ReLU()) * 0, ValueError, "Non-positive multiplication factor 0"),
    (lambda: nn.Sequential(nn.ReLU()) * 1.5, TypeError, "unsupported operand type(s) for *"),
    (lambda: nn.Sequential(nn.ReLU()).insert(3, nn.ReLU()), IndexError, "Index out of range: 3"),
    (lambda: nn.Sequential().insert(0, 3), TypeError, "Sequential.insert: module should be an nn.Module\n  got: int"),
    (lambda: nn.ModuleList(3), TypeError, "ModuleList.extend should be called with an iterable\n  got: int"),
    (lambda: nn.ModuleList()[0], IndexError, "ModuleList: index 0 is out of range for 0 entries"),
    (lambda: nn.ModuleDict(3), TypeError, "ModuleDict.update should be called with an iterable of key/value pairs"),
    (lambda: nn.ModuleDict([("a",)]), ValueError, "ModuleDict update sequence element #0 has length 1; 2 is required"),
    (lambda: nn.ModuleDict([3]), TypeError, "ModuleDict update sequence element #0 should be Iterable\n  got: int"),
    (lambda: nn.ModuleDict({"keys": nn.ReLU()}), KeyError, "attribute 'keys' already exists"),
    (lambda: nn.ModuleDict({"a.b": nn.ReLU()}), KeyError, 'contain ".", got: a.b'),
    (lambda: nn.ParameterList(x), TypeError, "ParameterList.extend should be called with an iterable\n  got: Tensor"),
    (lambda: nn.ParameterList()(1), RuntimeError, "ParameterList should not be called."),
    (lambda: nn.ParameterDict()(1), RuntimeError, "ParameterDict should not be called."),
    (lambda: nn.ParameterDict({"keys": x}), KeyError, "attribute 'keys' already exists"),
    (lambda: nn.ParameterDict([(1, x)]), TypeError, "ParameterDict: a key must be a string"),
    # -- Module --------------------------------------------------------------------------------------
    (lambda: nn.Module(3, a=4), TypeError, "Module takes no arguments\n  got: 3, a=4"),
    (lambda: setattr(nn.Linear(2, 2), "weight", tg.ones(2, 2)), TypeError, "cannot assign 'Tensor' as parameter 'weight' (nn.Parameter or None expected)"),
    (lambda: setattr(nn.Sequential(nn.ReLU()), "0", 3), TypeError, "cannot assign 'int' as child module '0' (nn.Module or None expected)"),
    (lambda: setattr(nn.CrossEntropyLoss(weight=tg.ones(2)), "weight", 3), TypeError, "cannot assign 'int' as buffer 'weight' (Tensor or None expected)"),
    (lambda: nn.Linear(2, 2).register_parameter("p", tg.ones(1)), TypeError, "cannot assign 'Tensor' object to parameter 'p' (Parameter or None required)\n  fix: wrap it: nn.Parameter(tensor)"),
    (lambda: nn.Linear(2, 2).register_buffer("b", [1.0]), TypeError, "cannot assign 'list' object to buffer 'b' (Tensor or None required)"),
    (lambda: nn.Linear(2, 2).register_buffer("", x), KeyError, 'be empty string ""'),
    (lambda: nn.Linear(2, 2).register_buffer(3, x), TypeError, "buffer name should be a string\n  got: int"),
    (lambda: nn.Linear(2, 2).register_buffer("forward", x), KeyError, "attribute 'forward' already exists"),
    (lambda: nn.Linear(2, 2).add_module("m", 3), TypeError, "int is not a Module subclass"),
    (lambda: nn.Linear(2, 2).wieght, AttributeError, "'Linear' object has no attribute 'wieght'. Did you mean 'weight'?"),
    (lambda: nn.Linear(2, 2).state_dcit(), AttributeError, "Did you mean 'state_dict'"),
    (lambda: nn.Linear(2, 2).qqqqq, AttributeError, "'Linear' object has no attribute 'qqqqq'"),
    (lambda: nn.Sequential(nn.ReLU()).get_submodule("0.1"), AttributeError, "ReLU has no attribute `1` (in get_submodule('0.1'))"),
    (lambda: nn.Linear(2, 2).get_submodule("weight"), AttributeError, "`weight` is not an nn.Module"),
    (lambda: nn.Linear(2, 2).get_parameter("training"), AttributeError, "`training` is not an nn.Parameter"),
    (lambda: nn.Linear(2, 2).get_buffer("weight"), AttributeError, "`weight` is not a buffer"),
    (lambda: nn.Linear(2, 2).set_submodule("", nn.ReLU()), ValueError, "Cannot set the submodule without a target name!"),
    (lambda: nn.Linear(2, 2).set_submodule("a", nn.ReLU(), strict=True), AttributeError, "Linear has no attribute `a`"),
    (lambda: nn.Linear(2, 2).set_submodule("a", 3), ValueError, "set_submodule: `module` is not an nn.Module"),
    (lambda: nn.Linear(2, 2).train("yes"), ValueError, "training mode is expected to be boolean"),
    (lambda: nn.Linear(2, 2).to(tg.int64), TypeError, "nn.Module.to only accepts floating point dtypes\n  got: dtype=tinygrad_nn.int64"),
    (lambda: nn.Linear(2, 2).to("cuda"), RuntimeError, "device 'cuda' is not available"),
    (lambda: nn.Linear(2, 2).cuda(), RuntimeError, "device 'cuda' is not available"),
    (lambda: nn.Linear(2, 2).to(kind=3), TypeError, "to: unexpected argument 'kind'"),
    (lambda: nn.Linear(2, 2).load_state_dict(3), TypeError, "expected state_dict to be dict-like\n  got: int"),
    (lambda: nn.Linear(2, 2).load_state_dict({"weight": [[1.0]], "bias": tg.ones(2)}), RuntimeError, 'While copying the parameter named "weight", expected'),
    # -- init and utils --------------------------------------------------------------------------------
    (lambda: init.kaiming_uniform_(tg.ones(3)), ValueError, "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions\n  got: init.kaiming_uniform_ of shape (3,)"),
    (lambda: init.kaiming_normal_(x, mode="fan"), ValueError, "Mode fan not supported, please use one of ['fan_in', 'fan_out']"),
    (lambda: init.calculate_gain("swish"), ValueError, "Unsupported nonlinearity swish"),
    (lambda: init.calculate_gain("leaky_relu", "a"), ValueError, "negative_slope a not a valid number"),
    (lambda: init.eye_(tg.ones(3)), ValueError, "init.eye_: Only tensors with 2 dimensions are supported\n  got: shape (3,)"),
    (lambda: init.sparse_(tg.ones(3), 0.1), ValueError, "init.sparse_: Only tensors with 2 dimensions are supported"),
    (lambda: init.dirac_(tg.ones(3, 3)), ValueError, "init.dirac_: Only tensors with 3, 4, 5 dimensions are supported"),
    (lambda: init.dirac_(tg.ones(3, 3, 3), 2), ValueError, "dim 0 must be divisible by groups"),
    (lambda: init.orthogonal_(tg.ones(3)), ValueError, "Only tensors with 2 or more dimensions are supported"),
    (lambda: init.zeros_(np.ones(3)), TypeError, "init.constant_: the argument must be a tensor\n  got: ndarray"),
    (lambda: init.normal_([1.0]), TypeError, "init.normal_: the argument must be a tensor"),
    (lambda: utils.get_total_norm([tg.tensor([float("nan")])], error_if_nonfinite=True), RuntimeError, "is non-finite, so it cannot be clipped\n  got: norm nan"),
    (lambda: utils.vector_to_parameters(tg.ones(3), nn.Linear(2, 2).parameters()), RuntimeError, "the vector is too short\n  got: 3 elements for 6 in the parameters"),
    (lambda: utils.vector_to_parameters(3, []), TypeError, "the vector must be a tensor\n  got: int"),
    (lambda: utils.weight_norm(utils.weight_norm(nn.Linear(2, 2))), RuntimeError, "Cannot register two weight_norm hooks on the same parameter weight"),
    (lambda: utils.weight_norm(nn.Linear(2, 2), "w"), ValueError, "weight_norm: the module has no parameter `w`"),
    (lambda: utils.weight_norm(nn.LazyLinear(2)), ValueError, "can't have uninitialized parameters"),
    (lambda: utils.remove_weight_norm(nn.Linear(2, 2)), ValueError, "weight_norm of 'weight' not found in Linear"),
    (lambda: utils.spectral_norm(nn.Linear(2, 2), n_power_iterations=0), ValueError, "Expected n_power_iterations to be positive"),
    (lambda: utils.remove_spectral_norm(nn.Linear(2, 2)), ValueError, "spectral_norm of 'weight' not found"),
    (lambda: utils.parametrizations.spectral_norm(nn.Linear(2, 2), "w"), ValueError, "has no parameter or buffer with name 'w'"),
    (lambda: utils.parametrizations.spectral_norm(nn.Linear(2, 2), dim=2), IndexError, "expected to be in range of [-2, 1] but got 2"),
    (lambda: utils.parametrizations.weight_norm(nn.Linear(2, 2), "w"), ValueError, "does not have a parameter, a buffer, or a parametrized element with name 'w'"),
    (lambda: utils.parametrize.register_parametrization(nn.Linear(3, 2), "weight", nn.Flatten(0)), ValueError, "may not change the shape of the tensor, unless `unsafe` flag is enabled.\n  got: "),
    (lambda: utils.parametrize.remove_parametrizations(nn.Linear(2, 2), "weight"), ValueError, "does not have a parametrization on weight"),
    (lambda: utils.parametrize.remove_parametrizations(utils.parametrizations.weight_norm(nn.Linear(2, 2)), "weight", False), ValueError, "Cannot leave unparametrized"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "text"), CASES, ids=[case[2].split("\n")[0][:60] for case in CASES])
def test_refused_in_these_words(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=re.escape(text)):
        call()


def test_a_layer_that_forgot_super_says_so() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.layer = nn.ReLU()

    with pytest.raises(AttributeError, match=r"cannot assign module before Module.__init__\(\) call"):
        Net()

    class Late(nn.Module):
        def __init__(self) -> None:
            self.size = 3

    with pytest.raises(AttributeError, match=r"no attribute 'layer': Module.__init__\(\) was not called"):
        Late().layer  # noqa: B018


def test_an_error_inside_a_property_is_the_one_that_is_seen() -> None:
    class Net(nn.Module):
        @property
        def size(self) -> int:
            return self.missing_part  # type: ignore[no-any-return]

    with pytest.raises(AttributeError, match="missing_part"):
        Net().size  # noqa: B018


@pytest.mark.parametrize(
    ("value", "holder"),
    [
        ([nn.ReLU()], "nn.ModuleList"), ((nn.ReLU(),), "nn.ModuleList"), ({"a": nn.ReLU()}, "nn.ModuleDict"),
        ([nn.Parameter(tg.ones(1))], "nn.ParameterList"), ({"a": nn.Parameter(tg.ones(1))}, "nn.ParameterDict"),
    ],
)  # fmt: skip
def test_modules_in_a_plain_container_warn_at_the_assignment(value: Any, holder: str) -> None:
    module = nn.Module()
    with pytest.warns(
        UserWarning, match=rf"(?s)Module.layers: .*not found by parameters\(\).*fix: self.layers = {holder}\("
    ) as seen:
        module.layers = value
    assert seen[0].filename == __file__
    assert list(module.children()) == []


def test_other_plain_containers_do_not_warn(recwarn: pytest.WarningsRecorder) -> None:
    module = nn.Module()
    module.sizes, module.names, module.table, module.nothing = [1, 2], ("a",), {"b": 3}, []
    assert not recwarn.list


@pytest.mark.parametrize("loss", [F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss])
def test_other_broadcasting_in_a_loss_warns_as_pytorch_does(loss: Callable[..., Any]) -> None:
    with pytest.warns(
        UserWarning, match=r"Using a target size \(\(3,\)\) that is different to the input size \(\(4, 3\)\)"
    ):
        loss(x, tg.ones(3))


def test_old_reduction_flags_warn_and_work() -> None:
    with pytest.warns(UserWarning, match="please use reduction='sum' instead"):
        assert nn.MSELoss(size_average=False).reduction == "sum"
    with pytest.warns(UserWarning, match="please use reduction='none' instead"):
        assert tuple(F.mse_loss(x, x, reduce=False).shape) == (4, 3)


def test_softmax_without_a_dimension_warns() -> None:
    with pytest.warns(UserWarning, match="Implicit dimension choice for softmax has been deprecated"):
        F.softmax(x)


def test_kl_divergence_with_mean_warns() -> None:
    with pytest.warns(UserWarning, match="'batchmean' divides only by the batch size"):
        F.kl_div(x, x)


def test_old_initialiser_names_warn_and_work() -> None:
    with pytest.warns(FutureWarning, match=r"`nn.init.constant` is now deprecated in favor of `nn.init.constant_`"):
        assert init.constant(tg.ones(2), 3.0).tolist() == [3.0, 3.0]


def test_clipping_an_empty_generator_warns() -> None:
    with pytest.warns(UserWarning, match="empty generator, no gradient clipping will occur"):
        utils.clip_grad_norm_((p for p in []), 1.0)


def test_a_failing_always_call_hook_does_not_hide_the_first_error() -> None:
    layer = nn.Linear(2, 2)
    layer.register_forward_hook(lambda *_: 1 / 0, always_call=True)
    with (
        pytest.warns(UserWarning, match="raised an exception that was silenced as another error was raised in forward"),
        pytest.raises(RuntimeError, match="in_features=2"),
    ):
        layer(x)


def test_wrong_hook_results_are_refused() -> None:
    layer = nn.Linear(3, 3)
    with (
        layer.register_forward_pre_hook(lambda *_: 3, with_kwargs=True),
        pytest.raises(RuntimeError, match="must return None or a tuple"),
    ):
        layer(x)
    leaf = tg.ones(4, 3, requires_grad=True)
    with (
        layer.register_full_backward_hook(lambda *_: (1, 2)),
        pytest.raises(RuntimeError, match="invalid number of gradients\n  got: 2, but expected 1"),
    ):
        layer(leaf).sum().backward()
    with (
        layer.register_full_backward_hook(lambda m, gi, go: (go[0],)),
        pytest.raises(RuntimeError, match="the hook cannot replace one"),
    ):
        layer(x).sum().backward()
    layer.forward = lambda x: {"y": x}  # type: ignore[method-assign, assignment, return-value]
    with (
        layer.register_full_backward_hook(lambda *_: None),
        pytest.warns(UserWarning, match="module output should be a Tensor or a tuple"),
    ):
        layer(x)
