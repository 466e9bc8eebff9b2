import pytest
import torch

from bridgenet.catalogue import CATALOGUE, explain
from bridgenet.model import BridgeNet


def test_every_tensor_of_a_trace_is_explained_and_every_entry_exists(tiny_model: BridgeNet) -> None:
    with torch.inference_mode():
        trace = tiny_model(torch.rand(1, 3, 64, 96))
    # Messages, attention without a bridge, and answers of every scale are for networks that have them.
    others = {"exchange.depth.edge", "stages.0.preliminary.depth"}
    others |= {"stages.0.cross_logits.depth", "stages.0.cross_attention.depth"}
    assert {explain(path).path for path in {*trace.keys(), *others}} == {entry.path for entry in CATALOGUE}


def test_an_explanation_reads_as_a_sentence() -> None:
    assert str(explain("stages.1.bridge")).startswith("bridge feature B_s (Eq. (6)): What all tasks have in common")


def test_an_unknown_path_is_answered_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match=r"no path 'stages.0.bride'.*stages.<stage>.bridge"):
        explain("stages.0.bride")
