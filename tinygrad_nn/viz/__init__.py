"""Seeing: the graph of a computation, its backward pass step by step, networks, and training as it goes."""

from tinygrad_nn.viz.graph import Graph, graph
from tinygrad_nn.viz.plots import confusion_matrix, curves, misclassified, save
from tinygrad_nn.viz.record import Recording, record

__all__ = ["Graph", "Recording", "confusion_matrix", "curves", "graph", "misclassified", "record", "save"]
