"""The network against numbers recorded from the authors' release. `BRIDGENET_REFERENCE` names the folder with them."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from bridgenet.convert import decoder_from_release, model_config, rename
from bridgenet.model import BridgeNet
from bridgenet.model.layers import to_tokens
from bridgenet.trace import Trace

REFERENCE = Path(os.environ.get("BRIDGENET_REFERENCE", "nowhere"))
CASES = sorted(path.stem for path in REFERENCE.glob("release_*.json"))

needs_reference = pytest.mark.skipif(
    not CASES, reason="BRIDGENET_REFERENCE names no folder with the release's recorded numbers"
)

OUTPUT_TOLERANCE, TRACE_TOLERANCE, NARROW_NORM_TOLERANCE = 2e-5, 1e-4, 1e-3


class Case:
    """A recorded case, our network with its parameters, and what our network computes."""

    def __init__(self, name: str) -> None:
        self.config = json.loads((REFERENCE / f"{name}.json").read_text())["config"]
        self.tensors = load_file(REFERENCE / f"{name}.safetensors")
        self.model: BridgeNet = decoder_from_release(self.config, self.parameters)
        features = tuple(self.tensors[f"input/feature{index}"] for index in range(4))
        with torch.inference_mode():
            self.trace: Trace = self.model.decode(features, tuple(self.config["image_size"]))

    @property
    def parameters(self) -> dict[str, Tensor]:
        return {key.removeprefix("param/"): tensor for key, tensor in self.tensors.items() if key.startswith("param/")}

    @property
    def tasks(self) -> list[str]:
        return [task["name"] for task in self.config["tasks"]]


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


def difference(ours: Tensor, recorded: Tensor) -> float:
    """Largest absolute difference over the largest recorded value."""
    assert ours.shape == recorded.shape
    return float((ours - recorded).abs().max() / recorded.abs().max())


@needs_reference
def test_every_prediction_equals_the_release(case: Case) -> None:
    for task in case.tasks:
        for path, key in (
            (f"preliminary.{task}", f"output/preliminary/{task}"),
            (f"logits.{task}", f"output/logits/{task}"),
            (f"predictions.{task}", f"output/image/{task}"),
        ):
            assert difference(case.trace[path], case.tensors[key]) < OUTPUT_TOLERANCE, path


@needs_reference
def test_task_patterns_equal_the_release(case: Case) -> None:
    for task in case.tasks:
        for path, key in (
            (f"task_specific.{task}", f"trace/prelim/{task}/x"),
            (f"pattern.logits.{task}", f"trace/tpp/{task}/raw_logits"),
            (f"pattern.fused_logits.{task}", f"trace/tpp/{task}/fused_logits"),
            (f"pattern.attention.{task}", f"trace/tpp/{task}/fused_attention"),
            (f"mixed.{task}", f"trace/mix/{task}"),
        ):
            assert difference(case.trace[path], case.tensors[key]) < TRACE_TOLERANCE, path
        recorded = case.tensors[f"trace/tpp/{task}/y"]
        ours = case.trace[f"pattern.feature.{task}"]
        assert difference(ours if recorded.ndim == 4 else to_tokens(ours), recorded) < TRACE_TOLERANCE


@needs_reference
def test_bridge_features_equal_the_release(case: Case) -> None:
    for stage in range(3):
        for name, key in (
            ("query", "query_map"),
            ("attention", "attention"),
            ("bridge_before_cascade", "before_cascade"),
            ("bridge", "bridge"),
        ):
            recorded = case.tensors[f"trace/bfe/{stage}/{key}"]
            assert difference(case.trace[f"stages.{stage}.{name}"], recorded) < TRACE_TOLERANCE, (stage, name)


@needs_reference
def test_task_tokens_equal_the_release(case: Case) -> None:
    for index, (stage, module) in enumerate(zip(case.trace.stages, case.model.stages, strict=True)):
        with torch.inference_mode():
            tokens = module.extractor.task_tokens(stage.task_specific)
        recorded = [case.tensors[f"trace/bfe/{index}/key_tokens/{task}"] for task in case.tasks]
        assert difference(tokens, torch.cat(recorded, dim=1)) < NARROW_NORM_TOLERANCE


@needs_reference
def test_refined_and_fused_features_equal_the_release(case: Case) -> None:
    for task in case.tasks:
        for stage in range(3):
            recorded = case.tensors[f"trace/tfr/{stage}/{task}/out"]
            assert difference(case.trace[f"stages.{stage}.refined.{task}"], recorded) < TRACE_TOLERANCE, (stage, task)
            if stage > 0:
                recorded = case.tensors[f"trace/up/{stage}/{task}"]
                assert difference(case.trace[f"stages.{stage}.task_specific.{task}"], recorded) < TRACE_TOLERANCE
        assert difference(case.trace[f"fused.{task}"], case.tensors[f"trace/fuse/{task}/sum"]) < TRACE_TOLERANCE


@needs_reference
def test_a_wrong_wire_is_seen(case: Case) -> None:
    """Were TPP to feed the decoder, the predictions would differ by far."""
    case.model.config = replace(case.model.config, tpp_output="feature")
    features = tuple(case.tensors[f"input/feature{index}"] for index in range(4))
    with torch.inference_mode():
        trace = case.model.decode(features, tuple(case.config["image_size"]))
    case.model.config = replace(case.model.config, tpp_output="prediction")
    task = case.tasks[0]
    assert difference(trace.logits[task], case.tensors[f"output/logits/{task}"]) > 100 * OUTPUT_TOLERANCE


DESCRIPTION = {
    "tasks": [{"name": "semseg", "channels": 3}, {"name": "depth", "channels": 1}],
    "backbone_channels": [8, 8, 8, 8],
    "embed_dim": 8,
    "pred_out_num_constant": 8,
    "refine_depth": [3, 0, 4],
    "dilations": [1, 2, 5],
    "squeeze_ratio": 2,
    "heads": 2,
}


def test_a_config_may_refine_its_stages_to_different_depths() -> None:
    assert model_config(DESCRIPTION).refiner_blocks == (3, 0, 4)


def test_missing_tensors_are_named() -> None:
    with pytest.raises(ValueError, match=r"tensors are wrong .*without a partner.*is missing"):
        decoder_from_release(DESCRIPTION, {})


def test_tensors_of_another_network_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"no tensor 'surprise\.weight'"):
        rename({"multi_task_decoder.surprise.weight": torch.zeros(1)}, ("semseg",))
