"""Names for hardware that is not here: `cuda`, `mps`, `xpu`, `accelerator`, `backends`, `amp`.

They exist so that ordinary PyTorch scripts pass through: questions are answered (`is_available()` is
False, there are 0 devices), switches are kept and change nothing, and a request for a device that is
not here raises one line. Everything is computed on the CPU.

PyTorch's scripts import some of these by their place (`import torch.backends.cudnn as cudnn`,
`from torch.cuda.amp import autocast`); the same places work under `tinygrad_nn`.
"""

import sys

from tinygrad_nn.hardware import accelerator, amp, backends, cpu, cuda, mps, xpu
from tinygrad_nn.hardware.amp import autocast

__all__ = ["accelerator", "amp", "autocast", "backends", "cpu", "cuda", "mps", "xpu"]

_PLACES = {
    "accelerator": accelerator,
    "amp": amp,
    "backends": backends,
    "backends.cuda": backends.cuda,
    "backends.cudnn": backends.cudnn,
    "backends.mkl": backends.mkl,
    "backends.mkldnn": backends.mkldnn,
    "backends.mps": backends.mps,
    "backends.openmp": backends.openmp,
    "cpu": cpu,
    "cpu.amp": cpu.amp,
    "cuda": cuda,
    "cuda.amp": cuda.amp,
    "mps": mps,
    "xpu": xpu,
}
for _place, _module in _PLACES.items():
    sys.modules.setdefault(f"tinygrad_nn.{_place}", _module)
