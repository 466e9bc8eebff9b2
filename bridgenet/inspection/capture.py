"""Hooks for what a trace does not hold: the output of any module, by its dotted name, while a `with` block lasts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from typing import Any

from torch import Tensor, nn


@contextmanager
def capture(model: nn.Module, *names: str) -> Iterator[dict[str, Any]]:
    """Keeps what modules return, until the block ends. For your own programs.

    For example `with capture(model, "backbone.body.blocks.3") as seen: model(images)`.

    Args:
        model: Any network.
        names: Dotted module names.

    Yields:
        The output of the last call of each module, by name; empty until it was called. Tensors are copies, because a
        following activation may work in place, and keep their gradients.

    Raises:
        KeyError: There is no module of this name; the message names similar ones.
    """
    seen: dict[str, Any] = {}
    modules = {name: find_module(model, name) for name in names}
    handles = []
    try:
        for name, module in modules.items():
            handles.append(module.register_forward_hook(_keeper(seen, name)))
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def find_module(model: nn.Module, name: str) -> nn.Module:
    """The module of a dotted name.

    Raises:
        KeyError: There is none; the message names similar ones.
    """
    modules = dict(model.named_modules(remove_duplicate=False))
    if name in modules:
        return modules[name]
    close = get_close_matches(name, modules, n=3, cutoff=0.5)
    known = close or [child for child, _ in model.named_children()]
    raise KeyError(f"No module is called {name!r}. {'Similar' if close else 'At the top'}: {', '.join(known)}")


def map_tensors(function: Callable[[Tensor], Tensor], value: Any) -> Any:
    """The same structure (tuple, list, dict, dataclass, None) with every tensor replaced by `function` of it."""
    if isinstance(value, Tensor):
        return function(value)
    if isinstance(value, dict):
        return {key: map_tensors(function, item) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(map_tensors(function, item) for item in value))
    if isinstance(value, (tuple, list)):
        return type(value)(map_tensors(function, item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {field.name: map_tensors(function, getattr(value, field.name)) for field in fields(value)}
        return replace(value, **changed)
    return value


def _keeper(seen: dict[str, Any], name: str) -> Callable[[nn.Module, Any, Any], None]:
    def keep(module: nn.Module, inputs: Any, output: Any) -> None:
        seen[name] = map_tensors(Tensor.clone, output)

    return keep
