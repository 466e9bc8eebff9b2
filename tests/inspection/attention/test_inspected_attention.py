from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.stats import t as student

from bridgenet.config import ModelConfig
from bridgenet.inspection import (
    bridge_rows,
    bridge_share_maps,
    bridge_shares,
    bridge_values,
    dominant_task,
    fusion_shares,
    pattern_values,
    region_shares,
    token_at,
    tpp_attention,
    tpp_grids,
)
from bridgenet.inspection.attention.purity import semantic_purity
from bridgenet.model import build_model
from bridgenet.model.bridgenet import BridgeNet
from bridgenet.trace import Trace

TASKS = ("semseg", "human_parts", "depth", "normals", "sal", "edge")


def traced(model: BridgeNet, height: int = 96, width: int = 160) -> Trace:
    torch.manual_seed(1)
    with torch.inference_mode():
        return model(torch.rand(1, 3, height, width))


def messages_of_keys(attention: torch.Tensor, value: torch.Tensor, projection: torch.nn.Linear) -> torch.Tensor:
    """(heads, queries, keys, width): what each key adds to the output of `projection`, head by head."""
    width = value.shape[-1] // attention.shape[1]
    return torch.stack(
        [
            attention[0, head][..., None]
            * (
                value[0, :, head * width : (head + 1) * width]
                @ projection.weight[:, head * width : (head + 1) * width].T
            )
            for head in range(attention.shape[1])
        ]
    )


@torch.inference_mode()
@pytest.mark.parametrize("head", [None, 0, 1])
@pytest.mark.parametrize("fusion", ["before", "after"])
def test_value_weighted_rows_of_tpp_are_the_lengths_of_the_messages(
    tiny_model: BridgeNet, head: int | None, fusion: str
) -> None:
    trace = traced(tiny_model)
    pattern, propagation = (getattr(tiny_model.pattern_propagation, name) for name in ("patterns", "propagations"))
    value = pattern["depth"](trace.task_specific["depth"]).value
    attention = trace.pattern.attention["depth"]
    if fusion == "before":
        attention = trace.pattern.logits["depth"].softmax(-1)
    messages = messages_of_keys(attention, value, propagation["depth"].project)
    # All messages of all heads add up to what the projection receives, so none is forgotten.
    if fusion == "after":
        everything = messages.sum(dim=(0, 2)) + propagation["depth"].project.bias
        merged = (attention @ value.unflatten(-1, (2, -1)).transpose(1, 2)).transpose(1, 2).flatten(2)
        torch.testing.assert_close(everything, propagation["depth"].project(merged)[0], rtol=1e-4, atol=1e-5)
    lengths = (messages.sum(0) if head is None else messages[head]).norm(dim=-1)
    values = pattern_values(tiny_model, trace, "depth")
    view = tpp_attention(trace, "depth", 0.6, 0.2, head=head, fusion=fusion, weighting="value", values=values)
    row = lengths[view.query[0] * view.query_grid[1] + view.query[1]]
    np.testing.assert_allclose(view.weights.ravel(), (row / row.sum()).numpy(), rtol=2e-3, atol=1e-5)
    assert view.total == pytest.approx(1, abs=1e-5)


@torch.inference_mode()
@pytest.mark.parametrize("scale", [0, 1, 2])
def test_value_weighted_shares_of_the_bridge_are_the_lengths_of_the_messages(tiny_model: BridgeNet, scale: int) -> None:
    trace = traced(tiny_model)
    stage, extractor = trace.stages[scale], tiny_model.stages[scale].extractor
    value = extractor.project.value(extractor.task_tokens(stage.task_specific))
    lengths = messages_of_keys(stage.attention, value, extractor.merge).sum(0).norm(dim=-1)
    values = bridge_values(tiny_model, trace, scale)
    rows = bridge_rows(stage, 0.3, 0.8, weighting="value", values=values)
    query = rows["depth"].query[0] * rows["depth"].query_grid[1] + rows["depth"].query[1]
    by_task = (lengths[query] / lengths[query].sum()).reshape(len(TASKS), -1).sum(-1)
    shares = bridge_shares(stage, 0.3, 0.8, weighting="value", values=values)
    np.testing.assert_allclose(list(shares.values()), by_task.numpy(), rtol=1e-3)
    assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
    maps = bridge_share_maps(stage, weighting="value", values=values)
    np.testing.assert_allclose(sum(maps.values()), 1, atol=1e-5)
    assert maps["edge"][rows["edge"].query] == pytest.approx(shares["edge"], abs=1e-5)


