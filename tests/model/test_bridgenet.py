from dataclasses import replace

import pytest
import torch
from torch import Tensor

from bridgenet.config import BackboneConfig, ModelConfig
from bridgenet.model import BridgeNet, build_decoder, build_model
from bridgenet.model.bridge_feature_extractor import BridgeFeatureExtractor
from bridgenet.tasks import ALL_TASKS
from bridgenet.trace import Trace

CHANNELS = {"semseg": 5, "human_parts": 7, "depth": 1, "normals": 3, "sal": 2, "edge": 1}
SMALL = ModelConfig(
    tasks=CHANNELS,
    backbone=BackboneConfig("test_efficientnet"),
    embed_width=24,
    prediction_width=8,
    refiner_blocks=(2, 2, 2),
)


def build(**changes: object) -> BridgeNet:
    torch.manual_seed(0)
    return build_model(replace(SMALL, **changes)).eval()


def everything(trace: Trace) -> Tensor:
    """A scalar that depends on both predictions of every task."""
    return sum(
        (prediction.square().mean() for prediction in (*trace.predictions.values(), *trace.preliminary.values())),
        start=torch.zeros(()),
    )


@pytest.mark.parametrize(
    "name", ["test_efficientnet", "test_resnet", "test_convnext", "test_vit", "swin_tiny_patch4_window7_224"]
)
def test_any_backbone_answers_at_the_size_of_the_image(name: str) -> None:
    model = build(backbone=BackboneConfig(name))
    with torch.inference_mode():
        trace = model(torch.rand(1, 3, 72, 100))
    for task, channels in CHANNELS.items():
        assert trace.predictions[task].shape == (1, channels, 72, 100)
        assert trace.preliminary[task].shape == (1, channels, 3, 4)
        assert trace.logits[task].shape == (1, channels, 18, 25)


def test_a_dilated_pyramid_keeps_its_last_maps_fine() -> None:
    model = build(backbone=BackboneConfig("resnet18", output_stride=8))
    with torch.inference_mode():
        trace = model(torch.rand(1, 3, 64, 96))
    assert [tuple(feature.shape[-2:]) for feature in trace.task_generic] == [(16, 24), (8, 12), (8, 12), (8, 12)]
    assert trace.stages[2].bridge is not None and trace.stages[2].bridge.shape[-2:] == (8, 12)


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (64, 320), (224, 96)])
def test_any_image_size_is_answered(size: tuple[int, int]) -> None:
    with torch.inference_mode():
        trace = build()(torch.rand(2, 3, *size))
    assert all(prediction.shape[-2:] == size for prediction in trace.predictions.values())


@pytest.mark.parametrize("count", range(1, 7))
def test_any_number_of_tasks_works(count: int) -> None:
    tasks = {task: CHANNELS[task] for task in ALL_TASKS[:count]}
    with torch.inference_mode():
        trace = build(tasks=tasks)(torch.rand(1, 3, 64, 96))
    assert list(trace.predictions) == list(tasks)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"tpp_output": "prediction"},
        {"tpp": False},
        {"bfe": False},
        {"tpp": False, "bfe": False},
        {"bridge_cascade": False},
        {"bridge_reads": "nothing"},
        {"bridge_reads": "foreign"},
        {"joint_norm": False},
        {"refinement": "add"},
        {"refinement": "concat"},
        {"refinement": "add-invpt"},
        {"refinement": "add-invpt", "bridge_reads": "nothing", "tasks": {"depth": 1}},
        {"refiner_blocks": (2, 0, 1)},
        {"preliminary_width": 12},
        {"tasks": {"depth": 1}},
        {"backbone": BackboneConfig("test_vit")},
    ],
    ids=str,
)
def test_every_parameter_gets_a_gradient(changes: dict[str, object]) -> None:
    """But for the biases that a softmax does not see: there the gradient exists and is zero up to rounding."""
    model = build(**changes).train()
    everything(model(torch.rand(2, 3, 64, 96))).backward()
    unused = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert not unused


def test_attention_rows_sum_to_one() -> None:
    with torch.inference_mode():
        trace = build()(torch.rand(2, 3, 64, 96))
    assert trace.pattern is not None
    for attention in (*trace.pattern.attention.values(), *(stage.attention for stage in trace.stages)):
        assert attention is not None
        torch.testing.assert_close(attention.sum(-1), torch.ones(attention.shape[:-1]))


