import pytest
import torch
from toys import hooks_of, pictures

from bridgenet.inspection import capture
from bridgenet.model import BridgeNet
from bridgenet.trace import Stage


def test_what_a_module_returned_is_kept_under_its_name(tiny_model: BridgeNet) -> None:
    with torch.inference_mode(), capture(tiny_model, "stages.1", "fusion_convs.depth.conv", "heads.edge") as seen:
        assert seen == {}
        trace = tiny_model(pictures(1))
    assert isinstance(seen["stages.1"], Stage)
    assert torch.equal(seen["stages.1"].bridge, trace["stages.1.bridge"])
    assert torch.equal(seen["heads.edge"], trace["logits.edge"])
    assert seen["fusion_convs.depth.conv"].shape == trace["fused.depth"].shape


def test_the_backbone_is_reached_by_its_own_names(tiny_model: BridgeNet) -> None:
    name = next(name for name, _ in tiny_model.named_modules() if name.startswith("backbone.body.") and "1" in name)
    with torch.inference_mode(), capture(tiny_model, name) as seen:
        tiny_model(pictures(1))
    assert seen[name].shape[0] == 1


def test_a_following_activation_in_place_does_not_change_what_was_seen(tiny_model: BridgeNet) -> None:
    with torch.inference_mode(), capture(tiny_model, "fusion_convs.depth.norm") as seen:
        tiny_model(pictures(1))
    assert (seen["fusion_convs.depth.norm"] < 0).any()


def test_what_was_seen_keeps_its_gradient(tiny_model: BridgeNet) -> None:
    with capture(tiny_model, "stages.0.extractor.merge") as seen:
        tiny_model(pictures(1))
    seen["stages.0.extractor.merge"].sum().backward()
    assert tiny_model.get_parameter("stages.0.extractor.project.value.weight").grad is not None


def test_the_last_call_counts(tiny_model: BridgeNet) -> None:
    first, second = pictures(2).split(1)
    with torch.inference_mode(), capture(tiny_model, "heads.depth") as seen:
        tiny_model(first)
        trace = tiny_model(second)
    assert torch.equal(seen["heads.depth"], trace["logits.depth"])


def test_no_hook_is_left_whatever_happens(tiny_model: BridgeNet) -> None:
    with capture(tiny_model, "heads.depth", "stages.0"):
        assert hooks_of(tiny_model) == 2
    assert hooks_of(tiny_model) == 0
    with pytest.raises(RuntimeError, match="inside"), capture(tiny_model, "heads.depth"):
        raise RuntimeError("inside")
    assert hooks_of(tiny_model) == 0


def test_an_unknown_name_is_answered_with_similar_ones(tiny_model: BridgeNet) -> None:
    with (
        pytest.raises(KeyError, match=r"stages\.0\.extracter.*Similar.*stages\.0\.extractor"),
        capture(tiny_model, "heads.depth", "stages.0.extracter"),
    ):
        pass
    assert hooks_of(tiny_model) == 0
    with pytest.raises(KeyError, match=r"At the top: backbone"), capture(tiny_model, "?"):
        pass
