import dataclasses

import pytest
import torch
from toys import again, depth_reads_semseg, hooks_of, lively, pictures, same, traced

from bridgenet.inspection import capture, cut_trace, random_drop, replace, without_reading, without_task, zeros
from bridgenet.model import BridgeNet
from bridgenet.model.network import REMOVALS
from bridgenet.trace import Stage, Trace


def attention(trace: Trace, stage: int = 0) -> torch.Tensor:
    found = trace.stages[stage].attention
    assert found is not None
    return found


def test_a_replaced_output_is_what_the_network_goes_on_with(tiny_model: BridgeNet) -> None:
    trace = traced(tiny_model)
    with replace(tiny_model, "stages.0.extractor", zeros):
        cut = again(tiny_model, trace)
    assert not cut["stages.0.bridge"].any() and not cut["stages.0.attention"].any()
    assert not torch.equal(cut["stages.1.bridge"], trace["stages.1.bridge"])
    assert same(again(tiny_model, trace), trace)


def test_zeros_keep_the_structure(tiny_model: BridgeNet) -> None:
    trace = traced(tiny_model)
    stage = zeros(trace.stages[0])
    assert isinstance(stage, Stage) and not stage.refined["depth"].any()
    assert zeros({"one": (torch.ones(2), [torch.ones(1)], None)})["one"][2] is None
    assert trace.stages[0].refined["depth"].any()


def test_a_replacement_must_be_returned(tiny_model: BridgeNet) -> None:
    trace = traced(tiny_model)
    with (
        pytest.raises(TypeError, match=r"stages\.0\.extractor.*returned None"),
        replace(tiny_model, "stages.0.extractor", lambda output: None),
    ):
        again(tiny_model, trace)
    assert hooks_of(tiny_model) == 0
    with pytest.raises(KeyError, match="Similar"), replace(tiny_model, "stages.0.extractr", zeros):
        pass


@pytest.mark.parametrize("norm", ["held", "free"])
@pytest.mark.parametrize("removal", REMOVALS)
def test_removing_nothing_changes_nothing_bit_for_bit(removal: str, norm: str) -> None:
    model = lively(refiner_blocks=(1, 1), token_reduction=(2, 4))
    trace = traced(model)
    assert same(cut_trace(model, trace, (), removal, norm=norm), trace)
    with random_drop(model, trace, 0.0, seed=0, norm=norm):
        assert same(again(model, trace), trace)


@pytest.mark.parametrize("removal", REMOVALS)
def test_every_removal_changes_the_others_and_leaves_no_hook(removal: str) -> None:
    model = lively()
    trace = traced(model)
    with torch.inference_mode():
        other = model(pictures(2)[1:])
    cut = cut_trace(model, trace, "semseg", removal, other=other)
    for target in ("depth", "normals"):
        assert not torch.equal(cut.predictions[target], trace.predictions[target])
    assert hooks_of(model) == 0
    assert same(again(model, trace), trace)


def test_masked_tokens_get_no_attention_and_the_rest_is_shared_among_the_others() -> None:
    model = lively(refiner_blocks=(1, 1), token_reduction=(2, 4))
    trace = traced(model)
    cut = cut_trace(model, trace, "depth", places=("bfe",))
    for stage in range(2):
        before, after = (attention(each, stage).unflatten(-1, (3, -1)) for each in (trace, cut))
        assert before[..., 1, :].sum() > 0 and not after[..., 1, :].any()
        assert torch.allclose(after.sum(dim=(-2, -1)), torch.ones_like(after[..., 0, 0]), atol=1e-6)
    before, after = (attention(each).unflatten(-1, (3, -1))[..., [0, 2], :] for each in (trace, cut))
    assert torch.allclose(after, before / before.sum(dim=(-2, -1), keepdim=True), atol=1e-6)


