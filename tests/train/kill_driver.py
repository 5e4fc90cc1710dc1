"""Train in child processes, kill them with SIGKILL at random moments, and start them again: run by test_resume.

    python -m tests.train.kill_driver FOLDER KILLS SEED

Prints one line of JSON: how often a process was killed and how often one went on from a checkpoint.
Exits with an error at the first number that differs from the uninterrupted training.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

from tests.train.nets import columns, parts, problem, weights
from tinygrad_nn import load, optim, train


class Log(train.Callback):
    """Each loss, bit for bit, into a file as soon as it is known."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_batch_end(self, training: Any) -> None:
        with open(self.path, "a", encoding="ascii") as file:
            file.write(f"{training.step} {training.loss_value.hex()}\n")


def training(folder: Path) -> None:
    """The whole training, from the beginning or from where the checkpoint in `folder` is; its result into a file."""
    model, loader, loss, optimizer = parts()
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, 12)
    history = train.fit(
        model, loader, loss, optimizer, epochs=12, validation=problem(30), metrics=["accuracy", "f1"], scheduler=schedule,
        early_stopping=30, callbacks=[Log(folder / "log")], checkpoint=folder / "run.ckpt", checkpoint_every=4, progress=False,
    )  # fmt: skip
    (folder / "result").write_text(repr((columns(history), sorted(weights(model).items()))), encoding="ascii")


def started(folder: Path) -> int:
    """A child process that trains; its id."""
    child = os.fork()
    if child == 0:
        try:
            training(folder)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return child


def losses(folder: Path) -> list[list[str]]:
    """(step, loss) of every step that any process did; a last line cut off by a kill is left out."""
    lines = (folder / "log").read_text(encoding="ascii").split("\n") if (folder / "log").exists() else []
    return [line.split() for line in lines[:-1]]


def main(folder: Path, kills: int, seed: int) -> None:
    whole = folder / "whole"
    whole.mkdir()
    begin = time.perf_counter()
    _, status = os.waitpid(started(whole), 0)
    assert status == 0
    seconds = time.perf_counter() - begin
    reference = dict(losses(whole))
    rng = random.Random(seed)
    killed = resumed = runs = 0
    while killed < kills or resumed < kills:
        runs += 1
        part = folder / f"run{runs}"
        part.mkdir()
        while True:
            if (part / "run.ckpt").exists():
                assert load(part / "run.ckpt")["form"] == "tinygrad_nn training 2"
                resumed += 1
            child = started(part)
            done = False
            deadline = time.perf_counter() + rng.uniform(0.0, 0.5 * seconds)
            while time.perf_counter() < deadline and not done:
                done = os.waitpid(child, os.WNOHANG)[0] == child
            if done:
                break
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            killed += 1
        for step, loss in losses(part):
            assert reference[step] == loss, f"step {step}: {loss}, not {reference[step]}"
        assert (part / "result").read_text() == (whole / "result").read_text()
    print(json.dumps({"killed": killed, "resumed": resumed, "runs": runs, "seconds": round(seconds, 2)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
