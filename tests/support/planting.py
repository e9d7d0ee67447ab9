"""Recognisable secrets for everything that is one, and all the places where a story may have left them."""

import asyncio
import base64
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from services.cli.hooking.asked import ProvisionSettings
from services.cli.main import app as command_line
from services.export_worker.erp.mask import forms_of
from services.export_worker.worker import WorkerServiceSettings
from services.ledger_dashboard.app import DashboardServiceSettings
from services.webhook_receiver.app import ReceiverSettings
from shared.environment import Settings
from shared.events.topics import Topic
from tests.acceptance.receiving import records
from tests.support.house import House

CONTRACT = (ReceiverSettings, WorkerServiceSettings, DashboardServiceSettings, ProvisionSettings)
NOWHERE = "127.0.0.1:9"


def secret_settings() -> set[str]:
    """The fields of the environment contract that hold a secret."""
    return {name for one in CONTRACT for name, told in one.model_fields.items() if "SecretStr" in str(told.annotation)}


def planted(name: str) -> str:
    """A secret that is nobody else's."""
    return f"planted-{name.replace('_', '-')}-{secrets.token_hex(12)}"


@dataclass(frozen=True)
class Planted:
    """`values` by setting; `sought` is what must stand nowhere, by a name of its own."""

    values: Mapping[str, str]
    sought: dict[str, str]

    def given_to(self, kind: type[Settings], *, but: Iterable[str] = ()) -> dict[str, str]:
        """Those that these settings take."""
        return {name: value for name, value in self.values.items() if name in kind.model_fields and name not in but}


def plant(house: House) -> Planted:
    """A secret for every setting that takes one: the house's own where its sandboxes know it, else a new one."""
    own, worker = house.secrets, house.workers.settings
    known = {name: value.get_secret_value() for name, value in worker if isinstance(value, SecretStr)}
    previous, mail, slack, signing = map(planted, ("previous-token", "smtp", "slack", "alerts"))
    addresses = {
        "procore_webhook_tokens": f"{own.webhook_token},{previous}",
        "smtp_url": f"smtp://alerts:{mail}@{NOWHERE}",
        "alert_slack_url": f"http://{NOWHERE}/{slack}",
        "alert_webhook_secret": f"whsec_{base64.b64encode(signing.encode()[:32]).decode()}",
    }
    values = {name: planted(name) for name in secret_settings()} | known | addresses
    sought = {name: value for name, value in values.items() if name not in addresses}
    sought |= {"current token": own.webhook_token, "previous token": previous, "erp secret": own.erp_secret}
    sought |= {"smtp password": mail, "slack's address": slack, "alerts' secret": signing[:32]}
    return Planted(values, sought | {"database_url": urlsplit(house.database_url).password or "no password"})


@dataclass
class Places:
    """Place to what stands there."""

    texts: dict[str, str] = field(default_factory=dict)

    def add(self, place: str, text: str | bytes) -> None:
        """One more, or more in it."""
        told = text if isinstance(text, str) else text.decode("latin-1")
        self.texts[place] = f"{self.texts.get(place, '')}\n{told}"

    def showing(self, sought: Mapping[str, str]) -> set[tuple[str, str]]:
        """Which secret stands where, in whatever form it travels."""
        return {
            (name, place)
            for name, secret in sought.items()
            for place, text in self.texts.items()
            if any(form in text for form in written(secret))
        }


def written(secret: str) -> Iterator[str]:
    """Its forms; the last as Postgres shows bytes."""
    yield from forms_of(secret)
    yield secret.encode().hex()


async def look_at_tables(places: Places, engine: AsyncEngine) -> None:
    """Every column of every row: text as it is, jsonb as text, bytes in hex."""
    query = (
        "SELECT table_name FROM information_schema.tables"
        " WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY 1"
    )
    async with engine.connect() as connection:
        for table in (await connection.exec_driver_sql(query)).scalars().all():
            rows = await connection.exec_driver_sql(f"SELECT row_to_json(each)::text FROM {table} AS each")
            places.add(f"table {table}", "\n".join(rows.scalars()))


async def look_at_topics(places: Places, bootstrap: str) -> None:
    """Keys, values and headers of all records."""
    for topic in Topic:
        for record in await asyncio.to_thread(records, bootstrap, topic, lambda _: True):
            headers = b"\n".join(name.encode() + b": " + value for name, value in record.headers)
            places.add(f"topic {topic}", b"\n".join([record.key or b"", record.value or b"", headers]))


async def look_at_commands(places: Places, commands: Iterable[tuple[str, ...]], environment: Mapping[str, str]) -> None:
    """What each prints, for people and as JSON."""
    for words in commands:
        for more in ((), ("--json",)):
            told: Any = await asyncio.to_thread(
                CliRunner().invoke, command_line, [*words, *more], env={**environment, "COLUMNS": "400"}
            )
            assert told.exit_code in {0, 1}, (words, told.output, told.exception)
            places.add(f"command {words[0]}", told.output)