def test_bridge_tokens_grow_linearly_with_the_tasks() -> None:
    def keys(count: int) -> list[int]:
        tasks = {task: CHANNELS[task] for task in ALL_TASKS[:count]}
        with torch.inference_mode():
            trace = build(tasks=tasks)(torch.rand(1, 3, 64, 96))
        return [stage.attention.shape[-1] for stage in trace.stages if stage.attention is not None]

    one = keys(1)
    assert [keys(count) for count in range(2, 7)] == [[count * number for number in one] for count in range(2, 7)]


def test_without_tpp_and_bfe_the_tasks_meet_only_in_the_norm_of_the_side_outputs() -> None:
    model = build(tpp=False, bfe=False, tasks={"semseg": 5, "depth": 1})
    images = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        before = model(images)
        torch.nn.init.ones_(model.mixers["depth"].conv.weight)
        after = model(images)
    torch.testing.assert_close(before.stages[2].refined["semseg"], after.stages[2].refined["semseg"])
    assert not torch.equal(before.stages[2].refined["depth"], after.stages[2].refined["depth"])


def test_with_the_bridge_a_task_reaches_the_others() -> None:
    model = build(tpp=False, tasks={"semseg": 5, "depth": 1})
    images = torch.rand(1, 3, 64, 96)
    for stage in model.stages:
        torch.nn.init.normal_(stage.extractor.restore.weight, std=0.1)
        for block in stage.refiners["semseg"].blocks:
            for name in ("squeeze", "dilate", "expand"):
                torch.nn.init.normal_(block.correction.get_submodule(name).weight, std=0.5)
    with torch.inference_mode():
        before = model(images)
        torch.nn.init.normal_(model.mixers["depth"].conv.weight)
        after = model(images)
    assert not torch.allclose(before.stages[0].refined["semseg"], after.stages[0].refined["semseg"])


def test_tpp_output_decides_what_the_decoder_starts_from() -> None:
    images = torch.rand(1, 3, 64, 96)
    for output in ("feature", "prediction"):
        model = build(tpp_output=output)
        with torch.inference_mode():
            trace = model(images)
            assert trace.pattern is not None
            carried = trace.pattern.feature if output == "feature" else trace.task_specific
            expected = model.mixers["depth"](carried["depth"], trace.preliminary["depth"])
        torch.testing.assert_close(trace.mixed["depth"], expected)


def test_the_preliminary_prediction_sees_the_patterns_whatever_the_output() -> None:
    model = build(tpp_output="prediction")
    with torch.inference_mode():
        trace = model(torch.rand(1, 3, 64, 96))
        assert trace.pattern is not None
        expected = model.preliminary_heads["semseg"](trace.pattern.feature["semseg"])
    torch.testing.assert_close(trace.preliminary["semseg"], expected)


def test_the_bridge_does_not_care_in_which_order_the_tasks_come() -> None:
    torch.manual_seed(0)
    extractor = BridgeFeatureExtractor(8, heads=2, query_reduction=2, token_reduction=2, mlp_ratio=4).eval()
    query, one, two = torch.rand(1, 8, 4, 6), torch.rand(1, 8, 8, 12), torch.rand(1, 8, 8, 12)
    with torch.inference_mode():
        bridge, attention = extractor(query, {"depth": one, "edge": two})
        swapped, swapped_attention = extractor(query, {"edge": two, "depth": one})
    torch.testing.assert_close(bridge, swapped)
    torch.testing.assert_close(attention, torch.cat(swapped_attention.chunk(2, dim=-1)[::-1], dim=-1))


def test_images_in_a_batch_do_not_mix() -> None:
    model = build()
    images = torch.rand(2, 3, 64, 96)
    with torch.inference_mode():
        together = model(images).predictions["depth"]
        alone = torch.cat([model(image[None]).predictions["depth"] for image in images])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_a_decoder_without_backbone_says_what_it_wants() -> None:
    model = build_decoder(SMALL, (8, 8, 8, 8))
    with pytest.raises(ValueError, match="feature maps to decode"):
        model(torch.rand(1, 3, 64, 96))


def test_an_unknown_backbone_is_refused_with_names_near_it() -> None:
    with pytest.raises(ValueError, match="timm has no network 'resnet51'"):
        build(backbone=BackboneConfig("resnet51"))


def test_taps_must_end_with_the_last_block() -> None:
    with pytest.raises(ValueError, match="must ascend and end with the last"):
        build(backbone=BackboneConfig("test_vit", taps=(1, 2, 3)))
