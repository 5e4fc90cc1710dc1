"""Invalid calls written one by one: linear algebra, shape, indexing, creation, and the rest."""

from __future__ import annotations

__all__ = ["CREATION", "INDEXING", "LINALG", "OTHER", "SHAPE"]

Table = dict[str, tuple[str, ...]]


def forms(op: str, *arguments: str) -> tuple[str, ...]:
    """``lib.op(...)`` with each of these argument lists."""
    return tuple(f"lib.{op}({one})" for one in arguments)


O23, O34 = "lib.ones(2, 3)", "lib.ones(3, 4)"
INT = "lib.ones(2, 2, dtype=lib.int64)"

LINALG: Table = {
    "matmul": forms("matmul", f"{O23}, {O23}", f"{O23}, lib.ones(2)", "lib.ones(()), lib.ones(2)", f"{O23}, 2.0", f"{O23}, {O34}.double()", f"{O23}, {O34}.long()", "lib.ones(2, 2, 3), lib.ones(3, 3, 2)", O23)
    + ("lib.ones(2, 3) @ 2", "lib.ones(2, 3) @ [1.0, 2.0, 3.0]", "lib.ones(2, 3) @ lib.ones(2, 3)"),
    "mm": forms("mm", f"{O23}, {O23}", "lib.ones(3), lib.ones(3, 2)", "lib.ones(2, 2, 3), lib.ones(3, 2)", f"{O23}, {O34}.double()", f"{O23}, lib.ones(3)", f"{O23}, 'a'"),
    "bmm": forms("bmm", f"{O23}, {O34}", "lib.ones(2, 2, 3), lib.ones(3, 3, 2)", "lib.ones(2, 2, 3), lib.ones(2, 2, 3)", "lib.ones(1, 2, 3), lib.ones(2, 3, 2)", "lib.ones(2, 2, 3), lib.ones(3, 2)", "lib.ones(2, 2, 2), lib.ones(2, 2, 2).double()"),
    "mv": forms("mv", f"{O23}, lib.ones(2)", f"{O23}, {O34}", "lib.ones(3), lib.ones(3)", f"{O23}, lib.ones(3).double()", f"{O23}, 1"),
    "dot": forms("dot", "lib.ones(2), lib.ones(3)", "lib.ones(2, 2), lib.ones(2, 2)", "lib.ones(()), lib.ones(())", "lib.ones(2), lib.ones(2).double()", "lib.ones(2), [1.0, 2.0]"),
    "inner": forms("inner", "lib.ones(2), lib.ones(3)", f"{O23}, {O34}", "lib.ones(2), 2.0", "lib.ones(2), lib.ones(2).double()"),
    "outer": forms("outer", f"{O23}, lib.ones(2)", "lib.ones(2), lib.ones(2, 2)", "lib.ones(()), lib.ones(2)", "lib.ones(2), 2"),
    "einsum": forms("einsum", "'ij,jk', lib.ones(2, 3)", "'ij', lib.ones(2)", "'ij,jk', lib.ones(2, 3), lib.ones(2, 3)", "'ij->ik', lib.ones(2, 3)", "'i1', lib.ones(2, 2)", "'ii', lib.ones(2, 3)", "'ij,jk->ii', lib.ones(2, 3), lib.ones(3, 2)", "'ij,jk->ik->', lib.ones(2, 3), lib.ones(3, 2)", "'ij'", "3, lib.ones(2)", "'i', 2.0"),
    "addmm": forms("addmm", f"lib.ones(2, 4), {O23}, {O23}", f"lib.ones(3, 4), {O23}, {O34}", f"lib.ones(4), lib.ones(3), {O34}", f"lib.ones(4), {O23}, {O34}.double()", f"lib.ones(1, 2, 4), {O23}, {O34}", f"lib.ones(4), {O23}")
    + ("lib.ones(4).addmm_(lib.ones(2, 3), lib.ones(3, 4))", "lib.ones(2, 4, requires_grad=True).addmm_(lib.ones(2, 3), lib.ones(3, 4))"),
    "baddbmm": forms("baddbmm", "lib.ones(2, 2, 2), lib.ones(2, 2, 3), lib.ones(2, 2, 3)", "lib.ones(3, 2, 2), lib.ones(2, 2, 3), lib.ones(2, 3, 2)", "lib.ones(2, 2), lib.ones(2, 3), lib.ones(3, 2)", "lib.ones(2, 2, 2), lib.ones(2, 2, 3), lib.ones(1, 3, 2)", "lib.ones(2), lib.ones(2, 2, 3)"),
    "tensordot": forms("tensordot", f"{O23}, {O23}, 1", f"{O23}, {O34}, -1", f"{O23}, {O34}, 3", f"{O23}, {O34}, ([0, 1], [0])", f"{O23}, {O34}, ([5], [0])", f"{O23}, {O34}.double(), 1", f"{O23}, 2.0"),
    "trace": forms("trace", "lib.ones(3)", "lib.ones(2, 2, 2)", "lib.ones(())", "lib.ones(2, 2, dtype=lib.bool)", "2.0"),
    "cdist": forms("cdist", f"{O23}, lib.ones(2, 4)", "lib.ones(3), lib.ones(2, 3)", f"{O23}, {O23}, p=-1.0", f"{O23}, {O23}, compute_mode='fast'", f"{O23}.long(), {O23}.long()", "lib.ones(2, 2, 3), lib.ones(3, 2, 3)"),
    "linalg.norm": forms("linalg.norm", "lib.ones(2, 2, 2), 'fro'", "lib.ones(3), 'nuc'", "lib.ones(2, 2, 2), 2", f"{O23}, 3", f"{O23}, dim=2", f"{O23}, dim=(0, 0)", f"{O23}, dim=(0, 1, 2)", INT, f"{O23}, 'wrong'", "2.0", "lib.ones(0), float('inf')"),
    "linalg.inv": forms("linalg.inv", O23, "lib.ones(3)", "lib.zeros(2, 2)", INT, "[[1.0]]", "lib.ones(2, 2)", "lib.ones(2, 2, dtype=lib.float16)"),
    "linalg.det": forms("linalg.det", O23, "lib.ones(3)", INT, "2.0", "lib.ones(())"),
    "linalg.slogdet": forms("linalg.slogdet", O23, "lib.ones(3)", INT, "2.0", "lib.ones(2, 2, dtype=lib.bool)"),
    "linalg.solve": forms("linalg.solve", f"{O23}, lib.ones(2)", "lib.eye(2), lib.ones(3)", "lib.zeros(2, 2), lib.ones(2)", "lib.eye(2), lib.ones(3, 2)", f"{INT}, lib.ones(2)", "lib.eye(2), lib.ones(2).double()", "lib.eye(2)", "lib.ones(2), lib.ones(2)", "lib.eye(2), 2.0"),
    "linalg.cholesky": forms("linalg.cholesky", O23, "-lib.eye(2)", "lib.zeros(2, 2)", INT, "lib.ones(2)", "lib.tensor([[1.0, 2.0], [2.0, 1.0]])", "lib.stack([lib.eye(2), -lib.eye(2)])"),
    "linalg.svd": forms("linalg.svd", "lib.ones(3)", INT, "2.0", "lib.ones(())", "lib.ones(2, 2), wrong=1"),
    "linalg.qr": forms("linalg.qr", "lib.ones(3)", INT, "lib.eye(2), mode='full'", "lib.ones(())", "2.0", "lib.eye(2), mode=1"),
    "linalg.eigh": forms("linalg.eigh", O23, "lib.ones(3)", INT, "lib.eye(2), UPLO='X'", "2.0"),
    "linalg.eigvalsh": forms("linalg.eigvalsh", O23, "lib.ones(3)", INT, "lib.eye(2), UPLO='X'", "2.0"),
    "linalg.pinv": forms("linalg.pinv", "lib.ones(3)", INT, "lib.ones(2, 3), hermitian=True", "2.0", "lib.ones(())"),
    "linalg.matrix_rank": forms("linalg.matrix_rank", "lib.ones(3)", INT, "lib.ones(2, 3), hermitian=True", "2.0", "lib.ones(())"),
}  # fmt: skip


