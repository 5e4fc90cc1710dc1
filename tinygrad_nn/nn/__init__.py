"""Layers, losses and containers: state plus one call of `nn.functional` each.

Reading order: `parameter`, `module` (with `registry`, `hooks`, `state`, `describe`, `scope` beside
it), `init`, `linear` and the other families, `container`, `loss`, `overview` (`summary`).
"""

from tinygrad_nn.nn import functional, init, utils
from tinygrad_nn.nn.activation import *  # noqa: F403
from tinygrad_nn.nn.attention import *  # noqa: F403
from tinygrad_nn.nn.cell import *  # noqa: F403
from tinygrad_nn.nn.container import ModuleDict, ModuleList, Sequential
from tinygrad_nn.nn.conv import *  # noqa: F403
from tinygrad_nn.nn.distance import *  # noqa: F403
from tinygrad_nn.nn.dropout import *  # noqa: F403
from tinygrad_nn.nn.embedding import *  # noqa: F403
from tinygrad_nn.nn.linear import *  # noqa: F403
from tinygrad_nn.nn.loss import *  # noqa: F403
from tinygrad_nn.nn.module import Module
from tinygrad_nn.nn.norm import *  # noqa: F403
from tinygrad_nn.nn.overview import summary
from tinygrad_nn.nn.padding import *  # noqa: F403
from tinygrad_nn.nn.parameter import Buffer, Parameter
from tinygrad_nn.nn.parameter_container import ParameterDict, ParameterList
from tinygrad_nn.nn.pool import *  # noqa: F403
from tinygrad_nn.nn.recurrent import *  # noqa: F403
from tinygrad_nn.nn.resize import *  # noqa: F403
from tinygrad_nn.nn.transformer import *  # noqa: F403
