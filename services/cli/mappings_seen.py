"""What Procore shows of a connection's owners, projects, contracts and cost codes, and what of it is not mapped."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.export_worker.core.invoice import Snapshot, read_snapshot
from shared.connections.catalog import Connection
from shared.connections.mappings import ANY_OTHER, CONTRACT_PREFIX, MappingKind, Mappings
from shared.connections.suggestions import Wanted
from shared.ledger.tables import exports
from shared.ledger.words import Status
from shared.procore.client import ProcoreClient
from shared.procore.directory import Directory, Project
from shared.procore.errors import ProcoreForbidden, ProcoreNotFound
from shared.procore.payment_applications import PaymentApplications

CLOSED = (Status.EXPORTED.value, Status.SKIPPED.value)  # as the index of open exports has it
RETAINAGE = ("Retainage receivable", "Retention receivable", "Contract retainage", "Retainage")


@dataclass
class Seen:
    """Owners by name; the others by Procore's id or code. A project's and a contract's names may be unknown."""

    owners: set[str] = field(default_factory=set)
    projects: dict[str, tuple[str, ...]] = field(default_factory=dict)
    contracts: dict[str, tuple[str, str]] = field(default_factory=dict)  # id -> project's id, title
    codes: dict[str, str] = field(default_factory=dict)
    closed_to_us: list[str] = field(default_factory=list)  # projects whose invoices we may not read

    def add(self, project_id: str, contract_id: str | None, owner: str | None, title: str = "") -> None:
        """One invoice."""
        self.projects.setdefault(project_id, ())
        if owner:
            self.owners.add(owner)
        if contract_id:
            _, known = self.contracts.get(contract_id, ("", ""))
            self.contracts[contract_id] = (project_id, title or known)


async def look_in_ledger(session: AsyncConnection, name: str, seen: Seen) -> None:
    """Adds what the connection's open exports hold."""
    columns = (exports.c.project_id, exports.c.contract_id, exports.c.customer_name)
    rows = await session.execute(
        select(*columns).where(exports.c.connection == name, exports.c.status.not_in(CLOSED)).distinct()
    )
    for row in rows:
        seen.add(row.project_id, row.contract_id, row.customer_name)


async def look_in_procore(client: ProcoreClient, connection: Connection, seen: Seen, *, codes: bool) -> None:
    """Adds what its projects and their owner invoices show; `codes` reads the newest invoice of each contract whole.

    A project whose invoices we may not read is noted. Raises as ProcoreClient for all else.
    """
    async for project in Directory(client).projects(connection.company_id):
        if connection.project_ids is None or project.id in connection.project_ids:
            seen.projects[project.id] = tuple(filter(None, (project.name, project.number)))
            try:
                await _look_at_project(client, connection.company_id, project, seen, codes=codes)
            except (ProcoreForbidden, ProcoreNotFound):
                seen.closed_to_us.append(project.name or project.id)


async def _look_at_project(
    client: ProcoreClient, company_id: str, project: Project, seen: Seen, *, codes: bool
) -> None:
    invoices = PaymentApplications(client)
    newest: dict[str, Snapshot] = {}
    async for raw in invoices.of_project(company_id, project.id):
        invoice = read_snapshot(raw)
        seen.add(project.id, invoice.contract_id, invoice.customer_name, invoice.contract_title or "")
        known = newest.get(invoice.contract_id or "")
        if known is None or (invoice.number or 0) > (known.number or 0):
            newest[invoice.contract_id or ""] = invoice
    for invoice in newest.values() if codes else ():
        whole = read_snapshot(await invoices.show(company_id, project.id, invoice.payment_application_id))
        for line in whole.lines:
            if line.cost_code:
                seen.codes.setdefault(line.cost_code, line.description)


def unmapped(kind: MappingKind, seen: Seen, mappings: Mappings) -> list[Wanted]:
    """What of this kind has no mapping of its own. The one for all others is none."""
    return [one for one in _all_of(kind, seen) if not _is_mapped(one, mappings)]


def stands_for(kind: MappingKind, mappings: Mappings) -> Mapping[str, str]:
    """ERP id -> for what in Procore it stands already."""
    return {
        one.erp_id: one.procore_name or one.procore_id or ""
        for one in mappings.entries
        if one.kind is kind and one.procore_id != ANY_OTHER
    }


def _all_of(kind: MappingKind, seen: Seen) -> Iterator[Wanted]:
    match kind:
        case MappingKind.CUSTOMER:
            yield from (Wanted(kind, None, owner) for owner in sorted(seen.owners))
        case MappingKind.JOB:
            yield from _jobs(seen)
        case MappingKind.ACCOUNT | MappingKind.ITEM:
            yield from (Wanted(kind, code, text) for code, text in sorted(seen.codes.items()))
            yield Wanted(kind, ANY_OTHER, "")
        case MappingKind.TAX:
            yield Wanted(kind, ANY_OTHER, "")
        case MappingKind.RETAINAGE_ACCOUNT:
            yield Wanted(kind, None, RETAINAGE[0], RETAINAGE[1:])
        case _:
            assert_never(kind)


def _jobs(seen: Seen) -> Iterator[Wanted]:
    """Each project; and each contract of a project that has several."""
    for project_id, names in sorted(seen.projects.items()):
        yield Wanted(MappingKind.JOB, project_id, names[0] if names else "", names[1:])
        contracts = [(one, title) for one, (project, title) in sorted(seen.contracts.items()) if project == project_id]
        for contract_id, title in contracts if len(contracts) > 1 else ():
            yield Wanted(MappingKind.JOB, CONTRACT_PREFIX + contract_id, title)


def _is_mapped(wanted: Wanted, mappings: Mappings) -> bool:
    if wanted.kind is MappingKind.RETAINAGE_ACCOUNT:
        return mappings.retainage_account() is not None
    return mappings.find(wanted.kind, wanted.procore_id or wanted.procore_name) is not None
