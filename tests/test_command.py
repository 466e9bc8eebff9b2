"""What is wrong on a command line is said in a sentence: no traceback, no list of other flags."""

import pytest

from bridgenet import train
from bridgenet.presets import PRESETS
from bridgenet.tasks import TaskName

COMMANDS = {"train": train.read}


def refused(line: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What a command says about a line that it cannot use."""
    command, *words = line.split()
    try:
        status = COMMANDS[command](words)
    except SystemExit as end:
        status = end.code
    told = capsys.readouterr().err.strip()
    assert status == 2, told
    assert "tyro" not in told and "Traceback" not in told and len(told.splitlines()) <= 2, told
    return told.splitlines()[0]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("train rooms-tin", "There is no preset 'rooms-tin'. Perhaps you meant rooms-tiny."),
        ("train", "Say which preset. Choose among rooms-tiny,"),
        (
            "train rooms-tiny --optim.learing-rate 1",
            "no --optim.learing-rate. Perhaps you meant --optim.learning-rate",
        ),
        ("train rooms-tiny --model.tasks.dept 1", "Perhaps you meant --model.tasks.depth."),
        ("train rooms-tiny --optim.learning-rate -1", "--optim.learning-rate must be a number above 0, not -1.0."),
        ("train rooms-tiny --optim.learning-rate=nan", "--optim.learning-rate must be a number above 0, not NaN."),
        (
            "train rooms-tiny --optim.steps abc",
            '--optim.steps must be a whole number from 1 to 1,000,000,000, not "abc"',
        ),
        ("train rooms-tiny --steps 0", "--steps must be a whole number from 1 to 1,000,000,000, not 0."),
        ("train rooms-tiny --seed 1.5", "--seed must be a whole number"),
        ("train rooms-tiny --optim.batch-size 0", "--optim.batch-size must be a whole number from 1"),
        ("train rooms-tiny --data.zoom 2 1", "--data.zoom must be a smaller and a larger number, in this order"),
        ("train rooms-tiny --data.zoom 2", "Missing value for argument '--data.zoom'. Expected 2 values."),
        ("train rooms-tiny --data.zoom 1 a", '--data.zoom, entry 2, must be a number from 0.05 to 20, not "a".'),
        ("train rooms-tiny --model.tpp-output featur", 'not "featur". Perhaps you meant feature.'),
        ("train rooms-tiny --model.tpp False", "A switch takes no value"),
        ("train rooms-tiny --model.backbone.drop-path 2", "--model.backbone.drop-path must be a number from 0 to 1"),
        ("train rooms-tiny --data.input-size 9000 9000", "GB"),
        ("train rooms-tiny --optim.batch-size 1000000", "GB"),
        ("train rooms-tiny --model.embed-width 1000000", "GB"),
    ],
)
def test_a_line_that_cannot_be_used_is_refused_in_a_sentence(
    line: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told in refused(line, capsys)


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("asked", ["normals,semseg", "normals semseg", "edge"])
def test_tasks_are_chosen_from_any_preset_in_its_order(name: str, asked: str) -> None:
    line = [name, "--data-root", "anywhere", "--tasks", *asked.split()]
    config = train.complete(train.read(line))
    expected: list[TaskName] = ["edge"] if asked == "edge" else ["semseg", "normals"]
    assert list(config.model.tasks) == list(config.loss.weights) == expected
    assert all(config.model.tasks[task] == PRESETS[name].model.tasks[task] for task in expected)
