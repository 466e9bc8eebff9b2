from collections.abc import Callable

import numpy as np
import pytest
import torch

from bridgenet import Predictor
from bridgenet.classroom import UnfitNetworkError, check, needs
from bridgenet.examples import find_checkpoint

Said = Callable[..., str]


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    def saying(answer: object, expected: str | float, within: float = 0.005) -> str:
        check(answer, expected, "Think again.", within)
        return capsys.readouterr().out.strip()

    return saying


@pytest.mark.parametrize("answer", [0.42, np.float32(0.4201), torch.tensor(0.42), np.array([0.42]).mean(), "0.42"])
def test_a_right_number_is_right_in_whatever_it_comes(said: Said, answer: object) -> None:
    assert said(answer, 0.42) == "Right."


@pytest.mark.parametrize("answer", ["depth", "Depth", " depth "])
def test_a_task_may_be_called_by_its_name_or_title(said: Said, answer: str) -> None:
    assert said(answer, "depth") == "Right."


@pytest.mark.parametrize(
    ("answer", "expected", "hint"),
    [
        (0.5, 0.42, "Think again."),
        (42.0, 0.42, "per cent"),
        (float("nan"), 0.42, "nan"),
        ([0.42, 0.1], 0.42, "One number"),
        (None, 0.42, "One number"),
        ("normals", "depth", "Think again."),
        ("dpeth", "depth", "No task is called “dpeth”"),
        (2, "depth", "quotation marks"),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong_with_it(
    said: Said, answer: object, expected: str | float, hint: str
) -> None:
    assert said(answer, expected).startswith("Not yet. ") and hint in said(answer, expected)


def test_no_hint_holds_the_answer(said: Said) -> None:
    assert "0.42" not in said(0.5, 0.42) and "depth" not in said("normals", "depth")


def test_whole_numbers_are_right_or_wrong(said: Said) -> None:
    assert said(3, 3, within=0) == "Right." and said(4, 3, within=0) == "Not yet. Think again."


def test_a_network_with_a_bridge_is_taken_where_a_bridge_is_looked_at() -> None:
    needs(Predictor.load(find_checkpoint("rooms-bridgenet")), "bfe")


@pytest.mark.parametrize(
    ("name", "sought", "told"),
    [
        ("rooms-pad-net", "bfe", "its tasks meet in messages. Choose `nyud-lite0`, `rooms-bridgenet` or `rooms-tiny`"),
        ("rooms-mtl", "any", "its tasks meet nowhere behind the backbone. Choose `nyud-lite0`, `rooms-atrc`,"),
        ("rooms-bridgenet", "messages", "meet in TPP and BFE. Choose `rooms-mti-net` or `rooms-pad-net`"),
    ],
)
def test_one_sentence_says_what_a_network_lacks_and_which_have_it(name: str, sought: str, told: str) -> None:
    with pytest.raises(UnfitNetworkError) as refused:
        needs(Predictor.load(find_checkpoint(name)), sought)
    lines = refused.value._render_traceback_()
    assert told in str(refused.value) and " ".join(lines) == str(refused.value) and max(map(len, lines)) <= 88
