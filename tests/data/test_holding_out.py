import pytest

from bridgenet.config import DataConfig
from bridgenet.data import DataError, open_dataset

ROOMS = DataConfig(input_size=(32, 48), rooms=20, hold_out=6)


def test_images_that_are_held_out_are_judged_by_and_not_trained_on() -> None:
    train, held_out = (open_dataset(ROOMS, split, ("depth",)) for split in ("train", "val"))
    assert len(held_out) == 6 and len(train) == 14
    everything = open_dataset(DataConfig(input_size=(32, 48), rooms=20), "train", ("depth",)).names
    assert sorted((*train.names, *held_out.names)) == list(everything)
    assert held_out.names != everything[:6]
    assert open_dataset(ROOMS, "val", ()).names == held_out.names
    sample = held_out[2]
    assert sample.name == held_out.names[2]
    assert (sample.image == open_dataset(ROOMS, "val", ())[2].image).all()


def test_something_must_be_left_to_train_on() -> None:
    with pytest.raises(DataError, match=r"20 of the 20 training images.*smaller --data\.hold-out"):
        open_dataset(DataConfig(rooms=20, hold_out=20), "train", ("depth",))


def test_a_network_is_judged_at_the_size_that_it_learns_last() -> None:
    config = DataConfig(input_size=(32, 48), final_size=(48, 64), rooms=2)
    assert open_dataset(config, "train", ("depth",))[0].image.shape == (3, 32, 48)
    sample = open_dataset(config, "val", ("depth",))[0]
    assert sample.image.shape == (3, 48, 64) and sample.targets["depth"].shape == (1, 48, 64)
