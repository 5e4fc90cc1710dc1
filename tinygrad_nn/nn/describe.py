"""How a module prints, and what it says when something is wrong with its attributes."""

from __future__ import annotations

import inspect
import warnings
from difflib import get_close_matches
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.dtypes import as_dtype, dtype
from tinygrad_nn.errors import DTypeError, message
from tinygrad_nn.nn.parameter import Parameter
from tinygrad_nn.placement import cpu_only, device
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.tape import local
from tinygrad_nn.versions import user_line

if TYPE_CHECKING:
    from tinygrad_nn.nn.module import Module

__all__ = [
    "check_replacement",
    "dtype_of_to",
    "html",
    "indented",
    "no_attribute",
    "no_tensor",
    "text",
    "type_name",
    "warn_of_hidden",
]


def text(module: Module) -> str:
    """The repr: the class, its extra_repr, and the submodules, each indented under its name."""
    extra = module.extra_repr()
    own = extra.split("\n") if extra else []
    children = [f"({name}): {indented(repr(child))}" for name, child in module._modules.items()]
    title = module._get_name()
    if len(own) == 1 and not children:
        return f"{title}({own[0]})"
    lines = own + children
    return f"{title}(\n  " + "\n  ".join(lines) + "\n)" if lines else f"{title}()"


def html(module: Module) -> str:
    """What a notebook shows: the tree of modules, each to be opened and closed, with its count of parameters."""
    return f'<div style="font-family:monospace;line-height:1.5">{_branch("", module)}</div>'


def no_tensor(module: Module, args: tuple[Any, ...], error: Exception) -> DTypeError | None:
    """The complaint of a layer of the library about an argument that is no tensor; None for any other error."""
    forward = type(module).forward
    ours = type(error).__module__ == DTypeError.__module__ and "operands must be tensors" not in str(error)
    if ours or not forward.__module__.startswith("tinygrad_nn.") or _came_from_within(module, error):
        return None
    parameters = inspect.signature(forward).parameters.values()
    for (word, kind), value in zip([(p.name, p.annotation) for p in parameters], (module, *args), strict=False):
        takes_tensors = word == "input" or kind in ("Tensor", "Tensor | None")
        if takes_tensors and (
            isinstance(value, np.ndarray | list | int | float) or (value is None and word == "input")
        ):
            return DTypeError(
                message(
                    f"{type(module).__name__} in {local.mode.scope}: argument '{word}' must be a Tensor",
                    got=type_name(value),
                    fix="tensor(data) makes one",
                )
            )
    return None


def _came_from_within(module: Module, error: Exception) -> bool:
    """Whether a module that this one called let the error through: it has judged it already."""
    step = error.__traceback__.tb_next if error.__traceback__ is not None else None
    while step is not None:
        if step.tb_frame.f_code is type(module).__call__.__code__:
            return True
        step = step.tb_next
    return False


def _branch(name: str, module: Module) -> str:
    count = sum(p.array.size for p in module.parameters())
    title = f"({escape(name)}): " * bool(name) + f"<b>{escape(module._get_name())}</b>({escape(module.extra_repr())})"
    title += f' <span style="opacity:.6">{count:,} parameters</span>' if count else ""
    children = "".join(_branch(key, child) for key, child in module._modules.items() if child is not None)
    if not children:
        return f'<div style="margin-left:1.1em">{title}</div>'
    return f'<details open="" style="margin-left:1.1em"><summary>{title}</summary>{children}</details>'


def indented(block: str, by: int = 2) -> str:
    """The block with all lines but the first moved right."""
    return block.replace("\n", "\n" + " " * by)


def type_name(value: Any) -> str:
    """The type's name, as messages have it."""
    return type(value).__name__


def no_attribute(module: Module, name: str) -> AttributeError:
    """The error for a missing attribute, with the names it may have been meant for."""
    found = inspect.getattr_static(type(module), name, None)
    if isinstance(found, property) and found.fget is not None:
        found.fget(module)  # the property itself failed: its own error says more
    title = type(module).__name__
    if "_modules" not in module.__dict__:
        return AttributeError(
            message(
                f"'{title}' object has no attribute '{name}': Module.__init__() was not called",
                fix="call super().__init__() first",
            ),
            name=name,
            obj=module,
        )
    close = [] if name.startswith("__") else get_close_matches(name, [*module.__dict__, *dir(type(module))], 3, 0.7)
    hint = f". Did you mean {' or '.join(repr(word) for word in close)}?" if close else ""
    return AttributeError(f"'{title}' object has no attribute '{name}'{hint}")


_EXPECTED = {"_parameters": "parameter", "_modules": "child module", "_buffers": "buffer"}
_WANTED = {"_parameters": "nn.Parameter", "_modules": "nn.Module", "_buffers": "Tensor"}


def check_replacement(module: Module, kind: str, name: str, value: Any) -> None:
    """What may be assigned to a name that holds a parameter, a module or a buffer: another, or None."""
    if value is None or (kind == "_buffers" and type(value) in TYPES):
        return
    raise DTypeError(
        message(
            f"cannot assign '{type_name(value)}' as {_EXPECTED[kind]} '{name}' ({_WANTED[kind]} or None expected)",
            got=f"{type(module).__name__}.{name} = {type_name(value)}",
            fix={
                "_parameters": f"wrap it: nn.Parameter(...), or write into it: {name}.data = ...",
                "_modules": f"del the module '{name}' first",
                "_buffers": "wrap it: tensor(...)",
            }[kind],
        )
    )


def warn_of_hidden(module: Module, name: str, value: Any, module_class: type) -> None:
    """Modules in a plain list are not found by parameters(), to() or state_dict(): say so at the assignment."""
    items = value.values() if type(value) is dict else value
    kinds = {
        "Module" if isinstance(i, module_class) else "Parameter" if isinstance(i, Parameter) else "" for i in items
    }
    kind = "Module" if "Module" in kinds else "Parameter" if "Parameter" in kinds else None
    if kind is None:
        return
    holder = f"nn.{kind}{'Dict' if type(value) is dict else 'List'}"
    where = f"{type(module).__name__}.{name}"
    path, line = user_line()
    warnings.warn_explicit(
        message(
            f"{where}: {kind.lower()}s in a plain {type_name(value)} are not found by parameters(), to() "
            "or state_dict()",
            got=f"self.{name} = a {type_name(value)} of {len(value)}",
            fix=f"self.{name} = {holder}(...)",
        ),
        UserWarning,
        path,
        line,
    )


def dtype_of_to(args: tuple[Any, ...], kwargs: dict[str, Any]) -> dtype | None:
    """The dtype that the arguments of `to` ask for; RuntimeError if they ask for a device we lack."""
    unknown = set(kwargs) - {"device", "dtype", "non_blocking", "memory_format"}
    if unknown:
        raise DTypeError(message(f"to: unexpected argument {sorted(unknown)[0]!r}", fix="to(device, dtype)"))
    wanted: dtype | None = None
    for arg in (*args, kwargs.get("device"), kwargs.get("dtype")):
        if arg is None or isinstance(arg, bool):
            continue
        if type(arg) in TYPES:
            wanted = arg.dtype
        elif isinstance(arg, (str, int, device)):
            cpu_only(arg)
        else:
            wanted = as_dtype(arg)
    if wanted is not None and not wanted.is_floating_point:
        raise DTypeError(
            message(
                "nn.Module.to only accepts floating point dtypes", got=f"dtype={wanted}", fix="convert single tensors"
            )
        )
    return wanted
