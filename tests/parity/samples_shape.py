"""Samples of the operations that rearrange entries: views first, then those that copy."""

from __future__ import annotations

from collections.abc import Iterator

from .sample import Draw, Sample, Shape, operation, sample, write

Forms = dict[str, tuple[tuple[str, Shape], ...]]

VIEWS: Forms = {
    "reshape": (
        ("lib.reshape(x, (3, 2))", (2, 3)), ("x.reshape(-1)", (2, 3)), ("x.reshape(3, -1)", (2, 3)),
        ("x.reshape((6,))", (2, 3)), ("x.reshape([2, 1, 3])", (2, 3)), ("x.reshape(())", (1,)),
        ("x.reshape(1)", ()), ("x.reshape(-1)", ()), ("x.reshape(0, 5)", (2, 0)),
        ("x.reshape(2, -1)", (2, 0, 3)), ("lib.reshape(input=x, shape=(3, 2))", (2, 3)),
        ("x.reshape(x.shape)", (2, 3)), ("x.t().reshape(-1)", (2, 3)), ("x[:, ::2].reshape(-1)", (2, 4)),
        ("x.reshape(2, 2, -1)", (4, 3)), ("x.reshape(*x.shape[:1], -1)", (2, 3, 2)),
        ("x.permute(2, 0, 1).reshape(4, 3)", (2, 3, 2)), ("x.reshape(1, 1, 1)", (1,)),
    ),
    "view": (
        ("x.view(3, 2)", (2, 3)), ("x.view(-1)", (2, 3)), ("x.view((6,))", (2, 3)), ("x.view([3, -1])", (2, 3)),
        ("x.view(1)", ()), ("x.view(())", (1,)), ("x.view(2, 1, 3)", (2, 3)), ("x.view(0, 4)", (2, 0)),
        ("x.view(2, 2, 3)", (4, 3)), ("x.view(size=(3, 2))", (2, 3)), ("x[1:].view(-1)", (3, 2)),
        ("x.t().view(3, 2, 1)", (2, 3)), ("x[:, ::2].view(2, 1, 2)", (2, 4)), ("x.view(x.size())", (2, 3)),
        ("x.expand(2, 3).view(2, 3, 1)", (1, 3)), ("x.view(x.dtype)", (2, 3)), ("x.view(4, -1)", (2, 3, 2)),
    ),
    "view_as": tuple(
        (f"x.view_as({other})", shape)
        for other, shape in (
            ("lib.zeros(3, 2)", (2, 3)), ("lib.zeros(6)", (2, 3)), ("x", (2, 3)), ("lib.zeros(1, 1)", ()),
            ("lib.zeros(())", (1,)), ("lib.zeros(0)", (2, 0)), ("lib.zeros(2, 1, 3)", (2, 3)),
            ("other=lib.zeros(6, 1)", (2, 3)), ("lib.zeros(12)", (2, 3, 2)),
        )
    ),
    "permute": (
        ("lib.permute(x, (1, 0))", (2, 3)), ("x.permute(1, 0)", (2, 3)), ("x.permute((2, 0, 1))", (2, 3, 4)),
        ("x.permute([0, 2, 1])", (2, 3, 4)), ("x.permute(-1, 0, 1)", (2, 3, 4)), ("x.permute(0)", (3,)),
        ("x.permute(())", ()), ("x.permute(dims=(1, 0))", (2, 3)), ("x.permute(0, 1)", (2, 3)),
        ("x.permute(1, 2, 0)", (2, 0, 3)), ("lib.permute(input=x, dims=(0, -1, 1))", (2, 3, 4)),
        ("x.permute(3, 2, 1, 0)", (2, 1, 3, 2)),
    ),
    "transpose": tuple(
        (text.format(op="transpose"), shape)
        for text, shape in (
            ("lib.{op}(x, 0, 1)", (2, 3)), ("x.{op}(0, 1)", (2, 3)), ("x.{op}(-1, -2)", (2, 3, 4)),
            ("x.{op}(dim0=0, dim1=2)", (2, 3, 4)), ("x.{op}(0, 0)", (3,)), ("x.{op}(0, -1)", ()),
            ("x.{op}(1, 1)", (2, 3)), ("x.{op}(0, 2)", (2, 0, 3)), ("lib.{op}(input=x, dim0=1, dim1=0)", (2, 3)),
            ("x.{op}(0, 1)", (1, 3)), ("x.{op}(0, 2).{op}(1, 2)", (2, 3, 4)),
        )
    ),
    "swapaxes": (
        ("lib.swapaxes(x, 0, 1)", (2, 3)), ("x.swapaxes(0, 1)", (2, 3)), ("x.swapaxes(-1, -2)", (2, 3, 4)),
        ("x.swapaxes(axis0=0, axis1=2)", (2, 3, 4)), ("x.swapaxes(0, 0)", (3,)), ("x.swapaxes(0, -1)", ()),
        ("x.swapaxes(1, 1)", (2, 3)), ("x.swapaxes(0, 2)", (2, 0, 3)), ("x.swapdims(0, 1)", (2, 3)),
        ("lib.swapdims(x, 0, 1)", (2, 3)),
    ),
    "t": (
        ("lib.t(x)", (2, 3)), ("x.t()", (2, 3)), ("x.t()", (3,)), ("x.t()", ()), ("lib.t(input=x)", (1, 3)),
        ("x.t()", (2, 0)), ("x.t().t()", (2, 3)), ("lib.t(x)", (3,)), ("lib.t(x)", ()), ("x.t()[1]", (3, 4)),
    ),
    "expand": (
        ("x.expand(2, 3)", (3,)), ("x.expand(2, 3)", (1, 3)), ("x.expand(-1, 3)", (2, 1)), ("x.expand((4, 2, 3))", (2, 3)),
        ("x.expand([2, 2])", ()), ("x.expand(3)", ()), ("x.expand(2, -1, -1)", (1, 2, 3)), ("x.expand(2, 3)", (2, 3)),
        ("x.expand(0, 3)", (1, 3)), ("x.expand(size=(2, 3))", (3,)), ("x.expand(4, -1, 3)", (2, 1)),
        ("x.expand(())", ()), ("x.expand(2, 0)", (0,)), ("x.expand(2, 3).sum(0)", (1, 3)),
    ),
    "expand_as": tuple(
        (f"x.expand_as(lib.zeros({size}))", shape)
        for size, shape in (
            ("2, 3", (3,)), ("2, 3", (1, 3)), ("2, 3", (2, 1)), ("2, 2, 3", (2, 3)), ("2, 3", ()), ("0, 3", (1, 3)),
            ("2, 3", (2, 3)), ("3", (1,)), ("1, 1", ()), ("()", ()),
        )
    ),
    "broadcast_to": (
        ("lib.broadcast_to(x, (2, 3))", (3,)), ("x.broadcast_to((2, 3))", (1, 3)), ("lib.broadcast_to(x, [2, 3])", (2, 1)),
        ("lib.broadcast_to(x, (2, 2, 3))", (2, 3)), ("lib.broadcast_to(x, (3,))", ()), ("lib.broadcast_to(x, (0, 3))", (1, 3)),
        ("lib.broadcast_to(x, size=(2, -1))", (3,)), ("lib.broadcast_to(x, x.shape)", (2, 3)),
        ("x.broadcast_to(2, 3)", (3,)), ("lib.broadcast_to(x, ())", ()),
    ),
    "squeeze": (
        ("lib.squeeze(x)", (2, 1, 3)), ("x.squeeze()", (1, 1)), ("x.squeeze(1)", (2, 1, 3)), ("x.squeeze(0)", (2, 1, 3)),
        ("x.squeeze(-2)", (2, 1, 3)), ("x.squeeze(dim=0)", (1, 3)), ("x.squeeze()", ()), ("x.squeeze(0)", ()),
        ("x.squeeze((0, 2))", (1, 3, 1)), ("x.squeeze(dim=(0, 1))", (1, 3, 1)), ("x.squeeze()", (0, 1)),
        ("lib.squeeze(x, -1)", (3, 1)), ("lib.squeeze(input=x, dim=0)", (1,)), ("x.squeeze()", (2, 3)),
    ),
    "unsqueeze": (
        ("lib.unsqueeze(x, 0)", (2, 3)), ("x.unsqueeze(1)", (2, 3)), ("x.unsqueeze(-1)", (2, 3)), ("x.unsqueeze(2)", (2, 3)),
        ("x.unsqueeze(-3)", (2, 3)), ("x.unsqueeze(dim=0)", ()), ("x.unsqueeze(-1)", ()), ("x.unsqueeze(0)", (0,)),
        ("lib.unsqueeze(input=x, dim=1)", (3,)), ("x.unsqueeze(0).unsqueeze(0)", (3,)),
    ),
    "flatten": (
        ("lib.flatten(x)", (2, 3, 4)), ("x.flatten()", (2, 3)), ("x.flatten(1)", (2, 3, 4)), ("x.flatten(start_dim=1)", (2, 3, 4)),
        ("x.flatten(0, 1)", (2, 3, 4)), ("x.flatten(end_dim=-2)", (2, 3, 4)), ("x.flatten()", ()), ("x.flatten()", (0,)),
        ("x.flatten(1)", (2, 0, 3)), ("lib.flatten(x, -2, -1)", (2, 3, 4)), ("x.flatten(1, 1)", (2, 3)),
        ("lib.flatten(input=x, start_dim=0, end_dim=1)", (2, 3, 2)), ("x.ravel()", (2, 3)), ("lib.ravel(x)", (2, 3)),
        ("x.t().flatten()", (2, 3)),
    ),
    "unflatten": (
        ("lib.unflatten(x, 0, (2, 2))", (4, 3)), ("x.unflatten(1, (3, 2))", (2, 6)), ("x.unflatten(-1, (2, -1))", (2, 6)),
        ("x.unflatten(dim=0, sizes=(2, 3))", (6,)), ("x.unflatten(0, [1, 4])", (4,)), ("x.unflatten(1, (-1,))", (2, 6)),
        ("x.unflatten(0, (2, 0))", (0,)), ("x.unflatten(1, (1, 2, 3))", (2, 6)), ("lib.unflatten(x, 1, (3, -1))", (2, 6, 2)),
        ("x.unflatten(-2, (2, 2))", (4, 3)),
    ),
    "movedim": (
        ("lib.movedim(x, 0, 1)", (2, 3)), ("x.movedim(0, -1)", (2, 3, 4)), ("x.movedim((0, 1), (1, 2))", (2, 3, 4)),
        ("lib.movedim(x, source=2, destination=0)", (2, 3, 4)), ("x.movedim(1, 1)", (2, 3)), ("lib.moveaxis(x, 0, 2)", (2, 3, 4)),
        ("x.moveaxis(-1, 0)", (2, 3, 4)), ("x.movedim((0, 2), (2, 0))", (2, 3, 4)), ("x.movedim(0, 0)", (3,)),
        ("x.movedim(0, 2)", (2, 0, 3)), ("x.movedim((-1,), (0,))", (2, 3, 4)),
    ),
    "narrow": (
        ("lib.narrow(x, 0, 1, 2)", (4, 3)), ("x.narrow(1, 0, 2)", (2, 3)), ("x.narrow(-1, 1, 1)", (2, 3)), ("x.narrow(0, -2, 2)", (4, 3)),
        ("x.narrow(dim=0, start=0, length=0)", (4,)), ("x.narrow(0, 4, 0)", (4,)), ("lib.narrow(input=x, dim=1, start=1, length=2)", (2, 3)),
        ("x.narrow(0, 0, 4)", (4, 3)), ("x.narrow(0, lib.tensor(1), 2)", (4, 3)), ("x.narrow(1, 0, 0)", (2, 0)),
    ),
    "select": (
        ("lib.select(x, 0, 1)", (2, 3)), ("x.select(1, 0)", (2, 3)), ("x.select(-1, -1)", (2, 3)), ("x.select(0, -2)", (4,)),
        ("x.select(dim=1, index=2)", (2, 3, 4)), ("lib.select(input=x, dim=0, index=0)", (2, 3)), ("x.select(2, 3)", (2, 3, 4)),
        ("x.select(0, 0)", (1,)), ("x.select(1, 0)", (0, 3)), ("x.select(0, 1).select(0, 1)", (2, 3)),
    ),
    "diagonal": (
        ("lib.diagonal(x)", (3, 3)), ("x.diagonal()", (2, 3)), ("x.diagonal(1)", (3, 3)), ("x.diagonal(-1)", (3, 2)),
        ("x.diagonal(offset=2)", (2, 4)), ("x.diagonal(0, 1, 2)", (2, 3, 3)), ("x.diagonal(dim1=-2, dim2=-1)", (2, 3, 4)),
        ("x.diagonal(0, 2, 0)", (2, 3, 4)), ("x.diagonal(5)", (3, 3)), ("x.diagonal(-5)", (3, 3)), ("x.diagonal()", (0, 3)),
        ("lib.diagonal(input=x, offset=-1, dim1=0, dim2=1)", (3, 3)), ("x.diagonal().sum()", (3, 3)),
    ),
    "unfold": (
        ("x.unfold(0, 2, 1)", (5,)), ("x.unfold(0, 2, 2)", (5,)), ("x.unfold(1, 2, 1)", (2, 4)), ("x.unfold(-1, 3, 2)", (2, 5)),
        ("x.unfold(dimension=0, size=3, step=1)", (4, 2)), ("x.unfold(0, 4, 1)", (4,)), ("x.unfold(0, 1, 1)", (3,)),
        ("x.unfold(0, 2, 1).unfold(1, 2, 1)", (3, 3)), ("x.unfold(0, 1, 1)", ()), ("x.unfold(0, 0, 1)", (3,)),
        ("x.unfold(0, 2, 3)", (7, 2)),
    ),
}  # fmt: skip
MANY: Forms = {
    "split": (
        ("lib.split(x, 2)", (5,)), ("x.split(2)", (5, 2)), ("x.split(2, 1)", (2, 5)), ("x.split(2, dim=-1)", (2, 5)), ("x.split([1, 3])", (4,)),
        ("x.split([1, 0, 2], dim=1)", (2, 3)), ("lib.split(x, split_size_or_sections=3, dim=0)", (7,)), ("x.split(10)", (3,)),
        ("x.split(1)", (0, 2)), ("a, b = x.split(2); a * b", (4, 3)), ("lib.split(x, (2, 1), -1)", (2, 3)), ("x.split(2)[1]", (5,)),
    ),
    "chunk": (
        ("lib.chunk(x, 2)", (5,)), ("x.chunk(3)", (7, 2)), ("x.chunk(2, 1)", (2, 5)), ("x.chunk(2, dim=-1)", (2, 4)), ("x.chunk(1)", (3,)),
        ("x.chunk(5)", (3,)), ("x.chunk(4)", (6,)), ("lib.chunk(input=x, chunks=2, dim=0)", (4, 2)), ("x.chunk(2)", (0, 2)),
        ("a, b, c = x.chunk(3, 1); a + b * c", (2, 3)), ("x.chunk(4, -1)[2]", (2, 7)),
    ),
    "unbind": (
        ("lib.unbind(x)", (2, 3)), ("x.unbind()", (3,)), ("x.unbind(1)", (2, 3)), ("x.unbind(-1)", (2, 3, 2)), ("x.unbind(dim=0)", (1, 3)),
        ("x.unbind(0)", (0, 3)), ("lib.unbind(input=x, dim=1)", (2, 2)), ("a, b = x.unbind(); a * b", (2, 3)), ("x.unbind(1)[1]", (2, 3)),
        ("x.unbind(1)", (0, 2)),
    ),
}  # fmt: skip
COPIES: Forms = {
    "repeat": (
        ("x.repeat(2)", (3,)), ("x.repeat(2, 3)", (3,)), ("x.repeat((2, 1))", (2, 3)), ("x.repeat([1, 2])", (2, 3)), ("x.repeat(2, 1, 1)", (2, 3)),
        ("x.repeat(3)", ()), ("x.repeat(0)", (3,)), ("x.repeat(2, 0)", (2, 3)), ("x.repeat(2, 2)", (2, 0)), ("x.repeat(repeats=(2, 2))", (2, 2)),
        ("x.repeat(1, 1)", (2, 3)), ("x.repeat(())", ()), ("x.repeat(2, 1, 3)", (2, 1, 3)),
    ),
    "tile": (
        ("lib.tile(x, (2,))", (3,)), ("x.tile(2)", (2, 3)), ("x.tile((2, 1))", (2, 3)), ("lib.tile(x, (2, 2, 1))", (2, 3)), ("x.tile(2, 3)", (3,)),
        ("x.tile((3,))", ()), ("lib.tile(x, dims=(1, 2))", (2, 3)), ("x.tile(())", (2, 3)), ("x.tile((0,))", (3,)), ("x.tile((2,))", (2, 1, 3)),
    ),
    "repeat_interleave": (
        ("lib.repeat_interleave(x, 2)", (3,)), ("x.repeat_interleave(2)", (2, 3)), ("x.repeat_interleave(2, dim=0)", (2, 3)), ("x.repeat_interleave(3, 1)", (2, 3)),
        ("x.repeat_interleave(lib.tensor([1, 2, 0]))", (3,)), ("lib.repeat_interleave(x, lib.tensor([1, 2]), dim=0)", (2, 3)),
        ("x.repeat_interleave(lib.tensor([2, 1, 3]), dim=-1)", (2, 3)), ("lib.repeat_interleave(lib.tensor([1, 2, 0]))", ()), ("x.repeat_interleave(2)", ()),
        ("x.repeat_interleave(0, dim=0)", (2, 3)), ("x.repeat_interleave(repeats=2, dim=0)", (3,)), ("x.repeat_interleave(lib.tensor([2]), dim=0)", (3,)),
        ("x.repeat_interleave(lib.tensor([1, 2]), dim=0, output_size=3)", (2, 3)), ("x.repeat_interleave(2)", (0,)),
    ),
    "roll": (
        ("lib.roll(x, 1)", (4,)), ("x.roll(1)", (2, 3)), ("x.roll(1, 0)", (2, 3)), ("x.roll(-1, 1)", (2, 3)), ("x.roll((1, 2), (0, 1))", (2, 3)),
        ("x.roll(shifts=2, dims=-1)", (2, 3)), ("x.roll(7, 0)", (3,)), ("x.roll(0)", (3,)), ("x.roll(1)", ()), ("x.roll(1, 0)", (0, 3)),
        ("lib.roll(x, shifts=(1, 1), dims=(0, 0))", (3, 2)),
    ),
    "flip": (
        ("lib.flip(x, (0,))", (3,)), ("x.flip(0)", (2, 3)), ("x.flip(1)", (2, 3)), ("x.flip(0, 1)", (2, 3)), ("x.flip((-1,))", (2, 3)), ("x.flip([0, 2])", (2, 3, 4)),
        ("x.flip(dims=(1,))", (2, 3)), ("x.flip(())", (2, 3)), ("x.flip(0)", (0, 2)), ("x.flip(())", ()), ("lib.flip(input=x, dims=[0])", (3,)),
        ("lib.fliplr(x)", (2, 3)), ("lib.flipud(x)", (2, 3)), ("x.fliplr()", (2, 3)), ("x.flipud()", (2, 3)),
    ),
    "tril": tuple((text.format(op="tril"), shape) for text, shape in (
        ("lib.{op}(x)", (3, 3)), ("x.{op}()", (2, 3)), ("x.{op}(1)", (3, 3)), ("x.{op}(-1)", (3, 4)), ("x.{op}(diagonal=2)", (4, 3)),
        ("x.{op}()", (2, 3, 3)), ("lib.{op}(input=x, diagonal=-5)", (3, 3)), ("x.{op}(5)", (3, 3)), ("x.{op}()", (0, 3)), ("x.{op}()", (1, 1)), ("x.{op}(-1)", (2, 0, 3)),
    )),
    "diag": (
        ("lib.diag(x)", (3,)), ("lib.diag(x)", (3, 3)), ("x.diag()", (2, 3)), ("x.diag(1)", (3,)), ("x.diag(-1)", (3,)), ("x.diag(1)", (3, 3)), ("x.diag(-1)", (3, 2)),
        ("lib.diag(input=x, diagonal=2)", (2,)), ("x.diag()", (0,)), ("x.diag(5)", (3, 3)), ("x.diag(diagonal=-2)", (3, 3)), ("x.diag()", (1,)),
    ),
    "diag_embed": (
        ("lib.diag_embed(x)", (3,)), ("x.diag_embed()", (2, 3)), ("x.diag_embed(1)", (2, 3)), ("x.diag_embed(-1)", (3,)), ("x.diag_embed(offset=2)", (2,)),
        ("x.diag_embed(0, 0, 2)", (2, 3)), ("x.diag_embed(dim1=0, dim2=1)", (2, 3)), ("lib.diag_embed(input=x, offset=1, dim1=-1, dim2=-2)", (2, 3)), ("x.diag_embed()", (0,)),
        ("x.diag_embed()", (2, 1, 3)), ("x.diag_embed(-2, 1, 0)", (2, 2)),
    ),
}  # fmt: skip
COPIES["triu"] = tuple((text.replace("tril", "triu"), shape) for text, shape in COPIES["tril"])
WRITTEN = {
    "transpose": "x.transpose_(0, 1)", "swapaxes": "x.swapaxes_(0, 1)", "t": "x.t_()", "squeeze": "x.squeeze_()",
    "unsqueeze": "x.unsqueeze_(1)", "tril": "x.tril_()", "triu": "x.triu_(1)",
}  # fmt: skip
RESULT = "r = {call}; (r, r.stride(), r.is_contiguous(), r.storage_offset())"


