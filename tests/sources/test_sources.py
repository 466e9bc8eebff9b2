import sys
from pathlib import Path

import pytest

from bridgenet import PRESETS, SOURCES, sources
from bridgenet.config import TrainConfig
from bridgenet.reading.sample import DataError
from bridgenet.tasks import TASKS


@pytest.mark.parametrize("name", SOURCES)
def test_a_data_set_is_called_as_its_file_and_names_the_classes_of_its_tasks(name: str) -> None:
    source = SOURCES[name]
    assert source.name == name
    assert set(source.classes) == {task for task in source.tasks if TASKS[task].kind == "classes"}
    assert all(task is None or task in source.tasks for task in source.limits)


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda preset: preset.name)
def test_a_preset_learns_all_that_its_data_set_knows(preset: TrainConfig) -> None:
    assert list(preset.model.tasks.items()) == list(SOURCES[preset.data.name].channels.items())


def test_an_unknown_data_set_is_answered_with_what_to_do() -> None:
    with pytest.raises(DataError, match=r"know the data set mars here: put .* mars\.py, into bridgenet/sources"):
        sources.find_source("mars")


@pytest.mark.parametrize("text", ["", "from bridgenet.sources.nyud import SOURCE"])
def test_a_file_that_is_no_data_set_of_its_name_is_named(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lost.py").write_text(text)
    monkeypatch.setattr(sources, "__path__", [*sources.__path__, str(tmp_path)])
    with pytest.raises(ImportError, match="bridgenet/sources/lost is no data set: it needs SOURCE"):
        sources._listed()
    sys.modules.pop("bridgenet.sources.lost", None)
