"""Mutate the files of one format and read each: run in a child process by test_hostile_files.

    python -m tests.hostile_files FORMAT COUNT SEED

A reading may succeed, or end in the errors that the reader promises. Anything else (another exception, more than
10 seconds, more than a gigabyte) is printed with the seed that makes it again. Ends with "COUNT read, N refused".
"""

from __future__ import annotations

import gzip
import io
import json
import random
import resource
import signal
import struct
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tinygrad_nn as tg
from tinygrad_nn import nn
from tinygrad_nn.datasets.housing import read_housing
from tinygrad_nn.datasets.idx import read_idx
from tinygrad_nn.datasets.image import image_regression
from tinygrad_nn.datasets.kaggle import kaggle_csv
from tinygrad_nn.errors import MissingPackage
from tinygrad_nn.interop.json_export import from_json, to_json
from tinygrad_nn.serialization.container import _checksum

SECONDS, BYTES = 10, 2**30

STATE = {
    "w": tg.arange(12.0).reshape(3, 4), "b": tg.ones(3, dtype=tg.float16), "k": [1, (2.5, None), {"x": "y"}],
    "odd": np.array(["a", "bc"]), "p": nn.Parameter(tg.ones(2)), "t": tg.arange(12.0).reshape(3, 4).t(),
}  # fmt: skip


def saved(form: str) -> bytes:
    stream = io.BytesIO()
    state = {key: value for key, value in STATE.items() if key != "odd" or form != "pt"}
    tg.save({**state, "part": state["w"][:2]}, stream, format=form)
    return stream.getvalue()


def compressed() -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, a=np.zeros((50, 50)), b=np.arange(5))
    return stream.getvalue()


def idx() -> bytes:
    return bytes([0, 0, 8, 3]) + struct.pack(">3I", 2, 28, 28) + bytes(range(256)) * 6 + bytes(32)


def kaggle() -> bytes:
    header = "label," + ",".join(f"pixel{k}" for k in range(784))
    return "\n".join([header, *["7" + ",12" * 784] * 3]).encode()


def housing() -> bytes:
    return b"-122.23,37.88,41.0,880.0,129.0,322.0,126.0,8.3252,452600.0\n" * 50


def picture(kind: str) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(np.arange(300, dtype=np.uint8).reshape(10, 10, 3)).save(stream, kind)
    return stream.getvalue()


def net() -> bytes:
    layers = [
        nn.Conv2d(1, 2, 3),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(3, 2),
        nn.LeakyReLU(),
        nn.GELU(),
        nn.Softmax(1),
    ]
    return to_json(nn.Sequential(*layers)).encode()


FORMATS: dict[str, tuple[Callable[[], bytes], Callable[[Path], Any]]] = {
    "safetensors": (lambda: saved("safetensors"), tg.load),
    "npz": (lambda: saved("npz"), tg.load),
    "compressed npz": (compressed, tg.load),
    "pt": (lambda: saved("pt"), tg.load),
    "idx": (idx, read_idx),
    "idx, gzipped": (lambda: gzip.compress(idx(), mtime=0), read_idx),
    "kaggle": (kaggle, kaggle_csv),
    "kaggle, gzipped": (lambda: gzip.compress(kaggle(), mtime=0), kaggle_csv),
    "housing": (housing, read_housing),
    "housing, gzipped": (lambda: gzip.compress(housing(), mtime=0), read_housing),
    "png": (lambda: picture("PNG"), image_regression),
    "jpeg": (lambda: picture("JPEG"), image_regression),
    "json": (net, lambda path: from_json(path.read_bytes())),  # type: ignore[arg-type]
}
"""A sample of each format, and what reads it."""

