"""Every peer against the numbers that its own implementation gave."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from bridgenet.convert import peer_from_reference
from bridgenet.trace import EncoderStage, Trace

LIMIT = 2e-5
"""Relative: largest difference over the largest recorded value. Mistakes of any kind move outputs by far more."""

CASES = {
    "deeplab": "mtl",
    "cross_stitch": "cross-stitch",
    "nddr": "nddr",
    "mtan": "mtan",
    "padnet": "pad-net",
    "mti_net": "mti-net",
    "atrc": "atrc",
    "invpt": "invpt",
}
"""Recorded cases, and the system of each."""


def recorded(root: Path, case: str) -> tuple[dict, dict[str, torch.Tensor]]:
    folder = root / "peers"
    return json.loads((folder / f"peer_{case}.json").read_text()), load_file(folder / f"peer_{case}.safetensors")


def every(name: str) -> int:
    """Of how many rows and columns of the image a recording has one."""
    return int(name.split("/")[1].partition("every")[2] or 1)


def computed(trace: Trace, name: str) -> torch.Tensor:
    """What the network of this project says under a recorded name."""
    kind, *rest = name.removeprefix("output/").split("/")
    match kind.partition("_every")[0]:
        case "logits":
            return trace.logits[rest[0]]
        case "initial" if rest[0].startswith("scale"):
            return trace.stages[-1 - int(rest[0][-1])].preliminary[rest[1]]
        case "initial" | "preliminary" | "aux_logits":
            return trace.preliminary[rest[-1]]
        case "image":
            return trace.predictions[rest[0]][..., :: every(name), :: every(name)]
    raise ValueError(name)


KEPT: tuple[tuple[str, Callable[..., torch.Tensor]], ...] = (
    (r"task/(\w+)", lambda trace, task: trace.task_specific[task]),
    (r"context/(\w+)/(?!projected)(\w+)", lambda trace, target, source: trace.exchange[source][target]),
    (r"out/(\w+)", lambda trace, task: trace.fused[task]),
    (r"initial/(\w+)/features", lambda trace, task: trace.task_specific[task]),
    (r"scale(\d)/(\w+)/features", lambda trace, scale, task: trace.stages[-1 - int(scale)].task_specific[task]),
    (r"distill/(\d)/(\w+)", lambda trace, scale, task: trace.stages[-1 - int(scale)].refined[task]),
    (r"prelim/(\w+)/x", lambda trace, task: trace.task_specific[task]),
    (r"mix/(\w+)", lambda trace, task: trace.mixed[task]),
    (r"attn/(\d)/scores", lambda trace, stage: joined(trace.stages[int(stage)].cross_logits)),
    (r"attn/(\d)/attention", lambda trace, stage: joined(trace.stages[int(stage)].cross_attention)),
    (r"stage/(\d)/(\w+)", lambda trace, stage, task: trace.stages[int(stage)].refined[task]),
    (r"side/sum_every2/(\w+)", lambda trace, task: trace.fused[task][..., ::2, ::2]),
    (r"layer(\d)/last", lambda trace, stage: trace.task_generic[int(stage) - 1]),
    (r"(conv|layer\d)\w*/(\w+)/before", lambda trace, stage, task: part(trace, stage).task_specific[task]),
    (r"(conv|layer\d)\w*/(\w+)/after", lambda trace, stage, task: part(trace, stage).joined[task]),
    (r"(conv|layer\d)\w*/(\w+)/mask", lambda trace, stage, task: part(trace, stage).mask[task]),
    (r"(conv|layer\d)\w*/(\w+)/attended", lambda trace, stage, task: part(trace, stage).task_specific[task]),
)
"""Intermediate tensors that a trace has, by the pattern of their recorded names."""


def joined(attention: dict[str, torch.Tensor]) -> torch.Tensor:
    """The queries of all tasks, one task's after the other's."""
    return torch.cat(list(attention.values()), dim=2)


def part(trace: Trace, stage: str) -> EncoderStage:
    """A stage of the encoder by its recorded name."""
    return trace.encoder["stem" if stage == "conv" else stage.replace("layer", "stage")]


def kept(trace: Trace, name: str) -> torch.Tensor | None:
    """What the trace holds of a recorded intermediate tensor; None where it has no place for it."""
    found = ((re.fullmatch(f"trace/{pattern}", name), look) for pattern, look in KEPT)
    return next((look(trace, *match.groups()) for match, look in found if match), None)


@pytest.mark.parametrize("case", CASES)
def test_a_peer_with_its_own_parameters_says_what_its_own_code_said(case: str, reference_root: Path) -> None:
    told, tensors = recorded(reference_root, case)
    weights = {name.removeprefix("param/"): value for name, value in tensors.items() if name.startswith("param/")}
    network = peer_from_reference(CASES[case], told["config"], weights)
    features = tuple(tensors[name] for name in sorted(tensors) if name.startswith("input/feature"))
    final = next(name for name in tensors if name.startswith("output/image"))
    height, width = (every(final) * side for side in tensors[final].shape[-2:])
    with torch.inference_mode():
        trace = network.decode(features, (height, width)) if features else network(tensors["input/image"])
    said = {name: computed(trace, name) for name in tensors if name.startswith("output/")}
    assert len(said) >= 6
    said |= {name: seen for name in tensors if name.startswith("trace/") and (seen := kept(trace, name)) is not None}
    for name, seen in said.items():
        assert seen.shape == tensors[name].shape, name
        assert (seen - tensors[name]).abs().max() / tensors[name].abs().max() <= LIMIT, name


@pytest.mark.parametrize("case", CASES)
def test_in_float64_no_more_than_the_rounding_of_the_recording_is_left(case: str, reference_root: Path) -> None:
    told, tensors = recorded(reference_root, case)
    weights = {name.removeprefix("param/"): value for name, value in tensors.items() if name.startswith("param/")}
    network = peer_from_reference(CASES[case], told["config"], weights).double()
    inputs = tuple(tensors[name].double() for name in sorted(tensors) if name.startswith("input/"))
    final = next(name for name in tensors if name.startswith("output/image"))
    height, width = (every(final) * side for side in tensors[final].shape[-2:])
    with torch.inference_mode():
        trace = network(*inputs) if "input/image" in tensors else network.decode(inputs, (height, width))
    for name, answer in trace.predictions.items():
        assert answer.dtype == torch.float64, name
    for name in (name for name in tensors if name.startswith("output/")):
        assert (computed(trace, name) - tensors[name]).abs().max() / tensors[name].abs().max() <= LIMIT / 2, name


@pytest.mark.parametrize("case", ["padnet", "mti_net"])
def test_gates_of_every_scale_are_the_recorded_ones(case: str, reference_root: Path) -> None:
    told, tensors = recorded(reference_root, case)
    weights = {name.removeprefix("param/"): value for name, value in tensors.items() if name.startswith("param/")}
    network = peer_from_reference(CASES[case], told["config"], weights)
    features = tuple(tensors[name] for name in sorted(tensors) if name.startswith("input/feature"))
    with torch.inference_mode():
        trace = network.decode(features, (64, 64))
        gates = [network.meetings[-1].gates(trace, stage) for stage in range(len(trace.stages) or 1)]
    found = {name: re.fullmatch(r"trace/distill/(?:(\d)/)?(\w+)/(\w+)/gate", name) for name in tensors}
    matches = {name: match.groups() for name, match in found.items() if match}
    assert len(matches) >= 6
    for name, (scale, target, source) in matches.items():
        seen = gates[-1 - int(scale or 0)][source][target]
        assert (seen - tensors[name]).abs().max() / tensors[name].abs().max() <= LIMIT, name


def test_first_answers_have_the_order_of_their_own_list(reference_root: Path) -> None:
    told, tensors = recorded(reference_root, "mti_net")
    weights = {name.removeprefix("param/"): value for name, value in tensors.items() if name.startswith("param/")}
    turned = told["config"] | {"auxiliary_tasks": told["config"]["auxiliary_tasks"][::-1]}
    assert list(peer_from_reference("mti-net", turned, weights).scales[0].features) == ["normals", "depth", "semseg"]
    del turned["auxiliary_tasks"]
    assert list(peer_from_reference("mti-net", turned, weights).scales[0].features) == ["semseg", "depth", "normals"]


def test_saliency_may_have_one_logit_or_two(reference_root: Path) -> None:
    told, tensors = recorded(reference_root, "deeplab")
    weights = {name.removeprefix("param/"): value for name, value in tensors.items() if name.startswith("param/")}
    salient = {name.replace(".depth.", ".sal."): value for name, value in weights.items() if ".depth." in name}
    config = told["config"] | {"tasks": [{"name": "sal", "channels": 1}]}
    with torch.inference_mode():
        trace = peer_from_reference("mtl", config, salient).decode((tensors["input/feature"],), (208, 320))
    expected = tensors["output/logits/depth"]
    assert (trace.logits["sal"] - expected).abs().max() / expected.abs().max() <= LIMIT


def test_one_map_alone_enters_pad_net_as_it_is(reference_root: Path) -> None:
    told, tensors = recorded(reference_root, "padnet")
    weights = {name.removeprefix("param/"): value for name, value in tensors.items() if name.startswith("param/")}
    after_joining = {name: value for name, value in weights.items() if not name.startswith("backbone.")}
    joined = tensors["trace/backbone"]
    network = peer_from_reference("pad-net", told["config"] | {"channels": joined.shape[1]}, after_joining)
    with torch.inference_mode():
        trace = network.decode((joined,), tensors["output/image/depth"].shape[-2:])
    for name in (name for name in tensors if name.startswith("output/")):
        assert (computed(trace, name) - tensors[name]).abs().max() / tensors[name].abs().max() <= LIMIT, name


def test_parts_that_no_context_of_atrc_needs_are_dropped_by_their_names(reference_root: Path) -> None:
    told, tensors = recorded(reference_root, "atrc")
    weights = {name.removeprefix("param/"): value for name, value in tensors.items() if name.startswith("param/")}
    features = tuple(tensors[name] for name in sorted(tensors) if name.startswith("input/feature"))
    tasks = list(told["config"]["genotype"])
    for task in tasks:  # Without contexts, what joins them gets the task's own feature alone.
        joining = f"atrc_module.bottleneck.{task}.0.conv.weight"
        weights[joining] = weights[joining][:, : len(weights[joining])]
    nothing = {task: dict.fromkeys(tasks, 0) for task in tasks}
    network = peer_from_reference("atrc", told["config"] | {"genotype": nothing}, weights)
    with torch.inference_mode():
        trace = network.decode(features, (64, 96))
    assert network.meetings == () and not trace.preliminary
    for task in tasks:
        expected = tensors[f"trace/task/{task}"]
        assert (trace.task_specific[task] - expected).abs().max() / expected.abs().max() <= LIMIT
    with pytest.raises(ValueError, match="no tensor 'aux_convs"):
        peer_from_reference("atrc", told["config"], weights | {"aux_convs.depth.conv.weight": torch.zeros(1)})


def test_a_parameter_that_is_missing_or_unknown_is_refused_by_its_name(reference_root: Path) -> None:
    told, tensors = recorded(reference_root, "padnet")
    weights = {name.removeprefix("param/"): value for name, value in tensors.items() if name.startswith("param/")}
    with pytest.raises(ValueError, match=r"no tensor 'heads\.depth\.9\.weight'"):
        peer_from_reference("pad-net", told["config"], weights | {"heads.depth.9.weight": torch.zeros(1)})
    del weights["heads.depth.2.bias"]
    with pytest.raises(ValueError, match=r"heads\.depth\.bias"):
        peer_from_reference("pad-net", told["config"], weights)
    with pytest.raises(ValueError, match="no peer 'nobody'"):
        peer_from_reference("nobody", told["config"], weights)


@pytest.mark.parametrize(
    ("case", "wrong", "message"),
    [
        ("padnet", {"width": None}, "config says no width.*It says: tasks"),
        ("nddr", {"block": "Bottleneck"}, 'block must be basic or bottleneck, not "Bottleneck".*meant bottleneck'),
        ("nddr", {"nddr_stages": ["layer5"]}, "nddr_stages must be conv, .* or layer4"),
        ("atrc", {"genotype": {"depth": {"semseg": 5}}}, 'genotype.depth.semseg must be 0, 1, 2, 3 or 4, not "5"'),
        ("deeplab", {"tasks": [{"name": "dept", "channels": 1}]}, 'tasks may not name "dept".*Perhaps you meant depth'),
        ("deeplab", {"aspp": 5}, r"features.semseg.point.conv.weight has the shape 6x12x1x1, not 5x12x1x1"),
    ],
)
def test_a_description_that_does_not_fit_is_refused_in_a_sentence(
    case: str, wrong: dict[str, object], message: str, reference_root: Path
) -> None:
    told, tensors = recorded(reference_root, case)
    weights = {name.removeprefix("param/"): value for name, value in tensors.items() if name.startswith("param/")}
    config = {name: value for name, value in (told["config"] | wrong).items() if value is not None}
    with pytest.raises(ValueError, match=message):
        peer_from_reference(CASES[case], config, weights)
