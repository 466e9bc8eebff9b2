"""Modules that stay as they are, for the whole run or for its beginning."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from bridgenet.config import OptimConfig, perhaps
from bridgenet.model.encoders import Encoders


def still_frozen(config: OptimConfig, step: int) -> tuple[str, ...]:
    """Paths of the modules that do not learn in the step after so many steps."""
    return config.frozen if config.unfreeze_step is None or step < config.unfreeze_step else ()


def freeze(model: nn.Module, paths: tuple[str, ...]) -> None:
    """Stops the modules at these paths from learning.

    Raises:
        ValueError: The network has no such module.
    """
    for path in paths:
        for module in frozen_modules(model, path):
            module.requires_grad_(False)


def unfreeze(model: nn.Module, paths: tuple[str, ...]) -> None:
    """Lets the modules at these paths learn again.

    Raises:
        ValueError: The network has no such module.
    """
    for path in paths:
        for module in frozen_modules(model, path):
            module.requires_grad_(True)


def frozen_modules(model: nn.Module, path: str) -> list[nn.Module]:
    """The modules at a path of `optim.frozen`: one, or that of every backbone where each task has one.

    Raises:
        ValueError: The network has none there.
    """
    encoders, inside = getattr(model, "backbone", None), path.removeprefix("backbone.")
    paths = [path]
    if isinstance(encoders, Encoders) and inside != path and inside.partition(".")[0] not in encoders:
        paths = [f"backbone.{task}.{inside}" for task in encoders]
    try:
        return [model.get_submodule(each) for each in paths]
    except AttributeError:
        near = perhaps(path, (name for name, _ in model.named_modules() if name))
        raise ValueError(f"optim.frozen names {path!r}, which the network lacks.{near}") from None


def set_training(model: nn.Module, config: OptimConfig, step: int = 0) -> None:
    """Training mode, in which frozen modules and batch norms go on normalising with their running statistics.

    Args:
        model: The network.
        config: What is frozen.
        step: Steps done.
    """
    model.train()
    for module in model.modules():
        if config.freeze_batch_norm and isinstance(module, _BatchNorm):
            module.eval()
    for path in still_frozen(config, step):
        for module in frozen_modules(model, path):
            module.eval()