def methods(call: str, *arguments: str, of: str = O23) -> tuple[str, ...]:
    """``of.call(...)`` with each of these argument lists."""
    return tuple(f"{of}.{call}({one})" for one in arguments)


SHAPE: Table = {
    "reshape": methods("reshape", "4", "-1, -1", "5, -1", "-2, 3", "'a'", "2.5, 2", "", "0, -1") + ("lib.reshape(lib.ones(0), (0, -1))", "lib.reshape(lib.ones(2))"),
    "view": methods("view", "4", "-1, -1", "5, -1", "-2, -3", "'a'", "2.5, 2", "") + ("lib.ones(2, 3).t().view(-1)", "lib.ones(2, 4)[:, 1:].view(-1)", "lib.ones(3).expand(2, 3).view(-1)"),
    "view_as": methods("view_as", "lib.ones(4)", "(3, 2)", "", "None") + ("lib.ones(2, 3).t().view_as(lib.ones(6))",),
    "permute": methods("permute", "0", "0, 0", "0, 2", "0, 1, 2", "'a'", "-3, 0", "0.5, 1", "0, -2"),
    "transpose": methods("transpose", "0, 2", "-3, 0", "0", "", "'a', 1", "0.5, 1", "0, 1, 2") + ("lib.transpose(lib.ones(2, 3), 5, 0)", "lib.ones(()).transpose(0, 1)"),
    "swapaxes": methods("swapaxes", "0, 2", "-3, 0", "0", "", "'a', 1", "0.5, 1"),
    "t": ("lib.ones(2, 2, 2).t()", "lib.t(lib.ones(1, 1, 1))", "lib.t()", "lib.ones(2, 2).t(1)", "lib.t(2.0)", "lib.ones(1, 2, 3).t_()"),
    "expand": methods("expand", "2", "4, 3", "3, 2", "-1, 2, 3", "'a'", "2, -2", "") + ("lib.ones(3).expand(-1, 3)", "lib.ones(2).expand(2, 3)", "lib.ones(3).expand(())"),
    "expand_as": methods("expand_as", "lib.ones(2)", "lib.ones(3, 2)", "(2, 3)", "") + ("lib.ones(3).expand_as(lib.ones(()))",),
    "broadcast_to": forms("broadcast_to", f"{O23}, (2,)", f"{O23}, (4, 3)", "lib.ones(3), (-1, 3)", f"{O23}", f"{O23}, 'a'", "2.0, (2,)"),
    "broadcast_tensors": forms("broadcast_tensors", "lib.ones(2), lib.ones(3)", "lib.ones(2), 2.0", "'a'", "lib.ones(2, 3), lib.ones(2)"),
    "squeeze": methods("squeeze", "2", "-3", "'a'", "0.5", "(0, 0)", "(0, 5)"),
    "unsqueeze": methods("unsqueeze", "3", "-4", "", "'a'", "0.5", "(0, 1)") + ("lib.ones(()).unsqueeze(1)",),
    "flatten": methods("flatten", "2", "0, 2", "1, 0", "-3", "'a'", "0.5"),
    "unflatten": methods("unflatten", "1, (2, 2)", "2, (1, 3)", "1, (-1, -1)", "1", "1, ()", "1, (2, -1)", "'a', (3,)"),
    "stack": forms("stack", "[]", f"[{O23}, {O34}]", f"[{O23}, {O23}], dim=3", f"[{O23}, {O23}], dim=-4", "lib.ones(())", "[lib.ones(2), 1.0]", "[1, 2]", "'a'", "[lib.ones(2), lib.ones(1)]"),
    "cat": forms("cat", "[]", f"[{O23}, {O34}]", f"[{O23}, {O23}], dim=2", f"[{O23}, {O23}], dim=-3", "[lib.ones(()), lib.ones(())]", "[lib.ones(2), 1.0]", "lib.ones(2)", "[lib.ones(2), lib.ones(1, 2)]", f"[{O23}, {O23}], 'a'"),
    "concat": forms("concat", "[]", f"[{O23}, {O34}]", f"[{O23}, {O23}], dim=2", "[lib.ones(()), lib.ones(())]", "[lib.ones(2), 1.0]"),
    "hstack": forms("hstack", "[]", f"[{O23}, {O34}]", "[lib.ones(2), lib.ones(2, 2)]", "lib.ones(2)", "[1.0]"),
    "vstack": forms("vstack", "[]", f"[{O23}, {O34}]", "[lib.ones(2), lib.ones(3)]", "lib.ones(2)", "[1.0]"),
    "split": methods("split", "2, 2", "[1, 2]", "-1", "[3, -1]", "", "'a'", "2, -3", "0") + ("lib.split(lib.ones(()), 1)",),
    "chunk": methods("chunk", "0", "-1", "2, 2", "2, -3", "", "'a'", "1.5") + ("lib.ones(()).chunk(2)",),
    "unbind": methods("unbind", "2", "-3", "'a'", "0, 1") + ("lib.unbind(lib.ones(()))", "lib.unbind([1.0])"),
    "repeat": methods("repeat", "2", "-1, 2", "'a'", "1.5, 2", ""),
    "tile": methods("tile", "(-1,)", "'a'", "(1.5,)") + ("lib.tile(lib.ones(2))", "lib.tile(2.0, (2,))"),
    "repeat_interleave": methods("repeat_interleave", "-1", "2, 2", "lib.tensor([1, 2, 3]), 0", "lib.tensor([1.0, 2.0]), 0", "lib.tensor([-1, 2]), 0", "'a'", "lib.tensor([[1, 2]]), 0", ""),
    "roll": methods("roll", "1, 2", "(1, 2), 0", "1, (0, 1)", "(1, 2)", "'a'", "", "0.5, 0", "1, -3"),
    "flip": methods("flip", "2", "-3", "(0, 0)", "'a'", "0.5", "(0, -2)"),
    "movedim": methods("movedim", "0, 2", "-3, 0", "(0, 1), (0, 0)", "(0, 0), (0, 1)", "(0, 1), 0", "0", "'a', 0"),
    "narrow": methods("narrow", "0, 0, 3", "0, 3, 1", "2, 0, 1", "0, 0, -1", "0, -3, 1", "0, 1", "'a', 0, 1", "0, 0.5, 1") + ("lib.ones(()).narrow(0, 0, 1)",),
    "select": methods("select", "0, 2", "0, -3", "2, 0", "-3, 0", "0", "'a', 0", "0, 0.5") + ("lib.ones(()).select(0, 0)",),
    "tril": forms("tril", "lib.ones(3)", "lib.ones(())", "2.0", f"{O23}, 'a'", f"{O23}, 0.5") + ("lib.ones(2, 2, requires_grad=True).tril_()",),
    "triu": forms("triu", "lib.ones(3)", "lib.ones(())", "2.0", f"{O23}, 'a'", f"{O23}, 0.5") + ("lib.ones(2, 2, requires_grad=True).triu_()",),
    "diag": forms("diag", "lib.ones(())", "lib.ones(2, 2, 2)", "2.0", "lib.ones(2), 'a'", "lib.ones(2), 0.5"),
    "diagonal": forms("diagonal", "lib.ones(3)", "lib.ones(())", f"{O23}, 0, 0, 0", f"{O23}, 0, 0, 2", f"{O23}, 0, -1, 1", f"{O23}, 'a'", "2.0"),
    "diag_embed": forms("diag_embed", "lib.ones(())", f"{O23}, 0, 0, 0", f"{O23}, 0, 0, 3", f"{O23}, 0, -1, 2", f"{O23}, 'a'", "2.0"),
    "unfold": methods("unfold", "0, 3, 1", "2, 1, 1", "0, 1, 0", "0, -1, 1", "0, 1, -1", "0, 1", "'a', 1, 1"),
    "meshgrid": forms("meshgrid", "lib.ones(2, 2)", "lib.ones(2), lib.ones(3), indexing='ab'", "lib.ones(2), lib.ones(2).double(), indexing='ij'", "2.0", "indexing='ij'"),
}  # fmt: skip

