"""The usual step (zero_grad, loss, backward, step) with every optimizer, schedule, layer and loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tinygrad_nn as tg
from tests.compiler.steps.scene import Scene, batches, step
from tinygrad_nn import nn, optim
from tinygrad_nn.nn import functional as F
from tinygrad_nn.optim import lr_scheduler as schedules


def mlp() -> nn.Sequential:
    return nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3))


def train(
    name: str, model: Callable[[], nn.Module] = mlp, loss: Any = None, opt: Any = None, data: Any = None,
    schedule: Any = None, inside: bool = False,
) -> None:  # fmt: skip
    """Enter the usual step: `loss(output, *targets)`, `opt(parameters)`, `schedule(optimizer)` after each call."""

    @step(name)
    def build(compile: Any) -> Scene:
        net = model()
        optimizer = (opt or (lambda p: optim.SGD(p, lr=0.05)))(net.parameters())
        criterion = loss() if loss is not None else nn.CrossEntropyLoss()
        scheduler = None if schedule is None else schedule(optimizer)

        def train_step(x: Any, *targets: Any) -> Any:
            optimizer.zero_grad()
            value = criterion(net(x), *targets)
            value.backward()
            optimizer.step()
            if scheduler is not None and inside:
                scheduler.step()
            return value

        def between(k: int) -> None:
            if scheduler is not None and not inside and k:
                scheduler.step()

        examples = batches((4, 5), ("class", (4,))) if data is None else data()
        return Scene(compile(train_step), examples, [net, optimizer, scheduler and scheduler.get_last_lr()], between)


def output_square(name: str, model: Callable[[], nn.Module], *shapes: Any, classes: int = 3) -> None:
    """A layer under the mean square of its output, between nothing and nothing."""
    train(name, model, lambda: lambda y, *_: _square(y), None, lambda: batches(*shapes, classes=classes))


def _square(y: Any) -> Any:
    if isinstance(y, tuple):
        return sum((_square(part) for part in y[1:]), _square(y[0]))
    return (y * y).mean()


# -- optimizers ----------------------------------------------------------------------------------------

OPTIMIZERS: dict[str, Any] = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "sgd-momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "sgd-dampening": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.3),
    "sgd-nesterov-decay": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "sgd-maximize": lambda p: optim.SGD(p, lr=0.01, maximize=True),
    "adam": lambda p: optim.Adam(p, lr=0.01),
    "adam-amsgrad": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "adam-decay": lambda p: optim.Adam(p, lr=0.01, weight_decay=0.1),
    "adam-betas": lambda p: optim.Adam(p, lr=0.01, betas=(0.5, 0.9), eps=1e-3),
    "adam-tensor-lr": lambda p: optim.Adam(p, lr=tg.tensor(0.01)),
    "adamw": lambda p: optim.AdamW(p, lr=0.01, weight_decay=0.1),
    "adamw-amsgrad": lambda p: optim.AdamW(p, lr=0.01, amsgrad=True),
    "nadam": lambda p: optim.NAdam(p, lr=0.01),
    "nadam-decay": lambda p: optim.NAdam(p, lr=0.01, weight_decay=0.1, decoupled_weight_decay=True),
    "radam": lambda p: optim.RAdam(p, lr=0.01),
    "radam-decay": lambda p: optim.RAdam(p, lr=0.01, weight_decay=0.1),
    "adamax": lambda p: optim.Adamax(p, lr=0.01),
    "adagrad": lambda p: optim.Adagrad(p, lr=0.05),
    "adagrad-lr-decay": lambda p: optim.Adagrad(p, lr=0.05, lr_decay=0.1, weight_decay=0.01),
    "adadelta": lambda p: optim.Adadelta(p, lr=0.5),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.01),
    "rmsprop-centered": lambda p: optim.RMSprop(p, lr=0.01, centered=True),
    "rmsprop-momentum": lambda p: optim.RMSprop(p, lr=0.01, momentum=0.9, weight_decay=0.01),
}
for key, make in OPTIMIZERS.items():
    train(f"optimizer/{key}", opt=make)


def wide() -> nn.Sequential:
    return nn.Sequential(nn.Linear(5, 7000), nn.ReLU(), nn.Linear(7000, 3))


train("optimizer/adam-large-and-small", wide, opt=OPTIMIZERS["adam"])
train("optimizer/momentum-large-and-small", wide, opt=OPTIMIZERS["sgd-momentum"])
train("optimizer/float64", lambda: mlp().double(), opt=OPTIMIZERS["adam"], loss=lambda: lambda y: (y * y).sum(),
      data=lambda: batches((4, 5), dtype="float64"))  # fmt: skip

# -- schedules -----------------------------------------------------------------------------------------

SCHEDULES: dict[str, Any] = {
    "step": lambda o: schedules.StepLR(o, 3, 0.5),
    "multistep": lambda o: schedules.MultiStepLR(o, [4, 9], 0.3),
    "constant": lambda o: schedules.ConstantLR(o, 0.2, 4),
    "linear": lambda o: schedules.LinearLR(o, 0.1, 1.0, 10),
    "exponential": lambda o: schedules.ExponentialLR(o, 0.9),
    "polynomial": lambda o: schedules.PolynomialLR(o, 15, 2.0),
    "cosine": lambda o: schedules.CosineAnnealingLR(o, 10),
    "warm-restarts": lambda o: schedules.CosineAnnealingWarmRestarts(o, 5),
    "lambda": lambda o: schedules.LambdaLR(o, lambda k: 0.9**k),
    "multiplicative": lambda o: schedules.MultiplicativeLR(o, lambda k: 0.95),
    "sequential": lambda o: schedules.SequentialLR(
        o, [schedules.LinearLR(o, 0.1, 1.0, 4), schedules.ExponentialLR(o, 0.8)], [4]
    ),
    "chained": lambda o: schedules.ChainedScheduler([schedules.ConstantLR(o, 0.1, 3), schedules.ExponentialLR(o, 0.9)]),
    "cyclic": lambda o: schedules.CyclicLR(o, 0.001, 0.1, 4, cycle_momentum=False),
}
for key, make in SCHEDULES.items():
    for kind in ("sgd", "sgd-momentum", "adam"):
        train(f"schedule/{key}-{kind}", opt=OPTIMIZERS[kind], schedule=make)
    train(f"schedule/{key}-inside", opt=OPTIMIZERS["adam"], schedule=make, inside=True)
for kind in ("sgd-momentum", "adam"):
    train(f"schedule/onecycle-{kind}", opt=OPTIMIZERS[kind], schedule=lambda o: schedules.OneCycleLR(o, 0.1, 20))
    train(
        f"schedule/cyclic-momentum-{kind}",
        opt=OPTIMIZERS[kind],
        schedule=lambda o: schedules.CyclicLR(o, 0.001, 0.1, 4),
    )
for kind in ("adamw", "rmsprop", "nadam", "radam", "adagrad", "adamax", "adadelta", "sgd-nesterov-decay"):
    train(f"schedule/exponential-{kind}", opt=OPTIMIZERS[kind], schedule=SCHEDULES["exponential"])

# -- layers --------------------------------------------------------------------------------------------

ACTIVATIONS = [
    nn.CELU, nn.ELU, nn.GELU, nn.Hardshrink, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.LeakyReLU, nn.LogSigmoid,
    nn.Mish, nn.PReLU, nn.ReLU, nn.ReLU6, nn.SELU, nn.SiLU, nn.Sigmoid, nn.Softplus, nn.Softshrink, nn.Softsign,
    nn.Tanh, nn.Tanhshrink, nn.Identity,
]  # fmt: skip
for layer in ACTIVATIONS:
    train(f"activation/{layer.__name__}", lambda layer=layer: nn.Sequential(nn.Linear(5, 8), layer(), nn.Linear(8, 3)))
train("activation/GELU-tanh", lambda: nn.Sequential(nn.Linear(5, 8), nn.GELU("tanh"), nn.Linear(8, 3)))
train("activation/GLU", lambda: nn.Sequential(nn.Linear(5, 8), nn.GLU(), nn.Linear(4, 3)))
train("activation/Threshold", lambda: nn.Sequential(nn.Linear(5, 8), nn.Threshold(0.1, 0.2), nn.Linear(8, 3)))
train("activation/Softmax", lambda: nn.Sequential(nn.Linear(5, 8), nn.Softmax(1), nn.Linear(8, 3)))
train("activation/Softmin", lambda: nn.Sequential(nn.Linear(5, 8), nn.Softmin(1), nn.Linear(8, 3)))
train("activation/LogSoftmax", lambda: nn.Sequential(nn.Linear(5, 8), nn.LogSoftmax(1), nn.Linear(8, 3)))
train("activation/relu-inplace", lambda: nn.Sequential(nn.Linear(5, 8), nn.ReLU(inplace=True), nn.Linear(8, 3)))
train(
    "activation/dropout-inplace", lambda: nn.Sequential(nn.Linear(5, 8), nn.Dropout(0.5, inplace=True), nn.Linear(8, 3))
)

for key, make in {
    "Dropout": lambda: nn.Dropout(0.4),
    "AlphaDropout": lambda: nn.AlphaDropout(0.4),
    "FeatureAlphaDropout": lambda: nn.FeatureAlphaDropout(0.4),
    "BatchNorm1d": lambda: nn.BatchNorm1d(8),
    "BatchNorm1d-plain": lambda: nn.BatchNorm1d(8, affine=False),
    "BatchNorm1d-untracked": lambda: nn.BatchNorm1d(8, track_running_stats=False),
    "BatchNorm1d-average": lambda: nn.BatchNorm1d(8, momentum=None),
    "LayerNorm": lambda: nn.LayerNorm(8),
    "LayerNorm-plain": lambda: nn.LayerNorm(8, elementwise_affine=False),
    "LayerNorm-no-bias": lambda: nn.LayerNorm(8, bias=False),
    "RMSNorm": lambda: nn.RMSNorm(8),
    "GroupNorm": lambda: nn.GroupNorm(2, 8),
}.items():
    train(f"layer/{key}", lambda make=make: nn.Sequential(nn.Linear(5, 8), make(), nn.ReLU(), nn.Linear(8, 3)))

for key, make, shape in [
    ("Conv1d", lambda: nn.Conv1d(2, 3, 3), (2, 2, 9)),
    ("Conv1d-stride", lambda: nn.Conv1d(2, 4, 3, stride=2, padding=1, groups=2), (2, 2, 9)),
    ("Conv2d", lambda: nn.Conv2d(2, 3, 3), (2, 2, 6, 6)),
    ("Conv2d-same", lambda: nn.Conv2d(2, 3, 3, padding="same", dilation=2), (2, 2, 6, 6)),
    ("Conv2d-reflect", lambda: nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"), (2, 2, 6, 6)),
    ("Conv2d-circular", lambda: nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular"), (2, 2, 6, 6)),
    ("Conv3d", lambda: nn.Conv3d(1, 2, 2), (2, 1, 4, 4, 4)),
    ("ConvTranspose1d", lambda: nn.ConvTranspose1d(2, 3, 3), (2, 2, 5)),
    ("ConvTranspose2d", lambda: nn.ConvTranspose2d(2, 3, 3, stride=2, output_padding=1), (2, 2, 4, 4)),
    ("ConvTranspose3d", lambda: nn.ConvTranspose3d(1, 2, 2), (1, 1, 3, 3, 3)),
    ("BatchNorm2d", lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)), (2, 2, 6, 6)),
    ("BatchNorm3d", lambda: nn.Sequential(nn.Conv3d(1, 2, 2), nn.BatchNorm3d(2)), (2, 1, 3, 3, 3)),
    ("InstanceNorm1d", lambda: nn.Sequential(nn.Conv1d(2, 3, 3), nn.InstanceNorm1d(3, affine=True)), (2, 2, 9)),
    ("InstanceNorm2d", lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.InstanceNorm2d(3)), (2, 2, 6, 6)),
    ("InstanceNorm2d-tracked", lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.InstanceNorm2d(3, track_running_stats=True)),
     (2, 2, 6, 6)),
    ("GroupNorm2d", lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.GroupNorm(2, 4)), (2, 2, 6, 6)),
    ("MaxPool1d", lambda: nn.Sequential(nn.Conv1d(2, 3, 3), nn.MaxPool1d(2)), (2, 2, 9)),
    ("MaxPool2d", lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.MaxPool2d(2)), (2, 2, 6, 6)),
    ("MaxPool2d-overlap", lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.MaxPool2d(3, 1, 1)), (2, 2, 6, 6)),
    ("MaxPool3d", lambda: nn.Sequential(nn.Conv3d(1, 2, 2), nn.MaxPool3d(2)), (2, 1, 5, 5, 5)),
    ("AvgPool1d", lambda: nn.Sequential(nn.Conv1d(2, 3, 3), nn.AvgPool1d(2)), (2, 2, 9)),
    ("AvgPool2d", lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.AvgPool2d(2)), (2, 2, 6, 6)),
    ("AvgPool2d-padded", lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.AvgPool2d(3, 2, 1, count_include_pad=False)),
     (2, 2, 6, 6)),
    ("AdaptiveAvgPool2d", lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.AdaptiveAvgPool2d(3)), (2, 2, 6, 6)),
    ("AdaptiveMaxPool2d", lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.AdaptiveMaxPool2d(3)), (2, 2, 6, 6)),
    ("AdaptiveMaxPool1d", lambda: nn.Sequential(nn.Conv1d(2, 3, 3), nn.AdaptiveMaxPool1d(3)), (2, 2, 9)),
    ("Dropout1d", lambda: nn.Sequential(nn.Conv1d(2, 3, 3), nn.Dropout1d(0.5)), (2, 2, 9)),
    ("Dropout2d", lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.Dropout2d(0.5)), (2, 2, 6, 6)),
    ("Dropout3d", lambda: nn.Sequential(nn.Conv3d(1, 2, 2), nn.Dropout3d(0.5)), (2, 1, 3, 3, 3)),
    ("Upsample-nearest", lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.Upsample(scale_factor=2)), (2, 2, 5, 5)),
    ("Upsample-bilinear", lambda: nn.Sequential(nn.Conv2d(2, 3, 3), nn.Upsample(scale_factor=2, mode="bilinear")),
     (2, 2, 5, 5)),
    ("PixelShuffle", lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.PixelShuffle(2)), (2, 2, 5, 5)),
    ("PixelUnshuffle", lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.PixelUnshuffle(2)), (2, 2, 6, 6)),
    ("Unfold", lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.Unfold(2)), (2, 2, 5, 5)),
    ("ReflectionPad2d", lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReflectionPad2d(1)), (2, 2, 5, 5)),
    ("ReplicationPad1d", lambda: nn.Sequential(nn.Conv1d(2, 4, 3), nn.ReplicationPad1d(2)), (2, 2, 5)),
    ("ZeroPad2d", lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.ZeroPad2d(1)), (2, 2, 5, 5)),
    ("CircularPad1d", lambda: nn.Sequential(nn.Conv1d(2, 4, 3), nn.CircularPad1d(1)), (2, 2, 5)),
    ("Flatten", lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(36, 2)), (2, 2, 5, 5)),
    ("Unflatten", lambda: nn.Sequential(nn.Linear(6, 6), nn.Unflatten(1, (2, 3)), nn.Conv1d(2, 1, 2)), (4, 6)),
    ("Bilinear", lambda: _Twice(nn.Bilinear(5, 5, 3)), (4, 5)),
    ("RBF", lambda: nn.RBF(5, 3), (4, 5)),
    ("LazyLinear", lambda: nn.Sequential(nn.LazyLinear(4), nn.Tanh()), (4, 5)),
    ("RNN", lambda: nn.RNN(5, 4), (3, 2, 5)),
    ("RNN-relu-bidirectional", lambda: nn.RNN(5, 4, 2, nonlinearity="relu", bidirectional=True), (3, 2, 5)),
    ("LSTM", lambda: nn.LSTM(5, 4), (3, 2, 5)),
    ("LSTM-two-layers-dropout", lambda: nn.LSTM(5, 4, 2, dropout=0.3, batch_first=True), (3, 2, 5)),
    ("LSTM-bidirectional", lambda: nn.LSTM(5, 4, bidirectional=True), (3, 2, 5)),
    ("LSTM-projection", lambda: nn.LSTM(5, 4, proj_size=2), (3, 2, 5)),
    ("GRU", lambda: nn.GRU(5, 4), (3, 2, 5)),
    ("GRU-two-layers", lambda: nn.GRU(5, 4, 2, bidirectional=True), (3, 2, 5)),
    ("RNNCell", lambda: nn.RNNCell(5, 4), (2, 5)),
    ("LSTMCell", lambda: nn.LSTMCell(5, 4), (2, 5)),
    ("GRUCell", lambda: nn.GRUCell(5, 4), (2, 5)),
    ("MultiheadAttention", lambda: _Self(nn.MultiheadAttention(8, 2, batch_first=True)), (2, 3, 8)),
    ("MultiheadAttention-dropout", lambda: _Self(nn.MultiheadAttention(8, 2, dropout=0.2)), (3, 2, 8)),
    ("TransformerEncoderLayer", lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), (2, 3, 8)),
    ("TransformerEncoder", lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, activation="gelu"), 2),
     (3, 2, 8)),
    ("TransformerDecoderLayer", lambda: _Twice(nn.TransformerDecoderLayer(8, 2, 16, 0.0)), (3, 2, 8)),
    ("Transformer", lambda: _Twice(nn.Transformer(8, 2, 1, 1, 16, 0.1)), (3, 2, 8)),
]:  # fmt: skip
    output_square(f"layer/{key}", make, shape)

output_square("layer/Embedding", lambda: nn.Embedding(3, 4), ("class", (4, 2)))
output_square("layer/Embedding-padding", lambda: nn.Embedding(3, 4, padding_idx=0), ("class", (4, 2)))
output_square("layer/Embedding-max-norm", lambda: nn.Embedding(3, 4, max_norm=0.5), ("class", (4, 2)))
output_square("layer/Embedding-frequency", lambda: nn.Embedding(3, 4, scale_grad_by_freq=True), ("class", (4, 2)))
output_square("layer/EmbeddingBag-mean", lambda: nn.EmbeddingBag(3, 4), ("class", (4, 2)))
output_square("layer/EmbeddingBag-sum", lambda: nn.EmbeddingBag(3, 4, mode="sum"), ("class", (4, 2)))
output_square("layer/EmbeddingBag-max", lambda: nn.EmbeddingBag(3, 4, mode="max"), ("class", (4, 2)))


class _Twice(nn.Module):
    """A layer of two inputs, given one twice."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Any) -> Any:
        return self.layer(x, x * 0.5)