def layouts(d: Draw, text: str, shape: Shape) -> Iterator[Sample]:
    """A form under each memory layout that leaves it valid."""
    if len(shape) > 1 and "view" not in text:
        for layout in ("transposed", "step") + (("expanded",) if shape[0] > 0 else ()):
            yield sample(text, d.real(*shape, layout=layout))
    if shape and 0 not in shape:
        yield sample(text, d.real(*shape, layout="offset"))


@operation(*VIEWS)
def views(d: Draw) -> Iterator[Sample]:
    forms = VIEWS[d.op]
    for place, (text, shape) in enumerate(forms):
        yield sample(text, d.real(*shape))
        if ";" not in text and 0 not in shape:  # no entries, no strides
            yield sample(RESULT.format(call=text), d.real(*shape, grad=False))
        if place % 3 == 0:
            yield from layouts(d, text, shape)
        if place < 5:
            yield sample(text, d.typed(("int64", "int32", "uint8", "bool", "float16")[place], *shape))
    yield from writes_through(d, forms)
    if d.op in WRITTEN:
        yield write(WRITTEN[d.op], d.real(2, 3))
        yield write(WRITTEN[d.op] + " * 2", d.real(1, 3))


def writes_through(d: Draw, forms: tuple[tuple[str, Shape], ...]) -> Iterator[Sample]:
    """A write into the view is seen, and differentiated, through the tensor it is a view of."""
    plain = [one for one in forms if "expand" not in one[0] and "broadcast" not in one[0]]
    copies = ("x.t().reshape(-1)", "x[:, ::2].reshape(-1)", "x.permute(2, 0, 1).reshape(4, 3)",
              "x.t().flatten()", ".sum(")  # fmt: skip
    for text, shape in plain[:8]:
        if 0 not in shape and not any(one in text for one in copies) and "unfold" not in text:
            yield write(f"({text}).mul_(3); x", d.real(*shape))
            yield write(f"y = {text}; x.mul_(2); y * y", d.real(*shape))