EXTREMES = [
    b"\x00" * 4,
    b"\xff" * 4,
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\x80",
    b"9" * 30,
    b"1e999",
    b"NaN",
    b"-1",
    b"[[[[",
]


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A few changes of the kinds that damage and malice make."""
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 4, 12])):
        k = rng.randrange(len(out) + 1) if rng.random() < 0.6 else min(len(out), int(rng.expovariate(1 / 40)))
        n = rng.choice([1, 2, 4, 8, 30])
        way = rng.randrange(7)
        if way == 0 and k < len(out):
            out[k] ^= 1 << rng.randrange(8)
        elif way == 1:
            extreme = rng.choice(EXTREMES)
            out[k : k + len(extreme)] = extreme
        elif way == 2:
            del out[k : k + n]
        elif way == 3:
            out[k:k] = out[k : k + n] * rng.choice([1, 2, 50])
        elif way == 4:
            out[k:k] = rng.randbytes(n)
        elif way == 5 and len(out) > 2:
            j = rng.randrange(len(out))
            out[k : k + n] = out[j : j + n]
        elif way == 6 and rng.random() < 0.3:
            del out[k:]
        if not out:
            out = bytearray(b"\0")
    return bytes(out)


def repacked(data: bytes, rng: random.Random) -> bytes:
    """A zip archive with intact checksums around a mutated member, which else no mutation would reach."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        names = old.namelist()
        victim = rng.choice(names)
        for name in names:
            content = old.read(name)
            if name == victim and rng.random() < 0.1:
                continue
            new.writestr(name, mutated(content, rng) if name == victim else content)
    return stream.getvalue()


def resummed(data: bytes, rng: random.Random) -> bytes:
    """A mutated safetensors header with its length right."""
    size = int.from_bytes(data[:8], "little")
    header = mutated(data[8 : 8 + size], rng)
    return len(header).to_bytes(8, "little") + header + data[8 + size :]


def resealed(data: bytes, rng: random.Random) -> bytes:
    """An npz file of ours with a mutated structure whose checksum is right."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        arrays = {name[:-4]: np.load(old.open(name)) for name in old.namelist() if name.endswith(".npy")}
        tree = mutated(old.read("tinygrad_nn.txt")[23:], rng).decode("utf-8", "replace")
        new.writestr("tinygrad_nn.txt", f"tinygrad_nn 1 {_checksum(tree, arrays):08x} {tree}")
        for name in arrays:
            new.writestr(f"{name}.npy", old.read(f"{name}.npy"))
    return stream.getvalue()


def one(name: str, seed: int) -> bytes:
    """The mutated file of a seed."""
    rng = random.Random(f"{name} {seed}")
    data = FORMATS[name][0]()
    if rng.random() < 0.6:
        if name == "npz" and rng.random() < 0.7:
            return resealed(data, rng)
        if data[:2] == b"PK":
            return repacked(data, rng)
        if name == "safetensors":
            return resummed(data, rng)
        if data[:2] == b"\x1f\x8b":
            return gzip.compress(mutated(gzip.decompress(data), rng), mtime=0)
    return mutated(data, rng)


def late(number: int, frame: Any) -> None:
    raise TimeoutError(f"more than {SECONDS} seconds")


def main(name: str, count: int, seed: int) -> None:
    read = FORMATS[name][1]
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    signal.signal(signal.SIGALRM, late)
    refused = 0
    faults: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        for k in range(seed, seed + count):
            path.write_bytes(one(name, k))
            signal.alarm(SECONDS)
            try:
                read(path)
            except TimeoutError as error:
                faults.append({"seed": k, "error": str(error)})
            except (ValueError, MissingPackage) as error:
                refused += 1
                if type(error).__module__ != "tinygrad_nn.errors":
                    faults.append({"seed": k, "error": f"{type(error).__name__}: {error}"})
            except Exception as error:
                faults.append({"seed": k, "error": f"{type(error).__name__}: {error}"})
            finally:
                signal.alarm(0)
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            if most - used > BYTES:
                faults.append({"seed": k, "error": f"{most - used:,} bytes of memory"})
                used = most
    print(json.dumps({"read": count, "refused": refused, "faults": faults}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
