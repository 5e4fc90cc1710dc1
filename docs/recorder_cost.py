"""What `viz.Recorder` costs: OMP_NUM_THREADS=1 python docs/recorder_cost.py

Trains a classifier of images (784-128-10, batch 64) and one of two spirals (2-32-32-2, all 400 points), each
twice side by side, fifty steps by turns without a recorder and with one. Prints the mean time of a step of both
and what the recorder says of itself. Times are the processor's, of this process alone.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_nn as tg
from tinygrad_nn import datasets, nn, optim, viz

BLOCKS, STEPS = 60, 50

Task = tuple[nn.Module, Any, Any]


def images() -> Task:
    """A net, and a batch of images of noise (what they show does not matter here)."""
    rng = np.random.default_rng(0)
    x = tg.from_numpy(rng.normal(size=(64, 784)).astype(np.float32))
    y = tg.from_numpy(rng.integers(0, 10, 64))
    return nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)), x, y


def spirals() -> Task:
    """A net, and the spirals."""
    x, y = datasets.spirals(400)
    net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2))
    return net, tg.from_numpy(x), tg.from_numpy(y)


def trainer(task: Task, optimizer: optim.Optimizer, recorder: viz.Recorder | None) -> Callable[[], float]:
    """A function that trains for fifty steps, and gives the seconds of one."""
    net, x, y = task
    loss_of = nn.CrossEntropyLoss()

    def block() -> float:
        begin = time.process_time()
        for _ in range(STEPS):
            optimizer.zero_grad()
            loss = loss_of(net(x), y)
            loss.backward()
            optimizer.step()
            if recorder is not None:
                recorder.step(loss=loss)
        return (time.process_time() - begin) / STEPS

    return block


def main() -> None:
    """Both tasks."""
    for make in (images, spirals):
        alone, watched = make(), make()
        first, second = (optim.Adam(task[0].parameters(), lr=1e-3) for task in (alone, watched))
        recorder = viz.Recorder(watched[0], watched[1:], optimizer=second)
        plain, recorded = trainer(alone, first, None), trainer(watched, second, recorder)
        times = [(plain(), recorded()) for _ in range(BLOCKS)]
        a, b = (1e6 * statistics.mean(column) for column in zip(*times))
        print(
            f"{make.__name__}: {a:.0f} µs a step, recorded {b:.0f} µs: {100 * (b / a - 1):+.1f} %; "
            f"the recorder says {100 * recorder.cost:.1f} %"
        )


if __name__ == "__main__":
    main()
