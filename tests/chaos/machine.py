"""What a run asks of the machine below the parts: small disks, and a clock that can be set for one process.

Both need something that not every machine has; where it is missing, that fault is skipped by name.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

LIBRARIES = Path("/usr/lib")
TELLING_TIME = "*/faketime/libfaketimeMT.so.1"


def small_file_system(place: Path, megabytes: int) -> bool:
    """A file system of its own for what will lie at `place`; False where this machine does not allow that."""
    place.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "chaos", str(place)]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def unmount(place: Path) -> None:
    """After `small_file_system`, whether it was one or not."""
    if place.is_mount():
        subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False)


def fill(place: Path) -> Path:
    """A file that takes all the room that is left there."""
    ballast = place / "ballast"
    with ballast.open("wb") as file, contextlib.suppress(OSError):
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(place).free)
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
    return ballast


def checked_out(reference: str, place: Path) -> Path:
    """The product as it was at a commit. Raises subprocess.CalledProcessError where that commit is not here."""
    subprocess.run(["git", "worktree", "prune"], check=True)
    subprocess.run(["git", "worktree", "add", "--force", "--detach", str(place), reference], check=True)
    return place


class Clock:
    """Of one process: it reads `file` again and again (libfaketime does that for it)."""

    def __init__(self, library: Path, file: Path) -> None:
        self._library = library
        self._file = file
        self.set(0)

    def set(self, hours: float) -> None:
        """That much ahead of the real time, or behind."""
        self._file.write_text(f"{hours:+.2f}h\n", encoding="utf-8")

    @property
    def environment(self) -> Mapping[str, str]:
        """Of the process. What only measures durations is left alone, as when somebody sets a machine's clock."""
        return {
            "LD_PRELOAD": str(self._library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


def clock_at(file: Path) -> Clock | None:
    """None where there is no libfaketime."""
    library = next(iter(sorted(LIBRARIES.glob(TELLING_TIME))), None)
    return Clock(library, file) if library else None