def test_tokens_are_replaced_by_zeros_their_mean_or_anothers() -> None:
    model = lively(tpp=False)
    trace = traced(model)
    with torch.inference_mode():
        other = model(pictures(2)[1:])
    tokens = {}
    project = model.stages[0].extractor.project.value
    for removal in ("zero", "mean", "swap"):
        with torch.inference_mode(), without_task(model, trace, "depth", removal, other=other):
            handle = project.register_forward_pre_hook(
                lambda module, inputs, removal=removal: tokens.update({removal: inputs[0]})
            )
            again(model, trace)
            handle.remove()
    with torch.inference_mode():
        own = model.stages[0].extractor.task_tokens(trace.stages[0].task_specific).unflatten(1, (3, -1))
        others = model.stages[0].extractor.task_tokens(other.stages[0].task_specific).unflatten(1, (3, -1))
    seen = {removal: each.unflatten(1, (3, -1)) for removal, each in tokens.items()}
    assert all(torch.equal(each[:, [0, 2]], own[:, [0, 2]]) for each in seen.values())
    assert not seen["zero"][:, 1].any()
    assert torch.allclose(seen["mean"][:, 1], own[:, 1].mean(dim=1, keepdim=True).expand_as(own[:, 1]))
    assert torch.equal(seen["swap"][:, 1], others[:, 1])


@pytest.mark.parametrize("removal", ["mask", "zero", "mean"])
def test_in_tpp_a_removed_map_drops_out_of_every_sum_but_its_own(removal: str) -> None:
    model = lively(bfe=False)
    trace = traced(model)
    cut = cut_trace(model, trace, "semseg", removal)
    assert torch.equal(cut["pattern.fused_logits.semseg"], trace["pattern.fused_logits.semseg"])
    for target in ("depth", "normals"):
        fuse = model.pattern_propagation.propagations[target].fuse
        maps = torch.cat(
            [torch.zeros_like(trace["pattern.logits.semseg"]), *list(trace.pattern.logits.values())[1:]], 1
        )
        with torch.inference_mode():
            expected = fuse(maps).softmax(dim=-1)
        assert torch.allclose(cut[f"pattern.attention.{target}"], expected, atol=1e-5)
        assert not torch.allclose(trace[f"pattern.attention.{target}"], expected, atol=1e-5)


def test_in_tpp_swap_takes_the_map_of_the_other_image() -> None:
    model = lively(bfe=False)
    trace = traced(model)
    with torch.inference_mode():
        other = model(pictures(2)[1:])
        cut = cut_trace(model, trace, "semseg", "swap", other=other)
        maps = torch.cat([other["pattern.logits.semseg"], *list(trace.pattern.logits.values())[1:]], dim=1)
        fused = model.pattern_propagation.propagations["depth"].fuse(maps)
    assert torch.allclose(cut["pattern.fused_logits.depth"], fused, atol=1e-6)


def test_one_place_can_be_cut_without_the_other() -> None:
    model = lively()
    trace = traced(model)
    bridge_only = cut_trace(model, trace, "depth", places=("bfe",))
    assert torch.equal(bridge_only["mixed.semseg"], trace["mixed.semseg"])
    patterns_only = cut_trace(model, trace, "depth", places=("tpp",))
    assert not torch.equal(patterns_only["mixed.semseg"], trace["mixed.semseg"])
    assert torch.equal(patterns_only["mixed.depth"], trace["mixed.depth"])
    assert (attention(patterns_only).unflatten(-1, (3, -1))[..., 1, :].sum() > 0).item()


def test_held_norms_scale_with_the_statistics_of_the_uncut_pass() -> None:
    model = lively()
    trace = traced(model)
    norm = model.fusion.sides[0].norm
    name = "fusion.sides.0.norm"
    with torch.inference_mode(), without_task(model, trace, "depth"), capture(model, name) as seen:
        cut = again(model, trace)
    before = torch.cat(list(trace.stages[0].refined.values()), dim=1)
    after = torch.cat(list(cut.stages[0].refined.values()), dim=1)
    deviation = (before.var(dim=1, correction=0, keepdim=True) + norm.eps).sqrt()
    expected = (after - before.mean(dim=1, keepdim=True)) / deviation
    expected = expected * norm.weight[:, None, None] + norm.bias[:, None, None]
    assert torch.allclose(seen[name], expected, atol=1e-4)


