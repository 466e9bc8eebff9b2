import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional as F

from bridgenet.data import DataError, RawSample
from bridgenet.data.transforms import (
    EdgeMap,
    EvaluationTransform,
    LabelMap,
    NormalMap,
    Photometric,
    TrainTransform,
    distort_colours,
)


def room(height: int = 60, width: int = 80) -> RawSample:
    """Left part of class 0, right part of class 1, told apart by colour; a wall facing right, four metres away."""
    labels = np.zeros((height, width), dtype=np.uint8)
    labels[:, width // 2 :] = 1
    image = np.where(labels[..., None] == 1, 200, 40).astype(np.uint8).repeat(3, axis=2)
    normals = np.zeros((height, width, 3), dtype=np.float32)
    normals[..., 0] = 1
    edge = np.zeros((height, width), dtype=np.uint8)
    edge[:, width // 2 - 1] = 1
    depth = np.full((height, width), 4.0, dtype=np.float32)
    return RawSample(image, {"semseg": labels, "depth": depth, "normals": normals, "edge": edge})


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("resize", [True, False])
def test_depth_is_divided_by_the_zoom(resize: bool) -> None:
    transform = TrainTransform((30, 40), resize=resize, zoom=(1.6, 1.6))

    _, targets = transform(room(), seeded(0))

    assert torch.allclose(targets["depth"], torch.tensor(2.5))


def test_a_zoom_of_two_shows_half_of_the_picture_at_twice_the_size() -> None:
    ramp = np.broadcast_to(np.arange(0, 240, 3, dtype=np.uint8)[None, :, None], (60, 80, 3)).copy()
    transform = TrainTransform((60, 80), zoom=(2.0, 2.0), flip=False)

    image, _ = transform(RawSample(ramp), seeded(0))

    row = image[0, 30] * 255
    assert float(row[-1] - row[0]) == pytest.approx(40 * 3, abs=6)


def test_a_mirror_turns_what_faced_right_to_the_left() -> None:
    normals = torch.rand(3, 2, 5)

    mirrored = F.horizontal_flip(NormalMap(normals))

    assert isinstance(mirrored, NormalMap)
    assert torch.equal(mirrored.as_subclass(torch.Tensor), normals.flip(-1) * torch.tensor([-1.0, 1, 1])[:, None, None])


@pytest.mark.parametrize("resize", [True, False])
def test_image_and_targets_move_together(resize: bool) -> None:
    transform = TrainTransform((30, 40), resize=resize, zoom=(1.0, 1.5), pad_colour=(0.0, 0.0, 0.0))
    turned = set()
    for seed in range(12):
        image, targets = transform(room(), seeded(seed))
        bright = image.mean(0) > 0.47
        assert (bright == (targets["semseg"] == 1)).float().mean() > 0.97
        turned.add(float(targets["normals"][0, 0, 0]))
        assert bool(targets["semseg"][0, -1] > targets["semseg"][0, 0]) <= (targets["normals"][0, 0, 0] == 1)
    assert turned == {1.0, -1.0}


def test_the_seed_alone_decides() -> None:
    transform = TrainTransform((30, 40), zoom=(1.0, 1.5), photometric=Photometric())
    torch.manual_seed(0)
    first, first_targets = transform(room(), seeded(5))
    before = torch.get_rng_state()
    torch.manual_seed(1)
    second, second_targets = transform(room(), seeded(5))
    other, _ = transform(room(), seeded(6))

    assert torch.equal(first, second)
    assert all(torch.equal(first_targets[task], second_targets[task]) for task in first_targets)
    assert not torch.equal(first, other)
    torch.manual_seed(0)
    assert torch.equal(before, torch.get_rng_state())


def test_everything_comes_out_at_the_input_size() -> None:
    for resize in (True, False):
        image, targets = TrainTransform((48, 64), resize=resize, zoom=(1.0, 2.0))(room(33, 47), seeded(2))

        assert image.shape == (3, 48, 64) and image.dtype == torch.float32
        assert {task: tuple(target.shape) for task, target in targets.items()} == {
            "semseg": (48, 64),
            "depth": (1, 48, 64),
            "normals": (3, 48, 64),
            "edge": (48, 64),
        }
        assert targets["semseg"].dtype == targets["edge"].dtype == torch.int64


def test_targets_may_be_coarser_than_the_image() -> None:
    image, targets = TrainTransform((60, 80), zoom=(1.5, 1.5), flip=False, target_stride=2)(room(), seeded(4))

    assert image.shape == (3, 60, 80)
    assert targets["normals"].shape == (3, 30, 40) and targets["edge"].shape == (30, 40)
    assert ((image.mean(0)[::2, ::2] > 0.47) == (targets["semseg"] == 1)).float().mean() > 0.96
    assert torch.allclose(targets["depth"], torch.tensor(4 / 1.5))


@pytest.mark.parametrize("training", [True, False])
def test_padding_is_centred_has_the_given_colour_and_no_ground_truth(training: bool) -> None:
    colour = (0.5, 0.25, 0.125)
    if training:
        transform = TrainTransform((70, 100), resize=False, flip=False, pad_colour=colour)
        image, targets = transform(room(), seeded(0))
    else:
        image, targets = EvaluationTransform((70, 100), resize=False, pad_colour=colour)(room())

    outside = torch.ones(70, 100, dtype=torch.bool)
    outside[5:65, 10:90] = False
    assert torch.equal(image[:, outside], torch.tensor(colour)[:, None].expand(3, int(outside.sum())))
    for target in targets.values():
        assert (target[..., outside] == 255).all() and (target[..., ~outside] != 255).all()


def test_missing_truth_is_marked_in_every_channel() -> None:
    raw = room()
    raw.targets["depth"][:10] = 0
    raw.targets["normals"][:, :10] = 0
    raw.targets["semseg"][-5:] = 255

    _, targets = EvaluationTransform((60, 80))(raw)

    assert (targets["depth"] == 255).sum() == 10 * 80
    assert (targets["depth"][0, :10] == 255).all()
    assert (targets["normals"][:, :, :10] == 255).all() and (targets["normals"][:, :, 10:] != 255).all()
    assert (targets["semseg"][-5:] == 255).all() and (targets["semseg"][:-5] != 255).all()


def test_a_picture_without_a_person_teaches_no_human_parts() -> None:
    parts = np.zeros((60, 80), dtype=np.uint8)
    parts[:10] = 255
    _, empty = EvaluationTransform((60, 80))(RawSample(room().image, {"human_parts": parts.copy()}))
    parts[30, 30] = 2
    _, peopled = EvaluationTransform((60, 80))(RawSample(room().image, {"human_parts": parts}))

    assert (empty["human_parts"] == 255).all()
    assert sorted(peopled["human_parts"].unique().tolist()) == [0, 2, 255]


def test_lines_of_one_pixel_survive_shrinking() -> None:
    lines = torch.zeros(90, 90, dtype=torch.uint8)
    lines[:, 40] = 1

    shrunk = F.resize(EdgeMap(lines), [30, 30])

    assert (shrunk.sum(dim=1) == 1).all() and (shrunk[:, 13] == 1).all()


def test_resized_truth_stays_aligned_with_the_image() -> None:
    step = torch.zeros(1, 80, dtype=torch.uint8)
    step[:, 43:] = 1

    labels = F.resize(LabelMap(step.repeat(80, 1)), [16, 16])
    image = F.resize(step.repeat(3, 80, 1).float(), [16, 16], antialias=True)

    assert isinstance(labels, LabelMap)
    assert torch.equal(labels == 1, image[0] > 0.5)


def test_crops_of_a_single_class_are_drawn_again() -> None:
    def shares(limit: float) -> list[float]:
        transform = TrainTransform((30, 40), resize=False, flip=False, dominant_class_limit=limit)
        labels = (transform(room(), seeded(seed))[1]["semseg"] for seed in range(30))
        return [max(float((map_ == label).float().mean()) for label in (0, 1)) for map_ in labels]

    assert sum(share > 0.8 for share in shares(1.1)) > 5
    assert sum(share > 0.8 for share in shares(0.75)) == 0


def test_distorted_colours_stay_colours_and_differ_by_seed() -> None:
    image = torch.rand(3, 20, 30, generator=seeded(0))
    distorted = [distort_colours(image, Photometric(), seeded(seed)) for seed in range(20)]

    assert all(float(picture.min()) >= 0 and float(picture.max()) <= 1 for picture in distorted)
    assert len({round(float(picture.sum()), 3) for picture in distorted}) > 12


def test_the_brightness_shift_has_its_limit() -> None:
    grey = torch.full((3, 4, 4), 0.5)
    only_brightness = Photometric(contrast=(1.0, 1.0), saturation=(1.0, 1.0), hue=0.0)
    shifts = [float((distort_colours(grey, only_brightness, seeded(s)) - grey).abs().max()) for s in range(60)]

    assert 0.1 < max(shifts) <= 32 / 255 + 1e-5


def test_evaluation_resizes_the_image_and_keeps_the_truth() -> None:
    raw = room()
    image, targets = EvaluationTransform((30, 40))(raw)

    assert image.shape == (3, 30, 40)
    assert np.array_equal(targets["semseg"].numpy(), raw.targets["semseg"])
    assert np.array_equal(targets["depth"][0].numpy(), raw.targets["depth"])


def test_an_image_larger_than_the_input_says_what_to_change() -> None:
    with pytest.raises(DataError, match=r"60x80 does not fit the input of 50x90.*resize=True"):
        EvaluationTransform((50, 90), resize=False)(room())


@pytest.mark.parametrize("stride", [1, 2])
def test_a_picture_that_was_zoomed_out_has_a_margin_without_truth(stride: int) -> None:
    transform = TrainTransform((30, 40), zoom=(0.6, 0.6), pad_colour=(0.0, 0.0, 0.5), target_stride=stride)
    places = set()
    for seed in range(12):
        image, targets = transform(room(), seeded(seed))
        assert image.shape == (3, 30, 40) and targets["depth"].shape == (1, 30 // stride, 40 // stride)
        margin = (image == torch.tensor([0.0, 0.0, 0.5])[:, None, None]).all(dim=0)
        inside = ~margin[::stride, ::stride]
        assert int(inside.sum()) == pytest.approx(0.6 * 30 * 0.6 * 40 / stride**2, rel=0.1)
        for target in targets.values():
            assert ((target != 255) == inside).all()
        assert torch.allclose(targets["depth"][0, inside], torch.tensor(4 / 0.6))
        bright = image.mean(0)[::stride, ::stride] > 0.47
        assert (bright == (targets["semseg"] == 1))[inside].float().mean() > 0.95
        places.add(tuple(margin.logical_not().nonzero()[0].tolist()))
    assert len(places) > 6
