"""What is wrong on a command line is said in a sentence: no traceback, no list of other flags."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bridgenet import evaluate, predict, prepare, train
from bridgenet.config import SYSTEMS, TrainConfig, from_dict, to_dict
from bridgenet.presets import PRESETS
from bridgenet.sources import SOURCES
from bridgenet.tasks import TaskName

COMMANDS = {"train": train.main, "evaluate": evaluate.main, "predict": predict.main, "prepare": prepare.main}


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
        ("train rooms-tiny --optim.lr 1", "There is no --optim.lr. Perhaps you meant --optim.frozen."),
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
        (
            "train rooms-tiny --model.system mlt",
            ', not "mlt". Perhaps you meant mtl.',
        ),
        (
            "train rooms-tiny --model.system mtl --model.refinement add",
            "--model.refinement is a setting of bridgenet, and mtl does not look at it. Leave it out. Its own: "
            "--model.systems.mtl.head-width, --model.systems.mtl.dilations.",
        ),
        (
            "train rooms-tiny --model.no-bfe --model.system pad-net",
            "--model.no-bfe is a setting of bridgenet",
        ),
        (
            "train nyud-lite0 --model.system atrc --model.systems.invpt.embed-width 8",
            "--model.systems.invpt.embed-width is a setting of invpt, and atrc does not look at it.",
        ),
        (
            "train rooms-tiny --model.systems.pad-net.no-messages",
            "--model.systems.pad-net.no-messages is a setting of pad-net, and bridgenet does not look at it. Leave it",
        ),
        ("train rooms-tiny --model.system mti-net --model.bridge-reads nothing", "--model.bridge-reads is a setting"),
        (
            "train rooms-tiny --model.system invpt --model.systems.invpt.embed-width 8 --model.embed-width 32",
            "--model.embed-width is not looked at where --model.systems.invpt.embed-width is 8.",
        ),
        (
            "train rooms-tiny --model.no-tpp --model.tpp-output prediction",
            "--model.tpp-output is not looked at",
        ),
        ("train rooms-tiny --model.no-bfe --model.bridge-reads foreign", "is not looked at without bfe. Leave one of"),
        ("train rooms-tiny --model.system stl --loss.preliminary-weight 1", "--loss.preliminary-weight weighs first"),
        (
            "train rooms-tiny --model.system atrc --optim.gradient-checkpointing decoder",
            "--optim.gradient-checkpointing must be none, backbone or all with atrc",
        ),
        ("train rooms-tiny --model.backbone.drop-path 2", "--model.backbone.drop-path must be a number from 0 to 1"),
        ("train rooms-tiny --data.input-size 9000 9000", "GB"),
        ("train rooms-tiny --optim.batch-size 1000000", "GB"),
        ("train rooms-tiny --model.embed-width 1000000", "GB"),
        ("train rooms-tiny --tasks semseg,dept", "--tasks names dept, which is no task. Perhaps you meant depth."),
        (
            "train rooms-tiny --data.name nyudd",
            'nyud or pascal_context, not "nyudd". Perhaps you meant nyud.',
        ),
        ("train rooms-tiny --data.classes wall", "There is no --data.classes."),
        (
            "evaluate somewhere --data made-rooms",
            'nyud or pascal_context, not "made-rooms". Perhaps you meant made_rooms.',
        ),
        ("train rooms-tiny --tasks depth,depth", "--tasks names depth twice."),
        ("train rooms-tiny --tasks depth,", "--tasks has an empty name. Choose among semseg,"),
        ("train nyud-lite0 --tasks sal", "--tasks names sal, which is not among the tasks here. Choose among semseg,"),
        ("evaluate somewhere --batch-size 0", "--batch-size must be a whole number from 1"),
        ("evaluate somewhere --split vla", '--split must be train or val, not "vla". Perhaps you meant val.'),
        ("evaluate somewhere --taks depth", "There is no --taks. Perhaps you meant --tasks."),
        ("predict photo.jpg --chekpoint a --out b", "There is no --chekpoint. Perhaps you meant --checkpoint."),
        ("predict photo.jpg --checkpoint a", "--out"),
        ("prepare nyut", "There is no part 'nyut'. Perhaps you meant nyud."),
        ("prepare basis somewhere --images 0", "--images must be a whole number from 1"),
    ],
)
def test_a_line_that_cannot_be_used_is_refused_in_a_sentence(
    line: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told in refused(line, capsys)


def test_what_another_system_leaves_unseen_is_refused_only_where_somebody_set_it() -> None:
    for line in (
        "rooms-tiny --model.system mtl --model.refinement tfr",  # As it is without.
        "rooms-tiny --model.system invpt --model.embed-width 32",  # A width that InvPT leaves open.
        "rooms-tiny --model.system mtl --model.embed-width 32 --model.refiner-blocks 1 1 1",  # Sizes, for any system.
        "rooms-tiny --model.system atrc --loss.preliminary-weight 1 --optim.gradient-checkpointing all",
        "nyud-vit-l --model.refinement add --model.no-tpp --model.system bridgenet",
        *(f"rooms-tiny --model.system {system}" for system in SYSTEMS),
    ):
        config = train.read(line.split()).config
        # Who asks in Python, and who opens a checkpoint, may have what he likes.
        assert from_dict(TrainConfig, to_dict(replace(config, model=replace(config.model, refinement="concat"))))


@pytest.mark.parametrize(
    "line",
    [
        "train rooms-tiny --dat.name folder",
        "train rooms-tiny --steps 0",
        "train rooms-tiny --model.system mtl --model.refinement add",
        "prepare check",
    ],
)
def test_a_refused_line_leads_to_the_help_that_lists_what_it_lacked(
    line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command, choice, *words = line.split()
    with pytest.raises(SystemExit):
        COMMANDS[command]([choice, *words])
    assert capsys.readouterr().err.splitlines()[1].startswith(f"`python -m bridgenet.{command} {choice} --help`")


def test_the_help_names_the_data_sets_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        train.read(["rooms-tiny", "--help"])
    told = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert f"--data.name STR Data set, one of {', '.join(SOURCES)}; folder is a folder of your own." in told


@pytest.mark.parametrize("name", [name for name in PRESETS if "edge" in PRESETS[name].model.tasks])
@pytest.mark.parametrize("asked", ["normals,semseg", "normals semseg", "edge"])
def test_tasks_are_chosen_from_any_preset_in_its_order(name: str, asked: str) -> None:
    root = ["--data-root", "anywhere"] if SOURCES[PRESETS[name].data.name].needs_root else []
    line = [name, *root, "--tasks", *asked.split()]
    config = train.complete(train.read(line))
    expected: list[TaskName] = ["edge"] if asked == "edge" else ["semseg", "normals"]
    assert list(config.model.tasks) == list(config.loss.weights) == expected
    assert all(config.model.tasks[task] == PRESETS[name].model.tasks[task] for task in expected)


@pytest.mark.slow
def test_a_single_task_is_trained_gone_on_with_and_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = "rooms-tiny --data.input-size 32 64 --data.rooms 4 --data.workers 0 --model.embed-width 12 --device cpu"
    small += " --data.validation-rooms 4 --basis-images 4"
    small += " --model.prediction-width 4 --model.refiner-blocks 1 1 1 --optim.batch-size 2 --steps 1 --tasks depth"
    line = [*small.split(), "--output", str(tmp_path)]
    assert train.main(line) == 0
    assert "BridgeNet for depth" in (tmp_path / "README.md").read_text()
    assert list(json.loads((tmp_path / "config.json").read_text())["model"]["tasks"]) == ["depth"]
    assert train.main(line) == 0
    assert "is finished" in capsys.readouterr().out
    assert evaluate.main([str(tmp_path), "--tasks", "depth"]) == 0
    assert {row.split()[0] for row in capsys.readouterr().out.splitlines()} == {"Depth", "4"}
    assert evaluate.main([str(tmp_path), "--tasks", "semseg"]) == 2
    assert "--tasks names semseg, which is not among the tasks here. Choose among depth." in capsys.readouterr().err


def test_a_network_that_timm_does_not_have_is_an_error_of_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main(f"rooms-tiny --model.backbone.name resnet18x --device cpu --output {tmp_path}".split()) == 1
    told = capsys.readouterr().err.strip()
    assert told.startswith("timm has no network 'resnet18x'. Perhaps you meant resnet18")
    assert list(tmp_path.iterdir()) == []


def test_a_batch_norm_that_sees_one_value_is_told_in_words_of_the_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = "rooms-tiny --data.input-size 32 32 --data.rooms 2 --data.validation-rooms 1 --data.workers 0 --device cpu"
    asked = [*small.split(), "--optim.batch-size", "1", "--steps", "1", "--output", str(tmp_path / "run")]
    assert train.main(asked) == 1
    told = capsys.readouterr().err
    assert "Choose larger images (--data.input-size) or more of them" in told and "Traceback" not in told
