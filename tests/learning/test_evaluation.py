from dataclasses import replace

import pytest
import torch

from bridgenet.config import BackboneConfig, DataConfig, ModelConfig, OptimConfig, TrainConfig
from bridgenet.data import MultiTaskDataset, Sample, open_dataset
from bridgenet.learning.evaluation import evaluate
from bridgenet.learning.freezing import set_training
from bridgenet.learning.runtime import Runtime
from bridgenet.model import BridgeNet, build_model
from bridgenet.tasks import IGNORE

CONFIG = TrainConfig(
    "tiny",
    ModelConfig(
        tasks={"semseg": 14, "depth": 1},
        backbone=BackboneConfig("test_efficientnet"),
        embed_width=12,
        prediction_width=4,
        refiner_blocks=(1, 1, 1),
    ),
    DataConfig(input_size=(32, 64), workers=0),
    OptimConfig(),
)


class First(MultiTaskDataset):
    """The first images of a data set."""

    def __init__(self, dataset: MultiTaskDataset, count: int) -> None:
        super().__init__(dataset.reader, dataset.tasks, dataset.transform)
        self.count = count

    def __len__(self) -> int:
        return self.count


@pytest.fixture
def model() -> BridgeNet:
    torch.manual_seed(0)
    return build_model(CONFIG.model)


@pytest.fixture
def dataset() -> MultiTaskDataset:
    return First(open_dataset(CONFIG.data, "val", CONFIG.model.tasks), 5)


def test_the_size_of_the_batches_changes_nothing(model: BridgeNet, dataset: MultiTaskDataset) -> None:
    one, two = (evaluate(model, dataset, CONFIG, Runtime(), batch_size) for batch_size in (2, 5))
    assert one["images"] == two["images"] == 5
    assert one["depth"] == pytest.approx(two["depth"], rel=1e-5)
    assert one["semseg"] == pytest.approx(two["semseg"], rel=1e-3)


def test_every_process_sees_its_own_share(model: BridgeNet, dataset: MultiTaskDataset) -> None:
    seen: list[list[str]] = [[], []]
    for rank in (0, 1):
        runtime = Runtime(rank=rank, world_size=2)
        evaluate(model, dataset, CONFIG, runtime, 2, watch=lambda batch, _, names=seen[rank]: names.extend(batch.names))
    assert sorted(seen[0] + seen[1]) == sorted(dataset.names[:5])
    assert [len(names) for names in seen] == [3, 2]


def test_the_network_is_left_in_the_mode_that_it_had(model: BridgeNet, dataset: MultiTaskDataset) -> None:
    set_training(model, OptimConfig(freeze_batch_norm=True))
    before = [module.training for module in model.modules()]
    evaluate(model, dataset, CONFIG, Runtime(), watch=lambda batch, trace: check(not model.training))
    assert [module.training for module in model.modules()] == before
    assert model.training


def test_no_gradient_is_kept(model: BridgeNet, dataset: MultiTaskDataset) -> None:
    evaluate(model, dataset, CONFIG, Runtime(), watch=lambda batch, t: check(not t["predictions.depth"].requires_grad))


class Mirrored(First):
    """The same images and their truth, seen in a mirror."""

    def __getitem__(self, key: int) -> Sample:
        sample = super().__getitem__(key)
        targets = {task: target.flip(-1) for task, target in sample.targets.items()}
        if "normals" in targets:
            normals = targets["normals"]
            targets["normals"] = torch.where(
                normals == IGNORE, normals, normals * torch.tensor([-1, 1, 1])[:, None, None]
            )
        return Sample(sample.name, sample.image.flip(-1), targets)


def test_with_a_flip_a_mirror_changes_nothing_and_the_plain_numbers_stay() -> None:
    torch.manual_seed(0)
    tasks = {"semseg": 14, "depth": 1, "normals": 3, "edge": 1}
    config = replace(CONFIG, model=replace(CONFIG.model, tasks=tasks))
    model, rooms = build_model(config.model), open_dataset(config.data, "val", tuple(tasks))
    plain = evaluate(model, First(rooms, 3), config, Runtime())
    both = evaluate(model, First(rooms, 3), config, Runtime(), flip=True)
    mirrored = evaluate(model, Mirrored(rooms, 3), config, Runtime(), flip=True)

    assert {task: both[task] for task in plain} == plain
    assert both["flipped"]["images"] == 3
    for task in tasks:
        # Thinning takes from some sides first, so a mirror image has other lines.
        same = ["balanced_bce"] if task == "edge" else list(both[task])
        assert [both["flipped"][task][name] for name in same] == pytest.approx(
            [mirrored["flipped"][task][name] for name in same], rel=1e-4, abs=1e-3
        )
    assert any(both[task] != pytest.approx(mirrored[task], rel=1e-4, abs=1e-3) for task in tasks)


def check(claim: bool) -> None:
    assert claim
