import json
import math
import re
from dataclasses import asdict
from pathlib import Path

import pytest
from scipy import stats

from bridgenet.checkpoint import CheckpointError
from bridgenet.config import TrainConfig
from bridgenet.learning.ablation import (
    ABLATIONS,
    FULL,
    PARTS,
    AblationRun,
    ablate,
    find_result,
    gains,
    levels,
    read_results,
    read_runs,
    t_interval,
    varied,
)
from bridgenet.model import build_model
from bridgenet.train import complete
from tests.training_runs import SMALL, are_identical, parse, weights

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def small(steps: int = 2) -> TrainConfig:
    return complete(parse(*SMALL, "--steps", steps, "--data.workers", 0))


def run(variant: str, seed: int, miou: float, rmse: float) -> AblationRun:
    return AblationRun(variant, seed, {"semseg": {"miou": float(miou)}, "depth": {"rmse": float(rmse)}})


def test_a_gain_is_positive_where_the_reference_is_better_in_either_direction() -> None:
    runs = [run("full", 0, 30, 0.5), run("without-bfe", 0, 20, 1.0)]
    gained = gains(runs, "without-bfe")
    assert gained["semseg"].mean == pytest.approx(50)
    assert gained["depth"].mean == pytest.approx(50)
    assert gained["delta_m"].mean == pytest.approx(50)


def test_delta_m_is_the_mean_over_tasks_of_gains_and_losses() -> None:
    gained = gains([run("full", 0, 44, 0.6), run("without-tfr", 0, 40, 0.5)], "without-tfr")
    assert [gained[name].mean for name in ("semseg", "depth", "delta_m")] == pytest.approx([10, -20, -5])


def test_pairs_are_formed_by_seed_and_a_seed_that_lacks_one_is_left_out() -> None:
    runs = [run("full", 0, 20, 1), run("full", 1, 40, 1), run("without-tpp", 1, 20, 1), run("without-tpp", 2, 1, 1)]
    assert gains(runs, "without-tpp")["semseg"].samples == pytest.approx((100,))
    with pytest.raises(ValueError, match="No seed"):
        gains(runs, "without-bfe")


def test_two_variants_can_be_compared_without_the_full_one() -> None:
    runs = [run("without-tfr", 0, 30, 1), run("without-bfe", 0, 20, 1)]
    assert gains(runs, "without-bfe", "without-tfr")["semseg"].mean == pytest.approx(50)


def test_what_all_seeds_share_makes_levels_wide_and_gains_narrow() -> None:
    luck = (0.0, 10.0, 20.0)
    runs = [run("full", seed, 40 + more, 1) for seed, more in enumerate(luck)]
    runs += [run("without-tpp", seed, (40 + more) / 1.1, 1) for seed, more in enumerate(luck)]
    level, gain = levels(runs, "full", "semseg"), gains(runs, "without-tpp")["semseg"]
    assert level.high - level.low > 40
    assert gain.high - gain.low < 1e-9
    assert gain.verdict == "helps"


def test_the_interval_is_that_of_the_t_test() -> None:
    samples = [1.0, 2.5, 0.5, 3.0, 2.0]
    interval = t_interval(samples)
    expected = stats.ttest_1samp(samples, 0).confidence_interval(0.95)
    assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(
    ("samples", "verdict"),
    [
        ((2.0, 2.1, 1.9), "helps"),
        ((-2.0, -2.1, -1.9), "hurts"),
        ((2.0, -2.1), "cannot be told"),
        ((2.0,), "cannot be told"),
    ],
)
def test_an_interval_that_holds_zero_tells_nothing(samples: tuple[float, ...], verdict: str) -> None:
    assert t_interval(samples).verdict == verdict


def test_a_single_seed_has_no_interval_and_no_seed_is_an_error() -> None:
    assert t_interval([1.0]).high == math.inf
    with pytest.raises(ValueError, match="no sample"):
        t_interval([])


def test_a_task_that_could_not_be_judged_is_left_out_of_the_gains() -> None:
    whole, cut = run("full", 0, 30, 0.5), run("without-bfe", 0, 20, 1.0)
    cut.metrics["depth"]["rmse"] = None
    gained = gains([whole, cut], "without-bfe")
    assert list(gained) == ["semseg", "delta_m"] and gained["delta_m"].mean == pytest.approx(50)
    assert cut.tasks == ("semseg",)
    with pytest.raises(ValueError, match="Depth has no valid pixel"):
        cut.headline("depth")
    with pytest.raises(ValueError, match="no sample"):
        levels([cut], "without-bfe", "depth")