class _Self(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Any) -> Any:
        return self.layer(x, x, x)


# -- losses --------------------------------------------------------------------------------------------

for key, make, data in [
    ("CrossEntropy", lambda: nn.CrossEntropyLoss(), ("class", (4,))),
    ("CrossEntropy-sum", lambda: nn.CrossEntropyLoss(reduction="sum"), ("class", (4,))),
    ("CrossEntropy-none", lambda: _mean(nn.CrossEntropyLoss(reduction="none")), ("class", (4,))),
    ("CrossEntropy-weight", lambda: nn.CrossEntropyLoss(tg.tensor([1.0, 2.0, 0.5])), ("class", (4,))),
    ("CrossEntropy-smoothing", lambda: nn.CrossEntropyLoss(label_smoothing=0.1), ("class", (4,))),
    ("CrossEntropy-ignore", lambda: nn.CrossEntropyLoss(ignore_index=0), ("class", (4,))),
    ("CrossEntropy-probabilities", lambda: nn.CrossEntropyLoss(), ("unit", (4, 3))),
    ("NLL", lambda: lambda y, t: nn.NLLLoss()(F.log_softmax(y, 1), t), ("class", (4,))),
    ("NLL-weight", lambda: lambda y, t: F.nll_loss(F.log_softmax(y, 1), t, tg.tensor([1.0, 2.0, 3.0])), ("class", (4,))),
    ("MSE", lambda: nn.MSELoss(), (4, 3)),
    ("MSE-sum", lambda: nn.MSELoss(reduction="sum"), (4, 3)),
    ("L1", lambda: nn.L1Loss(), (4, 3)),
    ("Huber", lambda: nn.HuberLoss(delta=0.5), (4, 3)),
    ("SmoothL1", lambda: nn.SmoothL1Loss(), (4, 3)),
    ("BCE", lambda: lambda y, t: nn.BCELoss()(y.sigmoid(), t), ("unit", (4, 3))),
    ("BCE-weight", lambda: lambda y, t: F.binary_cross_entropy(y.sigmoid(), t, tg.tensor([1.0, 2.0, 3.0])),
     ("unit", (4, 3))),
    ("BCEWithLogits", lambda: nn.BCEWithLogitsLoss(), ("unit", (4, 3))),
    ("BCEWithLogits-pos-weight", lambda: nn.BCEWithLogitsLoss(pos_weight=tg.tensor([1.0, 2.0, 3.0])), ("unit", (4, 3))),
    ("KLDiv", lambda: lambda y, t: F.kl_div(F.log_softmax(y, 1), t, reduction="batchmean"), ("unit", (4, 3))),
    ("KLDiv-log", lambda: lambda y, t: F.kl_div(F.log_softmax(y, 1), t.log(), reduction="sum", log_target=True),
     ("unit", (4, 3))),
    ("Poisson", lambda: nn.PoissonNLLLoss(), ("unit", (4, 3))),
    ("Poisson-full", lambda: nn.PoissonNLLLoss(full=True), ("unit", (4, 3))),
    ("Gaussian", lambda: lambda y, t: nn.GaussianNLLLoss()(y, t, t.abs() + 0.1), (4, 3)),
    ("HingeEmbedding", lambda: nn.HingeEmbeddingLoss(), ("sign", (4, 3))),
    ("MarginRanking", lambda: lambda y, t: nn.MarginRankingLoss(0.3)(y[:, 0], y[:, 1], t), ("sign", (4,))),
    ("CosineEmbedding", lambda: lambda y, t: nn.CosineEmbeddingLoss()(y, y * y, t), ("sign", (4,))),
    ("SoftMargin", lambda: nn.SoftMarginLoss(), ("sign", (4, 3))),
    ("TripletMargin", lambda: lambda y, t: nn.TripletMarginLoss()(y, t, t.flip(0)), (4, 3)),
    ("TripletMargin-swap", lambda: lambda y, t: nn.TripletMarginLoss(swap=True)(y, t, t.flip(0)), (4, 3)),
    ("TripletWithDistance", lambda: lambda y, t: nn.TripletMarginWithDistanceLoss()(y, t, t.flip(0)), (4, 3)),
    ("CosineSimilarity", lambda: lambda y, t: 1 - nn.CosineSimilarity()(y, t).mean(), (4, 3)),
    ("PairwiseDistance", lambda: lambda y, t: nn.PairwiseDistance()(y, t).mean(), (4, 3)),
    ("logsumexp", lambda: lambda y, t: (y.logsumexp(1) - (y * t).sum(1)).mean(), (4, 3)),
    ("accuracy-beside", lambda: lambda y, t: F.cross_entropy(y, t) + 0 * (y.argmax(1) == t).float().mean(),
     ("class", (4,))),
    ("focal", lambda: lambda y, t: ((1 - F.softmax(y, 1).gather(1, t[:, None])) ** 2 *
                                    F.cross_entropy(y, t, reduction="none")[:, None]).mean(), ("class", (4,))),
    ("dice", lambda: lambda y, t: 1 - (2 * (y.sigmoid() * t).sum() + 1) / (y.sigmoid().sum() + t.sum() + 1),
     ("unit", (4, 3))),
    ("contrastive", lambda: lambda y, t: F.cross_entropy(F.normalize(y) @ F.normalize(y * y).T / 0.1, tg.arange(4)),
     (4, 3)),
    ("l2-penalty", lambda: lambda y, t: F.mse_loss(y, t) + 0.1 * y.norm(), (4, 3)),
    ("quantile", lambda: lambda y, t: tg.maximum(0.3 * (t - y), -0.7 * (t - y)).mean(), (4, 3)),
    ("squared-sum", lambda: lambda y, t: (y.sum()) ** 2 + (y - t).square().mean(), (4, 3)),
    ("std-penalty", lambda: lambda y, t: F.mse_loss(y, t) + y.std() + y.var(0).sum(), (4, 3)),
]:  # fmt: skip
    train(f"loss/{key}", loss=make, data=lambda data=data: batches((4, 5), data))

train("loss/CrossEntropy-images", lambda: nn.Conv2d(2, 3, 1), data=lambda: batches((2, 2, 3, 3), ("class", (2, 3, 3))))
train("loss/MSE-float64", lambda: mlp().double(), nn.MSELoss, data=lambda: batches((4, 5), (4, 3), dtype="float64"))
train("loss/CTC", lambda: nn.Linear(5, 4), lambda: lambda y, t: F.ctc_loss(
    F.log_softmax(y, 2), t + 1, tg.tensor([6, 6]), tg.tensor([2, 2])), data=lambda: batches((6, 2, 5), ("class", (2, 2))),
)  # fmt: skip


def _mean(criterion: Any) -> Any:
    return lambda *args: criterion(*args).mean()
