import pytest
import torch
from torch.utils.data import Dataset

from bridgenet.data import DataError, Draw, Sample
from bridgenet.learning.sampling import StepBatches, global_batch, mixed_seed, open_loader, plain_message, shareable


def test_every_image_comes_once_per_epoch_in_a_new_order() -> None:
    draws = [draw for step in range(10) for draw in global_batch(step, images=10, batch_size=4, seed=3)]
    epochs = [[draw.index for draw in draws[start : start + 10]] for start in range(0, 40, 10)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 4


def test_no_two_draws_share_an_augmentation() -> None:
    draws = [draw for step in range(50) for draw in global_batch(step, images=10, batch_size=4, seed=3)]
    assert len({draw.seed for draw in draws}) == 200


def test_a_run_from_the_middle_sees_what_the_whole_run_saw() -> None:
    whole = list(StepBatches(10, 4, seed=3, first=0, last=9))
    rest = list(StepBatches(10, 4, seed=3, first=5, last=9))
    assert rest == whole[5:]
    assert len(StepBatches(10, 4, seed=3, first=5, last=9)) == 4


def test_another_seed_is_another_run() -> None:
    assert global_batch(0, 100, 8, seed=1) != global_batch(0, 100, 8, seed=2)


def test_processes_share_each_batch_without_overlap() -> None:
    alone = list(StepBatches(10, 4, seed=3, first=0, last=6))
    shared = [list(StepBatches(10, 4, 3, 0, 6, rank, world_size=2)) for rank in (0, 1)]
    assert [one + two for one, two in zip(*shared, strict=True)] == alone


def test_a_batch_that_cannot_be_shared_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="multiple of the number of processes"):
        StepBatches(10, 3, 0, 0, 1, rank=0, world_size=2)


def test_a_batch_is_raised_until_it_can_be_shared() -> None:
    assert [shareable(batch, 4) for batch in (1, 4, 6, 8, 9)] == [4, 4, 8, 8, 12]
    assert [shareable(6, processes) for processes in (1, 2, 3, 4, 6, 8)] == [6, 6, 6, 8, 6, 8]
    # Micro-batches keep it where it divides.
    assert [shareable(16, 4, accumulate) for accumulate in (1, 2, 4, 3)] == [16, 16, 16, 24]


def test_an_empty_data_set_is_refused() -> None:
    with pytest.raises(ValueError, match="no image"):
        StepBatches(0, 3, 0, 0, 1)


def test_neighbouring_numbers_make_unrelated_seeds() -> None:
    seeds = {mixed_seed(seed, step, rank) for seed in range(10) for step in range(10) for rank in range(3)}
    assert len(seeds) == 300
    assert all(0 <= seed < 2**63 for seed in seeds)


class Damaged(Dataset[Sample]):
    def __getitem__(self, key: int | Draw) -> Sample:
        raise DataError("Image 7 is damaged: copy it again.")


@pytest.mark.parametrize("workers", [0, 1])
def test_a_damaged_image_is_told_without_the_traceback_of_a_worker(workers: int) -> None:
    with pytest.raises(DataError) as caught:
        next(iter(open_loader(Damaged(), [[0]], workers, torch.device("cpu"))))
    assert plain_message(caught.value) == "Image 7 is damaged: copy it again."
