"""Checkpoints of other systems than BridgeNet open in the studio."""

import base64
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from networks import SMALL, photo, save_untrained
from PIL import Image
from torch.nn.modules.module import register_module_forward_hook

from app.analysis.selection import Selection
from app.analysis.session import Session
from app.tabs.overview import room
from app.tabs.views import PAGES, all_views
from app.view.wire import to_json
from bridgenet.config import SYSTEMS
from bridgenet.config.systems import System

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "system", ["mtl", "stl", "cross-stitch", "nddr", "mtan", "pad-net", "mti-net", "atrc", "invpt"]
)
def test_every_view_that_exists_is_drawn(tmp_path: Path, system: System) -> None:
    tasks = {"semseg": 14, "depth": 1, "edge": 1}
    folder = save_untrained(tmp_path / "other", tasks=tasks, system=system, systems=SMALL)
    session = Session(folder)
    analysis = session.analyse(photo(), title="noise")
    if PAGES["interaction"].exists(analysis):
        compute = PAGES["interaction"].compute
        assert compute is not None
        compute(session, analysis, Selection(), lambda *told: None)
    in_space = Selection(task="depth", options={"overview.mode": "3d", "overview.paint": "moved"})
    room.compute(analysis, in_space, lambda *told: None)
    assert bool(analysis.results.all(room.movers_of)) == bool(analysis.predictor.model.meetings)
    views = all_views(analysis, Selection(task="depth"))
    there = {name for name, view in views.items() if "absent" not in view}
    assert {"overview", "features", "compare"} <= there and not {"tpp", "bridge", "refinement"} & there
    assert ("interaction" in there) == ("pairs" in there) == bool(analysis.predictor.model.meetings)
    for name in there:
        for group in views[name].get("groups", ()):
            assert group.keys() & {"maps", "chart", "text"} and group.get("maps") != [], (name, group.get("id"))
    assert to_json(views)


@pytest.mark.parametrize("system", SYSTEMS)
def test_of_a_copy_with_hooks_of_its_own_no_part_is_the_network_s(tmp_path: Path, system: System) -> None:
    folder = save_untrained(tmp_path / system, tasks={"depth": 1, "normals": 3}, system=system, systems=SMALL)
    analysis = Session(folder).analyse(photo(), title="noise")
    copied, ran = analysis.own_model(), []
    watch = register_module_forward_hook(lambda module, inputs, output: ran.append(id(module)))
    with torch.inference_mode():
        copied(analysis.images())
    watch.remove()
    theirs, its_own = ({id(module) for module in model.modules()} for model in (analysis.predictor.model, copied))
    assert {*ran} & its_own and not {*ran} & theirs and not theirs & its_own
    hooks = [{id(one._forward_hooks) for one in model.modules()} for model in (analysis.predictor.model, copied)]
    assert not hooks[0] & hooks[1]


def test_masks_are_shown_as_far_as_they_are_open(tmp_path: Path) -> None:
    folder = save_untrained(tmp_path / "mtan", system="mtan", tasks={"depth": 1, "normals": 3}, systems=SMALL)
    analysis = Session(folder).analyse(photo(), title="noise")
    selection = Selection(task="normals", options={"features.view": "strength"})
    (row,) = [
        group for group in PAGES["features"].view(analysis, selection)["groups"] if group["id"] == "features-mask"
    ]
    masks = {name: stage.mask["normals"][0].mean(dim=0) for name, stage in analysis.trace.encoder.items()}
    assert [entry["id"] for entry in row["maps"]] == [f"mask-{name}" for name in reversed(masks)]
    for entry, mask in zip(row["maps"], reversed(masks.values()), strict=True):
        assert entry["ramp"]["high"] == "1" and entry["note"] == f"{mask.shape[1]} × {mask.shape[0]}"
        picture = Image.open(BytesIO(base64.b64decode(entry["values"]["src"].partition(",")[2]))).convert("RGB")
        high, low, _ = np.moveaxis(np.asarray(picture).astype(int), -1, 0)
        said = (256 * high + low) * entry["values"]["scale"]
        assert np.abs(said - mask.numpy()).max() < 1e-4 and 0 < said.min() < said.max() < 1


def test_what_is_said_of_a_bridge_is_said_only_where_there_is_one(tmp_path: Path) -> None:
    folder = save_untrained(tmp_path / "invpt", system="invpt", tasks={"depth": 1, "normals": 3})
    session = Session(folder)
    analysis, selection = session.analyse(photo(), title="noise"), Selection(task="depth")
    compute = PAGES["interaction"].compute
    assert compute is not None
    compute(session, analysis, selection, lambda *told: None)
    features, interaction = (PAGES[name].view(analysis, selection) for name in ("features", "interaction"))
    texts = {group["id"]: group["text"] for group in features["groups"]}
    assert "depth, as it leaves the stage" in texts["features-refined"]
    assert "turned toward the refined features" in texts["features-generic"]
    effects, attention = (
        next(group for group in interaction["groups"] if group["id"] == name) for name in ("effects", "attention")
    )
    assert effects["text"].endswith("hatched: itself")
    words = effects["chart"].rows[0].cells[0].words
    assert words.startswith("Cut from the others, depth itself moves by")
    stops = [level for level, _ in attention["chart"].shades.stops]
    assert len(stops) == 3 or stops[-1] > 0.8


def hints(folder: Path) -> dict[str, str]:
    analysis = Session(folder).analyse(photo(), title="noise")
    selection = Selection(task="depth", options={"features.view": "groups"})
    return {name: view.get("hint", "") for name, view in all_views(analysis, selection).items()}


@pytest.mark.parametrize("system", ["mtl", "pad-net", "bridgenet"])
def test_a_hint_speaks_only_of_what_the_network_has(tmp_path: Path, system: System) -> None:
    plain = save_untrained(tmp_path / system, system=system, tasks={"depth": 1, "normals": 3}, systems=SMALL)
    said, bridge = hints(plain), system == "bridgenet"
    assert ("kind and scale choose" in said["features"]) == ("of the bridge" in said["features"]) == bridge
    assert ("the kind chooses what" in said["features"]) == (not bridge)
    assert ("part of the network" in said["compare"]) == (system != "mtl")
    assert ("mirrored or with noise." in said["compare"]) == (system == "mtl")
    assert "legend" not in said["overview"]
    assert not any("{" in words or "}" in words for words in said.values())