@operation(*MANY)
def many(d: Draw) -> Iterator[Sample]:
    forms = MANY[d.op]
    for place, (text, shape) in enumerate(forms):
        yield sample(text, d.real(*shape))
        if place % 3 == 0:
            yield from layouts(d, text, shape)
        if place < 4:
            yield sample(text, d.typed(("int64", "uint8", "bool", "float16")[place], *shape))
    yield sample(f"[one.stride() for one in x.{d.op}({'' if d.op == 'unbind' else '2'})]", d.real(4, 3))
    yield sample(f"type(x.{d.op}({'' if d.op == 'unbind' else '2'})).__name__", d.real(4, 3))


@operation(*COPIES)
def copies(d: Draw) -> Iterator[Sample]:
    forms = COPIES[d.op]
    for place, (text, shape) in enumerate(forms):
        yield sample(text, d.real(*shape))
        if place % 3 == 0:
            yield from layouts(d, text, shape)
        if place < 5:
            yield sample(text, d.typed(("int64", "int32", "uint8", "bool", "float64")[place], *shape))
    if d.op in WRITTEN:
        yield write(WRITTEN[d.op], d.real(3, 3))
        yield write(WRITTEN[d.op], d.real(2, 3, 3))
        yield write(WRITTEN[d.op], d.real(3, 2, layout="transposed"))