def test_each_variant_lacks_its_part() -> None:
    built = {name: build_model(varied(small(), name, 0).model) for name in ABLATIONS}
    assert built["full"].pattern_propagation is not None
    assert built["without-tpp"].pattern_propagation is None
    assert built["without-bfe"].stages[0].extractor is None
    assert built["without-tfr"].stages[0].extractor is not None
    assert not list(built["without-tfr"].stages[0].refiners.parameters())
    assert varied(small(), "full", 7).seed == 7
    with pytest.raises(ValueError, match="without-everything"):
        varied(small(), "without-everything", 0)


@pytest.mark.slow
def test_finished_runs_are_kept_and_missing_ones_trained(tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []
    pair = ("full", "without-bfe")
    (first,) = ablate(small(), tmp_path, [1], ["full"], tell=lambda *which: told.append(which), device="cpu")
    before = weights(tmp_path / "full-1")
    runs = ablate(small(), tmp_path, [1], pair, tell=lambda *which: told.append(which), device="cpu")
    assert told == [("full", 1), ("without-bfe", 1)]
    assert are_identical(before, weights(tmp_path / "full-1"))
    assert [(one.variant, one.seed) for one in runs] == [("full", 1), ("without-bfe", 1)]
    assert runs[0] == first
    assert math.isfinite(gains(runs, "without-bfe")["delta_m"].mean)
    with pytest.raises(CheckpointError, match=r"optim\.steps"):
        ablate(small(steps=3), tmp_path, [1], ["full"], device="cpu")


def test_unfinished_and_foreign_folders_are_no_runs(tmp_path: Path) -> None:
    for name in ("full-0", "something-else-0", "full-1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metrics.json").write_text('{"depth": {"rmse": 1.0}, "images": 100, "step": 4}')
    for name in ("full-0", "something-else-0"):
        (tmp_path / name / "model.safetensors").touch()
    assert read_runs(tmp_path) == [AblationRun("full", 0, {"depth": {"rmse": 1.0}})]


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    runs = [run("full", 0, 30, 0.5)]
    path = tmp_path / "ablation.json"
    path.write_text(json.dumps({"torch": "2", "runs": [asdict(one) for one in runs]}))
    assert read_results(path) == (runs, {"torch": "2"})


def test_the_kept_result_is_found_from_inside_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2] / "notebooks")
    runs, kept = read_results(find_result("ablation.json"))
    assert {FULL, "without-bfe", "without-tasks", "without-meeting"} <= {one.variant for one in runs} <= set(ABLATIONS)
    assert kept["config"]["name"] == "rooms-tiny"
    with pytest.raises(FileNotFoundError, match=r"nothing\.json"):
        find_result("nothing.json")


def test_every_part_is_the_difference_of_two_variants() -> None:
    assert {name for pair in PARTS.values() for name in pair} == set(ABLATIONS)


@pytest.mark.parametrize("variant", ["without-tasks", "foreign-tasks", "without-joint-norm", "without-meeting"])
def test_a_control_keeps_bridge_query_cascade_and_refiners(variant: str) -> None:
    whole, control = (dict(build_model(varied(small(), name, 0).model).named_parameters()) for name in (FULL, variant))
    kept = {name for name in whole if re.search(r"^stages\.\d\.(query|cascade|refiners)|extractor\.feed_forward", name)}
    assert kept and kept <= control.keys()


def test_the_readme_says_what_the_kept_runs_say() -> None:
    runs, _ = read_results(ROOT / "benchmarks" / "ablation.json")
    variants, readme = {run.variant for run in runs}, " ".join((ROOT / "README.md").read_text().split())
    for without, reference in (pair for pair in PARTS.values() if set(pair) <= variants):
        gain = gains(runs, without, reference)["delta_m"]
        sure = f"({gain.low:.1f} to {gain.high:.1f})" if len(gain.samples) > 1 else "(one seed"
        assert f"{gain.mean:+.1f} % {sure}" in readme, (without, reference)
