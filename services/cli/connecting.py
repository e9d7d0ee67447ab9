"""The connections file as the command line reads it: a mistake in it is a line each, and exit code 2."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import Field

from services.cli.terminal import WRONG_INPUT, database, stop
from services.export_worker.erp.catalog import ADAPTERS
from services.export_worker.links import Link, make_links
from shared.connections.catalog import Catalog, CatalogErrors, Connection, load_catalog
from shared.connections.connection import Finish
from shared.connections.token_store import TokenCipher, TokenStore
from shared.database import Role
from shared.procore.client import ProcoreClient
from shared.settings import DatabaseSettings, Keys, ProcoreSettings, SettingsError, load


class TokenSettings(DatabaseSettings):
    token_encryption_key: Keys = Field(description="the same random keys as the worker's")


def catalog(path: Path) -> Catalog:
    """Checked, adapters too."""
    try:
        return load_catalog(path, adapters=ADAPTERS)
    except CatalogErrors as error:
        stop(str(error), WRONG_INPUT)


def named(known: Catalog, name: str) -> Connection:
    """The connection of this name."""
    connection = known.named(name)
    if connection is None:
        names = ", ".join(each.name for each in known.connections) or "none"
        stop(f"There is no connection {name!r}; the connections file has: {names}.", WRONG_INPUT)
    return connection


@asynccontextmanager
async def links(known: Catalog) -> AsyncIterator[dict[str, Link]]:
    """With the adapters, which are closed at the end."""
    made: dict[str, Link] = {}
    async with token_store() as tokens:
        try:
            made = make_links(known, os.environ, tokens)
        except CatalogErrors as error:
            stop(str(error), WRONG_INPUT)
        try:
            yield made
        finally:
            for link in made.values():
                await link.adapter.close()


@asynccontextmanager
async def token_store() -> AsyncIterator[TokenStore | None]:
    """Where log-ins that an ERP replaces are kept; None without a database or a key. Nothing is asked of it yet."""
    try:
        known = load(TokenSettings)
    except SettingsError:
        yield None
        return
    async with database(Role.WORKER) as engine:
        yield TokenStore(engine, TokenCipher(known.token_encryption_key.get_secret_value()))


@asynccontextmanager
async def link_to_ask(connection: Connection) -> AsyncIterator[Link]:
    """Of one connection, with all that its ERP can: also where the connection says `draft` and there are none."""
    whole = connection.model_copy(update={"finish": Finish.POSTED})
    async with links(Catalog((whole,))) as made:
        yield made[connection.name]


async def check_links(path: Path) -> None:
    """Stops unless every connection could be served now."""
    async with links(catalog(path)):
        return


def procore(settings: ProcoreSettings) -> ProcoreClient:
    """The client of the settings; use as `async with`."""
    return ProcoreClient(
        settings.procore_api_url,
        settings.procore_login_url,
        settings.procore_client_id,
        settings.procore_client_secret,
    )
