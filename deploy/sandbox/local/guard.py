"""One small process per starting process: it kills what was started when the starter's pipe to it closes.

The kernel closes the pipe also when the starter is killed. (PR_SET_PDEATHSIG is Linux's alone, and fires
already when the *thread* that started the child ends.)
"""

import atexit
import os
import signal
import subprocess
import sys
import threading

from deploy.sandbox.local.identity import Identity, identify

_guards: dict[int, "subprocess.Popen[bytes]"] = {}
_one_at_a_time = threading.Lock()


def watch(identity: Identity) -> None:
    """Have this process killed when ours ends, however ours ends."""
    with _one_at_a_time:
        pipe = _guard().stdin
        if pipe is None:
            raise RuntimeError("the guard has no pipe")
        pipe.write(f"{identity.pid} {identity.started}\n".encode())
        pipe.flush()


def main() -> None:
    watched = [_parse(line) for line in sys.stdin]
    for identity in reversed(watched):
        if identify(identity.pid) == identity:
            os.kill(identity.pid, signal.SIGKILL)


def _guard() -> "subprocess.Popen[bytes]":
    # Keyed by our pid: a forked copy of us must not share its parent's guard.
    if os.getpid() not in _guards:
        command = [sys.executable, "-m", "deploy.sandbox.local.guard"]
        guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
        atexit.register(guard.communicate)
        _guards[os.getpid()] = guard
    return _guards[os.getpid()]


def _parse(line: str) -> Identity:
    pid, _, started = line.strip().partition(" ")
    return Identity(int(pid), started)


if __name__ == "__main__":
    main()
