"""Seeing: the graph of a computation, its backward pass step by step, networks, and training as it goes."""

from tinygrad_nn.viz.crash import on_error
from tinygrad_nn.viz.graph import Graph, graph
from tinygrad_nn.viz.network import Network, network
from tinygrad_nn.viz.page import page
from tinygrad_nn.viz.plots import confusion_matrix, curves, misclassified, save
from tinygrad_nn.viz.record import Recording, record

__all__ = ["Graph", "Network", "Recording", "confusion_matrix", "curves", "graph", "misclassified", "network", "on_error", "page", "record", "save"]
