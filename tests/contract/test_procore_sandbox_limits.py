"""Rate limits, faults on order and a fresh start in the Procore sandbox."""

import time
from collections.abc import AsyncIterator

import httpx
import pytest

from deploy.sandbox.procore.sandbox import Options
from tests.contract.procore_sandbox import INVOICES, Stage, a_client, a_stage


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with a_stage() as stage:
        yield stage


async def test_every_answer_tells_the_nearer_limit(stage: Stage):
    await stage.control.set_limits(hourly=50, spike=10)
    response = await stage.api.get("/rest/v1.0/me")
    assert response.headers["x-rate-limit-limit"] == "10"
    assert response.headers["x-rate-limit-remaining"] == "9"
    assert 0 < int(response.headers["x-rate-limit-reset"]) - time.time() <= 11
    await stage.control.set_limits(hourly=5)
    assert (await stage.api.get("/rest/v1.0/me")).headers["x-rate-limit-limit"] == "5"


@pytest.mark.parametrize(
    ("sent", "retry_after", "reset"),
    [("both", True, True), ("retry_after", True, False), ("reset", False, True)],
)
async def test_a_used_up_window_answers_429(stage: Stage, sent: str, retry_after: bool, reset: bool):
    await stage.control.set_limits(spike=2, refusal_headers=sent)
    missing = [await stage.api.get(f"{INVOICES}/1", params={"project_id": stage.project}) for _ in range(2)]
    assert [each.status_code for each in missing] == [404, 404]
    refused = await stage.api.get("/rest/v1.0/me")
    assert refused.status_code == 429
    assert ("retry-after" in refused.headers) is retry_after
    assert ("x-rate-limit-reset" in refused.headers) is reset
    await stage.control.advance_clock(11)
    assert (await stage.api.get("/rest/v1.0/me")).status_code == 200


async def test_waiting_times_shrink_with_the_time_scale():
    async with a_stage(Options(time_scale=3600, spike_limit=10_000, hourly_limit=1)) as stage:
        response = await stage.api.get("/rest/v1.0/me")
        assert int(response.headers["x-rate-limit-reset"]) - time.time() <= 3


async def test_an_ordered_fault_ends_by_itself(stage: Stage):
    await stage.control.order_fault(503, path_prefix=INVOICES, times=1, retry_after=7)
    params = {"project_id": stage.project}
    assert (await stage.api.get("/rest/v1.0/me")).status_code == 200
    refused = await stage.api.get(INVOICES, params=params)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "7")
    assert (await stage.api.get(INVOICES, params=params)).status_code == 200


async def test_an_ordered_429_may_carry_a_reset(stage: Stage):
    await stage.control.order_fault(429, reset_after=30)
    refused = await stage.api.get("/rest/v1.0/me")
    assert refused.status_code == 429
    assert "retry-after" not in refused.headers
    assert 28 <= int(refused.headers["x-rate-limit-reset"]) - time.time() <= 31


async def test_fault_bodies_come_in_every_shape(stage: Stage):
    shapes = {"text": "errors", "fields": "errors", "object": "error", "message": "message"}
    for shape, key in shapes.items():
        await stage.control.order_fault(500, shape=shape, text="broken")
        body = (await stage.api.get("/rest/v1.0/me")).json()
        assert list(body) == [key]
        assert "broken" in str(body)


async def test_a_late_fault_has_its_effect(stage: Stage):
    invoice = await stage.an_invoice()
    await stage.control.order_fault(504, method="PATCH", after_handling=True)
    assert (await stage.patch(invoice, origin_id="AR-7")).status_code == 504
    assert (await stage.shown(invoice))["origin_id"] == "AR-7"


async def test_a_delay_holds_the_answer_back(stage: Stage):
    await stage.control.order_fault(delay=0.2)
    with pytest.raises(httpx.ReadTimeout):
        await stage.api.get("/rest/v1.0/me", timeout=0.05)
    await stage.control.order_fault(403, times=None)
    await stage.control.clear_faults()
    assert (await stage.api.get("/rest/v1.0/me")).status_code == 200


async def test_an_unknown_path_answers_in_procores_form(stage: Stage):
    response = await stage.api.get("/rest/v1.0/nothing")
    assert (response.status_code, list(response.json())) == (404, ["errors"])


async def test_a_reset_forgets_everything(stage: Stage):
    await stage.an_invoice()
    await stage.control.reset()
    assert (await stage.api.get("/rest/v1.0/me")).status_code == 401
    assert (await stage.control.history())["changes"] == []
    company = await stage.control.create_company()
    async with a_client(stage.url, company) as api:
        assert len((await api.get("/rest/v1.0/companies")).json()) == 1
    assert (await stage.api.get("/healthz")).status_code == 200
