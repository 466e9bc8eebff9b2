import torch
from torch import nn

from bridgenet.learning.averaging import WeightAverage


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


def move(model: nn.Sequential) -> None:
    """A step of whatever kind: all weights change, and so do the statistics of the batch norm."""
    model(torch.rand(4, 3))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.rand_like(parameter))


def test_the_average_follows_weights_and_statistics_and_forgets_the_beginning() -> None:
    model = network()
    average = WeightAverage(model, decay=0.3)
    followed = {"0.weight": None, "1.running_var": None}
    # It starts with the network after the first step; then it keeps 2 / 11, 3 / 12, and no more than 0.3.
    for kept in (0.0, 2 / 11, 3 / 12, 0.3, 0.3):
        move(model)
        average.update_parameters(model)
        for name, before in followed.items():
            current = model.state_dict()[name].clone()
            followed[name] = current if before is None else kept * before + (1 - kept) * current
            torch.testing.assert_close(average.module.state_dict()[name], followed[name])
    assert average.module[1].num_batches_tracked == model[1].num_batches_tracked == 5
    assert not torch.equal(average.module[0].weight, model[0].weight)


def test_an_average_that_was_saved_goes_on_as_if_nothing_had_happened() -> None:
    model = network()
    average = WeightAverage(model, decay=0.999)
    for _ in range(3):
        move(model)
        average.update_parameters(model)
    restored = WeightAverage(network(), decay=0.999)
    restored.load_state_dict(average.state_dict())
    move(model)
    for each in (average, restored):
        each.update_parameters(model)
    assert all(torch.equal(one, two) for one, two in zip(average.parameters(), restored.parameters(), strict=True))
