import socket
from pathlib import Path

import pytest

from app.main import choose_port, find_checkpoint, main


def test_a_missing_checkpoint_lists_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"no checkpoint in .*nowhere"):
        find_checkpoint(tmp_path / "nowhere")


def test_a_checkpoint_is_found_by_its_config(checkpoint: Path) -> None:
    assert find_checkpoint(checkpoint) == checkpoint


def test_a_taken_port_that_was_asked_for_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SystemExit, match="is taken"):
            choose_port("127.0.0.1", taken.getsockname()[1])


def test_without_a_wish_a_free_port_is_found() -> None:
    assert 7860 <= choose_port("127.0.0.1", None) < 7960


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5"])
def test_strangers_are_let_in_only_on_demand(host: str, checkpoint: Path) -> None:
    with pytest.raises(SystemExit, match="--allow-remote"):
        main(["--checkpoint", str(checkpoint), "--host", host])
