"""Samples of dtypes, devices, sizes, and of the settings that creation and printing read."""

from __future__ import annotations

from collections.abc import Iterator

from .sample import DTYPES, Draw, Sample, operation, sample


@operation("dtypes")
def dtypes(d: Draw) -> Iterator[Sample]:
    for dtype in DTYPES:
        yield sample(f"lib.{dtype}")
        yield sample(f"str(lib.{dtype})")
        yield sample(f"repr(lib.{dtype})")
        yield sample(f"lib.{dtype}.is_floating_point")
        yield sample(f"lib.{dtype}.itemsize")
        yield sample(f"lib.zeros(1, dtype=lib.{dtype}).dtype is lib.{dtype}")
    for alias, dtype in (
        ("half", "float16"),
        ("float", "float32"),
        ("double", "float64"),
        ("short", "int16"),
        ("int", "int32"),
        ("long", "int64"),
    ):
        yield sample(f"lib.{alias} is lib.{dtype}")
        yield sample(f"{{lib.{dtype}: 1}}[lib.{alias}]")
    yield sample("lib.float32 == lib.float64")
    yield sample("isinstance(lib.float32, lib.dtype)")
    yield sample("lib.float32.is_complex")
    yield sample("lib.int8.is_signed")
    yield sample("lib.uint8.is_signed")
    yield sample("pickle.loads(pickle.dumps(lib.float32)) is lib.float32")
    yield sample("copy.deepcopy(lib.int64) is lib.int64")


@operation("result_type")
def result_type(d: Draw) -> Iterator[Sample]:
    for one in DTYPES:
        for two in DTYPES:
            yield sample(f"lib.promote_types(lib.{one}, lib.{two})")
        yield sample("lib.result_type(x, 1.5)", d.typed(one, 2))
        yield sample("lib.result_type(x, 1)", d.typed(one, 2))
        yield sample(f"lib.can_cast(lib.{one}, lib.int64)")


@operation("Tensor", "FloatTensor", "LongTensor", "ByteTensor", "BoolTensor")
def classes(d: Draw) -> Iterator[Sample]:
    op = d.op
    for text in (
        "[1, 0]",
        "[[1, 2], [3, 4]]",
        "[]",
        "[True, False]",
        "((1, 2), (0, 1))",
        "[[1], [0]]",
        "[1]",
        "(1, 0, 1)",
    ):
        yield sample(f"lib.{op}({text})")
        yield sample(f"lib.{op}({text}).dtype")
    for size in ("2", "2, 3", "0", "2, 0", "1, 1, 1"):
        yield sample(f"lib.{op}({size}).shape")
        yield sample(f"lib.{op}({size}).dtype")
    yield sample(f"lib.{op}().shape")
    yield sample(f"lib.{op}(np.array([1, 0])).dtype" if op == "LongTensor" else f"lib.{op}([0, 1])[1]")
    yield sample(f"isinstance(lib.{op}([1]), lib.Tensor)")
    if op == "Tensor":
        yield sample("lib.Tensor([1.5, 2]).tolist()")
        yield sample("isinstance(lib.ones(1), lib.Tensor)")
        yield sample("lib.Tensor(lib.Size([2, 3])).shape")
    else:
        yield sample(f"isinstance(lib.{op}([1]), lib.{op})")
        yield sample(f"isinstance(lib.ones(1, dtype=lib.float64), lib.{op})")
        yield sample(f"lib.{op}([1]).type()")


@operation("set_default_dtype")
def set_default_dtype(d: Draw) -> Iterator[Sample]:
    for dtype in ("float64", "float32", "float16", "bfloat16"):
        for body in (
            "lib.zeros(2)",
            "lib.tensor([1.5])",
            "lib.get_default_dtype()",
            "lib.tensor([1, 2]) / 2",
            "lib.arange(0, 1, 0.25).dtype",
            "lib.tensor([1]) * 1.5",
            "lib.ones(2, dtype=lib.int64).mean(dtype=None) if False else lib.eye(2)",
        ):
            yield sample(
                f"try:\n    lib.set_default_dtype(lib.{dtype})\n    return {body}\nfinally:\n    lib.set_default_dtype(lib.float32)"
            )
    yield sample("lib.get_default_dtype()")
    yield sample("lib.set_default_dtype(lib.float32)")


