"""Files that appear whole or not at all, and folders into which one program writes at a time.

Every file that the project leaves behind is written here. A program that is killed, a disk that is full and a folder
that nobody may write into leave what was there before; what the system said becomes a sentence.
"""

import errno
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from threading import get_native_id
from typing import IO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK_FILE = ".writing"

_FULL = (errno.ENOSPC, errno.EDQUOT)
_UNSUPPORTED = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)
_HELD = (errno.EACCES, errno.EAGAIN)
_FULL_BELOW = 1 << 20
"""A disk with less room than this is full: some libraries do not hand on why they could not write."""


class WriteError(OSError):
    """A file or folder cannot be written. The message says why and what to do."""


class BusyError(WriteError):
    """Another program is writing into the folder."""


@contextmanager
def replacing(path: Path, shared: bool = False) -> Iterator[IO[bytes]]:
    """A file that takes the place of `path`, with its content safely on the disk, when the block ends without error.

    Folders above it are made. If anything fails, `path` is what it was and nothing else is left.

    Args:
        path: The file to write. A pipe or a device is written to directly.
        shared: Several processes or threads may write it at once. What a killed one leaves is then not tidied up by the
            next.

    Raises:
        WriteError: It cannot be written.
    """
    with explaining(path):
        # A link stays a link; /dev/stdout is one, too.
        target = path.resolve()
        if target.exists() and not target.is_file() and not target.is_dir():
            with target.open("wb") as file:
                yield file
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = _temporary(target, shared)
        try:
            with temporary.open("wb") as file:
                yield file
                file.flush()
                _synchronise(file.fileno())
            temporary.replace(target)
        finally:
            with suppress(OSError):
                temporary.unlink()
        _synchronise_folder(target.parent)


def write_text(path: Path, text: str) -> None:
    """Replaces a text file as a whole. Bytes of a file's name that are no UTF-8 are escaped as in JSON.

    Raises:
        WriteError: It cannot be written.
    """
    with replacing(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))


def check_writable(path: Path) -> None:
    """Finds out before long work that a file can be written.

    Raises:
        WriteError: It cannot.
    """
    with explaining(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if path.exists() and not path.is_file():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _temporary(path.resolve(), shared=True)
        temporary.touch()
        temporary.unlink()


def write_any_letter() -> None:
    """Lets letters that the terminal's code page lacks be escaped, so that no word is lost and nothing fails."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def explaining(path: Path) -> Iterator[None]:
    """What the system says about writing `path` inside, as a sentence.

    Raises:
        WriteError: Writing failed.
    """
    try:
        yield
    except WriteError:
        raise
    except OSError as error:
        raise WriteError(_sentence(path, error)) from error


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Keeps other programs from writing into a folder while the block lasts, however it ends.

    The lock is the system's and belongs to this process alone: it ends with it, also when it is killed, and children
    do not inherit it. Where the file system knows no locks, there is none. A folder that was made for it and stayed
    empty is removed.

    Raises:
        BusyError: Another program writes into the folder.
        WriteError: Nobody can.
    """
    path, made = folder / LOCK_FILE, not folder.exists()
    with explaining(folder):
        folder.mkdir(parents=True, exist_ok=True)
        file = _open_locked(path)
        with suppress(OSError):
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}".encode())
            file.flush()
    try:
        yield
    finally:
        # First the name, then the lock: nobody locks a file that is about to go.
        with suppress(OSError):
            path.unlink()
        with suppress(OSError):
            file.close()
        if made:
            with suppress(OSError):
                folder.rmdir()


def _open_locked(path: Path) -> IO[bytes]:
    while True:
        file = path.open("a+b")
        if not _lock(file):
            file.seek(0)
            holder = file.read().decode(errors="replace") or "another program"
            file.close()
            raise BusyError(
                f"Another run is writing into {str(path.parent)!r} ({holder}). "
                "Wait until it has ended, or choose another folder."
            )
        with suppress(FileNotFoundError):
            if os.path.samestat(path.stat(), os.fstat(file.fileno())):
                return file
        # Who held it before removed it between our opening and our locking.
        file.close()


def _lock(file: IO[bytes]) -> bool:
    """Whether nobody else has the lock. A file system without locks lets everybody in."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            # Not flock: the workers of a killed run would hold that for some seconds more.
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _HELD
    return True


def _temporary(path: Path, shared: bool) -> Path:
    # Short, for a name may already be as long as the system allows.
    owner = f".{os.getpid()}-{get_native_id()}" if shared else ""
    return path.with_name(f".{path.name[:40]}{owner}.tmp")


def _synchronise(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network and memory file systems have nothing to synchronise. A full disk may be noticed here first.
        if error.errno not in _UNSUPPORTED:
            raise


def _synchronise_folder(folder: Path) -> None:
    """Makes the new name last through a power failure, where the system can: Windows and some mounts refuse."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sentence(path: Path, error: OSError) -> str:
    advice = "Choose another place."
    match error.errno:
        case errno.EACCES | errno.EPERM:
            reason, advice = "this account may not write there", "Allow writing there, or choose another place."
        case errno.EROFS:
            reason, advice = "the file system is read-only", "Allow writing there, or choose another place."
        case errno.EISDIR:
            reason = "there is a folder of this name"
        case errno.ENOTDIR | errno.EEXIST:
            reason = f"{str(_in_the_way(path))!r} is a file, not a folder"
        case number if number in _FULL or (number is None and _is_full(path)):
            reason, advice = "no space is left on the disk", "Make room and give the same command again."
        case _:
            reason = error.strerror or str(error) or type(error).__name__
    return f"Cannot write to {str(path)!r}: {reason}. What was there before is untouched. {advice}"


def _in_the_way(path: Path) -> Path:
    """The file at or above a path where there should be a folder."""
    return next((place for place in (path, *path.parents) if place.is_file()), path)


def _is_full(path: Path) -> bool:
    there = next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())
    return shutil.disk_usage(there).free < _FULL_BELOW
