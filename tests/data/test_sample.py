import pytest
import torch

from bridgenet.data import Draw, Sample, collate, collate_by_size


def sample(name: str, height: int = 4, tasks: tuple[str, ...] = ("semseg", "depth")) -> Sample:
    maps = {"semseg": torch.zeros(height, 6, dtype=torch.long), "depth": torch.ones(1, height, 6)}
    return Sample(name, torch.rand(3, 4, 6), {task: maps[task] for task in tasks})


def test_a_batch_stacks_samples_in_their_order() -> None:
    one, two = sample("one"), sample("two")

    batch = collate([one, two])

    assert batch.names == ("one", "two")
    assert torch.equal(batch.images, torch.stack([one.image, two.image]))
    assert batch.targets["semseg"].shape == (2, 4, 6)
    assert batch.targets["depth"].shape == (2, 1, 4, 6)


def test_a_batch_moves_whole() -> None:
    moved = collate([sample("one")]).to("meta")

    assert moved.names == ("one",)
    assert {moved.images.device.type, *(target.device.type for target in moved.targets.values())} == {"meta"}


def test_targets_of_different_sizes_say_which_images_they_belong_to() -> None:
    with pytest.raises(ValueError, match=r"semseg of 'one' is \(4, 6\), of 'two' \(5, 6\).*batch size 1"):
        collate([sample("one"), sample("two", height=5)])


def test_samples_with_different_tasks_do_not_mix() -> None:
    with pytest.raises(ValueError, match="'two' \\['depth'\\]"):
        collate([sample("one"), sample("two", tasks=("depth",))])


def test_an_empty_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        collate([])


def test_a_draw_is_an_index_and_a_seed() -> None:
    assert Draw(index=3, seed=7) == (3, 7)


def test_samples_of_several_sizes_are_stacked_by_size() -> None:
    samples = [sample("a", 2), sample("b", 3), sample("c", 2)]
    assert [batch.names for batch in collate_by_size(samples)] == [("a", "c"), ("b",)]


def test_large_photos_share_a_batch_with_few_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridgenet.data.sample.JUDGED_PIXELS", 2 * 4 * 6)
    samples = [sample(name) for name in "abc"] + [sample("large", 40)]
    assert [batch.names for batch in collate_by_size(samples)] == [("a", "b"), ("c",), ("large",)]