@operation("broadcast_tensors")
def broadcast_tensors(d: Draw) -> Iterator[Sample]:
    for one, two in (
        ((), ()),
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((2, 1), (1, 3)),
        ((0, 3), (1, 3)),
        ((), (2, 3)),
        ((2, 1, 3), (4, 1)),
    ):
        yield sample("lib.broadcast_tensors(x, y)", d.real(*one), d.real(*two))
        yield sample("lib.broadcast_tensors(x, y, x)", d.real(*one), d.typed("int64", *two))
    for x in d.laid():
        yield sample("lib.broadcast_tensors(x, y)", x, d.real(1))
    yield sample("lib.broadcast_tensors(x)", d.real(2, 3))
    yield sample("[one.stride() for one in lib.broadcast_tensors(x, y)]", d.real(2, 1), d.real(1, 3))


@operation("stack", "cat", "concat", "hstack", "vstack")
def joins(d: Draw) -> Iterator[Sample]:
    op = d.op
    for shape in ((3,), (2, 3), (2, 1, 3), (0,), (2, 0)):
        yield sample(f"lib.{op}([x, y])", d.real(*shape), d.real(*shape))
        yield sample(f"lib.{op}((x, y, x))", d.real(*shape), d.real(*shape))
        yield sample(f"lib.{op}([x])", d.real(*shape))
    for layout in ("transposed", "step", "expanded", "offset"):
        yield sample(f"lib.{op}([x, y])", d.real(2, 2, layout=layout), d.real(2, 2))
    for one, two in (
        ("int64", "float32"),
        ("float32", "float64"),
        ("bool", "int64"),
        ("uint8", "int8"),
        ("float16", "int64"),
        ("int32", "int64"),
        ("bfloat16", "float16"),
    ):
        yield sample(f"lib.{op}([x, y])", d.typed(one, 2), d.typed(two, 2))
    yield sample(f"lib.{op}(tensors=[x, y])", d.real(2), d.real(2))
    yield sample(f"lib.{op}([x, y])", d.real(2, grad=False), d.real(2))
    if op in {"stack", "cat", "concat"}:
        for dim in ("0", "1", "-1", "-2"):
            yield sample(f"lib.{op}([x, y], {dim})", d.real(2, 3), d.real(2, 3))
            yield sample(f"lib.{op}([x, y], dim={dim})", d.real(2, 3), d.real(2, 3))
    if op == "stack":
        yield sample("lib.stack([x, y], 2)", d.real(2, 3), d.real(2, 3))
        yield sample("lib.stack([x, y])", d.real(), d.real())
        yield sample("lib.stack([row * 2 for row in x])", d.real(3, 2))
    elif op in {"cat", "concat"}:
        yield sample(f"lib.{op}([x, y], 1)", d.real(2, 3), d.real(2, 1))
        yield sample(f"lib.{op}([x, y])", d.real(0), d.real(2, 3))
        yield sample(f"lib.{op}([x, y])", d.real(0, 3), d.real(2, 3))
    else:
        yield sample(f"lib.{op}([x, y])", d.real(), d.real())
        yield sample(
            f"lib.{op}([x, y])",
            *((d.real(2, 1), d.real(2, 3)) if op == "hstack" else (d.real(3), d.real(2, 3))),
        )


@operation("meshgrid")
def meshgrid(d: Draw) -> Iterator[Sample]:
    for one, two in (((3,), (2,)), ((1,), (4,)), ((), (3,)), ((0,), (2,)), ((2,), (2,))):
        yield sample("lib.meshgrid(x, y)", d.real(*one), d.real(*two))
        yield sample("lib.meshgrid(x, y, indexing='ij')", d.real(*one), d.real(*two))
        yield sample("lib.meshgrid([x, y], indexing='xy')", d.real(*one), d.real(*two))
    for dtype in ("int64", "uint8", "bool"):
        yield sample("lib.meshgrid(x, y, indexing='ij')", d.typed(dtype, 2), d.typed(dtype, 3))
    yield sample("lib.meshgrid(x, indexing='ij')", d.real(3))
    yield sample("lib.meshgrid(x, y, z, indexing='ij')", d.real(2), d.real(3), d.real(2))
    yield sample("lib.meshgrid(x, y, z, indexing='xy')", d.real(2), d.real(3), d.real(2))
    yield sample("a, b = lib.meshgrid(x, x, indexing='ij'); a * b", d.real(3))
