"""Each trouble that people are told of, from what the services themselves wrote of it."""

from contextlib import asynccontextmanager

import httpx
import pytest

from deploy.sandbox.faulty.orders import ErpStep, FaultKind
from services.export_worker.links import LinkBook
from services.ledger_dashboard.alerts.bell import read_facts
from services.ledger_dashboard.alerts.conditions import Condition, conditions
from shared.database import Role, connect_raw, create_engine
from shared.ledger.words import Reason
from tests.support.house import House


async def found(house: House, *, much_lag: int = 1_000) -> dict[str, Condition]:
    """What a dashboard would ring for now, with its own rights."""
    engine = create_engine(house.database_url, Role.DASHBOARD, application_name="test")
    async with engine.connect() as connection:
        facts = await read_facts(connection)
    await engine.dispose()
    return {condition.key: condition for condition in conditions(facts, much_lag=much_lag)}


async def until_found(house: House, *keys: str, much_lag: int = 1_000) -> dict[str, Condition]:
    """Once all of these are wrong; services tell every ten seconds how they fare."""

    async def look() -> dict[str, Condition] | None:
        now = await found(house, much_lag=much_lag)
        return now if set(keys) <= set(now) else None

    return await house.view.until(look, f"alerts {keys}")


async def posted(house: House, body: bytes, token: str) -> int:
    async with httpx.AsyncClient(trust_env=False) as client:
        headers = {"authorization": f"Bearer {token}"}
        return (await client.post(f"{house.receiver_url}/webhooks/procore", content=body, headers=headers)).status_code


async def test_nothing_rings_while_all_is_well(house):
    await house.export_of(await house.approved(), "exported")

    async def services() -> bool:
        rows = await house.view.execute("SELECT DISTINCT service FROM service_instances")
        return {row.service for row in rows} == {"worker", "receiver"}

    await house.view.until(services, "a heartbeat of both services")
    assert set(await found(house)) <= {"refused"}  # another story of this process may have sent a wrong token


async def test_what_the_receiver_refuses_or_cannot_read_rings(house):
    assert await posted(house, b"{}", "of-somebody-else") == 401
    assert await posted(house, b"nobody can read this", house.secrets.webhook_token) == 204
    told = await until_found(house, "refused", "dead_letters")
    assert told["dead_letters"].sentence == "1 webhook of the last day could not be read."
    assert told["refused"].count >= 1


async def test_held_and_failed_exports_ring_by_their_reason(house):
    await house.order(FaultKind.REFUSE, ErpStep.CREATE, code="period_closed")
    await house.export_of(await house.approved(), "failed", reason=Reason.PERIOD_CLOSED)
    for _ in range(2):
        invoice = await house.invoice(contract=await house.another_contract(), user_id=house.ben)
        await house.approve(invoice, by=house.ben)
        await house.export_of(invoice, "held", reason=Reason.APPROVER_LACKS_PRIVILEGE)
    told = await found(house)
    held, failed = told["held:approver_lacks_privilege:harbor"], told["failed:period_closed:harbor"]
    assert held.sentence.startswith("2 exports are held on harbor: approver lacks privilege.")
    assert failed.sentence.startswith("1 export failed on harbor: period closed.")


async def test_an_erp_that_is_down_rings_by_its_connection(house):
    await house.order(FaultKind.STATUS_BEFORE, ErpStep.FIND, status=429, retry_after=600)
    await house.export_of(await house.approved(), "retrying")
    assert "circuit:harbor" in await found(house)


async def test_a_connection_that_stopped_rings(house):
    for _ in range(5):
        await LinkBook(house.view.engine).broke("harbor")
    assert "stopped:harbor" in await found(house)


@pytest.mark.real_kafka
async def test_records_that_wait_in_kafka_ring(house):
    await house.export_of(await house.approved(), "exported")
    async with nothing_is_stored(house):
        await house.approved(contract=await house.another_contract())
        told = await until_found(house, "lag", much_lag=0)
        assert told["lag"].count >= 1


async def test_what_only_reconciliation_found_rings(house):
    project = await house.procore.create_project(company_id=house.company)
    invoice = await house.approved(contract=await house.another_contract(project=project))
    assert (await house.reconcile()).missed == [str(invoice)]
    told = await found(house)
    assert told["missed:harbor"].sentence == "Reconciliation found 1 invoice of harbor that no webhook told of."
    await house.export_of(invoice, "held", reason=Reason.APPROVER_UNKNOWN)
    assert (await house.reconcile()).missed == []
    assert "missed:harbor" not in await found(house)


async def test_services_that_are_gone_ring(house):
    await house.workers.stop()
    assert "no_worker" in await until_found(house, "no_worker")


@asynccontextmanager
async def nothing_is_stored(house: House):
    """What the worker reads it cannot keep, as long as the block lasts."""
    session = await connect_raw(house.database_url, Role.OWNER)
    try:
        async with session.transaction():
            await session.execute("LOCK TABLE events IN SHARE MODE")
            yield
    finally:
        await session.close()
