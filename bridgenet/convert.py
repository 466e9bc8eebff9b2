"""Weights of the authors' release, under this project's names: the only file that knows how the release calls things.

The network is built with `tpp_output="prediction"`, as the release is wired.
"""

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from bridgenet.config import ModelConfig
from bridgenet.model import BridgeNet, build_bridgenet
from bridgenet.references import peer_from_reference as peer_from_reference
from bridgenet.weights import WeightsError, check_weights

DECODER = "multi_task_decoder."

_NEVER_USED = re.compile(r"scale_embed\.0\.|trfl\.redu_chan\.0\.|trfl\.norm_mt\.|.*num_batches_tracked$")
"""Tensors of the release that no output depends on."""

_PARTS: tuple[tuple[str, str], ...] = (
    (r"preliminary_decoder\.(\w+)\.0\.conv\.", r"preliminary_decoders.\1.first.conv."),
    (r"preliminary_decoder\.(\w+)\.0\.bn1\.", r"preliminary_decoders.\1.first.norm."),
    (r"preliminary_decoder\.(\w+)\.1\.conv\.", r"preliminary_decoders.\1.second.conv."),
    (r"preliminary_decoder\.(\w+)\.1\.bn1\.", r"preliminary_decoders.\1.second.norm."),
    (r"intermediate_head\.(\w+)\.", r"preliminary_heads.\1."),
    (r"atten_production\.(\w+)\.norm1\.", r"pattern_propagation.patterns.\1.norm."),
    (
        r"atten_production\.(\w+)\.attn_production\.conv_proj_q\.conv\.",
        r"pattern_propagation.patterns.\1.reduce_query.conv.",
    ),
    (
        r"atten_production\.(\w+)\.attn_production\.conv_proj_q\.bn\.",
        r"pattern_propagation.patterns.\1.reduce_query.norm.",
    ),
    (r"atten_production\.(\w+)\.attn_production\.proj_q\.", r"pattern_propagation.patterns.\1.project.query."),
    (r"atten_production\.(\w+)\.attn_production\.proj_k\.", r"pattern_propagation.patterns.\1.project.key."),
    (r"atten_production\.(\w+)\.attn_production\.proj_v\.", r"pattern_propagation.patterns.\1.project.value."),
    (r"atten_fusion\.(\w+)\.attn_fusion\.fuse_attn\.", r"pattern_propagation.propagations.\1.fuse."),
    (r"atten_fusion\.(\w+)\.attn_fusion\.proj\.", r"pattern_propagation.propagations.\1.project."),
    (r"atten_fusion\.(\w+)\.norm2\.", r"pattern_propagation.propagations.\1.norm."),
    (r"atten_fusion\.(\w+)\.mlp\.fc1\.", r"pattern_propagation.propagations.\1.feed_forward.expand."),
    (r"atten_fusion\.(\w+)\.mlp\.fc2\.", r"pattern_propagation.propagations.\1.feed_forward.reduce."),
    (r"trfl\.mix_proj\.(\w+)\.0\.", r"mixers.\1.conv."),
    (r"trfl\.trfl_stages\.(\d+)\.back_feature_embed\.0\.", r"stages.\1.query.project."),
    (r"trfl\.trfl_stages\.(\d+)\.back_feature_embed\.1\.", r"stages.\1.query.norm."),
    (r"trfl\.trfl_stages\.(\d+)\.blocks\.0\.norm1\.", r"stages.\1.extractor.token_norm."),
    (r"trfl\.trfl_stages\.(\d+)\.blocks\.0\.attn\.conv_proj_q\.conv\.", r"stages.\1.extractor.reduce_query.conv."),
    (r"trfl\.trfl_stages\.(\d+)\.blocks\.0\.attn\.conv_proj_q\.bn\.", r"stages.\1.extractor.reduce_query.norm."),
    (r"trfl\.trfl_stages\.(\d+)\.blocks\.0\.attn\.proj_q\.", r"stages.\1.extractor.project.query."),
    (r"trfl\.trfl_stages\.(\d+)\.blocks\.0\.attn\.proj_k\.", r"stages.\1.extractor.project.key."),
    (r"trfl\.trfl_stages\.(\d+)\.blocks\.0\.attn\.proj_v\.", r"stages.\1.extractor.project.value."),
    (r"trfl\.trfl_stages\.(\d+)\.blocks\.0\.attn\.proj\.", r"stages.\1.extractor.merge."),
    (r"trfl\.trfl_stages\.(\d+)\.blocks\.0\.attn\.restore_proj_q\.conv\.", r"stages.\1.extractor.restore."),
    (r"trfl\.trfl_stages\.(\d+)\.blocks\.0\.norm2\.", r"stages.\1.extractor.norm."),
    (r"trfl\.trfl_stages\.(\d+)\.blocks\.0\.mlp\.fc1\.", r"stages.\1.extractor.feed_forward.expand."),
    (r"trfl\.trfl_stages\.(\d+)\.blocks\.0\.mlp\.fc2\.", r"stages.\1.extractor.feed_forward.reduce."),
    (r"trfl\.trfl_stages\.(\d+)\.reduce_channel\.", r"stages.\1.cascade.conv."),
    (r"trfl\.norm_mts\.(\d+)\.", r"fusion.sides.\1.norm."),
    (r"trfl\.mt_proj\.(\w+)\.0\.", r"fusion_convs.\1.conv."),
    (r"trfl\.mt_proj\.(\w+)\.1\.", r"fusion_convs.\1.norm."),
)
"""Names in the release's decoder, and here. Task names are the same in both."""

