#!/usr/bin/env bash
# PyTorch: checkpoint with an in-place step inside gives a wrong gradient under create_graph, where the plain graph raises.
#
# Usage: bash findings/checkpoint_of_an_in_place_step.sh (needs python3 and a package index; takes a minute and about 1 GB of disk meanwhile)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
from math import exp

import torch
from torch.utils.checkpoint import checkpoint

print("PyTorch", torch.__version__)


def function(t):
    return (t.exp().mul_(2) * t).sum()


def slope(call):
    x = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    return torch.autograd.grad(call(x), x, create_graph=True)[0].item()


try:
    slope(function)
except RuntimeError as error:
    told = str(error)
    print("without checkpoint:", told[:110])
assert "modified by an inplace operation" in told, "this has changed"
found, right = slope(lambda x: checkpoint(function, x, use_reentrant=False)), 2 * exp(2) * (2 + 1)
print("with checkpoint: a slope of", found, "- the derivative of 2 exp(t) t at 2 is", right)
assert abs(found - 73.8905609893065) < 1e-9, "this has changed"
PYTHON
