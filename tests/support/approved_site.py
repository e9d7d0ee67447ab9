"""Fixtures: a company of the Procore sandbox with one approved owner invoice, and its export in a real ledger."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from deploy.sandbox.procore.control_client import SandboxControl
from shared.approvers import store as approvers
from shared.approvers.record import ApproverRecord, ToolLevel
from shared.connections import mapping_store
from shared.connections.mappings import Mapping, MappingKind, MappingRow
from shared.ledger.entries import EntryBody, Received
from tests.support.ledgers import CONNECTION, an_export

Site = dict[str, str]


@pytest.fixture
async def site(procore: SandboxControl, connections_file: Callable[..., None]) -> Site:
    """Company, project, Ada, and an owner invoice that she approved."""
    company = await procore.create_company(name="Ironside Builders")
    connections_file(company=str(company))
    project = await procore.create_project(company_id=company)
    lines = [{"description": "Concrete", "scheduled_value": "600000.00"}]
    contract = await procore.create_contract(project_id=project, lines=lines)
    ada = await procore.create_user(company_id=company, name="Ada")
    worked = [{"description": "Concrete", "work_this_period": "60000.00"}]
    invoice = await procore.create_invoice(contract_id=contract, lines=worked)
    await procore.approve(invoice, user_id=ada)
    return {"company": str(company), "project": str(project), "ada": str(ada), "invoice": str(invoice)}


@pytest.fixture
def export_of(site: Site, worker_engine: AsyncEngine) -> Callable[..., Awaitable[int]]:
    """Its export, heard of and then with the given entries."""

    async def export_of(*bodies: EntryBody) -> int:
        told = Received(event_id="approved", reason="update", user_id=site["ada"], occurred_at=datetime.now(UTC))
        place = {name: site[name] for name in ("company", "project", "invoice")}
        return await an_export(worker_engine, told, *bodies, **place)

    return export_of


@pytest.fixture
async def prepared(site: Site, owner_engine: AsyncEngine) -> None:
    """Everybody who may have approved it may export, and its owner is mapped."""
    record = ApproverRecord(
        company_id=site["company"],
        user_id=site["ada"],
        name="Ada",
        email="",
        erp_integrations_level=ToolLevel.STANDARD,
        can_push_to_accounting=True,
        can_export_owner_invoices=None,
        active=True,
        recorded_at=datetime.now(UTC) - timedelta(minutes=1),
        recorded_by="test",
        source="csv",
    )
    owner = Mapping(kind=MappingKind.CUSTOMER, erp_id="C1", procore_name="Harbor Library District")
    job = Mapping(kind=MappingKind.JOB, erp_id="J1", procore_id=site["project"])
    async with owner_engine.begin() as connection:
        await approvers.save(connection, [record, replace(record, user_id="2")], "test")
        await mapping_store.save(connection, [MappingRow(CONNECTION, each) for each in (owner, job)], "test")