def test_a_cut_reaches_a_task_that_reads_nobody_only_through_a_free_norm() -> None:
    model = depth_reads_semseg()
    trace = traced(model)
    held, free = (cut_trace(model, trace, "semseg", norm=norm) for norm in ("held", "free"))
    assert torch.equal(held.predictions["normals"], trace.predictions["normals"])
    assert not torch.equal(free.predictions["normals"], trace.predictions["normals"])
    assert not torch.equal(held.predictions["depth"], trace.predictions["depth"])


def test_what_a_random_drop_drops_depends_on_the_seed_alone() -> None:
    model = lively()
    trace = traced(model)

    def dropped(seed: int) -> Trace:
        with random_drop(model, trace, 1 / 3, seed):
            return again(model, trace)

    torch.manual_seed(5)
    first = dropped(0)
    torch.manual_seed(6)
    assert same(dropped(0), first)
    assert not same(dropped(1), first)


def test_a_random_drop_masks_its_share_of_the_keys_and_leaves_one_at_least() -> None:
    model = lively()
    trace = traced(model)
    keys = attention(trace).shape[-1]
    for share, masked in ((1 / 3, round(keys / 3)), (0.999, keys - 1)):
        with random_drop(model, trace, share, seed=0, places=("bfe",)):
            cut = attention(again(model, trace))
        assert (cut == 0).all(dim=-2).sum(dim=-1).tolist() == [[masked] * 2]
        assert torch.allclose(cut.sum(dim=-1), torch.ones_like(cut[..., 0]), atol=1e-6)
    with pytest.raises(ValueError, match="got 1"), random_drop(model, trace, 1.0, seed=0):
        pass


@torch.inference_mode()
def test_where_tasks_read_each_other_after_the_bridge_they_read_it_too() -> None:
    model = lively(refinement="add-invpt", tpp=False)
    trace, places = traced(model), ("attention",)
    assert [meeting.name for meeting in model.meetings] == ["bfe", "attention"]
    for stage in trace.stages:
        assert (stage.query_grid, stage.key_grid) == model.stages[0].extractor.grids(stage.query, stage.task_specific)[
            :2
        ]
        assert stage.read_by("depth")["semseg"].shape == stage.by_task()["semseg"].shape
    # Tokens of another image stand for its features with its own bridge: those of the same image change nothing.
    same_image = cut_trace(model, trace, "depth", "swap", places=places, other=trace)
    assert all(torch.allclose(same_image.logits[task], trace.logits[task], atol=1e-4) for task in model.tasks)
    other = model(torch.rand(1, 3, 64, 96))
    for removal in ("mask", "zero", "swap"):
        cut = cut_trace(model, trace, "depth", removal, places=places, other=other)
        assert torch.equal(cut.stages[0].bridge, trace.stages[0].bridge)
        assert torch.equal(cut.stages[0].refined["depth"], trace.stages[0].refined["depth"])
        assert not torch.equal(cut.stages[0].refined["semseg"], trace.stages[0].refined["semseg"])
    # Cut from both, nothing of the task reaches another.
    told = dataclasses.replace(trace, mixed=trace.mixed | {"depth": other.mixed["depth"]})
    with without_task(model, trace, "depth", "zero"):
        before, after = (model.refine(one, (64, 96)).logits for one in (trace, told))
    assert [task for task in model.tasks if not torch.equal(before[task], after[task])] == ["depth"]


@pytest.mark.parametrize("refinement", ["add", "concat", "add-invpt"])
def test_other_refinements_are_cut_alike(refinement: str) -> None:
    model = lively(refinement=refinement, tpp=False)
    trace = traced(model)
    assert same(cut_trace(model, trace, ()), trace)
    assert not torch.equal(cut_trace(model, trace, "depth").predictions["semseg"], trace.predictions["semseg"])


