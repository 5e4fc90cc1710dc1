"""Some six hundred training steps as users write them, each run compiled and eagerly: do the two agree?

scene.py       what a step of the table is, and how its two runs are compared
training.py    the usual step with every optimizer, schedule, layer and loss
gradients.py, averages.py, generative.py, data.py, tasks.py, sequences.py, predict.py   steps of other forms
memory.py      views, detached memory, writes in place, gradients that are touched
changed.py, arguments.py, effects.py   what Python remembers, is given, and does besides
forms.py       methods, closures, own optimizers
wrong.py       values that are refused
"""

from tests.compiler.steps import (
    arguments,
    averages,
    changed,
    data,
    effects,
    forms,
    generative,
    gradients,
    memory,
    predict,
    sequences,
    tasks,
    training,
    wrong,
)  # fmt: skip
from tests.compiler.steps.scene import STEPS, judge

__all__ = [
    "STEPS", "arguments", "averages", "changed", "data", "effects", "forms", "generative", "gradients", "judge", "memory",
    "predict", "sequences", "tasks", "training", "wrong",
]  # fmt: skip
