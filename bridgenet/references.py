"""Parameters of the peers' own implementations, under this project's names.

What is computed from them is described in the docstrings of `bridgenet.model.peers`. Counters of batches are left out.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from torch import Tensor

from bridgenet.config import ModelConfig
from bridgenet.config.settings import not_among
from bridgenet.config.systems import (
    AtrcConfig,
    ContextKind,
    CrossStitchConfig,
    InvPtConfig,
    MtanConfig,
    MtiNetConfig,
    MultiTaskBaselineConfig,
    NddrConfig,
    PadNetConfig,
    StageName,
    System,
    SystemConfigs,
)
from bridgenet.model import Network, build_decoder
from bridgenet.model.backbone import Backbone
from bridgenet.model.peers.dilated_resnet import DilatedResNet
from bridgenet.model.peers.residual import BasicBlock, Bottleneck
from bridgenet.weights import WeightsError, check_weights

T = TypeVar("T")

Names = tuple[tuple[str, str | None], ...]
"""Pattern of the beginning of a key there, and what it is here: None where nothing uses it. A number in angle brackets
is the position of a task and stands for its name."""

_PAD_NET: Names = (
    (r"backbone\.1\.last_layer\.0\.", r"join.conv."),
    (r"backbone\.1\.last_layer\.1\.", r"join.norm."),
    (r"initial_task_prediction_heads\.layers\.(\w+)\.0\.", r"features.\1.first."),
    (r"initial_task_prediction_heads\.layers\.(\w+)\.1\.", r"features.\1.second."),
    (r"initial_task_prediction_heads\.conv_out\.(\w+)\.", r"preliminary_heads.\1."),
    (
        r"multi_modal_distillation\.self_attention\.(?P<target>\w+)\.(?P<source>\w+)\.attention\.0\.",
        r"distillation.messages.\g<source>.\g<target>.gate.",
    ),
    (
        r"multi_modal_distillation\.self_attention\.(?P<target>\w+)\.(?P<source>\w+)\.conv\.",
        r"distillation.messages.\g<source>.\g<target>.message.",
    ),
    (r"heads\.(\w+)\.0\.", r"refiners.\1.first."),
    (r"heads\.(\w+)\.1\.", r"refiners.\1.second."),
    (r"heads\.(\w+)\.2\.", r"heads.\1."),
)

_MTI_NET: Names = (
    (r"scale_(\d)\.refinement\.(\w+)\.0\.", r"scales.\1.features.\2.first."),
    (r"scale_(\d)\.refinement\.(\w+)\.1\.", r"scales.\1.features.\2.second."),
    (r"scale_(\d)\.decoders\.(\w+)\.", r"scales.\1.preliminary_heads.\2."),
    (r"fpm_scale_(\d)\.non_linear\.", r"scales.\1.propagation.mask."),
    (r"fpm_scale_(\d)\.dimensionality_reduction\.", r"scales.\1.propagation.reduce."),
    (r"fpm_scale_(\d)\.se\.(\w+)\.squeeze\.0\.", r"scales.\1.propagation.gates.\2.squeeze."),
    (r"fpm_scale_(\d)\.se\.(\w+)\.squeeze\.2\.", r"scales.\1.propagation.gates.\2.excite."),
    (
        r"distillation_scale_(\d)\.self_attention\.(?P<target>\w+)\.(?P<source>\w+)\.attention\.0\.",
        r"scales.\1.distillation.messages.\g<source>.\g<target>.gate.",
    ),
    (
        r"distillation_scale_(\d)\.self_attention\.(?P<target>\w+)\.(?P<source>\w+)\.conv\.",
        r"scales.\1.distillation.messages.\g<source>.\g<target>.message.",
    ),
    (r"heads\.(\w+)\.last_layer\.0\.", r"joins.\1.conv."),
    (r"heads\.(\w+)\.last_layer\.1\.", r"joins.\1.norm."),
    (r"heads\.(\w+)\.last_layer\.3\.", r"heads.\1."),
)


def _conv_and_norm(there: str, here: str) -> Names:
    return (there + r"conv\.", here + "conv."), (there + r"bn\.", here + "norm.")


_ATRC: Names = (
    *_conv_and_norm(r"bottleneck\.(\w+)\.", r"features.\1."),
    *_conv_and_norm(r"aux_conv\.(\w+)\.", r"auxiliary.\1."),
    (r"aux_logits\.(\w+)\.", r"preliminary_heads.\1."),
    *_conv_and_norm(r"atrc_module\.cp_blocks\.(\w+)\.(\w+)\.(query|key)_project\.(\d)\.", r"contexts.\1.\2.\3.\4."),
    *_conv_and_norm(r"atrc_module\.cp_blocks\.(\w+)\.(\w+)\.value_project\.", r"contexts.\1.\2.value."),
    *_conv_and_norm(r"atrc_module\.out_proj\.(\w+)\.", r"projections.\1."),
    *_conv_and_norm(r"atrc_module\.bottleneck\.(\w+)\.0\.", r"refiners.\1."),
    (r"final_logits\.(\w+)\.", r"heads.\1."),
)

_CONTEXT_KINDS: dict[str, ContextKind] = {
    "0": "none",
    "1": "global",
    "2": "local",
    "3": "target-label",
    "4": "source-label",
}
"""As a genotype numbers them."""

_BASELINE: Names = (
    (r"decoders\.(\w+)\.0\.convs\.0\.0\.", r"features.\1.point.conv."),
    (r"decoders\.(\w+)\.0\.convs\.0\.1\.", r"features.\1.point.norm."),
    (r"decoders\.(\w+)\.0\.convs\.4\.1\.", r"features.\1.whole.conv."),
    (r"decoders\.(\w+)\.0\.convs\.4\.2\.", r"features.\1.whole.norm."),
    (r"decoders\.(\w+)\.0\.convs\.1\.0\.", r"features.\1.dilated.0.conv."),
    (r"decoders\.(\w+)\.0\.convs\.1\.1\.", r"features.\1.dilated.0.norm."),
    (r"decoders\.(\w+)\.0\.convs\.2\.0\.", r"features.\1.dilated.1.conv."),
    (r"decoders\.(\w+)\.0\.convs\.2\.1\.", r"features.\1.dilated.1.norm."),
    (r"decoders\.(\w+)\.0\.convs\.3\.0\.", r"features.\1.dilated.2.conv."),
    (r"decoders\.(\w+)\.0\.convs\.3\.1\.", r"features.\1.dilated.2.norm."),
    (r"decoders\.(\w+)\.0\.project\.0\.", r"features.\1.join.conv."),
    (r"decoders\.(\w+)\.0\.project\.1\.", r"features.\1.join.norm."),
    (r"decoders\.(\w+)\.1\.", r"features.\1.smooth.conv."),
    (r"decoders\.(\w+)\.2\.", r"features.\1.smooth.norm."),
    (r"decoders\.(\w+)\.4\.", r"heads.\1."),
)

_INVPT_STAGE = r"multi_task_decoder\.invpt\.invpt_stages\.(\d)\."

_INVPT: Names = (
    (r"multi_task_decoder\.scale_embed\.2\.", None),
    (r"multi_task_decoder\.invpt\.redu_chan\.0\.", None),
    (r"multi_task_decoder\.invpt\.norm_mt\.", None),
    (r"multi_task_decoder\.invpt\.invpt_stages\.0\.blocks\.0\.attn\.fuse_attn\.", None),
    (r"multi_task_decoder\.preliminary_decoder\.(\w+)\.0\.conv\.", r"preliminary_decoders.\1.first.conv."),
    (r"multi_task_decoder\.preliminary_decoder\.(\w+)\.0\.bn1\.", r"preliminary_decoders.\1.first.norm."),
    (r"multi_task_decoder\.preliminary_decoder\.(\w+)\.1\.conv\.", r"preliminary_decoders.\1.second.conv."),
    (r"multi_task_decoder\.preliminary_decoder\.(\w+)\.1\.bn1\.", r"preliminary_decoders.\1.second.norm."),
    (r"multi_task_decoder\.intermediate_head\.(\w+)\.", r"preliminary_heads.\1."),
    (r"multi_task_decoder\.scale_embed\.0\.", r"stages.2.rise.skip."),
    (r"multi_task_decoder\.scale_embed\.1\.", r"stages.1.rise.skip."),
    (r"multi_task_decoder\.invpt\.mix_proj\.(\w+)\.0\.", r"mixers.\1.conv."),
    (_INVPT_STAGE + r"patch_embed\.(\d+)\.proj\.1\.", r"stages.\1.rise.upsamplers.<\2>.convs.first.conv."),
    (_INVPT_STAGE + r"patch_embed\.(\d+)\.proj\.2\.", r"stages.\1.rise.upsamplers.<\2>.convs.first.norm."),
    (_INVPT_STAGE + r"patch_embed\.(\d+)\.proj\.4\.", r"stages.\1.rise.upsamplers.<\2>.convs.second.conv."),
    (_INVPT_STAGE + r"patch_embed\.(\d+)\.proj\.5\.", r"stages.\1.rise.upsamplers.<\2>.convs.second.norm."),
    (_INVPT_STAGE + r"blocks\.0\.norm1\.", r"stages.\1.token_norm."),
    (_INVPT_STAGE + r"blocks\.0\.norm2\.", r"stages.\1.norm."),
    (_INVPT_STAGE + r"blocks\.0\.attn\.conv_proj_q\.(\d+)\.conv\.", r"stages.\1.readers.<\2>.reduce_query.conv."),
    (_INVPT_STAGE + r"blocks\.0\.attn\.conv_proj_q\.(\d+)\.bn\.", r"stages.\1.readers.<\2>.reduce_query.norm."),
    (_INVPT_STAGE + r"blocks\.0\.attn\.proj_q\.", r"stages.\1.project.query."),
    (_INVPT_STAGE + r"blocks\.0\.attn\.proj_k\.", r"stages.\1.project.key."),
    (_INVPT_STAGE + r"blocks\.0\.attn\.proj_v\.", r"stages.\1.project.value."),
    (_INVPT_STAGE + r"blocks\.0\.attn\.proj\.", r"stages.\1.merge."),
    (_INVPT_STAGE + r"blocks\.0\.attn\.fuse_attn\.", r"stages.\1.message_passing.fuse."),
    (_INVPT_STAGE + r"blocks\.0\.mlp\.fc1\.", r"stages.\1.feed_forward.expand."),
    (_INVPT_STAGE + r"blocks\.0\.mlp\.fc2\.", r"stages.\1.feed_forward.reduce."),
    (r"multi_task_decoder\.invpt\.norm_mts\.(\d)\.", r"fusion.sides.\1.norm."),
    (r"multi_task_decoder\.invpt\.redu_chan\.(\d)\.(\d+)\.", r"fusion.sides.\1.expand.<\2>."),
    (r"multi_task_decoder\.invpt\.mt_proj\.(\w+)\.0\.", r"fusion_convs.\1.conv."),
    (r"multi_task_decoder\.invpt\.mt_proj\.(\w+)\.1\.", r"fusion_convs.\1.norm."),
    (r"heads\.(\w+)\.linear_pred\.", r"heads.\1."),
)


_HEADS: Names = tuple((pattern.replace("decoders", "heads", 1), own) for pattern, own in _BASELINE)

_CROSS_STITCH: Names = (
    (r"backbone\.", r"backbone."),
    (r"cross_stitch\.conv\.cross_stitch_unit\.(\w+)\.(\w+)\.param", r"units.stem.targets.\1.weights.\2"),
    (
        r"cross_stitch\.layer(\d)(?:_without_conv)?\.cross_stitch_unit\.(\w+)\.(\w+)\.param",
        r"units.stage\1.targets.\2.weights.\3",
    ),
    *_HEADS,
)

_NDDR: Names = (
    (r"backbone\.", r"backbone."),
    (r"nddr\.conv\.layer\.(\w+)\.0\.", r"units.stem.targets.\1.reduce.conv."),
    (r"nddr\.conv\.layer\.(\w+)\.1\.", r"units.stem.targets.\1.reduce.norm."),
    (r"nddr\.layer(\d)(?:_without_conv)?\.layer\.(\w+)\.0\.", r"units.stage\1.targets.\2.reduce.conv."),
    (r"nddr\.layer(\d)(?:_without_conv)?\.layer\.(\w+)\.1\.", r"units.stage\1.targets.\2.reduce.norm."),
    *_HEADS,
)

_MTAN: Names = (
    (r"backbone\.", r"backbone."),
    (r"attention_(\d)\.(\w+)\.0\.", r"masks.stage\1.\2.conv1."),
    (r"attention_(\d)\.(\w+)\.1\.", r"masks.stage\1.\2.bn1."),
    (r"attention_(\d)\.(\w+)\.3\.", r"masks.stage\1.\2.conv2."),
    (r"attention_(\d)\.(\w+)\.4\.", r"masks.stage\1.\2.bn2."),
    (r"refine_(\d)\.0\.", r"between.stage\1."),
    *_HEADS,
)


_BLOCKS: dict[str, type[BasicBlock] | type[Bottleneck]] = {"basic": BasicBlock, "bottleneck": Bottleneck}

_STAGES: dict[str, StageName] = {
    "conv": "stem",
    "layer1": "stage1",
    "layer1_without_conv": "stage1",
    "layer2": "stage2",
    "layer3": "stage3",
    "layer4": "stage4",
}
"""The first stage is called by the same here whether the stem is joined for itself or not."""


class _Told(dict[str, Any]):
    """A peer's description, which says by its name what it leaves out."""

    def __missing__(self, name: str) -> NoReturn:
        raise ValueError(f"The config says no {name}, which this peer needs. It says: {', '.join(self)}.")