def test_a_network_without_meeting_places_has_nothing_to_cut() -> None:
    assert [meeting.name for meeting in lively().meetings] == ["tpp", "bfe"]
    alone = lively(tpp=False, bfe=False)
    assert alone.meetings == ()
    with pytest.raises(ValueError, match="its tasks meet nowhere"):
        cut_trace(alone, traced(alone), "depth")
    no_patterns = lively(tpp=False)
    with pytest.raises(ValueError, match="its tasks meet in: bfe"):
        cut_trace(no_patterns, traced(no_patterns), "depth", places=("tpp",))


def test_a_wrong_request_says_what_is_possible() -> None:
    model = lively()
    trace = traced(model)
    for message, arguments in {
        "no removal 'delete'. Possible: mask, zero, mean, swap": {"removal": "delete"},
        "no place 'tfr'. Possible: tpp, bfe": {"places": ("tfr",)},
        "no norm 'fixed'. Possible: held, free": {"norm": "fixed"},
        "give its trace as `other`": {"removal": "swap"},
    }.items():
        with pytest.raises(ValueError, match=message):
            cut_trace(model, trace, "depth", **arguments)
    with pytest.raises(ValueError, match=r"no task 'edge' to remove.* has: semseg, depth, normals"):
        cut_trace(model, trace, "edge")
    with pytest.raises(ValueError, match="leaves the bridge nothing to read"):
        cut_trace(model, trace, ("semseg", "depth", "normals"))
    with torch.inference_mode():
        larger = model(pictures(1, (96, 96)))
    for places in (("tpp",), ("bfe",)):
        with pytest.raises(ValueError, match="another grid"):
            cut_trace(model, trace, "depth", "swap", other=larger, places=places)
    assert hooks_of(model) == 0


def test_a_single_task_cannot_be_masked() -> None:
    model = lively(tasks={"depth": 1})
    with pytest.raises(ValueError, match=r"nothing to read\. Use removal 'zero'"):
        cut_trace(model, traced(model), "depth")


def test_modes_hooks_and_gradients_are_as_before_also_after_a_failure() -> None:
    model = lively()
    trace = traced(model)
    model.train()
    model.stages[0].eval()
    modes = [module.training for module in model.modules()]
    cut_trace(model, trace, "depth")
    with replace(model, "heads.depth", lambda output: 1 / 0), pytest.raises(ZeroDivisionError):
        cut_trace(model, trace, "depth")
    assert [module.training for module in model.modules()] == modes
    assert hooks_of(model) == 0
    assert torch.is_grad_enabled() and all(parameter.requires_grad for parameter in model.parameters())


def test_a_bridge_without_reading_is_that_of_the_network_whose_bridge_reads_nothing() -> None:
    changes: dict[str, object] = {"refiner_blocks": (1, 1), "token_reduction": (2, 4)}
    model, silent = lively(**changes), lively(**changes, bridge_reads="nothing")
    weights = model.state_dict()
    silent.load_state_dict({name: weights[name] for name in silent.state_dict()})
    trace = traced(model)
    with without_reading(model, trace, norm="free"):
        unread = again(model, trace)
    expected = traced(silent)
    for task, said in expected.predictions.items():
        assert torch.equal(unread.predictions[task], said), task
    for stage, other in zip(unread.stages, expected.stages, strict=True):
        assert stage.bridge is not None and other.bridge is not None
        assert torch.equal(stage.bridge, other.bridge)
    assert not torch.equal(unread.predictions["depth"], trace.predictions["depth"])
    assert hooks_of(model) == 0 and same(again(model, trace), trace)


def test_what_has_no_reading_cannot_be_kept_from_it() -> None:
    silent = lively(bridge_reads="nothing", tpp=False, joint_norm=False)
    assert silent.meetings == () and not silent.norms_jointly and lively().norms_jointly
    with pytest.raises(ValueError, match="reads no task"), without_reading(silent, traced(silent)):
        pass
    with pytest.raises(ValueError, match="meet nowhere"), without_task(silent, traced(silent), "depth"):
        pass
