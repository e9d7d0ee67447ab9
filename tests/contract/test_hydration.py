"""When an invoice changed, where Procore shows it without a time: its contract's list tells, or nothing does."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from services.export_worker.core.invoice import Snapshot, read_snapshot
from services.export_worker.delivery_list import DeliveryList
from services.export_worker.exports import ExportKey
from services.export_worker.pipeline.hydration import Hydration
from shared.database import Role, create_engine
from shared.procore.payment_applications import PaymentApplications
from shared.procore.webhooks import Webhooks
from tests.contract.procore_site import Site, a_site

OF_CONTRACTS = "/rest/v1.0/prime_contracts"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with a_site() as site:
        await site.control.set_switches(show_has_updated_at=False)
        yield site


async def shown_at(site: Site) -> tuple[Snapshot, datetime | None]:
    """The invoice as it is shown, and when its contract's list says that it changed."""
    shown = read_snapshot(await site.show())
    assert shown.updated_at is None
    return shown, await changed_at(site, shown)


async def changed_at(site: Site, shown: Snapshot) -> datetime | None:
    no_database = create_engine("postgresql://127.0.0.1:1/none", Role.WORKER, application_name="test")
    procore = PaymentApplications(site.client)
    hydration = Hydration(procore, DeliveryList(Webhooks(site.client)), no_database)
    return await hydration.changed_at(ExportKey("harbor", site.company, site.project, site.invoice), shown)


async def test_the_list_of_the_contract_tells_the_time(site: Site):
    await site.control.create_invoice(contract_id=int(site.contract))
    before = datetime.now(UTC)
    await site.control.edit_invoice(int(site.invoice), total_amount_paid="1.00", user_id=int(site.ada), force=True)
    _, changed = await shown_at(site)
    assert changed is not None
    assert before <= changed <= datetime.now(UTC)
    assert await site.asked(OF_CONTRACTS) == 1


@pytest.mark.parametrize("change", [{"status": "approved"}, {"g702.current_payment_due": "1.00"}])
async def test_a_row_of_another_moment_tells_no_time(site: Site, change: dict[str, str]):
    shown, changed = await shown_at(site)
    assert changed is not None
    await site.control.override_invoice(int(site.invoice), change, user_id=int(site.ada))
    assert await changed_at(site, shown) is None


@pytest.mark.parametrize("status", [403, 404, 422])
async def test_a_list_that_procore_refuses_tells_no_time(site: Site, status: int):
    await site.control.order_fault(status, path_prefix=OF_CONTRACTS)
    assert (await shown_at(site))[1] is None


async def test_an_invoice_without_a_contract_asks_nothing(site: Site):
    await site.control.override_invoice(int(site.invoice), remove=["contract"])
    assert (await shown_at(site))[1] is None
    assert await site.asked(OF_CONTRACTS) == 0
