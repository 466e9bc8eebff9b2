"""Studies: what a TOML file asks for is trained once, by whichever worker, and told in tables."""

import json
import shlex
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from folders import make_folder
from PIL import Image
from training_runs import SMALL, SMALL_RUN, TINY_RUN, are_identical, history, interrupt, start, train_here, weights

from bridgenet.checkpoint import save_model
from bridgenet.compare import main
from bridgenet.learning.controls import controls
from bridgenet.learning.metrics import multi_task_gain
from bridgenet.learning.study import Part, Result, Results, Study, StudyError, System, Table, read_study, rows
from bridgenet.learning.study_tables import study_page
from bridgenet.model import build_model
from bridgenet.presets import PRESETS

OPTIONS = " ".join([*SMALL_RUN[1:-2], "--tasks semseg,depth --steps 9 --validate-every 9"])
WIDTHS = " ".join(SMALL[len(SMALL_RUN) :])
"""Of BridgeNet."""

STUDY = f"""
title = "Two rooms"
preset = "rooms-tiny"
options = "{OPTIONS}"
single_task = "stl"
reference = "stl"
images = [1]

[systems.stl]
title = "Single task"
options = "--model.system stl"

[systems.bridgenet]
title = "BridgeNet"
options = "{WIDTHS}"
control_of = "stl"
seeds = [0, 1]

[systems.mtl]
options = "--model.system mtl --tasks depth"

[[tables]]
number = "VII"

[[tables.printed]]
title = "Elsewhere"
values = {{ depth = 0.5 }}
delta_m = 2.45
"""

SHORT = 'preset = "rooms-tiny"\n[systems.mtl]\noptions = "--model.system mtl"\n'


def file_of(folder: Path, text: str) -> Path:
    path = folder / "study.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.slow
def test_a_killed_study_goes_on_and_two_workers_never_train_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study, out = file_of(tmp_path, STUDY), tmp_path / "out"
    line = (study, "--out", out, "--device", "cpu")
    killed = start(*line, module="compare")
    interrupt(killed, out / "runs" / "bridgenet-0", step=4, kind=signal.SIGKILL)
    killed.finish(status=-signal.SIGKILL)
    before = (out / "runs" / "stl-0" / "evaluated.json").stat().st_mtime_ns
    workers = [start(*line, module="compare") for _ in range(2)]
    said = "".join(worker.finish() for worker in workers)
    assert (out / "runs" / "stl-0" / "evaluated.json").stat().st_mtime_ns == before
    for name, times in (("stl-0", 0), ("bridgenet-0", 1), ("mtl-0", 1), ("bridgenet-1", 1)):
        assert said.count(f"Finished. The checkpoint is {out / 'runs' / name}") == times
    steps = [entry["step"] for entry in history(out / "runs" / "bridgenet-1") if entry["event"] == "train"]
    assert steps == list(range(1, 10))
    told = json.loads((out / "study.json").read_text())
    everything = [("stl", 0), ("bridgenet", 0), ("mtl", 0), ("bridgenet", 1)]
    assert [(row["system"], row["seed"]) for row in told["rows"]] == everything
    (gain,) = [row["gains"]["stl"] for row in told["rows"] if row["gains"]]
    assert gain["low"] < gain["delta_m"] < gain["high"]
    ((left, gained),) = [(one["left"]["mean"], one["gain"]["mean"]) for one in told["controls"]]
    assert left == pytest.approx(multi_task_gain(told["rows"][1]["metrics"], told["rows"][0]["metrics"])) and not gained
    assert "Not finished" not in (out / "tables.md").read_text()
    assert {path.name for path in out.glob("p*/*.png")} == {
        *("1.png", "semseg.png", "depth.png", "delta_m-stl.png", "controls.png")
    }
    assert all(np.asarray(Image.open(path)).std() > 0 for path in out.glob("p*/*.png"))
    # A row's command makes the same network again, in one sitting.
    words = shlex.split(told["rows"][1]["command"])
    assert words[:2] == ["torchrun", "--standalone"]
    again = [*words[words.index("bridgenet.train") + 1 : words.index("--output")], "--output", tmp_path / "again"]
    assert train_here(*again, "--device", "cpu") == 0
    assert are_identical(weights(tmp_path / "again"), weights(out / "runs" / "bridgenet-0"))
    # Elsewhere, with no more than the numbers of the others, the one that is missing is trained, and all are told.
    known = told | {"rows": [row for row in told["rows"] if row["system"] != "stl"]}
    (tmp_path / "known.json").write_text(json.dumps(known))
    there = tmp_path / "elsewhere"
    capsys.readouterr()
    assert main([str(study), "--out", str(there), "--known", str(tmp_path / "known.json"), "--list"]) == 0
    assert [line.rpartition("/")[2] for line in capsys.readouterr().out.splitlines()] == ["stl-0"]
    assert main([str(study), "--out", str(there), "--known", str(tmp_path / "known.json"), "--device", "cpu"]) == 0
    assert [path.name for path in (there / "runs").iterdir()] == ["stl-0"]
    assert (there / "tables.md").read_text() == (out / "tables.md").read_text()
    assert {path.name for path in there.glob("p*/*.png")} == {path.name for path in out.glob("p*/*.png")}


