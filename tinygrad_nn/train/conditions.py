"""What the last bits of results depend on beside the program: a checkpoint notes it, and a resume under others says so.

Sums are taken in another order by another number of threads, on a CPU with other vector units, by another kernel
of the BLAS library or another version of NumPy. None of that is wrong; but two runs are equal to the last bit only
where all of it is the same.
"""

from __future__ import annotations

import os
import platform
from typing import Any

import numpy as np

from tinygrad_nn.settings import get_num_threads

__all__ = ["conditions", "differences"]


def conditions(compiled: bool) -> dict[str, str]:
    """NumPy's version, its BLAS, the CPU's vector units that it uses, the threads, and how steps run, in words.

    >>> conditions(False)["steps"]
    'eager'
    """
    config: Any = np.show_config(mode="dicts")
    blas = config["Build Dependencies"]["blas"]
    units = config["SIMD Extensions"]
    return {
        "NumPy": np.__version__,
        "BLAS": f"{blas['name']} {blas['version']}",
        "BLAS kernel": os.environ.get("OPENBLAS_CORETYPE", "chosen by the CPU"),
        "CPU": " ".join([platform.machine(), *units.get("baseline", ()), *units.get("found", ())]),
        "threads": str(get_num_threads()),
        "steps": "compiled" if compiled else "eager",
    }


def differences(there: dict[str, str], here: dict[str, str]) -> list[str]:
    """Each condition that changed, as "what: then, now ..."

    >>> differences({"threads": "1", "NumPy": "2.3"}, {"threads": "2", "NumPy": "2.3"})
    ['threads: 1 then, 2 now']
    """
    return [
        f"{what}: {there.get(what, 'unknown')} then, {now} now" for what, now in here.items() if there.get(what) != now
    ]
