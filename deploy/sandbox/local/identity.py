"""Who a process is: its pid together with the moment it started."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

ZOMBIE = "Z"


@dataclass(frozen=True, slots=True)
class Identity:
    """`started` is opaque: only equality on the same machine and boot means anything."""

    pid: int
    started: str


def identify(pid: int) -> Identity | None:
    """The living process with this pid; None when there is none, or only a zombie."""
    state, started = _state_from_proc(pid) if Path("/proc/self/stat").exists() else _state_from_ps(pid)
    return Identity(pid, started) if started and not state.startswith(ZOMBIE) else None


def _state_from_proc(pid: int) -> tuple[str, str]:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "", ""
    # proc(5): state is field 3, starttime 22; the command's name, field 2 in brackets, may hold anything.
    fields = stat.rpartition(")")[2].split()
    return fields[0], fields[19]


def _state_from_ps(pid: int) -> tuple[str, str]:
    answer = subprocess.run(["ps", "-o", "state=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    state, _, started = answer.stdout.strip().partition(" ")
    return state, started.strip()
