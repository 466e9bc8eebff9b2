from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from bridgenet.inspection.region import Box, Pixel, Segment, Whole
from bridgenet.inspection.targets import Target, predicted_segment
from bridgenet.model import BridgeNet
from bridgenet.trace import Trace

SIZE = (64, 96)


@pytest.fixture
def trace(tiny_model: BridgeNet) -> Trace:
    images = torch.rand(2, 3, *SIZE, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return tiny_model(images)


def with_labels(trace: Trace, labels: list[list[int]]) -> Trace:
    """The trace with a segmentation that predicts these classes."""
    logits = F.one_hot(torch.tensor(labels), 14).permute(2, 0, 1)[None].float()
    return replace(trace, predictions={**trace.predictions, "semseg": logits})


def test_depth_at_a_pixel_is_what_the_trace_says_there(trace: Trace) -> None:
    value = Target("depth", region=Pixel(0.5, 0.25)).value(trace)
    assert torch.equal(value, trace.predictions["depth"][:, 0, 16, 48])


def test_the_far_corner_is_the_last_pixel() -> None:
    assert Pixel(1.0, 1.0).place(SIZE) == (63, 95)
    assert Pixel(0.0, 0.0).place(SIZE) == (0, 0)


def test_a_normal_is_read_from_the_vector_of_length_one(trace: Trace) -> None:
    components = torch.stack([Target("normals", axis, Pixel(0.3, 0.6)).value(trace) for axis in range(3)])
    torch.testing.assert_close(components.square().sum(dim=0), torch.ones(2))


def test_a_class_is_compared_with_the_mean_of_the_others(trace: Trace) -> None:
    logits = trace.predictions["semseg"][:, :, 16, 48]
    others = torch.cat([logits[:, :3], logits[:, 4:]], dim=1).mean(dim=1)
    torch.testing.assert_close(Target("semseg", 3, Pixel(0.5, 0.25)).value(trace), logits[:, 3] - others)


def test_a_constant_on_all_logits_changes_no_class_target(trace: Trace) -> None:
    shifted = replace(trace, predictions={**trace.predictions, "human_parts": trace.predictions["human_parts"] + 5})
    target = Target("human_parts", 2)
    torch.testing.assert_close(target.value(shifted), target.value(trace), atol=1e-5, rtol=0)


def test_saliency_and_edges_are_log_odds(trace: Trace) -> None:
    salient = trace.predictions["sal"].softmax(dim=1)[:, 1]
    torch.testing.assert_close(Target("sal").values(trace), salient.logit(), atol=1e-5, rtol=1e-4)
    assert torch.equal(Target("edge").values(trace), trace.predictions["edge"][:, 0])


def test_a_region_is_averaged(trace: Trace) -> None:
    depth = trace.predictions["depth"][:, 0]
    torch.testing.assert_close(Target("depth", region=Whole()).value(trace), depth.mean(dim=(1, 2)))
    quarter = Target("depth", region=Box(0.5, 0.0, 1.0, 0.5)).value(trace)
    torch.testing.assert_close(quarter, depth[:, :32, 48:].mean(dim=(1, 2)))


def test_a_box_smaller_than_a_pixel_is_that_pixel() -> None:
    assert torch.equal(Box(0.501, 0.251, 0.502, 0.252).mask(SIZE), Pixel(0.5, 0.25).mask(SIZE))


def test_a_segment_of_another_size_is_brought_to_the_image() -> None:
    mask = Segment(np.array([[True, False], [False, False]])).mask(SIZE)
    assert torch.equal(mask, Box(0.0, 0.0, 0.5, 0.5).mask(SIZE))


def test_a_value_can_be_differentiated(trace: Trace) -> None:
    depth = trace.predictions["depth"].clone().requires_grad_()
    Target("depth", region=Box(0.0, 0.0, 0.5, 1.0)).value(replace(trace, predictions={"depth": depth})).sum().backward()
    assert depth.grad is not None
    assert depth.grad[..., :48].sum() == pytest.approx(2) and not depth.grad[..., 48:].any()


def test_a_predicted_segment_is_where_the_class_wins(trace: Trace) -> None:
    labelled = with_labels(trace, [[3, 3, 0, 3], [3, 0, 0, 3]])
    assert predicted_segment(labelled, "semseg", index=3).pixels.tolist() == [[1, 1, 0, 1], [1, 0, 0, 1]]


def test_a_pixel_picks_the_connected_part(trace: Trace) -> None:
    labelled = with_labels(trace, [[3, 3, 0, 3], [3, 0, 0, 3]])
    assert predicted_segment(labelled, "semseg", at=Pixel(0.9, 0.1)).pixels.tolist() == [[0, 0, 0, 1], [0, 0, 0, 1]]


def test_an_absent_class_is_answered_with_the_present_ones(trace: Trace) -> None:
    labelled = with_labels(trace, [[3, 0], [0, 5]])
    with pytest.raises(ValueError, match=r"class 4. Present classes: 0, 3, 5"):
        predicted_segment(labelled, "semseg", index=4)
    with pytest.raises(ValueError, match="was predicted as class 0, not 3"):
        predicted_segment(labelled, "semseg", index=3, at=Pixel(0.9, 0.1))


def test_a_task_without_classes_has_no_segments(trace: Trace) -> None:
    with pytest.raises(ValueError, match="Tasks with segments: semseg, human_parts"):
        predicted_segment(trace, "depth", index=0)
    with pytest.raises(ValueError, match="Give the index of a class, a pixel, or both"):
        predicted_segment(trace, "semseg")


@pytest.mark.parametrize("place", [(-0.1, 0.5), (0.5, 1.01), (float("nan"), 0.5)])
def test_a_pixel_outside_the_image_is_refused(place: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="Give x and y as fractions"):
        Pixel(*place)


def test_an_empty_region_is_refused() -> None:
    with pytest.raises(ValueError, match="Give left < right"):
        Box(0.5, 0.0, 0.5, 1.0)
    with pytest.raises(ValueError, match="Choose a region that covers something"):
        Segment(np.zeros((4, 4), dtype=bool))
    lonely = np.zeros((200, 200), dtype=bool)
    lonely[0, 0] = True
    with pytest.raises(ValueError, match="Choose a larger region"):
        Segment(lonely).mask((4, 4))


def test_a_class_out_of_range_is_answered_with_the_range(trace: Trace) -> None:
    with pytest.raises(ValueError, match="components 0 to 13, got 14"):
        Target("semseg", 14).value(trace)


def test_a_missing_or_needless_component_is_refused() -> None:
    with pytest.raises(ValueError, match="semseg needs the index of a class"):
        Target("semseg")
    with pytest.raises(ValueError, match="normals needs a component"):
        Target("normals")
    with pytest.raises(ValueError, match="Leave the component out"):
        Target("depth", 0)


def test_a_task_that_the_network_lacks_is_answered_with_those_it_has(trace: Trace) -> None:
    only_edges = replace(trace, predictions={"edge": trace.predictions["edge"]})
    with pytest.raises(ValueError, match="It predicts: edge"):
        Target("depth").value(only_edges)


def test_units_are_those_of_the_prediction() -> None:
    assert [Target("depth").unit, Target("normals", 0).unit, Target("edge").unit] == ["m", "", "logit"]
