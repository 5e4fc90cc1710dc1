"""Samples of the random streams: every sampler, at several sizes and dtypes, against PyTorch's own numbers."""

from __future__ import annotations

from collections.abc import Iterator

from .sample import Draw, Sample, operation, sample


@operation("rand", "randn")
def rand(d: Draw) -> Iterator[Sample]:
    for seed, size in enumerate(
        (
            "()",
            "1",
            "3",
            "2, 3",
            "(4, 4)",
            "[5]",
            "15",
            "16",
            "17",
            "24",
            "33",
            "0",
            "2, 0",
            "40",
            "7, 9",
            "size=(3, 2)",
        )
    ):
        yield sample(f"lib.manual_seed({seed}); lib.{d.op}({size})")
        yield sample(f"lib.manual_seed({seed}); lib.{d.op}({size}, dtype=lib.float64)")
    yield sample(f"lib.manual_seed(42); [lib.{d.op}(3), lib.{d.op}(20), lib.{d.op}(1)]")
    yield sample(f"g = lib.Generator(); g.manual_seed(3); lib.{d.op}(4, generator=g)")
    yield sample(f"lib.manual_seed(1); lib.{d.op}(3, requires_grad=True)")
    for dtype in ("float16", "bfloat16"):
        yield sample(f"lib.manual_seed(1); lib.{d.op}(20, dtype=lib.{dtype})")


@operation("randint")
def randint(d: Draw) -> Iterator[Sample]:
    for seed, text in enumerate(("10, (5,)", "0, 10, (5,)", "-5, 5, (2, 3)", "2, (3,)", "3, 4, (2,)", "high=7, size=(4,)", "low=2, high=9, size=[3]", "10, ()", "10, (0,)", "2**20, (5,)",
                                 "2**31, (5,)", "2**33, (5,)", "0, 2**40, (4,)", "-2**40, 2**40, (20,)", "2**62, (20,)", "100, (33,)", "10, lib.Size([2, 2])", "1, (3,)")):  # fmt: skip
        yield sample(f"lib.manual_seed({seed}); lib.randint({text})")
    for dtype in ("int32", "int16", "int8", "uint8", "float32", "float64", "float16"):
        yield sample(f"lib.manual_seed(2); lib.randint(0, 100, (6,), dtype=lib.{dtype})")
    yield sample("g = lib.Generator().manual_seed(3); lib.randint(9, (4,), generator=g)")


@operation("randperm")
def randperm(d: Draw) -> Iterator[Sample]:
    for seed, n in enumerate((0, 1, 2, 3, 5, 10, 16, 17, 30, 64, 100, 127)):
        yield sample(f"lib.manual_seed({seed}); lib.randperm({n})")
        yield sample(f"lib.manual_seed({seed + 50}); [lib.randperm({n}), lib.randperm(n=4)]")
    for dtype in ("int32", "float32", "int16"):
        yield sample(f"lib.manual_seed(1); lib.randperm(6, dtype=lib.{dtype})")
    yield sample("g = lib.Generator().manual_seed(3); lib.randperm(9, generator=g)")


@operation("normal")
def normal(d: Draw) -> Iterator[Sample]:
    for seed, text in enumerate(("0.0, 1.0, (3,)", "2.0, 0.5, (4, 5)", "mean=1.0, std=2.0, size=(17,)", "0.0, 1.0, (0,)", "0.0, 1.0, size=(16,)", "3.0, 0.1, (2, 2)", "0, 1, (3,)",
                                 "0.0, 0.0, (3,)", "-5.0, 2.0, (33,)", "1.0, 1.0, (1,)")):  # fmt: skip
        yield sample(f"lib.manual_seed({seed}); lib.normal({text})")
    for shape in ((3,), (2, 10), (0,), (17,), ()):
        yield sample(
            "lib.manual_seed(3); lib.normal(x, y)",
            d.real(*shape, grad=False),
            d.const(abs(d.real(*shape).array), grad=False),
        )
        yield sample("lib.manual_seed(4); lib.normal(x, 2.0)", d.real(*shape, grad=False))
        yield sample("lib.manual_seed(5); lib.normal(1.5, x.abs())", d.real(*shape, grad=False))
    yield sample("lib.manual_seed(5); x.normal_()", d.real(20, grad=False))
    yield sample("lib.manual_seed(5); x.normal_(1.0, 3.0)", d.real(5, grad=False))
    yield sample("lib.manual_seed(5); x.normal_(mean=1.0, std=3.0)", d.real(2, 3, grad=False))
    yield sample("lib.manual_seed(5); lib.normal(0.0, 1.0, (3,), dtype=lib.float64)")
    yield sample("lib.normal(0.0, 1.0, (3,), generator=lib.Generator().manual_seed(3))")


