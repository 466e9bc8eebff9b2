import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from networks import photo

from app.memory import MOST_BYTES
from app.session import Session, StudioError


def test_a_photo_is_computed_once(session: Session) -> None:
    assert session.analyse(photo(seed=1), title="one") is session.analyse(photo(seed=1), title="one")


def test_another_photo_has_another_key(session: Session) -> None:
    assert session.analyse(photo(seed=1), title="one").key != session.analyse(photo(seed=2), title="one").key


def test_the_oldest_analyses_are_released(checkpoint: Path) -> None:
    session = Session(checkpoint, kept=3)
    first, *others = (session.analyse(photo(seed=100 + seed), title="one") for seed in range(4))
    assert session.find(first.key) is None
    assert all(session.find(other.key) is other for other in others)


def test_analyses_of_two_visitors_are_found_by_their_own_keys_alone(session: Session) -> None:
    one, other = (session.analyse(photo(seed=seed), title="mine") for seed in (41, 42))
    assert session.find(one.key) is one and session.find(other.key) is other
    for forged in (None, 7, ["a"], "", one.key[:-1], one.key.upper(), f"../{one.key}"):
        assert session.find(forged) is None


def test_what_an_analysis_remembers_is_bounded(session: Session) -> None:
    analysis = session.analyse(photo(seed=43), title="much")
    for number in range(30):
        analysis.memory[f"view.{number}"] = np.zeros(MOST_BYTES // 10, np.uint8)
    assert analysis.memory.size <= MOST_BYTES
    assert "view.29" in analysis.memory and "view.0" not in analysis.memory


def test_a_checkpoint_that_cannot_be_loaded_says_so(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(StudioError, match="could not be loaded"):
        Session(tmp_path).predictor()


def test_the_page_is_built_without_torch(checkpoint: Path) -> None:
    code = (
        "import sys; from app.demo import build_demo; from app.first_paint import first_values; "
        "from app.session import Session; from pathlib import Path; "
        f"folder = Path({str(checkpoint)!r}); build_demo(Session(folder), first_values(folder)); "
        "print([name for name in ('torch', 'timm', 'matplotlib') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert result.stdout.strip().endswith("[]")
