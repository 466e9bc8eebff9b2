"""Optimiser and learning-rate schedule."""

from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from bridgenet.config import OptimConfig
from bridgenet.learning.freezing import frozen_modules
from bridgenet.model import Network


def build_optimizer(model: Network, config: OptimConfig) -> Optimizer:
    """An optimiser with two groups of parameters: the backbone, and everything after it.

    If frozen modules are to learn later, their parameters are groups of their own.

    Raises:
        ValueError: The network has no backbone, or lacks a module that is to be frozen at first.
    """
    if model.backbone is None:
        raise ValueError("A network without backbone cannot be trained.")
    backbone = list(model.backbone.parameters())
    known = {id(parameter) for parameter in backbone}
    decoder = [parameter for parameter in model.parameters() if id(parameter) not in known]
    groups = []
    late = _parameters_of(model, config.frozen) if config.unfreeze_step is not None else set()
    for parameters, rate in (
        (backbone, config.learning_rate * config.backbone_rate_ratio),
        (decoder, config.learning_rate),
    ):
        groups.append({"params": [each for each in parameters if id(each) not in late], "lr": rate})
        if unfrozen := [each for each in parameters if id(each) in late]:
            groups.append({"params": unfrozen, "lr": rate * config.unfrozen_rate_ratio})
    match config.optimizer:
        case "adam":
            return Adam(groups, weight_decay=config.weight_decay, fused=True)
        case "adamw":
            return AdamW(groups, weight_decay=config.weight_decay, fused=True)
        case "sgd":
            return SGD(groups, momentum=config.momentum, weight_decay=config.weight_decay, fused=True)


def rate_factor(step: int, config: OptimConfig) -> float:
    """Learning rate of a step as a share of the configured one: linear warm-up times polynomial decay.

    Args:
        step: Steps done before this one.
        config: `steps`, `warmup_steps` and `poly_power` are read.
    """
    warmup = min(1.0, (step + 1) / (config.warmup_steps + 1))
    return warmup * max(0.0, 1 - step / config.steps) ** config.poly_power


def build_schedule(optimizer: Optimizer, config: OptimConfig) -> LambdaLR:
    """`rate_factor`, applied to every group at every step."""
    return LambdaLR(optimizer, lambda step: rate_factor(step, config))


def _parameters_of(model: Network, paths: tuple[str, ...]) -> set[int]:
    """The `id` of every parameter of the modules at these paths."""
    modules = [module for path in paths for module in frozen_modules(model, path)]
    return {id(parameter) for module in modules for parameter in module.parameters()}