@pytest.mark.slow
def test_a_study_of_a_folder_draws_its_photos(tmp_path: Path) -> None:
    photos = make_folder(tmp_path / "photos", size=(64, 96))
    options = " ".join([*TINY_RUN[:-2], f"--data.name folder --data-root '{photos}'"])
    text = f'preset = "nyud-lite0"\noptions = "{options}"\nimages = [1]\n[systems.mtl]\noptions = "--model.system mtl"'
    assert main([str(file_of(tmp_path, text)), "--out", str(tmp_path / "out"), "--device", "cpu"]) == 0
    sheet = np.asarray(Image.open(tmp_path / "out" / "panels" / "1.png"))
    # Photo, truth and answer have the proportions of the photo, not of what the network sees: 64x96, not 32x64.
    top, middles, height = 88, [16 + 244 * card + 115 for card in range(3)], 230 * 64 // 96
    assert (sheet[top + 2 : top + height - 2, middles] != 255).any(axis=-1).all()
    assert (sheet[top + height + 3, middles] == 255).all()
    scale = sheet[-50:, 16 + 244 : 16 + 244 + 230]
    assert np.ptp(scale, axis=-1).max() > 100, "under the true depth its colours are told"
    assert "Segmentation, mIoU (%)" in (tmp_path / "out" / "tables.md").read_text()


def test_the_list_is_commands_and_trains_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a folder"
    assert (
        main([str(file_of(tmp_path, SHORT + "seeds = [3, 4]")), "--out", str(out), "--list", "--processes", "4"]) == 0
    )
    lines = capsys.readouterr().out.splitlines()
    launch = ["torchrun", "--standalone", "--nproc_per_node=4", "-m", "bridgenet.train", "rooms-tiny"]
    assert [shlex.split(line) for line in lines] == [
        [*launch, "--model.system", "mtl", "--seed", str(seed), "--output", str(out / "runs" / f"mtl-{seed}")]
        for seed in (3, 4)
    ]
    assert not out.exists()


