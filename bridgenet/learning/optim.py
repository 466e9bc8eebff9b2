"""Optimiser and learning-rate schedule."""

from torch.optim import SGD, Adam, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from bridgenet.config import OptimConfig
from bridgenet.model import BridgeNet


def build_optimizer(model: BridgeNet, config: OptimConfig) -> Optimizer:
    """An optimiser with two groups of parameters: the backbone, and everything after it.

    Raises:
        ValueError: The network has no backbone.
    """
    if model.backbone is None:
        raise ValueError("A network without backbone cannot be trained.")
    backbone = list(model.backbone.parameters())
    known = {id(parameter) for parameter in backbone}
    decoder = [parameter for parameter in model.parameters() if id(parameter) not in known]
    groups = [
        {"params": backbone, "lr": config.learning_rate * config.backbone_rate_ratio},
        {"params": decoder, "lr": config.learning_rate},
    ]
    match config.optimizer:
        case "adam":
            return Adam(groups, weight_decay=config.weight_decay, fused=True)
        case "adamw":
            return AdamW(groups, weight_decay=config.weight_decay, fused=True)
        case "sgd":
            return SGD(groups, momentum=config.momentum, weight_decay=config.weight_decay, fused=True)


def freeze(model: BridgeNet, paths: tuple[str, ...]) -> None:
    """Stops the modules at these paths from learning.

    Raises:
        ValueError: The network has no such module.
    """
    for path in paths:
        try:
            model.get_submodule(path).requires_grad_(False)
        except AttributeError as error:
            raise ValueError(f"optim.frozen names {path!r}, which the network lacks: {error}.") from None


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