@torch.inference_mode()
def test_tokens_without_value_get_no_value_weighted_share(tiny_model: BridgeNet) -> None:
    trace = traced(tiny_model)
    stage = trace.stages[1]
    values = bridge_values(tiny_model, trace, 1)
    per_task = values.shape[-1] // len(TASKS)
    values[..., : 5 * per_task] = 0
    assert bridge_shares(stage, 0.5, 0.5)["semseg"] > 0.1
    assert bridge_shares(stage, 0.5, 0.5, weighting="value", values=values)["edge"] == pytest.approx(1, abs=1e-5)
    assert (dominant_task(stage, weighting="value", values=values).index == 5).all()


def test_heads_that_cancel_hand_nothing_over(tiny_model: BridgeNet) -> None:
    trace = traced(tiny_model)
    shape = trace.pattern.attention["sal"].shape
    even = {"sal": torch.full(shape, 1 / shape[-1])}
    values = np.ones((2, 2, shape[-1]), dtype=np.float32)
    # Of the first key both heads hand over opposite values: the message of their mean is nothing.
    values[0, 1, 0] = values[1, 0, 0] = -1
    trace = replace(trace, pattern=replace(trace.pattern, attention=even))
    of_mean = tpp_attention(trace, "sal", 0.1, 0.1, weighting="value", values=values)
    assert of_mean.weights[0, 0] == 0 and of_mean.weights[0, 1] > 0
    of_head = tpp_attention(trace, "sal", 0.1, 0.1, head=0, weighting="value", values=values)
    assert of_head.weights[0, 0] == pytest.approx(1 / shape[-1])


@torch.inference_mode()
def test_fusion_shares_are_those_of_the_fused_logits(tiny_model: BridgeNet) -> None:
    trace = traced(tiny_model)
    shares = fusion_shares(tiny_model, trace)
    queries, _, _ = tpp_grids(trace)
    assert tuple(shares) == TASKS and all(tuple(sources) == TASKS for sources in shares.values())
    for sources in shares.values():
        assert all(share.shape == queries for share in sources.values())
        np.testing.assert_allclose(sum(sources.values()), 1, atol=1e-5)
    # By the module itself: the fused logits without one source miss that source's part.
    propagation = tiny_model.pattern_propagation.propagations["edge"]
    logits = dict(trace.pattern.logits)
    whole = propagation.fuse(torch.cat(list(logits.values()), dim=1))
    said = []
    for source in TASKS:
        without = propagation.fuse(torch.cat(list((logits | {source: 0 * logits[source]}).values()), dim=1))
        part = (whole - without)[0, 1]
        said.append((part - part.mean(-1, keepdim=True)).abs().mean(dim=-1).reshape(queries))
    expected = torch.stack(said) / torch.stack(said).sum(0)
    of_head = np.stack(list(fusion_shares(tiny_model, trace, head=1)["edge"].values()))
    np.testing.assert_allclose(of_head, expected.numpy(), rtol=1e-3, atol=1e-5)


@torch.inference_mode()
def test_a_task_fused_from_one_source_alone_is_seen_as_such(tiny_model: BridgeNet) -> None:
    fuse = tiny_model.pattern_propagation.propagations["normals"].fuse
    fuse.weight.zero_()
    fuse.weight[:, 2 * TASKS.index("depth")] = 0.7
    shares = fusion_shares(tiny_model, traced(tiny_model))["normals"]
    assert (shares["depth"] == 1).all() and all((shares[task] == 0).all() for task in TASKS if task != "depth")
    fuse.weight.zero_()
    even = fusion_shares(tiny_model, traced(tiny_model))["normals"]
    np.testing.assert_allclose(np.stack(list(even.values())), 1 / 6, rtol=1e-6)


def test_the_mean_share_of_a_region_is_that_of_its_pixels() -> None:
    depth = np.array([[0.1, 0.3, 0.8], [0.2, 0.4, 0.6]])
    labels = np.array([[0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 255, 255]])
    large, small = region_shares({"depth": depth, "edge": 1 - depth}, labels.astype(np.uint8), block=1)
    assert (large.index, small.index) == (0, 1)
    # Of class 1: three quarters of the token with 0.8, half of that with 0.6.
    assert small.tokens == pytest.approx(1.25) and small.area == pytest.approx(1.25 / 6)
    assert small.mean["depth"] == pytest.approx((0.75 * 0.8 + 0.5 * 0.6) / 1.25)
    assert large.mean["depth"] == pytest.approx((0.1 + 0.3 + 0.2 + 0.4 + 0.25 * 0.8) / 4.25)
    assert small.mean["depth"] + small.mean["edge"] == pytest.approx(1)


