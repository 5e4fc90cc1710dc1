#!/usr/bin/env bash
# PyTorch: the float64 gradient of hardsigmoid is a sixth rounded to float32, wrong in the 8th digit.
#
# Usage: bash findings/hardsigmoid_slope_in_float64.sh (needs python3 and a package index; takes a minute and about 1 GB of disk meanwhile)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import torch

print("PyTorch", torch.__version__)
x = torch.tensor([0.5], dtype=torch.float64, requires_grad=True)
torch.nn.functional.hardsigmoid(x).sum().backward()
print("slope of hardsigmoid at 0.5, float64:", x.grad.item(), "- the formula's:", 1 / 6)
assert x.grad.item() == 0.1666666716337204, "this has changed"
PYTHON
