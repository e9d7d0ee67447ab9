"""A running Tryton with a contractor's books in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from deploy.sandbox.tryton.backends import Backend, PostgreSql, Sqlite
from deploy.sandbox.tryton.clean import ADMINISTRATOR, Passwords, clean_database
from deploy.sandbox.tryton.process import TrytonProcess
from deploy.sandbox.tryton.rpc import Tryton
from deploy.sandbox.tryton.seeding import SERVICE_USER, add_parties, mark_retainage
from deploy.sandbox.tryton.workshop import NEWEST


@dataclass
class RunningTryton:
    """`user` may do bookkeeping and nothing else; `administrator` may do everything."""

    process: TrytonProcess
    backend: Backend
    series: str
    passwords: Passwords = field(repr=False)
    user: str = SERVICE_USER

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return self.process.url

    @property
    def database(self) -> str:
        """Its name."""
        return self.process.database

    @property
    def password(self) -> str:
        """The service user's."""
        return self.passwords.service_user

    def administrator(self) -> Tryton:
        """A log-in that may do everything, in the company. Close it."""
        tryton = Tryton(self.url, self.database, ADMINISTRATOR, self.passwords.administrator)
        tryton.context["company"] = tryton.the("company.company")
        return tryton

    def execute(self, *statements: str) -> None:
        """SQL behind Tryton's back, in one transaction."""
        self.backend.execute(self.database, *statements)

    def stop(self) -> None:
        """Stop the server; the database stays."""
        self.process.stop()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.background.kill()

    def restart(self) -> None:
        """On the same port and data."""
        self.process.start(self.user, self.password)

    def remove(self) -> None:
        """Stop, and drop the database."""
        self.stop()
        self.backend.drop(self.database)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


def start(
    folder: Path,
    *,
    module: bool = False,
    parties: Mapping[str, str] | None = None,
    series: str = NEWEST,
    postgres: str | None = None,
    outlives_us: bool = False,
) -> RunningTryton:
    """A Tryton of its own on a free port, ready. Raises StartError.

    The first one of a kind on a machine is installed and seeded (about a minute), later ones are copied (3 s).
    `parties` are customers, name by code. `postgres` is the address of a server to put the database into; without,
    it is a file in `folder`. `module`: with our module.
    """
    backend: Backend = PostgreSql(postgres) if postgres else Sqlite(folder)
    clean = clean_database(series, backend, module=module)
    passwords, database = Passwords.of(clean), f"tryton_{uuid4().hex[:12]}"
    backend.load(database, clean)
    process = TrytonProcess(folder, series, backend, database, outlives_us=outlives_us)
    process.start(SERVICE_USER, passwords.service_user)
    running = RunningTryton(process, backend, series, passwords)
    with running.administrator() as tryton:
        add_parties(tryton, parties or {})
        if module:
            mark_retainage(tryton)
    return running
