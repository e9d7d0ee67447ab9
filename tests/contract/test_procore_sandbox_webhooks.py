"""Webhooks of the Procore sandbox: set-up and payload shapes."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.contract.procore_sandbox import HOOKS, Receiver, Stage, a_receiver, a_stage

TWELVE_HOURS_A_SECOND = 43_200


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with a_stage() as stage:
        yield stage


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with a_receiver() as receiver:
        yield receiver


# Set-up


async def test_header_secrets_are_masked_when_read(stage: Stage, receiver: Receiver):
    hook = await stage.a_hook(receiver.url)
    hooks = (await stage.api.get(HOOKS, params={"project_id": stage.project})).json()
    assert [each["id"] for each in hooks] == [hook]
    assert hooks[0]["destination_headers"] == {"Authorization": "*" * 19 + "12345"}
    assert (await stage.api.get(HOOKS, params={"company_id": stage.company})).json() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"namespace": "Upper_Case"},
        {"api_version": "v9"},
        {"destination_url": "ftp://somewhere"},
        {"destination_headers": {"Authorization": "two\nlines"}},
    ],
)
async def test_a_bad_hook_is_refused(stage: Stage, changes: dict[str, Any]):
    hook = {"api_version": "v2", "namespace": "invoice-export", "destination_url": "http://localhost/x"}
    response = await stage.api.post(HOOKS, json={"project_id": stage.project, "hook": hook | changes})
    assert response.status_code == 422


async def test_a_hook_belongs_to_one_scope(stage: Stage):
    hook = {"namespace": "invoice-export", "destination_url": "http://localhost/x"}
    both = {"project_id": stage.project, "company_id": stage.company, "hook": hook}
    assert (await stage.api.post(HOOKS, json=both)).status_code == 400
    assert (await stage.api.post(HOOKS, json={"hook": hook})).status_code == 400


async def test_resources_are_listed_by_level(stage: Stage):
    async def names(**scope: int) -> set[str]:
        response = await stage.api.get("/rest/v1.0/webhooks/resources", params=scope)
        return {each["name"] for each in response.json()}

    assert "Payment Applications" in await names(project_id=stage.project)
    assert "Payment Applications" not in await names(company_id=stage.company)
    assert "Company Users" in await names(company_id=stage.company)


async def test_triggers_are_added_listed_and_removed(stage: Stage, receiver: Receiver):
    hook = await stage.a_hook(receiver.url, reasons=("update",))
    path = f"{HOOKS}/{hook}/triggers"
    unknown = {"resource_name": "Owner Invoices", "event_type": "update"}
    body = {"project_id": stage.project, "api_version": "v2", "trigger": unknown}
    assert (await stage.api.post(path, json=body)).status_code == 422
    body["trigger"] = {"resource_name": "Prime Contracts", "event_type": "create"}
    single = (await stage.api.post(path, json=body)).json()["id"]
    listed = [each["id"] for each in (await stage.api.get(path)).json()]
    assert listed[-1] == single
    assert (await stage.api.delete(f"{path}/{single}")).status_code == 204
    assert (await stage.api.delete(f"{path}/bulk", params={"ids": listed[:1]})).status_code == 204
    assert (await stage.api.get(path)).json() == []


async def test_a_rotated_secret_goes_out_with_the_next(stage: Stage, receiver: Receiver):
    hook = await stage.a_hook(receiver.url, reasons=("create",))
    headers = {"Authorization": "Bearer fresh-secret"}
    body = {"project_id": stage.project, "hook": {"destination_headers": headers}}
    assert (await stage.api.patch(f"{HOOKS}/{hook}", json=body)).status_code == 200
    await stage.an_invoice()
    await receiver.has_received(1)
    assert receiver.headers[0]["authorization"] == "Bearer fresh-secret"
    shown = (await stage.api.get(f"{HOOKS}/{hook}")).json()
    assert shown["destination_headers"]["Authorization"].endswith("*ecret")


async def test_a_deleted_hook_hears_nothing(stage: Stage, receiver: Receiver):
    hook = await stage.a_hook(receiver.url)
    assert (await stage.api.delete(f"{HOOKS}/{hook}")).status_code == 204
    await stage.an_invoice()
    await stage.control.wait_until_idle()
    assert receiver.bodies == []


async def test_a_mismatched_trigger_brings_nothing(stage: Stage, receiver: Receiver):
    hook = await stage.a_hook(receiver.url, reasons=())
    trigger = {"resource_name": "Payment Applications", "event_type": "create"}
    wrong_version = {"project_id": stage.project, "api_version": "v4.0", "trigger": trigger}
    wrong_scope = {"company_id": stage.company, "api_version": "v2.0", "trigger": trigger}
    for body in (wrong_version, wrong_scope):
        assert (await stage.api.post(f"{HOOKS}/{hook}/triggers", json=body)).status_code == 201
    await stage.an_invoice()
    await stage.control.wait_until_idle()
    assert receiver.bodies == []


@pytest.mark.parametrize("gets_all", [False, True])
async def test_company_hooks_hear_projects_on_order(stage: Stage, receiver: Receiver, gets_all: bool):
    await stage.control.set_switches(company_hooks_get_all=gets_all)
    hook = {"api_version": "v2", "namespace": "x", "destination_url": receiver.url}
    created = await stage.api.post(HOOKS, json={"company_id": stage.company, "hook": hook})
    for resource in ("Payment Applications", "Company Users"):
        trigger = {"resource_name": resource, "event_type": "update"}
        body = {"company_id": stage.company, "api_version": "v2", "trigger": trigger}
        await stage.api.post(f"{HOOKS}/{created.json()['id']}/triggers", json=body)
    await stage.control.approve(await stage.an_invoice(), user_id=stage.ada)
    await stage.control.edit_user(stage.ada, is_active=False)
    await stage.control.wait_until_idle()
    heard = {body["resource_name"] for body in receiver.bodies}
    assert heard == ({"Payment Applications", "Company Users"} if gets_all else {"Company Users"})
    assert "project_id" not in receiver.bodies[-1]


# Payloads


async def approved(stage: Stage) -> dict[str, Any]:
    invoice = await stage.an_invoice()
    return await stage.control.approve(invoice, user_id=stage.ada)


async def test_a_v2_event_names_who_and_what(stage: Stage, receiver: Receiver):
    await stage.a_hook(receiver.url, version="v2", reasons=("update",))
    invoice = await approved(stage)
    await receiver.has_received(1)
    body = receiver.bodies[0]
    assert receiver.headers[0]["authorization"] == "Bearer hook-secret-12345"
    assert isinstance(body.pop("id"), int)
    assert len(body.pop("ulid")) == 26
    assert body == {
        "timestamp": invoice["updated_at"],
        "metadata": {
            "source_user_id": stage.ada,
            "source_project_id": stage.project,
            "source_operation_id": None,
            "source_company_id": stage.company,
            "source_application_id": None,
        },
        "user_id": stage.ada,
        "company_id": stage.company,
        "project_id": stage.project,
        "api_version": "v2.0",
        "event_type": "update",
        "resource_name": "Payment Applications",
        "resource_id": invoice["id"],
    }


async def test_a_v3_event_adds_related_resources(stage: Stage, receiver: Receiver):
    await stage.a_hook(receiver.url, version="v3.0", reasons=("update",))
    await approved(stage)
    await receiver.has_received(1)
    assert receiver.bodies[0]["api_version"] == "v3.0"
    assert receiver.bodies[0]["related_resources"] == [{"id": stage.project, "name": "Projects"}]


async def test_a_v4_event_is_all_strings(stage: Stage, receiver: Receiver):
    await stage.a_hook(receiver.url, version="v4.0", reasons=("update",))
    invoice = await approved(stage)
    await receiver.has_received(1)
    body = receiver.bodies[0]
    assert len(body.pop("id")) == 26
    assert body == {
        "timestamp": invoice["updated_at"],
        "reason": "update",
        "company_id": str(stage.company),
        "project_id": str(stage.project),
        "user_id": str(stage.ada),
        "resource_type": "Payment Applications",
        "resource_id": str(invoice["id"]),
    }


async def test_our_own_patch_names_the_service_account(stage: Stage, receiver: Receiver):
    await stage.a_hook(receiver.url, reasons=("update",))
    invoice = await stage.an_invoice()
    await stage.patch(invoice, origin_id="AR-1")
    await receiver.has_received(1)
    account = await stage.control.service_account("sandbox-client")
    assert receiver.bodies[0]["user_id"] == account["user_id"]
    assert receiver.bodies[0]["metadata"]["source_application_id"] == account["application_id"]


async def test_a_delete_is_told_after_the_fact(stage: Stage, receiver: Receiver):
    await stage.a_hook(receiver.url, reasons=("delete",))
    invoice = await stage.an_invoice()
    await stage.control.delete_invoice(invoice, user_id=stage.ada)
    await receiver.has_received(1)
    assert (receiver.bodies[0]["event_type"], receiver.bodies[0]["resource_id"]) == ("delete", invoice)