def test_what_is_wrong_in_a_study_is_said_before_anything_is_trained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for text, message in (
        ("preset = ", "no TOML"),
        (SHORT.replace("preset", "prest"), "Perhaps you meant preset"),
        (SHORT + "[systems.mlt]\nsedes = [1]", "systems.mlt.sedes is unknown. Perhaps you meant seeds."),
        (
            SHORT + '[[tables]]\nnumber = "IX"',
            ': tables, entry 1, number must be I, II, III, IV, V, VI, VII or VIII, not "IX".',
        ),
        (
            SHORT + '[[tables]]\nnumber = "V"\n[[tables.printed]]\ntitle = "x"\nvalues = { depth = "0.5" }',
            ': tables, entry 1, printed, entry 1, values.depth must be a number, not "0.5".',
        ),
        ('preset = "rooms-tiny"\n[systems]\nmtl = "--steps 3"', ': systems.mtl must be a table, not "--steps 3".'),
        (SHORT + "seeds = 3", ": systems.mtl.seeds must be a list, each entry a whole number from 0 to 1,000,000,000"),
        (SHORT + '[[tables]]\nnumber = "V"\nsystems = ["mlt"]', "Perhaps you meant mtl"),
        ('single_task = "slt"\n' + SHORT, "single_task must be mtl"),
        ('reference = "mtl"\n' + SHORT + 'control_of = "mlt"', "systems.mtl.control_of must be mtl"),
        (SHORT + 'control_of = "mtl"', "systems.mtl.control_of needs a reference"),
        (SHORT.replace("--model.system mtl", "--output x"), ": systems.mtl.options has --output, which"),
        (SHORT.replace("systems.mtl", 'systems."a/b"'), "'a/b'"),
        (SHORT.replace("--model.system mtl", "--model.system mlt"), "Perhaps you meant mtl"),
        (SHORT.replace("--model.system mtl", "--stps 3"), "Perhaps you meant --steps"),
        (SHORT.replace("--model.system mtl", "--tasks semseg,sofa"), "sofa"),
        (SHORT.replace('"--model.system mtl"', '"--title \'x"'), "quotation"),
        (SHORT.replace("rooms-tiny", "rooms-tny"), "rooms-tiny"),
        (
            'options = "--model.refinement add"\n' + SHORT,
            "--model.refinement is a setting of bridgenet, and mtl does not look at it.",
        ),
    ):
        for listed in ([], ["--list"]):
            assert main([str(file_of(tmp_path, text)), "--out", str(tmp_path / "out"), *listed]) != 0
            said = capsys.readouterr()
            assert message in said.err and not said.out, text
    assert main([str(file_of(tmp_path, "images = [100]\n" + SHORT)), "--out", str(tmp_path / "out")]) != 0
    assert "images has 100, but there are 100 validation images: 0 to 99" in capsys.readouterr().err
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "dataset.json").write_text("{}")
    for preset in ("rooms-tiny", "nyud-lite0"):
        text = f'preset = "{preset}"\noptions = "--data-root {tmp_path / "photos"}"\n[systems.bridgenet]'
        assert main([str(file_of(tmp_path, text)), "--out", str(tmp_path / "out")]) != 0
        assert "it is a data set of its own" in (said := capsys.readouterr().err) and "--data.name folder" in said
    with pytest.raises(StudyError, match="cannot be read"):
        read_study(tmp_path / "nowhere.toml")
    assert read_study(file_of(tmp_path, f"\ufeff{SHORT}")).preset == "rooms-tiny", "as Windows saves it"
    assert not (tmp_path / "out").exists()


def test_a_study_ends_with_the_first_part_that_cannot_be_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("mine")
    text = SHORT + '[systems.stl]\noptions = "--model.system stl"'
    assert main([str(file_of(tmp_path, text)), "--out", str(tmp_path / "out"), "--device", "cpu"]) == 1
    said = capsys.readouterr().err
    assert "mtl, seed 0" in said and "stl, seed 0" not in said
    assert said.count("is a file, not a folder") == 1 and "Choose another place." in said


def test_a_study_with_other_settings_is_refused_by_the_name_of_its_own_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "out" / "runs" / "mtl-0"
    save_model(run, build_model(PRESETS["rooms-tiny"].model), PRESETS["rooms-tiny"], {"step": 1200}, "A card.")
    for more in ([], ["--collect"]):
        assert main([str(file_of(tmp_path, SHORT)), "--out", str(tmp_path / "out"), "--device", "cpu", *more]) == 1
        said = capsys.readouterr().err
        assert "model.system is 'bridgenet' there and 'mtl' here" in said
        assert "choose another --out to start a new run" in said and "--output" not in said
    assert not (run / "evaluated.json").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read: No such file"),
        ("{", "is no study.json of"),
        ("[]", "is no study.json of"),
        ('{"rows": [{"system": "mtl", "seed": 0}]}', "is no study.json of"),
        ("--steps '3", "is no study.json of"),
        ("--steps 3", "trained with other options: rooms-tiny --model.system mtl --steps 3 --seed 0. Here they"),
    ],
)
def test_results_from_elsewhere_that_do_not_fit_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, message: str
) -> None:
    study, out, file = file_of(tmp_path, SHORT), tmp_path / "out", tmp_path / "known.json"
    if text is not None and text.startswith("--"):
        command = f"torchrun -m bridgenet.train rooms-tiny --model.system mtl {text} --seed 0 --output x"
        (row,) = rows(Results(read_study(study), [replace(result("mtl", 0, 20.0, 0.5), command=command)]))
        text = json.dumps({"rows": [row]})
    if text is not None:
        file.write_text(text)
    assert main([str(study), "--out", str(out), "--known", str(file), "--device", "cpu"]) == 1
    assert message in capsys.readouterr().err
    assert not out.exists()