M43 = "lib.ones(4, 3)"
LONG = "lib.tensor([0, 1])"

INDEXING: Table = {
    "getitem": tuple(f"{M43}[{one}]" for one in ("4", "-5", "0, 3", "0, 0, 0", "'a'", "1.5", "::-1", "::0", "[0, 4]", "lib.tensor([0, 4])", "lib.tensor([-5])", "lib.tensor([0.0, 1.0])", "lib.tensor([True, False])", "[True, False]", "[0, 1], [0, 1, 2]", "lib.ones(4, 4) > 0", "1.0:2", "lib.tensor([0, 1]), lib.tensor([0, 3])", "{}", "object()"))
    + ("lib.ones(())[0]", "lib.ones(())[:]", "lib.ones(0)[0]"),
    "setitem": tuple(f"x = {M43}; x[{one}" for one in ("4] = 1", "0] = lib.ones(2)", "0, 0] = lib.ones(2)", "'a'] = 1", "::-1] = 1", "[0, 5]] = 1", "0] = 'a'", "lib.tensor([True, False])] = 1", "x > 0] = lib.ones(5)", "[0, 1]] = lib.ones(3, 3)", "1:3] = lib.ones(3, 3)", "0] = None", "0] = np.float32(1)"))
    + ("x = lib.ones(3, requires_grad=True); x[0] = 1", "x = lib.ones(3, requires_grad=True); x[[0]] += 1", "x = lib.ones(1).expand(3); x[:] = lib.ones(3)", "x = lib.tensor([1, 2]); x[[0, 1]] = lib.ones(2)"),
    "index_put": methods("index_put", f"({LONG},), lib.ones(2)", "(lib.tensor([5]),), lib.ones(1)", f"({LONG}, {LONG}, {LONG}), lib.ones(2)", f"({LONG},)", f"({LONG},), lib.ones(3).double()", "(lib.tensor([0.5]),), lib.ones(3)", f"({LONG},), 2.0", f"({LONG}, lib.tensor([0, 1, 2])), lib.ones(2)"),
    "index_put_": methods("index_put_", f"({LONG},), lib.ones(2)", "(lib.tensor([5]),), lib.ones(1)", f"({LONG},)", f"({LONG},), lib.ones(3).double()", "(lib.tensor([0.5]),), lib.ones(3)") + ("lib.ones(3, requires_grad=True).index_put_((lib.tensor([0]),), lib.ones(1))",),
    "gather": methods("gather", "0, lib.tensor([0])", "2, lib.tensor([[0]])", "0, lib.tensor([[5]])", "0, lib.tensor([[-1]])", "0, lib.tensor([[0.0]])", "0, lib.zeros(1, 4, dtype=lib.int64)", "0", "0, [[0]]", "-3, lib.tensor([[0]])"),
    "scatter": methods("scatter", "0, lib.tensor([[5]]), 1.0", "0, lib.tensor([[-1]]), 1.0", "2, lib.tensor([[0]]), 1.0", "0, lib.tensor([0]), 1.0", "0, lib.tensor([[0.0]]), 1.0", "0, lib.tensor([[0, 1], [1, 0]]), lib.ones(1, 1)", "0, lib.tensor([[0]]), lib.ones(1, 1).double()", "0, lib.tensor([[0]]), lib.ones(1, 1), reduce='max'", "0, lib.tensor([[0]])", "0, lib.zeros(1, 4, dtype=lib.int64), 1.0"),
    "scatter_": methods("scatter_", "0, lib.tensor([[5]]), 1.0", "0, lib.tensor([[-1]]), 1.0", "2, lib.tensor([[0]]), 1.0", "0, lib.tensor([[0.0]]), 1.0", "0, lib.tensor([[0, 1], [1, 0]]), lib.ones(1, 1)") + ("lib.ones(2, requires_grad=True).scatter_(0, lib.tensor([0]), 1.0)",),
    "scatter_add": methods("scatter_add", "0, lib.tensor([[5]]), lib.ones(1, 1)", "0, lib.tensor([[-1]]), lib.ones(1, 1)", "2, lib.tensor([[0]]), lib.ones(1, 1)", "0, lib.tensor([[0.0]]), lib.ones(1, 1)", "0, lib.tensor([[0, 1], [1, 0]]), lib.ones(1, 1)", "0, lib.tensor([[0]]), lib.ones(1, 1).double()", "0, lib.tensor([[0]]), 1.0") + ("lib.ones(2, requires_grad=True).scatter_add_(0, lib.tensor([0]), lib.ones(1))",),
    "index_select": methods("index_select", "0, lib.tensor([2])", "0, lib.tensor([-1])", "2, lib.tensor([0])", "0, lib.tensor([[0]])", "0, lib.tensor([0.0])", "0, [0]", "0"),
    "index_add": methods("index_add", f"0, lib.tensor([2, 0]), {O23}", f"0, lib.tensor([0]), {O23}", f"2, lib.tensor([0]), {O23}", f"0, {LONG}, lib.ones(2, 2)", f"0, {LONG}, {O23}.double()", f"0, lib.tensor([0.0, 1.0]), {O23}", f"0, lib.tensor([[0, 1]]), {O23}", f"0, {LONG}", f"0, lib.tensor([-1, 0]), {O23}"),
    "index_copy": methods("index_copy", f"0, lib.tensor([2, 0]), {O23}", f"0, lib.tensor([0]), {O23}", f"2, lib.tensor([0]), {O23}", f"0, {LONG}, lib.ones(2, 2)", f"0, {LONG}, {O23}.double()", f"0, lib.tensor([0.0, 1.0]), {O23}", f"0, {LONG}", f"0, lib.tensor([-1, 0]), {O23}"),
    "index_fill": methods("index_fill", "0, lib.tensor([2]), 1.0", "0, lib.tensor([-3]), 1.0", "2, lib.tensor([0]), 1.0", "0, lib.tensor([0.0]), 1.0", "0, lib.tensor([0]), lib.ones(2)", "0, lib.tensor([0])", "0, [0], 1.0") + ("lib.ones(2, requires_grad=True).index_fill_(0, lib.tensor([0]), 1.0)",),
    "masked_fill": methods("masked_fill", "lib.ones(2, 3), 1.0", "lib.ones(2) > 0, 1.0", "lib.ones(2, 3) > 0, lib.ones(2)", "lib.ones(2, 3) > 0", "[True], 1.0", "lib.ones(2, 3).long(), 1.0", "lib.ones(2, 3) > 0, 'a'") + ("lib.ones(3).masked_fill_(lib.ones(2, 3) > 0, 1.0)", "lib.ones(2, requires_grad=True).masked_fill_(lib.ones(2) > 0, 1.0)"),
    "masked_select": methods("masked_select", "lib.ones(2, 3)", "lib.ones(2) > 0", "[True]", "", "lib.ones(2, 3).long()"),
    "take": methods("take", "lib.tensor([6])", "lib.tensor([-7])", "lib.tensor([0.0])", "[0]", "") + ("lib.ones(0).take(lib.tensor([0]))",),
    "take_along_dim": methods("take_along_dim", "lib.tensor([[0]]), 2", "lib.tensor([0]), 0", "lib.tensor([[0.0]]), 0", "[[0]], 0", "lib.zeros(3, 2, dtype=lib.int64), 1", "lib.tensor([9])"),
    "sort": methods("sort", "2", "-3", "'a'", "0.5", "0, True, 1, 2") + ("lib.sort([2.0, 1.0])", "lib.sort(lib.ones(2), wrong=1)"),
    "argsort": methods("argsort", "2", "-3", "'a'", "0.5", "0, True, 1, 2") + ("lib.argsort([2.0, 1.0])", "lib.argsort(lib.ones(2), wrong=1)"),
    "topk": methods("topk", "4", "-1", "1, 2", "1, -3", "", "'a'", "3, 0", "1.5"),
    "unique": methods("unique", "dim=2", "dim=-3", "dim='a'", "wrong=1") + ("lib.unique([1, 2])",),
    "nonzero": ("lib.nonzero([1, 2])", "lib.nonzero()", "lib.ones(2).nonzero(1, 2)", "lib.nonzero(lib.ones(2), wrong=1)"),
    "searchsorted": forms("searchsorted", "lib.ones(2, 2), lib.ones(3)", "lib.ones(2), 'a'", "lib.ones(()), lib.ones(2)", "lib.ones(2), lib.ones(2), side='middle'", "lib.ones(2), lib.ones(2), right=True, side='left'", "lib.ones(2)", "lib.ones(2), lib.ones(2), sorter=lib.tensor([0])", "lib.ones(2), lib.ones(2), sorter=lib.tensor([0.0, 1.0])"),
    "bucketize": forms("bucketize", "lib.ones(3), lib.ones(2, 2)", "'a', lib.ones(2)", "lib.ones(2)", "lib.ones(2), lib.ones(())", "lib.ones(2), [1.0]"),
}  # fmt: skip

