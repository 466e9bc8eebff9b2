from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.handlers import SKIP, VIEWS, Handlers, checkpoint_chip, uploaded_file
from app.session import Session, StudioError

EMPTY: dict[str, Any] = {}


@pytest.fixture
def handlers(session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Handlers:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return Handlers(session)


def stored(tmp_path: Path, content: bytes | None = None) -> Path:
    path = tmp_path / "photo.png"
    if content is None:
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 80, 3), dtype=np.uint8)).save(path)
    else:
        path.write_bytes(content)
    return path


def values(answer: list[Any]) -> dict[str, Any]:
    return dict(zip(("key", "selection", "head", "rail", "way", *VIEWS), answer, strict=True))


def test_a_photo_gives_all_views_after_saying_what_it_does(handlers: Handlers, tmp_path: Path) -> None:
    *stages, last = handlers.photo({"path": str(stored(tmp_path)), "name": "photo.png"}, EMPTY)
    assert [values(stage)["head"]["banner"] for stage in stages] == [
        "Reading the photo …", "Asking the network …", "Drawing the maps …",
    ]  # fmt: skip
    shown = values(last)
    assert len(shown["overview"]["groups"][0]["maps"]) == 7
    assert shown["key"] == shown["overview"]["key"]
    assert shown["rail"]["error"] == "" and shown["head"]["banner"] == ""


def test_an_upload_is_deleted_once_it_is_read(handlers: Handlers, tmp_path: Path) -> None:
    path = stored(tmp_path)
    list(handlers.photo({"path": str(path), "name": "photo.png"}, EMPTY))
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"just text", b"\x89PNG\r\n\x1a\n broken"])
def test_a_bad_file_is_explained_and_deleted_and_the_views_stay(
    handlers: Handlers, tmp_path: Path, content: bytes
) -> None:
    path = stored(tmp_path, content)
    *_, last = handlers.photo({"path": str(path), "name": "bad.png"}, EMPTY)
    shown = values(last)
    assert len(shown["rail"]["error"]) > 20 and "Traceback" not in shown["rail"]["error"]
    assert all(shown[view] == SKIP for view in VIEWS)
    assert not path.exists()


@pytest.mark.parametrize("path", ["/etc/hostname", "../../etc/passwd", "", None, 7])
def test_no_file_of_the_machine_is_read_through_the_page(handlers: Handlers, path: Any) -> None:
    with pytest.raises(StudioError):
        uploaded_file(path)
    *_, last = handlers.photo({"path": path, "name": "x"}, EMPTY)
    assert "did not arrive" in values(last)["rail"]["error"]


def test_three_pixels_have_three_attention_rows(handlers: Handlers) -> None:
    *_, last = handlers.example({"id": "room-0"}, EMPTY)
    key, before = last[:2]
    rows = []
    for x, y in ((0.1, 0.2), (0.9, 0.2), (0.9, 0.8)):
        shown = dict(zip(("selection", "head", *VIEWS), handlers.pick({"x": x, "y": y}, key, before), strict=True))
        rows.append({view: str(shown[view]["groups"][0]["maps"]) for view in ("tpp", "bridge")})
    assert len({row["tpp"] for row in rows}) == len({row["bridge"] for row in rows}) == 3


def test_a_pick_leaves_the_predictions_alone_and_the_features_follow_only_the_task(handlers: Handlers) -> None:
    *_, last = handlers.example({"id": "room-0"}, EMPTY)
    key, before = last[:2]
    same = dict(zip(("selection", "head", *VIEWS), handlers.pick({"x": 0.1, "y": 0.1}, key, before), strict=True))
    assert same["overview"] == SKIP and same["features"] == SKIP
    other = dict(
        zip(
            ("selection", "head", *VIEWS), handlers.pick({"x": 0.1, "y": 0.1, "task": "edge"}, key, before), strict=True
        )
    )
    assert other["overview"] == SKIP and other["features"] != SKIP


def test_a_pick_on_a_released_photo_says_what_to_do(handlers: Handlers) -> None:
    _, head, *views = handlers.pick({"x": 0.1, "y": 0.1}, "gone", EMPTY)
    assert "Drop it again" in head["banner"]
    assert all(view == SKIP for view in views[:-1])


def test_every_pick_is_answered_under_its_own_number(handlers: Handlers) -> None:
    *_, last = handlers.example({"id": "room-0"}, EMPTY)
    assert handlers.pick({"turn": 5}, *last[:2])[-1]["turn"] == 5
    assert handlers.pick({"turn": 6}, None, EMPTY)[-1] == {"turn": 6}


def test_an_unknown_example_is_refused(handlers: Handlers) -> None:
    (answer,) = handlers.example({"id": "nowhere"}, EMPTY)
    assert "no such example" in values(answer)["rail"]["error"]


def test_the_selection_survives_another_photo(handlers: Handlers) -> None:
    chosen = {"x": 0.2, "y": 0.3, "task": "edge", "scale": 1, "head": 0}
    *_, last = handlers.example({"id": "room-0"}, chosen)
    assert values(last)["selection"] == chosen


def test_the_head_of_the_page_names_checkpoint_size_and_metrics(session: Session) -> None:
    chip = checkpoint_chip(session)
    assert chip["title"] == "untrained"
    assert chip["facts"][0] == "6 tasks" and chip["facts"][1].endswith(" M")
    assert chip["facts"][2:] == ["mIoU 12.3", "rmse 0.45 m"]
