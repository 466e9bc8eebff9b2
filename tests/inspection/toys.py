"""Small networks whose dependencies are known, because they were built by hand."""

from dataclasses import replace

import torch
from torch import nn

from bridgenet.config import BackboneConfig, ModelConfig
from bridgenet.inspection.intervene import decode_again
from bridgenet.model import BridgeNet, build_model
from bridgenet.trace import Trace

TOY = ModelConfig(
    tasks={"semseg": 4, "depth": 1, "normals": 3},
    backbone=BackboneConfig("test_efficientnet"),
    embed_width=24,
    prediction_width=8,
    refiner_blocks=(1,),
    token_reduction=(2,),
    drop_path=0.0,
)
MARK = 6.0
"""What tells the tokens of semseg from those of others, in channel 0."""


def lively(**changes: object) -> BridgeNet:
    """A network in which everything matters: fresh weights are so small that a cut would drown in rounding."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = build_model(replace(TOY, **changes)).eval()
        for name, parameter in model.named_parameters():
            if not name.startswith("backbone") and parameter.ndim > 1:
                nn.init.kaiming_normal_(parameter)
    return model


@torch.no_grad()
def depth_reads_semseg(**changes: object) -> BridgeNet:
    """Depth depends on semseg, and on no other task; semseg and normals depend on none.

    TPP: every target fuses its own map alone, depth also that of semseg. BFE: all attention lies on the tokens of
    semseg, which the first channel marks; the refiners of semseg and normals add nothing.
    """
    model = lively(**changes)
    _fuse_own_maps(model)
    for stage in model.stages:
        _read_marked_tokens(stage)
    for task, mixer in model.mixers.items():
        mixer.get_parameter("conv.bias")[0] += MARK if task == "semseg" else -MARK
    return model


def _fuse_own_maps(model: BridgeNet) -> None:
    if model.pattern_propagation is None:
        return
    for target, propagation in model.pattern_propagation.propagations.items():
        weight = propagation.get_parameter("fuse.weight").unflatten(1, (len(model.tasks), 2))
        for index, source in enumerate(model.tasks):
            if source != target and (source, target) != ("semseg", "depth"):
                weight[:, index] = 0


def _read_marked_tokens(stage: nn.Module) -> None:
    if stage.extractor is None:
        return
    project = stage.extractor.project
    project.query.weight.zero_()
    project.query.bias.fill_(1)
    project.key.weight.zero_()
    project.key.weight[:, 0] = 30
    project.key.weight[:, 1] = 3
    for task in ("semseg", "normals"):
        for block in stage.refiners[task].blocks:
            block.correction.expand.weight.zero_()
            block.correction.expand.bias.zero_()


def pictures(count: int, size: tuple[int, int] = (64, 96)) -> torch.Tensor:
    return torch.rand(count, 3, *size, generator=torch.Generator().manual_seed(1))


def traced(model: BridgeNet) -> Trace:
    with torch.inference_mode():
        return model(pictures(1))


def again(model: BridgeNet, trace: Trace) -> Trace:
    with torch.inference_mode():
        return decode_again(model, trace)


def same(first: Trace, second: Trace) -> bool:
    """Equal bit for bit, every tensor."""
    return first.keys() == second.keys() and all(torch.equal(tensor, second[path]) for path, tensor in first.items())


def hooks_of(model: nn.Module) -> int:
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())
