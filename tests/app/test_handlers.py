import shutil
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import save_untrained
from PIL import Image

from app.analysis.session import Session, StudioError
from app.handlers import Handlers, checkpoint_chip, read_link
from app.tabs import TABS
from app.takeaway.downloads import Downloads
from app.uploads import Limits, uploaded_file

pytestmark = pytest.mark.slow


@pytest.fixture
def handlers(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Handlers:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return Handlers(session)


def stored(tmp_path: Path, content: bytes | None = None, seed: int = 0) -> Path:
    path = tmp_path / "photo.png"
    if content is None:
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (64, 80, 3), dtype=np.uint8)).save(path)
    else:
        path.write_bytes(content)
    return path


def shown_key(handlers: Handlers, name: str = "room-0") -> str:
    *_, last = handlers.example({"id": name})
    return last["key"]


def pick(handlers: Handlers, key: str | None, tab: str, **event: Any) -> dict[str, Any]:
    return handlers.pick({"x": 0.1, "y": 0.1, "tab": tab, "key": key} | event)


def test_a_photo_gives_all_it_needs_after_saying_what_it_does(handlers: Handlers, tmp_path: Path) -> None:
    *stages, last = handlers.photo({"path": str(stored(tmp_path)), "name": "photo.png"})
    assert [stage["head"]["banner"] for stage in stages] == [
        "Reading the photo …", "Asking the network …", "Drawing the maps …",
    ]  # fmt: skip
    assert len(last["overview"]["groups"]) >= 1
    assert last["overview"]["key"].startswith(last["key"]) and last["wire"]["photo"]["key"] == last["key"]
    assert last["rail"]["error"] == "" and last["head"]["banner"] == ""
    assert {name for name in TABS if last[name].get("stale")} == set(TABS) - {"overview"}


def test_an_upload_is_deleted_once_it_is_read(handlers: Handlers, tmp_path: Path) -> None:
    path = stored(tmp_path)
    list(handlers.photo({"path": str(path), "name": "photo.png"}))
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"just text", b"\x89PNG\r\n\x1a\n broken"])
def test_a_bad_file_is_explained_and_deleted_and_the_views_stay(
    handlers: Handlers, tmp_path: Path, content: bytes
) -> None:
    path = stored(tmp_path, content)
    *_, last = handlers.photo({"path": str(path), "name": "bad.png"})
    assert len(last["rail"]["error"]) > 20 and "Traceback" not in last["rail"]["error"]
    assert set(last) == {"head", "rail"}
    assert not path.exists()


