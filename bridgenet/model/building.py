"""BridgeNet from its config, part by part."""

from torch import nn

from bridgenet.config import ModelConfig
from bridgenet.model.backbone import Backbone
from bridgenet.model.bridge_feature_extractor import (
    BridgeCascade,
    BridgeFeatureExtractor,
    ForeignBridgeFeatureExtractor,
    QueryEmbedding,
    UnaskingBridge,
)
from bridgenet.model.bridgenet import BridgeNet, Preliminary
from bridgenet.model.head import MultiScaleFusion, PredictionHead, fusion_conv
from bridgenet.model.peers.invpt_stage import CrossTaskStage
from bridgenet.model.preliminary_decoder import Mixer, PreliminaryDecoder
from bridgenet.model.stage import DecoderStage, Upsampler
from bridgenet.model.task_feature_refiner import AddRefinement, ConcatenateRefinement, TaskFeatureRefiner
from bridgenet.model.task_pattern_propagation import TaskPatternPropagation
from bridgenet.tasks import TaskName


def build_bridgenet(config: ModelConfig, channels: tuple[int, ...], backbone: Backbone | None) -> BridgeNet:
    """A BridgeNet for backbone maps of these channels (fine to coarse), with or without the backbone itself."""
    widths = config.stage_widths
    if len(channels) < len(widths):
        raise ValueError(f"{len(widths)} stages need as many backbone maps, got {len(channels)}.")
    tasks = tuple(config.tasks)
    stages = [_build_stage(config, channels, index) for index in range(len(widths))]
    fusion_convs: dict[TaskName, nn.Sequential] = {task: fusion_conv(widths[0]) for task in tasks}
    _initialise(stages, fusion_convs)
    return BridgeNet(
        config,
        backbone=backbone,
        preliminary=Preliminary(
            decoders={
                task: PreliminaryDecoder(channels[-1], config.preliminary_width or channels[-1], config.embed_width)
                for task in tasks
            },
            heads={task: PredictionHead(config.embed_width, outputs) for task, outputs in config.tasks.items()},
            mixers={task: Mixer(config.embed_width, outputs, widths[0]) for task, outputs in config.tasks.items()},
        ),
        pattern_propagation=TaskPatternPropagation(
            tasks,
            width=config.embed_width,
            heads=config.heads,
            stride=config.query_reduction,
            mlp_ratio=config.mlp_ratio,
        )
        if config.tpp
        else None,
        stages=stages,
        fusion=MultiScaleFusion(tasks, widths, joint_norm=config.joint_norm),
        fusion_convs=fusion_convs,
        heads={task: PredictionHead(widths[0], outputs) for task, outputs in config.tasks.items()},
    )


def _build_stage(config: ModelConfig, channels: tuple[int, ...], index: int) -> DecoderStage:
    width, coarser = config.stage_widths[index], config.stage_widths[max(index - 1, 0)]
    first = index == 0
    return DecoderStage(
        upsamplers=None if first else {task: Upsampler(coarser, width) for task in config.tasks},
        query=QueryEmbedding(channels[-1 - index], None if first else coarser, width) if config.bfe else None,
        extractor=_build_extractor(config, index) if config.bfe else None,
        cascade=BridgeCascade(coarser, width) if config.bfe and config.bridge_cascade and not first else None,
        refiners={task: _build_refiner(config, index) for task in config.tasks} if config.bfe else None,
        cross_tasks=_build_cross_tasks(config, index) if config.bfe and config.refinement == "add-invpt" else None,
    )


def _build_extractor(config: ModelConfig, index: int) -> BridgeFeatureExtractor | UnaskingBridge:
    width = config.stage_widths[index]
    if config.bridge_reads == "nothing":
        return UnaskingBridge(width, mlp_ratio=config.mlp_ratio)
    extractor = ForeignBridgeFeatureExtractor if config.bridge_reads == "foreign" else BridgeFeatureExtractor
    return extractor(
        width,
        heads=config.heads,
        query_reduction=config.query_reduction,
        token_reduction=config.token_reduction[index],
        mlp_ratio=config.mlp_ratio,
    )


def _build_refiner(config: ModelConfig, index: int) -> nn.Module:
    width, blocks = config.stage_widths[index], config.refiner_blocks[index]
    if config.refinement == "concat":
        return ConcatenateRefinement(width)
    if config.refinement in ("add", "add-invpt") or blocks == 0:
        return AddRefinement()
    return TaskFeatureRefiner(
        width,
        blocks=blocks,
        dilations=config.dilations,
        squeeze_ratio=config.squeeze_ratio,
        drop_path=config.drop_path,
    )


def _build_cross_tasks(config: ModelConfig, index: int) -> CrossTaskStage:
    """As in InvPT, on the grids of the bridge; scores are not handed on from stage to stage."""
    return CrossTaskStage(
        tuple(config.tasks),
        config.stage_widths[index],
        config.token_reduction[index],
        rise=None,
        heads=config.heads,
        stride=config.query_reduction,
    )


def _initialise(stages: list[DecoderStage], fusion_convs: dict[TaskName, nn.Sequential]) -> None:
    """The authors' initial values: near-zero convolutions in the stages, everything else at torch's defaults."""
    for stage in stages:
        for module in stage.modules():
            if isinstance(module, (nn.Linear, nn.Conv2d)):
                nn.init.trunc_normal_(module.weight, std=0.02 if isinstance(module, nn.Linear) else 0.001)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
    for fusion in fusion_convs.values():
        nn.init.trunc_normal_(fusion.get_parameter("conv.weight"), std=0.02)
