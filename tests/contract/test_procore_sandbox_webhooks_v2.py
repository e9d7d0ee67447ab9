"""The v2 webhook routes of the Procore sandbox: what they have that v1 has not."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.contract.procore_sandbox import Receiver, Stage, a_receiver, a_stage

REASONS = ("create", "update", "delete")


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with a_stage() as stage:
        yield stage


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with a_receiver() as receiver:
        yield receiver


def hooks_of(stage: Stage, project: int | None = None) -> str:
    place = "" if project is None else f"/projects/{project}"
    return f"/rest/v2.0/companies/{stage.company}{place}/webhooks/hooks"


async def a_hook(stage: Stage, url: str, version: str = "v4.0") -> str:
    """The path of a hook with a trigger for updates."""
    body = {"payload_version": version, "namespace": "invoice-export", "destination_url": url}
    made = await stage.api.post(hooks_of(stage, stage.project), json=body)
    assert made.status_code == 201, made.text
    path = f"{hooks_of(stage, stage.project)}/{made.json()['data']['id']}"
    trigger = {"resource_name": "Payment Applications", "event_type": "update"}
    assert (await stage.api.post(f"{path}/triggers", json=trigger)).status_code == 201
    return path


async def deliveries(stage: Stage, path: str, **filters: str) -> list[dict[str, Any]]:
    params = {f"filter[{name}]": value for name, value in filters.items()}
    answer = await stage.api.get(f"{path}/deliveries", params=params)
    rows: list[dict[str, Any]] = answer.json()["data"]
    return rows


async def change(stage: Stage, invoice: int) -> None:
    await stage.control.set_status(invoice, "under_review", user_id=stage.ada)


async def test_ids_are_text_and_answers_are_wrapped(stage: Stage, receiver: Receiver):
    path = await a_hook(stage, receiver.url)
    hook = (await stage.api.get(path)).json()["data"]
    assert (hook["payload_version"], hook["status"], hook["project_id"]) == ("v4.0", "active", str(stage.project))
    assert (await stage.api.get(hooks_of(stage, stage.project))).json()["data"] == [hook]
    (trigger,) = (await stage.api.get(f"{path}/triggers")).json()["data"]
    assert (trigger["event_type"], trigger["webhook_hook_id"]) == ("UPDATED", hook["id"])


async def test_a_companys_list_asks_for_a_namespace(stage: Stage):
    assert (await stage.api.get(hooks_of(stage))).status_code == 400
    assert (await stage.api.get(hooks_of(stage), params={"namespace": "x"})).json() == {"data": []}


async def test_a_hook_of_another_project_is_not_found(stage: Stage, receiver: Receiver):
    path = await a_hook(stage, receiver.url)
    other = await stage.control.create_project(company_id=stage.company)
    assert (await stage.api.get(path.replace(str(stage.project), str(other), 1))).status_code == 404


async def test_a_disabled_hook_hears_nothing(stage: Stage, receiver: Receiver):
    invoice, path = await stage.an_invoice(), await a_hook(stage, receiver.url)
    await stage.api.patch(path, json={"status": "disabled"})
    await change(stage, invoice)
    await stage.api.patch(path, json={"status": "active"})
    await change(stage, invoice)
    await stage.control.wait_until_idle()
    assert len(receiver.bodies) == 1


async def test_another_version_leaves_old_triggers_behind(stage: Stage, receiver: Receiver):
    invoice, path = await stage.an_invoice(), await a_hook(stage, receiver.url, "v2.0")
    await stage.api.patch(path, json={"payload_version": "v4.0"})
    await change(stage, invoice)
    await stage.control.wait_until_idle()
    assert receiver.bodies == []


async def test_what_waits_is_listed_with_its_attempts(stage: Stage, receiver: Receiver):
    receiver.answer_always = 500
    invoice, path = await stage.an_invoice(), await a_hook(stage, receiver.url)
    await change(stage, invoice)
    deadline = time.monotonic() + 20
    while not await deliveries(stage, path, status="retrying"):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    await change(stage, invoice)
    first, second = await deliveries(stage, path)
    assert (first["status"], second["status"]) == ("retrying", "enqueued")
    assert first["delivery_attempts"][0]["response_status"] == 500
    assert second["delivery_attempts"] == []
    receiver.answer_always = 204
    await stage.control.wait_until_idle()
    assert {row["status"] for row in await deliveries(stage, path)} == {"delivered"}
    assert len(await deliveries(stage, path, status="succeeded")) == 2
    assert await deliveries(stage, path, status="discarded") == []
    assert await deliveries(stage, path, end="2020-01-01") == []
