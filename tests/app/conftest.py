from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from networks import photo, save_untrained

from app.analysis.selection import Selection
from app.analysis.session import Analysis, Session


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_untrained(tmp_path_factory.mktemp("checkpoints") / "untrained")


@pytest.fixture(scope="session")
def bare_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without TPP and without a bridge."""
    return save_untrained(tmp_path_factory.mktemp("bare") / "bare", tpp=False, bfe=False)


@pytest.fixture(scope="session")
def session(checkpoint: Path) -> Session:
    # Fixtures of many tests hold analyses of it: none is released meanwhile.
    session = Session(checkpoint, kept=1000)
    session.predictor()
    return session


@pytest.fixture(scope="session")
def analysis(session: Session) -> Analysis:
    return session.analyse(photo(), title="noise")


@pytest.fixture
def selection() -> Selection:
    return Selection(x=0.4, y=0.6, task="depth")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Equal bits need equal numbers of threads, in the fixtures of a module too."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
