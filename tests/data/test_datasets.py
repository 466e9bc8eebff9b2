import pytest

from bridgenet.config import DataConfig
from bridgenet.data import Draw, collate, open_dataset, reference_images
from bridgenet.tasks import ALL_TASKS


def test_made_rooms_have_every_task_and_need_no_folder() -> None:
    config = DataConfig(input_size=(48, 64), rooms=3)
    train, val = (open_dataset(config, split, ALL_TASKS) for split in ("train", "val"))

    batch = collate([train[Draw(0, 1)], train[Draw(2, 1)]])

    assert (len(train), len(val)) == (3, 100)
    assert tuple(batch.targets) == ALL_TASKS
    assert {tuple(target.shape[-2:]) for target in batch.targets.values()} == {(48, 64)}


def test_an_index_alone_is_a_sample_too_and_always_the_same() -> None:
    train = open_dataset(DataConfig(input_size=(48, 64), rooms=3), "train", ("semseg",))

    assert (train[1].image == train[1].image).all()
    with pytest.raises(IndexError, match="no sample 3"):
        train[3]


def test_as_many_other_rooms_are_judged_as_are_asked_for() -> None:
    config = DataConfig(input_size=(48, 64), rooms=3, validation_rooms=2)
    train, val = (open_dataset(config, split, ("semseg",)) for split in ("train", "val"))
    assert (len(train), len(val)) == (3, 2)
    assert not set(train.names) & set(val.names)


def test_the_images_that_fit_colours_are_whole_where_training_crops_and_zooms() -> None:
    config = DataConfig(input_size=(48, 64), rooms=3, resize=False, zoom=(0.5, 2.0))
    images = list(reference_images(config, 2))
    assert [tuple(image.shape) for image in images] == [(3, 48, 64)] * 2
