"""Where hooks belong: the projects that our connections serve."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from shared.connections.catalog import Catalog, Connection
from shared.procore.directory import Directory, Project
from shared.procore.errors import ProcoreUnavailable
from shared.procore.hook_plan import Standing
from shared.procore.webhooks import Webhooks

LONGEST_WAIT = timedelta(minutes=15)
MOST_TRIES = 10

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """One project; `project` is its name, empty where our service account does not see it."""

    connection: str
    company_id: str
    project_id: str
    project: str


async def served(
    directory: Directory, known: Catalog, connections: Iterable[Connection], only: Collection[str] = ()
) -> list[Place]:
    """The projects that these connections serve, named in the file or visible. Raises as ProcoreClient."""
    places = []
    for connection in connections:
        visible = await visible_projects(directory, connection.company_id)
        for project_id in connection.project_ids or visible:
            is_ours = known.serving(connection.company_id, project_id) is connection
            if is_ours and (not only or project_id in only):
                name = visible[project_id].name if project_id in visible else ""
                places.append(Place(connection.name, connection.company_id, project_id, name))
    return places


async def visible_projects(directory: Directory, company_id: str, *, tries: int = MOST_TRIES) -> dict[str, Project]:
    """By id. Raises as ProcoreClient."""

    async def listed() -> dict[str, Project]:
        return {project.id: project async for project in directory.projects(company_id)}

    return await patiently(listed, tries=tries)


async def standing_at(webhooks: Webhooks, place: Place, namespace: str) -> list[Standing]:
    """The hooks of ours there, with their triggers. Raises as ProcoreClient."""
    found = await webhooks.hooks(place.company_id, place.project_id, namespace=namespace)
    # A filter that Procore does not understand is likely to be ignored.
    ours = [hook for hook in found if hook.namespace == namespace]
    return [
        Standing(hook, tuple(await webhooks.triggers(place.company_id, hook.id, place.project_id))) for hook in ours
    ]


async def patiently(work: Callable[[], Awaitable[T]], *, tries: int = MOST_TRIES) -> T:
    """Begins again when Procore's rate limit or a short outage has passed; `work` must be safe to repeat.

    Raises ProcoreUnavailable after the last try, or when Procore asks for more than a quarter of an hour.
    """
    while True:
        tries -= 1
        try:
            return await work()
        except ProcoreUnavailable as error:
            wait = error.retry_at - datetime.now(UTC)
            if tries <= 0 or wait > LONGEST_WAIT:
                raise
            await asyncio.sleep(max(wait.total_seconds(), 0.05))
