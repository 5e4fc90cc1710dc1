"""`{reference} tinygrad_nn.optim`: every public name of a namespace, each from its docstring.

    :from: MODULE ...   only what is defined in these modules (or below them)

A name is listed where users import it from, not where it is defined.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import types
from collections.abc import Iterator
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

import tinygrad_nn.ops
from tinygrad_nn.primitive import REGISTRY, Primitive

FAMILIES = [module for module in vars(tinygrad_nn.ops).values() if isinstance(module, types.ModuleType)]


def public_names(namespace: Any) -> list[str]:
    """What a namespace offers: its `__all__`, or all that is not private, a module or a mere value."""
    listed = getattr(namespace, "__all__", None)
    names = listed if listed is not None else [name for name in dir(namespace) if not name.startswith("_")]
    below = {found.name for found in pkgutil.iter_modules(getattr(namespace, "__path__", []))}
    return [name for name in names if name not in below and is_documented(getattr(namespace, name))]


def is_documented(value: Any) -> bool:
    """Functions and classes of our own have entries; modules and constants have none."""
    if isinstance(value, types.ModuleType) or not (inspect.isclass(value) or callable(value)):
        return False
    return str(getattr(value, "__module__", "")).startswith("tinygrad_nn") and hasattr(value, "__name__")


def chosen(namespace: Any, homes: list[str]) -> Iterator[tuple[str, Any]]:
    """The public names that are defined in one of `homes` (in any, if there are none)."""
    for name in public_names(namespace):
        value = getattr(namespace, name)
        home = str(value.__module__)
        if not homes or any(home == wanted or home.startswith(wanted + ".") for wanted in homes):
            yield name, value


def in_rst(lines: list[str], source: str) -> StringList:
    """reStructuredText as a page in Markdown takes it."""
    return StringList(["```{eval-rst}", *lines, "```"], source=source)


class Reference(SphinxDirective):
    """See the module's docstring."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {"from": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        path = self.arguments[0]
        namespace = importlib.import_module(path)
        lines = []
        for name, value in chosen(namespace, self.options.get("from", "").split()):
            kind = "autoexception" if inspect.isclass(value) and issubclass(value, Exception) else None
            kind = kind or ("autoclass" if inspect.isclass(value) else "autofunction")
            lines += [f".. {kind}:: {path}.{name}", ""]
        if not lines:
            raise self.error(f"{path} offers nothing from {self.options.get('from')}")
        holder = nodes.section()
        holder.document = self.state.document
        self.state.nested_parse(in_rst(lines, path), 0, holder)
        return holder.children


class Primitives(SphinxDirective):
    """A table of the closed set: name, parameters, and for which operands there is a gradient."""

    def run(self) -> list[nodes.Node]:
        lines = [".. list-table::", "   :header-rows: 1", ""]
        lines += ["   * - family", "     - primitive", "     - gradient for"]
        for made in REGISTRY.values():
            operands = made.parameters[: made.arity]
            pairs = zip(operands, made.rules, strict=False)
            reached = operands if made.joint else [word for word, rule in pairs if rule is not None]
            lines += [
                f"   * - {family_of(made)}",
                f"     - ``{made.name}({', '.join(made.parameters)})``",
                f"     - {', '.join(f'``{word}``' for word in reached) or 'none'}",
            ]
        holder = nodes.section()
        holder.document = self.state.document
        self.state.nested_parse(in_rst(lines, "primitives"), 0, holder)
        return holder.children


def family_of(made: Primitive) -> str:
    """The file of `ops` whose function calls this primitive."""
    for family in FAMILIES:
        if any(getattr(member, "primitive", None) is made for member in vars(family).values()):
            return family.__name__.rsplit(".", 1)[-1]
    return ""


def setup(app: Any) -> dict[str, Any]:
    app.add_directive("reference", Reference)
    app.add_directive("primitives", Primitives)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
