"""Optimizers: how parameters follow their gradients. `optim.lr_scheduler` changes the learning rate on the way."""

import tinygrad_nn.optim.lr_scheduler as lr_scheduler
from tinygrad_nn.optim.adadelta import Adadelta
from tinygrad_nn.optim.adagrad import Adagrad
from tinygrad_nn.optim.adam import Adam, AdamW
from tinygrad_nn.optim.adamax import Adamax
from tinygrad_nn.optim.lbfgs import LBFGS
from tinygrad_nn.optim.nadam import NAdam
from tinygrad_nn.optim.optimizer import Optimizer
from tinygrad_nn.optim.radam import RAdam
from tinygrad_nn.optim.rmsprop import RMSprop
from tinygrad_nn.optim.sgd import SGD

__all__ = [
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "lr_scheduler",
]
