from pathlib import Path

import pytest

from app.program import studio


def test_a_studio_that_ends_says_why(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no checkpoint in"), studio(tmp_path / "none", tmp_path / "run"):
        pass