def test_the_interval_of_independent_tokens_is_students() -> None:
    shares = np.array([[0.2, 0.3, 0.25, 0.4], [0.35, 0.1, 0.22, 0.3]])
    (region,) = region_shares({"sal": shares}, np.zeros((20, 40), dtype=np.uint8), block=1)
    half = student.ppf(0.975, 7) * shares.std(ddof=1) / np.sqrt(8)
    assert region.tokens == 8 and region.area == 1
    assert region.interval["sal"] == pytest.approx((shares.mean() - half, shares.mean() + half))


def test_repeating_every_token_does_not_narrow_the_interval() -> None:
    shares = np.random.default_rng(0).uniform(0.1, 0.3, (4, 5))
    labels = np.full((24, 30), 3, dtype=np.uint8)
    (alone,) = region_shares({"sal": shares}, labels, block=1)
    (repeated,) = region_shares({"sal": shares.repeat(2, axis=0).repeat(2, axis=1)}, labels, block=2)
    assert repeated.interval["sal"] == pytest.approx(alone.interval["sal"])


def test_a_region_inside_one_block_has_no_interval() -> None:
    labels = np.zeros((12, 12), dtype=np.uint8)
    labels[:2, :2] = 4
    shares = np.random.default_rng(0).uniform(0.1, 0.3, (6, 6))
    regions = region_shares({"sal": shares}, labels)
    assert [region.index for region in regions] == [0, 4]
    assert regions[0].interval["sal"] is not None and regions[1].interval["sal"] is None


def test_regions_of_labels_smaller_than_the_grid_are_found() -> None:
    shares = np.linspace(0, 1, 42).reshape(6, 7)
    regions = region_shares({"sal": shares}, np.array([[1, 2]], dtype=np.uint8))
    assert sum(region.tokens for region in regions) == pytest.approx(42)
    assert region_shares({"sal": shares}, np.full((4, 4), 255, dtype=np.uint8)) == []


def test_purity_is_the_attention_on_the_class_of_the_place() -> None:
    labels = np.zeros((40, 60), dtype=np.uint8)
    labels[:, 45:] = 7
    placed = np.array([[0.1, 0.2, 0.1, 0.3], [0.0, 0.1, 0.1, 0.1]])
    assert semantic_purity(placed, labels, 0.9, 0.5) == pytest.approx((0.4, 0.25))
    assert semantic_purity(placed, labels, 0.2, 0.5) == pytest.approx((0.6, 0.75))
    assert semantic_purity(7 * placed, labels, 1.0, 1.0).mass == pytest.approx(0.4)
    with pytest.raises(ValueError, match="sums to 0"):
        semantic_purity(0 * placed, labels, 0.2, 0.5)


@torch.inference_mode()
def test_one_task_is_the_source_of_all_it_uses(tiny_config: ModelConfig) -> None:
    model = build_model(replace(tiny_config, tasks={"depth": 1})).eval()
    trace = traced(model, 96, 128)
    assert (fusion_shares(model, trace)["depth"]["depth"] == 1).all()
    values = bridge_values(model, trace, 0)
    assert bridge_shares(trace.stages[0], 0.5, 0.5, weighting="value", values=values)["depth"] == pytest.approx(1)
    view = tpp_attention(trace, "depth", 0.0, 0.0, weighting="value", values=pattern_values(model, trace, "depth"))
    assert view.total == pytest.approx(1, abs=1e-5)


def test_networks_without_tpp_or_bridge_have_no_values(tiny_config: ModelConfig) -> None:
    plain = build_model(replace(tiny_config, tpp=False, bfe=False)).eval()
    trace = traced(plain)
    with pytest.raises(ValueError, match="without Task Pattern Propagation"):
        pattern_values(plain, trace, "depth")
    with pytest.raises(ValueError, match="without Task Pattern Propagation"):
        fusion_shares(plain, trace)
    with pytest.raises(ValueError, match="without Bridge Feature Extractor"):
        bridge_values(plain, trace, 0)


def test_only_the_first_image_of_a_batch_is_taken(tiny_model: BridgeNet) -> None:
    torch.manual_seed(2)
    with torch.inference_mode():
        trace = tiny_model(torch.rand(2, 3, 96, 128))
    assert pattern_values(tiny_model, trace, "edge").shape[:2] == (2, 2)
    view = tpp_attention(
        trace, "edge", 0.4, 0.4, weighting="value", values=pattern_values(tiny_model, trace, "edge"), fusion="before"
    )
    assert view.total == pytest.approx(1, abs=1e-5)
    shares = fusion_shares(tiny_model, trace, 0)["edge"]["sal"]
    assert 0 <= shares[token_at(0.4, 0.4, shares.shape)] <= 1


def test_a_head_that_is_not_there_has_no_fusion(tiny_model: BridgeNet) -> None:
    with pytest.raises(ValueError, match="no head 5"):
        fusion_shares(tiny_model, traced(tiny_model), head=5)
