"""What it takes to add a network: a file of its own, its name and settings, and a line in the list of networks."""

import json
from pathlib import Path

import pytest
from planting import copy_packages, put_in, run_there, touched
from training_runs import SMALL_RUN

pytestmark = pytest.mark.slow

NETWORK = '''
"""Tasks that send each other messages, pair by pair: a toy."""

from torch import nn

from bridgenet.config import ModelConfig
from bridgenet.model.head import PredictionHead
from bridgenet.model.layers import resize_to
from bridgenet.model.network import Meeting, Network, edit_input, other_trace, replacement
from bridgenet.trace import Trace


class Messages(Meeting):
    name = "messages"
    title = "Messages"
    whole = "every task reads a message of every other"
    cut_off = "the task's messages are {}"

    def __init__(self, senders):
        self.senders = senders

    def cut(self, hooks, trace, sources, removal, other):
        for source in sources:
            for target, sender in self.senders[source].items():
                edit_input(hooks, sender, lambda own, source=source: self.read(own, source, removal, other))

    def read(self, own, source, removal, other):
        return other_trace(other).task_specific[source] if removal == "swap" else replacement(removal, own, (2, 3))

    def drop(self, hooks, trace, share, generator):
        for senders in self.senders.values():
            for sender in senders.values():
                keep = float(torch.rand(1, generator=generator) >= share)
                edit_input(hooks, sender, lambda own, keep=keep: own * keep)


class Pairs(Network):
    def __init__(self, config: ModelConfig, channels, backbone):
        super().__init__(config, backbone)
        width, tasks = config.systems.pairs.width, tuple(config.tasks)
        self.features = nn.ModuleDict({task: nn.Conv2d(channels[-1], width, 1) for task in tasks})
        self.senders = nn.ModuleDict({
            source: nn.ModuleDict({target: nn.Conv2d(width, width, 1) for target in tasks if target != source})
            for source in tasks
        })
        self.heads = nn.ModuleDict({task: PredictionHead(width, count) for task, count in config.tasks.items()})

    @property
    def meetings(self):
        return (Messages(self.senders),) if len(self.tasks) > 1 else ()

    def decode(self, features, image_size):
        own = {task: feature(features[-1]).relu() for task, feature in self.features.items()}
        sent = {
            source: {target: sender(own[source]) for target, sender in senders.items()}
            for source, senders in self.senders.items()
        }
        mixed = {task: own[task] + sum(sent[source][task] for source in own if source != task) for task in own}
        logits = {task: head(mixed[task]) for task, head in self.heads.items()}
        answers = {task: resize_to(answer, image_size) for task, answer in logits.items()}
        return Trace(task_generic=features, task_specific=own, exchange=sent, logits=logits, predictions=answers)
'''.replace("from torch import nn\n", "import torch\nfrom torch import nn\n", 1)

SETTINGS = '''
@dataclass(frozen=True)
class PairsConfig(Settings):
    """`pairs`: a toy."""

    width: Width = 8


@dataclass(frozen=True)
class SystemConfigs(Settings):
'''

ADDED = {"bridgenet/model/peers/pairs.py": NETWORK}
CHANGED = {
    "bridgenet/config/systems.py": (
        ('Literal["bridgenet", ', 'Literal["bridgenet", "pairs", '),
        ('    "mtl": "Multi-task baseline",\n', '    "mtl": "Multi-task baseline",\n    "pairs": "Pairs",\n'),
        ("\n@dataclass(frozen=True)\nclass SystemConfigs(Settings):\n", SETTINGS),
        ("    mtl: Multi", "    pairs: PairsConfig = field(default_factory=PairsConfig)\n    mtl: Multi"),
    ),
    "bridgenet/model/__init__.py": (
        ('    "mtl": MultiTaskBaseline,\n', '    "mtl": MultiTaskBaseline,\n    "pairs": Pairs,\n'),
        ("\n__all__ = [", "from bridgenet.model.peers.pairs import Pairs\n\n__all__ = ["),
    ),
}
"""The files that are touched, and in each what is replaced by what."""

USE_IT = """
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

import bridgenet
from bridgenet import evaluate, predict, train
from app.tabs.views import PAGES, all_views
from app.analysis.selection import Selection
from app.analysis.session import Session
from bridgenet.examples import EXAMPLES
from bridgenet.images import LoadedImage
from bridgenet.inspection import cut_trace, interaction_matrix

assert Path(bridgenet.__file__).is_relative_to(Path.cwd()), bridgenet.__file__
assert "pairs" in bridgenet.NETWORKS

run = sys.argv[1]
assert train.main(sys.argv[2:]) == 0
assert evaluate.main([run, "--json", "judged.json"]) == 0
room = EXAMPLES["room-0"].load()
Image.fromarray(room.pixels).save("room.png")
assert predict.main(["room.png", "--checkpoint", run, "--out", "answers"]) == 0
predictor = bridgenet.Predictor.load(run)
trace = predictor.trace(room.pixels)
assert trace["exchange.depth.edge"].shape == trace.task_specific["edge"].shape
uncut, cut = cut_trace(predictor.model, trace, ()), cut_trace(predictor.model, trace, "depth")
assert all(torch.equal(uncut.logits[task], trace.logits[task]) for task in trace.logits)
assert all(torch.equal(cut.logits[task], trace.logits[task]) == (task == "depth") for task in trace.logits)
matrix = interaction_matrix(predictor.model, predictor.network_input(room.pixels), draws=2)
assert matrix.places == ("messages",) and matrix.effect.any() and matrix.control.any()
assert np.isnan(matrix.attention).all()

photo = LoadedImage(room.pixels, ())
session = Session(Path(run))
analysis = session.analyse(photo, title="room", truth=room.truth, truth_classes=room.source)
PAGES["interaction"].compute(session, analysis, Selection(), lambda *told: None)
views = all_views(analysis, Selection(task="depth"))
there = {name: view for name, view in views.items() if "absent" not in view}
groups = {name: [group.get("id") for group in view.get("groups", ())] for name, view in there.items()}
print("SHOWN", groups)
assert "features-specific" in groups["features"] and "effects" in groups["interaction"]
assert not {"tpp", "bridge", "refinement"} & set(groups)
"""


def test_a_network_that_passes_messages_is_a_file_its_settings_and_a_line(tmp_path: Path) -> None:
    copy_packages(tmp_path)
    for name, text in ADDED.items():
        (tmp_path / name).write_text(text)
    for name, changes in CHANGED.items():
        for old, new in changes:
            put_in(tmp_path / name, old, new)
    assert touched(tmp_path) == {*ADDED, *CHANGED}

    trained = tmp_path / "run"
    asked = ("--model.system", "pairs", "--model.systems.pairs.width", "6")
    run_there(tmp_path, "-c", USE_IT, trained, *SMALL_RUN, *asked, "--steps", "2", "--output", trained)
    card = (trained / "README.md").read_text()
    assert "Pairs for" in card and "| Depth | rmse |" in card
    assert json.loads((tmp_path / "judged.json").read_text())["depth"]["rmse"] > 0
    assert (tmp_path / "answers" / "room").is_dir()