def _one_of(known: Mapping[str, T], name: str, value: object) -> T:
    if str(value) not in known:
        raise ValueError(not_among(name, str(value), known))
    return known[str(value)]


def _resnet(told: Mapping[str, Any]) -> Backbone:
    return DilatedResNet(_one_of(_BLOCKS, "block", told["block"]), tuple(told["layers"]), told["width"])


def _stages(told: Mapping[str, Any], joined: str) -> tuple[StageName, ...]:
    """Those that are joined: where they are not told, all that the encoder is cut into."""
    name = joined if joined in told else "stages"
    return tuple(_one_of(_STAGES, name, stage) for stage in told[name])


@dataclass(frozen=True, slots=True)
class Peer:
    """How a peer's own description and parameters are read.

    Attributes:
        settings: Of its system, from the description.
        names: Of its parameters.
        left_out: Beginnings of names here whose parts a description may do without; their parameters are dropped then.
        maps: Backbone maps that it reads, where its description gives one width for all.
        encoder: The encoder that its tasks reach into, from the description. None: it starts from feature maps.
    """

    settings: Callable[[Mapping[str, Any]], SystemConfigs]
    names: Names
    left_out: tuple[str, ...] = ()
    maps: int = 1
    encoder: Callable[[Mapping[str, Any]], Backbone] | None = None


