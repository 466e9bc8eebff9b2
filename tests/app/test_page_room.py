"""The room in 3D (`app.tabs.overview.room`): what crosses to the page, what is said of it, and the file."""

import base64
import io
import json
import math
from dataclasses import replace

import numpy as np
import pytest
import trimesh
from networks import without
from PIL import Image

from app.analysis.results import Results
from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session
from app.tabs.overview import room
from app.tabs.overview.page import PAGE, flat, modes, overview
from app.takeaway.downloads import Downloads
from app.takeaway.report import picture_of, report
from app.takeaway.whole import whole_views
from app.view.encoding import UNKNOWN
from bridgenet.examples import EXAMPLES
from bridgenet.images import LoadedImage
from bridgenet.inspection.mesh import DepthMesh

SELECTION = Selection(task="depth", options={"overview.mode": "3d"})


def maps_of(value: dict) -> dict[str, dict]:
    return {entry["id"]: entry for group in value["groups"] for entry in group["maps"]}


def picture(uri: str) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(uri.split(",", 1)[1]))) as image:
        return np.asarray(image.convert("RGB"))


def painted(paint: str) -> Selection:
    return replace(SELECTION, options={"overview.mode": "3d", "overview.paint": paint})


def with_depth(analysis: Analysis, depth: np.ndarray) -> Analysis:
    """As if the network had said this."""
    prediction = analysis.prediction
    answers = {**prediction.tasks, "depth": replace(prediction.tasks["depth"], array=depth.astype(np.float32))}
    return replace(analysis, prediction=replace(prediction, tasks=answers), results=Results())


def file_of(analysis: Analysis, selection: Selection = SELECTION) -> trimesh.Trimesh:
    content = room.room_file(analysis, selection, {})
    assert content is not None
    (model,) = trimesh.load_scene(io.BytesIO(content), file_type="glb", process=False).geometry.values()
    return model


def test_what_crosses_is_the_mesh_to_a_millimetre_in_few_bytes(analysis: Analysis) -> None:
    sent, mesh = maps_of(overview(analysis, SELECTION))["room"]["mesh"], analysis.result(room.mesh_of)
    codes = picture(sent["src"]).astype(int)
    steps = 256 * codes[..., 0] + codes[..., 1]
    np.testing.assert_array_equal(steps == UNKNOWN, np.isnan(mesh.depth))
    np.testing.assert_allclose(np.where(steps == UNKNOWN, np.nan, steps * sent["scale"]), mesh.depth, atol=0.00051)
    np.testing.assert_array_equal(codes[:-1, :-1, 2] & 1, mesh.kept[0])
    np.testing.assert_array_equal(codes[:-1, :-1, 2] >> 1, mesh.kept[1])
    # Noise hardly shrinks: a photo of the largest grid takes no more.
    noise = np.random.default_rng(0).uniform(1, 9, (160, 160))
    full = room.mesh_view(DepthMesh(noise, mesh.lens, np.ones((2, 159, 159), dtype=bool)), lit=False)
    assert len(json.dumps(full)) < 120_000


def test_colours_are_those_of_the_maps_and_of_whom_the_bridge_asked(analysis: Analysis) -> None:
    flat = maps_of(overview(analysis, Selection()))
    for paint, task in (("class", "semseg"), ("normals", "normals"), ("depth", "depth")):
        shown = maps_of(overview(analysis, painted(paint)))["room"]
        assert (shown["src"], shown.get("legend")) == (flat[task]["src"], flat[task].get("legend"))
        assert shown["mesh"]["lit"]
    photo = maps_of(overview(analysis, painted("photo")))["room"]
    assert "src" not in photo and not photo["mesh"]["lit"]
    asked = maps_of(overview(analysis, painted("asked")))["room"]
    assert sum(entry["share"] for entry in asked["legend"]) == pytest.approx(1, abs=0.01)


def test_the_room_is_as_far_away_as_the_headline_says(analysis: Analysis) -> None:
    value = overview(analysis, SELECTION)
    (away,) = [part["text"] for part in value["say"] if part["text"].endswith(" m away")]
    assert f", {away}" in maps_of(value)["room"]["foot"] and f", {away}," in maps_of(value)["room"]["alt"]
    assert away in "".join(part["text"] for part in overview(analysis, Selection())["say"])


def test_who_moved_it_is_computed_when_it_is_asked_for_and_then_has_a_colour_for_each(
    session: Session, analysis: Analysis
) -> None:
    fresh, told = replace(analysis, results=Results()), []
    chosen = painted("moved")
    assert overview(fresh, chosen)["pending"]
    assert PAGE.compute is not None
    PAGE.compute(session, fresh, chosen, lambda done, total, words: told.append(done / total))
    assert told[-1] == 1
    value = overview(fresh, chosen)
    shown = maps_of(value)["room"]
    assert "pending" not in value and "whose cut moves depth most" in shown["note"]
    names = {entry["name"] for entry in shown["legend"]}
    assert "Depth" not in names and sum(entry["share"] for entry in shown["legend"]) == pytest.approx(1, abs=0.01)
    found = {tuple(bytes.fromhex(entry["colour"][1:])) for entry in shown["legend"]}
    assert {tuple(colour) for colour in picture(shown["src"]).reshape(-1, 3).tolist()} == found
    # Another task is another question.
    assert overview(fresh, replace(chosen, task="normals"))["pending"]


