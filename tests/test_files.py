import multiprocessing
import os
import signal
import sys
import time
from io import BytesIO, TextIOWrapper
from pathlib import Path

import numpy as np
import pytest
from disks import resize

from bridgenet.files import (
    LOCK_FILE,
    WriteError,
    check_writable,
    replacing,
    sole_writer,
    write_any_letter,
    write_text,
)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def interrupted(path: Path) -> None:
    with replacing(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt


def test_a_file_that_could_not_be_finished_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "training.pt"
    path.write_bytes(b"old")
    with pytest.raises(TypeError), replacing(path) as file:
        file.writelines([b"half of the n", None])
    with pytest.raises(KeyboardInterrupt):
        interrupted(path)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["training.pt"]
    with replacing(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert names(tmp_path) == ["training.pt"]


def test_a_full_disk_is_a_sentence_and_leaves_the_old_file(small_disk: Path) -> None:
    path = small_disk / "kept.npy"
    resize(small_disk, "64k")
    write_text(path, "old")
    with (
        pytest.raises(WriteError, match=r"kept\.npy': no space is left on the disk\..* untouched"),
        replacing(path) as file,
    ):
        np.save(file, np.zeros(100_000))
    assert path.read_text() == "old"
    assert names(small_disk) == ["kept.npy"]


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path / "file" / "new", tmp_path / "file" / "below" / "new"):
        for write in (
            lambda path: write_text(path, "text"),
            check_writable,
            lambda path: sole_writer(path).__enter__(),
        ):
            with pytest.raises(WriteError, match=r"/file' is a file, not a folder"):
                write(path)
    (tmp_path / "folder").mkdir()
    for write in (lambda path: write_text(path, "text"), check_writable):
        with pytest.raises(WriteError, match="there is a folder of this name"):
            write(tmp_path / "folder")
    assert names(tmp_path) == ["file", "folder"]


def test_a_folder_that_nobody_may_write_is_refused_before_long_work() -> None:
    # Nobody may write there, not even root.
    for place in (Path("/proc/nowhere"), Path("/proc/nowhere/below")):
        with pytest.raises(WriteError, match="Cannot write to"):
            check_writable(place)


def test_a_device_is_written_to_and_not_replaced() -> None:
    write_text(Path(os.devnull), "text")
    check_writable(Path(os.devnull))
    assert Path(os.devnull).is_char_device()


def test_a_name_as_long_as_the_system_allows_can_be_written(tmp_path: Path) -> None:
    write_text(tmp_path / ("é" * 127), "text")
    assert (tmp_path / ("é" * 127)).read_text() == "text"


@pytest.mark.parametrize("refusal", ["open", "fsync"])
def test_a_system_that_cannot_synchronise_a_folder_is_written_to(
    refusal: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_open, true_fsync = os.open, os.fsync

    def refused_open(path: str | Path, *arguments: int, **options: int) -> int:
        if Path(path).is_dir():
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return true_open(path, *arguments, **options)

    def refused_fsync(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").is_dir():
            raise OSError(22, "Invalid argument")
        true_fsync(descriptor)

    monkeypatch.setattr(os, refusal, refused_open if refusal == "open" else refused_fsync)
    write_text(tmp_path / "file", "text")
    assert (tmp_path / "file").read_text() == "text"


def hold(folder: Path, ready: Path) -> None:
    with sole_writer(folder):
        # A child, as the workers of a run are.
        multiprocessing.get_context("fork").Process(target=time.sleep, args=(5,)).start()
        ready.touch()
        time.sleep(60)


def test_a_second_writer_is_refused_until_the_first_has_ended_or_is_killed(tmp_path: Path) -> None:
    folder, ready = tmp_path / "run", tmp_path / "ready"
    first = multiprocessing.get_context("fork").Process(target=hold, args=(folder, ready))
    first.start()
    while not ready.exists():
        assert first.is_alive()
        time.sleep(0.01)
    with (
        pytest.raises(WriteError, match=rf"Another run is writing into .*run' \(process {first.pid} on "),
        sole_writer(folder),
    ):
        pass
    assert names(folder) == [LOCK_FILE]
    os.kill(first.pid or 0, signal.SIGKILL)
    first.join()
    with sole_writer(folder):
        assert names(folder) == [LOCK_FILE]
    assert names(folder) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has locks of its own.")
def test_a_file_system_without_locks_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno
    import fcntl

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "lockf", refuse)
    with sole_writer(tmp_path):
        write_text(tmp_path / "file", "text")
    assert names(tmp_path) == ["file"]


def test_a_letter_that_the_terminal_lacks_is_escaped_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    told = BytesIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(told, encoding="cp1251", write_through=True))
    write_any_letter()
    print("640 × 480, caf\udce9")  # noqa: T201
    assert told.getvalue() == b"640 \\xd7 480, caf\\udce9\n"
