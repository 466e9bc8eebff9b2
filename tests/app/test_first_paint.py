import json
from pathlib import Path

from app.first_paint import FIRST, LARGEST
from app.first_values import FILE, first_values
from app.page import example_strip
from app.tabs import TABS
from bridgenet.examples import EXAMPLES


def test_the_bundled_picture_is_small_and_complete() -> None:
    assert FILE.stat().st_size < LARGEST
    values = json.loads(FILE.read_text(encoding="utf-8"))
    assert {"head", "rail", "way", "wire", "inspector", *FIRST} == set(values)
    # The bundled network has a bridge, so its tasks do not meet in pairs.
    assert [tab["name"] for tab in values["way"]["tabs"]] == [name for name in TABS if name != "pairs"]
    assert [entry["id"] for entry in values["rail"]["examples"]] == list(EXAMPLES)


def test_the_head_says_that_the_network_is_warming_up() -> None:
    name = json.loads(FILE.read_text(encoding="utf-8"))["head"]["title"]
    assert "warming up" in first_values(Path(name))["head"]["banner"]


def test_a_picture_of_another_checkpoint_is_called_by_its_name() -> None:
    name = json.loads(FILE.read_text(encoding="utf-8"))["head"]["title"]
    banner = first_values(Path("another"))["head"]["banner"]
    assert banner.startswith("another is warming up") and name in banner


def test_without_the_file_the_page_starts_empty(tmp_path: Path) -> None:
    values = first_values(Path("any"), tmp_path / "missing.json")
    assert values["head"]["title"] == "any" and values["rail"]["examples"] == []


def test_examples_without_a_thumbnail_are_left_out() -> None:
    assert [entry["id"] for entry in example_strip({"coffee": "data:,"})] == ["coffee"]