def test_the_view_follows_the_selection_only_where_its_colours_do(analysis: Analysis) -> None:
    def key(selection: Selection, **changes: object) -> str:
        return PAGE.key(analysis, replace(selection, **changes))

    for selection in (Selection(), painted("photo")):
        assert key(selection) == key(selection, task="normals", scale=0, head=1, x=0.1)
    assert key(painted("moved")) != key(painted("moved"), task="normals")
    assert key(painted("asked")) != key(painted("asked"), head=1)


def test_what_is_supposed_of_the_camera_is_said_and_made_rooms_know_theirs(
    session: Session, analysis: Analysis
) -> None:
    assert room.lens_of(analysis).words.startswith("Sizes suppose a camera of 65°, as of made rooms")
    pixels = EXAMPLES["room-1"].load().pixels
    known = room.lens_of(session.analyse(LoadedImage(pixels, ()), title="room", example="room-1"))
    assert known.words.startswith("The camera of this photo is known") and 59 < known.camera.degrees(320) < 72
    foreign = replace(analysis, prediction=replace(analysis.prediction, dataset="folder"))
    assert "a camera of 60°:" in room.lens_of(foreign).words


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
def test_without_any_distance_there_is_no_room(analysis: Analysis, value: float) -> None:
    nothing = with_depth(analysis, np.full(analysis.size, value))
    assert "3d" not in modes(nothing) and room.room_file(nothing, SELECTION, {}) is None
    assert "room" not in maps_of(overview(nothing, SELECTION))


def test_without_depth_there_is_no_such_choice(tmp_path_factory: pytest.TempPathFactory) -> None:
    lacking = without(tmp_path_factory.mktemp("flat"), tasks={"semseg": 14}, tpp=False, bfe=False)
    assert "3d" not in modes(lacking) and room.room_file(lacking, SELECTION, {}) is None


def test_one_task_alone_can_neither_be_asked_nor_moved(tmp_path_factory: pytest.TempPathFactory) -> None:
    alone = without(tmp_path_factory.mktemp("alone"), tasks={"depth": 1})
    assert list(room.paints(alone)) == ["photo", "depth"]


def test_a_wall_and_depth_that_jumps_everywhere_are_shown_as_what_they_are(analysis: Analysis) -> None:
    wall = with_depth(analysis, np.full(analysis.size, 3.0))
    wide = 2 * 3 * math.tan(math.radians(65) / 2) * 119 / 120
    assert f"{wide:.1f} m wide" in maps_of(overview(wall, SELECTION))["room"]["alt"]
    assert np.ptp(file_of(wall).vertices[:, 0]) == pytest.approx(wide, rel=1e-5)
    jumps = np.where(np.indices(analysis.size).sum(axis=0) % 2, 2.0, 4.0)
    shown = maps_of(overview(with_depth(analysis, jumps), SELECTION))["room"]
    assert shown["mesh"]["empty"] and "nothing" in shown["alt"]


def test_the_file_of_the_card_is_as_large_as_the_depth_says_and_has_the_chosen_colours(
    session: Session, analysis: Analysis
) -> None:
    asked = {"what": "room", "key": analysis.key, "options": {"overview.mode": "3d", "overview.paint": "class"}}
    taken = Downloads(session).take(asked)
    assert taken["name"] == "bridgenet-noise.glb" and taken["type"] == "model/gltf-binary"
    model, mesh = file_of(analysis, painted("class")), analysis.result(room.mesh_of)
    used = mesh.depth.ravel()[np.unique(mesh.triangles)]
    assert np.ptp(model.vertices[:, 2]) == pytest.approx(np.ptp(used), rel=0.01)
    colours = model.visual.vertex_attributes["color"]
    assert len(np.unique(colours, axis=0)) <= 14 < len(np.unique(file_of(analysis).visual.vertex_attributes["color"]))


def test_on_paper_where_nothing_turns_all_maps_stand_side_by_side(session: Session, analysis: Analysis) -> None:
    assert set(maps_of(overview(analysis, flat(SELECTION)))) == {"image", *analysis.tasks}
    assert flat(Selection()) == Selection()
    shown = whole_views(session, analysis, SELECTION, ["overview"], lambda done, total, words: None)
    assert "The room in 3D" not in report(analysis, SELECTION, {}, shown)
    assert "The room in 3D" in picture_of("overview", analysis, SELECTION)
