"""Owner invoices, the directory and webhooks as the Procore sandbox serves them over HTTP."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from shared.procore.directory import Directory
from shared.procore.errors import ProcoreNotFound, ProcoreRefused
from shared.procore.payment_applications import OF_PROJECT, PaymentApplications
from shared.procore.webhook_rows import DeliveryStatus
from shared.procore.webhooks import Webhooks
from tests.contract.procore_site import Site, a_site, an_odd_procore


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with a_site() as site:
        yield site


@pytest.fixture
async def receiver_url() -> AsyncIterator[str]:
    async with an_odd_procore() as url:
        yield f"{url}/hook"


async def test_an_owner_invoice_shows_with_its_lines(site: Site):
    invoice = await site.show()
    assert invoice["id"] == int(site.invoice)
    assert invoice["g703"][0]["description_of_work"] == "Concrete"


async def test_listings_bring_every_row_once(site: Site):
    for number in range(7):
        await site.control.create_invoice(contract_id=int(site.contract), number=number + 2)
    params = {"project_id": int(site.project)}
    pages = site.client.pages(OF_PROJECT, company_id=site.company, params=params, per_page=3)
    by_page = [row["id"] async for row in pages]
    applications = PaymentApplications(site.client)
    by_project = [row["id"] async for row in applications.of_project(site.company, site.project)]
    by_contract = await applications.of_contract(site.company, site.project, site.contract)
    one = await applications.of_contract(site.company, site.project, site.contract, only=site.invoice)
    assert len(set(by_page)) == len(by_page) == 8
    assert sorted(by_page) == sorted(by_project) == sorted(row["id"] for row in by_contract)
    assert [row["id"] for row in one] == [int(site.invoice)]


async def test_a_too_large_listing_comes_in_smaller_pages(site: Site):
    for _ in range(140):
        await site.control.create_project(company_id=int(site.company))
    await site.control.order_fault(408, path_prefix="/rest/v1.0/projects")
    projects = [project async for project in Directory(site.client).projects(site.company)]
    assert len({project.id for project in projects}) == len(projects) == 141
    assert projects[0].name == "Library extension"
    assert projects[0].is_active is True
    assert [call.status for call in site.calls if call.route.endswith("projects")] == [408, 200, 200, 200]


async def test_an_update_writes_back_and_then_locks(site: Site):
    applications = PaymentApplications(site.client)
    place = (site.company, site.project, site.contract, site.invoice)
    updated = await applications.update(*place, {"origin_id": "AR-318", "billing_date": datetime.now(UTC).date()})
    assert updated["origin_id"] == "AR-318"
    with pytest.raises(ProcoreRefused) as refusal:
        await applications.update(*place, {"invoice_number": "HB-5"})
    assert 400 <= refusal.value.status < 500


async def test_the_directory_tells_who_may_push(site: Site):
    template = await site.control.create_template(company_id=int(site.company), name="Accounting")
    await site.control.edit_user(int(site.ada), permission_template_id=template)
    ben = await site.control.create_user(company_id=int(site.company), name="Ben", is_active=False)
    directory = Directory(site.client)
    people = {user.name: user async for user in directory.users(site.company)}
    assert (people["Ada"].erp_integrated_accountant, people["Ada"].is_active) == (True, True)
    assert (people["Ben"].id, people["Ben"].is_active) == (str(ben), False)
    ada = await directory.user(site.company, site.ada)
    assert ada == people["Ada"]
    assert ada.permission_template is not None
    assert ada.permission_template.name == "Accounting"


async def test_hooks_and_triggers_come_and_go(site: Site):
    webhooks, place = Webhooks(site.client), (site.company, site.project)
    hook = await webhooks.create_hook(
        *place,
        namespace="invoice-export",
        destination_url="https://receiver.invalid/webhooks/procore",
        authorization=SecretStr("Bearer hook-token"),
    )
    trigger = await webhooks.create_trigger(site.company, hook.id, site.project, reason="update")
    assert await webhooks.hooks(*place) == await webhooks.hooks(*place, namespace="invoice-export") == [hook]
    assert await webhooks.hooks(*place, namespace="another-app") == []
    assert (hook.project_id, hook.payload_version, hook.status) == (site.project, "v2.0", "active")
    assert hook.token_end == "token"
    assert "token'" not in repr(hook)
    assert await webhooks.hooks(site.company, namespace="invoice-export") == []
    assert await webhooks.triggers(site.company, hook.id, site.project) == [trigger]
    assert (trigger.resource, trigger.reason) == ("Payment Applications", "update")
    await webhooks.delete_trigger(site.company, hook.id, trigger.id, site.project)
    await webhooks.delete_hook(site.company, hook.id, site.project)
    with pytest.raises(ProcoreNotFound):
        await webhooks.delete_hook(site.company, hook.id, site.project)


async def test_deliveries_come_by_page_and_by_status(site: Site, receiver_url: str):
    webhooks, place = Webhooks(site.client), (site.company, site.project)
    hook = await webhooks.create_hook(
        *place, namespace="invoice-export", destination_url=receiver_url, authorization=SecretStr("Bearer x")
    )
    await webhooks.create_trigger(site.company, hook.id, site.project, reason="update")
    await site.control.order_webhook_fault("drop", times=1)
    for _ in range(104):
        await site.control.set_status(int(site.invoice), "under_review", user_id=int(site.ada))
    await site.control.wait_until_idle()

    async def found(status: DeliveryStatus | None = None, since: date | None = None) -> list[Any]:
        listed = webhooks.deliveries(site.company, hook.id, status=status, since=since, project_id=site.project)
        return [delivery async for delivery in listed]

    every = await found()
    assert len({delivery.id for delivery in every}) == len(every) == 104
    (dropped,) = await found(DeliveryStatus.DISCARDED)
    assert (dropped.attempts, dropped.event["resource_id"]) == (0, int(site.invoice))
    delivered = await found(DeliveryStatus.SUCCEEDED)
    assert len(delivered) == 103
    assert (delivered[0].answered, str(delivered[0].event["user_id"])) == (204, site.ada)
    assert delivered[0].ended_at is not None
    assert await found(DeliveryStatus.FAILED) == []
    tomorrow = every[-1].occurred_at.date() + timedelta(days=1)
    assert await found(since=tomorrow) == []
    assert len(await found(since=every[0].occurred_at.date())) == 104


async def test_a_corrected_hook_keeps_its_triggers(site: Site, receiver_url: str):
    webhooks, place = Webhooks(site.client), (site.company, site.project)
    hook = await webhooks.create_hook(
        *place, namespace="invoice-export", destination_url="https://old.invalid", authorization=SecretStr("Bearer old")
    )
    await webhooks.create_trigger(site.company, hook.id, site.project, reason="update")
    token = SecretStr("Bearer a-newer-token")
    changed = await webhooks.correct_hook(
        site.company, hook.id, site.project, destination_url=receiver_url, authorization=token
    )
    assert (changed.id, changed.destination_url, changed.token_end) == (hook.id, receiver_url, "token")
    await site.control.set_status(int(site.invoice), "under_review", user_id=int(site.ada))
    await site.control.wait_until_idle()
    (delivery,) = [each async for each in webhooks.deliveries(site.company, hook.id, project_id=site.project)]
    assert delivery.status is DeliveryStatus.SUCCEEDED


async def test_a_refused_hook_does_not_tell_its_token(site: Site):
    with pytest.raises(ProcoreRefused) as refusal:
        await Webhooks(site.client).create_hook(
            site.company,
            site.project,
            namespace="Not A Namespace",
            destination_url="https://receiver.invalid",
            authorization=SecretStr("Bearer hook-token"),
        )
    assert "hook-token" not in str(refusal.value)
