"""What the worker holds of each connection: its terms, its ERP and its breaker. No connection knows another."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.export_worker.core.capabilities import Capabilities, Step
from services.export_worker.core.settlement import Circuit, circuit_after_failure
from services.export_worker.core.terms import Terms
from services.export_worker.erp.adapter import ErpAdapter, Place
from services.export_worker.erp.catalog import ADAPTERS, make_adapter, settings_problems
from services.export_worker.erp.pace import Pace
from services.export_worker.token_keeper import StoredTokenKeeper
from shared.connections.catalog import Catalog, CatalogErrors, CatalogProblem, Connection
from shared.connections.connection import Finish
from shared.connections.secret_references import resolve_secrets
from shared.connections.standing import MOST_INTERNAL_ERRORS, is_stopped
from shared.connections.token_store import TokenStore
from shared.ledger.tables import connection_states
from shared.statements import Session, Sessions, Statement, at_once, transaction


@dataclass(frozen=True)
class Link:
    """One connection, ready to use."""

    connection: Connection
    terms: Terms
    capabilities: Capabilities
    adapter: ErpAdapter
    pace: Pace


@dataclass(frozen=True)
class LinkState:
    """What the workers know of a connection in common. `is_stopped`: after too many internal errors in a row."""

    circuit: Circuit
    is_paused: bool
    is_stopped: bool


NEVER_TROUBLED = LinkState(Circuit(), is_paused=False, is_stopped=False)


def make_links(catalog: Catalog, environment: Mapping[str, str], tokens: TokenStore | None = None) -> dict[str, Link]:
    """A link for each connection of the file. Raises CatalogErrors with all that is wrong with any of them.

    `tokens`: where log-ins that an ERP replaces are kept; some ERPs cannot be reached without.
    """
    links: dict[str, Link] = {}
    problems: list[CatalogProblem] = []
    for connection in catalog.connections:
        try:
            links[connection.name] = _make_link(connection, environment, tokens)
        except CatalogErrors as errors:
            problems += errors.problems
    if problems:
        raise CatalogErrors(problems)
    return links


def terms_of(connection: Connection) -> Terms:
    """The part of a connection that deciding needs."""
    start = connection.start_from
    return Terms(
        connection=connection.name,
        company_id=connection.company_id,
        mode=connection.mode.value,
        accounting_date=connection.accounting_date.value,
        time_zone=connection.zone,
        start_from=None if start is None or start == "all" else start,
        lines=connection.lines.value,
        payment_days=connection.payment_days,
        number_rule=connection.number_rule,
        procore_web_url=connection.procore_web_url,
    )


async def link_state(session: Session, name: str) -> LinkState:
    """The connection's breaker and pause as the workers share them."""
    row = await _STATE.row(session, name=name)
    if row is None:
        return NEVER_TROUBLED
    return LinkState(
        Circuit(row.failures, row.open_until),
        is_paused=row.paused_at is not None,
        is_stopped=is_stopped(row.internal_errors),
    )


class LinkBook:
    """Remembers in the database how each connection fares."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def succeeded(self, name: str, now: datetime) -> None:
        """The ERP answered as it should: the circuit closes."""
        async with at_once(self._sessions) as session:
            await _SUCCEEDED.run(session, connection=name, last_success_at=now)

    async def answered(self, name: str, now: datetime) -> None:
        """A look-up succeeded: the circuit closes. It says nothing about errors of our own."""
        async with at_once(self._sessions) as session:
            await _ANSWERED.run(session, connection=name, last_success_at=now)

    async def failed(self, name: str, why: str, *, now: datetime, retry_at: datetime | None) -> Circuit:
        """The connection, not the invoice, failed: the circuit may open."""
        async with transaction(self._sessions) as session:
            await _KNOW.run(session, connection=name)
            row = await _LOCK.row(session, name=name)
            before = Circuit(row.failures, row.open_until)
            circuit = circuit_after_failure(before, now=now, retry_at=retry_at, jitter=random.random())
            await _FAILED.run(
                session, name=name, failures=circuit.failures, open_until=circuit.open_until, last_failure=why
            )
        return circuit

    async def broke(self, name: str) -> None:
        """An exception of our own: after several in a row the connection stops, and health says so."""
        async with at_once(self._sessions) as session:
            await _BROKE.run(session, connection=name)

    async def stopped(self) -> Sequence[str]:
        """Connections that had too many internal errors in a row; `connections resume` starts them again."""
        async with at_once(self._sessions) as session:
            return [row.connection for row in await _STOPPED.rows(session)]


def _make_link(connection: Connection, environment: Mapping[str, str], tokens: TokenStore | None) -> Link:
    secrets = _secrets(connection, environment)
    keeper = StoredTokenKeeper(tokens, connection.name, secrets.get("refresh_token")) if tokens else None
    pace = ADAPTERS[connection.adapter].pace(connection.requests_per_minute)
    adapter = make_adapter(connection.adapter, Place(connection.name, connection.settings, secrets, keeper, pace))
    capabilities = adapter.capabilities
    if connection.finish is Finish.DRAFT:
        capabilities = _ending_at_the_draft(capabilities, connection.name)
    return Link(connection, terms_of(connection), capabilities, adapter, pace)


def _secrets(connection: Connection, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Resolved. Where they are not to be had, what is wrong with the settings is told too."""
    try:
        return resolve_secrets(connection, environment)
    except CatalogErrors as errors:
        odd = settings_problems(connection.adapter, connection.name, connection.settings)
        raise CatalogErrors([*odd, *errors.problems]) from None


def _ending_at_the_draft(capabilities: Capabilities, name: str) -> Capabilities:
    """What comes after the draft is a person's. Raises CatalogErrors where the ERP has no drafts."""
    if Step.FINISH not in capabilities.steps:
        what, remedy = "is draft, and its ERP has no drafts", 'set `finish = "posted"`'
        raise CatalogErrors([CatalogProblem("", f"connection {name}", "finish", what, remedy)])
    steps = capabilities.steps[: capabilities.steps.index(Step.FINISH)]
    return replace(capabilities, steps=steps)


_OF_ONE = select(connection_states).where(connection_states.c.connection == bindparam("name"))
_STATE = Statement(_OF_ONE)
_LOCK = Statement(_OF_ONE.with_for_update())
_HERE = ["connection"]
_GIVEN = upsert(connection_states)
_CLOSED = {"failures": 0, "open_until": None, "last_failure": None, "last_success_at": _GIVEN.excluded.last_success_at}
_ANSWERED = Statement(_GIVEN.on_conflict_do_update(index_elements=_HERE, set_=_CLOSED))
_SUCCEEDED = Statement(_GIVEN.on_conflict_do_update(index_elements=_HERE, set_={**_CLOSED, "internal_errors": 0}))
_KNOW = Statement(_GIVEN.on_conflict_do_nothing())
_FAILED = Statement(update(connection_states).where(connection_states.c.connection == bindparam("name")))
_BROKE = Statement(
    _GIVEN.values(internal_errors=1).on_conflict_do_update(
        index_elements=_HERE, set_={"internal_errors": connection_states.c.internal_errors + 1}
    )
)
_STOPPED = Statement(
    select(connection_states.c.connection).where(connection_states.c.internal_errors >= MOST_INTERNAL_ERRORS)
)
