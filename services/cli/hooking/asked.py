"""What a command about hooks is about: its settings, connections and projects, and the receiver's address."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from pydantic import SecretStr

from services.cli.connecting import catalog, named, procore
from services.cli.hooking.ledger import heard as heard_by
from services.cli.hooking.places import Place, served
from services.cli.hooking.probe import full_url
from services.cli.terminal import NOT_DONE, WRONG_INPUT, database, settings, stop
from shared.connections.catalog import Catalog, Connection
from shared.database import Role
from shared.procore.client import ProcoreClient
from shared.procore.directory import Directory
from shared.procore.errors import ProcoreError
from shared.procore.hook_plan import end_of
from shared.settings import ConnectionsSettings, DatabaseSettings, HookSettings, SettingsError, WebhookSettings, load

ALL = "all"


class HookingSettings(HookSettings, ConnectionsSettings):
    """What every command about hooks reads."""


class ProvisionSettings(HookingSettings, WebhookSettings):
    """The tokens too: the first goes into the hooks."""


@dataclass(frozen=True)
class Scope:
    """`projects` empty: all that the connections serve."""

    known: Catalog
    connections: tuple[Connection, ...]
    projects: tuple[str, ...]


def scope_of(known: HookingSettings, connection: str, projects: Sequence[str] | None) -> Scope:
    """Stops at a connection that the file does not have."""
    whole = catalog(known.connections_file)
    chosen = whole.connections if connection == ALL else (named(whole, connection),)
    return Scope(whole, chosen, tuple(projects or ()))


async def places_of(client: ProcoreClient, scope: Scope) -> list[Place]:
    """Stops where Procore does not answer, and at a project that nobody serves."""
    try:
        found = await served(Directory(client), scope.known, scope.connections, scope.projects)
    except ProcoreError as error:
        stop(str(error), NOT_DONE)
    unknown = set(scope.projects) - {place.project_id for place in found}
    if unknown:
        stop(f"No connection serves project {', '.join(sorted(unknown))}, or Procore does not show it.", WRONG_INPUT)
    return found


def address(known: HookSettings, url: str | None) -> str | None:
    """Where Procore reaches the receiver, as far as it was said. Stops where Procore never would."""
    given = url or known.receiver_url
    if given is None:
        return None
    if known.procore_api_url.startswith("https:") and not given.startswith("https:"):
        stop(f"{given} is not https: Procore sends webhooks over https only.", WRONG_INPUT)
    return full_url(given)


def known_tokens() -> tuple[SecretStr, ...]:
    """Empty where this machine is not told them."""
    try:
        return load(WebhookSettings).procore_webhook_tokens
    except SettingsError:
        return ()


def ends_of(tokens: Sequence[SecretStr]) -> tuple[str, ...]:
    return tuple(end_of(token.get_secret_value()) for token in tokens)


async def heard(event_ids: Collection[str]) -> set[str]:
    """Those that the ledger knows; the database is asked only when there are any, with the worker's rights."""
    if not event_ids:
        return set()
    settings(DatabaseSettings)
    async with database(Role.WORKER) as engine:
        return await heard_by(engine, event_ids)


@asynccontextmanager
async def asking(known: HookingSettings, share: float = 1) -> AsyncIterator[ProcoreClient]:
    """Procore, within `share` of its rate limit."""
    async with procore(known) as client:
        yield client.with_share(share)