@operation("bernoulli")
def bernoulli(d: Draw) -> Iterator[Sample]:
    for shape in ((), (3,), (2, 3), (40,), (0,), (2, 1, 3)):
        yield sample("lib.manual_seed(3); lib.bernoulli(x.sigmoid())", d.real(*shape, grad=False))
        yield sample("lib.manual_seed(4); lib.bernoulli(x, 0.3)", d.real(*shape, grad=False))
        yield sample("lib.manual_seed(4); x.bernoulli_(0.3)", d.real(*shape, grad=False))
        yield sample("lib.manual_seed(5); x.bernoulli(p=0.5)", d.real(*shape, grad=False))
    yield sample("lib.manual_seed(3); lib.bernoulli(x.sigmoid())", d.real(4))
    yield sample("lib.manual_seed(3); x.bernoulli_()", d.typed("int64", 9))
    yield sample(
        "lib.bernoulli(x, generator=lib.Generator().manual_seed(3))",
        d.const([0.0, 1.0, 0.5], grad=False),
    )
    yield sample("lib.manual_seed(3); lib.zeros(5).bernoulli_(lib.full((5,), 0.5))")


@operation("multinomial")
def multinomial(d: Draw) -> Iterator[Sample]:
    for seed in range(4):
        for text in (
            "x, 1",
            "x, 3",
            "x, 10, replacement=True",
            "x, num_samples=2, replacement=False",
            "x, 4, True",
        ):
            yield sample(
                f"lib.manual_seed({seed}); lib.multinomial({text})",
                d.const([0.1, 0.5, 2.0, 0.3], grad=False),
            )
    for text in ("x, 1", "x, 2", "x, 5, True"):
        yield sample(
            f"lib.manual_seed(1); lib.multinomial({text})",
            d.const([[0.1, 0.5, 2.0], [1.0, 1.0, 1.0]], grad=False),
        )
    yield sample("lib.manual_seed(2); lib.multinomial(x, 6, True)", d.const([0.0, 1.0, 0.0, 1.0], grad=False))
    yield sample("lib.manual_seed(2); x.multinomial(2)", d.const([0.0, 1.0, 0.0, 1.0], grad=False))
    yield sample(
        "lib.multinomial(x, 2, generator=lib.Generator().manual_seed(8))",
        d.const([1.0, 2.0, 3.0], grad=False),
    )


@operation("manual_seed", "Generator", "get_rng_state", "set_rng_state")
def generators(d: Draw) -> Iterator[Sample]:
    for seed in (0, 1, 42, 2**31, 2**32 - 1, 2**40 + 7, 2**63 - 1, -1, -12345):
        yield sample(f"lib.manual_seed({seed}); lib.rand(3)")
        yield sample(f"g = lib.Generator(); g.manual_seed({seed}); (g.initial_seed(), lib.randn(3, generator=g))")
    yield sample("lib.manual_seed(3).initial_seed()")
    yield sample("lib.manual_seed(3); lib.initial_seed()")
    yield sample(
        "lib.manual_seed(3); s = lib.get_rng_state(); a = lib.randn(5); lib.set_rng_state(s); (a - lib.randn(5)).abs().sum()"
    )
    yield sample(
        "lib.manual_seed(3); lib.randn(1); s = lib.get_rng_state(); a = lib.randn(1); lib.set_rng_state(s); (a, lib.randn(1))"
    )
    yield sample("lib.manual_seed(3); s = lib.get_rng_state(); (s.dtype, s.dim())")
    yield sample(
        "g = lib.Generator().manual_seed(1); s = g.get_state(); a = lib.rand(2, generator=g); g.set_state(s); (a, lib.rand(2, generator=g))"
    )
    yield sample("str(lib.Generator().device)")
    yield sample("lib.Generator(device='cpu').manual_seed(4).initial_seed()")
    yield sample("lib.manual_seed(1); g = lib.Generator().manual_seed(1); (lib.rand(3), lib.rand(3, generator=g))")
    yield sample("type(lib.manual_seed(0)).__name__")
