"""Writing what TensorBoard shows, through the package tensorboardX (`pip install "tinygrad_nn[tensorboard]"`).

Reading order: `writer` (`SummaryWriter`), `graph` (a model's operations as TensorBoard draws them).
"""

from tinygrad_nn.utils.tensorboard.writer import SummaryWriter

__all__ = ["SummaryWriter"]
