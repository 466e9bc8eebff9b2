from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from bridgenet.checkpoint import load_model
from bridgenet.config import ModelConfig
from bridgenet.drawing import basis_colours
from bridgenet.inspection import BASIS_FILE, BasisError, FeatureBasis, basis_of_trace, fit_basis
from bridgenet.inspection.features.foreground import find_foreground
from bridgenet.model import build_model
from bridgenet.model.bridgenet import BridgeNet
from bridgenet.sources import SOURCES
from bridgenet.trace import Trace

CHECKPOINTS = Path(__file__).parents[3] / "checkpoints"


def images(count: int = 3, size: tuple[int, int] = (96, 128)) -> list[Tensor]:
    """Noise of falling strength from coarse to fine, so that features vary at every scale."""
    generator = torch.Generator().manual_seed(7)
    pictures = []
    for _ in range(count):
        layers = [torch.rand((1, 3, size[0] // step, size[1] // step), generator=generator) for step in (32, 8, 2)]
        resized = [torch.nn.functional.interpolate(layer, size, mode="bilinear") for layer in layers]
        pictures.append(sum(resized) / 3)
    return pictures


@torch.inference_mode()
def trace_of(model: BridgeNet, image: Tensor) -> Trace:
    return model(image)


@pytest.fixture(scope="module")
def model() -> BridgeNet:
    return load_model(CHECKPOINTS / "rooms-tiny")[0]


@pytest.fixture(scope="module")
def basis(model: BridgeNet) -> FeatureBasis:
    return fit_basis(model, images(), "noise")


@pytest.fixture(scope="module")
def trace(model: BridgeNet) -> Trace:
    return trace_of(model, images()[0])


def test_every_kind_of_feature_has_colours_on_its_own_grid(basis: FeatureBasis, trace: Trace) -> None:
    pictures = basis_colours(basis, trace)
    wanted = {"task_generic.0", "task_specific.depth", "pattern.feature.sal", "stages.1.bridge"}
    assert wanted | {"stages.1.task_specific.depth", "stages.2.refined.edge"} <= set(pictures)
    for path, picture in pictures.items():
        assert picture.shape == (*trace[path].shape[-2:], 3) and picture.dtype == np.uint8
    assert set(basis_colours(basis, trace, ["stages.0.bridge"])) == {"stages.0.bridge"}


def test_the_basis_is_the_same_in_every_run(basis: FeatureBasis, model: BridgeNet, tmp_path: Path) -> None:
    basis.save(tmp_path / "first.npz")
    fit_basis(model, images(), "noise").save(tmp_path / "second.npz")
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()


def test_the_same_features_get_the_same_colours_in_another_image(basis: FeatureBasis, trace: Trace) -> None:
    """A map whose tokens are shuffled, and of which a part is repeated, stands for another image."""
    path = "stages.2.bridge"
    feature = trace[path]
    other = torch.cat([feature.flip(-1), 9 * feature[..., :5]], dim=-1)
    stage = replace(trace.stages[2], bridge=other)
    moved = basis_colours(basis, replace(trace, stages=(*trace.stages[:2], stage)), [path])[path]
    original = basis_colours(basis, trace, [path])[path]
    difference = np.abs(moved[:, : original.shape[1]].astype(int) - original[:, ::-1])
    assert difference.max() <= 1
    # A basis of its own image does not hold for another one.
    alone = basis_colours(basis_of_trace(replace(trace, stages=(*trace.stages[:2], stage))), trace, [path])[path]
    assert np.abs(alone.astype(int) - original).max() > 10


def test_directions_are_orthonormal_and_their_largest_loadings_positive(basis: FeatureBasis) -> None:
    for name, group in basis.groups.items():
        np.testing.assert_allclose(group.directions.T @ group.directions, np.eye(3), atol=1e-5)
        if not name.startswith("task_generic"):
            largest = np.abs(group.directions).argmax(axis=0)
            assert (group.directions[largest, range(3)] > 0).all()
        assert 0 < basis.explained(name) <= 1


def test_limits_are_the_first_and_last_percentile_of_all_maps_of_a_group(trace: Trace) -> None:
    own = basis_of_trace(trace)
    pictures = basis_colours(own, trace, own.groups["stages.2"].means)
    tokens = np.concatenate([picture.reshape(-1, 3) for picture in pictures.values()])
    for level in (0, 255):
        assert ((tokens == level).mean(axis=0) < 0.02).all() and ((tokens == level).sum(axis=0) > 0).all()


def test_explained_is_found_by_group_and_by_map(basis: FeatureBasis) -> None:
    assert basis.explained("stages.1.refined.depth") == basis.explained("stages.1")
    with pytest.raises(KeyError, match=r"no colours for 'logits\.depth'"):
        basis.explained("logits.depth")


def test_a_backbone_level_takes_the_colours_of_the_bridge_where_it_says_the_same(trace: Trace) -> None:
    """The level is the bridge in another rotation and more channels: turned back, it looks the same."""
    bridge = trace["stages.1.bridge"]
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(bridge.shape[1] + 9, bridge.shape[1])))[0]
    generic = torch.einsum("dc,bchw->bdhw", torch.from_numpy(turn).float(), bridge)
    stage = replace(trace.stages[1], task_specific={}, refined={})
    stages = (trace.stages[0], stage, trace.stages[2])
    own = replace(trace, task_generic=(*trace.task_generic[:2], generic, trace.task_generic[3]), stages=stages)
    pictures = basis_colours(basis_of_trace(own), own, ["task_generic.2", "stages.1.bridge"])
    difference = pictures["task_generic.2"].astype(int) - pictures["stages.1.bridge"]
    assert np.abs(difference).max() <= 2


def test_kinds_of_very_different_strength_all_show_their_colours(trace: Trace) -> None:
    faint = replace(trace.stages[2], bridge=1e-3 * trace.stages[2].bridge)
    own = replace(trace, stages=(*trace.stages[:2], faint))
    picture = basis_colours(basis_of_trace(own), own, ["stages.2.bridge"])["stages.2.bridge"]
    assert picture.std() > 20


def test_a_saved_basis_comes_back_and_knows_its_weights(
    basis: FeatureBasis, model: BridgeNet, trace: Trace, tmp_path: Path
) -> None:
    path = tmp_path / BASIS_FILE
    basis.save(path)
    loaded = FeatureBasis.load(path, model)
    assert (loaded.images, loaded.source) == (3, "noise")
    for name, picture in basis_colours(basis, trace).items():
        np.testing.assert_array_equal(basis_colours(loaded, trace, [name])[name], picture)
    assert path.stat().st_size < 300_000
    assert [entry.name for entry in tmp_path.iterdir()] == [BASIS_FILE]


def test_a_basis_of_other_weights_is_refused(
    basis: FeatureBasis, tiny_config: ModelConfig, model: BridgeNet, tmp_path: Path
) -> None:
    path = tmp_path / BASIS_FILE
    basis.save(path)
    trained_on = load_model(CHECKPOINTS / "rooms-tiny")[0]
    with torch.no_grad():
        next(iter(trained_on.heads.values())).weight[0, 0] += 1e-3
    with pytest.raises(BasisError, match=r"other weights.*python -m bridgenet\.prepare basis"):
        FeatureBasis.load(path, trained_on)
    other = trace_of(build_model(replace(tiny_config, embed_width=16)).eval(), images()[0])
    with pytest.raises(BasisError, match=r"stages\.0\.bridge with 64 channels, the trace has 24 channels"):
        basis_colours(basis, other, ["stages.0.bridge"])


def test_missing_and_damaged_files_say_what_to_do(tmp_path: Path, basis: FeatureBasis) -> None:
    path = tmp_path / BASIS_FILE
    with pytest.raises(BasisError, match=r"There is no basis .*python -m bridgenet\.prepare basis"):
        FeatureBasis.load(path)
    basis.save(path)
    whole = path.read_bytes()
    for content in (b"", b"no zip", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(BasisError, match="not a readable basis"):
            FeatureBasis.load(path)
    np.savez(path, something=np.zeros(3))
    with pytest.raises(BasisError, match="not a readable basis"):
        FeatureBasis.load(path)


def test_a_basis_of_the_foreground_knows_nothing_of_the_rest(trace: Trace) -> None:
    """It equals the basis of maps that end where the foreground ends."""
    mask = np.zeros((96, 128), bool)
    mask[32:64, 32:80] = True
    rows, columns = slice(4, 8), slice(4, 10)
    stage = trace.stages[2]
    assert stage.bridge is not None
    cut = replace(
        stage,
        bridge=stage.bridge[..., rows, columns],
        task_specific={task: feature[..., rows, columns] for task, feature in stage.task_specific.items()},
        refined={task: feature[..., rows, columns] for task, feature in stage.refined.items()},
    )
    limited = basis_of_trace(trace, mask).groups["stages.2"]
    expected = basis_of_trace(replace(trace, stages=(*trace.stages[:2], cut))).groups["stages.2"]
    np.testing.assert_allclose(limited.directions, expected.directions, atol=1e-4)
    np.testing.assert_allclose(limited.limits, expected.limits, rtol=1e-3)
    assert np.abs(limited.limits - basis_of_trace(trace).groups["stages.2"].limits).max() > 0.1


def test_a_foreground_of_a_few_pixels_is_refused(trace: Trace) -> None:
    mask = np.zeros((96, 128), bool)
    mask[:2, :2] = True
    with pytest.raises(BasisError, match="Colour the whole image"):
        basis_of_trace(trace, mask)
    with pytest.raises(BasisError, match="at least one image"):
        fit_basis(torch.nn.Linear(1, 1), [])


def test_the_shipped_checkpoints_have_a_basis_that_fits_them() -> None:
    for name, images in (("rooms-tiny", 64), ("nyud-lite0", 80)):
        shipped, config, _ = load_model(CHECKPOINTS / name)
        basis = FeatureBasis.load(CHECKPOINTS / name / BASIS_FILE, shipped)
        assert basis.images == images and basis.source == config.data.name


def test_the_foreground_is_what_the_first_task_that_finds_any_says() -> None:
    salient, parts = np.zeros((10, 10), np.float32), np.zeros((10, 10), np.uint8)
    labels = np.tile(np.repeat([0, 1, 7, 21], 25).reshape(10, 10), 1).astype(np.uint8)
    by_class = find_foreground({"sal": salient, "human_parts": parts, "semseg": labels}, SOURCES["nyud"].classes)
    assert by_class is not None and by_class.rule == "all but wall, floor, ceiling"
    np.testing.assert_array_equal(by_class.mask, labels == 7)
    parts[3:5] = 2
    people = find_foreground({"human_parts": parts, "semseg": labels}, SOURCES["nyud"].classes)
    assert people is not None and people.rule == "parts of people" and people.mask.sum() == 20
    salient[2:] = 0.9
    thing = find_foreground({"sal": salient, "human_parts": parts}, SOURCES["nyud"].classes)
    assert thing is not None and thing.mask.mean() == 0.8
    assert find_foreground({"semseg": np.zeros((4, 4), np.uint8)}, SOURCES["nyud"].classes) is None
    assert find_foreground({"depth": np.ones((4, 4))}, SOURCES["nyud"].classes) is None
