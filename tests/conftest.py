from __future__ import annotations

import gc
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # Who hands the tests out to workers reads this file, too, and needs neither PyTorch nor a network.
    from bridgenet.config import ModelConfig
    from bridgenet.model.bridgenet import BridgeNet

SIX_TASKS = {"semseg": 14, "human_parts": 7, "depth": 1, "normals": 3, "sal": 2, "edge": 1}


NO_CHROMIUM = "There is no Chromium on the PATH; on Debian: apt-get install chromium."


def find_chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def pytest_sessionstart() -> None:
    """Where a browser is required, no browser test may be skipped for want of one."""
    if os.environ.get("BRIDGENET_REQUIRE_BROWSER") and find_chromium() is None:
        raise pytest.UsageError(f"BRIDGENET_REQUIRE_BROWSER is set. {NO_CHROMIUM}")


def pytest_xdist_auto_num_workers() -> int:
    """Three workers for two cores: with a browser, half of the time is spent waiting for the studio."""
    return 3 * (os.cpu_count() or 1) // 2


# What is imported stays: the garbage collector would look through it again and again, for seconds.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Notebooks come first: their kernels were seen to wait for ever in a process that had served the studio before.

    Then files that take long, with a browser or without, so that no worker is left alone with one at the end.
    """
    import torch

    long = {item.path for item in items if item.get_closest_marker("slow") or item.get_closest_marker("browser")}
    items.sort(key=lambda item: (item.path.name != "test_notebooks.py", item.path not in long))
    if not torch.cuda.is_available():
        for item in items:
            if item.get_closest_marker("gpu"):
                item.add_marker(pytest.mark.skip(reason="There is no GPU that PyTorch can use."))


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Derived maps of this test run stay in this test run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRIDGENET_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium. Without one the test is skipped."""
    path = find_chromium()
    if path is None:
        pytest.skip(NO_CHROMIUM)
    return path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system in memory, see `disks.resize`. Where this account may mount none, the test is skipped."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True, check=False).returncode != 0:
        pytest.skip("This account may mount no file system.")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture
def nyud_root() -> Path:
    """Folder of the real NYU Depth v2."""
    return _folder("BRIDGENET_DATA") / "nyud"


@pytest.fixture
def reference_root() -> Path:
    """Folder of the numbers recorded from the authors' release."""
    return _folder("BRIDGENET_REFERENCE")


def _folder(variable: str) -> Path:
    if variable not in os.environ:
        pytest.skip(f"{variable} does not name a folder.")
    return Path(os.environ[variable])


@pytest.fixture(scope="session")
def tiny_config() -> ModelConfig:
    """All six tasks, in a network that computes in a moment."""
    from bridgenet.config import BackboneConfig, ModelConfig

    return ModelConfig(
        tasks=dict(SIX_TASKS),
        backbone=BackboneConfig(name="test_efficientnet"),
        embed_width=24,
        prediction_width=8,
        refiner_blocks=(1, 1, 1),
        drop_path=0.0,
    )


@pytest.fixture
def tiny_model(tiny_config: ModelConfig) -> BridgeNet:
    """A small BridgeNet with the same random weights in every test, in evaluation mode."""
    import torch

    from bridgenet.model import build_model

    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build_model(tiny_config).eval()
