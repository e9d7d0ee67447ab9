"""Files that are there whole or not at all, and a lock that a dead process cannot keep."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

POLL_SECONDS = 0.02


class NotDone(OSError):
    """Nothing was changed."""


@contextmanager
def locked(path: Path, patience: float) -> Iterator[None]:
    """One holder at a time over all processes that see `path`. Raises NotDone, also after `patience` seconds."""
    try:
        file = path.open("ab")
    except OSError as error:
        raise NotDone(f"the lock cannot be opened: {error.strerror}") from error
    with file:
        wait_for(file.fileno(), patience)
        yield


def wait_for(lock: int, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise NotDone(f"another worker has had the outbox for {patience:g} s") from None
            time.sleep(POLL_SECONDS)
        except OSError as error:
            raise NotDone(f"the folder's file system gives no locks: {error.strerror}") from error
        else:
            return


def write_whole(path: Path, content: bytes) -> None:
    """Replace `path`. Raises NotDone; any other OSError leaves it open whether a crash of the machine undoes it."""
    new = path.with_name(f"{path.name}.new")
    try:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise NotDone(f"{path.name} cannot be written: {error.strerror}") from error
    keep(path.parent)


def move(path: Path, to: Path) -> None:
    """Rename within one file system."""
    path.replace(to)
    keep(to.parent)


def keep(folder: Path) -> None:
    """What was renamed into `folder` outlives the machine's fall."""
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
