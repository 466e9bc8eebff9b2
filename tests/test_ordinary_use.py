"""Wrong inputs as users give them: in a process of its own, where nobody checks shapes and names as the tests do."""

import json

import pytest
from warm import Python

PROGRAM = """
import json, sys
from dataclasses import replace
import numpy as np
import torch
from bridgenet import inspection, kinds
from bridgenet.config import BackboneConfig, DataConfig, ModelConfig
from bridgenet.data import open_dataset, reference_images
from bridgenet.inspection.movers import movers
from bridgenet.model import build_model

TASKS = {"semseg": 4, "depth": 1, "normals": 3}
SMALL = ModelConfig(tasks=TASKS, backbone=BackboneConfig("test_efficientnet"), embed_width=24, prediction_width=8,
                    refiner_blocks=(1,), token_reduction=(2,))
torch.manual_seed(0)
model = build_model(SMALL).eval()
images = torch.rand(1, 3, 64, 96)
holed = images.clone()
holed[0, 0, 5, 5] = torch.nan
trace = model(images)
invpt = build_model(replace(SMALL, system="invpt", token_reduction=(2, 2, 2), refiner_blocks=(1, 1, 1))).eval()
depth = inspection.Target("depth")
said = {}
for call in json.loads(sys.argv[1]):
    try:
        said[call] = f"returned {eval(call)!r}"[:60]
    except Exception as error:
        said[call] = f"{type(error).__name__}: {error}"
print(json.dumps(said))
"""

NO_IMAGES = "ValueError: Images are float tensors (batch, 3, height, width), RGB in 0..1, not torch.{}."
NO_NUMBERS = "here in nan..nan: replace what is not finite."

REFUSED = {
    "model(images[0])": NO_IMAGES.format("float32 (3, 64, 96)"),
    "model(images[:, :1])": NO_IMAGES.format("float32 (1, 1, 64, 96)"),
    "model((255 * images).byte())": NO_IMAGES.format("uint8 (1, 3, 64, 96)"),
    "inspection.interaction_matrix(model, holed)": NO_NUMBERS,
    "inspection.interaction_matrix(model, images, 'swap', other=holed)": NO_NUMBERS,
    "inspection.interaction_matrix(model, [np.zeros((3, 64, 96))])": "not ndarray",
    "inspection.attribute_layer(model, holed, depth, 'stages.0.bridge')": NO_NUMBERS,
    "inspection.attribute_pixels(model, 255 * images, depth)": "divide by 255?",
    "inspection.attribute_pixels(model, images[0], depth)": "(1, 3, height, width), got (3, 64, 96)",
    "inspection.deletion_curve(model, holed, depth, np.ones((4, 6)))": NO_NUMBERS,
    "inspection.fit_basis(model, [holed])": NO_NUMBERS,
    "inspection.attribute_layer(invpt, images, depth, 'stages.0.cross_attention.depth')": "relates pairs of places",
    "inspection.attribute_layer(invpt, images, depth, 'stages.1.cross_logits.depth')": "relates pairs of places",
    "inspection.attribute_layer(model, images, depth, 'stages.0.bridge', 'cam')": "no method 'cam'. Possible: gradcam,",
    "inspection.attribute_tasks(model, trace, depth, 'all')": "no method 'all'. Possible: ablation, shapley.",
    "inspection.attribute_tasks(model, trace, depth, baseline='white')": "no baseline 'white'. Possible: mean, zero.",
    "inspection.attribute_pixels(model, images, depth, 'lime')": "no method 'lime'. Possible: integrated_gradients,",
    "inspection.baseline_image(images, 'white')": "no baseline 'white'. Possible: mean, black, blurred.",
    "inspection.bridge_shares(trace.stages[0], 0.5, 0.5, weighting='values')": "no weighting 'values'. Possible: raw,",
    "inspection.tpp_attention(trace, 'depth', 0.5, 0.5, direction='in')": "no direction 'in'. Possible: outgoing,",
    "inspection.tpp_attention(trace, 'depth', 0.5, 0.5, fusion='both')": "no fusion 'both'. Possible: before, after.",
    "inspection.tpp_attention(trace, 'flow', 0.5, 0.5)": "no task 'flow' in this trace. It has: semseg,",
    "inspection.effect_of('depth', trace.logits['depth'], trace.logits['depth'][..., :1, :1])": "cannot be compared",
    "inspection.picture_errors('depth', trace.predictions['depth'], torch.ones(1, 1, 1))": "cannot be compared",
    "kinds.difference('depth', np.ones((4, 6)), np.ones((4, 1)))": "Maps of (4, 6) and of (4, 1) cannot be compared",
    "kinds.error_array('depth', np.ones((4, 6)), np.ones(6))": "Maps of (6,) and of (4, 6) cannot be compared",
    "inspection.linear_cka(np.full((8, 4, 4), np.nan), np.ones((8, 4, 4)))": "holds NaN or infinity",
    "inspection.effective_rank(np.full((8, 4, 4), np.inf))": "holds NaN or infinity",
    "inspection.radial_spectrum(np.ones((8, 4, 4)), 0)": "at least one ring, got 0.",
    "inspection.deletion_curve(model, images, depth, np.full((4, 6), np.nan))": "A map that orders pixels is finite",
    "inspection.reach(np.full((4, 6), np.nan), 0.5, 0.5)": "zero everywhere, or has NaN in it.",
    "inspection.region_shares({'depth': np.ones((4, 6))}, np.ones((4, 6), int), block=0)": "at least one token, got 0.",
    "inspection.pattern_values(model, trace, 'flow')": "no task 'flow' in this trace. It has: semseg,",
    "inspection.bridge_values(model, trace, 1)": "There is no stage 1: the trace has 1, counted from the coarsest.",
    "movers(model, trace, 'flow')": "does not predict flow. It predicts: semseg, depth, normals.",
    "inspection.bridge_shares(trace.stages[0], np.nan, 0.5)": "not (nan, 0.5).",
    "inspection.Target('flow')": "There is no task 'flow'.",
    "open_dataset(DataConfig('made_rooms'), 'test', ('depth',))": 'split must be train or val, not "test".',
    "reference_images(DataConfig('made_rooms'), 2, 'test')": 'split must be train or val, not "test".',
}
"""What is called, and what it is refused with."""

TAKEN = {
    "kinds.error_at('edge', torch.zeros(1, 1, 4, 6).bfloat16(), torch.ones(1, 4, 6).long()).dtype": "torch.float32",
    "kinds.error_at('normals', torch.ones(1, 3, 4, 6).double(), torch.ones(1, 3, 4, 6)).dtype": "torch.float32",
    "model(images.double()).predictions['depth'].dtype": "torch.float32",
    "model(images.half()).predictions['depth'].dtype": "torch.float32",
    "inspection.interaction_matrix(model, images[0], draws=0).images": "1",
    "inspection.interaction_matrix(model, images, places='bfe', draws=0).places": "('bfe',)",
}


@pytest.fixture(scope="module")
def said() -> dict[str, str]:
    """What became of each call."""
    return json.loads(Python("-c", PROGRAM, json.dumps([*REFUSED, *TAKEN])).finish().splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("call", REFUSED)
def test_what_is_wrong_is_refused_in_a_sentence(call: str, said: dict[str, str]) -> None:
    assert REFUSED[call] in said[call] and not said[call].startswith("returned")


@pytest.mark.slow
@pytest.mark.parametrize("call", TAKEN)
def test_what_can_be_understood_is_taken(call: str, said: dict[str, str]) -> None:
    assert said[call] == f"returned {TAKEN[call]}"
