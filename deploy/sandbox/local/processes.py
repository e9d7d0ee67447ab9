"""Background processes, known again by pid and start time: a recycled pid is never signalled."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from deploy.sandbox.local import guard
from deploy.sandbox.local.identity import Identity, identify

POLL_SECONDS = 0.02
_handed_out: set[int] = set()


class StartError(RuntimeError):
    """A part did not start; the text ends with the last lines of its log."""


class BackgroundProcess:
    """One process in a session of its own, so that Ctrl-C reaches only the one who started it.

    With `outlives_us=False` it is killed when the starting process ends, even by SIGKILL.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        user: str | None = None,
        outlives_us: bool = False,
    ) -> None:
        self.log = log
        self._command = list(command)
        self._environment = None if environment is None else dict(environment)
        self._user = user
        self._outlives_us = outlives_us
        self._child: subprocess.Popen[bytes] | None = None
        self._identity: Identity | None = None

    @property
    def identity(self) -> Identity:
        if self._identity is None:
            raise RuntimeError(f"{self._command[0]} was never started")
        return self._identity

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as out:
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
                user=self._user,
                group=None if self._user is None else _group_of(self._user),
                extra_groups=None if self._user is None else [],
            )
        # A child that has already ended is not identified: whoever waits for it reports its log.
        self._identity = identify(self._child.pid) or Identity(self._child.pid, "ended")
        if not self._outlives_us:
            guard.watch(self._identity)

    def wait_until(self, is_ready: Callable[[], bool], *, seconds: float = 60) -> None:
        """Raise StartError when the process ends, or `seconds` pass, before `is_ready` says so."""
        deadline = time.monotonic() + seconds
        while self.is_running and time.monotonic() < deadline:
            if is_ready():
                return
            time.sleep(POLL_SECONDS)
        what = "is not ready" if self.is_running else "has ended"
        self.kill()
        raise StartError(f"{Path(self._command[0]).name} {what}; {self.log} ends with:\n{last_lines(self.log)}")

    def wait(self, seconds: float) -> int:
        """The exit code; raise StartError, with the process killed, when it has not ended by then."""
        if self._child is None:
            raise RuntimeError(f"{self._command[0]} was never started")
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise StartError(f"{Path(self._command[0]).name} did not end within {seconds:.0f} s") from None

    def stop(self, number: signal.Signals = signal.SIGTERM, *, seconds: float = 20) -> None:
        """Ask the process to end; kill it when it has not ended after `seconds`."""
        if self._child is None:
            return
        if self.is_running:
            self._child.send_signal(number)
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        if self._child is None:
            return
        if self.is_running:
            self._child.kill()
        self._child.wait()


def stop_known(identity: Identity, number: signal.Signals, *, seconds: float = 20) -> bool:
    """End a process that another run of ours started; False when it no longer lives."""
    if identify(identity.pid) != identity:
        return False
    os.kill(identity.pid, number)
    deadline = time.monotonic() + seconds
    while identify(identity.pid) == identity:
        if time.monotonic() > deadline:
            os.kill(identity.pid, signal.SIGKILL)
        time.sleep(POLL_SECONDS)
    return True


def free_port(preferred: int | None = None) -> int:
    """A free loopback port, `preferred` if it is one, else below the range that outgoing connections take.

    This process is never given the same one twice.
    """
    candidates = (random.randrange(15000, 32000) for _ in range(200))
    for port in (preferred, *candidates):
        if port is not None and port not in _handed_out and _is_free(port):
            _handed_out.add(port)
            return port
    raise StartError("no free port between 15000 and 32000 on 127.0.0.1")


def last_lines(log: Path, count: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:]) if log.exists() else "(no log)"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _group_of(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid
