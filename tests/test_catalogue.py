import pytest
import torch

from bridgenet.catalogue import CATALOGUE, explain
from bridgenet.config import BackboneConfig, ModelConfig
from bridgenet.model import BridgeNet, build_model


def test_every_tensor_of_a_trace_is_explained_and_every_entry_exists(tiny_model: BridgeNet) -> None:
    with torch.inference_mode():
        traces = [tiny_model(torch.rand(1, 3, 64, 96))]
        # Messages, answers of every scale, attention without a bridge, encoders of tasks: for those who have them.
        for system in ("mti-net", "cross-stitch", "mtan", "invpt"):
            config = ModelConfig({"depth": 1, "edge": 1}, BackboneConfig("test_efficientnet"), system)
            traces.append(build_model(config).eval()(torch.rand(1, 3, 64, 96)))
    assert {explain(path).path for trace in traces for path, _ in trace.items()} == {entry.path for entry in CATALOGUE}


def test_an_explanation_reads_as_a_sentence() -> None:
    assert str(explain("stages.1.bridge")).startswith("bridge feature B_s (Eq. (6)): What all tasks have in common")


def test_an_unknown_path_is_answered_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"no path 'stages.0.bride'.*stages.<stage>.bridge"):
        explain("stages.0.bride")
