"""Yesterday's ledger: what the ERP has from today is found before anything is created again (law 1)."""

import pytest

from deploy.sandbox.faulty.orders import ErpStep
from shared.events.command import Action
from shared.ledger.entries import Confirmed, StepDone
from shared.ledger.words import EntryKind, Reason
from tests.support.database import execute

# A new worker joins its group at once; at the fallback broker that takes 5 s and more for each story.
pytestmark = pytest.mark.real_kafka


async def test_a_ledger_restored_from_yesterday_makes_no_second_receivable(house):
    known = await house.invoice()
    await house.export_of(known, "skipped")
    await house.at_rest(known)
    await house.workers.stop()
    yesterday = Backup(house.database_url)
    yesterday.take()
    try:
        house.workers.start()
        await house.approve(known)
        export = await house.export_of(known, "exported")
        new = await house.approved(contract=await house.another_contract())
        await house.export_of(new, "exported")
        await house.workers.stop()
        yesterday.restore()
    finally:
        yesterday.drop()
    house.workers.start()
    await house.reconcile()
    for invoice in (known, new):
        again = await house.export_of(invoice, "exported", within=30)
        found = [body for body in await house.view.entries(invoice) if isinstance(body, StepDone | Confirmed)]
        assert found
        assert all(body.found for body in found if isinstance(body, StepDone))
        assert again.erp_number == (export.erp_number if invoice == known else again.erp_number)
    assert await house.requested(ErpStep.CREATE) == 2
    assert len(await house.receivables()) == 2


async def test_a_restored_ledger_sees_what_was_sent_afresh_since(house):
    invoice = await house.invoice(invoice_number="HB-7")
    await house.export_of(invoice, "skipped")
    await house.at_rest(invoice)
    await house.workers.stop()
    yesterday = Backup(house.database_url)
    yesterday.take()
    try:
        house.workers.start()
        await house.approve(invoice)
        await house.export_of(invoice, "exported")
        [first] = await house.receivables()
        await house.erp.cancel(house.book, first.id)
        await house.command(invoice, Action.REPLAY, afresh=True, invoice_number="HB-7")
        await house.followed(invoice, EntryKind.REPLAY_ACCEPTED)
        await house.export_of(invoice, "exported")
        await house.at_rest(invoice)
        await house.workers.stop()
        yesterday.restore()
    finally:
        yesterday.drop()
    house.workers.start()
    await house.reconcile()
    export = await house.export_of(invoice, "held", reason=Reason.FOUND_SEVERAL, within=30)
    assert "stands under a later reference" in export.details
    [second] = await house.receivables()
    assert second.id != first.id
    assert await house.requested(ErpStep.CREATE) == 2


class Backup:
    """A copy of the database, put back in its place. The server it lies on is the one that the address names."""

    def __init__(self, url: str) -> None:
        self._server, _, self._name = url.rpartition("/")
        self._copy = f"{self._name}_yesterday"

    def take(self) -> None:
        self._copied(self._name, self._copy)

    def restore(self) -> None:
        self._do(f"DROP DATABASE {self._name} WITH (FORCE)")
        self._copied(self._copy, self._name)

    def drop(self) -> None:
        self._do(f"DROP DATABASE IF EXISTS {self._copy} WITH (FORCE)")

    def _copied(self, source: str, target: str) -> None:
        end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{source}'"
        self._do(end, f"CREATE DATABASE {target} TEMPLATE {source}")

    def _do(self, *statements: str) -> None:
        execute(f"{self._server}/postgres", *statements)
