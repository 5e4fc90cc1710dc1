#!/usr/bin/env bash
# PyTorch: index_add and index_put(accumulate=True) of bfloat16 stop at 256, where scatter_add of the same numbers goes on.
#
# Usage: bash findings/bfloat16_index_add_stops.sh (needs python3 and a package index; takes a minute and about 1 GB of disk meanwhile)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import torch

print("PyTorch", torch.__version__)
place, ones = torch.zeros(3000, dtype=torch.long), torch.ones(3000, dtype=torch.bfloat16)
start = torch.zeros(1, dtype=torch.bfloat16)
found = {
    "index_add": start.index_add(0, place, ones).item(),
    "index_put, accumulate": start.index_put((place,), ones, accumulate=True).item(),
    "scatter_add": start.scatter_add(0, place, ones).item(),
}
print("3000 ones added to one place, in bfloat16 (3000 itself is 3008 there):", found)
assert found == {"index_add": 256.0, "index_put, accumulate": 256.0, "scatter_add": 3008.0}, "this has changed"
PYTHON