@operation("finfo", "iinfo")
def infos(d: Draw) -> Iterator[Sample]:
    names = (
        ("float16", "bfloat16", "float32", "float64")
        if d.op == "finfo"
        else ("int8", "int16", "int32", "int64", "uint8")
    )
    fields = (
        ("bits", "eps", "max", "min", "tiny", "resolution", "smallest_normal", "dtype")
        if d.op == "finfo"
        else ("bits", "max", "min", "dtype")
    )
    for name in names:
        for field in fields:
            yield sample(f"lib.{d.op}(lib.{name}).{field}")
    yield sample(f"lib.{d.op}(x.dtype).max", d.typed("float32" if d.op == "finfo" else "int32", 2))
    if d.op == "finfo":
        yield sample("lib.finfo().max")


@operation("device_class")
def device(d: Draw) -> Iterator[Sample]:
    for text in (
        "'cpu'",
        "'cuda'",
        "'cuda:1'",
        "'cpu', 0",
        "'cuda', 1",
        "type='cpu'",
        "lib.device('cpu')",
    ):
        for see_it in (
            "{}",
            "str({})",
            "repr({})",
            "({}.type, {}.index)",
            "{} == lib.device('cpu')",
        ):
            yield sample(see_it.replace("{}", f"lib.device({text})"))
    yield sample("lib.zeros(1).device")
    yield sample("lib.zeros(1).device == lib.device('cpu')")
    yield sample("isinstance(lib.zeros(1).device, lib.device)")
    yield sample("lib.zeros(1, device=lib.device('cpu')).device.type")
    yield sample("{lib.device('cpu'): 1}[lib.device('cpu')]")


@operation("Size")
def size(d: Draw) -> Iterator[Sample]:
    for text in ("[2, 3]", "()", "[1]", "(2, 0)"):
        for see_it in (
            "{}",
            "str({})",
            "repr({})",
            "len({})",
            "{}.numel()",
            "{} == tuple({})",
            "list({})",
            "isinstance({}, tuple)",
            "{} + {}",
            "{}[:1]",
        ):
            yield sample(see_it.replace("{}", f"lib.Size({text})"))
    yield sample("x.shape[1:]", d.real(2, 3))
    yield sample("x.shape == (2, 3)", d.real(2, 3))
    yield sample("isinstance(x.shape, lib.Size)", d.real(2, 3))
    yield sample("a, b = x.shape; a * b", d.real(2, 3))
    yield sample("math.prod(x.shape)", d.real(2, 3))


PRINTED = "[[1.5, -2.0], [1000.25, 3.0]]"


@operation("set_printoptions")
def set_printoptions(d: Draw) -> Iterator[Sample]:
    for options in (
        "precision=2",
        "precision=8",
        "threshold=5",
        "threshold=5, edgeitems=1",
        "linewidth=20",
        "sci_mode=True",
        "sci_mode=False",
        "profile='short'",
        "profile='full'",
        "profile='default'",
        "edgeitems=2, threshold=3",
    ):
        for data in (PRINTED, "list(range(20))", "[1e-8, 1.0, 1e8]"):
            yield sample(
                f"try:\n    lib.set_printoptions({options})\n    return repr(lib.tensor({data}))\nfinally:\n    lib.set_printoptions(profile='default', sci_mode=None)"
            )


@operation("is_tensor")
def is_tensor(d: Draw) -> Iterator[Sample]:
    for value in (
        "1",
        "2.5",
        "[1]",
        "None",
        "'a'",
        "np.ones(2)",
        "lib.ones(2)",
        "lib.ones(()) * 2",
        "lib.ones(2)[0]",
        "lib.float32",
        "(lib.ones(1),)",
        "lib.Size([1])",
        "lib.ones(2).shape",
        "lib.ones(2).sum()",
        "lib.ones(2).numpy()",
        "lib.ones(2).tolist()",
        "lib.Tensor",
        "lib",
        "{}",
        "lib.nn.Parameter(lib.ones(1))",
    ):
        yield sample(f"lib.is_tensor({value})")
    yield sample("lib.is_tensor(x * 2)", d.real(2))
    yield sample("lib.is_tensor(x.data)", d.real(2))


@operation("set_num_threads")
def set_num_threads(d: Draw) -> Iterator[Sample]:
    for count in range(1, 11):
        yield sample(
            f"before = lib.get_num_threads()\ntry:\n    return lib.set_num_threads({count})\nfinally:\n    lib.set_num_threads(before)"
        )
        yield sample(
            f"before = lib.get_num_threads()\ntry:\n    lib.set_num_threads({count})\n    return (lib.ones(5) * {count}).sum()\nfinally:\n    lib.set_num_threads(before)"
        )
