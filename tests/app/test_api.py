import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from networks import photo, save_untrained
from PIL import Image
from served import served

from app.analysis.session import Session
from app.endpoints import Endpoints
from app.uploads import Limits
from bridgenet.inspection import interaction_matrix

pytestmark = pytest.mark.slow

TASKS = ("semseg", "human_parts", "depth", "normals", "sal", "edge")
NAMES = {"/predict", "/attention", "/bridge_share", "/interaction", "/attribute", "/info"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studio")


@pytest.fixture(scope="module")
def address(checkpoint: Path, folder: Path) -> Iterator[str]:
    with served(checkpoint, folder, "--max-upload-mb", "2", "--max-pixels", "1") as address:
        yield address


@pytest.fixture(scope="module")
def client(address: str, tmp_path_factory: pytest.TempPathFactory) -> Client:
    return visitor(address, tmp_path_factory.mktemp("fetched"))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("photos") / "kitchen.png")


@pytest.fixture(scope="module")
def predicted(client: Client, file: Path) -> tuple[dict[str, Any], str]:
    return client.predict(handle_file(file), api_name="/predict")


@pytest.fixture(scope="module")
def known(predicted: tuple[dict[str, Any], str]) -> str:
    return predicted[0]["id"]


def saved(path: Path, seed: int = 3) -> Path:
    Image.fromarray(photo(seed=seed).pixels).save(path)
    return path


def test_the_endpoints_are_these_and_each_parameter_is_documented(client: Client) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(endpoints) == NAMES
    for name, endpoint in endpoints.items():
        words = endpoint["description"]
        assert len(words) > 100, name
        for parameter in endpoint["parameters"]:
            assert re.search(rf"\b{parameter['parameter_name']}\b[^:]*:", words), (name, parameter["parameter_name"])
            assert len(parameter["label"]) > len(parameter["parameter_name"]) + 3


def test_a_prediction_is_the_one_that_the_network_makes(
    predicted: tuple[dict[str, Any], str], session: Session, file: Path
) -> None:
    summary, arrays = predicted
    there = session.predictor()(file)
    with np.load(arrays) as found:
        for task in TASKS:
            np.testing.assert_allclose(found[task], there[task].array, atol=1e-5)
            assert list(found[task].shape) == summary["tasks"][task]["shape"]
            assert str(found[task].dtype) == summary["tasks"][task]["dtype"]
    assert summary["tasks"]["depth"]["unit"] == "m"
    assert summary["size"] == [90, 120]


@pytest.mark.parametrize("task", TASKS)
def test_a_row_of_tpp_sums_to_one(client: Client, known: str, task: str) -> None:
    row = client.predict(id=known, x=0.3, y=0.8, task=task, head=1, api_name="/attention")
    assert row["sum"] == pytest.approx(1, abs=1e-5)
    assert np.array(row["weights"]).shape == tuple(row["shape"])
    assert np.sum(row["weights"]) == pytest.approx(row["sum"], abs=1e-5)


def test_the_rows_of_the_bridge_are_its_shares_and_sum_to_one(client: Client, known: str) -> None:
    shares = client.predict(id=known, x=0.3, y=0.8, scale=0, head=1, api_name="/bridge_share")
    rows = {
        task: client.predict(id=known, x=0.3, y=0.8, task=task, head=1, kind="bridge", scale=0, api_name="/attention")[
            "sum"
        ]
        for task in TASKS
    }
    assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
    assert shares == pytest.approx(rows, abs=1e-5)


def test_a_photo_is_as_good_as_its_id(client: Client, known: str, file: Path) -> None:
    by_id = client.predict(id=known, x=0.3, y=0.8, api_name="/bridge_share")
    by_photo = client.predict(handle_file(file), x=0.3, y=0.8, api_name="/bridge_share")
    assert by_id == by_photo


def test_the_interaction_matrix_is_the_one_of_the_library(
    client: Client, known: str, session: Session, file: Path
) -> None:
    told = client.predict(id=known, removal="zero", api_name="/interaction")
    predictor = session.predictor()
    there = interaction_matrix(predictor.model, predictor.network_input(file), "zero")
    assert told["units"] == there.units
    np.testing.assert_allclose(told["effect"], there.effect, atol=1e-3)
    np.testing.assert_allclose(np.sum(told["attention"], axis=0), 1, atol=1e-5)
    # The checkpoint of these tests says how wrong depth is, and nothing of the kind about the others.
    assert told["own_error"].pop("depth") == {"value": 0.45, "where": "in validation", "rms": True}
    assert told["own_error"] == dict.fromkeys(set(told["units"]) - {"depth"})


@pytest.mark.parametrize("task", TASKS)
def test_shapley_scores_share_out_the_whole_difference(client: Client, known: str, task: str) -> None:
    told = client.predict(id=known, task=task, x=0.5, y=0.5, method="shapley", api_name="/attribute")
    assert set(told["scores"]) == set(TASKS)
    assert sum(told["scores"].values()) == pytest.approx(told["full"] - told["baseline"], abs=1e-3)


def test_info_tells_what_answers(client: Client) -> None:
    told = client.predict(api_name="/info")
    assert told["checkpoint"] == "untrained"
    assert list(told["tasks"]) == list(TASKS)
    assert told["metrics"]["semseg"]["miou"] == 12.3
    assert told["limits"] == {"megabytes": 2.0, "megapixels": 1.0}
    assert {"bridgenet", "torch", "gradio"} <= set(told["versions"])
    assert (told["heads"], told["scales"]) == (2, 3)


