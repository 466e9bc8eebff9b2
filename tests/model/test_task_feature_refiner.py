import torch
from torch import nn

from bridgenet.model.task_feature_refiner import AddRefinement, ConcatenateRefinement, TaskFeatureRefiner


def refiner(blocks: int = 6) -> TaskFeatureRefiner:
    torch.manual_seed(0)
    return TaskFeatureRefiner(8, blocks=blocks, dilations=(1, 2, 5), squeeze_ratio=2, drop_path=0.0).eval()


def test_is_the_identity_when_corrections_are_zero() -> None:
    model = refiner()
    for block in model.blocks:
        nn.init.zeros_(block.correction.expand.weight)
        nn.init.zeros_(block.correction.expand.bias)
    feature = torch.rand(1, 8, 6, 9)
    assert torch.equal(model(feature, torch.rand(1, 8, 3, 5)), feature)


def test_dilations_cycle() -> None:
    assert [block.correction.dilate.dilation[0] for block in refiner(5).blocks] == [1, 2, 5, 1, 2]


def test_drop_path_rises_from_zero_to_its_last_block() -> None:
    model = TaskFeatureRefiner(8, blocks=4, dilations=(1,), squeeze_ratio=2, drop_path=0.15)
    assert [round(block.drop_path.p, 6) for block in model.blocks] == [0.0, 0.05, 0.1, 0.15]


def test_the_bridge_is_brought_to_the_grid_of_the_task() -> None:
    for model in (refiner(2), AddRefinement(), ConcatenateRefinement(8)):
        assert model(torch.rand(1, 8, 6, 9), torch.rand(1, 8, 12, 18)).shape == (1, 8, 6, 9)
