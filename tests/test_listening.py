"""`benchmarks/listening.py`: networks judged while their tasks read another image."""

import sys
from collections.abc import Collection
from pathlib import Path

import pytest
import torch

from bridgenet.checkpoint import load_model
from bridgenet.config import TrainConfig
from bridgenet.data import MultiTaskDataset, RawSample
from bridgenet.data.transforms import EvaluationTransform
from bridgenet.inspection import cut_trace
from bridgenet.model import Network
from bridgenet.sources.made_rooms import MadeRooms
from bridgenet.tasks import TaskName

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from listening import listened

CHECKPOINTS = Path(__file__).parents[1] / "checkpoints"

pytestmark = pytest.mark.slow


class Rooms:
    """These made rooms, in this order.

    Args:
        size: Height and width.
        chosen: Their numbers.
    """

    def __init__(self, size: tuple[int, int], chosen: tuple[int, ...]) -> None:
        self.rooms = MadeRooms(10, size, split="val")
        self.chosen = chosen
        self.names = tuple(map(str, range(len(chosen))))

    def read(self, index: int, tasks: Collection[TaskName]) -> RawSample:
        return self.rooms.read(self.chosen[index], tasks)


def opened(system: str, chosen: tuple[int, ...]) -> tuple[Network, MultiTaskDataset, TrainConfig]:
    model, config, _ = load_model(CHECKPOINTS / f"rooms-{system}")
    size = config.data.answer_size
    return model, MultiTaskDataset(Rooms(size, chosen), ("depth", "normals"), EvaluationTransform(size, True)), config


def test_who_reads_the_very_same_image_loses_nothing() -> None:
    found = listened(*opened("pad-net", (3, 3, 3)))
    assert found["swapped"] == found["metrics"]
    assert (found["images"], found["delta_m"], found["low"], found["high"]) == (3, 0, 0, 0)


def test_every_image_reads_the_one_before_it_and_the_first_the_last() -> None:
    """Numbers by hand: root mean square error over all pixels of both images, in metres."""
    model, dataset, config = opened("pad-net", (3, 5))
    found = listened(model, dataset, config)
    with torch.inference_mode():
        traces = [model.eval()(dataset[index].image[None]) for index in range(2)]
    squares = {"metrics": [], "swapped": []}
    for index, trace in enumerate(traces):
        other = traces[1 - index]
        said = cut_trace(model, trace, tuple(config.model.tasks), "swap", norm="free", other=other)
        truth = dataset[index].targets["depth"]
        for name, answer in (("metrics", trace), ("swapped", said)):
            squares[name].append((answer.predictions["depth"][0] - truth)[truth > 0].square())
    errors = {name: torch.cat(parts).mean().sqrt().item() for name, parts in squares.items()}
    assert {name: found[name]["depth"] for name in errors} == pytest.approx(errors, rel=1e-5)
    assert found["delta_m"] < -10


def test_tasks_that_read_nothing_of_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="meet nowhere"):
        listened(*opened("mtl", (3, 5)))
