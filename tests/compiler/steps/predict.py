"""Prediction, compiled modules, results of all forms."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_nn as tg
from tests.compiler.steps.common import XY
from tests.compiler.steps.scene import Scene, batches, step
from tests.compiler.steps.training import mlp
from tinygrad_nn import nn, optim
from tinygrad_nn.nn import functional as F


@step("predict/no-grad")
def _(compile: Any) -> Scene:
    net = nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), nn.Dropout(0.5), nn.Linear(7, 3))
    net.eval()
    predict = compile(tg.no_grad()(lambda x: F.softmax(net(x), 1)))
    return Scene(predict, batches((4, 5)), [net])


@step("predict/inference-mode")
def _(compile: Any) -> Scene:
    net = mlp()

    @compile
    @tg.inference_mode()
    def predict(x: Any) -> Any:
        return net(x).argmax(1)

    return Scene(predict, batches((4, 5)), [net])


@step("predict/under-no-grad")
def _(compile: Any) -> Scene:
    net = mlp()
    predict = compile(lambda x: net(x))

    def call(x: Any) -> Any:
        with tg.no_grad():
            return predict(x)

    return Scene(call, batches((4, 5)), [net])


@step("predict/dict")
def _(compile: Any) -> Scene:
    net = mlp()

    @compile
    @tg.no_grad()
    def predict(x: Any) -> Any:
        out = net(x)
        return {"logits": out, "best": (out.argmax(1), out.max(1).values), "classes": 3, "name": "net", "none": None}

    return Scene(predict, batches((4, 5)), [net])


@step("predict/a-number")
def _(compile: Any) -> Scene:
    net = mlp()

    @compile
    @tg.no_grad()
    def predict(x: Any) -> Any:
        return net(x).shape[0] * 2

    return Scene(predict, batches((4, 5)), [net])


@step("predict/item")
def _(compile: Any) -> Scene:
    net = mlp()

    @compile
    def run(x: Any) -> Any:
        return net(x).sum().item()

    return Scene(run, batches((4, 5)), [net])


@step("predict/numpy-argument")
def _(compile: Any) -> Scene:
    net = mlp()

    @compile
    @tg.no_grad()
    def run(x: Any) -> Any:
        return net(tg.from_numpy(x))

    return Scene(run, [(np.float32([[k, 1, 2, 3, 4]]),) for k in range(20)], [net])


@step("predict/to-numpy")
def _(compile: Any) -> Scene:
    net = mlp()

    @compile
    @tg.no_grad()
    def run(x: Any) -> Any:
        return net(x).numpy()

    return Scene(run, batches((4, 5)), [net])


@step("predict/module")
def _(compile: Any) -> Scene:
    net = mlp()
    model = compile(net)

    def call(x: Any) -> Any:
        with tg.no_grad():
            return model(x)

    return Scene(call, batches((4, 5)), [net])


@step("module/ordinary-loop")
def _(compile: Any) -> Scene:
    net = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Dropout(0.3), nn.Linear(7, 3))
    model = compile(net)
    opt = optim.Adam(model.parameters(), 0.01)

    def call(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        return loss

    return Scene(call, batches(*XY), [net, opt])


@step("module/train-and-eval")
def _(compile: Any) -> Scene:
    net = nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), nn.Dropout(0.3), nn.Linear(7, 3))
    model = compile(net)

    def call(x: Any) -> Any:
        model.train()
        with tg.no_grad():
            first = model(x)
        model.eval()
        with tg.no_grad():
            return first, model(x)

    return Scene(call, batches((4, 5)), [net])


@step("module/used-in-a-compiled-step")
def _(compile: Any) -> Scene:
    net = mlp()
    model = compile(net)
    opt = optim.SGD(net.parameters(), 0.1)

    @compile
    def run(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        opt.step()
        return loss

    return Scene(run, batches(*XY), [net])


@step("forward-only/loss-outside")
def _(compile: Any) -> Scene:
    net = mlp()
    opt = optim.SGD(net.parameters(), 0.1)
    forward = compile(lambda x: net(x).tanh())

    def call(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = F.cross_entropy(forward(x), y)
        loss.backward()
        opt.step()
        return loss

    return Scene(call, batches(*XY), [net])