PEERS: dict[System, Peer] = {
    "mtl": Peer(lambda told: SystemConfigs(mtl=MultiTaskBaselineConfig(told["aspp"])), _BASELINE),
    "cross-stitch": Peer(
        lambda told: SystemConfigs(
            cross_stitch=CrossStitchConfig(told["aspp"], stages=_stages(told, "cross_stitch_stages"))
        ),
        _CROSS_STITCH,
        encoder=_resnet,
    ),
    "nddr": Peer(
        lambda told: SystemConfigs(nddr=NddrConfig(told["aspp"], stages=_stages(told, "nddr_stages"))),
        _NDDR,
        encoder=_resnet,
    ),
    "mtan": Peer(lambda told: SystemConfigs(mtan=MtanConfig(told["aspp"])), _MTAN, encoder=_resnet),
    "mti-net": Peer(lambda told: SystemConfigs(mti_net=MtiNetConfig(_auxiliary(told))), _MTI_NET),
    "pad-net": Peer(lambda told: SystemConfigs(pad_net=PadNetConfig(told["width"], _auxiliary(told))), _PAD_NET),
    "atrc": Peer(
        lambda told: SystemConfigs(atrc=_atrc(told)),
        _ATRC,
        left_out=("auxiliary.", "preliminary_heads.", "contexts.", "projections."),
    ),
    "invpt": Peer(lambda told: SystemConfigs(invpt=InvPtConfig(told["embed"], told["extra"])), _INVPT, maps=4),
}
"""The systems whose own parameters can be read."""


