"""Procore: whether we may log in, what we may see and do for each connection, its hooks, and its clock."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from services.cli.connecting import procore
from services.cli.diagnosis.check import Check, attention, failed, first_line, ok, skipped
from services.cli.diagnosis.clocks import clock_check
from services.cli.diagnosis.hooks import hook_checks
from services.cli.diagnosis.rights import Place, rights_checks
from services.cli.hooking.places import visible_projects
from shared.authorities import usual_authorities
from shared.connections.catalog import Catalog, Connection
from shared.procore.directory import Directory, Project
from shared.procore.errors import ProcoreError, ProcoreUnauthorized, ProcoreUnavailable
from shared.settings import HookSettings

SHOWN = 5
SECONDS = 10.0
LOG_IN = "procore: log-in"
CONNECT = "connect the app to the company in Procore's App Management and permit the projects"


async def procore_checks(settings: HookSettings, known: Catalog | None) -> AsyncIterator[Check]:
    """The log-in is tried by asking for the projects of the connections' companies."""
    yield await _clock(settings)
    if known is None or not known.connections:
        yield skipped(LOG_IN, "no connection says for which company")
        return
    is_in = False
    async with procore(settings) as client:
        for connection in known.connections:
            name = f"procore: {connection.name}"
            try:
                projects = await visible_projects(Directory(client), connection.company_id, tries=1)
            except ProcoreUnauthorized as error:
                yield failed(LOG_IN, first_line(error), "correct PROCORE_CLIENT_ID and PROCORE_CLIENT_SECRET")
                return
            except ProcoreUnavailable as error:
                yield failed(name, first_line(error), "try again; see that PROCORE_API_URL can be reached from here")
                continue
            except ProcoreError as error:
                yield failed(name, first_line(error), CONNECT)
                is_in = True
                continue
            is_in = True
            yield _visible(connection, projects, name)
            served = [one for one in projects if known.serving(connection.company_id, one) is connection]
            if served:
                place = Place(client, connection, served[0], settings.procore_hook_namespace)
                async for check in rights_checks(place):
                    yield check
                for check in await hook_checks(client, settings, known, connection):
                    yield check
    yield ok(LOG_IN) if is_in else skipped(LOG_IN, "Procore does not answer")


def _visible(connection: Connection, projects: dict[str, Project], name: str) -> Check:
    unseen = [project_id for project_id in connection.project_ids or () if project_id not in projects]
    if unseen:
        return failed(name, f"cannot see projects {', '.join(unseen)} of company {connection.company_id}", CONNECT)
    if not projects:
        return attention(name, f"sees no project of company {connection.company_id}", CONNECT)
    shown = _names(list(projects.values()))
    return ok(name, f"company {connection.company_id}, {len(projects)} projects: {shown}")


def _names(projects: list[Project]) -> str:
    shown = ", ".join(f"{project.name} ({project.id})" for project in projects[:SHOWN])
    return shown + (", ..." if len(projects) > SHOWN else "")


async def _clock(settings: HookSettings) -> Check:
    name = "clock: procore"
    before = datetime.now(UTC)
    try:
        async with httpx.AsyncClient(timeout=SECONDS, verify=usual_authorities()) as client:
            answer = await client.head(settings.procore_api_url)
        there = parsedate_to_datetime(answer.headers["Date"])
    except httpx.HTTPError as error:
        return failed(name, first_line(error), "see that PROCORE_API_URL can be reached from here")
    except (KeyError, ValueError):
        return skipped(name, "Procore does not tell its time")
    return clock_check(name, there, before, datetime.now(UTC), timedelta(seconds=1))
