"""One trytond on a port of its own."""

from pathlib import Path

import httpx

from deploy.sandbox.local.processes import BackgroundProcess, free_port
from deploy.sandbox.tryton.backends import Backend
from deploy.sandbox.tryton.rpc import SaidNo, Tryton
from deploy.sandbox.tryton.workshop import environment, run_command

# Printing an invoice takes longer than posting it: as in a larger installation, that is left to a worker of Tryton's.
CONFIGURATION = """[database]
{database}
list = False
[web]
listen = 127.0.0.1:{port}
root =
[queue]
worker = True
[session]
max_attempt = 100000
max_attempt_ip_network = 100000
"""


class TrytonProcess:
    """Serves one database of `backend`. Its configuration and its log lie in `folder`."""

    def __init__(
        self, folder: Path, series: str, backend: Backend, database: str, *, outlives_us: bool = False
    ) -> None:
        self.programs = environment(series) / "bin"
        self.database = database
        self.port = free_port()
        self.configuration = folder / f"trytond-{database}.conf"
        folder.mkdir(parents=True, exist_ok=True)
        self.configuration.touch(mode=0o600)
        said = CONFIGURATION.format(database=backend.configuration(), port=self.port)
        self.configuration.write_text(said, encoding="utf-8")
        # Without the database's name, 8.2 answers every log-in with an error until it is started again.
        command = [str(self.programs / "trytond"), "-c", str(self.configuration), "-d", database]
        self.background = BackgroundProcess(
            command,
            log=folder / "trytond.log",
            environment={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC", "HOME": str(folder)},
            outlives_us=outlives_us,
        )

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def start(self, user: str, password: str) -> None:
        """Until it lets this user in. Raises StartError."""
        self.background.start()
        self.background.wait_until(lambda: self.lets_in(user, password), seconds=120)

    def lets_in(self, user: str, password: str) -> bool:
        """Whether it answers, and well."""
        try:
            Tryton(self.url, self.database, user, password).close()
        except (httpx.TransportError, SaidNo):
            return False
        return True

    def stop(self) -> None:
        """In order."""
        self.background.stop()

    def administer(self, *words: str, **variables: str) -> None:
        """`trytond-admin` on the database; the server must not run. Raises StartError."""
        command = [str(self.programs / "trytond-admin"), "-c", str(self.configuration), "-d", self.database, *words]
        run_command(command, **variables)