CREATION: Table = {
    "tensor": forms("tensor", "", "'a'", "[[1, 2], [3]]", "[1, 'a']", "None", "[None]", "[1, 2], requires_grad=True", "[1.0], dtype='float32'", "[1.0], device='tpu0'", "[1.0], wrong=1", "[True], requires_grad=True", "{}", "object()", "[1.0], lib.float32", "np.array(['a'])", "[2**70]", "[lib.ones(2), lib.ones(2)]"),
    "as_tensor": forms("as_tensor", "", "'a'", "[[1, 2], [3]]", "None", "[1.0], dtype='float32'", "[1.0], requires_grad=True", "np.array(['a'])", "object()"),
    "from_numpy": forms("from_numpy", "", "[1.0]", "1.0", "np.array(['a'])", "np.float32(1)", "lib.ones(2)", "np.array([None])", "np.ones(2), dtype=lib.float32", "np.arange(3)[::-1]"),
    "zeros": forms("zeros", "-1", "2, -3", "'a'", "1.5", "2, dtype='float32'", "2, dtype=lib.int64, requires_grad=True", "2, wrong=1", "2, device='tpu0'", ""),
    "ones": forms("ones", "-1", "2, -3", "'a'", "1.5", "2, dtype='float32'", "2, dtype=lib.int64, requires_grad=True", "2, wrong=1", ""),
    "empty": forms("empty", "-1", "2, -3", "'a'", "1.5", "2, dtype='float32'", "2, dtype=lib.int64, requires_grad=True", "2, wrong=1"),
    "full": forms("full", "(2,)", "2, 3", "(-1,), 2", "(2,), 'a'", "(2,), 1, requires_grad=True", "(2,), 1.0, dtype='float32'", "(2,), [1, 2]"),
    "zeros_like": forms("zeros_like", "", "[1.0]", "(2, 3)", "lib.ones(2, dtype=lib.int64), requires_grad=True", "lib.ones(2), dtype='float32'"),
    "ones_like": forms("ones_like", "", "[1.0]", "(2, 3)", "lib.ones(2, dtype=lib.int64), requires_grad=True", "lib.ones(2), dtype='float32'"),
    "empty_like": forms("empty_like", "", "[1.0]", "(2, 3)", "lib.ones(2, dtype=lib.int64), requires_grad=True", "lib.ones(2), dtype='float32'"),
    "full_like": forms("full_like", "", "[1.0], 2", "lib.ones(2)", "lib.ones(2, dtype=lib.int64), 1, requires_grad=True", "lib.ones(2), 'a'"),
    "rand_like": forms("rand_like", "", "[1.0]", "lib.ones(2, dtype=lib.int64)", "lib.ones(2), dtype=lib.int64", "lib.ones(2), 3"),
    "randn_like": forms("randn_like", "", "[1.0]", "lib.ones(2, dtype=lib.int64)", "lib.ones(2), dtype=lib.int64", "lib.ones(2), 3"),
    "randint_like": forms("randint_like", "lib.ones(2)", "[1.0], 3", "lib.ones(2), 0", "lib.ones(2), 3, 3", "lib.ones(2), 5, 2", "lib.ones(2), 'a'"),
    "new_tensor": methods("new_tensor", "", "'a'", "[[1], [1, 2]]", "None", "[1], dtype='float32'"),
    "new_zeros": methods("new_zeros", "-1", "'a'", "1.5", "2, dtype='float32'", "2, dtype=lib.int64, requires_grad=True"),
    "new_ones": methods("new_ones", "-1", "'a'", "1.5", "2, dtype='float32'", "2, dtype=lib.int64, requires_grad=True"),
    "new_empty": methods("new_empty", "-1", "'a'", "1.5", "2, dtype='float32'", "2, dtype=lib.int64, requires_grad=True"),
    "new_full": methods("new_full", "(2,)", "(-1,), 2", "(2,), 'a'", "2, 3", "(2,), 1, dtype=lib.int64, requires_grad=True"),
    "arange": forms("arange", "", "1, 5, 0", "5, 1", "1, 5, -1", "'a'", "0, math.inf", "math.nan", "3, requires_grad=True", "3, dtype='float32'", "[3]"),
    "linspace": forms("linspace", "0, 1", "0, 1, -1", "0, 1, 2.5", "'a', 1, 3", "0, 1, 3, dtype='float32'", "0, 1, 3, dtype=lib.int64, requires_grad=True"),
    "logspace": forms("logspace", "0, 1", "0, 1, -1", "0, 1, 2.5", "'a', 1, 3", "0, 1, 3, dtype='float32'"),
    "eye": forms("eye", "", "-1", "2, -1", "1.5", "'a'", "(2, 2)", "2, dtype='float32'", "2, dtype=lib.int64, requires_grad=True"),
    "rand": forms("rand", "-1", "'a'", "1.5", "2, dtype=lib.int64", "2, dtype=lib.bool", "2, generator=3"),
    "randn": forms("randn", "-1", "'a'", "1.5", "2, dtype=lib.int64", "2, dtype=lib.bool", "2, generator=3"),
    "randint": forms("randint", "5", "0, (2,)", "5, 5, (2,)", "5, 2, (2,)", "5, 2", "'a', (2,)", "5, (-1,)", "1.5, (2,)", "5, (2,), requires_grad=True", "0, 300, (2,), dtype=lib.uint8"),
    "randperm": forms("randperm", "", "-1", "1.5", "'a'", "5, generator=3", "300, dtype=lib.uint8"),
    "normal": forms("normal", "0.0, -1.0, (2,)", "lib.ones(2), -lib.ones(2)", "lib.ones(2), lib.ones(3)", "0.0, 1.0", "'a', 1.0, (2,)", "0.0, 1.0, (-1,)", "lib.ones(2, dtype=lib.int64), 1.0"),
    "bernoulli": forms("bernoulli", "lib.full((2,), 1.5)", "lib.full((2,), -0.5)", "lib.ones(2, dtype=lib.int64)", "0.5", "", "lib.ones(2), 1.5", "lib.ones(2), -0.1"),
    "multinomial": forms("multinomial", "lib.ones(3), 4", "lib.ones(3), 0", "lib.ones(3), -1", "-lib.ones(3), 1", "lib.zeros(3), 1", "lib.ones(2, 2, 2), 1", "lib.ones(3, dtype=lib.int64), 1", "lib.ones(()), 1", "lib.tensor([1.0, math.nan]), 1", "lib.tensor([1.0, math.inf]), 1", "lib.ones(3)"),
    "manual_seed": forms("manual_seed", "", "'a'", "None", "2**64", "-2**63 - 1", "[1]"),
    "Generator": ("lib.Generator('tpu0')", "lib.Generator().manual_seed('a')", "lib.Generator().manual_seed()", "lib.Generator().set_state(lib.ones(3))", "lib.Generator(3, 4)"),
    "get_rng_state": forms("get_rng_state", "1", "'a'", "wrong=1"),
    "set_rng_state": forms("set_rng_state", "", "lib.ones(3)", "lib.zeros(10, dtype=lib.uint8)", "'a'", "3"),
    "dtypes": ("lib.float33", "lib.float32()", "lib.ones(2, dtype=3)", "lib.ones(2).to('float32')", "lib.dtype('float32')"),
    "result_type": ("lib.promote_types(lib.float32)", "lib.promote_types('a', 'b')", "lib.result_type()", "lib.can_cast(lib.float32)", "lib.promote_types(lib.float32, 3)"),
    "Tensor": ("lib.Tensor('a')", "lib.Tensor([[1, 2], [3]])", "lib.Tensor(-1)", "lib.Tensor(1.5)", "lib.Tensor(None)"),
    "FloatTensor": ("lib.FloatTensor('a')", "lib.FloatTensor([[1, 2], [3]])", "lib.FloatTensor(-1)", "lib.FloatTensor(1.5)"),
    "LongTensor": ("lib.LongTensor('a')", "lib.LongTensor([[1, 2], [3]])", "lib.LongTensor(-1)", "lib.LongTensor(1.5)"),
    "ByteTensor": ("lib.ByteTensor('a')", "lib.ByteTensor([[1, 2], [3]])", "lib.ByteTensor(-1)", "lib.ByteTensor(1.5)"),
    "BoolTensor": ("lib.BoolTensor('a')", "lib.BoolTensor([[1, 2], [3]])", "lib.BoolTensor(-1)", "lib.BoolTensor(1.5)"),
    "set_default_dtype": forms("set_default_dtype", "", "'float32'", "lib.int64", "lib.bool", "3"),
    "finfo": forms("finfo", "lib.int64", "lib.bool", "'a'", "3"),
    "iinfo": forms("iinfo", "lib.float32", "lib.bool", "'a'", "3", ""),
    "device_class": forms("device", "", "'tpu0'", "'cpu:x'", "[]", "'cpu', 'a'", "'cuda:-2'"),
    "Size": ("lib.Size(3)", "lib.Size(['a'])", "lib.Size([1.5])", "lib.Size([1, 2])[3]", "lib.Size(None)"),
    "set_printoptions": forms("set_printoptions", "profile='tiny', precision=4, wrong=1", "wrong=1", "1, 2, 3, 4, 5, 6, 7, 8"),
    "is_tensor": forms("is_tensor", "", "1, 2", "wrong=1"),
    "set_num_threads": forms("set_num_threads", "", "0", "-1", "'a'", "1.5"),
}  # fmt: skip

