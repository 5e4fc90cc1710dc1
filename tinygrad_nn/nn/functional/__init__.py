"""Layers and losses as functions: compositions of the engine's operations, a family a file.

A new family is one line here.
"""

from tinygrad_nn.nn.functional.activation import *  # noqa: F403
from tinygrad_nn.nn.functional.attention import *  # noqa: F403
from tinygrad_nn.nn.functional.classification import *  # noqa: F403
from tinygrad_nn.nn.functional.conv import *  # noqa: F403
from tinygrad_nn.nn.functional.ctc import *  # noqa: F403
from tinygrad_nn.nn.functional.dropout import *  # noqa: F403
from tinygrad_nn.nn.functional.embedding import *  # noqa: F403
from tinygrad_nn.nn.functional.linear import *  # noqa: F403
from tinygrad_nn.nn.functional.norm import *  # noqa: F403
from tinygrad_nn.nn.functional.padding import *  # noqa: F403
from tinygrad_nn.nn.functional.pool import *  # noqa: F403
from tinygrad_nn.nn.functional.ranking import *  # noqa: F403
from tinygrad_nn.nn.functional.regression import *  # noqa: F403
from tinygrad_nn.nn.functional.resize import *  # noqa: F403
