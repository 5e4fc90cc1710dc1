"""Training without ceremony, checkpoints that resume exactly, and a doctor for nets that do not learn.

Reading order: `arguments` (what is refused), `batches`, `metrics`, `history`, `progress`, `callbacks`, `reach`, `randomness`,
`conditions`, `checkpoint`,
`guard` (NaN), `loop` (`fit` and `evaluate`), `find_lr`, `doctor`.
"""

from tinygrad_nn.train import metrics
from tinygrad_nn.train.callbacks import Callback, EarlyStopping, KeepWeights
from tinygrad_nn.train.doctor import Finding, Report, diagnose
from tinygrad_nn.train.guard import Diverged
from tinygrad_nn.train.history import History
from tinygrad_nn.train.loop import Training, evaluate, fit
from tinygrad_nn.train.lr_finder import LRCurve, find_lr
from tinygrad_nn.train.metrics import Metric

__all__ = [
    "Callback",
    "Diverged",
    "EarlyStopping",
    "Finding",
    "History",
    "KeepWeights",
    "LRCurve",
    "Metric",
    "Report",
    "Training",
    "diagnose",
    "evaluate",
    "find_lr",
    "fit",
    "metrics",
]