OTHER: Table = {
    "shape": ("lib.ones(2).shape[1]", "lib.ones(2).shape = (1,)", "del lib.ones(2).shape"),
    "dtype": ("x = lib.ones(2); x.dtype = lib.float64",),
    "device": ("x = lib.ones(2); x.device = 'cpu'", "lib.ones(2).to('tpu0')"),
    "is_leaf": ("x = lib.ones(2); x.is_leaf = True",),
    "ndim": ("x = lib.ones(2); x.ndim = 3",),
    "size": ("lib.ones(2, 3).size(2)", "lib.ones(2, 3).size(-3)", "lib.ones(2, 3).size('a')", "lib.ones(()).size(0)"),
    "stride": ("lib.ones(2, 3).stride(2)", "lib.ones(2, 3).stride(-3)", "lib.ones(()).stride(0)"),
    "dim": ("lib.ones(2).dim(1)",), "numel": ("lib.numel(2)", "lib.numel()", "lib.ones(2).numel(1)"), "nelement": ("lib.ones(2).nelement(1)",),
    "data": ("x = lib.ones(2); x.data = 3", "x = lib.ones(2); x.data = None", "x = lib.ones(2); del x.data", "lib.ones(2).data()"),
    "grad": ("x = lib.ones(2, requires_grad=True); x.grad = lib.ones(3)", "x = lib.ones(2, requires_grad=True); x.grad = 3", "x = lib.ones(2, requires_grad=True); x.grad = lib.ones(2).double()", "lib.ones(2, requires_grad=True).backward()", "lib.ones(2).sum().backward()",
             "x = lib.ones(2, requires_grad=True); y = (x * x).sum(); y.backward(); y.backward()", "x = lib.ones(2, requires_grad=True); (x * 2).backward(lib.ones(3))"),
    "grad_fn": ("x = lib.ones(2); x.grad_fn = 3",),
    "requires_grad": ("x = lib.tensor([1]); x.requires_grad = True", "lib.tensor([1]).requires_grad_()", "lib.tensor([True]).requires_grad_()", "x = lib.ones(2, requires_grad=True) * 2; x.requires_grad = False", "x = lib.ones(2, requires_grad=True) * 2; x.requires_grad_(False)"),
    "retains_grad": ("lib.ones(2).retain_grad()", "x = lib.ones(2); x.retains_grad = True"),
    "T": ("lib.ones(2).T(1)",),
    "mT": ("lib.ones(2).mT", "lib.ones(1).mT"),
    "real": ("lib.ones(2).real()", "lib.real(2.0)", "lib.real()"),
    "item": ("lib.ones(2).item()", "lib.ones(0).item()", "lib.ones(2, 3).item()", "lib.ones(1).item(1)"),
    "tolist": ("lib.ones(2).tolist(1)",), "element_size": ("lib.ones(2).element_size(1)",), "data_ptr": ("lib.ones(2).data_ptr(1)",),
    "numpy": ("lib.ones(2, requires_grad=True).numpy()", "(lib.ones(2, requires_grad=True) * 2).numpy()", "lib.ones(2, dtype=lib.bfloat16).numpy()", "lib.ones(2).numpy(1)"),
    "__array__": ("np.asarray(lib.ones(2, requires_grad=True))", "np.array(lib.ones(2, requires_grad=True) * 2)", "np.asarray(lib.ones(2, dtype=lib.bfloat16))"),
    "contiguous": ("lib.ones(2).contiguous(1)", "lib.ones(2).contiguous(wrong=1)", "lib.Tensor.contiguous()"),
    "clone": ("lib.clone()", "lib.clone([1.0])"), "detach": ("lib.ones(2).detach(1)",),
    "type": ("lib.ones(2).type(3)", "lib.ones(2).type('wrong')", "lib.ones(2).type(lib.float32, 1, 2, 3)"),
    "type_argument": ("lib.ones(2).type([])", "lib.ones(2).type('lib.Wrong')", "lib.ones(2).type(3.5)"),
    "to": ("lib.ones(2).to('wrong')", "lib.ones(2).to(lib.float32, lib.float64)", "lib.ones(2).to(wrong=1)", "lib.ones(2).to('cuda')"),
    "type_as": ("lib.ones(2).type_as()", "lib.ones(2).type_as(lib.float32)", "lib.ones(2).type_as('a')"),
    "storage": ("lib.ones(2).storage(1)", "lib.ones(2).untyped_storage(1)", "lib.ones(2).storage(wrong=1)", "lib.ones(2).storage()[5]"),
    "repr": ("lib.ones(2).__repr__(1, 2)", "lib.Tensor.__repr__()", "lib.Tensor.__str__()"),
    "printing": ("f'{lib.ones(2):.2f}'", "f'{lib.ones(2, 2):d}'", "f'{lib.ones(()):wrong}'"),
    "operator_conversion": ("float(lib.ones(2))", "int(lib.ones(0))", "bool(lib.ones(2))", "bool(lib.ones(0))", "len(lib.ones(()))", "list(lib.ones(()))", "[0, 1][lib.ones(())]", "[0, 1][lib.ones(1, 2)]", "for one in lib.ones(()): pass", "range(lib.ones(()))", "'a' in lib.ones(2)"),
    "copies_of_tensors": ("copy.deepcopy(lib.ones(2, requires_grad=True) * 2)", "lib.ones(2).copy_(lib.ones(3))", "lib.ones(2).fill_('a')", "lib.ones(2).fill_(lib.ones(2))", "lib.ones(2, requires_grad=True).fill_(1)", "lib.ones(2, requires_grad=True).zero_()"),
    "dlpack": ("np.from_dlpack(lib.ones(2, requires_grad=True))", "lib.from_dlpack(3)", "lib.from_dlpack('a')", "lib.from_dlpack()"),
    "remainder_signs": ("lib.remainder('a', lib.ones(2))", "lib.ones(2) % 'a'", "'a' // lib.ones(2)", "lib.fmod(2, lib.ones(2))"),
    "pow_awkward": ("lib.tensor([2]) ** -2", "lib.ones(2, requires_grad=True).pow_(2)", "lib.ones(2) ** 'a'", "lib.tensor([1, 2]).pow_(0.5)", "lib.ones(2) ** None"),
    "axis_keepdims": ("lib.ones(2, 3).sum(axis=2)", "lib.ones(2, 3).mean(axis=-3)", "lib.ones(2, 3).sum(dim=0, axis=0)", "lib.ones(2, 3).amax(axis=(0, 0))"),
}  # fmt: skip