def peer_from_reference(name: System, config: Mapping[str, Any], state_dict: Mapping[str, Tensor]) -> Network:
    """A peer with the parameters of its own implementation, in eval mode, without a backbone of this project.

    Those whose tasks reach into the encoder have their own, and take images that are normalised already; the others
    start from the maps of a backbone (`decode`).

    Args:
        name: The system.
        config: Its description: `tasks` (name and channels each), `channels` of the backbone maps or the blocks of the
            encoder, and its widths. What else it says, of a recording for example, is not looked at.
        state_dict: Its parameters under their own names.

    Raises:
        ValueError: There is no such peer, its description lacks something or names what there is not, or a tensor is
            missing, unknown, of another shape or type, or not finite.
    """
    if name not in PEERS:
        raise ValueError(f"There is no peer {name!r}. Choose one of: {', '.join(PEERS)}.")
    peer, config = PEERS[name], _Told(config)
    backbone = None if peer.encoder is None else peer.encoder(config)
    channels = config["channels"] if backbone is None else backbone.channels
    model = build_decoder(
        ModelConfig(tasks=_channels(config["tasks"]), system=name, systems=peer.settings(config)),
        (channels,) * peer.maps if isinstance(channels, int) else tuple(channels),
        backbone=backbone,
    )
    own, renamed = model.state_dict(), _renamed(state_dict, peer, tuple(model.tasks))
    renamed = {key: tensor for key, tensor in renamed.items() if key in own or not key.startswith(peer.left_out)}
    try:
        check_weights(own, renamed, optional=[key for key in own if key.endswith("num_batches_tracked")])
    except WeightsError as error:
        raise ValueError(f"The tensors are not those of the network that the config describes. {error}") from None
    model.load_state_dict(renamed, strict=False)
    return model.eval()


