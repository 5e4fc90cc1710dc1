"""Seeing: the graph of a computation, its backward pass step by step, networks, and training as it goes."""

from tinygrad_nn.viz.crash import on_error
from tinygrad_nn.viz.graph import Graph, graph
from tinygrad_nn.viz.network import Network, network
from tinygrad_nn.viz.page import page
from tinygrad_nn.viz.plots import (
    animation,
    confusion_matrix,
    curves,
    histograms,
    misclassified,
    save,
    side_by_side,
    weights,
)
from tinygrad_nn.viz.record import Recording, record
from tinygrad_nn.viz.recorder import Recorder
from tinygrad_nn.viz.regions import decision_regions

__all__ = [
    "Graph", "Network", "Recorder", "Recording", "animation", "confusion_matrix", "curves", "decision_regions", "graph", "histograms", "misclassified", "network", "on_error", "page",
    "record", "save", "side_by_side", "weights",
]  # fmt: skip