@pytest.mark.parametrize(
    ("limits", "words"),
    [(Limits(megabytes=0.001), "more than the 0.001 MB"), (Limits(megapixels=0.001), "the limit is 0.001")],
)
def test_a_photo_beyond_the_limits_is_refused(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: Limits, words: str
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    path = stored(tmp_path)
    *_, last = Handlers(session, limits).photo({"path": str(path), "name": "large.png"})
    assert words in last["rail"]["error"]
    assert not path.exists()


@pytest.mark.parametrize("path", ["/etc/hostname", "../../etc/passwd", "", None, 7])
def test_no_file_of_the_machine_is_read_through_the_page(handlers: Handlers, path: Any) -> None:
    with pytest.raises(StudioError):
        uploaded_file(path)
    *_, last = handlers.photo({"path": path, "name": "x"})
    assert "did not arrive" in last["rail"]["error"]


def test_three_pixels_have_three_attention_rows(handlers: Handlers) -> None:
    key = shown_key(handlers)
    for tab in ("tpp", "bridge"):
        places = ((0.1, 0.2), (0.9, 0.2), (0.9, 0.8))
        rows = {str(pick(handlers, key, tab, x=x, y=y)[tab]["groups"][0]["maps"]) for x, y in places}
        assert len(rows) == 3


def test_a_pick_changes_the_inspector_and_only_the_view_that_is_looked_at(handlers: Handlers) -> None:
    answer = pick(handlers, shown_key(handlers), "bridge")
    assert set(answer) == {"inspector", "bridge"}


def test_a_view_that_does_not_follow_the_place_is_not_drawn_again(handlers: Handlers) -> None:
    key = shown_key(handlers)
    first = pick(handlers, key, "overview")["overview"]
    again = pick(handlers, key, "overview", x=0.9, drawn=first["key"])["overview"]
    assert again == {"same": True, "key": first["key"]}


def test_a_pick_on_an_unknown_photo_says_what_to_do(handlers: Handlers) -> None:
    answer = pick(handlers, "gone", "overview")
    assert "Drop it again" in answer["head"]["banner"]
    assert set(answer) == {"head"}


def test_a_pick_on_an_unknown_example_has_it_analysed_again(handlers: Handlers, checkpoint: Path) -> None:
    key = shown_key(handlers)
    fresh = Handlers(Session(checkpoint))
    fresh.session.predictor()
    answer = pick(fresh, key, "overview", ex="room-0")
    assert answer["again"] == "room-0"
    assert shown_key(fresh, answer["again"]) == key
    assert "inspector" in pick(fresh, key, "overview", ex="room-0")


def test_a_photo_that_made_room_is_followed_in_silence_by_every_part_of_the_page(
    handlers: Handlers, checkpoint: Path, tmp_path: Path
) -> None:
    few = Handlers(Session(checkpoint, kept=1))
    mine, other = (shown(one, tmp_path, seed=900) for one in (few, handlers))
    pinned = shown(few, tmp_path, seed=901)
    assert mine == other and few.session.find(mine) is None

    def make_room() -> None:
        shown(few, tmp_path, seed=902)
        assert few.session.find(mine) is None

    for tab in ("overview", "tpp", "bridge"):
        make_room()
        assert pick(few, mine, tab, x=0.7) == pick(handlers, mine, tab, x=0.7)
    make_room()
    assert few.reveal({"key": mine, "lesson": "bridge"}) == handlers.reveal({"key": mine, "lesson": "bridge"})
    make_room()
    assert "html" in Downloads(few.session).take({"what": "picture", "key": mine})
    make_room()
    pins = {"A": {"key": pinned}, "B": {"key": mine}}
    *_, last = few.run({"tab": "compare", "pins": pins}, mine)
    assert "pending" not in last["compare"] and last["compare"]["groups"]
    make_room()
    *_, last = few.change_checkpoint({"checkpoint": "untrained"}, mine)
    assert last["key"] == mine


def test_what_is_computed_comes_with_the_ticket_by_which_it_was_asked_for(handlers: Handlers, tmp_path: Path) -> None:
    mine = shown(handlers, tmp_path, seed=903)
    asked = {"tab": "interaction", "options": {"interaction.removal": "zero"}, "ticket": "the first"}
    answers = list(handlers.run(asked, mine))
    assert len(answers) > 1
    assert {part["ticket"] for answer in answers for part in answer.values()} == {"the first"}
    (refused,) = handlers.run(asked, "gone")
    assert refused["interaction"]["problem"] and refused["interaction"]["ticket"] == "the first"


def test_equal_photos_of_two_visitors_are_both_shown_though_the_file_is_read_once(
    handlers: Handlers, tmp_path: Path
) -> None:
    path = stored(tmp_path, seed=950)
    first, second = (list(handlers.photo({"path": str(path), "name": "photo.png"}))[-1] for _ in range(2))
    assert not path.exists() and first["key"] == second["key"]


def shown(handlers: Handlers, tmp_path: Path, seed: int) -> str:
    *_, last = handlers.photo({"path": str(stored(tmp_path, seed=seed)), "name": "mine.png"})
    return last["key"]


@pytest.mark.parametrize("forged", [["a"], {"a": 1}, 7, "", "../../etc", "0" * 24 + ":untrained"])
def test_a_forged_key_shows_nothing(handlers: Handlers, forged: Any) -> None:
    shown_key(handlers)
    assert set(pick(handlers, forged, "overview")) == {"head"}


def test_an_unknown_example_is_refused(handlers: Handlers) -> None:
    (answer,) = handlers.example({"id": "nowhere"})
    assert "no such example" in answer["rail"]["error"]


def test_the_selection_survives_another_photo(handlers: Handlers) -> None:
    *_, last = handlers.example({"id": "room-0", "x": 0.2, "y": 0.3, "task": "edge", "scale": 1, "tab": "bridge"})
    width, height = last["wire"]["photo"]["size"]
    assert f"{int(0.2 * width)}, {int(0.3 * height)}" in last["inspector"]["title"]
    assert "groups" in last["bridge"] and last["overview"]["stale"] and last["overview"]["key"] == last["key"]


def test_a_link_opens_the_page_as_it_was(handlers: Handlers) -> None:
    link = {"ex": "room-1", "tab": "tpp", "px": "0.25,0.75", "task": "edge", "head": "1", "scale": "0"}
    answer = handlers.open_page(link)
    assert answer["rail"]["chosen"] == "room-1" and "groups" in answer["tpp"]
    read = read_link(link | {"refinement.alpha": "1.5", "tpp.direction": "incoming"})
    assert (read["x"], read["y"], read["head"], read["scale"]) == (0.25, 0.75, 1, 0)
    assert read["options"] == {"refinement.alpha": 1.5, "tpp.direction": "incoming"}


def test_a_link_to_a_photo_of_ones_own_asks_for_the_photo(handlers: Handlers) -> None:
    answer = handlers.open_page({"photo": "own", "tab": "bridge", "px": "0.25,0.75"})
    assert "drop the photo to see that" in answer["rail"]["notes"][0]
    assert "groups" in answer["bridge"]
    assert not any("drop the photo" in note for note in handlers.open_page({})["rail"]["notes"])


@pytest.mark.parametrize(
    "link", [{}, {"px": "a,b", "head": "x", "scale": "99"}, {"tab": "nowhere", "task": "flow", "ex": "../etc"}]
)
def test_a_broken_link_opens_the_page_all_the_same(handlers: Handlers, link: dict[str, str]) -> None:
    answer = handlers.open_page(link)
    assert answer["key"] and "groups" in answer["overview"]


def test_a_damaged_checkpoint_is_told_and_the_others_are_offered_and_work(tmp_path: Path) -> None:
    save_untrained(tmp_path / "sound")
    shutil.copytree(tmp_path / "sound", tmp_path / "damaged")
    weights = tmp_path / "damaged" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    handlers = Handlers(Session(tmp_path / "damaged"))
    answer = handlers.open_page({})
    assert answer["head"]["kind"] == "alarm" and "damaged could not be loaded" in answer["head"]["banner"]
    assert answer["head"]["checkpoints"] == ["damaged", "sound"]
    assert handlers.session.ready
    *_, last = handlers.change_checkpoint({"checkpoint": "sound"}, None)
    assert last["head"]["title"] == "sound" and "groups" in last["overview"]


def test_metrics_that_are_no_numbers_do_not_keep_a_checkpoint_from_opening(checkpoint: Path) -> None:
    session = Session(checkpoint)
    predictor = session.predictor()
    for part, fact in (
        ({"miou": "many"}, "mIoU unreadable"), ({"miou": 10**400}, "mIoU unreadable"), ("good", "mIoU unreadable"),
        ({"miou": float("nan")}, "mIoU unreadable"), ([1, 2], "mIoU unreadable"), ({"miou": True}, "mIoU unreadable"),
        ({"miou": None}, "mIoU no valid pixel"), (None, "mIoU no valid pixel"), ({}, "not evaluated"),
    ):  # fmt: skip
        session._predictors[predictor.name] = replace(predictor, metrics={"semseg": part})
        assert checkpoint_chip(session)["facts"][2:] == [fact]


def test_every_choice_ends_with_its_own_ticket_whether_a_photo_comes_of_it_or_not(
    handlers: Handlers, tmp_path: Path
) -> None:
    path = stored(tmp_path, seed=77)
    first = {"path": str(path), "name": "photo.png", "ticket": "1" * 32}
    *_, shown = handlers.show(first)
    assert shown["wire"]["ended"] == "1" * 32 and shown["wire"]["photo"]["checkpoint"] == "untrained"
    # The same upload once more, as where another checkpoint was chosen before the photo was shown: its file is gone.
    *_, again = handlers.show(first | {"ticket": "2" * 32, "checkpoint": "untrained"})
    assert again["wire"]["photo"]["key"] == shown["key"] and again["wire"]["ended"] == "2" * 32
    for wrong in (
        {"path": "gone.png"},
        {"key": "gone:untrained"},
        {"ex": "no such"},
        {"ex": "room-0", "checkpoint": "x"},
    ):
        *_, refused = handlers.show(wrong | {"ticket": "3" * 32})
        assert refused["wire"] == {"ended": "3" * 32} and refused["rail"]["error"]


def test_a_reload_shows_the_own_photo_by_its_key_and_says_where_it_is_gone(handlers: Handlers, tmp_path: Path) -> None:
    *_, shown = handlers.photo({"path": str(stored(tmp_path, seed=78)), "name": "mine.png"})
    link = {"photo": "own", "tab": "bridge", "scale": "²"}
    opened = handlers.open_page(link, shown["key"])
    assert opened["key"] == shown["key"] and "groups" in opened["bridge"] and opened["wire"]["ended"] == "open"
    assert "scale=²" in opened["head"]["banner"] and "photo" not in opened["head"]["banner"]
    lost = "0" * 24 + ":untrained"
    # The page takes it out of the row of own photos.
    *_, refused = handlers.show({"key": lost})
    assert "no longer has this photo" in refused["rail"]["error"] and refused["rail"]["gone"] == lost
    gone = handlers.open_page(link, lost)
    assert gone["rail"]["gone"] == lost and "gone" not in opened["rail"]
    assert "no longer has your photo" in gone["head"]["banner"] and gone["key"] != shown["key"]


def test_a_link_to_a_view_that_the_network_lacks_opens_another(bare_checkpoint: Path) -> None:
    opened = Handlers(Session(bare_checkpoint)).open_page({"tab": "bridge", "ex": "room-0"})
    assert "groups" in opened["overview"] and "tab=bridge" in opened["head"]["banner"]


def test_an_unknown_checkpoint_is_refused_with_those_there_are(handlers: Handlers) -> None:
    *_, last = handlers.change_checkpoint({"checkpoint": "../elsewhere"}, shown_key(handlers))
    assert "Choose one of untrained" in last["head"]["banner"]


def test_the_ticket_is_handed_in_when_the_answer_is_there(handlers: Handlers) -> None:
    ticket, later = "0" * 32, "1" * 32
    assert handlers.line.ask(ticket)["turn"]
    answers = handlers.in_turn({"ticket": ticket}, handlers.example({"id": "room-0"}))
    next(answers)
    assert handlers.line.ask(later)["before"] == 1
    list(answers)
    assert handlers.line.ask(later)["turn"]


def test_a_visitor_who_goes_away_in_between_makes_room(handlers: Handlers) -> None:
    ticket, later = "0" * 32, "1" * 32
    answers = handlers.in_turn({"ticket": ticket}, handlers.example({"id": "room-0"}))
    next(answers)
    answers.close()
    assert handlers.line.ask(later)["turn"]


def test_the_head_of_the_page_names_checkpoint_size_and_metrics(session: Session) -> None:
    chip = checkpoint_chip(session)
    assert chip["title"] == "untrained"
    assert chip["facts"][0] == "6 tasks" and chip["facts"][1].endswith(" M")
    assert chip["facts"][2:] == ["mIoU 12.3", "rmse 0.45 m"]


def test_the_answers_end_when_their_visitor_leaves_and_the_work_hears_of_it(handlers: Handlers) -> None:
    ticket, ended = f"{7:032x}", []

    def work() -> Generator[dict[str, Any]]:
        try:
            while True:
                yield {}
        finally:
            ended.append(True)

    answers = handlers.in_turn({"ticket": ticket}, work())
    assert next(answers) == {}
    handlers.line.leave(ticket)
    assert list(answers) == []
    assert ended == [True]