def _channels(tasks: Sequence[Mapping[str, Any]]) -> dict[Any, int]:
    return {task["name"]: task["channels"] for task in tasks}


def _auxiliary(told: Mapping[str, Any]) -> dict[Any, int] | None:
    """Tasks that get first answers, in an order of their own; those of the network where nothing is told."""
    return _channels(told["auxiliary_tasks"]) if "auxiliary_tasks" in told else None


def _atrc(told: Mapping[str, Any]) -> AtrcConfig:
    kinds: dict[Any, Any] = {
        target: {
            source: _one_of(_CONTEXT_KINDS, f"genotype.{target}.{source}", number) for source, number in row.items()
        }
        for target, row in told["genotype"].items()
    }
    return AtrcConfig(kinds, dict(told.get("aux_channels", {})))


def _renamed(state_dict: Mapping[str, Tensor], peer: Peer, tasks: tuple[str, ...]) -> dict[str, Tensor]:
    renamed = {}
    for key, tensor in state_dict.items():
        if key.endswith("num_batches_tracked"):
            continue
        for pattern, own in peer.names:
            if found := re.match(pattern, key):
                if own is not None:
                    renamed[_named(found.expand(own), tasks) + key[found.end() :]] = tensor
                break
        else:
            raise ValueError(f"This peer has no tensor {key!r}: leave it out, or name the system that it is of.")
    return renamed


def _named(key: str, tasks: tuple[str, ...]) -> str:
    """Positions of tasks in angle brackets become their names; a position that no task has stays."""
    return re.sub(r"<(\d+)>", lambda found: dict(enumerate(tasks)).get(int(found[1]), found[0]), key)
