from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from narrow import NARROW

from bridgenet import Predictor
from bridgenet.config import ModelConfig
from bridgenet.examples import photo
from bridgenet.inspection import BASIS_FILE, FeatureBasis
from bridgenet.inspection.features.familiarity import FEWEST, UNLIKE, Familiarity, Spread, fit_familiarity
from bridgenet.model import build_model
from bridgenet.model.network import Network
from bridgenet.reading.source import Asked
from bridgenet.sources.made_rooms import MadeRooms
from bridgenet.sources.nyud import SOURCE as NYUD

CHECKPOINTS = Path(__file__).parents[3] / "checkpoints"

PHOTOS = (
    "coffee.png rocket.jpg page.png text.png astronaut.png chelsea.png camera.png coins.png moon.png retina.jpg "
    "hubble_deep_field.jpg grass.png gravel.png brick.png cell.png"
).split()
"""Of scikit-image's wheel: a cup, a rocket, a page, a cat, stars, tissue, ..., and no room."""


@pytest.fixture(scope="module")
def predictors() -> dict[str, Predictor]:
    return {name: Predictor.load(CHECKPOINTS / name) for name in ("rooms-tiny", "nyud-lite0")}


@pytest.fixture(scope="module")
def not_rooms() -> list[np.ndarray]:
    """Twenty pictures: photos, noise, and what nobody has photographed."""
    rows, columns = np.mgrid[:240, :320]
    drawn = (np.full((240, 320), 128), columns * 0.79, 255 * (columns // 16 % 2), rows + columns < 280)
    made = [np.repeat(np.uint8(picture)[..., None], 3, axis=2) for picture in drawn]
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    return [photo(name).pixels for name in PHOTOS] + made + [noise]


def rooms_never_seen() -> Iterator[np.ndarray]:
    """Made rooms behind those that were held back."""
    reader = MadeRooms(120, (240, 320), split="val")
    return (np.asarray(reader.read(index, ()).image) for index in range(100, 120))


def called_unlike(predictor: Predictor, pictures: Iterator[np.ndarray] | list[np.ndarray]) -> list[bool]:
    """Whether each is; the backbone alone tells."""
    known, backbone = predictor.familiarity, predictor.model.backbone
    assert known is not None and backbone is not None
    with torch.inference_mode():
        distances = [known.distance(backbone(predictor.network_input(picture))) for picture in pictures]
    return [distance > np.quantile(known.held_back, UNLIKE) for distance in distances]


def test_of_twenty_new_rooms_and_twenty_other_pictures_at_most_one_each_is_taken_for_the_other(
    predictors: dict[str, Predictor], not_rooms: list[np.ndarray]
) -> None:
    assert sum(called_unlike(predictors["rooms-tiny"], rooms_never_seen())) <= 1
    for predictor in predictors.values():
        assert sum(called_unlike(predictor, not_rooms)) >= len(not_rooms) - 1, predictor.name


def test_nineteen_of_twenty_real_rooms_are_known_to_the_network_that_learnt_from_rooms(
    predictors: dict[str, Predictor], nyud_root: Path
) -> None:
    reader = NYUD.open(Asked("val", (), nyud_root, (256, 320), 1))
    # Of the 400, 320 were measured when it was fitted: of every five but the last, of which these are every fourth.
    photos = [np.asarray(reader.read(index, ()).image) for index in range(4, len(reader.names), 20)]
    unlike = called_unlike(predictors["nyud-lite0"], photos)
    assert len(photos) == 20 and sum(unlike) <= 1
    assert sum(called_unlike(predictors["rooms-tiny"], photos)) >= 19


def test_a_photo_unlike_all_that_was_learnt_is_told_with_what_that_was(predictors: dict[str, Predictor]) -> None:
    room, tiny = next(rooms_never_seen()), predictors["rooms-tiny"]
    assert tiny(room).caution == "" and (tiny(room).farther_than or 1) <= UNLIKE
    assert tiny(photo("coffee.png").pixels).caution == (
        "This photo looks unlike what rooms-tiny has learnt from (made rooms): all of those held back from it lie "
        "nearer. Its answers are guesses."
    )


def test_the_mean_squared_distance_of_what_was_learnt_is_one_and_a_new_direction_is_far() -> None:
    generator = np.random.default_rng(0)
    means = generator.normal(size=(64, 3)) @ generator.normal(size=(3, 20)) + 0.1 * generator.normal(size=(64, 20))
    spread = Spread.of(means)
    assert spread.squares(means).mean() == pytest.approx(1, abs=0.01)
    aside = np.linalg.svd(means - means.mean(axis=0))[2][-1]
    assert spread.squares(means[:1] + 2 * aside)[0] > 10 > 1 > spread.squares(means.mean(axis=0)[None])[0]
    # A channel that no picture moves may move a little.
    still = np.concatenate([means, np.ones((64, 1))], axis=1)
    assert Spread.of(still).squares(still[:1] + np.eye(21)[-1:] * 1e-4)[0] < 4


def pictures(count: int, seed: int) -> Iterator[torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return (torch.rand(3, 1, 1, generator=generator) * torch.rand(3, 32, 64, generator=generator) for _ in range(count))


@pytest.fixture(scope="module")
def untrained(tiny_config: ModelConfig) -> Network:
    return build_model(tiny_config).eval()


@torch.inference_mode()
def test_it_is_kept_beside_the_colours_and_an_older_file_has_none(untrained: Network, tmp_path: Path) -> None:
    known = fit_familiarity(untrained, pictures(FEWEST, 1), pictures(FEWEST, 2))
    assert known is not None and (np.diff(known.held_back) >= 0).all()
    old = FeatureBasis.load(CHECKPOINTS / "rooms-tiny" / BASIS_FILE)
    for familiarity in (known, None):
        replace(old, familiarity=familiarity).save(tmp_path / BASIS_FILE)
        loaded = FeatureBasis.load(tmp_path / BASIS_FILE)
        assert loaded.images == old.images and list(loaded.groups) == list(old.groups)
        assert (loaded.familiarity is None) == (familiarity is None)
    trace = untrained(next(pictures(1, 3))[None])
    again = Familiarity.unpack(known.pack())
    assert again is not None and again.distance(trace.task_generic) == known.distance(trace.task_generic)
    assert 0 <= known.farther_than(trace) <= 1


def test_too_few_pictures_or_a_backbone_a_task_tell_nothing(untrained: Network, tiny_config: ModelConfig) -> None:
    assert fit_familiarity(untrained, pictures(FEWEST, 1), pictures(FEWEST - 1, 2)) is None
    assert fit_familiarity(untrained, iter(()), iter(())) is None
    apart = build_model(replace(tiny_config, system="stl", systems=NARROW)).eval()
    assert fit_familiarity(apart, pictures(FEWEST, 1), pictures(FEWEST, 2)) is None