@pytest.mark.parametrize(("changes", "has"), [({"system": "mtl"}, (0, 0)), ({"tpp": False, "bfe": False}, (0, 0))])
def test_info_tells_only_what_the_network_has(tmp_path: Path, changes: dict[str, Any], has: tuple[int, int]) -> None:
    told = Endpoints(Session(save_untrained(tmp_path / "other", **changes)), Limits()).info()
    assert (told["heads"], told["scales"]) == has


@pytest.mark.parametrize(
    ("name", "wrong", "words"),
    [
        ("/attention", {"x": 1.2}, "outside the photo"),
        ("/attention", {"y": -0.1}, "outside the photo"),
        ("/attention", {"x": 300}, "fraction from 0 to 1"),
        ("/attention", {"x": "left"}, "must be a number"),
        ("/attention", {"task": "flow"}, "no task 'flow'"),
        ("/attention", {"head": 9}, "head must be a whole number from -1 to 1"),
        ("/attention", {"kind": "self"}, "no kind 'self'"),
        ("/bridge_share", {"scale": 7}, "scale must be a whole number"),
        ("/bridge_share", {"head": 0.5}, "head must be a whole number"),
        ("/interaction", {"removal": "swap"}, "no removal 'swap'"),
        ("/attribute", {"method": "magic"}, "no method 'magic'"),
        ("/attribute", {"task": "../etc"}, "Choose one of: semseg"),
    ],
)
def test_a_wrong_input_is_explained(client: Client, known: str, name: str, wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(AppError, match=re.escape(words)):
        client.predict(id=known, **wrong, api_name=name)


@pytest.mark.parametrize("name", ["/attention", "/bridge_share", "/interaction", "/attribute"])
def test_a_forged_id_gives_nothing(client: Client, known: str, name: str) -> None:
    for forged in (known.swapcase(), "../../" + known):
        with pytest.raises(AppError, match="no analysis of this id"):
            client.predict(id=forged, api_name=name)
    with pytest.raises(AppError, match="Send a photo"):
        client.predict(api_name=name)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"just text", "not a readable image"),
        (b"\x89PNG\r\n\x1a\n broken", "image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
    ],
)
def test_a_bad_file_is_explained(client: Client, tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(AppError, match=words):
        client.predict(handle_file(tmp_path / "bad.png"), api_name="/predict")


def test_a_photo_of_too_many_pixels_is_refused_by_the_limit_of_the_command_line(client: Client, tmp_path: Path) -> None:
    Image.new("RGB", (1200, 1000)).save(tmp_path / "large.png")
    with pytest.raises(AppError, match=r"1200 × 1000 = 1 megapixels; the limit is 1\."):
        client.predict(handle_file(tmp_path / "large.png"), api_name="/predict")


def test_a_file_of_too_many_bytes_does_not_arrive(client: Client, tmp_path: Path) -> None:
    (tmp_path / "heavy.png").write_bytes(np.random.default_rng(0).bytes(2_200_000))
    with pytest.raises(ValueError, match="exceeds the maximum file size of 2000000 bytes"):
        client.predict(handle_file(tmp_path / "heavy.png"), api_name="/predict")


def test_a_file_of_the_machine_is_not_a_photo_that_was_sent(address: str, folder: Path) -> None:
    own = saved(folder / "secret.png")
    for path in (str(own), "/etc/hostname", "../secret.png"):
        assert '"id"' not in raw_answer(address, {"path": path, "meta": {"_type": "gradio.FileData"}})
        assert '"id"' not in raw_answer(address, path)
    assert own.is_file()


def raw_answer(address: str, image: Any) -> str:
    """What the server says to a program that does not keep to the rules of `gradio_client`."""
    call = f"{address}gradio_api/call/predict"
    body = json.dumps({"data": [image]}).encode()
    with urlopen(Request(call, body, {"Content-Type": "application/json"})) as answer:
        event = json.load(answer)["event_id"]
    with urlopen(f"{call}/{event}") as answer:
        return answer.read().decode()


def test_thirty_in_the_queue_at_once_all_get_their_own_answer(address: str, tmp_path: Path, session: Session) -> None:
    files = [saved(tmp_path / f"{seed}.png", seed=seed) for seed in range(30)]
    visitors = [visitor(address, tmp_path / str(number)) for number in range(5)]
    jobs = [visitors[number % 5].submit(handle_file(file), api_name="/predict") for number, file in enumerate(files)]
    for job, file in zip(jobs, files, strict=True):
        _, arrays = job.result(timeout=120)
        with np.load(arrays) as found:
            np.testing.assert_allclose(found["depth"], session.predictor()(file)["depth"].array, atol=1e-4)


def visitor(address: str, folder: Path) -> Client:
    return Client(address, verbose=False, download_files=str(folder), httpx_kwargs={"timeout": 120})


def test_equal_photos_sent_at_once_are_all_answered(client: Client, tmp_path: Path) -> None:
    file = saved(tmp_path / "same.png", seed=77)
    jobs = [client.submit(handle_file(file), api_name="/predict") for _ in range(8)]
    assert len({job.result(timeout=120)[0]["id"] for job in jobs}) == 1


def test_no_photo_is_left_on_the_disk_and_few_results(folder: Path, known: str) -> None:
    left = [path for path in folder.glob("bridgenet-studio-*/**/*") if path.is_file()]
    assert [path.name for path in left if path.suffix != ".npz"] == []
    assert 1 <= len(left) <= 24
