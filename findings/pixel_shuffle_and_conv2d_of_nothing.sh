#!/usr/bin/env bash
# PyTorch: with sizes of 0, the backward pass of PixelShuffle fails, and conv2d answers with another number of channels.
#
# Usage: bash findings/pixel_shuffle_and_conv2d_of_nothing.sh (needs python3 and a package index; takes a minute and about 1 GB of disk meanwhile)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import torch

print("PyTorch", torch.__version__)
x = torch.ones(0, 4, 4, 4, requires_grad=True)
y = torch.nn.PixelShuffle(2)(x)
print("PixelShuffle(2) of an empty batch:", tuple(x.shape), "to", tuple(y.shape))
try:
    y.sum().backward()
except RuntimeError as error:
    told = str(error)
    print("its backward:", told)
assert "got [0, 1, 8, 8] but expected shape compatible with [0, 4, 4, 4]" in told, "this has changed"

shape = tuple(torch.nn.functional.conv2d(torch.ones(2, 0, 4, 4), torch.ones(2, 0, 2, 2)).shape)
print("conv2d of no channels into 2:", shape, "- by its formula (2, 2, 3, 3), zeros")
assert shape == (2, 0, 3, 3), "this has changed"
PYTHON
