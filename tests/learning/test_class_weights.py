import torch

from bridgenet.config import DataConfig
from bridgenet.data import open_dataset
from bridgenet.learning import Runtime
from bridgenet.learning.class_weights import count_classes, median_frequency_weights


def test_a_class_weighs_the_root_of_the_median_frequency_over_its_own() -> None:
    # The median of 10, 40 and 90 is 40: sqrt(40 / 10) = 2, sqrt(40 / 90) = 0.667. The last class never occurs.
    counts = torch.tensor([10.0, 40.0, 90.0, 0.0], dtype=torch.float64)
    weights = median_frequency_weights(counts, (0.1, 5.0))
    torch.testing.assert_close(weights, torch.tensor([2.0, 1.0, 2 / 3, 5.0]))
    torch.testing.assert_close(median_frequency_weights(counts, (0.8, 1.5)), torch.tensor([1.5, 1.0, 0.8, 1.5]))
    assert torch.equal(median_frequency_weights(torch.zeros(2), (0.5, 3.0)), torch.tensor([3.0, 3.0]))


def test_classes_are_counted_over_the_whole_pictures_by_all_processes_together() -> None:
    dataset = open_dataset(DataConfig(input_size=(32, 40), rooms=3, zoom=(2.0, 2.0)), "train", ("semseg",))
    counts = count_classes(dataset, 14, Runtime())
    assert counts.sum() == 3 * 32 * 40
    labels = [dataset.reader.read(index, ("semseg",)).targets["semseg"] for index in range(3)]
    assert counts[1] == sum(int((each == 1).sum()) for each in labels)
