"""ProcoreClient over real HTTP: against the Procore sandbox, and against a server that misbehaves."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from opentelemetry import trace
from pydantic import SecretStr

from shared.procore.client import ProcoreClient
from shared.procore.errors import (
    NotAnId,
    ProcoreForbidden,
    ProcoreNotFound,
    ProcoreRefused,
    ProcoreUnauthorized,
    ProcoreUnavailable,
)
from shared.procore.payment_applications import OF_PROJECT, PaymentApplications
from shared.procore.webhooks import Webhooks
from tests.contract.procore_site import Site, a_site, an_odd_procore

ONE = "/rest/v1.0/payment_applications/{id}"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with a_site() as site:
        yield site


@pytest.fixture
async def odd() -> AsyncIterator[ProcoreClient]:
    async with an_odd_procore() as url, ProcoreClient(url, f"{url}/", "id", SecretStr("odd-secret")) as client:
        yield client


async def test_many_callers_share_one_log_in(site: Site):
    await asyncio.gather(*(site.show() for _ in range(20)))
    assert await site.asked("/oauth/") == 1


async def test_an_expired_token_is_replaced_once(site: Site):
    await site.show()
    await site.control.advance_clock(5401)
    await asyncio.gather(*(site.show() for _ in range(10)))
    assert await site.asked("/oauth/") == 2


async def test_a_token_is_renewed_before_it_expires(site: Site):
    now = datetime.now(UTC)
    client = await site.another(clock=lambda: now)
    await site.show(client)
    now += timedelta(seconds=5345)
    await site.show(client)
    assert await site.asked("/oauth/") == 2


async def test_a_second_401_is_the_last(site: Site):
    await site.control.order_fault(401, times=None)
    with pytest.raises(ProcoreUnauthorized):
        await site.show()
    assert await site.asked("/rest/") == 2


async def test_a_wrong_secret_is_told_but_not_shown(site: Site):
    client = await site.another(secret="guessed-wrong")
    with pytest.raises(ProcoreUnauthorized, match="invalid_client") as failure:
        await site.show(client)
    assert "guessed-wrong" not in str(failure.value)


@pytest.mark.parametrize("status", [429, 503])
async def test_a_troubled_log_in_is_tried_later(site: Site, status: int):
    await site.control.order_fault(status, path_prefix="/oauth/", retry_after=77)
    with pytest.raises(ProcoreUnavailable) as failure:
        await site.show()
    assert 70 < seconds_until(failure.value.retry_at) < 78
    await site.show()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, ProcoreRefused),
        (403, ProcoreForbidden),
        (404, ProcoreNotFound),
        (406, ProcoreRefused),
        (408, ProcoreUnavailable),
        (409, ProcoreRefused),
        (422, ProcoreRefused),
        (429, ProcoreUnavailable),
        (500, ProcoreUnavailable),
        (503, ProcoreUnavailable),
    ],
)
async def test_each_refusal_becomes_its_own_error(site: Site, status: int, error: type[Exception]):
    await site.control.order_fault(status, text="The tool is off for this project.")
    with pytest.raises(error, match=r"The tool is off for this project\.") as failure:
        await site.show()
    assert "{" not in str(failure.value)


@pytest.mark.parametrize(
    ("trouble", "least"), [({"retry_after": 40, "reset_after": 90}, 89), ({"retry_after": 90}, 89), ({}, 5)]
)
async def test_a_429_stops_later_calls_unsent(site: Site, trouble: dict[str, float], least: float):
    await site.control.order_fault(429, **trouble)
    with pytest.raises(ProcoreUnavailable) as refused:
        await site.show()
    with pytest.raises(ProcoreUnavailable) as unsent:
        await site.show()
    assert least < seconds_until(refused.value.retry_at) < 105
    assert unsent.value.status is None
    assert await site.asked("/rest/") == 1


async def test_a_used_up_budget_is_not_overdrawn(site: Site):
    await site.control.set_limits(spike=2)
    await site.show()
    await site.show()
    assert (site.client.budget.limit, site.client.budget.remaining) == (2, 0)
    with pytest.raises(ProcoreUnavailable, match="rate limit"):
        await site.show()
    assert await site.asked("/rest/") == 2


async def test_a_wait_below_a_second_is_waited_out(site: Site):
    moment = site.client.budget.blocked_until = datetime.now(UTC) + timedelta(seconds=0.2)
    await site.show()
    assert datetime.now(UTC) >= moment


async def test_a_caller_that_gives_up_spares_the_log_in(site: Site):
    await site.control.order_fault(path_prefix="/oauth/", delay=0.3)
    first, second = asyncio.create_task(site.show()), asyncio.create_task(site.show())
    await asyncio.sleep(0)
    first.cancel()
    assert (await second)["id"] == int(site.invoice)
    assert await site.asked("/oauth/") == 1


async def test_closing_ends_a_log_in_under_way(site: Site):
    await site.control.order_fault(path_prefix="/oauth/", delay=0.3)
    client = await site.another()
    waiting = asyncio.create_task(site.show(client))
    await asyncio.sleep(0)
    await client.aclose()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.parametrize("share", [0, -1, 1.1])
async def test_a_share_is_a_part_of_one(site: Site, share: float):
    with pytest.raises(ValueError, match="share"):
        site.client.with_share(share)


async def test_background_work_leaves_the_rest_to_events(site: Site):
    await site.control.set_limits(hourly=40)
    background = site.client.with_share(0.25)

    async def until_refused() -> None:
        while True:
            await site.show(background)

    with pytest.raises(ProcoreUnavailable) as failure:
        await until_refused()
    assert seconds_until(failure.value.retry_at) > 600
    assert 9 <= await site.asked("/rest/") <= 11
    await site.show()


async def test_a_slow_answer_is_given_up_in_time(site: Site):
    client = await site.another(time_limit=timedelta(seconds=0.2))
    await site.show(client)
    await site.control.order_fault(delay=2)
    with pytest.raises(ProcoreUnavailable, match="TimeoutError"):
        await site.show(client)


async def test_nobody_at_home_is_unavailable():
    async with ProcoreClient("http://127.0.0.1:9", "http://127.0.0.1:9", "id", SecretStr("s")) as client:
        with pytest.raises(ProcoreUnavailable, match="ConnectError"):
            await PaymentApplications(client).show("1", "2", "3")


async def test_an_odd_id_is_never_sent(site: Site):
    odd = "1/../2"
    applications, webhooks = PaymentApplications(site.client), Webhooks(site.client)
    for attempt in (
        applications.show(odd, site.project, site.invoice),
        applications.show(site.company, odd, site.invoice),
        applications.show(site.company, site.project, odd),
        webhooks.delete_hook(site.company, odd),
    ):
        with pytest.raises(NotAnId):
            await attempt
    assert site.calls == []


async def test_the_observer_sees_routes_without_ids(site: Site):
    await site.show()
    log_in, show = site.calls
    assert (log_in.method, log_in.route, log_in.status) == ("POST", "/oauth/token", 200)
    assert (show.route, show.status) == ("/rest/v1.0/payment_applications/{id}", 200)
    assert 0 < show.seconds < 30


async def test_numbers_with_a_fraction_keep_their_cents(odd: ProcoreClient):
    body = await odd.one(ONE, company_id="1", ids={"id": "1"})
    assert body["tax"] == Decimal("1234567890123456.07")
    assert {type(value) for value in body.values()} == {Decimal, str, int}
    assert body["id"] == 9007199254740993


async def test_a_trace_goes_along_with_the_call(odd: ProcoreClient):
    context = trace.SpanContext(0xA1, 0xB2, is_remote=False, trace_flags=trace.TraceFlags(1))
    with trace.use_span(trace.NonRecordingSpan(context)):
        body = await odd.one(ONE, company_id="415", ids={"id": "2"})
    headers = body["errors"]["seen"][0]
    assert headers["traceparent"] == f"00-{0xA1:032x}-{0xB2:016x}-01"
    assert headers["procore-company-id"] == "415"


async def test_no_error_text_holds_the_token(odd: ProcoreClient):
    with pytest.raises(ProcoreRefused) as refusal:
        await odd.one(ONE, company_id="1", ids={"id": "3"})
    assert "odd-token" not in str(refusal.value)
    assert "Bearer ***" in refusal.value.text
    assert len(refusal.value.text) <= 301


@pytest.mark.parametrize("oddity", ["4", "5", "6", "7"])
async def test_an_unreadable_answer_is_unavailable(odd: ProcoreClient, oddity: str):
    with pytest.raises(ProcoreUnavailable):
        await odd.one(ONE, company_id="1", ids={"id": oddity})


async def test_an_object_is_not_a_listing(odd: ProcoreClient):
    with pytest.raises(ProcoreUnavailable, match="not a list"):
        await odd.rows(ONE, company_id="1", ids={"id": "1"})


async def test_a_log_in_without_a_token_is_unavailable():
    async with an_odd_procore() as url, ProcoreClient(url, url, "garbled", SecretStr("s")) as client:
        with pytest.raises(ProcoreUnavailable, match="no token"):
            await client.rows(OF_PROJECT, company_id="1")


async def test_an_endpoint_that_does_not_page_is_read_once(odd: ProcoreClient):
    rows = [row["id"] async for row in odd.pages(OF_PROJECT, company_id="1")]
    assert rows == list(range(100))


def seconds_until(moment: datetime) -> float:
    return (moment - datetime.now(UTC)).total_seconds()