def result(system: str, seed: int, miou: float, rmse: float | None, parameters: int = 1_000_000) -> Result:
    metrics = {"images": 4, "semseg": {"miou": miou}} | ({} if rmse is None else {"depth": {"rmse": rmse}})
    return Result(Part(system, seed), f"train {system}", metrics, "resnet", parameters, 2_000_000_000)


def test_a_control_tells_how_much_of_a_gain_is_left() -> None:
    systems = {"mtl": System(), "bridge": System(title="Bridge"), "alone": System(control_of="bridge")}
    study = Study("rooms-tiny", systems, seeds=(0, 1), reference="mtl")
    found = [result("mtl", 0, 20.0, 1.0), result("bridge", 0, 30.0, 0.5), result("alone", 0, 24.0, 0.8)]
    (left,) = controls(Results(study, found))
    # By hand: the bridge gains (50 % + 50 %) / 2, the control (20 % + 20 %) / 2; (30 - 24) / 24 and (0.8 - 0.5) / 0.8.
    assert left.gain.mean == pytest.approx(50) and left.left.mean == pytest.approx(20)
    assert left.share is not None and left.share.mean == pytest.approx(40)
    assert left.over.mean == pytest.approx((25 + 37.5) / 2)
    assert {task: one.mean for task, one in left.by_task.items()} == pytest.approx({"semseg": 6.0, "depth": -0.3})
    assert json.loads(json.dumps(left.in_json()))["gain"] == {"mean": pytest.approx(50), "low": None, "high": None}
    # A seed more: gains of 10 and 10 % there, so 40 and 100 % are left: 70, and t(0.975, 1) = 12.7062 times 30.
    found += [result("mtl", 1, 20.0, 1.0), result("bridge", 1, 22.0, 0.9), result("alone", 1, 22.0, 0.9)]
    (left,) = controls(Results(study, found))
    assert left.share is not None and left.share.mean == pytest.approx(70)
    assert left.share.high == pytest.approx(70 + 12.7062 * 30, rel=1e-5)
    page = study_page(Results(study, found))
    assert "| Bridge | alone | 30.00 ± 254.12 | 15.00 ± 63.53 | 70.0 ± 381.2 |" in page
    # Where a system does not gain there is nothing of which a part could be left.
    (left,) = controls(Results(study, [*found[:4], result("bridge", 1, 18.0, 1.0), found[5]]))
    assert left.share is None
    assert not list(controls(Results(study, found[:2]))) and "leave" not in study_page(Results(study, found[:2]))


def test_tables_have_means_intervals_and_gains_over_pairs_of_seeds() -> None:
    systems = {"stl": System(), "bridge": System(title="A | B"), "one": System(), "none": System()}
    study = Study("rooms-tiny", systems, seeds=(0, 1), single_task="stl")
    found = [result("stl", 0, 20.0, 0.5), result("stl", 1, 40.0, 1.0)]
    found += [result("bridge", 0, 22.0, 0.4, 3_500_000), result("bridge", 1, 42.0, 1.0), result("one", 0, 30.0, None)]
    page = study_page(Results(study, found))
    lines = [[cell.strip() for cell in line.split(" | ")] for line in page.splitlines() if line.startswith("|")]
    # By hand: gains of seed 0 are +10 % and +20 %, of seed 1 +5 % and 0: 15 and 2.5, their mean 8.75;
    # t(0.975, 1) = 12.7062 times the standard error 6.25 is 79.41. Levels: 32 ± 127.06, 0.7 ± 3.812.
    assert lines[3] == ["| A \\| B", "32.00 ± 127.06", "0.700 ± 3.812", "+8.75 ± 79.41", "2 |"]
    assert lines[4] == ["| one", "30.00", "", "+50.00", "1 |"]
    assert lines[5] == ["| none", "", "", "", "|"]
    assert "Not finished: none 0, one 1, none 1." in page
    sizes = study_page(Results(replace(study, tables=(Table("IV", ("bridge",)),)), found))
    assert "| A \\| B | resnet | 3.50 | 2.00 | 32.00 ± 127.06 |" in sizes
