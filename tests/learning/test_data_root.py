from pathlib import Path

import pytest

from bridgenet.config import DataConfig
from bridgenet.data import DataError
from bridgenet.learning.data_root import locate_data


def test_made_rooms_lie_nowhere_and_a_folder_for_them_is_refused() -> None:
    assert locate_data(DataConfig("made_rooms"), None).root is None
    with pytest.raises(DataError, match=r"made_rooms reads no folder, .* from anywhere\. Leave --data-root out"):
        locate_data(DataConfig("made_rooms"), Path("anywhere"))


def test_what_is_asked_for_comes_before_the_config_and_the_shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGENET_DATA", "/shelf")
    configured = DataConfig("nyud", root=Path("configured"))
    assert locate_data(configured, Path("asked")).root == Path("asked")
    assert locate_data(configured, None).root == Path("configured")
    assert locate_data(DataConfig("nyud"), None).root == Path("/shelf/nyud")


def test_an_unknown_place_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BRIDGENET_DATA", raising=False)
    with pytest.raises(DataError, match="--data-root DIR"):
        locate_data(DataConfig("nyud"), None)