_BY_POSITION: tuple[tuple[str, str], ...] = (
    (
        r"trfl\.trfl_stages\.(?P<stage>\d+)\.patch_embed\.(?P<task>\d+)\.proj\.1\.",
        "stages.{stage}.upsamplers.{task}.convs.first.conv.",
    ),
    (
        r"trfl\.trfl_stages\.(?P<stage>\d+)\.patch_embed\.(?P<task>\d+)\.proj\.2\.",
        "stages.{stage}.upsamplers.{task}.convs.first.norm.",
    ),
    (
        r"trfl\.trfl_stages\.(?P<stage>\d+)\.patch_embed\.(?P<task>\d+)\.proj\.4\.",
        "stages.{stage}.upsamplers.{task}.convs.second.conv.",
    ),
    (
        r"trfl\.trfl_stages\.(?P<stage>\d+)\.patch_embed\.(?P<task>\d+)\.proj\.5\.",
        "stages.{stage}.upsamplers.{task}.convs.second.norm.",
    ),
    (r"trfl\.redu_chan\.(?P<stage>\d+)\.(?P<task>\d+)\.", "fusion.sides.{stage}.expand.{task}."),
    (
        r"trfl\.trfl_stages\.(?P<stage>\d+)\.reconv\.re_blocks\.(?P<block>\d+)\.(?P<task>\d+)\.conv_layer\.(?P<layer>\d)\.",
        "stages.{stage}.refiners.{task}.blocks.{block}.correction.{layer}.",
    ),
)
"""The same for parts that the release numbers by the position of their task."""

_REFINEMENT_LAYERS = {"0": "squeeze", "1": "squeeze_norm", "3": "dilate", "4": "dilate_norm", "6": "expand"}


def decoder_from_release(config: Mapping[str, Any], state_dict: Mapping[str, Tensor]) -> BridgeNet:
    """The release's decoder as a `BridgeNet` without backbone, in eval mode, ready for `decode`.

    Args:
        config: Sizes: `tasks` (a list of name and channels), `backbone_channels`, `embed_dim`, `pred_out_num_constant`,
            `refine_depth` (blocks per stage), `dilations`, `squeeze_ratio`, `heads`.
        state_dict: The release's tensors under its own names, with or without the backbone.

    Raises:
        ValueError: A tensor is missing, unknown, of another shape or type, or not finite.
    """
    model = build_bridgenet(model_config(config), tuple(config["backbone_channels"]), None)
    _load(model, rename(state_dict, tuple(model.config.tasks)))
    return model.eval()


def model_config(config: Mapping[str, Any]) -> ModelConfig:
    """The network that a description of a release's decoder speaks of."""
    depths = tuple(config["refine_depth"])
    return ModelConfig(
        tasks={task["name"]: task["channels"] for task in config["tasks"]},
        embed_width=config["embed_dim"],
        prediction_width=config["pred_out_num_constant"],
        tpp_output="prediction",
        refinement="tfr" if any(depths) else "add",
        refiner_blocks=depths,
        dilations=tuple(config["dilations"]),
        squeeze_ratio=config["squeeze_ratio"],
        heads=config["heads"],
        token_reduction=tuple(2 ** (stage + 1) for stage in range(len(depths))),
    )


def rename(state_dict: Mapping[str, Tensor], tasks: tuple[str, ...]) -> dict[str, Tensor]:
    """The release's decoder tensors under this project's names. Backbone tensors and unused ones are left out.

    Raises:
        ValueError: A decoder tensor has a name that the release does not use.
    """
    stages = 1 + max(
        (int(found[1]) for key in state_dict if (found := re.search(r"trfl_stages\.(\d+)\.", key))), default=0
    )
    renamed = {}
    for key, tensor in state_dict.items():
        key = key.removeprefix("module.")
        if key.startswith("heads."):
            renamed[key.replace(".linear_pred.", ".")] = tensor
        elif key.startswith(DECODER) and not _NEVER_USED.match(key.removeprefix(DECODER)):
            renamed[_decoder_name(key.removeprefix(DECODER), tasks, stages)] = tensor
    return renamed


def _decoder_name(key: str, tasks: tuple[str, ...], stages: int) -> str:
    if found := re.match(r"scale_embed\.(\d+)\.", key):
        # The release counts backbone maps from fine to coarse, and its last stage reads the second of them.
        return f"stages.{stages - int(found[1])}.query.embed.{key[found.end() :]}"
    for pattern, own in _PARTS:
        if found := re.match(pattern, key):
            return found.expand(own) + key[found.end() :]
    for pattern, own in _BY_POSITION:
        if found := re.match(pattern, key):
            parts = found.groupdict() | {"task": tasks[int(found["task"])]}
            if "layer" in parts:
                parts["layer"] = _REFINEMENT_LAYERS[parts["layer"]]
            return own.format(**parts) + key[found.end() :]
    raise ValueError(f"The release has no tensor {key!r}: is this a BridgeNet checkpoint?")


def _load(model: BridgeNet, tensors: dict[str, Tensor]) -> None:
    own = model.state_dict()
    try:
        check_weights(own, tensors, optional=[key for key in own if key.endswith("num_batches_tracked")])
    except WeightsError as error:
        raise ValueError(f"The tensors are not those of the network that the config describes. {error}") from None
    model.load_state_dict(tensors, strict=False)
