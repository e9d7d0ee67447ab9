"""A clean, seeded database for each way to run Tryton, made once and kept."""

import json
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from uuid import uuid4

from deploy.sandbox.tryton import seeding
from deploy.sandbox.tryton.backends import Backend
from deploy.sandbox.tryton.process import TrytonProcess
from deploy.sandbox.tryton.rpc import Tryton
from deploy.sandbox.tryton.workshop import environment, fingerprint, kept

ADMINISTRATOR = "admin"
MODULE_NAME = "owner_invoice_retainage"
PASSWORDS = "passwords.json"


@dataclass(frozen=True)
class Passwords:
    """Of a kept database and of all its copies: chosen at random when it was made."""

    administrator: str = field(repr=False, default_factory=lambda: secrets.token_urlsafe(18))
    service_user: str = field(repr=False, default_factory=lambda: secrets.token_urlsafe(18))

    @classmethod
    def of(cls, folder: Path) -> "Passwords":
        """As they were written down there."""
        return cls(**json.loads((folder / PASSWORDS).read_text(encoding="utf-8")))

    def write(self, folder: Path) -> None:
        """For their owner's eyes only."""
        path = folder / PASSWORDS
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


def clean_database(series: str, backend: Backend, *, module: bool) -> Path:
    """The folder that keeps it; `backend` lends the place to make it in. Raises StartError."""
    recipe = [Path(__file__), Path(seeding.__file__)]
    years = seeding.Books().years
    of = fingerprint(recipe, str(environment(series)), backend.name, str(years))
    if not module:
        return kept(f"clean-{of}", lambda folder: make(folder, series, backend))
    return kept(f"clean-{of}-module", lambda folder: make_with_module(folder, series, backend))


def make(folder: Path, series: str, backend: Backend) -> None:
    """Tables, then books."""
    database, passwords = f"making_{uuid4().hex[:12]}", Passwords()
    process = TrytonProcess(folder, series, backend, database)
    backend.create(database)
    try:
        with_password = folder / "administrator"
        with_password.touch(mode=0o600)
        with_password.write_text(passwords.administrator, encoding="utf-8")
        told = ["--activate-dependencies", "--no-indexes", "--email", "admin@example.com"]
        process.administer("-u", "account_invoice", *told, TRYTONPASSFILE=str(with_password))
        with_password.unlink()
        fill(process, passwords)
        passwords.write(folder)
        backend.keep(database, folder)
    finally:
        backend.drop(database)


def make_with_module(folder: Path, series: str, backend: Backend) -> None:
    """As a company gets the module: into books that are kept already."""
    stock, database = clean_database(series, backend, module=False), f"making_{uuid4().hex[:12]}"
    process = TrytonProcess(folder, series, backend, database)
    backend.load(database, stock)
    try:
        process.administer("-m", "-u", "ir")
        process.administer("-u", MODULE_NAME, "--activate-dependencies", "--no-indexes")
        Passwords.of(stock).write(folder)
        backend.keep(database, folder)
    finally:
        backend.drop(database)


def fill(process: TrytonProcess, passwords: Passwords) -> None:
    """By the administrator, over the network."""
    process.start(ADMINISTRATOR, passwords.administrator)
    try:
        with Tryton(process.url, process.database, ADMINISTRATOR, passwords.administrator) as tryton:
            seeding.seed(tryton, seeding.Books(), passwords.service_user)
    finally:
        process.stop()
