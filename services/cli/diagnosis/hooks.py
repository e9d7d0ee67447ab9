"""The hooks of each connection's projects, as `hooks provision` would want them, and what they could not deliver."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from services.cli.diagnosis.check import Check, attention, failed, first_line, ok
from services.cli.hooking.asked import ends_of, heard, known_tokens
from services.cli.hooking.places import Place, served
from services.cli.hooking.probe import full_url
from services.cli.hooking.provision import LOOKED_BACK, step_of
from services.cli.hooking.status import Project, look
from shared.connections.catalog import Catalog, Connection
from shared.database import DATABASE_ERRORS
from shared.procore.client import ProcoreClient
from shared.procore.directory import Directory
from shared.procore.errors import ProcoreError
from shared.procore.hook_plan import Wanted
from shared.procore.webhooks import Webhooks
from shared.settings import HookSettings

# A look costs three calls of Procore's hourly limit for each project.
MOST = 25
NAMED = 3
PATIENCE = timedelta(minutes=10)


async def hook_checks(
    client: ProcoreClient, settings: HookSettings, known: Catalog, connection: Connection
) -> list[Check]:
    """Up to four lines; one when all is well."""
    name = f"hooks: {connection.name}"
    url = settings.receiver_url and full_url(settings.receiver_url)
    wanted = Wanted(settings.procore_hook_namespace, url, token_ends=ends_of(known_tokens()))
    now = datetime.now(UTC)
    try:
        places = await served(Directory(client), known, [connection])
    except ProcoreError as error:
        return [failed(name, first_line(error), "see Procore's checks")]
    seen = [await look(Webhooks(client), place, wanted, (now - LOOKED_BACK).date(), _heard) for place in places[:MOST]]
    checks = list(_judged(name, seen, now))
    return checks or [ok(name, _looked_at(len(seen), len(places)))]


def _judged(name: str, seen: Sequence[Project], now: datetime) -> Iterator[Check]:
    if unread := [each for each in seen if each.failure]:
        yield failed(name, f"{_named(unread)}: {unread[0].failure}", "permit the projects, and see the rights above")
    if lost := [each for each in seen if any(hook.health.lost and hook.unheard for hook in each.hooks)]:
        events = sum(len(hook.unheard) for each in lost for hook in each.hooks)
        told = f"{events} events of {_named(lost)} were not delivered, and the ledger never heard of them"
        yield failed(name, told, "run `invoice-export hooks status --recover`")
    if late := [each for each in seen if _is_late(each, now)]:
        errors = sorted({hook.health.last_error or "not tried" for each in late for hook in each.hooks})
        told = f"{_named(late)}: events wait for more than {PATIENCE.seconds // 60} minutes ({', '.join(errors)})"
        yield attention(name, told, "see that the receiver can be reached at its address and takes both tokens")
    if undone := [each for each in seen if each.todo]:
        first = step_of(undone[0].place, undone[0].todo[0])
        told = f"{_named(undone)}: {first.why}"
        yield attention(name, told, "run `invoice-export hooks provision`")


def _is_late(project: Project, now: datetime) -> bool:
    waiting = [at for hook in project.hooks for each in hook.health.waiting if (at := each.occurred_at)]
    return bool(waiting) and min(waiting) < now - PATIENCE


def _named(projects: Sequence[Project]) -> str:
    shown = ", ".join(_name(each.place) for each in projects[:NAMED])
    return shown if len(projects) <= NAMED else f"{shown} and {len(projects) - NAMED} more"


def _name(place: Place) -> str:
    return place.project or f"project {place.project_id}"


def _looked_at(looked: int, all_of_them: int) -> str:
    return (
        f"{looked} projects"
        if looked == all_of_them
        else f"the first {looked} of {all_of_them}; `hooks status` has all"
    )


async def _heard(event_ids: Collection[str]) -> set[str]:
    """A database that cannot be asked has lines of its own: here nothing is made of it."""
    try:
        return await heard(event_ids)
    except DATABASE_ERRORS:
        return set(event_ids)
